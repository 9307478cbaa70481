"""The hazard of a downturn of an alliance: what the history of allied pairs says of speed and rank.

What came of a pair in a year is graded; a downturn is the gravest grade, an incident a lesser one,
and each has a hazard of its own. Discrete time, complementary log-log: the probability in a year is
one minus exp(−exp(linear predictor)), so that coefficients are log ratios of yearly hazards. Eras
and treaties are partially pooled. A pair stays at risk while it is allied; that it had an incident
is a covariate. Trade and arms dependence are not known for most of the history: left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.tables import AlliedPair
from crossover.models import priors as prior_files
from crossover.models.covariates import COVARIATES, GRADES, OUTCOMES, THESIS
from crossover.models.priors import Priors

PRIORS_FILE = prior_files.DEFAULT_FILE.with_name("partnership.toml")

INTERCEPT = "intercept"
ROW, COVARIATE, ERA, TREATY = "pair_year", "covariate", "era", "treaty"

ERAS = {
    "concert": ((1816, 1870),),
    "imperial": ((1871, 1913),),
    "world_wars": ((1914, 1918), (1939, 1945)),
    "interwar": ((1919, 1938),),
    "cold_war": ((1946, 1989),),
    "after": ((1990, 2100),),
}
"""Era → its years, first and last."""

SAMPLES = {
    "bilateral": "pairs with a bilateral treaty",
    "major": "pairs with a bilateral treaty or a major power",
}


def era(year: np.ndarray) -> np.ndarray:
    """Return the position of each year's era in `ERAS`, same shape.

    Years before the first era count under it; InputError for one after the last.
    """
    year = np.maximum(np.asarray(year), 1816)
    found = np.full(year.shape, -1)
    for position, spans in enumerate(ERAS.values()):
        for first, last in spans:
            found[(year >= first) & (year <= last)] = position
    if (found < 0).any():
        rule = "must be a year of an era, to 2100"
        raise InputError(fault(rule, column="year", value=int(year.max())))
    return found


def covariates(
    *,
    log_ratio: Any,
    change5: Any,
    reversed: Any,
    major1: Any,
    major2: Any,
    defence: Any,
    was_major1: Any,
    was_major2: Any,
    autocracy1: Any,
    autocracy2: Any,
    common_rivals: Any,
    rivals: Any,
    recent: Any,
    years_allied: Any,
    priors: Priors,
) -> xr.DataArray:
    """Turn what is known of a pair into the covariates of the model.

    Parameters
    ----------
    log_ratio, change5
        Log of the power of state 1 over state 2, and its change over five years.
    reversed, major1, major2, was_major1, was_major2, autocracy1, autocracy2
        Flags, 0 or 1, as in the table `alliance_dyads`.
    defence, rivals, recent
        Flags, 0 or 1, as in the table `alliance_dyads`.
    common_rivals, years_allied
        Numbers: third states that are rivals of both; years of unbroken alliance, the first is 1.
    priors
        As from `load`: the reference values stand there.

    Returns
    -------
    xarray.DataArray
        (covariate, ...): `COVARIATES`, over whatever dims the arguments have together. The junior
        partner is the one with less power; of equals, state 2.
    """

    def number(values: Any) -> xr.DataArray:
        if isinstance(values, xr.DataArray):
            return values.astype(float)
        return xr.DataArray(np.asarray(values, float), dims=(ROW,) if np.ndim(values) else ())

    ratio, change = number(log_ratio), number(change5)
    first_is_junior = ratio < 0
    prestige = xr.where(first_is_junior, number(was_major1), number(was_major2))
    speed = abs(change) - priors.constant("reference_speed")
    asymmetry = abs(ratio) - priors.constant("reference_asymmetry")
    gain = xr.where(first_is_junior, change, -change)
    autocracies = number(autocracy1) * number(autocracy2)
    duration = np.log(number(years_allied)) - np.log(priors.constant("reference_years"))
    parts = {
        "speed": speed,
        "junior_gain": gain,
        "asymmetry": asymmetry,
        "reversed": number(reversed),
        "prestige": prestige,
        "prestige_speed": prestige * speed,
        "prestige_gain": prestige * gain,
        "prestige_asymmetry": prestige * asymmetry,
        "autocracies": autocracies,
        "autocracies_prestige": autocracies * prestige,
        "senior_major": xr.where(first_is_junior, number(major2), number(major1)),
        "defence": number(defence),
        "common_rival": (number(common_rivals) > 0).astype(float),
        "rivals": number(rivals),
        "recent": number(recent),
        "duration": duration,
    }
    table = xr.concat(
        xr.broadcast(*(parts[name] for name in COVARIATES)), COVARIATE, coords="minimal"
    )
    return table.assign_coords({COVARIATE: list(COVARIATES)})


def load(path: Any = None) -> Priors:
    """Read this model's priors, with a reader's own laid over them; raises as `priors.load`."""
    return prior_files.load(path, PRIORS_FILE)


def prepare(
    rows: Iterable[AlliedPair],
    outcome: str,
    priors: Priors,
    *,
    sample: str = "bilateral",
    extra: pd.DataFrame | None = None,
    last_year: int | None = None,
) -> xr.Dataset:
    """Select the pair-years of which all is known, and put them in the form of the model.

    Parameters
    ----------
    rows
        Of the table `alliance_dyads`.
    outcome
        Of `models.covariates.OUTCOMES`.
    priors
        As from `load`.
    sample
        `bilateral` or `major`.
    extra
        Weighted pseudo-observations, as from `models.analogues.pseudo_rows`; None for none.
    last_year
        Leave out what came later; None for all that is on record.

    Returns
    -------
    xarray.Dataset
        By treaty. `covariates` (pair_year, covariate), `event`, `weight`, `year`, `era_at`,
        `treaty_at`, `both_major` (pair_year), names `state1`, `state2`; coordinates `treaty` (the
        ATOP number as text) and `era`; attribute `left_out`: pair-years without a known covariate.

    Raises
    ------
    InputError
        An unknown outcome or sample; nothing left.
    """
    for value, known, what in ((outcome, OUTCOMES, "outcome"), (sample, SAMPLES, "sample")):
        if value not in known:
            raise InputError(fault(f"must be one of {', '.join(known)}", column=what, value=value))
    table = pd.DataFrame(rows, columns=list(AlliedPair._fields))
    chosen = table["bilateral"] == 1
    if sample == "major":
        chosen |= (table["major1"] + table["major2"]) > 0
    chosen &= table["grade"].notna()
    chosen &= (table["state_death"] == 0) | table["grade"].isin(GRADES[outcome])
    if last_year is not None:
        chosen &= table["year"] <= last_year
    table = table[chosen].assign(weight=1.0)
    needed = ["log_ratio", "change5", "autocracy1", "autocracy2"]
    whole = table[needed].notna().all(axis=1)
    left_out = int((~whole).sum())
    table = table[whole].assign(treaty=lambda t: t["treaty"].astype(str))
    if extra is not None:
        table = pd.concat([table, extra.assign(grade=extra["grade"].astype(float))])
    if table.empty:
        raise InputError(fault("no pair-year is left to fit", column="alliance_dyads"))
    table = table.sort_values("treaty", kind="stable")
    treaties, treaty_at = np.unique(table["treaty"].to_numpy(str), return_inverse=True)
    values = covariates(
        **{name: table[name].to_numpy(float) for name in (
            "log_ratio", "change5", "major1", "major2", "defence", "was_major1", "was_major2",
            "autocracy1", "autocracy2", "common_rivals", "rivals", "recent",
        )},
        reversed=table["reversed"].fillna(0).to_numpy(float),
        years_allied=(table["year"] - table["allied_since"] + 1).to_numpy(float),
        priors=priors,
    )  # fmt: skip
    years = table["year"].to_numpy(int)
    return xr.Dataset(
        {
            "covariates": values.transpose(ROW, COVARIATE),
            "event": (ROW, table["grade"].isin(GRADES[outcome]).to_numpy(int)),
            "weight": (ROW, table["weight"].to_numpy(float)),
            "year": (ROW, years),
            "era_at": (ROW, era(years)),
            "treaty_at": (ROW, treaty_at),
            "both_major": (ROW, (table["major1"] * table["major2"]).to_numpy(int)),
            "one_major": (ROW, ((table["major1"] + table["major2"]) == 1).to_numpy(int)),
            "state1": (ROW, table["state1"].to_numpy(str)),
            "state2": (ROW, table["state2"].to_numpy(str)),
        },
        coords={TREATY: treaties, ERA: list(ERAS), COVARIATE: list(COVARIATES)},
        attrs={"outcome": outcome, "sample": sample, "left_out": left_out},
    )


def design(values: xr.DataArray, names: list[str]) -> np.ndarray:
    """Return covariates as columns of the parameter vector: one for the intercept, none for scales.

    Parameters
    ----------
    values
        (covariate, pair_year) in any order.
    names
        Of the parameters, as from `models.priors.order`.
    """
    table = values.transpose(ROW, COVARIATE)
    columns = {name: table.sel({COVARIATE: name}).values for name in COVARIATES}
    columns[INTERCEPT] = np.ones(table.sizes[ROW])
    nothing = np.zeros(table.sizes[ROW])
    return np.stack([columns.get(name, nothing) for name in names], axis=1)


def log_probability(event: Any, eta: Any, weight: Any, xp: Any) -> Any:
    """Weighted log probability of an event or none at log hazard eta, with numpy or pytensor."""
    hazard = xp.exp(eta)
    return weight * xp.where(event > 0, xp.log(-xp.expm1(-hazard)), -hazard)


def arrays(inputs: xr.Dataset, names: list[str]) -> dict[str, np.ndarray]:
    """Return what the density is computed from.

    Parameters
    ----------
    inputs
        As from `prepare`.
    names
        Of the parameters, as from `models.priors.order`.

    Returns
    -------
    dict of numpy.ndarray
        `table`: covariates less the usual ones, then eras (pair_year, parameter and era); `usual`:
        mean covariates of the events (parameter); `event`, `weight` (pair_year); `start`
        (treaty + 1) as of `models.hazard_density`.
    """
    known, event = design(inputs["covariates"], names), inputs["event"].values.astype(float)
    usual = known[event > 0].mean(axis=0) if event.any() else known.mean(axis=0)
    in_era = np.eye(inputs.sizes[ERA])[inputs["era_at"].values]
    return {
        "table": np.concatenate([known - usual, in_era], axis=1),
        "usual": usual,
        "event": event,
        "weight": inputs["weight"].values.astype(float),
        "start": starts(inputs),
    }


def starts(inputs: xr.Dataset) -> np.ndarray:
    """Row at which each treaty's record starts, and the number of rows (treaty + 1)."""
    return np.searchsorted(inputs["treaty_at"].values, np.arange(inputs.sizes[TREATY] + 1))


def kept(local: Any, scale: float, xp: Any) -> Any:
    """Share of its own prior's width that an effect keeps under the horseshoe, 0 to 1.

    Parameters
    ----------
    local
        Half-Cauchy scale of each effect.
    scale
        What they have in common: small where most effects are taken to be none.
    """
    return scale * local / xp.sqrt(1.0 + (scale * local) ** 2)


def hazard_model(inputs: xr.Dataset, priors: Priors) -> Any:
    """Build the hazard model.

    What the thesis names is under a regularised horseshoe (Piironen & Vehtari 2017): an effect is
    Normal about zero, with its own prior's width where the data ask for it and next to none where
    they do not. The controls keep their priors.

    Parameters
    ----------
    inputs
        As from `prepare`.
    priors
        As from `load`.

    Returns
    -------
    pymc.Model
        `parameters` (parameter), `era_effect` (era), log hazard; `local` (thesis). Treaties'
        effects are integrated out; `treaty_effects` draws them. Eras are sampled at the mean
        covariates of the events, halfway between their level, which the data know where eras
        differ, and their standardised effect, which they know where eras are alike: the prior is
        the same.
    """
    import pymc as pm
    import pytensor.tensor as pt

    from crossover.models.hazard_density import Records

    names = prior_files.order(priors)
    data = arrays(inputs, names)
    coords = {"parameter": names, ERA: inputs[ERA].values, "thesis": list(THESIS)}
    at = [names.index(name) for name in THESIS]
    with pm.Model(coords=coords) as model:
        local = pm.HalfCauchy("local", 1.0, dims="thesis")
        left = kept(local, priors.constant("global_scale"), pt)
        top = prior_files.parameters(priors, kept=pt.ones(len(names))[at].set(left))
        own = model["parameters"]
        base = pt.dot(data["usual"], own)
        root = pt.sqrt(top["era_sd"])
        between = pm.Normal("era_between", base, root, dims=ERA)
        level = base + root * (between - base)
        pm.Deterministic("era_effect", level - base, dims=ERA)
        eta = pt.dot(data["table"], pt.concatenate([own, level]))
        log_p, *_ = Records()(
            eta, top["treaty_sd"], data["event"], data["weight"], data["start"]
        )
        pm.Potential("records", log_p)
    return model


def prior_draws(priors: Priors, name: str, count: int = 20_000) -> np.ndarray:
    """Draw a coefficient from its prior (count): the same numbers whenever it is asked for."""
    random = np.random.default_rng([1, COVARIATES.index(name)])
    entry = priors.variables[name]
    width = entry["sigma"]
    if name in THESIS and priors.carried is None:
        local = abs(random.standard_cauchy(count))
        width = width * kept(local, priors.constant("global_scale"), np)
    return entry["mu"] + width * random.standard_normal(count)


def known_log_hazard(posterior: xr.Dataset, inputs: xr.Dataset) -> np.ndarray:
    """Log hazard of every pair-year without its treaty's effect, (draw, pair_year)."""
    names = [str(name) for name in posterior["parameter"].values]
    table = design(inputs["covariates"], names)
    own = posterior["parameters"].transpose("draw", "parameter").values.astype(float)
    of_era = posterior["era_effect"].transpose("draw", ERA).values.astype(float)
    return own @ table.T + of_era[:, inputs["era_at"].values]


def treaty_effects(
    posterior: xr.Dataset, inputs: xr.Dataset, *, seed: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return each treaty's log likelihood, its own effect integrated out, and a draw of that.

    Parameters
    ----------
    posterior
        `parameters` (draw, parameter), `era_effect` (draw, era).
    inputs
        As from `prepare`.

    Returns
    -------
    tuple of xarray.DataArray
        (draw, treaty) each.
    """
    from crossover.models.hazard_density import of_treaties

    spread = by_name(posterior)["treaty_sd"].values.astype(float)
    random = np.random.default_rng(seed)
    found = of_treaties(
        known_log_hazard(posterior, inputs), spread, inputs["event"].values.astype(float),
        inputs["weight"].values.astype(float), starts(inputs),
        random.random((3, spread.size, inputs.sizes[TREATY])),
    )  # fmt: skip
    coords = {TREATY: inputs[TREATY].values}
    return tuple(xr.DataArray(each, dims=("draw", TREATY), coords=coords) for each in found)


def log_hazard(
    posterior: xr.Dataset, values: xr.DataArray, *, era: str = "after", treaty: str | None = None
) -> xr.DataArray:
    """Log of the yearly hazard of a pair, for every draw and covariate path.

    Parameters
    ----------
    posterior
        `parameters` (..., parameter), `era_effect` (..., era), `treaty_effect` (..., treaty).
    values
        (covariate, ...): as from `covariates`; dims it shares with the posterior are matched.
    era
        Of `ERAS`.
    treaty
        ATOP number of the pair's treaty; None for one of average hazard.

    Returns
    -------
    xarray.DataArray
        Over all dims but parameter and covariate.
    """
    own = posterior["parameters"].rename(parameter=COVARIATE)
    eta = xr.dot(own.sel({COVARIATE: list(COVARIATES)}), values, dim=COVARIATE)
    eta = eta + own.sel({COVARIATE: INTERCEPT}, drop=True)
    eta = eta + posterior["era_effect"].sel({ERA: era}, drop=True)
    if treaty is not None:
        eta = eta + posterior["treaty_effect"].sel({TREATY: treaty}, drop=True)
    return eta


def hazard(
    posterior: xr.Dataset, values: xr.DataArray, *, era: str = "after", treaty: str | None = None
) -> xr.DataArray:
    """Probability of a downturn in each year, given none of late; shapes as `log_hazard`."""
    return -np.expm1(-np.exp(log_hazard(posterior, values, era=era, treaty=treaty)))


def by_name(posterior: xr.Dataset) -> Mapping[str, xr.DataArray]:
    """Return the draws of each parameter by name."""
    names = posterior["parameter"].values
    return {str(n): posterior["parameters"].sel(parameter=n, drop=True) for n in names}
