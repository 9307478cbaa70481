"""The track record: what the ledger said, against what came, in its first and its latest release.

Events that resolve on SIPRI's deliveries and quantities of deliveries are scored in each year after
the origin that a release covers. Capacity is a model quantity: no figure will ever resolve it.
"""

from __future__ import annotations

import datetime
import functools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from data import vintages
from data.names import (
    ALL_DOMAINS,
    BASE_YEARS,
    BASELINE,
    EXPORT_CROSSOVER,
    HORIZON,
    INDEPENDENCE,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
)
from data.tables import SOVIET_UNION, Panel, Transfer, Vintage, read
from forecast import events, ledger, scores
from forecast.ledger import DELIVERIES, EXPORTS, IMPORTS, Entry

FIRST, LATEST = "first", "latest"
RESOLVED = (EXPORT_CROSSOVER, INDEPENDENCE)
"""Events that figures resolve."""
RECORD = "track_record.json"
"""The track record in the folder of a run, for its report."""


class Score(NamedTuple):
    """A question in one year, scored against one release of the outturn.

    For an event `outturn` is 0 or 1 (whether it has happened by the year); for a quantity it is in
    TIV million, as `median` and `crps` are. What does not apply is None.
    """

    run: str
    question: str
    country: str
    domain: str
    supplier: str
    recipient: str
    scenario: str
    origin: int
    year: int
    release: str
    vintage: str
    outturn: float
    probability: float | None
    brier: float | None
    log_score: float | None
    median: float | None
    crps: float | None
    crps_log1p: float | None
    in_50: int | None
    in_90: int | None


class Mean(NamedTuple):
    """Mean scores of one question over years and runs, against one release."""

    question: str
    release: str
    scored: int
    brier: float | None
    log_score: float | None
    crps: float | None
    crps_log1p: float | None
    in_50: float | None
    in_90: float | None


# What came -------------------------------------------------------------------------------------


class Outturns:
    """Deliveries as each release gave them, read once from a panel; some years alone, or all."""

    def __init__(self, panel: Panel = None, years: Iterable[int] | None = None):
        where = None if years is None else {"year": map(str, years)}
        self.releases: list[Vintage] = [
            row for row in read("vintages", panel) if row.table == "transfers"
        ]
        self.rows: list[Transfer] = read("transfers", panel, where)
        self.known = functools.cache(self._known)

    def of_year(self, year: int) -> dict[str, str]:
        """Return first and latest → date of the kept release that covers a year."""
        days = sorted(
            row.vintage
            for row in self.releases
            if not row.assumed and row.first_year <= year <= row.last_year
        )
        return {FIRST: days[0], LATEST: days[-1]} if days else {}

    def _known(self, day: str) -> dict[tuple, float]:
        """Return (what, who, year) → TIV million as known on a day, zeros left out."""
        as_of = datetime.date.fromisoformat(day)
        sums: dict[tuple, float] = defaultdict(float)
        for row in vintages.as_of_transfers(self.rows, self.releases, as_of):
            supplier, recipient = (
                "RUS" if code == SOVIET_UNION else code for code in (row.supplier, row.recipient)
            )
            sums[DELIVERIES, (supplier, recipient), row.year] += row.tiv
            sums[EXPORTS, supplier, row.year] += row.tiv
            sums[IMPORTS, recipient, row.year] += row.tiv
        return dict(sums)

    def values(self, day: str, what: str, who: object, years: Iterable[int]) -> np.ndarray:
        """Return a quantity (year) as known on a day; zero where a release names none."""
        known = self.known(day)
        return np.array([known.get((what, who, year), 0.0) for year in years])

    def happened(self, event: str, pair: tuple[str, str], span: range, day: str) -> bool | None:
        """Say whether an event has happened in any year of a span, as known on a day.

        None where it is not defined: nothing was delivered in the base years.
        """
        supplier, recipient = pair
        years = range(span.start - (MEAN_YEARS - 1), span.stop)
        if event == EXPORT_CROSSOVER:
            theirs, ours = (
                events.trailing_mean(self.values(day, EXPORTS, who, years))
                for who in (supplier, recipient)
            )
            return bool(events.ahead(ours, theirs).any())
        base = self.values(day, DELIVERIES, pair, range(BASE_YEARS[0], BASE_YEARS[1] + 1)).mean()
        if base <= 0:
            return None
        means = events.trailing_mean(self.values(day, DELIVERIES, pair, years))
        return bool((means < INDEPENDENCE_SHARE * base).any())


# Scores ----------------------------------------------------------------------------------------


def score(entries: Iterable[Entry], panel: Panel = None) -> list[Score]:
    """Score every entry of the baseline that later figures resolve or bear on.

    Parameters
    ----------
    entries
        As from `ledger.entries`.
    panel
        Where the outturns are read; see `data.additions.layers`.

    Returns
    -------
    list of Score
        A row an entry, year after the origin, and release (first, latest). An event that was on
        record at the origin already is left out: nothing was forecast.
    """
    wanted = [entry for entry in entries if _scored(entry)]
    first = min((entry.origin for entry in wanted), default=HORIZON) - MEAN_YEARS
    came = Outturns(panel, {*range(BASE_YEARS[0], BASE_YEARS[1] + 1), *range(first, HORIZON + 1)})
    return [row for entry in wanted for row in _score(entry, came)]


def _scored(entry: Entry) -> bool:
    if entry.scenario != BASELINE or entry.domain != ALL_DOMAINS:
        return False
    if entry.kind == ledger.QUANTITY:
        return True
    probability = entry.forecast["probability"]
    return entry.question in RESOLVED and probability.get(str(entry.origin), 0.0) < 1.0


def _score(entry: Entry, came: Outturns) -> Iterator[Score]:
    is_event = entry.kind == ledger.EVENT
    said = entry.forecast["probability" if is_event else "quantiles"]
    for year in sorted(map(int, said)):
        if year <= entry.origin:
            continue
        for release, day in came.of_year(year).items():
            place = (
                *(entry.run, entry.question, entry.country, entry.domain, entry.supplier),
                *(entry.recipient, entry.scenario, entry.origin, year, release, day),
            )
            pair = (entry.supplier, entry.recipient)
            if is_event:
                span = range(entry.origin, year + 1)
                outturn = came.happened(entry.question, pair, span, day)
                if outturn is not None:
                    yield _event(place, said[str(year)], float(outturn), entry.draws)
            else:
                who = pair if entry.question == DELIVERIES else entry.country
                value = float(came.values(day, entry.question, who, [year])[0])
                yield _quantity(place, entry.forecast["levels"], said[str(year)], value)


def _event(place: tuple, probability: float, outturn: float, draws: int) -> Score:
    return Score(
        *place,
        outturn,
        probability,
        float(scores.brier(probability, outturn)),
        float(scores.log_score(probability, outturn, 0.5 / draws)),
        *(None,) * 5,
    )


def _quantity(place: tuple, levels: list[float], values: list[float], outturn: float) -> Score:
    count = len(levels)
    if not np.allclose(levels, np.arange(1, count + 1) / (count + 1)):
        raise ValueError("levels must be k/(n+1), k = 1 … n")
    quantiles = np.asarray(values)
    return Score(
        *place,
        outturn,
        *(None,) * 3,
        float(scores.at(quantiles, 0.5)),
        float(scores.crps(quantiles, outturn)),
        float(scores.crps_log1p(quantiles, outturn)),
        int(scores.covered(quantiles, outturn, 0.5)),
        int(scores.covered(quantiles, outturn, 0.9)),
    )


def against(row: Score, rival: str, levels: list[float], values: Iterable[float]) -> Score:
    """Return another forecast's score on the outcome of a row, `run` being the other's name."""
    place = (rival, *row[1 : Score._fields.index("outturn")])
    return _quantity(place, levels, list(values), row.outturn)


def means(rows: Iterable[Score]) -> list[Mean]:
    """Return mean scores by question and release, in the order of the questions."""
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for row in rows:
        groups[row.question, row.release].append(row)
    return [
        Mean(question, release, len(held), *(_mean(held, name) for name in Mean._fields[3:]))
        for (question, release), held in sorted(groups.items())
    ]


def _mean(rows: list[Score], name: str) -> float | None:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return math.fsum(values) / len(values) if values else None


def track_record(entries: Sequence[Entry], rows: Sequence[Score]) -> dict[str, Any]:
    """Sum up a ledger and its scores, for a report.

    Parameters
    ----------
    entries
        As from `ledger.entries`.
    rows
        As from `score`, of those entries.

    Returns
    -------
    dict
        `entries`, `runs`, `origins`, `pairs` and `ledger`, the hash of the last entry; `questions`:
        for each, how many were `entered`, how many figures can resolve (`resolvable`) and how many
        bear on later data (`scored`); `means`: as from `means`, with the number of distinct
        `outturns`, since runs of one origin are scored against the same; `newest`, the newest
        release scored against, empty when there is none.
    """
    scored = {tuple(getattr(row, name) for name in ledger.KEY) for row in rows}
    questions = [
        {
            "question": question,
            "entered": len(held),
            "resolvable": sum(map(_scored, held)),
            "scored": sum(_key(entry) in scored for entry in held),
        }
        for question in dict.fromkeys(entry.question for entry in entries)
        for held in [[entry for entry in entries if entry.question == question]]
    ]
    outturns: dict[tuple[str, str], set[tuple]] = defaultdict(set)
    for row in rows:
        of = (row.country,) if row.country else (row.supplier, row.recipient)
        # Whether an event has happened depends on the origin from which it is counted.
        since = row.origin if row.question in RESOLVED else 0
        outturns[row.question, row.release].add((*of, since, row.year))
    return {
        "entries": len(entries),
        "runs": len({entry.run for entry in entries}),
        "origins": sorted({entry.origin for entry in entries}),
        "pairs": sorted({f"{entry.supplier}-{entry.recipient}" for entry in entries}),
        "ledger": entries[-1].hash if entries else "",
        "questions": questions,
        "means": [
            mean._asdict() | {"outturns": len(outturns[mean.question, mean.release])}
            for mean in means(rows)
        ],
        "newest": max((row.vintage for row in rows), default=""),
    }


def _key(entry: Entry) -> tuple:
    return tuple(getattr(entry, name) for name in ledger.KEY)
