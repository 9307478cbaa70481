"""SIPRI's trade register: orders, for the backlog of what was ordered and not yet delivered.

The register lists the years of delivery but not how much came in which, so it feeds orders only;
deliveries by year come from the delivery lines. A register of a part of the world is a part of a
release: it counts for the orders of its own pairs and leaves those of all others as they were.
"""

import math
from collections.abc import Iterator

from crossover.data import countries
from crossover.data.errors import InputError, each_row, fault
from crossover.data.names import REST
from crossover.data.records import Order
from crossover.data.sources import delimited, fields
from crossover.data.sources.files import EVERYBODY, Batch, Scope, Source, generated, scope
from crossover.data.sources.lookup import Names
from crossover.data.vintages import PART

START = ("Recipient", "Supplier", "Year of order")
COLUMNS = (
    *START,
    "Weapon description",
    "SIPRI TIV for total order",
    "SIPRI TIV of delivered weapons",
)
COMMENTS = "Comments"
FIRST_ORDERS = 1960
"""A whole register reaches back before this year: SIPRI's begins in 1950."""


def recognises(source: Source) -> bool:
    """Say whether a file is a trade register, by its header."""
    return delimited.find(source, *START) is not None


def read(source: Source) -> list[Batch]:
    """Parse a trade register and sum its orders.

    Returns
    -------
    One batch of `orders`; TIV in millions. Deals whose number ordered is not known yet have no
    ordered TIV; they count with what was delivered. Of a register that is not of the whole world
    and all years, whatever its preamble says, the orders of pairs that it has whole.

    Raises
    ------
    InputError : an unknown country or description, a year that is none, a negative TIV, a row of
        the wrong width, no date, deliveries that end before the release.
    """
    vintage = generated(source)
    said = scope(source)
    if said and said.last and said.last < int(vintage[:4]) - 1:
        rule = (
            f"leaves out what was delivered after {said.last}: export the register without a year "
            "range"
        )
        raise InputError(fault(rule, file=source.name, line=said.line, value=said.words))
    names = Names(source.name, source.options)
    sums: dict[tuple, list[tuple[float, float]]] = {}
    for key, ordered, delivered in _deals(source, names):
        sums.setdefault(key, []).append((ordered, delivered))
    names.settle()
    rows = []
    for key, deals in sorted(sums.items()):
        ordered, delivered = (round(math.fsum(side), 4) for side in zip(*deals, strict=True))
        rows.append(Order(*key, ordered, delivered, len(deals), vintage))
    note, remarks = "trade register, the provider's export", names.remarks()
    if _is_part(rows, said):
        rows = _usable(rows, said)
        note, remarks = PART, (_part_words(source.name, rows, said), *remarks)
    if not rows:
        raise InputError(fault("holds no order that can be used", file=source.name))
    used = tuple(names.rows.values())
    return [
        Batch("orders", "orders", "SIPRI", vintage, True, source.name, rows, note, remarks, used)
    ]


def _has_every_supplier(rows: list[Order]) -> bool:
    return countries.suppliers() <= {row.supplier for row in rows}


def _is_part(rows: list[Order], said: Scope | None) -> bool:
    """Say whether a register is a part of one, by what it holds and what its preamble says.

    A preamble that names the whole world proves nothing: rows may have been cut away since.
    """
    reaches_back = min((row.order_year for row in rows), default=FIRST_ORDERS) < FIRST_ORDERS
    is_whole = _has_every_supplier(rows) and reaches_back
    return not is_whole or (said is not None and not said.whole_world)


def _usable(rows: list[Order], said: Scope | None) -> list[Order]:
    """Return the orders of pairs that a part has whole, of the years that it has whole.

    What comes from or goes to the rest of the world is whole where the preamble says so, and the
    rows do not belie it.
    """
    belied = said is not None and said.whole_world and not _has_every_supplier(rows)
    trusted = said is not None and not belied
    rest_supplies = trusted and said.suppliers == EVERYBODY
    rest_receives = trusted and said.recipients == EVERYBODY
    first = said.first or 0 if said else 0
    return [
        row
        for row in rows
        if (row.supplier != REST or rest_supplies)
        and (row.recipient != REST or rest_receives)
        and row.order_year >= first
    ]


def _part_words(file: str, rows: list[Order], said: Scope | None) -> str:
    pairs = len({(row.supplier, row.recipient) for row in rows})
    whose = f" ({said.words})" if said and not said.whole_world else ""
    return (
        f"{file} is a register of a part of the world{whose}: refused as deliveries, used for the "
        f"orders of its {pairs} pair{'' if pairs == 1 else 's'} in the sample, each from its first "
        "year of order on; all other orders stay as known. For deliveries, export the delivery "
        "lines from all countries to all countries"
    )


def numbered_rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield numbered rows, joining those that a line break in a comment has torn in two."""
    table = delimited.find(source, *START)
    width = len(table.header)
    comments = table.at(COMMENTS)[0]
    torn: list[str] = []
    line = table.line
    for line, row in table.rows():
        if torn:
            row = [*torn[:-1], f"{torn[-1]} {row[0]}", *row[1:]]
            torn = []
        elif len(row) == comments + 1 < width:
            torn = row
            continue
        yield line, row
    if torn:
        fields.width(torn, width, file=source.name, line=line)


def _deals(source: Source, names: Names) -> Iterator[tuple[tuple, float, float]]:
    table = delimited.find(source, *START)
    at = table.at(*COLUMNS)
    for line, row in numbered_rows(source):
        place = {"file": source.name, "line": line}
        with each_row:
            fields.width(row, len(table.header), **place)
            recipient, supplier, year, description, *values = (row[i] for i in at)
            ordered, delivered = (
                fields.number(table.figure(text), **place, column=column, low=0, what="TIV")
                if text.strip()
                else 0.0
                for column, text in zip(COLUMNS[-2:], values, strict=True)
            )
            placed = fields.year(year, **place, column=COLUMNS[2])
            codes = (
                names.country(supplier, line, "Supplier", delivered),
                names.country(recipient, line, "Recipient", delivered),
            )
            weapon = names.weapon(description, line, COLUMNS[3], delivered)
            if weapon is None or None in codes:
                continue
            key = (
                countries.as_supplier(codes[0]),
                countries.as_recipient(codes[1]),
                weapon.domain,
                placed,
            )
            yield key, max(ordered, delivered), delivered
