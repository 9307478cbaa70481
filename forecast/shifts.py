"""What each convention adds to the gap of capacity at the origin; see `forecast.conventions`."""

from __future__ import annotations

import numpy as np
import xarray as xr

from crossover.data.names import COUNTRY, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast.conventions import CHOSEN, WAR
from crossover.forecast.draws import Arrays
from crossover.models.inputs import COVARIATES, EFFORTS, country_index
from crossover.models.market import CELL
from crossover.models.order_book import ORDER_PERIOD


def wars(war: np.ndarray, suppliers: list[str], pair: tuple[str, str]) -> np.ndarray:
    """Return the recipient's war less the supplier's (..., year), of wars (..., supplier, year)."""
    nothing = np.zeros_like(war[..., 0, :], dtype=float)
    sides = [
        war[..., suppliers.index(code), :] if code in suppliers else nothing for code in pair
    ]
    return sides[1] * 1.0 - sides[0]


def shifts(
    draws: Arrays, inputs: xr.Dataset, pair: tuple[str, str], base: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return what each convention adds to the gap at the origin (draw), log-odds.

    Of the one that counts wars: what a war of the recipient alone adds.

    Parameters
    ----------
    draws, inputs : The draws and what was fitted.
    pair : ISO3 codes of supplier and recipient.
    base : The gap at the origin under the chosen convention (draw).
    rng : For what is drawn given the posterior: the effect of R&D of a country that is no supplier,
        and free mean ties.
    """
    countries, suppliers = ([str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER))
    explained = _by_effort(draws, inputs, rng)
    out = {CHOSEN: np.zeros_like(base)}
    if set(pair) <= set(suppliers):
        sold = [suppliers.index(code) for code in pair]
        ties = [draws["affinity"][:, at] for at in sold]
        able = inputs["possible"].transpose(*CELL).values.astype(bool)
        bought = inputs["placed"].transpose(*CELL, ORDER_PERIOD).values.sum(axis=2)
        imports, common = bought.sum(axis=0), (bought[sold] > 0).all(axis=0)
        for name, weight in (("market_weighted", imports), ("common_customers", common)):
            if name == "common_customers" and not common.any():
                continue
            mean = [_mean_tie(tie, weight * able[at]) for tie, at in zip(ties, sold, strict=True)]
            out[name] = mean[1] - mean[0]
        out["free_ties"] = -_free(draws, explained, inputs, pair, rng)
        covariates = inputs["affinity_covariates"].isel({YEAR: -1})
        covariates = covariates.transpose("covariate", *CELL).values
        effects = np.stack([draws[f"{name}_effect"] for name in COVARIATES], axis=-1)
        politics = [effects @ covariates[:, at].mean(axis=-1) for at in sold]
        out["politics_counted"] = politics[1] - politics[0]
    at_war = inputs["war"].transpose(SUPPLIER, YEAR).values[:, -1]
    if any(at_war[suppliers.index(code)] for code in pair if code in suppliers):
        out[WAR] = draws["war_effect"]
    by_effort = [explained[:, countries.index(code)] for code in pair]
    out["effort_only"] = by_effort[1] - by_effort[0] - base
    return out


def _by_effort(
    draws: Arrays, inputs: xr.Dataset, rng: np.random.Generator
) -> np.ndarray:
    """What stocks explain of capacity at the origin (draw, country), log-odds.

    A supplier's effect of R&D is its own; of any other country it is drawn around the mean.
    """
    own = rng.standard_normal((len(draws["parameters"]), inputs.sizes[COUNTRY]))
    at, known = country_index(inputs, SUPPLIER)
    for seller, country in enumerate(at):
        if known[seller]:
            own[:, country] = draws["rd_within_z"][:, seller]
    effect = {
        "rd": draws["rd_within"][:, None] + draws["rd_within_sd"][:, None] * own,
        "mil": draws["mil_within"][:, None],
    }
    return sum(
        draws[f"{x}_between"][:, None] * inputs[f"{x}_level"].values
        + effect[x] * inputs[f"{x}_change"].transpose(COUNTRY, YEAR).values[:, -1]
        for x in EFFORTS
    )


def _mean_tie(ties: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean of a supplier's unexplained ties (draw)."""
    return ties @ (weight / weight.sum())


def _free(
    draws: Arrays,
    explained: np.ndarray,
    inputs: xr.Dataset,
    pair: tuple[str, str],
    rng: np.random.Generator,
) -> np.ndarray:
    """Difference of mean ties (draw), drawn given their sum with capacity.

    A mean tie over R customers is Normal(0, affinity_sd / sqrt R), what effort leaves of capacity
    Normal(0, capacity_sd); orders show the sum of both.
    """
    countries, suppliers = ([str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER))
    tie = draws["affinity_sd"] ** 2 / inputs.sizes[RECIPIENT]
    own = draws["capacity_sd"] ** 2
    means = []
    for code in pair:
        now = draws["supplier_capacity"][:, suppliers.index(code), -1]
        rest = now - explained[:, countries.index(code)]
        spread = np.sqrt(tie * own / (tie + own))
        means.append(tie / (tie + own) * rest + spread * rng.standard_normal(len(rest)))
    return means[1] - means[0]
