"""OECD gross domestic expenditure on R&D: fills gaps of the World Bank's series (Taiwan, 1980s).

As a table that was tidied, dated by its name; and as the provider's own export (SDMX-CSV), which
says of everything what it is, save when it was published: its user does. Other measures and units
in an export are passed over and counted.
"""

from crossover.data import countries
from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import CountryYear
from crossover.data.sources import delimited, fields
from crossover.data.sources.files import Batch, Source, named, release
from crossover.data.sources.lookup import Names
from crossover.data.sources.rows import tidy
from crossover.data.tables import indicators

SOURCE = "OECD, Main Science and Technology Indicators"
COLUMNS = ["country_iso3", "year", "indicator", "value", "Flag Codes"]
SERIES = {"OECD_GDEXPRD_PC_GDP": "rd_share", "OECD_GDEXPRD_MLN_USD": "gerd_ppp_constant"}
GROUPS = ("EU27_2020", "OECD")
SDMX = ("REF_AREA", "MEASURE", "UNIT_MEASURE", "TIME_PERIOD", "OBS_VALUE")
GERD = ("G", "PT_B1GQ")
"""The measure and the unit that are read: gross expenditure on R&D, % of GDP."""
INDICATOR = "rd_share"


def recognises(source: Source) -> bool:
    """Say whether a file is one of the OECD's tables, by its header."""
    return _is_tidy(source) or delimited.find(source, *SDMX) is not None


def _is_tidy(source: Source) -> bool:
    return (source.text or "").startswith(",".join(COLUMNS))


def read(source: Source) -> list[Batch]:
    """Parse a table.

    Returns
    -------
    Batches of `country_years`: R&D in % of GDP, and of a tidied table in constant PPP US$ million;
    none where an export has no such figure of the sample.

    Raises
    ------
    InputError : nobody says when it was published, an unknown country or indicator, a year that is
        none, a value out of bounds.
    """
    return _tidied(source) if _is_tidy(source) else _exported(source)


def _tidied(source: Source) -> list[Batch]:
    vintage = named(
        source,
        "needs its release in its name, as in oecd_gerd_2023-05.csv, or by --released "
        "YEAR-MONTH-DAY: it has no date inside",
    )
    found: dict[str, list[CountryYear]] = {}
    for line, row in tidy(source, len(COLUMNS)):
        with each_row:
            place = {"file": source.name, "line": line}
            code, year, series, value, _ = row
            if series not in SERIES:
                rule = f"unknown indicator: must be one of {', '.join(SERIES)}"
                raise InputError(fault(rule, **place, column="indicator", value=series))
            if code in GROUPS:
                continue
            countries.check_code(code, **place, column="country_iso3")
            if code not in countries.members():
                continue
            known = indicators()[SERIES[series]]
            number = fields.number(
                value, **place, column="value", low=known.low, high=known.high, what=known.indicator
            )
            when = fields.year(year, **place, column="year")
            found.setdefault(known.indicator, []).append(
                CountryYear(code, when, known.indicator, number, known.unit, SOURCE, vintage, 0)
            )
    return [
        Batch("country_years", name, "OECD", vintage, True, source.name, rows, "to 2022")
        for name, rows in sorted(found.items())
    ]


def _exported(source: Source) -> list[Batch]:
    table = delimited.find(source, *SDMX)
    vintage = release(source, None)
    at = table.at(*SDMX)
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
