"""What a small world's deliveries are made of, drawn from the domain layer's own priors.

In code of its own, with plain tables that are made to sum to zero where the model samples
contrasts: what PyMC builds is checked against it, not the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from data.names import CLASS_DOMAIN, DOMAINS, RECIPIENT, REST, SUPPLIER, WEAPON_CLASS, YEAR
from models import domains, priors

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
    """Draw the composition of a panel's deliveries.

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
        (period, supplier, domain), `other_strength` (recipient, domain) of those that are no
        suppliers, `size` (supplier, domain), `need`, `demand`, `habit` (supplier, recipient,
        domain), `unit_level`, and every parameter by name.
    """
    years = panel[YEAR].values
    window = years >= domains.names.FIRST_YEAR
    tiv = panel["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR).values[..., window]
    rows, columns, _ = tiv.shape
    period = domains._periods(years[window])
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
    other = one(top["strength_sd"] * normal((columns, count)))
    need = both(top["need_sd"] * normal((columns, count)))
    need = need + walk(top["need_walk_sd"] * both(normal((spells, columns, count))))
    demand = one(top["demand_level_sd"] * normal(count))
    demand = demand + walk(top["demand_walk_sd"] * one(normal((spells, count))))
    habit = one(top["habit_sd"] * normal((rows, columns, count)))
    common = one(top["size_level_sd"] * normal(count))
    size = common + both(top["supplier_size_sd"] * normal((rows, count)))

    codes = [str(s) for s in panel[SUPPLIER].values]
    lines = np.zeros((rows, columns, count, tiv.shape[-1]))
    volume = np.zeros_like(lines)
    for s, r in zip(*np.nonzero(tiv.sum(axis=-1) > 0), strict=True):
        code = str(panel[RECIPIENT].values[r])
        for p in range(spells):
            own = 0.0
            if code in codes and code != REST:
                own = strength[p, codes.index(code)]
            elif code != REST:
                own = other[r]
            logits = strength[p, s] - top["substitution"] * own + need[p, r] + demand[p]
            logits = logits + habit[s, r]
            share = np.exp(logits - logits.max())
            share = rng.dirichlet(np.maximum(top["concentration"] * share / share.sum(), 1e-9))
            noise = top["line_sd"] * normal(count)
            at = np.flatnonzero((period == p) & (tiv[s, r] > 0))
            for y in at:
                mean = np.exp(LINES_LEVEL + LINES_SLOPE * np.log(tiv[s, r, y]))
                lines[s, r, :, y] = rng.multinomial(1 + rng.poisson(mean), share)
            worth = lines[s, r][:, at].sum(axis=1) * np.exp(size[s] + noise)
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
                    noise = top["unit_sd"] * rng.standard_t(domains.UNIT_VALUE_DF)
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
        "strength": strength, "other_strength": other, "size": size, "need": need,
        "demand": demand, "habit": habit, "unit_level": unit_level, "unit_standing": standing,
        "common_size": common,
    }  # fmt: skip
    return out, truth | top


def parameters(
    rng: np.random.Generator, chosen: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Draw every parameter of the layer from its prior."""
    out = {}
    for name, entry in prior().variables.items():
        value = entry["mu"] + entry["sigma"] * rng.standard_normal()
        out[name] = float(np.exp(value)) if entry["family"] == "lognormal" else float(value)
    return out | dict(chosen or {})
