"""Errors planted into real releases, and how many of them `data add` stops.

`uv run python -m tests.trust.planted` plants 200, drawn by seed, and prints for each kind how many
were caught; and it adds every real release on hand in turn and prints which are stopped.

A kind is a function that takes a release as it was published and gives it back with one error.
"""

from __future__ import annotations

import csv
import functools
import io
import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

BIG_SUPPLIERS = ("United States", "Russia", "France", "China", "Germany", "Italy", "United Kingdom")
BIG_RECIPIENTS = ("India", "Saudi Arabia", "China", "Australia", "Egypt", "South Korea", "Japan")
COUNTRIES = ("China", "Russia", "United States", "India", "Germany", "Japan", "France", "Brazil")
WB_NAMES = {"Russia": "Russian Federation"}


@dataclass(frozen=True)
class Table:
    """A release as text: lines before the header, the header, and the rows."""

    preamble: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def at(self, column: str) -> int:
        """Return where a column stands."""
        return self.header.index(column)

    def edited(
        self, column: str, change: Callable[[str], str], where: Callable[[Row], bool] | None = None
    ) -> Table:
        """Return the table with the cells of a column changed, in the rows that are meant."""
        n = self.at(column)
        rows = (
            (*row[:n], change(row[n]), *row[n + 1 :]) if where is None or where(row) else row
            for row in self.rows
        )
        return replace(self, rows=tuple(rows))

    def kept(self, where: Callable[[Row], bool]) -> Table:
        """Return the table with some rows only."""
        return replace(self, rows=tuple(filter(where, self.rows)))

    def exchanged(
        self, one: str, other: str, where: Callable[[Row], bool] | None = None
    ) -> Table:
        """Return the table with the cells of two columns exchanged."""
        a, b = sorted((self.at(one), self.at(other)))
        rows = (
            (*row[:a], row[b], *row[a + 1 : b], row[a], *row[b + 1 :])
            if where is None or where(row)
            else row
            for row in self.rows
        )
        return replace(self, rows=tuple(rows))

    def text(self) -> str:
        """Return the file."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return "\n".join((*self.preamble, out.getvalue()))


Row = tuple[str, ...]
Sheets = dict[str, list[list]]
"""A workbook: sheet → rows of cells."""


def table_of(text: str, start: str) -> Table:
    """Take a file apart at the line that begins with `start`."""
    lines = text.splitlines()
    n = next(n for n, line in enumerate(lines) if line.startswith(start))
    rows = [tuple(row) for row in csv.reader(lines[n:])]
    width = len(rows[0])
    return Table(tuple(lines[:n]), rows[0], tuple(row for row in rows[1:] if len(row) == width))


KINDS: dict[str, list[Callable]] = defaultdict(list)
"""What is planted into → the kinds."""


def plants(*into: str) -> Callable[[Callable], Callable]:
    """Register a kind of error."""

    def register(kind: Callable) -> Callable:
        for one in into:
            KINDS[one].append(kind)
        return kind

    return register


def _times(factor: float) -> Callable[[str], str]:
    def change(text: str) -> str:
        try:
            return f"{float(text) * factor:.10g}"
        except ValueError:
            return text

    return change


def _plus(years: int) -> Callable[[str], str]:
    return lambda text: str(int(text) + years) if re.fullmatch(r"\d{4}", text) else text


def _newest(table: Table, column: str) -> str:
    """Return the newest year of which a whole year is in the table."""
    years: dict[str, int] = defaultdict(int)
    for row in table.rows:
        years[row[table.at(column)]] += 1
    full = sorted(years.values())[len(years) // 2] / 2
    return max(year for year, n in years.items() if n >= full)


# Delivery lines ---------------------------------------------------------------------------------

TIV, YEAR = "TIV delivery values", "Delivery year"


@plants("lines")
def sides_exchanged(table: Table, rng: random.Random) -> Table:
    """Supplier and recipient are exchanged."""
    return table.exchanged("Supplier", "Recipient")


@plants("lines")
def sides_exchanged_in_the_newest_year(table: Table, rng: random.Random) -> Table:
    """Supplier and recipient are exchanged in the newest year."""
    year, n = _newest(table, YEAR), table.at(YEAR)
    return table.exchanged("Supplier", "Recipient", lambda row: row[n] >= year)


@plants("lines")
def header_names_exchanged(table: Table, rng: random.Random) -> Table:
    """Two columns have each other's names."""
    one, other = rng.choice(
        [("Supplier", "Recipient"), ("Order date", YEAR), ("TIV deal unit", TIV)]
    )
    names = {one: other, other: one}
    return replace(table, header=tuple(names.get(name, name) for name in table.header))


@plants("lines")
def a_thousand_times(table: Table, rng: random.Random) -> Table:
    """All volumes are in thousands."""
    return table.edited(TIV, _times(1000))


@plants("lines")
def a_thousand_times_in_one_year(table: Table, rng: random.Random) -> Table:
    """The volumes of one year are in thousands."""
    n, newest = table.at(YEAR), _newest(table, YEAR)
    year = rng.choice(sorted({row[n] for row in table.rows if row[n] <= newest}))
    return table.edited(TIV, _times(1000), lambda row: row[n] == year)


@plants("lines")
def a_thousand_times_from_one_supplier(table: Table, rng: random.Random) -> Table:
    """The volumes of one supplier are in thousands."""
    n, who = table.at("Supplier"), rng.choice(BIG_SUPPLIERS)
    return table.edited(TIV, _times(1000), lambda row: row[n] == who)


@plants("lines")
def years_a_year_late(table: Table, rng: random.Random) -> Table:
    """Every year is one too many."""
    return table.edited(YEAR, _plus(1))


@plants("lines")
def years_a_year_early(table: Table, rng: random.Random) -> Table:
    """Every year is one too few."""
    return table.edited(YEAR, _plus(-1))


@plants("lines")
def a_supplier_twice(table: Table, rng: random.Random) -> Table:
    """The rows of one supplier stand twice, under new numbers."""
    n, who, deal = table.at("Supplier"), rng.choice(BIG_SUPPLIERS), table.at("SIPRI AT Database ID")
    again = tuple(
        (*row[:deal], f"9{row[deal]}", *row[deal + 1 :]) for row in table.rows if row[n] == who
    )
    return replace(table, rows=table.rows + again)


@plants("lines")
def years_missing(table: Table, rng: random.Random) -> Table:
    """Two years in the middle are missing."""
    n = table.at(YEAR)
    years = sorted({row[n] for row in table.rows})[2:-3]
    first = rng.randrange(len(years) - 1)
    return table.kept(lambda row: row[n] not in years[first : first + 2])


@plants("lines")
def newest_years_missing(table: Table, rng: random.Random) -> Table:
    """The newest years are missing."""
    n, last = table.at(YEAR), int(_newest(table, YEAR)) - rng.randint(2, 5)
    return table.kept(lambda row: int(row[n]) <= last)


@plants("lines", "register")
def end_of_file_missing(table: Table, rng: random.Random) -> Table:
    """The last part of the file is missing, as of a download that was broken off."""
    return replace(table, rows=table.rows[: int(len(table.rows) * rng.uniform(0.5, 0.95))])


@plants("lines")
def a_supplier_missing(table: Table, rng: random.Random) -> Table:
    """The rows of one supplier are missing."""
    n, who = table.at("Supplier"), rng.choice(BIG_SUPPLIERS)
    return table.kept(lambda row: row[n] != who)


@plants("lines")
def a_recipient_missing(table: Table, rng: random.Random) -> Table:
    """The rows of one recipient are missing."""
    n, who = table.at("Recipient"), rng.choice(BIG_RECIPIENTS)
    return table.kept(lambda row: row[n] != who)


@plants("lines")
def russia_named_soviet_union(table: Table, rng: random.Random) -> Table:
    """Russia has its predecessor's name."""
    return table.edited("Supplier", lambda name: "Soviet Union" if name == "Russia" else name)


@plants("lines")
def volumes_down_by_nine_tenths(table: Table, rng: random.Random) -> Table:
    """A supplier's volumes of the last ten years are a tenth of what they were."""
    n, year, who = table.at("Supplier"), table.at(YEAR), rng.choice(BIG_SUPPLIERS)
    first = int(_newest(table, YEAR)) - 9
    return table.edited(
        TIV, _times(0.1), lambda row: row[n] == who and int(row[year]) >= first
    )


@plants("lines")
def status_overwritten(table: Table, rng: random.Random) -> Table:
    """All arms are new, or all are second-hand."""
    status = rng.choice(("New", "Second hand"))
    return table.edited("Status", lambda _: status)


@plants("lines")
def descriptions_overwritten(table: Table, rng: random.Random) -> Table:
    """All weapons have one description."""
    n = table.at("Description")
    one = rng.choice(table.rows)[n]
    return table.edited("Description", lambda _: one)


@plants("lines")
def one_category_only(table: Table, rng: random.Random) -> Table:
    """Only one category of weapons was exported."""
    n = table.at("Armament category")
    one = rng.choice(("Aircraft", "Ships", "Missiles", "Armoured vehicles"))
    return table.kept(lambda row: row[n] == one)


@plants("lines")
def taiwan_named_china(table: Table, rng: random.Random) -> Table:
    """Taiwan's rows are under China's name."""
    return table.edited("Recipient", lambda name: "China" if name == "Taiwan" else name)


@plants("lines")
def china_and_russia_exchanged(table: Table, rng: random.Random) -> Table:
    """China and Russia have each other's names."""
    names = {"China": "Russia", "Russia": "China"}
    table = table.edited("Supplier", lambda name: names.get(name, name))
    return table.edited("Recipient", lambda name: names.get(name, name))


@plants("lines")
def a_column_shuffled(table: Table, rng: random.Random) -> Table:
    """The cells of one column stand in other rows."""
    column = rng.choice(("Supplier", "Recipient", TIV, YEAR, "Description"))
    cells = [row[table.at(column)] for row in table.rows]
    rng.shuffle(cells)
    taken = iter(cells)
    return table.edited(column, lambda _: next(taken))


# Trade register ---------------------------------------------------------------------------------

ORDERED, DELIVERED = "SIPRI TIV for total order", "SIPRI TIV of delivered weapons"


@plants("register")
def sides_of_orders_exchanged(table: Table, rng: random.Random) -> Table:
    """Supplier and recipient are exchanged."""
    return table.exchanged("Supplier", "Recipient")


@plants("register")
def orders_a_thousand_times(table: Table, rng: random.Random) -> Table:
    """All volumes are in thousands."""
    return table.edited(ORDERED, _times(1000)).edited(DELIVERED, _times(1000))


@plants("register")
def ordered_and_delivered_exchanged(table: Table, rng: random.Random) -> Table:
    """What was ordered and what was delivered are exchanged."""
    return table.exchanged(ORDERED, DELIVERED)


@plants("register")
def numbers_ordered_and_delivered_exchanged(table: Table, rng: random.Random) -> Table:
    """The numbers ordered and delivered are exchanged."""
    return table.exchanged("Number ordered", "Number delivered")


@plants("register")
def order_years_a_year_late(table: Table, rng: random.Random) -> Table:
    """Every year of order is one too many."""
    return table.edited("Year of order", _plus(1))


# World Bank -------------------------------------------------------------------------------------

NAME = "Country Name"


def _years(table: Table) -> list[int]:
    return [n for n, name in enumerate(table.header) if re.fullmatch(r"\d{4}", name)]


def _figures(table: Table, change: Callable[[str, Row], str]) -> Table:
    """Change the figures of a World Bank table; `change` takes the text and the row."""
    years = set(_years(table))
    rows = (
        tuple(change(cell, row) if n in years and cell else cell for n, cell in enumerate(row))
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def _country(rng: random.Random) -> str:
    one = rng.choice(COUNTRIES)
    return WB_NAMES.get(one, one)


@plants("rates")
def fractions_for_per_cent(table: Table, rng: random.Random) -> Table:
    """Shares are fractions, not per cent."""
    return _figures(table, lambda cell, row: _times(0.01)(cell))


@plants("rates", "levels")
def countries_exchanged(table: Table, rng: random.Random) -> Table:
    """Two countries have each other's names."""
    one, other = rng.sample(COUNTRIES, 2)
    one, other = WB_NAMES.get(one, one), WB_NAMES.get(other, other)
    codes = {row[0]: row[1] for row in table.rows}
    names = {one: other, other: one}
    rows = (
        (names[row[0]], codes[names[row[0]]], *row[2:]) if row[0] in names else row
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


@plants("rates", "levels")
def header_years_shifted(table: Table, rng: random.Random) -> Table:
    """The years of the header are one too many, or too few."""
    by = rng.choice((1, -1))
    return replace(table, header=tuple(_plus(by)(name) for name in table.header))


@plants("rates", "levels")
def header_years_reversed(table: Table, rng: random.Random) -> Table:
    """The years of the header run backwards, over the years that have figures."""
    used = [n for n in _years(table) if any(row[n] for row in table.rows)]
    names = list(table.header)
    for n, m in zip(used, reversed(used), strict=True):
        names[n] = table.header[m]
    return replace(table, header=tuple(names))


@plants("rates", "levels")
def a_country_halved(table: Table, rng: random.Random) -> Table:
    """The figures of one country are half of what they were."""
    who = _country(rng)
    return _figures(table, lambda cell, row: _times(0.5)(cell) if row[0] == who else cell)


@plants("rates", "levels")
def another_indicators_label(table: Table, rng: random.Random) -> Table:
    """The figures are those of another indicator."""
    from tests.trust import releases

    code = table.rows[0][3]
    others = {base.content.rows[0][3]: base.content
              for name in (*releases.RATES, *releases.LEVELS)
              for base in releases.world_bank(name)}  # fmt: skip
    figures = others[rng.choice(sorted(set(others) - {code}))]
    rows = (
        (*row[:4], *other[4:]) for row, other in zip(table.rows, figures.rows, strict=True)
    )
    return replace(table, rows=tuple(rows))


@plants("rates", "levels")
def zeros_for_figures(table: Table, rng: random.Random) -> Table:
    """Figures of some countries are zero."""
    who = {_country(rng) for _ in range(4)}
    return _figures(table, lambda cell, row: "0" if row[0] in who else cell)


# Military expenditure ---------------------------------------------------------------------------


def _header(rows: list[list]) -> int:
    return next(n for n, row in enumerate(rows) if row and row[0] == "Country")


def _is_figure(cell: object) -> bool:
    return isinstance(cell, (int, float))


def _cells(sheets: Sheets, change: Callable, only: Sequence[str] = ()) -> Sheets:
    """Change the figures of a workbook; `change` takes the figure, the row and the year."""
    changed = {}
    for sheet, rows in sheets.items():
        changed[sheet] = rows
        if any(row and row[0] == "Country" for row in rows) and (not only or sheet in only):
            top = _header(rows)
            changed[sheet] = rows[: top + 1] + [
                [
                    change(cell, row, year) if _is_figure(cell) else cell
                    for cell, year in zip(row, rows[top], strict=False)
                ]
                for row in rows[top + 1 :]
            ]
    return changed


def _sheet(sheets: Sheets, start: str) -> str:
    return next(sheet for sheet in sheets if sheet.startswith(start))


@plants("milex")
def wrong_base_year(sheets: Sheets, rng: random.Random) -> Sheets:
    """The sheet of constant prices names another year."""
    by = rng.choice((-1, -2, 1))
    return {re.sub(r"\d{4}", lambda m: str(int(m[0]) + by), name): rows
            for name, rows in sheets.items()}  # fmt: skip


@plants("milex")
def spending_a_thousand_times(sheets: Sheets, rng: random.Random) -> Sheets:
    """US dollars are in thousands."""
    only = [_sheet(sheets, "Constant"), _sheet(sheets, "Current")]
    return _cells(sheets, lambda cell, row, year: cell * 1000, only)


@plants("milex")
def a_thousandth_of_one_country(sheets: Sheets, rng: random.Random) -> Sheets:
    """The figures of one country are in billions, in one sheet or in both."""
    who = rng.choice(COUNTRIES)
    both = [_sheet(sheets, "Constant"), _sheet(sheets, "Current")]
    only = rng.choice((both, both[:1], both[1:]))
    named = {who, "United States of America"} if who == "United States" else {who}
    return _cells(sheets, lambda cell, row, year: cell / 1000 if row[0] in named else cell, only)


@plants("milex")
def sheets_exchanged(sheets: Sheets, rng: random.Random) -> Sheets:
    """Constant and current prices have each other's sheet names."""
    one, other = _sheet(sheets, "Constant"), _sheet(sheets, "Current")
    names = {one: other, other: one}
    return {names.get(name, name): rows for name, rows in sheets.items()}


@plants("milex")
def rows_moved_down(sheets: Sheets, rng: random.Random) -> Sheets:
    """Each country has the figures of the one above it."""
    moved = {}
    for sheet, rows in sheets.items():
        moved[sheet] = rows
        if any(row and row[0] == "Country" for row in rows):
            top = _header(rows)
            body = rows[top + 1 :]
            held = [n for n, row in enumerate(body) if any(map(_is_figure, row[1:]))]
            above = dict(zip(held, [held[0], *held[:-1]], strict=True))
            moved[sheet] = rows[: top + 1] + [
                [*row[:1], *body[above.get(n, n)][1:]] for n, row in enumerate(body)
            ]
    return moved


@plants("milex")
def last_year_copied(sheets: Sheets, rng: random.Random) -> Sheets:
    """The newest year has the figures of the year before."""
    copied = {}
    for sheet, rows in sheets.items():
        copied[sheet] = rows
        if any(row and row[0] == "Country" for row in rows):
            top = _header(rows)
            last = max(n for n, cell in enumerate(rows[top]) if isinstance(cell, (int, float)))
            copied[sheet] = rows[: top + 1] + [
                [*row[:last], row[last - 1], *row[last + 1 :]] if len(row) > last else row
                for row in rows[top + 1 :]
            ]
    return copied


@plants("milex")
def spending_of_zero(sheets: Sheets, rng: random.Random) -> Sheets:
    """Figures of some countries are zero from a year on."""
    who = set(rng.sample(COUNTRIES, 3)) | {"United States of America"}
    first = rng.randint(1995, 2018)
    return _cells(
        sheets,
        lambda cell, row, year: 0
        if row[0] in who and isinstance(year, (int, float)) and year >= first
        else cell,
    )


@plants("milex")
def a_country_missing(sheets: Sheets, rng: random.Random) -> Sheets:
    """The rows of one country are missing."""
    who = rng.choice([name for name in COUNTRIES if name != "United States"])
    return {
        sheet: [row for row in rows if not row or row[0] != who] for sheet, rows in sheets.items()
    }


@functools.cache
def kinds() -> tuple[tuple[str, Callable], ...]:
    """Return every kind, with what it is planted into."""
    return tuple((into, kind) for into, held in KINDS.items() for kind in held)
