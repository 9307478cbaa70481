"""The figures of a report by technology domain: pure functions of the payload, as the others.

Probabilities are drawn in six steps whose ends are those of the verdicts; every step is darker
than the one before and the largest jump is at even odds, so that the map reads the same in grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from crossover.reports import catalogue, style
from crossover.reports.domains import UNITS, counted
from crossover.reports.numerals import prob
from crossover.reports.phrases import label, names
from crossover.reports.style import COLOURS, FAINT, GREY, INK

Payload = Mapping[str, Any]
BROKEN = {"uncrewed": "Un-\ncrewed", "air_defence": "Air\ndefence", "submarines": "Sub-\nmarines"}
"""Names that need two lines over a narrow panel."""
STEPS = (
    (0.05, "#f7f7f7", "0.05 or less"),
    (0.25, "#dbe3ec", "to 0.25"),
    (0.50, "#b9c9da", "to 0.50"),
    (0.75, "#6c92b8", "to 0.75"),
    (0.95, "#33669c", "to 0.95"),
    (1.01, "#123a66", "0.95 or more"),
)
"""Upper end of each step of probability, its colour, and what the key says of it."""
UNKNOWN = "////"
PANEL = 0.84
"""Width of a small panel; the rest of one is space between two."""
ROOT_TICKS = (0.0, 0.1, 0.4, 0.9)
"""Ticks of a share on a square-root scale, about evenly spread."""


def short(domain: str) -> str:
    """Name of a domain as a label must be."""
    return catalogue.load()["domain"][domain].title


def step(probability: float) -> tuple[str, int]:
    """Colour and place of the step that a probability falls in."""
    for at, (end, colour, _) in enumerate(STEPS):
        inside = probability <= end if at == 0 else probability < end
        if inside or (at < len(STEPS) // 2 and probability == end):
            return colour, at
    return STEPS[-1][1], len(STEPS) - 1


def heat(payload: Payload) -> bytes:
    """Probability that the recipient is ahead, by domain and year."""
    rows, origin, horizon = payload["domains"]["rows"], payload["origin"], payload["horizon"]
    shown = _shown_years(payload)
    height = 26 + 6.4 * len(rows)
    with style.canvas(height) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(
            left=0.115, right=0.79, top=1 - 5 / height, bottom=20 / height
        )
        for at, row in enumerate(rows):
            y = len(rows) - 1 - at
            for first, last, probability in _runs(row["ahead"]):
                colour, hatch = ("white", UNKNOWN) if probability is None else (
                    step(probability)[0], None)
                axes.add_patch(
                    Rectangle(
                        (first - 0.5, y - 0.5), last - first + 1, 1, facecolor=colour,
                        edgecolor=FAINT if hatch else colour, hatch=hatch, lw=0.1,
                    )
                )
            by_year = dict(zip(row["ahead"]["year"], row["ahead"]["probability"], strict=True))
            for place, year in enumerate(shown):
                axes.annotate(
                    prob(by_year.get(year)), (1, y), xycoords=("axes fraction", "data"),
                    xytext=(19 + 31 * place, 0), textcoords="offset points", ha="center",
                    va="center", fontweight="bold" if place == 0 else "normal",
                    annotation_clip=False,
                )
        for place, year in enumerate(shown):
            axes.annotate(
                f"P {year}", (1, 1), xycoords="axes fraction",
                xytext=(19 + 31 * place, 4), textcoords="offset points", ha="center",
                color=GREY, annotation_clip=False,
            )
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.set_yticks(
            np.arange(len(rows))[::-1], [short(row["domain"]) for row in rows], ha="right"
        )
        axes.grid(visible=False)
        for y in range(1, len(rows)):
            axes.axhline(y - 0.5, color="white", lw=1.4)
        first = rows[0]["ahead"]["year"][0]
        axes.set_xlim(first - 0.5, horizon + 0.5)
        axes.set_xticks([y for y in range(first, horizon + 1) if y % 10 == 0])
        axes.axvline(origin + 0.5, color="white", lw=2.2)
        axes.axvline(origin + 0.5, color=INK, lw=1.1, ls=(0, (3, 2)))
        shared = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        for text, side, offset in (("data", "right", -4), ("forecast", "left", 4)):
            axes.annotate(
                text, (origin + 0.5, 1), xytext=(offset, 4), ha=side, color=GREY, **shared
            )
        axes.set_xlabel("Year", labelpad=1)
        _key(figure, height)
        return style.svg(figure)


def _shown_years(payload: Payload) -> list[int]:
    """Years whose probabilities stand beside the map: the origin, the next decade, the last."""
    years = payload["milestones"]
    return list(dict.fromkeys([years[0], years[min(1, len(years) - 1)], years[-1]]))


def _runs(series: Mapping[str, Any]) -> list[tuple[int, int, float | None]]:
    """Neighbouring years of one step, as first and last year and one of their probabilities."""
    runs: list[list[Any]] = []
    for year, probability in zip(series["year"], series["probability"], strict=True):
        place = None if probability is None else step(probability)[1]
        if runs and runs[-1][3] == place:
            runs[-1][1] = year
        else:
            runs.append([year, year, probability, place])
    return [(first, last, probability) for first, last, probability, _ in runs]


def _key(figure: Any, height: float) -> None:
    """Draw the steps of probability with their ends under the map."""
    axes = figure.add_axes((0.115, 1.5 / height, 0.675, 7.5 / height))
    axes.set_axis_off()
    axes.set_xlim(0, len(STEPS))
    axes.set_ylim(0, 1)
    for at, (_, colour, text) in enumerate(STEPS):
        axes.add_patch(
            Rectangle((at + 0.02, 0.55), 0.94, 0.45, facecolor=colour, edgecolor=GREY, lw=0.5)
        )
        axes.text(at + 0.49, 0.42, text, ha="center", va="top", color=GREY)


def capacity(payload: Payload) -> bytes:
    """Capacity by domain of both countries, one panel a domain, all on one scale."""
    rows, origin, horizon = payload["domains"]["rows"], payload["origin"], payload["horizon"]
    columns = 4
    lines = -(-(len(rows) + 1) // columns)
    height = 6 + 31 * lines
    with style.canvas(height) as figure:
        grid = np.atleast_2d(figure.subplots(lines, columns, sharey=True, sharex=True))
        figure.subplots_adjust(
            left=0.045, right=0.985, top=1 - 6 / height, bottom=8 / height, hspace=0.42,
            wspace=0.1,
        )
        cells = list(grid.flat)
        first = rows[0]["ahead"]["year"][0]
        for axes, row in zip(cells, rows, strict=False):
            for role in ("supplier", "recipient"):
                one = row["capacity"][role]
                style.band(axes, style.joined(one["past"], one["future"]), role, 1.3)
            axes.axvline(origin + 0.5, color=GREY, lw=0.7, ls=(0, (1, 2)))
            axes.annotate(
                short(row["domain"]), (0, 1), xycoords="axes fraction", xytext=(0, 4),
                textcoords="offset points", fontsize=8, fontweight="bold",
            )
            axes.annotate(
                f"P {prob(row['now']['probability'])}", (1, 1), xycoords="axes fraction",
                xytext=(0, 4), textcoords="offset points", ha="right", color=GREY,
            )
            axes.set_xlim(first - 0.7, horizon + 0.7)
            axes.set_xticks([y for y in range(first, horizon + 1) if y % 20 == 0])
        for at, axes in enumerate(cells[: len(rows)]):
            axes.tick_params(labelbottom=at + columns >= len(rows))
        _legend(payload, cells[len(rows)])
        for axes in cells[len(rows) + 1 :]:
            axes.set_axis_off()
        return style.svg(figure)


def _legend(payload: Payload, axes: Axes) -> None:
    """Say in an empty panel which country is which line, and what the axes are."""
    axes.set_axis_off()
    for at, role in enumerate(("recipient", "supplier")):
        y = 0.86 - 0.17 * at
        axes.plot(
            [0.06, 0.3], [y, y], color=COLOURS[role], ls=style.LINES[role], lw=1.6,
            transform=axes.transAxes,
        )
        axes.text(
            0.36, y, payload["pair"][role]["name"], color=COLOURS[role], fontweight="bold",
            va="center", transform=axes.transAxes,
        )
    axes.text(
        0.06, 0.56, "Down: log-odds\nAcross: year\nDotted: data end\n"
        f"P: recipient ahead, {payload['origin']}", color=GREY, va="top",
        transform=axes.transAxes, linespacing=1.45,
    )  # fmt: skip


def levels(payload: Payload) -> bytes:
    """Probability that the recipient is ahead under each convention, by domain; unit values."""
    rows = payload["domains"]["rows"]
    height = 27 + 5.2 * len(rows)
    with style.canvas(height) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.35, 1))
        figure.subplots_adjust(
            left=0.115, right=0.9, top=1 - 16 / height, bottom=12 / height, wspace=0.1
        )
        at = np.arange(len(rows))[::-1]
        drawn = False
        for y, row in zip(at, rows, strict=True):
            if row["lowest"]:
                ends = [row[end]["probability"] for end in ("lowest", "highest")]
                left.plot(ends, [y, y], color=INK, lw=1.0, zorder=2)
            for level in row["levels"]:
                if level["alternative"] == UNITS:
                    drawn = _unit_value(left, right, level, y) or drawn
                    continue
                left.plot(
                    level["probability"], y, "o", color=INK, ms=3.4, mfc="white", mew=0.9,
                    clip_on=False, zorder=3,
                )
            left.plot(
                row["now"]["probability"], y, "o", color=COLOURS["recipient"], ms=5.5, mew=0.9,
                clip_on=False, zorder=5,
            )
        left.set_yticks(at, [short(row["domain"]) for row in rows])
        left.set_ylim(-0.7, len(rows) - 0.3)
        left.set_xlim(-0.03, 1.03)
        left.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.50", "0.75", "1"])
        left.axvline(0.5, color=GREY, lw=0.7, ls=(0, (1, 2)))
        left.set_xlabel("probability", labelpad=2)
        style.heading(
            left, f"{names(payload)['recipient']} ahead in {payload['origin']}",
            "filled: average; circles: each convention",
        )
        if drawn:
            right.axvline(0, color=INK, lw=0.8)
            reach = max(abs(end) for end in right.get_xlim())
            right.set_xlim(-reach, reach)
            right.set_xlabel("log unit value", labelpad=2)
            sides = "\n".join(names(payload)[r] for r in ("recipient", "supplier"))
            right.annotate(
                sides, (1, 1), xycoords="axes fraction", xytext=(24, 7), color=GREY,
                textcoords="offset points", ha="center", va="bottom", annotation_clip=False,
            )
            style.heading(right, "Gap in unit values", "median, 90 % interval")
        else:
            right.set_axis_off()
            right.text(
                0.5, 0.5, "no unit values: not both\nare suppliers of the sample", ha="center",
                va="center", color=GREY, transform=right.transAxes,
            )
        return style.svg(figure)


def _unit_value(left: Axes, right: Axes, level: Mapping[str, Any], y: float) -> bool:
    """Draw what unit values say of a domain; say whether there is anything to draw."""
    known = counted(level)
    colour = INK if known else "#b0b0b0"
    if known:
        left.plot(
            level["probability"], y, "D", color=INK, ms=4.2, mfc="white", mew=0.9, clip_on=False,
            zorder=4,
        )
    right.plot([level["gap_q05"], level["gap_q95"]], [y, y], color=colour, lw=1.2)
    right.plot(level["gap_median"], y, "D", color=colour, ms=4.2, mfc="white", mew=0.9)
    items = "/".join(f"{level[f'{r}_items'] or 0:.0f}" for r in ("recipient", "supplier"))
    right.annotate(
        items, (1, y), xycoords=("axes fraction", "data"), xytext=(24, 0),
        textcoords="offset points", ha="center", va="center", color=GREY, annotation_clip=False,
    )
    return True


def composition(payload: Payload) -> bytes:
    """Observed composition by period against the bands of its prediction, one row a series."""
    series = payload["domains"]["check"]["series"]
    domains = [panel["domain"] for panel in series[0]["panels"]]
    height = 16 + 17.5 * len(series)
    with style.canvas(height) as figure:
        grid = figure.subplots(len(series), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        figure.subplots_adjust(
            left=0.155, right=0.945, top=1 - 9 / height, bottom=6 / height, hspace=0.2
        )
        for axes, one in zip(grid, series, strict=True):
            by_domain = {panel["domain"]: panel for panel in one["panels"]}
            for place, domain in enumerate(domains):
                _panel(axes, by_domain[domain], place)
            axes.spines["bottom"].set_visible(False)
            axes.tick_params(bottom=False, labelbottom=False, labelsize=7)
            shared = {"xycoords": "axes fraction", "textcoords": "offset points"}
            axes.annotate(
                f"{label(one['name'], one['country'])}\n{one['side']}", (0, 0.5),
                xytext=(-24, 0), ha="right", va="center", linespacing=1.3, fontweight="bold",
                **shared,
            )
            axes.annotate(
                f"{100 * one['within_90']['split']:.0f} %", (1, 0.5), xytext=(5, 0),
                va="center", color=GREY, annotation_clip=False, **shared,
            )
        grid[0].set_xlim(-0.06, len(domains) - 1 + PANEL + 0.06)
        grid[0].set_ylim(0, 1)
        grid[0].set_yticks(
            [np.sqrt(tick) for tick in ROOT_TICKS], [f"{100 * tick:.0f}" for tick in ROOT_TICKS]
        )
        years = series[0]["panels"][0]["period"]
        for place, domain in enumerate(domains):
            grid[0].annotate(
                BROKEN.get(domain, short(domain)), (place + PANEL / 2, 1), xytext=(0, 4),
                xycoords=("data", "axes fraction"), textcoords="offset points", ha="center",
                fontsize=7, fontweight="bold", va="bottom",
            )
            for year, at, side in ((years[0], 0, "left"), (years[-1], PANEL, "right")):
                grid[-1].annotate(
                    f"{year % 100:02d}", (place + at, 0), xytext=(0, -4), fontsize=7,
                    xycoords=("data", "axes fraction"), textcoords="offset points", ha=side,
                    va="top", annotation_clip=False,
                )
        return style.svg(figure)


def _panel(axes: Axes, panel: Mapping[str, Any], place: int) -> None:
    """Draw one domain of a series from `place` to `place + PANEL` on the common axis."""
    year = style.values(panel, "period")
    wide = max(year[-1] - year[0], 1.0)
    at = place + PANEL * (year - year[0]) / wide
    colour = COLOURS["recipient"]
    for low, high, alpha in (("q05", "q95", style.OUTER), ("q25", "q75", style.INNER)):
        axes.fill_between(
            at, np.sqrt(style.values(panel, low)), np.sqrt(style.values(panel, high)),
            color=colour, alpha=alpha, lw=0,
        )
    axes.plot([place, place + PANEL], [0, 0], color=INK, lw=0.6)
    seen = style.values(panel, "observed")
    axes.plot(at, np.sqrt(seen), "o", color=INK, ms=2.0, mfc="white", mew=0.6, clip_on=False)


ALL = {
    "domains_heat": heat,
    "domains_capacity": capacity,
    "domains_levels": levels,
    "domains_check": composition,
}
