"""PyMC's own NUTS, on the model as it is, with its compiled density as one node."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.bench import peer_ours, posterior, problem


def work(folder: Path) -> dict[str, Any]:
    """Sample the posterior of a folder."""
    from crossover.models.market import market

    return sampled(market(*problem.given(folder)), folder)


def sampled(model: Any, folder: Path) -> dict[str, Any]:
    """Sample a PyMC model with PyMC's sampler, which compiles by numba as it comes."""
    import pymc as pm

    length, began = posterior.length(folder), time.perf_counter()
    with model:
        tree = pm.sample(
            length.draws, tune=length.tune, chains=length.chains, cores=length.chains,
            random_seed=length.seed, nuts_sampler="pymc", target_accept=length.target,
            var_names=list(posterior.FREE), discard_tuned_samples=False, progressbar=False,
            compute_convergence_checks=False,
        )  # fmt: skip
    whole = time.perf_counter() - began
    sampling = float(tree["posterior"].attrs["sampling_time"])
    return peer_ours.kept(folder, tree, model, whole - sampling, sampling)
