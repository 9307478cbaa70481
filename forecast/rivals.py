"""What simple rules would have said of the same quantities on the same day, for the track record.

A forecast of deliveries in the ledger is scored beside benchmarks of the backtest that saw the
same releases: each forecasts the pair's deliveries or a country's totals with the errors that the
rule has made on earlier years.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import xarray as xr

from crossover.data.names import YEAR
from crossover.data.panel import assemble
from crossover.data.tables import Panel
from crossover.forecast import baselines, forest, ledger, origins, scoring
from crossover.forecast.ledger import DELIVERIES, EXPORTS, IMPORTS
from crossover.forecast.ledger_file import Entry
from crossover.forecast.skill import DYADS, IN_TIV, LEVELS, SERIES

TARGETS = {DELIVERIES: DYADS, EXPORTS: EXPORTS, IMPORTS: IMPORTS}
"""Question of the ledger → target of the backtest."""
NOT_HERE = {baselines.LOGISTIC, baselines.ORDER_BOOK}
"""Benchmarks of events, and the one whose books are of a day of their own, half a year after the
origin, which may be later than the forecast."""


def score(
    entries: Iterable[Entry], rows: Sequence[scoring.Score], panel: Panel = None
) -> list[scoring.Score]:
    """Score the benchmarks on the outcomes on which quantities of the ledger were scored.

    Parameters
    ----------
    entries : As from `ledger.entries`.
    rows : As from `scoring.score`, of those entries.
    panel : Where figures of the time are read; see `data.panel.assemble`.

    Returns
    -------
    list of scoring.Score : A row a benchmark and row of a quantity, `run` being the benchmark's
        name; no row twice where several runs of one day asked the same, and none of a pair that
        never traded. TIV in millions.
    """
    days = {entry.run: entry.as_of for entry in entries if entry.kind == ledger.QUANTITY}
    asked: dict[tuple[str, int], list[scoring.Score]] = defaultdict(list)
    for row in rows:
        if row.crps is not None:
            asked[days[row.run], row.origin].append(row)
    found: dict[tuple, scoring.Score] = {}
    for (day, origin), held in sorted(asked.items()):
        for made in _scored(day, origin, held, panel):
            found.setdefault((day, *made[: made._fields.index("outturn")]), made)
    return list(found.values())


def _scored(
    day: str, origin: int, rows: Sequence[scoring.Score], panel: Panel
) -> Iterator[scoring.Score]:
    known = assemble(datetime.date.fromisoformat(day) if day else None, panel)
    known = known.sel({YEAR: slice(None, origin)})
    known = known.drop_dims(["domain", "weapon_class"], errors="ignore")
    past = origins.history(known)
    past = past.isel({SERIES: np.isin(past["target"], IN_TIV)})
    # A pair that was asked about is forecast also where nothing was delivered of late.
    asked = np.isin(past[SERIES], [_series(row) for row in rows])
    past["active"] |= xr.DataArray(asked, dims=SERIES) & (past[YEAR] == origin)
    found = list(past[SERIES].values[past["active"].sel({YEAR: origin}).values])
    for model in sorted(set(baselines.available()) - NOT_HERE, key=baselines.NAMES.index):
        quantiles = _quantiles(model, known, past, max(row.year for row in rows) - origin)
        for row in rows:
            if _series(row) in found:
                values = quantiles[found.index(_series(row)), row.year - origin - 1]
                yield scoring.against(row, model, list(LEVELS), values)


def _quantiles(model: str, known: xr.Dataset, past: xr.Dataset, horizons: int) -> np.ndarray:
    if model == baselines.FOREST:
        return forest.forecast(known, past, horizons)
    return baselines.forecast(model, past, horizons)


def _series(row: scoring.Score) -> str:
    unit = row.country or f"{row.supplier}-{row.recipient}"
    return f"{TARGETS[row.question]}/{unit}"
