"""How a release is looked at to judge it: its figures by country, by pair, by kind of weapon.

A view is a mapping (label, year) → figure. Volumes add up, and what has no row is zero; figures of
countries stand alone, and what has no row is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from crossover.data import renames

Cells = dict[tuple[str, int], float]
FINE = ("pair", "weapon")
"""Labels of which there are many, so that one more or less says nothing."""
OPEN = "orders not delivered"
"""What is counted of orders beside orders and deliveries: the difference."""
VOLUMES = ("transfers", "orders", "descriptions")
"""Tables of volumes of arms that come whole, so that what has no row is zero."""


@dataclass(frozen=True)
class View:
    """One way to look at a release.

    `measure` is what is counted, where a table counts several things; `noun` what a label is.
    """

    table: str
    noun: str
    measure: str
    cells: Cells

    @property
    def name(self) -> tuple[str, str]:
        """What tells the views of one table apart."""
        return self.measure, self.noun

    @property
    def is_volume(self) -> bool:
        """Whether figures add up and a missing one is zero."""
        return self.table in VOLUMES

    @property
    def is_fine(self) -> bool:
        """Whether labels come and go."""
        return self.noun in FINE


def of(table: str, rows: Iterable[Any]) -> list[View]:
    """Return the views of a release.

    Parameters
    ----------
    table : name of a table of the panel with dated figures.
    rows : rows of one release.
    """
    found = _SEEN[table](rows)
    return [View(table, noun, what, dict(cells)) for (what, noun), cells in found.items()]


Seen = dict[tuple[str, str], Cells]


def _countries(rows: Iterable[Any], what: str, column: str) -> Seen:
    return {(what, "country"): {(row.country, row.year): getattr(row, column) for row in rows}}


def _totals(rows: Iterable[Any]) -> Seen:
    found: Seen = {}
    for row in rows:
        found.setdefault((row.flow, "country"), {})[row.country, row.year] = row.tiv
    return found


def _by_sides(cells: Iterable[tuple[str, str, str, int, float]], what: str) -> Seen:
    """Return volumes by supplier, recipient, pair and domain; cells of these, year and TIV."""
    supplier, recipient, pair, domain = (defaultdict(float) for _ in range(4))
    for seller, buyer, field, year, tiv in cells:
        pair[seller, buyer, year] += tiv
        domain[field, year] += tiv
    for (seller, buyer, year), tiv in pair.items():
        supplier[seller, year] += tiv
        recipient[buyer, year] += tiv
    pairs = {(f"{seller}-{buyer}", year): tiv for (seller, buyer, year), tiv in pair.items()}
    return {
        (what, "supplier"): supplier,
        (what, "recipient"): recipient,
        (what, "pair"): pairs,
        (what, "domain"): domain,
    }


def _transfers(rows: Iterable[Any]) -> Seen:
    return _by_sides(((r[0], r[1], r[3], r[2], r[4]) for r in rows), "deliveries")


def _orders(rows: Iterable[Any]) -> Seen:
    rows = list(rows)
    found = _by_sides((row[:5] for row in rows), "orders")
    found |= _by_sides(((*row[:4], row[5]) for row in rows), "orders delivered")
    delivered = found["orders delivered", "supplier"]
    ordered = found["orders", "supplier"]
    return found | {(OPEN, "supplier"): {key: ordered[key] - delivered[key] for key in ordered}}


def _unit_values(rows: Iterable[Any]) -> Seen:
    cells: Cells = {}
    for row in rows:
        key = (f"{row.supplier} {renames.common(row.weapon_class)}", row.year)
        cells[key] = max(cells.get(key, 0.0), row.tiv_unit)
    return {("values per unit", "weapon"): cells}


def _descriptions(rows: Iterable[Any]) -> Seen:
    category, weapon = defaultdict(float), defaultdict(float)
    for row in rows:
        category[row.category, row.year] += row.tiv
        weapon[renames.common(row.description), row.year] += row.tiv
    return {("deliveries", "category"): category, ("deliveries", "weapon"): weapon}


_SEEN: dict[str, Callable[[Iterable[Any]], Seen]] = {
    "country_years": lambda rows: _countries(rows, "figures", "value"),
    "votes": lambda rows: _countries(rows, "figures", "ideal_point"),
    "totals": _totals,
    "transfers": _transfers,
    "orders": _orders,
    "unit_values": _unit_values,
    "descriptions": _descriptions,
}


def overlap(before: float, now: float) -> float:
    """Return how much of two figures is the same, from 0 to 1."""
    size = abs(before) + abs(now)
    return 1.0 - abs(before - now) / size if size else 1.0
