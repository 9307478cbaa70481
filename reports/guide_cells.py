"""Cells and tables of the guide's blocks: numbers with intervals, rows of Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from crossover.data.errors import InputError, fault
from crossover.reports.numerals import NONE, number, span


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as problem:
        rule = f"cannot be read: {problem.strerror}"
        raise InputError(fault(rule, file=path)) from None


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(_text(path).splitlines()))


def _gap(row: dict[str, str]) -> str:
    low, middle, high = (float(row[f"gap_{key}"]) for key in ("q05", "median", "q95"))
    return f"{number(middle, 2)} ({span(low, high, 2)})"


def _measured(first: dict[str, str]) -> str:
    """Say when, how and from which origins a table that ships was made, from its first row."""
    origins = first["origins"].split()
    return (
        f"Measured on {first['made']} with `{first['command']}`: origins {origins[0]} to "
        f"{origins[-1]}, fits as long as a published one. Of {first['fits']} fits "
        f"{first['passed']} passed the gate (largest R-hat {float(first['rhat']):.3f}, smallest "
        f"effective sample {float(first['ess']):,.0f}, divergences {first['divergences']})."
    )


def _skill(row: dict[str, str] | None) -> str:
    if row is None or not row["skill"]:
        return NONE
    against = f", {row['against'].replace('_', ' ')}" if row["against"] else ""
    return f"{_with_interval(row, 1.0, 2)}{against}"


def _with_interval(row: dict[str, str], times: float, decimals: int) -> str:
    """Write the skill of a row, with its interval where it has one."""
    middle = number(times * float(row["skill"]), decimals)
    ends = [times * float(row[key]) for key in ("skill_q05", "skill_q95") if row[key]]
    return f"{middle} ({span(*ends, decimals)})" if ends else middle


def _held(row: dict[str, str] | None) -> str:
    if row is None or not row["in_90"]:
        return NONE
    return f"{float(row['in_90']):.2f}, {float(row['in_50']):.2f}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(header)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
