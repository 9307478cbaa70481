"""SIPRI arms transfers, one line a deal and delivery year: the exact years of deliveries.

Reads the provider's own export, also one that a spreadsheet has saved again or that has lost its
preamble, and the same lines as a tidy table. Both are summed to
supplier, recipient, year and domain, with countries outside the sample under the rest; to the
world by description; and, of new systems, to the highest value per unit by supplier and class.
"""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crossover.data import countries, domains
from crossover.data.domains import CATEGORIES
from crossover.data.errors import InputError, each_row, fault
from crossover.data.names import FIRST_YEAR, REST
from crossover.data.records import Description, Transfer, UnitValue
from crossover.data.sources import delimited, fields
from crossover.data.sources.files import Batch, Source, generated, scope
from crossover.data.sources.lookup import Names

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
PUBLICATION = (3, 1)
"""A year is complete in releases from March of the next one: SIPRI updates in its second week."""


def recognises(source: Source) -> bool:
    """Say whether a file holds delivery lines, by its header."""
    return (source.text or "").startswith(TIDY_START) or (
        delimited.find(source, OFFICIAL_START) is not None
    )


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
    names = Names(source.name, source.options)
    if source.text.startswith(TIDY_START):
        parsed = _lines(delimited.find(source, TIDY["deal"]), names, TIDY, None)
        official, note = False, "delivery lines, tidied"
    else:
        table = delimited.find(source, OFFICIAL_START)
        parsed = _lines(table, names, OFFICIAL, generated(source))
        _refuse_part(source)
        official, note = True, "delivery lines, the provider's export"
    releases: dict[str, list[Line]] = defaultdict(list)
    for line in parsed:
        if complete(line.year, line.vintage):
            releases[line.vintage].append(line)
    names.settle()
    if not releases:
        raise InputError(fault("holds no delivery line of a complete year", file=source.name))
    if official and scope(source) is None:
        _refuse_unproven(source, releases)
    if official and not any(line.is_new for lines in releases.values() for line in lines):
        rule = f"no arms of all countries and years are {NEW!r}: the column was overwritten"
        raise InputError(fault(rule, file=source.name, column=OFFICIAL["status"]))
    told = (names.remarks(), tuple(names.rows.values()))
    batches = []
    for vintage, lines in sorted(releases.items()):
        for table, series, rows in (
            ("transfers", "deliveries", sum_transfers(lines, vintage)),
            ("unit_values", "unit_values", _unit_values(lines, vintage)),
            ("descriptions", "descriptions", describe(lines, vintage)),
        ):
            if rows:
                batches.append(
                    Batch(table, series, "SIPRI", vintage, official, source.name, rows, note, *told)
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
    or zero are passed over; the number of units is known where it is known of every line.
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


def _refuse_part(source: Source) -> None:
    """Refuse an export of some countries only: its release would hide everybody else's figures."""
    said = scope(source)
    if said and not said.whole_world:
        rule = (
            "must be an export from all countries to all countries: a year is taken whole from "
            "one release, so a part would stand for the whole"
        )
        raise InputError(fault(rule, file=source.name, line=said.line, value=said.words))


def _refuse_unproven(source: Source, releases: dict[str, list[Line]]) -> None:
    """Refuse an export without a preamble from which a supplier of the sample is missing."""
    held = {line.supplier for lines in releases.values() for line in lines}
    lacking = sorted(countries.suppliers() - held)
    if lacking:
        rule = (
            f"has no preamble, and no delivery by {', '.join(lacking)}: must be an export from all "
            "countries to all countries, since a year is taken whole from one release"
        )
        raise InputError(fault(rule, file=source.name))


def _lines(
    table: delimited.Table, names: Names, columns: dict[str, str], vintage: str | None
) -> Iterator[Line]:
    at = dict(zip(columns, table.at(*columns.values()), strict=True))
    stamp = None if vintage else table.at("vintage")[0]
    width, file = len(table.header), table.file
    seen: dict[tuple[str, str, str], int] = {}
    for line, row in table.rows():
        with each_row:
            fields.width(row, width, file=file, line=line)
            cells = {name: row[i].strip() for name, i in at.items()}
            if not cells["tiv"]:
                continue
            released = vintage or fields.date(row[stamp], file=file, line=line, column="vintage")
            delivery = (released, cells["deal"], cells["year"])
            if seen.setdefault(delivery, line) != line:
                before = f"came already in line {seen[delivery]}"
                rule = f"the deal's deliveries of {delivery[2]} {before}"
                place = {"file": file, "line": line, "column": columns["deal"]}
                raise InputError(fault(rule, **place, value=delivery[1]))
            found = _line(table, line, cells, names, columns, released)
            if found is not None:
                yield found


def _line(
    table: delimited.Table,
    line: int,
    cells: dict[str, str],
    names: Names,
    columns: dict[str, str],
    vintage: str,
) -> Line | None:
    """Return one delivery line; None where a name is unknown, which `names` has noted."""

    def place(name: str) -> dict:
        return {"file": table.file, "line": line, "column": columns[name]}

    def figure(name: str) -> float | None:
        text = table.figure(cells[name])
        return fields.number(text, **place(name), low=0, what="TIV") if text else None

    tiv = figure("tiv")
    if cells["status"] not in STATUSES:
        rule = f"must be one of {', '.join(STATUSES)}"
        raise InputError(fault(rule, **place("status"), value=cells["status"]))
    year = fields.year(cells["year"], **place("year"))
    number = fields.whole(cells["number"], **place("number"), low=0) if cells["number"] else None
    unit = figure("unit")
    category = fields.words(cells["category"], **place("category"))
    supplier, recipient = (
        names.country(cells[side], line, columns[side], tiv) for side in ("supplier", "recipient")
    )
    description = cells["description"]
    weapon = names.weapon(description, line, columns["description"], tiv, cells["category"])
    if weapon is None or supplier is None or recipient is None:
        return None
    return Line(
        vintage,
        countries.as_supplier(supplier),
        countries.as_recipient(recipient),
        year,
        description,
        CATEGORIES.get(category, category),
        weapon,
        tiv,
        cells["status"] == NEW,
        unit,
        number,
    )
