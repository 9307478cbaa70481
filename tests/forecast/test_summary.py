"""The summary of a backtest: the same figures as its tables, and claims that follow from them."""

import numpy as np
import pandas as pd
import pytest

from crossover.forecast import claim_rules, claims, shipped, skill, skill_tables, summary
from crossover.forecast.skill import DISTANCE, DYADS, EXPORTS, FULL, IMPORTS, RD_SHARE
from tests import invented_skill


@pytest.fixture
def rows():
    return invented_skill.rows().copy()


@pytest.fixture
def file(rows, tmp_path, monkeypatch):
    """Put an invented summary where the shipped one would stand."""
    path = tmp_path / "shipped.csv"
    monkeypatch.setattr(shipped, "BACKTEST", path)
    rows.to_csv(path, index=False, float_format="%.5g")
    return path


def test_every_target_group_and_horizon_has_its_row(rows):
    assert tuple(rows.columns) == summary.COLUMNS
    targets = rows[rows["part"] == summary.TARGET]
    assert set(zip(targets["target"], targets["group"], strict=True)) == {
        (t, g) for t in skill.TARGETS for g in skill.GROUPS
    }
    four = rows.loc[rows["part"] == summary.FOCAL, "target"]
    assert set(four) == {*skill.FOCAL.values(), skill.ALL_FOUR}
    kinds = rows.loc[rows["part"] == summary.EVENT, "target"]
    assert set(kinds) == {*invented_skill.EVENTS, skill.ALL_EVENTS}
    for target in skill.TARGETS:
        own = rows[(rows["part"] == summary.BY_HORIZON) & (rows["target"] == target)]
        assert list(own["group"]) == ["1", "2", "3", "4", "5", "6"]


def test_horizons_add_up_to_their_group_and_are_against_its_benchmark(rows):
    by = rows[rows["part"] == summary.BY_HORIZON]
    for whole in rows[rows["part"] == summary.TARGET].itertuples():
        first, last = skill.GROUPS[whole.group]
        own = by[(by["target"] == whole.target) & by["group"].astype(int).between(first, last)]
        assert own["cases"].sum() == whole.cases
        assert set(own["against"]) == {whole.against}
        # Mean differences, weighted by cases.
        mean = (own["difference"] * own["cases"]).sum() / whole.cases
        assert mean == pytest.approx(whole.difference)


def test_the_best_benchmark_is_that_with_the_least_score(rows):
    scored = skill_tables.headline(invented_skill.table())
    for row in rows[rows["part"] == summary.TARGET].itertuples():
        own = scored[(scored["target"] == row.target) & (scored["group"] == row.group)]
        means = own.groupby("model")["value"].mean()
        assert row.against == means[["persistence", "theta"]].idxmin()
        assert row.skill == pytest.approx(1.0 - means[FULL] / means[row.against])


def test_intervals_that_are_too_narrow_are_seen_to_be(rows):
    held = rows[rows["part"] == summary.TARGET].set_index(["target", "group"])
    assert held.loc[(EXPORTS, "1-3"), "in_90_q95"] < 0.9
    assert held.loc[(IMPORTS, "1-3"), "in_90_q05"] <= 0.9 <= held.loc[(IMPORTS, "1-3"), "in_90_q95"]


def test_coverage_is_a_share_of_cases_and_its_interval_is_over_origins():
    pits = pd.DataFrame(
        {"origin": np.repeat(np.arange(8), 5), "value": np.tile([0.02, 0.3, 0.5, 0.7, 0.92], 8)}
    )
    found = summary.coverage(pits)
    assert (found["in_50"], found["in_80"], found["in_90"]) == pytest.approx((0.6, 0.6, 0.8))
    # Every origin has the same share: resampling them changes nothing.
    assert found["in_90_q05"] == found["in_90_q95"] == pytest.approx(0.8)
    pits.loc[pits["origin"] < 4, "value"] = 0.5
    found = summary.coverage(pits)
    assert found["in_90_q05"] < found["in_90"] == pytest.approx(0.9)
    assert np.isnan(summary.coverage(pits[pits["origin"] == 0])["in_90_q05"])


def test_each_target_counts_the_same_however_many_its_series():
    volumes = pd.DataFrame(
        {
            "target": [IMPORTS, DYADS, DYADS, DYADS], "unit": ["CHN", "a", "b", "c"],
            "model": FULL, "origin": 2010, "horizon": 1, "value": [1.0, 4.0, 4.0, 4.0],
        }
    )
    assert summary.together(volumes)["value"].mean() == pytest.approx((1.0 + 4.0) / 2)


def test_what_a_part_of_the_model_adds_is_above_zero_where_it_helps(rows):
    own = rows[(rows["part"] == summary.ABLATION) & (rows["target"] == summary.DELIVERIES)]
    by = own.set_index(["model", "against"])
    # Invented so: without R&D forecasts are off by 0.3, without military spending by 0.05.
    assert by.loc[(FULL, "no_rd"), "skill_q05"] > 0
    assert by.loc[("no_military", "no_rd"), "skill_q05"] > 0
    assert by.loc[(FULL, "no_rd"), "skill"] > by.loc[(FULL, "no_military"), "skill"]
    assert (own["group"] == "1-6").all()


def test_origins_are_told_by_what_they_saw(rows):
    by = rows[rows["part"] == summary.TARGET].set_index(["target", "group"])
    near = by.loc[(IMPORTS, "1-3")]
    assert near["origins"].split() == [str(y) for y in range(2014, 2024)]
    assert (near["real_time"], near["partly_assumed"]) == ("2023", "")
    assert by.loc[(IMPORTS, "4-6"), "real_time"] == ""
    assert by.loc[(RD_SHARE, "4-6"), "partly_assumed"].split()[-1] == "2020"
    assert by.loc[(DISTANCE, "1-3"), "partly_assumed"] == ""
    assert set(rows["rhat"]) == {1.04} and set(rows["fits"]) == {2}
    assert set(rows["divergences"]) == {2.0} and set(rows["passed"]) == {1.0}


def test_without_our_model_there_are_the_benchmarks_alone():
    table = invented_skill.table()
    others = table[~table["model"].isin([FULL, "no_rd", "no_military"])]
    compared = skill_tables.summary(others, ["theta"], ["persistence"])
    fits = pd.DataFrame([{"model": "theta"} | dict.fromkeys(summary.OF_FIT)])
    found = summary.summarise(others, compared, skill_tables.events(others), fits, {})
    assert set(found["part"]) == {summary.BENCHMARK} and tuple(found.columns) == summary.COLUMNS


def test_a_benchmark_is_told_against_the_simplest_of_its_kind(rows):
    own = rows[rows["part"] == summary.BENCHMARK].set_index(["model", "target", "group"])
    assert set(own.index.get_level_values("model")) == {"persistence", skill.CLIMATOLOGY}
    same = own.loc[("persistence", IMPORTS, "1-3")]
    assert same["against"] == "persistence" and same["skill"] == 0.0
    # Its forecasts are half a standard deviation too low, and as wide as they should be.
    assert 0.8 < same["in_90"] < 0.9
    odds = own.loc[(skill.CLIMATOLOGY, "independence", "1-3")]
    assert odds["against"] == skill.CLIMATOLOGY and np.isnan(odds["in_90"])
    assert 0.0 < odds["happened"] < 1.0


def test_what_is_shipped_is_whole_or_absent():
    found = shipped.rows(shipped.BACKTEST)
    assert all(tuple(row) == summary.COLUMNS for row in found)
    assert all(row["made"] and row["command"] and row["panel"] for row in found)
    if found:
        assert {row["part"] for row in found} >= {
            summary.TARGET, summary.BY_HORIZON, summary.FOCAL, summary.EVENT, summary.ABLATION
        }  # fmt: skip


# The claim.


def judged(better="R&D", than="military spending"):
    claim = {"says": "A claim", "test": "skill", "better": better, "than": than}
    return claims.judge({"one": claim}, claim_rules.Run(None, None, ("RUS", "CHN"), None, None))[0]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.05, "supported"), (-0.01, 0.05, "open"), (-0.05, -0.01, "contradicted")],
)
def test_the_claim_on_rd_follows_from_the_summary(rows, file, low, high, verdict):
    own = (rows["target"] == summary.DELIVERIES) & (rows["model"] == "no_military")
    rows.loc[own, ["skill", "skill_q05", "skill_q95"]] = (low + high) / 2, low, high
    rows.to_csv(file, index=False)
    row = judged()
    assert row.verdict == verdict
    assert row.value == pytest.approx((low + high) / 2)
    assert f"[{low:+.3f}, {high:+.3f}]; 10 origins" in row.figure
    assert row.vintage == "2026-11-25"


def test_a_comparison_that_was_not_made_stays_open(file):
    assert judged("military spending", "R&D").verdict == "open"
    assert judged("magic", "R&D").figure == "no backtest compares the two"
    file.unlink()
    assert judged().figure == "no backtest compares the two"
