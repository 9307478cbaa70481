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

from crossover.data import names
from crossover.data.listings import LISTING
from crossover.models import contrasts
from crossover.models.domain_density import Domains, arranged
from crossover.models.inputs import exporters
from crossover.models.priors import FOLDER, Priors, order, parameters

PRIORS_FILE = FOLDER / "domains.toml"
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


# What is observed ------------------------------------------------------------------------------


def prepare(panel: xr.Dataset, inputs: xr.Dataset, priors: Priors) -> xr.Dataset:
    """Build the labelled arrays of the domain layer.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`, with order books (`data.listings.attach`).
    inputs
        As from `models.inputs.prepare`: the window and the countries.
    priors
        For the constants.

    Returns
    -------
    xarray.Dataset
        `orders`, `volume` and `delivered` (supplier, recipient, period, domain): orders placed in
        a period as the newest book lists them, what they come to, TIV million (what has come of
        orders of unknown number), and deliveries of the period, TIV million; `own_habit`
        (supplier, recipient): whether orders tell of a pair's habits; `middle` (period): the
        year in the middle of each period, whose coordinate is its last year; and of unit
        values (item): `unit_value`, log TIV million per unit, `item_supplier`, `item_class`,
        `item_domain`, `item_period`, positions. Attributes: `lines_level`, `lines_slope`: log
        expected number of delivery lines beyond the first in a pair's year, by log TIV;
        `order_size`, `line_size`: mean log TIV million an order of a pair's period, and a delivery
        line of a pair's year; `unit_capacity_sd`.
    """
    years = inputs[names.YEAR].values
    period = _periods(years)
    labels = np.array([years[period == p][-1] for p in range(period.max() + 1)])
    able = inputs["possible"].transpose(*CELL[:2]).values[..., None, None]
    suppliers = [str(s) for s in inputs[names.SUPPLIER].values]
    out = xr.Dataset(
        coords={PERIOD: labels}
        | {d: panel[d].values for d in (names.SUPPLIER, names.RECIPIENT, names.DOMAIN)}
    )
    orders, volume = _orders(panel, years, period)
    lines, delivered = (
        np.nan_to_num(panel[name].sel({names.YEAR: years})
                      .transpose(*CELL[:2], names.YEAR, names.DOMAIN).values) * able
        for name in ("n_lines", "tiv_domain")
    )  # fmt: skip
    summed = np.stack(
        [delivered[:, :, period == p].sum(axis=2) for p in range(len(labels))], axis=2
    )
    out["orders"], out["volume"] = (CELL, orders * able), (CELL, volume * able)
    out["delivered"] = (CELL, summed)
    seller, buyer = _traded(orders * able)
    pair, _, _ = _habits(orders * able, seller, buyer)
    own = np.zeros(able.shape[:2], dtype=bool)
    own[seller[pair], buyer[pair]] = True
    out["own_habit"] = (CELL[:2], own)
    out["middle"] = (PERIOD, np.array([years[period == p].mean() for p in range(len(labels))]))
    total, count = delivered.sum(axis=3), lines.sum(axis=3)
    at = (total > 0) & (count > 0)
    slope, level = np.polyfit(np.log(total[at]), np.log(count[at] - 0.5), 1) if at.any() else (0, 0)
    out.attrs |= {
        "lines_level": float(level),
        "lines_slope": float(slope),
        "order_size": _log_size(out["volume"].values.sum(axis=3), out["orders"].values.sum(axis=3)),
        "line_size": _log_size(total, count),
        "unit_capacity_sd": priors.constant("unit_capacity_sd"),
    }
    return out.merge(_unit_values(panel, years, period, suppliers)).drop_vars(
        "class_domain", errors="ignore"
    )


def _log_size(total: np.ndarray, count: np.ndarray) -> float:
    """Mean log of TIV million a piece, where there are any of a known worth."""
    at = (total > 0) & (count > 0)
    return float(np.log(total[at] / count[at]).mean()) if at.any() else 0.0


def _periods(years: np.ndarray) -> np.ndarray:
    """Period of each year: spells that end with the last year; a short first one joins the next."""
    back = (years[-1] - years) // PERIOD_YEARS
    last = max(len(years) // PERIOD_YEARS - 1, 0)
    return last - np.minimum(back, last)


def _orders(
    panel: xr.Dataset, years: np.ndarray, period: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Count orders of the newest book, and sum their TIV million, by cell (`CELL`)."""
    book = panel[f"{LISTING}_book"].values
    placed = panel[f"{LISTING}_order_year"].values
    mine = (book == book.max()) & (placed >= years[0]) & (placed <= years[-1])
    seller, buyer, domain, ordered, came = (
        panel[f"{LISTING}_{name}"].values[mine]
        for name in ("supplier", "recipient", "domain", "ordered", "delivered")
    )
    where = (seller, buyer, period[np.searchsorted(years, placed[mine])], domain)
    count = np.zeros((*(panel.sizes[d] for d in CELL[:2]), period.max() + 1, len(names.DOMAINS)))
    volume = count.copy()
    np.add.at(count, where, 1.0)
    np.add.at(volume, where, np.where(np.isnan(ordered), came, ordered))
    return count, volume


def _unit_values(
    panel: xr.Dataset, years: np.ndarray, period: np.ndarray, suppliers: list[str]
) -> xr.Dataset:
    """Highest unit value by class, supplier and period, of classes with two suppliers."""
    known = [s for s in suppliers if s in panel[names.SUPPLIER].values and s != names.REST]
    table = panel["unit_value"].sel({names.SUPPLIER: known, names.YEAR: years})
    table = table.transpose(names.SUPPLIER, names.WEAPON_CLASS, names.YEAR).values
    table = np.nan_to_num(table)
    best = np.stack(
        [table[..., period == p].max(axis=-1) for p in range(period.max() + 1)], axis=-1
    )
    best = best * ((best > 0).any(axis=2).sum(axis=0) >= 2)[None, :, None]
    seller, weapon, when = np.nonzero(best > 0)
    domain = [names.DOMAINS.index(str(d)) for d in panel["class_domain"].values]
    position = np.array([suppliers.index(s) for s in known], dtype=int)
    item = "item"
    return xr.Dataset(
        {
            "unit_value": (item, np.log(best[seller, weapon, when])),
            "item_supplier": (item, position[seller]),
            "item_class": (item, weapon),
            "item_domain": (item, np.array(domain, dtype=int)[weapon]),
            "item_period": (item, when),
        },
        coords={names.WEAPON_CLASS: panel[names.WEAPON_CLASS]},
    )


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
    last_domain = _about(orders.sum(axis=(0, 1, 2)))
    present = (orders > 0).sum(axis=2)
    told = orders / (1.0 + orders.sum(axis=3, keepdims=True) / ALIKE)
    waves, traded = _waves(periods), _traded(orders)

    def table(known: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray, tuple]:
        """Basis of contrasts of countries, how centred each contrast's sampling is, and what
        each contrast is about.
        """
        by_country = known.sum(axis=1)
        at = np.ix_(_about(by_country), last_domain)
        return contrasts.orthonormal(by_country), known[at] / (known[at] + half), at

    def walk(told: np.ndarray, at: tuple, name: str) -> np.ndarray:
        """How much orders (country, period, domain) tell of each element of walks, relative to
        its usual spread (wave, contrast).
        """
        each = np.einsum("pw,cpd->wcd", waves**2, told)
        return TYPICAL[name] ** 2 * np.stack([part[at].ravel() for part in each])

    of_supplier, strength_centred, at = table(present.sum(axis=1), 3.0)
    strength_told = walk(told.sum(axis=1), at, "strength_walk_sd")
    of_recipient, wants_centred, at = table(present.sum(axis=0), 12.0)
    size_seller, size_orders, size_values, size_scale = _mean_sizes(orders, volume)
    known = np.zeros((suppliers, count))
    np.add.at(known, size_seller, (size_orders > 0).astype(float))
    of_sizes, _, about = table(known, 1.0)
    size_told = TYPICAL["supplier_size_sd"] ** 2 * known[about]

    items = {n: observed[f"item_{n}"].values for n in ("supplier", "domain", "period", "class")}
    classes, weapon = np.unique(items["class"], return_inverse=True)
    raw = observed["unit_value"].values
    class_mean = np.bincount(weapon, raw, len(classes)) / np.maximum(np.bincount(weapon), 1)
    middle = class_mean.mean() if len(classes) else 0.0
    exported = np.zeros((len(classes), suppliers * count))
    np.add.at(exported, (weapon, items["supplier"] * count + items["domain"]), 1.0)
    seen = np.zeros((suppliers, count))
    np.add.at(seen, (items["supplier"], items["domain"]), 1.0)
    standing_basis, standing_told = _standing_contrasts(seen)

    has_own, own = exporters(observed)
    own_basis = np.zeros((recipients, suppliers))
    own_basis[np.arange(recipients), own] = has_own
    seller, buyer = traded
    habit_pair, habit_rows, habit_told = _habits(orders, seller, buyer)
    pair_of, when, cells = _cells(orders, seller, buyer)

    shapes = {
        "strength": (strength_centred, "strength_sd"),
        "strength_walk": (_centred(strength_told, "strength_walk_sd"), "strength_walk_sd"),
        "demand": (np.ones(count - 1), "demand_level_sd"),
        "demand_walk": (np.ones((periods - 1, count - 1)), "demand_walk_sd"),
        "common_size": (np.ones(count - 1), "size_level_sd"),
        "own_size": (_centred(size_told, "supplier_size_sd"), "supplier_size_sd"),
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
        "strength_walk_at": _places(strength_told, "strength_walk_sd"),
        "own_size_at": _places(size_told, "supplier_size_sd"),
        "wants_scale": np.full(wants_centred.size, parameter.index("need_sd")),
        "wants_centred": wants_centred.ravel(),
        "habits_scale": np.full(len(habit_told), parameter.index("habit_sd")),
        "habits_centred": habit_told / (habit_told + 1.0),
        "standings_scale": np.full(seen.size, parameter.index("unit_own_sd")),
        "standings_centred": (standing_told / (standing_told + 2.0)).ravel(),
        "standing_basis": standing_basis,
        "of_domain": of_domain,
        "of_supplier": of_supplier,
        "of_sizes": of_sizes,
        "of_recipient": of_recipient,
        "strength_basis": np.kron(of_supplier, of_domain),
        "size_basis": np.kron(of_sizes, of_domain),
        "waves": waves,
        "own_basis": own_basis,
        "shape": {"suppliers": suppliers, "recipients": recipients, "domains": count},
        "seller": seller,
        "buyer": buyer,
        "habit_pair": habit_pair,
        "habit_rows": habit_rows,
        "habit_at": _by_pair(habit_pair, len(seller)),
        "cells": cells,
        "cell_pair": pair_of,
        "cell_seller": when * suppliers + seller[pair_of],
        "cell_buyer": when * recipients + buyer[pair_of],
        "own": own,
        "has_own": has_own[:, None],
        "size_seller": size_seller,
        "size_orders": size_orders,
        "size_scale": size_scale[:, None] - observed.attrs["order_size"],
        "size_values": size_values,
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


def _about(weight: np.ndarray) -> np.ndarray:
    """Position that each contrast of `contrasts.orthonormal` is about."""
    return np.argsort(-weight, kind="stable")[1:]


def _waves(periods: int) -> np.ndarray:
    """Return a random walk's moves about its mean, slowest first (period, wave).

    A sum of them with independent standard normal weights is a walk of unit steps, centred over
    the periods (its principal components): the slow ones are what data can tell of.
    """
    cumulated = np.tril(np.ones((periods, periods)))
    left, size, _ = np.linalg.svd(cumulated - cumulated.mean(axis=0))
    return (left * size)[:, : periods - 1]


def _centred(told: np.ndarray, name: str) -> np.ndarray:
    """How centred the sampling is of those elements that data tell of."""
    kept = told[told > TELLING[name]]
    return kept / (kept + 1.0)


def _places(told: np.ndarray, name: str) -> np.ndarray:
    """Where each element is among those sampled, in the order of `_centred`; after the last where
    it is not.
    """
    kept = told > TELLING[name]
    return np.where(kept, np.cumsum(kept).reshape(kept.shape) - 1, kept.sum())


def _habits(
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
            known += list(each[own][_about(each[own])])
            pair += [k] * len(found)
        if len(own) and len(rest):
            row = np.zeros(len(each))
            row[own], row[rest] = 1.0 / len(own), -1.0 / len(rest)
            rows.append(row / np.sqrt((row**2).sum()))
            known.append(each[rest].sum())
            pair.append(k)
    shape = (len(rows), orders.shape[3])
    return np.array(pair, dtype=int), np.reshape(rows, shape), np.array(known, dtype=float)


def _by_pair(pair: np.ndarray, pairs_: int) -> np.ndarray:
    """Positions of each pair's habits (pair, most of any), after the last where there are none."""
    most = np.bincount(pair, minlength=1).max()
    out = np.full((pairs_, most), len(pair))
    start = np.searchsorted(pair, pair)
    out[pair, np.arange(len(pair)) - start] = np.arange(len(pair))
    return out


def _habit(habits: Any, fixed: Mapping[str, Any], xp: Any) -> Any:
    """Turn habits, in contrasts, into a table (pair, domain)."""
    count = fixed["shape"]["domains"]
    each = xp.concatenate([habits[:, None] * fixed["habit_rows"], np.zeros((1, count))])
    return each[fixed["habit_at"]].sum(axis=1)


def _standing_contrasts(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
        told[at[1:], domain] = items[_about(items)]
    return basis, told


def _standing(sampled: Any, fixed: Mapping[str, Any]) -> Any:
    """Turn elements of suppliers' standings into standings (supplier × domain)."""
    shape = fixed["shape"]
    elements = sampled.reshape((shape["suppliers"], shape["domains"]))
    return (fixed["standing_basis"] * elements.T[:, :, None]).sum(axis=1).T.flatten()


def _free(free: Any, fixed: Mapping[str, Any], vector: Any, xp: Any) -> dict[str, Any]:
    """Turn effects about zero into tables; `xp` is numpy or pytensor.tensor."""
    scaled = free * vector[fixed["free_scale"]] ** (1.0 - fixed["free_centred"])
    part, start = {}, 0
    for name, shape in fixed["free_shape"].items():
        size = int(np.prod(shape))
        part[name] = scaled[start : start + size].reshape(shape)
        start += size
    shape, of_domain, waves = fixed["shape"], fixed["of_domain"], fixed["waves"]
    by_supplier = (shape["suppliers"], shape["domains"])

    def whole(name: str) -> Any:
        """All elements, zero where they are not sampled."""
        return xp.concatenate([part[name], np.zeros(1)])[fixed[f"{name}_at"]]

    level = xp.dot(part["strength"].flatten(), fixed["strength_basis"]).reshape(by_supplier)
    moving = xp.dot(xp.dot(waves, whole("strength_walk")), fixed["strength_basis"])
    size = xp.dot(whole("own_size").flatten(), fixed["size_basis"]).reshape(by_supplier)
    return {
        "level": level,
        "moving": moving.reshape((-1, *by_supplier)),
        "demand": xp.dot(part["demand"], of_domain),
        "drift": xp.dot(xp.dot(waves, part["demand_walk"]), of_domain),
        "size": size + xp.dot(part["common_size"], of_domain)[None],
        "spread": xp.dot(part["spread"], of_domain),
        "scaling": xp.dot(part["scaling"], of_domain),
        "unit_drift": xp.dot(waves, part["unit_walk"]),
        "unit_level": part["unit_level"],
    }


def _means(
    known: Mapping[str, Any], fixed: Mapping[str, Any], top: Mapping[str, Any], xp: Any
) -> dict[str, Any]:
    """Means of what recipients want, in contrasts, and of suppliers' standings in unit value.

    Contrasts lack what all recipients have in common: `saved` (domain), what strength at home
    saves the mean recipient from buying.
    """
    saved = top["substitution"] * xp.dot(fixed["own_basis"], known["level"])
    rotated = xp.dot(xp.dot(fixed["of_recipient"], saved), fixed["of_domain"].T)
    standings = known["unit_level"][:, None] + top["unit_strength"] * known["level"]
    return {
        "wants": -rotated.flatten(),
        "saved": saved.mean(axis=0),
        "standings": (fixed["standing_basis"] * standings.T[:, None, :]).sum(axis=2).T.flatten(),
    }


def _of_both_sides(known: Mapping[str, Any], saved: Any, fixed: Mapping[str, Any], xp: Any) -> Any:
    """What pairs would order on average without habits (pair, domain)."""
    count = len(fixed["of_domain"])
    wants = xp.dot(fixed["of_recipient"].T, known["wants"].reshape((-1, count)))
    wants = xp.dot(wants, fixed["of_domain"])
    centre = known["level"][fixed["seller"]] + wants[fixed["buyer"]]
    return centre + (known["demand"] - saved)[None]


def _moved(sampled: Any, mean: Any, name: str, fixed: Mapping[str, Any], vector: Any) -> Any:
    """Undo the partial centring of a vector that varies about a mean."""
    part = fixed[f"{name}_centred"]
    scale = vector[fixed[f"{name}_scale"]]
    return mean + scale ** (1.0 - part) * (sampled - part * mean)


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
    known = _free(one["free"], fixed, vector, np)
    means = _means(known, fixed, top, np)
    known["wants"] = _moved(one["wants"], means["wants"], "wants", fixed, vector)
    standing = _moved(one["standings"], means["standings"], "standings", fixed, vector)
    standing = _standing(standing, fixed)
    centre = _of_both_sides(known, means["saved"], fixed, np)
    mean = (fixed["habit_rows"] * centre[fixed["habit_pair"]]).sum(axis=1)
    habits = _moved(one["habits"], mean, "habits", fixed, vector) - mean
    beyond = (known["wants"] - means["wants"]).reshape(-1, len(fixed["of_domain"]))
    return {
        "strength": known["level"][None] + known["moving"],
        "need": fixed["of_recipient"].T @ beyond @ fixed["of_domain"],
        "demand": known["demand"][None] + known["drift"],
        "habit": _habit(habits, fixed, np)[with_habits],
        "size": known["size"],
        "size_sd": top["order_sd"] * np.exp(known["spread"]),
        "size_scaling": known["scaling"],
        "unit_level": known["unit_level"],
        "unit_standing": standing.reshape(-1, fixed["shape"]["domains"]),
        "unit_drift": known["unit_drift"],
        "class_level": one["classes"] - fixed["class_mix"] @ standing + fixed["class_mean"],
    }


# Counts -----------------------------------------------------------------------------------------


def pairs(observed: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Positions on supplier and recipient of the pairs with habits, in the order of `habit`."""
    return np.nonzero(observed["own_habit"].transpose(*CELL[:2]).values)


def _traded(orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions on supplier and recipient of the pairs that ever traded."""
    return np.nonzero(orders.sum(axis=(2, 3)) > 0)


def _cells(
    orders: np.ndarray, seller: np.ndarray, buyer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair, period and orders by domain of every pair and period that traded."""
    mine = orders[seller, buyer]
    pair_of, when = np.nonzero(mine.sum(axis=2) > 0)
    return pair_of, when, mine[pair_of, when].astype(int)


def variance(spread: Any, alike: Any, orders: Any) -> Any:
    """Variance of the log of what orders of a pair's period and domain come to.

    Parameters
    ----------
    spread
        Of the log TIV of one (..., domain).
    alike
        Variance that they have in common, in relation to that of each of its own.
    orders
        How many they are (..., domain), 1 or more.
    """
    return spread**2 * (alike + 1.0 / orders) / (alike + 1.0)


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
