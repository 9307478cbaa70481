"""OECD gross domestic expenditure on R&D: fills gaps of the World Bank's series (Taiwan, 1980s)."""


from crossover.data import countries
from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import CountryYear
from crossover.data.sources import fields
from crossover.data.sources.files import Batch, Source, named
from crossover.data.sources.rows import tidy
from crossover.data.tables import indicators

SOURCE = "OECD, Main Science and Technology Indicators"
COLUMNS = ["country_iso3", "year", "indicator", "value", "Flag Codes"]
SERIES = {"OECD_GDEXPRD_PC_GDP": "rd_share", "OECD_GDEXPRD_MLN_USD": "gerd_ppp_constant"}
GROUPS = ("EU27_2020", "OECD")


def recognises(source: Source) -> bool:
    """Say whether a file is the OECD's table, by its header."""
    return (source.text or "").startswith(",".join(COLUMNS))


def read(source: Source) -> list[Batch]:
    """Parse the table; the vintage is the user's date, else the one in the file's name.

    Returns
    -------
    Batches of `country_years`: R&D in % of GDP, and in constant PPP US$ million.

    Raises
    ------
    InputError : no date in the name, an unknown country or indicator, a value out of bounds.
    """
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
