"""`crossover page`: the web page of a run, one file that works without a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from crossover.forecast import runs

LATEST = "latest"
OF_ONE = "a page of one pair: its {}, ISO3 code or name"


def page(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="run folder, id or its unique beginning; the newest"),
    ] = LATEST,
    supplier: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help=OF_ONE.format("supplier"))
    ] = None,
    recipient: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help=OF_ONE.format("recipient"))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="the page; page.html in the run by default")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help=f"the store; {runs.VARIABLE} by default")
    ] = None,
) -> int:
    """Make one HTML file of a run's forecasts: charts, tables and the answer in words.

    Of every pair forecast in the run, or of one. The numbers are those of the PDF report. The page
    loads nothing, so that it can be sent, archived or put on any server.
    """
    folder = runs.find(None if run == LATEST else run, runs.store(store))
    said = runs.read(folder)
    chosen: tuple[str | None, str | None] = (None, None)
    if supplier or recipient:
        from crossover.forecast import steps

        chosen = steps.some_pair(supplier, recipient, runs.own_pair(said))
    from crossover.reports.page import build

    path = build(folder, *chosen, out=out)
    if not (said.get("gate") or {}).get("passed"):
        print("the run has not passed the gate: its page is marked not publishable",
              file=sys.stderr)  # fmt: skip
    print(path)
    return 0
