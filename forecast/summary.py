"""A backtest in a few rows: what a report prints of it, and what a claim is judged by.

`crossover backtest` writes these rows as summary.csv. The package ships those of one full backtest,
so that a report can say how good such forecasts were without making hundreds of fits; where
none is shipped nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crossover.forecast import skill, skill_tables
from crossover.forecast.baselines import NAMES, ORDER_BOOK, PERSISTENCE, RIDGE
from crossover.forecast.shipped import ABLATION, DELIVERIES, WITHOUT
from crossover.forecast.skill import (
    CLIMATOLOGY,
    DEGRADED_BOOK,
    DYADS,
    EXPORTS,
    FULL,
    IMPORTS,
    IN_TIV,
    MASSES,
    TARGETS,
)

FILE = "summary.csv"
TARGET, BY_HORIZON, FOCAL, EVENT, BENCHMARK, WITH_BOOK = (
    "target", "horizon", "focal", "event", "benchmark", "order_book",
)  # fmt: skip
"""What a row is of, besides `ABLATION`: a target, one horizon of it, one of the focal four, a kind
of event, a benchmark against the simplest one, what the order book adds at one horizon."""
IN_TURN = (
    (ORDER_BOOK, PERSISTENCE), (ORDER_BOOK, RIDGE), (DEGRADED_BOOK, PERSISTENCE),
    (FULL, ORDER_BOOK),
)  # fmt: skip
"""What is compared with what in rows `WITH_BOOK`."""
FIGURES = (
    "cases", "skill", "skill_q05", "skill_q95", "difference", "difference_q05", "difference_q95",
)  # fmt: skip
COVERAGE = tuple(f"in_{100 * m:.0f}{end}" for m in MASSES for end in ("", "_q05", "_q95"))
OF_EVENTS = ("happened", "slope", "auc")
OF_FIT = ("passed", "rhat", "ess", "divergences")
OF_FITS = ("fits", *OF_FIT)
COLUMNS = (
    "part", "target", "group", "model", "against", "score", *FIGURES, *COVERAGE, *OF_EVENTS,
    "origins", "real_time", "partly_assumed", *OF_FITS, "made", "command", "seed", "panel",
)  # fmt: skip


def summarise(
    table: pd.DataFrame,
    compared: pd.DataFrame,
    events: pd.DataFrame,
    fits: pd.DataFrame,
    made: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the rows of a summary.

    Parameters
    ----------
    table : As from `skill.score_forecast`, of all origins and models.
    compared, events : As from `skill.summary` and `skill.events`, of that table.
    fits : `model` of each forecast, and the columns `OF_FIT`: whether the gate passed its fit, its
        worst R-hat and effective sample size, its divergences.
    made : Columns that are the same in every row: `made`, `command`, `seed`, `panel`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. Our model against the best benchmark of each target and group of horizons by
        hindsight; our model at each horizon, against the best of the horizon's group; ours, or one
        variant, against another (`ablation`); and each benchmark against persistence or climatology
        (`benchmark`), those with an order book also at each horizon, and ours against the one with
        books of the time (`order_book`).

        `skill` and `difference` with their 90 % intervals are those of `skill.difference`; `in_50`
        and so on the share of outturns in central intervals (see `coverage`), of targets and of
        the focal four; `happened`, `slope` and `auc` those of `skill.reliability`. `origins`,
        `real_time` and `partly_assumed` list years: all origins, those that saw only figures dated
        by a kept release, and those that did in part. `fits` counts our model's fits and
        `passed` those that passed the gate; `rhat`, `ess` and `divergences` are the worst, the
        least and the sum over them. No row of ours where it is not in the table.
    """
    judged = skill_tables.judged(table)
    rows = [
        *_against_best(table, judged, compared, events),
        *_by_horizon(judged, compared),
        *_ablations(judged),
        *_benchmarks(table, judged, events),
        *_with_book(judged),
    ]
    found = of_fits(fits[fits["model"] == FULL])
    return pd.DataFrame([row | found | dict(made) for row in rows], columns=list(COLUMNS))


def of_fits(fits: pd.DataFrame) -> dict[str, float]:
    """Return `OF_FITS` of fits, given `OF_FIT` of each: how many there are, how many passed the
    gate, the worst R-hat and effective sample size, all divergences.
    """
    return {
        "fits": len(fits), "passed": fits["passed"].sum(), "rhat": fits["rhat"].max(),
        "ess": fits["ess"].min(), "divergences": fits["divergences"].sum(),
    }  # fmt: skip


def coverage(pits: pd.DataFrame, seed: int = 0) -> dict[str, float]:
    """Say how often central intervals held what came, with 90 % bootstrap intervals.

    By probability integral transforms, which are fair where zero has a probability of its own.

    Parameters
    ----------
    pits : `origin` and `value`, a row a case.
    seed : Of the bootstrap by blocks of origins.

    Returns
    -------
    dict : `in_50`, `in_50_q05`, `in_50_q95`, and so on for `skill.MASSES`; ends as from
        `skill.interval`.
    """
    out = {}
    for mass in MASSES:
        inside = (pits["value"] - 0.5).abs() <= mass / 2
        sums = inside.groupby(pits["origin"]).agg(["sum", "count"])
        held, cases = (sums[name].to_numpy(float) for name in ("sum", "count"))
        counts = skill_tables.resampled(len(sums), np.random.default_rng(seed))
        shares = (counts @ held) / (counts @ cases)
        name = f"in_{100 * mass:.0f}"
        out[name] = held.sum() / cases.sum()
        out[f"{name}_q05"], out[f"{name}_q95"] = skill_tables.interval(shares, len(sums))
    return out


def _against_best(
    table: pd.DataFrame, judged: pd.DataFrame, compared: pd.DataFrame, events: pd.DataFrame
) -> list[dict[str, Any]]:
    pits = skill_tables.judged(table, "pit")
    kinds = {name: TARGET for name in TARGETS} | dict.fromkeys(
        [*skill.FOCAL.values(), skill.ALL_FOUR], FOCAL
    )
    found = []
    for row in _best(compared):
        kind = kinds.get(row["target"], EVENT)
        own, other = (_of(judged, row, row[name]) for name in ("model", "against"))
        more = _reliability(events, row) if kind == EVENT else coverage(_of(pits, row, FULL))
        found.append({"part": kind, **row, **more, **_seen(own, other)})
    return sorted(found, key=lambda row: (TARGET, FOCAL, EVENT).index(row["part"]))


def _reliability(events: pd.DataFrame, row: Mapping[str, Any]) -> dict[str, float]:
    keys = ["model", "target", "group"]
    same = (events[keys] == [row[key] for key in keys]).all(axis=1)
    return events.loc[same, list(OF_EVENTS)].iloc[0].to_dict()


def _by_horizon(judged: pd.DataFrame, compared: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for row in _best(compared):
        if row["target"] not in TARGETS:
            continue
        own, other = (_of(judged, row, row[name]) for name in ("model", "against"))
        for horizon in sorted(own["horizon"].unique()):
            some = [one[one["horizon"] == horizon] for one in (own, other)]
            result = skill_tables.difference(*some)
            if result:
                kept = {key: row[key] for key in ("target", "model", "against", "score")}
                found.append(
                    {"part": BY_HORIZON, "group": str(horizon), **kept, **result, **_seen(*some)}
                )
    return found


def _ablations(judged: pd.DataFrame) -> list[dict[str, Any]]:
    """Compare our model with each variant, and that without military spending with that without
    R&D, over all horizons.
    """
    if FULL not in set(judged["model"]):
        return []
    pairs = [(FULL, variant) for variant in WITHOUT.values()]
    pairs.append((WITHOUT["military spending"], WITHOUT["R&D"]))
    volumes = judged[judged["target"].isin([IMPORTS, EXPORTS, DYADS])]
    won = judged[judged["target"] == skill.ORDERS]
    every = pd.concat([volumes, together(volumes), won], ignore_index=True)
    firsts, lasts = zip(*skill.GROUPS.values(), strict=True)
    found = []
    for target, own in every.groupby("target", sort=False):
        for model, against in pairs:
            some = [own[own["model"] == name] for name in (model, against)]
            result = skill_tables.difference(*some)
            if result:
                head = {"part": ABLATION, "target": target, "group": f"{min(firsts)}-{max(lasts)}",
                        "model": model,
                        "against": against, "score": some[0]["score"].iloc[0]}  # fmt: skip
                found.append({**head, **result, **_seen(*some)})
    return found


def _benchmarks(
    table: pd.DataFrame, judged: pd.DataFrame, events: pd.DataFrame
) -> list[dict[str, Any]]:
    """Compare each benchmark with the simplest of its kind, by target and group of horizons."""
    pits = skill_tables.judged(table, "pit")
    found = []
    for (target, group), own in judged.groupby(["target", "group"], sort=False):
        by_model = dict(list(own.groupby("model")))
        simplest = next((m for m in (PERSISTENCE, CLIMATOLOGY) if m in by_model), None)
        others = (*NAMES, DEGRADED_BOOK, CLIMATOLOGY) if simplest else ()
        for model in [name for name in others if name in by_model]:
            result = skill_tables.difference(by_model[model], by_model[simplest])
            if not result:
                continue
            row = {"part": BENCHMARK, "target": target, "group": group, "model": model,
                   "against": simplest, "score": skill.HEADLINE.get(target, own["score"].iloc[0]),
                   **result}  # fmt: skip
            held = _of(pits, row, model)
            more = coverage(held) if len(held) else _reliability(events, row)
            found.append({**row, **more, **_seen(by_model[model], by_model[simplest])})
    return found


def _with_book(judged: pd.DataFrame) -> list[dict[str, Any]]:
    """Say at each horizon what the order book adds, and how ours stands against it."""
    found = []
    own = judged[judged["target"].isin(IN_TIV)]
    for (target, horizon), part in own.groupby(["target", "horizon"], sort=False):
        for model, against in IN_TURN:
            some = [part[part["model"] == name] for name in (model, against)]
            result = skill_tables.difference(*some)
            if result:
                head = {"part": WITH_BOOK, "target": target, "group": str(horizon), "model": model,
                        "against": against, "score": skill.HEADLINE[target]}  # fmt: skip
                found.append({**head, **result, **_seen(*some)})
    return found


def together(volumes: pd.DataFrame) -> pd.DataFrame:
    """Return scores of several targets as those of one, `DELIVERIES`.

    Each target counts the same: scores are weighted by its number of cases, so that their mean is
    the mean of the targets' means.
    """
    cases = volumes[volumes["model"] == FULL].groupby("target").size()
    weight = cases.mean() / cases
    return volumes.assign(
        value=volumes["value"] * volumes["target"].map(weight).astype(float),
        unit=volumes["target"] + "/" + volumes["unit"],
        target=DELIVERIES,
    )


def _best(compared: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the comparisons of our model with the best benchmarks."""
    if compared.empty:
        return []
    own = compared[(compared["model"] == FULL) & (compared["best"] == 1)]
    return own[["target", "group", "model", "against", "score", *FIGURES]].to_dict("records")


def _of(judged: pd.DataFrame, row: Mapping[str, Any], model: str) -> pd.DataFrame:
    own = (judged["target"] == row["target"]) & (judged["group"] == row["group"])
    return judged[own & (judged["model"] == model)]


def _seen(own: pd.DataFrame, other: pd.DataFrame) -> dict[str, str]:
    """List the origins that two forecasters share, by what was known of their figures."""
    kinds = own.groupby("origin")["vintage"].first()
    kinds = kinds[kinds.index.isin(other["origin"])]

    def years(*wanted: str) -> str:
        return " ".join(str(y) for y in kinds.index[kinds.isin(wanted)])

    return {
        "origins": years(*skill.KINDS_OF_VINTAGE),
        "real_time": years(skill.REAL_TIME),
        "partly_assumed": years(skill.PARTLY),
    }
