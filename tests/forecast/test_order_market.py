"""The market forward: what is on order is delivered once, what is placed follows the rates."""

import numpy as np
import pytest

from data.names import DOMAINS
from forecast import order_market
from models import delivery, orders
from models.order_book import PERIOD
from tests import small_orders

DRAWS, YEARS = 60, 4
NEVER_LOGIT, ALWAYS_LOGIT = -60.0, 60.0


def posterior(data, *, orders_placed=True, delivers=0.0, whole=0.0):
    """Return fixed draws of both models, with no noise beside that of the market."""
    s, r, p = len(data.suppliers), len(data.recipients), small_orders.PERIODS
    draws = {
        "chance": np.full((DRAWS, len(delivery.CHANCE)), 0.0),
        "gone": np.full((DRAWS, len(delivery.GONE)), NEVER_LOGIT),
        "whole": np.zeros((DRAWS, len(delivery.WHOLE))),
        "share": np.zeros((DRAWS, len(delivery.SHARE))),
        "wait": np.zeros((DRAWS, len(delivery.WAIT))),
        "known": np.zeros((DRAWS, len(delivery.KNOWN))),
        "size_domain": np.full((DRAWS, len(DOMAINS)), delivery.MIDDLE),
        "units_domain": np.full((DRAWS, len(DOMAINS)), 2.0),
    }
    for at, column in enumerate(delivery.CHANCE):
        if column == "running" or (column.startswith("waiting_") and column != "waiting_size"):
            draws["chance"][:, at] = delivers
        if column.startswith("complete"):
            draws["chance"][:, at] = NEVER_LOGIT
    draws["whole"][:, 0] = whole
    for name, n in (("domain", len(DOMAINS)), ("supplier", s), ("recipient", r)):
        draws[f"chance_{name}"] = np.zeros((DRAWS, n))
    for name, n in (("wait_domain", len(DOMAINS)), ("size_supplier", s), ("size_recipient", r)):
        draws[name] = np.zeros((DRAWS, n))
    zero = (
        "chance_domain_sd", "chance_supplier_sd", "chance_recipient_sd", "chance_shock_sd",
        "chance_recipient_shock_sd", "chance_world_sd", "wait_domain_sd", "size_supplier_sd",
        "size_recipient_sd", "size_sd", "units_size", "units_sd", "share_log_sd",
        "share_units_sd", "more_pace", "more_sd",
    )  # fmt: skip
    draws |= {name: np.zeros(DRAWS) for name in zero}
    choice = {f"order_{name}": np.zeros(DRAWS) for name in (*orders.COVARIATES, *orders.MEMORIES)}
    still = ("order_war", "order_theta_walk", "order_demand_walk", "order_affinity_sd")
    choice |= {name: np.zeros(DRAWS) for name in still}
    choice["order_clumping"] = np.full(DRAWS, 1e9)
    choice["theta"] = np.zeros((DRAWS, s, p))
    choice["demand"] = np.full((DRAWS, r, p), 1.0 if orders_placed else -60.0)
    choice["affinity_z"] = np.zeros((DRAWS, s, r))
    return choice, draws


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
