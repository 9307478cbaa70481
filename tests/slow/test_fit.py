"""A real fit of the small world, compiled as a user's is: chains move, and find what is likely."""

import pytest

from crossover.data.names import DRAW, RECIPIENT
from crossover.forecast import fit
from crossover.forecast.market import log_likelihood
from crossover.models.order_book import ORDER_PERIOD
from tests import small

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted(world):
    """Return a fit that is not meant to pass the gate."""
    return fit.fit(world.panel, world.priors, **small.SHORT)


def test_every_chain_moves(fitted):
    """A step may leave a draw where it was; one in two at most does, of 199 none below 1e-59."""
    assert (fitted["posterior"]["rd_within_z"].std(DRAW) > 0).all()


def test_the_sampler_found_more_likely_worlds_than_the_prior_offers(fitted, world):
    """The least likely draw of the fit is likelier than the likeliest of 200 from the prior.

    A prior draw misses thousands of orders; its log density lies hundreds below, so that one in
    200 of them would have to be off by more than e^100.
    """
    prior = fit.prior(world.panel, world.priors, seed=1, draws=200)
    offered = log_likelihood(
        prior["posterior"].to_dataset(), prior["constant_data"].to_dataset()
    )["orders"].sum((RECIPIENT, ORDER_PERIOD))
    found = fitted["log_likelihood"]["orders"].sum((RECIPIENT, ORDER_PERIOD))
    assert float(found.min()) > float(offered.max())
