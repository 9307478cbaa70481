"""`crossover questions`: the question sheet of a run."""

from __future__ import annotations

import json as writer
from typing import Annotated

import typer

from crossover.data.errors import InputError
from crossover.forecast import runs, steps
from crossover.reports.cli import console
from crossover.reports.cli.stored import (
    LATEST,
    CsvOption,
    JsonOption,
    RunArgument,
    StoreOption,
    found,
)

OTHER = "of another pair than the run's own"


def questions(
    run: RunArgument = LATEST,
    supplier: Annotated[str | None, typer.Option(metavar="COUNTRY", help=OTHER)] = None,
    recipient: Annotated[str | None, typer.Option(metavar="COUNTRY", help=OTHER)] = None,
    store: StoreOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
) -> int:
    """Print every published probability as a question: rule, edge cases, source, date, value.

    With what earlier editions said, as the ledger has it, and whether 'crossover score' resolves
    it. Text shows the years that are led with; --csv and --json hold all of them.
    """
    from crossover.reports import cells
    from crossover.reports import questions as sheets

    if json and csv:
        raise InputError("--csv and --json exclude each other")
    folder = found(run, store)
    pair = steps.some_pair(supplier, recipient, runs.own_pair(runs.read(folder)))
    sheet = sheets.sheet(folder, runs.store(store), pair)
    if json:
        console.show(writer.dumps(sheet.to_dict(), ensure_ascii=False, indent=2))
    elif csv:
        console.show(cells.csv_text(sheets.COLUMNS, sheets.rows(sheet)), end="")
    else:
        console.show(sheets.text(sheet))
    return 0
