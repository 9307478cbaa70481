"""The steps of a run: check, write down, sample, judge, forecast, and say what takes how long.

Every input is checked and the record written before anything is sampled. The posterior that is
judged and forecast from is the stored one, read back, so a run can be recomputed from its folder.
Heavy imports stand where they are used: a mistake is answered at once.
"""

from __future__ import annotations

import datetime
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.names import DOMAIN_LAYER, HORIZON
from crossover.forecast import record, runs, seal, verify
from crossover.forecast.progress import progress, say, step, stoppable

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from crossover.forecast.scenarios import Scenario
    from crossover.models.priors import Priors

POSTERIOR, FORECAST, PRIOR_DRAWS = runs.POSTERIOR, runs.FORECAST, "prior.nc"
EVENTS_FILE, TIMING_FILE, LEVELS_FILE = runs.EVENTS_FILE, runs.TIMING_FILE, "levels.csv"
AHEAD_FILE, DOMAIN_LEVELS_FILE = "domains_ahead.csv", "levels_domains.csv"
DOMAINS_FORECAST, DOMAIN_CHECK_FILE = runs.DOMAINS_FORECAST, "domain_check.csv"
UNIT_VALUES_FILE = "unit_values.csv"
CHECK_DRAWS = 500
"""Draws a predictive check rests on: enough for its bands, and a second or two."""
PARTNERSHIP, SCENARIOS_FILE = runs.PARTNERSHIP, "scenarios.json"
DIFFERENCES_FILE = "scenario_differences.csv"
ARRIVALS_FILE, BELOW_FILE = "arrivals.csv", "arrivals_below.csv"
GAP_CHANGE_FILE = "capacity_change.csv"
CAUSES_FILE = "causes.csv"
PARTNERSHIP_PATHS_FILE, BY_HAND_FILE = "partnership_paths.csv", "partnership_by_hand.csv"
FACTS_FILE = "partnership_pair.json"
"""The pair's treaty and disputes on record, and why nothing is said of an event, where it is so."""
GATE_FILE, PRIORS_FILE = runs.GATE_FILE, runs.PRIORS_FILE
QUICK_WORDS = "QUICK RUN: few draws, for trying out; its numbers are not for publication"
ENGINE = runs.ENGINE


# Checking what was asked -----------------------------------------------------------------------


def day(text: str | None) -> datetime.date | None:
    """Return the date of --as-of; raise InputError if it is none."""
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        rule = "must be a date, year-month-day, as in 2024-05-01"
        raise InputError(fault(rule, column="--as-of", value=text)) from None


def pair_of(supplier: str, recipient: str) -> tuple[str, str]:
    """Return the codes of a pair; raise InputError unless both are of the sample and differ."""
    found = []
    for option, text, kept in (
        ("--supplier", supplier, countries.suppliers()),
        ("--recipient", recipient, countries.recipients()),
    ):
        code = countries.find(text, option=option)
        if code not in kept:
            what = option.removeprefix("--")
            rule = f"is no {what} of the sample: must be one of {', '.join(sorted(kept))}"
            raise InputError(fault(rule, column=option, value=text))
        found.append(code)
    if found[0] == found[1]:
        rule = "supplier and recipient must be two countries"
        raise InputError(fault(rule, column="--recipient", value=recipient))
    return found[0], found[1]


def some_pair(
    supplier: str | None, recipient: str | None, otherwise: tuple[str, str]
) -> tuple[str, str]:
    """Return the pair asked for, or the run's own when none was."""
    if supplier is None and recipient is None:
        return otherwise
    if supplier is None or recipient is None:
        raise InputError("a pair needs both --supplier and --recipient")
    return pair_of(supplier, recipient)


# Making a run ----------------------------------------------------------------------------------


class Plan(NamedTuple):
    """All that a run is made from, checked, before anything is sampled."""

    target: Path
    pair: tuple[str, str]
    priors: Priors
    domain_priors: Priors
    priors_text: str
    panel: xr.Dataset
    record: dict[str, Any]
    partnership_priors: tuple[Priors, Priors]
    scenarios: tuple[Scenario, ...]
    layers: tuple[Path, ...]


def plan(
    *,
    command: str,
    kind: str,
    supplier: str,
    recipient: str,
    out: Path | None,
    store: Path | None,
    seed: int,
    as_of: str | None,
    priors: Path | None,
    draws: int | None,
    chains: int | None,
    quick: bool,
    panel: Path | None,
    scenarios: Sequence[str] = (),
    from_year: int | None = None,
) -> Plan:
    """Check every input, assemble the panel and note what is known; nothing is written yet.

    Parameters
    ----------
    command
        The command line, for the record.
    kind
        Folder of the store that the run belongs to.
    supplier, recipient, out, store, seed, as_of, priors, draws, chains, quick, panel, scenarios,
    from_year
        The options of `crossover run`, as the user gave them.

    Raises
    ------
    InputError
        For the first input that cannot be used.
    """
    pair = pair_of(supplier, recipient)
    when = day(as_of)
    if panel is not None and not panel.is_dir():
        raise InputError(fault("there is no such folder", column="--panel", value=str(panel)))
    moment = datetime.datetime.now(datetime.UTC)
    name = runs.new_id(moment, secrets.token_hex(2))
    target = out if out is not None else runs.store(store) / kind / name
    runs.check_free(target)

    from crossover.models import alignment, partnership
    from crossover.models import domains as domain_layer
    from crossover.models.priors import load, text

    beliefs, domain_beliefs = load(priors), load(priors, domain_layer.PRIORS_FILE)
    partnership_beliefs = partnership.load(priors), alignment.load(priors)
    beliefs_text = text(priors)
    seconds: dict[str, float] = {}
    with step("assembling the panel", "panel", seconds):
        from crossover.data.additions import layers

        made_of = layers(panel, runs.store(store))
        known = known_on(when, made_of)
    from crossover.forecast import carry, fit, ledger
    from crossover.forecast import scenarios as scenario_files

    chosen = scenario_files.choose(scenarios, pair, origin=_origin(known))
    known = carry.windowed(known, beliefs, from_year, priors)

    usual = {"draws": fit.DRAWS, "tune": fit.TUNE, "chains": fit.CHAINS}
    usual |= fit.QUICK if quick else {}
    warnings = []
    if priors is not None:
        warnings.append(f"Priors of {priors.name} were laid over the default ones.")
    if beliefs.carried is not None:
        warnings.append(
            f"Priors are carried from run {beliefs.carried.run}, which holds the observations up "
            f"to {beliefs.carried.last_year}; levels and ties of countries are learned afresh."
        )
    if from_year is not None:
        warnings.append(f"Only years from {from_year} on were counted.")
    if panel is not None:
        warnings.append("The panel is not the shipped one.")
    if when is not None:
        warnings.append(
            "Alliances, disputes and capabilities are of one release, whatever the day: of the "
            "years up to the origin the partnership knows what was compiled later."
        )
    said = record.before(
        id=name,
        created=moment,
        command=command,
        pair=pair,
        seed=seed,
        as_of=when,
        quick=quick,
        draws=draws or usual["draws"],
        tune=usual["tune"],
        chains=chains or usual["chains"],
        hashes={
            "panel": record.hash_panel(made_of),
            "priors": record.hash_text(beliefs_text),
        },
        warnings=warnings,
    )
    said["additions"] = [folder.name for folder in made_of[1:]]
    said["ledger"] = ledger.standing(runs.store(store))
    said["from_year"] = from_year
    said["seconds"] = seconds
    said["scenarios"] = {one.name: record.hash_text(one.text) for one in chosen}
    return Plan(
        target, pair, beliefs, domain_beliefs, beliefs_text, known, said, partnership_beliefs,
        chosen, tuple(made_of),
    )  # fmt: skip


def known_on(day: datetime.date | None, layers: Sequence[Path]) -> xr.Dataset:
    """Return the panel of what was known on a day, order books included."""
    from crossover.data import listings
    from crossover.data.panel import assemble

    return listings.attach(assemble(day, layers), listings.known(day, layers))


def layers_of(said: Mapping[str, Any], known: Sequence[Path]) -> list[Path]:
    """Return the panel and those additions, of all that are known, that a run's record names."""
    held = set(said.get("additions") or ())
    return [known[0], *(layer for layer in known[1:] if layer.name in held)]


def _origin(panel: xr.Dataset) -> int:
    """Last year of a panel with deliveries; raise InputError if there is none."""
    from crossover.data.names import RECIPIENT, SUPPLIER, YEAR

    has = (panel["tiv"] >= 0).any((SUPPLIER, RECIPIENT))
    if not bool(has.any()):
        raise InputError("the panel holds no arms transfers as of that date: nothing to fit")
    return int(panel[YEAR].where(has).max())


def begin(part: Path, made: Plan) -> None:
    """Write what is known before sampling starts; a later forecast finds its scenarios there."""
    runs.write(part / runs.RECORD, made.record)
    runs.write(part / PRIORS_FILE, made.priors_text)
    if not made.record.get("prior_only"):
        runs.write(part / SCENARIOS_FILE, {one.name: one.text for one in made.scenarios})


def sample(part: Path, made: Plan) -> xr.DataTree:
    """Sample all, store the draws, judge them; return what was stored."""
    from crossover.forecast import fit

    said = made.record
    if said["quick"]:
        say(QUICK_WORDS)
    words = f"sampling {said['chains']} chains of {said['tune']} + {said['draws']} draws"
    with step(words, "sample", said["seconds"]), stoppable():
        tree = fit.fit(
            made.panel,
            made.priors,
            seed=said["seed"],
            draws=said["draws"],
            tune=said["tune"],
            chains=said["chains"],
            progress=sys.stderr.isatty(),
        )
    return keep(part, made, fit.with_domains(tree, sample_domains(made, tree)))


def _of_domains(said: Mapping[str, Any]) -> dict[str, int]:
    """Return how a run's domain layer is sampled."""
    from crossover.forecast import fit

    draws, tune = said["draws"], said["tune"]
    if not said["quick"]:
        draws, tune = round(draws * fit.DOMAIN_DRAWS / fit.DRAWS), fit.DOMAIN_TUNE
    return {"seed": said["seed"], "draws": draws, "tune": tune, "chains": said["chains"]}


def _of_partnerships(said: Mapping[str, Any]) -> dict[str, int]:
    """Return how a run's hazards and alignment are sampled."""
    from crossover.forecast import fit

    few = said["quick"] or said["draws"] < fit.DRAWS
    return {key: said[key] for key in ("draws", "tune", "chains") if few} | {"seed": said["seed"]}


def sample_domains(made: Plan, tree: xr.DataTree) -> xr.DataTree:
    """Sample the domain layer beside a fit of the joint model."""
    from crossover.forecast import fit

    said = made.record
    how = _of_domains(said)
    words = f"sampling domains, {how['chains']} chains of {how['tune']} + {how['draws']} draws"
    with step(words, "sample_domains", said["seconds"]), stoppable():
        return fit.fit_domains(
            made.panel,
            tree["constant_data"].to_dataset(),
            made.domain_priors,
            progress=sys.stderr.isatty(),
            **how,
        )


def keep(
    part: Path,
    made: Plan,
    tree: xr.DataTree,
    partnership: Callable[[Path, Plan, int], xr.DataTree | None] | None = None,
) -> xr.DataTree:
    """Store a fit with its domain layer, fit partnerships, judge all; return what was stored.

    The record is sealed: from here on the fit is kept, whatever else fails.
    `partnership`, given in place of a fit, puts what is known of partnerships into the folder.
    """
    from crossover.forecast import gate

    said = made.record
    tree.to_netcdf(part / POSTERIOR, engine=ENGINE)
    tree = stored(part)
    known = partnership or sample_partnership
    history = known(part, made, int(tree["constant_data"].attrs["origin"]))
    with step("judging the fit", "gate", said["seconds"]):
        found = gate.judge_all(tree, history)
        said["gate"] = {**found, "fit": found}
        said["hashes"]["posterior"] = record.hash_draws(tree["posterior"].to_dataset())
        said["hashes"]["posterior_domains"] = record.hash_draws(
            tree[f"{DOMAIN_LAYER}/posterior"].to_dataset()
        )
        said["sampling"] = record.sampling(found, said["seconds"]["sample"])
    seal.close(part, said, runs.RECORD)
    return tree


def sample_partnership(part: Path, made: Plan, origin: int) -> xr.DataTree | None:
    """Fit and store the hazards and the alignment, with what they say; None without a history."""
    from crossover.forecast import coupling, event_tables, partnership_tables

    said = made.record
    with step("sampling partnerships", "sample_partnership", said["seconds"]), stoppable():
        history = coupling.fit(
            made.panel, made.layers, made.pair, made.partnership_priors, origin=origin,
            **_of_partnerships(said),
        )  # fmt: skip
        if history is None:
            said["warnings"].append(
                "The panel holds no history of alliances: no partnership is judged."
            )
            return None
        priors = made.partnership_priors[0]
        tables = partnership_tables.fit_tables(history, priors, seed=said["seed"])
    history.to_netcdf(part / PARTNERSHIP, engine=ENGINE)
    coupling.keep_record(made.layers, part / coupling.RECORD)
    for name, table in tables.items():
        event_tables.to_csv(table, part / f"partnership_{name}.csv")
    history = stored(part, PARTNERSHIP)
    for name in history.children:
        draws = history[f"{name}/posterior"].to_dataset()
        said["hashes"][f"posterior_{name}"] = record.hash_draws(draws)
    return history


def stored(run: Path, file: str = POSTERIOR) -> xr.DataTree:
    """Return the posterior of a run, read whole; raise InputError if there is none."""
    import xarray as xr

    path = run / file
    if not path.is_file():
        raise InputError(fault("the run holds no posterior", file=path))
    verify.stored(path)
    try:
        with xr.open_datatree(path, engine=ENGINE) as tree:
            return tree.load()
    except (OSError, ValueError, KeyError):
        raise InputError(fault("cannot be read: half-written?", file=path)) from None


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
    folder
        Where forecast.nc, events.csv, timing.csv, levels.csv, what is by domain, of the
        partnership, and by scenario go.
    tree
        A stored posterior.
    pair
        ISO3 codes.
    said
        The run's record. Its seed is used; its gate, hash of the forecast and seconds are set.
    run
        The run's folder, of which partnership.nc, its record and the priors are read.
    scenarios
        As from `forecast.scenarios.choose`.
    """
    import pandas as pd

    from crossover.forecast import (
        arrivals,
        decomposition,
        differences,
        domain_checks,
        domains,
        event_tables,  # fmt: skip
        events,
        gap_change,
        gate,
        simulate,
    )

    words = f"forecasting {' to '.join(map(countries.name_of, pair))}"
    with step(words, "forecast", said["seconds"]), progress(words) as move:
        futures = simulate.futures(
            tree, *pair, seed=said["seed"], horizon=HORIZON, scenarios=scenarios, progress=move
        )
        futures.to_netcdf(folder / FORECAST, engine=ENGINE)
        runs.write(folder / SCENARIOS_FILE, {one.name: one.text for one in scenarios})
        said["hashes"]["forecast"] = record.hash_draws(futures)
        answered = events.answers(futures)
    with step("forecasting by domain", "domains", said["seconds"]):
        apart = domains.by_domain(tree, futures, seed=said["seed"])
        apart.to_netcdf(folder / DOMAINS_FORECAST, engine=ENGINE)
        said["hashes"]["domains"] = record.hash_draws(apart)
        by_each = events.domain_answers(futures, apart)
    with step("forecasting the partnership", "partnership", said["seconds"]):
        partner, paths = _partnership_ahead(folder, run, tree, futures, scenarios, said["seed"])
    with step("answering the questions", "events", said["seconds"]):
        parts = [answered, by_each, events.order_answers(futures), partner]
        parts = [part for part in parts if part is not None]
        happens, when = (
            pd.concat(tables, ignore_index=True)
            for tables in zip(*map(event_tables.tables, parts), strict=True)
        )
        changes = differences.differences(parts, futures, paths)
        event_tables.to_csv(changes, folder / DIFFERENCES_FILE)
        event_tables.to_csv(happens, folder / EVENTS_FILE)
        event_tables.to_csv(when, folder / TIMING_FILE)
        event_tables.to_csv(events.domains_ahead(by_each), folder / AHEAD_FILE)
        event_tables.to_csv(arrivals.arrivals(futures), folder / ARRIVALS_FILE)
        event_tables.to_csv(arrivals.below(futures), folder / BELOW_FILE)
        event_tables.to_csv(arrivals.markets(futures), folder / runs.MARKETS_FILE)
        event_tables.to_csv(gap_change.changes(tree, futures), folder / GAP_CHANGE_FILE)
    with step("checking domains", "domain_check", said["seconds"]):
        checked = domain_checks.predictive_check(_some_draws(tree), pair[1:], seed=said["seed"])
        event_tables.to_csv(checked, folder / DOMAIN_CHECK_FILE)
        slopes, _, _ = domain_checks.agreement(tree, seed=said["seed"])
        event_tables.to_csv(_slopes(slopes), folder / UNIT_VALUES_FILE)
    with step("comparing conventions of the level", "levels", said["seconds"]):
        write_levels(folder, tree, futures, apart, said["seed"])
    with step("splitting what was ordered into causes", "causes", said["seconds"]):
        event_tables.to_csv(decomposition.decompose(tree, *pair), folder / CAUSES_FILE)
    alone = said.get("gate", {}).get("fit") or gate.judge(tree, None)
    indicators = {key: v for part in parts for key, v in events.indicators(part).items()}
    both = gate.combine(alone, gate.judge_events(indicators))
    said["gate"] = {**both, "fit": alone}
    return happens, when


def _partnership_ahead(
    folder: Path,
    run: Path,
    tree: xr.DataTree,
    futures: xr.Dataset,
    scenarios: Sequence[Scenario],
    seed: int,
) -> tuple[xr.Dataset | None, xr.Dataset]:
    """Forecast a pair's partnership and write its paths; events, None if there is no such fit."""
    import xarray as xr

    from crossover.forecast import coupling, event_tables, partnership_tables
    from crossover.models import partnership

    if not (run / PARTNERSHIP).is_file():
        return None, xr.Dataset()
    history, kept = stored(run, PARTNERSHIP), run / coupling.RECORD
    missing = [name for name in coupling.FITS if name not in history.children]
    if missing:
        rule = f"holds no fit of {', '.join(missing)}: of an earlier edition; make the run again"
        raise InputError(fault(rule, file=run / PARTNERSHIP))
    beliefs = partnership.load(run / PRIORS_FILE)
    found = coupling.answer(tree, history, futures, kept, beliefs, scenarios, seed=seed)
    event_tables.to_csv(partnership_tables.paths_table(found), folder / PARTNERSHIP_PATHS_FILE)
    pair = str(futures.attrs["supplier"]), str(futures.attrs["recipient"])
    origin = int(futures.attrs["origin"])
    by_hand = partnership_tables.by_hand(history, kept, pair, beliefs, origin)
    event_tables.to_csv(by_hand, folder / BY_HAND_FILE)
    facts = partnership_tables.facts(history, kept, pair, origin, found.reasons)
    runs.write(folder / FACTS_FILE, facts)
    if not found.events.data_vars:
        return None, found.paths
    packed = {name: {"zlib": True, "complevel": 1} for name in found.events.data_vars}
    found.events.to_netcdf(folder / runs.PARTNERSHIP_EVENTS, engine=ENGINE, encoding=packed)
    return found.events, found.paths


def audit(part: Path, made: Plan) -> None:
    """Judge the claims of the thesis from the run and its panel, write them, and seal the run."""
    from crossover.forecast import claim_rules, claims

    said = made.record
    with step("auditing the claims", "claims", said["seconds"]):
        run = claim_rules.Run(part, part, made.pair, day(said["as_of"]), made.layers)
        claims.write(claims.judge(claims.load(), run), part / claims.CLAIMS_FILE)
    seal.close(part, said, runs.RECORD)
    verify.made_here(said)


def cross_validate(
    layers: tuple[Path, ...],
    priors: Path | None,
    seed: int,
    command: str,
    out: Path | None,
    store: Path,
) -> list[dict[str, Any]]:
    """Cross-validate the hazard of a downturn, write the tables, and return the comparison's rows.

    Beside the comparison go its calibration, the base rates by era, and what the disputes on record
    do to the probabilities of the default pair.
    """
    from crossover.data.names import DEFAULT_RECIPIENT, DEFAULT_SUPPLIER, DOWNTURN
    from crossover.data.tables import read
    from crossover.forecast import (
        junior,
        partnership,
        partnership_validation,
        shipped,
    )
    from crossover.models import alliance_rows
    from crossover.models import partnership as model
    from crossover.models.covariates import OUTCOMES

    beliefs = model.load(priors)
    rows = read("alliance_dyads", layers)
    histories = {name: alliance_rows.prepare(rows, name, beliefs) for name in OUTCOMES}
    inputs = histories[DOWNTURN]
    seconds: dict[str, float] = {}
    with step("fitting with decades left out", "cross", seconds), stoppable():
        scores = partnership_validation.cross_validate(inputs, beliefs, seed=seed)
    with step("fitting without the pair's disputes", "disputes", seconds), stoppable():
        disputes = junior.with_and_without(
            layers, (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT), beliefs, (2030, 2035), seed=seed
        )
    path = out or store / shipped.CROSS_VALIDATION.name
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {
        path: partnership_validation.compare(scores, inputs, seed=seed),
        path.parent / shipped.LEFT_OUT_CALIBRATION.name:
            partnership_validation.calibration_left_out(scores, inputs),
        path.parent / shipped.BASE_RATES.name: partnership.base_rates(histories),
        path.parent / shipped.WITH_AND_WITHOUT.name: disputes,
    }
    for place, table in tables.items():
        _write_made(table, place, layers, seed, command)
    _check_votes(layers, priors, seed, command, path.parent)
    return shipped.rows(path)


def score_drivers(
    layers: tuple[Path, ...],
    priors: Path | None,
    seed: int,
    command: str,
    origins: list[int],
    out: Path | None,
    store: Path,
) -> list[dict[str, Any]]:
    """Forecast the drivers from past origins, write how good that was, and return its rows."""
    from crossover.forecast import driver_skill, shipped
    from crossover.models.priors import load

    seconds: dict[str, float] = {}
    with step("forecasting GDP, spending and R&D shares", "drivers", seconds), stoppable():
        _, table = driver_skill.run(origins, load(priors), seed=seed, folder=layers)
    table["origins"] = " ".join(map(str, origins))
    path = out or store / shipped.DRIVERS.name
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_made(table, path, layers, seed, command)
    return shipped.rows(path)


def move_answer(
    run: Path,
    pair: tuple[str, str],
    layers: tuple[Path, ...],
    command: str,
    out: Path | None,
    store: Path,
) -> list[dict[str, str]]:
    """Ask a run's question of capacity under every other choice, write that, return its rows."""
    from crossover.forecast import robustness, shipped
    from crossover.models.priors import load

    said = runs.read(run)
    if said.get("prior_only"):
        raise InputError(fault("was drawn from its priors: there is no answer to move", file=run))
    tree, panel = stored(run), known_on(day(said.get("as_of")), layers)
    with step("asking under every choice", "answer", {}), stoppable():
        table = robustness.table(
            tree, panel, load(run / PRIORS_FILE), pair, seed=said["seed"], folder=layers, say=say
        )
    table["supplier"], table["recipient"] = pair
    path = out or store / shipped.ANSWER.name
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_made(table, path, layers, said["seed"], command)
    return shipped.rows(path)


def _write_made(
    table: pd.DataFrame, path: Path, layers: tuple[Path, ...], seed: int, command: str
) -> None:
    """Write a table with when it was made, how, and of which panel."""
    from crossover.forecast import event_tables

    table["made"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    table["command"], table["seed"] = command, seed
    table["panel"] = record.hash_panel(layers)
    event_tables.to_csv(table, path)
    say(f"written: {path}")


def _check_votes(
    layers: tuple[Path, ...], priors: Path | None, seed: int, command: str, folder: Path
) -> None:
    """Forecast votes from an earlier year, compare with what came, and write the comparison."""
    from crossover.data.panel import assemble
    from crossover.forecast import alignment as votes
    from crossover.models import alignment as model

    seconds: dict[str, float] = {}
    gap = model.gaps(assemble(None, layers)["ideal_point"])
    with step(f"forecasting votes from {votes.CHECK_FROM}", "votes", seconds), stoppable():
        table = votes.check(gap, model.load(priors), votes.CHECK_FROM, seed=seed)
    table["origin"] = votes.CHECK_FROM
    _write_made(table, folder / votes.CHECK.name, layers, seed, command)


def with_analogues(
    run: Path, pair: tuple[str, str], file: Path | None, layers: tuple[Path, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit the hazard of a downturn with analogues; effects and chances without and with them.

    Returns
    -------
    tuple of pandas.DataFrame
        Effects: effect, and median, q05, q95, p_positive without and `_with`. Chances: year,
        without, with_: probability of a first downturn by the year in the baseline; empty where
        no treaty is on record.
    """
    import pandas as pd
    import xarray as xr

    from crossover.data.names import DOWNTURN, DRAW, SCENARIO, YEAR
    from crossover.data.tables import read
    from crossover.forecast import coupling, partnership
    from crossover.models import analogues
    from crossover.models import partnership as model

    said = runs.read(run)
    cases = analogues.pseudo_rows(analogues.load(file))
    history = stored(run, PARTNERSHIP)
    beliefs = model.load(run / PRIORS_FILE)
    tree = stored(run)
    origin = int(tree["constant_data"].attrs["origin"])
    post = history[f"{DOWNTURN}/posterior"]
    seconds: dict[str, float] = {}
    with step("fitting with the analogues", "analogues", seconds), stoppable():
        other = partnership.fit(
            read("alliance_dyads", layers), beliefs, seed=said["seed"], extra=cases,
            last_year=origin, draws=post.sizes["draw"], chains=post.sizes["chain"],
        )  # fmt: skip
    columns = ["effect", "median", "q05", "q95", "p_positive"]
    both = partnership.effects(history[DOWNTURN], beliefs)[columns].merge(
        partnership.effects(other, beliefs)[columns], on="effect", suffixes=("", "_with")
    )
    folder = runs.pair_folder(run, said, pair)
    try:
        with xr.open_dataset(folder / FORECAST, engine=ENGINE) as held:
            futures = held.sel({SCENARIO: ["baseline"]}).load()
    except OSError:
        raise InputError(fault("that pair is not forecast in this run", file=folder)) from None
    groups = {p: node.to_dataset(inherit=False) for p, node in history.subtree_with_keys}
    for path, node in other.subtree_with_keys:
        groups[f"{DOWNTURN}/{path}"] = node.to_dataset(inherit=False)
    groups = {path: data for path, data in groups.items() if not path.endswith(".")}
    changed = xr.DataTree.from_dict(groups)
    by = {}
    for name, fitted in (("without", history), ("with_", changed)):
        found = coupling.answer(
            tree, fitted, futures, run / coupling.RECORD, beliefs, seed=said["seed"]
        ).events
        if DOWNTURN in found:
            by[name] = found[DOWNTURN].isel({SCENARIO: 0}).mean(DRAW).to_series()
    chances = pd.DataFrame(by)
    chances.index.name = YEAR
    chances = chances.reset_index()
    return both, chances[chances[YEAR] % 5 == 0] if len(by) else pd.DataFrame()


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


def compare_levels(folder: Path, tree: xr.DataTree, pair: tuple[str, str], seed: int) -> None:
    """Write levels.csv and levels_domains.csv of a pair that is not forecast yet."""
    from crossover.forecast import domains, simulate

    with step("comparing conventions of the level", "levels", {}):
        futures = simulate.futures(tree, *pair, seed=seed, horizon=HORIZON)
        apart = domains.by_domain(tree, futures, seed=seed)
        write_levels(folder, tree, futures, apart, seed)


def _scenarios_of(
    folder: Path, asked: Sequence[str], pair: tuple[str, str], origin: int
) -> tuple[Scenario, ...]:
    """Return the scenarios of the forecast that stands there, or the usual ones, and those asked
    for beside them; one of a name that is there already takes its place.
    """
    import json

    from crossover.data.names import BASELINE
    from crossover.forecast import scenarios as files

    held = folder / SCENARIOS_FILE
    if not held.is_file():
        return files.choose(asked, pair, origin=origin)
    texts = json.loads(held.read_text("utf-8"))
    found = {
        name: files.parse(text, name, held, origin=origin, clip=True)
        for name, text in texts.items()
    }
    added = files.choose((BASELINE, *asked), pair, origin=origin) if asked else ()
    found |= {one.name: one for one in added}
    return tuple(found.values())


def forecast_stored(
    run: Path, pair: tuple[str, str], scenarios: Sequence[str] = ()
) -> tuple[Any, Any, Mapping[str, Any]]:
    """Forecast a pair of a stored run, beside what the run holds or in its place.

    Parameters
    ----------
    run, pair
        A run folder; ISO3 codes.
    scenarios
        Names or files, beside those of the forecast that is there, or the usual ones.

    Returns
    -------
    tuple
        Tables of events and of timing, and the verdict of the gate.
    """
    said = runs.read(run)
    new = said | {"hashes": dict(said["hashes"]), "seconds": dict(said["seconds"])}
    tree = stored(run)
    folder = runs.pair_folder(run, said, pair)
    chosen = _scenarios_of(folder, scenarios, pair, int(tree["constant_data"].attrs["origin"]))
    own = pair == runs.own_pair(said)
    if own:
        new["scenarios"] = {one.name: record.hash_text(one.text) for one in chosen}
    from crossover.forecast import claims

    with runs.refreshing(folder) as part:
        happens, when = look_ahead(part, tree, pair, new, run, chosen)
        claims.again(run, part, pair)
        if not own:
            runs.write(part / GATE_FILE, _of_pair(said, pair, new))
        elif new["hashes"]["forecast"] != said["hashes"].get("forecast"):
            _say_if_moved(part / FORECAST, said, new)
            runs.write(part / runs.RECORD, new)
    return happens, when, new["gate"]


def _of_pair(
    said: Mapping[str, Any], pair: tuple[str, str], new: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the record of another pair's forecast: the verdict on it, and of which fit it is."""
    found = {
        **new["gate"], "run": said["id"], "supplier": pair[0], "recipient": pair[1],
        "posterior": said["hashes"].get("posterior"),
        "hashes": {key: new["hashes"][key] for key in ("forecast", "domains")},
    }  # fmt: skip
    return found | ({seal.KEY: {}} if seal.KEY in said else {})


def _say_if_moved(file: Path, said: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Say so where the draws of scenarios that are on record are not those on record."""
    import xarray as xr

    from crossover.data.names import SCENARIO

    before, held = said["hashes"].get("forecast"), said.get("scenarios") or {}
    if not (before and held) or any(new["scenarios"].get(n) != text for n, text in held.items()):
        return
    with xr.open_dataset(file, engine=ENGINE) as futures:
        if record.hash_draws(futures.sel({SCENARIO: list(held)})) == before:
            return
    changed = record.changes(said)
    why = (
        f"what has changed since: {', '.join(changed)}"
        if changed
        else "neither the code nor a package has changed since, so that the machine must have"
    )
    say(f"these are not the draws on record; {why}")


def draw_prior(part: Path, made: Plan) -> None:
    """Draw from the priors, run the draws forward, and show what they imply."""
    from crossover.forecast import fit, simulate
    from crossover.reports import prior

    said = made.record
    words = f"drawing {said['draws']} times from the priors"
    with step(words, "sample", said["seconds"]), stoppable():
        tree = fit.prior(made.panel, made.priors, seed=said["seed"], draws=said["draws"])
        tree.to_netcdf(part / PRIOR_DRAWS, engine=ENGINE)
        said["hashes"]["prior"] = record.hash_draws(tree["posterior"].to_dataset())
    words = "forecasting from the priors"
    with step(words, "forecast", said["seconds"]), progress(words) as move:
        futures = simulate.futures(
            tree, *made.pair, seed=said["seed"], horizon=HORIZON, progress=move
        )
    with step("drawing the figure", "figure", said["seconds"]):
        for kind in ("svg", "png"):
            prior.figure(tree, futures, part / f"prior.{kind}")
    seal.close(part, said, runs.RECORD)
