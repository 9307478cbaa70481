"""The sampler finds the profile of delivery and the shares of suppliers of a small market."""

import pytest

from forecast import orders
from forecast.backtest import quality
from models import delivery
from tests import small_orders

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    data = small_orders.data()
    x = small_orders.choice_inputs(data.placed[..., 2:])
    return orders.fit_data(
        data, x, orders.load_priors(), seed=3, draws=300, tune=300, chains=2, cores=2
    )


def test_the_sampler_converges(found):
    for tree in (found.choice, found.delivery):
        assert quality(tree)["rhat"] < 1.05


def test_truths_lie_within_six_posterior_standard_deviations(found):
    """A right posterior misses one of five truths by that much once in 10^8 worlds."""
    chance = found.delivery["posterior"]["chance"]
    for name, truth in small_orders.START.items():
        own = chance[..., delivery.CHANCE.index(name)]
        assert abs(float(own.mean()) - truth) < 6.0 * float(own.std()), name
    theta = found.choice["posterior"]["theta"]
    rise = (theta[..., -1] - theta[..., 0]).values
    rise = rise[..., 2] - rise.mean(axis=-1)
    path = small_orders.theta()
    change = path[:, -1] - path[:, 0]
    assert abs(rise.mean() - (change[2] - change.mean())) < 6.0 * rise.std()
