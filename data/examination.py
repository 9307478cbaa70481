"""What a new release holds, examined against what was kept, before anything is added."""

from __future__ import annotations

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crossover.data import (
    alarms,
    comparison,
    deal_additions,
    domains,
    plausible,
    reading,
    rules,
    sources,
)
from crossover.data.alarms import Alarm
from crossover.data.comparison import Change, Comparison
from crossover.data.errors import InputError, collecting, fault
from crossover.data.known_releases import KnownReleases
from crossover.data.renames import Rename
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import PLAIN, Batch, Options
from crossover.data.tables import KEYS, TABLES, Panel, key_of, many_rows

EARLY = datetime.timedelta(days=31)
"""A release known by its month counts from the month's end, so it may lie ahead of today."""


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
    panel : what is known already; see `data.kept.layers`.
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
    known = KnownReleases(panel)
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
            tables["vintages"].append(batch.release(rows))
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
        rule = f"{broken.rule} ({comparison.name(batch.table, row)})"
        yield fault(rule, file=batch.file, column=broken.column, value=broken.value)
    for row in batch.rows:
        if key(row) in seen:
            rule = "the figure comes twice in one release"
            yield fault(rule, file=batch.file, value=comparison.name(batch.table, row))
        seen.add(key(row))


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
