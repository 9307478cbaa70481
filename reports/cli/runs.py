"""Commands on the runs of a store: list, show, compare."""

from __future__ import annotations

from crossover.forecast import runs, steps
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape


def list_runs(asked: options.OfStore, shown: options.Shown) -> int:
    """List the runs of a store, oldest first."""
    shape = shown.shape
    folder = asked.folder
    runs.find(None, folder)
    header = ("id", "created", "pair", "as of", "seed", "draws", "quick", "gate")
    rows = []
    for run in runs.listing(folder):
        said = runs.read(run)
        gate = said.get("gate")
        rows.append(
            (
                run.name,
                said.get("created"),
                "-".join(runs.own_pair(said)),
                said.get("as_of") or "",
                said.get("seed"),
                f"{said.get('chains')} x {said.get('draws')}",
                "quick" if said.get("quick") else "",
                "not judged" if not gate else "passed" if gate.get("passed") else "FAILED",
            )
        )
    console.put(header, rows, shape, f"Runs in {folder / runs.RUNS}")
    return console.DONE


def show(
    asked: options.OfStore,
    shown: options.Shown,
    run: options.RunArgument = None,
) -> int:
    """Show what a run says of itself, with every figure of its gate."""
    shape = shown.shape
    found = asked.find(run)
    said = runs.read(found)
    gate = said.pop("gate", None) or {}
    pairs = ", ".join(path.name for path in sorted((found / "pairs").glob("???-???")))
    rows = [("folder", str(found)), *console.flat(said), ("other pairs forecast", pairs)]
    if shape is not Shape.TABLE:
        console.put(("key", "value"), [*rows, *console.flat(gate, "gate")], shape)
        return console.DONE
    if said.get("quick"):
        console.show(steps.QUICK_WORDS)
    console.put(("key", "value"), rows, shape)
    if gate:
        title = "gate passed" if gate["passed"] else "gate FAILED, not publishable"
        checks = [
            (c["name"], c["value"], c["threshold"], "yes" if c["passed"] else "NO", c["where"])
            for c in gate.get("checks", ())
        ]
        console.show()
        console.put(("check", "value", "threshold", "passed", "worst at"), checks, shape, title)
    return console.DONE


def compare(
    asked: options.OfStore,
    shown: options.Shown,
    a: options.RunA,
    b: options.RunB,
) -> int:
    """Set two runs of one pair side by side: what they were made from, the probability of each
    event by 2030 and 2050 and its median year, and every named parameter. Spreads are Monte-Carlo
    errors of probabilities and standard deviations of parameters.
    """
    from crossover.forecast import compare

    shape = shown.shape
    one, other = (asked.find(text) for text in (a, b))
    found = compare.compare(one, other)
    if shape is not Shape.TABLE:
        console.put(compare.Difference._fields, found, shape)
        return console.DONE
    differ = compare.setting(one, other)
    console.put(("made from", "A", "B"), differ, shape, f"A: {one}\nB: {other}")
    header = ("", "A", "+-", "B", "+-", "B - A", "in combined +-")
    rows = [(row.what, *(console.short(value) for value in row[1:])) for row in found]
    console.show()
    console.put(header, rows, shape, "What they say")
    return console.DONE
