"""The market for orders from posterior draws: over the past, and in the futures.

The equations are those of `models.market`; here they meet draws, and paths of what orders rest on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import special

from data.names import CHAIN, COUNTRY, DRAW, RECIPIENT, REST, SUPPLIER, YEAR
from forecast import scenarios as scenario_files
from forecast.draws import Arrays, block, stack
from forecast.effort_paths import Effort, ideal_distances
from forecast.streams import gammas
from models.inputs import COVARIATES, EFFORTS, country_index
from models.market import (
    CELL,
    MEMORIES,
    Market,
    arrays,
    demand_explained,
    log_density_of_cells,
    log_orders,
    log_size,
    remembered,
)
from models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED

BLOCK = 250
"""Draws worked on at a time: what bounds memory."""
UNLISTED_PERIODS = 2
"""Periods up to the origin whose missing orders are drawn."""


class Ahead(NamedTuple):
    """What orders rest on after the origin, by draw.

    Attributes
    ----------
    theta, theta_past : capacity of every country (draw, country, year), log-odds.
    offered : capacity and war of suppliers (draw, supplier, year), log-odds.
    demand : log orders a year of recipients before they add up (draw, recipient, year).
    """

    theta: np.ndarray
    theta_past: np.ndarray
    offered: np.ndarray
    demand: np.ndarray


class Orders(NamedTuple):
    """Orders that are expected.

    Attributes
    ----------
    rates : a year, from the first year of the last `UNLISTED_PERIODS` before the origin on
        (draw, supplier, recipient, year).
    log_share : of suppliers in what a recipient orders after the origin
        (draw, supplier, recipient, year).
    """

    rates: np.ndarray
    log_share: np.ndarray


# The past --------------------------------------------------------------------------------------


def past(draws: Arrays, inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return log expected orders a year, and log shares (draw, supplier, recipient, period)."""
    x = arrays(inputs)
    walk = draws["capacity_walk"].astype(float)
    capacity = draws["supplier_level"][..., None] + by_effort(draws, x.change) + walk
    offered = capacity + draws["war_effect"][:, None, None] * x.war
    pull = np.tensordot(_pulls(draws), x.features, axes=1)
    return log_orders(draws["demand_period"], offered, draws["affinity"], pull, x.barred)


def _pulls(draws: Arrays) -> np.ndarray:
    names = (*(f"{name}_effect" for name in COVARIATES), *MEMORIES)
    return np.stack([draws[name] for name in names], axis=-1)


def by_effort(draws: Arrays, change: np.ndarray) -> np.ndarray:
    """Return what changes of suppliers' stocks add to their capacity (draw, supplier, ...).

    Parameters
    ----------
    draws
        As from `forecast.draws.stack`.
    change
        Deviations of log R&D and military stocks (2, [draw,] supplier, ...).
    """
    own = draws["rd_within"][:, None] + draws["rd_within_sd"][:, None] * draws["rd_within_z"]
    return own[..., None] * change[0] + draws["mil_within"][:, None, None] * change[1]


def log_likelihood(posterior: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
    """Log likelihood of what a recipient ordered (chain, draw, recipient, order_period)."""
    draws, x = stack(posterior), arrays(inputs)
    count = len(draws["parameters"])
    parts = []
    for start in range(0, count, BLOCK):
        some = block(draws, start, start + BLOCK)
        rate, _ = past(some, inputs)
        parts.append(log_density_of_cells(rate, size_of_rates(some, rate), x).sum(axis=1))
    shape = (posterior.sizes[CHAIN], posterior.sizes[DRAW])
    values = np.concatenate(parts).astype(np.float32)
    return xr.Dataset(
        {"orders": ((CHAIN, DRAW, RECIPIENT, ORDER_PERIOD),
                    values.reshape(*shape, *values.shape[1:]))},
        coords={
            CHAIN: posterior[CHAIN], DRAW: posterior[DRAW], RECIPIENT: posterior[RECIPIENT],
            ORDER_PERIOD: inputs[ORDER_PERIOD].values[REMEMBERED:],
        },
    )  # fmt: skip


def size_of_rates(draws: Arrays, log_rate: np.ndarray) -> np.ndarray:
    """Return log φ of expected orders (draw, ...), see `models.market.log_size`."""
    wide = (-1, *[1] * (log_rate.ndim - 1))
    clumping, growth = (draws[name].reshape(wide) for name in ("clumping", "clumping_growth"))
    return log_size(log_rate, clumping, growth)


def draw_orders(
    draws: Arrays, log_rate: np.ndarray, exposure: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw orders listed in periods (draw, ..., period) given log expected orders a year.

    `exposure` (period): years of full knowledge.
    """
    shape = np.exp(size_of_rates(draws, log_rate))
    return rng.poisson(np.exp(log_rate) * exposure * rng.standard_gamma(shape) / shape)


# What orders rest on ---------------------------------------------------------------------------


def ahead(
    draws: Arrays, inputs: xr.Dataset, effort: Effort, war: np.ndarray, rng: np.random.Generator
) -> Ahead:
    """Return capacity and demand after the origin.

    Parameters
    ----------
    draws, inputs
        The draws and what was fitted.
    effort
        As from `forecast.effort_paths.effort_paths`.
    war
        Whether suppliers are at war (draw, supplier, year).
    rng
        Of walks, and of the capacity of countries that are no suppliers.
    """
    x = arrays(inputs)
    years = war.shape[-1]
    sellers, known = country_index(inputs, SUPPLIER)
    moved = np.stack([known[:, None] * part[:, sellers] for part in (effort.rd, effort.mil)])
    steps = rng.standard_normal((len(war), len(sellers), years))
    steps -= steps.mean(axis=1, keepdims=True)
    walk = draws["capacity_walk"][..., -1:] + draws["walk_sd"][:, None, None] * np.cumsum(
        steps, axis=-1
    )
    change = by_effort(draws, moved) + walk
    capacity = draws["supplier_level"][..., None] + change
    theta_past, theta = np.split(
        all_countries(draws, inputs, rng, effort), [inputs.sizes[YEAR]], axis=-1
    )
    for at, i in enumerate(sellers):
        if known[at]:
            theta_past[:, i], theta[:, i] = draws["supplier_capacity"][:, at], capacity[:, at]
    return Ahead(
        theta, theta_past, capacity + draws["war_effect"][:, None, None] * war,
        _demand(draws, inputs, x, effort, moved[0], change, rng),
    )  # fmt: skip


def all_countries(
    draws: Arrays, inputs: xr.Dataset, rng: np.random.Generator, effort: Effort | None = None
) -> np.ndarray:
    """Draw capacity as of countries that are no suppliers (draw, country, year).

    Their orders say nothing of it: it is what effort explains, and a level of their own, which is
    at most what their part in the exports of the rest of the world allows. Over the window, and
    where `effort` is given over the years after it too.
    """
    level = sum(
        draws[f"{label}_between"][:, None] * inputs[f"{label}_level"].values for label in EFFORTS
    )
    rest = [str(c) for c in inputs[SUPPLIER].values].index(REST)
    most = draws["supplier_level"][:, [rest]] + inputs["log_rest_share"].values
    spread = draws["capacity_sd"][:, None]
    below = special.log_ndtr((most - level) / spread)
    uniform = 1.0 - rng.random(level.shape)
    level = level + spread * special.ndtri_exp(below + np.log(uniform))
    own = draws["rd_within_sd"][:, None] * rng.standard_normal(level.shape)
    by_rd = (draws["rd_within"][:, None] + own)[..., None]
    moved = [inputs[f"{x}_change"].transpose(COUNTRY, YEAR).values for x in EFFORTS]
    if effort is not None:
        moved = [
            np.concatenate([np.broadcast_to(before, (*level.shape, before.shape[1])), after], -1)
            for before, after in zip(moved, (effort.rd, effort.mil), strict=True)
        ]
    return level[..., None] + by_rd * moved[0] + draws["mil_within"][:, None, None] * moved[1]


def _demand(
    draws: Arrays, inputs: xr.Dataset, x: Market, effort: Effort, rd: np.ndarray,
    change: np.ndarray, rng: np.random.Generator,
) -> np.ndarray:
    """Log orders a year (draw, recipient, year) before they add up to what the world orders.

    Budgets count relative to the mean of all, as in the fit; the rest of the world's moves with it.
    """
    index, known = country_index(inputs, RECIPIENT)
    now = np.log(inputs["milex"].isel(year_effort=-1).values)
    growth = effort.log_milex - now[:, None]
    relative = growth - growth.mean(axis=1, keepdims=True)
    last = inputs["log_budget_change"].isel({YEAR: -1}).values
    budget = known[:, None] * relative[:, index] + last[:, None]
    top = {name: draws[name][:, None, None] for name in
           ("budget_effect", "own_rd_effect", "own_capacity_effect")}  # fmt: skip
    own = x.exporter[:, None]
    at = x.as_supplier
    explained = demand_explained(top, budget, own * rd[:, at], own * change[:, at])
    steps = rng.standard_normal((*explained.shape,))
    walk = draws["demand_walk"][..., -1:] + draws["propensity_walk_sd"][:, None, None] * np.cumsum(
        steps, axis=-1
    )
    return draws["demand_level"][..., None] + explained + walk


# Orders ----------------------------------------------------------------------------------------


def expected(
    draws: Arrays, inputs: xr.Dataset, found: Ahead, rng: np.random.Generator,
    changes: xr.Dataset | None = None, chance: np.ndarray | None = None,
) -> tuple[Orders, np.ndarray]:
    """Return expected orders from the last periods before the origin on, noise of pairs included.

    Orders of the last periods that the register does not list yet are drawn given those that it
    lists: a Gamma rate seen as a Poisson number over `exposure` years.

    Parameters
    ----------
    draws, inputs
        The draws and what was fitted.
    found
        As from `ahead`.
    rng
        Of the noise of pairs, of the world's demand, and of votes.
    changes, chance
        A scenario's changes, and the draws' chance for those of some probability (draw).

    Returns
    -------
    tuple
        Orders, and standardised ideal-point distances (draw, supplier, recipient, year).
    """
    x = arrays(inputs)
    years = found.offered.shape[-1]
    log_rate, _ = past(draws, inputs)
    rates = []
    for back in range(UNLISTED_PERIODS, 0, -1):
        mean = log_rate[..., -back]
        size = np.exp(size_of_rates(draws, mean))
        listed = rng.standard_gamma(size + x.placed[..., -back])
        rates += [listed / (size / np.exp(mean) + x.exposure[-back])] * PERIOD
    covariates = inputs["affinity_covariates"].transpose("covariate", *CELL, YEAR)
    effects = _pulls(draws)[:, 1 : len(COVARIATES)]
    lasting = np.tensordot(effects, covariates.values[1:, ..., -1], axes=1)
    of_votes = draws[f"{COVARIATES[0]}_effect"][:, None, None]
    distances = ideal_distances(draws, inputs, years, rng, changes)
    barring = _embargoes(draws, inputs, covariates.sel(covariate="embargo"), changes, chance)
    demand = found.demand - special.logsumexp(found.demand, axis=1, keepdims=True)
    demand += _world(draws, log_rate, years, rng)[:, None]
    placed = np.repeat(x.placed[None, ..., -REMEMBERED:], len(draws["parameters"]), axis=0)
    exposure = x.exposure[-REMEMBERED:]
    shares, away = [], []
    # As many numbers are taken from `rng` whatever is expected: scenarios stay comparable.
    seeds = rng.integers(2**62, size=years)
    for t in range(years):
        if t % PERIOD == 0:
            habit = lasting + _memory(draws, placed, exposure)
        away.append(distances(t))
        pull = habit + of_votes * away[-1]
        for seller, buyer, shift in barring:
            pull[:, seller, buyer] += shift[:, t]
        now, share = log_orders(
            demand[..., [t]], found.offered[..., [t]], draws["affinity"], pull[..., None],
            x.barred,
        )  # fmt: skip
        # What befalls a pair befalls it for a period, as in the fit.
        size = np.exp(size_of_rates(draws, now[..., 0]))
        rates.append(np.exp(now[..., 0]) * gammas(seeds[t // PERIOD], size) / size)
        shares.append(share[..., 0])
        if t % PERIOD == PERIOD - 1:
            placed = np.stack([placed[..., -1], sum(rates[-PERIOD:])], axis=-1)
            exposure = np.array([exposure[-1], float(PERIOD)])
    return Orders(_by_year(rates), _by_year(shares)), _by_year(away)


def _by_year(years: list[np.ndarray]) -> np.ndarray:
    """Return arrays of single years as one (..., year), in single precision."""
    out = np.empty((*years[0].shape, len(years)), np.float32)
    for at, values in enumerate(years):
        out[..., at] = values
    return out


def _memory(draws: Arrays, placed: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """Log-odds of what pairs ordered in the last two periods (draw, supplier, recipient)."""
    # The period that follows is only read for what it remembers.
    padded = np.concatenate([placed, placed[..., -1:]], axis=-1)
    before = remembered(padded, np.append(exposure, PERIOD))[..., 0]
    return sum(
        draws[name][:, None, None] * one for name, one in zip(MEMORIES, before, strict=True)
    )


def _world(
    draws: Arrays, log_rate: np.ndarray, years: int, rng: np.random.Generator
) -> np.ndarray:
    """Log of all orders a year (draw, year): a walk whose step is that of the periods fitted.

    Whatever single recipients want, they compete for what is made. Without this the noise of each,
    in logs, would raise the sum of all for ever.
    """
    all_orders = special.logsumexp(log_rate, axis=(1, 2))
    step = np.diff(all_orders, axis=-1).std(axis=-1) / np.sqrt(PERIOD)
    walk = step[:, None] * np.cumsum(rng.standard_normal((len(step), years)), axis=-1)
    return all_orders[:, -1:] + walk


def _embargoes(
    draws: Arrays, inputs: xr.Dataset, column: xr.DataArray, changes: xr.Dataset | None,
    chance: np.ndarray | None,
) -> list[tuple[int, int, np.ndarray]]:
    """Supplier, recipient and change of utility (draw, year) of embargoes that a scenario sets."""
    found = []
    rows = scenario_files.each(changes, "embargo", scenario_files.PROBABILITY)
    for of, probability in rows:
        at = [
            list(inputs[d].values).index(code)
            for d, code in zip((SUPPLIER, RECIPIENT), of.split("-"), strict=True)
        ]
        now = float(column.isel({SUPPLIER: at[0], RECIPIENT: at[1], YEAR: -1}))
        barred = (chance[:, None] < probability).astype(float)
        moved = np.where(np.isfinite(probability), barred - now, 0.0)
        found.append((at[0], at[1], draws["embargo_effect"][:, None] * moved))
    return found


def of_past_years(values: np.ndarray, inputs: xr.Dataset) -> np.ndarray:
    """Return values of past periods (..., period) by year of the window (..., year)."""
    ends = inputs[ORDER_PERIOD].values[REMEMBERED:]
    return values[..., np.searchsorted(ends, inputs[YEAR].values)]


