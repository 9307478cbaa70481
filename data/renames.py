"""Which of SIPRI's names for weapons mean the same, from release to release.

A reworded description keeps its class in domains.csv, and so does what was delivered under it.
What a class cannot say stands in renames.csv: one name that became several, or that went into one
which was there before. Figures by name are compared by what such names have in common, so that
a rename is seen as a rename and not as figures gone and figures new.
"""

import functools
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from crossover.data import domains
from crossover.data.tables import read_own

NAME = "renames.csv"
NUMBERS = ("", "", "two", "three", "four", "five", "six")


class Rename(NamedTuple):
    """A name that a release no longer has, those that it has instead, and the lines it stood on."""

    old: str
    new: tuple[str, ...]
    lines: int

    def __str__(self) -> str:
        """Return what became of the name, as a sentence without its stop."""
        names = [repr(name) for name in self.new]
        count = f"({self.lines:,} line{'s' if self.lines != 1 else ''})"
        if not self.split:
            return f"renamed: {self.old!r} is now {' or '.join(names)} {count}"
        word = NUMBERS[len(names)] if len(names) < len(NUMBERS) else str(len(names))
        return f"split: {self.old!r} is now {word}: {', '.join(names)} {count}"

    @property
    def split(self) -> bool:
        """Whether the name became several things, not one thing in several spellings."""
        return len({domains.newest(name) for name in self.new}) > 1


class Row(NamedTuple):
    """A row of renames.csv: a name, and one that it has become."""

    old: str
    new: str


@functools.cache
def listed() -> dict[str, tuple[str, ...]]:
    """Return the names of renames.csv: old → new; raises as `data.tables.read_own`."""
    found: dict[str, tuple[str, ...]] = {}
    for row in read_own(Row, NAME):
        found[row.old] = (*found.get(row.old, ()), row.new)
    return found


@functools.cache
def _groups() -> dict[str, str]:
    """Return class → the first of the classes that renames.csv joins it with."""
    found: dict[str, str] = {}
    for old, new in listed().items():
        joined = {domains.newest(name) for name in (old, *new)}
        joined |= {name for name, first in found.items() if first in {found.get(n) for n in joined}}
        found |= dict.fromkeys(joined, min(joined))
    return found


def common(name: str) -> str:
    """Return what a description or class shares with its other names.

    That is its class, or the first of the classes that renames.csv joins it with.
    """
    weapon_class = domains.newest(name)
    return _groups().get(weapon_class, weapon_class)


def found(before: Mapping[str, int], now: Collection[str]) -> list[Rename]:
    """Return the names that a release renames, the ones of most lines first.

    Parameters
    ----------
    before : description → lines on which the releases that it replaces had it.
    now : descriptions of the release.

    Returns
    -------
    A rename for each name that is gone and whose weapons have another one now: those that
    renames.csv lists, else those of the same class, else of what they have in common; new names
    before ones that were there. A name without such a successor is not in it.
    """
    of_class: dict[str, list[str]] = defaultdict(list)
    of_group: dict[str, list[str]] = defaultdict(list)
    for name in sorted(now):
        of_class[domains.newest(name)].append(name)
        of_group[common(name)].append(name)
    renames = []
    for old, lines in before.items():
        if old in now:
            continue
        told = [name for name in listed().get(old, ()) if name in now]
        same = told or of_class[domains.newest(old)] or of_group[common(old)]
        fresh = told or [name for name in same if name not in before]
        if same:
            renames.append(Rename(old, tuple(fresh or same), lines))
    return sorted(renames, key=lambda rename: (-rename.lines, rename.old))
