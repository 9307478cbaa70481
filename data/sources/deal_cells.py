"""Cells of a register or of delivery lines as values of a deal."""

import csv
import functools
import re
from collections.abc import Callable, Mapping

from crossover.data import countries, domains
from crossover.data.domains import Weapon
from crossover.data.errors import InputError, fault
from crossover.data.sources import delimited, fields
from crossover.data.tables import FACTS

OLD_NAMES = "old_descriptions.csv"
STATUSES = {
    "": "new",
    "New": "new",
    "Second hand": "second_hand",
    "second-hand": "second_hand",
    "Second hand but modernized": "modernized",
    "second-hand modernized": "modernized",
    "R": "modernized",
}
"""Words for the state of the arms; where status was read from the comment, new has none."""
FLAGS = {"": 0, "No": 0, "Yes": 1, "?": 1, "0": 0, "1": 1}
PLATFORM = re.compile(r"\b(for|from)\b.*")
"""What follows is about the ship or vehicle that a part is for, not about the part."""
SHORT_NAMES = {
    "united states": "usa",
    "united kingdom": "uk",
    "united arab emirates": "uae",
    "turkiye": "turkey",
}

Own = Mapping[str, Weapon]
"""Description → weapon, of a mapping other than ours."""


def _once(parse: Callable) -> Callable:
    """Parse what stands in a column once in a file: most texts stand there in many rows."""

    @functools.wraps(parse)
    def call(cells: "Cells", column: str) -> object:
        key = parse, column, cells(column)
        if key not in cells.known:
            cells.known[key] = parse(cells, column)
        return cells.known[key]

    return call


class Cells:
    """One row of a table: its cells by column, parsed with one message for each fault.

    `known` is what was parsed of the table so far.
    """

    def __init__(
        self,
        table: delimited.Table,
        at: dict[str, int],
        line: int,
        row: list[str],
        own: Own,
        known: dict[tuple, object],
    ):
        self.known = known
        self.table = table
        self.own = own
        self.at = at
        self.line = line
        self.row = row
        self.place = {"file": table.file, "line": line}

    def __call__(self, column: str) -> str:
        """Return the text of a cell."""
        return self.row[self.at[column]].strip()

    def width(self) -> None:
        """Raise InputError when the row has not as many fields as the header."""
        fields.width(self.row, len(self.table.header), **self.place)

    def _choose(self, column: str, known: dict[str, object]) -> object:
        text = self(column)
        if text not in known:
            rule = f"must be one of {', '.join(name for name in known if name)}"
            raise InputError(fault(rule, **self.place, column=column, value=text))
        return known[text]

    def flag(self, column: str) -> int:
        """Return a mark of yes or no as 1 or 0."""
        return self._choose(column, FLAGS)

    def status(self, column: str) -> str:
        """Return the status of a weapon when delivered."""
        return self._choose(column, STATUSES)

    @_once
    def party(self, column: str) -> str:
        """Return an ISO3 code, or the name of a movement that has none."""
        name = self(column)
        code = countries.code(name, **self.place, column=column)
        return code or name.rstrip("*").casefold()

    @_once
    def weapon(self, column: str) -> Weapon:
        """Return the weapon that a description names."""
        text = self(column)
        found = self.own.get(text) or _weapons().get(text.casefold())
        return found or domains.weapon(text, **self.place, column=column)

    @_once
    def year(self, column: str) -> int:
        """Return a cell's year."""
        return fields.year(self(column), **self.place, column=column)

    @_once
    def years(self, column: str) -> tuple[int, ...]:
        """Return years that a cell lists."""
        texts = [text.strip() for text in self(column).split(";") if text.strip()]
        return tuple(sorted(fields.year(t, **self.place, column=column) for t in texts))

    @_once
    def whole(self, column: str) -> int | None:
        """Return a whole number; None of an empty cell."""
        return self._optional(fields.whole, column)

    @_once
    def volume(self, column: str) -> float | None:
        """Return a volume, TIV million; None of an empty cell."""
        return self._optional(functools.partial(fields.number, what="TIV"), column)

    def ordered(self, number: str, column: str) -> float | None:
        """Return the volume of an order, None where the number or the value of a unit is not known.

        A unit without a value has 0 in the register: Pakistan's eight submarines from China, 2,400
        before, have 0 in that of 2026.
        """
        return (self.volume(column) or None) if self(number) else None

    def _optional(self, read_one: Callable, column: str) -> object:
        text = self.table.figure(self(column))
        name = column.partition("|")[0]
        return read_one(text, **self.place, column=name, low=0) if text else None


@functools.cache
def _weapons() -> dict[str, Weapon]:
    """Return description, in small letters → weapon: of the present wordings and older ones."""
    known = domains.weapons()
    found = {description.casefold(): weapon for description, weapon in known.items()}
    with (FACTS / OLD_NAMES).open(encoding="utf-8", newline="") as lines:
        for line, row in enumerate(csv.DictReader(lines), start=2):
            newer = row["description"]
            if newer not in known:
                rule = f"must be a description of {domains.NAME}"
                place = {"file": OLD_NAMES, "line": line, "column": "description"}
                raise InputError(fault(rule, **place, value=newer))
            found.setdefault(row["old"], known[newer])
    return found
