"""What in a new release looks like a fault, judged by what the kept releases have shown.

Four things are looked for: figures that changed sign, figures that moved by a power of ten, whole
series that moved by one factor as with another base year, and jumps. A jump is a move that no kept
release has shown: each move is set against the largest earlier one of the same country (or pair);
it is a jump if it is more times that than any move of the series was when it came, or is the
largest of all. No bound of a jump is set by hand. Of a series of which nothing was kept before,
nothing can be said.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from data import look, revisions
from data.comparison import same
from data.revisions import Published
from data.sources.files import Batch
from data.tables import indicators

SIGN, FACTOR, BASE, JUMP = KINDS = ("sign", "factor", "base year", "jump")
REVISED, NEW = "revised", "new"
NEAR, NEAR_YEAR = 0.05, 0.1
"""A figure is a power of ten times another within this share, or the one of the year before."""
SURE = 3
"""From this power of ten on, the move alone is an alarm, whatever was shown before."""
LEAST = 5
"""Fewest moves of a country by which its next one is judged; fewest years for a common factor."""
OVERLAP = 3
"""Fewest years in two units by which figures are brought to one."""
COMMON, MOST, HALF = 0.01, 0.8, 0.5
"""One factor: within this share in most years; a series has moved where half its countries have."""
LEAST_FACTOR, FAR_FACTOR = 0.01, 5.0
"""Less is no change of base year; more is none either, but another unit."""
SMALLEST_TIV = 1.0
"""Volumes below a TIV million count as one: a ratio of less says nothing."""
COARSE_TIV = 0.5 / NEAR
"""Volumes are rounded to whole millions, so below this a ratio is not known within `NEAR`."""
LEFT_OUT = (look.DESCRIPTIONS,)
"""The same lines as deliveries, by name: a regrouping of names would look like a fault."""
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


@dataclass(frozen=True)
class Alarm:
    """Figures of one release of one series that look like one fault, the worst first.

    `of` is how many figures (of a change of base year: countries) were compared; `limit` how many
    times the largest earlier move one of this kind has been before.
    """

    kind: str
    series: str
    vintage: str
    file: str
    moves: tuple[Move, ...]
    of: int
    words: str
    limit: float | None = None

    def __str__(self) -> str:
        """Return the alarm as one line."""
        return f"{self.kind}: {self.series}, release of {self.vintage}: {self.words}"


def find(batch: Batch, kept: Iterable[Any]) -> list[Alarm]:
    """Return what looks like a fault in a release.

    Parameters
    ----------
    batch : the release.
    kept : rows of its series in the releases before it, none of an assumed date.
    """
    if batch.table in LEFT_OUT:
        return []
    known: dict[str, dict[str, list[Published]]] = defaultdict(lambda: defaultdict(list))
    ours: dict[str, list[Published]] = defaultdict(list)
    rows = [*kept, *batch.rows]
    covered = {(row.year, row.vintage) for row in rows} if batch.table == "transfers" else ()
    for one in revisions.published(batch.table, rows, covered):
        of = ours[one.series] if one.vintage == batch.vintage else known[one.series][one.vintage]
        of.append(one)
    found = []
    for series, release in ours.items():
        if known[series]:
            history = _History(series, known[series].values())
            for vintage in sorted(known[series]):
                history.learn(known[series][vintage])
            found += history.alarms(release, batch)
    return sorted(found, key=lambda alarm: KINDS.index(alarm.kind))


class _History:
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

    def _ratios(self, release: Sequence[Published], same_unit: bool) -> dict[tuple, list[float]]:
        """Return country → ratios to the figures before, of years in one unit or in two."""
        ratios: dict[tuple, list[float]] = defaultdict(list)
        for one in release:
            unit, before = self.newest.get((one.label, one.source), {}).get(one.year, ("", 0.0))
            if before > 0 and one.value > 0 and (unit == one.unit) == same_unit:
                ratios[one.label, one.source].append(one.value / before)
        return ratios

    def _factors(self, release: Sequence[Published]) -> dict[tuple, float]:
        """Return country → the factor that brings its figures to the unit that they have now."""
        ratios = self._ratios(release, same_unit=False)
        return {
            key: statistics.median(held) for key, held in ratios.items() if len(held) >= OVERLAP
        }

    # What is one ------------------------------------------------------------------------------

    def alarms(self, release: Sequence[Published], batch: Batch) -> list[Alarm]:
        """Return what looks like a fault in the next release."""
        moves = self.moves(release)
        told: set[Move] = set()

        def alarm(kind: str, found: Iterable[Move], words: Callable, limit: float | None = None):
            worst = tuple(sorted(found, key=lambda move: (-move.times, -move.size, move)))
            told.update(worst)
            if worst:
                said = words(worst)
                yield Alarm(
                    kind, self.series, batch.vintage, batch.file, worst, len(moves), said, limit
                )

        found = []
        found += alarm(SIGN, filter(self._flipped, moves), _flips)
        powers: dict[tuple[int, str], list[Move]] = defaultdict(list)
        for move in moves:
            if move not in told and self._mistaken(move):
                powers[move.power, move.kind].append(move)
        for (power, kind), held in powers.items():
            if kind == REVISED or abs(power) >= SURE or len(held) >= LEAST:
                found += alarm(FACTOR, held, _powers)
        shifted, base = self._bases(release, batch, told)
        found += base
        left = [m for m in moves if m not in told and (m.label, m.source) not in shifted]
        for kind in (REVISED, NEW):
            limit = self._limit(kind)
            jumps = [
                move
                for move in left
                if move not in told and move.kind == kind and self._unheard(move)
            ]
            found += alarm(JUMP, jumps, lambda held, limit=limit: self._jumps(held, limit), limit)
        return found

    def _limit(self, kind: str) -> float:
        return self.limits.get(kind, self.limits.get(NEW, 1.0))

    def _unheard(self, move: Move) -> bool:
        """Say whether no kept release has shown such a move."""
        return move.times > 1.0 and (
            move.times > self._limit(move.kind) or move.size > self.largest
        )

    def _mistaken(self, move: Move) -> bool:
        """Say whether a move by a power of ten may be a mistake, alone or with `LEAST` others.

        A new figure that is ten or a hundred times the year before is no more than a jump, if it
        is alone.
        """
        if not move.power:
            return False
        if move.kind == NEW:
            return self._unheard(move)
        coarse = self.series in VOLUMES and min(abs(move.before), abs(move.now)) < COARSE_TIV
        return abs(move.power) >= SURE or (move.times > 1.0 and not coarse)

    def _flipped(self, move: Move) -> bool:
        """Say whether a revised figure has only changed its sign, or moved as never before too.

        Around zero a revision changes the sign of many: a move that is smaller than the half of
        those before does not count.
        """
        if move.kind != REVISED or move.before * move.now >= 0:
            return False
        size = abs(move.now - move.before)
        sizes = self.sizes.get((move.label, move.source), ())
        usual = statistics.median(sizes) if len(sizes) >= LEAST else self.largest / 2
        mirrored = abs(move.now + move.before) <= NEAR * max(abs(move.now), abs(move.before))
        return move.times > 1.0 or (mirrored and size >= usual)

    def _bases(
        self, release: Sequence[Published], batch: Batch, told: Iterable[Move]
    ) -> tuple[set[tuple], list[Alarm]]:
        """Return the countries that moved by one factor each, where most did, and the alarm."""
        mistaken = {(move.label, move.source) for move in told}
        for same_unit, judge, words in (
            (True, _shifted, _shifts),
            (False, _unmoved, _stands),
        ):
            ratios = {
                key: held
                for key, held in self._ratios(release, same_unit).items()
                if len(held) >= LEAST and key not in mistaken
            }
            moved = {key: factor for key, held in ratios.items() if (factor := judge(held))}
            if moved and len(moved) >= HALF * len(ratios):
                said = words(moved, len(ratios), _noun(self.series))
                one = Alarm(
                    BASE, self.series, batch.vintage, batch.file, (), len(ratios), said
                )
                return set(moved), [one]
        return set(), []

    def _jumps(self, worst: Sequence[Move], limit: float) -> str:
        first, kind = worst[0], worst[0].kind
        labels = len({move.label for move in worst})
        what = "revised figure" if kind == REVISED else "new figure"
        noun = _noun(self.series)
        whom = f" of {labels} {noun[1]}" if labels > 1 else ""
        against = "" if kind == REVISED else " against the year before"
        how = (
            f"{first.times:.1f} times the largest earlier move of this {noun[0]}, where "
            f"{limit:.1f} times was the most"
            if first.times > limit
            else "the largest move of the whole series"
        )
        return (
            f"{_count(len(worst), what)}{whom} moved farther than any kept release has shown"
            f"{_as(worst)}{against}: {how}"
        )


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


def _common(ratios: Sequence[float]) -> float | None:
    """Return the one factor of most years, or None."""
    middle = statistics.median(ratios)
    near = sum(abs(ratio / middle - 1) <= COMMON for ratio in ratios)
    return middle if near >= MOST * len(ratios) else None


def _shifted(ratios: Sequence[float]) -> float | None:
    """Return a factor other than one of figures whose unit is the same."""
    factor = _common(ratios)
    return factor if factor and abs(math.log(factor)) > LEAST_FACTOR else None


def _unmoved(ratios: Sequence[float]) -> float | None:
    """Return a factor that no other base year gives: none at all, or one that is far too large."""
    factor = statistics.median(ratios)
    still = abs(factor - 1) <= COMMON
    return factor if still or abs(math.log(factor)) > math.log(FAR_FACTOR) else None


# In words ---------------------------------------------------------------------------------------


LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def shown(value: float) -> str:
    """Return a figure with four significant digits, a large one in millions and so on."""
    if not value:
        return "0"
    for size, word in LARGE:
        if abs(value) >= size:
            return f"{shown(value / size)} {word}"
    decimals = min(max(3 - math.floor(math.log10(abs(value))), 0), 6)
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def _named(move: Move) -> str:
    brought = " (brought to the new unit)" if move.factor != 1.0 else ""
    return f"{move.label} {move.year}: {shown(move.before)}{brought} → {shown(move.now)}"


def _as(worst: Sequence[Move]) -> str:
    """Name the one figure, or the worst of several."""
    return f"{', as' if len(worst) > 1 else ':'} {_named(worst[0])}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"


def _noun(series: str) -> tuple[str, str]:
    if series in OF_PAIRS:
        return "pair", "pairs"
    if series == look.UNIT_VALUES:
        return "supplier's weapon", "suppliers' weapons"
    return "country", "countries"


def _flips(worst: Sequence[Move]) -> str:
    return f"{_count(len(worst), 'figure')} changed sign{_as(worst)}"


def _powers(worst: Sequence[Move]) -> str:
    power = worst[0].power
    times = f"{10 ** abs(power):,}"
    size = f"{times} times" if power > 0 else f"one part in {times} of"
    what, than = (
        ("figure", "what they were" if len(worst) > 1 else "what it was")
        if worst[0].kind == REVISED
        else ("new figure", "the year before")
    )
    verb = "are" if len(worst) > 1 else "is"
    return f"{_count(len(worst), what)} {verb} {size} {than}{_as(worst)}"


def _shifts(moved: dict[tuple, float], of: int, noun: tuple[str, str]) -> str:
    middle = statistics.median(moved.values())
    return (
        f"{len(moved)} of {_these(of, noun)} moved by one factor in all years, in the middle × "
        f"{middle:.3f}, though the unit is the same: another base year?"
    )


def _stands(moved: dict[tuple, float], of: int, noun: tuple[str, str]) -> str:
    middle = statistics.median(moved.values())
    how = "have not moved" if abs(middle - 1) <= COMMON else f"are × {shown(middle)}"
    return (
        f"the unit names another base year than before, and the figures of {len(moved)} of "
        f"{_these(of, noun)} {how}: is the unit right?"
    )


def _these(n: int, noun: tuple[str, str]) -> str:
    return f"{n} {noun[0] if n == 1 else noun[1]}"
