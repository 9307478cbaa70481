"""The command `crossover`: what a user asks for, said in plain words and exit codes.

Results go to standard output, what is being done and what went wrong to standard error. Nothing
heavy is imported before a command needs it, so help and look-ups answer at once. 0: done; 1: a part
of many fits failed; 2: an input that cannot be used; 3: done, but the gate failed; 130: stopped by
Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import io
import math
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    EVENTS,
    FIRST_PASSAGE,
    HEADLINE_YEAR,
    KIND,
    LASTING,
    STATE,
)
from crossover.forecast import runs, steps
from crossover.forecast.steps import QUICK_WORDS, say

if TYPE_CHECKING:
    import pandas as pd

    from crossover.forecast import claims

DONE, FAILED, BAD_INPUT, GATE_FAILED, STOPPED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141
SEED = 20260424
MILESTONES = (2030, HEADLINE_YEAR)

Args = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; being asked to end counts as Ctrl-C."""
    # Chains run side by side: a linear algebra library with threads of its own would fight them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(words)
    args.line = shlex.join(["crossover", *words])
    with contextlib.suppress(ValueError):
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.default_int_handler)
    try:
        code = args.command(args)
        sys.stdout.flush()
        return code
    except InputError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        goes_on = args.command in (backtest_command, check_command)
        left = "what was done is kept: the same command goes on" if goes_on else "nothing was kept"
        say(f"\ncrossover: stopped; {left}")
        return STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        if error.strerror is None:
            raise
        return complain(fault(error.strerror, file=error.filename))


def complain(message: str) -> int:
    """Print one line on what is wrong, and return the exit code of bad input."""
    line = re.sub(r"column '(--[a-z-]+)'", r"\1", " ".join(message.split()))
    say(f"crossover: error: {line}")
    return BAD_INPUT


# The parser ------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; each command's function stands under `command`."""
    top = argparse.ArgumentParser(
        prog="crossover",
        description="Probabilistic forecasts of arms dependence and power shifts between states.",
        epilog="Exit codes: 0 done, 1 some fits failed, 2 bad input, 3 gate failed, 130 stopped.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = _group(top)

    run = _command(commands, "run", run_command, "fit, judge, forecast and report in one folder")
    fit = _command(commands, "fit", fit_command, "fit and judge only")
    for each in (run, fit):
        _sampling_options(each)
    fit.add_argument(
        "--prior-only", action="store_true", help="draw from the priors and show what they imply"
    )
    forecast = _command(commands, "forecast", forecast_command, "forecast any pair of a run")
    report = _command(commands, "report", report_command, "make the PDF of a pair of a run")
    for each in (forecast, report):
        _run_options(each)
    for each in (run, fit):
        _scenario_option(each, "a shipped one by name, instead of all; your own file beside them")
    _scenario_option(forecast, "a shipped one by name, or your own file, beside those of the run")
    _csv_option(forecast)
    report.add_argument(
        "--out", type=Path, metavar="FILE", help="the PDF; beside the forecast by default"
    )

    stored = _group(commands.add_parser("runs", help="list and show the runs of a store"))
    listing = _command(stored, "list", runs_list, "list the runs, oldest first")
    show = _command(stored, "show", runs_show, "show what a run says of itself")
    show.add_argument(
        "run", nargs="?", metavar="DIR-OR-ID", help="run folder, or beginning of an id; the newest"
    )
    compare = _command(stored, "compare", runs_compare, "set two runs of a pair side by side")
    for name in ("a", "b"):
        compare.add_argument(name, metavar=name.upper(), help="run folder, or beginning of an id")
    for each in (listing, show, compare):
        _store_option(each)
        _csv_option(each)

    guide = _group(commands.add_parser("guide", help="README and guide of this checkout"))
    built = _command(guide, "build", guide_build, "fill in the figures of a run")
    built.add_argument("--run", metavar="DIR-OR-ID", help="run folder, or beginning of an id")
    built.add_argument(
        "--check", action="store_true", help="write nothing; exit 2 if a figure is another"
    )
    _store_option(built)

    words = "score what was forecast against what came since"
    score = _command(commands, "score", score_command, words)
    score.add_argument(
        "--out", type=Path, metavar="FILE", help="the table of scores; scores.csv of the store"
    )
    score.add_argument(
        "--run", metavar="DIR-OR-ID", help="a run in whose report the track record is to stand"
    )
    score.add_argument(
        "--benchmarks",
        action="store_true",
        help="beside it what the backtest's benchmarks would have said on the same day",
    )
    _panel_option(score)
    book = _group(commands.add_parser("ledger", help="the record of published forecasts"))
    entered = _command(book, "list", ledger_list, "list what was entered, oldest first")
    checked = _command(book, "check", ledger_check, "check that no entry was changed")
    enter = _command(book, "enter", ledger_enter, "enter a run whose gate passed")
    enter.add_argument(
        "run", nargs="?", metavar="DIR-OR-ID", help="run folder, or beginning of an id; the newest"
    )
    for each in (score, entered, checked, enter):
        _store_option(each)
    for each in (score, entered):
        _csv_option(each)

    told = _group(commands.add_parser("scenario", help="list the scenarios, check your own"))
    listed = _command(told, "list", scenario_list, "list the shipped scenarios")
    _csv_option(listed)
    checked = _command(told, "check", scenario_check, "check a scenario file; exit 2 if it errs")
    checked.add_argument("file", type=Path, metavar="FILE", help="a scenario file, TOML")
    checked.add_argument(
        "--origin", type=_whole(1993, 2049), help="last data year; by default the panel's"
    )
    _panel_option(checked)
    _store_option(checked)
    _csv_option(checked)

    words = "show how the answer hangs on what was assumed"
    sensitivity = _group(commands.add_parser("sensitivity", help=words))
    levels = _command(
        sensitivity, "levels", sensitivity_levels, "P(recipient ahead) by convention of the level"
    )
    words = "why the recipient orders less or more, and the supplier wins less or more"
    causes = _command(commands, "causes", causes_command, words)
    _run_options(causes)
    _csv_option(causes)
    _run_options(levels)
    _csv_option(levels)

    _update_commands(commands)
    _skill_commands(commands)
    words = "cross-validate the hazard of a downturn: does the thesis beat a constant hazard?"
    crossed = _command(sensitivity, "partnership", sensitivity_partnership, words)
    words = "what moves the answer on capacity: conventions, likelihoods, priors, earlier figures"
    moved = _command(sensitivity, "answer", sensitivity_answer, words)
    words = "the table; in the store by default"
    moved.add_argument("--out", type=Path, metavar="FILE", help=words)
    _panel_option(moved)
    _run_options(moved)
    _csv_option(moved)
    words = "futures of GDP, military spending and R&D from past origins, against simple rules"
    driven = _command(sensitivity, "drivers", sensitivity_drivers, words)
    driven.add_argument(
        "--origins", metavar="YEARS", default="2005-2024", help="last data years (%(default)s)"
    )
    for each in (crossed, driven):
        each.add_argument(
            "--out", type=Path, metavar="FILE", help="the table; in the store by default"
        )
        each.add_argument("--seed", type=_whole(0, 2**32 - 1), default=SEED)
        each.add_argument(
            "--priors", type=Path, metavar="FILE", help="laid over the default priors"
        )
        _panel_option(each)
        _store_option(each)
        _csv_option(each)
    words = "the hazard of a downturn with the thesis's own analogues beside that without"
    kin = _command(sensitivity, "analogues", sensitivity_analogues, words)
    kin.add_argument("--file", type=Path, metavar="FILE", help="analogues of your own, TOML")
    _panel_option(kin)
    _run_options(kin)
    _csv_option(kin)

    words = "what more R&D would change, and which R&D would move the year of even odds"
    lever = _command(commands, "whatif", whatif_command, words)
    lever.add_argument(
        "--rd", type=_number(float, -90, 900, but=0), default=10.0, metavar="PERCENT",
        help="above what it would be (10)",
    )  # fmt: skip
    lever.add_argument("--years", type=_whole(1, 25), default=10, help="for how long (10)")
    lever.add_argument(
        "--target", type=_whole(-25, 25, but=0), metavar="N",
        help="find the R&D that moves the year of even odds by N years: later (the supplier's), or "
        "with a minus earlier (the recipient's)",
    )  # fmt: skip
    _run_options(lever)
    _csv_option(lever)

    audit = _command(commands, "claims", claims_command, "audit the claims of the thesis")
    audit.add_argument("--file", type=Path, metavar="FILE", help="claims of your own, TOML")
    _panel_option(audit)
    _run_options(audit)
    _csv_option(audit)

    _data_commands(_group(commands.add_parser("data", help="look at the figures, check, build")))
    return top


def _update_commands(commands: argparse._SubParsersAction) -> None:
    words = "take new figures in and move a run to them"
    update = _command(commands, "update", update_command, words)
    update.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="as downloaded; none: what was added"
    )
    _reading_options(update)
    update.add_argument(
        "--run", metavar="DIR-OR-ID", help="run folder, or beginning of an id; the newest"
    )
    update.add_argument(
        "--dry-run", action="store_true", help="show what the files hold; write nothing"
    )
    update.add_argument(
        "--out", type=Path, metavar="DIR", help="the run folder itself, new; else in the store"
    )
    explain = _command(commands, "explain", explain_command, "say why the answer moved from A to B")
    for name in ("a", "b"):
        explain.add_argument(name, metavar=name.upper(), help="run folder, or beginning of an id")
    explain.add_argument(
        "--no-fit", action="store_true", help="leave steps together that a fit would part"
    )
    explain.add_argument(
        "--event", help="of which observations and next year's data are shown; the first that moved"
    )
    explain.add_argument(
        "--by", type=_whole(1993, 2100), help="year of that event; the one that moved most"
    )
    beliefs = _group(commands.add_parser("priors", help="carry a posterior forward as priors"))
    words = "write a run's posterior as priors of fits to later years"
    carry = _command(beliefs, "carry", priors_carry, words)
    carry.add_argument(
        "run", nargs="?", metavar="DIR-OR-ID", help="run folder, or beginning of an id; the newest"
    )
    carry.add_argument(
        "--out", type=Path, metavar="FILE", help="the file, new; priors/<vintage>.toml of the store"
    )
    for each in (update, explain):
        _panel_option(each)
        _csv_option(each)
    for each in (update, explain, carry):
        _store_option(each)


def _skill_commands(commands: argparse._SubParsersAction) -> None:
    words = "forecast from past origins as one would have then, and score it against benchmarks"
    back = _command(commands, "backtest", backtest_command, words)
    back.add_argument(
        "--origins",
        metavar="YEARS",
        default="2010-2024",
        help="last data years, as in 2010-2022 or 2012,2016,2020 (default: %(default)s)",
    )
    back.add_argument(
        "--horizons", type=_whole(1, 10), default=6, help="years ahead (default: %(default)s)"
    )
    back.add_argument(
        "--models",
        metavar="NAMES",
        help="by commas; full and all benchmarks installed by default; also no_rd, no_military, "
        "no_memory, no_pooling, gdp",
    )
    back.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where forecasts and scores stand, begun or new; backtest/ of the store by default",
    )
    back.add_argument(
        "--score-only", action="store_true", help="make no forecast; score what is there"
    )
    asis = "as of a published fit by default"
    back.add_argument("--tune", type=_whole(4, 10**5), help=f"tuning steps a chain; {asis}")
    back.add_argument("--draws", type=_whole(4, 10**5), help=f"draws a chain; {asis}")
    back.add_argument("--chains", type=_whole(1, 64), help=f"chains of each fit; {asis}")
    back.add_argument(
        "--seed", type=_whole(0, 2**31), default=SEED, help="of all fits (default: %(default)s)"
    )
    back.add_argument(
        "--priors", type=Path, metavar="FILE", help="TOML file laid over the default priors"
    )
    _cluster_options(back)
    _panel_option(back)
    _store_option(back)
    _csv_option(back)


    words = "check a fit: predictive checks, sensitivity to priors; calibration by simulation"
    check = _command(commands, "check", check_command, words)
    _run_options(check)
    check.add_argument(
        "--out", type=Path, metavar="DIR",
        help="where the tables go; checks/ of the run, or calibration/ of the store with --sbc",
    )
    check.add_argument(
        "--sbc", type=_whole(1, 100000), metavar="N",
        help="instead, fit N simulated worlds and test the ranks of their truths (minutes each)",
    )
    check.add_argument(
        "--seed", type=_whole(0, 2**31), default=SEED, help="of all draws (default: %(default)s)"
    )
    _cluster_options(check)
    _panel_option(check)
    _csv_option(check)


def _cluster_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers",
        type=_whole(1, 256),
        default=1,
        help="processes on this machine, a fit and a core each (default: %(default)s)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a running Dask scheduler instead, as in tcp://host:8786",
    )


def _data_commands(commands: argparse._SubParsersAction) -> None:
    listing = _command(commands, "list", data_list, "list the series, or the releases kept")
    listing.add_argument("--releases", action="store_true", help="a row a release")
    listing.add_argument("--series", help="releases of this series only")
    listing.add_argument("--additions", action="store_true", help="what was added to the store")
    show = _command(commands, "show", data_show, "show a series")
    show.add_argument("series", help="a series of 'crossover data list'")
    show.add_argument("--country", help="ISO3 code or name")
    for side in ("--supplier", "--recipient", "--domain"):
        show.add_argument(side, help="of deliveries and orders")
    show.add_argument("--weapon", metavar="TEXT", help="of unit values and descriptions")
    show.add_argument("--years", metavar="SPAN", help="as in 2019 or 1995-2024")
    show.add_argument("--every-vintage", action="store_true", help="each release of a figure")
    _as_of_option(show)
    add = _command(commands, "add", data_add, "add what is new in the providers' files")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE", help="as downloaded")
    _reading_options(add)
    add.add_argument(
        "--html", type=Path, metavar="FILE", help="with --dry-run: what would change, as a page"
    )
    refresh = _command(commands, "refresh", data_refresh, "fetch from the World Bank, and add")
    refresh.add_argument(
        "--indicator", action="append", metavar="SERIES", help="only this one; may be repeated"
    )
    refresh.add_argument("--url", metavar="URL", help="another address of the interface")
    refresh.add_argument(
        "--timeout", type=_whole(1, 600), default=30, help="seconds to wait (default: %(default)s)"
    )
    for each in (add, refresh):
        each.add_argument("--dry-run", action="store_true", help="show only; write nothing")
    revisions = _command(
        commands, "revisions", data_revisions, "show how figures moved from release to release"
    )
    revisions.add_argument("--indicator", metavar="SERIES", help="a series of 'data list'")
    for side in ("--country", "--supplier", "--recipient"):
        revisions.add_argument(side, help="ISO3 code or name")
    revisions.add_argument("--year", metavar="SPAN", help="as in 2019 or 2015-2024")
    for each in (listing, show, add, refresh, revisions):
        _panel_option(each)
        _store_option(each)
    check = _command(commands, "check", data_check, "check a panel; exit 2 if it has a fault")
    check.add_argument("folder", nargs="?", type=Path, help="a panel; the shipped one by default")
    build = _command(commands, "build", data_build, "compile a panel from the providers' files")
    build.add_argument("folder", type=Path, metavar="DIR", help="folder of the providers' files")
    build.add_argument(
        "--out",
        type=Path,
        default=Path("data/panel"),
        help="the panel; an older one there is replaced (default: %(default)s)",
    )
    build.add_argument(
        "--shipped", action="store_true", help="only the files of which the shipped panel is made"
    )
    domains = _command(commands, "domains", data_domains, "show which weapon is of which domain")
    domains.add_argument("domain", nargs="?", help="the weapons of one domain")
    domains.add_argument(
        "--description", metavar="TEXT", help="text in SIPRI's description, as in torpedo"
    )
    domains.add_argument("--all", action="store_true", help="all weapons")
    _panel_option(domains)
    _store_option(domains)
    _store_option(check)
    for each in (listing, show, add, refresh, revisions, check, build, domains):
        _csv_option(each)


def _reading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--released", metavar="DATE", help="when files that do not say it were published"
    )
    parser.add_argument(
        "--indicator", metavar="CODE", help="the series of a table that does not name it"
    )
    parser.add_argument(
        "--accept-unknown",
        action="store_true",
        help="count weapons that nobody knows under the default domain of their category",
    )


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from crossover.forecast import record

        print(f"crossover {record.code()['version']}")
        parser.exit()


def _group(parser: argparse.ArgumentParser) -> argparse._SubParsersAction:
    return parser.add_subparsers(metavar="COMMAND", required=True)


def _command(
    commands: argparse._SubParsersAction, name: str, act: Callable[[Args], int], words: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=words, description=act.__doc__, allow_abbrev=False)
    made.set_defaults(command=act)
    return made


def _sampling_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--supplier", default=DEFAULT_SUPPLIER, help="ISO3 code or name (default: %(default)s)"
    )
    parser.add_argument(
        "--recipient", default=DEFAULT_RECIPIENT, help="ISO3 code or name (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run folder itself, new; else in the store"
    )
    _store_option(parser)
    parser.add_argument(
        "--seed",
        type=_whole(0, 2**32 - 1),
        default=SEED,
        help="of everything random (default: %(default)s)",
    )
    _as_of_option(parser)
    parser.add_argument(
        "--priors", type=Path, metavar="FILE", help="TOML file laid over the default priors"
    )
    parser.add_argument(
        "--from-year",
        type=_whole(1992, 2100),
        metavar="YEAR",
        help="count no earlier year: for priors that are carried from an earlier fit",
    )
    parser.add_argument("--draws", type=_whole(4, 10**6), help="draws a chain, after tuning")
    parser.add_argument("--chains", type=_whole(1, 64), help="number of chains")
    parser.add_argument(
        "--quick", action="store_true", help="a few hundred draws, to try out; marked as such"
    )
    _panel_option(parser)


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run", metavar="DIR-OR-ID", help="run folder, or beginning of an id; the newest"
    )
    parser.add_argument("--supplier", help="of another pair than the run's own")
    parser.add_argument("--recipient", help="of another pair than the run's own")
    _store_option(parser)


def _scenario_option(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME-OR-FILE",
        help=f"{words}; may be repeated",
    )


def _store_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help="folder of added figures, runs and ledger; by default "
        f"{runs.VARIABLE}, or ./{runs.STORE}",
    )


def _as_of_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-of", metavar="DATE", help="only what was released by this day, as in 2024-05-01"
    )


def _panel_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--panel", type=Path, metavar="DIR", help="folder of a panel; the shipped one by default"
    )


def _csv_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", action="store_true", help="print CSV instead of a table")


def _number(kind: type, low: int, high: int, but: int | None = None) -> Callable[[str], Any]:
    """Return a reader of numbers within bounds, other than one of them."""
    other = "" if but is None else f", other than {but}"
    what = "a whole number" if kind is int else "a number"

    def read(text: str) -> Any:
        rule = f"must be {what} from {low} to {high}{other}, not {text!r}"
        try:
            number = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(rule) from None
        if not low <= number <= high or number == but:
            raise argparse.ArgumentTypeError(rule)
        return number

    return read


_whole = functools.partial(_number, int)


# What is printed -------------------------------------------------------------------------------


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as aligned text under their header; numbers stand to the right."""
    rows = [list(row) for row in rows]
    texts = [[cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    right = [bool(column) and all(map(_numeric, column)) for column in columns]
    lines = (
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (header, ["-" * width for width in widths], *texts)
    )
    return "\n".join(lines)


def _numeric(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def cell(value: Any) -> str:
    """Return a value as text: floats to ten significant digits, nothing for None."""
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
        print(f"{title}\n\n{table(header, rows)}" if title else table(header, rows))


def summary(events: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the short table of a pair's events.

    The state comes first, from the last data year on; then whether it has happened, and whether it
    lasts; the horizon, an extrapolation, stands last.
    """
    events = events[(events["domain"] == ALL_DOMAINS) & (events["scenario"] == BASELINE)]
    first, last = (int(events["year"].agg(side)) for side in ("min", "max"))
    years = [first, *(year for year in MILESTONES if first < year < last)]
    asked = [*((STATE, year) for year in years), (FIRST_PASSAGE, years[-1]), (LASTING, years[-1])]
    asked.append((STATE, last))
    words = {STATE: "in {}", FIRST_PASSAGE: "happened by {}", LASTING: "from {} on"}
    header = ["statement", *(words[kind].format(year) for kind, year in asked)]
    found = events.set_index(["event", KIND, "year"])["probability"]
    rows = [
        [event, *(f"{found[key]:.2f}" if (key := (event, *one)) in found.index else "-"
                  for one in asked)]
        for event in EVENTS
    ]  # fmt: skip
    return header, rows


def _to(pair: tuple[str, str]) -> str:
    return " to ".join(map(countries.name_of, pair))


def _and(codes: Iterable[str]) -> str:
    """Return names of countries as a list in words."""
    *first, last = sorted(map(countries.name_of, codes))
    return f"{', '.join(first)} and {last}" if first else last


def put_pair(
    pair: tuple[str, str], events: pd.DataFrame, quick: bool, as_csv: bool
) -> None:
    """Print the short table of a pair's events."""
    if quick and not as_csv:
        print(QUICK_WORDS)
    last = int(events["year"].max())
    words = (
        f"{_to(pair)}: probability that each statement holds in a year, has held in some year up "
        f"to one,\nand holds from one to {last} without a break. After {MILESTONES[-1]}: an "
        "extrapolation."
    )
    put(*summary(events), as_csv, words)


def verdict(gate: Mapping[str, Any]) -> str:
    """Return what the gate says, with every check that failed."""
    if gate["passed"]:
        return "gate passed"
    failed = "; ".join(_failure(check) for check in gate["checks"] if not check["passed"])
    return f"gate FAILED, not publishable: {failed}"


def _failure(check: Mapping[str, Any]) -> str:
    where = f", {check['where']}" if check["where"] else ""
    of = f"threshold {_short(check['threshold'])}{where}"
    return f"{check['name']} {_short(check['value'])} ({of})"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else cell(value)


def judged(gate: Mapping[str, Any], quick: bool) -> int:
    """Say what the gate says, and return the exit code for it."""
    say(verdict(gate))
    if gate["passed"]:
        return DONE
    if quick:
        say("quick runs are for trying out, and few of them pass: run without --quick")
    return GATE_FAILED


# Runs ------------------------------------------------------------------------------------------


def run_command(args: Args) -> int:
    """Fit, judge, forecast and report: one run folder that holds it all."""
    made = _plan(args, runs.RUNS)
    said = made.record
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        tree = steps.sample(part, made)
        events, _ = steps.look_ahead(part, tree, made.pair, said, part, made.scenarios)
        steps.audit(part, made)
        runs.write(part / runs.RECORD, said)
        with steps.step("writing the report", "report", {}):
            from crossover.reports.build import build

            build(part)
    put_pair(made.pair, events, args.quick, False)
    print(f"\nrun {said['id']}: {made.target}")
    if said["gate"]["passed"] and not args.quick:
        _enter(args, made.target)
    return judged(said["gate"], args.quick)


def fit_command(args: Args) -> int:
    """Fit and judge only. `crossover forecast` and `crossover report` follow on the run; the pair
    given here is the one they take by default.
    """
    made = _plan(args, runs.PRIORS if args.prior_only else runs.RUNS)
    said = made.record
    if args.prior_only:
        said |= {"prior_only": True, "tune": 0, "chains": 1}
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        if args.prior_only:
            steps.draw_prior(part, made)
        else:
            steps.sample(part, made)
        runs.write(part / runs.RECORD, said)
    if args.quick:
        print(QUICK_WORDS)
    print(f"{'priors' if args.prior_only else 'run'} {said['id']}: {made.target}")
    return DONE if args.prior_only else judged(said["gate"], args.quick)


def _plan(args: Args, kind: str) -> steps.Plan:
    return steps.plan(
        command=args.line,
        kind=kind,
        supplier=args.supplier,
        recipient=args.recipient,
        out=args.out,
        store=args.store,
        seed=args.seed,
        as_of=args.as_of,
        priors=args.priors,
        draws=args.draws,
        chains=args.chains,
        quick=args.quick,
        panel=args.panel,
        scenarios=args.scenario,
        from_year=args.from_year,
    )


def update_command(args: Args) -> int:
    """Add what is new in the providers' files, and move a run to all that is known: the model is
    fitted anew, and layers whose figures stayed are taken over. The result is a new run, gated as
    ever; the old one stays. An as-of date of the old run is not kept: an update is to what is
    known now.
    """
    from crossover.forecast import update

    store = runs.store(args.store)
    run = runs.find(args.run, store)
    said = update.starting_point(run)
    if args.files:
        data_add(args)
    if args.dry_run:
        return DONE
    window = said.get("from_year")
    made = steps.plan(
        command=args.line, kind=runs.RUNS, supplier=runs.own_pair(said)[0],
        recipient=runs.own_pair(said)[1], out=args.out, store=args.store, seed=said["seed"],
        as_of=None, priors=run / steps.PRIORS_FILE, draws=said["draws"], chains=said["chains"],
        quick=bool(said.get("quick")), panel=args.panel, from_year=window,
    )  # fmt: skip
    if update.unchanged(said, made):
        say(f"nothing to update: run {said['id']} knows every figure")
        return DONE
    made = made._replace(scenarios=update.scenarios_of(run, made))
    new = made.record
    new["warnings"] = update.warnings_of(said, new)
    with runs.writing(made.target) as part:
        steps.begin(part, made)
        tree = update.posterior(part, made, run)
        events, _ = steps.look_ahead(part, tree, made.pair, new, part, made.scenarios)
        steps.audit(part, made)
        runs.write(part / runs.RECORD, new)
        with steps.step("writing the report", "report", {}):
            from crossover.reports.build import build

            build(part)
    put_pair(made.pair, events, new["quick"], args.csv)
    say(f"\nrun {new['id']}: {made.target} ({new['update']['reason']})")
    say(f"why it moved: crossover explain {run} {made.target}")
    if new["gate"]["passed"] and not new["quick"]:
        _enter(args, made.target)
    return judged(new["gate"], new["quick"])


def explain_command(args: Args) -> int:
    """Split the change of each headline from run A to run B into changed priors or code, revised
    history and the new year, by fits between the two. Then the observations that moved a headline
    most, and what would have to be true in next year's data to move it by ten points. The tables
    are written into the folder of run B too, and its report is written anew with them as a page.
    """
    from crossover.data import additions
    from crossover.forecast import explain, waterfall

    store = runs.store(args.store)
    a, b = (runs.find(text, store) for text in (args.a, args.b))
    known = additions.layers(args.panel, store)
    found = explain.explain(a, b, known, fits=not args.no_fit, event=args.event, by=args.by)
    with runs.refreshing(b) as part:
        explain.write(part, found)
    with steps.step("writing the report", "report", {}):
        from crossover.reports.build import build

        build(b)
    shown = [
        (row.event, row.what, row.step, *map(_points, row[3:7]), row.how) for row in found.parts
    ]
    if args.csv:
        put(waterfall.Part._fields, found.parts, True)
        return DONE
    header = ("event", "", "step", "before", "after", "change", "MC error", "made by")
    put(header, shown, False, f"From {a.name} to {b.name}")
    at = f"P({found.event} in {found.by})"
    rows = [(*row[:3], *(_short(value) for value in row[3:])) for row in found.influences]
    print()
    header = ("recipient", "year", "", "TIV before", "TIV now", "influence", "MC error", "k-hat")
    put(header, rows, False, f"Observations that moved {at} most")
    rows = [
        (*row[:3], _short(row.bound), row.unit, *(f"{v:.3f}" for v in row[5:9]),
         "yes" if row.moves else "no")
        for row in found.conditions
    ]  # fmt: skip
    print()
    header = ("figure", "of", "", "bound", "unit", "chance", "P then", "MC error", "change",
              "ten points")  # fmt: skip
    put(header, rows, False, f"Next year's data and {at}, now {found.now:.3f}")
    say(f"written into {b}: {', '.join(explain.FILES)}")
    return DONE


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if abs(value) > 1.0 else f"{value:.4f}"


def priors_carry(args: Args) -> int:
    """Write a priors file that holds what a run's posterior says of all variables together, and
    which observations are in it. A fit with it must count later years only: --from-year.
    """
    from crossover.forecast import carry

    store = runs.store(args.store)
    run = runs.find(args.run, store)
    text = carry.carry(run)
    said = runs.read(run)
    day = str(said.get("as_of") or said.get("created") or said["id"])[:10]
    out = args.out or store / "priors" / f"{day}.toml"
    if out.exists():
        raise InputError(fault("is there already: give another --out", file=out))
    out.parent.mkdir(parents=True, exist_ok=True)
    runs.write(out, text)
    print(out)
    last = carry.last_year(run)
    say(f"use it with: crossover run --priors {out} --from-year {last + 1} (or later)")
    return DONE


def _meant(args: Args) -> tuple[Path, dict[str, Any], tuple[str, str]]:
    """Return the run that a user means, its record, and the pair."""
    run = runs.find(args.run, runs.store(args.store))
    said = runs.read(run)
    return run, said, steps.some_pair(args.supplier, args.recipient, runs.own_pair(said))


def forecast_command(args: Args) -> int:
    """Forecast a pair from a run's posterior: the run's own, or any other of the sample, which
    then stands under `pairs` in the run folder. The same run gives the same bytes.
    """
    run, said, pair = _meant(args)
    events, _, gate = steps.forecast_stored(run, pair, args.scenario)
    put_pair(pair, events, said["quick"], args.csv)
    say(f"\nforecast in {runs.pair_folder(run, said, pair)}")
    return judged(gate, said["quick"])


def report_command(args: Args) -> int:
    """Make the PDF of a pair that was forecast. The same run gives the same bytes."""
    run, said, pair = _meant(args)
    chosen = (None, None) if pair == runs.own_pair(said) else pair
    with steps.step("writing the report", "report", {}):
        from crossover.reports.build import build

        path = build(run, *chosen, out=args.out)
    if not (said.get("gate") or {}).get("passed"):
        say("the run has not passed the gate: its report is marked not publishable")
    print(path)
    return DONE


def runs_list(args: Args) -> int:
    """List the runs of a store, oldest first."""
    store = runs.store(args.store)
    runs.find(None, store)
    header = ("id", "created", "pair", "as of", "seed", "draws", "quick", "gate")
    rows = []
    for folder in runs.listing(store):
        said = runs.read(folder)
        gate = said.get("gate")
        rows.append(
            (
                folder.name,
                said.get("created"),
                "-".join(runs.own_pair(said)),
                said.get("as_of") or "",
                said.get("seed"),
                f"{said.get('chains')} x {said.get('draws')}",
                "quick" if said.get("quick") else "",
                "not judged" if not gate else "passed" if gate.get("passed") else "FAILED",
            )
        )
    put(header, rows, args.csv, f"Runs in {store / runs.RUNS}")
    return DONE


def runs_show(args: Args) -> int:
    """Show what a run says of itself, with every figure of its gate."""
    run = runs.find(args.run, runs.store(args.store))
    said = runs.read(run)
    gate = said.pop("gate", None) or {}
    pairs = ", ".join(path.name for path in sorted((run / "pairs").glob("???-???")))
    rows = [("folder", str(run)), *flat(said), ("other pairs forecast", pairs)]
    checks = [
        (c["name"], c["value"], c["threshold"], "yes" if c["passed"] else "NO", c["where"])
        for c in gate.get("checks", ())
    ]
    if args.csv:
        put(("key", "value"), [*rows, *flat(gate, "gate")], True)
        return DONE
    if said.get("quick"):
        print(QUICK_WORDS)
    put(("key", "value"), rows, False)
    if gate:
        title = "gate passed" if gate["passed"] else "gate FAILED, not publishable"
        print()
        put(("check", "value", "threshold", "passed", "worst at"), checks, False, title)
    return DONE


def runs_compare(args: Args) -> int:
    """Set two runs of one pair side by side: what they were made from, the probability of each
    event by 2030 and 2050 and its median year, and every named parameter. Spreads are Monte-Carlo
    errors of probabilities and standard deviations of parameters.
    """
    from crossover.forecast import compare

    store = runs.store(args.store)
    a, b = (runs.find(text, store) for text in (args.a, args.b))
    found = compare.compare(a, b)
    if args.csv:
        put(compare.Difference._fields, found, True)
        return DONE
    differ = compare.setting(a, b)
    put(("made from", "A", "B"), differ, False, f"A: {a}\nB: {b}")
    header = ("", "A", "+-", "B", "+-", "B - A", "in combined +-")
    rows = [(row.what, *(_short(value) for value in row[1:])) for row in found]
    print()
    put(header, rows, False, "What they say")
    return DONE


def _enter(args: Args, run: Path) -> bool:
    """Enter a run in the ledger, say so, and return whether it may stand there."""
    from crossover.forecast import ledger

    store = runs.store(args.store)
    done = ledger.enter(store, run)
    if done.refused:
        say(f"not entered in the ledger: {done.refused}")
        return False
    held = f", {done.held} were there already" if done.held else ""
    say(f"entered in the ledger {ledger.path(store)}: {done.new} questions{held}")
    return True


def ledger_enter(args: Args) -> int:
    """Enter a run's questions in the ledger, where they can never be changed. 'crossover run' does
    so by itself; this is for runs made elsewhere, and for further pairs forecast from a run.
    """
    return DONE if _enter(args, runs.find(args.run, runs.store(args.store))) else GATE_FAILED


def ledger_list(args: Args) -> int:
    """List what was entered: one row a question of a published run."""
    from crossover.forecast import ledger

    store = runs.store(args.store)
    found = ledger.entries(store)
    if not found:
        raise InputError(fault("holds no entry yet", file=ledger.path(store)))
    header = (
        "seq", "run", "question", "kind", "of", "pair", "scenario", "origin", "as of", "entered"
    )  # fmt: skip
    rows = [
        (
            *(e.seq, e.run, e.question if e.domain == ALL_DOMAINS else f"{e.question}, {e.domain}"),
            *(e.kind, e.country, f"{e.supplier}-{e.recipient}", e.scenario, e.origin, e.as_of),
            e.entered,
        )
        for e in found
    ]
    put(header, rows, args.csv, f"Entered in {ledger.path(store)}")
    return DONE


def ledger_check(args: Args) -> int:
    """Check the chain of hashes: every entry that was changed, or is missing, is named."""
    from crossover.forecast import ledger

    store = runs.store(args.store)
    faults = ledger.verify(store)
    for each in faults:
        say(each)
    if faults:
        raise InputError(fault(f"{len(faults)} faults", file=ledger.path(store)))
    last = ledger.head(store)
    say(f"{ledger.path(store)}: sound; the last entry's hash is {last}" if last else "no entry yet")
    return DONE


def guide_build(args: Args) -> int:
    """Fill the blocks of figures in README.md and reports/guide/*.md of the folder that you stand
    in from a run of Russia and China.
    """
    from crossover.reports import guide

    run = runs.find(args.run, runs.store(args.store))
    pages = [Path("README.md"), *sorted(Path("reports/guide").glob("*.md"))]
    if not pages[0].is_file() or len(pages) == 1:
        rule = "this folder has no README.md with a reports/guide beside it: run it in a checkout"
        raise InputError(fault(rule, file=Path.cwd()))
    if args.check:
        old = guide.stale(run, pages)
        if old:
            names = ", ".join(map(str, old))
            raise InputError(f"{names}: the figures are not those of run {run.name}")
        say("all figures are those of the run")
        return DONE
    for page in guide.write(run, pages):
        say(f"written: {page}")
    return DONE


def score_command(args: Args) -> int:
    """Score what was forecast against what came since, in its first and its latest release: events
    by Brier and logarithmic score, quantities by CRPS (from quantiles every 2.5 %, in TIV million
    and of the log of one plus the value) and by how often their intervals held. Probabilities below
    half a draw count as half a draw. All scores go into a table; with --run the track record goes
    into that run's folder too, and `crossover report` shows it.
    """
    from crossover.forecast import ledger, scoring

    store = runs.store(args.store)
    run = runs.find(args.run, store) if args.run else None
    found = ledger.entries(store)
    if not found:
        rule = "holds no entry yet: a run is entered when its gate has passed"
        raise InputError(fault(rule, file=ledger.path(store)))
    if ledger.verify(store):
        rule = "an entry was changed: see 'crossover ledger check'"
        raise InputError(fault(rule, file=ledger.path(store)))
    rows = scoring.score(found, _layers(args))
    out = args.out or store / "scores.csv"
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(scoring.Score._fields)
    writer.writerows([cell(value) for value in row] for row in rows)
    runs.write(out, text.getvalue())
    if run is not None:
        with runs.refreshing(run) as part:
            runs.write(part / scoring.RECORD, scoring.track_record(found, rows))
    if not rows:
        origins = sorted({entry.origin for entry in found})
        say(
            f"nothing to score yet: no release covers a year after the origins "
            f"({', '.join(map(str, origins))}) of the {len(found)} entries"
        )
    elif args.csv:
        put(scoring.Mean._fields, scoring.means(rows), True)
    else:
        header = (
            "question", "kind", "release", "scored", "Brier", "log", "CRPS", "CRPS, log scale"
        )  # fmt: skip
        shown = [(*row[:4], *(_short(value) for value in row[4:])) for row in scoring.means(rows)]
        put((*header, "in 50 %", "in 90 %"), shown, False, "Mean scores; smaller is better")
    if args.benchmarks and rows:
        _beside_benchmarks(found, rows, args)
    say(f"all scores: {out}")
    if run is not None:
        say(f"in the report: crossover report --run {run}")
    return DONE


def _beside_benchmarks(entries: Sequence[Any], rows: Sequence[Any], args: Args) -> None:
    """Print mean scores of the ledger's quantities beside those of the backtest's benchmarks."""
    from crossover.forecast import rivals, scoring

    quantities = [row for row in rows if row.crps is not None]
    by_model = {"ledger": quantities}
    for row in rivals.score(entries, rows, _layers(args)):
        by_model.setdefault(row.run, []).append(row)
    means = [(model, mean) for model, held in by_model.items() for mean in scoring.means(held)]
    means.sort(key=lambda one: (one[1].question, one[1].release, one[1].crps_log1p))
    shown = [
        (mean.question, mean.release, model, mean.scored, *map(_short, mean[6:]))
        for model, mean in means
    ]
    header = ("question", "release", "forecast", "scored", "CRPS", "CRPS, log scale")
    put((*header, "in 50 %", "in 90 %"), shown, args.csv, "Beside benchmarks of the same day")


def sensitivity_partnership(args: Args) -> int:
    """Score the hazard of a downturn on decades that were left out, against a constant hazard by
    era, against era and rank alone, and against the controls without what the thesis names. Takes
    two minutes or so; the table goes to a file.
    """
    rows = steps.cross_validate(
        _layers(args), args.priors, args.seed, args.line, args.out, runs.store(args.store)
    )
    header = ("better", "than", "difference", "treaties 90 %", "decades 90 %", "P", "beats")
    shown = [
        (r["better"], r["than"], f"{float(r['difference']):+.1f}",
         *(f"{float(r[f'{b}_q05']):+.1f} to {float(r[f'{b}_q95']):+.1f}"
           for b in ("treaties", "decades")),
         f"{float(r['p_better']):.2f}", "yes" if r["beats"] in ("1", "True", True) else "no")
        for r in rows
    ]  # fmt: skip
    if args.csv:
        put(list(rows[0]), [list(r.values()) for r in rows], True)
    else:
        put(header, shown, False, "Log score of pair-years in decades left out, sum of differences")
    return DONE


def sensitivity_drivers(args: Args) -> int:
    """Fit the drivers to what was known half a year after past origins, and score their futures,
    one to six years ahead, against the mean growth of the record, that of the last five years and
    the last figure carried on. Some tens of seconds an origin; the table goes to a file.
    """
    from crossover.forecast import driver_skill

    origins = years_of(args.origins, driver_skill.ORIGINS[0])
    rows = steps.score_drivers(
        _layers(args), args.priors, args.seed, args.line, origins, args.out,
        runs.store(args.store),
    )  # fmt: skip
    if args.csv:
        put(list(rows[0]), [list(r.values()) for r in rows], True)
        return DONE
    header = ("target", "years", "forecast", "cases", "CRPS", "in 50 %", "in 90 %", "skill", "90 %")
    shown = [
        (r["target"], r["group"], r["forecast"], int(r["cases"]), f"{float(r['crps']):.3f}",
         *(f"{float(r[key]):.2f}" for key in ("in_50", "in_90")), *_skill(r))
        for r in rows
    ]  # fmt: skip
    title = "Futures of the drivers; skill is that of the model against the forecast of the row"
    put(header, shown, False, title)
    return DONE


def sensitivity_answer(args: Args) -> int:
    """Ask whether the recipient is ahead in capacity under every choice that could have been
    another: each convention of the level, other likelihoods of orders, a model without one of its
    parts, other priors, and figures that end one and two years earlier. Ten fits, two minutes or
    so each; the table goes to a file.
    """
    run, said, pair = _meant(args)
    rows = steps.move_answer(
        run, pair, tuple(steps.layers_of(said, _layers(args))), args.line, args.out,
        runs.store(args.store),
    )  # fmt: skip
    if args.csv:
        put(list(rows[0]), [list(r.values()) for r in rows], True)
        return DONE
    from crossover.forecast.shipped import doubt

    if said["quick"]:
        print(QUICK_WORDS)
    years = list(dict.fromkeys(row["year"] for row in rows))
    at = {(row["choice"], row["year"]): row for row in rows}
    shown = [
        (row["group"], row["description"],
         *(f"{float(at[row['choice'], year]['probability']):.2f}" for year in years),
         doubt(row))
        for row in rows if row["year"] == years[0]
    ]  # fmt: skip
    supplier, recipient = map(countries.name_of, pair)
    title = f"P(capacity of {recipient} above {supplier}), averaged over conventions"
    put(("what differs", "choice", *years, "but"), shown, False, title)
    return DONE


def _skill(row: Mapping[str, str]) -> tuple[str, str]:
    """Return skill and its interval in words, empty where a row has none."""
    if not row["skill"]:
        return "", ""
    ends = (f"{float(row[key]):+.3f}" for key in ("skill_q05", "skill_q95") if row[key])
    return f"{float(row['skill']):+.3f}", " to ".join(ends)


def sensitivity_analogues(args: Args) -> int:
    """Fit the hazard of a downturn once more with the thesis's own analogues as weighted cases, and
    show effects and the pair's probabilities with and without them.
    """
    run, said, pair = _meant(args)
    effects, chances = steps.with_analogues(run, pair, args.file, _layers(args))
    if args.csv:
        put(list(effects.columns), effects.values.tolist(), True)
        return DONE
    if said["quick"]:
        print(QUICK_WORDS)
    shown = [
        (r.effect, f"{r.median:.2f}", f"{r.q05:.2f}-{r.q95:.2f}", f"{r.p_positive:.3f}",
         f"{r.median_with:.2f}", f"{r.q05_with:.2f}-{r.q95_with:.2f}", f"{r.p_positive_with:.3f}")
        for r in effects.itertuples()
    ]  # fmt: skip
    header = ("effect", "ratio", "90 %", "P(>1)", "with", "90 %", "P(>1)")
    put(header, shown, False, "Hazard ratios of a downturn, without and with analogues")
    if len(chances):
        print()
        rows = [(int(r.year), f"{r.without:.3f}", f"{r.with_:.3f}") for r in chances.itertuples()]
        put(("by", "without", "with"), rows, False, f"P(downturn), {_and(pair)}")
    return DONE


def claims_command(args: Args) -> int:
    """Audit the claims of the thesis: each with the quantity that tests it, its figure in this run
    and panel, and a verdict by a stated rule. 'supported' and 'contradicted' are said only beyond
    Monte-Carlo error; where an earlier release gives another verdict, that is shown.
    """
    from crossover.forecast import claims

    asked = claims.load(args.file)
    run, said, pair = _meant(args)
    folder = runs.pair_folder(run, said, pair)
    place = claims.Run(run, folder, pair, steps.day(said.get("as_of")), _layers(args))
    rows = claims.judge(asked, place)
    if args.csv:
        put(claims.Row._fields, rows, True)
        return DONE
    if said["quick"]:
        print(QUICK_WORDS)
    here = [r for r in rows if claims.concerns(r.about, pair)]
    _put_claims(here, "Claims of the thesis")
    others = [r for r in rows if r not in here]
    if others:
        print()
        whom = {code for r in others for code in r.about.split("-")}
        _put_claims(others, f"Claims about {_and(whom)}, whatever the pair")
    moved = [(r.says, r.by_vintage) for r in rows if r.by_vintage]
    if moved:
        print()
        put(("claim", "by release"), moved, False, "Where a release changes the verdict")
    count = {v: sum(r.verdict == v for r in rows) for v in (
        claims.SUPPORTED, claims.CONTRADICTED, claims.OPEN)}  # fmt: skip
    say(", ".join(f"{n} {verdict}" for verdict, n in count.items()))
    return DONE


def _put_claims(rows: Sequence[claims.Row], title: str) -> None:
    shown = [(r.verdict, r.says, r.figure, r.vintage) for r in rows]
    put(("verdict", "claim", "figure", "vintage"), shown, False, title)


def scenario_list(args: Args) -> int:
    """List the shipped scenarios, and what a scenario may set."""
    from crossover.forecast import scenarios

    put(("scenario", "title", "paths", "what it says"), scenarios.listing(), args.csv, "Scenarios")
    if not args.csv:
        rows = [
            (name, " and ".join(v.of), v.unit, ", ".join(v.bounds), v.meaning)
            for name, v in scenarios.VARIABLES.items()
        ]
        print()
        put(("variable", "of", "unit", "by", "meaning"), rows, False, "What a path may set")
        say(f"not identified, so not to be set: {', '.join(scenarios.NOT_IDENTIFIED)}")
    return DONE


def scenario_check(args: Args) -> int:
    """Check a scenario file: the first fault is named with its file, table, key, value and rule,
    and exit 2 if there is one.
    """
    from crossover.data import tables
    from crossover.forecast import scenarios

    origin = args.origin
    if origin is None:
        origin = max(row.year for row in tables.read("transfers", _layers(args)))
    found = scenarios.load(args.file, origin=origin)
    if found.name in scenarios.SHIPPED:
        rule = "is the name of a shipped scenario: give the file another"
        raise InputError(fault(rule, file=args.file))
    rows = [
        (p.name, p.variable, "-".join(p.of), p.first, p.last, p.change, p.amount,
         "ramp" if p.ramp else "", p.reason, p.source)
        for p in found.paths
    ]  # fmt: skip
    header = ("path", "variable", "of", "from", "to", "by", "amount", "", "reason", "source")
    put(header, rows, args.csv, f"{found.name}: {found.title}")
    say(f"{args.file}: sound")
    return DONE


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of nested mappings and lists."""
    if isinstance(value, Mapping | list):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
        for key, inner in pairs:
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, str(value) if isinstance(value, bool) else value


def causes_command(args: Args) -> int:
    """Split the change of what the recipient orders abroad, and of what the supplier wins, from
    the spell with the most orders to the last one, into causes: own R&D, spending, war, rivals,
    politics, customers. In logs of orders a year; what nothing explains is named so.
    """
    run, said, pair = _meant(args)
    path = runs.pair_folder(run, said, pair) / steps.CAUSES_FILE
    if not path.is_file():
        rule = "the run holds no split into causes: forecast the pair with this version"
        raise InputError(fault(rule, file=path))
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    if args.csv:
        put(header, rows, True)
        return DONE
    shown = [
        (countries.name_of(row[1]), row[0], row[2], *(f"{float(v):+.2f}" for v in row[7:]))
        for row in rows
    ]
    title = "; ".join(
        dict.fromkeys(f"{r[0]}, {r[1]}: {r[3]}-{r[4]} to {r[5]}-{r[6]}" for r in rows)
    )
    put(("country", "orders", "cause", "median", "5 %", "95 %"), shown, False, title)
    return DONE


def whatif_command(args: Args) -> int:
    """Run a pair forward with R&D of the supplier, then of the recipient, some per cent above what
    it would be for some years: what that does to capacity, orders and dependence. With --target N
    say which R&D moves the year of even odds by N years, or that none does.
    """
    from crossover.forecast import whatif

    run, said, pair = _meant(args)
    tree = steps.stored(run)
    words = "running the pair forward with more R&D"
    with steps.step(words, "whatif", {}), steps.progress(words) as move:
        futures = whatif.run(
            tree, pair, seed=said["seed"], per_cent=args.rd, years=args.years, progress=move
        )
    if args.target is not None:
        data = tree["constant_data"].to_dataset()
        highest = float(data["rd_share"].max())
        print(whatif.target(futures, args.target, highest, data.attrs["rd_depreciation"]))
        return DONE
    table = whatif.effects(futures)
    if args.csv:
        put(whatif.COLUMNS, table.itertuples(index=False), True)
        return DONE
    shown = [
        (countries.name_of(r.country), r.year, whatif.TITLES[r.quantity], _digits(r.without, 3),
         _digits(r.with_more, 3), _digits(r.change, 2, "+"), _digits(r.mc_error, 1),
         "" if math.isnan(r.q05) else f"{_digits(r.q05, 2, '+')} to {_digits(r.q95, 2, '+')}")
        for r in table.itertuples()
    ]  # fmt: skip
    title = f"R&D {args.rd:g} % above what it would be, for {args.years} years"
    header = ("whose R&D", "year", "what", "without", "with", "change", "error", "90 %")
    put(header, shown, False, title)
    return DONE


def _digits(value: float, significant: int, sign: str = "") -> str:
    """Write a number with so many significant digits and never with an exponent."""
    if not value:
        return "0"
    places = significant - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):{sign},.{max(places, 0)}f}"


def sensitivity_levels(args: Args) -> int:
    """Show the probability that the recipient's capacity is above the supplier's at the last data
    year and in later ones, under each convention of the level: how much of the answer is data.
    """
    run, said, pair = _meant(args)
    folder = runs.pair_folder(run, said, pair)
    path = folder / steps.LEVELS_FILE
    if not path.is_file():
        tree = steps.stored(run)
        with runs.refreshing(folder) as part:
            steps.compare_levels(part, tree, pair, said["seed"])
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    if args.csv:
        put(header, rows, True)
        return DONE
    if said["quick"]:
        print(QUICK_WORDS)
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
    supplier, recipient = map(countries.name_of, pair)
    title = f"P(capacity of {recipient} above {supplier}) in {origin}; * is the headline"
    years = (f"P in {year}" for year in later)
    put(("convention", "P", "MC error", "gap", "90 %", *years, "what it says"), shown, False, title)
    return DONE


# Skill -----------------------------------------------------------------------------------------


def backtest_command(args: Args) -> int:
    """Forecast from past origins with what was known half a year later, and score the forecasts
    against benchmarks that were given the same. What is done is kept, one file an origin and
    model: the same command goes on where it was stopped. Scores go to scores.csv, comparisons to
    skill.csv, events to events_skill.csv, intervals to calibration.csv, and all that a report
    prints of them to summary.csv.
    """
    from crossover.forecast import backtest
    from crossover.models.priors import load

    out = args.out or runs.store(args.store) / "backtest"
    origins = years_of(args.origins, backtest.FIRST_ORIGIN)
    layers = _layers(args)
    names = args.models.split(",") if args.models else [backtest.FULL, *backtest.benchmarks()]
    wanted = backtest.jobs(origins, [name.strip() for name in names])
    given = load(args.priors)
    failed: list[str] = []
    if not args.score_only:
        from crossover.forecast.fit import CHAINS, DRAWS, TUNE

        sampler = {
            "seed": args.seed, "draws": args.draws or DRAWS, "tune": args.tune or TUNE,
            "chains": args.chains or CHAINS,
        }  # fmt: skip
        backtest.claim(out, backtest.made_with(args.horizons, sampler, given, layers))
        failed = backtest.run(
            out, wanted, horizons=args.horizons, given=given, sampler=sampler, folder=layers,
            workers=args.workers, scheduler=args.scheduler, say=say,
        )  # fmt: skip
    tables = backtest.report(out, layers, args.line)
    header, rows = backtest.shown(tables[backtest.SUMMARY])
    title = "Skill of each model against the best benchmark by hindsight (90 % interval by origin)"
    put(header, rows, args.csv, title)
    say(f"all scores: {out / backtest.SCORES}")
    for name in failed:
        say(f"failed: {name}")
    return FAILED if failed else DONE


def check_command(args: Args) -> int:
    """Check a stored fit. Draws from it, and from its priors, are compared with the deliveries on
    record (predictive.csv); and the events of its pair are told how far they move when the priors
    or the data count for a little more (sensitivity.csv, by power-scaling). With --sbc N instead,
    truths are drawn from the priors, worlds of eight countries simulated from them and fitted, and
    the ranks of the truths tested for uniformity (sbc.csv): what is done is kept, so more can be
    asked for later, as in 'crossover check --sbc 200 --scheduler tcp://host:8786'. A check that
    fails is named, and exit is 3.
    """
    from crossover.forecast import calibration

    if args.sbc:
        out = args.out or runs.store(args.store) / "calibration"
        table, failed = calibration.sbc(
            out, args.sbc, seed=args.seed, folder=_layers(args), workers=args.workers,
            scheduler=args.scheduler, say=say,
        )  # fmt: skip
        found = {calibration.SBC: table}
        for name in failed:
            say(f"failed: simulation {name}")
    else:
        run, _, pair = _meant(args)
        out = args.out or run / "checks"
        with steps.step("checking the fit", "check", {}):
            known = steps.layers_of(runs.read(run), _layers(args))
            found = calibration.check(run, pair, known, seed=args.seed)
        failed = []
    calibration.write(out, found)
    worst = DONE
    for name, table in found.items():
        put(list(table.columns), [map(_short, row) for row in table.itertuples(index=False)],
            args.csv, name)  # fmt: skip
        if "passed" in table and not table["passed"].all():
            worst = GATE_FAILED
    say(f"tables: {out}")
    return FAILED if failed else worst


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


# Data ------------------------------------------------------------------------------------------


def data_list(args: Args) -> int:
    """List the series of the panel, every release that was kept of them, or what was added."""
    from crossover.data import added, look

    if args.additions:
        found = added.added(runs.store(args.store))
    elif args.releases or args.series:
        found = look.releases(args.series, _layers(args))
    else:
        found = look.listing(_layers(args))
    put(found.header, found.rows, args.csv, found.title)
    return DONE


def data_show(args: Args) -> int:
    """Show a series: an indicator, deliveries, orders, ideal points, imports, exports, the highest
    values per unit of new systems (unit_values), or the world's deliveries by description.
    """
    from crossover.data import look, look_up

    found = look_up.show(
        args.series,
        country=args.country,
        supplier=args.supplier,
        recipient=args.recipient,
        domain=args.domain,
        weapon=args.weapon,
        span=look.years(args.years) if args.years else None,
        as_of=steps.day(args.as_of),
        every_vintage=args.every_vintage,
        folder=_layers(args),
    )
    put(found.header, found.rows, args.csv, found.title)
    return DONE


def _layers(args: Args) -> tuple[Path, ...]:
    """Return the panel with what the store adds to it."""
    from crossover.data import additions

    if args.panel is not None and not args.panel.is_dir():
        raise InputError(fault("there is no such folder", column="--panel", value=str(args.panel)))
    return additions.layers(args.panel, runs.store(args.store))


def data_add(args: Args) -> int:
    """Add what is new in files as the providers publish them: recognised by content, checked whole,
    compared with what is known. The files are added together or not at all; an older release than
    the newest known is welcome.
    """
    from crossover.data import additions
    from crossover.data.sources import fields
    from crossover.data.sources.files import Options

    released = args.released and fields.date(
        args.released, file=None, line=None, column="--released"
    )
    reading = Options(released, args.indicator, args.accept_unknown)
    with steps.progress("reading") as move:
        return _add(
            args,
            lambda **options: additions.add(
                args.files, **options, progress=move, reading=reading
            ),
        )


def data_refresh(args: Args) -> int:
    """Fetch the series that the World Bank serves, and add what is new: of all or of none."""
    from crossover.data.refresh import refresh

    more = {"base_url": args.url} if args.url else {}
    with steps.progress("fetching") as move:
        return _add(
            args,
            lambda **options: refresh(
                **options, **more, series=args.indicator, timeout=args.timeout, progress=move
            ),
        )


def _add(args: Args, act: Callable[..., Any]) -> int:
    from crossover.data import additions

    _layers(args)
    store = runs.store(args.store)
    page = getattr(args, "html", None)
    if page:
        _check_page(args)
    try:
        added = act(store=store, panel=args.panel, dry_run=args.dry_run, say=say)
    except additions.Refused as error:
        if len(error.refusals) > 1:
            for refusal in error.refusals[:REFUSALS]:
                say(f"refused: {refusal}")
            if len(error.refusals) > REFUSALS:
                say(f"refused: {len(error.refusals) - REFUSALS} more")
        raise
    for alarm in added.examined.alarms:
        say(f"alarm: {alarm}")
    changes = added.examined.changes
    fresh = [change for change in changes if change.rows > change.held]
    if args.csv:
        put(additions.Change._fields, changes, True)
    elif fresh:
        put(PREVIEW, [_previewed(change) for change in fresh], False, "What is new")
    renames = added.examined.renames
    for rename in renames[:RENAMES]:
        say(str(rename))
    if len(renames) > RENAMES:
        say(f"renamed: {len(renames) - RENAMES} more; --html FILE lists all")
    for note in added.examined.notes:
        say(note if note.startswith("warning: ") else f"note: {note}")
    if page:
        from crossover.reports import preview

        say(f"written: {runs.write(page, preview.render(added.examined))}")
    if not fresh and not added.examined.restated:
        for sentence in additions.already(added.examined, store):
            say(sentence)
        say("nothing new: every figure is known already, nothing was added")
    elif args.dry_run:
        say("dry run: nothing was written")
    else:
        say(f"added: {added.folder}")
    return DONE


def _check_page(args: Args) -> None:
    """Refuse a page that nothing is previewed in, or that would take the place of something."""
    from crossover.reports import preview

    if not args.dry_run:
        raise InputError("--html shows what would change: give --dry-run with it")
    preview.check_free(args.html)


PREVIEW = (
    "series",
    "released",
    "rows",
    "known",
    "new",
    "unchanged",
    "revised",
    "other unit",
    "renamed",
    "gone",
    "median",
    "largest",
    "median %",
    "largest %",
    "largest revision",
)
REFUSALS = 60
"""How many refused rows and names are listed; the rest is counted."""
RENAMES = 20
"""How many renamed names are listed; the rest is counted."""


def _previewed(change: Any) -> tuple:
    def percent(share: float | None) -> str:
        return "" if share is None else f"{100 * share:.1f}"

    def size(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    return (
        *(change.series, change.vintage, change.rows, change.held, change.new, change.unchanged),
        *(change.revised, change.restated, change.renamed, change.gone),
        *(size(change.median), size(change.largest)),
        *(percent(change.median_relative), percent(change.largest_relative), change.where),
    )


def data_revisions(args: Args) -> int:
    """Show a figure's history over all releases kept: of --indicator and --country, or of the
    deliveries from --supplier to --recipient. Without any of these, by how much the second, third
    and later release of a figure differ from the first, by source.
    """
    from crossover.data import look, revisions

    layers = _layers(args)
    side = args.supplier or args.recipient
    if not (args.country or side):
        if args.year:
            raise InputError("--year needs --country, or --supplier and --recipient")
        found = revisions.kth_releases(args.indicator, layers)
    else:
        if args.indicator is None and not side:
            raise InputError("--country needs --indicator")
        found = revisions.history(
            args.indicator or look.DELIVERIES,
            country=args.country,
            supplier=args.supplier,
            recipient=args.recipient,
            span=look.years(args.year, "--year") if args.year else None,
            folder=layers,
        )
    put(found.header, found.rows, args.csv, found.title)
    if args.indicator in (look.DESCRIPTIONS, look.UNIT_VALUES):
        for vintage, rename in revisions.renamed(layers):
            say(f"release of {vintage}: {rename}")
    return DONE


def data_check(args: Args) -> int:
    """Check a panel: every fault is named with its place and rule, and exit 2 if there is one.
    Without a folder, the shipped panel and what the store adds to it.
    """
    from crossover.data import additions, check

    faults = check.check(args.folder)
    if args.folder is None:
        faults += additions.damaged(runs.store(args.store))
    name = args.folder or "the shipped panel"
    if faults or args.csv:
        put(check.HEADER, faults, args.csv)
    if faults:
        raise InputError(f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
    say(f"{name}: sound")
    return DONE


def data_build(args: Args) -> int:
    """Compile a panel from a folder of files as the providers publish them, whole or not at all."""
    from crossover.data.build import build, shipped_files

    only = shipped_files() if args.shipped else None
    with steps.progress("reading") as move:
        built = build(args.folder, args.out, move, only)
    for file, reason in built.left_out:
        say(f"left out: {file}: {reason}")
    put(("table", "rows"), list(built.rows.items()), args.csv, f"Built {built.folder}")
    say(f"{built.size / 1e6:.2f} MB")
    return DONE


def data_domains(args: Args) -> int:
    """Show which weapon belongs to which technology domain, and what that moves against SIPRI's
    own categories. The mapping is the table data/domains.csv, yours to change: 'data domains'
    shows the change at once, and 'crossover data build DIR', with SIPRI's files in DIR, takes it
    into the panel's deliveries, orders and unit values ('crossover data check' finds a panel that
    was not built anew).
    """
    from crossover.data import moves

    panel = _layers(args)
    if args.domain is not None or args.description is not None or args.all:
        found = moves.weapons(args.domain, args.description, panel)
        put(found.header, found.rows, args.csv, found.title)
    elif args.csv:
        found = moves.long(panel)
        put(found.header, found.rows, True)
    else:
        for found in (moves.by_domain(panel), moves.by_category(panel)):
            put(found.header, found.rows, False, found.title)
            print()
        say("weapon by weapon: crossover data domains DOMAIN, --description TEXT, or --all")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
