"""What a file's names stand for; those that nobody knows are told once a name, not once a row.

A new release brings new words on thousands of rows. A user needs to know which words, how much
stands under them, and what to do: each unknown name is one fault, with its rows, its TIV and the
line it first stands on.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from crossover.data import countries, domains
from crossover.data.errors import InputError, each_row, fault, quoted
from crossover.data.sources.files import PLAIN, Options

MOST_UNKNOWN = 200
"""Unknown names that are told of one by one: a release that is read brings a dozen."""


@dataclass
class Seen:
    """Where a name stands: its first line, its rows, and their deliveries in TIV million."""

    file: str
    line: int | None
    column: str
    rule: str
    cure: str = ""
    rows: int = 0
    tiv: float = 0.0

    def add(self, tiv: float) -> None:
        """Count one more row."""
        self.rows += 1
        self.tiv += tiv

    def __str__(self) -> str:
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        return f"{rows}, {self.tiv:,.1f} TIV million" if self.tiv else rows


class Names:
    """The names of one file: countries by code, weapons by domain and class.

    Parameters
    ----------
    file : the file's name, for messages.
    options : what its user says of unknown names.

    Raises
    ------
    InputError : the user's own mapping breaks a rule; see `domains.with_own`.
    """

    def __init__(self, file: str, options: Options = PLAIN):
        self.file, self.options = file, options
        self.mapping = domains.with_own(self.options.mapping)
        self.codes: dict[str, str | None] = {}
        self.rows: dict[str, domains.Row] = {}
        self.unknown: dict[tuple[str, str], Seen] = {}
        self.accepted: dict[str, Seen] = {}
        self.marked: dict[str, int] = {}

    def country(
        self, name: str, line: int, column: str, tiv: float = 0.0, sheet: str | None = None
    ) -> str | None:
        """Return a country's ISO3 code, empty for an entity that is no state; None if unknown."""
        if name not in self.codes:
            self.codes[name] = countries.look_up(name)
        code = self.codes[name]
        if code is None:
            file = f"{self.file}, sheet {quoted(sheet)}" if sheet else self.file
            self._see(name, file, line, column, tiv, lambda: (countries.unknown(name),))
        elif not code and countries.is_marked(name):
            self.marked[name.strip()] = self.marked.get(name.strip(), 0) + 1
        return code

    def code(self, iso3: str, line: int | None, column: str) -> bool:
        """Say whether there is a country of this ISO3 code."""
        if iso3 in countries.codes():
            return True
        said = ("unknown country", countries.CODES)
        self._see(iso3, self.file, line, column, 0.0, lambda: said)
        return False

    def weapon(
        self, description: str, line: int, column: str, tiv: float = 0.0, category: str = ""
    ) -> domains.Weapon | None:
        """Return the domain and class of a description; None if nobody knows it.

        An unknown one falls to the default domain of its category where the user accepts that.
        """
        found = self.mapping.weapons.get(description)
        if found is not None:
            if description in self.mapping.own:
                self.rows[description] = self.mapping.own[description]
            return found
        if description in self.accepted or self._is_accepted(description, category):
            row = self.rows.setdefault(description, domains.accepted(description, category))
            self.accepted.setdefault(description, Seen(self.file, line, column, "")).add(tiv)
            return domains.Weapon(row["domain"], row["weapon_class"])
        own = self.options.mapping
        told = functools.partial(domains.unknown, description, category, own)
        self._see(description, self.file, line, column, tiv, told)
        return None

    def _see(
        self, name: str, file: str, line: int | None, column: str, tiv: float,
        told: Callable[[], tuple[str, ...]],
    ) -> None:
        """Count a row of an unknown name; `told` says what is wrong with it, and the cure.

        Raises
        ------
        InputError : there are so many that the column must hold something else.
        """
        if (column, name) not in self.unknown:
            if len(self.unknown) >= MOST_UNKNOWN:
                rule = f"is the {MOST_UNKNOWN + 1}th unknown name: does the column hold names?"
                place = {"file": file, "line": line, "column": column}
                raise InputError(fault(rule, **place, value=name))
            self.unknown[column, name] = Seen(file, line, column, *told())
        self.unknown[column, name].add(tiv)

    def _is_accepted(self, description: str, category: str) -> bool:
        is_name = bool(description.strip())
        return self.options.accept_unknown and is_name and domains.default(category) is not None

    def settle(self) -> None:
        """Tell of each unknown name: to whoever collects faults, else by raising the first.

        Raises
        ------
        InputError : there is an unknown name, and nobody collects.
        """
        for (column, name), seen in self.unknown.items():
            with each_row:
                rule = f"{seen.rule}, on {seen}{f': {seen.cure}' if seen.cure else ''}"
                place = {"file": seen.file, "line": seen.line, "column": column}
                raise InputError(fault(rule, **place, value=name))

    def remarks(self) -> tuple[str, ...]:
        """Return what whoever adds the file should know of its names."""
        told = []
        for name, seen in self.accepted.items():
            row = self.rows[name]
            told.append(
                f"warning: {seen.file}, line {seen.line}: {quoted(name)} is unknown ({seen}) and "
                f"counts under {row['domain']}, the default of its category "
                f"{quoted(row['category'])}, unless {self.options.mapping or domains.NAME} has a "
                "row for it when the file is added"
            )
        own = [name for name in self.rows if name not in self.accepted]
        if own:
            told.append(f"{self.file}: {_listed(own)} by {self.options.mapping}")
        if self.marked:
            new = [name for name in self.marked if name not in countries.names()]
            words = f", new here: {_listed(new)}" if new else ""
            told.append(
                f"{self.file}: {sum(self.marked.values()):,} rows are of {len(self.marked)} "
                f"entities that are no states or not recognised (a star behind the name){words}; "
                "they count under the rest of the world"
            )
        return tuple(told)


def _listed(names: list[str]) -> str:
    """Return up to five names in quotes, the others as a number."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(quoted, names[:5])) + more
