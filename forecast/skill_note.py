"""How good forecasts like this one were: what the shipped backtests say of a quantity and horizon.

A note is read from the tables that ship (`forecast.shipped`), never computed here. Where nothing
was tested the note says so and why: that is an answer too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from crossover.data.names import (
    CAPACITY_CROSSOVER,
    CAPACITY_CROSSOVER_SUSTAINED,
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    EXPORT_CROSSOVER,
    FIRST_PASSAGE,
    INDEPENDENCE,
    STATE,
)
from crossover.forecast import shipped

GROUPS = {"1-3": range(1, 4), "4-6": range(4, 7)}
"""Years ahead, as the backtests group them."""
IN_THE_YEAR = ", in the year"
"""What the name of an event ends in where its state was scored."""
TARGETS = {
    "deliveries": ("dyads", "deliveries of active pairs"),
    "imports": ("imports", "arms imports of all recipients"),
    "exports": ("exports", "arms exports of all suppliers"),
    "exports_mean": ("exports", "arms exports of all suppliers"),
    "rd_share": ("rd_share", "R&D shares of GDP"),
}
"""Quantity → its target in the backtest's summary, and that in words."""
DRIVERS = {
    "gdp": ("gdp", "mean growth", "GDP"),
    "milex": ("military", "mean growth", "military spending"),
}
"""Quantity → its target among the drivers, the rule it is compared with, and words."""
SINGLE = {
    ("deliveries", ("RUS", "CHN")): "Russia to China",
    ("imports", ("CHN",)): "China's imports",
    ("exports", ("RUS",)): "Russia's exports",
    ("exports", ("CHN",)): "China's exports",
    ("exports_mean", ("RUS",)): "Russia's exports",
    ("exports_mean", ("CHN",)): "China's exports",
}
"""Series that were scored on their own too."""
MODEL_QUANTITIES = (
    "capacity", "gap", "import_share", CAPACITY_CROSSOVER, CAPACITY_CROSSOVER_SUSTAINED,
    "domain_capacity", "domain_share", DOMAIN_CROSSOVER, DOMAIN_CROSSOVER_SUSTAINED,
)  # fmt: skip
SCORED_EVENTS = (EXPORT_CROSSOVER, INDEPENDENCE)


@dataclass(frozen=True)
class Note:
    """What is known of the skill of such a forecast.

    `skill` is one less the ratio of scores to those of `against` (CRPS of quantities, Brier scores
    of events), with its 90 % interval over origins; `in_90` the share of outcomes in intervals of
    90 %. Numbers are None where nothing was tested; `text` says it in words, and why not.
    """

    of: str
    horizon: int
    text: str
    against: str | None = None
    skill: float | None = None
    skill_q05: float | None = None
    skill_q95: float | None = None
    in_90: float | None = None
    cases: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def of_quantity(name: str, of: tuple[str, ...], horizon: int) -> list[Note]:
    """Return what is known of forecasts of a quantity so many years ahead.

    Parameters
    ----------
    name, of : A name of `forecast.quantities.QUANTITIES`, and whose it is (ISO3 codes).
    horizon : Years after the last data year; 0 or less is no forecast, and has no note.
    """
    if horizon <= 0:
        return []
    group = _group(horizon)
    if name in MODEL_QUANTITIES:
        text = f"{name} is a quantity of the model: no figure resolves it, so it has no skill."
        return [Note(name, horizon, text)]
    if group is None and name in (*TARGETS, *DRIVERS):
        return [_too_far(name, horizon)]
    if name in DRIVERS:
        target, rule, words = DRIVERS[name]
        rows = [
            row for row in shipped.rows(shipped.DRIVERS)
            if (row["target"], row["group"], row["forecast"]) == (target, group, rule)
        ]  # fmt: skip
        return [_note(name, horizon, words, row, rule) for row in rows] or [_none(name, horizon)]
    if name not in TARGETS:
        return [_none(name, horizon)]
    target, words = TARGETS[name]
    found = [_of_backtest("target", target, group, words, name, horizon)]
    if (name, of) in SINGLE:
        single = SINGLE[name, of]
        found.append(_of_backtest("focal", single, group, f"{single} alone", name, horizon))
    return [note for note in found if note] or [_none(name, horizon)]


def of_event(name: str, kind: str, horizon: int) -> list[Note]:
    """Return what is known of probabilities of an event in one of its kinds, so far ahead."""
    if horizon <= 0:
        return []
    if name in MODEL_QUANTITIES:
        text = f"{name} is a statement about the model: no figure resolves it, so it has no skill."
        return [Note(name, horizon, text)]
    if name not in SCORED_EVENTS or kind not in (STATE, FIRST_PASSAGE):
        return [_none(name, horizon)]
    group = _group(horizon)
    if group is None:
        return [_too_far(name, horizon)]
    target = name + (IN_THE_YEAR if kind == STATE else "")
    words = f"{name} {'in a year' if kind == STATE else 'by a year'}, all pairs"
    note = _of_backtest("event", target, group, words, name, horizon)
    return [note or _none(name, horizon)]


def _group(horizon: int) -> str | None:
    return next((name for name, years in GROUPS.items() if horizon in years), None)


def _of_backtest(
    part: str, target: str, group: str | None, words: str, name: str, horizon: int
) -> Note | None:
    for row in shipped.rows(shipped.BACKTEST):
        if (row["part"], row["target"], row["group"]) == (part, target, group):
            return _note(name, horizon, words, row, row["against"])
    return None


def _note(name: str, horizon: int, words: str, row: dict[str, str], against: str) -> Note:
    skill, low, high, held = (
        float(row[key]) if row.get(key) else None
        for key in ("skill", "skill_q05", "skill_q95", "in_90")
    )
    cases = int(float(row["cases"]))
    interval = f" (90 %: {low:+.2f} to {high:+.2f})" if low is not None else ""
    inside = f"; 90 % intervals held {100 * held:.0f} % of outcomes" if held is not None else ""
    text = (
        f"Skill of past forecasts of {words}, {row['group']} years ahead: {skill:+.2f}{interval} "
        f"against {against}, {cases:,} cases{inside}."
    )
    return Note(name, horizon, text, against, skill, low, high, held, cases)


def _too_far(name: str, horizon: int) -> Note:
    last = max(GROUPS["4-6"])
    why = f"the longest that {name} was tested is {last}"
    return Note(name, horizon, f"No backtest reaches {horizon} years ahead: {why}.")


def _none(name: str, horizon: int) -> Note:
    return Note(name, horizon, f"Past forecasts of {name} were not scored: no skill is known.")
