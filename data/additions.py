"""What a user has added: releases laid over the shipped panel, which itself is never changed.

An addition is a folder of the store with the rows that the panel did not have, in the panel's own
tables. It is checked whole first, written under a hidden name, flushed to the disk and renamed, so
whoever looks, or is killed meanwhile, finds all of it or nothing. One writer at a time, by a lock
that the system releases when its holder dies.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crossover.data import (
    alarms,
    check,
    deal_additions,
    domains,
    plausible,
    reading,
    rules,
    sources,
    vintages,
)
from crossover.data.alarms import Alarm
from crossover.data.bounds import Past
from crossover.data.comparison import (
    WHOLE_RELEASES,
    WHOLE_YEARS,
    Change,
    Comparison,
    compare,
    replaced,
    series_of,
    value_of,
)
from crossover.data.comparison import bare as _bare
from crossover.data.comparison import name as _name
from crossover.data.comparison import same as _same
from crossover.data.comparison import show as _show
from crossover.data.errors import InputError, collecting, fault
from crossover.data.renames import Rename
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import PLAIN, Batch, Options
from crossover.data.tables import (
    KEYS,
    PANEL,
    TABLES,
    Panel,
    Vintage,
    encode,
    key_of,
    many_rows,
    read,
)

FOLDER = "panel"
INDEX = "addition.json"
LOCK = ".lock"
PART = ".part"
NAMED = re.compile(r"\d{8}-\d{12}-[0-9a-f]{8}")
"""How the folder of an addition is called: when it was made, and a token of its hashes."""
FORMAT = 1
WAIT = 60.0
"""Seconds to wait for another writer."""
EARLY = datetime.timedelta(days=31)
"""A release known by its month counts from the month's end, so it may lie ahead of today."""


class Addition(NamedTuple):
    """An addition as its index says: what came in, and when.

    `reason` is why it was added in spite of `findings`, both empty where there was none.
    """

    folder: Path
    id: str
    created: str
    files: list[dict[str, Any]]
    rows: dict[str, int]
    reason: str = ""
    findings: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """Figures that it added."""
        return sum(n for table, n in self.rows.items() if table != "vintages")


class Examined(NamedTuple):
    """What files hold, against what is known: nothing of it is written yet.

    `tables` has the rows to add, `vintages` among them; `notes` says in words what they mean;
    `compared` has what each release changes, figure by figure, and `alarms` what in it looks like
    a fault; `mapping` the rows of a mapping to domains, other than the shipped one, behind them.
    `restated` counts the new rows of the tables that are stated anew as a whole, see
    `data.tables.RESTATED`.
    """

    tables: dict[str, list]
    compared: list[Comparison]
    files: list[dict[str, Any]]
    notes: list[str]
    alarms: list[Alarm]
    mapping: tuple[domains.Row, ...] = ()
    restated: tuple[tuple[str, int], ...] = ()

    @property
    def changes(self) -> list[Change]:
        """What each release changes, counted."""
        return [one.change for one in self.compared]

    @property
    def stops(self) -> list[Alarm]:
        """What stops an addition that is not accepted by name."""
        return [alarm for alarm in self.alarms if alarm.stops]

    @property
    def renames(self) -> list[Rename]:
        """Names that are not gone but other ones now, each once."""
        return list(dict.fromkeys(rename for one in self.compared for rename in one.renames))


class Refused(InputError):
    """Files that cannot be added; `refusals` has a line for each refused row or file."""

    def __init__(self, refusals: Sequence[str]):
        self.refusals = list(refusals)
        one, *others = self.refusals
        more = f" (and {len(others)} more)" if others else ""
        super().__init__(f"{one}{more}; nothing was added" if more else f"{one}; nothing was added")


class Stopped(Refused):
    """Files that look like a mistake; `refusals` has a line for each finding.

    They are added when whoever adds them says why they are right: see `add`.
    """

    def __init__(self, found: Sequence[Alarm]):
        self.found = list(found)
        super().__init__([str(alarm) for alarm in found])

    def __str__(self) -> str:
        """Return the first finding, how many there are, and the way on."""
        return f"{super().__str__()}; if the release is right, add it with --accept REASON"


# Reading ---------------------------------------------------------------------------------------


def layers(panel: Path | None = None, store: Path | None = None) -> tuple[Path, ...]:
    """Return what a panel is made of: its base, then the store's additions, oldest first.

    Parameters
    ----------
    panel : folder of the base; the shipped panel when None.
    store : the store; no additions when None or when it has none.

    Raises
    ------
    InputError : an addition is not what was added: its index or a file that the index names is
        gone or was changed, or there is a file that the index does not name.
    """
    for one in damaged(store):
        place = store / one.file if store else one.file
        raise InputError(fault(one.rule, file=place, column=one.column, value=one.value))
    return (panel or PANEL, *(added.folder for added in listing(store)))


def listing(store: Path | None) -> list[Addition]:
    """Return the additions of a store, oldest first; raises as `layers`."""
    base = store / FOLDER if store else None
    if base is None or not base.is_dir():
        return []
    held = (p for p in sorted(base.iterdir()) if p.is_dir() and not p.name.startswith("."))
    return [_indexed(folder) for folder in held]


def _indexed(folder: Path) -> Addition:
    try:
        said = json.loads((folder / INDEX).read_text("utf-8"))
        hashes = said["hashes"]
        spite = said.get("accepted", {"reason": "", "findings": ()})
        found = Addition(
            *(folder, said["id"], said["created"], said["files"], said["rows"]),
            *(spite["reason"], tuple(spite["findings"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        rule = "the addition is damaged: its index cannot be read; move the folder away"
        raise InputError(fault(rule, file=folder / INDEX)) from None
    if not isinstance(hashes, dict) or {f"{table}.csv.gz" for table in found.rows} - {*hashes}:
        rule = "the addition is damaged: its index has no hash of each table; move the folder away"
        raise InputError(fault(rule, file=folder / INDEX))
    for path in sorted(folder.iterdir()):
        if path.name not in hashes and path.name != INDEX and not path.name.startswith("."):
            rule = "the addition was changed: its index does not name this file; move it away"
            raise InputError(fault(rule, file=path))
    for name in hashes:
        if not (folder / name).is_file():
            rule = "the addition is damaged: this file is gone; move the folder away"
            raise InputError(fault(rule, file=folder / name))
    return found


def damaged(store: Path | None) -> list[check.Fault]:
    """Return a fault for each file of an addition that is not what its index says."""
    faults = []
    for added in listing(store):
        file = f"{FOLDER}/{added.folder.name}/{INDEX}"
        said = json.loads((added.folder / INDEX).read_text("utf-8"))
        for name, digest in said["hashes"].items():
            if hashlib.sha256((added.folder / name).read_bytes()).hexdigest() != digest:
                rule = f"is not the hash of {name}, which has changed since it was added"
                faults.append(check.Fault(file, None, name, digest, rule))
        if added.folder.name.split("-")[-1] != _token(said["hashes"]):
            rule = "these are not the hashes that the folder was named by: the index has changed"
            faults.append(check.Fault(file, None, "hashes", added.folder.name, rule))
    return faults


def _token(hashes: dict[str, str]) -> str:
    """Return how the name of an addition with these hashes ends."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:8]


# Examining -------------------------------------------------------------------------------------


@many_rows()
def examine(
    files: Iterable[Path],
    panel: Panel = None,
    today: datetime.date | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    reading: Options = PLAIN,
) -> Examined:
    """Read files as the providers publish them, and say what is new in them.

    Parameters
    ----------
    files : any number of files, of any provider; each is recognised by its content.
    panel : what is known already; see `layers`.
    today : the day against which releases are checked; the real one when None.
    progress : called with (files so far, files in all, name).
    reading : what the user says of the files.

    Returns
    -------
    Examined : rows that the panel lacks, and for each release what it changes.

    Raises
    ------
    Refused : a row breaks a rule, a file is in no known format or no part of the panel, a release
        lies in the future, a figure differs from the one of the same release that is known. All
        refusals are named.
    """
    files = list(files)
    batches: list[Batch] = []
    by_deal: list[Batch] = []
    described: list[dict[str, Any]] = []
    refusals: list[str] = []
    for n, path in enumerate(files):
        if progress:
            progress(n, len(files), path.name)
        found, of_deals, refused = _parse(path, reading)
        refusals += refused
        batches += found
        by_deal += of_deals
        described.append({"name": path.name, "sha256": _digest(path), "rows": _count(found)})
    order = {table: n for n, table in enumerate(TABLES)}
    batches.sort(key=lambda b: (not b.official, b.vintage, order[b.table], b.series, b.file))
    limit = ((today or datetime.datetime.now(datetime.UTC).date()) + EARLY).isoformat()
    for batch in batches:
        refusals += _checked(batch, limit)
    if refusals:
        raise Refused(refusals)
    known = _Known(panel)
    examined = [known.take(batch) for batch in batches]
    if known.refusals:
        raise Refused(known.refusals)
    deals = deal_additions.examine(by_deal, panel)
    if deals.refusals:
        raise Refused(deals.refusals)
    if progress:
        progress(len(files), len(files), "")
    compared = [one for one, _ in examined]
    tables: dict[str, list] = defaultdict(list)
    for batch, (_, rows) in zip(batches, examined, strict=True):
        if rows:
            tables[batch.table] += rows
            tables["vintages"].append(_release(batch, rows))
    remarks = dict.fromkeys(remark for batch in batches for remark in batch.remarks)
    late = _meaning([one.change for one in compared], known.before)
    mapping = {row["description"]: row for batch in batches for row in batch.mapping}
    found = [*known.alarms, *plausible.base_years(known.taken, known.past), *deals.alarms]
    return Examined(
        tables | deals.tables,
        compared,
        described,
        [*remarks, *known.notes, *deals.notes, *late],
        sorted(found, key=lambda alarm: alarms.ORDER.index(alarm.kind)),
        tuple(mapping.values()),
        deals.rows,
    )


def _parse(path: Path, reading: Options) -> tuple[list[Batch], list[Batch], list[str]]:
    """Return a file's batches, its deals one by one, and what was refused of it."""
    with collecting() as refused:
        try:
            source, found = sources.read_file(path, reading)
            by_deal = [] if refused else sipri_deals.further(source, found or [])
        except InputError as error:
            return [], [], refused or [str(error)]
    dated = [b for b in found or [] if b.rows and "vintage" in KEYS.get(b.table, ())]
    if not dated and not refused:
        rule = "is known, and holds no figure that could be added: no dated series of the panel"
        refused.append(fault(rule, file=path.name))
    return dated, by_deal, refused


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(reading.content(path)).hexdigest()
    except InputError:
        return ""


def _count(batches: Iterable[Batch]) -> int:
    return sum(len(batch.rows) for batch in batches)


def _checked(batch: Batch, limit: str) -> Iterator[str]:
    """Yield a message for each row that breaks a rule of the panel, and for doubles."""
    key = key_of(batch.table)
    seen: set[tuple] = set()
    if batch.vintage > limit:
        rule = f"the release lies in the future: must not be after {limit}"
        yield fault(rule, file=batch.file, column="vintage", value=batch.vintage)
    mapping = domains.with_rows(batch.mapping)
    for row, broken in rules.faults_of(batch.table, batch.rows, mapping):
        rule = f"{broken.rule} ({_name(batch.table, row)})"
        yield fault(rule, file=batch.file, column=broken.column, value=broken.value)
    for row in batch.rows:
        if key(row) in seen:
            rule = "the figure comes twice in one release"
            yield fault(rule, file=batch.file, value=_name(batch.table, row))
        seen.add(key(row))


class _Known:
    """What is known of each table, growing by each release that is taken."""

    def __init__(self, panel: Panel):
        self.panel = panel
        self.refusals: list[str] = []
        self.alarms: list[Alarm] = []
        self.taken: list[Batch] = []
        self.past = Past(self._rows, self._is_part)
        self.notes: list[str] = []
        self.releases: list[Vintage] = read("vintages", panel)
        self.tables: dict[str, dict[tuple, tuple]] = {}
        self.before: dict[tuple[str, str], str] = {}
        self.history: dict[tuple[str, str], dict[tuple, dict[str, tuple]]] = {}

    def rows(self, table: str) -> dict[tuple, tuple]:
        """Return key → row of the releases kept of a table."""
        if table not in self.tables:
            where = {"assumed": ["0"]} if "assumed" in KEYS[table] else None
            found = read(table, self.panel, where)
            self.tables[table] = {key_of(table)(row): row for row in found}
            for row in found:
                at = (table, series_of(table, row))
                self.before[at] = max(self.before.get(at, ""), row.vintage)
                self._see(table, row)
        return self.tables[table]

    def _rows(self, table: str) -> list:
        return list(self.rows(table).values())

    def _is_part(self, table: str, vintage: str) -> bool:
        """Say whether only a part of a register is known."""
        return table in WHOLE_RELEASES and not self._has_whole(vintage)

    def _see(self, table: str, row: Any) -> None:
        at = (table, series_of(table, row))
        figures = self.history.setdefault(at, {})
        figures.setdefault(_bare(table)(row), {})[row.vintage] = row

    def _before(self, batch: Batch, row: Any) -> Any:
        """Return the newest figure of a release before this one, or None."""
        figures = self.history.get((batch.table, batch.series), {})
        held = figures.get(_bare(batch.table)(row), {})
        earlier = max((vintage for vintage in held if vintage < batch.vintage), default=None)
        return held[earlier] if earlier else None

    def take(self, batch: Batch) -> tuple[Comparison, list]:
        """Compare a release with what is known; return what it changes and the rows to add."""
        table, held = batch.table, self.rows(batch.table)
        if batch.note == vintages.PART and self._has_whole(batch.vintage):
            rule = f"the whole register of {batch.vintage} is known: a part of it adds nothing"
            self.notes.append(fault(rule, file=batch.file))
            return compare(batch, [], {}), []
        key, value = key_of(table), value_of(table)
        fresh = []
        for row in batch.rows:
            known = held.get(key(row))
            if known is None:
                fresh.append(row)
            elif not all(map(_same, row, known)):
                before = ", ".join(
                    f"{column} {_show(had)}"
                    for column, had, now in zip(row._fields, known, row, strict=True)
                    if not _same(had, now)
                )
                rule = (
                    f"another figure of {batch.series} of the same release ({batch.vintage}) is "
                    f"known for {_name(table, row)}: {before}"
                )
                found = _show(getattr(row, value))
                self._refuse(rule, file=batch.file, column=value, value=found)
        self._whole(batch, held, fresh)
        compared = compare(batch, fresh, self._replaced(batch, fresh))
        self._cut(batch, compared.change)
        if fresh:
            self.alarms += plausible.find(batch, self.past)
            self.alarms += alarms.find(batch, self._kept(batch))
            self.taken.append(batch)
            self.releases.append(_release(batch, fresh))
        for row in fresh:
            held[key(row)] = row
            self._see(table, row)
        return compared, fresh

    def _replaced(self, batch: Batch, fresh: list) -> dict[tuple, Any]:
        """Return what a release replaces, by what it is about."""
        if batch.table in WHOLE_YEARS + WHOLE_RELEASES:
            return replaced(batch, self.rows(batch.table).values(), self.releases)
        before = ((_bare(batch.table)(row), self._before(batch, row)) for row in fresh)
        return {about: row for about, row in before if row is not None}

    def _kept(self, batch: Batch) -> Iterator[Any]:
        """Yield the figures of the series that were released before."""
        for held in self.history.get((batch.table, batch.series), {}).values():
            yield from (row for vintage, row in held.items() if vintage < batch.vintage)

    def _cut(self, batch: Batch, change: Change) -> None:
        """Refuse deliveries from which most rows have been cut away, whatever the preamble says."""
        kept = change.new + change.unchanged + change.revised
        if batch.table == "transfers" and change.gone > kept:
            rule = (
                f"lacks {change.gone:,} of the figures known of the same years and has {kept:,}: "
                "must be an export from all countries to all countries, since a year is taken "
                "whole from one release"
            )
            self._refuse(rule, file=batch.file)

    def _has_whole(self, vintage: str) -> bool:
        """Say whether the whole register of a day is known."""
        return any(
            row.table in WHOLE_RELEASES and row.vintage == vintage and row.note != vintages.PART
            for row in self.releases
        )

    def _refuse(self, rule: str, **place: Any) -> None:
        self.refusals.append(fault(rule, **place))

    def _whole(self, batch: Batch, held: dict, fresh: list) -> None:
        """Refuse a second file of a release that has other rows for a year that is taken whole."""
        if batch.table not in WHOLE_YEARS + WHOLE_RELEASES:
            return
        per_year = batch.table in WHOLE_YEARS
        per_pair = not per_year and not self._has_whole(batch.vintage)

        def unit(row: Any) -> object:
            return row.year if per_year else (row.supplier, row.recipient) if per_pair else None

        key = key_of(batch.table)
        known = [row for row in held.values() if row.vintage == batch.vintage]
        covered = {unit(row) for row in known}
        offered = {unit(row) for row in batch.rows}
        ours = {key(row) for row in batch.rows}
        what = "the year" if per_year else "the pair" if per_pair else "the release"
        for row in fresh:
            if unit(row) in covered:
                rule = (
                    f"the release of {batch.vintage} is known already without this figure, and "
                    f"{what} is taken whole from one file: {_name(batch.table, row)}"
                )
                column = value_of(batch.table)
                found = _show(getattr(row, column))
                self._refuse(rule, file=batch.file, column=column, value=found)
        for row in known:
            if unit(row) in offered and key(row) not in ours:
                rule = (
                    f"lacks a figure that the release of {batch.vintage} is known with, and {what} "
                    f"is taken whole from one file: {_name(batch.table, row)}"
                )
                self._refuse(rule, file=batch.file)


def _release(batch: Batch, rows: list) -> Vintage:
    years = [row.order_year if batch.table == "orders" else row.year for row in rows]
    first, last = min(years), max(years)
    return Vintage(
        *(batch.table, batch.series, batch.vintage, first, last, 0, len(rows), batch.file),
        batch.note,
    )


def _meaning(changes: list[Change], newest: dict[tuple[str, str], str]) -> Iterator[str]:
    """Yield sentences on releases that are older than the newest known of their series."""
    late: dict[tuple[str, str], set[str]] = defaultdict(set)
    for change in changes:
        latest = newest.get((change.table, change.series), "")
        if change.rows > change.held and change.vintage < latest:
            late[change.vintage, latest].add(change.series)
    for (vintage, latest), series in sorted(late.items()):
        yield (
            f"the release of {vintage} is older than the newest known ({latest}) of "
            f"{', '.join(sorted(series))}: it counts for what was known from {vintage} on, and "
            "today only where no later release has the figure"
        )


# Writing ---------------------------------------------------------------------------------------


class Added(NamedTuple):
    """What an addition did: what was examined, its folder or None, and what was cleaned up."""

    examined: Examined
    folder: Path | None
    cleaned: list[str]


def add(
    files: Sequence[Path],
    store: Path,
    panel: Path | None = None,
    *,
    dry_run: bool = False,
    today: datetime.date | None = None,
    say: Callable[[str], None] = lambda _: None,
    wait: float = WAIT,
    progress: Callable[[int, int, str], None] | None = None,
    reading: Options = PLAIN,
    accept: str | None = None,
) -> Added:
    """Add what is new in files to a store, whole or not at all.

    Parameters
    ----------
    files : files as the providers publish them.
    store : the store; made when it is not there.
    panel : folder of the base; the shipped panel when None.
    dry_run : examine only; nothing is written, not even a lock.
    today : see `examine`.
    say : called with a sentence on waiting and on what was cleaned up.
    wait : seconds to wait for another writer.
    progress : see `examine`.
    reading : what the user says of the files; the store's own mapping to domains is taken.
    accept : why files that look like a mistake are right; kept with the addition.

    Returns
    -------
    Added : `folder` is None where there was nothing new, or with `dry_run`.

    Raises
    ------
    Refused : see `examine`.
    Stopped : the files look like a mistake, and nobody says why they are right.
    InputError : the store cannot be written, another writer does not end, or the reason is none.
    """
    if accept is not None and not (accept.strip() and accept.isprintable()):
        rule = "must say in words, on one line, why the release is right"
        raise InputError(fault(rule, column="--accept", value=accept))
    reading = reading._replace(mapping=store / domains.NAME)
    if dry_run:
        known = layers(panel, store)
        return Added(examine(files, known, today, progress, reading), None, [])
    with locked(store, say, wait) as cleaned:
        known = layers(panel, store)
        examined = examine(files, known, today, progress, reading)
        if examined.stops and accept is None:
            raise Stopped(examined.stops)
        folder = _write(examined, store, accept) if examined.tables else None
    return Added(examined, folder, cleaned)


@contextlib.contextmanager
def locked(
    store: Path, say: Callable[[str], None] = lambda _: None, wait: float = WAIT
) -> Iterator[list[str]]:
    """Be the one writer of a store's panel; yields what a broken-off writer had left behind.

    Raises
    ------
    InputError : the store cannot be written, or another writer has not ended after `wait` seconds.
    """
    base = store / FOLDER
    try:
        base.mkdir(parents=True, exist_ok=True)
        handle = os.open(base / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        rule = f"the store cannot be written ({error.strerror})"
        raise InputError(fault(rule, file=base)) from None
    try:
        end, told = time.monotonic() + wait, False
        while not _take_lock(handle):
            if time.monotonic() >= end:
                rule = (
                    f"another process is adding to this store and has not ended after {wait:g} "
                    "seconds; nothing was added: try again when it is done"
                )
                raise InputError(fault(rule, file=base))
            if not told:
                say(f"another process is adding to {base}: waiting for it to end")
                told = True
            time.sleep(0.05)
        yield _clean(base, say)
    finally:
        os.close(handle)


def _take_lock(handle: int) -> bool:
    """Try for the lock on an open file; the system gives it back when the file is closed."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _clean(base: Path, say: Callable[[str], None]) -> list[str]:
    """Remove what a killed writer left: with the lock held, nobody is writing it."""
    left = sorted(path for path in base.glob(f".*{PART}") if path.is_dir())
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
        say(
            f"an earlier addition ({path.name[1:].removesuffix(PART)}) was broken off before "
            "it was whole: what it left was removed, and nothing of it counts"
        )
    return [path.name for path in left]


def _write(examined: Examined, store: Path, accept: str | None = None) -> Path:
    """Write an addition under a hidden name, flush it, and rename it."""
    base = store / FOLDER
    files = {f"{t}.csv.gz": encode(t, rows) for t, rows in sorted(examined.tables.items())}
    if examined.mapping:
        files[domains.NAME] = domains.encode(examined.mapping)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    moment = datetime.datetime.now(datetime.UTC)
    name = f"{_after(base, moment)}-{_token(hashes)}"
    index = {
        "format": FORMAT,
        "id": name,
        "created": moment.isoformat(timespec="seconds"),
        "files": examined.files,
        "rows": {t: len(rows) for t, rows in sorted(examined.tables.items())}
        | dict(examined.restated),
        "hashes": hashes,
    }
    if examined.stops and accept:
        findings = [str(alarm) for alarm in examined.stops]
        index["accepted"] = {"reason": accept.strip(), "findings": findings}
    text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
    part = base / f".{name}{PART}"
    try:
        part.mkdir()
        for file, content in files.items():
            _put(part / file, content)
        _put(part / INDEX, text.encode("utf-8"))
        _flush(part)
        part.rename(base / name)
        _flush(base)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        rule = f"cannot be written ({error.strerror}); nothing was added"
        raise InputError(fault(rule, file=error.filename or part)) from None
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return base / name


def _after(base: Path, moment: datetime.datetime) -> str:
    """Return a time stamp after that of the newest addition, so that ids sort as they came."""
    stamp = f"{moment:%Y%m%d-%H%M%S%f}"
    last = max((p.name for p in base.iterdir() if NAMED.fullmatch(p.name)), default="")
    if stamp <= last:
        day, time_of_day = last.split("-")[:2]
        stamp = f"{day}-{int(time_of_day) + 1:012d}"
    return stamp


def _put(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def already(examined: Examined, store: Path | None) -> list[str]:
    """Return a sentence for each file that has been added before, byte for byte."""
    when = {f["sha256"]: added for added in listing(store) for f in added.files}
    return [
        f"{file['name']} was added on {when[file['sha256']].created[:10]} already "
        f"({when[file['sha256']].id})"
        for file in examined.files
        if file["sha256"] in when
    ]
