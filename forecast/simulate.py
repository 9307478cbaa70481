"""Posterior draws to futures: the fitted equations run forward, vectorised over draws.

Every draw carries its own parameters, its own state at the origin and its own shocks, so that
parameter, state, process and observation uncertainty all reach the forecast. Orders of all pairs
enter what all remember; deliveries are simulated of the pairs that are looked at.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from data.errors import InputError, fault
from data.names import (
    BASELINE,
    CHAIN,
    COUNTRY,
    DRAW,
    HORIZON,
    RECIPIENT,
    REST,
    SCENARIO,
    SELLER,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from forecast import deal_paths, effort_paths, market
from forecast import scenarios as scenario_files
from forecast.draws import Arrays, block, stack
from forecast.market import BLOCK
from forecast.sampling import CORES
from forecast.scenarios import Scenario
from models.market import CELL
from models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED


def futures(
    tree: xr.DataTree,
    supplier: str,
    recipient: str,
    *,
    seed: int,
    horizon: int = HORIZON,
    scenarios: Sequence[Scenario] = (),
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Simulate the futures of a pair from every posterior draw.

    Parameters
    ----------
    tree
        With `posterior` and `constant_data`.
    supplier, recipient
        ISO3 codes.
    seed
        Of the shocks: the same seed gives the same world to every pair.
    horizon
        Last year.
    scenarios
        As from `forecast.scenarios.choose`; the baseline is always there, and first. All see the
        same draws and shocks, so that they differ by nothing but the paths they override.
    progress
        Called with (draws done, draws in all), of all scenarios together.

    Returns
    -------
    xarray.Dataset
        Draws in the order of chains. Per country of the pair: `theta`, log-odds, `rd_share`,
        % of GDP, `rd_stock`, `gdp`, `milex` (draw, scenario, country, year_future), `theta_past`
        (draw, country, year), `rd_stock_past`, `gdp_past`, `milex_past` (country, year).
        Of the pair: `deliveries` and `ordered`, TIV million, and `import_share`, the supplier's
        expected share of the orders that the recipient places (draw, scenario, year_future), and
        over the past; `orders_past` (draw, order_period): listed orders as predicted.
        `offer` (draw, scenario, seller, year_future) and `offer_past` (draw, seller, year): log of
        each supplier's expected share. `exports`, TIV million (draw, scenario, supplier,
        year_future), `imports`. Observed: `deliveries_observed`, `imports_observed`,
        `exports_observed`, `orders_observed`. Attributes supplier, recipient, origin, chains.

    Raises
    ------
    InputError
        If a code is not in the fit, or both are the same; a scenario sets R&D or GDP of a country
        without figures of it.
    """
    posterior = tree["posterior"].to_dataset()
    inputs = tree["constant_data"].to_dataset()
    pair = check_pair(inputs, supplier, recipient)
    check_version(posterior)
    origin = int(inputs.attrs["origin"])
    if horizon <= origin:
        raise InputError(fault(f"the horizon must lie after {origin}", value=horizon))
    arrays = stack(posterior)
    count = len(arrays["parameters"])
    years = np.arange(origin + 1, horizon + 1)
    worlds: dict[str, xr.Dataset | None] = {BASELINE: None}
    for scenario in scenarios:
        if scenario.name != BASELINE:
            worlds[scenario.name] = _settable(scenario_files.overrides(scenario, years), inputs)
    starts = range(0, count, BLOCK)

    def of_block(at: int, changes: xr.Dataset | None) -> Arrays:
        some = block(arrays, starts[at], starts[at] + BLOCK)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return _block_futures(some, inputs, pair, horizon, (seed, at), changes)

    drawn: dict[str, list[np.ndarray]] = {}
    with concurrent.futures.ThreadPoolExecutor(CORES) as threads:
        for turn, changes in enumerate(worlds.values()):
            parts = []
            for part in threads.map(of_block, range(len(starts)), [changes] * len(starts)):
                parts.append(part)
                if progress:
                    done = turn * count + min(len(parts) * BLOCK, count)
                    progress(done, len(worlds) * count)
            for name in parts[0]:
                drawn.setdefault(name, []).append(np.concatenate([p[name] for p in parts]))
    return _label(drawn, list(worlds), inputs, pair, origin, horizon, posterior.sizes[CHAIN])


def _settable(changes: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
    """Return the changes if the fit knows what they set; raise InputError otherwise."""
    history = {"rd_share": "rd_share_mean", "gdp_growth": "gdp"}
    known = [str(c) for c in inputs[COUNTRY].values]
    for name, rows in changes.data_vars.items():
        variable = str(name).rsplit("_", 1)[0]
        for of in map(str, rows[rows.dims[0]].values):
            figures = history.get(variable)
            last = inputs[figures].isel(year_effort=-1) if figures else None
            absent = not set(of.split("-")) <= {*known, REST}
            if absent or (last is not None and not np.isfinite(last.sel({COUNTRY: of}))):
                rule = f"the fit has no figures of {variable} of that country to start from"
                where = f"scenario {changes.attrs['name']}"
                raise InputError(fault(rule, file=where, column=variable, value=of))
    return changes


ORDERS = ("capacity_walk", "demand_period", "chance", "size_mean", "world_shock")
"""What only fits of the model of orders, and of drivers with shocks of the world, hold."""


def check_version(posterior: xr.Dataset) -> None:
    """Raise InputError if a fit lacks what the equations of this version need."""
    lacking = [name for name in ORDERS if name not in posterior.data_vars]
    if lacking:
        rule = f"the fit is of an older version of the model, without {lacking[0]}: fit anew"
        raise InputError(rule)


def check_pair(inputs: xr.Dataset, supplier: str, recipient: str) -> tuple[str, str]:
    """Return the pair if the fit knows it; raise InputError otherwise."""
    sample = set(inputs[COUNTRY].values)
    for code, dim in ((supplier, SUPPLIER), (recipient, RECIPIENT)):
        known = [str(c) for c in inputs[dim].values if c in sample]
        if code not in known:
            rule = f"unknown {dim}: must be one of {', '.join(known)}"
            raise InputError(fault(rule, value=code))
    if supplier == recipient:
        raise InputError(fault("supplier and recipient must differ", value=supplier))
    return supplier, recipient


# The futures of some draws ---------------------------------------------------------------------


class World(NamedTuple):
    """What some draws come to after the origin (draw, ...).

    `deliveries` and `ordered` (draw, supplier, recipient, year), TIV million, of the pairs that
    were looked at, zero elsewhere; `distance`: standardised ideal-point distances.
    """

    effort: effort_paths.Effort
    ahead: market.Ahead
    orders: market.Orders
    distance: np.ndarray
    deliveries: np.ndarray
    ordered: np.ndarray


def run_forward(
    draws: Arrays, inputs: xr.Dataset, years: int, wanted: np.ndarray, seed: tuple[int, int],
    changes: xr.Dataset | None = None,
) -> World:
    """Run some draws forward.

    Parameters
    ----------
    draws, inputs
        The draws and what was fitted.
    years
        Years after the origin.
    wanted
        Pairs whose deliveries are simulated (supplier, recipient).
    seed
        Of the world, and of this block of draws.
    changes
        What a scenario changes.
    """
    rng = np.random.default_rng(list(seed))
    count, origin = len(draws["parameters"]), int(inputs.attrs["origin"])
    chance = np.random.default_rng([*seed, 1]).random(count)
    coefficients = deal_paths.coefficients(draws, inputs, years, rng)
    effort = effort_paths.effort_paths(draws, inputs, years, rng, changes)
    war = effort_paths.wars(draws, inputs, years, rng, changes, chance)
    ahead = market.ahead(draws, inputs, effort, war, rng)
    orders, distance = market.expected(draws, inputs, ahead, rng, changes, chance)
    deliveries, ordered = np.zeros((2, count, *wanted.shape, years), np.float32)
    ids = np.arange(count) + BLOCK * seed[1]
    deal_paths.deliver_book(
        seed[0], ids, coefficients, deal_paths.open_deals(inputs), wanted, origin, deliveries
    )
    first = origin + 1 - PERIOD * market.UNLISTED_PERIODS
    deal_paths.deliver_orders(
        seed[0], ids, coefficients, orders.rates, first, wanted, origin, deliveries, ordered
    )
    return World(effort, ahead, orders, distance, deliveries, ordered)


def _block_futures(
    draws: Arrays, inputs: xr.Dataset, pair: tuple[str, str], horizon: int, seed: tuple[int, int],
    changes: xr.Dataset | None = None,
) -> Arrays:
    """Simulate some draws forward; see `futures`. With changes only what they may touch."""
    countries, suppliers, recipients = (
        [str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER, RECIPIENT)
    )
    both = [countries.index(code) for code in pair]
    sold, bought = suppliers.index(pair[0]), recipients.index(pair[1])
    years = horizon - int(inputs.attrs["origin"])
    wanted = np.zeros((len(suppliers), len(recipients)), bool)
    wanted[:, bought] = True
    wanted[[suppliers.index(code) for code in pair if code in suppliers]] = True
    wanted &= inputs["possible"].transpose(*CELL).values.astype(bool)
    world = run_forward(draws, inputs, years, wanted, seed, changes)
    offer = world.orders.log_share[:, :, bought]
    found = {
        "exports": world.deliveries.sum(axis=2),
        "imports": world.deliveries[:, :, bought].sum(axis=1),
        "deliveries": world.deliveries[:, sold, bought],
        "ordered": world.ordered[:, sold, bought],
        "offer": offer,
        "import_share": np.exp(offer[:, sold]),
        "gdp": np.exp(world.effort.log_gdp[:, both]),
        "milex": np.exp(world.effort.log_milex[:, both]),
        "theta": world.ahead.theta[:, both],
        "rd_share": world.effort.rd_share[:, both],
        "rd_stock": world.effort.rd_stock[:, both],
    }
    if changes is None:
        rate, share = market.past(draws, inputs)
        rng = np.random.default_rng([*seed, 2])
        before = market.of_past_years(share[:, :, bought], inputs)
        found |= {
            "offer_past": before,
            "import_share_past": np.exp(before[:, sold]),
            "orders_past": market.draw_orders(
                draws, rate[:, sold, bought],
                inputs["order_exposure"].values[REMEMBERED:], rng,
            ),
            "theta_past": world.ahead.theta_past[:, both],
        }  # fmt: skip
    return {name: values.astype(np.float32) for name, values in found.items()}


def world(tree: xr.DataTree, *, seed: int, years: int, draws: int) -> xr.Dataset:
    """Simulate what all countries trade, spend and vote, from draws spread over the posterior.

    Parameters
    ----------
    tree
        With `posterior` and `constant_data`.
    seed
        Of the shocks.
    years
        How many years after the origin.
    draws
        How many posterior draws to take at most, evenly spaced.

    Returns
    -------
    xarray.Dataset
        `deliveries` and `ordered` (draw, supplier, recipient, year_future), drawn, TIV million;
        `rd_share` (draw, country, year_future), % of GDP, of the latent path; `ideal_distance`
        (draw, supplier, recipient, year_future), NaN where a country has no ideal point; `orders`
        (draw, supplier, year_future), how many a supplier is expected to win. Single precision.
        Attribute `origin`.
    """
    posterior = tree["posterior"].to_dataset()
    inputs = tree["constant_data"].to_dataset()
    check_version(posterior)
    arrays = stack(posterior)
    count = len(arrays["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(draws, count)).round().astype(int))
    arrays = {name: values[taken] for name, values in arrays.items()}
    mean, sd = float(inputs["ideal_distance_mean"]), float(inputs["ideal_distance_sd"])
    has_point = inputs["ideal_point"].notnull().any(YEAR).values
    pointed = [
        np.isin(inputs[d].values, inputs[COUNTRY].values[has_point]) for d in (SUPPLIER, RECIPIENT)
    ]
    both = (pointed[0][:, None] & pointed[1][None, :])[..., None]
    wanted = inputs["possible"].transpose(*CELL).values.astype(bool)
    parts = []
    for at, start in enumerate(range(0, len(taken), BLOCK)):
        some = block(arrays, start, start + BLOCK)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            one = run_forward(some, inputs, years, wanted, (seed, at))
        away = np.where(both, one.distance * sd + mean, np.nan)
        won = one.orders.rates[..., -years:].sum(axis=2)
        parts.append((one.deliveries, one.ordered, away, one.effort.rd_share, won))
    drawn = [np.concatenate(each).astype(np.float32) for each in zip(*parts, strict=True)]
    origin = int(inputs.attrs["origin"])
    cell = (DRAW, *CELL, YEAR_FUTURE)
    return xr.Dataset(
        {
            "deliveries": (cell, drawn[0]),
            "ordered": (cell, drawn[1]),
            "ideal_distance": (cell, drawn[2]),
            "rd_share": ((DRAW, COUNTRY, YEAR_FUTURE), drawn[3]),
            "orders": ((DRAW, SUPPLIER, YEAR_FUTURE), drawn[4]),
        },
        coords={
            DRAW: taken,
            **{d: inputs[d].values for d in (COUNTRY, SUPPLIER, RECIPIENT)},
            YEAR_FUTURE: np.arange(origin + 1, origin + years + 1),
        },
        attrs={"origin": origin},
    )


def _label(
    drawn: Mapping[str, list[np.ndarray]],
    scenarios: list[str],
    inputs: xr.Dataset,
    pair: tuple[str, str],
    origin: int,
    horizon: int,
    chains: int,
) -> xr.Dataset:
    """Give names and dims to what was simulated, and put what was observed beside it."""
    ahead = (DRAW, SCENARIO, YEAR_FUTURE)
    by_country = (DRAW, SCENARIO, COUNTRY, YEAR_FUTURE)
    dims = {name: by_country for name in ("theta", "rd_share", "rd_stock", "gdp", "milex")} | {
        "exports": (DRAW, SCENARIO, SUPPLIER, YEAR_FUTURE),
        "offer": (DRAW, SCENARIO, SELLER, YEAR_FUTURE),
        "offer_past": (DRAW, SELLER, YEAR),
        "theta_past": (DRAW, COUNTRY, YEAR),
        "orders_past": (DRAW, ORDER_PERIOD),
        "import_share_past": (DRAW, YEAR),
    }
    sellers, buyers = ([str(c) for c in inputs[d].values] for d in (SUPPLIER, RECIPIENT))
    kept = [code for code in pair if code in sellers]
    of_kept = [sellers.index(code) for code in kept]
    data = {}
    for name, worlds in drawn.items():
        on = dims.get(name, ahead)
        if name == "exports":
            worlds = [values[:, of_kept] for values in worlds]
        data[name] = (on, np.stack(worlds, axis=1) if SCENARIO in on else worlds[0])
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
    data["orders_observed"] = (ORDER_PERIOD, placed.values[sold, bought])
    units = {name: {"units": unit, "long_name": words} for name, (unit, words) in UNITS.items()}
    return xr.Dataset(
        {name: (*held, units[name]) if name in units else held for name, held in data.items()},
        coords={
            DRAW: np.arange(len(drawn["deliveries"][0])),
            SCENARIO: scenarios,
            COUNTRY: list(pair),
            SUPPLIER: kept,
            SELLER: sellers,
            RECIPIENT: [pair[1]],
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
    "ordered": ("TIV million", "Orders of the recipient from the supplier"),
    "orders_past": ("orders", "Orders that the register lists, as predicted"),
    "orders_observed": ("orders", "Orders that the register lists"),
    "imports": ("TIV million", "The recipient's arms imports"),
    "exports": ("TIV million", "Total arms exports"),
    "import_share": ("1", "Supplier's expected share of the recipient's orders"),
    "import_share_past": ("1", "Supplier's expected share of the recipient's orders, past"),
    "deliveries_observed": ("TIV million", "Deliveries from supplier to recipient, observed"),
    "imports_observed": ("TIV million", "The recipient's arms imports, observed"),
    "exports_observed": ("TIV million", "Total arms exports, observed"),
}
