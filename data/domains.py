"""Which technology domain and class a weapon belongs to, by SIPRI's own words for it.

Every description that occurs in the delivery lines or the trade register has a row in domains.csv;
a new one stops the build, so that nothing slips into a wrong domain by resemblance. The class is
the description in the provider's newest wording, where the wording alone has changed.
"""

import csv
import difflib
import functools
from typing import NamedTuple

from data.errors import InputError, fault
from data.names import DOMAINS
from data.tables import FACTS

NAME = "domains.csv"
COLUMNS = ("category", "description", "domain", "weapon_class", "note")


class Weapon(NamedTuple):
    """What a description stands for."""

    domain: str
    weapon_class: str


@functools.cache
def table() -> tuple[dict[str, str], ...]:
    """Return the rows of domains.csv: category, description, domain, class, note.

    Raises
    ------
    InputError : other columns, or a row that has not as many fields.
    """
    with (FACTS / NAME).open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        header = tuple(next(reader, ()))
        if header != COLUMNS:
            rule = f"the columns must be {', '.join(COLUMNS)}"
            raise InputError(fault(rule, file=NAME, line=1, value=",".join(header)))
        rows = []
        for row in reader:
            if len(row) != len(COLUMNS):
                rule = f"a row must have {len(COLUMNS)} fields, this one has {len(row)}"
                raise InputError(fault(rule, file=NAME, line=reader.line_num))
            rows.append(dict(zip(COLUMNS, row, strict=True)))
        return tuple(rows)


@functools.cache
def weapons() -> dict[str, Weapon]:
    """Return description → domain and class, whatever its category.

    Raises
    ------
    InputError : domains.csv names an unknown domain or no class, gives one description two domains
        or two classes, or one class two domains.
    """
    found: dict[str, Weapon] = {}
    of_class: dict[str, str] = {}
    for line, row in enumerate(table(), start=2):
        place = {"file": NAME, "line": line}
        weapon = Weapon(row["domain"], row["weapon_class"])
        if weapon.domain not in DOMAINS:
            rule = f"unknown domain: must be one of {', '.join(DOMAINS)}"
            raise InputError(fault(rule, **place, column="domain", value=weapon.domain))
        if not weapon.weapon_class.strip():
            rule = "must not be empty: the description itself, or the newest wording for it"
            raise InputError(fault(rule, **place, column="weapon_class", value=""))
        if found.setdefault(row["description"], weapon) != weapon:
            rule = (
                "a description must have one domain and one class, since the trade register has "
                "no category"
            )
            raise InputError(fault(rule, **place, column="description", value=row["description"]))
        if of_class.setdefault(weapon.weapon_class, weapon.domain) != weapon.domain:
            rule = f"a class must have one domain, this one has {of_class[weapon.weapon_class]}"
            raise InputError(
                fault(rule, **place, column="weapon_class", value=weapon.weapon_class)
            )
    return found


def by_description() -> dict[str, str]:
    """Return description → domain; raises as `weapons`."""
    return {description: weapon.domain for description, weapon in weapons().items()}


@functools.cache
def by_class() -> dict[str, str]:
    """Return weapon class → domain; raises as `weapons`."""
    return {weapon.weapon_class: weapon.domain for weapon in weapons().values()}


def newest(name: str) -> str:
    """Return the class of a description, or of a class that was named so before; raises as
    `weapons`. A name that is neither stays as it is.
    """
    known = weapons().get(name)
    return known.weapon_class if known else name


def domain(description: str, *, file: object, line: int | None, column: str) -> str:
    """Return the domain of a weapon description; raises as `weapon`."""
    return weapon(description, file=file, line=line, column=column).domain


def weapon(description: str, *, file: object, line: int | None, column: str) -> Weapon:
    """Return the domain and the class of a weapon description.

    Raises
    ------
    InputError : the description has no row in domains.csv; the message names the nearest.
    """
    known = weapons()
    found = known.get(description)
    if found is None:
        near = difflib.get_close_matches(description, known, n=1)
        hint = f"; the nearest known is {near[0]!r}" if near else ""
        rule = f"unknown weapon description, add it to domains.csv{hint}"
        raise InputError(fault(rule, file=file, line=line, column=column, value=description))
    return found
