"""The answers that a report leads with: to ten plain questions, in the order they are asked.

Probabilities are of the baseline; an answer that the run does not hold is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crossover.data.names import (
    CAPACITY_CROSSOVER,
    COOLING,
    DOWNTURN,
    EXPORT_CROSSOVER,
    FIRST_PASSAGE,
    INDEPENDENCE,
    LASTING,
    SOON,
    STATE,
)
from crossover.forecast import gap_change
from crossover.reports.context import likelihood
from crossover.reports.context.likelihood import Confidence
from crossover.reports.reading import at_year

RAPPROCHEMENT = "rapprochement"
LEAST_CHANCE = 0.05
"""A threshold that is met less often is not led with."""
NOTICEABLE = 0.02
"""A scenario moves an answer that it changes by more."""


@dataclass(frozen=True)
class Answer:
    """What is said of one event: in a year soon, in a later one, by it, and for good."""

    event: str
    defined: bool
    now: float | None
    soon: float | None
    late: float | None
    by_late: float | None
    lasting: float | None
    median: int | None
    """Year by which it has happened in half of the draws in which it does."""
    confidence: Confidence


@dataclass(frozen=True)
class Threshold:
    """A figure of next year beyond which an answer moves by ten points or more."""

    event: str
    by: int
    observable: str
    country: str | None
    side: str
    bound: float
    chance: float
    before: float
    after: float


@dataclass(frozen=True)
class Moved:
    """What a scenario does to an answer: without and with it."""

    event: str
    year: int
    before: float
    after: float


@dataclass(frozen=True)
class Skill:
    """How past forecasts did against the best simple one, and how often intervals held."""

    target: str
    percent: float
    held: float | None
    verdict: str


@dataclass(frozen=True)
class Answers:
    """Everything that the first pages say."""

    soon: int
    capacity: Answer
    exports: Answer
    dependence: Answer
    downturn: Answer
    cooling: Answer
    supplier_leads: Sequence[tuple[str, float]]
    """Domains in which the supplier is likelier ahead, with that probability, surest first."""
    recipient_leads: Sequence[tuple[str, float]]
    domains: int
    thresholds: Sequence[Threshold]
    rapprochement: Sequence[Moved] | None
    """Answers that it moves noticeably; None where the scenario was not run."""
    skill: Sequence[Skill]
    research: float | None
    """Probability that a country whose own R&D stock grows gains capacity."""
    research_part: Mapping[str, Any] | None
    """Of the change of the gap over ten years, what R&D accounts for."""
    research_skill: float | None
    """By how many per cent past forecasts of deliveries were worse without R&D."""
    deliveries: str | None
    votes: str | None
    """Releases of the arms register and of votes."""
    next_update: str


def context(payload: Mapping[str, Any]) -> Answers:
    """Return the answers of a report."""
    soon = min(SOON, payload["headline_year"])
    events = {entry["event"]: entry for entry in payload["events"]}
    partner = {entry["event"]: entry for entry in payload["partnership"]["events"]}
    leads = [(row["domain"], row["now"]["probability"]) for row in payload["domains"]["rows"]]
    cross = payload["partnership"]["cross"]
    beats = any(row["beats"] for row in cross if (row["better"], row["than"]) == ("full", "era"))
    known = payload["partnership"]["known"]
    hazard = likelihood.confidence(
        None, None, "better" if beats else "worse" if known else "unknown"
    )
    vintages = payload["sources"]["vintages"]
    return Answers(
        soon=soon,
        capacity=_answer(payload, events[CAPACITY_CROSSOVER], soon),
        exports=_answer(payload, events[EXPORT_CROSSOVER], soon),
        dependence=_answer(payload, events[INDEPENDENCE], soon),
        downturn=_answer(payload, partner[DOWNTURN], soon, hazard),
        cooling=_answer(payload, partner[COOLING], soon, hazard),
        supplier_leads=sorted(
            ((name, 1.0 - p) for name, p in leads if p < 0.5), key=lambda one: -one[1]
        ),
        recipient_leads=sorted(
            ((name, p) for name, p in leads if p >= 0.5), key=lambda one: -one[1]
        ),
        domains=len(leads),
        thresholds=_thresholds(payload),
        rapprochement=_scenario(payload, RAPPROCHEMENT, soon),
        skill=_skill(payload),
        research=next(
            (c["probability"] for c in payload["claims"] if c["claim"] == "rd_within"), None
        ),
        research_part=next(
            (row for row in payload["gap_change"]
             if row["part"] == gap_change.RESEARCH and row["years"] == 10), None,
        ),
        research_skill=next(
            (100 * row["skill"] for row in payload["skill"]["rows"]
             if row["part"] == "ablation" and row["target"] == "dyads"
             and (row["model"], row["against"]) == ("full", "no_rd")), None,
        ),
        deliveries=vintages.get("transfers/deliveries"),
        votes=vintages.get("votes/ideal_point"),
        next_update=_next_update(vintages.get("transfers/deliveries"), payload["origin"]),
    )  # fmt: skip


def _answer(
    payload: Mapping[str, Any], entry: Mapping[str, Any], soon: int,
    confidence: Confidence | None = None,
) -> Answer:  # fmt: skip
    name, late = entry["event"], payload["headline_year"]
    given = confidence or likelihood.of_event(payload, name)
    if not entry["defined"]:
        return Answer(name, False, None, None, None, None, None, None, given)
    return Answer(
        event=name,
        defined=True,
        now=at_year(entry, payload["origin"], STATE),
        soon=at_year(entry, soon, STATE),
        late=at_year(entry, late, STATE),
        by_late=at_year(entry, late, FIRST_PASSAGE),
        lasting=at_year(entry, late, LASTING),
        median=None if entry["median"] is None else round(entry["median"]),
        confidence=given,
    )


def _thresholds(payload: Mapping[str, Any]) -> list[Threshold]:
    """Return the likeliest threshold of each event that is worth leading with."""
    found: dict[str, Threshold] = {}
    for row in sorted(payload["next_year"], key=lambda row: -row["chance"]):
        if row["chance"] < LEAST_CHANCE or row["event"] in found:
            continue
        role = next((r for r in ("supplier", "recipient")
                     if payload["pair"][r]["code"] == row["of"]), None)  # fmt: skip
        found[row["event"]] = Threshold(
            row["event"], row["by"], row["observable"],
            payload["pair"][role]["name"] if role else None, row["side"], row["bound"],
            row["chance"], row["now"], row["probability"],
        )  # fmt: skip
    return list(found.values())


def _scenario(payload: Mapping[str, Any], name: str, soon: int) -> list[Moved] | None:
    scenarios = payload["partnership"].get("scenarios") or {"heads": [], "rows": []}
    if name not in {head["name"] for head in scenarios["heads"]}:
        return None
    return [
        Moved(row["name"], int(row["year"]), row["baseline"], row["baseline"] + row["difference"])
        for row in scenarios["rows"]
        if row["scenario"] == name and row["domain"] == "all" and row["kind"] != "quantity"
        and int(row["year"]) == payload["headline_year"] and abs(row["difference"]) > NOTICEABLE
    ]  # fmt: skip


def _skill(payload: Mapping[str, Any]) -> list[Skill]:
    rows = [(target, likelihood.past_forecasts(payload, target)) for target in
            ("dyads", "exports", "imports")]  # fmt: skip
    return [
        Skill(target, 100 * row["skill"], row["in_90"], likelihood.skill_of(row))
        for target, row in rows if row is not None
    ]  # fmt: skip


def _next_update(release: str | None, origin: int) -> str:
    """Return the month in which the register of the next year is due: a year after the last."""
    if release is None:
        return str(origin + 2)
    day = date.fromisoformat(release)
    return f"{day:%B} {day.year + 1}"
