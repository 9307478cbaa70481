"""Fit the hazards of a downturn and of an incident, and say what the history supports of them.

Effects with their priors beside them, the influence of single treaties, checks against what was
seen, and the score on decades that were left out: a reader can see which link of the thesis the
record bears, and which it leaves open. The fit is a cut: no forecast of a pair feeds back into it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from crossover.data.names import CHAIN, DRAW
from crossover.data.tables import AlliedPair
from crossover.forecast.fit import plain_coords, single
from crossover.forecast.sampling import ready, sample
from crossover.forecast.shipped import KHAT
from crossover.models import partnership as model
from crossover.models.covariates import COVARIATES, DOWNTURN, OUTCOMES, THESIS
from crossover.models.partnership import COVARIATE, ERA, ROW, TREATY, known_log_hazard
from crossover.models.priors import Priors

DRAWS, TUNE, CHAINS = 800, 300, 4
TARGET_ACCEPT = 0.95
CLASSES = ("both_major", "one_major", "no_major")
BANDS = (0.5, 0.9)
DECADE = 10
FOLDS = 5
ERA_ALONE, CONTROLS_ALONE, FULL = "era", "controls", "full"
VARIANTS = (ERA_ALONE, CONTROLS_ALONE, *THESIS, FULL)
"""Variants of the cross-validation: a hazard by era, without effects of treaties; the controls;
these with one effect that the thesis names; the whole model."""


def fit(
    rows: Iterable[AlliedPair] | xr.Dataset,
    priors: Priors,
    *,
    seed: int,
    outcome: str = DOWNTURN,
    sample_of: str = "bilateral",
    extra: pd.DataFrame | None = None,
    last_year: int | None = None,
    draws: int = DRAWS,
    tune: int = TUNE,
    chains: int = CHAINS,
    progress: bool = False,
) -> xr.DataTree:
    """Fit one hazard to the history of allied pairs.

    Parameters
    ----------
    rows
        Of the table `alliance_dyads`, or inputs as from `models.partnership.prepare`.
    priors
        As from `models.partnership.load`.
    seed, draws, tune, chains, progress
        Of the sampler.
    outcome, sample_of, extra, last_year
        As in `models.partnership.prepare`.

    Returns
    -------
    xarray.DataTree
        `posterior` (`parameters` (chain, draw, parameter), `era_effect`, `local`,
        `treaty_effect`), `sample_stats`, `constant_data` (the inputs).
    """
    inputs = rows
    if not isinstance(rows, xr.Dataset):
        inputs = model.prepare(
            rows, outcome, priors, sample=sample_of, extra=extra, last_year=last_year
        )
    compiled = ready(model.hazard_model(inputs, priors))
    sampled = sample(
        compiled, seed=seed, draws=draws, tune=tune, chains=chains,
        target_accept=TARGET_ACCEPT, progress=progress,
    )  # fmt: skip
    return _gather(sampled, inputs, seed)


def _gather(sampled: xr.DataTree, inputs: xr.Dataset, seed: int) -> xr.DataTree:
    statistics = sampled["sample_stats"].to_dataset()
    statistics = statistics.drop_vars(
        [name for name, values in statistics.items() if values.dtype == object or values.ndim > 2]
    )
    posterior = sampled["posterior"].to_dataset()[["parameters", "era_effect", "local"]]
    effects = [
        model.treaty_effects(posterior.isel({CHAIN: k}), inputs, seed=[seed, k])[1]
        for k in range(posterior.sizes[CHAIN])
    ]
    posterior["treaty_effect"] = ((CHAIN, DRAW, TREATY), np.stack([e.values for e in effects]))
    posterior = posterior.assign_coords({TREATY: inputs[TREATY].values})
    return xr.DataTree.from_dict(
        {
            "posterior": single(posterior),
            "sample_stats": statistics,
            "constant_data": plain_coords(inputs),
        }
    )


def effects(tree: xr.DataTree, priors: Priors) -> pd.DataFrame:
    """Return each effect as a hazard ratio, its prior beside its posterior.

    Returns
    -------
    pandas.DataFrame
        One row an effect: `effect`, `unit`, `thesis` (whether the thesis names it), `median`,
        `q05`, `q25`, `q75`, `q95` (hazard ratios), `p_positive`, `prior_median`, `prior_q05`,
        `prior_q95`, `supported` (whether the 90 % interval leaves out a ratio of one). Two rows are
        sums: what a junior's rise and its fall do (speed and direction together), and the fall of a
        junior of rank.
    """
    draws = model.by_name(tree["posterior"].to_dataset())
    found = [
        _effect(name, {name: 1.0}, draws, priors, name in THESIS) for name in COVARIATES
    ]
    sums = {
        "junior_rising": {"speed": 1.0, "junior_gain": 1.0},
        "junior_falling": {"speed": 1.0, "junior_gain": -1.0},
        "major_junior_falling": {
            "speed": 1.0, "junior_gain": -1.0, "prestige_speed": 1.0, "prestige_gain": -1.0,
        },
    }  # fmt: skip
    found += [_effect(name, parts, draws, priors, True) for name, parts in sums.items()]
    return pd.DataFrame(found)


def _effect(
    name: str,
    parts: Mapping[str, float],
    draws: Mapping[str, xr.DataArray],
    priors: Priors,
    thesis: bool,
) -> dict[str, Any]:
    values = sum(sign * draws[part] for part, sign in parts.items()).values.ravel().astype(float)
    low, lower, middle, upper, high = np.exp(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]))
    before = sum(sign * model.prior_draws(priors, part) for part, sign in parts.items())
    prior = np.exp(np.quantile(before, [0.05, 0.5, 0.95]))
    return {
        "effect": name,
        "unit": priors.variables[next(iter(parts))]["unit"],
        "thesis": thesis,
        "median": middle,
        "q05": low,
        "q25": lower,
        "q75": upper,
        "q95": high,
        "p_positive": float((values > 0).mean()),
        "prior_q05": prior[0],
        "prior_median": prior[1],
        "prior_q95": prior[2],
        "supported": bool(low > 1 or high < 1),
    }


def flat(tree: xr.DataTree, count: int | None = None) -> xr.Dataset:
    """Return the posterior with chains and draws on one dim `draw`, evenly thinned to `count`."""
    posterior = tree["posterior"].to_dataset()
    chains = [posterior.isel({CHAIN: k}, drop=True) for k in range(posterior.sizes[CHAIN])]
    stacked = xr.concat(chains, DRAW).drop_vars(DRAW, errors="ignore")
    if count is not None and count < stacked.sizes[DRAW]:
        at = np.linspace(0, stacked.sizes[DRAW] - 1, count).astype(int)
        stacked = stacked.isel({DRAW: at})
    return stacked


def row_log_hazard(posterior: xr.Dataset, inputs: xr.Dataset) -> np.ndarray:
    """Log hazard of every pair-year with its treaty's effect, (draw, pair_year)."""
    of_treaty = posterior["treaty_effect"].transpose(DRAW, TREATY).values.astype(float)
    return known_log_hazard(posterior, inputs) + of_treaty[:, inputs["treaty_at"].values]


def influence(
    tree: xr.DataTree, parameters: Sequence[str] = THESIS, *, refit: Any = None
) -> pd.DataFrame:
    """Say what each effect would be without each treaty, by reweighting the draws.

    Parameters
    ----------
    tree
        As from `fit`.
    parameters
        Effects to look at.
    refit
        A function treaty → posterior without it (as `flat`), called where the reweighting is not
        to be trusted; None to show those figures with their k-hat as they are.

    Returns
    -------
    pandas.DataFrame
        One row a treaty and effect: `treaty`, `pairs`, `pair_years`, `events`, `effect`, `with`,
        `without` (posterior means, log hazard ratio), `shift` (in posterior standard deviations),
        `p_positive_without`, `khat`, `refitted`; the largest shift first.
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
    pandas.DataFrame
        One row an era, a class of pair, and all: `group`, `name`, `years`, `observed`, `expected`,
        `q05`, `q95` (of the number in all years together), `inside_50`, `inside_90` (share of
        years), `nominal_error_90` (binomial standard error at 90 %).
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
    pandas.DataFrame
        One row a decile: `decile`, `pair_years`, `expected`, `observed`, `q05`, `q95` (numbers of
        downturns), `inside`.
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
    xarray.DataArray
        (variant, pair_year): log predictive probability of what happened.
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
    pandas.DataFrame
        One row a comparison: `better`, `than`, `difference` (sum over pair-years, above zero
        where the first is better), and by bootstrap over whole treaties and over whole decades the
        5 % and 95 % quantiles `treaties_q05` … `decades_q95`, `p_better` (the lower of the two
        shares of resamples above zero), `beats` (both intervals above zero).
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
    scores
        As from `cross_validate`.

    Returns
    -------
    pandas.DataFrame
        One row a decile: `decile`, `pair_years`, `expected`, `observed`, `q05`, `q95` (of a sum of
        independent events of these chances, by the Poisson law), `inside`.
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


def base_rates(histories: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Count events and pair-years by era, so that a hazard can be checked by hand.

    Parameters
    ----------
    histories
        Outcome → inputs as from `models.partnership.prepare`.

    Returns
    -------
    pandas.DataFrame
        One row an outcome and era, and all: `outcome`, `era`, `pair_years`, `events`, `rate` a
        year, `q05`, `q95` of it (Jeffreys), all pairs alike.
    """
    found = []
    for outcome in OUTCOMES:
        inputs = histories[outcome]
        real = inputs["weight"].values == 1.0
        event, of_era = inputs["event"].values[real], inputs["era_at"].values[real]
        groups = {"all": np.ones(event.size, bool)}
        groups |= {str(name): of_era == k for k, name in enumerate(inputs[ERA].values)}
        for era, rows in groups.items():
            years, seen = int(rows.sum()), int(event[rows].sum())
            low, high = stats.beta.ppf([0.05, 0.95], seen + 0.5, years - seen + 0.5)
            found.append(
                {"outcome": outcome, "era": era, "pair_years": years, "events": seen,
                 "rate": seen / years if years else math.nan, "q05": low, "q95": high}
            )  # fmt: skip
    return pd.DataFrame(found)
