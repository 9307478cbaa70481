"""The ledger: what was forecast, entered once and unchangeable, so that it can be scored later.

One entry a question of a published run, and a kind of answer to it. An SQLite file in the store: a
transaction is whole or nothing, whoever is killed and however many write at once. The file refuses
changes and deletions, and each entry carries the hash of the one before it, so that a file edited
by other means shows it. What a chain cannot show by itself is a cut end, or that all of it was
written anew: so each run notes, as its report does, how many entries the ledger held and the hash
of the last (`standing`), and `verify` looks there.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import json
import math
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.data import whole
from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    CONTESTED_ORDERS,
    DRAW,
    FIRST_PASSAGE,
    KIND,
    KINDS,
    MARKET,
    QUANTITY,
    RECIPIENT,
    SCENARIO,
    SUPPLIER,
    YEAR_FUTURE,
)
from crossover.forecast import runs
from crossover.forecast import verify as holding
from crossover.forecast.runs import EVENTS_FILE, FORECAST, GATE_FILE, TIMING_FILE
from crossover.forecast.scores import LEVELS

if TYPE_CHECKING:
    import xarray as xr

FILE = "ledger.sqlite"
VERSION, BEFORE = 2, 1
"""Formats: entries of the one before carry no kind of answer, and are of first passage."""
WAIT = 30.0
"""Seconds to wait for another writer."""
EVENT = "event"
"""What stands for the kind of answer in entries of the format before."""
DELIVERIES, IMPORTS, EXPORTS = "deliveries", "imports", "exports"
DIGITS = 6

SCHEMA = f"""
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ({", ".join(f"'{k}'" for k in (*KINDS, EVENT, QUANTITY))})),
    question TEXT NOT NULL,
    country TEXT NOT NULL,
    domain TEXT NOT NULL,
    supplier TEXT NOT NULL,
    recipient TEXT NOT NULL,
    scenario TEXT NOT NULL,
    origin INTEGER NOT NULL,
    as_of TEXT NOT NULL,
    vintages TEXT NOT NULL,
    forecast TEXT NOT NULL,
    draws INTEGER NOT NULL,
    draws_hash TEXT NOT NULL,
    created TEXT NOT NULL,
    entered TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    UNIQUE (run, question, kind, country, domain, supplier, recipient, scenario)
) STRICT;
CREATE TRIGGER never_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER never_deleted BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER only_appended BEFORE INSERT ON entries
    WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM entries)
      OR NEW.previous IS NOT COALESCE((SELECT hash FROM entries ORDER BY seq DESC LIMIT 1), '')
      OR EXISTS (SELECT 1 FROM entries WHERE hash = NEW.hash OR (run = NEW.run
         AND question = NEW.question AND kind = NEW.kind AND country = NEW.country
         AND domain = NEW.domain AND supplier = NEW.supplier AND recipient = NEW.recipient
         AND scenario = NEW.scenario))
    BEGIN SELECT RAISE(ABORT, 'an entry must follow the last one'); END;
PRAGMA user_version = {VERSION};
"""


class Entry(NamedTuple):
    """One question of a published run, and what was said.

    `kind` is that of the answer, see `data.names.KINDS`, or `QUANTITY`; an event that was entered
    before there were kinds has that of first passage. `country` is whose exports or imports are
    meant, empty for questions of the pair. `forecast` of an event has `probability` and `mc_error`
    by year, of its first passage `timing`, and of contested orders `markets`; of a quantity
    `levels`, and `quantiles` by year in TIV million. `hash` is over all other fields, `previous`
    among them.
    """

    seq: int
    run: str
    kind: str
    question: str
    country: str
    domain: str
    supplier: str
    recipient: str
    scenario: str
    origin: int
    as_of: str
    vintages: dict[str, str]
    forecast: dict[str, Any]
    draws: int
    draws_hash: str
    created: str
    entered: str
    previous: str
    hash: str


KEY = ("run", "question", "kind", "country", "domain", "supplier", "recipient", "scenario")
SAID = ("origin", "as_of", "vintages", "forecast", "draws", "draws_hash", "created")
"""What must be the same when a run is entered again."""


class Entered(NamedTuple):
    """What entering a run did: entries new and held already, and why nothing was entered."""

    new: int
    held: int
    refused: str


def path(store: Path) -> Path:
    """Return where a store's ledger stands."""
    return store / FILE


# Entering --------------------------------------------------------------------------------------


def enter(store: Path, run: Path) -> Entered:
    """Enter every question of a run whose gate passed; what is entered already is left as it is.

    Parameters
    ----------
    store
        The store; made, with its ledger, when it is not there.
    run
        A run folder. Its own pair is entered, and every other pair forecast from it whose gate
        passed.

    Returns
    -------
    Entered
        `refused` says why nothing was entered: the gate failed, or a quick run.

    Raises
    ------
    InputError
        If the run holds no forecast, if what it says does not follow from its draws, if its numbers
        are not those under which it was entered before, or if the ledger cannot be written or is
        damaged.
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
    with _writing(store) as connection:
        done = _append(connection, questions, path(store))
    runs.note(run, "ledger", standing(store))
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
        held = found[(*(row[c] for c in by), row.get(KIND, FIRST_PASSAGE))]
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
    where = " AND ".join(f"{_READ.get(column, column)} = ?" for column in KEY)
    new = held = 0
    for question in questions:
        row = {key: _text(value) for key, value in question.items()}
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


_READ = {KIND: f"CASE {KIND} WHEN '{EVENT}' THEN '{FIRST_PASSAGE}' ELSE {KIND} END"}
"""How a column is read where it does not stand for itself."""


def _text(value: Any) -> Any:
    """Return a field as it stands in the ledger: nested ones as JSON in one fixed form."""
    if isinstance(value, dict):
        return json.dumps(runs.plain(value), sort_keys=True, separators=(",", ":"))
    return value


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry as it stands in the ledger, its own hash left out."""
    said = [row[name] for name in Entry._fields if name != "hash"]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode("utf-8")).hexdigest()


# The file --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _writing(store: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection inside one transaction: it is written whole, or not at all."""
    file = path(store)
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        rule = f"the store cannot be written ({error.strerror})"
        raise InputError(fault(rule, file=store)) from None
    if not file.exists():
        _create(file)
    _check_size(file)
    with _opened(file, "rw") as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == BEFORE:
                _begin(connection, BEFORE)
            _check_version(connection, file)
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _create(file: Path) -> None:
    """Make a ledger without entries; it appears whole, so that an empty file is never ours."""
    new = file.with_name(f".{file.name}.{os.getpid()}{whole.PART}")
    try:
        new.unlink(missing_ok=True)
        with _opened(new, "rwc") as connection:
            connection.execute("BEGIN IMMEDIATE")
            _begin(connection, 0)
            connection.execute("COMMIT")
        whole.flush(new)
        with contextlib.suppress(FileExistsError):
            os.link(new, file)
        whole.flush(file.parent)
    except OSError as error:
        rule = f"the ledger cannot be made ({error.strerror})"
        raise InputError(fault(rule, file=file)) from None
    finally:
        new.unlink(missing_ok=True)


def _check_size(file: Path) -> None:
    if not file.stat().st_size:
        rule = (
            "is empty, with not even the head of a ledger: it was emptied or its disk was lost; "
            "put a copy of it back, or move it away to begin anew"
        )
        raise InputError(fault(rule, file=file))


def _begin(connection: sqlite3.Connection, held: int) -> None:
    """Make the table of entries; those of the format before move into it, to the letter."""
    if held:
        for trigger in ("never_changed", "never_deleted", "only_appended"):
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("ALTER TABLE entries RENAME TO entries_before")
    for statement in _statements(SCHEMA):
        connection.execute(statement)
    if held:
        names = ", ".join(Entry._fields)
        connection.execute(
            f"INSERT INTO entries ({names}) SELECT {names} FROM entries_before ORDER BY seq"
        )
        connection.execute("DROP TABLE entries_before")


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one: a script would end the transaction."""
    held = ""
    for line in script.splitlines(keepends=True):
        held += line
        if sqlite3.complete_statement(held):
            yield held
            held = ""


@contextlib.contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    connection = None
    try:
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=WAIT, isolation_level=None
        )
        connection.execute("PRAGMA synchronous = FULL")
        yield connection
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            rule = f"another process has been writing for {WAIT:g} seconds: try again"
        else:
            rule = f"the ledger cannot be used ({error})"
        raise InputError(fault(rule, file=file)) from None
    except sqlite3.DatabaseError as error:
        rule = f"is no ledger, or damaged ({error})"
        raise InputError(fault(rule, file=file)) from None
    finally:
        if connection is not None:
            connection.close()


def _check_version(connection: sqlite3.Connection, file: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        raise InputError(fault("is a database, and no ledger: move it away", file=file))
    if version not in (BEFORE, VERSION):
        rule = (
            f"is a ledger of format {version}; this version knows formats {BEFORE} and {VERSION}: "
            "use the version of crossover that wrote it"
        )
        raise InputError(fault(rule, file=file))


def _raw(store: Path) -> list[dict[str, Any]]:
    file = path(store)
    if not file.is_file():
        return []
    _check_size(file)
    with _opened(file, "rw") as connection:
        _check_version(connection, file)
        names = ", ".join(Entry._fields)
        rows = connection.execute(f"SELECT {names} FROM entries ORDER BY seq").fetchall()
    return [dict(zip(Entry._fields, row, strict=True)) for row in rows]


def entries(store: Path) -> list[Entry]:
    """Return all entries in order; none where there is no ledger yet.

    Raises
    ------
    InputError
        If the file is no ledger or damaged.
    """
    return [
        Entry(
            **row
            | {name: json.loads(row[name]) for name in ("vintages", "forecast")}
            | {KIND: FIRST_PASSAGE if row[KIND] == EVENT else row[KIND]}
        )
        for row in _raw(store)
    ]


def head(store: Path) -> str:
    """Return the hash of the last entry, empty where there is none."""
    rows = _raw(store)
    return rows[-1]["hash"] if rows else ""


def standing(store: Path) -> dict[str, Any]:
    """Return how many `entries` a store's ledger holds, and the hash of the last, its `head`."""
    rows = _raw(store)
    return {"entries": len(rows), "head": rows[-1]["hash"] if rows else ""}


def verify(store: Path) -> list[str]:
    """Return a sentence for each fault of a ledger.

    An entry was changed, is missing or does not follow the one before; or the ledger is not the one
    that a run of the store was made or entered beside.
    """
    rows = _raw(store)
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
