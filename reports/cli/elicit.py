"""The command that makes a prior of three numbers, and shows what it predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from crossover.forecast.progress import step
from crossover.reports.cli import console, options

if TYPE_CHECKING:
    from crossover.forecast.elicited import Consequence
    from crossover.models.elicitation import Elicited

NAME = "a variable of models/priors/*.toml, as in rd_within"


def elicit(
    name: Annotated[str, Argument(metavar="NAME", help=NAME)],
    q05: Annotated[float, Option("--q05", help="5 %: it is hardly less")],
    q50: Annotated[float, Option("--q50", help="50 %: as likely more as less")],
    q95: Annotated[float, Option("--q95", help="95 %: it is hardly more")],
    reason: Annotated[str, Option("--reason", metavar="TEXT", help="why these numbers")],
    source: Annotated[str, Option("--source", metavar="TEXT", help="who or what says so")],
    asked: options.OfPanel,
) -> int:
    """Make a prior from three quantiles, show what it predicts, and save it.

    The file, priors/elicited-vN.toml of the store, holds what was elicited before too. No version
    is ever changed. Use it with 'crossover run --priors FILE'. What the priors alone predict is
    drawn anew, before and with the new prior, in a minute or two.
    """
    from crossover.forecast import elicited
    from crossover.models.elicitation import elicit as from_quantiles

    before = elicited.newest(asked.folder)
    found = from_quantiles(name, q05, q50, q95, before)
    layers = asked.layers()
    path = elicited.save(found, reason, source, asked.folder)
    console.show(told(found))
    if found.model == "default":
        with step("drawing from the priors, before and with this one", "prior", {}):
            rows = elicited.consequences(before, path, layers)
        console.show(f"\n{compared(rows)}")
    else:
        console.show(f"\nNo prediction from priors alone: {name} is of the model {found.model}.")
    console.show(f"\nwritten: {path}")
    return console.DONE


def told(found: Elicited) -> str:
    """Return the prior beside what was asked and what stood before."""
    lines = [
        f"{found.name}: {found.description} ({found.unit})", "",
        f"{'':12}{'5 %':>12}{'50 %':>12}{'95 %':>12}",
    ]  # fmt: skip
    for words, values in (
        ("asked", found.asked), ("this prior", found.implied), ("before", found.before)
    ):  # fmt: skip
        lines.append(f"{words:12}" + "".join(f"{value:12.4g}" for value in values))
    lines.append(f"\n{found.family}(mu = {found.mu:g}, sigma = {found.sigma:g})")
    if found.misses:
        lines.append(f"A {found.family} prior cannot follow these three numbers: see the rows.")
    return "\n".join(lines)


def compared(rows: list[Consequence]) -> str:
    """Return what the priors alone predict, before and with the new one."""

    def cell(values: tuple[float, ...]) -> str:
        if len(values) == 1:
            return f"{values[0]:.2f}"
        low, middle, high = (f"{value:,.0f}" for value in values)
        return f"{middle} ({low} to {high})"

    lines = [f"{'What the priors alone predict':46}{'year':>6}{'before':>24}{'with it':>24}"]
    lines += [
        f"{row.what:46}{row.year:>6}{cell(row.before):>24}{cell(row.after):>24}" for row in rows
    ]
    return "\n".join(lines)
