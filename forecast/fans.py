"""What was forecast of a pair's deliveries from past origins: in a backtest, and in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crossover.data.names import BANDS, BASELINE, QUANTITY
from crossover.forecast.ledger import DELIVERIES
from crossover.forecast.ledger_file import Entry
from crossover.forecast.scores import QUANTILE

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

COLUMNS = ("supplier", "recipient", "origin", "year", *BANDS)
FILE = "pairs.csv"
"""A backtest's table of these forecasts."""


def of_backtest(forecasts: Iterable[xr.Dataset]) -> pd.DataFrame:
    """Return our model's forecasts of the deliveries of single pairs.

    Parameters
    ----------
    forecasts
        As from `past_forecasts.forecast_of`, of any origins and models.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, quantiles in TIV million; no rows where the full model made none.
    """
    import pandas as pd

    from crossover.forecast.skill import DYADS, FULL, HORIZON, SERIES

    found = []
    for made in forecasts:
        if made.attrs["model"] != FULL or "quantiles" not in made:
            continue
        origin = int(made.attrs["origin"])
        own = made["quantiles"].sel({QUANTILE: list(BANDS.values())}, method="nearest")
        own = own.isel({SERIES: (made["target"] == DYADS).values})
        for unit, values in zip(own["unit"].values, own.transpose(SERIES, HORIZON, ...).values,
                                strict=True):  # fmt: skip
            supplier, recipient = str(unit).split("-")
            shared = {"supplier": supplier, "recipient": recipient, "origin": origin}
            of_year = shared | {"year": origin + made[HORIZON].values}
            found.append(pd.DataFrame(of_year | dict(zip(BANDS, values.T, strict=True))))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


def of_ledger(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the forecasts of pairs' deliveries that runs published, of the baseline.

    Returns
    -------
    list
        Of each run and pair: `run`, `created`, and by year `COLUMNS`, years as a list and quantiles
        as lists, TIV million.
    """
    found = []
    for entry in entries:
        if (entry.kind, entry.question, entry.scenario) != (QUANTITY, DELIVERIES, BASELINE):
            continue
        levels = [round(level, 6) for level in entry.forecast["levels"]]
        by_year = sorted(entry.forecast["quantiles"].items(), key=lambda one: int(one[0]))
        found.append(
            {
                "run": entry.run, "created": entry.created, "supplier": entry.supplier,
                "recipient": entry.recipient, "origin": entry.origin,
                "year": [int(year) for year, _ in by_year],
                **{name: [values[levels.index(level)] for _, values in by_year]
                   for name, level in BANDS.items()},
            }
        )  # fmt: skip
    return found
