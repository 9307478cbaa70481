"""Go on with a run that was broken off after its fit, and take a run of an earlier format on.

A fit that is sealed is believed by its seal. That of a run of format 1, which has none, is checked
by the hashes of its draws and judged anew; whatever else it holds is made anew or removed.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossover.data.errors import InputError, fault
from crossover.forecast import plans, record, runs, seal, steps, stored_forecast, stored_run, verify
from crossover.forecast.progress import step

OF_FIT = (stored_run.POSTERIOR, stored_run.PARTNERSHIP, stored_run.PRIORS_FILE)
"""Files of a fit whose hashes a run of format 1 has on record."""


def resume(run: Path, layers: Sequence[Path]) -> dict[str, Any] | None:
    """Forecast and audit a run whose fit is there, and seal it.

    Parameters
    ----------
    run : A run folder.
    layers : What the panel is made of now, as from `data.kept.layers`; those that the run
        names are taken.

    Returns
    -------
    dict or None : The record of the run; None where nothing was left to be done.

    Raises
    ------
    InputError : If there is no fit to go on with, it does not hold, or the panel is not the run's.
    """
    said = runs.read(run)
    if said.get("prior_only"):
        raise InputError(fault("was drawn from its priors: there is nothing to forecast", file=run))
    if not said.get("gate") or not (run / stored_run.POSTERIOR).is_file():
        rule = "was broken off before its fit was done: there is nothing to go on with"
        raise InputError(fault(rule, file=run))
    sealed = seal.KEY in said
    if sealed:
        verify.hold(run)
        if verify.is_whole(run):
            return None
    known = plans.layers_of(said, layers)
    _same_panel(run, said, known)
    if not sealed:
        _check_fit(run, said)
    new = said | {"hashes": dict(said["hashes"]), "seconds": dict(said["seconds"])}
    if not sealed:
        kept = [name for name in OF_FIT if (run / name).is_file()]
        kept += [name for name in seal.files(run, runs.RECORD) if name.startswith("record/")]
        new[seal.KEY] = {"files": seal.hashes(run, kept)}
    _go_on(run, new, known)
    for folder in sorted((run / runs.PAIRS).glob("???-???")):
        if not seal.is_sealed(folder / runs.GATE_FILE):
            supplier, _, recipient = folder.name.partition("-")
            stored_forecast.forecast_stored(run, (supplier, recipient))
    return runs.read(run)


def _same_panel(run: Path, said: dict[str, Any], known: Sequence[Path]) -> None:
    if record.hash_panel(known) != (said.get("hashes") or {}).get("panel"):
        rule = (
            "the panel is not the one that this run was fitted to: give the right --panel or "
            "--store, or make a new run"
        )
        raise InputError(fault(rule, file=run))


def _check_fit(run: Path, said: dict[str, Any]) -> None:
    """Check the fit of a run that has no seal: contents, verdict, and the record of alliances."""
    with verify.reading(run), step("checking the fit", "check", {}):
        verify.fit_hashes(run, said)
        verify.judge_fit(run, said)


def _go_on(run: Path, new: dict[str, Any], known: Sequence[Path]) -> None:
    """Make all that follows on a fit, and put it into the run together."""
    from crossover.forecast import claim_rules, claims, event_tables, partnership_tables
    from crossover.models import partnership

    pair, tree = runs.own_pair(new), stored_run.stored(run)
    origin = int(tree["constant_data"].attrs["origin"])
    scenarios = stored_forecast._scenarios_of(run, (), pair, origin)
    new["scenarios"] = {one.name: record.hash_text(one.text) for one in scenarios}
    with runs.refreshing(run) as part:
        if (run / stored_run.PARTNERSHIP).is_file() and "partnership_effects.csv" not in new[
            seal.KEY
        ].get("files", {}):
            _same_record(run, known)
            history = stored_run.stored(run, stored_run.PARTNERSHIP)
            beliefs = partnership.load(run / stored_run.PRIORS_FILE)
            tables = partnership_tables.fit_tables(history, beliefs, seed=new["seed"])
            for name, table in tables.items():
                event_tables.to_csv(table, part / f"partnership_{name}.csv")
        steps.look_ahead(part, tree, pair, new, run, scenarios)
        place = claim_rules.Run(run, part, pair, _day(new), tuple(known))
        claims.write(claims.judge(claims.load(), place), part / claims.CLAIMS_FILE)
        runs.write(part / runs.RECORD, new)
    seal.trim(run, runs.RECORD)


def _same_record(run: Path, known: Sequence[Path]) -> None:
    """Check that the alliances and disputes which a run keeps are those of its panel."""
    from crossover.forecast import coupling

    kept = run / coupling.RECORD
    with tempfile.TemporaryDirectory() as folder:
        coupling.keep_record(tuple(known), Path(folder) / coupling.RECORD)
        fresh = Path(folder) / coupling.RECORD
        if record.hash_files(fresh) != record.hash_files(kept):
            raise InputError(fault("is not what the panel says of alliances", file=kept))


def _day(said: dict[str, Any]) -> datetime.date | None:
    return stored_run.day(said.get("as_of"))
