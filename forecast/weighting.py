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


def probability(log_weight: np.ndarray, happened: np.ndarray) -> tuple[float, float]:
    """Weighted probability of an indicator (chain, draw), and its Monte-Carlo error.

    The error of a ratio of means, with the effective sample size of what it averages, so that both
    unequal weights and autocorrelation count.
    """
    import arviz as az

    weight = np.exp(log_weight - special.logsumexp(log_weight)) * log_weight.size
    found = float((weight * happened).mean())
    influence = weight * (happened - found)
    if not float(influence.std()) > 0:
        return found, 0.0
    size = float(az.ess(influence, method="mean"))
    return found, float(influence.std() / math.sqrt(size))
