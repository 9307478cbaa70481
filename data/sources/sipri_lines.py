"""SIPRI arms transfers, one line a deal and delivery year: the exact years of deliveries.

Reads the provider's own export (a preamble, a trailing semicolon a line, or semicolons between
the fields; columns that flag estimates) and the same lines as a tidy table. Both are summed to
supplier, recipient, year and domain, with countries outside the sample under the rest; to the
world by description; and, of new systems, to the highest value per unit by supplier and class.
"""

import csv
import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from data import countries, domains
from data.errors import InputError, each_row, fault
from data.names import FIRST_YEAR, REST
from data.sources import fields
from data.sources.files import Batch, Source, generated, whole_world
from data.tables import Description, Transfer, UnitValue

OFFICIAL = {
    "deal": "SIPRI AT Database ID",
    "supplier": "Supplier",
    "recipient": "Recipient",
    "description": "Description",
    "year": "Delivery year",
    "tiv": "TIV delivery values",
    "category": "Armament category",
    "number": "Numbers delivered",
    "status": "Status",
    "unit": "TIV deal unit",
}
TIDY = {
    "deal": "deal_id",
    "supplier": "Supplier",
    "recipient": "Recipient",
    "description": "description",
    "year": "year",
    "tiv": "tiv",
    "category": "category",
    "number": "n_delivered",
    "status": "status",
    "unit": "tiv_unit_new",
}
OFFICIAL_START = "SIPRI AT Database ID"
TIDY_START = "vintage,deal_id,"
NEW = "New"
STATUSES = (NEW, "Second hand", "Second hand but modernized")
CATEGORIES = {"Air defence systems": "Air-defence systems"}
"""Older spelling of a category → the newest."""
PUBLICATION = (3, 1)
"""A year is complete in releases from March of the next one: SIPRI updates in its second week."""


def recognises(source: Source) -> bool:
    """Say whether a file holds delivery lines, by its header."""
    text = source.text or ""
    return text.startswith(TIDY_START) or f"\n{OFFICIAL_START}" in text[:8192]


def complete(year: int, vintage: str) -> bool:
    """Say whether a data year was over and published when a release was made."""
    return vintage >= datetime.date(year + 1, *PUBLICATION).isoformat()


class Line(NamedTuple):
    """A delivery line as read: what was delivered, by whom to whom, and its value (TIV million)."""

    vintage: str
    supplier: str
    recipient: str
    year: int
    description: str
    category: str
    weapon: domains.Weapon
    tiv: float
    is_new: bool
    unit: float | None
    number: int | None


def read(source: Source) -> list[Batch]:
    """Parse delivery lines and sum them.

    Returns
    -------
    For each vintage one batch of `transfers`, one of `unit_values` and one of `descriptions`, save
    those that would be empty; TIV in millions. Years that were not over when the release was made
    are left out.

    Raises
    ------
    InputError : an unknown country, description or status, a year that is none, a negative TIV or
        number, a row of the wrong width, an unknown vintage, a deal that comes twice in one year.
    """
    if source.text.startswith(TIDY_START):
        parsed = _tidy(source)
        official, note = False, "delivery lines, tidied"
    else:
        parsed = _official(source)
        official, note = True, "delivery lines, the provider's export"
    releases: dict[str, list[Line]] = defaultdict(list)
    for line in parsed:
        if complete(line.year, line.vintage):
            releases[line.vintage].append(line)
    if not releases:
        raise InputError(fault("holds no delivery line of a complete year", file=source.name))
    batches = []
    for vintage, lines in sorted(releases.items()):
        for table, series, rows in (
            ("transfers", "deliveries", sum_transfers(lines, vintage)),
            ("unit_values", "unit_values", _unit_values(lines, vintage)),
            ("descriptions", "descriptions", describe(lines, vintage)),
        ):
            if rows:
                batches.append(
                    Batch(table, series, "SIPRI", vintage, official, source.name, rows, note)
                )
    return batches


def sum_transfers(lines: Iterable[Line], vintage: str) -> list[Transfer]:
    """Return the lines summed to pair, year and domain."""
    cells: dict[tuple, list[float]] = defaultdict(list)
    for line in lines:
        key = (line.supplier, line.recipient, line.year, line.weapon.domain)
        cells[key].append(line.tiv)
    return [
        Transfer(*key, round(math.fsum(tivs), 4), len(tivs), vintage, 0)
        for key, tivs in sorted(cells.items())
    ]


def _unit_values(lines: Iterable[Line], vintage: str) -> list[UnitValue]:
    """Return the highest value per unit of the new systems of a supplier, class and year.

    Of the sample's suppliers and the Soviet Union alone. Systems whose value per unit is not given
    or nought are passed over; the number of units is known where it is known of every line.
    """
    cells: dict[tuple, list[Line]] = defaultdict(list)
    for line in lines:
        if line.is_new and line.unit and line.supplier != REST:
            key = (line.supplier, line.weapon.weapon_class, line.weapon.domain, line.year)
            cells[key].append(line)
    rows = []
    for key, held in sorted(cells.items()):
        numbers = [line.number for line in held]
        total = None if None in numbers else sum(numbers)
        rows.append(UnitValue(*key, max(line.unit for line in held), total, vintage, 0))
    return rows


def describe(lines: Iterable[Line], vintage: str) -> list[Description]:
    """Return the world's deliveries of the modelled window by year, category and description."""
    cells: dict[tuple, list[float]] = defaultdict(list)
    for line in lines:
        if line.year >= FIRST_YEAR:
            cells[line.year, line.category, line.description].append(line.tiv)
    return [
        Description(*key, round(math.fsum(tivs), 4), len(tivs), vintage)
        for key, tivs in sorted(cells.items())
    ]


def official_table(source: Source) -> tuple[int, Iterator[list[str]]]:
    """Return the lines before the header of the provider's export, and header and rows."""
    lines = source.text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(OFFICIAL_START))
    separator = ";" if lines[first].removesuffix(";").count(";") > 5 else ","
    bare = (line.removesuffix(";") for line in lines[first:])
    return first, csv.reader(bare, delimiter=separator)


def _official(source: Source) -> Iterator[Line]:
    vintage = generated(source.text, source.name)
    whole_world(source.text, source.name)
    first, table = official_table(source)
    yield from _lines(table, source.name, first + 1, OFFICIAL, vintage)


def _tidy(source: Source) -> Iterator[Line]:
    yield from _lines(csv.reader(source.text.splitlines()), source.name, 1, TIDY, None)


def _lines(
    table: Iterable[list[str]], file: str, start: int, columns: dict[str, str], vintage: str | None
) -> Iterator[Line]:
    table = iter(table)
    header = next(table)
    missing = [c for c in columns.values() if c not in header]
    if missing:
        rule = f"the column {missing[0]!r} is missing"
        raise InputError(fault(rule, file=file, line=start))
    at = {name: header.index(column) for name, column in columns.items()}
    stamp = None if vintage else header.index("vintage")
    seen: dict[tuple[str, str, str], int] = {}
    for line, row in enumerate(table, start=start + 1):
        if not row:
            continue
        with each_row:
            fields.width(row, len(header), file=file, line=line)
            place = {"file": file, "line": line}
            if not row[at["tiv"]].strip():
                continue
            codes = [
                countries.code(row[at[side]], **place, column=columns[side])
                for side in ("supplier", "recipient")
            ]
            released = vintage or fields.date(row[stamp], **place, column="vintage")
            delivery = (released, row[at["deal"]], row[at["year"]])
            if seen.setdefault(delivery, line) != line:
                before = f"came already in line {seen[delivery]}"
                rule = f"the deal's deliveries of {delivery[2]} {before}"
                raise InputError(fault(rule, **place, column=columns["deal"], value=delivery[1]))
            status = row[at["status"]].strip()
            if status not in STATUSES:
                rule = f"must be one of {', '.join(STATUSES)}"
                raise InputError(fault(rule, **place, column=columns["status"], value=status))
            description, category = row[at["description"]], row[at["category"]].strip()
            yield Line(
                released,
                countries.as_supplier(codes[0]),
                countries.as_recipient(codes[1]),
                fields.year(row[at["year"]], **place, column=columns["year"]),
                description,
                CATEGORIES.get(category, category),
                domains.weapon(description, **place, column=columns["description"]),
                fields.number(row[at["tiv"]], **place, column=columns["tiv"], low=0, what="TIV"),
                status == NEW,
                fields.number(row[at["unit"]], **place, column=columns["unit"], low=0, what="TIV")
                if row[at["unit"]].strip()
                else None,
                fields.whole(row[at["number"]], **place, column=columns["number"], low=0)
                if row[at["number"]].strip()
                else None,
            )
