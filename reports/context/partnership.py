"""What is judged of the partnership: its hazards, what raises them, and how the record bears it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.names import COOLING, DOWNTURN, FIRST_PASSAGE, INCIDENT
from crossover.reports import catalogue
from crossover.reports.phrases import Payload
from crossover.reports.reading import at_year

Row = Mapping[str, Any]
DRAWS, SURE = 400, 0.95
"""Draws that the probability of a sign rests on, and from which on a sign is sure."""
TREATY, ERA = "treaty: ", "era: "


@dataclass(frozen=True)
class Comparison:
    """By how much the log score of one variant exceeds another's, decades left out in turn.

    `ends` are the widest of the two 90 % intervals, by treaties and by decades; `verdict` is
    better, worse or unsure.
    """

    difference: float
    ends: tuple[float, float]
    verdict: str


@dataclass(frozen=True)
class Answer:
    """One kind of answer to one event: `p` by year, and of a first passage when, and how surely."""

    event: str
    kind: str
    p: tuple[float | None, ...]
    passage: Row | None
    answered: bool
    error: float | None


@dataclass(frozen=True)
class Disputes:
    """Probability by a year with and without the disputes on record: (outcome, with, without)."""

    by: int
    rows: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class CoolingCheck:
    """What was expected from an earlier origin, and what came: lowest and highest share a year."""

    origin: int
    expected: tuple[float, float]
    seen: tuple[float, float]


@dataclass(frozen=True)
class Effects:
    """How many effects the thesis names, those of a sure sign, and asymmetry itself if it is there.

    Effects and sums without a name in the catalogue do not count.
    """

    named: int
    firm: tuple[Row, ...]
    asymmetry: Row | None


@dataclass(frozen=True)
class Calibration:
    """Deciles of expected hazard with the observed number inside the band, in and out of sample."""

    inside: int
    of: int
    left_out_inside: int
    left_out: int
    every: Row


@dataclass(frozen=True)
class Term:
    """A term of the hazard worked by hand: `kind` is effect, era, treaty, sum or hazard."""

    kind: str
    name: str
    row: Row


@dataclass(frozen=True)
class Partnership:
    """The section on the partnership; what a run does not hold is None or empty.

    Attributes
    ----------
    known : Whether the run has fits of partnerships.
    bound : Whether a treaty binds the pair, so that downturn and incident are forecast.
    downturn, incident, cooling : Entries of events, where defined.
    answers, years : One row a kind of answer to an event, with the years they are of.
    controls, thesis
        The controls against a constant hazard, and what the thesis names against the controls.
    real : The check of all pairs.
    disputes_on_record : Years.
    """

    known: bool
    bound: bool
    downturn: Row | None
    incident: Row | None
    cooling: Row | None
    answers: tuple[Answer, ...]
    years: tuple[int, ...]
    controls: Comparison | None
    thesis: Comparison | None
    real: Row | None
    disputes_on_record: tuple[str, ...]
    disputes: Disputes | None
    cooling_check: CoolingCheck | None
    effects: Effects | None
    calibration: Calibration | None
    hand: tuple[Term, ...]

    @property
    def entries(self) -> tuple[Row, ...]:
        """Events that are defined for the pair."""
        return tuple(e for e in (self.downturn, self.incident, self.cooling) if e)


def context(payload: Payload) -> Partnership:
    """Judge what a payload holds on the partnership."""
    part, years = payload["partnership"], tuple(payload["milestones"][1:])
    entries = {entry["event"]: entry for entry in part["events"] if entry["defined"]}
    facts = part["facts"]
    return Partnership(
        known=part["known"],
        bound="treaty" in facts,
        downturn=entries.get(DOWNTURN),
        incident=entries.get(INCIDENT),
        cooling=entries.get(COOLING),
        answers=tuple(
            _answer(entry, kind, years) for entry in entries.values() for kind in entry["kinds"]
        ),
        years=years,
        controls=_comparison(part["cross"], "controls", "era"),
        thesis=_comparison(part["cross"], "full", "controls"),
        real=_real(part["checks"]),
        disputes_on_record=tuple(str(round(year)) for year in facts.get("disputes", ())),
        disputes=_disputes(part["disputes"]),
        cooling_check=_cooling_check(part["cooling_check"]),
        effects=_effects(part["effects"]),
        calibration=_calibration(part),
        hand=tuple(
            _term(row) for row in part["hand"] if row["product"] or row["coefficient"] is not None
        ),
    )


def beyond(p: float) -> bool:
    """Whether a sign is sure at 95 % by more than two Monte-Carlo errors of 400 draws."""
    slack = 2.0 * (p * (1.0 - p) / DRAWS) ** 0.5
    return p - slack >= SURE or p + slack <= 1.0 - SURE


def _comparison(rows: Sequence[Row], better: str, than: str) -> Comparison | None:
    row = next((r for r in rows if (r["better"], r["than"]) == (better, than)), None)
    if row is None:
        return None
    low = min(row["treaties_q05"], row["decades_q05"])
    high = max(row["treaties_q95"], row["decades_q95"])
    verdict = "better" if low > 0 else "worse" if high < 0 else "unsure"
    return Comparison(row["difference"], (low, high), verdict)


def _answer(entry: Row, kind: str, years: Sequence[int]) -> Answer:
    answered = bool(entry["kinds"][kind])
    slips = [at_year(entry, year, kind, "mc_error") for year in years]
    return Answer(
        event=entry["event"],
        kind=kind,
        p=tuple(at_year(entry, year, kind) for year in years),
        passage=entry if kind == FIRST_PASSAGE else None,
        answered=answered,
        error=max(slips, default=None),
    )


def _real(checks: Sequence[Row]) -> Row | None:
    return next((row for row in checks if row["group"] == "all"), None)


def _disputes(rows: Sequence[Row]) -> Disputes | None:
    if not rows:
        return None
    last = max(row["by"] for row in rows)
    of = {row["outcome"]: row for row in rows if row["by"] == last}
    told = [(n, of[n]["with"], of[n]["without"]) for n in (DOWNTURN, INCIDENT) if n in of]
    return Disputes(round(last), tuple(told))


def _cooling_check(rows: Sequence[Row]) -> CoolingCheck | None:
    if not rows:
        return None
    expected, seen = ([r[f"cooling_{key}"] for r in rows] for key in ("expected", "seen"))
    return CoolingCheck(
        round(rows[0]["origin"]), (min(expected), max(expected)), (min(seen), max(seen))
    )


def _effects(rows: Sequence[Row]) -> Effects | None:
    rows = [row for row in rows if row["effect"] in catalogue.load()["effect"]]
    if not rows:
        return None
    named = [row for row in rows if row["thesis"]]
    return Effects(
        named=len(named),
        firm=tuple(row for row in named if beyond(row["p_positive"])),
        asymmetry=next((row for row in rows if row["effect"] == "asymmetry"), None),
    )


def _calibration(part: Row) -> Calibration | None:
    if not part["calibration"] or not part["checks"]:
        return None
    inside, held = (
        sum(bool(row["inside"]) for row in part[key]) for key in ("calibration", "left_out")
    )
    every = next(row for row in part["checks"] if row["group"] == "all")
    return Calibration(inside, len(part["calibration"]), held, len(part["left_out"]), every)


def _term(row: Row) -> Term:
    name = str(row["term"])
    if name in ("sum", "hazard"):
        return Term(name, name, row)
    for kind, mark in (("treaty", TREATY), ("era", ERA)):
        if name.startswith(mark):
            return Term(kind, name.removeprefix(mark), row)
    return Term("effect", name, row)
