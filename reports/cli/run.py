"""Commands that make a run, forecast from it and report it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from crossover.data.names import DEFAULT_RECIPIENT, DEFAULT_SUPPLIER
from crossover.forecast import runs, steps
from crossover.forecast.progress import say
from crossover.reports.cli import common, console, options
from crossover.reports.cli.console import Shape


def run(
    supplier: options.Supplier = DEFAULT_SUPPLIER,
    recipient: options.Recipient = DEFAULT_RECIPIENT,
    out: options.RunFolder = None,
    store: options.Store = None,
    seed: options.Seed = console.SEED,
    as_of: options.AsOf = None,
    priors: options.Priors = None,
    from_year: options.FromYear = None,
    draws: options.Draws = None,
    chains: options.Chains = None,
    quick: options.Quick = False,
    panel: options.Panel = None,
    scenario: options.Scenarios = None,
) -> int:
    """Fit, judge, forecast and report: one run folder that holds it all."""
    made = steps.plan(
        command=console.command_line.get(), kind=runs.RUNS, supplier=supplier, recipient=recipient,
        out=out, store=store, seed=seed, as_of=as_of, priors=priors, draws=draws, chains=chains,
        quick=quick, panel=panel, scenarios=scenario or (), from_year=from_year,
    )  # fmt: skip
    said = made.record
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        tree = steps.sample(part, made)
        events, _ = steps.look_ahead(part, tree, made.pair, said, part, made.scenarios)
        steps.audit(part, made)
        runs.write(part / runs.RECORD, said)
        common.write_report(part)
    common.put_pair(made.pair, events, quick, Shape.TABLE)
    console.show(f"\nrun {said['id']}: {made.target}")
    if said["gate"]["passed"] and not quick:
        common.enter(runs.store(store), made.target)
    return common.judged(said["gate"], quick)


def fit(
    supplier: options.Supplier = DEFAULT_SUPPLIER,
    recipient: options.Recipient = DEFAULT_RECIPIENT,
    out: options.RunFolder = None,
    store: options.Store = None,
    seed: options.Seed = console.SEED,
    as_of: options.AsOf = None,
    priors: options.Priors = None,
    from_year: options.FromYear = None,
    draws: options.Draws = None,
    chains: options.Chains = None,
    quick: options.Quick = False,
    panel: options.Panel = None,
    prior_only: Annotated[
        bool, Option("--prior-only", help="draw from the priors and show what they imply")
    ] = False,
    scenario: options.Scenarios = None,
) -> int:
    """Fit and judge only. `crossover forecast` and `crossover report` follow on the run; the pair
    given here is the one they take by default.
    """
    kind = runs.PRIORS if prior_only else runs.RUNS
    made = steps.plan(
        command=console.command_line.get(), kind=kind, supplier=supplier, recipient=recipient,
        out=out, store=store, seed=seed, as_of=as_of, priors=priors, draws=draws, chains=chains,
        quick=quick, panel=panel, scenarios=scenario or (), from_year=from_year,
    )  # fmt: skip
    said = made.record
    if prior_only:
        said |= {"prior_only": True, "tune": 0, "chains": 1}
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        if prior_only:
            steps.draw_prior(part, made)
        else:
            steps.sample(part, made)
        runs.write(part / runs.RECORD, said)
    if quick:
        console.show(steps.QUICK_WORDS)
    console.show(f"{'priors' if prior_only else 'run'} {said['id']}: {made.target}")
    return console.DONE if prior_only else common.judged(said["gate"], quick)


def forecast(
    run: options.Run = None,
    supplier: options.OtherSupplier = None,
    recipient: options.OtherRecipient = None,
    store: options.Store = None,
    scenario: options.MoreScenarios = None,
    csv: options.Csv = False,
    json: options.Json = False,
) -> int:
    """Forecast a pair from a run's posterior: the run's own, or any other of the sample, which
    then stands under `pairs` in the run folder. The same run gives the same bytes.
    """
    shape = console.shape(csv, json)
    of = common.meant(run, store, supplier, recipient)
    events, _, gate = steps.forecast_stored(of.run, of.pair, scenario or ())
    common.put_pair(of.pair, events, of.quick, shape)
    say(f"\nforecast in {of.folder}")
    return common.judged(gate, of.quick)


def report(
    run: options.Run = None,
    supplier: options.OtherSupplier = None,
    recipient: options.OtherRecipient = None,
    store: options.Store = None,
    out: Annotated[
        Path | None,
        Option("--out", metavar="FILE", help="the PDF; beside the forecast by default"),
    ] = None,
) -> int:
    """Make the PDF of a pair that was forecast. The same run gives the same bytes."""
    of = common.meant(run, store, supplier, recipient)
    chosen = (None, None) if of.pair == runs.own_pair(of.record) else of.pair
    path = common.write_report(of.run, *chosen, out=out)
    if not (of.record.get("gate") or {}).get("passed"):
        say("the run has not passed the gate: its report is marked not publishable")
    console.show(str(path))
    return console.DONE
