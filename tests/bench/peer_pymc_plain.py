"""PyMC's own NUTS, on the model in PyTensor's own operations, as a user of PyMC would write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import xarray as xr

from crossover.models import market
from crossover.models.priors import Priors
from tests import graphs
from tests.bench import peer_pymc, problem


def work(folder: Path) -> dict[str, Any]:
    """Sample the posterior of a folder."""
    return peer_pymc.sampled(model(*problem.given(folder)), folder)


def model(inputs: xr.Dataset, priors: Priors) -> Any:
    """Return the model of the market with a graph in place of the compiled density."""
    x, sampled = market.arrays(inputs), market.Orders.sampled

    def plain(*given: Any) -> list[Any]:
        return [graphs.orders(x, *given[:sampled])]

    with mock.patch.object(market, "Orders", lambda: plain):
        return market.market(inputs, priors)
