"""Origins with an order book of the time, and those without."""

import numpy as np
import pytest

from data.errors import InputError
from forecast import backtest, orders
from models.priors import DEFAULT_FILE, load
from tests import small_orders
from tests.data import registers


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return registers.panel(tmp_path_factory.mktemp("orders"))


def test_an_origin_has_the_books_up_to_it_and_none_after(built):
    assert [book.last_year for book in orders.known_books(2021, built)] == [2020, 2021]


def test_an_origin_without_a_register_of_the_time_is_refused(built):
    with pytest.raises(InputError, match=r"2022.*no trade register with data to 2022 was kept"):
        orders.known_books(2022, built)


def test_the_model_of_orders_is_one_of_the_backtest_and_comes_after_the_quick_ones():
    found = backtest.jobs([2019, 2021], ["orders", "persistence"])
    assert [job.name for job in found] == [
        "2019/persistence", "2021/persistence", "2019/orders", "2021/orders",
    ]  # fmt: skip


def test_a_readers_priors_reach_the_models_of_orders(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[variable.order_rd_within]\nsigma = 0.1\n", encoding="utf-8")
    given = orders.load_priors(path)
    assert given.orders.variables["order_rd_within"]["sigma"] == 0.1
    assert given.stocks.variables == load(None, DEFAULT_FILE).variables


def test_draws_of_a_fit_are_taken_by_name_and_run_forward_from_its_origin():
    market = small_orders.data()
    choice, profile = small_orders.posterior(market)
    x = small_orders.choice_inputs(market.placed[..., 2:])
    trees = [small_orders.tree(draws) for draws in (choice, profile)]
    taken = orders.some_draws(trees[1], 5, np.random.default_rng(0))
    assert taken["size_sd"].tolist() == [0.0] * 5
    assert taken["chance"].shape == (5, profile["chance"].shape[1])
    found = orders.Fit(market, x, *trees)
    tiv = orders.forward(found, years=3, count=20, seed=4, domain_weight=10.0)
    assert tiv["year_future"].values.tolist() == [2019, 2020, 2021]
    assert float(tiv.sel(supplier="AAA", recipient="AAA").sum()) == 0.0
    assert float(tiv.sum()) > 0.0
