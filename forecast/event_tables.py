"""Events as tables: probabilities by year and kind, and the timing of those that come."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crossover.data import whole
from crossover.data.names import (
    DRAW,
    KIND,
    SCENARIO,
    YEAR,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
from crossover.forecast.events import answered, first_year, kinds_of, monte_carlo_error, one_by_one

QUANTILES = {"median_year": 0.5, "q05": 0.05, "q25": 0.25, "q75": 0.75, "q95": 0.95}

DIGITS = 6


def tables(table: xr.Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what is published of every event: probability by kind and year, and timing.

    Parameters
    ----------
    table
        As from `answers` or `domain_answers`.

    Returns
    -------
    tuple of pandas.DataFrame
        Events: event, domain, kind, supplier, recipient, scenario, year, probability, mc_error.
        Timing, of first passage: probability_within_horizon, and median and quantiles of the year
        given that it happens within the horizon.
    """
    import pandas as pd

    pair = {"supplier": table.attrs["supplier"], "recipient": table.attrs["recipient"]}
    rows, times = [], []
    years, chains = table[YEAR].values, int(table.attrs["chains"])
    for name, domain, values in one_by_one(table):
        of = {"event": name, "domain": domain}
        for scenario in table[SCENARIO].values:
            happens = values.sel({SCENARIO: scenario})
            where = {**pair, "scenario": str(scenario)}
            for kind in kinds_of(name):
                shared = {**of, KIND: kind, **where}
                rows += _probabilities(answered(kind, happens, DRAW), years, chains, shared)
            each = happens.transpose(..., YEAR).values.reshape(-1, len(years))
            times.append({**of, **where, **_timing(each, years)})
    return pd.DataFrame(rows), pd.DataFrame(times)


def _probabilities(
    happened: np.ndarray, years: np.ndarray, chains: int, shared: dict
) -> list[dict]:
    """One row a year of what is true, or of the share that is (draw, year)."""
    error = monte_carlo_error(happened, chains)
    return [
        {**shared, "year": int(year), "probability": p, "mc_error": e}
        for year, p, e in zip(years, happened.mean(axis=0), error, strict=True)
    ]


def _timing(happens: np.ndarray, years: np.ndarray) -> dict[str, float]:
    """How probable a first passage is within the horizon, and in which years (case, year)."""
    first = first_year(happens, years)
    first = first[np.isfinite(first)]
    levels = list(QUANTILES.values())
    at = np.quantile(first, levels, method="inverted_cdf") if len(first) else np.nan
    quantiles = dict(zip(QUANTILES, np.broadcast_to(at, len(levels)).tolist(), strict=True))
    within = happens.any(axis=-1).mean()
    return {"probability_within_horizon": within, **quantiles, "horizon": int(years[-1])}


def to_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole, with a fixed number of digits, so that equal draws give equal bytes.

    Raises
    ------
    InputError
        If a file is there that does not begin with the same column.
    """
    text = table.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
    first = re.split("[,\n]", text, maxsplit=1)[0]
    whole.write(Path(path), text.encode("utf-8"), first.encode("utf-8"))
