"""The spreadsheet: a first sheet to be read, and the tables behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crossover.data import countries
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    FIRST_PASSAGE,
    HEADLINE_YEAR,
    KIND,
    LASTING,
    SOON,
    STATE,
)
from crossover.data.providers import PROVIDERS
from crossover.forecast.events import kinds_of
from crossover.forecast.quantities import QUANTITIES
from crossover.reports import questions
from crossover.reports.numerals import prob
from crossover.reports.phrases import sentence

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from crossover.reports.export import Exported

FIRST, WIDE, NARROW = "Read me", 62, 15
HOW_TO_READ = (
    "A probability is a share of simulated futures. It does not say how good the model is.",
    "“In 2035”: it holds in that year. “By 2035”: it has held in some year up to then.",
    "“For good from 2035”: it holds in every year from 2035 to the end.",
    "TIV is SIPRI's measure of the volume of arms, in millions. It is not money.",
    "Latent capacity is a quantity of the model. No outside figure resolves it.",
    "After 2035 everything is an extrapolation.",
)
SHEETS = (
    ("Paths", "every quantity by year: on record, or mean and quantiles"),
    ("Probabilities", "every question by year, with its Monte-Carlo error"),
    ("Quantities", "what each quantity is, and its unit"),
    ("Sources", "whose figures these rest on, and on what terms"),
)


def write(found: Exported, path: Path) -> None:
    """Write the spreadsheet."""
    import openpyxl

    book = openpyxl.Workbook()
    _first(book.active, found)
    kinds = [(one.name, one.of, one.unit, one.title) for one in QUANTITIES.values()]
    sources = [(p.title, p.citation, p.terms, p.path) for p in PROVIDERS]
    for (name, _), (header, rows) in zip(
        SHEETS,
        (
            _table(found.paths), _table(found.probabilities),
            (("quantity", "of", "unit", "what it is"), kinds),
            (("source", "citation", "terms", "address"), sources),
        ), strict=True,
    ):  # fmt: skip
        _sheet(book.create_sheet(name), header, rows)
    book.save(path)


def _table(table: pd.DataFrame) -> tuple[list[str], Iterable[Sequence[Any]]]:
    return list(table.columns), table.astype(object).where(table.notna(), None).values.tolist()


def _put(sheet: Worksheet, row: int, column: int, value: Any, **style: Any) -> None:
    """Put a value into a cell; a text stays a text, whatever it begins with."""
    from openpyxl.styles import Alignment, Font

    cell = sheet.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    if "wrap" in style:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    if "size" in style:
        cell.font = Font(bold=True, size=style["size"])


def _sheet(sheet: Worksheet, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for column, name in enumerate(header, start=1):
        _put(sheet, 1, column, name, size=11)
        sheet.column_dimensions[sheet.cell(1, column).column_letter].width = NARROW
    for at, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            _put(sheet, at, column, value)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _first(sheet: Worksheet, found: Exported) -> None:
    """Write the sheet to be read: what it is, the answers, how to read them, where the rest is."""
    sheet.title = FIRST
    record, pair = found.record, found.pair
    names = [countries.name_of(code) for code in (pair.supplier, pair.recipient)]
    sheet.column_dimensions["A"].width = WIDE
    for letter in "BCDEF":
        sheet.column_dimensions[letter].width = NARROW
    _put(sheet, 1, 1, f"{' to '.join(names)}: forecast to {pair.horizon}", size=14)
    _put(sheet, 2, 1, f"Run {record.get('id', '')}, data to {pair.origin}. {_gate(found)}")
    header, answers = summary(found)
    for column, name in enumerate(header, start=1):
        _put(sheet, 4, column, name, size=11, wrap=True)
    at = 5
    for row in answers:
        for column, value in enumerate(row, start=1):
            _put(sheet, at, column, value, wrap=True)
        at += 1
    for title, lines in (
        ("How to read it", HOW_TO_READ),
        ("The other sheets", [f"{name}: {words}" for name, words in SHEETS]),
    ):
        at += 1
        _put(sheet, at, 1, title, size=11)
        for line in lines:
            at += 1
            _put(sheet, at, 1, line, wrap=True)
        at += 1


def _gate(found: Exported) -> str:
    if found.record.get("quick"):
        return "A QUICK run, for trying out: not for publication."
    passed = (found.record.get("gate") or {}).get("passed")
    return "The gate passed." if passed else "The gate has NOT passed: not for publication."


def summary(found: Exported) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return header and rows of the answers in all domains: states, then by, then for good."""
    table, pair = found.probabilities, found.pair
    table = table[(table["scenario"] == BASELINE) & (table["domain"] == ALL_DOMAINS)]
    at = table.set_index(["event", KIND, "year"])["probability"]
    last = min(HEADLINE_YEAR, pair.horizon)
    years = [year for year in (pair.origin, SOON, last) if year >= pair.origin]
    asked = [*((STATE, y) for y in years), (FIRST_PASSAGE, last), (LASTING, last)]
    header = [
        "statement", *(f"in {year}" for year in years), f"by {last}", f"for good from {last}"
    ]
    rows = [
        (
            sentence(questions.statement(event, pair.supplier, pair.recipient)),
            *(prob(at.get((event, kind, year)) if kind in kinds_of(event) else None)
              for kind, year in asked),
        )
        for event in dict.fromkeys(table["event"])
    ]  # fmt: skip
    return header, rows
