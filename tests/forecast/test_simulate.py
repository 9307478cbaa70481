"""Futures: the fitted equations run forward, checked by hand where nothing is random."""

import json
import warnings

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from crossover.data.errors import InputError
from crossover.data.names import COUNTRY, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.forecast import effort_paths, market, simulate
from crossover.forecast.draws import block, stack
from crossover.forecast.simulate import futures
from crossover.models.inputs import COVARIATES
from crossover.models.market import MEMORIES
from crossover.models.market import arrays as market_arrays
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED
from tests import small

ORIGIN, HORIZON = small.ORIGIN, 2020
PAIR = ("RUS", "CHN")
QUIET = {
    "walk_sd": 0.0, "propensity_walk_sd": 0.0, "ideal_point_step": 0.0, "war_end_rate": 0.0,
    "clumping": 1e9, "clumping_growth": 0.0, "chance_supplier_shock_sd": 0.0,
    "chance_recipient_shock_sd": 0.0,
    "chance_world_sd": 0.0, "gdp_world_sd": 0.0, "mil_world_sd": 0.0,
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
    """Return a tree in which nothing but single deals moves by chance, and R&D is in no doubt."""
    out = with_parameters(tree, **QUIET)
    posterior = out["posterior"].to_dataset()
    posterior["log_shock"] = posterior["log_shock"] * 0.0 - 60.0
    inputs = out["constant_data"].to_dataset()
    inputs["rd_share_sd"] = inputs["rd_share_sd"] * 0.0
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": inputs})


# Shape and labels.


def test_futures_have_the_dims_units_and_attributes_that_are_promised(forecast):
    ahead = {"draw": 80, "scenario": 1, "year_future": HORIZON - ORIGIN}
    for name in ("deliveries", "ordered", "imports", "import_share"):
        assert dict(forecast[name].sizes) == ahead, name
    for name in ("theta", "rd_share", "rd_stock"):
        assert dict(forecast[name].sizes) == ahead | {COUNTRY: 2}, name
    assert dict(forecast["exports"].sizes) == ahead | {SUPPLIER: 2}
    assert dict(forecast["offer"].sizes) == ahead | {"seller": 6}
    assert dict(forecast["theta_past"].sizes) == {"draw": 80, COUNTRY: 2, YEAR: 21}
    assert dict(forecast["import_share_past"].sizes) == {"draw": 80, YEAR: 21}
    assert dict(forecast["orders_past"].sizes) == {"draw": 80, ORDER_PERIOD: 7}
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
    placed = world.inputs["placed"].sel({SUPPLIER: "RUS", RECIPIENT: "CHN"})
    assert forecast["orders_observed"].values.tolist() == placed.values[REMEMBERED:].tolist()


def test_parts_do_not_exceed_their_whole(forecast):
    assert (forecast["deliveries"] <= forecast["imports"] * (1 + 1e-6)).all()
    assert (forecast["deliveries"] <= forecast["exports"].sel({SUPPLIER: "RUS"}) * (1 + 1e-6)).all()
    for name in ("import_share", "import_share_past"):
        assert ((forecast[name] >= 0) & (forecast[name] <= 1)).all(), name
    for name in ("offer", "offer_past"):
        total = np.exp(forecast[name]).sum("seller")
        assert total.values == pytest.approx(1.0, abs=1e-5), name


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
    for name in ("deliveries", "ordered"):
        assert dict(whole[name].sizes) == {"draw": 80, SUPPLIER: 6, RECIPIENT: 9,
                                           "year_future": years}
        assert np.array_equal(
            whole[name].sel(supplier="RUS", recipient="CHN"), forecast[name].values[:, 0]
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


@pytest.mark.parametrize("name", simulate.ORDERS)
def test_a_fit_of_an_older_model_is_refused_by_name(tree, name):
    old = tree["posterior"].to_dataset().drop_vars(name)
    given = {"posterior": old, "constant_data": tree["constant_data"].to_dataset()}
    with pytest.raises(InputError, match=f"older version.*{name}"):
        futures(xr.DataTree.from_dict(given), *PAIR, seed=1)


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
    flow = np.array([[20.0, 30.0], [0.0, 1.0]])
    found = effort_paths.accumulate(np.array([100.0, 10.0]), flow, 0.1)
    assert found == pytest.approx(np.array([[100.0, 110.0, 129.0], [10.0, 9.0, 9.1]]))


def test_wars_end_at_their_rate_and_none_begins(tree):
    inputs = tree["constant_data"].to_dataset()
    n, years, rate = 20_000, 12, 0.3
    draws = {"parameters": np.zeros((n, 1)), "war_end_rate": np.full(n, rate)}
    (war,) = effort_paths.wars(draws, inputs, years, np.random.default_rng(8))
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


def test_no_country_delivers_to_itself(tree):
    whole = simulate.world(tree, seed=1, years=3, draws=80)
    for code in small.SUPPLIERS:
        own = whole.sel(supplier=code, recipient=code)
        assert bool((own["deliveries"] > 0).any()) == (code == REST)
        assert bool((own["ordered"] > 0).any()) == (code == REST)


def arrays(tree, repeat=None):
    """Return draws and inputs; of one draw, many times over, where `repeat` says how often."""
    draws = stack(tree["posterior"].to_dataset())
    if repeat:
        draws = {name: np.repeat(values[:1], repeat, axis=0) for name, values in draws.items()}
    return draws, tree["constant_data"].to_dataset()


def test_capacity_of_a_supplier_is_what_the_fit_says_and_of_others_within_their_exports(tree):
    draws, inputs = arrays(tree)
    rest = draws["supplier_level"][:, small.SUPPLIERS.index(REST)]
    still = {name: 0.0 * draws[name] for name in ("rd_within", "rd_within_sd", "mil_within")}
    level = market.all_countries(draws | still, inputs, np.random.default_rng(9))[..., 0]
    for code in set(small.COUNTRIES) - set(small.SUPPLIERS):
        most = rest + float(inputs["log_rest_share"].sel({COUNTRY: code}))
        assert (level[:, small.COUNTRIES.index(code)] <= most + 1e-5).all(), code
    found = futures(tree, "RUS", "IND", seed=1, horizon=ORIGIN + 1)["theta_past"]
    at = small.SUPPLIERS.index("RUS")
    assert found.sel(country="RUS").values == pytest.approx(draws["supplier_capacity"][:, at])


def level_of(draws, inputs, code):
    at = small.COUNTRIES.index(code)
    return float(
        sum(draws[f"{e}_between"][0] * inputs[f"{e}_level"].values[at] for e in ("rd", "mil"))
    )


def test_capacity_of_others_is_normal_about_what_effort_explains(tree):
    """Drawn for one state many times, with the bound of exports out of reach."""
    draws, inputs = arrays(tree, 20_000)
    inputs["log_rest_share"] = inputs["log_rest_share"] * 0.0 + 100.0
    draws |= {"rd_within": 0.0 * draws["rd_within"], "rd_within_sd": 0.0 * draws["rd_within_sd"],
              "mil_within": 0.0 * draws["mil_within"]}  # fmt: skip
    found = market.all_countries(draws, inputs, np.random.default_rng(10))
    own = stats.norm(level_of(draws, inputs, "VNM"), draws["capacity_sd"][0])
    assert stats.kstest(found[:, small.COUNTRIES.index("VNM"), -1], own.cdf).pvalue > 1e-6


def test_a_tight_bound_leaves_capacity_just_below_it(tree):
    draws, inputs = arrays(tree)
    inputs["log_rest_share"] = inputs["log_rest_share"] * 0.0 - 40.0
    still = {name: 0.0 * draws[name] for name in ("rd_within", "rd_within_sd", "mil_within")}
    found = market.all_countries(draws | still, inputs, np.random.default_rng(11))
    most = draws["supplier_level"][:, -1] - 40.0
    level = found[:, small.COUNTRIES.index("VNM"), 0]
    assert np.isfinite(level).all()
    # Far in a Normal's tail a draw lies within a fraction of its spread of the bound.
    assert (level <= most + 1e-6).all()
    assert (most - level < draws["capacity_sd"]).all()


# Orders.


def test_orders_as_predicted_are_negative_binomial():
    rng = np.random.default_rng(4)
    of = {"clumping": np.full(40_000, 1.5), "clumping_growth": np.full(40_000, 0.6)}
    drawn = market.draw_orders(of, np.full((40_000, 1), np.log(0.8)), np.array([3.0]), rng)[:, 0]
    size = 1.5 * 0.8**0.6
    expected = stats.nbinom(size, size / (size + 2.4))
    for count in range(6):
        chance = expected.pmf(count)
        # Five binomial standard errors.
        assert (drawn == count).mean() == pytest.approx(
            chance, abs=5 * np.sqrt(chance * (1 - chance) / 40_000)
        )


EVERY_PAIR = np.argwhere(np.ones((len(small.SUPPLIERS), len(small.RECIPIENTS)), bool))


def of_all(orders):
    """Return orders of every pair (world, draw, supplier, recipient, year)."""
    rates = orders.rates
    shape = (*rates.shape[:2], len(small.SUPPLIERS), len(small.RECIPIENTS), rates.shape[3])
    return orders._replace(rates=rates.reshape(shape))


def ahead_of(draws, inputs, years, seed=3):
    """Return what orders rest on, and what is expected of them, from some draws."""
    rng = np.random.default_rng(seed)
    efforts = effort_paths.effort_paths(draws, inputs, years, rng)
    wars = effort_paths.wars(draws, inputs, years, rng)
    found = market.ahead(draws, inputs, efforts, wars, rng)
    every = range(len(small.RECIPIENTS))
    orders, points = market.expected(draws, inputs, found, rng, EVERY_PAIR, every)
    orders = of_all(orders)
    return found[0], market.Orders(orders.rates[0], orders.log_share[0]), points[0]


def test_rates_of_the_last_periods_are_those_of_orders_that_were_listed(tree):
    """Unlisted orders given listed ones: Gamma with the orders and years of the register."""
    draws, inputs = arrays(tree, 4000)
    _, orders, _ = ahead_of(draws, inputs, 1)
    x = market_arrays(inputs)
    one = block(draws, 0, 1)
    past = market.past(one, inputs)[0]
    mean, sizes = np.exp(past)[0], np.exp(market.size_of_rates(one, past))[0]
    for back in (2, 1):
        size = sizes[..., -back]
        shape = size + x.placed[..., -back]
        rate = size / mean[..., -back] + x.exposure[-back]
        found = orders.rates[..., PERIOD * (2 - back)]
        able = x.barred == 0.0
        # Five standard errors of the mean of a Gamma.
        error = 5 * np.sqrt(shape) / rate / np.sqrt(4000)
        assert (np.abs(found.mean(axis=0) - shape / rate) < error)[able].all()


def test_all_recipients_together_order_what_the_world_does_and_its_walk_is_that_of_the_past(tree):
    draws, inputs = arrays(tree)
    rate, _ = market.past(draws, inputs)
    past = special.logsumexp(rate, axis=(1, 2))
    walk = market._world(draws, 2000, np.random.default_rng(8))
    steps = np.diff(walk, axis=-1, prepend=past[:, -1:])
    expected = np.diff(past, axis=-1).std(axis=-1) / np.sqrt(PERIOD)
    # Five standard errors of a standard deviation of 2,000 steps.
    assert steps.std(axis=-1) == pytest.approx(expected, rel=5 / np.sqrt(4000))
    calm = draws | {"clumping": np.full_like(draws["clumping"], 1e12)}
    _, orders, _ = ahead_of(calm, inputs, 3)
    total = np.log(orders.rates[..., -1].sum(axis=(1, 2)))
    # Three years of the walk: within five of its standard deviations.
    assert (np.abs(total - past[:, -1]) < 5 * np.sqrt(3.0) * expected).all()
    assert np.abs(total - past[:, -1]).max() > 0.01


def test_a_pair_remembers_what_it_ordered_in_the_future_too(tree):
    """Shares of the second period, by hand from the orders of the first and of the past."""
    draws, inputs = arrays(tree)
    found, orders, points = ahead_of(draws, inputs, 2 * PERIOD)
    away = np.abs(points.sellers[:, :, None, PERIOD] - points.buyers[:, None, :, PERIOD])
    mean, sd = float(inputs["ideal_distance_mean"]), float(inputs["ideal_distance_sd"])
    away = np.nan_to_num((away - mean) / sd)
    x = market_arrays(inputs)
    placed = np.stack(
        [
            np.repeat(x.placed[None, ..., -1], 80, axis=0),
            orders.rates[..., 2 * PERIOD : 3 * PERIOD].sum(axis=-1),
        ],
        axis=-1,
    )
    memory = [np.log1p(placed[..., 1] / PERIOD), np.log1p(placed[..., 0] / x.exposure[-1])]
    covariates = inputs["affinity_covariates"].isel({YEAR: -1}).values
    utility = found.offered[..., PERIOD][:, :, None] + draws["affinity"] + x.barred
    for k, name in enumerate(COVARIATES):
        column = away if name == "ideal_point" else covariates[k]
        utility = utility + draws[f"{name}_effect"][:, None, None] * column
    for name, before in zip(MEMORIES, memory, strict=True):
        utility = utility + draws[name][:, None, None] * before
    expected = special.log_softmax(utility, axis=1)
    able = x.barred == 0.0
    assert orders.log_share[..., PERIOD][:, able] == pytest.approx(expected[:, able], abs=1e-4)


def test_recipients_share_the_worlds_orders_by_their_demand(quiet):
    draws, inputs = arrays(quiet)
    found, orders, _ = ahead_of(draws, inputs, PERIOD)
    ordered = np.log(orders.rates[..., -1].sum(axis=1))
    wanted = found.demand[..., -1]
    relative = ordered - wanted
    # Clumps of a part in thirty thousand are left.
    assert relative == pytest.approx(np.repeat(relative[:, :1], 9, axis=1), abs=1e-3)


def test_without_shocks_demand_follows_budgets_and_a_producers_own_industry(quiet):
    draws, inputs = arrays(quiet)
    rng = np.random.default_rng(2)
    (effort,) = effort_paths.effort_paths(draws, inputs, 3, rng)
    wars = effort_paths.wars(draws, inputs, 3, rng)
    (found,) = market.ahead(draws, inputs, [effort], wars, rng)
    last = np.log(inputs["milex"].isel(year_effort=-1).values)
    growth = effort.log_milex[..., 2] - last
    for code in ("CHN", "VNM"):
        r, c = small.RECIPIENTS.index(code), small.COUNTRIES.index(code)
        budget = growth[:, c] - growth.mean(axis=1)
        budget = budget + float(inputs["log_budget_change"].sel({RECIPIENT: code}).values[-1])
        expected = draws["demand_level"][:, r] + draws["demand_walk"][:, r, -1]
        expected = expected + draws["budget_effect"] * budget
        if code == "CHN":
            s = small.SUPPLIERS.index(code)
            moved = found.theta[:, c, 2] - draws["supplier_level"][:, s]
            expected = expected + draws["own_rd_effect"] * effort.rd[:, c, 2]
            expected = expected + draws["own_capacity_effect"] * moved
        assert found.demand[:, r, 2] == pytest.approx(expected, abs=1e-4), code


# Without chance.


def hand_recursion(draws, draw, inputs, codes, years):
    """GDP, R&D share and military spending (code → year → three logs), in plain arithmetic.

    From six years before the origin on, figures stand where one of that year or later is out.
    """
    ceiling, late = inputs.attrs["rd_ceiling"], effort_paths.LATE
    mean = dict(zip(("gdp", "rd", "mil"), inputs["driver_gap_mean"].values, strict=True))
    average = float(inputs["driver_people_mean"].sel(driver="gdp"))
    one = {name: float(draws[name][draw]) for name in draws if draws[name].ndim == 1}
    levels, people, seen = {}, {}, {}
    for code in codes:
        of = inputs.sel({COUNTRY: code})
        gdp, mil = np.log(of["gdp"].values), np.log(of["milex"].values)
        share = np.exp(of["rd_share_mean"].values)
        levels[code] = {"gdp": gdp, "rd": np.log(share / (ceiling - share)), "mil": mil - gdp}
        log = np.log(of["population"].values)
        growth = (log[-1] - log[-6]) / 5.0
        people[code] = np.append(log, log[-1] + growth * np.arange(1, years + 1))
        figures = {"gdp": "gdp", "rd": "rd_share", "mil": "milex"}
        seen[code] = {
            name: int(np.flatnonzero(np.isfinite(of[f"{figure}_observed"].values))[-1])
            for name, figure in figures.items()
        }
    last = len(levels[codes[0]]["gdp"]) - 1
    paths = {
        code: {name: list(row[: last - late + 1]) for name, row in rows.items()}
        for code, rows in levels.items()
    }
    for t in range(last - late + 1, last + years + 1):
        before = {code: paths[code]["gdp"][t - 1] - people[code][t - 1] for code in codes}
        for name in ("gdp", "rd", "mil"):
            steps, beyond = {}, []
            for code in codes:
                path = paths[code][name]
                away = before[code] - before["USA"] if name == "gdp" else path[-1]
                own = one[f"{name}_drift"] - one[f"{name}_reversion"] * (away - mean[name])
                if name == "gdp":
                    known = min(t, last + 1)
                    grew = (people[code][known - 1] - people[code][known - 6]) / 5.0
                    own += one["gdp_population"] * (grew - average)
                beyond.append(path[-1] - path[-2] - own)
                steps[code] = own + one[f"{name}_momentum"] * beyond[-1]
                if name == "gdp":
                    steps[code] += one["gdp_trend"] * ((path[-1] - path[-6]) / 5.0 - own)
            together = 0.0
            if name != "rd":
                more = one[f"{name}_world_momentum"] - one[f"{name}_momentum"]
                together = more * sum(beyond) / len(beyond)
            for code in codes:
                path = paths[code][name]
                if t <= seen[code][name]:
                    path.append(levels[code][name][t])
                else:
                    path.append(path[-1] + steps[code] + together)
    return {
        code: [
            (gdp, np.log(ceiling / (1.0 + np.exp(-rd))), mil + gdp)
            for gdp, rd, mil in zip(*(rows[name] for name in ("gdp", "rd", "mil")), strict=True)
        ]
        for code, rows in paths.items()
    }


def test_without_shocks_every_draw_follows_its_recursion(quiet):
    found = futures(quiet, "RUS", "IND", seed=1, horizon=HORIZON)
    inputs, draws = quiet["constant_data"].to_dataset(), stack(quiet["posterior"].to_dataset())
    years, late = HORIZON - ORIGIN, effort_paths.LATE
    for draw in range(0, 80, 13):
        path = hand_recursion(draws, draw, inputs, small.COUNTRIES, years)["IND"]
        start = -1 - late
        stock = float(np.exp(inputs["log_rd_stock"].sel({COUNTRY: "IND"}).values[start]))
        for t, (gdp, rd, mil) in enumerate(path[-years - late :]):
            stock = 0.85 * stock + np.exp(rd) / 100.0 * np.exp(gdp)
            if t < late:
                continue
            one = found.isel(draw=draw, scenario=0, year_future=t - late).sel(country="IND")
            # Draws are kept in single precision, and errors add up over the years.
            assert float(one["gdp"]) == pytest.approx(np.exp(gdp), rel=1e-4)
            assert float(one["rd_share"]) == pytest.approx(np.exp(rd), rel=1e-4)
            assert float(one["milex"]) == pytest.approx(np.exp(mil), rel=1e-4)
            assert float(one["rd_stock"]) == pytest.approx(stock, rel=1e-4)


def test_figures_that_are_not_out_are_drawn_and_those_that_are_stand(tree):
    """Three years of GDP of one country, and one of military spending of all, are not out yet."""
    draws, inputs = arrays(tree)
    late = effort_paths.LATE
    gdp, milex = (inputs[f"{name}_observed"].copy(deep=True) for name in ("gdp", "milex"))
    gdp.loc[{COUNTRY: "CHN", "year_effort": slice(ORIGIN - 2, ORIGIN)}] = np.nan
    milex.loc[{"year_effort": ORIGIN}] = np.nan
    held_back = inputs.assign(gdp_observed=gdp, milex_observed=milex)
    paths = effort_paths.driver_paths(draws, held_back, 2, np.random.default_rng(5))
    spread = paths.std(axis=1)[..., : late + 1]
    china = small.COUNTRIES.index("CHN")
    assert (spread[0, china, late - 2 :] > 1e-4).all()
    assert spread[0, china, : late - 2] == pytest.approx(0.0, abs=1e-9)
    others = np.arange(len(small.COUNTRIES)) != china
    has = np.isfinite(inputs["gdp"].transpose(COUNTRY, "year_effort").values[:, -1])
    assert spread[0, others & has] == pytest.approx(0.0, abs=1e-9)
    assert (spread[2, :, late] > 1e-4).all()
    assert spread[2, :, :late] == pytest.approx(0.0, abs=1e-9)
    whole = np.log(inputs["milex"].transpose(COUNTRY, "year_effort").values)
    assert paths[2, 0, :, :late] == pytest.approx(whole[:, -1 - late : -1])


def test_no_future_share_of_research_passes_the_ceiling(tree):
    draws, inputs = arrays(tree)
    wild = draws | {"rd_drift": draws["rd_drift"] * 0.0 + 0.5}
    paths = effort_paths.driver_paths(wild, inputs, 30, np.random.default_rng(5))
    shares = np.exp(paths[1, ..., -1])
    assert shares.max() <= inputs.attrs["rd_ceiling"] * (1.0 + 1e-9)
    assert shares.max() > 0.9 * inputs.attrs["rd_ceiling"]


@pytest.mark.parametrize("spending_counts", [True, False])
def test_without_shocks_capacity_moves_by_what_last_years_stocks_explain(quiet, spending_counts):
    if not spending_counts:
        quiet = with_parameters(quiet, mil_within=0.0)
    found = futures(quiet, *PAIR, seed=1, horizon=HORIZON)
    inputs, draws = quiet["constant_data"].to_dataset(), stack(quiet["posterior"].to_dataset())
    stocks = np.log(found["rd_stock"].sel(country="CHN").values[:, 0])
    # R&D of the last year is not out, and drawn: what the first year's stock was built on says it.
    first = found.isel(scenario=0, year_future=0).sel(country="CHN")
    spent = first["rd_share"] * first["gdp"] / 100.0
    last = np.log((first["rd_stock"] - spent) / (1.0 - inputs.attrs["rd_depreciation"])).values
    before = float(inputs["log_rd_stock"].sel({COUNTRY: "CHN"}).values[-2])
    lagged = np.concatenate([last[:, None], stocks[:, :-1]], axis=1)
    growth = np.diff(np.concatenate([np.full((80, 1), before), lagged], axis=1), axis=1)
    own = draws["rd_within_z"][:, small.SUPPLIERS.index("CHN")]
    effect = draws["rd_within"] + draws["rd_within_sd"] * own
    theta = np.concatenate(
        [found["theta_past"].sel(country="CHN").values[:, -1:],
         found["theta"].sel(country="CHN").values[:, 0]], axis=1
    )  # fmt: skip
    left = np.diff(theta, axis=1) - effect[:, None] * growth
    if not spending_counts:
        # The past is as it was drawn, with the effect of spending.
        assert np.abs(left[:, 1:]).max() < 1e-4
        return
    # What R&D does not explain is military spending, whose stock of the origin is on record.
    log_mil = inputs["log_mil_stock"].sel({COUNTRY: "CHN"}).values
    first = draws["mil_within"] * (log_mil[-1] - log_mil[-2])
    assert left[:, 0] == pytest.approx(first, abs=1e-4)


def test_without_a_walk_the_rest_of_the_worlds_capacity_stands_still(quiet):
    draws, inputs = arrays(quiet)
    found, _, _ = ahead_of(draws, inputs, 8)
    rest = found.offered[:, small.SUPPLIERS.index(REST)]
    assert rest == pytest.approx(np.repeat(rest[:, :1], 8, axis=1))


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


def test_a_war_takes_its_toll_of_orders_and_leaves_knowledge(quiet):
    fought, peace = (with_parameters(quiet, war_effect=e) for e in (-2.0, 0.0))
    fought, peace = (futures(t, *PAIR, seed=5, horizon=HORIZON) for t in (fought, peace))
    assert np.array_equal(fought["theta"], peace["theta"])
    assert (fought["import_share"] < peace["import_share"]).all()
    # The same orders, fewer of them.
    assert (fought["ordered"].mean("draw") < peace["ordered"].mean("draw")).any()
    assert float(fought["ordered"].sum()) < 0.5 * float(peace["ordered"].sum())


def without_orders(tree):
    """Return the tree with no new order, and none that is not listed yet, in any draw."""
    posterior = tree["posterior"].to_dataset().copy(deep=True)
    posterior["demand_period"] = posterior["demand_period"] * 0.0 - 80.0
    posterior["demand_level"] = posterior["demand_level"] * 0.0 - 80.0
    inputs = tree["constant_data"].to_dataset().copy(deep=True)
    inputs["placed"] = inputs["placed"] * 0.0
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": inputs})


def test_what_is_delivered_is_what_the_book_holds_and_what_new_orders_bring(tree, monkeypatch):
    """The two parts add up to the whole: no deal is in both."""
    whole = simulate.world(tree, seed=3, years=6, draws=80)["deliveries"].values

    def nothing(*_):
        return None

    monkeypatch.setattr(simulate.deal_paths, "deliver_orders", nothing)
    of_book = simulate.world(tree, seed=3, years=6, draws=80)["deliveries"].values
    monkeypatch.undo()
    monkeypatch.setattr(simulate.deal_paths, "deliver_book", nothing)
    of_orders = simulate.world(tree, seed=3, years=6, draws=80)["deliveries"].values
    assert of_book.sum() > 0 and of_orders.sum() > 0
    assert whole == pytest.approx(of_book + of_orders, rel=1e-5)


def sure(tree):
    """Return the tree with deals that are delivered at once and for sure, and none dropped."""
    posterior = without_orders(tree)["posterior"].to_dataset()
    chance = posterior["chance"] * 0.0
    for name in chance["chance_feature"].values:
        if str(name).startswith(("complete", "unnumbered")):
            chance.loc[{"chance_feature": name}] = -60.0
        elif "size" not in str(name) and str(name) not in ("running_8",):
            chance.loc[{"chance_feature": name}] = 60.0
    whole = posterior["whole"] * 0.0
    whole.loc[{"whole_feature": "level"}] = 60.0
    posterior = posterior.assign(
        chance=chance, whole=whole, gone=posterior["gone"] * 0.0 - 60.0,
        chance_domain=posterior["chance_domain"] * 0.0,
        chance_supplier=posterior["chance_supplier"] * 0.0,
        chance_recipient=posterior["chance_recipient"] * 0.0,
    )
    inputs = without_orders(tree)["constant_data"].to_dataset()
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": inputs})


def test_a_book_that_is_delivered_for_sure_delivers_all_it_holds_and_no_more(quiet, world):
    found = simulate.world(sure(quiet), seed=3, years=5, draws=80)
    assert float(found["ordered"].sum()) == 0.0
    held = np.zeros((len(small.SUPPLIERS), len(small.RECIPIENTS)))
    deals = world.orders.open
    np.add.at(held, (deals["supplier"].values, deals["recipient"].values), deals["left"].values)
    first, later = found["deliveries"].values[..., 0], found["deliveries"].values[..., 1:]
    assert first == pytest.approx(np.repeat(held[None], 80, axis=0), rel=1e-5, abs=1e-5)
    assert not later.any()


def test_orders_that_are_listed_are_in_the_book_only(quiet):
    """Deals of the last years that the register has are not drawn again as unlisted."""
    posterior = quiet["posterior"].to_dataset().copy(deep=True)
    known = posterior["known"] * 0.0 + 60.0
    known.loc[{"known_feature": "size"}] = 0.0
    of = {"constant_data": quiet["constant_data"].to_dataset()}
    listed = xr.DataTree.from_dict(of | {"posterior": posterior.assign(known=known)})
    none = xr.DataTree.from_dict(of | {"posterior": posterior.assign(known=-known)})
    few, many = (simulate.world(one, seed=3, years=2, draws=80) for one in (listed, none))
    # Orders of the future are the same; of the past, only unlisted ones are added.
    assert np.array_equal(few["ordered"], many["ordered"])
    assert (few["deliveries"] <= many["deliveries"] * (1 + 1e-6)).all()
    assert float(few["deliveries"].sum()) < float(many["deliveries"].sum())


def test_names_of_countries_survive_from_the_panel(tree):
    assert json.loads(tree["constant_data"].attrs["country_names"])["RUS"] == "RUS"


def test_an_embargo_of_a_later_year_changes_no_order_before_it(tree):
    draws, inputs = arrays(tree)
    years = 2 * PERIOD
    begins = PERIOD + 1
    barred = np.where(np.arange(years) >= begins, 1.0, np.nan)
    changes = xr.Dataset(
        {"embargo_probability": (("embargo_of", "year_future"), barred[None])},
        coords={"embargo_of": ["USA-VNM"]},
    )
    rng = np.random.default_rng(3)
    worlds = (None, changes)
    efforts = effort_paths.effort_paths(draws, inputs, years, rng, worlds)
    wars = effort_paths.wars(draws, inputs, years, rng, worlds)
    found = market.ahead(draws, inputs, efforts, wars, rng)
    chance = np.full(len(draws["parameters"]), 0.5)
    orders, _ = market.expected(draws, inputs, found, rng, EVERY_PAIR, (), worlds, chance)
    base, barred = of_all(orders).rates
    first = market.UNLISTED_PERIODS * PERIOD + begins
    assert (base[..., :first] == barred[..., :first]).all()
    s, r = small.SUPPLIERS.index("USA"), small.RECIPIENTS.index("VNM")
    assert (base[:, s, r, first] != barred[:, s, r, first]).mean() > 0.9


def test_a_country_without_population_is_carried_on_without_a_warning(tree):
    inputs = tree["constant_data"].to_dataset().copy(deep=True)
    whole = effort_paths.record(inputs)
    inputs["population"].loc[{COUNTRY: "VNM"}] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = effort_paths.record(inputs)
    at = list(inputs[COUNTRY].values).index("VNM")
    assert found.growth[at] == 0.0 and whole.growth[at] != 0.0
    rest = np.arange(len(whole.growth)) != at
    assert np.array_equal(found.growth[rest], whole.growth[rest])
    last = np.log(inputs["population"]).transpose(COUNTRY, ...).values[rest]
    mean = (last[:, -1] - last[:, -1 - effort_paths.TREND_YEARS]) / effort_paths.TREND_YEARS
    assert whole.growth[rest] == pytest.approx(mean)
