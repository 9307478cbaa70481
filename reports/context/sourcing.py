"""Where deliveries come from: suppliers by period, orders by year, and what was forecast before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossover.data.countries import the
from crossover.data.names import SUPPLIER
from crossover.forecast import sources
from crossover.reports import sourcing

NEAR = 5
"""Years ahead of which is said how much of their deliveries is on the book."""


@dataclass(frozen=True)
class Period:
    """A span of years, and the supplier's part in what the recipient received in it."""

    first: int
    last: int
    share: float
    interval: tuple[float | None, float | None]
    """5 % and 95 % quantile, where it is expected."""


@dataclass(frozen=True)
class Sourcing:
    """What is known of suppliers and of orders; None where the run does not hold it."""

    before: Period | None
    """The last period on record in which anything came."""
    ahead: Period | None
    largest: tuple[str, float] | None
    """The supplier of whom most is expected, and its share."""
    years: tuple[int, int] | None
    """The years ahead that the next three speak of."""
    book: float | None
    unlisted: float | None
    new: float | None
    """Parts of what is expected in those years."""
    last: int | None
    """The last year that is drawn."""
    book_last: float | None
    """The part that is on the book in that year."""
    cases: int
    within_90: int
    """Past forecasts with an outturn, and how many outturns their 90 % intervals held."""
    edition: bool
    """Whether any of them was published."""


def context(payload: Mapping[str, Any]) -> Sourcing:
    """Return what the report says of where deliveries come from."""
    periods, own = payload["sourcing"]["suppliers"], payload["pair"][SUPPLIER]["code"]
    before, ahead = (
        next((_period(p, own) for p in reversed(periods) if p["kind"] == kind), None)
        for kind in (sources.OBSERVED, sources.EXPECTED)
    )
    orders, past = payload["sourcing"]["orders"], payload["hedgehog"]
    parts = dict.fromkeys((sources.BOOK, sources.UNLISTED, sources.NEW))
    if orders:
        parts = _parts(orders, slice(0, NEAR))
    return Sourcing(
        before=before,
        ahead=ahead,
        largest=_largest(periods, payload["pair"][SUPPLIER]),
        years=(orders["year"][0], orders["year"][:NEAR][-1]) if orders else None,
        book=parts[sources.BOOK],
        unlisted=parts[sources.UNLISTED],
        new=parts[sources.NEW],
        last=orders["year"][-1] if orders else None,
        book_last=_parts(orders, slice(-1, None))[sources.BOOK] if orders else None,
        cases=past["cases"],
        within_90=past["within_90"],
        edition=any(one["kind"] == sourcing.EDITION for one in past["forecasts"]),
    )


def _period(period: Mapping[str, Any], own: str) -> Period | None:
    row = next((row for row in period["rows"] if row["seller"] == own), None)
    if row is None:
        return None
    return Period(
        period["first"], period["last"], row["share"], (row["share_q05"], row["share_q95"])
    )


def _largest(
    periods: list[Mapping[str, Any]], own: Mapping[str, Any]
) -> tuple[str, float] | None:
    rows = [row for p in periods if p["kind"] == sources.EXPECTED for row in p["rows"]
            if row["name"]]  # fmt: skip
    if not rows:
        return None
    row = max(rows, key=lambda row: row["share"])
    return the(own["name"] if row["seller"] == own["code"] else row["name"]), row["share"]


def _parts(orders: Mapping[str, list], years: slice) -> dict[str, float | None]:
    """Return the share of each part in what is expected in some years."""
    sums = {part: sum(orders[part][years])
            for part in (sources.BOOK, sources.UNLISTED, sources.NEW)}  # fmt: skip
    total = sum(sums.values())
    return {part: value / total if total > 0 else None for part, value in sums.items()}
