"""Look something up in the panel: what there is, a series, a pair's deliveries, a revision.

Every answer is plain rows under a header, read without any heavy import, so that a command can
print it at once. What a user asks for is checked here, and an unknown name meets its nearest.
"""

import datetime
import difflib
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.names import DOMAINS
from crossover.data.records import Vintage
from crossover.data.tables import FACT_TABLES, Panel, indicators, read

DELIVERIES = "deliveries"
ORDERS = "orders"
IDEAL_POINT = "ideal_point"
UNIT_VALUES = "unit_values"
DESCRIPTIONS = "descriptions"
FLOWS = ("imports", "exports")
TIV = "TIV million"
TIV_UNIT = "TIV million per unit"
OTHER_UNITS = {
    DELIVERIES: TIV,
    ORDERS: TIV,
    IDEAL_POINT: "1",
    UNIT_VALUES: TIV_UNIT,
    DESCRIPTIONS: TIV,
} | dict.fromkeys(FLOWS, TIV)
"""Series that are no indicator of a country and year → unit."""

Years = tuple[int, int]


@dataclass(frozen=True)
class Query:
    """What is asked of one series.

    Attributes
    ----------
    series : name as `listing` gives it.
    country : for country-year series, an ISO3 code or a name; all of the sample when None.
    supplier, recipient, domain : for deliveries and orders; supplier and domain for unit values.
    weapon : for unit values and descriptions, a text that the weapon's name holds, in any case.
    span : first and last year; all when None.
    as_of : last day whose releases count; None for all.
    every_vintage : each kept release of a figure instead of the newest known.
    folder : the panel's folder, or a base and additions to it; the shipped panel when None.
    """

    series: str
    country: str | None = None
    supplier: str | None = None
    recipient: str | None = None
    domain: str | None = None
    weapon: str | None = None
    span: Years | None = None
    as_of: datetime.date | None = None
    every_vintage: bool = False
    folder: Panel = None

    def has(self, year: int) -> bool:
        """Say whether a year is asked for."""
        return self.span is None or self.span[0] <= year <= self.span[1]

    def names(self, weapon: str) -> bool:
        """Say whether a weapon of this name is asked for."""
        return self.weapon is None or self.weapon.strip().lower() in weapon.lower()

    @property
    def told(self) -> str:
        """The domain, weapon and day asked for, as the end of a title."""
        parts = [self.domain, self.weapon, self.as_of and f"as known on {self.as_of}"]
        return "".join(f", {part}" for part in parts if part)


class Answer(NamedTuple):
    """Rows to print, with their header and a title that says what they are."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple]


def listing(folder: Panel = None) -> Answer:
    """List what the panel holds: a row a series, and one a table of our own.

    Returns
    -------
    Answer : table, series, unit, first and last year, number of releases kept, first and newest
        release, rows of kept releases, and rows whose date is assumed.
    """
    by_series: dict[tuple[str, str], list[Vintage]] = defaultdict(list)
    for row in read("vintages", folder):
        by_series[row.table, row.series].append(row)
    rows: list[tuple] = []
    for (table, series), held in sorted(by_series.items()):
        kept = [row for row in held if not row.assumed]
        days = sorted({row.vintage for row in kept})
        first, last = min(row.first_year for row in kept), max(row.last_year for row in kept)
        sizes = [sum(row.rows for row in held if row.assumed == dated) for dated in (0, 1)]
        span = (first, last, len(days), days[0], days[-1])
        rows.append((table, series, unit(series), *span, *sizes))
    for table in FACT_TABLES:
        rows.append((table, "", "", None, None, 0, "", "", len(read(table, folder)), 0))
    header = (
        "table", "series", "unit", "first year", "last year", "releases", "first release",
        "newest release", "rows", "rows of assumed date",
    )  # fmt: skip
    return Answer("What the panel holds", header, rows)


def releases(series: str | None = None, folder: Panel = None) -> Answer:
    """List every release that was kept: series, date, years, rows, file and how it is dated."""
    if series is not None:
        check_series(series)
    rows = [
        (row.table, row.series, row.vintage, row.first_year, row.last_year, row.rows, row.file,
         row.note)
        for row in read("vintages", folder)
        if not row.assumed and series in (None, row.series)
    ]
    header = ("table", "series", "released", "first year", "last year", "rows", "file", "note")
    return Answer("Releases kept", header, sorted(rows))


def unit(series: str) -> str:
    """Return a series' unit; the base year of constant prices depends on the release."""
    if series in OTHER_UNITS:
        return OTHER_UNITS[series]
    known = indicators().get(series)
    return known.unit.format(base="(base year)") if known else ""


def names_of_series() -> list[str]:
    """Return every series that `show` knows."""
    return [*indicators(), *OTHER_UNITS]


def check_series(series: str) -> str:
    """Return the name of a known series.

    Raises
    ------
    InputError : nobody knows it; the message names the nearest, and all of them.
    """
    return _known(series, names_of_series(), "indicator")


def check_domain(domain: str) -> str:
    """Return the name of a known domain; raise InputError, naming the nearest, otherwise."""
    return _known(domain, list(DOMAINS), "domain")


def _known(text: str, known: list[str], what: str) -> str:
    if text in known:
        return text
    near = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.4)
    hint = f"the nearest known is {near[0]!r}; " if near else ""
    rule = f"unknown {what}: {hint}must be one of {', '.join(known)}"
    raise InputError(fault(rule, value=text))


def years(text: str, option: str = "--years") -> Years:
    """Return (first, last) year of '2019', '1995-2024', '1995-' or '-2000'.

    Raises
    ------
    InputError : anything else, or a first year after the last.
    """
    found = re.fullmatch(r"(\d{4})?(-)?(\d{4})?", text.strip())
    if not found or not (found[1] or found[3]) or (found[1] and found[3] and not found[2]):
        rule = "must be a year or a span of years, as in 2019 or 1995-2024"
        raise InputError(fault(rule, column=option, value=text))
    first = int(found[1] or 0)
    last = int(found[3]) if found[3] else (9999 if found[2] else first)
    if first > last:
        raise InputError(fault("the first year comes after the last", column=option, value=text))
    return first, last


def answer_of(title: str, header: tuple[str, ...], rows: list[tuple]) -> Answer:
    """Return an answer; none is a fault."""
    if not rows:
        raise InputError(f"no figure found: {title}")
    return Answer(title, header, rows)
