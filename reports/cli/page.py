"""The command that makes the web page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from crossover.forecast import plans, runs, verify
from crossover.forecast.progress import say, step
from crossover.reports.cli import console, options


def page(
    run: options.RunArgument = None,
    supplier: options.Country = None,
    recipient: options.Country = None,
    out: Annotated[
        Path | None, Option(metavar="FILE", help="the page; page.html in the run by default")
    ] = None,
    store: options.Store = None,
) -> int:
    """Make one HTML file of a run's forecasts: charts, tables and the answer in words.

    Of every pair forecast in the run, or of the one that is named. The numbers are those of the
    PDF. The page loads nothing, so that it can be sent, archived or put on any server.
    """
    folder = verify.found(run, runs.store(store))
    said = runs.read(folder)
    chosen: tuple[str | None, str | None] = (None, None)
    if supplier or recipient:
        chosen = plans.some_pair(supplier, recipient, runs.own_pair(said))
    with step("writing the page", "page", {}):
        from crossover.reports.page import build

        path = build(folder, *chosen, out=out)
    if not (said.get("gate") or {}).get("passed"):
        say("the run has not passed the gate: its page is marked not publishable")
    console.show(str(path))
    return console.DONE
