"""What a scenario changes: differences to the baseline, paired draw by draw.

Every scenario sees the same draws and shocks, so that a difference has far less Monte-Carlo error
than the two figures it is taken of. It is a difference between two worlds of the model, not the
effect of a policy.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import (
    BASELINE,
    COUNTRY,
    DRAW,
    QUANTITY,
    SCENARIO,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast.events import answered, kinds_of, monte_carlo_error, one_by_one

EVERY = 5
"""Differences are told every so many years, and at the horizon."""
COLUMNS = (
    "kind", "name", "domain", "scenario", "year", "baseline", "difference", "mc_error", "q05",
    "q95",
)  # fmt: skip


def differences(
    indicators: Iterable[xr.Dataset], futures: xr.Dataset, paths: xr.Dataset
) -> pd.DataFrame:
    """Compare every scenario with the baseline.

    Parameters
    ----------
    indicators : As from `forecast.events.answers` and its like, with all scenarios.
    futures : As from `forecast.simulate.futures`.
    paths : As from `forecast.coupling.answer`.

    Returns
    -------
    pandas.DataFrame : kind, name, domain, scenario, year, baseline, difference, mc_error, q05, q95.
        Of an event, in each kind: its probability in the baseline, the difference of probabilities,
        and the Monte-Carlo error of that difference. Of a quantity: median of the baseline, and
        median and 90 % interval of the differences draw by draw. Empty without a scenario.
    """
    rows = []
    if _others(futures):
        for table in indicators:
            rows += _events(table)
        rows += _quantities(futures, paths)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shown(years: np.ndarray) -> list[int]:
    """Positions of the years that are told."""
    return [k for k, year in enumerate(years) if k and (year % EVERY == 0 or k == len(years) - 1)]


def _others(table: xr.Dataset) -> list[str]:
    return [str(name) for name in table[SCENARIO].values if name != BASELINE]


def _events(table: xr.Dataset) -> list[dict]:
    chains, years = int(table.attrs["chains"]), table[YEAR].values
    shown = _shown(years)
    rows = []
    for name, domain, values in one_by_one(table):
        worlds = [str(s) for s in values[SCENARIO].values]
        for kind in kinds_of(name):
            found = answered(kind, values, SCENARIO, DRAW)[..., shown].astype(float)
            base = found[worlds.index(BASELINE)]
            for scenario in _others(table):
                gap = found[worlds.index(scenario)] - base
                error = monte_carlo_error(gap, chains)
                rows += [
                    {
                        "kind": kind, "name": name, "domain": domain, "scenario": scenario,
                        "year": int(years[at]), "baseline": base[:, k].mean(),
                        "difference": gap[:, k].mean(), "mc_error": error[k],
                        "q05": np.nan, "q95": np.nan,
                    }
                    for k, at in enumerate(shown)
                ]  # fmt: skip
    return rows


def _quantities(futures: xr.Dataset, paths: xr.Dataset) -> list[dict]:
    pair = (futures.attrs["supplier"], futures.attrs["recipient"])
    theta = futures["theta"]
    series = {
        "capacity gap": theta.sel({COUNTRY: pair[1]}) - theta.sel({COUNTRY: pair[0]}),
        "deliveries": futures["deliveries"],
        "import share": futures["import_share"],
    }
    for code in pair:
        series[f"R&D share of {code}"] = futures["rd_share"].sel({COUNTRY: code})
        if code in futures[SUPPLIER].values:
            series[f"exports of {code}"] = futures["exports"].sel({SUPPLIER: code})
    for event in paths["event"].values if "hazard" in paths else ():
        series[f"hazard of {event}"] = paths["hazard"].sel(event=event)
    for name, column in (("log power ratio", "log_power_ratio"), ("distance of votes", "distance")):
        if column in paths:
            series[name] = paths[column]
    rows = []
    for name, values in series.items():
        years = values[YEAR_FUTURE].values
        base = values.sel({SCENARIO: BASELINE}).transpose(DRAW, YEAR_FUTURE).values.astype(float)
        if not np.isfinite(base).all():
            continue
        for scenario in _others(values.to_dataset(name="of")):
            own = values.sel({SCENARIO: scenario}).transpose(DRAW, YEAR_FUTURE).values
            for at in _shown(years):
                gap = own[:, at] - base[:, at]
                low, middle, high = np.quantile(gap, [0.05, 0.5, 0.95])
                rows.append(
                    {
                        "kind": QUANTITY, "name": name, "domain": "all", "scenario": scenario,
                        "year": int(years[at]), "baseline": np.median(base[:, at]),
                        "difference": middle, "mc_error": np.nan, "q05": low, "q95": high,
                    }
                )  # fmt: skip
    return rows
