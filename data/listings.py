"""What order books say of every deal, as arrays beside the panel: what models of orders learn from.

One row a deal and book, oldest book first. The last book is that of the panel's last year; earlier
ones show what later ones did not know yet, and what became of a deal that was listed.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence

import numpy as np
import xarray as xr

from crossover.data import books, vintages
from crossover.data.books import Book
from crossover.data.deals import covers, undelivered
from crossover.data.names import DOMAINS, RECIPIENT, REST, SUPPLIER
from crossover.data.tables import SOVIET_UNION, Panel, read

LISTING, BOOK = "listing", "book"
FIRST_ORDER = 1980
"""Order years before this are left out: whatever of them is open counts as dead."""
FIRST_BIT = 1980
"""Year of the lowest bit of `listing_years`."""


def known(as_of: datetime.date | None = None, folder: Panel = None) -> list[Book]:
    """Return the books that a reader had on a day, one a data year, oldest first.

    Each is as it was read in the year after its data; the newest as it was read on the day, with
    values of units that earlier ones had. Registers whose silence says nothing are left out.
    """
    public = sorted(
        (row for row in read("registers", folder) if row.released <= vintages.day(as_of)),
        key=lambda row: (row.released, row.vintage),
    )
    usable = [row for row in public if row.first_order_year is not None]
    if not usable:
        return []
    newest = books.with_earlier_units(books.as_of(as_of, folder), folder)
    years = sorted({row.last_year for row in usable if row.last_year < newest.last_year})
    found = [books.of_year(year, folder) for year in years]
    return [*(book for book in found if book is not None), newest]


def attach(panel: xr.Dataset, found: Sequence[Book]) -> xr.Dataset:
    """Return the panel with the rows of some books, oldest first.

    Returns
    -------
    xarray.Dataset : With the coordinate `book` (last data year) and `book_degraded` (book); over
        `listing`: `listing_book`, `listing_supplier`, `listing_recipient`, `listing_domain`
        (positions), `listing_deal` (number), `listing_order_year`, `listing_ordered`,
        `listing_left`, `listing_delivered` (TIV million, the first NaN where the number ordered is
        not known), `listing_units` (NaN likewise), `listing_years` (a bit a year with deliveries),
        and `listing_covered` (a bit a book: whether its register would list such a deal).
    """
    sellers, buyers = (
        {str(code): at for at, code in enumerate(panel[d].values)} for d in (SUPPLIER, RECIPIENT)
    )
    sellers[SOVIET_UNION] = sellers.get("RUS", sellers[REST])

    @functools.cache
    def covered(supplier: str, order_year: int) -> int:
        return sum(
            1 << k
            for k, other in enumerate(found)
            if other.degraded or covers(other.register, supplier, order_year)
        )

    rows = []
    for at, book in enumerate(found):
        for deal in book.deals:
            if not FIRST_ORDER <= deal.order_year <= book.last_year:
                continue
            rows.append(
                (
                    at,
                    deal.deal,
                    sellers.get(deal.supplier, sellers[REST]),
                    buyers.get(deal.recipient, buyers[REST]),
                    DOMAINS.index(deal.domain),
                    deal.order_year,
                    np.nan if deal.tiv_ordered is None else deal.tiv_ordered,
                    undelivered(deal),
                    np.nan if deal.n_ordered is None else float(deal.n_ordered),
                    deal.tiv_delivered,
                    _bits(deal.delivery_years),
                    covered(deal.supplier, deal.order_year),
                )
            )
    names = (
        "book", "deal", "supplier", "recipient", "domain", "order_year", "ordered", "left",
        "units", "delivered", "years", "covered",
    )  # fmt: skip
    kinds = (*[np.int64] * 6, *[float] * 4, np.uint64, np.int64)
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    out = panel.assign_coords({BOOK: [book.last_year for book in found]})
    cut = np.array([int(book.degraded) for book in found], dtype=int)
    out["book_degraded"] = (BOOK, cut, _said("1", "Book cut from a later register"))
    for name, kind, values in zip(names, kinds, columns, strict=True):
        words = _said(*WORDS[name])
        out[f"{LISTING}_{name}"] = (LISTING, np.array(values, dtype=kind), words)
    return out


def _said(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name, "source": SOURCE}


SOURCE = "SIPRI Arms Transfers Database, trade registers as published"
WORDS = {
    "book": ("position", "Book"),
    "deal": ("number", "Deal"),
    "supplier": ("position", "Supplier"),
    "recipient": ("position", "Recipient"),
    "domain": ("position", "Technology domain"),
    "order_year": ("year", "Year of order"),
    "ordered": ("TIV million", "Ordered"),
    "left": ("TIV million", "Ordered and not delivered"),
    "units": ("units", "Number ordered"),
    "delivered": ("TIV million", "Delivered so far"),
    "years": ("bits", "Years with deliveries"),
    "covered": ("bits", "Books whose register would list the deal"),
}


@functools.cache
def _bits(text: str) -> int:
    """Return years as in "2019-2021 2023", as bits from `FIRST_BIT` on."""
    found = 0
    for part in text.split():
        first, _, last = part.partition("-")
        for year in range(int(first), int(last or first) + 1):
            found |= 1 << min(max(year - FIRST_BIT, 0), 63)
    return found
