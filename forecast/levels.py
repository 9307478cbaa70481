"""How much of a comparison of levels is data and how much convention.

Orders identify capacity only up to a normalisation: a supplier's level can be traded against what
ties it to its customers. Here the same posterior draws
are read under each defensible convention, so that a reader sees what the convention decides.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from data.names import CHAIN, COUNTRY, DOMAIN, DOMAIN_LAYER, RECIPIENT, SUPPLIER, YEAR
from forecast.conventions import AVERAGE, CHOSEN, DESCRIPTIONS, DOMAIN_DESCRIPTIONS, WEIGHTS
from forecast.convergence import ess_of_mean
from forecast.domains import layer_draws, paths, relative, thinned
from forecast.draws import Arrays, stack
from forecast.events import by_chain
from forecast.market import all_countries
from forecast.simulate import check_pair
from models.inputs import COVARIATES, EFFORTS, country_index
from models.market import CELL
from models.order_book import ORDER_PERIOD


def levels(tree: xr.DataTree, supplier: str, recipient: str, *, seed: int = 0) -> pd.DataFrame:
    """Return the probability that the recipient is ahead at the origin, by convention.

    The first row averages over conventions by `WEIGHTS`: its draws are those of all of them, each
    as often as its weight says, so that its interval holds what a convention decides too.

    Parameters
    ----------
    tree
        With `posterior` and `constant_data`.
    supplier, recipient
        ISO3 codes.
    seed
        For what is drawn given the posterior: the split of home pull, and free mean ties.

    Returns
    -------
    pandas.DataFrame
        alternative, description, weight, probability, mc_error, gap_median, gap_q05, gap_q95
        (log-odds), year, headline (1 for the average).

    Raises
    ------
    InputError
        If a code is not in the fit, or both are the same.
    """
    posterior = tree["posterior"].to_dataset()
    inputs = tree["constant_data"].to_dataset()
    pair = check_pair(inputs, supplier, recipient)
    found = gaps(stack(posterior), inputs, pair, np.random.default_rng(seed))
    chains = posterior.sizes[CHAIN]
    weight = np.array([WEIGHTS[name] for name in found])
    weight /= weight.sum()
    stacked = np.stack(list(found.values()))
    rows = [
        {"alternative": AVERAGE, "description": average_words(len(found)), "weight": 1.0,
         "mc_error": _error((weight @ (stacked > 0)), chains), **_figures(stacked, weight)},
        *(
            {"alternative": name, "description": DESCRIPTIONS[name], "weight": of,
             "mc_error": _error(gap > 0, chains), **_figures(gap[None], np.ones(1))}
            for (name, gap), of in zip(found.items(), weight, strict=True)
        ),
    ]  # fmt: skip
    table = pd.DataFrame(rows).assign(year=int(inputs.attrs["origin"]))
    table["headline"] = (table["alternative"] == AVERAGE).astype(int)
    order = ("alternative", "description", "weight", "probability", "mc_error", "gap_median",
             "gap_q05", "gap_q95", "year", "headline")  # fmt: skip
    return table[list(order)]


def average_words(count: int) -> str:
    """Say what the average is."""
    return f"Average over the {count} conventions below, each counting the same"


def _figures(gaps_: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Return probability and quantiles of gaps (convention, draw), each convention weighted."""
    of_draw = np.repeat(weight / gaps_.shape[1], gaps_.shape[1])
    given = {"weights": of_draw, "method": "inverted_cdf"} if len(gaps_) > 1 else {}
    low, middle, high = np.quantile(gaps_.ravel(), [0.05, 0.5, 0.95], **given)
    return {
        "probability": float(weight @ (gaps_ > 0).mean(axis=1)),
        "gap_median": float(middle), "gap_q05": float(low), "gap_q95": float(high),
    }  # fmt: skip


def by_domain(tree: xr.DataTree, supplier: str, recipient: str, *, seed: int = 0) -> pd.DataFrame:
    """Return the probability that the recipient is ahead at the origin, by domain and convention.

    Parameters
    ----------
    tree
        With `posterior`, `constant_data` and the group `domains`.
    supplier, recipient
        ISO3 codes.
    seed
        For what is drawn given the posterior.

    Returns
    -------
    pandas.DataFrame
        domain, alternative, description, probability, mc_error, gap_median, gap_q05, gap_q95
        (log-odds; log unit value for `unit_values`), year, headline, and for `unit_values`
        supplier_items, recipient_items: how many unit values there are of each.
    """
    posterior = tree["posterior"].to_dataset()
    inputs = tree["constant_data"].to_dataset()
    layer = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    observed = tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset()
    pair = check_pair(inputs, supplier, recipient)
    origin = int(inputs.attrs["origin"])
    overall = gaps(stack(posterior), inputs, pair, np.random.default_rng(seed))
    draws = layer_draws(tree)
    chains = layer.sizes[CHAIN]
    count = len(draws["need"])
    kept = thinned(posterior.sizes[CHAIN], len(overall[CHOSEN]), chains, count)
    rng = np.random.default_rng([seed, 3])
    state = paths(
        draws, observed, pair[1], inputs[YEAR].values, np.array([], dtype=int), rng
    )
    at = [state["sources"].index(code) for code in pair]
    state |= {name: state[name][..., -1:] for name in ("strength", "demand")}

    def gap(values: np.ndarray) -> np.ndarray:
        return values[:, 1] - values[:, 0]

    standing = gap(relative(state, at)[..., -1])
    by_volume = gap(state["strength"][:, at][..., -1] + state["size"][:, at])
    alike = by_volume - by_volume.mean(axis=1, keepdims=True)
    plain = dict(state) | {"size": 0.0 * state["size"], "common_size": 0.0 * state["common_size"]}
    number = gap(relative(plain, at)[..., -1])
    chosen = overall[CHOSEN][kept][:, None]
    found = {name: values[kept][:, None] + standing for name, values in overall.items()}
    found |= {"equal_domains": chosen + alike, "by_number": chosen + number}
    suppliers = [str(s) for s in observed[SUPPLIER].values]
    seen = np.zeros((2, observed.sizes[DOMAIN]), dtype=int)
    if set(pair) <= set(suppliers):
        sides = [suppliers.index(code) for code in pair]
        for row, side in enumerate(sides):
            mine = observed["item_supplier"].values == side
            seen[row] = np.bincount(observed["item_domain"].values[mine], minlength=seen.shape[1])
        value = draws["unit_standing"]
        found["unit_values"] = (value[:, sides[1]] - value[:, sides[0]]).astype(float)
    words = DESCRIPTIONS | DOMAIN_DESCRIPTIONS
    return pd.DataFrame(
        [
            {
                "domain": str(domain),
                "alternative": name,
                "description": words[name],
                "probability": float((values[:, d] > 0).mean()),
                "mc_error": _error(values[:, d] > 0, chains),
                "gap_median": float(np.median(values[:, d])),
                "gap_q05": float(np.quantile(values[:, d], 0.05)),
                "gap_q95": float(np.quantile(values[:, d], 0.95)),
                "year": origin,
                "headline": int(name == CHOSEN),
                "supplier_items": seen[0, d] if name == "unit_values" else None,
                "recipient_items": seen[1, d] if name == "unit_values" else None,
            }
            for d, domain in enumerate(observed[DOMAIN].values)
            for name, values in found.items()
        ]
    )


def gaps(
    draws: Arrays, inputs: xr.Dataset, pair: tuple[str, str], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Capacity of the recipient less that of the supplier at the origin (draw), by convention."""
    countries, suppliers = ([str(c) for c in inputs[d].values] for d in (COUNTRY, SUPPLIER))
    explained = _by_effort(draws, inputs, rng)

    def of(code: str) -> np.ndarray:
        """Capacity at the origin as the report states it."""
        if code in suppliers:
            return draws["supplier_capacity"][:, suppliers.index(code), -1]
        return theta[:, countries.index(code)]

    theta = all_countries(draws, inputs, rng)[..., -1]
    base = of(pair[1]) - of(pair[0])
    out = {CHOSEN: base}
    at_war = inputs["war"].transpose(SUPPLIER, YEAR).values[:, -1]
    war = {code: at_war[suppliers.index(code)] for code in pair if code in suppliers}
    if set(pair) <= set(suppliers):
        ties = {code: draws["affinity"][:, suppliers.index(code)] for code in pair}
        able = inputs["possible"].transpose(*CELL).values.astype(bool)
        bought = inputs["placed"].transpose(*CELL, ORDER_PERIOD).values.sum(axis=2)
        imports = bought.sum(axis=0)
        sold = [suppliers.index(code) for code in pair]
        common = (bought[sold] > 0).all(axis=0)
        for name, weight in (("market_weighted", imports), ("common_customers", common)):
            if name == "common_customers" and not common.any():
                continue
            shift = [_mean_tie(ties[code], weight * able[suppliers.index(code)]) for code in pair]
            out[name] = base + shift[1] - shift[0]
        out["free_ties"] = base - _free(draws, explained, inputs, pair, rng)
        covariates = inputs["affinity_covariates"].isel({YEAR: -1})
        covariates = covariates.transpose("covariate", *CELL).values
        effects = np.stack([draws[f"{name}_effect"] for name in COVARIATES], axis=-1)
        politics = [effects @ covariates[:, at].mean(axis=-1) for at in sold]
        out["politics_counted"] = base + politics[1] - politics[0]
    if any(war.values()):
        out["war_counted"] = base + draws["war_effect"] * (
            war.get(pair[1], 0.0) - war.get(pair[0], 0.0)
        )
    by_effort = [explained[:, countries.index(code)] for code in pair]
    out["effort_only"] = by_effort[1] - by_effort[0]
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


def _error(happens: np.ndarray, chains: int) -> float:
    """Monte-Carlo standard error of the mean over draws, of what happens or of shares (draw)."""
    spread = happens.std()
    if not spread:
        return 0.0
    size = ess_of_mean(by_chain(happens.astype(float), chains)[..., None])[0]
    return float(spread / np.sqrt(size))
