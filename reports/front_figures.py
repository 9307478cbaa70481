"""The chart of the first page, and quantile dot plots of when statements first hold.

The first shows the capacity gap over all conventions beside the deliveries of the pair; the second
draws the distribution of a first year as twenty dots, each a chance of one in twenty (Kay et al.
2016).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from crossover.data.names import (
    CAPACITY_CROSSOVER,
    CONTESTED_ORDERS,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
)
from crossover.reports import style
from crossover.reports.phrases import event_name, names
from crossover.reports.style import COLOURS, GREY, INK

DOTS = 20
YEARS_A_COLUMN = 2
LED_WITH = (CAPACITY_CROSSOVER, EXPORT_CROSSOVER, CONTESTED_ORDERS, INDEPENDENCE)
"""One rule a claim: the same asked by another rule stands in the annex."""
TOP, PANEL, BETWEEN, BOTTOM = 6.0, 15.0, 14.0, 9.0
"""Of the dots, in millimetres: title, panel, what lies between two panels, ticks."""
FIRST_SHOWN = 25
"""Years of the record that the first page shows."""
Payload = Mapping[str, Any]


def story(payload: Payload) -> bytes:
    """Draw the gap over all conventions, and deliveries with the mark of independence."""
    with style.canvas(74) as figure:
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.045, right=0.905, top=0.94, bottom=0.11, wspace=0.42)
        _gap(left, payload)
        _deliveries(right, payload)
        return style.svg(figure)


def _gap(axes: Axes, payload: Payload) -> None:
    name, origin, last = names(payload), payload["origin"], payload["headline_year"]
    data = payload["capacity"]["gap"]
    first = max(data["past"]["year"][0], origin - FIRST_SHOWN)
    style.band(axes, _between(style.joined(data["past"], data["future"]), first, last), "gap", 1.8)
    axes.axhline(0, color=INK, lw=0.9)
    style.years(axes, first, last, 5)
    style.origin_line(axes, origin, last)
    low, high = axes.get_ylim()
    reach = 0.35 * max(-low, high)
    axes.set_ylim(min(low, -reach), max(high, reach))
    shared = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    for role, offset, side in (("recipient", 4, "bottom"), ("supplier", -4, "top")):
        axes.annotate(
            f"{name[role]}\nahead", (1, 0), xytext=(4, offset), **shared, va=side,
            color=COLOURS[role], fontweight="bold", annotation_clip=False,
        )


def _deliveries(axes: Axes, payload: Payload) -> None:
    data, origin, last = payload["dependence"], payload["origin"], payload["headline_year"]
    known = data["deliveries_observed"]
    first = max(known["year"][0] if known["year"] else origin, origin - FIRST_SHOWN)
    axes.set_yscale("function", functions=(np.log1p, np.expm1))
    style.band(axes, _between(data["deliveries"], origin, last), "recipient")
    seen = _between(known, first, last)
    axes.plot(seen["year"], seen["value"], "o-", color=INK, lw=1, ms=2.6, mfc="white", mew=0.8)
    ticks = [0, 10, 100, 1_000, 10_000]
    top = max([*(v for v in seen["value"] if v is not None), *data["deliveries"]["q95"][:10], 20.0])
    axes.set_yticks([tick for tick in ticks if tick <= 2 * top])
    axes.set_ylim(0, 1.6 * top)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_locator(NullLocator())
    if data["base_mean"]:
        axes.axhline(data["floor"], color=INK, lw=0.9, ls=(0, (3, 2)))
        axes.annotate(
            f"{100 * payload['rules']['independence_share']:.0f} % of\nold level",
            (last, data["floor"]), xytext=(6, 0), textcoords="offset points", va="center",
            annotation_clip=False,
        )
    style.years(axes, first, last, 5)
    style.origin_line(axes, origin, last)


def _between(series: Mapping[str, Any], first: int, last: int) -> dict[str, list]:
    """Return a series from one year to another, both included."""
    at = [i for i, year in enumerate(series["year"]) if first <= year <= last]
    return {key: [series[key][i] for i in at] for key in series}


def quantile_dots(entry: Mapping[str, Any], dots: int = DOTS) -> tuple[np.ndarray, int]:
    """Return the first years of the dots that happen, and how many dots do not.

    Parameters
    ----------
    entry
        An event of the payload: `year` and `in_year` (year,), and `never`.
    dots
        Equal shares of probability; each is shown by the quantile at its middle.
    """
    year, mass = np.asarray(entry["year"]), np.asarray(entry["in_year"], float)
    levels = (np.arange(dots) + 0.5) / dots
    reached = np.cumsum(mass)
    at = np.searchsorted(reached, levels)
    return year[at[at < year.size]], int((at >= year.size).sum())


def timing_dots(payload: Payload) -> bytes:
    """Draw a quantile dot plot of each event that is defined."""
    shown = [e for e in payload["events"] if e["defined"] and e["event"] in LED_WITH]
    rows = max(-(-len(shown) // 2), 1)
    height = TOP + rows * PANEL + (rows - 1) * BETWEEN + BOTTOM
    with style.canvas(height) as figure:
        grid = figure.subplots(rows, 2, squeeze=False)
        figure.subplots_adjust(left=0.02, right=0.985, top=1 - TOP / height, wspace=0.08,
                               bottom=BOTTOM / height, hspace=BETWEEN / PANEL)  # fmt: skip
        for axes in grid.flat[len(shown):]:
            axes.set_axis_off()
        for axes, entry in zip(grid.flat, shown, strict=False):
            _dots(axes, entry, payload)
            axes.annotate(
                event_name(payload, entry["event"], short=True), (0, 1), xycoords="axes fraction",
                xytext=(0, 4), textcoords="offset points", fontsize=7.8, fontweight="bold",
            )
        return style.svg(figure)


def _dots(axes: Axes, entry: Mapping[str, Any], payload: Payload) -> None:
    origin, horizon = payload["origin"], payload["horizon"]
    years, never = quantile_dots(entry)
    columns = (years - origin) // YEARS_A_COLUMN
    heights = [int((columns[:i] == columns[i]).sum()) for i in range(columns.size)]
    away = horizon + 4
    axes.plot(origin + YEARS_A_COLUMN * columns, heights, "o", ms=3.1, color=COLOURS["recipient"],
              clip_on=False)
    rows = 5
    axes.plot([away + 1.2 * (i // rows) for i in range(never)], [i % rows for i in range(never)],
              "o", ms=3.1, mfc="white", mec=INK, mew=0.8, clip_on=False)
    axes.set_xlim(origin - 1.5, away + 5)
    axes.set_ylim(-0.7, max([*heights, 5]) + 0.7)
    axes.set_yticks([])
    axes.grid(False)
    ticks = [year for year in range(origin, horizon + 1) if year % 5 == 0]
    axes.set_xticks([*ticks, away + 1.8], [*map(str, ticks), f"not by\n{horizon}"])
    axes.axvline(horizon + 2, color=GREY, lw=0.6, ls=(0, (1, 2)))


ALL = {"story": story, "timing_dots": timing_dots}
