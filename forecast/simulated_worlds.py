"""Small worlds drawn from the priors: orders, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special

from crossover.data.names import COUNTRY, RECIPIENT, REST, SUPPLIER
from crossover.data.tables import Panel
from crossover.forecast import market
from crossover.forecast.draws import Arrays
from crossover.forecast.past_forecasts import variant
from crossover.models import deal_features, delivery
from crossover.models.inputs import with_orders
from crossover.models.market import CELL
from crossover.models.order_book import ORDER_PERIOD, REMEMBERED, RUNNING, OrderData
from crossover.models.priors import Priors, load, order

# A small world of real countries: large enough that every part of the model is at work.
SMALL_SUPPLIERS = ("USA", "RUS", "CHN", "FRA", "UKR", REST)
SMALL_RECIPIENTS = ("USA", "RUS", "CHN", "FRA", "UKR", "IND", "VNM", "POL", REST)
SMALL_LAST = 2021
SMALL_PRIORS: Mapping[str, Mapping[str, float]] = {
    "capacity_sd": {"mu": -0.5, "sigma": 0.3},
    "affinity_sd": {"mu": -0.5, "sigma": 0.3},
    "rd_between": {"sigma": 0.25},
    "mil_between": {"sigma": 0.25},
}
"""Priors under which no supplier of six has the market to itself."""
SMALL_PAIR = ("RUS", "CHN")


def small_panel(folder: Panel = None) -> xr.Dataset:
    """Return a panel of a few real countries to 2021, whose orders are to be simulated."""
    from crossover.forecast.real_time import seen

    known = seen(SMALL_LAST, folder)
    codes = {SUPPLIER: SMALL_SUPPLIERS, RECIPIENT: SMALL_RECIPIENTS}
    for dim, kept in codes.items():
        own = [str(code) for code in known[dim].values]
        to = np.array([kept.index(c) if c in kept else kept.index(REST) for c in own])
        name = f"listing_{dim}"
        known[name] = known[name].copy(data=to[known[name].values])
    countries = [c for c in SMALL_RECIPIENTS if c != REST]
    return known.sel({COUNTRY: countries, **{dim: list(kept) for dim, kept in codes.items()}})


def small_priors(path: Path | None = None) -> Priors:
    """Return the priors of the small world."""
    return variant(load(path), SMALL_PRIORS)


class SmallWorld(NamedTuple):
    """A world that was drawn: inputs with its orders, what its deals did, and the truth."""

    inputs: xr.Dataset
    orders: OrderData
    truth: Arrays


def one_world(panel: xr.Dataset, given: Priors, *, seed: int) -> SmallWorld:
    """Draw a truth from the priors of market and delivery, and what it brings about.

    R&D, GDP, spending and votes are covariates, as are the ages, sizes and states of deals: they
    are as observed in every simulated world. Orders are drawn period by period, since each
    remembers those before it.
    """
    import pymc as pm

    from crossover.forecast.fit import parts

    inputs, orders = with_orders(panel, given)
    rng = np.random.default_rng(seed)
    truth: Arrays = {}
    models = parts(inputs, orders, given)
    for name in ("market", "delivery"):
        model = models[name]
        names = [v.name for v in model.free_RVs + model.deterministics]
        drawn = pm.draw([model[n] for n in names], random_seed=rng.integers(2**31))
        values = dict(zip(names, drawn, strict=True))
        top = dict(zip(order(given.part(name)), values.pop("parameters"), strict=True))
        values.pop("standard")
        truth |= {n: np.asarray(v)[None] for n, v in (values | top).items()}
    truth["parameters"] = np.zeros((1, 0))
    inputs = inputs.assign(placed=_orders_of(inputs, truth, rng))
    return SmallWorld(inputs, _deals_of(orders, truth, rng), truth)


def _orders_of(inputs: xr.Dataset, truth: Arrays, rng: np.random.Generator) -> xr.DataArray:
    placed = inputs["placed"].transpose(*CELL, ORDER_PERIOD).copy(deep=True)
    able = inputs["possible"].transpose(*CELL).values.astype(bool)
    for at in range(REMEMBERED, placed.sizes[ORDER_PERIOD]):
        rate, _ = market.past(truth, inputs.assign(placed=placed))
        exposure = inputs["order_exposure"].values[[at]]
        drawn = market.draw_orders(truth, rate[..., [at - REMEMBERED]], exposure, rng)
        placed.values[..., at] = drawn[0, ..., 0] * able
    return placed


def _deals_of(orders: OrderData, truth: Arrays, rng: np.random.Generator) -> OrderData:
    """Return what deals did anew, given what they were like, by a truth of one draw."""
    t = {name: values[0] for name, values in truth.items()}

    def happens(logit: np.ndarray) -> np.ndarray:
        return rng.random(len(logit)) < special.expit(logit)

    f = orders.followed.copy()
    table = _features("chance", f, "state", "age", "left", "since")
    year = f["year"].values - f["year"].min()
    eta = table @ t["chance"] + t["chance_world"][year]
    for dim in ("domain", SUPPLIER, RECIPIENT):
        eta = eta + t[f"chance_{dim}"][f[dim].values]
    for dim in (SUPPLIER, RECIPIENT):
        eta = eta + t[f"chance_{dim}_shock"][f[dim].values, year]
    f["any"] = happens(eta)
    # What is gone is gone in all of its rows: the last one of a span decides.
    leaves = -f["span"].values * np.logaddexp(0.0, _features("gone", f, "state", "age") @ t["gone"])
    f["gone"] = np.where(f["ending"], rng.random(len(f)) < -np.expm1(leaves), False)
    f["tiv"] = np.where(f["any"], _amounts_of(f, t, rng), 0.0)
    w, k, s = orders.waits.copy(), orders.listed.copy(), orders.sizes.copy()
    w["log_tiv"], k["log_tiv"] = (delivery.in_classes(d["log_tiv"].values) for d in (w, k))
    w["first"] = happens(
        _features("wait", w, "age", "log_tiv") @ t["wait"] + t["wait_domain"][w["domain"].values]
    )
    k["known"] = happens(_features("known", k, "age", "begun", "log_tiv") @ t["known"])
    noise = rng.standard_normal((2, len(s)))
    mean = t["size_mean"][s["supplier"].values, s["domain"].values]
    s["log_tiv"] = mean + t["size_recipient"][s["recipient"].values] + t["size_sd"] * noise[0]
    more = t["units_size"] * (s["log_tiv"] - deal_features.MIDDLE)
    units = t["units_domain"][s["domain"].values] + more + t["units_sd"] * noise[1]
    s["log_units"] = np.where(units <= delivery.ONE_UNIT, 0.0, units)
    return orders._replace(followed=f, waits=w, listed=k, sizes=s)


def _features(name: str, rows: pd.DataFrame, *columns: str) -> np.ndarray:
    width = len(getattr(deal_features, name.upper()))
    fill = getattr(deal_features, name)
    return deal_features.table(fill, width, *(rows[column].values for column in columns))


def _amounts_of(f: pd.DataFrame, t: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Draw what deals deliver in years in which they do, TIV million."""
    table = _features("whole", f, "state", "age", "left", "units_left", "delivered", "times")
    whole = rng.random(len(f)) < special.expit(table @ t["whole"])
    noise = rng.standard_normal((2, len(f)))
    sd = np.exp(table[:, deal_features.SPREAD_AT] @ t["share_spread"])
    # What is cut is cut a little beyond where the model takes it as cut, and is not yet all.
    low, high = delivery.SHARE_LOGITS[0] - 0.05, delivery.SHARE_LOGITS[1] + 0.05
    part = special.expit(np.clip(table[:, :-1] @ t["share"] + sd * noise[0], low, high))
    pace = np.log(np.maximum(f["delivered"] / np.maximum(f["times"], 1), 1e-9))
    usual = deal_features.MIDDLE + t["more_pace"]
    more = usual + t["more_slope"] * (pace - deal_features.MIDDLE) + t["more_sd"] * noise[1]
    first = t["size_mean"][f["supplier"].values, f["domain"].values] + t["first_pace"]
    first = first + t["size_recipient"][f["recipient"].values] + t["first_sd"] * noise[1]
    beyond = np.exp(np.where(f["delivered"] > 0, more, first))
    return np.where(f["state"] <= RUNNING, f["left"] * np.where(whole, 1.0, part), beyond)
