"""Arguments that name a run of the store, and finding it; nothing heavy is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossover.forecast import runs

LATEST = "latest"
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="run folder, beginning of an ID, or latest")
]
RunOption = Annotated[
    str, typer.Option("--run", metavar="RUN", help="run folder, beginning of an ID, or latest")
]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR",
        help=f"folder of runs and ledger; by default {runs.VARIABLE}, or ./{runs.STORE}",
    ),
]  # fmt: skip
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]
CsvOption = Annotated[bool, typer.Option("--csv", help="print CSV")]


def found(run: str, store: Path | None) -> Path:
    """Return the folder of the run that is meant; raise InputError where there is none."""
    return runs.find(None if run == LATEST else run, runs.store(store))
