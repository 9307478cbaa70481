"""Compile the table of deals: each order as every register had it, and what of it came when.

A register restates itself every year, so the table is kept in two times: the year of the order, and
the registers in which a deal stood in one form (`valid_from` the first, `valid_to` the one that
changed or dropped it). That a register lacks a deal says it was dropped only where that register
covers such deals; registers.csv says what each covers and when it was public. The weapon itself is
not kept, only its domain (SIPRI allows no wholesale republication).
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from data import countries
from data.deal_matching import (
    ACROSS_REGISTERS,
    LINES_TO_REGISTER,
    ONE_YEAR,
    UNMISTAKABLE,
    pair,
)
from data.domains import Weapon
from data.names import ALL_SUPPLIERS
from data.sources import sipri_deals
from data.sources.files import Batch
from data.sources.sipri_deals import DealLine, RegisterDeal
from data.tables import Deal, DealDelivery, Register, RegisterCoverage, read_own

RAW = (sipri_deals.REGISTER, sipri_deals.LINES)
"""Parsed rows that only this module reads; none of them is a table of the panel."""
COMPILED = ("deals", "deal_deliveries", "registers")
FIRST_ORDER, FIRST_DELIVERY = 1980, 1992
"""Kept: deals ordered from 1980, or delivered from 1992, or ever undelivered in a register."""
OWN_NUMBERS = 10_000_001
"""Deals of which nothing was ever delivered have no number of SIPRI's: theirs begin here."""


class _LineDeal(NamedTuple):
    """The lines of one deal taken together, in the shape in which registers have deals."""

    deal_id: int | None
    line: int
    supplier: str
    recipient: str
    designation: str
    weapon: Weapon
    order_year: int | None
    n_ordered: None
    n_delivered: int
    delivery_years: tuple[int, ...]
    tiv_delivered: float


class _Form(NamedTuple):
    """A deal as it stood from one register until another, which is empty while it stands."""

    row: RegisterDeal
    valid_from: str
    valid_to: str


class _Chain:
    """One deal through the registers: its forms, and the last row with the number if known."""

    def __init__(self, row: RegisterDeal):
        self.row = row
        self.forms = [_Form(row, row.vintage, "")]
        self.number = 0

    @property
    def stands(self) -> bool:
        return not self.forms[-1].valid_to

    def list(self, row: RegisterDeal) -> None:
        """Note the row of the next register that has the deal."""
        last = self.forms[-1]
        if not self.stands:
            self.forms.append(_Form(row, row.vintage, ""))
        elif _shown(row) != _shown(last.row):
            self.drop(row.vintage)
            self.forms.append(_Form(row, row.vintage, ""))
        number = row.deal_id if row.deal_id is not None else self.row.deal_id
        self.row = row._replace(deal_id=number)

    def drop(self, vintage: str) -> None:
        """Note the register that changed the deal, or covers it and lacks it."""
        self.forms[-1] = self.forms[-1]._replace(valid_to=vintage)


def compile_deals(batches: Iterable[Batch]) -> dict[str, list]:
    """Return the tables of deals, empty where the folder held no register.

    Deliveries of deals that no register has are left out.
    """
    registers: dict[str, list[RegisterDeal]] = {}
    files: dict[str, str] = {}
    lines: list[DealLine] = []
    for batch in batches:
        if batch.table == sipri_deals.REGISTER:
            registers.setdefault(batch.vintage, []).extend(batch.rows)
            files[batch.vintage] = batch.file
        else:
            lines += batch.rows
    if not registers:
        return {table: [] for table in COMPILED}
    described = [_register(registers[v], files[v]) for v in sorted(registers)]
    numbered = [line for line in lines if line.deal_id is not None]
    _take_numbers(registers, numbered)
    chains = _chain([(register, registers[register.vintage]) for register in described])
    chains = _number(chains)
    delivered = _deliveries(chains, numbered, [x for x in lines if x.deal_id is None])
    made_there = {line.deal_id: line.local_production for line in numbered}
    kept = [chain for chain in chains if any(_in_scope(form.row) for form in chain.forms)]
    known = {chain.number for chain in kept}
    return {
        "deals": [row for chain in kept for row in _rows(chain, made_there)],
        "deal_deliveries": [
            DealDelivery(line.deal_id, line.year, line.n_delivered, line.tiv, line.vintage)
            for line in delivered
            if line.deal_id in known
        ],
        "registers": described,
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
    """Describe a register; one that registers.csv does not know is taken to be whole."""
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


def newest_by_year(lines: Iterable[DealLine]) -> list[DealLine]:
    """Return the lines of each year from the newest release that has the year."""
    newest: dict[int, str] = {}
    lines = list(lines)
    for line in lines:
        newest[line.year] = max(line.vintage, newest.get(line.year, ""))
    return [line for line in lines if line.vintage == newest[line.year]]


def _take_numbers(registers: dict[str, list[RegisterDeal]], lines: list[DealLine]) -> None:
    """Give the deals of registers the numbers that delivery lines of the same release have."""
    years = {vintage: last_year(rows) for vintage, rows in registers.items()}
    releases: dict[int, list[DealLine]] = defaultdict(list)
    for line in lines:
        before = max((vintage for vintage in registers if vintage <= line.vintage), default=None)
        if before:
            releases[years[before]].append(line)
    for vintage, rows in registers.items():
        if years[vintage] in releases:
            _take_from(rows, newest_by_year(releases[years[vintage]]))


def _take_from(rows: list[RegisterDeal], lines: list[DealLine]) -> None:
    first = min(line.year for line in lines)
    held: dict[int, list[DealLine]] = defaultdict(list)
    for line in lines:
        held[line.deal_id].append(line)
    deals = [_together(of_deal) for of_deal in held.values()]
    places, shown = [], []
    for place, row in enumerate(rows):
        years = tuple(year for year in row.delivery_years if year >= first)
        if years:
            places.append(place)
            shown.append(row._replace(delivery_years=years))
    for i, j in pair(shown, deals, LINES_TO_REGISTER):
        rows[places[i]] = rows[places[i]]._replace(deal_id=deals[j].deal_id)


def _together(lines: list[DealLine]) -> _LineDeal:
    one = max(lines, key=lambda line: line.vintage)
    return _LineDeal(
        one.deal_id,
        one.line,
        one.supplier,
        one.recipient,
        one.designation,
        one.weapon,
        one.order_year,
        None,
        sum(line.n_delivered for line in lines),
        tuple(sorted(line.year for line in lines)),
        sum(line.tiv for line in lines),
    )


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
    own = OWN_NUMBERS
    for chain in kept:
        chain.number = chain.row.deal_id
        if chain.number is None:
            chain.number, own = own, own + 1
    return kept


# Deals through the registers -------------------------------------------------------------------


def _chain(registers: list[tuple[Register, list[RegisterDeal]]]) -> list[_Chain]:
    """Follow each deal through the registers, the oldest first."""
    chains: list[_Chain] = []
    for register, rows in registers:
        standing = [chain for chain in chains if chain.stands]
        dropped = [chain for chain in chains if not chain.stands]
        left = list(rows)
        listed: set[int] = set()
        for held, stages in ((standing, ACROSS_REGISTERS), (dropped, UNMISTAKABLE)):
            pairs = pair([chain.row for chain in held], left, stages)
            for i, j in pairs:
                held[i].list(left[j])
                listed.add(id(held[i]))
            found = {j for _, j in pairs}
            left = [row for j, row in enumerate(left) if j not in found]
        for chain in standing:
            row = chain.row
            if id(chain) not in listed and covers(register, row.supplier, row.order_year):
                chain.drop(register.vintage)
        chains += map(_Chain, left)
    return chains


def _deliveries(
    chains: list[_Chain], numbered: list[DealLine], unnumbered: list[DealLine]
) -> list[DealLine]:
    """Return what came of each deal in each year, of the newest release that has the year.

    Lines without number get that of a deal which the newest register lists with deliveries in
    their year: of the same system and pair, if possible with the number that an older release's
    lines have for the deal and year, or that is left of what the register has delivered. Where none
    is found, the older release's line stays (the compiled lines lack alliances and movements).
    """
    listed = [chain for chain in chains if chain.stands]
    before = newest_by_year(numbered)
    by_year: dict[int, list[DealLine]] = defaultdict(list)
    for line in newest_by_year([*numbered, *unnumbered]):
        by_year[line.year].append(line)
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    older: dict[tuple[int, int], DealLine] = {}
    for line in before:
        counts[line.deal_id][line.year] = line.n_delivered
        older[line.deal_id, line.year] = line
    found: list[DealLine] = []
    for year, lines in sorted(by_year.items()):
        found += [line for line in lines if line.deal_id is not None]
        without = [line for line in lines if line.deal_id is None]
        if not without:
            continue
        held = [chain for chain in listed if year in chain.row.delivery_years]
        deals = [_in_year(chain.row, year, counts[chain.number]) for chain in held]
        pairs = pair(deals, [_together([line]) for line in without], ONE_YEAR)
        found += [without[j]._replace(deal_id=held[i].number) for i, j in pairs]
        paired = {i for i, _ in pairs}
        left = [chain.number for i, chain in enumerate(held) if i not in paired]
        found += [older[number, year] for number in left if (number, year) in older]
    return found


def _in_year(row: RegisterDeal, year: int, counts: dict[int, int]) -> RegisterDeal:
    """Return a deal with what presumably came in one year, from the counts of known years."""
    unknown = [y for y in row.delivery_years if y not in counts]
    rest = max(0, row.n_delivered - sum(counts.values()))
    number = counts.get(year, rest // max(1, len(unknown)))
    unit = row.tiv_delivered / row.n_delivered if row.n_delivered else 0.0
    return row._replace(
        delivery_years=(year,), n_delivered=number, tiv_delivered=round(unit * number, 4)
    )


def _in_scope(row: RegisterDeal) -> bool:
    last = row.delivery_years[-1] if row.delivery_years else 0
    return row.order_year >= FIRST_ORDER or last >= FIRST_DELIVERY or undelivered(row) > 0


def _shown(row: RegisterDeal) -> tuple:
    """Return a register's row as the table has it: all but its dates, number and local part."""
    return (
        countries.as_supplier(row.supplier),
        countries.as_recipient(row.recipient),
        row.weapon.domain,
        row.order_year,
        row.order_year_uncertain,
        row.n_ordered,
        row.tiv_ordered,
        row.n_delivered,
        row.tiv_delivered,
        spans(row.delivery_years),
        row.status,
    )


def _rows(chain: _Chain, made_there: dict[int, int]) -> Iterator[Deal]:
    """Yield a row of the table for each form; local production is of the newest that says so."""
    said = [form.row.local_production for form in chain.forms]
    by_comment = next((local for local in reversed(said) if local is not None), None)
    local = made_there.get(chain.number, by_comment)
    for form in chain.forms:
        shown = _shown(form.row)
        yield Deal(chain.number, form.valid_from, form.valid_to, *shown, local, form.row.borrowed)


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
