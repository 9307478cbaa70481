"""Correlates of War: states, major powers, material capabilities, militarised disputes.

Disputes come twice: in the project's own release (MID 4, to 2014) and as corrected by Gibler,
Little and Miller (GML, to 2010). Both are dyadic with one row a dispute, pair and year.
"""

from typing import NamedTuple

from crossover.data.sources.files import Batch, Source
from crossover.data.sources.rows import Row, parse, starts, stem

PROVIDER = "COW"
CAPABILITIES = "ccode,year,milex,milper,irst,pec,tpop,upop,cinc"
STATES = "stateabb,ccode,statenme,"
MAJORS = "ccode,styear,stmonth,"
COW_DISPUTES = "dispnum,ccode1,ccode2,year,cowmid"
GML_DISPUTES = "dispnum,ccode1,ccode2,year,gmlmid"
FIRST, LAST = 1816, 2100
UNKNOWN = -9
"""Fatality of a dispute of which it is not known whether anyone died."""


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


def recognises(source: Source) -> bool:
    """Say whether a file is one of the project's tables, by its header."""
    known = (CAPABILITIES, STATES, MAJORS, COW_DISPUTES, GML_DISPUTES)
    return any(starts(source, start) for start in known)


def read(source: Source) -> list[Batch]:
    """Parse one of the tables.

    Returns
    -------
    One batch of `Power` (CINC, share of the world), `State`, `Major` or `Dispute`.

    Raises
    ------
    InputError : a missing column, a year, state or code out of bounds.
    """
    if starts(source, CAPABILITIES):
        return [_batch("powers", _powers(source), source)]
    if starts(source, STATES):
        return [_batch("states", _states(source), source)]
    if starts(source, MAJORS):
        return [_batch("majors", _majors(source), source)]
    if starts(source, COW_DISPUTES):
        return [_batch("disputes", _disputes(source, "COW", "cowmid"), source, "COW")]
    return [_batch("disputes", _disputes(source, "GML", "gmlmid"), source, "GML")]


def _batch(table: str, found: list, source: Source, series: str = "") -> Batch:
    return Batch(table, series or table, PROVIDER, stem(source.name), True, source.name, found)


def _powers(source: Source) -> list[Power]:
    def make(row: Row) -> Power | None:
        cinc = row.optional("cinc", 0, 1)
        state, year = row.state("ccode"), row.whole("year", FIRST, LAST)
        return None if cinc is None else Power(state, year, cinc)

    return parse(source, ("ccode", "year", "cinc"), make)


def _states(source: Source) -> list[State]:
    def make(row: Row) -> State:
        return State(
            row.state("ccode"),
            row.words("stateabb"),
            row.words("statenme"),
            row.whole("styear", FIRST, LAST),
            row.whole("endyear", FIRST, LAST),
        )

    return parse(source, ("stateabb", "ccode", "statenme", "styear", "endyear"), make)


def _majors(source: Source) -> list[Major]:
    def make(row: Row) -> Major:
        years = (row.whole(column, FIRST, LAST) for column in ("styear", "endyear"))
        return Major(row.state("ccode"), *years)

    return parse(source, ("ccode", "styear", "endyear"), make)


def _disputes(source: Source, release: str, prefix: str) -> list[Dispute]:
    begun = f"{prefix}onset"

    def make(row: Row) -> Dispute | None:
        pair = row.pair()
        number, year = row.whole("dispnum", 1, 99999), row.whole("year", FIRST, LAST)
        onset, hostility = row.whole(begun, 0, 1), row.whole("hostlev", 1, 5)
        deaths = row.whole("fatality", UNKNOWN, 6)
        if pair is None:
            return None
        fatality = None if deaths < 0 else deaths
        return Dispute(release, number, *pair, year, onset, hostility, fatality)

    columns = ("dispnum", "ccode1", "ccode2", "year", begun, "hostlev", "fatality")
    return parse(source, columns, make)
