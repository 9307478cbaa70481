"""Commands that make a run, forecast from it and report it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from crossover.data.errors import InputError
from crossover.forecast import runs, steps, stored_forecast
from crossover.forecast.progress import say
from crossover.reports.cli import common, console, options
from crossover.reports.cli.console import Shape


def run(asked: options.Sampling) -> int:
    """Fit, judge, forecast and report: one run folder that holds it all."""
    made = asked.plan(runs.RUNS)
    said = made.record
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        # The draws are let go of once all has been forecast from them.
        events, _ = steps.look_ahead(
            part, steps.sample(part, made), made.pair, said, part, made.scenarios
        )
        steps.audit(part, made)
        runs.write(part / runs.RECORD, said)
        common.write_report(part)
    common.put_pair(made.pair, events.to_dict("records"), asked.quick, Shape.TABLE)
    console.show(f"\nrun {said['id']}: {made.target}")
    if said["gate"]["passed"] and not asked.quick:
        common.enter(asked.folder, made.target)
    return common.judged(said["gate"], asked.quick)


def fit(
    asked: options.Sampling,
    prior_only: Annotated[
        bool, Option("--prior-only", help="draw from the priors and show what they imply")
    ] = False,
) -> int:
    """Fit and judge only. `crossover forecast` and `crossover report` follow on the run; the pair
    given here is the one they take by default.
    """
    made = asked.plan(runs.PRIORS if prior_only else runs.RUNS)
    said = made.record
    if prior_only:
        said |= {"prior_only": True, "tune": 0, "chains": 1}
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        if prior_only:
            from crossover.reports import prior

            steps.draw_prior(part, made, prior.figure)
        else:
            steps.sample(part, made)
        runs.write(part / runs.RECORD, said)
    if asked.quick:
        console.show(steps.QUICK_WORDS)
    console.show(f"{'priors' if prior_only else 'run'} {said['id']}: {made.target}")
    return console.DONE if prior_only else common.judged(said["gate"], asked.quick)


def forecast(
    asked: options.OfRun,
    shown: options.Shown,
    scenario: Annotated[
        list[str] | None,
        Option(
            metavar="NAME-OR-FILE",
            help="a shipped one by name, or your own file, beside those of the run; may be "
            "repeated",
        ),
    ] = None,
    every: Annotated[
        bool, Option("--all", help="deliveries of every pair in one pass, instead")
    ] = False,
) -> int:
    """Forecast a pair from a run's posterior: the run's own, or any other of the sample, which
    then stands under `pairs` in the run folder. The same run gives the same bytes. With --all the
    deliveries of every pair are forecast at once, for 'league' and 'ask': minutes; what is done is
    kept, and the same command goes on.
    """
    if every:
        from crossover.reports.cli.league import forecast_all

        if asked.supplier or asked.recipient or scenario:
            raise InputError("--all takes every pair, of the baseline: give no pair, no scenario")
        return forecast_all(asked.find(asked.run))
    shape, of = shown.shape, asked.unread(asked.run)
    events, _, gate = stored_forecast.forecast_stored(of.run, of.pair, scenario or ())
    common.put_pair(of.pair, events.to_dict("records"), of.quick, shape)
    say(f"\nforecast in {of.folder}")
    return common.judged(gate, of.quick)


def report(
    asked: options.OfRun,
    out: Annotated[
        Path | None, Option(metavar="FILE", help="the PDF; beside the forecast by default")
    ] = None,
    templates: Annotated[
        Path | None,
        Option(metavar="DIR", help="folder of templates in place of those of the same name"),
    ] = None,
    brief: Annotated[bool, Option("--brief", help="two pages instead of the whole")] = False,
) -> int:
    """Make the PDF of a pair that was forecast. The same run gives the same bytes."""
    of = asked.meant(asked.run)
    chosen = (None, None) if of.pair == runs.own_pair(of.record) else of.pair
    path = common.write_report(of.run, *chosen, out=out, templates=templates, brief=brief)
    if not (of.record.get("gate") or {}).get("passed"):
        say("the run has not passed the gate: its report is marked not publishable")
    console.show(str(path))
    return console.DONE
