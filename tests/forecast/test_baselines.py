"""Benchmarks: right where the answer is known, and strong enough to be worth beating."""

import numpy as np
import pytest
import xarray as xr

from forecast import baselines, skill
from forecast.skill import LEVELS

needs_library = pytest.mark.skipif(
    baselines.available() == (baselines.PERSISTENCE,),
    reason="statsforecast is not installed: uv run --group bench pytest",
)
YEARS = np.arange(1992, 2017)
MEDIAN = len(LEVELS) // 2


def made_of(target, values):
    values = np.asarray(values, float)
    names = [f"S{k}" for k in range(len(values))]
    known = xr.Dataset(
        {"value": (("series", "year"), values)},
        coords={
            "series": [f"{target}/{n}" for n in names], "target": ("series", [target] * len(names)),
            "unit": ("series", names), "year": YEARS,
        },
    )  # fmt: skip
    return known, known.assign(active=baselines.pooled(known, 5))


def test_persistence_of_what_never_changes_is_sure():
    known, pool = made_of("imports", [[40.0] * 25, [90.0] * 25])
    found = baselines.forecast("persistence", known, pool, 3)
    assert found[0] == pytest.approx(np.full((3, 199), 40.0))
    assert found[1] == pytest.approx(np.full((3, 199), 90.0))


@pytest.mark.parametrize(("target", "middle"), [("imports", 50.0), ("rd_share", 80.0)])
def test_persistence_is_of_three_years_for_deliveries_and_of_the_last_figure_for_shares(
    target, middle
):
    steady = np.repeat(np.repeat([50.0, 80.0], 10)[:, None], 25, axis=1)
    _, pool = made_of(target, steady)
    known, _ = made_of(target, [np.r_[np.full(22, 60.0), 20.0, 50.0, 80.0]])
    # All past cases of a like level are without error.
    assert baselines.forecast("persistence", known, pool, 1) == pytest.approx(middle)


def test_errors_grow_with_the_distance():
    rng = np.random.default_rng(0)
    walks = np.exp(4.0 + np.cumsum(0.2 * rng.standard_normal((40, 25)), axis=1))
    found = baselines.forecast("persistence", *made_of("exports", walks), 6)
    width = np.log(found[..., 189] / found[..., 9]).mean(axis=0)
    assert (np.diff(width) > 0).all()


def test_a_figure_that_comes_late_is_forecast_from_further_away():
    rng = np.random.default_rng(1)
    walks = np.exp(np.cumsum(0.1 * rng.standard_normal((40, 25)), axis=1))
    walks[0, -2:] = np.nan
    known, pool = made_of("rd_share", walks)
    assert list(baselines.lags(known)[:2]) == [2, 0]
    found = baselines.forecast("persistence", known, pool, 2)
    width = np.log(found[..., 189] / found[..., 9])
    assert width[0, 0] > width[1:, 0].mean()
    assert np.isfinite(found).all()


def test_errors_are_those_of_cases_of_a_like_level():
    past = np.r_[np.zeros(100), np.full(100, 1000.0)]
    outturn = np.r_[np.zeros(100), np.full(100, 2000.0)]
    found = baselines.with_errors(np.array([0.0, 1000.0]), past, outturn, cases=50)
    assert found[0] == pytest.approx(0.0)
    assert found[1] == pytest.approx(2000.0)


def test_only_cases_that_would_have_been_forecast_teach_errors():
    """A pair is forecast while it trades; that it stopped before, and did not trade, is no case."""
    values = np.zeros((2, 25))
    values[0] = 30.0
    values[1, :3] = 30.0
    known, pool = made_of("dyads", values)
    assert pool["active"].values[1].sum() == 3 + 4
    found = baselines.persistence(known.isel(series=[0]), pool, 1)
    # Of 31 cases (24 and 7) one fell to nought from 30, and two from means of 20 and 10.
    assert found[0, 0, MEDIAN] == pytest.approx(30.0)
    assert found[0, 0, 0] < 30.0


def test_without_the_library_there_is_persistence(monkeypatch):
    monkeypatch.setattr(baselines, "LIBRARY", "no_such_library")
    assert baselines.available() == ("persistence",)


@needs_library
@pytest.mark.parametrize("model", ["naive", "ets", "theta", "croston_sba", "tsb"])
def test_the_librarys_methods_give_rising_quantiles_around_what_goes_on(model):
    rng = np.random.default_rng(2)
    values = 50.0 * np.exp(0.2 * rng.standard_normal((12, 25)))
    found = baselines.forecast(model, *made_of("imports", values), 6)
    assert found.shape == (12, 6, len(LEVELS))
    assert (np.diff(found, axis=-1) >= 0).all()
    assert np.median(found[..., MEDIAN]) == pytest.approx(50.0, rel=0.35)


@needs_library
def test_methods_for_noughts_are_left_out_where_there_are_none():
    known, pool = made_of("rd_share", np.full((3, 25), 2.0))
    assert np.isnan(baselines.forecast("tsb", known, pool, 2)).all()


@needs_library
def test_a_short_record_is_forecast_by_persistence():
    values = np.full((30, 25), 2.0) * np.exp(
        0.1 * np.random.default_rng(3).standard_normal((30, 25))
    )
    values[0, :-2] = np.nan
    known, pool = made_of("rd_share", values)
    assert np.isfinite(baselines.forecast("theta", known, pool, 2)).all()


def test_every_benchmark_has_a_name_of_its_own():
    assert len({*baselines.NAMES, skill.CLIMATOLOGY}) == len(baselines.NAMES) + 1
