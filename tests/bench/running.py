"""A run from files to the PDF, nothing compiled before, and an update of it, all compiled.

The run knows what was released by the end of the year before; the update moves it to what is known
now. Both are the commands as users give them, and say themselves how long each step took.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from crossover.forecast import events, gate, runs, stored_run
from crossover.forecast.convergence import diagnose
from crossover.reports.cli.console import DONE, GATE_FAILED
from tests.bench import child
from tests.bench.compared import flattened
from tests.bench.starting import crossover
from tests.bench.table import Row, failed

SECTION = "run"
BEFORE = "2025-12-31"
"""A day before the figures of the last year came."""
OTHER = ("USA", "KOR")
"""Another pair, forecast on the same fit."""
REPORT = re.compile(r"^writing the report \.\.\.\n\s+([\d.]+) s$", re.MULTILINE)


def rows(folder: Path, how: Sequence[str] = ()) -> Iterator[Row]:
    """Run, update, and forecast another pair.

    Parameters
    ----------
    folder
        For caches, a store and the runs; empty.
    how
        More options of `crossover run`, as `--quick`.
    """
    caches = child.caches(folder / "caches") | {runs.VARIABLE: str(folder / "store")}
    first, second = folder / "first", folder / "second"
    try:
        words = crossover("run", "--as-of", BEFORE, "--out", first, *how)
        yield from _of_run("run, cold", first, *_called(words, caches))
        words = crossover("update", "--run", first, "--out", second)
        yield from _of_run("update, warm", second, *_called(words, caches))
        yield from fit(second)
        pair = ("--supplier", OTHER[0], "--recipient", OTHER[1])
        for name in ("forecast", "report"):
            _, seconds, memory = _called(crossover(name, "--run", second, *pair), caches)
            yield Row(SECTION, f"{name} of another pair", "whole command", seconds, "s")
            yield Row(SECTION, f"{name} of another pair", "peak memory", memory, "MiB")
    except child.Failed as error:
        yield failed(SECTION, "crossover", error)


def _called(words: Sequence[str], caches: dict[str, str]) -> tuple[str, float, float]:
    return child.command(words, caches, (DONE, GATE_FAILED))


def _of_run(what: str, run: Path, said: str, seconds: float, memory: float) -> Iterator[Row]:
    """Return how long a run took, whole and step by step."""
    record = json.loads((run / runs.RECORD).read_text("utf-8"))
    yield Row(SECTION, what, "whole command", seconds, "s")
    yield Row(SECTION, what, "peak memory", memory, "MiB", "of its largest process")
    for step, spent in record["seconds"].items():
        yield Row(SECTION, what, f"step {step}", spent, "s")
    yield Row(SECTION, what, "step report", float(REPORT.search(said).group(1)), "s")
    passed = record["gate"]["passed"]
    yield Row(SECTION, what, "gate passed", float(passed), "", "1: yes")


def fit(run: Path) -> Iterator[Row]:
    """Return gradients of a draw by part, and effective draws a second, of a run's joint fit."""
    tree = stored_run.stored(run)
    seconds = json.loads((run / runs.RECORD).read_text("utf-8"))["seconds"]["sample"]
    statistics, what = tree["sample_stats"].to_dataset(), "joint fit of the update"
    for part in statistics[gate.PART].values:
        taken = float(statistics["n_steps"].sel({gate.PART: part}).mean())
        yield Row(SECTION, what, f"gradients a draw, {part}", taken, "", "after tuning")
    for which, least in least_ess(tree, run).items():
        yield Row(SECTION, what, f"least ESS of {which}", least, "")
        yield Row(
            SECTION, what, f"least ESS a second of {which}", least / seconds, "1/s",
            "compiling, tuning and what is fitted beside it counted",
        )  # fmt: skip


def least_ess(tree: xr.DataTree, run: Path) -> dict[str, float]:
    """Return the lowest effective sample sizes of parameters, all quantities, and events."""
    posterior = tree["posterior"].to_dataset()
    every = np.concatenate([flattened(values) for values in posterior.data_vars.values()], axis=2)
    with xr.open_dataset(run / stored_run.FORECAST, engine=stored_run.ENGINE) as opened:
        answered = events.answers(opened.load())
    checks = gate.judge_events(events.indicators(answered))["checks"]
    of_events = [check["value"] for check in checks if check["name"] == "ess_bulk"]
    return {
        "parameters": float(diagnose(flattened(posterior["parameters"]))[1].min()),
        "all quantities": float(diagnose(every)[1].min()),
        "events": of_events[0] if of_events else np.nan,
    }
