"""The command that fills README and guide with the figures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from crossover.data.errors import InputError, fault
from crossover.forecast.progress import say
from crossover.reports.cli import console, options


def build(
    asked: options.OfStore,
    run: options.RunText = None,
    check: Annotated[
        bool, Option("--check", help="write nothing; exit 2 if a figure is another")
    ] = False,
) -> int:
    """Fill the blocks of figures in README.md and reports/guide/*.md of the folder that you stand
    in from a run of Russia and China, and the lists of priors and of the Python interface.
    """
    from crossover.reports import guide

    found = asked.find(run)
    pages = [Path("README.md"), *sorted(Path("reports/guide").glob("*.md"))]
    if not pages[0].is_file() or len(pages) == 1:
        rule = "this folder has no README.md with a reports/guide beside it: run it in a checkout"
        raise InputError(fault(rule, file=Path.cwd()))
    if check:
        old = guide.stale(found, pages)
        if old:
            names = ", ".join(map(str, old))
            raise InputError(f"{names}: the figures are not those of run {found.name}")
        say("all figures are those of the run")
        return console.DONE
    for page in guide.write(found, pages):
        say(f"written: {page}")
    return console.DONE
