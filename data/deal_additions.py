"""What a new trade register or new delivery lines make of the deals that a panel has.

A register restates the deals before it, so the tables of deals are compiled on from where the panel
ends and stated anew as a whole: nothing that was written before is touched, and whoever reads takes
the layer that knows most. Registers are taken in the order in which they came out; one that is
older than the newest known changes no deal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crossover.data import deal_signals, rules
from crossover.data.alarms import Alarm
from crossover.data.books import standing
from crossover.data.comparison import name
from crossover.data.deals import Before, compile_deals, coverage
from crossover.data.errors import fault
from crossover.data.names import ALL_SUPPLIERS
from crossover.data.records import Deal, Register
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import Batch
from crossover.data.tables import RESTATED, Panel, read_once


class Deals(NamedTuple):
    """The tables of deals after an addition, no tables where it changes none.

    `rows` counts the rows of each table that the panel lacked, those of marks apart; `notes` and
    `refusals` are sentences; `alarms` is what in a register looks like a mistake.
    """

    tables: dict[str, list]
    rows: tuple[tuple[str, int], ...]
    notes: list[str]
    refusals: list[str]
    alarms: tuple[Alarm, ...] = ()


class Turned(NamedTuple):
    """What a register makes of the deals that stood before it."""

    new: int
    changed: int
    gone: int
    unchanged: int


def examine(batches: Iterable[Batch], panel: Panel = None) -> Deals:
    """Compile the deals of files on those of a panel, and say what changes.

    Parameters
    ----------
    batches : registers and delivery lines, as `sipri_deals.further` gives them.
    panel : the panel's folder, or a base and additions to it; the shipped panel when None.

    Raises
    ------
    InputError : the panel lacks a table of deals.
    """
    batches = list(batches)
    if not batches:
        return Deals({}, (), [], [])
    before = _before(panel)
    newest = max((row.vintage for row in before.registers), default="")
    known = {row.vintage for row in before.registers}
    registers = _each_once(b for b in batches if b.table == sipri_deals.REGISTER)
    newer = [batch for batch in registers if batch.vintage > newest]
    notes = [
        _too_old(b, newest) for b in registers if b.vintage <= newest and b.vintage not in known
    ]
    lines = _lines(batches)
    tables = compile_deals([*newer, *lines], before)
    notes += _ahead(lines, tables["registers"])
    fresh = {
        "deals": set(tables["deals"]) - set(before.deals),
        "deal_deliveries": set(tables["deal_deliveries"]) - set(before.deliveries),
        "registers": set(tables["registers"]) - set(before.registers),
    }
    if not any(fresh.values()):
        return Deals({}, (), notes, [])
    described = [row for row in tables["registers"] if row.vintage not in known]
    refusals = list(_broken(fresh))
    for register in sorted(described):
        turned = turned_by(register, tables["deals"])
        notes += _words(register, turned)
        refusals += _cut(register, turned)
    notes += _delivered(fresh["deal_deliveries"])
    rows = (*((table, len(found)) for table, found in fresh.items()), ("deal_marks", 0))
    odd = deal_signals.find(sorted(described), before.registers, tables["deals"])
    return Deals(tables, rows, notes, refusals, tuple(odd))


def turned_by(register: Register, deals: Iterable[Deal]) -> Turned:
    """Count what a register makes of the deals that stood before it."""
    deals = list(deals)
    begun = {deal.deal for deal in deals if deal.valid_from == register.vintage}
    ended = {deal.deal for deal in deals if deal.valid_to == register.vintage}
    after = len(standing(deals, register))
    changed = len(begun & ended)
    return Turned(len(begun) - changed, changed, len(ended) - changed, after - len(begun))


def _before(panel: Panel) -> Before:
    return Before(*(read_once(table, panel) for table in RESTATED))


def _each_once(registers: Iterable[Batch]) -> list[Batch]:
    """Return one file of each release: others can only be copies, or their orders are refused."""
    first: dict[str, Batch] = {}
    for batch in registers:
        first.setdefault(batch.vintage, batch)
    return list(first.values())


def _lines(batches: Iterable[Batch]) -> list[Batch]:
    """Return the delivery lines, those of a year and release from one file alone."""
    holder: dict[tuple[str, int], int] = {}
    taken = []
    for n, batch in enumerate(b for b in batches if b.table == sipri_deals.LINES):
        rows = [
            row for row in batch.rows if holder.setdefault((row.vintage, row.year), n) == n
        ]
        taken.append(batch._replace(rows=rows))
    return taken


# Refusals --------------------------------------------------------------------------------------


def _broken(fresh: dict[str, set]) -> Iterator[str]:
    """Yield a message for each new row that breaks a rule of the panel."""
    for table, rows in fresh.items():
        for row, broken in rules.faults_of(table, sorted(rows, key=str)):
            rule = f"{broken.rule} ({name(table, row)})"
            yield fault(rule, file=f"{table}.csv.gz", column=broken.column, value=broken.value)


def _cut(register: Register, turned: Turned) -> Iterator[str]:
    """Refuse a register from which most deals have been cut away, whatever its preamble says."""
    kept = turned.changed + turned.unchanged
    if turned.gone > kept:
        rule = (
            f"lacks {turned.gone:,} of the deals known and has {kept:,}: must be the register of "
            "all suppliers and all years, since a deal that a newer register lacks is gone"
        )
        yield fault(rule, file=register.file)


# Words -----------------------------------------------------------------------------------------


def _too_old(batch: Batch, newest: str) -> str:
    return (
        f"deals: {batch.file}: the register of {batch.vintage} is older than the newest known "
        f"({newest}) and changes no deal; only a panel that is built anew can have it between"
    )


def _ahead(lines: Iterable[Batch], registers: list[Register]) -> Iterator[str]:
    """Yield a sentence for each file of lines that reaches beyond the newest register."""
    known = max((row.last_year for row in registers), default=None)
    for batch in lines:
        last = max((row.year for row in batch.rows), default=0)
        if known is not None and last > known:
            yield (
                f"deals: {batch.file} reaches to {last}, and the newest register known to {known}: "
                f"add the register with data to {last}, and then these lines again, for what came "
                "of its deals"
            )


def _words(register: Register, turned: Turned) -> Iterator[str]:
    said = f"deals: {register.file}: the register of {register.vintage}"
    yield (
        f"{said} has {turned.new:,} new, {turned.changed:,} changed and {turned.unchanged:,} "
        f"unchanged; {turned.gone:,} are gone"
    )
    if register.vintage not in coverage() and register.suppliers == ALL_SUPPLIERS:
        yield (
            f"{said} is taken to be public from that day, to have data to {register.last_year}, "
            f"and to have all suppliers and all orders from {register.first_order_year} on: a deal "
            "of these that it lacks counts as gone"
        )


def _delivered(rows: Iterable) -> Iterator[str]:
    """Yield a sentence for each release of deliveries: of which years, how many by deal."""
    counts = Counter(row.vintage for row in rows)
    years = {vintage: [r.year for r in rows if r.vintage == vintage] for vintage in counts}
    for vintage, count in sorted(counts.items()):
        first, last = min(years[vintage]), max(years[vintage])
        yield (
            f"deals: the delivery lines of {vintage} say what came of deals in {first}-{last}: "
            f"{count:,} deliveries by deal and year"
        )
