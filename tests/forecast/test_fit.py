"""A real small fit: what is kept of it is whole, plain, and judged the same when read again."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from crossover.data.errors import InputError
from crossover.data.names import CHAIN, DRAW, RECIPIENT
from crossover.forecast import fit, gate
from crossover.forecast.market import log_likelihood
from crossover.models.order_book import ORDER_PERIOD
from crossover.models.priors import PARTS, moments, order
from tests.short_paths import STEPS

SIZE = {CHAIN: STEPS["chains"], DRAW: STEPS["draws"]}


@pytest.fixture(scope="module")
def kept(fitted, tmp_path_factory):
    """Return the fit as it comes back from its file."""
    path = tmp_path_factory.mktemp("fit") / "posterior.nc"
    fitted.to_netcdf(path, engine="h5netcdf")
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return tree.load()


def test_everything_a_run_promises_is_there(fitted):
    assert set(fitted.children) == {
        "posterior", "sample_stats", "log_prior", "log_likelihood", "observed_data",
        "constant_data", "domains",
    }  # fmt: skip
    assert set(fitted["domains"].children) == {
        "posterior", "sample_stats", "log_prior", "constant_data",
    }  # fmt: skip
    assert SIZE.items() <= dict(fitted["posterior"].sizes).items()
    assert {"diverging", "energy"} <= set(fitted["sample_stats"].data_vars)


def test_nothing_of_object_type_is_kept(fitted):
    for group in fitted.children.values():
        for name, values in {**group.data_vars, **group.coords}.items():
            assert values.dtype != object, f"{group.name}/{name}"
    assert fitted["posterior"]["supplier_capacity"].dtype == np.float32


def test_every_draw_is_finite(fitted):
    for group in ("posterior", "log_prior", "log_likelihood"):
        for name, values in fitted[group].data_vars.items():
            assert np.isfinite(values.values).all(), f"{group}/{name}"


def test_the_parts_are_sampled_apart_and_gathered_whole(fitted, world):
    parts = [str(name) for name in fitted["sample_stats"]["part"].values]
    assert tuple(parts) == PARTS
    for name in ("diverging", "energy"):
        assert fitted["sample_stats"][name].dims == ("part", CHAIN, DRAW), name
    of = [name for part in PARTS for name in order(world.priors.part(part))]
    assert [str(name) for name in fitted["posterior"]["parameter"].values] == of
    # One of each part.
    assert {"affinity", "chance", "log_shock"} <= set(fitted["posterior"].data_vars)


def test_log_likelihood_is_that_of_what_a_recipient_ordered_in_a_period(fitted, world):
    found = fitted["log_likelihood"]["orders"]
    assert found.dims == (CHAIN, DRAW, RECIPIENT, ORDER_PERIOD)
    some = {DRAW: slice(0, 5)}
    again = log_likelihood(fitted["posterior"].to_dataset().isel(some), world.inputs)
    assert found.isel(some).values == pytest.approx(again["orders"].values, abs=1e-4)


def test_the_density_that_was_sampled_is_the_models_at_the_stored_draws(fitted, models, world):
    """Of the part whose every variable stands in the posterior as it was sampled."""
    model, posterior = models["drivers"], fitted["posterior"].to_dataset()
    density = model.compile_logp(mode="FAST_COMPILE")
    mean, covariance = moments(world.priors.part("drivers"))
    of = order(world.priors.part("drivers"))
    logged = [world.priors.variables[name]["family"] == "lognormal" for name in of]
    for where in ((0, 0), (0, 11), (1, 19)):
        one = {v.name: posterior[v.name].values[where].astype(float)
               for v in model.free_RVs if v.name != "standard"}  # fmt: skip
        values = posterior["parameters"].sel(parameter=of).values[where].astype(float)
        with np.errstate(invalid="ignore"):
            stated = np.where(logged, np.log(values), values)
        one["standard"] = (stated - mean) / np.sqrt(np.diag(covariance))
        sampled = float(fitted["sample_stats"]["logp"].sel(part="drivers").values[where])
        # Draws are stored in single precision, and the density of 480 changes is steep.
        assert float(density(one)) == pytest.approx(sampled, abs=0.1)


def test_the_log_prior_of_each_parameter_is_that_of_its_family(fitted, world):
    for name in order(world.priors):
        entry = world.priors.variables[name]
        value = fitted["posterior"]["parameters"].sel(parameter=name).values.astype(float)
        stated, slope = {
            "normal": lambda x: (x, 1.0), "lognormal": lambda x: (np.log(x), x),
            "logitnormal": lambda x: (special.logit(x), x * (1.0 - x)),
        }[entry["family"]](value)  # fmt: skip
        expected = stats.norm.logpdf(stated, entry["mu"], entry["sigma"]) - np.log(slope)
        assert fitted["log_prior"][name].values == pytest.approx(expected, abs=1e-6), name


def test_the_gate_of_the_reloaded_draws_has_the_same_numbers(fitted, kept):
    assert gate.judge(kept) == gate.judge(fitted)


def test_a_fit_that_is_too_short_does_not_pass(fitted):
    """No effective size of 40 draws exceeds 64, 40 log10(40) (Vehtari 2021); 400 are asked."""
    verdict = gate.judge(fitted)
    failed = {check["name"] for check in verdict["checks"] if not check["passed"]}
    assert not verdict["passed"] and {"ess_bulk", "ess_tail"} <= failed


def test_every_stored_quantity_is_judged_and_the_verdict_can_be_written(fitted):
    verdict = gate.judge(fitted)
    assert json.loads(json.dumps(verdict, allow_nan=False)) == verdict
    # Every entry of every stored quantity is judged.
    counted = sum(
        v[0, 0].size
        for group in ("posterior", "domains/posterior")
        for v in fitted[group].data_vars.values()
    )
    assert verdict["quantities"] == counted


def test_what_was_fitted_comes_back_from_the_file_as_it_was(fitted, kept, world):
    for name in fitted.children:
        for variable, values in fitted[name].data_vars.items():
            assert np.array_equal(values, kept[name][variable], equal_nan=True), variable
    for name, values in world.inputs.items():
        same = np.array_equal(kept["constant_data"][name], values, equal_nan=True)
        assert same, name
    assert kept["constant_data"].attrs["origin"] == world.inputs.attrs["origin"]
    assert kept["observed_data"]["deliveries"].attrs["units"] == "TIV million"


@pytest.fixture(scope="module")
def offered(world):
    """Return a few draws of the prior."""
    return fit.prior(world.panel, world.priors, seed=1, draws=3)["posterior"].to_dataset()


def test_the_prior_comes_in_the_shape_of_the_posterior(fitted, offered):
    assert set(offered.data_vars) == set(fitted["posterior"].data_vars)
    for name, values in offered.data_vars.items():
        other = fitted["posterior"][name]
        assert values.dims == other.dims, name
        assert values.shape[2:] == other.shape[2:], name
        assert values.dtype == np.float32, name
    assert set(offered.coords) == set(fitted["posterior"].coords)


def test_a_panel_without_deliveries_is_refused_before_anything_is_sampled(world):
    panel = world.panel.copy()
    panel["tiv"] = panel["tiv"] * np.nan
    for start in (fit.fit, fit.prior):
        with pytest.raises(InputError, match="no arms transfers"):
            start(panel, world.priors, seed=1)
