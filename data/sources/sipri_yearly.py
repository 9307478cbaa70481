"""SIPRI's deliveries compiled from its exports of single years: a line a deal and delivery year.

Year by year the provider's site gives a register whose 'delivered' is of that year alone, so the
exact year of each line is known. These tables have no deal, status or category: they feed
deliveries and descriptions, not unit values. The site shows the Soviet Union under Russia.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from crossover.data import countries, domains
from crossover.data.errors import InputError, each_row, fault
from crossover.data.sources import fields
from crossover.data.sources.files import Batch, Source, named
from crossover.data.sources.lookup import Names
from crossover.data.sources.rows import tidy
from crossover.data.sources.sipri_lines import CATEGORIES, Line, complete, describe, sum_transfers
from crossover.data.tables import SOVIET_UNION

HEADER = ("supplier", "recipient", "year", "n_delivered", "tiv", "description", "designation")
LAST_SOVIET = 1991
RUSSIA = "RUS"


def recognises(source: Source) -> bool:
    """Say whether a file is such a table, by its header."""
    return (source.text or "").startswith(",".join(HEADER))


def read(source: Source) -> list[Batch]:
    """Parse a table of yearly lines; the release is dated by the file's name.

    Returns
    -------
    One batch of `transfers` and one of `descriptions`, TIV in millions. Years that were not over
    when the release was made are left out.

    Raises
    ------
    InputError : no date in the name, an unknown country or description, a year that is none, a
        negative TIV or number, a row of the wrong width.
    """
    vintage = named(
        source,
        "the name must hold the date of the release, as in yearly_lines_2026-06-16.csv, or "
        "--released YEAR-MONTH-DAY must say it",
    )
    names = Names(source.name, source.options)
    lines = [line for line in _lines(source, vintage, names) if complete(line.year, vintage)]
    names.settle()
    if not lines:
        raise InputError(fault("holds no delivery line of a complete year", file=source.name))
    note = "delivery lines by exact year, compiled from the provider's exports of single years"
    told = (names.remarks(), tuple(names.rows.values()))
    return [
        Batch(table, series, "SIPRI", vintage, False, source.name, rows, note, *told)
        for table, series, rows in (
            ("transfers", "deliveries", sum_transfers(lines, vintage)),
            ("descriptions", "descriptions", describe(lines, vintage)),
        )
        if rows
    ]


def _lines(source: Source, vintage: str, names: Names) -> Iterator[Line]:
    category_of = _categorised([*domains.table(), *names.mapping.own.values()])
    for line, row in tidy(source, len(HEADER)):
        place = {"file": source.name, "line": line}
        with each_row:
            supplier, recipient, year, number, tiv, description, _ = row
            of_year = fields.year(year, **place, column="year")
            volume = fields.number(tiv, **place, column="tiv", low=0, what="TIV")
            units = (
                fields.whole(number, **place, column="n_delivered", low=0)
                if number.strip()
                else None
            )
            codes = [
                state(names.country(name, line, column, volume), of_year)
                for name, column in ((supplier, "supplier"), (recipient, "recipient"))
            ]
            weapon = names.weapon(description, line, "description", volume)
            if weapon is None or None in codes:
                continue
            pair = (countries.as_supplier(codes[0]), countries.as_recipient(codes[1]))
            what = (description, category_of[description], weapon)
            yield Line(vintage, *pair, of_year, *what, volume, False, None, units)


def state(code: str | None, year: int) -> str | None:
    """Return the Soviet Union's code for what the site shows under Russia to 1991."""
    return SOVIET_UNION if code == RUSSIA and year <= LAST_SOVIET else code


@functools.cache
def categories() -> dict[str, str]:
    """Return description → the provider's category, the newest where domains.csv has two.

    Words that so far stood in the register only, which has no categories, get the commonest one
    of their domain.
    """
    return _categorised(domains.table())


def _categorised(rows: Sequence[domains.Row]) -> dict[str, str]:
    found: dict[str, str] = {}
    of_domain: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["category"]:
            category = CATEGORIES.get(row["category"], row["category"])
            found[row["description"]] = category
            of_domain[row["domain"]][category] += 1
    for row in rows:
        found.setdefault(row["description"], of_domain[row["domain"]].most_common(1)[0][0])
    return found
