"""Forecasts as they would have been made at the time, and what came of them.

Every forecaster, ours or a benchmark, is given the panel that `origins.seen` allows and returns the
same thing: quantiles of every series and probabilities of every event. Forecasts are kept one file
an origin and model, so that a backtest goes on where it stopped.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import whole
from crossover.data.churn import Registers
from crossover.data.errors import InputError, fault
from crossover.data.listings import BOOK, LISTING
from crossover.data.names import RECIPIENT, REST, SUPPLIER
from crossover.data.tables import Panel
from crossover.forecast import baselines, fans, order_book, runs, skill, skill_tables, summary
from crossover.forecast.draws import store
from crossover.forecast.origins import outturns, resolve, series
from crossover.forecast.past_forecasts import ENGINE, OPTIONS, VARIANTS, benchmark, ours
from crossover.forecast.real_time import figures_seen, seen
from crossover.forecast.skill import (
    CLIMATOLOGY,
    DISTANCE,
    DYADS,
    EXPORTS,
    HORIZON,
    IMPORTS,
    ORDERS,
    QUESTION,
    RD_SHARE,
    RELEASE,
)
from crossover.models import priors as beliefs

FIRST_ORIGIN = 2005
FORECASTS = "forecasts"
SCORES, SUMMARY, EVENTS, CALIBRATION, FITS = (
    "scores.csv", "skill.csv", "events_skill.csv", "calibration.csv", "fits.csv",
)  # fmt: skip


# Forecasters -----------------------------------------------------------------------------------


def score_all(
    forecasts: Iterable[xr.Dataset], came: xr.Dataset, assumed: Mapping[int, Mapping[str, float]]
) -> pd.DataFrame:
    """Score forecasts of any origins and models.

    Parameters
    ----------
    forecasts : See `skill.score_forecast`.
    came : As from `outturns`.
    assumed : Origin → `assumed_share` of the panel that was seen.
    """
    tiv = came["tiv"]
    pairs = [
        (str(s), str(r)) for s in tiv[SUPPLIER].values for r in tiv[RECIPIENT].values
        if REST not in (s, r) and s != r
    ]  # fmt: skip
    whole = xr.concat(
        [series(came.sel({RELEASE: r}), pairs) for r in came[RELEASE].values],
        came[RELEASE],
        join="outer",
    )
    parts = []
    for said in map(skill.with_states, forecasts):
        origin = int(said.attrs["origin"])
        share = assumed[origin]
        vintage = {
            **dict.fromkeys((IMPORTS, EXPORTS, DYADS, ORDERS), share["tiv"]),
            RD_SHARE: share["rd_share"],
            DISTANCE: share["ideal_point"],
        }
        resolved = xr.DataArray(np.empty((2, 0, 0)), dims=(RELEASE, QUESTION, HORIZON))
        if QUESTION in said.dims:
            resolved = xr.DataArray(
                resolve(said, tiv, origin, said[HORIZON].values),
                dims=(RELEASE, QUESTION, HORIZON),
                coords={RELEASE: came[RELEASE]},
            )
        parts.append(skill.score_forecast(said, whole, resolved, vintage))
    return pd.concat(parts, ignore_index=True)


# The backtest as a whole -----------------------------------------------------------------------


class Job(NamedTuple):
    """A forecast to make: of one origin, by one model."""

    origin: int
    model: str

    @property
    def name(self) -> str:
        """Return the job's name, as in "2014/full"."""
        return f"{self.origin}/{self.model}"


def benchmarks() -> tuple[str, ...]:
    """Return the names of all benchmarks whose library is installed."""
    return (*baselines.available(), CLIMATOLOGY)


def jobs(origins: Sequence[int], models: Sequence[str]) -> list[Job]:
    """Return what there is to do, the quickest first; raise InputError for an unknown model."""
    known = (*VARIANTS, *baselines.NAMES, CLIMATOLOGY)
    for name in models:
        if name not in known:
            rule = f"unknown model; known are {', '.join(known)}"
            raise InputError(fault(rule, column="--models", value=name))
    missing = set(models) - set(VARIANTS) - set(benchmarks())
    if missing:
        rule = "needs scikit-learn: uv run --group bench crossover backtest"
        raise InputError(fault(rule, column="--models", value=", ".join(sorted(missing))))
    order = sorted(models, key=lambda m: m in VARIANTS)
    return [Job(origin, model) for model in order for origin in origins]


def place(out: Path, job: Job) -> Path:
    """Return where a job's forecast is kept."""
    return out / FORECASTS / str(job.origin) / f"{job.model}.nc"


def keep(out: Path, job: Job, made: xr.Dataset) -> Path:
    """Keep a forecast, whole or not at all."""
    path = place(out, job)
    path.parent.mkdir(parents=True, exist_ok=True)
    store(made, path)
    return path


def kept(out: Path) -> list[xr.Dataset]:
    """Return every forecast that is kept, by origin and model."""
    found = []
    for path in sorted((out / FORECASTS).glob("*/*.nc")):
        if path.name.startswith("."):
            continue
        try:
            with xr.open_dataset(path, engine=ENGINE) as one:
                found.append(one.load())
        except (OSError, ValueError, KeyError):
            rule = "cannot be read: remove it, and it is made anew"
            raise InputError(fault(rule, file=path)) from None
    return found


def claim(out: Path, options: Mapping[str, Any]) -> None:
    """Note what a backtest is made with; raise InputError if it was begun with something else."""
    path = out / OPTIONS
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(fault(f"the folder cannot be made ({reason})", file=out)) from None
    if not path.is_file():
        if any(out.iterdir()):
            rule = f"is not empty and holds no {OPTIONS}: give another --out"
            raise InputError(fault(rule, file=out))
        runs.write(path, dict(options))
        return
    try:
        held = json.loads(path.read_text("utf-8"))
    except ValueError:
        raise InputError(fault("is not valid JSON", file=path)) from None
    for key, value in runs.plain(options).items():
        if held.get(key) != value:
            rule = f"was begun with {key} {held.get(key)}, not {value}: give another --out"
            raise InputError(fault(rule, file=out))


def made_with(
    horizons: int, sampler: Mapping[str, int], given: beliefs.Priors, folder: Panel
) -> dict[str, Any]:
    """Return what all forecasts of one backtest must share, for its record."""
    from crossover.forecast import record

    return {
        "horizons": horizons,
        **sampler,
        "panel": record.hash_panel(folder),
        "priors": record.hash_text(given.text),
    }


def pending(out: Path, wanted: Iterable[Job]) -> list[Job]:
    """Return the jobs whose forecast is not kept yet."""
    return [job for job in wanted if not place(out, job).is_file()]


def work(job: Job, panel: xr.Dataset, horizons: int, given: Any, sampler: dict) -> xr.Dataset:
    """Do a job: what a worker runs. `given` are the entries and constants of the priors."""
    if job.model in VARIANTS:
        own = beliefs.Priors(variables=given[0], constants=given[1], text="")
        return ours(job.model, panel, job.origin, horizons, own, **sampler)
    return benchmark(job.model, panel, job.origin, horizons, sampler["seed"])


def run(
    out: Path,
    wanted: Sequence[Job],
    *,
    horizons: int,
    given: beliefs.Priors,
    sampler: Mapping[str, int],
    folder: Panel = None,
    workers: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> list[str]:
    """Make every forecast that is not kept yet; return the names of those that failed."""
    from crossover.forecast import cluster

    todo = pending(out, wanted)
    done = len(wanted) - len(todo)
    if done:
        say(f"{done} of {len(wanted)} forecasts are kept already")
    if not todo:
        return []
    registers = Registers(folder)
    panels = {
        origin: seen(origin, folder, registers) for origin in sorted({job.origin for job in todo})
    }
    with_book = [job.origin for job in todo if job.model == baselines.ORDER_BOOK]
    held = order_book.read_books(max(with_book), folder) if with_book else {}
    booked = {origin: order_book.seen(panels[origin], held) for origin in with_book}
    plain = {
        origin: panel.drop_dims([LISTING, BOOK], errors="ignore")
        for origin, panel in panels.items()
    }

    def seen_by(job: Job) -> xr.Dataset:
        whole = panels if job.model in VARIANTS else plain
        return (booked if job.model == baselines.ORDER_BOOK else whole)[job.origin]

    entries = (
        {name: dict(entry) for name, entry in given.variables.items()},
        {name: dict(entry) for name, entry in given.constants.items()},
    )
    tasks = [
        cluster.Task(
            job.name, work,
            (job, seen_by(job), horizons, entries, dict(sampler)),
        )
        for job in todo
    ]
    by_name = {job.name: job for job in todo}

    def finished(name: str, made: xr.Dataset) -> None:
        keep(out, by_name[name], made)

    failed = cluster.run(
        tasks, finished, workers=workers, scheduler=scheduler, say=say
    )
    return sorted(failed)


def report(out: Path, folder: Panel = None, command: str = "") -> dict[str, pd.DataFrame]:
    """Score all that is kept and write the tables; return them by file name.

    scores.csv holds a row a score (see `skill.compact`); skill.csv compares models by target and
    group of horizons; events_skill.csv, calibration.csv and fits.csv say how good events, intervals
    and fits are; pairs.csv holds what was forecast of single pairs (see `fans.of_backtest`);
    summary.csv (see `summary.summarise`) is what a report prints of all that, with
    `command`, which is on record in it.
    """
    from crossover.forecast import record

    forecasts = kept(out)
    if not forecasts:
        raise InputError(fault("holds no forecast yet", file=out))
    origins = sorted({int(f.attrs["origin"]) for f in forecasts})
    assumed = {o: json.loads(figures_seen(o, folder).attrs["assumed_share"]) for o in origins}
    table = score_all(forecasts, outturns(folder), assumed)
    present = list(dict.fromkeys(str(f.attrs["model"]) for f in forecasts))
    models = [name for name in VARIANTS if name in present]
    others = [name for name in present if name not in models]
    tables = {
        SCORES: skill.compact(table),
        SUMMARY: skill_tables.summary(table, models or others[:1], others),
        EVENTS: skill_tables.events(table),
        CALIBRATION: skill_tables.calibration(table),
        fans.FILE: fans.of_backtest(forecasts),
        FITS: pd.DataFrame(
            [
                {key: f.attrs.get(key) for key in
                 ("origin", "model", "seconds", "seconds_fit", *summary.OF_FIT)}
                for f in forecasts
            ]
        ),
    }  # fmt: skip
    options = out / OPTIONS
    made = {
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": command,
        "seed": json.loads(options.read_text("utf-8"))["seed"] if options.is_file() else None,
        "panel": record.hash_panel(folder) if folder else None,
    }
    tables[summary.FILE] = summary.summarise(
        table, tables[SUMMARY], tables[EVENTS], tables[FITS], made
    )
    for name, rows in tables.items():
        text = rows.to_csv(index=False, float_format="%.5g", lineterminator="\n")
        whole.write(out / name, text.encode("utf-8"))
    return tables


def shown(table: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows of the table that is printed: against the best benchmark."""
    header = ["target", "horizons", "model", "best benchmark", "cases", "model's mean", "its mean",
              "skill", "90 %"]
    best = table[table["best"] == 1] if len(table) else table
    rows = [
        [
            r.target, r.group, r.model, r.against, r.cases, f"{r.mean:.4g}", f"{r.other:.4g}",
            f"{r.skill:+.3f}", f"{r.skill_q05:+.3f} to {r.skill_q95:+.3f}",
        ]
        for r in best.itertuples(index=False)
    ]  # fmt: skip
    return header, rows
