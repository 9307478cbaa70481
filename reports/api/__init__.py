"""Honest, reproducible forecasts of arms dependence and power shifts between states.

    import crossover

    run = crossover.open("latest")                       # or a run folder, or an ID
    run.events                                           # probabilities, a pandas.DataFrame
    run.paths("deliveries").quantile([0.05, 0.5, 0.95])  # by year, an xarray.DataArray
    run.pair("FRA", "IND").events                        # another pair forecast from the run
    run.ask("deliveries RUS->CHN < 50 in 2028")          # any inequality of published quantities

This package is the parent of the folders of the checkout (`crossover.data`, `.models`, `.forecast`,
`.reports`), so it imports nothing before it is asked.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossover.opening import open, runs
    from crossover.run import Forecast, Paths, Run

__all__ = ["Forecast", "Paths", "Run", "open", "runs"]

_FROM = {
    "open": "crossover.opening",
    "runs": "crossover.opening",
    "Forecast": "crossover.run",
    "Paths": "crossover.run",
    "Run": "crossover.run",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'crossover' has no attribute {name!r}")
    return getattr(importlib.import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
