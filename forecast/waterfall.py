"""Why answers moved between two runs, in steps: priors or code, revised history, the new year."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crossover.data.errors import InputError, fault
from crossover.data.names import HORIZON, YEAR, YEAR_FUTURE
from crossover.forecast import conventions, record, runs, steps, stored_run
from crossover.forecast.influence import NEW_YEAR, PRIORS_OR_CODE, REVISED
from crossover.forecast.states import Holds, states
from crossover.forecast.weighting import mean_error

if TYPE_CHECKING:
    import xarray as xr

    from crossover.models.priors import Priors

MEDIAN = "median year"

STEPS = (PRIORS_OR_CODE, REVISED, NEW_YEAR)

NOTHING, FIT, RUN = "nothing changed", "fit", "run"
UNSPLIT = "not split: counts with the next step"


class Posterior(NamedTuple):
    """One link of the chain: event → when it `holds`, in every draw, and `how` it was made."""

    holds: dict[str, Holds]
    how: str


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


def split(chain: Sequence[Posterior], years: Sequence[int]) -> list[Part]:
    """Split the change of every headline along a chain of posteriors.

    Parameters
    ----------
    chain : As many as `STEPS` and one: each step leads from one to the next.
    years : In which probabilities are said.

    Returns
    -------
    list of Part : For each event of both ends and each year, its state, and for the median year of
        the first passages, one part a step; the changes add up to the whole. A step in which
        nothing changed has no error.
    """
    events = [name for name in chain[0].holds if all(name in one.holds for one in chain)]
    found = []
    for event in events:
        for what in (*map(str, years), MEDIAN):
            ends = [_headline(one, event, what) for one in chain]
            for step, one, two, before, after in zip(
                STEPS, chain[:-1], chain[1:], ends[:-1], ends[1:], strict=True
            ):
                change = error = None
                if None not in (before[0], after[0]):
                    change = after[0] - before[0]
                    error = 0.0 if one.holds is two.holds else math.hypot(before[1], after[1])
                found.append(
                    Part(event, what if what == MEDIAN else f"in {what}", step, before[0],
                         after[0], change, error, two.how, before[1], after[1])
                )  # fmt: skip
    return found


def _headline(one: Posterior, event: str, what: str) -> tuple[float | None, float | None]:
    """Return a headline and its Monte-Carlo error."""
    from crossover.forecast.events import first_year

    holds = one.holds[event]
    if what != MEDIAN:
        happened = holds.at(int(what))
        return float(happened.mean()), mean_error(happened - happened.mean())
    first = first_year(holds.values, holds.years)
    happens = np.isfinite(first)
    total = float(happens.mean())
    if total <= 0.0:
        return None, None
    at = np.unique(first[happens])
    cumulative = np.array([(first <= year).mean() for year in at]) / total
    middle = float(at[min(np.searchsorted(cumulative, 0.5), len(at) - 1)])
    below = (happens * ((first <= middle) - 0.5)).mean(axis=2) / total
    error = mean_error(below - below.mean())
    low, high = (
        at[min(int(np.searchsorted(cumulative, min(max(0.5 + s * error, 0.0), 1.0))), len(at) - 1)]
        for s in (-1.0, 1.0)
    )
    return middle, float(high - low) / 2.0


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
    a, b : Run folders of one pair, the later one last.
    layers : Gives the panel and additions that a run's record names.
    fits : Whether a step that no run stands for may be fitted; without, such a step counts with the
        one after it, and `how` says so.

    Raises
    ------
    InputError : If the runs are of two pairs, one holds no posterior or forecast, or the first has
        later figures than the second.
    """
    from crossover.models.priors import load

    said, new = runs.read(a), runs.read(b)
    pair = runs.own_pair(said)
    if runs.own_pair(new) != pair:
        names = ["-".join(runs.own_pair(one)) for one in (new, said)]
        rule = f"is of the pair {names[0]}, the other run of {names[1]}: nothing to explain"
        raise InputError(fault(rule, file=b))
    trees = [stored_run.stored(run) for run in (a, b)]
    origins = [int(tree["constant_data"].attrs["origin"]) for tree in trees]
    if origins[0] > origins[1]:
        rule = f"goes to {origins[0]}, the second run to {origins[1]}: name the older run first"
        raise InputError(fault(rule, file=a))
    from crossover.forecast import events

    first, last = (
        Posterior(states(events.answers(forecast_of(run))), RUN) for run in (a, b)
    )
    held, priors = (load(run / stored_run.PRIORS_FILE) for run in (a, b))
    horizon = int(forecast_of(a)[YEAR_FUTURE].max())
    same_beliefs = held.text == priors.text and _same_code(said, new)
    believed = first
    if same_beliefs:
        believed = first._replace(how=NOTHING)
    elif fits:
        believed = fitted(panel_of(said, layers(said)), priors, pair, said, "priors", horizon)
    else:
        believed = first._replace(how=UNSPLIT)
    if origins[0] == origins[1]:
        return [first, believed, last, last._replace(how=NOTHING)]
    if fits:
        panel = cut(panel_of(new, layers(new)), origins[0])
        then = fitted(panel, priors, pair, said, "revised", horizon)
    else:
        then = believed._replace(how=UNSPLIT)
    return [first, believed, then, last]


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
            chains=said["chains"],
        )  # fmt: skip
    ahead = simulate.futures(tree, *pair, seed=said["seed"], horizon=horizon)
    return Posterior(states(events.answers(ahead)), FIT)


def panel_of(said: Mapping[str, Any], layers: Sequence[Path]) -> xr.Dataset:
    """Return the panel that a run was made from; raise InputError if it is not there any more."""
    if record.hash_panel(layers) != said["hashes"].get("panel"):
        rule = "the panel that the run was made from is not the one at hand (give --panel, --store)"
        raise InputError(fault(rule, value=said.get("id")))
    return stored_run.known_on(stored_run.day(said.get("as_of")), list(layers))


def forecast_of(run: Path) -> xr.Dataset:
    """Return the stored futures of a run's own pair; raise InputError if there are none."""
    import xarray as xr

    path = run / stored_run.FORECAST
    if not path.is_file():
        rule = "holds no forecast: make one with 'crossover forecast --run'"
        raise InputError(fault(rule, file=run))
    try:
        with xr.open_dataset(path, engine=stored_run.ENGINE) as data:
            futures = data.load()
    except (OSError, ValueError):
        raise InputError(fault("cannot be read: half-written?", file=path)) from None
    conventions.check(futures, path)
    return futures


def _same_code(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    codes = [said.get("code") or {} for said in (one, two)]
    return codes[0] == codes[1] and codes[0].get("commit") and not codes[0].get("dirty")
