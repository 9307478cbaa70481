"""The one joint model: effort to capacity, capacity to deliveries, and the drivers of effort."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import capacity, drivers, equations, transfers
from models.priors import Priors, order, parameters


def joint(
    inputs: xr.Dataset, priors: Priors, *, trade: bool = True, reusable: bool = False
) -> pm.Model:
    """Build the joint capacity-dependence model.

    Parameters
    ----------
    inputs
        As from `models.inputs.prepare`.
    priors
        As from `models.priors.load`.
    trade
        Without it deliveries are not observed: what is left is the prior, given the covariates.
    reusable
        Hold what is given of deliveries (`transfers.of_deliveries`) as data that can be exchanged
        once the model is compiled.

    Returns
    -------
    pymc.Model
        With dims parameter, supplier, recipient, country, year, component, driver, and one dim
        an observed vector. `parameters` (parameter) holds every variable of the priors;
        `supplier_capacity` (supplier, year) is the capacity of suppliers, log-odds.
    """
    changes = drivers.observations(inputs)
    steps = drivers.ideal_point_steps(inputs["ideal_point"])
    given = transfers.of_deliveries(inputs)
    coords = {
        dim: inputs[dim].values
        for dim in (names.COUNTRY, names.SUPPLIER, names.RECIPIENT, names.YEAR, "component")
    } | {
        "parameter": order(priors),
        "contrast": np.arange(inputs.sizes[names.SUPPLIER]),
        "supplier_contrast": np.arange(1, inputs.sizes[names.SUPPLIER]),
        "recipient_contrast": np.arange(1, inputs.sizes[names.RECIPIENT]),
        "import_axis": ["level", "home_deviation"],
        "itself": np.arange(int((inputs["possible"] == 0).sum())),
        "driver": list(drivers.DRIVERS),
        "change_at": np.arange(changes.sizes["change_at"]),
        "step_at": np.arange(steps.size),
        "delivered_at": given["some"],
        "not_delivered_at": given["none"],
    }
    with pm.Model(coords=coords) as model:
        if reusable:
            given = {name: pm.Data(name, values) for name, values in given.items()}
        top = parameters(priors)
        level, change = capacity.by_effort(inputs, top)
        of_supplier, of_recipient, own, moving, memory = transfers.ties(inputs, top, given)
        appeal, supplier_level = capacity.supplier_appeal(inputs, top, level, of_supplier)
        index, known = capacity.country_index(inputs, names.SUPPLIER)
        supplier_change = known[:, None] * change[index] + capacity.walk(inputs, top)
        pm.Deterministic(
            "supplier_capacity",
            supplier_level[:, None] + supplier_change,
            dims=(names.SUPPLIER, names.YEAR),
        )

        scale, pull = transfers.home_and_scale(
            inputs, top, level, appeal, supplier_level, of_recipient, own
        )
        home = pull[:, None] + transfers.home_change(inputs, change, supplier_change)
        at_war = inputs["war"].transpose(names.SUPPLIER, names.YEAR).values
        available = (appeal - appeal.mean())[:, None] + supplier_change
        available = available + top["war_effect"] * at_war
        explained = available[:, None, :] + own[:, :, None] + moving + transfers.barred(inputs)
        own_demand, common = transfers.demand(inputs, top)
        wanted = scale[:, None] + own_demand
        middling = equations.log_world(explained, home, wanted, pt).mean()
        world = pm.Deterministic(transfers.WORLD_LEVEL, middling) + common
        utility = explained + memory
        wanted = equations.settled(wanted, utility, home, world, pt)
        denominator = equations.log_denominator(utility, home, pt)
        log_volume = wanted[None] + utility - denominator[None]
        presence, log_sd = transfers.delivery_parameters(inputs, top)
        if trade:
            transfers.deliveries(given, log_volume, presence, log_sd, top["size_sd_slope"])

        drivers.drivers(
            changes, steps, inputs.sizes[names.COUNTRY], top, priors.constant("shock_df")
        )
    return model
