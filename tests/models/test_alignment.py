"""Alignment: the likelihood against its covariance matrix, cooling by hand, what is simulated."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from crossover.data.errors import InputError
from crossover.models import alignment as model

YEARS = np.arange(1992, 2025)


@pytest.fixture(scope="module")
def points() -> xr.DataArray:
    random = np.random.default_rng(1)
    codes = ["CHN", "FRA", "KAZ", "RUS", "USA"]
    values = np.cumsum(random.normal(0, 0.1, (5, YEARS.size)), axis=1)
    values[1, 3] = np.nan
    return xr.DataArray(values, dims=("country", "year"), coords={"country": codes, "year": YEARS})


def test_gaps_are_of_powers_and_of_the_pair_asked_for(points):
    found = model.gaps(points)
    assert "CHN-RUS" in found["pair"].values
    assert "KAZ-RUS" not in found["pair"].values
    also = model.gaps(points, ("RUS", "KAZ"))
    assert set(also["pair"].values) - set(found["pair"].values) == {"KAZ-RUS"}
    expected = points.sel(country="CHN", year=2000) - points.sel(country="RUS", year=2000)
    assert float(found.sel(pair="CHN-RUS", year=2000)) == pytest.approx(float(expected))


def test_a_hole_starts_the_record_anew(points):
    found = model.gaps(points).sel(pair="CHN-FRA")
    assert int(found.isnull().sum()) == 4
    with pytest.raises(InputError, match="'KAZ-RUS'"):
        model.gaps(points.where((points["country"] != "KAZ") | (points["year"] < 2020)),
                   ("KAZ", "RUS"))


def test_the_parts_have_the_density_of_the_changes(points):
    gap = model.gaps(points).sel(pair=["CHN-RUS"])
    step, noise = 0.12, 0.2
    parts = model.spectrum(gap)
    sd = np.sqrt(step**2 + noise**2 * parts["weight"].values)
    found = stats.norm.logpdf(parts["value"].values, 0, sd).sum()
    change = np.diff(gap.values[0])
    n = change.size
    matrix = (step**2 + 2 * noise**2) * np.eye(n)
    matrix -= noise**2 * (np.eye(n, k=1) + np.eye(n, k=-1))
    expected = stats.multivariate_normal.logpdf(change, np.zeros(n), matrix)
    assert found == pytest.approx(expected)


def test_the_model_has_a_finite_gradient(points):
    built = model.alignment_model(model.gaps(points), model.load())
    assert np.isfinite(built.compile_dlogp()(built.initial_point())).all()


def test_the_filter_ends_between_the_last_level_and_the_last_year():
    mean, variance = model.last_level(np.array([0.0, 0.0, 1.0]), np.array([1e-6, 10.0]),
                                      np.array([0.1, 0.1]))
    # Without steps the mean of three years; with steps far above the noise the last year itself.
    assert mean[0] == pytest.approx(1 / 3, abs=1e-3)
    assert mean[1] == pytest.approx(1.0, abs=1e-3)
    assert variance[0] == pytest.approx(0.01 / 3, rel=1e-2)


def test_simulated_distances_start_where_the_record_ends(points):
    gap = model.gaps(points)
    pairs = gap["pair"].values
    posterior = xr.Dataset(
        {name: (("draw", "pair"), np.full((400, pairs.size), sd))
         for name, sd in (("step", 0.1), ("noise", 0.05))},
        coords={"pair": pairs},
    )
    found = model.simulate(posterior, gap, "CHN-RUS", 2034, seed=1)
    assert list(found["year_future"].values) == list(range(2025, 2035))
    assert float(found.min()) >= 0
    last = abs(float(gap.sel(pair="CHN-RUS", year=2024)))
    assert float(found.sel(year_future=2025).mean()) == pytest.approx(last, abs=0.15)
    assert float(found.std("draw")[-1]) > float(found.std("draw")[0])


def test_cooling_needs_two_years_above_the_trailing_mean_and_a_deviation():
    distance = xr.DataArray([1.0] * 11 + [1.5, 1.0, 1.5, 1.6, 1.0], dims=("year",))
    found = model.cooling(distance, 0.3, "year").values
    assert list(np.nonzero(found)[0]) == [14]
    assert not model.cooling(distance, 0.7, "year").any()


def test_the_pooled_deviation_is_that_of_ten_year_windows(points):
    gap = model.gaps(points).sel(pair=["CHN-RUS"])
    series = abs(gap.values[0])
    windows = [series[k : k + 10].var(ddof=1) for k in range(series.size - 9)]
    assert model.pooled_sd(gap) == pytest.approx(np.sqrt(np.mean(windows)))
