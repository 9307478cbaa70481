"""Alliance Treaty Obligations and Provisions (ATOP 5.1): who was bound to whom, how it ended.

The member file has one row a member and phase of a treaty: entry, exit, the obligations taken and,
for those that ended, how (TERMMODE) and why (TERMCAUS).
"""

from typing import NamedTuple

from crossover.data.sources.files import Batch, Source
from crossover.data.sources.rows import Row, parse, starts

PROVIDER = "ATOP"
START = "atopid,cowid,cow4id,member,"
FIRST, LAST = 1815, 2018
"""Years that the release covers; a treaty in force at the end has no exit."""
OPEN = 9999
COLUMNS = (
    "atopid", "member", "yrent", "moent", "yrexit", "moexit", "bilat", "phase", "termmode",
    "termcaus", "defense", "offense", "neutral", "nonagg", "consul",
)  # fmt: skip


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


def recognises(source: Source) -> bool:
    """Say whether a file is ATOP's member file, by its header."""
    return starts(source, START)


def read(source: Source) -> list[Batch]:
    """Parse the member file.

    Returns
    -------
    One batch of `Member`.

    Raises
    ------
    InputError : a missing column, a year, month, state or code out of bounds.
    """
    found = parse(source, COLUMNS, _member)
    return [Batch("members", "members", PROVIDER, "5.1", True, source.name, found)]


def _member(row: Row) -> Member:
    pledges = ("defense", "offense", "neutral", "nonagg", "consul")
    return Member(
        row.whole("atopid", 1000, 9999),
        row.whole("phase", 0, 9),
        row.state("member"),
        row.whole("bilat", 0, 1),
        row.whole("yrent", FIRST, LAST),
        row.whole("moent", 0, 12),
        row.whole("yrexit", 0, LAST) or OPEN,
        row.whole("moexit", 0, 12),
        row.whole("termmode", 0, 6),
        int(row.optional("termcaus", 0, 8) or 0),
        *(row.whole(name, 0, 1) for name in pledges),
    )
