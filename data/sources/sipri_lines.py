"""SIPRI arms transfers, one line a deal and delivery year: the exact years of deliveries.

Reads the provider's own export (a preamble, a trailing semicolon a line, or semicolons between
the fields; columns that flag estimates) and the same lines as a tidy table. Both are summed to
supplier, recipient, year and domain, with countries outside the sample under the rest.
"""

import csv
import datetime
import math
from collections.abc import Iterable, Iterator

from data import countries, domains
from data.errors import InputError, each_row, fault
from data.sources import fields
from data.sources.files import Batch, Source, generated, whole_world
from data.tables import Transfer

OFFICIAL = {
    "deal": "SIPRI AT Database ID",
    "supplier": "Supplier",
    "recipient": "Recipient",
    "description": "Description",
    "year": "Delivery year",
    "tiv": "TIV delivery values",
}
TIDY = {
    "deal": "deal_id",
    "supplier": "Supplier",
    "recipient": "Recipient",
    "description": "description",
    "year": "year",
    "tiv": "tiv",
}
OFFICIAL_START = "SIPRI AT Database ID"
TIDY_START = "vintage,deal_id,"
PUBLICATION = (3, 1)
"""A year is complete in releases from March of the next one: SIPRI updates in its second week."""


def recognises(source: Source) -> bool:
    """Say whether a file holds delivery lines, by its header."""
    text = source.text or ""
    return text.startswith(TIDY_START) or f"\n{OFFICIAL_START}" in text[:8192]


def read(source: Source) -> list[Batch]:
    """Parse delivery lines and sum them.

    Returns
    -------
    One batch of `transfers` for each vintage; TIV in millions. Years that were not over when the
    release was made are left out.

    Raises
    ------
    InputError : an unknown country or description, a year that is none, a negative TIV, a row of
        the wrong width, an unknown vintage, a deal that comes twice in one year.
    """
    if source.text.startswith(TIDY_START):
        parsed = _tidy(source)
        official, note = False, "delivery lines, tidied"
    else:
        parsed = _official(source)
        official, note = True, "delivery lines, the provider's export"
    sums: dict[str, dict[tuple, list[float]]] = {}
    for vintage, key, tiv in parsed:
        if vintage >= datetime.date(key[2] + 1, *PUBLICATION).isoformat():
            sums.setdefault(vintage, {}).setdefault(key, []).append(tiv)
    if not sums:
        raise InputError(fault("holds no delivery line of a complete year", file=source.name))
    return [
        Batch(
            "transfers",
            "deliveries",
            "SIPRI",
            vintage,
            official,
            source.name,
            [
                Transfer(*key, round(math.fsum(tivs), 4), len(tivs), vintage, 0)
                for key, tivs in sorted(cells.items())
            ],
            note,
        )
        for vintage, cells in sorted(sums.items())
    ]


def _official(source: Source) -> Iterator[tuple]:
    lines = source.text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(OFFICIAL_START))
    separator = ";" if lines[first].removesuffix(";").count(";") > 5 else ","
    vintage = generated(source.text, source.name)
    whole_world(source.text, source.name)
    bare = (line.removesuffix(";") for line in lines[first:])
    table = csv.reader(bare, delimiter=separator)
    yield from _lines(table, source.name, first + 1, OFFICIAL, vintage)


def _tidy(source: Source) -> Iterator[tuple]:
    yield from _lines(csv.reader(source.text.splitlines()), source.name, 1, TIDY, None)


def _lines(
    table: Iterable[list[str]], file: str, start: int, columns: dict[str, str], vintage: str | None
) -> Iterator[tuple]:
    table = iter(table)
    header = next(table)
    missing = [c for c in columns.values() if c not in header]
    if missing:
        rule = f"the column {missing[0]!r} is missing"
        raise InputError(fault(rule, file=file, line=start))
    at = {name: header.index(column) for name, column in columns.items()}
    stamp = None if vintage else header.index("vintage")
    seen: dict[tuple[str, str, str], int] = {}
    for line, row in enumerate(table, start=start + 1):
        if not row:
            continue
        with each_row:
            fields.width(row, len(header), file=file, line=line)
            place = {"file": file, "line": line}
            if not row[at["tiv"]].strip():
                continue
            codes = [
                countries.code(row[at[side]], **place, column=columns[side])
                for side in ("supplier", "recipient")
            ]
            released = vintage or fields.date(row[stamp], **place, column="vintage")
            delivery = (released, row[at["deal"]], row[at["year"]])
            if seen.setdefault(delivery, line) != line:
                before = f"came already in line {seen[delivery]}"
                rule = f"the deal's deliveries of {delivery[2]} {before}"
                raise InputError(fault(rule, **place, column=columns["deal"], value=delivery[1]))
            yield (
                released,
                (
                    countries.as_supplier(codes[0]),
                    countries.as_recipient(codes[1]),
                    fields.year(row[at["year"]], **place, column=columns["year"]),
                    domains.domain(row[at["description"]], **place, column=columns["description"]),
                ),
                fields.number(row[at["tiv"]], **place, column=columns["tiv"], low=0, what="TIV"),
            )

