"""The named values that each section of a report prints; the words stand in the templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crossover.reports.context import (
    answers,
    audit,
    capacity,
    changes,
    claims,
    deliveries,
    diagnostics,
    document,
    domains,
    effort,
    events,
    exports,
    levels,
    milestones,
    parameters,
    partnership,
    robustness,
    scenarios,
    skill,
    sources,
    sourcing,
    track_record,
)

SECTIONS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "answers": answers.context,
    "audit": audit.context,
    "capacity": capacity.context,
    "changes": changes.context,
    "claims": claims.context,
    "deliveries": deliveries.context,
    "diagnostics": diagnostics.context,
    "document": document.context,
    "domains": domains.context,
    "effort": effort.context,
    "events": events.context,
    "exports": exports.context,
    "levels": levels.context,
    "milestones": milestones.context,
    "parameters": parameters.context,
    "partnership": partnership.context,
    "robustness": robustness.context,
    "scenarios": scenarios.context,
    "skill": skill.context,
    "sources": sources.context,
    "sourcing": sourcing.context,
    "track_record": track_record.context,
}
"""What makes a section's values of a payload, by the name under which templates see them."""
