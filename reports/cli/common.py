"""What commands have in common: the run and pair that are meant, the panel, the gate's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    FIRST_PASSAGE,
    HEADLINE_YEAR,
    KIND,
    LASTING,
    STATE,
)
from crossover.forecast import plans, runs, steps
from crossover.forecast.progress import say, step
from crossover.reports import catalogue
from crossover.reports.cli import console
from crossover.reports.cli.console import Shape
from crossover.reports.event_rows import Rows

MILESTONES = (2030, HEADLINE_YEAR)


@dataclass(frozen=True)
class Meant:
    """A run, its record, and a pair."""

    run: Path
    record: Mapping[str, Any]
    pair: tuple[str, str]

    @property
    def folder(self) -> Path:
        """Where the forecast of the pair stands."""
        return runs.pair_folder(self.run, self.record, self.pair)

    @property
    def quick(self) -> bool:
        """Whether the run was made to try out."""
        return bool(self.record["quick"])


def meant(run: Path, supplier: str | None, recipient: str | None) -> Meant:
    """Return a run with its record and the pair that a user means."""
    said = runs.read(run)
    return Meant(run, said, plans.some_pair(supplier, recipient, runs.own_pair(said)))


def write_report(*pair: Any, **options: Any) -> Path:
    """Make the PDF of a run folder, saying so."""
    with step("writing the report", "report", {}):
        from crossover.reports.build import build

        return build(*pair, **options)


def enter(store: Path, run: Path) -> bool:
    """Enter a run in the ledger, say so, and return whether it may stand there."""
    from crossover.forecast import ledger, ledger_file

    done = ledger.enter(store, run)
    if done.refused:
        say(f"not entered in the ledger: {done.refused}")
        return False
    held = f", {done.held} were there already" if done.held else ""
    say(f"entered in the ledger {ledger_file.path(store)}: {done.new} questions{held}")
    return True


# A pair's events --------------------------------------------------------------------------------


def summary(events: Rows) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the short table of a pair's events.

    The state comes first, from the last data year on; then whether it has happened, and whether it
    lasts; the horizon, an extrapolation, stands last.
    """
    events = [r for r in events if (r["domain"], r["scenario"]) == (ALL_DOMAINS, BASELINE)]
    first, last = (side(row["year"] for row in events) for side in (min, max))
    years = [first, *(year for year in MILESTONES if first < year < last)]
    asked = [*((STATE, year) for year in years), (FIRST_PASSAGE, years[-1]), (LASTING, years[-1])]
    asked.append((STATE, last))
    words = {STATE: "in {}", FIRST_PASSAGE: "happened by {}", LASTING: "from {} on"}
    header = ["statement", *(words[kind].format(year) for kind, year in asked)]
    found = {(row["event"], row[KIND], row["year"]): row["probability"] for row in events}
    table = [
        [event, *(f"{found[key]:.2f}" if (key := (event, *one)) in found else "-" for one in asked)]
        for event in catalogue.events()
    ]
    return header, table


def put_pair(pair: tuple[str, str], events: Rows, quick: bool, shape: Shape) -> None:
    """Print the short table of a pair's events."""
    if quick and shape is Shape.TABLE:
        console.show(steps.QUICK_WORDS)
    last = max(row["year"] for row in events)
    words = (
        f"{console.pair_words(pair)}: probability that each statement holds in a year, has held in "
        f"some year up to one,\nand holds from one to {last} without a break. After "
        f"{MILESTONES[-1]}: an extrapolation."
    )
    header, table = summary(events)
    if shape is Shape.JSON:
        table = [[row[0], *(None if p == "-" else float(p) for p in row[1:])] for row in table]
    console.put(header, table, shape, words)


# The gate ---------------------------------------------------------------------------------------


def verdict(gate: Mapping[str, Any]) -> str:
    """Return what the gate says, with every check that failed."""
    if gate["passed"]:
        return "gate passed"
    failed = "; ".join(_failure(check) for check in gate["checks"] if not check["passed"])
    return f"gate FAILED, not publishable: {failed}"


def _failure(check: Mapping[str, Any]) -> str:
    where = f", {check['where']}" if check["where"] else ""
    of = f"threshold {console.short(check['threshold'])}{where}"
    return f"{check['name']} {console.short(check['value'])} ({of})"


def judged(gate: Mapping[str, Any], quick: bool) -> int:
    """Say what the gate says, and return the exit code for it."""
    say(verdict(gate))
    if gate["passed"]:
        return console.DONE
    if quick:
        say("quick runs are for trying out, and few of them pass: run without --quick")
    return console.GATE_FAILED
