"""Commands that move a run on: update, explain, and a posterior carried forward as priors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from crossover.data.errors import InputError, fault
from crossover.forecast import plans, runs, steps, stored_run
from crossover.forecast.progress import say
from crossover.reports.cli import additions, common, console, options
from crossover.reports.cli.console import Shape


def update(
    reading: options.Reading,
    asked: options.OfPanel,
    shown: options.Shown,
    files: Annotated[
        list[Path] | None,
        Argument(metavar="FILE", help="as downloaded; none: what was added"),
    ] = None,
    run: options.RunText = None,
    dry_run: Annotated[
        bool, Option("--dry-run", help="show what the files hold; write nothing")
    ] = False,
    out: options.RunFolder = None,
    accept: additions.Accept = None,
) -> int:
    """Add what is new in the providers' files, and move a run to all that is known by a fit. The
    result is a new run, gated as ever; the old one stays. An as-of date of the old run is not
    kept: an update is to what is known now.
    """
    from crossover.forecast import update

    shape = shown.shape
    held = asked.find(run)
    said = update.starting_point(held)
    if files:
        additions.add(reading, asked, shown, files, dry_run=dry_run, accept=accept)
    if dry_run:
        return console.DONE
    supplier, recipient = runs.own_pair(said)
    made = plans.plan(
        command=console.command_line.get(), kind=runs.RUNS, supplier=supplier, recipient=recipient,
        out=out, store=asked.store, seed=said["seed"], as_of=None,
        priors=held / stored_run.PRIORS_FILE,
        draws=said["draws"], chains=said["chains"], quick=bool(said.get("quick")),
        panel=asked.panel, from_year=said.get("from_year"),
    )  # fmt: skip
    if update.unchanged(said, made):
        say(f"nothing to update: run {said['id']} knows every figure")
        return console.DONE
    made = made._replace(scenarios=update.scenarios_of(held, made))
    new = made.record
    new["warnings"] = update.warnings_of(said, new)
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        events, _ = steps.look_ahead(
            part, update.posterior(part, made, held), made.pair, new, part, made.scenarios
        )
        steps.audit(part, made)
        runs.write(part / runs.RECORD, new)
        common.write_report(part)
    common.put_pair(made.pair, events.to_dict("records"), new["quick"], shape)
    say(f"\nrun {new['id']}: {made.target} ({new['update']['reason']})")
    say(f"why it moved: crossover explain {held} {made.target}")
    if new["gate"]["passed"] and not new["quick"]:
        common.enter(asked.folder, made.target)
    return common.judged(new["gate"], new["quick"])


def explain(
    asked: options.OfPanel,
    shown: options.Shown,
    a: options.RunA,
    b: options.RunB,
    no_fit: Annotated[
        bool, Option("--no-fit", help="leave steps together that a fit would part")
    ] = False,
    event: Annotated[
        str | None,
        Option(
            metavar="EVENT",
            help="of which observations and next year's data are shown; the first that moved",
        ),
    ] = None,
    by: Annotated[
        int | None,
        Option(
            min=1993,
            max=2100,
            metavar="YEAR",
            help="year of that event; the one that moved most",
        ),
    ] = None,
) -> int:
    """Split the change of each headline from run A to run B into changed priors or code, revised
    history and the new year, by fits between the two. Then the observations that moved a headline
    most, and what would have to be true in next year's data to move it by ten points. The tables
    are written into the folder of run B too, and its report is written anew with them as a page.
    """
    from crossover.forecast import explain, waterfall

    shape = shown.shape
    one, other = (asked.find(text) for text in (a, b))
    found = explain.explain(one, other, asked.layers(), fits=not no_fit, event=event, by=by)
    with runs.refreshing(other) as part:
        explain.write(part, found)
    common.write_report(other)
    if shape is not Shape.TABLE:
        console.put(waterfall.Part._fields, found.parts, shape)
        return console.DONE
    _put_explained(found, f"From {one.name} to {other.name}")
    say(f"written into {other}: {', '.join(explain.FILES)}")
    return console.DONE


def _put_explained(found: object, title: str) -> None:
    """Print the parts of a change, the observations that moved it, and what would move it next."""
    shown = [
        (row.event, row.what, row.step, *map(_points, row[3:7]), row.how) for row in found.parts
    ]
    header = ("event", "", "step", "before", "after", "change", "MC error", "made by")
    console.put(header, shown, Shape.TABLE, title)
    at = f"P({found.event} in {found.by})"
    rows = [(*row[:3], *(console.short(value) for value in row[3:])) for row in found.influences]
    console.show()
    header = ("recipient", "year", "", "TIV before", "TIV now", "influence", "MC error", "k-hat")
    console.put(header, rows, Shape.TABLE, f"Observations that moved {at} most")
    rows = [
        (*row[:3], console.short(row.bound), row.unit, *(f"{v:.3f}" for v in row[5:9]),
         "yes" if row.moves else "no")
        for row in found.conditions
    ]  # fmt: skip
    console.show()
    header = ("figure", "of", "", "bound", "unit", "chance", "P then", "MC error", "change",
              "ten points")  # fmt: skip
    title = f"Next year's data and {at}, now {found.now:.3f}"
    console.put(header, rows, Shape.TABLE, title)


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if abs(value) > 1.0 else f"{value:.4f}"


def carry(
    asked: options.OfStore,
    run: options.RunArgument = None,
    out: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="the file, new; priors/<vintage>.toml of the store",
        ),
    ] = None,
) -> int:
    """Write a priors file that holds what a run's posterior says of all variables together, and
    which observations are in it. A fit with it must count later years only: --from-year.
    """
    from crossover.forecast import carry

    folder = asked.folder
    held = asked.find(run)
    text = carry.carry(held)
    said = runs.read(held)
    day = str(said.get("as_of") or said.get("created") or said["id"])[:10]
    file = out or folder / "priors" / f"{day}.toml"
    if file.exists():
        raise InputError(fault("is there already: give another --out", file=file))
    file.parent.mkdir(parents=True, exist_ok=True)
    runs.write(file, text)
    console.show(str(file))
    last = carry.last_year(held)
    say(f"use it with: crossover run --priors {file} --from-year {last + 1} (or later)")
    return console.DONE
