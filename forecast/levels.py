"""How much of a comparison of levels is data and how much convention.

The same draws are read under each defensible convention (`forecast.conventions`), so that a reader
sees what the convention decides. The average over them is the headline.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import (
    BASELINE,
    CONVENTION,
    DOMAIN,
    DOMAIN_LAYER,
    DRAW,
    HEADLINE_YEAR,
    SCENARIO,
    SOON,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions
from crossover.forecast.conventions import AVERAGE, CHOSEN, DESCRIPTIONS, DOMAIN_DESCRIPTIONS
from crossover.forecast.domains import layer_draws, paths, relative
from crossover.forecast.events import monte_carlo_error

COLUMNS = ("alternative", "description", "weight", "probability", "mc_error", "gap_median",
           "gap_q05", "gap_q95", "year", "headline")  # fmt: skip


def levels(futures: xr.Dataset) -> pd.DataFrame:
    """Return the probability that the recipient is ahead, by year and convention.

    Parameters
    ----------
    futures : As from `forecast.simulate.futures`.

    Returns
    -------
    pandas.DataFrame : alternative, description, weight, probability, mc_error, gap_median, gap_q05,
        gap_q95 (log-odds), year, headline (1 for the average). Of the origin first, then of `SOON`,
        `HEADLINE_YEAR` and the horizon, where they lie ahead, in the baseline. Of each year the
        average over conventions comes first, whose gap is that of the draws of all of them, so that
        its interval holds what a convention decides too.
    """
    chains = int(futures.attrs["chains"])
    rows = [row | {"year": year} for year, gap in _by_year(futures) for row in _rows(gap, chains)]
    return pd.DataFrame(rows)[list(COLUMNS)]


def _by_year(futures: xr.Dataset) -> list[tuple[int, xr.DataArray]]:
    """Return the years that are told, each with the gap in it (draw, convention)."""
    origin, last = int(futures.attrs["origin"]), int(futures[YEAR_FUTURE].max())
    ahead = conventions.ahead(futures.sel({SCENARIO: BASELINE}))
    later = sorted({year for year in (SOON, HEADLINE_YEAR) if origin < year < last} | {last})
    return [
        (origin, conventions.past(futures).sel({YEAR: origin})),
        *((year, ahead.sel({YEAR_FUTURE: year})) for year in later),
    ]


def _rows(gap: xr.DataArray, chains: int) -> list[dict]:
    """Return the average over conventions, and each, of a gap (draw, convention)."""
    values = gap.transpose(DRAW, CONVENTION).values.astype(float)
    names = [str(name) for name in gap[CONVENTION].values]
    average = {"alternative": AVERAGE, "description": average_words(len(names)), "weight": 1.0,
               **figures(values, chains), "headline": 1}  # fmt: skip
    return [
        average,
        *(
            {"alternative": name, "description": DESCRIPTIONS[name], "weight": 1.0 / len(names),
             **figures(values[:, [at]], chains), "headline": 0}
            for at, name in enumerate(names)
        ),
    ]  # fmt: skip


def average_words(count: int) -> str:
    """Say what the average is."""
    return f"Average over the {count} conventions below, each counting the same"


def figures(gap: np.ndarray, chains: int) -> dict[str, float]:
    """Return probability, its Monte-Carlo error, and quantiles of a gap (draw, convention)."""
    low, middle, high = np.quantile(gap, [0.05, 0.5, 0.95])
    ahead = (gap > 0).mean(axis=1)
    return {
        "probability": float(ahead.mean()),
        "mc_error": float(monte_carlo_error(ahead[:, None], chains)[0]),
        "gap_median": float(middle), "gap_q05": float(low), "gap_q95": float(high),
    }  # fmt: skip


def by_domain(
    tree: xr.DataTree, futures: xr.Dataset, apart: xr.Dataset, *, seed: int = 0
) -> pd.DataFrame:
    """Return the probability that the recipient is ahead at the origin, by domain and convention.

    Parameters
    ----------
    tree : With `posterior`, `constant_data` and the group `domains`.
    futures : As from `forecast.simulate.futures`.
    apart : As from `forecast.domains.by_domain`, of those futures.
    seed : For what is drawn given the posterior.

    Returns
    -------
    pandas.DataFrame : domain, alternative, description, probability, mc_error, gap_median, gap_q05,
        gap_q95 (log-odds; log unit value for `unit_values`), year, headline (1 for the average over
        the conventions of the level in all, which comes first), and for `unit_values`
        supplier_items, recipient_items: how many unit values there are of each. Conventions of a
        domain alone are no part of the average: they are measured at the origin only.
    """
    own = conventions.draws_of(futures, apart)
    origin, chains = int(futures.attrs["origin"]), int(apart.attrs["chains"])
    alone, seen = _of_domains_alone(tree, own, seed)
    theta, rows = apart["theta_domain_past"].sel({YEAR: [origin]}), []
    for at, domain in enumerate(str(d) for d in apart[DOMAIN].values):
        gap = conventions.past(own, theta.sel({DOMAIN: domain})).sel({YEAR: origin})
        found = _rows(gap, chains) + [
            {"alternative": name, "description": DOMAIN_DESCRIPTIONS[name],
             **figures(values[:, [at]].astype(float), chains), "headline": 0}
            for name, values in alone.items()
        ]  # fmt: skip
        counts = {"supplier_items": seen[0, at], "recipient_items": seen[1, at]}
        rows += [
            {"domain": domain, **row, "year": origin}
            | (counts if row["alternative"] == "unit_values" else {})
            for row in found
        ]
    order = ("domain", "alternative", "description", "probability", "mc_error", "gap_median",
             "gap_q05", "gap_q95", "year", "headline", "supplier_items", "recipient_items")
    return pd.DataFrame(rows).reindex(columns=list(order))


def _of_domains_alone(
    tree: xr.DataTree, own: xr.Dataset, seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the gap by conventions that differ by domain alone (draw, domain), and how many unit
    values there are of supplier and recipient (side, domain).
    """
    pair = (str(own.attrs["supplier"]), str(own.attrs["recipient"]))
    observed = tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset()
    years = own[YEAR].values
    draws = layer_draws(tree)
    rng = np.random.default_rng([seed, 3])
    state = paths(draws, observed, pair[1], years, np.array([], dtype=int), rng)
    at = [state["sources"].index(code) for code in pair]
    state |= {name: state[name][..., -1:] for name in ("strength", "demand")}

    def gap(values: np.ndarray) -> np.ndarray:
        return values[:, 1] - values[:, 0]

    by_volume = gap(state["strength"][:, at][..., -1] + state["size"][:, at])
    plain = dict(state) | {"size": 0.0 * state["size"], "common_size": 0.0 * state["common_size"]}
    chosen = conventions.past(own).sel({YEAR: years[-1], CONVENTION: CHOSEN}).values[:, None]
    found = {
        "equal_domains": chosen + by_volume - by_volume.mean(axis=1, keepdims=True),
        "by_number": chosen + gap(relative(plain, at)[..., -1]),
    }
    suppliers = [str(s) for s in observed[SUPPLIER].values]
    seen = np.zeros((2, observed.sizes[DOMAIN]), dtype=int)
    if set(pair) <= set(suppliers):
        sides = [suppliers.index(code) for code in pair]
        for row, side in enumerate(sides):
            mine = observed["item_supplier"].values == side
            seen[row] = np.bincount(observed["item_domain"].values[mine], minlength=seen.shape[1])
        value = draws["unit_standing"]
        found["unit_values"] = value[:, sides[1]] - value[:, sides[0]]
    return found, seen
