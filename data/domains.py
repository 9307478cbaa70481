"""Which technology domain and class a weapon belongs to, by SIPRI's own words for it.

Every description that occurs in the delivery lines or the trade register has a row in domains.csv;
a new one stops whoever reads it, so that nothing slips into a wrong domain by resemblance. A user's
own mapping of the same shape goes before ours. The class is the description in the provider's
newest wording, where the wording alone has changed.
"""

import csv
import functools
import io
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crossover.data import reading
from crossover.data.errors import InputError, fault, quoted
from crossover.data.names import DOMAINS
from crossover.data.tables import FACTS, Panel

NAME = "domains.csv"
COLUMNS = ("category", "description", "domain", "weapon_class", "note")
CATEGORIES = {"Air defence systems": "Air-defence systems"}
"""Older spelling of a category → the newest."""
ACCEPTED = "counted under the default domain of its category, by --accept-unknown"
LONGEST = 200
"""Letters that a description may have for a known one to be looked for; none has half as many."""
LETTERS = 5
"""Letters that a word must have for one wrong letter in it to pass for a slip."""

Row = dict[str, str]


class Weapon(NamedTuple):
    """What a description stands for."""

    domain: str
    weapon_class: str


@functools.cache
def table() -> tuple[Row, ...]:
    """Return the rows of domains.csv: category, description, domain, class, note.

    Raises
    ------
    InputError : other columns, or a row that has not as many fields.
    """
    return tuple(row for _, row in _read(FACTS / NAME, NAME))


def _read(path: Path, file: object) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a mapping with their lines; raises as `table`."""
    rows = reading.records(reading.text(path, file), file)
    _, header = next(rows, (1, []))
    if tuple(header) != COLUMNS:
        rule = f"the columns must be {', '.join(COLUMNS)}"
        raise InputError(fault(rule, file=file, line=1, value=",".join(header)))
    for line, row in rows:
        if len(row) != len(COLUMNS):
            rule = f"a row must have {len(COLUMNS)} fields, this one has {len(row)}"
            raise InputError(fault(rule, file=file, line=line))
        yield line, dict(zip(COLUMNS, row, strict=True))


@functools.cache
def weapons() -> dict[str, Weapon]:
    """Return description → domain and class, whatever its category.

    Raises
    ------
    InputError : domains.csv names an unknown domain or no class, gives one description two domains
        or two classes, or one class two domains.
    """
    return _weapons((NAME, line, row) for line, row in enumerate(table(), start=2))


def _weapons(rows: Iterable[tuple[object, int | None, Row]]) -> dict[str, Weapon]:
    """Return description → domain and class of (file, line, row); raises as `weapons`."""
    found: dict[str, Weapon] = {}
    of_class: dict[str, str] = {}
    for file, line, row in rows:
        place = {"file": file, "line": line}
        weapon = Weapon(row["domain"], row["weapon_class"])
        if weapon.domain not in DOMAINS:
            rule = f"unknown domain: must be one of {', '.join(DOMAINS)}"
            raise InputError(fault(rule, **place, column="domain", value=weapon.domain))
        if not weapon.weapon_class.strip():
            rule = "must not be empty: the description itself, or the newest wording for it"
            raise InputError(fault(rule, **place, column="weapon_class", value=""))
        if found.setdefault(row["description"], weapon) != weapon:
            rule = (
                "a description must have one domain and one class, since the trade register has "
                "no category"
            )
            raise InputError(fault(rule, **place, column="description", value=row["description"]))
        if of_class.setdefault(weapon.weapon_class, weapon.domain) != weapon.domain:
            rule = f"a class must have one domain, this one has {of_class[weapon.weapon_class]}"
            raise InputError(
                fault(rule, **place, column="weapon_class", value=weapon.weapon_class)
            )
    return found


class Known(NamedTuple):
    """A mapping in force: weapons by description, domains by class, the rows that are not ours."""

    weapons: dict[str, Weapon]
    by_class: dict[str, str]
    own: Mapping[str, Row]


def _over_ours(own: Sequence[tuple[object, int | None, Row]]) -> Known:
    """Lay other rows over ours: a description that they have is theirs."""
    if not own:
        return Known(weapons(), by_class(), {})
    theirs = {row["description"]: row for _, _, row in own}
    ours = (
        (NAME, line, row)
        for line, row in enumerate(table(), start=2)
        if row["description"] not in theirs
    )
    known = _weapons(itertools.chain(ours, own))
    return Known(known, _by_class(known), theirs)


def with_own(path: Path | None) -> Known:
    """Return our mapping with a user's own laid over it, where there is such a file.

    Raises
    ------
    InputError : it breaks a rule of `weapons`, by itself or together with our rows that it leaves.
    """
    own = _read(path, path) if path is not None and os.path.isfile(path) else ()
    return _over_ours([(path, line, row) for line, row in own])


def with_rows(rows: Iterable[Row]) -> Known:
    """Return our mapping with rows of another laid over it; raises as `with_own`."""
    return _over_ours([(None, None, row) for row in rows])


def of(panel: Panel = None) -> Known:
    """Return the mapping that a panel's figures rest on: ours, and what its additions came with.

    Parameters
    ----------
    panel : the panel's folder, or a base and additions to it; the shipped panel when None.
    """
    added = panel[1:] if isinstance(panel, Sequence) else ()
    rows = {
        row["description"]: row
        for folder in added
        if (folder / NAME).is_file()
        for _, row in _read(folder / NAME, folder / NAME)
    }
    return with_rows(rows.values())


def encode(rows: Iterable[Row]) -> bytes:
    """Return a mapping's file, its rows sorted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted([row[column] for column in COLUMNS] for row in rows))
    return out.getvalue().encode("utf-8")


def by_description(panel: Panel = None) -> dict[str, str]:
    """Return description → domain of a panel's figures; raises as `weapons`."""
    return {name: weapon.domain for name, weapon in of(panel).weapons.items()}


@functools.cache
def by_class() -> dict[str, str]:
    """Return weapon class → domain; raises as `weapons`."""
    return _by_class(weapons())


def _by_class(known: dict[str, Weapon]) -> dict[str, str]:
    return {weapon.weapon_class: weapon.domain for weapon in known.values()}


@functools.cache
def default(category: str) -> str | None:
    """Return the domain that most descriptions of SIPRI's category have; None without a category.

    Weighed by volume delivered, the same domain comes out for each category.
    """
    category = CATEGORIES.get(category, category)
    if not category:
        return None
    counts = Counter(
        row["domain"]
        for row in table()
        if CATEGORIES.get(row["category"], row["category"]) == category
    )
    return counts.most_common(1)[0][0] if counts else None


def accepted(description: str, category: str) -> Row:
    """Return the row of an unknown description that counts under its category's default domain."""
    domain = default(category)
    taken = by_class().get(description, domain) != domain
    name = f"{description} ({category})" if taken else description
    return dict(zip(COLUMNS, (category, description, domain, name, ACCEPTED), strict=True))


def nearest(description: str) -> str | None:
    """Return the known description of which this one is a misspelling, if there is just one domain.

    A misspelling differs by case, spaces, hyphens, or one letter of one word that is no known word:
    resemblance alone would take a surface-to-air for a surface-to-surface missile.
    """
    if len(description) > LONGEST:
        return None
    known = weapons()
    words = {name: _words(name) for name in known}
    vocabulary = set(itertools.chain.from_iterable(words.values()))
    sought = _words(description)
    near = [name for name in known if _is_slip(sought, words[name], vocabulary)]
    return near[0] if len({known[name].domain for name in near}) == 1 else None


def _words(description: str) -> tuple[str, ...]:
    return tuple("".join(c if c.isalnum() else " " for c in description.casefold()).split())


def _is_slip(sought: tuple[str, ...], known: tuple[str, ...], vocabulary: set[str]) -> bool:
    if "".join(sought) == "".join(known):
        return True
    if len(sought) != len(known):
        return False
    wrong = [(a, b) for a, b in zip(sought, known, strict=True) if a != b]
    return (
        len(wrong) == 1
        and wrong[0][0] not in vocabulary
        and min(map(len, wrong[0])) >= LETTERS
        and _one_letter_apart(*wrong[0])
    )


def _one_letter_apart(a: str, b: str) -> bool:
    """Say whether one letter changed, left out, put in, or two swapped make one word of another."""
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    swapped = a[:at] + a[at + 1 : at + 2] + a[at : at + 1] + a[at + 2 :]
    return a[at + 1 :] == b[at + 1 :] or swapped == b


def unknown(description: str, category: str = "", own: Path | None = None) -> tuple[str, str]:
    """Return what is wrong with a description that nobody knows, and what to do."""
    near = nearest(description)
    hint = f"; the nearest known is {near!r}" if near else ""
    cure = f"give it a row in {own or NAME} (columns {', '.join(COLUMNS)})"
    domain = default(category)
    if domain and own:
        cure += (
            f", or say --accept-unknown, which counts it under {domain}, the default of its "
            f"category {quoted(category)}"
        )
    return f"unknown weapon description{hint}", cure


def newest(name: str) -> str:
    """Return the class of a description, or of a class that was named so before; raises as
    `weapons`. A name that is neither stays as it is.
    """
    known = weapons().get(name)
    return known.weapon_class if known else name


def domain(description: str, *, file: object, line: int | None, column: str) -> str:
    """Return the domain of a weapon description; raises as `weapon`."""
    return weapon(description, file=file, line=line, column=column).domain


def weapon(description: str, *, file: object, line: int | None, column: str) -> Weapon:
    """Return the domain and the class of a weapon description.

    Raises
    ------
    InputError : the description has no row in domains.csv; the message names the nearest.
    """
    found = weapons().get(description)
    if found is None:
        rule = ": ".join(unknown(description))
        raise InputError(fault(rule, file=file, line=line, column=column, value=description))
    return found
