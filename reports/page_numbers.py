"""The numbers of a web page: the payload of a pair, and the same of each of its other scenarios.

A scenario has the shape of the payload, so that whatever is made of one is made of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from crossover.data.names import (
    BASELINE,
    DOMAIN_CROSSOVER,
    MEAN_YEARS,
    PARTNERSHIP_EVENTS,
    RECIPIENT,
    SCENARIO,
    STATE,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions
from crossover.reports import catalogue
from crossover.reports.payload import freeze
from crossover.reports.payload_flows import arrivals, trailing_mean
from crossover.reports.reading import Tables, fan, gap_over_conventions, read_netcdf

Payload = Mapping[str, Any]


def by_scenario(folder: Path, numbers: Payload) -> dict[str, Payload]:
    """Return the numbers of each scenario of a pair, by name, the baseline first.

    Parameters
    ----------
    folder
        Of the pair's forecast.
    numbers
        The pair's payload, which is the baseline.

    Returns
    -------
    dict
        Name → a payload. Of a scenario other than the baseline, `events`, `arrivals`, the futures
        in `capacity`, `dependence`, `exports`, `domains` and the events in `partnership` are its
        own; what is known up to the origin is everybody's, and the rest is the baseline's.

    Raises
    ------
    InputError
        If a file of the forecast is unreadable.
    """
    with read_netcdf(folder / "forecast.nc", xr.open_dataset) as forecast:
        names = [str(name) for name in forecast[SCENARIO].values if name != BASELINE]
        others = {name: _other(folder, numbers, forecast, name) for name in names}
    return {BASELINE: numbers} | others


def _other(folder: Path, numbers: Payload, forecast: xr.Dataset, name: str) -> Payload:
    future = forecast.sel({SCENARIO: name})
    origin = numbers["origin"]
    tables = Tables(folder / "events.csv", folder / "timing.csv", origin, name)
    past = conventions.past(future).sel({YEAR: slice(None, origin)})
    gap = gap_over_conventions(past, conventions.ahead(future))
    own = {
        "events": [tables.entry(event) for event in catalogue.events()],
        "arrivals": arrivals(folder / "arrivals.csv", folder / "arrivals_below.csv", name),
        "capacity": numbers["capacity"] | gap,
        "dependence": numbers["dependence"] | {
            "deliveries": fan(future["deliveries"], YEAR_FUTURE)
        },
        "exports": _exports(future, numbers),
        "domains": numbers["domains"] | {
            "rows": [_domain(row, tables, origin) for row in numbers["domains"]["rows"]]
        },
        "partnership": numbers["partnership"] | {
            "events": [tables.entry(event) for event in PARTNERSHIP_EVENTS]
        },
    }  # fmt: skip
    return {**numbers, **freeze(own)}


def _exports(future: xr.Dataset, numbers: Payload) -> dict[str, Any]:
    found = dict(numbers["exports"])
    for role in (SUPPLIER, RECIPIENT):
        if found[role]:
            one = {SUPPLIER: numbers["pair"][role]["code"]}
            past = future["exports_observed"].sel({**one, YEAR: slice(None, numbers["origin"])})
            means = trailing_mean(past, future["exports"].sel(one), MEAN_YEARS)
            found[role] = found[role] | {"future": fan(means, YEAR_FUTURE)}
    return found


def _domain(row: Payload, tables: Tables, origin: int) -> Payload:
    """Return a domain's row with a scenario's probabilities from the origin on."""
    event = tables.entry(DOMAIN_CROSSOVER, row["domain"])
    if not event["defined"]:
        return row
    known = [year for year in row["ahead"]["year"] if year < origin]
    ahead = {
        "year": [*known, *event["year"]],
        "probability": [
            *row["ahead"]["probability"][: len(known)], *event["kinds"][STATE]["probability"]
        ],
    }  # fmt: skip
    return {**row, "event": event, "ahead": ahead}
