"""The models of the shipped panel, as what they are built of: that can be sent to a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import xarray as xr

from crossover.models.order_book import OrderData
from crossover.models.priors import Priors

Built = tuple[Callable[..., Any], tuple[Any, ...]]


class Shipped(NamedTuple):
    """The panel that ships, everything known, and what the joint model conditions on."""

    panel: xr.Dataset
    inputs: xr.Dataset
    orders: OrderData
    priors: Priors


def read() -> Shipped:
    """Return the shipped panel with the default priors."""
    from crossover.data.tables import PANEL
    from crossover.forecast.stored_run import known_on
    from crossover.models import priors
    from crossover.models.inputs import with_orders

    panel, beliefs = known_on(None, [PANEL]), priors.load()
    return Shipped(panel, *with_orders(panel, beliefs), beliefs)


def models(of: Shipped) -> dict[str, Built]:
    """Return, of every part of the model, the function that builds it and its arguments."""
    from crossover.data.names import DOWNTURN
    from crossover.data.tables import PANEL
    from crossover.data.tables import read as table
    from crossover.models import alignment, alliance_rows, domain_data, domains, partnership, priors
    from crossover.models.delivery import delivery
    from crossover.models.drivers import drivers
    from crossover.models.market import market

    domain_priors = priors.load(None, domains.PRIORS_FILE)
    observed = domain_data.prepare(of.panel, of.inputs, domain_priors)
    beliefs = partnership.load()
    allied = alliance_rows.prepare(table("alliance_dyads", [PANEL]), DOWNTURN, beliefs)
    gap = alignment.gaps(of.panel["ideal_point"])
    return {
        "market": (market, (of.inputs, of.priors.part("market"))),
        "delivery": (delivery, (of.orders, of.priors.part("delivery"))),
        "drivers": (drivers, (of.inputs, of.priors.part("drivers"))),
        "domains": (domains.domains, (observed, domain_priors)),
        "partnership": (partnership.hazard_model, (allied, beliefs)),
        "votes": (alignment.alignment_model, (gap, alignment.load())),
    }
