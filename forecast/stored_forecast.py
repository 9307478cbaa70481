"""Forecasts from a stored run: its own pair's again, or another pair's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data.names import HORIZON
from crossover.forecast import record, runs, seal
from crossover.forecast.progress import say, step
from crossover.forecast.stored_run import ENGINE, FORECAST, GATE_FILE, SCENARIOS_FILE, stored

if TYPE_CHECKING:
    import xarray as xr

    from crossover.forecast.scenarios import Scenario
from crossover.forecast.steps import look_ahead, write_levels


def compare_levels(folder: Path, tree: xr.DataTree, pair: tuple[str, str], seed: int) -> None:
    """Write levels.csv and levels_domains.csv of a pair that is not forecast yet."""
    from crossover.forecast import domains, simulate

    with step("comparing conventions of the level", "levels", {}):
        futures = simulate.futures(tree, *pair, seed=seed, horizon=HORIZON)
        apart = domains.by_domain(tree, futures, seed=seed)
        write_levels(folder, tree, futures, apart, seed)


def _scenarios_of(
    folder: Path, asked: Sequence[str], pair: tuple[str, str], origin: int
) -> tuple[Scenario, ...]:
    """Return the scenarios of the forecast that stands there, or the usual ones, and those asked
    for beside them; one of a name that is there already takes its place.
    """
    import json

    from crossover.data.names import BASELINE
    from crossover.forecast import scenarios as files

    held = folder / SCENARIOS_FILE
    if not held.is_file():
        return files.choose(asked, pair, origin=origin)
    texts = json.loads(held.read_text("utf-8"))
    found = {
        name: files.parse(text, name, held, origin=origin, clip=True)
        for name, text in texts.items()
    }
    added = files.choose((BASELINE, *asked), pair, origin=origin) if asked else ()
    found |= {one.name: one for one in added}
    return tuple(found.values())


def forecast_stored(
    run: Path, pair: tuple[str, str], scenarios: Sequence[str] = ()
) -> tuple[Any, Any, Mapping[str, Any]]:
    """Forecast a pair of a stored run, beside what the run holds or in its place.

    Parameters
    ----------
    run, pair : A run folder; ISO3 codes.
    scenarios : Names or files, beside those of the forecast that is there, or the usual ones.

    Returns
    -------
    tuple : Tables of events and of timing, and the verdict of the gate.
    """
    said = runs.read(run)
    new = said | {"hashes": dict(said["hashes"]), "seconds": dict(said["seconds"])}
    tree = stored(run)
    folder = runs.pair_folder(run, said, pair)
    chosen = _scenarios_of(folder, scenarios, pair, int(tree["constant_data"].attrs["origin"]))
    own = pair == runs.own_pair(said)
    if own:
        new["scenarios"] = {one.name: record.hash_text(one.text) for one in chosen}
    from crossover.forecast import claims

    with runs.refreshing(folder) as part:
        happens, when = look_ahead(part, tree, pair, new, run, chosen)
        claims.again(run, part, pair)
        if not own:
            runs.write(part / GATE_FILE, _of_pair(said, pair, new))
        elif (new["hashes"]["forecast"], new["events"]) != (
            said["hashes"].get("forecast"), said.get("events")
        ):  # fmt: skip
            _say_if_moved(part / FORECAST, said, new)
            runs.write(part / runs.RECORD, new)
    return happens, when, new["gate"]


def _of_pair(
    said: Mapping[str, Any], pair: tuple[str, str], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record of another pair's forecast: the verdict on it, and of which fit it is."""
    found = {
        **new["gate"], "run": said["id"], "supplier": pair[0], "recipient": pair[1],
        "posterior": said["hashes"].get("posterior"), "events": new["events"],
        "hashes": {key: new["hashes"][key] for key in ("forecast", "domains")},
    }  # fmt: skip
    return found | ({seal.KEY: {}} if seal.KEY in said else {})


def _say_if_moved(file: Path, said: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Say so where the draws of scenarios that are on record are not those on record."""
    import xarray as xr

    from crossover.data.names import SCENARIO

    before, held = said["hashes"].get("forecast"), said.get("scenarios") or {}
    if not (before and held) or any(new["scenarios"].get(n) != text for n, text in held.items()):
        return
    with xr.open_dataset(file, engine=ENGINE) as futures:
        if record.hash_draws(futures.sel({SCENARIO: list(held)})) == before:
            return
    changed = record.changes(said)
    why = (
        f"what has changed since: {', '.join(changed)}"
        if changed
        else "neither the code nor a package has changed since, so that the machine must have"
    )
    say(f"these are not the draws on record; {why}")
