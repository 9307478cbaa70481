"""World Bank figures with a row a country and year, as data portals and notebooks pass them on.

Such a table seldom names its series and never says when it was published: its user does.
"""

from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import CountryYear, Indicator
from crossover.data.sources import delimited, fields, worldbank
from crossover.data.sources.files import Batch, Source, release
from crossover.data.sources.lookup import Names
from crossover.data.sources.worldbank_csv import BLANKS, CODE, LABEL, SERIES, Series

YEAR = "Year|Time|Date"
VALUE = "Value"


def recognises(source: Source) -> bool:
    """Say whether a file is such a table, by its header."""
    return delimited.find(source, CODE, YEAR, VALUE) is not None


def read(source: Source) -> list[Batch]:
    """Parse a table of one series that its user names, or of those that it names itself.

    Returns
    -------
    A batch of `country_years` for each indicator that is used.

    Raises
    ------
    InputError : the series or the date of release is not known, an unknown country or indicator, a
        year that is none, a value out of bounds.
    """
    table = delimited.find(source, CODE, YEAR, VALUE)
    named = delimited.find(source, CODE, SERIES) is not None
    told = _told(source, named)
    vintage = release(source, None)
    country, year, value = table.at(CODE, YEAR, VALUE)
    series, label = table.where(SERIES), table.where(LABEL)
    found: dict[tuple[str, str], list[CountryYear]] = {}
    known, names = Series(source.name), Names(source.name, source.options)
    for line, row in table.rows():
        with each_row:
            place = {"file": source.name, "line": line}
            fields.width(row, len(table.header), **place)
            indicator = told or known.find(row[series].strip(), line)
            text = table.figure(row[value]).strip()
            if indicator is None or text in BLANKS:
                continue
            code = row[country].strip()
            when = fields.year(row[year].strip(), **place, column=table.header[year])
            if worldbank.country(code, names, line, CODE):
                words = row[label] if label is not None else ""
                found.setdefault((indicator.indicator, vintage), []).append(
                    worldbank.figure(
                        code, when, indicator, text, vintage, words, **place, column=VALUE
                    )
                )
    names.settle()
    remarks = known.settle()
    note = "a table of the World Bank's figures, dated by its user"
    return worldbank.batches(found, source.name, note, remarks)


def _told(source: Source, named: bool) -> Indicator | None:
    """Return the series that the user names, None for a table that names its own.

    Raises
    ------
    InputError : nobody names it, both do, or the panel does not use it.
    """
    options = source.options
    if named:
        if options.indicator:
            rule = f"--indicator says {options.indicator}, but the file names its own series"
            raise InputError(fault(f"{rule}: leave the option out", file=source.name))
        return None
    if not options.indicator:
        rule = "does not name its series: say which, with --indicator, as in GB.XPD.RSDV.GD.ZS"
        if not options.released:
            rule += ", and when it was published, with --released YEAR-MONTH-DAY"
        raise InputError(fault(rule, file=source.name))
    indicator = worldbank.used(options.indicator)
    if indicator is None:
        rule = f"unknown indicator: {worldbank.choice()}"
        raise InputError(fault(rule, column="--indicator", value=options.indicator))
    return indicator
