"""How the web page writes numbers and likelihoods, and its sentences, which stand in a template."""

from __future__ import annotations

import functools
from typing import Any

import jinja2

from crossover.reports import catalogue
from crossover.reports.context import likelihood
from crossover.reports.numerals import HIGH, LOW, NONE, number
from crossover.reports.phrases import count, listing, sentence
from crossover.reports.render import TEMPLATES

SENTENCES = "page_words.txt.j2"

def percent(probability: float | None) -> str:
    """Write a probability in whole percent, rounded as `numerals.prob` does."""
    if probability is None:
        return NONE
    if probability < LOW:
        return "<1\u00a0%"
    return ">99\u00a0%" if probability > HIGH else f"{100 * float(f'{probability:.2f}'):.0f}\u00a0%"


def likely(probability: float) -> str:
    """Say a probability in the words of the printed key."""
    return catalogue.load()["likelihood"][likelihood.word(probability)].title


def key() -> str:
    """Return the key of these words, as the PDF prints it."""
    rows = catalogue.load()["likelihood"].values()
    return "; ".join(f"{row.title} {row.rule}" for row in rows)


def volume(value: float | None) -> str:
    """Write a volume in whole units from ten up, with one more digit below."""
    return number(value, 0 if value is None or abs(value) >= 10 or not value else 1)


def written(value: Any, form: str) -> str:
    """Write a cell of a table by the form of its column: see `page_charts.Column`."""
    if value is None:
        return NONE
    if form == "probability":
        return percent(value)
    if form == "volume":
        return volume(value)
    if form == "signed":
        return f"+{number(value, 2)}" if value > 0 else number(value, 2)
    return number(value) if form == "number" else str(value)


def some(value: int) -> str:
    """Spell how many of several."""
    return count(value) if value else "none"


FILTERS = {
    "some": some, "percent": percent, "likely": likely, "volume": volume, "count": count,
    "listing": listing, "written": written, "sentence": sentence,
}  # fmt: skip


def environment(**more: Any) -> jinja2.Environment:
    """Return an environment of the templates with these filters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **more,
    )
    made.filters |= FILTERS
    return made


@functools.cache
def _macros() -> Any:
    return environment(autoescape=False).get_template(SENTENCES).module


def say(name: str, *values: Any, **more: Any) -> str:
    """Return a sentence of the template as plain text: what shows it must escape it."""
    return sentence(str(getattr(_macros(), name)(*values, **more)))
