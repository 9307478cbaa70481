"""What is said of a pair's partnership, as tables: paths, the history by hand, facts, the fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import DOWNTURN, DRAW, SCENARIO, YEAR_FUTURE
from crossover.data.tables import Panel
from crossover.forecast import alignment as votes
from crossover.forecast import pairs, partnership, partnership_checks
from crossover.forecast.arrivals import QUANTILES
from crossover.forecast.coupling import ALIGNMENT, Answers, known
from crossover.models.covariates import OUTCOMES
from crossover.models.priors import Priors


def paths_table(found: Answers) -> pd.DataFrame:
    """Return quantiles of the yearly hazards, the power ratio and the distance of votes.

    Returns
    -------
    pandas.DataFrame : quantity (hazard of downturn, hazard of incident, log_power_ratio, distance),
        scenario, year, q05 to q95 and mean.
    """
    series = {}
    if "hazard" in found.paths:
        for event in found.paths["event"].values:
            series[f"hazard of {event}"] = found.paths["hazard"].sel(event=event)
    series |= {
        name: found.paths[name] for name in ("log_power_ratio", "distance") if name in found.paths
    }
    rows = []
    for name, values in series.items():
        for scenario in values[SCENARIO].values:
            one = values.sel({SCENARIO: scenario}).transpose(DRAW, YEAR_FUTURE).values.astype(float)
            levels = np.quantile(one, list(QUANTILES.values()), axis=0)
            means = one.mean(axis=0)
            for at, year in enumerate(values[YEAR_FUTURE].values):
                rows.append(
                    {"quantity": name, "scenario": str(scenario), "year": int(year)}
                    | dict(zip(QUANTILES, levels[:, at], strict=True))
                    | {"mean": means[at]}
                )
    columns = ["quantity", "scenario", "year", *QUANTILES, "mean"]
    return pd.DataFrame(rows, columns=columns)


def by_hand(
    history: xr.DataTree, record: Panel, pair: tuple[str, str], priors: Priors, origin: int
) -> pd.DataFrame:
    """Lay open the hazard of a downturn of a pair in the year after its last power on record.

    Empty where no treaty, or no power of the years before, is on record. See
    `forecast.pairs.by_hand`; a column `year` is added.
    """
    own, _ = known(record, pair, origin)
    nothing = pd.DataFrame(columns=["term", "value", "coefficient", "product", "year"])
    if own is None:
        return nothing
    year = own.last_power_year + 1
    try:
        table = pairs.by_hand(partnership.flat(history[DOWNTURN]), own, priors, year)
    except InputError:
        return nothing
    return table.assign(year=year)


def facts(
    history: xr.DataTree,
    record: Panel,
    pair: tuple[str, str],
    origin: int,
    reasons: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the record says of a pair, in a form that JSON holds.

    Returns
    -------
    dict : `reasons`: event → why nothing is said of it. Of pairs with a hazard also `treaty`,
        `allied_since`, `disputes` (years since then with a dispute or an embargo),
        `last_dispute_year` and `last_treaty_year` (to which the record reaches), `common_rivals`,
        `rivalry_year`, `last_power_year`, `power_ratio` (the recipient's CINC over the supplier's
        then), `treaty_ratio` (hazard ratio that its treaty's own effect stands for, mean of logs).
    """
    own, _ = known(record, pair, origin)
    found: dict[str, Any] = {"reasons": dict(reasons)}
    if own is None or DOWNTURN in reasons:
        return found
    posterior = partnership.flat(history[DOWNTURN])
    of_treaty = None
    if own.treaty in posterior["treaty"].values:
        effect = posterior["treaty_effect"].sel(treaty=own.treaty)
        of_treaty = float(np.exp(effect.astype(float).mean()))
    sign = -1.0 if own.country1 == pair[0] else 1.0
    return found | {
        "treaty": own.treaty,
        "allied_since": own.allied_since,
        "disputes": [year for year in own.disputes if year >= own.allied_since],
        "last_dispute_year": own.last_dispute_year,
        "last_treaty_year": own.last_treaty_year,
        "common_rivals": own.common_rivals,
        "rivalry_year": own.rivalry_year,
        "last_power_year": own.last_power_year,
        "power_ratio": float(np.exp(sign * own.log_ratio[own.last_power_year])),
        "treaty_ratio": of_treaty,
    }


def fit_tables(history: xr.DataTree, priors: Priors, *, seed: int) -> dict[str, pd.DataFrame]:
    """Return what the fits say of the history itself, whatever the pair.

    Returns
    -------
    dict of pandas.DataFrame
        `effects` (with `outcome`), `influence`, `checks`, `calibration` (of downturns), `rates`:
        events and pair-years by era, and `votes`: how often votes cooled on record.
    """
    found = [
        partnership.effects(history[outcome], priors).assign(outcome=outcome)
        for outcome in OUTCOMES
    ]
    base = votes.base_rate(history[ALIGNMENT]["constant_data"]["gap"])
    return {
        "effects": pd.concat(found, ignore_index=True),
        "influence": partnership_checks.influence(history[DOWNTURN]),
        "checks": partnership_checks.check_counts(history[DOWNTURN], seed=seed),
        "calibration": partnership_checks.calibration(history[DOWNTURN], seed=seed),
        "rates": partnership.base_rates(
            {name: history[name]["constant_data"].to_dataset() for name in OUTCOMES}
        ),
        "votes": pd.DataFrame([{"unit": k, "cooled": v} for k, v in base.items()]),
    }
