"""Latent paths of R&D and the stocks they build, with what is not known of them."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.names import COUNTRY, YEAR
from crossover.data.stocks import stock
from crossover.models import effort, priors

YEARS = np.arange(1990, 2011)
PRIORS = priors.load()
SETTLED, YOUNG = PRIORS.constant("rd_noise_settled"), PRIORS.constant("rd_noise_young")


def shares(*rows):
    return xr.DataArray(
        np.array(rows, float),
        dims=(COUNTRY, YEAR),
        coords={COUNTRY: [f"C{i}" for i in range(len(rows))], YEAR: YEARS},
    )


def smooth(*rows, age=10.0):
    values = shares(*rows)
    found = effort.rd_path(values, xr.full_like(values, age), PRIORS)
    sd = np.sqrt(np.einsum("itt->it", found["covariance"].values))
    return found["mean"].values, sd, found


def with_gap(first=5, last=15):
    row = np.exp(np.linspace(0.0, 1.0, len(YEARS)))
    row[first:last] = np.nan
    return row


def test_a_gap_is_bridged_near_the_straight_line_of_logs():
    mean, _, _ = smooth(with_gap())
    line = np.linspace(0.0, 1.0, len(YEARS))
    # A random walk between two figures is expected on the line between them, up to their noise.
    assert mean[0] == pytest.approx(line, abs=3 * SETTLED)
    assert (np.diff(mean[0]) > 0).all()


def test_doubt_is_widest_in_the_middle_of_a_gap():
    _, sd, _ = smooth(with_gap())
    assert sd[0, 9:11].min() > 3 * sd[0, [4, 15]].max()
    assert (np.diff(sd[0, 4:10]) > 0).all()
    assert (np.diff(sd[0, 10:16]) < 0).all()


def test_beyond_the_last_figure_doubt_grows_as_a_random_walk():
    row = np.full(len(YEARS), np.nan)
    row[:8] = np.exp(0.05 * np.arange(8) * (-1.0) ** np.arange(8))
    _, sd, found = smooth(row)
    step = float(found["step"][0])
    assert np.diff(sd[0, 8:] ** 2) == pytest.approx(step**2)


def test_a_seen_year_is_known_better_than_its_figure_but_not_better_than_all_figures_together():
    _, sd, _ = smooth(np.full(len(YEARS), 2.0))
    assert (sd[0] < SETTLED).all()
    assert (sd[0] > SETTLED / np.sqrt(len(YEARS))).all()


def test_a_lone_figure_is_known_no_better_than_its_noise():
    row = np.full(len(YEARS), np.nan)
    row[10] = 1.5
    mean, sd, _ = smooth(row)
    # The prior of the log share has a variance of one or more, against a noise of about 1 %.
    assert sd[0, 10] == pytest.approx(SETTLED, rel=0.01)
    assert mean[0, 10] == pytest.approx(np.log(1.5), rel=0.01)


def test_young_figures_are_trusted_less_than_settled_ones():
    row = with_gap()
    _, settled, _ = smooth(row, age=2.0)
    _, young, _ = smooth(row, age=1.99)
    assert (young > settled).all()
    assert young[0, 0] / settled[0, 0] > 1.3


def test_a_jumpy_country_gets_the_larger_step():
    rng = np.random.default_rng(5)
    calm = np.exp(0.01 * rng.standard_normal(len(YEARS)).cumsum())
    jumpy = np.exp(0.2 * rng.standard_normal(len(YEARS)).cumsum())
    _, _, found = smooth(calm, jumpy)
    assert found["step"][0] < PRIORS.constant("rd_step") < found["step"][1]


def test_a_country_without_figures_has_no_path_and_disturbs_none():
    alone, _, _ = smooth(with_gap())
    mean, _, found = smooth(np.full(len(YEARS), np.nan), with_gap())
    assert np.isnan(mean[0]).all()
    assert np.isnan(float(found["step"][0]))
    assert mean[1] == pytest.approx(alone[0])


def test_a_stock_is_last_years_less_depreciation_plus_this_years_flow():
    flow = shares([100.0, 110.0, 120.0, *[0.0] * 18])
    level = stock(flow, 0.2, 0.05).values[0]
    first = 100.0 * 1.05 / 0.25
    assert level[:4] == pytest.approx(
        [first, 0.8 * first + 110.0, 0.8 * (0.8 * first + 110.0) + 120.0,
         0.8 * (0.8 * (0.8 * first + 110.0) + 120.0)]
    )  # fmt: skip


def test_filling_is_log_linear_within_and_grows_steadily_outside():
    row = np.full(len(YEARS), np.nan)
    row[5], row[9] = 100.0, 160.0
    found = effort.fill(shares(row), 0.03).values[0]
    assert found[[5, 9]] == pytest.approx([100.0, 160.0])
    assert found[7] == pytest.approx(np.sqrt(100.0 * 160.0))
    assert found[3] == pytest.approx(100.0 * np.exp(-2 * 0.03))
    assert found[12] == pytest.approx(160.0 * np.exp(3 * 0.03))


def test_the_stock_of_research_is_built_of_what_the_shares_path_and_gdp_amount_to():
    years = YEARS[:3]
    at = {COUNTRY: ["C0"], YEAR: years}
    path = xr.Dataset({"mean": ((COUNTRY, YEAR), np.zeros((1, 3)))}, coords=at)
    gdp = xr.DataArray([[100.0, 200.0, 300.0]], dims=(COUNTRY, YEAR), coords=at)
    log_stock = effort.rd_stock(path, gdp, 0.1, 0.0)
    level = np.array([10.0, 0.9 * 10.0 + 2.0, 0.9 * (0.9 * 10.0 + 2.0) + 3.0])
    assert np.exp(log_stock.values[0]) == pytest.approx(level)
