"""The small world and its model, compiled once, and the shipped panel's inputs."""

import pytest

from data.panel import assemble
from models import priors
from models.inputs import prepare
from tests import small


@pytest.fixture(scope="session")
def world():
    """Return a simulated panel with its truth."""
    return small.world(4)


@pytest.fixture(scope="session")
def shipped():
    """Return the panel that ships, everything known."""
    return assemble()


@pytest.fixture(scope="session")
def real(shipped):
    """Return what a fit of the shipped panel conditions on."""
    return prepare(shipped, priors.load())


@pytest.fixture(scope="session")
def model(world):
    """Return the joint model of the small world."""
    from models.joint import joint

    return joint(world.inputs, world.priors)
