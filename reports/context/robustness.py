"""What moves the answer on capacity: what is chosen otherwise, and the probability then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.reports import catalogue
from crossover.reports.numerals import prob
from crossover.reports.phrases import Payload, curly, sentence


@dataclass(frozen=True)
class Robustness:
    """The table of a pair; `known` is False for one of which none is shipped.

    `lines` are its rows as printed: what differs, how, and the probability of each of the `years`;
    it was `made` on a date.
    """

    known: bool
    years: Sequence[int] = ()
    made: str = ""
    lines: Sequence[Sequence[str]] = ()


def context(payload: Payload) -> Robustness:
    """Return what the report says of choices made otherwise."""
    found = payload["robustness"]
    if found is None:
        return Robustness(False)
    return Robustness(True, found["years"], found["made"], lines(found))


def lines(found: Mapping[str, Any]) -> list[Sequence[str]]:
    """Return the rows of the table: what differs, how, and the probability of each year."""
    told = catalogue.load()
    single = told["row"]["conventions"]
    made: list[Sequence[str]] = [
        ("", told["row"]["published"].title, *map(prob, found["published"])),
        (single.title, single.clause, *(
            f"{prob(low)} to {prob(high)}" for low, high in found["conventions"])),
    ]  # fmt: skip
    seen = ""
    for row in found["rows"]:
        group = told["choice"][row["group"]].title
        mark = f" ({row['doubt']})" if row["doubt"] else ""
        words = sentence(curly(row["description"])) + mark
        made.append((
            group if group != seen else "", words, *map(prob, row["values"]),
        ))  # fmt: skip
        seen = group
    return made
