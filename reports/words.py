"""The words of the sections that are not templates yet, as data for Typst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossover.reports import robustness, skill_words
from crossover.reports.phrases import Payload


def captions(payload: Payload) -> dict[str, dict[str, str]]:
    """Return caption and alternative text of figures, by key of `reports.figures.ALL`."""
    return skill_words.captions(payload)


def write(payload: Payload) -> dict[str, Any]:
    """Return strings, lists and tables of strings, in the shape that the template sets."""
    return _keep_together({
        "robustness": robustness.table(payload),
        "captions": captions(payload),
        "skill": skill_words.write(payload),
        "skill_limit": skill_words.limit(payload),
    })


def _keep_together(value: Any) -> Any:
    """Tie a per-cent sign to its number."""
    if isinstance(value, str):
        return value.replace(" %", "\u00a0%")
    if isinstance(value, Mapping):
        return {key: _keep_together(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_keep_together(inner) for inner in value]
    return value
