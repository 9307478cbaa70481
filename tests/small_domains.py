"""What a small world's orders are made of, drawn from the domain layer's own priors.

In code of its own, with plain tables that are made to sum to zero where the model samples
contrasts: what PyMC builds is checked against it, not the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from crossover.data.names import (
    CLASS_DOMAIN,
    DOMAINS,
    FIRST_YEAR,
    RECIPIENT,
    REST,
    SUPPLIER,
    WEAPON_CLASS,
    YEAR,
)
from crossover.models import domain_data, domains, priors
from crossover.models.domain_likelihood import UNIT_VALUE_DF

CLASSES = tuple(f"{domain} {kind}" for domain in DOMAINS for kind in ("light", "heavy"))
LINES_LEVEL, LINES_SLOPE = -0.2, 0.45
"""Log of the expected number of lines beyond the first in a pair's year, by log TIV."""
UNIT_VALUE_SHARE = 0.5
"""How many of the classes a supplier exports in a period."""


def prior() -> priors.Priors:
    """Return the default priors of the domain layer."""
    return priors.load(default=domains.PRIORS_FILE)


def add(
    panel: xr.Dataset, rng: np.random.Generator, chosen: Mapping[str, float] | None = None
) -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    """Draw effects of the layer, the composition of a panel's deliveries, and unit values.

    Parameters
    ----------
    panel
        With `tiv` (supplier, recipient, year).
    rng
        Of everything.
    chosen
        Values of parameters that are set instead of drawn.

    Returns
    -------
    tuple
        The panel with `n_lines`, `tiv_domain` and `unit_value`, and the truth: `strength`
        (period, supplier, domain), `size` (supplier, domain), `need` (recipient, domain), `demand`,
        `habit` (supplier, recipient, domain), `share` (supplier, recipient, period,
        domain): what a pair would order without noise, `unit_level`, and every parameter by name.
    """
    years = panel[YEAR].values
    window = years >= FIRST_YEAR
    tiv = panel["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR).values[..., window]
    rows, columns, _ = tiv.shape
    period = domain_data._periods(years[window])
    spells, count = int(period.max()) + 1, len(DOMAINS)
    top = parameters(rng, chosen)
    normal = rng.standard_normal

    def both(values: np.ndarray) -> np.ndarray:
        values = values - values.mean(axis=-1, keepdims=True)
        return values - values.mean(axis=-2, keepdims=True)

    def one(values: np.ndarray) -> np.ndarray:
        return values - values.mean(axis=-1, keepdims=True)

    def walk(steps: np.ndarray) -> np.ndarray:
        path = np.cumsum(steps, axis=0)
        return path - path.mean(axis=0)

    level = both(top["strength_sd"] * normal((rows, count)))
    strength = level + walk(top["strength_walk_sd"] * both(normal((spells, rows, count))))
    need = both(top["need_sd"] * normal((columns, count)))
    demand = one(top["demand_level_sd"] * normal(count))
    demand = demand + walk(top["demand_walk_sd"] * one(normal((spells, count))))
    habit = one(top["habit_sd"] * normal((rows, columns, count)))
    common = one(top["size_level_sd"] * normal(count))
    size = common + both(top["supplier_size_sd"] * normal((rows, count)))
    size_sd = top["order_sd"] * np.exp(one(top["spread_sd"] * normal(count)))

    codes = [str(s) for s in panel[SUPPLIER].values]
    buyers = [str(r) for r in panel[RECIPIENT].values]
    shares = np.zeros((rows, columns, spells, count))
    for s, r, p in np.ndindex(*shares.shape[:3]):
        logits = strength[p, s] + need[r] + demand[p] + habit[s, r]
        if buyers[r] in codes and buyers[r] != REST:
            logits = logits - top["substitution"] * strength[p, codes.index(buyers[r])]
        shares[s, r, p] = np.exp(logits - logits.max())
    shares /= shares.sum(axis=-1, keepdims=True)
    lines = np.zeros((rows, columns, count, tiv.shape[-1]))
    volume = np.zeros_like(lines)
    for s, r in zip(*np.nonzero(tiv.sum(axis=-1) > 0), strict=True):
        for p in range(spells):
            share = _mixed(shares[s, r, p], top, rng)
            shared = _shared(size_sd, top, rng)
            at = np.flatnonzero((period == p) & (tiv[s, r] > 0))
            for y in at:
                mean = np.exp(LINES_LEVEL + LINES_SLOPE * np.log(tiv[s, r, y]))
                lines[s, r, :, y] = rng.multinomial(1 + rng.poisson(mean), share)
            worth = lines[s, r][:, at].sum(axis=1) * np.exp(size[s] + shared)
            if len(at):
                volume[s, r][:, at] = tiv[s, r, at] * (worth / worth.sum())[:, None]

    out = panel.copy()
    shape = panel["n_lines"].transpose(SUPPLIER, RECIPIENT, "domain", YEAR)
    for name, values in (("n_lines", lines), ("tiv_domain", volume)):
        whole = np.zeros(shape.shape)
        whole[..., window] = values
        out[name] = (shape.dims, whole, panel[name].attrs)

    unit_level = top["unit_level_sd"] * normal(rows)
    standing = (
        unit_level[:, None]
        + top["unit_strength"] * level
        + top["unit_own_sd"] * normal((rows, count))
    )
    drift = walk(top["unit_walk_sd"] * normal((spells, count)))
    of_class = top["class_sd"] * normal(len(CLASSES))
    value = np.full((rows, len(CLASSES), len(years)), np.nan)
    for s in range(rows):
        if codes[s] == REST:
            continue
        for c, name in enumerate(CLASSES):
            d = DOMAINS.index(name.split()[0])
            for p in range(spells):
                if rng.random() < UNIT_VALUE_SHARE:
                    y = np.flatnonzero(window)[np.flatnonzero(period == p)[0]]
                    moved = top["unit_strength"] * (strength[p, s, d] - level[s, d])
                    noise = top["unit_sd"] * rng.standard_t(UNIT_VALUE_DF)
                    mean = of_class[c] + drift[p, d] + standing[s, d] + moved
                    value[s, c, y] = np.exp(mean + noise)
    out["unit_value"] = ((SUPPLIER, WEAPON_CLASS, YEAR), value)
    out = out.assign_coords(
        {
            WEAPON_CLASS: np.array(CLASSES),
            CLASS_DOMAIN: (WEAPON_CLASS, np.array([c.split()[0] for c in CLASSES])),
        }
    )
    truth = {
        "strength": strength, "size": size, "size_sd": size_sd, "need": need, "demand": demand,
        "habit": habit, "share": shares, "unit_level": unit_level, "unit_standing": standing,
        "common_size": common,
    }  # fmt: skip
    return out, truth | top


def _mixed(share: np.ndarray, top: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Draw the composition of a pair's period about what is expected of it (domain)."""
    return rng.dirichlet(np.maximum(top["concentration"] * share, 1e-9))


def _shared(
    size_sd: np.ndarray, top: Mapping[str, float], rng: np.random.Generator
) -> np.ndarray:
    """Draw what sizes of orders of a pair's period have in common, log, of mean one (domain)."""
    part = size_sd**2 * top["orders_alike"] / (1.0 + top["orders_alike"])
    return np.sqrt(part) * rng.standard_normal(len(size_sd)) - part / 2.0


def ordered(panel: xr.Dataset, parts: Mapping[str, np.ndarray], seed: int) -> xr.Dataset:
    """Return a panel with order books whose deals have domains and sizes of the layer's own.

    Parameters
    ----------
    panel
        With order books, of the world of `parts`.
    parts
        As from `add`.
    seed
        Of compositions and sizes, which orders of one pair and period share.
    """
    rng, years = np.random.default_rng(seed), panel[YEAR].values
    years = years[years >= FIRST_YEAR]
    period = domain_data._periods(years)
    out = panel.copy()
    deal, seller, buyer, year = (
        panel[f"listing_{name}"].values for name in ("deal", "supplier", "recipient", "order_year")
    )
    domain, worth = panel["listing_domain"].values.copy(), panel["listing_ordered"].values.copy()
    count = len(DOMAINS)
    for s, r, p in np.ndindex(*parts["share"].shape[:3]):
        share = _mixed(parts["share"][s, r, p], parts, rng)
        shared = parts["size"][s] + _shared(parts["size_sd"], parts, rng)
        own = parts["size_sd"] ** 2 / (1.0 + parts["orders_alike"])
        mine = (seller == s) & (buyer == r) & np.isin(year, years[period == p])
        for each in np.unique(deal[mine]):
            domain[mine & (deal == each)] = at = rng.choice(count, p=share)
            noise = np.sqrt(own[at]) * rng.standard_normal() - own[at] / 2.0
            worth[mine & (deal == each)] = np.exp(shared[at] + noise)
    out["listing_domain"] = (panel["listing_domain"].dims, domain)
    out["listing_ordered"] = (panel["listing_ordered"].dims, worth)
    return out


def parameters(
    rng: np.random.Generator, chosen: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Draw every parameter of the layer from its prior."""
    out = {}
    for name, entry in prior().variables.items():
        value = entry["mu"] + entry["sigma"] * rng.standard_normal()
        out[name] = float(np.exp(value)) if entry["family"] == "lognormal" else float(value)
    return out | dict(chosen or {})
