"""Read single fields of a provider's file, with one message for each thing that can be wrong."""

import datetime
import math
import re

from crossover.data.errors import InputError, fault, is_name


def year(text: str, *, file: object, line: int | None, column: str) -> int:
    """Return a year from 1900 to 2100; anything else is an InputError."""
    value = int(text) if re.fullmatch(r"\s*\d{4}\s*", text, re.ASCII) else 0
    if not 1900 <= value <= 2100:
        rule = "must be a year of four digits, 1900 to 2100"
        raise InputError(fault(rule, file=file, line=line, column=column, value=text))
    return value


def date(text: str, *, file: object, line: int | None, column: str) -> str:
    """Return a date as ISO text; anything but year-month-day is an InputError."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        rule = "must be a date, year-month-day"
        raise InputError(fault(rule, file=file, line=line, column=column, value=text)) from None


def number(
    text: str,
    *,
    file: object,
    line: int | None,
    column: str,
    low: float | None = None,
    high: float | None = None,
    what: str = "",
) -> float:
    """Return a finite number within bounds; anything else is an InputError."""
    place = {"file": file, "line": line, "column": column, "value": text}
    try:
        # Python's own way of writing thousands, and its truth, are nobody's in a table.
        is_own = isinstance(text, bool) or (isinstance(text, str) and "_" in text)
        value = float("" if is_own else text)
    except (TypeError, ValueError, OverflowError):
        raise InputError(fault(f"{what} must be a number".strip(), **place)) from None
    if not math.isfinite(value):
        raise InputError(fault(f"{what} must be a finite number".strip(), **place))
    if low is not None and value < low:
        raise InputError(fault(f"{what} must not be below {low:g}".strip(), **place))
    if high is not None and value > high:
        raise InputError(fault(f"{what} must not be above {high:g}".strip(), **place))
    return value


def words(text: str, *, file: object, line: int | None, column: str) -> str:
    """Return a text for people; one that does not print, or that a spreadsheet would run, is an
    InputError.
    """
    if not is_name(text):
        rule = "must be words of letters that print, and no formula"
        raise InputError(fault(rule, file=file, line=line, column=column, value=text))
    return text


def width(row: list, expected: int, *, file: object, line: int) -> None:
    """Raise InputError when a row has not as many fields as the header."""
    if len(row) != expected:
        rule = f"a row must have {expected} fields, this one has {len(row)}"
        raise InputError(fault(rule, file=file, line=line))


def whole(
    text: str,
    *,
    file: object,
    line: int | None,
    column: str,
    low: int | None = None,
    high: int | None = None,
) -> int:
    """Return a whole number within bounds, also one written as 710.0; else an InputError."""
    value = number(text, file=file, line=line, column=column, low=low, high=high)
    if value != int(value):
        rule = "must be a whole number"
        raise InputError(fault(rule, file=file, line=line, column=column, value=text))
    return int(value)
