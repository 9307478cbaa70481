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

import numpy as np

from crossover.models.compiled import Density
from crossover.models.vector_math import exact, exp, inline

STEP = 0.25
NODES = np.arange(-20, 21) * STEP
"""Standard values of a treaty's effect, to five standard deviations.

The rule's error is exp(−2 π² (d / step)²) for a posterior of standard deviation d: 2e-6 for 0.2,
which no record is long enough for."""
SMALL = 0.5
"""Below this rate a year the series are exact to a part in 1e13."""
LOG_WEIGHT = -0.5 * NODES**2 - 0.5 * math.log(2 * math.pi) + math.log(STEP)

@inline
def _log_event(log_m, m):
    """Log of 1 − exp(−m), of log m known: by log(sinh x / x) of x = m / 2 where m is small."""
    if m > SMALL:
        return math.log(-math.expm1(-m))
    y = 0.25 * m * m
    series = y * (1 / 6 - y * (1 / 180 - y * (1 / 2835 - y * (1 / 37800 - y / 467775))))
    return log_m - 0.5 * m + series


@inline
def _slope(m):
    """Derivative of the same by log m, m / (exp(m) − 1)."""
    if m > SMALL:
        return m / math.expm1(m)
    y = m * m
    series = y * (1 / 12 - y * (1 / 720 - y * (1 / 30240 - y * (1 / 1209600 - y / 47900160))))
    return 1.0 - 0.5 * m + series


@exact
def _of_quiet(exposure, scale, chance):
    total, top = 0.0, -np.inf
    for k in range(0, scale.size, 2):
        chance[k] = LOG_WEIGHT[k] - exposure * scale[k]
        top = max(top, chance[k])
    for k in range(0, scale.size, 2):
        chance[k] = exp(chance[k] - top)
    for k in range(0, scale.size, 2):
        total += chance[k]
    for k in range(0, scale.size, 2):
        chance[k] /= total
        if k:
            chance[k - 1] = 0.0
    return top + math.log(2.0 * total)


@exact
def _of_nodes(eta, rate, event, weight, first, last, spread, scale, chance, fine):
    """Fill `chance` with the posterior of a treaty's effect on the nodes; return log likelihood.

    Zero on every second node of a record without an event, unless all are asked for.
    """
    exposure, quiet = 0.0, True
    for row in range(first, last):
        if event[row] == 0.0:
            exposure += weight[row] * rate[row]
        elif weight[row] != 0.0:
            quiet = False
    if quiet and not fine:
        return _of_quiet(exposure, scale, chance)
    for k in range(scale.size):
        chance[k] = LOG_WEIGHT[k] - exposure * scale[k]
    for row in range(first, last):
        if event[row] != 0.0 and weight[row] != 0.0:
            for k in range(scale.size):
                log_m = eta[row] + spread * NODES[k]
                chance[k] += weight[row] * _log_event(log_m, rate[row] * scale[k])
    top = chance.max()
    total = 0.0
    for k in range(scale.size):
        chance[k] = exp(chance[k] - top)
    for k in range(scale.size):
        total += chance[k]
    for k in range(scale.size):
        chance[k] /= total
    return top + math.log(total)


@exact
def density(eta, spread, event, weight, start):
    """Return the log likelihood of all records, and its derivatives by the first two.

    Parameters
    ----------
    eta
        Log hazard without treaties' effects (row); rows of a treaty stand together.
    spread
        Standard deviation of the effects, ().
    event, weight
        Of each row.
    start
        Row at which each treaty's record starts, and the number of rows at the end (treaty + 1).
    """
    eta, by_eta, rate = np.ascontiguousarray(eta), np.empty(eta.size), np.empty(eta.size)
    total, by_spread = 0.0, 0.0
    for row in range(eta.size):
        rate[row] = exp(eta[row])
    sd = spread.item()
    scale, chance = np.exp(sd * NODES), np.empty(NODES.size)
    for treaty in range(start.size - 1):
        first, last = start[treaty], start[treaty + 1]
        if first == last:
            continue
        total += _of_nodes(eta, rate, event, weight, first, last, sd, scale, chance, False)
        mean, tilted = 0.0, 0.0
        for k in range(NODES.size):
            mean += chance[k] * scale[k]
            tilted += chance[k] * scale[k] * NODES[k]
        for row in range(first, last):
            if event[row] == 0.0:
                by_eta[row] = -weight[row] * rate[row] * mean
                by_spread -= weight[row] * rate[row] * tilted
            else:
                slope = 0.0
                for k in range(NODES.size):
                    part = chance[k] * weight[row] * _slope(rate[row] * scale[k])
                    slope += part
                    by_spread += part * NODES[k]
                by_eta[row] = slope
    return np.asarray(total), by_eta, np.asarray(by_spread)


@exact
def of_treaties(eta, spread, event, weight, start, uniform):
    """Return of every draw the log likelihood of each record, and a draw of its treaty's effect.

    The effect is drawn from the straight lines between the nodes: a node, and a triangle about it.

    Parameters
    ----------
    eta, spread
        As of `density`, by draw: (draw, row), (draw).
    event, weight, start
        As of `density`.
    uniform
        Uniform numbers (3, draw, treaty).

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
        for row in range(rate.size):
            rate[row] = exp(eta[draw, row])
        for treaty in range(treaties):
            likelihood[draw, treaty] = _of_nodes(
                eta[draw], rate, event, weight, start[treaty], start[treaty + 1], spread[draw],
                scale, chance, True,
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
