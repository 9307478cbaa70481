"""The life of deals in the future, deal by deal: compiled loops over pairs, years and deals."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.forecast.streams import after_normal, normal, of_part, uniform
from crossover.models import deal_features as features
from crossover.models.caching import njit
from crossover.models.order_book import COMPLETE, NEVER, RUNNING, STILL, UNNUMBERED, WAITING

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
def book_loop(
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
def orders_loop(
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
            for year in range(first, first + rates.shape[3]):
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
