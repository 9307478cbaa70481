"""A figure of the web page: its panels, its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Payload = Mapping[str, Any]

MIXED = "several"
"""Of a figure whose panels rest on different series."""


@dataclass(frozen=True)
class Panel:
    """Rows of a figure under one title, column by column; `role` gives them their colour."""

    title: str
    data: Mapping[str, Sequence[Any]]
    role: str = "gap"


@dataclass(frozen=True)
class Shown:
    """A figure of one pair and scenario.

    `chart` names one of `page_charts.charts`, `key` is a swatch and its meaning each, `signals`
    are values that the chart needs besides its rows.
    """

    chart: str
    title: str
    unit: str
    source: str
    panels: tuple[Panel, ...]
    key: tuple[tuple[str, str], ...] = ()
    signals: Mapping[str, Any] = field(default_factory=dict)


def source(numbers: Payload, *variables: str) -> str:
    """Name the series that a figure rests on, with their releases, and the run."""
    known = {entry["name"]: entry["source"] for entry in numbers["sources"]["variables"]}
    if MIXED in variables:
        data = "the sources listed below"
    else:
        data = "; ".join(dict.fromkeys(known[name] for name in variables if name in known))
    run = f"Forecast: Crossover, run {numbers['id']}."
    return f"Data: {data}. {run}" if data else run
