"""The OECD's own export (SDMX-CSV): gross domestic expenditure on R&D, in % of GDP.

The export says of everything what it is, save when it was published: its user does. Other measures
and units in it are passed over and counted.
"""

from crossover.data import countries
from crossover.data.errors import each_row
from crossover.data.records import CountryYear
from crossover.data.sources import delimited, fields
from crossover.data.sources.files import Batch, Source, release
from crossover.data.sources.lookup import Names
from crossover.data.sources.oecd import SOURCE
from crossover.data.tables import indicators

COLUMNS = ("REF_AREA", "MEASURE", "UNIT_MEASURE", "TIME_PERIOD", "OBS_VALUE")
GERD = ("G", "PT_B1GQ")
"""The measure and the unit that are read: gross expenditure on R&D, % of GDP."""
INDICATOR = "rd_share"


def recognises(source: Source) -> bool:
    """Say whether a file is such an export, by its header."""
    return delimited.find(source, *COLUMNS) is not None


def read(source: Source) -> list[Batch]:
    """Parse an export.

    Returns
    -------
    One batch of `country_years`, none where the export has no such figure of the sample.

    Raises
    ------
    InputError : nobody says when it was published, an unknown country, a year that is none, a value
        out of bounds.
    """
    table = delimited.find(source, *COLUMNS)
    vintage = release(source, None)
    at = table.at(*COLUMNS)
    known, names = indicators()[INDICATOR], Names(source.name, source.options)
    rows, others = [], 0
    for line, row in table.rows():
        with each_row:
            place = {"file": source.name, "line": line}
            fields.width(row, len(table.header), **place)
            area, measure, unit, period, value = (row[i].strip() for i in at)
            if (measure, unit) != GERD:
                others += 1
                continue
            # What is longer or shorter than a country's code is a group of countries.
            if not value or len(area) != 3 or not names.code(area, line, "REF_AREA"):
                continue
            if area not in countries.members():
                continue
            bounds = {"low": known.low, "high": known.high, "what": known.indicator}
            number = fields.number(table.figure(value), **place, column="OBS_VALUE", **bounds)
            year = fields.year(period, **place, column="TIME_PERIOD")
            rows.append(
                CountryYear(area, year, INDICATOR, number, known.unit, SOURCE, vintage, 0)
            )
    names.settle()
    note, remarks = "the provider's export, dated by its user", ()
    if others:
        row, was = ("row that is", "was") if others == 1 else ("rows that are", "were")
        remarks = (
            f"{source.name}: {others:,} {row} no R&D in % of GDP {was} skipped "
            f"(read: MEASURE {GERD[0]} in UNIT_MEASURE {GERD[1]})",
        )
    batch = Batch("country_years", INDICATOR, "OECD", vintage, True, source.name, rows, note)
    return [batch._replace(remarks=remarks)] if rows else []
