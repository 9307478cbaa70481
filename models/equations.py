"""The gravity equations, once, for both the sampler and the simulator.

Each function takes `xp`, the array library to compute with (numpy or pytensor.tensor), so that
what is simulated forward is what was fitted. Arrays are ordered supplier, recipient, year, with
any batch dimensions (draws) in front.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

REFERENCE_VOLUME = 20.0
"""TIV million at which the delivery parameters are stated."""
MEMORY_YEARS = 3
"""Past years whose deliveries a pair remembers."""
CENTRING_ROUNDS = 4


def log_denominator(utility: Any, home: Any, xp: Any) -> Any:
    """Log of the sum of exponentiated utilities over home and all suppliers.

    Parameters
    ----------
    utility
        Log-odds of each supplier (..., supplier, recipient, year); -40 where a pair cannot trade.
    home
        Log-odds of home production (..., recipient, year).
    xp
        Array library.

    Returns
    -------
    array (..., recipient, year), log-odds.
    """
    return home + xp.log1p(xp.exp(utility - home[..., None, :, :]).sum(axis=-3))


def log_world(utility: Any, home: Any, wanted: Any, xp: Any) -> Any:
    """Log of all recipients' expected imports together, as they would be without world demand.

    Parameters
    ----------
    utility, home
        As of `log_denominator`.
    wanted
        Log acquisitions (..., recipient, year), log TIV million.
    xp
        Array library.

    Returns
    -------
    array (..., year), log TIV million.
    """
    odds = xp.exp(utility - home[..., None, :, :]).sum(axis=-3)
    return xp.log((xp.exp(wanted) * odds / (1.0 + odds)).sum(axis=-2))


def settled(wanted: Any, utility: Any, home: Any, world: Any, xp: Any) -> Any:
    """Log acquisitions (..., recipient, year) that add up to what the world buys (..., year).

    Whatever single recipients want, they compete for it. Without this the noise of each, in logs,
    would raise the sum of all for ever. Arguments as of `log_world`, all in log TIV million.
    """
    return wanted + (world - log_world(utility, home, wanted, xp))[..., None, :]


def log_no_delivery(log_volume: Any, presence: Any, xp: Any) -> Any:
    """Log probability that nothing is delivered, given the log expected volume (log TIV million).

    Compound Poisson: the expected number of deliveries is in proportion to the volume.

    Parameters
    ----------
    log_volume
        Log expected volume, log TIV million.
    presence
        Log of the expected number of deliveries at the reference volume.
    xp
        Array library.
    """
    return -xp.exp(presence + log_volume - xp.log(REFERENCE_VOLUME))


def log_any_delivery(log_volume: Any, presence: Any, xp: Any) -> Any:
    """Log probability that something is delivered, given the log expected volume."""
    return xp.log(-xp.expm1(log_no_delivery(log_volume, presence, xp)))


def size_distribution(
    log_volume: Any, log_presence: Any, size: tuple[Any, Any], xp: Any
) -> tuple[Any, Any]:
    """Mean and standard deviation of log deliveries, given that there are any.

    The mean is set so that the expected delivery, zeros included, is exp(log_volume).

    Parameters
    ----------
    log_volume
        Log expected volume, log TIV million.
    log_presence
        Log probability of any delivery.
    size
        Log of the standard deviation of small volumes, and its slope in the log volume well above
        the reference: a large flow is the sum of many deliveries.
    xp
        Array library.
    """
    log_sd, slope = size
    above = xp.log1p(xp.exp(log_volume) / REFERENCE_VOLUME)
    sd = xp.exp(xp.clip(log_sd + slope * above, -2.5, 1.5))
    return log_volume - log_presence - 0.5 * sd**2, sd


def contrasts(weight: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span the vectors whose sum is zero (n - 1, n).

    Each compares one entry with the mean of all entries of more weight. With weight for how much
    is known of an entry, each row is about its least known entry and little else, so that the
    coordinates are nearly independent given data (Helmert contrasts, ordered).

    Parameters
    ----------
    weight
        Of each entry (n); ties keep their order.
    """
    order = np.argsort(-weight, kind="stable")
    basis = np.empty((len(weight) - 1, len(weight)))
    basis[:, order] = scipy.linalg.helmert(len(weight))
    return basis


def memories(recent: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """What pairs remember: the log of their deliveries lately, and in the last year alone.

    Contracts run for years, so that last year says more than the years before it. Logs are taken
    of one more TIV million, and double-centred.

    Parameters
    ----------
    recent
        Deliveries of the last `MEMORY_YEARS`, or as many as are known, the last one last, TIV
        million (past year, ..., supplier, recipient).
    possible
        Whether a pair can trade (supplier, recipient).

    Returns
    -------
    array (2, ..., supplier, recipient), log TIV million; 0 where a pair cannot trade.
    """
    logs = np.log1p(np.stack([np.mean(recent, axis=0), recent[-1]]))
    return double_centred(logs[..., None], possible[..., None])[..., 0]


def double_centred(deviation: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Take every supplier's and every recipient's mean out of what pairs did lately.

    What is left is what a pair did beyond its supplier and its recipient, so that levels and their
    changes stay in capacity and demand.

    Parameters
    ----------
    deviation
        Of pairs (..., supplier, recipient, year).
    possible
        Whether a pair can trade (supplier, recipient, 1).

    Returns
    -------
    array like `deviation`, 0 where a pair cannot trade.
    """
    weight = possible.astype(deviation.dtype)
    of_recipient, of_supplier = (weight.sum(axis=axis, keepdims=True) for axis in (-3, -2))
    out = deviation * weight
    # Few cells are barred, so that each round leaves less than a hundredth of the means.
    for _ in range(CENTRING_ROUNDS):
        out = (out - out.sum(axis=-3, keepdims=True) / of_recipient) * weight
        out = (out - out.sum(axis=-2, keepdims=True) / of_supplier) * weight
    return out
