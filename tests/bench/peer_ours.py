"""How this project samples: nutpie on what `forecast.sampling.ready` makes of the model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import posterior, problem
from tests.bench.compiling import made_ready

GROUPS = ("warmup_sample_stats", "sample_stats")


def work(folder: Path) -> dict[str, Any]:
    """Sample the posterior of a folder."""
    import nutpie

    from crossover.models.market import market

    length, model = posterior.length(folder), market(*problem.given(folder))
    compiled, compiling = made_ready(model)
    began = time.perf_counter()
    tree = nutpie.sample(
        compiled, draws=length.draws, tune=length.tune, chains=length.chains, cores=length.chains,
        seed=length.seed, target_accept=length.target, save_warmup=True, progress_bar=False,
    )  # fmt: skip
    sampling = time.perf_counter() - began
    return kept(folder, tree, model, compiling, sampling)


def kept(
    folder: Path, tree: Any, model: Any, compiling: float, sampling: float
) -> dict[str, Any]:
    """Store the draws of a PyMC model, and return the sampler's figures."""
    return posterior.keep(
        folder, {name: tree["posterior"][name].values for name in posterior.FREE},
        np.concatenate([tree[group]["n_steps"].values for group in GROUPS], axis=1),
        tree["sample_stats"]["diverging"].values, compiling=compiling, sampling=sampling,
        density=problem.densities(model, posterior.points(folder)),
    )  # fmt: skip
