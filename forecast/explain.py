"""Why an answer moved between two runs: the new year, revised history, changed priors or code.

The change of every headline is split along a chain of posteriors: the first run; the same figures
under the second run's priors and the present code; the second run's figures of the first run's
years; the second run. Each step changes one thing, so the steps add up to the whole change exactly.
A step that no run stands for is fitted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.names import HEADLINE_YEAR, SOON, YEAR_FUTURE
from crossover.forecast import plans, runs, stored_run, verify
from crossover.forecast.influence import LEAST_OPEN, Condition, Influence, influences, next_year
from crossover.forecast.waterfall import MEDIAN, Part, chain, forecast_of, split

if TYPE_CHECKING:
    import xarray as xr


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
    a, b : Run folders of one pair.
    known : The panel and all additions of the store, of which a run's record names some.
    fits : See `chain`.
    event, by : The headline whose observations are looked at; when None the one that moved most of
        those that are not settled in every draw.

    Raises
    ------
    InputError : See `chain`; or the event is not answered in both runs, or the year is not
        forecast; or what one of the runs says does not hold.
    """
    if by is not None:
        _horizon(forecast_of(b), by)
    for run in (a, b):
        verify.hold(run)
    links = chain(a, b, lambda said: plans.layers_of(said, known), fits=fits)
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
    before, tree = stored_run.stored(a), stored_run.stored(b)
    old = before["constant_data"].to_dataset()
    holds = links[-1].holds[event].at(by)
    return Explanation(
        parts, event, by, float(holds.mean()), influences(tree, old, holds),
        next_year(ahead, holds),
        [{"how": one.how} for one in links],
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

    from crossover.forecast import event_tables

    for name, kind, rows in (
        (FILES[0], Part, found.parts),
        (FILES[1], Influence, found.influences),
        (FILES[2], Condition, found.conditions),
    ):
        table = pd.DataFrame([row._asdict() for row in rows], columns=kind._fields)
        event_tables.to_csv(table, folder / name)
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
