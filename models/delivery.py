"""Delivery: what a deal does in a year, given what a register knew of it the year before.

A waiting, running, unnumbered or complete deal delivers something with a chance that is logistic in
its age, what is left, the years since its last delivery, effects of domain, supplier and recipient,
and shocks of the year to all, to a supplier and to a recipient. What comes is all that is left, or
a logit-normal share of it around the pace so far. A deal may be gone from the next register. Orders
that no register lists yet wait by age, size and domain for their first delivery (discrete-time
hazard), and are listed likelier with age and size and once they begin. Sizes are lognormal. The
same predictors serve the fit and the future (`forecast.order_market`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from data import names
from models import priors as prior_files
from models.order_book import COMPLETE, NEVER, RUNNING, SMALLEST, UNNUMBERED, WAITING, OrderData
from models.priors import Priors, order, parameters

PRIORS_FILE = prior_files.DEFAULT_FILE.with_name("delivery.toml")
CHANCE = (
    "waiting_0", "waiting_1", "waiting_2", "waiting_3_4", "waiting_5_7", "waiting_8",
    "running", "running_8", "waiting_size", "running_size", "running_missed_1", "running_missed_2",
    "unnumbered", "unnumbered_missed_1", "unnumbered_missed_2", "unnumbered_waiting",
    "complete", "complete_missed_1", "complete_missed_2",
)  # fmt: skip
GONE = ("waiting", "waiting_5", "running", "unnumbered", "complete")
SHARE = (
    "level", "running", "size", "units", "pace", "large", "running_size", "running_age",
    "running_units",
)  # fmt: skip
WHOLE = (*SHARE, "one_unit")
WAIT = (*(f"age_{a}" for a in range(7)), "size", "size_at_once")
KNOWN = (*(f"age_{a}" for a in range(6)), *(f"begun_{a}" for a in range(6)), "size")
WHOLE_FROM = 0.98
"""Share of what was left from which a delivery counts as the last."""
MIDDLE = 2.6
"""Log of a middling deal's TIV million."""
PACE_RANGE, LOGIT_RANGE = (-4.0, 3.0), 6.0


def chance_features(state: Any, age: Any, left: Any, since: Any) -> np.ndarray:
    """Return the features of the chance of a delivery (..., CHANCE), `left` in TIV million."""
    size = log(left) - 3.0
    waiting, running, unnumbered, complete = (
        state == s for s in (WAITING, RUNNING, UNNUMBERED, COMPLETE)
    )
    parts = (
        waiting & (age <= 0), waiting & (age == 1), waiting & (age == 2),
        waiting & (age >= 3) & (age <= 4), waiting & (age >= 5) & (age <= 7), waiting & (age >= 8),
        running, running & (age >= 8), waiting * size, running * size,
        running & (since == 1), running & (since >= 2),
        unnumbered & (since <= 0), unnumbered & (since == 1),
        unnumbered & (since >= 2) & (since < NEVER), unnumbered & (since >= NEVER),
        complete & (since <= 0), complete & (since == 1), complete & (since >= 2),
    )  # fmt: skip
    return np.stack([np.asarray(part, float) for part in parts], axis=-1)


def gone_features(state: Any, age: Any) -> np.ndarray:
    """Return the features of the chance that the next register lacks a deal (..., GONE)."""
    waiting = state == WAITING
    parts = (waiting, waiting & (age >= 5), *(state == s for s in (RUNNING, UNNUMBERED, COMPLETE)))
    return np.stack([np.asarray(part, float) for part in parts], axis=-1)


def whole_features(
    state: Any, age: Any, left: Any, units: Any, delivered: Any, times: Any
) -> np.ndarray:
    """Return the features of what is delivered, if anything (..., WHOLE); the first are SHARE.

    Parameters
    ----------
    left, delivered : TIV million.
    units : units not yet delivered.
    times : years with deliveries so far.
    """
    size, many, running = log(left), np.log(units), (state == RUNNING) * 1.0
    pace = np.log(np.maximum(delivered / np.maximum(times, 1), 1e-3) / np.maximum(left, 1e-3))
    parts = (
        np.ones_like(size), running, size - 3.0, many - 2.0, running * np.clip(pace, *PACE_RANGE),
        np.maximum(size - 5.0, 0.0), running * (size - 3.0), running * np.minimum(age, 15) / 5.0,
        running * (many - 2.0), many <= SMALLEST,
    )  # fmt: skip
    return np.stack([np.asarray(part, float) for part in parts], axis=-1)


def wait_features(age: Any, log_tiv: Any) -> np.ndarray:
    """Return the features of the chance of a first delivery at an age (..., WAIT)."""
    at = np.minimum(age, 6)
    parts = [at == a for a in range(7)] + [log_tiv - MIDDLE, (age == 0) * (log_tiv - MIDDLE)]
    return np.stack([np.asarray(part, float) for part in parts], axis=-1)


def known_features(age: Any, begun: Any, log_tiv: Any) -> np.ndarray:
    """Return the features of the chance that a register lists an order (..., KNOWN)."""
    at = np.minimum(age, 5) + 6 * np.asarray(begun, int)
    parts = [at == a for a in range(12)] + [log_tiv - MIDDLE]
    return np.stack([np.asarray(part, float) for part in parts], axis=-1)


def log(tiv: Any) -> np.ndarray:
    """Return the log of TIV million, small amounts counted as `SMALLEST`."""
    return np.log(np.maximum(tiv, SMALLEST))


def listed_prior(priors: Priors, ages: int = 12) -> np.ndarray:
    """Return the prior of what a register lists in relation to later ones, by age (2, age).

    Its second row is as how many orders it counts.
    """
    missing = priors.constant("missing_first") * np.exp(
        -priors.constant("missing_decay") * np.arange(ages)
    )
    return np.stack([1.0 - missing, np.full(ages, priors.constant("listed_weight"))])


def known_prior(priors: Priors) -> np.ndarray:
    """Return the prior means of the effects on whether an order is listed (KNOWN)."""
    unlisted = priors.constant("unlisted_first") * np.exp(
        -priors.constant("unlisted_decay") * np.arange(6)
    )
    logits = np.log((1.0 - unlisted) / unlisted)
    begun = logits + priors.constant("listed_once_begun")
    return np.concatenate([logits, begun, [priors.constant("listed_size")]])


def delivery(data: OrderData, priors: Priors) -> pm.Model:
    """Build the model of delivery.

    Parameters
    ----------
    data
        As from `models.order_book.prepare`.
    priors
        Of `PRIORS_FILE`.

    Returns
    -------
    pymc.Model
        With dims parameter, chance_feature, gone_feature, whole_feature, share_feature,
        wait_feature, known_feature, domain, supplier, recipient, outcome_year.
    """
    f = data.followed
    years = np.arange(f["year"].min(), f["year"].max() + 1) if len(f) else np.array([data.origin])
    coords = {
        "parameter": order(priors), "chance_feature": list(CHANCE), "gone_feature": list(GONE),
        "whole_feature": list(WHOLE), "share_feature": list(SHARE), "wait_feature": list(WAIT),
        "known_feature": list(KNOWN), "outcome_year": years, names.DOMAIN: list(names.DOMAINS),
        names.SUPPLIER: list(data.suppliers), names.RECIPIENT: list(data.recipients),
    }  # fmt: skip
    width = priors.constant("effect_width")
    with pm.Model(coords=coords) as model:
        top = parameters(priors)
        _chance(f, top, width, years[0])
        _amounts(f[~f["gone"] & f["any"] & (f["tiv"] > 0)], top, width)
        _orders(data, top, priors)
    return model


def _spread(name: str, scale: Any, dims: Any) -> Any:
    return scale * pm.Normal(name, 0.0, 1.0, dims=dims)


def _chance(f: Any, top: Any, width: float, first: int) -> None:
    at = f[~f["gone"]]
    columns = [at[name].values for name in ("state", "age", "left", "since")]
    effect = pm.Normal("chance", 0.0, width, dims="chance_feature")
    eta = pt.dot(chance_features(*columns), effect)
    for dim in (names.DOMAIN, names.SUPPLIER, names.RECIPIENT):
        own = _spread(f"chance_{dim}", top[f"chance_{dim}_sd"], dim)
        eta = eta + own[at[dim].values]
    shock = _spread("chance_shock", top["chance_shock_sd"], (names.SUPPLIER, "outcome_year"))
    of_year = (names.RECIPIENT, "outcome_year")
    crisis = _spread("chance_recipient_shock", top["chance_recipient_shock_sd"], of_year)
    world = _spread("chance_world", top["chance_world_sd"], "outcome_year")
    year = at["year"].values - first
    own = shock[at["supplier"].values, year] + crisis[at["recipient"].values, year]
    eta = eta + world[year] + own
    pm.Bernoulli("delivers", logit_p=eta, observed=at["any"].values.astype(int))
    ends = f[f["ending"]]
    gone = pm.Normal("gone", -3.0, width, dims="gone_feature")
    yearly = pt.dot(gone_features(ends["state"].values, ends["age"].values), gone)
    # Gone within the years between two registers, at the same chance in each.
    stays = -ends["span"].values * pt.softplus(yearly)
    pm.Bernoulli("is_gone", p=-pt.expm1(stays), observed=ends["gone"].values.astype(int))


def _amounts(came: Any, top: Any, width: float) -> None:
    numbered = came[came["state"] <= RUNNING]
    columns = [
        numbered[name].values
        for name in ("state", "age", "left", "units_left", "delivered", "times")
    ]
    features = whole_features(*columns)
    part = numbered["tiv"].values / numbered["left"].values
    whole = part >= WHOLE_FROM
    effect = pm.Normal("whole", 0.0, width, dims="whole_feature")
    pm.Bernoulli("is_whole", logit_p=pt.dot(features, effect), observed=whole.astype(int))
    of_part = pm.Normal("share", 0.0, width, dims="share_feature")
    logit = np.clip(np.log(part[~whole] / (1.0 - part[~whole])), -LOGIT_RANGE, LOGIT_RANGE)
    rest = features[~whole, :-1]
    sd = pt.exp(top["share_log_sd"] + top["share_units_sd"] * rest[:, SHARE.index("units")])
    pm.Normal("delivered_share", pt.dot(rest, of_part), sd, observed=logit)
    more = came[(came["state"] > RUNNING) & (came["delivered"] > 0)]
    pace = np.log(more["tiv"] / (more["delivered"] / np.maximum(more["times"], 1))).values
    pm.Normal("more", top["more_pace"], top["more_sd"], observed=np.clip(pace, -3.0, 3.0))


def _orders(data: OrderData, top: Any, priors: Priors) -> None:
    width = priors.constant("effect_width")
    w = data.waits
    wait = pm.Normal("wait", 0.0, width, dims="wait_feature")
    own = _spread("wait_domain", top["wait_domain_sd"], names.DOMAIN)
    eta = pt.dot(wait_features(w["age"].values, w["log_tiv"].values), wait)
    pm.Bernoulli("begins", logit_p=eta + own[w["domain"].values],
                 observed=w["first"].values.astype(int))  # fmt: skip
    k = data.listed
    known = pm.Normal("known", known_prior(priors), 0.5, dims="known_feature")
    features = known_features(*(k[name].values for name in ("age", "begun", "log_tiv")))
    came_up = k["known"].values.astype(int)
    pm.Bernoulli("is_known", logit_p=pt.dot(features, known), observed=came_up)
    s = data.sizes
    level = pm.Normal("size_domain", MIDDLE, width, dims=names.DOMAIN)
    mean = level[s["domain"].values]
    for dim in (names.SUPPLIER, names.RECIPIENT):
        own = _spread(f"size_{dim}", top[f"size_{dim}_sd"], dim)
        mean = mean + own[s[dim].values]
    pm.Normal("log_size", mean, top["size_sd"], observed=s["log_tiv"].values)
    units = pm.Normal("units_domain", 2.0, width, dims=names.DOMAIN)
    pm.Normal("log_units", units[s["domain"].values] + top["units_size"] * (
        s["log_tiv"].values - MIDDLE), top["units_sd"], observed=s["log_units"].values)  # fmt: skip
