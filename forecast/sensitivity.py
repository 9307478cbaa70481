"""How far answers move when priors, or the data, count for a little more or less."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import CHAIN, DRAW, STATE, YEAR
from crossover.forecast import events

SENSITIVE = 0.05
"""Power-scaling sensitivity above which a prior is called influential (Kallioinen et al.)."""

MILESTONES = (5, 10, 20)
"""Years after the origin at which the sensitivity of events is told."""


def sensitivity(
    tree: xr.DataTree, answered: xr.Dataset, most: int = 3
) -> pd.DataFrame:
    """Say how far each event's probability moves as priors, or the likelihood, count for more.

    Parameters
    ----------
    tree : With `log_prior` (a variable each top-level parameter) and `log_likelihood`.
    answered : As from `forecast.events.answers`, of all draws of the tree in order.
    most : How many single priors to name.

    Returns
    -------
    pandas.DataFrame : event, scenario, year, probability, prior and likelihood (power-scaling
        sensitivity of the indicator that it holds in the year, all top-level priors together),
        influential (whether prior exceeds `SENSITIVE`), and the priors that weigh most, with their
        figures. Events that all draws agree on are left out.
    """
    import arviz as az

    chains, draws = (tree["posterior"].sizes[d] for d in (CHAIN, DRAW))
    origin = int(answered.attrs["origin"])
    happened = {}
    for name, values in answered.data_vars.items():
        for scenario in values["scenario"].values:
            own = events.answered(STATE, values.sel(scenario=scenario), DRAW)
            state = own.reshape(chains, draws, -1)
            for ahead in MILESTONES:
                at = np.flatnonzero(values[YEAR].values == origin + ahead)
                if len(at) and state[..., at[0]].min() != state[..., at[0]].max():
                    happened[str(name), str(scenario), origin + ahead] = state[..., at[0]]
    if not happened:
        return pd.DataFrame()
    keys = {f"q{k}": key for k, key in enumerate(happened)}
    quantities = xr.Dataset(
        {name: ((CHAIN, DRAW), happened[key].astype(float)) for name, key in keys.items()},
        coords={CHAIN: np.arange(chains), DRAW: np.arange(draws)},
    )
    plain = {CHAIN: np.arange(chains), DRAW: np.arange(draws)}
    whole = xr.DataTree.from_dict(
        {
            "posterior": quantities,
            "log_prior": tree["log_prior"].to_dataset().assign_coords(plain),
            "log_likelihood": tree["log_likelihood"].to_dataset().assign_coords(plain),
        }
    )
    by_all = {g: az.psense(whole, group=g) for g in ("prior", "likelihood")}
    single = {
        str(name): az.psense(whole, group="prior", group_var_names=[name])
        for name in whole["log_prior"].data_vars
    }
    rows = []
    for name, (event, scenario, year) in keys.items():
        weights = sorted(((float(f[name]), p) for p, f in single.items()), reverse=True)[:most]
        prior = float(by_all["prior"][name])
        rows.append(
            {
                "event": event,
                "scenario": scenario,
                "year": year,
                "probability": float(quantities[name].mean()),
                "prior": prior,
                "likelihood": float(by_all["likelihood"][name]),
                "influential": prior > SENSITIVE,
                "weigh_most": "; ".join(f"{p} {w:.3f}" for w, p in weights),
            }
        )
    return pd.DataFrame(rows)
