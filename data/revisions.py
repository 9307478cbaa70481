"""How figures move after they are first published: one figure's history, and statistics of all.

Only releases that were kept count, never assumed dates. Figures are compared within one unit: a
change of base year is no revision.
"""

from __future__ import annotations

import datetime
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from crossover.data import look, look_up, providers, renames
from crossover.data.build import TRANSFERS_DELAY, VOTES_DELAY
from crossover.data.errors import InputError, fault
from crossover.data.look import Answer
from crossover.data.tables import KEYS, Panel, indicators, read

LATE = datetime.timedelta(days=366)
"""A figure first kept later than this after its usual day was not kept when it was first out."""
LEAST = 5
"""Fewest figures of which a k-th release gets a row."""


OF_WEAPONS = (look.ORDERS, look.UNIT_VALUES, look.DESCRIPTIONS)
"""Tables of one series each, named as the series."""
KNOWN = (look.DELIVERIES, look.ORDERS, look.IDEAL_POINT, look.UNIT_VALUES, *look.FLOWS)
"""Series, other than indicators, whose histories are shown."""


class Published(NamedTuple):
    """A figure as one release gave it."""

    series: str
    label: str
    year: int
    unit: str
    source: str
    vintage: str
    value: float


def history(
    series: str,
    *,
    country: str | None = None,
    supplier: str | None = None,
    recipient: str | None = None,
    span: look.Years | None = None,
    folder: Panel = None,
) -> Answer:
    """Show what each kept release said of a figure, or of several years of it.

    Parameters
    ----------
    series : name as `look.listing` gives it.
    country : ISO3 code or name, for country-year series.
    supplier, recipient : for deliveries.
    span : first and last year; all when None.
    folder : the panel's folder, or a base and additions to it.

    Returns
    -------
    Answer : label, year, release, value, unit, change against the first release of the same unit
        and against the one before (absolute, and the first also relative), source.

    Raises
    ------
    InputError : see `look.show`.
    """
    look.check_series(series)
    if series not in (*indicators(), *KNOWN):
        rule = "has no history here; see 'crossover data show --every-vintage'"
        raise InputError(fault(rule, column="--indicator", value=series))
    found = look_up.show(
        series, country=country, supplier=supplier, recipient=recipient, span=span,
        every_vintage=True, folder=folder,
    )  # fmt: skip
    if series == look.UNIT_VALUES:
        wanted = {"supplier": [found.rows[0][0]], "assumed": ["0"]}
        figures = [
            one
            for one in published(series, read(series, folder, wanted))
            if span is None or span[0] <= one.year <= span[1]
        ]
    else:
        figures = [_published(series, found, row) for row in found.rows]
    held: dict[tuple, list[Published]] = defaultdict(list)
    rows = []
    for one in sorted(figures, key=lambda f: (f.label, f.year, f.vintage, f.source)):
        source = one.source if series in indicators() else ""
        before = held[one.label, one.year, one.unit, source]
        first, last = (before[0], before[-1]) if before else (None, None)
        since = one.value - first.value if first else None
        share = since / abs(first.value) if first and first.value else None
        step = one.value - last.value if last else None
        told = (one.label, one.year, one.vintage, one.value, one.unit)
        rows.append((*told, since, share, step, one.source))
        before.append(one)
    header = (
        "figure", "year", "released", "value", "unit", "since first", "since first, share",
        "since the one before", "source",
    )  # fmt: skip
    return Answer(f"Every kept release: {found.title}", header, rows)


def _published(series: str, answer: Answer, row: tuple) -> Published:
    cells = dict(zip(answer.header, row, strict=True))
    value = cells["value"] if "value" in cells else cells.get(look.TIV)
    if value is None:
        value = cells[f"ordered, {look.TIV}"]
    return Published(
        series,
        cells.get("country") or answer.title.split(", ")[1],
        cells.get("year", cells.get("year of order")),
        cells.get("unit") or look.unit(series),
        cells.get("source", ""),
        cells["released"],
        value,
    )


def kth_releases(series: str | None = None, folder: Panel = None) -> Answer:
    """Say by how much the k-th kept release of a figure differs from the first, by source.

    Figures whose first kept release came more than a year after the provider's usual day are left
    out: they were not kept when they were new.

    Parameters
    ----------
    series : one series only; all when None.
    folder : the panel's folder, or a base and additions to it.

    Returns
    -------
    Answer : source, series, k, number of figures, share that differ at all, median relative
        difference and its 5 and 95 % quantiles (fractions of the first figure).

    Raises
    ------
    InputError : an unknown series, or one of which no figure was kept in two releases.
    """
    if series is not None:
        look.check_series(series)
    runs: dict[tuple, list[Published]] = defaultdict(list)
    for one in _all(series, folder):
        runs[one.source, one.series, one.label, one.year, one.unit].append(one)
    by_k: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for (source, name, *_), held in runs.items():
        held.sort(key=lambda figure: figure.vintage)
        first = held[0]
        if not first.value or not _timely(name, first):
            continue
        for k, one in enumerate(held[1:], start=2):
            by_k[source, name, k].append((one.value - first.value) / abs(first.value))
    rows = []
    for (source, name, k), moved in sorted(by_k.items()):
        if len(moved) >= LEAST:
            share = sum(abs(size) > 1e-6 for size in moved) / len(moved)
            low, high = quantile(moved, 0.05), quantile(moved, 0.95)
            middle = statistics.median(moved)
            rows.append((source, name, k, len(moved), *_round(share, middle, low, high)))
    if not rows:
        raise InputError(f"no figure of {series or 'the panel'} was kept in two releases")
    header = ("source", "series", "release", "figures", "share revised", "median", "5 %", "95 %")
    title = "Difference of the k-th release from the first, as a share of the first"
    return Answer(title, header, rows)


def _round(*values: float) -> tuple[float, ...]:
    return tuple(round(value, 4) + 0.0 for value in values)


def quantile(values: Iterable[float], level: float) -> float:
    """Return a quantile by linear interpolation between order statistics."""
    ordered = sorted(values)
    at = level * (len(ordered) - 1)
    low, high = math.floor(at), math.ceil(at)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _usual(series: str, year: int) -> datetime.date:
    """Return the day on which a provider usually has a figure out."""
    if series in indicators():
        known = indicators()[series]
        delay = (known.lag_years, known.lag_day)
    else:
        delay = VOTES_DELAY if series == look.IDEAL_POINT else TRANSFERS_DELAY
    return datetime.date.fromisoformat(f"{year + delay[0]}-{delay[1]}")


def _timely(series: str, first: Published) -> bool:
    return datetime.date.fromisoformat(first.vintage) <= _usual(series, first.year) + LATE


def _all(series: str | None, folder: Panel) -> Iterator[Published]:
    """Yield every figure of every kept release, of one series or of all."""
    kept = {"assumed": ["0"]}
    if series is None or series in indicators():
        where = kept | ({"indicator": [series]} if series else {})
        yield from published("country_years", read("country_years", folder, where))
    for table, named in (("votes", look.IDEAL_POINT), *((name, name) for name in OF_WEAPONS)):
        if series in (None, named):
            where = kept if "assumed" in KEYS[table] else None
            yield from published(table, read(table, folder, where))
    if series in (None, look.DELIVERIES, *look.FLOWS):
        covered = {
            (year, row.vintage)
            for row in read("vintages", folder)
            if row.table == "transfers" and not row.assumed
            for year in range(row.first_year, row.last_year + 1)
        }
        found = published("transfers", read("transfers", folder, kept), covered)
        yield from (one for one in found if series in (None, one.series))
        yield from (
            one
            for one in published("totals", read("totals", folder))
            if series in (None, one.series) and (one.year, one.vintage) not in covered
        )


_SINGLE: dict[str, Callable[[Any], tuple]] = {
    "country_years": lambda r: (
        r.indicator, r.country, r.year, r.unit, r.source, r.vintage, r.value
    ),
    "votes": lambda r: (
        look.IDEAL_POINT, r.country, r.year, "1", providers.VOTES.title, r.vintage, r.ideal_point
    ),
    "totals": lambda r: (
        r.flow, r.country, r.year, look.TIV, providers.TRANSFERS.title, r.vintage, r.tiv
    ),
}  # fmt: skip
"""Tables of which every row is a figure."""


def published(
    table: str, rows: Iterable, covered: Iterable[tuple[int, str]] = ()
) -> Iterator[Published]:
    """Yield the figures that rows of a table make up.

    Parameters
    ----------
    table : country_years, votes, totals, transfers, orders, unit_values or descriptions.
    rows : rows of it, of any releases.
    covered : of transfers, (year, release) of which everything is known: a pair without a row has
        zero there.

    Yields
    ------
    Published : of transfers and orders the sums of each pair, of transfers also those of each
        country; of weapons what is delivered under all names of one class (see `data.renames`),
        and of unit values the highest.
    """
    if table in _SINGLE:
        yield from (Published(*_SINGLE[table](row)) for row in rows)
    elif table == "transfers":
        yield from _deliveries(rows, covered)
    else:
        yield from _of_weapons(table, rows)


def _deliveries(rows: Iterable, covered: Iterable[tuple[int, str]]) -> Iterator[Published]:
    """Yield deliveries of each pair and totals of each country, zeros of covered years too."""
    sums: dict[tuple[str, str, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        for name, label in (
            (look.DELIVERIES, f"{row.supplier}-{row.recipient}"),
            ("exports", row.supplier),
            ("imports", row.recipient),
        ):
            sums[name, label, row.year][row.vintage] += row.tiv
    releases: dict[int, list[str]] = defaultdict(list)
    for year, vintage in covered:
        releases[year].append(vintage)
    title = providers.TRANSFERS.title
    for (name, label, year), held in sums.items():
        for vintage in releases[year]:
            yield Published(name, label, year, look.TIV, title, vintage, held.get(vintage, 0.0))


def _of_weapons(table: str, rows: Iterable) -> Iterator[Published]:
    """Yield orders of each pair, and figures by the weapon's name: of all names of one class."""
    figures: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for row in rows:
        if table == look.ORDERS:
            key, value = (f"{row.supplier}-{row.recipient}", row.order_year), row.ordered_tiv
        elif table == look.UNIT_VALUES:
            key = (f"{row.supplier} {renames.common(row.weapon_class)}", row.year)
            value = row.tiv_unit
        else:
            key, value = (renames.common(row.description), row.year), row.tiv
        figures[*key, row.vintage].append(value)
    whole = max if table == look.UNIT_VALUES else math.fsum
    unit, title = look.OTHER_UNITS[table], providers.TRANSFERS.title
    for (label, year, vintage), values in figures.items():
        yield Published(table, label, year, unit, title, vintage, whole(values))


def renamed(folder: Panel = None) -> list[tuple[str, renames.Rename]]:
    """Return what SIPRI renamed from one kept release to the next: the later one's day, and what.

    Parameters
    ----------
    folder : the panel's folder, or a base and additions to it.
    """
    lines: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in read("descriptions", folder):
        lines[row.vintage][row.year][row.description] += row.n_lines
    before: dict[int, Counter[str]] = {}
    found = []
    for vintage in sorted(lines):
        known = sum((before.get(year, Counter()) for year in lines[vintage]), Counter())
        names = {name for held in lines[vintage].values() for name in held}
        found += [(vintage, rename) for rename in renames.found(known, names)]
        before |= lines[vintage]
    return found
