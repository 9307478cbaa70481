"""Move a run to the figures known now: by weights where they can be trusted, by a fit otherwise.

The posterior has factors that share no figure: the joint model, the domain layer, partnerships.
Each is moved on its own. Of the joint model stored draws are weighted (`forecast.reweight`) when no
year is new, the run passed its gate, the tail of the weights is light and every published event
keeps enough draws; else it is fitted, its chains beginning at the last posterior. The domain layer
and partnerships stay where their figures stayed, and are fitted anew where these moved.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from data.errors import InputError, fault
from data.names import DOMAIN_LAYER, HORIZON
from forecast import record, reweight, runs, steps
from forecast.steps import Plan, say, step

if TYPE_CHECKING:
    import xarray as xr

    from models.priors import Priors

WEIGHTED, FITTED = "reweighted", "refit"
VOTED = ("votes", "alliance_dyads", "capabilities", "rivalries")
"""Tables of an addition that partnerships rest on."""


class Decision(NamedTuple):
    """Whether weights can be trusted: what was found, and the moved draws where they can."""

    fast: bool
    reason: str
    khat: float | None = None
    least_ess: float | None = None
    least_at: str = ""
    moved: reweight.Moved | None = None


def starting_point(run: Path) -> dict[str, Any]:
    """Return the record of a run that can be moved on; raise InputError if it cannot."""
    said = runs.read(run)
    if said.get("prior_only"):
        rule = "was drawn from its priors: there is no posterior to move on"
        raise InputError(fault(rule, file=run))
    if not (run / steps.POSTERIOR).is_file():
        raise InputError(fault("the run holds no posterior", file=run / steps.POSTERIOR))
    return said


def unchanged(said: Mapping[str, Any], made: Plan) -> bool:
    """Say whether a run was made from the very figures and priors that a plan has."""
    same = all(said["hashes"].get(key) == made.record["hashes"][key] for key in ("panel", "priors"))
    return same and (said.get("as_of") or None) == made.record["as_of"]


def decide(
    tree: xr.DataTree,
    inputs: xr.Dataset,
    held: Priors,
    priors: Priors,
    pair: tuple[str, str],
    *,
    seed: int,
    passed: bool = True,
    horizon: int = HORIZON,
) -> Decision:
    """Weight stored draws with new figures and say whether they can be trusted.

    Parameters
    ----------
    tree
        A stored fit.
    inputs
        As from `models.inputs.prepare`, of the new figures.
    held, priors
        Of the stored fit, and of now.
    pair, seed, horizon
        Of the futures on which the events rest.
    passed
        Whether the stored fit passed its gate.
    """
    from forecast import events, fit, simulate

    if not passed:
        return Decision(False, "the last run did not pass its gate")
    reason = reweight.obstacle(tree, inputs)
    if reason is None and reweight.code_differs(tree):
        reason = "the model's code has changed: stored draws have another likelihood now"
    if reason is not None:
        return Decision(False, reason)
    moved = reweight.move(tree, inputs, held, priors)
    if not moved.khat <= reweight.KHAT_MAX:
        words = f"the weights are too uneven: k-hat {moved.khat:.2f} > {reweight.KHAT_MAX}"
        return Decision(False, words, moved.khat)
    import xarray as xr

    as_fitted = xr.DataTree.from_dict(
        {"posterior": moved.posterior, "constant_data": fit.storable(inputs)}
    )
    ahead = simulate.futures(as_fitted, *pair, seed=seed, horizon=horizon)
    found = events.indicators(events.answers(ahead))
    sizes = reweight.effective_sizes(moved.log_weight, found)
    least = min(sizes, key=sizes.__getitem__, default="")
    size = sizes.get(least)
    if size is not None and size < reweight.ESS_MIN:
        words = f"too few draws keep weight: ESS {size:.0f} < {reweight.ESS_MIN:.0f} ({least})"
        return Decision(False, words, moved.khat, size, least)
    words = f"k-hat {moved.khat:.2f}"
    words += f", least ESS of an event {size:.0f} ({least})" if size is not None else ""
    return Decision(True, words, moved.khat, size, least, moved)


def as_tree(
    tree: xr.DataTree, inputs: xr.Dataset, priors: Priors, moved: reweight.Moved, seed: int
) -> xr.DataTree:
    """Return weighted draws as an unweighted fit: each as often as its weight says.

    The sampler's statistics stay those of the fit that the draws are from.
    """
    import xarray as xr

    from forecast import fit

    which = reweight.resampled(moved.log_weight, seed)
    posterior = reweight.taken(moved.posterior, which)
    return xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": tree["sample_stats"].to_dataset(),
            "log_prior": fit.log_prior(posterior, priors),
            "log_likelihood": reweight.taken(moved.log_likelihood, which),
            "observed_data": fit.storable(inputs[["deliveries"]]),
            "constant_data": fit.storable(inputs),
        }
    )


def posterior(part: Path, made: Plan, run: Path, *, refit: bool = False) -> xr.DataTree:
    """Move a run's posterior to a plan's figures and store it in `part`; return what was stored.

    The record's `update` says from which run, how, and why.
    """
    from models.inputs import prepare
    from models.priors import load

    said, tree = runs.read(run), steps.stored(run)
    new = made.record
    start = time.perf_counter()
    if refit:
        found = Decision(False, "a fit was asked for")
    else:
        with step("weighting the stored draws", "reweight", new["seconds"]):
            inputs = prepare(made.panel, made.priors)
            gate = said.get("gate") or {}
            found = decide(
                tree, inputs, load(run / steps.PRIORS_FILE), made.priors, made.pair,
                seed=new["seed"], passed=bool((gate.get("fit") or gate).get("passed")),
            )  # fmt: skip
    new["update"] = {
        "from": said["id"],
        "how": WEIGHTED if found.fast else FITTED,
        "reason": found.reason,
        "khat": found.khat,
        "least_ess": found.least_ess,
        "least_at": found.least_at,
    }
    if not found.fast:
        say(f"a full fit is needed: {found.reason}")
        return fitted(part, made, run)
    say(f"the stored draws are weighted, no fit: {found.reason}")
    weighted = as_tree(tree, inputs, made.priors, found.moved, new["seed"])
    new["seconds"]["sample"] = round(time.perf_counter() - start, 2)
    return keep(part, made, run, weighted)


def fitted(part: Path, made: Plan, run: Path) -> xr.DataTree:
    """Fit anew, chains beginning at the run's posterior where they can; store and judge."""
    from forecast import warm
    from models.inputs import prepare

    tree, new = steps.stored(run), made.record
    new["update"]["how"] = FITTED
    obstacle = warm.obstacle(tree, prepare(made.panel, made.priors), made.priors)
    if obstacle is not None:
        say(f"the chains begin anywhere: {obstacle}")
        new["update"]["start"] = "cold"
        return steps.sample(part, made)
    new["update"]["start"] = "warm"
    return steps.sample(part, made, tree)


def keep(part: Path, made: Plan, run: Path, tree: xr.DataTree) -> xr.DataTree:
    """Store a weighted fit beside what of the run's other factors still holds, and judge all."""
    from forecast import fit

    said, old = runs.read(run), steps.stored(run)
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
    from forecast import fit
    from models import domains
    from models.inputs import prepare
    from models.priors import load

    if DOMAIN_LAYER not in tree.children:
        return False
    if load(run / steps.PRIORS_FILE, domains.PRIORS_FILE).text != made.domain_priors.text:
        return False
    inputs = prepare(made.panel, made.priors)
    now = fit.storable(domains.prepare(made.panel, inputs, made.domain_priors))
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
    from models import alignment, partnership

    if not (run / steps.PARTNERSHIP).is_file():
        return False
    if (said.get("as_of") or None) != made.record["as_of"]:
        return False
    own = run / steps.PRIORS_FILE
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
    from forecast import coupling

    for path in run.glob("partnership_*.csv"):
        if path.name not in (steps.PARTNERSHIP_PATHS_FILE, steps.BY_HAND_FILE):
            shutil.copy2(path, part / path.name)
    shutil.copy2(run / steps.PARTNERSHIP, part / steps.PARTNERSHIP)
    shutil.copytree(run / coupling.RECORD, part / coupling.RECORD)
    history = steps.stored(part, steps.PARTNERSHIP)
    for name in history.children:
        key = f"posterior_{name}"
        new["hashes"][key] = said["hashes"].get(key)
    return history


def scenarios_of(run: Path, made: Plan) -> tuple[Any, ...]:
    """Return the scenarios of a run, their paths cut to the years after a plan's origin."""
    from models.inputs import prepare

    origin = int(prepare(made.panel, made.priors).attrs["origin"])
    return steps._scenarios_of(run, (), made.pair, origin)


def warnings_of(said: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a new record's warnings; on its priors, which are the old run's, those of that run."""
    laid = "Priors of "
    return [
        *(words for words in said.get("warnings", ()) if words.startswith(laid)),
        *(words for words in new["warnings"] if not words.startswith(laid)),
    ]
