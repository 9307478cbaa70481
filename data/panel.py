"""The panel as the models see it: one labelled dataset of what was known on a date.

Tables of many vintages go in, one figure a cell comes out, each variable with its unit and source.
Nothing released after the date is in it, nor any war, embargo or pact that began later.

The Soviet Union's deliveries and orders stand under Russia's code (to 1991, before the modelled
window). Its military spending is not carried over, so spending outside the sample starts in 1992.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import xarray as xr

from crossover.data import providers, rebased, vintages
from crossover.data.errors import InputError
from crossover.data.names import (
    COUNTRY,
    DOMAIN,
    DOMAINS,
    FIRST_YEAR,
    PANEL_START,
    RECIPIENT,
    REST,
    SUPPLIER,
    YEAR,
)
from crossover.data.panel_pairs import (
    RUSSIA,
    add_facts,
    add_orders,
    add_transfers,
    add_unit_values,
    fill_in,
    is_of,
    source_of,
)
from crossover.data.records import Country, CountryYear, Total, UnitValue, Vintage
from crossover.data.tables import WORLD, Panel, read

REST_NAME = "Rest of the world"
YEAR_DAYS = 365.25


class Series(NamedTuple):
    """A country-year variable: its indicator, its words, and whose figures it takes.

    Of several sources the first counts and the next ones fill its gaps. `common` is set where
    countries must stand in one unit, the newest release's, whatever else is known of one of them.
    """

    indicator: str
    long_name: str
    common: bool
    sources: tuple[str, ...]


SERIES = {
    "rd_share": Series(
        "rd_share",
        "Gross domestic expenditure on R&D",
        False,
        (providers.WORLD_BANK.title, providers.OECD.title),
    ),
    "gdp": Series(
        "gdp_ppp_constant",
        "GDP at purchasing power parity",
        True,
        (providers.WORLD_BANK.title,),
    ),
    "milex": Series(
        "milex_constant", "Military expenditure", True, (providers.MILITARY.title,)
    ),
    "population": Series("population", "Population", False, (providers.WORLD_BANK.title,)),
    "researchers": Series(
        "researchers", "Researchers in R&D", False, (providers.WORLD_BANK.title,)
    ),
}
"""Variable of the panel → the series it is made from."""


def assemble(as_of: datetime.date | None = None, folder: Panel = None) -> xr.Dataset:
    """Assemble what was known on a date.

    Parameters
    ----------
    as_of : last day whose releases count; None for all.
    folder : the panel's folder, or a base and additions to it (`data.kept.layers`); the
        shipped panel when None.

    Returns
    -------
    xarray.Dataset
        Dims `country`, `supplier` and `recipient` (the sample, then ROW), `domain`, `year`
        (1985 to the last year of any figure in use), and `weapon_class` (SIPRI's descriptions of
        which a unit value is known, by domain and name; their domain is the coordinate
        `class_domain`).

        - (country, year): `rd_share` (% of GDP), `rd_share_age` (years from the end of the data
          year to the figure's release), `gdp` (constant international $), `milex` (constant US$
          million), `population`, `researchers`, `ideal_point`, `exports_total` (TIV million: all
          that is known of the exports of countries that are no suppliers of the sample);
        - (year): `milex_rest`, military expenditure of the world without the sample;
        - (supplier, recipient, year): `tiv`, `ordered_tiv` and `delivered_tiv` by year of order,
          `embargo`, `ally`; with `domain` before year, `tiv_domain` and `n_lines`;
        - (supplier, weapon_class, year): `unit_value` (TIV million per unit), the highest of the
          new systems of the class that the supplier delivered in the year, to anyone; NaN where it
          delivered none, where no known release covers the year, and for ROW;
        - (supplier, year): `war`; (supplier, recipient): `soviet_legacy`, `distance_km`.

        Deliveries and orders are NaN in years that no known release covers, and 0 where a release
        covers the year and names none. Unit values are of the release of their year's deliveries.
        Each variable has `units`, `long_name`, `source`. Texts in
        the attributes: `as_of` (empty for all); as JSON, `country_names` (code → name),
        `vintages` (table/series → newest release in use), `assumed_share` (variable → share of
        the figures in use whose date of release is assumed), `sources` (citations and terms).

    Raises
    ------
    InputError
        The panel lacks a table, or no deliveries of the modelled window were known on that date.
    """
    releases = read("vintages", folder)
    _require_transfers(releases, as_of)
    sample = read("countries", folder)
    figures, world = _figures(as_of, folder)
    newest = vintages.transfer_vintages(releases, as_of)
    covering = {year: release for year, release in newest.items() if year >= PANEL_START}
    wanted = {"vintage": {release.vintage for release in covering.values()}}
    known = vintages.as_of_transfers(read("transfers", folder, wanted), releases, as_of)
    deliveries = [row for row in known if row.year in covering]
    registers = vintages.order_releases(releases, as_of)
    wanted_orders = {"vintage": {vintage for vintage, _ in registers}}
    orders = vintages.as_of_orders(read("orders", folder, wanted_orders), releases, as_of)
    votes = vintages.as_of_votes(read("votes", folder), as_of)

    years = [f.row.year for found in figures.values() for f in found]
    years += [*covering, *(row.year for row in votes)]
    axes = _axes(sample, range(PANEL_START, max(years) + 1))
    out = xr.Dataset(coords={dim: (dim, labels) for dim, labels in axes.items()})
    for name, found in figures.items():
        out[name] = _country_years(axes, ((f.row.country, f.row.year, f.row.value) for f in found))
        out[name].attrs = _words(name, found)
    out["rd_share_age"] = _country_years(
        axes, ((f.row.country, f.row.year, f.age) for f in figures["rd_share"])
    )
    out["rd_share_age"].attrs = out["rd_share"].attrs | {
        "units": "years",
        "long_name": "Years from the end of the data year to the release of the R&D figure",
    }
    out["milex_rest"] = _rest(out["milex"], world)
    out["ideal_point"] = _country_years(
        axes, ((row.country, row.year, row.ideal_point) for row in votes)
    )
    out["ideal_point"].attrs = {
        "units": "1",
        "long_name": "Ideal point in the UN General Assembly, votes on final passage",
        "source": source_of(providers.VOTES.title, [row.vintage for row in votes]),
    }
    totals = _newest_totals(read("totals", folder, {"flow": {"exports"}}), as_of, years)
    out["exports_total"] = _country_years(axes, ((r.country, r.year, r.tiv) for r in totals))
    out["exports_total"].attrs = {
        "units": "TIV million",
        "long_name": "Total exports of major arms, as published in whole millions",
        "source": source_of(providers.TRANSFERS.title, [row.vintage for row in totals]),
    }
    add_transfers(out, axes, deliveries, covering)
    of_units = vintages.transfer_vintages(releases, as_of, "unit_values")
    wanted = {"vintage": {release.vintage for release in of_units.values()}}
    units = [
        row
        for row in read("unit_values", folder, wanted)
        if row.year in covering and is_of(row, of_units[row.year])
    ]
    add_unit_values(out, axes, units)
    add_orders(out, axes, orders, registers, releases)
    add_facts(out, axes, sample, as_of, folder)
    out.attrs = _attributes(as_of, sample, figures, deliveries, units, registers, votes)
    return out


def _newest_totals(
    rows: Iterable[Total], as_of: datetime.date | None, years: Iterable[int]
) -> list[Total]:
    """Return one total a country and year: of the newest release known on a date."""
    limit = vintages.day(as_of)
    first, last = PANEL_START, max(years)
    best: dict[tuple[str, int], Total] = {}
    for row in rows:
        key = (row.country, row.year)
        if row.country == WORLD or row.vintage > limit or not first <= row.year <= last:
            continue
        if key not in best or row.vintage > best[key].vintage:
            best[key] = row
    return list(best.values())


def _require_transfers(releases: Iterable[Vintage], as_of: datetime.date | None) -> None:
    usable = [r for r in releases if r.table == "transfers" and r.last_year >= FIRST_YEAR]
    if not usable:
        raise InputError(f"the panel holds no arms transfers of {FIRST_YEAR} or later")
    first = min(r.vintage for r in usable)
    vintages.require_known(as_of, first, f"figure of arms transfers of {FIRST_YEAR} or later")


class _Figure(NamedTuple):
    row: CountryYear
    age: float


def _figures(
    as_of: datetime.date | None, folder: Panel
) -> tuple[dict[str, list[_Figure]], list[CountryYear]]:
    """Return variable → figures in use, one a country and year; and the world's spending."""
    by_indicator: dict[str, list[CountryYear]] = defaultdict(list)
    wanted = {"indicator": {series.indicator for series in SERIES.values()}}
    limit = vintages.day(as_of)
    for row in read("country_years", folder, wanted):
        if row.vintage <= limit:
            by_indicator[row.indicator].append(row)
    figures: dict[str, list[_Figure]] = {}
    world: list[CountryYear] = []
    for name, series in SERIES.items():
        rows = by_indicator[series.indicator]
        units = vintages.common_units(rows, as_of) if series.common else None
        if series.indicator == rebased.CONSTANT and units:
            rows = rows + rebased.chained(rows, units[series.indicator], as_of, folder)
        chosen: dict[tuple[str, int], _Figure] = {}
        for source in series.sources:
            theirs = [row for row in rows if row.source == source]
            newest = max((row.vintage for row in theirs), default="")
            for row in vintages.as_of_country_years(theirs, as_of, units):
                if row.country == WORLD:
                    world.append(row)
                elif row.year >= PANEL_START:
                    figure = _Figure(row, _age(row, newest))
                    chosen.setdefault((row.country, row.year), figure)
        figures[name] = [chosen[key] for key in sorted(chosen)]
    return figures, world


def _age(row: CountryYear, newest: str) -> float:
    """Return years from the end of the data year to the release that the figure is from.

    Between kept releases a provider went on publishing what it had: a figure with an assumed date
    counts as of the newest release of its series, assumed or not.
    """
    release = datetime.date.fromisoformat(newest if row.assumed else row.vintage)
    return (release - datetime.date(row.year, 12, 31)).days / YEAR_DAYS


def _axes(sample: list[Country], years: Iterable[int]) -> dict[str, list]:
    return {
        COUNTRY: [c.iso3 for c in sample],
        SUPPLIER: [*(c.iso3 for c in sample if c.supplier), REST],
        RECIPIENT: [*(c.iso3 for c in sample if c.recipient), REST],
        DOMAIN: list(DOMAINS),
        YEAR: list(years),
    }


def _country_years(axes: dict[str, list], cells: Iterable[tuple]) -> xr.DataArray:
    dims = (COUNTRY, YEAR)
    return xr.DataArray(
        fill_in(axes, dims, cells, np.nan), dims=dims, coords={dim: axes[dim] for dim in dims}
    )


def _words(name: str, found: list[_Figure]) -> dict[str, str]:
    by_source: dict[str, list[str]] = {source: [] for source in SERIES[name].sources}
    for figure in found:
        by_source[figure.row.source].append(figure.row.vintage)
    units = sorted({figure.row.unit for figure in found})
    return {
        "units": "; ".join(units),
        "long_name": SERIES[name].long_name,
        "source": "; ".join(source_of(s, days) for s, days in by_source.items() if days),
    }


def _rest(milex: xr.DataArray, world: list[CountryYear]) -> xr.DataArray:
    """Return the world's military spending less the sample's, where Russia's is known.

    The world's total holds the provider's own estimates where a country's figure is missing; so a
    member's gaps are bridged (geometrically within, its last figure after), lest they count twice.
    """
    bridged = np.exp(np.log(milex).interpolate_na(YEAR, use_coordinate=True)).ffill(YEAR)
    totals = {row.year: row.value for row in world}
    total = xr.DataArray([totals.get(int(y), np.nan) for y in milex[YEAR]], dims=YEAR)
    rest = (total - bridged.sum(COUNTRY)).where(bridged.sel({COUNTRY: RUSSIA}).notnull())
    rest = rest.drop_vars(COUNTRY, errors="ignore")
    rest.attrs = milex.attrs | {"long_name": "Military expenditure of the rest of the world"}
    return rest


def _attributes(
    as_of: datetime.date | None,
    sample: list[Country],
    figures: dict[str, list[_Figure]],
    deliveries: list,
    units: list[UnitValue],
    registers: list[tuple[str, bool]],
    votes: list,
) -> dict[str, str]:
    used = {
        f"country_years/{SERIES[name].indicator}": [f.row for f in found]
        for name, found in figures.items()
    }
    used |= {"transfers/deliveries": deliveries, "votes/ideal_point": votes}
    newest = {key: max(row.vintage for row in rows) for key, rows in used.items() if rows}
    if registers:
        newest["orders/orders"], _ = registers[-1]
    in_use = {name: [f.row for f in found] for name, found in figures.items()}
    in_use |= {"tiv": deliveries, "unit_value": units, "ideal_point": votes}
    share = {
        name: round(sum(row.assumed for row in rows) / len(rows), 4)
        for name, rows in in_use.items()
        if rows
    }
    cited = [
        {"title": p.title, "citation": p.citation, "terms": p.terms, "path": p.path}
        for p in providers.PROVIDERS
    ]
    names = {c.iso3: c.name for c in sample} | {REST: REST_NAME}
    return {
        "as_of": as_of.isoformat() if as_of else "",
        "country_names": json.dumps(names, ensure_ascii=False),
        "vintages": json.dumps(newest),
        "assumed_share": json.dumps(share),
        "sources": json.dumps(cited, ensure_ascii=False),
    }
