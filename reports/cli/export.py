"""`crossover export`: what a run says, as files that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossover.forecast import runs, steps
from crossover.reports.cli import console
from crossover.reports.cli.stored import LATEST, RunArgument, StoreOption, found

OTHER = "of another pair than the run's own"


def export(
    run: RunArgument = LATEST,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="folder; export/ by default")
    ] = None,
    supplier: Annotated[str | None, typer.Option(metavar="COUNTRY", help=OTHER)] = None,
    recipient: Annotated[str | None, typer.Option(metavar="COUNTRY", help=OTHER)] = None,
    draws: Annotated[bool, typer.Option("--draws", help="the draws too, a CSV a quantity")] = False,
    store: StoreOption = None,
) -> int:
    """Write a run's figures as CSV, Parquet, a spreadsheet, a hub table and JSON.

    paths.csv and paths.parquet hold every quantity that is plotted by year, as quantiles;
    probabilities.csv every question; hub.csv the table that forecast hubs take; forecast.json what
    schema/v1 describes; forecast.xlsx all of it, with a first sheet to be read.
    """
    from crossover.reports import export as exporting

    folder = found(run, store)
    pair = steps.some_pair(supplier, recipient, runs.own_pair(runs.read(folder)))
    for path in exporting.export(folder, out or Path("export"), pair, draws=draws):
        console.show(path)
    return 0
