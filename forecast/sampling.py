"""Make a model ready for the sampler, and run it so that it can be interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    import pymc as pm

CORES = 2
STARTS = 0.2
"""How far from their prior means chains start, on the scale that is sampled."""
TRIED_AROUND = 0.3
"""How far from where chains start a density is tried, on the scale that is sampled."""


def ready(model: pm.Model) -> Any:
    """Return a model that `sample` takes.

    Its density and derivative are a list of array operations (`models.program`), which is there
    in a second or two. Where the list lacks an operation PyTensor's compiler is asked, which takes
    a minute or more on a machine that has not seen the model.

    Parameters
    ----------
    model
        All of its variables continuous.
    """
    import nutpie
    import pandas as pd

    from models import program

    keep_sources()
    start = model.initial_point()
    centre = [np.asarray(start[v.name], float) for v in model.value_vars]
    rng = np.random.default_rng(0)
    near = [x + rng.uniform(-TRIED_AROUND, TRIED_AROUND, x.shape) for x in centre]
    try:
        density, (told, names) = program.density(model, near), program.named(model, near)
    except program.Unknown:
        return nutpie.compile_pymc_model(model, backend="numba")
    middle = program.flat(centre)
    return nutpie.compiled_pyfunc.from_pyfunc(
        middle.size,
        lambda: _log_density(density.start()),
        lambda *_: _named(told.start(), names),
        [np.dtype(float)] * len(names),
        [place.shape for place in told.outputs],
        names,
        coords={name: pd.Index(values) for name, values in model.coords.items()},
        dims={name: model.named_vars_to_dims[name] for name in names
              if name in model.named_vars_to_dims},
        make_initial_point_fn=lambda seed: middle + np.random.default_rng(seed).uniform(
            -STARTS, STARTS, middle.size
        ),
    )  # fmt: skip


def keep_sources() -> None:
    """Have PyTensor write the source of what it compiles into its own cache.

    Otherwise it leaves hundreds of files in the temporary folder. In the cache equal sources are
    one file, and PyTensor removes what is old.
    """
    import pytensor

    if not pytensor.config.generated_src_dir:
        pytensor.config.generated_src_dir = str(pytensor.config.base_compiledir / "sources")


def _log_density(evaluate: Callable[[np.ndarray], list[np.ndarray]]) -> Callable[..., Any]:
    def both(x: np.ndarray) -> tuple[float, np.ndarray]:
        total, slopes = evaluate(x)
        return float(total), slopes

    return both


def _named(
    evaluate: Callable[[np.ndarray], list[np.ndarray]], names: list[str]
) -> Callable[..., Any]:
    def each(x: np.ndarray) -> dict[str, np.ndarray]:
        return {name: value.copy() for name, value in zip(names, evaluate(x), strict=True)}

    return each


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
    """Sample a model.

    Parameters
    ----------
    compiled
        As from `ready`.
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
