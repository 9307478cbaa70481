"""What arrives, in which markets both compete, and how the gap moved."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.names import BASELINE, CONTESTED_YEARS, COUNTRY, SUPPLIER, YEAR
from crossover.forecast import arrivals, future_series, gap_change, simulate
from crossover.forecast.draws import stack
from tests import small

PAIR = ("RUS", "CHN")


@pytest.fixture
def drawn():
    """Return deliveries of two years in eight draws of two chains, and two markets."""
    values = np.array([[0.0, 5.0], [2.0, 20.0], [4.0, 60.0], [6.0, 1000.0]] * 2)
    return xr.Dataset(
        {
            "deliveries": (("draw", "scenario", "year_future"), values[:, None]),
            "contested_placed": (("supplier", "market"), np.array([[11.0, 3.0], [4.0, 2.0]])),
        },
        coords={"draw": range(8), "scenario": [BASELINE], "year_future": [2026, 2027],
                "supplier": list(PAIR), "market": ["DZA", "EGY"]},
        attrs={"supplier": "RUS", "recipient": "CHN", "origin": 2025, "chains": 2},
    )  # fmt: skip


def test_what_arrives_is_told_by_mean_and_quantiles_of_single_years(drawn):
    table = arrivals.arrivals(drawn).set_index("year")
    assert table.loc[2026, "expected"] == 3.0 and table.loc[2026, "median"] == 3.0
    assert table.loc[2027, "expected"] == pytest.approx(271.25)
    assert table.loc[2027, "median"] == 40.0
    assert (np.diff(table[["q05", "q25", "median", "q75", "q95"]], axis=1) >= 0).all()


def test_less_than_a_level_is_never_likelier_than_less_than_a_higher_one(drawn):
    table = arrivals.below(drawn)
    wide = table.pivot_table(index="year", columns="level", values="probability")
    assert list(wide.columns) == list(arrivals.BELOW)
    assert wide.loc[2026].tolist() == [0.25, 1.0, 1.0, 1.0, 1.0]
    assert wide.loc[2027].tolist() == [0.0, 0.25, 0.5, 0.75, 0.75]
    # None of 2026 is below zero draws: a level itself is not below it.
    assert table[(table["level"] == 1.0) & (table["year"] == 2027)]["mc_error"].tolist() == [0.0]


def test_contested_markets_are_listed_with_the_orders_that_make_them_so(drawn):
    table = arrivals.markets(drawn)
    assert table["market"].tolist() == ["DZA", "EGY"] and table["name"][0] == "Algeria"
    assert table["orders_supplier"].tolist() == [11, 3]
    assert table["orders_recipient"].tolist() == [4, 2]
    assert set(table["last_year"] - table["first_year"]) == {CONTESTED_YEARS - 1}
    assert arrivals.markets(drawn.isel(market=[])).empty


def inputs_with(tree, orders):
    """Return the inputs of a fit with orders of single pairs in the last period, and no others."""
    inputs = tree["constant_data"].to_dataset().copy(deep=True)
    inputs["placed"].values[:] = 0.0
    last = inputs["order_period"].values[-1]
    for (seller, buyer), count in orders.items():
        at = {"supplier": seller, "recipient": buyer, "order_period": last}
        inputs["placed"].loc[at] = count
    return inputs


def test_a_market_is_contested_if_it_ordered_from_both_of_late(tree):
    orders = {("RUS", "IND"): 2.0, ("CHN", "IND"): 1.0, ("RUS", "VNM"): 5.0, ("RUS", "CHN"): 3.0}
    inputs = inputs_with(tree, orders)
    found = future_series.contested(inputs, PAIR)
    assert inputs["recipient"].values[found].tolist() == ["IND"]
    # Long ago does not count, nor does a pair of which one sells nothing.
    early = inputs["placed"].copy(deep=True)
    early.values[:] = np.roll(early.values, 1, axis=early.dims.index("order_period"))
    recent = early.sizes["order_period"] > CONTESTED_YEARS // 3
    assert len(future_series.contested(inputs.assign(placed=early), PAIR)) == int(not recent)
    assert len(future_series.contested(inputs, ("RUS", "IND"))) == 0


# The change of the gap ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved(tree):
    futures = simulate.futures(tree, *PAIR, seed=1, horizon=small.ORIGIN + 1)
    return tree, futures, gap_change.changes(tree, futures)


def test_the_parts_of_the_change_add_up_to_it(moved):
    _, futures, table = moved
    wide = table.pivot_table(index="years", columns="part", values="mean")
    parts = wide[[gap_change.RESEARCH, gap_change.MILITARY, gap_change.REST]].sum(axis=1)
    assert wide[gap_change.ALL].tolist() == pytest.approx(parts.tolist(), abs=1e-6)
    gap = futures["theta_past"].sel({COUNTRY: "CHN"}) - futures["theta_past"].sel({COUNTRY: "RUS"})
    five = gap.sel({YEAR: small.ORIGIN}) - gap.sel({YEAR: small.ORIGIN - 5})
    row = table[(table["years"] == 5) & (table["part"] == gap_change.ALL)].iloc[0]
    assert row["mean"] == pytest.approx(float(five.mean()), abs=1e-5)
    assert row["p_positive"] == pytest.approx(float((five > 0).mean()))


def test_what_rd_adds_is_its_own_effect_times_the_change_of_the_stock(moved):
    tree, _, table = moved
    inputs, draws = tree["constant_data"].to_dataset(), stack(tree["posterior"].to_dataset())
    sellers, change = [str(c) for c in inputs[SUPPLIER].values], []
    for code in PAIR:
        own = draws["rd_within"] + draws["rd_within_sd"] * draws["rd_within_z"][
            :, sellers.index(code)
        ]
        stock = inputs["rd_change"].sel({COUNTRY: code})
        step = float(stock.sel({YEAR: small.ORIGIN}) - stock.sel({YEAR: small.ORIGIN - 5}))
        change.append(own * step)
    row = table[(table["years"] == 5) & (table["part"] == gap_change.RESEARCH)].iloc[0]
    assert row["mean"] == pytest.approx(float((change[1] - change[0]).mean()), abs=1e-5)
    assert isinstance(table, pd.DataFrame) and set(table["from_year"]) <= set(
        range(1992, small.ORIGIN)
    )
