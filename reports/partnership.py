"""The numbers of a report on the partnership: hazards, scenarios, the audit of claims.

Part of the payload, read from the tables of a run. A run without a fit of partnerships, or one
made before there were any, has an empty part, and the report says so.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crossover.data import countries
from crossover.data.names import (
    ALL_DOMAINS,
    BASELINE,
    COOLING,
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    DOWNTURN,
    INCIDENT,
    KIND,
    PARTNERSHIP_EVENTS,
    QUANTITY,
)
from crossover.forecast import claims, events, shipped
from crossover.reports.reading import EVENT_COLUMNS, Tables, read_json, read_table

FOLDER = Path(__file__).resolve().parents[1] / "forecast"
COOLING_CHECK = FOLDER / "alignment_check.csv"
OF_RUN = ("effects", "influence", "checks", "calibration", "rates", "votes")
"""Tables of the fits, in the run's folder, whatever the pair."""
DIFFERENCES, PATHS, BY_HAND = (
    "scenario_differences.csv", "partnership_paths.csv", "partnership_by_hand.csv",
)  # fmt: skip
FACTS, SCENARIOS, CLAIMS = "partnership_pair.json", "scenarios.json", "claims.csv"
MOST_INFLUENTIAL = 8
DEFAULT_PAIR = (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT)
COMPARED = (DOWNTURN, INCIDENT, COOLING, "independence", "export_crossover", "junior_everywhere")
"""Events whose differences by scenario are printed."""
QUANTITIES = ("capacity gap", "deliveries", "hazard of downturn", "log power ratio",
              "distance of votes")  # fmt: skip


def collect(
    run: Path, folder: Path, pair: tuple[str, str], tables: Tables, milestones: Sequence[int]
) -> dict[str, Any]:
    """Compute the numbers on the partnership of one pair.

    Parameters
    ----------
    run, folder
        The run's folder, and that of the pair.
    pair
        ISO3 codes of supplier and recipient.
    tables
        Of the pair's events.
    milestones
        Years that are told.

    Returns
    -------
    dict
        `known`: whether the run has fits of partnerships; `events`, `effects`, `influence`,
        `checks`, `calibration`, `rates`, `votes`, `hand`, `paths`, `facts`; `cross`, `left_out`,
        `disputes` and `cooling_check`, the shipped checks; `scenarios`; `claims` about no other
        country than the pair, and of the others how many they are and whom they are about
        (`other_claims`). What a run does not hold is empty.
    """
    held = {name: _rows(run / f"partnership_{name}.csv") for name in OF_RUN}
    effects = held["effects"]
    known = bool(effects)
    influence = sorted(held["influence"], key=lambda row: -abs(row["shift"]))
    return {
        "known": known,
        "events": [tables.entry(event) for event in PARTNERSHIP_EVENTS],
        "effects": [row for row in effects if row["outcome"] == DOWNTURN],
        "influence": influence[:MOST_INFLUENTIAL],
        "most_shift": abs(influence[0]["shift"]) if influence else None,
        "checks": held["checks"],
        "calibration": held["calibration"],
        "rates": held["rates"],
        "votes": {str(row["unit"]): row["cooled"] for row in held["votes"]},
        "hand": _rows(folder / BY_HAND),
        "paths": _paths(folder / PATHS, milestones),
        "facts": read_json(folder / FACTS) if (folder / FACTS).is_file() else {"reasons": {}},
        "cross": _rows(shipped.CROSS_VALIDATION),
        "left_out": _rows(shipped.LEFT_OUT_CALIBRATION),
        "disputes": _rows(shipped.WITH_AND_WITHOUT) if pair == DEFAULT_PAIR else [],
        "cooling_check": _rows(COOLING_CHECK),
        "scenarios": _scenarios(folder, milestones),
        **_claims(run, folder, pair),
    }


def _claims(run: Path, folder: Path, pair: tuple[str, str]) -> dict[str, Any]:
    """Return the audit's rows about a pair; an audit that does not say whom is about the run's."""
    rows = _rows(folder / CLAIMS) or _rows(run / CLAIMS)
    own = [
        row for row in rows
        if (claims.concerns(row["about"] or "", pair) if "about" in row else folder == run)
    ]  # fmt: skip
    whom = {c for row in rows if row not in own for c in (row.get("about") or "").split("-") if c}
    names = sorted(map(countries.name_of, whom))
    return {"claims": own, "other_claims": {"count": len(rows) - len(own), "about": names}}


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return a table's rows, numbers as numbers, flags as truth values, empty cells as None."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return [{key: _value(text) for key, text in row.items()} for row in csv.DictReader(lines)]


def _value(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _paths(path: Path, milestones: Sequence[int]) -> list[dict[str, Any]]:
    return [
        row
        for row in _rows(path)
        if row["scenario"] == BASELINE
        and (row["year"] in milestones or row["year"] == milestones[0] + 1)
    ]


def _scenarios(folder: Path, milestones: Sequence[int]) -> dict[str, Any]:
    """Return names, titles and descriptions, differences at milestones, and curves of events."""
    import tomllib

    texts: Mapping[str, str] = (
        read_json(folder / SCENARIOS) if (folder / SCENARIOS).is_file() else {}
    )
    heads = [{"name": name} | tomllib.loads(text)["scenario"] for name, text in texts.items()]
    rows = _rows(folder / DIFFERENCES)
    kept = [
        row
        for row in rows
        if row["domain"] == ALL_DOMAINS and row["year"] in milestones
        and row["name"] in (*COMPARED, *QUANTITIES)
        and row[KIND] in (QUANTITY, events.kinds_of(row["name"])[0])
    ]  # fmt: skip
    return {"heads": heads, "rows": kept, "curves": _curves(folder / "events.csv", rows)}


def _curves(path: Path, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return difference to the baseline by year, for events of the partnership and independence.

    Of each in the kind of answer that leads.
    """
    if not rows:
        return []
    table = read_table(path, EVENT_COLUMNS)
    table = table[table["domain"] == ALL_DOMAINS]
    found = []
    for event in (DOWNTURN, INCIDENT, COOLING, "independence"):
        own = table[(table["event"] == event) & (table[KIND] == events.kinds_of(event)[0])]
        wide: pd.DataFrame = own.pivot_table(index="year", columns="scenario", values="probability")
        if BASELINE not in wide:
            continue
        lines = {
            str(name): (wide[name] - wide[BASELINE]).tolist()
            for name in own["scenario"].unique() if name != BASELINE
        }  # fmt: skip
        if lines:
            found.append({"event": event, "year": [int(y) for y in wide.index], "lines": lines})
    return found
