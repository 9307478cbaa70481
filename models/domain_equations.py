"""Equations of the domain layer that the fit and its draws share: levels, means and moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def habit_effects(habits: Any, fixed: Mapping[str, Any], xp: Any) -> Any:
    """Turn habits, in contrasts, into a table (pair, domain)."""
    count = fixed["shape"]["domains"]
    each = xp.concatenate([habits[:, None] * fixed["habit_rows"], np.zeros((1, count))])
    return each[fixed["habit_at"]].sum(axis=1)


def standing_effects(sampled: Any, fixed: Mapping[str, Any]) -> Any:
    """Turn elements of suppliers' standings into standings (supplier × domain)."""
    shape = fixed["shape"]
    elements = sampled.reshape((shape["suppliers"], shape["domains"]))
    return (fixed["standing_basis"] * elements.T[:, :, None]).sum(axis=1).T.flatten()


def free_effects(free: Any, fixed: Mapping[str, Any], vector: Any, xp: Any) -> dict[str, Any]:
    """Turn effects about zero into tables; `xp` is numpy or pytensor.tensor."""
    scaled = free * vector[fixed["free_scale"]] ** (1.0 - fixed["free_centred"])
    part, start = {}, 0
    for name, shape in fixed["free_shape"].items():
        size = int(np.prod(shape))
        part[name] = scaled[start : start + size].reshape(shape)
        start += size
    shape, of_domain, waves = fixed["shape"], fixed["of_domain"], fixed["waves"]
    by_supplier = (shape["suppliers"], shape["domains"])

    def whole(name: str) -> Any:
        """All elements, zero where they are not sampled."""
        return xp.concatenate([part[name], np.zeros(1)])[fixed[f"{name}_at"]]

    level = xp.dot(part["strength"].flatten(), fixed["strength_basis"]).reshape(by_supplier)
    moving = xp.dot(xp.dot(waves, whole("strength_walk")), fixed["strength_basis"])
    size = xp.dot(whole("own_size").flatten(), fixed["size_basis"]).reshape(by_supplier)
    return {
        "level": level,
        "moving": moving.reshape((-1, *by_supplier)),
        "demand": xp.dot(part["demand"], of_domain),
        "drift": xp.dot(xp.dot(waves, part["demand_walk"]), of_domain),
        "size": size + xp.dot(part["common_size"], of_domain)[None],
        "spread": xp.dot(part["spread"], of_domain),
        "scaling": xp.dot(part["scaling"], of_domain),
        "unit_drift": xp.dot(waves, part["unit_walk"]),
        "unit_level": part["unit_level"],
    }


def prior_means(
    known: Mapping[str, Any], fixed: Mapping[str, Any], top: Mapping[str, Any], xp: Any
) -> dict[str, Any]:
    """Means of what recipients want, in contrasts, and of suppliers' standings in unit value.

    Contrasts lack what all recipients have in common: `saved` (domain), what strength at home
    saves the mean recipient from buying.
    """
    saved = top["substitution"] * xp.dot(fixed["own_basis"], known["level"])
    rotated = xp.dot(xp.dot(fixed["of_recipient"], saved), fixed["of_domain"].T)
    standings = known["unit_level"][:, None] + top["unit_strength"] * known["level"]
    return {
        "wants": -rotated.flatten(),
        "saved": saved.mean(axis=0),
        "standings": (fixed["standing_basis"] * standings.T[:, None, :]).sum(axis=2).T.flatten(),
    }


def strength_of_pair(
    known: Mapping[str, Any], saved: Any, fixed: Mapping[str, Any], xp: Any
) -> Any:
    """What pairs would order on average without habits (pair, domain)."""
    count = len(fixed["of_domain"])
    wants = xp.dot(fixed["of_recipient"].T, known["wants"].reshape((-1, count)))
    wants = xp.dot(wants, fixed["of_domain"])
    centre = known["level"][fixed["seller"]] + wants[fixed["buyer"]]
    return centre + (known["demand"] - saved)[None]


def moved(
    sampled: Any, mean: Any, name: str, fixed: Mapping[str, Any], vector: Any
) -> Any:
    """Undo the partial centring of a vector that varies about a mean."""
    part = fixed[f"{name}_centred"]
    scale = vector[fixed[f"{name}_scale"]]
    return mean + scale ** (1.0 - part) * (sampled - part * mean)


def variance(spread: Any, alike: Any, orders: Any) -> Any:
    """Variance of the log of what orders of a pair's period and domain come to.

    Parameters
    ----------
    spread
        Of the log TIV of one (..., domain).
    alike
        Variance that they have in common, in relation to that of each of its own.
    orders
        How many they are (..., domain), 1 or more.
    """
    return spread**2 * (alike + 1.0 / orders) / (alike + 1.0)
