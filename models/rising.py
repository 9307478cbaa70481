r"""Rising products of counts, as ratios of gamma functions are, with their derivatives.

Γ(φ + n) / Γ(φ) = φ (φ + 1) … (φ + n − 1): exact, and without the digamma functions that a
derivative would need. Most counts are small, so that factors are taken one by one, of all counts
that still have one at once; of `MOST` factors one logarithm is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossover.models.vector_math import exact, log, summing

MOST = 16
"""Factors of a product, which is then far from the largest number."""


class Counted(NamedTuple):
    """Counts above zero, the largest first.

    Attributes
    ----------
    cell, count : where they stand in the flat table, and how many each is.
    longer : how many of them are more than k (k).
    """

    cell: np.ndarray
    count: np.ndarray
    longer: np.ndarray


def counted(table: np.ndarray) -> Counted:
    """Return the counts of a table of whole numbers."""
    flat = table.ravel()
    cell = np.flatnonzero(flat)
    cell = cell[np.argsort(-flat[cell], kind="stable")]
    count = flat[cell]
    longer = (count > np.arange(count.max(initial=0.0))[:, None]).sum(axis=1)
    return Counted(cell, count, longer)


@summing
def _taken(count, product, slope, inverses):
    """Return the sum of logs of products, which become empty, and add slope / product."""
    total = 0.0
    for i in range(count):
        total += log(product[i])
        inverses[i] += slope[i] / product[i]
        product[i], slope[i] = 1.0, 0.0
    return total


@exact
def rising(size, longer, inverses):
    """Return Σ log(φ + k) over k from 1 up to n − 1, of all counts.

    Σ 1 / (φ + k) of each, which is the product's derivative over the product, goes to `inverses`.
    """
    total, product, slope = 0.0, np.ones(size.size), np.zeros(size.size)
    for k in range(1, longer.size):
        for i in range(longer[k]):
            slope[i] = slope[i] * (size[i] + k) + product[i]
        for i in range(longer[k]):
            product[i] *= size[i] + k
        if k % MOST == 0:
            total += _taken(longer[k], product, slope, inverses)
    return total + _taken(size.size, product, slope, inverses)
