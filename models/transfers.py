"""Deliveries of arms from every supplier to every recipient, as a gravity model with a home side.

A recipient's acquisitions follow its military spending and world demand; each supplier's share
follows its capacity, the pair's affinity and memory, and whether it is at war, against what the
recipient's own industry offers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import capacity, equations
from models.inputs import COVARIATES

CELL = (names.SUPPLIER, names.RECIPIENT, names.YEAR)
IMPOSSIBLE = -40.0
"""Added to the log-odds of a pair that cannot trade: a country and itself."""


def demand(inputs: xr.Dataset, top: Mapping[str, Any]) -> Any:
    """Add log acquisitions (recipient, year) up to their scale, log TIV million.

    World demand is a random walk; each recipient's deviation is a stationary AR(1), the
    deviations summing to zero over recipients in every year's shock.
    """
    years = inputs.sizes[names.YEAR]
    level = inputs["log_budget_level"].values
    change = inputs["log_budget_change"].transpose(names.RECIPIENT, names.YEAR).values
    step = pm.Normal("global_demand_step", 0.0, 1.0, dims=names.YEAR)
    path = pt.cumsum(top["global_demand_sd"] * step)
    common = path - path.mean()

    shocks = pm.ZeroSumNormal(
        "demand_shock", sigma=1.0, n_zerosum_axes=1, dims=(names.YEAR, names.RECIPIENT)
    )
    persistence = top["demand_persistence"]
    lag = np.arange(years)[:, None] - np.arange(years)[None, :]
    carry = pt.exp(pt.log(persistence) * np.maximum(lag, 0)) * (lag >= 0)
    first = np.arange(years) == 0
    start = first / pt.sqrt(1.0 - persistence**2) + ~first
    own = pt.dot(top["demand_sd"] * carry * start[None, :], shocks).T
    elasticity = top["acquisition_elasticity"]
    return level[:, None] + elasticity * change + common[None, :] + own


def home_level(
    inputs: xr.Dataset, top: Mapping[str, Any], level: Any, supplier_level: Any
) -> Any:
    """Add the pull of home industry (recipient), log-odds net of the scale of acquisitions.

    For a country that is a supplier too it rests on the capacity its exports show; for any other
    capacity and home bias enter only as a sum, whose split is drawn after the fit.
    """
    exporter, at = exporters(inputs)
    index, known = capacity.country_index(inputs, names.RECIPIENT)
    base = exporter * supplier_level[at] + (1.0 - exporter) * known * level[index]
    spread = pt.sqrt(top["home_bias_sd"] ** 2 + (1.0 - exporter) * top["capacity_sd"] ** 2)
    centre = base + top["home_bias"] - top["acquisition_scale"]
    return pm.Normal("home_level", centre, spread, dims=names.RECIPIENT)


def home_change(inputs: xr.Dataset, change: Any, supplier_change: Any) -> Any:
    """Changes over time of the pull of home industry (recipient, year), log-odds.

    A supplier's capacity moves as its exports show; any other country's as its effort explains.
    """
    exporter, at = exporters(inputs)
    index, known = capacity.country_index(inputs, names.RECIPIENT)
    other = (known * (1.0 - exporter))[:, None] * change[index]
    return exporter[:, None] * supplier_change[at] + other


def utility(inputs: xr.Dataset, top: Mapping[str, Any], supplied: Any) -> Any:
    """Add the log-odds of every supplier with every recipient (supplier, recipient, year).

    What ties a pair beyond what its covariates explain sums to zero over recipients for every
    supplier and over suppliers for every recipient: this is the normalisation that gives levels
    of capacity their meaning.
    """
    rest = pm.ZeroSumNormal(
        "affinity",
        sigma=top["affinity_sd"],
        n_zerosum_axes=2,
        dims=(names.SUPPLIER, names.RECIPIENT),
    )
    effects = pt.stack([top[f"{name}_effect"] for name in COVARIATES] + [top["memory"]])
    columns = np.concatenate(
        [
            inputs["affinity_covariates"].transpose("covariate", *CELL).values,
            inputs["memory"].transpose(*CELL).values[None],
        ]
    )
    shape = columns.shape[1:]
    explained = pt.dot(effects, columns.reshape(len(columns), -1)).reshape(shape)
    available = supplied + top["war_effect"] * inputs["war"].transpose(*CELL[::2]).values
    barred = IMPOSSIBLE * (1.0 - inputs["possible"].transpose(*CELL[:2]).values)[:, :, None]
    return explained + rest[:, :, None] + available[:, None, :] + barred


def exporters(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which recipients are suppliers of the sample too (1.0, else 0.0), and where on `supplier`."""
    suppliers = list(inputs[names.SUPPLIER].values)
    found = [
        suppliers.index(r) if r in suppliers and r != names.REST else -1
        for r in inputs[names.RECIPIENT].values
    ]
    return np.array([float(f >= 0) for f in found]), np.maximum(found, 0)


def cells(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Flat positions of the cells with deliveries, and of those without that could have had some.

    Positions are on (supplier, recipient, year) in that order.
    """
    tiv = inputs["deliveries"].transpose(*CELL).values
    possible = inputs["possible"].transpose(*CELL[:2]).values[:, :, None]
    return np.flatnonzero(tiv > 0), np.flatnonzero((tiv <= 0) & possible)


def deliveries(inputs: xr.Dataset, top: Mapping[str, Any], log_volume: Any) -> None:
    """Add the likelihood of observed deliveries, TIV million.

    Nothing is delivered with a probability that falls with the expected volume; otherwise the log
    of the size is Normal with a spread that does too. Years with a delivery come first.
    """
    some, none = cells(inputs)
    flat = log_volume.flatten()
    presence = (top["presence_intercept"], top["presence_slope"])
    size = (top["size_sd_log"], top["size_sd_slope"])
    values = inputs["deliveries"].transpose(*CELL).values.ravel()[some]
    pm.CustomDist(
        "delivered", flat[some], *presence, *size,
        logp=delivered_log_probability, signature="(n),(),(),(),()->(n)",
        observed=values, dims="delivered_at",
    )  # fmt: skip
    pm.CustomDist(
        "not_delivered", flat[none], *presence,
        logp=lambda _, volume, *given: equations.log_no_delivery(volume, given, pt),
        signature="(n),(),()->(n)", observed=np.zeros(len(none)), dims="not_delivered_at",
    )  # fmt: skip


def delivered_log_probability(
    value: Any, log_volume: Any, intercept: Any, slope: Any, log_sd: Any, sd_slope: Any
) -> Any:
    """Log density of a delivery above zero, TIV million, its presence included."""
    log_any = equations.log_any_delivery(log_volume, (intercept, slope), pt)
    mean, sd = equations.size_distribution(log_volume, log_any, (log_sd, sd_slope), pt)
    log_value = pt.log(value)
    constant = 0.5 * np.log(2.0 * np.pi)
    return log_any - 0.5 * ((log_value - mean) / sd) ** 2 - pt.log(sd) - log_value - constant
