"""The league of all pairs as one web page that loads nothing: who leaves whom, and who rises.

The numbers are those of `forecast.league`, the words stand in the template. Rows are sorted without
a script; with it every column sorts, by mouse or by key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.names import BASE_YEARS, INDEPENDENCE_SHARE, MEAN_YEARS
from crossover.reports import page
from crossover.reports.numerals import NONE, number
from crossover.reports.page_words import environment, percent, volume
from crossover.reports.phrases import count
from crossover.reports.render import TEMPLATES

if TYPE_CHECKING:
    import pandas as pd

    from crossover.forecast.league import League


@dataclass(frozen=True)
class Cell:
    """What is shown, and what is sorted by; numbers stand to the right and nothing sorts last."""

    text: str
    value: str | float | None


def points(value: float) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    text = number(100 * value, 1)
    return f"+{text}" if value > 0 else text


def place(value: float) -> str:
    """Write a rank."""
    return f"{value:.0f}"


LEAVING: Mapping[str, Callable[[Any], str]] = {
    "supplier": countries.name_of, "recipient": countries.name_of, "base": volume,
    "recent": volume, "p_soon": percent, "p_late": percent, "change": points,
}  # fmt: skip
"""Columns of the first table, as in `League.leaving` → how each is written."""
RISING: Mapping[str, Callable[[Any], str]] = {
    "supplier": countries.name_of, "recent": volume, "rank": place, "median": volume,
    "q05": volume, "q95": volume, "rank_late": place, "p_more": percent, "share": percent,
    "share_late": percent, "change": points,
}  # fmt: skip
"""Columns of the second, as in `League.rising`."""


def rows(table: pd.DataFrame, columns: Mapping[str, Callable[[Any], str]]) -> list[list[Cell]]:
    """Return the cells of a table, a list a row."""
    return [
        [_cell(row[name], form) for name, form in columns.items()]
        for row in table.to_dict("records")
    ]


def _cell(value: Any, form: Callable[[Any], str]) -> Cell:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(NONE, None)
    text = form(value)
    return Cell(text, text if isinstance(value, str) else float(value))


def rendered(league: League, passed: bool) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    league
        As from `forecast.league.league`.
    passed
        Whether the run passed its gate; if not, the page says that it is not for publication.
    """
    style, script = (
        TEMPLATES.joinpath(name).read_text("utf-8") for name in ("page.css", "league.js")
    )
    template = environment(autoescape=True).get_template("league.html.j2")
    return template.render(
        league=league, passed=passed, leaving=rows(league.leaving, LEAVING),
        rising=rows(league.rising, RISING), columns={"leaving": LEAVING, "rising": RISING},
        base="–".join(map(str, BASE_YEARS)), share=f"{100 * INDEPENDENCE_SHARE:.0f}\u00a0%",
        years=count(MEAN_YEARS), policy=page.policy([script], style), style=Markup(style),
        script=Markup(script),
    )  # fmt: skip


def build(league: League, out: Path, passed: bool) -> Path:
    """Write the page of a league, and return it; raise InputError where it cannot be written."""
    if not out.parent.is_dir():
        raise InputError(fault("there is no such folder", column="--html", value=str(out.parent)))
    return page.write(out, rendered(league, passed).encode())
