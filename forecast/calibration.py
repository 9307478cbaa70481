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
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import special, stats

from crossover.data.errors import InputError, fault
from crossover.data.names import CHAIN, COUNTRY, DRAW, RECIPIENT, REST, STATE, SUPPLIER, YEAR
from crossover.data.tables import Panel
from crossover.forecast import events, market, runs, simulate
from crossover.forecast.backtest import variant
from crossover.forecast.draws import Arrays, block, stack
from crossover.models import deal_features, delivery
from crossover.models.inputs import with_orders
from crossover.models.market import CELL, arrays
from crossover.models.order_book import (
    ORDER_PERIOD,
    REMEMBERED,
    RUNNING,
    OrderData,
)
from crossover.models.priors import Priors, load, order

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
SMALL_LAST = 2021
SMALL_PRIORS: Mapping[str, Mapping[str, float]] = {
    "capacity_sd": {"mu": -0.5, "sigma": 0.3},
    "affinity_sd": {"mu": -0.5, "sigma": 0.3},
    "rd_between": {"sigma": 0.25},
    "mil_between": {"sigma": 0.25},
}
"""Priors under which no supplier of six has the market to itself."""
SMALL_PAIR = ("RUS", "CHN")
SAMPLER = {"draws": 500, "tune": 500, "chains": 2}


# Predictive checks -----------------------------------------------------------------------------


def figures(placed: np.ndarray) -> dict[str, np.ndarray]:
    """Return what of orders (..., supplier, recipient, period) is compared, one figure each."""
    world = placed.sum(axis=(-3, -2))
    shares = placed.sum(axis=(-2, -1)) / np.maximum(placed.sum(axis=(-3, -2, -1)), 1.0)[..., None]
    level = np.log1p(placed)
    level = level - level.mean(axis=-1, keepdims=True)
    both = (level[..., 1:] * level[..., :-1]).sum(axis=(-3, -2, -1))
    active = placed > 0
    again = (active[..., 1:] & active[..., :-1]).sum(axis=(-3, -2, -1))
    return {
        "share of pairs and periods with an order": active.mean(axis=(-3, -2, -1)),
        "orders of the world in a period, mean": world.mean(axis=-1),
        "orders of the world, log change from period to period, sd": np.diff(
            np.log(np.maximum(world, 1.0)), axis=-1
        ).std(axis=-1),
        "most orders of a pair in a period": placed.max(axis=(-3, -2, -1)),
        "share of the largest supplier": shares.max(axis=-1),
        "concentration of suppliers (Herfindahl)": (shares**2).sum(axis=-1),
        "correlation of a pair's period with its next": both
        / np.maximum((level**2).sum(axis=(-3, -2, -1)), 1e-9),
        "share of pairs with an order that order again in the next period": again
        / np.maximum(active[..., :-1].sum(axis=(-3, -2, -1)), 1),
    }


def of_suppliers(placed: np.ndarray, codes: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what each supplier wins in all, and of late, of orders (..., supplier, ...)."""
    periods = placed.sum(axis=-2)
    return {
        f"orders won by {code}, {span}": periods[..., at, part].sum(axis=-1)
        for at, code in enumerate(codes)
        for span, part in (("whole window", slice(None)), ("last two periods", slice(-2, None)))
    }


def replicate(tree: xr.DataTree, *, seed: int, draws: int = FEW) -> np.ndarray:
    """Draw all listed orders of the window anew (draw, supplier, recipient, period).

    Each period's are drawn given what was ordered before it, as the likelihood has them.
    """
    posterior, inputs = tree["posterior"].to_dataset(), tree["constant_data"].to_dataset()
    found = stack(posterior)
    count = len(found["parameters"])
    taken = np.unique(np.linspace(0, count - 1, min(draws, count)).round().astype(int))
    found = {name: values[taken] for name, values in found.items()}
    x, rng, parts = arrays(inputs), np.random.default_rng(seed), []
    for start in range(0, len(taken), market.BLOCK):
        some = block(found, start, start + market.BLOCK)
        rate, _ = market.past(some, inputs)
        drawn = market.draw_orders(some, rate, x.exposure, rng)
        parts.append(drawn * (x.barred == 0.0)[..., None])
    return np.concatenate(parts).astype(np.float32)


def predictive(tree: xr.DataTree, kind: str, *, seed: int, draws: int = FEW) -> pd.DataFrame:
    """Compare what a fit, or the priors, would have orders look like with what they are.

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
        orders, and in the last rows how often the central intervals of single pairs and periods
        hold, of pairs that replicates trade in, by PIT.
    """
    inputs = tree["constant_data"].to_dataset()
    observed = inputs["placed"].transpose(*CELL, ORDER_PERIOD).values[..., REMEMBERED:]
    drawn = replicate(tree, seed=seed, draws=draws)
    rows = []
    codes = [str(code) for code in inputs[SUPPLIER].values] if kind == "posterior" else []
    seen, said = (
        figures(placed) | of_suppliers(placed, codes)
        for placed in map(np.float64, (observed, drawn))
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
    """Return how often intervals of pairs and periods held, of pairs expected to trade, by size.

    Pairs are chosen by the replicates: chosen by what came, those that came would be too many.
    """
    trades = (drawn > 0).mean(axis=(0, -1)) > 0.05
    y, q = observed[trades], np.sort(drawn[:, trades], axis=0)
    below, up_to = ((q < y).mean(axis=0), (q <= y).mean(axis=0))
    pit = below + rng.random(y.shape) * (up_to - below)
    size = np.broadcast_to(q.mean(axis=(0, -1))[:, None], y.shape)
    rows = []
    for label, part in (("all pairs", size >= 0), ("pairs above ten orders a period", size > 10)):
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


def dynamics(tree: xr.DataTree, *, seed: int, draws: int = FEW) -> pd.DataFrame:
    """Compare how deliveries move in the futures with how they moved in the years before.

    Returns
    -------
    pandas.DataFrame
        kind ("dynamics"), check (a figure, of a supplier's exports), observed (last
        `MOVING_YEARS`), median, q05, q95 (as many years ahead), tail, passed (inside the 90 %
        band); then a row a figure: how many suppliers are inside, which has to be at least
        `INSIDE` of them.
    """
    inputs = tree["constant_data"].to_dataset()
    world = simulate.world(tree, seed=seed, years=MOVING_YEARS, draws=draws)
    past = inputs["deliveries"].transpose(*CELL, YEAR).values[..., -MOVING_YEARS:]
    ahead = world["deliveries"].values.astype(float)
    rows = []
    kept = [k for k, code in enumerate(inputs[SUPPLIER].values) if code != REST]
    for name, measure in MOVES.items():
        seen, said = (measure(tiv[..., kept, :, :]) for tiv in (past, ahead))
        inside = []
        for at, k in enumerate(kept):
            values, truth = said[:, at], float(seen[at])
            low, high = np.quantile(values, [0.05, 0.95])
            inside.append(bool(low <= truth <= high))
            tail = float(min((values <= truth).mean(), (values >= truth).mean()))
            code = str(inputs[SUPPLIER].values[k])
            label = f"{name}, exports of {code}"
            rows.append(_compared("dynamics", label, truth, values, tail, inside[-1]))
        needed = INSIDE * len(kept)
        rows.append(
            {
                "kind": "dynamics", "check": f"{name}: suppliers inside the 90 % band",
                "observed": sum(inside), "median": len(kept), "q05": needed, "q95": len(kept),
                "tail": np.nan, "passed": sum(inside) >= needed,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _volatility(tiv: np.ndarray) -> np.ndarray:
    return np.diff(np.log1p(tiv.sum(axis=-2)), axis=-1).std(axis=-1)


def _zeros(tiv: np.ndarray) -> np.ndarray:
    return (tiv <= 0).mean(axis=(-2, -1))


def _repeats(tiv: np.ndarray) -> np.ndarray:
    some = tiv > 0
    again = (some[..., 1:] & some[..., :-1]).sum(axis=(-2, -1))
    return again / np.maximum(some[..., :-1].sum(axis=(-2, -1)), 1)


def _autocorrelation(tiv: np.ndarray) -> np.ndarray:
    level = np.log1p(tiv.sum(axis=-2))
    level = level - level.mean(axis=-1, keepdims=True)
    both = (level[..., 1:] * level[..., :-1]).sum(axis=-1)
    return both / np.maximum((level**2).sum(axis=-1), 1e-9)


MOVES = {
    "log change from year to year, sd": _volatility,
    "share of customers and years without a delivery": _zeros,
    "delivery after a delivery": _repeats,
    "correlation of a year with the next": _autocorrelation,
}
"""Figures of deliveries (..., supplier, recipient, year) by supplier."""
MOVING_YEARS = 10
INSIDE = 14 / 16
"""Share of suppliers whose figure has to lie inside the 90 % band."""


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
        indicator that it holds in the year, all top-level priors together), influential
        (whether prior exceeds `SENSITIVE`), and the priors that weigh most, with their figures.
        Events that all draws agree on are left out.
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


# Simulation-based calibration ------------------------------------------------------------------


def small_panel(folder: Panel = None) -> xr.Dataset:
    """Return a panel of a few real countries to 2021, whose orders are to be simulated."""
    from crossover.forecast.origins import seen

    known = seen(SMALL_LAST, folder)
    codes = {SUPPLIER: SMALL_SUPPLIERS, RECIPIENT: SMALL_RECIPIENTS}
    for dim, kept in codes.items():
        own = [str(code) for code in known[dim].values]
        to = np.array([kept.index(c) if c in kept else kept.index(REST) for c in own])
        name = f"listing_{dim}"
        known[name] = known[name].copy(data=to[known[name].values])
    countries = [c for c in SMALL_RECIPIENTS if c != REST]
    return known.sel({COUNTRY: countries, **{dim: list(kept) for dim, kept in codes.items()}})


def small_priors(path: Path | None = None) -> Priors:
    """Return the priors of the small world."""
    return variant(load(path), SMALL_PRIORS)


class SmallWorld(NamedTuple):
    """A world that was drawn: inputs with its orders, what its deals did, and the truth."""

    inputs: xr.Dataset
    orders: OrderData
    truth: Arrays


def one_world(panel: xr.Dataset, given: Priors, *, seed: int) -> SmallWorld:
    """Draw a truth from the priors of market and delivery, and what it brings about.

    R&D, GDP, spending and votes are covariates, as are the ages, sizes and states of deals: they
    are as observed in every simulated world. Orders are drawn period by period, since each
    remembers those before it.
    """
    import pymc as pm

    from crossover.forecast.fit import parts

    inputs, orders = with_orders(panel, given)
    rng = np.random.default_rng(seed)
    truth: Arrays = {}
    models = parts(inputs, orders, given)
    for name in ("market", "delivery"):
        model = models[name]
        names = [v.name for v in model.free_RVs + model.deterministics]
        drawn = pm.draw([model[n] for n in names], random_seed=rng.integers(2**31))
        values = dict(zip(names, drawn, strict=True))
        top = dict(zip(order(given.part(name)), values.pop("parameters"), strict=True))
        values.pop("standard")
        truth |= {n: np.asarray(v)[None] for n, v in (values | top).items()}
    truth["parameters"] = np.zeros((1, 0))
    inputs = inputs.assign(placed=_orders_of(inputs, truth, rng))
    return SmallWorld(inputs, _deals_of(orders, truth, rng), truth)


def _orders_of(inputs: xr.Dataset, truth: Arrays, rng: np.random.Generator) -> xr.DataArray:
    placed = inputs["placed"].transpose(*CELL, ORDER_PERIOD).copy(deep=True)
    able = inputs["possible"].transpose(*CELL).values.astype(bool)
    for at in range(REMEMBERED, placed.sizes[ORDER_PERIOD]):
        rate, _ = market.past(truth, inputs.assign(placed=placed))
        exposure = inputs["order_exposure"].values[[at]]
        drawn = market.draw_orders(truth, rate[..., [at - REMEMBERED]], exposure, rng)
        placed.values[..., at] = drawn[0, ..., 0] * able
    return placed


def _deals_of(orders: OrderData, truth: Arrays, rng: np.random.Generator) -> OrderData:
    """Return what deals did anew, given what they were like, by a truth of one draw."""
    t = {name: values[0] for name, values in truth.items()}

    def happens(logit: np.ndarray) -> np.ndarray:
        return rng.random(len(logit)) < special.expit(logit)

    f = orders.followed.copy()
    table = _features("chance", f, "state", "age", "left", "since")
    year = f["year"].values - f["year"].min()
    eta = table @ t["chance"] + t["chance_world"][year]
    for dim in ("domain", SUPPLIER, RECIPIENT):
        eta = eta + t[f"chance_{dim}"][f[dim].values]
    for dim in (SUPPLIER, RECIPIENT):
        eta = eta + t[f"chance_{dim}_shock"][f[dim].values, year]
    f["any"] = happens(eta)
    # What is gone is gone in all of its rows: the last one of a span decides.
    leaves = -f["span"].values * np.logaddexp(0.0, _features("gone", f, "state", "age") @ t["gone"])
    f["gone"] = np.where(f["ending"], rng.random(len(f)) < -np.expm1(leaves), False)
    f["tiv"] = np.where(f["any"], _amounts_of(f, t, rng), 0.0)
    w, k, s = orders.waits.copy(), orders.listed.copy(), orders.sizes.copy()
    w["log_tiv"], k["log_tiv"] = (delivery.in_classes(d["log_tiv"].values) for d in (w, k))
    w["first"] = happens(
        _features("wait", w, "age", "log_tiv") @ t["wait"] + t["wait_domain"][w["domain"].values]
    )
    k["known"] = happens(_features("known", k, "age", "begun", "log_tiv") @ t["known"])
    noise = rng.standard_normal((2, len(s)))
    mean = t["size_mean"][s["supplier"].values, s["domain"].values]
    s["log_tiv"] = mean + t["size_recipient"][s["recipient"].values] + t["size_sd"] * noise[0]
    more = t["units_size"] * (s["log_tiv"] - deal_features.MIDDLE)
    units = t["units_domain"][s["domain"].values] + more + t["units_sd"] * noise[1]
    s["log_units"] = np.where(units <= delivery.ONE_UNIT, 0.0, units)
    return orders._replace(followed=f, waits=w, listed=k, sizes=s)


def _features(name: str, rows: pd.DataFrame, *columns: str) -> np.ndarray:
    width = len(getattr(deal_features, name.upper()))
    fill = getattr(deal_features, name)
    return deal_features.table(fill, width, *(rows[column].values for column in columns))


def _amounts_of(f: pd.DataFrame, t: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Draw what deals deliver in years in which they do, TIV million."""
    table = _features("whole", f, "state", "age", "left", "units_left", "delivered", "times")
    whole = rng.random(len(f)) < special.expit(table @ t["whole"])
    noise = rng.standard_normal((2, len(f)))
    sd = np.exp(table[:, deal_features.SPREAD_AT] @ t["share_spread"])
    # What is cut is cut a little beyond where the model takes it as cut, and is not yet all.
    low, high = delivery.SHARE_LOGITS[0] - 0.05, delivery.SHARE_LOGITS[1] + 0.05
    part = special.expit(np.clip(table[:, :-1] @ t["share"] + sd * noise[0], low, high))
    pace = np.log(np.maximum(f["delivered"] / np.maximum(f["times"], 1), 1e-9))
    usual = deal_features.MIDDLE + t["more_pace"]
    more = usual + t["more_slope"] * (pace - deal_features.MIDDLE) + t["more_sd"] * noise[1]
    first = t["size_mean"][f["supplier"].values, f["domain"].values] + t["first_pace"]
    first = first + t["size_recipient"][f["recipient"].values] + t["first_sd"] * noise[1]
    beyond = np.exp(np.where(f["delivered"] > 0, more, first))
    return np.where(f["state"] <= RUNNING, f["left"] * np.where(whole, 1.0, part), beyond)


def calibrate_one(
    k: int, panel: xr.Dataset, entries: tuple[dict, dict], seed: int, sampler: Mapping[str, int]
) -> dict[str, float]:
    """Draw a world, fit it, and rank the truth: what a worker runs.

    Returns
    -------
    dict
        Quantity → share of posterior draws below the truth, ties broken at random (uniform if all
        is right): top-level parameters of market and delivery, and a gap of capacity. And
        `divergences`, `rhat`.
    """
    from crossover.forecast.backtest import quality
    from crossover.forecast.fit import ACCEPT, parts
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
        As of `crossover.forecast.cluster.run`.

    Returns
    -------
    tuple
        As from `uniformity`, and names of simulations that failed.
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
    dict
        File name → table, as from `predictive` (posterior, then prior) and `sensitivity`.
    """
    from crossover.forecast import fit, steps

    tree = steps.stored(run)
    given = load(run / steps.PRIORS_FILE)
    said = runs.read(run)
    panel = steps.known_on(steps.day(said.get("as_of")), layers)
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
