"""How good futures of GDP, military spending and R&D shares were, from past origins.

The drivers share no parameter with orders, so that they are fitted alone, to what was known half a
year after each origin. GDP and military spending are scored as growth since the last figure that
was out, since their base years change from release to release; R&D shares in % of GDP. Benchmarks
carry the last figure on, and get the spread of their own errors of the past.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from crossover.data.names import COUNTRY, YEAR
from crossover.data.panel import assemble
from crossover.data.tables import Panel
from crossover.forecast import past_forecasts, skill, skill_tables
from crossover.forecast.draws import Arrays, stack
from crossover.forecast.effort_paths import LATE, driver_paths
from crossover.forecast.real_time import figures_seen
from crossover.forecast.summary import of_fits
from crossover.models.drivers import TREND_YEARS, drivers
from crossover.models.inputs import of_states
from crossover.models.priors import Priors

ORIGINS = tuple(range(2005, 2025))
HORIZONS = 6
MODEL, DRIFT, RECENT, LAST = "model", "mean growth", "growth of five years", "last figure"
BENCHMARKS = (DRIFT, RECENT, LAST)
GDP, MILITARY, RD_SHARE = "gdp", "military", "rd_share"
FIGURES = {GDP: "gdp", RD_SHARE: "rd_share", MILITARY: "milex"}
"""Target → variable of a panel, in the order of the drivers."""
MIDDLE = len(skill.LEVELS) // 2
"""Position of the median."""
FEW = 30
"""Fewest errors of the past of which a benchmark makes a spread."""


class Known(NamedTuple):
    """A target's figures: `values` (country, year), and the position of each country's last one.

    R&D shares in % of GDP; of GDP and military spending 100 times the log, so that a difference is
    growth in per cent.
    """

    values: np.ndarray
    last: np.ndarray

    @property
    def base(self) -> np.ndarray:
        """Return each country's last figure (country), NaN without any."""
        return self.values[np.arange(len(self.last)), self.last]


def known(panel: xr.Dataset, target: str) -> Known:
    """Return a target's figures as a panel has them."""
    values = panel[FIGURES[target]].transpose(COUNTRY, YEAR).values
    if target != RD_SHARE:
        values = 100.0 * np.log(values)
    return Known(values, values.shape[1] - 1 - np.argmax(np.isfinite(values)[:, ::-1], axis=1))


def ours(draws: Arrays, inputs: xr.Dataset, noise: float, seed: int) -> dict[str, np.ndarray]:
    """Return quantiles of each target (country, horizon, level), in its unit, by the model.

    Parameters
    ----------
    draws, inputs : Of a fit of the drivers.
    noise : Of R&D shares that are still young when they are first published, log.
    seed : Of the shocks.
    """
    rng = np.random.default_rng([seed, int(inputs.attrs["origin"])])
    paths = driver_paths(draws, inputs, HORIZONS, rng)[..., LATE + 1 :]
    rd = list(FIGURES).index(RD_SHARE)
    shares = np.exp(paths[rd] + noise * rng.standard_normal(paths[rd].shape))
    paths = 100.0 * paths
    paths[rd] = shares
    cut = np.moveaxis(np.quantile(paths, skill.LEVELS, axis=1), 0, -1)
    return dict(zip(FIGURES, cut, strict=True))


def benchmark(name: str, of: Known) -> np.ndarray:
    """Return quantiles of a target (country, horizon, level), in its unit, by a benchmark.

    The errors that it would have made before, of all countries, in units of how much each one's
    changes vary.

    Parameters
    ----------
    name : One of `BENCHMARKS`.
    of : What was known; its last year is the origin.
    """
    frame = pd.DataFrame(of.values.T).interpolate(limit_area="inside")
    change = frame.diff()
    if name == LAST:
        pace = frame * 0.0
    else:
        window = change.rolling(TREND_YEARS) if name == RECENT else change.expanding(TREND_YEARS)
        pace = window.mean()
    pace = pace.to_numpy().T
    own = (change - change.mean()).abs().mean().to_numpy()
    usual = np.nanmedian(own)
    unit = np.sqrt((np.where(np.isfinite(own), own, usual) ** 2 + usual**2) / 2.0)
    out = np.full((len(of.values), HORIZONS, len(skill.LEVELS)), np.nan)
    lag = of.values.shape[1] - 1 - of.last
    at = np.arange(len(lag))
    for h in range(HORIZONS):
        for behind in np.unique(lag):
            ahead = h + 1 + behind
            if ahead >= of.values.shape[1]:
                continue
            error = of.values[:, ahead:] - of.values[:, :-ahead] - ahead * pace[:, :-ahead]
            error = (error / unit[:, None])[np.isfinite(error)]
            if len(error) < FEW:
                continue
            mine = at[lag == behind]
            centre = of.base[mine] + ahead * pace[mine, of.last[mine]]
            spread = np.quantile(error, skill.LEVELS)
            out[mine, h] = centre[:, None] + unit[mine, None] * spread
    return out


def scored(
    target: str, quantiles: np.ndarray, seen: Known, came: Known, origin: int, first: int,
    codes: list[str],
) -> pd.DataFrame:
    """Score quantiles of a target against what came (a row a country and horizon).

    Parameters
    ----------
    target, quantiles : As from `ours` and `benchmark`.
    seen, came : Figures at the origin, and of today, both from the year `first` on. A country
        without any figure at the origin is not scored.
    origin, first, codes : Last data year, first year of the figures, countries.
    """
    rows, rng = [], np.random.default_rng(origin)
    for h in range(1, HORIZONS + 1):
        year = origin + h - first
        if year >= came.values.shape[1]:
            break
        outturn, said = came.values[:, year], quantiles[:, h - 1]
        if target != RD_SHARE:
            outturn = outturn - came.values[np.arange(len(codes)), seen.last]
            said = said - seen.base[:, None]
        keep = np.isfinite(outturn) & np.isfinite(said).all(axis=1) & np.isfinite(seen.base)
        outturn, said = outturn[keep], said[keep]
        found = skill.score_quantities(said, outturn, np.zeros(len(said), bool), rng)
        rows.append(
            pd.DataFrame(
                {
                    "target": target, "unit": np.array(codes)[keep], "origin": origin,
                    "horizon": h, "value": found["crps"], "in_50": found["in_50"],
                    "in_90": found["in_90"], "miss": outturn - said[:, MIDDLE],
                }
            )
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def from_origin(
    origin: int, latest: xr.Dataset, given: Priors, *, seed: int, folder: Panel = None
) -> pd.DataFrame:
    """Fit the drivers to what was known at an origin, and score them and the benchmarks."""
    from crossover.forecast.fit import ACCEPT, CHAINS, DRAWS, TUNE, single
    from crossover.forecast.sampling import ready, sample

    panel = figures_seen(origin, folder)
    inputs = of_states(panel, given)
    model = ready(drivers(inputs, given.part("drivers")))
    tree = sample(
        model, seed=seed + origin, draws=DRAWS, tune=TUNE, chains=CHAINS,
        target_accept=ACCEPT["drivers"],
    )  # fmt: skip
    draws = stack(single(tree["posterior"].to_dataset()))
    mine = ours(draws, inputs, given.constant("rd_noise_young"), seed)
    codes = [str(c) for c in panel[COUNTRY].values]
    parts = []
    for target in FIGURES:
        seen, came = known(panel, target), known(latest, target)
        said = {MODEL: mine[target]} | {name: benchmark(name, seen) for name in BENCHMARKS}
        for name, quantiles in said.items():
            first = int(panel[YEAR].values[0])
            rows = scored(target, quantiles, seen, came, origin, first, codes)
            parts.append(rows.assign(forecast=name))
    return pd.concat(parts, ignore_index=True).assign(**past_forecasts.quality(tree))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up scores by target, group of horizons and forecast.

    Parameters
    ----------
    table : As from `from_origin`, of all origins.

    Returns
    -------
    pandas.DataFrame
        target, group, forecast, cases (those that all forecasts have), crps (gdp, military: % of
        the last figure, by logs; rd_share: % of GDP), in_50, in_90, miss (mean of outturn less
        median), skill of the model against this forecast with its 90 % interval by blocks of
        origins (empty for the model), and what the gate found of all fits (`summary.of_fits`).
    """
    keys = ["target", "unit", "origin", "horizon"]
    count = table.groupby(keys)["forecast"].transform("nunique")
    common = table[count == table["forecast"].nunique()]
    common = common.assign(group=skill.group_of(common["horizon"]))
    fits = of_fits(table.drop_duplicates("origin"))
    rows = []
    for (target, group), part in common.groupby(["target", "group"], sort=False):
        by_name = dict(list(part.groupby("forecast", sort=False)))
        for name, own in by_name.items():
            beside = None if name == MODEL else skill_tables.difference(by_name[MODEL], own)
            rows.append(
                {
                    "target": target, "group": group, "forecast": name, "cases": len(own),
                    "crps": own["value"].mean(),
                    **{key: own[key].mean() for key in ("in_50", "in_90", "miss")},
                    **{key: (beside or {}).get(key, np.nan)
                       for key in ("skill", "skill_q05", "skill_q95")},
                    **fits,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def run(
    origins: list[int], given: Priors, *, seed: int, folder: Panel = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all scores, a row a case, and their `summary`."""
    latest = assemble(None, folder)
    table = pd.concat(
        [from_origin(o, latest, given, seed=seed, folder=folder) for o in origins],
        ignore_index=True,
    )
    return table, summary(table)
