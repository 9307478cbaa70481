"""The domain layer: what it counts, and that what PyMC builds is what the words say."""

import numpy as np
import pytensor
import pytest
import xarray as xr
from scipy import special, stats

from data.names import DOMAIN, DOMAINS, RECIPIENT, REST, SUPPLIER, YEAR
from models import domains, priors
from tests import small_domains


@pytest.fixture(scope="module")
def observed(world):
    """Return what the layer of the small world conditions on."""
    return domains.prepare(world.panel, world.inputs, small_domains.prior())


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
    assert domains._periods(np.arange(1992, 2025)).tolist() == expected
    assert domains._periods(np.arange(2020, 2023)).tolist() == [0, 0, 0]


def test_lines_and_volumes_are_the_panels_summed_over_periods(world, observed):
    years = world.inputs[YEAR].values
    panel = world.panel.sel(year=years)
    for name, source in (("lines", "n_lines"), ("volume", "tiv_domain")):
        assert float(observed[name].sum()) == pytest.approx(float(panel[source].sum()))
    last = years[years > observed["period"].values[-2]]
    one = {SUPPLIER: "RUS", RECIPIENT: "CHN"}
    expected = panel["n_lines"].sel(one).sel(year=last).sum(YEAR)
    assert np.array_equal(observed["lines"].sel(one).isel(period=-1), expected)
    assert float(observed["lines"].sel(supplier="RUS", recipient="RUS").sum()) == 0


def test_suppliers_come_first_among_sources_and_every_recipient_but_the_rest_has_one(observed):
    sources = list(observed["source"].values)
    suppliers = list(observed[SUPPLIER].values)
    assert sources[: len(suppliers)] == suppliers
    at, known = domains.own_source(observed)
    for r, code in enumerate(observed[RECIPIENT].values):
        assert known[r] == (code != REST)
        if code != REST:
            assert sources[at[r]] == code


def test_unit_values_are_the_highest_of_a_period_in_classes_of_two_suppliers(world, observed):
    of_class = observed["item_class"].values
    for c in np.unique(of_class):
        assert len(np.unique(observed["item_supplier"].values[of_class == c])) >= 2
    k = 0
    where = {n: int(observed[f"item_{n}"][k]) for n in ("supplier", "class", "period", "domain")}
    years = world.inputs[YEAR].values
    period = domains._periods(years)
    values = world.panel["unit_value"].sel(year=years[period == where["period"]])
    best = values.isel(supplier=where["supplier"], weapon_class=where["class"]).max()
    assert float(observed["unit_value"][k]) == pytest.approx(np.log(float(best)))
    assert str(world.panel["class_domain"].values[where["class"]]) == DOMAINS[where["domain"]]


def test_tables_of_effects_sum_to_zero_where_only_differences_mean_anything(observed, point):
    tables = domains.effects(point, observed).isel(chain=0, draw=0).astype(float)
    for name in ("strength", "need", "habit", "demand"):
        assert np.abs(tables[name].sum(DOMAIN)).max() < 1e-4, name
    suppliers = tables["strength"]
    assert np.abs(suppliers.sum(SUPPLIER)).max() < 1e-4
    walk = suppliers - suppliers.mean("period")
    assert float(np.abs(walk).max()) > 0.01
    assert np.abs(tables["other_strength"].sum(DOMAIN)).max() < 1e-4


def test_the_likelihood_of_lines_is_dirichlet_multinomial_in_the_tables_own_terms(
    observed, point
):
    """The density that is sampled, from its own graph, against scipy and the labelled tables."""
    prior = small_domains.prior()
    model = domains.domains(observed, prior)
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
    graph = model.replace_rvs_by_values([model["lines"]])[0]
    found = pytensor.function(inputs, graph, mode="FAST_COMPILE", on_unused_input="ignore")(
        *values.values()
    )

    t = domains.effects(point, observed).isel(chain=0, draw=0).astype(float)
    p = dict(zip(names, top, strict=True))
    lines = observed["lines"].transpose(*domains.CELL)
    expected = 0.0
    for k, name in enumerate(t["pair"].values):
        s, r = str(name).split("-")
        for period in lines["period"].values:
            n = lines.sel(supplier=s, recipient=r, period=period).values
            if not n.sum():
                continue
            own = 0.0
            if r in t[SUPPLIER].values and r != REST:
                own = t["strength"].sel(supplier=r, period=period).values
            elif r != REST:
                own = t["other_strength"].sel(other=r).values
            share = special.softmax(
                t["strength"].sel(supplier=s, period=period).values
                - p["substitution"] * own
                + t["need"].sel(recipient=r, period=period).values
                + t["demand"].sel(period=period).values
                + t["habit"].isel(pair=k).values
            )
            density = stats.dirichlet_multinomial.logpmf(n.astype(int), p["concentration"] * share,
                                                         int(n.sum()))
            ways = special.gammaln(n.sum() + 1) - special.gammaln(n + 1).sum()
            expected += density - ways
    # Tables are kept in single precision.
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_sizes_enter_as_contrasts_between_a_pairs_domains_and_never_as_a_sum(observed):
    lines, volume = (observed[n].transpose(*domains.CELL).values for n in ("lines", "volume"))
    seller, rows, values = domains.size_contrasts(lines, volume)
    assert np.abs(rows.sum(axis=1)).max() < 1e-12
    assert np.allclose((rows**2).sum(axis=1), 1.0)
    doubled = domains.size_contrasts(lines, 2.0 * volume)[2]
    assert np.allclose(doubled, values)
    assert len(seller) == int(((volume > 0).sum(axis=3) - 1).clip(min=0).sum())


def test_the_prior_of_strengths_does_not_depend_on_which_domain_is_best_known(observed, parameter):
    """Contrasts are a rotation: every entry has the prior that plain tables would have."""
    rng = np.random.default_rng(0)
    fixed = domains.constants(observed, parameter)
    top = {n: 1.0 for n in parameter}
    vector = np.array([top[n] for n in parameter])
    size = fixed["free_scale"].size
    level = np.stack(
        [
            domains._free(rng.standard_normal(size), fixed, vector, np)["level"]
            for _ in range(4000)
        ]
    )
    rows, count = observed.sizes[SUPPLIER], observed.sizes[DOMAIN]
    expected = (1 - 1 / rows) * (1 - 1 / count)
    assert level[:, :rows].var(axis=0) == pytest.approx(expected, rel=0.12)
