"""The compiled density of the domain layer: its value and derivatives, against its plain graph."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from crossover.data.names import DOMAINS
from crossover.models import domain_data, domain_density, domains, priors
from crossover.models.rising import MOST
from tests import domain_graph, graphs, small_domains

PARAMETER = priors.order(small_domains.prior())


def observed_of(world):
    """Return what the layer of the small world conditions on."""
    panel = small_domains.ordered(world.panel, world.parts, seed=1)
    return domain_data.prepare(panel, world.inputs, small_domains.prior())


def with_many_orders(observed):
    """Return it with more orders of some pairs than fit into one product, and sizes of few."""
    more = observed.copy()
    rng = np.random.default_rng(8)
    many = rng.choice([0, 0, 1, 5, 3 * MOST], observed["orders"].shape)
    traded = observed["orders"].sum("domain") > 0
    more["orders"] = observed["orders"] + observed["orders"].copy(data=many) * traded
    return more


@pytest.fixture(scope="module", params=["of the small world", "with many orders", "of no units"])
def observed(request, world):
    found = observed_of(world)
    if request.param == "with many orders":
        return with_many_orders(found)
    return found.isel(item=slice(0)) if request.param == "of no units" else found


@pytest.fixture(scope="module")
def data(observed):
    return domain_density.arranged(domains.constants(observed, PARAMETER), PARAMETER)


def points(model, count=4):
    """Return points on the sampler's scale, near zero and far from it."""
    rng, start = np.random.default_rng(5), model.initial_point()
    widths = (0.1, 0.5, 1.0, 2.0)[:count]
    return [{n: width * rng.standard_normal(np.shape(v)) for n, v in start.items()}
            for width in widths]  # fmt: skip


def of(point):
    """Return the inputs of the density at a point."""
    entries = [small_domains.prior().variables[name] for name in PARAMETER]
    stated = [e["mu"] + e["sigma"] * v for e, v in zip(entries, point["standard"], strict=True)]
    vector = [np.exp(v) if e["family"] == "lognormal" else v
              for e, v in zip(entries, stated, strict=True)]  # fmt: skip
    return [np.array(vector), *(point[name] for name in domains.VECTORS)]


def test_density_and_derivatives_are_those_of_the_graph_in_pymcs_own_terms(observed):
    ours, theirs = (
        build(observed, small_domains.prior()) for build in (domains.domains, domain_graph.model)
    )
    values, slopes = (
        [getattr(model, f"compile_{what}")(mode=graphs.MODE) for model in (ours, theirs)]
        for what in ("logp", "dlogp")
    )
    for point in points(ours):
        one, other = (float(value(point)) for value in values)
        assert one == pytest.approx(other, rel=1e-10)
        one, other = (
            split(model, slope(point), point)
            for model, slope in zip((ours, theirs), slopes, strict=True)
        )
        assert one.keys() == other.keys()
        for name, by in other.items():
            # Where terms cancel, digits are lost of what is added up.
            scale = np.abs(by).max(initial=0.0)
            assert one[name] == pytest.approx(by, rel=1e-10, abs=1e-10 * scale), name


def split(model, slopes, point):
    """Return derivatives by name; models differ in the order of their variables."""
    ends = np.cumsum([point[v.name].size for v in model.value_vars])
    parts = np.split(slopes, ends[:-1])
    return {v.name: part for v, part in zip(model.value_vars, parts, strict=True)}


def test_derivatives_are_limits_of_differences(observed, data):
    rng, h = np.random.default_rng(6), 1e-5
    for point in points(domains.domains(observed, small_domains.prior()), 3):
        at = of(point)
        by = domain_density.density(*at, *data)[1:]
        for i, name in enumerate(("vector", *domains.VECTORS)):
            # Parameters are above zero, and steps small beside them.
            way = rng.standard_normal(at[i].size) * (np.abs(at[i]) if name == "vector" else 1.0)
            there, back = (
                domain_density.density(
                    *(v + sign * h * way if j == i else v for j, v in enumerate(at)), *data
                )[0]
                for sign in (1.0, -1.0)
            )
            rounding = 1e-13 * abs(there) / h
            along = float(np.sum(way * by[i]))
            assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-5, abs=rounding), name


def test_nothing_that_is_sampled_is_idle(observed):
    graphs.check_gradient(domains.domains(observed, small_domains.prior()))


@pytest.mark.slow
def test_a_compiled_graph_has_the_same_density_and_derivatives(world):
    observed = observed_of(world)
    model = domains.domains(observed, small_domains.prior())
    data = domain_density.arranged(domains.constants(observed, PARAMETER), PARAMETER)
    inputs = [pt.vector(name, shape=v.shape) for name, v in zip(
        ("vector", *domains.VECTORS), of(model.initial_point()), strict=True)]  # fmt: skip
    value = domain_density.Domains()(*inputs, *data)[0]
    found = pytensor.function(inputs, [value, *pt.grad(2.0 * value, inputs)], mode="NUMBA")
    for point in points(model, 3):
        at = of(point)
        one, *slopes = found(*at)
        expected, *by = domain_density.density(*at, *data)
        assert float(one) == pytest.approx(float(expected), rel=1e-12)
        for mine, other in zip(slopes, by, strict=True):
            assert mine == pytest.approx(2.0 * other, rel=1e-12, abs=1e-12)


def test_the_model_of_domains_rests_on_this_density(world):
    node = domains.domains(observed_of(world), small_domains.prior())["layer"].owner
    while not isinstance(node.op, domain_density.Domains):
        node = node.inputs[0].owner
    assert len(node.inputs) == 6 + len(domain_density.Layer._fields)


def test_effects_far_out_have_a_density(observed, data):
    model = domains.domains(observed, small_domains.prior())
    for size in (-30.0, 30.0):
        at = of(model.initial_point() | {"standard": np.zeros(len(PARAMETER))})
        at = [at[0], *(np.full(v.size, size) for v in at[1:])]
        value, *by = domain_density.density(*at, *data)
        assert np.isfinite(value)
        assert all(np.isfinite(each).all() for each in by)


def test_a_parameter_of_zero_has_a_derivative(observed, data):
    at = of(domains.domains(observed, small_domains.prior()).initial_point())
    at[0][[PARAMETER.index("substitution"), PARAMETER.index("unit_strength")]] = 0.0
    assert np.isfinite(domain_density.density(*at, *data)[1]).all()


def test_loops_run_over_all_domains(observed):
    assert domain_density.DOMAINS == len(DOMAINS) == observed.sizes["domain"]
