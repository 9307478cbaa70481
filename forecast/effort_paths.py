"""Futures of what orders rest on: GDP, R&D, military spending, wars, embargoes, votes in the UN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from data.names import COUNTRY, RECIPIENT, SUPPLIER, YEAR
from forecast import scenarios as scenario_files
from forecast.draws import Arrays
from models.drivers import DRIVERS, TREND_YEARS
from models.inputs import country_index

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


def effort_paths(
    draws: Arrays,
    inputs: xr.Dataset,
    years: int,
    rng: np.random.Generator,
    worlds: Worlds = BASELINE_ALONE,
) -> list[Effort]:
    """Simulate GDP, R&D share and military spending, and the stocks they build, in each world.

    Stocks enter capacity with a lag of one year. Population is held at its last figure: it enters
    only through the slow catch-up of GDP per person. A country without GDP or R&D figures moves
    by the common dynamics from a zero gap, and its R&D explains nothing, as in the fit. What a
    scenario changes of a country leaves all others as they are.
    """
    history, paths = _dynamics(draws, inputs, years, rng)
    codes = [str(c) for c in inputs[COUNTRY].values]
    base = _built(history, paths, inputs, np.arange(len(codes)))
    found = []
    for changes in worlds:
        moved = {
            of for name in SET_OF_EFFORT for of, _ in scenario_files.each(changes, *name)
        }
        at = np.array([k for k, code in enumerate(codes) if code in moved], int)
        if not len(at):
            found.append(base)
            continue
        some = tuple(path[:, at] for path in paths)
        _override_effort(*some, history[0, at, -1], [codes[k] for k in at], changes)
        world = Effort(*(values.copy() for values in base))
        for values, own in zip(world, _built(history, some, inputs, at), strict=True):
            values[:, at] = own
        found.append(world)
    return found


def _dynamics(
    draws: Arrays, inputs: xr.Dataset, years: int, rng: np.random.Generator
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return the drivers' history (driver, country, year), and paths of log GDP, R&D share and
    military spending (draw, country, year) that no scenario changes.
    """
    n = len(draws["parameters"])
    logs = {
        "gdp": np.log(inputs["gdp"]),
        "rd": inputs["rd_share_mean"],
        "mil": np.log(inputs["milex"]) - np.log(inputs["gdp"]),
    }
    history = np.stack([logs[d].transpose(COUNTRY, "year_effort").values for d in DRIVERS])
    level = np.repeat(np.nan_to_num(history[None, ..., -1]), n, axis=0)
    spread = np.nan_to_num(inputs["rd_share_sd"].isel(year_effort=-1).values)
    level[:, DRIVERS.index("rd")] += spread * rng.standard_normal((n, level.shape[2]))
    recent = np.nan_to_num(np.diff(history[..., -TREND_YEARS - 1 :], axis=-1))
    recent = [np.repeat(recent[None, ..., k], n, axis=0) for k in range(TREND_YEARS)]

    person = logs["gdp"] - np.log(inputs["population"])
    gap = {
        "gdp": person - person.sel({COUNTRY: "USA"}),
        "rd": logs["rd"],
        "mil": logs["mil"],
    }
    gap_now = np.stack([gap[d].isel(year_effort=-1).values for d in DRIVERS])
    centred = gap_now - inputs["driver_gap_mean"].values[:, None]
    offset = np.where(np.isfinite(centred), centred - np.nan_to_num(history[..., -1]), np.nan)
    offset = np.where(np.isfinite(offset), offset, -np.nan_to_num(history[..., -1]))

    by = {
        part: np.stack([draws[f"{d}_{part}"] for d in DRIVERS], axis=1)[..., None]
        for part in ("drift", "drift_sd", "reversion", "momentum", "trend")
    }
    drift = by["drift"] + by["drift_sd"] * draws["drift_z"]
    scale = np.exp(draws["log_shock"])
    america = list(inputs[COUNTRY].values).index("USA")
    log_gdp, log_rd, log_mil = [], [], []
    for _ in range(years):
        distance = level + offset
        distance[:, 0] -= level[:, 0, [america]] - history[0, america, -1]
        step = (
            drift
            - by["reversion"] * distance
            + by["momentum"] * recent[-1]
            + by["trend"] * np.mean(recent, axis=0)
            + scale * rng.standard_t(inputs.attrs["shock_df"], level.shape)
        )
        level = level + step
        recent = [*recent[1:], step]
        log_gdp.append(level[:, 0])
        log_rd.append(level[:, 1])
        log_mil.append(level[:, 2] + level[:, 0])
    log_gdp, log_rd, log_mil = (np.stack(p, axis=-1) for p in (log_gdp, log_rd, log_mil))
    return history, (log_gdp, log_rd, log_mil)


def _built(
    history: np.ndarray, paths: tuple[np.ndarray, ...], inputs: xr.Dataset, at: np.ndarray
) -> Effort:
    """Return the effort of countries at some positions, given their own paths."""
    log_gdp, log_rd, log_mil = paths
    n = len(log_gdp)
    start = np.where(
        np.isfinite(history[0, at, -1]), 0.0,
        np.log(inputs["milex"].isel(year_effort=-1).values[at]),
    )  # fmt: skip
    log_mil = log_mil + start[:, None]
    rd_mean = inputs["rd_level"].values[at] + inputs.attrs["rd_origin"]
    mil_mean = inputs["mil_level"].values[at] + inputs.attrs["mil_origin"]
    rd_start = np.exp(np.nan_to_num(inputs["log_rd_stock"].isel(year_effort=-1).values[at]))
    mil_start = np.exp(inputs["log_mil_stock"].isel(year_effort=-1).values[at])
    spent = np.exp(log_rd + log_gdp) / 100.0
    rd_stock, mil_stock = (
        accumulate(np.repeat(start[None], n, axis=0), flow, inputs.attrs[f"{name}_depreciation"])
        for name, start, flow in (("rd", rd_start, spent), ("mil", mil_start, np.exp(log_mil)))
    )
    rd_known = inputs["rd_known"].values.astype(bool)[at]
    rd_moved = np.where(
        rd_known[:, None], np.log(rd_stock[..., :-1]) - rd_mean[:, None], 0.0
    )
    return Effort(
        rd_moved,
        np.log(mil_stock[..., :-1]) - mil_mean[:, None],
        np.where(np.isfinite(history[1, at, -1])[:, None], np.exp(log_rd), np.nan),
        np.where(rd_known[:, None], rd_stock[..., 1:], np.nan),
        log_mil,
        log_gdp,
    )


def _override_effort(
    log_gdp: np.ndarray,
    log_rd: np.ndarray,
    log_mil: np.ndarray,
    last: np.ndarray,
    codes: Sequence[str],
    changes: xr.Dataset,
) -> None:
    """Lay a scenario over paths (draw, country, year), in place; `last` is log GDP at the origin.

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
            growth = np.diff(log_gdp[:, at], prepend=last[at], axis=-1)
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
