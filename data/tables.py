"""The panel's tables on disk: what columns each has, how they are read and written.

Plain Python on purpose: reading a table costs a fraction of a second and imports nothing heavy,
so that commands which only look something up can answer at once. A table is a gzip-compressed
CSV whose bytes depend on its rows alone.
"""

import contextlib
import csv
import functools
import gc
import gzip
import io
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crossover.data import reading
from crossover.data.errors import InputError, fault
from crossover.data.records import (
    Alliance,
    AlliedPair,
    Capability,
    Column,
    Country,
    CountryYear,
    Deal,
    DealDelivery,
    DealMark,
    Description,
    Embargo,
    Indicator,
    Order,
    Register,
    RivalPair,
    Total,
    Transfer,
    UnitValue,
    Vintage,
    Vote,
    War,
)

PANEL = Path(__file__).parent / "panel"
FACTS = Path(__file__).parent

SOVIET_UNION = "SUN"
WORLD = "WLD"


TABLES: dict[str, type] = {
    "country_years": CountryYear,
    "transfers": Transfer,
    "unit_values": UnitValue,
    "descriptions": Description,
    "orders": Order,
    "deals": Deal,
    "deal_deliveries": DealDelivery,
    "deal_marks": DealMark,
    "registers": Register,
    "votes": Vote,
    "totals": Total,
    "vintages": Vintage,
    "countries": Country,
    "supplier_wars": War,
    "embargoes": Embargo,
    "alliances": Alliance,
    "alliance_dyads": AlliedPair,
    "capabilities": Capability,
    "rivalries": RivalPair,
}
KEYS: dict[str, tuple[str, ...]] = {
    "country_years": ("country", "year", "indicator", "unit", "source", "vintage", "assumed"),
    "transfers": ("supplier", "recipient", "year", "domain", "vintage", "assumed"),
    "unit_values": ("supplier", "weapon_class", "year", "vintage", "assumed"),
    "descriptions": ("year", "category", "description", "vintage"),
    "orders": ("supplier", "recipient", "domain", "order_year", "vintage"),
    "deals": ("deal", "valid_from"),
    "deal_deliveries": ("deal", "year"),
    "deal_marks": ("deal",),
    "registers": ("vintage",),
    "votes": ("country", "year", "vintage", "assumed"),
    "totals": ("country", "year", "flow", "source", "vintage"),
    "vintages": ("table", "series", "vintage", "assumed", "file", "first_year"),
    "countries": ("iso3",),
    "supplier_wars": ("supplier", "first_year", "war"),
    "embargoes": ("supplier", "recipient", "first_year"),
    "alliances": ("alliance", "country", "first_year"),
    "alliance_dyads": ("state1", "state2", "year"),
    "capabilities": ("country", "year"),
    "rivalries": ("state1", "state2", "first_year"),
}
"""Table → the columns that tell its rows apart."""

FACT_TABLES = ("countries", "supplier_wars", "embargoes", "alliances")
"""Small tables of our own, kept as plain CSV beside the code and copied into every panel."""


def _optional(convert: Callable) -> Callable:
    return lambda text: convert(text) if text else None


_CONVERT: dict[object, Callable] = {
    str: str,
    int: int,
    float: float,
    int | None: _optional(int),
    float | None: _optional(float),
}

_WORDS: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    int | None: "a whole number or empty",
    float | None: "a number or empty",
}


@contextlib.contextmanager
def many_rows() -> Iterator[None]:
    """Hold back Python's search for cycles, which costs a quarter of the time that rows take."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@many_rows()
def _parse(
    kind: type, lines: Iterable[str], file: object, where: dict[str, frozenset[str]] | None = None
) -> list:
    """Parse CSV lines into `kind`, keeping the rows whose raw fields are among those wanted.

    Column by column, which takes half as long as row by row; only a fault is looked for by row.
    """
    lines = list(lines)
    rows = csv.reader(lines)
    columns = list(kind._fields)
    header = next(_readable(rows), None)
    if header != columns:
        rule = f"the columns must be {', '.join(columns)}"
        raise InputError(fault(rule, file=file, line=1, value=",".join(header or [])))
    wanted = [(columns.index(c), values) for c, values in (where or {}).items()]
    convert = [_CONVERT[t] for t in kind.__annotations__.values()]
    try:
        kept = list(rows)
        for at, values in wanted:
            kept = [row for row in kept if row[at] in values]
        fields = zip(*kept, strict=True) if kept else [()] * len(columns)
        parsed = [
            field if f is str else map(f, field) for f, field in zip(convert, fields, strict=True)
        ]
        return list(map(kind._make, zip(*parsed, strict=True)))
    except (ValueError, IndexError, csv.Error):
        raise _bad_row(kind, lines, file, wanted) from None


def _bad_row(kind: type, lines: list[str], file: object, wanted: list) -> InputError:
    """Return what is wrong with the first row that cannot be read."""
    reader = csv.reader(lines)
    next(reader)
    for raw in _readable(reader):
        if len(raw) == len(kind._fields) and not all(raw[at] in values for at, values in wanted):
            continue
        line = reader.line_num
        if len(raw) != len(kind._fields):
            rule = f"a row must have {len(kind._fields)} fields"
            return InputError(fault(rule, file=file, line=line, value=",".join(raw)))
        for (name, of), x in zip(kind.__annotations__.items(), raw, strict=True):
            try:
                _CONVERT[of](x)
            except ValueError:
                rule = f"must be {_WORDS[of]}"
                return InputError(fault(rule, file=file, line=line, column=name, value=x))
    return InputError(fault("cannot be read", file=file))


def _readable(reader: Any) -> Iterator[list[str]]:
    """Yield rows up to one that cannot be taken apart."""
    with contextlib.suppress(csv.Error):
        yield from reader


Panel = Path | Sequence[Path] | None
"""Where a panel is: a folder, a base with additions laid over it, or None for the shipped one."""
RESTATED = ("deals", "deal_deliveries", "deal_marks", "registers")
"""Tables that belong together, and that an addition states anew as a whole: a register changes and
ends deals that were known before it."""
DATED_DEALS = ("registers", "deal_deliveries")
"""Those of them that say how much a layer knows."""


def read(
    table: str, folder: Panel = None, where: dict[str, Iterable[str]] | None = None
) -> list:
    """Read one table of a panel.

    Parameters
    ----------
    table : name of a table in `TABLES`.
    folder : the panel's folder, or a base and additions to it as `data.kept.layers` gives
        them: the base must hold the table, an addition may. The shipped panel when None.
    where : column name → raw values wanted; rows with other values are skipped unparsed.

    Returns
    -------
    list of the table's rows, in the order of the file, layer after layer; a figure that an earlier
    layer has (the same key, its vintage in it) is not taken twice. Of the tables of deals the rows
    of the layer that knows most: see `RESTATED`.

    Raises
    ------
    InputError : the file is missing, torn, not a gzip-compressed CSV, or has the wrong columns.
    """
    name = f"{table}.csv.gz"
    # Every layer is asked: what can be gone through only once would be used up by the first.
    where = where and {column: frozenset(values) for column, values in where.items()}
    base, *added = folder if isinstance(folder, Sequence) else (folder,)
    if table in RESTATED:
        base, added = _knowing_most(base, added), []
    rows = _parse(TABLES[table], io.StringIO(text(table, base), newline=""), name, where)
    more = [layer for layer in added if (layer / name).is_file()]
    if not more:
        return rows
    key = key_of(table)
    seen = set(map(key, rows))
    for layer in more:
        lines = io.StringIO(text(table, layer), newline="")
        for row in _parse(TABLES[table], lines, f"{layer.name}/{name}", where):
            if key(row) not in seen:
                seen.add(key(row))
                rows.append(row)
    return rows


def _knowing_most(base: Path | None, added: Sequence[Path]) -> Path | None:
    """Return the layer with the newest register, then the newest deliveries, then the last.

    A later edition of the base may know more than what was once added to an earlier one.
    """
    layers = [base, *(layer for layer in added if (layer / "registers.csv.gz").is_file())]
    if len(layers) == 1:
        return base
    knows = [tuple(_newest(table, layer) for table in DATED_DEALS) for layer in layers]
    return layers[max(range(len(layers)), key=lambda n: (knows[n], n))]


def _newest(table: str, layer: Path | None) -> str:
    return max((row.vintage for row in read_once(table, layer)), default="")


def read_once(table: str, folder: Panel = None) -> tuple:
    """Return the rows of one table of a panel as `read` does, read once while no file changes."""
    layers = tuple(folder) if isinstance(folder, Sequence) else (folder,)
    return _read_once(table, layers, stamps(folder, table))


@functools.lru_cache(maxsize=32)
def _read_once(table: str, layers: tuple[Path | None, ...], _: tuple) -> tuple:
    return tuple(read(table, layers))


def stamps(folder: Panel, *tables: str) -> tuple:
    """Return what changes when the files of some tables do: of each file its time and size."""
    layers = folder if isinstance(folder, Sequence) else (folder,)
    wanted = {*tables, *(DATED_DEALS if set(tables) & set(RESTATED) else ())}
    found = []
    for layer in layers:
        for table in sorted(wanted):
            path = (layer or PANEL) / f"{table}.csv.gz"
            state = path.stat() if path.is_file() else None
            found.append((str(path), state and (state.st_mtime_ns, state.st_size)))
    return tuple(found)


@functools.cache
def key_of(table: str, without: tuple[str, ...] = ()) -> Callable[[tuple], tuple]:
    """Return the function that gives a row's key, some of its columns left out."""
    fields = TABLES[table]._fields
    at = [fields.index(column) for column in KEYS[table] if column not in without]
    return operator.itemgetter(*at) if len(at) > 1 else lambda row: tuple(row[i] for i in at)


def text(table: str, folder: Path | None = None) -> str:
    """Return one table of a panel as it stands in its file, decompressed; raises as `read`."""
    path = (folder or PANEL) / f"{table}.csv.gz"
    if not path.exists():
        rule = "the panel has no such table; build it with `crossover data build`"
        raise InputError(fault(rule, file=path.name))
    packed = reading.content(path, name=path.name)
    try:
        return reading.gunzip(packed, path.name).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(fault("must be UTF-8", file=path.name)) from None


def read_facts(table: str) -> list:
    """Read one of our own small tables from beside the code."""
    return read_own(TABLES[table], f"{table}.csv")


def read_own(kind: type, name: str) -> list:
    """Read a plain CSV of our own from beside the code into rows of a NamedTuple.

    Raises
    ------
    InputError : other columns than the fields, a row of the wrong width, a value of another kind.
    """
    with (FACTS / name).open(encoding="utf-8", newline="") as lines:
        return _parse(kind, lines, name)


@functools.cache
def indicators() -> dict[str, Indicator]:
    """Return the known country-year series by name."""
    return {row.indicator: row for row in read_own(Indicator, "indicators.csv")}


@functools.cache
def _columns() -> dict[tuple[str, str], Column]:
    return {row[:2]: row for row in read_own(Column, "columns.csv")}


def column_of(table: str, column: str = "") -> Column:
    """Return what is said of a column of a table, or without a column of the table itself."""
    return _columns().get((table, column)) or _columns()["", column]


def as_text(value: object) -> str:
    """Return a cell as it stands in a table's file: floats to ten significant digits."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def encode(table: str, rows: Iterable[tuple]) -> bytes:
    """Return a table's file: the same rows give the same bytes.

    Rows are sorted, except those of our own small tables, whose order is a decision; the gzip
    header has no time stamp.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TABLES[table]._fields)
    texts = ([v if type(v) is str else as_text(v) for v in row] for row in rows)
    writer.writerows(texts if table in FACT_TABLES else sorted(texts))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(out.getvalue().encode("utf-8"))
    return packed.getvalue()


def write(table: str, rows: Iterable[tuple], folder: Path) -> int:
    """Write one table into `folder` and return the size of its file in bytes."""
    content = encode(table, rows)
    (folder / f"{table}.csv.gz").write_bytes(content)
    return len(content)
