"""The market for orders: its density, its conventions, and the stated priors."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from crossover.data.names import RECIPIENT, REST, SUPPLIER, YEAR
from crossover.forecast import market as market_of_draws
from crossover.forecast.draws import stack
from crossover.models import market
from crossover.models.inputs import COVARIATES
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED
from crossover.models.priors import order
from tests import graphs, small
from tests.mock_fit import evaluator, points


@pytest.fixture(scope="module")
def model(models):
    return models["market"]


@pytest.fixture(scope="module")
def some(model, world):
    """Return points on the sampler's scale, and of each the draws that a simulator would get."""
    evaluate, found = evaluator(model), []
    for point in points(model, 3, 0.3, 5):
        values = evaluate(point)
        draws = {name: np.asarray(x)[None] for name, x in values.items()}
        top = zip(order(world.priors.part("market")), values["parameters"], strict=True)
        found.append((point, draws | {name: np.array([x]) for name, x in top}))
    return found


@pytest.fixture(scope="module")
def x(world):
    return market.arrays(world.inputs)


# The graph -------------------------------------------------------------------------------------


def test_log_density_and_gradient_are_finite_and_agree(model):
    graphs.check_gradient(model)


def test_the_density_of_orders_is_the_negative_binomials_but_for_its_constant(x):
    rng = np.random.default_rng(3)
    log_rate = rng.normal(-0.5, 1.0, x.placed.shape)
    for size, growth in ((0.3, 0.0), (2.0, 0.5), (40.0, 1.0)):
        log_size = market.log_size(log_rate, size, growth)
        size = size * np.exp(growth * log_rate)
        mean = np.exp(log_rate) * x.exposure
        full = stats.nbinom.logpmf(x.placed, size, size / (size + mean))
        able = np.broadcast_to((x.barred == 0.0)[..., None], full.shape)
        constant = stats.poisson.logpmf(x.placed, 1.0) + 1.0
        expected = np.where(able, full - constant, 0.0)
        found = market.log_density_of_cells(log_rate, log_size, x)
        assert found == pytest.approx(expected, abs=1e-9)


def test_the_model_and_the_simulators_past_give_the_same_density_of_orders(
    model, some, world, x
):
    inside = graphs.log_densities(model)
    for point, draws in some:
        rate, _ = market_of_draws.past(draws, world.inputs)
        size = market_of_draws.size_of_rates(draws, rate)
        outside = market.log_density_of_cells(rate[0], size[0], x).sum()
        # Both in double precision: sums of four hundred cells.
        assert inside(point)["orders"] == pytest.approx(outside, rel=1e-9)


def test_the_stored_likelihood_is_that_of_what_recipients_ordered(mock_fit, world, x):
    found = mock_fit["log_likelihood"]["orders"]
    draws = stack(mock_fit["posterior"].to_dataset())
    rate, _ = market_of_draws.past(draws, world.inputs)
    size = market_of_draws.size_of_rates(draws, rate)
    for draw in (0, 250):
        cells = market.log_density_of_cells(rate[draw], size[draw], x)
        one = found.values.reshape(-1, *found.shape[2:])[draw]
        assert one == pytest.approx(cells.sum(axis=0), rel=1e-5, abs=1e-4)


# Who sells to whom -----------------------------------------------------------------------------


def test_shares_of_a_recipient_sum_to_one_and_no_country_sells_to_itself(some, world):
    _, draws = some[1]
    rate, share = market_of_draws.past(draws, world.inputs)
    assert np.exp(share).sum(axis=1) == pytest.approx(1.0)
    able = world.inputs["possible"].transpose(SUPPLIER, RECIPIENT).values
    assert np.exp(share[0][~able]).max() < 1e-12
    # What a recipient orders of all is its demand.
    assert np.exp(rate).sum(axis=1) == pytest.approx(np.exp(draws["demand_period"]))


def test_a_share_is_what_capacity_war_ties_politics_and_memory_make_it(some, world):
    """Log-odds of two suppliers with one recipient, added up by hand."""
    inputs, (_, draws) = world.inputs, some[2]
    top = {name: float(values[0]) for name, values in draws.items() if values.ndim == 1}
    _, share = market_of_draws.past(draws, inputs)
    placed = inputs["placed"] / inputs["order_exposure"]
    for buyer, period in (("IND", 2000), ("VNM", 2012)):
        years = {YEAR: slice(period - PERIOD + 1, period)}
        odds = {}
        for code in ("RUS", "FRA"):
            at = {SUPPLIER: code, RECIPIENT: buyer}
            s = list(small.SUPPLIERS).index(code)
            moved = sum(
                effect * float(inputs[f"{e}_change"].sel(country=code).sel(years).mean())
                for e, effect in (
                    ("rd", top["rd_within"] + top["rd_within_sd"] * draws["rd_within_z"][0, s]),
                    ("mil", top["mil_within"]),
                )
            )
            p = list(inputs[ORDER_PERIOD].values[REMEMBERED:]).index(period)
            covariates = inputs["affinity_covariates"].sel(at).sel(years).mean(YEAR)
            odds[code] = (
                draws["supplier_level"][0, s] + moved + draws["capacity_walk"][0, s, p]
                + top["war_effect"] * float(inputs["war"].sel({SUPPLIER: code}).sel(years).mean())
                + draws["affinity"][0, s, list(small.RECIPIENTS).index(buyer)]
                + sum(top[f"{name}_effect"] * float(covariates.sel(covariate=name))
                      for name in COVARIATES)
                + top["memory"] * np.log1p(float(placed.sel(at | {ORDER_PERIOD: period - 3})))
                + top["memory_before"]
                * np.log1p(float(placed.sel(at | {ORDER_PERIOD: period - 6})))
            )  # fmt: skip
        r = list(small.RECIPIENTS).index(buyer)
        one, two = (share[0, small.SUPPLIERS.index(code), r, p] for code in odds)
        assert one - two == pytest.approx(odds["RUS"] - odds["FRA"])


def test_a_country_orders_by_its_budget_and_a_producer_by_its_own_industry_too(some, world, x):
    inputs, (_, draws) = world.inputs, some[1]
    top = {name: float(values[0]) for name, values in draws.items() if values.ndim == 1}
    change = inputs["log_budget_change"]
    for code, period in (("IND", 1997), ("CHN", 2009)):
        r = small.RECIPIENTS.index(code)
        p = list(inputs[ORDER_PERIOD].values[REMEMBERED:]).index(period)
        years = {YEAR: slice(period - PERIOD + 1, period)}
        expected = draws["demand_level"][0, r] + draws["demand_walk"][0, r, p]
        expected += top["budget_effect"] * float(change.sel({RECIPIENT: code}).sel(years).mean())
        if code == "CHN":
            s = small.SUPPLIERS.index(code)
            rd, mil = (
                float(inputs[f"{e}_change"].sel(country=code).sel(years).mean())
                for e in ("rd", "mil")
            )
            by_rd = top["rd_within"] + top["rd_within_sd"] * draws["rd_within_z"][0, s]
            moved = by_rd * rd + top["mil_within"] * mil + draws["capacity_walk"][0, s, p]
            expected += top["own_rd_effect"] * rd + top["own_capacity_effect"] * moved
        assert draws["demand_period"][0, r, p] == pytest.approx(expected)
    assert x.exporter.tolist() == [1.0] * 5 + [0.0] * 4


def test_unexplained_ties_sum_to_zero_and_walks_are_centred(some):
    _, draws = some[0]
    zero = pytest.approx(0.0, abs=1e-10)
    for axis in (1, 2):
        assert draws["affinity"].sum(axis=axis) == zero
    # What all suppliers gain together is demand, and the mean over the window is a level.
    assert draws["capacity_walk"].sum(axis=1) == zero
    for name in ("capacity_walk", "demand_walk"):
        assert draws[name].mean(axis=-1) == zero, name
    assert np.ptp(draws["capacity_walk"]) > 0.01


def test_capacity_by_year_goes_through_that_of_the_middle_years_of_periods(some, world, x):
    _, draws = some[0]
    inputs = world.inputs
    middles = inputs[ORDER_PERIOD].values[REMEMBERED:] - 1
    at = np.searchsorted(inputs[YEAR].values, middles)
    expected = draws["supplier_level"][..., None] + draws["capacity_walk"]
    expected = expected + market_of_draws.by_effort(draws, x.yearly[..., at])
    assert draws["supplier_capacity"][..., at] == pytest.approx(expected)
    walk = draws["supplier_capacity"] - market_of_draws.by_effort(draws, x.yearly)
    # Flat at both ends, straight in between.
    assert walk[..., 0] == pytest.approx(walk[..., 1])
    assert walk[..., -1] == pytest.approx(walk[..., -2])
    assert walk[..., 2] - walk[..., 1] == pytest.approx(walk[..., 3] - walk[..., 2])


# Arrays ----------------------------------------------------------------------------------------


def test_a_pair_remembers_the_two_periods_before_each_modelled_one():
    placed = np.arange(4.0)[None, None]
    first, second = market.remembered(placed, np.full(4, 2.0))
    assert first[0, 0] == pytest.approx(np.log1p(np.array([0.5, 1.0])))
    assert second[0, 0] == pytest.approx(np.log1p(np.array([0.0, 0.5])))


def test_values_of_a_period_are_means_of_its_years():
    years, ends = np.arange(2000, 2007), np.array([2003, 2006])
    found = market.mean_of_periods(np.arange(7.0)[None], years, ends)
    assert found == pytest.approx(np.array([[2.0, 5.0]]))


def test_orders_count_by_the_exposure_of_their_period(world, x):
    assert x.exposure.shape == x.placed.shape[2:]
    assert (np.diff(x.exposure) <= 0.05).all() and x.exposure[-1] < 2.9 < x.exposure[0] < 3.2
    assert x.placed.sum() == world.inputs["placed"].values[..., REMEMBERED:].sum() > 500


# Priors ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(world):
    """Return the stacked draws of PyMC's prior and those of the small world's own code."""
    from crossover.forecast.fit import prior

    theirs = prior(world.panel, world.priors, seed=3, draws=300)["posterior"].to_dataset()
    rng = np.random.default_rng(4)
    ours = [small.draw(world.inputs, world.priors, rng) for _ in range(600)]
    return stack(theirs), stack(small.posterior(world.inputs, world.priors, ours))


QUANTITIES = {
    "a parameter of each family": lambda d: np.stack(
        [d["rd_within"], d["walk_sd"], d["war_end_rate"]], axis=-1
    ),
    "a supplier's level": lambda d: d["supplier_level"][:, [0, 2, 5]],
    "its change over the window": lambda d: (
        d["supplier_capacity"][:, [0, 2, 5], -1] - d["supplier_capacity"][:, [0, 2, 5], 0]
    ),
    "its walk": lambda d: d["capacity_walk"][:, 1, [0, -1]],
    "the gap of two suppliers": lambda d: d["supplier_level"][:, 2] - d["supplier_level"][:, 1],
    "a pair's tie": lambda d: d["affinity"][:, [1, 3, 5], [5, 2, 8]],
    "the spread of ties": lambda d: d["affinity"].std(axis=(1, 2)),
    "orders of an exporter, an importer and the rest": lambda d: d["demand_level"][:, [2, 5, 8]],
    "what moves them": lambda d: d["demand_period"][:, [2, 5], -1] - d["demand_level"][:, [2, 5]],
    "the chance of delivery by supplier": lambda d: d["chance_supplier"][:, [0, 5]],
    "and by recipient": lambda d: d["chance_recipient"][:, [0, 8]],
    "what happens to all deals in a year": lambda d: d["chance_world"][:, [0, -1]],
    "what happens to a country's in a year": lambda d: d["chance_recipient_shock"][:, 3, [0, -1]],
    "the size of an order by recipient": lambda d: d["size_recipient"][:, [0, 8]],
    "a country's shocks": lambda d: d["log_shock"][:, :, 2],
    "what the drivers of all have in common": lambda d: d["world_change"][:, :, 2],
}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_two_codings_of_the_priors_draw_alike(drawn, quantity):
    theirs, ours = (QUANTITIES[quantity](d).reshape(len(d["parameters"]), -1) for d in drawn)
    for column in range(theirs.shape[1]):
        # Seeds are fixed; by chance one comparison in a million falls below this.
        assert stats.ks_2samp(theirs[:, column], ours[:, column]).pvalue > 1e-6


def test_prior_orders_of_two_codings_are_alike(drawn, world):
    logs = [market_of_draws.past(d, world.inputs)[0][:, 1, 2, [0, -1]] for d in drawn]
    for column in range(2):
        assert stats.ks_2samp(logs[0][:, column], logs[1][:, column]).pvalue > 1e-6


def test_the_prior_of_the_shipped_panel_is_in_range(real):
    """Neither the size of the arms trade nor the crossover is decided before data are seen."""
    from crossover.models import priors

    model = market.market(real, priors.load().part("market"))
    names = ("demand_period", "supplier_capacity")
    orders, capacity = pm.draw(
        [model[name] for name in names], draws=120, random_seed=5, mode=graphs.MODE
    )
    yearly = np.exp(orders).sum(axis=1).mean(axis=-1)
    # Registers list some 400 orders a year.
    assert 50 < np.median(yearly) < 5000
    suppliers = [str(code) for code in real[SUPPLIER].values]
    assert suppliers[-1] == REST
    ahead = capacity[:, suppliers.index("CHN"), -1] > capacity[:, suppliers.index("RUS"), -1]
    # Zero-centred effects and exchangeable levels put an even chance on it, give or take what
    # effort on record may mean; five binomial errors at 120 draws are 0.23.
    assert 0.2 < ahead.mean() < 0.8
