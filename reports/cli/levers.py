"""Commands that ask why: what moved the orders, and what more R&D would change."""

from __future__ import annotations

import csv as files
import math
from typing import Annotated

from typer import Option

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.forecast import steps, stored_run
from crossover.forecast.progress import progress, step
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape
from crossover.reports.cli.values import number


def causes(
    asked: options.OfRun,
    shown: options.Shown,
) -> int:
    """Split the change of what the recipient orders abroad, and of what the supplier wins, from
    the spell with the most orders to the last one, into causes: own R&D, spending, war, rivals,
    politics, customers. In logs of orders a year; what nothing explains is named so.
    """
    shape = shown.shape
    of = asked.meant(asked.run)
    path = of.folder / steps.CAUSES_FILE
    if not path.is_file():
        rule = "the run holds no split into causes: forecast the pair with this version"
        raise InputError(fault(rule, file=path))
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = files.reader(lines)
    if shape is not Shape.TABLE:
        console.put(header, rows, shape)
        return console.DONE
    shown = [
        (countries.name_of(row[1]), row[0], row[2], *(f"{float(v):+.2f}" for v in row[7:]))
        for row in rows
    ]
    title = "; ".join(
        dict.fromkeys(f"{r[0]}, {r[1]}: {r[3]}-{r[4]} to {r[5]}-{r[6]}" for r in rows)
    )
    console.put(("country", "orders", "cause", "median", "5 %", "95 %"), shown, shape, title)
    return console.DONE


def whatif(
    asked: options.OfRun,
    shown: options.Shown,
    rd: Annotated[
        float,
        Option(
            parser=number("--rd", float, -90, 900, but=0),
            metavar="PERCENT",
            help="above what it would be",
        ),
    ] = 10.0,
    years: Annotated[int, Option(min=1, max=25, metavar="N", help="for how long")] = 10,
    target: Annotated[
        int | None,
        Option(
            parser=number("--target", int, -25, 25, but=0),
            metavar="N",
            help="find the R&D that moves the year of even odds by N years: later (the "
            "supplier's), or with a minus earlier (the recipient's)",
        ),
    ] = None,
) -> int:
    """Run a pair forward with R&D of the supplier, then of the recipient, some per cent above what
    it would be for some years: what that does to capacity, orders and dependence. With --target N
    say which R&D moves the year of even odds by N years, or that none does.
    """
    from crossover.forecast import whatif

    shape = shown.shape
    of = asked.meant(asked.run)
    tree = stored_run.stored(of.run)
    words = "running the pair forward with more R&D"
    with step(words, "whatif", {}), progress(words) as move:
        futures = whatif.run(
            tree, of.pair, seed=of.record["seed"], per_cent=rd, years=years, progress=move
        )
    if target is not None:
        data = tree["constant_data"].to_dataset()
        highest = float(data["rd_share"].max())
        console.show(whatif.target(futures, target, highest, data.attrs["rd_depreciation"]))
        return console.DONE
    table = whatif.effects(futures)
    if shape is not Shape.TABLE:
        console.put(whatif.COLUMNS, table.itertuples(index=False), shape)
        return console.DONE
    shown = [
        (countries.name_of(r.country), r.year, whatif.TITLES[r.quantity], _digits(r.without, 3),
         _digits(r.with_more, 3), _digits(r.change, 2, "+"), _digits(r.mc_error, 1),
         "" if math.isnan(r.q05) else f"{_digits(r.q05, 2, '+')} to {_digits(r.q95, 2, '+')}")
        for r in table.itertuples()
    ]  # fmt: skip
    title = f"R&D {rd:g} % above what it would be, for {years} years"
    header = ("whose R&D", "year", "what", "without", "with", "change", "error", "90 %")
    console.put(header, shown, shape, title)
    return console.DONE


def _digits(value: float, significant: int, sign: str = "") -> str:
    """Write a number with so many significant digits and never with an exponent."""
    if not value:
        return "0"
    places = significant - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):{sign},.{max(places, 0)}f}"
