"""An invented run that holds: its gate is that of its draws, its tables follow from them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import SCENARIO
from crossover.forecast import (
    arrivals,
    differences,
    event_tables,
    events,
    gate,
    levels,
    record,
    runs,
    seal,
    sources,
    verify,
)
from tests import synthetic

CHAINS, DRAWS, SEED, YEARS = 4, 200, 5, 8
ENGINE = "h5netcdf"
OF_FIT = ("causes.csv", "capacity_change.csv", "levels_domains.csv")
INVENTED: dict[tuple[str, str], dict[str, pd.DataFrame]] = {}
"""Pair → tables that would follow from a fit."""


def make(folder: Path) -> Path:
    """Write a run of Russia and China that passes the gate, and return it."""
    run = synthetic.make_run(folder, draws=DRAWS, chains=CHAINS, seed=SEED)
    said = json.loads((run / "run.json").read_text("utf-8"))
    said |= {"supplier": "RUS", "recipient": "CHN", "as_of": None, "tune": 100}
    fit(run)
    complete(run)
    tree = xr.load_datatree(run / "posterior.nc", engine=ENGINE)
    said["hashes"] = {
        "panel": "ab" * 32,
        "priors": record.hash_text((run / "priors.toml").read_text("utf-8")),
        "posterior": record.hash_draws(tree["posterior"].to_dataset()),
        "posterior_domains": record.hash_draws(tree["domains/posterior"].to_dataset()),
    }
    said["hashes"] |= draws(run)
    alone = gate.judge_all(tree, None)
    said["gate"] = {**gate.combine(alone, gate.judge_events(tables(run))), "fit": alone}
    seal.close(run, said, "run.json")
    return run


def _order() -> np.ndarray:
    """Return which draw stands where: each half of a chain holds the same ones, shuffled.

    So all halves agree, and the gate passes by more than chance.
    """
    rng, half = np.random.default_rng(SEED), DRAWS // 2
    return np.concatenate([rng.permutation(half) for _ in range(2 * CHAINS)])


def fit(run: Path) -> None:
    """Give the domain layer of a run what a sampler says, and draws that hang together."""
    tree = xr.load_datatree(run / "posterior.nc", engine=ENGINE)
    tree["domains/sample_stats"] = tree["sample_stats"].to_dataset()
    order = _order().reshape(CHAINS, DRAWS)
    for group in ("posterior", "domains/posterior"):
        data = tree[group].to_dataset(inherit=False)
        chains = [data.isel(chain=0, draw=row).drop_vars("draw") for row in order]
        stacked = xr.concat(chains, "chain").transpose("chain", "draw", ...)
        tree[group] = stacked.assign_coords(chain=range(CHAINS), draw=range(DRAWS))
    tree.to_netcdf(run / "posterior.nc", engine=ENGINE)


def complete(folder: Path) -> None:
    """Make a pair's draws small, and give them the figures that invented ones lack."""
    data = xr.load_dataset(folder / "forecast.nc", engine=ENGINE)
    data = data.isel(draw=_order(), year_future=slice(0, YEARS))
    for name in ("gdp", "milex"):
        data[name], data[f"{name}_past"] = data["rd_stock"], data["rd_stock_past"]
    data.attrs["chains"] = CHAINS
    data = _under_two(data, deliveries=2.0 * data["deliveries"])
    data.to_netcdf(folder / "forecast.nc", engine=ENGINE)
    apart = xr.load_dataset(folder / "domains.nc", engine=ENGINE)
    apart = apart.isel(draw=_order(), year_future=slice(0, YEARS), domain=[0, -1])
    apart["main_draw"] = ("draw", np.arange(CHAINS * DRAWS))
    apart.attrs |= data.attrs
    _under_two(apart).to_netcdf(folder / "domains.nc", engine=ENGINE)
    INVENTED[runs.own_pair(data.attrs)] = {name: pd.read_csv(folder / name) for name in OF_FIT}


def _under_two(data: xr.Dataset, **changed: xr.DataArray) -> xr.Dataset:
    """Return draws under a second scenario beside the baseline, with what it changes."""
    other = data.assign(changed).assign_coords({SCENARIO: ["harder"]})
    return xr.concat([data, other], SCENARIO, data_vars="minimal", coords="minimal",
                     compat="override", join="outer", combine_attrs="override")  # fmt: skip


def from_fit(
    run: Path, folder: Path, futures: xr.Dataset, apart: xr.Dataset, seed: int
) -> tuple[dict[str, pd.DataFrame], None, xr.Dataset]:
    """Stand in for what follows from a fit: an invented one has no parameters it could."""
    return INVENTED[runs.own_pair(futures.attrs)], None, xr.Dataset()


def draws(folder: Path) -> dict[str, str]:
    """Return the hashes of a pair's draws."""
    return {
        key: record.hash_draws(xr.load_dataset(folder / f"{key}.nc", engine=ENGINE))
        for key in ("forecast", "domains")
    }


def tables(folder: Path) -> dict[str, np.ndarray]:
    """Write the tables of a pair from its draws; return the indicators of the baseline."""
    futures = xr.load_dataset(folder / "forecast.nc", engine=ENGINE)
    apart = xr.load_dataset(folder / "domains.nc", engine=ENGINE)
    by_domain = events.domain_answers(futures, apart)
    parts = [events.answers(futures), by_domain, events.order_answers(futures)]
    parts = [part for part in parts if part is not None]
    found = list(zip(*map(event_tables.tables, parts), strict=True))
    for name, made in (
        ("events.csv", pd.concat(found[0])), ("timing.csv", pd.concat(found[1])),
        ("domains_ahead.csv", events.domains_ahead(by_domain)),
        ("arrivals.csv", arrivals.arrivals(futures)),
        ("arrivals_below.csv", arrivals.below(futures)), ("levels.csv", levels.levels(futures)),
        (runs.MARKETS_FILE, arrivals.markets(futures)),
        ("scenario_differences.csv", differences.differences(parts, futures, xr.Dataset())),
    ):  # fmt: skip
        (folder / name).unlink(missing_ok=True)
        event_tables.to_csv(made, folder / name)
    if (folder / sources.SUPPLIERS_FILE).is_file():
        synthetic.write_sources(futures, folder)
    return {key: values for part in parts for key, values in events.indicators(part).items()}


def add_pair(run: Path) -> Path:
    """Put a forecast of France and Vietnam into a run, and return its folder."""
    pair = ("FRA", "VNM")
    folder = run / runs.PAIRS / "-".join(pair)
    own = synthetic.make_run(
        folder.with_name("made"), "undefined", draws=DRAWS, chains=CHAINS, seed=SEED
    )
    folder.mkdir()
    for path in own.iterdir():
        if path.name not in ("run.json", "posterior.nc", "priors.toml"):
            shutil.move(path, folder / path.name)
    shutil.rmtree(own)
    complete(folder)
    said = runs.read(run)
    both = gate.combine(said["gate"]["fit"], gate.judge_events(tables(folder)))
    own_record = {
        **both, "fit": said["gate"]["fit"], "run": said["id"], "supplier": pair[0],
        "recipient": pair[1], "posterior": said["hashes"]["posterior"], "hashes": draws(folder),
    }  # fmt: skip
    seal.close(folder, own_record, runs.GATE_FILE)
    return folder


def sealed(folder: Path) -> None:
    """Seal a folder anew, as somebody does who knows how and changes what is in it."""
    name = "run.json" if (folder / "run.json").is_file() else runs.GATE_FILE
    said = json.loads((folder / name).read_text("utf-8"))
    said.pop("seal", None)
    seal.close(folder, said, name)


__all__ = ["SCENARIO", "add_pair", "draws", "fit", "make", "sealed", "tables", "verify"]
