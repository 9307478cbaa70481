"""The compiled density of orders: its value and derivatives, against what they are made of."""

import math

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from crossover.models import market, market_density, rising, vector_math
from tests import graphs

NAMES = ("demand", "offered", "affinity", "pulls", "log_clumping", "growth")


@pytest.fixture(scope="module", params=["of the small world", "with many orders"])
def x(request, world):
    found = market.arrays(world.inputs)
    if request.param == "with many orders":
        # More than fit into one product, of pairs that cannot trade too.
        rng = np.random.default_rng(8)
        found = found._replace(placed=rng.negative_binomial(0.3, 0.01, found.placed.shape) * 1.0)
        assert found.placed.max() > 4 * rising.MOST
    assert (found.barred < 0.0).any()
    return found


def point(x, seed, width=1.0):
    rng, (s, r, p) = np.random.default_rng(seed), x.placed.shape
    shapes = ((r, p), (s, p), (s, r), (len(x.features),))
    normal = [width * rng.standard_normal(shape) for shape in shapes]
    return [*normal, np.array(width * rng.standard_normal()), np.array(rng.uniform(-0.2, 1.2))]


def points(x):
    return [point(x, seed, width) for seed, width in enumerate((0.1, 0.5, 1.0, 1.0, 3.0))]


def density(x, at):
    data = market_density.listed(x.features, x.barred, x.placed, x.exposure)
    return market_density.density(*at, *data)


def summed(x, at):
    """Return the density of every cell by the equations for draws, added up."""
    demand, offered, affinity, pulls, log_clumping, growth = at
    pull = np.tensordot(pulls, x.features, axes=1)
    rate, _ = market.log_orders(demand, offered, affinity, pull, x.barred)
    size = market.log_size(rate, np.exp(log_clumping), growth)
    return market.log_density_of_cells(rate, size, x).sum()


@pytest.fixture(scope="module")
def both(x):
    """Return two functions of a point, that of the node and that of the plain graph."""
    inputs = [pt.tensor(name, shape=v.shape) for name, v in zip(NAMES, point(x, 0), strict=True)]
    data = market_density.listed(x.features, x.barred, x.placed, x.exposure)
    node = market_density.Orders()(*inputs, *data)[0]
    return [
        pytensor.function(inputs, [value, *pt.grad(value, inputs)], mode=graphs.MODE)
        for value in (node, graphs.orders(x, *inputs))
    ]


# The density -----------------------------------------------------------------------------------


def test_the_density_is_that_of_all_cells_by_the_equations_for_draws(x):
    for at in points(x):
        assert density(x, at)[0] == pytest.approx(summed(x, at), rel=1e-10)


def test_derivatives_are_those_that_pytensor_finds_itself(x, both):
    for at in points(x):
        ours, theirs = (f(*at) for f in both)
        assert ours[0] == pytest.approx(theirs[0], rel=1e-10)
        for name, one, other in zip(NAMES, ours[1:], theirs[1:], strict=True):
            # Where terms cancel, digits are lost of what is added up.
            scale = np.abs(other).max()
            assert np.abs(other).min() < np.inf and scale > 0.0
            assert one == pytest.approx(other, rel=1e-10, abs=1e-10 * scale), name


def test_derivatives_are_limits_of_differences(x):
    rng = np.random.default_rng(3)
    for at in points(x)[:4]:
        by = density(x, at)[1:]
        for i, name in enumerate(NAMES):
            way, h = rng.standard_normal(np.shape(at[i])), 1e-5
            there, back = (
                summed(x, [v + sign * h * way if j == i else v for j, v in enumerate(at)])
                for sign in (1.0, -1.0)
            )
            # Rounding of a density over the step, and the error of the step in relative terms.
            rounding = 1e-13 * abs(there) / h
            along = np.sum(way * by[i])
            assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-5, abs=rounding), name


def test_what_a_country_orders_of_itself_counts_for_nothing(x):
    at = point(x, 5)
    barred = x.barred < 0.0
    more = x._replace(placed=x.placed + 50.0 * barred[..., None])
    for one, other in zip(density(x, at), density(more, at), strict=True):
        assert np.array_equal(one, other)
    # A tie with itself is one with a share of e⁻⁴⁰.
    assert np.abs(density(x, at)[3][barred]).max() < 1e-10
    assert np.abs(density(x, at)[3][~barred]).min() > 1e-10


def test_a_compiled_graph_has_the_same_density_and_derivatives(world):
    x = market.arrays(world.inputs)
    at = point(x, 6)
    inputs = [pt.tensor(name, shape=v.shape) for name, v in zip(NAMES, at, strict=True)]
    data = market_density.listed(x.features, x.barred, x.placed, x.exposure)
    # Given the other way round in memory, as a transpose is.
    turned = [inputs[0], inputs[1].T, *inputs[2:]]
    value = market_density.Orders()(turned[0], turned[1].T, *turned[2:], *data)[0]
    found = pytensor.function(inputs, [value, *pt.grad(2.0 * value, inputs)], mode="NUMBA")(*at)
    expected = density(x, at)
    assert found[0] == pytest.approx(expected[0], rel=1e-12)
    for one, other in zip(found[1:], expected[1:], strict=True):
        assert one == pytest.approx(2.0 * other, rel=1e-12, abs=1e-12)


def test_without_an_order_only_the_chance_of_none_is_left(world):
    x = market.arrays(world.inputs)
    none = x._replace(placed=0.0 * x.placed)
    at = point(x, 7)
    assert density(none, at)[0] == pytest.approx(summed(none, at), rel=1e-10)


def test_the_model_of_the_market_rests_on_this_density(models):
    node = models["market"]["orders"].owner
    while not isinstance(node.op, market_density.Orders):
        node = node.inputs[0].owner
    assert len(node.inputs) == len(NAMES) + len(market_density.Listed._fields)


# Exponentials and logarithms -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x"),
    [
        ("exp", np.linspace(-708.0, 709.0, 5001)),
        ("exp", np.concatenate([[0.0], np.geomspace(1e-18, 1.0, 999)])),
        ("log", np.geomspace(1e-300, 1e300, 5001)),
        ("log", 1.0 + np.linspace(-0.6, 1.5, 5001)),
        ("log1p", np.concatenate([[0.0], np.geomspace(1e-300, 1e300, 5001)])),
    ],
)
def test_exponentials_and_logarithms_are_right_to_the_last_digits(function, x):
    found = np.array([getattr(vector_math, function)(value) for value in x])
    expected = np.array([getattr(math, function)(value) for value in x])
    assert found == pytest.approx(expected, rel=1e-15, abs=0.0)


def test_exponentials_beyond_double_precision_are_those_of_its_ends():
    assert vector_math.exp(-1e4) == vector_math.exp(vector_math.LOWEST) > 0.0
    assert vector_math.exp(1e4) == vector_math.exp(vector_math.HIGHEST) < np.inf
