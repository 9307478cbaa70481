"""What a user has added: releases laid over the shipped panel, which itself is never changed.

An addition is a folder of the store with the rows that the panel did not have, in the panel's own
tables. It is checked whole first, written under a hidden name, flushed to the disk and renamed, so
whoever looks, or is killed meanwhile, finds all of it or nothing. One writer at a time, by a lock
that the system releases when its holder dies.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from crossover.data import domains, whole
from crossover.data.errors import InputError, fault
from crossover.data.examination import Examined, Stopped, examine
from crossover.data.kept import (
    FOLDER,
    FORMAT,
    INDEX,
    LOCK,
    NAMED,
    PART,
    layers,
    listing,
    token_of,
)
from crossover.data.sources.files import PLAIN, Options
from crossover.data.tables import encode

WAIT = 60.0
"""Seconds to wait for another writer."""


class Added(NamedTuple):
    """What an addition did: what was examined, its folder or None, and what was cleaned up."""

    examined: Examined
    folder: Path | None
    cleaned: list[str]


def add(
    files: Sequence[Path],
    store: Path,
    panel: Path | None = None,
    *,
    dry_run: bool = False,
    today: datetime.date | None = None,
    say: Callable[[str], None] = lambda _: None,
    wait: float = WAIT,
    progress: Callable[[int, int, str], None] | None = None,
    reading: Options = PLAIN,
    accept: str | None = None,
) -> Added:
    """Add what is new in files to a store, whole or not at all.

    Parameters
    ----------
    files : files as the providers publish them.
    store : the store; made when it is not there.
    panel : folder of the base; the shipped panel when None.
    dry_run : examine only; nothing is written, not even a lock.
    today : see `examine`.
    say : called with a sentence on waiting and on what was cleaned up.
    wait : seconds to wait for another writer.
    progress : see `examine`.
    reading : what the user says of the files; the store's own mapping to domains is taken.
    accept : why files that look like a mistake are right; kept with the addition.

    Returns
    -------
    Added : `folder` is None where there was nothing new, or with `dry_run`.

    Raises
    ------
    Refused : see `examine`.
    Stopped : the files look like a mistake, and nobody says why they are right.
    InputError : the store cannot be written, another writer does not end, or the reason is none.
    """
    if accept is not None and not (accept.strip() and accept.isprintable()):
        rule = "must say in words, on one line, why the release is right"
        raise InputError(fault(rule, column="--accept", value=accept))
    reading = reading._replace(mapping=store / domains.NAME)
    if dry_run:
        known = layers(panel, store)
        return Added(examine(files, known, today, progress, reading), None, [])
    with locked(store, say, wait) as cleaned:
        known = layers(panel, store)
        examined = examine(files, known, today, progress, reading)
        if examined.stops and accept is None:
            raise Stopped(examined.stops)
        folder = _write(examined, store, accept) if examined.tables else None
    return Added(examined, folder, cleaned)


@contextlib.contextmanager
def locked(
    store: Path, say: Callable[[str], None] = lambda _: None, wait: float = WAIT
) -> Iterator[list[str]]:
    """Be the one writer of a store's panel; yields what a broken-off writer had left behind.

    Raises
    ------
    InputError : the store cannot be written, or another writer has not ended after `wait` seconds.
    """
    base = store / FOLDER
    try:
        base.mkdir(parents=True, exist_ok=True)
        handle = os.open(base / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        rule = f"the store cannot be written ({error.strerror})"
        raise InputError(fault(rule, file=base)) from None
    try:
        end, told = time.monotonic() + wait, False
        while not whole.take_lock(handle):
            if time.monotonic() >= end:
                rule = (
                    f"another process is adding to this store and has not ended after {wait:g} "
                    "seconds; nothing was added: try again when it is done"
                )
                raise InputError(fault(rule, file=base))
            if not told:
                say(f"another process is adding to {base}: waiting for it to end")
                told = True
            time.sleep(0.05)
        yield _clean(base, say)
    finally:
        os.close(handle)


def _clean(base: Path, say: Callable[[str], None]) -> list[str]:
    """Remove what a killed writer left: with the lock held, nobody is writing it."""
    left = sorted(path for path in base.glob(f".*{PART}") if path.is_dir())
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
        say(
            f"an earlier addition ({path.name[1:].removesuffix(PART)}) was broken off before "
            "it was whole: what it left was removed, and nothing of it counts"
        )
    return [path.name for path in left]


def _write(examined: Examined, store: Path, accept: str | None = None) -> Path:
    """Write an addition under a hidden name, flush it, and rename it."""
    base = store / FOLDER
    files = {f"{t}.csv.gz": encode(t, rows) for t, rows in sorted(examined.tables.items())}
    if examined.mapping:
        files[domains.NAME] = domains.encode(examined.mapping)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    moment = datetime.datetime.now(datetime.UTC)
    name = f"{_after(base, moment)}-{token_of(hashes)}"
    index = {
        "format": FORMAT,
        "id": name,
        "created": moment.isoformat(timespec="seconds"),
        "files": examined.files,
        "rows": {t: len(rows) for t, rows in sorted(examined.tables.items())}
        | dict(examined.restated),
        "hashes": hashes,
    }
    if examined.stops and accept:
        findings = [str(alarm) for alarm in examined.stops]
        index["accepted"] = {"reason": accept.strip(), "findings": findings}
    text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
    part = base / f".{name}{PART}"
    try:
        part.mkdir()
        for file, content in files.items():
            _put(part / file, content)
        _put(part / INDEX, text.encode("utf-8"))
        whole.flush(part)
        part.rename(base / name)
        whole.flush(base)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        rule = f"cannot be written ({error.strerror}); nothing was added"
        raise InputError(fault(rule, file=error.filename or part)) from None
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return base / name


def _after(base: Path, moment: datetime.datetime) -> str:
    """Return a time stamp after that of the newest addition, so that ids sort as they came."""
    stamp = f"{moment:%Y%m%d-%H%M%S%f}"
    last = max((p.name for p in base.iterdir() if NAMED.fullmatch(p.name)), default="")
    if stamp <= last:
        day, time_of_day = last.split("-")[:2]
        stamp = f"{day}-{int(time_of_day) + 1:012d}"
    return stamp


def _put(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def already(examined: Examined, store: Path | None) -> list[str]:
    """Return a sentence for each file that has been added before, byte for byte."""
    when = {f["sha256"]: added for added in listing(store) for f in added.files}
    return [
        f"{file['name']} was added on {when[file['sha256']].created[:10]} already "
        f"({when[file['sha256']].id})"
        for file in examined.files
        if file["sha256"] in when
    ]
