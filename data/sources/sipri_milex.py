"""SIPRI military expenditure: the provider's workbook, a sheet a measure, and the same tidied.

Cells hold numbers, 'xxx' (no such state then) or dots (not known). Constant prices have another
base year in every release; it is in the sheet's name and becomes part of the unit.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterator

from crossover.data import countries
from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import CountryYear
from crossover.data.sources import fields
from crossover.data.sources.files import Batch, Source
from crossover.data.sources.lookup import Names
from crossover.data.sources.rows import tidy
from crossover.data.sources.workbooks import Workbook
from crossover.data.tables import WORLD, indicators

SOURCE = "SIPRI Military Expenditure Database"
BLANKS = ("", "xxx", "...", ". .", "..", "n.a.")
MEASURES = {
    "Constant": ("milex_constant", 1.0),
    "Current": ("milex_current", 1.0),
    "Share of GDP": ("milex_share_gdp", 100.0),
}
"""Sheet name's beginning → indicator, and what a cell is multiplied with (shares are fractions)."""
TIDY = {
    "milex_const_usd_m": ("milex_constant", 1.0),
    "milex_current_usd_m": ("milex_current", 1.0),
    "milex_share_gdp": ("milex_share_gdp", 100.0),
}
TIDY_COLUMNS = ["country_iso3", "year", "indicator", "value", "vintage", "sheet"]
TOTALS_SHEET = "Regional totals"
WORLD_ROWS = ("World", "World total (excluding Iraq)")
"""Of the two world totals of 2020 the one that excludes Iraq: the other begins only in 2004."""
RELEASE = (4, 30)
"""SIPRI releases a year's figures in late April of the next; counted from the month's end."""
EQUAL = 0.03
"""Relative difference up to which a figure at constant prices equals the one at current prices:
in the base year they are the same, but for years of account that differ from the calendar's."""
AGREE = 0.75
"""Share of the countries whose figures must be equal in the base year. In the true one it is above
0.97 in each release, in any other below 0.6."""


def recognises(source: Source) -> bool:
    """Say whether a file is the workbook, by the names of its sheets, or the tidy table."""
    if source.text is None:
        return bool(_measures(Workbook(source)))
    return source.text.startswith(",".join(TIDY_COLUMNS))


def _measures(book: Workbook) -> dict[str, tuple[str, float]]:
    """Return sheet → indicator and factor of the sheets that have a measure."""
    return {
        sheet: measure
        for sheet in book.sheets
        for start, measure in MEASURES.items()
        if sheet.startswith(start)
    }


def refuse_workbook(source: Source) -> None:
    """Refuse a workbook in which nobody finds a table; raises InputError."""
    needed = ", ".join(f"{start} …" for start in MEASURES)
    rule = (
        "is a workbook in no known form: neither a table that a provider exports nor SIPRI's "
        f"military expenditure workbook, which needs the sheets {needed}"
    )
    raise InputError(fault(rule, file=source.name))


def release(last_year: int) -> str:
    """Return the release date of a workbook whose last data year is known."""
    return datetime.date(last_year + 1, *RELEASE).isoformat()


def read(source: Source) -> list[Batch]:
    """Parse a workbook or the tidy table.

    Returns
    -------
    Batches of `country_years` for the sample, and for the world (WLD) at constant prices: US$
    million, and % of GDP.

    Raises
    ------
    InputError : not SIPRI's workbook, an unknown country, a cell that is neither a number nor a
        known blank, a negative figure, constant prices that are not of the year that they name.
    """
    names = Names(source.name, source.options)
    cells = _tidy(source, names) if source.text is not None else _workbook(source, names)
    cells = list(cells)
    names.settle()
    found: dict[tuple[str, str], list[CountryYear]] = {}
    for row in cells:
        found.setdefault((row.indicator, row.vintage), []).append(row)
    official = source.text is None
    note = "the provider's workbook" if official else "the workbook, tidied"
    return [
        Batch("country_years", indicator, "SIPRI", vintage, official, source.name, rows, note)
        for (indicator, vintage), rows in sorted(found.items())
    ]


def _unit(indicator: str, sheet: str, file: str) -> str:
    unit = indicators()[indicator].unit
    if "{base}" not in unit:
        return unit
    base = re.search(r"\((\d{4})\)", sheet)
    if not base:
        rule = "a sheet of constant prices must name its base year, as in 'Constant (2023) US$'"
        raise InputError(fault(rule, file=file, column="sheet", value=sheet))
    return unit.format(base=base[1])


def _workbook(source: Source, names: Names) -> list[CountryYear]:
    book = Workbook(source)
    sheets = _measures(book)
    if len(sheets) != len(MEASURES):
        refuse_workbook(source)
    parsed = [
        (measure, _unit(measure[0], sheet, source.name), *cell)
        for sheet, measure in sheets.items()
        for cell in _sheet(book, sheet, source.name, names)
    ]
    constant = next(s for s in sheets if s.startswith("Constant"))
    unit = _unit("milex_constant", constant, source.name)
    if TOTALS_SHEET in book.sheets:
        parsed += [
            (("milex_constant", 1000.0), unit, WORLD, year, value)
            for year, value in _world(book, source.name)
        ]
    if not parsed:
        raise InputError(fault("holds no figure of the sample", file=source.name))
    _check_base(source.name, constant, unit, parsed)
    vintage = release(max(year for _, _, _, year, _ in parsed))
    return [
        CountryYear(code, year, name, value * scale, unit, SOURCE, vintage, 0)
        for (name, scale), unit, code, year, value in parsed
    ]


def _check_base(file: str, sheet: str, unit: str, parsed: list[tuple]) -> None:
    """Refuse constant prices that do not equal current ones in the base year that they name."""
    figures: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    for (name, _), _, code, year, value in parsed:
        figures[name][code, year] = value
    constant, current = figures["milex_constant"], figures["milex_current"]
    ratios: dict[int, list[float]] = defaultdict(list)
    for key in constant.keys() & current.keys():
        if current[key] > 0:
            ratios[key[1]].append(constant[key] / current[key])
    agree = {
        year: sum(abs(ratio - 1.0) <= EQUAL for ratio in held) / len(held)
        for year, held in ratios.items()
    }
    base = int(re.search(r"\d{4}", unit)[0])
    if agree.get(base, 1.0) >= AGREE:
        return
    best = max(agree, key=agree.__getitem__)
    words = f"they do in {best}" if agree[best] >= AGREE else "they do in no year"
    rule = (
        f"names {base} as the base year, but its figures do not equal those at current prices in "
        f"{base}; {words}: the sheet's label is wrong, fetch the workbook from SIPRI"
    )
    raise InputError(fault(rule, file=file, column="sheet", value=sheet))


def _sheet(
    book: Workbook, sheet: str, file: str, names: Names
) -> Iterator[tuple[str, int, float]]:
    years: list[tuple[int, int]] = []
    for line, row in enumerate(book.rows(sheet), start=1):
        name = str(row[0] or "").strip() if row else ""
        if not years:
            if name == "Country":
                years = [(i, int(c)) for i, c in enumerate(row) if _is_year(c)]
            continue
        cells = [(year, row[i]) for i, year in years if i < len(row)]
        if not name or all(_is_blank(cell) for _, cell in cells):
            continue
        place = {"file": f"{file}, sheet {sheet!r}", "line": line}
        with each_row:
            code = names.country(name, line, "Country", sheet=sheet)
            for year, cell in cells:
                value = None
                with each_row:
                    value = _cell(cell, **place, column=str(year))
                if value is not None and code in countries.members():
                    yield code, year, value
    if not years:
        rule = "the sheet has no header row with 'Country' and the years"
        raise InputError(fault(rule, file=file, column="sheet", value=sheet))


def _world(book: Workbook, file: str) -> Iterator[tuple[int, float]]:
    years: list[tuple[int, int]] = []
    for line, row in enumerate(book.rows(TOTALS_SHEET), start=1):
        name = str(row[0] or "").strip() if row else ""
        if name == "Region":
            years = [(i, int(c)) for i, c in enumerate(row) if _is_year(c)]
        elif years and name in WORLD_ROWS:
            for i, year in years:
                place = {"file": f"{file}, sheet {TOTALS_SHEET!r}", "line": line}
                value = _cell(row[i], **place, column=str(year)) if i < len(row) else None
                if value is not None:
                    yield year, value
            return


def _is_year(cell: object) -> bool:
    if isinstance(cell, str):
        return re.fullmatch(r"\s*\d{4}\s*", cell, re.ASCII) is not None
    return isinstance(cell, (int, float)) and 1900 <= cell <= 2100


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in BLANKS)


def _cell(cell: object, *, file: str, line: int, column: str) -> float | None:
    if _is_blank(cell):
        return None
    return fields.number(
        cell, file=file, line=line, column=column, low=0, what="military expenditure"
    )


def _tidy(source: Source, names: Names) -> Iterator[CountryYear]:
    for line, row in tidy(source, len(TIDY_COLUMNS)):
        with each_row:
            place = {"file": source.name, "line": line}
            code, year, name, value, vintage, sheet = row
            if code not in countries.codes():
                code = names.country(code, line, "country_iso3")
            if name not in TIDY:
                rule = f"unknown indicator: must be one of {', '.join(TIDY)}"
                raise InputError(fault(rule, **place, column="indicator", value=name))
            if code not in countries.members():
                continue
            indicator, scale = TIDY[name]
            number = fields.number(
                value, **place, column="value", low=0, what="military expenditure"
            )
            when = fields.year(year, **place, column="year")
            unit, released = _unit(indicator, sheet, source.name), _month(vintage, **place)
            yield CountryYear(code, when, indicator, number * scale, unit, SOURCE, released, 0)


def _month(text: str, *, file: str, line: int) -> str:
    found = re.fullmatch(r"(19\d\d|20\d\d)-(0[1-9]|1[0-2])", text)
    if not found:
        rule = "must be a month, as in 2025-04"
        raise InputError(fault(rule, file=file, line=line, column="vintage", value=text))
    return release(int(found[1]) - 1)
