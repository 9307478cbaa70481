"""The hazard of a downturn of an alliance: what the history of allied pairs says of speed and rank.

What came of a pair in a year is graded; a downturn is the gravest grade, an incident a lesser one,
and each has a hazard of its own. Discrete time, complementary log-log: the probability in a year is
one minus exp(−exp(linear predictor)), so that coefficients are log ratios of yearly hazards. Eras
and treaties are partially pooled. A pair stays at risk while it is allied; that it had an incident
is a covariate. Trade and arms dependence are not known for most of the history: left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from crossover.models import priors as prior_files
from crossover.models.alliance_rows import COVARIATE, ERA, ROW, TREATY
from crossover.models.covariates import COVARIATES, THESIS
from crossover.models.priors import Priors

PRIORS_FILE = prior_files.DEFAULT_FILE.with_name("partnership.toml")

INTERCEPT = "intercept"


def load(path: Any = None) -> Priors:
    """Read this model's priors, with a reader's own laid over them; raises as `priors.load`."""
    return prior_files.load(path, PRIORS_FILE)


def design(values: xr.DataArray, names: list[str]) -> np.ndarray:
    """Return covariates as columns of the parameter vector: one for the intercept, none for scales.

    Parameters
    ----------
    values
        (covariate, pair_year) in any order.
    names
        Of the parameters, as from `models.priors.order`.
    """
    table = values.transpose(ROW, COVARIATE)
    columns = {name: table.sel({COVARIATE: name}).values for name in COVARIATES}
    columns[INTERCEPT] = np.ones(table.sizes[ROW])
    nothing = np.zeros(table.sizes[ROW])
    return np.stack([columns.get(name, nothing) for name in names], axis=1)


def log_probability(event: Any, eta: Any, weight: Any, xp: Any) -> Any:
    """Weighted log probability of an event or none at log hazard eta, with numpy or pytensor."""
    hazard = xp.exp(eta)
    return weight * xp.where(event > 0, xp.log(-xp.expm1(-hazard)), -hazard)


def arrays(inputs: xr.Dataset, names: list[str]) -> dict[str, np.ndarray]:
    """Return what the density is computed from.

    Parameters
    ----------
    inputs
        As from `prepare`.
    names
        Of the parameters, as from `models.priors.order`.

    Returns
    -------
    dict of numpy.ndarray
        `usual`: mean covariates of the events (parameter); `varying`: positions of parameters whose
        covariate varies; `table`: these covariates less the usual ones, then eras (pair_year,
        varying and era).
    """
    known, event = design(inputs["covariates"], names), inputs["event"].values.astype(float)
    usual = known[event > 0].mean(axis=0) if event.any() else known.mean(axis=0)
    in_era = np.eye(inputs.sizes[ERA])[inputs["era_at"].values]
    varying = np.flatnonzero((known != usual).any(axis=0))
    table = np.concatenate([known[:, varying] - usual[varying], in_era], axis=1)
    return {"usual": usual, "varying": varying, "table": table}


def records(inputs: xr.Dataset) -> Any:
    """Return the records of treaties as of `models.hazard_density.Histories`."""
    from crossover.models.hazard_density import histories

    start = np.searchsorted(inputs["treaty_at"].values, np.arange(inputs.sizes[TREATY] + 1))
    event, weight = (inputs[name].values.astype(float) for name in ("event", "weight"))
    return histories(event, weight, start)


def kept(local: Any, scale: float, xp: Any) -> Any:
    """Share of its own prior's width that an effect keeps under the horseshoe, 0 to 1.

    Parameters
    ----------
    local
        Half-Cauchy scale of each effect.
    scale
        What they have in common: small where most effects are taken to be none.
    """
    return scale * local / xp.sqrt(1.0 + (scale * local) ** 2)


def hazard_model(inputs: xr.Dataset, priors: Priors) -> Any:
    """Build the hazard model.

    What the thesis names is under a regularised horseshoe (Piironen & Vehtari 2017): an effect is
    Normal about zero, with its own prior's width where the data ask for it and next to none where
    they do not. The controls keep their priors.

    Parameters
    ----------
    inputs
        As from `prepare`.
    priors
        As from `load`.

    Returns
    -------
    pymc.Model
        `parameters` (parameter), `era_effect` (era), log hazard; `local` (thesis). Treaties'
        effects are integrated out; `treaty_effects` draws them. Eras are sampled at the mean
        covariates of the events, halfway between their level, which the data know where eras
        differ, and their standardised effect, which they know where eras are alike: the prior is
        the same.
    """
    import pymc as pm
    import pytensor.tensor as pt

    from crossover.models.hazard_density import Records

    names = prior_files.order(priors)
    data = arrays(inputs, names)
    coords = {"parameter": names, ERA: inputs[ERA].values, "thesis": list(THESIS)}
    at = [names.index(name) for name in THESIS]
    with pm.Model(coords=coords) as model:
        local = pm.HalfCauchy("local", 1.0, dims="thesis")
        left = kept(local, priors.constant("global_scale"), pt)
        top = prior_files.parameters(priors, kept=pt.ones(len(names))[at].set(left))
        own = model["parameters"]
        base = pt.dot(data["usual"], own)
        root = pt.sqrt(top["era_sd"])
        between = pm.Normal("era_between", base, root, dims=ERA)
        level = base + root * (between - base)
        pm.Deterministic("era_effect", level - base, dims=ERA)
        eta = pt.dot(data["table"], pt.concatenate([own[data["varying"]], level]))
        log_p, *_ = Records()(eta, top["treaty_sd"], *records(inputs))
        pm.Potential("records", log_p)
    return model


def prior_draws(priors: Priors, name: str, count: int = 20_000) -> np.ndarray:
    """Draw a coefficient from its prior (count): the same numbers whenever it is asked for."""
    random = np.random.default_rng([1, COVARIATES.index(name)])
    entry = priors.variables[name]
    width = entry["sigma"]
    if name in THESIS and priors.carried is None:
        local = abs(random.standard_cauchy(count))
        width = width * kept(local, priors.constant("global_scale"), np)
    return entry["mu"] + width * random.standard_normal(count)


def known_log_hazard(posterior: xr.Dataset, inputs: xr.Dataset) -> np.ndarray:
    """Log hazard of every pair-year without its treaty's effect, (draw, pair_year)."""
    names = [str(name) for name in posterior["parameter"].values]
    table = design(inputs["covariates"], names)
    own = posterior["parameters"].transpose("draw", "parameter").values.astype(float)
    of_era = posterior["era_effect"].transpose("draw", ERA).values.astype(float)
    return own @ table.T + of_era[:, inputs["era_at"].values]


def treaty_effects(
    posterior: xr.Dataset, inputs: xr.Dataset, *, seed: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return each treaty's log likelihood, its own effect integrated out, and a draw of that.

    Parameters
    ----------
    posterior
        `parameters` (draw, parameter), `era_effect` (draw, era).
    inputs
        As from `prepare`.

    Returns
    -------
    tuple of xarray.DataArray
        (draw, treaty) each.
    """
    from crossover.models.hazard_density import of_treaties

    spread = by_name(posterior)["treaty_sd"].values.astype(float)
    random = np.random.default_rng(seed)
    found = of_treaties(
        known_log_hazard(posterior, inputs), spread,
        random.random((3, spread.size, inputs.sizes[TREATY])), *records(inputs),
    )  # fmt: skip
    coords = {TREATY: inputs[TREATY].values}
    return tuple(xr.DataArray(each, dims=("draw", TREATY), coords=coords) for each in found)


def log_hazard(
    posterior: xr.Dataset, values: xr.DataArray, *, era: str = "after", treaty: str | None = None
) -> xr.DataArray:
    """Log of the yearly hazard of a pair, for every draw and covariate path.

    Parameters
    ----------
    posterior
        `parameters` (..., parameter), `era_effect` (..., era), `treaty_effect` (..., treaty).
    values
        (covariate, ...): as from `covariates`; dims it shares with the posterior are matched.
    era
        Of `ERAS`.
    treaty
        ATOP number of the pair's treaty; None for one of average hazard.

    Returns
    -------
    xarray.DataArray
        Over all dims but parameter and covariate.
    """
    own = posterior["parameters"].rename(parameter=COVARIATE)
    eta = xr.dot(own.sel({COVARIATE: list(COVARIATES)}), values, dim=COVARIATE)
    eta = eta + own.sel({COVARIATE: INTERCEPT}, drop=True)
    eta = eta + posterior["era_effect"].sel({ERA: era}, drop=True)
    if treaty is not None:
        eta = eta + posterior["treaty_effect"].sel({TREATY: treaty}, drop=True)
    return eta


def hazard(
    posterior: xr.Dataset, values: xr.DataArray, *, era: str = "after", treaty: str | None = None
) -> xr.DataArray:
    """Probability of a downturn in each year, given none of late; shapes as `log_hazard`."""
    return -np.expm1(-np.exp(log_hazard(posterior, values, era=era, treaty=treaty)))


def by_name(posterior: xr.Dataset) -> Mapping[str, xr.DataArray]:
    """Return the draws of each parameter by name."""
    names = posterior["parameter"].values
    return {str(n): posterior["parameters"].sel(parameter=n, drop=True) for n in names}
