"""The figures of a report: each a pure function of the payload that returns SVG bytes.

A figure computes nothing that a reader could want to know: the payload holds every number that is
drawn, and the template says in the title what to see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullLocator,
    PercentFormatter,
)

from crossover.data.names import FIRST_PASSAGE, LASTING, STATE
from crossover.forecast import cause_names
from crossover.reports import (
    changes_figures,
    domain_figures,
    front_figures,
    partnership_figures,
    skill_figures,
    style,
)
from crossover.reports.numerals import complement, prob
from crossover.reports.phrases import EVENT_TITLES, LETTERS, ROLES, names
from crossover.reports.style import COLOURS, FAINT, GREY, INK, values

LOG_TICKS = 3
"""A logarithmic axis takes the coarsest steps that give this many ticks."""
TIV_TICKS = (0, 10, 100, 1_000, 10_000, 100_000)
"""Ticks of an axis on a scale of log(1 + TIV)."""
LOW_BAR = 0.25
"""Panels of timing share the scale from 0 to 1 if each has a bar at least this high."""
Payload = Mapping[str, Any]


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
                _log(axes)
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
        if data["base_mean"]:
            start, end = payload["rules"]["base_years"]
            top.plot([start, end], [data["base_mean"]] * 2, color=GREY, lw=1)
            top.axhline(data["base_mean"], color=GREY, lw=0.7, ls=(0, (1, 2)), zorder=0)
            top.annotate(
                f"mean\n{start}–{end}", (horizon, data["base_mean"]), xytext=(7, 0),
                textcoords="offset points", color=GREY, va="center", annotation_clip=False,
            )
            top.axhline(data["floor"], color=INK, lw=0.9, ls=(0, (3, 2)))
            top.annotate(
                f"{100 * payload['rules']['independence_share']:.0f} % of\nthat mean",
                (horizon, data["floor"]), xytext=(7, 0), textcoords="offset points",
                va="center", annotation_clip=False,
            )
        scale = ""
        if data["log_scale"]:
            _log_of_one_plus(top)
            scale = ", on a scale of log(1 + TIV)"
        else:
            top.set_ylim(bottom=0)
            top.yaxis.set_major_formatter(FuncFormatter(_thousands))
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
        left.set_ylim(0, 1)
        return style.svg(figure)


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
            _log(axes, room=1.5)
            scale = ", logarithmic scale"
        else:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
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
    name = names(payload)
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
            style.heading(axes, EVENT_TITLES[entry["event"]].format(**name), unit)
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
            left.annotate(
                prob(row["probability"]), (row["probability"], y), xytext=(0, 5),
                textcoords="offset points", ha="center", bbox=style.PLATE,
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


def _log(axes: Axes, room: float = 1.0) -> None:
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
    axes.yaxis.set_major_formatter(FuncFormatter(_thousands))


def _log_of_one_plus(axes: Axes) -> None:
    """Set an axis from zero up on a scale of log(1 + TIV)."""
    top = max(axes.get_ylim()[1], 1.0)
    axes.set_yscale("function", functions=(_log1p, np.expm1))
    axes.set_ylim(0, 1.9 * top)  # Room for what is written at the top.
    axes.yaxis.set_major_locator(FixedLocator([t for t in TIV_TICKS if t <= top]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(_thousands))


def _log1p(value: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(value, 0.0))


def _thousands(value: float, _position: int = 0) -> str:
    return f"{value:,.0f}" if abs(value) >= 1 or value == 0 else f"{value:g}"


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
