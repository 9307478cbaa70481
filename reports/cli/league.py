"""`crossover forecast --all` and `crossover league`: all pairs at once, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.data import countries
from crossover.forecast import runs, steps
from crossover.reports.cli import console
from crossover.reports.cli.stored import (
    LATEST,
    JsonOption,
    RunArgument,
    StoreOption,
    found,
)

if TYPE_CHECKING:
    import pandas as pd

    from crossover.forecast.league import League

BEFORE = "an earlier run to compare with; by default the last one whose pairs are all forecast"


def forecast_all(folder: Path) -> int:
    """Forecast the deliveries of every pair of a run, a few minutes in all.

    What is done is kept: the same command goes on where it was stopped. 'crossover league' reads
    it, and 'crossover ask' answers questions on any pair, supplier or recipient from it.
    """
    from crossover.forecast import every_pair

    with steps.progress("forecasting all pairs") as move, steps.stoppable():
        console.show(every_pair.forecast_all(folder, progress=move))
    return console.DONE


def league(
    run: RunArgument = LATEST,
    before: Annotated[str | None, typer.Option(metavar="RUN", help=BEFORE)] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Show which recipients leave which suppliers, and which suppliers rise.

    A recipient has left when three-year mean deliveries are below 5 % of their mean of 2000-2009.
    The last column is the change since the earlier run, for the same years.
    """
    from crossover.forecast import league as leagues

    folder = found(run, store)
    earlier = (
        leagues.last_edition(folder, runs.store(store)) if before is None else found(before, store)
    )
    made = leagues.league(folder, earlier)
    console.show(_as_json(made) if json else text(made))
    return 0


def _as_json(made: League) -> str:
    import json as writer
    from dataclasses import asdict

    held = asdict(made) | {
        name: getattr(made, name).to_dict("records") for name in ("leaving", "rising")
    }
    return writer.dumps(runs.plain(held), ensure_ascii=False, indent=2)


def text(made: League) -> str:
    """Return both tables to be read."""
    against = f"change since run {made.before}" if made.before else "no earlier run to compare with"
    leaving = made.leaving.assign(
        **{side: made.leaving[side].map(countries.name_of) for side in ("supplier", "recipient")}
    )
    rising = made.rising.assign(supplier=made.rising["supplier"].map(countries.name_of))
    heads = {
        "base": "2000-09", "recent": "of late", "p_soon": f"left in {made.soon}",
        "p_late": f"left in {made.late}", "mc_error": "MC error",
    }  # fmt: skip
    more = {
        "median": f"in {made.late}", "rank_late": f"rank {made.late}", "p_more": "P(more)",
        "q05": "5 %", "q95": "95 %", "share_late": f"share {made.late}",
    }  # fmt: skip
    return "\n".join(
        [
            f"Run {made.run}, data to {made.origin}; {against}. TIV million a year.",
            "", f"Who leaves whom: probability that the recipient has left in {made.late}", "",
            _shown(leaving.rename(columns=heads)),
            "", f"Which suppliers rise: exports, mean of three years up to {made.late}", "",
            _shown(rising.rename(columns=heads | more)),
        ]
    )  # fmt: skip


def _shown(table: pd.DataFrame) -> str:
    if table["change"].isna().all():
        table = table.drop(columns="change")

    def told(value: float) -> str:
        return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"

    return table.to_string(index=False, float_format=told)
