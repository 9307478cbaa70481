"""Notes that a run keeps of what was done with it later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossover.data import whole
from crossover.forecast import seal
from crossover.forecast.runs import RECORD, read, tell, write
from crossover.forecast.seal import plain as plain


def note(run: Path, key: str, value: Any) -> None:
    """Write one thing more on the record of a run, sealed as it was; said where it cannot be."""
    try:
        with whole.locked(run):
            said = read(run)
            if said.get(key) == value:
                return
            said[key] = value
            if seal.is_sealed(run / RECORD):
                seal.put(said, said[seal.KEY]["files"])
            write(run / RECORD, said)
    except OSError as error:
        tell(f"{run / RECORD}: {key} could not be noted ({error.strerror})")
