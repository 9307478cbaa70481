"""Names, dims and units of simulated futures, and the orders of the markets both could win."""

from __future__ import annotations

import numpy as np
import xarray as xr

from crossover.data.names import (
    CONTESTED_YEARS,
    CONVENTION,
    COUNTRY,
    DRAW,
    MARKET,
    RECIPIENT,
    REST,
    SCENARIO,
    SELLER,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions, shifts
from crossover.forecast.draws import Arrays
from crossover.models.market import CELL
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED

AHEAD = (DRAW, SCENARIO, YEAR_FUTURE)
BY_COUNTRY = (DRAW, SCENARIO, COUNTRY, YEAR_FUTURE)
DIMS = dict.fromkeys(("theta", "rd_share", "rd_stock", "gdp", "milex"), BY_COUNTRY) | {
    "exports": (DRAW, SCENARIO, SUPPLIER, YEAR_FUTURE),
    "contested": (DRAW, SCENARIO, SUPPLIER, YEAR_FUTURE),
    "offer": (DRAW, SCENARIO, SELLER, YEAR_FUTURE),
    "offer_past": (DRAW, SELLER, YEAR),
    "theta_past": (DRAW, COUNTRY, YEAR),
    "orders_past": (DRAW, ORDER_PERIOD),
    "import_share_past": (DRAW, YEAR),
    conventions.SHIFT: (DRAW, CONVENTION),
    "from_book": (DRAW, YEAR_FUTURE),
    "from_unlisted": (DRAW, YEAR_FUTURE),
    "by_seller": (DRAW, SELLER, YEAR_FUTURE),
}
"""Dims of what is simulated, where they are not `AHEAD`."""


def contested(inputs: xr.Dataset, pair: tuple[str, str]) -> np.ndarray:
    """Return the positions of recipients that ordered from both of late, no part of the pair.

    See `data.names.CONTESTED_YEARS`; the rest of the world is no market. None where one of the two
    is no supplier of the sample.
    """
    buyers = inputs[RECIPIENT].values
    if not set(pair) <= set(inputs[SUPPLIER].values):
        return np.array([], dtype=int)
    placed = recent_orders(inputs).sel({SUPPLIER: list(pair)}).transpose(SUPPLIER, RECIPIENT)
    both = (placed.values > 0).all(axis=0) & ~np.isin(buyers, [*pair, REST])
    return np.flatnonzero(both)


def recent_orders(inputs: xr.Dataset) -> xr.DataArray:
    """Return the orders that are listed of the last `CONTESTED_YEARS` (supplier, recipient)."""
    last = inputs["placed"].isel({ORDER_PERIOD: slice(-(CONTESTED_YEARS // PERIOD), None)})
    return last.sum(ORDER_PERIOD)


def label(
    drawn: Arrays,
    scenarios: list[str],
    chosen: list[str],
    inputs: xr.Dataset,
    pair: tuple[str, str],
    origin: int,
    horizon: int,
    chains: int,
) -> xr.Dataset:
    """Give names and dims to what was simulated, and put what was observed beside it."""
    sellers, buyers = ([str(c) for c in inputs[d].values] for d in (SUPPLIER, RECIPIENT))
    kept = [code for code in pair if code in sellers]
    of_kept = [sellers.index(code) for code in kept]
    data = {name: (DIMS.get(name, AHEAD), values) for name, values in drawn.items()}
    years = inputs[YEAR].values
    efforts = inputs[["log_rd_stock", "gdp", "milex"]].rename(year_effort=YEAR)
    efforts = efforts.sel({COUNTRY: list(pair), YEAR: years}).transpose(COUNTRY, YEAR)
    by_year = (COUNTRY, YEAR)
    data["rd_stock_past"] = (by_year, np.exp(efforts["log_rd_stock"].values))
    for name in ("gdp", "milex"):
        data[f"{name}_past"] = (by_year, efforts[name].values)
    tiv = inputs["deliveries"].transpose(*(*CELL, YEAR)).values
    sold, bought = sellers.index(pair[0]), buyers.index(pair[1])
    data["deliveries_observed"] = (YEAR, tiv[sold, bought])
    data["imports_observed"] = ((RECIPIENT, YEAR), tiv[:, [bought]].sum(axis=0))
    data["exports_observed"] = ((SUPPLIER, YEAR), tiv[of_kept].sum(axis=1))
    placed = inputs["placed"].isel({ORDER_PERIOD: slice(REMEMBERED, None)})
    placed = placed.transpose(*CELL, ORDER_PERIOD)
    war = inputs["war"].transpose(SUPPLIER, YEAR).values
    data[conventions.WARS_PAST] = (YEAR, shifts.wars(war, sellers, pair))
    data["orders_observed"] = (ORDER_PERIOD, placed.values[sold, bought])
    markets = contested(inputs, pair)
    if len(markets):
        recent = recent_orders(inputs).sel({SUPPLIER: kept}).transpose(SUPPLIER, RECIPIENT)
        data["contested_placed"] = ((SUPPLIER, MARKET), recent.values[:, markets])
    units = {name: {"units": unit, "long_name": words} for name, (unit, words) in UNITS.items()}
    return xr.Dataset(
        {name: (*held, units[name]) if name in units else held for name, held in data.items()},
        coords={
            DRAW: np.arange(len(drawn["deliveries"])),
            SCENARIO: scenarios,
            CONVENTION: chosen,
            COUNTRY: list(pair),
            SUPPLIER: kept,
            SELLER: sellers,
            RECIPIENT: [pair[1]],
            **({MARKET: np.array(buyers)[markets]} if len(markets) else {}),
            YEAR: years,
            YEAR_FUTURE: np.arange(origin + 1, horizon + 1),
            ORDER_PERIOD: placed[ORDER_PERIOD].values,
        },
        attrs={
            "supplier": pair[0],
            "recipient": pair[1],
            "origin": origin,
            "chains": chains,
        },
    )

UNITS = {
    conventions.SHIFT: ("log-odds", "What a convention adds to the gap of capacity"),
    conventions.WARS: ("1", "War of the recipient less that of the supplier"),
    conventions.WARS_PAST: ("1", "War of the recipient less that of the supplier, past"),
    "theta": ("log-odds", "Latent capacity"),
    "theta_past": ("log-odds", "Latent capacity, past"),
    "rd_share": ("% of GDP", "R&D expenditure"),
    "rd_stock": ("constant international $", "R&D stock"),
    "rd_stock_past": ("constant international $", "R&D stock, past"),
    "gdp": ("constant international $", "GDP at purchasing-power parities"),
    "gdp_past": ("constant international $", "GDP at purchasing-power parities, past"),
    "milex": ("constant US$ million", "Military expenditure"),
    "milex_past": ("constant US$ million", "Military expenditure, past"),
    "offer": ("1", "Log of each supplier's expected share of the recipient's orders"),
    "offer_past": ("1", "Log of each supplier's expected share of the recipient's orders, past"),
    "deliveries": ("TIV million", "Deliveries from supplier to recipient"),
    "from_book": ("TIV million", "Deliveries of open deals of the register, baseline"),
    "from_unlisted": ("TIV million", "Deliveries of orders not listed yet, baseline"),
    "by_seller": ("TIV million", "Deliveries to the recipient, baseline"),
    "ordered": ("TIV million", "Orders of the recipient from the supplier"),
    "orders_past": ("orders", "Orders that the register lists, as predicted"),
    "orders_observed": ("orders", "Orders that the register lists"),
    "imports": ("TIV million", "The recipient's arms imports"),
    "exports": ("TIV million", "Total arms exports"),
    "contested": ("TIV million", "Orders won in markets that either country could win"),
    "contested_placed": ("orders", "Orders listed of late in those markets"),
    "import_share": ("1", "Supplier's expected share of the recipient's orders"),
    "import_share_past": ("1", "Supplier's expected share of the recipient's orders, past"),
    "deliveries_observed": ("TIV million", "Deliveries from supplier to recipient, observed"),
    "imports_observed": ("TIV million", "The recipient's arms imports, observed"),
    "exports_observed": ("TIV million", "Total arms exports, observed"),
}
