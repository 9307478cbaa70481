"""The capacity gap, recipient minus supplier, in log-odds: where it ends, how it moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossover.forecast import gap_change

PARTS = {
    "all": gap_change.ALL,
    "research": gap_change.RESEARCH,
    "military": gap_change.MILITARY,
    "rest": gap_change.REST,
}


@dataclass(frozen=True)
class Span:
    """A change of the gap over some years up to the origin."""

    years: int
    mean: float
    median: float
    interval: tuple[float, float]
    """5 % and 95 % quantile."""
    positive: float
    """Probability that it is above zero."""


@dataclass(frozen=True)
class Capacity:
    """The gap at the horizon, and its change by span and part."""

    median: float | None
    interval: tuple[float | None, float | None]
    side: Literal["recipient", "supplier", "open"] | None
    """On whose side the interval at the horizon lies."""
    changes: Sequence[Span]
    """Of the whole gap."""
    years: Sequence[int]
    since: int | None
    """Year since which the median gap has been on the side where it is at the origin."""
    parts: Mapping[str, Sequence[Span]]
    """Rows of the catalogue, each with one change a span of `years`."""


def context(payload: Mapping[str, Any]) -> Capacity:
    """Return what the report says of the gap."""
    gap = payload["capacity"]["gap"]["future"]
    low, middle, high = (
        gap[key][-1] if gap["year"] else None for key in ("q05", "q50", "q95")
    )
    side = None
    if middle is not None:
        side = "recipient" if low > 0 else "supplier" if high < 0 else "open"
    found = {(row["years"], row["part"]): _span(row) for row in payload["gap_change"]}
    years = list(dict.fromkeys(row["years"] for row in payload["gap_change"]))
    return Capacity(
        median=middle,
        interval=(low, high),
        side=side,
        changes=[found[year, gap_change.ALL] for year in years],
        years=years,
        since=_since(payload["capacity"]["gap"]["past"]),
        parts={
            name: [found[year, part] for year in years] for name, part in PARTS.items() if years
        },
    )


def _since(past: Mapping[str, Any]) -> int | None:
    """Return since when the median has had its last sign; None where it always had it."""
    ahead = [value is not None and value > 0 for value in past["q50"]]
    turns = [
        year
        for year, one, before in zip(past["year"][1:], ahead[1:], ahead, strict=False)
        if one != before
    ]
    return turns[-1] if turns else None


def _span(row: Mapping[str, Any]) -> Span:
    return Span(
        row["years"], row["mean"], row["median"], (row["q05"], row["q95"]), row["p_positive"]
    )
