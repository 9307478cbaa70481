"""What in a new release looks like a fault, judged by what the kept releases have shown.

Four things are looked for: figures that changed sign, figures that moved by a power of ten, whole
series that moved by one factor as with another base year, and jumps. A jump is a move that no kept
release has shown: more times the largest earlier one of its country (or pair) than any was when it
came, or the largest of all (see `data.history`). No bound of a jump is set by hand. Of a series of
which nothing was kept before, nothing can be said.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data import look, revisions
from crossover.data.history import LEAST, NEAR, NEW, OF_PAIRS, REVISED, VOLUMES, History, Move
from crossover.data.revisions import Published
from crossover.data.sources.files import Batch

SIGN, FACTOR, BASE, JUMP = KINDS = ("sign", "factor", "base year", "jump")
OTHERWISE, COVERAGE, DISTANCE = "misread", "coverage", "distance"
"""Kinds of what is found in a release as a whole; see `data.plausible`."""
ORDER = (OTHERWISE, SIGN, FACTOR, BASE, COVERAGE, DISTANCE, JUMP)
"""In what order they are told: what says the most comes first."""
SURE = 3
"""From this power of ten on, the move alone is an alarm, whatever was shown before."""
COMMON, MOST, HALF = 0.01, 0.8, 0.5
"""One factor: within this share in most years; a series has moved where half its countries have."""
FAR_FACTOR = 5.0
"""A factor beyond this is no other base year, but another unit."""
COARSE_TIV = 0.5 / NEAR
"""Volumes are rounded to whole millions, so below this a ratio is not known within `NEAR`."""
LEFT_OUT = (look.DESCRIPTIONS,)
"""The same lines as deliveries, by name: a regrouping of names would look like a fault."""


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

    @property
    def stops(self) -> bool:
        """Whether it stops an addition: a jump alone is what no release had shown, and no fault."""
        return self.kind != JUMP

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
            history = History(series, known[series].values())
            for vintage in sorted(known[series]):
                history.learn(known[series][vintage])
            found += _Judged(history, release, batch).alarms()
    return sorted(found, key=lambda alarm: KINDS.index(alarm.kind))


class _Judged:
    """A release of a series before its history; each move is told of once."""

    def __init__(self, history: History, release: Sequence[Published], batch: Batch):
        self.history, self.release, self.batch = history, release, batch
        self.moves = history.moves(release)
        self.told: set[Move] = set()

    def alarms(self) -> list[Alarm]:
        """Return what looks like a fault, one alarm for all figures of a kind."""
        found = self._alarm(SIGN, filter(self._flipped, self.moves), _flips)
        powers: dict[tuple[int, str], list[Move]] = defaultdict(list)
        for move in self._left():
            if self._mistaken(move):
                powers[move.power, move.kind].append(move)
        for (power, kind), held in powers.items():
            if kind == REVISED or abs(power) >= SURE or len(held) >= LEAST:
                found += self._alarm(FACTOR, held, _powers)
        shifted, base = self._bases()
        found += base
        for kind in (REVISED, NEW):
            jumps = [
                move
                for move in self._left()
                if move.kind == kind
                and (move.label, move.source) not in shifted
                and self.history.unheard(move)
            ]
            found += self._alarm(JUMP, jumps, self._jumps, self.history.limit(kind))
        return found

    def _left(self) -> list[Move]:
        return [move for move in self.moves if move not in self.told]

    def _alarm(
        self, kind: str, moves: Iterable[Move], words: Callable, limit: float | None = None
    ) -> list[Alarm]:
        worst = tuple(sorted(moves, key=lambda move: (-move.times, -move.size, move)))
        self.told.update(worst)
        return [self._told(kind, worst, len(self.moves), words(worst), limit)] if worst else []

    def _told(
        self, kind: str, worst: tuple[Move, ...], of: int, words: str, limit: float | None = None
    ) -> Alarm:
        batch, series = self.batch, self.history.series
        return Alarm(kind, series, batch.vintage, batch.file, worst, of, words, limit)

    def _mistaken(self, move: Move) -> bool:
        """Say whether a move by a power of ten may be a mistake, alone or with `LEAST` others.

        A new figure that is ten or a hundred times the year before is no more than a jump, if it
        is alone.
        """
        if not move.power:
            return False
        if move.kind == NEW:
            return self.history.unheard(move)
        smaller = min(abs(move.before), abs(move.now))
        coarse = self.history.series in VOLUMES and smaller < COARSE_TIV
        return abs(move.power) >= SURE or (move.times > 1.0 and not coarse)

    def _flipped(self, move: Move) -> bool:
        """Say whether a revised figure has only changed its sign, or moved as never before too.

        Around zero a revision changes the sign of many: a move that is smaller than the half of
        those before does not count.
        """
        if move.kind != REVISED or move.before * move.now >= 0:
            return False
        size = abs(move.now - move.before)
        mirrored = abs(move.now + move.before) <= NEAR * max(abs(move.now), abs(move.before))
        return move.times > 1.0 or (mirrored and size >= self.history.usual(move))

    def _bases(self) -> tuple[set[tuple], list[Alarm]]:
        """Return the countries that moved by one factor each, where most did, and the alarm."""
        mistaken = {(move.label, move.source) for move in self.told}
        for same_unit, judge, words in ((True, _shifted, _shifts), (False, _unmoved, _stands)):
            ratios = {
                key: held
                for key, held in self.history.ratios(self.release, same_unit).items()
                if len(held) >= LEAST and key not in mistaken
            }
            moved = {key: factor for key, held in ratios.items() if (factor := judge(held))}
            if moved and len(moved) >= HALF * len(ratios):
                said = words(moved, len(ratios), _noun(self.history.series))
                return set(moved), [self._told(BASE, (), len(ratios), said)]
        return set(), []

    def _jumps(self, worst: Sequence[Move]) -> str:
        first, kind = worst[0], worst[0].kind
        limit = self.history.limit(kind)
        labels = len({move.label for move in worst})
        what = "revised figure" if kind == REVISED else "new figure"
        noun = _noun(self.history.series)
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


def _common(ratios: Sequence[float]) -> float | None:
    """Return the one factor of most years, or None."""
    middle = statistics.median(ratios)
    near = sum(abs(ratio / middle - 1) <= COMMON for ratio in ratios)
    return middle if near >= MOST * len(ratios) else None


def _shifted(ratios: Sequence[float]) -> float | None:
    """Return a factor other than one of figures whose unit is the same."""
    factor = _common(ratios)
    return factor if factor and abs(math.log(factor)) > COMMON else None


def _unmoved(ratios: Sequence[float]) -> float | None:
    """Return a factor that no other base year gives: none at all, or one that is far too large."""
    factor = statistics.median(ratios)
    still = abs(factor - 1) <= COMMON
    return factor if still or abs(math.log(factor)) > math.log(FAR_FACTOR) else None


# In words ---------------------------------------------------------------------------------------


LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def shown(*values: float) -> tuple[str, ...]:
    """Return figures with four significant digits, large ones in millions and so on.

    The smallest of them says in what, so that they can be compared at sight.
    """
    smallest = min((abs(value) for value in values if value), default=0.0)
    size, word = next(((s, f" {w}") for s, w in LARGE if smallest >= s), (1.0, ""))
    return tuple(f"{_digits(value / size)}{word if value else ''}" for value in values)


def _digits(value: float) -> str:
    if not value:
        return "0"
    decimals = min(max(3 - math.floor(math.log10(abs(value))), 0), 6)
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def _named(move: Move) -> str:
    before, now = shown(move.before, move.now)
    brought = " (brought to the new unit)" if move.factor != 1.0 else ""
    return f"{move.label} {move.year}: {before}{brought} → {now}"


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
    how = "have not moved" if abs(middle - 1) <= COMMON else f"are × {_digits(middle)}"
    return (
        f"the unit names another base year than before, and the figures of {len(moved)} of "
        f"{_these(of, noun)} {how}: is the unit right?"
    )


def _these(n: int, noun: tuple[str, str]) -> str:
    return f"{n} {noun[0] if n == 1 else noun[1]}"
