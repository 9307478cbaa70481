"""The life of deals in the future: open ones of the book, and those that are still to be placed.

Compiled loops over draws, pairs, years and deals. Every deal draws its chances from a stream of
its own, keyed by seed, draw, and which deal it is: equal seeds give equal worlds, whichever pairs
are looked at, and two scenarios differ by nothing but what they change.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from crossover.data.names import DOMAIN, SUPPLIER
from crossover.forecast.streams import after_normal, normal, of_part, uniform
from crossover.models import deal_features as features
from crossover.models.caching import njit
from crossover.models.delivery import heavy
from crossover.models.order_book import (
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
compiled = njit(cache=True)
OF_BOOK, OF_ORDERS, OF_BUNDLES = np.uint64(1), np.uint64(2), np.uint64(3)
WIDEST = 32
"""At least as many as there are features of any question."""

COMMON = {
    **{name: len(getattr(features, name.upper())) for name in
       ("chance", "gone", "whole", "share", "wait", "known")},
    "share_spread": len(features.SPREAD),
    **dict.fromkeys(("more_pace", "more_slope", "more_sd", "first_pace", "first_sd", "size_sd",
                     "units_size", "units_sd", "alike"), 1),
}  # fmt: skip
"""Coefficients that all deals of a draw share, and how many there are: in one row for the loops."""
(CHANCE, GONE, WHOLE, SHARE, WAIT, KNOWN, SPREAD, MORE_PACE, MORE_SLOPE, MORE_SD, FIRST_PACE,
 FIRST_SD, SIZE_SD, UNITS_SIZE, UNITS_SD, ALIKE) = (
    sum(list(COMMON.values())[:at]) for at in range(len(COMMON))
)  # fmt: skip
"""Where in the row they begin."""


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


class _Packed(NamedTuple):
    """`Coefficients` as the loops take them: `common` is a row of all of `COMMON` (draw, ...)."""

    common: np.ndarray
    of_domain: np.ndarray
    of_supplier: np.ndarray
    of_recipient: np.ndarray
    shock: np.ndarray
    crisis: np.ndarray
    wait_domain: np.ndarray
    size_mean: np.ndarray
    size_recipient: np.ndarray
    units_domain: np.ndarray
    mix: np.ndarray


def _packed(c: Coefficients) -> _Packed:
    count = len(c.chance)
    parts = [np.broadcast_to(np.reshape(getattr(c, name), (-1, width)), (count, width))
             for name, width in COMMON.items()]  # fmt: skip
    return _Packed(
        np.concatenate(parts, axis=1), *(getattr(c, name) for name in _Packed._fields[1:])
    )


def open_deals(inputs: xr.Dataset) -> OpenDeals:
    """Return the open deals of a run's inputs."""
    columns = {name: inputs[f"open_{name}"].values for name in OPEN_COLUMNS}
    whole = {"left", "ordered", "units", "delivered"}
    return OpenDeals(
        **{name: v.astype(float if name in whole else np.int64) for name, v in columns.items()}
    )


# One deal --------------------------------------------------------------------------------------


@compiled
def _happens(state: Any, logit: float) -> Any:
    state, one = uniform(state)
    return state, one * (1.0 + np.exp(-logit)) < 1.0


@compiled
def _in_bundle(state: Any, bundle: Any, year: int, alike: float) -> Any:
    """Return the next state of a deal and its uniform number of a year: its bundle's or its own.

    Two deals that take the bundle's with a chance of √ρ each are correlated by ρ.
    """
    state, one = uniform(state)
    if one * one < alike:
        _, shared = uniform(of_part(bundle, year))
        return state, shared
    return uniform(state)


@njit(cache=True, fastmath={"reassoc", "contract"})
def _dot(row: Any, effect: Any, start: int, width: int) -> float:
    """Return the sum of features times effects, which begin at `start`."""
    total = 0.0
    for k in range(width):
        total += row[k] * effect[start + k]
    return total


@compiled
def _amount(
    state: Any, row: Any, c: Any, usual: float, kind: int, age: int, left: float,
    ordered: float, units: float, delivered: float, times: int,
) -> Any:
    """Return the next state and what a deal delivers in a year in which it does, TIV million.

    `usual`: mean log TIV of an order of its supplier, recipient and domain.
    """
    if kind > RUNNING:
        state, noise = normal(state)
        noise = min(max(noise, -FASTEST), FASTEST)
        if delivered <= 0.0:
            return state, np.exp(usual + c[FIRST_PACE] + c[FIRST_SD] * noise)
        pace = np.log(delivered / max(times, 1)) - features.MIDDLE
        mean = features.MIDDLE + c[MORE_PACE] + c[MORE_SLOPE] * pace
        return state, np.exp(mean + c[MORE_SD] * noise)
    rest = min(max(left / max(ordered, 1e-9), 0.0), 1.0)
    many = max((1.0 if np.isnan(units) else units) * rest, 1.0)
    features.whole(row, kind, age, left, many, delivered, times)
    state, at_once = _happens(state, _dot(row, c, WHOLE, len(features.WHOLE)))
    if at_once:
        return after_normal(state), left
    state, noise = normal(state)
    log_sd = 0.0
    for k in range(len(features.SPREAD_AT)):
        log_sd += c[SPREAD + k] * row[features.SPREAD_AT[k]]
    mean = _dot(row, c, SHARE, len(features.SHARE))
    return state, left / (1.0 + np.exp(-mean - np.exp(log_sd) * noise))


@compiled
def _live(
    state: Any, bundle: Any, row: Any, c: Any, of: Any, shock: Any, order_year: int, kind: int,
    left: float, ordered: float, units: float, delivered: float, times: int, last: int, starts: int,
    years: Any, amounts: Any,
) -> None:
    """Let a deal live through `years` (first, last, origin); write what it delivers to `amounts`.

    `of`: its log-odds of a delivery by supplier, recipient and domain, and its usual log TIV.
    `starts`: year of the first delivery of a deal that no register has, 0 for one of the book.
    """
    amounts[:] = 0.0
    for year in range(years[0], years[1] + 1):
        step = year - years[2] - 1
        age = max(year - 1 - order_year, 0)
        since = year - 1 - last if last > 0 else NEVER
        if kind == COMPLETE and since > LAST_COMPLETE:
            break
        if kind == UNNUMBERED and age > LAST_UNNUMBERED:
            break
        if starts == 0 and kind < COMPLETE:
            features.gone(row, kind, age)
            state, lost = _happens(state, _dot(row, c, GONE, len(features.GONE)))
            if lost:
                break
        if starts > 0 and kind == WAITING:
            goes = starts == year
        else:
            state, one = _in_bundle(state, bundle, year, c[ALIKE])
            features.chance(row, kind, age, left, since)
            eta = of[0] + _dot(row, c, CHANCE, len(features.CHANCE))
            if step >= 0:
                eta += shock[step]
            goes = one * (1.0 + np.exp(-eta)) < 1.0
        if not goes:
            continue
        state, amount = _amount(
            state, row, c, of[1], kind, age, left, ordered, units, delivered, times
        )
        if step >= 0:
            amounts[step] = amount
        last = year
        # The pace of deals whose end is not known is that which registers have shown.
        if kind <= RUNNING or delivered <= 0.0:
            delivered, times = delivered + amount, times + 1
        if kind <= RUNNING:
            left -= amount
            kind = COMPLETE if left <= NOTHING else RUNNING


@compiled
def _add(amounts: Any, out: Any) -> None:
    """Add what a deal delivers to single precision, year by year."""
    for step in range(len(out)):
        if amounts[step] != 0.0:
            out[step] += amounts[step]


@compiled
def _of_pair(c: Any, i: int, seller: int, buyer: int, of: Any, shock: Any) -> None:
    """Fill in what deals of a pair share: by domain log-odds and usual log TIV, shocks by year."""
    for domain in range(of.shape[0]):
        of[domain, 0] = c.of_domain[i, domain] + c.of_supplier[i, seller] + c.of_recipient[i, buyer]
        of[domain, 1] = c.size_mean[i, seller, domain] + c.size_recipient[i, buyer]
        of[domain, 2] = c.wait_domain[i, domain]
        of[domain, 3] = c.units_domain[i, domain]
    for step in range(len(shock)):
        shock[step] = c.shock[i, seller, step] + c.crisis[i, buyer, step]


@compiled
def _bundle(world: Any, seller: int, buyer: int, order_year: int) -> Any:
    return of_part(of_part(of_part(world, seller), buyer), order_year)


@njit(nogil=True, cache=True)
def _deliver_book(
    seed: int, ids: Any, c: Any, book: Any, place: Any, origin: int, out: Any
) -> None:
    """Deliver the book; see `deliver_book`. `place`: of a pair in `out`, or less than zero."""
    years = (origin + 1, origin + out.shape[2], origin)
    row, amounts, shock = np.zeros(WIDEST), np.zeros(out.shape[2]), np.zeros(out.shape[2])
    of = np.zeros((c.mix.shape[1], 4))
    for i in range(len(ids)):
        world = of_part(of_part(of_part(np.uint64(seed), OF_BOOK), ids[i]), 0)
        bundles = of_part(of_part(np.uint64(seed), OF_BUNDLES), ids[i])
        for k in range(len(book.supplier)):
            seller, buyer = book.supplier[k], book.recipient[k]
            at = place[seller, buyer]
            if at < 0:
                continue
            _of_pair(c, i, seller, buyer, of, shock)
            state = of_part(world, book.number[k])
            bundle = _bundle(bundles, seller, buyer, book.order_year[k])
            _live(
                state, bundle, row, c.common[i], of[book.domain[k]], shock, book.order_year[k],
                book.state[k], book.left[k], book.ordered[k], book.units[k], book.delivered[k],
                book.times[k], book.last[k], 0, years, amounts,
            )
            _add(amounts, out[i, at])


@compiled
def _count(one: float, mean: float) -> int:
    """Return a Poisson number by inversion, so that it grows with its mean."""
    if one <= 1.0 - mean:
        return 0
    chance = np.exp(-mean)
    total, count = chance, 0
    while one > total and count < MOST:
        count += 1
        chance *= mean / count
        total += chance
    return count


@compiled
def _first(
    state: Any, bundle: Any, row: Any, c: Any, own: float, size: float, year: int, end: int
) -> Any:
    """Return the next state and the year of an order's first delivery, 0 where it is after `end`.

    One uniform number and the hazard of every age. `own`: log-odds of the order's domain.
    """
    state, one = _in_bundle(state, bundle, 0, c[ALIKE])
    waiting = 1.0
    for age in range(end - year + 1):
        features.wait(row, age, size)
        waiting /= 1.0 + np.exp(_dot(row, c, WAIT, len(features.WAIT)) + own)
        if one > waiting:
            return state, year + age
    return state, 0


@compiled
def _place(
    state: Any, bundle: Any, row: Any, c: Any, mix: Any, of: Any, shock: Any, years: Any,
    amounts: Any,
) -> float:
    """Place an order in a year, and write what it delivers to `amounts`.

    `years`: that of the order, the end, the origin. Returns what is ordered, TIV million, zero
    where a register lists it.
    """
    year, end, origin = years
    state, one = uniform(state)
    domain = 0
    while domain < len(mix) - 1 and one > mix[domain]:
        domain += 1
    state, noise = normal(state)
    size = of[domain, 1] + c[SIZE_SD] * noise
    state, starts = _first(state, bundle, row, c, of[domain, 2], size, year, end)
    before, state = state, after_normal(state)
    amounts[:] = 0.0
    if year <= origin:
        begun = 0 < starts <= origin
        features.known(row, origin - year, begun, size)
        state, listed = _happens(state, _dot(row, c, KNOWN, len(features.KNOWN)))
        if listed:
            return 0.0
    tiv = np.exp(size)
    if starts > 0:
        _, of_units = normal(before)
        units = of[domain, 3] + c[UNITS_SIZE] * (size - features.MIDDLE)
        units = max(np.round(np.exp(units + c[UNITS_SD] * of_units)), 1.0)
        _live(
            state, bundle, row, c, of[domain], shock, year, WAITING, tiv, tiv, units, 0.0, 0, 0,
            starts, (starts, end, origin), amounts,
        )  # fmt: skip
    return tiv


@njit(nogil=True, cache=True)
def _deliver_orders(
    seed: int, ids: Any, c: Any, rates: Any, first: int, pairs: Any, origin: int, out: Any,
    ordered: Any,
) -> None:
    """Draw orders and deliver them; see `deliver_orders`."""
    end = origin + out.shape[3]
    row, amounts, shock = np.zeros(WIDEST), np.zeros(out.shape[3]), np.zeros(out.shape[3])
    of, counts = np.zeros((c.mix.shape[1], 4)), np.zeros(len(rates), np.int64)
    for i in range(len(ids)):
        world = of_part(of_part(np.uint64(seed), OF_ORDERS), ids[i])
        bundles = of_part(of_part(np.uint64(seed), OF_BUNDLES), ids[i])
        for at in range(len(pairs)):
            seller, buyer = pairs[at]
            pair = of_part(of_part(world, seller), buyer)
            _of_pair(c, i, seller, buyer, of, shock)
            for year in range(first, end + 1):
                key, one = uniform(of_part(pair, year))
                for w in range(len(rates)):
                    counts[w] = _count(one, float(rates[w, i, at, year - first]))
                bundle = _bundle(bundles, seller, buyer, year)
                for k in range(counts.max()):
                    # An order lives the same life in every world in which it is placed.
                    tiv = _place(
                        of_part(key, k), bundle, row, c.common[i], c.mix[seller], of, shock,
                        (year, end, origin), amounts,
                    )  # fmt: skip
                    for w in range(len(rates)):
                        if k < counts[w]:
                            _add(amounts, out[w, i, at])
                            if year > origin:
                                ordered[w, i, at, year - origin - 1] += tiv


# All deals of some pairs -----------------------------------------------------------------------


def deliver_book(
    seed: int, ids: np.ndarray, c: Coefficients, book: OpenDeals, pairs: np.ndarray, origin: int,
    out: np.ndarray,
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
    pairs
        Supplier and recipient of the pairs that are looked at (pair, 2).
    origin
        Last data year.
    out
        Deliveries (draw, pair, year), TIV million, added to.
    """
    place = np.full((c.of_supplier.shape[1], c.of_recipient.shape[1]), -1)
    place[pairs[:, 0], pairs[:, 1]] = np.arange(len(pairs))
    _deliver_book(seed, ids, _packed(c), book, place, origin, out)


def deliver_orders(
    seed: int, ids: np.ndarray, c: Coefficients, rates: np.ndarray, first: int, pairs: np.ndarray,
    origin: int, out: np.ndarray, ordered: np.ndarray,
) -> None:
    """Draw the orders that no register lists yet, and add what they deliver after the origin.

    Parameters
    ----------
    seed, ids, c, pairs, origin
        As of `deliver_book`.
    rates
        Expected orders (world, draw, pair, year), of worlds that share all other chances.
    first
        The first of these years.
    out
        Deliveries (world, draw, pair, year), TIV million, added to.
    ordered
        Orders of the future (world, draw, pair, year), TIV million, added to.
    """
    _deliver_orders(seed, ids, _packed(c), rates, first, pairs, origin, out, ordered)
