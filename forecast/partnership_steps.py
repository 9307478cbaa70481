"""Sampling the fits on partnerships, and forecasting a pair's partnership from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.data.errors import InputError, fault
from crossover.forecast import record, runs
from crossover.forecast.plans import Plan
from crossover.forecast.stored_run import PARTNERSHIP, PRIORS_FILE, stored

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from crossover.forecast.scenarios import Scenario

PARTNERSHIP_PATHS_FILE, BY_HAND_FILE = "partnership_paths.csv", "partnership_by_hand.csv"
FACTS_FILE = "partnership_pair.json"
"""The pair's treaty and disputes on record, and why nothing is said of an event, where it is so."""


PARTNERSHIP_WORK = (17.0, 15.0, 10.0)
"""Seconds of a processor that its fits take, in order, compiling included."""


@dataclass(frozen=True)
class Fitted:
    """Fits of partnerships, and tables of what they say, by name."""

    history: xr.DataTree
    tables: dict[str, pd.DataFrame]


def fit_partnership(made: Plan, origin: int) -> Fitted | None:
    """Fit the hazards and the alignment; None without a history."""
    from crossover.forecast import coupling, fit, partnership_tables

    said = made.record
    few = said["quick"] or said["draws"] < fit.DRAWS
    how = {key: said[key] for key in ("draws", "tune", "chains") if few}
    history = coupling.fit(
        made.panel, made.layers, made.pair, made.partnership_priors, origin=origin,
        seed=said["seed"], **how,
    )  # fmt: skip
    if history is None:
        return None
    priors = made.partnership_priors[0]
    return Fitted(history, partnership_tables.fit_tables(history, priors, seed=said["seed"]))


def store_partnership(part: Path, made: Plan, fitted: Fitted | None) -> xr.DataTree | None:
    """Store fits of partnerships with their tables; return what was stored."""
    from crossover.forecast import coupling, event_tables
    from crossover.forecast.draws import store

    said = made.record
    if fitted is None:
        said["warnings"].append(
            "The panel holds no history of alliances: no partnership is judged."
        )
        return None
    store(fitted.history, part / PARTNERSHIP)
    coupling.keep_record(made.layers, part / coupling.RECORD)
    for name, table in fitted.tables.items():
        event_tables.to_csv(table, part / f"partnership_{name}.csv")
    history = stored(part, PARTNERSHIP)
    for name in history.children:
        draws = history[f"{name}/posterior"].to_dataset()
        said["hashes"][f"posterior_{name}"] = record.hash_draws(draws)
    return history


def partnership_ahead(
    folder: Path,
    run: Path,
    tree: xr.DataTree,
    futures: xr.Dataset,
    scenarios: Sequence[Scenario],
    seed: int,
) -> tuple[xr.Dataset | None, xr.Dataset]:
    """Forecast a pair's partnership and write its paths; events, None if there is no such fit."""
    import xarray as xr

    from crossover.forecast import coupling, event_tables, partnership_tables
    from crossover.forecast.draws import store
    from crossover.models import partnership

    if not (run / PARTNERSHIP).is_file():
        return None, xr.Dataset()
    history, kept = stored(run, PARTNERSHIP), run / coupling.RECORD
    missing = [name for name in coupling.FITS if name not in history.children]
    if missing:
        rule = f"holds no fit of {', '.join(missing)}: of an earlier edition; make the run again"
        raise InputError(fault(rule, file=run / PARTNERSHIP))
    beliefs = partnership.load(run / PRIORS_FILE)
    found = coupling.answer(tree, history, futures, kept, beliefs, scenarios, seed=seed)
    event_tables.to_csv(partnership_tables.paths_table(found), folder / PARTNERSHIP_PATHS_FILE)
    pair = str(futures.attrs["supplier"]), str(futures.attrs["recipient"])
    origin = int(futures.attrs["origin"])
    by_hand = partnership_tables.by_hand(history, kept, pair, beliefs, origin)
    event_tables.to_csv(by_hand, folder / BY_HAND_FILE)
    facts = partnership_tables.facts(history, kept, pair, origin, found.reasons)
    runs.write(folder / FACTS_FILE, facts)
    if not found.events.data_vars:
        return None, found.paths
    packed = {name: {"zlib": True, "complevel": 1} for name in found.events.data_vars}
    store(found.events, folder / runs.PARTNERSHIP_EVENTS, encoding=packed)
    return found.events, found.paths
