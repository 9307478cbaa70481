"""Carry a posterior forward as the prior of fits to later years, for who cannot keep older data.

What is carried is the joint Normal of all variables of the priors files, with their correlations,
on the scale on which each prior is stated. Not carried: what belongs to one country, pair or year.
So a later fit learns levels and ties afresh, and where a spread over countries is estimated from
the same countries again, that spread comes out surer than it should. The file says which
observations are in it, and a fit that would count them again is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import CHAIN, DOMAIN_LAYER, DRAW, MEAN_YEARS, RECIPIENT, SUPPLIER, YEAR
from crossover.forecast import runs
from crossover.models.inputs import FROM_YEAR
from crossover.models.priors import CARRIED, DEFAULT_FILE, Priors, load, order

OPTION = "--from-year"
NOTE = (
    "Posterior of all variables together, on the scale on which each prior is stated. It holds "
    "what the observations up to last_year say; use it with --from-year on later years only. "
    "Levels, ties and paths of single countries are not in it."
)


def carry(run: Path) -> str:
    """Return a priors file that holds what a run's posterior says of the variables of its priors.

    Parameters
    ----------
    run : A run folder.

    Returns
    -------
    str : TOML: the run's own priors file, and the table `carried`.

    Raises
    ------
    InputError
        If the run was only drawn from priors, its gate did not pass, or it holds no posterior.
    """
    from crossover.forecast import stored_run
    from crossover.models import domains
    from crossover.models.priors import text

    said = runs.read(run)
    if said.get("prior_only"):
        raise InputError(fault("was drawn from its priors: there is nothing to carry", file=run))
    if not ((said.get("gate") or {}).get("fit") or said.get("gate") or {}).get("passed"):
        rule = "did not pass its gate: a posterior that may not be published is not carried either"
        raise InputError(fault(rule, file=run))
    tree = stored_run.stored(run)
    inputs = tree["constant_data"].to_dataset()
    own = run / stored_run.PRIORS_FILE
    layers = {DEFAULT_FILE: tree["posterior"].to_dataset()}
    if DOMAIN_LAYER in tree.children:
        layers[domains.PRIORS_FILE] = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    table: dict[str, Any] = {
        "run": str(said["id"]),
        "draws_hash": str(said["hashes"].get("posterior", "")),
        "as_of": str(said.get("as_of") or said.get("created", ""))[:10],
        "last_year": int(inputs.attrs["origin"]),
        "note": NOTE,
        "included": included(inputs),
    }
    for file, posterior in layers.items():
        table[file.stem] = joint_normal(posterior, load(own, file))
    return text(own, carried=table)


def last_year(run: Path) -> int:
    """Return the last year whose observations a run's posterior holds."""
    from crossover.forecast import stored_run

    return int(stored_run.stored(run)["constant_data"].attrs["origin"])


def included(inputs: xr.Dataset) -> list[dict[str, Any]]:
    """Return what a fit has counted: table, series, newest release and last year of each."""
    newest = json.loads(inputs.attrs.get("vintages") or "{}")
    origin = int(inputs.attrs["origin"])
    first = int(inputs.attrs.get(FROM_YEAR, int(inputs[YEAR].min())))
    rows = []
    for key, vintage in sorted(newest.items()):
        table, _, series = key.partition("/")
        rows.append(
            {
                "table": table,
                "series": series,
                "vintage": str(vintage),
                "first_year": first,
                "last_year": origin,
            }
        )
    return rows


def joint_normal(posterior: xr.Dataset, priors: Priors) -> dict[str, Any]:
    """Return names, families, mean and covariance of a posterior's variables, on the stated scale.

    Parameters
    ----------
    posterior : With `parameters` (chain, draw, parameter).
    priors : Of the fit: which family each variable has.
    """
    names = order(priors)
    values = stated(posterior, priors).sel(parameter=names)
    flat = values.stack(sample=(CHAIN, DRAW)).transpose("sample", "parameter").values
    flat = flat[np.isfinite(flat).all(axis=1)]
    if len(flat) <= 2 * len(names):
        rule = f"{len(flat)} draws are too few for the correlations of {len(names)} variables"
        raise InputError(rule)
    covariance = np.cov(flat, rowvar=False)
    return {
        "names": names,
        "families": [priors.variables[name]["family"] for name in names],
        "mean": [float(f"{value:.12g}") for value in flat.mean(axis=0)],
        "covariance": [[float(f"{value:.12g}") for value in row] for row in covariance],
    }


def stated(posterior: xr.Dataset, priors: Priors) -> xr.DataArray:
    """Return the parameters on the scale on which their priors are Normal (chain, draw, parameter).

    Logs of what has a log-normal prior, log odds of what has a logit-normal one.
    """
    values = posterior["parameters"].astype(float)
    family = xr.DataArray(
        [priors.variables[str(name)]["family"] for name in values["parameter"].values],
        dims="parameter",
        coords={"parameter": values["parameter"]},
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        logs, odds = np.log(values), np.log(values) - np.log1p(-values)
    return xr.where(
        family == "lognormal", logs, xr.where(family == "logitnormal", odds, values)
    ).transpose(CHAIN, DRAW, "parameter")


def windowed(
    panel: xr.Dataset, priors: Priors, from_year: int | None, file: Path | None = None
) -> xr.Dataset:
    """Return the panel of which only years from `from_year` on are counted.

    Parameters
    ----------
    panel : As from `data.panel.assemble`.
    priors : As from `models.priors.load`: carried ones need a window after what they hold.
    from_year : First year whose deliveries and changes count; None for all.
    file : The priors' file, for the message.

    Raises
    ------
    InputError : If observations would be counted twice, or too few years are left to forecast from.
    """
    if priors.carried is not None:
        last, run = priors.carried.last_year, priors.carried.run
        if from_year is None:
            rule = (
                f"holds the observations up to {last} already ({CARRIED} from run {run}), and this "
                f"fit would count them again: give {OPTION} {last + 1} or later"
            )
            raise InputError(fault(rule, file=file))
        if from_year <= last:
            rule = (
                f"the years {from_year} to {last} would be counted twice: the carried priors "
                f"(run {run}) hold the observations up to {last}"
            )
            raise InputError(fault(rule, column=OPTION, value=from_year))
    if from_year is None:
        return panel
    has = (panel["tiv"] >= 0).any((SUPPLIER, RECIPIENT))
    years = panel[YEAR].where(has, drop=True).values
    left = int((years >= from_year).sum())
    if left < MEAN_YEARS:
        found = f"they go to {int(years.max())}" if len(years) else "there are none"
        rule = (
            f"leaves too few years with deliveries ({left}; {found}): a forecast needs the last "
            f"{MEAN_YEARS}, of which three-year means and the memory of pairs are made"
        )
        raise InputError(fault(rule, column=OPTION, value=from_year))
    return panel.assign_attrs({FROM_YEAR: str(from_year)})
