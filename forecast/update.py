"""Move a run to the figures known now: a fit of what changed, the rest taken over.

The posterior has factors that share no figure: the joint model, the domain layer, partnerships. The
first is fitted anew; the others stay where their figures stayed, and are fitted anew where these
moved.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crossover.data.errors import InputError, fault
from crossover.data.names import DOMAIN_LAYER
from crossover.forecast import (
    partnership_steps,
    record,
    runs,
    steps,
    stored_forecast,
    stored_run,
    verify,
)
from crossover.forecast.plans import Plan
from crossover.forecast.steps import say, step, stoppable

if TYPE_CHECKING:
    import xarray as xr

FITTED = "refit"
VOTED = ("votes", "alliance_dyads", "capabilities", "rivalries")
"""Tables of an addition that partnerships rest on."""


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
    """Fit a plan's figures and store the fit in `part`; return what was stored.

    What of the run's domain layer and partnerships rests on figures that stayed is taken over. The
    record's `update` says from which run, and what was kept.
    """
    from crossover.forecast import fit

    new = made.record
    new["update"] = {"from": runs.read(run)["id"], "how": FITTED, "reason": reason(run, made)}
    words = f"sampling {new['chains']} chains of {new['tune']} + {new['draws']} draws"
    with step(words, "sample", new["seconds"]), stoppable():
        tree = fit.fit(
            made.panel, made.priors, seed=new["seed"], draws=new["draws"], tune=new["tune"],
            chains=new["chains"], progress=False,
        )  # fmt: skip
    return keep(part, made, run, tree)


def reason(run: Path, made: Plan) -> str:
    """Say what has changed since a run was made."""
    said, now = runs.read(run), made.record
    words = {"panel": "figures", "priors": "priors"}
    moved = [words[k] for k in words if said["hashes"].get(k) != now["hashes"][k]]
    if (said.get("as_of") or None) != now["as_of"]:
        moved.append("the day up to which releases count")
    return f"changed since: {', '.join(moved) or 'nothing'}"


def keep(part: Path, made: Plan, run: Path, tree: xr.DataTree) -> xr.DataTree:
    """Store a fit beside what of the run's other factors still holds, and judge all."""
    from crossover.forecast import fit

    said, old = runs.read(run), stored_run.stored(run)
    if same_domains(old, made, run):
        layer = old[DOMAIN_LAYER]
        made.record["update"]["domains"] = "kept"
    else:
        say("figures of domains have changed: that layer is fitted anew")
        layer = steps.sample_domains(made, tree)
        made.record["update"]["domains"] = FITTED
    whole = fit.with_domains(tree, layer)
    if not same_partnership(said, made, run):
        made.record["update"]["partnership"] = FITTED
        return steps.keep(part, made, whole)
    made.record["update"]["partnership"] = "kept"

    def kept(part: Path, made: Plan, origin: int) -> xr.DataTree:
        return copy_partnership(run, part, said, made.record)

    return steps.keep(part, made, whole, kept)


def same_domains(tree: xr.DataTree, made: Plan, run: Path) -> bool:
    """Say whether the domain layer was fitted to the figures and priors that a plan has."""
    from crossover.forecast import fit
    from crossover.models import domain_data, domains
    from crossover.models.inputs import prepare
    from crossover.models.priors import load

    if DOMAIN_LAYER not in tree.children:
        return False
    if load(run / stored_run.PRIORS_FILE, domains.PRIORS_FILE).text != made.domain_priors.text:
        return False
    inputs = prepare(made.panel, made.priors)
    now = fit.storable(domain_data.prepare(made.panel, inputs, made.domain_priors))
    return same(tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset(), now)


def same(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Say whether two datasets hold the same arrays and numbers in their attributes."""
    if set(one.variables) != set(other.variables):
        return False
    for name in one.variables:
        a, b = np.asarray(one[name].values), np.asarray(other[name].values)
        if a.shape != b.shape:
            return False
        if a.dtype.kind in "fiub" and b.dtype.kind in "fiub":
            if not np.allclose(a.astype(float), b.astype(float), rtol=1e-6, equal_nan=True):
                return False
        elif not np.array_equal(a.astype(str), b.astype(str)):
            return False
    numbers = {k: v for k, v in other.attrs.items() if isinstance(v, int | float)}
    return all(k in one.attrs and np.isclose(float(one.attrs[k]), v) for k, v in numbers.items())


def same_partnership(said: Mapping[str, Any], made: Plan, run: Path) -> bool:
    """Say whether what partnerships rest on is what it was when the run was made."""
    from crossover.models import alignment, partnership

    if not (run / stored_run.PARTNERSHIP).is_file():
        return False
    if (said.get("as_of") or None) != made.record["as_of"]:
        return False
    own = run / stored_run.PRIORS_FILE
    then = (partnership.load(own), alignment.load(own))
    if tuple(p.text for p in then) != tuple(p.text for p in made.partnership_priors):
        return False
    held = set(said.get("additions") or ())
    old = [made.layers[0], *(layer for layer in made.layers[1:] if layer.name in held)]
    if record.hash_panel(old) != said["hashes"].get("panel"):
        return False
    fresh = [layer for layer in made.layers[1:] if layer.name not in held]
    return not any((layer / f"{table}.csv.gz").is_file() for layer in fresh for table in VOTED)


def copy_partnership(
    run: Path, part: Path, said: Mapping[str, Any], new: dict[str, Any]
) -> xr.DataTree:
    """Take a run's partnership fits and their tables over; return the fits."""
    from crossover.forecast import coupling

    kept = [run / stored_run.PARTNERSHIP, *run.glob("partnership_*.csv")]
    (part / coupling.RECORD).mkdir()
    for path in (*kept, *(run / coupling.RECORD).iterdir()):
        if path.name not in partnership_steps.OF_A_PAIR:
            shutil.copy2(path, part / path.relative_to(run))
    history = stored_run.stored(part, stored_run.PARTNERSHIP)
    for name in history.children:
        key = f"posterior_{name}"
        new["hashes"][key] = said["hashes"].get(key)
    return history


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
