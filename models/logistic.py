r"""What happens or not, by a sum of effects: the density of many such cases in one compiled pass.

.. math:: \log p = \sum_i y_i \eta_i - m_i \log(1 + e^{\eta_i}), \quad \eta = X b, \quad
   \frac{\partial}{\partial b} = X' (y - m / (1 + e^{-\eta}))

y: how often it happened of m alike cases; X: mostly zero, a few features of a case and one entry
for each group that it belongs to. Alike cases are counted: there are fewer kinds of them. Many
cases have a row of features in common, of which the sum is taken once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from crossover.models.compiled import Density, places
from crossover.models.vector_math import exact, exp, log1p, summing


class Cases(NamedTuple):
    """Kinds of cases, in the order of their rows of features.

    Attributes
    ----------
    start : where entries of a row begin, and where the last one's end (row + 1).
    column, value : entries of rows that are not zero, row by row (entry).
    first : where the kinds of a row begin, and where the last one's end (row + 1).
    group : columns of the groups that a kind belongs to (grouping, kind).
    happened, tried : y and m (kind).
    """

    start: np.ndarray
    column: np.ndarray
    value: np.ndarray
    first: np.ndarray
    group: np.ndarray
    happened: np.ndarray
    tried: np.ndarray


def cases(
    table: np.ndarray, happened: np.ndarray, groups: Sequence[tuple[np.ndarray, int]] = ()
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
        each, after the features and in this order. Of few groups, flags among the features are
        faster.
    """
    rows, row = np.unique(table, axis=0, return_inverse=True)
    own = np.column_stack([row, *(group for group, _ in groups)]).astype(np.int64)
    kinds, alike = np.unique(own, axis=0, return_inverse=True)
    before = table.shape[1] + np.cumsum([0, *(count for _, count in groups)])[:-1]
    entries = rows != 0.0
    return Cases(
        places([0, *np.cumsum(entries.sum(axis=1))]), places(np.nonzero(entries)[1]), rows[entries],
        places(np.searchsorted(kinds[:, 0], np.arange(len(rows) + 1))),
        places((kinds[:, 1:] + before).T),
        np.bincount(alike, np.asarray(happened, float), len(kinds)),
        np.bincount(alike, minlength=len(kinds)).astype(float),
    )  # fmt: skip


@exact
def _logits(effects, start, column, value, first, group, logit):
    for row in range(start.size - 1):
        total = 0.0
        for k in range(start[row], start[row + 1]):
            total += value[k] * effects[column[k]]
        for i in range(first[row], first[row + 1]):
            logit[i] = total
    for g in range(group.shape[0]):
        for i in range(logit.size):
            logit[i] += effects[group[g, i]]


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
def _back(by_logit, start, column, value, first, group, by):
    for row in range(start.size - 1):
        total = 0.0
        for i in range(first[row], first[row + 1]):
            total += by_logit[i]
        for k in range(start[row], start[row + 1]):
            by[column[k]] += value[k] * total
    for g in range(group.shape[0]):
        for i in range(by_logit.size):
            by[group[g, i]] += by_logit[i]


@exact
def density(effects, start, column, value, first, group, happened, tried):
    """Return the log density of all cases, and its derivative by effects (column of X).

    Parameters
    ----------
    effects
        b (column of X), log-odds.
    start, ..., tried
        As of `Cases`.
    """
    effects, by = np.ascontiguousarray(effects), np.zeros(effects.size)
    logit = np.empty(tried.size)
    _logits(effects, start, column, value, first, group, logit)
    total = _cells(happened, tried, logit)
    _back(logit, start, column, value, first, group, by)
    return np.asarray(total), by


class Happened(Density):
    """Log density of what happened as a node: inputs as of `density`."""

    sampled = 1
    kernel = staticmethod(density)


def log_density(effects: Any, of: Cases) -> Any:
    """Return the log density of cases as a graph, of effects (column of X)."""
    total, _ = Happened()(effects, *of)
    return total
