"""Samplers side by side on one posterior: the same density, the same means, and who is faster.

Effective draws are counted by the project's own gate (`forecast.convergence`) for all samplers
alike, of the same quantities, which the model itself works out from what each has drawn. A second
is one of tuning and sampling, compiling left out and stated beside it.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from crossover.data.names import CHAIN, DRAW, REST, SUPPLIER, YEAR
from crossover.forecast.convergence import diagnose, ess_of_mean
from tests.bench import child, posterior
from tests.bench.table import DIFFERS, Row, failed

SECTION = "peers"
OURS = "this project"
PEERS = {
    OURS: ("peer_ours", ()),
    "PyMC, same compiled density": ("peer_pymc", ()),
    "PyMC, plain graph": ("peer_pymc_plain", ()),
    "numpyro": ("peer_numpyro", ("jax", "numpyro")),
    "Stan": ("peer_stan", ("stan",)),
}
"""Sampler → its module, and the packages that it needs and the project does not."""
COMPILER = {"Stan": "g++"}
"""Sampler → the program that it needs."""
SAME_DENSITY = 1e-8
"""Of a density's size: how far two may differ beyond a constant."""
FARTHEST = 6.0
"""Standard errors of the difference of two means. Two samplers that are right differ by more in
one of 2,700 quantities with a chance of 5e-6, were all independent (normal: 2e-9 each)."""


class Judged(NamedTuple):
    """What is known of the draws of a sampler.

    Attributes
    ----------
    mean, error : of every quantity, and its standard error by Monte Carlo (quantity).
    least : lowest bulk effective sample size of parameters, of all quantities, and of events.
    """

    mean: np.ndarray
    error: np.ndarray
    least: dict[str, float]


def rows(
    folder: Path, model: Any, wanted: Mapping[str, tuple[str, tuple[str, ...]]] = PEERS
) -> Iterator[Row]:
    """Run every sampler on the posterior of a folder, and compare them.

    Parameters
    ----------
    folder
        As `problem.store` made it.
    model
        That posterior's PyMC model, which works out quantities.
    wanted
        Samplers, as in `PEERS`; the first is the one that others are compared with.
    """
    first: tuple[child.Done, Judged] | None = None
    for name, (module, packages) in wanted.items():
        if lacking := absent(name, packages):
            yield Row(SECTION, name, "", np.nan, "", f"{lacking} is not installed")
            continue
        try:
            # Nothing compiled before, and no fit that Stan may remember.
            done = child.run(module, folder, child.caches(folder / module))
            found = judged(model, posterior.stored(folder, posterior.DRAWS))
        except (child.Failed, OSError, KeyError) as error:
            yield failed(SECTION, name, error)
            continue
        yield from figures(name, done, found, posterior.length(folder).chains)
        if first is None:
            first = done, found
        else:
            yield from against(name, (done, found), first)


def absent(name: str, packages: tuple[str, ...]) -> str:
    """Return the first thing that a sampler needs and that is not there, or nothing."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            return package
    program = COMPILER.get(name, "")
    return program if program and shutil.which(program) is None else ""


def figures(name: str, done: child.Done, found: Judged, chains: int) -> Iterator[Row]:
    """Return what a sampler took."""
    said = done.figures
    seconds, gradients = said["sampling"], said["gradients"]
    yield Row(SECTION, name, "compile, cold", said["compiling"], "s")
    yield Row(SECTION, name, "tune and sample", seconds, "s")
    yield Row(SECTION, name, "gradients a draw", said["gradients_a_draw"], "")
    yield Row(
        SECTION, name, "a gradient", 1e6 * seconds * chains / gradients, "µs",
        "a core's time over all gradients",
    )  # fmt: skip
    yield Row(SECTION, name, "divergences", said["diverged"], "")
    for which, least in found.least.items():
        yield Row(SECTION, name, f"least ESS of {which}", least, "")
        yield Row(SECTION, name, f"least ESS a second of {which}", least / seconds, "1/s")
    yield Row(SECTION, name, "peak memory", done.memory, "MiB", "of its largest process")


def against(
    name: str, this: tuple[child.Done, Judged], first: tuple[child.Done, Judged]
) -> Iterator[Row]:
    """Return how a sampler compares with the first."""
    (done, found), (our_done, ours) = this, first
    for which in (key for key in ours.least if key in found.least):
        one, other = (of.least[which] / by.figures["sampling"] for by, of in (first, this))
        yield Row(SECTION, name, f"{OURS} is faster, {which}", one / other, "×")
    gap = density_gap(our_done.figures["density"], done.figures["density"])
    yield Row(SECTION, name, "density differs by", gap, "", verdict(gap, SAME_DENSITY))
    apart = np.abs(found.mean - ours.mean) / np.hypot(found.error, ours.error)
    farthest = float(np.max(apart))
    yield Row(
        SECTION, name, "means differ by at most", farthest, "MC errors",
        verdict(farthest, FARTHEST),
    )  # fmt: skip


def verdict(value: float, limit: float) -> str:
    """Return words that say whether a difference is within a limit."""
    return f"same: at most {limit:g}" if value <= limit else f"{DIFFERS}: more than {limit:g}"


def density_gap(one: list[float], other: list[float]) -> float:
    """Return how far densities of points differ beyond a constant, relative to their size."""
    return float(np.ptp(np.subtract(one, other)) / np.max(np.abs(one)))


def judged(model: Any, draws: Mapping[str, np.ndarray]) -> Judged:
    """Return means and effective sample sizes of all that follows from draws of `posterior.FREE`.

    Parameters
    ----------
    model
        That of the market.
    draws
        (chain, draw, ...)
    """
    import pymc as pm

    free = xr.Dataset(
        {n: ((CHAIN, DRAW, *model.named_vars_to_dims[n]), draws[n]) for n in posterior.FREE}
    )
    names = [variable.name for variable in model.deterministics]
    table = pm.compute_deterministics(
        free, model=model, var_names=names, progressbar=False, merge_dataset=True,
        compile_kwargs={"mode": "FAST_COMPILE"},
    )  # fmt: skip
    flat = {name: flattened(table[name]) for name in (*names, "rd_within_z", "demand_level")}
    every = np.concatenate(list(flat.values()), axis=2)
    size = diagnose(every)[1]
    parameters = diagnose(flat["parameters"])[1]
    error = every.std(axis=(0, 1)) / np.sqrt(ess_of_mean(every))
    least = {"parameters": float(parameters.min()), "all quantities": float(size.min())}
    happened = leads(table["supplier_capacity"])
    if happened.size:
        least["events"] = float(ess_of_mean(happened).min())
    return Judged(every.mean(axis=(0, 1)), error, least)


def flattened(values: xr.DataArray) -> np.ndarray:
    """Return draws (chain, draw, quantity)."""
    array = values.transpose(CHAIN, DRAW, ...).values
    return array.reshape(*array.shape[:2], -1)


def leads(capacity: xr.DataArray) -> np.ndarray:
    """Return whether one supplier is ahead of another in the last year (chain, draw, pair).

    Of published events those that this part of the model decides alone: that capacities have
    crossed by the origin, of every pair of which not all draws agree.
    """
    last = capacity.isel({YEAR: -1}).drop_sel({SUPPLIER: REST}, errors="ignore")
    last = last.transpose(CHAIN, DRAW, SUPPLIER).values
    one, other = np.triu_indices(last.shape[-1], 1)
    ahead = (last[..., one] > last[..., other]).astype(float)
    return ahead[..., (ahead.min((0, 1)) != ahead.max((0, 1)))]
