"""The essay's claims: what an earlier edition answered, what a run answers, and why that moved.

The earlier answers are of a run whose model is gone, so they are kept as they were printed.
"""

from __future__ import annotations

import csv
from pathlib import Path

from crossover.data.errors import InputError, fault

BEFORE = Path(__file__).parent / "guide" / "claims_before.csv"
HEADER = ("claim", "earlier edition", "this one", "why it moved")


def then_and_now(claims: Path) -> list[tuple[str, ...]]:
    """Return a row for each claim, as of `HEADER`.

    Parameters
    ----------
    claims
        The table claims.csv of a run.

    Raises
    ------
    InputError
        If a claim has no earlier answer, or the other way round.
    """
    now = {row["claim"]: row for row in _rows(claims)}
    before = {row["claim"]: row for row in _rows(BEFORE)}
    for name in sorted(now.keys() ^ before.keys()):
        lacking = BEFORE if name in now else claims
        raise InputError(fault("has no answer to this claim", file=lacking, value=name))
    return [
        (row["says"], _answer(before[name]), _answer(row), before[name]["why"])
        for name, row in now.items()
    ]


def _answer(row: dict[str, str]) -> str:
    return f"**{row['verdict']}**: {row['figure'].replace('-', '−')}"


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))
