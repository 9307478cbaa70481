"""What a release changes: its figures set against those that it replaces.

A figure is compared with the newest one before it that is about the same. Of a table that is taken
whole, by year or by release, what is missing now is gone. Figures by a weapon's name are compared
by what the name has in common with its other wordings: see `data.renames`.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from crossover.data import check, renames, vintages
from crossover.data.records import Vintage
from crossover.data.sources.files import Batch
from crossover.data.tables import KEYS, TABLES, key_of

WHOLE_YEARS = ("transfers", "unit_values", "descriptions")
"""Tables of which a year is taken whole from one release."""
WHOLE_RELEASES = ("orders",)
"""Tables of which all rows are taken from one release."""
NAMED = {"descriptions": "description", "unit_values": "weapon_class"}
"""Table → its column with the name of a weapon, which a release may word anew."""
UNTOLD = ("vintage", "assumed", "unit", "source", "indicator")
"""Columns of a key that are the same all through a series, or nearly."""
SAME = 1e-6
"""Relative difference up to which two figures of one release are the same: copies are rounded."""


class Change(NamedTuple):
    """What one release of one series would change, against the releases before it.

    `rows` and `held` count rows of the file, and of them those that are known; the others count
    figures, which differ from rows only where a figure has several names. Sizes are of the revised
    figures, in the series' unit: absolute, and relative to the figure before (None where nothing
    was revised).
    """

    file: str
    table: str
    series: str
    vintage: str
    rows: int
    held: int
    new: int
    unchanged: int
    revised: int
    restated: int
    gone: int
    median: float | None
    largest: float | None
    median_relative: float | None
    largest_relative: float | None
    where: str
    renamed: int


class Revision(NamedTuple):
    """A figure before and now, and what it is about: country, year, domain and the like."""

    about: tuple
    before: float
    now: float

    @property
    def what(self) -> str:
        """What it is about, in words."""
        return " ".join(map(str, self.about))

    @property
    def size(self) -> float:
        """By how much it moved, in its unit."""
        return abs(self.now - self.before)

    @property
    def share(self) -> float | None:
        """By what part of the figure before; None where that is zero."""
        return (self.now - self.before) / abs(self.before) if self.before else None


@dataclass(frozen=True)
class Comparison:
    """What one release of one series would change, figure by figure.

    `unit` is that of the release, empty where the table has no units; `years` counts the new
    figures by year, newest first; `gone` has those that are missing now, the largest first, with
    what they were; `revisions` the revised ones, the largest move first; `renames` what became of
    names that are gone.
    """

    change: Change
    unit: str
    years: tuple[tuple[int, int], ...]
    revisions: tuple[Revision, ...]
    gone: tuple[tuple[tuple, float], ...]
    renames: tuple[renames.Rename, ...]


def compare(batch: Batch, fresh: Sequence, before: Mapping[tuple, Any]) -> Comparison:
    """Set a release against what it replaces.

    Parameters
    ----------
    batch : the release.
    fresh : those of its rows that are not known.
    before : rows that it replaces, by `bare` key: of a whole year or release all of them, else
        those that it has a newer figure of.
    """
    table, about, column = batch.table, _about(batch.table), _year(batch.table)
    unknown = Counter(map(about, fresh))
    then, now = _by(about, before.values()), _by(about, batch.rows)
    counts = Counter(dict.fromkeys(("new", "unchanged", "revised", "restated", "renamed"), 0))
    years: Counter[int] = Counter()
    revised: list[Revision] = []
    for key in unknown:
        ours, theirs = now[key], then.get(key)
        counts["renamed"] += theirs is not None and _names(table, ours) != _names(table, theirs)
        if theirs is None:
            counts["new"] += 1
            years[getattr(ours[0], column)] += 1
            continue
        if getattr(ours[0], "unit", None) != getattr(theirs[0], "unit", None):
            counts["restated"] += 1
            continue
        one = Revision(_told(table, key, ours[0]), _value(table, theirs), _value(table, ours))
        if same(one.before, one.now):
            counts["unchanged"] += 1
        else:
            counts["revised"] += 1
            revised.append(one)
    replaced = {getattr(row, column) for row in fresh} if table in WHOLE_YEARS else None
    lost = {
        _told(table, key, rows[0]): _value(table, rows)
        for key, rows in then.items()
        if fresh and key not in now and (replaced is None or getattr(rows[0], column) in replaced)
    }
    revised.sort(key=lambda one: (-one.size, one.what))
    return Comparison(
        _change(batch, len(fresh), counts, revised, len(lost)),
        getattr(batch.rows[0], "unit", ""),
        tuple(sorted(years.items(), reverse=True)),
        tuple(revised),
        tuple(sorted(lost.items(), key=lambda one: (-abs(one[1]), str(one[0])))),
        tuple(_renames(before.values(), batch, replaced) if table == "descriptions" else ()),
    )


def _change(
    batch: Batch, fresh: int, counts: Counter, revised: Sequence[Revision], gone: int
) -> Change:
    absolute = [one.size for one in revised]
    relative = [abs(one.share) for one in revised if one.share is not None]
    largest = revised[0] if revised else None
    return Change(
        batch.file,
        batch.table,
        batch.series,
        batch.vintage,
        len(batch.rows),
        len(batch.rows) - fresh,
        *(counts[kind] for kind in ("new", "unchanged", "revised", "restated")),
        gone,
        statistics.median(absolute) if absolute else None,
        max(absolute, default=None),
        statistics.median(relative) if relative else None,
        max(relative, default=None),
        f"{largest.what}: {show(largest.before)} → {show(largest.now)}" if largest else "",
        counts["renamed"],
    )


def _renames(before: Iterable, batch: Batch, years: set[int] | None) -> list[renames.Rename]:
    lines: Counter[str] = Counter()
    for row in before:
        if years is None or row.year in years:
            lines[row.description] += row.n_lines
    return renames.found(lines, {row.description for row in batch.rows})


def replaced(batch: Batch, held: Iterable, releases: Iterable[Vintage]) -> dict[tuple, Any]:
    """Return the rows that a whole release replaces: of each year, or in all, the newest before it.

    A register of a part of the world replaces the orders of its own pairs.

    Parameters
    ----------
    batch : the release.
    held : rows of its table that are known.
    releases : the releases that they are of.
    """
    before = [row for row in held if row.vintage < batch.vintage]
    if batch.table in WHOLE_YEARS:
        newest: dict[int, str] = {}
        for row in before:
            newest[row.year] = max(newest.get(row.year, ""), row.vintage)
        before = [row for row in before if row.vintage == newest[row.year]]
    else:
        earlier = (release for release in releases if release.vintage < batch.vintage)
        before = vintages.as_of_orders(before, earlier, None)
    if batch.note == vintages.PART:
        first = vintages.first_orders(batch.rows)
        before = [row for row in before if row.order_year >= first.get(row[:2], row.order_year + 1)]
    return {bare(batch.table)(row): row for row in before}


# What a figure is about -------------------------------------------------------------------------


@functools.cache
def bare(table: str) -> Callable[[tuple], tuple]:
    """Return the function that says what a row is about, whatever its release and unit."""
    return key_of(table, ("vintage", "assumed", "unit"))


@functools.cache
def _about(table: str) -> Callable[[Any], tuple]:
    """Return the function that says what a figure is about, by whatever name it goes."""
    if table == "descriptions":
        return lambda row: (row.year, renames.common(row.description))
    if table == "unit_values":
        return lambda row: (row.supplier, renames.common(row.weapon_class), row.year)
    return bare(table)


def _by(about: Callable[[Any], tuple], rows: Iterable) -> dict[tuple, list]:
    found: dict[tuple, list] = defaultdict(list)
    for row in rows:
        found[about(row)].append(row)
    return dict(found)


def _names(table: str, rows: Iterable) -> set[str]:
    return {getattr(row, NAMED[table]) for row in rows} if table in NAMED else set()


def _value(table: str, rows: Iterable) -> float:
    """Return a figure from the rows it is made of: a sum, or of unit values the highest."""
    values = [getattr(row, value_of(table)) for row in rows]
    return max(values) if table == "unit_values" else math.fsum(values)


def _year(table: str) -> str:
    return "order_year" if table == "orders" else "year"


def _told(table: str, key: tuple, row: Any) -> tuple:
    """Return what is said of a figure: of weapons what their names have in common."""
    return key if table in NAMED else key_of(table, UNTOLD)(row)


def name(table: str, row: tuple) -> str:
    """Return what a row is about, in words."""
    return " ".join(map(str, key_of(table, UNTOLD)(row)))


@functools.cache
def value_of(table: str) -> str:
    """Return the column of a table that its figures stand in."""
    kinds = TABLES[table].__annotations__
    return next(c for c, kind in kinds.items() if kind is float and c not in KEYS[table])


def series_of(table: str, row: Any) -> str:
    """Return the series that a row belongs to, as `data list` names it."""
    for column in ("indicator", "flow"):
        if hasattr(row, column):
            return getattr(row, column)
    return check.SERIES.get(table, table)


def same(one: object, other: object) -> bool:
    """Say whether two cells hold the same, numbers up to their rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=1e-9)
    return one == other


def show(value: object) -> str:
    """Return a cell as it is printed in a message."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
