"""Futures of the drivers from past origins: what is scored, and what benchmarks would have said."""

import numpy as np
import pandas as pd
import pytest

from crossover.data.names import COUNTRY
from crossover.forecast import driver_skill as skilled
from crossover.forecast import scores, shipped, skill
from crossover.forecast.draws import stack
from crossover.forecast.effort_paths import LATE, driver_paths
from crossover.models import drivers
from tests import small

YEARS, COUNTRIES, FIRST = 30, 12, 1990
CODES = [f"C{k:02d}" for k in range(COUNTRIES)]


def figures(seed=3, late=0):
    """Logs that grow by 3 % a year and twice as fast in the last five years, with some noise."""
    rng = np.random.default_rng(seed)
    pace = np.where(np.arange(YEARS) >= YEARS - 5, 0.06, 0.03)
    logs = np.cumsum(pace + 0.01 * rng.standard_normal((COUNTRIES, YEARS)), axis=1)
    logs[0, YEARS - late :] = np.nan
    last = np.full(COUNTRIES, YEARS - 1)
    last[0] -= late
    return skilled.Known(logs, last)


@pytest.mark.parametrize("name", skilled.BENCHMARKS)
def test_a_benchmark_carries_the_last_figure_on_with_its_errors_of_the_past(name):
    of = figures()
    said = skilled.benchmark(name, of)
    assert said.shape == (COUNTRIES, skilled.HORIZONS, len(skill.LEVELS))
    change = np.diff(of.values, axis=1)
    own = np.abs(change - change.mean(axis=1, keepdims=True)).mean(axis=1)
    unit = np.sqrt((own**2 + np.median(own) ** 2) / 2.0)

    def pace(country, year):
        past = change[country, :year]
        if name == skilled.LAST:
            return 0.0
        if len(past) < 5:
            return np.nan
        return past[-5:].mean() if name == skilled.RECENT else past.mean()

    for ahead in (1, 4):
        errors = [
            (of.values[c, t + ahead] - of.values[c, t] - ahead * pace(c, t)) / unit[c]
            for c in range(COUNTRIES)
            for t in range(YEARS - ahead)
        ]
        errors = np.array(errors)[np.isfinite(errors)]
        expected = of.values[2, -1] + ahead * pace(2, YEARS - 1)
        expected = expected + unit[2] * np.quantile(errors, skill.LEVELS)
        assert said[2, ahead - 1] == pytest.approx(expected)


def test_a_figure_that_comes_late_is_carried_on_from_the_last_one_that_is_out():
    whole, behind = figures(), figures(late=2)
    said = skilled.benchmark(skilled.LAST, behind)
    widths = said[..., 189] - said[..., 9]
    assert (widths[0] > widths[1:, : skilled.HORIZONS].min(axis=0)).all()
    middle = said[0, 0, 99] - whole.values[0, -3]
    # Three years on at three per cent, or a little more of the last ones.
    assert 0.05 < middle < 0.2


def test_growth_since_the_last_figure_is_scored_whatever_the_base_year():
    seen = figures(late=2)
    came = np.concatenate([figures().values, figures(4).values[:, :3] + 2.0], axis=1)
    quantiles = skilled.benchmark(skilled.DRIFT, seen)
    origin = FIRST + YEARS - 1

    def of(shift):
        latest = skilled.Known(came + shift, np.full(COUNTRIES, YEARS + 2))
        return skilled.scored(skilled.GDP, quantiles, seen, latest, origin, FIRST, CODES)

    found, rebased = of(0.0), of(0.7)
    assert found["value"].to_numpy() == pytest.approx(rebased["value"].to_numpy())
    assert sorted(found["horizon"].unique()) == [1, 2, 3]
    one = found[(found["unit"] == "C05") & (found["horizon"] == 2)].iloc[0]
    outturn = came[5, YEARS + 1] - came[5, YEARS - 1]
    said = quantiles[5, 1] - seen.values[5, -1]
    assert one["value"] == pytest.approx(float(scores.crps(said, outturn)))
    assert one["miss"] == pytest.approx(outturn - said[99])
    first = found[(found["unit"] == "C00") & (found["horizon"] == 1)].iloc[0]
    base = came[0, YEARS] - came[0, YEARS - 3]
    assert first["miss"] == pytest.approx(
        base - (quantiles[0, 0, 99] - seen.values[0, YEARS - 3])
    )


def test_a_share_of_research_is_scored_in_per_cent_of_gdp():
    seen = figures()
    came = skilled.Known(np.concatenate([seen.values, seen.values[:, -1:]], axis=1), seen.last + 1)
    quantiles = skilled.benchmark(skilled.LAST, seen)
    found = skilled.scored(
        skilled.RD_SHARE, quantiles, seen, came, FIRST + YEARS - 1, FIRST, CODES
    )
    expected = seen.values[:, -1] - quantiles[:, 0, 99]
    assert found["miss"].to_numpy() == pytest.approx(expected)


def test_the_summary_compares_forecasts_on_cases_that_all_have():
    rows = [
        {"target": "gdp", "unit": unit, "origin": origin, "horizon": 2, "value": value,
         "in_50": 1, "in_90": 1, "miss": 0.1, "forecast": name, "rhat": 1.0 + origin / 1e6,
         "ess": 500.0 - origin / 100, "passed": int(origin != 2012), "divergences": 0}
        for origin in range(2010, 2016)
        for unit in ("A", "B")
        for name, value in ((skilled.MODEL, 1.0), (skilled.LAST, 2.0))
        if (unit, name) != ("B", skilled.LAST) or origin > 2011
    ]  # fmt: skip
    found = skilled.summary(pd.DataFrame(rows)).set_index("forecast")
    assert found.loc[skilled.LAST, "skill"] == pytest.approx(0.5)
    assert found.loc[skilled.LAST, "skill_q05"] == pytest.approx(0.5)
    assert np.isnan(found.loc[skilled.MODEL, "skill"])
    assert (found["cases"] == 10).all()
    assert found.loc[skilled.MODEL, "rhat"] == pytest.approx(1.002015)
    assert found.loc[skilled.MODEL, "ess"] == pytest.approx(479.85)
    assert found.loc[skilled.MODEL, ["fits", "passed"]].tolist() == [6, 5]


def test_the_models_quantiles_are_those_of_its_paths(tree):
    draws = stack(tree["posterior"].to_dataset())
    inputs = tree["constant_data"].to_dataset()
    found = skilled.ours(draws, inputs, 0.0, seed=4)
    rng = np.random.default_rng([4, int(inputs.attrs["origin"])])
    paths = driver_paths(draws, inputs, skilled.HORIZONS, rng)[..., LATE + 1 :]
    order = (skilled.GDP, skilled.RD_SHARE, skilled.MILITARY)
    china = small.COUNTRIES.index("CHN")
    for k, target in enumerate(order):
        of_china = paths[k][:, china, 3]
        of_china = np.exp(of_china) if target == skilled.RD_SHARE else 100.0 * of_china
        expected = np.quantile(of_china, 0.9)
        assert found[target][china, 3, 179] == pytest.approx(expected), target
    assert found[skilled.GDP].shape[0] == inputs.sizes[COUNTRY]


def test_the_shipped_table_says_that_futures_beat_both_rules_and_hold_nine_in_ten():
    rows = shipped.rows(shipped.DRIVERS)
    assert {row["target"] for row in rows} == set(skilled.FIGURES)
    assert {row["group"] for row in rows} == {"1-3", "4-6"}
    for row in rows:
        assert int(row["cases"]) > 1000
        if row["forecast"] == skilled.MODEL:
            assert 0.87 <= float(row["in_90"]) <= 0.93, row
        if row["forecast"] in (skilled.DRIFT, skilled.RECENT):
            assert float(row["skill"]) > 0.0, row
    assert int(rows[0]["passed"]) >= 0.9 * int(rows[0]["fits"])


def test_chinas_growth_and_research_stay_within_what_the_last_decade_would_call_possible(real):
    """With the means of a fit to all figures, and each country's shocks as large as on record."""
    of_fit = {
        "gdp_drift": 0.034, "gdp_reversion": 0.016, "gdp_momentum": 0.41, "gdp_trend": 0.23,
        "gdp_world_momentum": 0.15, "gdp_population": 0.33, "gdp_world_sd": 0.011,
        "rd_drift": 0.015, "rd_reversion": 0.0055, "rd_momentum": 0.34,
        "mil_drift": -0.004, "mil_reversion": 0.0095, "mil_momentum": 0.16,
        "mil_world_momentum": 0.32, "mil_world_sd": 0.019,
    }  # fmt: skip
    table = drivers.observations(real)
    scale = np.full((len(drivers.DRIVERS), real.sizes[COUNTRY]), 0.05)
    for cell in np.ndindex(scale.shape):
        own = (table["at_driver"].values == cell[0]) & (table["at_country"].values == cell[1])
        if own.sum() > 5:
            scale[cell] = table["change"].values[own].std() * np.sqrt(3.0 / 5.0)
    n = 2000
    draws = {name: np.full(n, value) for name, value in of_fit.items()}
    draws |= {f"{d}_{part}": np.ones(n) for d in drivers.DRIVERS
              for part in ("shock_sd", "shock_spread")}  # fmt: skip
    draws |= {"parameters": np.zeros((n, 1)), "log_shock": np.repeat(np.log(scale)[None], n, 0)}
    paths = driver_paths(draws, real, 10, np.random.default_rng(2))
    china = list(real[COUNTRY].values).index("CHN")
    gdp = paths[0, :, china, LATE:]
    seen = np.log(real["gdp_observed"].sel({COUNTRY: "CHN"}).dropna("year_effort").values)
    assert np.median(gdp[:, 5] - gdp[:, 0]) < seen[-1] - seen[-6]
    shares = np.exp(paths[1, :, china, LATE + 10])
    assert np.quantile(shares, 0.975) < 5.0
    assert np.median(shares) > np.exp(real["rd_share_mean"].sel({COUNTRY: "CHN"}).values[-1])
