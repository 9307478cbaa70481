"""What the gate found, check by check, and what each chain of the sampler did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossover.reports import catalogue
from crossover.reports.phrases import sentence

COLUMNS = {
    "chain": ".0f", "draws": ",.0f", "divergences": ".0f", "ebfmi": ".2f", "steps": ".0f",
    "depth": ".1f", "median": ".3f", "ahead": ".2f",
}  # fmt: skip
"""What a chain may tell of itself, each with its format."""


@dataclass(frozen=True)
class Check:
    """One check of the gate: what was found, and what is required."""

    title: str
    value: Any
    sign: str
    threshold: Any
    where: str
    passed: bool


@dataclass(frozen=True)
class Chains:
    """A row a chain, of the columns that any chain has."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    quantity: Literal["gap", "rd_within"] | None
    """Of which the median is shown."""


@dataclass(frozen=True)
class Diagnostics:
    """The verdict of the gate and what it rests on."""

    verdict: Literal["unjudged", "passed", "failed"]
    checks: Sequence[Check]
    failed: Sequence[str]
    """Titles of the checks that did not pass."""
    chains: Chains


def context(payload: Mapping[str, Any]) -> Diagnostics:
    """Return what the report says of the sampler."""
    gate = payload["gate"]
    checks = [_check(found) for found in gate["checks"]]
    return Diagnostics(
        verdict="unjudged" if not gate["judged"] else "passed" if gate["passed"] else "failed",
        checks=checks,
        failed=[check.title for check in checks if not check.passed],
        chains=_chains(payload["chains"]),
    )


def _check(found: Mapping[str, Any]) -> Check:
    name = str(found.get("name", ""))
    row = catalogue.load()["check"].get(name)
    place = found.get("where")
    return Check(
        title=row.title if row else sentence(name.replace("_", " ")),
        value=found.get("value"),
        sign=row.sign if row else "",
        threshold=found.get("threshold"),
        where=re.sub(r"^parameters\[(\w+)\]$", r"\1", plain(place)),
        passed=bool(found.get("passed")),
    )


def _chains(data: Mapping[str, Any]) -> Chains:
    columns = [key for key in COLUMNS if any(key in row for row in data["rows"])]
    return Chains(
        columns=columns,
        rows=[
            [
                "" if row.get(key) is None
                else format(row[key], COLUMNS[key]).replace("-", "−")
                for key in columns
            ]
            for row in data["rows"]
        ],
        quantity=data["quantity"],
    )  # fmt: skip


def plain(value: Any) -> str:
    """Write whatever a record holds on one line; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {plain(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    return str(value)
