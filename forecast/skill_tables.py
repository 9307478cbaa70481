"""Skill in tables: differences with intervals, calibration, reliability of events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crossover.forecast.skill import (
    ALL_EVENTS,
    ALL_FOUR,
    ALL_STATES,
    DEGRADED_BOOK,
    FOCAL,
    HEADLINE,
    MASSES,
    OF_STATE,
    TARGETS,
    group_of,
)

BLOCK = 2
"""Origins that follow each other, resampled together: their horizons overlap."""

RESAMPLES = 2000


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
    seed : Of the bootstrap.

    Returns
    -------
    dict or None : `cases`, `origins`, `mean`, `other`, `difference` (mean − other: below zero is
        better), `skill` (1 − mean/other), and the 90 % bootstrap interval of both by blocks of
        origins, see `interval`; None without a common case.
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
    table : As from `score_forecast`, of all origins and models.
    models : Ours, the full model first.
    benchmarks : The others, as far as they are in the table. What rests on order books that no
        reader of the time had is never the best.

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


def calibration(table: pd.DataFrame, release: str = "latest") -> pd.DataFrame:
    """Say how often intervals held, and whether PITs are uniform, by model, target and group.

    Returns
    -------
    pandas.DataFrame : model, target, group, cases, in_50, in_80, in_90 (closed intervals), pit_50,
        pit_80, pit_90 (share of PITs within the central mass: fair where zero has a probability of
        its own), pit_mean, pit_p (see `uniform`).
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
    dict : `cases`, `happened` (their share), `brier`, `miscalibration`, `discrimination`,
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
