"""A benchmark for events: the odds by how far the pair is from the threshold.

One logistic regression an event and horizon, learned from every pair that was at risk at an earlier
origin whose horizon had passed. It knows the pair's own deliveries of the last three years and
nothing of why they are what they are.
"""

from __future__ import annotations

import itertools

import numpy as np
import xarray as xr

from crossover.data.names import (
    EXPORT_CROSSOVER,
    FIRST_PASSAGE,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    RECIPIENT,
    SUPPLIER,
    YEAR,
)
from crossover.forecast import origins, skill

EXPORTS_ADDED, PAIR_ADDED = 5.0, 0.5
"""TIV million added before logs are taken, so that zero has one: of totals and of a pair."""


def forecast(
    asked: xr.Dataset, tiv: xr.DataArray, origin: int, horizons: np.ndarray
) -> np.ndarray:
    """Return the probability of each event by each horizon (question, horizon).

    Parameters
    ----------
    asked
        As from `origins.questions` at the origin.
    tiv
        Deliveries known (supplier, recipient, year), to the origin.
    origin, horizons
        Last data year, and years after it.
    """
    past = list(origins.earlier(tiv, origin, horizons))
    out = np.empty((len(asked["event"]), len(horizons)))
    kinds = np.unique(skill.kinds(asked))
    for event, kind in itertools.product((EXPORT_CROSSOVER, INDEPENDENCE), kinds):
        own = _of(asked, event, kind)
        if not own.any():
            continue
        here = distance(asked.isel(question=own), tiv)
        cases = []
        for one in past:
            at = _of(one.asked, event, kind)
            cases.append((distance(one.asked.isel(question=at), one.known), one.happened[at]))
        for column in range(len(horizons)):
            seen = [(x, y[:, column]) for x, y in cases if y.shape[1] > column]
            x, y = (np.concatenate(side) for side in zip(*seen, strict=True))
            out[own, column] = _fit(x, y).predict_proba(here)[:, 1]
    passage = skill.kinds(asked) == FIRST_PASSAGE
    out[passage] = np.maximum.accumulate(out[passage], axis=1)
    return out


def _of(asked: xr.Dataset, event: str, kind: str) -> np.ndarray:
    """Say which questions are of an event and a kind."""
    return (asked["event"].values == event) & (skill.kinds(asked) == kind)


def _fit(x: np.ndarray, y: np.ndarray):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(x, y)


def distance(asked: xr.Dataset, tiv: xr.DataArray) -> np.ndarray:
    """Say how far from happening events of one kind are (question, column), in logs and bent.

    Of exports the ratio of the two suppliers' totals, over three years and in the last, the
    rival's size, and how much more the rival's grew; of independence the pair's deliveries over
    the threshold, over three years and in each, its base, and whether the last one and two years
    had none. Squares and hyperbolic tangents of all let odds level off.
    """
    whole = tiv.transpose(SUPPLIER, RECIPIENT, YEAR).values[..., -MEAN_YEARS:]
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    seller = [sellers.index(s) for s in asked[SUPPLIER].values]
    if str(asked["event"].values[0]) == EXPORT_CROSSOVER:
        rival = [sellers.index(r) for r in asked[RECIPIENT].values]
        exports = whole.sum(axis=1)
        means, years = np.log(exports.mean(1) + EXPORTS_ADDED), np.log(exports + EXPORTS_ADDED)
        grown = years[:, -1] - years[:, 0]
        found = [
            means[seller] - means[rival],
            years[seller, -1] - years[rival, -1],
            means[rival],
            grown[rival] - grown[seller],
        ]
    else:
        recent = whole[seller, [buyers.index(r) for r in asked[RECIPIENT].values]]
        base = asked["base"].values
        line = np.log(INDEPENDENCE_SHARE * base + PAIR_ADDED)
        found = [np.log(recent.mean(1) + PAIR_ADDED) - line]
        found += list((np.log(recent + PAIR_ADDED) - line[:, None]).T)
        found += [np.log1p(base), recent[:, -1] == 0, (recent[:, -2:] == 0).all(axis=1)]
    plain = np.stack(found, axis=1).astype(float)
    return np.concatenate([plain, plain**2 / 4.0, np.tanh(plain)], axis=1)
