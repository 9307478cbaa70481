"""Figures of where deliveries come from: suppliers by period, orders by year, past forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from crossover.forecast import sources
from crossover.reports import sourcing, style
from crossover.reports.flow_figures import log_of_one_plus, thousands
from crossover.reports.style import COLOURS, GREY, INK

Payload = Mapping[str, Any]
MOST = 6
"""So many suppliers have a band of their own; the others are drawn as one."""
OTHERS = "others"
SHADES = ("#8c8c8c", "#b9b9b9", "#a2a2a2", "#cdcdcd", "#979797", "#e2e2e2")
BAR, TALL_ENOUGH = 0.17, 0.045
"""Half the width of a column; a share that has room for its number."""
PARTS = {
    sources.BOOK: ("on the book today", {"color": COLOURS["recipient"]}),
    sources.UNLISTED: ("ordered, not listed yet",
                       {"facecolor": "white", "edgecolor": INK, "hatch": "////"}),
    sources.NEW: ("still to be ordered", {"facecolor": "#d4d4d4", "edgecolor": GREY}),
}  # fmt: skip


def bands(payload: Payload) -> dict[str, list[float]]:
    """Return the shares that the figure draws: supplier → its share in each period.

    The pair's supplier first, then the largest others; those that have no band of their own, and
    the rest of the world, are `OTHERS`.
    """
    periods = payload["sourcing"]["suppliers"]
    shares = [{row["seller"]: row["share"] for row in period["rows"]} for period in periods]
    named = {row["seller"]: row["name"] for row in periods[0]["rows"]}
    own = payload["pair"]["supplier"]["code"]
    able = [code for code, name in named.items() if name and code != own]
    volume = {code: sum(row["tiv"] for period in periods for row in period["rows"]
                        if row["seller"] == code) for code in able}  # fmt: skip
    able.sort(key=lambda code: -volume[code])
    shown = [own, *(code for code in able[: MOST - 1] if volume[code] > 0)]
    found = {code: [share[code] for share in shares] for code in shown if code in named}
    left = [max(1.0 - sum(share[code] for code in found), 0.0) for share in shares]
    return found | {OTHERS: left}


def suppliers(payload: Payload) -> bytes:
    """Draw what part of the recipient's deliveries each supplier has, period by period."""
    periods, found = payload["sourcing"]["suppliers"], bands(payload)
    own = payload["pair"]["supplier"]["code"]
    named = {row["seller"]: row["name"] for row in periods[0]["rows"]}
    named |= {OTHERS: "Others", own: payload["pair"]["supplier"]["name"]}
    fills = {code: COLOURS["supplier"] if code == own else SHADES[(at - 1) % len(SHADES)]
             for at, code in enumerate(found)}  # fmt: skip
    with style.canvas(78) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.02, right=0.98, top=0.97, bottom=0.115)
        tops = np.cumsum([np.zeros(len(periods)), *found.values()], axis=0)
        for (code, shares), low, high in zip(found.items(), tops[:-1], tops[1:], strict=True):
            # From the top down, so that the pair's supplier stands first.
            for at, share in enumerate(shares):
                axes.bar(at, share, 2 * BAR, 1 - high[at], color=fills[code], edgecolor="white",
                         lw=0.8, zorder=3)  # fmt: skip
                if share >= TALL_ENOUGH:
                    axes.text(at, 1 - (low[at] + high[at]) / 2, f"{100 * share:.0f}", va="center",
                              ha="center", zorder=4, fontweight="bold" if code == own else "normal",
                              color="white" if code == own else INK)  # fmt: skip
            for at in range(len(periods) - 1):
                _ribbon(axes, at, (1 - high[at], 1 - low[at]), (1 - high[at + 1], 1 - low[at + 1]),
                        fills[code])  # fmt: skip
        for at, side in ((0, -1), (len(periods) - 1, 1)):
            _names(axes, at, side, tops[:, at], {code: named[code] for code in found}, own)
        axes.set_xlim(-0.8, len(periods) - 0.2)
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        axes.grid(False)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="x", length=0, pad=3)
        axes.set_xticks(range(len(periods)), [_period(period) for period in periods])
        return style.svg(figure)


def _ribbon(
    axes: Axes, at: int, start: tuple[float, float], end: tuple[float, float], colour: str
) -> None:
    """Join a share of one period to that of the next."""
    x = np.linspace(0.0, 1.0, 40)
    bend = x * x * (3 - 2 * x)
    low, high = (a + (b - a) * bend for a, b in zip(start, end, strict=True))
    axes.fill_between(
        at + BAR + x * (1 - 2 * BAR), low, high, color=colour, alpha=0.4, lw=0, zorder=1
    )


def _names(
    axes: Axes, at: int, side: int, tops: np.ndarray, named: Mapping[str, str], own: str
) -> None:
    """Write beside an outer column which supplier is which, pushed apart where they would meet."""
    shares = np.diff(tops)
    shown = [k for k in range(len(shares)) if shares[k] >= 0.005]
    middles = [1 - (tops[k] + tops[k + 1]) / 2 for k in shown]
    places = list(middles)
    gap = 0.052
    for k in range(1, len(places)):
        places[k] = min(places[k], places[k - 1] - gap)
    if places and places[-1] < gap / 2:
        places[-1] = gap / 2
        for k in range(len(places) - 2, -1, -1):
            places[k] = max(places[k], places[k + 1] + gap)
    codes = list(named)
    for k, place, middle in zip(shown, places, middles, strict=True):
        code = codes[k]
        edge = at + side * BAR
        axes.plot([edge, edge + side * 0.04], [middle, place], color=GREY, lw=0.5)
        axes.text(
            edge + side * 0.055, place, named[code] + _percent(shares[k]), va="center",
            ha="left" if side > 0 else "right", color=COLOURS["supplier"] if code == own else INK,
            fontweight="bold" if code == own else "normal",
        )


def _percent(share: float) -> str:
    """Return what stands behind a name: the share, where its band has no room for it."""
    if share >= TALL_ENOUGH:
        return ""
    return f" {100 * share:.0f}" if share >= 0.01 else " <1"


def _period(period: Mapping[str, Any]) -> str:
    kind = "forecast" if period["kind"] == sources.EXPECTED else "delivered"
    return f"{period['first']}–{period['last']}, {kind}\n{period['tiv']:,.0f} million TIV a year"


def order_book(payload: Payload) -> bytes:
    """Draw the deliveries expected in each year, by when they were ordered."""
    data = payload["sourcing"]["orders"]
    years = np.array(data["year"])
    with style.canvas(58) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.065, right=0.985, top=0.88, bottom=0.165)
        under = np.zeros(len(years))
        for part, (words, look) in PARTS.items():
            value = np.array(data[part])
            axes.bar(years, value, 0.72, under, label=words, lw=0.6, **look)
            under = under + value
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3,
                    borderpad=0.1, handlelength=1.4, columnspacing=1.6)  # fmt: skip
        axes.set_ylim(0, 1.06 * under.max())
        axes.yaxis.set_major_formatter(FuncFormatter(thousands))
        axes.set_xlim(years[0] - 0.6, years[-1] + 0.6)
        axes.set_xticks(years)
        axes.set_xlabel("Year of delivery", labelpad=1)
        return style.svg(figure)


def hedgehog(payload: Payload) -> bytes:
    """Draw what was forecast of deliveries from past origins, and what came."""
    known, found = payload["dependence"]["deliveries_observed"], payload["hedgehog"]["forecasts"]
    first = min(one["origin"] for one in found) - 4
    came = dict(zip(known["year"], known["value"], strict=True))
    with style.canvas(66) as figure:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.065, right=0.985, top=0.89, bottom=0.145)
        for one in found:
            edition = one["kind"] == sourcing.EDITION
            colour = COLOURS["supplier" if edition else "recipient"]
            start = came.get(one["origin"])
            known_start = start is not None
            year = [*([one["origin"]] if known_start else []), *one["year"]]
            low, middle, high = (
                [*([start] if known_start else []), *one[key]] for key in ("q05", "q50", "q95")
            )
            axes.fill_between(year, low, high, color=colour, alpha=0.1, lw=0)
            axes.plot(year, middle, color=colour, lw=0.9, ls="--" if edition else "-")
            axes.plot(year[:1], middle[:1], "o", color=colour, ms=2)
        at = [i for i, year in enumerate(known["year"]) if year >= first]
        axes.plot([known["year"][i] for i in at], [known["value"][i] for i in at], "o-", color=INK,
                  lw=1.3, ms=3, mfc="white", mew=0.9, zorder=4)  # fmt: skip
        log_of_one_plus(axes)
        style.years(axes, first, known["year"][-1], 2)
        axes.set_xlabel("Year", labelpad=1)
        _key(axes, {one["kind"] for one in found})
        return style.svg(figure)


def _key(axes: Axes, kinds: set[str]) -> None:
    """Say above the axes what lines and shades are."""
    axes.plot([], [], "o-", color=INK, lw=1.3, ms=3, mfc="white", mew=0.9, label="delivered")
    for kind, words, look in (
        (sourcing.BACKTEST, "forecast from a past year (median)", "-"),
        (sourcing.EDITION, "published edition (median)", "--"),
    ):
        if kind in kinds:
            colour = COLOURS["supplier" if kind == sourcing.EDITION else "recipient"]
            axes.plot([], [], look, color=colour, lw=0.9, label=words)
    axes.fill_between([], [], [], color=COLOURS["recipient"], alpha=0.25, lw=0,
                      label="its 90 % interval")  # fmt: skip
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=4,
                borderpad=0.1, handlelength=1.6, columnspacing=1.4)  # fmt: skip


ALL = {"suppliers": suppliers, "order_book": order_book, "hedgehog": hedgehog}


def has(payload: Payload, key: str) -> bool:
    """Say whether a report has what a figure shows."""
    if key == "hedgehog":
        return bool(payload["hedgehog"]["forecasts"])
    return bool(payload["sourcing"]["suppliers" if key == "suppliers" else "orders"])
