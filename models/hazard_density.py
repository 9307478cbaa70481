r"""How likely the record of each treaty is, its own effect integrated out, with derivatives.

Of the model of `models.partnership`. A treaty's effect is s z, z standard Normal. With η the log
hazard of a pair-year without it, w its weight and m = exp(η + s z), a record of pair-years has

.. math:: L = \int \varphi(z) \exp \ell(z) \, dz, \quad
   \ell = \sum_{event} w \log(1 - e^{-m}) - \sum_{quiet} w m

by the trapezoidal rule, which for so smooth a function is all but exact. The quiet years enter by
their sum alone: a record without an event costs one number a node, and hardly narrows z, so that
every second node serves. Derivatives are means under the
posterior of z: of −w m (quiet) and w m / (e^m − 1) (event) by η, and of these times z by s.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from crossover.models.compiled import Density, places
from crossover.models.vector_math import HIGHEST, exact, exp, log, summing

STEP = 0.25
NODES = np.arange(-20, 21) * STEP
"""Standard values of a treaty's effect, to five standard deviations.

The rule's error is exp(−2 π² (d / step)²) for a posterior of standard deviation d: 2e-6 for 0.2,
which no record is long enough for."""
LOG_WEIGHT = -0.5 * NODES**2 - 0.5 * math.log(2 * math.pi) + math.log(STEP)
EVERY_SECOND = NODES[::2].copy(), LOG_WEIGHT[::2] + math.log(2.0)
SMALL = 0.5
"""Below this rate a year the series are exact to a part in 1e13."""


class Histories(NamedTuple):
    """Records of treaties; rows of a treaty stand together.

    Attributes
    ----------
    quiet : weight of a row without an event, zero of one with it (row).
    start : row at which each treaty's record starts, and how many rows there are (treaty + 1).
    event, weight : rows of events that have a weight, and that (event).
    event_start : where each treaty's events start, and how many events there are (treaty + 1).
    """

    quiet: np.ndarray
    start: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    event_start: np.ndarray


def histories(event: np.ndarray, weight: np.ndarray, start: np.ndarray) -> Histories:
    """Return the records of rows, of which it is known whether they have an event."""
    at = np.flatnonzero((event > 0.0) & (weight > 0.0))
    return Histories(
        np.where(event > 0.0, 0.0, weight), places(start), places(at), weight[at],
        places(np.searchsorted(at, start)),
    )  # fmt: skip


@summing
def _small(rate, scale):
    """Return how many nodes, which begin with the smallest rates, have one up to `SMALL`."""
    count = 0
    for k in range(scale.size):
        count += rate * scale[k] <= SMALL
    return count


@exact
def _of_event(log_rate, rate, weight, spread, nodes, scale, chance):
    """Add log(1 − exp(−m)): by log(sinh x / x) of x = m / 2 where m is small."""
    few = _small(rate, scale)
    for k in range(few):
        m = rate * scale[k]
        y = 0.25 * m * m
        series = y * (1 / 6 - y * (1 / 180 - y * (1 / 2835 - y * (1 / 37800 - y / 467775))))
        chance[k] += weight * (log_rate + spread * nodes[k] - 0.5 * m + series)
    for k in range(few, scale.size):
        chance[k] += weight * log(1.0 - exp(-rate * scale[k]))


@summing
def _slopes(rate, weight, nodes, scale, chance, slope):
    """Fill in the derivative of the same by log m, m / (exp(m) − 1), times chance.

    Returns its sum, and that times nodes.
    """
    few = _small(rate, scale)
    for k in range(few):
        m = rate * scale[k]
        y = m * m
        series = y * (1 / 12 - y * (1 / 720 - y * (1 / 30240 - y * (1 / 1209600 - y / 47900160))))
        slope[k] = weight * chance[k] * (1.0 - 0.5 * m + series)
    for k in range(few, scale.size):
        m = rate * scale[k]
        slope[k] = weight * chance[k] * (m / (exp(min(m, HIGHEST)) - 1.0))
    total, tilted = 0.0, 0.0
    for k in range(scale.size):
        total += slope[k]
        tilted += slope[k] * nodes[k]
    return total, tilted


@summing
def _normalised(chance):
    """Turn logs into shares of their sum; return its log."""
    top, total = -np.inf, 0.0
    for k in range(chance.size):
        top = max(top, chance[k])
    for k in range(chance.size):
        chance[k] = exp(chance[k] - top)
        total += chance[k]
    for k in range(chance.size):
        chance[k] /= total
    return top + math.log(total)


@summing
def _means(chance, nodes, scale):
    """Return means of scales, and of scales times nodes."""
    mean, tilted = 0.0, 0.0
    for k in range(scale.size):
        mean += chance[k] * scale[k]
        tilted += chance[k] * scale[k] * nodes[k]
    return mean, tilted


@summing
def _exposure(rate, quiet):
    """Return the sum of rates over years without an event."""
    total = 0.0
    for row in range(rate.size):
        total += quiet[row] * rate[row]
    return total


@exact
def _rates(eta, rate):
    for row in range(eta.size):
        rate[row] = exp(eta[row])


@exact
def _of_nodes(eta, rate, weight, exposure, spread, nodes, log_weight, scale, chance):
    """Fill `chance` with the posterior of a treaty's effect on nodes; return log likelihood.

    `eta`, `rate`, `weight`: of its events.
    """
    for k in range(scale.size):
        chance[k] = log_weight[k] - exposure * scale[k]
    for i in range(eta.size):
        _of_event(eta[i], rate[i], weight[i], spread, nodes, scale, chance)
    return _normalised(chance)


@exact
def density(eta, spread, quiet, start, event, weight, event_start):
    """Return the log likelihood of all records, and its derivatives by the first two.

    Parameters
    ----------
    eta
        Log hazard without treaties' effects (row); rows of a treaty stand together.
    spread
        Standard deviation of the effects, ().
    quiet, start, event, weight, event_start
        As of `Histories`.
    """
    eta, by_eta, rate = np.ascontiguousarray(eta), np.empty(eta.size), np.empty(eta.size)
    total, by_spread, sd = 0.0, 0.0, spread.item()
    _rates(eta, rate)
    its_eta, its_rate, by_event = eta[event], rate[event], np.empty(event.size)
    coarse, coarse_weight = EVERY_SECOND
    fine_scale, coarse_scale = np.exp(sd * NODES), np.exp(sd * coarse)
    memory, slope = np.empty(NODES.size), np.empty(NODES.size)
    for treaty in range(start.size - 1):
        first, last = start[treaty], start[treaty + 1]
        begin, end = event_start[treaty], event_start[treaty + 1]
        nodes, log_weight, scale = NODES, LOG_WEIGHT, fine_scale
        if begin == end:
            nodes, log_weight, scale = coarse, coarse_weight, coarse_scale
        chance, exposure = memory[: nodes.size], _exposure(rate[first:last], quiet[first:last])
        total += _of_nodes(
            its_eta[begin:end], its_rate[begin:end], weight[begin:end], exposure, sd, nodes,
            log_weight, scale, chance,
        )  # fmt: skip
        mean, tilted = _means(chance, nodes, scale)
        by_spread -= exposure * tilted
        for row in range(first, last):
            by_eta[row] = -quiet[row] * rate[row] * mean
        for i in range(begin, end):
            by_event[i], by = _slopes(its_rate[i], weight[i], nodes, scale, chance, slope)
            by_spread += by
    for i in range(event.size):
        by_eta[event[i]] = by_event[i]
    return np.asarray(total), by_eta, np.asarray(by_spread)


@exact
def of_treaties(eta, spread, uniform, quiet, start, event, weight, event_start):
    """Return of every draw the log likelihood of each record, and a draw of its treaty's effect.

    The effect is drawn from the straight lines between the nodes: a node, and a triangle about it.

    Parameters
    ----------
    eta, spread
        As of `density`, by draw: (draw, row), (draw).
    uniform
        Uniform numbers (3, draw, treaty).
    quiet, start, event, weight, event_start
        As of `Histories`.

    Returns
    -------
    tuple of numpy.ndarray
        Log likelihood (draw, treaty), effect on the log hazard (draw, treaty).
    """
    draws, treaties = eta.shape[0], start.size - 1
    likelihood, effect = np.zeros((draws, treaties)), np.empty((draws, treaties))
    chance, rate = np.empty(NODES.size), np.empty(eta.shape[1])
    for draw in range(draws):
        scale = np.exp(spread[draw] * NODES)
        _rates(eta[draw], rate)
        its_eta, its_rate = eta[draw][event], rate[event]
        for treaty in range(treaties):
            first, last = start[treaty], start[treaty + 1]
            begin, end = event_start[treaty], event_start[treaty + 1]
            exposure = _exposure(rate[first:last], quiet[first:last])
            likelihood[draw, treaty] = _of_nodes(
                its_eta[begin:end], its_rate[begin:end], weight[begin:end], exposure,
                spread[draw], NODES, LOG_WEIGHT, scale, chance,
            )  # fmt: skip
            left, node = uniform[0, draw, treaty], 0
            while node < NODES.size - 1 and left >= chance[node]:
                left -= chance[node]
                node += 1
            beside = uniform[1, draw, treaty] + uniform[2, draw, treaty] - 1.0
            effect[draw, treaty] = spread[draw] * (NODES[node] + STEP * beside)
    return likelihood, effect


class Records(Density):
    """Log likelihood of all records as a node: inputs as of `density`."""

    sampled = 2
    kernel = staticmethod(density)
