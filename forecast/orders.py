"""Fit the models of orders and of delivery to what was known at an origin, and run them forward."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from data import books, names
from data.errors import InputError, fault
from data.tables import Panel, read
from forecast import order_market
from forecast.origins import seen_on
from forecast.sampling import CORES, sample
from models import delivery, inputs, order_book, orders
from models import priors as beliefs

TARGET_ACCEPT = 0.8


class OrderPriors(NamedTuple):
    """Priors of the model of choice, of the model of delivery, and of the stocks of effort."""

    orders: beliefs.Priors
    delivery: beliefs.Priors
    stocks: beliefs.Priors


def load_priors(path: Path | None = None) -> OrderPriors:
    """Return the priors, with the entries of a reader's file laid over them."""
    return OrderPriors(
        *(
            beliefs.load(path, file)
            for file in (orders.PRIORS_FILE, delivery.PRIORS_FILE, beliefs.DEFAULT_FILE)
        )
    )


class Fit(NamedTuple):
    """Posteriors of both models and what they were given."""

    data: order_book.OrderData
    choice_inputs: orders.ChoiceInputs
    choice: xr.DataTree
    delivery: xr.DataTree


def known_books(origin: int, folder: Panel = None) -> list[books.Book]:
    """Return the books that a reader had on the day of an origin, one a data year, oldest first.

    Raises
    ------
    InputError
        If no register with data to the origin was public: a degraded book teaches no delivery.
    """
    day = seen_on(origin)
    last = {
        row.last_year: row.released
        for row in sorted(read("registers", folder), key=lambda row: row.released)
        if row.released <= day.isoformat() and row.first_order_year is not None
    }
    if origin not in last:
        rule = f"no trade register with data to {origin} was kept; there are those of " + ", ".join(
            map(str, sorted(last))
        )
        raise InputError(fault(rule, column="--origins", value=origin))
    found = [books.of_year(year, folder) for year in sorted(last) if year <= origin]
    return [book for book in found if book is not None]


def fit(
    panel: xr.Dataset,
    known: list[books.Book],
    given: OrderPriors,
    *,
    seed: int,
    draws: int,
    tune: int,
    chains: int,
    cores: int = CORES,
) -> Fit:
    """Fit both models to what was known at an origin.

    Parameters
    ----------
    panel
        As from `forecast.origins.seen`.
    known
        As from `known_books`, of the same origin.
    given
        Priors of both models and of the stocks of effort.
    seed, draws, tune, chains, cores
        Of the sampler.
    """
    data = order_book.prepare(known, panel, delivery.listed_prior(given.delivery))
    x = orders.prepare(inputs.prepare(panel, given.stocks), data)
    sampler = {"seed": seed, "draws": draws, "tune": tune, "chains": chains, "cores": cores}
    return fit_data(data, x, given, **sampler)


def fit_data(
    data: order_book.OrderData, x: orders.ChoiceInputs, given: OrderPriors, **sampler: int
) -> Fit:
    """Fit both models to their inputs; they share no parameter, so that they are sampled apart."""
    import nutpie

    models = orders.orders(x, data, given.orders), delivery.delivery(data, given.delivery)
    trees = [
        sample(nutpie.compile_pymc_model(model), target_accept=TARGET_ACCEPT, **sampler)
        for model in models
    ]
    return Fit(data, x, *trees)


def some_draws(tree: xr.DataTree, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return draws of all variables by name (draw, ...), and of top-level parameters by theirs."""
    flat = tree["posterior"].to_dataset().stack(sample=(names.CHAIN, names.DRAW))
    at = rng.permutation(flat.sizes["sample"])
    picked = flat.isel(sample=np.resize(at, count)).transpose("sample", ...)
    out = {str(name): np.asarray(picked[name].values, float) for name in picked.data_vars}
    top = out.pop("parameters")
    return out | {str(n): top[:, k] for k, n in enumerate(picked["parameter"].values)}


def forward(found: Fit, *, years: int, count: int, seed: int, domain_weight: float) -> xr.DataArray:
    """Run a fit forward.

    Returns
    -------
    xarray.DataArray
        Deliveries (draw, supplier, recipient, year_future), TIV million.
    """
    rng = np.random.default_rng([seed, found.data.origin])
    tiv = order_market.simulate(
        found.data, found.choice_inputs, some_draws(found.choice, count, rng),
        some_draws(found.delivery, count, rng), years=years, domain_weight=domain_weight,
        seed=seed,
    )  # fmt: skip
    return xr.DataArray(
        tiv,
        dims=(names.DRAW, names.SUPPLIER, names.RECIPIENT, names.YEAR_FUTURE),
        coords={
            names.SUPPLIER: list(found.data.suppliers),
            names.RECIPIENT: list(found.data.recipients),
            names.YEAR_FUTURE: found.data.origin + 1 + np.arange(years),
            names.DRAW: np.arange(count),
        },
    )
