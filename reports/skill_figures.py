"""The figure of a report on skill: small multiples, one panel a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from crossover.reports import catalogue, style
from crossover.reports.numerals import number
from crossover.reports.skill import BETTER, UNSURE, WORSE, rows, standing
from crossover.reports.style import COLOURS, GREY, INK

Payload = Mapping[str, Any]
EDGE, LEAST = 1.0, 0.1
"""The scale, the same for all panels, ends here at the most, and reaches so far at the least."""
KEY = {BETTER: "better; interval above zero", UNSURE: "interval includes zero",
       WORSE: "worse; interval below zero"}  # fmt: skip
COLOUR = {BETTER: COLOURS["recipient"], WORSE: COLOURS["supplier"]}


def skill(payload: Payload) -> bytes:
    """Skill against the best benchmark by years ahead, with intervals, one panel a target."""
    own = rows(payload, "horizon")
    best = {(row["target"], row["group"]): row["against"] for row in rows(payload, "target")}
    told = catalogue.load()
    present = [name for name in told["target"] if any(row["target"] == name for row in own)]
    every = [row[key] for row in own for key in ("skill", "skill_q05", "skill_q95")]
    ends = [v for v in every if v is not None] or [0.0]
    low = max(-EDGE, min(-LEAST, *ends) * 1.12)
    high = min(EDGE, max(LEAST, *ends) * 1.12)
    lines = -(-len(present) // 3)
    with style.canvas(43 * lines) as figure:
        grid = figure.subplots(lines, 3, squeeze=False)
        figure.subplots_adjust(left=0.055, right=0.985, top=1 - 0.26 / lines, hspace=0.92,
                               bottom=0.2 / lines, wspace=0.2)  # fmt: skip
        for axes in grid.flat[len(present):]:
            axes.set_axis_off()
        if len(present) < grid.size:
            _key(grid.flat[-1])
        for axes, target in zip(grid.flat, present, strict=False):
            mine = [row for row in own if row["target"] == target]
            axes.axhline(0.0, color=INK, lw=1.2, zorder=1)
            for row in mine:
                _point(axes, row, low, high)
            named = {g: _short(best[target, g]) for g in told["horizon"] if (target, g) in best}
            against = (
                f"against {next(iter(named.values()))}"
                if len(set(named.values())) == 1
                else ", ".join(f"{g.replace('-', '–')}: {n}" for g, n in named.items())
            )
            style.heading(axes, told["target"][target].title, against)
            axes.spines["bottom"].set_visible(False)
            axes.set_ylim(low, high)
            axes.set_xlim(0.5, max(int(row["group"]) for row in own) + 0.5)
            axes.set_xticks(sorted({int(row["group"]) for row in own}))
            axes.set_xlabel("Years ahead", labelpad=1)
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axes.yaxis.set_major_formatter(FuncFormatter(_signed))
        return style.svg(figure)


def _short(name: str) -> str:
    row = catalogue.load()["benchmark"].get(name)
    return row.clause if row else name


def _point(axes: Axes, row: Mapping[str, Any], low: float, high: float) -> None:
    """Draw one skill with its interval; beyond the scale an arrow stands at the edge."""
    at, middle = int(row["group"]), row["skill"]
    if middle is None:
        return
    state = standing(row)
    colour = COLOUR.get(state, GREY)
    ends = [row["skill_q05"], row["skill_q95"]]
    if None not in ends:
        axes.plot([at, at], np.clip(ends, low, high), color=colour, lw=1.4, zorder=2,
                  solid_capstyle="butt")  # fmt: skip
    if low <= middle <= high:
        axes.plot(at, middle, **_marker(state), zorder=3)
        return
    beyond = low if middle < low else high
    axes.plot(at, beyond, "v" if middle < low else "^", color=colour, ms=5, clip_on=False, zorder=3)
    axes.annotate(number(middle, 2), (at, beyond), xytext=(0, 6 if middle < low else -6),
                  textcoords="offset points", ha="center",
                  va="bottom" if middle < low else "top", color=colour,
                  fontsize=7, bbox=style.PLATE)  # fmt: skip


def _marker(state: str) -> dict[str, Any]:
    colour = COLOUR.get(state, GREY)
    return {"marker": "s" if state == WORSE else "o", "color": colour, "ms": 4.6, "mew": 1.1,
            "mfc": colour if state in COLOUR else "white"}  # fmt: skip


def _key(axes: Axes) -> None:
    """Say in an empty cell what the markers are."""
    for at, (state, text) in enumerate(KEY.items()):
        axes.plot(0.06, 0.8 - 0.24 * at, **_marker(state))
        axes.text(0.13, 0.8 - 0.24 * at, text, va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)


def _signed(value: float, _position: int = 0) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:+.2g}".replace("-", "−")


ALL = {"skill": skill}


def has(payload: Payload) -> bool:
    """Say whether a report has what the figure shows."""
    return bool(payload["skill"]["known"] and rows(payload, "horizon"))
