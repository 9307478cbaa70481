"""The track record: what was published before, and how much of it has come out since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossover.data.names import FIRST_PASSAGE, KIND
from crossover.reports.phrases import Payload

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """Mean scores of one question by one release; how often it was entered, and scored."""

    question: str
    kind: str
    entered: int
    scored: int
    row: Row


@dataclass(frozen=True)
class TrackRecord:
    """The section on the track record; only `known` where a run holds none.

    `able`: entries that published figures can resolve; `tried`: those a later year bears on.
    """

    known: bool
    able: int = 0
    tried: int = 0
    events: tuple[Score, ...] = ()
    figures: tuple[Score, ...] = ()


def context(payload: Payload) -> TrackRecord:
    """Return what the report says of the track record."""
    record = payload["track_record"]
    if not record["known"]:
        return TrackRecord(False)
    asked = {(q["question"], q.get(KIND, FIRST_PASSAGE)): q for q in record["questions"]}

    def scores(key: str) -> tuple[Score, ...]:
        found = []
        for row in record["means"]:
            if row[key] is not None:
                name = row["question"], row.get(KIND, FIRST_PASSAGE)
                found.append(Score(*name, asked[name]["entered"], asked[name]["scored"], row))
        return tuple(found)

    return TrackRecord(
        known=True,
        able=sum(question["resolvable"] for question in record["questions"]),
        tried=sum(question["scored"] for question in record["questions"]),
        events=scores("brier"),
        figures=scores("crps"),
    )
