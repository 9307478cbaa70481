"""How far the figures of a series have moved, from release to release and from year to year.

A move is set against the largest earlier one of the same country (or pair). How many times that it
has been, for each kept release when it came, is the bound by which the next release is judged: the
series sets it itself.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from crossover.data import look
from crossover.data.comparison import same
from crossover.data.revisions import Published
from crossover.data.tables import indicators

REVISED, NEW = "revised", "new"
LEAST = 5
"""Fewest moves of a country by which its next one is judged."""
OVERLAP = 3
"""Fewest years in two units by which figures are brought to one."""
NEAR, NEAR_YEAR = 0.05, 0.1
"""A figure is a power of ten times another within this share, or the one of the year before."""
SMALLEST_TIV = 1.0
"""Volumes below a TIV million count as one: a ratio of less says nothing."""
OF_PAIRS = (look.DELIVERIES, look.ORDERS)
VOLUMES = (*OF_PAIRS, *look.FLOWS)


class Move(NamedTuple):
    """A figure that moved: against the release before, or a new one against the year before.

    `size` is the log of the ratio, or of series that can be negative the difference; `times` is
    that over the largest earlier move of the same country or pair. `before` is in the unit of
    `now`: `factor`, where it is not one, has brought a figure of another unit to it.
    """

    kind: str
    label: str
    source: str
    year: int
    before: float
    now: float
    size: float
    times: float
    factor: float = 1.0

    @property
    def power(self) -> int:
        """Power of ten by which it moved, 0 where by none."""
        if self.before * self.now <= 0:
            return 0
        log = math.log10(self.now / self.before)
        near = NEAR if self.kind == REVISED else NEAR_YEAR
        return round(log) if abs(log - round(log)) < math.log10(1 + near) else 0


class History:
    """What the kept releases of a series have shown, growing release by release."""

    def __init__(self, series: str, releases: Iterable[Sequence[Published]]):
        self.series = series
        self.measure = _measure(series, (one.value for held in releases for one in held))
        self.newest: dict[tuple[str, str], dict[int, tuple[str, float]]] = defaultdict(dict)
        self.sizes: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.largest = 0.0
        self.limits: dict[str, float] = {}

    def learn(self, release: Sequence[Published]) -> None:
        """Take a release in: its moves are what the next ones are judged by."""
        moves = self.moves(release)
        if not self.newest:
            self.limits[NEW] = _within(moves)
        else:
            for kind in (REVISED, NEW):
                seen = [move.times for move in moves if move.kind == kind]
                if seen:
                    self.limits[kind] = max(self.limits.get(kind, 1.0), *seen)
        for move in moves:
            self.sizes[move.label, move.source].append(move.size)
            self.largest = max(self.largest, move.size)
        for one in release:
            self.newest[one.label, one.source][one.year] = (one.unit, one.value)

    def moves(self, release: Sequence[Published]) -> list[Move]:
        """Return the figures that moved, against those before; new ones against the year before."""
        ours = {(one.label, one.source, one.year): one for one in release}
        factors = self._factors(release)
        moves = []
        for one in release:
            key = (one.label, one.source)
            held = self.newest.get(key, {})
            if one.year in held:
                unit, before = held[one.year]
                factor = 1.0 if unit == one.unit else factors.get(key)
                kind = REVISED
            else:
                previous = ours.get((*key, one.year - 1))
                unit, before = held.get(one.year - 1, (None, 0.0))
                if previous is not None:
                    unit, before = previous.unit, previous.value
                factor = 1.0 if unit == one.unit else None
                kind = NEW
            if factor is None:
                continue
            before *= factor
            if not same(before, one.value):
                moves.append(self._move(kind, one, before, factor))
        return moves

    def _move(self, kind: str, one: Published, before: float, factor: float) -> Move:
        size = self.measure(before, one.value)
        sizes = self.sizes.get((one.label, one.source), ())
        against = max(sizes) if len(sizes) >= LEAST else self.largest
        times = size / against if against else 0.0
        place = (one.label, one.source, one.year)
        return Move(kind, *place, before, one.value, size, times, factor)

    def ratios(self, release: Sequence[Published], same_unit: bool) -> dict[tuple, list[float]]:
        """Return country → ratios to the figures before, of years in one unit or in two."""
        ratios: dict[tuple, list[float]] = defaultdict(list)
        for one in release:
            unit, before = self.newest.get((one.label, one.source), {}).get(one.year, ("", 0.0))
            if before > 0 and one.value > 0 and (unit == one.unit) == same_unit:
                ratios[one.label, one.source].append(one.value / before)
        return ratios

    def _factors(self, release: Sequence[Published]) -> dict[tuple, float]:
        """Return country → the factor that brings its figures to the unit that they have now."""
        ratios = self.ratios(release, same_unit=False)
        return {
            key: statistics.median(held) for key, held in ratios.items() if len(held) >= OVERLAP
        }

    def limit(self, kind: str) -> float:
        """Return how many times the largest earlier move of its country one has been at most."""
        return self.limits.get(kind, self.limits.get(NEW, 1.0))

    def unheard(self, move: Move) -> bool:
        """Say whether no kept release has shown such a move."""
        return move.times > 1.0 and (
            move.times > self.limit(move.kind) or move.size > self.largest
        )

    def usual(self, move: Move) -> float:
        """Return the middle size of the moves of a country, or half the largest of the series."""
        sizes = self.sizes.get((move.label, move.source), ())
        return statistics.median(sizes) if len(sizes) >= LEAST else self.largest / 2


def signed(series: str) -> bool:
    """Say whether figures of a series can be negative, so that a ratio of them says nothing."""
    known = indicators().get(series)
    return series == look.IDEAL_POINT or bool(known and (known.low is None or known.low < 0))


def _measure(series: str, values: Iterable[float]) -> Callable[[float, float], float]:
    """Return how far a figure has moved: as a log ratio, or where it can be negative in its unit.

    Below the smallest figure kept (of volumes of arms, a TIV million) a ratio says nothing: less,
    or zero, counts as that.
    """
    if signed(series):
        return lambda before, now: abs(now - before)
    floor = (
        SMALLEST_TIV
        if series in VOLUMES
        else min((value for value in values if value > 0), default=SMALLEST_TIV)
    )
    return lambda before, now: abs(math.log(max(now, floor) / max(before, floor)))


def _within(moves: Iterable[Move]) -> float:
    """Return how many times the largest earlier move of a country a move of one release has been.

    The first release kept shows moves from year to year only; from the sixth of a country on,
    each is set against those before it.
    """
    by: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in moves:
        by[move.label, move.source].append(move)
    most = 1.0
    for held in by.values():
        largest = 0.0
        for n, move in enumerate(sorted(held, key=lambda move: move.year)):
            if n >= LEAST and largest:
                most = max(most, move.size / largest)
            largest = max(largest, move.size)
    return most
