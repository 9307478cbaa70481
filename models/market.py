r"""Who wins orders: the market for arms, once, for the fit, the past and the futures.

.. math:: n_{srp} \sim \mathrm{NegBin}(e_p \lambda_{srp}, \phi_{srp}), \quad
   \lambda_{srp} = \exp(d_{rp}) \, \mathrm{share}_{srp}, \quad
   \phi_{srp} = \phi \, \lambda_{srp}^{\gamma}, \\
   \mathrm{share}_{\cdot rp} = \mathrm{softmax}_s(\theta_{sp} + w_{sp} + a_{sr} + x'\beta + m'\mu)

n: orders that recipient r placed with supplier s in the three years p; θ: capacity, by stocks of
R&D and military spending between and within countries and a walk; w: the supplier's own war; a:
the pair's affinity; x: politics and distance; m: its orders of the two periods before; d: log
orders a year: a level, budgets, for producers their own R&D and capacity, and a walk; e: years of
full knowledge that the register has of a period (late orders are still missing); φ: the size of
the negative binomial, which grows with what is expected (γ 0 is its second, γ 1 its first kind,
Cameron & Trivedi 1986): a pair of many orders varies less than in proportion. Periods instead
of years: five in six yearly cells are zero, θ and d move slowly. The logit is that of Eaton &
Kortum (2002), gravity in counts that of Santos Silva & Tenreyro (2006); between and within are
Mundlak's (1978).

Capacity is the log-odds of winning an order of a recipient without political or geographic reason
to choose otherwise. Unexplained affinities sum to zero over recipients for every supplier: this is
the convention that gives levels of capacity their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import scipy.linalg
import xarray as xr
from scipy import special

from crossover.data import names
from crossover.models.inputs import COVARIATES, EFFORTS, country_index, exporters
from crossover.models.market_density import Orders, listed
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED
from crossover.models.priors import Priors, order, parameters

CELL = (names.SUPPLIER, names.RECIPIENT)
BARRED = -40.0
"""Added to the log-odds of a country as its own supplier."""
MEMORIES = ("memory", "memory_before")
"""Effects of a pair's orders in the period before, and in the one before that."""


class Market(NamedTuple):
    """Arrays of the market over the window: s supplier, r recipient, p period, y year.

    Attributes
    ----------
    level, change, yearly : log R&D and military stocks of suppliers: mean (2, s), deviation from
        it in periods (2, s, p) and in years (2, s, y).
    budget : log military spending of recipients, deviation (r, p); `budget_level` its mean (r).
    own_rd : R&D deviation of recipients that are suppliers of the sample (r, p), 0 for others.
    exporter, as_supplier : 1.0 for these recipients, and where on `supplier` they are (r).
    features : covariates of `models.inputs.COVARIATES`, then what pairs remember (k, s, r, p).
    war : share of a period in which a supplier was at war (s, p).
    barred : log-odds taken from pairs that cannot trade (s, r).
    placed, exposure : listed orders (s, r, p), and years of full knowledge of them (p).
    of_year : weights of periods that make a yearly walk (p, y).
    """

    level: np.ndarray
    change: np.ndarray
    yearly: np.ndarray
    budget: np.ndarray
    budget_level: np.ndarray
    own_rd: np.ndarray
    exporter: np.ndarray
    as_supplier: np.ndarray
    features: np.ndarray
    war: np.ndarray
    barred: np.ndarray
    placed: np.ndarray
    exposure: np.ndarray
    of_year: np.ndarray


def arrays(inputs: xr.Dataset) -> Market:
    """Return the arrays of the market from inputs as of `models.inputs.prepare`."""
    ends = inputs[ORDER_PERIOD].values[REMEMBERED:]
    years = inputs[names.YEAR].values

    def by_period(name: str, *dims: str) -> np.ndarray:
        return mean_of_periods(inputs[name].transpose(*dims, names.YEAR).values, years, ends)

    where, known = country_index(inputs, names.SUPPLIER)
    exporter, at = exporters(inputs)
    level = np.stack([known * inputs[f"{x}_level"].values[where] for x in EFFORTS])
    moved = [
        known[:, None] * inputs[f"{x}_change"].transpose(names.COUNTRY, names.YEAR).values[where]
        for x in EFFORTS
    ]
    change = np.stack([mean_of_periods(values, years, ends) for values in moved])
    placed = inputs["placed"].transpose(*CELL, ORDER_PERIOD).values
    exposure = inputs["order_exposure"].values
    features = by_period("affinity_covariates", "covariate", *CELL)
    possible = inputs["possible"].transpose(*CELL).values.astype(bool)
    return Market(
        level, change, np.stack(moved),
        by_period("log_budget_change", names.RECIPIENT),
        inputs["log_budget_level"].values - float(inputs["log_budget_level"].mean()),
        exporter[:, None] * change[0][at], exporter, at,
        np.concatenate([features, remembered(placed, exposure)]),
        by_period("war", names.SUPPLIER), np.where(possible, 0.0, BARRED),
        placed[..., REMEMBERED:], exposure[REMEMBERED:], weights_of_years(ends, years),
    )  # fmt: skip


def mean_of_periods(values: np.ndarray, years: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return means of yearly values (..., year) over the periods that end in some years."""
    inside = [(years <= end) & (years > end - PERIOD) for end in ends]
    return np.stack([values[..., at].mean(axis=-1) for at in inside], axis=-1)


def weights_of_years(ends: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Return weights (period, year) that lay a yearly path through the middles of periods.

    On straight lines between them, and flat beyond the first and the last.
    """
    middles = ends - (PERIOD - 1) / 2.0
    return np.stack([np.interp(years, middles, row) for row in np.eye(len(ends))])


def remembered(placed: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """Return log(1 + orders a year) of a pair in the period before each and in the one before.

    Parameters
    ----------
    placed, exposure
        (..., supplier, recipient, period) and (period); of periods from the third on memory is
        returned.

    Returns
    -------
    array (memory, ..., supplier, recipient, period - 2).
    """
    logs = np.log1p(placed / exposure)
    return np.stack([logs[..., 1:-1], logs[..., :-2]])


# Equations, for draws; the sampler's are in `models.market_density` -----------------------------


def log_orders(
    demand: np.ndarray, offered: np.ndarray, affinity: np.ndarray, pull: np.ndarray,
    barred: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return log expected orders a year, and log shares, (..., supplier, recipient, period).

    Parameters
    ----------
    demand
        Log orders a year (..., recipient, period).
    offered
        Capacity and war (..., supplier, period), log-odds.
    affinity, pull
        Of pairs: lasting (..., supplier, recipient), and by politics and memory
        (..., supplier, recipient, period), log-odds.
    barred
        As of `Market`.
    """
    utility = offered[..., :, None, :] + (affinity + barred)[..., None] + pull
    top = utility.max(axis=-3, keepdims=True)
    shares = utility - top - np.log(np.exp(utility - top).sum(axis=-3, keepdims=True))
    return demand[..., None, :, :] + shares, shares


def log_size(log_rate: np.ndarray, clumping: Any, growth: Any) -> np.ndarray:
    """Return log φ, the size of the negative binomial, of the shape of `log_rate`.

    Parameters
    ----------
    log_rate
        Log expected orders a year.
    clumping, growth
        φ of a pair that orders once a year, and γ, how it grows with what is expected.
    """
    return np.log(clumping) + growth * log_rate


def log_density_of_cells(log_rate: np.ndarray, log_size: np.ndarray, x: Market) -> np.ndarray:
    """Return the log density of listed orders: negative binomial, without its constant.

    Parameters
    ----------
    log_rate, log_size
        Log expected orders a year, log φ (supplier, recipient, period).
    x
        For orders and exposures; a country's orders with itself do not count.

    Returns
    -------
    array of the shape of `log_rate`.
    """
    able = np.broadcast_to((x.barred == 0.0)[..., None], x.placed.shape)
    size, odds = np.exp(log_size), log_rate + np.log(x.exposure) - log_size
    rising = special.gammaln(x.placed + size) - special.gammaln(size)
    # N log(μ / (μ + φ)) + φ log(φ / (μ + φ)), with μ + φ = φ (1 + μ / φ).
    by_rate = x.placed * odds - (x.placed + size) * np.log1p(np.exp(odds))
    return np.where(able, rising + by_rate, 0.0)


# The model -------------------------------------------------------------------------------------


def market(inputs: xr.Dataset, priors: Priors) -> pm.Model:
    """Build the model of who wins orders.

    Parameters
    ----------
    inputs
        As from `models.inputs.prepare`.
    priors
        Those of the part `market`.

    Returns
    -------
    pymc.Model
        With dims parameter, supplier, recipient, year, order_period. `supplier_level` (supplier)
        and `supplier_capacity` (supplier, year), log-odds; `capacity_walk` (supplier,
        order_period), of which the stocks' effects are taken; `affinity` (supplier, recipient);
        `demand` (recipient, order_period), log orders a year, and `demand_walk`, the part of it
        that nothing explains.
    """
    x = arrays(inputs)
    coords = {dim: inputs[dim].values for dim in (*CELL, names.YEAR)} | {
        "parameter": order(priors),
        "contrast": np.arange(inputs.sizes[names.SUPPLIER]),
        ORDER_PERIOD: inputs[ORDER_PERIOD].values[REMEMBERED:],
    }
    with pm.Model(coords=coords) as model:
        top = parameters(priors)
        effects = pt.stack([top[f"{name}_effect"] for name in COVARIATES])
        affinity = pm.Deterministic(
            "affinity",
            top["affinity_sd"]
            * pm.ZeroSumNormal("affinity_z", 1.0, n_zerosum_axes=2, dims=CELL),
            dims=CELL,
        )
        capacity, moved = _capacity(x, top, effects)
        demand = _demand(x, top, moved)
        pulls = pt.concatenate([effects, pt.stack([top[name] for name in MEMORIES])])
        offered = capacity + top["war_effect"] * x.war
        density, *_ = Orders()(
            demand, offered, affinity, pulls, pt.log(top["clumping"]), top["clumping_growth"],
            *listed(x.features, x.barred, x.placed, x.exposure),
        )  # fmt: skip
        pm.Potential("orders", density)
    return model


def _capacity(x: Market, top: Mapping[str, Any], effects: Any) -> tuple[Any, Any]:
    """Add capacity of suppliers; return it and its deviation from its mean (supplier, period).

    What data show is a supplier's mean appeal: capacity and what politics explain of its sales
    everywhere. So that is what is sampled, in orthonormal contrasts with the common mean apart,
    of which data say nothing. Walks sum to zero over suppliers in every step, since
    what all gain together is demand, and are centred over the window, where a mean is a level.
    """
    between = pt.stack([top[f"{name}_between"] for name in EFFORTS])
    politics = x.features[: len(COVARIATES)].mean(axis=(2, 3))
    explained = pt.dot(effects, politics - politics.mean(axis=1, keepdims=True))
    basis = scipy.linalg.helmert(x.level.shape[1], full=True)
    rotated = pm.Normal(
        "appeal_contrast", pt.dot(basis, pt.dot(between, x.level) + explained),
        top["capacity_sd"], dims="contrast",
    )  # fmt: skip
    appeal = pt.dot(basis.T, rotated)
    level = pm.Deterministic("supplier_level", appeal - explained, dims=names.SUPPLIER)
    steps = pm.ZeroSumNormal(
        "walk_step", 1.0, n_zerosum_axes=1, dims=(ORDER_PERIOD, names.SUPPLIER)
    )
    path = pt.cumsum(top["walk_sd"] * np.sqrt(PERIOD) * steps, axis=0).T
    walk = pm.Deterministic(
        "capacity_walk", path - path.mean(axis=1, keepdims=True), dims=(names.SUPPLIER,
                                                                        ORDER_PERIOD)
    )  # fmt: skip
    own = pm.Normal("rd_within_z", 0.0, 1.0, dims=names.SUPPLIER)
    by_rd = top["rd_within"] + top["rd_within_sd"] * own

    def by_effort(change: np.ndarray) -> Any:
        return by_rd[:, None] * change[0] + top["mil_within"] * change[1]

    pm.Deterministic(
        "supplier_capacity",
        level[:, None] + by_effort(x.yearly) + pt.dot(walk, x.of_year),
        dims=(names.SUPPLIER, names.YEAR),
    )
    moved = by_effort(x.change) + walk
    return level[:, None] + moved, moved


def _demand(x: Market, top: Mapping[str, Any], moved: Any) -> Any:
    """Add log orders a year (recipient, period)."""
    level = pm.Normal(
        "demand_level", top["demand"] + top["budget_level"] * x.budget_level, top["demand_sd"],
        dims=names.RECIPIENT,
    )  # fmt: skip
    own = x.exporter[:, None] * moved[x.as_supplier]
    explained = demand_explained(top, x.budget, x.own_rd, own)
    # Of producers the data show the path of orders, not what explains it: so that is sampled.
    scale = top["propensity_walk_sd"] * np.sqrt(PERIOD)
    held = x.exporter[:, None] * explained
    first = pt.zeros_like(held[:, :1])
    expected = pt.concatenate([first, held[:, 1:] - held[:, :-1]], axis=1).T / scale
    steps = pm.Normal("demand_step", expected, 1.0, dims=(ORDER_PERIOD, names.RECIPIENT))
    path = scale * pt.cumsum(steps, axis=0).T - held
    walk = pm.Deterministic(
        "demand_walk", path - path.mean(axis=1, keepdims=True), dims=(names.RECIPIENT,
                                                                      ORDER_PERIOD)
    )  # fmt: skip
    return pm.Deterministic(
        "demand_period", level[:, None] + explained + walk, dims=(names.RECIPIENT, ORDER_PERIOD)
    )


def demand_explained(top: Mapping[str, Any], budget: Any, own_rd: Any, own_capacity: Any) -> Any:
    """Return what budgets and a producer's own industry explain of log orders a year.

    Parameters
    ----------
    top
        Parameters by name, of a shape that broadcasts against the others.
    budget, own_rd, own_capacity
        Deviations (..., recipient, period) of log military spending, log R&D stock and capacity;
        the last two are 0 for countries that are no suppliers of the sample.
    """
    return (
        top["budget_effect"] * budget
        + top["own_rd_effect"] * own_rd
        + top["own_capacity_effect"] * own_capacity
    )
