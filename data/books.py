"""Order books: the deals that a reader knew on a date, from the newest register public on it.

A register is public from `released` on: the day itself, or the provider's usual day where only a
later copy of the release was kept. What a register does not cover (one has 25 suppliers only, one
orders from 2010) stays as the register before had it.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from crossover.data import vintages
from crossover.data.records import Deal, Register
from crossover.data.tables import Panel, read_once

SETTLED_BY = (6, 30)
"""A data year's register is the newest that was public by this day of the next year."""


@dataclass(frozen=True)
class Book:
    """The deals known at one time.

    Attributes
    ----------
    deals : one row a deal, TIV in millions. Numbers below zero are of a degraded book only.
    last_year : last year of which the register knew orders and deliveries.
    registers : those public by then, oldest first; the last is the one in use. Of a degraded book
        the one that it was cut from.
    degraded : made from a later register by `data.degraded`: no reader of the time had it.
    """

    deals: tuple[Deal, ...]
    last_year: int
    registers: tuple[Register, ...]
    degraded: bool = False

    @property
    def register(self) -> Register:
        """The register in use."""
        return self.registers[-1]


def as_of(date: datetime.date | None = None, folder: Panel = None) -> Book:
    """Return the book that a reader of the newest register public on a date had.

    Parameters
    ----------
    date : last day whose registers count; None for all.
    folder : the panel's folder, or a base and additions to it; the shipped panel when None.

    Returns
    -------
    Book : units of a deal count as borrowed where the register in use has none of its own.

    Raises
    ------
    InputError : no register was public on that date, or the panel has none.
    """
    registers = sorted(read_once("registers", folder))
    first = min((row.released for row in registers), default=vintages.LATEST)
    vintages.require_known(date, first, "trade register")
    public = [row for row in registers if row.released <= vintages.day(date)]
    newest = public[-1]
    known = [
        deal._replace(units_borrowed=0)
        if deal.units_borrowed and not newest.units_borrowed
        else deal
        for deal in standing(read_once("deals", folder), newest)
    ]
    return Book(tuple(known), newest.last_year, tuple(public))


def with_earlier_units(book: Book, folder: Panel = None) -> Book:
    """Give open deals without a value of their units that of their last form that had one.

    A register may know a number and not yet, or no longer, what a unit counts: in that of 2026
    eight submarines from China to Pakistan, 2,400 TIV million before. Deals so valued are marked
    as of borrowed units; where no earlier form has a value they stay without.
    """
    earlier: dict[int, Deal] = {}
    for deal in sorted(read_once("deals", folder)):
        if deal.valid_from < book.register.vintage and deal.tiv_ordered and deal.n_ordered:
            earlier[deal.deal] = deal
    valued = []
    for deal in book.deals:
        had = earlier.get(deal.deal)
        if deal.tiv_ordered is None and deal.n_ordered and had is not None:
            unit = had.tiv_ordered / had.n_ordered
            volumes = round(unit * deal.n_ordered, 4), round(unit * deal.n_delivered, 4)
            deal = deal._replace(tiv_ordered=volumes[0], tiv_delivered=volumes[1], units_borrowed=1)
        valued.append(deal)
    return replace(book, deals=tuple(valued))


def of_year(year: int, folder: Panel = None) -> Book | None:
    """Return the book with data to a year as it was read in the year after, None if not kept."""
    book = as_of(datetime.date(year + 1, *SETTLED_BY), folder) if _is_known(year, folder) else None
    return book if book and book.last_year == year else None


def _is_known(year: int, folder: Panel) -> bool:
    limit = datetime.date(year + 1, *SETTLED_BY).isoformat()
    return any(row.released <= limit for row in read_once("registers", folder))


def standing(deals: Iterable[Deal], register: Register) -> list[Deal]:
    """Return the deals as they stood when a register was the newest, one row a deal."""
    day = register.vintage
    return [d for d in deals if d.valid_from <= day and (not d.valid_to or day < d.valid_to)]
