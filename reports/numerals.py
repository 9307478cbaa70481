"""Numbers as they are printed, in sentences, tables and figures alike.

One place, so that a probability reads the same wherever a reader meets it, and so that a
probability and its complement add up in print.
"""

from __future__ import annotations

import math
import re

LOW, HIGH = 0.005, 0.995
"""Below the first a probability is written <0.01, above the second >0.99."""
NONE = "–"
"""What stands for a number that is not there."""


def prob(value: float | None) -> str:
    """Write a probability with two decimals, <0.01 or >0.99 at the ends."""
    if value is None:
        return NONE
    return "<0.01" if value < LOW else ">0.99" if value > HIGH else f"{value:.2f}"


def chance(value: float | None) -> str:
    """Write a probability in per cent, <1 % or >99 % at the ends."""
    if value is None:
        return NONE
    return "<1 %" if value < LOW else ">99 %" if value > HIGH else f"{100 * value:.0f} %"


def complement(value: float | None) -> str:
    """Write one minus a probability so that it adds up with the probability as printed."""
    text = prob(value)
    fixed = {"<0.01": ">0.99", ">0.99": "<0.01", NONE: NONE}
    return fixed[text] if text in fixed else f"{1 - float(text):.2f}"


def error(value: float | None) -> str:
    """Write a Monte Carlo standard error."""
    if value is None:
        return "not given"
    return "0" if value == 0 else "<0.001" if value < 0.0005 else f"{value:.3f}"


def number(value: float | None, decimals: int | None = None) -> str:
    """Write a number with a true minus sign, three significant digits unless told otherwise."""
    if value is None:
        return NONE
    if decimals is None:
        size = math.floor(math.log10(abs(value))) if value else 0
        decimals = min(max(2 - size, 0), 6)
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def signed(value: float, decimals: int) -> str:
    """Write a difference: a number with its sign, but for zero as printed."""
    text = number(value, decimals)
    return text if text.startswith("−") or not float(text.replace(",", "")) else f"+{text}"


def minus(text: str) -> str:
    """Write a true minus sign before every number of a text that has a hyphen there."""
    return re.sub(r"(^|[ \[])-", r"\1−", text)


def points(change: float, decimals: int = 1) -> str:
    """Write a difference of probability in points (hundredths), with its sign."""
    text = f"{100 * change:+.{decimals}f}".replace("-", "−")
    return text if float(text[1:]) else "0"


def points_error(value: float | None) -> str:
    """Write the Monte Carlo standard error of a difference of probability, in points."""
    if value is None:
        return "?"
    size = 100 * value
    return "0" if not size else "<0.1" if size < 0.05 else f"{size:.1f}"


def span(low: float | None, high: float | None, decimals: int | None = None) -> str:
    """Write an interval."""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def places(low: float | None, high: float | None) -> int:
    """Return the decimals that show two digits of the width of an interval."""
    if low is None or high is None or not high > low:
        return 2
    return min(max(1 - math.floor(math.log10(high - low)), 0), 5)


def figure(value: object) -> str:
    """Write whatever a check found: a count in full, a number with three decimals, else as text."""
    if value is None:
        return "unknown"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{int(value):,}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
