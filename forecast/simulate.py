"""Posterior draws to futures: the fitted equations run forward, vectorised over draws.

Every draw carries its own parameters, its own state at the origin and its own shocks, so that
parameter, state, process and observation uncertainty all reach the forecast. All pairs are
simulated together, since what one buys enters what all remember; what is kept is one pair's view.
"""

from __future__ import annotations

import concurrent.futures
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy import special

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
from forecast import scenarios as scenario_files
from forecast.sampling import CORES
from forecast.scenarios import Scenario
from models import capacity, equations, transfers
from models.drivers import DRIVERS, TREND_YEARS
from models.equations import MEMORY_YEARS
from models.inputs import COVARIATES, MEMORIES

LOG_ROOT_TAU = np.float32(0.5 * math.log(2.0 * math.pi))
BLOCK = 250
"""Draws worked on at a time: what bounds memory."""

Arrays = dict[str, np.ndarray]


def stack(posterior: xr.Dataset) -> Arrays:
    """Return the posterior as plain arrays, draws of all chains first, parameters by name."""
    flat = posterior.stack({"sample": (CHAIN, DRAW)}).transpose("sample", ...)
    arrays = {name: values.values for name, values in flat.data_vars.items()}
    for at, name in enumerate(posterior["parameter"].values):
        arrays[str(name)] = arrays["parameters"][:, at].astype(float)
    return arrays


def block(arrays: Arrays, start: int, stop: int) -> Arrays:
    """Return some of the draws."""
    return {name: values[start:stop] for name, values in arrays.items()}


def effort_change(draws: Arrays, moved: Mapping[str, np.ndarray]) -> np.ndarray:
    """What changes of effort add to capacity (draw, country, year), log-odds.

    Parameters
    ----------
    draws
        As from `stack`.
    moved
        `rd` and `mil`: deviations of log stocks from the country's mean (draw, country, year).
    """
    total: Any = 0.0
    for label in capacity.EFFORTS:
        own = draws[f"{label}_within_z"]
        effect = draws[f"{label}_within"][:, None] + draws[f"{label}_within_sd"][:, None] * own
        total = total + effect[:, :, None] * moved[label]
    return total


def past_change(draws: Arrays, inputs: xr.Dataset) -> np.ndarray:
    """Changes of capacity that effort explains, over the window (draw, country, year)."""
    loading = inputs["rd_loading"].transpose("component", COUNTRY, YEAR).values
    rd = inputs["rd_change"].transpose(COUNTRY, YEAR).values + np.einsum(
        "nci,cit->nit", draws["rd_score"], loading
    )
    mil = inputs["mil_change"].transpose(COUNTRY, YEAR).values
    return effort_change(draws, {"rd": rd, "mil": mil})


def past_market(draws: Arrays, inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Utilities, home pull and wanted volume over the window, as the model has them.

    Returns
    -------
    tuple of arrays
        Utility (draw, supplier, recipient, year), home (draw, recipient, year), log-odds; and
        log wanted acquisitions (draw, recipient, year), log TIV million.
    """
    explained, home, wanted = explained_market(draws, inputs)
    level = world_level(explained, home, wanted)
    remembered = np.stack([inputs[name].transpose(*transfers.CELL).values for name in MEMORIES])
    pulls = np.stack([draws[name] for name in MEMORIES], -1)
    utility = explained + np.tensordot(pulls, remembered, axes=1)
    world = level[:, None] + draws["global_demand"]
    return utility, home, equations.settled(wanted, utility, home, world, np)


def world_level(explained: np.ndarray, home: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return what the world buys in a middling year (draw), log TIV million.

    Of what `explained_market` returns.
    """
    return equations.log_world(explained, home, wanted, np).mean(axis=-1)


def explained_market(
    draws: Arrays, inputs: xr.Dataset
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the market over the window without memory and world demand; see `past_market`."""
    change = past_change(draws, inputs)
    covariates = inputs["affinity_covariates"].transpose("covariate", *transfers.CELL).values
    effects = np.stack([draws[f"{name}_effect"] for name in COVARIATES], -1)
    utility = np.tensordot(effects, covariates, axes=1)
    utility += draws["affinity"][..., None]
    at_war = inputs["war"].transpose(SUPPLIER, YEAR).values
    available = draws["supplier_capacity"] + draws["war_effect"][:, None, None] * at_war
    utility += available[:, :, None, :]
    utility += transfers.barred(inputs)[None]

    exporter, at = transfers.exporters(inputs)
    index, known = capacity.country_index(inputs, RECIPIENT)
    moved = draws["supplier_capacity"] - draws["supplier_level"][:, :, None]
    home = draws["home_level"][:, :, None] + exporter[:, None] * moved[:, at]
    home = home + (known * (1.0 - exporter))[:, None] * change[:, index]

    state = draws["demand_state"].transpose(0, 2, 1)
    budget = inputs["log_budget_change"].transpose(RECIPIENT, YEAR).values
    wanted = (
        draws["acquisition_scale_country"][:, :, None]
        + inputs["log_budget_level"].values[:, None]
        + draws["acquisition_elasticity"][:, None, None] * budget
        + state
        - state.mean(axis=2, keepdims=True)
    )
    return utility, home, wanted


def log_likelihood(posterior: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
    """Log likelihood of all deliveries to a recipient in a year (chain, draw, recipient, year)."""
    arrays = stack(posterior)
    count = len(arrays["parameters"])
    tiv = inputs["deliveries"].transpose(*transfers.CELL).values
    possible = inputs["possible"].transpose(*transfers.CELL[:2]).values.astype(bool)[..., None]
    log_tiv = np.log(np.where(tiv > 0, tiv, 1.0)).astype(np.float32)
    parts = []
    for start in range(0, count, BLOCK):
        some = block(arrays, start, start + BLOCK)
        utility, home, wanted = past_market(some, inputs)
        volume = log_volume(utility, home, wanted).astype(np.float32)
        presence, size = delivery_parameters(some, 4)
        with np.errstate(divide="ignore", invalid="ignore"):
            none = equations.log_no_delivery(volume, presence, np)
            any_ = equations.log_any_delivery(volume, presence, np)
            mean, sd = equations.size_distribution(volume, any_, size, np)
            error = (log_tiv - mean) / sd
            dense = any_ - 0.5 * error**2 - np.log(sd) - log_tiv - LOG_ROOT_TAU
        cell = np.where(possible, np.where(tiv > 0, dense, none), 0.0)
        parts.append(cell.sum(axis=1))
    shape = (posterior.sizes[CHAIN], posterior.sizes[DRAW])
    values = np.concatenate(parts).astype(np.float32)
    return xr.Dataset(
        {"deliveries": ((CHAIN, DRAW, RECIPIENT, YEAR), values.reshape(*shape, *values.shape[1:]))},
        coords={
            CHAIN: posterior[CHAIN],
            DRAW: posterior[DRAW],
            RECIPIENT: posterior[RECIPIENT],
            YEAR: posterior[YEAR],
        },
    )


def log_volume(utility: np.ndarray, home: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Log expected deliveries (..., supplier, recipient, year), log TIV million."""
    denominator = equations.log_denominator(utility, home, np)
    return (wanted - denominator)[..., None, :, :] + utility


def delivery_parameters(draws: Arrays, ndim: int) -> tuple[np.ndarray, tuple]:
    """Presence and size parameters, shaped to broadcast against (draw, supplier, recipient, ...).

    `ndim` is the number of dims: 3, or 4 with years.
    """
    def of_pairs(middle: str, own: str) -> np.ndarray:
        by_supplier, by_recipient = draws[f"supplier_{own}"], draws[f"recipient_{own}"]
        pairs = draws[middle][:, None, None] + by_supplier[:, :, None] + by_recipient[:, None, :]
        return pairs.reshape(*pairs.shape, *[1] * (ndim - 3)).astype(np.float32)

    slope = draws["size_sd_slope"].reshape(-1, *[1] * (ndim - 1)).astype(np.float32)
    return of_pairs("presence", "presence"), (of_pairs("size_sd_log", "spread"), slope)


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
        Of the pair: `deliveries`, drawn, TIV million, `deliveries_mean`, their expectation,
        `import_share`, of the supplier in the recipient's expected imports, `imported_fraction`,
        of the recipient's expected acquisitions (draw, scenario, year_future), and the last two
        over the past.
        `offer` (draw, scenario, seller, year_future) and `offer_past` (draw, seller, year): each
        supplier against the recipient's own industry, log-odds.
        `deliveries_past` (draw, year): what the model predicts for past years, given what was
        delivered in the three before each. `exports`,
        TIV million (draw, scenario, supplier, year_future). Observed: `deliveries_observed`,
        `imports_observed`, `exports_observed`. Attributes supplier, recipient, origin, chains.

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
        rng = np.random.default_rng([seed, at])
        some = block(arrays, starts[at], starts[at] + BLOCK)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            return _block_futures(some, inputs, pair, horizon, rng, changes, (seed, at))

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


def check_version(posterior: xr.Dataset) -> None:
    """Raise InputError if a fit lacks what the equations of this version need."""
    held = {*map(str, posterior.data_vars), *map(str, posterior["parameter"].values)}
    needed = (*MEMORIES, *transfers.OF_ONE_SIDE, transfers.WORLD_LEVEL)
    lacking = [name for name in needed if name not in held]
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


# State at the origin ---------------------------------------------------------------------------


def _block_futures(
    draws: Arrays,
    inputs: xr.Dataset,
    pair: tuple[str, str],
    horizon: int,
    rng: np.random.Generator,
    changes: xr.Dataset | None = None,
    seed: tuple[int, int] = (0, 0),
) -> Arrays:
    """Simulate some draws forward; see `futures`. With changes only what they may touch."""
    countries, suppliers, recipients = (
        [str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER, RECIPIENT)
    )
    both = [countries.index(code) for code in pair]
    sold, bought = suppliers.index(pair[0]), recipients.index(pair[1])
    years = horizon - int(inputs.attrs["origin"])
    chance = np.random.default_rng([*seed, 1]).random(len(draws["parameters"]))
    ahead = _ahead(draws, inputs, years, rng, changes, chance)
    effort, theta, theta_past = ahead["effort"], ahead["theta"], ahead["theta_past"]

    def of_pair(year: Arrays) -> Arrays:
        utility, home, drawn = year["utility"], year["home"], year["drawn"]
        return {
            "exports": drawn.sum(axis=2),
            "offer": utility[:, :, bought] - home[:, None, bought],
            "imports": drawn[:, :, bought].sum(axis=1),
            "deliveries": drawn[:, sold, bought],
            "deliveries_mean": np.exp(year["volume"][:, sold, bought]),
            **_shares(utility[:, :, bought], home[:, bought], sold),
        }

    market = _trade(draws, inputs, ahead, of_pair, rng, changes, chance)
    market |= {
        "gdp": np.exp(effort["log_gdp"][:, both]).astype(np.float32),
        "milex": np.exp(effort["log_milex"][:, both]).astype(np.float32),
        "theta": theta[:, both].astype(np.float32),
        "rd_share": effort["rd_share"][:, both].astype(np.float32),
        "rd_stock": effort["rd_stock"][:, both].astype(np.float32),
    }
    if changes is not None:
        return market

    utility, home_past, wanted_past = past_market(draws, inputs)
    one = utility[:, :, bought]
    presence, size = delivery_parameters(draws, 3)
    presence = presence[:, sold, bought, None]
    size = (size[0][:, sold, bought, None], size[1][..., 0])
    volume = log_volume(one[:, :, None], home_past[:, [bought]], wanted_past[:, [bought]])
    volume = volume[:, sold, 0].astype(np.float32)
    return market | {
        "offer_past": (one - home_past[:, None, bought]).astype(np.float32),
        "deliveries_past": draw_deliveries(volume, presence, size, rng).astype(np.float32),
        "theta_past": theta_past[:, both].astype(np.float32),
        **{
            f"{name}_past": value.astype(np.float32)
            for name, value in _shares(one, home_past[:, bought], sold).items()
        },
    }


def _ahead(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    changes: xr.Dataset | None = None,
    chance: np.ndarray | None = None,
) -> dict[str, Any]:
    """Simulate all that deliveries rest on: effort, capacity, home industry, demand, wars.

    A scenario's `changes` are laid over what was drawn; a war that it gives a probability is on in
    the draws whose `chance` (draw) lies below.

    Returns
    -------
    dict
        `effort`, as from `_effort_paths`; `theta` (draw, country, year ahead) and `theta_past`
        (draw, country, year); `available` (draw, supplier, year ahead), `home` and `wanted`
        (draw, recipient, year ahead), `world`, log of what all buy (draw, year ahead).
    """
    n, suppliers = len(draws["parameters"]), inputs.sizes[SUPPLIER]
    split = home_split(draws, inputs, rng)
    change = past_change(draws, inputs)
    theta_past = split[:, :, None] + change
    sellers, known = capacity.country_index(inputs, SUPPLIER)
    for at, i in enumerate(sellers):
        if known[at]:
            theta_past[:, i] = draws["supplier_capacity"][:, at]
    walk = (
        draws["supplier_capacity"][..., -1]
        - draws["supplier_level"]
        - known * change[:, sellers, -1]
    ).astype(float)

    effort = _effort_paths(draws, inputs, years, rng, changes)
    moved = effort_change(draws, {"rd": effort["rd_moved"], "mil": effort["mil_moved"]})
    steps = rng.standard_normal((n, suppliers, years))
    steps -= steps.mean(axis=1, keepdims=True)
    walks = walk[..., None] + draws["walk_sd"][:, None, None] * np.cumsum(steps, axis=-1)
    seller_change = known[:, None] * moved[:, sellers] + walks
    capacity_future = draws["supplier_level"][..., None] + seller_change
    theta = split[:, :, None] + moved
    for at, i in enumerate(sellers):
        if known[at]:
            theta[:, i] = capacity_future[:, at]

    wanted, world = _wanted(draws, inputs, effort["log_milex"], years, rng)
    exporter, at = transfers.exporters(inputs)
    buyers, is_known = capacity.country_index(inputs, RECIPIENT)
    home = draws["home_level"][..., None] + exporter[:, None] * seller_change[:, at]
    home = home + (is_known * (1.0 - exporter))[:, None] * moved[:, buyers]
    war = _wars(draws, inputs, years, rng)
    for code, probability in scenario_files.each(changes, "war", scenario_files.PROBABILITY):
        at_war = chance[:, None] < probability
        seller = list(inputs[SUPPLIER].values).index(code)
        war[:, seller] = np.where(np.isfinite(probability), at_war, war[:, seller])
    available = capacity_future + draws["war_effect"][:, None, None] * war
    return {
        "effort": effort,
        "theta": theta,
        "theta_past": theta_past,
        "available": available,
        "home": home,
        "wanted": wanted,
        "world": world,
    }


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
        `deliveries` (draw, supplier, recipient, year_future), drawn, TIV million; `rd_share`
        (draw, country, year_future), % of GDP, of the latent path; `ideal_distance`
        (draw, supplier, recipient, year_future), NaN where a country has no ideal point. Single
        precision. Attribute `origin`.
    """
    posterior = tree["posterior"].to_dataset()
    inputs = tree["constant_data"].to_dataset()
    arrays = stack(posterior)
    count = len(arrays["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(draws, count)).round().astype(int))
    arrays = {name: values[taken] for name, values in arrays.items()}
    mean, sd = float(inputs["ideal_distance_mean"]), float(inputs["ideal_distance_sd"])
    pointed = [
        np.isin(inputs[d].values, inputs[COUNTRY].values[_has_point(inputs)])
        for d in (SUPPLIER, RECIPIENT)
    ]
    both = pointed[0][:, None] & pointed[1][None, :]

    def of_all(year: Arrays) -> Arrays:
        away = np.where(both, year["distance"] * sd + mean, np.nan)
        return {"deliveries": year["drawn"], "ideal_distance": away}

    parts = []
    for at, start in enumerate(range(0, len(taken), BLOCK)):
        rng = np.random.default_rng([seed, at])
        some = block(arrays, start, start + BLOCK)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            ahead = _ahead(some, inputs, years, rng)
            traded = _trade(some, inputs, ahead, of_all, rng)
        rd_share = ahead["effort"]["rd_share"].astype(np.float32)
        parts.append(traded | {"rd_share": rd_share})
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    origin = int(inputs.attrs["origin"])
    cell = (DRAW, *transfers.CELL[:2], YEAR_FUTURE)
    return xr.Dataset(
        {
            "deliveries": (cell, drawn["deliveries"]),
            "rd_share": ((DRAW, COUNTRY, YEAR_FUTURE), drawn["rd_share"]),
            "ideal_distance": (cell, drawn["ideal_distance"]),
        },
        coords={
            DRAW: taken,
            **{d: inputs[d].values for d in (COUNTRY, SUPPLIER, RECIPIENT)},
            YEAR_FUTURE: np.arange(origin + 1, origin + years + 1),
        },
        attrs={"origin": origin},
    )


def _has_point(inputs: xr.Dataset) -> np.ndarray:
    """Whether a country's ideal point is on record (country)."""
    return inputs["ideal_point"].notnull().any(YEAR).values


def home_split(draws: Arrays, inputs: xr.Dataset, rng: np.random.Generator) -> np.ndarray:
    """Mean capacity of every country (draw, country), log-odds.

    A supplier's is what the fit says. Of any other country deliveries show the sum of capacity
    and home bias, and its exports as a part of the rest of the world's: the split is drawn given
    the sum, from the two Normals it adds up, with capacity at most what that part allows.
    """
    level = sum(
        draws[f"{label}_between"][:, None] * inputs[f"{label}_level"].values
        for label in capacity.EFFORTS
    )
    recipients = [str(c) for c in inputs[RECIPIENT].values]
    at = [recipients.index(str(c)) for c in inputs[COUNTRY].values]
    bias = draws["home_pull"] + draws["acquisition_scale"]
    excess = draws["home_level"][:, at] - bias[:, None] - level
    own, other = draws["capacity_sd"][:, None] ** 2, draws["home_bias_sd"][:, None] ** 2
    centre = level + own / (own + other) * excess
    spread = np.sqrt(own * other / (own + other))
    rest = [str(c) for c in inputs[SUPPLIER].values].index(REST)
    most = draws["supplier_level"][:, [rest]] + inputs["log_rest_share"].values
    below = special.log_ndtr((most - centre) / spread)
    uniform = 1.0 - rng.random(centre.shape)
    out = centre + spread * special.ndtri_exp(below + np.log(uniform))
    countries = [str(c) for c in inputs[COUNTRY].values]
    for position, code in enumerate(inputs[SUPPLIER].values):
        if str(code) in countries:
            out[:, countries.index(str(code))] = draws["supplier_level"][:, position]
    return out


# Paths -----------------------------------------------------------------------------------------


def _effort_paths(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    changes: xr.Dataset | None = None,
) -> Arrays:
    """Simulate GDP, R&D share and military spending, and the stocks they build.

    Stocks enter capacity with a lag of one year. Population is held at its last figure: it enters
    only through the slow catch-up of GDP per person. A country without GDP or R&D figures moves
    by the common dynamics from a zero gap, and its R&D explains nothing, as in the fit.
    """
    n = len(draws["parameters"])
    logs = {
        "gdp": np.log(inputs["gdp"]),
        "rd": inputs["rd_share_mean"],
        "mil": np.log(inputs["milex"]) - np.log(inputs["gdp"]),
    }
    history = np.stack([logs[d].transpose(COUNTRY, "year_effort").values for d in DRIVERS])
    level = np.repeat(np.nan_to_num(history[None, ..., -1]), n, axis=0)
    spread = np.nan_to_num(inputs["rd_share_sd"].isel(year_effort=-1).values)
    level[:, DRIVERS.index("rd")] += spread * rng.standard_normal((n, level.shape[2]))
    recent = np.nan_to_num(np.diff(history[..., -TREND_YEARS - 1 :], axis=-1))
    recent = [np.repeat(recent[None, ..., k], n, axis=0) for k in range(TREND_YEARS)]

    person = logs["gdp"] - np.log(inputs["population"])
    gap = {
        "gdp": person - person.sel({COUNTRY: "USA"}),
        "rd": logs["rd"],
        "mil": logs["mil"],
    }
    gap_now = np.stack([gap[d].isel(year_effort=-1).values for d in DRIVERS])
    centred = gap_now - inputs["driver_gap_mean"].values[:, None]
    offset = np.where(np.isfinite(centred), centred - np.nan_to_num(history[..., -1]), np.nan)
    offset = np.where(np.isfinite(offset), offset, -np.nan_to_num(history[..., -1]))

    by = {
        part: np.stack([draws[f"{d}_{part}"] for d in DRIVERS], axis=1)[..., None]
        for part in ("drift", "drift_sd", "reversion", "momentum", "trend")
    }
    drift = by["drift"] + by["drift_sd"] * draws["drift_z"]
    scale = np.exp(draws["log_shock"])
    america = list(inputs[COUNTRY].values).index("USA")
    log_gdp, log_rd, log_mil = [], [], []
    for _ in range(years):
        distance = level + offset
        distance[:, 0] -= level[:, 0, [america]] - history[0, america, -1]
        step = (
            drift
            - by["reversion"] * distance
            + by["momentum"] * recent[-1]
            + by["trend"] * np.mean(recent, axis=0)
            + scale * rng.standard_t(inputs.attrs["shock_df"], level.shape)
        )
        level = level + step
        recent = [*recent[1:], step]
        log_gdp.append(level[:, 0])
        log_rd.append(level[:, 1])
        log_mil.append(level[:, 2] + level[:, 0])
    log_gdp, log_rd, log_mil = (np.stack(p, axis=-1) for p in (log_gdp, log_rd, log_mil))
    if changes is not None:
        codes = [str(c) for c in inputs[COUNTRY].values]
        _override_effort(log_gdp, log_rd, log_mil, history[0, :, -1], codes, changes)
    no_gdp = ~np.isfinite(history[0, :, -1])
    log_mil[:, no_gdp] += np.log(inputs["milex"].isel(year_effort=-1).values[no_gdp])[:, None]

    scores = draws["rd_score"]
    held, last = (
        np.einsum("nci,ci->ni", scores, inputs[f"rd_loading_{k}"].transpose("component", COUNTRY))
        for k in ("mean", "last")
    )
    rd_mean = inputs["rd_level"].values + inputs.attrs["rd_origin"]
    mil_mean = inputs["mil_level"].values + inputs.attrs["mil_origin"]
    rd_start = np.exp(np.nan_to_num(inputs["log_rd_stock"].isel(year_effort=-1).values) + last)
    mil_start = np.exp(inputs["log_mil_stock"].isel(year_effort=-1).values)
    spent = np.exp(log_rd + log_gdp) / 100.0
    rd_stock = accumulate(rd_start, spent, inputs.attrs["rd_depreciation"])
    mil_stock = accumulate(
        np.repeat(mil_start[None], n, axis=0), np.exp(log_mil), inputs.attrs["mil_depreciation"]
    )
    rd_known = inputs["rd_known"].values.astype(bool)
    rd_moved = np.where(
        rd_known[:, None], np.log(rd_stock[..., :-1]) - (rd_mean + held)[..., None], 0.0
    )
    return {
        "rd_share": np.where(np.isfinite(history[1, :, -1])[:, None], np.exp(log_rd), np.nan),
        "rd_stock": np.where(rd_known[:, None], rd_stock[..., 1:], np.nan),
        "rd_moved": rd_moved,
        "mil_moved": np.log(mil_stock[..., :-1]) - mil_mean[:, None],
        "log_milex": log_mil,
        "log_gdp": log_gdp,
    }


def _override_effort(
    log_gdp: np.ndarray,
    log_rd: np.ndarray,
    log_mil: np.ndarray,
    last: np.ndarray,
    codes: Sequence[str],
    changes: xr.Dataset,
) -> None:
    """Lay a scenario over paths (draw, country, year), in place; `last` is log GDP at the origin.

    What is changed stays outside the dynamics: in the years that a scenario does not name, the R&D
    and military shares are those of the same draw without it, and growth is, from a new level.
    """
    of = {name: scenario_files.each(changes, *name) for name in (
        ("gdp_growth", "value"), ("gdp_growth", "add"), ("rd_share", "value"),
        ("rd_share", "multiply"), ("rd_share", "add"), ("mil_share", "multiply"),
    )}  # fmt: skip
    for (variable, change), rows in of.items():
        for code, amount in rows:
            at, named = codes.index(code), np.isfinite(amount)
            if variable == "mil_share":
                log_mil[:, at] += np.where(named, np.log(amount), 0.0)
                continue
            if variable == "rd_share":
                log_rd[:, at] = np.where(
                    named,
                    _changed(log_rd[:, at], change, amount, changes, variable, code),
                    log_rd[:, at],
                )
                continue
            growth = np.diff(log_gdp[:, at], prepend=last[at], axis=-1)
            if change == "value":
                share = scenario_files.weight(changes, variable, code)
                new = (1.0 - share) * growth + share * np.log1p(amount / 100.0)
            else:
                new = np.log(np.maximum(np.exp(growth) + amount / 100.0, 0.01))
            shift = np.cumsum(np.where(named, new - growth, 0.0), axis=-1)
            log_gdp[:, at] += shift
            log_mil[:, at] += shift


def _changed(
    log_share: np.ndarray,
    change: str,
    amount: np.ndarray,
    changes: xr.Dataset,
    variable: str,
    code: str,
) -> np.ndarray:
    """Log of a share of GDP (draw, year) that is set, multiplied or added to; %, 0.01 at least."""
    if change == "value":
        share = scenario_files.weight(changes, variable, code)
        return (1.0 - share) * log_share + share * np.log(amount)
    if change == "multiply":
        return log_share + np.log(amount)
    return np.log(np.maximum(np.exp(log_share) + amount, 0.01))


def accumulate(start: np.ndarray, flow: np.ndarray, depreciation: float) -> np.ndarray:
    """Perpetual inventory from a given stock: (..., year) flows to (..., 1 + year) stocks."""
    out = np.empty((*flow.shape[:-1], flow.shape[-1] + 1))
    out[..., 0] = start
    for t in range(flow.shape[-1]):
        out[..., t + 1] = (1.0 - depreciation) * out[..., t] + flow[..., t]
    return out


def _wanted(
    draws: Arrays, inputs: xr.Dataset, log_milex: np.ndarray, years: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Log wanted acquisitions (draw, recipient, year) and world demand (draw, year).

    Log TIV million, before they are made to add up to world demand. Budgets count relative to the
    mean of all, as in the fit; the rest of the world's moves with it.
    """
    n = len(draws["parameters"])
    index, known = capacity.country_index(inputs, RECIPIENT)
    level = inputs["log_budget_level"].values
    last = inputs["log_budget_change"].isel({YEAR: -1}).values
    now = np.log(inputs["milex"].isel(year_effort=-1).values)
    growth = log_milex - now[:, None]
    relative = growth - growth.mean(axis=1, keepdims=True)
    budget = known[:, None] * relative[:, index] + last[:, None]

    world = (draws["world_level"] + draws["global_demand"][:, -1])[:, None]
    steps = np.cumsum(rng.standard_normal((n, years)), axis=-1)
    world = world + draws["global_demand_sd"][:, None] * steps
    state = draws["demand_state"].astype(float)
    mean, own = state.mean(axis=1), state[:, -1]
    shocks = rng.standard_normal((years, n, len(known)))
    shocks -= shocks.mean(axis=2, keepdims=True)
    path = []
    for shock in shocks:
        own = draws["demand_persistence"][:, None] * own + draws["demand_sd"][:, None] * shock
        path.append(own - mean)
    wanted = (
        draws["acquisition_scale_country"][..., None]
        + level[:, None]
        + draws["acquisition_elasticity"][:, None, None] * budget
        + np.stack(path, axis=-1)
    )
    return wanted, world


def _wars(draws: Arrays, inputs: xr.Dataset, years: int, rng: np.random.Generator) -> np.ndarray:
    """Whether each supplier is at war (draw, supplier, year): present wars end at their rate."""
    now = inputs["war"].isel({YEAR: -1}).values
    lasting = rng.random((len(draws["parameters"]), len(now), years))
    goes_on = np.cumprod(lasting > draws["war_end_rate"][:, None, None], axis=-1)
    return now[:, None] * goes_on


def _trade(
    draws: Arrays,
    inputs: xr.Dataset,
    ahead: Mapping[str, Any],
    keep: Callable[[Arrays], Arrays],
    rng: np.random.Generator,
    changes: xr.Dataset | None = None,
    chance: np.ndarray | None = None,
) -> Arrays:
    """Draw all deliveries year by year, since each year's enter the memory of the next.

    Parameters
    ----------
    draws, inputs
        The draws and what was fitted.
    ahead
        As from `_ahead`.
    keep
        What to keep of a year, given `utility`, `volume` (log TIV million), `drawn` and `distance`
        (standardised ideal-point distance) by (draw, supplier, recipient) and `home`
        (draw, recipient).
    rng
        Of the shocks.
    changes, chance
        As in `_ahead`: embargoes and ideal points.

    Returns
    -------
    dict of arrays
        What was kept (draw, ..., year ahead), single precision.
    """
    available, home, wanted, world = (
        ahead[name] for name in ("available", "home", "wanted", "world")
    )
    n, _, years = available.shape
    covariates = inputs["affinity_covariates"].transpose("covariate", *transfers.CELL)
    fixed = draws["affinity"].astype(float) + transfers.barred(inputs)[None, ..., 0]
    for name in COVARIATES[1:]:
        column = covariates.sel(covariate=name).isel({YEAR: -1}).values
        fixed += draws[f"{name}_effect"][:, None, None] * column
    effect = draws[f"{COVARIATES[0]}_effect"][:, None, None]
    distances = _ideal_distances(draws, inputs, years, rng, changes)
    barring = _embargoes(draws, inputs, covariates.sel(covariate="embargo"), changes, chance)
    tiv = inputs["deliveries"].transpose(*transfers.CELL).values[..., -MEMORY_YEARS:]
    recent = [np.repeat(tiv[None, ..., k], n, axis=0) for k in range(tiv.shape[-1])]
    pulls = [draws[name][:, None, None] for name in MEMORIES]
    possible = inputs["possible"].transpose(*transfers.CELL[:2]).values.astype(bool)
    presence, size = delivery_parameters(draws, 3)

    kept: dict[str, list[np.ndarray]] = {}
    for t in range(years):
        remembered = equations.memories(recent, possible)
        distance = distances(t)
        utility = (
            fixed
            + effect * distance
            + sum(pull * held for pull, held in zip(pulls, remembered, strict=True))
            + available[:, :, None, t]
        )
        for seller, buyer, shift in barring:
            utility[:, seller, buyer] += shift[:, t]
        now = utility[..., None], home[..., [t]]
        volume = log_volume(*now, equations.settled(wanted[..., [t]], *now, world[:, [t]], np))
        volume = volume[..., 0]
        volume = volume.astype(np.float32)
        drawn = draw_deliveries(volume, presence, size, rng) * possible
        recent = [*recent[1:], drawn]
        year = {
            "utility": utility,
            "home": home[..., t],
            "volume": volume,
            "drawn": drawn,
            "distance": distance,
        }
        for name, value in keep(year).items():
            kept.setdefault(name, []).append(value.astype(np.float32))
    return {name: np.stack(values, axis=-1) for name, values in kept.items()}


def _embargoes(
    draws: Arrays,
    inputs: xr.Dataset,
    column: xr.DataArray,
    changes: xr.Dataset | None,
    chance: np.ndarray | None,
) -> list[tuple[int, int, np.ndarray]]:
    """Supplier, recipient and change of utility (draw, year) of embargoes that a scenario sets."""
    found = []
    rows = scenario_files.each(changes, "embargo", scenario_files.PROBABILITY)
    for of, probability in rows:
        codes = of.split("-")
        at = [
            list(inputs[d].values).index(c)
            for d, c in zip((SUPPLIER, RECIPIENT), codes, strict=True)
        ]
        now = float(column.isel({SUPPLIER: at[0], RECIPIENT: at[1], YEAR: -1}))
        barred = (chance[:, None] < probability).astype(float)
        moved = np.where(np.isfinite(probability), barred - now, 0.0)
        found.append((at[0], at[1], draws["embargo_effect"][:, None] * moved))
    return found


def draw_deliveries(
    volume: np.ndarray, presence: np.ndarray, size: tuple, rng: np.random.Generator
) -> np.ndarray:
    """Draw deliveries, TIV million, given the log expected volume (draw, ...)."""
    some = equations.log_any_delivery(volume, presence, np)
    mean, sd = equations.size_distribution(volume, some, size, np)
    amount = np.exp(mean + sd * rng.standard_normal(volume.shape, dtype=np.float32))
    return np.where(rng.random(volume.shape, dtype=np.float32) < np.exp(some), amount, 0.0)


def _ideal_distances(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    changes: xr.Dataset | None = None,
) -> Callable[[int], np.ndarray]:
    """Return a function of the future year: standardised ideal-point distances of all pairs."""
    points = inputs["ideal_point"].ffill(YEAR).isel({YEAR: -1})
    seller, buyer = (
        points.reindex({COUNTRY: inputs[d].values}).values for d in (SUPPLIER, RECIPIENT)
    )
    at_seller, at_buyer = (capacity.country_index(inputs, d)[0] for d in (SUPPLIER, RECIPIENT))
    shape = (len(draws["parameters"]), points.size, years)
    moved = np.cumsum(rng.standard_t(inputs.attrs["shock_df"], shape), axis=-1)
    moved *= draws["ideal_point_step"][:, None, None]
    codes = [str(c) for c in inputs[COUNTRY].values]
    for code, amount in scenario_files.each(changes, "ideal_point", scenario_files.ADD):
        moved[:, codes.index(code)] += np.nan_to_num(amount)
    mean, sd = float(inputs["ideal_distance_mean"]), float(inputs["ideal_distance_sd"])

    def distance(t: int) -> np.ndarray:
        left = (seller + moved[:, at_seller, t])[:, :, None]
        right = (buyer + moved[:, at_buyer, t])[:, None, :]
        return np.nan_to_num((np.abs(left - right) - mean) / sd)

    return distance


def _shares(utility: np.ndarray, home: np.ndarray, sold: int) -> Arrays:
    """Expected share of one supplier in imports, and of imports in acquisitions.

    Parameters
    ----------
    utility
        Of all suppliers with one recipient (draw, supplier, ...), log-odds.
    home
        The recipient's own industry (draw, ...), log-odds.
    sold
        Position of the supplier.
    """
    odds = np.exp(utility - home[:, None])
    total = odds.sum(axis=1)
    return {"import_share": odds[:, sold] / total, "imported_fraction": total / (1.0 + total)}


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
        "deliveries_past": (DRAW, YEAR),
        "import_share_past": (DRAW, YEAR),
        "imported_fraction_past": (DRAW, YEAR),
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
    tiv = inputs["deliveries"].transpose(*transfers.CELL).values
    sold, bought = sellers.index(pair[0]), buyers.index(pair[1])
    data["deliveries_observed"] = (YEAR, tiv[sold, bought])
    data["imports_observed"] = ((RECIPIENT, YEAR), tiv[:, [bought]].sum(axis=0))
    data["exports_observed"] = ((SUPPLIER, YEAR), tiv[of_kept].sum(axis=1))
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
    "offer": ("log-odds", "Each supplier against the recipient's own industry"),
    "offer_past": ("log-odds", "Each supplier against the recipient's own industry, past"),
    "deliveries": ("TIV million", "Deliveries from supplier to recipient, with observation noise"),
    "deliveries_mean": ("TIV million", "Expected deliveries from supplier to recipient"),
    "deliveries_past": ("TIV million", "Deliveries as predicted in the past, noise included"),
    "imports": ("TIV million", "The recipient's arms imports, with observation noise"),
    "exports": ("TIV million", "Total arms exports, with observation noise"),
    "import_share": ("1", "Supplier's share of the recipient's expected imports"),
    "import_share_past": ("1", "Supplier's share of the recipient's expected imports, past"),
    "imported_fraction": ("1", "Imports as a share of expected acquisitions"),
    "imported_fraction_past": ("1", "Imports as a share of expected acquisitions, past"),
    "deliveries_observed": ("TIV million", "Deliveries from supplier to recipient, observed"),
    "imports_observed": ("TIV million", "The recipient's arms imports, observed"),
    "exports_observed": ("TIV million", "Total arms exports, observed"),
}
