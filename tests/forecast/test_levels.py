"""Conventions of the level: which are offered, what each adds, and what their average is."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.names import COUNTRY, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast import conventions, event_tables, events, levels, market, shifts
from crossover.forecast.draws import stack
from crossover.forecast.simulate import futures
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
    """Return draws, inputs, and the gap at the origin by convention."""
    draws = stack(tree["posterior"].to_dataset())
    inputs = tree["constant_data"].to_dataset()
    rng = np.random.default_rng(seed)
    theta = market.all_countries(draws, inputs, rng)[..., -1]
    sides = [
        draws["supplier_capacity"][:, at(inputs, SUPPLIER, code), -1]
        if code in inputs[SUPPLIER] else theta[:, at(inputs, COUNTRY, code)]
        for code in pair
    ]  # fmt: skip
    base = sides[1] - sides[0]
    found = shifts.shifts(draws, inputs, pair, base, rng)
    war = inputs["war"].transpose(SUPPLIER, YEAR).values
    times = shifts.wars(war, [str(s) for s in inputs[SUPPLIER].values], pair)[-1]
    return draws, inputs, {
        name: base + shift * (times if name == conventions.WAR else 1.0)
        for name, shift in found.items()
    }


def at(inputs, dim, code):
    return [str(c) for c in inputs[dim].values].index(code)


def table(tree, pair=PAIR, seed=0, horizon=small.ORIGIN + 1):
    return levels.levels(futures(tree, *pair, seed=seed, horizon=horizon))


def singles(tree, pair=PAIR, seed=0):
    """Return the rows of single conventions at the origin."""
    found = table(tree, pair, seed)
    one = (found["alternative"] != levels.AVERAGE) & (found["year"] == small.ORIGIN)
    return found[one].reset_index(drop=True)


def test_the_average_comes_first_of_each_year_and_is_the_headline(tree):
    found = table(tree)
    assert found["year"].unique().tolist() == [small.ORIGIN, small.ORIGIN + 1]
    for _, of_year in found.groupby("year"):
        assert list(of_year["alternative"][:2]) == [levels.AVERAGE, levels.CHOSEN]
        assert of_year["headline"].tolist() == [1] + [0] * (len(of_year) - 1)
        assert set(of_year["alternative"]) == {levels.AVERAGE, *levels.DESCRIPTIONS}
    assert found["description"].str.len().min() > 10


def test_at_least_four_alternatives_stand_beside_the_headline(tree):
    assert len(singles(tree)) >= 5


@pytest.mark.parametrize("pair", [PAIR, ("RUS", "IND")])
def test_the_average_is_that_of_the_draws_of_all_conventions_each_counting_the_same(tree, pair):
    ahead = futures(tree, *pair, seed=1, horizon=small.ORIGIN + 1)
    found = levels.levels(ahead)
    for year, gap in (
        (small.ORIGIN, conventions.past(ahead).sel(year=small.ORIGIN)),
        (small.ORIGIN + 1, conventions.ahead(ahead).isel(scenario=0, year_future=0)),
    ):
        average, *rest = found[found["year"] == year].to_dict("records")
        assert average["probability"] == pytest.approx(float((gap > 0).mean()))
        for name, q in (("gap_q05", 0.05), ("gap_median", 0.5), ("gap_q95", 0.95)):
            assert average[name] == pytest.approx(float(np.quantile(gap, q)), abs=1e-6)
        single = [row["probability"] for row in rest]
        assert [row["weight"] for row in rest] == pytest.approx([1 / len(rest)] * len(rest))
        assert average["probability"] == pytest.approx(np.mean(single))
        assert min(single) <= average["probability"] <= max(single)


def test_the_average_is_what_the_events_say(tree):
    ahead = futures(tree, *PAIR, seed=1, horizon=small.ORIGIN + 1)
    said, _ = event_tables.tables(events.answers(ahead))
    said = said[(said["event"] == "capacity_crossover") & (said["kind"] == "state")]
    found = levels.levels(ahead).query("headline == 1")
    assert said["probability"].tolist() == pytest.approx(found["probability"].tolist())
    assert said["mc_error"].tolist() == pytest.approx(found["mc_error"].tolist())


def test_the_chosen_convention_is_the_draws_as_they_are(tree):
    ahead = futures(tree, *PAIR, seed=2, horizon=small.ORIGIN + 1)
    theta = ahead["theta_past"].isel(year=-1)
    gap = theta.sel(country="CHN") - theta.sel(country="RUS")
    row = singles(tree, seed=2).iloc[0]
    assert row["probability"] == pytest.approx(float((gap > 0).mean()))
    assert row["gap_median"] == pytest.approx(float(gap.median()), abs=1e-5)


def test_all_conventions_move_alike_but_that_of_a_war_which_ends(tree):
    ahead = futures(tree, *PAIR, seed=2, horizon=small.ORIGIN + 12)
    now = conventions.past(ahead).sel(year=small.ORIGIN)
    moved = conventions.ahead(ahead).isel(scenario=0) - now
    chosen = moved.sel(convention="chosen")
    for name in moved["convention"].values:
        if name != conventions.WAR:
            np.testing.assert_allclose(moved.sel(convention=name), chosen, atol=1e-5)
    ended = ahead["war_gap"].isel(scenario=0) == 0.0
    assert 0.2 < float(ended.mean()) < 1.0
    effect = ahead["convention_shift"].sel(convention=conventions.WAR)
    expected = chosen + xr.where(ended, effect, 0.0)
    np.testing.assert_allclose(
        moved.sel(convention=conventions.WAR).transpose(*expected.dims), expected, atol=1e-5
    )


def test_of_a_recipient_that_exports_nothing_effort_alone_is_its_level_but_for_its_own(tree):
    """What effort leaves of its capacity, and its own effect of R&D, are drawn: both vary."""
    _, _, found = gaps(tree, ("RUS", "IND"))
    assert set(found) == set(levels.DESCRIPTIONS) - NEED_EXPORTS
    assert np.std(found["effort_only"] - found[levels.CHOSEN]) > 0.01


def test_conventions_that_need_exports_are_left_out_where_one_has_none(tree):
    offered = set(singles(tree, ("RUS", "IND"))["alternative"])
    assert offered == set(levels.DESCRIPTIONS) - NEED_EXPORTS


def test_the_war_is_offered_only_where_one_of_them_is_at_war(tree):
    assert "war_counted" in set(singles(tree)["alternative"])
    assert "war_counted" not in set(singles(tree, ("FRA", "CHN"))["alternative"])


def test_common_customers_are_left_out_where_there_are_none(tree):
    inputs = tree["constant_data"].to_dataset()
    placed = no_orders(tree)
    placed[at(inputs, SUPPLIER, "RUS"), at(inputs, RECIPIENT, "IND")] = 5.0
    placed[at(inputs, SUPPLIER, "CHN"), at(inputs, RECIPIENT, "VNM")] = 5.0
    offered = set(singles(with_orders(tree, placed))["alternative"])
    assert offered == set(levels.DESCRIPTIONS) - {"common_customers"}


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
