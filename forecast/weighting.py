"""Draws that count for more or less: weights that can be trusted, and what follows from them."""

from __future__ import annotations

import math

import numpy as np
from scipy import special


def smoothed(raw: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smooth log weights (chain, draw); return them, summing to one, and the tail's k."""
    from arviz_stats.base import array_stats

    if not np.isfinite(raw).all():
        return np.full(raw.shape, -math.log(raw.size)), math.inf
    if float(np.ptp(raw)) < 1e-6:
        return np.full(raw.shape, -math.log(raw.size)), -math.inf
    smooth, khat = array_stats.psislw(raw.max() - raw.ravel())
    smooth = np.asarray(smooth) - special.logsumexp(smooth)
    return smooth.reshape(raw.shape), float(khat)


def mean_error(influence: np.ndarray) -> float:
    """Monte-Carlo error of the mean of an array (chain, draw), with its effective sample size."""
    from crossover.forecast.events import monte_carlo_error

    return float(monte_carlo_error(influence.reshape(-1, 1), len(influence))[0])


def probability(log_weight: np.ndarray, happened: np.ndarray) -> tuple[float, float]:
    """Weighted probability of an indicator (chain, draw), and its Monte-Carlo error.

    The error of a ratio of means, of what it averages, so that both unequal weights and
    autocorrelation count.
    """
    weight = np.exp(log_weight - special.logsumexp(log_weight)) * log_weight.size
    found = float((weight * happened).mean())
    return found, mean_error(weight * (happened - found))
