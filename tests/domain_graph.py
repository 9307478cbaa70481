"""The domain layer in PyMC's own terms, operation by operation: what its density is held to.

To compile this graph takes longer than to sample it, so that the model has a density of its own
(`models.domain_density`); this one is evaluated at a few points.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from crossover.models import domain_equations, domains
from crossover.models.domain_likelihood import UNIT_VALUE_DF
from crossover.models.priors import Priors, order, parameters


def model(observed: xr.Dataset, priors: Priors) -> pm.Model:
    """Return the model that `models.domains.domains` builds, its likelihoods apart."""
    parameter = order(priors)
    fixed = domains.constants(observed, parameter)
    with pm.Model(coords=domains.coords(fixed) | {"parameter": parameter}) as found:
        top = parameters(priors)
        layer(fixed, top, found["parameters"])
    return found


def layer(
    fixed: Mapping[str, Any], top: Mapping[str, Any], vector: Any
) -> None:
    """Add strengths, needs, habits and demand by domain, and their likelihoods.

    Parameters
    ----------
    fixed
        As from `constants`.
    top, vector
        The parameters by name, and as one vector.
    """

    def sample(name: str, mean: Any) -> Any:
        scale = vector[fixed[f"{name}_scale"]]
        part = fixed[f"{name}_centred"]
        return pm.Normal(name, part * mean, scale**part, dims=f"{name}_at")

    free = sample("free", np.zeros(fixed["free_scale"].size))
    known = domain_equations.free_effects(free, fixed, vector, pt)
    means = domain_equations.prior_means(known, fixed, top, pt)
    wants = sample("wants", means["wants"])
    standings = sample("standings", means["standings"])
    known["wants"] = domain_equations.moved(wants, means["wants"], "wants", fixed, vector)
    centre = domain_equations.strength_of_pair(known, means["saved"], fixed, pt)
    mean = (fixed["habit_rows"] * centre[fixed["habit_pair"]]).sum(axis=1)
    habits = sample("habits", mean)
    habits = domain_equations.moved(habits, mean, "habits", fixed, vector) - mean
    of_standing = means["standings"]
    standing = domain_equations.moved(standings, of_standing, "standings", fixed, vector)
    standing = domain_equations.standing_effects(standing, fixed)
    mix = pt.dot(fixed["class_mix"], standing)
    classes = sample("classes", mix - fixed["class_mean"])

    by_pair = centre + domain_equations.habit_effects(habits, fixed, pt)
    moving = known["moving"]
    count = fixed["shape"]["domains"]
    both = (moving + known["drift"][:, None]).reshape((-1, count))
    saved = top["substitution"] * fixed["has_own"] * moving[:, fixed["own"]]
    logits = by_pair[fixed["cell_pair"]] + both[fixed["cell_seller"]]
    logits = logits - saved.reshape((-1, count))[fixed["cell_buyer"]]
    _orders_by_domain(fixed["cells"], logits, top["concentration"])
    size = known["size"][fixed["size_seller"]] + fixed["size_scale"] * known["scaling"]
    _sizes(fixed, size, top["order_sd"] * pt.exp(known["spread"]), top["orders_alike"])
    if not len(fixed["unit_values"]):
        return
    expected = (
        (classes - mix)[fixed["item_class"]]
        + (known["unit_drift"].flatten())[fixed["item_place"]]
        + standing[fixed["item_standing"]]
        + top["unit_strength"] * moving.flatten()[fixed["item_strength"]]
    )
    pm.StudentT(
        "unit_values", UNIT_VALUE_DF, mu=expected, sigma=top["unit_sd"],
        observed=fixed["unit_values"],
    )  # fmt: skip


def _orders_by_domain(cells: np.ndarray, logits: Any, concentration: Any) -> None:
    """Add the Dirichlet-multinomial likelihood of orders by domain given their number.

    Ratios of gamma functions are written out as products, one factor an order: exact, and without
    the digamma functions that a gradient would need.
    """
    logits = logits - logits.max(axis=1, keepdims=True)
    log_share = logits - pt.log(pt.exp(logits).sum(axis=1, keepdims=True))
    counts = cells.ravel()
    seen = counts > 0
    more = np.maximum(counts - 1, 0)
    at = np.repeat(np.arange(len(counts)), more)
    before = np.concatenate([np.arange(1, n) for n in counts[more > 0]])
    totals = np.concatenate([np.arange(n) for n in cells.sum(axis=1)])
    value, times = np.unique(totals, return_counts=True)
    first = log_share.flatten()[np.flatnonzero(seen)].sum() + seen.sum() * pt.log(concentration)
    others = pt.log(concentration * pt.exp(log_share.flatten()[at]) + before).sum()
    pm.Potential("orders", first + others - (times * pt.log(concentration + value)).sum())


def _sizes(fixed: Mapping[str, Any], size: Any, spread: Any, alike: Any) -> None:
    """Add the likelihood of mean TIV an order, log, of the domains of each pair's period.

    How large its orders are in all is given, and left free (it drops out): sizes are told by
    differences between domains only.
    """
    orders = fixed["size_orders"]
    seen = (orders > 0).astype(float)
    noise = domain_equations.variance(spread, alike, np.maximum(orders, 1.0))
    precision = seen / noise
    away = fixed["size_values"] - size + 0.5 * noise
    total = precision.sum(axis=1)
    squares = (precision * away**2).sum(axis=1) - (precision * away).sum(axis=1) ** 2 / total
    logs = (seen * pt.log(noise)).sum() + pt.log(total).sum()
    pm.Potential("sizes", -0.5 * (squares.sum() + logs))
