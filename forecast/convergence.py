"""R-hat and effective sample sizes of very many quantities at once.

ArviZ judges one quantity at a time, which takes a minute for the twenty thousand of a run. These
are its definitions (Vehtari et al. 2021: rank-normalised split R-hat, the larger of bulk and
folded; effective sample size by Geyer's initial monotone sequence), on arrays of quantities.
"""

from __future__ import annotations

import concurrent.futures
import functools

import numpy as np
from scipy import fft, special

BLOCK = 250
"""Quantities worked on at a time, so that arrays fit the cache."""
TAIL = (0.05, 0.95)
FEWEST = 4
"""Draws a chain."""
CONSTANT = np.finfo(float).resolution


def diagnose(draws: np.ndarray, workers: int = 1) -> np.ndarray:
    """Return R-hat, bulk and tail effective sample size.

    Parameters
    ----------
    draws
        (chain, draw, quantity). A quantity with a draw that is no finite number has no figure: NaN.
    workers
        Threads; NumPy sorts and transforms outside the interpreter's lock.

    Returns
    -------
    numpy.ndarray
        (figure, quantity), as `arviz.rhat` and `arviz.ess` with `method="bulk"`, and with
        `method="tail", prob=(0.05, 0.95)` give them.
    """
    starts = range(0, draws.shape[2], BLOCK)

    def work(start: int) -> np.ndarray:
        return _block(_some(draws, start))

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(work, starts)), axis=1)


def _block(values: np.ndarray) -> np.ndarray:
    """Return the figures (figure, quantity) of values (quantity, chain, draw)."""
    limits = np.quantile(values, TAIL, axis=(1, 2))[..., None, None]
    tail = np.min([ess_of(_split((values <= limit).astype(float))) for limit in limits], axis=0)
    halves = _split(values)
    bulk, middle = _normal_scores(halves)
    folded, _ = _normal_scores(np.abs(halves - middle[:, None, None]))
    found = np.stack([np.fmax(rhat_of(bulk), rhat_of(folded)), ess_of(bulk), tail])
    return np.where(np.isfinite(values).all((1, 2)), found, np.nan)


def ess_of_mean(draws: np.ndarray) -> np.ndarray:
    """Return the effective sample size (quantity) of the mean of draws (chain, draw, quantity).

    NaN of fewer than `FEWEST` draws a chain, which say nothing of how they follow each other.
    """
    if draws.shape[1] < FEWEST:
        return np.full(draws.shape[2], np.nan)
    starts = range(0, max(draws.shape[2], 1), BLOCK)
    return np.concatenate([ess_of(_split(_some(draws, start))) for start in starts])


def _some(draws: np.ndarray, start: int) -> np.ndarray:
    """Return a block of quantities (quantity, chain, draw) of draws (chain, draw, quantity)."""
    return np.moveaxis(draws[..., start : start + BLOCK], 2, 0).astype(float)


def _split(values: np.ndarray) -> np.ndarray:
    """Return every chain as two, the middle draw of an odd number left out."""
    half = values.shape[2] // 2
    return np.concatenate([values[..., :half], values[..., -half:]], axis=1)


def _normal_scores(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal quantiles of the ranks over all chains (Blom's), and the medians.

    Equal values share a rank.
    """
    flat = values.reshape(len(values), -1)
    count = flat.shape[1]
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, 1)
    middle = ordered[:, [(count - 1) // 2, count // 2]].mean(axis=1)
    place, twice = np.arange(count), 2 * np.arange(count)
    alike = ordered[:, 1:] == ordered[:, :-1]
    if alike.any():
        starts = np.pad(~alike, ((0, 0), (1, 0)), constant_values=True)
        first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
        ends = np.roll(starts, -1, axis=1)
        last = np.minimum.accumulate(np.where(ends, place, count)[:, ::-1], axis=1)[:, ::-1]
        twice = first + last
    out = np.empty_like(flat)
    np.put_along_axis(out, order, np.broadcast_to(_quantiles(count)[twice], flat.shape), 1)
    return out.reshape(values.shape), middle


@functools.cache
def _quantiles(count: int) -> np.ndarray:
    """Return the normal quantiles of all ranks and of those halfway between two."""
    rank = np.arange(2 * count - 1) / 2.0 + 1.0
    return special.ndtri((rank - 0.375) / (count + 0.25))


def rhat_of(values: np.ndarray) -> np.ndarray:
    """Return R-hat (quantity) of chains as they are (quantity, chain, draw).

    Chains that do not move and differ have an infinite one; those that are all one value have none.
    """
    draws = values.shape[2]
    between = draws * values.mean(2).var(1, ddof=1)
    moves = (values != values[..., :1]).any((1, 2))
    within = np.where(moves, values.var(2, ddof=1).mean(1), 0.0)
    between = np.where((values != values[:, :1, :1]).any((1, 2)), between, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt((between / within + draws - 1.0) / draws)


def ess_of(values: np.ndarray) -> np.ndarray:
    """Return the effective sample size (quantity) of chains as they are (quantity, chain, draw).

    With autocorrelations ρ summed in pairs P[k] = ρ[2k] + ρ[2k + 1] up to the first that is not
    above zero (K), each at most the one before: τ = −1 + 2 Σ P[k < K] + max(ρ[2K], 0).
    """
    quantities, chains, draws = values.shape
    mean = values.mean(2, keepdims=True)
    length = fft.next_fast_len(2 * draws, real=True)
    spectrum = fft.rfft(values - mean, length, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2).mean(1)
    covariance = fft.irfft(power, length, axis=1)[:, :draws] / draws
    variance = covariance[:, :1] * draws / (draws - 1.0)
    total = covariance[:, :1] + mean[..., 0].var(1, ddof=1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = 1.0 - (variance - covariance) / total
    rho[:, 0] = 1.0
    last = max((draws - 3) // 2, 0)
    pairs = rho[:, 0 : 2 * last + 2 : 2] + rho[:, 1 : 2 * last + 2 : 2]
    ended = pairs <= 0.0
    ended[:, last] = True
    at = ended.argmax(1)
    falling = np.minimum.accumulate(pairs, axis=1)
    summed = np.where(np.arange(last + 1) < at[:, None], falling, 0.0).sum(1)
    tau = -1.0 + 2.0 * summed + np.maximum(rho[np.arange(quantities), 2 * at], 0.0)
    size = float(chains * draws)
    out = size / np.maximum(tau, 1.0 / np.log10(size))
    spread = values.max((1, 2)) - values.min((1, 2))
    return np.where(spread < CONSTANT, size, out)
