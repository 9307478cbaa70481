"""Delivery: features that say what they mean, and the densities of the distributions named."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from crossover.data.names import DOMAINS
from crossover.models import deal_features as features
from crossover.models import delivery
from crossover.models.inputs import with_orders
from crossover.models.order_book import COMPLETE, NEVER, RUNNING, UNNUMBERED, WAITING
from crossover.models.priors import order
from tests import graphs, small
from tests.mock_fit import evaluator, points


@pytest.fixture(scope="module")
def model(models):
    return models["delivery"]


@pytest.fixture(scope="module")
def at_point(model, world):
    """Return a point on the sampler's scale, what each part adds there, and all values by name."""
    (point,) = points(model, 1, 0.3, 21)
    values = evaluator(model)(point)
    top = zip(order(world.priors.part("delivery")), values["parameters"], strict=True)
    return graphs.log_densities(model)(point), values | dict(top)


def row(name, *columns):
    """Return the features of one case that are not zero, by name."""
    names = getattr(features, name.upper())
    table = features.table(getattr(features, name), len(names), *(np.array([c]) for c in columns))
    return {n: float(v) for n, v in zip(names, table[0], strict=True) if v}


# Features --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ((WAITING, 0, np.exp(3.0), NEVER), {"waiting_0"}),
        ((WAITING, 1, np.exp(4.0), NEVER), {"waiting_1", "waiting_size", "waiting_size_early"}),
        ((WAITING, 2, np.exp(4.0), NEVER), {"waiting_2", "waiting_size"}),
        ((RUNNING, 4, np.exp(3.0), 2), {"running", "running_missed_2"}),
        ((WAITING, 4, np.exp(3.0), NEVER), {"waiting_3_4"}),
        ((WAITING, 20, np.exp(5.0), NEVER), {"waiting_8", "waiting_size"}),
        ((RUNNING, 3, np.exp(3.0), 0), {"running"}),
        ((RUNNING, 9, np.exp(1.0), 1), {"running", "running_8", "running_size",
                                        "running_missed_1"}),
        ((RUNNING, 9, np.exp(3.0), 4), {"running", "running_8", "running_missed_3"}),
        ((UNNUMBERED, 3, 0.0, 0), {"unnumbered"}),
        ((UNNUMBERED, 3, 0.0, 1), {"unnumbered_missed_1"}),
        ((UNNUMBERED, 3, 0.0, 5), {"unnumbered_missed_2"}),
        ((UNNUMBERED, 3, 0.0, NEVER), {"unnumbered_waiting"}),
        ((COMPLETE, 5, 0.0, 0), {"complete"}),
        ((COMPLETE, 5, 0.0, 1), {"complete_missed_1"}),
        ((COMPLETE, 5, 0.0, 2), {"complete_missed_2"}),
    ],
)  # fmt: skip
def test_features_of_a_deal_name_its_state_and_nothing_else(case, named):
    assert set(row("chance", *case)) == named


def test_a_deal_that_waits_for_long_is_likelier_gone():
    assert row("gone", WAITING, 4) == {"waiting": 1.0}
    assert row("gone", WAITING, 5) == {"waiting": 1.0, "waiting_5": 1.0}
    assert row("gone", COMPLETE, 9) == {"complete": 1.0}


def test_what_is_left_is_told_by_its_size_number_and_pace():
    # Ten of twenty units have come in two years; as much is left.
    found = row("whole", RUNNING, 5, np.exp(6.0), 10.0, np.exp(6.0), 2)
    assert found == pytest.approx(
        {"level": 1.0, "running": 1.0, "size": 3.0, "units": np.log(10.0) - 2.0,
         "pace": np.log(0.5), "large": 1.0, "running_size": 3.0, "running_age": 1.0,
         "running_units": np.log(10.0) - 2.0}
    )  # fmt: skip
    assert row("whole", WAITING, 1, np.exp(3.0), 1.0, 0.0, 0) == pytest.approx(
        {"level": 1.0, "units": -2.0, "one_unit": 1.0}
    )


def test_waits_and_listing_are_told_by_age_size_and_whether_deliveries_have_begun():
    assert row("wait", 0, 3.6) == pytest.approx({"age_0": 1.0, "size": 1.0, "size_early": 1.0})
    assert row("wait", 9, 2.6) == {"age_6": 1.0}
    assert row("known", 1, False, 2.6) == {"age_1": 1.0}
    assert row("known", 7, True, 1.6) == pytest.approx({"begun_5": 1.0, "size": -1.0})


# Densities -------------------------------------------------------------------------------------


def test_log_density_and_gradient_are_finite_and_agree(model):
    graphs.check_gradient(model)


def listed(world):
    f = world.orders.followed
    return f[~f["gone"]]


def came(world):
    f = listed(world)
    return f[f["any"] & (f["tiv"] > 0)]


def bernoulli(happened, logit):
    return stats.bernoulli.logpmf(np.asarray(happened, int), special.expit(logit)).sum()


def table(name, frame, *columns):
    names = getattr(features, name.upper())
    return features.table(
        getattr(features, name), len(names), *(frame[c].values for c in columns)
    )


def test_whether_a_deal_delivers_is_logistic(at_point, world):
    found, of = at_point
    f = listed(world)
    year = f["year"].values - world.orders.followed["year"].min()
    logit = table("chance", f, "state", "age", "left", "since") @ of["chance"]
    for dim in delivery.GROUPS:
        logit = logit + of[f"chance_{dim}"][f[dim].values]
    logit = logit + of["chance_world"][year]
    for who in ("supplier", "recipient"):
        logit = logit + of[f"chance_{who}_shock"][f[who].values, year]
    assert found["delivers"] == pytest.approx(bernoulli(f["any"], logit))


def test_a_deal_is_gone_within_the_years_between_two_registers(at_point, world):
    found, of = at_point
    ends = world.orders.followed[world.orders.followed["ending"]]
    assert set(ends["span"]) == {1, 2}
    once = special.expit(table("gone", ends, "state", "age") @ of["gone"])
    stays = (1.0 - once) ** ends["span"].values
    expected = stats.bernoulli.logpmf(ends["gone"].astype(int), 1.0 - stays).sum()
    assert found["is_gone"] == pytest.approx(expected)


def test_what_comes_is_all_that_is_left_or_a_logit_normal_share_of_it(at_point, world):
    found, of = at_point
    f = came(world)
    f = f[f["state"] <= RUNNING]
    rows = table("whole", f, "state", "age", "left", "units_left", "delivered", "times")
    part = (f["tiv"] / f["left"]).values
    whole = part >= delivery.WHOLE_FROM
    assert 0.1 < whole.mean() < 0.9
    assert found["is_whole"] == pytest.approx(bernoulli(whole, rows @ of["whole"]))
    rest, logit = rows[~whole, :-1], special.logit(part[~whole])
    mean, sd = rest @ of["share"], np.exp(rest[:, [0, 1, 3, 5]] @ of["share_spread"])
    expected = np.where(
        logit > -6.0, stats.norm.logpdf(logit, mean, sd), stats.norm.logcdf(-6.0, mean, sd)
    ).sum()
    assert logit.max() < 3.8
    assert found["delivered_share"] == pytest.approx(expected)


def test_a_share_that_is_nearly_none_or_nearly_all_is_only_known_to_be_beyond(world):
    f = world.orders.followed.copy()
    shares = f.index[~f["gone"] & f["any"] & (f["state"] <= RUNNING) & (f["tiv"] < 0.9 * f["left"])]
    few, many = shares[:3], shares[3:5]
    f.loc[few, "tiv"] = f.loc[few, "left"] * special.expit([-6.01, -9.0, -20.0])
    f.loc[many, "tiv"] = f.loc[many, "left"] * special.expit([3.81, 3.85])
    made = delivery.delivery(world.orders._replace(followed=f), world.priors.part("delivery"))
    (point,) = points(made, 1, 0.3, 21)
    of, found = evaluator(made)(point), graphs.log_densities(made)(point)
    f = f[~f["gone"] & f["any"] & (f["tiv"] > 0) & (f["state"] <= RUNNING)]
    logit = special.logit((f["tiv"] / f["left"]).values.clip(max=delivery.WHOLE_FROM))
    cases = table("whole", f, "state", "age", "left", "units_left", "delivered", "times")[:, :-1]
    mean, sd = cases @ of["share"], np.exp(cases[:, [0, 1, 3, 5]] @ of["share_spread"])
    few, many = logit < -6.0, (logit > 3.8) & (f["tiv"] < delivery.WHOLE_FROM * f["left"])
    assert few.sum() >= 3 and many.sum() >= 2
    rest = (f["tiv"] < delivery.WHOLE_FROM * f["left"]) & ~few & ~many
    expected = stats.norm.logcdf(-6.0, mean, sd)[few].sum()
    expected += stats.norm.logsf(3.8, mean, sd)[many].sum()
    expected += stats.norm.logpdf(logit, mean, sd)[rest].sum()
    assert found["delivered_share"] == pytest.approx(expected)
    graphs.check_gradient(made)


def test_what_goes_on_delivers_around_its_pace_and_what_begins_without_a_number_by_its_kind(
    at_point, world
):
    found, of = at_point
    f = came(world)
    f = f[f["state"] > RUNNING]
    assert set(f["state"]) == {UNNUMBERED, COMPLETE}
    more, first = f[f["delivered"] > 0], f[f["delivered"] <= 0]
    assert len(more) and len(first)
    pace = np.log(more["delivered"] / more["times"]).values
    mean = 2.6 + of["more_pace"] + of["more_slope"] * (pace - 2.6)
    expected = stats.norm.logpdf(np.log(more["tiv"]), mean, of["more_sd"]).sum()
    assert found["more"] == pytest.approx(expected)
    usual = of["size_mean"][first["supplier"], first["domain"]]
    usual = usual + of["size_recipient"][first["recipient"]] + of["first_pace"]
    expected = stats.norm.logpdf(np.log(first["tiv"]), usual, of["first_sd"]).sum()
    assert found["first"] == pytest.approx(expected)


def classes(log_tiv):
    """Return sizes in the quarters of a log in which they are counted."""
    return np.round(log_tiv / 0.25) * 0.25


def test_first_deliveries_come_at_the_hazard_of_their_age_size_and_domain(at_point, world):
    found, of = at_point
    w = world.orders.waits.assign(size=lambda t: classes(t["log_tiv"]))
    logit = table("wait", w, "age", "size") @ of["wait"] + of["wait_domain"][w["domain"].values]
    assert found["begins"] == pytest.approx(bernoulli(w["first"], logit))


def test_an_order_is_listed_by_its_age_its_size_and_whether_it_has_begun(at_point, world):
    found, of = at_point
    k = world.orders.listed.assign(size=lambda t: classes(t["log_tiv"]))
    assert 0.5 < k["known"].mean() < 1.0
    logit = table("known", k, "age", "begun", "size") @ of["known"]
    assert found["is_known"] == pytest.approx(bernoulli(k["known"], logit))


def test_sizes_of_orders_are_lognormal_and_larger_ones_are_of_more_units(at_point, world):
    found, of = at_point
    s = world.orders.sizes
    mean = of["size_mean"][s["supplier"], s["domain"]] + of["size_recipient"][s["recipient"]]
    expected = stats.norm.logpdf(s["log_tiv"], mean, of["size_sd"]).sum()
    assert found["log_size"] == pytest.approx(expected)
    mean = of["units_domain"][s["domain"]] + of["units_size"] * (s["log_tiv"] - 2.6)
    one = s["log_units"] == 0.0
    assert one.any() and (~one).any()
    expected = stats.norm.logpdf(s["log_units"], mean, of["units_sd"])[~one].sum()
    assert found["log_units"] == pytest.approx(expected)
    expected = stats.norm.logcdf(np.log(1.5), mean, of["units_sd"])[one].sum()
    assert found["is_one_unit"] == pytest.approx(expected)


def test_every_observation_is_in_one_of_these_densities(at_point):
    assert set(at_point[0]) == {
        "delivers", "is_gone", "is_whole", "delivered_share", "more", "first", "begins",
        "is_known", "log_size", "log_units", "is_one_unit",
    }  # fmt: skip


# Conventions -----------------------------------------------------------------------------------


def test_effects_of_domains_suppliers_and_recipients_sum_to_zero(at_point):
    _, of = at_point
    names = [f"chance_{dim}" for dim in delivery.GROUPS]
    for name in (*names, "wait_domain", "size_recipient", "chance_world"):
        assert of[name].sum() == pytest.approx(0.0, abs=1e-10), name
        assert np.ptp(of[name]) > 0.01, name


def lasting(news, carry):
    state = [news[..., 0] / np.sqrt(1.0 - carry**2)]
    for year in range(1, news.shape[-1]):
        state.append(carry * state[-1] + news[..., year])
    return np.stack(state, axis=-1)


def test_what_happens_to_all_deals_in_a_year_lasts_in_part(at_point, world):
    _, of = at_point
    carry = world.priors.constant("chance_world_persistence")
    state = lasting(of["chance_world_news"], carry)
    assert of["chance_world"] == pytest.approx(state - state.mean())


@pytest.mark.parametrize("who", ["supplier", "recipient"])
def test_what_happens_to_the_deals_of_a_country_lasts_as_long_as_data_say(at_point, who, world):
    name, (_, of) = f"chance_{who}_shock", at_point
    standard, tail = of[f"{name}_z"], world.priors.constant("shock_tail")
    news = of[f"{name}_sd"] * standard * np.exp(0.5 * tail * standard**2)
    state = lasting(news, of[f"{name}_persistence"])
    assert of[name] == pytest.approx(state)


def test_a_heavy_tail_keeps_order_and_signs_and_leaves_usual_years_alone():
    standard = np.linspace(-4.0, 4.0, 81)
    found = delivery.heavy(standard, 0.15, np)
    assert (np.diff(found) > 0).all()
    assert found == pytest.approx(-found[::-1])
    assert np.abs(found - standard)[np.abs(standard) <= 1.0].max() < 0.08
    # One in a thousand of a normal is beyond 3.3.
    assert delivery.heavy(3.3, 0.15, np) > 7.0
    assert np.array_equal(delivery.heavy(standard, 0.0, np), standard)


def test_orders_of_the_last_year_are_listed_as_the_priors_state(world):
    found = dict(zip(features.KNOWN, special.expit(delivery.known_prior(world.priors)),
                     strict=True))  # fmt: skip
    assert found["age_0"] == pytest.approx(0.5)
    assert found["age_2"] == pytest.approx(1.0 - 0.5 * np.exp(-0.9))
    assert found["begun_0"] == pytest.approx(special.expit(1.0))


def test_counts_of_alike_cases_are_of_distinct_rows():
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    happened, apart = np.array([True, False, False, True]), np.array([0, 0, 0, 2])
    kinds, yes, tried, kept = delivery._counted(rows, happened, apart)
    cases = pd.DataFrame({"a": kinds[:, 0], "apart": kept, "yes": yes, "tried": tried})
    assert sorted(cases.itertuples(index=False, name=None)) == [
        (0.0, 0.0, 0.0, 1.0), (1.0, 0.0, 1.0, 2.0), (1.0, 2.0, 1.0, 1.0),
    ]  # fmt: skip


def test_without_a_deal_only_priors_are_left():
    panel = small.bare_panel(np.random.default_rng(1))
    panel["tiv"] = panel["tiv"] + 0.0
    _, orders = with_orders(panel, small.small_priors())
    assert len(orders.followed) == len(orders.sizes) == 0
    model = delivery.delivery(orders, small.small_priors().part("delivery"))
    (point,) = points(model, 1, 0.3, 4)
    assert set(graphs.log_densities(model)(point).values()) <= {0.0, -0.0}
    assert model.dim_lengths["domain"].eval() == len(DOMAINS)
