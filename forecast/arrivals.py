"""What is expected to arrive, year by year, and in which markets both countries compete.

A probability that the deliveries of a year stay below a level answers whatever threshold a reader
has in mind. `independence` is one such threshold, on a mean of three years: not one of these.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import countries
from crossover.data.names import CONTESTED_YEARS, DRAW, MARKET, SCENARIO, SUPPLIER, YEAR_FUTURE
from crossover.forecast.events import monte_carlo_error

BELOW = (1.0, 10.0, 50.0, 100.0, 500.0)
"""Levels, TIV million a year."""
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


def arrivals(futures: xr.Dataset) -> pd.DataFrame:
    """Return what is delivered in each year, as a distribution.

    Parameters
    ----------
    futures : As from `forecast.simulate.futures`.

    Returns
    -------
    pandas.DataFrame : supplier, recipient, scenario, year, expected (the mean), q05, q25, median,
        q75, q95, TIV million.
    """
    rows = []
    for shared, drawn in _worlds(futures):
        levels = np.quantile(drawn, list(QUANTILES.values()), axis=0)
        told = {"expected": drawn.mean(axis=0), **dict(zip(QUANTILES, levels, strict=True))}
        rows.append(pd.DataFrame({**shared, "year": futures[YEAR_FUTURE].values, **told}))
    return pd.concat(rows, ignore_index=True)


def below(futures: xr.Dataset) -> pd.DataFrame:
    """Return the probability that a year's deliveries stay below each level of `BELOW`.

    Parameters
    ----------
    futures : As from `forecast.simulate.futures`.

    Returns
    -------
    pandas.DataFrame
        supplier, recipient, scenario, level (TIV million), year, probability, mc_error.
    """
    rows = []
    years, chains = futures[YEAR_FUTURE].values, int(futures.attrs["chains"])
    for shared, drawn in _worlds(futures):
        under = np.concatenate([drawn < level for level in BELOW], axis=1)
        told = {
            "level": np.repeat(BELOW, len(years)), "year": np.tile(years, len(BELOW)),
            "probability": under.mean(axis=0), "mc_error": monte_carlo_error(under, chains),
        }  # fmt: skip
        rows.append(pd.DataFrame({**shared, **told}))
    return pd.concat(rows, ignore_index=True)


def markets(futures: xr.Dataset) -> pd.DataFrame:
    """Return the markets that either country could win, by the rule of `CONTESTED_YEARS`.

    Parameters
    ----------
    futures : As from `forecast.simulate.futures`.

    Returns
    -------
    pandas.DataFrame
        market (ISO3), name, first_year and last_year of the orders that count, and how many the
        register lists from each: orders_supplier, orders_recipient. Empty where there is none.
    """
    origin = int(futures.attrs["origin"])
    span = {"first_year": origin - CONTESTED_YEARS + 1, "last_year": origin}
    columns = ("market", "name", *span, "orders_supplier", "orders_recipient")
    if not futures.sizes.get(MARKET):
        return pd.DataFrame(columns=list(columns))
    placed = futures["contested_placed"].transpose(MARKET, SUPPLIER)
    placed = placed.sel({SUPPLIER: [futures.attrs[side] for side in ("supplier", "recipient")]})
    return pd.DataFrame(
        [
            (str(code), countries.name_of(str(code)), *span.values(), *map(int, counts))
            for code, counts in zip(futures[MARKET].values, placed.values, strict=True)
        ],
        columns=list(columns),
    )


def _worlds(futures: xr.Dataset) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Yield what names the rows of each scenario, and its deliveries (draw, year)."""
    pair = {side: str(futures.attrs[side]) for side in ("supplier", "recipient")}
    for scenario in futures[SCENARIO].values:
        drawn = futures["deliveries"].sel({SCENARIO: scenario}).transpose(DRAW, YEAR_FUTURE)
        yield {**pair, "scenario": str(scenario)}, drawn.values.astype(float)
