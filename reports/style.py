"""The look of every figure: one palette, one typeface, one way to draw a fan.

Colours are the high-contrast set of Paul Tol, which stays apart for every colour vision and in
grey; supplier and recipient also differ in line, marker and a label beside the line, so that no
reading rests on colour. Text is drawn as outlines and nothing carries a date: same numbers, same
bytes.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, GREY, FAINT = "#1a1a1a", "#6b6b6b", "#dcdcdc"
RECIPIENT_COLOUR, SUPPLIER_COLOUR, ACCENT = "#004488", "#bb5566", "#ddaa33"
COLOURS = {"recipient": RECIPIENT_COLOUR, "supplier": SUPPLIER_COLOUR, "gap": "#333333"}
LINES = {"recipient": "-", "supplier": (0, (5, 1.6)), "gap": "-"}
MARKERS = {"recipient": "o", "supplier": "s", "gap": "o"}
OUTER, INNER = 0.16, 0.34
"""Opacity of the 90 % and of the 50 % band."""
WIDTH = 166 / 25.4
"""Width of the text block in inches: figures are drawn at the size they are printed."""

PLATE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
"""What a label over lines lies on."""

RC = {
    "svg.fonttype": "path",
    "svg.hashsalt": "crossover",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 7.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 3,
    "xtick.major.width": 0.6,
    "ytick.major.size": 0,
    "ytick.major.pad": 2,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def canvas(height: float):
    """Yield a figure of the text width and `height` millimetres, in the house style."""
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(WIDTH, height / 25.4))
        FigureCanvasSVG(figure)
        yield figure


def svg(figure: Figure) -> bytes:
    """Write a figure as SVG with neither date nor program name in it."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", metadata=metadata)
    return buffer.getvalue()


def heading(axes: Axes, title: str, unit: str, x: float = 0.0) -> None:
    """Put the title of a panel and, under it, the unit of its vertical axis, at the left."""
    shared = {"xycoords": ("axes fraction", "axes fraction"), "textcoords": "offset points"}
    axes.annotate(
        title, (x, 1), xytext=(0, 17), **shared, fontsize=8.5, fontweight="bold", va="bottom"
    )
    axes.annotate(unit, (x, 1), xytext=(0, 7), **shared, fontsize=7.5, color=GREY, va="bottom")


def values(series: Mapping[str, Any], key: str) -> np.ndarray:
    """Return one key of a payload series as floats, NaN where unknown."""
    return np.array([np.nan if v is None else v for v in series[key]], float)


def band(axes: Axes, series: Mapping[str, Any], role: str, width: float = 1.6) -> None:
    """Draw the 90 % and 50 % band and the median of a payload fan."""
    year = values(series, "year")
    colour = COLOURS[role]
    for low, high, alpha in (("q05", "q95", OUTER), ("q25", "q75", INNER)):
        axes.fill_between(
            year, values(series, low), values(series, high), color=colour, alpha=alpha, lw=0
        )
    axes.plot(year, values(series, "q50"), color=colour, ls=LINES[role], lw=width)


def joined(past: Mapping[str, Any], future: Mapping[str, Any]) -> dict[str, list]:
    """Return a fan that runs from its first past year to the horizon without a gap."""
    return {key: [*past[key], *future[key]] for key in future}


def anchored(future: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, list]:
    """Return a fan that starts at the last observed point, so that it opens from the data."""
    if not last["year"] or last["year"][-1] != future["year"][0] - 1:
        return dict(future)
    point = last["value"][-1]
    return {
        key: [last["year"][-1] if key == "year" else point, *future[key]] for key in future
    }


def points(axes: Axes, series: Mapping[str, Any], role: str, colour: str | None = None) -> None:
    """Draw observed figures: a marker each, joined only between neighbouring years."""
    year, value = values(series, "year"), values(series, "value")
    if not year.size:
        return
    whole = np.arange(year[0], year[-1] + 1)
    filled = np.full(whole.shape, np.nan)
    filled[(year - year[0]).astype(int)] = value
    colour = colour or COLOURS[role]
    axes.plot(whole, filled, color=colour, ls=LINES[role], lw=1.0)
    axes.plot(
        year, value, MARKERS[role], color=colour, ms=2.6, mfc="white", mew=0.8, clip_on=False
    )


def origin_line(axes: Axes, origin: int, horizon: int, label: bool = True) -> None:
    """Mark where data end and forecast begins."""
    axes.axvline(origin + 0.5, color=GREY, lw=0.7, ls=(0, (1, 2)))
    if label:
        shared = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        style = {"fontsize": 7.5, "color": GREY, "va": "top"}
        at = (origin + 0.5, 1)
        axes.annotate("data", at, xytext=(-4, 1), ha="right", **shared, **style)
        axes.annotate("forecast", at, xytext=(4, 1), ha="left", **shared, **style)
    axes.set_xlabel("Year", labelpad=1)


def years(axes: Axes, first: int, last: int, every: int = 10) -> None:
    """Set the year axis."""
    axes.set_xlim(first - 0.7, last + 0.7)
    axes.set_xticks([y for y in range(first, last + 1) if y % every == 0])


def end_labels(
    axes: Axes, labels: Sequence[tuple[str, float | None, str]], x: float, gap: float = 10.0
) -> None:
    """Write labels beside the ends of lines, pushed apart where they would overlap.

    Parameters
    ----------
    labels
        Text, value at the end of the line, and colour; those without a value are left out.
    x
        Right end of the lines, in data units.
    gap
        Least distance between two labels, in points.
    """
    labels = [entry for entry in labels if entry[1] is not None]
    if not labels:
        return
    transform = axes.transData
    scale = 72 / axes.figure.dpi
    wanted = [transform.transform((x, value))[1] * scale for _, value, _ in labels]
    order = np.argsort(wanted)
    placed = list(wanted)
    for before, after in itertools.pairwise(order):
        short = gap - (placed[after] - placed[before])
        if short > 0:
            placed[before] -= short / 2
            placed[after] += short / 2
    for (text, value, colour), target, now in zip(labels, placed, wanted, strict=True):
        axes.annotate(
            text,
            (x, value),
            xytext=(5, target - now),
            textcoords="offset points",
            color=colour,
            fontweight="bold",
            va="center",
            annotation_clip=False,
        )
