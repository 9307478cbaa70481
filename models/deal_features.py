"""What the life of a deal hangs on: one row of features a question, for the fit and the futures.

Compiled loops, so that the fit's tables and the simulated deals are described by the same lines.
Every function fills a row that is given to it. Sizes are logs of TIV million, small amounts counted
as `SMALLEST`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.models.caching import njit
from crossover.models.order_book import NEVER, RUNNING, SMALLEST, UNNUMBERED, WAITING

CHANCE = (
    "waiting_0", "waiting_1", "waiting_2", "waiting_3_4", "waiting_5_7", "waiting_8",
    "running", "running_8", "waiting_size", "running_size", "running_missed_1", "running_missed_2",
    "unnumbered", "unnumbered_missed_1", "unnumbered_missed_2", "unnumbered_waiting",
    "complete", "complete_missed_1", "complete_missed_2",
    "waiting_size_early", "running_missed_3",
)  # fmt: skip
"""Whether a deal delivers in a year: by state, age, what is left, years since the last delivery."""
GONE = ("waiting", "waiting_5", "running", "unnumbered", "complete")
"""Whether the next register lacks it."""
SHARE = (
    "level", "running", "size", "units", "pace", "large", "running_size", "running_age",
    "running_units",
)  # fmt: skip
"""What share of what is left is delivered, if not all."""
WHOLE = (*SHARE, "one_unit")
"""Whether all that is left is delivered at once."""
SPREAD = ("level", "running", "units", "large")
"""How far apart such shares are, of deals that are alike."""
SPREAD_AT = tuple(SHARE.index(name) for name in SPREAD)
WAIT = (*(f"age_{a}" for a in range(7)), "size", "size_early")
"""Whether an order has its first delivery at an age."""
KNOWN = (*(f"age_{a}" for a in range(6)), *(f"begun_{a}" for a in range(6)), "size")
"""Whether a register lists an order."""
MIDDLE = 2.6
"""Log of a middling order's TIV million."""
LARGE = 5.0
EARLY = 2
"""Years after the order in which a large one is less likely to begin than a small one."""
MANY = 2.0
PACE_RANGE = (-4.0, 3.0)


@njit(cache=True)
def chance(row: Any, state: int, age: int, left: float, since: int) -> None:
    """Fill the features of the chance of a delivery; `left` in TIV million."""
    row[:] = 0.0
    size = np.log(max(left, SMALLEST)) - 3.0
    if state == WAITING:
        if age <= 2:
            row[max(age, 0)] = 1.0
        elif age <= 4:
            row[3] = 1.0
        elif age <= 7:
            row[4] = 1.0
        else:
            row[5] = 1.0
        row[8] = size
        row[19] = size if age < EARLY else 0.0
    elif state == RUNNING:
        row[6] = 1.0
        row[7] = 1.0 if age >= 8 else 0.0
        row[9] = size
        if since == 1:
            row[10] = 1.0
        elif since == 2:
            row[11] = 1.0
        elif since > 2:
            row[20] = 1.0
    elif state == UNNUMBERED:
        if since <= 0:
            row[12] = 1.0
        elif since == 1:
            row[13] = 1.0
        elif since < NEVER:
            row[14] = 1.0
        else:
            row[15] = 1.0
    elif since <= 0:
        row[16] = 1.0
    elif since == 1:
        row[17] = 1.0
    else:
        row[18] = 1.0


@njit(cache=True)
def gone(row: Any, state: int, age: int) -> None:
    """Fill the features of the chance that the next register lacks a deal."""
    row[:] = 0.0
    if state == WAITING:
        row[0] = 1.0
        row[1] = 1.0 if age >= 5 else 0.0
    else:
        row[state + 1] = 1.0


@njit(cache=True)
def whole(
    row: Any, state: int, age: int, left: float, units: float, delivered: float, times: int
) -> None:
    """Fill the features of what is delivered, if anything (WHOLE; the first are SHARE).

    `left` and `delivered` in TIV million, `units` not yet delivered, `times`: years with
    deliveries so far.
    """
    size, many = np.log(max(left, SMALLEST)), np.log(units)
    row[:] = 0.0
    row[0] = 1.0
    row[2] = size - 3.0
    row[3] = many - MANY
    row[5] = max(size - LARGE, 0.0)
    if state == RUNNING:
        pace = np.log(max(delivered / max(times, 1), 1e-3) / max(left, 1e-3))
        row[1] = 1.0
        row[4] = min(max(pace, PACE_RANGE[0]), PACE_RANGE[1])
        row[6] = size - 3.0
        row[7] = min(age, 15) / 5.0
        row[8] = many - MANY
    row[9] = 1.0 if many <= SMALLEST else 0.0


@njit(cache=True)
def wait(row: Any, age: int, log_tiv: float) -> None:
    """Fill the features of the chance of a first delivery at an age."""
    row[:] = 0.0
    row[min(age, 6)] = 1.0
    row[7] = log_tiv - MIDDLE
    row[8] = log_tiv - MIDDLE if age <= EARLY else 0.0


@njit(cache=True)
def known(row: Any, age: int, begun: bool, log_tiv: float) -> None:
    """Fill the features of the chance that a register lists an order."""
    row[:] = 0.0
    row[min(age, 5) + (6 if begun else 0)] = 1.0
    row[12] = log_tiv - MIDDLE


def table(fill: Any, width: int, *columns: Any) -> np.ndarray:
    """Return the features (row, feature) that one of these functions gives of columns of values."""
    out = np.zeros((len(columns[0]), width))
    for row, values in zip(out, zip(*columns, strict=True), strict=True):
        fill(row, *values)
    return out
