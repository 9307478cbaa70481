"""The named values that each section of a report prints; the words stand in the templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crossover.reports.context import audit, domains, levels, partnership, scenarios

SECTIONS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "audit": audit.context,
    "domains": domains.context,
    "levels": levels.context,
    "partnership": partnership.context,
    "scenarios": scenarios.context,
}
"""What makes a section's values of a payload, by the name under which templates see them."""
