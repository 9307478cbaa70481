"""What was sampled of the domain layer as labelled tables, draw by draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from crossover.data import names
from crossover.models.domain_contrasts import CELL, PERIOD
from crossover.models.domain_equations import (
    free_effects,
    habit_effects,
    moved,
    prior_means,
    standing_effects,
    strength_of_pair,
)
from crossover.models.domains import VECTORS, constants


def effects(
    posterior: xr.Dataset, observed: xr.Dataset
) -> xr.Dataset:
    """Turn what was sampled into labelled tables, draw by draw.

    Parameters
    ----------
    posterior
        Draws of `parameters` and the vectors of `VECTORS` (chain, draw, ...).
    observed
        As from `prepare`.

    Returns
    -------
    xarray.Dataset
        `parameters`; `strength` (period, supplier, domain): relative strength by number of
        orders, log-odds; `need` (recipient, domain), `demand` (period, domain) and `habit` (pair,
        domain), log-odds, of pairs whose orders tell of any (`pairs`); `size` (supplier, domain):
        log of the mean TIV of orders, relative to the pair's others, in a period whose orders are
        of middling size; by `size_scaling` (domain) more where they are a log unit larger;
        `size_sd` (domain): spread of a single one, log; `unit_level` (supplier) and
        `unit_standing` (supplier, domain): log unit value relative to other suppliers of the same
        classes; `unit_drift` (period, domain) and `class_level` (traded_class, about the mean of
        classes), log unit value. All (chain, draw, ...).
    """
    parameter = [str(name) for name in posterior["parameter"].values]
    fixed = constants(observed, parameter)
    lead = (names.CHAIN, names.DRAW)
    shape = tuple(posterior.sizes[d] for d in lead)
    arrays = {
        name: posterior[name].transpose(*lead, ...).values.reshape(np.prod(shape), -1)
        for name in ("parameters", *VECTORS)
    }
    out: dict[str, list[np.ndarray]] = {}
    with_habits = np.unique(fixed["habit_pair"])
    for draw in range(int(np.prod(shape))):
        one = {name: values[draw].astype(float) for name, values in arrays.items()}
        for name, values in _tables(one, fixed, parameter, with_habits).items():
            out.setdefault(name, []).append(values.astype(np.float32))
    dims = {
        "strength": (PERIOD, names.SUPPLIER, names.DOMAIN),
        "need": (names.RECIPIENT, names.DOMAIN),
        "demand": (PERIOD, names.DOMAIN),
        "habit": ("pair", names.DOMAIN),
        "size": (names.SUPPLIER, names.DOMAIN),
        "size_sd": (names.DOMAIN,),
        "size_scaling": (names.DOMAIN,),
        "unit_level": (names.SUPPLIER,),
        "unit_standing": (names.SUPPLIER, names.DOMAIN),
        "unit_drift": (PERIOD, names.DOMAIN),
        "class_level": ("traded_class",),
    }
    codes = [observed[d].values for d in (names.SUPPLIER, names.RECIPIENT)]
    label = [f"{codes[0][s]}-{codes[1][r]}" for s, r in zip(*pairs(observed), strict=True)]
    coords_ = {d: observed[d].values for d in CELL} | {"pair": label}
    return xr.Dataset(
        {
            name: ((*lead, *dims[name]), np.stack(values).reshape(*shape, *values[0].shape))
            for name, values in out.items()
        }
        | {"parameters": posterior["parameters"].astype(np.float32)},
        coords={d: posterior[d].values for d in lead} | coords_ | {"parameter": parameter},
    )


def _tables(
    one: Mapping[str, np.ndarray], fixed: Mapping[str, Any], parameter: list[str],
    with_habits: np.ndarray,
) -> dict[str, np.ndarray]:
    """Turn one draw into tables; see `effects`."""
    vector = one["parameters"]
    top = dict(zip(parameter, vector, strict=True))
    known = free_effects(one["free"], fixed, vector, np)
    means = prior_means(known, fixed, top, np)
    known["wants"] = moved(one["wants"], means["wants"], "wants", fixed, vector)
    standing = moved(one["standings"], means["standings"], "standings", fixed, vector)
    standing = standing_effects(standing, fixed)
    centre = strength_of_pair(known, means["saved"], fixed, np)
    mean = (fixed["habit_rows"] * centre[fixed["habit_pair"]]).sum(axis=1)
    habits = moved(one["habits"], mean, "habits", fixed, vector) - mean
    beyond = (known["wants"] - means["wants"]).reshape(-1, len(fixed["of_domain"]))
    return {
        "strength": known["level"][None] + known["moving"],
        "need": fixed["of_recipient"].T @ beyond @ fixed["of_domain"],
        "demand": known["demand"][None] + known["drift"],
        "habit": habit_effects(habits, fixed, np)[with_habits],
        "size": known["size"],
        "size_sd": top["order_sd"] * np.exp(known["spread"]),
        "size_scaling": known["scaling"],
        "unit_level": known["unit_level"],
        "unit_standing": standing.reshape(-1, fixed["shape"]["domains"]),
        "unit_drift": known["unit_drift"],
        "class_level": one["classes"] - fixed["class_mix"] @ standing + fixed["class_mean"],
    }


def pairs(observed: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Positions on supplier and recipient of the pairs with habits, in the order of `habit`."""
    return np.nonzero(observed["own_habit"].transpose(*CELL[:2]).values)
