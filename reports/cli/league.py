"""The command that says what all pairs come to, and the pass that forecasts them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from crossover.data import countries
from crossover.forecast import runs
from crossover.forecast.progress import progress, say, stoppable
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape

if TYPE_CHECKING:
    import pandas as pd

HTML = "write both tables as one web page too, which sorts and loads nothing"
BEFORE = "an earlier run to compare with; by default the last one whose pairs are all forecast"


def forecast_all(run: Path) -> int:
    """Forecast the deliveries of every pair of a run; what is done is kept when it is stopped."""
    from crossover.forecast import every_pair

    with progress("forecasting all pairs") as move, stoppable():
        console.show(str(every_pair.forecast_all(run, progress=move)))
    return console.DONE


def league(
    asked: options.OfStore,
    shown: options.Shown,
    run: options.RunArgument = None,
    before: Annotated[str | None, Option(metavar="DIR-OR-ID", help=BEFORE)] = None,
    html: Annotated[Path | None, Option("--html", metavar="FILE", help=HTML)] = None,
) -> int:
    """Show which recipients leave which suppliers, and which suppliers rise.

    A recipient has left when three-year mean deliveries are below 5 % of their mean of 2000-2009.
    The last column is the change since the earlier run, for the same years. It rests on 'crossover
    forecast --all'. With --csv or --json both tables are one, told apart by the first column.
    """
    from crossover.forecast import league as leagues

    shape, folder = shown.shape, asked.find(run)
    earlier = asked.find(before) if before else leagues.last_edition(folder, asked.folder)
    made = leagues.league(folder, earlier)
    if html is not None:
        from crossover.reports import league_page

        passed = bool((runs.read(folder).get("gate") or {}).get("passed"))
        if not passed:
            say("the run has not passed the gate: its page is marked not publishable")
        say(f"written: {league_page.build(made, html, passed)}")
    tables = {"leaving": made.leaving, "rising": made.rising}
    if shape is not Shape.TABLE:
        header = list(dict.fromkeys([*leagues.LEAVING, *leagues.RISING]))
        rows = [
            [name, *(row.get(column) for column in header)]
            for name, table in tables.items() for row in table.to_dict("records")
        ]  # fmt: skip
        console.put(["table", *header], rows, shape)
        return console.DONE
    against = f"change since run {made.before}" if made.before else "no earlier run to compare with"
    console.show(f"Run {made.run}, data to {made.origin}; {against}. TIV million a year.\n")
    heads = {
        "base": "2000-09", "recent": "of late", "p_soon": f"left in {made.soon}",
        "p_late": f"left in {made.late}", "mc_error": "MC error", "median": f"in {made.late}",
        "q05": "5 %", "q95": "95 %", "rank_late": f"rank {made.late}", "p_more": "P(more)",
        "share_late": f"share {made.late}",
    }  # fmt: skip
    words = f"Who leaves whom: probability that the recipient has left in {made.late}"
    _put(made.leaving, heads, words)
    words = f"Which suppliers rise: exports, mean of three years up to {made.late}"
    console.show()
    _put(made.rising, heads, words)
    return console.DONE


def _put(table: pd.DataFrame, heads: dict[str, str], words: str) -> None:
    """Print a table to be read: names for codes, two decimals of what is below ten."""

    def told(name: str, value: Any) -> Any:
        if name in ("supplier", "recipient"):
            return countries.name_of(value)
        if not isinstance(value, float):
            return value
        if math.isnan(value):
            return None
        return round(value, 2) if abs(value) < 10 else round(value)

    shown = table.drop(columns="change") if table["change"].isna().all() else table
    rows = [[told(name, row[name]) for name in shown] for row in shown.to_dict("records")]
    console.put([heads.get(name, name) for name in shown], rows, Shape.TABLE, words)
