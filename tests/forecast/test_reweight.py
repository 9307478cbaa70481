"""Draws moved to other figures: the weights are those that PyMC's own densities give."""

import numpy as np
import pytest
import xarray as xr

from data.names import CHAIN, DRAW, RECIPIENT, SUPPLIER, YEAR
from forecast import reweight, update
from forecast.fit import storable
from models import priors
from models.inputs import prepare
from models.joint import joint
from tests import mock_fit as mock
from tests import small


def revised(panel: xr.Dataset, size: float, seed: int = 0) -> xr.Dataset:
    """Return the small world as a later release has it: every series a little different."""
    rng = np.random.default_rng(seed)
    out = panel.copy(deep=True)
    recent = out[YEAR] >= small.ORIGIN - 1
    noise = np.exp(size * rng.standard_normal(out["tiv"].shape))
    out["tiv"] = xr.where(recent, out["tiv"] * noise, out["tiv"]).transpose(*panel["tiv"].dims)
    for name in ("gdp", "rd_share", "milex"):
        out[name] = out[name] * np.exp(0.1 * size * rng.standard_normal(out[name].shape))
    out["gdp"] = out["gdp"] * 1.05
    points = out["ideal_point"]
    out["ideal_point"] = points + 0.1 * size * rng.standard_normal(points.shape)
    return out


@pytest.fixture(scope="module")
def small_revision(mock_fit, world):
    """Return the inputs of a mild revision, and the draws moved to it."""
    inputs = prepare(revised(world.panel, 0.03), world.priors)
    return inputs, reweight.move(mock_fit, inputs, world.priors)


def test_the_weight_of_a_draw_is_the_ratio_of_both_models_densities(
    mock_fit, world, model, density
):
    """A pair more and a pair less turn coordinates too, whose change of volume counts."""
    panel = revised(world.panel, 0.05)
    able = world.inputs["possible"].transpose(SUPPLIER, RECIPIENT).values
    ever = world.inputs["deliveries"].transpose(SUPPLIER, RECIPIENT, YEAR).values.sum(axis=2)
    assert panel["tiv"].dims == (SUPPLIER, RECIPIENT, YEAR)
    panel["tiv"].values[(*np.argwhere((ever == 0) & (able == 1))[0], -1)] = 3.0
    inputs, held = prepare(panel, world.priors), mock_fit["constant_data"].to_dataset()
    moved = reweight.move(mock_fit, inputs, world.priors)
    at = [(0, 0), (0, 100), (1, 30), (1, 199)]
    posterior = mock_fit["posterior"].to_dataset()
    before = mock.log_density(model, density, posterior, at)
    other = joint(inputs, world.priors)
    function = other.compile_logp(mode="FAST_COMPILE")
    after = mock.log_density(other, function, moved.posterior, at)
    seen = [
        (reweight._ties(reweight.stack(posterior), of)["seen"] == 0).sum()
        for of in (held, inputs)
    ]
    spread = mock_fit["posterior"]["parameters"].sel(parameter="affinity_sd").values
    volume = [(seen[0] - seen[1]) * np.log(float(spread[i])) for i in at]
    assert seen[0] != seen[1]
    # Likelihoods are summed in single precision: 1e-7 of each of 1,000 terms of size 10.
    found = [moved.raw[i] for i in at]
    assert found == pytest.approx(after - before + volume, abs=2e-3)


def test_what_is_derived_is_what_the_model_derives(mock_fit, world):
    """With the fit's own figures nothing moves, to the precision in which draws are stored."""
    held = mock_fit["constant_data"].to_dataset()
    moved = reweight.move(mock_fit, held, world.priors)
    for name in (*reweight.DERIVED, "world_level"):
        assert moved.posterior[name].values == pytest.approx(
            mock_fit["posterior"][name].values, abs=2e-4
        ), name
    assert float(np.abs(moved.raw).max()) < 0.02
    assert np.exp(moved.log_weight).sum() == pytest.approx(1.0)
    assert not reweight.code_differs(mock_fit)


def test_a_mild_revision_leaves_weights_that_can_be_trusted(small_revision):
    _, moved = small_revision
    assert moved.khat < reweight.KHAT_MAX
    assert np.exp(moved.log_weight).sum() == pytest.approx(1.0)


def test_new_priors_weigh_draws_as_their_densities_do(mock_fit, world, tmp_path):
    path = tmp_path / "priors.toml"
    path.write_text("[variable.memory]\nmu = 0.3\nsigma = 0.5\n")
    text = small.OVERLAY.read_text("utf-8") + path.read_text("utf-8")
    path.write_text(text)
    other = priors.load(path)
    held = mock_fit["constant_data"].to_dataset()
    moved = reweight.move(mock_fit, held, world.priors, other)
    value = mock_fit["posterior"]["parameters"].sel(parameter="memory").values.astype(float)
    entry = world.priors.variables["memory"]
    assert entry["family"] == "normal"
    ratio = (
        -0.5 * ((value - 0.3) / 0.5) ** 2 - np.log(0.5)
        + 0.5 * ((value - entry["mu"]) / entry["sigma"]) ** 2 + np.log(entry["sigma"])
    )  # fmt: skip
    assert moved.raw == pytest.approx(ratio, abs=0.02)
    z = moved.posterior["standard"].sel(parameter="memory").values
    assert z == pytest.approx((value - 0.3) / 0.5, abs=1e-4)


def test_a_new_year_is_an_obstacle_with_its_reason(mock_fit, world):
    panel = world.panel.sel({YEAR: slice(None, small.ORIGIN - 1)})
    words = reweight.obstacle(mock_fit, prepare(panel, world.priors))
    assert words is not None and "a new year has a capacity" in words
    assert reweight.obstacle(mock_fit, world.inputs) is None


def test_draws_of_an_older_version_are_an_obstacle(tree, world):
    assert "older version" in reweight.obstacle(tree, world.inputs)


def test_draws_that_lack_a_part_of_the_model_are_of_other_code(mock_fit):
    held = mock_fit["posterior"].to_dataset().drop_vars("recipient_spread")
    assert reweight.older(held) == ["recipient_spread"]
    groups = {name: mock_fit[name].to_dataset() for name in ("constant_data", "log_likelihood")}
    assert reweight.code_differs(xr.DataTree.from_dict(groups | {"posterior": held}))


def test_an_update_is_fast_only_after_a_gate_that_passed_and_with_even_weights(mock_fit, world):
    options, pair = {"seed": 1, "horizon": 2020}, ("RUS", "CHN")
    inputs = prepare(revised(world.panel, 0.03), world.priors)
    given = (mock_fit, inputs, world.priors, world.priors)
    failed = update.decide(*given, pair, **options, passed=False)
    assert (failed.fast, failed.reason) == (False, "the last run did not pass its gate")
    tried = update.decide(*given, pair, **options)
    # 400 draws cannot hold 400 independent ones of a rare event.
    assert not tried.fast and "too few draws" in tried.reason
    assert tried.least_ess < reweight.ESS_MIN and tried.khat < reweight.KHAT_MAX
    wild = revised(world.panel, 0.6)
    heavy = update.decide(mock_fit, prepare(wild, world.priors), *given[2:], pair, **options)
    assert not heavy.fast and "too uneven" in heavy.reason


def test_weighted_draws_become_a_fit_of_the_same_shape(mock_fit, small_revision, world):
    inputs, moved = small_revision
    whole = update.as_tree(mock_fit, inputs, world.priors, moved, seed=3)
    for name, values in mock_fit["posterior"].data_vars.items():
        assert whole["posterior"][name].shape == values.shape, name
        assert whole["posterior"][name].dtype == values.dtype, name
    assert set(whole.children) == set(mock_fit.children) - {"domains"}
    weight = np.exp(moved.log_weight)
    for name in ("memory", "walk_sd", "presence"):
        values = moved.posterior["parameters"].sel(parameter=name).values
        mean, spread = float((weight * values).sum()), float(values.std())
        found = float(whole["posterior"]["parameters"].sel(parameter=name).mean())
        # Systematic resampling adds less than one part in the number of draws.
        assert found == pytest.approx(mean, abs=spread / 20), name
    assert update.same(whole["constant_data"].to_dataset(), storable(inputs))
    assert not update.same(whole["constant_data"].to_dataset(), mock_fit["constant_data"])


def test_resampling_takes_each_draw_as_often_as_its_weight_says():
    weight = np.log(np.array([[0.5, 0.25], [0.25, 1e-12]]))
    assert reweight.resampled(weight, 1).tolist() == [0, 0, 1, 2]
    even = reweight.resampled(np.zeros((2, 500)), 1)
    assert even.tolist() == list(range(1000))
    data = xr.Dataset({"x": ((CHAIN, DRAW), np.arange(4.0).reshape(2, 2))})
    assert reweight.taken(data, np.array([0, 0, 1, 2]))["x"].values.tolist() == [[0, 0], [1, 2]]


def test_weighted_probabilities_and_their_errors_are_those_of_independent_draws():
    rng = np.random.default_rng(1)
    happened = rng.random((4, 1000)) < 0.3
    found, error = reweight.probability(np.zeros((4, 1000)), happened.astype(float))
    assert found == happened.mean()
    # The effective size of independent draws is estimated to within some per cent.
    assert error == pytest.approx(np.sqrt(0.21 / 4000), rel=0.15)
    weight = 1.5 * rng.standard_normal((4, 1000))
    sizes = reweight.effective_sizes(weight, {"event": happened, "never": 0 * happened})
    w = np.exp(weight)
    # Weights that know nothing of the event cost what Kish (1965) says.
    assert sizes.keys() == {"event"}
    assert sizes["event"] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=0.25)


def test_the_smoothed_tail_of_heavy_weights_is_seen():
    rng = np.random.default_rng(2)
    raw = rng.standard_cauchy((4, 1000))
    assert reweight.smoothed(np.log(np.abs(raw)))[1] > reweight.KHAT_MAX
    assert reweight.smoothed(np.zeros((4, 10)))[1] < 0
    assert reweight.smoothed(np.full((4, 10), np.nan))[1] == np.inf
