"""Figures of what holds when: probabilities by year, timing, levels by convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FuncFormatter,
    MaxNLocator,
)

from crossover.data.names import FIRST_PASSAGE, LASTING, STATE
from crossover.reports import (
    style,
)
from crossover.reports.numerals import complement, prob
from crossover.reports.phrases import LETTERS, event_name, names
from crossover.reports.style import COLOURS, FAINT, GREY, INK, values

LOW_BAR = 0.25
"""Panels of timing share the scale from 0 to 1 if each has a bar at least this high."""

Payload = Mapping[str, Any]


def probability_by_year(payload: Payload) -> bytes:
    """State of each event by year with its Monte-Carlo error, first passage and lasting beside."""

    def panel(axes: Axes, entry: Mapping[str, Any]) -> None:
        year, colour = values(entry, "year"), COLOURS["recipient"]
        state, error = (values(entry["kinds"][STATE], key) for key in ("probability", "mc_error"))
        axes.axvspan(payload["headline_year"] + 0.5, payload["horizon"] + 1.2, color=FAINT,
                     alpha=0.35, lw=0)
        axes.fill_between(
            year, np.clip(state - 2 * error, 0, 1), np.clip(state + 2 * error, 0, 1),
            color=colour, alpha=0.3, lw=0,
        )
        for kind, dash in KIND_LINES.items():
            axes.plot(year, values(entry["kinds"][kind], "probability"), color=colour, ls=dash,
                      lw=1.6 if kind == STATE else 0.9, clip_on=False)
        for milestone in (m for m in payload["milestones"] if m in entry["year"]):
            i = list(entry["year"]).index(milestone)
            axes.plot(year[i], state[i], "o", color=colour, ms=3.6, mfc="white", mew=1,
                      clip_on=False)
            axes.annotate(
                prob(state[i]), (year[i], state[i]), xytext=(0, 4 if state[i] < 0.85 else -4),
                textcoords="offset points", ha="center",
                va="bottom" if state[i] < 0.85 else "top", annotation_clip=False,
                bbox=style.PLATE,
            )
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_yticklabels(["0", "0.25", "0.50", "0.75", "1"])
        style.years(axes, payload["origin"], payload["horizon"], 5)
        axes.set_xlim(payload["origin"] - 1.5, payload["horizon"] + 1.2)
        axes.set_xlabel("Year", labelpad=1)

    return _event_panels(payload, panel, "probability that it holds in the year")


def timing(payload: Payload) -> bytes:
    """Distribution of the year of each event, the mass that never happens as its own bar."""

    def panel(axes: Axes, entry: Mapping[str, Any]) -> None:
        year, mass = values(entry, "year"), values(entry, "in_year")
        away = payload["horizon"] + 5
        colour = COLOURS["recipient"]
        axes.bar(year, mass, width=0.8, color=colour, alpha=0.85, lw=0)
        axes.bar(
            [away], [entry["never"]], width=2.4, color="white", edgecolor=INK, hatch="//////",
            lw=0.8,
        )
        if one_scale(payload):
            axes.set_ylim(0, 1.16)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.50", "0.75", "1"])
        else:
            axes.set_ylim(0, max(_highest(entry), 0.02) * 1.18)
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.annotate(
            complement(entry["within"]), (away, entry["never"]), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom",
        )
        if mass[0] > 0.01:
            axes.annotate(
                prob(mass[0]), (year[0], mass[0]), xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom",
            )
        if entry["median"] is not None:
            axes.plot([entry["median"]], [0], "^", color=INK, ms=4.5, clip_on=False, zorder=5)
        axes.set_xlim(payload["origin"] - 2.5, away + 2.4)
        ticks = [y for y in range(payload["origin"], payload["horizon"] + 1) if y % 5 == 0]
        axes.set_xticks([*[t for t in ticks if t < payload["horizon"] - 2 or t % 10 == 0], away])
        axes.set_xticklabels(
            [*[str(t) for t in axes.get_xticks()[:-1].astype(int)], f"not by\n{payload['horizon']}"]
        )
        axes.axvline(payload["horizon"] + 1.8, color=FAINT, lw=0.8)
        axes.set_xlabel("Year", labelpad=-3, x=0.4)

    return _event_panels(payload, panel, "probability")

KIND_LINES = {STATE: "-", FIRST_PASSAGE: (0, (4, 2)), LASTING: (0, (1, 1.5))}


def one_scale(payload: Payload) -> bool:
    """Whether the panels of timing share the scale from 0 to 1, since it hides none of them."""
    return all(_highest(e) >= LOW_BAR for e in payload["events"] if e["defined"])


def _highest(entry: Mapping[str, Any]) -> float:
    return max(float(np.nanmax(values(entry, "in_year"))), entry["never"])


def _event_panels(payload: Payload, panel: Callable, unit: str) -> bytes:
    rows = -(-len(payload["events"]) // 2)
    height = 5 + 48 * rows
    with style.canvas(height) as figure:
        grid = figure.subplots(rows, 2)
        figure.subplots_adjust(
            left=0.05, right=0.975, top=1 - 9 / height, bottom=10 / height, hspace=0.74,
            wspace=0.15,
        )
        for axes in grid.flat[len(payload["events"]):]:
            axes.set_visible(False)
        for axes, entry in zip(grid.flat, payload["events"], strict=False):
            style.heading(axes, event_name(payload, entry["event"], short=True), unit)
            if entry["defined"]:
                panel(axes, entry)
            else:
                axes.text(
                    0.5, 0.5, "not defined for this pair", ha="center", va="center",
                    transform=axes.transAxes, color=GREY,
                )
                axes.set_xticks([])
                axes.set_yticks([])
                axes.spines["bottom"].set_visible(False)
        return style.svg(figure)


def levels(payload: Payload) -> bytes:
    """Probability that the recipient is ahead, and the gap, under each normalisation."""
    average = payload["levels"]["average"]
    rows = [*([average] if average else []), *payload["levels"]["rows"]]
    labels = [
        *(["all"] if average else []),
        *(LETTERS[row["alternative"]] for row in payload["levels"]["rows"]),
    ]
    name = names(payload)
    height = 23 + 5.6 * len(rows)
    with style.canvas(height) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        figure.subplots_adjust(
            left=0.05, right=0.975, top=1 - 13 / height, bottom=11 / height, wspace=0.12
        )
        at = np.arange(len(rows))[::-1]
        for y, row in zip(at, rows, strict=True):
            colour = COLOURS["recipient"] if row is average else INK
            face = colour if row is average else "white"
            left.plot(row["probability"], y, "o", color=colour, mfc=face, ms=5, mew=1.1,
                      clip_on=False)
            side = 1 if row["probability"] < 0.8 else -1
            left.annotate(
                prob(row["probability"]), (row["probability"], y), xytext=(7 * side, 0),
                textcoords="offset points", ha="left" if side > 0 else "right", va="center",
                bbox=style.PLATE,
            )
            right.plot([row["gap_q05"], row["gap_q95"]], [y, y], color=colour, lw=1.4)
            right.plot(row["gap_median"], y, "o", color=colour, mfc=face, ms=5, mew=1.1)
        left.set_yticks(at, labels, fontweight="bold")
        left.set_ylim(-0.6, len(rows) - 0.3)
        left.set_xlim(-0.07, 1.07)
        left.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.50", "0.75", "1"])
        left.axvline(0.5, color=GREY, lw=0.7, ls=(0, (1, 2)))
        right.axvline(0, color=INK, lw=0.8)
        low, high = right.get_xlim()
        reach = max(-low, high, 0.5)
        right.set_xlim(-reach, reach)
        left.set_xlabel("probability", labelpad=2)
        right.set_xlabel("log-odds", labelpad=2)
        style.heading(
            left, f"Probability that {name['recipient']} is ahead",
            "one dot a convention",
        )
        style.heading(
            right, f"Gap: {name['recipient']} minus {name['supplier']}",
            "median and 90 % interval",
        )
        return style.svg(figure)
