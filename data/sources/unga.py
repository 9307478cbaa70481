"""Ideal points of states in the UN General Assembly (Bailey, Strezhnev and Voeten).

The estimate from votes on final passage is taken: it alone reaches the latest session.
"""

from crossover.data import countries
from crossover.data.errors import each_row
from crossover.data.records import Vote
from crossover.data.sources import delimited, fields
from crossover.data.sources.files import Batch, Source, named

COLUMNS = ("iso3c", "year", "idealpointfp")
FIRST_YEAR = 1985
RENAMED = {"KSV": "XKX", "ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "DRV": "VNM"}


def recognises(source: Source) -> bool:
    """Say whether a file holds ideal points, by its header."""
    return delimited.find(source, *COLUMNS) is not None


def read(source: Source) -> list[Batch]:
    """Parse ideal points of the sample since 1985.

    The vintage is the user's date, else the one in the file's name.

    Raises
    ------
    InputError : no date in the name, a year or an ideal point that is no number.
    """
    vintage = named(
        source,
        "needs its release in its name, as in unga_idealpoints_jul2025.csv, or by --released "
        "YEAR-MONTH-DAY",
    )
    table = delimited.find(source, *COLUMNS)
    at = table.at(*COLUMNS)
    rows = []
    for line, row in table.rows():
        with each_row:
            fields.width(row, len(table.header), file=source.name, line=line)
            place = {"file": source.name, "line": line}
            code, year, point = (row[i].strip() for i in at)
            code = RENAMED.get(code, code)
            year = fields.year(year, **place, column="year")
            if year < FIRST_YEAR or code not in countries.members() or not point:
                continue
            point = table.figure(point)
            value = fields.number(point, **place, column="idealpointfp", low=-10, high=10)
            rows.append(Vote(code, year, value, vintage, 0))
    note = "estimates from votes on final passage"
    return [Batch("votes", "ideal_point", "UNGA", vintage, True, source.name, rows, note)]
