"""Tables that ship with the program, made anew: validation, drivers, what moves the answer."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data.errors import InputError, fault
from crossover.forecast import record, runs
from crossover.forecast.progress import say, step, stoppable
from crossover.forecast.stored_run import (
    ENGINE,
    FORECAST,
    PARTNERSHIP,
    PRIORS_FILE,
    day,
    known_on,
    stored,
)

if TYPE_CHECKING:
    import pandas as pd


def cross_validate(
    layers: tuple[Path, ...],
    priors: Path | None,
    seed: int,
    command: str,
    out: Path | None,
    store: Path,
) -> list[dict[str, Any]]:
    """Cross-validate the hazard of a downturn, write the tables, and return the comparison's rows.

    Beside the comparison go its calibration, the base rates by era, and what the disputes on record
    do to the probabilities of the default pair.
    """
    from crossover.data.names import DEFAULT_RECIPIENT, DEFAULT_SUPPLIER, DOWNTURN
    from crossover.data.tables import read
    from crossover.forecast import junior, partnership, partnership_validation, shipped
    from crossover.models import alliance_rows
    from crossover.models import partnership as model
    from crossover.models.covariates import OUTCOMES

    beliefs = model.load(priors)
    rows = read("alliance_dyads", layers)
    histories = {name: alliance_rows.prepare(rows, name, beliefs) for name in OUTCOMES}
    inputs = histories[DOWNTURN]
    seconds: dict[str, float] = {}
    with step("fitting with decades left out", "cross", seconds), stoppable():
        scores = partnership_validation.cross_validate(inputs, beliefs, seed=seed)
    with step("fitting without the pair's disputes", "disputes", seconds), stoppable():
        disputes = junior.with_and_without(
            layers, (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT), beliefs, (2030, 2035), seed=seed
        )
    path = out or store / shipped.CROSS_VALIDATION.name
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {
        path: partnership_validation.compare(scores, inputs, seed=seed),
        path.parent / shipped.LEFT_OUT_CALIBRATION.name:
            partnership_validation.calibration_left_out(scores, inputs),
        path.parent / shipped.BASE_RATES.name: partnership.base_rates(histories),
        path.parent / shipped.WITH_AND_WITHOUT.name: disputes,
    }
    for place, table in tables.items():
        _write_made(table, place, layers, seed, command)
    _check_votes(layers, priors, seed, command, path.parent)
    return shipped.rows(path)


def score_drivers(
    layers: tuple[Path, ...],
    priors: Path | None,
    seed: int,
    command: str,
    origins: list[int],
    out: Path | None,
    store: Path,
) -> list[dict[str, Any]]:
    """Forecast the drivers from past origins, write how good that was, and return its rows."""
    from crossover.forecast import driver_skill, shipped
    from crossover.models.priors import load

    seconds: dict[str, float] = {}
    with step("forecasting GDP, spending and R&D shares", "drivers", seconds), stoppable():
        _, table = driver_skill.run(origins, load(priors), seed=seed, folder=layers)
    table["origins"] = " ".join(map(str, origins))
    path = out or store / shipped.DRIVERS.name
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_made(table, path, layers, seed, command)
    return shipped.rows(path)


def move_answer(
    run: Path,
    pair: tuple[str, str],
    layers: tuple[Path, ...],
    command: str,
    out: Path | None,
    store: Path,
) -> list[dict[str, str]]:
    """Ask a run's question of capacity under every other choice, write that, return its rows."""
    from crossover.forecast import robustness, shipped
    from crossover.models.priors import load

    said = runs.read(run)
    if said.get("prior_only"):
        raise InputError(fault("was drawn from its priors: there is no answer to move", file=run))
    tree, panel = stored(run), known_on(day(said.get("as_of")), layers)
    with step("asking under every choice", "answer", {}), stoppable():
        table = robustness.table(
            tree, panel, load(run / PRIORS_FILE), pair, seed=said["seed"], folder=layers, say=say
        )
    table["supplier"], table["recipient"] = pair
    path = out or store / shipped.ANSWER.name
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_made(table, path, layers, said["seed"], command)
    return shipped.rows(path)


def _write_made(
    table: pd.DataFrame, path: Path, layers: tuple[Path, ...], seed: int, command: str
) -> None:
    """Write a table with when it was made, how, and of which panel."""
    from crossover.forecast import event_tables

    table["made"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    table["command"], table["seed"] = command, seed
    table["panel"] = record.hash_panel(layers)
    event_tables.to_csv(table, path)
    say(f"written: {path}")


def _check_votes(
    layers: tuple[Path, ...], priors: Path | None, seed: int, command: str, folder: Path
) -> None:
    """Forecast votes from an earlier year, compare with what came, and write the comparison."""
    from crossover.data.panel import assemble
    from crossover.forecast import alignment as votes
    from crossover.models import alignment as model

    seconds: dict[str, float] = {}
    gap = model.gaps(assemble(None, layers)["ideal_point"])
    with step(f"forecasting votes from {votes.CHECK_FROM}", "votes", seconds), stoppable():
        table = votes.check(gap, model.load(priors), votes.CHECK_FROM, seed=seed)
    table["origin"] = votes.CHECK_FROM
    _write_made(table, folder / votes.CHECK.name, layers, seed, command)


def with_analogues(
    run: Path, pair: tuple[str, str], file: Path | None, layers: tuple[Path, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit the hazard of a downturn with analogues; effects and chances without and with them.

    Returns
    -------
    tuple of pandas.DataFrame : Effects: effect, and median, q05, q95, p_positive without and
        `_with`. Chances: year, without, with_: probability of a first downturn by the year in the
        baseline; empty where no treaty is on record.
    """
    import pandas as pd
    import xarray as xr

    from crossover.data.names import DOWNTURN, DRAW, SCENARIO, YEAR
    from crossover.data.tables import read
    from crossover.forecast import coupling, partnership
    from crossover.models import analogues
    from crossover.models import partnership as model

    said = runs.read(run)
    cases = analogues.pseudo_rows(analogues.load(file))
    history = stored(run, PARTNERSHIP)
    beliefs = model.load(run / PRIORS_FILE)
    tree = stored(run)
    origin = int(tree["constant_data"].attrs["origin"])
    post = history[f"{DOWNTURN}/posterior"]
    seconds: dict[str, float] = {}
    with step("fitting with the analogues", "analogues", seconds), stoppable():
        other = partnership.fit(
            read("alliance_dyads", layers), beliefs, seed=said["seed"], extra=cases,
            last_year=origin, draws=post.sizes["draw"], chains=post.sizes["chain"],
        )  # fmt: skip
    columns = ["effect", "median", "q05", "q95", "p_positive"]
    both = partnership.effects(history[DOWNTURN], beliefs)[columns].merge(
        partnership.effects(other, beliefs)[columns], on="effect", suffixes=("", "_with")
    )
    folder = runs.pair_folder(run, said, pair)
    try:
        with xr.open_dataset(folder / FORECAST, engine=ENGINE) as held:
            futures = held.sel({SCENARIO: ["baseline"]}).load()
    except OSError:
        raise InputError(fault("that pair is not forecast in this run", file=folder)) from None
    groups = {p: node.to_dataset(inherit=False) for p, node in history.subtree_with_keys}
    for path, node in other.subtree_with_keys:
        groups[f"{DOWNTURN}/{path}"] = node.to_dataset(inherit=False)
    groups = {path: data for path, data in groups.items() if not path.endswith(".")}
    changed = xr.DataTree.from_dict(groups)
    by = {}
    for name, fitted in (("without", history), ("with_", changed)):
        found = coupling.answer(
            tree, fitted, futures, run / coupling.RECORD, beliefs, seed=said["seed"]
        ).events
        if DOWNTURN in found:
            by[name] = found[DOWNTURN].isel({SCENARIO: 0}).mean(DRAW).to_series()
    chances = pd.DataFrame(by)
    chances.index.name = YEAR
    chances = chances.reset_index()
    return both, chances[chances[YEAR] % 5 == 0] if len(by) else pd.DataFrame()
