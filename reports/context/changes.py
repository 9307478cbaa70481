"""What is judged of the change since the last edition.

A change is called one only where it is larger than two of its Monte-Carlo errors. Changes and
influences are differences of probability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.reports import changes_figures
from crossover.reports.changes_figures import STEPS
from crossover.reports.phrases import RECIPIENT, SUPPLIER, Payload, curly, the

Row = Mapping[str, Any]
NEAREST = 5
"""Figures of next year that are shown when none moves the headline by ten points."""
NOTHING, FIT, RUN = "nothing changed", "fit", "run"
_, REVISED, NEW = STEPS
SCALES = {"international $": 1e-9, "US$ million": 1e-3}
"""Unit of a table → by what it is multiplied in print."""


@dataclass(frozen=True)
class Release:
    """A series of which the two runs saw different releases (dates; None for none)."""

    series: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Step:
    """How a step was parted from the others: none, fit, run, or next for not at all."""

    name: str
    how: str


@dataclass(frozen=True)
class Part:
    """What one step changed: `how` as of a `Step`; the change is None where it is not known."""

    name: str
    how: str
    change: float | None
    mc_error: float | None


@dataclass(frozen=True)
class Moved:
    """One probability before and after, with what each step changed.

    `repeats`: the row before is of the same event. `verdict`: same, within (two Monte-Carlo
    errors) or beyond.
    """

    event: str
    by: int
    before: float | None
    before_error: float | None
    parts: tuple[Part, ...]
    after: float | None
    after_error: float | None
    error: float | None
    verdict: str
    repeats: bool

    @property
    def change(self) -> float:
        """The whole change."""
        return self.after - self.before

    @property
    def told(self) -> tuple[Part, ...]:
        """Steps that a sentence tells."""
        return tuple(part for part in self.parts if part.change)


@dataclass(frozen=True)
class Observation:
    """One figure of deliveries, TIV million, and whether its influence is to be relied on."""

    name: str
    year: int
    restated: bool
    before: float | None
    now: float
    influence: float
    mc_error: float
    khat: float | None
    reliable: bool


@dataclass(frozen=True)
class Condition:
    """A figure of next year beyond a bound, and the probability of the headline then.

    `country` is None for a figure of the pair; `bound` is scaled for print, in `unit` of the table.
    """

    observable: str
    country: str | None
    side: str
    bound: float
    unit: str
    chance: float
    probability: float
    mc_error: float
    change: float


@dataclass(frozen=True)
class Changes:
    """The section on what changed; only `known` and the rest empty where that was not explained.

    Attributes
    ----------
    before, now : The records of the two runs.
    releases, any_release
        Series of which the runs saw different releases, and whether any is on record.
    own, reason
        Whether the run was fitted on its own, not moved on, and else the reason on record.
    steps : How each was parted.
    beliefs : Which of priors and code differ; None where that step changed nothing or is not known.
    headline, rows : The probability of the headline, and all.
    sure, most : Rows that moved beyond their errors, and that which moved most.
    compared : How many have a probability before.
    observations
        Those that moved the headline most; the reliable one that did, and how many are not.
    settled : Whether every draw has one answer.
    conditions, moving, tried : Figures of next year that are printed, whether these move the
        headline by ten points, and how many were tried.
    """

    known: bool
    before: Row | None = None
    now: Row | None = None
    releases: tuple[Release, ...] = ()
    any_release: bool = False
    own: bool = True
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    beliefs: tuple[str, ...] | None = None
    headline: Moved | None = None
    rows: tuple[Moved, ...] = ()
    observations: tuple[Observation, ...] = ()
    settled: bool = False
    conditions: tuple[Condition, ...] = ()
    moving: bool = False
    tried: int = 0
    drawn: tuple[Row, ...] = ()

    @property
    def compared(self) -> int:
        """How many probabilities are known before and after."""
        return sum(row.before is not None for row in self.rows)

    @property
    def sure(self) -> tuple[Moved, ...]:
        """Rows that moved beyond their errors."""
        return tuple(row for row in self.rows if row.verdict == "beyond")

    @property
    def most(self) -> Moved:
        """The row that moved most, of those that did beyond their errors."""
        return max(self.sure, key=lambda row: round(abs(row.change), 6))

    @property
    def ways(self) -> tuple[str, ...]:
        """Every way in which a step of the table was made."""
        return tuple(dict.fromkeys(part.how for row in self.rows for part in row.parts))

    @property
    def top(self) -> Observation | None:
        """The reliable observation that moved the headline most."""
        return next((one for one in self.observations if one.reliable), None)

    @property
    def doubtful(self) -> int:
        """How many observations are not to be relied on."""
        return sum(not one.reliable for one in self.observations)

    @property
    def each_way(self) -> tuple[Condition, ...]:
        """The likeliest condition that raises the headline and the likeliest that lowers it."""
        found = []
        for sign in (1, -1):
            found += [one for one in self.conditions if sign * one.change > 0][:1]
        return tuple(found)


def context(payload: Payload) -> Changes:
    """Judge what a payload holds on the change since the last edition."""
    part = payload["changes"]
    if not part["known"]:
        return Changes(False)
    update, before, now = part["update"], part["from"], part["to"]
    rows = _rows(part["rows"])
    own = not update or update["from"] != before["id"]
    reason = None if own else update.get("reason")
    moving = [one for one in part["conditions"] if one["moves"]]
    shown = moving or sorted(part["conditions"], key=lambda c: -abs(c["change"]))[:NEAREST]
    return Changes(
        known=True,
        before=before,
        now=now,
        releases=_releases(before["vintages"], now["vintages"]),
        any_release=bool(before["vintages"] or now["vintages"]),
        own=own,
        reason=None if reason is None else curly(str(reason)).replace("_", " ").rstrip("."),
        steps=tuple(
            Step(name, _way(link["how"]))
            for name, link in zip(STEPS, part["links"][1:], strict=True)
        ),
        beliefs=_beliefs(part),
        headline=next(row for row in rows if (row.event, row.by) == (part["event"], part["by"])),
        rows=rows,
        observations=tuple(_observation(row, part) for row in part["observations"]),
        settled=not 0.0 < part["probability"] < 1.0,
        conditions=tuple(_condition(payload, row) for row in shown),
        moving=bool(moving),
        tried=len(part["conditions"]),
        drawn=tuple(changes_figures.shown(payload)),
    )


def _releases(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Release, ...]:
    return tuple(
        Release(key, before.get(key), after.get(key))
        for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)
    )  # fmt: skip


def _way(how: str) -> str:
    return {NOTHING: "none"}.get(how, how if how in (FIT, RUN) else "next")


def _beliefs(part: Row) -> tuple[str, ...] | None:
    if part["links"][1]["how"] == NOTHING:
        return None
    return tuple(key for key in ("priors", "code") if part["from"][key] != part["to"][key])


def _rows(rows: Sequence[Row]) -> tuple[Moved, ...]:
    found, last = [], None
    for row in rows:
        parts = tuple(
            Part(step["step"], _way(step["how"]), step["change"], step["mc_error"])
            for step in row["steps"]
        )
        error = whole_error(row)
        found.append(
            Moved(
                row["event"], row["by"], row["before"], row["before_error"], parts, row["after"],
                row["after_error"], error, verdict(row["before"], row["after"], error),
                row["event"] == last,
            )
        )  # fmt: skip
        last = row["event"]
    return tuple(found)


def verdict(before: float | None, after: float | None, error: float | None) -> str:
    """Say whether a change is larger than two of its Monte-Carlo errors (0 if not known)."""
    if before is None or not after - before:
        return "same"
    return "beyond" if abs(after - before) > 2 * (error or 0.0) else "within"


def whole_error(row: Row) -> float | None:
    """Return the error of the whole change, None where that of an end is not known."""
    moved = [step for step in row["steps"] if step["change"]]
    if not moved:
        return 0.0
    if len(moved) == 1:
        return moved[0]["mc_error"]
    ends = (row["before_error"], row["after_error"])
    return None if None in ends else math.hypot(*ends)


def _observation(row: Row, part: Row) -> Observation:
    return Observation(
        row["name"], row["year"], row["kind"] == REVISED, row["before"], row["now"],
        row["influence"], row["mc_error"], row["khat"], row["khat"] <= part["khat_max"],
    )  # fmt: skip


def _condition(payload: Payload, row: Row) -> Condition:
    sides = {payload["pair"][role]["code"]: payload["pair"][role]["name"]
             for role in (RECIPIENT, SUPPLIER)}  # fmt: skip
    return Condition(
        observable=row["observable"],
        country=the(sides.get(row["of"], row["of"])),
        side=row["side"],
        bound=SCALES.get(row["unit"], 1.0) * row["bound"],
        unit=row["unit"],
        chance=row["chance"],
        probability=row["probability"],
        mc_error=row["mc_error"],
        change=row["change"],
    )
