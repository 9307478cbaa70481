"""What each country spends on research and on its forces, as stocks.

R&D shares are published with gaps and are revised; a smoothed latent path gives the stock.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from crossover.data import names
from crossover.data.stocks import stock
from crossover.models.priors import Priors

YOUNG_YEARS = 2.0
"""Age, in years after the data year, under which a figure is likely to be revised."""


def rd_path(rd_share: xr.DataArray, age: xr.DataArray, priors: Priors) -> xr.Dataset:
    """Smooth the logarithm of the R&D share of GDP: a random walk seen with revision noise.

    Each country's yearly step is the most probable of a grid, under a LogNormal prior; the noise
    of young figures (under two years) and of settled ones comes from how figures were revised.

    Parameters
    ----------
    rd_share
        R&D expenditure, % of GDP (country, year), NaN where unknown.
    age
        Years between the end of the data year and the figure's release (country, year).
    priors
        For `rd_step`, `rd_step_spread`, `rd_noise_young` and `rd_noise_settled`.

    Returns
    -------
    xarray.Dataset
        `mean` (country, year) and `covariance` (country, year, year_to) of the log share and
        `step` (country), all NaN for a country without any figure.
    """
    years = rd_share[names.YEAR].values.astype(float)
    values = np.log(rd_share.transpose(names.COUNTRY, names.YEAR).values)
    young = age.transpose(names.COUNTRY, names.YEAR).values < YOUNG_YEARS
    noise = np.where(
        young, priors.constant("rd_noise_young"), priors.constant("rd_noise_settled")
    )
    median, spread = priors.constant("rd_step"), priors.constant("rd_step_spread")
    scores = np.linspace(-2.5, 2.5, 21)
    walk = np.minimum.outer(years - years[0], years - years[0])

    mean = np.full(values.shape, np.nan)
    covariance = np.full((*values.shape, values.shape[1]), np.nan)
    steps = np.full(values.shape[0], np.nan)
    for i, row in enumerate(values):
        seen = np.flatnonzero(np.isfinite(row))
        if not len(seen):
            continue
        fits = [_smooth(row, seen, noise[i], median * np.exp(spread * z), walk) for z in scores]
        best = int(np.argmax([fit[0] - 0.5 * z**2 for fit, z in zip(fits, scores, strict=True)]))
        steps[i] = median * np.exp(spread * scores[best])
        _, mean[i], covariance[i] = fits[best]
    return xr.Dataset(
        {
            "mean": ((names.COUNTRY, names.YEAR), mean),
            "covariance": ((names.COUNTRY, names.YEAR, "year_to"), covariance),
            "step": (names.COUNTRY, steps),
        },
        coords={
            names.COUNTRY: rd_share[names.COUNTRY].values,
            names.YEAR: rd_share[names.YEAR].values,
            "year_to": rd_share[names.YEAR].values,
        },
    )


def _smooth(
    row: np.ndarray, seen: np.ndarray, noise: np.ndarray, step: float, walk: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    prior = 1.0 + step**2 * walk
    chol = np.linalg.cholesky(prior[np.ix_(seen, seen)] + np.diag(noise[seen] ** 2))
    white = np.linalg.solve(chol, np.column_stack([row[seen], prior[seen]]))
    likelihood = -0.5 * white[:, 0] @ white[:, 0] - np.log(np.diag(chol)).sum()
    return likelihood, white[:, 1:].T @ white[:, 0], prior - white[:, 1:].T @ white[:, 1:]


def fill(values: xr.DataArray, growth: float) -> xr.DataArray:
    """Fill gaps of a positive series (country, year): log-linear within, steady growth outside."""
    years = values[names.YEAR]
    logs = np.log(values) - growth * (years - years[0])
    inner = logs.interpolate_na(names.YEAR, use_coordinate=True)
    return np.exp(inner.ffill(names.YEAR).bfill(names.YEAR) + growth * (years - years[0]))


def rd_stock(
    path: xr.Dataset, gdp: xr.DataArray, depreciation: float, growth: float
) -> xr.DataArray:
    """Return the log R&D stock, constant international $ (country, year).

    How uncertain the share's path leaves it is not carried on: figures a few years apart pin a
    stock of many years, and as parameters these directions came out as they went in.

    Parameters
    ----------
    path
        As from `rd_path`, years without a gap.
    gdp
        Constant international $ (country, year), without gaps.
    depreciation, growth
        A year, as fractions.
    """
    return np.log(stock(np.exp(path["mean"]) / 100.0 * gdp, depreciation, growth))
