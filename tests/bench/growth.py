"""How a gradient of the market grows with recipients and with years, by simulated copies."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.names import RECIPIENT, YEAR
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED
from tests.bench import child, problem
from tests.bench.table import Row, rounded

SECTION = "growth"
SIZES = {"recipients": (12, 24, 47, 94), "years": (9, 18, 33, 66)}
STEEPEST = 1.05
"""Slope on log scales: 1 is a gradient that grows as the data do."""
ASKED, FIGURE = "sizes.pickle", "growth.png"


def with_recipients(inputs: xr.Dataset, count: int) -> xr.Dataset:
    """Return inputs with some of the recipients, or with copies of all that have new names."""
    codes = [str(code) for code in inputs[RECIPIENT].values]
    at = np.arange(count) % len(codes)
    labels = [f"{codes[i]}{k // len(codes) or ''}" for k, i in enumerate(at)]
    return inputs.isel({RECIPIENT: at}).assign_coords({RECIPIENT: labels})


def with_years(inputs: xr.Dataset, count: int) -> xr.Dataset:
    """Return inputs with the last years, in whole periods, or with copies of all before them."""
    origin, periods = int(inputs[YEAR].values[-1]), count // PERIOD + REMEMBERED
    ends = origin - PERIOD * np.arange(periods)[::-1]
    return (
        inputs.isel({YEAR: -(np.arange(count)[::-1] % inputs.sizes[YEAR]) - 1})
        .isel({ORDER_PERIOD: -(np.arange(periods)[::-1] % inputs.sizes[ORDER_PERIOD]) - 1})
        .assign_coords({YEAR: origin - np.arange(count)[::-1], ORDER_PERIOD: ends})
    )


WAYS = {"recipients": with_recipients, "years": with_years}


def work(folder: Path) -> dict[str, Any]:
    """Time a gradient of every size that a folder asks for."""
    from crossover.models.market import market
    from tests.bench.compiling import timed

    inputs, priors = problem.given(folder)
    asked = pickle.loads((folder / ASKED).read_bytes())
    return {
        way: [
            timed(market(WAYS[way](inputs, size), priors))["gradient"]
            for size in sizes
        ]
        for way, sizes in asked.items()
    }


def rows(
    folder: Path, figure: Path | None, sizes: Mapping[str, tuple[int, ...]] = SIZES
) -> Iterator[Row]:
    """Time gradients, and draw them.

    Parameters
    ----------
    folder
        As `problem.store` made it.
    figure
        Where the PNG goes.
    sizes
        What grows → how large.
    """
    (folder / ASKED).write_bytes(pickle.dumps(sizes))
    found = child.run("growth", folder, child.caches(folder / "growth")).figures
    for way, of in sizes.items():
        for size, spent in zip(of, found[way], strict=True):
            yield Row(SECTION, way, f"a gradient of {size}", spent, "µs")
        steep = slope(of, found[way])
        word = "at most" if steep <= STEEPEST else "MORE than"
        yield Row(SECTION, way, "slope on log scales", steep, "", f"{word} {STEEPEST:g}")
    if figure is not None:
        draw({way: (of, found[way]) for way, of in sizes.items()}, figure)


def slope(sizes: Any, spent: Any) -> float:
    """Return the slope of a straight line through logs."""
    return float(np.polyfit(np.log(sizes), np.log(spent), 1)[0])


def draw(found: Mapping[str, tuple[Any, Any]], path: Path) -> None:
    """Draw time against size on log scales, with a line of slope 1 through the first point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(found), figsize=(4 * len(found), 3.2), squeeze=False)
    for ax, (way, (sizes, spent)) in zip(axes[0], found.items(), strict=True):
        ax.loglog(sizes, spent, "o-", label=f"measured, slope {slope(sizes, spent):.2f}")
        ax.loglog(sizes, np.divide(sizes, sizes[0]) * spent[0], "--", color="0.6", label="slope 1")
        ax.set_xticks(sizes, [str(size) for size in sizes], minor=False)
        ax.set_yticks(spent, [rounded(value) for value in spent], minor=False)
        ax.minorticks_off()
        ax.set(xlabel=way, ylabel="a gradient, µs")
        ax.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
