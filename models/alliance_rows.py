"""Pair-years of allied states as the hazard's model takes them: covariates, eras, treaties."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.records import AlliedPair
from crossover.models.covariates import COVARIATES, GRADES, OUTCOMES
from crossover.models.priors import Priors

ROW, COVARIATE, ERA, TREATY = "pair_year", "covariate", "era", "treaty"

ERAS = {
    "concert": ((1816, 1870),),
    "imperial": ((1871, 1913),),
    "world_wars": ((1914, 1918), (1939, 1945)),
    "interwar": ((1919, 1938),),
    "cold_war": ((1946, 1989),),
    "after": ((1990, 2100),),
}
"""Era → its years, first and last."""

SAMPLES = {
    "bilateral": "pairs with a bilateral treaty",
    "major": "pairs with a bilateral treaty or a major power",
}


def era(year: np.ndarray) -> np.ndarray:
    """Return the position of each year's era in `ERAS`, same shape.

    Years before the first era count under it; InputError for one after the last.
    """
    year = np.maximum(np.asarray(year), 1816)
    found = np.full(year.shape, -1)
    for position, spans in enumerate(ERAS.values()):
        for first, last in spans:
            found[(year >= first) & (year <= last)] = position
    if (found < 0).any():
        rule = "must be a year of an era, to 2100"
        raise InputError(fault(rule, column="year", value=int(year.max())))
    return found


def covariates(
    *,
    log_ratio: Any,
    change5: Any,
    reversed: Any,
    major1: Any,
    major2: Any,
    defence: Any,
    was_major1: Any,
    was_major2: Any,
    autocracy1: Any,
    autocracy2: Any,
    common_rivals: Any,
    rivals: Any,
    recent: Any,
    years_allied: Any,
    priors: Priors,
) -> xr.DataArray:
    """Turn what is known of a pair into the covariates of the model.

    Parameters
    ----------
    log_ratio, change5
        Log of the power of state 1 over state 2, and its change over five years.
    reversed, major1, major2, was_major1, was_major2, autocracy1, autocracy2
        Flags, 0 or 1, as in the table `alliance_dyads`.
    defence, rivals, recent
        Flags, 0 or 1, as in the table `alliance_dyads`.
    common_rivals, years_allied
        Numbers: third states that are rivals of both; years of unbroken alliance, the first is 1.
    priors
        As from `load`: the reference values stand there.

    Returns
    -------
    xarray.DataArray
        (covariate, ...): `COVARIATES`, over whatever dims the arguments have together. The junior
        partner is the one with less power; of equals, state 2.
    """

    def number(values: Any) -> xr.DataArray:
        if isinstance(values, xr.DataArray):
            return values.astype(float)
        return xr.DataArray(np.asarray(values, float), dims=(ROW,) if np.ndim(values) else ())

    ratio, change = number(log_ratio), number(change5)
    first_is_junior = ratio < 0
    prestige = xr.where(first_is_junior, number(was_major1), number(was_major2))
    speed = abs(change) - priors.constant("reference_speed")
    asymmetry = abs(ratio) - priors.constant("reference_asymmetry")
    gain = xr.where(first_is_junior, change, -change)
    autocracies = number(autocracy1) * number(autocracy2)
    duration = np.log(number(years_allied)) - np.log(priors.constant("reference_years"))
    parts = {
        "speed": speed,
        "junior_gain": gain,
        "asymmetry": asymmetry,
        "reversed": number(reversed),
        "prestige": prestige,
        "prestige_speed": prestige * speed,
        "prestige_gain": prestige * gain,
        "prestige_asymmetry": prestige * asymmetry,
        "autocracies": autocracies,
        "autocracies_prestige": autocracies * prestige,
        "senior_major": xr.where(first_is_junior, number(major2), number(major1)),
        "defence": number(defence),
        "common_rival": (number(common_rivals) > 0).astype(float),
        "rivals": number(rivals),
        "recent": number(recent),
        "duration": duration,
    }
    table = xr.concat(
        xr.broadcast(*(parts[name] for name in COVARIATES)), COVARIATE, coords="minimal"
    )
    return table.assign_coords({COVARIATE: list(COVARIATES)})


def prepare(
    rows: Iterable[AlliedPair],
    outcome: str,
    priors: Priors,
    *,
    sample: str = "bilateral",
    extra: pd.DataFrame | None = None,
    last_year: int | None = None,
) -> xr.Dataset:
    """Select the pair-years of which all is known, and put them in the form of the model.

    Parameters
    ----------
    rows
        Of the table `alliance_dyads`.
    outcome
        Of `models.covariates.OUTCOMES`.
    priors
        As from `load`.
    sample
        `bilateral` or `major`.
    extra
        Weighted pseudo-observations, as from `models.analogues.pseudo_rows`; None for none.
    last_year
        Leave out what came later; None for all that is on record.

    Returns
    -------
    xarray.Dataset
        By treaty. `covariates` (pair_year, covariate), `event`, `weight`, `year`, `era_at`,
        `treaty_at`, `both_major` (pair_year), names `state1`, `state2`; coordinates `treaty` (the
        ATOP number as text) and `era`; attribute `left_out`: pair-years without a known covariate.

    Raises
    ------
    InputError
        An unknown outcome or sample; nothing left.
    """
    for value, known, what in ((outcome, OUTCOMES, "outcome"), (sample, SAMPLES, "sample")):
        if value not in known:
            raise InputError(fault(f"must be one of {', '.join(known)}", column=what, value=value))
    table = pd.DataFrame(rows, columns=list(AlliedPair._fields))
    chosen = table["bilateral"] == 1
    if sample == "major":
        chosen |= (table["major1"] + table["major2"]) > 0
    chosen &= table["grade"].notna()
    chosen &= (table["state_death"] == 0) | table["grade"].isin(GRADES[outcome])
    if last_year is not None:
        chosen &= table["year"] <= last_year
    table = table[chosen].assign(weight=1.0)
    needed = ["log_ratio", "change5", "autocracy1", "autocracy2"]
    whole = table[needed].notna().all(axis=1)
    left_out = int((~whole).sum())
    table = table[whole].assign(treaty=lambda t: t["treaty"].astype(str))
    if extra is not None:
        table = pd.concat([table, extra.assign(grade=extra["grade"].astype(float))])
    if table.empty:
        raise InputError(fault("no pair-year is left to fit", column="alliance_dyads"))
    table = table.sort_values("treaty", kind="stable")
    treaties, treaty_at = np.unique(table["treaty"].to_numpy(str), return_inverse=True)
    values = covariates(
        **{name: table[name].to_numpy(float) for name in (
            "log_ratio", "change5", "major1", "major2", "defence", "was_major1", "was_major2",
            "autocracy1", "autocracy2", "common_rivals", "rivals", "recent",
        )},
        reversed=table["reversed"].fillna(0).to_numpy(float),
        years_allied=(table["year"] - table["allied_since"] + 1).to_numpy(float),
        priors=priors,
    )  # fmt: skip
    years = table["year"].to_numpy(int)
    return xr.Dataset(
        {
            "covariates": values.transpose(ROW, COVARIATE),
            "event": (ROW, table["grade"].isin(GRADES[outcome]).to_numpy(int)),
            "weight": (ROW, table["weight"].to_numpy(float)),
            "year": (ROW, years),
            "era_at": (ROW, era(years)),
            "treaty_at": (ROW, treaty_at),
            "both_major": (ROW, (table["major1"] * table["major2"]).to_numpy(int)),
            "one_major": (ROW, ((table["major1"] + table["major2"]) == 1).to_numpy(int)),
            "state1": (ROW, table["state1"].to_numpy(str)),
            "state2": (ROW, table["state2"].to_numpy(str)),
        },
        coords={TREATY: treaties, ERA: list(ERAS), COVARIATE: list(COVARIATES)},
        attrs={"outcome": outcome, "sample": sample, "left_out": left_out},
    )
