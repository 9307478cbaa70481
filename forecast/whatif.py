"""What more R&D would change, and which R&D would move the year of even odds.

A lever is R&D spending that is so many per cent above what each future would have, for some years:
the same draws and shocks are run forward with and without it, so that they differ by nothing else.
What a lever does to capacity follows from the stock it builds,

    θ'[t] − θ[t] = b · (log K'[t−1] − log K[t−1]),    K'[t] = (1 − δ) K'[t−1] + m · flow[t],

with b the country's own effect of R&D in the draw. So a multiple m that moves a year is found
without running anything again. The link is the model's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy import optimize

from crossover.data import countries
from crossover.data.names import (
    BASELINE,
    CONVENTION,
    COUNTRY,
    DRAW,
    HORIZON,
    SCENARIO,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions, simulate
from crossover.forecast.effort_paths import accumulate
from crossover.forecast.scenarios import MULTIPLY, Course, Scenario

PER_CENT, YEARS = 10.0, 10
AFTER = (5, 10, 20)
"""Years after the origin of which a lever's effects are told."""
EVEN = 0.5
MOST_TIMES = 100.0
"""Bound of what a path may be multiplied by, as in a scenario file."""
COLUMNS = ("country", "year", "quantity", "unit", "without", "with_more", "change", "mc_error",
           "q05", "q95")  # fmt: skip


TITLES = {
    "capacity": "capacity, log-odds",
    "ahead": "P(recipient ahead)",
    "import_share": "expected share of the recipient's orders",
    "ordered": "orders, TIV million a year",
    "deliveries": "deliveries, TIV million a year",
}


SMOOTH = ("capacity", "import_share")
"""Of which a draw has an expectation; of the others it has one outcome."""


@dataclass(frozen=True)
class Target:
    """What would move the year of even odds.

    Attributes
    ----------
    country : whose R&D is changed, ISO3 code.
    even_year : first year in which the recipient is ahead in at least half of all futures; None
        if that is not within the horizon.
    wanted_year : that year moved as asked; where odds have been better than even already and a
        later year is asked for, so many years after the origin; None where there is none.
    past : whether odds have been better than even already at the origin.
    per_cent : R&D above what it would be, from the first future year to the horizon, that moves it;
        None if it cannot be reached.
    share : the country's median R&D share in the wanted year with it, % of GDP; None likewise.
    reason : why it cannot be reached; empty if it can.
    """

    country: str
    even_year: int | None
    wanted_year: int | None
    past: bool = False
    per_cent: float | None = None
    share: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        """Say it in a sentence."""
        who = countries.the(countries.name_of(self.country))
        since = f"Odds have been better than even since {self.even_year}. " if self.past else ""
        if self.reason:
            return f"{since}Not reachable by R&D of {who}: {self.reason}."
        if not self.past:
            since = f"Odds are even in {self.even_year}. "
        return (
            f"{since}They would be even {'again ' if self.past else ''}in {self.wanted_year} with "
            f"R&D of {who} {self.per_cent:.0f} % above what it would be in every year from now on: "
            f"{self.share:.2f} % of GDP in {self.wanted_year} (median)."
        )


def lever(country: str, origin: int, per_cent: float = PER_CENT, years: int = YEARS) -> Scenario:
    """Return the scenario of R&D so many per cent above what it would be, for some years."""
    words = f"R&D of {country} {per_cent:g} % above what it would be, {years} years"
    path = Course(
        "research", "rd_share", (country,), origin + 1, min(origin + years, HORIZON), MULTIPLY,
        1.0 + per_cent / 100.0, False, words, "asked for",
    )  # fmt: skip
    return Scenario(f"more_rd_{country.lower()}", words, words, (path,), words)


def run(
    tree: xr.DataTree, pair: tuple[str, str], *, seed: int, per_cent: float = PER_CENT,
    years: int = YEARS, progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Simulate a pair without a lever and with that of either country; see `simulate.futures`.

    Raises
    ------
    InputError : If the fit has no R&D figures of a country of the pair.
    """
    origin = int(tree["constant_data"].attrs["origin"])
    levers = [lever(code, origin, per_cent, years) for code in pair]
    return simulate.futures(tree, *pair, seed=seed, scenarios=levers, progress=progress)


def effects(futures: xr.Dataset) -> pd.DataFrame:
    """Return what each lever changes after some years.

    Parameters
    ----------
    futures : As from `run`.

    Returns
    -------
    pandas.DataFrame : By country and year: `capacity`, the country's, in log-odds; `ahead`, the
        probability that the recipient's capacity is above the supplier's, averaged over
        conventions; `import_share`, the supplier's expected share of the recipient's orders;
        `ordered` and `deliveries` from supplier to recipient, TIV million a year, means over the
        three years up to that year. Means of draws without and with the lever, their difference
        with its Monte-Carlo error, and the 90 % interval of the difference over draws, where a draw
        has an expectation and not only one outcome.
    """
    origin = int(futures.attrs["origin"])
    rows = []
    for name, code in zip(futures[SCENARIO].values[1:], futures[COUNTRY].values, strict=True):
        worlds = [_told(futures.sel({SCENARIO: one}), str(code)) for one in (BASELINE, name)]
        for after in AFTER:
            at = {YEAR_FUTURE: origin + after}
            for quantity, (unit, before) in worlds[0].items():
                both = (before, worlds[1][quantity][1])
                told = [one.sel(at).values.astype(float) for one in both]
                found = _change(*told, quantity in SMOOTH)
                rows.append((str(code), origin + after, quantity, unit, *found))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _told(world: xr.Dataset, code: str) -> dict[str, tuple[str, xr.DataArray]]:
    """Return what is told of a world, with its unit (draw, year_future)."""
    three = {YEAR_FUTURE: 3}
    return {
        "capacity": ("log-odds", world["theta"].sel({COUNTRY: code})),
        "ahead": ("probability", (conventions.ahead(world) > 0).mean(CONVENTION)),
        "import_share": ("share", world["import_share"]),
        "ordered": ("TIV million a year", world["ordered"].rolling(three).mean()),
        "deliveries": ("TIV million a year", world["deliveries"].rolling(three).mean()),
    }


def _change(before: np.ndarray, after: np.ndarray, smooth: bool) -> tuple[float, ...]:
    """Return means before and after, the difference, its error, and its interval if `smooth`."""
    change = after - before
    error = change.std(ddof=1) / math.sqrt(len(change))
    low, high = np.quantile(change, [0.05, 0.95]) if smooth else (math.nan, math.nan)
    return before.mean(), after.mean(), change.mean(), error, low, high


def even_year(chances: xr.DataArray) -> int | None:
    """Return the first year from which on the chance, past years included, is at least even.

    `chances` (year): probability that the recipient is ahead. None if it is not in the last year.
    """
    ahead = chances.values >= EVEN
    if not ahead[-1]:
        return None
    behind = np.flatnonzero(~ahead)
    return int(chances[YEAR].values[behind[-1] + 1 if len(behind) else 0])


def target(futures: xr.Dataset, later: int, most_share: float, depreciation: float) -> Target:
    """Find the R&D that moves the year of even odds.

    Parameters
    ----------
    futures : As from `run`.
    later : By how many years: later (above zero; the supplier spends more) or earlier (below zero;
        the recipient does).
    most_share
        Largest R&D share of GDP that counts as possible, %: the highest that any country has had.
    depreciation : Of the R&D stock, a year.
    """
    at = 0 if later > 0 else 1
    code = str(futures[COUNTRY].values[at])
    origin = int(futures.attrs["origin"])
    gap, past = conventions.ahead(futures.isel({SCENARIO: 0})), conventions.past(futures)
    chances = xr.concat(
        [
            (past > 0).mean([DRAW, CONVENTION]),
            (gap > 0).mean([DRAW, CONVENTION]).rename({YEAR_FUTURE: YEAR}),
        ],
        YEAR,
    )
    even, last = even_year(chances), int(chances[YEAR].values[-1])
    if even is None:
        return Target(code, None, None, reason=f"odds are never even up to {last}")
    past = even <= origin
    asked = Target(code, even, (origin if past else even) + later, past)
    if past and later < 0:
        return replace(asked, reason="what is past cannot come earlier")
    if not origin + 1 < asked.wanted_year <= last:
        return replace(asked, reason=f"{asked.wanted_year} lies outside the forecast")
    return _solve(futures, gap, at, asked, most_share, depreciation)


def _solve(
    futures: xr.Dataset, gap: xr.DataArray, at: int, asked: Target, most_share: float,
    depreciation: float,
) -> Target:
    """Find the multiple of R&D by which the chance is even in the wanted year, and not before.

    `gap` (draw, convention, year_future): see `conventions.ahead`.
    """
    year = int(np.flatnonzero(futures[YEAR_FUTURE].values == asked.wanted_year)[0])
    # Later: in the year before, odds must still be under even.
    year -= at == 0 and not asked.past
    at_year = gap.isel({YEAR_FUTURE: year}).transpose(DRAW, CONVENTION).values
    stock = Stock.of(futures, at, depreciation)
    sign = 1.0 if at == 1 else -1.0

    def chance(log_times: float) -> float:
        shift = sign * stock.capacity(math.exp(log_times))[:, year]
        return float((at_year + shift[:, None] > 0).mean()) - EVEN

    share = float(np.median(futures["rd_share"].isel({SCENARIO: 0, COUNTRY: at}).values[:, year]))
    most = math.log(min(max(most_share / share, 1.0), MOST_TIMES))
    if chance(most) * sign < 0:
        reason = f"not with {most_share:.1f} % of GDP, the highest share on record"
        return replace(asked, reason=reason)
    times = math.exp(optimize.brentq(chance, 0.0, most, xtol=1e-4))
    return replace(asked, per_cent=100.0 * (times - 1.0), share=share * times)


@dataclass(frozen=True)
class Stock:
    """A country's R&D stock by draw, and what more of it does to capacity.

    Attributes
    ----------
    start : stock at the origin (draw). flow : spending (draw, year). effect : of log stock (draw).
    depreciation : a year.
    """

    start: np.ndarray
    flow: np.ndarray
    effect: np.ndarray
    depreciation: float

    @classmethod
    def of(cls, futures: xr.Dataset, at: int, depreciation: float) -> Stock:
        """Read a country's stock and effect from futures with and without its lever."""
        stocks = futures["rd_stock"].isel({COUNTRY: at, SCENARIO: [0, 1 + at]}).values.astype(float)
        theta = futures["theta"].isel({COUNTRY: at, SCENARIO: [0, 1 + at]}).values.astype(float)
        without = stocks[:, 0]
        spent = futures["rd_share"].isel({COUNTRY: at, SCENARIO: 0}).values / 100.0
        flow = spent * futures["gdp"].isel({COUNTRY: at, SCENARIO: 0}).values
        start = (without[:, 0] - flow[:, 0]) / (1.0 - depreciation)
        year = YEARS - 1
        more = np.log(stocks[:, 1, year] / without[:, year])
        effect = (theta[:, 1, year + 1] - theta[:, 0, year + 1]) / more
        return cls(start, flow, effect, depreciation)

    def capacity(self, times: float) -> np.ndarray:
        """Return what `times` the spending adds to capacity (draw, year), log-odds."""
        stocks = [
            accumulate(self.start, m * self.flow, self.depreciation)[:, :-1] for m in (times, 1.0)
        ]
        return self.effect[:, None] * np.log(stocks[0] / stocks[1])
