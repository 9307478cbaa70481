"""The links of the argument under test, and what the data say of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossover.data.names import DOWNTURN, JUNIOR_EVERYWHERE
from crossover.reports import catalogue


@dataclass(frozen=True)
class Claim:
    """A link with its probability and verdict."""

    name: str
    year: int | None
    probability: float | None
    asked: Literal["record", "undefined", "no_figures", "rule", "end", "year"]
    """How it is tested: on record, not at all, by the catalogue’s rule, by its end, in a year."""
    verdict: str


@dataclass(frozen=True)
class Claims:
    """Every link, and how many have each verdict."""

    rows: Sequence[Claim]
    verdicts: Mapping[str, int]


def context(payload: Mapping[str, Any]) -> Claims:
    """Return what the report says of the argument."""
    rows = [
        Claim(c["claim"], c["year"], c["probability"], _asked(c), c["verdict"])
        for c in payload["claims"]
    ]
    kinds = catalogue.load()["verdict"]
    counts = {kind: sum(row.verdict == kind for row in rows) for kind in kinds}
    return Claims(rows, {kind: many for kind, many in counts.items() if many})


def _asked(claim: Mapping[str, Any]) -> str:
    name = claim["claim"]
    if claim["modelled"] and claim["probability"] is None:
        return "undefined" if name in (*catalogue.events(), JUNIOR_EVERYWHERE) else "no_figures"
    if claim["observed"]:
        return "record"
    if name == DOWNTURN:
        return "end" if claim["modelled"] else "rule"
    return "rule" if catalogue.load()["claim"][name].rule else "year"
