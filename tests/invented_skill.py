"""Invented forecasts of invented outturns, scored by the real code: no figure here is a result.

Units are few and numbers random, so that what follows a backtest can be tested without one.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from crossover.forecast import skill, skill_tables, summary
from crossover.forecast.skill import DISTANCE, DYADS, EXPORTS, FULL, IMPORTS, LEVELS, RD_SHARE

UNITS = {
    IMPORTS: ("CHN", "IND", "VNM"), EXPORTS: ("RUS", "CHN", "USA"),
    DYADS: ("RUS-CHN", "RUS-IND", "USA-IND", "FRA-IND"), RD_SHARE: ("CHN", "RUS"),
    DISTANCE: ("RUS-CHN", "CHN-USA"),
}  # fmt: skip
SERIES = [(target, unit) for target, units in UNITS.items() for unit in units]
PAIRS = tuple(f"{a}-{b}" for a in "ABC" for b in "DEF")
EVENTS = ("export_crossover", "independence")
ERRORS = {FULL: 0.0, "persistence": 0.5, "theta": 0.7, "no_rd": 0.3, "no_military": 0.05}
"""Model → by how many standard deviations its forecasts are off; of exports, ours by more."""
LAST = 2024


def forecast(model: str, origin: int, off: float) -> xr.Dataset:
    """Return a forecast with a bias of `off`; too narrow, and worse than others, for exports."""
    targets = np.array([target for target, _ in SERIES])
    ours = model not in ("persistence", "theta")
    wrong = np.where((targets == EXPORTS) & ours, 1.2, off)
    scale = np.where((targets == EXPORTS) & ours, 0.5, 1.0)
    z = wrong[:, None] + scale[:, None] * stats.norm.ppf(LEVELS)
    quantiles = np.repeat(np.exp(3.0 + z)[:, None], 6, axis=1)
    own = {
        "series": [f"{t}/{u}" for t, u in SERIES], "target": ("series", targets),
        "unit": ("series", [u for _, u in SERIES]), "horizon": np.arange(1, 7),
        "quantile": LEVELS,
    }  # fmt: skip
    return xr.Dataset(
        {"quantiles": (("series", "horizon", "quantile"), quantiles)}, coords=own,
        attrs={"model": model, "origin": origin, "draws": 600},
    )  # fmt: skip


def questions(model: str, origin: int, probability: np.ndarray) -> xr.Dataset:
    """Return probabilities (question, horizon) of events."""
    both = [(event, pair) for event in EVENTS for pair in PAIRS]
    coords = {
        "question": [f"{e}/{p}" for e, p in both], "event": ("question", [e for e, _ in both]),
        "pair": ("question", [p for _, p in both]), "horizon": np.arange(1, 7),
    }  # fmt: skip
    return xr.Dataset(
        {"probability": (("question", "horizon"), probability)}, coords=coords,
        attrs={"model": model, "origin": origin, "draws": 600},
    )  # fmt: skip


def vintage(origin: int) -> dict[str, float]:
    """Return the share of figures with an assumed date, by target."""
    share = 0.0 if origin >= 2023 else 1.0
    return {IMPORTS: share, EXPORTS: share, DYADS: share, RD_SHARE: min(0.4, share), DISTANCE: 1.0}


@functools.cache
def table(first: int = 2014, last: int = 2023) -> pd.DataFrame:
    """Return scores of all models at all origins, as from `skill.score_forecast`."""
    rng = np.random.default_rng(7)
    years = np.arange(first + 1, LAST + 1)
    value = np.exp(3.0 + rng.standard_normal((len(SERIES), len(years))))
    came = xr.Dataset(
        {"value": (("release", "series", "year"), np.stack([value, value]))},
        coords={"release": ["first", "latest"], "series": [f"{t}/{u}" for t, u in SERIES],
                "year": years},
    )  # fmt: skip
    nothing = xr.DataArray(np.empty((2, 0, 0)), dims=("release", "question", "horizon"))
    parts = []
    for origin in range(first, last + 1):
        parts += [
            skill.score_forecast(forecast(model, origin, off), came, nothing, vintage(origin))
            for model, off in ERRORS.items()
        ]
        chance = rng.uniform(0.02, 0.6, (len(EVENTS) * len(PAIRS), 1)) * np.linspace(0.5, 1.0, 6)
        happened = (rng.random(chance.shape) < chance).astype(float)
        happened[:, origin + np.arange(1, 7) > LAST] = np.nan
        resolved = xr.DataArray(
            np.stack([happened, happened]), dims=("release", "question", "horizon"),
            coords={"release": ["first", "latest"]},
        )  # fmt: skip
        for model, said in ((FULL, chance), (skill.CLIMATOLOGY, 0.25 + 0.0 * chance)):
            asked = questions(model, origin, said)
            parts.append(skill.score_forecast(asked, came, resolved, vintage(origin)))
    return pd.concat(parts, ignore_index=True)


@functools.cache
def rows(first: int = 2014, last: int = 2023) -> pd.DataFrame:
    """Return the summary of that table."""
    own = table(first, last)
    compared = skill_tables.summary(own, [FULL], ["persistence", "theta", skill.CLIMATOLOGY])
    fits = pd.DataFrame(
        {"model": [FULL, FULL, "theta"], "rhat": [1.01, 1.04, np.nan],
         "ess": [300.0, 150.0, np.nan], "divergences": [0.0, 2.0, np.nan],
         "passed": [1.0, 0.0, np.nan]}
    )  # fmt: skip
    made = {"made": "2026-11-25", "command": "crossover backtest --origins 2014-2023", "seed": 1,
            "panel": "0" * 64}  # fmt: skip
    return summary.summarise(own, compared, skill_tables.events(own), fits, made)
