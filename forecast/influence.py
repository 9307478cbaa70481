"""Which new figures moved an answer, and which figures of next year would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crossover.data.names import (
    BASELINE,
    CHAIN,
    COUNTRY,
    DRAW,
    RECIPIENT,
    SCENARIO,
    SUPPLIER,
    YEAR_FUTURE,
)
from crossover.forecast.weighting import mean_error, smoothed
from crossover.models.order_book import ORDER_PERIOD

if TYPE_CHECKING:
    import xarray as xr


PRIORS_OR_CODE, REVISED, NEW_YEAR = "priors or code", "revised history", "new year"
UNCHANGED = "unchanged"
TEN_POINTS = 0.10
TAILS = (0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02)
LEAST_DRAWS = 40
"""Fewest draws on which a conditional probability is said."""
TOP = 10
LEAST_OPEN = 1e-6
"""A probability nearer to zero or one is of what is settled in every draw."""


class Influence(NamedTuple):
    """What one recipient's orders did to a headline: the answer with them, less that without.

    Orders of the three years that end with `year`. `kind`: whether the first run had that period,
    and the same number in it (`before` and `now`). `khat` above 0.7: not to be relied on.
    """

    recipient: str
    year: int
    kind: str
    before: float | None
    now: float
    influence: float
    mc_error: float
    khat: float


def influences(
    tree: xr.DataTree, old: xr.Dataset, happened: np.ndarray, top: int = TOP
) -> list[Influence]:
    """Return the observations that moved a headline most, by importance sampling.

    Parameters
    ----------
    tree : The later fit, with `log_likelihood`.
    old : What the earlier fit was given (`constant_data`).
    happened : Whether the headline holds in the later run's draws (chain, draw), as 0 and 1.
    top : How many.

    Notes
    -----
    Orders of a recipient in a period are one observation. To leave one out, draws are weighted
    with the inverse of its likelihood (Gelfand, Dey & Chang 1992). What it does to the memory of
    later periods, and to what is centred, stays as it is.
    """
    inputs = tree["constant_data"].to_dataset()
    likelihood = tree["log_likelihood"]["orders"].transpose(CHAIN, DRAW, RECIPIENT, ORDER_PERIOD)
    whole = float(happened.mean())
    if not LEAST_OPEN < whole < 1.0 - LEAST_OPEN:
        return []
    now, was = (data["placed"].sum(SUPPLIER) for data in (inputs, old))
    rows = []
    for code in map(str, likelihood[RECIPIENT].values):
        for period in likelihood[ORDER_PERIOD].values:
            at = {RECIPIENT: code, ORDER_PERIOD: int(period)}
            known = code in was[RECIPIENT].values and period in was[ORDER_PERIOD].values
            held, total = float(was.sel(at)) if known else None, float(now.sel(at))
            smooth, khat = smoothed(-likelihood.sel(at).values.astype(float))
            weight = np.exp(smooth) * smooth.size
            without = float((weight * happened).mean())
            error = mean_error(weight * (happened - without) - (happened - whole))
            kind = NEW_YEAR if not known else REVISED if held != total else UNCHANGED
            rows.append(
                Influence(code, int(period), kind, held, total, whole - without, error, khat)
            )
    return sorted(rows, key=lambda row: -abs(row.influence))[:top]


class Condition(NamedTuple):
    """What a headline would be if next year's figure lay beyond a bound.

    `chance`: that it will; `probability`: of the event then; `moves`: whether by ten points.
    """

    observable: str
    of: str
    side: str
    bound: float
    unit: str
    chance: float
    probability: float
    mc_error: float
    change: float
    moves: bool


def next_year(ahead: xr.Dataset, happened: np.ndarray) -> list[Condition]:
    """Say what would have to be true in next year's data to move a headline by ten points.

    Parameters
    ----------
    ahead : As from `forecast.simulate.futures`.
    happened : Whether the headline holds (chain, draw), as 0 and 1, of the same draws.

    Returns
    -------
    list of Condition : For each figure of the first year ahead and each side: the mildest bound
        beyond which the event is ten points more or less likely, by more than twice the Monte-Carlo
        error; where no bound does that, the 5 % tail.
    """
    now = float(happened.mean())
    if not LEAST_OPEN < now < 1.0 - LEAST_OPEN:
        return []
    rows = []
    for name, of, unit, values in observables(ahead):
        values = values.reshape(happened.shape)
        if not np.isfinite(values).all() or float(np.ptp(values)) == 0.0:
            continue
        for side in ("at most", "at least"):
            tried = [_beyond(values, side, tail, happened) for tail in TAILS]
            tried = [one for one in tried if one is not None]
            if not tried:
                continue
            moving = [
                one
                for one in tried
                if abs(one[2] - now) >= TEN_POINTS and abs(one[2] - now) > 2.0 * one[3]
            ]
            usual = [one for one in tried if one[1] <= 0.051] or tried[-1:]
            bound, chance, then, error = (moving or usual)[0]
            rows.append(
                Condition(name, of, side, bound, unit, chance, then, error, then - now,
                          bool(moving))
            )  # fmt: skip
    return sorted(rows, key=lambda row: (not row.moves, -row.chance if row.moves else 0.0))


def _beyond(
    values: np.ndarray, side: str, tail: float, happened: np.ndarray
) -> tuple[float, float, float, float] | None:
    """Bound, chance to lie beyond it, probability given that, and its Monte-Carlo error."""
    low = side == "at most"
    bound = float(np.quantile(values, tail if low else 1.0 - tail))
    inside = values <= bound if low else values >= bound
    count = int(inside.sum())
    if count < LEAST_DRAWS or count > 0.75 * inside.size:
        return None
    then = float(happened[inside].mean())
    share = inside.mean()
    error = mean_error(inside * (happened - then) / share)
    return bound, float(share), then, error


def observables(ahead: xr.Dataset) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield figures of the first year ahead in the baseline: name, of whom, unit, draws."""
    at = ahead.sel({SCENARIO: BASELINE}).isel({YEAR_FUTURE: 0})
    pair = f"{ahead.attrs['supplier']}-{ahead.attrs['recipient']}"
    yield "deliveries", pair, "TIV million", at["deliveries"].values
    yield "imports", str(ahead.attrs["recipient"]), "TIV million", at["imports"].values
    for code in map(str, at[SUPPLIER].values):
        values = at["exports"].sel({SUPPLIER: code}).values
        yield "exports", code, "TIV million", values
    for name, unit in (("rd_share", "% of GDP"), ("gdp", "international $"),
                       ("milex", "US$ million")):  # fmt: skip
        for code in map(str, at[COUNTRY].values):
            yield name, code, unit, at[name].sel({COUNTRY: code}).values
