"""Options that commands share: single ones, and those that always come together.

A parameter of a command whose type is one of the dataclasses here stands for all its fields: each
is an option of the command (`values.spread`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from crossover.data.errors import InputError, fault
from crossover.data.names import DEFAULT_RECIPIENT, DEFAULT_SUPPLIER
from crossover.forecast import runs, verify
from crossover.reports.cli.console import SEED, Shape, command_line

if TYPE_CHECKING:
    from crossover.forecast.plans import Plan
    from crossover.reports.cli.common import Meant

RUN_WORDS = "run folder, or beginning of an id; the newest"
OF_ANOTHER = "of another pair than the run's own"

Country = Annotated[str | None, Option(metavar="COUNTRY", help="ISO3 code or name")]
Store = Annotated[
    Path | None,
    Option(
        metavar="DIR",
        help=f"folder of added figures, runs and ledger; by default {runs.VARIABLE}, or "
        f"./{runs.STORE}",
    ),
]
PanelFolder = Annotated[
    Path | None, Option(metavar="DIR", help="folder of a panel; the shipped one by default")
]
AsOf = Annotated[
    str | None,
    Option(metavar="DATE", help="only what was released by this day, as in 2024-05-01"),
]
Priors = Annotated[
    Path | None, Option(metavar="FILE", help="TOML file laid over the default priors")
]
RunText = Annotated[str | None, Option(metavar="DIR-OR-ID", help=RUN_WORDS)]
RunArgument = Annotated[str | None, Argument(metavar="DIR-OR-ID", help=RUN_WORDS)]
RunA = Annotated[str, Argument(metavar="A", help="run folder, or beginning of an id")]
RunB = Annotated[str, Argument(metavar="B", help="run folder, or beginning of an id")]
RunFolder = Annotated[
    Path | None, Option(metavar="DIR", help="the run folder itself, new; else in the store")
]
TableFile = Annotated[
    Path | None, Option("--out", metavar="FILE", help="the table; in the store by default")
]
Seed = Annotated[int, Option(min=0, max=2**32 - 1, metavar="N", help="of everything random")]
FitsSeed = Annotated[int, Option("--seed", min=0, max=2**31, metavar="N", help="of all draws")]
Scenarios = Annotated[
    list[str] | None,
    Option(
        "--scenario", metavar="NAME-OR-FILE",
        help="a shipped one by name, instead of all; your own file beside them; may be repeated",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """How rows are printed."""

    csv: Annotated[bool, Option("--csv", help="print CSV instead of a table")] = False
    json: Annotated[bool, Option("--json", help="print JSON instead of a table")] = False

    @property
    def shape(self) -> Shape:
        """The shape asked for; raises InputError where two are."""
        if self.csv and self.json:
            raise InputError("--csv and --json exclude each other")
        return Shape.CSV if self.csv else Shape.JSON if self.json else Shape.TABLE


@dataclass(frozen=True)
class OfStore:
    """A store."""

    store: Store = None

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return runs.store(self.store)

    def find(self, run: str | None) -> Path:
        """Return the folder of a run of the store; raise InputError if it is not as sealed."""
        return verify.found(run, self.folder)


@dataclass(frozen=True)
class OfPanel(OfStore):
    """A panel and a store, whose additions are laid over it."""

    panel: PanelFolder = None

    def layers(self) -> tuple[Path, ...]:
        """Return the panel with what the store adds to it; raise InputError if it is none."""
        from crossover.data import kept

        if self.panel is not None and not self.panel.is_dir():
            rule = "there is no such folder"
            raise InputError(fault(rule, column="--panel", value=str(self.panel)))
        return kept.layers(self.panel, self.folder)


@dataclass(frozen=True)
class OfPair(OfStore):
    """A pair of a run."""

    supplier: Annotated[str | None, Option(metavar="COUNTRY", help=OF_ANOTHER)] = None
    recipient: Annotated[str | None, Option(metavar="COUNTRY", help=OF_ANOTHER)] = None

    def meant(self, run: str | None) -> Meant:
        """Return the run that a user means, its record, and the pair, all as it was sealed."""
        of = self.unread(run)
        verify.sealed(of.run, of.folder if of.folder.is_dir() else None)
        return of

    def unread(self, run: str | None) -> Meant:
        """Return the same for who reads nothing of the run but its fit, which is checked then."""
        from crossover.reports.cli.common import meant

        return meant(runs.find(run, self.folder), self.supplier, self.recipient)


@dataclass(frozen=True)
class OfRun(OfPair):
    """A run and a pair of it."""

    run: RunText = None


@dataclass(frozen=True)
class OfRunAndPanel(OfRun, OfPanel):
    """A run, a pair of it, and a panel."""


@dataclass(frozen=True)
class Sampling(OfPanel):
    """All that a run is made from."""

    supplier: Annotated[str, Option(metavar="COUNTRY", help="ISO3 code or name")] = DEFAULT_SUPPLIER
    recipient: Annotated[str, Option(metavar="COUNTRY", help="ISO3 code or name")] = (
        DEFAULT_RECIPIENT
    )
    out: RunFolder = None
    seed: Seed = SEED
    as_of: AsOf = None
    priors: Priors = None
    from_year: Annotated[
        int | None,
        Option(
            min=1992,
            max=2100,
            metavar="YEAR",
            help="count no earlier year: for priors that are carried from an earlier fit",
        ),
    ] = None
    draws: Annotated[
        int | None, Option(min=4, max=10**6, metavar="N", help="draws a chain, after tuning")
    ] = None
    chains: Annotated[int | None, Option(min=1, max=64, metavar="N", help="number of chains")] = (
        None
    )
    quick: Annotated[
        bool, Option("--quick", help="a few hundred draws, to try out; marked as such")
    ] = False
    scenarios: Scenarios = None

    def plan(self, kind: str) -> Plan:
        """Check every input and return the plan of a run of a kind; nothing is written yet."""
        from crossover.forecast import plans

        given = vars(self) | {"scenarios": self.scenarios or ()}
        return plans.plan(command=command_line.get(), kind=kind, **given)


@dataclass(frozen=True)
class Workers:
    """Where many fits are made."""

    workers: Annotated[
        int,
        Option(
            min=1, max=256, metavar="N", help="processes on this machine, a fit and a core each"
        ),
    ] = 1
    scheduler: Annotated[
        str | None,
        Option(metavar="ADDRESS", help="a running Dask scheduler instead, as in tcp://host:8786"),
    ] = None


@dataclass(frozen=True)
class Reading:
    """What a provider's file does not say."""

    released: Annotated[
        str | None, Option(metavar="DATE", help="when files that do not say it were published")
    ] = None
    indicator: Annotated[
        str | None, Option(metavar="CODE", help="the series of a table that does not name it")
    ] = None
    accept_unknown: Annotated[
        bool,
        Option(
            "--accept-unknown",
            help="count weapons that nobody knows under the default domain of their category",
        ),
    ] = False
