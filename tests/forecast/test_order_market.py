"""The market forward: what is on order is delivered once, what is placed follows the rates."""

import numpy as np
import pytest

from forecast import order_market
from models import delivery
from models.order_book import PERIOD
from tests import small_orders
from tests.small_orders import ALWAYS_LOGIT, DRAWS, NEVER_LOGIT, posterior

YEARS = 4


def futures(data, choice, draws, seed=1):
    placed = data.placed[..., 2:]
    x = small_orders.choice_inputs(placed)
    return order_market.simulate(
        data, x, choice, draws, years=YEARS, domain_weight=10.0, seed=seed
    )


@pytest.fixture(scope="module")
def data():
    return small_orders.data()


def without_orders(data):
    return data._replace(placed=np.zeros_like(data.placed))


def test_a_deal_that_is_sure_to_deliver_all_does_so_once(data):
    choice, draws = posterior(
        data, orders_placed=False, delivers=ALWAYS_LOGIT, whole=ALWAYS_LOGIT
    )
    tiv = futures(without_orders(data), choice, draws)
    assert tiv[:, 0, 1, 0] == pytest.approx(40.0)
    assert tiv[:, 1, 2, 0] == pytest.approx(30.0)
    assert tiv[..., 1:].sum() == 0.0


def test_a_deal_never_delivers_more_than_is_left(data):
    choice, draws = posterior(data, orders_placed=False, delivers=1.0)
    tiv = futures(without_orders(data), choice, draws).sum(axis=-1)
    assert (tiv[:, 0, 1] <= 40.0 + 1e-9).all()
    assert (tiv[:, 1, 2] <= 30.0 + 1e-9).all()
    assert 0.0 < tiv[:, 1, 2].mean() < 30.0


def test_a_deal_that_is_gone_delivers_nothing(data):
    choice, draws = posterior(data, orders_placed=False, delivers=ALWAYS_LOGIT)
    draws["gone"] = np.full_like(draws["gone"], ALWAYS_LOGIT)
    assert futures(without_orders(data), choice, draws).sum() == 0.0


def test_rates_of_the_past_are_those_of_the_model(data):
    choice, _ = posterior(data)
    rate = np.exp(order_market.log_rates(small_orders.choice_inputs(data.placed[..., 2:]), choice))
    assert rate.sum(axis=1) == pytest.approx(np.e)
    own = small_orders.possible()
    assert rate[:, ~own].max() < 1e-12
    assert rate[0, :, 1, 0] == pytest.approx(np.e / len(small_orders.SUPPLIERS))


def test_new_orders_deliver_what_the_rates_and_sizes_say(data):
    """Every order delivers all in its own year; a Poisson total with mean 60 · 5 · e a year.

    The mean of 60 draws of four years is 3,262 orders with standard deviation 57: a bound of 5.5
    standard deviations fails by chance with probability 4e-8 (and the seed is fixed).
    """
    choice, draws = posterior(data, delivers=ALWAYS_LOGIT, whole=ALWAYS_LOGIT)
    draws["wait"][:, 0] = ALWAYS_LOGIT
    draws["known"][:] = 0.0
    draws["known"][:, :-1] = ALWAYS_LOGIT
    book = data._replace(open=data.open[:0])
    tiv = futures(book, choice, draws)
    expected = DRAWS * len(small_orders.RECIPIENTS) * np.e * YEARS
    assert tiv.sum() / np.exp(delivery.MIDDLE) == pytest.approx(
        expected, abs=5.5 * np.sqrt(expected)
    )


def test_orders_that_the_register_lists_are_not_drawn_again(data):
    choice, draws = posterior(data, delivers=ALWAYS_LOGIT, whole=ALWAYS_LOGIT)
    draws["wait"][:, : PERIOD * order_market.UNLISTED_PERIODS] = NEVER_LOGIT
    draws["known"][:, :-1] = ALWAYS_LOGIT
    book = data._replace(open=data.open[:0])
    assert futures(book, choice, draws)[..., :1].sum() == 0.0


def test_equal_seeds_give_equal_futures_and_other_seeds_others(data):
    choice, draws = posterior(data)
    first, again, other = (futures(data, choice, draws, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
