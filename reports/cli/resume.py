"""`crossover resume RUN`: go on with a run that was broken off after its fit."""

from pathlib import Path
from typing import Annotated

import typer

DONE, GATE_FAILED = 0, 3


def resume(
    run: Annotated[str | None, typer.Argument(help="run folder, or beginning of an id")] = None,
    panel: Annotated[Path | None, typer.Option(help="folder of a panel; the shipped one")] = None,
    store: Annotated[Path | None, typer.Option(help="folder of runs, additions and ledger")] = None,
) -> int:
    """Do what a run lacks: forecast, audit, report, and enter it in the ledger if it passed.

    A run that was broken off keeps its fit, so that no figure is sampled twice. A run of an earlier
    version, which no report is made of, is checked and made anew from its fit.
    """
    from crossover.data import kept
    from crossover.forecast import ledger, ledger_file, resume, runs
    from crossover.forecast.progress import say, step

    place = runs.store(store)
    folder = runs.find(run, place)
    said = resume.resume(folder, kept.layers(panel, place))
    if said is None:
        say(f"{folder}: whole; nothing was left to be done")
        said = runs.read(folder)
    with step("writing the report", "report", {}):
        from crossover.reports.build import build

        build(folder)
    typer.echo(f"run {said['id']}: {folder}")
    done = ledger.enter(place, folder)
    if done.refused:
        say(f"not entered in the ledger: {done.refused}")
    else:
        say(f"entered in the ledger {ledger_file.path(place)}: {done.new} questions")
    return DONE if said["gate"]["passed"] else GATE_FAILED
