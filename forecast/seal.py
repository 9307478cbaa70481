"""The seal of a record: which files belong to it, and the hash of each, and of the record itself.

A run's record is run.json, that of another pair forecast from it gate.json in the pair's folder. A
seal shows what was changed, lost or slipped in since. It is no signature: who changes a file and
seals anew is found by what is computed from the draws (`forecast.verify`), not by hashes.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.data import whole
from crossover.data.errors import InputError, fault

FORMAT = 2
"""Of a run folder. Runs of format 1 have no seal."""
KEY = "seal"
KINDS = (".csv", ".json", ".nc", ".toml", ".gz")
"""Kinds of files that are read again; what is only looked at, such as a PDF, is not sealed."""
APART = ("pairs", "checks")
"""Folders of a run with files that are no part of it: pairs have records of their own."""

SETTLED = 2 * 10**9
"""Nanoseconds after which a second change of a file has another time of change."""
_HASHED: dict[tuple[int, ...], str] = {}
"""Device, inode, size and times of change of a file → the SHA-256 that it had."""


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


def text(record: Mapping[str, Any]) -> str:
    """Return a record as its file has it."""
    return json.dumps(plain(record), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def files(folder: Path, name: str) -> list[str]:
    """Return the files that belong to a record called `name` in a folder, without the record."""
    found = []
    for path in folder.rglob("*"):
        place = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or place.parts[0] in APART or place.as_posix() == name:
            continue
        if path.suffix in KINDS and path.is_file():
            found.append(place.as_posix())
    return sorted(found)


def hashes(folder: Path, names: list[str]) -> dict[str, str]:
    """Return file → SHA-256; raise InputError for the first that cannot be read.

    What a process has hashed it does not hash again, unless the file was touched since, or so
    shortly before that a clock need not show the next touch.
    """

    def one(name: str) -> str:
        try:
            with (folder / name).open("rb") as file:
                now = os.fstat(file.fileno())
                touched = (now.st_mtime_ns, now.st_ctime_ns)
                key = (now.st_dev, now.st_ino, now.st_size, *touched)
                if key in _HASHED:
                    return _HASHED[key]
                found = hashlib.file_digest(file, "sha256").hexdigest()
                if time.time_ns() - max(touched) > SETTLED:
                    _HASHED[key] = found
                return found
        except OSError as error:
            rule = f"cannot be read ({error.strerror})"
            raise InputError(fault(rule, file=folder / name)) from None

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record, its own hash left out."""
    bare = plain(record)
    bare[KEY] = {key: value for key, value in bare[KEY].items() if key != "record"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode("utf-8")).hexdigest()


def put(record: dict[str, Any], known: Mapping[str, str]) -> None:
    """Seal a record over files whose hashes are known."""
    record[KEY] = {"format": FORMAT, "files": dict(sorted(known.items()))}
    record[KEY]["record"] = digest(record)


def close(folder: Path, record: dict[str, Any], name: str) -> None:
    """Seal a record over all that its folder holds, once that is on the disk, and write it."""
    whole.flush_all(folder)
    put(record, hashes(folder, files(folder, name)))
    whole.write(folder / name, text(record).encode("utf-8"))


def read(path: Path) -> dict[str, Any] | None:
    """Return a record that has a seal; None if there is none, or it cannot be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get(KEY), dict) else None


def is_sealed(path: Path) -> bool:
    """Say whether a record is there and sealed, of whatever files."""
    found = read(path)
    return found is not None and isinstance(found[KEY].get("files"), dict)


def trim(folder: Path, name: str) -> None:
    """Remove what the record of a folder does not name."""
    record = read(folder / name)
    if record is None:
        return
    for other in set(files(folder, name)) - set(record[KEY].get("files", ())):
        (folder / other).unlink()


def again(part: Path, folder: Path, name: str) -> None:
    """Seal the record of a folder over what is about to take its place there.

    Parameters
    ----------
    part
        Files that will replace those of the folder; the record among them, if it changes.
    folder
        Of a run: what is not in `part` stays. Of another pair: it is replaced as a whole.
    name
        What the record is called. Where it has no seal nothing is sealed; one in `part` may be of
        the files alone that stay.
    """
    before = read(folder / name)
    record = read(part / name) if (part / name).exists() else before
    if record is None:
        return
    stays: dict[str, str] = {}
    if name == "run.json":
        stays = (before or record)[KEY].get("files", {})
    put(record, {**stays, **hashes(part, files(part, name))})
    whole.write(part / name, text(record).encode("utf-8"))
