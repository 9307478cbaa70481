"""A small real fit of alignment, and what is read off it."""

import numpy as np
import pytest
import xarray as xr

from crossover.forecast import alignment as room
from crossover.models import alignment as model
from tests import small

CODES = ["CHN", "FRA", "GBR", "IND", "RUS", "USA"]
YEARS = np.arange(1995, 2025)


@pytest.fixture(scope="module")
def gap() -> xr.DataArray:
    random = np.random.default_rng(2)
    values = random.normal(0, 1, (6, 1)) + np.cumsum(random.normal(0, 0.1, (6, 30)), axis=1)
    values = values + random.normal(0, 0.08, values.shape)
    return model.gaps(
        xr.DataArray(values, dims=("country", "year"), coords={"country": CODES, "year": YEARS})
    )


@pytest.fixture(scope="module")
def tree(gap) -> xr.DataTree:
    return room.fit(gap, model.load(), **small.SHORT)


def test_steps_and_noise_are_found(tree):
    posterior = tree["posterior"].to_dataset()
    # Of a gap of two: root two times those of one. Fifteen pairs of thirty years. Figures and
    # posterior are fixed; from seed to seed these means move by 0.001 and 0.0005, and to either
    # bound there are 0.007 and 0.03: seven times as far at least, less than once in 1e11.
    assert float(posterior["step"].mean()) == pytest.approx(0.1 * np.sqrt(2), rel=0.3)
    assert float(posterior["noise"].mean()) == pytest.approx(0.08 * np.sqrt(2), rel=0.4)


def test_a_rate_on_record_is_a_share(gap):
    found = room.base_rate(gap)
    assert 0 <= found["pair_years"] <= found["pairs"] <= 1
