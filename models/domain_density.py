r"""The domain layer's density with its derivatives, in one pass: what the sampler repeats.

`models.domains` says what is what. Compiling the layer operation by operation took twice as long
as sampling it, so that all of it but the parameters' priors is one loop here. An effect x with
mean m and spread s that is sampled in part centred, by c from 0 to 1, and its derivatives are

.. math:: z = (x - c m) s^{-c}, \quad v = m + s z, \quad \log p = -z^2 / 2 - c \log s, \quad
   g = s \frac{\partial}{\partial v} - z, \quad \frac{\partial}{\partial x} = s^{-c} g, \quad
   \frac{\partial}{\partial m} = \frac{\partial}{\partial v} - c s^{-c} g, \quad
   \frac{\partial}{\partial \log s} = s z \frac{\partial}{\partial v} - c z g - c

Orders n by domain of a pair's period, with log-odds u, shares p = exp(u) / Σ exp(u) and N = Σ n,
have, at a concentration κ, Dirichlet-multinomial odds; with h = Σ_{0<k<n} κ p / (κ p + k),

.. math:: \log f = \sum_{n > 0} \Big(\log \kappa p + \sum_{0 < k < n} \log(\kappa p + k)\Big)
   - \sum_{k < N} \log(\kappa + k), \quad
   \frac{\partial}{\partial u} = (n > 0)(1 + h) - p \sum_{n > 0} (1 + h)

Mean log sizes y of the domains of a pair's period, less their expectation and with half their
variance V added, a, are normal about a level r of their own, which is left free: e = a − r,

.. math:: r = \frac{\sum a / V}{\sum 1 / V}, \quad
   \log f = -\frac12 \Big(\sum \frac{e^2}{V} + \sum \log V + \log \sum \frac1V\Big), \quad
   \frac{\partial}{\partial \log V} = \frac12 \Big(\frac{e^2}{V} - e - 1
   + \frac{1 / V}{\sum 1 / V}\Big)

Unit values are Student's t. All else is sums, whose derivatives are the same sums backwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from data import names
from models.compiled import Density
from models.rising import counted, rising
from models.vector_math import exact, exp, log, summing

DOMAINS = len(names.DOMAINS)
"""Known when compiled, so that loops over domains are unrolled."""
CONTRASTS = DOMAINS - 1
UNIT_VALUE_DF = 4.0
"""Degrees of freedom of unit values: a class holds a few ships or systems unlike the rest."""
OF_ITEM = (
    math.lgamma((UNIT_VALUE_DF + 1.0) / 2.0)
    - math.lgamma(UNIT_VALUE_DF / 2.0)
    - 0.5 * math.log(UNIT_VALUE_DF * math.pi)
)
SINGLE = ("substitution", "unit_strength", "concentration", "order_sd", "orders_alike", "unit_sd")
"""Parameters that are no spreads of effects, in the order of `Layer.single`."""


class Layer(NamedTuple):
    """Data of the density: arrays of `models.domains.constants`, those of cells by what is seen.

    Attributes
    ----------
    single : positions of `SINGLE` in the vector of parameters.
    scale, centred : of all effects, one vector after the other (effect): the position of their
        spread among the parameters, and c.
    start : where free effects of each kind begin, and where the last end (kind + 1).
    walk_at, size_at : where elements of walks (wave, contrast) and of own sizes (contrast) are
        among those sampled; after the last where they are not.
    of_supplier, of_sizes, of_recipient, of_domain, waves : bases.
    standing_basis : (element, supplier, domain).
    own : position of a recipient on supplier, -1 where it is none (recipient).
    seller, buyer : of pairs.
    habit_pair, habit_rows : pair and contrast of each habit.
    cell_pair, cell_seller, cell_buyer : of each pair's period; sellers and buyers are positions
        on period × supplier, -1 of buyers that are no suppliers.
    seen, longer : cells with orders (cell × domain), those of most first, and how many of them
        have more than k orders (k).
    before, times : numbers of orders before an order of its pair's period, and how often each.
    size_seller, size_scale, size_start : of each pair's period with sizes; where its sizes begin,
        and where the last end.
    size_domain, size_kind, size_value : of each size: domain, position of its number of orders,
        log mean TIV million.
    size_share : 1 / number of orders, of each that there is (kind).
    class_mix, class_mean, item_class, item_place, item_standing, item_strength, item_value :
        as there.
    """

    single: np.ndarray
    scale: np.ndarray
    centred: np.ndarray
    start: np.ndarray
    walk_at: np.ndarray
    size_at: np.ndarray
    of_supplier: np.ndarray
    of_sizes: np.ndarray
    of_recipient: np.ndarray
    of_domain: np.ndarray
    waves: np.ndarray
    standing_basis: np.ndarray
    own: np.ndarray
    seller: np.ndarray
    buyer: np.ndarray
    habit_pair: np.ndarray
    habit_rows: np.ndarray
    cell_pair: np.ndarray
    cell_seller: np.ndarray
    cell_buyer: np.ndarray
    seen: np.ndarray
    longer: np.ndarray
    before: np.ndarray
    times: np.ndarray
    size_seller: np.ndarray
    size_scale: np.ndarray
    size_start: np.ndarray
    size_domain: np.ndarray
    size_kind: np.ndarray
    size_share: np.ndarray
    size_value: np.ndarray
    class_mix: np.ndarray
    class_mean: np.ndarray
    item_class: np.ndarray
    item_place: np.ndarray
    item_standing: np.ndarray
    item_strength: np.ndarray
    item_value: np.ndarray


def arranged(fixed: Mapping[str, Any], parameter: list[str]) -> Layer:
    """Return the data of the density.

    Parameters
    ----------
    fixed
        As from `models.domains.constants`.
    parameter
        Names of the parameters, in the order of their vector.
    """
    def joined(kind: str) -> np.ndarray:
        vectors = ("free", "wants", "habits", "standings", "classes")
        return np.concatenate([fixed[f"{name}_{kind}"] for name in vectors])

    own = np.where(fixed["has_own"][:, 0] > 0, fixed["own"], -1)
    sizes = [int(np.prod(shape)) for shape in fixed["free_shape"].values()]
    bought = own[fixed["buyer"][fixed["cell_pair"]]]
    when = fixed["cell_seller"] // fixed["shape"]["suppliers"]
    cells, orders = counted(fixed["cells"]), fixed["size_orders"]
    before, times = np.unique(
        np.concatenate([np.arange(n) for n in fixed["cells"].sum(axis=1)]), return_counts=True
    )
    _, of_size = np.nonzero(orders)
    number, kind = np.unique(orders[orders > 0], return_inverse=True)
    found = Layer(
        single=np.array([parameter.index(name) for name in SINGLE]),
        scale=joined("scale"), centred=joined("centred").astype(float),
        start=np.cumsum([0, *sizes]),
        walk_at=fixed["strength_walk_at"], size_at=fixed["own_size_at"],
        **{name: fixed[name] for name in (
            "of_supplier", "of_sizes", "of_recipient", "of_domain", "waves", "seller", "buyer",
            "habit_pair", "habit_rows", "cell_pair", "cell_seller", "size_seller", "class_mix",
            "class_mean", "item_class", "item_place", "item_standing", "item_strength",
        )},
        standing_basis=np.ascontiguousarray(np.moveaxis(fixed["standing_basis"], 0, 2)),
        own=own,
        cell_buyer=np.where(bought < 0, -1, when * fixed["shape"]["suppliers"] + bought),
        seen=cells.cell, longer=cells.longer,
        before=before.astype(float), times=times.astype(float),
        size_scale=fixed["size_scale"][:, 0],
        size_start=np.cumsum([0, *(orders > 0).sum(axis=1)]),
        size_domain=of_size, size_kind=kind, size_share=1.0 / number,
        size_value=fixed["size_values"][orders > 0], item_value=fixed["unit_values"],
    )  # fmt: skip
    # Of one layout in memory, so that the loops are compiled once.
    return Layer(*map(np.ascontiguousarray, found))


# Sums, and the same backwards --------------------------------------------------------------------


@exact
def _to_domains(contrasts, basis, out):
    """Add contrasts (row, contrast) as differences of domains (row, domain)."""
    for i in range(len(out)):
        for k in range(CONTRASTS):
            for d in range(DOMAINS):
                out[i, d] += contrasts[i, k] * basis[k, d]


@summing
def _to_contrasts(table, basis, out):
    """Add contrasts (row, contrast) of a table (row, domain)."""
    for i in range(len(out)):
        for k in range(CONTRASTS):
            total = 0.0
            for d in range(DOMAINS):
                total += table[i, d] * basis[k, d]
            out[i, k] += total


@exact
def _rows(matrix, table, out):
    """Add a product of a matrix (i, k) and a table (k, domain)."""
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            weight = matrix[i, k]
            if weight != 0.0:
                for d in range(DOMAINS):
                    out[i, d] += weight * table[k, d]


@exact
def _columns(matrix, table, out):
    """Add a product of a matrix (i, k) and a wide table (k, column)."""
    for i in range(matrix.shape[0]):
        for k in range(matrix.shape[1]):
            for j in range(table.shape[1]):
                out[i, j] += matrix[i, k] * table[k, j]


@exact
def _standings(basis, table, out, backwards):
    """Add elements (element, domain) of a table (supplier, domain), or backwards."""
    for e in range(basis.shape[0]):
        for s in range(basis.shape[1]):
            into, of = (s, e) if backwards else (e, s)
            for d in range(DOMAINS):
                out[into, d] += basis[e, s, d] * table[of, d]


# Effects -----------------------------------------------------------------------------------------


@exact
def _standard(x, mean, centred, scale, logs, z, damp, deviation):
    """Fill in z, exp(−c log s) and s z of some effects."""
    for i in range(x.size):
        damp[i] = exp(-centred[i] * logs[scale[i]])
        z[i] = (x[i] - centred[i] * mean[i]) * damp[i]
    spread = np.exp(logs)
    for i in range(x.size):
        deviation[i] = spread[scale[i]] * z[i]


@exact
def _back(by_deviation, centred, scale, logs, z, damp, by_x, by_logs):
    """Fill in derivatives by x, from those by s z; add those by log s; return the log density."""
    total, spread = -0.5 * math.log(2.0 * math.pi) * z.size, np.exp(logs)
    for i in range(z.size):
        g = spread[scale[i]] * by_deviation[i] - z[i]
        by_x[i] = damp[i] * g
        total -= 0.5 * z[i] * z[i] + centred[i] * logs[scale[i]]
        by_logs[scale[i]] += (
            spread[scale[i]] * z[i] * by_deviation[i] - centred[i] * (z[i] * g + 1.0)
        )
    return total


@exact
def _whole(part, at, out):
    """Fill in all elements, of which those that are not sampled are zero."""
    for i in range(at.size):
        out[i] = part[at[i]] if at[i] < part.size else 0.0


@exact
def _taken_out(by_all, at, by_part):
    """Fill in derivatives by those elements that are sampled."""
    for i in range(at.size):
        if at[i] < by_part.size:
            by_part[at[i]] = by_all[i]


@exact
def _tables(free, start, walk_at, size_at, of_supplier, of_sizes, basis, waves):
    """Turn free effects into tables; see `models.domains._free`."""
    contrasts, suppliers = of_supplier.shape
    periods, modes = waves.shape
    level, middle = np.zeros((suppliers, DOMAINS)), np.zeros((contrasts, DOMAINS))
    _to_domains(free[start[0] : start[1]].reshape((contrasts, CONTRASTS)), basis, middle)
    _rows(of_supplier.T, middle, level)

    whole = np.empty(walk_at.size)
    _whole(free[start[1] : start[2]], walk_at.ravel(), whole)
    in_waves = np.zeros((modes * contrasts, DOMAINS))
    _to_domains(whole.reshape((modes * contrasts, CONTRASTS)), basis, in_waves)
    in_periods = np.zeros((periods, contrasts * DOMAINS))
    _columns(waves, in_waves.reshape((modes, contrasts * DOMAINS)), in_periods)
    moving = np.zeros((periods * suppliers, DOMAINS))
    by_period = in_periods.reshape((periods, contrasts, DOMAINS))
    for p in range(periods):
        _rows(of_supplier.T, by_period[p], moving[p * suppliers : (p + 1) * suppliers])

    # Demand, common sizes, their spread and scaling, each a row.
    single = np.zeros((4, DOMAINS))
    for row, k in enumerate((2, 4, 6, 7)):
        part = free[start[k] : start[k + 1]].reshape((1, CONTRASTS))
        _to_domains(part, basis, single[row : row + 1])
    drift, drifting = np.zeros((periods, DOMAINS)), np.zeros((modes, DOMAINS))
    _to_domains(free[start[3] : start[4]].reshape((modes, CONTRASTS)), basis, drifting)
    _rows(waves, drifting, drift)

    own, size = np.empty(size_at.size), np.zeros((suppliers, DOMAINS))
    _whole(free[start[5] : start[6]], size_at.ravel(), own)
    middle[:] = 0.0
    _to_domains(own.reshape((contrasts, CONTRASTS)), basis, middle)
    _rows(of_sizes.T, middle, size)
    unit_drift = np.zeros((periods, DOMAINS))
    _rows(waves, free[start[8] : start[9]].reshape((modes, DOMAINS)), unit_drift)
    return level, moving, single, drift, size + single[1], unit_drift


@exact
def _tables_back(
    by_level, by_moving, by_single, by_drift, by_size, by_unit_drift, by_unit_level,
    start, walk_at, size_at, of_supplier, of_sizes, basis, waves, by_free,
):  # fmt: skip
    """Fill in derivatives by free effects from those by tables."""
    contrasts, suppliers = of_supplier.shape
    periods, modes = waves.shape
    middle = np.zeros((contrasts, DOMAINS))
    _rows(of_supplier, by_level, middle)
    _to_contrasts(middle, basis, by_free[start[0] : start[1]].reshape((contrasts, CONTRASTS)))

    in_periods = np.zeros((periods, contrasts, DOMAINS))
    for p in range(periods):
        _rows(of_supplier, by_moving[p * suppliers : (p + 1) * suppliers], in_periods[p])
    in_waves = np.zeros((modes, contrasts * DOMAINS))
    _columns(waves.T, in_periods.reshape((periods, contrasts * DOMAINS)), in_waves)
    whole = np.zeros((modes * contrasts, CONTRASTS))
    _to_contrasts(in_waves.reshape((modes * contrasts, DOMAINS)), basis, whole)
    _taken_out(whole.ravel(), walk_at.ravel(), by_free[start[1] : start[2]])

    for s in range(suppliers):
        for d in range(DOMAINS):
            by_single[1, d] += by_size[s, d]
    for row, k in enumerate((2, 4, 6, 7)):
        by_part = by_free[start[k] : start[k + 1]].reshape((1, CONTRASTS))
        _to_contrasts(by_single[row : row + 1], basis, by_part)
    drifting = np.zeros((modes, DOMAINS))
    _rows(waves.T, by_drift, drifting)
    _to_contrasts(drifting, basis, by_free[start[3] : start[4]].reshape((modes, CONTRASTS)))

    own = np.zeros((contrasts, CONTRASTS))
    middle[:] = 0.0
    _rows(of_sizes, by_size, middle)
    _to_contrasts(middle, basis, own)
    _taken_out(own.ravel(), size_at.ravel(), by_free[start[5] : start[6]])
    _rows(waves.T, by_unit_drift, by_free[start[8] : start[9]].reshape((modes, DOMAINS)))
    by_free[start[9] :] += by_unit_level


# Likelihoods -------------------------------------------------------------------------------------


@exact
def _log_odds(by_pair, both, moving, substitution, cell_pair, cell_seller, cell_buyer, logit):
    """Fill in log-odds (cell, domain), of which the highest of each cell is zero."""
    for c in range(cell_pair.size):
        pair, s, b = cell_pair[c], cell_seller[c], cell_buyer[c]
        for d in range(DOMAINS):
            logit[c, d] = by_pair[pair, d] + both[s, d]
        if b >= 0:
            for d in range(DOMAINS):
                logit[c, d] -= substitution * moving[b, d]
        top = logit[c, 0]
        for d in range(1, DOMAINS):
            top = max(top, logit[c, d])
        for d in range(DOMAINS):
            logit[c, d] -= top


@summing
def _shares(logit, share, log_total):
    """Fill in shares of cells, and the logs of what they were divided by."""
    flat, into = logit.ravel(), share.ravel()
    for i in range(flat.size):
        into[i] = exp(flat[i])
    for c in range(log_total.size):
        total = 0.0
        for d in range(DOMAINS):
            total += share[c, d]
        log_total[c] = total
        for d in range(DOMAINS):
            share[c, d] *= 1.0 / total
    for c in range(log_total.size):
        log_total[c] = log(log_total[c])


@exact
def _composed(logit, concentration, seen, longer, before, times):
    """Return the log density of orders by domain and its derivative by the concentration.

    Log-odds become the derivatives by them.
    """
    cells = logit.shape[0]
    share, log_total = np.empty(logit.shape), np.empty(cells)
    _shares(logit, share, log_total)
    flat, flat_share = logit.ravel(), share.ravel()
    size, inverses, told = np.empty(seen.size), np.zeros(seen.size), np.zeros(cells)
    total = seen.size * math.log(concentration)
    for i in range(seen.size):
        size[i] = concentration * flat_share[seen[i]]
        total += flat[seen[i]] - log_total[seen[i] // DOMAINS]
    total += rising(size, longer, inverses)
    by_concentration = float(seen.size)
    for i in range(seen.size):
        inverses[i] *= size[i]
        by_concentration += inverses[i]
        told[seen[i] // DOMAINS] += 1.0 + inverses[i]
    by_concentration /= concentration
    for k in range(before.size):
        total -= times[k] * math.log(concentration + before[k])
        by_concentration -= times[k] / (concentration + before[k])
    for c in range(cells):
        for d in range(DOMAINS):
            logit[c, d] = -share[c, d] * told[c]
    for i in range(seen.size):
        flat[seen[i]] += 1.0 + inverses[i]
    return total, by_concentration


@exact
def _composed_back(
    by_logit, moving, substitution, cell_pair, cell_seller, cell_buyer, by_pair, by_both, by_moving
):
    """Add derivatives by log-odds up over what shares an input; return that by substitution."""
    by_substitution = 0.0
    for c in range(cell_pair.size):
        pair, s, b = cell_pair[c], cell_seller[c], cell_buyer[c]
        for d in range(DOMAINS):
            by_pair[pair, d] += by_logit[c, d]
            by_both[s, d] += by_logit[c, d]
        if b >= 0:
            for d in range(DOMAINS):
                by_moving[b, d] -= substitution * by_logit[c, d]
                by_substitution -= by_logit[c, d] * moving[b, d]
    return by_substitution


@summing
def _logs(values):
    """Return the sum of logs."""
    total = 0.0
    for i in range(values.size):
        total += log(values[i])
    return total


@exact
def _sizes(
    size, scaling, spread, order_sd, alike, seller, scale, start, domain, kind, share, value,
    by_size, by_scaling, by_spread,
):  # fmt: skip
    """Return the log density of sizes, its derivatives by log σ and by what orders share.

    Those by tables are added. V is a number of the domain times one of how many orders there are.
    """
    of_domain = np.exp(2.0 * spread) * (order_sd * order_sd / (alike + 1.0))
    of_kind, by_kind = alike + share, np.zeros(share.size)
    log_domain, log_kind = np.log(of_domain), np.log(of_kind)
    per_domain, per_kind = 1.0 / of_domain, 1.0 / of_kind
    total, by_sd, known = 0.0, 0.0, np.zeros(seller.size)
    away, precise = np.empty(value.size), np.empty(value.size)
    for i in range(seller.size):
        mean = 0.0
        for k in range(start[i], start[i + 1]):
            d, n = domain[k], kind[k]
            expected = size[seller[i], d] + scale[i] * scaling[d]
            away[k] = value[k] - expected + 0.5 * of_domain[d] * of_kind[n]
            precise[k] = per_domain[d] * per_kind[n]
            known[i] += precise[k]
            mean += away[k] * precise[k]
            total -= 0.5 * (log_domain[d] + log_kind[n])
        per_known = 1.0 / known[i]
        mean *= per_known
        for k in range(start[i], start[i + 1]):
            rest, d = away[k] - mean, domain[k]
            by = precise[k] * rest
            total -= 0.5 * by * rest
            by_size[seller[i], d] += by
            by_scaling[d] += scale[i] * by
            by_noise = 0.5 * (by * rest - rest - 1.0 + precise[k] * per_known)
            by_spread[d] += 2.0 * by_noise
            by_sd += 2.0 * by_noise
            by_kind[kind[k]] += by_noise
    by_alike = (by_kind * (per_kind - 1.0 / (alike + 1.0))).sum()
    return total - 0.5 * _logs(known), by_sd, by_alike


@summing
def _student(rest, least, by):
    """Return the sum of −(ν + 1) / 2 log(1 + t² / νσ²), and that by log σ but for −1 each."""
    total, by_sd, per_least = 0.0, 0.0, 1.0 / least
    for i in range(rest.size):
        squared = rest[i] * rest[i]
        total += log(1.0 + squared * per_least)
        by[i] = (UNIT_VALUE_DF + 1.0) * rest[i] / (least + squared)
        by_sd += by[i] * rest[i]
    return -0.5 * (UNIT_VALUE_DF + 1.0) * total, by_sd


@exact
def _worth(
    classes, unit_drift, standing, strength, moving, sd, of_class, place, of_standing, of_strength,
    value, by_classes, by_drift, by_standing, by_moving,
):  # fmt: skip
    """Return the log density of unit values, its derivatives by their slope and by log σ.

    Those by tables, which are flat here, are added.
    """
    rest, by = np.empty(value.size), np.empty(value.size)
    for i in range(value.size):
        rest[i] = value[i] - classes[of_class[i]] - unit_drift[place[i]] - standing[of_standing[i]]
        rest[i] -= strength * moving[of_strength[i]]
    total, by_sd = _student(rest, UNIT_VALUE_DF * sd * sd, by)
    by_strength = 0.0
    for i in range(value.size):
        by_strength += by[i] * moving[of_strength[i]]
        by_classes[of_class[i]] += by[i]
        by_drift[place[i]] += by[i]
        by_standing[of_standing[i]] += by[i]
        by_moving[of_strength[i]] += strength * by[i]
    return total + value.size * (OF_ITEM - math.log(sd)), by_strength, by_sd - value.size


@summing
def _mixes(mix, standing, known, out):
    """Fill in mean worth of what is exported of each class, less that on record."""
    for i in range(out.size):
        total = 0.0
        for k in range(standing.size):
            total += mix[i, k] * standing[k]
        out[i] = total - known[i]


@exact
def _mixes_back(by_mix, mix, by_standing):
    """Add derivatives by standings (supplier × domain)."""
    for i in range(by_mix.size):
        for k in range(by_standing.size):
            by_standing[k] += by_mix[i] * mix[i, k]


# All of it ---------------------------------------------------------------------------------------


@exact
def _pairs(level, demand, need, substitution, own, seller, buyer, centre):
    """Fill in what pairs would order on average without habits (pair, domain)."""
    for i in range(seller.size):
        s, r = seller[i], buyer[i]
        for d in range(DOMAINS):
            centre[i, d] = level[s, d] + demand[d] + need[r, d]
        if own[r] >= 0:
            for d in range(DOMAINS):
                centre[i, d] -= substitution * level[own[r], d]


@exact
def _pairs_back(by_centre, seller, buyer, by_level, by_demand, by_need, by_saved):
    """Add derivatives by what pairs would order; `by_saved` (recipient, domain)."""
    for i in range(seller.size):
        s, r = seller[i], buyer[i]
        for d in range(DOMAINS):
            by_level[s, d] += by_centre[i, d]
            by_demand[d] += by_centre[i, d]
            by_need[r, d] += by_centre[i, d]
            by_saved[r, d] -= by_centre[i, d]


@exact
def _saved(level, substitution, own, saved):
    """Fill in what strength at home saves recipients from buying (recipient, domain)."""
    for r in range(own.size):
        for d in range(DOMAINS):
            saved[r, d] = substitution * level[own[r], d] if own[r] >= 0 else 0.0


@exact
def _habits(rows, pair, table, out):
    """Fill in what a table (pair, domain) is in the contrasts of habits (habit)."""
    for i in range(pair.size):
        total = 0.0
        for d in range(DOMAINS):
            total += rows[i, d] * table[pair[i], d]
        out[i] = total


@exact
def _of_habits(habits, rows, pair, table):
    """Add habits, in contrasts, to a table (pair, domain)."""
    for i in range(pair.size):
        for d in range(DOMAINS):
            table[pair[i], d] += habits[i] * rows[i, d]


@exact
def density(
    vector, free, wants, habits, standings, classes,
    single, scale, centred, start, walk_at, size_at, of_supplier, of_sizes, of_recipient, basis,
    waves, standing_basis, own, seller, buyer, habit_pair, habit_rows, cell_pair, cell_seller,
    cell_buyer, seen, longer, before, times, size_seller, size_scale, size_start,
    size_domain, size_kind, size_share, size_value, class_mix, class_mean, item_class, item_place,
    item_standing, item_strength, item_value,
):  # fmt: skip
    """Return the log density of all that is sampled and seen, and derivatives by the first six.

    Parameters
    ----------
    vector
        All parameters (parameter).
    free, wants, habits, standings, classes
        Effects, as of `models.domains.VECTORS`.
    single, ..., item_value
        As of `Layer`.
    """
    x = np.concatenate((free, wants, habits, standings, classes))
    logs = np.log(np.abs(vector))
    substitution, strength, concentration = vector[single[0]], vector[single[1]], vector[single[2]]
    order_sd, alike, unit_sd = vector[single[3]], vector[single[4]], vector[single[5]]
    z, damp, moved, mean = np.empty(x.size), np.empty(x.size), np.empty(x.size), np.zeros(x.size)
    ends = np.cumsum(
        np.array([free.size, wants.size, habits.size, standings.size, classes.size])
    )
    a, b, c, e = slice(0, ends[0]), slice(ends[0], ends[1]), slice(ends[1], ends[2]), slice(
        ends[2], ends[3])
    f = slice(ends[3], ends[4])

    # What is expected, from parameters to log-odds and sizes.
    _standard(x[a], mean[a], centred[a], scale[a], logs, z[a], damp[a], moved[a])
    level, moving, rows, drift, size, unit_drift = _tables(
        moved[a], start, walk_at, size_at, of_supplier, of_sizes, basis, waves
    )
    unit_level = moved[start[9] : ends[0]]
    saved, need = np.empty((own.size, DOMAINS)), np.zeros((own.size, DOMAINS))
    turned = np.zeros((own.size - 1, DOMAINS))
    _saved(level, -substitution, own, saved)
    _rows(of_recipient, saved, turned)
    _to_contrasts(turned, basis, mean[b].reshape((own.size - 1, CONTRASTS)))
    _standard(x[b], mean[b], centred[b], scale[b], logs, z[b], damp[b], moved[b])
    turned[:] = 0.0
    _to_domains(moved[b].reshape((own.size - 1, CONTRASTS)), basis, turned)
    _rows(of_recipient.T, turned, need)

    standing = strength * level
    for s in range(unit_level.size):
        standing[s] += unit_level[s]
    _standings(standing_basis, standing, mean[e].reshape(standing.shape), False)
    _standard(x[e], mean[e], centred[e], scale[e], logs, z[e], damp[e], moved[e])
    _standings(standing_basis, moved[e].reshape(standing.shape), standing, True)

    by_pair = np.empty((seller.size, DOMAINS))
    _pairs(level, rows[0], need, substitution, own, seller, buyer, by_pair)
    _habits(habit_rows, habit_pair, by_pair, mean[c])
    _standard(x[c], mean[c], centred[c], scale[c], logs, z[c], damp[c], moved[c])
    _of_habits(moved[c], habit_rows, habit_pair, by_pair)
    _mixes(class_mix, standing.ravel(), class_mean, mean[f])
    _standard(x[f], mean[f], centred[f], scale[f], logs, z[f], damp[f], moved[f])

    # What is seen.
    both, suppliers = moving.copy(), level.shape[0]
    for i in range(both.shape[0]):
        for d in range(DOMAINS):
            both[i, d] += drift[i // suppliers, d]
    logit = np.empty((cell_pair.size, DOMAINS))
    _log_odds(by_pair, both, moving, substitution, cell_pair, cell_seller, cell_buyer, logit)
    total, by_concentration = _composed(logit, concentration, seen, longer, before, times)
    by_rows, by_size, by_unit_drift = (
        np.zeros(rows.shape), np.zeros(size.shape), np.zeros(unit_drift.shape),
    )  # fmt: skip
    of_sizes_, by_sd, by_alike = _sizes(
        size, rows[3], rows[2], order_sd, alike, size_seller, size_scale, size_start, size_domain,
        size_kind, size_share, size_value, by_size, by_rows[3], by_rows[2],
    )  # fmt: skip
    by_moved, by_mean, by_x = np.zeros(x.size), np.empty(x.size), np.empty(x.size)
    by_standing, by_moving = np.zeros(standing.shape), np.zeros(moving.shape)
    of_worth, by_strength, by_unit_sd = _worth(
        moved[f] - class_mean, unit_drift.ravel(), standing.ravel(), strength, moving.ravel(),
        unit_sd, item_class, item_place, item_standing, item_strength, item_value,
        by_moved[f], by_unit_drift.ravel(), by_standing.ravel(), by_moving.ravel(),
    )  # fmt: skip
    total += of_sizes_ + of_worth

    # And back.
    by_logs = np.zeros(vector.size)
    total += _back(by_moved[f], centred[f], scale[f], logs, z[f], damp[f], by_x[f], by_logs)
    by_mean[f] = -centred[f] * by_x[f]
    _mixes_back(by_mean[f], class_mix, by_standing.ravel())
    _standings(standing_basis, by_standing, by_moved[e].reshape(standing.shape), False)
    total += _back(by_moved[e], centred[e], scale[e], logs, z[e], damp[e], by_x[e], by_logs)
    by_mean[e] = -centred[e] * by_x[e]
    _standings(standing_basis, by_mean[e].reshape(standing.shape), by_standing, True)
    by_strength += (by_standing * level).sum()
    by_level = strength * by_standing
    by_unit_level = by_standing.sum(axis=1)

    of_pair, by_both = np.zeros(by_pair.shape), np.zeros(both.shape)
    by_substitution = _composed_back(
        logit, moving, substitution, cell_pair, cell_seller, cell_buyer, of_pair, by_both, by_moving
    )
    _habits(habit_rows, habit_pair, of_pair, by_moved[c])
    total += _back(by_moved[c], centred[c], scale[c], logs, z[c], damp[c], by_x[c], by_logs)
    by_mean[c] = -centred[c] * by_x[c]
    _of_habits(by_mean[c], habit_rows, habit_pair, of_pair)
    by_need, by_saved = np.zeros(need.shape), np.zeros(need.shape)
    _pairs_back(of_pair, seller, buyer, by_level, by_rows[0], by_need, by_saved)
    turned[:] = 0.0
    _rows(of_recipient, by_need, turned)
    _to_contrasts(turned, basis, by_moved[b].reshape((own.size - 1, CONTRASTS)))
    total += _back(by_moved[b], centred[b], scale[b], logs, z[b], damp[b], by_x[b], by_logs)
    by_mean[b] = centred[b] * by_x[b]
    turned[:] = 0.0
    _to_domains(by_mean[b].reshape((own.size - 1, CONTRASTS)), basis, turned)
    _rows(of_recipient.T, turned, by_saved)
    for r in range(own.size):
        if own[r] >= 0:
            by_level[own[r]] += substitution * by_saved[r]
            by_substitution += (by_saved[r] * level[own[r]]).sum()
    by_drift = np.zeros(drift.shape)
    for i in range(both.shape[0]):
        for d in range(DOMAINS):
            by_drift[i // suppliers, d] += by_both[i, d]
    by_moving += by_both
    _tables_back(
        by_level, by_moving, by_rows, by_drift, by_size, by_unit_drift, by_unit_level,
        start, walk_at, size_at, of_supplier, of_sizes, basis, waves, by_moved[a],
    )  # fmt: skip
    total += _back(by_moved[a], centred[a], scale[a], logs, z[a], damp[a], by_x[a], by_logs)

    by_vector = np.zeros(vector.size)
    for k in range(vector.size):
        if by_logs[k] != 0.0:
            by_vector[k] = by_logs[k] / vector[k]
    by_vector[single[0]] += by_substitution
    by_vector[single[1]] += by_strength
    by_vector[single[2]] += by_concentration
    by_vector[single[3]] += by_sd / order_sd
    by_vector[single[4]] += by_alike
    by_vector[single[5]] += by_unit_sd / unit_sd
    return np.asarray(total), by_vector, by_x[a], by_x[b], by_x[c], by_x[e], by_x[f]


class Domains(Density):
    """The layer's log density as a node: inputs as of `density`."""

    sampled = 6
    kernel = staticmethod(density)
