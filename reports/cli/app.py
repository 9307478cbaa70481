"""The command `crossover`: its commands, one line each, and what a call of it ends in.

Results go to standard output, what is being done and what went wrong to standard error. Nothing
heavy is imported before a command needs it, so help and look-ups answer at once. 0: done; 1: a part
of many fits failed; 2: an input that cannot be used; 3: done, but the gate failed; 130: stopped by
Ctrl-C; 141: whoever read the output is gone.

A new command is a function in a module of this package, annotated for typer, that returns its exit
code, and a line here.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from crossover.data.errors import InputError, fault
from crossover.forecast.progress import say
from crossover.reports.cli import console
from crossover.reports.cli.groups import PLAIN, Entry, Group, Noun, nearest_option

COMMANDS: dict[str, Entry | Noun] = {
    "run": Entry("run:run", "fit, judge, forecast and report in one folder"),
    "fit": Entry("run:fit", "fit and judge only"),
    "forecast": Entry("run:forecast", "forecast any pair of a run"),
    "report": Entry("run:report", "make the PDF of a pair of a run"),
    "page": Entry("page:page", "make the web page of a run, one file"),
    "export": Entry("export:export", "write a run's figures as CSV, Parquet, spreadsheet and JSON"),
    "show": Entry("pairs:show", "the answer of a run, with a small chart"),
    "pairs": Entry("pairs:pairs", "every pair of supplier and recipient side by side"),
    "league": Entry("league:league", "which recipients leave which suppliers, and which rise"),
    "ask": Entry("ask:ask", "any inequality of published quantities, answered from the draws"),
    "questions": Entry("questions:questions", "every published probability as a question"),
    "resume": Entry("resume:resume", "go on with a run that was broken off after its fit"),
    "runs": Noun(
        "list and show the runs of a store",
        {
            "list": Entry("runs:list_runs", "list the runs, oldest first"),
            "show": Entry("runs:show", "show what a run says of itself"),
            "compare": Entry("runs:compare", "set two runs of a pair side by side"),
            "reproduce": Entry("reproduce:reproduce", "make a run again from its record, compare"),
        },
    ),
    "update": Entry("update:update", "take new figures in and move a run to them"),
    "explain": Entry("update:explain", "say why the answer moved from A to B"),
    "priors": Noun(
        "carry a posterior forward as priors, or make one from quantiles",
        {
            "carry": Entry("update:carry", "write a run's posterior as priors of later fits"),
            "elicit": Entry("elicit:elicit", "a prior from three quantiles, and what it predicts"),
        },
    ),
    "causes": Entry("levers:causes", "why the recipient orders and the supplier wins less or more"),
    "whatif": Entry("levers:whatif", "what more R&D would change, and which R&D moves even odds"),
    "sensitivity": Noun(
        "show how the answer hangs on what was assumed",
        {
            "levels": Entry("sensitivity:levels", "P(recipient ahead) by convention of the level"),
            "answer": Entry(
                "sensitivity:answer",
                "what moves the answer: conventions, likelihoods, priors, earlier figures",
            ),
            "partnership": Entry(
                "sensitivity:partnership",
                "does the thesis beat a constant hazard of a downturn, on years left out?",
            ),
            "drivers": Entry(
                "sensitivity:drivers",
                "futures of GDP, spending and R&D from past origins, against simple rules",
            ),
            "analogues": Entry(
                "sensitivity:analogues",
                "the hazard of a downturn with the thesis's own analogues, and without",
            ),
        },
    ),
    "claims": Entry("scenario:claims", "audit the claims of the thesis"),
    "scenario": Noun(
        "list the scenarios, check your own",
        {
            "list": Entry("scenario:list_scenarios", "list the shipped scenarios"),
            "check": Entry("scenario:check", "check a scenario file; exit 2 if it errs"),
        },
    ),
    "check": Entry("evaluate:check", "check a fit; calibrate by simulation"),
    "backtest": Entry("evaluate:backtest", "forecast from past origins, score against benchmarks"),
    "score": Entry("ledger:score", "score what was forecast against the outcomes since"),
    "ledger": Noun(
        "the record of published forecasts",
        {
            "list": Entry("ledger:list_entries", "list what was entered, oldest first"),
            "check": Entry("ledger:check", "check that no entry was changed"),
            "enter": Entry("ledger:enter", "enter a run whose gate passed"),
        },
    ),
    "data": Noun(
        "look at the figures, check, build",
        {
            "list": Entry("data:list_series", "list the series, or the releases kept"),
            "show": Entry("data:show", "show a series"),
            "add": Entry("additions:add", "add what is new in the providers' files"),
            "refresh": Entry("additions:refresh", "fetch from the World Bank, and add"),
            "revisions": Entry("data:revisions", "show how figures moved from release to release"),
            "check": Entry("data:check", "check a panel; exit 2 if it has a fault"),
            "build": Entry("data:build", "compile a panel from the providers' files"),
            "domains": Entry("data:domains", "show which weapon is of which domain"),
        },
    ),
    "guide": Noun(
        "README and guide of this checkout",
        {"build": Entry("guide:build", "fill in the figures of a run")},
    ),
}
RESUMED = ("backtest", "check")
"""Commands that keep what is done when they are stopped, and go on from there."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; being asked to end counts as Ctrl-C."""
    # Chains run side by side: a linear algebra library with threads of its own would fight them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if argv is None else argv)
    with contextlib.suppress(ValueError):
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.default_int_handler)
    try:
        console.prepare()
        code = _call(words)
        sys.stdout.flush()
        return code
    except InputError as error:
        return console.complain(str(error))
    except TyperException as error:
        return console.complain(_usage(error))
    except KeyboardInterrupt as stop:
        goes_on = words[:1] and words[0] in RESUMED
        left = "what was done is kept: the same command goes on" if goes_on else "nothing was kept"
        left = str(stop) or left
        say(f"\ncrossover: stopped; {left}")
        return console.STOPPED
    except BrokenPipeError:
        console.discard()
        return console.PIPE_CLOSED
    except OSError as error:
        if error.strerror is None:
            raise
        console.discard()
        return console.complain(fault(error.strerror, file=error.filename))


def _call(words: list[str]) -> int:
    """Find the command that words ask for, call it, and return its exit code."""
    top = application()
    if "_CROSSOVER_COMPLETE" in os.environ:
        top.main(words, prog_name="crossover")
    token = console.command_line.set(shlex.join(["crossover", *words]))
    try:
        with top.make_context("crossover", words) as ctx:
            return top.invoke(ctx)
    except typer.Exit as end:
        return end.exit_code
    finally:
        console.command_line.reset(token)


def application() -> Group:
    """Return the command with all its commands."""
    app = typer.Typer(cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, **PLAIN)
    app.callback(
        help="Probabilistic forecasts of arms dependence and power shifts between states.",
        epilog="Exit codes: 0 done, 1 some fits failed, 2 bad input, 3 gate failed, 130 stopped.",
    )(_options)
    top = typer.main.get_command(app)
    top.entries = COMMANDS
    return top


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=lambda asked: asked and _say_version(),
            help="show the version and exit",
        ),
    ] = False,
) -> None:  # fmt: skip
    """Take the options that stand before a command."""


def _say_version() -> None:
    from crossover.forecast import record

    console.show(f"crossover {record.code()['version']}")
    raise typer.Exit(console.DONE)


def _usage(error: TyperException) -> str:
    """Return in one line what typer says of a line that it cannot read."""
    ctx, option = getattr(error, "ctx", None), getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and ctx is not None:
        return nearest_option(option, ctx)
    words = error.format_message().rstrip(".")
    where = f"; see '{ctx.command_path} --help'" if ctx is not None else ""
    return f"{words[:1].lower()}{words[1:]}{where}"
