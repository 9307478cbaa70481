"""The table of events of a pair, read row by row: what only lists it needs no pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossover.data.errors import InputError, fault
from crossover.data.names import KIND
from crossover.forecast.shipped import rows

Rows = list[dict[str, Any]]


def read_events(path: Path) -> Rows:
    """Return the rows of a table of events; raise InputError, with the line, for what is none."""
    kinds = {"year": int, "probability": float, "mc_error": float}
    names = ("event", "domain", KIND, "scenario", *kinds)
    rule = "is no table of events: half-written, or of an earlier edition; forecast the pair again"
    found: Rows = []
    for line, row in enumerate(rows(path), start=2):
        try:
            found.append({name: kinds.get(name, str)(row[name]) for name in names})
        except (KeyError, TypeError, ValueError):
            raise InputError(fault(rule, file=path, line=line)) from None
    if not found:
        raise InputError(fault(rule, file=path))
    return found
