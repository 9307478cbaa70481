"""Draws to questions: in which year, if ever, does each published event happen.

Every event is an indicator by draw and year from the origin on; an event has happened by a year
if it was true in that or any earlier year since the origin. Nothing here knows a model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from data.names import (
    ALL_DOMAINS,
    BASE_YEARS,
    BASELINE,
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    COUNTRY,
    DRAW,
    EVENTS,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    SCENARIO,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)

QUANTILES = {"median_year": 0.5, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}
DIGITS = 6


def ahead(recipient: np.ndarray, supplier: np.ndarray) -> np.ndarray:
    """Say where the recipient's quantity exceeds the supplier's; a tie is no overtaking."""
    return recipient > supplier


def sustained(happens: np.ndarray, length: int = MEAN_YEARS) -> np.ndarray:
    """Say where something has been true for `length` years running (..., year).

    The result has `length - 1` years less: a spell counts from its last needed year.
    """
    windows = np.lib.stride_tricks.sliding_window_view(happens, length, axis=-1)
    return windows.all(axis=-1)


def trailing_mean(values: np.ndarray, length: int = MEAN_YEARS) -> np.ndarray:
    """Means over `length` years (..., year), dated by the last; `length - 1` years less."""
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=-1)
    return windows.mean(axis=-1)


def by_year(happens: np.ndarray) -> np.ndarray:
    """Whether it has happened by each year (..., year)."""
    return np.logical_or.accumulate(happens, axis=-1)


def first_year(happens: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Year in which it first happens (...), NaN where it never does."""
    found = years[happens.argmax(axis=-1)].astype(float)
    return np.where(happens.any(axis=-1), found, np.nan)


def answers(forecast: xr.Dataset) -> xr.Dataset:
    """Whether each event is true, by draw and year from the origin on.

    Parameters
    ----------
    forecast
        As from `forecast.simulate.futures`.

    Returns
    -------
    xarray.Dataset
        One variable an event (draw, scenario, year), bool. An event that is not defined for the
        pair (no exports of one of them in the sample, no deliveries in the base years) is left
        out.
    """
    supplier, recipient = forecast.attrs["supplier"], forecast.attrs["recipient"]
    origin = int(forecast.attrs["origin"])
    years = np.arange(origin, int(forecast[YEAR_FUTURE].max()) + 1)
    lead = MEAN_YEARS - 1

    def whole(past: xr.DataArray, future: xr.DataArray) -> np.ndarray:
        """Return the last observed years and all future ones (draw, scenario, year)."""
        future = future.transpose(DRAW, SCENARIO, YEAR_FUTURE).values
        tail = past.sel({YEAR: slice(origin - lead, origin)})
        tail = tail.values if DRAW not in past.dims else tail.transpose(DRAW, YEAR).values[:, None]
        shape = (*future.shape[:2], MEAN_YEARS)
        return np.concatenate([np.broadcast_to(tail, shape), future], axis=-1)

    theta = {
        code: whole(
            forecast["theta_past"].sel({COUNTRY: code}), forecast["theta"].sel({COUNTRY: code})
        )
        for code in (supplier, recipient)
    }
    lead_in_capacity = ahead(theta[recipient], theta[supplier])
    found = {
        CAPACITY_CROSSOVER: lead_in_capacity[..., lead:],
        CAPACITY_CROSSOVER_SUSTAINED: sustained(lead_in_capacity),
    }
    if {supplier, recipient} <= set(forecast[SUPPLIER].values):
        totals = {
            code: trailing_mean(
                whole(
                    forecast["exports_observed"].sel({SUPPLIER: code}),
                    forecast["exports"].sel({SUPPLIER: code}),
                )
            )
            for code in (supplier, recipient)
        }
        found[EXPORT_CROSSOVER] = ahead(totals[recipient], totals[supplier])
    base = forecast["deliveries_observed"].sel({YEAR: slice(*BASE_YEARS)})
    if base.size and float(base.mean()) > 0:
        means = trailing_mean(whole(forecast["deliveries_observed"], forecast["deliveries"]))
        found[INDEPENDENCE] = means < INDEPENDENCE_SHARE * float(base.mean())
    return xr.Dataset(
        {name: ((DRAW, SCENARIO, YEAR), found[name]) for name in EVENTS if name in found},
        coords={DRAW: forecast[DRAW], SCENARIO: forecast[SCENARIO], YEAR: years},
        attrs=forecast.attrs,
    )


def by_chain(values: np.ndarray, chains: int) -> np.ndarray:
    """Return draws of all chains (draw, ...) as (chain, draw, ...)."""
    return values.reshape(chains, -1, *values.shape[1:])


def indicators(forecast: xr.Dataset) -> dict[str, np.ndarray]:
    """Return every published indicator of the baseline by event and year (chain, draw)."""
    table = answers(forecast).sel({SCENARIO: BASELINE})
    return {
        f"{name} by {year}": by_chain(happened[:, at], int(forecast.attrs["chains"]))
        for name, values in table.items()
        for happened in [by_year(values.transpose(DRAW, YEAR).values)]
        for at, year in enumerate(table[YEAR].values)
    }


def monte_carlo_error(happened: np.ndarray, chains: int) -> np.ndarray:
    """Return the Monte-Carlo standard error of probabilities (draw, year) → (year).

    From the effective sample size of each indicator, which counts the draws' autocorrelation;
    zero where all draws agree.
    """
    import arviz as az

    share = happened.mean(axis=0)
    grouped = by_chain(happened, chains).astype(float)
    out = np.zeros(len(share))
    for at in np.flatnonzero((share > 0) & (share < 1)):
        size = float(az.ess(grouped[:, :, at], method="mean"))
        out[at] = np.sqrt(share[at] * (1.0 - share[at]) / size)
    return out


def tables(forecast: xr.Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what is published of every event: probability by year, and timing.

    Parameters
    ----------
    forecast
        As from `forecast.simulate.futures`.

    Returns
    -------
    tuple of pandas.DataFrame
        Events: event, domain, supplier, recipient, scenario, year, probability (that it has
        happened by the year), mc_error. Timing: probability_within_horizon, and median and
        quantiles of the year given that it happens within the horizon.
    """
    table = answers(forecast)
    years = table[YEAR].values
    chains = int(forecast.attrs["chains"])
    pair = {"supplier": forecast.attrs["supplier"], "recipient": forecast.attrs["recipient"]}
    rows, times = [], []
    for name, values in table.items():
        for scenario in table[SCENARIO].values:
            happens = values.sel({SCENARIO: scenario}).transpose(DRAW, YEAR).values
            happened = by_year(happens)
            shared = {"event": name, "domain": ALL_DOMAINS, **pair, "scenario": str(scenario)}
            error = monte_carlo_error(happened, chains)
            rows += [
                {**shared, "year": int(year), "probability": p, "mc_error": e}
                for year, p, e in zip(years, happened.mean(axis=0), error, strict=True)
            ]
            first = first_year(happens, years)
            first = first[np.isfinite(first)]
            quantiles = {
                key: float(np.quantile(first, q, method="inverted_cdf")) if len(first) else np.nan
                for key, q in QUANTILES.items()
            }
            times.append(
                {
                    **shared,
                    "probability_within_horizon": happened[:, -1].mean(),
                    **quantiles,
                    "horizon": int(years[-1]),
                }
            )
    return pd.DataFrame(rows), pd.DataFrame(times)


def to_csv(table: pd.DataFrame, path: object) -> None:
    """Write a table with a fixed number of digits, so that equal draws give equal bytes."""
    table.to_csv(path, index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
