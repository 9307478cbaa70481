"""Names of states, and which of them the sample keeps apart.

Providers name countries in their own ways; every name they use is in country_names.csv. A state
outside the sample is counted under the rest of the world; a name that nobody knows is an error.
"""

import csv
import difflib
import functools

from crossover.data.errors import QUOTED, InputError, fault, is_name, short
from crossover.data.names import REST
from crossover.data.records import Country
from crossover.data.tables import FACTS, SOVIET_UNION, WORLD, read_facts

CODES = "must be an ISO3 code of country_names.csv"


@functools.cache
def names() -> dict[str, str]:
    """Return every known name → ISO3 code, empty for movements and organisations."""
    path = FACTS / "country_names.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: row["iso3"] for row in csv.DictReader(lines)}


@functools.cache
def codes() -> frozenset[str]:
    """Return every known ISO3 code."""
    return frozenset(code for code in names().values() if code)


@functools.cache
def sample() -> tuple[Country, ...]:
    """Return the countries of the sample, in the order of countries.csv."""
    return tuple(read_facts("countries"))


@functools.cache
def suppliers() -> frozenset[str]:
    """Return ISO3 codes of the suppliers of the sample."""
    return frozenset(c.iso3 for c in sample() if c.supplier)


@functools.cache
def recipients() -> frozenset[str]:
    """Return ISO3 codes of the recipients of the sample."""
    return frozenset(c.iso3 for c in sample() if c.recipient)


@functools.cache
def members() -> frozenset[str]:
    """Return ISO3 codes of the whole sample."""
    return frozenset(c.iso3 for c in sample())


def name_of(iso3: str) -> str:
    """Return the name of a country of the sample, the code itself of any other."""
    return next((country.name for country in sample() if country.iso3 == iso3), iso3)


def the(name: str) -> str:
    """Put the article before the names of countries that take one."""
    plural = ("United ", "Netherlands", "Philippines", "Maldives", "Bahamas", "Czech Republic")
    return f"the {name}" if name.startswith(plural) else name


def is_marked(name: str) -> bool:
    """Say whether SIPRI marks an entity, by a star, as no state or as not recognised."""
    return name.strip().endswith("*") and is_name(name) and len(name) <= QUOTED


def unknown(name: str) -> str:
    """Return what is wrong with a country name that nobody knows."""
    near = difflib.get_close_matches(short(name), names(), n=1)
    hint = f"; the nearest known is {near[0]!r}" if near else ""
    return f"unknown country{hint} (names are in country_names.csv)"


def look_up(name: str) -> str | None:
    """Return the ISO3 code of a provider's country name, empty for movements and organisations.

    None where nobody knows it; a name with a star behind it that is new is such a movement.
    """
    found = names().get(name.strip())
    return "" if found is None and is_marked(name) else found


def code(name: str, *, file: object, line: int | None, column: str) -> str:
    """Return the ISO3 code of a provider's country name, as `look_up`.

    Raises
    ------
    InputError : the name is unknown; the message names the nearest known one.
    """
    found = look_up(name)
    if found is None:
        raise InputError(fault(unknown(name), file=file, line=line, column=column, value=name))
    return found


def check_code(iso3: str, *, file: object, line: int | None, column: str) -> str:
    """Return an ISO3 code if it is a known one; raise InputError otherwise."""
    if iso3 not in codes():
        rule = f"unknown country: {CODES}"
        raise InputError(fault(rule, file=file, line=line, column=column, value=iso3))
    return iso3


def find(text: str, *, option: str = "--country") -> str:
    """Return the ISO3 code of a country that a user names by code or by name, in any case.

    Raises
    ------
    InputError : nobody knows it; the message names the nearest known code or name.
    """
    wanted = text.strip().casefold()
    known = {name.casefold(): (name, iso3) for name, iso3 in names().items() if iso3}
    known |= {code.casefold(): (code, code) for code in (*codes(), REST, WORLD)}
    if wanted in known:
        return known[wanted][1]
    near = difflib.get_close_matches(short(wanted), known, n=1, cutoff=0.5)
    hint = f"; the nearest known is {known[near[0]][0]!r}" if near else ""
    rule = f"unknown country{hint} (an ISO3 code or a name of country_names.csv)"
    raise InputError(fault(rule, column=option, value=text))


def as_supplier(iso3: str) -> str:
    """Return the code under which a supplier's deliveries are kept."""
    return iso3 if iso3 in suppliers() or iso3 == SOVIET_UNION else REST


def as_recipient(iso3: str) -> str:
    """Return the code under which a recipient's deliveries are kept."""
    return iso3 if iso3 in recipients() or iso3 == SOVIET_UNION else REST
