"""Compile the panel's tables from a folder of files as the providers publish them.

A pure function of the files: the same files give the same bytes. Where a release came twice, as
the provider's own export and tidied, the export counts. What was known before the first release
that was kept, or between two, is dated by the provider's usual delay and marked as assumed.
"""

import csv
import datetime
import operator
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from crossover.data import deals, dyads, package, sources, whole
from crossover.data.errors import InputError, fault
from crossover.data.names import PANEL_START
from crossover.data.records import Vintage
from crossover.data.rules import DATED
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import Batch
from crossover.data.tables import FACT_TABLES, FACTS, KEYS, indicators, many_rows, read_facts, write

SHIPPED_FILES = "panel_files.csv"
TRANSFERS_DELAY = (1, "03-15")
"""SIPRI publishes a year's deliveries in the second week of March of the next year."""
VOTES_DELAY = (1, "07-31")
"""Ideal points of a year have come out in the middle of the next."""
DATED_TABLES = ("country_years", "transfers", "unit_values", "votes")
"""Tables whose figures get an assumed date; the others exist as they were kept only."""


class Built(NamedTuple):
    """What a build made: rows of each table, size in bytes, and the files it did not use."""

    folder: Path
    rows: dict[str, int]
    size: int
    left_out: list[tuple[str, str]]


def shipped_files() -> list[str]:
    """Return the names of the provider files that the shipped panel is made of."""
    with (FACTS / SHIPPED_FILES).open(encoding="utf-8", newline="") as lines:
        return [row["file"] for row in csv.DictReader(lines)]


@many_rows()
def build(
    raw: Path,
    out: Path,
    progress: Callable[[int, int, str], None] | None = None,
    only: Collection[str] | None = None,
) -> Built:
    """Compile a panel from a folder of provider files, whole or not at all.

    Parameters
    ----------
    raw : folder with the files, searched with its subfolders; a file is known by its content.
    out : the panel's folder; an older panel there is replaced at the end.
    progress : called with (files so far, files in all, name of the file being read).
    only : names of the files to take, all of which must be there; every file when None.

    Returns
    -------
    Built : rows of each table, size, and the files left out with the reason.

    Raises
    ------
    InputError : no such folder or nothing in it, a file that no importer can use, two files that
        hold the same figures, `out` in the way or not writable. Nothing is written then.
    """
    files = find(raw, only)
    _check_target(raw, out)
    batches: list[Batch] = []
    left_out: list[tuple[str, str]] = []
    for n, path in enumerate(files):
        if progress:
            progress(n, len(files), path.name)
        source, found = sources.read_file(path)
        if found is None:
            left_out.append((path.name, "known, and no part of the panel"))
        batches += found or []
        batches += sipri_deals.further(source, found or [])
    if progress:
        progress(len(files), len(files), "")
    kept, superseded = resolve(batches)
    left_out += superseded
    tables = compile_tables(kept)
    return _place(tables, out, left_out)


def find(raw: Path, only: Collection[str] | None = None) -> list[Path]:
    """Return the files of a folder that may hold figures, sorted; documents are passed over.

    Raises
    ------
    InputError : no such folder, nothing in it, or one of the names in `only` is not there.
    """
    if not raw.is_dir():
        raise InputError(fault("there is no such folder", file=raw))
    files = sorted(
        path
        for path in raw.rglob("*")
        if path.is_file()
        and path.suffix.lower() not in sources.DOCUMENTS
        and not path.name.startswith(".")
        and (only is None or path.name in only)
    )
    missing = sorted({*(only or ())} - {path.name for path in files})
    if missing:
        rule = "the folder lacks this file, of which the shipped panel is made"
        raise InputError(fault(rule, file=raw, value=missing[0]))
    if not files:
        raise InputError(fault("the folder holds no file of a provider", file=raw))
    return files


def resolve(batches: Iterable[Batch]) -> tuple[list[Batch], list[tuple[str, str]]]:
    """Keep one copy of each release: the provider's own export before a tidied one.

    Returns
    -------
    The batches kept, in the order of table, series, vintage and file, and (file, reason) for each
    file of which nothing was kept.

    Raises
    ------
    InputError : two files of the same rank hold the same figures of one release.
    """
    releases: dict[tuple, list[Batch]] = defaultdict(list)
    for batch in batches:
        releases[batch.table, batch.series, batch.provider, batch.vintage].append(batch)
    kept: list[Batch] = []
    superseded: dict[str, str] = {}
    for key in sorted(releases):
        held = releases[key]
        official = [batch for batch in held if batch.official]
        for batch in held:
            if official and not batch.official:
                superseded[batch.file] = f"the same release as the provider's {official[0].file}"
        chosen = sorted(official or held, key=lambda batch: batch.file)
        _check_distinct(chosen)
        kept += chosen
    used = {batch.file for batch in kept}
    return kept, [(f, reason) for f, reason in sorted(superseded.items()) if f not in used]


def _check_distinct(batches: list[Batch]) -> None:
    holder: dict[tuple, str] = {}
    for batch in batches:
        names = type(batch.rows[0])._fields
        of = operator.itemgetter(*(names.index(c) for c in KEYS.get(batch.table, names)))
        for row in batch.rows:
            key = of(row)
            if key in holder:
                what = f"{batch.series} of {batch.vintage}, {' '.join(map(str, key))}"
                rule = f"the figure comes twice in one release, first in {holder[key]}"
                raise InputError(fault(rule, file=batch.file, value=what))
            holder[key] = batch.file


def compile_tables(batches: list[Batch]) -> dict[str, list]:
    """Return table → rows: the figures as kept, those with assumed dates, and the releases."""
    tables: dict[str, list] = {table: [] for table in DATED}
    releases: list[Vintage] = []
    series: dict[tuple, list[Batch]] = defaultdict(list)
    tables |= dyads.compile_dyads(b for b in batches if b.table in dyads.RAW)
    tables |= deals.compile_deals(b for b in batches if b.table in deals.RAW)
    for batch in (b for b in batches if b.table not in (*dyads.RAW, *deals.RAW)):
        tables[batch.table] += batch.rows
        releases.append(batch.release(batch.rows))
        series[batch.table, batch.series, batch.provider].append(batch)
    for (table, name, _), held in sorted(series.items()):
        if table not in DATED_TABLES:
            continue
        for batch, when, rows in assumed(held, _delay(table, name)):
            note = f"dated by the provider's usual delay; figures as kept of {batch.vintage}"
            dated = [row._replace(vintage=when, assumed=1) for row in rows]
            tables[table] += dated
            releases.append(batch.release(dated)._replace(vintage=when, assumed=1, note=note))
    tables["vintages"] = releases
    for table in FACT_TABLES:
        tables[table] = read_facts(table)
    return tables


def _delay(table: str, series: str) -> tuple[int, str]:
    if table == "country_years":
        known = indicators()[series]
        return known.lag_years, known.lag_day
    return VOTES_DELAY if table == "votes" else TRANSFERS_DELAY


def assumed(batches: list[Batch], delay: tuple[int, str]) -> Iterator[tuple[Batch, str, list]]:
    """Date the figures of releases that were not kept by the provider's usual delay.

    Parameters
    ----------
    batches : the kept releases of one series.
    delay : years after the data year and the day (month-day) on which a year usually comes out.

    Yields
    ------
    (batch, date, rows) : rows of the first kept release that has them, and the date by which they
        were presumably known. A date lies before the release that has the figure, and after any
        earlier kept one that had not, unless that one began later than the figure's year. Where
        the release brings a new unit, the first such date carries the earlier years too, so that
        no series is ever torn between units. Years before 1985 get no assumed date.
    """

    def usual(year: int) -> str:
        return f"{year + delay[0]}-{delay[1]}"

    by_vintage: dict[str, list[Batch]] = defaultdict(list)
    for batch in batches:
        by_vintage[batch.vintage].append(batch)
    seen: set[tuple] = set()
    units: set[str] = set()
    earlier = [(usual(PANEL_START - 1), 0)]

    def lacking(year: int) -> str:
        return max(vintage for vintage, first in earlier if first <= year)

    for vintage in sorted(by_vintage):
        held = by_vintage[vintage]
        now = {_identity(row) for batch in held for row in batch.rows}
        their_units = {getattr(row, "unit", "") for batch in held for row in batch.rows}
        years = {row.year for batch in held for row in batch.rows}
        previous = max(earlier)[0]
        inside = sorted(d for d in map(usual, years) if previous < d < vintage)
        restated = bool(units) and not their_units <= units
        for batch in held:
            rows: dict[str, list] = defaultdict(list)
            for row in batch.rows:
                date = usual(row.year)
                is_new = restated or _identity(row) not in seen
                if is_new and lacking(row.year) < date < vintage:
                    rows[date].append(row)
                elif restated and inside and date <= previous:
                    rows[inside[0]].append(row)
            for date in sorted(rows):
                yield batch, date, rows[date]
        seen |= now
        units = their_units
        earlier.append((vintage, min(years)))


def _identity(row) -> tuple:
    """Return what a figure is about: a country-year, or for deliveries the year as a whole."""
    return (row.country, row.year) if hasattr(row, "country") else (row.year,)


def _check_target(raw: Path, out: Path) -> None:
    if out.resolve().is_relative_to(raw.resolve()):
        rule = "the panel must not be written into the folder of the providers' files"
        raise InputError(fault(rule, file=out))
    if not out.exists():
        return
    rule = "is in the way: neither a panel nor an empty folder"
    if not out.is_dir():
        raise InputError(fault(rule, file=out))
    ours = package.written(out)
    if not ours and any(out.iterdir()):
        raise InputError(fault(rule, file=out))
    for path in sorted(out.iterdir()):
        if path.name not in ours:
            rule = "was not written by a build, which would delete it: move it away"
            raise InputError(fault(rule, file=path))


def _place(tables: dict[str, list], out: Path, left_out: list[tuple[str, str]]) -> Built:
    """Write all tables into a temporary folder beside `out`, then put it in its place."""
    part = old = lock = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _clear(out)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=whole.PART, dir=out.parent))
        lock = whole.lock_own(part)
        size = sum(write(table, rows, part) for table, rows in sorted(tables.items()))
        text = package.describe(part, tables)
        (part / package.NAME).write_text(text, encoding="utf-8", newline="\n")
        part.chmod(0o755)
        whole.flush_all(part)
        if out.exists():
            old = out.with_name(f".{out.name}.{datetime.datetime.now():%H%M%S%f}.old")
            out.rename(old)
        part.rename(out)
        whole.flush(out.parent)
    except OSError as error:
        raise InputError(fault(f"cannot be written: {error.strerror}", file=out)) from None
    finally:
        if lock is not None:
            os.close(lock)
        if part is not None and part.exists():
            shutil.rmtree(part, ignore_errors=True)
        if old is not None and old.exists():
            if out.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(out)
    rows = {table: len(found) for table, found in sorted(tables.items())}
    return Built(out, rows, size + len(text.encode("utf-8")), left_out)


def _clear(out: Path) -> None:
    """Clear away what a stopped build left beside a panel, and put back the one it had moved."""
    for old in sorted(out.parent.glob(f".{out.name}.*.old")):
        if out.exists():
            shutil.rmtree(old)
        else:
            old.rename(out)
    for part in out.parent.glob(f".{out.name}.*{whole.PART}"):
        if whole.is_left(part):
            shutil.rmtree(part)
