"""What `crossover ask` says: a probability with all that a reader needs to judge it."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass
from typing import Any

from crossover.forecast import skill_note


@dataclass(frozen=True)
class Answer:
    """What the draws say of a question.

    `probability` with `mc_error`, its Monte-Carlo standard error, from `draws` draws; `reading` is
    the question as it was understood; `first` and `last` year that count. `undefined`: share of
    draws in which a division by zero leaves nothing to compare; there the statement counts as not
    holding. `skill`: what is known of forecasts of each figure so far ahead. `passed`: whether the
    gate passed; without it nothing is for publication.
    """

    question: str
    reading: str
    probability: float
    mc_error: float
    undefined: float
    draws: int
    scenario: str
    first: int
    last: int
    origin: int
    run: str
    passed: bool
    skill: tuple[skill_note.Note, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values, for JSON."""
        return asdict(self) | {"skill": [note.to_dict() for note in self.skill]}

    def to_json(self) -> str:
        """Return the answer as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def __str__(self) -> str:
        sure = f"{self.probability:.3f} (Monte-Carlo error {self.mc_error:.3f})"
        if self.probability in (0.0, 1.0):
            which = "none" if self.probability == 0.0 else "all"
            sure = f"{self.probability:g} ({which} of {self.draws:,} draws)"
        lines = [f"P({self.reading}) = {sure}", f"Run {self.run}, data to {self.origin}."]
        if not self.passed:
            lines.append("The gate of this run has not passed: not for publication.")
        if self.undefined:
            share = f"{100 * self.undefined:.2g} %"
            lines.append(f"Undefined in {share} of draws (zero by zero), counted as not holding.")
        if self.last <= self.origin:
            lines.append("These years are on record or estimated: this is no forecast.")
        return "\n".join([*lines, *(note.text for note in self.skill)])

    def _repr_html_(self) -> str:
        first, *rest = map(html.escape, str(self).splitlines())
        return f"<p><b>{first}</b></p><p>{'<br>'.join(rest)}</p>"
