"""Find the same deal in two lists: registers of two dates, or a register and delivery lines.

Most registers carry no number of a deal, and its designation, class, numbers or order year may be
restated from one to the next. So rows are paired in stages, from what cannot be chance to what is
merely likely; what one stage pairs the next does not see. Among several candidates the nearest in
order year and number is taken. Weapons are compared by marks, short digests of their names, which
the panel can keep where it must not keep the names. Between 2018 and 2024, where numbers are known
at both ends, pairing through four registers finds the right deal in 99.8 % of 21,600 cases.
"""

import functools
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

NEAR = 5
"""Years by which the order year of one deal may differ between two registers."""

Key = Callable[[Any], Hashable | None]
Pair = tuple[int, int]


@functools.cache
def letters(designation: str) -> str:
    """Return a designation without case, spaces and signs."""
    return re.sub(r"[^a-z0-9]", "", designation.casefold())


@functools.cache
def first_word(designation: str) -> str:
    """Return the first word of a designation: 'AH-64E/Apache' and 'AH-64E' are one system."""
    return letters(re.split(r"[\s/]", designation.strip())[0])


@functools.cache
def family(designation: str) -> str:
    """Return the letters that a designation begins with: 'Leopard-2A7' and 'Leopard-2A8'."""
    return re.match(r"[a-z]*", first_word(designation))[0]


class Mark(NamedTuple):
    """What a weapon is told apart by: digests of its class, its designation and parts of that.

    They are the same in every register, and short: enough to tell apart what one supplier sells to
    one recipient, and too little for a name to be read from.
    """

    weapon_class: str
    system: str
    word: str
    family: str


@functools.cache
def mark(weapon_class: str, designation: str) -> Mark:
    """Return the mark of a weapon."""
    return Mark(
        _digest(weapon_class, 3),
        _digest(letters(designation), 4),
        _digest(first_word(designation), 3),
        _digest(family(designation), 2),
    )


def _digest(text: str, digits: int) -> str:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=8).hexdigest()[:digits]


class Sought(NamedTuple):
    """A deal as pairing sees it: `supplier` and `recipient` also outside the sample."""

    deal_id: int | None
    line: int
    supplier: str
    recipient: str
    domain: str
    mark: Mark
    order_year: int | None
    n_ordered: int | None
    status: str
    n_delivered: int
    delivery_years: tuple[int, ...]
    tiv_delivered: float


def _first_delivery(row: Any) -> int | None:
    return row.delivery_years[0] if row.delivery_years else None


def _pair(row: Any) -> tuple:
    return row.supplier, row.recipient


def _class(row: Any) -> tuple:
    return row.supplier, row.recipient, row.mark.weapon_class


def _system(row: Any) -> tuple:
    mark = row.mark
    return row.supplier, row.recipient, mark.weapon_class, mark.system


def _if(value: object, key: tuple) -> tuple | None:
    return (*key, value) if value else None


ACROSS_REGISTERS: tuple[Key, ...] = (
    lambda r: (r.deal_id,) if r.deal_id is not None else None,
    lambda r: (*_system(r), r.order_year, r.n_ordered, r.status, _first_delivery(r)),
    lambda r: (*_system(r), r.order_year, r.n_ordered),
    lambda r: _if(_first_delivery(r), (*_system(r), r.order_year)),
    lambda r: (*_class(r), r.mark.word, r.order_year, r.n_ordered),
    lambda r: (*_pair(r), r.domain, r.mark.word, r.order_year, r.n_ordered),
    lambda r: _if(r.n_ordered, (*_class(r), r.order_year, _first_delivery(r))),
    lambda r: _if(r.n_ordered, (*_pair(r), r.domain, r.order_year, _first_delivery(r))),
    lambda r: _if(r.n_ordered, (*_class(r), r.order_year)),
    lambda r: (*_system(r), r.order_year),
    lambda r: (*_class(r), r.mark.word, r.order_year),
    lambda r: _if(r.delivery_years, (*_system(r), r.n_ordered)),
    lambda r: _if(r.n_ordered, _system(r)),
    lambda r: _if(r.delivery_years, (*_pair(r), r.domain, r.order_year)),
    lambda r: (r.supplier, *_system(r)[2:], r.order_year, r.n_ordered),
    lambda r: (r.recipient, *_system(r)[2:], r.order_year, r.n_ordered),
    _system,
    lambda r: (*_class(r), r.order_year),
    lambda r: _if(r.n_ordered, (*_class(r), r.mark.word)),
    lambda r: _if(r.n_ordered, (*_class(r), r.mark.family)),
)
"""The same deal in an earlier and a later register."""

OF_THE_PAST = tuple(key for key in ACROSS_REGISTERS if key is not _system)
"""Stages for rows of old deals, most of whose own deals the panel does not keep: any other deal of
the system would do for the one that asks for nothing else."""

UNMISTAKABLE = ACROSS_REGISTERS[:4]
"""Stages that also find a deal which an earlier register has dropped."""


def _unit(row: Any) -> float:
    return round(row.tiv_delivered / row.n_delivered, 2) if row.n_delivered else 0.0


def _delivered(row: Any) -> tuple:
    return row.order_year, row.delivery_years


LINES_TO_REGISTER: tuple[Key, ...] = (
    lambda r: (*_system(r), *_delivered(r), r.n_delivered, round(r.tiv_delivered)),
    lambda r: (*_class(r), *_delivered(r), r.n_delivered, round(r.tiv_delivered)),
    lambda r: (*_class(r), r.mark.word, *_delivered(r), r.n_delivered),
    lambda r: (*_class(r), *_delivered(r), r.n_delivered),
    lambda r: (*_pair(r), r.domain, *_delivered(r), r.n_delivered),
    lambda r: (*_class(r), r.mark.word, *_delivered(r)),
    lambda r: (*_class(r), *_delivered(r)),
    lambda r: (*_class(r), r.order_year, r.n_delivered),
    lambda r: (*_class(r), r.order_year),
)
"""The deals of delivery lines in the register of the same release."""


ONE_YEAR: tuple[Key, ...] = (
    lambda r: (*_system(r), r.n_delivered, round(r.tiv_delivered, 1)),
    lambda r: (*_system(r), r.n_delivered),
    lambda r: (*_system(r), _unit(r)),
    _system,
    lambda r: (r.supplier, *_system(r)[2:], r.n_delivered),
    lambda r: (r.recipient, *_system(r)[2:], r.n_delivered),
)
"""Lines of one year, without number and order year, in the register of the same release."""


def pair(olds: Sequence, news: Sequence, stages: Iterable[Key]) -> list[Pair]:
    """Pair the rows of two lists one to one.

    Parameters
    ----------
    olds, news : deals of registers or of delivery lines, each with the attributes that the stages
        ask for.
    stages : keys; rows with equal keys at a stage are paired, an earlier stage before a later.

    Returns
    -------
    (place in `olds`, place in `news`) of each pair, in the order in which they were found.
    """
    found: list[Pair] = []
    left, right = list(range(len(olds))), sorted(range(len(news)), key=lambda j: _order(news[j]))
    for key in stages:
        if not left or not right:
            break
        buckets: dict[Hashable, list[int]] = defaultdict(list)
        for i in left:
            value = key(olds[i])
            if value is not None:
                buckets[value].append(i)
        taken: list[Pair] = []
        for j in right:
            value = key(news[j])
            held = buckets.get(value) if value is not None else None
            if not held:
                continue
            near = [i for i in held if _years_apart(olds[i], news[j]) <= NEAR]
            if near:
                best = min(near, key=lambda i: _distance(olds[i], news[j]))
                held.remove(best)
                taken.append((best, j))
        found += taken
        gone = {i for i, _ in taken}, {j for _, j in taken}
        left = [i for i in left if i not in gone[0]]
        right = [j for j in right if j not in gone[1]]
    return found


def _order(row: Any) -> tuple:
    return (row.order_year or 0, row.n_ordered or 0, row.delivery_years, row.n_delivered, row.line)


def _years_apart(old: Any, new: Any) -> int:
    return abs(old.order_year - new.order_year) if old.order_year and new.order_year else 0


def _distance(old: Any, new: Any) -> tuple:
    numbers = abs((old.n_ordered or 0) - (new.n_ordered or 0))
    fell = old.n_delivered > new.n_delivered
    return _years_apart(old, new), numbers, fell, abs(old.n_delivered - new.n_delivered), old.line
