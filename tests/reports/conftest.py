"""Run folders with invented numbers, made once and never changed, their payloads and figures.

Half of a report's time is drawing and half of a test's is reading the figures' outlines as text.
So figures are drawn once, and where only words are read, `quick` sets them without content.
"""

import io
import pickle
import re
from dataclasses import dataclass
from pathlib import Path

import pypdf
import pytest

from crossover.reports import build, figures, page_numbers, payload, render, skill, sourcing
from tests import invented_skill, two_scenarios
from tests.synthetic import KINDS, make_run


@pytest.fixture(scope="session", autouse=True)
def no_backtest_shipped(tmp_path_factory):
    """Leave out the backtest that may be shipped; tests that need one bring an invented one."""
    with pytest.MonkeyPatch.context() as patch:
        none = tmp_path_factory.mktemp("none")
        patch.setattr(skill, "FILE", none / "backtest_summary.csv")
        patch.setattr(sourcing, "FILE", none / "backtest_pairs.csv")
        yield


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {
        kind: make_run(
            root / kind, kind, draws=120, passed=kind != "never", quick=kind == "crossed"
        )
        for kind in KINDS
    }


@pytest.fixture(scope="session")
def _payloads(runs):
    return {kind: pickle.dumps(payload.collect(run)) for kind, run in runs.items()}


@pytest.fixture
def payloads(_payloads):
    return {kind: pickle.loads(frozen) for kind, frozen in _payloads.items()}


@pytest.fixture
def plain(_payloads):
    return pickle.loads(_payloads["plain"])


@pytest.fixture(scope="session")
def drawn(_payloads):
    """Return the figures of every kind by file name."""
    return {kind: figures.draw(pickle.loads(frozen)) for kind, frozen in _payloads.items()}


@pytest.fixture(scope="session")
def quick(drawn):
    """Return a function that sets a payload, its figures without content: the PDF.

    Figures that are not among the drawn ones of the kind are drawn.
    """

    def hollow(content: bytes) -> bytes:
        return re.match(rb".*?<svg[^>]*>", content, re.DOTALL)[0] + b"</svg>"

    def draw(numbers, kind):
        found = dict(drawn[kind])
        for key, make in figures.ALL.items():
            if f"{key}.svg" not in found and figures.has(numbers, key):
                found[f"{key}.svg"] = make(numbers)
        return {name: hollow(content) for name, content in found.items()}

    def render(numbers, kind="plain") -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(figures, "draw", lambda given: draw(given, kind))
            return build.render(numbers)

    return render


def section(name: str, numbers) -> str:
    """Return a section as it is written for Typst, escapes undone and spaces made one."""
    text = render.seen_text(render.template(f"{name}{render.SUFFIX}", numbers))
    return text.replace("\u00a0", " ")


def said(name: str, macro: str, numbers, *given) -> str:
    """Return what a macro of a template says, spaces as typed."""
    return render.say(name, macro, numbers, *given).replace("\u00a0", " ")


def cells(text: str) -> list[list[str]]:
    """Return the rows of a section's tables, heads among them."""
    rows = re.findall(r"\(((?:\s*\[[^\]]*\],?){2,})\s*\)", text)
    return [[cell.strip() for cell in re.findall(r"\[([^\]]*)\]", row)] for row in rows]


@dataclass(frozen=True)
class Paged:
    """A run of two pairs, one of them under two scenarios, and its numbers by scenario."""

    run: Path
    every: list


@pytest.fixture(scope="session")
def paged(tmp_path_factory):
    """Return what a web page is made of, with an invented backtest."""
    place = tmp_path_factory.mktemp("page")
    run, backtest = two_scenarios.make_run(place / "run"), place / "summary.csv"
    invented_skill.rows().to_csv(
        backtest, index=False, float_format="%.5g", lineterminator="\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skill, "FILE", backtest)
        own, other = payload.collect(run), payload.collect(run, *two_scenarios.SECOND)
    folder = payload.pair_folder(run, *two_scenarios.SECOND)
    return Paged(
        run, [page_numbers.by_scenario(run, own), page_numbers.by_scenario(folder, other)]
    )


def pages(content: bytes) -> list[str]:
    """Return the text of each page of a PDF, spaces made one."""
    return [
        re.sub(r"\s+", " ", page.extract_text().replace("\u00a0", " "))
        for page in pypdf.PdfReader(io.BytesIO(content)).pages
    ]


def outline(content: bytes) -> list[str]:
    """Return the titles of a PDF's sections."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    return [item.title for item in reader.outline if not isinstance(item, list)]
