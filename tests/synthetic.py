"""Make small run folders with invented numbers, so that what follows a fit is tested without one.

Nothing here is a result: random arrays in a plausible range, in the shape that a run has. The
kinds cover the corners a report must get right: `plain`, `never` (no event in any draw),
`crossed` (every event has happened at the origin) and `undefined` (a pair without events that
rest on exports or on past deliveries).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    CONTESTED_ORDERS,
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    DOMAINS,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    INDEPENDENCE,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
)
from crossover.forecast import cause_names, event_tables, seal, sources
from crossover.models.order_book import ORDER_PERIOD
from crossover.reports.payload_parameters import FAMILIES

KINDS = ("plain", "never", "crossed", "undefined")
SUPPLIERS = ("RUS", "CHN", "USA", "FRA")
RECIPIENTS = ("CHN", "IND", "VNM")
COUNTRIES = ("RUS", "CHN", "USA", "FRA", "IND", "VNM")
NAMES = {
    "RUS": "Russia",
    "CHN": "China",
    "USA": "United States",
    "FRA": "France",
    "IND": "India",
    "VNM": "Vietnam",
}
ORIGIN, HORIZON, FIRST = 2024, 2050, 1992
PAST = np.arange(FIRST, ORIGIN + 1)
FUTURE = np.arange(ORIGIN + 1, HORIZON + 1)
ORDER_ENDS = np.arange(FIRST + 2, ORIGIN + 1, 3)
"""Last years of the periods in which orders are counted."""
PRIORS = Path(__file__).parents[1] / "models" / "priors" / "default.toml"
DOMAIN_PRIORS = PRIORS.with_name("domains.toml")
PERIODS = np.arange(ORIGIN - 28, ORIGIN + 1, 4)
START = {"plain": -0.3, "never": -6.0, "crossed": 6.0, "undefined": -0.6}
"""Median gap of capacity at the origin, recipient minus supplier, by kind."""


def make_run(
    folder: Path,
    kind: str = "plain",
    *,
    passed: bool = True,
    quick: bool = False,
    draws: int = 300,
    chains: int = 4,
    seed: int = 20240101,
) -> Path:
    """Write a run folder and return it.

    Parameters
    ----------
    folder
        Where; made if absent.
    kind
        One of `KINDS`; the pair is RUS-CHN, and FRA-VNM for `undefined`.
    passed, quick
        What the gate says, and whether the run calls itself quick.
    draws, chains, seed
        Draws a chain, chains, and what the arrays are drawn from.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    pair = ("FRA", "VNM") if kind == "undefined" else ("RUS", "CHN")
    forecast = _forecast(rng, kind, pair, draws * chains, chains)
    apart = _by_domain(np.random.default_rng([seed, 1]), forecast, kind)
    _events(forecast, apart, pair, kind, folder)
    _levels(forecast, pair, kind, folder)
    _ahead(forecast, pair, kind, folder)
    if kind in ("plain", "crossed"):
        write_sources(forecast, folder)
    _causes(np.random.default_rng([seed, 4]), pair, folder)
    _domain_levels(apart, pair, kind, folder)
    _domain_checks(np.random.default_rng([seed, 2]), pair, folder)
    forecast.to_netcdf(folder / "forecast.nc", engine="h5netcdf")
    apart.to_netcdf(folder / "domains.nc", engine="h5netcdf")
    tree = _posterior(rng, forecast, draws, chains)
    tree["domains"] = _domain_layer(np.random.default_rng([seed, 3]), draws, chains)
    tree.to_netcdf(folder / "posterior.nc", engine="h5netcdf")
    text = "\n".join(path.read_text("utf-8") for path in (PRIORS, DOMAIN_PRIORS))
    (folder / "priors.toml").write_text(text, "utf-8")
    seal.close(folder, _record(passed, quick, draws, chains), "run.json")
    return folder


def _walk(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> np.ndarray:
    return np.cumsum(rng.normal(0.0, sd, shape), axis=-1)


def _forecast(
    rng: np.random.Generator, kind: str, pair: tuple[str, str], draws: int, chains: int
) -> xr.Dataset:
    countries, past, future = len(COUNTRIES), len(PAST), len(FUTURE)
    level = np.array([1.6, 1.3, 2.6, 1.4, -0.9, -2.0])
    level[COUNTRIES.index(pair[1])] = level[COUNTRIES.index(pair[0])] + START[kind]
    now = level + rng.normal(0.0, 0.28, (draws, countries))
    back = _walk(rng, (draws, countries, past), 0.05)[..., ::-1]
    trend = np.linspace(1.6, 0.0, past) * (np.array(COUNTRIES) == pair[1])[:, None]
    theta_past = now[..., None] - back + back[..., -1:] - trend
    growth = 0.02 * (np.array(COUNTRIES) == pair[1])[:, None] * (kind != "never")
    theta = theta_past[..., -1:] + growth * np.arange(1, future + 1)
    theta = theta + _walk(rng, (draws, countries, future), 0.09)

    share_now = np.array([0.94, 2.6, 3.5, 2.2, 0.65, 0.5])
    rd_share = share_now[:, None] * np.exp(_walk(rng, (draws, countries, future), 0.035))
    stock_now = np.array([3.0e11, 2.9e12, 4.2e12, 5.0e11, 3.2e11, 2.0e10])
    speed = np.array([0.01, 0.09, 0.03, 0.02, 0.05, 0.1])
    stock_past = stock_now[:, None] * np.exp(speed[:, None] * (PAST - ORIGIN))
    path = 0.6 * speed[:, None] * np.arange(1, future + 1)
    rd_stock = stock_now[:, None] * np.exp(path + _walk(rng, (draws, countries, future), 0.03))

    hump = np.exp(-0.5 * ((PAST - 2004) / 7.0) ** 2)
    observed = 90.0 + np.round(1200 * hump * rng.gamma(6, 1 / 6, past))
    if kind == "undefined":
        observed = np.zeros(past)
    if kind == "crossed":
        observed = np.where(PAST > 2015, 1.0, observed)
    middle = 900.0 if kind == "never" else max(observed[-3:].mean(), 2.0)
    log_mean = np.log(middle) - (0.0 if kind == "never" else 0.05) * np.arange(1, future + 1)
    step = 0.02 if kind == "never" else 0.2
    mean = np.exp(log_mean + _walk(rng, (draws, future), step))
    noise = 0.02 if kind == "never" else 0.8
    deliveries = mean * np.exp(rng.normal(0.0, noise, (draws, future)))
    if kind == "crossed":
        deliveries = np.minimum(deliveries, 2.0)
    elif kind != "never":
        deliveries *= rng.random((draws, future)) > 0.15
    yearly = np.log1p(observed[-len(ORDER_ENDS) * 3 :].reshape(-1, 3).sum(axis=1))
    placed = rng.poisson(yearly).astype(float)
    predicted = rng.poisson(yearly * rng.gamma(2.0, 0.5, (draws, len(ORDER_ENDS))))
    imports = np.maximum(1.4 * observed, 50.0) + rng.gamma(4, 40, past)

    share_past = np.clip(observed / imports + rng.normal(0, 0.04, (draws, past)), 0, 1)
    falling = np.exp(_walk(rng, (draws, future), 0.12) - 0.03 * np.arange(1, future + 1))
    share = np.clip(share_past[:, -1:] * falling, 0, 1)

    exports_now = np.array([2200.0, 1900.0, 12000.0, 2600.0])
    if kind == "never":
        exports_now[1] = 20.0
    if kind == "crossed":
        exports_now[1] = 90000.0
    exports_past = exports_now[:, None] * np.exp(_walk(rng, (4, past), 0.12)[:, ::-1])
    exports_past = exports_past / exports_past[:, -1:] * exports_now[:, None]
    exports = exports_now[:, None] * np.exp(
        _walk(rng, (draws, 4, future), 0.005 if kind in ("never", "crossed") else 0.14)
    )

    one = (None, slice(None))
    scenario = ("draw", "scenario")
    data = {
        "rd_share": ((*scenario, "country", "year_future"), rd_share[one]),
        "rd_stock": ((*scenario, "country", "year_future"), rd_stock[one]),
        "theta": ((*scenario, "country", "year_future"), theta[one]),
        "deliveries": ((*scenario, "year_future"), deliveries[one]),
        "ordered": ((*scenario, "year_future"), mean[one]),
        "import_share": ((*scenario, "year_future"), share[one]),
        "exports": ((*scenario, "supplier", "year_future"), exports[one]),
        "imports": ((*scenario, "year_future"), deliveries[one] + 100.0),
        "gdp": ((*scenario, "country", "year_future"), 20.0 * rd_stock[one]),
        "milex": ((*scenario, "country", "year_future"), rd_stock[one] / 50.0),
    }
    data = {key: (dims, np.swapaxes(array, 0, 1)) for key, (dims, array) in data.items()}
    data |= {
        "theta_past": (("draw", "country", "year"), theta_past),
        "orders_past": (("draw", ORDER_PERIOD), predicted),
        "orders_observed": ((ORDER_PERIOD,), placed),
        "rd_stock_past": (("country", "year"), stock_past),
        "import_share_past": (("draw", "year"), share_past),
        "deliveries_observed": (("year",), observed),
        "imports_observed": (("recipient", "year"), np.tile(imports, (len(RECIPIENTS), 1))),
        "exports_observed": (("supplier", "year"), exports_past),
    }
    return chosen_alone(xr.Dataset(
        data,
        coords={
            "draw": np.arange(draws),
            "scenario": [BASELINE],
            "country": list(COUNTRIES),
            "supplier": list(SUPPLIERS),
            "recipient": list(RECIPIENTS),
            "year": PAST,
            "year_future": FUTURE,
            ORDER_PERIOD: ORDER_ENDS,
        },
        attrs={
            "supplier": pair[0], "recipient": pair[1], "origin": ORIGIN, "chains": chains,
        },
    ))


def chosen_alone(futures: xr.Dataset) -> xr.Dataset:
    """Give futures the chosen convention of the level and no other, and no war."""
    of_year = futures["theta"].isel(draw=0, country=0, drop=True)
    return futures.assign(
        convention_shift=(("draw", "convention"), np.zeros((futures.sizes["draw"], 1))),
        war_gap=xr.zeros_like(of_year), war_gap_past=("year", np.zeros(futures.sizes["year"])),
    ).assign_coords(convention=["chosen"])  # fmt: skip


def _events(
    forecast: xr.Dataset, apart: xr.Dataset, pair: tuple[str, str], kind: str, folder: Path
) -> None:
    """Write events.csv, timing.csv and domains_ahead.csv as the draws have it."""
    base = forecast.sel(scenario=BASELINE)
    years = np.arange(ORIGIN, HORIZON + 1)

    def whole(past: xr.DataArray, future: xr.DataArray) -> np.ndarray:
        past = past.isel(year=slice(-3, None)).values
        future = future.transpose("draw", "year_future").values
        return np.concatenate([np.broadcast_to(past, (len(future), 3)), future], axis=1)

    def three(values: np.ndarray) -> np.ndarray:
        return np.lib.stride_tricks.sliding_window_view(values, 3, axis=1)

    def of(array: xr.DataArray, country: str) -> xr.DataArray:
        return array.sel(country=country)

    gap = whole(
        of(base["theta_past"], pair[1]) - of(base["theta_past"], pair[0]),
        of(base["theta"], pair[1]) - of(base["theta"], pair[0]),
    )
    happens = {
        CAPACITY_CROSSOVER: gap[:, 2:] > 0,
        CAPACITY_CROSSOVER_SUSTAINED: (three(gap) > 0).all(axis=-1),
    }
    if kind != "undefined":
        totals = [
            three(
                whole(
                    base["exports_observed"].sel(supplier=code), base["exports"].sel(supplier=code)
                )
            ).mean(axis=-1)
            for code in pair
        ]
        happens[EXPORT_CROSSOVER] = totals[1] > totals[0]
        single = [
            whole(base["exports_observed"].sel(supplier=code), base["exports"].sel(supplier=code))
            for code in pair
        ]
        happens[EXPORT_CROSSOVER_SINGLE] = (single[1] > single[0])[:, 2:]
        # What each wins of contested orders: as its exports, to have draws of some kind.
        happens[CONTESTED_ORDERS] = happens[EXPORT_CROSSOVER][:, 3:]
        floor = 0.05 * float(base["deliveries_observed"].sel(year=slice(2000, 2009)).mean())
        means = three(whole(base["deliveries_observed"], base["deliveries"])).mean(axis=-1)
        happens[INDEPENDENCE] = means < floor

    asked = {(event, ALL_DOMAINS): answer for event, answer in happens.items()}
    own = apart.sel(scenario=BASELINE)
    leads = {}
    for domain in DOMAINS:
        one = own.sel(domain=domain)
        lead = whole(
            of(one["theta_domain_past"], pair[1]) - of(one["theta_domain_past"], pair[0]),
            of(one["theta_domain"], pair[1]) - of(one["theta_domain"], pair[0]),
        )
        leads[domain] = lead[:, 2:] > 0
        asked[DOMAIN_CROSSOVER, domain] = leads[domain]
        asked[DOMAIN_CROSSOVER_SUSTAINED, domain] = (three(lead) > 0).all(axis=-1)
    every = np.stack(list(leads.values()))
    if kind != "undefined":
        kept = own["main_draw"].values
        joint = happens[EXPORT_CROSSOVER][kept] & happens[CAPACITY_CROSSOVER][kept]
        asked[JUNIOR_EVERYWHERE, ALL_DOMAINS] = joint & every.all(axis=0)
        asked[JUNIOR_IN_NAMED_DOMAINS, ALL_DOMAINS] = joint & every[:-1].all(axis=0)
    number = every.sum(axis=0)
    pd.DataFrame(
        [
            {"scenario": BASELINE, "year": year, "domains": k, "probability": (column == k).mean()}
            for year, column in zip(years, number.T, strict=True)
            for k in range(len(DOMAINS) + 1)
        ]
    ).to_csv(folder / "domains_ahead.csv", index=False)

    pair_columns = {"supplier": pair[0], "recipient": pair[1], "scenario": BASELINE}
    rows, times = [], []
    for (event, domain), answer in asked.items():
        shared = {"domain": domain} | pair_columns
        by = np.maximum.accumulate(answer, axis=1)
        for_good = np.minimum.accumulate(answer[:, ::-1], axis=1)[:, ::-1]
        answers = {"state": answer, "first_passage": by, "lasting": for_good}
        rows += [
            {"event": event, "kind": kind, **shared, "year": year, "probability": share,
             "mc_error": float(np.sqrt(share * (1 - share) / len(by)))}
            for kind, true in answers.items()
            for year, share in zip(years[-true.shape[1] :], true.mean(axis=0), strict=True)
        ]  # fmt: skip
        first = years[-by.shape[1] :][by.argmax(axis=1)][by[:, -1]].astype(float)
        quantiles = (0.5, 0.05, 0.25, 0.75, 0.95)
        found = np.quantile(first, quantiles, method="inverted_cdf") if len(first) else [np.nan] * 5
        keys = ("median_year", "q05", "q25", "q75", "q95")
        times.append(
            {
                "event": event,
                **shared,
                "probability_within_horizon": by[:, -1].mean(),
                **dict(zip(keys, found, strict=True)),
                "horizon": HORIZON,
            }
        )
    pd.DataFrame(rows).to_csv(folder / "events.csv", index=False)
    pd.DataFrame(times).to_csv(folder / "timing.csv", index=False)


def write_sources(forecast: xr.Dataset, folder: Path) -> None:
    """Write the tables of suppliers and of orders, as parts of what the draws deliver."""
    rng = np.random.default_rng(5)
    pair = [forecast.attrs[role] for role in ("supplier", "recipient")]
    base = forecast.sel(scenario=BASELINE)
    whole, imports = base["deliveries"], base["imports"]
    years = np.arange(forecast.sizes["year_future"])
    fades = xr.DataArray(np.exp(-0.5 * years), dims="year_future")
    others = rng.dirichlet([4.0, 3.0, 2.0], size=whole.sizes["draw"]).T
    sellers = [pair[0], "USA", "FRA", "ROW"]
    parts = [whole, *((imports - whole) * xr.DataArray(o, dims="draw") for o in others)]
    known = base["deliveries_observed"]
    rest = base["imports_observed"].sel(recipient=pair[1], drop=True) - known
    past = xr.concat([known, 0.6 * rest, 0.3 * rest, 0.1 * rest], "supplier")
    inputs = xr.Dataset({"deliveries": past.expand_dims(recipient=[pair[1]])})
    inputs = inputs.assign_coords(supplier=sellers)
    futures = forecast.assign(
        from_book=whole * fades, from_unlisted=0.3 * whole * (1 - fades),
        by_seller=xr.concat(parts, "seller").assign_coords(seller=sellers),
    )  # fmt: skip
    for name, table in (
        (sources.ORDERS_FILE, sources.by_order(futures)),
        (sources.SUPPLIERS_FILE, sources.by_supplier(futures, inputs)),
    ):
        (folder / name).unlink(missing_ok=True)
        event_tables.to_csv(table, folder / name)


def _by_domain(rng: np.random.Generator, forecast: xr.Dataset, kind: str) -> xr.Dataset:
    """Half the draws of a forecast, by domain: capacity moved by what each country is strong in."""
    pair = [forecast.attrs[role] for role in ("supplier", "recipient")]
    kept = np.arange(0, forecast.sizes["draw"], 2)
    own = forecast.isel(draw=kept)
    past, future, count = len(PAST), len(FUTURE), len(DOMAINS)
    moved = np.linspace(2.0, -2.0, count) * (0.0 if kind in ("never", "crossed") else 1.0)
    standing = rng.normal(0.0, 0.3, (len(kept), 2, count)) + np.stack([-moved / 2, moved / 2])
    back = own["theta_past"].sel(country=pair).transpose("draw", "country", "year").values
    ahead = own["theta"].sel(country=pair, scenario=BASELINE)
    ahead = ahead.transpose("draw", "country", "year_future").values
    drift = _walk(rng, (len(kept), 2, count, future), 0.1)
    theta = ahead[:, :, None] + standing[..., None] + drift
    share = rng.beta(3, 3, (len(kept), count, past + future))
    parts = rng.dirichlet(np.ones(count), (len(kept), future)).transpose(0, 2, 1)
    total = own["deliveries"].sel(scenario=BASELINE).transpose("draw", "year_future").values
    each = ("draw", "scenario", "domain", "year_future")
    return xr.Dataset(
        {
            "theta_domain": (
                ("draw", "scenario", "country", "domain", "year_future"), theta[:, None]
            ),
            "theta_domain_past": (
                ("draw", "country", "domain", "year"), back[:, :, None] + standing[..., None]
            ),
            "deliveries_domain": (each, (parts * total[:, None])[:, None]),
            "supplier_share": (each, share[:, None, :, past:]),
            "supplier_share_past": (("draw", "domain", "year"), share[..., :past]),
        },
        coords={
            "draw": np.arange(len(kept)),
            "main_draw": ("draw", kept),
            "scenario": [BASELINE],
            "country": pair,
            "domain": list(DOMAINS),
            "year": PAST,
            "year_future": FUTURE,
        },
        attrs=forecast.attrs,
    )


def _domain_levels(apart: xr.Dataset, pair: tuple[str, str], kind: str, folder: Path) -> None:
    theta = apart["theta_domain_past"].sel(year=ORIGIN)
    gaps = theta.sel(country=pair[1]) - theta.sel(country=pair[0])
    shifts = {"chosen": 0.0, "market_weighted": 0.25, "effort_only": 0.7, "by_number": -0.3}
    if kind != "undefined":
        shifts["unit_values"] = -0.1
    rows = []
    for at, domain in enumerate(DOMAINS):
        for name, shift in shifts.items():
            moved = gaps.sel(domain=domain).values + shift
            share = float((moved > 0).mean())
            unit = name == "unit_values"
            rows.append(
                {
                    "domain": domain,
                    "alternative": name,
                    "description": f"Convention {name.replace('_', ' ')}",
                    "probability": share,
                    "mc_error": float(np.sqrt(share * (1 - share) / len(moved))),
                    "gap_median": float(np.median(moved)),
                    "gap_q05": float(np.quantile(moved, 0.05)),
                    "gap_q95": float(np.quantile(moved, 0.95)),
                    "year": ORIGIN,
                    "headline": int(name == "chosen"),
                    "supplier_items": 5 * at if unit else None,
                    "recipient_items": 3 * at + 1 if unit else None,
                }
            )
    pd.DataFrame(rows).to_csv(folder / "levels_domains.csv", index=False)


def _domain_checks(rng: np.random.Generator, pair: tuple[str, str], folder: Path) -> None:
    """Write domain_check.csv, zeros and all, and unit_values.csv."""
    rows = []
    series = [("exports", code) for code in SUPPLIERS] + [("imports", pair[1])]
    for side, country in series:
        for period in PERIODS:
            weight = np.linspace(2.0, 0.05, len(DOMAINS))
            drawn = rng.dirichlet(weight, 200)
            drawn = np.where(drawn < 0.02, 0.0, drawn)
            seen = rng.dirichlet(weight)
            seen = np.where(seen < 0.02, 0.0, seen)
            for at, domain in enumerate(DOMAINS):
                values = drawn[:, at]
                levels = {f"q{q:02d}": np.quantile(values, q / 100) for q in (5, 25, 50, 75, 95)}
                rows.append(
                    {
                        "side": side,
                        "country": country,
                        "domain": domain,
                        "period": period,
                        "observed": seen[at],
                        **levels,
                        "below": (values < seen[at]).mean(),
                        "at": (values == seen[at]).mean(),
                    }
                )
    pd.DataFrame(rows).to_csv(folder / "domain_check.csv", index=False)
    pd.DataFrame(
        [
            {"slope": "within", "median": 0.06, "q05": 0.02, "q95": 0.1, "positive": 0.99},
            {"slope": "between", "median": 0.01, "q05": -0.05, "q95": 0.07, "positive": 0.6},
        ]
    ).to_csv(folder / "unit_values.csv", index=False)


def _domain_layer(rng: np.random.Generator, draws: int, chains: int) -> xr.DataTree:
    """Return what the report reads of the domain layer: parameters, and deliveries on record."""
    priors = tomllib.loads(DOMAIN_PRIORS.read_text("utf-8"))["variable"]
    shape = (chains, draws)
    drawn = {name: _near_prior(rng, entry, shape) for name, entry in priors.items()}
    recipients = (*RECIPIENTS, "RUS")
    size = (len(SUPPLIERS), len(recipients), len(PERIODS), len(DOMAINS))
    orders = rng.poisson(np.linspace(4.0, 0.1, len(DOMAINS)), size).astype(float)
    orders[SUPPLIERS.index("CHN"), recipients.index("CHN")] = 0.0
    orders[SUPPLIERS.index("RUS"), recipients.index("RUS")] = 0.0
    dims = ("supplier", "recipient", "period", "domain")
    constant = xr.Dataset(
        {
            "orders": (dims, orders),
            "volume": (dims, orders * rng.gamma(2.0, 15.0, size)),
            "delivered": (dims, orders * rng.gamma(2.0, 12.0, size)),
            "middle": (("period",), PERIODS - 1.5),
        },
        coords={
            "supplier": list(SUPPLIERS),
            "recipient": list(recipients),
            "period": PERIODS,
            "domain": list(DOMAINS),
        },
    )
    posterior = xr.Dataset(
        {
            "parameters": (
                ("chain", "draw", "parameter"), np.stack(list(drawn.values()), axis=-1)
            )
        },
        coords={
            "chain": np.arange(chains), "draw": np.arange(draws), "parameter": list(drawn),
        },
    )  # fmt: skip
    return xr.DataTree.from_dict({"posterior": posterior, "constant_data": constant})


def _levels(forecast: xr.Dataset, pair: tuple[str, str], kind: str, folder: Path) -> None:
    theta = forecast["theta_past"].sel(year=ORIGIN)
    gap = (theta.sel(country=pair[1]) - theta.sel(country=pair[0])).values
    alternatives = (
        ("chosen", "Unexplained ties of every supplier average to zero over its customers", 0.0),
        ("market_weighted", "The same, customers weighted by what they buy from anyone", 0.25),
        ("free_ties", "A supplier’s mean tie is left free, with the prior of a pair", -0.2),
        ("politics_counted", "Levels read off what the two sides buy from each other", 0.35),
        ("effort_only", "Levels as R&D and military spending alone explain them", 0.7),
    )
    rows = []
    every = np.concatenate([gap + shift for _, _, shift in alternatives])
    alternatives = (("average", "Average over the conventions below", 0.0), *alternatives)
    for at, (name, description, shift) in enumerate(alternatives):
        moved = gap + shift if at else every
        share = float((moved > 0).mean())
        rows.append(
            {
                "alternative": name,
                "description": description,
                "weight": 0.2 if at else 1.0,
                "probability": share,
                "mc_error": float(np.sqrt(share * (1 - share) / len(gap))),
                "gap_median": float(np.median(moved)),
                "gap_q05": float(np.quantile(moved, 0.05)),
                "gap_q95": float(np.quantile(moved, 0.95)),
                "year": ORIGIN,
                "headline": int(at == 0),
            }
        )
    later = [
        row | {"year": year, "probability": row["probability"] * share}
        for year, share in ((2030, 0.95), (2035, 0.9), (2050, 0.8)) for row in rows
    ]  # fmt: skip
    pd.DataFrame(rows + later).to_csv(folder / "levels.csv", index=False)


def _ahead(forecast: xr.Dataset, pair: tuple[str, str], kind: str, folder: Path) -> None:
    """Write arrivals, the change of the gap, and the markets that either could win."""
    drawn = forecast["deliveries"].sel(scenario=BASELINE).transpose("draw", "year_future").values
    shared = {"supplier": pair[0], "recipient": pair[1], "scenario": BASELINE}
    quantiles = np.quantile(drawn, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0).T
    keys = ("q05", "q25", "median", "q75", "q95")
    pd.DataFrame(
        [{**shared, "year": year, "expected": mean, **dict(zip(keys, of, strict=True))}
         for year, mean, of in zip(FUTURE, drawn.mean(axis=0), quantiles, strict=True)]
    ).to_csv(folder / "arrivals.csv", index=False)  # fmt: skip
    pd.DataFrame(
        [{**shared, "level": level, "year": year, "probability": p, "mc_error": 0.01}
         for level in (1.0, 100.0)
         for year, p in zip(FUTURE, (drawn < level).mean(axis=0), strict=True)]
    ).to_csv(folder / "arrivals_below.csv", index=False)  # fmt: skip
    pd.DataFrame(
        [(*pair, years, ORIGIN - years, ORIGIN, part, mean, mean, mean - 0.3, mean + 0.4, 0.8)
         for years in (5, 10) for part, mean in
         (("all", 0.4), ("R&D", 0.1), ("military spending", -0.05), ("the rest", 0.35))],
        columns=["supplier", "recipient", "years", "from_year", "to_year", "part", "mean",
                 "median", "q05", "q95", "p_positive"],
    ).to_csv(folder / "capacity_change.csv", index=False)  # fmt: skip
    markets = [] if kind == "undefined" else [("DZA", "Algeria", 2010, ORIGIN, 11, 4)]
    pd.DataFrame(
        markets, columns=["market", "name", "first_year", "last_year", "orders_supplier",
                          "orders_recipient"],
    ).to_csv(folder / "contested_markets.csv", index=False)  # fmt: skip


def _causes(rng: np.random.Generator, pair: tuple[str, str], folder: Path) -> None:
    """Write causes.csv; a country without exports has no orders that it wins."""
    sides = {
        cause_names.ORDERED: (
            pair[1], (cause_names.BUDGET, cause_names.OWN_RD, cause_names.OWN_CAPACITY,
                      cause_names.PROPENSITY)),
        cause_names.WON: (
            pair[0], (cause_names.R_AND_D, cause_names.MILITARY, cause_names.WALK,
                      cause_names.WAR, cause_names.RIVALS, cause_names.POLITICS,
                      cause_names.MEMORY, cause_names.DEMAND)),
    }  # fmt: skip
    rows = []
    for side, (country, causes) in sides.items():
        middle = rng.normal(0.0, 0.3, len(causes))
        spread = np.append(0.2 * rng.random(len(causes)) + 0.05, [0.3, 0.0])
        listed = middle.sum() + 0.1
        values = np.concatenate([middle, [middle.sum(), listed]])
        for cause, value, wide in zip(
            (*causes, cause_names.ALL, cause_names.LISTED), values, spread, strict=True
        ):
            rows.append((side, country, cause, ORIGIN - 20, ORIGIN - 15, ORIGIN - 5, ORIGIN,
                         value, value - wide, value + wide))  # fmt: skip
    pd.DataFrame(rows, columns=list(cause_names.COLUMNS)).to_csv(
        folder / "causes.csv", index=False
    )


def _posterior(
    rng: np.random.Generator, forecast: xr.Dataset, draws: int, chains: int
) -> xr.DataTree:
    priors = tomllib.loads(PRIORS.read_text("utf-8"))["variable"]
    shape = (chains, draws)
    theta = forecast["theta_past"].sel(country=list(SUPPLIERS)).values
    theta = theta.reshape(chains, draws, len(SUPPLIERS), len(PAST))
    posterior = {
        "supplier_capacity": (("chain", "draw", "supplier", "year"), theta),
        **{
            name: (("chain", "draw"), _near_prior(rng, entry, shape))
            for name, entry in priors.items()
            if entry["top_level"]
        },
    }
    coords = {
        "chain": np.arange(chains),
        "draw": np.arange(draws),
        "supplier": list(SUPPLIERS),
        "year": PAST,
    }
    stats_group = {
        "energy": (("chain", "draw"), rng.normal(2e4, 60.0, shape)),
        "diverging": (("chain", "draw"), np.zeros(shape, bool)),
        "n_steps": (("chain", "draw"), np.full(shape, 31)),
    }
    share = np.array([1.0, 1.5, 2.8, 2.2, 0.7, 0.3])[:, None] * np.exp(
        _walk(rng, (len(COUNTRIES), len(PAST)), 0.03)
    )
    share[3:, ::3] = np.nan
    constant = xr.Dataset(
        {
            "rd_share": (
                ("country", "year"),
                share,
                {
                    "units": "% of GDP",
                    "long_name": "R&D expenditure",
                    "source": "World Bank, World Development Indicators, GB.XPD.RSDV.GD.ZS",
                },
            ),
            "gdp": (
                ("country", "year"),
                np.full(share.shape, 1e12),
                {
                    "units": "constant 2021 PPP $",
                    "long_name": "Gross domestic product",
                    "source": "World Bank, World Development Indicators, NY.GDP.MKTP.PP.KD",
                },
            ),
            "tiv": (
                ("supplier", "recipient", "year"),
                np.zeros((len(SUPPLIERS), len(RECIPIENTS), len(PAST))),
                {
                    "units": "TIV million",
                    "long_name": "Deliveries of major conventional arms",
                    "source": "SIPRI Arms Transfers Database, delivery lines",
                },
            ),
        },
        coords={
            "country": list(COUNTRIES),
            "supplier": list(SUPPLIERS),
            "recipient": list(RECIPIENTS),
            "year": PAST,
        },
        attrs={
            "country_names": json.dumps(NAMES),
            "as_of": "2026-04-30",
            "vintages": json.dumps(
                {
                    "country_years/rd_share": "2026-04-08",
                    "country_years/gdp_ppp_constant": "2026-04-08",
                    "transfers/deliveries": "2026-02-12",
                    "votes/ideal_point": "2025-07-31",
                }
            ),
            "assumed_share": json.dumps({"rd_share": 0.12, "gdp": 0.3, "tiv": 0.0}),
            "sources": json.dumps(
                [
                    {
                        "title": "SIPRI Arms Transfers Database",
                        "path": "https://www.sipri.org/databases/armstransfers",
                        "terms": "Free for non-commercial use with attribution",
                    },
                    {
                        "title": "World Bank, World Development Indicators",
                        "path": "https://databank.worldbank.org",
                        "terms": "CC BY 4.0",
                    },
                ]
            ),
        },
    )
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior, coords),
            "sample_stats": xr.Dataset(stats_group, {k: coords[k] for k in ("chain", "draw")}),
            "constant_data": constant,
        }
    )


def _near_prior(
    rng: np.random.Generator, entry: Mapping[str, Any], shape: tuple[int, int]
) -> np.ndarray:
    """Draws of about half the width of a prior."""
    normal = np.clip(0.3 + 0.5 * rng.normal(size=shape), -3.0, 3.0)
    return FAMILIES[entry["family"]](entry).ppf(stats.norm.cdf(normal))


def _record(passed: bool, quick: bool, draws: int, chains: int) -> dict[str, Any]:
    rhat = 1.004 if passed else 1.083
    return {
        "id": "synthetic-0001",
        "created": "2026-05-04T10:11:12+00:00",
        "command": "crossover run --seed 11",
        "seed": 11,
        "as_of": "2026-04-30",
        "quick": quick,
        "code": {"version": "0.1.0", "commit": "0123456789abcdef", "dirty": True},
        "packages": {"numpy": "2.5.5", "pymc": "6.4.0", "nutpie": "0.16.11", "typst": "0.15.2"},
        "hashes": {"panel": "ab" * 32, "priors": "cd" * 32, "posterior": "ef" * 32},
        "seconds": {"sample": 181.25, "forecast": 9.5},
        "draws": draws,
        "chains": chains,
        "gate": {
            "passed": passed,
            "checks": [
                {
                    "name": "rhat",
                    "value": rhat,
                    "threshold": 1.01,
                    "passed": passed,
                    "where": "walk_sd",
                },
                {
                    "name": "ess_bulk",
                    "value": 612.4,
                    "threshold": 400,
                    "passed": True,
                    "where": "demand_sd",
                },
                {
                    "name": "ess_tail",
                    "value": 540.9,
                    "threshold": 400,
                    "passed": True,
                    "where": "capacity_crossover by 2050",
                },
                {
                    "name": "divergences",
                    "value": 0,
                    "threshold": 0,
                    "passed": True,
                    "where": "all chains",
                },
                {
                    "name": "ebfmi",
                    "value": 0.71,
                    "threshold": 0.3,
                    "passed": True,
                    "where": "chain 3",
                },
            ],
        },
        "warnings": ["A warning of the run, printed as it stands."],
    }
