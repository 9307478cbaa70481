"""How a release differs from what it replaces, in numbers that can be set beside earlier releases.

A signal is zero where nothing is odd, and grows. It is the negative log of a share that agrees, the
log of a factor, a share of figures, or how much better the release would fit if it were read in
another way: with its sides exchanged, a year later, backwards. They are measured in
`data.measures`; what is too much of one is said in `data.bounds`.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from crossover.data.history import LEAST, OVERLAP
from crossover.data.views import Cells, overlap

COMMON, MOST = 0.01, 0.8
"""One factor: within this share in most years."""


@dataclass(frozen=True)
class Signal:
    """One number on a release, and the words for it if it is too large.

    `pool` names the signals of other releases that it can be set beside; `shown` turns its value
    into what is printed.
    """

    name: str
    pool: tuple[str, ...]
    value: float
    words: str
    shown: Callable[[float], str] = field(default=lambda value: "", compare=False)


@dataclass(frozen=True)
class Known:
    """What was known when a release came, view by view.

    `before` is what it replaces; `older` are the releases before it, by day; `rebased` says that
    the unit was another one; `whole` that a release of this provider leaves nothing out.
    """

    before: dict[tuple[str, str], Cells]
    older: Mapping[str, dict[tuple[str, str], Cells]] = field(default_factory=dict)
    rebased: bool = False
    whole: bool = True


@dataclass
class Agreed:
    """How much of some figures agrees: what is shared, the whole, and how many there are."""

    shared: float = 0.0
    whole: float = 0.0
    count: int = 0

    @property
    def apart(self) -> float:
        """What is not shared."""
        return self.whole - self.shared

    @property
    def odd(self) -> float:
        """The negative log of the share that agrees."""
        return -math.log(max(self.shared / self.whole, 1e-6)) if self.whole else 0.0


def misfit(before: Cells, now: Cells) -> float:
    """Return what share does not agree of two series; all of it where few years can be told."""
    held = [overlap(x, now[key]) for key, x in before.items() if key in now]
    return 1.0 - statistics.mean(held) if len(held) >= LEAST else 1.0


def apart_of(before: Cells, now: Cells, keys: Sequence[tuple[str, int]], back: int) -> float:
    """Return what share of volumes does not agree with those of some years before."""
    shared = whole = 0.0
    for label, year in keys:
        x, z = before.get((label, year - back), 0.0), now.get((label, year), 0.0)
        shared, whole = shared + min(x, z), whole + max(x, z)
    return 1.0 - shared / whole if whole else 0.0


def factors_of(before: Cells, now: Cells) -> dict[str, float]:
    """Return label → the factor that brings its figures to the unit that they have now."""
    ratios: dict[str, list[float]] = defaultdict(list)
    for (label, year), x in before.items():
        z = now.get((label, year), 0.0)
        if x > 0 and z > 0:
            ratios[label].append(z / x)
    return {n: statistics.median(held) for n, held in ratios.items() if len(held) >= OVERLAP}


def common_factor(logs: Sequence[float]) -> float:
    """Return the log of the one factor of most years, or zero."""
    if len(logs) < LEAST:
        return 0.0
    middle = statistics.median(logs)
    near = sum(abs(math.expm1(one - middle)) <= COMMON for one in logs)
    return middle if near >= MOST * len(logs) and abs(middle) > COMMON else 0.0


def rank_correlation(pairs: Sequence[Sequence[float]]) -> float:
    """Return the rank correlation of pairs of numbers."""
    ranks = []
    for side in (0, 1):
        order = sorted(range(len(pairs)), key=lambda n, side=side: pairs[n][side])
        rank = [0.0] * len(pairs)
        for place, n in enumerate(order):
            rank[n] = float(place)
        ranks.append(rank)
    try:
        return statistics.correlation(*ranks)
    except statistics.StatisticsError:
        return 1.0


def of_year(cells: Cells, year: int) -> dict[str, float]:
    """Return label → figure of one year."""
    return {label: value for (label, y), value in cells.items() if y == year}


def years_of(cells: Cells) -> set[int]:
    """Return the years of which there are figures."""
    return {year for _, year in cells}


def agree(apart: float) -> str:
    """Return what agrees, as it is printed, from the share that does not."""
    return f"{100 * (1 - apart):.1f} %"


def percent(odd: float) -> str:
    """Return the share that agrees, as it is printed, from its negative log."""
    return f"{100 * math.exp(-odd):.1f} %"


def percent_of(value: float) -> str:
    """Return a share as it is printed."""
    return f"{100 * value:.2g} %"


def times(value: float) -> str:
    """Return a factor as it is printed, from its log."""
    return f"× {math.exp(value):.3g}"


def rank(value: float) -> str:
    """Return a rank correlation as it is printed."""
    return f"{2 * math.exp(-value) - 1:.2f}"


def fit(value: float) -> str:
    """Return how much better another reading fits, as it is printed."""
    return f"{math.exp(value):.2g} times better"
