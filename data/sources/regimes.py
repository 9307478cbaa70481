"""Regimes: electoral democracy by V-Dem (polyarchy) and Polity's score, by state and year."""

from typing import NamedTuple

from crossover.data.sources.files import Batch, Source
from crossover.data.sources.rows import Row, parse, starts, stem

PROVIDER = "V-Dem and Polity"
START = "ccode,year,euds,aeuds,polity2,v2x_polyarchy"


class Regime(NamedTuple):
    """Polyarchy (0 to 1) and Polity's score (−10 to 10) of a state in a year."""

    state: int
    year: int
    polyarchy: float | None
    polity: float | None


def recognises(source: Source) -> bool:
    """Say whether a file is the table of regimes, by its header."""
    return starts(source, START)


def read(source: Source) -> list[Batch]:
    """Parse the table of regimes; InputError for a score out of bounds."""
    columns = ("ccode", "year", "polity2", "v2x_polyarchy")
    found = parse(source, columns, _regime)
    return [Batch("regimes", "regimes", PROVIDER, stem(source.name), True, source.name, found)]


def _regime(row: Row) -> Regime:
    return Regime(
        row.state("ccode"),
        row.whole("year", 1700, 2100),
        row.optional("v2x_polyarchy", 0, 1),
        row.optional("polity2", -10, 10),
    )
