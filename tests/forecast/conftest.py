"""A small world, prior draws posing as a fit to it, and one real fit, each made once."""

import pytest

from tests import small, small_domains


@pytest.fixture(scope="session")
def world():
    """Return a simulated panel with its truth."""
    return small.world(4)


@pytest.fixture(scope="session")
def tree(world):
    """Return prior draws in the shape of a fit: two chains of forty."""
    return small.tree(world)


@pytest.fixture(scope="session")
def fitted(world):
    """Return a real fit of the small world: quick, and not meant to pass the gate."""
    from forecast.fit import fit, fit_domains, with_domains

    few = {"seed": 1, "draws": 200, "tune": 250, "chains": 2, "progress": False}
    tree = fit(world.panel, world.priors, **few)
    layer = fit_domains(world.panel, world.inputs, small_domains.prior(), **few)
    return with_domains(tree, layer)
