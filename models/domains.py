"""Capacity by technology domain: what a state's exports and imports are made of.

Given how many orders a pair places in all, which domains they fall in is multinomial: the
supplier's relative strength in a domain, against what the recipient's own strength saves it from
buying, its other needs, the pair's own habits and world demand. A country's capacity drops out of
that, so totals and composition are two likelihoods of separate parameters and no order counts
twice. How much a single unit of each class of new weapons is worth is a second measurement of
the same strengths, with an error and a slope of its own: where the slope is near zero, the two
do not agree. What orders say nothing of is not sampled: see `TELLING`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from crossover.models import contrasts
from crossover.models.domain_contrasts import (
    ALIKE,
    CELL,
    TYPICAL,
    country_contrasts,
    habit_contrasts,
    how_centred,
    rows_by_pair,
    standing_contrasts,
    subject_of,
    told_of_walks,
    told_places,
    traded_cells,
    traded_pairs,
    waves_of,
)
from crossover.models.domain_density import Domains, arranged
from crossover.models.inputs import exporters
from crossover.models.priors import FOLDER, Priors, order, parameters

PRIORS_FILE = FOLDER / "domains.toml"


# The model -------------------------------------------------------------------------------------


def domains(observed: xr.Dataset, priors: Priors) -> pm.Model:
    """Build the domain layer as a model of its own.

    Orders by domain given their number do not depend on capacity, so this posterior and that
    of `models.market` are two factors of one, but for what unit values say of a supplier
    altogether; that is compared with capacity after the fit and does not feed back (a cut).

    Parameters
    ----------
    observed
        As from `prepare`.
    priors
        As from `models.priors.load` with the defaults of `PRIORS_FILE`.

    Returns
    -------
    pymc.Model
        With `parameters` (parameter) and the vectors of `VECTORS`, which `effects` turns into
        labelled tables.
    """
    parameter = order(priors)
    fixed = constants(observed, parameter)
    with pm.Model(coords=coords(fixed) | {"parameter": parameter}) as model:
        parameters(priors)
        # Their prior is part of the density, which rests on the same numbers.
        vectors = [pm.Flat(name, dims=f"{name}_at") for name in VECTORS]
        density, *_ = Domains()(model["parameters"], *vectors, *arranged(fixed, parameter))
        pm.Potential("layer", density)
    return model


def coords(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the coordinates that the layer's vectors need."""
    return {f"{name}_at": np.arange(fixed[f"{name}_scale"].size) for name in VECTORS}


VECTORS = ("free", "wants", "habits", "standings", "classes")
"""What is sampled besides parameters: effects about zero; what recipients want; what pairs order
on average; how each supplier's units compare in a domain; what the mean unit exported of a class
is worth, less its mean on record, which items tell whatever their suppliers' standings are. The
last four vary about means."""


def constants(observed: xr.Dataset, parameter: list[str]) -> dict[str, Any]:
    """Return what the model computes with: bases of contrasts, positions and counts.

    Every vector over domains enters a softmax, so only differences between domains mean
    anything: all are sampled in orthonormal contrasts, each about the domain (or country) of
    which less is known; as they are where data speak, standardised where only the prior does.

    Parameters
    ----------
    observed
        As from `prepare`.
    parameter
        Names of the parameters, in the order of their vector.
    """
    orders, volume = (observed[n].transpose(*CELL).values for n in ("orders", "volume"))
    suppliers, recipients, periods, count = orders.shape
    of_domain = contrasts.orthonormal(orders.sum(axis=(0, 1, 2)))
    last_domain = subject_of(orders.sum(axis=(0, 1, 2)))
    present = (orders > 0).sum(axis=2)
    told = orders / (1.0 + orders.sum(axis=3, keepdims=True) / ALIKE)
    waves = waves_of(periods)

    of_supplier, strength_centred, at = country_contrasts(present.sum(axis=1), 3.0, last_domain)
    strength_told = told_of_walks(told.sum(axis=1), at, waves)
    of_recipient, wants_centred, _ = country_contrasts(present.sum(axis=0), 12.0, last_domain)
    size_seller, size_orders, size_values, size_scale = _mean_sizes(orders, volume)
    known = np.zeros((suppliers, count))
    np.add.at(known, size_seller, (size_orders > 0).astype(float))
    of_sizes, _, about = country_contrasts(known, 1.0, last_domain)
    size_told = TYPICAL["supplier_size_sd"] ** 2 * known[about]

    shapes = {
        "strength": (strength_centred, "strength_sd"),
        "strength_walk": (how_centred(strength_told, "strength_walk_sd"), "strength_walk_sd"),
        "demand": (np.ones(count - 1), "demand_level_sd"),
        "demand_walk": (np.ones((periods - 1, count - 1)), "demand_walk_sd"),
        "common_size": (np.ones(count - 1), "size_level_sd"),
        "own_size": (how_centred(size_told, "supplier_size_sd"), "supplier_size_sd"),
        "spread": (np.ones(count - 1), "spread_sd"),
        "scaling": (np.ones(count - 1), "scaling_sd"),
        "unit_walk": (np.zeros((periods - 1, count)), "unit_walk_sd"),
        "unit_level": (np.ones(suppliers), "unit_level_sd"),
    }
    return {
        "free_shape": {name: part.shape for name, (part, _) in shapes.items()},
        "free_scale": np.concatenate(
            [np.full(part.size, parameter.index(sd)) for part, sd in shapes.values()]
        ),
        "free_centred": np.concatenate([part.ravel() for part, _ in shapes.values()]),
        "strength_walk_at": told_places(strength_told, "strength_walk_sd"),
        "own_size_at": told_places(size_told, "supplier_size_sd"),
        "wants_scale": np.full(wants_centred.size, parameter.index("need_sd")),
        "wants_centred": wants_centred.ravel(),
        "of_domain": of_domain,
        "of_supplier": of_supplier,
        "of_sizes": of_sizes,
        "of_recipient": of_recipient,
        "strength_basis": np.kron(of_supplier, of_domain),
        "size_basis": np.kron(of_sizes, of_domain),
        "waves": waves,
        "shape": {"suppliers": suppliers, "recipients": recipients, "domains": count},
        "size_seller": size_seller,
        "size_orders": size_orders,
        "size_scale": size_scale[:, None] - observed.attrs["order_size"],
        "size_values": size_values,
        **_of_exporters(observed, suppliers, recipients),
        **_of_pairs(orders, parameter),
        **_of_unit_values(observed, suppliers, count, parameter),
    }


def _of_exporters(observed: xr.Dataset, suppliers: int, recipients: int) -> dict[str, Any]:
    """Return the part of `constants` that says which recipients export."""
    has_own, own = exporters(observed)
    basis = np.zeros((recipients, suppliers))
    basis[np.arange(recipients), own] = has_own
    return {"own_basis": basis, "own": own, "has_own": has_own[:, None]}


def _of_pairs(orders: np.ndarray, parameter: list[str]) -> dict[str, Any]:
    """Return the part of `constants` that pairs with orders need."""
    suppliers, recipients = orders.shape[:2]
    seller, buyer = traded_pairs(orders)
    habit_pair, habit_rows, habit_told = habit_contrasts(orders, seller, buyer)
    pair_of, when, cells = traded_cells(orders, seller, buyer)
    return {
        "habits_scale": np.full(len(habit_told), parameter.index("habit_sd")),
        "habits_centred": habit_told / (habit_told + 1.0),
        "seller": seller,
        "buyer": buyer,
        "habit_pair": habit_pair,
        "habit_rows": habit_rows,
        "habit_at": rows_by_pair(habit_pair, len(seller)),
        "cells": cells,
        "cell_pair": pair_of,
        "cell_seller": when * suppliers + seller[pair_of],
        "cell_buyer": when * recipients + buyer[pair_of],
    }


def _of_unit_values(
    observed: xr.Dataset, suppliers: int, count: int, parameter: list[str]
) -> dict[str, Any]:
    """Return the part of `constants` that unit values need; `count` of domains."""
    items = {n: observed[f"item_{n}"].values for n in ("supplier", "domain", "period", "class")}
    classes, weapon = np.unique(items["class"], return_inverse=True)
    raw = observed["unit_value"].values
    class_mean = np.bincount(weapon, raw, len(classes)) / np.maximum(np.bincount(weapon), 1)
    middle = class_mean.mean() if len(classes) else 0.0
    exported = np.zeros((len(classes), suppliers * count))
    np.add.at(exported, (weapon, items["supplier"] * count + items["domain"]), 1.0)
    seen = np.zeros((suppliers, count))
    np.add.at(seen, (items["supplier"], items["domain"]), 1.0)
    standing_basis, standing_told = standing_contrasts(seen)
    return {
        "standings_scale": np.full(seen.size, parameter.index("unit_own_sd")),
        "standings_centred": (standing_told / (standing_told + 2.0)).ravel(),
        "standing_basis": standing_basis,
        "unit_values": raw - class_mean[weapon],
        "class_mean": class_mean - middle,
        "class_mix": exported / exported.sum(axis=1, keepdims=True),
        "classes_scale": np.full(len(classes), parameter.index("class_sd")),
        "classes_centred": np.ones(len(classes)),
        "item_class": weapon,
        "item_place": items["period"] * count + items["domain"],
        "item_standing": items["supplier"] * count + items["domain"],
        "item_strength": (items["period"] * suppliers + items["supplier"]) * count
        + items["domain"],
    }


# Counts -----------------------------------------------------------------------------------------


def _mean_sizes(
    orders: np.ndarray, volume: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Supplier of each pair's period, orders and log mean TIV by domain, and log mean TIV of all.

    Of periods with sizes in two domains or more; 0 orders where there is no size.
    """
    some = np.where(volume > 0, orders, 0.0)
    at = (some > 0).sum(axis=3) > 1
    known = some[at] > 0
    mean = np.where(known, volume[at], 1.0) / np.where(known, some[at], 1.0)
    whole = np.log(volume[at].sum(axis=1) / orders[at].sum(axis=1))
    return np.nonzero(at)[0], some[at], np.log(mean), whole
