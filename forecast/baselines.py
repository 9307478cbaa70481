"""What a forecast must beat: simple methods given the same figures, with the errors of their past.

A method says one figure a series: the last one, a mean of three years, a moving average, or a
ridge regression on nine summaries of the series' own record, one for all series of a target. Its
spread is that of its own errors before the origin, so that no method is easier to beat for
intervals of the wrong width. All on log(1 + value).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import MEAN_YEARS, YEAR
from crossover.forecast.skill import IN_TIV, LEVELS, SERIES

Forecaster = Callable[[np.ndarray], np.ndarray]
"""Columns (case, column) → forecast (case)."""
PERSISTENCE, NAIVE, EWMA, RIDGE = "persistence", "naive", "ewma", "ridge"
POINTS = (PERSISTENCE, NAIVE, EWMA, RIDGE)
ORDER_BOOK, FOREST, LOGISTIC = "order_book", "forest", "logistic"
"""See `forecast.order_book`, `forecast.forest` and `forecast.event_odds`."""
NAMES = (*POINTS, ORDER_BOOK, FOREST, LOGISTIC)
LIBRARY = "quantile_forest"
"""Stands in the dependency group `bench`, with scikit-learn."""
CASES = 200
"""Past cases, of the most similar forecast, whose errors make an interval."""
MEANS = (1, 2, 3, 5, 10)
"""Years of the trailing means among the summaries of a record."""
SMOOTHED = (0.5, 0.25, 0.1)
"""Weights of the newest year in the moving averages among them."""
PRESENT = 0.3
"""The same, of the moving share of years with deliveries."""
PENALTY = 10.0
"""Of the ridge regression, on standardised summaries."""


def available() -> tuple[str, ...]:
    """Return the names of the benchmarks that can be computed here."""
    return NAMES if importlib.util.find_spec(LIBRARY) else (*POINTS, ORDER_BOOK)


def forecast(model: str, history: xr.Dataset, horizons: int) -> np.ndarray:
    """Return a benchmark's forecast.

    Parameters
    ----------
    model : One of `POINTS`.
    history : As from `origins.history`; its last year is the origin.
    horizons : Years ahead.

    Returns
    -------
    numpy.ndarray
        Quantiles at `skill.LEVELS` (series, horizon, level) of the series that are active in the
        last year, in each target's unit; NaN where the method does not apply: the last figure and
        the moving average are of TIV only, since persistence of the others is the last figure.
    """
    now = history["active"].transpose(SERIES, YEAR).values[:, -1]
    targets = history["target"].values
    out = np.full((now.sum(), horizons, len(LEVELS)), np.nan)
    for target in dict.fromkeys(targets):
        if target in IN_TIV or model in (PERSISTENCE, RIDGE):
            one = history.isel({SERIES: targets == target})
            out[targets[now] == target] = _of_target(model, one, horizons)
    return out


def _of_target(model: str, one: xr.Dataset, horizons: int) -> np.ndarray:
    values = one["value"].transpose(SERIES, YEAR).values
    active = one["active"].transpose(SERIES, YEAR).values
    known = np.isfinite(values)
    record = summaries(values)
    now = np.flatnonzero(active[:, -1])
    lag = np.argmax(known[now, ::-1], axis=1)
    in_tiv = str(one["target"].values[0]) in IN_TIV
    out = np.empty((len(now), horizons, len(LEVELS)))
    for h in range(1, horizons + 1):
        # A figure that comes late is forecast from the last one known, which is further away.
        for behind in np.unique(lag):
            at, ahead = np.flatnonzero(lag == behind), h + behind
            case = (active & known)[:, :-ahead] & known[:, ahead:]
            came = np.log1p(values[:, ahead:][case])
            past, here = record[:, :-ahead][case], record[now[at], -1 - behind]
            said = ridge(past, came) if model == RIDGE else _column(model, in_tiv)
            out[at, h - 1] = with_errors(said(here), said(past), came)
    return np.expm1(out)


def summaries(values: np.ndarray) -> np.ndarray:
    """Return nine summaries of each record up to each year (series, year, summary).

    Trailing means of `MEANS` years and moving averages by `SMOOTHED`, as log(1 + value), and the
    moving share of years with more than zero. A gap counts as the figure before it; NaN before
    the first.
    """
    frame = pd.DataFrame(values.T).ffill()
    logs, present = np.log1p(frame), (frame > 0).astype(float)
    found = [np.log1p(frame.rolling(years, min_periods=1).mean()) for years in MEANS]
    found += [logs.ewm(alpha=weight).mean() for weight in SMOOTHED]
    found.append(present.ewm(alpha=PRESENT).mean())
    return np.stack([one.to_numpy().T for one in found], axis=-1)


def _column(model: str, in_tiv: bool) -> Forecaster:
    """Return the forecast that is one of the summaries."""
    years = MEAN_YEARS if model == PERSISTENCE and in_tiv else 1
    at = len(MEANS) if model == EWMA else MEANS.index(years)
    return lambda record: record[:, at]


def ridge(x: np.ndarray, y: np.ndarray, penalty: float = PENALTY) -> Forecaster:
    """Fit y (case) on standardised columns of x (case, column); a penalty holds weights small."""
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - centre) / scale
    weights = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return lambda new: (new - centre) / scale @ weights + y.mean()


def with_errors(
    point: np.ndarray, past_point: np.ndarray, past_outturn: np.ndarray, cases: int = CASES
) -> np.ndarray:
    """Put the errors of the most similar past cases around point forecasts.

    Parameters
    ----------
    point : Forecasts (series), log(1 + value).
    past_point, past_outturn : Forecasts of the past and what came (case), likewise.
    cases : How many of the past cases, the nearest in forecast, to take.

    Returns
    -------
    numpy.ndarray : Quantiles (series, level), log(1 + value), at or above zero. What came to zero
        counts as zero, whatever was forecast: zero has a probability of its own.
    """
    error, k = past_outturn - past_point, min(cases, len(past_point))
    out = np.empty((len(point), len(LEVELS)))
    for i, centre in enumerate(point):
        near = np.argpartition(abs(past_point - centre), k - 1)[:k]
        said = np.where(past_outturn[near] > 0.0, np.maximum(centre + error[near], 0.0), 0.0)
        out[i] = np.quantile(said, LEVELS)
    return out
