"""What a value of the panel must be: by itself, and together with the others of its row.

Each rule gives the words for what is wrong, None or nothing where a value is sound. A table is
judged by its columns, each value once; only one in which something is wrong is gone through row by
row, for the place of every fault.
"""

import datetime
import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from crossover.data import countries, domains
from crossover.data.names import DOMAINS, REST, STATUSES
from crossover.data.records import Indicator
from crossover.data.tables import SOVIET_UNION, TABLES, WORLD, as_text, column_of, indicators

DATED = (
    "country_years", "transfers", "unit_values", "descriptions", "orders", "votes", "totals"
)  # fmt: skip


class Fault(NamedTuple):
    """A fault of a panel: where it stands, what was found, and the rule it breaks."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    rule: str


def _since(first: int) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        sound = re.fullmatch(r"\d{4}", value, re.ASCII) and first <= int(value) <= 2100
        return None if sound else f"must be a year of four digits, {first} to 2100"

    return rule


_year, _history = _since(1900), _since(1494)


def _date(value: str) -> str | None:
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return "must be a date, year-month-day"
    return None


def _code(value: str) -> str | None:
    if value in countries.codes() or value in (REST, WORLD, SOVIET_UNION):
        return None
    return "unknown country: must be an ISO3 code of country_names.csv"


def _choice(*allowed: str) -> Callable[[str], str | None]:
    rule = f"must be one of {', '.join(allowed)}"
    return lambda value: None if value in allowed else rule


def _bounds(
    low: float | None, high: float | None, whole: bool = False
) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        try:
            number = int(value) if whole else float(value)
        except ValueError:
            return "must be a whole number" if whole else "must be a number"
        if not math.isfinite(number):
            return "must be a finite number"
        if low is not None and number < low:
            return f"must not be below {low:g}"
        if high is not None and number > high:
            return f"must not be above {high:g}"
        return None

    return rule


def _runs(value: str) -> str | None:
    sound = re.fullmatch(r"(\d{4}(-\d{4})?( \d{4}(-\d{4})?)*)?", value, re.ASCII)
    return None if sound else "must be years and runs of years, as in 2004-2006 2009"


def _digest(digits: int) -> Callable[[str], str | None]:
    rule = f"must be a digest of {digits} digits, 0-9 and a-f"
    return lambda value: None if re.fullmatch(f"[0-9a-f]{{{digits}}}", value) else rule


def _empty_or(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else None


NAMED: dict[str, Callable[[str], str | None]] = {
    "year": _year,
    "history": _history,
    "date": _date,
    "country": _code,
    "runs": _runs,
    "domain": _choice(*DOMAINS),
    "status": _choice(*STATUSES),
    "dated": _choice(*DATED),
    "indicator": lambda value: _choice(*indicators())(value),
    "filled": lambda value: None if value.strip() else "must not be empty",
    "any": lambda value: None,
}


@functools.cache
def _parsed(rule: str) -> Callable[[str], str | None]:
    """Return the rule that columns.csv names.

    A name of `NAMED`, `of A|B`, `digest LENGTH`, `number LOW..HIGH` or `whole LOW..HIGH`, where an
    end that is left out is open; behind it `?` where the value may be empty.
    """
    if rule.endswith("?"):
        return _empty_or(_parsed(rule[:-1]))
    kind, _, rest = rule.partition(" ")
    if kind in ("number", "whole"):
        return _bounds(*(float(end) if end else None for end in rest.split("..")), kind == "whole")
    if kind == "of":
        return _choice(*rest.split("|"))
    return _digest(int(rest)) if kind == "digest" else NAMED[kind]


FORCE, WAR = 3, 5
"""Hostility of a dispute: from a display of force on, and war."""
INCIDENT_GRADE, GRAVE_GRADE, DOWNTURN_GRADE = 1, 2, 3
HISTORY = ("alliance_dyads", "rivalries")
"""Tables of the past, whose years may lie before 1900."""


def _rule(table: str, column: str) -> Callable[[str], str | None]:
    if table in HISTORY and column in ("year", "first_year", "last_year"):
        return _history
    return _parsed(column_of(table, column).rule)


@functools.cache
def _of_indicator(indicator: str) -> tuple[Callable[[str], str | None], re.Pattern]:
    """Return the rule of an indicator's values, and the pattern of its unit."""
    known: Indicator = indicators()[indicator]
    unit = re.escape(known.unit).replace(re.escape("{base}"), r"\d{4}")
    return _bounds(known.low, known.high), re.compile(unit)


Found = Iterator[tuple[str, str]]
"""Columns and the rules that their values break."""


def _together(
    table: str, mapping: domains.Known | None
) -> list[tuple[tuple[str, ...], Callable[..., Found]]]:
    """Return the rules for several fields taken together: the columns, and what is wrong there."""
    rules: list[tuple[tuple[str, ...], Callable[..., Found]]] = []
    if table == "country_years":
        rules += [(("indicator", "value"), _value), (("indicator", "unit"), _unit)]
    if table == "unit_values":
        by_class = mapping.by_class if mapping else domains.by_class()
        rules.append((("weapon_class", "domain"), functools.partial(_class, by_class)))
    if table == "descriptions":
        weapons = mapping.weapons if mapping else domains.weapons()
        rules.append((("description",), functools.partial(_description, weapons)))
    if table in DATED and table != "orders":
        rules.append((("vintage", "year"), _early))
    if table == "orders":
        rules.append((("delivered_tiv", "ordered_tiv"), _delivered))
    if table == "deals":
        rules.append((("valid_from", "valid_to"), _ends))
    if table == "alliance_dyads":
        rules.append((OUTCOME, _outcomes))
    if {"first_year", "last_year"} <= set(TABLES[table]._fields):
        rules.append((("first_year", "last_year"), _span))
    return rules


def _value(indicator: str, value: str) -> Found:
    if rule := _of_indicator(indicator)[0](value):
        yield "value", f"{indicator} {rule}"


def _unit(indicator: str, unit: str) -> Found:
    if not _of_indicator(indicator)[1].fullmatch(unit):
        yield "unit", f"the unit of {indicator} must be {indicators()[indicator].unit}"


def _class(by_class: Mapping[str, str], weapon_class: str, domain: str) -> Found:
    mapped = by_class.get(weapon_class)
    if mapped is None:
        yield "weapon_class", f"unknown class: must be a weapon_class of {domains.NAME}"
    elif mapped != domain:
        yield "domain", f"{domains.NAME} has {mapped} for {weapon_class}"


def _description(weapons: Mapping[str, domains.Weapon], description: str) -> Found:
    if description not in weapons:
        yield "description", f"unknown description: has no row in {domains.NAME}"


def _early(vintage: str, year: str) -> Found:
    if vintage[:4] < year:
        yield "vintage", "a figure cannot be released before its year has begun"


def _delivered(delivered: str, ordered: str) -> Found:
    if float(delivered) > float(ordered) + 1e-6:
        yield "delivered_tiv", f"more delivered than ordered ({ordered})"


def _ends(valid_from: str, valid_to: str) -> Found:
    if valid_to and valid_to <= valid_from:
        yield "valid_to", f"must come after valid_from ({valid_from})"


def _span(first: str, last: str) -> Found:
    if last and last < first:
        yield "last_year", f"comes before the first year ({first})"


OUTCOME = ("year", "allied_since", "ended", "adverse_end", "hostility", "fatality", "embargo",
           "rivalry_onset", "grade")  # fmt: skip


def _outcomes(
    year: str,
    allied_since: str,
    ended: str,
    adverse_end: str,
    hostility: str,
    fatality: str,
    embargo: str,
    rivalry_onset: str,
    grade: str,
) -> Found:
    """Yield faults of the outcome of an allied pair's year: it must follow from its parts."""
    if allied_since > year:
        yield "allied_since", f"comes after the year ({year})"
    if adverse_end == "1" and ended == "0":
        yield "adverse_end", "no treaty ended"
    if hostility and grade:
        ends = adverse_end == "1" or rivalry_onset == "1"
        found = grade_of(int(hostility), int(fatality or 0), embargo == "1", ends)
        if grade != str(found):
            yield "grade", "does not follow from the end, the rivalry, the dispute and the embargo"


def grade_of(hostility: int, fatality: int, embargo: bool, ends: bool) -> int:
    """Grade what came of an allied pair in a year, 0 nothing to 3 a downturn.

    Parameters
    ----------
    hostility, fatality
        Highest of the disputes that began, 0 where none; a death that is not known counts as none.
    embargo : One began to deny arms to the other.
    ends : The treaty ended adversely, or a strategic rivalry began.
    """
    if ends or hostility >= WAR:
        return DOWNTURN_GRADE
    if embargo or (hostility >= FORCE and fatality > 0):
        return GRAVE_GRADE
    return INCIDENT_GRADE if hostility >= FORCE else 0


def all_sound(
    table: str, columns: Mapping[str, Sequence[str]], mapping: domains.Known | None = None
) -> bool:
    """Say whether no text of a table breaks a rule, by itself or together with others."""
    if any(any(map(_rule(table, name), set(texts))) for name, texts in columns.items()):
        return False
    for names, find in _together(table, mapping):
        for found in set(zip(*(columns[name] for name in names), strict=True)):
            if any(find(*found)):
                return False
    return True


def judge(
    table: str, mapping: domains.Known | None = None
) -> Callable[[Sequence[str]], list[Fault]]:
    """Return the function that gives the faults of a row's texts; they have no file and no line."""
    columns = TABLES[table]._fields
    rules = [_rule(table, column) for column in columns]
    together = _together(table, mapping)
    seen: list[dict[str, str | None]] = [{} for _ in columns]

    def of_row(row: Sequence[str]) -> list[Fault]:
        found = []
        for i, value in enumerate(row):
            if value not in seen[i]:
                seen[i][value] = rules[i](value)
            if seen[i][value]:
                found.append(Fault("", None, columns[i], value, seen[i][value]))
        if not found:
            cells = dict(zip(columns, row, strict=True))
            found = [
                Fault("", None, column, cells[column], rule)
                for names, find in together
                for column, rule in find(*(cells[name] for name in names))
            ]
        return found

    return of_row


def faults_of(
    table: str, rows: Iterable[tuple], mapping: domains.Known | None = None
) -> Iterator[tuple[tuple, Fault]]:
    """Yield (row, fault) for rows of a table that are not written yet; no file and no line.

    `mapping` is the one to domains that the rows rest on; ours when None.
    """
    rows = list(rows)
    texts = (list(map(as_text, values)) for values in zip(*rows, strict=True))
    if not rows or all_sound(table, dict(zip(TABLES[table]._fields, texts, strict=True)), mapping):
        return
    of_row = judge(table, mapping)
    for row in rows:
        for broken in of_row([as_text(value) for value in row]):
            yield row, broken
