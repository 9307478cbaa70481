"""Five real vintages in their order, as a user would take them in.

The panel as of April 2024; then SIPRI's deliveries of January 2025, its military expenditure of
2025, the World Bank's releases of 2025 and 2026, and SIPRI's deliveries of February 2026. A whole
fit, and beside it a cold one, at each step: about an hour and a half on two cores. Run it with

    uv run pytest -m slow -s tests/slow/test_replay.py

It needs the providers' own files (CROSSOVER_RAW) and prints the table that the README shows.
"""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import time
from pathlib import Path

import pytest

from data.tables import KEYS, PANEL, TABLES, read, write
from forecast import cli

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
def panel(tmp_path_factory):
    """Return the panel as it stood in April 2024: the shipped one without later releases."""
    if not (RAW / "sipri").is_dir():
        pytest.skip("the providers' real files are not here; CROSSOVER_RAW says where they are")
    folder = tmp_path_factory.mktemp("replay") / "panel"
    shutil.copytree(PANEL, folder)
    for table in TABLES:
        if "vintage" in KEYS.get(table, ()) or table == "vintages":
            rows = [row for row in read(table, PANEL) if row.vintage <= START]
            write(table, rows, folder)
    return folder


def crossover(*words) -> int:
    return cli.main([str(word) for word in words])


def probabilities(run: Path) -> dict[tuple, tuple[float, float]]:
    """Return every published probability of the baseline, with its Monte-Carlo error."""
    with (run / "events.csv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["event"], row["domain"], row["year"]): (
                float(row["probability"]), float(row["mc_error"]),
            )
            for row in csv.DictReader(lines)
            if row["scenario"] == "baseline"
        }  # fmt: skip


def test_five_vintages_are_taken_in_one_after_another(panel, tmp_path, capsys):
    store = tmp_path / "store"
    at = ("--panel", panel, "--store", store)
    runs = [tmp_path / "0"]
    assert crossover("run", *at, "--out", runs[0]) == cli.DONE
    table = []
    for number, (name, files) in enumerate(STEPS.items(), start=1):
        files = [RAW / file for file in files]
        capsys.readouterr()
        assert crossover("data", "add", *files, *at, "--dry-run") == cli.DONE
        seen = capsys.readouterr()
        assert "What is new" in seen.out and "dry run: nothing was written" in seen.err

        run, cold = tmp_path / str(number), tmp_path / f"{number}-cold"
        start = time.perf_counter()
        done = crossover("update", *files, *at, "--run", runs[-1], "--out", run)
        updated = time.perf_counter() - start
        assert done == cli.DONE, name
        capsys.readouterr()
        assert crossover("data", "add", *files, *at) == cli.DONE
        assert "nothing new" in capsys.readouterr().err
        start = time.perf_counter()
        assert crossover("run", *at, "--out", cold) == cli.DONE
        refitted = time.perf_counter() - start

        ours, theirs = probabilities(run), probabilities(cold)
        assert ours.keys() == theirs.keys()
        apart = {
            key: abs(ours[key][0] - theirs[key][0])
            / max(math.hypot(ours[key][1], theirs[key][1]), 1e-3)
            for key in ours
        }
        worst = max(apart, key=apart.__getitem__)

        assert crossover("explain", runs[-1], run, *at) == cli.DONE
        told = json.loads((run / "explain.json").read_text("utf-8"))
        for fall in told["waterfalls"]:
            changes = [bar["end"] - bar["start"] for bar in fall["bars"] if None not in
                       (bar["end"], bar["start"])]  # fmt: skip
            if len(changes) == len(fall["bars"]):
                assert math.fsum(changes) == pytest.approx(fall["to"] - fall["from"], abs=1e-9)
        assert crossover("ledger", "check", "--store", store) == cli.DONE

        said = json.loads((run / "run.json").read_text("utf-8"))
        table.append((name, said["update"]["how"], said["update"]["khat"], updated, refitted,
                      worst, apart[worst]))  # fmt: skip
        with capsys.disabled():
            print(*table[-1], sep=" | ")
        assert apart[worst] < ERRORS, worst
        runs.append(run)
    with capsys.disabled():
        print("\n| step | how | k-hat | update, s | cold run, s | worst question | errors apart |")
        for row in table:
            print("|", " | ".join(str(cell) for cell in row), "|")
