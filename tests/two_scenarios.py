"""An invented run with a second scenario and a second pair, and texts that would break a page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import BASELINE
from crossover.reports import payload
from tests import synthetic

OTHER = "harder"
TIMES = 2.0
"""By how much deliveries and exports of the second scenario exceed those of the baseline."""
AHEAD = 0.1
"""By how much the supplier's capacity is higher in it, log-odds."""
HOSTILE = "</script><script>alert('broken')</script> & <img src=x onerror=alert(1)>"
TITLE = f"Hardening {HOSTILE}"
SECOND = ("FRA", "VNM")
TABLES = ("events.csv", "timing.csv", "arrivals.csv", "arrivals_below.csv")


def make_run(folder: Path, draws: int = 120, **more: bool) -> Path:
    """Write a run of RUS-CHN under two scenarios, with a forecast of FRA-VNM under one."""
    synthetic.make_run(folder, "plain", draws=draws, **more)
    record = folder / "run.json"
    said = json.loads(record.read_text("utf-8")) | {"supplier": "RUS", "recipient": "CHN"}
    record.write_text(json.dumps(said), "utf-8")
    _second_pair(folder, draws)
    stored = xr.load_dataset(folder / "forecast.nc")
    other = stored.assign_coords(scenario=[OTHER])
    more = {name: TIMES * other[name] for name in ("deliveries", "exports")}
    more["theta"] = other["theta"] + AHEAD * (other["country"] == "RUS")
    other = other.assign(more)
    both = xr.concat([stored, other], "scenario", data_vars="minimal", coords="minimal",
                     compat="override", join="outer", combine_attrs="override")  # fmt: skip
    both.to_netcdf(folder / "forecast.nc", engine="h5netcdf")
    for name in TABLES:
        table = pd.read_csv(folder / name)
        added = table.assign(scenario=OTHER)
        if name == "events.csv":
            added["probability"] = np.round(0.5 * added["probability"], 6)
        pd.concat([table, added]).to_csv(folder / name, index=False)
    heads = {BASELINE: ("Baseline", "Nothing is set."), OTHER: (TITLE, f"Set: {HOSTILE}")}
    texts = {
        name: f"[scenario]\ntitle = {json.dumps(title)}\ndescription = {json.dumps(text)}\n"
        for name, (title, text) in heads.items()
    }
    (folder / "scenarios.json").write_text(json.dumps(texts), "utf-8")
    return folder


def _second_pair(folder: Path, draws: int) -> None:
    apart = synthetic.make_run(folder / "apart", "undefined", draws=draws)
    place = folder / "pairs" / "-".join(SECOND)
    place.mkdir(parents=True)
    for path in apart.iterdir():
        if path.name not in payload.RUN_FILES:
            shutil.move(path, place / path.name)
    shutil.rmtree(apart)
