"""Orders by domain as the domain layer counts them: cells, sizes and unit values."""

from __future__ import annotations

import numpy as np
import xarray as xr

from crossover.data import names
from crossover.data.listings import LISTING
from crossover.models.domain_contrasts import (
    CELL,
    PERIOD,
    PERIOD_YEARS,
    habit_contrasts,
    traded_pairs,
)
from crossover.models.priors import Priors


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
    seller, buyer = traded_pairs(orders * able)
    pair, _, _ = habit_contrasts(orders * able, seller, buyer)
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
