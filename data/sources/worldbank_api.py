"""Answers of the World Bank's JSON interface, as `worldbank_client` saves them or a user does."""

import json
import re

from crossover.data.errors import InputError, each_row, fault, quoted, short
from crossover.data.reading import MIB, check_size
from crossover.data.records import CountryYear
from crossover.data.sources import fields, worldbank
from crossover.data.sources.files import PREAMBLE, Batch, Source
from crossover.data.sources.lookup import Names

MOST = 1_000_000
"""Pages or rows that an answer may say that it has: the interface has twenty thousand a series."""
LARGEST = 32 * MIB
"""Bytes that an answer may have: once taken apart it takes up to thirty times as many."""


def recognises(source: Source) -> bool:
    """Say whether a file holds an answer of the interface: a list of pages of two parts each."""
    return (source.text or "")[:PREAMBLE].lstrip()[:1] == "["


def read(source: Source) -> list[Batch]:
    """Parse a saved answer; see `parse`."""
    check_size(len(source.content), source.name, LARGEST)
    try:
        answer = json.loads(source.text)
    except json.JSONDecodeError as error:
        rule = f"is not whole JSON: {error.msg}"
        raise InputError(fault(rule, file=source.name, line=error.lineno)) from None
    except (RecursionError, ValueError):
        rule = "is no such JSON: lists in lists without end, or a number of thousands of digits"
        raise InputError(fault(rule, file=source.name)) from None
    return parse(answer, source.name)


def parse(answer: object, file: str) -> list[Batch]:
    """Turn an answer, or a list of page answers, into figures.

    Parameters
    ----------
    answer : [head, rows] as the interface gives it, or a list of such pairs.
    file : where it came from, for messages.

    Returns
    -------
    A batch of `country_years` for each indicator; the vintage is the head's 'lastupdated'.

    Raises
    ------
    InputError : a refusal of the interface, another shape, pages missing, an unknown country or
        indicator, a value out of bounds.
    """
    is_list = isinstance(answer, list) and answer and isinstance(answer[0], list)
    pages = [page_of(page, file) for page in (answer if is_list else [answer])]
    complete(pages, file)
    found: dict[tuple[str, str], list] = {}
    names = Names(file)
    for head, rows in pages:
        vintage = fields.date(head["lastupdated"], file=file, line=None, column="lastupdated")
        for n, row in enumerate(rows, start=1):
            with each_row:
                figure = _figure(row, f"row {n} of page {head['page']}", vintage, names)
                if figure is not None:
                    found.setdefault((figure.indicator, vintage), []).append(figure)
    names.settle()
    return worldbank.batches(found, file, "the provider's JSON interface")


def _figure(row: object, where: str, vintage: str, names: Names) -> CountryYear | None:
    """Return the figure of one row; None where it has none, or none that is used."""
    file = names.file
    try:
        code, year, value = row["countryiso3code"], row["date"], row["value"]
        series, label = row["indicator"]["id"], row["indicator"]["value"]
    except (KeyError, TypeError):
        raise InputError(fault(f"{where} has not the known fields", file=file)) from None
    if not all(isinstance(text, str) for text in (code, year, series, label)):
        raise InputError(fault(f"{where} has not the known fields", file=file))
    indicator = worldbank.find(series, file=file)
    if indicator is None or value is None or not code:
        return None
    when = fields.year(year, file=file, line=None, column="date")
    if not worldbank.country(code, names, None, "countryiso3code"):
        return None
    place = {"file": file, "line": None, "column": "value"}
    return worldbank.figure(code, when, indicator, value, vintage, label, **place)


def page_of(page: object, file: str) -> tuple[dict, list]:
    """Return head and rows of a page; the head has whole numbers, also where they were texts.

    Raises
    ------
    InputError : a refusal of the interface, another shape.
    """
    if isinstance(page, list) and page and isinstance(page[0], dict) and "message" in page[0]:
        told = page[0]["message"]
        told = told[:3] if isinstance(told, list) else [told]
        words = [m.get("value", m) if isinstance(m, dict) else m for m in told]
        said = "; ".join(short(m) if isinstance(m, str) else quoted(m) for m in words)
        rule = f"the World Bank refused the request: {said}; mend the address and fetch it again"
        raise InputError(fault(rule, file=file))
    shaped = isinstance(page, list) and len(page) == 2 and isinstance(page[0], dict)
    if not shaped or not {"page", "pages", "lastupdated"} <= page[0].keys():
        rule = "must be [head, rows] with page, pages and lastupdated in the head"
        raise InputError(fault(rule, file=file))
    head, rows = page
    counts = {name: _count(head[name]) for name in ("page", "pages", "total") if name in head}
    if None in counts.values() or not isinstance(head["lastupdated"], str):
        rule = (
            f"the head must have whole numbers up to {MOST:,} for page, pages and total, and a "
            "date for lastupdated"
        )
        raise InputError(fault(rule, file=file))
    if rows is not None and not isinstance(rows, list):
        raise InputError(fault("the rows must be a list", file=file))
    return head | counts, rows or []


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
        value = int(value)
    return value if type(value) is int and 0 <= value <= MOST else None


def complete(pages: list[tuple[dict, list]], file: str) -> None:
    """Raise InputError unless pages are all those of one release, with as many rows as they say."""
    heads = [head for head, _ in pages]
    got, count = sorted(head["page"] for head in heads), heads[0]["pages"]
    if len(got) != count or got != list(range(1, len(got) + 1)):
        rule = f"pages are missing: has {short(str(got))} of {count}"
        raise InputError(fault(rule, file=file))
    dates = sorted({head["lastupdated"] for head in heads})
    if len(dates) > 1:
        rule = "the pages are of different releases: fetch them again"
        raise InputError(fault(rule, file=file, column="lastupdated", value=", ".join(dates)))
    said, rows = heads[0].get("total"), sum(len(rows) for _, rows in pages)
    if said is not None and said != rows:
        rule = f"rows are missing or too many: has {rows:,}, and says that it has {said:,}"
        raise InputError(fault(rule, file=file, column="total"))
