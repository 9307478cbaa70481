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
from pathlib import Path
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import equations
from models.priors import Priors, order, parameters
from models.transfers import exporters

PRIORS_FILE = Path(__file__).with_name("priors") / "domains.toml"
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


def prepare(panel: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
    """Build the labelled arrays of the domain layer.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`.
    inputs
        As from `models.inputs.prepare`: the window and the countries.

    Returns
    -------
    xarray.Dataset
        `lines` and `volume` (supplier, recipient, period, domain): delivery lines, and TIV
        million; `middle` (period): the year in the middle of each period, whose coordinate is its
        last year; `exports_itself` (source): 1 for suppliers of the sample, which come first on
        `source`, recipients that are none follow; and of unit values (item): `unit_value`, log
        TIV million per unit, `item_supplier`, `item_class`, `item_domain`, `item_period`,
        positions. Attributes: `lines_level`, `lines_slope`: log expected number of lines beyond
        the first in a pair's year, by log TIV.
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
    out.attrs |= {"lines_level": float(level), "lines_slope": float(slope)}
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
    """Return the highest unit value by class, supplier and period, of classes with two suppliers."""
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
        With `parameters` (parameter); `strength` (period, source, domain): relative strength by
        number of deliveries, log-odds; `size` (supplier, domain): log size of a delivery line
        relative to the pair's others; `need` (recipient, domain); `demand` (period, domain);
        `habit` (pair, domain), log-odds; `unit_level` (supplier) and `unit_own`
        (supplier, domain), log units.
    """
    with pm.Model(coords=coords(observed) | {"parameter": order(priors)}) as model:
        layer(observed, parameters(priors))
    return model


def coords(observed: xr.Dataset) -> dict[str, Any]:
    """Return the coordinates that the layer's variables need, those of contrasts included."""
    some = pairs(observed)
    count = {d: observed.sizes[d] for d in (names.SUPPLIER, names.RECIPIENT, names.DOMAIN)}
    codes = [str(s) for s in observed[SOURCE].values]
    return {
        names.SUPPLIER: observed[names.SUPPLIER].values,
        names.RECIPIENT: observed[names.RECIPIENT].values,
        names.DOMAIN: observed[names.DOMAIN].values,
        PERIOD: observed[PERIOD].values,
        SOURCE: codes,
        "other": codes[count[names.SUPPLIER] :],
        "pair": [
            f"{observed[names.SUPPLIER].values[s]}-{observed[names.RECIPIENT].values[r]}"
            for s, r in zip(*some, strict=True)
        ],
        "seller_contrast": np.arange(1, count[names.SUPPLIER]),
        "buyer_contrast": np.arange(1, count[names.RECIPIENT]),
        "domain_contrast": np.arange(1, count[names.DOMAIN]),
        "class": np.unique(observed["item_class"].values),
    }


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


def layer(observed: xr.Dataset, top: Mapping[str, Any], capacity: Any = None) -> None:
    """Add strengths, needs, habits and demand by domain, and their likelihoods.

    Every vector over domains enters a softmax, so only differences between domains mean
    anything: all are sampled in orthonormal contrasts, each about the domain (or country) of
    which less is known, as they are where data speak and standardised where only the prior does.

    Parameters
    ----------
    observed, top
        The data, and the parameters by name.
    capacity
        Mean capacity (supplier), log-odds, for the joint model in which unit values inform it;
        None to leave it out.
    """
    lines = observed["lines"].transpose(*CELL).values
    suppliers, _, periods, domain_count = lines.shape
    of_domain = equations.contrasts(lines.sum(axis=(0, 1, 2)))
    present = (lines > 0).sum(axis=2)

    strength = _contrasts(
        "strength_contrast", present.sum(axis=1), 3.0, of_domain, lines.sum(axis=(0, 1, 2)),
        top["strength_sd"], ("seller_contrast", "domain_contrast"),
    )  # fmt: skip
    steps = pm.ZeroSumNormal(
        "strength_step", 1.0, n_zerosum_axes=2, dims=(PERIOD, names.SUPPLIER, names.DOMAIN)
    )
    walk = pt.cumsum(top["strength_walk_sd"] * steps, axis=0)
    walk = walk - walk.mean(axis=0, keepdims=True)
    other_z = pm.Normal("other_strength", 0.0, 1.0, dims=("other", names.DOMAIN))
    other = top["strength_sd"] * (other_z - other_z.mean(axis=1, keepdims=True))
    level = pt.concatenate([strength, other], axis=0)
    still = pt.zeros((periods, observed.sizes[SOURCE] - suppliers, domain_count))
    moving = pt.concatenate([walk, still], axis=1)
    pm.Deterministic("strength", level[None] + moving, dims=(PERIOD, SOURCE, names.DOMAIN))

    need = pm.Deterministic(
        "need",
        _contrasts(
            "need_contrast", present.sum(axis=0), 12.0, of_domain, lines.sum(axis=(0, 1, 2)),
            top["need_sd"], ("buyer_contrast", "domain_contrast"),
        ),
        dims=(names.RECIPIENT, names.DOMAIN),
    )  # fmt: skip
    demand = pm.Normal("demand_contrast", 0.0, top["demand_level_sd"], dims="domain_contrast")
    demand = pt.dot(demand, of_domain)
    demand_steps = pm.ZeroSumNormal("demand_step", 1.0, dims=(PERIOD, names.DOMAIN))
    drift = pt.cumsum(top["demand_walk_sd"] * demand_steps, axis=0)
    drift = drift - drift.mean(axis=0, keepdims=True)
    pm.Deterministic("demand", demand[None] + drift, dims=(PERIOD, names.DOMAIN))

    seller, buyer = pairs(observed)
    at, has_own = own_source(observed)
    own = has_own[:, None] * top["substitution"]
    centre = strength[seller] - (own * level[at] - need)[buyer] + demand[None]
    steady = _habits(lines, centre, top["habit_sd"])
    pm.Deterministic("habit", steady - centre, dims=("pair", names.DOMAIN))

    pair_of, when, cells = _cells(lines, seller, buyer)
    flat = moving.reshape((periods * observed.sizes[SOURCE], domain_count))
    width = observed.sizes[SOURCE]
    logits = (
        steady[pair_of]
        + flat[when * width + seller[pair_of]]
        - own[buyer[pair_of]] * flat[when * width + at[buyer[pair_of]]]
        + drift[when]
    )
    _lines(cells, logits, top["concentration"])
    _sizes(observed, of_domain, top)
    _frontier(observed, top, level, moving, capacity)


def _contrasts(
    name: str, known: np.ndarray, half: float, of_domain: np.ndarray, by_domain: np.ndarray,
    spread: Any, dims: tuple[str, str],
) -> Any:
    """Add a table (country, domain) of effects, independent Normal but for zero sums both ways.

    Parameters
    ----------
    known
        How much data bear on each entry (country, domain), and `half`: as much as the prior.
    of_domain, by_domain
        Contrasts of domains and the weights they were ordered by.
    spread
        Standard deviation of the effects.
    """
    by_country = known.sum(axis=1)
    of_country = equations.contrasts(by_country)
    about = known[
        np.ix_(
            np.argsort(-by_country, kind="stable")[1:], np.argsort(-by_domain, kind="stable")[1:]
        )
    ]
    centred = about / (about + half)
    sampled = pm.Normal(name, 0.0, spread**centred, dims=dims)
    return pt.dot(pt.dot(of_country.T, sampled * spread ** (1.0 - centred)), of_domain)


def _habits(lines: np.ndarray, centre: Any, spread: Any) -> Any:
    """Add what each pair trades beyond what its sides explain (pair, domain), log-odds.

    The prior is Normal with the same spread in every domain, so it may be rotated: the common
    level of all domains, of which deliveries say nothing, is left out.
    """
    seller, buyer = np.nonzero(lines.sum(axis=(2, 3)) > 0)
    mine = lines[seller, buyer]
    spells = (mine.sum(axis=2) > 0).sum(axis=1)
    total = mine.sum(axis=(1, 2))
    info = mine.sum(axis=1) / (1.0 + total / spells / 10.0)[:, None]
    weight = info + 1e-6 * lines.sum(axis=(0, 1, 2)) / max(lines.sum(), 1.0)
    basis = np.stack([equations.contrasts(each) for each in weight])
    last = np.argsort(-weight, axis=1, kind="stable")[:, 1:]
    about = np.take_along_axis(info, last, axis=1)
    centred = about / (about + TYPICAL_SPREAD)
    rotated = (basis * centre[:, None, :]).sum(axis=2)
    sampled = pm.Normal(
        "habit_contrast", centred * rotated, spread**centred, dims=("pair", "domain_contrast")
    )
    own = rotated + spread ** (1.0 - centred) * (sampled - centred * rotated)
    return (basis * own[:, :, None]).sum(axis=1)


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


def _sizes(observed: xr.Dataset, of_domain: np.ndarray, top: Mapping[str, Any]) -> None:
    """Add the size of a delivery line by domain and supplier, from each pair's own contrasts.

    Only how lines of one pair and period compare with each other enters, never their sum.
    """
    lines, volume = (observed[n].transpose(*CELL).values for n in ("lines", "volume"))
    seller, rows, values = size_contrasts(lines, volume)
    by_domain = lines.sum(axis=(0, 1, 2))
    common = pm.Normal("size_contrast", 0.0, top["size_level_sd"], dims="domain_contrast")
    common = pt.dot(common, of_domain)
    known = np.zeros((lines.shape[0], lines.shape[3]))
    np.add.at(known, seller, (np.abs(rows) > 0).astype(float))
    own = _contrasts(
        "supplier_size_contrast", known, 5.0, of_domain, by_domain, top["supplier_size_sd"],
        ("seller_contrast", "domain_contrast"),
    )  # fmt: skip
    size = pm.Deterministic("size", common[None] + own, dims=(names.SUPPLIER, names.DOMAIN))
    pm.Normal("sizes", (size[seller] * rows).sum(axis=1), top["line_sd"], observed=values)


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
        for each in equations.contrasts(np.ones(len(at))):
            row = np.zeros(lines.shape[3])
            row[at] = each
            rows.append(row)
            values.append(each @ log_size)
            seller.append(s)
    shape = (len(rows), lines.shape[3])
    return np.array(seller, dtype=int), np.reshape(rows, shape), np.array(values, dtype=float)


def _frontier(
    observed: xr.Dataset, top: Mapping[str, Any], level: Any, moving: Any, capacity: Any
) -> None:
    """Add unit values: a supplier's standing within each class of weapons, by domain and period."""
    seller, domain, when, weapon = (
        observed[f"item_{n}"].values for n in ("supplier", "domain", "period", "class")
    )
    if not len(seller):
        return
    _, weapon = np.unique(weapon, return_inverse=True)
    suppliers, domain_count = observed.sizes[names.SUPPLIER], observed.sizes[names.DOMAIN]
    class_mean = np.bincount(weapon, observed["unit_value"].values) / np.bincount(weapon)
    of_class = pm.Normal("class_level", 0.0, 1.0, dims="class")
    common_step = pm.Normal("unit_step", 0.0, 1.0, dims=(PERIOD, names.DOMAIN))
    common = pt.cumsum(top["unit_walk_sd"] * common_step, axis=0)
    common = common - common.mean(axis=0, keepdims=True)
    spread = top["unit_level_sd"]
    centre = 0.0 if capacity is None else top["unit_capacity"] * (capacity - capacity.mean())
    altogether = pm.Deterministic(
        "unit_level",
        centre + spread * pm.Normal("unit_level_z", 0.0, 1.0, dims=names.SUPPLIER),
        dims=names.SUPPLIER,
    )
    own = pm.Deterministic(
        "unit_own",
        top["unit_own_sd"]
        * pm.Normal("unit_own_z", 0.0, 1.0, dims=(names.SUPPLIER, names.DOMAIN)),
        dims=(names.SUPPLIER, names.DOMAIN),
    )
    strength = (level[None, :suppliers] + moving[:, :suppliers]).reshape((-1,))
    at = (when * suppliers + seller) * domain_count + domain
    expected = (
        top["class_sd"] * of_class[weapon]
        + common.flatten()[when * domain_count + domain]
        + altogether[seller]
        + own.flatten()[seller * domain_count + domain]
        + top["unit_strength"] * strength[at]
    )
    pm.StudentT(
        "unit_values",
        UNIT_VALUE_DF,
        mu=expected,
        sigma=top["unit_sd"],
        observed=observed["unit_value"].values - class_mean[weapon],
    )
