"""Stocks of effort by the perpetual-inventory method."""

from __future__ import annotations

import xarray as xr

from crossover.data.names import YEAR


def stock(flow: xr.DataArray, depreciation: float, growth: float) -> xr.DataArray:
    """Accumulate a yearly flow into an end-of-year stock.

    The stock before the first year is that of a flow which had grown at `growth` for ever:
    K[0] = F[0] (1 + growth) / (depreciation + growth);
    then K[t] = (1 - depreciation) K[t-1] + F[t].

    Parameters
    ----------
    flow : Yearly flow (..., year), without gaps, any unit.
    depreciation, growth : Fractions a year.

    Returns
    -------
    xarray.DataArray : Same dims and unit as `flow`.

    Notes
    -----
    Perpetual inventory as in Griliches (1979, 1990).
    """
    flow = flow.transpose(..., YEAR)
    out = xr.full_like(flow, 0.0, dtype=float)
    level = flow.isel({YEAR: 0}) * (1.0 + growth) / (depreciation + growth)
    out[{YEAR: 0}] = level
    for t in range(1, flow.sizes[YEAR]):
        level = (1.0 - depreciation) * level.values + flow.isel({YEAR: t})
        out[{YEAR: t}] = level
    return out
