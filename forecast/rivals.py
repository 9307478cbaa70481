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

from data.names import YEAR
from data.panel import assemble
from data.tables import Panel
from forecast import backtest, baselines, ledger, origins, scoring
from forecast.ledger import DELIVERIES, EXPORTS, IMPORTS, Entry
from forecast.skill import DYADS, LEVELS, SERIES

TARGETS = {DELIVERIES: DYADS, EXPORTS: EXPORTS, IMPORTS: IMPORTS}
"""Question of the ledger → target of the backtest."""


def score(
    entries: Iterable[Entry], rows: Sequence[scoring.Score], panel: Panel = None
) -> list[scoring.Score]:
    """Score the benchmarks on the outcomes on which quantities of the ledger were scored.

    Parameters
    ----------
    entries
        As from `ledger.entries`.
    rows
        As from `scoring.score`, of those entries.
    panel
        Where figures of the time are read; see `data.panel.assemble`.

    Returns
    -------
    list of scoring.Score
        A row a benchmark and row of a quantity, `run` being the benchmark's name; no row twice
        where several runs of one day asked the same. TIV in millions.
    """
    days = {entry.run: entry.as_of for entry in entries if entry.kind == ledger.QUANTITY}
    asked: dict[tuple[str, int], list[scoring.Score]] = defaultdict(list)
    for row in rows:
        if row.crps is not None:
            asked[days[row.run], row.origin].append(row)
    found: dict[tuple, scoring.Score] = {}
    for (day, origin), held in sorted(asked.items()):
        for made in _scored(day, origin, held, panel):
            found.setdefault((day, *made[:11]), made)
    return list(found.values())


def _scored(
    day: str, origin: int, rows: Sequence[scoring.Score], panel: Panel
) -> Iterator[scoring.Score]:
    known = assemble(datetime.date.fromisoformat(day) if day else None, panel)
    known = known.sel({YEAR: slice(None, origin)})
    known = known.drop_dims(["domain", "weapon_class"], errors="ignore")
    horizons = max(row.year for row in rows) - origin
    pairs = sorted({(row.supplier, row.recipient) for row in rows if row.question == DELIVERIES})
    wanted = origins.series(known, pairs)
    pool = origins.series(known, origins.traded(known["tiv"]))
    pool["active"] = baselines.pooled(pool, origins.ACTIVE_YEARS)
    for model in backtest.benchmarks():
        if model == backtest.CLIMATOLOGY:
            continue
        quantiles = baselines.forecast(model, wanted, pool, horizons)
        for row in rows:
            values = quantiles[_at(wanted, row), row.year - origin - 1]
            if np.isfinite(values).all():
                yield scoring.against(row, model, list(LEVELS), values)


def _at(wanted: xr.Dataset, row: scoring.Score) -> int:
    unit = row.country or f"{row.supplier}-{row.recipient}"
    return list(wanted[SERIES].values).index(f"{TARGETS[row.question]}/{unit}")
