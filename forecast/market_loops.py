"""The market after the origin, compiled: expected orders of all pairs, year by year.

The equations are those of `models.market`. Of each draw the chances of pairs are taken once and
serve every scenario. Loops run over recipients, so that they become vector instructions; a Gamma
number is that of `forecast.streams.gamma`, whose first proposal is nearly always taken: it is tried
for all pairs at once, and the others are drawn one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crossover.forecast.streams import gamma, of_part, uniform
from crossover.models.order_book import PERIOD
from crossover.models.vector_math import cos_of_turns, exact, exp, log

TINY = 1e-300
NOTHING = -300.0
"""Log of a number that is none beside any other, and still far from what processors are slow at."""


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
    for at in range(noise.size):
        state, one = uniform(of_part(seed, first + at))
        state, turn = uniform(state)
        state, log_one[at] = uniform(state)
        _, log_two[at] = uniform(state)
        noise[at] = np.sqrt(-2.0 * log(one)) * cos_of_turns(turn)
    for at in range(noise.size):
        log_one[at] = log(log_one[at])
    for at in range(noise.size):
        log_two[at] = log(log_two[at])


# Loops of one function each: of several in one the compiler makes no vector instructions.


@exact
def _sizes(log_clumping: float, growth: float, log_rate: Any, size: Any) -> None:
    """Fill in the sizes of what befalls pairs; see `models.market.log_size`."""
    for at in range(size.size):
        size[at] = exp(log_clumping + growth * log_rate[at])


@exact
def _try(size: Any, noise: Any, log_one: Any, drawn: Any, room: Any) -> None:
    """Fill in Gamma numbers of a proposal, and `room`: above zero where it is taken."""
    for at in range(size.size):
        third = size[at] + (1.0 if size[at] < 1.0 else 0.0) - 1.0 / 3.0
        root = 1.0 + noise[at] / np.sqrt(9.0 * third)
        cube = max(root * root * root, TINY)
        drawn[at] = third * cube
        room[at] = 0.5 * noise[at] * noise[at] + third * (1.0 - cube + log(cube)) - log_one[at]


@exact
def _of_small(size: Any, log_two: Any, drawn: Any) -> None:
    """Make numbers of a shape below one of those of that shape and one."""
    for at in range(size.size):
        power = log_two[at] / size[at]
        drawn[at] *= exp(max(power, NOTHING) if size[at] < 1.0 else 0.0)


@exact
def _again(seed: Any, first: int, size: Any, room: Any, drawn: Any) -> None:
    """Draw the numbers whose first proposal is not taken."""
    for at in range(size.size):
        if room[at] <= 0.0:
            _, drawn[at] = gamma(of_part(seed, first + at), size[at])


@exact
def _befall(size: Any, drawn: Any, rate: Any) -> None:
    """Multiply what is expected by Gamma numbers of mean one."""
    for at in range(size.size):
        rate[at] *= drawn[at] / size[at]


@exact
def _begin(listed: Any, years: Any, placed: Any, exposure: Any) -> None:
    """Fill in orders of the last two periods, and none of the present one (3, ...)."""
    for k in range(2):
        exposure[k] = years[k]
        for s in range(listed.shape[0]):
            for r in range(listed.shape[1]):
                placed[k, s, r], placed[2, s, r] = listed[s, r, k], 0.0


@exact
def _count(rate: Any, placed: Any, exposure: Any, ends: bool) -> None:
    """Add a year's orders to those of the present period, and go on to the next where it ends."""
    for s in range(rate.shape[0]):
        for r in range(rate.shape[1]):
            placed[2, s, r] += rate[s, r]
            if ends:
                placed[0, s, r], placed[1, s, r] = placed[1, s, r], placed[2, s, r]
                placed[2, s, r] = 0.0
    if ends:
        exposure[0], exposure[1] = exposure[1], PERIOD


@exact
def _keep(pairs: Any, rate: Any, rates: Any, at: int) -> None:
    for k in range(len(pairs)):
        rates[k, at] = rate[pairs[k, 0], pairs[k, 1]]


@exact
def _keep_shares(shown: Any, share: Any, log_share: Any, at: int) -> None:
    for b in range(len(shown)):
        for s in range(len(share)):
            log_share[s, b, at] = share[s, shown[b]]


@exact
def _remember(habit: Any, lasting: Any, memory: Any, placed: Any, years: Any) -> None:
    """Fill in the log-odds of pairs that last for a period."""
    for s in range(habit.shape[0]):
        for r in range(habit.shape[1]):
            recent = memory[0] * log(1.0 + placed[1, s, r] / years[1])
            older = memory[1] * log(1.0 + placed[0, s, r] / years[0])
            habit[s, r] = lasting[s, r] + (recent + older)


@exact
def _utilities(
    habit: Any, offered: Any, points: Any, pointed: Any, buyers: Any, pointed_buyers: Any,
    of_votes: float, distance: Any, t: int, utility: Any,
) -> None:
    """Fill in log-odds (supplier, recipient)."""
    mean, scale = distance[0], of_votes / distance[1]
    for s in range(habit.shape[0]):
        own, point, scaled = offered[s, t], points[s, t], scale * pointed[s]
        for r in range(habit.shape[1]):
            apart = (np.abs(point - buyers[r]) - mean) * pointed_buyers[r]
            utility[s, r] = own + habit[s, r] + scaled * apart


@exact
def _expected(demand: Any, share: Any, log_rate: Any, rate: Any) -> None:
    """Turn log-odds into log shares; fill in log expected orders, and these themselves."""
    suppliers, recipients = share.shape
    top, total = np.full(recipients, -np.inf), np.zeros(recipients)
    for s in range(suppliers):
        for r in range(recipients):
            top[r] = max(top[r], share[s, r])
    for s in range(suppliers):
        for r in range(recipients):
            share[s, r] -= top[r]
            rate[s, r] = exp(share[s, r])
            total[r] += rate[s, r]
    for r in range(recipients):
        top[r] = exp(demand[r]) / total[r]
        total[r] = log(total[r])
    for s in range(suppliers):
        for r in range(recipients):
            share[s, r] -= total[r]
            log_rate[s, r] = demand[r] + share[s, r]
            rate[s, r] *= top[r]


@exact
def orders_ahead(
    x: Any, own: Any, pairs: Any, shown: Any, rates: Any, log_share: Any
) -> None:
    """Fill in expected orders and shares of all years after the origin.

    Parameters
    ----------
    x, own : `Paths` and `Own`; of `x` the arrays `demand` and `buyers` with recipients last (world,
        draw, year, recipient).
    pairs : Of which `rates` are kept (pair, 2).
    shown : Recipients of which `log_share` is kept.
    rates : Expected orders a year, noise of pairs included (world, draw, pair, year); filled in
        from the origin on, whose last years these are.
    log_share : Log shares of suppliers in what a recipient orders (world, draw, supplier, shown,
        year); filled in.
    """
    worlds, draws, suppliers, years = x.offered.shape
    recipients = x.demand.shape[3]
    earlier = rates.shape[3] - years
    cells, periods = suppliers * recipients, (years + PERIOD - 1) // PERIOD
    # One by one: the compiler must see that they do not overlap.
    noise = np.empty((periods, cells))
    log_one, log_two = np.empty((periods, cells)), np.empty((periods, cells))
    size, drawn, room, rate = np.empty(cells), np.empty(cells), np.empty(cells), np.empty(cells)
    habit, log_rate = np.empty((suppliers, recipients)), np.empty((suppliers, recipients))
    share, placed = np.empty((suppliers, recipients)), np.empty((3, suppliers, recipients))
    by_pair, exposure = rate.reshape((suppliers, recipients)), np.empty(2)
    for i in range(draws):
        for p in range(periods):
            _propose(np.uint64(own.seeds[p]), i * cells, noise[p], log_one[p], log_two[p])
        for w in range(worlds):
            _begin(own.placed, own.exposure, placed, exposure)
            for t in range(years):
                p = t // PERIOD
                if t % PERIOD == 0:
                    _remember(habit, own.lasting[i], own.memory[i], placed, exposure)
                _utilities(habit, x.offered[w, i], x.points[w, i], x.pointed, x.buyers[w, i, t],
                           x.pointed_buyers, own.of_votes[i], own.distance, t, share)  # fmt: skip
                for k in range(len(x.changed)):
                    share[x.changed[k, 0], x.changed[k, 1]] += x.moved[w, i, k, t]
                _expected(x.demand[w, i, t], share, log_rate, by_pair)
                _sizes(own.log_clumping[i], own.growth[i], log_rate.ravel(), size)
                _try(size, noise[p], log_one[p], drawn, room)
                _of_small(size, log_two[p], drawn)
                _again(np.uint64(own.seeds[p]), i * cells, size, room, drawn)
                _befall(size, drawn, rate)
                _keep(pairs, by_pair, rates[w, i], earlier + t)
                _keep_shares(shown, share, log_share[w, i], t)
                _count(by_pair, placed, exposure, t % PERIOD == PERIOD - 1)
