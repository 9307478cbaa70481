"""What the hazard of a downturn rests on: influence of single treaties, counts, calibration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import DRAW
from crossover.forecast.partnership import flat, row_log_hazard
from crossover.forecast.shipped import KHAT
from crossover.models import partnership as model
from crossover.models.alliance_rows import ERA, TREATY
from crossover.models.covariates import THESIS
from crossover.models.partnership import known_log_hazard

CLASSES = ("both_major", "one_major", "no_major")

BANDS = (0.5, 0.9)


def influence(
    tree: xr.DataTree, parameters: Sequence[str] = THESIS, *, refit: Any = None
) -> pd.DataFrame:
    """Say what each effect would be without each treaty, by reweighting the draws.

    Parameters
    ----------
    tree : As from `fit`.
    parameters : Effects to look at.
    refit : A function treaty → posterior without it (as `flat`), called where the reweighting is
        not to be trusted; None to show those figures with their k-hat as they are.

    Returns
    -------
    pandas.DataFrame : One row a treaty and effect: `treaty`, `pairs`, `pair_years`, `events`,
        `effect`, `with`, `without` (posterior means, log hazard ratio), `shift` (in posterior
        standard deviations), `p_positive_without`, `khat`, `refitted`; the largest shift first.
    """
    from arviz_stats.base import array_stats

    posterior, inputs = flat(tree), tree["constant_data"].to_dataset()
    # That is what must be divided out to leave a treaty out: its effect is known from its own
    # record only, so the plain likelihood would count as evidence what the record had shaped.
    likelihood, _ = model.treaty_effects(posterior, inputs, seed=0)
    record = likelihood.transpose(TREATY, DRAW).values
    # The weights are the inverse likelihoods: psislw takes the log likelihood and turns it round.
    smoothed, khat = array_stats.psislw(record)
    smoothed = np.exp(smoothed - smoothed.max(axis=1, keepdims=True))
    smoothed /= smoothed.sum(axis=1, keepdims=True)
    draws = model.by_name(posterior)
    values = np.stack([draws[name].values.astype(float) for name in parameters])
    mean, sd = values.mean(axis=1), values.std(axis=1)
    without = smoothed @ values.T
    positive = smoothed @ (values.T > 0)
    at = inputs["treaty_at"].values
    refitted = np.zeros(len(khat), dtype=bool)
    for treaty in np.nonzero(khat > KHAT)[0] if refit is not None else ():
        fresh = model.by_name(refit(str(inputs[TREATY].values[treaty])))
        for k, name in enumerate(parameters):
            without[treaty, k] = float(fresh[name].mean())
            positive[treaty, k] = float((fresh[name] > 0).mean())
        refitted[treaty] = True
    found = []
    for treaty, name in enumerate(inputs[TREATY].values):
        rows = at == treaty
        pairs = sorted(
            {
                f"{a}-{b}"
                for a, b in zip(
                    inputs["state1"].values[rows], inputs["state2"].values[rows], strict=True
                )
            }
        )
        for k, parameter in enumerate(parameters):
            found.append(
                {
                    "treaty": str(name),
                    "pairs": " ".join(pairs[:3]) + (" …" if len(pairs) > 3 else ""),
                    "pair_years": int(rows.sum()),
                    "events": int(inputs["event"].values[rows].sum()),
                    "effect": parameter,
                    "with": mean[k],
                    "without": without[treaty, k],
                    "shift": (without[treaty, k] - mean[k]) / sd[k],
                    "p_positive_without": positive[treaty, k],
                    "khat": float(khat[treaty]),
                    "refitted": bool(refitted[treaty]),
                }
            )
    table = pd.DataFrame(found)
    return table.sort_values("shift", key=abs, ascending=False, ignore_index=True)


def _classes(inputs: xr.Dataset) -> np.ndarray:
    """Position in `CLASSES` of each pair-year (pair_year)."""
    both, one = inputs["both_major"].values == 1, inputs["one_major"].values == 1
    return np.where(both, 0, np.where(one, 1, 2))


def check_counts(tree: xr.DataTree, *, seed: int, draws: int = 1000) -> pd.DataFrame:
    """Compare the yearly number of downturns with what the fitted model would have given.

    A year counts as inside a band by its randomised rank among the simulated numbers: small counts
    have no band of exactly 50 or 90 %, and the rank is uniform for a right model whatever they are.

    Returns
    -------
    pandas.DataFrame : One row an era, a class of pair, and all: `group`, `name`, `years`,
        `observed`, `expected`, `q05`, `q95` (of the number in all years together), `inside_50`,
        `inside_90` (share of years), `nominal_error_90` (binomial standard error at 90 %).
    """
    random = np.random.default_rng(seed)
    posterior, inputs = flat(tree, draws), tree["constant_data"].to_dataset()
    real = inputs["weight"].values == 1.0
    chance = -np.expm1(-np.exp(row_log_hazard(posterior, inputs)[:, real]))
    drawn = random.random(chance.shape) < chance
    event, year = inputs["event"].values[real], inputs["year"].values[real]
    of_class, of_era = _classes(inputs)[real], inputs["era_at"].values[real]
    groups = [("all", "all", np.ones(event.size, bool))]
    groups += [("era", name, of_era == k) for k, name in enumerate(inputs[ERA].values)]
    groups += [("class", name, of_class == k) for k, name in enumerate(CLASSES)]
    found = []
    for group, name, rows in groups:
        if not rows.any():
            continue
        years, at = np.unique(year[rows], return_inverse=True)
        seen = np.bincount(at, event[rows], minlength=years.size)
        simulated = np.zeros((drawn.shape[0], years.size))
        for k in range(years.size):
            simulated[:, k] = drawn[:, rows][:, at == k].sum(axis=1)
        below, equal = (simulated < seen).mean(axis=0), (simulated == seen).mean(axis=0)
        rank = below + random.random(years.size) * equal
        total = simulated.sum(axis=1)
        inside = [float((abs(rank - 0.5) <= band / 2).mean()) for band in BANDS]
        found.append(
            {
                "group": group,
                "name": str(name),
                "years": years.size,
                "observed": int(seen.sum()),
                "expected": float(total.mean()),
                "q05": float(np.quantile(total, 0.05)),
                "q95": float(np.quantile(total, 0.95)),
                "inside_50": inside[0],
                "inside_90": inside[1],
                "nominal_error_90": math.sqrt(0.9 * 0.1 / years.size),
            }
        )
    return pd.DataFrame(found)


def calibration(tree: xr.DataTree, *, seed: int, draws: int = 1000, bins: int = 10) -> pd.DataFrame:
    """Compare expected and observed downturns by decile of the expected hazard.

    Treaties' effects are drawn afresh, so that a treaty's own record does not sort it: with effects
    as fitted the bins would be chosen by what they are compared with.

    Returns
    -------
    pandas.DataFrame : One row a decile: `decile`, `pair_years`, `expected`, `observed`, `q05`,
        `q95` (numbers of downturns), `inside`.
    """
    random = np.random.default_rng(seed)
    posterior, inputs = flat(tree, draws), tree["constant_data"].to_dataset()
    real = inputs["weight"].values == 1.0
    spread = model.by_name(posterior)["treaty_sd"].values.astype(float)
    fresh = spread[:, None] * random.standard_normal((spread.size, inputs.sizes[TREATY]))
    eta = known_log_hazard(posterior, inputs)
    chance = -np.expm1(-np.exp(eta + fresh[:, inputs["treaty_at"].values])[:, real])
    drawn = random.random(chance.shape) < chance
    event = inputs["event"].values[real]
    ranked = np.argsort(np.argsort(eta[:, real].mean(axis=0), kind="stable"), kind="stable")
    decile = ranked * bins // event.size
    found = []
    for k in range(bins):
        rows = decile == k
        total = drawn[:, rows].sum(axis=1)
        low, high = np.quantile(total, [0.05, 0.95])
        seen = int(event[rows].sum())
        found.append(
            {
                "decile": k + 1,
                "pair_years": int(rows.sum()),
                "expected": float(chance[:, rows].sum(axis=1).mean()),
                "observed": seen,
                "q05": float(low),
                "q95": float(high),
                "inside": bool(low <= seen <= high),
            }
        )
    return pd.DataFrame(found)
