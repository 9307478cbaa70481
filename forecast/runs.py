"""The run store: where run folders stand, how one is written, named and found again.

A run is written into a hidden folder beside its place and renamed when it is whole, so that
whoever looks sees a complete run or none. The hidden folder's name is fixed by the run's place: two
runs cannot be written into one. A fit that is sealed is never thrown away: when a later step fails,
the run takes its place with the fit alone, and a run that was killed is put there by the next
command. What else a dead process left is removed by that command and named.

What is made of a run afterwards becomes visible by one rename too. Its files are gathered in a
hidden folder, which is renamed to `READY` when they are all on the disk; from then on they count,
and whoever looks next moves them to their places if the process that did it has died.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.data import whole
from crossover.data.errors import InputError, fault
from crossover.forecast import seal
from crossover.forecast.seal import plain as plain

STORE = "crossover-store"
VARIABLE = "CROSSOVER_STORE"
RUNS, PRIORS = "runs", "priors"
RECORD = "run.json"
GATE_FILE = "gate.json"
"""The record of another pair's forecast: the verdict on it, and what it is sealed with."""
POSTERIOR, PARTNERSHIP, PRIORS_FILE = "posterior.nc", "partnership.nc", "priors.toml"
FORECAST, DOMAINS_FORECAST = "forecast.nc", "domains.nc"
PARTNERSHIP_EVENTS = "partnership_events.nc"
"""Whether each event of a partnership holds, draw by draw: its probabilities follow from it."""
EVENTS_FILE, TIMING_FILE = "events.csv", "timing.csv"
ENGINE = "h5netcdf"
PAIRS = "pairs"
READY = ".ready"
"""Files of a forecast that are all there and on their way to their places."""
MARKETS_FILE = "contested_markets.csv"
"""The markets that either country of a pair could win, in the folder of its forecast."""


def store(folder: Path | None = None) -> Path:
    """Return the store: the folder given, else CROSSOVER_STORE, else one in the current folder."""
    return Path(folder or os.environ.get(VARIABLE) or STORE)


def new_id(moment: datetime.datetime, token: str) -> str:
    """Return a run's id: the second it was made, in UTC, and a token; ids sort by time."""
    return f"{moment.astimezone(datetime.UTC):%Y%m%d-%H%M%S}-{token}"


def partial(target: Path) -> Path:
    """Return the hidden folder in which the run for `target` is written."""
    return target.with_name(f".{target.name}{whole.PART}")


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Give a folder to write a run into; it becomes `target` at the end, or vanishes.

    Parameters
    ----------
    target : Where the run is to stand: nothing yet, or an empty folder.

    Yields
    ------
    Path : A hidden folder beside `target`. When the block ends it is renamed. When the block is
        left by an exception or by Ctrl-C, it is removed, with every parent folder made for it,
        unless the fit in it is sealed: then the run takes its place with what is sealed of it.

    Raises
    ------
    InputError : If something stands at `target`, another run is being written there, or the folder
        cannot be made; and in place of any exception after the fit was sealed.
    KeyboardInterrupt : With a sentence on how to go on, where the fit is kept.
    """
    target = target.absolute()
    made = [folder for folder in target.parents if not folder.exists()]
    part, lock = claim(target)
    try:
        yield part
        _place(part, target)
    except BaseException as error:
        kept = _keep(part, target)
        if kept and isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(kept) from error
        if kept and isinstance(error, Exception):
            raise InputError(f"{_reason(error)}; {kept}") from error
        if not seal.is_sealed(part / RECORD):
            shutil.rmtree(part, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    finally:
        os.close(lock)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return fault(error.strerror, file=error.filename)
    return " ".join(str(error).split()) or type(error).__name__


def _keep(part: Path, target: Path) -> str:
    """Put a broken-off run in its place if its fit is sealed; say how to go on, or nothing."""
    if not seal.is_sealed(part / RECORD):
        return ""
    try:
        seal.trim(part, RECORD)
        _place(part, target)
    except (InputError, OSError) as error:
        print(f"the fit is left in {part}: {_reason(error)}", file=sys.stderr, flush=True)
        return ""
    return f"the fit is kept in {target}: go on with 'crossover resume {target}'"


def claim(target: Path) -> tuple[Path, int]:
    """Make the hidden folder for a run at `target`; return it with its lock. Raises as `writing`.

    The lock is to be closed when the folder is done with.
    """
    check_free(target)
    part = partial(target)
    if part.is_dir() and whole.is_left(part):
        _sweep(part)
        check_free(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir()
        return part, whole.lock_own(part)
    except FileExistsError:
        if not target.parent.is_dir():
            raise InputError(fault("is not a folder", file=target.parent)) from None
        rule = (
            "a run into this folder is still being written: wait for its end, or give another "
            f"--out (it is written in {part.name} beside it)"
        )
        raise InputError(fault(rule, file=target)) from None
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(fault(f"the folder cannot be written ({reason})", file=target)) from None


def _sweep(part: Path) -> None:
    """Put in its place what a dead process left of a run if its fit is sealed; remove it else."""
    target = part.with_name(part.name[1:].removesuffix(whole.PART))
    if seal.is_sealed(part / RECORD):
        kept = _keep(part, target)
        if kept:
            tell(f"run {target.name} was broken off after its fit: {kept}")
        return
    shutil.rmtree(part, ignore_errors=True)
    tell(f"removed {part}: what a run left that was broken off before its fit was done")


def sweep(folder: Path) -> None:
    """Clear a folder of runs of what dead processes left in it, and name it."""
    if not folder.is_dir():
        return
    for part in sorted(folder.glob(f".*{whole.PART}")):
        if part.is_dir() and whole.is_left(part):
            _sweep(part)


def tell(message: str) -> None:
    """Print a line for the user, beside the results."""
    print(message, file=sys.stderr, flush=True)


def check_free(target: Path) -> None:
    """Raise InputError unless nothing, or an empty folder, stands where a run is to stand."""
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        rule = "is in the way and no folder: give another --out"
    elif (target / RECORD).is_file():
        rule = "there is a run already; runs are never overwritten: give another --out"
    elif any(target.iterdir()):
        rule = f"is not empty and holds no {RECORD}, so no whole run: give another --out"
    else:
        return
    raise InputError(fault(rule, file=target))


def _place(part: Path, target: Path) -> None:
    try:
        whole.flush_all(part)
        if target.is_dir():
            target.rmdir()
        part.rename(target)
        whole.flush(target.parent)
    except OSError as error:
        rule = f"the run cannot be put in its place ({error.strerror})"
        raise InputError(fault(rule, file=target)) from None


def listing(folder: Path) -> list[Path]:
    """Return the runs of a store, oldest first."""
    base = folder / RUNS
    held = base.iterdir() if base.is_dir() else ()
    return sorted(p for p in held if not p.name.startswith(".") and (p / RECORD).is_file())


def find(text: str | None, folder: Path) -> Path:
    """Return the run that a user means.

    Parameters
    ----------
    text : A run folder, an id of the store or its unique beginning; None for the newest.
    folder : The store.

    Raises
    ------
    InputError : If there is no such run, or several begin so.
    """
    if text is not None and (os.sep in text or Path(text).is_dir()):
        return settled(_folder(Path(text)))
    sweep(folder / RUNS)
    known = listing(folder)
    if not known:
        rule = "the store holds no run yet, make one with 'crossover run', or name a run folder"
        raise InputError(fault(rule, file=folder))
    if text is None:
        return settled(known[-1])
    meant = [p for p in known if p.name.startswith(text)]
    exact = [p for p in meant if p.name == text]
    if len(meant) == 1 or exact:
        return settled((exact or meant)[0])
    names = ", ".join(p.name for p in (meant or known[-5:]))
    rule = f"several runs begin so: {names}" if meant else f"no such run; the newest are {names}"
    raise InputError(fault(rule, file=folder, column="--run", value=text))


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InputError(fault("there is no such run folder", column="--run", value=str(path)))
    if not (path / RECORD).is_file():
        rule = f"is no run folder: it holds no {RECORD}"
        raise InputError(fault(rule, column="--run", value=str(path)))
    return path


def read(run: Path, file: str = RECORD) -> dict[str, Any]:
    """Return a run's record, or another JSON file; raise InputError if it cannot be read."""
    return mapping(run / file)


def mapping(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds; raise InputError if that is no object, or cannot be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(fault(f"cannot be read ({error.strerror})", file=path)) from None
    except (ValueError, RecursionError):
        raise InputError(fault("is not valid JSON: half-written?", file=path)) from None
    if not isinstance(found, dict):
        raise InputError(fault("must hold a JSON object", file=path))
    return found


def write(path: Path, content: Mapping[str, Any] | str) -> Path:
    """Write a text, or a mapping as JSON, whole or not at all.

    Raises
    ------
    InputError
        If a file is there that does not begin alike: up to the first comma, or the end of the line.
    """
    if not isinstance(content, str):
        content = seal.text(content)
    first = re.split("[,\n]", content, maxsplit=1)[0]
    return whole.write(path, content.encode("utf-8"), first.encode("utf-8"))


def pair_folder(run: Path, record: Mapping[str, Any], pair: tuple[str, str]) -> Path:
    """Return where the forecast of a pair stands: the run itself for its own pair."""
    return run if own_pair(record) == pair else run / PAIRS / "-".join(pair)


def own_pair(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return supplier and recipient of the pair that a run was made for."""
    try:
        return str(record["supplier"]), str(record["recipient"])
    except KeyError as error:
        rule = "is missing from the record of the run"
        raise InputError(fault(rule, file=RECORD, column=error.args[0])) from None


# What is made of a run afterwards ---------------------------------------------------------------


@contextlib.contextmanager
def refreshing(folder: Path) -> Iterator[Path]:
    """Give a hidden folder; its files take their places in `folder`, together, when the block ends.

    `folder` is a run, or that of a pair in a run. Its record is sealed anew if it was sealed. Left
    by an exception or Ctrl-C, `folder` stays as it was, and is not there if it was not.
    """
    made = [path for path in folder.parents if not path.exists()]
    part = lock = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        place = folder if folder.is_dir() else folder.parent
        part = Path(tempfile.mkdtemp(prefix=".", suffix=whole.PART, dir=place))
        part.chmod(0o755)
        lock = whole.lock_own(part)
        yield part
        with whole.locked(run_of(folder) if run_of(folder).is_dir() else folder.parent):
            _commit(part, folder)
    except OSError as error:
        rule = f"cannot be written ({error.strerror or error})"
        raise InputError(fault(rule, file=error.filename or folder)) from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
        if lock is not None:
            os.close(lock)
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()


def run_of(folder: Path) -> Path:
    """Return the run that a folder is, or that a pair's folder belongs to."""
    return folder.parent.parent if folder.parent.name == PAIRS else folder


def _commit(part: Path, folder: Path) -> None:
    """Seal what was made and put it in place by one rename.

    Where there are files already, moves follow, with which whoever looks next goes on.
    """
    own_record = GATE_FILE if run_of(folder) != folder else RECORD
    _finish(folder)
    seal.again(part, folder, own_record)
    whole.flush_all(part)
    if not folder.is_dir():
        part.rename(folder)
        whole.flush(folder.parent)
        return
    part.rename(folder / READY)
    whole.flush(folder)
    _finish(folder)


def _finish(folder: Path) -> bool:
    """Move what is ready in a folder to its places; say whether there was anything."""
    ready = folder / READY
    if not ready.is_dir():
        return False
    for path in sorted(ready.iterdir()):
        path.replace(folder / path.name)
    whole.flush(folder)
    ready.rmdir()
    if run_of(folder) != folder:
        seal.trim(folder, GATE_FILE)
    return True


def settled(run: Path) -> Path:
    """Return a run, what dead processes left in it cleared away and named.

    A forecast that was broken off while it took its place is finished, hidden folders and files
    that nobody writes any more are removed.
    """
    for folder in (run, run / PAIRS, *sorted((run / PAIRS).glob("???-???"))):
        if not folder.is_dir():
            continue
        try:
            if (folder / READY).is_dir():
                with whole.locked(run):
                    if _finish(folder):
                        tell(f"finished: a forecast in {folder} whose process was stopped")
            for left in sorted(folder.glob(f".*{whole.PART}")):
                if whole.is_left(left):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                    tell(f"removed {left}: what a process left that was stopped")
        except OSError as error:
            rule = f"cannot clear away what a stopped process left ({error.strerror})"
            raise InputError(fault(rule, file=error.filename or folder)) from None
    return run
