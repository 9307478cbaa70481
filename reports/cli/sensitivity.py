"""Commands that show how the answer hangs on what was assumed."""

from __future__ import annotations

import csv as files
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from typer import Option

from crossover.data import countries
from crossover.forecast import plans, shipped_tables, steps, stored_forecast, stored_run
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape
from crossover.reports.cli.evaluate import years_of


def levels(
    asked: options.OfRun,
    shown: options.Shown,
) -> int:
    """Show the probability that the recipient's capacity is above the supplier's at the last data
    year and in later ones, under each convention of the level: how much of the answer is data.
    """
    shape = shown.shape
    of = asked.meant(asked.run)
    with tempfile.TemporaryDirectory() as part:
        folder = of.folder
        if not (folder / steps.LEVELS_FILE).is_file():
            folder, tree = Path(part), stored_run.stored(of.run)
            stored_forecast.compare_levels(folder, tree, of.pair, of.record["seed"])
        with (folder / steps.LEVELS_FILE).open(encoding="utf-8", newline="") as lines:
            header, *rows = files.reader(lines)
    if shape is not Shape.TABLE:
        console.put(header, rows, shape)
        return console.DONE
    if of.quick:
        console.show(steps.QUICK_WORDS)
    found = [dict(zip(header, row, strict=True)) for row in rows]
    origin, *later = dict.fromkeys(row["year"] for row in found)
    at = {(row["alternative"], row["year"]): row for row in found}
    shown = [
        (
            row["alternative"] + (" *" if row["headline"] == "1" else ""),
            *(f"{float(row[key]):.3f}" for key in ("probability", "mc_error")),
            f"{float(row['gap_median']):+.2f}",
            f"{float(row['gap_q05']):+.2f} to {float(row['gap_q95']):+.2f}",
            *(f"{float(at[row['alternative'], year]['probability']):.3f}" for year in later),
            row["description"],
        )
        for row in found if row["year"] == origin
    ]  # fmt: skip
    seller, buyer = map(countries.name_of, of.pair)
    title = f"P(capacity of {buyer} above {seller}) in {origin}; * is the headline"
    years = (f"P in {year}" for year in later)
    names = ("convention", "P", "MC error", "gap", "90 %", *years, "what it says")
    console.put(names, shown, shape, title)
    return console.DONE


def answer(
    asked: options.OfRunAndPanel,
    shown: options.Shown,
    out: options.TableFile = None,
) -> int:
    """Ask whether the recipient is ahead in capacity under every choice that could have been
    another: each convention of the level, other likelihoods of orders, a model without one of its
    parts, other priors, and figures that end one and two years earlier. Ten fits, two minutes or
    so each; the table goes to a file.
    """
    shape = shown.shape
    of = asked.meant(asked.run)
    rows = shipped_tables.move_answer(
        of.run, of.pair, tuple(plans.layers_of(of.record, asked.layers())),
        console.command_line.get(), out, asked.folder,
    )  # fmt: skip
    if shape is not Shape.TABLE:
        _put_rows(rows, shape)
        return console.DONE
    from crossover.forecast.shipped import doubt

    if of.quick:
        console.show(steps.QUICK_WORDS)
    years = list(dict.fromkeys(row["year"] for row in rows))
    at = {(row["choice"], row["year"]): row for row in rows}
    shown = [
        (row["group"], row["description"],
         *(f"{float(at[row['choice'], year]['probability']):.2f}" for year in years),
         doubt(row))
        for row in rows if row["year"] == years[0]
    ]  # fmt: skip
    seller, buyer = map(countries.name_of, of.pair)
    title = f"P(capacity of {buyer} above {seller}), averaged over conventions"
    console.put(("what differs", "choice", *years, "but"), shown, shape, title)
    return console.DONE


def partnership(
    asked: options.OfPanel,
    shown: options.Shown,
    out: options.TableFile = None,
    seed: options.Seed = console.SEED,
    priors: options.Priors = None,
) -> int:
    """Score the hazard of a downturn on decades that were left out, against a constant hazard by
    era, against era and rank alone, and against the controls without what the thesis names. Takes
    two minutes or so; the table goes to a file.
    """
    shape = shown.shape
    rows = shipped_tables.cross_validate(
        asked.layers(), priors, seed, console.command_line.get(), out,
        asked.folder,
    )  # fmt: skip
    if shape is not Shape.TABLE:
        _put_rows(rows, shape)
        return console.DONE
    header = ("better", "than", "difference", "treaties 90 %", "decades 90 %", "P", "beats")
    shown = [
        (r["better"], r["than"], f"{float(r['difference']):+.1f}",
         *(f"{float(r[f'{b}_q05']):+.1f} to {float(r[f'{b}_q95']):+.1f}"
           for b in ("treaties", "decades")),
         f"{float(r['p_better']):.2f}", "yes" if r["beats"] in ("1", "True", True) else "no")
        for r in rows
    ]  # fmt: skip
    title = "Log score of pair-years in decades left out, sum of differences"
    console.put(header, shown, shape, title)
    return console.DONE


def drivers(
    asked: options.OfPanel,
    shown: options.Shown,
    origins: Annotated[str, Option(metavar="YEARS", help="last data years")] = "2005-2024",
    out: options.TableFile = None,
    seed: options.Seed = console.SEED,
    priors: options.Priors = None,
) -> int:
    """Fit the drivers to what was known half a year after past origins, and score their futures,
    one to six years ahead, against the mean growth of the record, that of the last five years and
    the last figure carried on. Some tens of seconds an origin; the table goes to a file.
    """
    from crossover.forecast import driver_skill

    shape = shown.shape
    years = years_of(origins, driver_skill.ORIGINS[0])
    rows = shipped_tables.score_drivers(
        asked.layers(), priors, seed, console.command_line.get(), years, out,
        asked.folder,
    )  # fmt: skip
    if shape is not Shape.TABLE:
        _put_rows(rows, shape)
        return console.DONE
    header = ("target", "years", "forecast", "cases", "CRPS", "in 50 %", "in 90 %", "skill", "90 %")
    shown = [
        (r["target"], r["group"], r["forecast"], int(r["cases"]), f"{float(r['crps']):.3f}",
         *(f"{float(r[key]):.2f}" for key in ("in_50", "in_90")), *_skill(r))
        for r in rows
    ]  # fmt: skip
    title = "Futures of the drivers; skill is that of the model against the forecast of the row"
    console.put(header, shown, shape, title)
    return console.DONE


def _skill(row: Mapping[str, str]) -> tuple[str, str]:
    """Return skill and its interval in words, empty where a row has none."""
    if not row["skill"]:
        return "", ""
    ends = (f"{float(row[key]):+.3f}" for key in ("skill_q05", "skill_q95") if row[key])
    return f"{float(row['skill']):+.3f}", " to ".join(ends)


def analogues(
    asked: options.OfRunAndPanel,
    shown: options.Shown,
    file: Annotated[Path | None, Option(metavar="FILE", help="analogues of your own, TOML")] = None,
) -> int:
    """Fit the hazard of a downturn once more with the thesis's own analogues as weighted cases, and
    show effects and the pair's probabilities with and without them.
    """
    shape = shown.shape
    of = asked.meant(asked.run)
    effects, chances = shipped_tables.with_analogues(of.run, of.pair, file, asked.layers())
    if shape is not Shape.TABLE:
        console.put(list(effects.columns), effects.values.tolist(), shape)
        return console.DONE
    if of.quick:
        console.show(steps.QUICK_WORDS)
    shown = [
        (r.effect, f"{r.median:.2f}", f"{r.q05:.2f}-{r.q95:.2f}", f"{r.p_positive:.3f}",
         f"{r.median_with:.2f}", f"{r.q05_with:.2f}-{r.q95_with:.2f}", f"{r.p_positive_with:.3f}")
        for r in effects.itertuples()
    ]  # fmt: skip
    header = ("effect", "ratio", "90 %", "P(>1)", "with", "90 %", "P(>1)")
    console.put(header, shown, shape, "Hazard ratios of a downturn, without and with analogues")
    if len(chances):
        console.show()
        rows = [(int(r.year), f"{r.without:.3f}", f"{r.with_:.3f}") for r in chances.itertuples()]
        title = f"P(downturn), {console.listed(of.pair)}"
        console.put(("by", "without", "with"), rows, shape, title)
    return console.DONE


def _put_rows(rows: list[dict], shape: Shape) -> None:
    """Print the rows of a table that was written, as they stand there."""
    console.put(list(rows[0]), [list(row.values()) for row in rows], shape)
