"""The domain layer: what it counts, and that what PyMC builds is what the words say."""

import itertools

import numpy as np
import pytensor
import pytest
import xarray as xr
from scipy import special, stats

from crossover.data.names import DOMAIN, DOMAINS, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.models import (
    contrasts,
    domain_contrasts,
    domain_data,
    domain_draws,
    domain_equations,
    domains,
    priors,
)
from tests import domain_graph, small_domains


@pytest.fixture(scope="module")
def panel(world):
    """Return the small world's panel, its orders by domain drawn from the layer."""
    return small_domains.ordered(world.panel, world.parts, seed=1)


@pytest.fixture(scope="module")
def observed(world, panel):
    """Return what the layer of the small world conditions on."""
    return domain_data.prepare(panel, world.inputs, small_domains.prior())


@pytest.fixture(scope="module")
def parameter():
    """Return the parameters in the order of their vector."""
    return priors.order(small_domains.prior())


@pytest.fixture(scope="module")
def point(observed, parameter):
    """Return one draw of all that is sampled, as a posterior of one draw."""
    rng = np.random.default_rng(3)
    fixed = domains.constants(observed, parameter)
    top = small_domains.parameters(rng)
    data = {"parameters": (("chain", "draw", "parameter"), [[[top[n] for n in parameter]]])}
    for name in domains.VECTORS:
        size = fixed[f"{name}_scale"].size
        dims = ("chain", "draw", f"{name}_at")
        data[name] = (dims, 0.7 * rng.standard_normal((1, 1, size)))
    return xr.Dataset(data, coords={"parameter": parameter, "chain": [0], "draw": [0]})


def test_periods_end_with_the_last_year_and_a_short_first_one_joins_the_next():
    expected = [0] * 5 + np.repeat(np.arange(1, 8), 4).tolist()
    assert domain_data._periods(np.arange(1992, 2025)).tolist() == expected
    assert domain_data._periods(np.arange(2020, 2023)).tolist() == [0, 0, 0]


def deals(panel, years):
    """Return the newest book's orders of some years as rows of plain Python."""
    of, codes = panel["listing_book"].values, (panel[SUPPLIER].values, panel[RECIPIENT].values)
    columns = [panel[f"listing_{n}"].values for n in
               ("supplier", "recipient", "domain", "order_year", "ordered", "delivered")]
    return [
        (codes[0][s], codes[1][r], DOMAINS[d], int(y), came if np.isnan(tiv) else tiv)
        for book, s, r, d, y, tiv, came in zip(of, *columns, strict=True)
        if book == of.max() and y in years
    ]


def test_orders_are_those_of_the_newest_book_by_domain_and_period_of_order(world, panel, observed):
    years = world.inputs[YEAR].values
    rows = deals(panel, years)
    assert len(rows) > 100
    assert float(observed["orders"].sum()) == len(rows)
    assert float(observed["volume"].sum()) == pytest.approx(sum(row[-1] for row in rows))
    last = years[years > observed["period"].values[-2]]
    for seller, buyer in {row[:2] for row in rows}:
        mine = observed.sel(supplier=seller, recipient=buyer).isel(period=-1)
        here = [row for row in rows if row[:2] == (seller, buyer) and row[3] in last]
        for domain in DOMAINS:
            of = [row[-1] for row in here if row[2] == domain]
            assert mine["orders"].sel(domain=domain).item() == len(of)
            assert mine["volume"].sel(domain=domain).item() == pytest.approx(sum(of))


def test_what_orders_of_unknown_number_come_to_is_what_has_come(world, panel):
    panel = panel.copy()
    of = panel["listing_book"].values
    at = np.flatnonzero(
        (of == of.max()) & (panel["listing_delivered"].values > 0)
        & np.isin(panel["listing_order_year"].values, world.inputs[YEAR].values)
    )[0]
    before = domain_data.prepare(panel, world.inputs, small_domains.prior())
    tiv = panel["listing_ordered"].values.copy()
    known, tiv[at] = tiv[at], np.nan
    panel["listing_ordered"] = (panel["listing_ordered"].dims, tiv)
    after = domain_data.prepare(panel, world.inputs, small_domains.prior())
    came = panel["listing_delivered"].values[at]
    assert float((after["volume"] - before["volume"]).sum()) == pytest.approx(came - known)
    assert after["orders"].equals(before["orders"])


def test_deliveries_are_the_panels_summed_over_periods(world, panel, observed):
    years = world.inputs[YEAR].values
    known = panel["tiv_domain"].sel(year=years)
    assert float(observed["delivered"].sum()) == pytest.approx(float(known.sum()))
    one = {SUPPLIER: "USA", RECIPIENT: "ROW"}
    expected = known.sel(one).sel(year=years[years > observed["period"].values[-2]]).sum(YEAR)
    assert np.allclose(observed["delivered"].sel(one).isel(period=-1), expected)
    assert float(observed["orders"].sel(supplier="RUS", recipient="RUS").sum()) == 0


def test_only_habits_that_orders_tell_of_are_sampled(observed, parameter):
    fixed = domains.constants(observed, parameter)
    rows, pair = fixed["habit_rows"], fixed["habit_pair"]
    assert np.abs(rows.sum(axis=1)).max() < 1e-12
    for k in np.unique(pair):
        mine = rows[pair == k]
        assert np.allclose(mine @ mine.T, np.eye(len(mine)))
    orders = observed["orders"].sum(("period", DOMAIN))
    seller, buyer = domain_draws.pairs(observed)
    assert 0 < len(seller) < int((orders > 0).sum())
    most = orders.values.argmax()
    assert most in np.ravel_multi_index((seller, buyer), orders.shape)
    few = domain_contrasts.TELLING["habit_sd"] / domain_contrasts.TYPICAL["habit_sd"] ** 2
    assert orders.values[seller, buyer].min() > few
    moved = np.ones(len(pair))
    table = domain_equations.habit_effects(moved, fixed, np)
    assert np.allclose(table.sum(axis=1), 0.0)
    for k in range(len(table)):
        assert np.allclose(table[k], rows[pair == k].sum(axis=0))


def test_waves_are_the_principal_components_of_a_centred_walk():
    waves = domain_contrasts.waves_of(6)
    cumulated = np.tril(np.ones((6, 6)))
    centred = cumulated - cumulated.mean(axis=0)
    assert waves.shape == (6, 5)
    assert np.allclose(waves @ waves.T, centred @ centred.T)
    size = (waves**2).sum(axis=0)
    assert (np.diff(size) < 0).all()


def test_unit_values_are_the_highest_of_a_period_in_classes_of_two_suppliers(world, observed):
    of_class = observed["item_class"].values
    for c in np.unique(of_class):
        assert len(np.unique(observed["item_supplier"].values[of_class == c])) >= 2
    k = 0
    where = {n: int(observed[f"item_{n}"][k]) for n in ("supplier", "class", "period", "domain")}
    years = world.inputs[YEAR].values
    period = domain_data._periods(years)
    values = world.panel["unit_value"].sel(year=years[period == where["period"]])
    best = values.isel(supplier=where["supplier"], weapon_class=where["class"]).max()
    assert float(observed["unit_value"][k]) == pytest.approx(np.log(float(best)))
    assert str(world.panel["class_domain"].values[where["class"]]) == DOMAINS[where["domain"]]


def test_tables_of_effects_sum_to_zero_where_only_differences_mean_anything(observed, point):
    tables = domain_draws.effects(point, observed).isel(chain=0, draw=0).astype(float)
    for name in ("strength", "need", "habit", "demand"):
        assert np.abs(tables[name].sum(DOMAIN)).max() < 1e-4, name
    suppliers = tables["strength"]
    assert np.abs(suppliers.sum(SUPPLIER)).max() < 1e-4
    walk = suppliers - suppliers.mean("period")
    assert float(np.abs(walk).max()) > 0.01


def evaluated(model, prior, point, potential):
    """Return a likelihood at a point from the model's own graph, in plain Python."""
    names = list(point["parameter"].values)
    top = point["parameters"].isel(chain=0, draw=0).values
    stated = [np.log(v) if prior.variables[n]["family"] == "lognormal" else v
              for n, v in zip(names, top, strict=True)]
    standard = [(s - prior.variables[n]["mu"]) / prior.variables[n]["sigma"]
                for n, s in zip(names, stated, strict=True)]
    values = {"standard": np.array(standard)} | {
        n: point[n].isel(chain=0, draw=0).values for n in domains.VECTORS
    }
    inputs = [model.rvs_to_values[model[n]] for n in values]
    graph = model.replace_rvs_by_values([model[potential]])[0]
    found = pytensor.function(inputs, graph, mode="FAST_COMPILE", on_unused_input="ignore")
    return float(found(*values.values()))


def test_the_likelihood_of_orders_is_dirichlet_multinomial_in_the_tables_own_terms(
    observed, point
):
    """The density that is sampled, from its own graph, against scipy and the labelled tables."""
    prior = small_domains.prior()
    found = evaluated(domain_graph.model(observed, prior), prior, point, "orders")
    names = list(point["parameter"].values)
    top = point["parameters"].isel(chain=0, draw=0).values
    t = domain_draws.effects(point, observed).isel(chain=0, draw=0).astype(float)
    p = dict(zip(names, top, strict=True))
    orders = observed["orders"].transpose(*domains.CELL)
    expected = 0.0
    for s, r in itertools.product(t[SUPPLIER].values, t[RECIPIENT].values):
        for period in orders["period"].values:
            n = orders.sel(supplier=s, recipient=r, period=period).values
            if not n.sum():
                continue
            own, habit = 0.0, 0.0
            if r in t[SUPPLIER].values and r != REST:
                own = t["strength"].sel(supplier=r, period=period).values
            if f"{s}-{r}" in t["pair"].values:
                habit = t["habit"].sel(pair=f"{s}-{r}").values
            share = special.softmax(
                t["strength"].sel(supplier=s, period=period).values
                - p["substitution"] * own
                + t["need"].sel(recipient=r).values
                + t["demand"].sel(period=period).values
                + habit
            )
            density = stats.dirichlet_multinomial.logpmf(n.astype(int), p["concentration"] * share,
                                                         int(n.sum()))
            ways = special.gammaln(n.sum() + 1) - special.gammaln(n + 1).sum()
            expected += density - ways
    # Tables are kept in single precision.
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_the_likelihood_of_sizes_is_normal_once_a_pairs_own_level_is_left_free(
    observed, parameter, point
):
    """Against scipy's density of contrasts between the domains of each pair's period."""
    prior = small_domains.prior()
    found = evaluated(domain_graph.model(observed, prior), prior, point, "sizes")
    t = domain_draws.effects(point, observed).isel(chain=0, draw=0).astype(float)
    alike = point["parameters"].sel(parameter="orders_alike").item()
    orders, volume = (observed[n].transpose(*domains.CELL).values for n in ("orders", "volume"))
    expected, constant = 0.0, 0.0
    for s, r, p in np.ndindex(orders.shape[:3]):
        at = np.flatnonzero(volume[s, r, p] > 0)
        if len(at) < 2:
            continue
        n = orders[s, r, p, at]
        noise = t["size_sd"].values[at] ** 2 * (alike + 1.0 / n) / (alike + 1.0)
        larger = np.log(volume[s, r, p].sum() / orders[s, r, p].sum())
        larger = larger - observed.attrs["order_size"]
        mean = t["size"].isel(supplier=s).values[at] - noise / 2.0
        mean = mean + t["size_scaling"].values[at] * larger
        across = contrasts.orthonormal(np.ones(len(at)))
        expected += stats.multivariate_normal.logpdf(
            across @ np.log(volume[s, r, p, at] / n), across @ mean,
            across @ np.diag(noise) @ across.T,
        )  # fmt: skip
        # Of the contrasts' normal density, and of the determinant: log of det(A V A') is that of
        # det V plus log of the sum of precisions less log of how many there are.
        constant += 0.5 * (len(at) - 1) * np.log(2.0 * np.pi) - 0.5 * np.log(len(at))
    assert found == pytest.approx(expected + constant, rel=1e-4)


def test_what_orders_come_to_is_on_average_what_their_sizes_say():
    rng = np.random.default_rng(0)
    spread, alike, n = 0.8, 0.5, np.array([1.0, 4.0, 40.0])
    noise = domain_equations.variance(spread, alike, n)
    assert noise[0] == pytest.approx(spread**2)
    assert (np.diff(noise) < 0).all()
    drawn = np.exp(np.sqrt(noise) * rng.standard_normal((400_000, 3)) - noise / 2.0)
    # The worst column has a standard error of 0.0015.
    assert drawn.mean(axis=0) == pytest.approx(1.0, abs=0.01)


def test_the_prior_of_strengths_does_not_depend_on_which_domain_is_best_known(observed, parameter):
    """Contrasts are a rotation: every entry has the prior that plain tables would have."""
    rng = np.random.default_rng(0)
    fixed = domains.constants(observed, parameter)
    top = {n: 1.0 for n in parameter}
    vector = np.array([top[n] for n in parameter])
    size = fixed["free_scale"].size
    level = np.stack(
        [
            domain_equations.free_effects(rng.standard_normal(size), fixed, vector, np)["level"]
            for _ in range(4000)
        ]
    )
    rows, count = observed.sizes[SUPPLIER], observed.sizes[DOMAIN]
    expected = (1 - 1 / rows) * (1 - 1 / count)
    assert level[:, :rows].var(axis=0) == pytest.approx(expected, rel=0.12)
