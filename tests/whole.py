"""A run of the whole sample, with a few draws of the priors where a posterior would be.

The record is the shipped panel: every supplier and recipient, with every gap in their figures. What
a pair may lack (exports, a treaty, a dispute, votes, figures of R&D) is missing here as it is in a
real run, so that what holds for every pair of it holds for every pair that a user may ask for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from crossover.data import listings
from crossover.data.names import CHAIN, DOMAIN, DRAW
from crossover.data.names import DOMAINS as ALL_DOMAINS
from crossover.data.panel import assemble
from crossover.data.tables import PANEL, read
from crossover.forecast import coupling, record, runs, stored_run
from crossover.forecast.fit import storable, with_domains
from crossover.models import (
    alignment,
    alliance_rows,
    covariates,
    domain_data,
    domain_draws,
    partnership,
    priors,
)
from crossover.models import domains as domain_layer
from crossover.models.inputs import prepare
from tests import small, small_domains

CHAINS, DRAWS = 2, 8
PAIR = ("RUS", "CHN")
DOMAINS = ("engines", "uncrewed", "other")
"""Domains that are kept: what holds for one holds for ten, and takes a third of the time."""


def make_run(folder: Path, seed: int = 1) -> Path:
    """Write a run folder without any forecast, and return it."""
    rng = np.random.default_rng(seed)
    panel, beliefs = listings.attach(assemble(), listings.known()), priors.load()
    inputs = prepare(panel, beliefs)
    drawn = [small.draw(inputs, beliefs, rng) for _ in range(CHAINS * DRAWS)]
    tree = xr.DataTree.from_dict(
        {
            "posterior": small.posterior(inputs, beliefs, drawn, CHAINS),
            "sample_stats": _sampler(rng),
            "constant_data": storable(inputs),
        }
    )
    folder.mkdir(parents=True)
    whole = with_domains(tree, _domains(panel, inputs, rng))
    whole.to_netcdf(folder / stored_run.POSTERIOR, engine=stored_run.ENGINE)
    history = _history(panel, rng)
    history.to_netcdf(folder / stored_run.PARTNERSHIP, engine=stored_run.ENGINE)
    coupling.keep_record(PANEL, folder / coupling.RECORD)
    (folder / stored_run.PRIORS_FILE).write_text(priors.text(None), "utf-8")
    passed = {"passed": True, "checks": [], "quantities": 0}
    runs.write(
        folder / runs.RECORD,
        {
            "id": "whole-0001", "created": "2026-05-04T10:11:12+00:00", "command": "crossover run",
            "supplier": PAIR[0], "recipient": PAIR[1], "seed": seed, "as_of": None, "quick": False,
            "draws": DRAWS, "tune": 0, "chains": CHAINS, "code": record.code(),
            "packages": record.packages(), "hashes": {}, "seconds": {}, "warnings": [],
            "gate": passed | {"fit": passed},
        },
    )  # fmt: skip
    return folder


def _sampler(rng: np.random.Generator) -> xr.Dataset:
    shape = (CHAINS, DRAWS)
    return xr.Dataset(
        {
            "energy": ((CHAIN, DRAW), rng.normal(2e4, 60.0, shape)),
            "diverging": ((CHAIN, DRAW), np.zeros(shape, bool)),
            "n_steps": ((CHAIN, DRAW), np.full(shape, 31)),
        }
    )


def _domains(panel: xr.Dataset, inputs: xr.Dataset, rng: np.random.Generator) -> xr.DataTree:
    """Draws of the domain layer's parameters, and of what hangs on them as if it were standard."""
    prior = small_domains.prior()
    observed = domain_data.prepare(panel, inputs, prior)
    names = priors.order(prior)
    drawn = [small_domains.parameters(rng) for _ in range(CHAINS * DRAWS)]
    values = np.array([[one[name] for name in names] for one in drawn])
    fixed = domain_layer.constants(observed, names)
    sampled = {
        name: ((CHAIN, DRAW, name), 0.3 * rng.standard_normal((CHAINS, DRAWS, len(at))))
        for name, at in ((n, fixed[f"{n}_scale"]) for n in domain_layer.VECTORS)
    }
    sampled["parameters"] = ((CHAIN, DRAW, "parameter"), values.reshape(CHAINS, DRAWS, -1))
    coords = {CHAIN: np.arange(CHAINS), DRAW: np.arange(DRAWS), "parameter": names}
    posterior = domain_draws.effects(xr.Dataset(sampled, coords), observed)
    posterior, observed = (part.sel({DOMAIN: list(DOMAINS)}) for part in (posterior, observed))
    kept = np.isin(np.array(ALL_DOMAINS)[observed["item_domain"].values], DOMAINS)
    observed = observed.isel(item=kept)
    at = [DOMAINS.index(ALL_DOMAINS[d]) for d in observed["item_domain"].values]
    observed["item_domain"] = ("item", np.array(at))
    return xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": _sampler(rng),
            "constant_data": storable(observed),
        }
    )


def _history(panel: xr.Dataset, rng: np.random.Generator) -> xr.DataTree:
    """Draws of two hazards and of the alignment, near values that a fit has."""
    beliefs = partnership.load()
    names, lead = priors.order(beliefs), (CHAINS, DRAWS)
    groups = {}
    for outcome, level in zip(covariates.OUTCOMES, (-2.6, -3.4), strict=True):
        inputs = alliance_rows.prepare(read("alliance_dyads"), outcome, beliefs)
        values = 0.1 * rng.standard_normal((*lead, len(names)))
        values[..., names.index("intercept")] += level
        for scale in ("treaty_sd", "era_sd"):
            values[..., names.index(scale)] = 0.3
        of = {d: inputs[d].values for d in (alliance_rows.ERA, alliance_rows.TREATY)}
        groups[f"{outcome}/posterior"] = xr.Dataset(
            {
                "parameters": ((CHAIN, DRAW, "parameter"), values),
                **{
                    f"{d}_effect": ((CHAIN, DRAW, d), 0.3 * rng.standard_normal((*lead, len(at))))
                    for d, at in of.items()
                },
            },
            coords={"parameter": names, **of},
        )
    gap = alignment.gaps(panel["ideal_point"], PAIR)
    sd = ((CHAIN, DRAW, alignment.PAIR), np.full((*lead, gap.sizes[alignment.PAIR]), 0.05))
    votes = {alignment.PAIR: gap[alignment.PAIR].values}
    groups["alignment/posterior"] = xr.Dataset({"step": sd, "noise": sd}, coords=votes)
    groups["alignment/constant_data"] = gap.rename("gap").to_dataset()
    return xr.DataTree.from_dict(groups)
