"""Commands that test a forecast: the backtest, and the checks of a fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from crossover.data.errors import InputError, fault
from crossover.forecast import plans, runs
from crossover.forecast.progress import say, step
from crossover.reports.cli import console, options

AS_FIT = "as of a published fit by default"


@dataclass(frozen=True)
class Fits:
    """How each of many fits is sampled; what is not given is as of a published fit."""

    tune: Annotated[
        int | None, Option(min=4, max=10**5, metavar="N", help=f"tuning steps a chain; {AS_FIT}")
    ] = None
    draws: Annotated[
        int | None, Option(min=4, max=10**5, metavar="N", help=f"draws a chain; {AS_FIT}")
    ] = None
    chains: Annotated[
        int | None, Option(min=1, max=64, metavar="N", help=f"chains of each fit; {AS_FIT}")
    ] = None
    seed: Annotated[int, Option(min=0, max=2**31, metavar="N", help="of all fits")] = console.SEED

    def sampler(self) -> dict[str, int]:
        """Return the options of the sampler."""
        from crossover.forecast.fit import CHAINS, DRAWS, TUNE

        usual = {"seed": self.seed, "draws": DRAWS, "tune": TUNE, "chains": CHAINS}
        return {name: getattr(self, name) or number for name, number in usual.items()}


def backtest(
    asked: options.OfPanel,
    fits: Fits,
    many: options.Workers,
    shown: options.Shown,
    origins: Annotated[
        str,
        Option(
            metavar="YEARS",
            help="last data years, as in 2010-2022 or 2012,2016,2020",
        ),
    ] = "2010-2024",
    horizons: Annotated[int, Option(min=1, max=10, metavar="N", help="years ahead")] = 6,
    models: Annotated[
        str | None,
        Option(
            metavar="NAMES",
            help="by commas; full and all benchmarks installed by default; also no_rd, "
            "no_military, no_memory, no_pooling, gdp",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Option(
            metavar="DIR",
            help="where forecasts and scores stand, begun or new; backtest/ of the store by "
            "default",
        ),
    ] = None,
    score_only: Annotated[
        bool, Option("--score-only", help="make no forecast; score what is there")
    ] = False,
    priors: options.Priors = None,
) -> int:
    """Forecast from past origins with what was known half a year later, and score the forecasts
    against benchmarks that were given the same. What is done is kept, one file an origin and
    model: the same command goes on where it was stopped. Scores go to scores.csv, comparisons to
    skill.csv, events to events_skill.csv, intervals to calibration.csv, and all that a report
    prints of them to summary.csv.
    """
    from crossover.forecast import backtest, skill
    from crossover.models.priors import load

    shape = shown.shape
    folder = out or asked.folder / "backtest"
    years = years_of(origins, backtest.FIRST_ORIGIN)
    layers = asked.layers()
    names = models.split(",") if models else [skill.FULL, *backtest.benchmarks()]
    wanted = backtest.jobs(years, [name.strip() for name in names])
    given = load(priors)
    failed: list[str] = []
    if not score_only:
        sampler = fits.sampler()
        backtest.claim(folder, backtest.made_with(horizons, sampler, given, layers))
        failed = backtest.run(
            folder, wanted, horizons=horizons, given=given, sampler=sampler, folder=layers,
            workers=many.workers, scheduler=many.scheduler, say=say,
        )  # fmt: skip
    tables = backtest.report(folder, layers, console.command_line.get())
    header, rows = backtest.shown(tables[backtest.SUMMARY])
    title = "Skill of each model against the best benchmark by hindsight (90 % interval by origin)"
    console.put(header, rows, shape, title)
    say(f"all scores: {folder / backtest.SCORES}")
    for name in failed:
        say(f"failed: {name}")
    return console.FAILED if failed else console.DONE


def check(
    asked: options.OfRunAndPanel,
    many: options.Workers,
    shown: options.Shown,
    out: Annotated[
        Path | None,
        Option(
            metavar="DIR",
            help="where the tables go; checks/ of the run, or calibration/ of the store with --sbc",
        ),
    ] = None,
    sbc: Annotated[
        int | None,
        Option(
            min=1,
            max=100000,
            metavar="N",
            help="instead, fit N simulated worlds and test the ranks of their truths (minutes "
            "each)",
        ),
    ] = None,
    seed: options.FitsSeed = console.SEED,
) -> int:
    """Check a stored fit. Draws from it, and from its priors, are compared with the deliveries on
    record (predictive.csv); and the events of its pair are told how far they move when the priors
    or the data count for a little more (sensitivity.csv, by power-scaling). With --sbc N instead,
    truths are drawn from the priors, worlds of eight countries simulated from them and fitted, and
    the ranks of the truths tested for uniformity (sbc.csv): what is done is kept, so more can be
    asked for later, as in 'crossover check --sbc 200 --scheduler tcp://host:8786'. A check that
    fails is named, and exit is 3.
    """
    from crossover.forecast import calibration

    shape = shown.shape
    failed: list[str] = []
    if sbc:
        folder = out or asked.folder / "calibration"
        table, failed = calibration.sbc(
            folder, sbc, seed=seed, folder=asked.layers(), workers=many.workers,
            scheduler=many.scheduler, say=say,
        )  # fmt: skip
        found = {calibration.SBC: table}
        for name in failed:
            say(f"failed: simulation {name}")
    else:
        of = asked.meant(asked.run)
        folder = out or of.run / "checks"
        with step("checking the fit", "check", {}):
            known = plans.layers_of(runs.read(of.run), asked.layers())
            found = calibration.check(of.run, of.pair, known, seed=seed)
    calibration.write(folder, found)
    _put_tables(found, shape)
    say(f"tables: {folder}")
    passed = all(table["passed"].all() for table in found.values() if "passed" in table)
    return console.FAILED if failed else console.DONE if passed else console.GATE_FAILED


def _put_tables(found: dict[str, Any], shape: console.Shape) -> None:
    """Print tables under their names; as JSON one list, with the name of its table in each row."""
    if shape is console.Shape.JSON:
        rows = [
            {"table": name} | row
            for name, table in found.items() for row in table.to_dict("records")
        ]  # fmt: skip
        header = list(dict.fromkeys(key for row in rows for key in row))
        console.put(header, [[row.get(key) for key in header] for row in rows], shape)
        return
    for name, table in found.items():
        rows = [list(map(console.short, row)) for row in table.itertuples(index=False)]
        console.put(list(table.columns), rows, shape, name)


def years_of(text: str, first: int) -> list[int]:
    """Return the years of --origins, a span or several by commas; raise InputError otherwise."""
    rule = f"must be years from {first} on, as in 2010-2022 or 2012,2016,2020"
    found: set[int] = set()
    for part in text.split(","):
        ends = part.strip().split("-")
        if len(ends) > 2 or not all(re.fullmatch(r"\d{4}", end) for end in ends):
            raise InputError(fault(rule, column="--origins", value=text))
        span = range(int(ends[0]), int(ends[-1]) + 1)
        if not span or span[0] < first:
            raise InputError(fault(rule, column="--origins", value=text))
        found |= set(span)
    return sorted(found)
