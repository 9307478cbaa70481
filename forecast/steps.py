"""The steps of a run: check, write down, sample, judge, forecast, and say what takes how long.

Every input is checked and the record written before anything is sampled. The posterior that is
judged and forecast from is the stored one, read back, so a run can be recomputed from its folder.
Heavy imports stand where they are used: a mistake is answered at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.data import countries
from crossover.data.names import DOMAIN_LAYER, HORIZON
from crossover.forecast import record, runs, seal, verify
from crossover.forecast.partnership_steps import (
    PARTNERSHIP_WORK,
    fit_partnership,
    partnership_ahead,
    store_partnership,
)
from crossover.forecast.plans import Plan
from crossover.forecast.progress import progress, say, step, stoppable
from crossover.forecast.stored_run import (
    FORECAST,
    POSTERIOR,
    PRIOR_DRAWS,
    PRIORS_FILE,
    SCENARIOS_FILE,
    day,
    stored,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from crossover.forecast.sampling import Fit
    from crossover.forecast.scenarios import Scenario

JOINT, PARTNERSHIPS = "joint", "partnerships"
EVENTS_FILE, TIMING_FILE, LEVELS_FILE = runs.EVENTS_FILE, runs.TIMING_FILE, "levels.csv"
AHEAD_FILE, DOMAIN_LEVELS_FILE = "domains_ahead.csv", "levels_domains.csv"
DOMAINS_FORECAST, DOMAIN_CHECK_FILE = runs.DOMAINS_FORECAST, "domain_check.csv"
CHECK_DRAWS = 500
"""Draws a predictive check rests on: enough for its bands, and a second or two."""
UNIT_VALUES_FILE = "unit_values.csv"
DIFFERENCES_FILE = "scenario_differences.csv"
ARRIVALS_FILE, BELOW_FILE = "arrivals.csv", "arrivals_below.csv"
GAP_CHANGE_FILE = "capacity_change.csv"
CAUSES_FILE = "causes.csv"
QUICK_WORDS = "QUICK RUN: few draws, for trying out; its numbers are not for publication"


# Making a run ----------------------------------------------------------------------------------


def begin(part: Path, made: Plan) -> None:
    """Write what is known before sampling starts; a later forecast finds its scenarios there."""
    runs.write(part / runs.RECORD, made.record)
    runs.write(part / PRIORS_FILE, made.priors_text)
    if not made.record.get("prior_only"):
        runs.write(part / SCENARIOS_FILE, {one.name: one.text for one in made.scenarios})


def sample(part: Path, made: Plan) -> xr.DataTree:
    """Sample all, store the draws, judge them; return what was stored.

    The factors of the posterior share no figure, and are sampled side by side. The record is
    sealed at the end: from then on the fit is kept, whatever else fails.
    """
    from crossover.forecast import gate
    from crossover.forecast.sampling import give_back, side_by_side

    said = made.record
    if said["quick"]:
        say(QUICK_WORDS)
    words = f"sampling {said['chains']} chains of {said['tune']} + {said['draws']} draws"
    with step(words, "sample", said["seconds"]), progress(words) as move, stoppable():
        found = side_by_side(_fits(made), move)
    tree = _store(part, made, found)
    history = store_partnership(part, made, found.pop(PARTNERSHIPS))
    found.clear()
    give_back()
    with step("judging the fit", "gate", said["seconds"]):
        verdict = gate.judge_all(tree, history)
        said["gate"] = {**verdict, "fit": verdict}
        said["sampling"] = record.sampling(verdict, said["seconds"]["sample"])
    seal.close(part, said, runs.RECORD)
    return tree


def _fits(made: Plan) -> dict[str, Fit]:
    """Return how each factor of a plan's posterior is fitted."""
    from crossover.forecast import fit
    from crossover.forecast.sampling import Fit
    from crossover.models.inputs import prepare

    said, inputs = made.record, prepare(made.panel, made.priors)
    how = {key: said[key] for key in ("seed", "draws", "tune", "chains")}
    of_layer = made.panel, inputs, made.domain_priors
    origin = int(inputs.attrs["origin"])
    return {
        JOINT: Fit(fit.WORK, partial(fit.fit, made.panel, made.priors, **how)),
        DOMAIN_LAYER: Fit(fit.DOMAIN_WORK, partial(fit.fit_domains, *of_layer, **how)),
        PARTNERSHIPS: Fit(PARTNERSHIP_WORK, partial(fit_partnership, made, origin)),
    }


def _store(part: Path, made: Plan, found: Mapping[str, Any]) -> xr.DataTree:
    """Store the joint fit with its domain layer and the hashes of draws; return what was stored."""
    from crossover.forecast import fit
    from crossover.forecast.draws import store

    whole = fit.with_domains(found[JOINT], found[DOMAIN_LAYER])
    store(whole, part / POSTERIOR)
    tree, hashes = stored(part), made.record["hashes"]
    hashes["posterior"] = record.hash_draws(tree["posterior"].to_dataset())
    layer_draws = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    hashes["posterior_domains"] = record.hash_draws(layer_draws)
    return tree


def look_ahead(
    folder: Path,
    tree: xr.DataTree,
    pair: tuple[str, str],
    said: dict[str, Any],
    run: Path,
    scenarios: Sequence[Scenario] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecast a pair into a folder; return the tables of events and of timing.

    Parameters
    ----------
    folder : Where forecast.nc, events.csv, timing.csv, levels.csv, what is by domain, of the
        partnership, and by scenario go.
    tree : A stored posterior.
    pair : ISO3 codes.
    said : The run's record. Its seed is used; its gate, hash of the forecast, events that are known
        and seconds are set.
    run : The run's folder, of which partnership.nc, its record and the priors are read.
    scenarios : As from `forecast.scenarios.choose`.
    """
    import pandas as pd

    from crossover.forecast import (
        arrivals,
        decomposition,
        differences,
        domains,
        event_tables,
        events,
        gap_change,
    )
    from crossover.forecast.draws import store

    words = f"forecasting {' to '.join(map(countries.name_of, pair))}"
    with step(words, "forecast", said["seconds"]), progress(words) as move:
        futures = _simulate(folder, tree, pair, seed=said["seed"], scenarios=scenarios, move=move)
        runs.write(folder / SCENARIOS_FILE, {one.name: one.text for one in scenarios})
        said["hashes"]["forecast"] = record.hash_draws(futures)
    with step("forecasting by domain", "domains", said["seconds"]):
        apart = domains.by_domain(tree, futures, seed=said["seed"])
        store(apart, folder / DOMAINS_FORECAST)
        said["hashes"]["domains"] = record.hash_draws(apart)
        by_each = events.domain_answers(futures, apart)
    with step("forecasting the partnership", "partnership", said["seconds"]):
        partner, paths = partnership_ahead(folder, run, tree, futures, scenarios, said["seed"])
    with step("answering the questions", "events", said["seconds"]):
        asked = events.answers(futures), by_each, events.order_answers(futures), partner
        parts = [part for part in asked if part is not None]
        both = zip(*map(event_tables.tables, parts), strict=True)
        happens, when = (pd.concat(tables, ignore_index=True) for tables in both)
        written = {
            DIFFERENCES_FILE: differences.differences(parts, futures, paths),
            EVENTS_FILE: happens, TIMING_FILE: when, AHEAD_FILE: events.domains_ahead(by_each),
            ARRIVALS_FILE: arrivals.arrivals(futures), BELOW_FILE: arrivals.below(futures),
            runs.MARKETS_FILE: arrivals.markets(futures),
            GAP_CHANGE_FILE: gap_change.changes(tree, futures),
        }  # fmt: skip
        for name, table in written.items():
            event_tables.to_csv(table, folder / name)
    with step("checking domains", "domain_check", said["seconds"]):
        _check_domains(folder, tree, pair, said["seed"])
    with step("comparing conventions of the level", "levels", said["seconds"]):
        write_levels(folder, tree, futures, apart, said["seed"])
    with step("splitting what was ordered into causes", "causes", said["seconds"]):
        event_tables.to_csv(decomposition.decompose(tree, *pair), folder / CAUSES_FILE)
    indicators = {key: v for part in parts for key, v in events.indicators(part).items()}
    said |= {"gate": _judged(tree, said, indicators), "events": " ".join(events.EVENTS)}
    return happens, when


def _simulate(
    folder: Path, tree: xr.DataTree, pair: tuple[str, str], *, seed: int,
    scenarios: Sequence[Scenario], move: Callable[[int, int], None],
) -> xr.Dataset:
    """Simulate a pair's futures, write them and the sums of what is not kept; return what is."""
    from crossover.forecast import event_tables, simulate, sources
    from crossover.forecast.draws import store

    futures = simulate.futures(
        tree, *pair, seed=seed, horizon=HORIZON, scenarios=scenarios, progress=move
    )
    inputs = tree["constant_data"].to_dataset()
    event_tables.to_csv(sources.by_order(futures), folder / sources.ORDERS_FILE)
    event_tables.to_csv(sources.by_supplier(futures, inputs), folder / sources.SUPPLIERS_FILE)
    futures = futures.drop_vars(sources.NOT_KEPT)
    store(futures, folder / FORECAST)
    return futures


def _check_domains(folder: Path, tree: xr.DataTree, pair: tuple[str, str], seed: int) -> None:
    from crossover.forecast import domain_checks, event_tables

    checked = domain_checks.predictive_check(_some_draws(tree), pair[1:], seed=seed)
    event_tables.to_csv(checked, folder / DOMAIN_CHECK_FILE)
    slopes, _, _ = domain_checks.agreement(tree, seed=seed)
    event_tables.to_csv(_slopes(slopes), folder / UNIT_VALUES_FILE)


def _judged(
    tree: xr.DataTree, said: Mapping[str, Any], indicators: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the gate's verdict on a fit and on the events that were forecast from it."""
    from crossover.forecast import gate

    alone = said.get("gate", {}).get("fit") or gate.judge(tree, None)
    return {**gate.combine(alone, gate.judge_events(indicators)), "fit": alone}


def audit(part: Path, made: Plan) -> None:
    """Judge the claims of the thesis from the run and its panel, write them, and seal the run."""
    from crossover.forecast import claim_rules, claims
    from crossover.forecast.sampling import give_back

    said = made.record
    give_back()
    with step("auditing the claims", "claims", said["seconds"]):
        run = claim_rules.Run(part, part, made.pair, day(said["as_of"]), made.layers)
        claims.write(claims.judge(claims.load(), run), part / claims.CLAIMS_FILE)
    seal.close(part, said, runs.RECORD)
    verify.made_here(said)


def _some_draws(tree: xr.DataTree) -> xr.DataTree:
    """Return the domain layer with at most `CHECK_DRAWS` draws, evenly spread over the chains."""
    import xarray as xr

    from crossover.data.names import DRAW

    layer = tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
    count = layer["parameters"].isel(parameter=0).size
    every = max(1, round(count / CHECK_DRAWS))
    return xr.DataTree.from_dict(
        {
            f"{DOMAIN_LAYER}/posterior": layer.isel({DRAW: slice(None, None, every)}),
            f"{DOMAIN_LAYER}/constant_data": tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset(),
        }
    )


def _slopes(slopes: Mapping[str, Any]) -> pd.DataFrame:
    """Say how far unit values go with shares: quantiles and P(>0) of draws of slopes."""
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "slope": name,
                "median": float(np.median(values)),
                "q05": float(np.quantile(values, 0.05)),
                "q95": float(np.quantile(values, 0.95)),
                "positive": float((values > 0).mean()),
            }
            for name, values in slopes.items()
        ]
    )


def write_levels(
    folder: Path, tree: xr.DataTree, futures: xr.Dataset, apart: xr.Dataset, seed: int
) -> None:
    """Write levels.csv and levels_domains.csv of a pair."""
    from crossover.forecast import event_tables, levels

    event_tables.to_csv(levels.levels(futures), folder / LEVELS_FILE)
    by_domain = levels.by_domain(tree, futures, apart, seed=seed)
    event_tables.to_csv(by_domain, folder / DOMAIN_LEVELS_FILE)


def draw_prior(
    part: Path, made: Plan, figure: Callable[[xr.DataTree, xr.Dataset, Path], object]
) -> None:
    """Draw from the priors, run the draws forward, and show what they imply by a figure."""
    from crossover.forecast import fit, simulate
    from crossover.forecast.draws import store

    said = made.record
    words = f"drawing {said['draws']} times from the priors"
    with step(words, "sample", said["seconds"]), stoppable():
        tree = fit.prior(made.panel, made.priors, seed=said["seed"], draws=said["draws"])
        store(tree, part / PRIOR_DRAWS)
        said["hashes"]["prior"] = record.hash_draws(tree["posterior"].to_dataset())
    words = "forecasting from the priors"
    with step(words, "forecast", said["seconds"]), progress(words) as move:
        futures = simulate.futures(
            tree, *made.pair, seed=said["seed"], horizon=HORIZON, progress=move
        )
    with step("drawing the figure", "figure", said["seconds"]):
        for kind in ("svg", "png"):
            figure(tree, futures, part / f"prior.{kind}")
    seal.close(part, said, runs.RECORD)
