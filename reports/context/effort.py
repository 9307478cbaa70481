"""R&D effort of both countries: the latest figures, and whose stock is the larger since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossover.data.countries import the
from crossover.reports.phrases import ROLES


@dataclass(frozen=True)
class Latest:
    """The latest published share of R&D in GDP, %; None without any."""

    country: str
    share: float | None
    year: int | None


@dataclass(frozen=True)
class Effort:
    """Both countries’ R&D."""

    latest: Sequence[Latest]
    ratio: float | None
    """The recipient’s stock over the supplier’s, in `ratio_year`."""
    ratio_year: int | None
    larger: Literal["always", "since"] | None
    """Since the record begins, since `since`, or not."""
    since: int | None


def context(payload: Mapping[str, Any]) -> Effort:
    """Return what the report says of R&D effort."""
    rd = payload["rd"]
    latest = []
    for role in ROLES:
        series = rd[role]["share_observed"]
        given = (series["value"][-1], series["year"][-1]) if series["year"] else (None, None)
        latest.append(Latest(the(payload["pair"][role]["name"]), *given))
    stocks = [rd[role]["stock_past"]["year"] for role in ROLES]
    known = rd["ratio"] is not None
    first = max(years[0] for years in stocks) if known else None
    passed = rd["passed"] if known else None
    return Effort(
        latest=latest,
        ratio=rd["ratio"],
        ratio_year=min(years[-1] for years in stocks) if known else None,
        larger=None if passed is None else "always" if passed <= first else "since",
        since=first if passed is not None and passed <= first else passed,
    )
