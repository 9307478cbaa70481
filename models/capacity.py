"""Latent capacity: what R&D and military spending build, and what drifts beyond them.

Capacity is the log-odds of being chosen as a source of arms by a recipient without political or
geographic reason to choose otherwise. Levels and changes of effort have effects of their own
(Mundlak), so that rich countries being good suppliers is not taken for R&D making them so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import scipy.linalg
import xarray as xr

from data import names

EFFORTS = ("rd", "mil")


def by_effort(inputs: xr.Dataset, top: Mapping[str, Any]) -> tuple[Any, Any]:
    """Add the effects of R&D and military spending to the current model.

    Returns
    -------
    tuple
        What the mean stocks explain (country), and what their changes explain (country, year),
        both in log-odds.
    """
    level: Any = 0.0
    change: Any = 0.0
    scores = pm.Normal("rd_score", 0.0, 1.0, dims=("component", names.COUNTRY))
    loading = inputs["rd_loading"].transpose("component", names.COUNTRY, names.YEAR).values
    for label in EFFORTS:
        own = pm.Normal(f"{label}_within_z", 0.0, 1.0, dims=names.COUNTRY)
        effect = top[f"{label}_within"] + top[f"{label}_within_sd"] * own
        moved: Any = inputs[f"{label}_change"].transpose(names.COUNTRY, names.YEAR).values
        if label == "rd":
            moved = moved + sum(scores[c][:, None] * part for c, part in enumerate(loading))
        change = change + effect[:, None] * moved
        level = level + top[f"{label}_between"] * inputs[f"{label}_level"].values
    return level, change


def walk(inputs: xr.Dataset, top: Mapping[str, Any]) -> Any:
    """Add each supplier's random walk of capacity (supplier, year), log-odds.

    The walks sum to zero over suppliers in every step and each is centred over the window: what
    all suppliers gain together is demand, and a mean over time is a level.
    """
    steps = pm.ZeroSumNormal(
        "walk_step", sigma=1.0, n_zerosum_axes=1, dims=(names.YEAR, names.SUPPLIER)
    )
    path = pt.cumsum(top["walk_sd"] * steps, axis=0).T
    return path - path.mean(axis=1, keepdims=True)


def supplier_appeal(
    inputs: xr.Dataset, top: Mapping[str, Any], level: Any, explained: Any
) -> tuple[Any, Any]:
    """Add each supplier's mean appeal and, from it, its mean capacity (supplier), log-odds.

    Appeal is capacity plus what politics and geography explain of a supplier's sales everywhere.
    It is what deliveries show, so it is what is sampled, in orthonormal contrasts with the common
    mean apart; capacity is Normal around what effort explains. The rest of the world has no
    effort of its own on record: it is taken for a supplier of average effort.

    Parameters
    ----------
    inputs, top
        The data, and the top-level parameters by name.
    level
        What mean effort explains (country).
    explained
        What politics and geography explain on average (supplier).

    Returns
    -------
    tuple
        Appeal and capacity (supplier).
    """
    index, known = country_index(inputs, names.SUPPLIER)
    basis = scipy.linalg.helmert(len(index), full=True)
    centre = level[index] * known
    rotated = pm.Normal(
        "appeal_contrast", pt.dot(basis, centre + explained), top["capacity_sd"], dims="contrast"
    )
    appeal = pt.dot(basis.T, rotated)
    capacity = pm.Deterministic("supplier_level", appeal - explained, dims=names.SUPPLIER)
    return appeal, capacity


def country_index(inputs: xr.Dataset, dim: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions on `country` of the entries of `dim`, and 1.0 where they are there, else 0.0."""
    countries = list(inputs[names.COUNTRY].values)
    found = [countries.index(c) if c in countries else -1 for c in inputs[dim].values]
    known = np.array([float(position >= 0) for position in found])
    return np.maximum(found, 0), known
