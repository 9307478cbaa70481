"""What a small world orders, and what becomes of it: parameters, orders, deals, registers.

All is drawn in NumPy of its own, with plain tables that are made to sum to zero where the model
samples contrasts, and with one loop over years for all deals: what PyMC builds and what compiled
code simulates is checked against it, not the other way round. Only the rows of features are shared
(`models.deal_features`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import special

from crossover.data import listings
from crossover.data.books import Book
from crossover.data.names import ALL_SUPPLIERS, COUNTRY, DOMAINS, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.data.records import Deal, Register
from crossover.forecast.draws import Arrays
from crossover.models import deal_features as features
from crossover.models import delivery, drivers, priors
from crossover.models.inputs import COVARIATES
from crossover.models.order_book import (
    COMPLETE,
    LISTED_BACK,
    NEVER,
    ORDER_PERIOD,
    PERIOD,
    REMEMBERED,
    RUNNING,
    STILL,
    UNNUMBERED,
    WAITING,
    units_left,
)

EARLIER = 1
"""Periods before those that are remembered: whose deals come in the first years of the window."""
BOOKS = (6, 4, 2, 1, 0)
"""Years before the origin to which registers go: late orders come up, some deals are gone."""
KNOWN_YEARS = BOOKS[0]
"""Years before the origin of which shocks to delivery are drawn."""
UNNUMBERED_SHARE = 0.08
NEARLY_NOTHING = 1e-9
USUAL = {
    "chance": {
        "waiting_0": -0.7, "waiting_1": 0.1, "waiting_2": 0.2, "waiting_3_4": 0.1,
        "waiting_5_7": -0.5, "waiting_8": -1.2, "running": 0.9, "running_8": -0.4,
        "running_size": 0.1, "running_missed_1": -1.0, "running_missed_2": -1.8,
        "running_missed_3": -2.5, "waiting_size_early": -0.2,
        "unnumbered": -0.2, "unnumbered_missed_1": -0.8, "unnumbered_missed_2": -1.5,
        "unnumbered_waiting": -0.7, "complete": -2.5, "complete_missed_1": -3.0,
        "complete_missed_2": -4.0,
    },
    "gone": {"waiting": -3.2, "waiting_5": 0.8, "running": -4.2, "unnumbered": -3.7,
             "complete": -6.0},
    "whole": {"level": -0.2, "running": 0.3, "size": -0.2, "units": -0.5, "pace": 0.8,
              "one_unit": 1.0},
    "share": {"level": -0.4, "running": 0.2, "size": -0.1, "units": -0.1, "pace": 0.4},
    "spread": {"units": 0.1},
}  # fmt: skip
"""Effects on delivery as registers show them; those of a draw lie about them."""
OWN_SPREAD = 0.2


class Orders(NamedTuple):
    """Orders as they were placed, one entry an order.

    `domain`, `supplier`, `recipient` are positions, `tiv` is in millions, `listed_by`: a register
    of the year y lists the order if this is below the chance that it does.
    """

    supplier: np.ndarray
    recipient: np.ndarray
    domain: np.ndarray
    year: np.ndarray
    tiv: np.ndarray
    units: np.ndarray
    unnumbered: np.ndarray
    listed_by: np.ndarray


# Parameters ------------------------------------------------------------------------------------


def draw(
    inputs: xr.Dataset,
    prior: priors.Priors,
    rng: np.random.Generator,
    chosen: Mapping[str, float] | None = None,
) -> Arrays:
    """Draw every parameter and latent from the priors, as `forecast.draws.stack` has them.

    Effects on single features of a deal are drawn about `USUAL`, since their priors are so wide
    that no deal would look like one.
    """
    names = priors.order(prior)
    undo = {"normal": lambda x: x, "lognormal": np.exp, "logitnormal": special.expit}
    top = {}
    for name in names:
        entry = prior.variables[name]
        stated = entry["mu"] + entry["sigma"] * rng.standard_normal()
        top[name] = undo[entry["family"]](stated)
        if chosen and name in chosen:
            top[name] = chosen[name]
    out = {"parameters": np.array([top[name] for name in names])}
    out |= _market(inputs, top, rng) | _delivery(inputs, prior, top, rng)
    out |= _drivers(inputs, top, rng)
    arrays = {name: np.asarray(values)[None] for name, values in out.items()}
    return arrays | {name: np.array([value]) for name, value in top.items()}


def of_periods(values: xr.DataArray) -> np.ndarray:
    """Return means over the periods that end with the last year of the window (..., period)."""
    yearly = values.transpose(..., YEAR).values
    count = yearly.shape[-1] // PERIOD
    last = yearly[..., yearly.shape[-1] - count * PERIOD :]
    return last.reshape(*yearly.shape[:-1], count, PERIOD).mean(axis=-1)


def _without_mean(values: np.ndarray, *axes: int) -> np.ndarray:
    for axis in axes:
        values = values - values.mean(axis=axis, keepdims=True)
    return values


def _of_suppliers(inputs: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """Return values (country, ...) of the suppliers; nothing is known of the rest of the world."""
    countries = list(inputs[COUNTRY].values)
    return np.stack(
        [values[countries.index(code)] if code in countries else 0.0 * values[0]
         for code in inputs[SUPPLIER].values]
    )  # fmt: skip


def _market(inputs: xr.Dataset, top: dict[str, float], rng: np.random.Generator) -> Arrays:
    rows, columns = inputs.sizes[SUPPLIER], inputs.sizes[RECIPIENT]
    count = inputs.sizes[ORDER_PERIOD] - REMEMBERED
    normal = rng.standard_normal
    level = sum(
        top[f"{e}_between"] * _of_suppliers(inputs, inputs[f"{e}_level"].values)
        for e in ("rd", "mil")
    )
    level = level + top["capacity_sd"] * normal(rows)
    yearly, lately = (
        [_of_suppliers(inputs, of(inputs[f"{e}_change"])) for e in ("rd", "mil")]
        for of in (lambda v: v.transpose(COUNTRY, YEAR).values, of_periods)
    )
    own = normal(rows)
    by_rd = (top["rd_within"] + top["rd_within_sd"] * own)[:, None]
    steps = top["walk_sd"] * np.sqrt(PERIOD) * _without_mean(normal((rows, count)), 0)
    walk = _without_mean(np.cumsum(steps, axis=1), 1)
    middles = inputs[ORDER_PERIOD].values[REMEMBERED:] - 1.0
    laid = np.stack([np.interp(inputs[YEAR].values, middles, path) for path in walk])
    moved = by_rd * lately[0] + top["mil_within"] * lately[1] + walk

    budget = inputs["log_budget_level"].values
    wants = top["demand"] + top["budget_level"] * (budget - budget.mean())
    wants = wants + top["demand_sd"] * normal(columns)
    steps = top["propensity_walk_sd"] * np.sqrt(PERIOD) * normal((columns, count))
    drift = _without_mean(np.cumsum(steps, axis=1), 1)
    demand = wants[:, None] + top["budget_effect"] * of_periods(inputs["log_budget_change"]) + drift
    suppliers = list(inputs[SUPPLIER].values)
    for at, code in enumerate(inputs[RECIPIENT].values):
        if code in suppliers and code != REST:
            s = suppliers.index(code)
            demand[at] += top["own_rd_effect"] * lately[0][s]
            demand[at] += top["own_capacity_effect"] * moved[s]
    return {
        "supplier_level": level, "rd_within_z": own, "capacity_walk": walk,
        "supplier_capacity": level[:, None] + by_rd * yearly[0] + top["mil_within"] * yearly[1]
        + laid,
        "affinity": top["affinity_sd"] * _without_mean(normal((rows, columns)), 0, 1),
        "demand_level": wants, "demand_walk": drift, "demand_period": demand,
    }  # fmt: skip


def _delivery(
    inputs: xr.Dataset, prior: priors.Priors, top: dict[str, float], rng: np.random.Generator
) -> Arrays:
    normal = rng.standard_normal
    sizes = {"domain": len(DOMAINS), "supplier": inputs.sizes[SUPPLIER],
             "recipient": inputs.sizes[RECIPIENT]}  # fmt: skip

    def spread(name: str, dim: str) -> np.ndarray:
        return top[f"{name}_{dim}_sd"] * _without_mean(normal(sizes[dim]), 0)

    out = {}
    for name, usual in USUAL.items():
        columns = getattr(features, name.upper())
        effects = np.array([usual.get(c, 0.0) for c in columns])
        label = "share_spread" if name == "spread" else name
        out[label] = effects + OWN_SPREAD * normal(len(columns))
    out |= {f"chance_{dim}": spread("chance", dim) for dim in sizes}
    out["wait"] = _waits(out["chance"], normal)
    # A first delivery is as likely whether it is asked of waits or of waiting deals.
    out["wait_domain"] = out["chance_domain"]
    out["known"] = delivery.known_prior(prior) + OWN_SPREAD * normal(len(features.KNOWN))
    level = features.MIDDLE + 0.3 * normal(sizes["domain"])
    mix = top["size_mix_sd"] * normal((sizes["supplier"], sizes["domain"]))
    out["size_level"] = level
    out["size_mean"] = spread("size", "supplier")[:, None] + level + mix
    out["size_recipient"] = spread("size", "recipient")
    out["units_domain"] = 1.5 + 0.3 * normal(sizes["domain"])
    tail = prior.constant("shock_tail")
    carry = prior.constant("chance_world_persistence")
    world = _lasting(top["chance_world_sd"], carry, normal((1, KNOWN_YEARS)))[0]
    out["chance_world"] = _without_mean(world, 0)
    for dim in ("supplier", "recipient"):
        name = f"chance_{dim}_shock"
        news = normal((sizes[dim], KNOWN_YEARS))
        news = news * np.exp(0.5 * tail * news**2)
        out[name] = _lasting(top[f"{name}_sd"], top[f"{name}_persistence"], news)
    later = slice(1, 1 + len(LATER_WAITS))
    out["wait"][later] = _on_average(out["wait"][later], out)
    return out


def _on_average(effects: np.ndarray, truth: Arrays) -> np.ndarray:
    """Return log-odds of chances averaged over what befalls suppliers and recipients in years.

    Deals that wait are struck by it; the hazard of waits knows no supplier, recipient or year.
    """
    own = {
        dim: truth[f"chance_{dim}"][:, None] + truth[f"chance_{dim}_shock"]
        for dim in ("supplier", "recipient")
    }
    befalls = own["supplier"][:, None] + own["recipient"][None] + truth["chance_world"]
    chance = special.expit(effects + befalls[..., None])
    return special.logit(chance.mean(axis=(0, 1, 2)))


def _lasting(scale: float, carry: float, news: np.ndarray) -> np.ndarray:
    """Return a stationary path that news (..., year) of some scale makes, part of it lasting."""
    path = [scale * news[..., 0] / np.sqrt(1.0 - carry**2)]
    for year in range(1, news.shape[-1]):
        path.append(carry * path[-1] + scale * news[..., year])
    return np.stack(path, axis=-1)


LATER_WAITS = (
    "waiting_0", "waiting_1", "waiting_2", "waiting_3_4", "waiting_3_4", "waiting_5_7",
)  # fmt: skip
"""Effects on waiting deals that bear on waits, by age from the second on."""


def _waits(chance: np.ndarray, normal: object) -> np.ndarray:
    """Return the effects on first deliveries by age that those of waiting deals amount to."""
    of = dict(zip(features.CHANCE, chance, strict=True))
    size = of["waiting_size"]
    later = [of[name] + size * (features.MIDDLE - 3.0) for name in LATER_WAITS]
    return np.array([-1.5 + OWN_SPREAD * normal(), *later, size, of["waiting_size_early"]])


def change_years(inputs: xr.Dataset) -> np.ndarray:
    """Return the years of which the drivers' model has a shock of the world."""
    return _changes(inputs)["change_year"].values


_LAST: list[xr.Dataset] = []


def _changes(inputs: xr.Dataset) -> xr.Dataset:
    """Return what the drivers of some inputs did, made once for the inputs last asked about."""
    if not _LAST or _LAST[0] is not inputs:
        _LAST[:] = inputs, drivers.observations(inputs)
    return _LAST[1]


def _drivers(inputs: xr.Dataset, top: dict[str, float], rng: np.random.Generator) -> Arrays:
    shape = (len(drivers.DRIVERS), inputs.sizes[COUNTRY])
    table = _changes(inputs)
    usual = np.stack([_usual(name, table, top) for name in drivers.WORLDLY])
    sd = np.array([[top[f"{d}_shock_sd"], top[f"{d}_shock_spread"]] for d in drivers.DRIVERS])
    world = np.array([top[f"{d}_world_sd"] for d in drivers.WORLDLY])
    shocks = rng.standard_t(inputs.attrs["shock_df"], usual.shape)
    return {
        "world_change": usual + world[:, None] * shocks,
        "log_shock": np.log(sd[:, :1]) + sd[:, 1:] * rng.standard_normal(shape),
    }


def _usual(name: str, table: xr.Dataset, top: dict[str, float]) -> np.ndarray:
    """Return how fast the mean country of a year is expected to grow (year), shocks left out."""
    rows = table.isel(change_at=table["at_driver"].values == drivers.DRIVERS.index(name))
    year, out = rows["at_year"].values, np.empty(table.sizes["change_year"])
    predictors = {x: rows[x].values for x in ("gap", "people", "momentum", "trend")}
    momentum, trend = top[f"{name}_world_momentum"], top.get(f"{name}_trend", 0.0)
    for t in range(len(out)):
        now = year == t
        given = {x: of[now].mean() if now.any() else 0.0 for x, of in predictors.items()}
        own = top[f"{name}_drift"] - top[f"{name}_reversion"] * given["gap"]
        own += top.get(f"{name}_population", 0.0) * given["people"]
        out[t] = own + momentum * (given["momentum"] - own) + trend * (given["trend"] - own)
    return out


# Orders ----------------------------------------------------------------------------------------


def place(inputs: xr.Dataset, truth: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Draw how many orders all pairs place (supplier, recipient, period), one period from another.

    Periods before the window are as its first, but for what pairs remember; the first of them
    remembers nothing.
    """
    covariates = inputs["affinity_covariates"].transpose("covariate", SUPPLIER, RECIPIENT, YEAR)
    effects = np.array([truth[f"{name}_effect"][0] for name in COVARIATES])
    pull = np.tensordot(effects, of_periods(covariates), axes=1)
    changes = _of_suppliers(
        inputs, np.stack([of_periods(inputs[f"{e}_change"]) for e in ("rd", "mil")], axis=1)
    )
    by_rd = truth["rd_within"] + truth["rd_within_sd"] * truth["rd_within_z"][0]
    offered = truth["supplier_level"][0][:, None] + by_rd[:, None] * changes[:, 0]
    offered = offered + truth["mil_within"] * changes[:, 1] + truth["capacity_walk"][0]
    offered = offered + truth["war_effect"] * of_periods(inputs["war"])
    able = inputs["possible"].transpose(SUPPLIER, RECIPIENT).values.astype(bool)
    periods = range(-REMEMBERED - EARLIER, pull.shape[-1])
    found = [np.zeros(able.shape)] * 2
    for p in periods:
        at = max(p, 0)
        memory = [np.log1p(before / PERIOD) for before in found[:-3:-1]]
        utility = offered[:, None, at] + truth["affinity"][0] + pull[..., at]
        utility = utility + truth["memory"] * memory[0] + truth["memory_before"] * memory[1]
        weight = np.where(able, np.exp(utility), 0.0)
        rate = np.exp(truth["demand_period"][0][:, at]) * weight / weight.sum(axis=0)
        size = truth["clumping"] * rate ** truth["clumping_growth"]
        clumps = rng.gamma(np.where(able, size, 1.0)) / np.where(able, size, 1.0)
        found.append(rng.poisson(PERIOD * rate * clumps).astype(float))
    return np.stack(found[2:], axis=-1)


def orders(
    inputs: xr.Dataset, truth: Arrays, placed: np.ndarray, rng: np.random.Generator
) -> Orders:
    """Draw year, domain and size of orders, and when registers come to list them."""
    seller, buyer, period = (
        np.repeat(at, placed[placed > 0].astype(int)) for at in np.nonzero(placed)
    )
    count, origin = len(seller), int(inputs.attrs["origin"])
    mix = rng.dirichlet(np.ones(len(DOMAINS)), len(placed)).cumsum(axis=1)
    domain = (rng.random(count)[:, None] > mix[seller, :-1]).sum(axis=1)
    back = PERIOD * (placed.shape[-1] - 1 - period)
    size = truth["size_mean"][0][seller, domain] + truth["size_recipient"][0][buyer]
    size = size + truth["size_sd"] * rng.standard_normal(count)
    units = truth["units_domain"][0][domain] + truth["units_size"] * (size - features.MIDDLE)
    units = np.exp(units + truth["units_sd"] * rng.standard_normal(count))
    return Orders(
        seller, buyer, domain, origin - back - rng.integers(0, PERIOD, count), np.exp(size),
        np.maximum(np.round(units), 1.0), rng.random(count) < UNNUMBERED_SHARE, rng.random(count),
    )  # fmt: skip


# Deals -----------------------------------------------------------------------------------------


class Life(NamedTuple):
    """What became of orders: `came` (order, year), TIV million, from the first order's year on.

    `listed` (order, year): whether a register of the year has the order.
    """

    years: np.ndarray
    came: np.ndarray
    listed: np.ndarray


def live(inputs: xr.Dataset, truth: Arrays, of: Orders, rng: np.random.Generator) -> Life:
    """Draw what becomes of orders, year by year, as `models.delivery` has it."""
    origin = int(inputs.attrs["origin"])
    years = np.arange(of.year.min(), origin + 1)
    came, listed = np.zeros((2, len(of.year), len(years)))
    gone = np.zeros(len(of.year), bool)
    for t, year in enumerate(years):
        if t:
            at = np.flatnonzero((of.year < year) & ~gone)
            state, _ = _states(of, came[:, :t], years[:t], at)
            lost = rng.random(len(at)) < _chance(
                truth, "gone", features.gone, state, year - 1 - of.year[at]
            )
            gone[at] = lost & (listed[at, t - 1] > 0) & (state < COMPLETE)
        fresh = np.flatnonzero(of.year == year)
        goes = _begins(truth, of, fresh, rng)
        came[goes, t] = _amount(truth, of, goes, came[:, :t], years[:t], year, rng)
        at = np.flatnonzero((of.year < year) & ~gone)
        goes = _goes(truth, of, at, came[:, :t], years[:t], origin, rng)
        came[goes, t] = _amount(truth, of, goes, came[:, :t], years[:t], year, rng)
        age = np.maximum(year - of.year, 0)
        begun = came[:, : t + 1].any(axis=1)
        known = _chance(truth, "known", features.known, age, begun, np.log(of.tiv))
        seen = (of.listed_by < known) | (age >= LISTED_BACK)
        before = listed[:, t - 1] > 0 if t else np.zeros(len(seen), bool)
        listed[:, t] = (seen | before) & (of.year <= year) & ~gone
    return Life(years, came, listed > 0)


def _chance(truth: Arrays, name: str, fill: object, *columns: np.ndarray) -> np.ndarray:
    """Return the chance that features of the model of delivery give (row)."""
    table = features.table(fill, len(getattr(features, name.upper())), *columns)
    return special.expit(table @ truth[name][0])


def _states(
    of: Orders, came: np.ndarray, years: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return states of some orders after what has come, and the last years with deliveries."""
    total = came[at].sum(axis=1)
    over = total >= of.tiv[at] - NEARLY_NOTHING
    state = np.select(
        [of.unnumbered[at], over, total > 0], [UNNUMBERED, COMPLETE, RUNNING], WAITING
    )
    return state, np.where(total > 0, np.where(came[at] > 0, years, 0).max(axis=1, initial=0), 0)


def _begins(truth: Arrays, of: Orders, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which of the orders of a year have a delivery in it."""
    table = features.table(
        features.wait, len(features.WAIT), np.zeros(len(at), int), np.log(of.tiv[at])
    )
    logit = table @ truth["wait"][0] + truth["wait_domain"][0][of.domain[at]]
    return at[rng.random(len(at)) < special.expit(logit)]


def _goes(
    truth: Arrays, of: Orders, at: np.ndarray, came: np.ndarray, years: np.ndarray, origin: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return which of some older orders deliver something in the year after `years`."""
    if not len(at):
        return at
    year = int(years[-1]) + 1
    state, last = _states(of, came, years, at)
    age, since = year - 1 - of.year[at], np.where(last > 0, year - 1 - last, NEVER)
    left = np.where(of.unnumbered[at], 0.0, np.maximum(of.tiv[at] - came[at].sum(axis=1), 0.0))
    table = features.table(features.chance, len(features.CHANCE), state, age, left, since)
    where = of.domain[at], of.supplier[at], of.recipient[at]
    logit = table @ truth["chance"][0]
    for dim, position in zip(("domain", "supplier", "recipient"), where, strict=True):
        logit = logit + truth[f"chance_{dim}"][0][position]
    shock = year - 1 - (origin - KNOWN_YEARS)
    if shock >= 0:
        logit = logit + truth["chance_world"][0][shock]
        logit = logit + truth["chance_supplier_shock"][0][where[1], shock]
        logit = logit + truth["chance_recipient_shock"][0][where[2], shock]
    over = (state == COMPLETE) & (since > 2) | (state == UNNUMBERED) & (age > STILL[UNNUMBERED])
    return at[(rng.random(len(at)) < special.expit(logit)) & ~over]


def _amount(
    truth: Arrays, of: Orders, at: np.ndarray, came: np.ndarray, years: np.ndarray, year: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return what some orders deliver in a year in which they do, TIV million."""
    state, _ = _states(of, came, years, at)
    delivered, times = came[at].sum(axis=1), (came[at] > 0).sum(axis=1)
    usual = truth["size_mean"][0][of.supplier[at], of.domain[at]]
    usual = usual + truth["size_recipient"][0][of.recipient[at]]
    noise = rng.standard_normal(len(at))
    first = np.exp(usual + truth["first_pace"] + truth["first_sd"] * noise)
    pace = np.log(np.maximum(delivered, NEARLY_NOTHING) / np.maximum(times, 1)) - features.MIDDLE
    more = features.MIDDLE + truth["more_pace"] + truth["more_slope"] * pace
    more = np.exp(more + truth["more_sd"] * noise)
    left = np.maximum(of.tiv[at] - delivered, NEARLY_NOTHING)
    table = features.table(
        features.whole, len(features.WHOLE), state, np.maximum(year - 1 - of.year[at], 0), left,
        units_left(of.units[at], left, of.tiv[at]), delivered, times,
    )  # fmt: skip
    whole = rng.random(len(at)) < special.expit(table @ truth["whole"][0])
    sd = np.exp(table[:, features.SPREAD_AT] @ truth["share_spread"][0])
    part = special.expit(table[:, :-1] @ truth["share"][0] + sd * noise)
    numbered = np.where(whole, left, left * part)
    return np.where(state <= RUNNING, numbered, np.where(delivered > 0, more, first))


# Registers -------------------------------------------------------------------------------------


def books(inputs: xr.Dataset, of: Orders, life: Life) -> list[Book]:
    """Return the registers of some years as `data.listings` reads them, oldest first."""
    return [_book(inputs, of, life, int(inputs.attrs["origin"]) - back) for back in BOOKS]


def no_books(origin: int) -> list[Book]:
    """Return registers of the same years in which nothing is listed."""
    return [Book((), origin - back, (_register(origin - back),)) for back in BOOKS]


def _register(last: int) -> Register:
    day = f"{last + 1}-03-01"
    first = listings.FIRST_ORDER
    return Register(day, day, 0, last, ALL_SUPPLIERS, first, 0, 0, 0.0, "simulated", "")


def _book(inputs: xr.Dataset, of: Orders, life: Life, last: int) -> Book:
    register = _register(last)
    codes = [inputs[dim].values for dim in (SUPPLIER, RECIPIENT)]
    upto = life.years <= last
    rows = []
    for k in np.flatnonzero(life.listed[:, upto][:, -1]):
        came = life.came[k, upto]
        numbered = not of.unnumbered[k]
        years = " ".join(str(year) for year in life.years[upto][came > 0])
        rows.append(
            Deal(
                int(k), register.vintage, "", str(codes[0][of.supplier[k]]),
                str(codes[1][of.recipient[k]]), DOMAINS[of.domain[k]], int(of.year[k]), 0,
                int(of.units[k]) if numbered else None, float(of.tiv[k]) if numbered else None,
                0, float(came.sum()), years, "", None, 0,
            )
        )  # fmt: skip
    return Book(tuple(rows), last, (register,))


def delivered(inputs: xr.Dataset, of: Orders, life: Life) -> np.ndarray:
    """Return what the newest register says of deliveries (supplier, recipient, year), TIV million.

    Of the window.
    """
    years = inputs[YEAR].values
    out = np.zeros((inputs.sizes[SUPPLIER], inputs.sizes[RECIPIENT], len(years)))
    kept = life.listed[:, -1]
    inside = np.isin(life.years, years)
    np.add.at(out, (of.supplier[kept], of.recipient[kept]), life.came[kept][:, inside])
    return out
