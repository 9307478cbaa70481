"""Delivery: what a deal does in a year, given what a register knew of it the year before.

A waiting, running, unnumbered or complete deal delivers something with a chance that is logistic in
its age, what is left, the years since its last delivery, effects of domain, supplier and recipient,
and shocks of the year to all, to a supplier and to a recipient. What comes is all that is left, or
a logit-normal share of it around the pace so far. A deal may be gone from the next register. Orders
that no register lists yet wait by age, size and domain for their first delivery (discrete-time
hazard), and are listed likelier with age and size and once they begin. Sizes are lognormal. A deal
whose number is not known, or that goes on when all has come, delivers around its pace. The same
features describe deals in the fit and in the future (`models.deal_features`).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from crossover.data import names
from crossover.models import deal_features as features
from crossover.models.contrasts import orthonormal
from crossover.models.logistic import Cases, cases, log_density
from crossover.models.order_book import RUNNING, OrderData
from crossover.models.priors import Priors, order, parameters

WHOLE_FROM = 0.98
"""Share of what was left from which a delivery counts as the last."""
SHARE_LOGITS = (-6.0, 3.8)
"""Log-odds of a share between which it is taken as it is; beyond, only that it is beyond."""
BIN = 0.25
"""Log TIV: width of the classes of size in which waiting and listed orders are counted."""
ONE_UNIT = np.log(1.5)
"""Log units: up to this an order is of one unit."""
ALIKE = 4.0
"""Observations that know as much of a mean as that it is alike to others, roughly."""
GROUPS = (names.DOMAIN, names.SUPPLIER, names.RECIPIENT)


def delivery(data: OrderData, priors: Priors) -> pm.Model:
    """Build the model of delivery.

    Parameters
    ----------
    data
        As from `models.order_book.prepare`.
    priors
        Those of the part `delivery`.

    Returns
    -------
    pymc.Model
        With dims parameter, chance_feature, gone_feature, whole_feature, share_feature,
        spread_feature, wait_feature, known_feature, domain, supplier, recipient, outcome_year.
        Effects of domains, suppliers and recipients sum to zero over each.
    """
    f = data.followed
    origin = int(data.periods[-1])
    years = np.arange(f["year"].min(), f["year"].max() + 1) if len(f) else np.array([origin])
    coords = {
        "parameter": order(priors), "outcome_year": years, names.DOMAIN: list(names.DOMAINS),
        names.SUPPLIER: list(data.suppliers), names.RECIPIENT: list(data.recipients),
        **{f"{name}_feature": list(getattr(features, name.upper()))
           for name in ("chance", "gone", "whole", "share", "spread", "wait", "known")},
    }  # fmt: skip
    width = priors.constant("effect_width")
    with pm.Model(coords=coords) as model:
        top = parameters(priors)
        _chance(f, top, priors, years)
        _amounts(f[~f["gone"] & f["any"] & (f["tiv"] > 0)], top, width)
        sizes = _orders(data, top, priors)
        first = f[~f["gone"] & f["any"] & (f["tiv"] > 0) & (f["delivered"] <= 0)]
        first = first[first["state"] > RUNNING]
        usual = sizes[0][first["supplier"].values, first["domain"].values]
        usual = usual + sizes[1][first["recipient"].values]
        pm.Normal("first", usual + top["first_pace"], top["first_sd"],
                  observed=np.log(first["tiv"].values))  # fmt: skip
    return model


def chance_prior(width: float) -> tuple[np.ndarray, np.ndarray]:
    """Return prior means and standard deviations of effects on the chance of a delivery.

    A complete deal seldom delivers again. Books cut from a later register hold no case of one that
    does, so that this is said beforehand.
    """
    done = np.array([name.startswith("complete") for name in features.CHANCE])
    return np.where(done, -4.0, 0.0), np.where(done, width / 2.0, width)


def known_prior(priors: Priors) -> np.ndarray:
    """Return the prior means of the effects on whether an order is listed (known_feature)."""
    unlisted = priors.constant("unlisted_first") * np.exp(
        -priors.constant("unlisted_decay") * np.arange(6)
    )
    logits = np.log((1.0 - unlisted) / unlisted)
    begun = logits + priors.constant("listed_once_begun")
    return np.concatenate([logits, begun, [priors.constant("listed_size")]])


def _group(name: str, top: Any, dim: str, at: Any, known: bool = True) -> Any:
    """Add effects that sum to zero over a dim, sampled in contrasts.

    `at`: of each observation. Of what is little `known`, contrasts are sampled in units of their
    spread.
    """
    model, contrast = pm.modelcontext(None), f"{dim}_contrast"
    basis = orthonormal(np.bincount(at, minlength=len(model.coords[dim])))
    model.add_coord(contrast, range(len(basis)))
    scale = top[f"{name}_{dim}_sd"]
    z = pm.Normal(f"{name}_{dim}_z", 0.0, scale if known else 1.0, dims=contrast)
    effects = pt.dot(z, basis)
    return pm.Deterministic(f"{name}_{dim}", effects if known else scale * effects, dims=dim)


def _along_axes(name: str, scale: float, table: np.ndarray) -> Any:
    """Add effects ~ Normal(0, scale) of features (case, feature), sampled along axes of the table.

    The density of such effects does not change as they are turned; along the eigenvectors of what
    cases say together, each is known by itself.
    """
    _, axes = np.linalg.eigh(table.T @ table)
    pm.modelcontext(None).add_coord(f"{name}_axis", range(len(axes)))
    z = pm.Normal(f"{name}_turned", 0.0, scale, dims=f"{name}_axis")
    return pm.Deterministic(name, pt.dot(axes, z), dims=f"{name}_feature")


def _centred_where_known(
    name: str, mean: Any, scale: Any, count: np.ndarray, dims: tuple[str, ...]
) -> Any:
    """Add effects around their means, sampled as they are as far as observations know them.

    With c = n / (n + `ALIKE`) of n observations, z ~ Normal(c mean, scale^c) and
    x = mean + scale^(1 - c) (z - c mean), so that x ~ Normal(mean, scale) for every c
    (Papaspiliopoulos, Roberts and Sköld 2007).
    """
    known = count / (count + ALIKE)
    z = pm.Normal(f"{name}_z", known * mean, scale**known, dims=dims)
    return pm.Deterministic(name, mean + scale ** (1.0 - known) * (z - known * mean), dims=dims)


def _flagged(table: np.ndarray, of: Any) -> np.ndarray:
    """Return features with a flag for each domain beside them."""
    return np.column_stack([table, np.eye(len(names.DOMAINS))[of[names.DOMAIN].values]])


def _binomial(name: str, effects: Any, cases: Cases) -> None:
    pm.Potential(name, log_density(effects, cases))


def _chance(f: Any, top: Any, priors: Priors, years: np.ndarray) -> None:
    width, persistence, tail = (
        priors.constant(name) for name in ("effect_width", "chance_world_persistence", "shock_tail")
    )
    at = f[~f["gone"]]
    columns = [at[name].values for name in ("state", "age", "left", "since")]
    table = features.table(features.chance, len(features.CHANCE), *columns)
    effect = pm.Normal("chance", *chance_prior(width), dims="chance_feature")
    domains, suppliers, recipients = (
        _group("chance", top, dim, at[dim].values, known=dim == names.DOMAIN) for dim in GROUPS
    )
    world = _carried(
        pm.Normal("chance_world_news", 0.0, top["chance_world_sd"], dims="outcome_year"),
        persistence,
    )
    world = pm.Deterministic("chance_world", world - world.mean(), dims="outcome_year")
    effects, groups = [effect, domains], []
    # What is of a supplier, of all in a year and of both is one entry of a case, not three.
    lasting = {names.SUPPLIER: suppliers[:, None] + world, names.RECIPIENT: recipients[:, None]}
    for dim, base in lasting.items():
        name = f"chance_{dim}_shock"
        shape = (len(pm.modelcontext(None).coords[dim]), len(years))
        path = _lasting(name, top[f"{name}_sd"], top[f"{name}_persistence"], tail, dim)
        path = pm.Deterministic(name, path, dims=(dim, "outcome_year"))
        effects.append((path + base).ravel())
        cell = at[dim].values * len(years) + at["year"].values - years[0]
        groups.append((cell, shape[0] * shape[1]))
    counted = cases(_flagged(table, at), at["any"].values, groups)
    _binomial("delivers", pt.concatenate(effects), counted)
    ends = f[f["ending"]]
    gone = pm.Normal("gone", -3.0, width, dims="gone_feature")
    table = features.table(
        features.gone, len(features.GONE), ends["state"].values, ends["age"].values
    )
    kinds, happened, tried, span = _counted(table, ends["gone"].values, ends["span"].values)
    # Gone within the years between two registers, at the same chance in each.
    stays = -span * pt.softplus(pt.dot(kinds, gone))
    pm.Potential(
        "is_gone", (happened * pt.log(-pt.expm1(stays)) + (tried - happened) * stays).sum()
    )


def _lasting(name: str, scale: Any, persistence: Any, tail: float, lead: str) -> Any:
    """Add what befalls all deals of a side in a year, and lasts: an AR(1) (lead, outcome_year).

    `scale`: of a year's news, log-odds; `persistence`: how much of a year is left in the next;
    `tail`: see `heavy`.
    """
    news = heavy(pm.Normal(f"{name}_z", dims=(lead, "outcome_year")), tail, pt)
    return scale * _carried(news, persistence)


def _carried(news: Any, persistence: Any) -> Any:
    """Return a stationary AR(1) (..., outcome_year) given each year's news."""
    count = len(pm.modelcontext(None).coords["outcome_year"])
    lag = np.arange(count)[:, None] - np.arange(count)[None, :]
    carry = persistence ** np.maximum(lag, 0) * (lag >= 0)
    first = np.arange(count) == 0
    start = first / pt.sqrt(1.0 - persistence**2) + ~first
    return pt.dot(start * news, carry.T)


def heavy(standard: Any, tail: float, xp: Any) -> Any:
    """Return standard normal numbers with their tails made heavier: z exp(h z² / 2) (Tukey 1977).

    With h = 0.15 one in a thousand is beyond 7 where a normal one is beyond 3.3. In place of
    Student's t, whose tails a sampler walks slowly.
    """
    return standard * xp.exp(0.5 * tail * standard**2)


def _counted(
    table: np.ndarray, happened: np.ndarray, apart: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct rows of a table, and of each how often it happened and was tried.

    `apart`: a column that keeps rows apart too; it is returned last, for the distinct rows.
    """
    apart = np.zeros(len(table)) if apart is None else apart
    rows = np.column_stack([table, apart])
    if not len(rows):
        return table, np.zeros(0), np.zeros(0), apart
    kinds, at = np.unique(rows, axis=0, return_inverse=True)
    tried = np.bincount(at, minlength=len(kinds)).astype(float)
    yes = np.bincount(at, np.asarray(happened, float), len(kinds))
    return kinds[:, :-1], yes, tried, kinds[:, -1]


def _amounts(came: Any, top: Any, width: float) -> None:
    numbered = came[came["state"] <= RUNNING]
    columns = [
        numbered[name].values
        for name in ("state", "age", "left", "units_left", "delivered", "times")
    ]
    table = features.table(features.whole, len(features.WHOLE), *columns)
    part = numbered["tiv"].values / numbered["left"].values
    whole = part >= WHOLE_FROM
    effect = _along_axes("whole", width, table)
    _binomial("is_whole", effect, cases(table, whole))
    _shares(part[~whole], table[~whole, :-1], width)
    more = came[(came["state"] > RUNNING) & (came["delivered"] > 0)]
    pace = np.log(more["delivered"] / np.maximum(more["times"], 1)).values - features.MIDDLE
    table = np.column_stack([np.ones(len(pace)), pace])
    _linear("more", pt.stack([top["more_pace"], top["more_slope"]]), top["more_sd"],
            table, np.log(more["tiv"].values) - features.MIDDLE)  # fmt: skip


def _shares(part: np.ndarray, table: np.ndarray, width: float) -> None:
    """Add the shares of what was left: logit-normal, censored beyond `SHARE_LOGITS`."""
    low, high = SHARE_LOGITS
    logit = np.clip(np.log(part / (1.0 - part)), low, high)
    effect = _along_axes("share", width, table)
    spread = pm.Normal("share_spread", 0.0, 0.5, dims="spread_feature")
    mean, sd = pt.dot(table, effect), pt.exp(pt.dot(table[:, features.SPREAD_AT], spread))
    side = np.where(logit <= low, 1.0, np.where(logit >= high, -1.0, 0.0))
    pm.CustomDist("delivered_share", mean, sd, logp=partial(_censored, side), observed=logit)


def _censored(side: np.ndarray, value: Any, mean: Any, sd: Any) -> Any:
    """Return the log density of normal values; of some only that they are beyond is known.

    `side`: 1 of a value that is cut below, so that log Φ((value - mean) / sd) counts; -1 of one
    that is cut above; 0 of one that is as it is.
    """
    inside, beyond = np.flatnonzero(side == 0.0), np.flatnonzero(side)
    z = (value - mean) / sd
    known = -0.5 * (z[inside] ** 2 + np.log(2.0 * np.pi)) - pt.log(sd[inside])
    if not len(beyond):
        return known
    cut = pm.logcdf(pm.Normal.dist(0.0, 1.0), side[beyond] * z[beyond])
    return pt.concatenate([known, cut])[np.argsort(np.concatenate([inside, beyond]))]


def _orders(data: OrderData, top: Any, priors: Priors) -> tuple[Any, Any]:
    """Add waits, listing and sizes of orders; return mean log sizes as from `_sizes`."""
    width = priors.constant("effect_width")
    w = data.waits
    wait = pm.Normal("wait", 0.0, width, dims="wait_feature")
    own = _group("wait", top, names.DOMAIN, w["domain"].values)
    table = features.table(
        features.wait, len(features.WAIT), w["age"].values, in_classes(w["log_tiv"].values)
    )
    first = cases(_flagged(table, w), w["first"].values)
    _binomial("begins", pt.concatenate([wait, own]), first)
    k = data.listed
    known = pm.Normal("known", known_prior(priors), 0.5, dims="known_feature")
    table = features.table(
        features.known, len(features.KNOWN), k["age"].values, k["begun"].values,
        in_classes(k["log_tiv"].values),
    )  # fmt: skip
    _binomial("is_known", known, cases(table, k["known"].values))
    return _sizes(data, top, width)


def in_classes(log_tiv: np.ndarray) -> np.ndarray:
    """Return log TIV in steps of `BIN`."""
    return np.round(log_tiv / BIN) * BIN


def _sizes(data: OrderData, top: Any, width: float) -> tuple[Any, Any]:
    """Add sizes of orders; return mean log TIV (supplier, domain), and recipients' deviations."""
    s = data.sizes
    level = pm.Normal("size_level", features.MIDDLE, width, dims=names.DOMAIN)
    sellers = _group("size", top, names.SUPPLIER, s["supplier"].values)
    expected = _centred_where_known(
        "size_mean", sellers[:, None] + level[None, :], top["size_mix_sd"],
        np.histogram2d(s["supplier"].values, s["domain"].values, [
            np.arange(len(data.suppliers) + 1), np.arange(len(names.DOMAINS) + 1),
        ])[0],
        (names.SUPPLIER, names.DOMAIN),
    )  # fmt: skip
    buyers = _group("size", top, names.RECIPIENT, s["recipient"].values)
    sorts = s.groupby(list(GROUPS))["log_tiv"].agg(["size", "mean", "var"]).reset_index()
    at = [sorts[name].values for name in GROUPS]
    off = sorts["mean"].values - expected[at[1], at[0]] - buyers[at[2]]
    within = ((sorts["size"] - 1) * sorts["var"].fillna(0.0)).sum()
    _normal("log_size", (sorts["size"].values * off**2).sum() + within, len(s), top["size_sd"])
    units = pm.Normal("units_domain", 2.0, width, dims=names.DOMAIN)
    table = _flagged(s[["log_tiv"]].values - features.MIDDLE, s)
    effects, found = pt.concatenate([top["units_size"][None], units]), s["log_units"].values
    one = found <= ONE_UNIT
    _linear("log_units", effects, top["units_sd"], table[~one], found[~one])
    # Of one unit is what would round to one, or to none.
    kinds, count = np.unique(table[one], axis=0, return_counts=True)
    of_one = pm.logcdf(pm.Normal.dist(pt.dot(kinds, effects), top["units_sd"]), ONE_UNIT)
    pm.Potential("is_one_unit", (count * of_one).sum())
    return expected, buyers


def _linear(name: str, effects: Any, sd: Any, table: np.ndarray, values: np.ndarray) -> None:
    """Add normal values (case) about a table (case, feature) times effects.

    With table = Q R, |y − Q R b|² = |Q'y − R b|² + |y − Q Q'y|²: as many terms as effects.
    """
    q, r = np.linalg.qr(table)
    turned = q.T @ values
    rest = ((values - q @ turned) ** 2).sum()
    _normal(name, ((turned - pt.dot(r, effects)) ** 2).sum() + rest, len(values), sd)


def _normal(name: str, squares: Any, count: int, sd: Any) -> None:
    """Add normal values, given the sum of their squared distances from their means."""
    each = pt.log(sd) + 0.5 * np.log(2.0 * np.pi)
    pm.Potential(name, -0.5 * squares / sd**2 - count * each)
