"""Random numbers of which every deal and every pair has a stream of its own.

Streams are keyed by what they belong to, so that two futures of equal seeds differ by nothing but
what is changed in one of them. The generator is splitmix64 (Steele, Lea & Flood 2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crossover.models.caching import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@njit(cache=True)
def _mixed(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def of_part(state: Any, part: int) -> Any:
    """Return the state of the stream of a part, by its number."""
    return _mixed(state ^ (np.uint64(part) * GOLDEN + GOLDEN))


@njit(cache=True)
def uniform(state: Any) -> Any:
    """Return the next state and a number above 0 and below 1."""
    state = state + GOLDEN
    return state, (float(_mixed(state) >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(cache=True)
def normal(state: Any) -> Any:
    """Return the next state and a standard normal number (Box & Muller 1958)."""
    state, one = uniform(state)
    state, two = uniform(state)
    return state, np.sqrt(-2.0 * np.log(one)) * np.cos(2.0 * np.pi * two)


@njit(cache=True)
def after_normal(state: Any) -> Any:
    """Return the state that `normal` returns, of which nobody wants the number."""
    return state + GOLDEN + GOLDEN


@njit(cache=True)
def gamma(state: Any, shape: float) -> Any:
    """Return the next state and a Gamma number of scale 1 (Marsaglia & Tsang 2000).

    A little more of shape is a little more of it, but where a proposal is refused that was not.
    """
    small = shape < 1.0
    third = (shape + 1.0 if small else shape) - 1.0 / 3.0
    while True:
        state, noise = normal(state)
        root = 1.0 + noise / np.sqrt(9.0 * third)
        state, one = uniform(state)
        if root <= 0.0:
            continue
        cube = root**3
        if np.log(one) < 0.5 * noise**2 + third * (1.0 - cube + np.log(cube)):
            break
    if not small:
        return state, third * cube
    state, one = uniform(state)
    return state, third * cube * one ** (1.0 / shape)


@njit(nogil=True, cache=True)
def gammas(seed: int, shapes: np.ndarray) -> np.ndarray:
    """Return a Gamma number of scale 1 of each shape, each of a stream of its own."""
    found = np.empty(shapes.size)
    every = shapes.ravel()
    for at in range(shapes.size):
        _, found[at] = gamma(of_part(np.uint64(seed), at), every[at])
    return found.reshape(shapes.shape)
