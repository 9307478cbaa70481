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
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from models.equations import MEMORY_YEARS
from scipy import stats

from data.errors import InputError, fault
from data.names import CHAIN, COUNTRY, DRAW, FIRST_YEAR, RECIPIENT, REST, SUPPLIER, YEAR
from data.panel import assemble
from data.tables import Panel
from forecast import events, runs, simulate
from forecast.backtest import variant
from models import equations, transfers
from models.inputs import MEMORIES, prepare
from models.priors import Priors, load, order

FEW = 400
"""Draws used in predictive checks."""
TAIL = 0.005
"""A check fails if the observed figure lies beyond this quantile of the predicted, either side."""
FAMILY_WISE = 0.01
"""Chance that any quantity is rejected though all are calibrated."""
THINNED = 99
"""Posterior draws among which a truth is ranked."""
SENSITIVE = 0.05
"""Power-scaling sensitivity above which a prior is called influential (Kallioinen et al.)."""
MILESTONES = (5, 10, 20)
"""Years after the origin at which the sensitivity of events is told."""

PREDICTIVE, SENSITIVITY, RANKS, SBC = "predictive.csv", "sensitivity.csv", "ranks", "sbc.csv"

# A small world of real countries: large enough that every part of the model is at work.
SMALL_SUPPLIERS = ("USA", "RUS", "CHN", "FRA", "UKR", REST)
SMALL_RECIPIENTS = ("USA", "RUS", "CHN", "FRA", "UKR", "IND", "VNM", "POL", REST)
SMALL_LAST = 2012
SMALL_PRIORS: Mapping[str, Mapping[str, float]] = {
    "acquisition_scale": {"mu": -4.5, "sigma": 0.3},
    "home_pull": {"mu": 7.5, "sigma": 0.3},
    "affinity_sd": {"mu": -0.5, "sigma": 0.3},
    "capacity_sd": {"mu": -0.5, "sigma": 0.3},
    "rd_between": {"sigma": 0.25},
    "mil_between": {"sigma": 0.25},
}
"""Priors under which six suppliers trade about as much as seventeen do."""
SMALL_PAIR = ("RUS", "CHN")
SMALL_AHEAD = 10
"""Years ahead in which the events of a small world may happen."""
SAMPLER = {"draws": 500, "tune": 500, "chains": 2}
_COMPILED: dict[str, Any] = {}
"""The model of the small world that this process fitted last: five sixths of a fit is compiling."""


# Predictive checks -----------------------------------------------------------------------------


def figures(tiv: np.ndarray) -> dict[str, np.ndarray]:
    """Return what of deliveries (..., supplier, recipient, year) is compared, one figure each."""
    some = tiv > 0
    world = tiv.sum(axis=(-3, -2))
    logs = np.log(np.where(some, tiv, 1.0))
    count = np.maximum(some.sum(axis=(-3, -2, -1)), 1)
    mean = logs.sum(axis=(-3, -2, -1)) / count
    spread = np.where(some, (logs - mean[..., None, None, None]) ** 2, 0.0)
    shares = tiv.sum(axis=(-2, -1)) / np.maximum(tiv.sum(axis=(-3, -2, -1)), 1e-9)[..., None]
    level = np.log1p(tiv)
    level = level - level.mean(axis=-1, keepdims=True)
    both = (level[..., 1:] * level[..., :-1]).sum(axis=(-3, -2, -1))
    return {
        "share of pair-years with a delivery": some.mean(axis=(-3, -2, -1)),
        "world volume, mean year": world.mean(axis=-1),
        "world volume, log change from year to year, sd": np.diff(
            np.log(np.maximum(world, 1.0)), axis=-1
        ).std(axis=-1),
        "log size of a pair's deliveries, mean": mean,
        "log size of a pair's deliveries, sd": np.sqrt(spread.sum(axis=(-3, -2, -1)) / count),
        "largest delivery of a pair in a year": tiv.max(axis=(-3, -2, -1)),
        "share of the largest supplier": shares.max(axis=-1),
        "concentration of suppliers (Herfindahl)": (shares**2).sum(axis=-1),
        "correlation of a pair's year with its next": both
        / np.maximum((level**2).sum(axis=(-3, -2, -1)), 1e-9),
    }


def of_suppliers(tiv: np.ndarray, codes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what each supplier exports in all, and of late, of deliveries (..., supplier, ...).

    Sums by supplier found what no overall figure did: that volumes were read off the number of
    deliveries, so that some suppliers were expected to export twice what they did.
    """
    years = tiv.sum(axis=-2)
    return {
        f"exports of {code}, {span}": years[..., at, part].sum(axis=-1)
        for at, code in enumerate(codes)
        for span, part in (("whole window", slice(None)), ("last five years", slice(-5, None)))
    }


def replicate(tree: xr.DataTree, *, seed: int, draws: int = FEW) -> np.ndarray:
    """Draw all deliveries of the window anew (draw, supplier, recipient, year), TIV million.

    Each year's are drawn given what was delivered in the three before, as the likelihood has them.
    """
    posterior, inputs = tree["posterior"].to_dataset(), tree["constant_data"].to_dataset()
    arrays = simulate.stack(posterior)
    count = len(arrays["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(draws, count)).round().astype(int))
    arrays = {name: values[taken] for name, values in arrays.items()}
    possible = inputs["possible"].transpose(*transfers.CELL[:2]).values.astype(bool)[..., None]
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, len(taken), 50):
        some = simulate.block(arrays, start, start + 50)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            volume = simulate.log_volume(*simulate.past_market(some, inputs)).astype(np.float32)
            presence, size = simulate.delivery_parameters(some, 4)
            parts.append(simulate.draw_deliveries(volume, presence, size, rng) * possible)
    return np.concatenate(parts).astype(np.float32)


def predictive(tree: xr.DataTree, kind: str, *, seed: int, draws: int = FEW) -> pd.DataFrame:
    """Compare what a fit, or the priors, would have deliveries look like with what they are.

    Parameters
    ----------
    tree
        With `posterior` (or draws of the prior in its place) and `constant_data`.
    kind
        "posterior" or "prior", for the table.
    seed, draws
        Of the replicates.

    Returns
    -------
    pandas.DataFrame
        kind, check, observed, median, q05, q95 (of the replicates), tail (share of replicates
        beyond the observed on the nearer side), passed. Of a posterior also each supplier's
        exports, and in the last rows how often the central intervals of single pair-years hold, of
        pairs that replicates trade in, by PIT.
    """
    inputs = tree["constant_data"].to_dataset()
    observed = inputs["deliveries"].transpose(*transfers.CELL).values
    drawn = replicate(tree, seed=seed, draws=draws)
    rows = []
    codes = [str(code) for code in inputs[SUPPLIER].values] if kind == "posterior" else []
    seen, said = (
        figures(tiv) | of_suppliers(tiv, codes) for tiv in map(np.float64, (observed, drawn))
    )
    for name, values in said.items():
        truth = float(seen[name])
        tail = float(min((values <= truth).mean(), (values >= truth).mean()))
        rows.append(_compared(kind, name, truth, values, tail, tail > TAIL))
    if kind == "posterior":
        rows += _held(drawn, observed, np.random.default_rng(seed))
    return pd.DataFrame(rows)


def _compared(
    kind: str, name: str, truth: float, values: np.ndarray, tail: float, passed: bool
) -> dict[str, Any]:
    median, low, high = np.quantile(values, [0.5, 0.05, 0.95])
    return {
        "kind": kind, "check": name, "observed": truth, "median": median, "q05": low, "q95": high,
        "tail": tail, "passed": bool(passed),
    }  # fmt: skip


def _held(drawn: np.ndarray, observed: np.ndarray, rng: np.random.Generator) -> list[dict]:
    """Return how often intervals of pair-years held, of pairs expected to trade, by their size.

    Pairs are chosen by the replicates: chosen by what came, those that came would be too many.
    """
    trades = (drawn > 0).mean(axis=(0, -1)) > 0.05
    y, q = observed[trades], np.sort(drawn[:, trades], axis=0)
    below, up_to = ((q < y).mean(axis=0), (q <= y).mean(axis=0))
    pit = below + rng.random(y.shape) * (up_to - below)
    size = np.broadcast_to(q.mean(axis=(0, -1))[:, None], y.shape)
    rows = []
    for label, part in (("all pairs", size >= 0), ("pairs above 100 TIV a year", size > 100)):
        for mass in (0.5, 0.9):
            held = float((abs(pit[part] - 0.5) <= mass / 2).mean()) if part.any() else np.nan
            rows.append(
                {
                    "kind": "posterior",
                    "check": f"{100 * mass:.0f} % intervals that hold, {label}",
                    "observed": held, "median": mass, "q05": mass - 0.03, "q95": mass + 0.03,
                    "tail": np.nan, "passed": bool(abs(held - mass) <= 0.03),
                }
            )  # fmt: skip
    return rows


def prior_tree(tree: xr.DataTree, given: Priors, *, seed: int, draws: int = FEW) -> xr.DataTree:
    """Draw from the priors with the inputs that a fit was given."""
    from forecast.fit import prior_of

    return prior_of(tree["constant_data"].to_dataset(), given, seed=seed, draws=draws)


# Sensitivity -----------------------------------------------------------------------------------


def sensitivity(
    tree: xr.DataTree, answered: xr.Dataset, most: int = 3
) -> pd.DataFrame:
    """Say how far each event's probability moves as priors, or the likelihood, count for more.

    Parameters
    ----------
    tree
        With `log_prior` (a variable each top-level parameter) and `log_likelihood`.
    answered
        As from `forecast.events.answers`, of all draws of the tree in order.
    most
        How many single priors to name.

    Returns
    -------
    pandas.DataFrame
        event, scenario, year, probability, prior and likelihood (power-scaling sensitivity of the
        indicator that it has happened by the year, all top-level priors together), influential
        (whether prior exceeds `SENSITIVE`), and the priors that weigh most, with their figures.
        Events that all draws agree on are left out.
    """
    import arviz as az

    chains, draws = (tree["posterior"].sizes[d] for d in (CHAIN, DRAW))
    origin = int(answered.attrs["origin"])
    happened = {}
    for name, values in answered.data_vars.items():
        for scenario in values["scenario"].values:
            own = values.sel(scenario=scenario).transpose(DRAW, YEAR).values
            by = events.by_year(own).reshape(chains, draws, -1)
            for ahead in MILESTONES:
                at = np.flatnonzero(values[YEAR].values == origin + ahead)
                if len(at) and by[..., at[0]].min() != by[..., at[0]].max():
                    happened[str(name), str(scenario), origin + ahead] = by[..., at[0]]
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


# Simulation-based calibration ------------------------------------------------------------------


def small_panel(folder: Panel = None) -> xr.Dataset:
    """Return a panel of a few real countries to 2012, whose deliveries are to be simulated."""
    known = assemble(None, folder).sel({YEAR: slice(None, SMALL_LAST)})
    known = known.drop_dims(["domain", "weapon_class"], errors="ignore")
    countries = [c for c in SMALL_RECIPIENTS if c != REST]
    return known.sel(
        {
            COUNTRY: countries,
            SUPPLIER: list(SMALL_SUPPLIERS),
            RECIPIENT: list(SMALL_RECIPIENTS),
        }
    )


def small_priors(path: Path | None = None) -> Priors:
    """Return the priors of the small world."""
    return variant(load(path), SMALL_PRIORS)


def truths(panel: xr.Dataset, given: Priors, *, seed: int, draws: int) -> xr.DataTree:
    """Draw what the fits start from: the priors, given the covariates and nothing of deliveries.

    R&D, GDP, spending and votes are covariates: they are as observed in every simulated world, so
    parameters of their dynamics are drawn given them, and so are ties, given that a country has
    none to itself. That is the posterior of the model without deliveries, sampled once.

    Returns
    -------
    xarray.DataTree
        `posterior` (one chain) and `constant_data`.
    """
    import nutpie
    from models.joint import joint

    from forecast.fit import single, storable
    from forecast.sampling import sample

    inputs = prepare(panel, given)
    compiled = nutpie.compile_pymc_model(joint(inputs, given, trade=False), backend="numba")
    sampled = sample(
        compiled, seed=seed, draws=max(5 * draws, 500), tune=1000, chains=1, target_accept=0.9,
        cores=1,
    )  # fmt: skip
    posterior = single(sampled["posterior"].to_dataset())
    taken = np.linspace(0, posterior.sizes[DRAW] - 1, draws).round().astype(int)
    posterior = posterior.isel({DRAW: taken}).assign_coords({DRAW: np.arange(draws)})
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": storable(inputs)})


def one_truth(tree: xr.DataTree, k: int) -> xr.DataTree:
    """Return one draw of a tree, as a tree of one."""
    posterior = tree["posterior"].to_dataset().isel({DRAW: [k], CHAIN: [0]})
    return xr.DataTree.from_dict(
        {"posterior": posterior, "constant_data": tree["constant_data"].to_dataset()}
    )


def with_deliveries(
    panel: xr.Dataset, truth: xr.DataTree, given: Priors, *, seed: int
) -> xr.Dataset:
    """Return the panel with deliveries drawn year by year from a truth."""
    empty = panel.assign(tiv=panel["tiv"].fillna(0.0) * 0.0)
    inputs = prepare(empty, given)
    draws = simulate.stack(truth["posterior"].to_dataset())
    explained, home, wanted = simulate.explained_market(draws, inputs)
    world = draws["world_level"][:, None] + draws["global_demand"]
    able = inputs["possible"].transpose(*transfers.CELL[:2]).values.astype(bool)
    presence, size = simulate.delivery_parameters(draws, 3)
    rng = np.random.default_rng(seed)
    # The panel has years before the window, in which nothing is delivered: they are remembered.
    found = [np.zeros(able.shape)] * MEMORY_YEARS
    for t in range(inputs.sizes[YEAR]):
        remembered = equations.memories(found[-MEMORY_YEARS:], able)
        pull = sum(draws[name][0] * held for name, held in zip(MEMORIES, remembered, strict=True))
        with np.errstate(divide="ignore"):
            now = explained[..., [t]] + pull[None, ..., None], home[..., [t]]
            bought = equations.settled(wanted[..., [t]], *now, world[:, [t]], np)
            volume = simulate.log_volume(*now, bought)[..., 0].astype(np.float32)
            drawn = simulate.draw_deliveries(volume, presence, size, rng) * able
        found.append(drawn[0])
    tiv = np.zeros(panel["tiv"].transpose(*transfers.CELL).shape)
    tiv[..., panel[YEAR].values >= FIRST_YEAR] = np.stack(found[MEMORY_YEARS:], axis=-1)
    return panel.assign(tiv=(transfers.CELL, tiv, panel["tiv"].attrs))


def calibrate_one(
    k: int, panel: xr.Dataset, truth: xr.DataTree, entries: tuple[dict, dict], seed: int,
    sampler: Mapping[str, int],
) -> dict[str, float]:
    """Simulate a world from one truth, fit it, and rank the truth: what a worker runs.

    Returns
    -------
    dict
        Quantity → share of posterior draws below the truth, ties broken at random (uniform if all
        is right): top-level parameters, gaps of capacity, and the year of each event of the pair.
        And `divergences`, `rhat`.
    """
    from dask.base import tokenize

    from forecast.backtest import quality
    from forecast.fit import fit, reusable

    given = Priors(variables=entries[0], constants=entries[1], text="")
    made = with_deliveries(panel, truth, given, seed=seed + k)
    world = tokenize(panel, entries)
    if world not in _COMPILED:
        _COMPILED.clear()
        _COMPILED[world] = reusable(made, given)
    tree = fit(
        made, given, seed=seed + k, progress=False, cores=1, compiled=_COMPILED[world], **sampler
    )
    rng = np.random.default_rng([seed, k])
    found = ranks(truth, tree, given, rng)
    own = quality(tree)
    return found | {"divergences": own["divergences"], "rhat": own["rhat"]}


def ranks(
    truth: xr.DataTree, tree: xr.DataTree, given: Priors, rng: np.random.Generator
) -> dict[str, float]:
    """Return the rank of a truth among thinned posterior draws, as a share, by quantity."""
    few = _thinned(tree["posterior"].to_dataset(), THINNED)
    true = _thinned(truth["posterior"].to_dataset(), 1)
    out = {}
    for name in order(given):
        out[name] = share_below(
            few["parameters"].sel(parameter=name).values,
            float(true["parameters"].sel(parameter=name).item()), rng,
        )  # fmt: skip
    last = {"year": -1}
    gaps = [
        x["supplier_capacity"].isel(last).sel(supplier=SMALL_PAIR[1])
        - x["supplier_capacity"].isel(last).sel(supplier=SMALL_PAIR[0])
        for x in (few, true)
    ]
    out["capacity gap"] = share_below(gaps[0].values, float(gaps[1].item()), rng)
    when = {}
    for label, one in (("true", truth), ("said", tree)):
        # A truth has a future of its own; of the fit, every draw has one.
        futures = simulate.futures(
            with_inputs(one, tree), *SMALL_PAIR, seed=int(rng.integers(2**31)),
            horizon=SMALL_LAST + SMALL_AHEAD,
        )  # fmt: skip
        answered = events.answers(futures)
        when[label] = {
            str(name): np.nan_to_num(
                events.first_year(
                    values.isel(scenario=0).transpose(DRAW, YEAR).values, values[YEAR].values
                ),
                nan=np.inf,
            )
            for name, values in answered.data_vars.items()
        }
    for name, years in when["said"].items():
        if name in when["true"]:
            at = np.linspace(0, len(years) - 1, THINNED).round().astype(int)
            out[f"event {name}"] = share_below(years[at], float(when["true"][name][0]), rng)
    return out


def _thinned(posterior: xr.Dataset, draws: int) -> xr.Dataset:
    """Return some draws of all chains, evenly spaced."""
    held = [posterior.isel({CHAIN: k}, drop=True) for k in range(posterior.sizes[CHAIN])]
    flat = xr.concat(
        [one[["parameters", "supplier_capacity"]] for one in held], DRAW, coords="minimal"
    )
    taken = np.linspace(0, flat.sizes[DRAW] - 1, draws).round().astype(int)
    return flat.isel({DRAW: taken})


def with_inputs(tree: xr.DataTree, other: xr.DataTree) -> xr.DataTree:
    """Return a tree's draws with the inputs of another: the deliveries that a fit saw."""
    return xr.DataTree.from_dict(
        {
            "posterior": tree["posterior"].to_dataset(),
            "constant_data": other["constant_data"].to_dataset(),
        }
    )


def share_below(values: np.ndarray, truth: float, rng: np.random.Generator) -> float:
    """Return the share of draws below a truth, ties and the step itself broken at random."""
    below, ties = int((values < truth).sum()), int((values == truth).sum())
    return float((below + rng.random() * (ties + 1)) / (len(values) + 1))


def uniformity(table: pd.DataFrame) -> pd.DataFrame:
    """Test the ranks of each quantity for uniformity, all together at `FAMILY_WISE` (Holm).

    Parameters
    ----------
    table
        A row a simulation, a column a quantity.

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
    out
        Folder; each simulation leaves a small file under `ranks`, so that work goes on where it
        was stopped.
    simulations
        How many there are to be in all.
    seed, priors, folder, sampler
        What worlds are made from, and how they are fitted.
    workers, scheduler, say
        As of `forecast.cluster.run`.

    Returns
    -------
    tuple
        As from `uniformity`, and names of simulations that failed.
    """
    from forecast import cluster, record

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
        # Truths come in sets of a fixed size, so that more simulations do not change earlier ones.
        sets = {k // 50: truths(panel, given, seed=seed + 7919 * (k // 50), draws=50) for k in todo}
        entries = (
            {name: dict(entry) for name, entry in given.variables.items()},
            {name: dict(entry) for name, entry in given.constants.items()},
        )
        tasks = [
            cluster.Task(
                f"{k:04d}", calibrate_one,
                (k, panel, one_truth(sets[k // 50], k % 50), entries, seed, dict(sampler)),
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


def check(run: Path, pair: tuple[str, str], *, seed: int) -> dict[str, pd.DataFrame]:
    """Run the predictive checks and the sensitivity of a stored run's events.

    Returns
    -------
    dict
        File name → table, as from `predictive` (posterior, then prior) and `sensitivity`.
    """
    from forecast import steps

    tree = steps.stored(run)
    given = load(run / steps.PRIORS_FILE)
    offered = prior_tree(tree, given, seed=seed)
    tables = [predictive(tree, "posterior", seed=seed), predictive(offered, "prior", seed=seed)]
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
