"""Calibrated language: which word a probability earns, and how much confidence its answer.

Likelihood and confidence are two things. The first is the probability, in words of a printed key.
The second says how far to rely on it, by one rule: low where the conventions of the answer lie on
both sides of even odds, or past forecasts of its kind were worse than the best simple forecast;
high where conventions agree to 20 points and past forecasts were better; medium otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crossover.data.names import EXPORT_CROSSOVER, INDEPENDENCE

AT_LEAST = {"virtually_certain": 0.99, "very_likely": 0.90, "likely": 0.66}
AT_MOST = {"exceptionally_unlikely": 0.01, "very_unlikely": 0.10, "unlikely": 0.33}
"""Row of the catalogue → the bound that earns it, the strictest first; between them, `even`."""
AGREE = 0.2
"""Conventions agree whose probabilities lie no further apart."""
RECORD = {
    INDEPENDENCE: "independence, in the year",
    EXPORT_CROSSOVER: "export_crossover, in the year",
}
"""Event → its past forecasts in the shipped backtest."""
FAR = "4-6"
"""Years ahead of the past forecasts by which confidence is judged."""
Skill = Literal["better", "worse", "alike", "unknown"]


@dataclass(frozen=True)
class Confidence:
    """How far to rely on an answer, and what decides it."""

    level: Literal["high", "medium", "low"]
    conventions: Literal["agree", "differ", "opposed", "none"]
    """`none`: the answer needs no convention."""
    skill: Skill


def word(probability: float) -> str:
    """Return the row of the catalogue that a probability earns, judged as it is printed."""
    shown = float(f"{probability:.2f}")
    above = (name for name, bound in AT_LEAST.items() if shown >= bound)
    below = (name for name, bound in AT_MOST.items() if shown <= bound)
    return next(above, None) or next(below, "even")


def skill_of(row: Mapping[str, Any] | None) -> Skill:
    """Judge a row of the backtest: better or worse than the best benchmark, beyond its interval."""
    if row is None or row["skill_q05"] is None:
        return "unknown"
    return "better" if row["skill_q05"] > 0 else "worse" if row["skill_q95"] < 0 else "alike"


def confidence(low: float | None, high: float | None, skill: Skill) -> Confidence:
    """Return the confidence of an answer that conventions put between `low` and `high`."""
    if low is None or high is None:
        conventions = "none"
    elif low < 0.5 < high:
        conventions = "opposed"
    else:
        conventions = "agree" if high - low <= AGREE else "differ"
    if conventions == "opposed" or skill == "worse":
        level = "low"
    elif conventions in ("agree", "none") and skill == "better":
        level = "high"
    else:
        level = "medium"
    return Confidence(level, conventions, skill)


def past_forecasts(payload: Mapping[str, Any], target: str, group: str = FAR) -> Any:
    """Return the row of the backtest on a target some years ahead, None without one."""
    return next(
        (row for row in payload["skill"]["rows"]
         if row["part"] in ("target", "event") and row["target"] == target
         and row["group"] == group and row["model"] == "full"), None,
    )  # fmt: skip


def of_event(payload: Mapping[str, Any], event: str) -> Confidence:
    """Return the confidence of the answers on an event."""
    if event in RECORD:
        return confidence(None, None, skill_of(past_forecasts(payload, RECORD[event])))
    levels = payload["levels"]
    return confidence(levels["lowest"], levels["highest"], "unknown")
