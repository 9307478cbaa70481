"""Arms exports of both countries, three-year means, and the markets that either could win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.countries import the
from crossover.reports.phrases import ROLES


@dataclass(frozen=True)
class Exports:
    """The latest means, TIV million, and who was above whom."""

    latest: Sequence[tuple[str, float]]
    """Country and its mean in `year`, for the suppliers of the sample."""
    year: int | None
    missing: Sequence[str]
    log_scale: bool
    last_above: int | None
    """The last year in which the recipient was above, where it is below at the origin."""
    markets: Sequence[str]
    market_years: tuple[int, int] | None


def context(payload: Mapping[str, Any]) -> Exports:
    """Return what the report says of exports."""
    data, rows = payload["exports"], payload["markets"]
    name = {role: the(payload["pair"][role]["name"]) for role in ROLES}
    past = {
        role: data[role]["past"] for role in ROLES if data[role] and data[role]["past"]["year"]
    }
    return Exports(
        latest=[(name[role], series["value"][-1]) for role, series in past.items()],
        year=next((series["year"][-1] for series in past.values()), None),
        missing=[name[role] for role in ROLES if not data[role]],
        log_scale=data["log_scale"],
        last_above=_last_above(payload),
        markets=[the(row["name"]) for row in rows],
        market_years=(rows[0]["first_year"], rows[0]["last_year"]) if rows else None,
    )


def _last_above(payload: Mapping[str, Any]) -> int | None:
    sides = [payload["exports"][role] for role in ROLES]
    if not all(sides):
        return None
    ours, theirs = (dict(zip(s["past"]["year"], s["past"]["value"], strict=True)) for s in sides)
    ahead = [
        year
        for year in sorted(ours.keys() & theirs.keys())
        if None not in (ours[year], theirs[year]) and ours[year] > theirs[year]
    ]
    return ahead[-1] if ahead and ahead[-1] != payload["origin"] else None
