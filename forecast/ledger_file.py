"""The ledger's file: entries that none changes, each with the hash of the one before it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crossover.data import whole
from crossover.data.errors import InputError, fault
from crossover.data.names import FIRST_PASSAGE, KIND, KINDS, QUANTITY
from crossover.forecast import runs

FILE = "ledger.sqlite"
VERSION, BEFORE = 2, 1
"""Formats: entries of the one before carry no kind of answer, and are of first passage."""
WAIT = 30.0
"""Seconds to wait for another writer."""
EVENT = "event"
"""What stands for the kind of answer in entries of the format before."""
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


def path(store: Path) -> Path:
    """Return where a store's ledger stands."""
    return store / FILE

READ = {KIND: f"CASE {KIND} WHEN '{EVENT}' THEN '{FIRST_PASSAGE}' ELSE {KIND} END"}
"""How a column is read where it does not stand for itself."""


def text_of(value: Any) -> Any:
    """Return a field as it stands in the ledger: nested ones as JSON in one fixed form."""
    if isinstance(value, dict):
        return json.dumps(runs.plain(value), sort_keys=True, separators=(",", ":"))
    return value


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry as it stands in the ledger, its own hash left out."""
    said = [row[name] for name in Entry._fields if name != "hash"]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode("utf-8")).hexdigest()


@contextlib.contextmanager
def writing(store: Path) -> Iterator[sqlite3.Connection]:
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


def raw_rows(store: Path) -> list[dict[str, Any]]:
    """Return the rows of a ledger as they stand; none where there is no file."""
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
    InputError : If the file is no ledger or damaged.
    """
    return [
        Entry(
            **row
            | {name: json.loads(row[name]) for name in ("vintages", "forecast")}
            | {KIND: FIRST_PASSAGE if row[KIND] == EVENT else row[KIND]}
        )
        for row in raw_rows(store)
    ]


def head(store: Path) -> str:
    """Return the hash of the last entry, empty where there is none."""
    rows = raw_rows(store)
    return rows[-1]["hash"] if rows else ""


def standing(store: Path) -> dict[str, Any]:
    """Return how many `entries` a store's ledger holds, and the hash of the last, its `head`."""
    rows = raw_rows(store)
    return {"entries": len(rows), "head": rows[-1]["hash"] if rows else ""}
