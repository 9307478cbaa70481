"""What next year's published figures would do to the headlines: thresholds that change an answer.

Computed from the draws of the forecast itself: the probability of a statement in those draws in
which a figure of the first year ahead lies beyond a bound (`forecast.influence.next_year`).
"""

from __future__ import annotations

from typing import Any

import xarray as xr

from crossover.data.names import (
    BASELINE,
    CAPACITY_CROSSOVER,
    COUNTRY,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
    SCENARIO,
    SOON,
    SUPPLIER,
    YEAR_FUTURE,
)
from crossover.forecast import events, influence, states

ASKED = (CAPACITY_CROSSOVER, INDEPENDENCE, EXPORT_CROSSOVER)


def collect(forecast: xr.Dataset) -> list[dict[str, Any]]:
    """Return thresholds on next year's figures of the pair, those that move a headline first.

    Parameters
    ----------
    forecast
        A pair's forecast, all scenarios.

    Returns
    -------
    list of dict
        `event` and `by` of the headline, its probability `now`; and of the threshold what
        `forecast.influence.Condition` holds, `of` a code of the pair or the two of them.
    """
    pair = (forecast.attrs["supplier"], forecast.attrs["recipient"])
    by = min(SOON, int(forecast[YEAR_FUTURE].max()))
    answers = events.answers(forecast.sel({SCENARIO: [BASELINE]}))
    shown = forecast.sel({
        side: [code for code in pair if code in forecast[side].values]
        for side in (SUPPLIER, COUNTRY)
    })
    holds, rows = states.states(answers), []
    for event in ASKED:
        if event not in holds or by not in holds[event].years:
            continue
        happened = holds[event].at(by)
        rows += [
            {"event": event, "by": by, "now": float(happened.mean()), **row._asdict()}
            for row in influence.next_year(shown, happened)
            if row.moves
        ]
    return rows
