"""Deliveries of arms from every supplier to every recipient, as a gravity model with a home side.

A recipient's acquisitions follow its military spending and world demand; each supplier's share
follows its capacity, the pair's affinity and memory, and whether it is at war, against what the
recipient's own industry offers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from data import names
from models import capacity, equations
from models.inputs import COVARIATES, MEMORIES

CELL = (names.SUPPLIER, names.RECIPIENT, names.YEAR)
IMPOSSIBLE = -40.0
"""Added to the log-odds of a pair that cannot trade: a country and itself."""


OF_ONE_SIDE = tuple(f"{dim}_{own}" for dim in CELL[:2] for own in ("presence", "spread"))
"""What suppliers and recipients differ by in how their deliveries fall."""
WORLD_LEVEL = "world_level"
"""Log of what all buy in a middling year if nothing is remembered, log TIV million."""
OWN_TIE = 0.2
"""How near zero a country's tie to itself is held, log-odds: as near as other ties are known."""
TYPICAL_LEVEL = -8.0
"""Log share of a budget that is imported per unit of a supplier's odds: where sampling starts."""


def demand(inputs: xr.Dataset, top: Mapping[str, Any]) -> tuple[Any, Any]:
    """Add log acquisitions up to their scale, and world demand, log TIV million.

    World demand is a random walk; each recipient's deviation is a stationary AR(1), the
    deviations summing to zero over recipients in every year's shock. Both are centred over the
    window, where their means would be levels.

    Returns
    -------
    tuple
        Acquisitions without world demand (recipient, year), and world demand (year).
    """
    years = inputs.sizes[names.YEAR]
    level = inputs["log_budget_level"].values
    change = inputs["log_budget_change"].transpose(names.RECIPIENT, names.YEAR).values
    step = pm.Normal("global_demand_step", 0.0, 1.0, dims=names.YEAR)
    path = pt.cumsum(top["global_demand_sd"] * step)
    common = pm.Deterministic("global_demand", path - path.mean(), dims=names.YEAR)

    shocks = pm.ZeroSumNormal(
        "demand_shock", sigma=1.0, n_zerosum_axes=1, dims=(names.YEAR, names.RECIPIENT)
    )
    persistence = top["demand_persistence"]
    lag = np.arange(years)[:, None] - np.arange(years)[None, :]
    carry = pt.exp(pt.log(persistence) * np.maximum(lag, 0)) * (lag >= 0)
    first = np.arange(years) == 0
    start = first / pt.sqrt(1.0 - persistence**2) + ~first
    state = pm.Deterministic(
        "demand_state",
        pt.dot(top["demand_sd"] * carry * start[None, :], shocks),
        dims=(names.YEAR, names.RECIPIENT),
    )
    own = (state - state.mean(axis=0, keepdims=True)).T
    elasticity = top["acquisition_elasticity"]
    return level[:, None] + elasticity * change + own, common


def of_deliveries(inputs: xr.Dataset) -> dict[str, np.ndarray]:
    """Return all that the model is given of deliveries, by name, and of nothing else.

    Returns
    -------
    dict
        `supplier_basis` and `recipient_basis`, the contrasts in which ties are sampled, and
        `traded` (supplier_contrast, recipient_contrast), 1.0 where a contrast is about a pair that
        ever traded; `remembered` (memory, supplier, recipient, year); and the flat positions and
        values of cells, as from `cells`: `some`, `none`, and `amount`, TIV million.
    """
    tiv = inputs["deliveries"].transpose(*CELL).values
    active = (tiv > 0).sum(axis=2)
    weight = [active.sum(axis=axis) for axis in (1, 0)]
    about = active[np.ix_(*(np.argsort(-each, kind="stable")[1:] for each in weight))]
    some, none = cells(inputs)
    return {
        "supplier_basis": equations.contrasts(weight[0]),
        "recipient_basis": equations.contrasts(weight[1]),
        "traded": (about > 0).astype(float),
        "remembered": np.stack([inputs[name].transpose(*CELL).values for name in MEMORIES]),
        "some": some,
        "none": none,
        "amount": tiv.ravel()[some],
    }


def ties(
    inputs: xr.Dataset, top: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Any, Any, Any, Any, Any]:
    """Add what ties a pair: what is explained on average, what is not, and what changes.

    What politics and geography explain of a pair, on average over the window, splits into a part
    common to a supplier's sales, a part common to a recipient's purchases, and the pair's own.
    The pair's own affinity is Normal around the last and sums to zero over recipients for every
    supplier and over suppliers for every recipient: this is the normalisation that gives levels
    of capacity their meaning. A country's tie to itself has no meaning and is held near zero, so
    that the sums run over others. It is sampled in orthonormal contrasts, each about one pair:
    as they are where the pair ever traded, standardised where only the prior speaks. `given` as
    from `of_deliveries`.

    Returns
    -------
    tuple
        Explained of suppliers (supplier) and of recipients (recipient), the pair's own mean
        affinity (supplier, recipient), its changes and its memory (supplier, recipient, year),
        log-odds.
    """
    table = inputs["affinity_covariates"].transpose("covariate", *CELL)
    mean = table.mean(names.YEAR).values
    count, suppliers, recipients = mean.shape
    effects = pt.stack([top[f"{name}_effect"] for name in COVARIATES])
    average = pt.dot(effects, mean.reshape(count, -1)).reshape((suppliers, recipients))
    of_supplier = average.mean(axis=1)
    of_recipient = average.mean(axis=0) - average.mean()

    left, right, seen = (given[name] for name in ("supplier_basis", "recipient_basis", "traded"))
    centre = pt.dot(pt.dot(left, average), right.T)
    spread = top["affinity_sd"]
    sampled = pm.Normal(
        "affinity_contrast",
        seen * centre,
        seen * spread + (1.0 - seen),
        dims=("supplier_contrast", "recipient_contrast"),
    )
    rotated = seen * sampled + (1.0 - seen) * (centre + spread * sampled)
    own = pt.dot(pt.dot(left.T, rotated), right)
    total = own + of_supplier[:, None] + of_recipient[None, :]
    rest = pm.Deterministic("affinity", total - average, dims=(names.SUPPLIER, names.RECIPIENT))
    itself = np.nonzero(~inputs["possible"].transpose(*CELL[:2]).values.astype(bool))
    pm.Normal(
        "no_tie_to_itself", rest[itself], OWN_TIE, observed=np.zeros(len(itself[0])), dims="itself"
    )
    shape = inputs["deliveries"].transpose(*CELL).shape
    columns = (table.values - mean[..., None]).reshape(count, -1)
    pulls = pt.stack([top[name] for name in MEMORIES])
    remembered = given["remembered"].reshape((len(MEMORIES), -1))
    moving, memory = (
        pt.dot(by, parts).reshape(shape) for by, parts in ((effects, columns), (pulls, remembered))
    )
    return of_supplier, of_recipient, own, moving, memory


def home_and_scale(
    inputs: xr.Dataset, top: Mapping[str, Any], level: Any, appeal: Any, supplier_level: Any,
    of_recipient: Any, own: Any,
) -> tuple[Any, Any]:
    """Add the pull of home industry and the scale of acquisitions (recipient).

    For a country that is a supplier too the pull rests on the capacity its exports show; for any
    other capacity and home bias enter only as a sum, whose split is drawn after the fit.

    Deliveries show the level of a recipient's imports, and hardly whether they are small because
    it buys little or because it buys at home. So what is sampled is that level, at average
    utilities, and how far home pull stands from where both priors would put it given the level,
    in standard deviations; the latter is close to a standard Normal whatever the data.

    Returns
    -------
    tuple
        Log scale of acquisitions, log TIV million per US$ million, and the pull of home industry
        in log-odds, to be set against appeal less its mean (recipient).
    """
    exporter, at = exporters(inputs)
    index, known = capacity.country_index(inputs, names.RECIPIENT)
    base = exporter * supplier_level[at] + (1.0 - exporter) * known * level[index]
    spread = pt.sqrt(top["home_bias_sd"] ** 2 + (1.0 - exporter) * top["capacity_sd"] ** 2)
    shift = appeal.mean() + of_recipient
    offers = own + (appeal - appeal.mean())[:, None] + barred(inputs)[:, :, 0]
    best = pt.log(pt.exp(offers).sum(axis=0))
    given = (
        base + top["home_pull"] + top["acquisition_scale"] - shift, spread,
        top["acquisition_scale"], top["acquisition_scale_sd"], best,
    )  # fmt: skip
    sampled = pm.CustomDist(
        "import_level",
        *given,
        logp=_home_and_scale_density,
        random=_home_and_scale_draw,
        support_point=lambda rv, *_: pt.concatenate([rv[:1] * 0.0 + TYPICAL_LEVEL, rv[1:] * 0.0]),
        signature="(r),(r),(),(),(r)->(2,r)",
        dims=("import_axis", names.RECIPIENT),
    )
    pull, scale = _home_and_scale(sampled, *given, pt)
    pm.Deterministic("acquisition_scale_country", scale, dims=names.RECIPIENT)
    pm.Deterministic("home_level", pull + shift, dims=names.RECIPIENT)
    return scale, pull


def _expected_pull(
    level: Any, centre: Any, spread: Any, scale_mean: Any, scale_sd: Any
) -> tuple[Any, Any]:
    """Mean and standard deviation of home pull given the level of imports, were these small.

    Then the level is scale less pull, and two Normals are known by their difference.
    """
    precision = spread**-2.0 + scale_sd**-2.0
    mean = (centre * spread**-2.0 + (scale_mean - level) * scale_sd**-2.0) / precision
    return mean, precision**-0.5


def _home_and_scale(
    sampled: Any, centre: Any, spread: Any, scale_mean: Any, scale_sd: Any, best: Any, xp: Any
) -> tuple[Any, Any]:
    """Home pull and scale of acquisitions from the level of imports and the pull's deviation."""
    level, deviation = sampled[0], sampled[1]
    mean, sd = _expected_pull(level, centre, spread, scale_mean, scale_sd)
    pull = mean + sd * deviation
    return pull, level + best + xp.log1p(xp.exp(pull - best))


def _home_and_scale_density(value: Any, *given: Any) -> Any:
    """Log density of what is sampled: that of pull and scale, and the change of variables."""
    centre, spread, scale_mean, scale_sd, _ = given
    pull, scale = _home_and_scale(value, *given, pt)
    _, sd = _expected_pull(value[0], centre, spread, scale_mean, scale_sd)
    return (
        pm.logp(pm.Normal.dist(centre, spread), pull)
        + pm.logp(pm.Normal.dist(scale_mean, scale_sd), scale)
        + pt.log(sd)
    ).sum(axis=-1)


def _home_and_scale_draw(
    centre: Any, spread: Any, scale_mean: Any, scale_sd: Any, best: Any, rng: Any = None,
    size: Any = None,
) -> np.ndarray:
    """Draw home pull and scale, and return the level of imports and the deviation they imply."""
    shape = (*(size or ()), len(centre))
    pull = rng.normal(centre, spread, shape)
    level = rng.normal(scale_mean, scale_sd, shape) - np.logaddexp(pull, best)
    mean, sd = _expected_pull(level, centre, spread, scale_mean, scale_sd)
    return np.stack([level, (pull - mean) / sd], axis=-2)


def home_change(inputs: xr.Dataset, change: Any, supplier_change: Any) -> Any:
    """Changes over time of the pull of home industry (recipient, year), log-odds.

    A supplier's capacity moves as its exports show; any other country's as its effort explains.
    """
    exporter, at = exporters(inputs)
    index, known = capacity.country_index(inputs, names.RECIPIENT)
    other = (known * (1.0 - exporter))[:, None] * change[index]
    return exporter[:, None] * supplier_change[at] + other


def barred(inputs: xr.Dataset) -> np.ndarray:
    """Log-odds taken from pairs that cannot trade (supplier, recipient, 1); 0 for all others."""
    return IMPOSSIBLE * (1.0 - inputs["possible"].transpose(*CELL[:2]).values)[:, :, None]


def exporters(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which recipients are suppliers of the sample too (1.0, else 0.0), and where on `supplier`."""
    suppliers = list(inputs[names.SUPPLIER].values)
    found = [
        suppliers.index(r) if r in suppliers and r != names.REST else -1
        for r in inputs[names.RECIPIENT].values
    ]
    return np.array([float(f >= 0) for f in found]), np.maximum(found, 0)


def cells(inputs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Flat positions of the cells with deliveries, and of those without that could have had some.

    Positions are on (supplier, recipient, year) in that order.
    """
    tiv = inputs["deliveries"].transpose(*CELL).values
    possible = inputs["possible"].transpose(*CELL[:2]).values[:, :, None]
    return np.flatnonzero(tiv > 0), np.flatnonzero((tiv <= 0) & possible)


def delivery_parameters(inputs: xr.Dataset, top: Mapping[str, Any]) -> tuple[Any, Any]:
    """Add how deliveries of equal volume fall: how many there are, and how unequal they are.

    Some sell or buy in many small deliveries, others in few large ones, and some more evenly than
    others: each supplier and each recipient has a presence and a spread of its own, or else volumes
    would be read off the number and the evenness of deliveries.

    Returns
    -------
    tuple
        Presence and log standard deviation of small volumes, flat as `cells` counts.
    """
    years = inputs.sizes[names.YEAR]

    def of_pairs(middle: str, own: str) -> Any:
        by_supplier, by_recipient = (
            pm.ZeroSumNormal(f"{dim}_{own}", sigma=top[f"{dim}_{own}_sd"], dims=dim)
            for dim in CELL[:2]
        )
        pairs = top[middle] + by_supplier[:, None] + by_recipient[None, :]
        return pt.repeat(pairs.flatten(), years)

    return of_pairs("presence", "presence"), of_pairs("size_sd_log", "spread")


def deliveries(
    given: Mapping[str, Any], log_volume: Any, presence: Any, log_sd: Any, sd_slope: Any
) -> None:
    """Add the likelihood of observed deliveries, TIV million.

    Nothing is delivered with a probability that falls with the expected volume; otherwise the log
    of the size is Normal with a spread that does too. Years with a delivery come first. `given` as
    from `of_deliveries`, `presence` and `log_sd` as from `delivery_parameters`.
    """
    some, none = given["some"], given["none"]
    flat = log_volume.flatten()
    pm.CustomDist(
        "delivered", flat[some], presence[some], log_sd[some], sd_slope,
        logp=delivered_log_probability, signature="(n),(n),(n),()->(n)",
        observed=given["amount"], dims="delivered_at",
    )  # fmt: skip
    pm.CustomDist(
        "not_delivered", flat[none], presence[none],
        logp=lambda _, volume, presence: equations.log_no_delivery(volume, presence, pt),
        signature="(n),(n)->(n)", observed=0.0 * none, dims="not_delivered_at",
    )  # fmt: skip


def delivered_log_probability(
    value: Any, log_volume: Any, presence: Any, log_sd: Any, sd_slope: Any
) -> Any:
    """Log density of a delivery above zero, TIV million, its presence included."""
    log_any = equations.log_any_delivery(log_volume, presence, pt)
    mean, sd = equations.size_distribution(log_volume, log_any, (log_sd, sd_slope), pt)
    log_value = pt.log(value)
    constant = 0.5 * np.log(2.0 * np.pi)
    return log_any - 0.5 * ((log_value - mean) / sd) ** 2 - pt.log(sd) - log_value - constant
