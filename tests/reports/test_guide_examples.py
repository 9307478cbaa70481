"""Every example of the guide's pages on data out and questions is run, on invented numbers."""

import re
import shlex
from pathlib import Path

import pytest

from crossover.forecast import elicited
from crossover.forecast.quantities import QUANTITIES
from crossover.reports import export as exporting
from tests.published import IDS, all_pairs, make_store, told

GUIDE = Path(__file__).parents[2] / "reports" / "guide"
PAGES = ("ask", "data_out", "own_prior")
SHELL = re.compile(r"^    crossover (\S.*)$", re.MULTILINE)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = make_store(tmp_path_factory.mktemp("guide"), draws=40)
    for name in IDS:
        all_pairs(folder / "runs" / name, 20 * [(0, 100, 150, 500), (0, 4, 150, 500)])
    return folder


@pytest.fixture
def here(store, tmp_path, monkeypatch):
    """Stand in an empty folder with the store at hand."""
    monkeypatch.setenv("CROSSOVER_STORE", str(store))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examples(pattern):
    return [
        pytest.param(found, id=f"{page}-{at}")
        for page in PAGES
        for at, found in enumerate(pattern.findall((GUIDE / f"{page}.md").read_text("utf-8")))
    ]


@pytest.mark.parametrize("line", examples(SHELL))
def test_a_command_of_the_guide_runs(here, line, monkeypatch):
    """Draws of the priors are left out: they take a minute."""
    monkeypatch.setattr(elicited, "consequences", lambda *given: [])
    assert told(*shlex.split(line, comments=True)).strip()


@pytest.mark.parametrize("code", examples(PYTHON))
def test_a_program_of_the_guide_runs(here, code):
    exec(compile(code, "guide", "exec"), {})


def test_the_page_on_data_out_names_every_file():
    text = (GUIDE / "data_out.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)
    assert set(listed) == {
        exporting.PATHS, exporting.PARQUET, exporting.PROBABILITIES, exporting.HUB,
        exporting.BOOK, exporting.DOCUMENT, exporting.DRAWS.format("NAME"),
    }  # fmt: skip


def test_the_page_on_questions_lists_every_quantity_that_may_be_asked():
    text = (GUIDE / "ask.md").read_text("utf-8")
    listed = {name for row in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
              for name in re.findall(r"`(\w+)`", row)}  # fmt: skip
    assert listed == {one.name for one in QUANTITIES.values() if not one.by_domain}
