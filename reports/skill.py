"""The numbers of a report on skill: how good such forecasts were from past origins.

They come from the summary of one full backtest that ships with the package, not from the run. Where
none is shipped this part is empty and the report has no such section.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.forecast import shipped

FILE = shipped.BACKTEST
FULL = "full"
BETTER, WORSE, UNSURE, UNKNOWN = "better", "worse", "unsure", "unknown"
WORDS = ("part", "target", "group", "model", "against", "score")
YEARS = ("origins", "real_time", "partly_assumed")
ONCE = ("made", "command", "panel")
OF_FITS = ("fits", "passed", "rhat", "ess", "divergences")


def collect(path: Path | None = None) -> dict[str, Any]:
    """Read the summary of a backtest.

    Parameters
    ----------
    path
        A summary.csv of `crossover backtest`; the shipped one when None.

    Returns
    -------
    dict
        `known`: whether there is one; `rows`: its rows, numbers as numbers, empty cells None,
        `origins`, `real_time` and `partly_assumed` as lists of years; and, where known, `made`,
        `command`, `panel`, `fits`, `passed`, `rhat`, `ess`, `divergences`, the same for all
        rows.
    """
    rows = shipped.rows(path or FILE)
    if not rows:
        return {"known": False, "rows": []}
    first = rows[0]
    return {
        "known": True,
        "rows": [_row(row) for row in rows],
        **{key: first[key] for key in ONCE},
        **{key: _number(first[key]) for key in OF_FITS},
    }


def _row(row: dict[str, str]) -> dict[str, Any]:
    once = (*ONCE, *OF_FITS, "seed")
    return {
        key: text if key in WORDS
        else [int(year) for year in text.split()] if key in YEARS
        else _number(text)
        for key, text in row.items()
        if key not in once
    }  # fmt: skip


def _number(text: str) -> float | None:
    return float(text) if text else None


def rows(payload: Mapping[str, Any], part: str, model: str = FULL) -> list[dict[str, Any]]:
    """Return the rows of a part of the summary, of one model."""
    own = payload["skill"]["rows"]
    return [row for row in own if row["part"] == part and row["model"] == model]


def standing(row: Mapping[str, Any]) -> str:
    """Say how our model stands: better or worse beyond the 90 % interval, unsure, or unknown."""
    low, high = row["difference_q05"], row["difference_q95"]
    if low is None or high is None:
        return UNKNOWN
    return BETTER if high < 0 else WORSE if low > 0 else UNSURE
