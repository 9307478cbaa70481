"""Benchmarks: right where the answer is known, blind to the future, as sure as they should be."""

import numpy as np
import pytest
import xarray as xr

from crossover.forecast import baselines, forest, origins, skill
from crossover.forecast.skill import LEVELS

needs_library = pytest.mark.skipif(
    baselines.FOREST not in baselines.available(),
    reason="quantile-forest is not installed: uv run --group bench pytest",
)
YEARS = np.arange(1992, 2017)
MEDIAN = len(LEVELS) // 2


def made_of(target, values, years=YEARS):
    """Return a history of series of one target, active in every year or while they trade."""
    values = np.asarray(values, float)
    names = [(target, f"S{k}") for k in range(len(values))]
    known = origins.labelled(names, {"value": (("series", "year"), values)}, {"year": years})
    recent = known["value"].fillna(0.0).rolling(year=origins.ACTIVE_YEARS, min_periods=1).sum() > 0
    return known.assign(active=recent | (known["target"] != "dyads"))


@pytest.mark.parametrize("model", ["persistence", "naive", "ewma"])
def test_what_never_changes_is_forecast_for_sure(model):
    found = baselines.forecast(model, made_of("imports", [[40.0] * 25, [90.0] * 25]), 3)
    assert found[0] == pytest.approx(np.full((3, 199), 40.0), rel=1e-3)
    assert found[1] == pytest.approx(np.full((3, 199), 90.0), rel=1e-3)


@pytest.mark.parametrize(
    ("model", "target", "middle"),
    [("persistence", "imports", 50.0), ("persistence", "rd_share", 80.0), ("naive", "dyads", 80.0)],
)
def test_persistence_is_of_three_years_for_deliveries_and_else_of_the_last_figure(
    model, target, middle
):
    steady = np.repeat(np.repeat([50.0, 80.0], 150)[:, None], 25, axis=1)
    values = [*steady, np.r_[np.full(22, 60.0), 20.0, 50.0, 80.0]]
    # All like cases of the past, but for a few, are without error.
    found = baselines.forecast(model, made_of(target, values), 1)
    assert found[-1, 0, MEDIAN] == pytest.approx(middle)


def test_a_moving_average_weighs_the_last_year_most():
    record = baselines.summaries(np.array([[0.0, 0.0, 0.0, 0.0, np.expm1(1.0)]]))
    halves = len(baselines.MEANS)
    weights = 0.5 ** np.arange(5)
    assert record[0, -1, halves] == pytest.approx(weights[0] / weights.sum())


def test_the_last_figure_is_said_of_deliveries_only():
    values = np.full((3, 25), 2.0)
    assert np.isnan(baselines.forecast("naive", made_of("rd_share", values), 2)).all()
    assert np.isfinite(baselines.forecast("ridge", made_of("rd_share", values), 2)).all()


def test_errors_grow_with_the_distance():
    rng = np.random.default_rng(0)
    walks = np.exp(4.0 + np.cumsum(0.2 * rng.standard_normal((40, 25)), axis=1))
    found = baselines.forecast("persistence", made_of("exports", walks), 6)
    width = np.log(found[..., 189] / found[..., 9]).mean(axis=0)
    assert (np.diff(width) > 0).all()


def test_a_figure_that_comes_late_is_forecast_from_further_away():
    rng = np.random.default_rng(1)
    walks = np.exp(np.cumsum(0.1 * rng.standard_normal((40, 25)), axis=1))
    walks[0, -2:] = np.nan
    found = baselines.forecast("persistence", made_of("rd_share", walks), 2)
    width = np.log(found[..., 189] / found[..., 9])
    assert width[0, 0] > width[1:, 0].mean()
    assert np.isfinite(found).all()


def test_errors_are_those_of_cases_of_a_like_level():
    past = np.r_[np.zeros(100), np.full(100, 6.0)]
    outturn = np.r_[np.zeros(100), np.full(100, 7.0)]
    found = baselines.with_errors(np.array([0.0, 6.0]), past, outturn, cases=50)
    assert found[0] == pytest.approx(0.0)
    assert found[1] == pytest.approx(7.0)


def test_what_came_to_zero_is_zero_whatever_was_forecast():
    past = np.array([1.0, 2.0, 3.0, 4.0])
    found = baselines.with_errors(np.array([2.5]), past, np.array([0.0, 0.0, 3.0, 0.0]))
    assert (found[0, : int(0.6 * len(LEVELS))] == 0.0).all()
    assert found[0, -1] == pytest.approx(2.5, abs=0.05)


def test_only_cases_that_would_have_been_forecast_teach_errors():
    """A pair is forecast while it trades; that it stopped before, and did not trade, is no case."""
    values = np.zeros((2, 25))
    values[0] = 30.0
    values[1, :3] = 30.0
    history = made_of("dyads", values)
    assert history["active"].values[1].sum() == 3 + 4
    found = baselines.forecast("persistence", history, 1)
    assert len(found) == 1
    # Of 31 cases (24 and 7) five fell to zero: from 30, from means of 20 and 10, and stayed there.
    assert found[0, 0, MEDIAN] == pytest.approx(30.0)
    assert found[0, 0, 0] < 30.0


def autoregressions(rng, series, years, carry=0.7, spread=0.6, level=5.0):
    """Return log sizes that return to a level, begun as they go on (series, year)."""
    out = np.empty((series, years))
    out[:, 0] = rng.standard_normal(series) * spread / np.sqrt(1.0 - carry**2)
    for t in range(1, years):
        out[:, t] = carry * out[:, t - 1] + spread * rng.standard_normal(series)
    return level + out


@pytest.mark.parametrize("model", baselines.POINTS)
def test_intervals_of_autoregressions_hold_what_they_say(model):
    """Of 400 series and three horizons; the seed is fixed, so that the outcome is too."""
    logs = autoregressions(np.random.default_rng(5), 400, 28)
    values = np.expm1(logs)
    found = np.log1p(baselines.forecast(model, made_of("exports", values[:, :25]), 3))
    came = logs[:, 25:, None]
    for mass, allowed in ((0.9, 0.035), (0.5, 0.06)):
        low, high = (found[..., round((1 + s * mass) * 100) - 1] for s in (-1, 1))
        held = ((low[..., None] <= came) & (came <= high[..., None])).mean()
        assert held == pytest.approx(mass, abs=allowed)


def test_ridge_is_better_where_each_series_returns_to_a_level_of_its_own():
    rng = np.random.default_rng(6)
    logs = autoregressions(rng, 200, 26, 0.3, level=5.0 + 1.5 * rng.standard_normal((200, 1)))
    history = made_of("exports", np.expm1(logs[:, :25]))
    missed = {
        model: abs(np.log1p(baselines.forecast(model, history, 1)[:, 0, MEDIAN]) - logs[:, 25])
        for model in ("ridge", "persistence", "naive")
    }
    assert missed["ridge"].mean() < 0.95 * missed["persistence"].mean()
    assert missed["ridge"].mean() < 0.95 * missed["naive"].mean()


def test_a_summary_of_a_year_knows_nothing_of_the_next():
    values = np.expm1(autoregressions(np.random.default_rng(7), 5, 25))
    changed = values.copy()
    changed[:, 20:] *= 100.0
    before, after = (baselines.summaries(v) for v in (values, changed))
    assert np.array_equal(before[:, :20], after[:, :20])
    assert not np.array_equal(before[:, 20], after[:, 20])


def test_without_the_library_there_are_the_simple_ones(monkeypatch):
    monkeypatch.setattr(baselines, "LIBRARY", "no_such_library")
    assert baselines.available() == ("persistence", "naive", "ewma", "ridge", "order_book")


def test_every_benchmark_has_a_name_of_its_own():
    assert len({*baselines.NAMES, skill.CLIMATOLOGY}) == len(baselines.NAMES) + 1


# The forest.


def invented_world(seed=8, years=YEARS):
    """Return deliveries of four suppliers to ten countries and what goes on around them."""
    rng = np.random.default_rng(seed)
    sellers, countries = ["A", "B", "C", "D"], [*"ABCDEFGHIJ"]
    logs = autoregressions(rng, 40, len(years), level=2.0).reshape(4, 10, -1)
    tiv = np.where(logs > 1.5, np.expm1(np.maximum(logs, 0.0)), 0.0)
    for k in range(4):
        tiv[k, k] = 0.0
    spent = np.exp(rng.standard_normal((10, 1)) + 0.05 * rng.standard_normal((10, len(years))))
    panel = xr.Dataset(
        {
            "tiv": (("supplier", "recipient", "year"), tiv),
            "milex": (("country", "year"), spent),
            "war": (("supplier", "year"), (rng.random((4, len(years))) < 0.1) * 1.0),
            "rd_share": (("country", "year"), np.full((10, len(years)), np.nan)),
            "ideal_point": (("country", "year"), rng.standard_normal((10, len(years)))),
        },
        coords={"supplier": sellers, "recipient": countries, "country": countries, "year": years},
    )
    return panel


@pytest.fixture(scope="module")
def panel():
    return invented_world()


def test_a_history_ends_with_the_series_that_are_forecast(panel):
    past = origins.history(panel)
    now = past.isel(series=past["active"].values[:, -1])
    assert list(now["series"].values) == list(origins.series(panel)["series"].values)
    earlier = invented_world(years=np.arange(1985, 2010))
    assert not origins.history(earlier)["active"].sel(year=slice(None, 1991)).any()
    assert origins.history(earlier)["active"].sel(year=1992).any()


def test_what_a_forest_knows_of_a_year_is_nothing_of_the_next(panel):
    later = panel.copy(deep=True)
    for name in ("tiv", "milex", "war"):
        later[name] = xr.where(later["year"] > 2012, 3.0 * later[name] + 1.0, later[name])
    for target in skill.IN_TIV:
        one, other = (
            forest.features(p, past.isel(series=past["target"].values == target))
            for p, past in ((p, origins.history(p)) for p in (panel, later))
        )
        kept = len(YEARS) - 4
        if target == "dyads":
            # Pairs that only trade in the changed years are no cases of the other.
            names = [
                past["series"].values[past["target"].values == target]
                for past in map(origins.history, (panel, later))
            ]
            other = other[np.isin(names[1], names[0])]
        assert np.array_equal(one[:, :kept], other[:, :kept])
        assert not np.array_equal(one[:, kept], other[:, kept])


def test_years_since_the_last_delivery_are_counted():
    assert forest._since(np.array([[0.0, 2.0, 0.0, 0.0, 1.0]])).tolist() == [[1, 0, 1, 2, 0]]


@needs_library
def test_a_forest_is_the_same_for_the_same_seed_and_no_other(panel, monkeypatch):
    monkeypatch.setattr(forest, "TREES", 8)
    past = origins.history(panel)
    first, again, other = (forest.forecast(panel, past, 2, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)
    in_tiv = np.isin(origins.series(panel)["target"].values, skill.IN_TIV)
    assert np.isfinite(first[in_tiv]).all() and np.isnan(first[~in_tiv]).all()
    assert (np.diff(first[in_tiv], axis=-1) >= 0).all() and (first[in_tiv] >= 0).all()


@needs_library
def test_a_forest_finds_that_war_ends_exports(monkeypatch):
    """A context that decides, and that the record of deliveries does not tell."""
    monkeypatch.setattr(forest, "TREES", 30)
    rng = np.random.default_rng(9)
    world = invented_world(seed=9)
    war = (rng.random(world["war"].shape) < 0.5) * 1.0
    war[:, -1] = [1.0, 1.0, 0.0, 0.0]
    sold = np.where(war[:, :-1] > 0, 0.0, 100.0)
    tiv = np.zeros(world["tiv"].shape)
    tiv[:, 4:, 1:] = sold[:, None, :] * np.exp(0.1 * rng.standard_normal((4, 6, 1)))
    world["war"], world["tiv"] = (world["war"].dims, war), (world["tiv"].dims, tiv)
    past = origins.history(world)
    found = forest.forecast(world, past, 1)
    names = origins.series(world)
    at_war = np.array([unit[0] in "AB" for unit in names["unit"].values])
    middle = found[:, 0, MEDIAN]
    pairs = names["target"].values == "dyads"
    assert (middle[pairs & at_war] < 1.0).all() and (middle[pairs & ~at_war] > 50.0).all()
