"""Chains that begin at the last posterior: by labels, and new years at no change."""

import numpy as np
import pytest
import xarray as xr

from data.names import YEAR
from forecast import warm
from forecast.fit import storable
from models.inputs import prepare
from tests import mock_fit as mock
from tests import small


@pytest.fixture(scope="module")
def last(mock_fit, world):
    """Return the fit as if it had ended a year earlier."""
    before = world.panel.sel({YEAR: slice(None, small.ORIGIN - 1)})
    return xr.DataTree.from_dict(
        {
            "posterior": mock_fit["posterior"]
            .to_dataset()
            .sel({YEAR: slice(None, small.ORIGIN - 1)}),
            "constant_data": storable(prepare(before, world.priors)),
        }
    )


def test_points_are_draws_and_a_new_year_begins_at_no_change(last, world):
    assert warm.obstacle(last, world.inputs, world.priors) is None
    found = warm.points(last, world.inputs, world.priors, count=3, seed=1)
    assert len(found) == 3
    for point in found:
        for name in warm.STEPS:
            assert len(point[name]) == world.inputs.sizes[YEAR]
            assert not point[name][-1].any()
        stored = last["posterior"]["standard"].values.reshape(-1, len(point["standard"]))
        # Single precision.
        assert np.abs(stored - point["standard"]).max(axis=1).min() < 1e-3
    assert not np.array_equal(found[0]["standard"], found[1]["standard"])


def test_a_point_on_the_samplers_scale_is_the_draw_again(last, world, model, density):
    point = warm.points(last, world.inputs, world.priors, count=1, seed=1)[0]
    values = mock.apart(model, warm.flat(model, point))
    found = mock.evaluator(model)(values)
    # Draws are stored in single precision, in which steps that sum to zero hardly do.
    for name, value in point.items():
        assert found[name] == pytest.approx(value, abs=1e-6), name
    assert np.isfinite(density(values))


def test_other_countries_are_an_obstacle(last, world):
    fewer = world.inputs.isel(recipient=slice(1, None))
    assert "recipient" in warm.obstacle(last, fewer, world.priors)


def test_draws_of_an_older_version_are_an_obstacle(tree, world):
    assert "older version" in warm.obstacle(tree, world.inputs, world.priors)
