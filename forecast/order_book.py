"""The benchmark with the order book: ridge on the own record, corrected by what is on order.

What is delivered next year was mostly ordered before this one. For each pair and supplier the
forecast of `baselines.ridge` is corrected by a second ridge regression on the undelivered orders by
age, learned at earlier books only; imports are the sum of what pairs are expected to deliver. At
an origin whose register was kept, all books are as they stood at the time, and the years without
one are left out. At any other, books are cut from later knowledge: such forecasts are too good, and
go by another name.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from crossover.data import books, churn, degraded
from crossover.data.deals import covers, undelivered
from crossover.data.names import ALL_SUPPLIERS, MEAN_YEARS, RECIPIENT, REST, SUPPLIER, YEAR
from crossover.data.tables import SOVIET_UNION, Panel
from crossover.forecast import baselines
from crossover.forecast.skill import DEGRADED_BOOK, DYADS, EXPORTS, IMPORTS, LEVELS, SERIES

ON_ORDER, BOOK, AGE = "on_order", "ridge_book", "age"
"""Variable of a panel: TIV million ordered and not delivered (book, supplier, recipient, age); the
books are named by their last data year."""
AGES = (2, 6)
"""Bounds of the ages of orders, years: up to two, up to six, and above."""
OLDEST = 20
"""Age from which an order counts as dead."""
FIRST_BOOK = 2000
"""First year of which a book is cut from later knowledge."""


# What was on order -----------------------------------------------------------------------------


def seen(panel: xr.Dataset, held: dict[int, books.Book]) -> xr.Dataset:
    """Return a panel with the order books that a forecast of its last year may see.

    Parameters
    ----------
    panel : As from `origins.seen`.
    held : As from `read_books`.

    Returns
    -------
    xarray.Dataset
        With `ON_ORDER`, whose attribute `degraded` is 1 where books are cut from later knowledge.
    """
    origin = int(panel[YEAR].values[-1])
    known = {year: book for year, book in held.items() if year <= origin}
    if not known[origin].degraded:
        known = {year: book for year, book in known.items() if not book.degraded}
    values = np.stack([tally(book, panel) for book in known.values()])
    out = panel.assign_coords({BOOK: list(known)})
    out[ON_ORDER] = ((BOOK, SUPPLIER, RECIPIENT, AGE), values)
    out[ON_ORDER].attrs["degraded"] = int(known[origin].degraded)
    return out


def read_books(last: int, folder: Panel = None) -> dict[int, books.Book]:
    """Return the book of each year up to `last`, cut from later knowledge where none was kept.

    A register that covers some suppliers only counts as none.
    """
    held = churn.registers_of(folder)
    found = {}
    for year in range(FIRST_BOOK, last + 1):
        book = books.of_year(year, folder)
        whole = book is not None and book.register.suppliers == ALL_SUPPLIERS
        found[year] = book if whole else degraded.degraded_book(year, folder, held=held)
    return found


def tally(book: books.Book, panel: xr.Dataset) -> np.ndarray:
    """Sum what a book has on order, TIV million (supplier, recipient, age).

    Of a kept book only what its own register covers: older ones may list what came since.
    """
    sellers, buyers = ([str(c) for c in panel[d].values] for d in (SUPPLIER, RECIPIENT))
    out = np.zeros((len(sellers), len(buyers), len(AGES) + 1))
    for deal in book.deals:
        age, left = book.last_year - deal.order_year, undelivered(deal)
        if left <= 0.0 or not 0 <= age <= OLDEST:
            continue
        if not book.degraded and not covers(book.register, deal.supplier, deal.order_year):
            continue
        at = (_place(deal.supplier, sellers), _place(deal.recipient, buyers))
        out[(*at, sum(age > bound for bound in AGES))] += left
    return out


def _place(code: str, known: list[str]) -> int:
    code = "RUS" if code == SOVIET_UNION else code
    return known.index(code if code in known else REST)


def name(panel: xr.Dataset) -> str:
    """Return the benchmark's name on a panel as from `seen`: degraded books make another one."""
    marked = panel[ON_ORDER].attrs["degraded"]
    return DEGRADED_BOOK if marked else baselines.ORDER_BOOK


# The forecast ----------------------------------------------------------------------------------


class Corrected(NamedTuple):
    """Forecasts of one target some years ahead, log(1 + TIV), by year of the book.

    `said` of the series active in that year, at every book that has one; `came` likewise, where
    it was known at the origin.
    """

    said: dict[int, np.ndarray]
    came: dict[int, np.ndarray]

    def quantiles(self, year: int) -> np.ndarray:
        """Return quantiles of the forecast at a book (series, level), with past errors."""
        past, came = (
            np.concatenate([side[b] for b in self.came]) for side in (self.said, self.came)
        )
        return baselines.with_errors(self.said[year], past, came)


def forecast(panel: xr.Dataset, history: xr.Dataset, horizons: int) -> np.ndarray:
    """Return the forecast with the order book.

    Parameters
    ----------
    panel : As from `seen`.
    history : As from `origins.history`, of that panel.
    horizons : Years ahead.

    Returns
    -------
    numpy.ndarray : Quantiles at `skill.LEVELS` (series, horizon, level) of the series that are
        active in the last year, in TIV million; NaN for series that are not deliveries, and where
        no earlier book is old enough to learn from.
    """
    now = history["active"].transpose(SERIES, YEAR).values[:, -1]
    targets = history["target"].values
    origin = int(panel[YEAR].values[-1])
    out = np.full((now.sum(), horizons, len(LEVELS)), np.nan)
    one = {t: history.isel({SERIES: targets == t}) for t in (DYADS, EXPORTS, IMPORTS)}
    for h in range(1, horizons + 1):
        pairs = _corrected(one[DYADS], _of_series(panel, one[DYADS]), h)
        if not pairs.came:
            continue
        found = {
            DYADS: pairs,
            EXPORTS: _corrected(one[EXPORTS], _of_series(panel, one[EXPORTS]), h),
            IMPORTS: _summed(panel, one[IMPORTS], one[DYADS], pairs, h),
        }
        for target, made in found.items():
            out[targets[now] == target, h - 1] = np.expm1(made.quantiles(origin))
    return out


def _of_series(panel: xr.Dataset, one: xr.Dataset) -> dict[int, np.ndarray]:
    """Return what is on order of each series, by year of the book (series, age)."""
    amounts = panel[ON_ORDER].transpose(BOOK, SUPPLIER, RECIPIENT, AGE)
    sellers, buyers = ([str(c) for c in panel[d].values] for d in (SUPPLIER, RECIPIENT))
    rows = []
    for unit in one["unit"].values:
        s, *r = str(unit).split("-")
        whole = amounts.values[:, sellers.index(s)]
        rows.append(whole[:, buyers.index(r[0])] if r else whole.sum(axis=1))
    return dict(zip(map(int, panel[BOOK].values), np.stack(rows, axis=1), strict=True))


def _corrected(one: xr.Dataset, amounts: dict[int, np.ndarray], ahead: int) -> Corrected:
    """Forecast by the own record, and correct that by what is on order."""
    values = one["value"].transpose(SERIES, YEAR).values
    active = one["active"].transpose(SERIES, YEAR).values
    record, column = baselines.summaries(values), _columns_of(one)
    case = active[:, :-ahead]
    own = baselines.ridge(record[:, :-ahead][case], np.log1p(values[:, ahead:][case]))
    base, known, came = {}, {}, {}
    for year, on_order in amounts.items():
        at = active[:, column[year]]
        base[year] = own(record[at, column[year]])
        known[year] = _columns(base[year], on_order[at])
        if year + ahead in column:
            came[year] = np.log1p(values[at, column[year + ahead]])
    if not came:
        return Corrected({}, {})
    missed = np.concatenate([came[year] - base[year] for year in came])
    correct = baselines.ridge(np.concatenate([known[year] for year in came]), missed)
    return Corrected({year: base[year] + correct(known[year]) for year in base}, came)


def _columns_of(one: xr.Dataset) -> dict[int, int]:
    return {int(year): k for k, year in enumerate(one[YEAR].values)}


def _columns(base: np.ndarray, on_order: np.ndarray) -> np.ndarray:
    """Return what corrects a forecast (series, column): it, and orders in all and by age."""
    total = np.log1p(on_order.sum(axis=1))
    return np.column_stack([base, total, total - base, total == 0.0, np.log1p(on_order[:, :-1])])


def _summed(
    panel: xr.Dataset, imports: xr.Dataset, one: xr.Dataset, pairs: Corrected, ahead: int
) -> Corrected:
    """Forecast imports as the sum of what active pairs are expected to deliver.

    What comes from suppliers outside the sample stays at its mean of three years.
    """
    active = one["active"].transpose(SERIES, YEAR).values
    column, buyers = _columns_of(one), [str(unit) for unit in imports["unit"].values]
    bought = np.array([buyers.index(str(unit).split("-")[1]) for unit in one["unit"].values])
    rest = panel["tiv"].sel({SUPPLIER: REST, RECIPIENT: buyers}).transpose(RECIPIENT, YEAR)
    values = imports["value"].transpose(SERIES, YEAR).values
    said = {}
    for year in pairs.said:
        at = active[:, column[year]]
        expected = np.expm1(pairs.quantiles(year)).mean(axis=1)
        others = rest.sel({YEAR: slice(year - MEAN_YEARS + 1, year)}).mean(YEAR).values
        said[year] = np.log1p(others + np.bincount(bought[at], expected, len(buyers)))
    return Corrected(said, {year: np.log1p(values[:, column[year + ahead]]) for year in pairs.came})
