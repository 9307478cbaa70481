"""A small simulated history of allied pairs, with the effects that it was drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.records import AlliedPair
from crossover.data.rules import DOWNTURN_GRADE
from crossover.forecast.fit import plain_coords
from crossover.models import alliance_rows
from crossover.models import partnership as model
from crossover.models.priors import Priors, order

TREATIES, YEARS = 40, 25
EFFECTS = {"intercept": -2.6, "speed": 1.5, "recent": 0.8}
"""Log hazard ratios of the small history; all others are zero."""


def covariate_rows(
    seed: int, treaties: int = TREATIES, years: int = YEARS
) -> pd.DataFrame:
    """Rows of the table `alliance_dyads` without outcome: covariates as they are in the record."""
    random = np.random.default_rng(seed)
    found = []
    for treaty in range(treaties):
        ratio = random.normal(0, 1.5) + np.cumsum(random.normal(0, 0.12, years + 6))
        was = random.random(2) < 0.4
        autocracy = random.random(2) < 0.6
        first = int(random.choice([1850, 1880, 1920, 1955, 1975]))
        for k in range(years):
            found.append(
                {
                    "state1": f"A{treaty}", "state2": f"B{treaty}", "year": first + k,
                    "treaty": 1000 + treaty, "n_treaties": 1, "bilateral": 1,
                    "defence": int(treaty % 2),
                    "allied_since": first, "log_ratio": ratio[k + 5],
                    "change5": ratio[k + 5] - ratio[k], "reversed": int(random.random() < 0.05),
                    "major1": int(was[0]), "major2": int(was[1]), "was_major1": int(was[0]),
                    "was_major2": int(was[1]), "autocracy1": int(autocracy[0]),
                    "autocracy2": int(autocracy[1]),
                    "common_rivals": int(random.random() < 0.2),
                    "rivals": int(random.random() < 0.1), "recent": int(random.random() < 0.2),
                    "hostility": 0, "fatality": 0, "embargo": 0, "rivalry_onset": 0,
                    "state_death": 0, "ended": 0, "adverse_end": 0, "grade": 0,
                }
            )  # fmt: skip
    return pd.DataFrame(found)


def with_outcome(
    rows: pd.DataFrame,
    priors: Priors,
    effects: dict[str, float],
    seed: int,
    era_sd: float = 0.3,
    treaty_sd: float = 0.5,
) -> pd.DataFrame:
    """The same rows with downturns drawn by the equations, written out here once more.

    No pair-year has an incident instead.
    """
    by_era, by_treaty, random = truth(rows, seed, era_sd, treaty_sd)
    junior_first = rows["log_ratio"] < 0
    speed = rows["change5"].abs() - priors.constant("reference_speed")
    gain = rows["change5"].where(junior_first, -rows["change5"])
    asymmetry = rows["log_ratio"].abs() - priors.constant("reference_asymmetry")
    prestige = rows["was_major1"].where(junior_first, rows["was_major2"])
    autocracies = rows["autocracy1"] * rows["autocracy2"]
    years = rows["year"] - rows["allied_since"] + 1
    columns = {
        "intercept": 1.0, "speed": speed, "junior_gain": gain, "asymmetry": asymmetry,
        "reversed": rows["reversed"], "prestige": prestige, "prestige_speed": prestige * speed,
        "prestige_gain": prestige * gain, "prestige_asymmetry": prestige * asymmetry,
        "autocracies": autocracies, "autocracies_prestige": autocracies * prestige,
        "senior_major": rows["major2"].where(junior_first, rows["major1"]),
        "defence": rows["defence"], "common_rival": (rows["common_rivals"] > 0) * 1.0,
        "rivals": rows["rivals"],
        "recent": rows["recent"], "duration": np.log(years / priors.constant("reference_years")),
    }  # fmt: skip
    eta = sum(value * columns[name] for name, value in effects.items())
    eta = eta + by_era[alliance_rows.era(rows["year"].to_numpy())] + by_treaty[rows["treaty"]]
    event = random.random(len(rows)) < -np.expm1(-np.exp(eta))
    return rows.assign(grade=DOWNTURN_GRADE * event.astype(int))


def truth(
    rows: pd.DataFrame, seed: int, era_sd: float = 0.3, treaty_sd: float = 0.5
) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Effects of eras and (by number) of treaties, and the generator that draws what comes."""
    random = np.random.default_rng(seed)
    by_era = era_sd * random.standard_normal(len(alliance_rows.ERAS))
    return by_era, treaty_sd * random.standard_normal(rows["treaty"].max() + 1), random


def mock_fit(inputs: xr.Dataset, priors: Priors, rows: pd.DataFrame, seed: int) -> xr.DataTree:
    """Return a tree as from `forecast.partnership.fit`, of draws about the truth; no sampler.

    Parameters
    ----------
    inputs
        As from `models.partnership.prepare`, of the rows with their outcome.
    rows, seed
        As the outcome was drawn with `EFFECTS` by `with_outcome`.
    """
    names, chains, draws, spread = order(priors), 2, 250, 0.1
    held = {name: 0.0 for name in names} | EFFECTS | {"era_sd": 0.3, "treaty_sd": 0.5}
    by_era, by_treaty, _ = truth(rows, seed)
    random = np.random.default_rng(7)
    middle = {
        "parameters": ("parameter", np.array([held[name] for name in names])),
        "era_effect": (alliance_rows.ERA, by_era),
        "local": ("thesis", np.ones(len(model.THESIS))),
        "treaty_effect": (alliance_rows.TREATY, by_treaty[inputs["treaty"].values.astype(int)]),
    }
    posterior = xr.Dataset(
        {
            name: (
                ("chain", "draw", dim),
                values + spread * random.standard_normal((chains, draws, values.size)),
            )
            for name, (dim, values) in middle.items()
        },
        coords={
            "parameter": names,
            alliance_rows.ERA: inputs[alliance_rows.ERA],
            alliance_rows.TREATY: inputs["treaty"],
        },
    )
    at = {"parameter": ["era_sd", "treaty_sd"]}
    posterior["parameters"].loc[at] = np.abs(posterior["parameters"].loc[at])
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": plain_coords(inputs)})


def records(rows: pd.DataFrame) -> list[AlliedPair]:
    """Return rows as the table's own."""
    return [AlliedPair(**row) for row in rows[list(AlliedPair._fields)].to_dict("records")]
