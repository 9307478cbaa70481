"""Capacity by technology domain: what a state's exports and imports are made of.

Given how much a pair trades in all, which domains its deliveries fall in is multinomial: the
supplier's relative strength in a domain, against what the recipient's own strength saves it from
buying, its other needs, the pair's own habits and world demand. A country's capacity drops out of
that, so totals and composition are two likelihoods of separate parameters and no figure counts
twice. How much a single unit of each class of new weapons is worth is a second measurement of
the same strengths, with an error and a slope of its own: where the slope is near zero, the two
do not agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import contrasts
from models.inputs import exporters
from models.priors import FOLDER, Priors, order, parameters

PRIORS_FILE = FOLDER / "domains.toml"
PERIOD = "period"
SOURCE = "source"
PERIOD_YEARS = 4
"""Years that share one composition: strengths move slowly and single years hold few lines."""
CELL = (names.SUPPLIER, names.RECIPIENT, PERIOD, names.DOMAIN)
TYPICAL_SPREAD = 0.6
"""Squared inverse of a pair's usual deviation: where data outweigh it, sampling is centred."""
UNIT_VALUE_DF = 4.0
"""Degrees of freedom of unit values: a class holds a few ships or systems unlike the rest."""


# What is observed ------------------------------------------------------------------------------


def prepare(panel: xr.Dataset, inputs: xr.Dataset, priors: Priors) -> xr.Dataset:
    """Build the labelled arrays of the domain layer.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`.
    inputs
        As from `models.inputs.prepare`: the window and the countries.
    priors
        For the constants.

    Returns
    -------
    xarray.Dataset
        `lines` and `volume` (supplier, recipient, period, domain): delivery lines, and TIV
        million; `middle` (period): the year in the middle of each period, whose coordinate is its
        last year; `exports_itself` (source): 1 for suppliers of the sample, which come first on
        `source`, recipients that are none follow; and of unit values (item): `unit_value`, log
        TIV million per unit, `item_supplier`, `item_class`, `item_domain`, `item_period`,
        positions. Attributes: `lines_level`, `lines_slope`: log expected number of lines beyond
        the first in a pair's year, by log TIV; `unit_capacity_sd`.
    """
    years = inputs[names.YEAR].values
    period = _periods(years)
    labels = np.array([years[period == p][-1] for p in range(period.max() + 1)])
    able = inputs["possible"].transpose(*CELL[:2])
    out = xr.Dataset(coords={PERIOD: labels})
    order_ = (names.SUPPLIER, names.RECIPIENT, names.DOMAIN, names.YEAR)
    by_year = {}
    for name, source in (("lines", "n_lines"), ("volume", "tiv_domain")):
        table = panel[source].sel({names.YEAR: years}).fillna(0.0).transpose(*order_)
        by_year[name] = (table * able).values
        summed = np.stack(
            [by_year[name][..., period == p].sum(axis=-1) for p in range(len(labels))], axis=2
        )
        out[name] = (CELL, summed)
    out = out.assign_coords({d: panel[d] for d in (names.SUPPLIER, names.RECIPIENT, names.DOMAIN)})
    out["middle"] = (PERIOD, np.array([years[period == p].mean() for p in range(len(labels))]))
    exporter, _ = exporters(inputs)
    suppliers = [str(s) for s in inputs[names.SUPPLIER].values]
    others = [
        str(r)
        for r, is_one in zip(inputs[names.RECIPIENT].values, exporter, strict=True)
        if not is_one and r != names.REST
    ]
    out = out.assign_coords({SOURCE: [*suppliers, *others]})
    out["exports_itself"] = (SOURCE, np.array([1.0] * len(suppliers) + [0.0] * len(others)))
    total, count = by_year["volume"].sum(axis=2), by_year["lines"].sum(axis=2)
    at = (total > 0) & (count > 0)
    slope, level = np.polyfit(np.log(total[at]), np.log(count[at] - 0.5), 1) if at.any() else (0, 0)
    out.attrs |= {
        "lines_level": float(level),
        "lines_slope": float(slope),
        "unit_capacity_sd": priors.constant("unit_capacity_sd"),
    }
    return out.merge(_unit_values(panel, years, period, suppliers)).drop_vars(
        "class_domain", errors="ignore"
    )


def _periods(years: np.ndarray) -> np.ndarray:
    """Period of each year: spells that end with the last year; a short first one joins the next."""
    back = (years[-1] - years) // PERIOD_YEARS
    last = max(len(years) // PERIOD_YEARS - 1, 0)
    return last - np.minimum(back, last)


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

    Deliveries by domain given their total do not depend on capacity, so this posterior and that
    of `models.joint` are the two factors of one, but for what unit values say of a supplier
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
        With `parameters` (parameter) and the vectors `free`, `wants`, `habits` and `standings`,
        which `effects` turns into labelled tables.
    """
    fixed = constants(observed, order(priors))
    with pm.Model(coords=coords(fixed) | {"parameter": order(priors)}) as model:
        top = parameters(priors)
        layer(fixed, top, model["parameters"])
    return model


def coords(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the coordinates that the layer's vectors need."""
    return {f"{name}_at": np.arange(fixed[f"{name}_scale"].size) for name in VECTORS}


def layer(
    fixed: Mapping[str, Any], top: Mapping[str, Any], vector: Any
) -> None:
    """Add strengths, needs, habits and demand by domain, and their likelihoods.

    Parameters
    ----------
    fixed
        As from `constants`.
    top, vector
        The parameters by name, and as one vector.
    """

    def sample(name: str, mean: Any) -> Any:
        scale = vector[fixed[f"{name}_scale"]]
        part = fixed[f"{name}_centred"]
        return pm.Normal(name, part * mean, scale**part, dims=f"{name}_at")

    free = sample("free", np.zeros(fixed["free_scale"].size))
    known = _free(free, fixed, vector, pt)
    means = _means(known, fixed, top, pt)
    wants = sample("wants", means["wants"])
    standings = sample("standings", means["standings"])
    known["wants"] = _moved(wants, means["wants"], "wants", fixed, vector)
    centre = _habit_mean(known, means["saved"], fixed, pt)
    habits = sample("habits", centre)
    steady = _moved(habits, centre, "habits", fixed, vector)
    standing = _moved(standings, means["standings"], "standings", fixed, vector)
    standing = _standing(standing, fixed)
    mix = pt.dot(fixed["class_mix"], standing)
    classes = sample("classes", mix - fixed["class_mean"])

    basis = fixed["pair_basis"]
    by_pair = (basis * steady.reshape((*basis.shape[:2], 1))).sum(axis=1)
    moving = known["moving"]
    mine = moving.reshape((-1, moving.shape[-1]))
    both = (moving + known["drift"][:, None]).reshape((-1, moving.shape[-1]))
    saved = top["substitution"] * fixed["has_own"] * moving[:, fixed["own"]]
    wanted = known["need_drift"] - saved.transpose((1, 0, 2))
    wanted = wanted.reshape((-1, moving.shape[-1]))
    logits = by_pair[fixed["cell_pair"]] + both[fixed["cell_seller"]]
    logits = logits + wanted[fixed["cell_buyer"]]
    _lines(fixed["cells"], logits, top["concentration"])
    pm.Normal(
        "sizes", (known["size"][fixed["size_seller"]] * fixed["size_rows"]).sum(axis=1),
        top["line_sd"], observed=fixed["size_values"],
    )  # fmt: skip
    if not len(fixed["unit_values"]):
        return
    expected = (
        (classes - mix)[fixed["item_class"]]
        + (known["unit_drift"].flatten())[fixed["item_place"]]
        + standing[fixed["item_standing"]]
        + top["unit_strength"] * mine.flatten()[fixed["item_strength"]]
    )
    pm.StudentT(
        "unit_values", UNIT_VALUE_DF, mu=expected, sigma=top["unit_sd"],
        observed=fixed["unit_values"],
    )  # fmt: skip


VECTORS = ("free", "wants", "habits", "standings", "classes")
"""What is sampled besides parameters: effects about zero; what recipients want; what pairs trade
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
    lines, volume = (observed[n].transpose(*CELL).values for n in ("lines", "volume"))
    suppliers, recipients, periods, count = lines.shape
    sources = observed.sizes[SOURCE]
    of_domain = contrasts.orthonormal(lines.sum(axis=(0, 1, 2)))
    present = (lines > 0).sum(axis=2)
    last_domain = _about(lines.sum(axis=(0, 1, 2)))

    def table(known: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
        """Basis of contrasts of countries, and how centred each contrast's sampling is."""
        by_country = known.sum(axis=1)
        about = known[np.ix_(_about(by_country), last_domain)]
        return contrasts.orthonormal(by_country), about / (about + half)

    of_supplier, strength_centred = table(present.sum(axis=1), 3.0)
    of_recipient, wants_centred = table(present.sum(axis=0), 12.0)
    seller, size_rows, size_values = size_contrasts(lines, volume)
    known = np.zeros((suppliers, count))
    np.add.at(known, seller, (np.abs(size_rows) > 0).astype(float))
    of_sizes, size_centred = table(known, 5.0)
    size_seller = seller

    items = {n: observed[f"item_{n}"].values for n in ("supplier", "domain", "period", "class")}
    classes, weapon = np.unique(items["class"], return_inverse=True)
    raw = observed["unit_value"].values
    class_mean = np.bincount(weapon, raw, len(classes)) / np.maximum(np.bincount(weapon), 1)
    middle = class_mean.mean() if len(classes) else 0.0
    exported = np.zeros((len(classes), suppliers * count))
    np.add.at(exported, (weapon, items["supplier"] * count + items["domain"]), 1.0)
    seen = np.zeros((suppliers, count))
    np.add.at(seen, (items["supplier"], items["domain"]), 1.0)

    at, has_own = own_source(observed)
    standing_basis, told = _standing_contrasts(seen)
    own_basis = np.zeros((recipients, sources))
    own_basis[np.arange(recipients), at] = has_own
    seller, buyer = pairs(observed)
    pair_basis, habits_centred = _pair_contrasts(lines[seller, buyer])
    pair_of, when, cells = _cells(lines, seller, buyer)

    shapes = {
        "strength": (strength_centred, "strength_sd"),
        "strength_steps": (np.zeros((periods, strength_centred.size)), "strength_walk_sd"),
        "other_strength": (np.zeros((sources - suppliers, count)), "strength_sd"),
        "demand": (np.ones(count - 1), "demand_level_sd"),
        "demand_steps": (np.zeros((periods, count - 1)), "demand_walk_sd"),
        "need_steps": (np.zeros((periods, wants_centred.size)), "need_walk_sd"),
        "common_size": (np.ones(count - 1), "size_level_sd"),
        "own_size": (size_centred, "supplier_size_sd"),
        "unit_steps": (np.zeros((periods, count)), "unit_walk_sd"),
        "unit_level": (np.ones(suppliers), "unit_level_sd"),
    }
    cumulated = np.tril(np.ones((periods, periods)))
    return {
        "free_shape": {name: part.shape for name, (part, _) in shapes.items()},
        "free_scale": np.concatenate(
            [np.full(part.size, parameter.index(sd)) for part, sd in shapes.values()]
        ),
        "free_centred": np.concatenate([part.ravel() for part, _ in shapes.values()]),
        "wants_scale": np.full(wants_centred.size, parameter.index("need_sd")),
        "wants_centred": wants_centred.ravel(),
        "habits_scale": np.full(habits_centred.size, parameter.index("habit_sd")),
        "habits_centred": habits_centred.ravel(),
        "standings_scale": np.full(seen.size, parameter.index("unit_own_sd")),
        "standings_centred": (told / (told + 2.0)).ravel(),
        "standing_basis": standing_basis,
        "of_domain": of_domain,
        "of_recipient": of_recipient,
        "strength_basis": np.kron(of_supplier, of_domain),
        "size_basis": np.kron(of_sizes, of_domain),
        "walk_basis": cumulated - cumulated.mean(axis=0, keepdims=True),
        "own_basis": own_basis,
        "shape": {
            "suppliers": suppliers, "sources": sources, "recipients": recipients,
            "domains": count,
        },
        "seller": seller,
        "buyer": buyer,
        "pair_basis": pair_basis,
        "cells": cells,
        "cell_pair": pair_of,
        "cell_seller": when * sources + seller[pair_of],
        "cell_buyer": buyer[pair_of] * periods + when,
        "own": at,
        "has_own": has_own[:, None],
        "size_rows": size_rows,
        "size_seller": size_seller,
        "size_values": size_values,
        "unit_values": raw - class_mean[weapon],
        "class_mean": class_mean - middle,
        "class_mix": exported / exported.sum(axis=1, keepdims=True),
        "classes_scale": np.full(len(classes), parameter.index("class_sd")),
        "classes_centred": np.ones(len(classes)),
        "item_class": weapon,
        "item_place": items["period"] * count + items["domain"],
        "item_standing": items["supplier"] * count + items["domain"],
        "item_strength": (items["period"] * sources + items["supplier"]) * count
        + items["domain"],
    }


def _about(weight: np.ndarray) -> np.ndarray:
    """Position that each contrast of `contrasts.orthonormal` is about."""
    return np.argsort(-weight, kind="stable")[1:]


def _pair_contrasts(mine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bases of contrasts of domains of every pair, and how centred each contrast's sampling is.

    Parameters
    ----------
    mine
        Lines (pair, period, domain).
    """
    spells = (mine.sum(axis=2) > 0).sum(axis=1)
    total = mine.sum(axis=(1, 2))
    info = mine.sum(axis=1) / (1.0 + total / spells / 10.0)[:, None]
    weight = info + 1e-6 * mine.sum(axis=(0, 1)) / max(mine.sum(), 1.0)
    basis = np.stack([contrasts.orthonormal(each) for each in weight])
    about = np.take_along_axis(info, np.stack([_about(each) for each in weight]), axis=1)
    return basis, about / (about + TYPICAL_SPREAD)


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
    shape, of_domain = fixed["shape"], fixed["of_domain"]
    exporters_ = (shape["suppliers"], shape["domains"])
    level = xp.dot(part["strength"].flatten(), fixed["strength_basis"]).reshape(exporters_)
    other = part["other_strength"]
    level = xp.concatenate([level, other - other.mean(axis=1)[:, None]], axis=0)
    steps = xp.dot(xp.dot(fixed["walk_basis"], part["strength_steps"]), fixed["strength_basis"])
    steps = steps.reshape((-1, *exporters_))
    still = np.zeros((fixed["walk_basis"].shape[0], shape["sources"] - shape["suppliers"],
                      shape["domains"]))
    size = xp.dot(part["own_size"].flatten(), fixed["size_basis"]).reshape(exporters_)
    size = size + xp.dot(part["common_size"], of_domain)[None]
    periods = fixed["walk_basis"].shape[0]
    need = xp.dot(fixed["walk_basis"], part["need_steps"]).reshape((-1, len(of_domain)))
    need = xp.dot(need, of_domain).reshape((periods, -1, shape["domains"])).transpose((1, 0, 2))
    need = xp.dot(fixed["of_recipient"].T, need.reshape((shape["recipients"] - 1, -1)))
    return {
        "level": level,
        "moving": xp.concatenate([steps, still], axis=1),
        "demand": xp.dot(part["demand"], of_domain),
        "drift": xp.dot(xp.dot(fixed["walk_basis"], part["demand_steps"]), of_domain),
        "need_drift": need.reshape((shape["recipients"], -1, shape["domains"])),
        "size": size,
        "unit_drift": xp.dot(fixed["walk_basis"], part["unit_steps"]),
        "unit_level": part["unit_level"],
    }


def _means(
    known: Mapping[str, Any], fixed: Mapping[str, Any], top: Mapping[str, Any], xp: Any
) -> dict[str, Any]:
    """Means of what recipients want, in contrasts, and of suppliers' standings in unit value.

    Contrasts lack what all recipients have in common: `saved` (domain), what strength at home
    saves the mean recipient from buying.
    """
    shape = fixed["shape"]
    saved = top["substitution"] * xp.dot(fixed["own_basis"], known["level"])
    rotated = xp.dot(xp.dot(fixed["of_recipient"], saved), fixed["of_domain"].T)
    own = known["level"][: shape["suppliers"]]
    standings = known["unit_level"][:, None] + top["unit_strength"] * own
    return {
        "wants": -rotated.flatten(),
        "saved": saved.mean(axis=0),
        "standings": (fixed["standing_basis"] * standings.T[:, None, :]).sum(axis=2).T.flatten(),
    }


def _habit_mean(known: Mapping[str, Any], saved: Any, fixed: Mapping[str, Any], xp: Any) -> Any:
    """Mean of what pairs trade, in contrasts of domains."""
    basis = fixed["pair_basis"]
    wants = xp.dot(fixed["of_recipient"].T, known["wants"].reshape((-1, basis.shape[1])))
    wants = xp.dot(wants, fixed["of_domain"])
    centre = known["level"][fixed["seller"]] + wants[fixed["buyer"]]
    centre = centre + (known["demand"] - saved)[None]
    return (basis * centre[:, None, :]).sum(axis=2).flatten()


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
        deliveries, log-odds, and `other_strength` (other, domain) of recipients that are no
        suppliers, which stays as it is; `need` (period, recipient, domain), `demand` (period,
        domain) and `habit` (pair, domain), log-odds; `size` (supplier, domain): log TIV of a
        delivery line relative to the pair's others; `unit_level` (supplier) and `unit_standing`
        (supplier, domain): log unit value relative to other suppliers of the same classes;
        `unit_drift` (period, domain) and `class_level` (traded_class, about the mean of classes),
        log unit value. All
        (chain, draw, ...).
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
    basis = fixed["pair_basis"]
    for draw in range(int(np.prod(shape))):
        one = {name: values[draw].astype(float) for name, values in arrays.items()}
        vector = one["parameters"]
        top = dict(zip(parameter, vector, strict=True))
        known = _free(one["free"], fixed, vector, np)
        means = _means(known, fixed, top, np)
        known["wants"] = _moved(one["wants"], means["wants"], "wants", fixed, vector)
        standing = _moved(one["standings"], means["standings"], "standings", fixed, vector)
        standing = _standing(standing, fixed)
        centre = _habit_mean(known, means["saved"], fixed, np)
        own = _moved(one["habits"], centre, "habits", fixed, vector) - centre
        wants = fixed["of_recipient"].T @ (known["wants"] - means["wants"]).reshape(
            -1, basis.shape[1]
        )
        suppliers = (fixed["shape"]["suppliers"], fixed["shape"]["domains"])
        tables = {
            "strength": (known["level"][None] + known["moving"])[:, : suppliers[0]],
            "other_strength": known["level"][suppliers[0] :],
            "need": (wants @ fixed["of_domain"])[None]
            + known["need_drift"].transpose(1, 0, 2),
            "demand": known["demand"][None] + known["drift"],
            "habit": np.einsum("pk,pkd->pd", own.reshape(basis.shape[:2]), basis),
            "size": known["size"],
            "unit_level": known["unit_level"],
            "unit_standing": standing.reshape(suppliers),
            "unit_drift": known["unit_drift"],
            "class_level": one["classes"] - fixed["class_mix"] @ standing + fixed["class_mean"],
        }
        for name, values in tables.items():
            out.setdefault(name, []).append(values.astype(np.float32))
    dims = {
        "strength": (PERIOD, names.SUPPLIER, names.DOMAIN),
        "other_strength": ("other", names.DOMAIN),
        "need": (PERIOD, names.RECIPIENT, names.DOMAIN),
        "demand": (PERIOD, names.DOMAIN),
        "habit": ("pair", names.DOMAIN),
        "size": (names.SUPPLIER, names.DOMAIN),
        "unit_level": (names.SUPPLIER,),
        "unit_standing": (names.SUPPLIER, names.DOMAIN),
        "unit_drift": (PERIOD, names.DOMAIN),
        "class_level": ("traded_class",),
    }
    codes = [observed[d].values for d in (names.SUPPLIER, names.RECIPIENT)]
    label = [f"{codes[0][s]}-{codes[1][r]}" for s, r in zip(*pairs(observed), strict=True)]
    others = observed[SOURCE].values[observed.sizes[names.SUPPLIER] :]
    coords_ = {d: observed[d].values for d in CELL} | {"pair": label, "other": others}
    return xr.Dataset(
        {
            name: ((*lead, *dims[name]), np.stack(values).reshape(*shape, *values[0].shape))
            for name, values in out.items()
        }
        | {"parameters": posterior["parameters"].astype(np.float32)},
        coords={d: posterior[d].values for d in lead} | coords_ | {"parameter": parameter},
    )


# Counts -----------------------------------------------------------------------------------------


def pairs(observed: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Positions on supplier and recipient of the pairs that ever traded, in that order."""
    return np.nonzero(observed["lines"].transpose(*CELL).sum(CELL[2:]).values > 0)


def own_source(observed: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Position on `source` of each recipient, and 1.0 where it has one (the rest has none)."""
    codes = [str(s) for s in observed[SOURCE].values]
    found = [
        codes.index(str(r)) if str(r) in codes and r != names.REST else -1
        for r in observed[names.RECIPIENT].values
    ]
    return np.maximum(found, 0), np.array([float(f >= 0) for f in found])


def _cells(
    lines: np.ndarray, seller: np.ndarray, buyer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair, period and lines by domain of every pair and period that traded."""
    mine = lines[seller, buyer]
    pair_of, when = np.nonzero(mine.sum(axis=2) > 0)
    return pair_of, when, mine[pair_of, when].astype(int)


def _lines(cells: np.ndarray, logits: Any, concentration: Any) -> None:
    """Add the Dirichlet-multinomial likelihood of lines by domain given their number.

    Ratios of gamma functions are written out as products, one factor a line: exact, and without
    the digamma functions that a gradient would need.
    """
    odds = pt.exp(logits - logits.max(axis=1, keepdims=True))
    share = (odds / odds.sum(axis=1, keepdims=True)).flatten()
    counts = cells.ravel()
    at = np.repeat(np.arange(len(counts)), counts)
    before = np.concatenate([np.arange(n) for n in counts[counts > 0]])
    totals = np.concatenate([np.arange(n) for n in cells.sum(axis=1)])
    value, times = np.unique(totals, return_counts=True)
    pm.Potential(
        "lines",
        pt.log((concentration * share)[at] + before).sum()
        - (times * pt.log(concentration + value)).sum(),
    )


def size_contrasts(
    lines: np.ndarray, volume: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Supplier, orthonormal contrast of domains and its value, of log TIV a line.

    One row fewer than there are domains in a pair's period; the mean of the domains drops out.
    """
    rows, values, seller = [], [], []
    for s, r, p in zip(*np.nonzero((volume > 0).sum(axis=3) > 1), strict=True):
        at = np.flatnonzero(volume[s, r, p] > 0)
        log_size = np.log(volume[s, r, p, at] / np.maximum(lines[s, r, p, at], 1.0))
        for each in contrasts.orthonormal(np.ones(len(at))):
            row = np.zeros(lines.shape[3])
            row[at] = each
            rows.append(row)
            values.append(each @ log_size)
            seller.append(s)
    shape = (len(rows), lines.shape[3])
    return np.array(seller, dtype=int), np.reshape(rows, shape), np.array(values, dtype=float)
