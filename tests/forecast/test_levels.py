"""Conventions of the level: which are offered, and what each adds to the same draws."""

import numpy as np
import pytest
import xarray as xr

from data.errors import InputError
from data.names import COUNTRY, RECIPIENT, SUPPLIER
from forecast import levels
from forecast.draws import stack
from forecast.simulate import futures
from tests import small

PAIR = ("RUS", "CHN")
NEED_EXPORTS = {"market_weighted", "common_customers", "free_ties", "politics_counted"}


def changed(tree, posterior=None, inputs=None):
    return xr.DataTree.from_dict(
        {
            "posterior": tree["posterior"].to_dataset() if posterior is None else posterior,
            "constant_data": tree["constant_data"].to_dataset() if inputs is None else inputs,
        }
    )


def no_orders(tree):
    """Return orders (supplier, recipient, period), none of them placed."""
    return np.zeros_like(tree["constant_data"]["placed"].values)


def with_orders(tree, placed):
    """Return the tree with orders (supplier, recipient, period) replaced."""
    inputs = tree["constant_data"].to_dataset().copy(deep=True)
    inputs["placed"].values[:] = placed
    return changed(tree, inputs=inputs)


def gaps(tree, pair=PAIR, seed=0):
    draws = stack(tree["posterior"].to_dataset())
    inputs = tree["constant_data"].to_dataset()
    return draws, inputs, levels.gaps(draws, inputs, pair, np.random.default_rng(seed))


def at(inputs, dim, code):
    return [str(c) for c in inputs[dim].values].index(code)


def singles(tree, pair=PAIR, seed=0):
    """Return the rows of single conventions."""
    table = levels.levels(tree, *pair, seed=seed)
    return table[table["alternative"] != levels.AVERAGE].reset_index(drop=True)


def test_the_average_comes_first_and_is_the_headline(tree):
    table = levels.levels(tree, *PAIR)
    assert list(table["alternative"][:2]) == [levels.AVERAGE, levels.CHOSEN]
    assert table["headline"].tolist() == [1] + [0] * (len(table) - 1)
    assert set(table["alternative"]) == {levels.AVERAGE, *levels.DESCRIPTIONS}
    assert (table["year"] == small.ORIGIN).all()
    assert table["description"].str.len().min() > 10


def test_at_least_four_alternatives_stand_beside_the_headline(tree):
    assert len(singles(tree)) >= 5


@pytest.mark.parametrize("pair", [PAIR, ("RUS", "IND")])
def test_the_average_is_that_of_the_draws_of_all_conventions_by_their_weights(tree, pair):
    table, (_, _, found) = levels.levels(tree, *pair), gaps(tree, pair)
    average = table.iloc[0]
    # All weights are one, so every draw of every convention counts the same.
    every = np.concatenate(list(found.values()))
    assert average["probability"] == pytest.approx((every > 0).mean())
    for name, q in (("gap_q05", 0.05), ("gap_median", 0.5), ("gap_q95", 0.95)):
        expected = np.quantile(every, q, method="inverted_cdf")
        assert average[name] == pytest.approx(expected, abs=1e-6)
    rest = table.iloc[1:]
    assert rest["weight"].tolist() == pytest.approx([1 / len(rest)] * len(rest))
    assert average["probability"] == pytest.approx(rest["probability"].mean())
    assert rest["probability"].min() <= average["probability"] <= rest["probability"].max()


def test_a_convention_that_weighs_nothing_does_not_count(tree, monkeypatch):
    weights = {name: float(name == levels.CHOSEN) for name in levels.DESCRIPTIONS}
    monkeypatch.setattr(levels, "WEIGHTS", weights)
    average, own = levels.levels(tree, *PAIR).iloc[0], gaps(tree)[2][levels.CHOSEN]
    assert average["probability"] == pytest.approx((own > 0).mean())
    middle = np.quantile(own, 0.5, method="inverted_cdf")
    assert average["gap_median"] == pytest.approx(middle, abs=1e-6)


def test_the_chosen_probability_is_that_of_the_forecast_at_the_origin(tree):
    theta = futures(tree, *PAIR, seed=2, horizon=small.ORIGIN + 1)["theta_past"].isel(year=-1)
    gap = theta.sel(country="CHN") - theta.sel(country="RUS")
    row = singles(tree, seed=2).iloc[0]
    assert row["probability"] == pytest.approx(float((gap > 0).mean()))
    # Draws are kept in single precision.
    assert row["gap_median"] == pytest.approx(float(gap.median()), abs=1e-5)


def test_of_a_recipient_that_exports_nothing_the_same_level_is_drawn_as_in_the_forecast(tree):
    """Its own level is random; both are draws of one distribution."""
    theta = futures(tree, "RUS", "IND", seed=2, horizon=small.ORIGIN + 1)["theta_past"]
    gap = theta.isel(year=-1).sel(country="IND") - theta.isel(year=-1).sel(country="RUS")
    found = gaps(tree, ("RUS", "IND"))[2][levels.CHOSEN]
    # Two draws for 80 states: their means differ by less than five of their spreads.
    spread = np.std(found - gap.values) / np.sqrt(len(found))
    assert found.mean() == pytest.approx(float(gap.mean()), abs=5 * spread)


def test_conventions_that_need_exports_are_left_out_where_one_has_none(tree):
    offered = set(singles(tree, ("RUS", "IND"))["alternative"])
    assert offered == set(levels.DESCRIPTIONS) - NEED_EXPORTS


def test_the_war_is_offered_only_where_one_of_them_is_at_war(tree):
    assert "war_counted" in set(levels.levels(tree, *PAIR)["alternative"])
    assert "war_counted" not in set(levels.levels(tree, "FRA", "CHN")["alternative"])


def test_common_customers_are_left_out_where_there_are_none(tree):
    inputs = tree["constant_data"].to_dataset()
    placed = no_orders(tree)
    placed[at(inputs, SUPPLIER, "RUS"), at(inputs, RECIPIENT, "IND")] = 5.0
    placed[at(inputs, SUPPLIER, "CHN"), at(inputs, RECIPIENT, "VNM")] = 5.0
    offered = set(singles(with_orders(tree, placed))["alternative"])
    assert offered == set(levels.DESCRIPTIONS) - {"common_customers"}


@pytest.mark.parametrize("pair", [("RUS", "RUS"), ("IND", "CHN"), ("RUS", "XXX")])
def test_a_pair_that_the_fit_does_not_know_is_refused(tree, pair):
    with pytest.raises(InputError):
        levels.levels(tree, *pair)


# By hand.


@pytest.mark.parametrize("name", ["market_weighted", "common_customers"])
def test_with_a_single_customer_the_tie_to_it_is_what_is_counted(tree, name):
    inputs = tree["constant_data"].to_dataset()
    placed = no_orders(tree)
    buyer = at(inputs, RECIPIENT, "IND")
    for code in PAIR:
        placed[at(inputs, SUPPLIER, code), buyer] = 5.0
    draws, inputs, found = gaps(with_orders(tree, placed))
    tie = {code: draws["affinity"][:, at(inputs, SUPPLIER, code), buyer] for code in PAIR}
    assert found[name] == pytest.approx(found[levels.CHOSEN] + tie["CHN"] - tie["RUS"], abs=1e-5)


def test_customers_count_by_what_they_order_from_anyone_but_never_from_themselves(tree):
    inputs = tree["constant_data"].to_dataset()
    placed = no_orders(tree)
    usa = at(inputs, SUPPLIER, "USA")
    for code, amount in (("IND", 3.0), ("VNM", 1.0), ("RUS", 4.0)):
        placed[usa, at(inputs, RECIPIENT, code)] = amount
    draws, inputs, found = gaps(with_orders(tree, placed))
    ties = {code: draws["affinity"][:, at(inputs, SUPPLIER, code)] for code in PAIR}
    india, vietnam, russia = (at(inputs, RECIPIENT, code) for code in ("IND", "VNM", "RUS"))
    china = (3 * ties["CHN"][:, india] + ties["CHN"][:, vietnam] + 4 * ties["CHN"][:, russia]) / 8
    own = (3 * ties["RUS"][:, india] + ties["RUS"][:, vietnam]) / 4
    expected = found[levels.CHOSEN] + china - own
    assert found["market_weighted"] == pytest.approx(expected, abs=1e-5)


def test_the_war_counted_adds_its_effect_to_the_one_that_fights(tree):
    draws, _, found = gaps(tree)
    expected = found[levels.CHOSEN] - draws["war_effect"]
    assert found["war_counted"] == pytest.approx(expected)
    _, _, turned = gaps(tree, ("CHN", "RUS"))
    assert turned["war_counted"] == pytest.approx(-expected)


def test_effort_alone_is_what_stocks_explain(tree):
    draws, inputs, found = gaps(tree)
    total = {}
    for code in PAIR:
        one = inputs.isel({COUNTRY: at(inputs, COUNTRY, code)})
        own = draws["rd_within_z"][:, at(inputs, SUPPLIER, code)]
        effect = {"rd": draws["rd_within"] + draws["rd_within_sd"] * own,
                  "mil": draws["mil_within"]}  # fmt: skip
        total[code] = sum(
            draws[f"{label}_between"] * float(one[f"{label}_level"])
            + effect[label] * float(one[f"{label}_change"][-1])
            for label in effect
        )
    assert found["effort_only"] == pytest.approx(total["CHN"] - total["RUS"], abs=1e-5)


def test_without_effects_of_politics_counting_it_changes_nothing(tree):
    posterior = tree["posterior"].to_dataset().copy(deep=True)
    for name in posterior["parameter"].values:
        if str(name).endswith("_effect"):
            posterior["parameters"].loc[{"parameter": name}] = 0.0
    _, _, found = gaps(changed(tree, posterior))
    for name in ("politics_counted", "war_counted"):
        assert found[name] == pytest.approx(found[levels.CHOSEN])
    _, _, before = gaps(tree)
    assert not np.allclose(before["politics_counted"], before[levels.CHOSEN])


def test_an_embargo_by_all_customers_counts_in_full_as_lost_capacity(tree):
    inputs = tree["constant_data"].to_dataset().copy(deep=True)
    inputs["affinity_covariates"][:] = 0.0
    inputs["affinity_covariates"].loc[{"covariate": "embargo", SUPPLIER: "CHN"}] = 1.0
    draws, _, found = gaps(changed(tree, inputs=inputs))
    expected = found[levels.CHOSEN] + draws["embargo_effect"]
    assert found["politics_counted"] == pytest.approx(expected)


def test_ties_left_free_matter_little_where_ties_vary_little_and_widen_the_gap_where_much(tree):
    posterior = tree["posterior"].to_dataset().copy(deep=True)
    spread = {}
    for size in (1e-4, 3.0):
        posterior["parameters"].loc[{"parameter": "affinity_sd"}] = size
        _, _, found = gaps(changed(tree, posterior))
        spread[size] = np.std(found["free_ties"] - found[levels.CHOSEN])
    assert spread[1e-4] < 1e-3
    assert spread[3.0] > 0.1


def test_ties_left_free_take_the_share_of_what_effort_leaves_that_their_spread_has(tree):
    """Of one state, many times over: a Normal given its sum with another."""
    posterior = tree["posterior"].to_dataset().isel(chain=[0], draw=np.zeros(20_000, int))
    draws, _, found = gaps(changed(tree, posterior.assign_coords(draw=np.arange(20_000))))
    tie, own = draws["affinity_sd"][0] ** 2 / 9, draws["capacity_sd"][0] ** 2
    rest = found[levels.CHOSEN][0] - found["effort_only"][0]
    moved = found[levels.CHOSEN] - found["free_ties"]
    spread = np.sqrt(2 * tie * own / (tie + own))
    # Five standard errors of a mean and of a standard deviation.
    assert moved.mean() == pytest.approx(tie / (tie + own) * rest, abs=5 * spread / np.sqrt(2e4))
    assert moved.std() == pytest.approx(spread, rel=5 / np.sqrt(4e4))


def test_turning_the_pair_round_turns_every_convention_round(tree):
    _, _, found = gaps(tree)
    _, _, turned = gaps(tree, ("CHN", "RUS"))
    for name in set(found) - {"free_ties"}:
        assert turned[name] == pytest.approx(-found[name], abs=1e-5), name
