"""The market for orders from posterior draws: over the past, and in the futures.

The equations are those of `models.market`; here they meet draws, and paths of what orders rest on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy import special

from crossover.data.names import CHAIN, COUNTRY, DRAW, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.forecast import market_loops
from crossover.forecast import scenarios as scenario_files
from crossover.forecast.draws import Arrays, block, stack
from crossover.forecast.effort_paths import BASELINE_ALONE, Effort, Points, Worlds, ideal_points
from crossover.models.inputs import COVARIATES, EFFORTS, country_index
from crossover.models.market import (
    CELL,
    MEMORIES,
    Market,
    arrays,
    demand_explained,
    log_density_of_cells,
    log_orders,
    log_size,
)
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED

BLOCK = 250
"""Draws worked on at a time: what bounds memory."""
EVERY = slice(None)
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
    """Orders that are expected, in each world.

    Attributes
    ----------
    rates : a year, from the first year of the last `UNLISTED_PERIODS` before the origin on
        (world, draw, pair, year).
    log_share : of suppliers in what a recipient orders after the origin
        (world, draw, supplier, recipient, year), of the recipients that are shown.
    """

    rates: np.ndarray
    log_share: np.ndarray


# The past --------------------------------------------------------------------------------------


def past(
    draws: Arrays, inputs: xr.Dataset, recipients: Any = EVERY, periods: slice = EVERY
) -> tuple[np.ndarray, np.ndarray]:
    """Return log expected orders a year, and log shares (draw, supplier, recipient, period).

    Of all recipients and periods, or of some by position.
    """
    x = arrays(inputs)
    walk = draws["capacity_walk"][..., periods].astype(float)
    change = by_effort(draws, x.change[..., periods])
    capacity = draws["supplier_level"][..., None] + change + walk
    offered = capacity + draws["war_effect"][:, None, None] * x.war[:, periods]
    pull = np.tensordot(_pulls(draws), x.features[:, :, recipients][..., periods], axes=1)
    return log_orders(
        draws["demand_period"][:, recipients][..., periods], offered,
        draws["affinity"][:, :, recipients], pull, x.barred[:, recipients],
    )  # fmt: skip


def _pulls(draws: Arrays) -> np.ndarray:
    names = (*(f"{name}_effect" for name in COVARIATES), *MEMORIES)
    return np.stack([draws[name] for name in names], axis=-1)


def by_effort(draws: Arrays, change: np.ndarray) -> np.ndarray:
    """Return what changes of suppliers' stocks add to their capacity (draw, supplier, ...).

    Parameters
    ----------
    draws : As from `forecast.draws.stack`.
    change : Deviations of log R&D and military stocks (2, [draw,] supplier, ...).
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
    draws: Arrays, inputs: xr.Dataset, efforts: Sequence[Effort], wars: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> list[Ahead]:
    """Return capacity and demand after the origin, in each world.

    Parameters
    ----------
    draws, inputs : The draws and what was fitted.
    efforts : By world, as from `forecast.effort_paths.effort_paths`.
    wars : By world, whether suppliers are at war (draw, supplier, year).
    rng : Of walks, and of the capacity of countries that are no suppliers.
    """
    x = arrays(inputs)
    count, _, years = wars[0].shape
    sellers, known = country_index(inputs, SUPPLIER)
    steps = rng.standard_normal((count, len(sellers), years))
    steps -= steps.mean(axis=1, keepdims=True)
    walk = draws["capacity_walk"][..., -1:] + draws["walk_sd"][:, None, None] * np.cumsum(
        steps, axis=-1
    )
    level, by_rd = _of_country(draws, inputs, rng)
    theta_past = _over_years(draws, level, by_rd, *_moved(inputs))
    own = np.flatnonzero(known)
    theta_past[:, sellers[own]] = draws["supplier_capacity"][:, own]
    demand_steps = rng.standard_normal((count, inputs.sizes[RECIPIENT], years))
    found = []
    for effort, war in zip(efforts, wars, strict=True):
        moved = np.stack([known[:, None] * part[:, sellers] for part in (effort.rd, effort.mil)])
        change = by_effort(draws, moved) + walk
        capacity = draws["supplier_level"][..., None] + change
        theta = _over_years(draws, level, by_rd, effort.rd, effort.mil)
        theta[:, sellers[own]] = capacity[:, own]
        found.append(Ahead(
            theta, theta_past, capacity + draws["war_effect"][:, None, None] * war,
            _demand(draws, inputs, x, effort, moved[0], change, demand_steps),
        ))  # fmt: skip
    return found


def all_countries(draws: Arrays, inputs: xr.Dataset, rng: np.random.Generator) -> np.ndarray:
    """Draw capacity over the window as of countries that are no suppliers (draw, country, year)."""
    return _over_years(draws, *_of_country(draws, inputs, rng), *_moved(inputs))


def _of_country(
    draws: Arrays, inputs: xr.Dataset, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw levels, and what R&D adds, as of countries that are no suppliers (draw, country).

    Their orders say nothing of it: it is what effort explains, and a level of their own, which is
    at most what their part in the exports of the rest of the world allows.
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
    return level, draws["rd_within"][:, None] + own


def _moved(inputs: xr.Dataset) -> list[np.ndarray]:
    return [inputs[f"{x}_change"].transpose(COUNTRY, YEAR).values for x in EFFORTS]


def _over_years(
    draws: Arrays, level: np.ndarray, by_rd: np.ndarray, rd: np.ndarray, mil: np.ndarray
) -> np.ndarray:
    """Return capacity (draw, country, year) given deviations of stocks ([draw,] country, year)."""
    by_mil = draws["mil_within"][:, None, None] * mil
    return level[..., None] + by_rd[..., None] * rd + by_mil


def _demand(
    draws: Arrays, inputs: xr.Dataset, x: Market, effort: Effort, rd: np.ndarray,
    change: np.ndarray, steps: np.ndarray,
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
    walk = draws["demand_walk"][..., -1:] + draws["propensity_walk_sd"][:, None, None] * np.cumsum(
        steps, axis=-1
    )
    return draws["demand_level"][..., None] + explained + walk


# Orders ----------------------------------------------------------------------------------------


def expected(
    draws: Arrays, inputs: xr.Dataset, found: Sequence[Ahead], rng: np.random.Generator,
    pairs: np.ndarray, shown: Sequence[int], worlds: Worlds = BASELINE_ALONE,
    chance: np.ndarray | None = None,
) -> tuple[Orders, list[Points]]:
    """Return expected orders from the last periods before the origin on, noise of pairs included.

    Orders of the last periods that the register does not list yet are drawn given those that it
    lists: a Gamma rate seen as a Poisson number over `exposure` years. As many numbers are taken
    from `rng` whatever is expected, and of every world the same ones: scenarios stay comparable.

    Parameters
    ----------
    draws, inputs : The draws and what was fitted.
    found : By world, as from `ahead`.
    rng : Of the noise of pairs, of the world's demand, and of votes.
    pairs : Supplier and recipient of pairs whose rates are wanted (pair, 2); all are simulated.
    shown : Recipients whose suppliers' shares are wanted.
    worlds, chance
        Changes of scenarios, and the draws' chance for those of some probability (draw).

    Returns
    -------
    tuple : Orders, and by world ideal points.
    """
    x = arrays(inputs)
    count, sellers, years = found[0].offered.shape
    before = _unlisted(draws, inputs, x, rng)
    covariates = inputs["affinity_covariates"].transpose("covariate", *CELL, YEAR)
    effects = _pulls(draws)
    lasting = np.tensordot(effects[:, 1 : len(COVARIATES)], covariates.values[1:, ..., -1], axes=1)
    lasting += draws["affinity"] + x.barred
    points = ideal_points(draws, inputs, years, rng, worlds)
    demand = np.stack([f.demand for f in found])
    demand -= special.logsumexp(demand, axis=2, keepdims=True)
    demand += _world(draws, years, rng)[:, None]
    embargo = covariates.sel(covariate="embargo")
    paths = market_loops.Paths(
        np.stack([f.offered for f in found]),
        np.ascontiguousarray(np.moveaxis(demand, 2, 3)),
        *_pointed(points),
        *_embargoes(draws, inputs, embargo, worlds, chance, years),
    )
    own = market_loops.Own(
        lasting, draws[f"{COVARIATES[0]}_effect"],
        np.array([float(inputs["ideal_distance_mean"]), float(inputs["ideal_distance_sd"])]),
        np.ascontiguousarray(effects[:, len(COVARIATES) :]),
        np.log(draws["clumping"]), draws["clumping_growth"],
        x.placed[..., -REMEMBERED:], x.exposure[-REMEMBERED:],
        rng.integers(2**62, size=years),
    )  # fmt: skip
    earlier = UNLISTED_PERIODS * PERIOD
    rates = np.empty((len(found), count, len(pairs), earlier + years), np.float32)
    rates[..., :earlier] = before[:, pairs[:, 0], pairs[:, 1]]
    log_share = np.empty((len(found), count, sellers, len(shown), years), np.float32)
    market_loops.orders_ahead(paths, own, pairs, np.asarray(shown, np.int64), rates, log_share)
    return Orders(rates, log_share), points


def _unlisted(
    draws: Arrays, inputs: xr.Dataset, x: Market, rng: np.random.Generator
) -> np.ndarray:
    """Draw orders a year of the last periods that the register does not list (draw, ..., year)."""
    log_rate, _ = past(draws, inputs, periods=slice(-UNLISTED_PERIODS, None))
    rates = []
    for back in range(UNLISTED_PERIODS, 0, -1):
        mean = log_rate[..., -back]
        size = np.exp(size_of_rates(draws, mean))
        listed = rng.standard_gamma(size + x.placed[..., -back])
        rates += [listed / (size / np.exp(mean) + x.exposure[-back])] * PERIOD
    return np.stack(rates, axis=-1).astype(np.float32)


def _pointed(points: Sequence[Points]) -> tuple[np.ndarray, ...]:
    """Return ideal points of suppliers and of recipients, and who has one, for the loops."""
    sellers = np.stack([one.sellers for one in points])
    buyers = np.stack([np.moveaxis(one.buyers, 1, 2) for one in points])
    has = np.isfinite(sellers[0, 0, :, 0]), np.isfinite(buyers[0, 0, 0])
    return np.nan_to_num(sellers), np.nan_to_num(buyers), *(one.astype(float) for one in has)


def _world(draws: Arrays, years: int, rng: np.random.Generator) -> np.ndarray:
    """Log of all orders a year (draw, year): a walk whose step is that of the periods fitted.

    Whatever single recipients want, they compete for what is made. Without this the noise of each,
    in logs, would raise the sum of all for ever.
    """
    all_orders = special.logsumexp(draws["demand_period"].astype(float), axis=1)
    step = np.diff(all_orders, axis=-1).std(axis=-1) / np.sqrt(PERIOD)
    walk = step[:, None] * np.cumsum(rng.standard_normal((len(step), years)), axis=-1)
    return all_orders[:, -1:] + walk


def _embargoes(
    draws: Arrays, inputs: xr.Dataset, column: xr.DataArray, worlds: Worlds,
    chance: np.ndarray | None, years: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much embargoes that scenarios set move the log-odds of pairs.

    Of each: (world, draw, embargo, year), and its supplier and recipient (embargo, 2).
    """
    found = []
    for w, changes in enumerate(worlds):
        rows = scenario_files.each(changes, "embargo", scenario_files.PROBABILITY)
        for of, probability in rows:
            at = [
                list(inputs[d].values).index(code)
                for d, code in zip((SUPPLIER, RECIPIENT), of.split("-"), strict=True)
            ]
            now = float(column.isel({SUPPLIER: at[0], RECIPIENT: at[1], YEAR: -1}))
            barred = (chance[:, None] < probability).astype(float)
            found.append((w, at, np.where(np.isfinite(probability), barred - now, 0.0)))
    moved = np.zeros((len(worlds), len(draws["parameters"]), len(found), years))
    for k, (w, _, shift) in enumerate(found):
        moved[w, :, k] = draws["embargo_effect"][:, None] * shift
    return moved, np.array([at for _, at, _ in found], np.int64).reshape(-1, 2)


def of_past_years(values: np.ndarray, inputs: xr.Dataset) -> np.ndarray:
    """Return values of past periods (..., period) by year of the window (..., year)."""
    ends = inputs[ORDER_PERIOD].values[REMEMBERED:]
    return values[..., np.searchsorted(ends, inputs[YEAR].values)]


