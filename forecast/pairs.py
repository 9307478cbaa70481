"""A pair of today in the terms of the history: its treaty, its covariates, its hazard.

What is known of the two in the last year on record stands in the shipped tables; what comes is a
path of their power ratio. The hazard is defined for partners bound by a treaty: of a pair without
one nothing is said, and that it is so is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data import countries
from crossover.data.dyads import (
    LAST_DISPUTE,
    LAST_YEAR,
    MARGIN,
    RECENT_YEARS,
    REVERSAL_YEARS,
    SPEED_YEARS,
)
from crossover.data.errors import InputError, fault
from crossover.data.names import DRAW, YEAR_FUTURE
from crossover.data.records import AlliedPair, Capability, RivalPair
from crossover.data.rules import FORCE
from crossover.data.tables import read
from crossover.models import alliance_rows
from crossover.models import partnership as model
from crossover.models.priors import Priors

NO_TREATY = "no treaty of partnership between {} is on record"
OVERRIDES = ("common_rivals", "rivals", "recent", "autocracy1", "autocracy2", "major1", "major2")
"""What a scenario may set; anything else of a pair follows from the record or from its paths."""


class Pair(NamedTuple):
    """Two countries as the history knows them; `log_ratio` is by year, state 1 over state 2.

    `disputes` are years in which one of hostility 3 or more, or an embargo, began.
    `last_dispute_year` is the year to which disputes of the pair are on record; of a pair that was
    allied later, the year to which those of anyone are.
    """

    country1: str
    country2: str
    state1: str
    state2: str
    treaty: str
    bilateral: bool
    allied_since: int
    last_treaty_year: int
    major1: int
    major2: int
    defence: int
    was_major1: int
    was_major2: int
    autocracy1: int
    autocracy2: int
    common_rivals: int
    rivals: int
    rivalry_year: int
    disputes: tuple[int, ...]
    last_dispute_year: int
    log_ratio: dict[int, float]

    @property
    def last_power_year(self) -> int:
        """Last year in which the power of both is on record."""
        return max(self.log_ratio)


def find(country1: str, country2: str, folder: Path | None = None) -> Pair | None:
    """Return what the tables know of a pair, state 1 first as in them.

    Parameters
    ----------
    country1, country2 : ISO3 codes of the sample, in any order.
    folder : The panel's folder; the shipped one when None.

    Returns
    -------
    Pair, or None where no treaty of partnership between the two was in force in the last year of
    the record: then the hazard is not applicable.

    Raises
    ------
    InputError : a country of which the tables know no power or no regime, or two whose power is
        never known in the same year.
    """
    capabilities = read("capabilities", folder, {"country": {country1, country2}})
    by_country: dict[str, list[Capability]] = {country1: [], country2: []}
    for row in capabilities:
        by_country[row.country].append(row)
    for code, rows in by_country.items():
        for column, any_known in (
            ("power", any(row.cinc for row in rows)),
            ("regime", any(row.autocracy is not None for row in rows)),
        ):
            if not any_known:
                who = countries.the(countries.name_of(code))
                raise InputError(f"no {column} of {who} is on record")
    states = {rows[0].state: code for code, rows in by_country.items()}
    wanted = {"state1": set(states), "state2": set(states)}
    history = sorted(read("alliance_dyads", folder, wanted), key=lambda row: row.year)
    if not history:
        return None
    last = history[-1]
    if last.year < LAST_YEAR:
        return None
    first, second = states[last.state1], states[last.state2]
    return _pair(last, history, by_country[first], by_country[second], read("rivalries", folder))


def both(one: str, two: str) -> str:
    """Name two countries, as in a sentence."""
    return " and ".join(countries.the(countries.name_of(code)) for code in (one, two))


def _pair(
    last: AlliedPair,
    history: list[AlliedPair],
    first: list[Capability],
    second: list[Capability],
    rivalries: list[RivalPair],
) -> Pair:
    shares = [{row.year: row.cinc for row in rows if row.cinc} for rows in (first, second)]
    years = sorted(shares[0].keys() & shares[1].keys())
    if not years:
        who = both(first[0].country, second[0].country)
        raise InputError(f"no year has the power of {who} on record")
    regimes = [
        {row.year: row.autocracy for row in rows if row.autocracy is not None}
        for rows in (first, second)
    ]
    ranks = [max(rows, key=lambda row: row.year) for rows in (first, second)]
    rivalry_year = max((row.last_year for row in rivalries), default=LAST_YEAR)
    foes: dict[str, set[str]] = {last.state1: set(), last.state2: set()}
    for row in rivalries:
        if row.last_year >= rivalry_year:
            for own, other in ((row.state1, row.state2), (row.state2, row.state1)):
                if own in foes:
                    foes[own].add(other)
    return Pair(
        first[0].country,
        second[0].country,
        last.state1,
        last.state2,
        str(last.treaty),
        bool(last.bilateral),
        last.allied_since,
        last.year,
        *(rank.major for rank in ranks),
        last.defence,
        *(rank.was_major for rank in ranks),
        *(known[max(known)] for known in regimes),
        len(foes[last.state1] & foes[last.state2]),
        int(last.state2 in foes[last.state1]),
        rivalry_year,
        tuple(r.year for r in history if (r.hostility or 0) >= FORCE or r.embargo),
        max((r.year for r in history if r.hostility is not None), default=LAST_DISPUTE),
        {year: float(np.log(shares[0][year] / shares[1][year])) for year in years},
    )


def covariates(
    pair: Pair,
    priors: Priors,
    years: np.ndarray,
    paths: xr.DataArray | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> xr.DataArray:
    """Covariates of a pair in each year, from the record and from simulated paths of its power.

    Parameters
    ----------
    pair : As from `find`.
    priors : As from `models.partnership.load`.
    years
        Years of the hazard; each needs the log ratio of the year before and of six years before.
    paths : (draw, year_future): log power ratio, state 1 over state 2, of years after the record;
        as from `models.power.simulate`. None where the record reaches.
    overrides : Name of `OVERRIDES` → value, or (year_future) or (draw, year_future) array, in place
        of what the record says; a scenario's, or `recent` of a simulated incident.

    Returns
    -------
    xarray.DataArray : (covariate, year_future) or (covariate, draw, year_future). Disputes after
        the last year of their record are taken as none, and the future without one.

    Raises
    ------
    InputError : A year whose log ratio is neither on record nor in the paths; an unknown override.
    """
    for name in overrides or {}:
        if name not in OVERRIDES:
            rule = f"cannot be set; known are {', '.join(OVERRIDES)}"
            raise InputError(fault(rule, column="override", value=name))

    def ratio(lag: int) -> xr.DataArray:
        by_year = np.broadcast_arrays(*(_ratio(pair, paths, int(year) - lag) for year in years))
        values = np.stack(by_year, axis=-1)
        return xr.DataArray(values, dims=(DRAW, YEAR_FUTURE)[-values.ndim :])

    now, then, before = ratio(1), ratio(1 + SPEED_YEARS), ratio(1 + REVERSAL_YEARS)
    big = np.minimum(abs(now), abs(before)) >= MARGIN
    years = np.asarray(years)

    def by_year(values: Any) -> xr.DataArray:
        return xr.DataArray(values, dims=(YEAR_FUTURE,))

    recent = [any(y - RECENT_YEARS <= d < y for d in pair.disputes) for y in years]
    flags: dict[str, Any] = {
        name: xr.DataArray(float(getattr(pair, name)))
        for name in (
            "major1", "major2", "defence", "was_major1", "was_major2", "autocracy1", "autocracy2",
            "common_rivals", "rivals",
        )
    }  # fmt: skip
    flags["recent"] = by_year(np.asarray(recent, float))
    for name, value in (overrides or {}).items():
        flags[name] = value if isinstance(value, xr.DataArray) else xr.DataArray(float(value))
    table = alliance_rows.covariates(
        log_ratio=now,
        change5=now - then,
        reversed=((now * before < 0) & big).astype(float),
        years_allied=by_year((years - pair.allied_since + 1).astype(float)),
        priors=priors,
        **flags,
    )
    return table.assign_coords({YEAR_FUTURE: years})


def _ratio(pair: Pair, paths: xr.DataArray | None, year: int) -> Any:
    if year in pair.log_ratio:
        return pair.log_ratio[year]
    if paths is not None and year in paths[YEAR_FUTURE].values:
        return paths.sel({YEAR_FUTURE: year}, drop=True).values
    rule = "the power ratio of that year is neither on record nor simulated"
    raise InputError(fault(rule, column="year", value=year))


def hazard_given(
    posterior: xr.Dataset, pair: Pair, values: xr.DataArray, *, seed: int
) -> xr.DataArray:
    """Yearly hazard of a pair whose covariates are known, as from `covariates`; see `hazard`."""
    random = np.random.default_rng(seed)
    if DRAW in values.dims:
        at = random.integers(0, posterior.sizes[DRAW], values.sizes[DRAW])
        posterior = posterior.isel({DRAW: at}).drop_vars(DRAW, errors="ignore")
        values = values.drop_vars(DRAW, errors="ignore")
    known = pair.treaty in posterior[alliance_rows.TREATY].values
    eta = model.log_hazard(posterior, values, treaty=pair.treaty if known else None)
    if not known:
        spread = model.by_name(posterior)["treaty_sd"]
        eta = eta + spread * xr.DataArray(
            random.standard_normal(posterior.sizes[DRAW]), dims=(DRAW,)
        )
    return (-np.expm1(-np.exp(eta))).transpose(DRAW, YEAR_FUTURE)


def by_hand(posterior: xr.Dataset, pair: Pair, priors: Priors, year: int) -> pd.DataFrame:
    """Lay open the hazard of a pair in one year: value times mean coefficient, and their sum.

    Returns
    -------
    pandas.DataFrame : One row a term: `term`, `value`, `coefficient` (posterior mean), `product`;
        then `sum` and `hazard`, one minus exp(−exp(sum)), in the column `product`.
    """
    values = covariates(pair, priors, np.array([year])).squeeze(YEAR_FUTURE, drop=True)
    mean = posterior.mean(DRAW)
    own = model.by_name(mean)
    rows = [("intercept", 1.0, float(own[model.INTERCEPT]))]
    rows += [
        (name, float(values.sel({alliance_rows.COVARIATE: name})), float(own[name]))
        for name in model.COVARIATES
    ]
    era = list(alliance_rows.ERAS)[int(alliance_rows.era(np.array([year]))[0])]
    rows.append((f"era: {era}", 1.0, float(mean["era_effect"].sel({alliance_rows.ERA: era}))))
    if pair.treaty in mean[alliance_rows.TREATY].values:
        effect = float(mean["treaty_effect"].sel({alliance_rows.TREATY: pair.treaty}))
        rows.append((f"treaty: {pair.treaty}", 1.0, effect))
    table = pd.DataFrame(rows, columns=["term", "value", "coefficient"])
    table["product"] = table["value"] * table["coefficient"]
    total = table["product"].sum()
    end = pd.DataFrame(
        {
            "term": ["sum", "hazard"],
            "value": [np.nan, np.nan],
            "coefficient": [np.nan, np.nan],
            "product": [total, -np.expm1(-np.exp(total))],
        }
    )
    return pd.concat([table, end], ignore_index=True)
