"""A small world whose truth is known, drawn through the model's own equations.

Eight countries, six of them suppliers in effect (five and the rest of the world), 1992 to 2012:
small enough to fit in seconds, whole enough that every part of the model is at work. The truth is
drawn here with numpy from the same priors that a fit starts from, in code of its own: what PyMC
builds is checked against it, not the other way round.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from crossover.data import listings
from crossover.data.books import Book
from crossover.data.names import (
    CHAIN,
    COUNTRY,
    DOMAIN,
    DOMAINS,
    DRAW,
    PANEL_START,
    RECIPIENT,
    REST,
    SUPPLIER,
    YEAR,
)
from crossover.forecast.draws import Arrays
from crossover.models import deal_features, drivers, priors
from crossover.models.inputs import prepare, with_orders
from crossover.models.order_book import ORDER_PERIOD, REMEMBERED, OrderData
from tests import small_domains, small_orders
from tests.small_orders import draw

COUNTRIES = ("USA", "RUS", "CHN", "FRA", "UKR", "IND", "VNM", "POL")
SUPPLIERS = (*COUNTRIES[:5], REST)
RECIPIENTS = (*COUNTRIES, REST)
YEARS = np.arange(PANEL_START, 2013)
ORIGIN = int(YEARS[-1])
SEED = int(os.environ.get("CROSSOVER_TEST_SEED", "1"))
"""Of every fit in the fast lane: whatever it is, each test must pass."""
SHORT = {"seed": SEED, "draws": 200, "tune": 250, "chains": 2}
OVERLAY = Path(__file__).with_name("small_priors.toml")
"""Priors under which a world of five suppliers trades about as much as the real one does."""

GDP = (9e12, 2e12, 2e12, 1.6e12, 4e11, 1.4e12, 1e11, 3.5e11)
GROWTH = (0.025, 0.01, 0.09, 0.015, -0.01, 0.06, 0.06, 0.035)
RD = (2.6, 1.0, 0.6, 2.2, 1.0, 0.7, 0.2, 0.6)
RD_GROWTH = (0.0, 0.0, 0.06, 0.0, -0.03, 0.01, 0.02, 0.02)
ARMS = (0.05, 0.05, 0.02, 0.03, 0.025, 0.03, 0.03, 0.025)
PEOPLE = (2.4e8, 1.45e8, 1.05e9, 5.6e7, 5.1e7, 7.8e8, 6e7, 3.7e7)
POINTS = (2.5, 0.3, -0.8, 1.5, 0.4, -0.7, -1.2, 0.9)
POSITIONS = np.array(
    [(0, 0), (78, 20), (112, 60), (61, 5), (78, 12), (120, 25), (133, 55), (71, 9)], float
)
"""Places on a flat map, hundreds of kilometres."""


@dataclass(frozen=True)
class World:
    """A panel, the arrays a fit makes of it, and the one draw of everything it came from.

    `parts` is the truth of the domain layer, as from `small_domains.add`; `placed` are all orders,
    and `life` what became of them, whether or not a register has them.
    """

    panel: xr.Dataset
    inputs: xr.Dataset
    orders: OrderData
    truth: Arrays
    priors: priors.Priors
    parts: dict[str, np.ndarray]
    placed: small_orders.Orders
    life: small_orders.Life


def small_priors() -> priors.Priors:
    """Return the default priors with those of the small world laid over them."""
    return priors.load(OVERLAY)


def world(seed: int, chosen: Mapping[str, float] | None = None) -> World:
    """Draw a world from the priors.

    Parameters
    ----------
    seed
        Of everything.
    chosen
        Values of top-level parameters that are set instead of drawn.
    """
    rng = np.random.default_rng(seed)
    prior = small_priors()
    panel = bare_panel(rng)
    inputs = prepare(panel, prior)
    truth = draw(inputs, prior, rng, chosen)
    placed = small_orders.place(inputs, truth, rng)
    orders = small_orders.orders(inputs, truth, placed, rng)
    life = small_orders.live(inputs, truth, orders, rng)
    panel = with_deliveries(panel, small_orders.delivered(inputs, orders, life))
    panel, parts = small_domains.add(panel, np.random.default_rng([seed, 1]))
    panel = with_books(panel, small_orders.books(inputs, orders, life))
    return World(panel, *with_orders(panel, prior), truth, prior, parts, orders, life)


def with_books(panel: xr.Dataset, found: Sequence[Book]) -> xr.Dataset:
    """Return the panel with these order books and no others."""
    bare = panel.drop_dims([listings.LISTING, listings.BOOK], errors="ignore")
    return listings.attach(bare, found)


def bare_panel(rng: np.random.Generator) -> xr.Dataset:
    """Return a panel with order books, in which nothing is ever ordered or delivered."""
    n, years = len(COUNTRIES), len(YEARS)

    def path(start: tuple, growth: tuple, sd: float) -> np.ndarray:
        shocks = sd * rng.standard_t(5, (n, years))
        return np.array(start)[:, None] * np.exp(
            np.cumsum(np.array(growth)[:, None] + shocks, axis=1)
        )

    gdp = path(GDP, GROWTH, 0.02)
    share = path(RD, RD_GROWTH, 0.05)
    milex = path(ARMS, (0.0,) * n, 0.06) * gdp / 1e6
    rd_share = np.where(rng.random(share.shape) < 0.15, np.nan, share)
    gdp_seen = np.where(YEARS < 1988, np.nan, gdp)
    people = np.array(PEOPLE)[:, None] * np.exp(0.01 * (YEARS - YEARS[0]))
    points = np.array(POINTS)[:, None] + np.cumsum(0.1 * rng.standard_t(5, (n, years)), axis=1)

    axes = {
        COUNTRY: list(COUNTRIES),
        SUPPLIER: list(SUPPLIERS),
        RECIPIENT: list(RECIPIENTS),
        DOMAIN: list(DOMAINS),
        YEAR: YEARS,
    }
    out = xr.Dataset(coords={dim: (dim, labels) for dim, labels in axes.items()})
    own, cell = (COUNTRY, YEAR), (SUPPLIER, RECIPIENT, YEAR)
    shape = (len(SUPPLIERS), len(RECIPIENTS), years)
    out["rd_share"] = (own, rd_share)
    out["rd_share_age"] = (own, np.where(np.isnan(rd_share), np.nan, ORIGIN + 1.3 - YEARS))
    out["gdp"], out["milex"] = (own, gdp_seen), (own, milex)
    out["population"], out["ideal_point"] = (own, people), (own, points)
    out["researchers"] = (own, np.full((n, years), np.nan))
    out["exports_total"] = (own, np.full((n, years), np.nan))
    out["exports_total"].values[COUNTRIES.index("POL"), YEARS >= 1995] = 4.0
    out["milex_rest"] = (YEAR, np.where(YEARS < 1992, np.nan, 3e5 * 1.01 ** (YEARS - 1992)))
    out["tiv"] = (cell, np.zeros(shape))
    for name in ("ordered_tiv", "delivered_tiv"):
        out[name] = (cell, np.zeros(shape))
    out["tiv_domain"] = ((*cell[:2], DOMAIN, YEAR), np.zeros((*shape[:2], len(DOMAINS), years)))
    out["n_lines"] = out["tiv_domain"].copy()
    war, embargo, ally = np.zeros((shape[0], years)), np.zeros(shape), np.zeros(shape)
    war[1, YEARS >= 2008] = 1.0
    war[4, (YEARS >= 1996) & (YEARS <= 2003)] = 1.0
    war[3, (YEARS >= 2000) & (YEARS <= 2004)] = 1.0
    embargo[np.ix_([0, 3], [2], YEARS >= 1989)] = 1.0
    embargo[np.ix_([0], [6], YEARS <= 2005)] = 1.0
    ally[np.ix_([0, 3], [0, 3], np.ones(years, bool))] = 1.0
    ally[np.ix_([0, 3], [7], YEARS >= 1999)] = 1.0
    ally[[0, 3], [0, 3]] = 0.0
    legacy = np.zeros(shape[:2])
    legacy[np.ix_([1, 4], [1, 2, 4, 5, 6, 7])] = 1.0
    km = np.full(shape[:2], np.nan)
    km[:5, :8] = 100.0 * np.hypot(*(POSITIONS[:5, None] - POSITIONS[None]).transpose(2, 0, 1))
    out["war"], out["embargo"], out["ally"] = ((SUPPLIER, YEAR), war), (cell, embargo), (cell, ally)
    out["soviet_legacy"], out["distance_km"] = (cell[:2], legacy), (cell[:2], km)
    for name, (units, words) in WORDS.items():
        out[name].attrs = {"units": units, "long_name": words, "source": "simulated"}
    out.attrs = {
        "as_of": "",
        "country_names": json.dumps({code: code for code in RECIPIENTS}),
        "vintages": json.dumps({"transfers/deliveries": "2013-03-01"}),
        "assumed_share": json.dumps({"tiv": 0.0}),
        "sources": json.dumps([]),
    }
    return with_books(out, small_orders.no_books(ORIGIN))


WORDS = {
    "rd_share": ("% of GDP", "Gross domestic expenditure on R&D"),
    "rd_share_age": ("years", "Years from the end of the data year to the release of the figure"),
    "gdp": ("constant 2021 international $", "GDP at purchasing power parity"),
    "milex": ("constant 2023 US$ million", "Military expenditure"),
    "milex_rest": ("constant 2023 US$ million", "Military expenditure of the rest of the world"),
    "population": ("persons", "Population"),
    "researchers": ("per million people", "Researchers in R&D"),
    "exports_total": ("TIV million", "Total exports of major arms"),
    "ideal_point": ("1", "Ideal point in the UN General Assembly"),
    "tiv": ("TIV million", "Deliveries of major arms"),
    "tiv_domain": ("TIV million", "Deliveries of major arms by technology domain"),
    "n_lines": ("lines", "Delivery lines"),
    "ordered_tiv": ("TIV million", "Major arms ordered in the year"),
    "delivered_tiv": ("TIV million", "Of the arms ordered in the year, delivered since"),
    "war": ("1", "Supplier at war"),
    "embargo": ("1", "Supplier bound not to deliver to the recipient"),
    "ally": ("1", "Members of a common defence pact"),
    "soviet_legacy": ("1", "Heir of Soviet arms industry, forces built on Soviet arms"),
    "distance_km": ("km", "Distance between capitals"),
}


def with_deliveries(panel: xr.Dataset, tiv: np.ndarray) -> xr.Dataset:
    """Return the panel with deliveries (supplier, recipient, window year) in it."""
    out = panel.copy(deep=True)
    first = panel.sizes[YEAR] - tiv.shape[-1]
    out["tiv"].values[..., first:] = tiv
    out["tiv_domain"].values[:, :, 0, first:] = tiv
    out["n_lines"].values[:, :, 0, first:] = tiv > 0
    return out


LATENT_DIMS = {
    "parameters": ("parameter",),
    "rd_within_z": (SUPPLIER,),
    "supplier_level": (SUPPLIER,),
    "supplier_capacity": (SUPPLIER, YEAR),
    "capacity_walk": (SUPPLIER, ORDER_PERIOD),
    "affinity": (SUPPLIER, RECIPIENT),
    "demand_level": (RECIPIENT,),
    "demand_walk": (RECIPIENT, ORDER_PERIOD),
    "demand_period": (RECIPIENT, ORDER_PERIOD),
    "chance": ("chance_feature",),
    "gone": ("gone_feature",),
    "whole": ("whole_feature",),
    "share": ("share_feature",),
    "share_spread": ("spread_feature",),
    "wait": ("wait_feature",),
    "known": ("known_feature",),
    "chance_domain": (DOMAIN,),
    "chance_supplier": (SUPPLIER,),
    "chance_recipient": (RECIPIENT,),
    "chance_world": ("outcome_year",),
    "chance_supplier_shock": (SUPPLIER, "outcome_year"),
    "chance_recipient_shock": (RECIPIENT, "outcome_year"),
    "wait_domain": (DOMAIN,),
    "size_level": (DOMAIN,),
    "size_mean": (SUPPLIER, DOMAIN),
    "size_recipient": (RECIPIENT,),
    "units_domain": (DOMAIN,),
    "world_change": ("worldly", "change_year"),
    "log_shock": ("driver", COUNTRY),
}


def posterior(
    inputs: xr.Dataset, prior: priors.Priors, draws: list[Arrays], chains: int = 1
) -> xr.Dataset:
    """Put draws in the shape in which a fit keeps them (chain, draw, ...), single precision."""
    each = len(draws) // chains
    data = {}
    for name, dims in LATENT_DIMS.items():
        values = np.concatenate([one[name] for one in draws]).astype(np.float32)
        data[name] = ((CHAIN, DRAW, *dims), values.reshape(chains, each, *values.shape[1:]))
    origin = int(inputs.attrs["origin"])
    coords = {dim: inputs[dim].values for dim in (COUNTRY, SUPPLIER, YEAR)}
    coords |= {RECIPIENT: np.asarray(inputs[RECIPIENT].values, dtype=str), DOMAIN: list(DOMAINS)}
    coords |= {"parameter": priors.order(prior), "driver": list(drivers.DRIVERS)}
    coords |= {"worldly": list(drivers.WORLDLY), "change_year": small_orders.change_years(inputs)}
    coords |= {ORDER_PERIOD: inputs[ORDER_PERIOD].values[REMEMBERED:]}
    coords |= {"outcome_year": np.arange(origin - small_orders.KNOWN_YEARS, origin) + 1}
    coords |= {
        f"{name}_feature": list(getattr(deal_features, name.upper()))
        for name in ("chance", "gone", "whole", "share", "spread", "wait", "known")
    }
    coords |= {CHAIN: np.arange(chains), DRAW: np.arange(each)}
    return xr.Dataset(data, coords=coords)


def tree(of: World, *, draws: int = 40, chains: int = 2, seed: int = 7) -> xr.DataTree:
    """Return prior draws as if they were a fit to the world: what follows a fit, without one."""
    from crossover.forecast.fit import storable

    rng = np.random.default_rng(seed)
    drawn = [draw(of.inputs, of.priors, rng) for _ in range(draws * chains)]
    return xr.DataTree.from_dict(
        {
            "posterior": posterior(of.inputs, of.priors, drawn, chains),
            "constant_data": storable(of.inputs),
        }
    )
