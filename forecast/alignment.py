"""Fit the alignment of powers, and say when a pair's votes cool.

Read the probability of cooling with `check` and `base_rate` beside it. From 2014 the model's 90 %
bands held 79 to 96 % of the distances that came, but it foretold cooling in 11 to 18 % of pairs a
year where 0 to 4 % saw it: the walk is as wide as the realignments of the 1990s made it. A level
that falls back to a mean of its own was tried; it foretold as much, and mixed worse.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import YEAR, YEAR_FUTURE
from crossover.forecast.fit import plain_coords, single
from crossover.forecast.partnership import flat
from crossover.forecast.sampling import BUILDING, ready, sample
from crossover.models import alignment as model
from crossover.models.priors import Priors

CHECK = Path(__file__).with_name("alignment_check.csv")
"""The result of `check` on the shipped panel, with its day and seed."""
CHECK_FROM = 2013
"""Last year known to the shipped check."""
DRAWS, TUNE, CHAINS = 700, 300, 4
TARGET_ACCEPT = 0.9


def fit(
    gap: xr.DataArray,
    priors: Priors,
    *,
    seed: int,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
) -> xr.DataTree:
    """Fit the local-level model to the gaps of all pairs.

    Parameters
    ----------
    gap : As from `models.alignment.gaps`.
    priors : As from `models.alignment.load`.
    seed, draws, tune, chains : Of the sampler.

    Returns
    -------
    xarray.DataTree
        `posterior` (`parameters`, `step`, `noise`), `sample_stats`, `constant_data` (`gap`).
    """
    with BUILDING:
        compiled = ready(model.alignment_model(gap, priors))
    sampled = sample(
        compiled, seed=seed, draws=draws, tune=tune, chains=chains, target_accept=TARGET_ACCEPT
    )
    statistics = sampled["sample_stats"].to_dataset()
    statistics = statistics.drop_vars(
        [name for name, values in statistics.items() if values.dtype == object or values.ndim > 2]
    )
    return xr.DataTree.from_dict(
        {
            "posterior": single(sampled["posterior"].to_dataset()),
            "sample_stats": statistics,
            "constant_data": plain_coords(gap.to_dataset(name="gap")),
        }
    )


def base_rate(gap: xr.DataArray) -> dict[str, float]:
    """How often votes cooled on record: share of pair-years, and of pairs at least once."""
    sd = model.pooled_sd(gap)
    found = [
        model.cooling(abs(gap.sel({model.PAIR: pair})).dropna(YEAR), sd, YEAR).values
        for pair in gap[model.PAIR].values
    ]
    judged = np.concatenate([years[model.MEAN_YEARS + 1 :] for years in found])
    return {"pair_years": float(judged.mean()), "pairs": float(np.mean([y.any() for y in found]))}


def check(gap: xr.DataArray, priors: Priors, origin: int, *, seed: int) -> pd.DataFrame:
    """Forecast every pair from an earlier year, and compare with what came.

    Parameters
    ----------
    gap : As from `models.alignment.gaps`.
    origin : Last year to be known; later ones are forecast.

    Returns
    -------
    pandas.DataFrame : One row a horizon: `horizon`, `inside_50`, `inside_90` (share of pairs),
        `cooling_expected`, `cooling_seen` (share of pairs in which votes cool in that year). Pairs
        share countries, so a year's errors are not independent.
    """
    known = gap.sel({YEAR: slice(None, origin)})
    known = known.sel({model.PAIR: np.isfinite(known).sum(YEAR) >= model.SHORTEST})
    last = int(gap[YEAR].values[-1])
    posterior = flat(fit(known, priors, seed=seed, draws=300, chains=2))
    sd = model.pooled_sd(known)
    inside, expected, seen = [], [], []
    for pair in known[model.PAIR].values:
        drawn = model.simulate(posterior, known, str(pair), last, seed=seed)
        truth = abs(gap.sel({model.PAIR: pair}, drop=True)).dropna(YEAR)
        came = truth.sel({YEAR: slice(origin + 1, None)}).values
        q = drawn.quantile([0.05, 0.25, 0.75, 0.95], "draw").values
        inside.append([(q[1] <= came) & (came <= q[2]), (q[0] <= came) & (came <= q[3])])
        years = drawn[YEAR_FUTURE]
        whole = joined(truth.sel({YEAR: slice(None, origin)}), drawn)
        cools = model.cooling(whole, sd, YEAR_FUTURE).sel({YEAR_FUTURE: years})
        expected.append(cools.mean("draw").values)
        seen.append(model.cooling(truth, sd, YEAR).sel({YEAR: slice(origin + 1, None)}).values)
    shares = np.mean(np.array(inside, float), axis=0)
    return pd.DataFrame(
        {
            "horizon": np.arange(1, last - origin + 1),
            "inside_50": shares[0],
            "inside_90": shares[1],
            "cooling_expected": np.mean(expected, axis=0),
            "cooling_seen": np.mean(np.array(seen, float), axis=0),
        }
    )


def joined(record: xr.DataArray, future: xr.DataArray) -> xr.DataArray:
    """Record and simulated future of a distance in one, (draw, year_future)."""
    past = record.rename({YEAR: YEAR_FUTURE}).expand_dims({"draw": future.sizes["draw"]})
    return xr.concat([past.drop_vars("draw", errors="ignore"), future], YEAR_FUTURE)
