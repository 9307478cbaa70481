"""Forecasts as they would have been made at the time, and what came of them.

What a forecast of an origin may see is decided in one place, `seen`: the releases of half a year
after the origin's end, and no year after it. Every forecaster, ours or a benchmark, is given that
panel and returns the same thing: quantiles of every series and probabilities of every event.
Forecasts are kept one file an origin and model, so that a backtest goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from data import providers
from data.errors import InputError, fault
from data.names import (
    BASE_YEARS,
    COUNTRY,
    DRAW,
    EXPORT_CROSSOVER,
    FIRST_YEAR,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    RECIPIENT,
    REST,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from data.panel import assemble
from data.tables import SOVIET_UNION, Panel, read
from forecast import baselines, events, runs, skill
from forecast.scores import QUANTILE
from forecast.skill import (
    CLIMATOLOGY,
    DISTANCE,
    DYADS,
    EXPORTS,
    FULL,
    HORIZON,
    IMPORTS,
    LEVELS,
    QUESTION,
    RD_SHARE,
    RELEASE,
    SERIES,
)
from models import priors as beliefs

HORIZONS = 6
SEEN_ON = (6, 30)
"""Month and day of the year after the origin on which a forecast is made: the provider of arms
transfers has published the origin's deliveries (March), not yet the next year's."""
ACTIVE_YEARS = 5
"""A dyad is active at an origin if anything was delivered in this many years up to it."""
FIRST_ORIGIN = 2005
DRAWS, TUNE, CHAINS = 300, 300, 2
FEW = 600
"""Posterior draws that are simulated forward."""
ENGINE = "h5netcdf"
OPTIONS = "backtest.json"
FORECASTS = "forecasts"
BLEND = "blend"
"""Our forecast averaged with persistence; see `blend`."""
WEIGHTS = np.linspace(0.0, 1.0, 11)
SCORES, SUMMARY, EVENTS, CALIBRATION, FITS = (
    "scores.csv", "skill.csv", "events_skill.csv", "calibration.csv", "fits.csv",
)  # fmt: skip

NIL = {"mu": 0.0, "sigma": 0.001}
NO_SPREAD = {"mu": -9.0, "sigma": 0.05}
VARIANTS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    FULL: {},
    "no_rd": {"rd_within": NIL, "rd_within_sd": NO_SPREAD, "rd_between": NIL},
    "no_military": {
        "mil_within": NIL, "mil_within_sd": NO_SPREAD, "mil_between": NIL,
        "acquisition_elasticity": NIL,
    },
    "no_memory": {"memory": NIL},
    "no_pooling": {"rd_within_sd": {"mu": 0.7, "sigma": 0.05},
                   "mil_within_sd": {"mu": 0.7, "sigma": 0.05}},
}  # fmt: skip
"""Our model, and what it is without a part: priors that hold the part's effects at nought, or,
for `no_pooling`, leave each country's own."""


# What was known --------------------------------------------------------------------------------


def seen_on(origin: int) -> datetime.date:
    """Return the day on which a forecast of an origin is made."""
    return datetime.date(origin + 1, *SEEN_ON)


def seen(origin: int, folder: Panel = None) -> xr.Dataset:
    """Return all that a forecast of an origin may see: the one place that decides it.

    Parameters
    ----------
    origin
        Last data year.
    folder
        The panel; see `data.panel.assemble`.

    Returns
    -------
    xarray.Dataset
        As from `data.panel.assemble`, of releases up to `seen_on(origin)`, years up to the origin;
        without what only the domain layer needs. `assumed_share` in the attributes says how much
        of each variable was dated by the provider's usual delay because no release was kept.

    Raises
    ------
    InputError
        If deliveries of the origin were not known on that day, or the panel ends before it.
    """
    known = assemble(seen_on(origin), folder).sel({YEAR: slice(None, origin)})
    known = known.drop_dims(["domain", "weapon_class"], errors="ignore")
    has_tiv = np.isfinite(known["tiv"]).any((SUPPLIER, RECIPIENT))
    last = int(known[YEAR].where(has_tiv).max())
    if last != origin:
        rule = f"the last year of deliveries known half a year later is {last}"
        raise InputError(fault(rule, column="--origins", value=origin))
    return known


def series(panel: xr.Dataset, dyads: Sequence[tuple[str, str]] | None = None) -> xr.Dataset:
    """Return the series that are forecast, as a panel has them.

    Parameters
    ----------
    panel
        With `tiv`, `rd_share` and `ideal_point`.
    dyads
        Pairs to take; those active in the last years of the panel when None.

    Returns
    -------
    xarray.Dataset
        `value` (series, year), NaN where unknown, from the first modelled year on; coordinates
        `target` and `unit` of each series, and `series` itself, "target/unit". Totals of
        countries of the sample count trade with all the world.
    """
    panel = panel.sel({YEAR: slice(FIRST_YEAR, None)})
    tiv = panel["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR)
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    imports = tiv.sum(SUPPLIER, skipna=False)
    exports = tiv.sum(RECIPIENT, skipna=False)
    found: list[tuple[str, str, np.ndarray]] = []
    for target, totals, codes in ((IMPORTS, imports, buyers), (EXPORTS, exports, sellers)):
        found += [(target, c, totals.values[k]) for k, c in enumerate(codes) if c != REST]
    for s, r in active(tiv) if dyads is None else dyads:
        found.append((DYADS, f"{s}-{r}", tiv.values[sellers.index(s), buyers.index(r)]))
    for code in panel[COUNTRY].values:
        values = panel["rd_share"].sel({COUNTRY: code}).values
        if np.isfinite(values).any():
            found.append((RD_SHARE, str(code), values))
    points = panel["ideal_point"]
    powers = [c for c in sellers if c in points[COUNTRY].values]
    for k, a in enumerate(powers):
        for b in powers[k + 1 :]:
            away = np.abs(points.sel({COUNTRY: a}).values - points.sel({COUNTRY: b}).values)
            if np.isfinite(away).any():
                found.append((DISTANCE, f"{a}-{b}", away))
    return labelled(
        [(target, unit) for target, unit, _ in found],
        {"value": ((SERIES, YEAR), np.stack([values for *_, values in found]))},
        {YEAR: panel[YEAR].values},
    )


def labelled(
    names: Sequence[tuple[str, str]], data: Mapping[str, Any], coords: Mapping[str, Any]
) -> xr.Dataset:
    """Return a dataset over series, with `target`, `unit` and `series` of each."""
    targets, units = (np.array([name[k] for name in names], dtype=str) for k in (0, 1))
    keys = np.array([f"{t}/{u}" for t, u in names], dtype=str)
    own = {SERIES: keys, "target": (SERIES, targets), "unit": (SERIES, units)}
    return xr.Dataset(dict(data), coords=own | dict(coords))


def active(tiv: xr.DataArray) -> list[tuple[str, str]]:
    """Return the pairs of the sample with deliveries in the last years (supplier, recipient)."""
    return traded(tiv.isel({YEAR: slice(-ACTIVE_YEARS, None)}))


def traded(tiv: xr.DataArray) -> list[tuple[str, str]]:
    """Return the pairs of the sample with any deliveries (supplier, recipient)."""
    total = tiv.sum(YEAR).transpose(SUPPLIER, RECIPIENT).values
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    return [
        (sellers[i], buyers[j])
        for i, j in zip(*np.nonzero(total > 0), strict=True)
        if REST not in (sellers[i], buyers[j])
    ]


# Events ----------------------------------------------------------------------------------------


def questions(tiv: xr.DataArray) -> xr.Dataset:
    """Return the events that figures can resolve and that have not happened at the origin.

    Export crossover of every ordered pair of suppliers, and independence of every pair with
    deliveries in the base years, by the rules of `forecast.events`.

    Parameters
    ----------
    tiv
        Deliveries known (supplier, recipient, year), to the origin.

    Returns
    -------
    xarray.Dataset
        Over `question`: `event`, `pair`, `supplier`, `recipient` (coordinates) and `base`, TIV
        million a year (NaN for export crossovers).
    """
    whole = tiv.transpose(SUPPLIER, RECIPIENT, YEAR)
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    tail = whole.values[..., -MEAN_YEARS:].mean(axis=-1)
    exports = tail.sum(axis=1)
    base = whole.sel({YEAR: slice(*BASE_YEARS)}).values.mean(axis=-1)
    own = [k for k, code in enumerate(sellers) if code != REST]
    rows = [
        (EXPORT_CROSSOVER, sellers[i], sellers[j], np.nan)
        for i in own
        for j in own
        if i != j and not exports[j] > exports[i]
    ]
    rows += [
        (INDEPENDENCE, sellers[i], code, base[i, j])
        for i in own
        for j, code in enumerate(buyers)
        if code != REST and base[i, j] > 0 and not tail[i, j] < INDEPENDENCE_SHARE * base[i, j]
    ]
    event, supplier, recipient, levels = zip(*rows, strict=True)
    pair = [f"{s}-{r}" for s, r in zip(supplier, recipient, strict=True)]
    text = {"event": event, "pair": pair, SUPPLIER: supplier, RECIPIENT: recipient}
    keys = [f"{e}/{p}" for e, p in zip(event, pair, strict=True)]
    return xr.Dataset(
        {"base": (QUESTION, np.array(levels))},
        coords={QUESTION: np.array(keys, dtype=str)}
        | {name: (QUESTION, np.array(values, dtype=str)) for name, values in text.items()},
    )


def resolve(asked: xr.Dataset, tiv: xr.DataArray, origin: int, horizons: np.ndarray) -> np.ndarray:
    """Say whether each event has happened by each horizon (..., question, horizon).

    Parameters
    ----------
    asked
        As from `questions`.
    tiv
        Deliveries (..., supplier, recipient, year), two years before the origin and on.
    origin, horizons
        Years from the origin's next to the horizon count.

    Returns
    -------
    numpy.ndarray
        1.0 or 0.0; NaN where a year is not known.
    """
    span = np.arange(origin - MEAN_YEARS + 2, origin + int(horizons.max()) + 1)
    whole = tiv.reindex({YEAR: span}).transpose(..., SUPPLIER, RECIPIENT, YEAR)
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    sold = [sellers.index(s) for s in asked[SUPPLIER].values]
    crossing = asked["event"].values == EXPORT_CROSSOVER
    exports = events.trailing_mean(whole.sum(RECIPIENT, skipna=False).values)
    out = np.full((*whole.shape[:-3], asked.sizes[QUESTION], exports.shape[-1]), np.nan)
    known = np.isfinite(exports[..., 0, :])[..., None, :]
    base = asked["base"].values
    for k in np.flatnonzero(crossing):
        rival = sellers.index(str(asked[RECIPIENT].values[k]))
        out[..., k, :] = exports[..., rival, :] > exports[..., sold[k], :]
    for k in np.flatnonzero(~crossing):
        bought = buyers.index(str(asked[RECIPIENT].values[k]))
        means = events.trailing_mean(whole.values[..., sold[k], bought, :])
        out[..., k, :] = means < INDEPENDENCE_SHARE * base[k]
    out = np.where(known, np.maximum.accumulate(out, axis=-1), np.nan)
    return out[..., horizons - 1]


def climatology(
    asked: xr.Dataset, tiv: xr.DataArray, origin: int, horizons: np.ndarray
) -> np.ndarray:
    """Return how often events of the same kind came to pass before (question, horizon).

    Of all pairs at risk at each earlier origin whose horizon had passed by the origin, the share
    in which it happened. The base of independence is then the ten years before that origin.

    Parameters
    ----------
    asked, tiv, origin, horizons
        As of `resolve`, with all years known to the origin.
    """
    happened: dict[tuple[str, int], list[float]] = defaultdict(list)
    years = BASE_YEARS[1] - BASE_YEARS[0] + 1
    for past in range(FIRST_YEAR + years, origin):
        known = tiv.sel({YEAR: slice(None, past)})
        moved = known.assign_coords({YEAR: known[YEAR].values - (past - 1 - BASE_YEARS[1])})
        at_risk = questions(moved)
        came = resolve(at_risk, tiv, past, horizons[horizons <= origin - past])
        for event in (EXPORT_CROSSOVER, INDEPENDENCE):
            own = came[at_risk["event"].values == event]
            for column, h in enumerate(horizons[horizons <= origin - past]):
                happened[event, int(h)] += own[:, column].tolist()
    # One case of each kind beside those on record, so that nothing is held for impossible.
    share = {
        key: (np.nansum(values) + 0.5) / (np.isfinite(values).sum() + 1.0)
        for key, values in happened.items()
    }
    table = [[share[str(e), int(h)] for h in horizons] for e in asked["event"].values]
    return np.array(table)


# Forecasters -----------------------------------------------------------------------------------


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


def benchmark(model: str, panel: xr.Dataset, origin: int, horizons: int) -> xr.Dataset:
    """Make the forecast of a benchmark; see `baselines`.

    Parameters
    ----------
    model
        One of `benchmarks()`.
    panel
        As from `seen`.
    origin, horizons
        Last data year, and number of years ahead.
    """
    start = time.perf_counter()
    known = series(panel)
    if model == CLIMATOLOGY:
        asked = questions(panel["tiv"])
        ahead = np.arange(1, horizons + 1)
        said = climatology(asked, panel["tiv"], origin, ahead)
        made = forecast_of(model, origin, horizons, known, None, asked, said)
    else:
        pool = series(panel, traded(panel["tiv"]))
        pool["active"] = baselines.pooled(pool, ACTIVE_YEARS)
        quantiles = baselines.forecast(model, known, pool, horizons)
        made = forecast_of(model, origin, horizons, known, quantiles, None, None)
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
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
    cores: int = 1,
) -> xr.Dataset:
    """Fit our model, or a variant of it, to what was seen, and run it forward.

    Parameters
    ----------
    model
        A name of `VARIANTS`.
    panel
        As from `seen`.
    origin, horizons
        Last data year, and number of years ahead.
    given
        Priors of the full model.
    seed, draws, tune, chains, cores
        Of the sampler.

    Returns
    -------
    xarray.Dataset
        See `forecast_of`; attributes tell `rhat` and `ess` (the worst of top-level parameters),
        `divergences` and `seconds`.
    """
    from forecast.fit import fit

    start = time.perf_counter()
    own = variant(given, VARIANTS[model])
    tree = fit(
        panel, own, seed=seed + origin, draws=draws, tune=tune, chains=chains, progress=False,
        cores=cores,
    )  # fmt: skip
    sampled = time.perf_counter() - start
    made = from_fit(model, tree, panel, horizons, own, seed=seed)
    made.attrs |= quality(tree)
    made.attrs["seconds_fit"] = round(sampled, 2)
    made.attrs["seconds"] = round(time.perf_counter() - start, 2)
    return made


def from_fit(
    model: str, tree: xr.DataTree, panel: xr.Dataset, horizons: int, given: beliefs.Priors, *,
    seed: int,
) -> xr.Dataset:
    """Run a fit forward and return its forecast in the common form.

    R&D shares are given the noise of figures that are still young when they are first published.
    """
    from forecast import simulate

    origin = int(tree["constant_data"].attrs["origin"])
    known = series(panel)
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
    """Return worst R-hat and bulk ESS of the top-level parameters, and divergences, of a fit."""
    import arviz as az

    found = tree["posterior"].to_dataset()[["parameters"]]
    many = found.sizes["chain"] > 1
    return {
        "rhat": round(float(az.rhat(found)["parameters"].max()), 4) if many else np.nan,
        "ess": round(float(az.ess(found)["parameters"].min()), 1),
        "divergences": int(tree["sample_stats"]["diverging"].sum()),
    }


# What came -------------------------------------------------------------------------------------


def outturns(folder: Panel = None) -> xr.Dataset:
    """Return what came, in the first kept release of each figure and in the latest.

    Returns
    -------
    xarray.Dataset
        `tiv` (release, supplier, recipient, year), `rd_share` and `ideal_point`
        (release, country, year); `release` is "first" and "latest". NaN where no kept release
        covers a year. Where a provider's early releases were not kept, the first one kept counts.
    """
    latest = assemble(None, folder)
    first = latest[["tiv", "rd_share", "ideal_point"]].copy(deep=True)
    releases = [r for r in read("vintages", folder) if r.table == "transfers" and not r.assumed]
    of_year: dict[int, str] = {}
    for row in sorted(releases, key=lambda r: r.vintage):
        for year in range(row.first_year, row.last_year + 1):
            of_year.setdefault(year, row.vintage)
    at = {
        dim: {str(label): i for i, label in enumerate(latest[dim].values)}
        for dim in (SUPPLIER, RECIPIENT, COUNTRY)
    }
    years = {int(year): i for i, year in enumerate(latest[YEAR].values)}
    tiv = np.zeros(first["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR).shape)
    for row in read("transfers", folder):
        if row.year in years and not row.assumed and of_year.get(row.year) == row.vintage:
            s, r = ("RUS" if c == SOVIET_UNION else c for c in (row.supplier, row.recipient))
            tiv[at[SUPPLIER][s], at[RECIPIENT][r], years[row.year]] += row.tiv
    covered = np.array([year in of_year for year in years])
    first["tiv"] = ((SUPPLIER, RECIPIENT, YEAR), np.where(covered, tiv, np.nan))
    rd_share = np.full((len(at[COUNTRY]), len(years)), np.nan)
    own = {"indicator": {"rd_share"}}
    for source in (providers.OECD.title, providers.WORLD_BANK.title):
        rows = [
            row for row in read("country_years", folder, own)
            if row.source == source and not row.assumed and row.year in years
            and row.country in at[COUNTRY]
        ]  # fmt: skip
        for row in sorted(rows, key=lambda r: r.vintage, reverse=True):
            rd_share[at[COUNTRY][row.country], years[row.year]] = row.value
    first["rd_share"] = ((COUNTRY, YEAR), rd_share)
    both = xr.concat([first, latest[list(first)]], pd.Index(["first", "latest"], name=RELEASE))
    return both.drop_vars(["domain", "weapon_class", "class_domain"], errors="ignore")


def score_all(
    forecasts: Iterable[xr.Dataset], came: xr.Dataset, assumed: Mapping[int, Mapping[str, float]]
) -> pd.DataFrame:
    """Score forecasts of any origins and models.

    Parameters
    ----------
    forecasts
        See `skill.score_forecast`.
    came
        As from `outturns`.
    assumed
        Origin → `assumed_share` of the panel that was seen.
    """
    tiv = came["tiv"]
    pairs = [
        (str(s), str(r)) for s in tiv[SUPPLIER].values for r in tiv[RECIPIENT].values
        if REST not in (s, r) and s != r
    ]  # fmt: skip
    whole = xr.concat(
        [series(came.sel({RELEASE: r}), pairs) for r in came[RELEASE].values],
        came[RELEASE],
        join="outer",
    )
    parts = []
    for said in forecasts:
        origin = int(said.attrs["origin"])
        share = assumed[origin]
        vintage = {
            **dict.fromkeys((IMPORTS, EXPORTS, DYADS), share["tiv"]),
            RD_SHARE: share["rd_share"],
            DISTANCE: share["ideal_point"],
        }
        resolved = xr.DataArray(np.empty((2, 0, 0)), dims=(RELEASE, QUESTION, HORIZON))
        if QUESTION in said.dims:
            resolved = xr.DataArray(
                resolve(said, tiv, origin, said[HORIZON].values),
                dims=(RELEASE, QUESTION, HORIZON),
                coords={RELEASE: came[RELEASE]},
            )
        parts.append(skill.score_forecast(said, whole, resolved, vintage))
    return pd.concat(parts, ignore_index=True)


def blend(forecasts: Sequence[xr.Dataset], known: Mapping[int, xr.Dataset]) -> list[xr.Dataset]:
    """Average our forecast with persistence, by weights learnt at earlier origins only.

    Quantiles are averaged (on the log scale for TIV). For each target and group of horizons the
    weight is that of `WEIGHTS` with the least mean CRPS over the forecasts of earlier origins
    whose outturn was known at this one; one half where there is none.

    Parameters
    ----------
    forecasts
        Of any models; what is not ours or persistence is not looked at.
    known
        Origin → `series` of what was seen, with all dyads.

    Returns
    -------
    list of xarray.Dataset
        One forecast an origin that both have; attribute `weights` says what was learnt, as JSON.
    """
    pairs: dict[int, dict[str, xr.Dataset]] = defaultdict(dict)
    for said in forecasts:
        if said.attrs["model"] in (FULL, baselines.PERSISTENCE):
            pairs[int(said.attrs["origin"])][str(said.attrs["model"])] = said
    both = {o: p for o, p in sorted(pairs.items()) if len(p) == 2}
    made = []
    for origin, own in both.items():
        ours_, theirs = (_on_scale(own[m]) for m in (FULL, baselines.PERSISTENCE))
        horizons = own[FULL][HORIZON].values
        targets = own[FULL]["target"].values
        out, learnt = np.empty_like(ours_), {}
        for target in dict.fromkeys(targets):
            for group, (first, last) in skill.GROUPS.items():
                loss, cases = np.zeros(len(WEIGHTS)), 0
                for past in (o for o in both if o < origin):
                    some = [h for h in range(first, last + 1)
                            if past + h <= origin and h <= horizons[-1]]  # fmt: skip
                    found = _losses(both[past], known[origin], past, str(target), some)
                    loss, cases = loss + found[0], cases + found[1]
                weight = float(WEIGHTS[np.argmin(loss)]) if cases else 0.5
                learnt[f"{target} {group}"] = weight
                at = np.ix_(targets == target, (horizons >= first) & (horizons <= last))
                out[at] = weight * ours_[at] + (1.0 - weight) * theirs[at]
        tiv = np.isin(targets, skill.IN_TIV)[:, None, None]
        quantiles = np.where(tiv, np.expm1(out), out)
        blended = own[FULL].drop_dims(QUESTION, errors="ignore")
        blended = blended.assign(quantiles=(own[FULL]["quantiles"].dims, quantiles))
        blended.attrs = {"model": BLEND, "origin": origin, "weights": json.dumps(learnt)}
        made.append(blended)
    return made


def _on_scale(said: xr.Dataset) -> np.ndarray:
    """Return quantiles (series, horizon, level), logs of one plus the value for TIV."""
    q = said["quantiles"].transpose(SERIES, HORIZON, QUANTILE).values.astype(float)
    tiv = np.isin(said["target"].values, skill.IN_TIV)[:, None, None]
    return np.where(tiv, np.log1p(np.maximum(q, 0.0)), q)


def _losses(
    pair: Mapping[str, xr.Dataset], known: xr.Dataset, origin: int, target: str,
    horizons: Sequence[int],
) -> tuple[np.ndarray, int]:
    """Return summed CRPS by weight of ours, and the number of cases, of one past origin."""
    own = pair[FULL]
    at = np.flatnonzero(own["target"].values == target)
    names = [n for n in own[SERIES].values[at] if n in known[SERIES].values]
    if not horizons or not names:
        return np.zeros(len(WEIGHTS)), 0
    came = known["value"].sel({SERIES: names, YEAR: [origin + h for h in horizons]}).values
    came = np.log1p(came) if target in skill.IN_TIV else came
    here = [list(own[SERIES].values).index(n) for n in names]
    steps = np.array(horizons) - 1
    ours_, theirs = (
        _on_scale(pair[m])[np.ix_(here, steps)] for m in (FULL, baselines.PERSISTENCE)
    )
    fine = np.isfinite(came)
    loss = []
    for w in WEIGHTS:
        q = w * ours_[fine] + (1.0 - w) * theirs[fine]
        miss = came[fine][:, None] - q
        loss.append(2.0 * np.where(miss >= 0, LEVELS * miss, (LEVELS - 1.0) * miss).mean(1).sum())
    return np.array(loss), int(fine.sum())


# The backtest as a whole -----------------------------------------------------------------------


class Job(NamedTuple):
    """A forecast to make: of one origin, by one model."""

    origin: int
    model: str

    @property
    def name(self) -> str:
        """Return the job's name, as in "2014/full"."""
        return f"{self.origin}/{self.model}"


def benchmarks() -> tuple[str, ...]:
    """Return the names of all benchmarks whose library is installed."""
    return (*baselines.available(), CLIMATOLOGY)


def jobs(origins: Sequence[int], models: Sequence[str]) -> list[Job]:
    """Return what there is to do, the quickest first; raise InputError for an unknown model."""
    known = (*VARIANTS, *baselines.NAMES, CLIMATOLOGY)
    for name in models:
        if name not in known:
            rule = f"unknown model; known are {', '.join(known)}"
            raise InputError(fault(rule, column="--models", value=name))
    missing = set(models) - set(VARIANTS) - set(benchmarks())
    if missing:
        rule = "needs statsforecast: uv run --group bench crossover backtest"
        raise InputError(fault(rule, column="--models", value=", ".join(sorted(missing))))
    order = sorted(models, key=lambda m: m in VARIANTS)
    return [Job(origin, model) for model in order for origin in origins]


def place(out: Path, job: Job) -> Path:
    """Return where a job's forecast is kept."""
    return out / FORECASTS / str(job.origin) / f"{job.model}.nc"


def keep(out: Path, job: Job, made: xr.Dataset) -> Path:
    """Keep a forecast, whole or not at all."""
    path = place(out, job)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        made.to_netcdf(part, engine=ENGINE)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def kept(out: Path) -> list[xr.Dataset]:
    """Return every forecast that is kept, by origin and model."""
    found = []
    for path in sorted((out / FORECASTS).glob("*/*.nc")):
        if path.name.startswith("."):
            continue
        try:
            with xr.open_dataset(path, engine=ENGINE) as one:
                found.append(one.load())
        except (OSError, ValueError, KeyError):
            rule = "cannot be read: remove it, and it is made anew"
            raise InputError(fault(rule, file=path)) from None
    return found


def claim(out: Path, options: Mapping[str, Any]) -> None:
    """Note what a backtest is made with; raise InputError if it was begun with something else."""
    path = out / OPTIONS
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(fault(f"the folder cannot be made ({reason})", file=out)) from None
    if not path.is_file():
        if any(out.iterdir()):
            rule = f"is not empty and holds no {OPTIONS}: give another --out"
            raise InputError(fault(rule, file=out))
        runs.write(path, dict(options))
        return
    try:
        held = json.loads(path.read_text("utf-8"))
    except ValueError:
        raise InputError(fault("is not valid JSON", file=path)) from None
    for key, value in runs.plain(options).items():
        if held.get(key) != value:
            rule = f"was begun with {key} {held.get(key)}, not {value}: give another --out"
            raise InputError(fault(rule, file=out))


def made_with(
    horizons: int, sampler: Mapping[str, int], given: beliefs.Priors, folder: Panel
) -> dict[str, Any]:
    """Return what all forecasts of one backtest must share, for its record."""
    from forecast import record

    return {
        "horizons": horizons,
        **sampler,
        "panel": record.hash_panel(folder),
        "priors": record.hash_text(given.text),
    }


def pending(out: Path, wanted: Iterable[Job]) -> list[Job]:
    """Return the jobs whose forecast is not kept yet."""
    return [job for job in wanted if not place(out, job).is_file()]


def work(job: Job, panel: xr.Dataset, horizons: int, given: Any, sampler: dict) -> xr.Dataset:
    """Do a job: what a worker runs. `given` are the entries and constants of the priors."""
    if job.model in VARIANTS:
        own = beliefs.Priors(variables=given[0], constants=given[1], text="")
        return ours(job.model, panel, job.origin, horizons, own, **sampler)
    return benchmark(job.model, panel, job.origin, horizons)


def run(
    out: Path,
    wanted: Sequence[Job],
    *,
    horizons: int,
    given: beliefs.Priors,
    sampler: Mapping[str, int],
    folder: Panel = None,
    workers: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Make every forecast that is not kept yet; return the names of those that failed."""
    from forecast import cluster

    todo = pending(out, wanted)
    done = len(wanted) - len(todo)
    if done:
        say(f"{done} of {len(wanted)} forecasts are kept already")
    if not todo:
        return []
    panels = {origin: seen(origin, folder) for origin in sorted({job.origin for job in todo})}
    entries = (
        {name: dict(entry) for name, entry in given.variables.items()},
        {name: dict(entry) for name, entry in given.constants.items()},
    )
    tasks = [
        cluster.Task(job.name, work, (job, panels[job.origin], horizons, entries, dict(sampler)))
        for job in todo
    ]
    by_name = {job.name: job for job in todo}

    def finished(name: str, made: xr.Dataset) -> None:
        keep(out, by_name[name], made)

    failed = cluster.run(
        tasks, finished, workers=workers, scheduler=scheduler, say=say
    )
    return sorted(failed)


def report(out: Path, folder: Panel = None) -> dict[str, pd.DataFrame]:
    """Score all that is kept and write the tables; return them by file name.

    scores.csv holds a row a score (see `skill.compact`); skill.csv compares models, and the blend
    of ours with persistence, by target and group of horizons; events_skill.csv, calibration.csv
    and fits.csv say how good events, intervals and fits are.
    """
    forecasts = kept(out)
    if not forecasts:
        raise InputError(fault("holds no forecast yet", file=out))
    origins = sorted({int(f.attrs["origin"]) for f in forecasts})
    panels = {o: seen(o, folder) for o in origins}
    assumed = {o: json.loads(panel.attrs["assumed_share"]) for o, panel in panels.items()}
    forecasts += blend(
        forecasts, {o: series(panel, traded(panel["tiv"])) for o, panel in panels.items()}
    )
    table = score_all(forecasts, outturns(folder), assumed)
    present = list(dict.fromkeys(str(f.attrs["model"]) for f in forecasts))
    models = [name for name in (FULL, BLEND, *VARIANTS) if name in present]
    models = list(dict.fromkeys(models))
    others = [name for name in present if name not in models]
    tables = {
        SCORES: skill.compact(table),
        SUMMARY: skill.summary(table, models or others[:1], others),
        EVENTS: skill.events(table),
        CALIBRATION: skill.calibration(table),
        FITS: pd.DataFrame(
            [
                {key: f.attrs.get(key) for key in
                 ("origin", "model", "seconds", "seconds_fit", "rhat", "ess", "divergences")}
                for f in forecasts
            ]
        ),
    }  # fmt: skip
    for name, rows in tables.items():
        with contextlib.closing(_file(out / name)) as handle:
            rows.to_csv(handle, index=False, float_format="%.5g", lineterminator="\n")
        (out / f".{name}.part").replace(out / name)
    return tables


def _file(path: Path) -> Any:
    return path.with_name(f".{path.name}.part").open("w", encoding="utf-8", newline="")


def shown(table: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows of the table that is printed: against the best benchmark."""
    header = ["target", "horizons", "model", "best benchmark", "cases", "model's mean", "its mean",
              "skill", "90 %"]
    best = table[table["best"] == 1]
    rows = [
        [
            r.target, r.group, r.model, r.against, r.cases, f"{r.mean:.4g}", f"{r.other:.4g}",
            f"{r.skill:+.3f}", f"{r.skill_q05:+.3f} to {r.skill_q95:+.3f}",
        ]
        for r in best.itertuples(index=False)
    ]  # fmt: skip
    return header, rows
