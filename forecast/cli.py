"""The command `crossover`: what a user asks for, said in plain words and exit codes.

Results go to standard output, what is being done and what went wrong to standard error. Nothing
heavy is imported before a command needs it, so help and look-ups answer at once. 0: done; 2: an
input that cannot be used; 3: done, but the gate failed; 130: stopped by Ctrl-C.
"""

import contextlib
import csv
import datetime
import errno
import shlex
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from data import countries
from data.errors import InputError, fault
from data.names import (
    ALL_DOMAINS,
    BASELINE,
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    EVENTS,
    HORIZON,
)
from data.tables import PANEL
from forecast import record, runs

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from models.priors import Priors

BAD_INPUT, GATE_FAILED, STOPPED = 2, 3, 130
SEED = 20260424
POSTERIOR, FORECAST = "posterior.nc", "forecast.nc"
EVENTS_FILE, TIMING_FILE, LEVELS_FILE = "events.csv", "timing.csv", "levels.csv"
GATE_FILE, PRIORS_FILE, PRIOR_DRAWS = "gate.json", "priors.toml", "prior.nc"
FLOATS = "%.6g"
QUICK_WORDS = "QUICK RUN: few draws, for trying out; its numbers are not for publication"


class Commands(TyperGroup):
    """A group of commands that turns what may go wrong into one line and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            complain(str(error))
        except KeyboardInterrupt:
            say("\ncrossover: stopped; nothing was kept")
            raise typer.Exit(STOPPED) from None
        except OSError as error:
            if error.errno in (None, errno.EPIPE):
                raise
            complain(fault(str(error.strerror), file=error.filename))
        raise typer.Exit(BAD_INPUT)


def complain(message: str) -> None:
    """Print one line on what is wrong."""
    say("crossover: error: " + " ".join(message.split()))


def say(message: str = "") -> None:
    """Print a line for the user to read meanwhile."""
    typer.echo(message, err=True)


options: dict[str, Any] = {
    "cls": Commands,
    "no_args_is_help": True,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    help="Probabilistic forecasts of arms dependence and power shifts between states.",
    epilog="Exit codes: 0 done, 2 bad input, 3 gate failed, 130 stopped.",
    add_completion=False,
    **options,
)
data_app = typer.Typer(help="Look at the figures, check them, build them anew.", **options)
runs_app = typer.Typer(help="List and show the runs of a store.", **options)
sensitivity_app = typer.Typer(help="How the answer hangs on what was assumed.", **options)
app.add_typer(data_app, name="data")
app.add_typer(runs_app, name="runs")
app.add_typer(sensitivity_app, name="sensitivity")


def main() -> None:
    """Run the command line; being asked to end counts as Ctrl-C."""
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    app(prog_name="crossover")


# Options ---------------------------------------------------------------------------------------

Supplier = Annotated[str, typer.Option(help="Supplier: ISO3 code or name.")]
Recipient = Annotated[str, typer.Option(help="Recipient: ISO3 code or name.")]
SomeSupplier = Annotated[
    str | None, typer.Option("--supplier", help="Supplier of another pair than the run's own.")
]
SomeRecipient = Annotated[
    str | None, typer.Option("--recipient", help="Recipient of another pair than the run's own.")
]
Out = Annotated[
    Path | None,
    typer.Option(help="The run folder itself, new or empty; in the store when not given."),
]
Store = Annotated[
    Path | None,
    typer.Option(help=f"Folder of runs; {runs.VARIABLE}, or ./{runs.STORE} when not given."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Only what was released by this day, as in 2024-05-01."),
]
PriorsOption = Annotated[
    Path | None,
    typer.Option("--priors", metavar="FILE", help="TOML file laid over the default priors."),
]
Draws = Annotated[int | None, typer.Option(min=4, help="Draws a chain, after tuning.")]
Chains = Annotated[int | None, typer.Option(min=1, max=64, help="Chains.")]
Quick = Annotated[
    bool, typer.Option("--quick", help="A few hundred draws, to try out; marked as such.")
]
PanelOption = Annotated[
    Path | None,
    typer.Option("--panel", metavar="DIR", help="Folder of a panel; the shipped one by default."),
]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run", metavar="DIR-OR-ID", help="A run folder, or an id or its beginning; the newest."
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]


def day(text: str | None) -> datetime.date | None:
    """Return the date of --as-of; raise InputError if it is none."""
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        rule = "must be a date, year-month-day, as in 2024-05-01"
        raise InputError(fault(rule, column="--as-of", value=text)) from None


def pair_of(supplier: str, recipient: str) -> tuple[str, str]:
    """Return the codes of a pair; raise InputError unless both are of the sample and differ."""
    found = []
    for option, text, kept in (
        ("--supplier", supplier, countries.suppliers()),
        ("--recipient", recipient, countries.recipients()),
    ):
        code = countries.find(text, option=option)
        if code not in kept:
            what = option.removeprefix("--")
            rule = f"is no {what} of the sample: must be one of {', '.join(sorted(kept))}"
            raise InputError(fault(rule, column=option, value=text))
        found.append(code)
    if found[0] == found[1]:
        rule = "supplier and recipient must be two countries"
        raise InputError(fault(rule, column="--recipient", value=recipient))
    return found[0], found[1]


def some_pair(
    supplier: str | None, recipient: str | None, otherwise: tuple[str, str]
) -> tuple[str, str]:
    """Return the pair asked for, or the run's own when none was."""
    if supplier is None and recipient is None:
        return otherwise
    if supplier is None or recipient is None:
        raise InputError("a pair needs both --supplier and --recipient")
    return pair_of(supplier, recipient)


# What is printed -------------------------------------------------------------------------------


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as aligned text under their header; numbers stand to the right."""
    rows = [list(row) for row in rows]
    texts = [[cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
    right = [
        bool(rows) and all(value is None or isinstance(value, int | float) for value in column)
        for column in (zip(*rows, strict=True) if rows else ((),) * len(header))
    ]
    lines = (
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (header, ["-" * width for width in widths], *texts)
    )
    return "\n".join(lines)


def cell(value: Any) -> str:
    """Return a value as text: floats by their significant digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def put(
    header: Sequence[str], rows: Iterable[Sequence[Any]], as_csv: bool, title: str = ""
) -> None:
    """Print rows as a table under its title, or as CSV."""
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([cell(value) for value in row] for row in rows)
    else:
        typer.echo(f"{title}\n\n{table(header, rows)}" if title else table(header, rows))


@contextlib.contextmanager
def step(words: str, name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Say what is being done, and note how long it took."""
    say(f"{words} ...")
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 2)
    say(f"    {seconds[name]:.1f} s")


def summary(events: "pd.DataFrame", timing: "pd.DataFrame") -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the short table of events of a pair."""
    events = events[(events["domain"] == ALL_DOMAINS) & (events["scenario"] == BASELINE)]
    timing = timing[(timing["domain"] == ALL_DOMAINS) & (timing["scenario"] == BASELINE)]
    origin = int(events["year"].min()) if len(events) else 0
    horizon = int(events["year"].max()) if len(events) else HORIZON
    years = [origin, *(y for y in (2030, 2040, 2050) if origin < y <= horizon)]
    header = ["event", *(f"by {y}" for y in years), "median year", "90 %", f"never by {horizon}"]
    rows = []
    for event in EVENTS:
        found, times = events[events["event"] == event], timing[timing["event"] == event]
        if found.empty or times.empty:
            rows.append([event, *("-" for _ in header[1:])])
            continue
        by = found.set_index("year")["probability"]
        when = times.iloc[0]
        happens = when["median_year"] == when["median_year"]
        rows.append(
            [
                event,
                *(f"{by[year]:.2f}" for year in years),
                f"{when['median_year']:.0f}" if happens else "-",
                f"{when['q05']:.0f}-{when['q95']:.0f}" if happens else "-",
                f"{1 - when['probability_within_horizon']:.2f}",
            ]
        )
    return header, rows


def verdict(gate: dict[str, Any]) -> str:
    """Return what the gate says, with every check that failed."""
    if gate["passed"]:
        return "gate passed"
    failed = [check for check in gate["checks"] if not check["passed"]]
    words = "; ".join(
        f"{c['name']} {cell(c['value'])} (threshold {cell(c['threshold'])}, {c['where']})"
        for c in failed
    )
    return f"gate FAILED, not publishable: {words}"


def judged(gate: dict[str, Any], quick: bool) -> None:
    """Say what the gate says; exit 3 if it failed."""
    say(verdict(gate))
    if not gate["passed"]:
        if quick:
            say("(quick runs are for trying out and often fail the gate: run without --quick)")
        raise typer.Exit(GATE_FAILED)


# A run -----------------------------------------------------------------------------------------


class Plan(NamedTuple):
    """All that a run is made from, checked, before anything is sampled."""

    target: Path
    pair: tuple[str, str]
    priors: "Priors"
    panel: "xr.Dataset"
    record: dict[str, Any]


def plan(
    *,
    kind: str,
    supplier: str,
    recipient: str,
    out: Path | None,
    store: Path | None,
    seed: int,
    as_of: str | None,
    priors: Path | None,
    draws: int | None,
    chains: int | None,
    quick: bool,
    panel: Path | None,
) -> Plan:
    """Check every input, assemble the panel and write down what is known; nothing is written."""
    import secrets

    pair = pair_of(supplier, recipient)
    when = day(as_of)
    if panel is not None and not panel.is_dir():
        raise InputError(fault("there is no such folder", column="--panel", value=str(panel)))
    moment = datetime.datetime.now(datetime.UTC)
    name = runs.new_id(moment, secrets.token_hex(2))
    target = out if out is not None else runs.store(store) / kind / name
    runs.check_free(target)

    from models.priors import load

    beliefs = load(priors)
    seconds: dict[str, float] = {}
    with step("assembling the panel", "panel", seconds):
        from data.panel import assemble

        known = assemble(when, panel)
    from forecast import fit

    usual = {"draws": fit.DRAWS, "tune": fit.TUNE} | (fit.QUICK if quick else {})
    warnings = []
    if priors is not None:
        warnings.append(f"Priors other than the default ones were laid over them: {priors.name}.")
    if panel is not None:
        warnings.append("The panel is not the shipped one.")
    said = record.before(
        id=name,
        created=moment,
        command=shlex.join(["crossover", *sys.argv[1:]]),
        pair=pair,
        seed=seed,
        as_of=when,
        quick=quick,
        draws=draws or usual["draws"],
        tune=usual["tune"],
        chains=chains or fit.CHAINS,
        hashes={
            "panel": record.hash_files(panel or PANEL),
            "priors": record.hash_text(beliefs.text),
        },
        warnings=warnings,
    )
    said["seconds"] = seconds
    return Plan(target, pair, beliefs, known, said)


def begin(part: Path, made: Plan) -> None:
    """Write what is known before sampling starts."""
    runs.write(part / runs.RECORD, made.record)
    runs.write(part / PRIORS_FILE, made.priors.text)


def sample(part: Path, made: Plan) -> "xr.DataTree":
    """Sample, store the draws, judge them; return what was stored."""
    from forecast import fit, gate

    said = made.record
    if said["quick"]:
        say(QUICK_WORDS)
    words = f"sampling {said['chains']} chains of {said['tune']} + {said['draws']} draws"
    with step(words, "sample", said["seconds"]):
        tree = fit.fit(
            made.panel,
            made.priors,
            seed=said["seed"],
            draws=said["draws"],
            tune=said["tune"],
            chains=said["chains"],
            progress=sys.stderr.isatty(),
        )
        tree.to_netcdf(part / POSTERIOR, engine="h5netcdf")
    tree = stored(part)
    with step("judging the fit", "gate", said["seconds"]):
        found = gate.judge(tree, None)
        said["gate"] = {**found, "fit": found}
        said["hashes"]["posterior"] = record.hash_draws(tree["posterior"].to_dataset())
        said["sampling"] = record.sampling(found, said["seconds"]["sample"])
    return tree


def stored(run: Path) -> "xr.DataTree":
    """Return the posterior of a run, read whole; raise InputError if there is none."""
    import xarray as xr

    path = run / POSTERIOR
    if not path.is_file():
        raise InputError(fault("the run holds no posterior", file=path))
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            return tree.load()
    except (OSError, ValueError, KeyError):
        raise InputError(fault("cannot be read: half-written?", file=path)) from None


def look_ahead(
    folder: Path, tree: "xr.DataTree", pair: tuple[str, str], said: dict[str, Any]
) -> tuple["pd.DataFrame", "pd.DataFrame", dict[str, Any]]:
    """Forecast a pair into a folder; return events, timing, and a gate with the events in it.

    The hash of the draws and the seconds go to the record.
    """
    from forecast import events, gate, levels, simulate

    with step(f"forecasting {pair[0]} to {pair[1]}", "forecast", said["seconds"]):
        futures = simulate.futures(tree, *pair, seed=said["seed"], horizon=HORIZON)
        futures.to_netcdf(folder / FORECAST, engine="h5netcdf")
        happens, when = events.tables(futures)
        save(happens, folder / EVENTS_FILE)
        save(when, folder / TIMING_FILE)
        said["hashes"]["forecast"] = record.hash_draws(futures)
    with step("comparing normalisations of the level", "levels", said["seconds"]):
        save(levels.levels(tree, *pair), folder / LEVELS_FILE)
    alone = said["gate"].get("fit") or gate.judge(tree, None)
    found = gate.combine(alone, gate.judge_events(events.indicators(futures)))
    return happens, when, {**found, "fit": alone}


def save(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV; the same numbers give the same bytes."""
    frame.to_csv(path, index=False, float_format=FLOATS, lineterminator="\n")


def show_pair(
    pair: tuple[str, str], happens: "pd.DataFrame", when: "pd.DataFrame", quick: bool, as_csv: bool
) -> None:
    """Print the short table of events."""
    if quick and not as_csv:
        typer.echo(QUICK_WORDS)
    title = f"{pair[0]} to {pair[1]}: probability of each event"
    put(*summary(happens, when), as_csv, title)


@app.command("run")
def run_command(
    supplier: Supplier = DEFAULT_SUPPLIER,
    recipient: Recipient = DEFAULT_RECIPIENT,
    out: Out = None,
    store: Store = None,
    seed: Seed = SEED,
    as_of: AsOf = None,
    priors: PriorsOption = None,
    draws: Draws = None,
    chains: Chains = None,
    quick: Quick = False,
    panel: PanelOption = None,
) -> None:
    """Fit, judge, forecast and report: one run folder with everything in it."""
    made = plan(
        kind=runs.RUNS,
        supplier=supplier,
        recipient=recipient,
        out=out,
        store=store,
        seed=seed,
        as_of=as_of,
        priors=priors,
        draws=draws,
        chains=chains,
        quick=quick,
        panel=panel,
    )
    said = made.record
    with runs.writing(made.target) as part:
        begin(part, made)
        tree = sample(part, made)
        happens, when, said["gate"] = look_ahead(part, tree, made.pair, said)
        runs.write(part / runs.RECORD, said)
        with step("writing the report", "report", {}):
            from reports.build import build

            build(part)
    show_pair(made.pair, happens, when, quick, False)
    typer.echo(f"\nrun {said['id']}: {made.target}")
    judged(said["gate"], quick)


@app.command("fit")
def fit_command(
    supplier: Supplier = DEFAULT_SUPPLIER,
    recipient: Recipient = DEFAULT_RECIPIENT,
    out: Out = None,
    store: Store = None,
    seed: Seed = SEED,
    as_of: AsOf = None,
    priors: PriorsOption = None,
    draws: Draws = None,
    chains: Chains = None,
    quick: Quick = False,
    panel: PanelOption = None,
    prior_only: Annotated[
        bool,
        typer.Option("--prior-only", help="Draw from the priors, and show what they imply."),
    ] = False,
) -> None:
    """Fit and judge only; forecast and report follow on the run. The pair is the run's own."""
    made = plan(
        kind=runs.PRIORS if prior_only else runs.RUNS,
        supplier=supplier,
        recipient=recipient,
        out=out,
        store=store,
        seed=seed,
        as_of=as_of,
        priors=priors,
        draws=draws,
        chains=chains,
        quick=quick,
        panel=panel,
    )
    said = made.record
    if prior_only:
        said |= {"prior_only": True, "tune": 0, "chains": 1}
    with runs.writing(made.target) as part:
        begin(part, made)
        if prior_only:
            draw_prior(part, made)
        else:
            sample(part, made)
        runs.write(part / runs.RECORD, said)
    if quick:
        typer.echo(QUICK_WORDS)
    typer.echo(f"{'priors' if prior_only else 'run'} {said['id']}: {made.target}")
    if not prior_only:
        judged(said["gate"], quick)


def draw_prior(part: Path, made: Plan) -> None:
    """Draw from the priors, run the draws forward, and show what they imply."""
    from forecast import fit, simulate
    from reports import prior

    said = made.record
    with step(f"drawing {said['draws']} times from the priors", "sample", said["seconds"]):
        tree = fit.prior(made.panel, made.priors, seed=said["seed"], draws=said["draws"])
        tree.to_netcdf(part / PRIOR_DRAWS, engine="h5netcdf")
        said["hashes"]["prior"] = record.hash_draws(tree["posterior"].to_dataset())
    with step("forecasting from the priors", "forecast", said["seconds"]):
        futures = simulate.futures(tree, *made.pair, seed=said["seed"], horizon=HORIZON)
    with step("drawing the figure", "figure", said["seconds"]):
        for kind in ("svg", "pdf"):
            prior.figure(tree, futures, part / f"prior.{kind}")


@app.command("forecast")
def forecast_command(
    run: RunOption = None,
    supplier: SomeSupplier = None,
    recipient: SomeRecipient = None,
    store: Store = None,
    as_csv: AsCsv = False,
) -> None:
    """Forecast a pair from a run's posterior: the run's own, or any other of the sample."""
    folder = runs.find(run, runs.store(store))
    said = runs.read(folder)
    own = runs.own_pair(said)
    pair = some_pair(supplier, recipient, own)
    before = said["hashes"].get("forecast")
    new = {**said, "hashes": dict(said["hashes"]), "seconds": dict(said["seconds"])}
    tree = stored(folder)
    target = runs.pair_folder(folder, said, pair)
    with runs.refreshing(target) as part:
        happens, when, gate = look_ahead(part, tree, pair, new)
        if pair != own:
            runs.write(part / GATE_FILE, gate)
        elif new["hashes"]["forecast"] != before:
            if before:
                say("the draws of the forecast are not those recorded: code or packages changed")
            runs.write(part / runs.RECORD, {**new, "gate": gate})
    show_pair(pair, happens, when, said["quick"], as_csv)
    say(f"\nforecast in {target}")
    judged(gate, said["quick"])


@app.command("report")
def report_command(
    run: RunOption = None,
    supplier: SomeSupplier = None,
    recipient: SomeRecipient = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The PDF; beside the forecast if not given.")
    ] = None,
    store: Store = None,
) -> None:
    """Make the PDF of a pair that was forecast; the same run gives the same bytes."""
    folder = runs.find(run, runs.store(store))
    said = runs.read(folder)
    own = runs.own_pair(said)
    pair = some_pair(supplier, recipient, own)
    chosen = () if pair == own else pair
    with step("writing the report", "report", {}):
        from reports.build import build

        path = build(folder, *chosen, **({"out": out} if out else {}))
    if not said.get("gate", {}).get("passed"):
        say("the run has not passed the gate: the report is marked not publishable")
    typer.echo(path)


# Runs ------------------------------------------------------------------------------------------


@runs_app.command("list")
def runs_list(store: Store = None, as_csv: AsCsv = False) -> None:
    """List the runs of a store, oldest first."""
    place = runs.store(store)
    found = runs.listing(place)
    if not found:
        runs.find(None, place)
    header = ("id", "created", "pair", "as of", "seed", "draws", "quick", "gate", "folder")
    rows = []
    for folder in found:
        said = runs.read(folder)
        gate = said.get("gate")
        rows.append(
            (
                folder.name,
                said.get("created"),
                "-".join(runs.own_pair(said)),
                said.get("as_of") or "all known",
                said.get("seed"),
                f"{said.get('chains')} x {said.get('draws')}",
                "quick" if said.get("quick") else "",
                "not judged" if not gate else "passed" if gate.get("passed") else "FAILED",
                str(folder),
            )
        )
    put(header, rows, as_csv)


@runs_app.command("show")
def runs_show(
    run: Annotated[str | None, typer.Argument(metavar="[DIR-OR-ID]", help="The newest.")] = None,
    store: Store = None,
    as_csv: AsCsv = False,
) -> None:
    """Show what a run says of itself, with every figure of its gate."""
    folder = runs.find(run, runs.store(store))
    said = runs.read(folder)
    gate = said.pop("gate", None) or {}
    pairs = sorted(path.name for path in (folder / "pairs").glob("???-???"))
    rows = [("folder", str(folder)), *flat(said), ("other pairs forecast", ", ".join(pairs))]
    if as_csv:
        put(("key", "value"), [*rows, *flat({"gate": gate})], True)
        return
    if said.get("quick"):
        typer.echo(QUICK_WORDS)
    put(("key", "value"), rows, False)
    if gate:
        checks = [
            (c["name"], c["value"], c["threshold"], "yes" if c["passed"] else "NO", c["where"])
            for c in gate["checks"]
        ]
        title = "gate passed" if gate["passed"] else "gate FAILED, not publishable"
        typer.echo()
        put(("check", "value", "threshold", "passed", "worst at"), checks, False, title)


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of nested mappings; lists of texts become one text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value, start=1):
            yield from flat(inner, f"{prefix}.{i}")
    else:
        yield prefix, value


# Sensitivity -----------------------------------------------------------------------------------


@sensitivity_app.command("levels")
def sensitivity_levels(
    run: RunOption = None,
    supplier: SomeSupplier = None,
    recipient: SomeRecipient = None,
    store: Store = None,
    as_csv: AsCsv = False,
) -> None:
    """Show P(recipient's capacity above supplier's) under each normalisation of the level."""
    folder = runs.find(run, runs.store(store))
    said = runs.read(folder)
    pair = some_pair(supplier, recipient, runs.own_pair(said))
    path = runs.pair_folder(folder, said, pair) / LEVELS_FILE
    if not path.is_file():
        tree = stored(folder)
        with step("comparing normalisations of the level", "levels", {}):
            from forecast import levels

            with runs.refreshing(path.parent) as part:
                save(levels.levels(tree, *pair), part / LEVELS_FILE)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if as_csv:
        header = list(rows[0]) if rows else []
        put(header, [row.values() for row in rows], True)
        return
    if said["quick"]:
        typer.echo(QUICK_WORDS)
    if not rows:
        typer.echo(f"{pair[0]} and {pair[1]}: their capacities are not compared in this model")
        return
    header = ("normalisation", "P", "MC error", "gap", "90 %", "what it says")
    shown = [
        (
            row["alternative"] + (" *" if row["headline"] in ("True", "1", "true") else ""),
            f"{float(row['probability']):.3f}",
            f"{float(row['mc_error']):.3f}",
            f"{float(row['gap_median']):+.2f}",
            f"{float(row['gap_q05']):+.2f} to {float(row['gap_q95']):+.2f}",
            row["description"],
        )
        for row in rows
    ]
    title = f"P(capacity of {pair[1]} above that of {pair[0]}) in {rows[0]['year']}; * the headline"
    put(header, shown, False, title)


# Data ------------------------------------------------------------------------------------------


@data_app.command("list")
def data_list(
    releases: Annotated[
        bool, typer.Option("--releases", help="A row a release that was kept.")
    ] = False,
    series: Annotated[str | None, typer.Option(help="Releases of this series only.")] = None,
    panel: PanelOption = None,
    as_csv: AsCsv = False,
) -> None:
    """List the series of the panel, or every release kept of them."""
    from data import look

    found = look.releases(series, panel) if releases or series else look.listing(panel)
    put(found.header, found.rows, as_csv, found.title)


@data_app.command("show")
def data_show(
    series: Annotated[str, typer.Argument(help="A series of `crossover data list`.")],
    country: Annotated[str | None, typer.Option(help="ISO3 code or name.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Of deliveries and orders.")] = None,
    recipient: Annotated[str | None, typer.Option(help="Of deliveries and orders.")] = None,
    domain: Annotated[str | None, typer.Option(help="Of deliveries and orders.")] = None,
    years: Annotated[
        str | None, typer.Option(metavar="SPAN", help="As in 2019 or 1995-2024.")
    ] = None,
    as_of: AsOf = None,
    every_vintage: Annotated[
        bool, typer.Option("--every-vintage", help="Each release of a figure.")
    ] = False,
    panel: PanelOption = None,
    as_csv: AsCsv = False,
) -> None:
    """Show a series: an indicator, deliveries, orders, ideal points, imports or exports."""
    from data import look

    found = look.show(
        series,
        country=country,
        supplier=supplier,
        recipient=recipient,
        domain=domain,
        span=look.years(years) if years else None,
        as_of=day(as_of),
        every_vintage=every_vintage,
        folder=panel,
    )
    put(found.header, found.rows, as_csv, found.title)


@data_app.command("check")
def data_check(
    folder: Annotated[
        Path | None, typer.Argument(help="A panel's folder; the shipped one by default.")
    ] = None,
    as_csv: AsCsv = False,
) -> None:
    """Check a panel; every fault is named, and exit 2 if there is one."""
    from data import check

    faults = check.check(folder)
    if faults or as_csv:
        put(check.HEADER, faults, as_csv)
    if faults:
        raise InputError(f"{folder or 'the shipped panel'}: {len(faults)} faults")
    say(f"{folder or 'the shipped panel'}: sound")


@data_app.command("build")
def data_build(
    raw: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the providers' files.")],
    out: Annotated[
        Path, typer.Option(help="The panel's folder; an older panel there is replaced.")
    ] = Path("data/panel"),
    as_csv: AsCsv = False,
) -> None:
    """Compile a panel from a folder of files as the providers publish them."""
    from data.build import build

    with progress("reading") as advance:
        built = build(raw, out, advance)
    for file, reason in built.left_out:
        say(f"left out: {file}: {reason}")
    put(("table", "rows"), list(built.rows.items()), as_csv, f"Built {built.folder}")
    say(f"{built.size / 1e6:.2f} MB")


@contextlib.contextmanager
def progress(words: str) -> Iterator[Any]:
    """Show a bar where somebody watches; give the function that advances it."""
    if not sys.stderr.isatty():
        say(f"{words} ...")
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total, name: bar.update(
            task, completed=done, total=total, description=f"{words} {name}"
        )


@data_app.command("domains")
def data_domains(
    domain: Annotated[str | None, typer.Argument(help="One domain only.")] = None,
    as_csv: AsCsv = False,
) -> None:
    """Show which weapon belongs to which technology domain."""
    from data import look

    found = look.domain_table(domain)
    put(found.header, found.rows, as_csv, found.title)


if __name__ == "__main__":
    main()
