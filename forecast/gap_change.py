"""By how much the gap of capacity moved, and what of it R&D and military spending account for.

A change needs no convention of levels, so it is firmer than the level itself. Capacity is
β·log R&D stock + γ·log military stock + the rest (`models.market`); what the two stocks added over
some years is exact in every draw, and the rest is what no effort on record explains.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from data.names import COUNTRY, DRAW, SUPPLIER, YEAR
from forecast.draws import stack

SPANS = (5, 10, 20)
"""Years back from the origin."""
ALL, RESEARCH, MILITARY, REST = "all", "R&D", "military spending", "the rest"
COLUMNS = (
    "supplier", "recipient", "years", "from_year", "to_year", "part", "mean", "median", "q05",
    "q95", "p_positive",
)  # fmt: skip


def changes(tree: xr.DataTree, futures: xr.Dataset) -> pd.DataFrame:
    """Split the change of the gap, recipient less supplier, over `SPANS` years to the origin.

    Parameters
    ----------
    tree
        With `posterior` and `constant_data`.
    futures
        As from `forecast.simulate.futures`, of all draws of the tree.

    Returns
    -------
    pandas.DataFrame
        One row a span and part: mean, median and 90 % interval over draws, log-odds, and the
        probability that it is above zero. The means of R&D, military spending and the rest add up
        to that of all. Spans that begin before the window are left out. Of a country that is no
        supplier, R&D counts with the mean effect; what is its own goes to the rest.
    """
    inputs = tree["constant_data"].to_dataset()
    draws = stack(tree["posterior"].to_dataset())
    pair = (str(futures.attrs["supplier"]), str(futures.attrs["recipient"]))
    origin, first = int(futures.attrs["origin"]), int(inputs[YEAR].values[0])
    theta = futures["theta_past"].transpose(DRAW, COUNTRY, YEAR)
    rows = []
    for years in SPANS:
        start = origin - years
        if start < first:
            continue
        sides = [_of_one(draws, inputs, theta, code, (start, origin)) for code in pair]
        gap = {part: sides[1][part] - sides[0][part] for part in sides[0]}
        rows += [
            (*pair, years, start, origin, part, values.mean(),
             *np.quantile(values, [0.5, 0.05, 0.95]), (values > 0).mean())
            for part, values in gap.items()
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_one(
    draws: dict[str, np.ndarray], inputs: xr.Dataset, theta: xr.DataArray, code: str,
    ends: tuple[int, int],
) -> dict[str, np.ndarray]:
    """Return the change of one country's capacity (draw), in all and by part."""
    suppliers = [str(c) for c in inputs[SUPPLIER].values]
    effect = draws["rd_within"].astype(float)
    if code in suppliers:
        own = draws["rd_within_z"][:, suppliers.index(code)]
        effect = effect + draws["rd_within_sd"] * own
    moved = {
        name: _moved(inputs[f"{name}_change"].sel({COUNTRY: code}), ends) for name in ("rd", "mil")
    }
    whole = _moved(theta.sel({COUNTRY: code}), ends)
    research, military = effect * moved["rd"], draws["mil_within"] * moved["mil"]
    return {
        ALL: whole, RESEARCH: research, MILITARY: military, REST: whole - research - military,
    }  # fmt: skip


def _moved(values: xr.DataArray, ends: tuple[int, int]) -> np.ndarray:
    """Return the last year less the first."""
    return values.sel({YEAR: ends[1]}).values.astype(float) - values.sel({YEAR: ends[0]}).values
