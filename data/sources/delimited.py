"""A provider's table however it was saved: with commas, semicolons or tabs, with a preamble or not.

A spreadsheet that opens a provider's CSV and saves it again changes what separates the fields, pads
every line to the same width and writes decimal commas. The columns are found by their names, so
that all of it is read by one reader a table.
"""

import csv
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.reading import records
from crossover.data.sources.files import Source

SEPARATORS = ",;\t"
LOOKED_AT = 60
"""Lines at the start of a file among which a header is looked for."""
LONGEST = 65_536
"""Characters that those lines have at most, in all."""
SPACES = str.maketrans("", "", "\u00a0\u202f")
"""Spaces that a spreadsheet puts between thousands."""


def fold(name: str) -> str:
    """Return a column's name as it is compared: in small letters, without needless spaces."""
    return " ".join(name.split()).casefold()


class Table(NamedTuple):
    """A table as found in a text: where its header stands, its columns, and what separates them.

    `closed` is set where each line ends with a semicolon that separates nothing.
    """

    file: str
    line: int
    header: list[str]
    separator: str
    closed: bool
    text: str
    start: int

    @property
    def folded(self) -> list[str]:
        """The names of the columns as they are compared."""
        return [fold(name) for name in self.header]

    def where(self, name: str) -> int | None:
        """Return where a column stands, known by the one name or, split by '|', by several."""
        folded = self.folded
        return next((folded.index(n) for n in map(fold, name.split("|")) if n in folded), None)

    def at(self, *names: str) -> list[int]:
        """Return where columns stand, as `where`.

        Raises
        ------
        InputError : a column is missing.
        """
        found = {name: self.where(name) for name in names}
        for name, at in found.items():
            if at is None:
                rule = f"the column {name.split('|')[0]!r} is missing"
                raise InputError(fault(rule, file=self.file, line=self.line))
        return list(found.values())

    @property
    def years(self) -> list[tuple[int, int]]:
        """Which columns are years: where they stand, and the year."""
        return [(i, int(c.strip()[:4])) for i, c in enumerate(self.header) if _is_year(c)]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row below the header with its line: blank cells beyond the header cut off."""
        width = len(self.header)
        found = records(self.text, self.file, self.separator, self.start, self.line)
        next(found)
        for line, row in found:
            if self.closed and row:
                row[-1] = row[-1].removesuffix(";")
            if len(row) > width and not any(map(str.strip, row[width:])):
                del row[width:]
            if any(map(str.strip, row)):
                yield line, row

    def figure(self, cell: str) -> str:
        """Return a number's cell as others write it: with a point where a spreadsheet has a comma.

        A file with commas between its fields has none in its numbers.
        """
        if self.separator == ",":
            return cell
        cell = cell.translate(SPACES)
        return cell if "." in cell else cell.replace(",", ".")


def find(source: Source, *names: str) -> Table | None:
    """Return the table whose header has these columns, None where no line near the start has.

    Parameters
    ----------
    source : a file with a text.
    names : columns in any order and case, each known by the one name or, split by '|', by several.
    """
    wanted = [{fold(n) for n in name.split("|")} for name in names]
    return _first(source, lambda header: all(not n.isdisjoint(map(fold, header)) for n in wanted))


def find_years(source: Source) -> Table | None:
    """Return the table in whose header a year stands behind the first column, None without one."""
    return _first(source, lambda header: any(map(_is_year, header[1:])))


def _is_year(cell: str) -> bool:
    """Say whether a column is a year: 2010, or 2010 [YR2010] as the World Bank has it."""
    return re.fullmatch(r"((19|20)\d\d)( \[YR\1\])?", cell.strip(), re.ASCII) is not None


def _first(source: Source, is_header: Callable[[list[str]], bool]) -> Table | None:
    start = 0
    beginning = (source.text or "")[:LONGEST]
    for number, line in enumerate(beginning.splitlines(keepends=True)[:LOOKED_AT], start=1):
        for separator in SEPARATORS:
            if separator in line:
                header, closed = _header(line, separator)
                if is_header(header):
                    place = (source.name, number, header, separator, closed)
                    return Table(*place, source.text, start)
        start += len(line)
    return None


def _header(line: str, separator: str) -> tuple[list[str], bool]:
    """Return the names in a line, without the blank ones that a spreadsheet pads it with."""
    try:
        header = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return [], False
    while header and not header[-1].strip():
        header.pop()
    if not header or separator == ";" or not header[-1].rstrip().endswith(";"):
        return header, False
    return [*header[:-1], header[-1].rstrip().removesuffix(";")], True
