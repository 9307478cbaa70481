"""What the panel holds by pair of countries: deliveries, orders, unit values and facts."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import xarray as xr

from crossover.data import domains, providers
from crossover.data.names import (
    CLASS_DOMAIN,
    DOMAIN,
    DOMAINS,
    RECIPIENT,
    SUPPLIER,
    WEAPON_CLASS,
    YEAR,
)
from crossover.data.records import Alliance, Country, Order, UnitValue, Vintage
from crossover.data.tables import SOVIET_UNION, Panel, read

RUSSIA = "RUS"

SOVIET_INDUSTRY = ("RUS", "UKR")
"""Suppliers that carried on the production of Soviet arms."""

EARTH_KM = 6371.0


def fill_in(
    axes: dict[str, list], dims: tuple[str, ...], cells: Iterable[tuple], start: float
) -> np.ndarray:
    """Add (label, ..., value) cells into an array over `dims`; a NaN start takes one a cell."""
    at = [{label: i for i, label in enumerate(axes[dim])} for dim in dims]
    values = np.full([len(axes[dim]) for dim in dims], start)
    for *labels, value in cells:
        index = tuple(where[label] for where, label in zip(at, labels, strict=True))
        values[index] = value if np.isnan(start) else values[index] + value
    return values


def source_of(title: str, releases: Iterable[str]) -> str:
    """Name a source by its title and its newest release."""
    newest = max(releases, default="")
    return f"{title}, {newest}" if newest else title


def _as_russia(code: str) -> str:
    return RUSSIA if code == SOVIET_UNION else code


def add_transfers(
    out: xr.Dataset, axes: dict[str, list], rows: list, covering: dict[int, Vintage]
) -> None:
    """Add deliveries (supplier, recipient, domain, year), TIV million."""
    dims = (SUPPLIER, RECIPIENT, DOMAIN, YEAR)
    is_known = np.array([year in covering for year in axes[YEAR]])
    source = source_of(providers.TRANSFERS.title, {r.vintage for r in covering.values()})
    words = {
        "tiv": ("Deliveries of major arms", "TIV million"),
        "n_lines": ("Delivery lines: deals with deliveries in the year", "lines"),
    }
    for column, (long_name, units) in words.items():
        cells = (
            (_as_russia(r.supplier), _as_russia(r.recipient), r.domain, r.year, getattr(r, column))
            for r in rows
        )
        values = np.where(is_known, fill_in(axes, dims, cells, 0.0), np.nan)
        attrs = {"units": units, "long_name": long_name, "source": source}
        attrs["comment"] = "The Soviet Union's stand under RUS, to 1991."
        if column == "tiv":
            out["tiv"] = ((SUPPLIER, RECIPIENT, YEAR), values.sum(axis=2), attrs)
            attrs = attrs | {"long_name": "Deliveries of major arms by technology domain"}
        out["tiv_domain" if column == "tiv" else column] = (dims, values, attrs)


def is_of(row: UnitValue, release: Vintage) -> bool:
    """Say whether a row is of a release."""
    return (row.vintage, row.assumed) == (release.vintage, release.assumed)


def add_unit_values(
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
    values = fill_in(
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
            "source": source_of(providers.TRANSFERS.title, {r.vintage for r in rows}),
            "comment": "The Soviet Union's stand under RUS, to 1991.",
        },
    )


def add_orders(
    out: xr.Dataset,
    axes: dict[str, list],
    rows: list[Order],
    registers: list[tuple[str, bool]],
    releases: list[Vintage],
) -> None:
    """Add what pairs ordered in a year (supplier, recipient, year)."""
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
        values = np.where(is_known, fill_in(axes, dims, cells, 0.0), np.nan)
        days = [vintage for vintage, _ in registers]
        source = source_of(f"{providers.TRANSFERS.title}, trade register", days)
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


def add_facts(
    out: xr.Dataset,
    axes: dict[str, list],
    sample: list[Country],
    as_of: datetime.date | None,
    folder: Panel,
) -> None:
    """Add wars, embargoes, pacts and distances of pairs."""
    known_to = as_of.year if as_of else datetime.MAXYEAR

    def spells(table: str) -> list:
        return [row for row in read(table, folder) if row.first_year <= known_to]

    years = axes[YEAR]

    def span(row) -> range:
        last = years[-1] if row.last_year is None else min(row.last_year, years[-1])
        return range(max(row.first_year, years[0]), last + 1)

    own = "compiled for this project, each row with its source"
    wars = ((r.supplier, year, 1.0) for r in spells("supplier_wars") for year in span(r))
    war = np.minimum(fill_in(axes, (SUPPLIER, YEAR), wars, 0.0), 1.0)
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
    embargo = np.minimum(fill_in(axes, dims, barred, 0.0), 1.0)
    words = {"units": "1", "long_name": "Supplier bound not to deliver to the recipient"}
    out["embargo"] = (dims, embargo, words | {"source": f"embargoes, {own}"})

    pairs = _allies(spells("alliances"), span, suppliers, recipients)
    words = {"units": "1", "long_name": "Members of a common defence pact"}
    ally = np.minimum(fill_in(axes, dims, pairs, 0.0), 1.0)
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
