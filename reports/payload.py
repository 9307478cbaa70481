"""The frozen numbers of a report: everything that is printed or drawn, computed once from a run.

Figures and words are pure functions of this dictionary, and it is attached to the PDF, so that
whatever a reader sees can be traced to one place and two reports of one run cannot differ.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASE_YEARS,
    BASELINE,
    CAPACITY_CROSSOVER,
    COUNTRY,
    DOMAIN_LAYER,
    DOWNTURN,
    DRAW,
    EVENTS,
    EXPORT_CROSSOVER,
    HEADLINE_YEAR,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    JUNIOR_EVERYWHERE,
    MEAN_YEARS,
    ORDER_PERIOD,
    RECIPIENT,
    SCENARIO,
    SOON,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import cause_names, conventions, gap_change, verify
from crossover.forecast import events as event_rules
from crossover.reports import changes, domains, next_year, partnership, robustness, skill
from crossover.reports.payload_parameters import _parameters
from crossover.reports.payload_sources import _chains, _gate, _record, _sources
from crossover.reports.reading import (
    CONTRADICTED,
    QUANTILES,
    SUPPORTED,
    Tables,
    at_year,
    fan,
    gap_over_conventions,
    observed,
    present,
    read_json,
    read_netcdf,
    read_table,
    read_toml,
    verdict,
)

TALL = 2.0
"""A band that ends at more than so many times the highest figure on record needs a log scale."""
DIGITS = 6
RUN_FILES = ("run.json", "priors.toml", "posterior.nc")
PAIR_GATE = "gate.json"
"""The verdict on another pair's forecast, beside it; the run's own pair is judged in run.json."""
PAIR_FILES = (
    "forecast.nc", "events.csv", "timing.csv", "levels.csv", "causes.csv", "arrivals.csv",
    "arrivals_below.csv", "capacity_change.csv", "contested_markets.csv",
)  # fmt: skip
LEVEL_COLUMNS = (
    "alternative",
    "description",
    "weight",
    "probability",
    "mc_error",
    "gap_median",
    "gap_q05",
    "gap_q95",
    "year",
    "headline",
)






def collect(run: Path, supplier: str | None = None, recipient: str | None = None) -> dict[str, Any]:
    """Compute every number of the report of one pair.

    Parameters
    ----------
    run
        A run folder.
    supplier, recipient
        ISO3 codes of a pair under `run/pairs`; both None for the pair in the run's root.

    Returns
    -------
    dict
        JSON-able: floats have six significant digits, unknown numbers are None.

    Raises
    ------
    InputError
        If a file of the run is missing or unreadable, the pair was not forecast in this run, or
        what the run says does not hold (`forecast.verify`).
    """
    run = Path(run)
    if not run.is_dir():
        raise InputError(fault("no run folder there", file=run))
    paths = {name: present(run / name) for name in RUN_FILES}
    folder = pair_folder(run, supplier, recipient)
    paths |= {name: present(folder / name) for name in PAIR_FILES}
    verify.hold(run, folder)
    paths |= {name: folder / name for name in domains.FILES}

    record = read_json(paths["run.json"])
    if (folder / PAIR_GATE).is_file():
        record["gate"] = read_json(folder / PAIR_GATE)
    priors = read_toml(paths["priors.toml"])
    tree = read_netcdf(paths["posterior.nc"], xr.open_datatree)
    forecast = read_netcdf(paths["forecast.nc"], xr.open_dataset)
    try:
        for group in ("posterior", "constant_data", "sample_stats"):
            if group not in tree.children:
                rule = f"the group {group!r} is missing"
                raise InputError(fault(rule, file=paths["posterior.nc"]))
        domains.check(paths, tree)
        conventions.check(forecast, paths["forecast.nc"])
        return freeze(_collect(paths, record, priors, tree, forecast, run, folder))
    except KeyError as error:
        rule = f"{error.args[0]!r} is missing from what the run stores"
        raise InputError(fault(rule, file=folder)) from error
    finally:
        tree.close()
        forecast.close()


def pair_folder(run: Path, supplier: str | None, recipient: str | None) -> Path:
    """Return the folder of `run` that holds the forecast of a pair, the root for its own pair."""
    if supplier is None and recipient is None:
        return run
    if supplier is None or recipient is None:
        raise InputError("a pair needs both --supplier and --recipient")
    root = run / "forecast.nc"
    if root.is_file():
        with read_netcdf(root, xr.open_dataset) as forecast:
            if (forecast.attrs["supplier"], forecast.attrs["recipient"]) == (supplier, recipient):
                return run
    folder = run / "pairs" / f"{supplier}-{recipient}"
    if not folder.is_dir():
        known = sorted(path.name for path in (run / "pairs").glob("*-*"))
        hint = f"; pairs forecast in this run besides its own: {', '.join(known)}" if known else ""
        rule = (
            f"the pair {supplier}-{recipient} has no forecast in this run, make it with "
            f"'crossover forecast --supplier {supplier} --recipient {recipient}'{hint}"
        )
        raise InputError(fault(rule, file=folder))
    return folder


def _collect(
    paths: Mapping[str, Path],
    record: Mapping[str, Any],
    priors: Mapping[str, Any],
    tree: xr.DataTree,
    forecast: xr.Dataset,
    run: Path,
    folder: Path,
) -> dict[str, Any]:
    constant = tree["constant_data"].to_dataset()
    posterior = tree["posterior"].to_dataset()
    names = json.loads(constant.attrs.get("country_names", "{}"))
    pair = (forecast.attrs["supplier"], forecast.attrs["recipient"])
    origin = int(forecast.attrs["origin"])
    horizon = int(forecast[YEAR_FUTURE].max())
    base = forecast.sel({SCENARIO: BASELINE}).load()
    near = [year for year in (SOON, HEADLINE_YEAR) if origin < year < horizon]
    milestones = [origin, *near, horizon]

    tables = Tables(paths["events.csv"], paths["timing.csv"], origin)
    events = _events(tables)
    layer = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    parameters = _parameters(priors, posterior) + _parameters(priors, layer)
    by_domain = domains.collect(paths, tree, base, pair, tables, milestones, names)
    levels = _levels(paths["levels.csv"])
    capacity = _capacity(base, pair, origin)
    rd = _rd(base, constant, pair, origin)
    dependence = _dependence(base, pair)
    exports = _exports(base, pair, origin)
    return {
        "pair": _sides(base, pair, names),
        "origin": origin, "horizon": horizon, "milestones": milestones,
        "headline_year": near[-1] if near else horizon,
        "draws": int(base.sizes[DRAW]),
        "quick": bool(record.get("quick", False)),
        "gate": _gate(record),
        "events": events, "levels": levels,
        "robustness": robustness.collect(pair),
        "rd": rd, "capacity": capacity, "dependence": dependence, "exports": exports,
        **_of_files(paths),
        "milestone_table": _milestone_table(
            base, pair, milestones, capacity, rd, dependence, exports
        ),
        "domains": by_domain,
        "partnership": partnership.collect(run, folder, pair, tables, milestones),
        "changes": changes.collect(folder, record, names, origin),
        "track_record": changes.record_of(run),
        "next_year": next_year.collect(forecast),
        "claims": _claims(
            origin, milestones, events, parameters, rd, by_domain, tables.entry(DOWNTURN),
            levels["average"],
        ),
        "parameters": parameters,
        "skill": skill.collect(),
        "chains": _chains(tree, pair, origin),
        "sources": _sources(constant),
        "record": _record(record),
        **_identity(record),
    }


def _of_files(paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return what is printed of tables as they are."""
    change = read_table(paths["capacity_change.csv"], gap_change.COLUMNS)
    markets = read_table(paths["contested_markets.csv"], ("market", "first_year", "last_year"))
    return {
        "causes": _causes(paths["causes.csv"]),
        "gap_change": change.to_dict("records"),
        "arrivals": arrivals(paths["arrivals.csv"], paths["arrivals_below.csv"]),
        "markets": markets.to_dict("records"),
    }


def _sides(base: xr.Dataset, pair: tuple[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """Return code and name of both countries, and whether each is a supplier of the sample."""
    return {
        role: {
            "code": code, "name": names.get(code, code), "exporter": code in base[SUPPLIER].values
        }
        for role, code in zip((SUPPLIER, RECIPIENT), pair, strict=True)
    }  # fmt: skip


def _identity(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run is called, and the rules by which it is read."""
    return {
        "created": str(record.get("created", "")),
        "id": str(record.get("id", "")),
        "as_of": record.get("as_of"),
        "warnings": [str(w) for w in record.get("warnings", [])],
        "rules": {
            "supported": SUPPORTED,
            "contradicted": CONTRADICTED,
            "base_years": list(BASE_YEARS),
            "independence_share": INDEPENDENCE_SHARE,
            "mean_years": MEAN_YEARS,
        },
    }


# Pieces ----------------------------------------------------------------------------------------


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


def _rd(
    base: xr.Dataset, constant: xr.Dataset, pair: tuple[str, str], origin: int
) -> dict[str, Any]:
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


def _capacity(base: xr.Dataset, pair: tuple[str, str], origin: int) -> dict[str, Any]:
    past = base["theta_past"].sel({YEAR: slice(None, origin)})
    result: dict[str, Any] = {}
    for role, code in zip((SUPPLIER, RECIPIENT), pair, strict=True):
        result[role] = {
            "past": fan(past.sel({COUNTRY: code}), YEAR),
            "future": fan(base["theta"].sel({COUNTRY: code}), YEAR_FUTURE),
        }
    gap = (conventions.past(base).sel({YEAR: past[YEAR]}), conventions.ahead(base))
    return result | gap_over_conventions(*gap)


def _dependence(base: xr.Dataset, pair: tuple[str, str]) -> dict[str, Any]:
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


def _causes(path: Path) -> list[dict[str, Any]]:
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


def _exports(base: xr.Dataset, pair: tuple[str, str], origin: int) -> dict[str, Any]:
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


def _events(tables: Tables) -> list[dict[str, Any]]:
    return [tables.entry(event) for event in EVENTS]


def _levels(path: Path) -> dict[str, Any]:
    """The average over conventions, and each of them, that of the forecast first."""
    table = read_table(path, LEVEL_COLUMNS)[list(LEVEL_COLUMNS)].to_dict("records")
    later = [row for row in table if row["year"] != table[0]["year"]]
    table = [row for row in table if row["year"] == table[0]["year"]]
    average = next((row for row in table if row["alternative"] == conventions.AVERAGE), None)
    rows = [
        row | {"headline": row["alternative"] == conventions.CHOSEN}
        for row in table if row["alternative"] != conventions.AVERAGE
    ]  # fmt: skip
    rows.sort(key=lambda row: not row["headline"])
    years = sorted({int(row["year"]) for row in later})[:-1]
    held = {(row["alternative"], int(row["year"])): row["probability"] for row in later}
    for row in (average, *rows) if average else rows:
        row["later"] = [held[row["alternative"], year] for year in years]
    probabilities = [row["probability"] for row in rows]
    return {
        "average": average,
        "rows": rows,
        "years": years,
        "lowest": min(probabilities, default=None),
        "highest": max(probabilities, default=None),
    }












def _milestone_table(
    base: xr.Dataset,
    pair: tuple[str, str],
    milestones: Sequence[int],
    capacity: Mapping[str, Any],
    rd: Mapping[str, Any],
    dependence: Mapping[str, Any],
    exports: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Median and 90 % interval of what the fans show, at the milestone years."""
    rows: list[tuple[str, str | None, Any, Any]] = [
        ("gap", None, capacity["gap"]["past"], capacity["gap"]["future"]),
        ("deliveries", None, dependence["deliveries_observed"], dependence["deliveries"]),
        ("import_share", None, dependence["share_past"], dependence["share"]),
    ]
    for role in (RECIPIENT, SUPPLIER):
        if exports[role]:
            rows.append(("exports", role, exports[role]["past"], exports[role]["future"]))
    for role in (RECIPIENT, SUPPLIER):
        rows.append(("rd_share", role, rd[role]["share_observed"], rd[role]["share"]))
    for role in (RECIPIENT, SUPPLIER):
        rows.append(("rd_stock", role, rd[role]["stock_past"], rd[role]["stock"]))
    return [
        {
            "quantity": quantity,
            "role": role,
            "cells": [_cell(past, year) or _cell(future, year) for year in milestones],
        }
        for quantity, role, past, future in rows
    ]


def _cell(series: Mapping[str, Any], year: int) -> dict[str, float] | None:
    if year not in series["year"]:
        return None
    at = list(series["year"]).index(year)
    if "value" in series:
        return {"value": series["value"][at]}
    return {key: series[key][at] for key in QUANTILES}


def _claims(
    origin: int,
    milestones: Sequence[int],
    events: Sequence[Mapping[str, Any]],
    parameters: Sequence[Mapping[str, Any]],
    rd: Mapping[str, Any],
    by_domain: Mapping[str, Any],
    downturn: Mapping[str, Any],
    average: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """The links of the argument, each with the probability of what it asserts.

    Who is ahead at the origin is answered by the average over conventions, as the headline is.
    """
    soon = milestones[1] if len(milestones) > 1 else origin
    by_name = {entry["name"]: entry for entry in parameters}
    by_event = {entry["event"]: entry for entry in events}
    stock = None if rd["ratio"] is None else float(rd["ratio"] > 1)
    claims: list[dict[str, Any]] = [
        {"claim": "rd_stock_ahead", "year": origin, "probability": stock, "observed": True}
    ]
    for name in ("rd_within", "rd_between", "mil_within", "mil_between"):
        if name in by_name:
            probability = by_name[name]["posterior"]["positive"]
            claims.append({"claim": name, "year": None, "probability": probability})
    for event, year in (
        (CAPACITY_CROSSOVER, origin),
        ("capacity_crossover_sustained", soon),
        (EXPORT_CROSSOVER, soon),
        (INDEPENDENCE, soon),
    ):
        entry = by_event[event]
        probability = at_year(entry, year) if entry["defined"] else None
        if event == CAPACITY_CROSSOVER and average:
            probability = average["probability"]
        claims.append({"claim": event, "year": year, "probability": probability})
    joint = next(e for e in by_domain["joint"] if e["event"] == JUNIOR_EVERYWHERE)
    late = milestones[-2] if len(milestones) > 2 else milestones[-1]
    claims += [
        {
            "claim": JUNIOR_EVERYWHERE,
            "year": late,
            "probability": at_year(joint, late) if joint["defined"] else None,
        },
        {
            "claim": "downturn",
            "year": late,
            "probability": at_year(downturn, late) if downturn["defined"] else None,
            "modelled": downturn["defined"],
        },
    ]
    for claim in claims:
        claim.setdefault("modelled", True)
        claim.setdefault("observed", False)
        claim["verdict"] = verdict(claim["probability"])
    return claims


# Diagnostics and provenance --------------------------------------------------------------------
















PLAIN = (str, int, bool, type(None))


def freeze(value: Any) -> Any:
    """Return plain JSON types: six significant digits, None for what is not finite."""
    kind = type(value)  # Plain types are by far the most: no time is lost on them.
    if kind is float:
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if kind in PLAIN:
        return value
    if kind is list:
        return [freeze(inner) for inner in value]
    if kind is dict:
        return {str(key): freeze(inner) for key, inner in value.items()}
    if isinstance(value, float | np.floating):
        return freeze(float(value))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return freeze(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): freeze(inner) for key, inner in value.items()}
    if isinstance(value, tuple | np.ndarray):
        return [freeze(inner) for inner in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return None if value is pd.NA else value
