"""Posterior draws to futures: the fitted equations run forward, vectorised over draws.

Every draw carries its own parameters, its own state at the origin and its own shocks, so that
parameter, state, process and observation uncertainty all reach the forecast. Orders of all pairs
enter what all remember; deliveries are simulated of the pairs that are looked at.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASELINE,
    CHAIN,
    COUNTRY,
    DRAW,
    HORIZON,
    RECIPIENT,
    REST,
    SUPPLIER,
    YEAR_FUTURE,
)
from crossover.forecast import conventions, deal_paths, effort_paths, market, shifts
from crossover.forecast import scenarios as scenario_files
from crossover.forecast.draws import Arrays, block, stack
from crossover.forecast.future_series import contested, label
from crossover.forecast.market import BLOCK
from crossover.forecast.sampling import CORES
from crossover.forecast.scenarios import Scenario
from crossover.models.market import CELL
from crossover.models.order_book import PERIOD, REMEMBERED


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
    tree : With `posterior` and `constant_data`.
    supplier, recipient : ISO3 codes.
    seed : Of the shocks: the same seed gives the same world to every pair.
    horizon : Last year.
    scenarios : As from `forecast.scenarios.choose`; the baseline is always there, and first. All
        see the same draws and shocks, so that they differ by nothing but the paths they override.
    progress : Called with (draws done, draws in all), of all scenarios together.

    Returns
    -------
    xarray.Dataset : Draws in the order of chains. Per country of the pair: `theta`, log-odds,
        `rd_share`, % of GDP, `rd_stock`, `gdp`, `milex` (draw, scenario, country, year_future),
        `theta_past` (draw, country, year), `rd_stock_past`, `gdp_past`, `milex_past` (country,
        year). Of the pair: `deliveries` and `ordered`, TIV million, and `import_share`, the
        supplier's expected share of the orders that the recipient places (draw, scenario,
        year_future), and over the past; `orders_past` (draw, order_period): listed orders as
        predicted. `offer` (draw, scenario, seller, year_future) and `offer_past` (draw, seller,
        year): log of each supplier's expected share. `exports`, TIV million (draw, scenario,
        supplier, year_future), `imports`. `contested`, TIV million: what each wins of the orders of
        `market` (draw, scenario, supplier, year_future), see `contested`. `convention_shift` (draw,
        convention), `war_gap` (draw, scenario, year_future) and `war_gap_past` (year): see
        `forecast.conventions`. Of the baseline's deliveries: `from_book` and `from_unlisted` (draw,
        year_future), see `World`; `by_seller`, to the recipient (draw, seller, year_future).
        Observed: `deliveries_observed`, `imports_observed`,
        `exports_observed`, `orders_observed`. Attributes supplier, recipient, origin, chains.

    Raises
    ------
    InputError : If a code is not in the fit, or both are the same; a scenario sets R&D or GDP of a
        country without figures of it.
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
    worlds_of = list(worlds.values())

    def of_block(at: int) -> Arrays:
        some = block(arrays, starts[at], starts[at] + BLOCK)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return _block_futures(some, inputs, pair, horizon, (seed, at), worlds_of)

    parts = []
    with concurrent.futures.ThreadPoolExecutor(CORES) as threads:
        for part in threads.map(of_block, range(len(starts))):
            parts.append(part)
            if progress:
                done = min(len(parts) * BLOCK, count)
                progress(done * len(worlds), count * len(worlds))
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    base = drawn["theta_past"][:, 1, -1] - drawn["theta_past"][:, 0, -1]
    rng = np.random.default_rng([seed, len(conventions.SHIFT)])
    found = shifts.shifts(arrays, inputs, pair, base, rng)
    drawn[conventions.SHIFT] = np.stack(list(found.values()), axis=1).astype(np.float32)
    return label(
        drawn, list(worlds), list(found), inputs, pair, origin, horizon, posterior.sizes[CHAIN]
    )


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


ORDERS = ("capacity_walk", "demand_period", "chance", "size_mean", "world_change")
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
    """What some draws come to after the origin, in one world.

    `war`: whether suppliers are at war (draw, supplier, year); `rates` and `log_share`: see
    `forecast.market.Orders`; `deliveries` and `ordered`, TIV million, of the pairs that were looked
    at (draw, pair, year). Of these deliveries in the first world: `from_book`, of the register's
    open deals, and `from_unlisted`, of orders up to the origin that no register lists.
    """

    effort: effort_paths.Effort
    war: np.ndarray
    ahead: market.Ahead
    points: effort_paths.Points
    rates: np.ndarray
    log_share: np.ndarray
    deliveries: np.ndarray
    ordered: np.ndarray
    from_book: np.ndarray
    from_unlisted: np.ndarray


def run_forward(
    draws: Arrays, inputs: xr.Dataset, years: int, pairs: np.ndarray, shown: Sequence[int],
    seed: tuple[int, int], worlds: effort_paths.Worlds = effort_paths.BASELINE_ALONE,
) -> list[World]:
    """Run some draws forward, in worlds that share all chances.

    Parameters
    ----------
    draws, inputs : The draws and what was fitted.
    years : Years after the origin.
    pairs : Supplier and recipient of pairs whose deliveries are simulated (pair, 2).
    shown : Recipients whose suppliers' shares are wanted.
    seed : Of the world, and of this block of draws.
    worlds : What scenarios change.
    """
    rng = np.random.default_rng(list(seed))
    count, origin = len(draws["parameters"]), int(inputs.attrs["origin"])
    chance = np.random.default_rng([*seed, 1]).random(count)
    coefficients = deal_paths.coefficients(draws, inputs, years, rng)
    efforts = effort_paths.effort_paths(draws, inputs, years, rng, worlds)
    wars = effort_paths.wars(draws, inputs, years, rng, worlds, chance)
    found = market.ahead(draws, inputs, efforts, wars, rng)
    orders, points = market.expected(draws, inputs, found, rng, pairs, shown, worlds, chance)
    deliveries, ordered = np.zeros((2, len(worlds), count, len(pairs), years), np.float32)
    ids = np.arange(count) + BLOCK * seed[1]
    book = deal_paths.open_deals(inputs)
    deal_paths.deliver_book(seed[0], ids, coefficients, book, pairs, origin, deliveries[0])
    deliveries[1:] = deliveries[0]
    from_book, earlier = deliveries[0].copy(), PERIOD * market.UNLISTED_PERIODS
    for first, some in ((origin + 1 - earlier, slice(earlier)), (origin + 1, slice(earlier, None))):
        if first > origin:
            from_unlisted = deliveries[0] - from_book
        deal_paths.deliver_orders(
            seed[0], ids, coefficients, np.ascontiguousarray(orders.rates[..., some]), first, pairs,
            origin, deliveries, ordered,
        )  # fmt: skip
    each = (efforts, wars, found, points, *orders, deliveries, ordered)
    return [World(*parts, from_book, from_unlisted) for parts in zip(*each, strict=True)]


def _block_futures(
    draws: Arrays, inputs: xr.Dataset, pair: tuple[str, str], horizon: int, seed: tuple[int, int],
    worlds: effort_paths.Worlds,
) -> Arrays:
    """Simulate some draws forward: what is published of the pair (draw, scenario, ...)."""
    countries, suppliers, recipients = (
        [str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER, RECIPIENT)
    )
    both = [countries.index(code) for code in pair]
    sold, bought = suppliers.index(pair[0]), recipients.index(pair[1])
    kept = [suppliers.index(code) for code in pair if code in suppliers]
    wanted = np.zeros((len(suppliers), len(recipients)), bool)
    wanted[:, bought] = True
    wanted[kept] = True
    pairs = np.argwhere(wanted & inputs["possible"].transpose(*CELL).values.astype(bool))
    years = horizon - int(inputs.attrs["origin"])
    found = run_forward(draws, inputs, years, pairs, [bought], seed, worlds)
    own = (pairs == [sold, bought]).all(axis=1)
    to_buyer = pairs[:, 1] == bought
    both_sell = np.isin(pairs[:, 1], contested(inputs, pair))
    of_worlds = [
        {
            "contested": np.stack(
                [one.ordered[:, (pairs[:, 0] == seller) & both_sell].sum(axis=1)
                 for seller in kept], axis=1,
            ),
            "exports": np.stack(
                [one.deliveries[:, pairs[:, 0] == seller].sum(axis=1) for seller in kept], axis=1
            ),
            "imports": one.deliveries[:, to_buyer].sum(axis=1),
            "deliveries": one.deliveries[:, own].sum(axis=1),
            "ordered": one.ordered[:, own].sum(axis=1),
            "offer": one.log_share[:, :, 0],
            "import_share": np.exp(one.log_share[:, sold, 0]),
            "gdp": np.exp(one.effort.log_gdp[:, both]),
            "milex": np.exp(one.effort.log_milex[:, both]),
            "theta": one.ahead.theta[:, both],
            "rd_share": one.effort.rd_share[:, both],
            "rd_stock": one.effort.rd_stock[:, both],
            conventions.WARS: shifts.wars(one.war, suppliers, pair),
        }
        for one in found
    ]
    drawn = {name: np.stack([of[name] for of in of_worlds], axis=1) for name in of_worlds[0]}
    rate, share = market.past(draws, inputs, recipients=[bought])
    before = market.of_past_years(share[:, :, 0], inputs)
    by_seller = np.zeros((len(rate), len(suppliers), years), np.float32)
    by_seller[:, pairs[to_buyer, 0]] = found[0].deliveries[:, to_buyer]
    drawn |= {
        "from_book": found[0].from_book[:, own].sum(axis=1),
        "from_unlisted": found[0].from_unlisted[:, own].sum(axis=1),
        "by_seller": by_seller,
        "offer_past": before,
        "import_share_past": np.exp(before[:, sold]),
        "orders_past": market.draw_orders(
            draws, rate[:, sold, 0], inputs["order_exposure"].values[REMEMBERED:],
            np.random.default_rng([*seed, 2]),
        ),
        "theta_past": found[0].ahead.theta_past[:, both],
    }  # fmt: skip
    return {name: values.astype(np.float32) for name, values in drawn.items()}


def world(tree: xr.DataTree, *, seed: int, years: int, draws: int) -> xr.Dataset:
    """Simulate what all countries trade, spend and vote, from draws spread over the posterior.

    Parameters
    ----------
    tree : With `posterior` and `constant_data`.
    seed : Of the shocks.
    years : How many years after the origin.
    draws : How many posterior draws to take at most, evenly spaced.

    Returns
    -------
    xarray.Dataset : `deliveries` and `ordered` (draw, supplier, recipient, year_future), drawn, TIV
        million; `rd_share` (draw, country, year_future), % of GDP, of the latent path;
        `ideal_distance` (draw, supplier, recipient, year_future), NaN where a country has no ideal
        point; `orders` (draw, supplier, year_future), how many a supplier is expected to win.
        Single precision. Attribute `origin`.
    """
    posterior = tree["posterior"].to_dataset()
    inputs = tree["constant_data"].to_dataset()
    check_version(posterior)
    arrays = stack(posterior)
    count = len(arrays["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(draws, count)).round().astype(int))
    arrays = {name: values[taken] for name, values in arrays.items()}
    pairs = np.argwhere(inputs["possible"].transpose(*CELL).values.astype(bool))
    shape = inputs.sizes[SUPPLIER], inputs.sizes[RECIPIENT], years
    parts = []
    for at, start in enumerate(range(0, len(taken), BLOCK)):
        some = block(arrays, start, start + BLOCK)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            one, = run_forward(some, inputs, years, pairs, [], (seed, at))
        deliveries, ordered, rates = (
            _of_all(values, pairs, shape) for values in (one.deliveries, one.ordered, one.rates)
        )
        away = np.abs(one.points.sellers[:, :, None] - one.points.buyers[:, None])
        won = rates.sum(axis=2)
        parts.append((deliveries, ordered, away, one.effort.rd_share, won))
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


def _of_all(values: np.ndarray, pairs: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the last years of some pairs (draw, pair, year) as of all, zero where there is none.

    `shape`: suppliers, recipients and years.
    """
    out = np.zeros((len(values), *shape), values.dtype)
    out[:, pairs[:, 0], pairs[:, 1]] = values[..., -shape[2] :]
    return out
