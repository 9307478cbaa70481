"""What a claim is judged by: rules of a verdict, the run that answers, the row that is written."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crossover.data.errors import hint
from crossover.data.names import CAPACITY_CROSSOVER, CAPACITY_CROSSOVER_SUSTAINED
from crossover.data.tables import Panel, read
from crossover.data.vintages import as_of_country_years
from crossover.forecast import runs, verify

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "open"
SURE, MARGIN = 0.95, 2.0
"""A claim is supported from this probability on, contradicted from its complement down; by more
than so many Monte-Carlo errors, so that no verdict hangs on the luck of the draws."""
LEAST_ESS = 400.0
"""Effective draws that the gate asks of every parameter: the error of a probability is that of as
many independent draws."""
LEAST_DIFFERENCE = 0.01
"""A scenario must move a probability by more than this to count."""
FIRST_YEAR = 1950
RULES = {
    "years": "supported if true in every year on record, contradicted if in at most half of them",
    "yes": "supported if so, contradicted if not",
    "half": "supported if the largest and more than half, contradicted if not the largest",
    "probability": f"supported from {SURE:g} up, contradicted from {1.0 - SURE:.2g} down, each by "
    "more than two Monte-Carlo errors",
    "conventions": f"supported from {SURE:g} up if above one half under every convention of the "
    "level, contradicted in the mirror case",
    "trend": "supported if the recent mean is more than one standard deviation above the earlier "
    "mean, contradicted if it is below that mean",
    "difference": "supported if the difference has the sign claimed by more than two Monte-Carlo "
    "errors and one percentage point, and the 90 % interval of the change of the yearly hazard, "
    "where there is one, lies on that side; contradicted in the mirror case",
    "score": "supported if the 90 % intervals over treaties and over decades are above zero, "
    "contradicted if both are below",
    "skill": "forecasts of deliveries from past origins with the first and not the second, against "
    "those with the second and not the first: supported if the skill is above zero beyond its "
    "90 % interval, contradicted if it is below beyond it",
    "none": "no quantity of these models tests it",
}

BY_CONVENTION = (CAPACITY_CROSSOVER, CAPACITY_CROSSOVER_SUSTAINED)
"""Events that hang on the convention by which levels of capacity are compared."""


class Row(NamedTuple):
    """One claim, judged; `about` has the codes of the countries it names, joined by hyphens."""

    claim: str
    about: str
    says: str
    quantity: str
    figure: str
    value: float | None
    error: float | None
    verdict: str
    rule: str
    data: str
    vintage: str
    by_vintage: str


class Run(NamedTuple):
    """What claims are judged from: a run's folder, that of the pair, its record, and the panel.

    `codes` and `held` are set by `judge`: the countries that claims are about, and what was read of
    them, so that every table is read once.
    """

    folder: Path
    pair_folder: Path
    pair: tuple[str, str]
    as_of: datetime.date | None
    panel: Panel
    codes: frozenset[str] = frozenset()
    held: dict[str, Any] | None = None

    def rows(self, name: str, column: str | None = None) -> list:
        """Return the rows of a table of the panel; those of `codes` alone in one of its columns."""
        if name not in self.held:
            self.held[name] = read(name, self.panel, {column: self.codes} if column else None)
        return self.held[name]

    def of(self, claim: Claim) -> tuple[tuple[str, str], Path]:
        """Return the pair that a claim is about, this one if it names none, and its folder."""
        pair = (claim.get("supplier", self.pair[0]), claim.get("recipient", self.pair[1]))
        if pair == self.pair:
            return pair, self.pair_folder
        folder = runs.pair_folder(self.folder, runs.read(self.folder), pair)
        for path in folder.glob("*.csv"):
            verify.stored(path)
        return pair, folder

Claim = Mapping[str, Any]

COUNTRIES = ("country", "other", "partner", "supplier", "recipient", "leader")
"""Keys of a claim that name a country."""


def among(known: Sequence[str], what: str) -> Callable[[object], str]:
    """Return a check that a value is one of those known."""
    def check(value: object) -> str:
        return "" if value in known else f"unknown {what}; {hint(value, known, 0.6)}"

    return check


def named(claim: Claim, keys: Sequence[str] = COUNTRIES) -> list[str]:
    """Return the codes of the countries that a claim names, each once."""
    return list(dict.fromkeys(claim[key] for key in keys if key in claim))


def by_years(true: Sequence[bool]) -> str:
    """Verdict on a claim about every year of a span."""
    if not len(true):
        return OPEN
    return SUPPORTED if all(true) else CONTRADICTED if 2 * sum(true) <= len(true) else OPEN


def by_probability(probability: float | None, error: float | None) -> str:
    """Verdict on a probability; within two Monte-Carlo errors of a threshold it stays open."""
    if probability is None or not np.isfinite(probability):
        return OPEN
    slack = MARGIN * (error or 0.0)
    if probability - slack >= SURE:
        return SUPPORTED
    return CONTRADICTED if probability + slack <= 1.0 - SURE else OPEN


def by_difference(difference: float, error: float) -> str:
    """Verdict on a difference of probabilities that is claimed to be above zero."""
    least = max(MARGIN * error, LEAST_DIFFERENCE)
    return SUPPORTED if difference > least else CONTRADICTED if difference < -least else OPEN


def row_of(name: str, claim: Claim, **more: Any) -> Row:
    """Return the row of a claim, blank but for what is given."""
    blank = {"value": None, "error": None, "data": "", "vintage": "", "by_vintage": ""}
    about = "-".join(named(claim))
    return Row(**{"claim": name, "about": about, "says": claim["says"]} | blank | more)


def no_answer(name: str, claim: Claim, quantity: str, why: str, rule: str) -> Row:
    """Return the row of a claim that a run cannot answer, and why."""
    return row_of(name, claim, quantity=quantity, figure=why, verdict=OPEN, rule=RULES[rule])


def span_of(years: Sequence[int]) -> str:
    """Return years as text."""
    return str(years[0]) if years[0] == years[1] else f"{years[0]}–{years[1]}"


def releases_of(found: Sequence[str], as_of: datetime.date | None) -> list[datetime.date]:
    """Return the days of releases up to a day, sorted."""
    limit = as_of.isoformat() if as_of else "9999"
    return [datetime.date.fromisoformat(v) for v in sorted(set(found)) if v <= limit]


def as_told(judged: Sequence[tuple[datetime.date, str, str]]) -> str:
    """Say how a verdict, or the figure where it is told, went from release to release."""
    parts: list[tuple[str, str, str]] = []
    for day, verdict, detail in judged:
        if not parts or parts[-1][1] != verdict:
            parts.append((day.isoformat(), verdict, detail))
    if len(parts) < 2:
        return ""
    return "; ".join(f"from {day}: {verdict} ({detail})" for day, verdict, detail in parts)


def figures_of(
    run: Run, codes: Sequence[str], indicator: str
) -> tuple[list, Callable[[datetime.date | None], dict[str, dict[int, Any]]]]:
    """Return figures of countries and a function that knows them as of a day."""
    rows = [
        row for row in run.rows("country_years", "country")
        if row.indicator == indicator and row.country in codes
    ]  # fmt: skip

    def known(day: datetime.date | None) -> dict[str, dict[int, Any]]:
        out: dict[str, dict[int, Any]] = {code: {} for code in codes}
        for row in as_of_country_years(rows, day):
            out[row.country][row.year] = row
        return out

    return rows, known
