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
from typing import Any, NamedTuple

from crossover.data import reading
from crossover.data.errors import InputError, fault

PANEL = Path(__file__).parent / "panel"
FACTS = Path(__file__).parent

SOVIET_UNION = "SUN"
WORLD = "WLD"


class CountryYear(NamedTuple):
    """A figure of one country and year, in the vintage that published it."""

    country: str
    year: int
    indicator: str
    value: float
    unit: str
    source: str
    vintage: str
    assumed: int


class Transfer(NamedTuple):
    """Deliveries of one dyad, year and domain, summed over SIPRI's lines."""

    supplier: str
    recipient: str
    year: int
    domain: str
    tiv: float
    n_lines: int
    vintage: str
    assumed: int


class UnitValue(NamedTuple):
    """New systems of one class that a supplier delivered in a year: the dearest, and how many."""

    supplier: str
    weapon_class: str
    domain: str
    year: int
    tiv_unit: float
    n_units: int | None
    vintage: str
    assumed: int


class Description(NamedTuple):
    """The world's deliveries of a year by SIPRI's category and description of the weapon."""

    year: int
    category: str
    description: str
    tiv: float
    n_lines: int
    vintage: str


class Order(NamedTuple):
    """Orders of one dyad, domain and order year, and how much of them was delivered."""

    supplier: str
    recipient: str
    domain: str
    order_year: int
    ordered_tiv: float
    delivered_tiv: float
    n_deals: int
    vintage: str


class Deal(NamedTuple):
    """An order in the form in which registers had it from one date until another."""

    deal: int
    valid_from: str
    valid_to: str
    supplier: str
    recipient: str
    domain: str
    order_year: int
    order_year_uncertain: int
    n_ordered: int | None
    tiv_ordered: float | None
    n_delivered: int
    tiv_delivered: float
    delivery_years: str
    status: str
    local_production: int | None
    units_borrowed: int


class DealDelivery(NamedTuple):
    """What came of a deal in a year."""

    deal: int
    year: int
    n_delivered: int
    tiv: float
    vintage: str


class DealMark(NamedTuple):
    """What a deal's row in the newest register that had it is found again by, but for its form."""

    deal: int
    line: int
    seller: str
    buyer: str
    class_mark: str
    system_mark: str
    word_mark: str
    family_mark: str


class Register(NamedTuple):
    """A trade register as it was published: when it was public, and which deals it would list."""

    vintage: str
    released: str
    assumed: int
    last_year: int
    suppliers: str
    first_order_year: int | None
    units_borrowed: int
    rows: int
    undelivered_tiv: float
    file: str
    note: str


class RegisterCoverage(NamedTuple):
    """What is known of a register beside its rows; no suppliers where it has them all."""

    vintage: str
    released: str
    assumed: int
    suppliers: str
    first_order_year: int | None
    note: str


class Vote(NamedTuple):
    """A country's ideal point in the UN General Assembly."""

    country: str
    year: int
    ideal_point: float
    vintage: str
    assumed: int


class Total(NamedTuple):
    """A country's total arms imports or exports as a provider published it."""

    country: str
    year: int
    flow: str
    tiv: float
    source: str
    vintage: str


class Vintage(NamedTuple):
    """A release: which table it feeds, the years it covers, the file it came in."""

    table: str
    series: str
    vintage: str
    first_year: int
    last_year: int
    assumed: int
    rows: int
    file: str
    note: str


class Country(NamedTuple):
    """A country of the sample."""

    iso3: str
    name: str
    supplier: int
    recipient: int
    capital_lat: float
    capital_lon: float
    soviet_legacy: int


class War(NamedTuple):
    """A war that draws on a supplier's own stocks; no last year while it goes on."""

    supplier: str
    first_year: int
    last_year: int | None
    war: str
    source: str


class Embargo(NamedTuple):
    """Years in which a supplier was bound not to deliver to a recipient."""

    supplier: str
    recipient: str
    first_year: int
    last_year: int | None
    source: str


class Alliance(NamedTuple):
    """Membership of a defence pact; two members in the same year are allies."""

    alliance: str
    country: str
    first_year: int
    last_year: int | None
    source: str


class AlliedPair(NamedTuple):
    """An allied pair in a year: covariates of the year before or earlier, and what came."""

    state1: str
    state2: str
    year: int
    treaty: int
    n_treaties: int
    bilateral: int
    defence: int
    allied_since: int
    log_ratio: float | None
    change5: float | None
    reversed: int | None
    major1: int
    major2: int
    was_major1: int
    was_major2: int
    autocracy1: int | None
    autocracy2: int | None
    common_rivals: int
    rivals: int
    recent: int
    hostility: int | None
    fatality: int | None
    embargo: int
    rivalry_onset: int
    state_death: int
    ended: int
    adverse_end: int
    grade: int | None


class Capability(NamedTuple):
    """Material capability, regime and rank of a country of the sample in a year."""

    country: str
    state: str
    year: int
    cinc: float | None
    autocracy: int | None
    major: int
    was_major: int


class RivalPair(NamedTuple):
    """A strategic rivalry between two states; its last year is 2020 while it lasts."""

    state1: str
    state2: str
    first_year: int
    last_year: int


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


class Indicator(NamedTuple):
    """A country-year series: where it comes from, its unit, its bounds and its usual delay."""

    indicator: str
    provider: str
    code: str
    unit: str
    label: str
    low: float | None
    high: float | None
    lag_years: int
    lag_day: str


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
    folder : the panel's folder, or a base and additions to it as `data.additions.layers` gives
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
