"""How long commands take that only look something up: whole processes, the quicker of two."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import child
from tests.bench.table import Row, failed

SECTION = "start-up"
OF_STORE = ("runs list", "ledger list")
COMMANDS = ("--help", "scenario list", "data list", "data check", *OF_STORE)
TIMES = 2


def crossover(*words: object) -> list[str]:
    """Return the command line of the program, with some words."""
    return [sys.executable, "-W", "ignore", "-m", "crossover.reports.cli", *map(str, words)]


def rows(folder: Path, commands: Sequence[str] = COMMANDS) -> Iterator[Row]:
    """Time commands; those that need a store, on one with an invented run and a ledger."""
    store = ("--store", str(invented(folder)))
    for words in commands:
        options = store if words in OF_STORE else ()
        try:
            took = [child.command(crossover(*words.split(), *options)) for _ in range(TIMES)]
        except child.Failed as error:
            yield failed(SECTION, f"crossover {words}", error)
            continue
        seconds, memory = (min(one[at] for one in took) for at in (1, 2))
        yield Row(SECTION, f"crossover {words}", "seconds", seconds, "s")
        yield Row(SECTION, f"crossover {words}", "peak memory", memory, "MiB")


def invented(folder: Path) -> Path:
    """Return a store in a folder, with one invented run that is entered in the ledger."""
    from crossover.forecast import ledger, runs, seal, verify
    from tests.synthetic import make_run

    store = folder / "store"
    run = make_run(store / runs.RUNS / "20260101-000000-aaaa", draws=20)
    said = runs.read(run) | {"supplier": "RUS", "recipient": "CHN", "as_of": None}
    # What is sealed here is held for computed here, as of a run that has just been made.
    seal.close(run, said, runs.RECORD)
    verify.made_here(said)
    ledger.enter(store, run)
    return store
