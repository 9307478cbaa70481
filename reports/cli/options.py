"""Options and arguments that several commands share, each with its words in the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from crossover.forecast import runs

RUN_WORDS = "run folder, or beginning of an id; the newest"

Store = Annotated[
    Path | None,
    Option(
        "--store", metavar="DIR",
        help=f"folder of added figures, runs and ledger; by default {runs.VARIABLE}, or "
        f"./{runs.STORE}",
    ),
]  # fmt: skip
Csv = Annotated[bool, Option("--csv", help="print CSV instead of a table")]
Json = Annotated[bool, Option("--json", help="print JSON instead of a table")]
Panel = Annotated[
    Path | None,
    Option("--panel", metavar="DIR", help="folder of a panel; the shipped one by default"),
]
AsOf = Annotated[
    str | None,
    Option("--as-of", metavar="DATE", help="only what was released by this day, as in 2024-05-01"),
]
Priors = Annotated[
    Path | None, Option("--priors", metavar="FILE", help="TOML file laid over the default priors")
]
TableFile = Annotated[
    Path | None, Option("--out", metavar="FILE", help="the table; in the store by default")
]

# A run and a pair of it
Run = Annotated[str | None, Option("--run", metavar="DIR-OR-ID", help=RUN_WORDS)]
RunArgument = Annotated[str | None, Argument(metavar="DIR-OR-ID", help=RUN_WORDS)]
RunA = Annotated[str, Argument(metavar="A", help="run folder, or beginning of an id")]
RunB = Annotated[str, Argument(metavar="B", help="run folder, or beginning of an id")]
OtherSupplier = Annotated[
    str | None, Option("--supplier", metavar="COUNTRY", help="of another pair than the run's own")
]
OtherRecipient = Annotated[
    str | None, Option("--recipient", metavar="COUNTRY", help="of another pair than the run's own")
]

# Making a run
Supplier = Annotated[str, Option("--supplier", metavar="COUNTRY", help="ISO3 code or name")]
Recipient = Annotated[str, Option("--recipient", metavar="COUNTRY", help="ISO3 code or name")]
RunFolder = Annotated[
    Path | None,
    Option("--out", metavar="DIR", help="the run folder itself, new; else in the store"),
]
Seed = Annotated[
    int, Option("--seed", min=0, max=2**32 - 1, metavar="N", help="of everything random")
]
FromYear = Annotated[
    int | None,
    Option(
        "--from-year", min=1992, max=2100, metavar="YEAR",
        help="count no earlier year: for priors that are carried from an earlier fit",
    ),
]  # fmt: skip
Draws = Annotated[
    int | None,
    Option("--draws", min=4, max=10**6, metavar="N", help="draws a chain, after tuning"),
]
Chains = Annotated[
    int | None, Option("--chains", min=1, max=64, metavar="N", help="number of chains")
]
Quick = Annotated[
    bool, Option("--quick", help="a few hundred draws, to try out; marked as such")
]
SCENARIO = "NAME-OR-FILE"
Scenarios = Annotated[
    list[str] | None,
    Option(
        "--scenario", metavar=SCENARIO,
        help="a shipped one by name, instead of all; your own file beside them; may be repeated",
    ),
]  # fmt: skip
MoreScenarios = Annotated[
    list[str] | None,
    Option(
        "--scenario", metavar=SCENARIO,
        help="a shipped one by name, or your own file, beside those of the run; may be repeated",
    ),
]  # fmt: skip

# Many fits
Workers = Annotated[
    int,
    Option(
        "--workers", min=1, max=256, metavar="N",
        help="processes on this machine, a fit and a core each",
    ),
]  # fmt: skip
Scheduler = Annotated[
    str | None,
    Option(
        "--scheduler", metavar="ADDRESS",
        help="a running Dask scheduler instead, as in tcp://host:8786",
    ),
]  # fmt: skip
FitsSeed = Annotated[int, Option("--seed", min=0, max=2**31, metavar="N", help="of all fits")]

# Providers' files
Released = Annotated[
    str | None,
    Option("--released", metavar="DATE", help="when files that do not say it were published"),
]
IndicatorCode = Annotated[
    str | None,
    Option("--indicator", metavar="CODE", help="the series of a table that does not name it"),
]
AcceptUnknown = Annotated[
    bool,
    Option(
        "--accept-unknown",
        help="count weapons that nobody knows under the default domain of their category",
    ),
]
Country = Annotated[
    str | None, Option("--country", metavar="COUNTRY", help="ISO3 code or name")
]
