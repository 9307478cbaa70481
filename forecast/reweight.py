"""Move stored draws of the joint model to other figures or other priors, without sampling.

Between two sets of figures of the same years and countries the model has the same unknowns, so the
draws of one posterior are a sample of the other once each is weighted with the ratio of the two
joint densities: exact, whatever changed (deliveries, stocks, covariates, what is centred on what,
drivers, priors), and useful where few draws do not get all the weight. A new year brings unknowns
of its own, so that there is nothing to weight: such an update is a fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import scipy.linalg
import xarray as xr
from scipy import special, stats

from data.names import CHAIN, COUNTRY, DRAW, RECIPIENT, SUPPLIER, YEAR
from forecast.simulate import (
    BLOCK,
    Arrays,
    block,
    explained_market,
    log_likelihood,
    past_change,
    stack,
    world_level,
)
from models import capacity, drivers, transfers
from models.inputs import COVARIATES
from models.priors import Priors, moments, order, standardised

KHAT_MAX = 0.7
"""Largest shape of the weights' tail at which importance sampling is to be trusted."""
ESS_MIN = 400.0
SAMPLED = ("appeal_contrast", "affinity_contrast", "import_level")
"""What is sampled in place of levels and ties: coordinates that depend on the figures."""
DERIVED = {
    "supplier_level": (SUPPLIER,),
    "supplier_capacity": (SUPPLIER, YEAR),
    "affinity": (SUPPLIER, RECIPIENT),
    "home_level": (RECIPIENT,),
    "acquisition_scale_country": (RECIPIENT,),
}
"""What the model works out from the coordinates and the figures together."""
SAME_LIKELIHOOD = 0.05
"""Largest difference of a recipient-year's log likelihood that single precision explains."""


class Moved(NamedTuple):
    """Draws as the new figures have them, and how much each counts.

    `posterior` and `log_likelihood` as a fit keeps them (chain, draw, ...); `log_weight`
    (chain, draw), smoothed, sums to one; `raw` (chain, draw) before smoothing; `khat`: the shape
    of the weights' tail.
    """

    posterior: xr.Dataset
    log_likelihood: xr.Dataset
    log_weight: np.ndarray
    raw: np.ndarray
    khat: float


def obstacle(tree: xr.DataTree, inputs: xr.Dataset) -> str | None:
    """Return why draws cannot be moved to other figures, or None when they can.

    Parameters
    ----------
    tree
        A stored fit.
    inputs
        As from `models.inputs.prepare`, of the new figures.
    """
    posterior, held = (tree[g].to_dataset() for g in ("posterior", "constant_data"))
    lacking = older(posterior)
    if lacking:
        return f"the stored draws lack {', '.join(lacking)}: the run is of an older version"
    before, now = (int(of.attrs["origin"]) for of in (held, inputs))
    if now != before:
        return (
            f"deliveries go to {now} now and went to {before}: a new year has a capacity, a demand "
            "and shocks of its own, which no stored draw holds"
        )
    for dim in (YEAR, COUNTRY, SUPPLIER, RECIPIENT, "year_effort"):
        ours, theirs = (list(map(str, of[dim].values)) for of in (held, inputs))
        if ours != theirs:
            return f"the figures are of other {dim.replace('_effort', '')}s than those fitted"
    return None


def older(posterior: xr.Dataset) -> list[str]:
    """Return what the present model samples and a stored posterior lacks."""
    needed = (*SAMPLED, *transfers.OF_ONE_SIDE, transfers.WORLD_LEVEL)
    return [name for name in needed if name not in posterior]


def code_differs(tree: xr.DataTree, draws: int = 50) -> bool:
    """Say whether the present code gives stored draws another likelihood than was stored."""
    if older(tree["posterior"].to_dataset()):
        return True
    step = max(1, tree["posterior"].sizes[DRAW] // draws)
    some = tree["posterior"].to_dataset().isel({DRAW: slice(None, None, step)})
    now = log_likelihood(some, tree["constant_data"].to_dataset())["deliveries"]
    then = tree["log_likelihood"]["deliveries"].isel({DRAW: slice(None, None, step)})
    return bool(np.abs(now.values - then.values).max() > SAME_LIKELIHOOD)


def move(
    tree: xr.DataTree,
    inputs: xr.Dataset,
    priors: Priors,
    new_priors: Priors | None = None,
) -> Moved:
    """Move stored draws to the posterior given other figures, other priors, or both.

    Parameters
    ----------
    tree
        A stored fit; `obstacle` must have found none.
    inputs
        As from `models.inputs.prepare`, of the new figures.
    priors, new_priors
        Those of the fit, and the new ones when they differ.

    Returns
    -------
    Moved

    Notes
    -----
    A draw keeps its parameters, each supplier's appeal, each pair's tie, the level of a
    recipient's imports and all shocks; where these are sampled in coordinates that turn with the
    figures, they are turned, and the change of volume is part of the weight. Smoothing: Vehtari,
    Simpson, Gelman, Yao & Gabry (2024), Pareto smoothed importance sampling.
    """
    held = tree["constant_data"].to_dataset()
    posterior = tree["posterior"].to_dataset()
    shape = (posterior.sizes[CHAIN], posterior.sizes[DRAW])
    draws = stack(posterior)
    before, found = parts(draws, held)
    moved, log_volume = turned(draws, held, inputs, found)
    after, derived = parts(moved, inputs)
    level = _world_level(moved | derived, inputs)
    new = _labelled(posterior, moved | derived | {transfers.WORLD_LEVEL: level}, shape)
    raw = after - before + log_volume
    if new_priors is not None and new_priors.text != priors.text:
        raw = raw + _prior_ratio(new, priors, new_priors)
        new = _restated(new, new_priors)
    likelihood = log_likelihood(new, inputs)
    sums = likelihood["deliveries"].values.astype(float).sum(axis=(2, 3))
    stored = tree["log_likelihood"]["deliveries"].transpose(CHAIN, DRAW, RECIPIENT, YEAR)
    raw = raw.reshape(shape) + sums - stored.values.astype(float).sum(axis=(2, 3))
    smooth, khat = smoothed(raw)
    return Moved(new, likelihood, smooth, raw, khat)


def _world_level(draws: Arrays, inputs: xr.Dataset) -> np.ndarray:
    """What the world buys in a middling year, by the new figures (draw), log TIV million."""
    starts = range(0, len(draws["parameters"]), BLOCK)
    some = (block(draws, start, start + BLOCK) for start in starts)
    return np.concatenate([world_level(*explained_market(one, inputs)) for one in some])


def smoothed(raw: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smooth log weights (chain, draw); return them, summing to one, and the tail's k."""
    from arviz_stats.base import array_stats

    if not np.isfinite(raw).all():
        return np.full(raw.shape, -math.log(raw.size)), math.inf
    if float(np.ptp(raw)) < 1e-6:
        return np.full(raw.shape, -math.log(raw.size)), -math.inf
    smooth, khat = array_stats.psislw(raw.max() - raw.ravel())
    smooth = np.asarray(smooth) - special.logsumexp(smooth)
    return smooth.reshape(raw.shape), float(khat)


def parts(draws: Arrays, inputs: xr.Dataset) -> tuple[np.ndarray, Arrays]:
    """Log density of all that hangs on the figures but deliveries, and what is derived.

    Parameters
    ----------
    draws
        As from `forecast.simulate.stack`.
    inputs
        As from `models.inputs.prepare`.

    Returns
    -------
    tuple
        Log density (draw), up to what no figure touches, and the arrays `DERIVED` (draw, ...),
        with `own` (draw, supplier, recipient), the pairs' ties.
    """
    draws = {name: np.asarray(v, dtype=float) for name, v in draws.items() if v.dtype.kind == "f"}
    wide = {name: draws[name][:, None] for name in ("capacity_sd", "affinity_sd")}
    tie = _ties(draws, inputs)
    sampled = draws["affinity_contrast"]
    spread = wide["affinity_sd"][..., None]
    rotated = tie["seen"] * sampled + (1.0 - tie["seen"]) * (tie["centre"] + spread * sampled)
    own = np.einsum("is,nij,jr->nsr", tie["left"], rotated, tie["right"])
    of_supplier, of_recipient = tie["of_supplier"], tie["of_recipient"]
    total = own + of_supplier[:, :, None] + of_recipient[:, None, :]
    affinity = total - tie["average"]
    density = stats.norm.logpdf(
        sampled, tie["seen"] * tie["centre"], tie["seen"] * spread + (1.0 - tie["seen"])
    ).sum(axis=(1, 2))
    possible = inputs["possible"].transpose(*transfers.CELL[:2]).values.astype(bool)
    density += stats.norm.logpdf(affinity[:, ~possible], 0.0, transfers.OWN_TIE).sum(axis=1)

    level = sum(
        draws[f"{label}_between"][:, None] * inputs[f"{label}_level"].values
        for label in capacity.EFFORTS
    )
    sellers, known = capacity.country_index(inputs, SUPPLIER)
    basis = scipy.linalg.helmert(len(sellers), full=True)
    centre = level[:, sellers] * known + of_supplier
    contrast = draws["appeal_contrast"]
    density += stats.norm.logpdf(contrast, centre @ basis.T, wide["capacity_sd"]).sum(axis=1)
    appeal = contrast @ basis
    supplier_level = appeal - of_supplier
    change = past_change(draws, inputs)
    walk = np.cumsum(draws["walk_sd"][:, None, None] * draws["walk_step"], axis=1)
    walk = (walk - walk.mean(axis=1, keepdims=True)).transpose(0, 2, 1)
    supplier_change = known[:, None] * change[:, sellers] + walk

    exporter, at = transfers.exporters(inputs)
    buyers, is_known = capacity.country_index(inputs, RECIPIENT)
    base = exporter * supplier_level[:, at] + (1.0 - exporter) * is_known * level[:, buyers]
    shift = appeal.mean(axis=1, keepdims=True) + of_recipient
    offers = own + (appeal - appeal.mean(axis=1, keepdims=True))[:, :, None]
    best = special.logsumexp(offers + transfers.barred(inputs)[:, :, 0], axis=1)
    scale_mean, scale_sd = (
        draws[name][:, None] for name in ("acquisition_scale", "acquisition_scale_sd")
    )
    spread = np.sqrt(
        draws["home_bias_sd"][:, None] ** 2 + (1.0 - exporter) * wide["capacity_sd"] ** 2
    )
    middle = base + draws["home_pull"][:, None] + scale_mean - shift
    given = (middle, spread, scale_mean, scale_sd, best)
    both = draws["import_level"].transpose(1, 0, 2)
    pull, scale = transfers._home_and_scale(both, *given, np)
    _, width = transfers._expected_pull(both[0], *given[:4])
    density += (
        stats.norm.logpdf(pull, middle, spread)
        + stats.norm.logpdf(scale, scale_mean, scale_sd)
        + np.log(width)
    ).sum(axis=1)
    density += _drivers(draws, inputs)
    return density, {
        "supplier_level": supplier_level,
        "supplier_capacity": supplier_level[..., None] + supplier_change,
        "affinity": affinity,
        "home_level": pull + shift,
        "acquisition_scale_country": scale,
        "own": own,
    }


def _ties(draws: Arrays, inputs: xr.Dataset) -> dict[str, np.ndarray]:
    """What politics and geography explain of pairs, and the coordinates of their own ties."""
    mean = inputs["affinity_covariates"].transpose("covariate", *transfers.CELL).mean(YEAR).values
    effects = np.stack([draws[f"{name}_effect"] for name in COVARIATES], axis=-1).astype(float)
    average = np.tensordot(effects, mean, axes=1)
    given = transfers.of_deliveries(inputs)
    left, right = given["supplier_basis"], given["recipient_basis"]
    return {
        "average": average,
        "of_supplier": average.mean(axis=2),
        "of_recipient": average.mean(axis=1) - average.mean(axis=(1, 2))[:, None],
        "left": left,
        "right": right,
        "seen": given["traded"],
        "centre": np.einsum("is,nsr,jr->nij", left, average, right),
    }


def _drivers(draws: Arrays, inputs: xr.Dataset) -> np.ndarray:
    """Log density of the yearly changes of drivers and of ideal points (draw)."""
    table = drivers.observations(inputs)
    df = float(inputs.attrs["shock_df"])
    drift = np.stack([draws[f"{d}_drift"] for d in drivers.DRIVERS], axis=1)[..., None]
    spread = np.stack([draws[f"{d}_drift_sd"] for d in drivers.DRIVERS], axis=1)[..., None]
    own = drift + spread * draws["drift_z"]
    at, of = table["at_driver"].values, table["at_country"].values
    mean = own[:, at, of]
    for part, predictor, sign in (
        ("reversion", "gap", -1.0), ("momentum", "momentum", 1.0), ("trend", "trend", 1.0)
    ):  # fmt: skip
        effect = np.stack([draws[f"{d}_{part}"] for d in drivers.DRIVERS], axis=1)
        mean = mean + sign * effect[:, at] * table[predictor].values
    scale = np.exp(draws["log_shock"][:, at, of])
    density = stats.t.logpdf(table["change"].values, df, mean, scale).sum(axis=1)
    steps = drivers.ideal_point_steps(inputs["ideal_point"]).values
    width = draws["ideal_point_step"][:, None]
    return density + stats.t.logpdf(steps[None], df, 0.0, width).sum(axis=1)


def turned(
    draws: Arrays, held: xr.Dataset, inputs: xr.Dataset, found: Arrays
) -> tuple[Arrays, np.ndarray]:
    """Return draws in the coordinates of the new figures, and the log of the change of volume."""
    out = dict(draws)
    alike = (held["rd_loading"] * inputs["rd_loading"]).sum(YEAR)
    sign = np.where(alike.transpose("component", COUNTRY).values < 0.0, -1.0, 1.0)
    out["rd_score"] = draws["rd_score"] * sign
    new, old = _ties(draws, inputs), _ties(draws, held)
    spread = draws["affinity_sd"].astype(float)[:, None, None]
    rotated = np.einsum("is,nsr,jr->nij", new["left"], found["own"], new["right"])
    seen = new["seen"]
    out["affinity_contrast"] = seen * rotated + (1.0 - seen) * (rotated - new["centre"]) / spread
    unseen = (1.0 - old["seen"]).sum() - (1.0 - seen).sum()
    return out, unseen * np.log(spread[:, 0, 0])


def _labelled(posterior: xr.Dataset, arrays: Arrays, shape: tuple[int, int]) -> xr.Dataset:
    """Put draws back in the shape in which a fit keeps them, single precision."""
    changed = ("rd_score", "affinity_contrast", transfers.WORLD_LEVEL, *DERIVED)
    return posterior.assign(
        {
            name: (
                (CHAIN, DRAW, *posterior[name].dims[2:]),
                np.asarray(arrays[name], np.float32).reshape(*shape, *arrays[name].shape[1:]),
            )
            for name in changed
        }
    )


def _prior_ratio(posterior: xr.Dataset, priors: Priors, new_priors: Priors) -> np.ndarray:
    """Log of the new prior density of the parameters over the old one (sample)."""
    total: float | np.ndarray = 0.0
    for sign, given in ((1.0, new_priors), (-1.0, priors)):
        values = stated(posterior, given).sel(parameter=order(given)).values
        total = total + sign * stats.multivariate_normal.logpdf(
            values.reshape(-1, values.shape[-1]), *moments(given)
        )
    return total


def stated(posterior: xr.Dataset, priors: Priors) -> xr.DataArray:
    """Return the parameters on the scale on which their priors are Normal (chain, draw, parameter).

    Logs of what has a log-normal prior, log odds of what has a logit-normal one.
    """
    values = posterior["parameters"].astype(float)
    family = xr.DataArray(
        [priors.variables[str(name)]["family"] for name in values["parameter"].values],
        dims="parameter",
        coords={"parameter": values["parameter"]},
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        logs, odds = np.log(values), np.log(values) - np.log1p(-values)
    return xr.where(
        family == "lognormal", logs, xr.where(family == "logitnormal", odds, values)
    ).transpose(CHAIN, DRAW, "parameter")


def _restated(posterior: xr.Dataset, priors: Priors) -> xr.Dataset:
    """Return draws whose standard vector belongs to other priors; the parameters stay."""
    held = [str(name) for name in posterior["parameter"].values]
    names = order(priors)
    if sorted(held) != sorted(names):
        raise ValueError("the priors are of other parameters than the fit")
    if held != names:
        raise ValueError("the priors' families stand in another order than the fit's")
    z = standardised(stated(posterior, priors).values, priors)
    return posterior.assign(standard=(posterior["standard"].dims, z.astype(np.float32)))


# Using weights ---------------------------------------------------------------------------------


def resampled(log_weight: np.ndarray, seed: int) -> np.ndarray:
    """Return which draws stand for the weighted ones (position in the order of chains).

    Systematic resampling (Kitagawa 1996): each draw comes as often as its weight says, rounded up
    or down. Copies stand side by side, so that what they cost shows as autocorrelation wherever an
    effective sample size is computed.
    """
    weight = np.exp(log_weight.ravel() - special.logsumexp(log_weight))
    count = weight.size
    points = (np.random.default_rng(seed).random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(weight), points), count - 1)


def taken(data: xr.Dataset, which: np.ndarray) -> xr.Dataset:
    """Return draws (chain, draw, ...) at positions in the order of chains, in the same shape."""
    shape = (data.sizes[CHAIN], data.sizes[DRAW])
    chain, draw = np.unravel_index(which.reshape(shape), shape)
    out = {
        name: (values.dims, values.transpose(CHAIN, DRAW, ...).values[chain, draw])
        if {CHAIN, DRAW} <= set(values.dims)
        else values
        for name, values in data.data_vars.items()
    }
    return xr.Dataset(out, coords=data.coords, attrs=data.attrs)


def probability(log_weight: np.ndarray, happened: np.ndarray) -> tuple[float, float]:
    """Weighted probability of an indicator (chain, draw), and its Monte-Carlo error.

    The error of a ratio of means, with the effective sample size of what it averages, so that both
    unequal weights and autocorrelation count.
    """
    import arviz as az

    weight = np.exp(log_weight - special.logsumexp(log_weight)) * log_weight.size
    found = float((weight * happened).mean())
    influence = weight * (happened - found)
    if not float(influence.std()) > 0:
        return found, 0.0
    size = float(az.ess(influence, method="mean"))
    return found, float(influence.std() / math.sqrt(size))


def effective_sizes(log_weight: np.ndarray, events: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Weighted effective sample size of each indicator (chain, draw) that varies."""
    out = {}
    for name, happened in events.items():
        found, error = probability(log_weight, happened.astype(float))
        if error > 0 and 0.0 < found < 1.0:
            out[name] = found * (1.0 - found) / error**2
    return out
