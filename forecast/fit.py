"""Sample the joint model and keep, in one tree, all that later steps need.

The posterior is stored in single precision (habits of pairs by domain in half, of which there are
thousands) and everything that is judged or forecast is computed
from what is stored, so that a run folder can be checked against its own record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from crossover.data.names import CHAIN, DOMAIN_LAYER, DRAW
from crossover.forecast.gate import PART
from crossover.forecast.sampling import BUILDING, CORES, keep_sources, ready, sample
from crossover.models.delivery import delivery
from crossover.models.drivers import drivers
from crossover.models.inputs import with_orders
from crossover.models.market import market
from crossover.models.order_book import OrderData
from crossover.models.priors import PARTS, Priors, moments, order

DRAWS, TUNE, CHAINS = 1100, 300, 4
USUAL = {"draws": DRAWS, "tune": TUNE, "chains": CHAINS}
QUICK = {"draws": 100, "tune": 100, "chains": 2}
TARGET_ACCEPT = 0.8
ACCEPT = {"market": 0.9, "delivery": 0.87, "drivers": TARGET_ACCEPT}
"""Target acceptance of each part. Of the market a gradient costs little. Of delivery a trajectory
of 31 steps is then the rule, whose draws hang together least by step; with 15 of them a fit in
three had an R-hat of 1.01."""
LONG = ("market",)
"""Parts that are tuned twice as long."""
WORK, DOMAIN_WORK = (90.0, 105.0, 10.0), (60.0,)
"""Seconds of a processor that the parts of a usual fit take, in order, compiling included."""


def fit(
    panel: xr.Dataset,
    priors: Priors,
    *,
    seed: int,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
    cores: int = CORES,
) -> xr.DataTree:
    """Fit the joint model to a panel.

    Its parts (`models.priors.PARTS`) share no parameter and no observation, so that the posterior
    is the product of theirs, and each is sampled on its own.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`, with order books (`data.listings.attach`).
    priors
        As from `models.priors.load`.
    seed
        Of the sampler. Draws of equal seeds can differ between a cold and a warm compile cache.
    draws, tune, chains
        Draws a chain after tuning, tuning steps, and chains.
    cores
        How many chains run at once.

    Returns
    -------
    xarray.DataTree
        `posterior`, `sample_stats` (with dim `part`), `log_prior` (of each top-level parameter),
        `log_likelihood` (chain, draw, recipient, order_period: orders that a recipient placed),
        `observed_data`, and `constant_data`: what the model was given.

    Raises
    ------
    InputError
        If the panel holds nothing to fit.
    KeyboardInterrupt
        After the sampler was stopped.
    """
    # All are made ready at once: what is fitted beside them is, while the first is sampled.
    with BUILDING:
        inputs, orders = with_orders(panel, priors)
        models = parts(inputs, orders, priors)
        compiled = {name: ready(model) for name, model in models.items()}
    sampled = {
        name: sample(
            compiled[name], seed=seed, draws=draws, tune=2 * tune if name in LONG else tune,
            chains=chains, target_accept=ACCEPT[name], cores=cores,
        )
        for name in models
    }
    return gather(sampled, inputs, priors)


def parts(inputs: xr.Dataset, orders: OrderData, priors: Priors) -> dict[str, Any]:
    """Return the PyMC model of each part of the joint model, by name.

    Parameters
    ----------
    inputs, orders
        As from `models.inputs.with_orders`.
    priors
        As from `models.priors.load`.
    """
    built = (
        market(inputs, priors.part("market")),
        delivery(orders, priors.part("delivery")),
        drivers(inputs, priors.part("drivers")),
    )
    return dict(zip(PARTS, built, strict=True))


def fit_domains(
    panel: xr.Dataset,
    inputs: xr.Dataset,
    priors: Priors,
    *,
    seed: int,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
) -> xr.DataTree:
    """Fit the domain layer to a panel.

    Parameters
    ----------
    panel
        As from `data.panel.assemble`.
    inputs
        As from `models.inputs.prepare`.
    priors
        As from `models.priors.load`, of the domain layer.
    seed, draws, tune, chains
        Of the sampler.

    Returns
    -------
    xarray.DataTree
        `posterior` (as from `models.domains.effects`), `sample_stats`, `log_prior`,
        `constant_data`.
    """
    from crossover.models import domain_data, domain_draws, domains

    observed = domain_data.prepare(panel, inputs, priors)
    with BUILDING:
        compiled = ready(domains.domains(observed, priors))
    sampled = sample(
        compiled, seed=seed, draws=draws, tune=tune, chains=chains, target_accept=TARGET_ACCEPT
    )
    posterior = single(domain_draws.effects(sampled["posterior"].to_dataset(), observed))
    posterior["habit"] = posterior["habit"].astype(np.float16)
    return xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": plain_statistics(sampled["sample_stats"].to_dataset()),
            "log_prior": log_prior(posterior, priors),
            "constant_data": storable(observed),
        }
    )


def with_domains(tree: xr.DataTree, layer: xr.DataTree) -> xr.DataTree:
    """Return a fit with its domain layer in the group `domains`."""
    groups = {path: node.to_dataset(inherit=False) for path, node in tree.subtree_with_keys}
    of_layer = {path: node.to_dataset(inherit=False) for path, node in layer.subtree_with_keys}
    groups |= {f"{DOMAIN_LAYER}/{path}": data for path, data in of_layer.items() if path != "."}
    return xr.DataTree.from_dict({path: data for path, data in groups.items() if path != "."})


def gather(
    sampled: Mapping[str, xr.DataTree], inputs: xr.Dataset, priors: Priors
) -> xr.DataTree:
    """Put what was sampled and what it was sampled from into one tree of plain arrays."""
    from crossover.forecast.market import log_likelihood

    posterior = single(together([tree["posterior"].to_dataset() for tree in sampled.values()]))
    statistics = [plain_statistics(tree["sample_stats"].to_dataset()) for tree in sampled.values()]
    return xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": xr.concat(statistics, xr.Variable(PART, list(sampled)), join="inner"),
            "log_prior": log_prior(posterior, priors),
            "log_likelihood": log_likelihood(posterior, inputs),
            "observed_data": storable(inputs[["placed", "deliveries"]]),
            "constant_data": storable(inputs),
        }
    )


def together(posteriors: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return draws of parts of the model as one dataset, `parameters` of all in one vector."""
    own = [one[["parameters"]] for one in posteriors]
    rest = [one.drop_vars(["parameters", "standard"]).drop_dims("parameter") for one in posteriors]
    return xr.merge([xr.concat(own, "parameter"), *rest], compat="no_conflicts", join="outer")


def plain_statistics(statistics: xr.Dataset) -> xr.Dataset:
    """Return the sampler's statistics, those that NetCDF cannot hold left out."""
    return statistics.drop_vars(
        [name for name, values in statistics.items() if values.dtype == object or values.ndim > 2]
    )


def single(posterior: xr.Dataset) -> xr.Dataset:
    """Return draws in single precision with coordinates that NetCDF can hold."""
    return plain_coords(posterior.astype(np.float32))


def storable(inputs: xr.Dataset) -> xr.Dataset:
    """Return the inputs with truth values as bytes, as NetCDF wants them."""
    flags = {name: v.astype(np.int8) for name, v in inputs.data_vars.items() if v.dtype == bool}
    return plain_coords(inputs.assign(flags))


def plain_coords(data: xr.Dataset) -> xr.Dataset:
    """Return a dataset with text coordinates of a fixed width."""
    return data.assign_coords(
        {
            name: (values.dims, np.asarray(values.values, dtype=str))
            for name, values in data.coords.items()
            if values.dtype == object
        }
    )


def log_prior(posterior: xr.Dataset, priors: Priors) -> xr.Dataset:
    """Log prior density of each top-level parameter (chain, draw), on its own scale.

    Of priors that are carried from an earlier fit, the marginal one of each.
    """
    out = {}
    mean, covariance = moments(priors)
    spread = np.sqrt(np.diag(covariance))
    for name, mu, sigma in zip(order(priors), mean, spread, strict=True):
        entry = priors.variables[name]
        values = posterior["parameters"].sel(parameter=name, drop=True).astype(float)
        if entry["family"] == "normal":
            density = stats.norm.logpdf(values, mu, sigma)
        elif entry["family"] == "lognormal":
            density = stats.lognorm.logpdf(values, sigma, scale=math.exp(mu))
        else:
            odds = np.log(values) - np.log1p(-values)
            density = stats.norm.logpdf(odds, mu, sigma) - np.log(values) - np.log1p(-values)
        out[name] = ((CHAIN, DRAW), np.asarray(density))
    return xr.Dataset(out, coords={CHAIN: posterior[CHAIN], DRAW: posterior[DRAW]})


def prior(panel: xr.Dataset, priors: Priors, *, seed: int, draws: int = DRAWS) -> xr.DataTree:
    """Draw from the prior instead of the posterior, in the same shape (one chain).

    Returns
    -------
    xarray.DataTree
        `posterior` (draws of the prior, so that all that reads a posterior reads it too) and
        `constant_data`.
    """
    import pymc as pm

    keep_sources()
    found = []
    inputs, orders = with_orders(panel, priors)
    for model in parts(inputs, orders, priors).values():
        names = [v.name for v in model.free_RVs + model.deterministics]
        drawn = pm.draw([model[name] for name in names], draws=draws, random_seed=seed)
        found.append(
            xr.Dataset(
                {
                    name: ((CHAIN, DRAW, *model.named_vars_to_dims.get(name, ())), values[None])
                    for name, values in zip(names, drawn, strict=True)
                },
                coords={
                    CHAIN: [0], DRAW: np.arange(draws),
                    **{dim: np.asarray(v) for dim, v in model.coords.items()},
                },
            ).drop_dims(["change_at", "step_at"], errors="ignore")
        )  # fmt: skip
    return xr.DataTree.from_dict(
        {"posterior": single(together(found)), "constant_data": storable(inputs)}
    )
