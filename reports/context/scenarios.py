"""What each scenario changes, and what the thesis advises, put to a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.names import QUANTITY
from crossover.reports import catalogue
from crossover.reports.context import audit
from crossover.reports.phrases import Payload

Row = Mapping[str, Any]
ADVICE = ("approach_the_junior", "confrontation_binds", "trade_binds")
"""Claims of what would help; of the last only the figure is told."""


@dataclass(frozen=True)
class Line:
    """One event at a year, or one quantity: the baseline, and a row for each scenario."""

    name: str
    year: int
    baseline: float
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Largest:
    """The largest change of a probability, of all that the chart shows."""

    event: str
    scenario: str
    year: int
    change: float


@dataclass(frozen=True)
class Scenarios:
    """The section on scenarios; empty where a run has none.

    Attributes
    ----------
    heads : Name, title and description of each scenario but the baseline.
    events, event_titles
        Differences of probability, and the titles of the scenarios in their order.
    quantities, quantity_titles, year
        Differences of quantities in the year nearest to the headline's.
    advice, untold : Claims on what would help; those of which only the figure is told.
    largest : Of all changes by year; None where there is no chart.
    """

    heads: tuple[Row, ...]
    events: tuple[Line, ...]
    event_titles: tuple[str, ...]
    quantities: tuple[Line, ...]
    quantity_titles: tuple[str, ...]
    year: int | None
    advice: tuple[audit.Claim, ...]
    largest: Largest | None
    untold: tuple[str, ...] = ADVICE[-1:]


def context(payload: Payload) -> Scenarios:
    """Return what scenarios change."""
    part = payload["partnership"]["scenarios"]
    titles = {head["name"]: head["title"] for head in part["heads"]}
    events = [row for row in part["rows"] if row["kind"] != QUANTITY]
    quantities = [row for row in part["rows"] if row["kind"] == QUANTITY]
    years = sorted({round(row["year"]) for row in part["rows"]})
    late = payload["headline_year"]
    year = min(years, key=lambda y: (abs(y - late), y)) if quantities else None
    claims = audit.context(payload).claims
    return Scenarios(
        heads=tuple(head for head in part["heads"] if head["name"] != "baseline"),
        events=_lines(events, dict.fromkeys(row["name"] for row in events), years),
        event_titles=_titles(events, titles),
        quantities=_lines(quantities, catalogue.load()["shift"], [year]),
        quantity_titles=_titles(quantities, titles),
        year=year,
        advice=tuple(claim for claim in claims if claim.name in ADVICE),
        largest=_largest(part["curves"], titles),
    )


def _largest(curves: Sequence[Row], titles: Mapping[str, str]) -> Largest | None:
    every = [
        Largest(curve["event"], titles.get(name, name), round(year), change)
        for curve in curves
        for name, line in curve["lines"].items()
        for year, change in zip(curve["year"], line, strict=True)
        if math.isfinite(change)
    ]
    return max(every, key=lambda one: abs(one.change), default=None)


def _titles(rows: Sequence[Row], titles: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(titles.get(name, name) for name in _scenarios(rows))


def _scenarios(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["scenario"] for row in rows))


def _lines(
    rows: Sequence[Row], names: Mapping[str, Any], years: Sequence[int | None]
) -> tuple[Line, ...]:
    found = []
    for name in names:
        for year in years:
            of = {r["scenario"]: r for r in rows if (r["name"], r["year"]) == (name, year)}
            if of:
                first = next(iter(of.values()))
                found.append(
                    Line(name, year, first["baseline"], tuple(of[n] for n in _scenarios(rows)))
                )
    return tuple(found)
