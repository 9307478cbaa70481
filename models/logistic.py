r"""What happens or not, by a sum of effects: the density of many such cases in one compiled pass.

.. math:: \log p = \sum_i y_i \eta_i - m_i \log(1 + e^{\eta_i}), \quad \eta = X b, \quad
   \frac{\partial}{\partial b} = X' (y - m / (1 + e^{-\eta}))

y: how often it happened of m alike cases; X: mostly zero, a few features of a case and one entry
for each group that it belongs to, so that only entries are kept (row by row). Alike cases are
counted: there are fewer kinds of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crossover.models.compiled import Density
from crossover.models.vector_math import exact, exp, log1p, summing


class Cases(NamedTuple):
    """Kinds of cases.

    Attributes
    ----------
    start : where entries of a kind begin, and where the last one's end (kind + 1).
    column, value : entries of X, kind by kind (entry).
    happened, tried : y and m (kind).
    """

    start: np.ndarray
    column: np.ndarray
    value: np.ndarray
    happened: np.ndarray
    tried: np.ndarray


def cases(
    table: np.ndarray, happened: np.ndarray, groups: list[tuple[np.ndarray, int]] | None = None
) -> Cases:
    """Count alike cases.

    Parameters
    ----------
    table
        Features (case, feature), the first columns of X.
    happened
        Whether it did (case).
    groups
        Of each grouping: the group of a case (case), and how many groups there are. A column of X
        each, after the features and in this order.
    """
    groups = groups or []
    rows = np.column_stack([table, *(group for group, _ in groups)])
    kinds, alike = np.unique(rows, axis=0, return_inverse=True)
    wide = table.shape[1]
    first = wide + np.cumsum([0, *(count for _, count in groups)])[:-1]
    # X has a one in the column of a group, which may be the first: no zero is left out there.
    entries = np.column_stack([kinds[:, :wide] != 0.0, np.ones((len(kinds), len(groups)), bool)])
    columns, values = np.empty(kinds.shape, np.int64), np.ones(kinds.shape)
    columns[:, :wide], values[:, :wide] = np.arange(wide), kinds[:, :wide]
    columns[:, wide:] = kinds[:, wide:].astype(np.int64) + first
    return Cases(
        np.concatenate([[0], np.cumsum(entries.sum(axis=1))]), columns[entries], values[entries],
        np.bincount(alike, np.asarray(happened, float), len(kinds)),
        np.bincount(alike, minlength=len(kinds)).astype(float),
    )  # fmt: skip


@exact
def _logits(effects, start, column, value, logit):
    for i in range(logit.size):
        total = 0.0
        for k in range(start[i], start[i + 1]):
            total += value[k] * effects[column[k]]
        logit[i] = total


@summing
def _cells(happened, tried, logit):
    """Return the density; log-odds become the derivative by them."""
    total = 0.0
    for i in range(logit.size):
        # Never of a number beyond double precision.
        less = exp(-abs(logit[i]))
        total += happened[i] * logit[i] - tried[i] * (max(logit[i], 0.0) + log1p(less))
        share = (1.0 if logit[i] > 0.0 else less) / (1.0 + less)
        logit[i] = happened[i] - tried[i] * share
    return total


@exact
def density(effects, start, column, value, happened, tried):
    """Return the log density of all cases, and its derivative by effects (column of X).

    Parameters
    ----------
    effects
        b (column of X), log-odds.
    start, column, value, happened, tried
        As of `Cases`.
    """
    effects, by = np.ascontiguousarray(effects), np.zeros(effects.size)
    logit = np.empty(tried.size)
    _logits(effects, start, column, value, logit)
    total = _cells(happened, tried, logit)
    for i in range(logit.size):
        for k in range(start[i], start[i + 1]):
            by[column[k]] += value[k] * logit[i]
    return np.asarray(total), by


class Happened(Density):
    """Log density of what happened as a node: inputs as of `density`."""

    sampled = 1
    kernel = staticmethod(density)


def log_density(effects: Any, of: Cases) -> Any:
    """Return the log density of cases as a graph, of effects (column of X)."""
    total, _ = Happened()(effects, *of)
    return total
