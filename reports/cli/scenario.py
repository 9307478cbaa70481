"""Commands on scenarios and on the claims of the thesis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from crossover.data.errors import InputError, fault
from crossover.forecast import steps, stored_run
from crossover.forecast.progress import say
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape

if TYPE_CHECKING:
    from crossover.forecast import claim_rules


def list_scenarios(shown: options.Shown) -> int:
    """List the shipped scenarios, and what a scenario may set."""
    from crossover.forecast import scenarios

    shape = shown.shape
    header = ("scenario", "title", "paths", "what it says")
    console.put(header, scenarios.listing(), shape, "Scenarios")
    if shape is Shape.TABLE:
        rows = [
            (name, " and ".join(v.of), v.unit, ", ".join(v.bounds), v.meaning)
            for name, v in scenarios.VARIABLES.items()
        ]
        console.show()
        console.put(("variable", "of", "unit", "by", "meaning"), rows, shape, "What a path may set")
        say(f"not identified, so not to be set: {', '.join(scenarios.NOT_IDENTIFIED)}")
    return console.DONE


def check(
    asked: options.OfPanel,
    shown: options.Shown,
    file: Annotated[Path, Argument(metavar="FILE", help="a scenario file, TOML")],
    origin: Annotated[
        int | None,
        Option(
            min=1993,
            max=2049,
            metavar="YEAR",
            help="last data year; by default the panel's",
        ),
    ] = None,
) -> int:
    """Check a scenario file: the first fault is named with its file, table, key, value and rule,
    and exit 2 if there is one.
    """
    from crossover.data import tables
    from crossover.forecast import scenarios

    shape = shown.shape
    if origin is None:
        origin = max(row.year for row in tables.read("transfers", asked.layers()))
    found = scenarios.load(file, origin=origin)
    if found.name in scenarios.SHIPPED:
        rule = "is the name of a shipped scenario: give the file another"
        raise InputError(fault(rule, file=file))
    rows = [
        (p.name, p.variable, "-".join(p.of), p.first, p.last, p.change, p.amount,
         "ramp" if p.ramp else "", p.reason, p.source)
        for p in found.paths
    ]  # fmt: skip
    header = ("path", "variable", "of", "from", "to", "by", "amount", "", "reason", "source")
    console.put(header, rows, shape, f"{found.name}: {found.title}")
    say(f"{file}: sound")
    return console.DONE


def claims(
    asked: options.OfRunAndPanel,
    shown: options.Shown,
    file: Annotated[Path | None, Option(metavar="FILE", help="claims of your own, TOML")] = None,
) -> int:
    """Audit the claims of the thesis: each with the quantity that tests it, its figure in this run
    and panel, and a verdict by a stated rule. 'supported' and 'contradicted' are said only beyond
    Monte-Carlo error; where an earlier release gives another verdict, that is shown.
    """
    from crossover.forecast import claim_rules
    from crossover.forecast import claims as audit

    shape = shown.shape
    listed = audit.load(file)
    of = asked.meant(asked.run)
    as_of = stored_run.day(of.record.get("as_of"))
    place = claim_rules.Run(of.run, of.folder, of.pair, as_of, asked.layers())
    rows = audit.judge(listed, place)
    if shape is not Shape.TABLE:
        console.put(claim_rules.Row._fields, rows, shape)
        return console.DONE
    if of.quick:
        console.show(steps.QUICK_WORDS)
    here = [r for r in rows if audit.concerns(r.about, of.pair)]
    _put_claims(here, "Claims of the thesis")
    others = [r for r in rows if r not in here]
    if others:
        console.show()
        whom = {code for r in others for code in r.about.split("-")}
        _put_claims(others, f"Claims about {console.listed(whom)}, whatever the pair")
    moved = [(r.says, r.by_vintage) for r in rows if r.by_vintage]
    if moved:
        console.show()
        title = "Where a release changes the verdict"
        console.put(("claim", "by release"), moved, shape, title)
    verdicts = (claim_rules.SUPPORTED, claim_rules.CONTRADICTED, claim_rules.OPEN)
    say(", ".join(f"{sum(r.verdict == v for r in rows)} {v}" for v in verdicts))
    return console.DONE


def _put_claims(rows: Sequence[claim_rules.Row], title: str) -> None:
    shown = [(r.verdict, r.says, r.figure, r.vintage) for r in rows]
    console.put(("verdict", "claim", "figure", "vintage"), shown, Shape.TABLE, title)
