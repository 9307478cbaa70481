r"""How likely the listed orders are, with its derivatives, in one pass: what the sampler repeats.

The equations are those of `models.market`, whose model builds all else. With u the log-odds of a
supplier s with a recipient r in a period p, per cell of an able pair and without the constant,

.. math:: \log f = \log \frac{\Gamma(n + \phi)}{\Gamma(\phi)} + n \log\frac{\mu}{\phi}
   - (n + \phi) \log(1 + \mu / \phi), \quad \mu = e \lambda

Derivatives by log λ at a given φ, A, and by log φ at a given λ, B, with q = μ / (μ + φ):

.. math:: A = n - (n + \phi) q, \quad
   B = \sum_{k<n} \frac{\phi}{\phi + k} - n + (n + \phi) q - \phi \log(1 + \mu / \phi)

as Γ(n + φ) / Γ(φ) = φ (φ + 1) … (φ + n − 1). Since log φ = log c + γ log λ, that by log λ is in all
g = A + γ B, by log c ΣB, by γ ΣB log λ. As log λ = d + u − log Σ exp(u), it is Σ_s g by d, and
g − share Σ_s g by u; u is a sum, so that all others are sums of this one. Cells without an order
need only the last term; the product of factors φ + k is one of `models.rising`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossover.models.compiled import Density
from crossover.models.rising import counted, rising
from crossover.models.vector_math import exact, exp, log, log1p, summing


class Listed(NamedTuple):
    """Data of the density; columns are recipient × period.

    Attributes
    ----------
    features : (effect, supplier, column).
    barred : log-odds taken from pairs that cannot trade (supplier, recipient).
    placed, exposure : orders (supplier, column) and years, both zero of pairs that cannot trade.
    cell, count : cells with an order, in all of supplier × column, those of most orders first,
        and how many they are.
    longer : how many of these cells have more than k orders (k).
    known : sum of n log e, which no parameter moves ().
    """

    features: np.ndarray
    barred: np.ndarray
    placed: np.ndarray
    exposure: np.ndarray
    cell: np.ndarray
    count: np.ndarray
    longer: np.ndarray
    known: np.ndarray


def listed(
    features: np.ndarray, barred: np.ndarray, placed: np.ndarray, exposure: np.ndarray
) -> Listed:
    """Return the data of the density from arrays as of `models.market.Market`."""
    able = np.broadcast_to((barred == 0.0)[..., None], placed.shape)
    shape = (len(barred), -1)
    placed_able = np.where(able, placed, 0.0).reshape(shape)
    years = (able * exposure).reshape(shape)
    orders = counted(placed_able)
    return Listed(
        features.reshape(len(features), *placed_able.shape), barred, placed_able, years,
        *orders, np.asarray(orders.count @ np.log(years.ravel()[orders.cell])),
    )  # fmt: skip


# Compiled ------------------------------------------------------------------------------------


@exact
def _utilities(offered, affinity, pulls, features, barred, utility):
    """Log-odds (supplier, column) into `utility`."""
    (suppliers, recipients), periods = affinity.shape, offered.shape[1]
    for s in range(suppliers):
        for r in range(recipients):
            pair = affinity[s, r] + barred[s, r]
            for p in range(periods):
                utility[s, r * periods + p] = pair + offered[s, p]
        for k in range(pulls.size):
            for c in range(utility.shape[1]):
                utility[s, c] += pulls[k] * features[k, s, c]


@exact
def _shares(demand, log_rate, share):
    """Turn log-odds (supplier, column) into log expected orders a year, and shares."""
    suppliers, columns = share.shape
    top, total = log_rate[0].copy(), np.zeros(columns)
    for s in range(1, suppliers):
        for c in range(columns):
            top[c] = max(top[c], log_rate[s, c])
    for s in range(suppliers):
        for c in range(columns):
            share[s, c] = exp(log_rate[s, c] - top[c])
            total[c] += share[s, c]
    for c in range(columns):
        top[c] = demand[c] - top[c] - log(total[c])
        total[c] = 1.0 / total[c]
    for s in range(suppliers):
        for c in range(columns):
            log_rate[s, c] += top[c]
            share[s, c] *= total[c]


@exact
def _odds(log_rate, share, wanted, log_clumping, growth, exposure, size, odds):
    """Fill in φ, and μ / φ; `wanted`: expected orders a year (column)."""
    for s in range(size.shape[0]):
        for c in range(size.shape[1]):
            size[s, c] = exp(log_clumping + growth * log_rate[s, c])
        for c in range(size.shape[1]):
            odds[s, c] = exposure[s, c] * share[s, c] * wanted[c] / size[s, c]


@summing
def _dense(placed, size, by_rate, by_size):
    """Return the sum of −(n + φ) log(1 + μ / φ) over all cells, and its A and B in place.

    `by_rate` comes as μ / φ.
    """
    total = 0.0
    for s in range(size.shape[0]):
        for c in range(size.shape[1]):
            odds, trials = by_rate[s, c], placed[s, c] + size[s, c]
            logs = log1p(odds)
            total -= trials * logs
            by_rate[s, c] = -trials * (odds / (1.0 + odds))
            by_size[s, c] = trials * (odds / (1.0 + odds)) - size[s, c] * logs
    return total


@exact
def _filled(cell, count, longer, log_rate, size, log_clumping, growth, by_rate, by_size):
    """Return what cells with orders add, beyond the terms of every cell; add their A and B."""
    sizes, inverses = size[cell], np.zeros(cell.size)
    total = rising(sizes, longer, inverses)
    for i in range(cell.size):
        at, n = cell[i], count[i]
        total += n * log_rate[at] + (1.0 - n) * (log_clumping + growth * log_rate[at])
        by_rate[at] += n
        by_size[at] += 1.0 + sizes[i] * inverses[i] - n
    return total


@summing
def _through_softmax(growth, share, log_rate, by_rate, by_size, by_demand):
    """Turn A into derivatives by log-odds; return those by log c and γ."""
    suppliers, columns = share.shape
    by_clumping, by_growth = 0.0, 0.0
    for s in range(suppliers):
        for c in range(columns):
            by_rate[s, c] += growth * by_size[s, c]
            by_demand[c] += by_rate[s, c]
        for c in range(columns):
            by_clumping += by_size[s, c]
            by_growth += by_size[s, c] * log_rate[s, c]
    for s in range(suppliers):
        for c in range(columns):
            by_rate[s, c] -= share[s, c] * by_demand[c]
    return by_clumping, by_growth


@summing
def _gathered(by_utility, features, by_offered, by_affinity, by_pulls):
    """Add up derivatives by log-odds over what shares an input."""
    (suppliers, recipients), periods = by_affinity.shape, by_offered.shape[1]
    for s in range(suppliers):
        for r in range(recipients):
            pair = 0.0
            for p in range(periods):
                by = by_utility[s, r * periods + p]
                pair += by
                by_offered[s, p] += by
            by_affinity[s, r] = pair
    for k in range(by_pulls.size):
        total = 0.0
        for s in range(suppliers):
            for c in range(by_utility.shape[1]):
                total += by_utility[s, c] * features[k, s, c]
        by_pulls[k] = total


@exact
def density(
    demand, offered, affinity, pulls, log_clumping, growth,
    features, barred, placed, exposure, cell, count, longer, known,
):  # fmt: skip
    """Return the log density of all listed orders, and its derivatives by the first six.

    Parameters
    ----------
    demand, offered, affinity
        Log orders a year (recipient, period), log-odds (supplier, period) and (supplier,
        recipient).
    pulls
        Effects of the features (effect).
    log_clumping, growth
        Log φ of a pair that orders once a year, and γ.
    features, barred, placed, exposure, cell, count, longer, known
        As of `Listed`.
    """
    demand, offered = np.ascontiguousarray(demand), np.ascontiguousarray(offered)
    affinity, pulls = np.ascontiguousarray(affinity), np.ascontiguousarray(pulls)
    clumping, power, shape = log_clumping.item(), growth.item(), placed.shape
    log_rate, share, size = np.empty(shape), np.empty(shape), np.empty(shape)
    by_rate, by_size, by_demand = np.empty(shape), np.empty(shape), np.zeros(demand.size)
    _utilities(offered, affinity, pulls, features, barred, log_rate)
    _shares(demand.ravel(), log_rate, share)
    wanted = np.exp(demand.ravel())
    _odds(log_rate, share, wanted, clumping, power, exposure, size, by_rate)
    total = known.item() + _dense(placed, size, by_rate, by_size)
    total += _filled(
        cell, count, longer, log_rate.ravel(), size.ravel(), clumping, power,
        by_rate.ravel(), by_size.ravel(),
    )  # fmt: skip
    by_clumping, by_growth = _through_softmax(power, share, log_rate, by_rate, by_size, by_demand)
    by_offered, by_affinity, by_pulls = (
        np.zeros(offered.shape), np.empty(affinity.shape), np.empty(pulls.size),
    )  # fmt: skip
    _gathered(by_rate, features, by_offered, by_affinity, by_pulls)
    return (
        np.asarray(total), by_demand.reshape(demand.shape), by_offered, by_affinity, by_pulls,
        np.asarray(by_clumping), np.asarray(by_growth),
    )  # fmt: skip


class Orders(Density):
    """Log density of all listed orders as a node: inputs as of `density`."""

    sampled = 6
    kernel = staticmethod(density)
