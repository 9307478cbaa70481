"""What is printed: results as a table, as CSV or as JSON to standard output, faults to the other.

All text passes through `printable`: what files, records and servers hold moves no cursor.
"""

from __future__ import annotations

import contextlib
import csv
import enum
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from crossover.data import countries
from crossover.data.errors import InputError
from crossover.data.printable import printable
from crossover.forecast import runs
from crossover.forecast.progress import say
from crossover.reports.cells import literal

DONE, FAILED, BAD_INPUT, GATE_FAILED, STOPPED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141
SEED = 20260424

command_line: ContextVar[str] = ContextVar("command_line", default="crossover")
"""What the user typed, for the record of a run."""


class Shape(enum.Enum):
    """How rows are printed."""

    TABLE, CSV, JSON = "table", "csv", "json"


def put(
    header: Sequence[str], rows: Iterable[Sequence[Any]], shape: Shape, title: str = ""
) -> None:
    """Print rows as a table under its title, as CSV, or as a JSON list of objects."""
    if shape is Shape.CSV:
        sys.stdout.write(csv_text(header, rows))
    elif shape is Shape.JSON:
        found = [dict(zip(header, map(_clean, row), strict=True)) for row in rows]
        print(json.dumps(runs.plain(found), ensure_ascii=False, indent=2, default=str))
    else:
        show(f"{title}\n" if title else "", end="\n" if title else "")
        show(_fitting(header, [list(row) for row in rows]))


def show(text: object = "", end: str = "\n") -> None:
    """Print a text as a result."""
    print(printable(str(text)), end=end)


def _clean(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


# CSV -------------------------------------------------------------------------------------------


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV, in which no text is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_literal, header))
    writer.writerows(map(_literal, row) for row in rows)
    return text.getvalue()


def _literal(value: Any) -> str:
    """Return a cell for CSV; a text that a spreadsheet would compute gets an apostrophe."""
    return literal(printable(cell(value)))


# Tables ----------------------------------------------------------------------------------------


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as aligned text under their header; numbers stand to the right."""
    rows = [list(row) for row in rows]
    texts = [[_line(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
    right = _to_right(header, rows)
    lines = (
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (header, ["-" * width for width in widths], *texts)
    )
    return "\n".join(lines)


def _fitting(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table; on a terminal too narrow for it cells with spaces are broken into lines."""
    text = table(header, rows)
    if not sys.stdout.isatty() or len(rows) > BROKEN:
        return text
    columns = os.get_terminal_size(sys.stdout.fileno()).columns
    if max(map(len, text.splitlines())) <= columns:
        return text
    texts = [[_line(value) for value in row] for row in rows]
    broken = [any(" " in text for text in column) for column in zip(*texts, strict=True)]
    whole = [
        max(map(len, column)) + 2
        for column, apart in zip(zip(header, *texts, strict=True), broken, strict=True)
        if not apart
    ]
    if sum(whole) + NARROW * sum(broken) > columns:
        return text
    return _wrapped(header, texts, broken, _to_right(header, rows), columns)


BROKEN = 400
"""Rows up to which cells are broken into lines: it takes a millisecond a row."""
NARROW = 14
"""Columns of the terminal below which a cell is not broken: a word a line is no text."""


def _wrapped(
    header: Sequence[str],
    texts: Sequence[Sequence[str]],
    broken: Sequence[bool],
    right: Sequence[bool],
    columns: int,
) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = box.ASCII2 if ascii_only() else box.SIMPLE_HEAD
    grid = Table(box=lines, pad_edge=False, show_edge=False)
    for name, apart, to_right in zip(header, broken, right, strict=True):
        grid.add_column(Text(name), justify="right" if to_right else "left", no_wrap=not apart)
    for row in texts:
        grid.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=columns, color_system=None).print(grid)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def ascii_only() -> bool:
    """Say whether standard output is a console that has letters and little else."""
    return not (sys.stdout.encoding or "").lower().startswith("utf")


def _to_right(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bool]:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    return [bool(column) and all(map(_numeric, column)) for column in columns]


def _numeric(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def cell(value: Any) -> str:
    """Return a value as text: floats to ten significant digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _line(value: Any) -> str:
    """Return a cell of a table: one line of it."""
    text = printable(cell(value))
    return text if text.isprintable() else " ".join(text.split())


def short(value: Any) -> str:
    """Return a value as text: floats to four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else cell(value)


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of nested mappings and lists."""
    if isinstance(value, Mapping | list):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
        for key, inner in pairs:
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, str(value) if isinstance(value, bool) else value


# Words -----------------------------------------------------------------------------------------


def pair_words(pair: tuple[str, str]) -> str:
    """Return a pair as words: supplier to recipient."""
    return " to ".join(map(countries.name_of, pair))


def listed(codes: Iterable[str]) -> str:
    """Return names of countries as a list in words."""
    *first, last = sorted(map(countries.name_of, codes))
    return f"{', '.join(first)} and {last}" if first else last


# Faults and the state of the streams ------------------------------------------------------------


def complain(message: str) -> int:
    """Print one line on what is wrong, and return the exit code of bad input."""
    line = re.sub(r"column '(--[a-z-]+)'", r"\1", " ".join(message.split()))
    with contextlib.suppress(OSError):
        say(f"crossover: error: {line}")
    return BAD_INPUT


def prepare() -> None:
    """Make the streams fit to print to; raise InputError where results can go nowhere.

    What a console cannot show is printed as its code. A closed stream is held by the null device:
    a file that is opened must not take its place.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        raise InputError("standard output is closed: send it to a file, or to the null device")
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")


def check_current_folder() -> None:
    """Raise InputError if the folder that the user stands in was deleted."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise InputError("the current folder was deleted: change to another") from None


def discard() -> None:
    """Send what is still to be printed nowhere: who was to read it is gone."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
