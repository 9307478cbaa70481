"""A model's list of operations gives what PyTensor's own operations give."""

import concurrent.futures

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import special

from crossover.forecast import fit, sampling
from crossover.models import alliance_rows, instructions, interpreter, partnership, program
from crossover.models.inputs import with_orders
from tests import history, small

RELATIVE = 1e-10
OF_NUMBERS = {
    "exp": (pt.exp, np.exp, (-30.0, 30.0)), "log": (pt.log, np.log, (1e-3, 40.0)),
    "log1p": (pt.log1p, np.log1p, (-0.9, 40.0)), "expm1": (pt.expm1, np.expm1, (-3.0, 3.0)),
    "sqrt": (pt.sqrt, np.sqrt, (0.0, 9.0)), "square": (pt.sqr, np.square, (-3.0, 3.0)),
    "sigmoid": (pt.sigmoid, special.expit, (-40.0, 40.0)), "abs": (pt.abs, np.abs, (-2.0, 2.0)),
    "softplus": (pt.softplus, lambda x: np.logaddexp(0.0, x), (-40.0, 40.0)),
    "sign": (pt.sign, np.sign, (-2.0, 2.0)), "erfc": (pt.erfc, special.erfc, (-4.0, 9.0)),
    "erfcx": (pt.erfcx, special.erfcx, (-4.0, 60.0)), "neg": (pt.neg, np.negative, (-2.0, 2.0)),
    "log1mexp": (pt.log1mexp, lambda x: np.log(-np.expm1(x)), (-9.0, -1e-3)),
    "reciprocal": (pt.reciprocal, np.reciprocal, (0.5, 4.0)),
}  # fmt: skip
OF_TWO = {
    "add": (pt.add, np.add), "sub": (pt.sub, np.subtract), "mul": (pt.mul, np.multiply),
    "div": (pt.true_div, np.divide), "pow": (pt.pow, np.power),
    "maximum": (pt.maximum, np.maximum), "minimum": (pt.minimum, np.minimum),
    "less": (pt.lt, np.less), "at_least": (pt.ge, np.greater_equal),
}  # fmt: skip


@pytest.fixture(scope="module")
def models(world):
    """Return the models of a fit, of the small world."""
    inputs, orders = with_orders(world.panel, world.priors)
    records = history.records(history.covariate_rows(small.SEED))
    beliefs = partnership.load(None)
    pairs = alliance_rows.prepare(records, "downturn", beliefs)
    return fit.parts(inputs, orders, world.priors) | {
        "partnership": partnership.hazard_model(pairs, beliefs)
    }


def point(model, seed, width=0.5):
    """Return a value of each variable that is sampled."""
    rng, start = np.random.default_rng(seed), model.initial_point()
    return [
        np.asarray(start[v.name]) + rng.uniform(-width, width, np.shape(start[v.name]))
        for v in model.value_vars
    ]


@pytest.mark.parametrize("name", ["market", "delivery", "drivers", "partnership"])
def test_the_density_of_every_model_and_its_derivative_are_pytensors(models, name):
    model = models[name]
    variables, total = list(model.value_vars), model.logp()
    slopes = pt.concatenate([slope.ravel() for slope in pt.grad(total, variables)])
    plain = pytensor.function(
        variables, [total, slopes], mode=program.PLAIN, on_unused_input="ignore"
    )
    evaluate = program.density(model, point(model, 0)).start()
    for seed in range(1, 5):
        at = point(model, seed)
        found, expected = evaluate(instructions.flat(at)), plain(*at)
        for mine, theirs in zip(found, expected, strict=True):
            scale = np.abs(theirs).max() + 1.0
            np.testing.assert_allclose(mine, theirs, rtol=RELATIVE, atol=RELATIVE * scale)


@pytest.mark.parametrize("name", ["market", "delivery", "drivers"])
def test_derivatives_are_those_of_small_steps(models, name):
    model = models[name]
    evaluate = program.density(model, point(model, 0)).start()
    x = instructions.flat(point(model, 1))
    slopes = evaluate(x)[1].copy()
    for at in np.random.default_rng(2).choice(x.size, 12, replace=False):
        ends = []
        for step in (1e-5, -1e-5):
            moved = x.copy()
            moved[at] += step
            ends.append(float(evaluate(moved)[0]))
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(slopes[at], rel=1e-4, abs=1e-3)


def test_what_is_named_in_a_model_is_told_as_pytensor_tells_it(models):
    for model in models.values():
        written, names = program.named(model, point(model, 0))
        at = point(model, 3)
        plain = pytensor.function(
            list(model.value_vars),
            model.replace_rvs_by_values([*model.free_RVs, *model.deterministics]),
            mode=program.PLAIN, on_unused_input="ignore",
        )  # fmt: skip
        told = dict(zip(names, written.start()(instructions.flat(at)), strict=True))
        for name, expected in zip(names, plain(*at), strict=True):
            np.testing.assert_allclose(told[name], expected, rtol=1e-10, atol=1e-12, err_msg=name)


def of(outputs, variables, values):
    """Return what the list gives of a small graph."""
    return program.program(variables, outputs, values).start()(instructions.flat(values))


@pytest.mark.parametrize("name", sorted(OF_NUMBERS))
@pytest.mark.parametrize("size", [1, 7])
def test_every_operation_on_numbers_is_numpys(name, size):
    symbol, expected, (low, high) = OF_NUMBERS[name]
    x = np.random.default_rng(1).uniform(low, high, size)
    v = pt.dvector()
    np.testing.assert_allclose(of([symbol(v)], [v], [x])[0], expected(x), rtol=1e-13)


@pytest.mark.parametrize("name", sorted(OF_TWO))
def test_every_operation_on_two_is_numpys_and_repeats_what_is_shorter(name):
    symbol, expected = OF_TWO[name]
    rng = np.random.default_rng(1)
    a, b = pt.dmatrix(), pt.dmatrix()
    for left, right in (((3, 4), (3, 4)), ((3, 1), (1, 4)), ((1, 1), (3, 4)), ((3, 4), (1, 1))):
        x, y = rng.uniform(0.5, 2.0, left), rng.uniform(0.5, 2.0, right)
        shaped = [pt.specify_shape(a, left), pt.specify_shape(b, right)]
        out = symbol(*(pt.specify_broadcastable(v, *(k for k in (0, 1) if n[k] == 1))
                       for v, n in zip(shaped, (left, right), strict=True)))  # fmt: skip
        np.testing.assert_allclose(of([out], [a, b], [x, y])[0], expected(x, y), rtol=1e-13)


def test_sums_products_and_moves_are_numpys():
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=4)
    a, b, c = pt.dmatrix(), pt.dmatrix(), pt.dvector()
    outputs = [
        a.sum(), a.sum(axis=0), a.sum(axis=1), pt.cumsum(a, axis=0), pt.cumsum(a, axis=1),
        a @ b, a @ c, c @ b, a.T, a[1:, ::-1], a[[2, 0, 0]], pt.concatenate([c, b[:, 0]]),
        pt.set_subtensor(a[0, 1:3], 5.0), pt.inc_subtensor(c[[1, 1, 2]], c[:3]), a.reshape((2, 6)),
        pt.switch(pt.gt(a, 0.0), a, 2.0 * a), pt.stack([c[0], a[1, 1]]), a.max(axis=1),
        pt.exp(a) * 0.0 + c, a * b[:, 0] * 3.0 * c,
    ]  # fmt: skip
    added = z.copy()
    np.add.at(added, [1, 1, 2], z[:3])
    put = x.copy()
    put[0, 1:3] = 5.0
    expected = [
        x.sum(), x.sum(0), x.sum(1), x.cumsum(0), x.cumsum(1), x @ y, x @ z, z @ y, x.T,
        x[1:, ::-1], x[[2, 0, 0]], np.concatenate([z, y[:, 0]]), put, added, x.reshape(2, 6),
        np.where(x > 0, x, 2 * x), np.array([z[0], x[1, 1]]), x.max(1),
        np.broadcast_to(z, (3, 4)), x * y[:, 0] * 3.0 * z,
    ]  # fmt: skip
    found = of(outputs, [a, b, c], [x, y, z])
    for at, (mine, numpys) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(mine, numpys, rtol=1e-13, err_msg=str(at))


def test_products_and_sums_of_nothing_are_zero_or_nothing():
    a, b, c = pt.dmatrix(), pt.dmatrix(), pt.dmatrix()
    empty, other = np.zeros((3, 0)), np.zeros((0, 2))
    # The first product's memory is free again when the second is made.
    busy = (pt.exp(c) * 2.0).sum()
    found = of(
        [busy, a @ b, a.sum(), a.sum(axis=1), pt.cumsum(b, axis=0)], [a, b, c],
        [empty, other, np.ones((3, 2))],
    )  # fmt: skip
    assert [np.shape(v) for v in found[1:]] == [(3, 2), (), (3,), (0, 2)]
    assert not found[1].any()
    assert not found[2]
    assert not found[3].any()


def test_threads_that_evaluate_at_once_do_not_disturb_each_other(models):
    model = models["market"]
    written = program.density(model, point(model, 0))
    xs = [instructions.flat(point(model, seed)) for seed in range(4)]
    alone = [written.start()(x)[0].copy() for x in xs]

    def many(x):
        evaluate = written.start()
        return {float(evaluate(x)[0]) for _ in range(50)}

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert list(threads.map(many, xs)) == [{float(value)} for value in alone]


def test_an_operation_that_is_not_there_is_named_and_left_to_the_compiler(monkeypatch):
    import nutpie

    with pm.Model() as model:
        x = pm.Normal("x", shape=3)
        pm.Potential("odd", pt.erfinv(pt.tanh(x)).sum())
    with pytest.raises(instructions.Unknown, match=r"Tanh|Erfinv|ErfInv"):
        program.density(model, point(model, 0))
    monkeypatch.setattr(nutpie, "compile_pymc_model", lambda model, backend: backend)
    assert sampling.ready(model) == "numba"


def test_a_list_that_does_not_give_the_density_is_not_used(models, monkeypatch):
    monkeypatch.setitem(program.SCALARS, "Sub", interpreter.ADD)
    with pytest.raises(RuntimeError, match="does not give its density"):
        program.density(models["drivers"], point(models["drivers"], 0))
