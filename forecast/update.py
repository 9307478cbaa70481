"""Move a run to the figures known now: a fit to them, with the run's own priors and scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data.errors import InputError, fault
from crossover.forecast import runs, steps, stored_forecast, stored_run, verify
from crossover.forecast.plans import Plan

if TYPE_CHECKING:
    import xarray as xr

FITTED = "refit"


def starting_point(run: Path) -> dict[str, Any]:
    """Return the record of a run that holds and can be moved on; raise InputError otherwise."""
    said = runs.read(run)
    if said.get("prior_only"):
        rule = "was drawn from its priors: there is no posterior to move on"
        raise InputError(fault(rule, file=run))
    if not (run / stored_run.POSTERIOR).is_file():
        raise InputError(fault("the run holds no posterior", file=run / stored_run.POSTERIOR))
    verify.hold(run)
    return said


def unchanged(said: Mapping[str, Any], made: Plan) -> bool:
    """Say whether a run was made from the very figures and priors that a plan has."""
    same = all(said["hashes"].get(key) == made.record["hashes"][key] for key in ("panel", "priors"))
    return same and (said.get("as_of") or None) == made.record["as_of"]


def posterior(part: Path, made: Plan, run: Path) -> xr.DataTree:
    """Fit a plan's figures, judge and store the fit in `part`; return what was stored.

    The record's `update` says from which run, and why.
    """
    made.record["update"] = {
        "from": runs.read(run)["id"], "how": FITTED, "reason": reason(run, made)
    }  # fmt: skip
    return steps.sample(part, made)


def reason(run: Path, made: Plan) -> str:
    """Say what has changed since a run was made."""
    said, now = runs.read(run), made.record
    words = {"panel": "figures", "priors": "priors"}
    moved = [words[k] for k in words if said["hashes"].get(k) != now["hashes"][k]]
    if (said.get("as_of") or None) != now["as_of"]:
        moved.append("the day up to which releases count")
    return f"changed since: {', '.join(moved) or 'nothing'}"


def scenarios_of(run: Path, made: Plan) -> tuple[Any, ...]:
    """Return the scenarios of a run, their paths cut to the years after a plan's origin."""
    from crossover.models.inputs import prepare

    origin = int(prepare(made.panel, made.priors).attrs["origin"])
    return stored_forecast._scenarios_of(run, (), made.pair, origin)


def warnings_of(said: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a new record's warnings; on its priors, which are the old run's, those of that run."""
    laid = "Priors of "
    return [
        *(words for words in said.get("warnings", ()) if words.startswith(laid)),
        *(words for words in new["warnings"] if not words.startswith(laid)),
    ]
