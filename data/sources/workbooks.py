"""Excel workbooks: their sheets as rows, or as the text of a table that was saved as a workbook.

Whatever is wrong with a workbook's bytes ends in one message, wherever the reading meets it.
"""

import csv
import datetime
import io
import warnings
from collections.abc import Iterator
from xml.etree import ElementTree

from crossover.data.errors import InputError, fault
from crossover.data.sources.files import PACKED, Source, damaged

DAMAGE = (
    *PACKED, ElementTree.ParseError, RecursionError, LookupError, TypeError, AttributeError,
)  # fmt: skip
"""What openpyxl raises of a damaged workbook: it checks little of what it finds."""
MOST_SHEETS = 100
MOST_CELLS, ROW = 2_000_000, 10
"""Cells that a sheet may have, as many as can be read in seconds; a row counts as some more."""


class Workbook:
    """A workbook's sheets, read as far as they are asked for.

    Raises
    ------
    InputError : the workbook is damaged.
    """

    def __init__(self, source: Source):
        self.name = source.name
        with self._guard():
            import openpyxl

            self._book = openpyxl.load_workbook(
                io.BytesIO(source.content), read_only=True, data_only=True, keep_links=False
            )
            self.sheets = [sheet.title for sheet in self._book.worksheets]
        if len(self.sheets) > MOST_SHEETS:
            rule = f"must have at most {MOST_SHEETS} sheets, and has {len(self.sheets):,}"
            raise InputError(fault(rule, file=self.name))

    def _guard(self):
        return damaged(self.name, "the workbook", DAMAGE)

    def rows(self, sheet: str) -> list[tuple]:
        """Return a sheet's rows; their widths may differ. Raises as the class, and if too many."""
        with self._guard(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = self._book[sheet]
            # What a sheet says of its own size is not always so.
            held.reset_dimensions()
            found, cells = [], 0
            for row in held.iter_rows(values_only=True):
                cells += len(row) + ROW
                if cells > MOST_CELLS:
                    rule = f"has more than {MOST_CELLS:,} cells, blank ones included: save as CSV"
                    raise InputError(fault(rule, file=self.name, column="sheet", value=sheet))
                found.append(row)
            return found

    def text(self, sheet: str) -> str:
        """Return a sheet as a text with commas between the cells. Raises as the class."""
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows(map(_cells, self.rows(sheet)))
        return out.getvalue()


def _cells(row: tuple) -> Iterator[str]:
    for cell in row:
        if cell is None:
            yield ""
        elif isinstance(cell, float) and cell.is_integer():
            yield str(int(cell))
        elif isinstance(cell, datetime.datetime):
            yield cell.date().isoformat()
        else:
            yield str(cell)
