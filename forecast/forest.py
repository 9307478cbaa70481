"""A quantile forest: forecasts of deliveries from their own record and from what went on around.

It knows what the simple methods do (`baselines.summaries`) and the context: who is large, who arms,
who is at war, what the pair's seller and buyer trade in all, how long ago the last delivery was. A
quantile is read off the outturns of the past cases that share leaves with the one at hand
(Meinshausen 2006), so no shape of distribution is assumed. Of pairs these are logs of what came,
often zero; of totals, rarely zero and of every size, the change from the moving average.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import COUNTRY, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast import baselines
from crossover.forecast.skill import DYADS, IMPORTS, IN_TIV, LEVELS, SERIES

TREES, LEAST = 100, 30
"""Number of trees, and fewest past cases in a leaf."""
COLUMNS_TRIED, CASES_DRAWN = 0.4, 0.6
"""Shares of the columns tried at each split, and of the cases that each tree is grown on."""
GROWTH_YEARS = 3


def forecast(panel: xr.Dataset, history: xr.Dataset, horizons: int, seed: int = 0) -> np.ndarray:
    """Return the forest's forecast.

    Parameters
    ----------
    panel : As from `origins.seen`.
    history : As from `origins.history`, of that panel.
    horizons : Years ahead.
    seed : Of the forests; the same seed grows the same trees.

    Returns
    -------
    numpy.ndarray : Quantiles at `skill.LEVELS` (series, horizon, level) of the series that are
        active in the last year, in TIV million; NaN for series that are not deliveries.
    """
    now = history["active"].transpose(SERIES, YEAR).values[:, -1]
    targets = history["target"].values
    out = np.full((now.sum(), horizons, len(LEVELS)), np.nan)
    for target in IN_TIV:
        one = history.isel({SERIES: targets == target})
        values = one["value"].transpose(SERIES, YEAR).values
        active = one["active"].transpose(SERIES, YEAR).values
        columns = features(panel, one)
        for h in range(1, horizons + 1):
            case = active[:, :-h]
            past, here = columns[:, :-h][case], columns[active[:, -1], -1]
            start, now_at = (
                x[:, len(baselines.MEANS)] * (target != DYADS) for x in (past, here)
            )
            grown = _grow(past, np.log1p(values[:, h:][case]) - start, seed)
            said = now_at[:, None] + grown.predict(here, quantiles=list(LEVELS))
            out[targets[now] == target, h - 1] = np.expm1(np.maximum(said, 0.0))
    return out


def _grow(columns: np.ndarray, came: np.ndarray, seed: int):
    from quantile_forest import RandomForestQuantileRegressor

    return RandomForestQuantileRegressor(
        TREES, min_samples_leaf=LEAST, max_features=COLUMNS_TRIED,
        max_samples=CASES_DRAWN, max_samples_leaf=None, random_state=seed,
    ).fit(columns, came)  # fmt: skip


def features(panel: xr.Dataset, one: xr.Dataset) -> np.ndarray:
    """Return what a forest of one target knows of each series in each year (series, year, column).

    The record's summaries and the years since more than zero; military spending of the country (of
    a pair: the recipient) and its growth, of a supplier also whether it is at war; of a pair the
    growth of the supplier's spending and the summaries of both parties' totals.
    """
    values = one["value"].transpose(SERIES, YEAR).values
    found = [baselines.summaries(values), _since(values)[..., None]]
    target = str(one["target"].values[0])
    units = [str(unit).split("-") for unit in one["unit"].values]
    buyers = [unit[-1] for unit in units]
    found.append(_spending(panel, buyers))
    if target != IMPORTS:
        sellers = [unit[0] for unit in units]
        war = panel["war"].transpose(SUPPLIER, YEAR).sel({SUPPLIER: sellers}).values
        found.append(war[..., None])
    if target == DYADS:
        found.append(_spending(panel, sellers)[..., 1:])
        tiv = panel["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR)
        for total, codes in ((tiv.sum(RECIPIENT), sellers), (tiv.sum(SUPPLIER), buyers)):
            side = total.dims[0]
            found.append(baselines.summaries(total.sel({side: codes}).values))
    return np.concatenate(found, axis=-1)


def _since(values: np.ndarray) -> np.ndarray:
    """Return how many years ago a series was last above zero (series, year)."""
    years = np.arange(values.shape[1])
    last = np.maximum.accumulate(np.where(values > 0, years, -1), axis=1)
    return (years - last).astype(float)


def _spending(panel: xr.Dataset, codes: list[str]) -> np.ndarray:
    """Return log military spending and its growth over three years (series, year, 2)."""
    spent = panel["milex"].transpose(COUNTRY, YEAR).sel({COUNTRY: codes}).values
    logs = pd.DataFrame(np.log(np.where(spent > 0, spent, np.nan)).T).ffill()
    both = [logs.fillna(0.0), logs.diff(GROWTH_YEARS).fillna(0.0)]
    return np.stack([one.to_numpy().T for one in both], axis=-1)
