"""The ledger: what was forecast, entered once and unchangeable, so that it can be scored later.

One entry a question of a published run, and a kind of answer to it. An SQLite file in the store: a
transaction is whole or nothing, whoever is killed and however many write at once. The file refuses
changes and deletions, and each entry carries the hash of the one before it, so that a file edited
by other means shows it. What a chain cannot show by itself is a cut end, or that all of it was
written anew: so each run notes, as its report does, how many entries the ledger held and the hash
of the last (`standing`), and `verify` looks there.
"""

from __future__ import annotations

import csv
import datetime
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    CONTESTED_ORDERS,
    DRAW,
    FIRST_PASSAGE,
    KIND,
    MARKET,
    QUANTITY,
    RECIPIENT,
    SCENARIO,
    SUPPLIER,
    YEAR_FUTURE,
)
from crossover.forecast import run_notes, runs
from crossover.forecast import verify as holding
from crossover.forecast.ledger_file import (
    KEY,
    READ,
    Entry,
    digest,
    entries,
    path,
    raw_rows,
    standing,
    text_of,
    writing,
)
from crossover.forecast.runs import EVENTS_FILE, FORECAST, GATE_FILE, TIMING_FILE
from crossover.forecast.scores import LEVELS

if TYPE_CHECKING:
    import xarray as xr

DELIVERIES, IMPORTS, EXPORTS = "deliveries", "imports", "exports"
DIGITS = 6


SAID = ("origin", "as_of", "vintages", "forecast", "draws", "draws_hash", "created")
"""What must be the same when a run is entered again."""


class Entered(NamedTuple):
    """What entering a run did: entries new and held already, and why nothing was entered."""

    new: int
    held: int
    refused: str


# Entering --------------------------------------------------------------------------------------


def enter(store: Path, run: Path) -> Entered:
    """Enter every question of a run whose gate passed; what is entered already is left as it is.

    Parameters
    ----------
    store : The store; made, with its ledger, when it is not there.
    run : A run folder. Its own pair is entered, and every other pair forecast from it whose gate
        passed.

    Returns
    -------
    Entered : `refused` says why nothing was entered: the gate failed, or a quick run.

    Raises
    ------
    InputError : If the run holds no forecast, if what it says does not follow from its draws, if
        its numbers are not those under which it was entered before, or if the ledger cannot be
        written or is damaged.
    """
    said = runs.read(run)
    if said.get("quick"):
        return Entered(0, 0, "a quick run is for trying out")
    if not (said.get("gate") or {}).get("passed"):
        return Entered(0, 0, "the run has not passed the gate")
    questions = []
    for folder in _folders(run):
        _check_drawn(folder)
        holding.hold_all(run, folder)
        questions += _questions(run, folder, said)
    with writing(store) as connection:
        done = _append(connection, questions, path(store))
    run_notes.note(run, "ledger", standing(store))
    return done


def _check_drawn(folder: Path) -> None:
    if not (folder / FORECAST).is_file():
        raise InputError(fault("the run holds no forecast", file=folder / FORECAST))


def _folders(run: Path) -> Iterator[Path]:
    """Yield the run, and the folders of other pairs that passed."""
    yield run
    for folder in sorted((run / "pairs").glob("???-???")):
        verdict = folder / GATE_FILE
        if verdict.is_file() and json.loads(verdict.read_text("utf-8")).get("passed"):
            yield folder


def _questions(run: Path, folder: Path, said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the questions of a pair's forecast, without their place in the ledger."""
    import xarray as xr

    from crossover.forecast import record

    file = folder / FORECAST
    try:
        with xr.open_dataset(file, engine="h5netcdf") as opened:
            futures = opened.load()
    except (OSError, ValueError):
        rule = "the run holds no forecast that can be read"
        raise InputError(fault(rule, file=file)) from None
    digest = record.hash_draws(futures)
    recorded = (said.get("hashes") or {}).get("forecast")
    if folder == run and recorded not in (None, digest):
        rule = "the draws are not those on the run's record"
        raise InputError(fault(rule, file=file))
    shared = {
        "run": str(said["id"]),
        "domain": ALL_DOMAINS,
        "supplier": str(futures.attrs["supplier"]),
        "recipient": str(futures.attrs["recipient"]),
        "origin": int(futures.attrs["origin"]),
        "as_of": said.get("as_of") or "",
        "vintages": _vintages(run),
        "draws": int(futures.sizes[DRAW]),
        "draws_hash": digest,
        "created": str(said["created"]),
    }
    yield from _events(folder, shared)
    yield from _quantities(futures, shared)


def _vintages(run: Path) -> dict[str, str]:
    """Return series → newest release that the run's fit used, as its posterior says."""
    import xarray as xr

    try:
        with xr.open_dataset(
            run / "posterior.nc", engine="h5netcdf", group="constant_data"
        ) as data:
            return json.loads(data.attrs.get("vintages", "{}"))
    except (OSError, ValueError, KeyError):
        return {}


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except OSError as error:
        raise InputError(fault(f"cannot be read ({error.strerror})", file=file)) from None


def _events(folder: Path, shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every event of the baseline: what rests on a scenario can not be scored."""
    by = ("event", "domain", "scenario")
    found: dict[tuple, dict[str, Any]] = defaultdict(lambda: {"probability": {}, "mc_error": {}})
    for row in _rows(folder / EVENTS_FILE):
        if row["scenario"] != BASELINE:
            continue
        held = found[(*(row[c] for c in by), row[KIND])]
        for column in ("probability", "mc_error"):
            held[column][row["year"]] = float(row[column])
    skip = (*by, "supplier", "recipient")
    for row in _rows(folder / TIMING_FILE):
        if row["scenario"] != BASELINE:
            continue
        timing = {c: float(v) if v else None for c, v in row.items() if c not in skip}
        found[(*(row[c] for c in by), FIRST_PASSAGE)]["timing"] = timing
    for (event, domain, scenario, kind), forecast in found.items():
        if event == CONTESTED_ORDERS:
            forecast["markets"] = [row[MARKET] for row in _rows(folder / runs.MARKETS_FILE)]
        yield shared | {
            "kind": kind,
            "question": event,
            "country": "",
            "domain": domain,
            "scenario": scenario,
            "forecast": forecast,
        }


def _quantities(futures: xr.Dataset, shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pair = {DELIVERIES: [""], IMPORTS: [shared[RECIPIENT]]}
    known = [str(code) for code in futures[SUPPLIER].values] if SUPPLIER in futures.dims else []
    pair[EXPORTS] = [code for code in (shared[SUPPLIER], shared[RECIPIENT]) if code in known]
    for name, countries in pair.items():
        if name not in futures:
            continue
        for country in countries:
            draws = futures[name]
            if SUPPLIER in draws.dims:
                draws = draws.sel({SUPPLIER: country})
            if RECIPIENT in draws.dims:
                draws = draws.sel({RECIPIENT: country})
            yield shared | {
                "kind": QUANTITY,
                "question": name,
                "country": country,
                "scenario": BASELINE,
                "forecast": _quantiles(draws.sel({SCENARIO: BASELINE})),
            }


def _quantiles(draws: xr.DataArray) -> dict[str, Any]:
    """Return levels, and quantiles by year, of draws (draw, year_future)."""
    import numpy as np

    values = np.quantile(draws.transpose(DRAW, YEAR_FUTURE).values.astype(float), LEVELS, axis=0)
    by_year = {
        str(int(year)): [float(f"{value:.{DIGITS}g}") for value in values[:, at]]
        for at, year in enumerate(draws[YEAR_FUTURE].values)
    }
    return {"levels": list(LEVELS), "quantiles": by_year}


def _append(connection: sqlite3.Connection, questions: list[dict[str, Any]], file: Path) -> Entered:
    last = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = last or (0, "")
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    where = " AND ".join(f"{READ.get(column, column)} = ?" for column in KEY)
    new = held = 0
    for question in questions:
        row = {key: text_of(value) for key, value in question.items()}
        key = [row[column] for column in KEY]
        before = connection.execute(
            f"SELECT {', '.join(SAID)} FROM entries WHERE {where}", key
        ).fetchone()
        if before is not None:
            if before != tuple(row[column] for column in SAID):
                rule = (
                    "was entered with other numbers; a published forecast is never changed: "
                    "make a new run"
                )
                raise InputError(
                    fault(rule, file=file, column="question", value=" ".join(filter(None, key)))
                )
            held += 1
            continue
        seq += 1
        row |= {"seq": seq, "entered": now, "previous": previous}
        row["hash"] = previous = digest(row)
        names = Entry._fields
        connection.execute(
            f"INSERT INTO entries ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [row[name] for name in names],
        )
        new += 1
    return Entered(new, held, "")


# The file --------------------------------------------------------------------------------------


def verify(store: Path) -> list[str]:
    """Return a sentence for each fault of a ledger.

    An entry was changed, is missing or does not follow the one before; or the ledger is not the one
    that a run of the store was made or entered beside.
    """
    rows = raw_rows(store)
    return [*_chain(rows), *_anchors(store, rows)]


def _anchors(store: Path, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each run of a store that knew another ledger."""
    for run in runs.listing(store):
        said = runs.read(run).get("ledger") or {}
        count, known = said.get("entries"), said.get("head")
        if not count:
            continue
        if len(rows) < count:
            yield (
                f"run {run.name} notes {count} entries of this ledger, which holds {len(rows)}: "
                "its end was cut off, or it is another ledger"
            )
        elif rows[count - 1]["hash"] != known:
            yield (
                f"run {run.name} notes another hash of entry {count}: the ledger was written anew "
                "after the run was made"
            )


def _chain(rows: list[dict[str, Any]]) -> list[str]:
    faults = []
    previous = ""
    for n, row in enumerate(rows, start=1):
        what = f"entry {row['seq']} ({row['question']} of run {row['run']})"
        if row["seq"] != n:
            faults.append(f"{what} stands where entry {n} should: entries are missing")
            n = row["seq"]
        if digest(row) != row["hash"]:
            faults.append(f"{what} was changed after it was entered")
        if row["previous"] != previous:
            faults.append(f"{what} does not follow the entry before it")
        previous = row["hash"]
    return faults


def impossible(store: Path) -> list[str]:
    """Return a sentence for each entry that no figure can score: earlier versions let them in."""
    return [
        f"entry {entry.seq} ({entry.question} of run {entry.run}) holds what is no probability or "
        "no number: it is never scored"
        for entry in entries(store)
        if not is_possible(entry.forecast)
    ]


def is_possible(forecast: Mapping[str, Any]) -> bool:
    """Say whether what an entry forecast are probabilities from 0 to 1, or finite quantiles."""
    if "probability" in forecast:
        values = forecast["probability"].values()
        return all(isinstance(v, int | float) and 0.0 <= v <= 1.0 for v in values)
    values = [v for row in forecast.get("quantiles", {}).values() for v in row]
    return all(isinstance(v, int | float) and math.isfinite(v) for v in values)
