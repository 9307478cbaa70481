"""SIPRI's trade register: orders, for the backlog of what was ordered and not yet delivered.

The register lists the years of delivery but not how much came in which, so it feeds orders only;
deliveries by year come from the delivery lines.
"""

import csv
import io
import math
from collections.abc import Iterator

from data import countries, domains
from data.errors import each_row
from data.sources import fields
from data.sources.files import Batch, Source, generated, whole_world
from data.tables import Order

START = "Recipient,Supplier,Year of order"
COLUMNS = (
    "Recipient",
    "Supplier",
    "Year of order",
    "",
    "Number ordered",
    "",
    "Weapon designation",
    "Weapon description",
    "Number delivered",
    "",
    "Year(s) of delivery",
    "status",
    "Comments",
    "SIPRI TIV per unit",
    "SIPRI TIV for total order",
    "SIPRI TIV of delivered weapons",
)
COMMENTS = COLUMNS.index("Comments")


def recognises(source: Source) -> bool:
    """Say whether a file is a trade register, by its header."""
    return f"\n{START}" in (source.text or "")[:8192]


def read(source: Source) -> list[Batch]:
    """Parse a trade register and sum its orders.

    Returns
    -------
    One batch of `orders`; TIV in millions. Deals whose number ordered is not known yet have no
    ordered TIV; they count with what was delivered.

    Raises
    ------
    InputError : an unknown country or description, a year that is none, a negative TIV, a row of
        the wrong width.
    """
    vintage = generated(source.text, source.name)
    whole_world(source.text, source.name)
    sums: dict[tuple, list[tuple[float, float]]] = {}
    for key, ordered, delivered in _deals(source):
        sums.setdefault(key, []).append((ordered, delivered))
    rows = []
    for key, deals in sorted(sums.items()):
        ordered, delivered = (round(math.fsum(side), 4) for side in zip(*deals, strict=True))
        rows.append(Order(*key, ordered, delivered, len(deals), vintage))
    note = "trade register, the provider's export"
    return [Batch("orders", "orders", "SIPRI", vintage, True, source.name, rows, note)]


def numbered_rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield numbered rows, joining those that a line break in a comment has torn in two."""
    reader = csv.reader(io.StringIO(source.text, newline=""))
    for row in reader:
        if row[:3] == START.split(","):
            break
    torn: list[str] = []
    for row in reader:
        if not row:
            continue
        if torn:
            row = [*torn[:-1], f"{torn[-1]} {row[0]}", *row[1:]]
            torn = []
        elif len(row) == COMMENTS + 1:
            torn = row
            continue
        yield reader.line_num, row
    if torn:
        fields.width(torn, len(COLUMNS), file=source.name, line=reader.line_num)


def _deals(source: Source) -> Iterator[tuple[tuple, float, float]]:
    for line, row in numbered_rows(source):
        place = {"file": source.name, "line": line}
        with each_row:
            fields.width(row, len(COLUMNS), **place)
            recipient, supplier, year, _, _, _, _, description, *_, ordered, delivered = row
            codes = (
                countries.code(supplier, **place, column="Supplier"),
                countries.code(recipient, **place, column="Recipient"),
            )
            key = (
                countries.as_supplier(codes[0]),
                countries.as_recipient(codes[1]),
                domains.domain(description, **place, column="Weapon description"),
                fields.year(year, **place, column="Year of order"),
            )
            rule = {**place, "low": 0, "what": "TIV"}
            values = [
                fields.number(text, column=column, **rule) if text.strip() else 0.0
                for column, text in ((COLUMNS[-2], ordered), (COLUMNS[-1], delivered))
            ]
            yield key, max(values), values[1]


