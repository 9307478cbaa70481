"""The numbers of what changed since the last edition, and of the track record.

Part of the payload, read from what `crossover explain` writes into the folder of the later run and
`crossover score --run` into that of a run. A folder without such files has an empty part, and the
report leaves the page out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from crossover.reports import catalogue
from crossover.reports.reading import present, read_json, read_table

TOLD, PARTS, OBSERVATIONS, NEXT_YEAR = (
    "explain.json", "explain.csv", "explain_observations.csv", "explain_next_year.csv",
)  # fmt: skip
RECORD = "track_record.json"
PART_COLUMNS = (
    "event", "what", "step", "before", "after", "change", "mc_error", "how", "before_error",
    "after_error",
)  # fmt: skip
OBSERVATION_COLUMNS = (
    "recipient", "year", "kind", "before", "now", "influence", "mc_error", "khat",
)  # fmt: skip
CONDITION_COLUMNS = (
    "observable", "of", "side", "bound", "unit", "chance", "probability", "mc_error", "change",
    "moves",
)  # fmt: skip
IN = "in "
KHAT_MAX = 0.7
"""Weights with a larger k-hat are not to be relied on (Vehtari et al. 2024)."""


def collect(
    folder: Path, record: Mapping[str, Any], countries: Mapping[str, str], origin: int
) -> dict[str, Any]:
    """Read why the answers of a pair moved since an earlier run.

    Parameters
    ----------
    folder
        Of the pair.
    record
        The run's record.
    countries
        Code → name.
    origin
        Last year of data.

    Returns
    -------
    dict
        `known`: whether the change was explained; if so, `from` and `to` (which runs, their
        releases), `update` (how the posterior was moved,
        if it was), `links` (how each step was made), the headline `event` and `by`, its
        `probability`; `rows`: of each event and year, probability before and after, and of each
        step the change; `observations`; `conditions` on the figures of `next_year`. Changes and
        influences are differences of probability.

    Raises
    ------
    InputError
        If a table is missing or unreadable.
    """
    if not (folder / TOLD).is_file():
        return {"known": False}
    told = read_json(folder / TOLD)
    tables = {
        name: read_table(present(folder / name), columns)
        for name, columns in (
            (PARTS, PART_COLUMNS), (OBSERVATIONS, OBSERVATION_COLUMNS),
            (NEXT_YEAR, CONDITION_COLUMNS),
        )
    }  # fmt: skip
    seen = tables[OBSERVATIONS]
    seen = seen.assign(name=[countries.get(code, code) for code in seen["recipient"]])
    return {
        "known": True,
        "from": told["from"],
        "to": told["to"],
        "update": record.get("update"),
        "links": told["links"],
        "event": told["event"],
        "by": told["by"],
        "probability": told["probability"],
        "rows": _rows(tables[PARTS]),
        "observations": seen.to_dict("records"),
        "conditions": tables[NEXT_YEAR].to_dict("records"),
        "next_year": origin + 1,
        "khat_max": KHAT_MAX,
    }


def _rows(parts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row an event and year, its steps in the order of the file."""
    parts = parts[parts["what"].str.startswith(IN)]
    rows = []
    for (event, what), steps in parts.groupby(["event", "what"], sort=False):
        first, last = steps.iloc[0], steps.iloc[-1]
        rows.append(
            {
                "event": event,
                "by": int(what.removeprefix(IN)),
                "before": first["before"],
                "before_error": first["before_error"],
                "steps": steps[["step", "before", "after", "change", "mc_error", "how"]].to_dict(
                    "records"
                ),
                "after": last["after"],
                "after_error": last["after_error"],
            }
        )
    listed = catalogue.events()
    return sorted(rows, key=lambda row: (listed.index(row["event"]), row["by"]))


def record_of(run: Path) -> dict[str, Any]:
    """Read the track record that was put into a run's folder; `known` is False where none was."""
    if not (run / RECORD).is_file():
        return {"known": False}
    return {"known": True} | read_json(run / RECORD)
