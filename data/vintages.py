"""What was known when: select from rows of many vintages those that a date allows.

Pure functions on rows. Nothing released after the date passes, whatever the table. A figure whose
release date was not kept carries an assumed one (the provider's usual delay) and is marked so.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from crossover.data.errors import InputError, fault
from crossover.data.records import CountryYear, Order, Transfer, Vintage, Vote

LATEST = "9999-12-31"
PART = "trade register of a part of the world: orders of its own pairs alone"
"""What the table of releases notes of a register that leaves other pairs' orders as they were."""


def day(as_of: datetime.date | None) -> str:
    """Return an as-of date as ISO text; None means everything that is known."""
    return LATEST if as_of is None else as_of.isoformat()


def newest_units(rows: Iterable[CountryYear], as_of: datetime.date | None) -> dict:
    """Return (country, indicator) → unit of its newest eligible vintage.

    A constant-price series changes its base year with the vintage, so figures of two units must
    never stand in one series: the newest release sets the unit. Of two units released on the same
    day, the one last in alphabet, which is the later base year.
    """
    return _units(rows, as_of, lambda row: (row.country, row.indicator))


def _units(rows: Iterable[CountryYear], as_of: datetime.date | None, of: Callable) -> dict:
    limit = day(as_of)
    newest: dict[Any, tuple[str, str]] = {}
    for row in rows:
        if row.vintage <= limit:
            newest[of(row)] = max(newest.get(of(row), ("", "")), (row.vintage, row.unit))
    return {key: unit for key, (_, unit) in newest.items()}


def as_of_country_years(
    rows: Sequence[CountryYear],
    as_of: datetime.date | None,
    units: dict[str, str] | None = None,
) -> list[CountryYear]:
    """Return one row per country, indicator and year: the newest figure known on a date.

    Parameters
    ----------
    rows : figures of any vintage.
    as_of : last day whose releases count; None for all.
    units : indicator → the only unit to take, where countries must be comparable; where absent,
        the unit of the country's own newest eligible vintage.

    Returns
    -------
    list of rows sorted by indicator, country and year. A figure of a release that was kept goes
    before one with an assumed date, even a later one: an assumed date stands in for releases that
    were not kept, and what was added since may be such a release.
    """
    limit = day(as_of)
    own = newest_units(rows, as_of)
    units = units or {}
    known = (
        ((row.indicator, row.country, row.year), row)
        for row in rows
        if row.vintage <= limit
        and row.unit == units.get(row.indicator, own[row.country, row.indicator])
    )
    best = _best(known, lambda row: (-row.assumed, row.vintage, row.source))
    return [best[key] for key in sorted(best)]


def _best(keyed: Iterable[tuple[Any, Any]], rank: Callable) -> dict:
    """Return key → the row of the highest rank, of those of equal rank the first."""
    best: dict = {}
    for key, row in keyed:
        if key not in best or rank(row) > rank(best[key]):
            best[key] = row
    return best


def _kept_and_new(row: Any) -> tuple[int, str]:
    return -row.assumed, row.vintage


def common_units(rows: Iterable[CountryYear], as_of: datetime.date | None) -> dict[str, str]:
    """Return indicator → unit of its newest eligible vintage over all countries."""
    return _units(rows, as_of, lambda row: row.indicator)


def transfer_vintages(
    vintages: Iterable[Vintage], as_of: datetime.date | None, table: str = "transfers"
) -> dict[int, Vintage]:
    """Return year → the newest release of arms transfers known on a date that covers the year.

    `table` may be another of which a year is taken whole from one release, as `unit_values`.

    A release that was kept goes before an assumed one, as in `as_of_country_years`.
    """
    limit = day(as_of)
    covering = (
        (year, row)
        for row in vintages
        if row.table == table and row.vintage <= limit
        for year in range(row.first_year, row.last_year + 1)
    )
    return _best(covering, _kept_and_new)


def as_of_transfers(
    rows: Iterable[Transfer], vintages: Iterable[Vintage], as_of: datetime.date | None
) -> list[Transfer]:
    """Return the deliveries known on a date: for each year all rows of one release.

    A year is taken whole from the newest release that covers it, so that a line which the
    provider has since deleted is gone from the result.
    """
    chosen = {
        (year, row.vintage, row.assumed)
        for year, row in transfer_vintages(vintages, as_of).items()
    }
    return [row for row in rows if (row.year, row.vintage, row.assumed) in chosen]


def order_releases(
    releases: Iterable[Vintage], as_of: datetime.date | None
) -> list[tuple[str, bool]]:
    """Return the registers that count on a date, oldest first: vintage, and whether it is whole.

    They are the newest whole one and the parts that came after it.
    """
    limit = day(as_of)
    is_whole: dict[str, bool] = {}
    for row in releases:
        if row.table == "orders" and row.vintage <= limit:
            is_whole[row.vintage] = row.note != PART or is_whole.get(row.vintage, False)
    whole = max((vintage for vintage, held in is_whole.items() if held), default="")
    return sorted(item for item in is_whole.items() if item[0] >= whole)


def as_of_orders(
    rows: Iterable[Order], releases: Iterable[Vintage], as_of: datetime.date | None
) -> list[Order]:
    """Return the orders known on a date: all rows of the newest whole register.

    A later register of a part of the world takes the place of what was known of each of its own
    pairs, from the first year of order on that it has of the pair.
    """
    by_vintage: dict[str, list[Order]] = {v: [] for v, _ in order_releases(releases, as_of)}
    for row in rows:
        if row.vintage in by_vintage:
            by_vintage[row.vintage].append(row)
    known: list[Order] = []
    for part in by_vintage.values():
        first = first_orders(part)
        known = [
            row
            for row in known
            if row.order_year < first.get((row.supplier, row.recipient), row.order_year + 1)
        ]
        known += part
    return known


def first_orders(rows: Iterable[Order]) -> dict[tuple[str, str], int]:
    """Return (supplier, recipient) → the first year of order."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        pair = (row.supplier, row.recipient)
        first[pair] = min(row.order_year, first.get(pair, row.order_year))
    return first


def as_of_votes(rows: Iterable[Vote], as_of: datetime.date | None) -> list[Vote]:
    """Return one ideal point per country and year: the newest known on a date."""
    limit = day(as_of)
    known = (((row.country, row.year), row) for row in rows if row.vintage <= limit)
    best = _best(known, _kept_and_new)
    return [best[key] for key in sorted(best)]


def require_known(as_of: datetime.date | None, first: str, what: str) -> None:
    """Raise InputError when a date lies before the first release of a table."""
    if day(as_of) < first:
        rule = f"there is no {what} released by that date; the first is of {first}"
        raise InputError(fault(rule, column="--as-of", value=day(as_of)))
