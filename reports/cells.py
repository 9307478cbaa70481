"""Cells of tables that others open: no text in them is a formula to a spreadsheet."""

import re
from typing import Any

FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBERS = re.compile(r"[-+0-9., %eE]*(?:inf|nan)?(?: to [-+0-9., %eE]*)?")


def literal(value: Any) -> Any:
    """Return a value as it may stand in a cell: a text that would be computed gets an apostrophe.

    What is no text, and a text that is a number or an interval, is returned as it is.
    """
    if not isinstance(value, str) or not FORMULA.match(value) or NUMBERS.fullmatch(value):
        return value
    return f"'{value}"
