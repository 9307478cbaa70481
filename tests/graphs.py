"""Checks that hold for the graph of any model, run in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytest

from crossover.models.market import Market
from tests import mock_fit

MODE = "FAST_COMPILE"


def check_gradient(model: Any, seed: int = 11) -> None:
    """Check that density and gradient are finite, agree, and that nothing sampled is idle."""
    value, slope = (f(mode=MODE) for f in (model.compile_logp, model.compile_dlogp))
    rng, slopes = np.random.default_rng(seed), []
    for point in [model.initial_point(), *mock_fit.points(model, 2, 0.2, seed)]:
        at, gradient = float(value(point)), slope(point)
        assert np.isfinite(at)
        assert np.isfinite(gradient).all()
        slopes.append(gradient)
        parts = {name: rng.standard_normal(np.shape(v)) for name, v in point.items()}
        along = np.concatenate([parts[v.name].ravel() for v in model.value_vars]) @ gradient
        h = 1e-5
        there, back = (
            float(value({name: v + sign * h * parts[name] for name, v in point.items()}))
            for sign in (1.0, -1.0)
        )
        # A central difference errs by h² and by rounding of the density over h.
        rounding = 1e-15 * abs(at) / h
        assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-4, abs=100 * rounding)
    assert (np.stack(slopes) != 0.0).any(axis=0).all()


def log_densities(model: Any) -> Callable[[dict[str, np.ndarray]], dict[str, float]]:
    """Return a function: point on the sampler's scale → what each observation and potential adds.

    An observation's name is that of its variable, a potential's its own.
    """
    observed = model.logp(vars=model.observed_RVs, sum=False) if model.observed_RVs else []
    names = [v.name for v in (*model.observed_RVs, *model.potentials)]
    graph = [*observed, *model.replace_rvs_by_values(model.potentials)]
    compiled = model.compile_fn(
        graph, inputs=model.value_vars, mode=MODE, on_unused_input="ignore"
    )
    return lambda point: {
        name: float(np.sum(value)) for name, value in zip(names, compiled(point), strict=True)
    }


def orders(
    x: Market, demand: Any, offered: Any, affinity: Any, pulls: Any, log_clumping: Any, growth: Any
) -> Any:
    """Return the density of `models.market_density` as a graph of PyTensor's own operations."""
    pull = pt.tensordot(pulls, pt.as_tensor(x.features), axes=1)
    utility = offered[:, None, :] + (affinity + x.barred)[..., None] + pull
    log_rate = demand[None] + utility - pt.logsumexp(utility, axis=0, keepdims=True)
    log_size = log_clumping + growth * log_rate
    size, odds = pt.exp(log_size), log_rate + np.log(x.exposure) - log_size
    cells = pt.gammaln(x.placed + size) - pt.gammaln(size) + x.placed * odds
    cells = cells - (x.placed + size) * pt.log1p(pt.exp(odds))
    return (cells * (x.barred == 0.0)[..., None]).sum()
