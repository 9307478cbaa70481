"""Deliveries of arms from every supplier to every recipient, as a gravity model with a home side.

A recipient's acquisitions follow its military spending and world demand; each supplier's share
follows its capacity, the pair's affinity and memory, and whether it is at war, against what the
recipient's own industry offers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import capacity, equations
from models.inputs import COVARIATES
from models.priors import Priors, variable

CELL = (names.SUPPLIER, names.RECIPIENT, names.YEAR)
IMPOSSIBLE = -40.0
"""Utility, log-odds, of a pair that cannot trade: a country and itself."""


def demand(inputs: xr.Dataset, priors: Priors) -> Any:
    """Add log acquisitions (recipient, year) up to their scale, log TIV million.

    World demand is a random walk; each recipient's deviation is a stationary AR(1), the
    deviations summing to zero over recipients in every year's shock.
    """
    years = inputs.sizes[names.YEAR]
    level = pm.Data("log_budget_level", inputs["log_budget_level"].values, dims=names.RECIPIENT)
    change = pm.Data(
        "log_budget_change",
        inputs["log_budget_change"].transpose(names.RECIPIENT, names.YEAR).values,
        dims=(names.RECIPIENT, names.YEAR),
    )
    step = pm.Normal("global_demand_step", 0.0, 1.0, dims=names.YEAR)
    path = pt.cumsum(variable(priors, "global_demand_sd") * step)
    common = pm.Deterministic("global_demand", path - path.mean(), dims=names.YEAR)

    persistence = variable(priors, "demand_persistence")
    lag = np.arange(years)[:, None] - np.arange(years)[None, :]
    carry = pt.switch(lag >= 0, persistence ** np.maximum(lag, 0), 0.0)
    first = pt.switch(np.arange(years) == 0, 1.0 / pt.sqrt(1.0 - persistence**2), 1.0)
    shocks = pm.ZeroSumNormal(
        "demand_shock", sigma=1.0, n_zerosum_axes=1, dims=(names.YEAR, names.RECIPIENT)
    )
    own = pm.Deterministic(
        "demand_deviation",
        variable(priors, "demand_sd") * pt.dot(carry * first[None, :], shocks).T,
        dims=(names.RECIPIENT, names.YEAR),
    )
    elasticity = variable(priors, "acquisition_elasticity")
    return level[:, None] + elasticity * change + common[None, :] + own


def affinity(inputs: xr.Dataset, priors: Priors) -> Any:
    """Add what ties a pair beyond capacity (supplier, recipient, year), log-odds.

    The unexplained part sums to zero over recipients for every supplier and over suppliers for
    every recipient: this is the normalisation that gives levels of capacity their meaning.
    """
    covariates = pm.Data(
        "affinity_covariates",
        inputs["affinity_covariates"].transpose("covariate", *CELL).values,
        dims=("covariate", *CELL),
    )
    effects = [variable(priors, f"{name}_effect") for name in COVARIATES]
    explained = sum(effect * covariates[i] for i, effect in enumerate(effects))
    rest = pm.ZeroSumNormal(
        "affinity",
        sigma=variable(priors, "affinity_sd"),
        n_zerosum_axes=2,
        dims=(names.SUPPLIER, names.RECIPIENT),
    )
    memory = pm.Data("recent_deliveries", inputs["memory"].transpose(*CELL).values, dims=CELL)
    return explained + rest[:, :, None] + variable(priors, "memory") * memory


def home_level(inputs: xr.Dataset, priors: Priors, level: Any, supplier_level: Any) -> Any:
    """Add the pull of home industry (recipient), log-odds net of the scale of acquisitions.

    For a country that is a supplier too it rests on the capacity its exports show; for any other
    capacity and home bias enter only as a sum, whose split is drawn after the fit.
    """
    exporter, at = exporters(inputs)
    index, known = capacity.country_index(inputs, names.RECIPIENT)
    bias, bias_sd = variable(priors, "home_bias"), variable(priors, "home_bias_sd")
    base = pt.switch(exporter, supplier_level[at], pt.switch(known, level[index], 0.0))
    capacity_sd = pm.modelcontext(None)["capacity_sd"]
    spread = pt.sqrt(bias_sd**2 + np.where(exporter, 0.0, 1.0) * capacity_sd**2)
    scale = variable(priors, "acquisition_scale")
    return scale, pm.Normal("home_level", base + bias - scale, spread, dims=names.RECIPIENT)


def home_change(inputs: xr.Dataset, change: Any, supplier_change: Any) -> Any:
    """Changes over time of the pull of home industry (recipient, year), log-odds.

    A supplier's capacity moves as its exports show; any other country's as its effort explains.
    """
    exporter, at = exporters(inputs)
    index, known = capacity.country_index(inputs, names.RECIPIENT)
    other = np.where(known, 1.0, 0.0)[:, None] * change[index]
    return pt.switch(exporter[:, None], supplier_change[at], other)


def utility(inputs: xr.Dataset, priors: Priors, supplied: Any) -> Any:
    """Add the log-odds of every supplier with every recipient (supplier, recipient, year)."""
    war = pm.Data(
        "war",
        inputs["war"].transpose(names.SUPPLIER, names.YEAR).values,
        dims=(names.SUPPLIER, names.YEAR),
    )
    available = supplied + variable(priors, "war_effect") * war
    possible = inputs["possible"].transpose(names.SUPPLIER, names.RECIPIENT).values[:, :, None]
    return pt.switch(possible, available[:, None, :] + affinity(inputs, priors), IMPOSSIBLE)


def exporters(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which recipients are suppliers of the sample too, and their positions on `supplier`."""
    suppliers = list(inputs[names.SUPPLIER].values)
    found = [
        suppliers.index(r) if r in suppliers and r != names.REST else -1
        for r in inputs[names.RECIPIENT].values
    ]
    return np.array([f >= 0 for f in found]), np.maximum(found, 0)


def deliveries(inputs: xr.Dataset, priors: Priors, log_volume: Any) -> None:
    """Add the likelihood of observed deliveries (supplier, recipient, year), TIV million.

    Nothing is delivered with a probability that falls with the expected volume; otherwise the log
    of the size is Normal with a spread that does too.
    """
    possible = inputs["possible"].transpose(names.SUPPLIER, names.RECIPIENT).values[:, :, None]
    pm.CustomDist(
        "deliveries",
        log_volume,
        variable(priors, "presence_intercept"),
        variable(priors, "presence_slope"),
        variable(priors, "size_sd_log"),
        variable(priors, "size_sd_slope"),
        np.broadcast_to(possible, [inputs.sizes[d] for d in CELL]),
        logp=delivery_log_probability,
        signature="(),(),(),(),(),()->()",
        observed=inputs["deliveries"].transpose(*CELL).values,
        dims=CELL,
    )


def delivery_log_probability(
    value: Any, log_volume: Any, intercept: Any, slope: Any, log_sd: Any, sd_slope: Any, possible: Any
) -> Any:
    """Log density of a delivery (TIV million), zeros included; 0 where a pair cannot trade."""
    log_none = equations.log_no_delivery(log_volume, (intercept, slope), pt)
    log_any = pt.log(-pt.expm1(log_none))
    mean, sd = equations.size_distribution(log_volume, log_any, (log_sd, sd_slope), pt)
    log_value = pt.log(pt.maximum(value, 1e-6))
    density = log_any - 0.5 * ((log_value - mean) / sd) ** 2 - pt.log(sd) - log_value
    constant = 0.5 * np.log(2.0 * np.pi)
    return pt.switch(possible, pt.switch(value > 0, density - constant, log_none), 0.0)
