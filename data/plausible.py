"""Whether a new release can be the next one of what is known, or looks like a mistake.

A release is set beside the newest that was kept, by the signals of `data.signals`, and each signal
beside the bound that earlier releases set (`data.bounds`). What goes beyond it is an alarm that
stops an addition, as are figures that changed sign, powers of ten and base years (`data.alarms`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from crossover.data import vintages
from crossover.data.alarms import COVERAGE, DISTANCE, OTHERWISE, Alarm
from crossover.data.bounds import GROUPS, Past, Pools
from crossover.data.signals import Signal
from crossover.data.sources.files import Batch

MISSING = ("lost", "years", "ends", "gone", "late", "zeros", "count")
CONSTANT, CURRENT = "milex_constant", "milex_current"


def find(batch: Batch, past: Past) -> list[Alarm]:
    """Return what about a release goes beyond what earlier ones have shown.

    Parameters
    ----------
    batch : the release. Of a register of a part of the world nothing is said.
    past : the kept releases; this one is kept there too.
    """
    if batch.table not in GROUPS or batch.note == vintages.PART:
        return []
    pools = past.load(batch.table)
    source = getattr(batch.rows[0], "source", "")
    place = (batch.table, batch.series, source, batch.vintage)
    return _alarms(batch, past.measured(*place, batch.rows) or [], pools)


def base_years(batches: Iterable[Batch], past: Past) -> list[Alarm]:
    """Return releases of military expenditure in which a country's constant prices do not equal its
    current ones in the base year, farther than in any release that was kept.
    """
    by_release: dict[str, dict[str, Batch]] = defaultdict(dict)
    for batch in batches:
        if batch.series in (CONSTANT, CURRENT):
            by_release[batch.vintage][batch.series] = batch
    pairs = [held for held in by_release.values() if len(held) == 2]
    if not pairs:
        return []
    kept: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in past.rows_of("country_years"):
        if row.indicator in (CONSTANT, CURRENT):
            kept[row.vintage][row.indicator].append(row)
    pools, found = Pools(), []
    for day, held in kept.items():
        if len(held) == 2 and day not in by_release:
            pools.add([_base_year(held[CONSTANT], held[CURRENT])], changes=True)
    for held in pairs:
        signal = _base_year(held[CONSTANT].rows, held[CURRENT].rows)
        found += _alarms(held[CONSTANT], [signal], pools)
    return found


def _base_year(constant: Sequence[Any], current: Sequence[Any]) -> Signal:
    """Say how far the farthest country's constant prices are from current ones in the base year."""
    base = int(next(word for word in constant[0].unit.split() if word.isdigit()))
    now = {row.country: row.value for row in current if row.year == base}
    logs = {
        row.country: math.log(row.value / now[row.country])
        for row in constant
        if row.year == base and row.value > 0 and now.get(row.country, 0) > 0
    }
    country = max(logs, key=lambda name: (abs(logs[name]), name), default="")
    far = logs.get(country, 0.0)
    words = (
        f"{country} {base}: constant prices are × {math.exp(far):.3g} the current ones, though "
        f"{base} is the base year"
    )
    return Signal("base", ("base",), abs(far), words, lambda value: f"× {math.exp(value):.3g}")


def _alarms(batch: Batch, signals: Sequence[Signal], pools: Pools) -> list[Alarm]:
    """Return an alarm for each signal beyond its bound."""
    found = []
    for signal, limit in pools.too_much(signals):
        kind = (
            OTHERWISE
            if signal.name == "reading"
            else COVERAGE
            if signal.name in MISSING
            else DISTANCE
        )
        most = f" (kept releases: at most {signal.shown(limit)})" if limit else ""
        words = signal.words + (most if kind != OTHERWISE else "")
        found.append(
            Alarm(kind, batch.series, batch.vintage, batch.file, (), len(signals), words, limit)
        )
    return found
