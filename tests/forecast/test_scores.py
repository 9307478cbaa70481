"""Scores against closed forms and against the library scoringrules."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from crossover.forecast import scores


def array(*values):
    return xr.DataArray(np.array(values, float), dims="case")


def normal(mean=0.0, sd=1.0, levels=scores.LEVELS):
    at = np.array(levels)
    return xr.DataArray(
        stats.norm.ppf(at, mean, sd), dims=scores.QUANTILE, coords={scores.QUANTILE: at}
    )


def crps_normal(y, mean=0.0, sd=1.0):
    """Gneiting & Raftery (2007), equation 5."""
    z = (y - mean) / sd
    return sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))


def test_the_brier_score_is_the_squared_distance():
    found = scores.brier(array(0.8, 0.8, 0.0, 1.0), array(1, 0, 0, 0))
    assert np.allclose(found, [0.04, 0.64, 0.0, 1.0])


def test_the_log_score_is_of_what_came_and_never_infinite():
    found = scores.log_score(array(0.8, 0.8, 0.0, 1.0), array(1, 0, 1, 0), 1e-3)
    assert np.allclose(found, -np.log([0.8, 0.2, 1e-3, 1e-3]))


@pytest.mark.parametrize("y", [-2.0, -1.0, 0.0, 0.3, 1.5, 2.0])
def test_the_crps_from_quantiles_is_near_that_of_the_distribution(y):
    """Trapezoid error of 39 levels: measured 0.6 % at worst within two standard deviations."""
    assert float(scores.crps(normal(), xr.DataArray(y))) == pytest.approx(crps_normal(y), rel=0.01)


def test_the_crps_comes_closer_with_more_levels():
    fine = normal(levels=np.arange(1, 1000) / 1000)
    assert float(scores.crps(fine, xr.DataArray(0.3))) == pytest.approx(crps_normal(0.3), rel=1e-4)


def test_scores_agree_with_scoringrules():
    """Its quantile CRPS divides by n where ours, an integral over all levels, divides by n + 1."""
    rules = pytest.importorskip("scoringrules")
    levels = np.array(scores.LEVELS)
    quantiles = normal(1.0, 2.0)
    for y in (-3.0, 0.0, 4.0):
        theirs = rules.crps_quantile(y, quantiles.values, levels, backend="numpy")
        ours = float(scores.crps(quantiles, xr.DataArray(y)))
        assert ours == pytest.approx(float(theirs) * len(levels) / (len(levels) + 1), rel=1e-9)
    p, o = np.array([0.1, 0.6, 0.9]), np.array([0.0, 1.0, 0.0])
    theirs = rules.brier_score(o, p, backend="numpy")
    assert np.allclose(theirs, scores.brier(array(*p), array(*o)))


def test_a_certain_forecast_scores_its_distance():
    """Within 1/(n+1): a point mass has no slack at the ends of the levels."""
    sure = normal(5.0, 1e-9)
    assert float(scores.crps(sure, xr.DataArray(5.0))) == pytest.approx(0.0, abs=1e-6)
    assert float(scores.crps(sure, xr.DataArray(8.0))) == pytest.approx(3.0, rel=0.03)


def test_the_log_scale_counts_relative_misses():
    quantiles = np.expm1(normal(5.0, 0.5))
    near = scores.crps_log1p(quantiles, xr.DataArray(np.expm1(5.2)))
    assert float(near) == pytest.approx(crps_normal(5.2, 5.0, 0.5), rel=0.01)


def test_intervals_hold_their_ends():
    quantiles = normal()
    low, high = (float(quantiles.sel({scores.QUANTILE: level})) for level in (0.05, 0.95))
    outturn = array(low, low - 1e-6, 0.0, high)
    assert scores.covered(quantiles, outturn, 0.9).values.tolist() == [True, False, True, True]
    assert scores.covered(quantiles, array(1.0, 0.5), 0.5).values.tolist() == [False, True]


def test_levels_that_are_not_equally_spaced_are_no_integral():
    with pytest.raises(ValueError, match="levels must be"):
        scores.crps(normal(levels=(0.05, 0.5, 0.95)), xr.DataArray(0.0))


def test_dims_are_matched_by_name():
    both = normal().expand_dims(case=2)
    assert scores.crps(both, array(0.0, 1.0)).dims == ("case",)
