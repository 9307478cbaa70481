"""Why a country orders less abroad, or is ordered from less: a change split into its causes.

What a recipient orders is a sum of logs, so that its parts add up as they are. What a supplier wins
is not: there every cause counts with the mean of what it adds over all orders in which causes can
come (Shapley 1953), so that the parts add up to the whole, whichever came first. Changes are those
of the fitted market between two spells of two periods; what of it is unexplained is named so.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import RECIPIENT, SUPPLIER
from crossover.forecast.cause_names import (
    ALL,
    BUDGET,
    COLUMNS,
    DEMAND,
    LISTED,
    MEMORY,
    MILITARY,
    ORDERED,
    OWN_CAPACITY,
    OWN_RD,
    POLITICS,
    PROPENSITY,
    R_AND_D,
    RIVALS,
    WALK,
    WAR,
    WON,
)
from crossover.forecast.draws import Arrays, stack
from crossover.forecast.market import by_effort
from crossover.models.inputs import COVARIATES
from crossover.models.market import MEMORIES, Market, arrays, demand_explained, log_orders
from crossover.models.order_book import ORDER_PERIOD, PERIOD, REMEMBERED

FEW = 150
"""Posterior draws that are used."""
SPELL = 2
"""Periods of a spell."""


def decompose(tree: xr.DataTree, supplier: str, recipient: str) -> pd.DataFrame:
    """Split the change of what a recipient orders, and of what a supplier wins.

    Parameters
    ----------
    tree : With `posterior` and `constant_data`.
    supplier, recipient : ISO3 codes.

    Returns
    -------
    pandas.DataFrame : side ("ordered", of the recipient; "won", of the supplier), country, cause,
        first and last year of both spells, and median and 90 % interval of what the cause adds to
        the log of orders a year, over draws. The last rows of a side are all causes together, and
        the change of the orders that the register lists, by years of full knowledge. From the two
        periods running with the most orders listed to the last two. No rows of a country that is no
        supplier of the sample.
    """
    inputs = tree["constant_data"].to_dataset()
    draws = stack(tree["posterior"].to_dataset())
    count = len(draws["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(FEW, count)).round().astype(int))
    draws = {name: values[taken].astype(float) for name, values in draws.items()}
    x = arrays(inputs)
    rows = _of_recipient(draws, inputs, x, recipient)
    if supplier in inputs[SUPPLIER].values:
        rows += _of_supplier(draws, inputs, x, supplier)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _spells(listed: np.ndarray) -> tuple[slice, slice]:
    """Return the spells of periods that are compared, given orders listed (period)."""
    late = slice(len(listed) - SPELL, len(listed))
    sums = np.convolve(listed, np.ones(SPELL), "valid")[: len(listed) - 2 * SPELL + 1]
    if not len(sums):
        rule = f"{len(listed)} periods are too few for two spells of {SPELL}"
        raise InputError(fault(rule, column=ORDER_PERIOD))
    start = int(np.argmax(sums))
    return slice(start, start + SPELL), late


def _rows(
    side: str, code: str, inputs: xr.Dataset, spells: tuple[slice, slice],
    causes: dict[str, np.ndarray], listed: np.ndarray,
) -> list[tuple]:
    ends = inputs[ORDER_PERIOD].values[REMEMBERED:]
    years = [int(y) for s in spells for y in (ends[s][0] - PERIOD + 1, ends[s][-1])]
    exposure = inputs["order_exposure"].values[REMEMBERED:]
    yearly = [max(listed[s].sum(), 0.5) / exposure[s].sum() for s in spells]
    found = causes | {ALL: sum(causes.values())}
    found |= {LISTED: np.full(1, math.log(yearly[1] / yearly[0]))}
    return [
        (side, code, cause, *years, *np.quantile(values, [0.5, 0.05, 0.95]))
        for cause, values in found.items()
    ]


def _of_recipient(draws: Arrays, inputs: xr.Dataset, x: Market, code: str) -> list[tuple]:
    at = [str(c) for c in inputs[RECIPIENT].values].index(code)
    listed = x.placed[:, at].sum(axis=0)
    spells = _spells(listed)
    moved = by_effort(draws, x.change) + draws["capacity_walk"]
    own = x.exporter[at] * moved[:, x.as_supplier[at]]
    effects = ("budget_effect", "own_rd_effect", "own_capacity_effect")
    top = {name: draws[name][:, None] for name in effects}
    parts = {
        BUDGET: demand_explained(top, x.budget[at], 0.0, 0.0),
        OWN_RD: demand_explained(top, 0.0, x.own_rd[at], 0.0) + 0.0 * own,
        OWN_CAPACITY: demand_explained(top, 0.0, 0.0, own),
        PROPENSITY: draws["demand_walk"][:, at],
    }
    early, late = spells
    causes = {
        name: values[:, late].mean(axis=1) - values[:, early].mean(axis=1)
        for name, values in parts.items()
    }
    return _rows(ORDERED, code, inputs, spells, causes, listed)


def _of_supplier(draws: Arrays, inputs: xr.Dataset, x: Market, code: str) -> list[tuple]:
    at = [str(c) for c in inputs[SUPPLIER].values].index(code)
    listed = x.placed[at].sum(axis=0)
    spells = _spells(listed)
    still = np.zeros_like(x.change[0])
    walk = draws["capacity_walk"]
    by_rd, by_mil = (
        by_effort(draws, np.stack(parts))
        for parts in ((x.change[0], still), (still, x.change[1]))
    )
    war = draws["war_effect"][:, None, None] * x.war
    effects = np.stack([draws[f"{name}_effect"] for name in COVARIATES], axis=-1)
    pulls = np.stack([draws[name] for name in MEMORIES], axis=-1)
    of = len(COVARIATES)
    parts = {
        R_AND_D: by_rd[:, at], MILITARY: by_mil[:, at], WALK: walk[:, at], WAR: war[:, at],
        RIVALS: np.delete(by_rd + by_mil + walk + war, at, axis=1),
        POLITICS: np.tensordot(effects, x.features[:of], axes=1),
        MEMORY: np.tensordot(pulls, x.features[of:], axes=1),
        DEMAND: draws["demand_period"],
    }  # fmt: skip
    means = {
        name: tuple(values[..., spell].mean(axis=-1) for spell in spells)
        for name, values in parts.items()
    }

    def won(which: Sequence[int]) -> np.ndarray:
        """Log of all orders that it wins (draw); 1 for a cause as of late, 0 as before."""
        one = {name: means[name][k] for name, k in zip(means, which, strict=True)}
        own = one[R_AND_D] + one[MILITARY] + one[WALK] + one[WAR]
        offered = draws["supplier_level"] + np.insert(one[RIVALS], at, own, axis=1)
        rate, _ = log_orders(
            one[DEMAND][..., None], offered[..., None], draws["affinity"],
            (one[POLITICS] + one[MEMORY])[..., None], x.barred,
        )  # fmt: skip
        return np.log(np.exp(rate[:, at, :, 0]).sum(axis=1))

    causes = shapley(won, list(means))
    return _rows(WON, code, inputs, spells, causes, listed)


def shapley(
    value: Callable[[Sequence[int]], np.ndarray], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return what each of some causes adds, on average over all orders in which they can come.

    Parameters
    ----------
    value : Of a choice of causes, as 1 for each that is in and 0 for others; an array.
    names : Of the causes.
    """
    count = len(names)
    found = {which: value(which) for which in itertools.product((0, 1), repeat=count)}
    out = {}
    for at, name in enumerate(names):
        total: np.ndarray | float = 0.0
        for which, before in found.items():
            if which[at]:
                continue
            size = sum(which)
            share = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            total = total + share * (found[(*which[:at], 1, *which[at + 1 :])] - before)
        out[name] = total
    return out
