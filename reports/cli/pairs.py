"""Commands that answer at once: the answer of a run for a pair, and every pair side by side."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    CAPACITY_CROSSOVER,
    CONTESTED_ORDERS,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
    KIND,
    SOON,
    STATE,
)
from crossover.forecast import runs, steps, stored_run, verify
from crossover.forecast.progress import say
from crossover.reports import catalogue
from crossover.reports.cli import common, console, options
from crossover.reports.cli.chart import lines
from crossover.reports.cli.console import Shape
from crossover.reports.event_rows import read_events

if TYPE_CHECKING:
    from crossover.data.pair_totals import PairTotal

HEADLINES = (CAPACITY_CROSSOVER, EXPORT_CROSSOVER, CONTESTED_ORDERS, INDEPENDENCE)


def show(asked: options.OfPair, shown: options.Shown, run: options.RunArgument = None) -> int:
    """Show what a run answers for its pair, or another that was forecast: the probability of each
    statement, and its course to the horizon. With --csv or --json every year of every statement.
    """
    shape, of = shown.shape, asked.meant(run)
    rows = [row for row in _events(of) if row["scenario"] == BASELINE]
    if shape is not Shape.TABLE:
        header = ("event", "domain", KIND, "year", "probability", "mc_error")
        console.put(header, [[row[name] for name in header] for row in rows], shape)
        return console.DONE
    own = of.folder == of.run
    gate = of.record.get("gate") if own else runs.read(of.folder, stored_run.GATE_FILE)
    first = min(row["year"] for row in rows)
    said = common.verdict(gate) if gate else "not judged"
    console.show(f"Run {of.record['id']}, figures to {first}: {said}\n")
    common.put_pair(of.pair, rows, of.quick, shape)
    courses: dict[str, dict[int, float]] = {event: {} for event in catalogue.events()}
    for row in rows:
        if (row["domain"], row[KIND]) == (ALL_DOMAINS, STATE) and row["event"] in courses:
            courses[row["event"]][row["year"]] = row["probability"]
    console.show("\nProbability that each holds in a year")
    console.show("\n".join(lines(courses)))
    return console.DONE


def pairs(
    asked: options.OfPanel,
    shown: options.Shown,
    run: options.RunArgument = None,
    sort: Annotated[
        str | None, Option(metavar="COLUMN", help="of the list; by deliveries of late otherwise")
    ] = None,
) -> int:
    """Set every pair of a supplier and a recipient side by side. Deliveries and shares are of the
    panel, for every pair; probabilities are of a run, for the pairs that were forecast in it.
    """
    from crossover.data.pair_totals import SPELL, pair_totals

    shape = shown.shape
    chosen = asked.find(run) if run or runs.listing(asked.folder) else None
    forecast = dict(_forecast(chosen)) if chosen else {}
    last, totals = pair_totals(asked.layers())
    spells = [f"TIV {last - n * SPELL + 1}-{last - (n - 1) * SPELL}" for n in (1, 2)]
    header = ("supplier", "recipient", *spells, "% of imports", "% of exports",
              *(f"{event} {SOON}" for event in HEADLINES))  # fmt: skip
    rows = [_row(pair, forecast) for pair in totals]
    if sort is not None:
        _sort(rows, header, sort)
    of = f"run {chosen.name}, {len(forecast)} forecast" if chosen else "no run yet"
    title = f"Every pair. Deliveries, and shares of {spells[0][4:]}: the panel. Probabilities: {of}"
    console.put(header, rows, shape, title)
    say("one more is forecast by: crossover forecast --supplier S --recipient R")
    return console.DONE


def _row(pair: PairTotal, forecast: dict[tuple[str, str], list[float | None]]) -> list[Any]:
    held = forecast.get((pair.supplier, pair.recipient), [None] * len(HEADLINES))
    return [pair.supplier, pair.recipient, pair.recent, pair.before, pair.of_imports,
            pair.of_exports, *held]  # fmt: skip


def _events(of: common.Meant) -> list[dict[str, Any]]:
    """Return the rows of a pair's events; raise InputError if it is not forecast in the run."""
    path = of.folder / steps.EVENTS_FILE
    if not path.is_file():
        pair = "--supplier {} --recipient {}".format(*of.pair)
        rule = f"that pair is not forecast yet: crossover forecast --run {of.run} {pair}"
        raise InputError(fault(rule, file=of.run))
    return read_events(path)


def _forecast(run: Path) -> Iterator[tuple[tuple[str, str], list[float | None]]]:
    """Yield the pairs forecast in a run, each with its headline probabilities in the year soon."""
    said = runs.read(run)
    own = runs.own_pair(said)
    others = (tuple(path.name.split("-")) for path in sorted((run / "pairs").glob("???-???")))
    for pair in (own, *others):
        path = runs.pair_folder(run, said, pair) / steps.EVENTS_FILE
        if path.is_file():
            verify.stored(path)
            found = {
                row["event"]: row["probability"] for row in read_events(path)
                if (row["domain"], row["scenario"]) == (ALL_DOMAINS, BASELINE)
                and (row[KIND], row["year"]) == (STATE, SOON)
            }  # fmt: skip
            yield pair, [found.get(event) for event in HEADLINES]


def _sort(rows: list[list[Any]], header: tuple[str, ...], column: str) -> None:
    """Sort rows by a column, numbers from the largest, empty cells last."""
    meant = [name for name in header if name.startswith(column)]
    if not meant:
        near = difflib.get_close_matches(column, header, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(header)}"
        raise InputError(fault(f"is no column; {hint}", column="--sort", value=column))
    at = header.index(meant[0])
    if all(row[at] is None for row in rows):
        return
    empty = [row for row in rows if row[at] is None]
    held = sorted((row for row in rows if row[at] is not None), key=lambda row: row[at])
    rows[:] = (held if isinstance(held[0][at], str) else held[::-1]) + empty
