"""Futures by domain: they add up, they are capacity plus what sets a domain apart, and they fit."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.names import DOMAIN, DOMAINS, DRAW, SCENARIO, YEAR_FUTURE
from crossover.forecast import domain_checks, domains, event_tables, events, levels
from crossover.forecast.simulate import futures
from crossover.models import domain_contrasts, domain_draws
from tests import small

HORIZON = 2030


@pytest.fixture(scope="module")
def ahead(mock_fit):
    return futures(mock_fit, "RUS", "CHN", seed=1, horizon=HORIZON)


@pytest.fixture(scope="module")
def apart(mock_fit, ahead):
    return domains.by_domain(mock_fit, ahead, seed=1)


def test_domains_of_deliveries_add_up_to_the_total_in_every_draw(ahead, apart):
    total = ahead["deliveries"].isel({DRAW: apart["main_draw"].values}).values
    parts = apart["deliveries_domain"].sum(DOMAIN).transpose(DRAW, SCENARIO, YEAR_FUTURE).values
    assert np.allclose(parts, total, rtol=1e-5)
    assert (apart["deliveries_domain"].values >= 0).all()
    assert (total == 0).any(), "no draw without a delivery: the test does not see zeros"


def test_a_layer_with_more_draws_than_the_joint_model_is_thinned_chain_by_chain(mock_fit):
    layer = mock_fit["domains/posterior"].to_dataset()
    doubled = xr.concat([layer, layer + 1.0], "draw").assign_coords(
        draw=np.arange(2 * layer.draw.size)
    )
    tree = xr.DataTree.from_dict(
        {
            "posterior": mock_fit["posterior"].to_dataset(),
            "domains/posterior": doubled,
            "domains/constant_data": mock_fit["domains/constant_data"].to_dataset(),
        }
    )
    main = mock_fit["posterior"].to_dataset()
    taken = domains.layer_draws(tree)["size"]
    assert len(taken) == min(main.draw.size, doubled.draw.size) * layer.chain.size
    every = doubled["size"].isel(draw=slice(0, None, 2)).transpose("chain", "draw", ...)
    assert np.array_equal(taken, every.values.reshape(taken.shape))


def test_split_totals_follow_the_shares_they_are_given():
    rng = np.random.default_rng(0)
    n, shares = 20_000, np.array([0.6, 0.3, 0.1])
    draws = {
        "concentration": np.full(n, 30.0), "size_sd": np.full((n, 3), 1e-6),
        "size": np.zeros((n, 1, 3)), "orders_alike": np.ones(n), "size_scaling": np.zeros((n, 3)),
    }  # fmt: skip
    total = np.full(n, 50.0)
    wide = np.broadcast_to(shares, (n, 3))
    parts = domains.split_total(total, np.full(n, 12), wide, draws, 0, 1.0, rng)
    assert np.allclose(parts.sum(axis=1), 50.0)
    # Twelve lines a draw with about ten lines' worth of overdispersion: an error of 0.002.
    assert parts.mean(axis=0) / 50.0 == pytest.approx(shares, abs=0.01)


def test_large_totals_of_few_go_to_domains_of_large_orders():
    rng = np.random.default_rng(0)
    n = 4000
    draws = {
        "concentration": np.full(n, 50.0), "size_sd": np.full((n, 2), 1e-6),
        "size": np.zeros((n, 1, 2)), "orders_alike": np.ones(n),
        "size_scaling": np.tile([0.5, -0.5], (n, 1)),
    }  # fmt: skip
    even, few = np.full((n, 2), 0.5), np.full(n, 4)

    def first(each):
        total = np.full(n, each * 4.0)
        return (domains.split_total(total, few, even, draws, 0, np.log(10.0), rng) / each / 4.0)[
            :, 0
        ].mean()

    # Each mean of 4,000 shares has a standard error below 0.01.
    assert first(10.0) == pytest.approx(0.5, abs=0.05)
    assert first(100.0) > 0.7
    assert first(1.0) < 0.3


def test_capacity_by_domain_is_capacity_in_all_on_the_average_of_what_the_world_buys(mock_fit):
    draws = domains.layer_draws(mock_fit)
    observed = mock_fit["domains/constant_data"].to_dataset()
    years = mock_fit["constant_data"]["year"].values
    state = domains.paths(
        draws, observed, "CHN", years, np.arange(2013, 2016), np.random.default_rng(0)
    )
    weight = state["demand"] + state["common_size"][..., None]
    weight = np.exp(weight - domains.log_sum(weight, 1)[:, None])
    standing = domains.relative(state, range(len(state["sources"])))
    mean = (weight[:, None] * np.exp(standing)).sum(axis=2)
    assert mean == pytest.approx(1.0, rel=1e-4)


def test_a_domains_capacity_is_the_countrys_plus_its_standing(mock_fit, ahead, apart):
    gap = apart["theta_domain"] - ahead["theta"].isel({DRAW: apart["main_draw"].values}).drop_vars(
        DRAW
    )
    # What sets a domain apart is the same walk whatever the scenario, and not nothing.
    assert float(gap.std()) > 0.1
    past = apart["theta_domain_past"].isel(year=-1) - ahead["theta_past"].isel(year=-1).isel(
        {DRAW: apart["main_draw"].values}
    ).drop_vars(DRAW)
    first = gap.isel(scenario=0, year_future=0)
    step = np.abs(first.values - past.transpose(*first.dims).values)
    assert np.median(step) < 0.5


def test_uncertainty_by_domain_grows_with_the_years(apart):
    gap = apart["theta_domain"].isel(scenario=0, country=1) - apart["theta_domain"].isel(
        scenario=0, country=0
    )
    spread = gap.std(DRAW)
    assert (spread.isel(year_future=-1) > spread.isel(year_future=0)).all()


def test_a_total_is_split_whole_however_wide_sizes_are():
    count, parts = 50, len(DOMAINS)
    draws = {
        "concentration": np.full(count, 5.0), "size": np.zeros((count, 1, parts)),
        "size_scaling": np.zeros((count, parts)), "size_sd": np.full((count, parts), 60.0),
        "orders_alike": np.zeros(count),
    }  # fmt: skip
    total, lines = np.full((count, 2), 4.43), np.tile([0, 1], (count, 1))
    total[:, 0] = 0.0
    shares = np.full((count, parts, 2), 1.0 / parts)
    found = domains.split_total(total, lines, shares, draws, 0, 2.6, np.random.default_rng(1))
    np.testing.assert_allclose(found.sum(axis=1), total, rtol=1e-12)


def test_dependence_is_a_share(apart):
    for name in ("supplier_share", "supplier_share_past"):
        assert float(apart[name].min()) >= 0.0
        assert float(apart[name].max()) <= 1.0


def test_a_pair_with_few_orders_has_habits_as_uncertain_as_one_that_never_traded(mock_fit):
    draws = domains.layer_draws(mock_fit)
    observed = mock_fit["domains/constant_data"].to_dataset()
    pairs = len(domain_draws.pairs(observed)[0])
    orders = observed["orders"].sum(("period", DOMAIN)).values
    assert (orders > 0).sum() > pairs > 0, "no pair of few orders: nothing is tested"
    known = domains.habit_of(draws, np.array([0]), np.random.default_rng(0))
    assert np.array_equal(known, draws["habit"][:, 0].astype(float))
    new = domains.habit_of(draws, np.array([], dtype=int), np.random.default_rng(0))
    assert np.abs(new.sum(axis=1)).max() < 1e-9
    spread = (new / draws["habit_sd"][:, None]).std()
    # Of some thousand draws, nine in ten of whose variance is left when they sum to zero.
    assert spread == pytest.approx(np.sqrt(1.0 - 1.0 / new.shape[1]), rel=0.1)


def test_what_sets_domains_of_a_recipient_without_exports_apart_is_prior(mock_fit):
    draws = domains.layer_draws(mock_fit)
    observed = mock_fit["domains/constant_data"].to_dataset()
    years, ahead = mock_fit["constant_data"]["year"].values, np.arange(2013, 2016)
    state = domains.paths(draws, observed, "IND", years, ahead, np.random.default_rng(0))
    assert state["sources"][-1] == "IND"
    strength = state["strength"][:, -1]
    assert np.ptp(strength, axis=-1).max() == 0.0
    assert np.abs(strength.sum(axis=1)).max() < 1e-3
    assert (strength[..., 0] / draws["strength_sd"][:, None]).std() == pytest.approx(
        np.sqrt(1.0 - 1.0 / strength.shape[1]), rel=0.1
    )


def test_draws_are_paired_chain_by_chain():
    assert domains.thinned(2, 8, 2, 4).tolist() == [0, 2, 4, 6]
    assert domains.thinned(2, 8, 2, 8).tolist() == list(range(8))
    assert domains.thinned(4, 8, 2, 4).tolist() == [0, 2, 4, 7]


def test_the_events_of_domains_are_joint_and_no_product_of_margins(ahead, apart):
    table = events.domain_answers(ahead, apart)
    each = table["domain_crossover"]
    joint = table["junior_everywhere"].values
    assert not (joint & ~each.all(DOMAIN).values).any()
    assert (table["junior_in_named_domains"].values >= joint).all()
    count = events.domains_ahead(table)
    sums = count.groupby(["scenario", "year"])["probability"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)
    origin = count[count["year"] == count["year"].min()]
    mean = (origin["domains"] * origin["probability"]).sum()
    assert mean == pytest.approx(float(each.isel(year=0).sum(DOMAIN).mean()))


def test_junior_everywhere_needs_every_other_figure_too(ahead, apart):
    behind = ahead.copy(deep=True)
    behind["gdp"].loc[{"country": "CHN"}] = 0.0
    behind["gdp_past"].loc[{"country": "CHN"}] = 0.0
    sure = apart.copy(deep=True)
    for name in ("theta_domain", "theta_domain_past"):
        sure[name].loc[{"country": "CHN"}] += 100.0
    assert not events.domain_answers(behind, sure)["junior_everywhere"].values.any()
    table = events.domain_answers(ahead, sure)
    assert table["domain_crossover"].values.all()
    own = events.answers(ahead).isel({DRAW: apart["main_draw"].values})
    needed = own["export_crossover"].values[:, :, None] & own["capacity_crossover"].values
    assert not (table["junior_everywhere"].values & ~needed).any()


def test_published_tables_name_the_domain(ahead, apart):
    happens, when = event_tables.tables(events.domain_answers(ahead, apart))
    one = happens[happens["event"] == "domain_crossover"]
    assert set(one["domain"]) == set(apart[DOMAIN].values)
    assert set(happens[happens["event"] == "junior_everywhere"]["domain"]) == {"all"}
    assert when["probability_within_horizon"].between(0, 1).all()
    wide = happens.pivot_table(
        index=["event", "domain", "scenario", "year"], columns="kind", values="probability"
    )
    assert (wide["lasting"] <= wide["state"]).all()
    assert (wide["state"] <= wide["first_passage"]).all()
    for _, rows in happens[happens["kind"] != "state"].groupby(["event", "domain", "kind"]):
        assert rows["probability"].is_monotonic_increasing


def test_levels_by_domain_begin_with_the_average_that_the_events_have(mock_fit, ahead, apart):
    table = levels.by_domain(mock_fit, ahead, apart, seed=1)
    gap = apart["theta_domain_past"].isel(year=-1)
    gap = gap.sel(country="CHN") - gap.sel(country="RUS")
    said, _ = event_tables.tables(events.domain_answers(ahead, apart))
    said = said[(said["event"] == "domain_crossover") & (said["kind"] == "state")]
    said = said[said["year"] == said["year"].min()].set_index("domain")
    for domain, rows in table.groupby("domain"):
        assert rows["alternative"].tolist()[:2] == [levels.AVERAGE, levels.CHOSEN]
        assert rows["headline"].tolist() == [1] + [0] * (len(rows) - 1)
        average, chosen = rows.iloc[0], rows.iloc[1]
        own = gap.sel(domain=domain)
        assert chosen["gap_median"] == pytest.approx(float(own.median(DRAW)), abs=1e-5)
        assert average["probability"] == pytest.approx(said.loc[domain, "probability"])
        counted = rows[rows["alternative"].isin(levels.DESCRIPTIONS)]
        assert average["probability"] == pytest.approx(counted["probability"].mean())
    assert set(table["alternative"]) >= {"unit_values", "equal_domains", "by_number"}
    values = table[table["alternative"] == "unit_values"]
    assert (values["supplier_items"] > 0).any()


def test_a_recipient_that_exports_nothing_has_no_unit_values(mock_fit):
    of_india = futures(mock_fit, "RUS", "IND", seed=1, horizon=small.ORIGIN + 1)
    apart = domains.by_domain(mock_fit, of_india, seed=1)
    table = levels.by_domain(mock_fit, of_india, apart, seed=1)
    assert "unit_values" not in set(table["alternative"])


def test_the_predictive_check_holds_what_the_layer_was_drawn_from(mock_fit):
    table = domain_checks.predictive_check(mock_fit, ("CHN",), seed=1)
    sums = table.groupby(["side", "country", "period"])["observed"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)
    inside = (table["q05"] <= table["observed"]) & (table["observed"] <= table["q95"])
    # In sample, with exact zeros counted inside: at least nine in ten, less three errors of
    # some hundred dependent cells.
    assert inside.mean() > 0.85
    middle = (table["q25"] <= table["observed"]) & (table["observed"] <= table["q75"])
    assert middle.mean() > 0.4


def test_slopes_of_unit_values_are_drawn_from_what_they_regress(mock_fit):
    slopes, value, capacity = domain_checks.agreement(mock_fit, seed=1)
    assert value.shape == capacity.shape
    x = capacity.values - capacity.values.mean(axis=1, keepdims=True)
    y = value.values - value.values.mean(axis=1, keepdims=True)
    least_squares = (x * y).sum(axis=1) / (x**2).sum(axis=1)
    # Shrunk towards zero by the prior.
    assert abs(slopes["between"].mean()) <= abs(least_squares).mean() + 0.05
    assert slopes["within"].shape == slopes["between"].shape


def test_paths_are_flat_between_middles_only_where_they_should_be(mock_fit):
    values = np.zeros((1, 3, 1))
    values[0, :, 0] = [0.0, 1.0, 3.0]
    middle = np.array([2000.0, 2004.0, 2008.0])
    years = np.array([1998, 2000, 2002, 2004, 2006, 2008, 2010])
    found = domains._between(values, middle, years)[0, 0]
    assert found == pytest.approx([0, 0, 0.5, 1, 2, 3, 3])
    assert domain_contrasts.PERIOD_YEARS == 4
