"""A model's C functions give what its list of operations gives, whoever calls them."""

import concurrent.futures
import ctypes

import numpy as np
import pymc as pm
import pytest

from crossover.models import instructions, native, program
from tests.models.test_program import models, point  # noqa: F401

DOUBLES = ctypes.POINTER(ctypes.c_double)


def pointer(values):
    """Return where an array stands, as C takes it."""
    return values.ctypes.data_as(DOUBLES)


def written(model):
    """Return the programs of a model's density and of its values."""
    near = point(model, 0)
    return program.density(model, near), program.named(model, near)[0]


def density(made, x):
    """Return what the function of the density returns, the density and its derivative."""
    slopes, total = np.full(x.size, np.nan), np.full(1, np.nan)
    said = made.density.ctypes(
        x.size, pointer(x), pointer(slopes), pointer(total), made.data.ctypes.data
    )
    return said, total[0], slopes


@pytest.mark.parametrize("name", ["market", "delivery", "drivers", "partnership"])
def test_the_functions_of_every_model_give_what_its_programs_give(models, name):  # noqa: F811
    of_density, told = written(models[name])
    made = native.native(of_density, told)
    count = sum(place.size for place in told.outputs)
    evaluate, values = of_density.start(), told.start()
    for seed in range(1, 4):
        x = instructions.flat(point(models[name], seed))
        said, total, slopes = density(made, x)
        expected, by = evaluate(x)
        assert said == 0
        assert total == expected
        np.testing.assert_array_equal(slopes, by)
        out = np.full(count, np.nan)
        called = made.values.ctypes(
            x.size, count, pointer(x), pointer(out), made.data.ctypes.data
        )
        assert called == 0
        np.testing.assert_array_equal(out, instructions.flat(values(x)))


def test_more_threads_than_copies_do_not_disturb_each_other(models):  # noqa: F811
    made = native.native(*written(models["market"]))
    xs = [instructions.flat(point(models["market"], seed)) for seed in range(native.COPIES + 2)]
    alone = [density(made, x)[1] for x in xs]

    def many(x):
        return {density(made, x)[1] for _ in range(100)}

    with concurrent.futures.ThreadPoolExecutor(len(xs)) as threads:
        assert list(threads.map(many, xs)) == [{value} for value in alone]
    assert not made.data[:, 0].any()


def test_a_density_that_is_no_number_is_said_to_be_unusable_and_gives_its_copy_back():
    with pm.Model() as model:
        x = pm.Normal("x", shape=3)
        pm.Potential("odd", pm.math.log(x).sum())
    made = native.native(*written_at(model, np.ones(3)))
    assert density(made, np.ones(3))[0] == 0
    for _ in range(2 * native.COPIES):
        assert density(made, -np.ones(3))[0] == native.UNUSABLE
    assert density(made, np.ones(3))[0] == 0


def written_at(model, x):
    """Return the programs of a model of one variable, written down at a point."""
    return program.density(model, [x]), program.named(model, [x])[0]
