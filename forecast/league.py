"""The league of all pairs: which recipients leave which suppliers, and which suppliers rise.

Both tables rest on the deliveries of all pairs (`forecast.every_pair`), by the rules of the
published questions: a recipient has left a supplier when `independence` holds, and what a supplier
exports is the mean of three years. The change is against an earlier run, for the same years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BASE_YEARS,
    DRAW,
    HEADLINE_YEAR,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    RECIPIENT,
    REST,
    SOON,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import runs, verify
from crossover.forecast.events import monte_carlo_error, trailing_mean
from crossover.forecast.quantities import ALL_PAIRS, PAIR, AllPairs

if TYPE_CHECKING:
    import xarray as xr

LEAST = 10.0
"""A pair that traded less a year (TIV million), of late or in the base years, is not listed: it has
nothing to end, or nothing to measure the end by."""
LEAVING = ("supplier", "recipient", "base", "recent", "p_soon", "p_late", "mc_error", "change")
RISING = (
    "supplier", "recent", "rank", "median", "q05", "q95", "rank_late", "p_more", "mc_error",
    "share", "share_late", "change",
)  # fmt: skip


@dataclass(frozen=True)
class League:
    """The two tables of a run, and the run they are compared with.

    `leaving`: pairs that trade today, those that part most surely first. `base` and `recent`: mean
    deliveries of the base years and of the last three, TIV million a year; `p_soon` and `p_late`:
    probability that independence holds in `soon` and in `late`; `mc_error` of the latter; `change`
    of it since the earlier run (None where there is none).
    `rising`: suppliers by the change of their share. `recent`: mean exports of the last three
    years; `median`, `q05`, `q95` of the mean in `late`; ranks; `p_more`: probability that it is
    above `recent`, with its Monte-Carlo error; `share` and `share_late` (median) of what all
    export; `change` of the latter since the earlier run.
    """

    run: str
    before: str | None
    origin: int
    soon: int
    late: int
    leaving: pd.DataFrame
    rising: pd.DataFrame


def league(run: Path, before: Path | None = None) -> League:
    """Return the league of a run.

    Parameters
    ----------
    run
        A run folder whose pairs are all forecast.
    before
        An earlier run of the same kind, None for none.

    Raises
    ------
    InputError
        If all pairs are not forecast in one of the runs.
    """
    own = _tables(run)
    earlier = _tables(before) if before is not None else None
    leaving = _changed(own.leaving, earlier and earlier.leaving, [SUPPLIER, RECIPIENT], "p_late")
    rising = _changed(own.rising, earlier and earlier.rising, [SUPPLIER], "share_late")
    return League(
        own.run, earlier.run if earlier else None, own.origin, own.soon, own.late,
        leaving.sort_values("p_late", ascending=False, kind="stable")[list(LEAVING)],
        rising.sort_values("gain", ascending=False, kind="stable")[list(RISING)],
    )  # fmt: skip


def last_edition(run: Path, store: Path) -> Path | None:
    """Return the newest run of the store before this one whose pairs are all forecast, if any."""
    name = runs.read(run).get("id", run.name)
    able = [one for one in runs.listing(store) if (one / ALL_PAIRS).is_file() and one.name < name]
    return able[-1] if able else None


def _changed(
    own: pd.DataFrame, earlier: pd.DataFrame | None, keys: list[str], column: str
) -> pd.DataFrame:
    if earlier is None:
        return own.assign(change=np.nan)
    both = own.merge(earlier[[*keys, column]], "left", keys, suffixes=("", "_before"))
    return both.assign(change=both[column] - both[f"{column}_before"])


def _tables(run: Path) -> League:
    """Return both tables of a run, in no order and without the change."""
    said = runs.read(run)
    verify.sealed(run)
    held = AllPairs(run, int(said.get("chains", 1)))
    if not (run / ALL_PAIRS).is_file():
        rule = "all pairs are not forecast in this run: 'crossover forecast --all' does it"
        raise InputError(fault(rule, file=run))
    late = min(HEADLINE_YEAR, int(held.futures[YEAR_FUTURE].max()))
    soon = max(min(SOON, late), held.origin + 1)
    return League(
        str(said.get("id", run.name)), None, held.origin, soon, late,
        pd.DataFrame(_leaving(held, soon, late)), pd.DataFrame(_rising(held, late)),
    )  # fmt: skip


def _leaving(held: AllPairs, soon: int, late: int) -> Iterator[dict]:
    """Yield a row a pair that traded of late and in the base years."""
    data = held.futures
    known = data["deliveries_observed"].load()
    base = known.sel({YEAR: slice(*BASE_YEARS)}).mean(YEAR).values
    recent = known.sel({YEAR: slice(held.origin - MEAN_YEARS + 1, held.origin)}).mean(YEAR).values
    sides = [data[side].values.astype(str) for side in (SUPPLIER, RECIPIENT)]
    named = (sides[0] != REST) & (sides[1] != REST)
    for at in np.flatnonzero(named & (base >= LEAST) & (recent >= LEAST)):
        means = _means(known.isel({PAIR: at}), data["deliveries"].isel({PAIR: at}), held.origin)
        below = means < INDEPENDENCE_SHARE * base[at]
        ahead = {year: below[:, [year - held.origin - 1]] for year in (soon, late)}
        yield {
            "supplier": sides[0][at], "recipient": sides[1][at], "base": base[at],
            "recent": recent[at], "p_soon": ahead[soon].mean(), "p_late": ahead[late].mean(),
            "mc_error": monte_carlo_error(ahead[late], held.chains)[0],
        }  # fmt: skip


def _means(past: xr.DataArray, future: xr.DataArray, origin: int) -> np.ndarray:
    """Return means of three years (draw, year after the origin), the first partly on record."""
    drawn = future.transpose(DRAW, YEAR_FUTURE).values.astype(float)
    tail = past.sel({YEAR: slice(origin - MEAN_YEARS + 2, origin)}).values
    return trailing_mean(np.hstack([np.broadcast_to(tail, (len(drawn), len(tail))), drawn]))


def _rising(held: AllPairs, late: int) -> list[dict]:
    """Return a row a supplier; the rest of the world counts in shares and is not listed."""
    data, origin = held.futures, held.origin
    sellers = data[SUPPLIER].values.astype(str)
    now = data["deliveries_observed"].sel({YEAR: slice(origin - MEAN_YEARS + 1, origin)})
    recent = _sums(now.mean(YEAR).values[None], sellers)
    ahead = data["deliveries"].sel({YEAR_FUTURE: slice(late - MEAN_YEARS + 1, late)})
    drawn = _sums(ahead.mean(YEAR_FUTURE).transpose(DRAW, PAIR).values.astype(float), sellers)
    totals = (sum(recent.values())[0], sum(drawn.values()))
    codes = [code for code in recent if code != REST]
    ranks = [_ranks({code: part[code] for code in codes}) for part in (recent, drawn)]
    rows = []
    for code in codes:
        more = (drawn[code] > recent[code])[:, None]
        low, middle, high = np.quantile(drawn[code], (0.05, 0.5, 0.95))
        share = recent[code][0] / totals[0]
        share_late = float(np.median(drawn[code] / totals[1]))
        rows.append({
            "supplier": code, "recent": recent[code][0], "rank": int(ranks[0][code][0]),
            "median": middle, "q05": low, "q95": high,
            "rank_late": int(np.median(ranks[1][code])), "p_more": more.mean(),
            "mc_error": monte_carlo_error(more, held.chains)[0], "share": share,
            "share_late": share_late, "gain": share_late - share,
        })  # fmt: skip
    return rows


def _sums(values: np.ndarray, sellers: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each supplier delivers to all, (draw), of what each pair does (draw, pair)."""
    codes = dict.fromkeys(sellers.tolist())
    return {code: values[:, sellers == code].sum(axis=1) for code in codes}


def _ranks(exports: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the place of each supplier among all in each draw, the first one 1."""
    table = np.stack(list(exports.values()))
    places = (-table).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 1
    return dict(zip(exports, places, strict=True))
