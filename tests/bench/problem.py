"""Put the market's posterior into a folder, as arrays for others and as inputs for PyMC."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import xarray as xr

from crossover.models.inputs import COVARIATES, EFFORTS
from crossover.models.market import MEMORIES, arrays, market
from crossover.models.order_book import PERIOD
from crossover.models.priors import Priors, moments, order
from tests import graphs, mock_fit
from tests.bench import posterior
from tests.bench.posterior import Length

GIVEN = "given.pickle"
COUNT, SPREAD = 5, 0.3
"""Points at which densities are compared, and how far they lie from the model's starting point."""


def store(folder: Path, inputs: xr.Dataset, priors: Priors, length: Length) -> None:
    """Write all that samplers need.

    Parameters
    ----------
    folder
        Where to.
    inputs, priors
        As for `models.market.market`; not carried from an earlier fit.
    length
        Of the chains.
    """
    points = mock_fit.points(market(inputs, priors), COUNT, SPREAD, length.seed)
    held = {name: np.stack([p[free_name(name)] for p in points]) for name in posterior.FREE}
    np.savez(folder / posterior.ARRAYS, **data(inputs, priors))
    np.savez(folder / posterior.POINTS, **held)
    (folder / posterior.LENGTH).write_text(json.dumps(length._asdict()), encoding="utf-8")
    (folder / GIVEN).write_bytes(pickle.dumps((inputs, priors)))


def given(folder: Path) -> tuple[xr.Dataset, Priors]:
    """Return inputs and priors of a folder that `store` made."""
    return pickle.loads((folder / GIVEN).read_bytes())


def data(inputs: xr.Dataset, priors: Priors) -> dict[str, Any]:
    """Return the data of the density as arrays of numbers and text.

    Returns
    -------
    dict
        The fields of `models.market.Market` that the density needs; `names`, `mean`, `sd` of
        parameters, and how many are `normal` and `lognormal`, the others being logit-normal;
        `pulls` and `between`: names of effects of the features, and of efforts on the level;
        `basis` (contrast, supplier); `politics` (covariate, supplier), centred; `period`, years.
    """
    x = arrays(inputs)
    mean, covariance = moments(priors)
    names = order(priors)
    families = [priors.variables[name]["family"] for name in names]
    politics = x.features[: len(COVARIATES)].mean(axis=(2, 3))
    unused = {"yearly", "of_year"}
    return {name: values for name, values in x._asdict().items() if name not in unused} | {
        "names": np.array(names), "mean": mean, "sd": np.sqrt(np.diag(covariance)),
        "normal": families.count("normal"), "lognormal": families.count("lognormal"),
        "pulls": np.array([*(f"{name}_effect" for name in COVARIATES), *MEMORIES]),
        "between": np.array([f"{name}_between" for name in EFFORTS]),
        "basis": scipy.linalg.helmert(x.level.shape[1], full=True),
        "politics": politics - politics.mean(axis=1, keepdims=True), "period": PERIOD,
    }  # fmt: skip


def free_name(name: str) -> str:
    """Return PyMC's name of the coordinates in which it samples a variable."""
    return f"{name}_zerosum__" if name in posterior.ZERO_SUM else name


def densities(model: Any, points: list[Mapping[str, np.ndarray]]) -> list[float]:
    """Return the log density of a PyMC model at points of `posterior.points`."""
    density = model.compile_logp(mode=graphs.MODE)
    return [float(density({free_name(n): value for n, value in p.items()})) for p in points]
