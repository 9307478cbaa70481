"""A run, and the forecast of a pair in it, as a person handles them in Python."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.names import ALL_DOMAINS, BASELINE, DRAW, HEADLINE_YEAR, KIND, SOON, YEAR
from crossover.forecast import quantities, verify
from crossover.forecast import runs as stored

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from crossover.forecast.answer import Answer
    from crossover.forecast.league import League

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
OTHER_PAIRS = "pairs"


@dataclass(frozen=True)
class Paths:
    """The draws of one quantity over all years.

    `draws`: (draw, year), of the capacity gap (draw, convention, year); units in its `attrs`, and a
    coordinate `status` that says of each year whether it is observed, estimated or forecast.
    """

    draws: xr.DataArray

    @property
    def units(self) -> str:
        """Unit of the draws."""
        return self.draws.attrs["units"]

    def quantile(self, levels: float | Sequence[float] = LEVELS) -> xr.DataArray:
        """Return quantiles by year, (quantile, year), over draws and conventions."""
        return self.draws.quantile(levels, dim=self._others, keep_attrs=True)

    def mean(self) -> xr.DataArray:
        """Return the mean by year, (year), over draws and conventions."""
        return self.draws.mean(self._others, keep_attrs=True)

    def to_frame(self, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
        """Return status, mean and quantiles, one row a year."""
        frame = self.quantile(list(levels)).transpose(YEAR, ...).to_pandas()
        frame.columns = [f"q{100 * level:02.0f}" for level in levels]
        frame.insert(0, "mean", self.mean().values)
        frame.insert(0, "status", self.draws["status"].values)
        return frame

    @property
    def _others(self) -> list[str]:
        return [str(dim) for dim in self.draws.dims if dim != YEAR]

    def __repr__(self) -> str:
        told, years = self.draws.attrs, self.draws[YEAR].values
        domain = f", {told['domain']}" if "domain" in told else ""
        return (
            f"<Paths of {self.draws.name} {told['of']}{domain}: {told['long_name']}, "
            f"{told['units']}; {self.draws.sizes[DRAW]} draws, {years[0]}-{years[-1]}, "
            f"{told['scenario']}>"
        )

    def _repr_html_(self) -> str:
        future = self.draws["status"].values == quantities.FUTURE
        shown = self.to_frame()[future].to_html(float_format="{:.4g}".format)
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{shown}"


@dataclass(frozen=True)
class Forecast:
    """What a run says of one pair.

    `folder` holds the forecast, `run_folder` the run it belongs to; `supplier` and `recipient` are
    ISO3 codes.
    """

    folder: Path
    run_folder: Path
    supplier: str
    recipient: str

    @property
    def events(self) -> pd.DataFrame:
        """Probability of each event by kind and year.

        Columns: event, domain, kind (state, first_passage, lasting), supplier, recipient, scenario,
        year, probability, mc_error (Monte-Carlo standard error).
        """
        return self.table("events.csv")

    @property
    def timing(self) -> pd.DataFrame:
        """Probability within the horizon and quantiles of the year of each first passage."""
        return self.table("timing.csv")

    def table(self, name: str) -> pd.DataFrame:
        """Return any table of the forecast by its file's name, as in `arrivals.csv`.

        Raises
        ------
        InputError
            If there is no such table; the message lists those that there are.
        """
        import pandas as pd

        path = self.folder / name
        if not path.is_file() or path.suffix != ".csv":
            known = ", ".join(sorted(file.name for file in self.folder.glob("*.csv")))
            rule = f"no such table; there are {known}" if known else "there are no tables"
            raise InputError(fault(rule, file=self.folder, value=name))
        verify.stored(path)
        return pd.read_csv(path)

    @functools.cached_property
    def pair_draws(self) -> quantities.Pair:
        """Where the draws stand; for `crossover.forecast.quantities`."""
        chains = int(stored.read(self.run_folder).get("chains", 1))
        return quantities.Pair(self.folder, self.supplier, self.recipient, chains)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, the baseline first."""
        return self.pair_draws.scenarios

    @property
    def quantities(self) -> pd.DataFrame:
        """The quantities that `paths` knows here: name, unit, whose, and what it is."""
        import pandas as pd

        held = [one for one in quantities.QUANTITIES.values() if self.pair_draws.held(one)]
        rows = [
            (one.name, one.unit, ", ".join("->".join(of) for of in self.pair_draws.whose(one)),
             "by domain" if one.by_domain else "", one.title)
            for one in held
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["name", "unit", "of", "", "title"]).set_index("name")

    def paths(
        self, name: str, country: str | None = None, *, scenario: str = BASELINE, domain: str = ""
    ) -> Paths:
        """Return the draws of a quantity.

        Parameters
        ----------
        name
            A name of `quantities`.
        country
            Whose, a code or a name, where a quantity is of a single country; by default the
            recipient's, or the only one there is.
        scenario
            One of `scenarios`.
        domain
            Of quantities by technology domain, as in `engines`.

        Raises
        ------
        InputError
            If the forecast holds no such quantity, country, scenario or domain.
        """
        wanted = quantities.named(name)
        of = () if country is None else (countries.find(country, option="country"),)
        return Paths(
            quantities.draws(self.pair_draws, wanted, of, scenario=scenario, domain=domain)
        )

    def ask(self, question: str) -> Answer:
        """Answer a question such as `"deliveries RUS->CHN < 50 in 2028"` from the draws.

        The grammar stands in `crossover.forecast.ask`. Figures of other pairs count where the run
        holds their forecast: all pairs of a run share their draws, so that they can be compared.

        Raises
        ------
        InputError
            If the question cannot be read or answered; the message says where and what is known.
        """
        from crossover.forecast import ask

        return ask.ask(self.run_folder, question, pair=(self.supplier, self.recipient))

    def summary(self) -> pd.DataFrame:
        """Return the probability that each statement holds in the years that are led with.

        Indexed by event; of what happens once, the probability that it has happened by then.
        """
        from crossover.forecast.events import kinds_of

        table = self.events
        table = table[(table["scenario"] == BASELINE) & (table["domain"] == ALL_DOMAINS)]
        leads = table[KIND] == table["event"].map(lambda event: kinds_of(event)[0])
        years = table["year"].isin((int(table["year"].min()), SOON, HEADLINE_YEAR))
        order = list(dict.fromkeys(table["event"]))
        told = table[leads & years].pivot_table("probability", ["event", KIND], "year")
        return told.reset_index(KIND).reindex(order)

    @property
    def _title(self) -> str:
        return " to ".join(map(countries.name_of, (self.supplier, self.recipient)))

    def __repr__(self) -> str:
        return f"<Forecast {self.supplier}->{self.recipient} of run {self.run_folder.name}>"

    def _repr_html_(self) -> str:
        shown = self.summary().to_html(float_format="{:.2f}".format, na_rep="")
        return f"<p><b>{html.escape(self._title)}</b>, run {self.run_folder.name}</p>{shown}"


@dataclass(frozen=True)
class Run(Forecast):
    """A run: the forecast of its own pair, its record and its gate, and any other pair.

    `record`: what the run says of itself, as in its run.json: code, packages, data, seed, draws.
    """

    record: Mapping[str, Any]

    @classmethod
    def at(cls, folder: Path) -> Run:
        """Return the run in a folder; raise InputError if there is none."""
        said = stored.read(folder)
        return cls(folder, folder, *stored.own_pair(said), said)

    @property
    def id(self) -> str:
        """ID of the run."""
        return str(self.record.get("id", self.folder.name))

    @property
    def gate(self) -> Mapping[str, Any]:
        """Verdict of the gate on the fit: `passed`, and `checks` with value and threshold of each.

        Empty where nothing was judged. Without a pass nothing is for publication.
        """
        return self.record.get("gate") or {}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs forecast in this run, supplier and recipient, its own first."""
        own = (self.supplier, self.recipient)
        others = sorted((self.folder / OTHER_PAIRS).glob(f"???-???/{quantities.FORECAST}"))
        return [own, *((path.parent.name[:3], path.parent.name[4:]) for path in others)]

    def pair(self, supplier: str, recipient: str) -> Forecast:
        """Return the forecast of another pair of this run; codes or names of countries.

        Raises
        ------
        InputError
            If the run does not hold it: `forecast` makes it; or it was changed.
        """
        wanted = (
            countries.find(supplier, option="supplier"),
            countries.find(recipient, option="recipient"),
        )
        if wanted not in self.pairs:
            known = ", ".join("-".join(pair) for pair in self.pairs)
            rule = (
                "this pair is not forecast in this run: run.forecast(...) or 'crossover forecast "
                f"--supplier {wanted[0]} --recipient {wanted[1]}' makes it; there are {known}"
            )
            raise InputError(fault(rule, file=self.folder, value="-".join(wanted)))
        folder = stored.pair_folder(self.folder, self.record, wanted)
        verify.sealed(self.folder, folder)
        return Forecast(folder, self.folder, *wanted)

    def forecast(self, supplier: str, recipient: str) -> Forecast:
        """Forecast another pair from the run's posterior, store it in the run, and return it.

        Raises
        ------
        InputError
            If one of the countries is not of the sample, or both are the same.
        """
        from crossover.forecast import plans, stored_forecast

        wanted = plans.pair_of(supplier, recipient)
        stored_forecast.forecast_stored(self.folder, wanted)
        return self.pair(*wanted)

    def forecast_all(self, progress: Callable[[int, int], None] | None = None) -> Path:
        """Forecast the deliveries of every pair, store them in the run, and return the file.

        Takes minutes; what is done is kept when it is stopped. `progress` is called with draws done
        and draws in all. Afterwards `ask` knows deliveries, imports and exports of anybody.
        """
        from crossover.forecast import every_pair

        return every_pair.forecast_all(self.folder, progress=progress)

    def league(self, before: Run | None = None) -> League:
        """Return which recipients leave which suppliers and which suppliers rise.

        `before`: an earlier run to compare with; by default the last one beside this one whose
        pairs are all forecast, if any.

        Raises
        ------
        InputError
            If all pairs are not forecast in this run: `forecast_all` does it.
        """
        from crossover.forecast import league

        beside = self.folder.parent.parent
        earlier = before.folder if before else league.last_edition(self.folder, beside)
        return league.league(self.folder, earlier)

    def __repr__(self) -> str:
        passed = {None: "not judged", True: "gate passed", False: "gate FAILED, not publishable"}
        state = passed[self.gate.get("passed")]
        quick = ", QUICK: for trying out" if self.record.get("quick") else ""
        return f"<Run {self.id}: {self.supplier}->{self.recipient}, {state}{quick}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{super()._repr_html_()}"
