"""How GDP, the R&D share and the military share of every country move from year to year.

One form for all three: the change of a log level has a mean common to all countries with small
lasting differences, falls back towards a common level, keeps some momentum of last year and of
the last five years, and is struck by heavy-tailed shocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models.priors import Priors, order, parameters

DRIVERS = ("gdp", "rd", "mil")
TREND_YEARS = 5


def levels(
    log_gdp: xr.DataArray, log_rd: xr.DataArray, log_mil: xr.DataArray, log_population: xr.DataArray
) -> xr.Dataset:
    """Put the three drivers in the form in which they revert: a log level and a log gap.

    Parameters
    ----------
    log_gdp, log_rd, log_mil, log_population
        Logs of GDP, R&D share, military spending and population (country, ...).

    Returns
    -------
    xarray.Dataset
        `level` and `gap`, with dim `driver` added: for GDP the gap is GDP per person over that of
        the United States; for the shares it is the share itself (military spending over GDP).
    """
    share = log_mil - log_gdp
    person = log_gdp - log_population
    stack = xr.concat([log_gdp, log_rd, share], dim="driver", coords="minimal")
    gaps = xr.concat([person - person.sel({names.COUNTRY: "USA"}), log_rd, share], dim="driver")
    codes = {"driver": list(DRIVERS)}
    return xr.Dataset({"level": stack.assign_coords(codes), "gap": gaps.assign_coords(codes)})


def observations(inputs: xr.Dataset) -> xr.Dataset:
    """Return yearly changes with their predictors, on one dim `change`.

    A change counts where both years are real figures, not filled in, its five-year trend lies
    within the record, and it falls in `from_year` or later, where the inputs have that attribute.

    Returns
    -------
    xarray.Dataset
        `change`, `gap` (centred by driver), `momentum`, `trend` (change,); `at_driver`,
        `at_country` (change,) positions; `gap_mean` (driver,).
    """
    logs = levels(
        np.log(inputs["gdp"]), inputs["rd_share_mean"], np.log(inputs["milex"]),
        np.log(inputs["population"]),
    )
    real = xr.concat(
        [
            inputs["gdp_observed"].notnull(),
            inputs["rd_share_observed"].notnull(),
            inputs["milex_observed"].notnull() & inputs["gdp_observed"].notnull(),
        ],
        dim="driver",
    ).assign_coords(driver=list(DRIVERS))
    time = "year_effort"
    change = logs["level"].diff(time)
    previous = change.shift({time: 1})
    trend = change.rolling({time: TREND_YEARS}).mean().shift({time: 1})
    gap = logs["gap"].shift({time: 1}).sel({time: change[time]})
    usable = real
    for years in (1, 2):
        usable = usable & real.shift({time: years}, fill_value=False)
    usable = usable.sel({time: change[time]}) & trend.notnull() & gap.notnull()
    usable = usable & (usable[time] >= int(inputs.attrs.get("from_year", 0)))
    gap_mean = gap.where(usable).mean((names.COUNTRY, time))
    table = xr.Dataset(
        {"change": change, "gap": gap - gap_mean, "momentum": previous, "trend": trend}
    ).transpose("driver", names.COUNTRY, time)
    at = np.nonzero(usable.transpose("driver", names.COUNTRY, time).values)
    flat = xr.Dataset({name: ("change_at", values.values[at]) for name, values in table.items()})
    flat["at_driver"], flat["at_country"] = ("change_at", at[0]), ("change_at", at[1])
    flat["gap_mean"] = gap_mean
    return flat


def drivers(inputs: xr.Dataset, priors: Priors) -> pm.Model:
    """Build the model of the drivers' yearly changes, and of changes of UN ideal points.

    Parameters
    ----------
    inputs
        As from `models.inputs.prepare`.
    priors
        Those of the part `drivers`.

    Returns
    -------
    pymc.Model
        With dims parameter, driver, country.
    """
    table, steps = observations(inputs), ideal_point_steps(inputs["ideal_point"])
    coords = {
        "parameter": order(priors), names.COUNTRY: inputs[names.COUNTRY].values,
        "driver": list(DRIVERS), "change_at": np.arange(table.sizes["change_at"]),
        "step_at": np.arange(steps.size),
    }  # fmt: skip
    with pm.Model(coords=coords) as model:
        top = parameters(priors)
        _changes(table, steps, inputs.sizes[names.COUNTRY], top, priors.constant("shock_df"))
    return model


def _changes(
    table: xr.Dataset, steps: xr.DataArray, countries: int, top: Mapping[str, Any], df: float
) -> None:
    """Add the likelihood of yearly changes.

    Parameters
    ----------
    table
        As from `observations`.
    steps
        Yearly changes of ideal points (step_at).
    countries
        Number of countries.
    top
        The top-level parameters by name.
    df
        Degrees of freedom of the shocks.
    """
    drift_z = pm.Normal("drift_z", 0.0, 1.0, dims=("driver", names.COUNTRY))
    by = {
        part: pt.stack([top[f"{label}_{part}"] for label in DRIVERS])
        for part in ("drift", "drift_sd", "reversion", "momentum", "trend", "shock_sd",
                     "shock_spread")
    }
    drift = by["drift"][:, None] + by["drift_sd"][:, None] * drift_z
    log_shock = pm.Normal(
        "log_shock",
        pt.log(by["shock_sd"])[:, None],
        by["shock_spread"][:, None],
        dims=("driver", names.COUNTRY),
    )
    at = table["at_driver"].values
    cell = at * countries + table["at_country"].values
    mean = drift.flatten()[cell]
    for part, predictor, sign in (
        ("reversion", "gap", -1.0), ("momentum", "momentum", 1.0), ("trend", "trend", 1.0)
    ):  # fmt: skip
        own = np.eye(len(DRIVERS))[at] * (sign * table[predictor].values)[:, None]
        mean = mean + pt.dot(own, by[part])
    pm.StudentT(
        "driver_change",
        nu=df,
        mu=mean,
        sigma=pt.exp(log_shock).flatten()[cell],
        observed=table["change"].values,
        dims="change_at",
    )
    pm.StudentT(
        "ideal_point_change",
        nu=df,
        mu=0.0,
        sigma=top["ideal_point_step"],
        observed=steps.values,
        dims="step_at",
    )


def ideal_point_steps(ideal_point: xr.DataArray) -> xr.DataArray:
    """Yearly changes of ideal points (country, year), known in both years, as (step_at)."""
    change = ideal_point.diff(names.YEAR).values.ravel()
    return xr.DataArray(change[np.isfinite(change)], dims="step_at")
