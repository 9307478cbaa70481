"""The life of deals in the future: open ones of the book, and those that are still to be placed.

Compiled loops over draws, pairs, years and deals. Every deal draws its chances from a stream of
its own, keyed by seed, draw, and which deal it is: equal seeds give equal worlds, whichever pairs
are looked at, and two scenarios differ by nothing but what they change.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import xarray as xr

from data.names import DOMAIN, SUPPLIER
from forecast.streams import normal, of_part, uniform
from models import deal_features as features
from models.delivery import heavy
from models.order_book import (
    COMPLETE,
    NEVER,
    OPEN_COLUMNS,
    RUNNING,
    STILL,
    UNNUMBERED,
    WAITING,
)

NOTHING = 1e-6
"""TIV million: less is nothing."""
FASTEST = 2.5
"""Bound of normal noise where its tail would be exponentiated without limit."""
MOST = 400
"""Bound of the orders that a pair places in a year."""
LAST_COMPLETE = 2
"""Years without a delivery after which a complete deal counts as closed."""
LAST_UNNUMBERED = STILL[UNNUMBERED] + LAST_COMPLETE
OF_BOOK, OF_ORDERS, OF_BUNDLES = np.uint64(1), np.uint64(2), np.uint64(3)


class Coefficients(NamedTuple):
    """Draws of the model of delivery (draw, ...); see `models.delivery`.

    `shock`: of all, and of a supplier, in a future year (draw, supplier, year); `crisis`: of a
    recipient (draw, recipient, year); `mix`: cumulative shares of domains in the orders that a
    supplier wins (supplier, domain). `alike`: correlation of deliveries of a year within a bundle,
    the deals that a pair agreed in one year (a number).
    """

    chance: np.ndarray
    of_domain: np.ndarray
    of_supplier: np.ndarray
    of_recipient: np.ndarray
    shock: np.ndarray
    crisis: np.ndarray
    gone: np.ndarray
    whole: np.ndarray
    share: np.ndarray
    share_spread: np.ndarray
    more_pace: np.ndarray
    more_slope: np.ndarray
    more_sd: np.ndarray
    first_pace: np.ndarray
    first_sd: np.ndarray
    wait: np.ndarray
    wait_domain: np.ndarray
    known: np.ndarray
    size_mean: np.ndarray
    size_recipient: np.ndarray
    size_sd: np.ndarray
    units_domain: np.ndarray
    units_size: np.ndarray
    units_sd: np.ndarray
    mix: np.ndarray
    alike: float


class OpenDeals(NamedTuple):
    """Open deals of the book, one entry a deal; see `models.order_book.OPEN_COLUMNS`."""

    supplier: np.ndarray
    recipient: np.ndarray
    domain: np.ndarray
    order_year: np.ndarray
    state: np.ndarray
    left: np.ndarray
    ordered: np.ndarray
    units: np.ndarray
    delivered: np.ndarray
    times: np.ndarray
    last: np.ndarray
    number: np.ndarray


def coefficients(
    draws: dict[str, np.ndarray], inputs: xr.Dataset, years: int, rng: np.random.Generator
) -> Coefficients:
    """Return the coefficients of some draws, with shocks of future years drawn.

    Parameters
    ----------
    draws
        As from `forecast.draws.stack`.
    inputs
        As from `models.inputs.prepare`.
    years
        Years ahead.
    rng
        Of the shocks.
    """
    count = len(draws["chance"])

    def lasting(name: str, persistence: Any, tail: float) -> np.ndarray:
        now, path = draws[name][..., -1].astype(float).reshape(count, -1), []
        for _ in range(years):
            standard = rng.standard_normal(now.shape)
            news = draws[f"{name}_sd"][:, None] * heavy(standard, tail, np)
            now = np.reshape(persistence, (-1, 1)) * now + news
            path.append(now)
        return np.stack(path, axis=-1)

    world = lasting("chance_world", inputs.attrs["chance_world_persistence"], 0.0)
    of_supplier, of_recipient = (
        lasting(name, draws[f"{name}_persistence"], inputs.attrs["shock_tail"])
        for name in ("chance_supplier_shock", "chance_recipient_shock")
    )
    mix = inputs["domain_orders"].transpose(SUPPLIER, DOMAIN).values
    mix = mix + inputs.attrs["domain_weight"] * mix.sum(axis=0) / max(mix.sum(), 1.0)
    parts = {
        "chance": "chance", "of_domain": "chance_domain", "of_supplier": "chance_supplier",
        "of_recipient": "chance_recipient", "gone": "gone", "whole": "whole", "share": "share",
        "share_spread": "share_spread",
        "more_pace": "more_pace", "more_slope": "more_slope", "more_sd": "more_sd",
        "first_pace": "first_pace", "first_sd": "first_sd", "wait": "wait",
        "wait_domain": "wait_domain", "known": "known", "size_mean": "size_mean",
        "size_recipient": "size_recipient", "size_sd": "size_sd", "units_domain": "units_domain",
        "units_size": "units_size", "units_sd": "units_sd",
    }  # fmt: skip
    return Coefficients(
        shock=world + of_supplier,
        crisis=of_recipient,
        mix=np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1),
        alike=float(inputs.attrs["alike"]),
        **{own: np.ascontiguousarray(draws[name], dtype=float) for own, name in parts.items()},
    )


def open_deals(inputs: xr.Dataset) -> OpenDeals:
    """Return the open deals of a run's inputs."""
    columns = {name: inputs[f"open_{name}"].values for name in OPEN_COLUMNS}
    whole = {"left", "ordered", "units", "delivered"}
    return OpenDeals(
        **{name: v.astype(float if name in whole else np.int64) for name, v in columns.items()}
    )


# One deal --------------------------------------------------------------------------------------


@numba.njit(cache=True)
def _happens(state: Any, logit: float) -> Any:
    state, one = uniform(state)
    return state, one * (1.0 + np.exp(-logit)) < 1.0


@numba.njit(cache=True)
def _in_bundle(state: Any, bundle: Any, year: int, alike: float) -> Any:
    """Return the next state of a deal and its uniform number of a year: its bundle's or its own.

    Two deals that take the bundle's with a chance of √ρ each are correlated by ρ.
    """
    state, one = uniform(state)
    if one * one < alike:
        _, shared = uniform(of_part(bundle, year))
        return state, shared
    return uniform(state)


@numba.njit(cache=True)
def _bundle(world: Any, seller: int, buyer: int, order_year: int) -> Any:
    return of_part(of_part(of_part(world, seller), buyer), order_year)


@numba.njit(cache=True)
def _dot(row: Any, effect: Any) -> float:
    total = 0.0
    for k in range(len(effect)):
        total += row[k] * effect[k]
    return total


@numba.njit(cache=True)
def _amount(
    state: Any, row: Any, c: Any, i: int, usual: float, kind: int, age: int, left: float,
    ordered: float, units: float, delivered: float, times: int,
) -> Any:
    """Return the next state and what a deal delivers in a year in which it does, TIV million.

    `usual`: mean log TIV of an order of its supplier, recipient and domain.
    """
    if kind > RUNNING:
        state, noise = normal(state)
        noise = min(max(noise, -FASTEST), FASTEST)
        if delivered <= 0.0:
            return state, np.exp(usual + c.first_pace[i] + c.first_sd[i] * noise)
        pace = np.log(delivered / max(times, 1)) - features.MIDDLE
        mean = features.MIDDLE + c.more_pace[i] + c.more_slope[i] * pace
        return state, np.exp(mean + c.more_sd[i] * noise)
    rest = min(max(left / max(ordered, 1e-9), 0.0), 1.0)
    many = max((1.0 if np.isnan(units) else units) * rest, 1.0)
    features.whole(row, kind, age, left, many, delivered, times)
    state, at_once = _happens(state, _dot(row, c.whole[i]))
    state, noise = normal(state)
    if at_once:
        return state, left
    log_sd = 0.0
    for k in range(len(features.SPREAD_AT)):
        log_sd += c.share_spread[i, k] * row[features.SPREAD_AT[k]]
    return state, left / (1.0 + np.exp(-_dot(row, c.share[i]) - np.exp(log_sd) * noise))


@numba.njit(cache=True)
def _live(
    state: Any, bundle: Any, rows: Any, c: Any, i: int, where: Any, order_year: int, kind: int,
    left: float, ordered: float, units: float, delivered: float, times: int, last: int, starts: int,
    years: Any, out: Any,
) -> None:
    """Let a deal live through `years` (first, last, origin); add what it delivers to `out`.

    `where`: supplier, recipient, domain. `starts`: year of the first delivery of a deal that no
    register has, 0 for one of the book.
    """
    seller, buyer, domain = where
    for year in range(years[0], years[1] + 1):
        step = year - years[2] - 1
        age = max(year - 1 - order_year, 0)
        since = year - 1 - last if last > 0 else NEVER
        if kind == COMPLETE and since > LAST_COMPLETE:
            return
        if kind == UNNUMBERED and age > LAST_UNNUMBERED:
            return
        if starts == 0 and kind < COMPLETE:
            features.gone(rows[1], kind, age)
            state, lost = _happens(state, _dot(rows[1], c.gone[i]))
            if lost:
                return
        if starts > 0 and kind == WAITING:
            goes = starts == year
        else:
            features.chance(rows[0], kind, age, left, since)
            eta = _dot(rows[0], c.chance[i]) + c.of_domain[i, domain] + c.of_supplier[i, seller]
            eta += c.of_recipient[i, buyer]
            if step >= 0:
                eta += c.shock[i, seller, step] + c.crisis[i, buyer, step]
            state, one = _in_bundle(state, bundle, year, c.alike)
            goes = one * (1.0 + np.exp(-eta)) < 1.0
        if not goes:
            continue
        usual = c.size_mean[i, seller, domain] + c.size_recipient[i, buyer]
        state, amount = _amount(
            state, rows[2], c, i, usual, kind, age, left, ordered, units, delivered, times
        )
        if step >= 0:
            out[i, seller, buyer, step] += amount
        last = year
        # The pace of deals whose end is not known is that which registers have shown.
        if kind <= RUNNING or delivered <= 0.0:
            delivered, times = delivered + amount, times + 1
        if kind <= RUNNING:
            left -= amount
            kind = COMPLETE if left <= NOTHING else RUNNING


@numba.njit(nogil=True, cache=True)
def deliver_book(
    seed: int, ids: np.ndarray, c: Any, book: Any, wanted: np.ndarray, origin: int, out: np.ndarray
) -> None:
    """Add what the open deals of the book deliver after the origin.

    Parameters
    ----------
    seed
        Of the world.
    ids
        Number of each draw (draw).
    c, book
        As from `coefficients` and `open_deals`.
    wanted
        Pairs that are looked at (supplier, recipient).
    origin
        Last data year.
    out
        Deliveries (draw, supplier, recipient, year), TIV million, added to.
    """
    rows = np.zeros((3, 32))
    years = (origin + 1, origin + out.shape[3], origin)
    for i in range(len(ids)):
        world = of_part(of_part(of_part(np.uint64(seed), OF_BOOK), ids[i]), 0)
        bundles = of_part(of_part(np.uint64(seed), OF_BUNDLES), ids[i])
        for k in range(len(book.supplier)):
            seller, buyer, domain = book.supplier[k], book.recipient[k], book.domain[k]
            if not wanted[seller, buyer]:
                continue
            state = of_part(world, book.number[k])
            bundle = _bundle(bundles, seller, buyer, book.order_year[k])
            _live(
                state, bundle, rows, c, i, (seller, buyer, domain), book.order_year[k],
                book.state[k], book.left[k], book.ordered[k], book.units[k], book.delivered[k],
                book.times[k], book.last[k], 0, years, out,
            )


@numba.njit(cache=True)
def _count(state: Any, mean: float) -> Any:
    """Draw a Poisson number by inversion, so that it grows with its mean."""
    state, one = uniform(state)
    chance = np.exp(-mean)
    total, count = chance, 0
    while one > total and count < MOST:
        count += 1
        chance *= mean / count
        total += chance
    return state, count


@numba.njit(cache=True)
def _first(
    state: Any, bundle: Any, row: Any, c: Any, i: int, domain: int, size: float, year: int, end: int
) -> Any:
    """Return the next state and the year of an order's first delivery, 0 where it is after `end`.

    One uniform number and the hazard of every age.
    """
    state, one = _in_bundle(state, bundle, 0, c.alike)
    waiting = 1.0
    for age in range(end - year + 1):
        features.wait(row, age, size)
        waiting /= 1.0 + np.exp(_dot(row, c.wait[i]) + c.wait_domain[i, domain])
        if one > waiting:
            return state, year + age
    return state, 0


@numba.njit(nogil=True, cache=True)
def deliver_orders(
    seed: int, ids: np.ndarray, c: Any, rates: np.ndarray, first: int, wanted: np.ndarray,
    origin: int, out: np.ndarray, ordered: np.ndarray,
) -> None:
    """Draw the orders that no register lists yet, and add what they deliver after the origin.

    Parameters
    ----------
    seed, ids, c, wanted, origin, out
        As of `deliver_book`.
    rates
        Expected orders (draw, supplier, recipient, year).
    first
        The first of these years.
    ordered
        Orders of the future (draw, supplier, recipient, year), TIV million, added to.
    """
    rows = np.zeros((3, 32))
    end = origin + out.shape[3]
    for i in range(len(ids)):
        world = of_part(of_part(np.uint64(seed), OF_ORDERS), ids[i])
        bundles = of_part(of_part(np.uint64(seed), OF_BUNDLES), ids[i])
        for seller in range(rates.shape[1]):
            for buyer in range(rates.shape[2]):
                if not wanted[seller, buyer]:
                    continue
                pair = of_part(of_part(world, seller), buyer)
                for year in range(first, end + 1):
                    mean = float(rates[i, seller, buyer, year - first])
                    key, count = _count(of_part(pair, year), mean)
                    bundle = _bundle(bundles, seller, buyer, year)
                    for k in range(count):
                        _place(of_part(key, k), bundle, rows, c, i, (seller, buyer),
                               (year, end, origin), out, ordered)  # fmt: skip


@numba.njit(cache=True)
def _place(
    state: Any, bundle: Any, rows: Any, c: Any, i: int, pair: Any, years: Any, out: Any,
    ordered: Any,
) -> None:
    """Place an order in a year and let it deliver; `years`: that of the order, the end, origin."""
    seller, buyer = pair
    year, end, origin = years
    state, one = uniform(state)
    domain = 0
    while domain < c.mix.shape[1] - 1 and one > c.mix[seller, domain]:
        domain += 1
    state, noise = normal(state)
    size = c.size_mean[i, seller, domain] + c.size_recipient[i, buyer] + c.size_sd[i] * noise
    state, starts = _first(state, bundle, rows[0], c, i, domain, size, year, end)
    state, of_units = normal(state)
    if year <= origin:
        begun = 0 < starts <= origin
        features.known(rows[1], origin - year, begun, size)
        state, listed = _happens(state, _dot(rows[1], c.known[i]))
        if listed:
            return
    else:
        ordered[i, seller, buyer, year - origin - 1] += np.exp(size)
    if starts == 0:
        return
    units = c.units_domain[i, domain] + c.units_size[i] * (size - features.MIDDLE)
    units = max(np.round(np.exp(units + c.units_sd[i] * of_units)), 1.0)
    tiv = np.exp(size)
    _live(
        state, bundle, rows, c, i, (seller, buyer, domain), year, WAITING, tiv, tiv, units, 0.0, 0,
        0, starts, (starts, end, origin), out,
    )  # fmt: skip
