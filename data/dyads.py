"""Compile the history of allied pairs: what was known of each in the year before, and what came.

One row an allied pair and year. A pair is allied while a treaty with a pledge of defence, offence,
neutrality or consultation is in force between two states (a pledge not to attack alone makes no
partner). Every covariate is of the year before or earlier. Pure functions
on the parsed rows of the providers; the same rows give the same table.
"""

import csv
import functools
import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from crossover.data.errors import InputError, fault
from crossover.data.records import AlliedPair, Capability, RivalPair
from crossover.data.rules import FORCE, grade_of
from crossover.data.sources import partnership
from crossover.data.sources.files import Batch
from crossover.data.tables import FACTS, read_facts

RAW: dict[str, type] = {
    "members": partnership.Member,
    "powers": partnership.Power,
    "states": partnership.State,
    "majors": partnership.Major,
    "disputes": partnership.Dispute,
    "rivalries": partnership.Rivalry,
    "regimes": partnership.Regime,
}
"""Parsed rows that only this module reads; none of them is a table of the panel."""
COMPILED = ("alliance_dyads", "capabilities", "rivalries")

FIRST_YEAR, LAST_YEAR = 1816, 2018
LAST_END = 2017
"""Last year in which an end is on record: of treaties in force in 2018 no more is known."""
GML_UNTIL, LAST_DISPUTE = 2010, 2014
LAST_MAJOR = 2016
"""Last year of the table of major powers; who was one then is taken to be one since."""
SPEED_YEARS, REVERSAL_YEARS, RECENT_YEARS = 5, 10, 10
MARGIN = math.log(1.1)
"""Seniority is reversed when the lead was at least ten per cent at both ends."""
AUTOCRACY, POLITY = 0.5, 5
"""Below this polyarchy a regime is an autocracy; where unknown, at or below this Polity score."""
CAPABILITIES_FROM = 1946
BROKEN, STATE_LOST = 3, 4
"""ATOP's TERMMODE: broken before its term; a member's independence lost."""
IN_DISPUTE = (4, 5, 6, 8)
"""ATOP's TERMCAUS: dispute over policy or over the alliance, fighting, a provision violated."""


class Spell(NamedTuple):
    """Two states bound by one treaty from a year to a year (9999: in force in 2018)."""

    treaty: int
    state1: int
    state2: int
    first_year: int
    last_year: int
    bilateral: int
    defence: int
    qualifies: int
    mode: int
    cause: int


@functools.cache
def abbreviations() -> dict[str, str]:
    """Return ISO3 code → abbreviation of the state in the Correlates of War, for the sample."""
    with (FACTS / "states.csv").open(encoding="utf-8", newline="") as lines:
        return {row["country"]: row["state"] for row in csv.DictReader(lines)}


def compile_dyads(batches: Iterable[Batch]) -> dict[str, list]:
    """Return the tables of the partnership, empty where the folder held none of their files.

    Raises
    ------
    InputError : some of the files are there and others are not.
    """
    raw: dict[str, list] = {name: [] for name in RAW}
    releases = set()
    for batch in batches:
        raw[batch.table] += batch.rows
        releases.add(batch.series)
    if not releases:
        return {table: [] for table in COMPILED}
    missing = sorted({*RAW, "GML", "COW"} - {"disputes"} - releases)
    if missing:
        rule = f"the history of alliances cannot be compiled without {', '.join(missing)}"
        raise InputError(fault(rule, file="files of the partnership"))
    return {
        "alliance_dyads": allied_pairs(raw),
        "capabilities": capabilities(raw),
        "rivalries": rival_pairs(raw),
    }


def spells(members: Iterable[partnership.Member]) -> list[Spell]:
    """Return the spells of every pair of members of a treaty's phase.

    A pledge counts if either side gave it; how it ended is told by who left first.
    """
    phases: dict[tuple[int, int], list[partnership.Member]] = defaultdict(list)
    for member in members:
        phases[member.treaty, member.phase].append(member)
    found = []
    for key in sorted(phases):
        for a, b in combinations(sorted(phases[key], key=lambda m: (m.state, m.first_year)), 2):
            start = max((a.first_year, a.first_month), (b.first_year, b.first_month))
            leaver = min(a, b, key=lambda m: (m.last_year, m.last_month or 12, m.state))
            end = (leaver.last_year, leaver.last_month or 12)
            if a.state == b.state or start > end:
                continue
            either = [int(x or y) for x, y in zip(a[-5:], b[-5:], strict=True)]
            defence, offence, neutrality, _, consultation = either
            found.append(
                Spell(
                    a.treaty, a.state, b.state, start[0], end[0], a.bilateral, defence,
                    int(defence or offence or neutrality or consultation),
                    leaver.mode, leaver.cause,
                )
            )  # fmt: skip
    return found


def is_adverse(mode: int, cause: int) -> bool:
    """Say whether a treaty was broken, or ended by a dispute over policy, a breach or fighting."""
    return mode == BROKEN or cause in IN_DISPUTE


def allied_pairs(raw: dict[str, list]) -> list[AlliedPair]:
    """Return one row an allied pair and year, 1816 to 2018."""
    context = _Context(raw)
    years: dict[tuple[int, int], dict[int, list[Spell]]] = defaultdict(lambda: defaultdict(list))
    for spell in spells(raw["members"]):
        if spell.qualifies and context.known(spell.state1) and context.known(spell.state2):
            first = max(spell.first_year, FIRST_YEAR)
            for year in range(first, min(spell.last_year, LAST_YEAR) + 1):
                years[spell.state1, spell.state2][year].append(spell)
    found = []
    for pair in sorted(years):
        allied = years[pair]
        since = None
        for year in sorted(allied):
            since = year if since is None or year - 1 not in allied else since
            last = year + 1 not in allied
            found.append(_row(context, pair, year, since, last, allied[year]))
    return found


def _row(
    context: "_Context", pair: tuple[int, int], year: int, since: int, last: bool, held: list[Spell]
) -> AlliedPair:
    ending = [s for s in held if s.last_year == year] if last and year <= LAST_END else []
    lost = any(s.mode == STATE_LOST for s in ending)
    ended = int(bool(ending) and not lost)
    adverse = int(bool(ended) and any(is_adverse(s.mode, s.cause) for s in ending))
    hostility, fatality = context.onset(pair, year)
    onset = int(context.rivalry_begins(pair, year))
    embargo = int(context.embargoed(pair, year))
    grade = None
    if hostility is not None and year <= LAST_END:
        grade = grade_of(hostility, fatality, bool(embargo), bool(adverse or onset))
    named = min(held, key=lambda s: (-s.bilateral, s.first_year, s.treaty))
    ratio = context.log_ratio(pair, year - 1)
    earlier = context.log_ratio(pair, year - 1 - SPEED_YEARS)
    change = None if ratio is None or earlier is None else ratio - earlier
    return AlliedPair(
        context.abbreviation(pair[0]),
        context.abbreviation(pair[1]),
        year,
        named.treaty,
        len(held),
        int(any(s.bilateral for s in held)),
        int(any(s.defence for s in held)),
        since,
        _short(ratio),
        _short(change),
        context.reversed(pair, year),
        *(context.major(state, year) for state in pair),
        *(context.was_major(state, year) for state in pair),
        *(context.autocracy(state, year - 1) for state in pair),
        context.common_rivals(pair, year - 1),
        int(context.are_rivals(pair, year - 1)),
        context.recent(pair, year),
        hostility,
        fatality,
        embargo,
        onset,
        int(lost),
        ended,
        adverse,
        grade,
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


class _Context:
    """What is on record of states and pairs, by name of the question; built once, never changed."""

    def __init__(self, raw: dict[str, list]) -> None:
        self._names: dict[int, str] = {s.state: s.abbreviation for s in raw["states"]}
        self._present: dict[int, list[partnership.State]] = defaultdict(list)
        for state in raw["states"]:
            self._present[state.state].append(state)
        self._last = max(s.last_year for s in raw["states"])
        self._cinc = {(p.state, p.year): p.cinc for p in raw["powers"] if p.cinc > 0}
        self._majors: dict[int, list[partnership.Major]] = defaultdict(list)
        for spell in raw["majors"]:
            self._majors[spell.state].append(spell)
        self._onsets: dict[tuple[int, int], dict[int, list[partnership.Dispute]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for d in raw["disputes"]:
            if d.onset and d.release == ("GML" if d.year <= GML_UNTIL else "COW"):
                self._onsets[d.state1, d.state2][d.year].append(d)
        self._embargoes = _embargoes({name: state for state, name in self._names.items()})
        self._rivalries: dict[tuple[int, int], list[partnership.Rivalry]] = defaultdict(list)
        self._rivals: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for rivalry in raw["rivalries"]:
            a, b = rivalry.state1, rivalry.state2
            self._rivalries[a, b].append(rivalry)
            for year in range(max(rivalry.first_year, FIRST_YEAR - 2), rivalry.last_year + 1):
                self._rivals[a][year].add(b)
                self._rivals[b][year].add(a)
        self._autocracy = {}
        for regime in raw["regimes"]:
            if regime.polyarchy is not None:
                self._autocracy[regime.state, regime.year] = int(regime.polyarchy < AUTOCRACY)
            elif regime.polity is not None:
                self._autocracy[regime.state, regime.year] = int(regime.polity <= POLITY)

    def known(self, state: int) -> bool:
        return state in self._names

    def abbreviation(self, state: int) -> str:
        return self._names[state]

    def exists(self, state: int, year: int) -> bool:
        year = min(year, self._last)
        return any(s.first_year <= year <= s.last_year for s in self._present.get(state, ()))

    def log_ratio(self, pair: tuple[int, int], year: int) -> float | None:
        a, b = (self._cinc.get((state, year)) for state in pair)
        return math.log(a / b) if a and b else None

    def reversed(self, pair: tuple[int, int], year: int) -> int | None:
        now = self.log_ratio(pair, year - 1)
        then = self.log_ratio(pair, year - 1 - REVERSAL_YEARS)
        if now is None or then is None:
            return None
        return int(now * then < 0 and min(abs(now), abs(then)) >= MARGIN)

    def major(self, state: int, year: int) -> int:
        year = min(year, LAST_MAJOR)
        return int(any(m.first_year <= year <= m.last_year for m in self._majors.get(state, ())))

    def was_major(self, state: int, year: int) -> int:
        return int(any(m.first_year <= year for m in self._majors.get(state, ())))

    def autocracy(self, state: int, year: int) -> int | None:
        return self._autocracy.get((state, year))

    def common_rivals(self, pair: tuple[int, int], year: int) -> int:
        a, b = (self._rivals[state].get(year, set()) for state in pair)
        return len(a & b)

    def are_rivals(self, pair: tuple[int, int], year: int) -> bool:
        return any(r.first_year <= year <= r.last_year for r in self._rivalries.get(pair, ()))

    def rivalry_begins(self, pair: tuple[int, int], year: int) -> bool:
        return any(r.first_year == year for r in self._rivalries.get(pair, ()))

    def onset(self, pair: tuple[int, int], year: int) -> tuple[int, int] | tuple[None, None]:
        """Highest hostility and fatality of the disputes begun in a year.

        Both 0 where none began, None where that is not known; deaths that are not known are none.
        """
        if year > LAST_DISPUTE:
            return None, None
        begun = self._begun(pair, year)
        return (
            max((d.hostility for d in begun), default=0),
            max((d.fatality or 0 for d in begun), default=0),
        )

    def _begun(self, pair: tuple[int, int], year: int) -> list[partnership.Dispute]:
        return self._onsets[pair].get(year, []) if pair in self._onsets else []

    def embargoed(self, pair: tuple[int, int], year: int) -> bool:
        return year in self._embargoes.get(pair, ())

    def recent(self, pair: tuple[int, int], year: int) -> int:
        return int(
            any(
                self.embargoed(pair, y) or any(d.hostility >= FORCE for d in self._begun(pair, y))
                for y in range(year - RECENT_YEARS, year)
            )
        )


def _embargoes(numbers: dict[str, int]) -> dict[tuple[int, int], set[int]]:
    """Years in which one of two states of the sample began to deny arms to the other."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    states = abbreviations()
    for row in read_facts("embargoes"):
        both = [numbers.get(states.get(code, "")) for code in (row.supplier, row.recipient)]
        if None not in both:
            found[min(both), max(both)].add(row.first_year)
    return found


def capabilities(raw: dict[str, list]) -> list[Capability]:
    """Return what today's covariates need of each country of the sample, since 1946."""
    context = _Context(raw)
    numbers = {s.abbreviation: s.state for s in raw["states"]}
    cinc = {(p.state, p.year): p.cinc for p in raw["powers"]}
    found = []
    for country, name in sorted(abbreviations().items()):
        state = numbers[name]
        for year in range(CAPABILITIES_FROM, max(y for _, y in context._autocracy) + 1):
            share, autocracy = cinc.get((state, year)), context.autocracy(state, year)
            if share is not None or (autocracy is not None and context.exists(state, year)):
                found.append(
                    Capability(
                        country, name, year, share, autocracy,
                        context.major(state, year), context.was_major(state, year),
                    )
                )  # fmt: skip
    return found


def rival_pairs(raw: dict[str, list]) -> list[RivalPair]:
    """Return the strategic rivalries since 1816, under the abbreviations of the two states."""
    names = {s.state: s.abbreviation for s in raw["states"]}
    return [
        RivalPair(names[r.state1], names[r.state2], r.first_year, r.last_year)
        for r in raw["rivalries"]
        if r.last_year >= FIRST_YEAR and r.state1 in names and r.state2 in names
    ]
