"""The figures of a report on the partnership: effects, probabilities, scenarios."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from crossover.data.names import STATE
from crossover.reports import catalogue, style
from crossover.reports.numerals import prob
from crossover.reports.style import COLOURS, FAINT, GREY, INK

Payload = Mapping[str, Any]
LINES = (("#004488", "-"), ("#bb5566", (0, (5, 1.6))), ("#997700", (0, (1.2, 1.2))),
         ("#1a1a1a", (0, (6, 1.5, 1.2, 1.5))), ("#6b6b6b", (0, (3, 3))))  # fmt: skip
LEGEND_COLUMNS, LEGEND_WIDTH = 4, 24
"""Columns of the legend of scenarios, and letters that fit into the width of one."""


def _title(kind: str, name: str) -> str:
    """Name of an effect or event; an effect of a reader's own data keeps its own."""
    row = catalogue.load()[kind].get(name)
    return row.title if row else name


def effects(payload: Payload) -> bytes:
    """Hazard ratio of each effect, its prior beside it."""
    rows = payload["partnership"]["effects"]
    with style.canvas(12 + 4.3 * len(rows)) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.43, right=0.98, top=0.97, bottom=0.11)
        for at, row in enumerate(reversed(rows)):
            axes.plot([row["prior_q05"], row["prior_q95"]], [at - 0.22] * 2, color=FAINT, lw=3.2,
                      solid_capstyle="butt")  # fmt: skip
            colour = COLOURS["recipient"] if row["thesis"] else GREY
            axes.plot([row["q05"], row["q95"]], [at + 0.1] * 2, color=colour, lw=1.0)
            axes.plot([row["q25"], row["q75"]], [at + 0.1] * 2, color=colour, lw=2.8)
            axes.plot(row["median"], at + 0.1, "o", color=colour, ms=4.2, mfc="white", mew=1.1)
        axes.axvline(1.0, color=INK, lw=0.8, zorder=0)
        axes.set_xscale("log")
        axes.set_xlim(0.15, 9.5)
        ticks = [0.2, 0.33, 0.5, 1, 2, 3, 5, 8]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        names = [_title("effect", row["effect"]) for row in reversed(rows)]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.set_xlabel("Hazard ratio of a downturn (log scale)", labelpad=2)
        return style.svg(figure)


def probability(payload: Payload) -> bytes:
    """Probability by year of each event of the partnership, by its leading kind of answer."""
    entries = [e for e in payload["partnership"]["events"] if e["defined"]]
    with style.canvas(52) as figure:
        grid = figure.subplots(1, len(entries), squeeze=False)[0]
        figure.subplots_adjust(left=0.05, right=0.98, top=0.79, bottom=0.17, wspace=0.2)
        for axes, entry in zip(grid, entries, strict=True):
            year, lead = style.values(entry, "year"), entry["kinds"][entry["leads"]]
            chance = style.values(lead, "probability")
            axes.axvspan(payload["headline_year"] + 0.5, payload["horizon"] + 1.5, color=FAINT,
                         alpha=0.35, lw=0)  # fmt: skip
            axes.plot(year, chance, color=COLOURS["recipient"], lw=1.5, clip_on=False)
            for k, milestone in enumerate(m for m in payload["milestones"] if m in entry["year"]):
                at = list(entry["year"]).index(milestone)
                if k:
                    last = milestone == payload["horizon"]
                    axes.plot(year[at], chance[at], "o", color=COLOURS["recipient"], ms=3.4,
                              mfc="white", mew=1, clip_on=False)  # fmt: skip
                    axes.annotate(prob(chance[at]), (year[at], chance[at]),
                                  xytext=(-2, 3) if chance[at] < 0.8 else (0, -4),
                                  textcoords="offset points",
                                  ha="right" if last or chance[at] < 0.8 else "center",
                                  va="bottom" if chance[at] < 0.8 else "top",
                                  annotation_clip=False)  # fmt: skip
            what = "it holds in the year" if entry["leads"] == STATE else "it has happened"
            style.heading(axes, _title("outcome", entry["event"]), f"probability that {what}")
            axes.set_ylim(0, 1)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.50", "0.75", "1"])
            style.years(axes, payload["origin"], payload["horizon"], 10)
            axes.set_xlim(payload["origin"] - 1, payload["horizon"] + 1.5)
        return style.svg(figure)


def scenarios(payload: Payload) -> bytes:
    """How each scenario moves the probability of each event, by year."""
    part = payload["partnership"]["scenarios"]
    curves = part["curves"]
    names = list(curves[0]["lines"])
    top = max((abs(v) for c in curves for line in c["lines"].values() for v in line), default=0.0)
    top = max(0.05, np.ceil(top * 22) / 20)
    with style.canvas(98) as figure:
        grid = figure.subplots(2, 2).flat
        figure.subplots_adjust(left=0.07, right=0.98, top=0.79, bottom=0.08, hspace=0.62,
                               wspace=0.16)  # fmt: skip
        handles = []
        for curve, axes in zip(curves, grid, strict=False):
            for k, name in enumerate(names):
                turn, at = divmod(k, len(LINES))
                colour, dash = LINES[at][0], LINES[(at + turn) % len(LINES)][1]
                line = axes.plot(curve["year"], curve["lines"].get(name, []), color=colour,
                                 ls=dash, lw=1.4)  # fmt: skip
                if curve is curves[0]:
                    handles += line
            axes.axhline(0.0, color=INK, lw=0.6)
            style.heading(
                axes, _title("outcome", curve["event"]), "change of its probability"
            )
            axes.set_ylim(-top, top)
            axes.yaxis.set_major_formatter(FuncFormatter(_change))
            style.years(axes, payload["origin"], payload["horizon"], 10)
        for axes in list(grid):
            axes.set_visible(False)
        heads = payload["partnership"]["scenarios"]["heads"]
        titles = {head["name"]: head["title"] for head in heads}
        _legend(figure, handles, [titles.get(name, name) for name in names])
        return style.svg(figure)


def _legend(figure: Any, handles: list[Any], titles: list[str]) -> None:
    """Name the lines by titles as users wrote them: to Matplotlib no sign in them is special."""
    legend = figure.legend(
        handles, [f"line {at}" for at in range(len(titles))], loc="upper center",
        ncol=min(len(titles), LEGEND_COLUMNS), frameon=False, fontsize=7.5, handlelength=3.2,
    )  # fmt: skip
    for text, title in zip(legend.get_texts(), titles, strict=True):
        text.set_parse_math(False)
        text.set_text(textwrap.fill(title, LEGEND_WIDTH))


def _change(value: float, _position: int = 0) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:+.2f}".replace("-", "−")


ALL = {
    "partnership_effects": effects,
    "partnership_probability": probability,
    "partnership_scenarios": scenarios,
}


def has(payload: Payload, key: str) -> bool:
    """Say whether a report has what a figure shows."""
    part = payload.get("partnership") or {}
    return {
        "partnership_effects": bool(part.get("effects")),
        "partnership_probability": any(e["defined"] for e in part.get("events", ())),
        "partnership_scenarios": bool(part.get("scenarios", {}).get("curves")),
    }[key]
