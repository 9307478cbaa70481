"""Begin a fit where the last one ended: each chain at a draw of the last posterior.

A year that is new begins at no change. What hangs on the figures (which pair a contrast is about)
is worked out anew, so that ties and levels are those of the draw. nutpie 0.16 takes no mass matrix
(it starts from the gradient at the first point); so what is saved is the way to the posterior.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import xarray as xr

from data.names import CHAIN, DRAW, RECIPIENT, SUPPLIER, YEAR
from forecast import reweight
from forecast.simulate import stack
from models.priors import Priors, order, standardised
from models.transfers import OF_ONE_SIDE

TUNE = 300
"""Most tuning steps of a fit that begins at a posterior."""
STEPS = ("walk_step", "global_demand_step", "demand_shock")


def obstacle(tree: xr.DataTree, inputs: xr.Dataset, priors: Priors) -> str | None:
    """Return why a fit cannot begin at a stored posterior, or None when it can."""
    posterior, held = (tree[g].to_dataset() for g in ("posterior", "constant_data"))
    if not {*reweight.SAMPLED, *STEPS, *OF_ONE_SIDE} <= set(posterior.data_vars):
        return "the last run's draws are of an older version"
    for dim in ("country", SUPPLIER, RECIPIENT):
        if list(map(str, held[dim].values)) != list(map(str, inputs[dim].values)):
            return f"the last run is of other {dim} codes"
    if sorted(map(str, posterior["parameter"].values)) != sorted(order(priors)):
        return "the last run has other parameters"
    return None


def points(
    tree: xr.DataTree, inputs: xr.Dataset, priors: Priors, *, count: int, seed: int
) -> list[dict[str, np.ndarray]]:
    """Return values of what is sampled, of some draws of a stored posterior.

    Parameters
    ----------
    tree
        A stored fit of the same countries; `obstacle` must have found none.
    inputs, priors
        Of the fit that is to begin.
    count
        How many draws, from chains in turn.
    seed
        Of the choice.
    """
    posterior, held = (tree[g].to_dataset() for g in ("posterior", "constant_data"))
    rng = np.random.default_rng([seed, 2])
    chain = np.arange(count) % posterior.sizes[CHAIN]
    draw = rng.choice(posterior.sizes[DRAW], count, replace=count > posterior.sizes[DRAW])
    some = posterior.isel(
        {CHAIN: xr.DataArray(chain, dims="at"), DRAW: xr.DataArray(draw, dims="at")}
    )
    some = some.drop_vars([CHAIN, DRAW]).rename({"at": DRAW}).expand_dims(CHAIN)
    some = some.transpose(CHAIN, DRAW, ...)
    draws = stack(some)
    _, found = reweight.parts(draws, held)
    turned, _ = reweight.turned(draws, held, inputs, found)
    old = [int(year) for year in held[YEAR].values]
    new = [int(year) for year in inputs[YEAR].values]
    for name in STEPS:
        values = np.zeros((count, len(new), *draws[name].shape[2:]))
        for at, year in enumerate(new):
            if year in old:
                values[:, at] = draws[name][:, old.index(year)]
        turned[name] = values
    stated = reweight.stated(some, priors).sel(parameter=order(priors))
    turned["standard"] = standardised(stated.values[0], priors)
    names = ("standard", *reweight.SAMPLED, *STEPS, *OF_ONE_SIDE, "rd_score", "rd_within_z",
             "mil_within_z", "drift_z", "log_shock")  # fmt: skip
    return [{name: np.asarray(turned[name][at], float) for name in names} for at in range(count)]


def begin(compiled: Any, model: Any, at: list[dict[str, np.ndarray]]) -> Any:
    """Return a compiled model whose chains begin at given points, each at another.

    Parameters
    ----------
    compiled
        As from `nutpie.compile_pymc_model`.
    model
        The model it was compiled from.
    at
        As from `points`.
    """
    starts = np.stack([flat(model, point) for point in at])
    if starts.shape[1] != compiled.n_dim:
        raise ValueError("the points are of another model")
    turn = iter(range(10**9))
    return dataclasses.replace(
        compiled, initial_point_func=lambda seed: starts[next(turn) % len(starts)].copy()
    )


def flat(model: Any, point: dict[str, np.ndarray]) -> np.ndarray:
    """Return a point on the sampler's own scale, all of its parts in the model's order."""
    import pytensor.tensor as pt

    parts = []
    for variable in model.free_RVs:
        value = point[variable.name]
        transform = model.rvs_to_transforms[variable]
        if transform is not None:
            value = transform.forward(pt.as_tensor(value), *variable.owner.inputs).eval()
        parts.append(np.asarray(value, float).ravel())
    return np.concatenate(parts)
