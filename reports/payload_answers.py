"""Levels, milestones and claims of a run as a report prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from crossover.data.names import (
    BANDS,
    CAPACITY_CROSSOVER,
    EXPORT_CROSSOVER,
    INDEPENDENCE,
    JUNIOR_EVERYWHERE,
    RECIPIENT,
    SUPPLIER,
)
from crossover.forecast import conventions
from crossover.reports.reading import (
    at_year,
    read_table,
    verdict,
)

LEVEL_COLUMNS = (
    "alternative",
    "description",
    "weight",
    "probability",
    "mc_error",
    "gap_median",
    "gap_q05",
    "gap_q95",
    "year",
    "headline",
)


def levels_of(path: Path) -> dict[str, Any]:
    """The average over conventions, and each of them, that of the forecast first."""
    table = read_table(path, LEVEL_COLUMNS)[list(LEVEL_COLUMNS)].to_dict("records")
    later = [row for row in table if row["year"] != table[0]["year"]]
    table = [row for row in table if row["year"] == table[0]["year"]]
    average = next((row for row in table if row["alternative"] == conventions.AVERAGE), None)
    rows = [
        row | {"headline": row["alternative"] == conventions.CHOSEN}
        for row in table if row["alternative"] != conventions.AVERAGE
    ]  # fmt: skip
    rows.sort(key=lambda row: not row["headline"])
    years = sorted({int(row["year"]) for row in later})[:-1]
    held = {(row["alternative"], int(row["year"])): row["probability"] for row in later}
    for row in (average, *rows) if average else rows:
        row["later"] = [held[row["alternative"], year] for year in years]
    probabilities = [row["probability"] for row in rows]
    return {
        "average": average,
        "rows": rows,
        "years": years,
        "lowest": min(probabilities, default=None),
        "highest": max(probabilities, default=None),
    }


def milestone_table(
    base: xr.Dataset,
    pair: tuple[str, str],
    milestones: Sequence[int],
    capacity: Mapping[str, Any],
    rd: Mapping[str, Any],
    dependence: Mapping[str, Any],
    exports: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Median and 90 % interval of what the fans show, at the milestone years."""
    rows: list[tuple[str, str | None, Any, Any]] = [
        ("gap", None, capacity["gap"]["past"], capacity["gap"]["future"]),
        ("deliveries", None, dependence["deliveries_observed"], dependence["deliveries"]),
        ("import_share", None, dependence["share_past"], dependence["share"]),
    ]
    for role in (RECIPIENT, SUPPLIER):
        if exports[role]:
            rows.append(("exports", role, exports[role]["past"], exports[role]["future"]))
    for role in (RECIPIENT, SUPPLIER):
        rows.append(("rd_share", role, rd[role]["share_observed"], rd[role]["share"]))
    for role in (RECIPIENT, SUPPLIER):
        rows.append(("rd_stock", role, rd[role]["stock_past"], rd[role]["stock"]))
    return [
        {
            "quantity": quantity,
            "role": role,
            "cells": [_cell(past, year) or _cell(future, year) for year in milestones],
        }
        for quantity, role, past, future in rows
    ]


def _cell(series: Mapping[str, Any], year: int) -> dict[str, float] | None:
    if year not in series["year"]:
        return None
    at = list(series["year"]).index(year)
    if "value" in series:
        return {"value": series["value"][at]}
    return {key: series[key][at] for key in BANDS}


def claims_of(
    origin: int,
    milestones: Sequence[int],
    events: Sequence[Mapping[str, Any]],
    parameters: Sequence[Mapping[str, Any]],
    rd: Mapping[str, Any],
    by_domain: Mapping[str, Any],
    downturn: Mapping[str, Any],
    average: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """The links of the argument, each with the probability of what it asserts.

    Who is ahead at the origin is answered by the average over conventions, as the headline is.
    """
    soon = milestones[1] if len(milestones) > 1 else origin
    by_name = {entry["name"]: entry for entry in parameters}
    by_event = {entry["event"]: entry for entry in events}
    stock = None if rd["ratio"] is None else float(rd["ratio"] > 1)
    claims: list[dict[str, Any]] = [
        {"claim": "rd_stock_ahead", "year": origin, "probability": stock, "observed": True}
    ]
    for name in ("rd_within", "rd_between", "mil_within", "mil_between"):
        if name in by_name:
            probability = by_name[name]["posterior"]["positive"]
            claims.append({"claim": name, "year": None, "probability": probability})
    for event, year in (
        (CAPACITY_CROSSOVER, origin),
        ("capacity_crossover_sustained", soon),
        (EXPORT_CROSSOVER, soon),
        (INDEPENDENCE, soon),
    ):
        entry = by_event[event]
        probability = at_year(entry, year) if entry["defined"] else None
        if event == CAPACITY_CROSSOVER and average:
            probability = average["probability"]
        claims.append({"claim": event, "year": year, "probability": probability})
    joint = next(e for e in by_domain["joint"] if e["event"] == JUNIOR_EVERYWHERE)
    late = milestones[-2] if len(milestones) > 2 else milestones[-1]
    claims += [
        {
            "claim": JUNIOR_EVERYWHERE,
            "year": late,
            "probability": at_year(joint, late) if joint["defined"] else None,
        },
        {
            "claim": "downturn",
            "year": late,
            "probability": at_year(downturn, late) if downturn["defined"] else None,
            "modelled": downturn["defined"],
        },
    ]
    for claim in claims:
        claim.setdefault("modelled", True)
        claim.setdefault("observed", False)
        claim["verdict"] = verdict(claim["probability"])
    return claims
