"""What is said of the hazard: on draws about the truth, by hand, and on one very short fit."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.dyads import LAST_DISPUTE
from crossover.data.errors import InputError
from crossover.data.tables import read, write
from crossover.forecast import gate, pairs, partnership_checks, partnership_validation
from crossover.forecast import partnership as room
from crossover.forecast.shipped import KHAT
from crossover.models import alliance_rows
from crossover.models import partnership as model
from crossover.models.covariates import CONTROLS, THESIS
from crossover.models.priors import order
from tests import history, short_paths, small

PRIORS = model.load()
OUTCOME = 2
"""Seed of what came of the small history."""


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return history.covariate_rows(1)


@pytest.fixture(scope="module")
def inputs(rows) -> xr.Dataset:
    came = history.with_outcome(rows, PRIORS, history.EFFECTS, OUTCOME)
    return alliance_rows.prepare(history.records(came), "downturn", PRIORS)


@pytest.fixture(scope="module")
def tree(rows, inputs) -> xr.DataTree:
    """Return draws about the truth, as from a fit: two chains of 250."""
    return history.mock_fit(inputs, PRIORS, rows, OUTCOME)


@pytest.fixture(scope="module")
def short_fit(inputs) -> xr.DataTree:
    """Return a real fit, too short to be near the truth."""
    with short_paths.in_place():
        return room.fit(inputs, PRIORS, seed=small.SEED, **short_paths.STEPS)


def test_a_fit_has_the_shape_of_the_draws_that_later_steps_are_tested_on(short_fit, tree, inputs):
    posterior = short_fit["posterior"].to_dataset()
    for name, values in tree["posterior"].data_vars.items():
        assert posterior[name].dims == values.dims, name
        assert posterior[name].shape[2:] == values.shape[2:], name
    assert posterior["treaty_effect"].sizes["treaty"] == inputs.sizes["treaty"]
    assert gate.judge(short_fit)["quantities"] > 50
    for values in posterior.data_vars.values():
        assert np.isfinite(values.values).all()


def test_effects_stand_beside_their_priors(tree):
    table = room.effects(tree, PRIORS).set_index("effect")
    assert set(model.COVARIATES) < set(table.index)
    speed = table.loc["speed"]
    assert speed["q05"] < speed["q25"] < speed["median"] < speed["q75"] < speed["q95"]
    assert speed["prior_median"] == pytest.approx(1.0, abs=0.01)
    by_draws = np.exp(np.quantile(model.prior_draws(PRIORS, "speed"), 0.95))
    assert speed["prior_q95"] == pytest.approx(by_draws)
    assert table.loc["recent", "prior_q95"] == pytest.approx(np.exp(1.645), rel=0.05)
    assert table["supported"].equals((table["q05"] > 1) | (table["q95"] < 1))
    fall = table.loc["junior_falling"]
    assert fall["prior_q95"] > speed["prior_q95"]


def test_chains_are_laid_end_to_end_and_thinned(tree):
    posterior = room.flat(tree)
    assert posterior.sizes["draw"] == 500
    assert room.flat(tree, 100).sizes["draw"] == 100
    first = tree["posterior"]["parameters"].isel(chain=1, draw=0).values
    np.testing.assert_allclose(posterior["parameters"].isel(draw=250).values, first)


def test_leaving_a_treaty_out_is_weighting_with_the_inverse_of_its_likelihood(tree, inputs):
    """That it is what a fit without the treaty says is tested in the slow lane."""
    table = partnership_checks.influence(tree, ("speed", "recent"))
    assert len(table) == 2 * inputs.sizes["treaty"]
    assert (table["shift"].abs().diff().dropna() <= 1e-9).all()
    assert table["khat"].max() < KHAT
    top = table.iloc[0]
    draws = room.flat(tree)
    record = model.treaty_effects(draws, inputs, seed=0)[0].sel(treaty=top["treaty"]).values
    weight = np.exp(record.min() - record)
    values = model.by_name(draws)[top["effect"]].values
    by_hand = (weight * values).sum() / weight.sum()
    # The largest weights are smoothed; by how little is the same on every machine.
    assert top["without"] == pytest.approx(by_hand, abs=0.02 * values.std())
    assert top["shift"] == pytest.approx((top["without"] - values.mean()) / values.std())


def test_a_refit_is_asked_for_only_where_weights_fail(tree):
    asked = []
    table = partnership_checks.influence(tree, ("speed",), refit=asked.append)
    assert asked == [] and not table["refitted"].any()


def test_counts_of_a_right_model_lie_in_their_bands(tree):
    table = partnership_checks.check_counts(tree, seed=1, draws=300)
    assert list(table["group"].unique()) == ["all", "era", "class"]
    whole = table.iloc[0]
    assert whole["q05"] <= whole["observed"] <= whole["q95"]
    # In sample, so a little above nominal; four standard errors.
    assert abs(whole["inside_90"] - 0.9) < 4 * whole["nominal_error_90"]


def test_calibration_has_a_row_a_decile_and_loses_no_pair_year(tree, inputs):
    table = partnership_checks.calibration(tree, seed=1, draws=300)
    assert list(table["decile"]) == list(range(1, 11))
    assert table["pair_years"].sum() == inputs.sizes["pair_year"]
    assert table["observed"].sum() == int(inputs["event"].sum())
    assert table["expected"].is_monotonic_increasing


def test_variants_know_less_and_less(inputs):
    era = partnership_validation.variant(inputs, "era")
    assert float(abs(era["covariates"]).sum()) == 0.0
    assert set(era["treaty_at"].values) == {0} and era.sizes == inputs.sizes
    controls = partnership_validation.variant(inputs, "controls")
    assert float(abs(controls["covariates"].sel(covariate=list(THESIS))).sum()) == 0.0
    one = partnership_validation.variant(inputs, "speed")["covariates"]
    xr.testing.assert_identical(
        one.sel(covariate=["speed", *CONTROLS]),
        inputs["covariates"].sel(covariate=["speed", *CONTROLS]),
    )
    others = [name for name in THESIS if name != "speed"]
    assert float(abs(one.sel(covariate=others)).sum()) == 0.0
    full = partnership_validation.variant(inputs, "full")
    xr.testing.assert_identical(full["covariates"], inputs["covariates"])


def test_a_comparison_gives_the_uncertainty_of_the_difference(inputs):
    random = np.random.default_rng(1)
    base = random.normal(-0.3, 0.1, inputs.sizes["pair_year"])
    scores = xr.DataArray(
        [base, base - 0.01, base + random.normal(0, 0.05, base.size)],
        dims=("variant", "pair_year"),
        coords={"variant": ["controls", "era", "speed"]},
    )
    table = partnership_validation.compare(scores, inputs, seed=1).set_index("better")
    assert table.loc["controls", "difference"] == pytest.approx(0.01 * base.size)
    assert table.loc["controls", "than"] == "era" and bool(table.loc["controls", "beats"])
    noise = table.loc["speed"]
    assert noise["than"] == "controls"
    assert noise["treaties_q05"] < noise["difference"] < noise["treaties_q95"]


def test_deciles_of_decades_left_out_hold_what_was_forecast_and_what_came(inputs):
    event = inputs["event"].values
    chance = np.linspace(0.01, 0.3, event.size)
    scores = xr.DataArray(
        np.log(np.where(event > 0, chance, 1 - chance))[None],
        dims=("variant", "pair_year"), coords={"variant": ["full"]},
    )  # fmt: skip
    table = partnership_validation.calibration_left_out(scores, inputs)
    assert table["observed"].sum() == event.sum()
    assert table["expected"].sum() == pytest.approx(chance.sum())
    assert table["expected"].is_monotonic_increasing
    assert (table["q05"] <= table["expected"]).all() and (table["expected"] <= table["q95"]).all()


def test_base_rates_count_events_and_pair_years_by_era(inputs):
    table = room.base_rates({"downturn": inputs, "incident": inputs})
    own = table[table["outcome"] == "downturn"].set_index("era")
    assert own.loc["all", "events"] == int(inputs["event"].sum())
    assert own.drop("all")["pair_years"].sum() == inputs.sizes["pair_year"]
    everything = own.loc["all"]
    assert everything["rate"] == everything["events"] / everything["pair_years"]
    assert everything["q05"] < everything["rate"] < everything["q95"]
    # Of an era without a pair-year there is no rate.
    assert own[own["pair_years"] == 0]["rate"].isna().all()


@pytest.fixture(scope="module")
def posterior() -> xr.Dataset:
    """Draws made by hand, with the pair's own treaty among the treaties."""
    random = np.random.default_rng(1)
    names = order(PRIORS)
    values = random.normal(0, 0.1, (50, len(names)))
    values[:, names.index("intercept")] -= 4.0
    values[:, names.index("treaty_sd")] = 0.5
    return xr.Dataset(
        {
            "parameters": (("draw", "parameter"), values),
            "era_effect": (("draw", "era"), random.normal(0, 0.1, (50, 6))),
            "treaty_effect": (("draw", "treaty"), random.normal(0, 0.1, (50, 1))),
        },
        coords={"parameter": names, "era": list(alliance_rows.ERAS), "treaty": ["4980"]},
    )


@pytest.fixture(scope="module")
def pair() -> pairs.Pair:
    return pairs.find("CHN", "RUS")


def test_the_pair_of_the_thesis_stands_in_the_shipped_tables(pair):
    assert (pair.country1, pair.country2, pair.treaty) == ("RUS", "CHN", "4980")
    assert (pair.allied_since, pair.last_power_year) == (2001, 2022)
    assert pair.major1 == pair.major2 == pair.autocracy1 == pair.autocracy2 == 1
    assert pair.rivals == 0
    assert pair.log_ratio[2022] == pytest.approx(-1.81, abs=0.01)


@pytest.mark.parametrize("other", ["CHN", "RUS"])
def test_a_pair_allied_after_the_record_of_disputes_has_the_end_of_that_record(other):
    found = pairs.find(other, "PAK")
    assert found.allied_since == 2015 and found.disputes == ()
    assert found.last_dispute_year == LAST_DISPUTE < found.allied_since


def test_a_country_of_which_something_is_not_on_record_is_named(tmp_path):
    for table in ("alliance_dyads", "capabilities", "rivalries"):
        rows = read(table)
        if table == "capabilities":
            rows = [r._replace(autocracy=None) if r.country == "PAK" else r for r in rows]
            rows = [r for r in rows if r.country != "USA" or r.year < 1950]
            rows = [r for r in rows if r.country != "FRA" or r.year >= 1950]
        write(table, rows, tmp_path)
    with pytest.raises(InputError, match="no regime of Pakistan is on record"):
        pairs.find("CHN", "PAK", tmp_path)
    with pytest.raises(InputError, match="power of the United States and France on record"):
        pairs.find("USA", "FRA", tmp_path)


def test_a_pair_without_a_treaty_is_not_found():
    assert pairs.find("RUS", "SAU") is None
    with pytest.raises(InputError, match="no power of QQQ"):
        pairs.find("RUS", "QQQ")


def test_covariates_of_a_year_on_record_are_those_of_the_history(pair):
    row = next(
        r for r in read("alliance_dyads", where={"state1": ["RUS"], "state2": ["CHN"]})
        if r.year == 2010
    )
    table = alliance_rows.prepare([row], "downturn", PRIORS)["covariates"].isel(pair_year=0)
    found = pairs.covariates(pair, PRIORS, np.array([2010]), overrides={
        "common_rivals": row.common_rivals, "rivals": row.rivals,
    }).isel(year_future=0, drop=True)  # fmt: skip
    # The table's ratios have three decimals.
    np.testing.assert_allclose(found.sel(covariate=table["covariate"]), table, atol=2e-3)


def hazard(posterior, pair, priors, years, paths=None, overrides=None):
    """Return the yearly hazard of a pair, as from its covariates."""
    values = pairs.covariates(pair, priors, years, paths, overrides)
    return pairs.hazard_given(posterior, pair, values, seed=1)


def test_hazards_follow_paths_and_overrides(posterior, pair):
    years = np.arange(2023, 2028)
    path = xr.DataArray(
        np.full((20, 6), -1.8), dims=("draw", "year_future"),
        coords={"year_future": np.arange(2022, 2028)},
    )  # fmt: skip
    quiet = hazard(posterior, pair, PRIORS, years, path)
    assert quiet.dims == ("draw", "year_future") and quiet.shape == (20, 5)
    assert ((quiet > 0) & (quiet < 1)).all()
    never = hazard(posterior, pair, PRIORS, years, path, overrides={"rivals": 1})
    assert not np.allclose(never, quiet)
    again = hazard(posterior, pair, PRIORS, years, path)
    xr.testing.assert_identical(again, quiet)
    with pytest.raises(InputError, match="'weather'"):
        pairs.covariates(pair, PRIORS, years, path, {"weather": 1})
    with pytest.raises(InputError, match="neither on record nor simulated"):
        hazard(posterior, pair, PRIORS, np.array([2040]), path)


def test_a_treaty_that_the_history_has_not_seen_gets_a_fresh_effect(posterior, pair):
    unknown = pair._replace(treaty="9999")
    known = hazard(posterior, pair, PRIORS, np.array([2023]))
    fresh = hazard(posterior, unknown, PRIORS, np.array([2023]))
    assert float(np.log(fresh).std()) > float(np.log(known).std())


def test_the_hazard_by_hand_adds_up(posterior, pair):
    table = pairs.by_hand(posterior, pair, PRIORS, 2023)
    terms = table[~table["term"].isin(["sum", "hazard"])]
    total = float(table.loc[table["term"] == "sum", "product"].iloc[0])
    assert (terms["value"] * terms["coefficient"]).sum() == pytest.approx(total)
    hazard = float(table.loc[table["term"] == "hazard", "product"].iloc[0])
    assert hazard == pytest.approx(1 - np.exp(-np.exp(total)))


def test_every_term_of_the_model_stands_in_the_example(posterior, pair):
    table = pairs.by_hand(posterior, pair, PRIORS, 2023)
    assert set(model.COVARIATES) < set(table["term"])
    assert {"intercept", "era: after", "treaty: 4980"} < set(table["term"])
    assert isinstance(table, pd.DataFrame)
