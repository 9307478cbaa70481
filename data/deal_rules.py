"""Rules of the tables of deals that no single row can break: forms, registers, deliveries, sums.

Used by `data.check`; each broken rule becomes a fault there.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol

from crossover.data.names import ALL_SUPPLIERS
from crossover.data.tables import RESTATED

Broken = tuple[str, int | None, str, str, str]
"""File, line, column, value, rule."""
DEALS, DELIVERIES, MARKS, REGISTERS = (f"{table}.csv.gz" for table in RESTATED)
SUMMED = 0.01
"""TIV million: sums of some hundred deals whose volumes have two decimals."""


class Rows(Protocol):
    """The rows of a table as texts, and the line that each stands on."""

    lines: Sequence[int]

    def of(self, *names: str) -> Iterator[tuple[str, ...]]:
        """Return an iterator over some columns, row by row."""


def broken(deals: Rows, deliveries: Rows, marks: Rows, registers: Rows) -> Iterator[Broken]:
    """Yield what the four tables break together."""
    days = {day for (day,) in registers.of("vintage")}
    for column in ("valid_from", "valid_to"):
        for (day,), line in zip(deals.of(column), deals.lines, strict=True):
            if day and day not in days:
                yield DEALS, line, column, day, "must be the date of a register in registers"
    yield from _forms(deals)
    known = {deal for (deal,) in deals.of("deal")}
    for file, rows in ((DELIVERIES, deliveries), (MARKS, marks)):
        for (deal,), line in zip(rows.of("deal"), rows.lines, strict=True):
            if deal not in known:
                yield file, line, "deal", deal, "has no row in deals"
    marked = {deal for (deal,) in marks.of("deal")}
    for (deal,), line in zip(deals.of("deal"), deals.lines, strict=True):
        if deal not in marked:
            yield DEALS, line, "deal", deal, "has no row in deal_marks"
    yield from _sums(deals, registers)


def _forms(deals: Rows) -> Iterator[Broken]:
    """Yield forms of one deal that stand at one time."""
    forms: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    columns = deals.of("deal", "valid_from", "valid_to")
    for (deal, begins, ends), line in zip(columns, deals.lines, strict=True):
        forms[deal].append((begins, ends, line))
    for held in forms.values():
        held.sort()
        for (_, ends, _), (begins, _, line) in itertools.pairwise(held):
            if not ends or ends > begins:
                rule = f"the form of the deal before it stands until {ends or 'now'}"
                yield DEALS, line, "valid_from", begins, rule


def _sums(deals: Rows, registers: Rows) -> Iterator[Broken]:
    """Yield registers of all suppliers and years whose open orders the table does not hold."""
    columns = deals.of("valid_from", "valid_to", "order_year", "tiv_ordered", "tiv_delivered")
    forms = [
        (begins, ends, year, max(0.0, float(ordered or 0) - float(delivered)))
        for begins, ends, year, ordered, delivered in columns
    ]
    columns = registers.of("vintage", "suppliers", "first_order_year", "undelivered_tiv")
    for (day, suppliers, first, said), line in zip(columns, registers.lines, strict=True):
        standing = [
            (year, volume)
            for begins, ends, year, volume in forms
            if begins <= day and (not ends or day < ends)
        ]
        whole = suppliers == ALL_SUPPLIERS and first
        if whole and all(year >= first for year, _ in standing):
            total = sum(volume for _, volume in standing)
            if abs(total - float(said)) > SUMMED:
                rule = f"the deals that stood then have {total:.2f} undelivered"
                yield REGISTERS, line, "undelivered_tiv", said, rule
