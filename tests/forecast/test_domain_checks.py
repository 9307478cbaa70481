"""What a run writes to check its domains: few draws, evenly spread, and slopes in quantiles."""

import numpy as np
import pytest
import xarray as xr

from crossover.forecast import steps


def test_a_check_rests_on_draws_spread_over_all_chains(monkeypatch):
    monkeypatch.setattr(steps, "CHECK_DRAWS", 20)
    values = np.arange(400.0).reshape(4, 100, 1)
    layer = xr.Dataset(
        {"parameters": (("chain", "draw", "parameter"), values)},
        coords={"chain": range(4), "draw": range(100), "parameter": ["need_sd"]},
    )
    held = xr.Dataset({"orders": (("domain",), [1.0])})
    tree = xr.DataTree.from_dict({"domains/posterior": layer, "domains/constant_data": held})
    few = steps._some_draws(tree)
    kept = few["domains/posterior"]["parameters"]
    assert (kept.sizes["chain"], kept.sizes["draw"]) == (4, 5)
    assert kept.sel(chain=0).values.ravel().tolist() == [0, 20, 40, 60, 80]
    assert few["domains/constant_data"]["orders"].item() == 1.0


def test_slopes_are_written_as_quantiles_and_probability_above_zero():
    table = steps._slopes({"within": np.linspace(-1.0, 3.0, 401), "between": np.full(3, -0.5)})
    row = table.set_index("slope").loc["within"]
    assert row["median"] == pytest.approx(1.0)
    assert (row["q05"], row["q95"]) == pytest.approx((-0.8, 2.8))
    assert row["positive"] == pytest.approx(0.75, abs=0.01)  # A grid of 401 points.
    assert table.set_index("slope").loc["between", "positive"] == 0.0
