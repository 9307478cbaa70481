"""Scores and skill: right on small numbers, proper, and honest about what is not independent."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from crossover.forecast import scores, skill, skill_tables
from crossover.forecast.skill import LEVELS

RNG = np.random.default_rng


def normal(mean, sd, cases=1):
    return np.repeat(stats.norm.ppf(LEVELS, mean, sd)[None], cases, axis=0)


# One forecast.


def test_the_distribution_is_read_back_from_its_quantiles():
    q = normal(2.0, 1.5, 5)
    values = np.array([-1.0, 1.0, 2.0, 3.3, 5.0])
    # Levels are half a per cent apart.
    assert skill.cdf(q, values, "right") == pytest.approx(
        stats.norm.cdf(values, 2.0, 1.5), abs=0.003
    )


def test_zero_with_a_probability_of_its_own_is_a_step():
    q = np.where(LEVELS <= 0.6, 0.0, 10.0 * (LEVELS - 0.6))[None]
    assert skill.cdf(q, np.array([0.0]), "left") == pytest.approx(0.0)
    assert skill.cdf(q, np.array([0.0]), "right") == pytest.approx(0.6, abs=0.006)


def test_pits_of_true_forecasts_are_uniform_with_zeros_too():
    rng = RNG(1)
    n = 4000
    # Zero with probability 0.6, else uniform on 0 to 4.
    q = np.repeat(np.where(LEVELS <= 0.6, 0.0, 10.0 * (LEVELS - 0.6))[None], n, axis=0)
    outturn = np.where(rng.random(n) < 0.6, 0.0, 4.0 * rng.random(n))
    found = skill.pit(q, outturn, rng)
    # 4,000 draws: a true null is rejected at this level once in a thousand seeds.
    assert stats.kstest(found, "uniform").pvalue > 0.001


def test_closed_intervals_hold_zeros_too_often_and_pits_do_not():
    rng = RNG(2)
    n = 4000
    q = np.repeat(np.where(LEVELS <= 0.6, 0.0, 10.0 * (LEVELS - 0.6))[None], n, axis=0)
    outturn = np.where(rng.random(n) < 0.6, 0.0, 4.0 * rng.random(n))
    found = skill.score_quantities(q, outturn, np.ones(n, bool), rng)
    assert found["in_50"].mean() == pytest.approx(0.75, abs=0.03)
    assert (abs(found["pit"] - 0.5) <= 0.25).mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("score", ["crps", "crps_log1p", "log_score", "interval_50", "interval_90"])
def test_the_true_distribution_scores_best(score):
    rng = RNG(3)
    outturn = np.exp(2.0 + 0.8 * rng.standard_normal(3000))

    def mean(shift, scale):
        q = np.exp(normal(2.0 + shift, 0.8 * scale, len(outturn)))
        return skill.score_quantities(q, outturn, np.ones(len(outturn), bool), rng)[score].mean()

    true = mean(0.0, 1.0)
    for shift, scale in ((0.4, 1.0), (-0.4, 1.0), (0.0, 0.5), (0.0, 2.0)):
        assert true < mean(shift, scale), (shift, scale)


def test_the_crps_is_that_of_the_library():
    library = pytest.importorskip("scoringrules")
    y = np.array([-1.0, 0.5, 4.0])
    found = skill.score_quantities(normal(1.0, 2.0, 3), y, np.zeros(3, bool), RNG(0))
    # 199 levels: within a quarter of a per cent.
    assert found["crps"] == pytest.approx(library.crps_normal(y, 1.0, 2.0), rel=0.0025)
    assert np.isnan(found["crps_log1p"]).all()


def test_the_interval_score_is_its_width_and_what_it_missed_by():
    q = xr.DataArray(LEVELS * 100.0, dims="quantile", coords={"quantile": LEVELS})
    inside, below = (
        float(scores.interval_score(q, xr.DataArray(y), 0.9)) for y in (50.0, 1.0)
    )
    assert inside == pytest.approx(90.0)
    assert below == pytest.approx(90.0 + 20.0 * 4.0)


def test_the_log_score_of_a_sure_zero_is_zero_and_of_a_miss_is_bounded():
    sure = np.zeros((2, len(LEVELS)))
    found = skill.binned_log_score(sure, np.array([0.0, 50.0]))
    assert found[0] == pytest.approx(0.0, abs=0.006)
    assert found[1] == pytest.approx(np.log(400.0))


# A table of scores.


def forecast(model, origin, shift, series=6, horizons=2, seed=0):
    """Return a forecast of noise around zero, off by `shift`, and what came."""
    q = np.exp(normal(3.0 + shift, 1.0, series * horizons)).reshape(series, horizons, -1)
    units = [f"C{k}" for k in range(series)]
    return xr.Dataset(
        {
            "quantiles": (("series", "horizon", "quantile"), q),
            "probability": (("question", "horizon"), np.tile([[0.2, 0.4]], (3, 1))),
        },
        coords={
            "series": [f"imports/{u}" for u in units],
            "target": ("series", ["imports"] * series),
            "unit": ("series", units),
            "horizon": [1, 2],
            "quantile": LEVELS,
            "question": [f"q{k}" for k in range(3)],
            "event": ("question", ["independence"] * 3),
            "pair": ("question", [f"A-{k}" for k in range(3)]),
        },
        attrs={"model": model, "origin": origin, "draws": 100},
    )


@pytest.fixture(scope="module")
def table():
    rng = RNG(4)
    parts = []
    for origin in range(2010, 2018):
        good, bad = forecast("full", origin, 0.0), forecast("persistence", origin, 1.0)
        value = np.exp(3.0 + rng.standard_normal((2, 6, 2)))
        if origin == 2017:
            value[..., 1] = np.nan
        came = xr.Dataset(
            {"value": (("release", "series", "year"), value)},
            coords={
                "release": ["first", "latest"], "series": good["series"].values,
                "year": [origin + 1, origin + 2],
            },
        )  # fmt: skip
        happened = xr.DataArray(
            (rng.random((2, 3, 2)) < 0.3).astype(float), dims=("release", "question", "horizon"),
            coords={"release": ["first", "latest"]},
        )  # fmt: skip
        vintage = {"imports": 0.5, "dyads": 1.0}
        parts += [skill.score_forecast(f, came, happened, vintage) for f in (good, bad)]
    return pd.concat(parts, ignore_index=True)


def test_a_forecast_of_first_passages_alone_has_states_of_one_year_ahead():
    said = forecast("full", 2010, 0.0).assign(base=("question", np.ones(3)))
    found = skill.with_states(said)
    state = found.sel(question=found["kind"] == "state")["probability"].values
    assert state[:, 0].tolist() == [0.2] * 3 and np.isnan(state[:, 1]).all()
    assert found["quantiles"].identical(said["quantiles"])
    happened = xr.DataArray(np.ones((1, 6, 2)), dims=("release", "question", "horizon"),
                            coords={"release": ["latest"]})  # fmt: skip
    came = xr.Dataset({"value": (("release", "series", "year"), np.ones((1, 6, 2)))},
                      coords={"release": ["latest"], "series": said["series"].values,
                              "year": [2011, 2012]})  # fmt: skip
    table = skill.score_forecast(found, came, happened, {"imports": 0.5, "dyads": 1.0})
    own = table[table["score"] == "brier"]
    cases = own.groupby("target")["horizon"].agg(list)
    assert set(cases["independence"]) == {1, 2} and set(cases["independence, in the year"]) == {1}
    assert skill.with_states(found) is found


def test_each_row_says_what_it_scores_and_on_what_it_rests(table):
    assert tuple(table.columns) == skill.COLUMNS
    assert not table["value"].isna().any()
    assert set(table.loc[table["target"] == "imports", "vintage"]) == {"partly assumed"}
    assert set(table.loc[table["target"] == "independence", "vintage"]) == {"assumed"}
    keys = ["origin", "target", "unit", "horizon", "release", "model", "score"]
    assert not table.duplicated(keys).any()


def test_what_is_written_keeps_every_headline_and_the_means_of_many(table):
    many = table.assign(target=table["target"].replace("imports", "dyads"))
    found = skill.compact(many)
    head = found[(found["score"] == "crps_log1p") & (found["target"] == "dyads")]
    assert len(head) == ((many["score"] == "crps_log1p") & (many["target"] == "dyads")).sum()
    rest = found[(found["score"] == "in_90") & (found["model"] == "full")]
    assert set(rest["unit"]) == {"all"}
    own = many[(many["score"] == "in_90") & (many["release"] == "latest")
               & (many["model"] == "full")]  # fmt: skip
    by = own.groupby(["origin", "horizon"])["value"].mean()
    assert rest.set_index(["origin", "horizon"])["value"].sort_index().values == pytest.approx(
        by.sort_index().values
    )
    few = skill.compact(table)
    assert set(few[few["score"] == "in_90"]["unit"]) == {f"C{k}" for k in range(6)}


def test_what_has_not_come_yet_is_not_scored(table):
    last = table[(table["origin"] == 2017) & (table["target"] == "imports")]
    assert set(last["horizon"]) == {1}


def test_the_better_forecast_has_skill_and_an_interval_beyond_zero(table):
    found = skill_tables.summary(table, ["full"], ["persistence"])
    row = found[(found["target"] == "imports") & (found["against"] == "persistence")].iloc[0]
    assert row["best"] == 1
    assert row["cases"] == 6 * (2 * 8 - 1)
    assert row["skill"] == pytest.approx(1 - row["mean"] / row["other"])
    assert 0 < row["skill_q05"] < row["skill"] < row["skill_q95"]
    assert row["difference_q95"] < 0


def test_a_forecast_against_itself_has_none(table):
    own = skill_tables.headline(table)
    own = own[own["model"] == "full"]
    found = skill_tables.difference(own, own)
    assert found["skill"] == found["skill_q05"] == found["skill_q95"] == 0.0


def test_only_common_cases_are_compared(table):
    own = skill_tables.headline(table)
    full, other = (own[own["model"] == m] for m in ("full", "persistence"))
    some = other[other["origin"] < 2013]
    assert skill_tables.difference(full, some)["cases"] == len(some)
    assert skill_tables.difference(full, other.iloc[:0]) is None


def test_origins_that_follow_each_other_are_drawn_together():
    counts = skill_tables.resampled(6, RNG(0))
    assert counts.shape == (skill_tables.RESAMPLES, 6)
    assert (counts.sum(axis=1) == 6).all()
    pairs = skill_tables.resampled(6, RNG(0), block=6)
    assert (pairs == 1).all()


def test_two_origins_give_no_interval(table):
    own = skill_tables.headline(table)
    some = sorted(own["origin"].unique())
    for few, known in ((some[:2], False), (some[:3], True)):
        part = own[own["origin"].isin(few)]
        pair = (part[part["model"] == m] for m in ("full", "persistence"))
        found = skill_tables.difference(*pair)
        ends = [found[f"{n}_{e}"] for n in ("skill", "difference") for e in ("q05", "q95")]
        assert found["origins"] == len(few) and np.isfinite(ends).all() == known
        assert np.isfinite(found["skill"])


def test_the_focal_four_are_also_told_apart():
    rows = pd.DataFrame(
        {
            "target": ["dyads", "imports", "exports", "exports", "imports"],
            "unit": ["RUS-CHN", "CHN", "RUS", "USA", "RUS"],
        }
    )
    assert list(skill_tables.focal(rows)["target"]) == [
        "Russia to China", "China's imports", "Russia's exports",
    ]  # fmt: skip


# Calibration.


def test_true_forecasts_are_called_calibrated_and_biased_ones_are_not(table):
    found = skill_tables.calibration(table).set_index("model")
    # 90 cases: three binomial standard errors.
    assert found.loc["full", "pit_90"] == pytest.approx(0.9, abs=0.1)
    assert found.loc["full", "pit_p"] > 0.01
    assert found.loc["persistence", "pit_p"] < 0.01
    assert found.loc["persistence", "pit_mean"] < 0.4


def test_dependent_cases_do_not_count_as_many():
    rng = RNG(5)
    rejected = {"clustered": 0, "naive": 0}
    for _ in range(200):
        values = np.repeat(rng.random(30), 12)
        rejected["clustered"] += skill_tables.uniform(values, np.repeat(np.arange(30), 12)) < 0.05
        counts = np.bincount((values * 5).astype(int), minlength=5)
        rejected["naive"] += stats.chisquare(counts).pvalue < 0.05
    # One in twenty of 200 is 10; 22 or more come about by chance once in 4,000 times.
    assert rejected["clustered"] < 22
    assert rejected["naive"] > 150


def test_a_brier_score_is_taken_apart_without_rest():
    rng = RNG(6)
    p = np.round(rng.random(500), 1)
    o = (rng.random(500) < p).astype(float)
    found = skill_tables.reliability(p, o)
    parts = found["miscalibration"] - found["discrimination"] + found["uncertainty"]
    assert found["brier"] == pytest.approx(parts)
    assert found["slope"] == pytest.approx(1.0, abs=0.2)
    assert found["miscalibration"] < 0.02
    assert found["auc"] > 0.75


def test_a_constant_forecast_discriminates_nothing():
    found = skill_tables.reliability(np.full(10, 0.3), np.array([1, 0] * 5, float))
    assert found["discrimination"] == pytest.approx(0.0)
    assert found["auc"] == pytest.approx(0.5)
    assert np.isnan(found["slope"])


def test_events_are_judged_by_kind_and_all_together(table):
    found = skill_tables.events(table)
    assert set(found["target"]) == {"independence", "all events"}
    assert (found["cases"] == 3 * 2 * 8).all()
