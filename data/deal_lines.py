"""Delivery lines and the deals they are of: SIPRI's numbers of deals, and what came in each year.

Registers carry no number of a deal and no number delivered by year; delivery lines carry both, and
the yearly lines only the latter. Each year is taken from the newest release that has it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from crossover.data.deal_matching import LINES_TO_REGISTER, ONE_YEAR, Sought, pair
from crossover.data.records import DealDelivery
from crossover.data.sources.sipri_deals import DealLine, RegisterDeal


class Listed(NamedTuple):
    """A deal that the newest register has: its row, and its number."""

    row: RegisterDeal | Sought
    number: int


def newest_by_year(lines: Iterable[Any]) -> list[Any]:
    """Return the lines of each year from the newest release that has the year."""
    lines = list(lines)
    newest = _newest(lines)
    return [line for line in lines if line.vintage == newest[line.year]]


def _newest(lines: Iterable[Any]) -> dict[int, str]:
    """Return year → the newest release that has it."""
    newest: dict[int, str] = {}
    for line in lines:
        newest[line.year] = max(line.vintage, newest.get(line.year, ""))
    return newest


# Numbers of deals ------------------------------------------------------------------------------


def take_numbers(
    registers: dict[str, list], years: dict[str, int], lines: Iterable[DealLine]
) -> None:
    """Give the deals of registers the numbers that delivery lines of the same release have.

    Parameters
    ----------
    registers : date → rows, which are replaced in place.
    years : date → last year that the register knows; those with the same are of one release.
    lines : with numbers.
    """
    releases: dict[int, list[DealLine]] = defaultdict(list)
    for line in lines:
        before = max((vintage for vintage in registers if vintage <= line.vintage), default=None)
        if before:
            releases[years[before]].append(line)
    for vintage, rows in registers.items():
        if years[vintage] in releases:
            _take_from(rows, newest_by_year(releases[years[vintage]]))


def _take_from(rows: list, lines: list[DealLine]) -> None:
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


def _together(lines: list[DealLine]) -> Sought:
    """Return the lines of one deal taken together; what only registers say of it is empty."""
    one = max(lines, key=lambda line: line.vintage)
    return Sought(
        one.deal_id,
        one.line,
        one.supplier,
        one.recipient,
        one.domain,
        one.mark,
        one.order_year,
        None,
        "",
        sum(line.n_delivered for line in lines),
        tuple(sorted(line.year for line in lines)),
        sum(line.tiv for line in lines),
    )


# Deliveries by year ----------------------------------------------------------------------------


def deliveries(
    listed: Sequence[Listed], known: Sequence[DealDelivery], lines: Iterable[DealLine]
) -> list[DealDelivery]:
    """Return what came of each deal in each year, of the newest release that has the year.

    Lines without number get that of a deal which the newest register lists with deliveries in
    their year: of the same system and pair, if possible with the number that an older release's
    lines have for the deal and year, or that is left of what the register has delivered. Where none
    is found, the older release's line stays (the compiled lines lack alliances and movements).

    Parameters
    ----------
    listed : the deals of the newest register.
    known : deliveries that are known already. The same release again tells, where a register has
        come since, of more deals by its numbers, and of years that had none.
    lines : with or without numbers.
    """
    lines = list(lines)
    numbered = [_delivery(line, line.deal_id) for line in lines if line.deal_id is not None]
    unnumbered: dict[int, list[DealLine]] = defaultdict(list)
    for line in newest_by_year(line for line in lines if line.deal_id is None):
        unnumbered[line.year].append(line)
    before = _years(known, newest_by_year(numbered))
    held = _newest(before)
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    for row in before:
        counts[row.deal][row.year] = row.n_delivered
    by_year: dict[int, list[DealDelivery]] = defaultdict(list)
    for row in before:
        by_year[row.year].append(row)
    found: list[DealDelivery] = []
    for year in sorted(unnumbered.keys() | by_year.keys()):
        without = unnumbered.get(year, [])
        if without and without[0].vintage > held.get(year, ""):
            found += _of_year(year, listed, without, counts, by_year[year])
        else:
            found += by_year[year]
    return found


def _years(known: Sequence[DealDelivery], newer: list[DealDelivery]) -> list[DealDelivery]:
    """Return deliveries, a year as it is known, or whole from a newer release or the same again."""
    held, newest = _newest(known), _newest(newer)
    replaced = {year for year, vintage in newest.items() if vintage >= held.get(year, "")}
    return [row for row in known if row.year not in replaced] + [
        row for row in newer if row.year in replaced
    ]


def _delivery(line: DealLine, number: int) -> DealDelivery:
    return DealDelivery(number, line.year, line.n_delivered, line.tiv, line.vintage)


def _of_year(
    year: int,
    listed: Sequence[Listed],
    without: list[DealLine],
    counts: dict[int, dict[int, int]],
    before: list[DealDelivery],
) -> list[DealDelivery]:
    """Return one year's deliveries from lines without number, and those `before` of other deals."""
    held = [deal for deal in listed if year in deal.row.delivery_years]
    deals = [_in_year(deal.row, year, counts[deal.number]) for deal in held]
    pairs = pair(deals, [_together([line]) for line in without], ONE_YEAR)
    found = [_delivery(without[j], held[i].number) for i, j in pairs]
    paired = {i for i, _ in pairs}
    left = {deal.number for i, deal in enumerate(held) if i not in paired}
    return found + [row for row in before if row.deal in left]


def _in_year(row: Any, year: int, counts: dict[int, int]) -> Any:
    """Return a deal with what presumably came in one year, from the counts of known years."""
    unknown = [y for y in row.delivery_years if y not in counts]
    rest = max(0, row.n_delivered - sum(counts.values()))
    number = counts.get(year, rest // max(1, len(unknown)))
    unit = row.tiv_delivered / row.n_delivered if row.n_delivered else 0.0
    return row._replace(
        delivery_years=(year,), n_delivered=number, tiv_delivered=round(unit * number, 4)
    )
