"""What a forecast must beat: benchmarks that need no model of the world, given the same figures.

Persistence is our own; naive, exponential smoothing, ARIMA, Theta and the methods for intermittent
demand are those of the library statsforecast, which stands in a dependency group of its own
(`bench`) and is imported only where it is used.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from data.names import MEAN_YEARS, YEAR
from forecast.skill import DISTANCE, DYADS, IN_TIV, LEVELS, RD_SHARE, SERIES

PERSISTENCE = "persistence"
BY_SERIES = ("naive", "ets", "arima", "theta")
"""Methods with intervals of their own, of each series by itself."""
INTERMITTENT = ("croston_sba", "tsb", "adida", "imapa")
"""Methods for series with many noughts; their intervals come from their own past errors."""
NAMES = (PERSISTENCE, *BY_SERIES, *INTERMITTENT)
CASES = 200
"""Past cases, of the most similar level, whose errors make an interval."""
WINDOWS = 8
"""Past origins at which the intermittent methods are tried to learn their errors."""
LIBRARY = "statsforecast"


def available() -> tuple[str, ...]:
    """Return the names of the benchmarks that can be computed here."""
    return NAMES if importlib.util.find_spec(LIBRARY) else (PERSISTENCE,)


def forecast(model: str, known: xr.Dataset, pool: xr.Dataset, horizons: int) -> np.ndarray:
    """Return a benchmark's forecast.

    Parameters
    ----------
    model
        One of `NAMES`.
    known
        The series to forecast: `value` (series, year), NaN where unknown; `target` of each. The
        last year is the origin.
    pool
        All series from whose past errors may be learnt, `known` among them, with `active`
        (series, year): whether a series would have been forecast in that year.
    horizons
        Years ahead.

    Returns
    -------
    numpy.ndarray
        Quantiles at `skill.LEVELS` (series, horizon, level) in each target's unit; NaN where the
        method does not apply, as the intermittent ones to series that have no noughts. A series
        whose record is too short for a method has the forecast of persistence.
    """
    out = np.full((known.sizes[SERIES], horizons, len(LEVELS)), np.nan)
    targets = known["target"].values
    for target in dict.fromkeys(targets):
        at = np.flatnonzero(targets == target)
        theirs = np.flatnonzero(pool["target"].values == target)
        mine, all_of_it = known.isel({SERIES: at}), pool.isel({SERIES: theirs})
        if model == PERSISTENCE:
            out[at] = persistence(mine, all_of_it, horizons)
        elif model in BY_SERIES:
            made = by_series(model, mine, horizons)
            short = ~np.isfinite(made).all(axis=(1, 2))
            if short.any():
                made[short] = persistence(mine.isel({SERIES: short}), all_of_it, horizons)
            out[at] = made
        elif target in IN_TIV:
            out[at] = intermittent(model, mine, all_of_it, horizons)
    return out


def lags(known: xr.Dataset) -> np.ndarray:
    """Return how many years before the origin the last figure of each series is (series)."""
    seen = np.isfinite(known["value"].transpose(SERIES, YEAR).values)
    return np.argmax(seen[:, ::-1], axis=1)


# Errors of the past ----------------------------------------------------------------------------


def with_errors(
    point: np.ndarray, past_point: np.ndarray, past_outturn: np.ndarray, cases: int = CASES
) -> np.ndarray:
    """Put the errors of the most similar past cases around point forecasts.

    Parameters
    ----------
    point
        Forecasts (series), at or above nought.
    past_point, past_outturn
        Forecasts of the past and what came (case).
    cases
        How many of the past cases, the nearest in log(1 + forecast), to take.

    Returns
    -------
    numpy.ndarray
        Quantiles (series, level), at or above nought. Errors are those of log(1 + value).
    """
    level, error = np.log1p(past_point), np.log1p(past_outturn) - np.log1p(past_point)
    k = min(cases, len(level))
    out = np.empty((len(point), len(LEVELS)))
    for i, centre in enumerate(np.log1p(point)):
        near = np.argpartition(abs(level - centre), k - 1)[:k]
        out[i] = centre + np.quantile(error[near], LEVELS)
    return np.expm1(np.maximum(out, 0.0))


def persistence(known: xr.Dataset, pool: xr.Dataset, horizons: int) -> np.ndarray:
    """Forecast the mean of the last three years (R&D shares and distances: the last figure).

    The distribution is that of past errors at the same distance, over all series of the target,
    of the cases whose level was most similar.
    """
    span = MEAN_YEARS if str(known["target"].values[0]) in IN_TIV else 1

    def trailing(values: xr.DataArray) -> np.ndarray:
        filled = values.transpose(SERIES, YEAR)
        means = filled.rolling({YEAR: span}, min_periods=1).mean().ffill(YEAR)
        return means.values

    history = pool["value"].transpose(SERIES, YEAR).values
    points = np.where(
        np.isfinite(history) & pool["active"].transpose(SERIES, YEAR).values,
        trailing(pool["value"]), np.nan,
    )  # fmt: skip
    now, lag = trailing(known["value"])[:, -1], lags(known)
    out = np.empty((len(now), horizons, len(LEVELS)))
    for h in range(1, horizons + 1):
        for behind in np.unique(lag):
            at, ahead = np.flatnonzero(lag == behind), h + behind
            before, after = points[:, :-ahead], history[:, ahead:]
            case = np.isfinite(before) & np.isfinite(after)
            out[at, h - 1] = with_errors(now[at], before[case], after[case])
    return out


# The library's methods -------------------------------------------------------------------------


def _model(name: str) -> object:
    from statsforecast import models

    made: Mapping[str, object] = {
        "naive": lambda: models.Naive(alias=name),
        "ets": lambda: models.AutoETS(season_length=1, model="ZZN", alias=name),
        "arima": lambda: models.AutoARIMA(season_length=1, alias=name),
        "theta": lambda: models.AutoTheta(season_length=1, alias=name),
        "croston_sba": lambda: models.CrostonSBA(alias=name),
        "tsb": lambda: models.TSB(alpha_d=0.2, alpha_p=0.2, alias=name),
        "adida": lambda: models.ADIDA(alias=name),
        "imapa": lambda: models.IMAPA(alias=name),
    }
    return made[name]()


def _long(values: xr.DataArray) -> pd.DataFrame:
    """Return series as the library wants them, gaps within bridged, unknown ends left out."""
    inner = values.transpose(SERIES, YEAR).interpolate_na(YEAR)
    at = np.nonzero(np.isfinite(inner.values))
    return pd.DataFrame(
        {
            "unique_id": np.char.mod("%05d", at[0]),
            "ds": values[YEAR].values[at[1]].astype(int),
            "y": inner.values[at].astype(float),
        }
    )


def by_series(model: str, known: xr.Dataset, horizons: int) -> np.ndarray:
    """Forecast each series by itself, on a scale on which errors are alike.

    That is log(1 + value) for TIV, the logarithm for R&D shares, the figure itself for distances.
    NaN for a series whose record is too short for the library.
    """
    from statsforecast import StatsForecast

    target = str(known["target"].values[0])
    to, back = {
        RD_SHARE: (np.log, np.exp),
        DISTANCE: (lambda x: x, lambda x: np.maximum(x, 0.0)),
    }.get(target, (np.log1p, lambda x: np.expm1(np.maximum(x, 0.0))))
    frame = _long(to(known["value"]))
    lag = lags(known)
    origin = int(known[YEAR].values[-1])
    masses = list(range(1, 100))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = StatsForecast(
            models=[_model(model)], freq=1, n_jobs=1, fallback_model=_model("naive")
        )
        found = engine.forecast(df=frame, h=horizons + int(lag.max()), level=masses)
    low, high = ([f"{model}-{side}-{m}" for m in masses] for side in ("lo", "hi"))
    found = found[found["ds"].between(origin + 1, origin + horizons)]
    found = found.sort_values(["unique_id", "ds"])
    columns = [*reversed(low), model, *high]
    quantiles = np.sort(found[columns].to_numpy(float).reshape(-1, horizons, len(LEVELS)), axis=-1)
    out = np.full((known.sizes[SERIES], horizons, len(LEVELS)), np.nan)
    out[found["unique_id"].unique().astype(int)] = back(quantiles)
    return out


def intermittent(
    model: str, known: xr.Dataset, pool: xr.Dataset, horizons: int
) -> np.ndarray:
    """Forecast by a method for intermittent demand, with the errors it made at past origins."""
    from statsforecast import StatsForecast

    engine = StatsForecast(models=[_model(model)], freq=1, n_jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ahead = engine.forecast(df=_long(known["value"]), h=horizons)
        past = engine.cross_validation(
            df=_long(pool["value"]), h=horizons, n_windows=WINDOWS, step_size=1
        )
    point = ahead.sort_values(["unique_id", "ds"])[model].to_numpy(float)
    point = np.maximum(np.nan_to_num(point.reshape(-1, horizons)), 0.0)
    active = pool["active"].transpose(SERIES, YEAR)
    row = past["unique_id"].astype(int).to_numpy()
    column = past["cutoff"].astype(int).to_numpy() - int(pool[YEAR].values[0])
    counts = active.values[row, column]
    step = (past["ds"] - past["cutoff"]).astype(int).to_numpy()
    said = np.maximum(np.nan_to_num(past[model].to_numpy(float)), 0.0)
    came = past["y"].to_numpy(float)
    out = np.empty((len(point), horizons, len(LEVELS)))
    for h in range(1, horizons + 1):
        case = counts & (step == h)
        out[:, h - 1] = with_errors(point[:, h - 1], said[case], came[case])
    return out


def pooled(known: xr.Dataset, active_years: int) -> xr.DataArray:
    """Say of every year whether a series would have been forecast then (series, year).

    A dyad is forecast while anything was delivered in the last years; every other series always.
    """
    values = known["value"].transpose(SERIES, YEAR).fillna(0.0)
    recent = values.rolling({YEAR: active_years}, min_periods=1).sum() > 0
    return recent | (known["target"] != DYADS)
