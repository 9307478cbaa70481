"""A tree with all that a fit holds, without a sampler: what rests on a fit is tested on it.

Draws lie about one point that is chosen here, at distances from numpy, and the model's own graph,
run in plain Python, works out what a fit keeps of each. So they are the same on every machine,
whether or not anything is compiled, and an assertion on them holds always or never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import CHAIN, DOMAIN, DRAW
from crossover.forecast import fit
from crossover.models import domain_data, domain_draws, domains, priors
from tests import small_domains
from tests.small import World

CHAINS, DRAWS = 2, 200
JOINT_SPREAD = 0.2
"""Standard deviation of the draws on the sampler's own scale."""
LAYER_SPREAD = 0.3
"""How far tables of the domain layer lie from the truth, of a draw of the layer's own prior."""
SEED = 7


def evaluator(model: Any) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    """Return a function: point on the sampler's scale → value of every variable of the model."""
    named = [*model.free_RVs, *model.deterministics]
    graph = model.replace_rvs_by_values([variable * 1.0 for variable in named])
    compiled = model.compile_fn(graph, mode="FAST_COMPILE", on_unused_input="ignore")
    return lambda point: dict(
        zip([variable.name for variable in named], compiled(point), strict=True)
    )


def points(model: Any, count: int, scale: float, seed: int) -> list[dict[str, np.ndarray]]:
    """Return random points about the model's starting point, on the sampler's own scale."""
    start, rng = model.initial_point(), np.random.default_rng(seed)
    return [
        {name: v + scale * rng.standard_normal(np.shape(v)) for name, v in start.items()}
        for _ in range(count)
    ]


def joint(of: World, models: Mapping[str, Any]) -> xr.DataTree:
    """Return a tree as from `forecast.fit.fit`.

    Parameters
    ----------
    of
        A small world.
    models
        Its parts, as from `forecast.fit.parts`.
    """
    return fit.gather(
        {
            name: xr.DataTree.from_dict(
                {"posterior": _draws(model, SEED + at), "sample_stats": _statistics()}
            )
            for at, (name, model) in enumerate(models.items())
        },
        of.inputs, of.priors,
    )  # fmt: skip


def _draws(model: Any, seed: int) -> xr.Dataset:
    """Return draws of all variables of a model, as from nutpie."""
    evaluate = evaluator(model)
    found = [evaluate(point) for point in points(model, CHAINS * DRAWS, JOINT_SPREAD, seed)]
    dims = model.named_vars_to_dims
    return xr.Dataset(
        {
            name: (
                (CHAIN, DRAW, *dims.get(name, ())),
                np.stack([one[name] for one in found]).reshape(CHAINS, DRAWS, *first.shape),
            )
            for name, first in found[0].items()
        },
        coords={
            dim: np.asarray(labels) for dim, labels in model.coords.items()
            if any(dim in dims.get(name, ()) for name in found[0])
        },
    ).assign_coords(_axes())  # fmt: skip


def ordered(of: World) -> xr.Dataset:
    """Return a world's panel, its orders of the domains and sizes that the layer's truth has."""
    return small_domains.ordered(of.panel, of.parts, SEED)


def domain_layer(of: World, spread: float = LAYER_SPREAD) -> xr.DataTree:
    """Return a tree as from `forecast.fit.fit_domains`, about the truth of a small world."""
    beliefs, rng = small_domains.prior(), np.random.default_rng([SEED, 1])
    observed = domain_data.prepare(ordered(of), of.inputs, beliefs)
    parameter = priors.order(beliefs)
    fixed = domains.constants(observed, parameter)
    middle = np.array([of.parts[name] for name in parameter])
    wide = np.array([beliefs.variables[name]["sigma"] for name in parameter])
    away = spread * wide * rng.standard_normal((CHAINS, DRAWS, len(parameter)))
    logged = np.array([beliefs.variables[name]["family"] == "lognormal" for name in parameter])
    values = {
        "parameters": (
            (CHAIN, DRAW, "parameter"), np.where(logged, middle * np.exp(away), middle + away)
        )
    }  # fmt: skip
    for name in domains.VECTORS:
        size = fixed[f"{name}_scale"].size
        values[name] = ((CHAIN, DRAW, f"{name}_at"), rng.standard_normal((CHAINS, DRAWS, size)))
    sampled = xr.Dataset(values, coords=_axes() | {"parameter": parameter})
    tables = domain_draws.effects(sampled, observed)
    truth = _truth(of, observed)
    posterior = fit.single(
        tables.assign({name: truth[name] + spread * tables[name] for name in truth})
    )
    posterior = posterior.transpose(CHAIN, DRAW, ...)
    return xr.DataTree.from_dict(
        {
            "posterior": posterior.assign(habit=posterior["habit"].astype(np.float16)),
            "sample_stats": _statistics(),
            "log_prior": fit.log_prior(posterior, beliefs),
            "constant_data": fit.storable(observed),
        }
    )


def _truth(of: World, observed: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the tables that a world's orders by domain were drawn from, as a fit has them."""
    seller, buyer = domain_draws.pairs(observed)
    held = of.parts | {"habit": of.parts["habit"][seller, buyer]}
    dims = {
        "strength": ("period", "supplier", DOMAIN), "need": ("recipient", DOMAIN),
        "demand": ("period", DOMAIN), "habit": ("pair", DOMAIN), "size": ("supplier", DOMAIN),
        "unit_level": ("supplier",), "unit_standing": ("supplier", DOMAIN),
    }  # fmt: skip
    return {name: xr.DataArray(held[name], dims=on) for name, on in dims.items()}


def _axes() -> dict[str, np.ndarray]:
    return {CHAIN: np.arange(CHAINS), DRAW: np.arange(DRAWS)}


def _statistics() -> xr.Dataset:
    """Return what a sampler says of draws that are independent."""
    energy = np.random.default_rng([SEED, 2]).standard_normal((CHAINS, DRAWS))
    return xr.Dataset(
        {"diverging": ((CHAIN, DRAW), energy > np.inf), "energy": ((CHAIN, DRAW), energy)},
        coords=_axes(),
    )
