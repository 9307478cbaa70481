r"""Choice: how many orders a recipient places with each supplier, in periods of three years.

.. math:: n_{srp} \sim \mathrm{NegBin}(e_p \exp(d_{rp}) \, \mathrm{share}_{srp}, \phi), \quad
   \mathrm{share}_{\cdot rp} = \mathrm{softmax}_s(\theta_{sp} + a_{sr} + x'\beta + m'\mu)

d: log orders a year, a level, budgets, for producers their own R&D, and a walk; θ: capacity to win
orders, by R&D and military stocks between and within countries and a walk; a: the pair's affinity;
x: politics and war; m: the pair's orders of the two periods before; e: years of full knowledge that
the register of the origin has of a period (late orders are still missing). Periods instead of
years: five in six yearly cells are zero, θ and d move slowly, and a third of the cells is left. The
logit is that of Eaton & Kortum (2002), gravity in counts that of Santos Silva & Tenreyro (2006).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import capacity
from models import priors as prior_files
from models.inputs import COVARIATES
from models.order_book import PERIOD, OrderData, periods
from models.priors import Priors, order, parameters

PRIORS_FILE = prior_files.DEFAULT_FILE.with_name("orders.toml")
BARRED = -40.0
"""Added to the log-odds of a country as its own supplier."""
PERIOD_DIM = "period"
MEMORIES = ("memory", "memory_before")


class ChoiceInputs(NamedTuple):
    """Arrays of the choice model: c country, s supplier, r recipient, p period.

    Attributes
    ----------
    level, change : log R&D and military stocks of suppliers: mean (2, s), deviation (2, s, p).
    budget : log military spending of recipients, deviation (r, p); `budget_level` its mean (r).
    own_rd : R&D deviation of recipients that are suppliers (r, p), 0 for others.
    politics : covariates of `models.inputs.COVARIATES` (covariate, s, r, p).
    war : share of a period in which a supplier was at war (s, p).
    memory : what pairs remember (2, s, r, p), see `remembered`.
    possible : (s, r).
    placed, exposure : see `models.order_book.OrderData`; only the modelled periods.
    """

    level: np.ndarray
    change: np.ndarray
    budget: np.ndarray
    budget_level: np.ndarray
    own_rd: np.ndarray
    politics: np.ndarray
    war: np.ndarray
    memory: np.ndarray
    possible: np.ndarray
    placed: np.ndarray
    exposure: np.ndarray


def prepare(inputs: xr.Dataset, data: OrderData) -> ChoiceInputs:
    """Return the arrays of the choice model.

    Parameters
    ----------
    inputs
        As from `models.inputs.prepare`, of the same origin.
    data
        As from `models.order_book.prepare`.
    """
    def mean(name: str, *dims: str) -> np.ndarray:
        values = inputs[name].transpose(*dims, names.YEAR)
        years = values[names.YEAR].values
        out = [
            values.values[..., (years <= end) & (years > end - PERIOD)].mean(axis=-1)
            for end in periods(data.origin)
        ]
        return np.stack(out, axis=-1)

    at, known = capacity.country_index(inputs, names.SUPPLIER)
    level = np.stack([known * inputs[f"{x}_level"].values[at] for x in ("rd", "mil")])
    change = np.stack(
        [known[:, None] * mean(f"{x}_change", names.COUNTRY)[at] for x in ("rd", "mil")]
    )
    own = [data.suppliers.index(r) if r in data.suppliers else -1 for r in data.recipients]
    exporter = np.array([o >= 0 and r != names.REST for o, r in
                         zip(own, data.recipients, strict=True)])  # fmt: skip
    own_rd = np.where(exporter[:, None], change[0][own], 0.0)
    politics = mean("affinity_covariates", "covariate", names.SUPPLIER, names.RECIPIENT)
    return ChoiceInputs(
        level, change, mean("log_budget_change", names.RECIPIENT),
        inputs["log_budget_level"].values - float(inputs["log_budget_level"].mean()), own_rd,
        politics, mean("war", names.SUPPLIER), remembered(data.placed, data.exposure),
        inputs["possible"].transpose(names.SUPPLIER, names.RECIPIENT).values.astype(bool),
        data.placed[..., 2:], data.exposure[2:],
    )  # fmt: skip


def remembered(placed: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """Return log(1 + orders a year) of a pair in the period before each and in the one before.

    Parameters
    ----------
    placed, exposure
        (..., supplier, recipient, period) and (period); of periods from the third on memory is
        returned.

    Returns
    -------
    array (2, ..., supplier, recipient, period - 2).
    """
    logs = np.log1p(placed / exposure)
    return np.stack([logs[..., 1:-1], logs[..., :-2]])


def log_shares(utility: Any, xp: Any) -> Any:
    """Return the log of each supplier's share (..., supplier, recipient, period) of orders."""
    top = utility.max(axis=-3, keepdims=True)
    return utility - top - xp.log(xp.exp(utility - top).sum(axis=-3, keepdims=True))


def orders(x: ChoiceInputs, data: OrderData, priors: Priors) -> pm.Model:
    """Build the model of choice.

    Parameters
    ----------
    x
        As from `prepare`.
    data
        For the names of suppliers and recipients.
    priors
        Of `PRIORS_FILE`.

    Returns
    -------
    pymc.Model
        With dims parameter, supplier, recipient, period. `theta` (supplier, period), log-odds;
        `demand` (recipient, period), log orders a year; `affinity` (supplier, recipient).
    """
    coords = {
        "parameter": order(priors), names.SUPPLIER: list(data.suppliers),
        names.RECIPIENT: list(data.recipients), PERIOD_DIM: periods(data.origin),
    }  # fmt: skip
    of_pair = (names.SUPPLIER, names.RECIPIENT)
    with pm.Model(coords=coords) as model:
        top = parameters(priors)
        theta = pm.Deterministic("theta", _theta(x, top), dims=(names.SUPPLIER, PERIOD_DIM))
        demand = pm.Deterministic("demand", _demand(x, top), dims=(names.RECIPIENT, PERIOD_DIM))
        affinity = top["order_affinity_sd"] * pm.Normal("affinity_z", 0.0, 1.0, dims=of_pair)
        effects = pt.stack([top[f"order_{name}"] for name in COVARIATES])
        memory = pt.stack([top[f"order_{name}"] for name in MEMORIES])
        fixed = pt.tensordot(effects, x.politics, 1) + pt.tensordot(memory, x.memory, 1)
        offered = theta + top["order_war"] * x.war
        barred = np.where(x.possible, 0.0, BARRED)[..., None]
        utility = offered[:, None, :] + affinity[..., None] + fixed + barred
        log_rate = demand[None] + log_shares(utility, pt) + np.log(x.exposure)
        at = np.nonzero(np.broadcast_to(x.possible[..., None], x.placed.shape))
        pm.NegativeBinomial(
            "placed", mu=pt.exp(log_rate[at]), alpha=top["order_clumping"], observed=x.placed[at]
        )
    return model


def _walk(name: str, scale: Any, dims: tuple[str, str]) -> Any:
    """Add a random walk over periods, centred over the window; `scale` is of a year's step."""
    steps = pm.Normal(name, 0.0, 1.0, dims=dims)
    path = pt.cumsum(scale * np.sqrt(PERIOD) * steps, axis=1)
    return path - path.mean(axis=1, keepdims=True)


def _theta(x: ChoiceInputs, top: Any) -> Any:
    between = pt.stack([top["order_rd_between"], top["order_mil_between"]])
    within = pt.stack([top["order_rd_within"], top["order_mil_within"]])
    level = top["order_theta_sd"] * pm.Normal("theta_z", 0.0, 1.0, dims=names.SUPPLIER)
    walk = _walk("theta_step", top["order_theta_walk"], (names.SUPPLIER, PERIOD_DIM))
    return (pt.dot(between, x.level) + level)[:, None] + pt.tensordot(within, x.change, 1) + walk


def _demand(x: ChoiceInputs, top: Any) -> Any:
    level = top["order_demand"] + top["order_budget_level"] * x.budget_level
    level = level + top["order_demand_sd"] * pm.Normal("demand_z", 0.0, 1.0, dims=names.RECIPIENT)
    walk = _walk("demand_step", top["order_demand_walk"], (names.RECIPIENT, PERIOD_DIM))
    moved = top["order_budget"] * x.budget + top["order_own_rd"] * x.own_rd
    return level[:, None] + moved + walk
