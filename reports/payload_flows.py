"""Spending, capacity, deliveries and exports of a pair as a report prints them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import (
    BASE_YEARS,
    BASELINE,
    COUNTRY,
    DRAW,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    ORDER_PERIOD,
    RECIPIENT,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import cause_names, conventions
from crossover.forecast import events as event_rules
from crossover.reports.reading import (
    fan,
    gap_over_conventions,
    observed,
    read_table,
)

TALL = 2.0
"""A band that ends at more than so many times the highest figure on record needs a log scale."""


def trailing_mean(past: xr.DataArray, future: xr.DataArray, length: int) -> xr.DataArray:
    """Trailing means of draws (draw, year_future) that begin with observed years (year,).

    Parameters
    ----------
    past, future
        The same quantity: what was observed, and its draws.
    length
        Years in a mean, the year it is dated by included.
    """
    drawn = future.transpose(DRAW, YEAR_FUTURE).values.astype(float)
    tail = np.broadcast_to(past.values[-(length - 1) :], (len(drawn), length - 1))
    means = event_rules.trailing_mean(np.concatenate([tail, drawn], axis=1), length)
    years = {YEAR_FUTURE: future[YEAR_FUTURE].values}
    return xr.DataArray(means, dims=(DRAW, YEAR_FUTURE), coords=years)


def rd_of(
    base: xr.Dataset, constant: xr.Dataset, pair: tuple[str, str], origin: int
) -> dict[str, Any]:
    """Return R&D shares and stocks of both countries, seen and expected."""
    result: dict[str, Any] = {}
    for role, code in zip((SUPPLIER, RECIPIENT), pair, strict=True):
        figures = constant["rd_share"].sel({COUNTRY: code})
        future = base[["rd_share", "rd_stock", "rd_stock_past"]].sel({COUNTRY: code})
        stock_past = future["rd_stock_past"].sel({YEAR: slice(None, origin)})
        result[role] = {
            "share_observed": observed(figures),
            "share": fan(future["rd_share"], YEAR_FUTURE),
            "stock_past": observed(stock_past),
            "stock": fan(future["rd_stock"], YEAR_FUTURE),
        }
    result["unit"] = str(constant["gdp"].attrs.get("units", "")) if "gdp" in constant else ""
    stocks = [
        dict(zip(stock["year"], map(float, stock["value"]), strict=True))
        for stock in (result[role]["stock_past"] for role in (SUPPLIER, RECIPIENT))
    ]
    both = {year: (stocks[0][year], stocks[1][year]) for year in stocks[0] if year in stocks[1]}
    last = both[max(both)] if both else (0.0, 0.0)
    result["ratio"] = last[1] / last[0] if last[0] > 0 else None
    result["passed"] = _last_crossing({year: pair[1] > pair[0] for year, pair in both.items()})
    return result


def _last_crossing(ahead: Mapping[int, bool]) -> int | None:
    """First year of the spell of being ahead that lasts to the end, None without one."""
    found = None
    for year in sorted(ahead, reverse=True):
        if not ahead[year]:
            break
        found = int(year)
    return found


def capacity_of(base: xr.Dataset, pair: tuple[str, str], origin: int) -> dict[str, Any]:
    """Return capacity of both countries and the gap, by year."""
    past = base["theta_past"].sel({YEAR: slice(None, origin)})
    result: dict[str, Any] = {}
    for role, code in zip((SUPPLIER, RECIPIENT), pair, strict=True):
        result[role] = {
            "past": fan(past.sel({COUNTRY: code}), YEAR),
            "future": fan(base["theta"].sel({COUNTRY: code}), YEAR_FUTURE),
        }
    gap = (conventions.past(base).sel({YEAR: past[YEAR]}), conventions.ahead(base))
    return result | gap_over_conventions(*gap)


def dependence_of(base: xr.Dataset, pair: tuple[str, str]) -> dict[str, Any]:
    """Return deliveries, shares and orders of the pair, by year."""
    deliveries = base["deliveries_observed"]
    imports = base["imports_observed"].sel({RECIPIENT: pair[1]})
    first, last = BASE_YEARS
    mean = float(deliveries.sel({YEAR: slice(first, last)}).mean())
    shares = (deliveries / imports).where(imports > 0)
    future = fan(base["deliveries"], YEAR_FUTURE)
    recent = deliveries.dropna(YEAR).isel({YEAR: slice(-MEAN_YEARS, None)})
    return {
        "deliveries_observed": observed(deliveries),
        "deliveries": future,
        "base_mean": mean,
        "floor": INDEPENDENCE_SHARE * mean,
        "recent_mean": float(recent.mean()),
        "zero_share": (base["deliveries"] <= 0).mean(DRAW).values,
        "peak": _peak(deliveries),
        "log_scale": _tall(future, float(deliveries.max())),
        "past_check": _past_check(base),
        "share_observed": observed(shares),
        "share_past": fan(base["import_share_past"], YEAR),
        "share": fan(base["import_share"], YEAR_FUTURE),
        "orders_past": fan(base["orders_past"], ORDER_PERIOD),
        "orders_observed": {
            "year": base[ORDER_PERIOD].values, "value": base["orders_observed"].values
        },
    }


def arrivals(path: Path, below: Path, scenario: str = BASELINE) -> list[dict[str, Any]]:
    """Expected deliveries of a scenario by year, and the probability of less than each level."""
    columns = ("scenario", "year", "expected", "q05", "q25", "median", "q75", "q95")
    table = read_table(path, columns)
    less = read_table(below, ("scenario", "year", "level", "probability"))
    under: dict[int, dict[str, float]] = {}
    columns_of = (less[name].tolist() for name in ("scenario", "year", "level", "probability"))
    for name, year, level, probability in zip(*columns_of, strict=True):
        if name == scenario:
            under.setdefault(year, {})[f"{level:g}"] = probability
    return [
        row | {"below": under[row["year"]]}
        for row in table.loc[table["scenario"] == scenario, list(columns[1:])].to_dict("records")
    ]


def causes_of(path: Path) -> list[dict[str, Any]]:
    """What moved the orders of both countries: one entry a side, a row a cause."""
    sides: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in read_table(path, cause_names.COLUMNS).to_dict("records"):
        sides.setdefault((row["side"], row["country"]), []).append(row)
    return [
        {
            "side": side,
            "country": country,
            "from": [int(rows[0]["from_first"]), int(rows[0]["from_last"])],
            "to": [int(rows[0]["to_first"]), int(rows[0]["to_last"])],
            "rows": [{key: row[key] for key in ("cause", "median", "q05", "q95")} for row in rows],
        }
        for (side, country), rows in sides.items()
    ]


def _peak(values: xr.DataArray) -> dict[str, float] | None:
    known = values.dropna(YEAR)
    if not known.size or float(known.max()) <= 0:
        return None
    return {"year": int(known.idxmax(YEAR)), "value": float(known.max())}


def _tall(future: Mapping[str, Any], known: float) -> bool:
    """Whether the band of a forecast would flatten what is on record on a linear scale."""
    return bool(max(future["q95"]) > max(TALL * known, 10.0))


def _past_check(base: xr.Dataset) -> dict[str, int]:
    """Count the periods on record, and those whose orders lie inside the bands predicted."""
    past = fan(base["orders_past"], ORDER_PERIOD)
    known = base["orders_observed"].values.astype(float)
    within = {
        level: int(((known >= past[low]) & (known <= past[high])).sum())
        for level, low, high in (("within_50", "q25", "q75"), ("within_90", "q05", "q95"))
    }
    return {"periods": len(known), **within}


def exports_of(base: xr.Dataset, pair: tuple[str, str], origin: int) -> dict[str, Any]:
    """Return exports of both countries, by year."""
    result: dict[str, Any] = {}
    means = {}
    for role, code in zip((SUPPLIER, RECIPIENT), pair, strict=True):
        if code not in base[SUPPLIER].values:
            result[role] = None
            continue
        past = base["exports_observed"].sel({SUPPLIER: code, YEAR: slice(None, origin)})
        future = base["exports"].sel({SUPPLIER: code})
        means[role] = trailing_mean(past, future, MEAN_YEARS)
        known_means = event_rules.trailing_mean(past.values)
        result[role] = {
            "observed": observed(past),
            "past": observed(past[MEAN_YEARS - 1 :].copy(data=known_means)),
            "future": fan(means[role], YEAR_FUTURE),
        }
    drawn = [entry for entry in result.values() if entry]
    highest = max((max(e["future"]["q95"]) for e in drawn), default=0.0)
    known = max((max(e["past"]["value"]) for e in drawn), default=0.0)
    result["log_scale"] = bool(highest > TALL * known > 0)
    return result
