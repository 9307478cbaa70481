"""Check a panel folder: every field, every key, every release, and the sums against the provider.

Nothing is raised for a fault of the panel: each becomes one row that names the file, the line,
the column, the value and the rule, so that a user sees all of them at once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.data import domains, package, reading
from crossover.data.errors import InputError
from crossover.data.names import ALL_SUPPLIERS
from crossover.data.rules import DATED, Fault, all_sound, judge
from crossover.data.tables import KEYS, PANEL, RESTATED, TABLES, WORLD, many_rows, text

if TYPE_CHECKING:
    import pandas as pd

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
SUMMED_DEALS = 0.01
"""TIV million: sums of some hundred deals whose volumes have two decimals."""
HEADER = Fault._fields


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
    tables: dict[str, pd.DataFrame] = {}
    for table in TABLES:
        tables[table] = _sound(table, folder, faults)
        faults += _duplicates(table, tables[table])
    for find in (_releases, _sums, _by_domain, _deals):
        faults += find(tables)
    faults += _package(folder)
    return faults


def _sound(table: str, folder: Path, faults: list[Fault]) -> pd.DataFrame:
    """Return the sound rows of a table as texts, by line; what is wrong with others: `faults`.

    A table is taken by its columns, each value once; only one in which something is wrong is gone
    through row by row.
    """
    file = f"{table}.csv.gz"
    try:
        content = text(table, folder)
    except InputError as error:
        faults.append(Fault(file, None, None, None, str(error).removeprefix(f"{file}: ")))
        return _frame(table, (), ())
    try:
        return _taken_apart(table, file, content, faults)
    except csv.Error as error:
        rule = f"cannot be taken apart into fields: {error}"
        faults.append(Fault(file, None, None, None, rule))
        return _frame(table, (), ())


def _frame(table: str, cells: Sequence[str], lines: Sequence[int]) -> pd.DataFrame:
    """Return a table of all its cells, row after row, and the line of each row."""
    import pandas as pd

    names = TABLES[table]._fields
    columns = {name: cells[at :: len(names)] for at, name in enumerate(names)}
    return pd.DataFrame(columns, index=lines, dtype=object)


def _taken_apart(table: str, file: str, content: str, faults: list[Fault]) -> pd.DataFrame:
    columns = TABLES[table]._fields
    header = next(csv.reader(io.StringIO(content, newline="")), [])
    if tuple(header) != columns:
        rule = f"the columns must be {', '.join(columns)}"
        faults.append(Fault(file, 1, None, ",".join(header), rule))
        return _frame(table, (), ())
    found = _at_once(table, content)
    if found is not None and all_sound(table, found):
        return found
    return _row_by_row(table, file, content, faults)


def _at_once(table: str, content: str) -> pd.DataFrame | None:
    """Return a table; None where a row has another width or goes over several lines."""
    width = len(TABLES[table]._fields)
    if '"' in content or "\r" in content:
        reader = csv.reader(io.StringIO(content, newline=""))
        rows = list(reader)
        if reader.line_num != len(rows) or {len(row) for row in rows} - {width}:
            return None
        return _frame(table, list(itertools.chain(*rows[1:])), range(2, len(rows) + 1))
    lines = content.split("\n")[1:-1]
    commas = set(map(str.count, lines, itertools.repeat(",")))
    if not content.endswith("\n") or commas - {width - 1}:
        return None
    return _frame(table, ",".join(lines).split(",") if lines else (), range(2, len(lines) + 2))


def _row_by_row(table: str, file: str, content: str, faults: list[Fault]) -> pd.DataFrame:
    """Return the sound rows of a table that has others, or quoted cells."""
    width, of_row = len(TABLES[table]._fields), judge(table)
    cells: list[str] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(content, newline=""))
    next(reader)
    for row in reader:
        number = reader.line_num
        if len(row) != width:
            rule = f"a row must have {width} fields, this one has {len(row)}"
            faults.append(Fault(file, number, None, ",".join(row), rule))
            continue
        found = of_row(row)
        faults += (broken._replace(file=file, line=number) for broken in found)
        if not found:
            cells += row
            lines.append(number)
    return _frame(table, cells, lines)


def _duplicates(table: str, rows: pd.DataFrame) -> Iterator[Fault]:
    columns = list(KEYS[table])
    first: dict[tuple, int] = {}
    for line, *key in rows.loc[rows.duplicated(columns, keep=False), columns].itertuples():
        held = first.setdefault(tuple(key), line)
        if held != line:
            rule = f"the same figure stands already in line {held}"
            yield Fault(f"{table}.csv.gz", line, ", ".join(columns), ", ".join(key), rule)


def _releases(tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    """Compare the rows of each release with what the table of releases says."""
    key, listed = ["table", "series", "vintage", "assumed"], tables["vintages"]
    said = listed["rows"].astype(int).groupby([listed[name] for name in key]).sum().to_dict()
    where = listed.reset_index(names="line").groupby(key)["line"].min().to_dict()
    found: dict[tuple, int] = {}
    for table in DATED:
        rows = tables[table]
        series = rows.get("indicator", rows.get("flow", SERIES.get(table)))
        dated = rows.assign(series=series, assumed=rows.get("assumed", "0"))
        counts = dated.groupby(["series", "vintage", "assumed"]).size()
        found |= {(table, *held): count for held, count in counts.items()}
    for key in sorted(said.keys() | found.keys()):
        if said.get(key, 0) != found.get(key, 0):
            table, series, vintage, _ = key
            rule = (
                f"{table} holds {found.get(key, 0)} rows of this release, vintages says "
                f"{said.get(key, 0)}"
            )
            release = f"{series} {vintage}"
            yield Fault("vintages.csv.gz", where.get(key), "rows", release, rule)


def _volumes(rows: pd.DataFrame, *by: str) -> dict[tuple, float]:
    """Return sums of TIV million, none of an assumed date."""
    kept = rows[rows.get("assumed", "0") == "0"] if "assumed" in rows else rows
    return kept["tiv"].astype(float).groupby([kept[name] for name in by]).sum().to_dict()


def _sums(tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    """Compare the deliveries of a release with the provider's totals of the same day."""
    totals, transfers, sample = (tables[name] for name in ("totals", "transfers", "countries"))
    world = _volumes(transfers, "year", "vintage")
    sums: dict[tuple, float] = {}
    known: set[tuple[str, str]] = set()
    for flow, side in (("imports", "recipient"), ("exports", "supplier")):
        by = _volumes(transfers, side, "year", "vintage")
        sums |= {(flow, *key): tiv for key, tiv in by.items()}
        sums |= {(flow, WORLD, *key): tiv for key, tiv in world.items()}
        known |= {(flow, code) for code in (WORLD, *sample.loc[sample[side] == "1", "iso3"])}
    for row in totals[totals["source"] == OFFICIAL_TOTALS].itertuples():
        if (row.year, row.vintage) not in world or (row.flow, row.country) not in known:
            continue
        total = sums.get((row.flow, row.country, row.year, row.vintage), 0.0)
        if abs(total - float(row.tiv)) > ROUNDING:
            rule = f"the deliveries of {row.country} in {row.year} sum to {total:.2f} ({row.flow})"
            yield Fault("totals.csv.gz", row.Index, "tiv", row.tiv, rule)


def _by_domain(tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    """Compare the deliveries by domain with those by description under domains.csv as it is."""
    key = ["vintage", "year", "domain"]
    transfers, described = tables["transfers"], tables["descriptions"]
    described = described.assign(domain=described["description"].map(domains.by_description()))
    by_description = _volumes(described, *key)
    covered = {held[:2] for held in by_description}
    sums = {k: tiv for k, tiv in _volumes(transfers, *key).items() if k[:2] in covered}
    for held in sorted(sums.keys() | by_description.keys()):
        ours, theirs = sums.get(held, 0.0), by_description.get(held, 0.0)
        if abs(ours - theirs) > SUMMED:
            vintage, year, domain = held
            rule = (
                f"the world's deliveries of {year} ({vintage}) are {theirs:.2f} by "
                f"description and {domains.NAME}: build the panel anew after a change of domains"
            )
            mine = (transfers[[*key, "assumed"]] == [*held, "0"]).all(axis=1)
            first = next(iter(transfers.index[mine].tolist()), None)
            yield Fault("transfers.csv.gz", first, "domain", f"{domain} {ours:.2f}", rule)


def _deals(tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield what the tables of deals break together: forms, registers, deliveries, sums."""
    deals, deliveries, marks, registers = (tables[table] for table in RESTATED)
    for column in ("valid_from", "valid_to"):
        odd = deals.loc[~deals[column].isin({"", *registers["vintage"]}), column]
        yield from _each("deals", odd, "must be the date of a register in registers")
    forms = deals.rename_axis("line").sort_values(["deal", "valid_from", "valid_to", "line"])
    before = forms.groupby("deal")["valid_to"].shift().fillna("0")
    for line in forms.index[(before == "") | (before > forms["valid_from"])]:
        rule = f"the form of the deal before it stands until {before[line] or 'now'}"
        yield Fault("deals.csv.gz", int(line), "valid_from", forms["valid_from"][line], rule)
    for table, rows, others in (
        ("deal_deliveries", deliveries, "deals"), ("deal_marks", marks, "deals"),
        ("deals", deals, "deal_marks"),
    ):  # fmt: skip
        odd = rows.loc[~rows["deal"].isin(tables[others]["deal"]), "deal"]
        yield from _each(table, odd, f"has no row in {others}")
    ordered = deals["tiv_ordered"].replace("", "0").astype(float)
    left = (ordered - deals["tiv_delivered"].astype(float)).clip(lower=0.0)
    for row in registers.itertuples():
        ended = (deals["valid_to"] != "") & (deals["valid_to"] <= row.vintage)
        stands = (deals["valid_from"] <= row.vintage) & ~ended
        whole = row.suppliers == ALL_SUPPLIERS and row.first_order_year
        # A register of all suppliers and years whose open orders the table must hold.
        if whole and (deals.loc[stands, "order_year"] >= row.first_order_year).all():
            total = left[stands].sum()
            if abs(total - float(row.undelivered_tiv)) > SUMMED_DEALS:
                rule = f"the deals that stood then have {total:.2f} undelivered"
                said = row.undelivered_tiv
                yield Fault("registers.csv.gz", row.Index, "undelivered_tiv", said, rule)


def _each(table: str, odd: pd.Series, rule: str) -> Iterator[Fault]:
    for line, value in odd.items():
        yield Fault(f"{table}.csv.gz", line, str(odd.name), value, rule)


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
