"""What is known of the series that a new release concerns, read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossover.data import alarms, comparison, plausible, vintages
from crossover.data.alarms import Alarm
from crossover.data.bounds import Past
from crossover.data.comparison import WHOLE_RELEASES, WHOLE_YEARS, Change, Comparison
from crossover.data.errors import fault
from crossover.data.records import Vintage
from crossover.data.sources.files import Batch
from crossover.data.tables import KEYS, Panel, key_of, read


class KnownReleases:
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
                at = (table, comparison.series_of(table, row))
                self.before[at] = max(self.before.get(at, ""), row.vintage)
                self._see(table, row)
        return self.tables[table]

    def _rows(self, table: str) -> list:
        return list(self.rows(table).values())

    def _is_part(self, table: str, vintage: str) -> bool:
        """Say whether only a part of a register is known."""
        return table in WHOLE_RELEASES and not self._has_whole(vintage)

    def _see(self, table: str, row: Any) -> None:
        at = (table, comparison.series_of(table, row))
        figures = self.history.setdefault(at, {})
        figures.setdefault(comparison.bare(table)(row), {})[row.vintage] = row

    def _before(self, batch: Batch, row: Any) -> Any:
        """Return the newest figure of a release before this one, or None."""
        figures = self.history.get((batch.table, batch.series), {})
        held = figures.get(comparison.bare(batch.table)(row), {})
        earlier = max((vintage for vintage in held if vintage < batch.vintage), default=None)
        return held[earlier] if earlier else None

    def take(self, batch: Batch) -> tuple[Comparison, list]:
        """Compare a release with what is known; return what it changes and the rows to add."""
        table, held = batch.table, self.rows(batch.table)
        if batch.note == vintages.PART and self._has_whole(batch.vintage):
            rule = f"the whole register of {batch.vintage} is known: a part of it adds nothing"
            self.notes.append(fault(rule, file=batch.file))
            return comparison.compare(batch, [], {}), []
        key, value = key_of(table), comparison.value_of(table)
        fresh = []
        for row in batch.rows:
            known = held.get(key(row))
            if known is None:
                fresh.append(row)
            elif not all(map(comparison.same, row, known)):
                before = ", ".join(
                    f"{column} {comparison.show(had)}"
                    for column, had, now in zip(row._fields, known, row, strict=True)
                    if not comparison.same(had, now)
                )
                rule = (
                    f"another figure of {batch.series} of the same release ({batch.vintage}) is "
                    f"known for {comparison.name(table, row)}: {before}"
                )
                found = comparison.show(getattr(row, value))
                self._refuse(rule, file=batch.file, column=value, value=found)
        self._whole(batch, held, fresh)
        compared = comparison.compare(batch, fresh, self._replaced(batch, fresh))
        self._cut(batch, compared.change)
        if fresh:
            self.alarms += plausible.find(batch, self.past)
            self.alarms += alarms.find(batch, self._kept(batch))
            self.taken.append(batch)
            self.releases.append(batch.release(fresh))
        for row in fresh:
            held[key(row)] = row
            self._see(table, row)
        return compared, fresh

    def _replaced(self, batch: Batch, fresh: list) -> dict[tuple, Any]:
        """Return what a release replaces, by what it is about."""
        if batch.table in WHOLE_YEARS + WHOLE_RELEASES:
            return comparison.replaced(batch, self.rows(batch.table).values(), self.releases)
        before = ((comparison.bare(batch.table)(row), self._before(batch, row)) for row in fresh)
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
                    f"{what} is taken whole from one file: {comparison.name(batch.table, row)}"
                )
                column = comparison.value_of(batch.table)
                found = comparison.show(getattr(row, column))
                self._refuse(rule, file=batch.file, column=column, value=found)
        for row in known:
            if unit(row) in offered and key(row) not in ours:
                rule = (
                    f"lacks a figure that the release of {batch.vintage} is known with, and {what} "
                    f"is taken whole from one file: {comparison.name(batch.table, row)}"
                )
                self._refuse(rule, file=batch.file)
