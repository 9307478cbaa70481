"""Forecasts made from a past origin: a benchmark's, and the model's own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import COUNTRY, DRAW, MEAN_YEARS, RECIPIENT, SUPPLIER, YEAR, YEAR_FUTURE
from crossover.forecast import baselines, event_odds, forest, gate, order_book
from crossover.forecast.origins import climatology, history, questions, resolve, series
from crossover.forecast.scores import QUANTILE
from crossover.forecast.skill import (
    CLIMATOLOGY,
    DISTANCE,
    DYADS,
    EXPORTS,
    FULL,
    HORIZON,
    IMPORTS,
    LEVELS,
    ORDERS,
    QUESTION,
    RD_SHARE,
    SERIES,
)
from crossover.models import priors as beliefs

FEW = 2000
"""Posterior draws that are simulated forward."""
ENGINE = "h5netcdf"
OPTIONS = "backtest.json"
NIL = {"mu": 0.0, "sigma": 0.001}
NO_SPREAD = {"mu": -9.0, "sigma": 0.05}
VARIANTS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    FULL: {},
    "no_rd": {
        "rd_within": NIL, "rd_within_sd": NO_SPREAD, "rd_between": NIL, "own_rd_effect": NIL,
    },
    "no_military": {"mil_within": NIL, "mil_between": NIL, "budget_level": NIL,
                    "budget_effect": NIL},
    "no_memory": {"memory": NIL, "memory_before": NIL},
    "no_pooling": {"rd_within_sd": {"mu": 0.7, "sigma": 0.05}},
    "gdp": {},
}  # fmt: skip
"""Our model, and what it is without a part: priors that hold the part's effects at zero, or,
for `no_pooling`, leave each country's own; in `gdp` GDP stands in place of R&D."""


def forecast_of(
    model: str,
    origin: int,
    horizons: int,
    names: xr.Dataset,
    quantiles: np.ndarray | None,
    asked: xr.Dataset | None,
    probability: np.ndarray | None,
    **attrs: Any,
) -> xr.Dataset:
    """Put a forecast in the form in which all are kept and scored; see `skill.score_forecast`."""
    out = names.drop_dims(YEAR)
    out = out.assign_coords({HORIZON: np.arange(1, horizons + 1), QUANTILE: LEVELS})
    if quantiles is not None:
        out["quantiles"] = ((SERIES, HORIZON, QUANTILE), quantiles.astype(np.float32))
    else:
        out = out.drop_dims(SERIES)
    if asked is not None:
        out = out.assign_coords(asked.coords)
        out["base"] = asked["base"]
        out["probability"] = ((QUESTION, HORIZON), np.asarray(probability, np.float32))
    out.attrs = {"model": model, "origin": origin, **attrs}
    return out


def benchmark(
    model: str, panel: xr.Dataset, origin: int, horizons: int, seed: int = 0
) -> xr.Dataset:
    """Make the forecast of a benchmark; see `baselines`, `forest`, `order_book` and `event_odds`.

    Parameters
    ----------
    model : One of `benchmarks()`.
    panel : As from `seen`; for the benchmark with the order book as from `order_book.seen`.
    origin, horizons : Last data year, and number of years ahead.
    seed : Of the forest.
    """
    start = time.perf_counter()
    if model in (CLIMATOLOGY, baselines.LOGISTIC):
        odds = climatology if model == CLIMATOLOGY else event_odds.forecast
        asked = questions(panel["tiv"])
        said = odds(asked, panel["tiv"], origin, np.arange(1, horizons + 1))
        made = forecast_of(model, origin, horizons, series(panel), None, asked, said)
    else:
        past = history(panel)
        if model == baselines.FOREST:
            quantiles = forest.forecast(panel, past, horizons, seed)
        elif model == baselines.ORDER_BOOK:
            quantiles = order_book.forecast(panel, past, horizons)
            model = order_book.name(panel)
        else:
            quantiles = baselines.forecast(model, past, horizons)
        made = forecast_of(model, origin, horizons, series(panel), quantiles, None, None)
    made.attrs["seconds"] = round(time.perf_counter() - start, 2)
    return made


def ours(
    model: str,
    panel: xr.Dataset,
    origin: int,
    horizons: int,
    given: beliefs.Priors,
    *,
    seed: int,
    draws: int,
    tune: int,
    chains: int,
) -> xr.Dataset:
    """Fit our model, or a variant of it, to what was seen, and run it forward.

    Parameters
    ----------
    model : A name of `VARIANTS`.
    panel : As from `seen`.
    origin, horizons : Last data year, and number of years ahead.
    given : Priors of the full model.
    seed, draws, tune, chains : Of the sampler. Chains follow each other on one core.

    Returns
    -------
    xarray.Dataset
        See `forecast_of`; attributes tell `seconds` and what the gate found (see `quality`).
    """
    from crossover.forecast.fit import fit

    start = time.perf_counter()
    own = variant(given, VARIANTS[model])
    given_to = gdp_for_rd(panel) if model == "gdp" else panel
    tree = fit(
        given_to, own, seed=seed + origin, draws=draws, tune=tune, chains=chains, cores=1,
    )  # fmt: skip
    sampled = time.perf_counter() - start
    made = from_fit(model, tree, panel, horizons, own, seed=seed)
    made.attrs |= quality(tree)
    made.attrs["seconds_fit"] = round(sampled, 2)
    made.attrs["seconds"] = round(time.perf_counter() - start, 2)
    return made


def gdp_for_rd(panel: xr.Dataset) -> xr.Dataset:
    """Return a panel in which every country's R&D is the same share of its GDP in all years.

    But for two per cent of noise, without which nothing could be learned of its steps.
    """
    share = panel["rd_share"]
    noise = np.random.default_rng(0).normal(0.0, 0.02, share.shape)
    return panel.assign(rd_share=(share * 0.0 + share.mean(YEAR)) * np.exp(noise))


def from_fit(
    model: str, tree: xr.DataTree, panel: xr.Dataset, horizons: int, given: beliefs.Priors, *,
    seed: int,
) -> xr.Dataset:
    """Run a fit forward and return its forecast in the common form.

    R&D shares are given the noise of figures that are still young when they are first published.
    """
    from crossover.forecast import simulate

    origin = int(tree["constant_data"].attrs["origin"])
    nothing = xr.full_like(panel["tiv"].isel({RECIPIENT: 0}, drop=True), np.nan)
    known = series(panel.assign(orders=nothing))
    world = simulate.world(tree, seed=seed, years=horizons, draws=FEW)
    rng = np.random.default_rng([seed, origin])
    noise = given.constant("rd_noise_young")
    world["rd_share"] = world["rd_share"] * np.exp(
        noise * rng.standard_normal(world["rd_share"].shape)
    )
    tiv = world["deliveries"]
    sums = {IMPORTS: tiv.sum(SUPPLIER), EXPORTS: tiv.sum(RECIPIENT)}
    quantiles = np.empty((known.sizes[SERIES], horizons, len(LEVELS)))
    for k, (target, unit) in enumerate(
        zip(known["target"].values, known["unit"].values, strict=True)
    ):
        if target in (DYADS, DISTANCE):
            s, r = str(unit).split("-")
            source = tiv if target == DYADS else world["ideal_distance"]
            drawn = source.sel({SUPPLIER: s, RECIPIENT: r})
        elif target == RD_SHARE:
            drawn = world["rd_share"].sel({COUNTRY: unit})
        elif target == ORDERS:
            drawn = rng.poisson(world["orders"].sel({SUPPLIER: unit})).astype(float)
            drawn = xr.DataArray(drawn, dims=(DRAW, YEAR_FUTURE))
        else:
            drawn = sums[str(target)].sel({SUPPLIER if target == EXPORTS else RECIPIENT: unit})
        values = drawn.transpose(DRAW, YEAR_FUTURE).values
        quantiles[k] = np.quantile(values, LEVELS, axis=0).T
    asked = questions(panel["tiv"])
    future = tiv.rename({YEAR_FUTURE: YEAR}).transpose(DRAW, SUPPLIER, RECIPIENT, YEAR)
    past = panel["tiv"].sel({YEAR: slice(origin - MEAN_YEARS + 2, origin)})
    past = past.expand_dims({DRAW: future[DRAW].values}).transpose(*future.dims)
    whole = xr.concat([past, future], YEAR, join="override")
    said = resolve(asked, whole, origin, np.arange(1, horizons + 1)).mean(axis=0)
    return forecast_of(
        model, origin, horizons, known, quantiles, asked, said, draws=tiv.sizes[DRAW]
    )


def variant(given: beliefs.Priors, changes: Mapping[str, Mapping[str, float]]) -> beliefs.Priors:
    """Return priors with some numbers of some variables changed."""
    variables = {name: dict(entry) for name, entry in given.variables.items()}
    for name, numbers in changes.items():
        variables[name] |= numbers
    return beliefs.Priors(variables=variables, constants=given.constants, text=given.text)


def quality(tree: xr.DataTree) -> dict[str, float | int]:
    """Return what the gate finds of a fit: the verdict, the worst R-hat and effective sample size
    (bulk or tail) of any quantity, and divergences.
    """
    verdict = gate.judge(tree)
    found = {check["name"]: check["value"] for check in verdict["checks"]}
    return {
        "passed": int(verdict["passed"]),
        "rhat": round(found["rhat"], 4),
        "ess": round(min(found["ess_bulk"], found["ess_tail"]), 1),
        "divergences": int(found["divergences"]),
    }
