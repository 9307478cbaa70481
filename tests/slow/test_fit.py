"""A real fit of the small world, compiled as a user's is: chains move, and find what is likely."""

import numpy as np
import pytest

from data.names import DRAW, RECIPIENT, YEAR
from forecast import fit
from forecast.simulate import log_likelihood
from tests import small

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted(world):
    """Return a fit that is not meant to pass the gate."""
    return fit.fit(world.panel, world.priors, **small.SHORT, progress=False)


def test_every_chain_moves(fitted):
    """A step may leave a draw where it was; one in two at most does, of 199 none below 1e-59."""
    assert (fitted["posterior"]["standard"].std(DRAW) > 0).all()


def test_the_sampler_found_more_likely_worlds_than_the_prior_offers(fitted, tree):
    offered = log_likelihood(tree["posterior"].to_dataset(), tree["constant_data"].to_dataset())[
        "deliveries"
    ].sum((RECIPIENT, YEAR))
    found = fitted["log_likelihood"]["deliveries"].sum((RECIPIENT, YEAR))
    assert float(found.min()) > float(offered.max())


def test_the_capacity_of_the_fit_is_near_the_truth_it_was_simulated_from(fitted, world):
    """Coarse: a whole posterior beside its truth; `test_recovery` has the fine print."""
    suppliers = list(small.SUPPLIERS)
    truth = world.truth["supplier_capacity"][0]
    truth = truth - truth.mean(axis=0)
    draws = fitted["posterior"]["supplier_capacity"]
    draws = (draws - draws.mean("supplier")).values.reshape(-1, *truth.shape)
    spread = (truth - draws.mean(axis=0)) / draws.std(axis=0)
    # Posterior z-scores of 126 strongly correlated cells: a spread of 2.5 would be a wrong model.
    assert np.sqrt((spread**2).mean()) < 2.5
    found = np.corrcoef(truth.ravel(), draws.mean(axis=0).ravel())[0, 1]
    assert found > 0.7, suppliers
