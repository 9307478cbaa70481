"""What stands around a report: its title, its dates, and whether it may be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from crossover.data.errors import InputError, fault
from crossover.reports.phrases import say, sentence


@dataclass(frozen=True)
class Document:
    """The frame of a report."""

    titles: tuple[str, str]
    created: datetime
    released: str
    """Day up to which releases count: the as-of date, or that of the newest release."""
    warnings: Sequence[Literal["unjudged", "failed", "quick"]]
    """Reasons not to publish."""


def context(payload: Mapping[str, Any]) -> Document:
    """Return the frame of a report."""
    stated = payload["as_of"] or payload["sources"]["as_of"]
    dates = [v for v in payload["sources"]["vintages"].values() if isinstance(v, str)]
    gate = payload["gate"]
    warnings = [] if gate["passed"] and gate["judged"] else [
        "failed" if gate["judged"] else "unjudged"
    ]
    return Document(
        titles=(
            sentence(say("{s} and {r}", payload)), "Military technology and arms dependence",
        ),
        created=moment(payload["created"]),
        released=str(stated or max(dates, default="")),
        warnings=[*warnings, *(["quick"] if payload["quick"] else [])],
    )  # fmt: skip


def moment(created: str, record: object = None) -> datetime:
    """Return the time a run was created, in UTC.

    Raises
    ------
    InputError : If the run record gives none.
    """
    try:
        when = datetime.fromisoformat(created)
    except ValueError:
        rule = "must be an ISO 8601 time: the report is dated by it"
        raise InputError(fault(rule, file=record, column="created", value=created)) from None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
