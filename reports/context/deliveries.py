"""What the supplier delivers to the recipient, TIV million a year: on record and expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Year:
    """What is expected in one year, and how probable less than each level is."""

    year: int
    expected: float
    median: float
    half: tuple[float, float]
    """25 % and 75 % quantile."""
    interval: tuple[float, float]
    """5 % and 95 % quantile."""
    below: Mapping[str, float]


@dataclass(frozen=True)
class Deliveries:
    """The record’s peak and recent mean, the horizon, and the years up to the headline year."""

    peak: Mapping[str, float] | None
    recent_mean: float | None
    half: tuple[float | None, float | None]
    """25 % and 75 % quantile at the horizon."""
    zero: float | None
    """Probability that nothing is delivered at the horizon."""
    marked: bool
    """Whether the mark of independence is known."""
    periods: int
    within_50: int
    within_90: int
    """Periods of the record whose orders lie within the bands of the fitted model."""
    years: Sequence[Year]


def context(payload: Mapping[str, Any]) -> Deliveries:
    """Return what the report says of deliveries."""
    data = payload["dependence"]
    end, check = data["deliveries"], data["past_check"]
    last = -1 if end["year"] else None
    return Deliveries(
        peak=data["peak"],
        recent_mean=data["recent_mean"],
        half=tuple(None if last is None else end[key][last] for key in ("q25", "q75")),
        zero=data["zero_share"][-1] if data["zero_share"] else None,
        marked=bool(data["base_mean"]),
        periods=check["periods"],
        within_50=check["within_50"],
        within_90=check["within_90"],
        years=[
            Year(
                row["year"], row["expected"], row["median"], (row["q25"], row["q75"]),
                (row["q05"], row["q95"]), row["below"],
            )
            for row in payload["arrivals"] if row["year"] <= payload["headline_year"]
        ],
    )  # fmt: skip
