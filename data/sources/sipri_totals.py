"""SIPRI's tables of total arms imports and exports by country: a check on sums, and older totals.

Whole TIV millions; a blank is no delivery, a zero is less than half a million. Tables of before
2024 say in their title what they are of, later ones in the header and the last row. Of a table of
one country's partners, which are no totals of theirs, the row of sums is that country's total.
"""

import re

from crossover.data import countries, domains
from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import Total
from crossover.data.sources import delimited, fields
from crossover.data.sources.files import PREAMBLE, Batch, Source, generated
from crossover.data.sources.lookup import Names
from crossover.data.tables import WORLD

START = "Volume of transfers of major arms"
OLD_START = "TIV of arms "
TITLE = re.compile(r'"?TIV of arms (imports|exports) (?:from|to|of|by) (.+?),? \d{4}')
FLOWS = {"exports by": "exports", "recipient": "imports", "imports by": "imports"}
EVERYBODY = ("all", "all countries", "world")
REGIONS = frozenset(
    ["Africa", "Americas", "Asia", "Asia & Oceania", "Asia and Oceania", "Europe", "Middle East",
     "Oceania", "Other"]
)  # fmt: skip
"""Rows of tables by region; those of tables by category are SIPRI's categories."""
SUMS = "total"
SUM_OF_ONE = re.compile(r"total (imports from|exports to) (.+)", re.IGNORECASE)
FLOW_OF_ONE = {"imports from": "exports", "exports to": "imports"}
"""What partners import from a country are its exports."""


def recognises(source: Source) -> bool:
    """Say whether a file is a table of TIV totals, by its first line."""
    return (source.text or "").lstrip('"').startswith((START, OLD_START))


def read(source: Source) -> list[Batch]:
    """Parse a table of totals.

    Returns
    -------
    One batch of `totals` (TIV in millions) for the countries of the sample and the world (WLD); of
    a table of one country's partners, for that country.

    Raises
    ------
    InputError : no header, an unknown country, a year or a total that is no number; a table by
        region or weapon category, or of a country outside the sample.
    """
    vintage = generated(source)
    table, flow, one = _form(source)
    names = Names(source.name, source.options)
    found: list[tuple[str, int, list[str]]] = []
    for line, row in table.rows():
        name = row[0].strip()
        if name.casefold().startswith(SUMS):
            found.append((WORLD, line, row))
            if of_one := SUM_OF_ONE.match(name):
                flow, one = FLOW_OF_ONE[of_one[1].lower()], of_one[2].strip()
        elif name and (code := names.country(name, line, "country")) in countries.members():
            found.append((code, line, row))
    other = REGIONS | {row["category"] for row in domains.table()}
    for (column, name), seen in names.unknown.items():
        if name.strip() in other:
            rule = "is no country: export the totals by country, not by region or category"
            place = {"file": source.name, "line": seen.line, "column": column}
            raise InputError(fault(rule, **place, value=name))
    names.settle()
    remarks = names.remarks()
    if one is not None:
        code = _of_sample(source, one)
        found = [(code, line, row) for sums, line, row in found if sums == WORLD]
        remarks = (_words(source.name, flow, one), *remarks)
    if not found:
        raise InputError(fault("holds no total of a country of the sample", file=source.name))
    rows = []
    for code, line, row in found:
        with each_row:
            rows += [
                Total(code, year, flow, tiv, "SIPRI TIV table", vintage)
                for year, tiv in _figures(table, line, row)
            ]
    note = "whole millions, the provider's table"
    return [Batch("totals", flow, "SIPRI", vintage, True, source.name, rows, note, remarks)]


def _form(source: Source) -> tuple[delimited.Table, str, str | None]:
    """Return the table, its flow, and the country whose partners it lists by its title, if any."""
    title = TITLE.match(source.text[:PREAMBLE])
    table = delimited.find_years(source)
    flow = title[1] if title else FLOWS.get(table.folded[0]) if table else None
    if table is None or flow is None:
        rule = "has no header row with 'Exports by' or 'Recipient' and the years"
        raise InputError(fault(rule, file=source.name))
    one = title[2].strip() if title and title[2].strip().casefold() not in EVERYBODY else None
    return table, flow, one


def _figures(table: delimited.Table, line: int, row: list[str]) -> list[tuple[int, float]]:
    """Return (year, TIV million) of one row."""
    found = []
    for i, year in table.years:
        if i < len(row) and row[i].strip():
            place = {"file": table.file, "line": line, "column": str(year)}
            tiv = fields.number(table.figure(row[i]), **place, low=0, what="TIV")
            found.append((year, tiv))
    return found


def _of_sample(source: Source, name: str) -> str:
    code = countries.code(name, file=source.name, line=None, column="country")
    if code not in countries.members():
        rule = f"is a table of {name}'s partners, and {name} is outside the sample"
        raise InputError(fault(rule, file=source.name))
    return code


def _words(file: str, flow: str, name: str) -> str:
    return (
        f"{file} is a table of {name}'s {flow} by partner: its row of sums is read as {name}'s "
        f"total {flow}, and what single partners traded with {name} is no total of theirs"
    )
