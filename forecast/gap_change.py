"""By how much the gap of capacity moved, and what of it R&D and military spending account for.

A change needs no convention of levels, so it is firmer than the level itself. Capacity is
β·log R&D stock + γ·log military stock + the rest (`models.market`); what the two stocks added over
some years is exact in every draw, and the rest is what no effort on record explains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import COUNTRY, DRAW, SUPPLIER, YEAR
from crossover.forecast.draws import stack

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
    tree : With `posterior` and `constant_data`.
    futures : As from `forecast.simulate.futures`, of all draws of the tree.

    Returns
    -------
    pandas.DataFrame : One row a span and part: mean, median and 90 % interval over draws, log-odds,
        and the probability that it is above zero. The means of R&D, military spending and the rest
        add up to that of all. Spans that begin before the window are left out. Of a country that is
        no supplier, R&D counts with the mean effect; what is its own goes to the rest.
    """
    inputs = tree["constant_data"].to_dataset()
    draws = stack(tree["posterior"].to_dataset())
    pair = (str(futures.attrs["supplier"]), str(futures.attrs["recipient"]))
    origin, first = int(futures.attrs["origin"]), int(inputs[YEAR].values[0])
    spans = [years for years in SPANS if origin - years >= first]
    ends = [origin, *(origin - years for years in spans)]
    sides = [_of_one(draws, inputs, futures["theta_past"], code, ends) for code in pair]
    gap = {part: np.ascontiguousarray((sides[1][part] - sides[0][part]).T) for part in sides[0]}
    rows = [
        (*pair, years, origin - years, origin, part, values[at].mean(),
         *np.quantile(values[at], [0.5, 0.05, 0.95]), (values[at] > 0).mean())
        for at, years in enumerate(spans) for part, values in gap.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_one(
    draws: dict[str, np.ndarray], inputs: xr.Dataset, theta: xr.DataArray, code: str,
    ends: Sequence[int],
) -> dict[str, np.ndarray]:
    """Return the change of one country's capacity (draw, span), in all and by part."""
    suppliers = [str(c) for c in inputs[SUPPLIER].values]
    effect = draws["rd_within"].astype(float)
    if code in suppliers:
        apart = draws["rd_within_z"][:, suppliers.index(code)]
        effect = effect + draws["rd_within_sd"] * apart
    own = inputs[["rd_change", "mil_change"]].sel({COUNTRY: code})
    rd, mil = (_moved(own[name], ends) for name in ("rd_change", "mil_change"))
    whole = _moved(theta.sel({COUNTRY: code}).transpose(DRAW, YEAR), ends)
    research, military = effect[:, None] * rd, draws["mil_within"][:, None] * mil
    return {
        ALL: whole, RESEARCH: research, MILITARY: military, REST: whole - research - military,
    }  # fmt: skip


def _moved(values: xr.DataArray, ends: Sequence[int]) -> np.ndarray:
    """Return the first of some years less each of the others (..., year)."""
    at = values.sel({YEAR: list(ends)}).values
    return at[..., :1].astype(float) - at[..., 1:]
