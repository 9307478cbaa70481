"""The figures of a report: each a pure function of the payload that returns SVG bytes.

A figure computes nothing that a reader could want to know: the payload holds every number that is
drawn, and the template says in the title what to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crossover.forecast import cause_names
from crossover.reports import (
    changes_figures,
    domain_figures,
    front_figures,
    partnership_figures,
    skill_figures,
    source_figures,
    style,
)
from crossover.reports.event_figures import Payload, levels, probability_by_year, timing
from crossover.reports.flow_figures import dependence, exports, log_axis
from crossover.reports.phrases import ROLES, names
from crossover.reports.style import COLOURS, GREY, INK, values


def rd_effort(payload: Payload) -> bytes:
    """R&D as a share of GDP, and the R&D stock, of both countries."""
    rd, name, origin, horizon = payload["rd"], names(payload), payload["origin"], payload["horizon"]
    with style.canvas(64) as figure:
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.045, right=0.885, top=0.85, bottom=0.13, wspace=0.46)
        first = min(
            (s["year"][0] for r in ROLES for s in (rd[r]["share_observed"], rd[r]["stock_past"])
             if s["year"]),
            default=origin - 1,
        )
        for axes, past, future in (
            (left, "share_observed", "share"),
            (right, "stock_past", "stock"),
        ):
            scale = 1.0 if future == "share" else 1e-9
            for role in ROLES:
                known = _scaled(rd[role][past], scale)
                style.band(
                    axes, style.anchored(_scaled(rd[role][future], scale), known), role
                )
                if future == "share":
                    style.points(axes, known, role)
                else:
                    axes.plot(
                        known["year"], known["value"], color=COLOURS[role], lw=1.6,
                        ls=style.LINES[role],
                    )
            if future == "share":
                axes.set_ylim(bottom=0)
            else:
                log_axis(axes)
            style.years(axes, first, horizon)
            style.origin_line(axes, origin, horizon)
            style.end_labels(
                axes,
                [
                    (name[r], _scaled(rd[r][future], scale)["q50"][-1], COLOURS[r])
                    for r in ROLES
                ],
                horizon,
            )
        style.heading(left, "R&D spending", "% of GDP")
        style.heading(right, "R&D stock", _fit(f"billion, {rd['unit'] or 'PPP $'}; log scale", 50))
        return style.svg(figure)


def capacity(payload: Payload) -> bytes:
    """Latent capacity of both countries, and the gap between them."""
    data, name = payload["capacity"], names(payload)
    origin, horizon = payload["origin"], payload["horizon"]
    with style.canvas(106) as figure:
        top, bottom = figure.subplots(2, 1, height_ratios=(1.45, 1))
        figure.subplots_adjust(left=0.045, right=0.885, top=0.905, bottom=0.075, hspace=0.56)
        first = data["gap"]["past"]["year"][0]
        for role in reversed(ROLES):
            style.band(top, style.joined(data[role]["past"], data[role]["future"]), role, 1.8)
        gap = style.joined(data["gap"]["past"], data["gap"]["future"])
        style.band(bottom, gap, "gap", 1.8)
        bottom.axhline(0, color=INK, lw=0.9)
        for axes in (top, bottom):
            style.years(axes, first, horizon)
            style.origin_line(axes, origin, horizon)
        ends = [(name[r], data[r]["future"]["q50"][-1], COLOURS[r]) for r in ROLES]
        style.end_labels(top, ends, horizon)
        low, high = bottom.get_ylim()
        reach = 0.35 * max(-low, high)
        bottom.set_ylim(min(low, -reach), max(high, reach))
        shared = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        for text, offset, side in (
            (f"{name['recipient']}\nahead", 5, "bottom"),
            (f"{name['supplier']}\nahead", -5, "top"),
        ):
            bottom.annotate(
                text, (1, 0), xytext=(5, offset), **shared, va=side, color=GREY,
                annotation_clip=False,
            )
        style.heading(top, "Latent capacity θ", "log-odds of being chosen as a source of arms")
        style.heading(
            bottom, f"Gap: {name['recipient']} minus {name['supplier']}", "difference in log-odds"
        )
        return style.svg(figure)


def causes(payload: Payload) -> bytes:
    """What moved the orders that the recipient places, and those that the supplier wins."""
    sides, name = payload["causes"], names(payload)
    of_code = {payload["pair"][role]["code"]: role for role in ROLES}
    verbs = {cause_names.ORDERED: "What {} orders abroad", cause_names.WON: "What {} wins"}
    with style.canvas(66) as figure:
        drawn = figure.subplots(1, len(sides), squeeze=False)[0]
        figure.subplots_adjust(left=0.2, right=0.975, top=0.84, bottom=0.12, wspace=0.9)
        for axes, side in zip(drawn, sides, strict=True):
            role = of_code[side["country"]]
            y = -np.arange(len(side["rows"]))
            for at, row in zip(y, side["rows"], strict=True):
                whole = row["cause"] in (cause_names.ALL, cause_names.LISTED)
                colour = INK if whole else COLOURS[role]
                axes.plot([row["q05"], row["q95"]], [at, at], color=colour, lw=1.4)
                axes.plot(row["median"], at, "o", color=colour, ms=4,
                          mfc="white" if row["cause"] == cause_names.LISTED else colour)
            axes.axvline(0, color=GREY, lw=0.7)
            axes.set_yticks(y, [row["cause"] for row in side["rows"]])
            axes.set_xlabel("change of the log of orders a year", labelpad=1)
            (first, last), (start, end) = side["from"], side["to"]
            style.heading(
                axes, verbs[side["side"]].format(name[role]),
                f"{first}–{last} to {start}–{end}, 90 %",
            )  # fmt: skip
        return style.svg(figure)


def chains(payload: Payload) -> bytes:
    """The capacity gap at the origin by chain, and effective sample size by parameter."""
    data, name = payload["chains"], names(payload)
    with style.canvas(35) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.015, right=0.985, top=0.74, bottom=0.26)
        lines = ("-", (0, (5, 1.6)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
        grid = values(data, "grid")
        for at, row in enumerate(data["rows"]):
            axes.plot(
                grid, values(row, "density"), color=INK, lw=1.1, alpha=0.85,
                ls=lines[at % len(lines)], label=f"chain {row['chain']}",
            )
        axes.axvline(0, color=GREY, lw=0.8)
        axes.set_yticks([])
        axes.set_ylim(0, 1.08)
        axes.set_xlabel(f"log-odds (right of zero: {name['recipient']} ahead)", labelpad=2)
        axes.legend(
            frameon=False, loc="upper right", handlelength=3, fontsize=7.5, labelspacing=0.25,
            bbox_to_anchor=(1, 1.2),
        )
        style.heading(
            axes, f"Capacity gap in {payload['origin']}, by chain", "relative density of draws"
        )
        return style.svg(figure)


def strip(parameter: Mapping[str, Any], width: float = 42.0, height: float = 8.0) -> bytes:
    """Posterior density over prior density of one parameter, with a mark at zero.

    Parameters
    ----------
    parameter
        An entry of the payload's `parameters`.
    width, height
        Size in millimetres.
    """
    grid = values(parameter, "grid")
    low, high = float(grid[0]), float(grid[-1])
    floor, roof = height - 0.6, 0.5

    def across(value: float) -> float:
        return (value - low) / (high - low) * width

    def path(key: str) -> str:
        density = values(parameter, key)
        points = " ".join(
            f"{across(x):.3f},{floor - (floor - roof) * y:.3f}"
            for x, y in zip(grid, density, strict=True)
        )
        return f"0,{floor:.3f} {points} {width:.3f},{floor:.3f}"

    zero = ""
    if low < 0 < high:
        zero = (
            f'<line x1="{across(0):.3f}" x2="{across(0):.3f}" y1="0" y2="{height}" '
            f'stroke="{INK}" stroke-width="0.18" stroke-dasharray="0.5 0.5"/>'
        )
    colour = COLOURS["recipient"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">'
        f'<polygon points="{path("prior_density")}" fill="#c8c8c8" fill-opacity="0.75" '
        f'stroke="{GREY}" stroke-width="0.18"/>'
        f'<polygon points="{path("posterior_density")}" fill="{colour}" fill-opacity="0.45" '
        f'stroke="{colour}" stroke-width="0.28"/>'
        f'<line x1="0" x2="{width}" y1="{floor}" y2="{floor}" stroke="{INK}" '
        f'stroke-width="0.15"/>{zero}</svg>'
    ).encode()


ALL = {
    **front_figures.ALL,
    "rd_effort": rd_effort,
    "capacity": capacity,
    "levels": levels,
    "dependence": dependence,
    "exports": exports,
    **source_figures.ALL,
    "causes": causes,
    "probability": probability_by_year,
    "timing": timing,
    **domain_figures.ALL,
    **partnership_figures.ALL,
    **changes_figures.ALL,
    "chains": chains,
    **skill_figures.ALL,
}


def has(payload: Payload, key: str) -> bool:
    """Whether the payload holds what a figure shows."""
    if key in partnership_figures.ALL:
        return partnership_figures.has(payload, key)
    if key in source_figures.ALL:
        return source_figures.has(payload, key)
    if key in changes_figures.ALL:
        return changes_figures.has(payload, key)
    if key == "chains":
        return payload["chains"]["quantity"] == "gap"
    if key in skill_figures.ALL:
        return skill_figures.has(payload)
    return bool(payload["levels"]["rows"]) if key == "levels" else True


def draw(payload: Payload) -> dict[str, bytes]:
    """Draw every figure of a report, by file name."""
    drawn = {f"{key}.svg": make(payload) for key, make in ALL.items() if has(payload, key)}
    for parameter in payload["parameters"]:
        drawn[f"strip_{parameter['name']}.svg"] = strip(parameter)
    return drawn


def _scaled(series: Mapping[str, Any], scale: float) -> dict[str, list]:
    return {
        key: list(series[key])
        if key == "year"
        else [None if v is None else v * scale for v in series[key]]
        for key in series
    }


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
