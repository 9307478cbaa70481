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

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from crossover.models import domain_effects as effects
from crossover.models import domain_likelihood as likelihood
from crossover.models import domain_sums as sums
from crossover.models.compiled import Density, places
from crossover.models.domain_sums import CONTRASTS, DOMAINS
from crossover.models.rising import counted
from crossover.models.vector_math import exact

SINGLE = ("substitution", "unit_strength", "concentration", "order_sd", "orders_alike", "unit_sd")
"""Parameters that are no spreads of effects, in the order of `Layer.single`."""

PLACES = (
    "scale", "seller", "buyer", "habit_pair", "cell_pair", "cell_seller", "seen", "size_seller",
    "size_domain", "size_kind", "item_class", "item_place", "item_standing", "item_strength",
)  # fmt: skip
"""Fields of `Layer` that only say where, none of them from the end."""


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
    return Layer(**{
        name: places(of) if name in PLACES else np.ascontiguousarray(of)
        for name, of in found._asdict().items()
    })  # fmt: skip


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
    logs = np.log(np.abs(vector))
    substitution, strength, concentration = vector[single[0]], vector[single[1]], vector[single[2]]
    order_sd, alike, unit_sd = vector[single[3]], vector[single[4]], vector[single[5]]
    first = free.size
    a, b = effects.kind(free, centred, scale, 0), effects.kind(wants, centred, scale, first)
    first += wants.size
    c = effects.kind(habits, centred, scale, first)
    first += habits.size
    e = effects.kind(standings, centred, scale, first)
    f = effects.kind(classes, centred, scale, first + standings.size)

    # What is expected, from parameters to log-odds and sizes.
    effects.standard(a, logs)
    level, moving, rows, drift, size, unit_drift = effects.tables(
        a.moved, start, walk_at, size_at, of_supplier, of_sizes, basis, waves
    )
    unit_level = a.moved[start[9] :]
    saved, need = np.empty((own.size, DOMAINS)), np.zeros((own.size, DOMAINS))
    turned = np.zeros((own.size - 1, DOMAINS))
    effects.saved(level, -substitution, own, saved)
    sums.rows(of_recipient, saved, turned)
    sums.to_contrasts(turned, basis, b.mean.reshape((own.size - 1, CONTRASTS)))
    effects.standard(b, logs)
    turned[:] = 0.0
    sums.to_domains(b.moved.reshape((own.size - 1, CONTRASTS)), basis, turned)
    sums.rows(of_recipient.T, turned, need)

    standing = strength * level
    for s in range(unit_level.size):
        standing[s] += unit_level[s]
    sums.standings(standing_basis, standing, e.mean.reshape(standing.shape), False)
    effects.standard(e, logs)
    sums.standings(standing_basis, e.moved.reshape(standing.shape), standing, True)

    by_pair = np.empty((seller.size, DOMAINS))
    effects.pairs(level, rows[0], need, substitution, own, seller, buyer, by_pair)
    effects.habits(habit_rows, habit_pair, by_pair, c.mean)
    effects.standard(c, logs)
    effects.of_habits(c.moved, habit_rows, habit_pair, by_pair)
    effects.mixes(class_mix, standing.ravel(), class_mean, f.mean)
    effects.standard(f, logs)

    # What is seen.
    both, suppliers = moving.copy(), level.shape[0]
    for i in range(both.shape[0]):
        for d in range(DOMAINS):
            both[i, d] += drift[i // suppliers, d]
    logit = np.empty((cell_pair.size, DOMAINS))
    likelihood.log_odds(
        by_pair, both, moving, substitution, cell_pair, cell_seller, cell_buyer, logit
    )
    total, by_concentration = likelihood.composed(logit, concentration, seen, longer, before, times)
    by_rows, by_size, by_unit_drift = (
        np.zeros(rows.shape), np.zeros(size.shape), np.zeros(unit_drift.shape),
    )  # fmt: skip
    of_sizes_, by_sd, by_alike = likelihood.sizes(
        size, rows[3], rows[2], order_sd, alike, size_seller, size_scale, size_start, size_domain,
        size_kind, size_share, size_value, by_size, by_rows[3], by_rows[2],
    )  # fmt: skip
    by_standing, by_moving = np.zeros(standing.shape), np.zeros(moving.shape)
    of_worth, by_strength, by_unit_sd = likelihood.worth(
        f.moved - class_mean, unit_drift.ravel(), standing.ravel(), strength, moving.ravel(),
        unit_sd, item_class, item_place, item_standing, item_strength, item_value,
        f.by_moved, by_unit_drift.ravel(), by_standing.ravel(), by_moving.ravel(),
    )  # fmt: skip
    total += of_sizes_ + of_worth

    # And back.
    by_logs = np.zeros(vector.size)
    total += effects.back(f, logs, by_logs)
    effects.mixes_back(f.by_mean, class_mix, by_standing.ravel())
    sums.standings(standing_basis, by_standing, e.by_moved.reshape(standing.shape), False)
    total += effects.back(e, logs, by_logs)
    sums.standings(standing_basis, e.by_mean.reshape(standing.shape), by_standing, True)
    by_level, by_unit_level = strength * by_standing, np.zeros(suppliers)
    for s in range(suppliers):
        for d in range(DOMAINS):
            by_strength += by_standing[s, d] * level[s, d]
            by_unit_level[s] += by_standing[s, d]

    of_pair, by_both = np.zeros(by_pair.shape), np.zeros(both.shape)
    by_substitution = likelihood.composed_back(
        logit, moving, substitution, cell_pair, cell_seller, cell_buyer, of_pair, by_both, by_moving
    )
    effects.habits(habit_rows, habit_pair, of_pair, c.by_moved)
    total += effects.back(c, logs, by_logs)
    effects.of_habits(c.by_mean, habit_rows, habit_pair, of_pair)
    by_need, by_saved = np.zeros(need.shape), np.zeros(need.shape)
    effects.pairs_back(of_pair, seller, buyer, by_level, by_rows[0], by_need, by_saved)
    turned[:] = 0.0
    sums.rows(of_recipient, by_need, turned)
    sums.to_contrasts(turned, basis, b.by_moved.reshape((own.size - 1, CONTRASTS)))
    total += effects.back(b, logs, by_logs)
    turned[:] = 0.0
    sums.to_domains(b.by_mean.reshape((own.size - 1, CONTRASTS)), basis, turned)
    sums.rows(of_recipient.T, -turned, by_saved)
    for r in range(own.size):
        if own[r] >= 0:
            for d in range(DOMAINS):
                by_level[own[r], d] += substitution * by_saved[r, d]
                by_substitution += by_saved[r, d] * level[own[r], d]
    by_drift = np.zeros(drift.shape)
    for i in range(both.shape[0]):
        for d in range(DOMAINS):
            by_drift[i // suppliers, d] += by_both[i, d]
    by_moving += by_both
    effects.tables_back(
        by_level, by_moving, by_rows, by_drift, by_size, by_unit_drift, by_unit_level,
        start, walk_at, size_at, of_supplier, of_sizes, basis, waves, a.by_moved,
    )  # fmt: skip
    total += effects.back(a, logs, by_logs)

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
    return np.asarray(total), by_vector, a.by_x, b.by_x, c.by_x, e.by_x, f.by_x


class Domains(Density):
    """The layer's log density as a node: inputs as of `density`."""

    sampled = 6
    kernel = staticmethod(density)
