"""How registers restate the order book: deals that come up late, are dropped, or change.

Measured on registers, by the age of the order (years from its order year to the last year that the
register knows), for suppliers and order years that both cover. Two questions: which of the deals
that are known today did a reader know at that age, and which of the open ones never came.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crossover.data.books import standing
from crossover.data.deals import covers, undelivered, years_of
from crossover.data.errors import InputError
from crossover.data.records import Deal, DealDelivery, Register
from crossover.data.tables import RESTATED, Panel, read_once, stamps

SETTLED = 3
"""Years after which a register's word on an order counts as the last."""
FORESEEN = -2
"""Age, below zero, of the latest orders that a register may have known too early."""


class Case(NamedTuple):
    """A deal seen from one register: a `hit` where that knew it, or where it never came."""

    deal: Deal
    register: Register
    age: int
    begun: bool
    hit: bool


def volume(deal: Deal) -> float:
    """Return a deal's volume, TIV million: as ordered, or as delivered where that is not known."""
    return deal.tiv_ordered if deal.tiv_ordered is not None else deal.tiv_delivered


class Registers:
    """The deals of a panel by register, and when their deliveries began; read once."""

    def __init__(self, folder: Panel = None):
        self.registers: list[Register] = sorted(read_once("registers", folder))
        self.deals: tuple[Deal, ...] = read_once("deals", folder)
        self.deliveries: tuple[DealDelivery, ...] = read_once("deal_deliveries", folder)
        if not self.registers:
            raise InputError("the panel holds no trade register")
        self.newest = self.registers[-1]
        self._first: dict[int, int] = {}
        for row in self.deliveries:
            self._first[row.deal] = min(row.year, self._first.get(row.deal, row.year))
        self._listed: dict[str, dict[int, Deal]] = {}

    def listed(self, register: Register) -> dict[int, Deal]:
        """Return number → deal, for the deals that a register covers and has."""
        if register.vintage not in self._listed:
            self._listed[register.vintage] = {
                deal.deal: deal
                for deal in standing(self.deals, register)
                if covers(register, deal.supplier, deal.order_year)
            }
        return self._listed[register.vintage]

    def judged(self) -> list[Register]:
        """Return the registers on whose orders the newest one has the last word."""
        last = self.newest.last_year - SETTLED
        return [r for r in self.registers if r.first_order_year is not None and r.last_year <= last]

    def begun(self, deal: int, year: int) -> bool:
        """Say whether deliveries of a deal had begun by the end of a year, as known now."""
        return self._first.get(deal, year + 1) <= year


def registers_of(folder: Panel = None) -> Registers:
    """Return the deals of a panel by register, the same object while no file of them changes."""
    layers = tuple(folder) if isinstance(folder, Sequence) else folder
    return _registers_of(layers, stamps(folder, *RESTATED))


@functools.lru_cache(maxsize=4)
def _registers_of(folder: Panel, _: tuple) -> Registers:
    return Registers(folder)


def of_final(held: Registers) -> Iterator[Case]:
    """Yield each deal of the newest register as an earlier one knew it (`hit`) or did not.

    An age below zero is of a deal whose order year is now put after the earlier register: that may
    have known it as one of its own years (of what was ordered in 2023 by the register of 2024, a
    third by volume had become orders of 2024 a year later).
    """
    final = held.listed(held.newest)
    for register in held.judged():
        known = held.listed(register)
        for number, deal in final.items():
            age = register.last_year - deal.order_year
            if age >= FORESEEN and covers(register, deal.supplier, deal.order_year):
                begun = held.begun(number, register.last_year)
                yield Case(deal, register, age, begun, number in known)


def of_open(held: Registers) -> Iterator[Case]:
    """Yield each deal that an earlier register had as open, and whether it never came (`hit`).

    It did not where the newest register lacks the deal, or has it as closed without a delivery
    after the earlier register's last year: dropped, cut short, or delivered before already.
    """
    final = held.listed(held.newest)
    for register in held.judged():
        for number, deal in held.listed(register).items():
            if undelivered(deal) > 0:
                now = final.get(number)
                came = now is not None and _came(now, register.last_year)
                age = max(0, register.last_year - deal.order_year)
                yield Case(deal, register, age, deal.n_delivered > 0, not came)


def _came(deal: Deal, after: int) -> bool:
    """Say whether a deal had a delivery after a year, or has one still to come."""
    is_open = undelivered(deal) > 0 or (deal.n_ordered or 0) > deal.n_delivered
    return is_open or max(years_of(deal.delivery_years), default=0) > after
