"""Reading what a run stores, and the few computations that every part of a payload shares."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BANDS,
    BASELINE,
    CONVENTION,
    DRAW,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    INDEPENDENCE,
    KIND,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import events as event_rules

SUPPORTED, CONTRADICTED = 0.95, 0.05
"""A statement is called supported at the first probability, contradicted at the second."""
EVENT_COLUMNS = ("event", "domain", KIND, "scenario", "year", "probability", "mc_error")
TIMING_COLUMNS = (
    "event",
    "domain",
    "scenario",
    "probability_within_horizon",
    "median_year",
    "q05",
    "q25",
    "q75",
    "q95",
    "horizon",
)

OBSERVED = (EXPORT_CROSSOVER, EXPORT_CROSSOVER_SINGLE, INDEPENDENCE)
"""Events whose state at the origin is on record."""


def present(path: Path, remedy: str = "") -> Path:
    """Return the path of a file that a report needs.

    Raises
    ------
    InputError
        If it is not there; `remedy` says what to do then.
    """
    if not path.is_file():
        rule = f"missing from the run folder: a report needs {path.name}"
        raise InputError(fault(f"{rule}{remedy}", file=path))
    return path


def read_json(path: Path) -> dict[str, Any]:
    """Read a record."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(fault(f"not a readable run record ({error})", file=path)) from None


def read_toml(path: Path) -> dict[str, Any]:
    """Read a priors file."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(fault(f"not a readable priors file ({error})", file=path)) from None


def read_netcdf(path: Path, opener: Any) -> Any:
    """Open a NetCDF file with one of the openers of xarray."""
    try:
        return opener(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError) as error:
        text = str(error).splitlines()[0]
        raise InputError(fault(f"not a readable NetCDF file ({text})", file=path)) from None


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that must have some columns."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(fault(f"not a readable table ({error})", file=path)) from None
    for column in columns:
        if column not in table.columns:
            raise InputError(fault("the column is missing", file=path, column=column))
    return table


def fan(draws: xr.DataArray, year: str) -> dict[str, list[float]]:
    """Quantiles by year over all else of an array (draw, ..., year)."""
    values = draws.transpose(..., year).values.reshape(-1, draws.sizes[year]).astype(float)
    levels = np.quantile(values, list(BANDS.values()), axis=0)
    return {"year": draws[year].values.tolist(), **dict(zip(BANDS, levels, strict=True))}


def gap_over_conventions(past: xr.DataArray, ahead: xr.DataArray) -> dict[str, Any]:
    """Return the fan of a gap of capacity, over draws and conventions, and who is ahead by year.

    Parameters
    ----------
    past, ahead
        (draw, convention, year) and (draw, convention, year_future).

    Returns
    -------
    dict
        `gap`: `past` and `future`; `ahead`: `year` and `probability`.
    """
    every = [DRAW, CONVENTION]
    before = (past > 0).mean(every).where(np.isfinite(past).all(every))
    return {
        "gap": {"past": fan(past, YEAR), "future": fan(ahead, YEAR_FUTURE)},
        "ahead": {
            "year": [*past[YEAR].values.tolist(), *ahead[YEAR_FUTURE].values.tolist()],
            "probability": [*before.values, *(ahead > 0).mean(every).values],
        },
    }


def observed(values: xr.DataArray) -> dict[str, list[float]]:
    """Known values of a (year,) array."""
    of = values.values.astype(float)
    known = ~np.isnan(of)
    return {"year": values[YEAR].values[known].tolist(), "value": of[known]}


def at_year(
    entry: Mapping[str, Any], year: int, kind: str | None = None, key: str = "probability"
) -> float | None:
    """Answer of a kind at a year, of the one that leads by default; None where there is none."""
    answers = entry["kinds"].get(kind or entry["leads"])
    if answers is None or year not in entry["year"]:
        return None
    return answers[key][list(entry["year"]).index(year)]


def verdict(probability: float | None) -> str:
    """Return what a probability says of a statement: supported, contradicted, open, untested."""
    if probability is None:
        return "untested"
    if probability >= SUPPORTED:
        return "supported"
    return "contradicted" if probability <= CONTRADICTED else "open"


class Tables:
    """Probability by year and timing of the events of one scenario of a run.

    Parameters
    ----------
    events, timing
        The files events.csv and timing.csv.
    origin
        Last year of data: what the tables say of earlier years is not shown.
    scenario
        Whose events; the baseline's unless told otherwise.
    """

    def __init__(
        self, events: Path, timing: Path, origin: int, scenario: str = BASELINE
    ) -> None:
        self.timing, self.origin, self.scenario = timing, origin, scenario
        table = read_table(events, EVENT_COLUMNS)
        known = table["probability"].notna() & (table["year"] >= origin)
        self.answers = _by_event(table[known].sort_values("year", kind="stable"), scenario)
        self.times = _by_event(read_table(timing, TIMING_COLUMNS), scenario)

    def entry(self, event: str, domain: str = ALL_DOMAINS) -> dict[str, Any]:
        """Return what is known of one event in one domain; `defined` is False where nothing is.

        `kinds`: probability and Monte-Carlo error by kind of answer, of which one `leads`; the
        years and what is said of timing are of first passage.

        Raises
        ------
        InputError
            If the two files do not agree on which events there are.
        """
        rows = self.answers.get((event, domain))
        if rows is None:
            return {"event": event, "defined": False}
        times = self.times.get((event, domain), ())
        if len(times) != 1:
            what = event if domain == ALL_DOMAINS else f"{event} {domain}"
            rule = f"needs exactly one {self.scenario} row of {what!r}, as events.csv has it"
            raise InputError(fault(rule, file=self.timing, value=len(times)))
        (time,) = times
        kinds = event_rules.kinds_of(event)
        own = {kind: [row for row in rows if row[KIND] == kind] for kind in kinds}
        passage = own[FIRST_PASSAGE]
        happened = np.array([row["probability"] for row in passage], float)
        return {
            "event": event,
            "defined": True,
            "year": [int(row["year"]) for row in passage],
            "leads": kinds[0],
            "kinds": {
                kind: {
                    key: np.array([row[key] for row in of], float)
                    for key in ("probability", "mc_error")
                }
                for kind, of in own.items()
            },
            "in_year": np.diff(happened, prepend=0.0).clip(0.0),
            "within": float(time["probability_within_horizon"]),
            "never": 1.0 - float(time["probability_within_horizon"]),
            "median": time["median_year"],
            **{key: time[key] for key in ("q05", "q25", "q75", "q95")},
            "observed_at_origin": event in OBSERVED,
        }


def _by_event(
    table: pd.DataFrame, scenario: str
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return (event, domain) → its rows of a scenario."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in table[table["scenario"] == scenario].to_dict("records"):
        found[row["event"], row["domain"]].append(row)
    return dict(found)
