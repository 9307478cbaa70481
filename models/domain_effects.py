"""Effects of the domain layer, and what they add up to, with the same backwards.

Free effects become tables by supplier, period and domain; tables become what pairs would order, and
what a class of items is worth. `models.domain_density` has the equations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from crossover.models import domain_sums as sums
from crossover.models.domain_sums import CONTRASTS, DOMAINS
from crossover.models.vector_math import exact, exp, summing


class Kind(NamedTuple):
    """Effects of one kind; arrays alike.

    Attributes
    ----------
    x, centred, scale : as sampled, by c, and the position of their spread among the parameters.
    mean, z, damp, moved : m, z, exp(−c log s) and s z.
    by_moved, by_mean, by_x : derivatives by s z, m and x.
    """

    x: np.ndarray
    centred: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    z: np.ndarray
    damp: np.ndarray
    moved: np.ndarray
    by_moved: np.ndarray
    by_mean: np.ndarray
    by_x: np.ndarray


@exact
def kind(x, centred, scale, first):
    """Return effects of a kind that begins at `first` of all; means, and what is added up, zero."""
    n, last = x.size, first + x.size
    return Kind(
        x, centred[first:last], scale[first:last], np.zeros(n), np.empty(n), np.empty(n),
        np.empty(n), np.zeros(n), np.empty(n), np.empty(n),
    )  # fmt: skip


@exact
def standard(of, logs):
    """Fill in z, exp(−c log s) and s z of some effects."""
    for i in range(of.x.size):
        of.damp[i] = exp(-of.centred[i] * logs[of.scale[i]])
        of.z[i] = (of.x[i] - of.centred[i] * of.mean[i]) * of.damp[i]
    spread = np.exp(logs)
    for i in range(of.x.size):
        of.moved[i] = spread[of.scale[i]] * of.z[i]


@exact
def back(of, logs, by_logs):
    """Fill in derivatives by x and m, from those by s z; add those by log s.

    Returns the log density.
    """
    total, spread = -0.5 * math.log(2.0 * math.pi) * of.z.size, np.exp(logs)
    for i in range(of.z.size):
        z, c, at = of.z[i], of.centred[i], of.scale[i]
        g = spread[at] * of.by_moved[i] - z
        of.by_x[i] = of.damp[i] * g
        of.by_mean[i] = -c * of.by_x[i]
        total -= 0.5 * z * z + c * logs[at]
        by_logs[at] += spread[at] * z * of.by_moved[i] - c * (z * g + 1.0)
    return total


@exact
def filled(part, at, out):
    """Fill in all elements, of which those that are not sampled are zero."""
    for i in range(at.size):
        out[i] = part[at[i]] if at[i] < part.size else 0.0


@exact
def taken_out(by_all, at, by_part):
    """Fill in derivatives by those elements that are sampled."""
    for i in range(at.size):
        if at[i] < by_part.size:
            by_part[at[i]] = by_all[i]


@exact
def tables(free, start, walk_at, size_at, of_supplier, of_sizes, basis, waves):
    """Turn free effects into tables; see `models.domains._free`."""
    contrasts, suppliers = of_supplier.shape
    periods, modes = waves.shape
    level, middle = np.zeros((suppliers, DOMAINS)), np.zeros((contrasts, DOMAINS))
    sums.to_domains(free[start[0] : start[1]].reshape((contrasts, CONTRASTS)), basis, middle)
    sums.rows(of_supplier.T, middle, level)

    whole = np.empty(walk_at.size)
    filled(free[start[1] : start[2]], walk_at.ravel(), whole)
    in_waves = np.zeros((modes * contrasts, DOMAINS))
    sums.to_domains(whole.reshape((modes * contrasts, CONTRASTS)), basis, in_waves)
    in_periods = np.zeros((periods, contrasts * DOMAINS))
    sums.columns(waves, in_waves.reshape((modes, contrasts * DOMAINS)), in_periods)
    moving = np.zeros((periods * suppliers, DOMAINS))
    by_period = in_periods.reshape((periods, contrasts, DOMAINS))
    for p in range(periods):
        sums.rows(of_supplier.T, by_period[p], moving[p * suppliers : (p + 1) * suppliers])

    # Demand, common sizes, their spread and scaling, each a row.
    single = np.zeros((4, DOMAINS))
    for row, k in enumerate((2, 4, 6, 7)):
        part = free[start[k] : start[k + 1]].reshape((1, CONTRASTS))
        sums.to_domains(part, basis, single[row : row + 1])
    drift, drifting = np.zeros((periods, DOMAINS)), np.zeros((modes, DOMAINS))
    sums.to_domains(free[start[3] : start[4]].reshape((modes, CONTRASTS)), basis, drifting)
    sums.rows(waves, drifting, drift)

    own, size = np.empty(size_at.size), np.zeros((suppliers, DOMAINS))
    filled(free[start[5] : start[6]], size_at.ravel(), own)
    middle[:] = 0.0
    sums.to_domains(own.reshape((contrasts, CONTRASTS)), basis, middle)
    sums.rows(of_sizes.T, middle, size)
    unit_drift = np.zeros((periods, DOMAINS))
    sums.rows(waves, free[start[8] : start[9]].reshape((modes, DOMAINS)), unit_drift)
    return level, moving, single, drift, size + single[1], unit_drift


@exact
def tables_back(
    by_level, by_moving, by_single, by_drift, by_size, by_unit_drift, by_unit_level,
    start, walk_at, size_at, of_supplier, of_sizes, basis, waves, by_free,
):  # fmt: skip
    """Fill in derivatives by free effects from those by tables."""
    contrasts, suppliers = of_supplier.shape
    periods, modes = waves.shape
    middle = np.zeros((contrasts, DOMAINS))
    sums.rows(of_supplier, by_level, middle)
    sums.to_contrasts(middle, basis, by_free[start[0] : start[1]].reshape((contrasts, CONTRASTS)))

    in_periods = np.zeros((periods, contrasts, DOMAINS))
    for p in range(periods):
        sums.rows(of_supplier, by_moving[p * suppliers : (p + 1) * suppliers], in_periods[p])
    in_waves = np.zeros((modes, contrasts * DOMAINS))
    sums.columns(waves.T, in_periods.reshape((periods, contrasts * DOMAINS)), in_waves)
    whole = np.zeros((modes * contrasts, CONTRASTS))
    sums.to_contrasts(in_waves.reshape((modes * contrasts, DOMAINS)), basis, whole)
    taken_out(whole.ravel(), walk_at.ravel(), by_free[start[1] : start[2]])

    for s in range(suppliers):
        for d in range(DOMAINS):
            by_single[1, d] += by_size[s, d]
    for row, k in enumerate((2, 4, 6, 7)):
        by_part = by_free[start[k] : start[k + 1]].reshape((1, CONTRASTS))
        sums.to_contrasts(by_single[row : row + 1], basis, by_part)
    drifting = np.zeros((modes, DOMAINS))
    sums.rows(waves.T, by_drift, drifting)
    sums.to_contrasts(drifting, basis, by_free[start[3] : start[4]].reshape((modes, CONTRASTS)))

    own = np.zeros((contrasts, CONTRASTS))
    middle[:] = 0.0
    sums.rows(of_sizes, by_size, middle)
    sums.to_contrasts(middle, basis, own)
    taken_out(own.ravel(), size_at.ravel(), by_free[start[5] : start[6]])
    sums.rows(waves.T, by_unit_drift, by_free[start[8] : start[9]].reshape((modes, DOMAINS)))
    by_free[start[9] :] += by_unit_level


@exact
def pairs(level, demand, need, substitution, own, seller, buyer, centre):
    """Fill in what pairs would order on average without habits (pair, domain)."""
    for i in range(seller.size):
        s, r = seller[i], buyer[i]
        for d in range(DOMAINS):
            centre[i, d] = level[s, d] + demand[d] + need[r, d]
        if own[r] >= 0:
            for d in range(DOMAINS):
                centre[i, d] -= substitution * level[own[r], d]


@exact
def pairs_back(by_centre, seller, buyer, by_level, by_demand, by_need, by_saved):
    """Add derivatives by what pairs would order; `by_saved` (recipient, domain)."""
    for i in range(seller.size):
        s, r = seller[i], buyer[i]
        for d in range(DOMAINS):
            by_level[s, d] += by_centre[i, d]
            by_demand[d] += by_centre[i, d]
            by_need[r, d] += by_centre[i, d]
            by_saved[r, d] -= by_centre[i, d]


@exact
def saved(level, substitution, own, saved):
    """Fill in what strength at home saves recipients from buying (recipient, domain)."""
    for r in range(own.size):
        for d in range(DOMAINS):
            saved[r, d] = substitution * level[own[r], d] if own[r] >= 0 else 0.0


@exact
def habits(rows, pair, table, out):
    """Fill in what a table (pair, domain) is in the contrasts of habits (habit)."""
    for i in range(pair.size):
        total = 0.0
        for d in range(DOMAINS):
            total += rows[i, d] * table[pair[i], d]
        out[i] = total


@exact
def of_habits(habits, rows, pair, table):
    """Add habits, in contrasts, to a table (pair, domain)."""
    for i in range(pair.size):
        for d in range(DOMAINS):
            table[pair[i], d] += habits[i] * rows[i, d]


@summing
def mixes(mix, standing, known, out):
    """Fill in mean worth of what is exported of each class, less that on record."""
    for i in range(out.size):
        total = 0.0
        for k in range(standing.size):
            total += mix[i, k] * standing[k]
        out[i] = total - known[i]


@exact
def mixes_back(by_mix, mix, by_standing):
    """Add derivatives by standings (supplier × domain)."""
    for i in range(by_mix.size):
        for k in range(by_standing.size):
            by_standing[k] += by_mix[i] * mix[i, k]
