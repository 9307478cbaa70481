"""Figures of deliveries and exports: what was seen, and what is expected."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    NullLocator,
    PercentFormatter,
)

from crossover.reports import (
    style,
)
from crossover.reports.event_figures import Payload
from crossover.reports.phrases import ROLES, names
from crossover.reports.style import COLOURS, GREY, INK

LABEL = 23.0
"""Points that a label of two lines takes up."""
LOG_TICKS = 3
"""A logarithmic axis takes the coarsest steps that give this many ticks."""

TIV_TICKS = (0, 10, 100, 1_000, 10_000, 100_000)
"""Ticks of an axis on a scale of log(1 + TIV)."""


def dependence(payload: Payload) -> bytes:
    """Deliveries of the pair, the supplier's share of orders, and the orders themselves."""
    data, name = payload["dependence"], names(payload)
    origin, horizon = payload["origin"], payload["horizon"]
    with style.canvas(124) as figure:
        grid = figure.add_gridspec(2, 2, height_ratios=(1.25, 1))
        top = figure.add_subplot(grid[0, :])
        left, right = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
        figure.subplots_adjust(
            left=0.065, right=0.975, top=0.92, bottom=0.07, hspace=0.52, wspace=0.16
        )
        box = top.get_position()
        top.set_position([box.x0, box.y0, 0.9 - box.x0, box.height])
        known = data["deliveries_observed"]
        first = known["year"][0] if known["year"] else origin
        style.band(top, data["deliveries"], "recipient")
        top.plot(known["year"], known["value"], color=INK, lw=1.1)
        top.plot(known["year"], known["value"], "o", color=INK, ms=2.8, mfc="white", mew=0.8,
                 clip_on=False)
        scale = ""
        if data["log_scale"]:
            log_of_one_plus(top)
            scale = ", on a scale of log(1 + TIV)"
        else:
            top.set_ylim(bottom=0)
            top.yaxis.set_major_formatter(FuncFormatter(thousands))
        if data["base_mean"]:
            _old_level(top, payload)
        style.years(top, first, horizon, 5)
        style.origin_line(top, origin, horizon)
        style.heading(
            top, f"Deliveries from {name['supplier']} to {name['recipient']}",
            f"TIV million a year{scale}: observed, and predicted with 50 and 90 % bands",
        )
        style.band(left, style.joined(data["share_past"], data["share"]), "recipient")
        left.yaxis.set_major_formatter(PercentFormatter(1, symbol="", decimals=0))
        style.years(left, data["share_past"]["year"][0], horizon)
        style.origin_line(left, origin, horizon)
        style.heading(
            left, f"Share of {name['supplier']} in orders",
            "% of orders, expected; circles: of deliveries, observed",
        )  # fmt: skip
        placed = data["orders_observed"]
        style.band(right, data["orders_past"], "recipient")
        right.plot(placed["year"], placed["value"], "o", color=INK, ms=2.6, mfc="white", mew=0.8)
        right.set_ylim(0, None)
        style.years(right, placed["year"][0], placed["year"][-1], 6)
        style.heading(
            right, f"Orders placed with {name['supplier']}",
            "number in three years, by the last; bands: as fitted",
        )  # fmt: skip
        seen = data["share_observed"]
        left.plot(seen["year"], seen["value"], "o", color=INK, ms=2.6, mfc="white", mew=0.8)
        left.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        left.set_ylim(0, 1.16)  # Room for what is written at the top.
        return style.svg(figure)


def _old_level(axes: Any, payload: Payload) -> None:
    """Draw the mean of the base years, and the share of it below which the pair is independent."""
    data, horizon = payload["dependence"], payload["horizon"]
    start, end = payload["rules"]["base_years"]
    axes.plot([start, end], [data["base_mean"]] * 2, color=GREY, lw=1)
    axes.axhline(data["base_mean"], color=GREY, lw=0.7, ls=(0, (1, 2)), zorder=0)
    heights = axes.transData.transform([(horizon, data["floor"]), (horizon, data["base_mean"])])
    apart = (heights[1, 1] - heights[0, 1]) * 72 / axes.figure.dpi
    axes.annotate(
        f"mean\n{start}–{end}", (horizon, data["base_mean"]), xytext=(7, max(0.0, LABEL - apart)),
        textcoords="offset points", color=GREY, va="center", annotation_clip=False,
    )
    axes.axhline(data["floor"], color=INK, lw=0.9, ls=(0, (3, 2)))
    axes.annotate(
        f"{100 * payload['rules']['independence_share']:.0f} % of\nthat mean",
        (horizon, data["floor"]), xytext=(7, 0), textcoords="offset points",
        va="center", annotation_clip=False,
    )


def exports(payload: Payload) -> bytes:
    """Total arms exports of both countries, three-year means."""
    data, name = payload["exports"], names(payload)
    origin, horizon = payload["origin"], payload["horizon"]
    drawn = [role for role in ROLES if data[role]]
    with style.canvas(64) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.072, right=0.885, top=0.85, bottom=0.13)
        ends, first = [], origin
        for role in reversed(drawn):
            known = data[role]["past"]
            style.band(axes, style.anchored(data[role]["future"], known), role, 1.8)
            axes.plot(
                known["year"], known["value"], color=COLOURS[role], lw=1.4, ls=style.LINES[role]
            )
            axes.plot(
                known["year"], known["value"], style.MARKERS[role], color=COLOURS[role], ms=2.8,
                mfc="white", mew=0.8,
            )
            ends.append((name[role], data[role]["future"]["q50"][-1], COLOURS[role]))
            first = min([first, *known["year"]])
        scale = ""
        if data["log_scale"]:
            log_axis(axes, room=1.5)
            scale = ", logarithmic scale"
        else:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(FuncFormatter(thousands))
        style.years(axes, first, horizon, 5)
        style.origin_line(axes, origin, horizon)
        if drawn:
            style.end_labels(axes, ends, horizon)
        else:
            axes.set_yticks([])
            axes.text(0.5, 0.5, "Neither country is a supplier of the sample", ha="center",
                      transform=axes.transAxes, color=GREY)
        style.heading(axes, "Total arms exports, three-year mean", f"TIV million a year{scale}")
        return style.svg(figure)


def log_axis(axes: Axes, room: float = 1.0) -> None:
    """Set a logarithmic axis labelled at round numbers, as few as tell the scale.

    `room` is by how much its end is put up, so that no line crosses what is written at the top.
    """
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * room)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [m * 10.0**d for d in decades for m in steps if low <= m * 10.0**d <= high]
        if len(ticks) >= LOG_TICKS:
            break
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(thousands))


def log_of_one_plus(axes: Axes) -> None:
    """Set an axis from zero up on a scale of log(1 + TIV)."""
    top = max(axes.get_ylim()[1], 1.0)
    axes.set_yscale("function", functions=(_log1p, np.expm1))
    axes.set_ylim(0, 1.9 * top)  # Room for what is written at the top.
    axes.yaxis.set_major_locator(FixedLocator([t for t in TIV_TICKS if t <= top]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(thousands))


def _log1p(value: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(value, 0.0))


def thousands(value: float, _position: int = 0) -> str:
    """Write a tick with thousands set apart."""
    return f"{value:,.0f}" if abs(value) >= 1 or value == 0 else f"{value:g}"
