"""The question sheet: every published probability with what it takes to resolve it.

In the form that forecasting platforms use: a title, resolution criteria, fine print, a date, the
probability, and what earlier editions said. The words stand in questions.toml.
"""

from __future__ import annotations

import functools
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.names import (
    ALL_DOMAINS,
    BASE_YEARS,
    BASELINE,
    FIRST_PASSAGE,
    HEADLINE_YEAR,
    INDEPENDENCE_SHARE,
    KIND,
    LASTING,
    MEAN_YEARS,
    ONCE,
    RESOLVED,
    SOON,
    STATE,
)
from crossover.forecast import ledger_file, runs
from crossover.reports import catalogue as named
from crossover.reports import phrases
from crossover.reports.event_rows import read_events

CATALOGUE = Path(__file__).with_name("questions.toml")
SCHEMA = "crossover/questions/v1"
SCORED_KINDS = (STATE, FIRST_PASSAGE)


@dataclass(frozen=True)
class Earlier:
    """What an earlier entry of the ledger said of a question: the run, its day, and how sure."""

    run: str
    day: str
    origin: int
    probability: float


@dataclass(frozen=True)
class Question:
    """A question on one year.

    `resolves_on`: the day by which its source is usually out, empty where there is none. `scored`:
    whether `crossover score` resolves it. `history`: earlier editions in the ledger, oldest first.
    """

    id: str
    title: str
    year: int
    resolution: str
    probability: float
    mc_error: float
    resolves_on: str
    scored: bool
    history: tuple[Earlier, ...]


@dataclass(frozen=True)
class Group:
    """The questions on one statement and kind of answer, which differ by their year alone."""

    event: str
    domain: str
    kind: str
    statement: str
    rule: str
    edge_cases: tuple[str, ...]
    source: str
    address: str
    publication: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Sheet:
    """All questions of a pair in a run."""

    run: str
    created: str
    supplier: str
    recipient: str
    origin: int
    horizon: int
    passed: bool
    groups: tuple[Group, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the sheet as plain values, for JSON."""
        return {"schema": SCHEMA} | asdict(self)


@functools.cache
def catalogue() -> Mapping[str, Any]:
    """Return the words: tables `source`, `event`, `kind` and `once`."""
    return tomllib.loads(CATALOGUE.read_text("utf-8"))


def words_of(supplier: str, recipient: str) -> dict[str, str]:
    """Return what fills the words of the catalogue for a pair (ISO3 codes)."""
    r, s = (countries.the(countries.name_of(code)) for code in (recipient, supplier))
    return {
        "r": r, "s": s, "rs": phrases.possessive(r), "ss": phrases.possessive(s),
        "n": phrases.count(MEAN_YEARS), "pct": f"{100 * INDEPENDENCE_SHARE:.0f}",
        "base": f"{BASE_YEARS[0]}–{BASE_YEARS[1]}",
    }  # fmt: skip


def statement(event: str, supplier: str, recipient: str, domain: str = ALL_DOMAINS) -> str:
    """Return what holds in a year or does not, in words."""
    of = words_of(supplier, recipient) | {"domain": domain.replace("_", " ")}
    told = catalogue()["event"].get(event)
    return (told["state"] if told else named.load()["event"][event].clause).format(**of)


def sheet(run: Path, store: Path, pair: tuple[str, str] | None = None) -> Sheet:
    """Return every published question of a pair in a run.

    Parameters
    ----------
    run, store
        A run folder, and the store whose ledger knows earlier editions.
    pair
        Supplier and recipient; the run's own by default.

    Returns
    -------
    Sheet
        The baseline's questions on each year after the last data year, of events with words.

    Raises
    ------
    InputError
        If the pair is not forecast in the run.
    """
    said = runs.read(run)
    pair = pair or runs.own_pair(said)
    file = runs.pair_folder(run, said, pair) / "events.csv"
    if not file.is_file():
        rule = (
            f"this pair is not forecast in this run: 'crossover forecast --supplier {pair[0]} "
            f"--recipient {pair[1]}' makes it"
        )
        raise InputError(fault(rule, file=file.parent))
    table = [row for row in read_events(file) if row["scenario"] == BASELINE]
    held: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in table:
        if row["event"] in catalogue()["event"]:
            held[row["event"], row["domain"], row[KIND]].append(row)
    origin, horizon = (side(row["year"] for row in table) for side in (min, max))
    made = str(said.get("created", "")), str(said.get("id", run.name))
    earlier = _earlier(store, pair, made)
    groups = [
        _group(key, rows, pair, (origin, horizon), earlier.get(key, ()))
        for key, rows in held.items()
    ]
    return Sheet(
        made[1], made[0], *pair, origin, horizon,
        bool((said.get("gate") or {}).get("passed")), tuple(groups),
    )  # fmt: skip


def _earlier(
    store: Path, pair: tuple[str, str], made: tuple[str, str]
) -> dict[tuple[str, str, str], list[ledger_file.Entry]]:
    """Return entries of the baseline by question, of runs made before a time and an ID."""
    found: dict[tuple[str, str, str], list[ledger_file.Entry]] = defaultdict(list)
    for entry in ledger_file.entries(store):
        own = (entry.supplier, entry.recipient) == pair and entry.scenario == BASELINE
        before = (entry.created, entry.run) < made
        if own and before and "probability" in entry.forecast:
            found[entry.question, entry.domain, entry.kind].append(entry)
    return found


def _group(
    key: tuple[str, str, str], rows: Sequence[Mapping[str, Any]], pair: tuple[str, str],
    span: tuple[int, int], earlier: Sequence[ledger_file.Entry],
) -> Group:
    event, domain, kind = key
    told = catalogue()["event"][event]
    source = catalogue()["source"][told["source"]]
    of = words_of(*pair) | {"domain": domain.replace("_", " ")}
    by_kind = catalogue()["once" if event in ONCE else KIND][kind]
    before = {int(row["year"]): row["probability"] for row in rows}
    scored = resolvable(event, kind, domain, before.get(span[0], 0.0))
    name = "/".join(["-".join(pair), event, *([domain] if domain != ALL_DOMAINS else []), kind])
    questions, will = [], told["will"].format(**of)
    for row in rows:
        year = int(row["year"])
        if year <= span[0]:
            continue
        fill = {"year": year, "will": will, "origin": span[0], "horizon": span[1]}
        questions.append(
            Question(
                f"{name}/{year}", by_kind["title"].format(**fill), year,
                by_kind["resolves"].format(**fill), float(row["probability"]),
                float(row["mc_error"]),
                resolution_day(source, span[1] if kind == LASTING else year), scored,
                _history(earlier, year),
            )
        )  # fmt: skip
    return Group(
        event, domain, kind, phrases.sentence(told["state"].format(**of)),
        phrases.sentence(told["rule"].format(**of)),
        tuple(case.format(**of) for case in told["edge_cases"]), source["name"],
        source["address"], source["publication"], tuple(questions),
    )  # fmt: skip


def resolvable(event: str, kind: str, domain: str, at_origin: float) -> bool:
    """Say whether `crossover score` resolves a question.

    `at_origin`: the probability in the last data year; what has happened by then is no forecast.
    """
    known = kind == FIRST_PASSAGE and at_origin >= 1.0
    of_figures = event in RESOLVED and domain == ALL_DOMAINS
    return of_figures and kind in SCORED_KINDS and not known


def resolution_day(source: Mapping[str, Any], year: int) -> str:
    """Return the day by which a source usually covers a year, empty where it has no such day."""
    if "months_after" not in source:
        return ""
    months = 12 * year + source["months_after"]
    return f"{months // 12}-{months % 12 + 1:02d}-01"


def _history(earlier: Sequence[ledger_file.Entry], year: int) -> tuple[Earlier, ...]:
    found = [
        Earlier(e.run, (e.as_of or e.created)[:10], e.origin, e.forecast["probability"][str(year)])
        for e in earlier if str(year) in e.forecast["probability"]
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.day, one.run)))


# As text and as a table -------------------------------------------------------------------------

COLUMNS = (
    "id", "title", "probability", "mc_error", "year", "event", "domain", "kind", "resolution",
    "rule", "edge_cases", "source", "resolves_on", "scored", "earlier",
)  # fmt: skip


def rows(found: Sheet) -> list[tuple[Any, ...]]:
    """Return one row a question, in the order of `COLUMNS`; earlier editions as one text."""
    return [
        (
            one.id, one.title, one.probability, one.mc_error, one.year, group.event, group.domain,
            group.kind, one.resolution, group.rule, " ".join(group.edge_cases), group.source,
            one.resolves_on, "yes" if one.scored else "no",
            "; ".join(f"{e.day} {e.run}: {e.probability:.3f}" for e in one.history),
        )
        for group in found.groups for one in group.questions
    ]  # fmt: skip


def text(found: Sheet) -> str:
    """Return the sheet to be read: a paragraph a statement, with the years that are led with."""
    names = [countries.name_of(code) for code in (found.supplier, found.recipient)]
    head = [f"{' to '.join(names)}: questions of run {found.run}, data to {found.origin}"]
    if not found.passed:
        head.append("The gate of this run has not passed: not for publication.")
    statements: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for group in found.groups:
        statements[group.event, group.domain].append(group)
    return "\n\n".join(["\n".join(head), *(_told(of, found) for of in statements.values())])


def _told(groups: Sequence[Group], found: Sheet) -> str:
    shown = {found.origin + 1, found.origin + 3, SOON, HEADLINE_YEAR}
    first = groups[0]
    lines = [f"{first.statement}  [{first.event}]", first.rule]
    lines += [f"- {case}" for case in first.edge_cases]
    lines.append(f"Source: {first.source}. {first.publication}")
    for one in (q for group in groups for q in group.questions if q.year in shown):
        day = f"by {one.resolves_on}, " if one.resolves_on else ""
        before = f"; before: {one.history[-1].probability:.3f}" if one.history else ""
        scored = "scored" if one.scored else "not scored"
        lines.append(f"  {one.probability:.3f}  {one.title} ({day}{scored}{before})")
    return "\n".join(lines)
