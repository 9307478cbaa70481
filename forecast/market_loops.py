"""The market after the origin, compiled: expected orders of all pairs, year by year.

The equations are those of `models.market`. Of each draw the chances of pairs are taken once and
serve every scenario. Loops run over recipients, so that they become vector instructions; a Gamma
number is that of `forecast.streams.gamma`, whose first proposal is nearly always taken: it is tried
for all pairs at once, and the others are drawn one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from forecast.streams import gamma, of_part, uniform
from models.order_book import PERIOD
from models.vector_math import EXACT, exp, log

TINY = 1e-300
exact = numba.njit(cache=True, error_model="numpy", fastmath=set(EXACT))


class Paths(NamedTuple):
    """What orders rest on, by world (a scenario) and draw.

    Attributes
    ----------
    offered : capacity and war of suppliers, log-odds (world, draw, supplier, year).
    demand : log orders a year of recipients (world, draw, recipient, year).
    points, buyers : ideal points of suppliers and recipients (world, draw, ., year); `pointed`,
        `pointed_buyers`: 1.0 for those that have one.
    moved : added to the log-odds of some pairs (world, draw, change, year), `changed` (change, 2).
    """

    offered: np.ndarray
    demand: np.ndarray
    points: np.ndarray
    buyers: np.ndarray
    pointed: np.ndarray
    pointed_buyers: np.ndarray
    moved: np.ndarray
    changed: np.ndarray


class Own(NamedTuple):
    """What is the draw's own, whatever the world (draw, ...).

    Attributes
    ----------
    lasting : log-odds of pairs (draw, supplier, recipient), -40 of those that cannot trade.
    of_votes : effect of a distance of ideal points; `distance`: mean and sd of it (2).
    memory : effects of the last two periods (draw, 2).
    log_clumping, growth : see `models.market.log_size`.
    placed, exposure : listed orders of the last two periods (supplier, recipient, 2), years (2).
    seeds : of the noise of pairs, by period.
    """

    lasting: np.ndarray
    of_votes: np.ndarray
    distance: np.ndarray
    memory: np.ndarray
    log_clumping: np.ndarray
    growth: np.ndarray
    placed: np.ndarray
    exposure: np.ndarray
    seeds: np.ndarray


@exact
def _propose(seed: Any, first: int, noise: Any, log_one: Any, log_two: Any) -> None:
    """Fill in a normal number and logs of two uniform ones: a proposal of `streams.gamma`."""
    suppliers, recipients = noise.shape
    one, two = np.empty(recipients), np.empty(recipients)
    for s in range(suppliers):
        for r in range(recipients):
            state = of_part(seed, first + s * recipients + r)
            state, one[r] = uniform(state)
            state, two[r] = uniform(state)
            state, log_one[s, r] = uniform(state)
            _, log_two[s, r] = uniform(state)
        for r in range(recipients):
            noise[s, r] = np.sqrt(-2.0 * log(one[r]))
            log_one[s, r] = log(log_one[s, r])
            log_two[s, r] = log(log_two[s, r])
        for r in range(recipients):
            noise[s, r] *= np.cos(2.0 * np.pi * two[r])


@exact
def _rates(
    seed: Any, first: int, log_clumping: float, growth: float, noise: Any, log_one: Any,
    log_two: Any, log_rate: Any, rate: Any, refused: Any,
) -> None:
    """Multiply expected orders (supplier, recipient) by what befalls a pair, in place."""
    suppliers, recipients = rate.shape
    for s in range(suppliers):
        some = 0
        for r in range(recipients):
            size = exp(log_clumping + growth * log_rate[s, r])
            small = size < 1.0
            third = (size + 1.0 if small else size) - 1.0 / 3.0
            z = noise[s, r]
            root = 1.0 + z / np.sqrt(9.0 * third)
            cube = max(root * root * root, TINY)
            taken = log_one[s, r] < 0.5 * z * z + third * (1.0 - cube + log(cube))
            refused[r] = 0 if taken and root > 0.0 else 1
            some += refused[r]
            boost = exp(log_two[s, r] / min(size, 1.0)) if small else 1.0
            log_rate[s, r] = size
            noisy = rate[s, r] * (third * cube * boost) / size
            rate[s, r] = rate[s, r] if refused[r] else noisy
        if some:
            for r in range(recipients):
                if refused[r]:
                    size = log_rate[s, r]
                    _, found = gamma(of_part(seed, first + s * recipients + r), size)
                    rate[s, r] = rate[s, r] * found / size


@exact
def _remember(habit: Any, lasting: Any, memory: Any, before: Any, last: Any, years: Any) -> None:
    """Fill in the log-odds of pairs that last for a period."""
    for s in range(habit.shape[0]):
        for r in range(habit.shape[1]):
            recent = memory[0] * log(1.0 + last[s, r] / years[1])
            older = memory[1] * log(1.0 + before[s, r] / years[0])
            habit[s, r] = lasting[s, r] + (recent + older)


@exact
def _expected(
    habit: Any, offered: Any, demand: Any, of_votes: float, distance: Any, x: Any, w: int, i: int,
    t: int, log_rate: Any, rate: Any, log_share: Any,
) -> None:
    """Fill in log expected orders, these themselves, and log shares (supplier, recipient)."""
    suppliers, recipients = habit.shape
    top, total = np.full(recipients, -np.inf), np.zeros(recipients)
    mean, scale = distance[0], of_votes / distance[1]
    for s in range(suppliers):
        own, point, scaled = offered[s], x.points[w, i, s, t], scale * x.pointed[s]
        for r in range(recipients):
            apart = (np.abs(point - x.buyers[w, i, t, r]) - mean) * x.pointed_buyers[r]
            log_share[s, r] = own + habit[s, r] + scaled * apart
    for k in range(len(x.changed)):
        log_share[x.changed[k, 0], x.changed[k, 1]] += x.moved[w, i, k, t]
    for s in range(suppliers):
        for r in range(recipients):
            top[r] = max(top[r], log_share[s, r])
    for s in range(suppliers):
        for r in range(recipients):
            log_share[s, r] -= top[r]
            rate[s, r] = exp(log_share[s, r])
            total[r] += rate[s, r]
    for r in range(recipients):
        top[r] = exp(demand[r]) / total[r]
        total[r] = log(total[r])
    for s in range(suppliers):
        for r in range(recipients):
            log_share[s, r] -= total[r]
            log_rate[s, r] = demand[r] + log_share[s, r]
            rate[s, r] *= top[r]


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=set(EXACT))
def orders_ahead(
    x: Any, own: Any, pairs: Any, shown: Any, rates: Any, log_share: Any
) -> None:
    """Fill in expected orders and shares of all years after the origin.

    Parameters
    ----------
    x, own
        `Paths` and `Own`; of `x` the arrays `demand` and `buyers` with recipients last (world,
        draw, year, recipient).
    pairs
        Of which `rates` are kept (pair, 2).
    shown
        Recipients of which `log_share` is kept.
    rates
        Expected orders a year, noise of pairs included (world, draw, pair, year); filled in from
        the origin on, whose last years these are.
    log_share
        Log shares of suppliers in what a recipient orders (world, draw, supplier, shown, year);
        filled in.
    """
    worlds, draws, suppliers, years = x.offered.shape
    earlier = rates.shape[3] - years
    recipients = x.demand.shape[3]
    periods = (years + PERIOD - 1) // PERIOD
    noise, log_one, log_two = np.empty((3, periods, suppliers, recipients))
    habit, log_rate, rate, share, before, last, now = np.empty((7, suppliers, recipients))
    exposure, refused = np.empty(2), np.empty(recipients, np.int64)
    for i in range(draws):
        first = i * suppliers * recipients
        for p in range(periods):
            _propose(np.uint64(own.seeds[p]), first, noise[p], log_one[p], log_two[p])
        for w in range(worlds):
            before[:], last[:] = own.placed[..., 0], own.placed[..., 1]
            exposure[:], now[:] = own.exposure, 0.0
            for t in range(years):
                p = t // PERIOD
                if t % PERIOD == 0:
                    _remember(habit, own.lasting[i], own.memory[i], before, last, exposure)
                _expected(
                    habit, x.offered[w, i, :, t], x.demand[w, i, t], own.of_votes[i],
                    own.distance, x, w, i, t, log_rate, rate, share,
                )
                _rates(
                    np.uint64(own.seeds[p]), first, own.log_clumping[i], own.growth[i], noise[p],
                    log_one[p], log_two[p], log_rate, rate, refused,
                )
                for k in range(len(pairs)):
                    rates[w, i, k, earlier + t] = rate[pairs[k, 0], pairs[k, 1]]
                for b in range(len(shown)):
                    log_share[w, i, :, b, t] = share[:, shown[b]]
                now += rate
                if t % PERIOD == PERIOD - 1:
                    before[:], last[:] = last, now
                    now[:] = 0.0
                    exposure[0], exposure[1] = exposure[1], PERIOD
