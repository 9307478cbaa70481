"""The partnership of a pair, driven by its simulated futures: downturn, incidents and cooling.

A cut: hazard and alignment were learned from the history of allied pairs and from votes; GDP and
military spending of the futures move the pair's power ratio, and with it the hazard, draw by draw
and scenario by scenario. Nothing flows back. The gap of latent capacity is no covariate: the
history knows no such quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import countries
from crossover.data.dyads import RECENT_YEARS, abbreviations
from crossover.data.errors import InputError
from crossover.data.names import (
    COOLING,
    COUNTRY,
    DOWNTURN,
    DRAW,
    INCIDENT,
    PARTNERSHIP_EVENTS,
    SCENARIO,
    YEAR,
    YEAR_FUTURE,
)
from crossover.data.rules import DOWNTURN_GRADE, FORCE
from crossover.data.tables import AlliedPair, Panel, read, write
from crossover.forecast import alignment as votes
from crossover.forecast import pairs, partnership, scenarios
from crossover.forecast.scenarios import Scenario
from crossover.models import alignment as vote_model
from crossover.models import partnership as hazard
from crossover.models import power
from crossover.models.covariates import OUTCOMES
from crossover.models.priors import Priors

RECORD = "record"
"""Folder of a run with what its pairs' hazards rest on: three tables of the panel."""
TABLES = ("alliance_dyads", "capabilities", "rivalries")
ALIGNMENT = "alignment"
FITS = (DOWNTURN, INCIDENT, ALIGNMENT)
"""Groups of a run's partnership.nc: two hazards, and the alignment of powers."""
NO_VOTES = "votes of {} in the United Nations are not among those compared"
HELD_DRAWS = 4000
"""Draws of a pair whose power is held."""
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


class Answers(NamedTuple):
    """What is said of a pair's partnership.

    `events`: each that applies (draw, scenario, year), bool, as `forecast.events.answers`.
    `paths`: yearly `hazard` (event, draw, scenario, year_future), `log_power_ratio` (draw,
    scenario, year_future), the supplier's over the recipient's, `distance` (draw, scenario,
    year_future) of ideal points; what does not apply is left out.
    `reasons`: event → why nothing is said of it.
    """

    events: xr.Dataset
    paths: xr.Dataset
    reasons: dict[str, str]


def fit(
    panel: xr.Dataset,
    layers: Panel,
    pair: tuple[str, str],
    priors: tuple[Priors, Priors],
    *,
    origin: int,
    seed: int,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
) -> xr.DataTree | None:
    """Fit both hazards and the alignment once; every pair of the run is forecast from them.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`: its ideal points are used.
    layers
        Where the tables of the history are.
    pair
        Of which votes are counted whether of the powers or not.
    priors
        Of the hazard and of the alignment.
    origin
        Later years of the history are left out.
    seed, draws, tune, chains
        Of the sampler; each fit's own usual numbers where None.

    Returns
    -------
    xarray.DataTree
        Groups as `FITS`, each with posterior, sample_stats and constant_data; None where the panel
        holds no history of alliances.
    """
    rows = read("alliance_dyads", layers)
    if not rows:
        return None
    asked = {"draws": draws, "tune": tune, "chains": chains}
    asked = {key: value for key, value in asked.items() if value is not None}
    found = {
        outcome: partnership.fit(
            rows, priors[0], seed=seed, outcome=outcome, last_year=origin, **asked
        )
        for outcome in OUTCOMES
    }
    try:
        gap = vote_model.gaps(panel["ideal_point"], pair)
    except InputError:
        gap = vote_model.gaps(panel["ideal_point"])
    found[ALIGNMENT] = votes.fit(gap, priors[1], seed=seed, **asked)
    groups = {}
    for name, tree in found.items():
        for path, node in tree.subtree_with_keys:
            if path != ".":
                groups[f"{name}/{path}"] = node.to_dataset(inherit=False)
    return xr.DataTree.from_dict(groups)


def keep_record(layers: Panel, folder: Path) -> None:
    """Write the rows that a hazard of a pair of the sample needs into a new folder of a run."""
    folder.mkdir()
    states = set(abbreviations().values())
    for table in TABLES:
        rows = read(table, layers)
        if table == "alliance_dyads":
            rows = [row for row in rows if row.state1 in states and row.state2 in states]
        write(table, rows, folder)


def known(record: Panel, pair: tuple[str, str], origin: int) -> tuple[pairs.Pair | None, str]:
    """Return what the record knows of a pair, or None and the reason."""
    try:
        found = pairs.find(*pair, record)
    except InputError as error:
        return None, str(error)
    if found is None:
        return None, pairs.NO_TREATY.format(pairs.both(*pair))
    ratios = {year: value for year, value in found.log_ratio.items() if year <= origin}
    if not ratios:
        return None, f"no year to {origin} has the power of {pairs.both(*pair)} on record"
    return found._replace(log_ratio=ratios), ""


def bridge(constant: xr.Dataset, record: Panel, *, seed: int) -> xr.Dataset:
    """Fit the bridge from GDP and military spending, as the fit saw them, to CINC."""
    figures = [constant[name].rename(year_effort=YEAR) for name in power.PREDICTORS]
    return power.fit(power.powers(read("capabilities", record)), *figures, seed=seed)


def answer(
    tree: xr.DataTree,
    history: xr.DataTree,
    futures: xr.Dataset,
    record: Panel,
    priors: Priors,
    chosen: Sequence[Scenario] = (),
    *,
    seed: int,
) -> Answers:
    """Say when the partnership of a pair turns down, has an incident, or cools, if ever.

    Parameters
    ----------
    tree
        The run's posterior: figures of GDP and military spending are taken from it.
    history
        As from `fit`.
    futures
        As from `forecast.simulate.futures`, of that tree.
    record
        As from `keep_record`.
    priors
        Of the hazard.
    chosen
        The scenarios of the futures.
    seed
        The same draws of hazard, votes and chance serve every scenario.

    Returns
    -------
    Answers
        An event counts from the year after the origin: what came up to the origin is on no record
        after 2017 (ends of treaties) and 2014 (disputes). Incidents are drawn year by
        year; one raises both hazards for the ten years after it. A downturn comes in the year in
        which its cumulative probability passes the draw's uniform number.
    """
    pair = (str(futures.attrs["supplier"]), str(futures.attrs["recipient"]))
    origin = int(futures.attrs["origin"])
    ahead = futures[YEAR_FUTURE].values
    years = np.arange(origin, int(ahead.max()) + 1)
    worlds = [str(name) for name in futures[SCENARIO].values]
    by_name = {scenario.name: scenarios.overrides(scenario, ahead) for scenario in chosen}
    random = np.random.default_rng([seed, 11])
    uniform = random.random(futures.sizes[DRAW])
    chance = random.random(futures.sizes[DRAW])
    dims = (DRAW, SCENARIO, YEAR)
    found: dict[str, tuple] = {}
    paths: dict[str, tuple] = {}
    reasons = {}

    own, reason = known(record, pair, origin)
    if own is not None:
        try:
            ratios = power_paths(
                bridge(tree["constant_data"].to_dataset(), record, seed=seed),
                own,
                futures,
                seed=seed,
            )
            by_world = [
                pairs.covariates(
                    own, priors, ahead, ratios.sel({SCENARIO: name}, drop=True),
                    _rivalries(by_name.get(name), own, pair, ahead, chance),
                )
                for name in worlds
            ]  # fmt: skip
            hazards, incidents = yearly(history, own, by_world, seed + 1)
        except InputError as error:
            own, reason = None, str(error)
    if own is None:
        reasons |= dict.fromkeys(OUTCOMES, reason)
    else:
        cumulative = -np.expm1(np.log1p(-hazards[DOWNTURN]).cumsum(axis=-1))
        happened = {
            DOWNTURN: cumulative > uniform[:, None, None],
            INCIDENT: np.logical_or.accumulate(incidents, axis=-1),
        }
        for outcome, by_year in happened.items():
            none = np.zeros((*by_year.shape[:2], 1), bool)
            found[outcome] = (dims, np.concatenate([none, by_year], axis=-1))
        paths["hazard"] = (
            ("event", DRAW, SCENARIO, YEAR_FUTURE),
            np.stack(list(hazards.values())).astype(np.float32),
        )
        sign = 1.0 if own.country1 == pair[0] else -1.0
        moved = sign * ratios.sel({YEAR_FUTURE: ahead}).transpose(DRAW, SCENARIO, YEAR_FUTURE)
        paths["log_power_ratio"] = ((DRAW, SCENARIO, YEAR_FUTURE), moved.values.astype(np.float32))

    gap = history[ALIGNMENT]["constant_data"]["gap"]
    if vote_model.name(*pair) in gap[vote_model.PAIR].values:
        cools, away = _votes(
            history[ALIGNMENT], gap, pair, years, worlds, by_name, futures.sizes[DRAW], random, seed
        )
        found[COOLING] = (dims, cools)
        paths["distance"] = ((DRAW, SCENARIO, YEAR_FUTURE), away[..., 1:].astype(np.float32))
    else:
        reasons[COOLING] = NO_VOTES.format(pairs.both(*pair))
    coords = {DRAW: futures[DRAW].values, SCENARIO: worlds}
    events = xr.Dataset(
        {name: found[name] for name in PARTNERSHIP_EVENTS if name in found},
        coords={**coords, YEAR: years}, attrs=futures.attrs,
    )  # fmt: skip
    held = xr.Dataset(paths, coords={**coords, YEAR_FUTURE: ahead, "event": list(OUTCOMES)})
    return Answers(events, held, reasons)


def yearly(
    history: xr.DataTree, own: pairs.Pair, by_world: Sequence[xr.DataArray], seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw a pair's incidents year by year, and with them its hazards.

    Parameters
    ----------
    history
        Fits of `models.covariates.OUTCOMES`.
    by_world
        Covariates in each scenario (covariate, draw, year_future), `recent` as on record.

    Returns
    -------
    tuple
        Yearly hazard (draw, scenario, year) of each outcome, and whether an incident comes.
        Scenarios share the numbers that decide it.
    """
    posteriors = {outcome: partnership.flat(history[outcome]) for outcome in OUTCOMES}
    after = [values.where(values[hazard.COVARIATE] != "recent", 1.0) for values in by_world]
    calm, stirred = (
        {
            outcome: np.stack(
                [pairs.hazard_given(of, own, v, seed=seed).values for v in values], axis=1
            )
            for outcome, of in posteriors.items()
        }
        for values in (by_world, after)
    )
    draws, _, years = calm[INCIDENT].shape
    uniform = np.random.default_rng([seed, 12]).random((draws, 1, years))
    comes = np.zeros(calm[INCIDENT].shape, bool)
    found = {outcome: np.empty(comes.shape) for outcome in OUTCOMES}
    for t in range(years):
        recent = comes[..., max(0, t - RECENT_YEARS) : t].any(axis=-1)
        for outcome in OUTCOMES:
            found[outcome][..., t] = np.where(
                recent, stirred[outcome][..., t], calm[outcome][..., t]
            )
        comes[..., t] = uniform[..., t] < found[INCIDENT][..., t]
    return found, comes


def without_disputes(
    rows: Sequence[AlliedPair], states: tuple[str, str], years: Sequence[int]
) -> list[AlliedPair]:
    """Return the history as it would be had the pair's disputes of some years not been.

    Years in which the treaty ended, a rivalry began or war broke out keep their grade.
    """
    own = {r.year: r for r in rows if (r.state1, r.state2) == states}
    told = {year for year, r in own.items() if (r.hostility or 0) >= FORCE or r.embargo}
    left = told - set(years)
    found = []
    for row in rows:
        if (row.state1, row.state2) == states:
            others = any(y in left for y in range(row.year - RECENT_YEARS, row.year))
            ours = any(y in years for y in range(row.year - RECENT_YEARS, row.year))
            row = row._replace(recent=int(others) if ours else row.recent)
            if row.year in years and row.grade != DOWNTURN_GRADE:
                row = row._replace(grade=0, hostility=0, fatality=0, embargo=0)
        found.append(row)
    return found


def with_and_without(
    layers: Panel,
    pair: tuple[str, str],
    priors: Priors,
    until: Sequence[int],
    *,
    seed: int,
    draws: int = 300,
    tune: int = 300,
    chains: int = 2,
) -> pd.DataFrame:
    """Say what the disputes on record since a pair allied do to its probabilities.

    Power is held at its last value on record, so that no fit of the joint model is asked for.

    Parameters
    ----------
    until
        Years by which an event has happened; counted from the year after the last of its power.

    Returns
    -------
    pandas.DataFrame
        One row an outcome and year: `outcome`, `from`, `by`, `with`, `without` (probabilities),
        `disputes` (years, with blanks between); empty of a pair without a treaty on record.
    """
    columns = ["outcome", "from", "by", "with", "without", "disputes"]
    own = pairs.find(*pair, layers)
    if own is None:
        return pd.DataFrame(columns=columns)
    rows = read("alliance_dyads", layers)
    gone = [year for year in own.disputes if year >= own.allied_since]
    records = {"with": (rows, own), "without": (
        without_disputes(rows, (own.state1, own.state2), gone),
        own._replace(disputes=tuple(y for y in own.disputes if y not in gone)),
    )}  # fmt: skip
    last = own.last_power_year
    years = np.arange(last + 1, max(until) + 1)
    path = xr.DataArray(
        np.full((HELD_DRAWS, years.size + 1), own.log_ratio[last]), dims=(DRAW, YEAR_FUTURE),
        coords={YEAR_FUTURE: np.arange(last, max(until) + 1)},
    )  # fmt: skip
    chance = {}
    for name, (kept, of) in records.items():
        trees = {
            outcome: partnership.fit(
                kept, priors, seed=seed, outcome=outcome, draws=draws, tune=tune, chains=chains
            )
            for outcome in OUTCOMES
        }
        values = pairs.covariates(of, priors, years, path)
        rates, comes = yearly(trees, of, [values], seed)
        survived = np.log1p(-rates[DOWNTURN][:, 0]).cumsum(axis=-1)
        chance[name] = {
            DOWNTURN: -np.expm1(survived).mean(axis=0),
            INCIDENT: np.logical_or.accumulate(comes[:, 0], axis=-1).mean(axis=0),
        }
    return pd.DataFrame(
        [
            (outcome, int(years[0]), year, *(chance[n][outcome][year - years[0]] for n in records),
             " ".join(map(str, gone)))
            for outcome in OUTCOMES for year in until
        ],
        columns=columns,
    )  # fmt: skip


def power_paths(of: xr.Dataset, own: pairs.Pair, futures: xr.Dataset, *, seed: int) -> xr.DataArray:
    """Paths of a pair's log CINC ratio, state 1 over state 2 (draw, scenario, year_future).

    From the last year that the bridge knows onwards: what is on record of GDP and military spending
    to the origin, then the futures. InputError where the pair has no figure in one of these years.
    """
    start, origin = int(of.attrs["last_year"]), int(futures.attrs["origin"])
    if start not in own.log_ratio:
        who = pairs.both(own.country1, own.country2)
        raise InputError(f"the power of {who} in {start} is not on record")
    logs = {}
    sides = (own.country1, own.country2)
    span = np.arange(start, int(futures[YEAR_FUTURE].max()) + 1)
    for name in power.PREDICTORS:
        both = futures[[f"{name}_past", name]].sel({COUNTRY: list(sides)})
        ahead = both[name].transpose(DRAW, SCENARIO, COUNTRY, YEAR_FUTURE).values.astype(float)
        past = both[f"{name}_past"].sel({YEAR: slice(start, origin)})
        past = past.transpose(COUNTRY, YEAR).values
        past = np.broadcast_to(past, (*ahead.shape[:2], *past.shape))
        whole = np.log(np.concatenate([past, ahead], axis=-1))
        for at, code in enumerate(sides):
            if not np.isfinite(whole[:, :, at]).all():
                figure = {"gdp": "GDP", "milex": "military spending"}[name]
                who = countries.the(countries.name_of(code))
                raise InputError(f"{who} has no {figure} on record in some year since {start}")
        logs[name] = xr.DataArray(
            whole[:, :, 0] - whole[:, :, 1], dims=(DRAW, SCENARIO, YEAR_FUTURE),
            coords={SCENARIO: futures[SCENARIO].values, YEAR_FUTURE: span},
        )  # fmt: skip
    parts = [
        power.simulate(
            of, sides,
            *(logs[name].sel({SCENARIO: world}, drop=True) for name in power.PREDICTORS),
            own.log_ratio[start], seed=seed,
        )
        for world in futures[SCENARIO].values
    ]  # fmt: skip
    return xr.concat(parts, SCENARIO).assign_coords({SCENARIO: futures[SCENARIO].values})


def _rivalries(
    changes: xr.Dataset | None,
    own: pairs.Pair,
    pair: tuple[str, str],
    years: np.ndarray,
    chance: np.ndarray,
) -> Mapping[str, Any]:
    """Rivalries that a scenario sets, as the hazard wants them: those of the year before."""
    found = {}
    for variable, name in (("common_rival", "common_rivals"), ("rivals", "rivals")):
        for of, probability in scenarios.each(changes, variable, scenarios.PROBABILITY):
            if of != vote_model.name(*pair):
                continue
            before = np.concatenate([[np.nan], probability[:-1]])
            on = (chance[:, None] < before).astype(float)
            recorded = float(getattr(own, name))
            found[name] = xr.DataArray(
                np.where(np.isfinite(before), on, recorded), dims=(DRAW, YEAR_FUTURE)
            )
    return found


def _votes(
    tree: xr.DataTree,
    gap: xr.DataArray,
    pair: tuple[str, str],
    years: np.ndarray,
    worlds: Sequence[str],
    changes: Mapping[str, xr.Dataset],
    count: int,
    random: np.random.Generator,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Cooling and distance of a pair's votes (draw, scenario, year), from the origin on."""
    name = vote_model.name(*pair)
    posterior = partnership.flat(tree)
    posterior = posterior.isel({DRAW: random.integers(0, posterior.sizes[DRAW], count)})
    record = abs(gap.sel({vote_model.PAIR: name}, drop=True)).dropna(YEAR)
    spread = vote_model.pooled_sd(gap)
    cools, away = [], []
    for world in worlds:
        shift = np.zeros(len(years) - 1)
        for of, amount in scenarios.each(changes.get(world), "ideal_point", scenarios.ADD):
            if of in pair:
                shift += np.nan_to_num(amount) * (1.0 if of == min(pair) else -1.0)
        shifted = xr.DataArray(shift, dims=YEAR_FUTURE, coords={YEAR_FUTURE: years[1:]})
        ahead = vote_model.simulate(
            posterior, gap, name, int(years[-1]), seed=seed + 2, shift=shifted
        )
        whole = votes.joined(record, ahead)
        cool = vote_model.cooling(whole, spread, YEAR_FUTURE)
        cools.append(cool.sel({YEAR_FUTURE: years}).transpose(DRAW, YEAR_FUTURE).values)
        away.append(whole.sel({YEAR_FUTURE: years}).transpose(DRAW, YEAR_FUTURE).values)
    return np.stack(cools, axis=1), np.stack(away, axis=1)


def paths_table(found: Answers) -> pd.DataFrame:
    """Return quantiles of the yearly hazards, the power ratio and the distance of votes.

    Returns
    -------
    pandas.DataFrame
        quantity (hazard of downturn, hazard of incident, log_power_ratio, distance), scenario,
        year, q05 to q95 and mean.
    """
    series = {}
    if "hazard" in found.paths:
        for event in found.paths["event"].values:
            series[f"hazard of {event}"] = found.paths["hazard"].sel(event=event)
    series |= {
        name: found.paths[name] for name in ("log_power_ratio", "distance") if name in found.paths
    }
    rows = []
    for name, values in series.items():
        for scenario in values[SCENARIO].values:
            one = values.sel({SCENARIO: scenario}).transpose(DRAW, YEAR_FUTURE).values.astype(float)
            levels = np.quantile(one, list(QUANTILES.values()), axis=0)
            means = one.mean(axis=0)
            for at, year in enumerate(values[YEAR_FUTURE].values):
                rows.append(
                    {"quantity": name, "scenario": str(scenario), "year": int(year)}
                    | dict(zip(QUANTILES, levels[:, at], strict=True))
                    | {"mean": means[at]}
                )
    columns = ["quantity", "scenario", "year", *QUANTILES, "mean"]
    return pd.DataFrame(rows, columns=columns)


def by_hand(
    history: xr.DataTree, record: Panel, pair: tuple[str, str], priors: Priors, origin: int
) -> pd.DataFrame:
    """Lay open the hazard of a downturn of a pair in the year after its last power on record.

    Empty where no treaty, or no power of the years before, is on record. See
    `forecast.pairs.by_hand`; a column `year` is added.
    """
    own, _ = known(record, pair, origin)
    nothing = pd.DataFrame(columns=["term", "value", "coefficient", "product", "year"])
    if own is None:
        return nothing
    year = own.last_power_year + 1
    try:
        table = pairs.by_hand(partnership.flat(history[DOWNTURN]), own, priors, year)
    except InputError:
        return nothing
    return table.assign(year=year)


def facts(
    history: xr.DataTree,
    record: Panel,
    pair: tuple[str, str],
    origin: int,
    reasons: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the record says of a pair, in a form that JSON holds.

    Returns
    -------
    dict
        `reasons`: event → why nothing is said of it. Of pairs with a hazard also `treaty`,
        `allied_since`, `disputes` (years since then with a dispute or an embargo),
        `last_dispute_year` and `last_treaty_year` (to which the record reaches), `common_rivals`,
        `rivalry_year`, `last_power_year`, `power_ratio` (the recipient's CINC over the supplier's
        then), `treaty_ratio` (hazard ratio that its treaty's own effect stands for, mean of logs).
    """
    own, _ = known(record, pair, origin)
    found: dict[str, Any] = {"reasons": dict(reasons)}
    if own is None or DOWNTURN in reasons:
        return found
    posterior = partnership.flat(history[DOWNTURN])
    of_treaty = None
    if own.treaty in posterior["treaty"].values:
        effect = posterior["treaty_effect"].sel(treaty=own.treaty)
        of_treaty = float(np.exp(effect.astype(float).mean()))
    sign = -1.0 if own.country1 == pair[0] else 1.0
    return found | {
        "treaty": own.treaty,
        "allied_since": own.allied_since,
        "disputes": [year for year in own.disputes if year >= own.allied_since],
        "last_dispute_year": own.last_dispute_year,
        "last_treaty_year": own.last_treaty_year,
        "common_rivals": own.common_rivals,
        "rivalry_year": own.rivalry_year,
        "last_power_year": own.last_power_year,
        "power_ratio": float(np.exp(sign * own.log_ratio[own.last_power_year])),
        "treaty_ratio": of_treaty,
    }


def fit_tables(history: xr.DataTree, priors: Priors, *, seed: int) -> dict[str, pd.DataFrame]:
    """Return what the fits say of the history itself, whatever the pair.

    Returns
    -------
    dict of pandas.DataFrame
        `effects` (with `outcome`), `influence`, `checks`, `calibration` (of downturns), `rates`:
        events and pair-years by era, and `votes`: how often votes cooled on record.
    """
    found = [
        partnership.effects(history[outcome], priors).assign(outcome=outcome)
        for outcome in OUTCOMES
    ]
    base = votes.base_rate(history[ALIGNMENT]["constant_data"]["gap"])
    return {
        "effects": pd.concat(found, ignore_index=True),
        "influence": partnership.influence(history[DOWNTURN]),
        "checks": partnership.check_counts(history[DOWNTURN], seed=seed),
        "calibration": partnership.calibration(history[DOWNTURN], seed=seed),
        "rates": partnership.base_rates(
            {name: history[name]["constant_data"].to_dataset() for name in OUTCOMES}
        ),
        "votes": pd.DataFrame([{"unit": k, "cooled": v} for k, v in base.items()]),
    }
