"""Checks of a fit: they pass what is right, and name what is not."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data.errors import InputError
from data.names import CHAIN, DRAW, RECIPIENT, SUPPLIER, YEAR
from forecast import calibration, cli, cluster, events, fit, runs, simulate
from models.priors import order
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
            "log_likelihood": simulate.log_likelihood(posterior, world.inputs) * 0.001,
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
    found = calibration.predictive(true_tree, "posterior", seed=1, draws=40)
    assert set(found["kind"]) == {"posterior"}
    tested = found[found["tail"].notna()]
    # Of 21 figures with forty replicates each, one or two beyond all are no surprise.
    assert (tested["tail"] > 0).sum() >= len(tested) - 2
    held = found[found["tail"].isna()].set_index("check")["observed"]
    for mass in ("50", "90"):
        near = held[f"{mass} % intervals that hold, all pairs"]
        # Some 800 pair-years, of forty replicates each.
        assert near == pytest.approx(float(mass) / 100, abs=0.06)


def test_data_of_another_size_are_told_apart(true_tree):
    inputs = true_tree["constant_data"].to_dataset()
    odd = inputs.assign(deliveries=inputs["deliveries"] * 20.0)
    wrong = xr.DataTree.from_dict(
        {"posterior": true_tree["posterior"].to_dataset(), "constant_data": odd}
    )
    found = calibration.predictive(wrong, "posterior", seed=1, draws=40).set_index("check")
    assert not found.loc["world volume, mean year", "passed"]
    assert found.loc["world volume, mean year", "observed"] > found.loc[
        "world volume, mean year", "q95"
    ]
    assert not found.loc["90 % intervals that hold, all pairs", "passed"]


def test_exports_of_each_supplier_are_summed_over_buyers_and_years():
    tiv = np.zeros((2, 2, 7))
    tiv[0, 1] = np.arange(7.0)
    tiv[1, 0, 0] = 9.0
    found = calibration.of_suppliers(np.stack([tiv, 2 * tiv]), ["RUS", "CHN"])
    assert found == {
        "exports of RUS, whole window": pytest.approx([21.0, 42.0]),
        "exports of RUS, last five years": pytest.approx([20.0, 40.0]),
        "exports of CHN, whole window": pytest.approx([9.0, 18.0]),
        "exports of CHN, last five years": pytest.approx([0.0, 0.0]),
    }


def test_figures_of_one_replicate_are_those_of_the_same_data():
    tiv = np.zeros((2, 2, 4))
    tiv[0, 1] = [10.0, 0.0, 10.0, 20.0]
    found = calibration.figures(tiv)
    assert found["share of pair-years with a delivery"] == pytest.approx(3 / 16)
    assert found["world volume, mean year"] == pytest.approx(10.0)
    assert found["largest delivery of a pair in a year"] == 20.0
    assert found["share of the largest supplier"] == pytest.approx(1.0)
    again = calibration.figures(np.stack([tiv, tiv]))
    for name, value in found.items():
        assert again[name] == pytest.approx(np.array([value, value])), name


def test_the_prior_is_checked_with_the_inputs_of_the_fit(world, true_tree):
    offered = calibration.prior_tree(true_tree, world.priors, seed=2, draws=20)
    found = calibration.predictive(offered, "prior", seed=2, draws=20)
    assert set(found["kind"]) == {"prior"}
    assert found["tail"].notna().all()


# Sensitivity.


@pytest.fixture(scope="module")
def answered(whole):
    return events.answers(simulate.futures(whole, "RUS", "CHN", seed=3, horizon=2030))


def test_each_event_says_how_far_priors_and_data_move_it(whole, answered):
    found = calibration.sensitivity(whole, answered)
    assert {"event", "year", "probability", "prior", "likelihood", "weigh_most"} <= set(found)
    assert set(found["year"]) <= {2017, 2022, 2032}
    assert found["probability"].between(0.0, 1.0, inclusive="neither").all()
    assert (found[["prior", "likelihood"]] >= 0).all().all()
    names = {w.rsplit(" ", 1)[0] for row in found["weigh_most"] for w in row.split("; ")}
    assert names <= set(whole["log_prior"].data_vars)
    assert (found["influential"] == (found["prior"] > calibration.SENSITIVE)).all()


def test_a_quantity_that_its_prior_decides_is_called_influenced(whole, answered):
    """An indicator of a parameter itself moves with that parameter's prior, and is said to."""
    lead = whole["posterior"]["parameters"].sel(parameter="rd_within").values.ravel() > 0.6
    name = "capacity_crossover"
    years = answered[name]["year"].values
    own = xr.Dataset(
        {name: ((DRAW, "scenario", YEAR), np.repeat(lead[:, None, None], len(years), axis=2))},
        coords={"scenario": ["baseline"], YEAR: years}, attrs=answered.attrs,
    )  # fmt: skip
    found = calibration.sensitivity(whole, own)
    assert found["weigh_most"].str.startswith("rd_within ").all()
    assert found["influential"].all()


def test_events_on_which_all_draws_agree_are_left_out(whole, answered):
    sure = answered.map(lambda values: values | True)
    assert calibration.sensitivity(whole, sure).empty


# Calibration by simulation.


@pytest.fixture(scope="module")
def panel():
    return calibration.small_panel()


def test_the_small_world_is_of_real_countries(panel):
    assert [str(s) for s in panel[SUPPLIER].values] == list(calibration.SMALL_SUPPLIERS)
    assert [str(r) for r in panel[RECIPIENT].values] == list(calibration.SMALL_RECIPIENTS)
    assert int(panel[YEAR].max()) == calibration.SMALL_LAST


def test_deliveries_follow_from_the_truth_they_are_drawn_from(world, true_tree):
    truth = calibration.one_truth(true_tree, 0)
    first, again, other = (
        calibration.with_deliveries(world.panel, truth, world.priors, seed=s)["tiv"]
        for s in (1, 1, 2)
    )
    assert first.identical(again)
    assert not first.identical(other)
    assert (first.sel(year=slice(None, 1991)) == 0).all()
    assert float(first.sel(supplier="RUS", recipient="RUS").sum()) == 0.0
    # The same truth as the panel's own deliveries, drawn there by code of its own: the mean log
    # volume of 20 worlds lies within the spread of single worlds.
    total = [
        np.log(float(calibration.with_deliveries(world.panel, truth, world.priors, seed=s)["tiv"]
                     .sum()))
        for s in range(20)
    ]  # fmt: skip
    assert np.log(float(world.panel["tiv"].sum())) == pytest.approx(
        np.mean(total), abs=4 * np.std(total)
    )


def test_ranks_are_uniform_if_the_posterior_is_what_truths_are_drawn_from(world):
    rng = np.random.default_rng(5)
    truths = small.tree(world, draws=40, chains=1, seed=8)
    said = small.tree(world, draws=60, chains=2, seed=9)
    calibrated = [
        calibration.ranks(calibration.one_truth(truths, k), said, world.priors, rng)
        for k in range(40)
    ]
    table = pd.DataFrame(calibrated)
    assert set(order(world.priors)) | {"capacity gap"} < set(table)
    assert {"event capacity_crossover", "event export_crossover"} <= set(table)
    found = calibration.uniformity(table)
    # One posterior for all truths: its own error of 1/sqrt(99) sd is shared by all ranks.
    assert found["passed"].mean() > 0.95
    assert found["p_holm"].min() > 1e-4


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
    monkeypatch.setattr(calibration, "truths", lambda *a, draws, **k: small.tree(
        world, draws=draws, chains=1))  # fmt: skip
    monkeypatch.setattr(calibration, "small_panel", lambda folder: world.panel)
    return begun


def test_simulations_are_kept_and_more_can_be_asked_for(stand_in, tmp_path, capsys):
    out = tmp_path / "sbc"
    words = ("check", "--store", str(tmp_path), "--out", str(out), "--sbc")
    assert cli.main([*words, "6"]) == 0
    assert cli.main([*words, "9"]) == 0
    assert stand_in == [f"{k:04d}" for k in range(9)]
    table = pd.read_csv(out / "sbc.csv")
    assert set(table["quantity"]) == {"memory", "rd_within", "event x"}
    assert (table["simulations"] == 9).all()
    assert "sbc.csv" in capsys.readouterr().out


def test_simulations_of_another_seed_are_not_mixed(stand_in, tmp_path, capsys):
    words = ("check", "--store", str(tmp_path), "--out", str(tmp_path / "s"), "--sbc", "2")
    assert cli.main([*words, "--seed", "1"]) == 0
    assert cli.main([*words, "--seed", "2"]) == 2
    assert "another seed" in capsys.readouterr().err


def test_a_worker_ranks_a_truth_in_a_fit_of_its_world(world, tree, monkeypatch):
    got = {}

    def fitted(panel, priors, **options):
        got.update(panel=panel, options=options)
        stats = xr.Dataset({"diverging": ((CHAIN, DRAW), np.zeros((2, 40), bool))})
        return xr.DataTree.from_dict(
            {
                "posterior": tree["posterior"].to_dataset(), "sample_stats": stats,
                "constant_data": tree["constant_data"].to_dataset(),
            }
        )  # fmt: skip

    compiled = []
    monkeypatch.setattr(fit, "fit", fitted)
    monkeypatch.setattr(fit, "reusable", lambda *given: compiled.append(given) or "compiled")
    monkeypatch.setattr(calibration, "_COMPILED", {})
    truth = calibration.one_truth(small.tree(world, draws=2, chains=1), 1)
    entries = (dict(world.priors.variables), dict(world.priors.constants))
    found = calibration.calibrate_one(3, world.panel, truth, entries, 10, {"draws": 5})
    assert got["options"]["seed"] == 13
    assert got["options"]["cores"] == 1
    assert got["options"]["compiled"] == "compiled"
    assert float(got["panel"]["tiv"].sum()) > 0
    calibration.calibrate_one(4, world.panel, truth, entries, 10, {"draws": 5})
    assert len(compiled) == 1
    calibration.calibrate_one(5, world.panel.isel(year=slice(1, None)), truth, entries, 10, {})
    assert len(compiled) == 2
    ranked = {k: v for k, v in found.items() if k not in ("divergences", "rhat")}
    assert all(0 < value < 1 for value in ranked.values())
    json.dumps(runs.plain(found), allow_nan=False)


def test_tables_are_refused_where_a_file_stands(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        calibration.write(tmp_path / "x" / "y", {})
