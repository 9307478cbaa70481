"""Strategic rivalries (Thompson, Sakuwa and Suhas): pairs that saw each other as enemies."""

from typing import NamedTuple

from crossover.data.sources.files import Batch, Source
from crossover.data.sources.rows import Row, parse, starts, stem

PROVIDER = "TSS"
START = "tssr_id,rivalry,ccode1,ccode2,start,end,"
FIRST, LAST = 1494, 2020


class Rivalry(NamedTuple):
    """A strategic rivalry; last_year is the last year covered while it lasts."""

    number: int
    name: str
    state1: int
    state2: int
    first_year: int
    last_year: int


def recognises(source: Source) -> bool:
    """Say whether a file is the table of rivalries, by its header."""
    return starts(source, START)


def read(source: Source) -> list[Batch]:
    """Parse the table of rivalries; InputError for a year or state out of bounds."""
    columns = ("tssr_id", "rivalry", "ccode1", "ccode2", "start", "end")
    found = parse(source, columns, _rivalry)
    return [Batch("rivalries", "rivalries", PROVIDER, stem(source.name), True, source.name, found)]


def _rivalry(row: Row) -> Rivalry:
    a, b = sorted((row.state("ccode1"), row.state("ccode2")))
    first = row.whole("start", FIRST, LAST)
    last = row.whole("end", first, LAST)
    return Rivalry(row.whole("tssr_id", 1, 9999), row.words("rivalry"), a, b, first, last)
