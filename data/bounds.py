"""How far a release may differ from the ones before: as far as real revisions say, and no farther.

Each signal of a release (see `data.signals`) is set beside the same signal of every kept release of
its kind, when that came. No bound is set by hand but one: that at most one real release in fifty
should be stopped. A bound is the value that the next release would exceed with a chance of that,
divided among its signals, or the largest value that was ever seen, whichever is larger.

Most signals are zero in some releases. With k of n values above zero, the next one is above zero
with probability (k+1)/(n+2), and if so, exceeds x with probability (1 + x/S)⁻ᵏ, where S is the sum:
that is an exponential distribution of unknown mean (its predictive distribution under the prior
1/mean, exact also in repeated sampling).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossover.data import views
from crossover.data.comparison import WHOLE_RELEASES, WHOLE_YEARS, series_of
from crossover.data.measures import measure
from crossover.data.signals import Known, Signal
from crossover.data.tables import indicators
from crossover.data.views import Cells, View

STOPPED = 0.02
"""Share of real releases that may be stopped."""
NEVER = ("lost", "years", "reading", "factor")
"""What no release may do that no release has done: lack a country or a year of those known, fit
better when it is read otherwise, or have one country's figures times one factor in all years. Few
releases were kept, and by their number alone none is a rule.
"""
GROUPS = {
    table: group
    for group in (
        ("transfers", "descriptions", "unit_values"),
        ("orders",),
        ("country_years", "votes", "totals"),
    )
    for table in group
}
"""Table → the tables whose releases say how far one of its own may go."""
EXTRACTS = ("WDI", "OECD")
"""Providers of whom people download some countries and years."""


def bound(values: Sequence[float], chance: float) -> float:
    """Return what the next value exceeds with a given chance, at least the largest of them.

    Parameters
    ----------
    values : what was seen, zero or more; of none nothing is known, so that nothing is too much.
    chance : of a false stop, between 0 and 1.
    """
    if not values:
        return math.inf
    seen = [value for value in values if value > 0]
    ever = (len(seen) + 1) / (len(values) + 2)
    if not seen:
        return 0.0 if ever <= chance else math.inf
    return max(*seen, math.fsum(seen) * ((ever / chance) ** (1 / len(seen)) - 1), 0.0)


@dataclass
class Pools:
    """The signals of kept releases, by what they can be compared with."""

    held: dict[tuple[str, ...], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, signals: Sequence[Signal], changes: bool = False) -> None:
        """Take a release in; one that changes nothing says nothing of the size of changes.

        `changes` says that it changes something, where the signals do not.
        """
        sizes = (one.value for one in signals if one.name in ("agreement", "gone", "late"))
        if changes or any(size > 0 for size in sizes):
            for signal in signals:
                self.held[signal.pool].append(signal.value)

    def too_much(self, signals: Sequence[Signal]) -> list[tuple[Signal, float]]:
        """Return the signals that go beyond their bound, and the bound."""
        chance = STOPPED / max(len(signals), 1)
        found = [(one, self._limit(one, chance)) for one in signals]
        return [(one, limit) for one, limit in found if one.value > limit]

    def _limit(self, signal: Signal, chance: float) -> float:
        seen = self.held.get(signal.pool, [])
        return 0.0 if signal.name in NEVER and not any(seen) else bound(seen, chance)


@dataclass
class Series:
    """The kept releases of one series and source: the cells of each view, and the unit, by day."""

    table: str
    name: str
    whole: bool
    days: dict[str, dict[tuple[str, str], Cells]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, day: str, seen: Sequence[View], unit: str) -> None:
        """Keep a release."""
        held = self.days.setdefault(day, {})
        for view in seen:
            held[view.name] = held.get(view.name, {}) | view.cells
        self.units[day] = unit

    def known(self, day: str, unit: str) -> Known | None:
        """Return what was known before a release, None where nothing was.

        Of tables whose years are taken whole, each year as its newest release had it; of registers
        the newest; of others each figure as its newest release had it, in the newest unit.
        """
        earlier = sorted(one for one in self.days if one < day)
        if not earlier:
            return None
        newest = self.units[earlier[-1]]
        usable = [one for one in earlier if self.units[one] == newest]
        older = tuple(self.days[one] for one in usable) if newest == unit else ()
        before: dict[tuple[str, str], Cells] = defaultdict(dict)
        if self.table in WHOLE_RELEASES:
            before |= self.days[earlier[-1]]
        elif self.table in WHOLE_YEARS:
            for name in self.days[earlier[-1]]:
                before[name] = _by_year(self.days[one].get(name, {}) for one in usable[::-1])
        else:
            for one in usable:
                for name, cells in self.days[one].items():
                    before[name] |= cells
        return Known(before, dict(zip(usable, older, strict=False)), newest != unit, self.whole)


def _by_year(releases: Iterable[Cells]) -> Cells:
    """Return each year as the first release that has it."""
    found: Cells = {}
    covered: set[int] = set()
    for cells in releases:
        found |= {key: x for key, x in cells.items() if key[1] not in covered}
        covered |= {year for _, year in cells}
    return found


class Past:
    """The kept releases, and how far each differed from what was known when it came.

    Parameters
    ----------
    rows_of : table → the rows of it that are known, none of an assumed date.
    partial : (table, release) of which only a part was kept; these say nothing of a whole one.
    """

    def __init__(
        self,
        rows_of: Callable[[str], Iterable[Any]],
        partial: Callable[[str, str], bool] = lambda table, vintage: False,
    ):
        self.rows_of, self.partial = rows_of, partial
        self.series: dict[tuple[str, str, str], Series] = {}
        self.pools: dict[str, Pools] = {}
        self.released: list[Released] = []

    def load(self, table: str) -> Pools:
        """Return the signals of the kept releases that a release of a table is set beside."""
        group = GROUPS[table]
        if group[0] not in self.pools:
            pools = self.pools[group[0]] = Pools()
            for one in group:
                for released in self._went(one):
                    self.released.append(released)
                    pools.add(released.signals)
        return self.pools[group[0]]

    def _went(self, table: str) -> Iterator[Released]:
        """Yield the releases of a table that had one before, as they came, and keep them all."""
        releases: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
        for row in self.rows_of(table):
            source = getattr(row, "source", "")
            releases[series_of(table, row), source, row.vintage].append(row)
        for (series, source, day), rows in sorted(releases.items()):
            if not self.partial(table, day):
                found = self.measured(table, series, source, day, rows)
                if found is not None:
                    yield Released(table, series, day, found)

    def measured(
        self, table: str, series: str, source: str, day: str, rows: Sequence[Any]
    ) -> list[Signal] | None:
        """Return the signals of a release, and keep it; None where nothing was known before."""
        place = (table, series, source)
        if place not in self.series:
            self.series[place] = Series(table, series, _is_whole(table, series, source))
        kept = self.series[place]
        seen, unit = views.of(table, rows), getattr(rows[0], "unit", "")
        known = kept.known(day, unit)
        kept.add(day, seen, unit)
        return None if known is None else measure(known, seen)


@dataclass(frozen=True)
class Released:
    """A kept release, and how far it differed from what was known when it came."""

    table: str
    series: str
    vintage: str
    signals: list[Signal]


def _is_whole(table: str, series: str, source: str) -> bool:
    """Say whether releases of a series come whole, so that what is missing is gone."""
    known = indicators().get(series)
    return table != "totals" and (known is None or known.provider not in EXTRACTS)
