"""What moves the answer: the question of capacity under every choice that could have been another.

Conventions are read off the draws. The others are fits: orders that come in clumps of another kind,
a model without one of its parts, wider priors, and the figures of earlier years. Priors that count
for a little less or more need no fit: draws are weighted (power-scaling, Kallioinen et al. 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import (
    BASELINE,
    CHAIN,
    CONVENTION,
    DRAW,
    HEADLINE_YEAR,
    SCENARIO,
    SOON,
    YEAR,
)
from crossover.data.tables import Panel
from crossover.forecast import conventions, events
from crossover.forecast.past_forecasts import NIL, VARIANTS, gdp_for_rd, quality, variant
from crossover.forecast.weighting import probability, smoothed
from crossover.models.priors import Priors

PUBLISHED = "published"
CONVENTIONS, LIKELIHOOD, PARTS, PRIORS, FIGURES = (
    "convention", "likelihood", "without", "priors", "figures",
)  # fmt: skip
"""What of a fit is another than published."""
EARLIER = (1, 2)
"""How many years earlier the figures end."""
WIDER = 2.0
SCALED = (0.8, 1.25)
"""Powers of the priors: for how much they count."""
NO_GROWTH, FULL_GROWTH = {"clumping_growth": NIL}, {"clumping_growth": {"mu": 1.0, "sigma": 0.001}}


class Choice(NamedTuple):
    """A fit that differs from the published one: by its priors, or by the figures that it sees."""

    group: str
    name: str
    description: str
    priors: Callable[[Priors], Priors] = lambda given: given
    figures: Callable[[xr.Dataset], xr.Dataset] = lambda panel: panel


def wider(given: Priors) -> Priors:
    """Return priors whose top-level parameters are spread `WIDER` times as widely."""
    spread = {
        name: {"sigma": WIDER * entry["sigma"]}
        for name, entry in given.variables.items() if entry["top_level"]
    }  # fmt: skip
    return variant(given, spread)


def _changed(changes: Mapping[str, Mapping[str, float]]) -> Callable[[Priors], Priors]:
    return lambda given: variant(given, changes)


def choices(origin: int, folder: Panel = None) -> tuple[Choice, ...]:
    """Return the fits that are compared with the published one.

    Parameters
    ----------
    origin : Last data year of the published fit.
    folder : The panel and additions that it was made from.
    """
    from crossover.forecast.real_time import seen

    single = {"clumping": {"mu": 7.0, "sigma": 0.05}} | NO_GROWTH
    likelihoods = (
        ("one_by_one", "orders come one by one (Poisson)", single),
        ("clumps_alike", "orders of all pairs clump alike, however many", NO_GROWTH),
        ("clumps_in_proportion", "variance of orders in proportion to their mean", FULL_GROWTH),
    )
    parts = (
        ("no_memory", "without memory of a pair's earlier orders"),
        ("no_rd", "without effects of R&D"),
        ("no_military", "without effects of military spending"),
    )
    earlier = (
        Choice(
            FIGURES, f"to_{origin - years}",
            f"figures to {origin - years}, as known half a year later",
            figures=lambda _, last=origin - years: seen(last, folder),
        )
        for years in EARLIER
    )  # fmt: skip
    return (
        *(Choice(LIKELIHOOD, name, words, _changed(how)) for name, words, how in likelihoods),
        *(Choice(PARTS, name, words, _changed(VARIANTS[name])) for name, words in parts),
        Choice(PARTS, "gdp", "GDP in place of R&D", figures=gdp_for_rd),
        Choice(PRIORS, "wider", "priors twice as wide", wider),
        *earlier,
    )


def table(
    tree: xr.DataTree,
    panel: xr.Dataset,
    given: Priors,
    pair: tuple[str, str],
    *,
    seed: int,
    folder: Panel = None,
    say: Callable[[str], None] = lambda words: None,
) -> pd.DataFrame:
    """Ask whether the recipient is ahead in capacity under every choice.

    Parameters
    ----------
    tree : The published fit; its numbers of chains and draws are those of the others.
    panel, given : What it was made from.
    pair : ISO3 codes of supplier and recipient.
    seed : Of the samplers and the futures.
    folder : Panel and additions, for earlier years.
    say : Told of each fit before it is made.

    Returns
    -------
    pandas.DataFrame : group, choice, description, year, probability (state in the year, averaged
        over conventions but for the rows of single ones), mc_error, change (against published),
        passed (1 where the gate passed the fit, empty where there is none of its own), rhat, ess,
        khat (of weighted draws). Years: the origin, `SOON` and `HEADLINE_YEAR`.
    """
    from crossover.forecast.fit import fit

    origin = int(tree["constant_data"].attrs["origin"])
    years = [origin, SOON, HEADLINE_YEAR]
    ahead = states(tree, pair, years, seed=seed)
    lead = ahead.mean(CONVENTION)
    rows = list(_rows(PUBLISHED, PUBLISHED, "as published", lead))
    for name in ahead[CONVENTION].values:
        words = conventions.DESCRIPTIONS[str(name)]
        rows += _rows(CONVENTIONS, str(name), words, ahead.sel({CONVENTION: name}, drop=True))
    for power in SCALED:
        words = f"priors count {power:g} times as much"
        weight, khat = scaled(tree["log_prior"].to_dataset(), power)
        rows += _rows(PRIORS, f"power_{power:g}", words, lead, weight, khat=khat)
    sizes = tree["posterior"].sizes
    for choice in choices(origin, folder):
        say(f"fitting: {choice.description}")
        own = fit(
            choice.figures(panel), choice.priors(given), seed=seed, draws=sizes[DRAW],
            chains=sizes[CHAIN],
        )  # fmt: skip
        lead = states(own, pair, years, seed=seed).mean(CONVENTION)
        found = {key: value for key, value in quality(own).items() if key != "divergences"}
        rows += _rows(choice.group, choice.name, choice.description, lead, **found)
    made = pd.DataFrame(rows)
    published = made[made["choice"] == PUBLISHED].set_index("year")["probability"]
    made["change"] = made["probability"] - made["year"].map(published)
    return made


def states(
    tree: xr.DataTree, pair: tuple[str, str], years: list[int], *, seed: int
) -> xr.DataArray:
    """Return whether the recipient is ahead in each year (chain, draw, convention, year), 0 or 1.

    Simulated to the usual horizon, so that a run's own figures come out as it published them.
    """
    from crossover.forecast import simulate

    futures = simulate.futures(tree, *pair, seed=seed)
    answered = events.answers(futures)[events.CAPACITY_CROSSOVER]
    held = answered.sel({SCENARIO: BASELINE, YEAR: years}, drop=True)
    held = held.transpose(DRAW, CONVENTION, YEAR)
    chains = int(futures.attrs["chains"])
    values = held.values.reshape(chains, -1, *held.shape[1:]).astype(float)
    return xr.DataArray(
        values, dims=(CHAIN, DRAW, CONVENTION, YEAR),
        coords={CONVENTION: futures[CONVENTION].values, YEAR: years},
    )  # fmt: skip


def scaled(log_prior: xr.Dataset, power: float) -> tuple[np.ndarray, float]:
    r"""Return the log weight of each draw where the priors of top-level parameters count otherwise.

    .. math:: w \propto \prod_j p(\theta_j)^{a - 1}

    Parameters
    ----------
    log_prior : A variable each top-level parameter (chain, draw).
    power : a: 1 as stated.

    Returns
    -------
    tuple : As from `forecast.weighting.smoothed`.
    """
    total = log_prior.to_dataarray("parameter").sum("parameter").transpose(CHAIN, DRAW)
    return smoothed((power - 1.0) * total.values)


def _rows(
    group: str,
    name: str,
    words: str,
    lead: xr.DataArray,
    log_weight: np.ndarray | None = None,
    **found: Any,
) -> Iterable[dict[str, Any]]:
    """Yield a choice's row of each year; `lead` (chain, draw, year) is the share that hold."""
    equal = np.zeros(lead.shape[:2]) if log_weight is None else log_weight
    for year in lead[YEAR].values:
        chance, error = probability(equal, lead.sel({YEAR: year}).transpose(CHAIN, DRAW).values)
        yield {
            "group": group, "choice": name, "description": words, "year": int(year),
            "probability": chance, "mc_error": error, "change": np.nan,
            "passed": None, "rhat": np.nan, "ess": np.nan, "khat": np.nan,
        } | found  # fmt: skip
