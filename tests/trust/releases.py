"""Real releases, each with the panel as it stood before it: what errors are planted into."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.data import countries
from crossover.data.tables import PANEL, TABLES, read, write
from tests.trust.planted import WB_NAMES, Sheets, Table, table_of

LINES = "sipri/official_export_deliveries_2026-02-12.csv"
OLD_LINES = "sipri/delivery_lines_2024-04-13.csv.gz"
REGISTERS = (
    "sipri/official_export_trade_register_2025-03-13.csv",
    "sipri/official_export_trade_register_2026-05-18.csv",
)
WORKBOOKS = ("sipri/official_milex_2024-04.xlsx", "sipri/official_milex_2025-04.xlsx")
SHEETS = ("Constant", "Current", "Share of GDP")
RATES = ("rd_share", "high_tech_exports_share", "milex_share_budget")
LEVELS = ("gdp_current", "gdp_constant", "population", "patents_resident", "articles")
SITE = ("Country Name", "Country Code", "Indicator Name", "Indicator Code")


@dataclass(frozen=True)
class Base:
    """A real release: what it is (`kind`), a name for it, and how to make and date it.

    `known` is the day before which the panel is taken; `content` the release taken apart; `write`
    turns it, as an error may have changed it, into a file of that name.
    """

    kind: str
    name: str
    known: str
    content: Any
    write: Callable[[Any], bytes]


def panel_before(day: str, folder: Path) -> Path:
    """Return the shipped panel without what was released on a day or later."""
    if folder.is_dir():
        return folder
    part = folder.with_suffix(".part")
    shutil.copytree(PANEL, part, dirs_exist_ok=True)
    for table in TABLES:
        if "vintage" in TABLES[table]._fields and table not in ("deals",):
            write(table, [row for row in read(table) if row.vintage < day], part)
    if any(row.vintage >= day for row in read("registers")):
        deals = [
            row._replace(valid_to=row.valid_to if row.valid_to < day else "")
            for row in read("deals")
            if row.valid_from < day
        ]
        write("deals", deals, part)
        numbers = {row.deal for row in deals}
        for table in ("deal_marks", "deal_deliveries"):
            write(table, [row for row in read(table, part) if row.deal in numbers], part)
    return part.rename(folder)


def _dated(text: str, day: str) -> str:
    return re.sub(r"Data generated: \d+ \w+ \d+", f"Data generated: {day}", text, count=1)


def _text(path: Path) -> str:
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _csv(table: Table) -> bytes:
    return table.text().encode("utf-8")


@functools.cache
def lines(raw: Path) -> list[Base]:
    """Return delivery lines: as they came, and the same again a fortnight later."""
    text = _text(raw / LINES)
    made = []
    for known, day in (("2026-02-12", "12 Feb 2026"), ("2026-02-27", "27 Feb 2026")):
        table = table_of(_dated(text, day), "SIPRI AT Database ID")
        made.append(Base("lines", f"lines of {day}.csv", known, table, _csv))
    return made


@functools.cache
def old_lines(raw: Path) -> Base:
    """Return the delivery lines of 2024 as if they had been published in 2026."""
    rows = list(csv.DictReader(io.StringIO(_text(raw / OLD_LINES))))
    header = list(rows[0])
    at = header.index("vintage")
    body = tuple((*list(r.values())[:at], "2026-02-27", *list(r.values())[at + 1 :]) for r in rows)
    return Base(
        "old", "delivery lines again.csv", "2026-02-27", Table((), tuple(header), body),
        lambda table: _csv(table).lstrip(b"\n"),
    )  # fmt: skip


@functools.cache
def registers(raw: Path) -> list[Base]:
    """Return trade registers: two as they came, and the newest again half a year later."""
    made = []
    for file, known, day in (
        (REGISTERS[0], "2025-03-13", "13 Mar 2025"),
        (REGISTERS[1], "2026-05-18", "18 May 2026"),
        (REGISTERS[1], "2026-11-20", "20 Nov 2026"),
    ):
        table = table_of(_dated(_text(raw / file), day), "Recipient,Supplier,Year of order")
        made.append(Base("register", f"register of {day}.csv", known, table, _csv))
    return made


@functools.cache
def workbooks(raw: Path) -> list[Base]:
    """Return military expenditure workbooks as they came."""
    import openpyxl

    made = []
    for file, known in zip(WORKBOOKS, ("2024-04-30", "2025-04-30"), strict=True):
        book = openpyxl.load_workbook(raw / file, read_only=True)
        sheets = {
            sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]
            for sheet in book.worksheets
            if sheet.title.startswith(SHEETS) or sheet.title == "Regional totals"
        }
        made.append(Base("milex", Path(file).name, known, sheets, _workbook))
    return made


def _workbook(sheets: Sheets) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@functools.cache
def world_bank(series: str) -> list[Base]:
    """Return a series in the shape of the World Bank's site: as it came, and the same again."""
    from crossover.data.tables import indicators

    code = indicators()[series].code
    source = "World Bank, World Development Indicators"
    rows = [
        row
        for row in read("country_years", None, {"indicator": [series], "assumed": ["0"]})
        if row.source == source
    ]
    days = sorted({row.vintage for row in rows})
    newest = [row for row in rows if row.vintage == days[-1]]
    made = []
    for known, day in ((days[-1], days[-1]), ("2026-11-20", "2026-11-20")):
        if len(days) == 1 and known == days[-1]:
            continue
        years = range(1960, 2026)
        label = f"{code} ({newest[0].unit})"
        body = []
        for country in countries.sample():
            held = {r.year: r.value for r in newest if r.country == country.iso3}
            cells = (f"{held[y]:.10g}" if y in held else "" for y in years)
            name = WB_NAMES.get(country.name, country.name)
            body.append((name, country.iso3, label, code, *cells))
        preamble = (
            '"Data Source","World Development Indicators",', "",
            f'"Last Updated Date","{day}",', "",
        )  # fmt: skip
        table = Table(preamble, (*SITE, *map(str, years)), tuple(body))
        made.append(Base("world bank", f"{code}_{day}.csv", known, table, _csv))
    return made


def bases(raw: Path, into: str) -> list[Base]:
    """Return the releases that a kind of error is planted into."""
    if into in ("rates", "levels"):
        series = RATES if into == "rates" else LEVELS
        return [base for name in series for base in world_bank(name)]
    return {"lines": lines, "register": registers, "milex": workbooks}[into](raw)


