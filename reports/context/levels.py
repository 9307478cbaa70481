"""The comparison of two levels, which needs a convention: the headline and each convention.

Levels are log-odds; a gap is the recipient's level minus the supplier's. Probabilities are shares
of draws in which the recipient is ahead; `later` holds them for `years`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.reports.phrases import LETTERS, curly
from crossover.reports.reading import verdict


@dataclass(frozen=True)
class Row:
    """A convention, or the average over all."""

    letter: str
    description: str
    probability: float | None
    mc_error: float | None
    gap_median: float | None
    gap: tuple[float | None, float | None]
    """5 % and 95 % quantile."""
    later: Sequence[float | None]
    verdict: str


@dataclass(frozen=True)
class Levels:
    """What is known of the two levels at the origin, and how far it is convention."""

    average: Row | None
    rows: Sequence[Row]
    chosen: Row | None
    """The convention under which one country by itself is shown."""
    lowest: float | None
    highest: float | None
    years: Sequence[int]
    year: int
    """Of the comparison."""
    alike: bool
    """Whether every convention has the same verdict."""
    verdicts: Mapping[str, int]
    """Conventions by their verdict, the supporting first."""


def context(payload: Mapping[str, Any]) -> Levels:
    """Return what the report says of levels."""
    found = payload["levels"]
    rows = [_row(row, LETTERS[row["alternative"]]) for row in found["rows"]]
    given = [row.verdict for row in rows]
    years = {row["year"] for row in found["rows"]}
    kinds = ("supported", "open", "contradicted", "untested")
    return Levels(
        average=found["average"] and _row(found["average"], ""),
        rows=rows,
        chosen=next(
            (row for row, of in zip(rows, found["rows"], strict=True) if of["headline"]), None
        ),
        lowest=found["lowest"],
        highest=found["highest"],
        years=found["years"],
        year=years.pop() if len(years) == 1 else payload["origin"],
        alike=len(set(given)) == 1,
        verdicts={kind: given.count(kind) for kind in kinds if kind in given},
    )


def _row(row: Mapping[str, Any], letter: str) -> Row:
    return Row(
        letter=letter,
        description=curly(row.get("description", "")).rstrip(". "),
        probability=row["probability"],
        mc_error=row["mc_error"],
        gap_median=row["gap_median"],
        gap=(row["gap_q05"], row["gap_q95"]),
        later=row["later"],
        verdict=verdict(row["probability"]),
    )
