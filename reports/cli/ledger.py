"""Commands on the record of published forecasts: list, check, enter, and scores against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from crossover.data.errors import InputError, fault
from crossover.data.names import ALL_DOMAINS
from crossover.forecast import runs
from crossover.forecast.progress import say
from crossover.reports.cli import common, console, options
from crossover.reports.cli.console import Shape


def enter(asked: options.OfStore, run: options.RunArgument = None) -> int:
    """Enter a run's questions in the ledger, where they can never be changed. 'crossover run' does
    so by itself; this is for runs made elsewhere, and for further pairs forecast from a run.
    """
    entered = common.enter(asked.folder, asked.find(run))
    return console.DONE if entered else console.GATE_FAILED


def list_entries(asked: options.OfStore, shown: options.Shown) -> int:
    """List what was entered: one row a question of a published run."""
    from crossover.forecast import ledger_file

    shape = shown.shape
    folder = asked.folder
    found = ledger_file.entries(folder)
    if not found:
        raise InputError(fault("holds no entry yet", file=ledger_file.path(folder)))
    header = (
        "seq", "run", "question", "kind", "of", "pair", "scenario", "origin", "as of", "entered"
    )  # fmt: skip
    rows = [
        (
            *(e.seq, e.run, e.question if e.domain == ALL_DOMAINS else f"{e.question}, {e.domain}"),
            *(e.kind, e.country, f"{e.supplier}-{e.recipient}", e.scenario, e.origin, e.as_of),
            e.entered,
        )
        for e in found
    ]
    console.put(header, rows, shape, f"Entered in {ledger_file.path(folder)}")
    return console.DONE


def check(asked: options.OfStore) -> int:
    """Check the chain of hashes: every entry that was changed, or is missing, is named."""
    from crossover.forecast import ledger, ledger_file

    folder = asked.folder
    faults = ledger.verify(folder)
    for each in (*faults, *([] if faults else ledger.impossible(folder))):
        say(each)
    if faults:
        raise InputError(fault(f"{len(faults)} faults", file=ledger_file.path(folder)))
    last = ledger_file.head(folder)
    found = f"{ledger_file.path(folder)}: sound; the last entry's hash is {last}"
    say(found if last else "no entry yet")
    return console.DONE


def score(
    asked: options.OfPanel,
    shown: options.Shown,
    out: Annotated[
        Path | None,
        Option(metavar="FILE", help="the table of scores; scores.csv of the store"),
    ] = None,
    run: Annotated[
        str | None,
        Option(
            metavar="DIR-OR-ID",
            help="a run in whose report the track record is to stand",
        ),
    ] = None,
    benchmarks: Annotated[
        bool,
        Option(
            "--benchmarks",
            help="beside it what the backtest's benchmarks would have said on the same day",
        ),
    ] = False,
) -> int:
    """Score what was forecast against the outcomes since, in their first and latest release: events
    by Brier and logarithmic score, quantities by CRPS (from quantiles every 2.5 %, in TIV million
    and of the log of one plus the value) and by how often their intervals held. Probabilities below
    half a draw count as half a draw. All scores go into a table; with --run the track record goes
    into that run's folder too, and `crossover report` shows it.
    """
    from crossover.forecast import scoring

    shape = shown.shape
    folder = asked.folder
    chosen = asked.find(run) if run else None
    found, known = _entries(folder), asked.layers()
    rows = scoring.score(found, known)
    table = out or folder / "scores.csv"
    runs.write(table, console.csv_text(scoring.Score._fields, rows))
    if chosen is not None:
        with runs.refreshing(chosen) as part:
            runs.write(part / scoring.RECORD, scoring.track_record(found, rows))
    beside = benchmarks and rows
    if not (beside and shape is Shape.JSON):
        _put_means(found, rows, shape)
    if beside:
        _beside_benchmarks(found, rows, known, shape)
    say(f"all scores: {table}")
    if chosen is not None:
        say(f"in the report: crossover report --run {chosen}")
    return console.DONE


def _entries(store: Path) -> list[Any]:
    """Return the entries of a sound ledger; raise InputError if there is none, or it is not."""
    from crossover.forecast import ledger, ledger_file

    found = ledger_file.entries(store)
    if not found:
        rule = "holds no entry yet: a run is entered when its gate has passed"
        raise InputError(fault(rule, file=ledger_file.path(store)))
    if ledger.verify(store):
        rule = "an entry was changed: see 'crossover ledger check'"
        raise InputError(fault(rule, file=ledger_file.path(store)))
    return found


def _put_means(found: Sequence[Any], rows: Sequence[Any], shape: Shape) -> None:
    from crossover.forecast import scoring

    if not rows:
        origins = sorted({entry.origin for entry in found})
        say(
            f"nothing to score yet: no release covers a year after the origins "
            f"({', '.join(map(str, origins))}) of the {len(found)} entries"
        )
    if shape is not Shape.TABLE and (rows or shape is Shape.JSON):
        console.put(scoring.Mean._fields, scoring.means(rows), shape)
    elif rows:
        header = (
            "question", "kind", "release", "scored", "Brier", "log", "CRPS", "CRPS, log scale"
        )  # fmt: skip
        shown = [(*row[:4], *(console.short(value) for value in row[4:]))
                 for row in scoring.means(rows)]  # fmt: skip
        title = "Mean scores; smaller is better"
        console.put((*header, "in 50 %", "in 90 %"), shown, shape, title)


def _beside_benchmarks(
    entries: Sequence[Any], rows: Sequence[Any], known: tuple[Path, ...], shape: Shape
) -> None:
    """Print mean scores of the ledger's quantities beside those of the backtest's benchmarks."""
    from crossover.forecast import rivals, scoring

    by_model = {"ledger": [row for row in rows if row.crps is not None]}
    for row in rivals.score(entries, rows, known):
        by_model.setdefault(row.run, []).append(row)
    means = [(model, mean) for model, held in by_model.items() for mean in scoring.means(held)]
    means.sort(key=lambda one: (one[1].question, one[1].release, one[1].crps_log1p))
    text = console.short if shape is not Shape.JSON else lambda value: value
    shown = [
        (mean.question, mean.release, model, mean.scored, *map(text, mean[6:]))
        for model, mean in means
    ]
    header = ("question", "release", "forecast", "scored", "CRPS", "CRPS, log scale")
    title = "Beside benchmarks of the same day"
    console.put((*header, "in 50 %", "in 90 %"), shown, shape, title)
