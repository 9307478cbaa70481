"""The joint model: finite everywhere, the same equations as the simulator, the stated priors."""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import stats

from data.names import CHAIN, DRAW, RECIPIENT, SUPPLIER, YEAR
from forecast.simulate import block, log_likelihood, log_volume, past_market, stack
from models import capacity, transfers
from models.inputs import MEMORIES
from models.joint import joint
from models.priors import order
from tests import small

MARKET = {"delivered", "not_delivered"}


@pytest.fixture(scope="session")
def at_point(model):
    """Return a function: unconstrained point to log-likelihoods, deterministics and free values."""
    observed = {v.name: v for v in model.observed_RVs}
    likelihood = model.logp(vars=[observed[name] for name in sorted(MARKET)], sum=False)
    named = [*model.free_RVs, *model.deterministics]
    outputs = model.replace_rvs_by_values([v * 1.0 for v in named])
    compiled = model.compile_fn(
        [pt.sum(part) for part in likelihood] + outputs,
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )

    def evaluate(point):
        first, second, *values = compiled(point)
        return float(first + second), {v.name: x for v, x in zip(named, values, strict=True)}

    return evaluate


def points(model, count, scale=0.3):
    """Give the initial point and random ones around it, on the sampler's own scale."""
    start = model.initial_point()
    rng = np.random.default_rng(11)
    yield start
    for _ in range(count):
        yield {name: v + scale * rng.standard_normal(np.shape(v)) for name, v in start.items()}


@pytest.fixture(scope="session")
def gradient(model):
    """Return the gradient of the log density as a function of a point on the sampler's scale."""
    return model.compile_dlogp(mode="FAST_COMPILE")


def test_log_density_and_gradient_are_finite_and_agree(model, density, gradient):
    value_at, slope_at = density, gradient
    rng = np.random.default_rng(12)
    for at, point in enumerate(points(model, 4)):
        value, slope = value_at(point), slope_at(point)
        assert np.isfinite(value), at
        assert np.isfinite(slope).all(), at
        parts = {name: rng.standard_normal(np.shape(v)) for name, v in point.items()}
        along = np.concatenate([parts[v.name].ravel() for v in model.value_vars]) @ slope
        h = 1e-6
        there, back = (
            value_at({name: v + sign * h * parts[name] for name, v in point.items()})
            for sign in (1.0, -1.0)
        )
        # A central difference errs by h² and by rounding of a density of 1e4 over h.
        rounding = 1e-15 * abs(value) / h
        assert (there - back) / (2 * h) == pytest.approx(along, rel=1e-4, abs=100 * rounding)


def test_every_free_variable_moves_the_density(model, gradient):
    slopes = np.stack([gradient(point) for point in points(model, 1)])
    assert (slopes != 0).any(axis=0).all()


def test_simulator_and_model_give_the_same_likelihood_of_deliveries(model, at_point, world):
    for point in points(model, 3):
        inside, values = at_point(point)
        one = {name: np.asarray(x)[None] for name, x in values.items()}
        outside = log_likelihood(small.posterior(world.inputs, world.priors, [one]), world.inputs)
        # About 1,100 cells, each stored and computed in single precision (1e-6 of terms up to 1e2).
        total = float(outside["deliveries"].astype(float).sum())
        assert total == pytest.approx(inside, rel=1e-4)


def test_simulator_and_model_give_the_same_expected_volume_in_double_precision(
    model, at_point, world
):
    """By way of the log probability of no delivery, which inverts to the expected volume."""
    none = {v.name: v for v in model.observed_RVs}["not_delivered"]
    term = model.compile_fn(
        model.logp(vars=[none], sum=False)[0],
        inputs=model.value_vars,
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )
    _, at_none = transfers.cells(world.inputs)
    shape = world.inputs["deliveries"].shape
    for point in points(model, 2):
        _, values = at_point(point)
        draws = {name: np.asarray(x)[None] for name, x in values.items()}
        top = dict(zip(order(world.priors), values["parameters"], strict=True))
        draws |= {name: np.array([x]) for name, x in top.items()}
        outside = log_volume(*past_market(draws, world.inputs))[0].ravel()[at_none]
        hazard = np.log(-term(point))
        presence = top["presence"] + values["supplier_presence"][:, None]
        presence = (presence + values["recipient_presence"])[..., None]
        inside = np.log(20.0) + hazard - np.broadcast_to(presence, shape).ravel()[at_none]
        # Exact to rounding, but for one constant that PyTensor takes in single precision.
        assert outside == pytest.approx(inside, abs=1e-6)


def test_a_compiled_model_takes_the_deliveries_of_another_world_like_its_own(
    model, world, density
):
    drawn = np.random.default_rng(2).permutation(world.inputs["deliveries"].values.ravel())
    others = drawn.reshape(world.inputs["deliveries"].shape) * world.inputs["possible"].values[
        ..., None
    ]
    other = world.inputs.copy()
    other["deliveries"] = world.inputs["deliveries"].copy(data=others)
    for name in MEMORIES:
        other[name] = 0.5 * world.inputs[name]
    exchanged = joint(world.inputs, world.priors, reusable=True)
    built = joint(other, world.priors)
    at = next(p for k, p in enumerate(points(model, 1)) if k == 1)
    own = density
    before, direct = (each.compile_logp(mode="FAST_COMPILE") for each in (exchanged, built))
    assert before(at) == pytest.approx(own(at), rel=1e-12)
    given = transfers.of_deliveries(other)
    for name, values in given.items():
        exchanged[name].set_value(values.astype(exchanged[name].dtype))
    assert before(at) == pytest.approx(direct(at), rel=1e-12)
    assert before(at) != pytest.approx(own(at), rel=1e-6)


def test_the_likelihood_reads_every_cell_that_can_trade_once(world):
    some, none = transfers.cells(world.inputs)
    able = np.broadcast_to(
        world.inputs["possible"].values[..., None], world.inputs["deliveries"].shape
    )
    assert np.array_equal(np.sort(np.concatenate([some, none])), np.flatnonzero(able))
    assert (world.inputs["deliveries"].values.ravel()[some] > 0).all()
    assert not world.inputs["deliveries"].values.ravel()[none].any()


def test_ties_average_to_what_is_explained_and_walks_to_nothing(model, at_point, world):
    _, values = at_point(next(p for at, p in enumerate(points(model, 1)) if at == 1))
    top = dict(zip(order(world.priors), values["parameters"], strict=True))
    table = world.inputs["affinity_covariates"].mean(YEAR)
    effects = np.array([top[f"{name}_effect"] for name in table["covariate"].values])
    average = np.tensordot(effects, table.transpose("covariate", SUPPLIER, RECIPIENT), axes=1)
    total = values["affinity"] + average
    # The pair's own part sums to zero both ways: of the total only the margins of what politics
    # and geography explain are left, so unexplained ties cannot pose as capacity.
    assert total.mean(axis=1) == pytest.approx(average.mean(axis=1))
    assert total.mean(axis=0) == pytest.approx(average.mean(axis=0))
    change = values["supplier_capacity"] - values["supplier_level"][:, None]
    assert change.mean(axis=1) == pytest.approx(np.zeros(len(change)), abs=1e-10)
    assert values["global_demand"].mean() == pytest.approx(0.0, abs=1e-10)
    assert values["demand_state"].mean(axis=1) == pytest.approx(np.zeros(21), abs=1e-10)


def test_imports_are_sampled_under_the_priors_of_home_and_scale(model, world):
    """The density of what is sampled is that of home pull and scale, times the volume change.

    The Jacobian is taken by differences, so that this holds for any way to sample them.
    """
    sampled = model["import_level"]
    wanted = [model.logp(vars=[sampled], sum=False)[0].sum(), *(
        model.replace_rvs_by_values([model[name] * 1.0])[0]
        for name in ("home_level", "acquisition_scale_country", "supplier_level", "parameters")
    )]  # fmt: skip
    compiled = model.compile_fn(
        wanted, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    exporter, at = transfers.exporters(world.inputs)
    index, known = capacity.country_index(world.inputs, RECIPIENT)
    for point in points(model, 3):
        found, home, scale, supplier_level, values = compiled(point)
        top = dict(zip(order(world.priors), values, strict=True))
        effort = sum(
            top[f"{e}_between"] * world.inputs[f"{e}_level"].values for e in capacity.EFFORTS
        )
        base = np.where(exporter, supplier_level[at], known * effort[index])
        bias = top["home_pull"] + top["acquisition_scale"]
        spread = np.sqrt(top["home_bias_sd"] ** 2 + (1 - exporter) * top["capacity_sd"] ** 2)
        prior = stats.norm.logpdf(home, base + bias, spread) + stats.norm.logpdf(
            scale, top["acquisition_scale"], top["acquisition_scale_sd"]
        )
        h, columns = 1e-5, []
        for axis in range(2):
            step = np.zeros_like(point["import_level"])
            step[axis] = h
            up, down = (
                np.stack(
                    compiled(point | {"import_level": point["import_level"] + sign * step})[1:3]
                )
                for sign in (1.0, -1.0)
            )
            columns.append((up - down) / (2 * h))
        jacobian = np.stack(columns, axis=-1).transpose(1, 0, 2)
        volume = np.log(np.abs(np.linalg.det(jacobian)))
        # Nine central differences of smooth functions, each good to about 1e-9.
        assert float(found) == pytest.approx((prior + volume).sum(), abs=1e-5)


# Priors.


@pytest.fixture(scope="session")
def drawn(world):
    """Return the stacked draws of PyMC's prior and those of the small world's own code."""
    from forecast.fit import prior

    theirs = prior(world.panel, world.priors, seed=3, draws=300)["posterior"].to_dataset()
    rng = np.random.default_rng(4)
    ours = [small.draw(world.inputs, world.priors, rng, held=False) for _ in range(600)]
    return stack(theirs), stack(small.posterior(world.inputs, world.priors, ours))


QUANTITIES = {
    "a parameter of each family": lambda d: np.stack(
        [d["rd_within"], d["walk_sd"], d["demand_persistence"]], axis=-1
    ),
    "a supplier's level": lambda d: d["supplier_level"][:, [0, 2, 5]],
    "its change over the window": lambda d: (
        d["supplier_capacity"][:, [0, 2, 5], -1] - d["supplier_capacity"][:, [0, 2, 5], 0]
    ),
    "the gap of two suppliers": lambda d: d["supplier_level"][:, 2] - d["supplier_level"][:, 1],
    "a pair's tie": lambda d: d["affinity"][:, [1, 3, 5], [5, 2, 8]],
    "the spread of ties": lambda d: d["affinity"].std(axis=(1, 2)),
    "home of an exporter, an importer and the rest": lambda d: d["home_level"][:, [2, 5, 8]],
    "scale": lambda d: d["acquisition_scale_country"][:, [0, 8]],
    "world demand over the window": lambda d: d["global_demand"][:, -1] - d["global_demand"][:, 0],
    "the level of world demand": lambda d: d["world_level"],
    "a recipient's demand at both ends": lambda d: d["demand_state"][:, [0, -1], 3],
    "a country's shocks": lambda d: d["log_shock"][:, :, 2],
    "the trend of its drivers": lambda d: d["drift_z"][:, :, 2],
}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_two_codings_of_the_priors_draw_alike(drawn, quantity):
    theirs, ours = (QUANTITIES[quantity](d).reshape(len(d["parameters"]), -1) for d in drawn)
    for column in range(theirs.shape[1]):
        # Seeds are fixed; by chance one comparison in ten thousand falls below this.
        assert stats.ks_2samp(theirs[:, column], ours[:, column]).pvalue > 1e-4


def test_prior_volumes_of_two_codings_are_alike(drawn, world):
    logs = [
        log_volume(*past_market(block(d, 0, 300), world.inputs))[:, 1, 2, [0, -1]] for d in drawn
    ]
    for column in range(2):
        assert stats.ks_2samp(logs[0][:, column], logs[1][:, column]).pvalue > 1e-4


def test_the_prior_of_the_shipped_panel_is_in_range(shipped):
    """Neither the size of the arms trade nor the crossover is decided before data are seen."""
    from forecast.fit import prior
    from models import priors

    tree = prior(shipped, priors.load(), seed=5, draws=120)
    inputs = tree["constant_data"].to_dataset()
    draws = stack(tree["posterior"].to_dataset())
    volume = np.exp(log_volume(*past_market(draws, inputs)))
    yearly = volume.sum(axis=(1, 2)).mean(axis=-1)
    # The world delivers about 25,000 TIV million a year.
    assert 1e3 < np.median(yearly) < 1e6
    suppliers = list(inputs[SUPPLIER].values)
    gap = draws["supplier_capacity"][:, suppliers.index("CHN")]
    gap = gap - draws["supplier_capacity"][:, suppliers.index("RUS")]
    ahead = gap[:, -1] > 0
    # Zero-centred effects and exchangeable levels put an even chance on it, give or take what
    # effort on record may mean; the binomial error at 120 draws is 0.05.
    assert 0.2 < ahead.mean() < 0.8
    assert tree["posterior"].sizes[CHAIN] == 1
    assert tree["posterior"].sizes[DRAW] == 120
