"""Ideal points of states in the UN General Assembly (Bailey, Strezhnev and Voeten).

The estimate from votes on final passage is taken: it alone reaches the latest session.
"""

import csv

from data import countries
from data.errors import InputError, each_row, fault
from data.sources import fields
from data.sources.files import Batch, Source, date_in_name
from data.tables import Vote

START = "ccode,iso3c,countryname,year,idealpointfp"
FIRST_YEAR = 1985
RENAMED = {"KSV": "XKX", "ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "DRV": "VNM"}


def recognises(source: Source) -> bool:
    """Say whether a file holds ideal points, by its header."""
    return (source.text or "").startswith(START)


def read(source: Source) -> list[Batch]:
    """Parse ideal points of the sample since 1985.

    The vintage is the user's date, else the one in the file's name.

    Raises
    ------
    InputError : no date in the name, a year or an ideal point that is no number.
    """
    vintage = source.options.released or date_in_name(source.name)
    if vintage is None:
        rule = (
            "needs its release in its name, as in unga_idealpoints_jul2025.csv, or by --released "
            "YEAR-MONTH-DAY"
        )
        raise InputError(fault(rule, file=source.name))
    table = csv.reader(source.text.splitlines())
    header = next(table)
    point = header.index("idealpointfp")
    rows = []
    for line, row in enumerate(table, start=2):
        with each_row:
            fields.width(row, len(header), file=source.name, line=line)
            place = {"file": source.name, "line": line}
            code = RENAMED.get(row[1], row[1])
            year = fields.year(row[3], **place, column="year")
            if year < FIRST_YEAR or code not in countries.members() or not row[point].strip():
                continue
            value = fields.number(row[point], **place, column="idealpointfp", low=-10, high=10)
            rows.append(Vote(code, year, value, vintage, 0))
    note = "estimates from votes on final passage"
    return [Batch("votes", "ideal_point", "UNGA", vintage, True, source.name, rows, note)]
