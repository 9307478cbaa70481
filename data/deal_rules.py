"""Rules of the tables of deals that no single row can break: forms, registers, deliveries, sums.

Used by `data.check`; each broken rule becomes a fault there.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

Line = tuple[int, Mapping[str, str]]
"""A table's line: its number, its cells by column."""
Broken = tuple[str, int | None, str, str, str]
"""File, line, column, value, rule."""
SUMMED = 0.01
"""TIV million: sums of some hundred deals whose volumes have two decimals."""


def broken(
    deals: Sequence[Line], deliveries: Sequence[Line], registers: Sequence[Line]
) -> Iterator[Broken]:
    """Yield what the three tables break together."""
    yield from _dates(deals, registers)
    yield from _forms(deals)
    known = {cells["deal"] for _, cells in deals}
    for number, cells in deliveries:
        if cells["deal"] not in known:
            rule = "has no row in deals"
            yield "deal_deliveries.csv.gz", number, "deal", cells["deal"], rule
    yield from _sums(deals, registers)


def _dates(deals: Sequence[Line], registers: Sequence[Line]) -> Iterator[Broken]:
    days = {cells["vintage"] for _, cells in registers}
    for number, cells in deals:
        for column in ("valid_from", "valid_to"):
            if cells[column] and cells[column] not in days:
                rule = "must be the date of a register in registers"
                yield "deals.csv.gz", number, column, cells[column], rule


def _forms(deals: Sequence[Line]) -> Iterator[Broken]:
    """Yield forms of one deal that stand at one time."""
    forms: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for number, cells in deals:
        forms[cells["deal"]].append((cells["valid_from"], cells["valid_to"], number))
    for held in forms.values():
        held.sort()
        for (_, ends, _), (begins, _, number) in itertools.pairwise(held):
            if not ends or ends > begins:
                rule = f"the form of the deal before it stands until {ends or 'now'}"
                yield "deals.csv.gz", number, "valid_from", begins, rule


def _sums(deals: Sequence[Line], registers: Sequence[Line]) -> Iterator[Broken]:
    """Yield registers of all suppliers and years whose open orders the table does not hold."""
    for number, register in registers:
        day, first = register["vintage"], register["first_order_year"]
        standing = [
            cells
            for _, cells in deals
            if cells["valid_from"] <= day and (not cells["valid_to"] or day < cells["valid_to"])
        ]
        whole = register["suppliers"] == "all" and first
        if not whole or any(cells["order_year"] < first for cells in standing):
            continue
        total = sum(
            max(0.0, float(cells["tiv_ordered"] or 0) - float(cells["tiv_delivered"]))
            for cells in standing
        )
        if abs(total - float(register["undelivered_tiv"])) > SUMMED:
            rule = f"the deals that stood then have {total:.2f} undelivered"
            value = register["undelivered_tiv"]
            yield "registers.csv.gz", number, "undelivered_tiv", value, rule
