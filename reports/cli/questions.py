"""The command that prints the question sheet of a run."""

from __future__ import annotations

from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape


def questions(asked: options.OfPair, shown: options.Shown, run: options.RunArgument = None) -> int:
    """Print every published probability as a question: rule, edge cases, source, date, value.

    With what earlier editions said, as the ledger has it, and whether 'crossover score' resolves
    it. Text shows the years that are led with; --csv and --json hold all of them.
    """
    import json

    from crossover.reports import questions as sheets

    shape, of = shown.shape, asked.meant(run)
    sheet = sheets.sheet(of.run, asked.folder, of.pair)
    if shape is Shape.TABLE:
        console.show(sheets.text(sheet))
    elif shape is Shape.CSV:
        console.put(sheets.COLUMNS, sheets.rows(sheet), shape)
    else:
        console.show(json.dumps(sheet.to_dict(), ensure_ascii=False, indent=2))
    return console.DONE
