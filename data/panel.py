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
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import xarray as xr

from crossover.data import domains, providers, vintages
from crossover.data.errors import InputError
from crossover.data.names import (
    CLASS_DOMAIN,
    COUNTRY,
    DOMAIN,
    DOMAINS,
    FIRST_YEAR,
    PANEL_START,
    RECIPIENT,
    REST,
    SUPPLIER,
    WEAPON_CLASS,
    YEAR,
)
from crossover.data.tables import (
    SOVIET_UNION,
    WORLD,
    Alliance,
    Country,
    CountryYear,
    Order,
    Panel,
    Total,
    UnitValue,
    Vintage,
    read,
)

REST_NAME = "Rest of the world"
RUSSIA = "RUS"
SOVIET_INDUSTRY = ("RUS", "UKR")
"""Suppliers that carried on the production of Soviet arms."""
EARTH_KM = 6371.0
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
    folder : the panel's folder, or a base and additions to it (`data.additions.layers`); the
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
    covering = {
        year: release
        for year, release in vintages.transfer_vintages(releases, as_of).items()
        if year >= PANEL_START
    }
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
        "source": _source(providers.VOTES.title, [row.vintage for row in votes]),
    }
    totals = _newest_totals(read("totals", folder, {"flow": {"exports"}}), as_of, years)
    out["exports_total"] = _country_years(axes, ((r.country, r.year, r.tiv) for r in totals))
    out["exports_total"].attrs = {
        "units": "TIV million",
        "long_name": "Total exports of major arms, as published in whole millions",
        "source": _source(providers.TRANSFERS.title, [row.vintage for row in totals]),
    }
    _add_transfers(out, axes, deliveries, covering)
    of_units = vintages.transfer_vintages(releases, as_of, "unit_values")
    wanted = {"vintage": {release.vintage for release in of_units.values()}}
    units = [
        row
        for row in read("unit_values", folder, wanted)
        if row.year in covering and _is_of(row, of_units[row.year])
    ]
    _add_unit_values(out, axes, units)
    _add_orders(out, axes, orders, registers, releases)
    _add_facts(out, axes, sample, as_of, folder)
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


def _fill(
    axes: dict[str, list], dims: tuple[str, ...], cells: Iterable[tuple], start: float
) -> np.ndarray:
    """Add (label, ..., value) cells into an array over `dims`; a NaN start takes one a cell."""
    at = [{label: i for i, label in enumerate(axes[dim])} for dim in dims]
    values = np.full([len(axes[dim]) for dim in dims], start)
    for *labels, value in cells:
        index = tuple(where[label] for where, label in zip(at, labels, strict=True))
        values[index] = value if np.isnan(start) else values[index] + value
    return values


def _country_years(axes: dict[str, list], cells: Iterable[tuple]) -> xr.DataArray:
    dims = (COUNTRY, YEAR)
    return xr.DataArray(
        _fill(axes, dims, cells, np.nan), dims=dims, coords={dim: axes[dim] for dim in dims}
    )


def _source(title: str, releases: Iterable[str]) -> str:
    newest = max(releases, default="")
    return f"{title}, {newest}" if newest else title


def _words(name: str, found: list[_Figure]) -> dict[str, str]:
    by_source: dict[str, list[str]] = {source: [] for source in SERIES[name].sources}
    for figure in found:
        by_source[figure.row.source].append(figure.row.vintage)
    units = sorted({figure.row.unit for figure in found})
    return {
        "units": "; ".join(units),
        "long_name": SERIES[name].long_name,
        "source": "; ".join(_source(s, days) for s, days in by_source.items() if days),
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


def _as_russia(code: str) -> str:
    return RUSSIA if code == SOVIET_UNION else code


def _add_transfers(
    out: xr.Dataset, axes: dict[str, list], rows: list, covering: dict[int, Vintage]
) -> None:
    dims = (SUPPLIER, RECIPIENT, DOMAIN, YEAR)
    is_known = np.array([year in covering for year in axes[YEAR]])
    source = _source(providers.TRANSFERS.title, {r.vintage for r in covering.values()})
    words = {
        "tiv": ("Deliveries of major arms", "TIV million"),
        "n_lines": ("Delivery lines: deals with deliveries in the year", "lines"),
    }
    for column, (long_name, units) in words.items():
        cells = (
            (_as_russia(r.supplier), _as_russia(r.recipient), r.domain, r.year, getattr(r, column))
            for r in rows
        )
        values = np.where(is_known, _fill(axes, dims, cells, 0.0), np.nan)
        attrs = {"units": units, "long_name": long_name, "source": source}
        attrs["comment"] = "The Soviet Union's stand under RUS, to 1991."
        if column == "tiv":
            out["tiv"] = ((SUPPLIER, RECIPIENT, YEAR), values.sum(axis=2), attrs)
            attrs = attrs | {"long_name": "Deliveries of major arms by technology domain"}
        out["tiv_domain" if column == "tiv" else column] = (dims, values, attrs)


def _is_of(row: UnitValue, release: Vintage) -> bool:
    return (row.vintage, row.assumed) == (release.vintage, release.assumed)


def _add_unit_values(
    out: xr.Dataset,
    axes: dict[str, list],
    rows: list[UnitValue],
) -> None:
    """Add `unit_value`; where the Soviet Union and Russia both have one, the higher counts.

    Releases that were added before SIPRI reworded a class have it in the old words.
    """
    highest: dict[tuple[str, str, int], float] = {}
    for row in rows:
        key = (_as_russia(row.supplier), domains.newest(row.weapon_class), row.year)
        highest[key] = max(row.tiv_unit, highest.get(key, 0.0))
    domain_of = {domains.newest(row.weapon_class): row.domain for row in rows}
    classes = sorted(domain_of, key=lambda name: (DOMAINS.index(domain_of[name]), name))
    dims = (SUPPLIER, WEAPON_CLASS, YEAR)
    values = _fill(
        axes | {WEAPON_CLASS: classes}, dims, ((*k, v) for k, v in highest.items()), np.nan
    )
    out.coords[WEAPON_CLASS] = np.array(classes, dtype=str)
    out.coords[CLASS_DOMAIN] = (
        WEAPON_CLASS,
        np.array([domain_of[name] for name in classes], dtype=str),
        {"long_name": "Technology domain of the class"},
    )
    out["unit_value"] = (
        dims,
        values,
        {
            "units": "TIV million per unit",
            "long_name": "Highest value per unit of the new systems of the class delivered",
            "source": _source(providers.TRANSFERS.title, {r.vintage for r in rows}),
            "comment": "The Soviet Union's stand under RUS, to 1991.",
        },
    )


def _add_orders(
    out: xr.Dataset,
    axes: dict[str, list],
    rows: list[Order],
    registers: list[tuple[str, bool]],
    releases: list[Vintage],
) -> None:
    dims = (SUPPLIER, RECIPIENT, YEAR)
    is_known = _covered_by_orders(axes, rows, registers, releases)
    years = set(axes[YEAR])
    words = {
        "ordered_tiv": "Major arms ordered in the year",
        "delivered_tiv": "Of the arms ordered in the year, delivered since",
    }
    for column, long_name in words.items():
        cells = (
            (_as_russia(r.supplier), _as_russia(r.recipient), r.order_year, getattr(r, column))
            for r in rows
            if r.order_year in years
        )
        values = np.where(is_known, _fill(axes, dims, cells, 0.0), np.nan)
        days = [vintage for vintage, _ in registers]
        source = _source(f"{providers.TRANSFERS.title}, trade register", days)
        out[column] = (dims, values, {"units": "TIV million", "long_name": long_name})
        out[column].attrs["source"] = source


def _covered_by_orders(
    axes: dict[str, list],
    rows: list[Order],
    registers: list[tuple[str, bool]],
    releases: list[Vintage],
) -> np.ndarray:
    """Return of which (supplier, recipient, year) orders are known: a part covers its own pairs."""
    years = np.array(axes[YEAR])
    covered = np.zeros([len(axes[dim]) for dim in (SUPPLIER, RECIPIENT, YEAR)], dtype=bool)
    last = 0
    for vintage, is_whole in registers:
        ends = (r.last_year for r in releases if (r.table, r.vintage) == ("orders", vintage))
        last = max(last, *ends)
        if is_whole:
            covered |= years <= last
            continue
        first: dict[tuple[str, str], int] = {}
        for row in rows:
            if row.vintage == vintage:
                pair = (_as_russia(row.supplier), _as_russia(row.recipient))
                first[pair] = min(row.order_year, first.get(pair, row.order_year))
        for (supplier, recipient), year in first.items():
            at = axes[SUPPLIER].index(supplier), axes[RECIPIENT].index(recipient)
            covered[at] |= (years >= year) & (years <= last)
    return covered


def _add_facts(
    out: xr.Dataset,
    axes: dict[str, list],
    sample: list[Country],
    as_of: datetime.date | None,
    folder: Panel,
) -> None:
    known_to = as_of.year if as_of else datetime.MAXYEAR

    def spells(table: str) -> list:
        return [row for row in read(table, folder) if row.first_year <= known_to]

    years = axes[YEAR]

    def span(row) -> range:
        last = years[-1] if row.last_year is None else min(row.last_year, years[-1])
        return range(max(row.first_year, years[0]), last + 1)

    own = "compiled for this project, each row with its source"
    wars = ((r.supplier, year, 1.0) for r in spells("supplier_wars") for year in span(r))
    war = np.minimum(_fill(axes, (SUPPLIER, YEAR), wars, 0.0), 1.0)
    words = {"units": "1", "long_name": "Supplier at war, drawing on its own stocks"}
    out["war"] = ((SUPPLIER, YEAR), war, words | {"source": f"supplier_wars, {own}"})

    dims = (SUPPLIER, RECIPIENT, YEAR)
    suppliers, recipients = set(axes[SUPPLIER]), set(axes[RECIPIENT])
    barred = (
        (r.supplier, r.recipient, year, 1.0)
        for r in spells("embargoes")
        if r.supplier in suppliers and r.recipient in recipients
        for year in span(r)
    )
    embargo = np.minimum(_fill(axes, dims, barred, 0.0), 1.0)
    words = {"units": "1", "long_name": "Supplier bound not to deliver to the recipient"}
    out["embargo"] = (dims, embargo, words | {"source": f"embargoes, {own}"})

    pairs = _allies(spells("alliances"), span, suppliers, recipients)
    words = {"units": "1", "long_name": "Members of a common defence pact"}
    ally = np.minimum(_fill(axes, dims, pairs, 0.0), 1.0)
    out["ally"] = (dims, ally, words | {"source": f"alliances, {own}"})

    by_code = {c.iso3: c for c in sample}
    legacy = np.array(
        [
            [float(s in SOVIET_INDUSTRY and r in by_code and by_code[r].soviet_legacy)
             for r in axes[RECIPIENT]]
            for s in axes[SUPPLIER]
        ]
    )
    words = {"units": "1", "long_name": "Heir of Soviet arms industry, forces built on Soviet arms"}
    out["soviet_legacy"] = (dims[:2], legacy, words | {"source": f"countries, {own}"})
    words = {"units": "km", "long_name": "Great-circle distance between capitals"}
    out["distance_km"] = (
        dims[:2],
        _distances(by_code, axes[SUPPLIER], axes[RECIPIENT]),
        words | {"source": f"countries, {own}"},
    )


def _allies(
    members: list[Alliance], span: Callable, suppliers: set[str], recipients: set[str]
) -> set[tuple]:
    """Return (supplier, recipient, year, 1) for members of one pact in one year."""
    in_year: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in members:
        for year in span(row):
            in_year[row.alliance, year].add(row.country)
    return {
        (s, r, year, 1.0)
        for (_, year), states in in_year.items()
        for s in states & suppliers
        for r in states & recipients
        if s != r
    }


def _distances(
    by_code: dict[str, Country], suppliers: list[str], recipients: list[str]
) -> np.ndarray:
    """Return great-circle kilometres between capitals (haversine), NaN for the rest."""

    def radians(codes: list[str]) -> np.ndarray:
        places = [
            (by_code[c].capital_lat, by_code[c].capital_lon) if c in by_code else (np.nan, np.nan)
            for c in codes
        ]
        return np.radians(np.array(places))

    here, there = radians(suppliers)[:, None, :], radians(recipients)[None, :, :]
    half = np.sin((here - there) / 2.0) ** 2
    chord = half[..., 0] + np.cos(here[..., 0]) * np.cos(there[..., 0]) * half[..., 1]
    return 2.0 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))


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
