"""Medians and 90 % intervals of the quantities of a report at its milestone years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.countries import the

DECIMALS = {"gap": 2, "rd_share": 2}
SCALES = {"import_share": 100.0, "rd_stock": 1e-9}


@dataclass(frozen=True)
class Cell:
    """A figure on record, or a median with its 90 % interval; nothing where none is known."""

    middle: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Row:
    """A quantity, its country where it is of one, and a cell a milestone."""

    quantity: str
    country: str
    decimals: int
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Milestones:
    """The table."""

    rows: Sequence[Row]
    missing: bool
    """Whether a cell is empty."""


def context(payload: Mapping[str, Any]) -> Milestones:
    """Return the table of milestones."""
    rows = [_row(payload, row) for row in payload["milestone_table"]]
    return Milestones(rows, any(cell.middle is None for row in rows for cell in row.cells))


def _row(payload: Mapping[str, Any], row: Mapping[str, Any]) -> Row:
    scale = SCALES.get(row["quantity"], 1.0)
    cells = [_cell(cell, scale) for cell in row["cells"]]
    sizes = [abs(v) for cell in cells if cell.middle is not None
             for v in (cell.middle, *(cell.interval or ()))]  # fmt: skip
    return Row(
        quantity=row["quantity"],
        country=the(payload["pair"][row["role"]]["name"]) if row["role"] else "",
        decimals=DECIMALS.get(row["quantity"], 1 if max(sizes, default=0.0) < 10 else 0),
        cells=cells,
    )


def _cell(cell: Mapping[str, Any] | None, scale: float) -> Cell:
    if cell is None or None in cell.values():
        return Cell(None, None)
    if "value" in cell:
        return Cell(cell["value"] * scale, None)
    return Cell(cell["q50"] * scale, (cell["q05"] * scale, cell["q95"] * scale))
