"""Fits of a few short paths: they have all of a fit but its length."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import pytest

STEPS = {"draws": 20, "tune": 10, "chains": 2}
"""Of a fit that is to have the shape of one, and no more."""
DEPTH = 3
"""Of the sampler's trees: paths of up to 7 steps."""


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """Have every fit in the block sampled on short paths."""
    import nutpie

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nutpie, "sample", functools.partial(nutpie.sample, maxdepth=DEPTH))
        yield
