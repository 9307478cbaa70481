"""Cells and tables of the guide's blocks: numbers with intervals, rows of Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from crossover.data.errors import InputError, fault
from crossover.reports.numerals import NONE, number, span


def text_of(path: Path) -> str:
    """Read a file of a run."""
    try:
        return path.read_text("utf-8")
    except OSError as problem:
        rule = f"cannot be read: {problem.strerror}"
        raise InputError(fault(rule, file=path)) from None


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a table of a run."""
    return list(csv.DictReader(text_of(path).splitlines()))


def gap_cell(row: dict[str, str]) -> str:
    """Write a gap with its interval."""
    low, middle, high = (float(row[f"gap_{key}"]) for key in ("q05", "median", "q95"))
    return f"{number(middle, 2)} ({span(low, high, 2)})"


def measured_cell(first: dict[str, str]) -> str:
    """Say when, how and from which origins a table that ships was made, from its first row."""
    origins = first["origins"].split()
    return (
        f"Measured on {first['made']} with `{first['command']}`: origins {origins[0]} to "
        f"{origins[-1]}, fits as long as a published one. Of {first['fits']} fits "
        f"{first['passed']} passed the gate (largest R-hat {float(first['rhat']):.3f}, smallest "
        f"effective sample {float(first['ess']):,.0f}, divergences {first['divergences']})."
    )


def skill_cell(row: dict[str, str] | None) -> str:
    """Write skill with its interval."""
    if row is None or not row["skill"]:
        return NONE
    against = f", {row['against'].replace('_', ' ')}" if row["against"] else ""
    return f"{with_interval(row, 1.0, 2)}{against}"


def with_interval(row: dict[str, str], times: float, decimals: int) -> str:
    """Write the skill of a row, with its interval where it has one."""
    middle = number(times * float(row["skill"]), decimals)
    ends = [times * float(row[key]) for key in ("skill_q05", "skill_q95") if row[key]]
    return f"{middle} ({span(*ends, decimals)})" if ends else middle


def held_cell(row: dict[str, str] | None) -> str:
    """Write how often intervals held."""
    if row is None or not row["in_90"]:
        return NONE
    return f"{float(row['in_90']):.2f}, {float(row['in_50']):.2f}"


def lower_cell(text: str) -> str:
    """Begin a text with a small letter."""
    return text[:1].lower() + text[1:]


def table_of(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table in Markdown."""
    names = list(header)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
