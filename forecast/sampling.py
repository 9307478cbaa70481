"""Run the sampler on a compiled model so that it can be interrupted, as every fit does."""

from __future__ import annotations

import time
from typing import Any

import xarray as xr

CORES = 2


def sample(
    compiled: Any,
    *,
    seed: int,
    draws: int,
    tune: int,
    chains: int,
    target_accept: float,
    progress: bool = False,
    cores: int = CORES,
) -> xr.DataTree:
    """Sample a model compiled by nutpie.

    Parameters
    ----------
    compiled
        As from `nutpie.compile_pymc_model`.
    seed, draws, tune, chains, target_accept, progress
        Of the sampler; draws and tuning steps are of each chain.
    cores
        How many chains run at once.

    Returns
    -------
    xarray.DataTree
        As nutpie gives it.

    Raises
    ------
    KeyboardInterrupt
        After the sampler was stopped.
    """
    import nutpie

    sampler = nutpie.sample(
        compiled,
        draws=draws,
        tune=tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=target_accept,
        save_warmup=False,
        progress_bar=progress,
        blocking=False,
    )
    try:
        while not _finished(sampler):
            time.sleep(0.1)
        return sampler.wait()
    except KeyboardInterrupt:
        sampler.cancel()
        raise


def _finished(sampler: Any) -> bool:
    """Say whether sampling has ended; a sampler too busy to answer has not."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False
