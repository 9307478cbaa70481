"""nutpie's sampler on a density that PyTensor runs in plain Python: slow steps, and no compiling.

To compile the model of the small world takes minutes, whatever its size; fifty short paths in plain
Python take seconds. All else of a fit is as users have it; that numba computes the same is seen by
the fit of a smaller model, and of this one in the slow lane.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

STEPS = {"draws": 20, "tune": 10, "chains": 2}
"""Of a fit that is to have the shape of one, and no more."""
DEPTH = 3
"""Of the sampler's trees: paths of up to 7 steps."""


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """Have every fit in the block sampled in plain Python, on short paths."""
    import nutpie

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nutpie.compile_pymc._compile_pymc_model_numba", compiled)
        patch.setattr(nutpie, "sample", functools.partial(nutpie.sample, maxdepth=DEPTH))
        yield


def compiled(model: Any, pymc_initial_point_fn: Any, var_names: Any = None, **_: Any) -> Any:
    """Stand in for `nutpie.compile_pymc._compile_pymc_model_numba`."""
    from nutpie import compile_pymc as own
    from nutpie.compiled_pyfunc import from_pyfunc

    size, _, density, expand, start, shape_info, moved = own._make_functions(
        model, mode="FAST_COMPILE", compute_grad=True, join_expanded=False,
        pymc_initial_point_fn=pymc_initial_point_fn, var_names=var_names,
    )  # fmt: skip
    names, _, shapes = shape_info
    # Chains are threads, and a function holds its intermediate values.
    one_at_a_time = threading.Lock()

    def value_and_slope(x: np.ndarray) -> tuple[float, np.ndarray]:
        with one_at_a_time, np.errstate(all="ignore"):
            value, slope = density(x)
            return float(value), np.array(slope, dtype=float)

    def everything(x: np.ndarray) -> dict[str, np.ndarray]:
        with one_at_a_time, np.errstate(all="ignore"):
            return {
                name: np.array(values, dtype=float, order="C").reshape(shape)
                for name, values, shape in zip(names, expand(x), shapes, strict=True)
            }

    dims, coords = own._prepare_dims_and_coords(model, shape_info, moved)
    return from_pyfunc(
        ndim=size,
        make_logp_fn=lambda: value_and_slope,
        make_expand_fn=lambda *_: everything,
        make_initial_point_fn=start,
        expanded_dtypes=[np.dtype("float64")] * len(names),
        expanded_shapes=shapes,
        expanded_names=names,
        dims=dims,
        coords=coords,
        reparameterized_names=moved,
    )
