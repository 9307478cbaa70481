"""Finding runs: `crossover.open` and `crossover.runs`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.forecast import runs as stored
from crossover.forecast import verify

if TYPE_CHECKING:
    import pandas as pd

    from crossover.run import Run

LATEST = "latest"


def open(
    run: str | os.PathLike[str] = LATEST, *, store: str | os.PathLike[str] | None = None
) -> Run:
    """Open a run.

    Parameters
    ----------
    run
        `"latest"`, a run folder, or an ID of the store or its unique beginning.
    store
        The folder of runs; by default the environment variable CROSSOVER_STORE, else
        `crossover-store` in the current folder.

    Raises
    ------
    crossover.data.errors.InputError
        If there is no such run, several begin so, or it was changed. It is a ValueError.
    """
    from crossover.run import Run

    return Run.at(folder_of(run, store))


def folder_of(run: str | os.PathLike[str], store: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the run that is meant; see `open`."""
    text = os.fspath(run)
    place = stored.store(Path(store) if store is not None else None)
    return verify.found(None if text == LATEST else text, place)


def runs(*, store: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """List the runs of a store, oldest first.

    Returns
    -------
    pandas.DataFrame
        Indexed by ID: created, supplier, recipient, as_of, seed, chains, draws (a chain), quick,
        passed (whether the gate passed; None where it has not judged) and folder. Empty where the
        store holds none.
    """
    import pandas as pd

    rows = []
    for folder in stored.listing(stored.store(Path(store) if store is not None else None)):
        said = stored.read(folder)
        kept = ("created", "supplier", "recipient", "as_of", "seed", "chains", "draws", "quick")
        rows.append(
            {"id": folder.name}
            | {key: said.get(key) for key in kept}
            | {"passed": (said.get("gate") or {}).get("passed"), "folder": folder}
        )
    columns = ["id", *kept, "passed", "folder"] if rows else ["id"]
    return pd.DataFrame(rows, columns=columns).set_index("id")
