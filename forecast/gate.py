"""The diagnostics that a fit must pass before it may be published.

Convergence is judged for every parameter, latent and derived, and for every published event that
varies between draws. Thresholds are fixed; a failed gate is reported, never repaired here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import CHAIN, DOMAIN_LAYER, DRAW
from crossover.forecast.convergence import diagnose, ess_of_mean
from crossover.forecast.sampling import CORES

PART = "part"
RHAT, ESS, EBFMI = 1.01, 400.0, 0.3
CHECKS = {
    "rhat": (RHAT, "at most"),
    "ess_bulk": (ESS, "at least"),
    "ess_tail": (ESS, "at least"),
    "divergences": (0.0, "at most"),
    "ebfmi": (EBFMI, "at least"),
}
FIGURES = ("rhat", "ess_bulk", "ess_tail")


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
    verdict, *layers = map(_judge_one, groups)
    for layer in layers:
        quantities = verdict["quantities"] + layer["quantities"]
        verdict = combine(verdict, layer) | {"quantities": quantities}
    return verdict if events is None else combine(verdict, judge_events(events))


def judge_all(tree: xr.DataTree, history: xr.DataTree | None) -> dict[str, Any]:
    """Judge all that a run fitted: the model with its domain layer, and each fit of partnerships.

    Parameters
    ----------
    tree
        As for `judge`.
    history
        A child a fit, each with `posterior` and `sample_stats`; None where there is none.
    """
    found = judge(tree)
    for name in history.children if history is not None else ():
        other = judge(history[name])
        checks = [c | {"where": f"{name}: {c['where']}".rstrip(": ")} for c in other["checks"]]
        both = combine(found, {**other, "checks": checks})
        found = both | {"quantities": found["quantities"] + other["quantities"]}
    return found


def _figures(posterior: xr.Dataset) -> dict[str, xr.Dataset]:
    """Return R-hat and effective sample sizes of every quantity of a posterior.

    What is one and the same number in every draw of every chain is a constant of the model, such as
    a sum-to-zero effect of a single year: its R-hat is one. A chain that is stuck by itself is not.
    """
    draws = np.concatenate([_flat(values) for values in posterior.data_vars.values()], axis=2)
    found = diagnose(draws, CORES)
    found[0, (draws == draws[0, 0]).all((0, 1))] = 1.0
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
        for figure, row in zip(FIGURES, found, strict=True)
    }


def _flat(values: xr.DataArray) -> np.ndarray:
    """Return a variable's draws (chain, draw, quantity)."""
    draws = values.transpose(CHAIN, DRAW, ...).values
    return draws.reshape(*draws.shape[:2], -1)


def _judge_one(tree: xr.DataTree) -> dict[str, Any]:
    """Judge one posterior."""
    import arviz as az

    figures = _figures(tree["posterior"].to_dataset())
    sample = tree["sample_stats"].to_dataset()
    energy = az.bfmi(xr.DataTree.from_dict({"sample_stats": sample[["energy"]]}))["energy"]
    least = energy.isel(energy.fillna(-np.inf).argmin(...))
    of_part = f", {least[PART].item()}" if PART in least.coords else ""
    worst = {name: _worst(table, name) for name, table in figures.items()}
    worst["divergences"] = (float(sample["diverging"].sum()), _diverging(sample["diverging"]))
    worst["ebfmi"] = (float(least), f"chain {int(least[CHAIN]) + 1}{of_part}")
    verdict = {
        "checks": [_check(name, *found) for name, found in worst.items()],
        "quantities": int(sum(values.size for values in figures["rhat"].data_vars.values())),
    }
    return verdict | {"passed": all(check["passed"] for check in verdict["checks"])}


def _diverging(diverging: xr.DataArray) -> str:
    """Name the parts of the model whose trajectories diverged."""
    if PART not in diverging.dims:
        return ""
    count = diverging.sum([CHAIN, DRAW])
    return ", ".join(str(part) for part in count[PART].values[count.values > 0])


def judge_events(events: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Judge the indicators of events that vary between draws.

    An indicator has no tail beyond the event itself: its tail figure is that of its mean.
    """
    varying = {key: v.astype(float) for key, v in events.items() if v.min() != v.max()}
    if not varying:
        return {"checks": [], "passed": True, "event_indicators": 0}
    found: dict[str, dict[str, float]] = {figure: {} for figure in FIGURES}
    # Events by domain have as many draws as the domain layer, which may be another number.
    for shape in dict.fromkeys(v.shape for v in varying.values()):
        keys = [key for key, v in varying.items() if v.shape == shape]
        draws = np.stack([varying[key] for key in keys], axis=2)
        rhat, bulk, _ = diagnose(draws, CORES)
        # All halves alike: but for the middle draw of an odd number, which belongs to neither.
        rhat[np.isnan(rhat) & np.isfinite(draws).all((0, 1))] = 1.0
        for figure, values in zip(FIGURES, (rhat, bulk, ess_of_mean(draws)), strict=True):
            found[figure] |= dict(zip(keys, values, strict=True))
    checks = [
        _check(name, *_worst({key: xr.DataArray(one) for key, one in values.items()}, name))
        for name, values in found.items()
    ]
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


def _worst(table: Mapping[Any, xr.DataArray], name: str) -> tuple[float, str]:
    """Return the worst figure of a table and the quantity it belongs to; NaN counts as worst."""
    sign = 1.0 if CHECKS[name][1] == "at most" else -1.0
    found = []
    for key, values in table.items():
        signed = np.where(np.isnan(values.values), np.inf, sign * values.values)
        at = np.unravel_index(int(np.argmax(signed)), signed.shape)
        place = ", ".join(str(values[d].values[i]) for d, i in zip(values.dims, at, strict=True))
        found.append((float(signed[at]), f"{key}[{place}]" if place else str(key)))
    worst, where = max(found)
    return sign * worst, where
