"""Does the model do what it says: predictive checks, calibration by simulation, sensitivity.

Three questions. Does data drawn from the fit, or from the priors, look like the data (predictive
checks)? Are truths drawn from the model found where its posteriors say (simulation-based
calibration, Talts et al. 2018)? How far does an answer move when the priors count for a little
more or less (power-scaling, Kallioinen et al. 2024)? Each answer is a table with `passed`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from crossover.data.errors import InputError, fault
from crossover.data.names import CHAIN, DRAW, SUPPLIER, YEAR
from crossover.data.tables import Panel
from crossover.forecast import events, runs, simulate
from crossover.forecast.draws import Arrays
from crossover.forecast.predictive_checks import FEW, dynamics, predictive
from crossover.forecast.sensitivity import sensitivity
from crossover.forecast.simulated_worlds import SMALL_PAIR, one_world, small_panel, small_priors
from crossover.models.priors import Priors, load

FAMILY_WISE = 0.01
"""Chance that any quantity is rejected though all are calibrated."""
THINNED = 99
"""Posterior draws among which a truth is ranked."""

PREDICTIVE, SENSITIVITY, RANKS, SBC = "predictive.csv", "sensitivity.csv", "ranks", "sbc.csv"

SAMPLER = {"draws": 500, "tune": 500, "chains": 2}


# Simulation-based calibration ------------------------------------------------------------------


def calibrate_one(
    k: int, panel: xr.Dataset, entries: tuple[dict, dict], seed: int, sampler: Mapping[str, int]
) -> dict[str, float]:
    """Draw a world, fit it, and rank the truth: what a worker runs.

    Returns
    -------
    dict : Quantity → share of posterior draws below the truth, ties broken at random (uniform if
        all is right): top-level parameters of market and delivery, and a gap of capacity. And
        `divergences`, `rhat`.
    """
    from crossover.forecast.fit import ACCEPT, parts
    from crossover.forecast.past_forecasts import quality
    from crossover.forecast.sampling import ready, sample

    given = Priors(variables=entries[0], constants=entries[1], text="")
    made = one_world(panel, given, seed=seed + k)
    rng = np.random.default_rng([seed, k])
    found: dict[str, float] = {}
    worst = {"divergences": 0, "rhat": 0.0}
    models = parts(made.inputs, made.orders, given)
    for name in ("market", "delivery"):
        compiled = ready(models[name])
        tree = sample(
            compiled, seed=seed + k, target_accept=ACCEPT[name], cores=1, **sampler
        )
        own = quality(tree)
        worst["divergences"] += own["divergences"]
        worst["rhat"] = max(worst["rhat"], own["rhat"])
        found |= _ranks(tree["posterior"].to_dataset(), made.truth, rng)
    return found | worst


def _ranks(
    posterior: xr.Dataset, truth: Arrays, rng: np.random.Generator
) -> dict[str, float]:
    """Return the rank of a truth among thinned posterior draws, as a share, by quantity."""
    flat = posterior.stack({"sample": (CHAIN, DRAW)}).transpose("sample", ...)  # noqa: PD013
    taken = np.linspace(0, flat.sizes["sample"] - 1, THINNED).round().astype(int)
    flat = flat.isel(sample=taken)
    out = {
        str(name): share_below(
            flat["parameters"].sel(parameter=name).values, float(truth[str(name)][0]), rng
        )
        for name in flat["parameter"].values
    }
    if "supplier_capacity" in flat:
        at = [list(flat[SUPPLIER].values).index(code) for code in SMALL_PAIR]
        last = flat["supplier_capacity"].transpose("sample", SUPPLIER, YEAR).values[..., -1]
        true = truth["supplier_capacity"][0, :, -1]
        out["capacity gap"] = share_below(
            last[:, at[1]] - last[:, at[0]], float(true[at[1]] - true[at[0]]), rng
        )
    return out


def share_below(values: np.ndarray, truth: float, rng: np.random.Generator) -> float:
    """Return the share of draws below a truth, ties and the step itself broken at random."""
    below, ties = int((values < truth).sum()), int((values == truth).sum())
    return float((below + rng.random() * (ties + 1)) / (len(values) + 1))


def uniformity(table: pd.DataFrame) -> pd.DataFrame:
    """Test the ranks of each quantity for uniformity, all together at `FAMILY_WISE` (Holm).

    Parameters
    ----------
    table : A row a simulation, a column a quantity.

    Returns
    -------
    pandas.DataFrame
        quantity, simulations, mean (0.5 if unbiased), sd (0.29 if as wide as it should be),
        in_90 (how often the central 90 % held the truth), p (Kolmogorov-Smirnov), p_holm, passed.
    """
    rows = []
    for name in table.columns:
        u = table[name].dropna().to_numpy(float)
        if len(u) < 5:
            continue
        rows.append(
            {
                "quantity": name, "simulations": len(u), "mean": u.mean(), "sd": u.std(),
                "in_90": float((abs(u - 0.5) <= 0.45).mean()),
                "p": float(stats.kstest(u, "uniform").pvalue),
            }
        )  # fmt: skip
    if not rows:
        return pd.DataFrame()
    out = pd.DataFrame(rows).sort_values("p", ignore_index=True)
    steps = out["p"].to_numpy() * np.arange(len(out), 0, -1)
    out["p_holm"] = np.minimum(np.maximum.accumulate(steps), 1.0)
    out["passed"] = out["p_holm"] > FAMILY_WISE
    return out


def sbc(
    out: Path,
    simulations: int,
    *,
    seed: int,
    priors: Path | None = None,
    folder: Panel = None,
    sampler: Mapping[str, int] = SAMPLER,
    workers: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> tuple[pd.DataFrame, list[str]]:
    """Run simulations that are not on record yet, and test all ranks.

    Parameters
    ----------
    out : Folder; each simulation leaves a small file under `ranks`, so that work goes on where it
        was stopped.
    simulations : How many there are to be in all.
    seed, priors, folder, sampler : What worlds are made from, and how they are fitted.
    workers, scheduler, say : As of `crossover.forecast.cluster.run`.

    Returns
    -------
    tuple : As from `uniformity`, and names of simulations that failed.
    """
    from crossover.forecast import cluster, record

    given = small_priors(priors)
    panel = small_panel(folder)
    made_with = {"seed": seed, **sampler, "priors": record.hash_text(given.text)}
    place = out / RANKS
    place.mkdir(parents=True, exist_ok=True)
    note = place / "made_with.json"
    if note.is_file() and json.loads(note.read_text("utf-8")) != runs.plain(made_with):
        rule = "holds simulations of another seed, sampler or priors: give another --out"
        raise InputError(fault(rule, file=out))
    runs.write(note, made_with)
    todo = [k for k in range(simulations) if not (place / f"{k:04d}.json").is_file()]
    failed: dict[str, str] = {}
    if todo:
        say(f"{simulations - len(todo)} of {simulations} simulations are on record")
        entries = (
            {name: dict(entry) for name, entry in given.variables.items()},
            {name: dict(entry) for name, entry in given.constants.items()},
        )
        tasks = [
            cluster.Task(
                f"{k:04d}", calibrate_one,
                (k, panel, entries, seed, dict(sampler)),
            )
            for k in todo
        ]  # fmt: skip
        failed = cluster.run(
            tasks, lambda name, found: runs.write(place / f"{name}.json", found),
            workers=workers, scheduler=scheduler, say=say,
        )  # fmt: skip
    return uniformity(on_record(out, range(simulations))), sorted(failed)


def on_record(out: Path, which: Sequence[int]) -> pd.DataFrame:
    """Return the ranks on record, a row a simulation, a column a quantity."""
    rows = []
    for k in which:
        path = out / RANKS / f"{k:04d}.json"
        if path.is_file():
            rows.append(json.loads(path.read_text("utf-8")))
    return pd.DataFrame(rows).drop(columns=["divergences", "rhat"], errors="ignore")


# A stored run ----------------------------------------------------------------------------------


def check(
    run: Path, pair: tuple[str, str], layers: Sequence[Path], *, seed: int
) -> dict[str, pd.DataFrame]:
    """Run the predictive checks and the sensitivity of a stored run's events.

    `layers`: the panel and additions that the run's record names.

    Returns
    -------
    dict : File name → table, as from `predictive` (posterior, then prior) and `sensitivity`.
    """
    from crossover.forecast import fit, stored_run

    tree = stored_run.stored(run)
    given = load(run / stored_run.PRIORS_FILE)
    said = runs.read(run)
    panel = stored_run.known_on(stored_run.day(said.get("as_of")), layers)
    offered = fit.prior(panel, given, seed=seed, draws=FEW)
    tables = [
        predictive(tree, "posterior", seed=seed), predictive(offered, "prior", seed=seed),
        dynamics(tree, seed=seed),
    ]  # fmt: skip
    futures = simulate.futures(tree, *pair, seed=seed)
    return {
        PREDICTIVE: pd.concat(tables, ignore_index=True),
        SENSITIVITY: sensitivity(tree, events.answers(futures)),
    }


def write(out: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables into a folder, each whole or not at all."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(fault(f"the folder cannot be made ({reason})", file=out)) from None
    for name, table in tables.items():
        text = table.to_csv(index=False, float_format="%.5g", lineterminator="\n")
        runs.write(out / name, text)
