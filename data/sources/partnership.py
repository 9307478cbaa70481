"""Tables of the partnership: treaties, states and their power, disputes, rivalries, regimes.

Alliance Treaty Obligations and Provisions (ATOP 5.1): one row a member and phase of a treaty, with
entry, exit, the obligations taken and, for those that ended, how (TERMMODE) and why (TERMCAUS).
Correlates of War: states, major powers, material capabilities, and militarised disputes, dyadic
with one row a dispute, pair and year; these come twice, in the project's own release (MID 4, to
2014) and as corrected by Gibler, Little and Miller (GML, to 2010). Strategic rivalries (Thompson,
Sakuwa and Suhas): pairs that saw each other as enemies. Regimes: electoral democracy by V-Dem
(polyarchy) and Polity's score.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from crossover.data.sources.files import Batch, Source
from crossover.data.sources.rows import Row, parse, stem

FIRST_TREATY, LAST_TREATY = 1815, 2018
"""Years that ATOP covers; a treaty in force at the end has no exit."""
OPEN = 9999
FIRST, LAST = 1816, 2100
FIRST_RIVALRY, LAST_RIVALRY = 1494, 2020
UNKNOWN = -9
"""Fatality of a dispute of which it is not known whether anyone died."""
PLEDGES = ("defense", "offense", "neutral", "nonagg", "consul")


class Member(NamedTuple):
    """A member of a treaty in one of its phases; last_year 9999 while in force in 2018."""

    treaty: int
    phase: int
    state: int
    bilateral: int
    first_year: int
    first_month: int
    last_year: int
    last_month: int
    mode: int
    cause: int
    defence: int
    offence: int
    neutrality: int
    nonaggression: int
    consultation: int


class Power(NamedTuple):
    """Composite index of national capability of a state: its share of the world's."""

    state: int
    year: int
    cinc: float


class State(NamedTuple):
    """A spell of a state's membership of the international system, years."""

    state: int
    abbreviation: str
    name: str
    first_year: int
    last_year: int


class Major(NamedTuple):
    """A spell of a state as a major power, years."""

    state: int
    first_year: int
    last_year: int


class Dispute(NamedTuple):
    """A militarised dispute between two states in a year.

    `hostility` is 1 no force to 5 war; `fatality` a class of deaths, 0 none to 6 more than 999,
    None where it is not known whether anyone died.
    """

    release: str
    number: int
    state1: int
    state2: int
    year: int
    onset: int
    hostility: int
    fatality: int | None


class Rivalry(NamedTuple):
    """A strategic rivalry; last_year is the last year covered while it lasts."""

    number: int
    name: str
    state1: int
    state2: int
    first_year: int
    last_year: int


class Regime(NamedTuple):
    """Polyarchy (0 to 1) and Polity's score (−10 to 10) of a state in a year."""

    state: int
    year: int
    polyarchy: float | None
    polity: float | None


def _member(row: Row) -> Member:
    return Member(
        row.whole("atopid", 1000, 9999),
        row.whole("phase", 0, 9),
        row.state("member"),
        row.whole("bilat", 0, 1),
        row.whole("yrent", FIRST_TREATY, LAST_TREATY),
        row.whole("moent", 0, 12),
        row.whole("yrexit", 0, LAST_TREATY) or OPEN,
        row.whole("moexit", 0, 12),
        row.whole("termmode", 0, 6),
        int(row.optional("termcaus", 0, 8) or 0),
        *(row.whole(name, 0, 1) for name in PLEDGES),
    )


def _power(row: Row) -> Power | None:
    cinc = row.optional("cinc", 0, 1)
    state, year = row.state("ccode"), row.whole("year", FIRST, LAST)
    return None if cinc is None else Power(state, year, cinc)


def _years(row: Row) -> tuple[int, int]:
    return row.whole("styear", FIRST, LAST), row.whole("endyear", FIRST, LAST)


def _state(row: Row) -> State:
    return State(row.state("ccode"), row.words("stateabb"), row.words("statenme"), *_years(row))


def _major(row: Row) -> Major:
    return Major(row.state("ccode"), *_years(row))


def _dispute(release: str, row: Row) -> Dispute | None:
    pair = row.pair()
    number, year = row.whole("dispnum", 1, 99999), row.whole("year", FIRST, LAST)
    onset = row.whole(f"{release.lower()}midonset", 0, 1)
    hostility, deaths = row.whole("hostlev", 1, 5), row.whole("fatality", UNKNOWN, 6)
    if pair is None:
        return None
    return Dispute(release, number, *pair, year, onset, hostility, None if deaths < 0 else deaths)


def _rivalry(row: Row) -> Rivalry:
    a, b = sorted((row.state("ccode1"), row.state("ccode2")))
    first = row.whole("start", FIRST_RIVALRY, LAST_RIVALRY)
    last = row.whole("end", first, LAST_RIVALRY)
    return Rivalry(row.whole("tssr_id", 1, 9999), row.words("rivalry"), a, b, first, last)


def _regime(row: Row) -> Regime:
    return Regime(
        row.state("ccode"),
        row.whole("year", 1700, 2100),
        row.optional("v2x_polyarchy", 0, 1),
        row.optional("polity2", -10, 10),
    )


class Table(NamedTuple):
    """A table of a provider: what its header begins with, its columns, and what a row becomes."""

    table: str
    series: str
    provider: str
    start: str
    columns: tuple[str, ...]
    make: Callable[[Row], tuple | None]


def _disputes(release: str) -> Table:
    mid = f"{release.lower()}mid"
    columns = ("dispnum", "ccode1", "ccode2", "year", f"{mid}onset", "hostlev", "fatality")
    start = f"dispnum,ccode1,ccode2,year,{mid}"
    return Table("disputes", release, "COW", start, columns, functools.partial(_dispute, release))


TABLES = (
    Table("members", "members", "ATOP", "atopid,cowid,cow4id,member,",
          ("atopid", "member", "yrent", "moent", "yrexit", "moexit", "bilat", "phase", "termmode",
           "termcaus", *PLEDGES), _member),
    Table("powers", "powers", "COW", "ccode,year,milex,milper,irst,pec,tpop,upop,cinc",
          ("ccode", "year", "cinc"), _power),
    Table("states", "states", "COW", "stateabb,ccode,statenme,",
          ("stateabb", "ccode", "statenme", "styear", "endyear"), _state),
    Table("majors", "majors", "COW", "ccode,styear,stmonth,", ("ccode", "styear", "endyear"),
          _major),
    _disputes("COW"),
    _disputes("GML"),
    Table("rivalries", "rivalries", "TSS", "tssr_id,rivalry,ccode1,ccode2,start,end,",
          ("tssr_id", "rivalry", "ccode1", "ccode2", "start", "end"), _rivalry),
    Table("regimes", "regimes", "V-Dem and Polity", "ccode,year,euds,aeuds,polity2,v2x_polyarchy",
          ("ccode", "year", "polity2", "v2x_polyarchy"), _regime),
)  # fmt: skip


def recognises(source: Source) -> bool:
    """Say whether a file is one of the tables, by its header."""
    return (source.text or "").startswith(tuple(table.start for table in TABLES))


def read(source: Source) -> list[Batch]:
    """Parse one of the tables into one batch of its rows.

    Raises
    ------
    InputError : a missing column; a year, month, state, code or score out of bounds.
    """
    one = next(table for table in TABLES if source.text.startswith(table.start))
    found = parse(source, one.columns, one.make)
    release = "5.1" if one.provider == "ATOP" else stem(source.name)
    return [Batch(one.table, one.series, one.provider, release, True, source.name, found)]
