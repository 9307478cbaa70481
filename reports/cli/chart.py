"""A chart of text: the course of probabilities, a character a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.reports.cli.console import ascii_only

BLOCKS = "▁▂▃▄▅▆▇█"
TENTHS = "0123456789"
"""Where a console has no blocks: tenths, rounded down; what is certain is a 9."""
EVERY = 5
"""Years between two marks of the axis."""


def lines(courses: Mapping[str, Mapping[int, float]]) -> list[str]:
    """Return a chart of the courses of probabilities, year by year; empty ones are left out.

    Each line has the name, the probability in the first year of all, a character a year, and the
    probability in the last one; a year without one is a gap.
    """
    held = {name: course for name, course in courses.items() if course}
    years = sorted({year for course in held.values() for year in course})
    width = max(map(len, held), default=0)
    levels = TENTHS if ascii_only() else BLOCKS
    axis = "".join(f"{year:<{EVERY}}" for year in years[::EVERY])
    scale = "in tenths" if levels is TENTHS else f"{levels[0]} is 0, {levels[-1]} is 1"
    drawn = [
        f"{name:{width}}  {_number(course.get(years[0]))}  "
        f"{''.join(_mark(course.get(year), levels) for year in years)}  "
        f"{_number(course.get(years[-1]))}"
        for name, course in held.items()
    ]
    return [f"{'':{width}}        {axis.rstrip()}", *drawn, f"{'':{width}}        ({scale})"]


def _number(p: float | None) -> str:
    return "-   " if p is None else f"{p:.2f}"


def _mark(p: float | None, levels: Sequence[str]) -> str:
    return " " if p is None else levels[min(int(p * len(levels)), len(levels) - 1)]
