"""Do a piece of work in a process of its own; learn how long it took and how much memory.

The work is a module of this package with a function `work(folder)`, which reads what it needs
from the folder and returns figures. Caches of compiled code are where the caller says.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

RESULT = "result.json"
ROOT = Path(__file__).parents[2]
MEBIBYTE = 1024.0
"""In the unit in which the system counts memory of a process, KiB."""


class Done(NamedTuple):
    """What a process did: figures of its own, seconds, and peak memory of its largest part."""

    figures: dict[str, Any]
    seconds: float
    memory: float


class Failed(RuntimeError):
    """A piece of work that ended with an error; the text is the end of what it said."""


def caches(folder: Path) -> dict[str, str]:
    """Return the environment in which everything compiled is kept in a folder.

    Linear algebra has one thread a chain, as `crossover.reports.cli.app` sees to it.
    """
    return {
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}",
        "XDG_CACHE_HOME": str(folder / "other"),
        "OPENBLAS_NUM_THREADS": "1",
    }


def run(module: str, folder: Path, environment: dict[str, str] | None = None) -> Done:
    """Run `tests.bench.<module>.work` on a folder.

    Raises
    ------
    Failed
        If it ended with an error.
    """
    name = f"tests.bench.{module}"
    words = [sys.executable, "-W", "ignore", "-m", "tests.bench.child", name, str(folder)]
    # What compilers leave beside them is left there.
    path = {"PYTHONPATH": str(ROOT)}
    _, seconds, memory = command(words, path | (environment or {}), where=folder)
    return Done(json.loads((folder / RESULT).read_text("utf-8")), seconds, memory)


def command(
    words: Sequence[str], environment: dict[str, str] | None = None, fine: Sequence[int] = (0,),
    where: Path = ROOT,
) -> tuple[str, float, float]:
    """Run a command; return what it printed, seconds, and peak memory in MiB.

    `fine`: exit codes that are no error; `where`: the folder in which it runs.

    Raises
    ------
    Failed
        If it ended with an error.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=where, env=os.environ | (environment or {}), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode not in fine:
        raise Failed(f"{' '.join(words)}\n{said[-2000:]}")
    return said, seconds, usage.ru_maxrss / MEBIBYTE


def main() -> None:
    """Do the work that the command line names, and write what it found."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    found = importlib.import_module(name).work(folder)
    (folder / RESULT).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
