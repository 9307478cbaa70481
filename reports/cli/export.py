"""The command that writes what a run says as files that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from crossover.reports.cli import console, options


def export(
    asked: options.OfPair,
    run: options.RunArgument = None,
    out: Annotated[Path, Option(metavar="DIR", help="where; made if it is not there")] = Path(
        "export"
    ),
    draws: Annotated[bool, Option("--draws", help="the draws too, a CSV a quantity")] = False,
) -> int:
    """Write a run's figures as CSV, Parquet, a spreadsheet, a hub table and JSON.

    paths.csv and paths.parquet hold every quantity that is plotted by year, as quantiles;
    probabilities.csv every question; hub.csv the table that forecast hubs take; forecast.json what
    schema/v1 describes; forecast.xlsx all of it, with a first sheet to be read.
    """
    from crossover.reports import export as exporting

    of = asked.meant(run)
    for path in exporting.export(of.run, out, of.pair, draws=draws):
        console.show(str(path))
    return console.DONE
