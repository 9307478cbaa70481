"""Futures: the fitted equations run forward, checked by hand where nothing is random."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from data.errors import InputError
from data.names import COUNTRY, RECIPIENT, REST, SUPPLIER, YEAR
from forecast import simulate
from forecast.simulate import delivery_parameters, draw_deliveries, futures, stack
from tests import small

ORIGIN, HORIZON = small.ORIGIN, 2020
PAIR = ("RUS", "CHN")
QUIET = {
    "walk_sd": 0.0, "global_demand_sd": 0.0, "demand_sd": 0.0, "ideal_point_step": 0.0,
    "war_end_rate": 0.0, "affinity_sd": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def forecast(tree):
    return futures(tree, *PAIR, seed=3, horizon=HORIZON)


def with_parameters(tree, **values):
    """Return the tree with top-level parameters set in every draw."""
    posterior = tree["posterior"].to_dataset().copy(deep=True)
    for name, value in values.items():
        posterior["parameters"].loc[{"parameter": name}] = value
    return xr.DataTree.from_dict(
        {"posterior": posterior, "constant_data": tree["constant_data"].to_dataset()}
    )


@pytest.fixture(scope="module")
def quiet(tree):
    """Return a tree in which nothing moves by chance: all shocks and all doubt of R&D are nil."""
    out = with_parameters(tree, **QUIET)
    posterior = out["posterior"].to_dataset()
    posterior["log_shock"] = posterior["log_shock"] * 0.0 - 60.0
    posterior["rd_score"] = posterior["rd_score"] * 0.0
    inputs = out["constant_data"].to_dataset()
    inputs["rd_share_sd"] = inputs["rd_share_sd"] * 0.0
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": inputs})


# Shape and labels.


def test_futures_have_the_dims_units_and_attributes_that_are_promised(forecast):
    ahead = {"draw": 80, "scenario": 1, "year_future": HORIZON - ORIGIN}
    for name in ("deliveries", "deliveries_mean", "imports", "import_share", "imported_fraction"):
        assert dict(forecast[name].sizes) == ahead, name
    for name in ("theta", "rd_share", "rd_stock"):
        assert dict(forecast[name].sizes) == ahead | {COUNTRY: 2}, name
    assert dict(forecast["exports"].sizes) == ahead | {SUPPLIER: 2}
    assert dict(forecast["theta_past"].sizes) == {"draw": 80, COUNTRY: 2, YEAR: 21}
    for name in ("import_share_past", "imported_fraction_past", "deliveries_past"):
        assert dict(forecast[name].sizes) == {"draw": 80, YEAR: 21}, name
    for name, values in forecast.items():
        assert np.isfinite(values.values).all(), name
        assert values.attrs["units"], name
        assert values.attrs["long_name"], name
    assert {forecast.attrs[k] for k in ("supplier", "recipient")} == set(PAIR)
    assert (forecast.attrs["origin"], forecast.attrs["chains"]) == (ORIGIN, 2)
    assert list(forecast["year_future"].values) == list(range(ORIGIN + 1, HORIZON + 1))


def test_what_was_observed_stands_beside_what_is_simulated(forecast, world):
    tiv = world.inputs["deliveries"]
    sold = tiv.sel({SUPPLIER: "RUS"}).sum(RECIPIENT)
    assert forecast["exports_observed"].sel({SUPPLIER: "RUS"}).values == pytest.approx(sold.values)
    pair = tiv.sel({SUPPLIER: "RUS", RECIPIENT: "CHN"})
    assert forecast["deliveries_observed"].values == pytest.approx(pair.values)
    bought = tiv.sel({RECIPIENT: "CHN"}).sum(SUPPLIER)
    assert forecast["imports_observed"].values.ravel() == pytest.approx(bought.values)


def test_parts_do_not_exceed_their_whole(forecast):
    assert (forecast["deliveries"] <= forecast["imports"] * (1 + 1e-6)).all()
    assert (forecast["deliveries"] <= forecast["exports"].sel({SUPPLIER: "RUS"}) * (1 + 1e-6)).all()
    for name in ("import_share", "imported_fraction", "import_share_past"):
        assert ((forecast[name] >= 0) & (forecast[name] <= 1)).all(), name


def test_futures_can_be_kept_in_a_file(forecast, tmp_path):
    forecast.to_netcdf(tmp_path / "f.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "f.nc", engine="h5netcdf") as kept:
        assert kept.load().equals(forecast)


# One seed, one world.


def test_the_same_seed_gives_the_same_futures(forecast, tree):
    again = futures(tree, *PAIR, seed=3, horizon=HORIZON)
    assert forecast.identical(again)


def test_the_world_is_the_pairs_with_all_other_pairs_in_it(forecast, tree):
    years = HORIZON - ORIGIN
    whole = simulate.world(tree, seed=3, years=years, draws=10**6)
    assert dict(whole["deliveries"].sizes) == {"draw": 80, SUPPLIER: 6, RECIPIENT: 9,
                                               "year_future": years}
    assert whole["deliveries"].sel(supplier="RUS", recipient="CHN").values == pytest.approx(
        forecast["deliveries"].values[:, 0]
    )
    exports = whole["deliveries"].sel(supplier="RUS").sum(RECIPIENT)
    assert exports.values == pytest.approx(
        forecast["exports"].sel(supplier="RUS").values[:, 0], rel=1e-5
    )
    assert (whole["rd_share"].sel(country="CHN").values == pytest.approx(
        forecast["rd_share"].sel(country="CHN").values[:, 0]
    ))
    away = whole["ideal_distance"]
    assert away.sel(supplier=REST).isnull().all()
    assert (away.sel(supplier="RUS", recipient="CHN") >= 0).all()
    # Two ideal points, each a year's step from the last known, seen from either side.
    assert away.sel(supplier="RUS", recipient="CHN").values == pytest.approx(
        away.sel(supplier="CHN", recipient="RUS").values, abs=1e-5
    )


def test_of_many_draws_a_world_takes_a_few_evenly(tree):
    few = simulate.world(tree, seed=3, years=2, draws=9)
    assert list(few["draw"].values) == [0, 10, 20, 30, 40, 49, 59, 69, 79]


def test_another_seed_gives_other_futures(forecast, tree):
    other = futures(tree, *PAIR, seed=4, horizon=HORIZON)
    for name in ("theta", "deliveries", "exports", "rd_share"):
        assert not np.allclose(forecast[name], other[name]), name


@pytest.mark.parametrize("pair", [("RUS", "IND"), ("USA", "CHN"), ("FRA", "RUS")])
def test_every_pair_lives_in_the_same_world(forecast, tree, pair):
    other = futures(tree, *pair, seed=3, horizon=HORIZON)
    for code in set(PAIR) & set(pair):
        for name in ("theta", "theta_past", "rd_stock", "rd_share"):
            assert np.array_equal(forecast[name].sel(country=code), other[name].sel(country=code))
    for code in set(PAIR) & set(other[SUPPLIER].values):
        assert np.array_equal(
            forecast["exports"].sel(supplier=code), other["exports"].sel(supplier=code)
        )
    if pair[1] == PAIR[1]:
        assert np.array_equal(forecast["imports"], other["imports"])


def test_a_longer_horizon_asks_of_each_draw_the_same_state_at_the_origin(forecast, tree):
    longer = futures(tree, *PAIR, seed=3, horizon=HORIZON + 5)
    assert np.array_equal(longer["theta_past"], forecast["theta_past"])


def test_a_country_that_is_no_supplier_has_no_exports_of_its_own(tree):
    found = futures(tree, "RUS", "IND", seed=3, horizon=HORIZON)
    assert list(found[SUPPLIER].values) == ["RUS"]
    assert np.isfinite(found["theta"].values).all()


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("RUS", "XXX"), ("XXX", "recipient", "IND")),
        (("XXX", "CHN"), ("XXX", "supplier", "RUS")),
        (("IND", "CHN"), ("IND", "supplier")),
        ((REST, "CHN"), (REST, "supplier")),
        (("RUS", REST), (REST, "recipient")),
        (("RUS", "RUS"), ("RUS", "differ")),
    ],
)
def test_a_pair_that_the_fit_does_not_know_is_refused(tree, pair, words):
    with pytest.raises(InputError) as error:
        futures(tree, *pair, seed=1)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("name", ["supplier_presence", "memory_last"])
def test_a_fit_of_an_older_model_is_refused_by_name(tree, name):
    held = tree["posterior"].to_dataset()
    if name in held:
        old = held.drop_vars(name)
    else:
        old = held.sel(parameter=[str(p) for p in held["parameter"].values if p != name])
    given = {"posterior": old, "constant_data": tree["constant_data"].to_dataset()}
    with pytest.raises(InputError, match=f"older version.*{name}"):
        futures(xr.DataTree.from_dict(given), *PAIR, seed=1)


def test_who_delivers_in_small_parts_delivers_more_often_and_no_more_in_all():
    rng = np.random.default_rng(3)
    draws = {
        "presence": np.zeros(1), "size_sd_log": np.zeros(1), "size_sd_slope": np.array([-0.2]),
        "supplier_presence": np.array([[1.0, -1.0]]), "supplier_spread": np.zeros((1, 2)),
        "recipient_presence": np.zeros((1, 1)), "recipient_spread": np.zeros((1, 1)),
    }  # fmt: skip
    volume = np.full((1, 2, 40_000), np.log(20.0), np.float32)
    presence, size = delivery_parameters(draws, 3)
    drawn = draw_deliveries(volume, presence, size, rng)[0]
    often = (drawn > 0).mean(axis=1)
    # A Poisson number of deliveries, of mean e and 1/e; five binomial standard errors.
    assert often == pytest.approx(1.0 - np.exp(-np.exp([1.0, -1.0])), abs=5 * 0.5 / 200)
    # Five standard errors of the mean.
    assert drawn.mean(axis=1) == pytest.approx([20.0, 20.0], abs=5 * drawn.std() / 200)


@pytest.mark.parametrize("horizon", [ORIGIN, ORIGIN - 3])
def test_a_horizon_that_is_not_ahead_is_refused(tree, horizon):
    with pytest.raises(InputError, match="horizon"):
        futures(tree, *PAIR, seed=1, horizon=horizon)


def test_progress_counts_draws_to_the_last(tree):
    told = []
    futures(tree, *PAIR, seed=1, horizon=ORIGIN + 1, progress=lambda *at: told.append(at))
    assert told[-1] == (80, 80)


# Pieces.


def test_stocks_accumulate_by_perpetual_inventory():
    found = simulate.accumulate(np.array([100.0, 10.0]), np.array([[20.0, 30.0], [0.0, 1.0]]), 0.1)
    assert found == pytest.approx(np.array([[100.0, 110.0, 129.0], [10.0, 9.0, 9.1]]))


def test_wars_end_at_their_rate_and_none_begins(tree):
    inputs = tree["constant_data"].to_dataset()
    n, years, rate = 20_000, 12, 0.3
    draws = {"parameters": np.zeros((n, 1)), "war_end_rate": np.full(n, rate)}
    war = simulate._wars(draws, inputs, years, np.random.default_rng(8))
    now = inputs["war"].isel({YEAR: -1}).values.astype(bool)
    assert now.any()
    assert not now.all()
    assert not war[:, ~now].any()
    assert (np.diff(war, axis=-1) <= 0).all()
    for t in (0, 3):
        share = war[:, now, t].mean()
        expected = (1 - rate) ** (t + 1)
        # Five binomial standard errors.
        assert share == pytest.approx(expected, abs=5 * np.sqrt(expected / n))


def test_no_country_delivers_to_itself(tree, monkeypatch):
    def one_each(volume, *_):
        return np.ones_like(volume)

    monkeypatch.setattr(simulate, "draw_deliveries", one_each)
    found = futures(tree, *PAIR, seed=1, horizon=ORIGIN + 2)
    # Nine customers, of which a country is one itself.
    assert (found["exports"] == 8).all()
    assert (found["imports"] == 5).all()


def test_capacity_of_a_supplier_is_what_the_fit_says_and_of_others_within_their_exports(tree):
    inputs, draws = tree["constant_data"].to_dataset(), stack(tree["posterior"].to_dataset())
    split = simulate.home_split(draws, inputs, np.random.default_rng(9))
    countries, suppliers = ([str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER))
    rest = draws["supplier_level"][:, suppliers.index(REST)]
    for at, code in enumerate(countries):
        if code in suppliers:
            assert split[:, at] == pytest.approx(draws["supplier_level"][:, suppliers.index(code)])
        else:
            most = rest + float(inputs["log_rest_share"].sel({COUNTRY: code}))
            assert (split[:, at] <= most + 1e-5).all(), code


def test_the_split_of_home_pull_is_that_of_two_normals_given_their_sum(tree):
    """Drawn for one state many times, with the bound of exports out of reach."""
    inputs = tree["constant_data"].to_dataset()
    inputs["log_rest_share"] = inputs["log_rest_share"] * 0.0 + 100.0
    draws = {k: np.repeat(v[:1], 20_000, axis=0) for k, v in
             stack(tree["posterior"].to_dataset()).items()}  # fmt: skip
    split = simulate.home_split(draws, inputs, np.random.default_rng(10))
    at = list(inputs[COUNTRY].values).index("VNM")
    level = float(
        sum(draws[f"{e}_between"][0] * inputs[f"{e}_level"].values[at] for e in ("rd", "mil"))
    )
    bias = draws["home_pull"][0] + draws["acquisition_scale"][0]
    total = draws["home_level"][0, list(inputs[RECIPIENT].values).index("VNM")]
    own, other = draws["capacity_sd"][0], draws["home_bias_sd"][0]
    # Regression of one Normal on its sum with another.
    weight = own**2 / (own**2 + other**2)
    mean = level + weight * (total - bias - level)
    spread = own * np.sqrt(1 - weight)
    assert stats.kstest(split[:, at], stats.norm(mean, spread).cdf).pvalue > 1e-3


def test_a_tight_bound_leaves_capacity_just_below_it(tree):
    inputs = tree["constant_data"].to_dataset()
    inputs["log_rest_share"] = inputs["log_rest_share"] * 0.0 - 40.0
    draws = stack(tree["posterior"].to_dataset())
    split = simulate.home_split(draws, inputs, np.random.default_rng(11))
    at = list(inputs[COUNTRY].values).index("VNM")
    most = draws["supplier_level"][:, -1] - 40.0
    assert np.isfinite(split[:, at]).all()
    # Far in a Normal's tail a draw lies within a fraction of its spread of the bound.
    assert (split[:, at] <= most + 1e-6).all()
    assert (most - split[:, at] < draws["capacity_sd"]).all()


# Without chance.


def test_without_shocks_every_draw_follows_its_recursion(quiet):
    """GDP, R&D share and military share of one country, year by year in plain arithmetic."""
    found = futures(quiet, "RUS", "IND", seed=1, horizon=HORIZON)
    inputs, draws = quiet["constant_data"].to_dataset(), stack(quiet["posterior"].to_dataset())
    countries = list(inputs[COUNTRY].values)

    def history(code):
        one = inputs.sel({COUNTRY: code})
        gdp, rd = np.log(one["gdp"].values), one["rd_share_mean"].values
        return gdp, rd, np.log(one["milex"].values) - gdp

    person = {
        code: float(np.log(inputs["population"]).sel({COUNTRY: code}).values[-1])
        for code in ("IND", "USA")
    }
    mean = inputs["driver_gap_mean"].values
    for draw in range(0, 80, 13):
        logs = {code: [list(part[-6:]) for part in history(code)] for code in ("IND", "USA")}
        stock = float(np.exp(inputs["log_rd_stock"].sel({COUNTRY: "IND"}).values[-1]))
        for t in range(HORIZON - ORIGIN):
            gap = {
                code: [
                    parts[0][-1] - person[code] - logs["USA"][0][-1] + person["USA"] - mean[0],
                    parts[1][-1] - mean[1],
                    parts[2][-1] - mean[2],
                ]
                for code, parts in logs.items()
            }
            step = {}
            for code, parts in logs.items():
                at = countries.index(code)
                step[code] = [
                    draws[f"{d}_drift"][draw]
                    + draws[f"{d}_drift_sd"][draw] * draws["drift_z"][draw, k, at]
                    - draws[f"{d}_reversion"][draw] * gap[code][k]
                    + draws[f"{d}_momentum"][draw] * (parts[k][-1] - parts[k][-2])
                    + draws[f"{d}_trend"][draw] * (parts[k][-1] - parts[k][-6]) / 5.0
                    for k, d in enumerate(("gdp", "rd", "mil"))
                ]
            for code, parts in logs.items():
                for k in range(3):
                    parts[k].append(parts[k][-1] + step[code][k])
            gdp, rd = logs["IND"][0][-1], logs["IND"][1][-1]
            stock = 0.85 * stock + np.exp(rd) / 100.0 * np.exp(gdp)
            one = found.isel(draw=draw, scenario=0, year_future=t).sel(country="IND")
            # Draws are kept in single precision, and errors add up over the years.
            assert float(one["rd_share"]) == pytest.approx(np.exp(rd), rel=1e-4)
            assert float(one["rd_stock"]) == pytest.approx(stock, rel=1e-4)


@pytest.mark.parametrize("spending_counts", [True, False])
def test_without_shocks_capacity_moves_by_what_last_years_stocks_explain(quiet, spending_counts):
    if not spending_counts:
        quiet = with_parameters(quiet, mil_within=0.0, mil_within_sd=0.0)
    found = futures(quiet, *PAIR, seed=1, horizon=HORIZON)
    inputs, draws = quiet["constant_data"].to_dataset(), stack(quiet["posterior"].to_dataset())
    at = list(inputs[COUNTRY].values).index("CHN")
    stocks = np.log(found["rd_stock"].sel(country="CHN").values[:, 0])
    last = float(inputs["log_rd_stock"].sel({COUNTRY: "CHN"}).values[-1])
    before = float(inputs["log_rd_stock"].sel({COUNTRY: "CHN"}).values[-2])
    lagged = np.concatenate([np.full((80, 1), last), stocks[:, :-1]], axis=1)
    growth = np.diff(np.concatenate([np.full((80, 1), before), lagged], axis=1), axis=1)
    effect = draws["rd_within"] + draws["rd_within_sd"] * draws["rd_within_z"][:, at]
    theta = np.concatenate(
        [found["theta_past"].sel(country="CHN").values[:, -1:],
         found["theta"].sel(country="CHN").values[:, 0]], axis=1
    )  # fmt: skip
    mil = draws["mil_within"] + draws["mil_within_sd"] * draws["mil_within_z"][:, at]
    left = np.diff(theta, axis=1) - effect[:, None] * growth
    # What R&D does not explain is military spending, whose stock of the origin is on record.
    log_mil = inputs["log_mil_stock"].sel({COUNTRY: "CHN"}).values
    first = mil * (log_mil[-1] - log_mil[-2])
    assert left[:, 0] == pytest.approx(first, abs=1e-4)
    if not spending_counts:
        assert np.abs(left).max() < 1e-4


def test_without_shocks_the_first_years_expected_deliveries_are_those_of_the_equations(quiet):
    """Two pairs' expected volumes a year ahead, from the fitted quantities by hand.

    World demand says what all recipients buy together, so the two are told against each other.
    """
    found = {buyer: futures(quiet, "RUS", buyer, seed=1, horizon=ORIGIN + 1)
             for buyer in ("CHN", "FRA")}  # fmt: skip
    inputs, draws = quiet["constant_data"].to_dataset(), stack(quiet["posterior"].to_dataset())
    suppliers, recipients, countries = (
        [str(c) for c in inputs[d].values] for d in (SUPPLIER, RECIPIENT, COUNTRY)
    )
    able = inputs["possible"].values.astype(bool)
    tiv = inputs["deliveries"].values
    memory = {}
    for name, years in (("memory", 3), ("memory_last", 1)):
        raw = np.log1p(tiv[..., -years:].mean(axis=-1))
        rows, columns = np.nonzero(able)
        dummies = np.concatenate([np.eye(len(able))[rows], np.eye(able.shape[1])[columns]], axis=1)
        memory[name] = np.zeros_like(raw)
        fitted = dummies @ np.linalg.lstsq(dummies, raw[able], rcond=None)[0]
        memory[name][able] = raw[able] - fitted
    covariates = inputs["affinity_covariates"].isel({YEAR: -1})
    milex = np.log(inputs["milex"].values)
    theta = {c: futures(quiet, c, "CHN" if c != "CHN" else "RUS", seed=1, horizon=ORIGIN + 1)
             ["theta"].sel(country=c).values[:, 0, 0]
             for c in suppliers if c != REST}  # fmt: skip
    for draw in (0, 17, 55):
        volumes = []
        for code in found:
            buyer = recipients.index(code)
            others = [s for s, c in enumerate(suppliers) if c != code]
            utility = []
            for s in others:
                moved = draws["supplier_capacity"][draw, s, -1]
                if suppliers[s] != REST:
                    moved = float(theta[suppliers[s]][draw])
                explained = sum(
                    draws[f"{name}_effect"][draw]
                    * float(covariates.sel(covariate=name).values[s, buyer])
                    for name in covariates["covariate"].values
                )
                utility.append(
                    moved
                    + draws["affinity"][draw, s, buyer]
                    + explained
                    + sum(draws[name][draw] * memory[name][s, buyer] for name in memory)
                    + draws["war_effect"][draw] * float(inputs["war"].values[s, -1])
                )
            own = suppliers.index(code)
            gained = float(theta[code][draw]) - draws["supplier_level"][draw, own]
            home = draws["home_level"][draw, buyer] + gained
            # Demand: without shocks the budget alone moves, by its own less the mean of all.
            later = np.array([_log_milex(quiet, draws, draw, c) for c in countries]) - milex[:, -1]
            budget = float(inputs["log_budget_change"].sel({RECIPIENT: code}).values[-1])
            budget += later[countries.index(code)] - later.mean()
            state = draws["demand_state"][draw, :, buyer]
            wanted = (
                draws["acquisition_scale_country"][draw, buyer]
                + float(inputs["log_budget_level"].sel({RECIPIENT: code}))
                + draws["acquisition_elasticity"][draw] * budget
                + draws["demand_persistence"][draw] * state[-1] - state.mean()
            )  # fmt: skip
            seller = [suppliers[s] for s in others].index("RUS")
            odds = np.exp(np.array(utility) - home)
            volumes.append(np.exp(wanted) * odds[seller] / (1.0 + odds.sum()))
            one = found[code].isel(draw=draw, scenario=0, year_future=0)
            # Single precision in exponents of up to ten.
            assert float(one["import_share"]) == pytest.approx(odds[seller] / odds.sum(), rel=1e-3)
            assert float(one["imported_fraction"]) == pytest.approx(
                odds.sum() / (1.0 + odds.sum()), rel=1e-3
            )
        said = [float(f["deliveries_mean"].values[draw, 0, 0]) for f in found.values()]
        assert said[0] / said[1] == pytest.approx(volumes[0] / volumes[1], rel=1e-3)


def test_what_all_recipients_buy_together_is_world_demand(tree):
    inputs = tree["constant_data"].to_dataset()
    draws = stack(tree["posterior"].to_dataset())
    rng = np.random.default_rng(3)
    ahead = simulate._ahead(draws, inputs, 3, rng)
    found = simulate._trade(
        draws, inputs, ahead, lambda year: {"all": np.exp(year["volume"]).sum(axis=(1, 2))}, rng
    )["all"]
    assert np.log(found) == pytest.approx(ahead["world"], abs=1e-4)
    # It goes on from where the window left it, in steps of its own.
    start = draws["world_level"] + draws["global_demand"][:, -1]
    steps = np.diff(ahead["world"], axis=1, prepend=start[:, None])
    scaled = steps / draws["global_demand_sd"][:, None]
    assert abs(scaled.mean()) < 4 / np.sqrt(scaled.size)
    assert scaled.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * scaled.size))
    past = np.exp(simulate.log_volume(*simulate.past_market(draws, inputs))).sum(axis=(1, 2))
    world = draws["world_level"][:, None] + draws["global_demand"]
    assert np.log(past) == pytest.approx(world, abs=1e-4)


def _log_milex(quiet, draws, draw, code):
    """Log military spending of a country a year after the origin, without shocks."""
    inputs = quiet["constant_data"].to_dataset()
    one = inputs.sel({COUNTRY: code})
    gdp = np.log(one["gdp"].values)
    share = np.log(one["milex"].values) - gdp
    person = gdp[-1] - float(np.log(one["population"].values[-1]))
    america = inputs.sel({COUNTRY: "USA"})
    best = np.log(america["gdp"].values[-1]) - np.log(america["population"].values[-1])
    mean = inputs["driver_gap_mean"].values
    at = list(inputs[COUNTRY].values).index(code)
    total = 0.0
    for k, name, path, gap in (
        (0, "gdp", gdp, person - best - mean[0]), (2, "mil", share, share[-1] - mean[2])
    ):  # fmt: skip
        total += path[-1] + (
            draws[f"{name}_drift"][draw]
            + draws[f"{name}_drift_sd"][draw] * draws["drift_z"][draw, k, at]
            - draws[f"{name}_reversion"][draw] * gap
            + draws[f"{name}_momentum"][draw] * (path[-1] - path[-2])
            + draws[f"{name}_trend"][draw] * (path[-1] - path[-6]) / 5.0
        )
    return total


def test_without_a_walk_the_rest_of_the_worlds_capacity_stands_still(quiet, monkeypatch):
    seen = {}
    real = simulate._trade

    def spy(draws, inputs, ahead, *rest):
        seen["available"] = ahead["available"]
        return real(draws, inputs, ahead, *rest)

    monkeypatch.setattr(simulate, "_trade", spy)
    futures(quiet, *PAIR, seed=1, horizon=HORIZON)
    rest = seen["available"][:, small.SUPPLIERS.index(REST)]
    assert rest == pytest.approx(np.repeat(rest[:, :1], rest.shape[1], axis=1))


# Chance.


def test_capacity_drifts_apart_at_the_rate_of_the_walk(quiet):
    loud = with_parameters(quiet, walk_sd=0.2)
    paths = np.concatenate(
        [
            futures(loud, *PAIR, seed=s, horizon=HORIZON)["theta"].values[:, 0]
            - futures(quiet, *PAIR, seed=s, horizon=HORIZON)["theta"].values[:, 0]
            for s in range(12)
        ]
    )
    gap = paths[:, 1] - paths[:, 0]
    steps = np.diff(np.concatenate([np.zeros((len(gap), 1)), gap], axis=1), axis=1)
    # The difference of two steps of a walk; a standard deviation from 7,680 is good to 0.8 %.
    assert steps.std() == pytest.approx(0.2 * np.sqrt(2.0), rel=0.04)
    assert gap[:, -1].std() == pytest.approx(0.2 * np.sqrt(2.0 * 8), rel=0.1)


def test_a_war_takes_its_toll_of_exports_and_leaves_knowledge(quiet):
    fought, peace = (with_parameters(quiet, war_effect=e) for e in (-2.0, 0.0))
    fought, peace = (futures(t, *PAIR, seed=5, horizon=HORIZON) for t in (fought, peace))
    assert np.array_equal(fought["theta"], peace["theta"])
    first = {"scenario": 0, "year_future": 0}
    assert (fought["deliveries_mean"].isel(first) < peace["deliveries_mean"].isel(first)).all()


def test_deliveries_average_to_their_expectation(quiet):
    found = [futures(quiet, *PAIR, seed=s, horizon=ORIGIN + 1) for s in range(80)]
    drawn = np.stack([f["deliveries"].values.ravel() for f in found])
    mean = found[0]["deliveries_mean"].values.ravel()
    # The first year's expectation does not depend on chance: 80 draws, 80 times each.
    assert np.array_equal(mean, found[1]["deliveries_mean"].values.ravel())
    ratio = drawn / mean
    assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / np.sqrt(ratio.size))


def test_names_of_countries_survive_from_the_panel(tree):
    assert json.loads(tree["constant_data"].attrs["country_names"])["RUS"] == "RUS"
