"""SIPRI's tables of total arms imports and exports by country: a check on sums, and older totals.

Whole TIV millions; a blank is no delivery, a nought is less than half a million.
"""

import csv

from data import countries
from data.errors import InputError, each_row, fault
from data.sources import fields
from data.sources.files import Batch, Source, generated
from data.tables import WORLD, Total

START = "Volume of transfers of major arms"
FLOWS = {"Exports by": "exports", "Recipient": "imports", "Imports by": "imports"}
WORLD_ROW = "Total world"


def recognises(source: Source) -> bool:
    """Say whether a file is a table of TIV totals, by its first line."""
    return (source.text or "").startswith(START)


def read(source: Source) -> list[Batch]:
    """Parse a table of totals.

    Returns
    -------
    One batch of `totals` (TIV in millions) for the countries of the sample and the world (WLD).

    Raises
    ------
    InputError : no header, an unknown country, a year or a total that is no number.
    """
    vintage = generated(source.text, source.name)
    years: list[tuple[int, int]] = []
    flow = None
    rows = []
    for line, row in enumerate(csv.reader(source.text.splitlines()), start=1):
        if flow is None:
            if row and row[0] in FLOWS:
                flow = FLOWS[row[0]]
                years = [(i, int(c)) for i, c in enumerate(row) if c.isdigit() and len(c) == 4]
            continue
        if not row or not row[0].strip():
            continue
        with each_row:
            if row[0].startswith(WORLD_ROW):
                code = WORLD
            else:
                code = countries.code(row[0], file=source.name, line=line, column="country")
            if code != WORLD and code not in countries.members():
                continue
            for i, year in years:
                if i < len(row) and row[i].strip():
                    place = {"file": source.name, "line": line, "column": str(year)}
                    tiv = fields.number(row[i], **place, low=0, what="TIV")
                    rows.append(Total(code, year, flow, tiv, "SIPRI TIV table", vintage))
    if flow is None or not years:
        rule = "has no header row with 'Exports by' or 'Recipient' and the years"
        raise InputError(fault(rule, file=source.name))
    note = "whole millions, the provider's table"
    return [Batch("totals", flow, "SIPRI", vintage, True, source.name, rows, note)]
