"""The check of compositions by domain: what is on record against what the model predicts of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crossover.data.names import BANDS
from crossover.reports.reading import read_table

CHECK_COLUMNS = (
    "side", "country", "domain", "period", "observed", *BANDS, "below", "at",
)  # fmt: skip
COVERED = {"within_50": (0.25, 0.75), "within_90": (0.05, 0.95)}


def inside(below: pd.Series, at: pd.Series, low: float, high: float) -> pd.Series:
    """Probability that a figure lies inside a band, ties with predictions broken at random.

    Parameters
    ----------
    below, at
        Share of predictions under the figure, and equal to it.
    low, high
        Ends of the band, as probabilities.
    """
    overlap = (np.minimum(below + at, high) - np.maximum(below, low)).clip(lower=0.0)
    sharp = ((below >= low) & (below <= high)).astype(float)
    return (overlap / at.where(at > 0)).fillna(sharp)


def collect(path: Path, names: Mapping[str, str]) -> dict[str, Any]:
    """Read what was observed of each composition, and predicted.

    Parameters
    ----------
    path
        The table domain_check.csv.
    names
        Of countries by code.

    Returns
    -------
    dict
        `series`, one a country and side: `side`, `country`, `name`, `panels` (one a domain:
        `period`, `observed` and quantiles), `missed`. Of each and of all: `cells`, `zeros`,
        `within_50` and `within_90`, each `touched` and `split` (see `inside`), shares.
    """
    table = read_table(path, CHECK_COLUMNS)
    result: dict[str, Any] = {"series": [], **_covered(table)}
    for (side, country), rows in table.groupby(["side", "country"], sort=False):
        panels = []
        for domain, one in rows.groupby("domain", sort=False):
            ordered = one.sort_values("period")
            columns = ("period", "observed", *BANDS)
            panels.append({"domain": domain} | {key: ordered[key].tolist() for key in columns})
        name = names.get(country, country)
        entry = {"side": side, "country": country, "name": name, "panels": panels}
        entry["missed"] = [miss for panel in panels for miss in missed(panel)]
        result["series"].append(entry | _covered(rows))
    return result


def missed(panel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Say in which periods, and to which side, a domain was outside the 90 % band."""
    found = []
    for direction, outside in (
        ("above", np.greater(panel["observed"], panel["q95"])),
        ("below", np.less(panel["observed"], panel["q05"])),
    ):
        periods = [p for p, out in zip(panel["period"], outside, strict=True) if out]
        if periods:
            found.append({"domain": panel["domain"], "side": direction, "periods": periods})
    return found


def _covered(table: pd.DataFrame) -> dict[str, Any]:
    """Count cells, those that are zero, and those inside the bands of the prediction."""
    seen = table["observed"]
    result: dict[str, Any] = {"cells": len(table), "zeros": int((seen == 0).sum())}
    for name, (low, high) in COVERED.items():
        ends = [f"q{round(100 * q):02d}" for q in (low, high)]
        touched = (seen >= table[ends[0]]) & (seen <= table[ends[1]])
        share = inside(table["below"], table["at"], low, high)
        result[name] = {"touched": float(touched.mean()), "split": float(share.mean())}
    return result
