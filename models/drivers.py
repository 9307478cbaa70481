"""How GDP, the R&D share and the military share of every country move from year to year.

One form for all three: the change of a level keeps some momentum of last year, and falls back to a
long-run rate that is common to all countries but for how far each is from where it tends to. GDP
keeps some of the last five years' trend too, and its long-run rate falls with income and with the
growth of population. Shocks are heavy-tailed; those to GDP and to military spending are in part the
world's, and the mean of all countries has a momentum of its own. R&D shares move on a scale that
ends at a ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from crossover.data import names
from crossover.data.errors import InputError, fault
from crossover.models.priors import Priors, order, parameters

DRIVERS = ("gdp", "rd", "mil")
WORLDLY = ("gdp", "mil")
"""Drivers of which a part of the shocks is common to all countries."""
OF_ALL = ("drift", "reversion", "momentum", "shock_sd", "shock_spread")
OF_SOME = {
    "trend": ("gdp",), "population": ("gdp",), "world_sd": WORLDLY, "world_momentum": WORLDLY,
}  # fmt: skip
"""Parameters, named driver_part, that all drivers have, and that only some have; else zero."""
TREND_YEARS = 5
PREDICTORS = ("gap", "people", "momentum", "trend")
"""Of changes, beside what all share, in the order of `weights`."""


def bounded(log_share: Any, ceiling: float) -> Any:
    """Return the log of an R&D share over what it lacks to the ceiling; both in % of GDP."""
    return log_share - np.log(ceiling - np.exp(log_share))


def log_share(level: np.ndarray, ceiling: float) -> np.ndarray:
    """Return the log R&D share (% of GDP) of a level as from `bounded`."""
    return np.log(ceiling) - np.logaddexp(0.0, -level)


def levels(
    log_gdp: xr.DataArray,
    log_rd: xr.DataArray,
    log_mil: xr.DataArray,
    log_population: xr.DataArray,
    ceiling: float,
) -> xr.Dataset:
    """Put the three drivers in the form in which they revert: a level and a gap.

    Parameters
    ----------
    log_gdp, log_rd, log_mil, log_population
        Logs of GDP, R&D share (% of GDP), military spending and population (country, ...).
    ceiling
        Of R&D shares, % of GDP.

    Returns
    -------
    xarray.Dataset
        `level` and `gap`, with dim `driver` added: for GDP the level is its log and the gap GDP
        per person over that of the United States; for R&D both are as from `bounded`, for military
        spending its log share of GDP.
    """
    share = log_mil - log_gdp
    person = log_gdp - log_population
    rd = bounded(log_rd, ceiling)
    stack = xr.concat([log_gdp, rd, share], dim="driver", coords="minimal")
    gaps = xr.concat([person - person.sel({names.COUNTRY: "USA"}), rd, share], dim="driver")
    codes = {"driver": list(DRIVERS)}
    return xr.Dataset({"level": stack.assign_coords(codes), "gap": gaps.assign_coords(codes)})


def trailing(change: xr.DataArray, time: str = "year_effort") -> xr.DataArray:
    """Return the mean of the changes of the five years before each year, its own left out."""
    return change.rolling({time: TREND_YEARS}).mean().shift({time: 1})


def observations(inputs: xr.Dataset) -> xr.Dataset:
    """Return yearly changes with their predictors, on one dim `change_at`.

    A change counts where its own years, those of its momentum and of its five-year trend, where the
    driver has one, are real figures, not filled in, and it falls in `from_year` or later, where the
    inputs have that attribute.

    Returns
    -------
    xarray.Dataset
        `change`, `gap` and `people` (yearly growth of population over the five years before), both
        centred by driver, `momentum`, `trend` (change_at,); `at_driver`, `at_country`, `at_year`
        (change_at,) positions, the last on `change_year`; `gap_mean`, `people_mean` (driver,).

    Raises
    ------
    InputError
        If an R&D share reaches the ceiling.
    """
    ceiling = float(inputs.attrs["rd_ceiling"])
    if float(inputs["rd_share_mean"].max()) >= np.log(ceiling):
        rule = "an R&D share reaches the ceiling: raise the constant"
        raise InputError(fault(rule, column="rd_ceiling", value=ceiling))
    log_population = np.log(inputs["population"])
    logs = levels(
        np.log(inputs["gdp"]), inputs["rd_share_mean"], np.log(inputs["milex"]), log_population,
        ceiling,
    )  # fmt: skip
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
    previous, trend = change.shift({time: 1}), trailing(change)
    people = trailing(log_population.diff(time))
    gap = logs["gap"].shift({time: 1}).sel({time: change[time]})
    usable, without_trend = real, ~real["driver"].isin(OF_SOME["trend"])
    for years in range(1, TREND_YEARS + 2):
        needless = without_trend & (years > 2)
        usable = usable & (needless | real.shift({time: years}, fill_value=False))
    usable = usable.sel({time: change[time]}) & trend.notnull() & gap.notnull()
    usable = usable & (usable[time] >= int(inputs.attrs.get("from_year", 0)))
    gap_mean = gap.where(usable).mean((names.COUNTRY, time))
    people_mean = people.where(usable).mean((names.COUNTRY, time))
    table = xr.Dataset(
        {
            "change": change, "gap": gap - gap_mean, "momentum": previous, "trend": trend,
            "people": (people - people_mean).fillna(0.0),
        }
    ).transpose("driver", names.COUNTRY, time)  # fmt: skip
    at = np.nonzero(usable.transpose("driver", names.COUNTRY, time).values)
    flat = xr.Dataset({name: ("change_at", values.values[at]) for name, values in table.items()})
    for name, positions in zip(("at_driver", "at_country", "at_year"), at, strict=True):
        flat[name] = ("change_at", positions)
    flat["gap_mean"], flat["people_mean"] = gap_mean, people_mean
    return flat.assign_coords(change_year=change[time].values)


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
        With dims parameter, driver, country, worldly, change_year.
    """
    table, steps = observations(inputs), ideal_point_steps(inputs["ideal_point"])
    coords = {
        "parameter": order(priors), names.COUNTRY: inputs[names.COUNTRY].values,
        "driver": list(DRIVERS), "worldly": list(WORLDLY),
        "change_year": table["change_year"].values,
        "change_at": np.arange(table.sizes["change_at"]),
        "step_at": np.arange(steps.size),
    }  # fmt: skip
    with pm.Model(coords=coords) as model:
        top = parameters(priors)
        _changes(table, steps, top, priors.constant("shock_df"))
    return model


def coefficients(of: Mapping[str, Any], stack: Callable[[list], Any]) -> dict[str, Any]:
    """Return each part's parameters of all drivers, stacked; zero where a driver has none."""
    one = of[f"{DRIVERS[0]}_drift"]
    return {
        part: stack(
            [of[f"{d}_{part}"] if d in OF_SOME.get(part, DRIVERS) else one * 0.0 for d in DRIVERS]
        )
        for part in (*OF_ALL, *OF_SOME)
    }


def of_mean(by: Mapping[str, Any]) -> dict[str, Any]:
    """Return the coefficients of the mean of all countries, where a part of the shocks is common.

    What befell all in a year, a recession of the world, may last for less than what befell one.
    """
    return {**by, "momentum": by["world_momentum"]}


def weights(by: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the weights of one, gap, people, momentum and trend in the expected change.

    Growth g falls back to a long-run rate l = drift − reversion · gap + population · people:
    l + momentum · (g of last year − l) + trend · (mean g of five years − l).

    Parameters
    ----------
    by
        As from `coefficients`.
    """
    own = 1.0 - by["momentum"] - by["trend"]
    long_run = (by["drift"], -by["reversion"], by["population"])
    return (*(own * one for one in long_run), by["momentum"], by["trend"])


def expected(by: Mapping[str, Any], gap: Any, people: Any, momentum: Any, trend: Any) -> Any:
    """Return the expected yearly change, without shocks.

    Parameters
    ----------
    by
        As from `coefficients`, in a shape that broadcasts with the others.
    gap, people
        How far the level is from where it tends to, and the growth of population, both centred.
    momentum, trend
        Change of the year before, and mean change of the five years before.
    """
    one, *others = weights(by)
    given = (gap, people, momentum, trend)
    return one + sum(w * x for w, x in zip(others, given, strict=True))


def _changes(
    table: xr.Dataset, steps: xr.DataArray, top: Mapping[str, Any], df: float
) -> None:
    """Add the likelihood of yearly changes.

    What all countries did together in a year, given where they stood, is sampled as it is: some
    fifty figures say what it was, and it says how fast all grow in the long run. Beside it each
    country differs from the mean of that year by what its predictors do.

    Parameters
    ----------
    table
        As from `observations`.
    steps
        Yearly changes of ideal points (step_at).
    top
        The top-level parameters by name.
    df
        Degrees of freedom of the shocks.
    """
    by = coefficients(top, pt.stack)
    log_shock = pm.Normal(
        "log_shock",
        pt.log(by["shock_sd"])[:, None],
        by["shock_spread"][:, None],
        dims=("driver", names.COUNTRY),
    )
    of = [table.isel(change_at=table["at_driver"].values == k) for k in range(len(DRIVERS))]
    years = table.sizes["change_year"]
    usual = {d: _by_year(one, years) for d, one in zip(DRIVERS, of, strict=True) if d in WORLDLY}
    own, *others = weights(by)
    pace = pt.stack(others)
    own_of_mean, *others = weights(of_mean(by))
    pace_of_mean = pt.stack(others)
    together = pm.StudentT(
        "world_change",
        nu=df,
        mu=pt.stack([
            own_of_mean[k] + pt.dot(usual[d], pace_of_mean[:, k])
            for k, d in enumerate(DRIVERS) if d in WORLDLY
        ]),
        sigma=pt.stack([top[f"{name}_world_sd"] for name in WORLDLY])[:, None],
        dims=("worldly", "change_year"),
    )  # fmt: skip
    mean = []
    for k, (name, one) in enumerate(zip(DRIVERS, of, strict=True)):
        moved, year = np.stack([one[x].values for x in PREDICTORS], axis=1), one["at_year"].values
        if name in WORLDLY:
            common, moved = together[WORLDLY.index(name)][year], moved - usual[name][year]
        else:
            common = own[k]
        mean.append(common + pt.dot(moved, pace[:, k]))
    pm.StudentT(
        "driver_change",
        nu=df,
        mu=pt.concatenate(mean),
        sigma=pt.exp(log_shock)[table["at_driver"].values, table["at_country"].values],
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


def _by_year(one: xr.Dataset, years: int) -> np.ndarray:
    """Return a driver's mean predictors (year, predictor); zero in years without a change."""
    at = one["at_year"].values
    count = np.maximum(np.bincount(at, minlength=years), 1)
    return np.stack([np.bincount(at, one[x].values, years) / count for x in PREDICTORS], axis=1)


def ideal_point_steps(ideal_point: xr.DataArray) -> xr.DataArray:
    """Yearly changes of ideal points (country, year), known in both years, as (step_at)."""
    change = ideal_point.diff(names.YEAR).values.ravel()
    return xr.DataArray(change[np.isfinite(change)], dims="step_at")
