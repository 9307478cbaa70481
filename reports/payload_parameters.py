"""Parameters of a fit as a report prints them: prior beside posterior, and their densities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy import special, stats

from crossover.data.names import (
    BANDS,
    CHAIN,
    DRAW,
)

CURVE_POINTS = 96


class LogitNormal:
    """A quantity between 0 and 1 whose log-odds are Normal."""

    def __init__(self, mu: float, sigma: float) -> None:
        self.scaled = stats.norm(mu, sigma)

    def ppf(self, level: Any) -> Any:
        """Quantile function."""
        return special.expit(self.scaled.ppf(level))

    def sf(self, value: Any) -> Any:
        """Probability of a larger value."""
        return self.scaled.sf(special.logit(np.clip(value, 0.0, 1.0)))

    def pdf(self, value: np.ndarray) -> np.ndarray:
        """Density, for values between 0 and 1."""
        return self.scaled.pdf(special.logit(value)) / (value * (1.0 - value))

    def std(self) -> float:
        """Standard deviation, from the middles of 2,000 equal slices of probability."""
        return float(np.std(self.ppf((np.arange(2000) + 0.5) / 2000)))

    def support(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return 0.0, 1.0

FAMILIES = {
    "normal": lambda p: stats.norm(p["mu"], p["sigma"]),
    "lognormal": lambda p: stats.lognorm(p["sigma"], scale=math.exp(p["mu"])),
    "logitnormal": lambda p: LogitNormal(p["mu"], p["sigma"]),
}


def parameters_of(priors: Mapping[str, Any], posterior: xr.Dataset) -> list[dict[str, Any]]:
    """Return each parameter's prior and posterior."""
    result = []
    if "parameters" in posterior:
        posterior["parameters"].load()  # From the file at once, not parameter by parameter.
    for name, entry in priors.get("variable", {}).items():
        draws = scalar_of(posterior, name)
        if not entry.get("top_level") or draws is None:
            continue
        draws = draws.ravel()
        prior = FAMILIES[entry["family"]](entry)
        low, high = prior.ppf([0.05, 0.95])
        above = float(prior.sf(0.0))
        grid = _grid(draws, prior)
        quantiles = np.quantile(draws, list(BANDS.values()))
        result.append(
            {
                "name": name,
                "unit": entry.get("unit", ""),
                "description": entry.get("description", ""),
                "signed": 0.0 < above < 1.0,
                "prior": {"q05": low, "q50": prior.ppf(0.5), "q95": high, "positive": above},
                "posterior": {
                    **dict(zip(BANDS, quantiles, strict=True)),
                    "positive": float((draws > 0).mean()),
                },
                "contraction": 1.0 - float(draws.std() / prior.std()),
                "grid": grid,
                "prior_density": _height(prior.pdf(grid)),
                "posterior_density": _height(_density(draws, grid)),
            }
        )
    return result


def scalar_of(posterior: xr.Dataset, name: str) -> np.ndarray | None:
    """Draws (chain, draw) of a parameter stored by its name or in the vector `parameters`."""
    if name in posterior and set(posterior[name].dims) == {CHAIN, DRAW}:
        return posterior[name].transpose(CHAIN, DRAW).values.astype(float)
    vector = posterior.get("parameters")
    if vector is not None and name in vector.coords.get("parameter", []):
        one = vector.sel(parameter=name, drop=True)
        return one.transpose(CHAIN, DRAW).values.astype(float)
    return None


def _grid(draws: np.ndarray, prior: Any) -> np.ndarray:
    """Points that cover the posterior and, within five times its width, the prior."""
    low, high = np.quantile(draws, [0.002, 0.998])
    room = 2.0 * max(high - low, 1e-9)
    start, end = prior.ppf([0.01, 0.99])
    start, end = min(max(start, low - room), low), max(min(end, high + room), high)
    lower, upper = prior.support()
    return np.linspace(max(start, lower + 1e-9), min(end, upper - 1e-9), CURVE_POINTS)


def _density(draws: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Gaussian kernel density with Silverman's bandwidth, on the log scale if all are positive."""
    positive = bool((draws > 0).all() and (grid > 0).all())
    values, points = (np.log(draws), np.log(grid)) if positive else (draws, grid)
    spread = min(values.std(), (np.subtract(*np.quantile(values, [0.75, 0.25]))) / 1.34)
    if not spread > 0:
        return np.zeros_like(grid)
    width = 0.9 * spread * values.size**-0.2
    heights = np.exp(-0.5 * ((points[:, None] - values[None, :]) / width) ** 2).sum(1)
    return heights / grid if positive else heights


def _height(density: np.ndarray) -> np.ndarray:
    top = np.nanmax(density) if density.size else 0.0
    return density / top if np.isfinite(top) and top > 0 else np.zeros_like(density)
