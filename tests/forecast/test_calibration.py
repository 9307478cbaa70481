"""Checks of a fit: they pass what is right, and name what is not."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import DRAW, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.forecast import (
    calibration,
    cluster,
    events,
    fit,
    market,
    predictive_checks,
    sensitivity,
    simulate,
    simulated_worlds,
)
from crossover.models.inputs import with_orders
from crossover.models.order_book import ORDER_PERIOD, REMEMBERED
from crossover.reports.cli import app
from tests import small


@pytest.fixture(scope="module")
def whole(world, tree):
    """Return prior draws posing as a fit, with their log densities."""
    posterior = tree["posterior"].to_dataset()
    return xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "constant_data": tree["constant_data"].to_dataset(),
            "log_prior": fit.log_prior(posterior, world.priors),
            "log_likelihood": market.log_likelihood(posterior, world.inputs) * 0.001,
        }
    )


def of_truth(world):
    """Return the one draw a world came from, forty times."""
    posterior = small.posterior(world.inputs, world.priors, [world.truth] * 40, 1)
    return xr.DataTree.from_dict(
        {"posterior": posterior, "constant_data": fit.storable(world.inputs)}
    )


@pytest.fixture(scope="module")
def true_tree(world):
    return of_truth(world)


# Predictive checks.


def test_data_drawn_from_the_truth_look_like_the_data(true_tree):
    found = predictive_checks.predictive(true_tree, "posterior", seed=1, draws=40)
    assert set(found["kind"]) == {"posterior"}
    tested = found[found["tail"].notna()]
    # Of some twenty figures with forty replicates each, few lie beyond all of them.
    assert (tested["tail"] > 0).sum() >= len(tested) - 3
    held = found[found["tail"].isna()].set_index("check")["observed"]
    for mass in ("50", "90"):
        near = held[f"{mass} % intervals that hold, all pairs"]
        # Some 300 pairs and periods, of forty replicates each.
        assert near == pytest.approx(float(mass) / 100, abs=0.12)


def test_data_of_another_size_are_told_apart(true_tree):
    inputs = true_tree["constant_data"].to_dataset()
    odd = inputs.assign(placed=inputs["placed"] * 20.0)
    wrong = xr.DataTree.from_dict(
        {"posterior": true_tree["posterior"].to_dataset(), "constant_data": odd}
    )
    # Memory would follow: what is predicted rests on the orders before, as they were.
    drawn = predictive_checks.replicate(true_tree, seed=1, draws=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictive_checks, "replicate", lambda tree, **_: drawn)
        found = predictive_checks.predictive(wrong, "posterior", seed=1, draws=40)
    found = found.set_index("check")
    name = "orders of the world in a period, mean"
    assert not found.loc[name, "passed"]
    assert found.loc[name, "observed"] > found.loc[name, "q95"]
    assert not found.loc["90 % intervals that hold, all pairs", "passed"]


def test_orders_of_each_supplier_are_summed_over_buyers_and_periods():
    placed = np.zeros((2, 2, 7))
    placed[0, 1] = np.arange(7.0)
    placed[1, 0, 0] = 9.0
    found = predictive_checks.of_suppliers(np.stack([placed, 2 * placed]), ["RUS", "CHN"])
    assert found == {
        "orders won by RUS, whole window": pytest.approx([21.0, 42.0]),
        "orders won by RUS, last two periods": pytest.approx([11.0, 22.0]),
        "orders won by CHN, whole window": pytest.approx([9.0, 18.0]),
        "orders won by CHN, last two periods": pytest.approx([0.0, 0.0]),
    }


def test_figures_of_one_replicate_are_those_of_the_same_data():
    placed = np.zeros((2, 2, 4))
    placed[0, 1] = [10.0, 0.0, 10.0, 20.0]
    found = predictive_checks.figures(placed)
    assert found["share of pairs and periods with an order"] == pytest.approx(3 / 16)
    assert found["orders of the world in a period, mean"] == pytest.approx(10.0)
    assert found["most orders of a pair in a period"] == 20.0
    assert found["share of the largest supplier"] == pytest.approx(1.0)
    again = "share of pairs with an order that order again in the next period"
    assert found[again] == pytest.approx(1 / 2)
    twice = predictive_checks.figures(np.stack([placed, placed]))
    for name, value in found.items():
        assert twice[name] == pytest.approx(np.array([value, value])), name


def test_the_prior_is_checked_by_what_it_offers(true_tree):
    found = predictive_checks.predictive(true_tree, "prior", seed=2, draws=20)
    assert set(found["kind"]) == {"prior"}
    assert found["tail"].notna().all()


def test_movements_of_deliveries_are_compared_by_supplier(true_tree):
    found = predictive_checks.dynamics(true_tree, seed=3, draws=10)
    suppliers = [c for c in true_tree["constant_data"][SUPPLIER].values if c != REST]
    assert len(found) == len(predictive_checks.MOVES) * (len(suppliers) + 1)
    sums = found[found["check"].str.contains("suppliers inside")]
    for name, row in zip(predictive_checks.MOVES, sums.itertuples(), strict=True):
        own = found[found["check"].str.startswith(f"{name}, exports of")]
        assert row.observed == own["passed"].sum()
        assert row.passed == (own["passed"].sum() >= predictive_checks.INSIDE * len(suppliers))


def test_figures_of_movement_are_those_by_hand():
    tiv = np.zeros((1, 2, 4))
    tiv[0, 0] = [3.0, 3.0, 0.0, 3.0]
    found = {name: float(measure(tiv)[0]) for name, measure in predictive_checks.MOVES.items()}
    level = np.log1p([3.0, 3.0, 0.0, 3.0])
    assert found == {
        "log change from year to year, sd": pytest.approx(np.diff(level).std()),
        "share of customers and years without a delivery": pytest.approx(5 / 8),
        "delivery after a delivery": pytest.approx(1 / 2),
        "correlation of a year with the next": pytest.approx(
            ((level - level.mean())[1:] * (level - level.mean())[:-1]).sum()
            / ((level - level.mean()) ** 2).sum()
        ),
    }


# Sensitivity.


@pytest.fixture(scope="module")
def answered(whole):
    return events.answers(simulate.futures(whole, "RUS", "CHN", seed=3, horizon=2030))


def test_each_event_says_how_far_priors_and_data_move_it(whole, answered):
    found = sensitivity.sensitivity(whole, answered)
    assert {"event", "year", "probability", "prior", "likelihood", "weigh_most"} <= set(found)
    assert set(found["year"]) <= {2017, 2022, 2032}
    assert found["probability"].between(0.0, 1.0, inclusive="neither").all()
    assert (found[["prior", "likelihood"]] >= 0).all().all()
    names = {w.rsplit(" ", 1)[0] for row in found["weigh_most"] for w in row.split("; ")}
    assert names <= set(whole["log_prior"].data_vars)
    assert (found["influential"] == (found["prior"] > sensitivity.SENSITIVE)).all()


def test_a_quantity_that_its_prior_decides_is_called_influenced(whole, answered):
    """An indicator of a parameter itself moves with that parameter's prior, and is said to."""
    lead = whole["posterior"]["parameters"].sel(parameter="rd_within").values.ravel() > 0.6
    name = "capacity_crossover"
    years = answered[name]["year"].values
    own = xr.Dataset(
        {name: ((DRAW, "scenario", YEAR), np.repeat(lead[:, None, None], len(years), axis=2))},
        coords={"scenario": ["baseline"], YEAR: years}, attrs=answered.attrs,
    )  # fmt: skip
    found = sensitivity.sensitivity(whole, own)
    assert found["weigh_most"].str.contains("rd_within ").all()
    assert found["influential"].all()


def test_events_on_which_all_draws_agree_are_left_out(whole, answered):
    sure = answered.map(lambda values: values | True)
    assert sensitivity.sensitivity(whole, sure).empty


# Calibration by simulation.


@pytest.fixture(scope="module")
def panel():
    return simulated_worlds.small_panel()


def test_the_small_world_is_of_real_countries(panel):
    assert [str(s) for s in panel[SUPPLIER].values] == list(simulated_worlds.SMALL_SUPPLIERS)
    assert [str(r) for r in panel[RECIPIENT].values] == list(simulated_worlds.SMALL_RECIPIENTS)
    assert int(panel[YEAR].max()) == simulated_worlds.SMALL_LAST


@pytest.fixture(scope="module")
def one(world):
    return simulated_worlds.one_world(world.panel, world.priors, seed=4)


def test_a_world_is_drawn_anew_from_its_seed(world, one):
    again = simulated_worlds.one_world(world.panel, world.priors, seed=4)
    assert one.inputs["placed"].identical(again.inputs["placed"])
    for name, values in one.truth.items():
        np.testing.assert_array_equal(values, again.truth[name], err_msg=name)


def test_a_drawn_world_keeps_what_is_given_and_draws_the_rest(world, one):
    inputs, orders = with_orders(world.panel, world.priors)
    before = {ORDER_PERIOD: slice(None, REMEMBERED)}
    assert one.inputs["placed"].isel(before).equals(inputs["placed"].isel(before))
    assert not one.inputs["placed"].equals(inputs["placed"])
    able = inputs["possible"].values.astype(bool)
    after = one.inputs["placed"].transpose(SUPPLIER, RECIPIENT, ORDER_PERIOD).values
    assert (after[~able][:, REMEMBERED:] == 0).all()
    given = ["year", "state", "age", "left", "since", "span", "ending"]
    pd.testing.assert_frame_equal(one.orders.followed[given], orders.followed[given])
    came = one.orders.followed
    assert (came.loc[came["any"], "tiv"] > 0).all()
    assert (came.loc[~came["any"], "tiv"] == 0).all()
    assert np.isfinite(one.orders.sizes[["log_tiv", "log_units"]]).all().all()


def test_a_truth_is_ranked_among_the_draws_of_its_parameters_and_its_gap(world, one):
    rng = np.random.default_rng(5)
    posterior = small.tree(world, draws=60, chains=2, seed=9)["posterior"].to_dataset()
    some = posterior.sel(parameter=["rd_within", "memory"])
    found = calibration._ranks(some, one.truth, rng)
    assert set(found) == {"rd_within", "memory", "capacity gap"}
    assert all(0.0 < value < 1.0 for value in found.values())
    far = one.truth | {"rd_within": np.array([1e9])}
    assert calibration._ranks(some, far, rng)["rd_within"] > 0.98


def test_ranks_of_a_wrong_posterior_are_rejected():
    rng = np.random.default_rng(6)
    table = pd.DataFrame(
        {
            "right": rng.random(60),
            "biased": rng.beta(3, 1, 60),
            "too narrow": rng.beta(0.25, 0.25, 60),
            "too wide": rng.beta(5, 5, 60),
        }
    )
    found = calibration.uniformity(table).set_index("quantity")
    assert found.loc["right", "passed"]
    assert not found.loc[["biased", "too narrow", "too wide"], "passed"].any()
    assert found.loc["biased", "mean"] > 0.6
    assert found.loc["too narrow", "sd"] > 0.33
    assert found.loc["too narrow", "in_90"] < 0.85


def test_many_calibrated_quantities_are_seldom_rejected():
    rng = np.random.default_rng(7)
    rejected = sum(
        not calibration.uniformity(pd.DataFrame(rng.random((20, 30))))["passed"].all()
        for _ in range(60)
    )
    # One in a hundred of 60 is 0.6; four or more come about by chance once in 300 times.
    assert rejected < 4


def test_a_share_below_is_uniform_with_ties_too():
    rng = np.random.default_rng(8)
    values = np.repeat([0.0, 1.0], 50)
    found = np.array([calibration.share_below(values, float(rng.integers(2)), rng)
                      for _ in range(4000)])  # fmt: skip
    # 4,000 draws: the standard error of a decile's share is 0.005.
    shares = np.histogram(found, bins=10, range=(0, 1))[0] / 4000
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.025)


@pytest.fixture
def stand_in(monkeypatch, world, tree):
    """Replace fits by ranks from nowhere, and workers by a loop; return what was begun."""
    begun = []

    def run(tasks, finished, **_):
        for task in tasks:
            begun.append(task.name)
            k = task.args[0]
            u = np.random.default_rng(k).random(3)
            names = ("memory", "rd_within", "event x")
            finished(task.name, dict(zip(names, u, strict=True)) | {"divergences": 0, "rhat": 1.0})
        return {}

    monkeypatch.setattr(cluster, "run", run)
    monkeypatch.setattr(simulated_worlds, "small_panel", lambda folder: world.panel)
    return begun


def test_simulations_are_kept_and_more_can_be_asked_for(stand_in, tmp_path, capsys):
    out = tmp_path / "sbc"
    words = ("check", "--store", str(tmp_path), "--out", str(out), "--sbc")
    assert app.main([*words, "6"]) == 0
    assert app.main([*words, "9"]) == 0
    assert stand_in == [f"{k:04d}" for k in range(9)]
    table = pd.read_csv(out / "sbc.csv")
    assert set(table["quantity"]) == {"memory", "rd_within", "event x"}
    assert (table["simulations"] == 9).all()
    assert "sbc.csv" in capsys.readouterr().out


def test_simulations_of_another_seed_are_not_mixed(stand_in, tmp_path, capsys):
    words = ("check", "--store", str(tmp_path), "--out", str(tmp_path / "s"), "--sbc", "2")
    assert app.main([*words, "--seed", "1"]) == 0
    assert app.main([*words, "--seed", "2"]) == 2
    assert "another seed" in capsys.readouterr().err


def test_tables_are_refused_where_a_file_stands(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        calibration.write(tmp_path / "x" / "y", {})
