"""Cells of tables that others open: no text in them is a formula to a spreadsheet."""

import re
from typing import Any

FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
HARMLESS = re.compile(r"-|[-+](?:inf|nan)|[-+][\d.][^|!(]*")
"""What begins with a sign and calls nothing: a number, an interval, a figure with its unit."""


def literal(value: Any) -> Any:
    """Return a value as it may stand in a cell: a text that would be computed gets an apostrophe.

    What is no text, and a text that is a figure, is returned as it is.
    """
    if not isinstance(value, str) or not FORMULA.match(value) or HARMLESS.fullmatch(value):
        return value
    return f"'{value}"
