"""How good forecasts of many series were, and against what: scores, skill, calibration.

A forecast here is 199 quantiles of each series and horizon, whoever made it, so that a model and
its benchmarks are scored by one and the same code. Scores stay one row a series, horizon, model
and release; means and their intervals come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import FIRST_PASSAGE, KIND, STATE
from crossover.forecast import scores

HORIZON = "horizon"
SERIES, QUESTION, RELEASE = "series", "question", "release"
LEVELS = np.arange(1, 200) / 200.0
"""Levels of the quantiles of every forecast: every half per cent."""
FULL = "full"
CLIMATOLOGY = "climatology"
DEGRADED_BOOK = "order_book_degraded"
"""What the benchmark with the order book says where no book of the time was kept."""
IMPORTS, EXPORTS, DYADS, RD_SHARE, DISTANCE, ORDERS = (
    "imports", "exports", "dyads", "rd_share", "ideal_distance", "orders",
)  # fmt: skip
TARGETS = (IMPORTS, EXPORTS, DYADS, RD_SHARE, DISTANCE)
IN_TIV = (IMPORTS, EXPORTS, DYADS)
ON_LOGS = (*IN_TIV, ORDERS)
"""Targets that are scored on the scale of log(1 + value). Of orders (how many a supplier wins) no
benchmark says anything: our model is compared with itself without a part."""
FOCAL = {
    (DYADS, "RUS-CHN"): "Russia to China",
    (IMPORTS, "CHN"): "China's imports",
    (EXPORTS, "RUS"): "Russia's exports",
    (EXPORTS, "CHN"): "China's exports",
}
ALL_FOUR, ALL_EVENTS = "focal four", "all events"
OF_STATE = ", in the year"
"""What the name of an event ends in where its state is the target."""
ALL_STATES = f"{ALL_EVENTS}{OF_STATE}"
HEADLINE = {name: "crps_log1p" if name in ON_LOGS else "crps" for name in (*TARGETS, ORDERS)}
"""The score by which each target is judged."""
GROUPS = {"1-3": (1, 3), "4-6": (4, 6)}
BIN = 0.25
"""Width of the bins of the logarithmic score, in log(1 + value)."""
MASSES = (0.5, 0.8, 0.9)
KINDS_OF_VINTAGE = (REAL_TIME, PARTLY, ASSUMED) = ("real-time", "partly assumed", "assumed")

COLUMNS = (
    "origin", "vintage", "assumed_share", "target", "unit", "horizon", "year", "release", "model",
    "score", "value",
)  # fmt: skip


# Scores ----------------------------------------------------------------------------------------


def cdf(quantiles: np.ndarray, value: np.ndarray, side: str) -> np.ndarray:
    """P(Y ≤ value), or P(Y < value) with `side` "left", from quantiles at `LEVELS`.

    Parameters
    ----------
    quantiles : (case, level), rising.
    value : (case).
    side : Where quantiles equal the value, "right" counts them and "left" does not.
    """
    at = np.array(
        [np.searchsorted(q, v, side=side) for q, v in zip(quantiles, value, strict=True)],
        dtype=int,
    )
    n = quantiles.shape[1]
    low = np.take_along_axis(quantiles, np.maximum(at - 1, 0)[:, None], axis=1)[:, 0]
    high = np.take_along_axis(quantiles, np.minimum(at, n - 1)[:, None], axis=1)[:, 0]
    inside = (at > 0) & (at < n) & (high > low)
    step = np.where(inside, (value - low) / np.where(inside, high - low, 1.0), 0.0)
    return np.clip((at + step) / (n + 1), 0.0, 1.0)


def pit(quantiles: np.ndarray, outturn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Probability integral transform (case); uniform if forecasts are calibrated.

    Drawn uniformly over the step where the outturn has a probability of its own (Czado et al.
    2009), as zero often has.
    """
    low, high = (cdf(quantiles, outturn, side) for side in ("left", "right"))
    return low + rng.random(len(outturn)) * np.maximum(high - low, 0.0)


def binned_log_score(quantiles: np.ndarray, outturn: np.ndarray) -> np.ndarray:
    """Return −log P(bin of the outturn), in nats; bins of `BIN` in log(1 + value), zero apart.

    Of binned values, so that zero and an amount are scored on one scale. Probabilities below
    half a level count as half a level.
    """
    logs, y = np.log1p(np.maximum(quantiles, 0.0)), np.log1p(np.maximum(outturn, 0.0))
    upper = np.ceil(y / BIN) * BIN
    zero = y <= 0.0
    high = cdf(logs, upper, "right")
    low = np.where(zero, 0.0, cdf(logs, np.maximum(upper - BIN, 0.0), "right"))
    return -np.log(np.maximum(high - low, 0.5 / (len(LEVELS) + 1)))


def score_quantities(
    quantiles: np.ndarray, outturn: np.ndarray, on_logs: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return every score of quantities (case).

    Parameters
    ----------
    quantiles : (case, level), at `LEVELS`, in the target's unit.
    outturn : (case), what came.
    on_logs : Whether a case is scored on the log scale too (case).
    rng : For the randomised PIT.
    """
    said = xr.DataArray(
        quantiles, dims=("case", scores.QUANTILE), coords={scores.QUANTILE: LEVELS}
    )
    came = xr.DataArray(outturn, dims="case")
    found = {
        "crps": scores.crps(said, came).values,
        "crps_log1p": np.where(
            on_logs, scores.crps_log1p(said.clip(0.0), came.clip(0.0)).values, np.nan
        ),
        "log_score": np.where(on_logs, binned_log_score(quantiles, outturn), np.nan),
        "pit": pit(quantiles, outturn, rng),
    }
    for mass in MASSES:
        name = f"{100 * mass:.0f}"
        found[f"in_{name}"] = scores.covered(said, came, mass).values.astype(float)
        found[f"interval_{name}"] = scores.interval_score(said, came, mass).values
    return found


def score_forecast(
    said: xr.Dataset, came: xr.Dataset, happened: xr.DataArray, vintage: dict[str, float]
) -> pd.DataFrame:
    """Score one forecast against each release of what came.

    Parameters
    ----------
    said : `quantiles` (series, horizon, quantile) with coordinates `target` and `unit`, and
        `probability` (question, horizon) with coordinates `event` and `pair`; attributes `origin`
        and `model`.
    came : `value` (release, series, year), NaN where nothing came yet.
    happened : Whether each event has happened (release, question, horizon), NaN where not known.
    vintage : Target → share of the figures that the forecast saw whose date of release is assumed.

    Returns
    -------
    pandas.DataFrame : `COLUMNS`, one row a score.
    """
    origin, model = int(said.attrs["origin"]), str(said.attrs["model"])
    parts = [*_of_series(said, came, origin, model), *_of_questions(said, happened)]
    table = pd.concat(parts, ignore_index=True).dropna(subset="value")
    share = table["target"].map(lambda name: vintage.get(name, vintage[DYADS]))
    table = table.assign(
        origin=origin,
        model=model,
        year=origin + table["horizon"],
        assumed_share=share,
        vintage=share.map(kind_of_vintage),
    )
    return table[list(COLUMNS)]


def _of_series(
    said: xr.Dataset, came: xr.Dataset, origin: int, model: str
) -> Iterator[pd.DataFrame]:
    """Yield the scores of quantities against each release."""
    if not said.sizes.get(SERIES):
        return
    horizons = said[HORIZON].values
    wide = came["value"].reindex({"year": origin + horizons})
    wide = wide.sel({SERIES: said[SERIES].values}).transpose(RELEASE, SERIES, "year").values
    q = said["quantiles"].transpose(SERIES, HORIZON, scores.QUANTILE).values.astype(float)
    rng = np.random.default_rng([origin, len(model)])
    for k, release in enumerate(came[RELEASE].values):
        at = np.nonzero(np.isfinite(wide[k]) & np.isfinite(q).all(axis=2))
        targets = said["target"].values[at[0]]
        found = score_quantities(q[at], wide[k][at], np.isin(targets, ON_LOGS), rng)
        yield _long(targets, said["unit"].values[at[0]], horizons[at[1]], release, found)


def _of_questions(said: xr.Dataset, happened: xr.DataArray) -> Iterator[pd.DataFrame]:
    """Yield the scores of events against each release."""
    if not said.sizes.get(QUESTION):
        return
    p = said["probability"].transpose(QUESTION, HORIZON)
    named = np.char.add(said["event"].values.astype(str), _ends(said))
    least = 0.5 / float(said.attrs.get("draws", 1000))
    for release in happened[RELEASE].values:
        o = happened.sel({RELEASE: release}).transpose(QUESTION, HORIZON)
        at = np.nonzero(np.isfinite(o.values) & np.isfinite(p.values))
        event = {
            "brier": scores.brier(p, o).values[at],
            "log_score": scores.log_score(p, o, least).values[at],
            "probability": p.values[at],
            "happened": o.values[at],
        }
        unit, horizon = said["pair"].values[at[0]], said[HORIZON].values[at[1]]
        yield _long(named[at[0]], unit, horizon, release, event)


def _long(
    target: np.ndarray, unit: np.ndarray, horizon: np.ndarray, release: Any,
    found: Mapping[str, np.ndarray],
) -> pd.DataFrame:
    """Return scores as one row each."""
    known = {"target": target, "unit": unit, "horizon": horizon, "release": release}
    return pd.DataFrame(known | dict(found)).melt(
        id_vars=list(known), var_name="score", value_name="value"
    )


def kinds(asked: xr.Dataset) -> np.ndarray:
    """Return the kind of each question; those asked before there were kinds are first passages."""
    if KIND in asked.coords:
        return asked[KIND].values
    return np.full(asked.sizes[QUESTION], FIRST_PASSAGE)


def _ends(said: xr.Dataset) -> np.ndarray:
    """Return what a question's kind adds to the name of its event, as a target."""
    return np.where(kinds(said) == STATE, OF_STATE, "")


def with_states(said: xr.Dataset) -> xr.Dataset:
    """Return a forecast with states of one year ahead where it has first passages alone.

    Of what had not happened at the origin the two are one and the same in the first year.
    """
    if QUESTION not in said.dims or (kinds(said) == STATE).any():
        return said
    first = said[["base", "probability"]].assign_coords({KIND: (QUESTION, kinds(said))})
    state = first.assign_coords(
        {QUESTION: [f"{key}/{STATE}" for key in first[QUESTION].values],
         KIND: (QUESTION, [STATE] * first.sizes[QUESTION])}
    )  # fmt: skip
    state["probability"] = state["probability"].where(state[HORIZON] == 1)
    both = xr.concat([first, state], QUESTION)
    return said.drop_dims(QUESTION).merge(both).assign_attrs(said.attrs)


def kind_of_vintage(assumed: float) -> str:
    """Say what a forecast's own history rests on, given the share of it with an assumed date."""
    if assumed <= 0.0:
        return REAL_TIME
    return ASSUMED if assumed >= 1.0 else PARTLY


def compact(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of scores as it is written: the headline of every series, the rest where
    series are few.

    Of targets with hundreds of series (dyads, ideal-point distances) scores other than the
    headline stand as means over them, with unit "all", except for the focal pair; against the
    first release only headlines are written.
    """
    wanted = table["target"].map(HEADLINE).fillna("brier")
    is_headline = table["score"] == wanted
    many = table["target"].isin([DYADS, DISTANCE])
    pair = {unit for target, unit in FOCAL if target == DYADS}
    own = is_headline | ((table["release"] == "latest") & (~many | table["unit"].isin(pair)))
    rest = table[many & ~is_headline & (table["release"] == "latest")]
    keys = [name for name in COLUMNS if name not in ("unit", "value")]
    means = rest.groupby(keys, sort=False, as_index=False)["value"].mean().assign(unit="all")
    return pd.concat([table[own], means[list(COLUMNS)]], ignore_index=True)


# Skill -----------------------------------------------------------------------------------------


def group_of(horizon: pd.Series) -> pd.Series:
    """Return the group of each horizon, as named in `GROUPS`."""
    out = pd.Series("", index=horizon.index, dtype=object)
    for name, (first, last) in GROUPS.items():
        out[(horizon >= first) & (horizon <= last)] = name
    return out
