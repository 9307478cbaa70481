"""What the drivers' model is shown of the past: changes with the right predictors beside them."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from crossover.data.errors import InputError
from crossover.data.names import COUNTRY, YEAR
from crossover.models import drivers
from crossover.models.priors import order
from tests import graphs
from tests.mock_fit import evaluator, points

YEARS = np.arange(1990, 2000)
AXES = (COUNTRY, "year_effort")


def record(**changed):
    """Two countries, ten years, everything known and growing at a rate of its own."""
    t = np.arange(len(YEARS))
    rows = {
        "gdp": [1000.0 * np.exp(0.02 * t), 100.0 * np.exp(0.05 * t + 0.01 * (t == 6))],
        "rd": [np.full(10, 2.0), np.exp(0.03 * t**1.5)],
        "milex": [50.0 * np.exp(0.01 * t), 10.0 * np.exp(0.04 * t)],
        "people": [np.full(10, 10.0), np.full(10, 20.0)],
    } | changed
    of = {name: (AXES, np.array(values)) for name, values in rows.items()}
    return xr.Dataset(
        {
            "gdp": of["gdp"],
            "gdp_observed": of["gdp"],
            "milex": of["milex"],
            "milex_observed": of["milex"],
            "population": of["people"],
            "rd_share_mean": np.log(xr.Variable(*of["rd"])),
            "rd_share_observed": of["rd"],
        },
        coords={COUNTRY: ["USA", "CHN"], "year_effort": YEARS},
        attrs={"rd_ceiling": 7.0},
    )


def of(table, driver, country):
    """Rows of one driver and country, in order of time."""
    mine = (table["at_driver"] == drivers.DRIVERS.index(driver)) & (table["at_country"] == country)
    return table.isel(change_at=np.flatnonzero(mine.values))


def test_a_change_stands_beside_last_years_and_the_last_five_years_mean():
    inputs = record()
    table = drivers.observations(inputs)
    gdp = of(table, "gdp", 1)
    log = np.log(inputs["gdp"].values[1])
    # The first change with five before it is that of the seventh year.
    assert gdp["change"].values == pytest.approx(np.diff(log)[5:])
    assert gdp["momentum"].values == pytest.approx(np.diff(log)[4:-1])
    trend = [np.diff(log)[k : k + 5].mean() for k in range(4)]
    assert gdp["trend"].values == pytest.approx(trend)


def test_the_gap_of_gdp_is_per_person_against_the_united_states_a_year_before():
    table = drivers.observations(record())
    t = np.arange(5, 9)
    china = np.log(100.0) + 0.05 * t + 0.01 * (t == 6) - np.log(20.0)
    america = np.log(1000.0) + 0.02 * t - np.log(10.0)
    assert of(table, "gdp", 1)["gap"].values == pytest.approx(
        china - america - float(table["gap_mean"][0])
    )
    assert of(table, "gdp", 0)["gap"].values == pytest.approx(-float(table["gap_mean"][0]))


def test_gaps_are_centred_by_driver():
    table = drivers.observations(record())
    for at in range(3):
        mean = table["gap"].where(table["at_driver"] == at).mean()
        assert float(mean) == pytest.approx(0.0, abs=1e-12)


def test_the_military_driver_is_the_share_of_gdp():
    table = drivers.observations(record())
    assert of(table, "mil", 0)["change"].values == pytest.approx(np.full(4, -0.01))


def test_research_moves_on_a_scale_that_ends_at_the_ceiling():
    table = drivers.observations(record())
    share = np.exp(0.03 * np.arange(10) ** 1.5)
    odds = np.log(share / (7.0 - share))
    assert of(table, "rd", 1)["change"].values == pytest.approx(np.diff(odds)[5:])
    levels = np.linspace(-30.0, 30.0, 61)
    shares = np.exp(drivers.log_share(levels, 7.0))
    # At the very end of the scale single doubles are all that is left to the ceiling.
    assert (shares <= 7.0).all() and (np.diff(shares) > 0).all()
    inside = np.abs(levels) < 12
    again = drivers.bounded(np.log(shares[inside]), 7.0)
    assert again == pytest.approx(levels[inside], abs=1e-6)


def test_a_share_above_the_ceiling_is_refused_and_named():
    inputs = record()
    inputs.attrs["rd_ceiling"] = 2.0
    with pytest.raises(InputError, match="rd_ceiling"):
        drivers.observations(inputs)


def test_growth_of_population_is_the_mean_of_the_five_years_before():
    people = np.array([10.0 * np.exp(0.002 * np.arange(10) ** 2), np.full(10, 20.0)])
    table = drivers.observations(record(people=people))
    grew = np.diff(0.002 * np.arange(10) ** 2)
    trend = np.array([grew[k : k + 5].mean() for k in range(4)])
    mean = float(table["people_mean"].sel(driver="gdp"))
    assert of(table, "gdp", 0)["people"].values == pytest.approx(trend - mean)
    assert of(table, "gdp", 1)["people"].values == pytest.approx(-mean)
    assert mean == pytest.approx(trend.mean() / 2.0)


def test_a_country_at_its_long_run_growth_goes_on_so():
    by = {"drift": 0.02, "reversion": 0.01, "population": 0.5, "momentum": 0.4, "trend": 0.3}
    own = 0.02 - 0.01 * -0.6 + 0.5 * 0.004
    assert drivers.expected(by, -0.6, 0.004, own, own) == pytest.approx(own)
    faster = drivers.expected(by, -0.6, 0.004, own + 0.01, own + 0.02)
    assert faster == pytest.approx(own + 0.4 * 0.01 + 0.3 * 0.02)


def test_filled_figures_are_no_observations():
    inputs = record()
    seen = inputs["gdp_observed"].values.copy()
    seen[1, 7] = np.nan
    inputs["gdp_observed"] = (AXES, seen)
    table = drivers.observations(inputs)
    # The gap itself, the change after it, and the change whose momentum it would be.
    assert of(table, "gdp", 1).sizes["change_at"] == 4 - 3
    assert of(table, "mil", 1).sizes["change_at"] == 4 - 3
    assert of(table, "rd", 1).sizes["change_at"] == 4
    assert of(table, "gdp", 0).sizes["change_at"] == 4


def test_moves_of_ideal_points_count_where_both_years_are_known():
    points = xr.DataArray(
        [[0.0, 0.1, np.nan, 0.3, 0.5], [1.0, 0.8, 0.7, np.nan, np.nan]],
        dims=(COUNTRY, YEAR),
    )
    steps = drivers.ideal_point_steps(points)
    assert steps.values == pytest.approx([0.1, 0.2, -0.2, -0.1])


# The model -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(models):
    return models["drivers"]


def test_log_density_and_gradient_are_finite_and_agree(model):
    graphs.check_gradient(model)


def test_changes_revert_to_a_long_run_rate_with_heavy_tails_and_shocks_of_the_world(model, world):
    inputs, df = world.inputs, world.priors.constant("shock_df")
    (point,) = points(model, 1, 0.2, 8)
    values = evaluator(model)(point)
    top = dict(zip(order(world.priors.part("drivers")), values["parameters"], strict=True))
    table, expected = drivers.observations(inputs), 0.0

    def mean_of(name, rows, momentum="momentum"):
        own = top[f"{name}_drift"] - top[f"{name}_reversion"] * rows["gap"].values
        if name == "gdp":
            own = own + top["gdp_population"] * rows["people"].values
        mean = own + top[f"{name}_{momentum}"] * (rows["momentum"].values - own)
        if name == "gdp":
            mean = mean + top["gdp_trend"] * (rows["trend"].values - own)
        return mean

    def shocks(name, momentum):
        """What all did in a year, beyond what is expected of the mean country of that year."""
        rows = table.isel(change_at=table["at_driver"].values == drivers.DRIVERS.index(name))
        years = [rows.isel(change_at=rows["at_year"].values == t)
                 for t in range(table.sizes["change_year"])]
        nowhere = rows.isel(change_at=[0]) * 0.0
        usual = [
            mean_of(name, of if of.sizes["change_at"] else nowhere, momentum).mean()
            for of in years
        ]
        return values["world_change"][drivers.WORLDLY.index(name)] - np.array(usual)

    for k, name in enumerate(drivers.DRIVERS):
        for country in range(inputs.sizes[COUNTRY]):
            rows = of(table, name, country)
            mean = mean_of(name, rows)
            if name != "rd":
                mean = mean + shocks(name, "momentum")[rows["at_year"].values]
            scale = np.exp(values["log_shock"][k, country])
            expected += stats.t.logpdf(rows["change"].values, df, mean, scale).sum()
    found = graphs.log_densities(model)(point)
    assert found["driver_change"] == pytest.approx(expected)
    steps = drivers.ideal_point_steps(inputs["ideal_point"]).values
    expected = stats.t.logpdf(steps, df, 0.0, top["ideal_point_step"]).sum()
    assert found["ideal_point_change"] == pytest.approx(expected)
    of_world = [
        stats.t.logpdf(shocks(name, "world_momentum"), df, 0.0, top[f"{name}_world_sd"]).sum()
        for name in drivers.WORLDLY
    ]
    density = model.compile_logp(vars=[model["world_change"]], mode=graphs.MODE)
    assert float(density(point)) == pytest.approx(sum(of_world))
