"""The conventions under which levels of capacity are compared, each counting the same.

Declared here, before any figure is known, so that nobody chooses among answers. Orders identify
capacity only up to a normalisation: a supplier's level can be traded against what ties it to its
customers. A convention adds to the gap between recipient and supplier, in every draw,

    gap_c[t] = θ_r[t] − θ_s[t] + shift_c · x_c[t],

with x = 1, but for the convention that counts a war: there x is the recipient's war less the
supplier's, so that what a war costs comes back with peace. So all move alike from the origin on,
and every question on capacity is answered by their average: no datum prefers one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossover.data.errors import InputError, fault
from crossover.data.names import CONVENTION, COUNTRY, DRAW, YEAR, YEAR_FUTURE

if TYPE_CHECKING:
    import xarray as xr

CHOSEN, WAR = "chosen", "war_counted"
DESCRIPTIONS = {
    CHOSEN: "Politics and geography explained away first; a supplier's unexplained ties average "
    "to zero over all its customers, each counting the same",
    "market_weighted": "The same, customers counting by what they order from anyone",
    "common_customers": "The same, over customers only that bought from both in the window",
    "free_ties": "The mean of a supplier's unexplained ties is left free, with the prior of a pair",
    "politics_counted": "Nothing explained away: sales owed to alliances, old fleets and votes "
    "count as capacity",
    WAR: "A supplier's wartime shortfall of orders counts as lost capacity",
    "effort_only": "What R&D and military spending explain, and nothing else",
}
"""Each convention in words; those that need the exports of both are left out where one has none."""
AVERAGE = "average"

DOMAIN_DESCRIPTIONS = {
    "equal_domains": "As chosen, but a country's capacities by domain average to its "
    "capacity in all with every domain counting the same, not by what the world buys",
    "by_number": "As chosen, but by the number of orders, whatever their size",
    "unit_values": "Read off what a unit of the same class of new weapons is worth in exports, "
    "and nothing else: no market share, no convention",
}
"""Conventions that differ by domain alone; those of the level in all apply to every domain too."""

SHIFT, WARS, WARS_PAST = "convention_shift", "war_gap", "war_gap_past"
"""What futures hold of conventions: `shift`, and the war of the recipient less the supplier's."""


def past(futures: xr.Dataset, theta: xr.DataArray | None = None) -> xr.DataArray:
    """Return the gap up to the origin (draw, convention, year), log-odds.

    Parameters
    ----------
    futures : As from `forecast.simulate.futures`.
    theta : Capacity (draw, country, year), in all by default; of a domain with `draws_of` its
        draws: a convention of the level moves all domains alike.
    """
    gap = _under_each(futures, futures["theta_past"] if theta is None else theta, WARS_PAST)
    return gap.transpose(DRAW, CONVENTION, YEAR)


def ahead(futures: xr.Dataset, theta: xr.DataArray | None = None) -> xr.DataArray:
    """Return the gap after the origin (draw, scenario, convention, year_future), log-odds.

    Without the dim `scenario` where one is chosen. See `past`.
    """
    gap = _under_each(futures, futures["theta"] if theta is None else theta, WARS)
    return gap.transpose(DRAW, ..., CONVENTION, YEAR_FUTURE)


def draws_of(futures: xr.Dataset, by_domain: xr.Dataset) -> xr.Dataset:
    """Return the futures that the draws of `forecast.domains.by_domain` belong to, one by one."""
    own = futures.isel({DRAW: by_domain["main_draw"].values})
    return own.assign_coords({DRAW: by_domain[DRAW].values})


def check(futures: xr.Dataset, file: object) -> None:
    """Raise InputError if a stored forecast is of an edition that knew no convention but one."""
    if SHIFT not in futures:
        rule = "is of an older edition, with one convention: 'crossover forecast' makes it anew"
        raise InputError(fault(rule, file=file))


def _under_each(futures: xr.Dataset, theta: xr.DataArray, wars: str) -> xr.DataArray:
    """Return the recipient's capacity less the supplier's by convention; see the module."""
    import xarray as xr

    supplier, recipient = (
        theta.sel({COUNTRY: futures.attrs[side]}, drop=True) for side in ("supplier", "recipient")
    )
    shift = futures[SHIFT]
    return recipient - supplier + shift * xr.where(shift[CONVENTION] == WAR, futures[wars], 1.0)
