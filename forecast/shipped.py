"""The checks that ship with the package, as tables: what a claim or a report reads of them.

They were computed once, on the shipped panel, by commands that take minutes to days. Apart from
the code that computes them, so that whoever only reads them imports nothing heavy.
"""

from __future__ import annotations

import csv
from pathlib import Path

CROSS_VALIDATION = Path(__file__).with_name("partnership_cross_validation.csv")
"""Hazards of a downturn on decades left out: a copy of what `sensitivity partnership` writes."""
LEFT_OUT_CALIBRATION = CROSS_VALIDATION.with_name("partnership_calibration.csv")
"""The same by decile of the hazard forecast."""
BASE_RATES = CROSS_VALIDATION.with_name("partnership_rates.csv")
"""Events and pair-years of the history by era."""
WITH_AND_WITHOUT = CROSS_VALIDATION.with_name("partnership_disputes.csv")
"""What the disputes on record do to the probabilities of Russia and China."""
BACKTEST = Path(__file__).with_name("backtest_summary.csv")
"""The summary of the backtest on the shipped panel: a copy of its summary.csv."""
PAIRS = Path(__file__).with_name("backtest_pairs.csv")
"""Its forecasts of single pairs: a copy of its pairs.csv."""
DRIVERS = Path(__file__).with_name("driver_skill.csv")
"""How good futures of GDP, military spending and R&D shares were: a copy of what `sensitivity
drivers` writes."""
ANSWER = Path(__file__).with_name("answer_moves.csv")
"""What moves the answer on capacity, of the shipped run: a copy of what `sensitivity answer`
writes."""

ABLATION = "ablation"
"""Part of a backtest's summary: a comparison of our model with itself without a part."""
DELIVERIES = "deliveries"
"""Imports, exports and dyads together, each counting the same."""
WITHOUT = {
    "R&D": "no_rd", "military spending": "no_military", "memory": "no_memory",
    "pooling": "no_pooling", "R&D, with GDP in its place": "gdp",
}  # fmt: skip
"""Part of the model → the variant that lacks it."""


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table as text; none where there is no such file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


KHAT = 0.7
"""Above this weighted draws are not to be trusted (Vehtari et al. 2024)."""


def doubt(row: dict[str, str]) -> str:
    """Say why the draws of a row of `ANSWER` are not to be trusted; nothing where they are."""
    if row["khat"] and float(row["khat"]) > KHAT:
        return "few draws carry the weight"
    return "" if row["passed"] in ("", "1", "1.0", "True") else "did not pass the gate"
