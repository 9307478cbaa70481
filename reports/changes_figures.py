"""The figure of what changed since the last edition: how each probability moved, step by step."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from crossover.reports import style
from crossover.reports.numerals import points, prob
from crossover.reports.phrases import event_name
from crossover.reports.style import COLOURS, GREY, INK

Payload = Mapping[str, Any]
STEPS = ("priors or code", "revised history", "new year")
LEAST_SPAN = 0.12
"""Least width of the axis: smaller, errors of simulation would fill the panel."""
TITLE_LETTERS = 20


def shown(payload: Payload) -> list[Mapping[str, Any]]:
    """Return the rows that are drawn: every event, by the year of the headline."""
    part = payload["changes"]
    return [row for row in part["rows"] if row["by"] == part["by"] and row["before"] is not None]


def waterfall(payload: Payload) -> bytes:
    """From the probability before to that after, a bar for what each step added or took away."""
    rows = shown(payload)
    span = max(LEAST_SPAN, *(1.9 * (_high(row) - _low(row)) for row in rows))
    with style.canvas(56) as figure:
        grid = figure.subplots(1, len(rows), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(left=0.135, right=0.985, top=0.81, bottom=0.2, wspace=0.13)
        for axes, row in zip(grid, rows, strict=True):
            title = event_name(payload, row["event"], short=True)
            axes.set_title(
                textwrap.fill(title, TITLE_LETTERS), loc="left", fontsize=7.5, fontweight="bold",
                pad=5,
            )  # fmt: skip
            low = (_low(row) + _high(row) - span) / 2
            low = min(max(low, -0.02), max(1.02 - span, -0.02))
            axes.set_xlim(low, low + span)
            _panel(axes, row)
            ticks = MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, low + span)
            # Labels at the edge would run into those of the next panel.
            inside = [t for t in ticks if 0.1 * span < t - low < 0.9 * span and 0 <= t <= 1]
            axes.set_xticks(inside, [f"{t:.2f}" for t in inside])
            axes.grid(True, axis="x")
            axes.grid(False, axis="y")
            axes.set_xlabel(f"probability in {row['by']}", labelpad=2)
        last = len(STEPS) + 1
        grid[0].set_yticks(
            range(last + 1), ["before", *STEPS, "after"]
        )
        grid[0].set_ylim(last + 0.6, -0.75)
        return style.svg(figure)


def _panel(axes: Axes, row: Mapping[str, Any]) -> None:
    end = len(STEPS) + 1
    for at, key in ((0, "before"), (end, "after")):
        error = 2 * (row[f"{key}_error"] or 0.0)
        axes.plot([row[key] - error, row[key] + error], [at, at], color=INK, lw=1.2)
        axes.plot(row[key], at, "o", color=INK, ms=4.6, mfc="white", mew=1.1, zorder=3)
        _label(axes, prob(row[key]), (row[key] - error, row[key] + error), at)
    for at, step in enumerate(row["steps"], 1):
        change = step["change"]
        error = 2 * (step["mc_error"] or 0.0) if change else 0.0
        axes.plot([step["before"]] * 2, [at - 1, at + 0.3], color=GREY, lw=0.7, ls=(0, (1, 2)))
        if change:
            # Taken away: hatched as well as red, so that the sign does not rest on colour.
            colour = COLOURS["recipient" if change > 0 else "supplier"]
            face = {"color": colour, "lw": 0} if change > 0 else {
                "facecolor": "white", "edgecolor": colour, "hatch": "//////", "lw": 0.8,
            }  # fmt: skip
            axes.barh(at, change, left=step["before"], height=0.58, **face)
            axes.plot([step["after"] - error, step["after"] + error], [at, at], color=INK, lw=0.9)
        ends = (step["before"], step["after"] - error, step["after"] + error)
        _label(axes, points(change), (min(ends), max(ends)), at)
    axes.plot([row["after"]] * 2, [end - 0.7, end], color=GREY, lw=0.7, ls=(0, (1, 2)))


def _label(axes: Axes, text: str, ends: tuple[float, float], y: float) -> None:
    """Write beside what was drawn between two ends, on the side that has more room."""
    low, high = axes.get_xlim()
    right = high - ends[1] >= ends[0] - low
    axes.annotate(text, (ends[1 if right else 0], y), xytext=(5 if right else -5, 0),
                  textcoords="offset points", ha="left" if right else "right", va="center_baseline",
                  fontsize=7, bbox=style.PLATE, zorder=4)  # fmt: skip


def _ends(row: Mapping[str, Any]) -> list[float]:
    return [value + sign * 2 * (error or 0.0) for value, error in (
        (row["before"], row["before_error"]), (row["after"], row["after_error"]),
        *((step["after"], step["mc_error"]) for step in row["steps"]),
    ) for sign in (-1, 1)]  # fmt: skip


def _low(row: Mapping[str, Any]) -> float:
    return min(_ends(row))


def _high(row: Mapping[str, Any]) -> float:
    return max(_ends(row))


ALL = {"changes_waterfall": waterfall}


def has(payload: Payload, key: str) -> bool:
    """Say whether a report has what a figure shows."""
    return payload["changes"]["known"] and bool(shown(payload))
