"""One part of the model, compiled and timed: the work of a process of its own."""

from __future__ import annotations

import ctypes
import functools
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import child
from tests.bench.table import Row, failed

SECTION = "compile"
MODEL, PART = "model.pickle", "part.txt"
EVALUATIONS = 300


def work(folder: Path) -> dict[str, Any]:
    """Compile the part that a folder names, as a fit does."""
    models = pickle.loads((folder / MODEL).read_bytes())
    build, arguments = models[(folder / PART).read_text("utf-8")]
    return timed(build(*arguments))


def timed(model: Any) -> dict[str, float]:
    """Return dimensions, seconds to compile, and microseconds of a gradient, of a PyMC model."""
    compiled, seconds = made_ready(model)
    return {"dimensions": compiled.n_dim, "compile": seconds, "gradient": gradient(compiled)}


def made_ready(model: Any) -> tuple[Any, float]:
    """Return a model that is ready to be sampled, and the seconds until its first gradient."""
    from crossover.forecast.sampling import ready

    began = time.perf_counter()
    compiled = ready(model)
    evaluator(compiled)()
    return compiled, time.perf_counter() - began


def gradient(compiled: Any) -> float:
    """Return microseconds of a gradient: the median of many calls as the sampler makes them."""
    call, spent = evaluator(compiled), []
    for _ in range(EVALUATIONS):
        began = time.perf_counter()
        call()
        spent.append(time.perf_counter() - began)
    return 1e6 * float(np.median(spent))


def evaluator(compiled: Any) -> Callable[[], Any]:
    """Return a function that computes density and gradient at a point, as the sampler calls it."""
    point = 0.1 * np.random.default_rng(1).standard_normal(compiled.n_dim)
    if not hasattr(compiled, "compiled_logp_func"):
        return functools.partial(compiled._make_logp_func(), point)
    # What PyTensor has compiled is a function of C.
    held = (point, np.empty(compiled.n_dim), np.empty(()))
    number = ctypes.POINTER(ctypes.c_double)
    given = [array.ctypes.data_as(number) for array in held]
    known = compiled.user_data.ctypes.data_as(ctypes.c_void_p)
    return functools.partial(compiled.compiled_logp_func.ctypes, compiled.n_dim, *given, known)


def rows(folder: Path, models: dict[str, tuple[Any, tuple[Any, ...]]]) -> Iterator[Row]:
    """Compile every part twice: with empty caches, and with what the first time left there.

    Parameters
    ----------
    folder
        For caches.
    models
        Part → function that builds its model, and the arguments of that.
    """
    (folder / MODEL).write_bytes(pickle.dumps(models))
    for name in models:
        (folder / PART).write_text(name, encoding="utf-8")
        caches = child.caches(folder / f"cache {name}")
        try:
            cold, warm = (child.run("compiling", folder, caches) for _ in range(2))
        except child.Failed as error:
            yield failed(SECTION, name, error)
            continue
        yield Row(SECTION, name, "dimensions", warm.figures["dimensions"], "")
        for state, done in (("cold", cold), ("warm", warm)):
            seconds = done.figures["compile"]
            yield Row(SECTION, name, f"compile, {state}", seconds, "s", "to the first gradient")
        yield Row(SECTION, name, "a gradient", warm.figures["gradient"], "µs", "alone, on one core")
        yield Row(SECTION, name, "peak memory", cold.memory, "MiB", "of compiling, cold")
