"""Fit the hazards of a downturn and of an incident, and say what the history supports of them.

Effects with their priors beside them, the influence of single treaties, checks against what was
seen, and the score on decades that were left out: a reader can see which link of the thesis the
record bears, and which it leaves open. The fit is a cut: no forecast of a pair feeds back into it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from crossover.data.names import CHAIN, DRAW
from crossover.data.records import AlliedPair
from crossover.forecast.fit import plain_coords, single
from crossover.forecast.sampling import BUILDING, ready, sample
from crossover.models import alliance_rows
from crossover.models import partnership as model
from crossover.models.alliance_rows import ERA, TREATY
from crossover.models.covariates import COVARIATES, DOWNTURN, OUTCOMES, THESIS
from crossover.models.partnership import known_log_hazard
from crossover.models.priors import Priors

DRAWS, TUNE, CHAINS = 800, 300, 4
TARGET_ACCEPT = 0.95


def fit(
    rows: Iterable[AlliedPair] | xr.Dataset,
    priors: Priors,
    *,
    seed: int,
    outcome: str = DOWNTURN,
    sample_of: str = "bilateral",
    extra: pd.DataFrame | None = None,
    last_year: int | None = None,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
) -> xr.DataTree:
    """Fit one hazard to the history of allied pairs.

    Parameters
    ----------
    rows : Of the table `alliance_dyads`, or inputs as from `models.partnership.prepare`.
    priors : As from `models.partnership.load`.
    seed, draws, tune, chains : Of the sampler.
    outcome, sample_of, extra, last_year : As in `models.partnership.prepare`.

    Returns
    -------
    xarray.DataTree : `posterior` (`parameters` (chain, draw, parameter), `era_effect`, `local`,
        `treaty_effect`), `sample_stats`, `constant_data` (the inputs).
    """
    inputs = rows
    if not isinstance(rows, xr.Dataset):
        inputs = alliance_rows.prepare(
            rows, outcome, priors, sample=sample_of, extra=extra, last_year=last_year
        )
    with BUILDING:
        compiled = ready(model.hazard_model(inputs, priors))
    sampled = sample(
        compiled, seed=seed, draws=draws, tune=tune, chains=chains, target_accept=TARGET_ACCEPT
    )
    return _gather(sampled, inputs, seed)


def _gather(sampled: xr.DataTree, inputs: xr.Dataset, seed: int) -> xr.DataTree:
    statistics = sampled["sample_stats"].to_dataset()
    statistics = statistics.drop_vars(
        [name for name, values in statistics.items() if values.dtype == object or values.ndim > 2]
    )
    posterior = sampled["posterior"].to_dataset()[["parameters", "era_effect", "local"]]
    effects = [
        model.treaty_effects(posterior.isel({CHAIN: k}), inputs, seed=[seed, k])[1]
        for k in range(posterior.sizes[CHAIN])
    ]
    posterior["treaty_effect"] = ((CHAIN, DRAW, TREATY), np.stack([e.values for e in effects]))
    posterior = posterior.assign_coords({TREATY: inputs[TREATY].values})
    return xr.DataTree.from_dict(
        {
            "posterior": single(posterior),
            "sample_stats": statistics,
            "constant_data": plain_coords(inputs),
        }
    )


def effects(tree: xr.DataTree, priors: Priors) -> pd.DataFrame:
    """Return each effect as a hazard ratio, its prior beside its posterior.

    Returns
    -------
    pandas.DataFrame : One row an effect: `effect`, `unit`, `thesis` (whether the thesis names it),
        `median`, `q05`, `q25`, `q75`, `q95` (hazard ratios), `p_positive`, `prior_median`,
        `prior_q05`, `prior_q95`, `supported` (whether the 90 % interval leaves out a ratio of one).
        Two rows are sums: what a junior's rise and its fall do (speed and direction together), and
        the fall of a junior of rank.
    """
    draws = model.by_name(tree["posterior"].to_dataset())
    found = [
        _effect(name, {name: 1.0}, draws, priors, name in THESIS) for name in COVARIATES
    ]
    sums = {
        "junior_rising": {"speed": 1.0, "junior_gain": 1.0},
        "junior_falling": {"speed": 1.0, "junior_gain": -1.0},
        "major_junior_falling": {
            "speed": 1.0, "junior_gain": -1.0, "prestige_speed": 1.0, "prestige_gain": -1.0,
        },
    }  # fmt: skip
    found += [_effect(name, parts, draws, priors, True) for name, parts in sums.items()]
    return pd.DataFrame(found)


def _effect(
    name: str,
    parts: Mapping[str, float],
    draws: Mapping[str, xr.DataArray],
    priors: Priors,
    thesis: bool,
) -> dict[str, Any]:
    values = sum(sign * draws[part] for part, sign in parts.items()).values.ravel().astype(float)
    low, lower, middle, upper, high = np.exp(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]))
    before = sum(sign * model.prior_draws(priors, part) for part, sign in parts.items())
    prior = np.exp(np.quantile(before, [0.05, 0.5, 0.95]))
    return {
        "effect": name,
        "unit": priors.variables[next(iter(parts))]["unit"],
        "thesis": thesis,
        "median": middle,
        "q05": low,
        "q25": lower,
        "q75": upper,
        "q95": high,
        "p_positive": float((values > 0).mean()),
        "prior_q05": prior[0],
        "prior_median": prior[1],
        "prior_q95": prior[2],
        "supported": bool(low > 1 or high < 1),
    }


def flat(tree: xr.DataTree, count: int | None = None) -> xr.Dataset:
    """Return the posterior with chains and draws on one dim `draw`, evenly thinned to `count`."""
    posterior = tree["posterior"].to_dataset()
    chains = [posterior.isel({CHAIN: k}, drop=True) for k in range(posterior.sizes[CHAIN])]
    stacked = xr.concat(chains, DRAW).drop_vars(DRAW, errors="ignore")
    if count is not None and count < stacked.sizes[DRAW]:
        at = np.linspace(0, stacked.sizes[DRAW] - 1, count).astype(int)
        stacked = stacked.isel({DRAW: at})
    return stacked


def row_log_hazard(posterior: xr.Dataset, inputs: xr.Dataset) -> np.ndarray:
    """Log hazard of every pair-year with its treaty's effect, (draw, pair_year)."""
    of_treaty = posterior["treaty_effect"].transpose(DRAW, TREATY).values.astype(float)
    return known_log_hazard(posterior, inputs) + of_treaty[:, inputs["treaty_at"].values]


def base_rates(histories: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Count events and pair-years by era, so that a hazard can be checked by hand.

    Parameters
    ----------
    histories : Outcome → inputs as from `models.partnership.prepare`.

    Returns
    -------
    pandas.DataFrame : One row an outcome and era, and all: `outcome`, `era`, `pair_years`,
        `events`, `rate` a year, `q05`, `q95` of it (Jeffreys), all pairs alike.
    """
    found = []
    for outcome in OUTCOMES:
        inputs = histories[outcome]
        real = inputs["weight"].values == 1.0
        event, of_era = inputs["event"].values[real], inputs["era_at"].values[real]
        groups = {"all": np.ones(event.size, bool)}
        groups |= {str(name): of_era == k for k, name in enumerate(inputs[ERA].values)}
        for era, rows in groups.items():
            years, seen = int(rows.sum()), int(event[rows].sum())
            low, high = stats.beta.ppf([0.05, 0.95], seen + 0.5, years - seen + 0.5)
            found.append(
                {"outcome": outcome, "era": era, "pair_years": years, "events": seen,
                 "rate": seen / years if years else math.nan, "q05": low, "q95": high}
            )  # fmt: skip
    return pd.DataFrame(found)
