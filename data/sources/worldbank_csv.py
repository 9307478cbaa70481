"""An indicator as the World Bank's site exports it: a mark, a preamble, one column a year."""

import csv
import io

from data.errors import InputError, each_row, fault
from data.sources import fields, worldbank
from data.sources.files import Batch, Source

START = '"Data Source","World Development Indicators"'
COLUMNS = ["Country Name", "Country Code", "Indicator Name", "Indicator Code"]


def recognises(source: Source) -> bool:
    """Say whether a file is a site download, by its first line."""
    return (source.text or "").startswith(START)


def read(source: Source) -> list[Batch]:
    """Parse a download of one or several indicators.

    Returns
    -------
    A batch of `country_years` for each indicator that is used; the vintage is the file's own
    'Last Updated Date'.

    Raises
    ------
    InputError : no date, no header, an unknown country or indicator, a value out of bounds.
    """
    table = csv.reader(io.StringIO(source.text, newline=""))
    vintage, header, found = "", None, {}
    for row in table:
        line = table.line_num
        if header is None:
            if row[:1] == ["Last Updated Date"]:
                place = {"file": source.name, "line": line}
                vintage = fields.date("".join(row[1:2]), **place, column=row[0])
            if row[:4] == COLUMNS:
                header = row
                years = [(i, int(c)) for i, c in enumerate(row) if c.isdigit()]
            continue
        if len(row) < 4:
            continue
        place = {"file": source.name, "line": line}
        with each_row:
            indicator = worldbank.find(row[3], **place)
            wanted = worldbank.country(row[1], **place, column="Country Code")
            if indicator is None or not wanted:
                continue
            found.setdefault(indicator.indicator, []).extend(
                worldbank.figure(
                    row[1], year, indicator, row[i], vintage, row[2], **place, column=str(year)
                )
                for i, year in years
                if i < len(row) and row[i].strip()
            )
    if header is None or not vintage:
        rule = "has no header row with 'Country Code' and the years, or no 'Last Updated Date'"
        raise InputError(fault(rule, file=source.name))
    note = "the provider's site download"
    return [
        Batch("country_years", name, "WDI", vintage, True, source.name, rows, note)
        for name, rows in sorted(found.items())
    ]
