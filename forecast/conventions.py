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

from data.names import CONVENTION, COUNTRY, DOMAIN, DRAW, YEAR, YEAR_FUTURE

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


def past(futures: xr.Dataset) -> xr.DataArray:
    """Return the gap up to the origin (draw, convention, year), log-odds.

    Parameters
    ----------
    futures
        As from `forecast.simulate.futures`.
    """
    gap = _less(futures["theta_past"], futures)
    return under_each(gap, futures, futures.get(WARS_PAST)).transpose(DRAW, CONVENTION, YEAR)


def ahead(futures: xr.Dataset) -> xr.DataArray:
    """Return the gap after the origin (draw, scenario, convention, year_future), log-odds.

    Without the dim `scenario` where one is chosen.
    """
    gap = under_each(_less(futures["theta"], futures), futures, futures.get(WARS))
    return gap.transpose(DRAW, ..., CONVENTION, YEAR_FUTURE)


def of_domain(
    futures: xr.Dataset, by_domain: xr.Dataset, domain: str
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the gap in a domain, up to the origin and after it, as `past` and `ahead` do.

    Parameters
    ----------
    futures
        As from `forecast.simulate.futures`, of the draws of `by_domain`, one by one.
    by_domain
        As from `forecast.domains.by_domain`.
    domain
        A convention of the level moves all domains alike.
    """
    own = by_domain.sel({DOMAIN: domain})
    futures = futures.assign_coords({DRAW: own[DRAW].values})
    before, after = (
        _less(own[name], futures) for name in ("theta_domain_past", "theta_domain")
    )
    return (
        under_each(before, futures, futures.get(WARS_PAST)).transpose(DRAW, CONVENTION, YEAR),
        under_each(after, futures, futures.get(WARS)).transpose(
            DRAW, ..., CONVENTION, YEAR_FUTURE
        ),
    )


def under_each(
    gap: xr.DataArray, futures: xr.Dataset, war: xr.DataArray | None
) -> xr.DataArray:
    """Return a gap under the chosen convention as it is under each.

    Parameters
    ----------
    gap
        Of capacity, in all or by domain (draw, ...).
    futures
        Whose `convention_shift` (draw, convention) counts; the chosen convention alone where it
        has none.
    war
        Recipient's less supplier's, over the years of the gap.
    """
    import xarray as xr

    if SHIFT not in futures:
        return gap.expand_dims({CONVENTION: [CHOSEN]})
    shift = futures[SHIFT]
    times = xr.where(shift[CONVENTION] == WAR, war, 1.0) if war is not None else 1.0
    return gap + shift * times


def _less(theta: xr.DataArray, futures: xr.Dataset) -> xr.DataArray:
    """Return the capacity of the recipient less that of the supplier."""
    supplier, recipient = (
        theta.sel({COUNTRY: futures.attrs[side]}, drop=True) for side in ("supplier", "recipient")
    )
    return recipient - supplier
