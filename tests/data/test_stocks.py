"""Stocks by perpetual inventory."""

import numpy as np
import pytest
import xarray as xr

from crossover.data.stocks import stock


def flow(*values: float) -> xr.DataArray:
    return xr.DataArray(list(values), dims="year", coords={"year": range(len(values))})


def test_a_flow_that_has_always_grown_steadily_keeps_its_ratio_to_the_stock():
    steady = flow(*(100.0 * 1.03**t for t in range(30)))
    ratio = stock(steady, 0.15, 0.03) / steady
    # Steady state: K/F = (1 + g) / (d + g).
    assert ratio.values == pytest.approx(1.03 / 0.18, rel=1e-12)


def test_a_stock_without_new_flow_wears_off_at_its_rate():
    found = stock(flow(10.0, 0.0, 0.0), 0.1, 0.0)
    assert found.values == pytest.approx([100.0, 90.0, 81.0])


def test_countries_do_not_mix_and_dims_come_in_any_order():
    both = xr.concat([flow(1.0, 2.0), flow(5.0, 0.0)], dim="country").transpose("year", "country")
    found = stock(both, 0.5, 0.0).transpose("country", "year")
    np.testing.assert_allclose(found, [[2.0, 3.0], [10.0, 5.0]])
