"""Work of a run that a second process does while the first one samples the joint model.

Compiling takes one core only, and the second process fills the other one meanwhile. While both
sample they share the cores and their caches, so that no more than the compiling is won.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from data.tables import Panel
    from models.priors import Priors


@contextlib.contextmanager
def process() -> Iterator[Callable[..., Callable[[], tuple[Any, float]]]]:
    """Give a function that has another one called by a second process, and returns what waits.

    Calls are done in their order. What waits for one returns its result and the seconds it took,
    or raises what it raised. The process ends with the block, whatever it is doing.
    """
    fresh = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(1, fresh, _ignore_interrupts)
    before = set(multiprocessing.active_children())
    try:
        yield (
            lambda function, *given, **options: (
                pool.submit(_timed, function, *given, **options).result
            )
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches both processes, to the first one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _timed(function: Callable[..., Any], *given: Any, **options: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    return function(*given, **options), round(time.perf_counter() - start, 2)


def domain_layer(
    panel: xr.Dataset, priors: Priors, domain_priors: Priors, **options: Any
) -> xr.DataTree:
    """Fit the domain layer of a panel; options as of `forecast.fit.fit_domains`."""
    from forecast import fit
    from models.inputs import prepare

    inputs = prepare(panel, priors)
    return fit.fit_domains(panel, inputs, domain_priors, progress=False, **options)


def partnerships(
    panel: xr.Dataset,
    layers: Panel,
    pair: tuple[str, str],
    priors: tuple[Priors, Priors],
    *,
    seed: int,
    **options: Any,
) -> tuple[xr.DataTree, dict[str, pd.DataFrame]] | None:
    """Fit hazards and alignment, and say what they say of the history; None without a history.

    Given as to `forecast.coupling.fit`; tables as from `forecast.coupling.fit_tables`.
    """
    from forecast import coupling

    history = coupling.fit(panel, layers, pair, priors, seed=seed, **options)
    if history is None:
        return None
    return history, coupling.fit_tables(history, priors[0], seed=seed)
