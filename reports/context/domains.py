"""What is judged of technology domains: who leads where, how surely, and what it rests on.

What is said of a domain follows from its numbers by the rule of `reports.domains.stands`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossover.data.names import (
    DEFAULT_RECIPIENT,
    DEFAULT_SUPPLIER,
    FIRST_PASSAGE,
    JUNIOR_EVERYWHERE,
    LASTING,
    STATE,
)
from crossover.reports import catalogue
from crossover.reports.domain_figures import ROOT_TICKS, short
from crossover.reports.domains import UNITS, counted, stands
from crossover.reports.phrases import LETTERS, RECIPIENT, ROLES, SUPPLIER, Payload, names, the
from crossover.reports.reading import CONTRADICTED, SUPPORTED, at_year, verdict

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Flow:
    """Orders of the last period, and their volume in TIV million, by the roles of the two sides.

    `buyer` is None for all customers.
    """

    seller: str
    buyer: str | None
    orders: float
    volume: float


@dataclass(frozen=True)
class Standing:
    """One domain: its row of the payload, and what is judged of it.

    Attributes
    ----------
    name, long_name : In a table, and in a sentence.
    units, units_count
        The row of unit values, None where there is none, and whether it counts as a convention.
    sold : Orders won in the last period by role, None for a country outside the sample.
    delivered
        The supplier's share in what the recipient got in the last period, None if that is nothing.
    between, in_all : What the register shows between the two, and to all customers.
    """

    row: Row
    name: str
    long_name: str
    verdict: str
    units: Row | None
    units_count: bool
    sold: Mapping[str, float | None]
    delivered: float | None
    between: tuple[Flow, ...]
    in_all: tuple[Flow, ...]


@dataclass(frozen=True)
class Statement:
    """One of the argument's statements: its row of the payload, who leads by it, and the domain."""

    row: Row
    leader: str
    other: str
    standing: Standing


@dataclass(frozen=True)
class Joint:
    """An event in many domains at once; `all`: in every one. `error`: largest of those printed."""

    row: Row
    all: bool
    error: float | None


@dataclass(frozen=True)
class Miss:
    """Periods in which the recipient's imports lay `side` (above, below) the 90 % band."""

    name: str
    side: str
    periods: tuple[str, ...]


@dataclass(frozen=True)
class Slope:
    """A slope of unit values on capacity, and whether the two measurements agree by it."""

    row: Row
    verdict: str


@dataclass(frozen=True)
class Domains:
    """The section on technology domains.

    Attributes
    ----------
    standings : One a domain, the surest lead of the recipient first.
    verdicts : Verdict → names of the domains of which it holds at the origin; only those with any.
    outsiders : Countries of the pair outside the suppliers of the sample, as a sentence has them.
    labels : Country names by role, as short as a label must be.
    asked, asked_jointly : (kind, year) that tables of domains, and that of the joint events, show.
    letters, shared, new : Letter of each convention; letters of those of the annex on levels that
        are used here; conventions that differ by domain.
    has_units, slopes : Whether unit values are a convention; their slopes on capacity.
    delivered
        Name of a domain ("" for all) and, by period, (orders, TIV million delivered) of the pair.
    misses, sellers, check_from : Of the check against the record: where it fails, the suppliers of
        its figure as a sentence has them, and its first period's last year.
    own_argument : Whether the pair is the one that the argument is about.
    last_period : As printed.
    supported, contradicted, likelier : The probabilities of the rule of verdicts.
    ticks : Shares that the figure of the check has ticks at.
    """

    standings: tuple[Standing, ...]
    verdicts: Mapping[str, tuple[str, ...]]
    outsiders: tuple[str, ...]
    labels: Mapping[str, str]
    asked: tuple[tuple[str, int], ...]
    asked_jointly: tuple[tuple[str, int], ...]
    joint: tuple[Joint, ...]
    letters: Mapping[str, str]
    shared: tuple[str, ...]
    new: tuple[Row, ...]
    has_units: bool
    slopes: tuple[Slope, ...]
    statements: tuple[Statement, ...]
    delivered: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]
    misses: tuple[Miss, ...]
    sellers: tuple[str, ...]
    check_from: int
    own_argument: bool
    last_period: str
    likelier: float
    supported: float = SUPPORTED
    contradicted: float = CONTRADICTED
    ticks: tuple[float, ...] = ROOT_TICKS

    @property
    def everywhere(self) -> Row:
        """The event of a lead in everything."""
        return next(one.row for one in self.joint if one.all)

    @property
    def joint_undefined(self) -> bool:
        """Whether a joint event is not defined for the pair."""
        return not all(one.row["defined"] for one in self.joint)

    @property
    def units_missing(self) -> bool:
        """Whether some domain has unit values that do not count."""
        return any(one.units and not one.units_count for one in self.standings)

    @property
    def misses_again(self) -> bool:
        """Whether some domain lay on one side of its band in more than one period."""
        return any(len(miss.periods) > 1 for miss in self.misses)


def context(payload: Payload) -> Domains:
    """Judge what a payload holds on technology domains."""
    data = payload["domains"]
    standings = tuple(map(_standing, data["rows"]))
    used = {c["alternative"] for c in data["conventions"]}
    levels = [row["alternative"] for row in payload["levels"]["rows"]]
    asked = _asked(payload)
    jointly = ((STATE, payload["origin"]), *asked, (STATE, payload["horizon"]))
    series = data["check"]["series"]
    return Domains(
        standings=standings,
        verdicts=_verdicts(data["rows"]),
        outsiders=tuple(
            the(payload["pair"][role]["name"])
            for role in ROLES if not payload["pair"][role]["exporter"]
        ),
        labels=names(payload),
        asked=asked,
        asked_jointly=jointly,
        joint=tuple(_joint(row, jointly) for row in data["joint"]),
        letters=LETTERS,
        shared=tuple(LETTERS[name] for name in levels if name in used),
        new=tuple(c for c in data["conventions"] if c["alternative"] not in levels),
        has_units=UNITS in used,
        slopes=tuple(map(_slope, data["agreement"])),
        statements=_statements(data["named"], standings),
        delivered=_delivered(data),
        misses=_misses(payload),
        sellers=tuple(the(one["name"]) for one in series if one["side"] == "exports"),
        check_from=series[0]["panels"][0]["period"][0],
        own_argument=tuple(payload["pair"][role]["code"] for role in (SUPPLIER, RECIPIENT))
        == (DEFAULT_SUPPLIER, DEFAULT_RECIPIENT),
        last_period=_period(data["periods"][-1]),
        likelier=data["rules"]["likelier"],
    )  # fmt: skip


def _standing(row: Row) -> Standing:
    unit = next((level for level in row["levels"] if level["alternative"] == UNITS), None)
    others = [level["probability"] for level in row["levels"] if counted(level)]
    record, told = row["record"], catalogue.load()["domain"][row["domain"]]
    total, forth = record["imports"][-1], record["forth"]
    return Standing(
        row=row,
        name=told.title,
        long_name=told.clause,
        verdict=stands(row["now"]["probability"], others),
        units=unit,
        units_count=unit is not None and counted(unit),
        sold={role: record[role] and record[role]["orders"][-1] for role in ROLES},
        delivered=forth["delivered"][-1] / total if forth is not None and total else None,
        between=_flows(record, (("forth", SUPPLIER, RECIPIENT), ("back", RECIPIENT, SUPPLIER))),
        in_all=_flows(record, ((SUPPLIER, SUPPLIER, None), (RECIPIENT, RECIPIENT, None))),
    )


def _flows(record: Row, asked: Sequence[tuple[str, str, str | None]]) -> tuple[Flow, ...]:
    return tuple(
        Flow(seller, buyer, record[key]["orders"][-1], record[key]["volume"][-1])
        for key, seller, buyer in asked if record[key] is not None
    )  # fmt: skip


def _verdicts(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {"supported": [], "open": [], "contradicted": []}
    for row in rows:
        found[verdict(row["now"]["probability"])].append(short(row["domain"]))
    return {name: tuple(domains) for name, domains in found.items() if domains}


def _asked(payload: Payload) -> tuple[tuple[str, int], ...]:
    late = payload["headline_year"]
    states = [y for y in payload["milestones"] if payload["origin"] < y <= late]
    return (*((STATE, year) for year in states), (FIRST_PASSAGE, late), (LASTING, late))


def _joint(row: Row, asked: Sequence[tuple[str, int]]) -> Joint:
    errors = [at_year(row, y, kind, "mc_error") for kind, y in asked] if row["defined"] else []
    return Joint(row, row["event"] == JUNIOR_EVERYWHERE, max(errors, default=None))


def _slope(row: Row) -> Slope:
    p = row["positive"]
    return Slope(row, "agree" if p >= SUPPORTED else "disagree" if p <= CONTRADICTED else "unsure")


def _statements(named: Sequence[Row], standings: Sequence[Standing]) -> tuple[Statement, ...]:
    by_domain = {one.row["domain"]: one for one in standings}
    other = {RECIPIENT: SUPPLIER, SUPPLIER: RECIPIENT}
    return tuple(
        Statement(row, row["side"], other[row["side"]], by_domain[row["domain"]]) for row in named
    )


def _delivered(data: Row) -> tuple[tuple[str, tuple[tuple[float, float], ...]], ...]:
    nothing = {key: [0.0] * len(data["periods"]) for key in ("orders", "delivered")}
    rows = []
    for row in data["rows"]:
        forth = row["record"]["forth"] or nothing
        rows.append((short(row["domain"]), tuple(zip(forth["orders"], forth["delivered"],
                                                     strict=True))))  # fmt: skip
    every = zip(*(cells for _, cells in rows), strict=True)
    totals = tuple(tuple(map(sum, zip(*period, strict=True))) for period in every)
    return (*rows, ("", totals))


def _misses(payload: Payload) -> tuple[Miss, ...]:
    code = payload["pair"][RECIPIENT]["code"]
    known = {period["last"]: _period(period) for period in payload["domains"]["periods"]}
    return tuple(
        Miss(short(miss["domain"]), miss["side"], tuple(known[y] for y in miss["periods"]))
        for one in payload["domains"]["check"]["series"]
        if one["side"] == "imports" and one["country"] == code
        for miss in one["missed"]
    )  # fmt: skip


def _period(period: Row) -> str:
    return f"{period['first']}–{period['last']}"
