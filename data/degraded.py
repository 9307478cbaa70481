"""Order books for years whose register was not kept: later knowledge, cut back to what was known.

The newest register is cut at the year: orders placed by then, deliveries made by then. That alone
knows too much: half the orders of a year come up only later, and one open order in five never
comes, which today's register no longer shows. So deals are left out at the rate at which real
registers had not known such deals, and orders of real registers that never came are put in at the
rate at which they had them, moved in time. Rates are by age of the order, by size, and by whether
deliveries had begun: a later register knows an order that has not begun mostly *because* it was
delivered later, so with one rate for both a model could read the future off 'nothing delivered yet'
(skill 0.43 where a real register gives 0.14). Orders that are now put a year or two later are in at
the rate at which registers had them too early. Numbers ordered are as known later.
"""

import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from crossover.data.books import Book, standing
from crossover.data.churn import FORESEEN, Case, Registers, of_final, of_open, registers_of, volume
from crossover.data.deals import spans, undelivered, years_of
from crossover.data.errors import InputError, fault
from crossover.data.records import Deal, DealDelivery
from crossover.data.tables import Panel

SEED = 20260518
OLDEST = 5
"""Ages from this on share their rates."""
SIZES = (10.0, 100.0)
"""Bounds of small, middling and large deals, TIV million."""

Stratum = tuple[int, int, bool]
"""Age of an order, its size, and whether deliveries had begun."""


class Rates(NamedTuple):
    """By stratum: the share of deals known, the share of open ones that never came, and those."""

    known: dict[Stratum, float]
    lost: dict[Stratum, float]
    never_came: dict[Stratum, list[Case]]


def degraded_book(
    year: int, folder: Panel = None, seed: int = SEED, held: Registers | None = None
) -> Book:
    """Return the newest register cut back to what a reader at the end of a year may have known.

    Parameters
    ----------
    year : last year of orders and deliveries.
    folder : the panel's folder, or a base and additions to it; the shipped panel when None.
    seed : of the draws; a deal's draw is the same at every year, so what is known of it stays so.
    held : the panel's registers, if read already.

    Returns
    -------
    Book : marked degraded. A deal with a number below zero is an order of a real register that
        never came, moved in time, under its number turned negative; no delivery after the year is
        in the book.

    Raises
    ------
    InputError : the year is not before the last of the newest register, or the panel has no
        register old enough to measure rates on.
    """
    held = held or registers_of(folder)
    newest = held.newest
    if year >= newest.last_year:
        rule = f"must be before {newest.last_year}, the last year of the newest register"
        raise InputError(fault(rule, column="year", value=year))
    rates = rates_of(held)
    delivered: dict[int, list[DealDelivery]] = defaultdict(list)
    for row in held.deliveries:
        if row.year <= year:
            delivered[row.deal].append(row)
    deals: list[Deal] = []
    used: set[int] = set()
    for deal in standing(held.deals, newest):
        if year - deal.order_year < FORESEEN:
            continue
        seen = _cut(deal, delivered[deal.deal], year)._replace(valid_from=newest.vintage)
        age = year - deal.order_year
        at = stratum(age, volume(deal), seen.n_delivered > 0)
        if _draw(seed, deal.deal, "known") >= rates.known.get(at, float(age >= 0)):
            continue
        deals.append(seen._replace(order_year=min(deal.order_year, year)))
        at = stratum(max(age, 0), volume(seen), seen.n_delivered > 0)
        lost = rates.lost.get(at, 0.0)
        if undelivered(seen) > 0 and _draw(seed, deal.deal, "lost") * (1.0 - lost) < lost:
            case = _pick(rates.never_came[at], _draw(seed, deal.deal, "which"), used)
            if case is not None:
                deals.append(_moved(case, year)._replace(valid_from=newest.vintage))
    return Book(tuple(deals), year, (newest,), degraded=True)


def stratum(age: int, size: float, begun: bool) -> Stratum:
    """Return the cell of the rates that a deal of a volume (TIV million) belongs to."""
    return min(max(age, FORESEEN), OLDEST), sum(size >= bound for bound in SIZES), begun


@functools.lru_cache(maxsize=4)
def rates_of(held: Registers) -> Rates:
    """Measure the rates over all registers on whose orders the newest has the last word; once.

    Raises
    ------
    InputError : there is no such register.
    """
    if not held.judged():
        rule = "holds no trade register old enough to measure how registers restate orders"
        raise InputError(fault(rule, file="panel"))
    open_deals = list(of_open(held))
    never_came: dict[Stratum, list[Case]] = defaultdict(list)
    for case in open_deals:
        if case.hit:
            never_came[_of(case)].append(case)
    return Rates(_shares(of_final(held)), _shares(open_deals), dict(never_came))


def _of(case: Case) -> Stratum:
    return stratum(case.age, volume(case.deal), case.begun)


def _shares(cases: Iterable[Case]) -> dict[Stratum, float]:
    """Return stratum → share of hits."""
    counts: dict[Stratum, list[int]] = defaultdict(lambda: [0, 0])
    for case in cases:
        count = counts[_of(case)]
        count[0] += case.hit
        count[1] += 1
    return {at: hits / total for at, (hits, total) in counts.items()}


def _pick(cases: list[Case], draw: float, used: set[int]) -> Case | None:
    """Return a case that a number in [0, 1) points to, of a deal not used yet; None if all are."""
    first = int(draw * len(cases))
    for case in cases[first:] + cases[:first]:
        if case.deal.deal not in used:
            used.add(case.deal.deal)
            return case
    return None


def _moved(case: Case, year: int) -> Deal:
    """Return a deal of a register moved in time, as if that had known data to a year."""
    years = year - case.register.last_year
    return case.deal._replace(
        deal=-case.deal.deal,
        valid_to="",
        order_year=case.deal.order_year + years,
        delivery_years=spans(tuple(y + years for y in years_of(case.deal.delivery_years))),
    )


def _cut(deal: Deal, delivered: list[DealDelivery], year: int) -> Deal:
    """Return a deal without its deliveries after a year; one that had none is as registered."""
    if max(years_of(deal.delivery_years), default=0) <= year:
        return deal
    return deal._replace(
        n_delivered=sum(row.n_delivered for row in delivered),
        tiv_delivered=round(sum(row.tiv for row in delivered), 4),
        delivery_years=spans(tuple(sorted(row.year for row in delivered))),
    )


def _draw(seed: int, deal: int, what: str) -> float:
    """Return a number in [0, 1) that depends on the seed, the deal and the question alone."""
    digest = hashlib.blake2b(f"{seed} {deal} {what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
