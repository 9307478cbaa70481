"""The bridge to CINC: it finds the responses figures were drawn from, and carries its error."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.records import Capability
from crossover.models import power

YEARS = np.arange(1992, 2023)
CODES = [f"C{k:02d}" for k in range(30)]
TRUTH = {"gdp_change": 0.1, "milex_change": 0.2, "gdp": 0.06, "milex": 0.02, "cinc": -0.1}
SHOCK = 0.05


def world(seed: int):
    random = np.random.default_rng(seed)
    shape = (len(CODES), YEARS.size)
    gdp = 27 + random.normal(0, 1.3, (shape[0], 1)) + np.cumsum(random.normal(0.02, 0.05, shape), 1)
    milex = gdp - 18 + np.cumsum(random.normal(0, 0.08, shape), 1)
    own = random.normal(0, power.COUNTRY_SD, shape[0])
    cinc = np.empty(shape)
    cinc[:, 0] = -5 + 0.6 * (gdp[:, 0] - 27) + 0.2 * (milex[:, 0] - 9)
    for t in range(1, YEARS.size):
        cinc[:, t] = (
            cinc[:, t - 1]
            + own
            + TRUTH["gdp_change"] * (gdp[:, t] - gdp[:, t - 1])
            + TRUTH["milex_change"] * (milex[:, t] - milex[:, t - 1])
            + TRUTH["gdp"] * (gdp[:, t - 1] - 27)
            + TRUTH["milex"] * (milex[:, t - 1] - 9)
            + TRUTH["cinc"] * (cinc[:, t - 1] + 5)
            + SHOCK * random.standard_normal(shape[0])
        )
    coords = {"country": CODES, "year": YEARS}
    return [
        xr.DataArray(np.exp(v), dims=("country", "year"), coords=coords) for v in (cinc, gdp, milex)
    ]


@pytest.fixture(scope="module")
def bridge() -> xr.Dataset:
    return power.fit(*world(1), seed=1)


def test_responses_are_found_within_their_error(bridge):
    for name, truth in TRUTH.items():
        values = bridge["effect"].sel(term=name)
        assert abs(float(values.mean()) - truth) < 4 * float(values.std()), name
    assert float(bridge["shock_sd"].mean()) == pytest.approx(SHOCK, rel=0.1)
    assert bridge.attrs["last_year"] == 2022


def test_intervals_of_responses_cover_nine_times_in_ten():
    hits = []
    for seed in range(40):
        effect = power.fit(*world(seed), seed=seed, draws=400)["effect"]
        low, high = effect.quantile(0.05, "draw"), effect.quantile(0.95, "draw")
        hits += [float(low.sel(term=n)) <= t <= float(high.sel(term=n)) for n, t in TRUTH.items()]
    # 200 intervals, five of one world: three standard errors of 40 worlds below 0.9.
    assert np.mean(hits) > 0.9 - 3 * np.sqrt(0.9 * 0.1 / 40)


def paths(start: float, growth: float, draws: int = 500) -> xr.DataArray:
    years = np.arange(2022, 2033)
    line = start + growth * (years - 2022)
    return xr.DataArray(
        np.tile(line, (draws, 1)), dims=("draw", "year_future"), coords={"year_future": years}
    )


def test_paths_start_at_the_record_and_widen(bridge):
    found = power.simulate(
        bridge, ("C00", "C01"), paths(0.0, 0.0), paths(0.0, 0.0), -1.2, seed=1
    )
    assert (found.sel(year_future=2022) == -1.2).all()
    spread = found.std("draw")
    assert float(spread.sel(year_future=2032)) > 1.7 * float(spread.sel(year_future=2023))
    # Of two independent shocks.
    assert float(spread.sel(year_future=2023)) == pytest.approx(SHOCK * np.sqrt(2), rel=0.2)


def test_a_side_that_grows_gains_power(bridge):
    flat = power.simulate(bridge, ("C00", "C01"), paths(0, 0.0), paths(0, 0.0), 0.0, seed=1)
    rising = power.simulate(bridge, ("C00", "C01"), paths(0, 0.1), paths(0, 0.1), 0.0, seed=1)
    assert float((rising - flat).sel(year_future=2032).mean()) > 0.1


def test_a_country_without_figures_is_named(bridge):
    with pytest.raises(InputError, match="XXX has no two years"):
        power.simulate(bridge, ("C00", "XXX"), paths(0, 0), paths(0, 0), 0.0, seed=1)
    nothing = [values.where(values["year"] > 2050) for values in world(1)]
    with pytest.raises(InputError, match="two years running"):
        power.fit(*nothing, seed=1)


def test_shares_of_power_are_laid_out_by_country_and_year():
    rows = [
        Capability("CHN", "CHN", 2021, 0.2, 1, 1, 1),
        Capability("CHN", "CHN", 2022, None, 1, 1, 1),
        Capability("RUS", "RUS", 2022, 0.04, 1, 1, 1),
    ]
    found = power.powers(rows)
    assert float(found.sel(country="CHN", year=2021)) == 0.2
    assert np.isnan(found.sel(country="CHN", year=2022))
