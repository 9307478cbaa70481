"""Stan's NUTS: the program `market.stan`, compiled by g++ through pystan."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tests.bench import posterior

PROGRAM = Path(__file__).with_name("market.stan")
OLDER = "uv run --isolated --python 3.12 --group bench python -m tests.bench --only peers"
"""How to measure on a Python whose wheel of httpstan is sound."""
GONE = b"_PyThreadState_UncheckedGet"
"""A function that Python has no longer had since 3.13."""
TURNED = ("walk_step", "demand_step")
"""Matrices that the program holds the other way round, periods last."""


def work(folder: Path) -> dict[str, Any]:
    """Sample the posterior of a folder."""
    length, program = posterior.length(folder), PROGRAM.read_text("utf-8")
    known = data(posterior.stored(folder, posterior.ARRAYS))
    with contextlib.redirect_stderr(io.StringIO()), patient():
        began = time.perf_counter()
        model = built(program, known, length.seed)
        compiling = time.perf_counter() - began
        began = time.perf_counter()
        fit = model.sample(
            num_chains=length.chains, num_warmup=length.tune, num_samples=length.draws,
            delta=length.target, save_warmup=True,
        )  # fmt: skip
        sampling = time.perf_counter() - began
        density = [model.log_prob(flat(point)) for point in posterior.points(folder)]
    steps, diverged = (
        by_chain(fit[name], length.chains)[..., 0] for name in ("n_leapfrog__", "divergent__")
    )
    draws = {name: by_chain(fit[name], length.chains)[:, length.tune :] for name in posterior.FREE}
    return posterior.keep(
        folder, {n: v.swapaxes(2, 3) if n in TURNED else v for n, v in draws.items()}, steps,
        diverged[:, length.tune :], compiling=compiling, sampling=sampling, density=density,
    )  # fmt: skip


def built(program: str, known: Mapping[str, Any], seed: int) -> Any:
    """Return the compiled program with its data.

    Raises
    ------
    ImportError
        If httpstan's own part cannot be loaded by this Python: the wheel of 4.17.0 for Python 3.13
        holds one made for 3.10. Said before minutes are spent on compiling; pystan never says it.
    """
    import stan
    from httpstan.models import PACKAGE_DIR

    own = (PACKAGE_DIR / "stan_services.o").read_bytes()
    if GONE in own and sys.version_info >= (3, 13):
        raise ImportError(f"httpstan's wheel does not fit this Python; measure peers with {OLDER}")
    return stan.build(program, data=known, random_seed=seed)


def patient() -> Any:
    """Have pystan wait for g++ as long as it takes: by itself it gives up after five minutes."""
    import aiohttp

    session = functools.partial(aiohttp.ClientSession, timeout=aiohttp.ClientTimeout(total=None))
    return mock.patch("stan.common.aiohttp.ClientSession", session)


def by_chain(values: np.ndarray, chains: int) -> np.ndarray:
    """Return what Stan holds with draws last, of one chain after the other, as (chain, draw, …)."""
    draws = np.moveaxis(values, -1, 0)
    # Draws of chains take turns: the first of each, then the second.
    return np.moveaxis(draws.reshape(-1, chains, *draws.shape[1:]), 1, 0)


def flat(point: Mapping[str, np.ndarray]) -> list[float]:
    """Return a point as Stan's vector: variables in turn, matrices column by column."""
    turned = [point[name].T if name in TURNED else point[name] for name in posterior.FREE]
    return np.concatenate([np.ravel(values, order="F") for values in turned]).tolist()


def data(of: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the data of the program."""
    suppliers, recipients, periods = of["placed"].shape
    at = {name: i + 1 for i, name in enumerate(map(str, of["names"]))}
    # Stan goes through a matrix column by column: supplier fastest, then period, then recipient.
    cells = np.broadcast_to((of["barred"] == 0.0)[..., None], of["placed"].shape)
    able = np.flatnonzero(cells.transpose(1, 2, 0))
    placed = of["placed"].transpose(1, 2, 0).ravel()[able]
    years = np.broadcast_to(of["exposure"], of["placed"].shape).transpose(1, 2, 0).ravel()[able]
    kept = ("basis", "level", "war", "politics", "budget", "own_rd", "budget_level", "barred")
    return {f"at_{name}": i for name, i in at.items()} | {name: of[name] for name in kept} | {
        "S": suppliers, "R": recipients, "P": periods, "K": len(of["features"]), "T": len(at),
        "normal": int(of["normal"]), "lognormal": int(of["lognormal"]),
        "period": int(of["period"]), "mean_of": of["mean"], "sd_of": of["sd"],
        "between_at": [at[str(name)] for name in of["between"]],
        "pulls_at": [at[str(name)] for name in of["pulls"]],
        "rd": of["change"][0], "mil": of["change"][1], "covariates": len(of["politics"]),
        "exporter": np.broadcast_to(of["exporter"][:, None], (recipients, periods)),
        "as_supplier": of["as_supplier"] + 1,
        "features": of["features"].transpose(2, 3, 1, 0).reshape(-1, len(of["features"])),
        "N": len(able), "able": able + 1, "placed": placed.astype(int),
        "log_exposure": np.log(years),
    }  # fmt: skip
