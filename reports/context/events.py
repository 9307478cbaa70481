"""The events of a pair: how probable each is in a year, by it and for good, and when it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.countries import the
from crossover.data.names import (
    CAPACITY_CROSSOVER_SUSTAINED,
    CONTESTED_ORDERS,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    INDEPENDENCE,
    KINDS,
    LASTING,
    STATE,
)
from crossover.reports.phrases import ROLES
from crossover.reports.reading import at_year

BY_ANOTHER_RULE = (CAPACITY_CROSSOVER_SUSTAINED, EXPORT_CROSSOVER_SINGLE)
FEW_DRAWS = 100
"""Timing that rests on fewer draws than this is flagged."""


@dataclass(frozen=True)
class Event:
    """One event of the pair."""

    name: str
    defined: bool
    reason: str | None
    """Row of the catalogue that says why it is not defined."""
    entry: Mapping[str, Any]
    now: bool | None
    """Whether it held at the origin, where that is on record."""
    happens: bool
    """Whether it happens in any draw."""
    few: int | None
    """Draws in which it happens, where they are few."""
    mc_error: float | None
    """Largest Monte Carlo standard error of its probabilities."""

    def p(self, year: int | str, kind: str = STATE) -> float | None:
        """Return its probability in a year, by it (first passage) or from it on (lasting)."""
        return at_year(self.entry, int(year), kind)


@dataclass(frozen=True)
class Events:
    """Every event, and the years of which they are asked."""

    rows: Sequence[Event]
    led_with: Sequence[Event]
    """One rule a claim: the same asked by another rule stands in the annex."""
    by: Mapping[str, Event]
    states: Sequence[int]
    """Milestones up to the headline year, the origin included."""
    asked: Sequence[tuple[str, int]]
    """Kind and year of the columns of the key table."""
    spans: Mapping[str, int]
    """Columns of each kind."""
    not_exporting: Sequence[str]
    """Countries of the pair that are not among the suppliers of the sample."""


def context(payload: Mapping[str, Any]) -> Events:
    """Return what the report says of events."""
    late, origin = payload["headline_year"], payload["origin"]
    states = [year for year in payload["milestones"] if year <= late]
    asked = [*((STATE, y) for y in states), (FIRST_PASSAGE, late), (LASTING, late)]
    missing = [
        the(payload["pair"][role]["name"])
        for role in ROLES
        if not payload["pair"][role]["exporter"]
    ]
    rows = [_event(payload, entry, missing) for entry in payload["events"]]
    return Events(
        rows=rows,
        led_with=[row for row in rows if row.name not in BY_ANOTHER_RULE],
        by={row.name: row for row in rows},
        states=[year for year in states if year > origin],
        asked=asked,
        spans={kind: sum(k == kind for k, _ in asked) for kind in KINDS},
        not_exporting=missing,
    )


def _event(payload: Mapping[str, Any], entry: Mapping[str, Any], missing: Sequence[str]) -> Event:
    name = entry["event"]
    if not entry["defined"]:
        return Event(name, False, _reason(payload, name, missing), entry, None, False, None, None)
    draws = round(entry["within"] * payload["draws"])
    slips = [e for of in entry["kinds"].values() for e in of["mc_error"] if e is not None]
    now = at_year(entry, payload["origin"])
    return Event(
        name=name,
        defined=True,
        reason=None,
        entry=entry,
        now=bool(now) if entry["observed_at_origin"] and now in (0.0, 1.0) else None,
        happens=entry["median"] is not None and entry["within"] > 0,
        few=draws if 0 < draws < FEW_DRAWS else None,
        mc_error=max(slips, default=None),
    )


def _reason(payload: Mapping[str, Any], name: str, missing: Sequence[str]) -> str:
    if name in (EXPORT_CROSSOVER, EXPORT_CROSSOVER_SINGLE, CONTESTED_ORDERS) and missing:
        return "not_exporting"
    if name == CONTESTED_ORDERS and not payload["markets"]:
        return "no_markets"
    if name == INDEPENDENCE and not payload["dependence"]["base_mean"]:
        return "no_deliveries"
    return "no_answer"
