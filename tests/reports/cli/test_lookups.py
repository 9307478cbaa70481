"""Commands that only look something up import nothing that a fit needs, and are there at once.

Each runs as a whole process of its own, on a store with a run and a ledger that has come due.
"""

import json
import subprocess
import sys

import pandas as pd
import pytest
import xarray as xr

from crossover.forecast import ledger, runs, seal, steps, stored_run
from tests.synthetic import make_run

HEAVY = (
    "pymc", "pytensor", "nutpie", "arviz", "numba", "matplotlib", "scipy", "pandas", "xarray",
    "distributed", "typst",
)  # fmt: skip
EARLIER = 4
"""Years by which the invented forecast is moved back, so that figures have come since."""
PROGRAM = """
import json, os, sys
from crossover.reports.cli.app import main
code = main(sys.argv[1:])
own = os.times()
print(json.dumps({"code": code, "loaded": [m for m in %r if m in sys.modules],
                  "seconds": own.user + own.system}))
"""
COMMANDS = {
    "scenario list": "double_confrontation",
    "ledger list": "capacity_crossover",
    "claims": "Russia is still ahead in submarines",
    "score": "export_crossover",
}
"""Command → what it must have printed: that it did its work."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store with one run whose forecast was made some years ago, entered."""
    folder = tmp_path_factory.mktemp("start") / "store"
    run = make_run(folder / runs.RUNS / "20260101-000000-aaaa", draws=20)
    said = runs.read(run) | {"supplier": "RUS", "recipient": "CHN", "as_of": None}
    with xr.open_dataset(run / stored_run.FORECAST, engine=stored_run.ENGINE) as opened:
        futures = opened.load()
    years = {dim: futures[dim] - EARLIER for dim in ("year", "year_future")}
    origin = futures.attrs["origin"] - EARLIER
    futures.assign_coords(years).assign_attrs(origin=origin).to_netcdf(
        run / stored_run.FORECAST, engine=stored_run.ENGINE
    )
    for name, column in ((steps.EVENTS_FILE, "year"), (steps.TIMING_FILE, "horizon")):
        table = pd.read_csv(run / name)
        table[column] -= EARLIER
        table.to_csv(run / name, index=False)
    seal.close(run, said, runs.RECORD)
    assert ledger.enter(folder, run).new
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_looks_up_imports_nothing_that_a_fit_needs(store, command):
    words = [*command.split(), *(("--store", store) if command != "scenario list" else ())]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % (HEAVY,), *map(str, words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *printed, last = done.stdout.splitlines()
    found = json.loads(last)
    assert found["code"] == 0 and COMMANDS[command] in "\n".join(printed)
    assert found["loaded"] == []
    # A second is promised where nothing else runs; processors that are shared take their time.
    assert found["seconds"] < 4.0
