"""The run store: where run folders stand, how one is written, named and found again.

A run is written into a hidden folder beside its place and renamed when it is whole, so that
whoever looks sees a complete run or none. The hidden folder's name is fixed by the run's place:
two runs cannot be written into one, and what a killed run left behind is named, never overwritten.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossover.data.errors import InputError, fault

STORE = "crossover-store"
VARIABLE = "CROSSOVER_STORE"
RUNS, PRIORS = "runs", "priors"
RECORD = "run.json"
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
    return target.with_name(f".{target.name}.part")


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Give a folder to write a run into; it becomes `target` at the end, or vanishes.

    Parameters
    ----------
    target
        Where the run is to stand: nothing yet, or an empty folder.

    Yields
    ------
    Path
        A hidden folder beside `target`. When the block ends it is renamed; when the block is left
        by an exception or by Ctrl-C it is removed, with every parent folder made for it.

    Raises
    ------
    InputError
        If something stands at `target`, another run is being written there or was broken off, or
        the folder cannot be made.
    """
    target = target.absolute()
    made = [folder for folder in target.parents if not folder.exists()]
    part = claim(target)
    try:
        yield part
        _place(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def claim(target: Path) -> Path:
    """Make the hidden folder for a run at `target` and return it; raises as `writing`."""
    check_free(target)
    part = partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir()
    except FileExistsError:
        if not target.parent.is_dir():
            raise InputError(fault("is not a folder", file=target.parent)) from None
        rule = (
            "a run into this folder is still being written or was broken off: "
            f"remove {part.name} beside it, or give another --out"
        )
        raise InputError(fault(rule, file=target)) from None
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(fault(f"the folder cannot be written ({reason})", file=target)) from None
    return part


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
        if target.is_dir():
            target.rmdir()
        part.rename(target)
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
    text
        A run folder, an id of the store or its unique beginning; None for the newest.
    folder
        The store.

    Raises
    ------
    InputError
        If there is no such run, or several begin so.
    """
    if text is not None and (os.sep in text or Path(text).is_dir()):
        return _folder(Path(text))
    known = listing(folder)
    if not known:
        rule = "the store holds no run yet, make one with 'crossover run', or name a run folder"
        raise InputError(fault(rule, file=folder))
    if text is None:
        return known[-1]
    meant = [p for p in known if p.name.startswith(text)]
    exact = [p for p in meant if p.name == text]
    if len(meant) == 1 or exact:
        return (exact or meant)[0]
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
    return _mapping(run / file)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(fault(f"cannot be read ({error.strerror})", file=path)) from None
    except ValueError:
        raise InputError(fault("is not valid JSON: half-written?", file=path)) from None
    if not isinstance(found, dict):
        raise InputError(fault("must hold a JSON object", file=path))
    return found


def write(path: Path, content: Mapping[str, Any] | str) -> Path:
    """Write a text, or a mapping as JSON, whole or not at all."""
    if not isinstance(content, str):
        content = json.dumps(plain(content), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(content, "utf-8", newline="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def plain(value: Any) -> Any:
    """Return what JSON can hold: numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def pair_folder(run: Path, record: Mapping[str, Any], pair: tuple[str, str]) -> Path:
    """Return where the forecast of a pair stands: the run itself for its own pair."""
    return run if own_pair(record) == pair else run / "pairs" / "-".join(pair)


def own_pair(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return supplier and recipient of the pair that a run was made for."""
    try:
        return str(record["supplier"]), str(record["recipient"])
    except KeyError as error:
        rule = "is missing from the record of the run"
        raise InputError(fault(rule, file=RECORD, column=error.args[0])) from None


@contextlib.contextmanager
def refreshing(folder: Path) -> Iterator[Path]:
    """Give a hidden folder inside `folder`; its files take their places when the block ends.

    Left by an exception or Ctrl-C, `folder` stays as it was, and is not there if it was not.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    part = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=folder))
        yield part
        for path in sorted(part.iterdir()):
            path.replace(folder / path.name)
    except OSError as error:
        rule = f"cannot be written ({error.strerror or error})"
        raise InputError(fault(rule, file=error.filename or folder)) from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
