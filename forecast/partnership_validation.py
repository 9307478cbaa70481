"""How well hazards foretell decades that were left out, with and without what the thesis names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from crossover.forecast.partnership import fit, flat, row_log_hazard
from crossover.models import partnership as model
from crossover.models.alliance_rows import COVARIATE, ROW
from crossover.models.covariates import THESIS
from crossover.models.priors import Priors

DECADE = 10
FOLDS = 5
ERA_ALONE, CONTROLS_ALONE, FULL = "era", "controls", "full"
VARIANTS = (ERA_ALONE, CONTROLS_ALONE, *THESIS, FULL)
"""Variants of the cross-validation: a hazard by era, without effects of treaties; the controls;
these with one effect that the thesis names; the whole model."""


def variant(inputs: xr.Dataset, name: str) -> xr.Dataset:
    """Return the inputs of a variant of the model, as in `VARIANTS`.

    The covariates that it does not have are zero. Of the era alone every pair-year stands under
    one treaty, so that treaties do not differ.
    """
    values = inputs["covariates"].copy()
    if name == ERA_ALONE:
        values[:] = 0.0
        inputs = inputs.assign(treaty_at=inputs["treaty_at"] * 0)
    elif name != FULL:
        values.loc[{COVARIATE: [each for each in THESIS if each != name]}] = 0.0
    return inputs.assign(covariates=values)


def cross_validate(
    inputs: xr.Dataset,
    priors: Priors,
    *,
    seed: int,
    variants: Sequence[str] = VARIANTS,
    draws: int = 300,
    tune: int = 300,
    chains: int = 2,
    folds: int = FOLDS,
) -> xr.DataArray:
    """Log score of every pair-year when its decade was left out.

    Decades are dealt to the folds in turn (the first, sixth, eleventh … are left out together), so
    that every era stays represented. A treaty's effect is then known from its other decades only.

    Returns
    -------
    xarray.DataArray : (variant, pair_year): log predictive probability of what happened.
    """
    decade = inputs["year"].values // DECADE
    fold = (decade - decade.min()) % folds
    scores = np.full((len(variants), inputs.sizes[ROW]), np.nan)
    cases = [(v, k) for v in range(len(variants)) for k in range(folds)]
    for v, k in cases:
        out = fold == k
        weight = np.where(out, 0.0, inputs["weight"].values)
        own = variant(inputs, variants[v]).assign(weight=(ROW, weight))
        tree = fit(own, priors, seed=seed, draws=draws, tune=tune, chains=chains)
        part = tree["constant_data"].to_dataset().isel({ROW: np.nonzero(out)[0]})
        eta = row_log_hazard(flat(tree), part)
        log_p = model.log_probability(part["event"].values, eta, 1.0, np)
        top = log_p.max(axis=0)
        scores[v, out] = np.log(np.exp(log_p - top).mean(axis=0)) + top
    return xr.DataArray(
        scores, dims=("variant", ROW), coords={"variant": list(variants)}, name="log_score"
    )

COMPARISONS = (
    (CONTROLS_ALONE, ERA_ALONE), *((name, CONTROLS_ALONE) for name in THESIS),
    (FULL, CONTROLS_ALONE), (FULL, ERA_ALONE),
)  # fmt: skip
"""Pairs of variants that are compared: what the first adds to the second."""


def compare(
    scores: xr.DataArray, inputs: xr.Dataset, *, seed: int, draws: int = 4000
) -> pd.DataFrame:
    """Compare variants by the sum of their log scores, with the uncertainty of the difference.

    Returns
    -------
    pandas.DataFrame : One row a comparison: `better`, `than`, `difference` (sum over pair-years,
        above zero where the first is better), and by bootstrap over whole treaties and over whole
        decades the 5 % and 95 % quantiles `treaties_q05` … `decades_q95`, `p_better` (the lower of
        the two shares of resamples above zero), `beats` (both intervals above zero).
    """
    random = np.random.default_rng(seed)
    blocks = {
        "treaties": np.unique(inputs["treaty_at"].values, return_inverse=True)[1],
        "decades": np.unique(inputs["year"].values // DECADE, return_inverse=True)[1],
    }
    found = []
    known = set(scores["variant"].values)
    for better, than in COMPARISONS:
        if not {better, than} <= known:
            continue
        gap = (scores.sel(variant=better) - scores.sel(variant=than)).values
        row = {"better": better, "than": than, "difference": float(gap.sum())}
        shares = []
        for name, at in blocks.items():
            sums = np.bincount(at, gap)
            resampled = sums[random.integers(0, sums.size, (draws, sums.size))].sum(axis=1)
            row[f"{name}_q05"], row[f"{name}_q95"] = np.quantile(resampled, [0.05, 0.95])
            shares.append(float((resampled > 0).mean()))
        row["p_better"] = min(shares)
        row["beats"] = bool(row["treaties_q05"] > 0 and row["decades_q05"] > 0)
        found.append(row)
    return pd.DataFrame(found)


def calibration_left_out(
    scores: xr.DataArray, inputs: xr.Dataset, *, variant: str = FULL, bins: int = 10
) -> pd.DataFrame:
    """Compare expected and observed events by decile of the hazard forecast for a decade left out.

    Parameters
    ----------
    scores : As from `cross_validate`.

    Returns
    -------
    pandas.DataFrame : One row a decile: `decile`, `pair_years`, `expected`, `observed`, `q05`,
        `q95` (of a sum of independent events of these chances, by the Poisson law), `inside`.
    """
    score, event = scores.sel(variant=variant).values, inputs["event"].values
    chance = np.where(event > 0, np.exp(score), -np.expm1(score))
    decile = np.argsort(np.argsort(chance, kind="stable"), kind="stable") * bins // event.size
    found = []
    for k in range(bins):
        rows = decile == k
        expected, seen = float(chance[rows].sum()), int(event[rows].sum())
        low, high = stats.poisson.ppf([0.05, 0.95], expected)
        found.append(
            {
                "decile": k + 1, "pair_years": int(rows.sum()), "expected": expected,
                "observed": seen, "q05": low, "q95": high, "inside": bool(low <= seen <= high),
            }
        )  # fmt: skip
    return pd.DataFrame(found)
