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
import xarray as xr

from crossover.data.dyads import abbreviations
from crossover.data.errors import InputError
from crossover.data.names import (
    COOLING,
    DOWNTURN,
    DRAW,
    INCIDENT,
    PARTNERSHIP_EVENTS,
    SCENARIO,
    YEAR,
    YEAR_FUTURE,
)
from crossover.data.tables import Panel, read, write
from crossover.forecast import alignment as votes
from crossover.forecast import pairs, partnership, scenarios
from crossover.forecast.junior import power_paths, yearly
from crossover.forecast.scenarios import Scenario
from crossover.models import alignment as vote_model
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
    panel : As from `data.panel.assemble`: its ideal points are used.
    layers : Where the tables of the history are.
    pair : Of which votes are counted whether of the powers or not.
    priors : Of the hazard and of the alignment.
    origin : Later years of the history are left out.
    seed, draws, tune, chains : Of the sampler; each fit's own usual numbers where None.

    Returns
    -------
    xarray.DataTree : Groups as `FITS`, each with posterior, sample_stats and constant_data; None
        where the panel holds no history of alliances.
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
    tree : The run's posterior: figures of GDP and military spending are taken from it.
    history : As from `fit`.
    futures : As from `forecast.simulate.futures`, of that tree.
    record : As from `keep_record`.
    priors : Of the hazard.
    chosen : The scenarios of the futures.
    seed : The same draws of hazard, votes and chance serve every scenario.

    Returns
    -------
    Answers : An event counts from the year after the origin: what came up to the origin is on no
        record after 2017 (ends of treaties) and 2014 (disputes). Incidents are drawn year by year;
        one raises both hazards for the ten years after it. A downturn comes in the year in which
        its cumulative probability passes the draw's uniform number.
    """
    pair = (str(futures.attrs["supplier"]), str(futures.attrs["recipient"]))
    origin = int(futures.attrs["origin"])
    ahead = futures[YEAR_FUTURE].values
    years = np.arange(origin, int(ahead.max()) + 1)
    worlds = [str(name) for name in futures[SCENARIO].values]
    by_name = _overrides(chosen, ahead)
    random = np.random.default_rng([seed, 11])
    uniform, chance = (random.random(futures.sizes[DRAW]) for _ in range(2))
    dims, by_draw = (DRAW, SCENARIO, YEAR), (DRAW, SCENARIO, YEAR_FUTURE)
    found: dict[str, tuple] = {}
    paths: dict[str, tuple] = {}
    reasons = {}

    own, reason = known(record, pair, origin)
    if own is not None:
        try:
            ratios, by_world = _covariates(
                tree, own, futures, record, priors, chosen, chance, seed=seed
            )
            hazards, incidents = yearly(history, own, by_world, seed + 1)
        except InputError as error:
            own, reason = None, str(error)
    if own is None:
        reasons |= dict.fromkeys(OUTCOMES, reason)
    else:
        for outcome, by_year in _happened(hazards, incidents, uniform).items():
            found[outcome] = (dims, by_year)
        paths["hazard"] = (
            ("event", *by_draw), np.stack(list(hazards.values())).astype(np.float32)
        )
        sign = 1.0 if own.country1 == pair[0] else -1.0
        moved = sign * ratios.sel({YEAR_FUTURE: ahead}).transpose(*by_draw)
        paths["log_power_ratio"] = (by_draw, moved.values.astype(np.float32))

    gap = history[ALIGNMENT]["constant_data"]["gap"]
    if vote_model.name(*pair) in gap[vote_model.PAIR].values:
        cools, away = _votes(
            history[ALIGNMENT], gap, pair, years, worlds, by_name, futures.sizes[DRAW], random, seed
        )
        found[COOLING] = (dims, cools)
        paths["distance"] = (by_draw, away[..., 1:].astype(np.float32))
    else:
        reasons[COOLING] = NO_VOTES.format(pairs.both(*pair))
    coords = {DRAW: futures[DRAW].values, SCENARIO: worlds}
    events = xr.Dataset(
        {name: found[name] for name in PARTNERSHIP_EVENTS if name in found},
        coords={**coords, YEAR: years}, attrs=futures.attrs,
    )  # fmt: skip
    held = xr.Dataset(paths, coords={**coords, YEAR_FUTURE: ahead, "event": list(OUTCOMES)})
    return Answers(events, held, reasons)


def _overrides(chosen: Sequence[Scenario], ahead: np.ndarray) -> dict[str, xr.Dataset]:
    return {scenario.name: scenarios.overrides(scenario, ahead) for scenario in chosen}


def _covariates(
    tree: xr.DataTree,
    own: pairs.Pair,
    futures: xr.Dataset,
    record: Panel,
    priors: Priors,
    chosen: Sequence[Scenario],
    chance: np.ndarray,
    *,
    seed: int,
) -> tuple[xr.DataArray, list[xr.DataArray]]:
    """Return the log ratio of power on simulated paths, and a pair's covariates by scenario."""
    pair = (str(futures.attrs["supplier"]), str(futures.attrs["recipient"]))
    ahead = futures[YEAR_FUTURE].values
    by_name = _overrides(chosen, ahead)
    inputs = tree["constant_data"].to_dataset()
    ratios = power_paths(bridge(inputs, record, seed=seed), own, futures, seed=seed)
    return ratios, [
        pairs.covariates(
            own, priors, ahead, ratios.sel({SCENARIO: name}, drop=True),
            _rivalries(by_name.get(str(name)), own, pair, ahead, chance),
        )
        for name in futures[SCENARIO].values
    ]  # fmt: skip


def _happened(
    hazards: Mapping[str, np.ndarray], incidents: np.ndarray, uniform: np.ndarray
) -> dict[str, np.ndarray]:
    """Return whether a downturn and an incident have come (draw, scenario, year), none at first."""
    cumulative = -np.expm1(np.log1p(-hazards[DOWNTURN]).cumsum(axis=-1))
    happened = {
        DOWNTURN: cumulative > uniform[:, None, None],
        INCIDENT: np.logical_or.accumulate(incidents, axis=-1),
    }
    return {
        outcome: np.concatenate([np.zeros((*by_year.shape[:2], 1), bool), by_year], axis=-1)
        for outcome, by_year in happened.items()
    }


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
