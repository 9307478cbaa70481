"""What is judged of skill: whether the model beats the best benchmark, and whether intervals hold.

By the difference of mean scores, which is below zero where the model is better; by its 90 %
interval over origins, and that of the share of outturns within an interval.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.reports import catalogue
from crossover.reports.phrases import Payload
from crossover.reports.skill import BETTER, FULL, rows, standing

Row = Mapping[str, Any]
FOCAL = ("Russia to China", "China's imports", "Russia's exports", "China's exports", "focal four")
MASSES = (50, 80, 90)
NO_RD, NO_MILITARY = "no_rd", "no_military"
NO_MILITARY_OVER_RD = "no_military_over_no_rd"
"""R&D without military spending, over military spending without R&D."""
HELD, NARROW, WIDE = "held", "narrow", "wide"
FEW = 8
"""Origins below which an interval over them is called rough."""


@dataclass(frozen=True)
class Coverage:
    """Share of outturns within the interval of a mass (%), its ends, and whether that is right."""

    mass: int
    share: float | None
    low: float | None
    high: float | None
    verdict: str | None


@dataclass(frozen=True)
class Scored:
    """A row of the backtest's summary, how the model stands in it, and how its intervals held."""

    row: Row
    verdict: str
    coverage: tuple[Coverage, ...]

    def missed(self, verdict: str) -> tuple[Coverage, ...]:
        """Return the intervals that were too narrow, or too wide."""
        return tuple(one for one in self.coverage if one.verdict == verdict)

    @property
    def rough(self) -> bool:
        """Whether it rests on few origins."""
        return len(self.row["origins"]) < FEW


@dataclass(frozen=True)
class Target:
    """One target with its groups of horizons, near ones first."""

    name: str
    scored: tuple[Scored, ...]

    @property
    def judged(self) -> bool:
        """Whether there are origins enough to judge intervals."""
        return any(one.verdict for scored in self.scored for one in scored.coverage)

    @property
    def missed(self) -> tuple[tuple[str, str, tuple[Coverage, ...]], ...]:
        """Return (group, narrow or wide, intervals) of every miss."""
        found = [
            (scored.row["group"], verdict, scored.missed(verdict))
            for scored in self.scored for verdict in (NARROW, WIDE)
        ]  # fmt: skip
        return tuple(one for one in found if one[2])


@dataclass(frozen=True)
class Seen:
    """Origins of some targets: those that saw the figures of their time, in part, and not."""

    targets: tuple[str, ...]
    real: tuple[int, ...]
    partly: tuple[int, ...]
    truncated: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A part of the model: how many origins it was left out at, and its skill by volume."""

    name: str
    origins: int
    cells: tuple[Scored | None, ...]


@dataclass(frozen=True)
class Skill:
    """The section on skill; all but `known` empty where no backtest is shipped.

    Attributes
    ----------
    targets : In the order of the catalogue.
    origins : Years from which forecasts were made.
    seen : What the origins saw, targets alike together.
    focal, events, parts : Rows of their tables.
    rd, rd_orders, rd_military : R&D left out of forecasts of deliveries, and of orders won; and R&D
        without military spending against the reverse. None where the backtest has no such variant.
    """

    known: bool
    targets: tuple[Target, ...] = ()
    origins: tuple[int, ...] = ()
    seen: tuple[Seen, ...] = ()
    focal: tuple[Scored, ...] = ()
    events: tuple[Scored, ...] = ()
    rd: Scored | None = None
    rd_orders: Scored | None = None
    rd_military: Scored | None = None
    parts: tuple[Part, ...] = ()
    few: int = FEW

    @property
    def scored(self) -> tuple[Scored, ...]:
        """Every comparison by target and horizon."""
        return tuple(one for target in self.targets for one in target.scored)

    @property
    def verdicts(self) -> Mapping[str, int]:
        """Comparisons by how the model stands."""
        return Counter(one.verdict for one in self.scored)

    @property
    def judged(self) -> tuple[Coverage, ...]:
        """Intervals of 90 % of which it is known whether they held."""
        every = (one.coverage[-1] for one in self.scored)
        return tuple(one for one in every if one.verdict)

    @property
    def held(self) -> int:
        """How many of these did."""
        return sum(one.verdict == HELD for one in self.judged)

    @property
    def truncated(self) -> bool:
        """Whether some origins saw later figures cut off."""
        return any(one.partly or one.truncated for one in self.seen)

    @property
    def lost(self) -> tuple[str, ...]:
        """Targets for which skill has not been shown, at some horizons or at all."""
        return tuple(
            target.name for target in self.targets
            if any(one.verdict != BETTER for one in target.scored)
        )  # fmt: skip


def context(payload: Payload) -> Skill:
    """Judge what a payload holds on skill."""
    if not payload["skill"]["known"]:
        return Skill(False)
    told = catalogue.load()
    found = [
        Target(name, _ordered(rows(payload, "target"), (name,))) for name in told["target"]
    ]
    targets = tuple(target for target in found if target.scored)
    every = {y for target in targets for one in target.scored for y in one.row["origins"]}
    return Skill(
        known=True,
        targets=targets,
        origins=tuple(sorted(every)),
        seen=_seen(targets),
        focal=_ordered(rows(payload, "focal"), FOCAL),
        events=_ordered(rows(payload, "event"), told["asked"]),
        rd=_compared(payload, FULL, NO_RD),
        rd_orders=_compared(payload, FULL, NO_RD, "orders"),
        rd_military=_compared(payload, NO_MILITARY, NO_RD),
        parts=_parts(payload),
    )


def _ordered(own: Sequence[Row], targets: Sequence[str] | Mapping[str, Any]) -> tuple[Scored, ...]:
    by_name = {(row["target"], row["group"]): row for row in own}
    keys = itertools.product(targets, catalogue.load()["horizon"])
    return tuple(_scored(by_name[key]) for key in keys if key in by_name)


def _scored(row: Row) -> Scored:
    return Scored(row, standing(row), tuple(coverage(row, mass) for mass in MASSES))


def coverage(row: Row, mass: int) -> Coverage:
    """Return how an interval held: its mass ought to lie within the 90 % interval of the share."""
    low, high = row[f"in_{mass}_q05"], row[f"in_{mass}_q95"]
    verdict = None
    if low is not None and high is not None:
        verdict = NARROW if 100 * high < mass else WIDE if 100 * low > mass else HELD
    return Coverage(mass, row[f"in_{mass}"], low, high, verdict)


def _seen(targets: Sequence[Target]) -> tuple[Seen, ...]:
    alike: dict[tuple[tuple[int, ...], ...], list[str]] = {}
    for target in targets:
        every, real, partly = (
            {year for one in target.scored for year in one.row[key]}
            for key in ("origins", "real_time", "partly_assumed")
        )
        kinds = tuple(tuple(sorted(some)) for some in (real, partly, every - real - partly))
        alike.setdefault(kinds, []).append(target.name)
    return tuple(Seen(tuple(names), *kinds) for kinds, names in alike.items())


def _compared(
    payload: Payload, model: str, against: str, target: str = "deliveries"
) -> Scored | None:
    own = rows(payload, "ablation", model)
    found = (row for row in own if (row["against"], row["target"]) == (against, target))
    return next(map(_scored, found), None)


def _parts(payload: Payload) -> tuple[Part, ...]:
    told = catalogue.load()
    found = []
    for name in told["ablation"]:
        model, against = (NO_MILITARY, NO_RD) if name == NO_MILITARY_OVER_RD else (FULL, name)
        cells = tuple(_compared(payload, model, against, target) for target in told["volume"])
        if any(cells):
            origins = {year for one in cells if one for year in one.row["origins"]}
            found.append(Part(name, len(origins), cells))
    return tuple(found)
