"""The track record: what the ledger said, against what came, in its first and its latest release.

Events that resolve on SIPRI's deliveries and quantities of deliveries are scored in each year after
the origin that a release covers: what was said of a state against whether it held in the year, what
was said of a first passage against whether it had happened. Whether something lasts is known at the
horizon only. Orders are listed late, so what was ordered is read from registers that were public
two years later. Capacity is a model quantity: no figure will ever resolve it.
"""

from __future__ import annotations

import datetime
import functools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from crossover.data import books, vintages
from crossover.data.names import (
    ALL_DOMAINS,
    BASE_YEARS,
    BASELINE,
    CONTESTED_ORDERS,
    EXPORT_CROSSOVER,
    EXPORT_CROSSOVER_SINGLE,
    FIRST_PASSAGE,
    HORIZON,
    INDEPENDENCE_SHARE,
    MEAN_YEARS,
    QUANTITY,
    RESOLVED,
    STATE,
)
from crossover.data.records import Deal, Transfer, Vintage
from crossover.data.tables import SOVIET_UNION, Panel, read, read_once
from crossover.forecast import events, fans, ledger, ledger_file, scores
from crossover.forecast.ledger import DELIVERIES, EXPORTS, IMPORTS
from crossover.forecast.ledger_file import Entry

FIRST, LATEST = "first", "latest"
LISTED_AFTER = 2
"""Orders of a year are read from registers that were public so many years later."""
RECORD = "track_record.json"
"""The track record in the folder of a run, for its report."""


class Score(NamedTuple):
    """A question in one year, scored against one release of the outturn.

    For an event `outturn` is 0 or 1 (whether it holds in the year, or has happened by it, as the
    kind is); for a quantity it is in TIV million, as `median` and `crps` are. What does not apply
    is None.
    """

    run: str
    question: str
    kind: str
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
    """Mean scores of one question and kind over years and runs, against one release."""

    question: str
    kind: str
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
        self.panel = panel
        self.known, self.deals = functools.cache(self._known), functools.cache(self._deals)

    def of_year(self, year: int, question: str = DELIVERIES) -> dict[str, str]:
        """Return first and latest → date of the release that resolves a question on a year.

        Of deliveries a kept release that covers the year, of orders a register.
        """
        if question == CONTESTED_ORDERS:
            found = (
                row.released for row in read_once("registers", self.panel)
                if row.released >= str(year + LISTED_AFTER) and row.last_year >= year
            )  # fmt: skip
        else:
            found = (
                row.vintage for row in self.releases
                if not row.assumed and row.first_year <= year <= row.last_year
            )  # fmt: skip
        days = sorted(found)
        return {FIRST: days[0], LATEST: days[-1]} if days else {}

    def _deals(self, day: str) -> tuple[Deal, ...]:
        """Return the deals as known on a day."""
        book = books.as_of(datetime.date.fromisoformat(day), self.panel)
        return books.with_earlier_units(book, self.panel).deals

    def won(
        self, pair: tuple[str, str], markets: Iterable[str], years: range, day: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what each of a pair won of the orders of some markets (year), TIV million.

        A deal whose number is not known counts by what was delivered of it.
        """
        sums = {code: np.zeros(len(years)) for code in pair}
        for deal in self.deals(day):
            if deal.supplier in sums and deal.recipient in markets and deal.order_year in years:
                tiv = max(deal.tiv_ordered or 0.0, deal.tiv_delivered)
                sums[deal.supplier][deal.order_year - years.start] += tiv
        return sums[pair[0]], sums[pair[1]]

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

    def held(
        self, event: str, pair: tuple[str, str], span: range, day: str, markets: Iterable[str] = ()
    ) -> np.ndarray | None:
        """Say in which years of a span an event held (year), as known on a day.

        The span begins with the origin.
        None where it is not defined: nothing was delivered in the base years, or of orders in
        `markets`, all of which have to come after the origin, there are not years enough to sum.
        """
        supplier, recipient = pair
        if event == CONTESTED_ORDERS:
            years = span[1:]
            if len(years) < MEAN_YEARS:
                return None
            theirs, ours = map(events.trailing_mean, self.won(pair, markets, years, day))
            return events.ahead(ours, theirs)
        years = range(span.start - (MEAN_YEARS - 1), span.stop)
        if event in (EXPORT_CROSSOVER, EXPORT_CROSSOVER_SINGLE):
            theirs, ours = (self.values(day, EXPORTS, w, years) for w in (supplier, recipient))
            if event == EXPORT_CROSSOVER_SINGLE:
                return events.ahead(ours, theirs)[MEAN_YEARS - 1 :]
            return events.ahead(*map(events.trailing_mean, (ours, theirs)))
        base = self.values(day, DELIVERIES, pair, range(BASE_YEARS[0], BASE_YEARS[1] + 1)).mean()
        if base <= 0:
            return None
        means = events.trailing_mean(self.values(day, DELIVERIES, pair, years))
        return means < INDEPENDENCE_SHARE * base


# Scores ----------------------------------------------------------------------------------------


def score(entries: Iterable[Entry], panel: Panel = None) -> list[Score]:
    """Score every entry of the baseline that later figures resolve or bear on.

    Parameters
    ----------
    entries : As from `ledger.entries`.
    panel : Where the outturns are read; see `data.kept.layers`.

    Returns
    -------
    list of Score
        A row an entry, year after the origin, and release (first, latest). The first passage of an
        event that was on record at the origin already is left out: nothing was forecast.
    """
    wanted = [entry for entry in entries if _scored(entry)]
    first = min((entry.origin for entry in wanted), default=HORIZON) - MEAN_YEARS
    came = Outturns(panel, {*range(BASE_YEARS[0], BASE_YEARS[1] + 1), *range(first, HORIZON + 1)})
    return [row for entry in wanted for row in _score(entry, came)]


def _scored(entry: Entry) -> bool:
    if entry.scenario != BASELINE or entry.domain != ALL_DOMAINS:
        return False
    if not ledger.is_possible(entry.forecast):
        return False
    if entry.kind == QUANTITY:
        return True
    if entry.question not in RESOLVED:
        return False
    if entry.question == CONTESTED_ORDERS and "markets" not in entry.forecast:
        return False
    on_record = entry.forecast["probability"].get(str(entry.origin), 0.0) >= 1.0
    return entry.kind == STATE or (entry.kind == FIRST_PASSAGE and not on_record)


def _score(entry: Entry, came: Outturns) -> Iterator[Score]:
    is_event = entry.kind != QUANTITY
    said = entry.forecast["probability" if is_event else "quantiles"]
    for year in sorted(map(int, said)):
        if year <= entry.origin:
            continue
        for release, day in came.of_year(year, entry.question).items():
            place = (
                *(entry.run, entry.question, entry.kind, entry.country, entry.domain),
                *(entry.supplier, entry.recipient, entry.scenario, entry.origin),
                *(year, release, day),
            )
            pair = (entry.supplier, entry.recipient)
            if is_event:
                span, markets = range(entry.origin, year + 1), entry.forecast.get("markets", ())
                held = came.held(entry.question, pair, span, day, markets)
                if held is not None:
                    came_true = events.READ[entry.kind](held)[-1]
                    yield _event(place, said[str(year)], float(came_true), entry.draws)
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
    """Return mean scores by question, kind and release, in the order of the questions.

    Of a question the state comes first.
    """
    groups: dict[tuple[str, str, str], list[Score]] = defaultdict(list)
    for row in rows:
        groups[row.question, row.kind, row.release].append(row)
    return [
        Mean(*group, len(held), *(_mean(held, name) for name in Mean._fields[4:]))
        for group, held in sorted(groups.items(), key=lambda one: _order(*one[0]))
    ]


def _order(question: str, kind: str, release: str) -> tuple[str, int, str]:
    return question, 0 if kind == STATE else 1, release


def _mean(rows: list[Score], name: str) -> float | None:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return math.fsum(values) / len(values) if values else None


def track_record(entries: Sequence[Entry], rows: Sequence[Score]) -> dict[str, Any]:
    """Sum up a ledger and its scores, for a report.

    Parameters
    ----------
    entries : As from `ledger.entries`.
    rows : As from `score`, of those entries.

    Returns
    -------
    dict : `entries`, `runs`, `origins`, `pairs` and `ledger`, the hash of the last entry;
        `questions`: for each and its kind, how many were `entered`, how many figures can resolve
        (`resolvable`) and how many bear on later data (`scored`); `means`: as from `means`, with
        the number of distinct `outturns`, since runs of one origin are scored against the same;
        `newest`, the newest release scored against, empty when there is none; `forecasts`: as from
        `fans.of_ledger`.
    """
    scored = {tuple(getattr(row, name) for name in ledger_file.KEY) for row in rows}
    asked: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        asked[entry.question, entry.kind].append(entry)
    questions = [
        {
            "question": question,
            "kind": kind,
            "entered": len(held),
            "resolvable": sum(map(_scored, held)),
            "scored": sum(_key(entry) in scored for entry in held),
        }
        for (question, kind), held in asked.items()
    ]
    outturns: dict[tuple[str, str, str], set[tuple]] = defaultdict(set)
    for row in rows:
        of = (row.country,) if row.country else (row.supplier, row.recipient)
        # Whether an event has happened depends on the origin from which it is counted.
        since = row.origin if row.kind == FIRST_PASSAGE else 0
        outturns[row.question, row.kind, row.release].add((*of, since, row.year))
    return {
        "entries": len(entries),
        "runs": len({entry.run for entry in entries}),
        "origins": sorted({entry.origin for entry in entries}),
        "pairs": sorted({f"{entry.supplier}-{entry.recipient}" for entry in entries}),
        "ledger": entries[-1].hash if entries else "",
        "questions": questions,
        "means": [
            mean._asdict() | {"outturns": len(outturns[mean.question, mean.kind, mean.release])}
            for mean in means(rows)
        ],
        "newest": max((row.vintage for row in rows), default=""),
        "forecasts": fans.of_ledger(entries),
    }


def _key(entry: Entry) -> tuple:
    return tuple(getattr(entry, name) for name in ledger_file.KEY)
