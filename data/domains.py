"""Which technology domain a weapon belongs to, by SIPRI's own words for it.

Every description that occurs in the delivery lines or the trade register has a row in domains.csv;
a new one stops the build, so that nothing slips into a wrong domain by resemblance.
"""

import csv
import difflib
import functools

from data.errors import InputError, fault
from data.names import DOMAINS
from data.tables import FACTS


@functools.cache
def table() -> tuple[dict[str, str], ...]:
    """Return the rows of domains.csv: category, description, domain, note."""
    path = FACTS / "domains.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@functools.cache
def by_description() -> dict[str, str]:
    """Return description → domain; one description has one domain whatever its category.

    Raises
    ------
    InputError : domains.csv names an unknown domain, or two domains for one description.
    """
    found: dict[str, str] = {}
    for line, row in enumerate(table(), start=2):
        place = {"file": "domains.csv", "line": line}
        if row["domain"] not in DOMAINS:
            rule = f"unknown domain: must be one of {', '.join(DOMAINS)}"
            raise InputError(fault(rule, **place, column="domain", value=row["domain"]))
        if found.setdefault(row["description"], row["domain"]) != row["domain"]:
            rule = "a description must have one domain, since the trade register has no category"
            raise InputError(fault(rule, **place, column="description", value=row["description"]))
    return found


def domain(description: str, *, file: object, line: int | None, column: str) -> str:
    """Return the domain of a weapon description.

    Raises
    ------
    InputError : the description has no row in domains.csv.
    """
    known = by_description()
    found = known.get(description)
    if found is None:
        near = difflib.get_close_matches(description, known, n=1)
        hint = f"; the nearest known is {near[0]!r}" if near else ""
        rule = f"unknown weapon description, add it to domains.csv{hint}"
        raise InputError(fault(rule, file=file, line=line, column=column, value=description))
    return found
