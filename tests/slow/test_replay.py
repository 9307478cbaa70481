"""Five real vintages in their order, as a user would take them in.

The panel as of April 2024; then SIPRI's deliveries of January 2025, its military expenditure of
2025, the World Bank's releases of 2025 and 2026, and SIPRI's deliveries of February 2026. A run is
moved at each step and explained, then set against a cold run of the same figures: about an hour and
a half on two cores, the first half of it without the cold runs (`-k explained`). Run it with

    uv run pytest -m slow -s tests/slow/test_replay.py

It needs the providers' own files (CROSSOVER_RAW) and prints the table that the README shows. With
CROSSOVER_REPLAY=FOLDER its runs are kept there, and one that stands there whole is not made again.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from crossover.data.tables import KEYS, PANEL, TABLES, read, write
from crossover.reports.cli import app, console

pytestmark = pytest.mark.slow

RAW = Path(os.environ.get("CROSSOVER_RAW") or Path(__file__).parents[3] / "shared" / "data")
START = "2024-04-30"
STEPS = {
    "SIPRI deliveries, January 2025": ["sipri/delivery_lines_2025-01-03.csv.gz"],
    "military expenditure, April 2025": ["sipri/official_milex_2025-04.xlsx"],
    "World Bank, 2025 to 2026": ["worldbank/wdi_vintages_long.csv.gz"],
    "SIPRI deliveries, February 2026": ["sipri/delivery_lines_2026-02-12.csv.gz"],
}
ERRORS = 3.0
"""Combined Monte-Carlo errors within which two posteriors of the same data agree. Of the some
hundred probabilities that are compared a step, few are independent."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return the folder of the replay's runs."""
    named = os.environ.get("CROSSOVER_REPLAY")
    return Path(named) if named else tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def panel(kept):
    """Return the panel as it stood in April 2024: the shipped one without later releases."""
    if not (RAW / "sipri").is_dir():
        pytest.skip("the providers' real files are not here; CROSSOVER_RAW says where they are")
    folder = kept / "panel"
    shutil.copytree(PANEL, folder, dirs_exist_ok=True)
    for table in TABLES:
        if "vintage" in KEYS.get(table, ()) or table == "vintages":
            rows = [row for row in read(table, PANEL) if row.vintage <= START]
            write(table, rows, folder)
    return folder


def crossover(*words) -> int:
    return app.main([str(word) for word in words])


def timed(run: Path, *words) -> float:
    """Make a run, unless it stands there whole; return the seconds that it took."""
    clock = run.with_suffix(".seconds")
    if not clock.is_file():
        start = time.perf_counter()
        assert crossover(*words, "--out", run) == console.DONE, words
        clock.write_text(str(time.perf_counter() - start), "utf-8")
    return float(clock.read_text("utf-8"))


def probabilities(run: Path) -> dict[tuple, tuple[float, float]]:
    """Return every published probability of the baseline, with its Monte-Carlo error."""
    with (run / "events.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["event"], row["domain"], row["kind"], row["year"]): (
                float(row["probability"]), float(row["mc_error"]),
            )
            for row in csv.DictReader(lines)
            if row["scenario"] == "baseline"
        }  # fmt: skip


class Step(NamedTuple):
    """A step of the replay: how the run was moved, and how long that took."""

    name: str
    run: Path
    how: str
    reason: str
    seconds: float
    moved: dict[tuple, tuple[float, float]]


@pytest.fixture(scope="module")
def replayed(panel, kept):
    """Take the files in one step after another; return the steps, the first one the first run."""
    store = kept / "store"
    at = ("--panel", panel, "--store", store)
    run = kept / "0"
    seconds = timed(run, "run", *at)
    steps = [Step("first run", run, "cold", "", seconds, probabilities(run))]
    for number, (name, files) in enumerate(STEPS.items(), start=1):
        files = [RAW / file for file in files]
        new = kept / str(number)
        if not new.is_dir():
            preview = io.StringIO()
            with contextlib.redirect_stdout(preview):
                assert crossover("data", "add", *files, *at, "--dry-run") == console.DONE
            assert "What is new" in preview.getvalue()
        seconds = timed(new, "update", *files, *at, "--run", run)
        again = io.StringIO()
        with contextlib.redirect_stderr(again):
            assert crossover("data", "add", *files, *at) == console.DONE
        assert "nothing new" in again.getvalue()
        if not (new / "explain.json").is_file():
            assert crossover("explain", run, new, *at) == console.DONE
        assert crossover("ledger", "check", "--store", store) == console.DONE
        said = json.loads((new / "run.json").read_text("utf-8"))["update"]
        steps.append(Step(name, new, said["how"], said["reason"], seconds,
                          probabilities(new)))  # fmt: skip
        print(name, said["how"], said["reason"], f"{seconds:.0f} s", sep=" | ")
        run = new
    return steps


def test_each_step_is_explained_to_the_last_point(replayed):
    for step in replayed[1:]:
        told = json.loads((step.run / "explain.json").read_text("utf-8"))
        whole = [
            fall for fall in told["waterfalls"]
            if all(None not in (bar["start"], bar["end"]) for bar in fall["bars"])
        ]  # fmt: skip
        assert whole
        for fall in whole:
            changes = [bar["end"] - bar["start"] for bar in fall["bars"]]
            assert math.fsum(changes) == pytest.approx(fall["to"] - fall["from"], abs=1e-9)


def test_each_step_agrees_with_a_cold_run_of_the_same_figures(replayed, panel, kept):
    at = ("--panel", panel, "--store", kept / "cold_store")
    print("\n| step | how | update, s | cold run, s | worst question | errors apart |")
    apart = []
    for number, (step, files) in enumerate(zip(replayed[1:], STEPS.values(), strict=True), start=1):
        assert crossover("data", "add", *(RAW / file for file in files), *at) == console.DONE
        cold = kept / f"cold{number}"
        seconds = timed(cold, "run", *at)
        theirs = probabilities(cold)
        assert step.moved.keys() == theirs.keys()
        far = {
            key: abs(ours[0] - theirs[key][0]) / max(math.hypot(ours[1], theirs[key][1]), 1e-3)
            for key, ours in step.moved.items()
        }
        worst = max(far, key=far.__getitem__)
        apart.append(far[worst])
        print(f"| {step.name} | {step.how} | {step.seconds:.0f} | {seconds:.0f} | "
              f"{worst} | {far[worst]:.2f} |")  # fmt: skip
    assert max(apart) < ERRORS
