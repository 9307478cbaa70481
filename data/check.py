"""Check a panel folder: every field, every key, every release, and the sums against the provider.

Nothing is raised for a fault of the panel: each becomes one row that names the file, the line,
the column, the value and the rule, so that a user sees all of them at once.
"""

import csv
import hashlib
import io
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from crossover.data import deal_rules, domains, package, reading
from crossover.data.errors import InputError
from crossover.data.rules import DATED, Fault, all_sound, judge
from crossover.data.tables import KEYS, PANEL, RESTATED, TABLES, WORLD, many_rows, text

ROUNDING = 0.5 + 1e-6
"""The provider's totals are whole TIV millions, each rounded from its own sum."""
OFFICIAL_TOTALS = "SIPRI TIV table"
SERIES = {
    "transfers": "deliveries",
    "unit_values": "unit_values",
    "descriptions": "descriptions",
    "orders": "orders",
    "votes": "ideal_point",
}
SUMMED = 0.1
"""Sums over the world are of cells rounded to four decimals, some thousands in a year."""
HEADER = Fault._fields


class _Rows(NamedTuple):
    """The sound rows of a table: a column each, and the line that each row stands on."""

    columns: dict[str, Sequence[str]]
    lines: Sequence[int]

    def of(self, *names: str) -> Iterator[tuple[str, ...]]:
        """Return an iterator over some columns, row by row."""
        return zip(*(self.columns[name] for name in names), strict=True)


@many_rows()
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
    rows: dict[str, _Rows] = {}
    for table in TABLES:
        rows[table] = _sound(table, folder, faults)
        faults += _duplicates(table, rows[table])
    faults += _releases(rows)
    faults += _sums(rows)
    faults += _by_domain(rows)
    faults += [Fault(*found) for found in deal_rules.broken(*(rows[table] for table in RESTATED))]
    faults += _package(folder)
    return faults


def _sound(table: str, folder: Path, faults: list[Fault]) -> _Rows:
    """Return the sound rows of a table; what is wrong with the others goes to `faults`.

    A table is taken by its columns, each value once; only one in which something is wrong is gone
    through row by row.
    """
    file = f"{table}.csv.gz"
    none = _Rows({column: () for column in TABLES[table]._fields}, ())
    try:
        content = text(table, folder)
    except InputError as error:
        faults.append(Fault(file, None, None, None, str(error).removeprefix(f"{file}: ")))
        return none
    try:
        return _taken_apart(table, file, content, faults)
    except csv.Error as error:
        rule = f"cannot be taken apart into fields: {error}"
        faults.append(Fault(file, None, None, None, rule))
        return none


def _taken_apart(table: str, file: str, content: str, faults: list[Fault]) -> _Rows:
    columns = TABLES[table]._fields
    header = next(csv.reader(io.StringIO(content, newline="")), [])
    if tuple(header) != columns:
        rule = f"the columns must be {', '.join(columns)}"
        faults.append(Fault(file, 1, None, ",".join(header), rule))
        return _Rows({column: () for column in columns}, ())
    found = _columns(content, columns)
    if found is not None and all_sound(table, found.columns):
        return found
    return _row_by_row(table, file, content, faults)


def _columns(content: str, names: tuple[str, ...]) -> _Rows | None:
    """Return a table's columns; None where a row has another width or goes over several lines."""
    if '"' in content or "\r" in content:
        reader = csv.reader(io.StringIO(content, newline=""))
        rows = list(reader)
        if reader.line_num != len(rows) or {len(row) for row in rows} - {len(names)}:
            return None
        held = zip(*rows[1:], strict=True) if rows[1:] else [()] * len(names)
        return _Rows(dict(zip(names, held, strict=True)), range(2, len(rows) + 1))
    lines = content.split("\n")[1:-1]
    commas = set(map(str.count, lines, itertools.repeat(",")))
    if not content.endswith("\n") or commas - {len(names) - 1}:
        return None
    cells = ",".join(lines).split(",") if lines else []
    columns = {name: cells[i :: len(names)] for i, name in enumerate(names)}
    return _Rows(columns, range(2, len(lines) + 2))


def _row_by_row(table: str, file: str, content: str, faults: list[Fault]) -> _Rows:
    """Return the sound rows of a table that has others, or quoted cells."""
    columns = TABLES[table]._fields
    of_row = judge(table)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(content, newline=""))
    next(reader)
    for row in reader:
        number = reader.line_num
        if len(row) != len(columns):
            rule = f"a row must have {len(columns)} fields, this one has {len(row)}"
            faults.append(Fault(file, number, None, ",".join(row), rule))
            continue
        found = of_row(row)
        faults += (broken._replace(file=file, line=number) for broken in found)
        if not found:
            rows.append(row)
            lines.append(number)
    held = zip(*rows, strict=True) if rows else [()] * len(columns)
    return _Rows(dict(zip(columns, held, strict=True)), lines)


def _duplicates(table: str, rows: _Rows) -> Iterator[Fault]:
    columns = KEYS[table]
    if len(set(map("\n".join, rows.of(*columns)))) == len(rows.lines):
        return
    first: dict[tuple, int] = {}
    for key, line in zip(rows.of(*columns), rows.lines, strict=True):
        held = first.setdefault(key, line)
        if held != line:
            rule = f"the same figure stands already in line {held}"
            yield Fault(f"{table}.csv.gz", line, ", ".join(columns), ", ".join(key), rule)


def _releases(tables: dict[str, _Rows]) -> Iterator[Fault]:
    """Compare the rows of each release with what the table of releases says."""
    said: Counter[tuple] = Counter()
    where: dict[tuple, int] = {}
    listed = tables["vintages"]
    for (*key, count), line in zip(
        listed.of("table", "series", "vintage", "assumed", "rows"), listed.lines, strict=True
    ):
        said[tuple(key)] += int(count)
        where.setdefault(tuple(key), line)
    found: Counter[tuple] = Counter()
    for table in DATED:
        columns = tables[table].columns
        # The columns that a table lacks go on for ever: its vintages end the rows.
        named = columns.get("indicator", columns.get("flow"))
        series = itertools.repeat(SERIES[table]) if named is None else named
        assumed = columns.get("assumed", itertools.repeat("0"))
        for held, count in Counter(zip(series, columns["vintage"], assumed, strict=False)).items():
            found[table, *held] += count
    for key in sorted(said.keys() | found.keys()):
        if said[key] != found[key]:
            table, series, vintage, _ = key
            rule = f"{table} holds {found[key]} rows of this release, vintages says {said[key]}"
            release = f"{series} {vintage}"
            yield Fault("vintages.csv.gz", where.get(key), "rows", release, rule)


def _sums(tables: dict[str, _Rows]) -> Iterator[Fault]:
    """Compare the deliveries of a release with the provider's totals of the same day."""
    published = [
        (country, flow, tiv, release, line)
        for (country, flow, tiv, source, *release), line in zip(
            tables["totals"].of("country", "flow", "tiv", "source", "year", "vintage"),
            tables["totals"].lines,
            strict=True,
        )
        if source == OFFICIAL_TOTALS
    ]
    compared = {tuple(release) for *_, release, _ in published}
    sums: dict[tuple[str, str, str, str], float] = defaultdict(float)
    covered: set[tuple[str, str]] = set()
    columns = ("supplier", "recipient", "tiv", "assumed", "year", "vintage")
    for supplier, recipient, tiv, assumed, *release in tables["transfers"].of(*columns):
        if assumed == "1" or tuple(release) not in compared:
            continue
        covered.add(tuple(release))
        for flow, side in (("imports", recipient), ("exports", supplier)):
            sums[flow, side, *release] += float(tiv)
            sums[flow, WORLD, *release] += float(tiv)
    kept = {"imports": set(), "exports": set()}
    for code, *sides in tables["countries"].of("iso3", "recipient", "supplier"):
        for flow, side in zip(("imports", "exports"), sides, strict=True):
            if side == "1":
                kept[flow].add(code)
    for country, flow, tiv, release, line in published:
        if tuple(release) not in covered or country not in {WORLD, *kept[flow]}:
            continue
        total = sums[flow, country, *release]
        if abs(total - float(tiv)) > ROUNDING:
            rule = f"the deliveries of {country} in {release[0]} sum to {total:.2f} ({flow})"
            yield Fault("totals.csv.gz", line, "tiv", tiv, rule)


def _by_domain(tables: dict[str, _Rows]) -> Iterator[Fault]:
    """Compare the deliveries by domain with those by description under domains.csv as it is."""
    known = domains.by_description()
    by_description: dict[tuple[str, str, str], float] = defaultdict(float)
    for vintage, year, name, tiv in tables["descriptions"].of(
        "vintage", "year", "description", "tiv"
    ):
        by_description[vintage, year, known[name]] += float(tiv)
    covered = {key[:2] for key in by_description}
    sums: dict[tuple[str, str, str], float] = defaultdict(float)
    transfers = tables["transfers"]
    columns = "vintage", "year", "domain", "assumed", "tiv"
    for vintage, year, domain, assumed, tiv in transfers.of(*columns):
        if assumed == "0" and (vintage, year) in covered:
            sums[vintage, year, domain] += float(tiv)
    for key in sorted(sums.keys() | by_description.keys()):
        if abs(sums[key] - by_description[key]) > SUMMED:
            vintage, year, domain = key
            rule = (
                f"the world's deliveries of {year} ({vintage}) are {by_description[key]:.2f} by "
                f"description and {domains.NAME}: build the panel anew after a change of domains"
            )
            each = zip(transfers.of(*columns[:4]), transfers.lines, strict=True)
            first = next((line for found, line in each if found == (*key, "0")), None)
            file = "transfers.csv.gz"
            yield Fault(file, first, "domain", f"{domain} {sums[key]:.2f}", rule)


def _package(folder: Path) -> Iterator[Fault]:
    """Compare datapackage.json with the files it describes."""
    path = folder / package.NAME
    try:
        described = json.loads(reading.text(path, package.NAME))
        resources = {row["name"]: row for row in described["resources"]}
        columns = {
            name: [field["name"] for field in row.get("schema", {}).get("fields", [])]
            for name, row in resources.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        rule = f"cannot be read: {error}" if path.exists() else "the panel has no description"
        yield Fault(package.NAME, None, None, None, rule)
        return
    for table in TABLES:
        file = folder / f"{table}.csv.gz"
        resource = resources.get(table)
        if resource is None:
            yield Fault(package.NAME, None, "resources", table, "the table is not described")
            continue
        names = columns[table]
        if names != list(TABLES[table]._fields):
            value = ", ".join(map(str, names))
            rule = "are not the table's columns"
            yield Fault(package.NAME, None, f"{table}: fields", value, rule)
        if file.is_file():
            digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
            if resource.get("hash") != digest:
                rule = f"is not the hash of {file.name}, which has changed since"
                yield Fault(package.NAME, None, f"{table}: hash", resource.get("hash"), rule)
