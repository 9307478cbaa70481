"""One table for all that is measured: a row a figure, printed, and written as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from rich.console import Console
from rich.table import Table

FAILED, DIFFERS = "failed", "DIFFERS"


class Row(NamedTuple):
    """A figure.

    Attributes
    ----------
    section, what, measure : where it belongs, what was measured, and which figure of it this is.
    value : in `unit`; NaN where there is none, which `note` explains.
    note : how it was measured, where that is not plain.
    """

    section: str
    what: str
    measure: str
    value: float
    unit: str
    note: str = ""

    @property
    def wrong(self) -> bool:
        """Say whether something failed, or is not what it must be."""
        return self.measure == FAILED or self.note.startswith(DIFFERS)


def rounded(value: float) -> str:
    """Return a number to three digits, whole from a hundred up; a dash for none."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(rows: Sequence[Row], file: TextIO | None = None) -> None:
    """Print the table; what is the same as in the row above is left out."""
    table = Table(*(field.capitalize() for field in Row._fields), box=None, pad_edge=False)
    table.columns[Row._fields.index("value")].justify = "right"
    before = ("", "")
    for row in rows:
        new_section = row.section != before[0]
        table.add_row(
            row.section if new_section else "",
            row.what if new_section or row.what != before[1] else "",
            row.measure, rounded(row.value), row.unit, row.note,
        )  # fmt: skip
        before = (row.section, row.what)
    Console(file=file, width=140 if file or not Console().is_terminal else None).print(table)


def write(rows: Iterable[Row], path: Path) -> None:
    """Write the table as CSV, whole digits kept."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(rows)


def failed(section: str, what: str, error: Exception) -> Row:
    """Return the row of what could not be measured, with the end of what was said."""
    return Row(section, what, FAILED, math.nan, "", str(error).strip()[-300:])
