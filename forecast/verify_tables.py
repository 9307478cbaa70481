"""Whether the tables of a pair's forecast follow from its draws; see `forecast.verify`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASELINE,
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    DRAW,
    FIRST_PASSAGE,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
    KIND,
    LASTING,
    SCENARIO,
    YEAR,
)
from crossover.forecast import runs
from crossover.forecast.runs import (
    DOMAINS_FORECAST,
    ENGINE,
    EVENTS_FILE,
    FORECAST,
    PARTNERSHIP,
    PARTNERSHIP_EVENTS,
    POSTERIOR,
    PRIORS_FILE,
    TIMING_FILE,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DIGITS = 6e-6
"""Tables have six significant digits: so far may a figure lie off, of itself."""
BY_DOMAIN = (
    DOMAIN_CROSSOVER, DOMAIN_CROSSOVER_SUSTAINED, JUNIOR_EVERYWHERE, JUNIOR_IN_NAMED_DOMAINS,
)  # fmt: skip
"""Events that take seconds to compute anew: `every_table` does."""


def later(own: Mapping[str, Any]) -> set[str]:
    """Return the events that the program did not know yet when it made a forecast.

    `own`: the record of the forecast, which lists those that it knew.
    """
    from crossover.forecast.events import EVENTS

    return set(EVENTS) - set(own.get("events", " ".join(EVENTS)).split())


def events_hold(folder: Path, own: Mapping[str, Any]) -> None:
    """Check that events.csv and timing.csv can be true, and the baseline follows from draws."""
    import pandas as pd
    import xarray as xr

    from crossover.forecast import arrivals, events, sources

    said = pd.read_csv(folder / EVENTS_FILE)
    _possible(said, pd.read_csv(folder / TIMING_FILE), folder)
    with xr.open_dataset(folder / FORECAST, engine=ENGINE) as opened:
        futures = opened.sel({SCENARIO: [BASELINE]})
        parts = [events.answers(futures), events.order_answers(futures), _partnership(folder)]
        made = pd.concat([_probabilities(part) for part in parts if part is not None])
        made = made[~made["event"].isin(later(own))]
        of = ~said["event"].isin(BY_DOMAIN) & (said[SCENARIO] == BASELINE)
        _same(made, said[of], folder / EVENTS_FILE, compared=("probability",))
        if (folder / "arrivals.csv").is_file():
            known = pd.read_csv(folder / "arrivals.csv")
            expected = known[known[SCENARIO] == BASELINE]
            _same(arrivals.arrivals(futures), expected, folder / "arrivals.csv")
        sources.add_up(folder, futures)


def _partnership(folder: Path) -> xr.Dataset | None:
    """Return the answers on a pair's partnership in the baseline, as stored; None without any."""
    import xarray as xr

    path = folder / PARTNERSHIP_EVENTS
    if not path.is_file():
        return None
    with xr.open_dataset(path, engine=ENGINE) as opened:
        return opened.sel({SCENARIO: [BASELINE]}).load().astype(bool)


def _probabilities(table: xr.Dataset) -> pd.DataFrame:
    """Return the probabilities of events by kind, scenario and year; see `event_tables.tables`."""
    import pandas as pd

    from crossover.forecast import events

    years, found = table[YEAR].values, []
    pair = {side: table.attrs[side] for side in ("supplier", "recipient")}
    for name, domain, values in events.one_by_one(table):
        for scenario in table[SCENARIO].values:
            happens = values.sel({SCENARIO: scenario})
            for kind in events.kinds_of(name):
                share = events.answered(kind, happens, DRAW).mean(axis=0)
                row = {"event": name, "domain": domain, KIND: kind, **pair}
                row |= {SCENARIO: str(scenario), "year": years, "probability": share}
                found.append(pd.DataFrame(row))
    return pd.concat(found)


def _possible(said: pd.DataFrame, when: pd.DataFrame, folder: Path) -> None:
    """Check what holds of probabilities whatever they are of."""
    import numpy as np

    path, whose = folder / EVENTS_FILE, ["event", "domain", SCENARIO]
    for column in ("probability", "mc_error"):
        values = said[column].to_numpy(float)
        bad = np.flatnonzero(~((values >= 0.0) & (values <= 1.0)))
        if len(bad):
            rule = "must be a number from 0 to 1"
            line, value = int(bad[0]) + 2, said[column].iloc[bad[0]]
            raise InputError(fault(rule, file=path, line=line, column=column, value=value))
    if said.duplicated([*whose, KIND, "year"]).any():
        raise InputError(fault("an event is answered twice for one year", file=path))
    for kind in (FIRST_PASSAGE, LASTING):
        rows = said[said[KIND] == kind].sort_values([*whose, "year"])
        falls = rows.groupby(whose)["probability"].diff().to_numpy() < -DIGITS
        if falls.any():
            row = rows[falls].iloc[0]
            rule = f"the probability of {row['event']} ({kind}) must not fall with time"
            line = int(rows.index[falls][0]) + 2
            raise InputError(fault(rule, file=path, line=line, column="year", value=row["year"]))
    last = said[(said[KIND] == FIRST_PASSAGE) & (said["year"] == said["year"].max())]
    both = last.merge(when, on=whose, suffixes=("", "_when"))
    off = ~np.isclose(both["probability"], both["probability_within_horizon"], DIGITS, 1e-9)
    if off.any():
        rule = f"the probability within the horizon is not that of {EVENTS_FILE}"
        event = both["event"][off].iloc[0]
        raise InputError(fault(rule, file=folder / TIMING_FILE, column="event", value=event))


def _same(
    made: pd.DataFrame, said: pd.DataFrame, file: Path, compared: tuple[str, ...] | None = None
) -> None:
    """Raise InputError unless a stored table is what follows from the draws.

    Parameters
    ----------
    made
        Computed anew.
    said
        The rows of the file that ought to be the same; the index is that of the file.
    file
        For the message.
    compared
        Columns of numbers to compare; all of them when None. The others say which row it is.
    """
    import numpy as np

    numbers = list(compared or made.select_dtypes("float").columns.difference(["level"]))
    keys = [column for column in made.columns if column not in numbers]
    lines = said.assign(line=said.index + 2)
    try:
        both = made.merge(lines, how="outer", on=keys, suffixes=("", "_said"), indicator=True)
    except (KeyError, ValueError):
        raise InputError(fault("has other columns than it should", file=file)) from None
    rules = {
        "left_only": "lacks a row that follows from the draws",
        "right_only": "has a row that does not follow from the draws",
    }
    for side, rule in rules.items():
        rows = both[both["_merge"] == side]
        if len(rows):
            what = " ".join(str(rows.iloc[0][key]) for key in keys)
            raise InputError(fault(rule, file=file, value=what))
    for column in numbers:
        ours, theirs = (both[name].to_numpy(float) for name in (column, f"{column}_said"))
        off = ~np.isclose(ours, theirs, rtol=DIGITS, atol=1e-9, equal_nan=True)
        if off.any():
            row = both[off].iloc[0]
            rule = f"does not follow from the draws, which say {row[column]:.6g}"
            value = float(row[f"{column}_said"])
            line = int(row["line"])
            raise InputError(fault(rule, file=file, line=line, column=column, value=value))


def every_table(
    run: Path, folder: Path, seed: int, own: Mapping[str, Any]
) -> list[xr.Dataset]:
    """Compare a pair's tables with draws and fit, all scenarios; return answers, draw by draw."""
    import pandas as pd
    import xarray as xr

    from crossover.forecast import arrivals, differences, event_tables, events, levels

    futures = xr.load_dataset(folder / FORECAST, engine=ENGINE)
    apart = xr.load_dataset(folder / DOMAINS_FORECAST, engine=ENGINE)
    by_domain = events.domain_answers(futures, apart)
    fitted, partner, paths = from_fit(run, folder, futures, apart, seed)
    parts = [events.answers(futures), by_domain, events.order_answers(futures), partner]
    parts = [part.drop_vars(later(own), errors="ignore") for part in parts if part is not None]
    happens, when = (
        pd.concat(tables, ignore_index=True)
        for tables in zip(*map(event_tables.tables, parts), strict=True)
    )
    tables = fitted | {
        EVENTS_FILE: happens, TIMING_FILE: when, "domains_ahead.csv":
        events.domains_ahead(by_domain), "arrivals.csv": arrivals.arrivals(futures),
        "arrivals_below.csv": arrivals.below(futures), "levels.csv": levels.levels(futures),
        runs.MARKETS_FILE: arrivals.markets(futures),
        "scenario_differences.csv": differences.differences(parts, futures, paths),
    }  # fmt: skip
    for name, made in tables.items():
        _same(made, pd.read_csv(folder / name, keep_default_na=True), folder / name)
    return parts


def from_fit(
    run: Path, folder: Path, futures: xr.Dataset, apart: xr.Dataset, seed: int
) -> tuple[dict[str, pd.DataFrame], xr.Dataset | None, xr.Dataset]:
    """Return what follows from a run's fits beside the draws of a pair.

    Tables by their files' names, and events and paths of the partnership as from
    `coupling.answer`: None, and nothing, where there is no fit of partnerships.
    """
    import xarray as xr

    from crossover.forecast import coupling, decomposition, gap_change, levels, scenarios
    from crossover.forecast import partnership_tables as partnerships
    from crossover.models import partnership

    with xr.open_datatree(run / POSTERIOR, engine=ENGINE) as opened:
        tree = opened.load()
    pair = (str(futures.attrs["supplier"]), str(futures.attrs["recipient"]))
    tables = {
        "causes.csv": decomposition.decompose(tree, *pair),
        "capacity_change.csv": gap_change.changes(tree, futures),
        "levels_domains.csv": levels.by_domain(tree, futures, apart, seed=seed),
    }
    if not (run / PARTNERSHIP).is_file():
        return tables, None, xr.Dataset()
    with xr.open_datatree(run / PARTNERSHIP, engine=ENGINE) as opened:
        history = opened.load()
    file, origin = folder / "scenarios.json", int(futures.attrs["origin"])
    chosen = [
        scenarios.parse(text, name, file, origin=origin, clip=True)
        for name, text in runs.mapping(file).items()
    ]
    beliefs = partnership.load(run / PRIORS_FILE)
    found = coupling.answer(
        tree, history, futures, run / coupling.RECORD, beliefs, chosen, seed=seed
    )
    tables["partnership_paths.csv"] = partnerships.paths_table(found)
    return tables, found.events if found.events.data_vars else None, found.paths
