"""Make models ready for the sampler, and sample several at once so that it can be interrupted.

A model is compiled by one thread, and a sampler's chains come to their ends one by one. While a
model is compiled, or one chain is left, another model keeps the processor busy.
"""

from __future__ import annotations

import contextvars
import ctypes
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from crossover.forecast.progress import Tally, mover

if TYPE_CHECKING:
    import pymc as pm

CORES = 2
STARTS = 0.2
"""How far from their prior means chains start, on the scale that is sampled."""
TRIED_AROUND = 0.3
"""How far from where chains start a density is tried, on the scale that is sampled."""
BUILDING = threading.RLock()
"""PyTensor's graphs are built and compiled by one thread at a time."""


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
    with BUILDING:
        return _compiled(model)


def _compiled(model: pm.Model) -> Any:
    import nutpie
    import pandas as pd
    from nutpie.compile_pymc import CompiledPyMCModel

    from crossover.models import instructions, native, program

    keep_sources()
    start = model.initial_point()
    centre = [np.asarray(start[v.name], float) for v in model.value_vars]
    rng = np.random.default_rng(0)
    near = [x + rng.uniform(-TRIED_AROUND, TRIED_AROUND, x.shape) for x in centre]
    try:
        density, (told, names) = program.density(model, near), program.named(model, near)
    except instructions.Unknown:
        return nutpie.compile_pymc_model(model, backend="numba")
    middle = instructions.flat(centre)
    shapes = [place.shape for place in told.outputs]
    ends = np.cumsum([place.size for place in told.outputs])
    spans = [slice(end - place.size, end) for end, place in zip(ends, told.outputs, strict=True)]
    made = native.native(density, told)
    return CompiledPyMCModel(
        _n_dim=middle.size,
        n_expanded=int(ends[-1]),
        compiled_logp_func=made.density,
        compiled_expand_func=made.values,
        user_data=made.data,
        shared_data={"held": made.held},
        shared_var_keys={},
        logp_func=None,
        expand_func=None,
        initial_point_func=lambda seed: middle + np.random.default_rng(seed).uniform(
            -STARTS, STARTS, middle.size
        ),
        shape_info=(names, spans, shapes),
        _shapes=dict(zip(names, shapes, strict=True)),
        _coords={name: pd.Index(values) for name, values in model.coords.items()},
        dims={name: model.named_vars_to_dims[name] for name in names
              if name in model.named_vars_to_dims},
    )  # fmt: skip


def keep_sources() -> None:
    """Have PyTensor write the source of what it compiles into its own cache.

    Otherwise it leaves hundreds of files in the temporary folder. In the cache equal sources are
    one file, and PyTensor removes what is old.
    """
    import pytensor

    if not pytensor.config.generated_src_dir:
        pytensor.config.generated_src_dir = str(pytensor.config.base_compiledir / "sources")


def sample(
    compiled: Any,
    *,
    seed: int,
    draws: int,
    tune: int,
    chains: int,
    target_accept: float,
    cores: int = CORES,
) -> xr.DataTree:
    """Sample a model.

    Parameters
    ----------
    compiled
        As from `ready`.
    seed, draws, tune, chains, target_accept
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
        After the sampler was stopped, by the user or by a fault of what is fitted beside it.
    """
    import nutpie

    beside = _beside.get()
    sampler = nutpie.sample(
        compiled,
        draws=draws,
        tune=tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_watcher(),
        blocking=False,
    )
    try:
        while not _finished(sampler):
            if beside is not None and beside.is_set():
                raise KeyboardInterrupt
            time.sleep(0.1)
        return sampler.wait()
    except KeyboardInterrupt:
        sampler.cancel()
        raise


@dataclass(frozen=True)
class Fit:
    """A fit that can be made beside others.

    Attributes
    ----------
    work : seconds of a processor that each of its parts takes, in order: what a share of them is.
    make : makes the fit.
    """

    work: tuple[float, ...]
    make: Callable[[], Any]


_beside: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar(
    "beside", default=None
)
"""Set where a fit that is made beside others is to end."""


def side_by_side(fits: Mapping[str, Fit], move: Callable[..., None] | None) -> dict[str, Any]:
    """Make fits at once, a thread each; return what each makes.

    Parameters
    ----------
    fits
        By name.
    move
        As from `progress.progress`: told how much of all the work is done.

    Raises
    ------
    BaseException
        The first fault of any fit, after the others were told to end.
    KeyboardInterrupt
        After all were told to end.
    """
    end, tally = threading.Event(), Tally({name: fit.work for name, fit in fits.items()}, move)
    found: dict[str, Any] = {}
    faults: list[BaseException] = []

    def work(name: str) -> None:
        _beside.set(end)
        tally.here(name)
        try:
            found[name] = fits[name].make()
        except BaseException as fault:
            faults.append(fault)
            end.set()

    threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in fits]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
    finally:
        end.set()
    if faults:
        raise faults[0]
    return found


def give_back() -> None:
    """Have the C library give the system what was freed, where it is one that keeps it (glibc)."""
    trim = getattr(ctypes.CDLL(None) if os.name == "posix" else None, "malloc_trim", None)
    if trim is not None:
        trim(0)


def _watcher() -> Callable[[Any], None] | None:
    """Return what tells those who wait how far the chains have come; None where nobody does."""
    move = mover()
    if move is None:
        return None

    def see(chains: Any) -> None:
        done, total = (sum(getattr(one, name) for one in chains) for name in SEEN)
        move(done, total, "this part")

    return see


SEEN = ("finished_draws", "total_draws")
"""What nutpie says of each chain while it samples."""


def _finished(sampler: Any) -> bool:
    """Say whether sampling has ended; a sampler too busy to answer has not."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False
