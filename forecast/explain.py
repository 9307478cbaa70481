"""Why an answer moved between two runs: the new year, revised history, changed priors or code.

The change of every headline is split along a chain of posteriors: the first run; the same figures
under the second run's priors and the present code; the second run's figures of the first run's
years; the second run. Each step changes one thing, so the steps add up to the whole change exactly.
A step that no run stands for is fitted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASELINE,
    CHAIN,
    CONVENTION,
    COUNTRY,
    DRAW,
    HEADLINE_YEAR,
    HORIZON,
    RECIPIENT,
    SCENARIO,
    SOON,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions, record, runs, steps
from crossover.forecast.weighting import smoothed
from crossover.models.order_book import ORDER_PERIOD

if TYPE_CHECKING:
    import xarray as xr

    from crossover.models.priors import Priors

MEDIAN = "median year"
PRIORS_OR_CODE, REVISED, NEW_YEAR = "priors or code", "revised history", "new year"
STEPS = (PRIORS_OR_CODE, REVISED, NEW_YEAR)
UNCHANGED = "unchanged"
NOTHING, FIT, RUN = "nothing changed", "fit", "run"
TEN_POINTS = 0.10
TAILS = (0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02)
LEAST_DRAWS = 40
"""Fewest draws on which a conditional probability is said."""
TOP = 10
LEAST_OPEN = 1e-6
"""A probability nearer to zero or one is of what is settled in every draw."""


class Holds(NamedTuple):
    """In which years a statement holds: `years`, and `values` (chain, draw, convention, year).

    Bool; of one convention where the statement knows none.
    """

    years: np.ndarray
    values: np.ndarray

    def at(self, year: int) -> np.ndarray:
        """Return the share of conventions under which it holds in a year (chain, draw); 0 before
        its first year.
        """
        found = self.values[..., self.years == year].mean(axis=2)
        return found[..., 0] if found.size else np.zeros(self.values.shape[:2])


class Posterior(NamedTuple):
    """One link of the chain: when each statement holds, in every draw, and the draw's weight.

    `holds`: event → `Holds`; `log_weight` (chain, draw);
    `draws`: posteriors of the same name share their draws, one by one; `how`: how it was made.
    """

    holds: dict[str, Holds]
    log_weight: np.ndarray
    draws: str
    how: str
    khat: float | None = None


class Part(NamedTuple):
    """One bar of a waterfall: by how much a headline moved in one step, and how surely.

    `mc_error` is that of the change; of `before` and `after` each has its own.
    """

    event: str
    what: str
    step: str
    before: float | None
    after: float | None
    change: float | None
    mc_error: float | None
    how: str
    before_error: float | None = None
    after_error: float | None = None


# The split -------------------------------------------------------------------------------------


def split(chain: Sequence[Posterior], years: Sequence[int]) -> list[Part]:
    """Split the change of every headline along a chain of posteriors.

    Parameters
    ----------
    chain
        As many as `STEPS` and one: each step leads from one to the next.
    years
        In which probabilities are said.

    Returns
    -------
    list of Part
        For each event of both ends and each year, its state, and for the median year of the first
        passages, one part a step; the changes add up to the whole. A step between posteriors of
        the same draws has the error of a difference within pairs of draws, which is smaller.
    """
    events = [name for name in chain[0].holds if all(name in one.holds for one in chain)]
    found = []
    for event in events:
        for what in (*map(str, years), MEDIAN):
            ends = [_headline(one, event, what) for one in chain]
            for step, one, two, before, after in zip(
                STEPS, chain[:-1], chain[1:], ends[:-1], ends[1:], strict=True
            ):
                change = None if None in (before[0], after[0]) else after[0] - before[0]
                error = _error(one, two, before, after) if change is not None else None
                found.append(
                    Part(event, what if what == MEDIAN else f"in {what}", step, before[0],
                         after[0], change, error, two.how, before[1], after[1])
                )  # fmt: skip
    return found


def _headline(
    one: Posterior, event: str, what: str
) -> tuple[float | None, float | None, np.ndarray | None]:
    """Return a headline, its Monte-Carlo error, and each draw's influence on it."""
    from crossover.forecast.events import first_year

    holds = one.holds[event]
    weight = np.exp(one.log_weight - np.logaddexp.reduce(one.log_weight.ravel()))
    if what != MEDIAN:
        happened = holds.at(int(what))
        value = float((weight * happened).sum())
        influence = weight * weight.size * (happened - value)
        return value, _mean_error(influence), influence
    first = first_year(holds.values, holds.years)
    each = (weight / first.shape[2])[..., None]
    happens = np.isfinite(first)
    total = float((each * happens).sum())
    if total <= 0.0:
        return None, None, None
    at = np.unique(first[happens])
    cumulative = np.array([(each * (first <= year)).sum() for year in at]) / total
    middle = float(at[min(np.searchsorted(cumulative, 0.5), len(at) - 1)])
    below = weight * weight.size * (happens * ((first <= middle) - 0.5)).mean(axis=2) / total
    error = _mean_error(below - below.mean())
    low, high = (
        at[min(int(np.searchsorted(cumulative, min(max(0.5 + s * error, 0.0), 1.0))), len(at) - 1)]
        for s in (-1.0, 1.0)
    )
    return middle, float(high - low) / 2.0, None


def _mean_error(influence: np.ndarray) -> float:
    """Monte-Carlo error of the mean of an array (chain, draw)."""
    import arviz as az

    spread = float(influence.std())
    if not spread > 0.0:
        return 0.0
    size = float(az.ess(influence, method="mean"))
    return spread / math.sqrt(size) if size > 0 else math.inf


def _error(one: Posterior, two: Posterior, before: tuple, after: tuple) -> float:
    if one.holds is two.holds and one.log_weight is two.log_weight:
        return 0.0
    if one.draws == two.draws and before[2] is not None and after[2] is not None:
        return _mean_error(after[2] - before[2])
    return math.hypot(before[1], after[1])


def states(answers: xr.Dataset) -> dict[str, Holds]:
    """Return event → in which years it holds in the baseline."""
    from crossover.forecast import events

    chains = int(answers.attrs["chains"])
    return {
        name: Holds(
            answers[YEAR].values,
            events.by_chain(_by_convention(values.sel({SCENARIO: BASELINE})), chains),
        )
        for name, _, values in events.one_by_one(answers)
    }


def _by_convention(values: xr.DataArray) -> np.ndarray:
    """Return whether an event is true (draw, convention, year), by one where it knows none."""
    if CONVENTION not in values.dims:
        values = values.expand_dims({CONVENTION: 1})
    return values.transpose(DRAW, CONVENTION, YEAR).values


# Two runs --------------------------------------------------------------------------------------


def chain(
    a: Path,
    b: Path,
    layers: Callable[[Mapping[str, Any]], Sequence[Path]],
    *,
    fits: bool = True,
) -> list[Posterior]:
    """Return the chain of posteriors from one run to another; see the module.

    Parameters
    ----------
    a, b
        Run folders of one pair, the later one last.
    layers
        Gives the panel and additions that a run's record names.
    fits
        Whether a step that no run stands for may be fitted; without, such a step counts with the
        one after it, and `how` says so.

    Raises
    ------
    InputError
        If the runs are of two pairs, one holds no posterior or forecast, or the first has later
        figures than the second.
    """
    from crossover.models.priors import load

    said, new = runs.read(a), runs.read(b)
    pair = runs.own_pair(said)
    if runs.own_pair(new) != pair:
        names = ["-".join(runs.own_pair(one)) for one in (new, said)]
        rule = f"is of the pair {names[0]}, the other run of {names[1]}: nothing to explain"
        raise InputError(fault(rule, file=b))
    trees = [steps.stored(run) for run in (a, b)]
    origins = [int(tree["constant_data"].attrs["origin"]) for tree in trees]
    if origins[0] > origins[1]:
        rule = f"goes to {origins[0]}, the second run to {origins[1]}: name the older run first"
        raise InputError(fault(rule, file=a))
    from crossover.forecast import events

    first, last = (
        Posterior(states(events.answers(forecast_of(run))), equal(tree), str(run), RUN)
        for run, tree in zip((a, b), trees, strict=True)
    )
    held, priors = (load(run / steps.PRIORS_FILE) for run in (a, b))
    horizon = int(forecast_of(a)[YEAR_FUTURE].max())
    same_beliefs = held.text == priors.text and _same_code(said, new)
    believed = first
    if not same_beliefs:
        if fits:
            believed = fitted(
                panel_of(said, layers(said)), priors, pair, said, "priors", horizon
            )
        else:
            believed = first._replace(how="not split: counts with the next step")
    else:
        believed = first._replace(how=NOTHING)
    if origins[0] == origins[1]:
        return [first, believed, last, last._replace(how=NOTHING)]
    if fits:
        panel = cut(panel_of(new, layers(new)), origins[0])
        then = fitted(panel, priors, pair, said, "revised", horizon)
    else:
        then = believed._replace(how="not split: counts with the next step")
    return [first, believed, then, last]


def equal(tree: xr.DataTree) -> np.ndarray:
    """Return equal log weights of a fit's draws (chain, draw)."""
    shape = (tree["posterior"].sizes[CHAIN], tree["posterior"].sizes[DRAW])
    return np.full(shape, -math.log(shape[0] * shape[1]))


def cut(panel: xr.Dataset, origin: int) -> xr.Dataset:
    """Return what a panel says of the years up to an origin, with the book of that origin.

    The newest figures of those years, and order books that go no further: what became of later
    orders belongs to the new year.
    """
    from crossover.data.listings import BOOK, LISTING

    early = panel.sel({YEAR: slice(None, origin)})
    if BOOK not in early.dims:
        return early
    kept = int((early[BOOK] <= origin).sum())
    early = early.isel({LISTING: early[f"{LISTING}_book"].values < kept})
    return early.isel({BOOK: slice(0, kept)})


def fitted(
    panel: xr.Dataset,
    priors: Priors,
    pair: tuple[str, str],
    said: Mapping[str, Any],
    name: str,
    horizon: int = HORIZON,
) -> Posterior:
    """Fit a step between two runs."""
    from crossover.forecast import events, fit, simulate

    with steps.step(f"fitting between the two runs: {name}", name, {}), steps.stoppable():
        tree = fit.fit(
            panel, priors, seed=said["seed"], draws=said["draws"], tune=said["tune"],
            chains=said["chains"], progress=False,
        )  # fmt: skip
    ahead = simulate.futures(tree, *pair, seed=said["seed"], horizon=horizon)
    return Posterior(states(events.answers(ahead)), equal(tree), name, FIT)


def panel_of(said: Mapping[str, Any], layers: Sequence[Path]) -> xr.Dataset:
    """Return the panel that a run was made from; raise InputError if it is not there any more."""
    if record.hash_panel(layers) != said["hashes"].get("panel"):
        rule = "the panel that the run was made from is not the one at hand (give --panel, --store)"
        raise InputError(fault(rule, value=said.get("id")))
    return steps.known_on(steps.day(said.get("as_of")), list(layers))


def forecast_of(run: Path) -> xr.Dataset:
    """Return the stored futures of a run's own pair; raise InputError if there are none."""
    import xarray as xr

    path = run / steps.FORECAST
    if not path.is_file():
        rule = "holds no forecast: make one with 'crossover forecast --run'"
        raise InputError(fault(rule, file=run))
    try:
        with xr.open_dataset(path, engine=steps.ENGINE) as data:
            futures = data.load()
    except (OSError, ValueError):
        raise InputError(fault("cannot be read: half-written?", file=path)) from None
    conventions.check(futures, path)
    return futures


def _same_code(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    codes = [said.get("code") or {} for said in (one, two)]
    return codes[0] == codes[1] and codes[0].get("commit") and not codes[0].get("dirty")


# Which observations ----------------------------------------------------------------------------


class Influence(NamedTuple):
    """What one recipient's orders did to a headline: the answer with them, less that without.

    Orders of the three years that end with `year`. `kind`: whether the first run had that period,
    and the same number in it (`before` and `now`). `khat` above 0.7: not to be relied on.
    """

    recipient: str
    year: int
    kind: str
    before: float | None
    now: float
    influence: float
    mc_error: float
    khat: float


def influences(
    tree: xr.DataTree, old: xr.Dataset, happened: np.ndarray, top: int = TOP
) -> list[Influence]:
    """Return the observations that moved a headline most, by importance sampling.

    Parameters
    ----------
    tree
        The later fit, with `log_likelihood`.
    old
        What the earlier fit was given (`constant_data`).
    happened
        Whether the headline holds in the later run's draws (chain, draw), as 0 and 1.
    top
        How many.

    Notes
    -----
    Orders of a recipient in a period are one observation. To leave one out, draws are weighted
    with the inverse of its likelihood (Gelfand, Dey & Chang 1992). What it does to the memory of
    later periods, and to what is centred, stays as it is.
    """
    inputs = tree["constant_data"].to_dataset()
    likelihood = tree["log_likelihood"]["orders"].transpose(CHAIN, DRAW, RECIPIENT, ORDER_PERIOD)
    whole = float(happened.mean())
    if not LEAST_OPEN < whole < 1.0 - LEAST_OPEN:
        return []
    now, was = (data["placed"].sum(SUPPLIER) for data in (inputs, old))
    rows = []
    for code in map(str, likelihood[RECIPIENT].values):
        for period in likelihood[ORDER_PERIOD].values:
            at = {RECIPIENT: code, ORDER_PERIOD: int(period)}
            known = code in was[RECIPIENT].values and period in was[ORDER_PERIOD].values
            held, total = float(was.sel(at)) if known else None, float(now.sel(at))
            smooth, khat = smoothed(-likelihood.sel(at).values.astype(float))
            weight = np.exp(smooth) * smooth.size
            without = float((weight * happened).mean())
            error = _mean_error(weight * (happened - without) - (happened - whole))
            kind = NEW_YEAR if not known else REVISED if held != total else UNCHANGED
            rows.append(
                Influence(code, int(period), kind, held, total, whole - without, error, khat)
            )
    return sorted(rows, key=lambda row: -abs(row.influence))[:top]


# Next year's data ------------------------------------------------------------------------------


class Condition(NamedTuple):
    """What a headline would be if next year's figure lay beyond a bound.

    `chance`: that it will; `probability`: of the event then; `moves`: whether by ten points.
    """

    observable: str
    of: str
    side: str
    bound: float
    unit: str
    chance: float
    probability: float
    mc_error: float
    change: float
    moves: bool


def next_year(ahead: xr.Dataset, happened: np.ndarray) -> list[Condition]:
    """Say what would have to be true in next year's data to move a headline by ten points.

    Parameters
    ----------
    ahead
        As from `forecast.simulate.futures`.
    happened
        Whether the headline holds (chain, draw), as 0 and 1, of the same draws.

    Returns
    -------
    list of Condition
        For each figure of the first year ahead and each side: the mildest bound beyond which the
        event is ten points more or less likely, by more than twice the Monte-Carlo error; where
        no bound does that, the 5 % tail.
    """
    now = float(happened.mean())
    if not LEAST_OPEN < now < 1.0 - LEAST_OPEN:
        return []
    rows = []
    for name, of, unit, values in observables(ahead):
        values = values.reshape(happened.shape)
        if not np.isfinite(values).all() or float(np.ptp(values)) == 0.0:
            continue
        for side in ("at most", "at least"):
            tried = [_beyond(values, side, tail, happened) for tail in TAILS]
            tried = [one for one in tried if one is not None]
            if not tried:
                continue
            moving = [
                one
                for one in tried
                if abs(one[2] - now) >= TEN_POINTS and abs(one[2] - now) > 2.0 * one[3]
            ]
            usual = [one for one in tried if one[1] <= 0.051] or tried[-1:]
            bound, chance, then, error = (moving or usual)[0]
            rows.append(
                Condition(name, of, side, bound, unit, chance, then, error, then - now,
                          bool(moving))
            )  # fmt: skip
    return sorted(rows, key=lambda row: (not row.moves, -row.chance if row.moves else 0.0))


def _beyond(
    values: np.ndarray, side: str, tail: float, happened: np.ndarray
) -> tuple[float, float, float, float] | None:
    """Bound, chance to lie beyond it, probability given that, and its Monte-Carlo error."""
    low = side == "at most"
    bound = float(np.quantile(values, tail if low else 1.0 - tail))
    inside = values <= bound if low else values >= bound
    count = int(inside.sum())
    if count < LEAST_DRAWS or count > 0.75 * inside.size:
        return None
    then = float(happened[inside].mean())
    share = inside.mean()
    error = _mean_error(inside * (happened - then) / share)
    return bound, float(share), then, error


def observables(ahead: xr.Dataset) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield figures of the first year ahead in the baseline: name, of whom, unit, draws."""
    at = ahead.sel({SCENARIO: BASELINE}).isel({YEAR_FUTURE: 0})
    pair = f"{ahead.attrs['supplier']}-{ahead.attrs['recipient']}"
    yield "deliveries", pair, "TIV million", at["deliveries"].values
    yield "imports", str(ahead.attrs["recipient"]), "TIV million", at["imports"].values
    for code in map(str, at[SUPPLIER].values):
        values = at["exports"].sel({SUPPLIER: code}).values
        yield "exports", code, "TIV million", values
    for name, unit in (("rd_share", "% of GDP"), ("gdp", "international $"),
                       ("milex", "US$ million")):  # fmt: skip
        for code in map(str, at[COUNTRY].values):
            yield name, code, unit, at[name].sel({COUNTRY: code}).values


# All of it ------------------------------------------------------------------------------------


FILES = ("explain.csv", "explain_observations.csv", "explain_next_year.csv", "explain.json")


class Explanation(NamedTuple):
    """What `explain` found: the split, and of one headline, `event` in the year `by`, the rest.

    `ends`: of both runs, which they are and what they knew, as from `known_to`.
    """

    parts: list[Part]
    event: str
    by: int
    now: float
    influences: list[Influence]
    conditions: list[Condition]
    links: list[dict[str, Any]]
    ends: Sequence[Mapping[str, Any]] = ()


def known_to(run: Path, tree: xr.DataTree) -> dict[str, Any]:
    """Return which run it is, its last year of data, and the releases, priors and code it used."""
    said, known = runs.read(run), tree["constant_data"].attrs
    return {
        "id": said.get("id"),
        "created": said.get("created"),
        "as_of": said.get("as_of"),
        "origin": int(known["origin"]),
        "vintages": json.loads(known.get("vintages") or "{}"),
        "priors": (said.get("hashes") or {}).get("priors"),
        "code": said.get("code"),
    }


def explain(
    a: Path,
    b: Path,
    known: Sequence[Path],
    *,
    fits: bool = True,
    event: str | None = None,
    by: int | None = None,
) -> Explanation:
    """Explain why the answers of run B differ from those of run A.

    Parameters
    ----------
    a, b
        Run folders of one pair.
    known
        The panel and all additions of the store, of which a run's record names some.
    fits
        See `chain`.
    event, by
        The headline whose observations are looked at; when None the one that moved most of those
        that are not settled in every draw.

    Raises
    ------
    InputError
        See `chain`; or the event is not answered in both runs, or the year is not forecast.
    """
    if by is not None:
        _horizon(forecast_of(b), by)
    links = chain(a, b, lambda said: steps.layers_of(said, known), fits=fits)
    ahead = forecast_of(b)
    horizon = _horizon(ahead, by)
    years = sorted({*(y for y in (SOON, HEADLINE_YEAR) if y <= horizon), *([by] if by else ())})
    parts = split(links, years)
    events = list(dict.fromkeys(part.event for part in parts))
    if not events:
        raise InputError("the two runs have no question in common")
    if event is not None and event not in events:
        rule = f"must be one of {', '.join(events)}"
        raise InputError(fault(rule, column="--event", value=event))
    event, by = _most_moved(parts, event, by)
    before, tree = steps.stored(a), steps.stored(b)
    old = before["constant_data"].to_dataset()
    holds = links[-1].holds[event].at(by)
    return Explanation(
        parts, event, by, float(holds.mean()), influences(tree, old, holds),
        next_year(ahead, holds),
        [{"how": one.how, "khat": one.khat, "draws": int(one.log_weight.size)} for one in links],
        [known_to(a, before), known_to(b, tree)],
    )  # fmt: skip


def _horizon(ahead: xr.Dataset, by: int | None) -> int:
    """Return the last year that is forecast; raise InputError if `by` is not forecast."""
    horizon = int(ahead[YEAR_FUTURE].max())
    if by is not None and not int(ahead.attrs["origin"]) < by <= horizon:
        rule = f"must be a year after {ahead.attrs['origin']}, up to {horizon}"
        raise InputError(fault(rule, column="--by", value=by))
    return horizon


def _most_moved(parts: Sequence[Part], event: str | None, by: int | None) -> tuple[str, int]:
    """Return the event and year of the probability that moved most, of those asked for.

    One that is still open, where there is any: what has happened can move no more.
    """
    total: dict[tuple[str, int], float] = {}
    now: dict[tuple[str, int], float] = {}
    for part in parts:
        if part.what != MEDIAN and part.change is not None:
            key = (part.event, int(part.what.removeprefix("in ")))
            if event in (None, key[0]) and by in (None, key[1]):
                total[key] = total.get(key, 0.0) + part.change
                now[key] = part.after
    return max(total, key=lambda key: (LEAST_OPEN < now[key] < 1.0 - LEAST_OPEN, abs(total[key])))


def write(folder: Path, found: Explanation) -> None:
    """Write an explanation's tables, and the bars of its waterfalls, into a folder."""
    import pandas as pd

    from crossover.forecast import events

    for name, kind, rows in (
        (FILES[0], Part, found.parts),
        (FILES[1], Influence, found.influences),
        (FILES[2], Condition, found.conditions),
    ):
        table = pd.DataFrame([row._asdict() for row in rows], columns=kind._fields)
        events.to_csv(table, folder / name)
    told = {
        "event": found.event,
        "by": found.by,
        "probability": found.now,
        "links": found.links,
        "waterfalls": waterfalls(found.parts),
        **dict(zip(("from", "to"), found.ends, strict=False)),
    }
    runs.write(folder / FILES[3], told)


def waterfalls(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return of each headline its bars: where each starts and ends, and its error."""
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        held = out.setdefault(
            (part.event, part.what),
            {"event": part.event, "what": part.what, "from": part.before, "bars": []},
        )
        held["bars"].append(
            {"step": part.step, "start": part.before, "end": part.after,
             "mc_error": part.mc_error, "how": part.how}
        )  # fmt: skip
        held["to"] = part.after
    return list(out.values())
