"""What the priors alone imply, before any order is seen: orders, and crossover years."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.ticker import FuncFormatter

from crossover.data.names import BASELINE, DRAW, ORDER_PERIOD, SCENARIO, YEAR, YEAR_FUTURE
from crossover.forecast import conventions
from crossover.reports import style
from crossover.reports.reading import fan
from crossover.reports.style import COLOURS, GREY, INK


def figure(tree: xr.DataTree, forecast: xr.Dataset, out: Path) -> Path:
    """Draw the prior predictive of a pair: orders over the past, and the year of crossover.

    Parameters
    ----------
    tree
        As from `forecast.fit.prior`; for the names of countries.
    forecast
        Futures simulated from it, as from `forecast.simulate.futures`.
    out
        File to write, .svg or .png.

    Returns
    -------
    Path
        The file.
    """
    words = json.loads(tree["constant_data"].attrs.get("country_names", "{}"))
    supplier, recipient = (forecast.attrs[role] for role in ("supplier", "recipient"))
    names = [words.get(code, code) for code in (supplier, recipient)]
    base = forecast.sel({SCENARIO: BASELINE})
    origin, horizon = int(forecast.attrs["origin"]), int(base[YEAR_FUTURE].max())
    with style.canvas(86) as drawing:
        left, right = drawing.subplots(1, 2, width_ratios=(1.25, 1))
        drawing.subplots_adjust(left=0.075, right=0.975, top=0.83, bottom=0.15, wspace=0.2)
        past = fan(np.log10(1.0 + base["orders_past"]), ORDER_PERIOD)
        style.band(left, past, "recipient")
        seen = base["orders_observed"]
        left.plot(
            seen[ORDER_PERIOD], np.log10(1.0 + seen), "o", color=INK, ms=2.6, mfc="white", mew=0.8,
            label="observed",
        )  # fmt: skip
        left.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{10**v - 1:,.0f}"))
        left.set_yticks(np.log10(1.0 + np.array([0, 3, 10, 30, 100, 1e3])))
        left.set_xlabel("Last of three years", labelpad=1)
        style.years(left, int(seen[ORDER_PERIOD].min()), int(seen[ORDER_PERIOD].max()))
        style.heading(
            left, f"Orders of {names[1]} from {names[0]}, under the prior",
            "in three years, log of 1 + orders; 50 and 90 % bands; circles: listed",
        )  # fmt: skip

        first, never = first_years(base, supplier, recipient, origin)
        years, counts = np.unique(first, return_counts=True)
        share = counts / base.sizes[DRAW]
        right.bar(years, share, width=0.8, color=COLOURS["recipient"], alpha=0.85)
        right.bar(
            [horizon + 4], [never], width=2.4, color="white", edgecolor=INK, hatch="//////", lw=0.8
        )
        at = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        right.annotate(f"{never:.2f}", (horizon + 4, never), color=GREY, **at)
        ticks = [y for y in range(origin, horizon - 2) if y % 10 == 0]
        right.set_xticks([*ticks, horizon + 4], [*map(str, ticks), f"not by\n{horizon}"])
        right.set_xlabel("Year", labelpad=-4, x=0.4)
        style.heading(
            right, f"First year with {names[1]} ahead",
            f"probability; the bar at {origin} is 'ahead already'",
        )  # fmt: skip
        drawing.savefig(out, format=out.suffix.lstrip("."), dpi=200, metadata={})
    return out


def first_years(
    base: xr.Dataset, supplier: str, recipient: str, origin: int
) -> tuple[np.ndarray, float]:
    """First year from the origin on with the recipient ahead in capacity, and the share without."""
    now = conventions.past(base).sel({YEAR: [origin]})
    both = [one.values.reshape(-1, one.shape[-1]) for one in (now, conventions.ahead(base))]
    ahead = np.concatenate(both, axis=1) > 0
    happens = ahead.any(axis=1)
    return origin + ahead.argmax(axis=1)[happens], float(1.0 - happens.mean())
