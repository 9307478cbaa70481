"""Diagnostics, sources and identity of a run as a report prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import (
    CHAIN,
    DRAW,
    SUPPLIER,
    YEAR,
)
from crossover.reports.payload_parameters import CURVE_POINTS, scalar_of


def gate_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the gate's verdict as it is printed."""
    gate = record.get("gate") or {}
    return {
        "passed": bool(gate.get("passed", False)),
        "judged": bool(gate),
        "checks": list(gate.get("checks", [])),
        "figures": {
            key: value
            for key, value in gate.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    }


def chains_of(tree: xr.DataTree, pair: tuple[str, str], origin: int) -> dict[str, Any]:
    """Per chain: draws, divergences, E-BFMI, steps, and one quantity that ought to agree.

    That quantity is the capacity gap at the origin where both countries are suppliers of the
    sample, the within-country effect of R&D otherwise.
    """
    sample = tree["sample_stats"].to_dataset()
    posterior = tree["posterior"].to_dataset()
    quantity, values = _compared(posterior, pair, origin)
    size = posterior.sizes
    result: dict[str, Any] = {"quantity": quantity, "rows": [], "grid": []}
    densities: list[np.ndarray] = []
    if quantity == "gap":
        span = float(values.max() - values.min()) or 1.0
        grid = np.linspace(values.min() - 0.1 * span, values.max() + 0.1 * span, CURVE_POINTS)
        densities = [_density_plain(chain, grid) for chain in values]
        top = max(float(d.max()) for d in densities) or 1.0
        densities = [density / top for density in densities]
        result["grid"] = grid
    for at in range(size.get(CHAIN, 0)):
        one = sample.isel({CHAIN: at})
        row: dict[str, Any] = {"chain": at + 1, "draws": int(size[DRAW])}
        if quantity:
            row["median"] = float(np.median(values[at]))
        if densities:
            row["ahead"] = float((values[at] > 0).mean())
            row["density"] = densities[at]
        if "energy" in one:
            energy = one["energy"].transpose(DRAW, ...).values
            row["ebfmi"] = min(bfmi(each) for each in energy.reshape(len(energy), -1).T)
        if "diverging" in one:
            row["divergences"] = int(one["diverging"].sum())
        for key in ("n_steps", "tree_depth", "depth"):
            if key in one:
                row["steps" if key == "n_steps" else "depth"] = float(one[key].mean())
        result["rows"].append(row)
    return result


def _compared(
    posterior: xr.Dataset, pair: tuple[str, str], origin: int
) -> tuple[str | None, np.ndarray]:
    """Name and (chain, draw) values of what the chains are compared by."""
    if "supplier_capacity" in posterior:
        level = posterior["supplier_capacity"]
        if set(pair) <= set(level[SUPPLIER].values.tolist()) and origin in level[YEAR].values:
            level = level.sel({YEAR: origin})
            gap = level.sel({SUPPLIER: pair[1]}, drop=True) - level.sel(
                {SUPPLIER: pair[0]}, drop=True
            )
            return "gap", gap.transpose(CHAIN, DRAW).values.astype(float)
    effect = scalar_of(posterior, "rd_within")
    return (None, np.empty((0, 0))) if effect is None else ("rd_within", effect)


def _density_plain(draws: np.ndarray, grid: np.ndarray) -> np.ndarray:
    width = 0.9 * (draws.std() or 1e-9) * draws.size**-0.2
    kernel = np.exp(-0.5 * ((grid[:, None] - draws[None, :]) / width) ** 2)
    return kernel.sum(1) / (width * draws.size)


def bfmi(energy: np.ndarray) -> float | None:
    """Estimated Bayesian fraction of missing information of one chain (Betancourt 2016)."""
    energy = np.asarray(energy, float)
    spread = np.square(energy - energy.mean()).sum()
    return float(np.square(np.diff(energy)).sum() / spread) if spread > 0 else None


def sources_of(constant: xr.Dataset) -> dict[str, Any]:
    """Return releases, assumed dates and terms of the figures used."""
    def loaded(key: str) -> Any:
        text = constant.attrs.get(key)
        return json.loads(text) if isinstance(text, str) and text.strip()[:1] in "[{" else text

    variables = []
    for name in constant.data_vars:
        attrs = constant[name].attrs
        if attrs.get("source"):
            variables.append(
                {
                    "name": str(name),
                    "long_name": attrs.get("long_name", str(name)),
                    "units": attrs.get("units", ""),
                    "source": attrs["source"],
                }
            )
    assumed = loaded("assumed_share") or {}
    covariates = constant.coords.get("covariate")
    return {
        "variables": variables,
        "covariates": [] if covariates is None else [str(c) for c in covariates.values],
        "vintages": loaded("vintages") or {},
        "assumed": assumed,
        "providers": loaded("sources") or [],
        "as_of": str(constant.attrs.get("as_of", "")) or None,
    }


def record_of(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """The run record without the gate and the hashes of single files, as labelled text."""
    rows: list[dict[str, str]] = []

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else str(key), inner)
        elif isinstance(value, list):
            text = ", ".join(str(item) for item in value)
            rows.append({"key": prefix, "value": text or "none"})
        elif value is not None:
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            rows.append({"key": prefix, "value": text or "none"})

    apart = ("gate", "warnings", "seal")
    walk("", {key: value for key, value in record.items() if key not in apart})
    return rows
