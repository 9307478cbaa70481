"""Posterior beside prior of every top-level parameter, by topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.reports import catalogue
from crossover.reports.numerals import places
from crossover.reports.phrases import curly


@dataclass(frozen=True)
class Summary:
    """Median and 90 % interval."""

    median: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Parameter:
    """A parameter, with the decimals that show its intervals."""

    name: str
    description: str
    unit: str
    prior: Summary
    posterior: Summary
    decimals: int
    positive: float | None
    """Posterior probability of a value above zero, where the prior allows both signs."""
    narrower: float | None
    """One minus the ratio of the posterior’s standard deviation to the prior’s."""


@dataclass(frozen=True)
class Topic:
    """Parameters of one subject, in the order of the catalogue."""

    title: str
    rows: Sequence[Parameter]


def context(payload: Mapping[str, Any]) -> Sequence[Topic]:
    """Return every parameter under exactly one topic."""
    left = list(payload["parameters"])
    topics = []
    for row in catalogue.load()["topic"].values():
        chosen = [p for key in row.holds for p in left if _matches(p["name"], key)]
        left = [p for p in left if p not in chosen]
        if chosen:
            topics.append(Topic(row.title, [_parameter(p) for p in chosen]))
    return topics


def _matches(name: str, key: str) -> bool:
    return name.startswith(key) if not key or key.endswith("_") else name == key


def _parameter(found: Mapping[str, Any]) -> Parameter:
    prior, posterior = found["prior"], found["posterior"]
    return Parameter(
        name=found["name"],
        description=curly(found["description"]).rstrip(". "),
        unit="" if found["unit"] in ("", "1") else found["unit"],
        prior=_summary(prior),
        posterior=_summary(posterior),
        decimals=max(places(part["q05"], part["q95"]) for part in (prior, posterior)),
        positive=posterior["positive"] if found["signed"] else None,
        narrower=found["contraction"],
    )


def _summary(part: Mapping[str, Any]) -> Summary:
    return Summary(part["q50"], (part["q05"], part["q95"]))
