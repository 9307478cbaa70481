"""What a panel is made of: its base, and the additions of a store, each held to its index."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.rules import Fault
from crossover.data.tables import PANEL

FOLDER = "panel"

INDEX = "addition.json"

LOCK = ".lock"

PART = ".part"

NAMED = re.compile(r"\d{8}-\d{12}-[0-9a-f]{8}")
"""How the folder of an addition is called: when it was made, and a token of its hashes."""

FORMAT = 1


class Addition(NamedTuple):
    """An addition as its index says: what came in, and when.

    `reason` is why it was added in spite of `findings`, both empty where there was none.
    """

    folder: Path
    id: str
    created: str
    files: list[dict[str, Any]]
    rows: dict[str, int]
    reason: str = ""
    findings: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """Figures that it added."""
        return sum(n for table, n in self.rows.items() if table != "vintages")


def layers(panel: Path | None = None, store: Path | None = None) -> tuple[Path, ...]:
    """Return what a panel is made of: its base, then the store's additions, oldest first.

    Parameters
    ----------
    panel : folder of the base; the shipped panel when None.
    store : the store; no additions when None or when it has none.

    Raises
    ------
    InputError : an addition is not what was added: its index or a file that the index names is
        gone or was changed, or there is a file that the index does not name.
    """
    for one in damaged(store):
        place = store / one.file if store else one.file
        raise InputError(fault(one.rule, file=place, column=one.column, value=one.value))
    return (panel or PANEL, *(added.folder for added in listing(store)))


def listing(store: Path | None) -> list[Addition]:
    """Return the additions of a store, oldest first; raises as `layers`."""
    base = store / FOLDER if store else None
    if base is None or not base.is_dir():
        return []
    held = (p for p in sorted(base.iterdir()) if p.is_dir() and not p.name.startswith("."))
    return [_indexed(folder) for folder in held]


def _indexed(folder: Path) -> Addition:
    try:
        said = json.loads((folder / INDEX).read_text("utf-8"))
        hashes = said["hashes"]
        spite = said.get("accepted", {"reason": "", "findings": ()})
        found = Addition(
            *(folder, said["id"], said["created"], said["files"], said["rows"]),
            *(spite["reason"], tuple(spite["findings"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        rule = "the addition is damaged: its index cannot be read; move the folder away"
        raise InputError(fault(rule, file=folder / INDEX)) from None
    if not isinstance(hashes, dict) or {f"{table}.csv.gz" for table in found.rows} - {*hashes}:
        rule = "the addition is damaged: its index has no hash of each table; move the folder away"
        raise InputError(fault(rule, file=folder / INDEX))
    for path in sorted(folder.iterdir()):
        if path.name not in hashes and path.name != INDEX and not path.name.startswith("."):
            rule = "the addition was changed: its index does not name this file; move it away"
            raise InputError(fault(rule, file=path))
    for name in hashes:
        if not (folder / name).is_file():
            rule = "the addition is damaged: this file is gone; move the folder away"
            raise InputError(fault(rule, file=folder / name))
    return found


def damaged(store: Path | None) -> list[Fault]:
    """Return a fault for each file of an addition that is not what its index says."""
    faults = []
    for added in listing(store):
        file = f"{FOLDER}/{added.folder.name}/{INDEX}"
        said = json.loads((added.folder / INDEX).read_text("utf-8"))
        for name, digest in said["hashes"].items():
            if hashlib.sha256((added.folder / name).read_bytes()).hexdigest() != digest:
                rule = f"is not the hash of {name}, which has changed since it was added"
                faults.append(Fault(file, None, name, digest, rule))
        if added.folder.name.split("-")[-1] != token_of(said["hashes"]):
            rule = "these are not the hashes that the folder was named by: the index has changed"
            faults.append(Fault(file, None, "hashes", added.folder.name, rule))
    return faults


def token_of(hashes: dict[str, str]) -> str:
    """Return how the name of an addition with these hashes ends."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:8]
