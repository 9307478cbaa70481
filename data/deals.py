"""Compile the table of deals: each order as every register had it, and what of it came when.

A register restates itself every year, so the table is kept in two times: the year of the order, and
the registers in which a deal stood in one form (`valid_from` the first, `valid_to` the one that
changed or dropped it). That a register lacks a deal says it was dropped only where that register
covers such deals; registers.csv says what each covers and when it was public. The weapon itself is
not kept, only its domain (SIPRI allows no wholesale republication) and a mark, by which a register
that comes later finds the deal again: compiling goes on from where a panel ends.
"""

import functools
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from crossover.data import countries
from crossover.data.deal_lines import Listed, deliveries, take_numbers
from crossover.data.deal_matching import (
    ACROSS_REGISTERS,
    OF_THE_PAST,
    UNMISTAKABLE,
    Mark,
    Sought,
    pair,
)
from crossover.data.errors import InputError, fault
from crossover.data.names import ALL_SUPPLIERS
from crossover.data.records import Deal, DealDelivery, DealMark, Register, RegisterCoverage
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import Batch
from crossover.data.sources.sipri_deals import DealLine, RegisterDeal
from crossover.data.tables import RESTATED, read_own

RAW = (sipri_deals.REGISTER, sipri_deals.LINES)
"""Parsed rows that only this module reads; none of them is a table of the panel."""
FIRST_ORDER, FIRST_DELIVERY = 1980, 1992
"""Kept: deals ordered from 1980, or delivered from 1992, or undelivered, from then on."""
OWN_NUMBERS = 10_000_001
"""Deals of which nothing was ever delivered have no number of SIPRI's: theirs begin here."""
SHOWN = slice(Deal._fields.index("supplier"), Deal._fields.index("local_production"))
"""Columns of a form that a register shows."""


class Before(NamedTuple):
    """The tables of deals as a panel has them, for registers that come after it."""

    deals: Sequence[Deal] = ()
    deliveries: Sequence[DealDelivery] = ()
    marks: Sequence[DealMark] = ()
    registers: Sequence[Register] = ()


class _Chain:
    """One deal through the registers: its forms, and the last row with the number if known.

    Forms are rows of the table that lack the deal's number. Of a deal that a panel has, `number` is
    the one it has there.
    """

    def __init__(self, row: RegisterDeal | Sought, forms: list[Deal], number: int = 0):
        self.row = row
        self.forms = forms
        self.number = number

    @property
    def stands(self) -> bool:
        return not self.forms[-1].valid_to

    def list(self, row: RegisterDeal) -> None:
        """Note the row of the next register that has the deal."""
        form = _form(row)
        if not self.stands:
            self.forms.append(form)
        elif form[SHOWN] != self.forms[-1][SHOWN]:
            self.drop(row.vintage)
            self.forms.append(form)
        number = row.deal_id if row.deal_id is not None else self.row.deal_id
        self.row = row._replace(deal_id=number)

    def drop(self, vintage: str) -> None:
        """Note the register that changed the deal, or covers it and lacks it."""
        self.forms[-1] = self.forms[-1]._replace(valid_to=vintage)


def compile_deals(batches: Iterable[Batch], before: Before | None = None) -> dict[str, list]:
    """Return the tables of deals, empty where neither the files nor the panel have a register.

    Deliveries of deals that no register has are left out.

    Parameters
    ----------
    batches : registers and delivery lines, as `sipri_deals` reads them.
    before : what a panel has already; registers must be newer than those.

    Raises
    ------
    InputError : an order of a register has no year.
    """
    before = before or Before()
    registers: dict[str, list[RegisterDeal]] = {}
    files: dict[str, str] = {}
    lines: list[DealLine] = []
    for batch in batches:
        if batch.table == sipri_deals.REGISTER:
            registers.setdefault(batch.vintage, []).extend(batch.rows)
            files[batch.vintage] = batch.file
        else:
            lines += batch.rows
    described = [_register(registers[v], files[v]) for v in sorted(registers)]
    if not described and not before.registers:
        return {table: [] for table in RESTATED}
    chains = _known(before)
    numbered = [line for line in lines if line.deal_id is not None]
    _take_numbers(chains, before.registers, registers, numbered)
    new = [(register, registers[register.vintage]) for register in described]
    _chain(chains, new, whole=not before.registers)
    had = {id(chain): chain.number for chain in chains if chain.number}
    chains = _number(chains)
    renamed = {had[id(chain)]: chain.number for chain in chains if id(chain) in had}
    known = [row._replace(deal=renamed.get(row.deal, row.deal)) for row in before.deliveries]
    listed = [Listed(chain.row, chain.number) for chain in chains if chain.stands]
    came = deliveries(listed, known, lines)
    made_there = {line.deal_id: line.local_production for line in numbered}
    counted = {row.deal for row in known}
    for chain in chains:
        chain.forms = list(itertools.dropwhile(lambda form: not _in_scope(form), chain.forms))
    kept = [chain for chain in chains if chain.forms]
    numbers = {chain.number for chain in kept}
    return {
        "deals": [row for chain in kept for row in _rows(chain, made_there, counted)],
        "deal_deliveries": [row for row in came if row.deal in numbers],
        "deal_marks": [_mark(chain) for chain in kept],
        "registers": [*before.registers, *described],
    }


@functools.cache
def coverage() -> dict[str, RegisterCoverage]:
    """Return what registers.csv says of each register, by its date."""
    return {row.vintage: row for row in read_own(RegisterCoverage, "registers.csv")}


def last_year(rows: Iterable[RegisterDeal]) -> int:
    """Return the last year of which a register knows: of an order or a delivery."""
    return max(max(row.order_year or 0, *row.delivery_years, 0) for row in rows)


def undelivered(row: RegisterDeal | Deal) -> float:
    """Return what of a deal was ordered and has not come, TIV million; 0 where not known."""
    return max(0.0, (row.tiv_ordered or 0.0) - row.tiv_delivered)


def _register(rows: list[RegisterDeal], file: str) -> Register:
    """Describe a register; one that registers.csv does not know is taken to be whole.

    Raises
    ------
    InputError : an order has no year.
    """
    undated = next((row for row in rows if row.order_year is None), None)
    if undated is not None:
        rule = "an order must have its year: leave this register out"
        raise InputError(fault(rule, file=file, line=undated.line, column="order_year", value=""))
    vintage = rows[0].vintage
    whole = RegisterCoverage(vintage, vintage, 0, "", min(r.order_year for r in rows), "")
    known = coverage().get(vintage, whole)
    return Register(
        vintage,
        known.released,
        known.assumed,
        last_year(rows),
        known.suppliers or ALL_SUPPLIERS,
        known.first_order_year,
        max(row.borrowed for row in rows),
        len(rows),
        round(sum(map(undelivered, rows)), 4),
        file,
        known.note,
    )


def covers(register: Register, supplier: str, order_year: int) -> bool:
    """Say whether a register would list a deal: only then does its absence mean that it is gone.

    Parameters
    ----------
    supplier : ISO3 code; the rest of the world is covered where all suppliers are.
    """
    if register.first_order_year is None or order_year < register.first_order_year:
        return False
    return register.suppliers == ALL_SUPPLIERS or supplier in register.suppliers.split()


# Numbers of deals ------------------------------------------------------------------------------


def _take_numbers(
    chains: list[_Chain],
    known: Sequence[Register],
    registers: dict[str, list[RegisterDeal]],
    lines: list[DealLine],
) -> None:
    """Give deals the numbers of delivery lines of the same release.

    Of the deals that a panel has, those of its newest register that have no number of SIPRI's, from
    lines whose number the panel does not know.
    """
    years = {vintage: last_year(rows) for vintage, rows in registers.items()}
    if not known:
        take_numbers(registers, years, lines)
        return
    newest = max(known)
    years[newest.vintage] = newest.last_year
    take_numbers({newest.vintage: [], **registers}, years, lines)
    numbers = {chain.row.deal_id for chain in chains}
    held = [chain for chain in chains if chain.stands and chain.row.deal_id is None]
    rows = [chain.row for chain in held]
    fresh = [line for line in lines if line.deal_id not in numbers]
    take_numbers({newest.vintage: rows} | {vintage: [] for vintage in registers}, years, fresh)
    for chain, row in zip(held, rows, strict=True):
        chain.row = row


def _number(chains: list[_Chain]) -> list[_Chain]:
    """Give each deal a number: SIPRI's, or one of our own in order of appearance.

    Where a number shows that a deal which a register seemed to drop is one that came up after it,
    the two are put together.
    """
    numbered: dict[int, _Chain] = {}
    kept: list[_Chain] = []
    for chain in chains:
        number = chain.row.deal_id
        held = numbered.setdefault(number, chain) if number is not None else None
        if held is None or held is chain:
            kept.append(chain)
        elif not held.stands and held.forms[-1].valid_to <= chain.forms[0].valid_from:
            held.forms += chain.forms
            held.row = chain.row
        else:
            chain.row = chain.row._replace(deal_id=None)
            kept.append(chain)
    own = max([OWN_NUMBERS - 1, *(chain.number for chain in chains)]) + 1
    for chain in kept:
        if chain.row.deal_id is not None:
            chain.number = chain.row.deal_id
        elif not chain.number:
            chain.number, own = own, own + 1
    return kept


# Deals through the registers -------------------------------------------------------------------


def _known(before: Before) -> list[_Chain]:
    """Return the deals of a panel, each as its last form and its mark have it."""
    forms: dict[int, list[Deal]] = defaultdict(list)
    for form in sorted(before.deals):
        forms[form.deal].append(form)
    chains = []
    for number, line, seller, buyer, *mark in before.marks:
        last = forms[number][-1]
        row = Sought(
            number if number < OWN_NUMBERS else None,
            line,
            seller,
            buyer,
            last.domain,
            Mark(*mark),
            last.order_year,
            last.n_ordered,
            last.status,
            last.n_delivered,
            tuple(years_of(last.delivery_years)),
            last.tiv_delivered,
        )
        chains.append(_Chain(row, forms[number], number))
    return sorted(chains, key=lambda chain: (chain.forms[0].valid_from, chain.row.line))


def _chain(
    chains: list[_Chain], registers: list[tuple[Register, list[RegisterDeal]]], whole: bool
) -> None:
    """Follow each deal through the registers, the oldest first; new ones are put behind.

    Where the deals are not the `whole` of what registers had, but those of a panel, the rows of old
    deals that it does not keep are only set against what is left, and begin no deal.
    """
    for register, rows in registers:
        standing = [chain for chain in chains if chain.stands]
        dropped = [chain for chain in chains if not chain.stands]
        left = [row for row in rows if whole or _in_scope(_form(row))]
        listed: set[int] = set()

        def find(held: list[_Chain], left: list, stages: tuple, listed: set[int] = listed) -> list:
            pairs = pair([chain.row for chain in held], left, stages)
            for i, j in pairs:
                held[i].list(left[j])
                listed.add(id(held[i]))
            found = {j for _, j in pairs}
            return [row for j, row in enumerate(left) if j not in found]

        left = find(standing, left, ACROSS_REGISTERS)
        left = find(dropped, left, UNMISTAKABLE)
        if not whole:
            old = [row for row in rows if not _in_scope(_form(row))]
            old = find([c for c in standing if id(c) not in listed], old, OF_THE_PAST)
            find([c for c in dropped if id(c) not in listed], old, UNMISTAKABLE)
        for chain in standing:
            row = chain.row
            if id(chain) not in listed and covers(register, row.supplier, row.order_year):
                chain.drop(register.vintage)
        chains += [_Chain(row, [_form(row)]) for row in left]


def _in_scope(form: Deal) -> bool:
    last = max(years_of(form.delivery_years), default=0)
    return form.order_year >= FIRST_ORDER or last >= FIRST_DELIVERY or undelivered(form) > 0


def _form(row: RegisterDeal) -> Deal:
    """Return a register's row as the table has it, without number."""
    return Deal(
        0,
        row.vintage,
        "",
        countries.as_supplier(row.supplier),
        countries.as_recipient(row.recipient),
        row.domain,
        row.order_year,
        row.order_year_uncertain,
        row.n_ordered,
        row.tiv_ordered,
        row.n_delivered,
        row.tiv_delivered,
        spans(row.delivery_years),
        row.status,
        row.local_production,
        row.borrowed,
    )


def _rows(chain: _Chain, made_there: dict[int, int], counted: set[int]) -> Iterator[Deal]:
    """Yield a row of the table for each form; local production is of the newest that says so.

    Lines go before the comments of registers: those that come now, and those by which a panel has
    `counted` what was delivered of a deal.
    """
    said = [form.local_production for form in chain.forms]
    if chain.number >= OWN_NUMBERS or chain.number not in counted:
        said.reverse()
    by_comment = next((local for local in said if local is not None), None)
    local = made_there.get(chain.number, by_comment)
    for form in chain.forms:
        yield form._replace(deal=chain.number, local_production=local)


def _mark(chain: _Chain) -> DealMark:
    row = chain.row
    return DealMark(chain.number, row.line, row.supplier, row.recipient, *row.mark)


def spans(years: tuple[int, ...]) -> str:
    """Return years as text, runs joined: (2004, 2005, 2006, 2009) is '2004-2006 2009'."""
    runs: list[list[int]] = []
    for year in years:
        if runs and runs[-1][-1] == year - 1:
            runs[-1][1:] = [year]
        else:
            runs.append([year])
    return " ".join("-".join(map(str, run)) for run in runs)


def years_of(text: str) -> list[int]:
    """Return the years that `spans` has put into a text."""
    found: list[int] = []
    for run in text.split():
        first, _, last = run.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
