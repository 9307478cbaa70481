"""What a run says of itself: whose code, which packages, which figures, which draws.

Everything known beforehand is written before sampling starts, so that a run which fails still
says what it was. Draws are hashed by their content: a hash outlives a change of file format.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("data", "models", "forecast", "reports")
PACKAGES = (
    "arviz",
    "h5netcdf",
    "h5py",
    "matplotlib",
    "numba",
    "numpy",
    "nutpie",
    "pandas",
    "pymc",
    "pytensor",
    "scipy",
    "typst",
    "xarray",
)


def code(root: Path = ROOT) -> dict[str, Any]:
    """Return version, commit, whether the code was changed since, and the hash of the code.

    The commit is known only where the code runs from its own repository: None elsewhere.
    """
    commit = dirty = None
    top = _git(root, "rev-parse", "--show-toplevel")
    if top and Path(top).resolve() == root.resolve():
        commit = _git(root, "rev-parse", "HEAD")
        status = _git(root, "status", "--porcelain", "--", *FOLDERS)
        dirty = None if status is None else bool(status)
    found = {"version": _version("crossover"), "commit": commit, "dirty": dirty}
    return found | {"hash": hash_code(root)}


def changes(said: Mapping[str, Any]) -> list[str]:
    """Return what has changed, of the code and the packages, since a record was written.

    Code is compared by its hash; where a record has none, by its commit, else by its version.
    """
    then, now = said.get("code") or {}, code()
    key = next((k for k in ("hash", "commit", "version") if then.get(k) and now[k]), None)
    found = []
    if key and then[key] != now[key]:
        names = [f"{at.get('version')} {str(at.get('commit'))[:10]}" for at in (then, now)]
        found.append(_moved("the code", *names) if names[0] != names[1] else "the code")
    before, after = said.get("packages") or {}, packages()
    return found + [
        _moved(name, version, after.get(name))
        for name, version in before.items() if version != after.get(name)
    ]  # fmt: skip


def _moved(what: str, before: object, now: object) -> str:
    return f"{what} ({before} then, {now} now)"


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def packages() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result depends on."""
    found = {name: _version(name) for name in PACKAGES}
    return {"python": platform.python_version()} | {k: v for k, v in found.items() if v}


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_code(root: Path = ROOT) -> str:
    """Return the SHA-256 over the names and contents of all source files."""
    total = hashlib.sha256()
    for path in sorted(p for folder in FOLDERS for p in (root / folder).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def hash_files(folder: Path) -> str:
    """Return the SHA-256 over the names and contents of a folder's files, in order of name."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")):
        total.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def hash_panel(layers: Sequence[Path]) -> str:
    """Return the SHA-256 of a panel: of its base alone, or over those of all its layers."""
    found = [hash_files(layer) for layer in layers]
    return found[0] if len(found) == 1 else hash_text("\n".join(found))


def hash_draws(data: xr.Dataset) -> str:
    """Return the SHA-256 over names, dims, types and values, in order of name.

    The same for a dataset in memory and read back from its file.
    """
    import numpy as np

    total = hashlib.sha256()
    for name in sorted(map(str, data.variables)):
        values = np.asarray(data[name].values)
        if values.dtype.kind in "OUT":
            kind, content = "text", "\0".join(map(str, values.ravel().tolist())).encode()
        else:
            kind = values.dtype.newbyteorder("<").str
            content = np.ascontiguousarray(values, dtype=kind)
        total.update(f"{name}|{data[name].dims}|{values.shape}|{kind}|".encode())
        total.update(content)
    return total.hexdigest()


def sampling(gate: Mapping[str, Any], seconds: float | None) -> dict[str, float]:
    """Return the least effective sample sizes that the gate found, and the bulk one a second."""
    least = {check["name"]: check["value"] for check in gate.get("checks", ())}
    found = {f"{key}_min": least[key] for key in ("ess_bulk", "ess_tail") if key in least}
    if seconds and "ess_bulk" in least:
        found["ess_bulk_per_second"] = least["ess_bulk"] / seconds
    return found
