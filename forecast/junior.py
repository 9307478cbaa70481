"""Who is the junior partner on simulated paths, and how fast that changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import countries
from crossover.data.dyads import RECENT_YEARS
from crossover.data.errors import InputError
from crossover.data.names import COUNTRY, DOWNTURN, DRAW, INCIDENT, SCENARIO, YEAR, YEAR_FUTURE
from crossover.data.records import AlliedPair
from crossover.data.rules import DOWNTURN_GRADE, FORCE
from crossover.data.tables import Panel, read
from crossover.forecast import pairs, partnership
from crossover.models import alliance_rows, power
from crossover.models.covariates import OUTCOMES
from crossover.models.priors import Priors

HELD_DRAWS = 4000
"""Draws of a pair whose power is held."""


def yearly(
    history: xr.DataTree, own: pairs.Pair, by_world: Sequence[xr.DataArray], seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw a pair's incidents year by year, and with them its hazards.

    Parameters
    ----------
    history : Fits of `models.covariates.OUTCOMES`.
    by_world : Covariates in each scenario (covariate, draw, year_future), `recent` as on record.

    Returns
    -------
    tuple : Yearly hazard (draw, scenario, year) of each outcome, and whether an incident comes.
        Scenarios share the numbers that decide it.
    """
    posteriors = {outcome: partnership.flat(history[outcome]) for outcome in OUTCOMES}
    after = [values.where(values[alliance_rows.COVARIATE] != "recent", 1.0) for values in by_world]
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
    until : Years by which an event has happened; counted from the year after the last of its power.

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
