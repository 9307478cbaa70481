"""The panel and the order books as a reader had them on the day an origin stands for."""

from __future__ import annotations

import datetime

import numpy as np
import xarray as xr

from crossover.data import books, degraded, listings
from crossover.data.churn import Registers
from crossover.data.errors import InputError, fault
from crossover.data.names import RECIPIENT, SUPPLIER, YEAR
from crossover.data.panel import assemble
from crossover.data.tables import Panel

SEEN_ON = (6, 30)
"""Month and day of the year after the origin on which a forecast is made: the provider of arms
transfers has published the origin's deliveries (March), not yet the next year's."""

DEGRADED_BACK = 7
"""Years before an origin without a register of the time for which degraded books are made too."""

LISTED_LATE = 2
"""Last data years of a register of whose orders too many are still to be listed."""


def seen_on(origin: int) -> datetime.date:
    """Return the day on which a forecast of an origin is made."""
    return datetime.date(origin + 1, *SEEN_ON)


def seen(origin: int, folder: Panel = None, held: Registers | None = None) -> xr.Dataset:
    """Return all that a forecast of an origin may see, its order books included.

    Parameters
    ----------
    origin, folder : As of `figures_seen`.
    held : The panel's registers, if read already.

    Returns
    -------
    xarray.Dataset : As from `figures_seen` and `data.listings.attach`.
    """
    return listings.attach(figures_seen(origin, folder), books_seen(origin, folder, held))


def figures_seen(origin: int, folder: Panel = None) -> xr.Dataset:
    """Return all figures that a forecast of an origin may see: the one place that decides it.

    Parameters
    ----------
    origin : Last data year.
    folder : The panel; see `data.panel.assemble`.

    Returns
    -------
    xarray.Dataset : As from `data.panel.assemble`, of releases up to `seen_on(origin)`, years up to
        the origin; without what only the domain layer needs. `assumed_share` in the attributes says
        how much of each variable was dated by the provider's usual delay because no release was
        kept.

    Raises
    ------
    InputError
        If deliveries of the origin were not known on that day, or the panel ends before it.
    """
    known = assemble(seen_on(origin), folder).sel({YEAR: slice(None, origin)})
    known = known.drop_dims(["domain", "weapon_class"], errors="ignore")
    has_tiv = np.isfinite(known["tiv"]).any((SUPPLIER, RECIPIENT))
    last = int(known[YEAR].where(has_tiv).max())
    if last != origin:
        rule = f"the last year of deliveries known half a year later is {last}"
        raise InputError(fault(rule, column="--origins", value=origin))
    return known


def books_seen(
    origin: int, folder: Panel = None, held: Registers | None = None
) -> list[books.Book]:
    """Return the order books of an origin: those of the time, or where none was kept, degraded.

    A degraded book is cut from a later register, and knows too much: see `data.degraded`. The
    earlier ones beside it, from which a fit learns what becomes of deals, are degraded too.
    """
    known = listings.known(seen_on(origin), folder)
    if known and known[-1].last_year == origin:
        return known
    held = held or Registers(folder)
    return [
        degraded.degraded_book(year, folder, held=held)
        for year in range(origin - DEGRADED_BACK, origin + 1)
    ]
