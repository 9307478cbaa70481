"""A store with runs of invented numbers that hold what a published run holds: see `make_store`."""

from __future__ import annotations

import contextlib
import io
import json
import signal
from pathlib import Path

import numpy as np
import xarray as xr

from crossover.forecast import quantities, runs
from crossover.reports.cli import app
from tests.synthetic import make_run, write_sources

IDS = ("20260101-000000-aaaa", "20260201-000000-bbbb")


def make_store(folder: Path, draws: int = 50) -> Path:
    """Write two runs of Russia and China; the later one holds France and Vietnam too."""
    for at, name in enumerate(IDS):
        run = make_run(folder / "runs" / name, draws=draws, seed=20240101 + at)
        record = json.loads((run / "run.json").read_text("utf-8"))
        record |= {"id": name, "supplier": "RUS", "recipient": "CHN"}
        (run / "run.json").write_text(json.dumps(record), "utf-8")
        _with_imports(run)
    make_run(run / "pairs" / "FRA-VNM", "undefined", draws=draws)
    return folder


def _with_imports(run: Path) -> None:
    """Let the recipient import something of others beside what the supplier delivers."""
    path = run / "forecast.nc"
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        futures = opened.load()
    futures = futures.assign(imports=1.5 * futures["deliveries"] + 60.0)
    futures.to_netcdf(path, engine="h5netcdf")
    write_sources(futures, run)


SOLD = ("AAA", "AAA", "BBB", "ROW")
BOUGHT = ("XXX", "YYY", "XXX", "XXX")


def made_by_hand(store: Path, name: str, later: list[tuple[float, ...]]) -> Path:
    """Write a run of which all pairs are forecast, and nothing else, and return it.

    AAA delivers 100 TIV million a year to XXX and YYY on record, BBB 50 and the rest of the world
    500 to XXX; after 2025 what `later` says, by draw and pair.
    """
    run = store / "runs" / name
    run.mkdir(parents=True)
    all_pairs(run, later)
    record = {"id": name, "chains": 1, "supplier": "AAA", "recipient": "XXX"}
    (run / runs.RECORD).write_text(json.dumps(record), "utf-8")
    return run


def all_pairs(run: Path, later: list[tuple[float, ...]]) -> None:
    """Write the deliveries of all pairs of `made_by_hand` into a run."""
    years, ahead = np.arange(1995, 2026), np.arange(2026, 2036)
    past = np.array([100.0, 100.0, 50.0, 500.0])[:, None] * np.ones(len(years))
    future = np.stack([np.array(values)[:, None] * np.ones(len(ahead)) for values in later])
    xr.Dataset(
        {
            "deliveries": (("draw", "pair", "year_future"), future),
            "deliveries_observed": (("pair", "year"), past),
        },
        coords={
            "draw": np.arange(len(later)), "year": years, "year_future": ahead,
            "supplier": ("pair", list(SOLD)), "recipient": ("pair", list(BOUGHT)),
        },
        attrs={"origin": 2025, "posterior": run.name},
    ).to_netcdf(run / quantities.ALL_PAIRS, engine="h5netcdf")  # fmt: skip


def told(*words: object) -> str:
    """Call a command as a user does, and return what it printed; it must end well."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(kind) for kind in kinds]
    out, faults = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(faults):
            code = app.main([str(word) for word in words])
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
    assert code == 0, (words, faults.getvalue())
    return out.getvalue()
