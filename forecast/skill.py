"""How good forecasts of many series were, and against what: scores, skill, calibration.

A forecast here is 199 quantiles of each series and horizon, whoever made it, so that a model and
its benchmarks are scored by one and the same code. Scores stay one row a series, horizon, model
and release; means and their intervals come last.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import optimize, stats

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
BLOCK = 2
"""Origins that follow each other, resampled together: their horizons overlap."""
RESAMPLES = 2000

COLUMNS = (
    "origin", "vintage", "assumed_share", "target", "unit", "horizon", "year", "release", "model",
    "score", "value",
)  # fmt: skip


# Scores ----------------------------------------------------------------------------------------


def cdf(quantiles: np.ndarray, value: np.ndarray, side: str) -> np.ndarray:
    """P(Y ≤ value), or P(Y < value) with `side` "left", from quantiles at `LEVELS`.

    Parameters
    ----------
    quantiles
        (case, level), rising.
    value
        (case).
    side
        Where quantiles equal the value, "right" counts them and "left" does not.
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
    quantiles
        (case, level), at `LEVELS`, in the target's unit.
    outturn
        (case), what came.
    on_logs
        Whether a case is scored on the log scale too (case).
    rng
        For the randomised PIT.
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
    said
        `quantiles` (series, horizon, quantile) with coordinates `target` and `unit`, and
        `probability` (question, horizon) with coordinates `event` and `pair`; attributes `origin`
        and `model`.
    came
        `value` (release, series, year), NaN where nothing came yet.
    happened
        Whether each event has happened (release, question, horizon), NaN where not known.
    vintage
        Target → share of the figures that the forecast saw whose date of release is assumed.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row a score.
    """
    origin, model = int(said.attrs["origin"]), str(said.attrs["model"])
    horizons = said[HORIZON].values
    years = origin + horizons
    parts = []
    if said.sizes.get(SERIES):
        wide = came["value"].reindex({"year": years})
        wide = wide.sel({SERIES: said[SERIES].values}).transpose(RELEASE, SERIES, "year").values
        q = said["quantiles"].transpose(SERIES, HORIZON, scores.QUANTILE).values.astype(float)
        rng = np.random.default_rng([origin, len(model)])
        for k, release in enumerate(came[RELEASE].values):
            at = np.nonzero(np.isfinite(wide[k]) & np.isfinite(q).all(axis=2))
            targets = said["target"].values[at[0]]
            found = score_quantities(q[at], wide[k][at], np.isin(targets, ON_LOGS), rng)
            parts.append(
                pd.DataFrame(
                    {
                        "target": targets,
                        "unit": said["unit"].values[at[0]],
                        "horizon": horizons[at[1]],
                        "release": release,
                        **found,
                    }
                ).melt(
                    id_vars=["target", "unit", "horizon", "release"],
                    var_name="score",
                    value_name="value",
                )
            )
    if said.sizes.get(QUESTION):
        p = said["probability"].transpose(QUESTION, HORIZON)
        for release in happened[RELEASE].values:
            o = happened.sel({RELEASE: release}).transpose(QUESTION, HORIZON)
            at = np.nonzero(np.isfinite(o.values) & np.isfinite(p.values))
            named = np.char.add(said["event"].values.astype(str), _ends(said))
            least = 0.5 / float(said.attrs.get("draws", 1000))
            event = {
                "brier": scores.brier(p, o).values[at],
                "log_score": scores.log_score(p, o, least).values[at],
                "probability": p.values[at],
                "happened": o.values[at],
            }
            parts.append(
                pd.DataFrame(
                    {
                        "target": named[at[0]],
                        "unit": said["pair"].values[at[0]],
                        "horizon": horizons[at[1]],
                        "release": release,
                        **event,
                    }
                ).melt(
                    id_vars=["target", "unit", "horizon", "release"],
                    var_name="score",
                    value_name="value",
                )
            )
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


def resampled(origins: int, rng: np.random.Generator, block: int = BLOCK) -> np.ndarray:
    """Return counts of each origin in `RESAMPLES` circular block resamples (resample, origin)."""
    block = min(block, origins)
    needed = -(-origins // block)
    starts = rng.integers(0, origins, (RESAMPLES, needed))
    drawn = (starts[:, :, None] + np.arange(block)) % origins
    drawn = drawn.reshape(RESAMPLES, -1)[:, :origins]
    return np.stack([(drawn == k).sum(axis=1) for k in range(origins)], axis=1)


def interval(values: np.ndarray, origins: int) -> tuple[float, float]:
    """Return the 5 and 95 % quantiles of a figure over resamples (resample).

    NaN where one block would hold all origins, so that resamples hardly differ.
    """
    if origins <= BLOCK:
        return np.nan, np.nan
    low, high = np.nanquantile(values, [0.05, 0.95])
    return float(low), float(high)


def difference(
    model: pd.DataFrame, other: pd.DataFrame, seed: int = 0
) -> dict[str, float] | None:
    """Compare the mean scores of two forecasters on the cases that both have.

    Parameters
    ----------
    model, other
        Rows with `origin`, `unit`, `horizon`, `target`, `value`: one score of one release.
    seed
        Of the bootstrap.

    Returns
    -------
    dict or None
        `cases`, `origins`, `mean`, `other`, `difference` (mean − other: below zero is better),
        `skill` (1 − mean/other), and the 90 % bootstrap interval of both by blocks of origins, see
        `interval`; None without a common case.
    """
    keys = ["origin", "target", "unit", "horizon"]
    both = model.set_index(keys)["value"].to_frame("mean").join(
        other.set_index(keys)["value"].to_frame("other"), how="inner"
    )
    if both.empty:
        return None
    sums = both.groupby("origin").agg(["sum", "count"])
    a, b = (sums[name]["sum"].to_numpy() for name in ("mean", "other"))
    n = sums["mean"]["count"].to_numpy()
    out = {
        "cases": int(n.sum()),
        "origins": len(n),
        "mean": a.sum() / n.sum(),
        "other": b.sum() / n.sum(),
        "difference": (a.sum() - b.sum()) / n.sum(),
        "skill": 1.0 - a.sum() / b.sum() if b.sum() else np.nan,
    }
    counts = resampled(len(n), np.random.default_rng(seed))
    with np.errstate(divide="ignore", invalid="ignore"):
        skill = 1.0 - (counts @ a) / (counts @ b)
        gap = (counts @ (a - b)) / (counts @ n)
    for name, values in (("difference", gap), ("skill", skill)):
        out[f"{name}_q05"], out[f"{name}_q95"] = interval(values, len(n))
    return out


def headline(
    table: pd.DataFrame, release: str = "latest", score: str | None = None
) -> pd.DataFrame:
    """Return the rows of the headline score of each target, against one release, by group.

    With `score` those of that score.
    """
    wanted = score or table["target"].map(HEADLINE).fillna("brier")
    own = table[(table["score"] == wanted) & (table["release"] == release)]
    own = own.assign(group=group_of(own["horizon"]))
    return own[own["group"] != ""]


def judged(table: pd.DataFrame, score: str | None = None) -> pd.DataFrame:
    """Return the rows of `headline`, and again those of the focal four, each by itself and all
    together, and of all events together, states apart; `target` names them, as in `summary`.
    """
    scored = headline(table, score=score)
    four = focal(scored)
    events = scored[~scored["target"].isin(TARGETS)]
    return pd.concat(
        [
            scored,
            four,
            four.assign(unit=four["target"], target=ALL_FOUR),
            events.assign(unit=events["target"] + "/" + events["unit"], target=_all(events)),
        ],
        ignore_index=True,
    )


def _all(events: pd.DataFrame) -> np.ndarray:
    """Return the name of the target of all events to which each row belongs."""
    return np.where(events["target"].str.endswith(OF_STATE), ALL_STATES, ALL_EVENTS)


def focal(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the focal four, with `target` named after each."""
    key = pd.Series(list(zip(table["target"], table["unit"], strict=True)), index=table.index)
    named = key.map(FOCAL)
    return table.assign(target=named)[named.notna()]


def summary(
    table: pd.DataFrame, models: Sequence[str], benchmarks: Sequence[str]
) -> pd.DataFrame:
    """Compare each model of ours with every benchmark, and with our full model, by target.

    Parameters
    ----------
    table
        As from `score_forecast`, of all origins and models.
    models
        Ours, the full model first.
    benchmarks
        The others, as far as they are in the table. What rests on order books that no reader of
        the time had is never the best.

    Returns
    -------
    pandas.DataFrame
        target, group (of horizons), score, model, against, best (whether `against` is the best
        benchmark of the target and group, by hindsight), and the figures of `difference`.
    """
    rows = []
    for (target, group), own in judged(table).groupby(["target", "group"], sort=False):
        by_model = dict(list(own.groupby("model")))
        present = [name for name in benchmarks if name in by_model]
        for model in models:
            if model not in by_model:
                continue
            found = {}
            others = [*present, *(m for m in models if m in by_model and m != model)]
            for against in others:
                result = difference(by_model[model], by_model[against])
                if result:
                    found[against] = result
            most = max((r["cases"] for n, r in found.items() if n in present), default=0)
            full = {
                n: r for n, r in found.items()
                if n in present and r["cases"] == most and n != DEGRADED_BOOK
            }  # fmt: skip
            best = min(full, key=lambda name: full[name]["other"], default=None)
            rows += [
                {
                    "target": target,
                    "group": group,
                    "score": HEADLINE.get(own["target"].iloc[0], own["score"].iloc[0]),
                    "model": model,
                    "against": against,
                    "best": int(against == best),
                    **result,
                }
                for against, result in found.items()
            ]
    return pd.DataFrame(rows)


# Calibration -----------------------------------------------------------------------------------


def calibration(table: pd.DataFrame, release: str = "latest") -> pd.DataFrame:
    """Say how often intervals held, and whether PITs are uniform, by model, target and group.

    Returns
    -------
    pandas.DataFrame
        model, target, group, cases, in_50, in_80, in_90 (closed intervals), pit_50, pit_80, pit_90
        (share of PITs within the central mass: fair where zero has a probability of its own),
        pit_mean, pit_p (see `uniform`).
    """
    own = table[(table["release"] == release) & table["score"].isin(
        ["pit", *(f"in_{100 * m:.0f}" for m in MASSES)]
    )]
    own = own.assign(group=group_of(own["horizon"]))
    rows = []
    for (model, target, group), part in own.groupby(["model", "target", "group"], sort=False):
        row = {"model": model, "target": target, "group": group}
        u = part[part["score"] == "pit"]
        row["cases"] = len(u)
        for mass in MASSES:
            name = f"{100 * mass:.0f}"
            row[f"in_{name}"] = part.loc[part["score"] == f"in_{name}", "value"].mean()
            row[f"pit_{name}"] = (abs(u["value"] - 0.5) <= mass / 2).mean()
        row["pit_mean"] = u["value"].mean()
        row["pit_p"] = uniform(u["value"].to_numpy(), u["unit"].to_numpy())
        rows.append(row)
    return pd.DataFrame(rows)


def uniform(values: np.ndarray, clusters: np.ndarray, bins: int = 5) -> float:
    """P-value that PITs are uniform, allowing for dependence within clusters.

    A Wald test of the shares in equal bins, their covariance estimated from the clusters' sums
    (Rao & Scott 1981), with the F distribution for the few clusters there are.
    """
    names, at = np.unique(clusters, return_inverse=True)
    inside = np.minimum((values * bins).astype(int), bins - 1)
    counts = np.zeros((len(names), bins))
    np.add.at(counts, (at, inside), 1.0)
    free = len(names) - (bins - 1)
    if free < 2:
        return np.nan
    gap = (counts - counts.sum(axis=1, keepdims=True) / bins)[:, :-1]
    mean = gap.mean(axis=0)
    spread = np.cov(gap.T) / len(names)
    wald = mean @ np.linalg.pinv(spread) @ mean
    return float(stats.f.sf(wald * free / ((bins - 1) * (len(names) - 1)), bins - 1, free))


def reliability(probability: np.ndarray, happened: np.ndarray) -> dict[str, float]:
    """Take a Brier score apart: how reliable, and how discriminating, event forecasts are.

    Returns
    -------
    dict
        `cases`, `happened` (their share), `brier`, `miscalibration`, `discrimination`,
        `uncertainty` (brier = miscalibration − discrimination + uncertainty, by isotonic
        recalibration, Dimitriadis et al. 2021), `slope` and `intercept` of outcomes on
        probabilities (least squares), and `auc`, the chance that what happened was given more
        probability than what did not.
    """
    p, o = np.asarray(probability, float), np.asarray(happened, float)
    order = np.argsort(p, kind="stable")
    groups, at, sizes = np.unique(p[order], return_inverse=True, return_counts=True)
    means = np.bincount(at, o[order]) / sizes
    fitted = optimize.isotonic_regression(means, weights=sizes.astype(float)).x[at]
    base = o.mean()
    brier = float(((p - o) ** 2).mean())
    recalibrated = float(((fitted - o[order]) ** 2).mean())
    uncertainty = float(base * (1.0 - base))
    varied = len(groups) > 1
    slope, intercept = np.polyfit(p, o, 1) if varied else (np.nan, np.nan)
    yes, no = int(o.sum()), int((1 - o).sum())
    ranks = stats.rankdata(p)
    auc = (ranks[o > 0].sum() - yes * (yes + 1) / 2) / (yes * no) if yes and no else np.nan
    return {
        "cases": len(o),
        "happened": float(base),
        "brier": brier,
        "miscalibration": brier - recalibrated,
        "discrimination": uncertainty - recalibrated,
        "uncertainty": uncertainty,
        "slope": float(slope),
        "intercept": float(intercept),
        "auc": float(auc),
    }


def events(table: pd.DataFrame, release: str = "latest") -> pd.DataFrame:
    """Return `reliability` by model, event and group of horizons, and over all events."""
    own = table[(table["release"] == release) & table["score"].isin(["probability", "happened"])]
    if own.empty:
        return pd.DataFrame()
    keys = ["model", "target", "origin", "unit", "horizon"]
    wide = own.pivot_table(index=keys, columns="score", values="value").reset_index()
    wide["group"] = group_of(wide["horizon"])
    whole = pd.concat([wide, wide.assign(target=_all(wide))])
    return pd.DataFrame(
        [
            {
                "model": model, "target": target, "group": group,
                **reliability(part["probability"].to_numpy(), part["happened"].to_numpy()),
            }
            for (model, target, group), part in whole.groupby(["model", "target", "group"])
        ]
    )  # fmt: skip
