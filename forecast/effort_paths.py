"""Futures of what orders rest on: GDP, R&D, military spending, wars, embargoes, votes in the UN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from crossover.data.names import COUNTRY, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast import scenarios as scenario_files
from crossover.forecast.draws import Arrays
from crossover.models.drivers import (
    DRIVERS,
    TREND_YEARS,
    WORLDLY,
    bounded,
    coefficients,
    expected,
    levels,
    log_share,
    of_mean,
    trailing,
)
from crossover.models.inputs import country_index

Worlds = Sequence[xr.Dataset | None]
"""What scenarios change, as from `forecast.scenarios.overrides`; None changes nothing."""
BASELINE_ALONE: Worlds = (None,)
SET_OF_EFFORT = (
    ("gdp_growth", "value"), ("gdp_growth", "add"), ("rd_share", "value"),
    ("rd_share", "multiply"), ("rd_share", "add"), ("mil_share", "multiply"),
)  # fmt: skip
"""Variables, and kinds of change, by which a scenario sets effort, in the order of use."""


class Effort(NamedTuple):
    """Simulated effort of countries (draw, country, year).

    Attributes
    ----------
    rd, mil : deviations of last year's log stocks from their mean over the window.
    rd_share : % of GDP. rd_stock : constant international $. log_milex, log_gdp : logs.
    """

    rd: np.ndarray
    mil: np.ndarray
    rd_share: np.ndarray
    rd_stock: np.ndarray
    log_milex: np.ndarray
    log_gdp: np.ndarray


class Record(NamedTuple):
    """What is known of the drivers, from `LATE` years before the origin on.

    Attributes
    ----------
    logs : log GDP, log R&D share and log military spending (driver, country, year), gaps filled.
    known : whether a figure of that year or a later one is out (driver, country, year).
    has : whether there are any figures (driver, country).
    spread : in how much doubt the log R&D share is (country, year).
    level : the drivers as they revert, in the first year (driver, country).
    steps : their last five changes by then, oldest first (driver, country, step).
    gap_mean : where levels tend to (driver).
    log_people, growth, people : log population, its growth after the origin (country), and its
        mean growth of five years, centred (country, year).
    """

    logs: np.ndarray
    known: np.ndarray
    has: np.ndarray
    spread: np.ndarray
    level: np.ndarray
    steps: np.ndarray
    gap_mean: np.ndarray
    log_people: np.ndarray
    growth: np.ndarray
    people: np.ndarray


LATE = 6
"""Years before the origin from which on figures that are not out yet are drawn. Older ones count
as they were filled in for the fit."""


def record(inputs: xr.Dataset) -> Record:
    """Return what is known of the drivers; see `Record`.

    Population grows on at the mean rate of its last five years: one year is added to it.
    """
    time = "year_effort"
    log_people = np.log(inputs["population"])
    logs = {
        "gdp": np.log(inputs["gdp"]), "rd": inputs["rd_share_mean"], "mil": np.log(inputs["milex"]),
    }  # fmt: skip
    seen = [inputs[f"{name}_observed"].notnull() for name in ("gdp", "rd_share", "milex")]
    whole, seen = (
        np.stack([one.transpose(COUNTRY, time).values for one in every])
        for every in (logs.values(), seen)
    )
    # Without figures of GDP military spending stands for its share of it.
    form = levels(
        logs["gdp"].fillna(0.0), logs["rd"], logs["mil"], log_people, inputs.attrs["rd_ceiling"]
    )
    level = np.nan_to_num(form["level"].transpose("driver", COUNTRY, time).values)
    growth = log_people.transpose(COUNTRY, time).diff(time)
    last = growth.isel({time: slice(-TREND_YEARS, None)})
    count = last.count(time)
    recent = (last.sum(time) / count.where(count > 0)).values
    people = np.concatenate([np.zeros((len(recent), 1)), trailing(growth).values], axis=1)
    people = np.concatenate([people, recent[:, None]], axis=1)
    people -= float(inputs["driver_people_mean"].sel(driver="gdp"))
    start = whole.shape[-1] - 1 - LATE
    return Record(
        logs=np.nan_to_num(whole[..., start:]),
        known=np.maximum.accumulate(seen[..., ::-1], axis=-1)[..., ::-1][..., start:],
        has=np.isfinite(whole[..., -1]),
        spread=np.nan_to_num(inputs["rd_share_sd"].transpose(COUNTRY, time).values[:, start:]),
        level=level[..., start],
        steps=np.diff(level[..., start - TREND_YEARS : start + 1], axis=-1),
        gap_mean=inputs["driver_gap_mean"].values,
        log_people=np.nan_to_num(log_people.transpose(COUNTRY, time).values[:, start:]),
        growth=np.nan_to_num(recent),
        people=np.nan_to_num(people[:, start:]),
    )


def driver_paths(
    draws: Arrays, inputs: xr.Dataset, years: int, rng: np.random.Generator
) -> np.ndarray:
    """Simulate log GDP, log R&D share and log military spending, of no scenario.

    Figures that are not out yet at the origin are drawn too, from the last one that is, and R&D
    shares that are out keep the doubt in which revisions leave them.

    Returns
    -------
    numpy.ndarray : (driver, draw, country, year), from `LATE` years before the origin to `years`
        after it; without figures of GDP, military spending alone is of use.
    """
    of, n = record(inputs), len(draws["parameters"])
    ceiling, df = float(inputs.attrs["rd_ceiling"]), inputs.attrs["shock_df"]
    by = coefficients(draws, lambda parts: np.stack(parts, axis=1)[..., None])
    scale = np.exp(draws["log_shock"])
    america = list(inputs[COUNTRY].values).index("USA")
    gdp, rd, mil = (DRIVERS.index(name) for name in ("gdp", "rd", "mil"))
    level = np.repeat(of.level[None], n, axis=0)
    recent = [np.repeat(of.steps[None, ..., k], n, axis=0) for k in range(TREND_YEARS)]
    doubt = rng.standard_normal((n, level.shape[2]))
    reverts = of.has.copy()
    reverts[mil] &= of.has[gdp]
    counted = reverts / np.maximum(reverts.sum(axis=-1, keepdims=True), 1)
    worldly = np.array([name in WORLDLY for name in DRIVERS])
    people = np.zeros(of.level.shape)
    log_people = of.log_people[:, 0]
    paths = []
    for t in range(LATE + years + 1):
        if t:
            at = min(t, LATE + 1)
            people[gdp] = of.people[:, at]
            gap = level - of.gap_mean[:, None]
            gap[:, gdp] -= (log_people - log_people[america]) + level[:, gdp, [america]]
            world = by["world_sd"] * rng.standard_t(df, (n, len(DRIVERS), 1))
            shock = world + scale * rng.standard_t(df, level.shape)
            given = np.where(reverts, gap, 0.0), people, recent[-1], np.mean(recent, axis=0)
            usual = [(x * counted).sum(axis=-1, keepdims=True) for x in given]
            common = expected(of_mean(by), *usual) - expected(by, *usual)
            step = shock + expected(by, *given) + np.where(worldly[:, None], common, 0.0)
            last, level = level, level + step
        if t <= LATE:
            known = of.known[..., t]
            level[:, gdp] = np.where(known[gdp], of.logs[gdp, :, t], level[:, gdp])
            # Doubt of the log, on the scale of levels: no draw passes the ceiling.
            share = of.logs[rd, :, t]
            wider = of.spread[:, t] / (1.0 - np.exp(share) / ceiling)
            share = bounded(share, ceiling) + wider * doubt
            level[:, rd] = np.where(known[rd], share, level[:, rd])
            share = of.logs[mil, :, t] - level[:, gdp]
            level[:, mil] = np.where(known[mil], share, level[:, mil])
            log_people = of.log_people[:, t]
        else:
            log_people = log_people + of.growth
        if t:
            recent = [*recent[1:], level - last]
        logs = (level[:, gdp], log_share(level[:, rd], ceiling), level[:, mil] + level[:, gdp])
        paths.append(logs)
    return np.stack(paths, axis=-1)


def effort_paths(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    worlds: Worlds = BASELINE_ALONE,
) -> list[Effort]:
    """Simulate GDP, R&D share and military spending, and the stocks they build, in each world.

    Stocks enter capacity with a lag of one year. A country without GDP or R&D figures moves
    by the common dynamics from a zero gap, and its R&D explains nothing, as in the fit. What a
    scenario changes of a country leaves all others as they are.
    """
    paths = driver_paths(draws, inputs, years, rng)
    codes = [str(c) for c in inputs[COUNTRY].values]
    base = _built(paths, inputs, years, np.arange(len(codes)))
    found = []
    for changes in worlds:
        moved = {
            of for name in SET_OF_EFFORT for of, _ in scenario_files.each(changes, *name)
        }
        at = np.array([k for k, code in enumerate(codes) if code in moved], int)
        if not len(at):
            found.append(base)
            continue
        some = paths[:, :, at]
        _override_effort(
            *some[..., LATE + 1 :], some[0, ..., LATE], [codes[k] for k in at], changes
        )
        world = Effort(*(values.copy() for values in base))
        for values, own in zip(world, _built(some, inputs, years, at), strict=True):
            values[:, at] = own
        found.append(world)
    return found


def _built(paths: np.ndarray, inputs: xr.Dataset, years: int, at: np.ndarray) -> Effort:
    """Return the effort of countries at some positions, given their own paths."""
    log_gdp, log_rd, log_mil = paths
    rd_mean = inputs["rd_level"].values[at] + inputs.attrs["rd_origin"]
    mil_mean = inputs["mil_level"].values[at] + inputs.attrs["mil_origin"]
    spent = {"rd": np.exp(log_rd + log_gdp) / 100.0, "mil": np.exp(log_mil)}
    rd_stock, mil_stock = (_stock(inputs, name, flow, years, at) for name, flow in spent.items())
    has_rd = np.isfinite(inputs["rd_share_mean"].isel(year_effort=-1).values[at])
    rd_known = inputs["rd_known"].values.astype(bool)[at, None]
    last = np.s_[..., -years:]
    return Effort(
        np.where(rd_known, np.log(rd_stock[..., :-1]) - rd_mean[:, None], 0.0),
        np.log(mil_stock[..., :-1]) - mil_mean[:, None],
        np.where(has_rd[:, None], np.exp(log_rd[last]), np.nan),
        np.where(rd_known, rd_stock[..., 1:], np.nan),
        log_mil[last],
        log_gdp[last],
    )


def _stock(
    inputs: xr.Dataset, name: str, flow: np.ndarray, years: int, at: np.ndarray
) -> np.ndarray:
    """Return the stock from the origin on that a flow from `LATE` years before it on builds."""
    start = inputs[f"log_{name}_stock"].isel(year_effort=-1 - LATE).values[at]
    start = np.repeat(np.exp(np.nan_to_num(start))[None], len(flow), axis=0)
    stock = accumulate(start, flow[..., 1:], inputs.attrs[f"{name}_depreciation"])
    return stock[..., -years - 1 :]


def _override_effort(
    log_gdp: np.ndarray,
    log_rd: np.ndarray,
    log_mil: np.ndarray,
    last: np.ndarray,
    codes: Sequence[str],
    changes: xr.Dataset,
) -> None:
    """Lay a scenario over paths (draw, country, year), in place.

    `last` is log GDP at the origin (draw, country).

    What is changed stays outside the dynamics: in the years that a scenario does not name, the R&D
    and military shares are those of the same draw without it, and growth is, from a new level.
    """
    of = {name: scenario_files.each(changes, *name) for name in SET_OF_EFFORT}
    for (variable, change), rows in of.items():
        for code, amount in rows:
            at, named = codes.index(code), np.isfinite(amount)
            if variable == "mil_share":
                log_mil[:, at] += np.where(named, np.log(amount), 0.0)
                continue
            if variable == "rd_share":
                log_rd[:, at] = np.where(
                    named,
                    _changed(log_rd[:, at], change, amount, changes, variable, code),
                    log_rd[:, at],
                )
                continue
            growth = np.diff(log_gdp[:, at], prepend=last[:, at, None], axis=-1)
            if change == "value":
                share = scenario_files.weight(changes, variable, code)
                new = (1.0 - share) * growth + share * np.log1p(amount / 100.0)
            else:
                new = np.log(np.maximum(np.exp(growth) + amount / 100.0, 0.01))
            shift = np.cumsum(np.where(named, new - growth, 0.0), axis=-1)
            log_gdp[:, at] += shift
            log_mil[:, at] += shift


def _changed(
    log_share: np.ndarray,
    change: str,
    amount: np.ndarray,
    changes: xr.Dataset,
    variable: str,
    code: str,
) -> np.ndarray:
    """Log of a share of GDP (draw, year) that is set, multiplied or added to; %, 0.01 at least."""
    if change == "value":
        share = scenario_files.weight(changes, variable, code)
        return (1.0 - share) * log_share + share * np.log(amount)
    if change == "multiply":
        return log_share + np.log(amount)
    return np.log(np.maximum(np.exp(log_share) + amount, 0.01))


def accumulate(start: np.ndarray, flow: np.ndarray, depreciation: float) -> np.ndarray:
    """Perpetual inventory from a given stock: (..., year) flows to (..., 1 + year) stocks."""
    out = np.empty((*flow.shape[:-1], flow.shape[-1] + 1))
    out[..., 0] = start
    for t in range(flow.shape[-1]):
        out[..., t + 1] = (1.0 - depreciation) * out[..., t] + flow[..., t]
    return out


def wars(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    worlds: Worlds = BASELINE_ALONE,
    chance: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Say by world whether suppliers are at war (draw, supplier, year): wars end at their rate.

    A war that a scenario gives a probability is on in the draws whose `chance` (draw) lies below.
    """
    now = inputs["war"].transpose(SUPPLIER, YEAR).values[:, -1]
    lasting = rng.random((len(draws["parameters"]), len(now), years))
    goes_on = np.cumprod(lasting > draws["war_end_rate"][:, None, None], axis=-1)
    found = []
    for changes in worlds:
        war = now[:, None] * goes_on
        for code, probability in scenario_files.each(changes, "war", scenario_files.PROBABILITY):
            seller = list(inputs[SUPPLIER].values).index(code)
            at_war = chance[:, None] < probability
            war[:, seller] = np.where(np.isfinite(probability), at_war, war[:, seller])
        found.append(war)
    return found


class Points(NamedTuple):
    """Ideal points in one world (draw, supplier or recipient, year), NaN of those without one."""

    sellers: np.ndarray
    buyers: np.ndarray


def ideal_points(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    worlds: Worlds = BASELINE_ALONE,
) -> list[Points]:
    """Return the ideal points of all countries of a pair in each world."""
    points = inputs["ideal_point"].ffill(YEAR).isel({YEAR: -1})
    starts = [points.reindex({COUNTRY: inputs[d].values}).values for d in (SUPPLIER, RECIPIENT)]
    index = [country_index(inputs, d)[0] for d in (SUPPLIER, RECIPIENT)]
    shape = (len(draws["parameters"]), points.size, years)
    base = np.cumsum(rng.standard_t(inputs.attrs["shock_df"], shape), axis=-1)
    base *= draws["ideal_point_step"][:, None, None]
    codes = [str(c) for c in inputs[COUNTRY].values]
    found = []
    for changes in worlds:
        moved = base.copy()
        for code, amount in scenario_files.each(changes, "ideal_point", scenario_files.ADD):
            moved[:, codes.index(code)] += np.nan_to_num(amount)
        found.append(Points(*(
            start[:, None] + moved[:, at] for start, at in zip(starts, index, strict=True)
        )))  # fmt: skip
    return found
