"""World Bank figures with a column a year: the site's download, its bulk file, DataBank's extract.

The site puts its date before the table, DataBank behind it (`Last Updated: 07/01/2026`, the month
first) and two points where there is no figure. Series that the panel does not use are passed over
and counted.
"""

import datetime
import re
from collections import Counter

from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import CountryYear, Indicator
from crossover.data.sources import delimited, fields, worldbank
from crossover.data.sources.files import PREAMBLE, Batch, Source, release
from crossover.data.sources.lookup import Names

SITE = '"Data Source","World Development Indicators"'
CODE = "Country Code"
SERIES = "Indicator Code|Series Code"
LABEL = "Indicator Name|Series Name"
UPDATED = "Last Updated Date"
BLANKS = ("", "..")


def recognises(source: Source) -> bool:
    """Say whether a file is such a table, by its first line or by its header."""
    if (source.text or "").startswith(SITE):
        return True
    table = delimited.find(source, CODE, SERIES)
    return table is not None and bool(table.years)


def read(source: Source) -> list[Batch]:
    """Parse a table of one or several series.

    Returns
    -------
    A batch of `country_years` for each indicator that is used; the vintage is the file's own date
    of its last update.

    Raises
    ------
    InputError : no date, no header, an unknown country, no known indicator, a value out of bounds.
    """
    table = delimited.find(source, CODE, SERIES)
    if table is None:
        rule = "has no header row with 'Country Code' and the years"
        raise InputError(fault(rule, file=source.name))
    vintage = release(source, _updated(source), f"has no {UPDATED!r}")
    at = table.at(CODE, SERIES)
    labels = table.where(LABEL)
    found: dict[tuple[str, str], list[CountryYear]] = {}
    known, names = Series(source.name), Names(source.name, source.options)
    for line, row in table.rows():
        if len(row) <= max(at) or not row[at[0]].strip():
            continue
        code, series = (row[i].strip() for i in at)
        label = row[labels] if labels is not None and labels < len(row) else ""
        indicator = known.find(series, line)
        if indicator is None:
            continue
        with each_row:
            place = {"file": source.name, "line": line}
            if not worldbank.country(code, names, line, CODE):
                continue
            rows = found.setdefault((indicator.indicator, vintage), [])
            for i, year in table.years:
                if i < len(row) and row[i].strip() not in BLANKS:
                    text, column = table.figure(row[i]), str(year)
                    rows.append(
                        worldbank.figure(
                            code, year, indicator, text, vintage, label, **place, column=column
                        )
                    )
    names.settle()
    remarks = known.settle()
    return worldbank.batches(found, source.name, "the provider's site download", remarks)


class Series:
    """The series of one file: which are used, and how many rows of others were passed over."""

    def __init__(self, file: str):
        self.file = file
        self.used: set[str] = set()
        self.passed: Counter[str] = Counter()
        self.first: dict[str, int] = {}

    def find(self, code: str, line: int) -> Indicator | None:
        """Return what a code stands for, None where the panel does not use it."""
        indicator = worldbank.used(code)
        if indicator is None:
            self.passed[code] += 1
            self.first.setdefault(code, line)
        else:
            self.used.add(code)
        return indicator

    def settle(self) -> tuple[str, ...]:
        """Return what was passed over, in words.

        Raises
        ------
        InputError : no series is used.
        """
        if self.passed and not self.used:
            code = next(iter(self.passed))
            worldbank.find(code, file=self.file, line=self.first[code])
            rule = f"is a series that the panel does not use: {worldbank.choice()}"
            place = {"file": self.file, "line": self.first[code], "column": "indicator"}
            raise InputError(fault(rule, **place, value=code))
        if not self.passed:
            return ()
        rows, n = self.passed.total(), len(self.passed)
        listed = ", ".join(sorted(self.passed)[:5]) + (", …" if n > 5 else "")
        words = f"{n} series that the panel does not use {'was' if n == 1 else 'were'} skipped"
        return (f"{self.file}: {words}, {rows:,} row{'' if rows == 1 else 's'} ({listed})",)


def _updated(source: Source) -> str | None:
    """Return the date that a file says it was updated on, None where it says none."""
    start, end = source.text[:PREAMBLE], source.text[-PREAMBLE:]
    if found := re.search(rf'^"?{UPDATED}"?[,;\t]"?([^",;\t\r\n]*)', start, re.MULTILINE):
        return fields.date(found[1], file=source.name, line=_line(source, found[0]), column=UPDATED)
    found = re.search(r'^"?Last Updated:\s*([^",;\t\r\n]*)', end, re.MULTILINE)
    if not found:
        return None
    try:
        return datetime.datetime.strptime(found[1].strip(), "%m/%d/%Y").date().isoformat()
    except ValueError:
        rule = "must be a date, month/day/year"
        place = {"file": source.name, "line": _line(source, found[0]), "column": "Last Updated"}
        raise InputError(fault(rule, **place, value=found[1].strip())) from None


def _line(source: Source, words: str) -> int:
    return source.text.count("\n", 0, source.text.index(words)) + 1
