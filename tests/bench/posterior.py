"""The posterior on which samplers are compared, as it lies in a folder, and what they say of it.

It is the market of the shipped panel (`models.market`). All sample the same coordinates with the
same number of chains, tuning steps and draws, the same target acceptance, in double precision, on
a diagonal metric, and one chain a core; where a sampler starts and how it adapts is its own. So
what differs is how fast a gradient is, and how many a sampler needs for a draw.

Others build the density in their own language from plain arrays, and need nothing of this project:
so nothing is imported here that they do not need.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ARRAYS, POINTS, DRAWS, LENGTH = "arrays.npz", "points.npz", "draws.npz", "length.json"
FREE = (
    "standard", "affinity_z", "appeal_contrast", "walk_step", "rd_within_z", "demand_level",
    "demand_step",
)  # fmt: skip
"""What is sampled, by the names of `models.market`."""
ZERO_SUM = ("affinity_z", "walk_step")
"""Of these, what sums to zero: a sampler moves one fewer along each axis that does."""


class Length(NamedTuple):
    """How each sampler is to run; tuning steps and draws are of a chain."""

    tune: int
    draws: int
    chains: int
    target: float
    seed: int


def length(folder: Path) -> Length:
    """Return how a sampler is to run."""
    return Length(**json.loads((folder / LENGTH).read_text("utf-8")))


def stored(folder: Path, file: str) -> dict[str, np.ndarray]:
    """Return arrays by name."""
    with np.load(folder / file) as found:
        return dict(found)


def points(folder: Path) -> list[dict[str, np.ndarray]]:
    """Return the points at which densities are compared: free coordinates of `FREE`."""
    held = stored(folder, POINTS)
    return [{name: held[name][i] for name in FREE} for i in range(len(held["standard"]))]


def keep(
    folder: Path, draws: Mapping[str, np.ndarray], steps: np.ndarray, diverged: np.ndarray,
    *, compiling: float, sampling: float, density: Iterable[float],
) -> dict[str, Any]:
    """Store a sampler's draws and return its figures.

    Parameters
    ----------
    folder
        Where draws go.
    draws
        Of `FREE`, after tuning (chain, draw, ...), in the shapes of PyMC's variables.
    steps
        Gradients of every step, those of tuning first (chain, step).
    diverged
        Whether a draw after tuning diverged (chain, draw).
    compiling, sampling
        Seconds; of sampling with tuning.
    density
        Log density at the points of the folder.
    """
    np.savez(folder / DRAWS, **{name: draws[name] for name in FREE})
    tune = length(folder).tune
    return {
        "gradients": float(steps.sum()), "gradients_a_draw": float(steps[:, tune:].mean()),
        "diverged": int(np.sum(diverged)), "compiling": compiling, "sampling": sampling,
        "density": [float(value) for value in density],
    }  # fmt: skip
