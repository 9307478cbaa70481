"""The tutorial is done from its first command to its last, on invented numbers.

What simulates is not: the forecast of the pair is there already, draws from priors are left out.
Report and page are made in the slow lane.
"""

import contextlib
import io
import itertools
import json
import re
import shlex
import signal

import pytest

from crossover.data.names import BASELINE
from crossover.forecast import elicited, scenarios, stored_forecast
from crossover.forecast.runs import pair_folder, read
from crossover.forecast.stored_run import GATE_FILE
from crossover.reports.cli import app
from crossover.reports.reading import EVENT_COLUMNS, read_table
from tests.published import make_store
from tests.reports import copied

BLOCKS = copied.blocks("tutorial")
STEPS = 7
COMMANDS = 18
COSTLY = "report --brief"
"""What the block of commands holds that takes long."""


def told(*words):
    """Run a command as a user does: exit code, and what a terminal shows."""
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            code = app.main(list(words))
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    return code, shown.getvalue()


def form(line):
    """Return a line without what depends on the run: its numbers, its bars, its spaces."""
    line = re.sub(r"(?<![\w.])([+\-−]?\d[\d,.]*|-)(?![\w])", "0", line)
    return " ".join(line.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a store, where the tutorial begins."""
    folder = tmp_path_factory.mktemp("tutorial")
    make_store(folder / "crossover-store", draws=20)
    return folder


def shell(costly):
    """Return the blocks of commands that take long, or the others."""
    own = [block.text for block in BLOCKS if block.language == "sh"]
    return [line for text in own if (COSTLY in text) == costly for line in text.splitlines()]


def quoted(costly):
    """Return the lines that are quoted after such blocks."""
    after = itertools.pairwise(BLOCKS)
    own = [two.text for one, two in after if two.language == "text" and one.language == "sh"
           and (COSTLY in one.text) == costly]  # fmt: skip
    return [line for text in own for line in text.splitlines()]


def missing(lines, printed):
    """Return those of some lines that no command printed."""
    known = {form(line) for _, told in printed.values() for line in told.splitlines()}
    return [line for line in lines if form(line) not in known]


def call(lines):
    """Run commands of the page; return what each ended in and showed."""
    assert all(line.startswith("crossover ") for line in lines)
    return {line: told(*shlex.split(line)[1:]) for line in lines}


@pytest.fixture(scope="module")
def done(folder):
    """Do the tutorial; return its folder, what was to be forecast, and what was printed."""
    asked = []

    def forecast(run, pair, given=()):
        said, of = read(run), pair_folder(run, read(run), pair)
        asked.append((pair, [one.name for one in scenarios.choose(given, pair, origin=2024)]))
        if of != run:
            (of / GATE_FILE).write_text(json.dumps(said["gate"]), "utf-8")
        return read_table(of / "events.csv", EVENT_COLUMNS), None, said["gate"]

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CROSSOVER_STORE", raising=False)
        patch.setattr(stored_forecast, "forecast_stored", forecast)
        patch.setattr(elicited, "consequences", lambda *given: [])
        patch.chdir(folder)
        for block in BLOCKS:
            if block.language in ("toml", "csv"):
                (folder / block.file).write_text(block.text, "utf-8")
        return folder, asked, call(shell(costly=False))


def test_every_command_ends_well(done):
    assert len(shell(costly=False)) + len(shell(costly=True)) == len(done[2]) + 2 == COMMANDS
    assert {line: told for line, told in done[2].items() if told[0] != 0} == {}


def test_every_line_that_is_quoted_is_printed(done):
    assert len(quoted(costly=False)) > 20
    assert missing(quoted(costly=False), done[2]) == []


@pytest.mark.slow
def test_report_and_page_are_made(folder, monkeypatch):
    monkeypatch.delenv("CROSSOVER_STORE", raising=False)
    monkeypatch.chdir(folder)
    printed = call(shell(costly=True))
    assert [code for code, _ in printed.values()] == [0, 0]
    assert quoted(costly=True) and missing(quoted(costly=True), printed) == []
    for name in ("brief.pdf", "page.html"):
        assert (folder / name).stat().st_size > 10_000, name


def test_the_files_that_it_names_are_there(done):
    for name in ("figures/forecast.xlsx", "changes.html"):
        assert (done[0] / name).stat().st_size > 1000, name
    assert (done[0] / "crossover-store/priors/elicited-v1.toml").is_file()
    assert not (done[0] / "crossover-store/panel").exists()


def test_the_pair_and_the_scenario_that_it_asks_for_are_forecast(done):
    assert done[1] == [
        (("FRA", "VNM"), [BASELINE]), (("RUS", "CHN"), [*scenarios.SHIPPED, "research"]),
    ]  # fmt: skip


def test_it_has_its_steps():
    text = (copied.GUIDE / "tutorial.md").read_text("utf-8")
    assert [int(n) for n in re.findall(r"^## (\d)\.", text, re.MULTILINE)] == [*range(1, STEPS + 1)]
