"""Walk through a provider's table: one reader of named columns for all tables of the partnership.

The importers of alliances, capabilities, disputes, rivalries and regimes differ in their columns
only, so the header, the width of a row and the place of a fault are handled here once.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import NamedTuple

from crossover.data.errors import InputError, each_row, fault
from crossover.data.reading import records
from crossover.data.sources import fields
from crossover.data.sources.files import Source

STATE = (2, 9999)
"""Bounds of a state's number in the Correlates of War and ATOP."""


class Row(NamedTuple):
    """One line of a table: its file, its number, its cells by column."""

    file: str
    line: int
    cells: dict[str, str]

    def whole(self, column: str, low: int, high: int) -> int:
        """Return a whole number of this row; anything else is an InputError."""
        place = {"file": self.file, "line": self.line, "column": column}
        return fields.whole(self.cells[column], **place, low=low, high=high)

    def optional(self, column: str, low: float, high: float) -> float | None:
        """Return a number of this row, None where the cell is empty."""
        text = self.cells[column]
        if not text.strip():
            return None
        place = {"file": self.file, "line": self.line, "column": column}
        return fields.number(text, **place, low=low, high=high)

    def words(self, column: str) -> str:
        """Return a text of this row; see `fields.words`."""
        place = {"file": self.file, "line": self.line, "column": column}
        return fields.words(self.cells[column], **place)

    def state(self, column: str) -> int:
        """Return a state's number."""
        return self.whole(column, *STATE)

    def pair(self, first: str = "ccode1", second: str = "ccode2") -> tuple[int, int] | None:
        """Return a pair of states, the lower number first; None for a pair listed the other way."""
        a, b = self.state(first), self.state(second)
        return (a, b) if a < b else None


def parse(source: Source, needed: tuple[str, ...], make: Callable[[Row], tuple | None]) -> list:
    """Return what `make` gives of each row of a table; rows of which it gives None are left out.

    Raises
    ------
    InputError : a column is missing, a row has not as many fields as the header, or `make` raises.
    """
    table = records(source.text or "", source.name)
    _, header = next(table)
    for column in needed:
        if column not in header:
            rule = f"has no column {column!r}"
            raise InputError(fault(rule, file=source.name, line=1, value=",".join(header)))
    found = []
    for line, row in table:
        with each_row:
            fields.width(row, len(header), file=source.name, line=line)
            made = make(Row(source.name, line, dict(zip(header, row, strict=True))))
            if made is not None:
                found.append(made)
    return found


def tidy(source: Source, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of each row below the header; one of another width is a fault."""
    table = records(source.text, source.name)
    next(table)
    for line, row in table:
        with each_row:
            fields.width(row, width, file=source.name, line=line)
            yield line, row


def stem(name: str) -> str:
    """Return a file's name without its endings, which is all that tells some releases apart."""
    return PurePath(name).name.partition(".")[0]
