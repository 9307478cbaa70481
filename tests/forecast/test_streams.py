"""Random numbers of streams of their own."""

import numpy as np
import pytest
from scipy import stats

from crossover.forecast import streams

COUNT = 40_000
CRITICAL = 2.9 / np.sqrt(COUNT)
"""Kolmogorov's distance is above this with a chance below 2 exp(-2 * 2.9**2) = 1e-7."""


@pytest.mark.parametrize("shape", [0.05, 0.9, 1.0, 4.0, 250.0])
def test_gammas_are_of_their_distribution(shape):
    found = streams.gammas(5, np.full(COUNT, shape))
    assert stats.kstest(found, stats.gamma(shape).cdf).statistic < CRITICAL


def test_a_gamma_is_the_same_whatever_the_shapes_beside_it_are():
    shapes = np.array([[0.3, 2.0], [5.0, 9.0]])
    other = np.array([[0.3, 7.0], [0.1, 9.0]])
    one, two = (streams.gammas(11, values) for values in (shapes, other))
    assert (one == two).tolist() == [[True, False], [False, True]]
    assert (streams.gammas(12, shapes) != one).all()


def test_a_little_more_of_shape_is_a_little_more_of_the_number():
    shapes = np.exp(np.linspace(-2.0, 3.0, 2000))
    one, two = streams.gammas(3, shapes), streams.gammas(3, shapes * 1.001)
    near = np.abs(two / one - 1.0) < 0.05
    # A proposal is refused in at most one case of twenty, and seldom for a shape so near.
    assert near.mean() > 0.99


def test_random_numbers_are_uniform_and_normal():
    draws, states = [], np.uint64(12345)
    normals = []
    for _ in range(COUNT):
        states, one = streams.uniform(np.uint64(states))
        states, other = streams.normal(np.uint64(states))
        draws.append(one)
        normals.append(other)
    # Kolmogorov's distance exceeds 2.8 / sqrt(n) once in three million.
    for values, cdf in ((draws, stats.uniform.cdf), (normals, stats.norm.cdf)):
        ordered = np.sort(values)
        steps = np.arange(1, COUNT + 1) / COUNT
        assert np.abs(cdf(ordered) - steps).max() < 2.8 / np.sqrt(COUNT) + 1.0 / COUNT
