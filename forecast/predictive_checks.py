"""Does data drawn from a fit, or from the priors, look like the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import REST, SUPPLIER, YEAR
from crossover.forecast import market, simulate
from crossover.forecast.draws import block, stack
from crossover.models.market import CELL, arrays
from crossover.models.order_book import ORDER_PERIOD, REMEMBERED

FEW = 400
"""Draws used in predictive checks."""
TAIL = 0.005
"""A check fails if the observed figure lies beyond this quantile of the predicted, either side."""


def figures(placed: np.ndarray) -> dict[str, np.ndarray]:
    """Return what of orders (..., supplier, recipient, period) is compared, one figure each."""
    world = placed.sum(axis=(-3, -2))
    shares = placed.sum(axis=(-2, -1)) / np.maximum(placed.sum(axis=(-3, -2, -1)), 1.0)[..., None]
    level = np.log1p(placed)
    level = level - level.mean(axis=-1, keepdims=True)
    both = (level[..., 1:] * level[..., :-1]).sum(axis=(-3, -2, -1))
    active = placed > 0
    again = (active[..., 1:] & active[..., :-1]).sum(axis=(-3, -2, -1))
    return {
        "share of pairs and periods with an order": active.mean(axis=(-3, -2, -1)),
        "orders of the world in a period, mean": world.mean(axis=-1),
        "orders of the world, log change from period to period, sd": np.diff(
            np.log(np.maximum(world, 1.0)), axis=-1
        ).std(axis=-1),
        "most orders of a pair in a period": placed.max(axis=(-3, -2, -1)),
        "share of the largest supplier": shares.max(axis=-1),
        "concentration of suppliers (Herfindahl)": (shares**2).sum(axis=-1),
        "correlation of a pair's period with its next": both
        / np.maximum((level**2).sum(axis=(-3, -2, -1)), 1e-9),
        "share of pairs with an order that order again in the next period": again
        / np.maximum(active[..., :-1].sum(axis=(-3, -2, -1)), 1),
    }


def of_suppliers(placed: np.ndarray, codes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what each supplier wins in all, and of late, of orders (..., supplier, ...)."""
    periods = placed.sum(axis=-2)
    return {
        f"orders won by {code}, {span}": periods[..., at, part].sum(axis=-1)
        for at, code in enumerate(codes)
        for span, part in (("whole window", slice(None)), ("last two periods", slice(-2, None)))
    }


def replicate(tree: xr.DataTree, *, seed: int, draws: int = FEW) -> np.ndarray:
    """Draw all listed orders of the window anew (draw, supplier, recipient, period).

    Each period's are drawn given what was ordered before it, as the likelihood has them.
    """
    posterior, inputs = tree["posterior"].to_dataset(), tree["constant_data"].to_dataset()
    found = stack(posterior)
    count = len(found["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(draws, count)).round().astype(int))
    found = {name: values[taken] for name, values in found.items()}
    x, rng, parts = arrays(inputs), np.random.default_rng(seed), []
    for start in range(0, len(taken), market.BLOCK):
        some = block(found, start, start + market.BLOCK)
        rate, _ = market.past(some, inputs)
        drawn = market.draw_orders(some, rate, x.exposure, rng)
        parts.append(drawn * (x.barred == 0.0)[..., None])
    return np.concatenate(parts).astype(np.float32)


def predictive(tree: xr.DataTree, kind: str, *, seed: int, draws: int = FEW) -> pd.DataFrame:
    """Compare what a fit, or the priors, would have orders look like with what they are.

    Parameters
    ----------
    tree : With `posterior` (or draws of the prior in its place) and `constant_data`.
    kind : "posterior" or "prior", for the table.
    seed, draws : Of the replicates.

    Returns
    -------
    pandas.DataFrame : kind, check, observed, median, q05, q95 (of the replicates), tail (share of
        replicates beyond the observed on the nearer side), passed. Of a posterior also each
        supplier's orders, and in the last rows how often the central intervals of single pairs and
        periods hold, of pairs that replicates trade in, by PIT.
    """
    inputs = tree["constant_data"].to_dataset()
    observed = inputs["placed"].transpose(*CELL, ORDER_PERIOD).values[..., REMEMBERED:]
    drawn = replicate(tree, seed=seed, draws=draws)
    rows = []
    codes = [str(code) for code in inputs[SUPPLIER].values] if kind == "posterior" else []
    seen, said = (
        figures(placed) | of_suppliers(placed, codes)
        for placed in map(np.float64, (observed, drawn))
    )
    for name, values in said.items():
        truth = float(seen[name])
        tail = float(min((values <= truth).mean(), (values >= truth).mean()))
        rows.append(_compared(kind, name, truth, values, tail, tail > TAIL))
    if kind == "posterior":
        rows += _held(drawn, observed, np.random.default_rng(seed))
    return pd.DataFrame(rows)


def _compared(
    kind: str, name: str, truth: float, values: np.ndarray, tail: float, passed: bool
) -> dict[str, Any]:
    median, low, high = np.quantile(values, [0.5, 0.05, 0.95])
    return {
        "kind": kind, "check": name, "observed": truth, "median": median, "q05": low, "q95": high,
        "tail": tail, "passed": bool(passed),
    }  # fmt: skip


def _held(drawn: np.ndarray, observed: np.ndarray, rng: np.random.Generator) -> list[dict]:
    """Return how often intervals of pairs and periods held, of pairs expected to trade, by size.

    Pairs are chosen by the replicates: chosen by what came, those that came would be too many.
    """
    trades = (drawn > 0).mean(axis=(0, -1)) > 0.05
    y, q = observed[trades], np.sort(drawn[:, trades], axis=0)
    below, up_to = ((q < y).mean(axis=0), (q <= y).mean(axis=0))
    pit = below + rng.random(y.shape) * (up_to - below)
    size = np.broadcast_to(q.mean(axis=(0, -1))[:, None], y.shape)
    rows = []
    for label, part in (("all pairs", size >= 0), ("pairs above ten orders a period", size > 10)):
        for mass in (0.5, 0.9):
            held = float((abs(pit[part] - 0.5) <= mass / 2).mean()) if part.any() else np.nan
            rows.append(
                {
                    "kind": "posterior",
                    "check": f"{100 * mass:.0f} % intervals that hold, {label}",
                    "observed": held, "median": mass, "q05": mass - 0.03, "q95": mass + 0.03,
                    "tail": np.nan, "passed": bool(abs(held - mass) <= 0.03),
                }
            )  # fmt: skip
    return rows


def dynamics(tree: xr.DataTree, *, seed: int, draws: int = FEW) -> pd.DataFrame:
    """Compare how deliveries move in the futures with how they moved in the years before.

    Returns
    -------
    pandas.DataFrame : kind ("dynamics"), check (a figure, of a supplier's exports), observed (last
        `MOVING_YEARS`), median, q05, q95 (as many years ahead), tail, passed (inside the 90 %
        band); then a row a figure: how many suppliers are inside, which has to be at least `INSIDE`
        of them.
    """
    inputs = tree["constant_data"].to_dataset()
    world = simulate.world(tree, seed=seed, years=MOVING_YEARS, draws=draws)
    past = inputs["deliveries"].transpose(*CELL, YEAR).values[..., -MOVING_YEARS:]
    ahead = world["deliveries"].values.astype(float)
    rows = []
    kept = [k for k, code in enumerate(inputs[SUPPLIER].values) if code != REST]
    for name, measure in MOVES.items():
        seen, said = (measure(tiv[..., kept, :, :]) for tiv in (past, ahead))
        inside = []
        for at, k in enumerate(kept):
            values, truth = said[:, at], float(seen[at])
            low, high = np.quantile(values, [0.05, 0.95])
            inside.append(bool(low <= truth <= high))
            tail = float(min((values <= truth).mean(), (values >= truth).mean()))
            code = str(inputs[SUPPLIER].values[k])
            label = f"{name}, exports of {code}"
            rows.append(_compared("dynamics", label, truth, values, tail, inside[-1]))
        needed = INSIDE * len(kept)
        rows.append(
            {
                "kind": "dynamics", "check": f"{name}: suppliers inside the 90 % band",
                "observed": sum(inside), "median": len(kept), "q05": needed, "q95": len(kept),
                "tail": np.nan, "passed": sum(inside) >= needed,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _volatility(tiv: np.ndarray) -> np.ndarray:
    return np.diff(np.log1p(tiv.sum(axis=-2)), axis=-1).std(axis=-1)


def _zeros(tiv: np.ndarray) -> np.ndarray:
    return (tiv <= 0).mean(axis=(-2, -1))


def _repeats(tiv: np.ndarray) -> np.ndarray:
    some = tiv > 0
    again = (some[..., 1:] & some[..., :-1]).sum(axis=(-2, -1))
    return again / np.maximum(some[..., :-1].sum(axis=(-2, -1)), 1)


def _autocorrelation(tiv: np.ndarray) -> np.ndarray:
    level = np.log1p(tiv.sum(axis=-2))
    level = level - level.mean(axis=-1, keepdims=True)
    both = (level[..., 1:] * level[..., :-1]).sum(axis=-1)
    return both / np.maximum((level**2).sum(axis=-1), 1e-9)

MOVES = {
    "log change from year to year, sd": _volatility,
    "share of customers and years without a delivery": _zeros,
    "delivery after a delivery": _repeats,
    "correlation of a year with the next": _autocorrelation,
}
"""Figures of deliveries (..., supplier, recipient, year) by supplier."""
MOVING_YEARS = 10
INSIDE = 14 / 16
"""Share of suppliers whose figure has to lie inside the 90 % band."""
