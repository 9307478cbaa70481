"""The answer of the web page: a few sentences on a pair under a scenario, from a payload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossover.data.names import (
    CAPACITY_CROSSOVER,
    CONTESTED_ORDERS,
    DOWNTURN,
    EXPORT_CROSSOVER,
    FIRST_PASSAGE,
    INCIDENT,
    INDEPENDENCE,
    KINDS,
    LASTING,
    PARTNERSHIP_EVENTS,
    SOON,
)
from crossover.reports import catalogue, domain_figures, render
from crossover.reports.context import events as questions
from crossover.reports.context import skill
from crossover.reports.page_words import say
from crossover.reports.phrases import STATE_CLAUSES, event_name, sentence, terms
from crossover.reports.phrases import say as filled
from crossover.reports.reading import CONTRADICTED, SUPPORTED, at_year
from crossover.reports.skill import BETTER, WORSE

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """A paragraph under a heading of its own; `section` is the part of the page that shows why."""

    term: str
    text: str
    section: str


@dataclass(frozen=True)
class Statement:
    """A question as a statement, and its answer by kind and year, None where there is none.

    `panel` is its short title, under which its chart stands.
    """

    text: str
    panel: str
    year: tuple[int, ...]
    answers: Mapping[str, tuple[float | None, ...] | None]


def answer(numbers: Payload) -> tuple[Said, ...]:
    """Return the paragraphs of the answer, those that the pair allows."""
    parts = (
        ("Military technology", _ahead, "ahead"), ("Deliveries", _deliveries, "dependence"),
        ("Exports", _exports, "exports"), ("Domains", _domains, "domains"),
        ("Partnership", _partnership, "partnership"),
    )  # fmt: skip
    told = ((term, make(numbers), section) for term, make, section in parts)
    return tuple(Said(term, text, section) for term, text, section in told if text)


def statements(numbers: Payload) -> tuple[Statement, ...]:
    """Return every question that has an answer for the pair, in the order of the report."""
    found = []
    for entry in (*numbers["events"], *numbers["partnership"]["events"]):
        if not entry["defined"]:
            continue
        name = entry["event"]
        if name in PARTNERSHIP_EVENTS:
            text = filled(PARTNERSHIP[name], numbers)
            panel = catalogue.load()["outcome"][name].title
        else:
            text, panel = filled(STATE_CLAUSES[name], numbers), event_name(numbers, name)
        answers = {
            kind: tuple(entry["kinds"][kind]["probability"]) if kind in entry["kinds"] else None
            for kind in KINDS
        }
        found.append(Statement(sentence(text), panel, tuple(entry["year"]), answers))
    return tuple(found)


PARTNERSHIP = {
    DOWNTURN: "{s} and {r} break: their treaty ends badly, or they turn rivals or go to war",
    INCIDENT: "A dispute with a show or use of force, or an embargo, between {s} and {r}",
    "cooling": "{s} and {r} vote further apart in the UN than usual",
}


def headline(numbers: Payload) -> str:
    """Return the title of the page: who is ahead, and what becomes of deliveries."""
    late = numbers["headline_year"]
    entries = (_event(numbers, name) for name in (CAPACITY_CROSSOVER, INDEPENDENCE))
    chances = [at_year(entry, late) if entry["defined"] else None for entry in entries]
    return say("headline", terms(numbers), late, *chances)


def untold(numbers: Payload) -> tuple[str, ...]:
    """Say of each question without an answer for the pair why it has none."""
    rows = questions.context(numbers).rows
    return tuple(
        f"{event_name(numbers, row.name)}: not defined, since "
        f"{render.say('words', 'why', numbers, row)}."
        for row in rows
        if not row.defined
    )


def trust(numbers: Payload) -> tuple[str, ...]:
    """Say how far to trust the figures: what past forecasts were worth, and what a gate says."""
    gate = say("trust_gate", numbers["gate"]["judged"], numbers["gate"]["passed"])
    if not numbers["skill"]["known"]:
        return (gate,)
    part = skill.context(numbers)
    tested = say(
        "trust_skill", part.verdicts[BETTER], part.verdicts[WORSE], len(part.scored), part.held,
        len(part.judged),
    )  # fmt: skip
    return tested, gate


def _event(numbers: Payload, event: str) -> Mapping[str, Any]:
    both = (*numbers["events"], *numbers["partnership"]["events"])
    return next(entry for entry in both if entry["event"] == event)


def _ahead(numbers: Payload) -> str:
    entry, late = _event(numbers, CAPACITY_CROSSOVER), numbers["headline_year"]
    if not entry["defined"]:
        return ""
    levels = numbers["levels"]
    return say(
        "answer_ahead", terms(numbers), late, at_year(entry, numbers["origin"]),
        at_year(entry, late), at_year(entry, late, FIRST_PASSAGE), at_year(entry, late, LASTING),
        len(levels["rows"]), levels["lowest"], levels["highest"],
    )  # fmt: skip


def _deliveries(numbers: Payload) -> str:
    entry, late = _event(numbers, INDEPENDENCE), numbers["headline_year"]
    fan = numbers["dependence"]["deliveries"]
    soon = max(SOON, fan["year"][0])
    at = list(fan["year"]).index(soon)
    chances = [at_year(entry, late, kind) for kind in (None, LASTING)] if entry["defined"] else []
    return say(
        "answer_deliveries", terms(numbers), late, *(chances or (None, None)), soon,
        *(fan[level][at] for level in ("q50", "q05", "q95")),
    )  # fmt: skip


def _exports(numbers: Payload) -> str:
    entry, late = _event(numbers, EXPORT_CROSSOVER), numbers["headline_year"]
    if not entry["defined"]:
        return ""
    orders = _event(numbers, CONTESTED_ORDERS)
    return say(
        "answer_exports", terms(numbers), late, at_year(entry, late), at_year(entry, late, LASTING),
        at_year(orders, late) if orders["defined"] else None,
    )  # fmt: skip


def _domains(numbers: Payload) -> str:
    rows = numbers["domains"]["rows"]
    if not rows:
        return ""
    here = numbers["domains"]["count"][0]
    now = [(domain_figures.short(row["domain"]).lower(), row["now"]["probability"]) for row in rows]
    sure = [name for name, chance in now if chance >= SUPPORTED]
    lost = [name for name, chance in now if chance <= CONTRADICTED]
    ends = (here[level] for level in ("q50", "q05", "q95"))
    return say("answer_domains", terms(numbers), *ends, len(rows), sure, lost,
               SUPPORTED, CONTRADICTED)  # fmt: skip


def _partnership(numbers: Payload) -> str:
    entry, late = _event(numbers, DOWNTURN), numbers["headline_year"]
    if not entry["defined"]:
        return ""
    lesser = _event(numbers, INCIDENT)
    return say(
        "answer_partnership", terms(numbers), late, at_year(entry, late),
        at_year(lesser, late) if lesser["defined"] else None,
    )  # fmt: skip
