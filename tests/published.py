"""A store with runs of invented numbers that hold what a published run holds: see `make_store`."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from tests.synthetic import make_run

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
    futures.assign(imports=1.5 * futures["deliveries"] + 60.0).to_netcdf(path, engine="h5netcdf")
