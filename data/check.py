"""Check a panel folder: every field, every key, every release, and the sums against the provider.

Nothing is raised for a fault of the panel: each becomes one row that names the file, the line,
the column, the value and the rule, so that a user sees all of them at once.
"""

import csv
import datetime
import functools
import hashlib
import io
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from data import countries, deal_rules, domains, package
from data.errors import InputError
from data.names import DOMAINS, REST
from data.tables import (
    KEYS,
    PANEL,
    SOVIET_UNION,
    TABLES,
    WORLD,
    Indicator,
    as_text,
    indicators,
    text,
)

ROUNDING = 0.5 + 1e-6
"""The provider's totals are whole TIV millions, each rounded from its own sum."""
OFFICIAL_TOTALS = "SIPRI TIV table"
DATED = (
    "country_years",
    "transfers",
    "unit_values",
    "descriptions",
    "orders",
    "votes",
    "totals",
)
SERIES = {
    "transfers": "deliveries",
    "unit_values": "unit_values",
    "descriptions": "descriptions",
    "orders": "orders",
    "votes": "ideal_point",
}
SUMMED = 0.1
"""Sums over the world are of cells rounded to four decimals, some thousands in a year."""


class Fault(NamedTuple):
    """A fault of a panel: where it stands, what was found, and the rule it breaks."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    rule: str


HEADER = Fault._fields


class _Line(NamedTuple):
    number: int
    cells: dict[str, str]


def check(folder: Path | None = None) -> list[Fault]:
    """Return every fault of a panel, an empty list for a sound one.

    Parameters
    ----------
    folder : the panel's folder; the shipped one when None.

    Raises
    ------
    InputError : there is no such folder.
    """
    folder = folder or PANEL
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    faults: list[Fault] = []
    lines: dict[str, list[_Line]] = {}
    for table in TABLES:
        lines[table] = list(_lines(table, folder, faults))
        faults += _duplicates(table, lines[table])
    faults += _releases(lines)
    faults += _sums(lines)
    faults += _by_domain(lines)
    tables = (lines[table] for table in ("deals", "deal_deliveries", "registers"))
    faults += [Fault(*found) for found in deal_rules.broken(*tables)]
    faults += _description(folder)
    return faults


def _lines(table: str, folder: Path, faults: list[Fault]) -> Iterator[_Line]:
    """Yield the sound lines of a table; what is wrong with the others goes to `faults`."""
    file = f"{table}.csv.gz"
    try:
        content = text(table, folder)
    except InputError as error:
        faults.append(Fault(file, None, None, None, str(error).removeprefix(f"{file}: ")))
        return
    reader = csv.reader(io.StringIO(content, newline=""))
    columns = TABLES[table]._fields
    header = next(reader, [])
    if tuple(header) != columns:
        rule = f"the columns must be {', '.join(columns)}"
        faults.append(Fault(file, 1, None, ",".join(header), rule))
        return
    rules = [_rule(table, column) for column in columns]
    seen: list[dict[str, str | None]] = [{} for _ in columns]
    for row in reader:
        number = reader.line_num
        if len(row) != len(columns):
            rule = f"a row must have {len(columns)} fields, this one has {len(row)}"
            faults.append(Fault(file, number, None, ",".join(row), rule))
            continue
        found = []
        for i, value in enumerate(row):
            if value not in seen[i]:
                seen[i][value] = rules[i](value)
            if seen[i][value]:
                found.append(Fault(file, number, columns[i], value, seen[i][value]))
        cells = dict(zip(columns, row, strict=True))
        if not found:
            found = list(_together(table, file, number, cells))
        faults += found
        if not found:
            yield _Line(number, cells)


def _year(value: str) -> str | None:
    sound = value.isdigit() and len(value) == 4 and 1900 <= int(value) <= 2100
    return None if sound else "must be a year of four digits, 1900 to 2100"


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


def _filled(value: str) -> str | None:
    return None if value.strip() else "must not be empty"


def _anything(value: str) -> str | None:
    return None


def _history(value: str) -> str | None:
    sound = value.isdigit() and 1494 <= int(value) <= 2100
    return None if sound else "must be a year, 1494 to 2100"


def _runs(value: str) -> str | None:
    sound = re.fullmatch(r"(\d{4}(-\d{4})?( \d{4}(-\d{4})?)*)?", value)
    return None if sound else "must be years and runs of years, as in 2004-2006 2009"


def _empty_or(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda value: rule(value) if value else None


RULES: dict[str, Callable[[str], str | None]] = {
    "year": _year,
    "order_year": _year,
    "first_year": _year,
    "last_year": lambda value: _year(value) if value else None,
    "vintage": _date,
    "country": _code,
    "iso3": _code,
    "assumed": _choice("0", "1"),
    "domain": _choice(*DOMAINS),
    "tiv_unit": _bounds(0, None),
    "n_units": _empty_or(_bounds(1, None, whole=True)),
    "flow": _choice("exports", "imports"),
    "tiv": _bounds(0, None),
    "ordered_tiv": _bounds(0, None),
    "delivered_tiv": _bounds(0, None),
    "n_lines": _bounds(1, None, whole=True),
    "n_deals": _bounds(1, None, whole=True),
    "rows": _bounds(1, None, whole=True),
    "ideal_point": _bounds(-10, 10),
    "value": _bounds(None, None),
    "capital_lat": _bounds(-90, 90),
    "capital_lon": _bounds(-180, 180),
    "soviet_legacy": _choice("0", "1"),
    "table": _choice(*DATED),
    "note": _anything,
    "treaty": _bounds(1000, 9999, whole=True),
    "n_treaties": _bounds(1, None, whole=True),
    "allied_since": _history,
    "log_ratio": _empty_or(_bounds(-20, 20)),
    "change5": _empty_or(_bounds(-20, 20)),
    "common_rivals": _bounds(0, None, whole=True),
    "hostility": _empty_or(_bounds(0, 5, whole=True)),
    "cinc": _empty_or(_bounds(0, 1)),
    "deal": _bounds(1, None, whole=True),
    "valid_from": _date,
    "valid_to": _empty_or(_date),
    "order_year_uncertain": _choice("0", "1"),
    "n_ordered": _empty_or(_bounds(0, None, whole=True)),
    "tiv_ordered": _empty_or(_bounds(0, None)),
    "n_delivered": _bounds(0, None, whole=True),
    "tiv_delivered": _bounds(0, None),
    "delivery_years": _runs,
    "status": _choice(*package.CHOICES["status"]),
    "local_production": _choice("0", "1", ""),
    "units_borrowed": _choice("0", "1"),
    "released": _date,
    "first_order_year": _empty_or(_year),
    "undelivered_tiv": _bounds(0, None),
}
RULES |= dict.fromkeys(
    ("bilateral", "defence", "major1", "major2", "was_major1", "was_major2", "rivals", "recent",
     "rivalry_onset", "state_death", "ended", "adverse_end", "major", "was_major"),
    _choice("0", "1"),
)  # fmt: skip
RULES |= dict.fromkeys(
    ("reversed", "autocracy1", "autocracy2", "autocracy", "downturn", "rupture"),
    _choice("0", "1", ""),
)
HISTORY = ("alliance_dyads", "rivalries")
"""Tables of the past, whose years may lie before 1900."""
"""Column → what a value must be, None where it is sound."""


def _rule(table: str, column: str) -> Callable[[str], str | None]:
    if column in ("supplier", "recipient"):
        return _choice("0", "1") if table == "countries" else _code
    if table in HISTORY and column in ("year", "first_year", "last_year"):
        return _history
    if column == "indicator":
        return _choice(*indicators())
    return RULES.get(column, _filled)


@functools.cache
def _unit_pattern(indicator: str) -> re.Pattern:
    known: Indicator = indicators()[indicator]
    return re.compile(re.escape(known.unit).replace(re.escape("{base}"), r"\d{4}"))


def _together(table: str, file: str, number: int, cells: dict[str, str]) -> Iterator[Fault]:
    """Yield faults of several fields taken together."""

    def bad(column: str, rule: str) -> Fault:
        return Fault(file, number, column, cells[column], rule)

    if table == "country_years":
        known = indicators()[cells["indicator"]]
        if rule := _bounds(known.low, known.high)(cells["value"]):
            yield bad("value", f"{known.indicator} {rule}")
        if not _unit_pattern(known.indicator).fullmatch(cells["unit"]):
            yield bad("unit", f"the unit of {known.indicator} must be {known.unit}")
    if table == "unit_values":
        mapped = domains.by_class().get(cells["weapon_class"])
        if mapped is None:
            yield bad("weapon_class", f"unknown class: must be a weapon_class of {domains.NAME}")
        elif mapped != cells["domain"]:
            yield bad("domain", f"{domains.NAME} has {mapped} for {cells['weapon_class']}")
    if table == "descriptions" and cells["description"] not in domains.weapons():
        yield bad("description", f"unknown description: has no row in {domains.NAME}")
    if table in DATED and table != "orders" and (
        cells["vintage"][:4] < cells["year"]
    ):
        yield bad("vintage", "a figure cannot be released before its year has begun")
    if table == "orders" and float(cells["delivered_tiv"]) > float(cells["ordered_tiv"]) + 1e-6:
        yield bad("delivered_tiv", f"more delivered than ordered ({cells['ordered_tiv']})")
    if table == "deals" and cells["valid_to"] and cells["valid_to"] <= cells["valid_from"]:
        yield bad("valid_to", f"must come after valid_from ({cells['valid_from']})")
    if table == "alliance_dyads":
        yield from _outcomes(bad, cells)
    if cells.get("last_year") and cells["last_year"] < cells.get("first_year", ""):
        yield bad("last_year", f"comes before the first year ({cells['first_year']})")


def _outcomes(bad: Callable[[str, str], Fault], cells: dict[str, str]) -> Iterator[Fault]:
    """Yield faults of the outcome of an allied pair's year: it must follow from its parts."""
    if cells["allied_since"] > cells["year"]:
        yield bad("allied_since", f"comes after the year ({cells['year']})")
    if cells["adverse_end"] == "1" and cells["ended"] == "0":
        yield bad("adverse_end", "no treaty ended")
    if cells["hostility"] and cells["downturn"]:
        level, end = int(cells["hostility"]), cells["adverse_end"] == "1"
        for name, found in (
            ("downturn", end or cells["rivalry_onset"] == "1" or level >= 3),
            ("rupture", end or level >= 4),
        ):
            if cells[name] != str(int(found)):
                yield bad(name, "does not follow from the end, the rivalry and the hostility")


def faults_of(table: str, rows: Iterable[tuple]) -> Iterator[tuple[tuple, Fault]]:
    """Yield (row, fault) for rows of a table that are not written yet; no file and no line."""
    columns = TABLES[table]._fields
    rules = [_rule(table, column) for column in columns]
    seen: list[dict[object, str | None]] = [{} for _ in columns]
    for row in rows:
        found = []
        for i, value in enumerate(row):
            if value not in seen[i]:
                seen[i][value] = rules[i](as_text(value))
            if seen[i][value]:
                found.append(Fault("", None, columns[i], as_text(value), seen[i][value]))
        if not found:
            cells = dict(zip(columns, map(as_text, row), strict=True))
            found = list(_together(table, "", 0, cells))
        for broken in found:
            yield row, broken


def _duplicates(table: str, lines: list[_Line]) -> Iterator[Fault]:
    first: dict[tuple, int] = {}
    for line in lines:
        key = tuple(line.cells[column] for column in KEYS[table])
        held = first.setdefault(key, line.number)
        if held != line.number:
            columns = ", ".join(KEYS[table])
            rule = f"the same figure stands already in line {held}"
            yield Fault(f"{table}.csv.gz", line.number, columns, ", ".join(key), rule)


def _releases(lines: dict[str, list[_Line]]) -> Iterator[Fault]:
    """Compare the rows of each release with what the table of releases says."""
    said: Counter[tuple] = Counter()
    where: dict[tuple, int] = {}
    for line in lines["vintages"]:
        cells = line.cells
        key = (cells["table"], cells["series"], cells["vintage"], cells["assumed"])
        said[key] += int(cells["rows"])
        where.setdefault(key, line.number)
    found: Counter[tuple] = Counter()
    for table in DATED:
        for line in lines[table]:
            cells = line.cells
            series = SERIES.get(table) or cells.get("indicator") or cells.get("flow")
            found[table, series, cells["vintage"], cells.get("assumed", "0")] += 1
    for key in sorted(said.keys() | found.keys()):
        if said[key] != found[key]:
            table, series, vintage, _ = key
            rule = f"{table} holds {found[key]} rows of this release, vintages says {said[key]}"
            release = f"{series} {vintage}"
            yield Fault("vintages.csv.gz", where.get(key), "rows", release, rule)


def _sums(lines: dict[str, list[_Line]]) -> Iterator[Fault]:
    """Compare the deliveries of a release with the provider's totals of the same day."""
    sums: dict[tuple[str, str, str, str], float] = defaultdict(float)
    covered: set[tuple[str, str]] = set()
    for line in lines["transfers"]:
        cells = line.cells
        if cells["assumed"] == "1":
            continue
        tiv, year, vintage = float(cells["tiv"]), cells["year"], cells["vintage"]
        covered.add((year, vintage))
        for flow, side in (("imports", "recipient"), ("exports", "supplier")):
            sums[flow, cells[side], year, vintage] += tiv
            sums[flow, WORLD, year, vintage] += tiv
    kept = {"imports": set(), "exports": set()}
    for line in lines["countries"]:
        if line.cells["recipient"] == "1":
            kept["imports"].add(line.cells["iso3"])
        if line.cells["supplier"] == "1":
            kept["exports"].add(line.cells["iso3"])
    for line in lines["totals"]:
        cells = line.cells
        country, year, flow = cells["country"], cells["year"], cells["flow"]
        if cells["source"] != OFFICIAL_TOTALS or (year, cells["vintage"]) not in covered:
            continue
        if country != WORLD and country not in kept[flow]:
            continue
        total = sums[flow, country, year, cells["vintage"]]
        if abs(total - float(cells["tiv"])) > ROUNDING:
            rule = f"the deliveries of {country} in {year} sum to {total:.2f} ({flow})"
            yield Fault("totals.csv.gz", line.number, "tiv", cells["tiv"], rule)


def _by_domain(lines: dict[str, list[_Line]]) -> Iterator[Fault]:
    """Compare the deliveries by domain with those by description under domains.csv as it is."""
    known = domains.by_description()
    by_description: dict[tuple[str, str, str], float] = defaultdict(float)
    for line in lines["descriptions"]:
        cells = line.cells
        key = (cells["vintage"], cells["year"], known[cells["description"]])
        by_description[key] += float(cells["tiv"])
    covered = {key[:2] for key in by_description}
    sums: dict[tuple[str, str, str], float] = defaultdict(float)
    where: dict[tuple[str, str, str], int] = {}
    for line in lines["transfers"]:
        cells = line.cells
        key = (cells["vintage"], cells["year"], cells["domain"])
        if cells["assumed"] == "0" and key[:2] in covered:
            sums[key] += float(cells["tiv"])
            where.setdefault(key, line.number)
    for key in sorted(sums.keys() | by_description.keys()):
        if abs(sums[key] - by_description[key]) > SUMMED:
            vintage, year, domain = key
            rule = (
                f"the world's deliveries of {year} ({vintage}) are {by_description[key]:.2f} by "
                f"description and {domains.NAME}: build the panel anew after a change of domains"
            )
            file = "transfers.csv.gz"
            yield Fault(file, where.get(key), "domain", f"{domain} {sums[key]:.2f}", rule)


def _description(folder: Path) -> Iterator[Fault]:
    """Compare datapackage.json with the files it describes."""
    path = folder / package.NAME
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        resources = {row["name"]: row for row in described["resources"]}
    except FileNotFoundError:
        yield Fault(package.NAME, None, None, None, "the panel has no description")
        return
    except (ValueError, KeyError, TypeError) as error:
        yield Fault(package.NAME, None, None, None, f"cannot be read: {error}")
        return
    for table in TABLES:
        file = folder / f"{table}.csv.gz"
        resource = resources.get(table)
        if resource is None:
            yield Fault(package.NAME, None, "resources", table, "the table is not described")
            continue
        names = [field.get("name") for field in resource.get("schema", {}).get("fields", [])]
        if names != list(TABLES[table]._fields):
            value = ", ".join(map(str, names))
            rule = "are not the table's columns"
            yield Fault(package.NAME, None, f"{table}: fields", value, rule)
        if file.is_file():
            digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
            if resource.get("hash") != digest:
                rule = f"is not the hash of {file.name}, which has changed since"
                yield Fault(package.NAME, None, f"{table}: hash", resource.get("hash"), rule)
