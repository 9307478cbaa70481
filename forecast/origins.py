"""What was known at an origin, what was asked, and what came of it.

The one place that decides what a forecast of the past may see: releases of up to half a year after
the origin's end, and no year after it. The series that are forecast and the events that figures
resolve are read off such a panel, and off the one of today, by the same functions.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import books, listings, providers
from crossover.data.names import (
    BASE_YEARS,
    COUNTRY,
    EXPORT_CROSSOVER,
    FIRST_PASSAGE,
    FIRST_YEAR,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    KIND,
    MEAN_YEARS,
    RECIPIENT,
    REST,
    STATE,
    SUPPLIER,
    YEAR,
)
from crossover.data.panel import assemble
from crossover.data.tables import SOVIET_UNION, Panel, read
from crossover.forecast import events
from crossover.forecast.real_time import LISTED_LATE
from crossover.forecast.skill import (
    DISTANCE,
    DYADS,
    EXPORTS,
    IMPORTS,
    ORDERS,
    QUESTION,
    RD_SHARE,
    RELEASE,
    SERIES,
    kinds,
)

ACTIVE_YEARS = 5
"""A dyad is active at an origin if anything was delivered in this many years up to it."""


# What was known --------------------------------------------------------------------------------


def series(
    panel: xr.Dataset,
    dyads: Sequence[tuple[str, str]] | None = None,
    first_year: int = FIRST_YEAR,
) -> xr.Dataset:
    """Return the series that are forecast, as a panel has them.

    Parameters
    ----------
    panel : With `tiv`, `rd_share` and `ideal_point`, and `orders` (supplier, year) where the number
        of orders that suppliers win is asked for.
    dyads : Pairs to take; those active in the last years of the panel when None.
    first_year : Year to begin with.

    Returns
    -------
    xarray.Dataset : `value` (series, year), NaN where unknown; coordinates `target` and `unit` of
        each series, and `series` itself, "target/unit". Totals of countries of the sample count
        trade with all the world.
    """
    panel = panel.sel({YEAR: slice(first_year, None)})
    tiv = panel["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR)
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    imports = tiv.sum(SUPPLIER, skipna=False)
    exports = tiv.sum(RECIPIENT, skipna=False)
    found: list[tuple[str, str, np.ndarray]] = []
    for target, totals, codes in ((IMPORTS, imports, buyers), (EXPORTS, exports, sellers)):
        found += [(target, c, totals.values[k]) for k, c in enumerate(codes) if c != REST]
    for s, r in active(tiv) if dyads is None else dyads:
        found.append((DYADS, f"{s}-{r}", tiv.values[sellers.index(s), buyers.index(r)]))
    if "orders" in panel:
        won = panel["orders"].transpose(SUPPLIER, YEAR)
        found += [(ORDERS, c, won.values[k]) for k, c in enumerate(sellers) if c != REST]
    for code in panel[COUNTRY].values:
        values = panel["rd_share"].sel({COUNTRY: code}).values
        if np.isfinite(values).any():
            found.append((RD_SHARE, str(code), values))
    points = panel["ideal_point"]
    powers = [c for c in sellers if c in points[COUNTRY].values]
    for k, a in enumerate(powers):
        for b in powers[k + 1 :]:
            away = np.abs(points.sel({COUNTRY: a}).values - points.sel({COUNTRY: b}).values)
            if np.isfinite(away).any():
                found.append((DISTANCE, f"{a}-{b}", away))
    return labelled(
        [(target, unit) for target, unit, _ in found],
        {"value": ((SERIES, YEAR), np.stack([values for *_, values in found]))},
        {YEAR: panel[YEAR].values},
    )


def history(panel: xr.Dataset) -> xr.Dataset:
    """Return every series from whose past a benchmark may learn.

    Parameters
    ----------
    panel : As from `seen`.

    Returns
    -------
    xarray.Dataset : As from `series`, with all pairs that ever traded and the years before the
        modelled window, and `active` (series, year): whether the series would have been forecast in
        that year. That is every series from the first modelled year on, a pair only while it is
        active; those active in the last year are the ones of `series(panel)`, in their order.
    """
    modelled = panel["tiv"].sel({YEAR: slice(FIRST_YEAR, None)})
    found = series(panel, traded(modelled), int(panel[YEAR].values[0]))
    recent = found["value"].fillna(0.0).rolling({YEAR: ACTIVE_YEARS}, min_periods=1).sum() > 0
    is_pair = found["target"] == DYADS
    found["active"] = (recent | ~is_pair) & (found[YEAR] >= FIRST_YEAR)
    return found


def labelled(
    names: Sequence[tuple[str, str]], data: Mapping[str, Any], coords: Mapping[str, Any]
) -> xr.Dataset:
    """Return a dataset over series, with `target`, `unit` and `series` of each."""
    targets, units = (np.array([name[k] for name in names], dtype=str) for k in (0, 1))
    keys = np.array([f"{t}/{u}" for t, u in names], dtype=str)
    own = {SERIES: keys, "target": (SERIES, targets), "unit": (SERIES, units)}
    return xr.Dataset(dict(data), coords=own | dict(coords))


def active(tiv: xr.DataArray) -> list[tuple[str, str]]:
    """Return the pairs of the sample with deliveries in the last years (supplier, recipient)."""
    return traded(tiv.isel({YEAR: slice(-ACTIVE_YEARS, None)}))


def traded(tiv: xr.DataArray) -> list[tuple[str, str]]:
    """Return the pairs of the sample with any deliveries (supplier, recipient)."""
    total = tiv.sum(YEAR).transpose(SUPPLIER, RECIPIENT).values
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    return [
        (sellers[i], buyers[j])
        for i, j in zip(*np.nonzero(total > 0), strict=True)
        if REST not in (sellers[i], buyers[j])
    ]


# Events ----------------------------------------------------------------------------------------


def questions(tiv: xr.DataArray) -> xr.Dataset:
    """Return the events that figures can resolve and that have not happened at the origin.

    Export crossover of every ordered pair of suppliers, and independence of every pair with
    deliveries in the base years, by the rules of `forecast.events`; each twice, whether it has
    happened by a year and whether it holds in that year.

    Parameters
    ----------
    tiv : Deliveries known (supplier, recipient, year), to the origin.

    Returns
    -------
    xarray.Dataset : Over `question`: `event`, `kind`, `pair`, `supplier`, `recipient` (coordinates)
        and `base`, TIV million a year (NaN for export crossovers).
    """
    whole = tiv.transpose(SUPPLIER, RECIPIENT, YEAR)
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    tail = whole.values[..., -MEAN_YEARS:].mean(axis=-1)
    exports = tail.sum(axis=1)
    base = whole.sel({YEAR: slice(*BASE_YEARS)}).values.mean(axis=-1)
    own = [k for k, code in enumerate(sellers) if code != REST]
    rows = [
        (EXPORT_CROSSOVER, sellers[i], sellers[j], np.nan)
        for i in own
        for j in own
        if i != j and not exports[j] > exports[i]
    ]
    rows += [
        (INDEPENDENCE, sellers[i], code, base[i, j])
        for i in own
        for j, code in enumerate(buyers)
        if code != REST and base[i, j] > 0 and not tail[i, j] < INDEPENDENCE_SHARE * base[i, j]
    ]
    event, supplier, recipient, levels = zip(*rows, strict=True)
    pair = [f"{s}-{r}" for s, r in zip(supplier, recipient, strict=True)]
    text = {"event": event, "pair": pair, SUPPLIER: supplier, RECIPIENT: recipient}
    keys = [f"{e}/{p}" for e, p in zip(event, pair, strict=True)]
    once = xr.Dataset(
        {"base": (QUESTION, np.array(levels))},
        coords={QUESTION: np.array(keys, dtype=str)}
        | {name: (QUESTION, np.array(values, dtype=str)) for name, values in text.items()},
    )
    both = [
        once.assign_coords(
            {QUESTION: [f"{key}{end}" for key in keys], KIND: (QUESTION, [kind] * len(keys))}
        )
        for kind, end in ((FIRST_PASSAGE, ""), (STATE, f"/{STATE}"))
    ]
    return xr.concat(both, QUESTION)


def resolve(asked: xr.Dataset, tiv: xr.DataArray, origin: int, horizons: np.ndarray) -> np.ndarray:
    """Say whether each event has happened by each horizon, or holds in it, as its kind is.

    Parameters
    ----------
    asked : As from `questions`.
    tiv : Deliveries (..., supplier, recipient, year), two years before the origin and on.
    origin, horizons : Years from the origin's next to the horizon count.

    Returns
    -------
    numpy.ndarray : 1.0 or 0.0 (..., question, horizon); NaN where a year is not known.
    """
    span = np.arange(origin - MEAN_YEARS + 2, origin + int(horizons.max()) + 1)
    whole = tiv.reindex({YEAR: span}).transpose(..., SUPPLIER, RECIPIENT, YEAR)
    sellers, buyers = ([str(c) for c in tiv[d].values] for d in (SUPPLIER, RECIPIENT))
    sold = [sellers.index(s) for s in asked[SUPPLIER].values]
    crossing = asked["event"].values == EXPORT_CROSSOVER
    exports = events.trailing_mean(whole.sum(RECIPIENT, skipna=False).values)
    out = np.full((*whole.shape[:-3], asked.sizes[QUESTION], exports.shape[-1]), np.nan)
    known = np.isfinite(exports[..., 0, :])[..., None, :]
    base = asked["base"].values
    for k in np.flatnonzero(crossing):
        rival = sellers.index(str(asked[RECIPIENT].values[k]))
        out[..., k, :] = exports[..., rival, :] > exports[..., sold[k], :]
    for k in np.flatnonzero(~crossing):
        bought = buyers.index(str(asked[RECIPIENT].values[k]))
        means = events.trailing_mean(whole.values[..., sold[k], bought, :])
        out[..., k, :] = means < INDEPENDENCE_SHARE * base[k]
    passage = kinds(asked) == FIRST_PASSAGE
    out[..., passage, :] = np.maximum.accumulate(out[..., passage, :], axis=-1)
    out = np.where(known, out, np.nan)
    return out[..., horizons - 1]


class Earlier(NamedTuple):
    """What could be asked at an earlier origin, and what had come of it by the one at hand."""

    known: xr.DataArray
    """Deliveries to that origin (supplier, recipient, year); as `moved` in `earlier`."""
    asked: xr.Dataset
    happened: np.ndarray
    """(question, horizon), of the horizons that had passed."""


def earlier(tiv: xr.DataArray, origin: int, horizons: np.ndarray) -> Iterator[Earlier]:
    """Yield the events at risk at each earlier origin, and whether they happened by the origin.

    The base of independence is the ten years before that origin.

    Parameters
    ----------
    tiv, origin, horizons : As of `resolve`, with all years known to the origin.
    """
    years = BASE_YEARS[1] - BASE_YEARS[0] + 1
    for past in range(FIRST_YEAR + years, origin):
        known = tiv.sel({YEAR: slice(None, past)})
        moved = known.assign_coords({YEAR: known[YEAR].values - (past - 1 - BASE_YEARS[1])})
        asked = questions(moved)
        yield Earlier(known, asked, resolve(asked, tiv, past, horizons[horizons <= origin - past]))


def climatology(
    asked: xr.Dataset, tiv: xr.DataArray, origin: int, horizons: np.ndarray
) -> np.ndarray:
    """Return how often events of the same kind came to pass before (question, horizon).

    Of all pairs at risk at each earlier origin whose horizon had passed by the origin, the share
    in which it happened.

    Parameters
    ----------
    asked, tiv, origin, horizons : As of `resolve`, with all years known to the origin.
    """
    happened: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for past in earlier(tiv, origin, horizons):
        both = (EXPORT_CROSSOVER, INDEPENDENCE), np.unique(kinds(asked))
        for event, kind in itertools.product(*both):
            own = past.happened[(past.asked["event"].values == event) & (kinds(past.asked) == kind)]
            for h, column in zip(horizons, own.T, strict=False):
                happened[event, kind, int(h)] += column.tolist()
    # One case of each kind beside those on record, so that nothing is held for impossible.
    share = {
        key: (np.nansum(values) + 0.5) / (np.isfinite(values).sum() + 1.0)
        for key, values in happened.items()
    }
    table = [
        [share[str(event), str(kind), int(h)] for h in horizons]
        for event, kind in zip(asked["event"].values, kinds(asked), strict=True)
    ]
    return np.array(table)


# What came -------------------------------------------------------------------------------------


def outturns(folder: Panel = None) -> xr.Dataset:
    """Return what came, in the first kept release of each figure and in the latest.

    Returns
    -------
    xarray.Dataset : `tiv` (release, supplier, recipient, year), `rd_share` and `ideal_point`
        (release, country, year), `orders` (release, supplier, year; of the latest only); `release`
        is "first" and "latest". NaN where no kept release covers a year. Where a provider's early
        releases were not kept, the first one kept counts.
    """
    latest = assemble(None, folder)
    first = latest[["tiv", "rd_share", "ideal_point"]].copy(deep=True)
    releases = [r for r in read("vintages", folder) if r.table == "transfers" and not r.assumed]
    of_year: dict[int, str] = {}
    for row in sorted(releases, key=lambda r: r.vintage):
        for year in range(row.first_year, row.last_year + 1):
            of_year.setdefault(year, row.vintage)
    at = {
        dim: {str(label): i for i, label in enumerate(latest[dim].values)}
        for dim in (SUPPLIER, RECIPIENT, COUNTRY)
    }
    years = {int(year): i for i, year in enumerate(latest[YEAR].values)}
    tiv = np.zeros(first["tiv"].transpose(SUPPLIER, RECIPIENT, YEAR).shape)
    for row in read("transfers", folder):
        if row.year in years and not row.assumed and of_year.get(row.year) == row.vintage:
            s, r = ("RUS" if c == SOVIET_UNION else c for c in (row.supplier, row.recipient))
            tiv[at[SUPPLIER][s], at[RECIPIENT][r], years[row.year]] += row.tiv
    covered = np.array([year in of_year for year in years])
    first["tiv"] = ((SUPPLIER, RECIPIENT, YEAR), np.where(covered, tiv, np.nan))
    rd_share = np.full((len(at[COUNTRY]), len(years)), np.nan)
    own = {"indicator": {"rd_share"}}
    for source in (providers.OECD.title, providers.WORLD_BANK.title):
        rows = [
            row for row in read("country_years", folder, own)
            if row.source == source and not row.assumed and row.year in years
            and row.country in at[COUNTRY]
        ]  # fmt: skip
        for row in sorted(rows, key=lambda r: r.vintage, reverse=True):
            rd_share[at[COUNTRY][row.country], years[row.year]] = row.value
    first["rd_share"] = ((COUNTRY, YEAR), rd_share)
    latest["orders"] = orders_won(latest, folder)
    first["orders"] = latest["orders"] * np.nan
    both = xr.concat([first, latest[list(first)]], pd.Index(["first", "latest"], name=RELEASE))
    return both.drop_vars(["domain", "weapon_class", "class_domain"], errors="ignore")


def orders_won(panel: xr.Dataset, folder: Panel = None) -> xr.DataArray:
    """Return how many orders suppliers won (supplier, year), as the newest register lists them.

    NaN in its last years, whose orders are not all listed yet, and without a register.
    """
    won = xr.zeros_like(panel["tiv"].isel({RECIPIENT: 0}, drop=True)).transpose(SUPPLIER, YEAR)
    if not read("registers", folder):
        return won * np.nan
    book = books.as_of(None, folder)
    listed = listings.attach(panel, [book])
    sellers, ordered = (
        listed[f"{listings.LISTING}_{column}"].values for column in ("supplier", "order_year")
    )
    for k, year in enumerate(won[YEAR].values):
        won.values[:, k] = np.bincount(sellers[ordered == year], minlength=len(won))
    return won.where(won[YEAR] <= book.last_year - LISTED_LATE)
