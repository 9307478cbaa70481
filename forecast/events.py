"""Draws to questions: in which years does what a question asks hold.

A question is an indicator by draw and year from the origin on, and is answered in three kinds: its
state (it holds in the year), its first passage (it has held in that or any earlier year since the
origin) and whether it is lasting (it holds from that year to the horizon). In every draw and year
what lasts holds, and what holds has happened. Of questions on capacity there is an indicator for
each convention of the level, and what is published is their average. Nothing here knows a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from crossover.data.names import (
    ALL_DOMAINS,
    BASE_YEARS,
    BASELINE,
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    CONTESTED_ORDERS,
    CONVENTION,
    COUNTRY,
    DOMAIN,
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    DRAW,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
    KINDS,
    LASTING,
    MARKET,
    MEAN_YEARS,
    ONCE,
    SCENARIO,
    STATE,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def ahead(recipient: np.ndarray, supplier: np.ndarray) -> np.ndarray:
    """Say where the recipient's quantity exceeds the supplier's; a tie is no overtaking."""
    return recipient > supplier


def sustained(happens: np.ndarray, length: int = MEAN_YEARS) -> np.ndarray:
    """Say where something has been true for `length` years running (..., year).

    `length - 1` years less: a spell counts from its last needed year.
    """
    last = happens.shape[-1] - length + 1
    return np.logical_and.reduce([happens[..., k : last + k] for k in range(length)])


def trailing_mean(values: np.ndarray, length: int = MEAN_YEARS) -> np.ndarray:
    """Means over `length` years (..., year), dated by the last; `length - 1` years less."""
    last = values.shape[-1] - length + 1
    return sum(values[..., k : last + k] for k in range(length)) / length


def by_year(happens: np.ndarray) -> np.ndarray:
    """Whether it has happened by each year (..., year)."""
    return np.logical_or.accumulate(happens, axis=-1)


def from_year(happens: np.ndarray) -> np.ndarray:
    """Whether it holds from each year to the last without a break (..., year)."""
    return np.logical_and.accumulate(happens[..., ::-1], axis=-1)[..., ::-1]


READ = {STATE: lambda happens: happens, FIRST_PASSAGE: by_year, LASTING: from_year}
"""Kind of answer → what it reads off an indicator (..., year)."""


def kinds_of(event: str) -> tuple[str, ...]:
    """Return the kinds of answer that an event is given; the first one leads."""
    return (FIRST_PASSAGE,) if event in ONCE else KINDS


def first_year(happens: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Year in which it first happens (...), NaN where it never does."""
    found = years[happens.argmax(axis=-1)].astype(float)
    return np.where(happens.any(axis=-1), found, np.nan)


def whole(past: xr.DataArray, future: xr.DataArray) -> np.ndarray:
    """Return the last years up to the origin, `MEAN_YEARS` of them, and all future ones.

    (draw, scenario, ..., year), from (year) or (draw, ..., year), and (draw, scenario, ...,
    year_future).
    """
    origin = int(future[YEAR_FUTURE].min()) - 1
    future = future.transpose(DRAW, SCENARIO, ..., YEAR_FUTURE).values
    tail = past.sel({YEAR: slice(origin - MEAN_YEARS + 1, origin)})
    tail = tail.values if DRAW not in past.dims else tail.transpose(DRAW, ..., YEAR).values[:, None]
    shape = (*future.shape[:-1], MEAN_YEARS)
    return np.concatenate([np.broadcast_to(tail, shape), future], axis=-1)


Definition = Callable[["xr.Dataset"], "np.ndarray | None"]


def _lead_in_capacity(forecast: xr.Dataset) -> np.ndarray:
    """Where the recipient's capacity exceeds the supplier's (draw, scenario, convention, year)."""
    return whole(conventions.past(forecast), conventions.ahead(forecast)) > 0


def _lead_in_exports(forecast: xr.Dataset, length: int = MEAN_YEARS) -> np.ndarray | None:
    """Where the recipient's mean exports exceed the supplier's (draw, scenario, year).

    None where one of them is no exporter of the sample.
    """
    pair = (forecast.attrs["supplier"], forecast.attrs["recipient"])
    if not set(pair) <= set(forecast[SUPPLIER].values):
        return None
    sold = (
        [forecast[name].sel({SUPPLIER: code}) for name in ("exports_observed", "exports")]
        for code in pair
    )
    theirs, ours = (trailing_mean(whole(*of), length)[..., MEAN_YEARS - length :] for of in sold)
    return ahead(ours, theirs)


def _more_orders(forecast: xr.Dataset) -> np.ndarray | None:
    """Where the recipient wins more orders in markets that either could win.

    TIV ordered in the year and the two before, all of them after the origin. None without markets.
    """
    if not forecast.sizes.get(MARKET):
        return None
    ordered = forecast["contested"].transpose(DRAW, SCENARIO, SUPPLIER, YEAR_FUTURE)
    pair = [forecast.attrs[side] for side in ("supplier", "recipient")]
    theirs, ours = (trailing_mean(ordered.sel({SUPPLIER: code}).values) for code in pair)
    return ahead(ours, theirs)


def _independent(forecast: xr.Dataset) -> np.ndarray | None:
    """Where mean deliveries are below a share of their old mean; None where there were none."""
    observed = forecast["deliveries_observed"]
    base = observed.sel({YEAR: slice(*BASE_YEARS)})
    if not base.size or not float(base.mean()) > 0:
        return None
    means = trailing_mean(whole(observed, forecast["deliveries"]))
    return means < INDEPENDENCE_SHARE * float(base.mean())


DEFINITIONS: Mapping[str, Definition] = {
    CAPACITY_CROSSOVER: lambda forecast: _lead_in_capacity(forecast)[..., MEAN_YEARS - 1 :],
    CAPACITY_CROSSOVER_SUSTAINED: lambda forecast: sustained(_lead_in_capacity(forecast)),
    EXPORT_CROSSOVER: _lead_in_exports,
    EXPORT_CROSSOVER_SINGLE: lambda forecast: _lead_in_exports(forecast, 1),
    CONTESTED_ORDERS: _more_orders,
    INDEPENDENCE: _independent,
}
"""Every event of a pair → where it is true in a forecast as from `forecast.simulate.futures`: bool
(draw, scenario, year), or (draw, scenario, convention, year), of every year from the origin on, but
of contested orders later; None where it is not defined for the pair. What it is called stands in
reports/catalogue.toml."""
EVENTS = tuple(DEFINITIONS)


def answers(forecast: xr.Dataset) -> xr.Dataset:
    """Whether each event is true, by draw and year from the origin on.

    Parameters
    ----------
    forecast
        As from `forecast.simulate.futures`.

    Returns
    -------
    xarray.Dataset
        One variable an event (draw, scenario, year), bool; those on capacity by convention too
        (draw, scenario, convention, year). An event that is not defined for the pair (no exports of
        one of them in the sample, no deliveries in the base years) is left out.
    """
    return answers_on(forecast, [name for name in EVENTS if name != CONTESTED_ORDERS])


def order_answers(forecast: xr.Dataset) -> xr.Dataset | None:
    """Whether the recipient wins more orders than the supplier in markets that either could win.

    As from `answers`, of `contested_orders` from the third year after the origin on. None where
    there is no such market.
    """
    found = answers_on(forecast, [CONTESTED_ORDERS])
    return found if found.data_vars else None


def answers_on(forecast: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Return `answers` on some events, whose years must be the same."""
    import xarray as xr

    each = {name: DEFINITIONS[name](forecast) for name in names}
    found = {name: values for name, values in each.items() if values is not None}
    known = max((values.shape[-1] for values in found.values()), default=0)
    horizon = int(forecast[YEAR_FUTURE].max())
    dims = {3: (DRAW, SCENARIO, YEAR), 4: (DRAW, SCENARIO, CONVENTION, YEAR)}
    return xr.Dataset(
        {name: (dims[values.ndim], values) for name, values in found.items()},
        coords={
            DRAW: forecast[DRAW], SCENARIO: forecast[SCENARIO],
            YEAR: np.arange(horizon - known + 1, horizon + 1),
        },
        attrs=forecast.attrs,
    )  # fmt: skip


def domain_crossovers(forecast: xr.Dataset, by_domain: xr.Dataset) -> xr.Dataset:
    """Whether the recipient is ahead by domain, and so for years, by draw from the origin on.

    `domain_crossover` and `domain_crossover_sustained` (draw, scenario, domain, convention, year),
    bool; see `domain_answers`.
    """
    import xarray as xr

    own = conventions.draws_of(forecast, by_domain)
    past, future = (by_domain[name] for name in ("theta_domain_past", "theta_domain"))
    domains = [str(d) for d in by_domain[DOMAIN].values]
    lead = np.stack(
        [
            whole(
                conventions.past(own, past.sel({DOMAIN: one})),
                conventions.ahead(own, future.sel({DOMAIN: one})),
            ) > 0
            for one in domains
        ], axis=2,
    )  # fmt: skip
    each = (DRAW, SCENARIO, DOMAIN, CONVENTION, YEAR)
    origin, horizon = int(forecast.attrs["origin"]), int(forecast[YEAR_FUTURE].max())
    return xr.Dataset(
        {
            DOMAIN_CROSSOVER: (each, lead[..., MEAN_YEARS - 1 :]),
            DOMAIN_CROSSOVER_SUSTAINED: (each, sustained(lead)),
        },
        coords={
            DRAW: by_domain[DRAW].values, SCENARIO: forecast[SCENARIO], DOMAIN: domains,
            YEAR: np.arange(origin, horizon + 1),
        },
        attrs=by_domain.attrs,
    )  # fmt: skip


def domain_answers(forecast: xr.Dataset, by_domain: xr.Dataset) -> xr.Dataset:
    """Whether each event that rests on domains is true, by draw and year from the origin on.

    Parameters
    ----------
    forecast
        As from `forecast.simulate.futures`.
    by_domain
        As from `forecast.domains.by_domain`, of that forecast.

    Returns
    -------
    xarray.Dataset
        `domain_crossover` and `domain_crossover_sustained` (draw, scenario, domain, convention,
        year), and, for pairs of two exporters with all other figures known, `junior_everywhere` and
        `junior_in_named_domains` (draw, scenario, convention, year): true where the recipient is
        ahead, in one and the same draw, year and convention, in GDP, R&D stock, military spending,
        mean exports, capacity and every domain (the second leaves the domain `other` out). Bool.
    """
    own = conventions.draws_of(forecast, by_domain)
    found = domain_crossovers(forecast, by_domain)
    exports = _lead_in_exports(own)
    others = ("gdp", "rd_stock", "milex")
    if exports is None or any(np.isnan(own[name].values).any() for name in others):
        return found
    joint, since = exports.copy(), MEAN_YEARS - 1
    for name in others:
        theirs, ours = (
            whole(own[f"{name}_past"].sel({COUNTRY: code}), own[name].sel({COUNTRY: code}))
            for code in (forecast.attrs["supplier"], forecast.attrs["recipient"])
        )
        joint &= ahead(ours, theirs)[..., since:]
    joint = joint[:, :, None] & _lead_in_capacity(own)[..., since:]
    every = found[DOMAIN_CROSSOVER].values
    named = found[DOMAIN].values != "other"
    each = (DRAW, SCENARIO, CONVENTION, YEAR)
    return found.assign(
        {
            JUNIOR_EVERYWHERE: (each, joint & every.all(axis=2)),
            JUNIOR_IN_NAMED_DOMAINS: (each, joint & every[:, :, named].all(axis=2)),
        }
    )


def domains_ahead(table: xr.Dataset) -> pd.DataFrame:
    """In how many domains the recipient is ahead in a year, as a distribution.

    Parameters
    ----------
    table
        As from `domain_answers`.

    Returns
    -------
    pandas.DataFrame
        scenario, year, domains (how many), probability.
    """
    import pandas as pd

    count = table[DOMAIN_CROSSOVER].sum(DOMAIN).transpose(SCENARIO, YEAR, DRAW, CONVENTION).values
    numbers = range(table.sizes[DOMAIN] + 1)
    share = np.stack([(count == k).mean(axis=(-2, -1)) for k in numbers], axis=-1)
    return pd.DataFrame(
        [
            {"scenario": str(scenario), "year": int(year), "domains": k, "probability": p}
            for scenario, by_year_ in zip(table[SCENARIO].values, share, strict=True)
            for year, shares in zip(table[YEAR].values, by_year_, strict=True)
            for k, p in zip(numbers, shares.tolist(), strict=True)
        ]
    )


def by_chain(values: np.ndarray, chains: int) -> np.ndarray:
    """Return draws of all chains (draw, ...) as (chain, draw, ...)."""
    return values.reshape(chains, -1, *values.shape[1:])


def indicators(table: xr.Dataset) -> dict[str, np.ndarray]:
    """Return every published indicator of the baseline by event, kind and year (chain, draw).

    Parameters
    ----------
    table
        As from `answers` or `domain_answers`.
    """
    chains = int(table.attrs["chains"])
    return {
        f"{name}{'' if domain == ALL_DOMAINS else f' {domain}'}, {kind} {year}": by_chain(
            found[:, at], chains
        )
        for name, domain, values in one_by_one(table.sel({SCENARIO: BASELINE}))
        for kind in kinds_of(name)
        for found in [answered(kind, values, DRAW)]
        for at, year in enumerate(table[YEAR].values)
    }


def answered(kind: str, values: xr.DataArray, *dims: str) -> np.ndarray:
    """Return what an event is answered in one of its kinds (..., year).

    Parameters
    ----------
    kind
        Of `READ`.
    values
        Whether the event is true: dims and year, and convention where it has them.
    dims
        In which order they are wanted.

    Returns
    -------
    array
        Bool; of an event by convention the share of conventions under which it is so.
    """
    if CONVENTION not in values.dims:
        return READ[kind](values.transpose(*dims, YEAR).values)
    return READ[kind](values.transpose(*dims, CONVENTION, YEAR).values).mean(axis=-2)


def one_by_one(table: xr.Dataset) -> Iterator[tuple[str, str, xr.DataArray]]:
    """Yield each event, its domain, and whether it is true (draw, scenario, year)."""
    for name, values in table.items():
        if DOMAIN not in values.dims:
            yield str(name), ALL_DOMAINS, values
            continue
        for domain in values[DOMAIN].values:
            yield str(name), str(domain), values.sel({DOMAIN: domain}, drop=True)


def monte_carlo_error(happened: np.ndarray, chains: int) -> np.ndarray:
    """Return the Monte-Carlo standard error of means of draws (draw, year) → (year).

    From the effective sample size of each, which counts the draws' autocorrelation;
    zero where all draws agree.
    """
    from crossover.forecast.convergence import ess_of_mean

    spread = happened.std(axis=0)
    out = np.zeros(happened.shape[1])
    at = np.flatnonzero(spread)
    if len(at):
        out[at] = spread[at] / np.sqrt(ess_of_mean(by_chain(happened[:, at], chains)))
    return out
