"""Contrasts of the domain layer: what orders tell of each, and how it is sampled for that."""

from __future__ import annotations

import numpy as np

from crossover.data import names
from crossover.models import contrasts

PERIOD = "period"
PERIOD_YEARS = 4
"""Years that share one composition: strengths move slowly and single years hold few orders."""
CELL = (names.SUPPLIER, names.RECIPIENT, PERIOD, names.DOMAIN)

TYPICAL = {"strength_walk_sd": 0.22, "habit_sd": 0.9, "supplier_size_sd": 0.35}
"""Usual spreads of effects, in units of what one observation tells."""

TELLING = {"strength_walk_sd": 0.25, "habit_sd": 2.0, "supplier_size_sd": 0.25}
"""An effect is sampled where data tell at least this many times as much of it as its usual spread
does. Elsewhere it is left at zero; futures draw habits of pairs without any from the prior."""

ALIKE = 50.0
"""Orders of a pair's period of which infinitely many tell as much as so many independent ones."""


def country_contrasts(
    known: np.ndarray, half: float, last_domain: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Return a basis of contrasts of countries, how centred each is sampled, and its subject."""
    by_country = known.sum(axis=1)
    at = np.ix_(subject_of(by_country), last_domain)
    return contrasts.orthonormal(by_country), known[at] / (known[at] + half), at


def told_of_walks(told: np.ndarray, at: tuple, waves: np.ndarray) -> np.ndarray:
    """Say how much orders (country, period, domain) tell of each element of the walks of strength.

    Relative to its usual spread, (wave, contrast).
    """
    each = np.einsum("pw,cpd->wcd", waves**2, told)
    return TYPICAL["strength_walk_sd"] ** 2 * np.stack([part[at].ravel() for part in each])


def subject_of(weight: np.ndarray) -> np.ndarray:
    """Position that each contrast of `contrasts.orthonormal` is about."""
    return np.argsort(-weight, kind="stable")[1:]


def waves_of(periods: int) -> np.ndarray:
    """Return a random walk's moves about its mean, slowest first (period, wave).

    A sum of them with independent standard normal weights is a walk of unit steps, centred over
    the periods (its principal components): the slow ones are what data can tell of.
    """
    cumulated = np.tril(np.ones((periods, periods)))
    left, size, _ = np.linalg.svd(cumulated - cumulated.mean(axis=0))
    return (left * size)[:, : periods - 1]


def how_centred(told: np.ndarray, name: str) -> np.ndarray:
    """How centred the sampling is of those elements that data tell of."""
    kept = told[told > TELLING[name]]
    return kept / (kept + 1.0)


def told_places(told: np.ndarray, name: str) -> np.ndarray:
    """Where each element is among those sampled, in the order of `how_centred`.

    After the last where it is not.
    """
    kept = told > TELLING[name]
    return np.where(kept, np.cumsum(kept).reshape(kept.shape) - 1, kept.sum())


def habit_contrasts(
    orders: np.ndarray, seller: np.ndarray, buyer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the habits that orders tell of: pair, contrast of domains, and how much they tell.

    Domains that a pair has ordered much of, or would have by what its two sides order elsewhere,
    have habits of their own; all others of the pair have one in common.
    """
    mine = orders[seller, buyer]
    total = mine.sum(axis=(1, 2))
    spells = (mine.sum(axis=2) > 0).sum(axis=1)
    world = orders.sum(axis=(0, 1, 2)) / max(orders.sum(), 1.0)

    def mix(of_one: np.ndarray) -> np.ndarray:
        seen = of_one + 3.0 * world
        return seen / seen.sum(axis=1, keepdims=True)

    usual = mix(orders.sum(axis=(1, 2)))[seller] * mix(orders.sum(axis=(0, 2)))[buyer]
    usual = usual / np.maximum(world, 1e-9)
    usual = usual / usual.sum(axis=1, keepdims=True) * total[:, None]
    told = np.maximum(mine.sum(axis=1), usual) / (1.0 + total / spells / ALIKE)[:, None]
    told = told * TYPICAL["habit_sd"] ** 2
    pair, rows, known = [], [], []
    for k, each in enumerate(told):
        own = np.flatnonzero(each > TELLING["habit_sd"])
        rest = np.setdiff1d(np.arange(len(each)), own)
        if len(own) > 1:
            found = np.zeros((len(own) - 1, len(each)))
            found[:, own] = contrasts.orthonormal(each[own])
            rows += list(found)
            known += list(each[own][subject_of(each[own])])
            pair += [k] * len(found)
        if len(own) and len(rest):
            row = np.zeros(len(each))
            row[own], row[rest] = 1.0 / len(own), -1.0 / len(rest)
            rows.append(row / np.sqrt((row**2).sum()))
            known.append(each[rest].sum())
            pair.append(k)
    shape = (len(rows), orders.shape[3])
    return np.array(pair, dtype=int), np.reshape(rows, shape), np.array(known, dtype=float)


def rows_by_pair(pair: np.ndarray, pairs_: int) -> np.ndarray:
    """Positions of each pair's habits (pair, most of any), after the last where there are none."""
    most = np.bincount(pair, minlength=1).max()
    out = np.full((pairs_, most), len(pair))
    start = np.searchsorted(pair, pair)
    out[pair, np.arange(len(pair)) - start] = np.arange(len(pair))
    return out


def standing_contrasts(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bases of suppliers' standings in each domain, and how many items tell of each element.

    Items of a class tell how its suppliers differ, and nothing of what they have in common: of
    the suppliers seen in a domain the first element is that, the others are contrasts.

    Parameters
    ----------
    seen
        Items (supplier, domain).

    Returns
    -------
    tuple of numpy.ndarray
        Orthonormal (domain, element, supplier), and (element, domain).
    """
    suppliers, count = seen.shape
    basis, told = np.tile(np.eye(suppliers), (count, 1, 1)), np.zeros((suppliers, count))
    for domain in range(count):
        at = np.flatnonzero(seen[:, domain])
        if not len(at):
            continue
        items = seen[at, domain]
        common = np.full((1, len(at)), len(at) ** -0.5)
        basis[domain][np.ix_(at, at)] = np.concatenate([common, contrasts.orthonormal(items)])
        told[at[1:], domain] = items[subject_of(items)]
    return basis, told


def traded_pairs(orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions on supplier and recipient of the pairs that ever traded."""
    return np.nonzero(orders.sum(axis=(2, 3)) > 0)


def traded_cells(
    orders: np.ndarray, seller: np.ndarray, buyer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair, period and orders by domain of every pair and period that traded."""
    mine = orders[seller, buyer]
    pair_of, when = np.nonzero(mine.sum(axis=2) > 0)
    return pair_of, when, mine[pair_of, when].astype(int)
