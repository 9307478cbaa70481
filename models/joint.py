"""The one joint model: effort to capacity, capacity to deliveries, and the drivers of effort."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import capacity, drivers, equations, transfers
from models.priors import Priors


def joint(inputs: xr.Dataset, priors: Priors) -> pm.Model:
    """Build the joint capacity-dependence model.

    Parameters
    ----------
    inputs
        As from `models.inputs.prepare`.
    priors
        As from `models.priors.load`.

    Returns
    -------
    pymc.Model
        With dims supplier, recipient, country, year, covariate, component, change_at.
    """
    changes = drivers.observations(inputs)
    coords = {
        dim: inputs[dim].values
        for dim in (names.COUNTRY, names.SUPPLIER, names.RECIPIENT, names.YEAR, "covariate")
    } | {
        "component": np.arange(inputs.sizes["component"]),
        "change_at": np.arange(changes.sizes["change_at"]),
    }
    with pm.Model(coords=coords) as model:
        level, change = capacity.by_effort(inputs, priors)
        supplier_level = capacity.supplier_level(inputs, priors, level)
        own_walk = capacity.walk(inputs, priors)
        index, known = capacity.country_index(inputs, names.SUPPLIER)
        supplier_change = np.where(known, 1.0, 0.0)[:, None] * change[index] + own_walk
        supplied = pm.Deterministic(
            "supplier_capacity",
            supplier_level[:, None] + supplier_change,
            dims=(names.SUPPLIER, names.YEAR),
        )

        acquisitions = transfers.demand(inputs, priors)
        scale, home_level = transfers.home_level(inputs, priors, level, supplier_level)
        home = home_level[:, None] + transfers.home_change(inputs, change, supplier_change)
        utility = transfers.utility(inputs, priors, supplied)
        denominator = equations.log_denominator(utility, home + scale, pt)
        log_volume = scale + acquisitions[None] + utility - denominator[None]
        transfers.deliveries(inputs, priors, log_volume)

        drivers.drivers(inputs, priors)
    return model
