"""The diagnostics that a fit must pass before it may be published.

Convergence is judged for every parameter, latent and derived, and for every published event that
varies between draws. Thresholds are fixed; a failed gate is reported, never repaired here.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from data.names import CHAIN, DOMAIN_LAYER, DRAW
from forecast.sampling import CORES

RHAT, ESS, EBFMI = 1.01, 400.0, 0.3
CHECKS = {
    "rhat": (RHAT, "at most"),
    "ess_bulk": (ESS, "at least"),
    "ess_tail": (ESS, "at least"),
    "divergences": (0.0, "at most"),
    "ebfmi": (EBFMI, "at least"),
}
FIGURES = ("rhat", "ess_bulk", "ess_tail")
BLOCK = 1500
"""Quantities judged at a time; with more than that, by as many processes as a fit may use."""


def judge(tree: xr.DataTree, events: Mapping[str, np.ndarray] | None = None) -> dict[str, Any]:
    """Judge a fit with its domain layer, and the events forecast from it.

    Parameters
    ----------
    tree
        With `posterior` and `sample_stats`, and again in the group `domains` where it has one.
    events
        Event and year → indicator by draw (chain, draw), as from `forecast.events.indicators`.

    Returns
    -------
    dict
        `passed`, `checks` (name, value, threshold, passed, where it is worst), and counts of
        what was judged.
    """
    groups = [tree] + ([tree[DOMAIN_LAYER]] if DOMAIN_LAYER in tree.children else [])
    figures = _figures([group["posterior"].to_dataset() for group in groups])
    verdict, *layers = map(_judge_one, groups, figures)
    for layer in layers:
        quantities = verdict["quantities"] + layer["quantities"]
        verdict = combine(verdict, layer) | {"quantities": quantities}
    return verdict if events is None else combine(verdict, judge_events(events))


def _figures(posteriors: Sequence[xr.Dataset]) -> list[dict[str, xr.Dataset]]:
    """Return, for each posterior, R-hat and effective sample sizes of every quantity."""
    flat = [
        np.concatenate([_flat(values) for values in posterior.data_vars.values()], axis=2)
        for posterior in posteriors
    ]
    pieces = [np.array_split(one, -(-one.shape[2] // BLOCK), axis=2) for one in flat]
    blocks = [block for of_one in pieces for block in of_one]
    if all(one.shape[2] <= BLOCK for one in flat):
        found = [_figures_of(block) for block in blocks]
    else:
        fresh = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(CORES, fresh) as pool:
            found = list(pool.map(_figures_of, blocks))
    at = np.cumsum([len(of_one) for of_one in pieces])[:-1]
    return [
        _unflat(np.concatenate(found[start:stop], axis=1), posterior)
        for posterior, start, stop in zip(posteriors, [0, *at], [*at, len(found)], strict=True)
    ]


def _flat(values: xr.DataArray) -> np.ndarray:
    """Return a variable's draws (chain, draw, quantity), not in half precision."""
    draws = values.transpose(CHAIN, DRAW, ...).values
    return draws.reshape(*draws.shape[:2], -1).astype(np.float32)


def _unflat(figures: np.ndarray, posterior: xr.Dataset) -> dict[str, xr.Dataset]:
    """Return figures (figure, quantity) with the names that the quantities have in a posterior."""
    shapes = {
        name: values.isel({CHAIN: 0, DRAW: 0}, drop=True)
        for name, values in posterior.data_vars.items()
    }
    at = np.cumsum([shape.size for shape in shapes.values()])[:-1]
    return {
        figure: xr.Dataset(
            {
                name: shape.copy(data=part.reshape(shape.shape))
                for (name, shape), part in zip(shapes.items(), np.split(row, at), strict=True)
            }
        )
        for figure, row in zip(FIGURES, figures, strict=True)
    }


def _figures_of(draws: np.ndarray) -> np.ndarray:
    """Return `FIGURES` (figure, quantity) of draws (chain, draw, quantity)."""
    import arviz as az

    table = xr.DataArray(draws, dims=(CHAIN, DRAW, "quantity"))
    figures = az.rhat(table), az.ess(table, method="bulk"), az.ess(table, method="tail")
    return np.stack([figure.values for figure in figures])


def _judge_one(tree: xr.DataTree, figures: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """Judge one posterior."""
    import arviz as az

    sample = tree["sample_stats"].to_dataset()
    energy = az.bfmi(xr.DataTree.from_dict({"sample_stats": sample}))["energy"].values
    worst = {name: _worst(table, name) for name, table in figures.items()}
    worst["divergences"] = (float(sample["diverging"].sum()), "")
    worst["ebfmi"] = (float(np.min(energy)), f"chain {int(np.argmin(energy)) + 1}")
    verdict = {
        "checks": [_check(name, *found) for name, found in worst.items()],
        "quantities": int(sum(values.size for values in figures["rhat"].data_vars.values())),
    }
    return verdict | {"passed": all(check["passed"] for check in verdict["checks"])}


def judge_events(events: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Judge the indicators of events that vary between draws.

    An indicator has no tail beyond the event itself: its tail figure is that of its mean.
    """
    import arviz as az

    varying = {key: v.astype(float) for key, v in events.items() if v.min() != v.max()}
    if not varying:
        return {"checks": [], "passed": True, "event_indicators": 0}
    table = xr.Dataset({key: ((CHAIN, DRAW), v) for key, v in varying.items()})
    figures = {
        "rhat": az.rhat(table),
        "ess_bulk": az.ess(table, method="bulk"),
        "ess_tail": az.ess(table, method="mean"),
    }
    checks = [_check(name, *_worst(found, name)) for name, found in figures.items()]
    return {
        "checks": checks,
        "passed": all(check["passed"] for check in checks),
        "event_indicators": len(varying),
    }


def combine(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return one verdict from two: of each check the worse value, all counts."""
    checks = {check["name"]: check for check in first["checks"]}
    for check in second["checks"]:
        held = checks.get(check["name"])
        if held is None or _worse(check["name"], check["value"], held["value"]):
            checks[check["name"]] = check
    return {**first, **second} | {
        "checks": list(checks.values()),
        "passed": bool(first["passed"] and second["passed"]),
    }


def _worse(name: str, value: float | None, than: float | None) -> bool:
    """Say whether a figure is worse; null, as a record keeps what is no number, is the worst."""
    if value is None or than is None:
        return than is not None
    return value > than if CHECKS[name][1] == "at most" else value < than


def _check(name: str, value: float, where: str) -> dict[str, Any]:
    threshold, side = CHECKS[name]
    passed = value <= threshold if side == "at most" else value >= threshold
    return {
        "name": name,
        "value": float(value),
        "threshold": threshold,
        "passed": bool(passed),
        "where": where,
    }


def _worst(table: xr.Dataset, name: str) -> tuple[float, str]:
    """Return the worst figure of a table and the quantity it belongs to; NaN counts as worst."""
    sign = 1.0 if CHECKS[name][1] == "at most" else -1.0
    found = []
    for key, values in table.data_vars.items():
        signed = np.where(np.isnan(values.values), np.inf, sign * values.values)
        at = np.unravel_index(int(np.argmax(signed)), signed.shape)
        place = ", ".join(str(values[d].values[i]) for d, i in zip(values.dims, at, strict=True))
        found.append((float(signed[at]), f"{key}[{place}]" if place else str(key)))
    worst, where = max(found)
    return sign * worst, where
