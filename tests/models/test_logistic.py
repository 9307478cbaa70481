"""What happens or not: the compiled density, against the Bernoulli of every case."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from crossover.models import compiled, logistic
from tests import graphs

SIZES = (3, 4)
"""Groups of two groupings."""


@pytest.fixture(scope="module")
def given():
    """Return features, of which most are zero, groups and what happened, of 500 cases."""
    rng = np.random.default_rng(2)
    table = rng.choice([0.0, 0.0, 0.0, 1.0, -0.5], (500, 5))
    groups = [(rng.integers(0, size, 500), size) for size in SIZES]
    return table, groups, rng.random(500) < 0.3


@pytest.fixture(scope="module")
def of(given):
    table, groups, happened = given
    return logistic.cases(table, happened, groups)


def matrix(given):
    table, groups, _ = given
    return np.column_stack([table, *(np.eye(size)[group] for group, size in groups)])


def points(given):
    rng, columns = np.random.default_rng(3), matrix(given).shape[1]
    return [width * rng.standard_normal(columns) for width in (0.1, 1.0, 3.0, 30.0)]


def test_the_density_is_that_of_a_coin_for_every_case(given, of):
    for effects in points(given)[:3]:
        chance = special.expit(matrix(given) @ effects)
        expected = stats.bernoulli.logpmf(given[2].astype(int), chance).sum()
        assert logistic.density(effects, *of)[0] == pytest.approx(expected, rel=1e-10)


def test_derivatives_are_those_that_pytensor_finds_itself(given, of):
    b, y = pt.vector("b"), given[2].astype(float)
    eta = pt.dot(matrix(given), b)
    ours, theirs = (
        pytensor.function([b], [value, pt.grad(value, b)], mode=graphs.MODE)
        for value in (logistic.log_density(b, of), (y * eta - pt.softplus(eta)).sum())
    )
    for effects in points(given):
        one, other = ours(effects), theirs(effects)
        assert one[0] == pytest.approx(other[0], rel=1e-10)
        assert one[1] == pytest.approx(other[1], rel=1e-10, abs=1e-10 * np.abs(other[1]).max())


def test_derivatives_are_limits_of_differences(given, of):
    rng, h = np.random.default_rng(4), 1e-5
    for effects in points(given)[:3]:
        way = rng.standard_normal(effects.size)
        there, back = (logistic.density(effects + s * h * way, *of)[0] for s in (1.0, -1.0))
        along = way @ logistic.density(effects, *of)[1]
        # Rounding of a density over the step.
        assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-5, abs=1e-13 * -there / h)


def test_a_compiled_graph_has_the_same_density_and_derivatives(given, of):
    b = pt.vector("b")
    value = logistic.log_density(b[::2], of)
    found = pytensor.function([b], [value, pt.grad(3.0 * value, b)], mode="NUMBA")
    for effects in points(given):
        expected = logistic.density(effects, *of)
        density, by = found(np.repeat(effects, 2))
        assert density == pytest.approx(expected[0], rel=1e-12)
        assert by[::2] == pytest.approx(3.0 * expected[1], rel=1e-12, abs=1e-12)
        assert not by[1::2].any()


def test_alike_cases_are_counted_and_stand_by_their_features():
    table = np.array([[0.0, 2.0], [0.0, 2.0], [0.0, 0.0], [0.0, 2.0]])
    happened, groups = np.array([True, False, True, True]), [(np.array([0, 0, 1, 1]), 2)]
    found = logistic.cases(table, happened, groups)
    assert found.start.tolist() == [0, 0, 1]
    assert found.column.tolist() == [1] and found.value.tolist() == [2.0]
    assert found.first.tolist() == [0, 1, 3]
    assert found.group.tolist() == [[3, 2, 3]]
    assert found.happened.tolist() == [1.0, 1.0, 1.0] and found.tried.tolist() == [1.0, 2.0, 1.0]


def test_odds_beyond_double_precision_have_a_density():
    of = logistic.cases(np.array([[1.0], [1.0]]), np.array([True, False]))
    for odds in (-1e4, 1e4):
        density, by = logistic.density(np.array([odds]), *of)
        assert density == -1e4
        assert by == pytest.approx([1.0 if odds < 0.0 else -1.0])


def test_without_a_case_there_is_nothing_to_say():
    of = logistic.cases(np.zeros((0, 3)), np.zeros(0, bool), [(np.zeros(0, int), 2)])
    density, by = logistic.density(np.ones(5), *of)
    assert density == 0.0 and by.tolist() == [0.0] * 5


def test_a_place_that_counts_from_the_end_is_refused():
    with pytest.raises(ValueError, match="counts from the end"):
        compiled.places([2, -1])
