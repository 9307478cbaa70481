"""Alignment of powers by their votes: how the gap between two ideal points drifts, and cooling.

A hierarchical local-level model over pairs of major and regional powers: the gap of a pair has a
level that walks, seen through the noise of each session's agenda. The level is integrated out
exactly: yearly changes have a covariance whose eigenvectors, sines, do not depend on the variances
(Harvey 1989, section 4.3), so a pair's likelihood is a row of independent Normals.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import COUNTRY, DRAW, YEAR, YEAR_FUTURE
from crossover.models import priors as prior_files
from crossover.models.priors import Priors

PRIORS_FILE = prior_files.DEFAULT_FILE.with_name("alignment.toml")
POWERS = (
    "USA", "GBR", "FRA", "RUS", "CHN", "DEU", "JPN", "IND", "BRA", "ZAF", "TUR", "IRN", "SAU",
    "PAK", "EGY", "IDN", "ISR", "KOR", "MEX", "AUS",
)  # fmt: skip
"""Major powers, then regional ones, of the sample."""
FIRST_YEAR = 1992
SHORTEST = 10
"""Fewest years running, to the last of all, for a pair to be counted."""
MEAN_YEARS = 10
PAIR = "pair"


def load(path: Path | None = None) -> Priors:
    """Read this model's priors, with a reader's own laid over them; raises as `priors.load`."""
    return prior_files.load(path, PRIORS_FILE)


def name(country1: str, country2: str) -> str:
    """Return the name of a pair, the two codes in order of the alphabet."""
    return "-".join(sorted((country1, country2)))


def gaps(ideal_point: xr.DataArray, also: tuple[str, str] | None = None) -> xr.DataArray:
    """Return the gap of ideal points of every pair of powers, with its sign.

    Parameters
    ----------
    ideal_point
        (country, year), as in the assembled panel.
    also
        A pair to count whether of the powers or not.

    Returns
    -------
    xarray.DataArray
        (pair, year): first code's ideal point less the second's, by alphabet; NaN before a pair's
        unbroken record. Pairs with less than ten years running to the last are left out.

    Raises
    ------
    InputError
        No votes of the pair asked for.
    """
    points = ideal_point.transpose(COUNTRY, YEAR).sel({YEAR: slice(FIRST_YEAR, None)})
    points = points.sel({YEAR: np.isfinite(points).any(COUNTRY)})
    codes = [c for c in sorted({*POWERS, *(also or ())}) if c in points[COUNTRY].values]
    wanted = {tuple(sorted(also))} if also else set()
    pairs = [p for p in combinations(codes, 2) if set(p) <= set(POWERS) or p in wanted]
    values = {c: points.sel({COUNTRY: c}).values for c in codes}
    found, names = [], []
    for a, b in pairs:
        gap = values[a] - values[b]
        holes = np.nonzero(~np.isfinite(gap))[0]
        start = holes[-1] + 1 if holes.size else 0
        gap = np.where(np.arange(gap.size) < start, np.nan, gap)
        if gap.size - start >= SHORTEST:
            found.append(gap)
            names.append(name(a, b))
    if also is not None and name(*also) not in names:
        rule = f"the pair has no {SHORTEST} years of votes running to the last"
        raise InputError(fault(rule, column="votes", value=name(*also)))
    return xr.DataArray(
        np.array(found), dims=(PAIR, YEAR), coords={PAIR: names, YEAR: points[YEAR].values}
    )


def spectrum(gap: xr.DataArray) -> xr.Dataset:
    """Turn yearly changes into independent parts whose variance is step² + noise² · weight.

    The changes of a local level with n years of data have the covariance step² I + noise² T, T
    with 2 on and −1 beside the diagonal: eigenvalues 2 − 2 cos(kπ/n), eigenvectors sines.

    Returns
    -------
    xarray.Dataset
        On dim `part`: `value`, `weight`, `at_pair`.
    """
    values, weights, at = [], [], []
    for k, series in enumerate(gap.transpose(PAIR, YEAR).values):
        change = np.diff(series[np.isfinite(series)])
        n = change.size + 1
        j = np.arange(1, n)
        sines = np.sqrt(2.0 / n) * np.sin(np.pi * np.outer(j, j) / n)
        values.append(sines @ change)
        weights.append(2.0 - 2.0 * np.cos(np.pi * j / n))
        at.append(np.full(change.size, k))
    return xr.Dataset(
        {
            "value": ("part", np.concatenate(values)),
            "weight": ("part", np.concatenate(weights)),
            "at_pair": ("part", np.concatenate(at)),
        }
    )


def alignment_model(gap: xr.DataArray, priors: Priors) -> Any:
    """Build the model.

    Parameters
    ----------
    gap
        As from `gaps`.
    priors
        As from `load`.

    Returns
    -------
    pymc.Model
        `parameters` (parameter); `step`, `noise` (pair): standard deviations a year, in ideal-point
        units.
    """
    import pymc as pm
    import pytensor.tensor as pt

    parts = spectrum(gap)
    coords = {"parameter": prior_files.order(priors), PAIR: gap[PAIR].values}
    coords["part"] = np.arange(parts.sizes["part"])
    with pm.Model(coords=coords) as model:
        top = prior_files.parameters(priors)
        deviations = {}
        for kind in ("step", "noise"):
            own = pm.Normal(f"{kind}_standard", 0.0, 1.0, dims=PAIR)
            log_sd = top[f"{kind}_mean"] + top[f"{kind}_spread"] * own
            deviations[kind] = pm.Deterministic(kind, pt.exp(log_sd), dims=PAIR)
        at, weight = parts["at_pair"].values, parts["weight"].values
        variance = (deviations["step"] ** 2)[at] + (deviations["noise"] ** 2)[at] * weight
        pm.Normal("change", 0.0, pt.sqrt(variance), observed=parts["value"].values, dims="part")
    return model


def last_level(
    series: np.ndarray, step: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (draw) of a pair's level in its last year: Kalman filter, flat start.

    Parameters
    ----------
    series
        (year,): the gap, without holes.
    step, noise
        (draw,): standard deviations.
    """
    mean = np.full(step.shape, float(series[0]))
    variance = noise**2
    for value in series[1:]:
        variance = variance + step**2
        gain = variance / (variance + noise**2)
        mean = mean + gain * (value - mean)
        variance = (1 - gain) * variance
    return mean, variance


def simulate(
    posterior: xr.Dataset,
    gap: xr.DataArray,
    pair: str,
    horizon: int,
    *,
    seed: int,
    shift: xr.DataArray | None = None,
) -> xr.DataArray:
    """Draw the gap of a pair forward, drift and session noise both in it.

    Parameters
    ----------
    posterior
        `step`, `noise` (draw, pair).
    gap
        As from `gaps`, with the pair.
    pair
        As from `name`.
    horizon
        Last year.
    shift
        (year_future): what a scenario adds to the gap, with its sign; zero in other years.

    Returns
    -------
    xarray.DataArray
        (draw, year_future): the distance, size of the gap, from the year after the last on record.
    """
    random = np.random.default_rng(seed)
    series = gap.sel({PAIR: pair}).dropna(YEAR)
    step = posterior["step"].sel({PAIR: pair}).values.astype(float)
    noise = posterior["noise"].sel({PAIR: pair}).values.astype(float)
    mean, variance = last_level(series.values, step, noise)
    origin = int(series[YEAR].values[-1])
    years = np.arange(origin + 1, horizon + 1)
    level = mean + np.sqrt(variance) * random.standard_normal(mean.size)
    moves = step[:, None] * random.standard_normal((mean.size, years.size))
    seen = noise[:, None] * random.standard_normal((mean.size, years.size))
    path = level[:, None] + moves.cumsum(axis=1) + seen
    if shift is not None:
        path = path + shift.reindex({YEAR_FUTURE: years}, fill_value=0.0).values
    return xr.DataArray(abs(path), dims=(DRAW, YEAR_FUTURE), coords={YEAR_FUTURE: years})


def pooled_sd(gap: xr.DataArray) -> float:
    """Return the pooled standard deviation of distances within trailing ten-year windows.

    The square root of the mean, over all pairs and all windows of ten years on record, of the
    variance within the window (nine degrees of freedom).
    """
    distance = abs(gap)
    variance = distance.rolling({YEAR: MEAN_YEARS}).var(ddof=1)
    return float(np.sqrt(variance.mean()))


def cooling(distance: xr.DataArray, sd: float, dim: str) -> xr.DataArray:
    """Say in which years a pair's votes cool.

    In year t, if in t and in t − 1 the distance lies above its own threshold: the mean of the ten
    years before plus one pooled standard deviation (`pooled_sd`). Both years must so stand out;
    that the second be above the first is not asked, since noise alone decides it.

    Parameters
    ----------
    distance
        (..., dim): distances, record and future in one.
    sd
        As from `pooled_sd`, of the record alone.

    Returns
    -------
    xarray.DataArray
        Truth value of each year; False for the first eleven, of which it cannot be said.
    """
    mean = distance.rolling({dim: MEAN_YEARS}).mean().shift({dim: 1})
    above = distance > mean + sd
    return above & above.shift({dim: 1}, fill_value=False)
