"""From futures to the partnership: on posteriors made by hand and the shipped record."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import BASELINE, COOLING, DOWNTURN, INCIDENT
from crossover.data.tables import read
from crossover.forecast import (
    coupling,
    differences,
    event_tables,
    junior,
    pairs,
    partnership_tables,
    scenarios,
)
from crossover.models import alignment as votes
from crossover.models import alliance_rows
from crossover.models import partnership as model
from crossover.models.priors import order

PRIORS = model.load()
ORIGIN, HORIZON = 2024, 2034
AHEAD = np.arange(ORIGIN + 1, HORIZON + 1)
DRAWS = 200
HEAD = '[scenario]\ntitle = "Own"\ndescription = "A test."\n'
WHY = 'reason = "A test."\nsource = "None."\n'
APART = scenarios.parse(
    HEAD + "[path.a]\nvariable = 'common_rival'\ncountry = 'RUS'\npartner = 'CHN'\n"
    f"years = [2028, {HORIZON}]\nprobability = 0.0\n" + WHY
    + "[path.b]\nvariable = 'ideal_point'\ncountry = 'RUS'\n"
    f"years = [2028, {HORIZON}]\nadd = 3.0\n" + WHY,
    "apart", "apart.toml", origin=ORIGIN, horizon=HORIZON,
)  # fmt: skip
SAME = scenarios.Scenario("same", "Same", "Nothing.", (), "")


def posterior(level: float, rng) -> xr.Dataset:
    names = order(PRIORS)
    values = np.zeros((2, 50, len(names)))
    at = {name: k for k, name in enumerate(names)}
    values[..., at["intercept"]] = level + 0.1 * rng.standard_normal((2, 50))
    values[..., at["common_rival"]] = -1.0
    values[..., at["treaty_sd"]] = 0.1
    return xr.Dataset(
        {
            "parameters": (("chain", "draw", "parameter"), values),
            "era_effect": (("chain", "draw", "era"), np.zeros((2, 50, len(alliance_rows.ERAS)))),
            "treaty_effect": (("chain", "draw", "treaty"), np.zeros((2, 50, 1))),
        },
        coords={"parameter": names, "era": list(alliance_rows.ERAS), "treaty": ["4980"]},
    )


@pytest.fixture(scope="module")
def history() -> xr.DataTree:
    rng = np.random.default_rng(1)
    gap = xr.DataArray(
        0.6 + 0.05 * rng.standard_normal((1, 25)), dims=("pair", "year"),
        coords={"pair": ["CHN-RUS"], "year": np.arange(2000, 2025)}, name="gap",
    )  # fmt: skip
    sd = (("chain", "draw", "pair"), np.full((2, 50, 1), 0.03))
    return xr.DataTree.from_dict(
        {
            f"{DOWNTURN}/posterior": posterior(-2.0, rng),
            f"{INCIDENT}/posterior": posterior(-3.0, rng),
            "alignment/posterior": xr.Dataset(
                {"step": sd, "noise": sd}, coords={"pair": ["CHN-RUS"]}
            ),
            "alignment/constant_data": gap.to_dataset(),
        }
    )


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    rng = np.random.default_rng(2)
    codes, years = ["RUS", "CHN", "USA", "FRA", "IND"], np.arange(1990, ORIGIN + 1)
    growth = np.array([0.02, 0.06, 0.025, 0.015, 0.05])[:, None] * (years - 1990)
    noise = 0.02 * np.cumsum(rng.standard_normal((2, 5, len(years))), axis=-1)
    values = np.exp(np.array([28.0, 10.0])[:, None, None] + growth + noise)
    dims = ("country", "year_effort")
    constant = xr.Dataset(
        {"gdp": (dims, values[0]), "milex": (dims, values[1])},
        coords={"country": codes, "year_effort": years},
    )
    return xr.DataTree.from_dict({"constant_data": constant})


@pytest.fixture(scope="module")
def futures(tree) -> xr.Dataset:
    rng = np.random.default_rng(3)
    constant = tree["constant_data"].to_dataset().sel(country=["RUS", "CHN"])
    step = 0.03 + 0.02 * rng.standard_normal((2, DRAWS, 2, len(AHEAD)))
    out = xr.Dataset(
        coords={
            "draw": np.arange(DRAWS), "scenario": [BASELINE, "apart", "same"],
            "country": ["RUS", "CHN"], "year_future": AHEAD, "year": np.arange(1992, ORIGIN + 1),
            "supplier": ["RUS", "CHN"],
        },
        attrs={"supplier": "RUS", "recipient": "CHN", "origin": ORIGIN, "chains": 2},
    )  # fmt: skip
    for k, name in enumerate(("gdp", "milex")):
        past = constant[name].rename(year_effort="year").sel(year=out["year"])
        out[f"{name}_past"] = past
        last = past.sel(year=ORIGIN).values[None, :, None]
        path = last * np.exp(np.cumsum(step[k], axis=-1))
        out[name] = (("draw", "scenario", "country", "year_future"),
                     np.repeat(path[:, None], 3, axis=1))  # fmt: skip
    for name in ("theta", "rd_share"):
        out[name] = out["gdp"] * 0.0 + rng.random((DRAWS, 1, 2, 1))
    for name in ("deliveries", "import_share"):
        out[name] = out["gdp"].isel(country=0, drop=True) * 0.0 + rng.random((DRAWS, 1, 1))
    out["exports"] = (("draw", "scenario", "supplier", "year_future"), out["gdp"].values)
    return out


@pytest.fixture(scope="module")
def found(tree, history, futures) -> coupling.Answers:
    return coupling.answer(tree, history, futures, None, PRIORS, (APART, SAME), seed=7)


def test_every_event_is_answered_from_the_year_after_the_origin(found):
    assert list(found.events) == [DOWNTURN, INCIDENT, COOLING]
    assert not found.reasons
    for name in (DOWNTURN, INCIDENT):
        assert found.events[name].dims == ("draw", "scenario", "year")
        assert not found.events[name].sel(year=ORIGIN).any()
    table, times = event_tables.tables(found.events)
    assert set(table["scenario"]) == {BASELINE, "apart", "same"}
    assert (times["probability_within_horizon"] <= 1).all()


def test_first_downturns_come_at_the_rate_of_the_hazard(found):
    yearly = found.paths["hazard"].sel(event=DOWNTURN, scenario=BASELINE).values
    expected = (1 - np.prod(1 - yearly.astype(float), axis=-1)).mean()
    seen = float(found.events[DOWNTURN].sel(scenario=BASELINE, year=HORIZON).mean())
    # Three binomial standard errors of 200 draws.
    assert abs(seen - expected) < 3 * np.sqrt(expected * (1 - expected) / DRAWS)


def of_two_levels(history, recent: float) -> xr.DataTree:
    """Return the fits with an effect of a recent incident."""
    groups = {}
    for outcome in (DOWNTURN, INCIDENT):
        draws = history[f"{outcome}/posterior"].to_dataset().copy(deep=True)
        draws["parameters"].loc[{"parameter": "recent"}] = recent
        groups[f"{outcome}/posterior"] = draws
    return xr.DataTree.from_dict(groups)


def test_an_incident_raises_both_hazards_for_ten_years_and_no_longer(history):
    years = np.arange(2023, 2051)
    own = pairs.find("RUS", "CHN")
    path = xr.DataArray(
        np.full((50, years.size + 1), own.log_ratio[2022]), dims=("draw", "year_future"),
        coords={"year_future": np.arange(2022, 2051)},
    )  # fmt: skip
    values = pairs.covariates(own, PRIORS, years, path)
    assert not values.sel(covariate="recent").any()  # the last dispute on record is of 2012
    calm, comes = junior.yearly(of_two_levels(history, 0.0), own, [values], 3)
    stirred, again = junior.yearly(of_two_levels(history, 1.0), own, [values], 3)
    for outcome in (DOWNTURN, INCIDENT):
        ratio = np.log1p(-stirred[outcome]) / np.log1p(-calm[outcome])
        for t in range(years.size):
            recent = again[..., max(0, t - 10) : t].any(axis=-1)
            np.testing.assert_allclose(ratio[..., t], np.where(recent, np.e, 1.0), rtol=1e-6)
    # With the same numbers, a higher hazard has every incident that a lower one has.
    assert (again | ~comes).all() and again.sum() > comes.sum() > 0


def test_a_history_without_the_pairs_disputes_differs_in_nothing_else():
    rows = read("alliance_dyads", where={"state1": ["RUS"], "state2": ["CHN", "PRK"]})
    found = junior.without_disputes(rows, ("RUS", "CHN"), [2009, 2012])
    changed = {
        (a.state2, a.year): (b.grade, b.recent)
        for a, b in zip(rows, found, strict=True) if a != b
    }  # fmt: skip
    assert changed.pop(("CHN", 2009)) == (0, 0)
    assert changed.pop(("CHN", 2012)) == (0, 0)
    assert set(changed) == {("CHN", y) for y in range(2010, 2019) if y != 2012}
    assert all(recent == 0 for _, recent in changed.values())


def test_a_scenario_that_changes_nothing_is_the_baseline_to_the_bit(found):
    for name in found.events:
        one, two = (found.events[name].sel(scenario=s).values for s in (BASELINE, "same"))
        assert np.array_equal(one, two)


def test_a_rival_lost_raises_the_hazard_from_the_year_after(found):
    hazard = found.paths["hazard"].sel(event=DOWNTURN)
    ratio = np.log1p(-hazard.sel(scenario="apart")) / np.log1p(-hazard.sel(scenario=BASELINE))
    assert np.allclose(ratio.sel(year_future=slice(None, 2028)), 1.0)
    # The effect of a common rival is a ratio of exp(-1) by hand; single precision.
    assert np.allclose(ratio.sel(year_future=slice(2029, None)), np.e, rtol=1e-4)


def test_votes_that_part_cool_in_their_second_year(found):
    cools = found.events[COOLING].sel(scenario="apart")
    assert cools.sel(year=2029).all()
    assert found.events[COOLING].sel(scenario=BASELINE).mean() < 0.5
    # Higher is Russia's ideal point; the gap is China's less Russia's, so it is 3 units lower.
    base, own = (found.paths["distance"].sel(scenario=s) for s in (BASELINE, "apart"))
    assert np.allclose(abs(own - base).sel(year_future=2028).values.max(), 3.0, atol=1.3)


def test_the_paths_of_power_start_from_the_record(found, tree, futures):
    ratio = found.paths["log_power_ratio"].sel(scenario=BASELINE)
    record = coupling.known(None, ("RUS", "CHN"), ORIGIN)[0].log_ratio[2022]
    # Three years of shocks of a few per cent.
    assert abs(float(ratio.sel(year_future=2025).median()) - record) < 0.3


def test_a_pair_without_a_treaty_is_told_so_and_left_out(tree, history, futures):
    other = futures.assign_coords(country=["USA", "IND"])
    other.attrs = futures.attrs | {"supplier": "USA", "recipient": "IND"}
    answer = coupling.answer(tree, history, other, None, PRIORS, seed=7)
    assert not answer.events.data_vars
    said = "no treaty of partnership between the United States and India is on record"
    assert answer.reasons[DOWNTURN] == said
    assert "votes" in answer.reasons[COOLING]
    assert partnership_tables.paths_table(answer).empty
    assert partnership_tables.by_hand(history, None, ("USA", "IND"), PRIORS, ORIGIN).empty


def test_a_pair_without_figures_of_its_power_is_told_so_and_left_out(tree, history, futures):
    hole = futures.copy(deep=True)
    hole["gdp_past"].loc[{"country": "CHN", "year": 2023}] = np.nan
    pair = ("RUS", "CHN")
    answer = coupling.answer(tree, history, hole, None, PRIORS, seed=7)
    assert list(answer.events) == [COOLING] and "hazard" not in answer.paths
    said = "China has no GDP on record in some year since 2022"
    assert answer.reasons == {DOWNTURN: said, INCIDENT: said}
    facts = partnership_tables.facts(history, None, pair, ORIGIN, answer.reasons)
    assert facts == {"reasons": answer.reasons}


def test_an_origin_before_the_power_of_both_is_on_record_has_no_hazard(tree, history, futures):
    own, reason = coupling.known(None, ("RUS", "CHN"), 1945)
    assert own is None and "no year to 1945" in reason
    assert partnership_tables.by_hand(history, None, ("RUS", "CHN"), PRIORS, 1947).empty
    bridge = coupling.bridge(tree["constant_data"].to_dataset(), None, seed=7)
    own = coupling.known(None, ("RUS", "CHN"), ORIGIN)[0]._replace(log_ratio={2000: 0.0})
    with pytest.raises(InputError, match="the power of Russia and China in 2022 is not on record"):
        junior.power_paths(bridge, own, futures, seed=7)


def test_the_hand_example_adds_up(history):
    table = partnership_tables.by_hand(history, None, ("RUS", "CHN"), PRIORS, ORIGIN)
    table = table.set_index("term")
    terms = table.drop(["sum", "hazard"])
    assert table.loc["sum", "product"] == pytest.approx(terms["product"].sum())
    hazard = 1 - np.exp(-np.exp(table.loc["sum", "product"]))
    assert table.loc["hazard", "product"] == pytest.approx(hazard)


def test_what_is_known_after_the_origin_is_not_used():
    own, _ = coupling.known(None, ("RUS", "CHN"), 2010)
    assert max(own.log_ratio) == 2010


def test_the_kept_record_says_of_a_pair_what_the_panel_says(tmp_path):
    coupling.keep_record(None, tmp_path / "record")
    for pair in (("RUS", "CHN"), ("USA", "FRA"), ("USA", "IND")):
        assert coupling.known(tmp_path / "record", pair, ORIGIN) == coupling.known(
            None, pair, ORIGIN
        )


def test_differences_are_paired_and_zero_where_nothing_changed(found, futures):
    table = differences.differences([found.events], futures, found.paths)
    assert list(table.columns) == list(differences.COLUMNS)
    same = table[table["scenario"] == "same"]
    assert (same["difference"] == 0).all()
    of_events = same[same["kind"] != "quantity"]
    assert (of_events["mc_error"] == 0).all()
    own = table[(table["scenario"] == "apart") & (table["name"] == DOWNTURN)]
    last = own[own["year"] == HORIZON].iloc[0]
    assert last["difference"] > 0
    # Paired draws: far less error than two independent probabilities would have.
    p = last["baseline"]
    assert last["mc_error"] < np.sqrt(2 * p * (1 - p) / DRAWS)
    assert set(table["year"]) == {2025, 2030, HORIZON}
    assert isinstance(table, pd.DataFrame)


def test_a_shift_moves_the_gap_and_nothing_else(history):
    gap = history["alignment/constant_data"]["gap"]
    draws = history["alignment/posterior"].to_dataset().isel(chain=0)
    shift = xr.DataArray([0.0, 5.0], dims="year_future", coords={"year_future": [2025, 2026]})
    base = votes.simulate(draws, gap, "CHN-RUS", 2026, seed=1)
    moved = votes.simulate(draws, gap, "CHN-RUS", 2026, seed=1, shift=shift)
    assert np.allclose(moved.sel(year_future=2025), base.sel(year_future=2025))
    assert np.allclose((moved - base).sel(year_future=2026), 5.0)
