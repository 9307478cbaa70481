"""Ways to change a run, each a function of its folder; forged ones are sealed anew afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xarray as xr

from tests.trust import sound

PAIR = "pairs/FRA-VNM"


class Tampering(NamedTuple):
    """A change of a run.

    `file` is what the refusal must name, `forged` says that the record is sealed anew, `late` that
    only what is asked before an entry in the ledger finds it: it takes seconds.
    """

    name: str
    act: Callable[[Path], None]
    file: str
    forged: bool = False
    late: bool = False


def edit(name: str, change: Callable[[pd.DataFrame], object]) -> Callable[[Path], None]:
    """Change a table: the function alters it, or returns another."""

    def act(run: Path) -> None:
        table = pd.read_csv(run / name)
        other = change(table)
        (table if other is None else other).to_csv(run / name, index=False)

    return act


def put(column: str, value: object, row: int = 3) -> Callable[[pd.DataFrame], None]:
    """Put a value into a table."""

    def change(table: pd.DataFrame) -> None:
        table[column] = table[column].astype(object)
        table.loc[row, column] = value

    return change


def answer(
    kind: str, value: float, event: str = "capacity_crossover", scenario: str = "baseline"
) -> Callable[[Path], None]:
    """Put another probability into the middle of an event's years."""

    def change(table: pd.DataFrame) -> None:
        of = (table["event"] == event) & (table["kind"] == kind)
        rows = table.index[of & (table["scenario"] == scenario)]
        table.loc[rows[len(rows) // 2], "probability"] = value

    return edit("events.csv", change)


def flip(name: str) -> Callable[[Path], None]:
    """Flip one bit in the middle of a file."""

    def act(run: Path) -> None:
        content = bytearray((run / name).read_bytes())
        content[len(content) // 2] ^= 1
        (run / name).write_bytes(content)

    return act


def said(name: str, change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Change a record."""

    def act(run: Path) -> None:
        found = json.loads((run / name).read_text("utf-8"))
        change(found)
        (run / name).write_text(json.dumps(found), "utf-8")

    return act


def check(name: str, **changes: object) -> Callable[[Path], None]:
    """Change a check of the gate, in the verdict and in that on the fit."""

    def change(found: dict) -> None:
        for verdict in (found["gate"], found["gate"]["fit"]):
            next(c for c in verdict["checks"] if c["name"] == name).update(changes)

    return said("run.json", change)


def draws(name: str, change: Callable[[xr.Dataset], xr.Dataset]) -> Callable[[Path], None]:
    """Change a file of draws."""

    def act(run: Path) -> None:
        data = xr.load_dataset(run / name, engine=sound.ENGINE)
        change(data).to_netcdf(run / name, engine=sound.ENGINE)

    return act


def tenfold(data: xr.Dataset) -> xr.Dataset:
    """Return draws with ten times the deliveries."""
    return data.assign(deliveries=10.0 * data["deliveries"])


def move(source: str, target: str) -> Callable[[Path], None]:
    """Give a file or folder another name."""
    return lambda run: (run / source).rename(run / target) and None


def plant(name: str, content: str) -> Callable[[Path], None]:
    """Put a file there."""

    def act(run: Path) -> None:
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(content, "utf-8")

    return act


def shorter(name: str) -> Callable[[Path], None]:
    """Cut a file in two."""
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[:5000]) and None


def foreign_posterior(run: Path) -> None:
    """Exchange the fit for one with other draws."""
    tree = xr.load_datatree(run / "posterior.nc", engine=sound.ENGINE)
    data = tree["posterior"].to_dataset(inherit=False)
    tree["posterior"] = data.assign(rd_within=data["rd_within"] + 1.0)
    tree.to_netcdf(run / "posterior.nc", engine=sound.ENGINE)


def doubled(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its first row twice."""
    return pd.concat([table, table.iloc[[0]]])


def formula(table: pd.DataFrame) -> None:
    """Call an event by a formula."""
    table["event"] = table["event"].replace("capacity_crossover", "=cmd|'/C calc'!A0")


EDITED = (
    Tampering("0.99 for a probability", edit("events.csv", put("probability", 0.99)), "events.csv"),
    Tampering("7.5 for a probability", edit("events.csv", put("probability", 7.5)), "events.csv"),
    Tampering("-1 for a probability", edit("events.csv", put("probability", -1)), "events.csv"),
    Tampering("nan for a probability", edit("events.csv", put("probability", "nan")), "events.csv"),
    Tampering("a formula for an event", edit("events.csv", formula), "events.csv"),
    Tampering("another median year", edit("timing.csv", put("median_year", 2026.0, 0)),
              "timing.csv"),
    Tampering("other deliveries", edit("arrivals.csv", put("expected", 1e4)), "arrivals.csv"),
    Tampering("another chance of few deliveries", edit("arrivals_below.csv", put("probability", 0)),
              "arrivals_below.csv"),
    Tampering("another convention", edit("levels.csv", put("probability", 0.9, 0)), "levels.csv"),
    Tampering("another domain", edit("levels_domains.csv", put("probability", 0.9)),
              "levels_domains.csv"),
    Tampering("other domains ahead", edit("domains_ahead.csv", put("probability", 0.9)),
              "domains_ahead.csv"),
    Tampering("another cause", edit("causes.csv", put("median", 2.0)), "causes.csv"),
    Tampering("another change of capacity", edit("capacity_change.csv", put("mean", 3.0)),
              "capacity_change.csv"),
    Tampering("another market", edit("contested_markets.csv", put("market", "EGY", 0)),
              "contested_markets.csv"),
    Tampering("another check of domains", edit("domain_check.csv", put("observed", 0.5)),
              "domain_check.csv"),
    Tampering("another slope", edit("unit_values.csv", put("median", 0.9, 0)), "unit_values.csv"),
    Tampering("a bit of the forecast", flip("forecast.nc"), "forecast.nc"),
    Tampering("a bit of the fit", flip("posterior.nc"), "posterior.nc"),
    Tampering("a bit of the domains", flip("domains.nc"), "domains.nc"),
    Tampering("half a forecast", shorter("forecast.nc"), "forecast.nc"),
    Tampering("ten times the deliveries", draws("forecast.nc", tenfold), "forecast.nc"),
    Tampering("another prior", plant("priors.toml", "x = 1\n"), "priors.toml"),
    Tampering("another seed", said("run.json", lambda s: s.update(seed=9)), "run.json"),
    Tampering("another day", said("run.json", lambda s: s.update(as_of="2020-01-01")), "run.json"),
    Tampering("another number of draws", said("run.json", lambda s: s.update(draws=9999)),
              "run.json"),
    Tampering("a better R-hat", check("rhat", value=1.0), "run.json"),
    Tampering("a table that is gone", lambda run: (run / "causes.csv").unlink(), "causes.csv"),
    Tampering("a verdict slipped in", plant("gate.json", '{"passed": true}'), "gate.json"),
    Tampering("a track record slipped in", plant("track_record.json", "{}"), "track_record.json"),
    Tampering("no seal", said("run.json", lambda s: s.pop("seal")), "run.json"),
    Tampering("a format of the future", said("run.json", lambda s: s["seal"].update(format=9)),
              "run.json"),
    Tampering("no JSON", plant("run.json", '{"id": '), "run.json"),
    Tampering("a pair with a planted verdict", plant(f"{PAIR}/gate.json", '{"passed": true}'),
              f"{PAIR}/gate.json"),
    Tampering("a pair's table", edit(f"{PAIR}/events.csv", put("probability", 0.9)),
              f"{PAIR}/events.csv"),
    Tampering("a pair by another name", move(PAIR, "pairs/RUS-IND"), "pairs/RUS-IND"),
)  # fmt: skip
"""What somebody does who edits files."""

FORGED = (
    Tampering("an event", answer("state", 0.99), "events.csv", forged=True),
    Tampering("a first passage that falls", answer("first_passage", 0.0), "events.csv",
              forged=True),
    Tampering("a lasting that falls", answer("lasting", 0.0), "events.csv", forged=True),
    Tampering("an event that is no number", answer("state", float("nan")), "events.csv",
              forged=True),
    Tampering("an event beyond one", answer("state", 1.5), "events.csv", forged=True),
    Tampering("an event by a formula", edit("events.csv", formula), "events.csv", forged=True),
    Tampering("a row twice", edit("events.csv", doubled), "events.csv", forged=True),
    Tampering("a row less", edit("events.csv", lambda t: t.iloc[1:]), "events.csv", forged=True),
    Tampering("deliveries in the draws", draws("forecast.nc", tenfold), "csv", forged=True),
    Tampering("deliveries in a table", edit("arrivals.csv", put("expected", 1e4)), "arrivals.csv",
              forged=True),
    Tampering("a supplier in a table", edit("suppliers.csv", put("tiv", 1e4)), "suppliers.csv",
              forged=True),
    Tampering("an order in a table", edit("deliveries_by_order.csv", put("expected", 1e4)),
              "deliveries_by_order.csv", forged=True),
    Tampering("an R-hat", check("rhat", value=0.5), "run.json", forged=True),
    Tampering("a size of another quantity", check("ess_bulk", where="rd_within"), "run.json",
              forged=True),
    Tampering("an R-hat of nothing", check("rhat", where="no_such[1]"), "run.json", forged=True),
    Tampering("a threshold", check("rhat", threshold=2.0), "run.json", forged=True),
    Tampering("divergences", check("divergences", value=-1.0), "run.json", forged=True),
    Tampering("a gate without checks",
              said("run.json", lambda s: s["gate"].update(checks=[])), "run.json", forged=True),
    Tampering("the pair of the draws",
              draws("forecast.nc", lambda d: d.assign_attrs(supplier="FRA")), "forecast.nc",
              forged=True),
    Tampering("the pair of the record", said("run.json", lambda s: s.update(recipient="IND")),
              "forecast.nc", forged=True),
    Tampering("an event by domain", answer("state", 0.99, "domain_crossover"), "events.csv",
              forged=True, late=True),
    Tampering("a Monte-Carlo error", edit("events.csv", put("mc_error", 0.4)), "events.csv",
              forged=True, late=True),
    Tampering("a convention", edit("levels.csv", put("probability", 0.9, 0)), "levels.csv",
              forged=True, late=True),
    Tampering("few deliveries", edit("arrivals_below.csv", put("probability", 0.5)),
              "arrivals_below.csv", forged=True, late=True),
    Tampering("an event of a scenario", answer("state", 0.99, scenario="harder"), "events.csv",
              forged=True, late=True),
    Tampering("what a scenario changes", edit("scenario_differences.csv", put("difference", 0.9)),
              "scenario_differences.csv", forged=True, late=True),
    Tampering("a cause", edit("causes.csv", put("median", 2.0)), "causes.csv", forged=True,
              late=True),
    Tampering("a change of capacity", edit("capacity_change.csv", put("mean", 3.0)),
              "capacity_change.csv", forged=True, late=True),
    Tampering("a convention of a domain", edit("levels_domains.csv", put("probability", 0.9)),
              "levels_domains.csv", forged=True, late=True),
    Tampering("a fit of other draws", foreign_posterior, "posterior.nc", forged=True, late=True),
    Tampering("a prior", plant("priors.toml", "x = 1\n"), "priors.toml", forged=True, late=True),
)  # fmt: skip
"""What somebody does who edits files and seals the record anew."""
