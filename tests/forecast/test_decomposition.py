"""Causes of a change in orders: they add up, and each is what it is where it alone moves."""

import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.forecast import cause_names as names
from crossover.forecast import decomposition
from crossover.forecast.draws import stack
from crossover.models.market import arrays
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED
from tests import small

MOVING = ("memory", "rd_within", "mil_within")
"""Parameters that move orders, with all effects."""


def one_draw(tree, **top):
    """Return the tree with its first draw alone, so that a median is its value."""
    posterior = tree["posterior"].to_dataset().isel(chain=[0], draw=[0]).copy(deep=True)
    for name, value in top.items():
        posterior["parameters"].loc[{"parameter": name}] = value
    constant = tree["constant_data"].to_dataset()
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": constant})


def still(tree, **kept):
    """Return one draw in which nothing moves orders but what is kept."""
    moving = [
        str(name) for name in tree["posterior"]["parameter"].values
        if str(name).endswith("_effect") or str(name).startswith(MOVING)
    ]  # fmt: skip
    tree = one_draw(tree, **(dict.fromkeys(moving, 0.0) | kept))
    posterior = tree["posterior"].to_dataset()
    walks = {name: posterior[name] * 0.0 for name in ("capacity_walk", "demand_walk")}
    level = posterior["demand_level"]
    walks["demand_period"] = level.broadcast_like(posterior["demand_period"])
    constant = tree["constant_data"].to_dataset()
    return xr.DataTree.from_dict(
        {"posterior": posterior.assign(walks), "constant_data": constant}
    )


def rows(table, side):
    return table[table["side"] == side].set_index("cause")


def spells(tree, code, side):
    """Return the years of both spells by hand: the most orders listed in two periods, the last."""
    inputs = tree["constant_data"].to_dataset()
    dim = "supplier" if side == names.WON else "recipient"
    other = "recipient" if side == names.WON else "supplier"
    listed = inputs["placed"].sel({dim: code}).sum(other).values[REMEMBERED:]
    ends = inputs[ORDER_PERIOD].values[REMEMBERED:]
    sums = [listed[k] + listed[k + 1] for k in range(len(listed) - 3)]
    first = int(np.argmax(sums))
    return slice(first, first + 2), (
        ends[first] - PERIOD + 1, ends[first + 1], ends[-2] - PERIOD + 1, ends[-1]
    )


def test_what_a_recipient_orders_is_split_into_parts_that_add_up(tree):
    alone = one_draw(tree)
    table = decomposition.decompose(alone, "RUS", "CHN")
    assert list(table.columns) == list(names.COLUMNS)
    assert set(table["country"]) == {"RUS", "CHN"}
    own = rows(table, names.ORDERED)
    assert list(own.index) == [names.BUDGET, names.OWN_RD, names.OWN_CAPACITY, names.PROPENSITY,
                               names.ALL, names.LISTED]  # fmt: skip
    early, years = spells(tree, "CHN", names.ORDERED)
    columns = ["from_first", "from_last", "to_first", "to_last"]
    assert (own[columns] == list(years)).all().all()
    demand = alone["posterior"]["demand_period"].sel(recipient="CHN").values[0, 0]
    change = demand[-2:].mean() - demand[early].mean()
    assert own.loc[names.ALL, "median"] == pytest.approx(change, abs=1e-5)
    assert own["median"][:4].sum() == pytest.approx(change, abs=1e-5)
    assert (own["q05"] == own["median"]).all()


def test_what_a_supplier_wins_is_split_into_parts_that_add_up(tree):
    alone = one_draw(tree)
    won = rows(decomposition.decompose(alone, "RUS", "CHN"), names.WON)
    parts = [c for c in won.index if c not in (names.ALL, names.LISTED)]
    assert parts == [names.R_AND_D, names.MILITARY, names.WALK, names.WAR, names.RIVALS,
                     names.POLITICS, names.MEMORY, names.DEMAND]  # fmt: skip
    assert won.loc[parts, "median"].sum() == pytest.approx(won.loc[names.ALL, "median"])
    assert (won.loc[parts, "median"] != 0.0).all()


def test_orders_listed_change_by_years_of_full_knowledge(tree):
    table = rows(decomposition.decompose(tree, "RUS", "CHN"), names.WON)
    inputs = tree["constant_data"].to_dataset()
    early, _ = spells(tree, "RUS", names.WON)
    listed = inputs["placed"].sel(supplier="RUS").sum("recipient").values[REMEMBERED:]
    exposure = inputs["order_exposure"].values[REMEMBERED:]
    yearly = [listed[s].sum() / exposure[s].sum() for s in (early, slice(-2, None))]
    expected = np.log(yearly[1] / yearly[0])
    assert table.loc[names.LISTED, ["median", "q05", "q95"]].tolist() == pytest.approx(
        [expected] * 3
    )


@pytest.mark.parametrize(
    ("moves", "cause"),
    [({"war_effect": -1.5}, names.WAR), ({"rd_within": 1.0}, names.R_AND_D),
     ({"mil_within": 1.0}, names.MILITARY), ({"memory": 0.8}, names.MEMORY),
     ({"ideal_point_effect": -2.0}, names.POLITICS)],
)  # fmt: skip
def test_a_cause_that_alone_moves_orders_takes_the_whole_change(tree, moves, cause):
    won = rows(decomposition.decompose(still(tree, **moves), "RUS", "CHN"), names.WON)
    own = {cause, names.RIVALS} if cause in (names.R_AND_D, names.MILITARY, names.WAR) else {cause}
    for name, value in won["median"].items():
        if name in own:
            continue
        if name not in (names.ALL, names.LISTED):
            assert value == pytest.approx(0.0, abs=1e-6), name
    total = won.loc[sorted(own), "median"].sum()
    assert total == pytest.approx(won.loc[names.ALL, "median"])
    assert abs(won.loc[cause, "median"]) > 0.01


def test_a_suppliers_war_counts_for_it_and_its_rivals_wars_for_them(tree):
    """Russia's war begins in the last years: its share falls by the effect, its rivals' rise."""
    fought = still(tree, war_effect=-0.5)
    won = rows(decomposition.decompose(fought, "RUS", "CHN"), names.WON)
    assert won.loc[names.WAR, "median"] < 0.0
    x = arrays(fought["constant_data"].to_dataset())
    early, _ = spells(tree, "RUS", names.WON)
    at = small.SUPPLIERS.index("RUS")
    more = x.war[at, -2:].mean() - x.war[at, early].mean()
    # It cannot lose more than its log-odds.
    assert -0.5 * more <= won.loc[names.WAR, "median"] < -0.05 * more


def test_own_research_that_lowers_orders_is_found_for_a_producer_and_not_for_others(tree):
    for code, sign in (("CHN", -1.0), ("IND", 0.0)):
        moved = still(tree, own_rd_effect=-0.7)
        own = rows(decomposition.decompose(moved, "RUS", code), names.ORDERED)
        early, _ = spells(tree, code, names.ORDERED)
        rd = arrays(moved["constant_data"].to_dataset()).own_rd[small.RECIPIENTS.index(code)]
        expected = -0.7 * (rd[-2:].mean() - rd[early].mean())
        assert own.loc[names.OWN_RD, "median"] == pytest.approx(expected)
        assert np.sign(expected) == sign


def test_intervals_are_those_of_the_draws(tree):
    table = rows(decomposition.decompose(tree, "RUS", "CHN"), names.ORDERED)
    draws = stack(tree["posterior"].to_dataset())
    early, _ = spells(tree, "CHN", names.ORDERED)
    walk = draws["demand_walk"][:, small.RECIPIENTS.index("CHN")].astype(float)
    change = walk[:, -2:].mean(axis=1) - walk[:, early].mean(axis=1)
    found = table.loc[names.PROPENSITY, ["q05", "median", "q95"]].tolist()
    assert found == pytest.approx(np.quantile(change, [0.05, 0.5, 0.95]).tolist(), abs=1e-6)


def test_a_country_that_is_no_supplier_wins_nothing_that_could_be_split(tree):
    table = decomposition.decompose(tree, "IND", "CHN")
    assert set(table["side"]) == {names.ORDERED}
    assert isinstance(table, pd.DataFrame)


def test_two_spells_need_four_periods():
    assert decomposition._spells(np.array([4.0, 5.0, 2.0, 0.0, 0.0])) == (slice(0, 2), slice(3, 5))
    with pytest.raises(InputError, match="too few"):
        decomposition._spells(np.ones(3))


# Shapley ---------------------------------------------------------------------------------------


def test_shares_of_a_sum_are_its_terms_and_of_a_product_are_even():
    terms = np.array([1.0, -2.0, 5.0])

    def total(which):
        return terms @ np.array(which)

    assert list(decomposition.shapley(total, "abc").values()) == pytest.approx(terms)
    product = decomposition.shapley(lambda which: float(all(which)), "abc")
    assert list(product.values()) == pytest.approx([1 / 3] * 3)


def test_shares_are_the_mean_over_all_orders_in_which_causes_can_come():
    rng = np.random.default_rng(3)
    value = {which: rng.normal() for which in itertools.product((0, 1), repeat=4)}
    found = decomposition.shapley(value.__getitem__, range(4))
    expected = np.zeros(4)
    orders = list(itertools.permutations(range(4)))
    for order in orders:
        held = [0, 0, 0, 0]
        for cause in order:
            before = value[tuple(held)]
            held[cause] = 1
            expected[cause] += (value[tuple(held)] - before) / len(orders)
    assert list(found.values()) == pytest.approx(expected)
    assert sum(found.values()) == pytest.approx(value[1, 1, 1, 1] - value[0, 0, 0, 0])
