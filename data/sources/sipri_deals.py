"""SIPRI's trade register and delivery lines deal by deal, for the table of deals.

A register is read as the provider exports it, or as a tidy table of a register that was published
earlier; delivery lines as `sipri_lines` and `sipri_yearly` know them. Nothing is summed here: the
rows still name the weapon, which is what deals are told apart by, and go no further than the build
(SIPRI allows no wholesale republication). Registers before 2024 are known without trend-indicator
values; the tidy tables carry values borrowed from neighbouring registers, marked as such.
"""

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import NamedTuple

from crossover.data.deal_matching import mark
from crossover.data.domains import Weapon
from crossover.data.errors import InputError, each_row, fault
from crossover.data.sources import delimited, sipri_lines, sipri_register, sipri_yearly
from crossover.data.sources.deal_cells import PLATFORM, SHORT_NAMES, Cells, Own
from crossover.data.sources.files import Batch, Source, date_in_name, generated
from crossover.data.vintages import PART

TIDY_START = "recipient,supplier,order_year,order_year_uncertain,"
REGISTER, LINES = "register_deals", "deal_lines"
"""Names of the batches: neither is a table of the panel."""
DELIVERED = "Number delivered|Deliveries in the Year Range"
"""A column of registers, as named until June 2026 and since."""
ID_FROM = "2017-01-01"
"""The number of a deal in registers before this is not that of later ones."""
MADE_THERE = re.compile(r"licen[cs]e|assembl")
MADE = re.compile(r"produc|built|mounted")


DOMAIN_OF = property(lambda row: row.weapon.domain, doc="The weapon's domain.")
MARK_OF = property(
    lambda row: mark(row.weapon.weapon_class, row.designation),
    doc="What the weapon is told apart by.",
)


class RegisterDeal(NamedTuple):
    """A deal as one register has it: TIV in millions, None where the register says nothing.

    `supplier` and `recipient` are ISO3 codes, or the provider's name of a movement. `order_year` is
    None in a register that lost it; `borrowed` is 1 where unit values are those of other registers.
    """

    vintage: str
    line: int
    deal_id: int | None
    supplier: str
    recipient: str
    designation: str
    weapon: Weapon
    order_year: int | None
    order_year_uncertain: int
    n_ordered: int | None
    n_delivered: int
    delivery_years: tuple[int, ...]
    status: str
    local_production: int | None
    tiv_ordered: float | None
    tiv_delivered: float
    borrowed: int
    domain = DOMAIN_OF
    mark = MARK_OF


class DealLine(NamedTuple):
    """What was delivered of a deal in a year; `deal_id` is None where the lines have none."""

    vintage: str
    line: int
    deal_id: int | None
    supplier: str
    recipient: str
    designation: str
    weapon: Weapon
    order_year: int | None
    year: int
    n_delivered: int
    tiv: float
    local_production: int | None
    domain = DOMAIN_OF
    mark = MARK_OF


def recognises(source: Source) -> bool:
    """Say whether a file is a tidy table of a register."""
    return (source.text or "").startswith(TIDY_START)


def read(source: Source) -> list[Batch]:
    """Parse a tidy register; it is dated by the file's name.

    Raises
    ------
    InputError : no date in the name, a missing column, an unknown country, description or status,
        a year or number that is none, a row of the wrong width.
    """
    return [_batch(REGISTER, False, source, _tidy_register(source))]


def further(source: Source, found: Iterable[Batch] = ()) -> list[Batch]:
    """Return the deals of a file that another importer has read.

    Parameters
    ----------
    source : a register of the whole world, or delivery lines; of anything else there is nothing.
    found : what the other importer made of it: a part of a register is passed over; weapons that
        it knows by another mapping than ours count as there.

    Raises
    ------
    InputError : as `read`.
    """
    if source.text is None or any(batch.note == PART for batch in found):
        return []
    own = {
        row["description"]: Weapon(row["domain"], row["weapon_class"])
        for batch in found
        for row in batch.mapping
    }
    if sipri_register.recognises(source):
        return [_batch(REGISTER, True, source, _official_register(source, own))]
    if sipri_lines.recognises(source):
        is_tidy = source.text.startswith(sipri_lines.TIDY_START)
        return [_batch(LINES, not is_tidy, source, _lines(source, is_tidy, own))]
    if sipri_yearly.recognises(source):
        return [_batch(LINES, False, source, _yearly_lines(source, own))]
    return []


def _batch(table: str, official: bool, source: Source, rows: Iterator) -> Batch:
    found = list(rows)
    if not found:
        raise InputError(fault("holds no deal", file=source.name))
    return Batch(table, table, "SIPRI", found[0].vintage, official, source.name, found)


# Registers -------------------------------------------------------------------------------------


def _tidy_register(source: Source) -> Iterator[RegisterDeal]:
    vintage = date_in_name(source.name)
    if vintage is None:
        rule = "the name must hold the date of the release, as in register_2020-10-11.csv.gz"
        raise InputError(fault(rule, file=source.name))
    table = delimited.find(source, "recipient", "supplier", "order_year")
    matched = "_matched" if table.where("tiv_order_matched") is not None else ""
    has_id = table.where("sipri_id") is not None and vintage >= ID_FROM
    needed = (
        "supplier", "recipient", "order_year", "order_year_uncertain", "n_ordered", "designation",
        "description", "n_delivered", "delivery_years", "status", f"tiv_order{matched}",
        f"tiv_delivered{matched}",
    )  # fmt: skip
    for cell in _cells(table, *needed, *(["sipri_id"] if has_id else [])):
        with each_row:
            cell.width()
            yield RegisterDeal(
                vintage,
                cell.line,
                cell.whole("sipri_id") if has_id else None,
                cell.party("supplier"),
                cell.party("recipient"),
                cell("designation"),
                cell.weapon("description"),
                cell.year("order_year") if cell("order_year") else None,
                cell.flag("order_year_uncertain"),
                cell.whole("n_ordered"),
                cell.whole("n_delivered") or 0,
                cell.years("delivery_years"),
                cell.status("status"),
                None,
                cell.ordered("n_ordered", f"tiv_order{matched}"),
                cell.volume(f"tiv_delivered{matched}") or 0.0,
                int(bool(matched)),
            )


def _official_register(source: Source, own: Own) -> Iterator[RegisterDeal]:
    vintage = generated(source)
    table = delimited.find(source, *sipri_register.START)
    uncertain = table.at("Year of order")[0] + 1
    needed = (
        "Recipient", "Supplier", "Year of order", "Number ordered", "Weapon designation",
        "Weapon description", DELIVERED, "Year(s) of delivery", "status", "Comments",
        "SIPRI TIV for total order", "SIPRI TIV of delivered weapons",
    )  # fmt: skip
    for cell in _cells(table, *needed, rows=sipri_register.numbered_rows(source), own=own):
        with each_row:
            cell.width()
            yield RegisterDeal(
                vintage,
                cell.line,
                None,
                cell.party("Supplier"),
                cell.party("Recipient"),
                cell("Weapon designation"),
                cell.weapon("Weapon description"),
                cell.year("Year of order"),
                int(cell.row[uncertain].strip() == "?"),
                cell.whole("Number ordered"),
                cell.whole(DELIVERED) or 0,
                cell.years("Year(s) of delivery"),
                cell.status("status"),
                made_there(cell("Comments"), cell("Recipient")),
                cell.ordered("Number ordered", "SIPRI TIV for total order"),
                cell.volume("SIPRI TIV of delivered weapons") or 0.0,
                0,
            )


def made_there(comment: str, recipient: str) -> int:
    """Return 1 where a register's comment says that arms are made in part by the recipient.

    Words for a licence or assembly say so; others for production only with the recipient's name.
    Of 662 deals that the delivery lines mark as local production the comment finds five in six.
    """
    name = recipient.split("(")[0].strip().casefold()
    names = "|".join(re.escape(n) for n in {name, SHORT_NAMES.get(name, name)})
    for part in comment.casefold().split(";"):
        said = PLATFORM.sub("", part)
        if MADE_THERE.search(said):
            return 1
        if MADE.search(said) and re.search(rf"\bin ({names})", said):
            return 1
    return 0


# Delivery lines --------------------------------------------------------------------------------


def _lines(source: Source, is_tidy: bool, own: Own) -> Iterator[DealLine]:
    columns = sipri_lines.TIDY if is_tidy else sipri_lines.OFFICIAL
    designation, order, local = (
        ("designation", "order_year", "local_production")
        if is_tidy
        else ("Designation", "Order date", "Local production")
    )
    vintage = "" if is_tidy else generated(source)
    stamp = ["vintage"] if is_tidy else []
    table = delimited.find(source, columns["deal"])
    for cell in _cells(table, *columns.values(), designation, order, local, *stamp, own=own):
        with each_row:
            cell.width()
            released = vintage or cell("vintage")
            year = cell.year(columns["year"])
            if not cell(columns["tiv"]) or not sipri_lines.complete(year, released):
                continue
            yield DealLine(
                released,
                cell.line,
                cell.whole(columns["deal"]),
                cell.party(columns["supplier"]),
                cell.party(columns["recipient"]),
                cell(designation),
                cell.weapon(columns["description"]),
                cell.year(order),
                year,
                cell.whole(columns["number"]) or 0,
                cell.volume(columns["tiv"]) or 0.0,
                cell.flag(local),
            )


def _yearly_lines(source: Source, own: Own) -> Iterator[DealLine]:
    vintage = source.options.released or date_in_name(source.name) or ""
    table = delimited.find(source, *sipri_yearly.HEADER)
    for cell in _cells(table, *sipri_yearly.HEADER, own=own):
        with each_row:
            cell.width()
            year = cell.year("year")
            if not sipri_lines.complete(year, vintage):
                continue
            yield DealLine(
                vintage,
                cell.line,
                None,
                sipri_yearly.state(cell.party("supplier"), year),
                sipri_yearly.state(cell.party("recipient"), year),
                cell("designation"),
                cell.weapon("description"),
                None,
                year,
                cell.whole("n_delivered") or 0,
                cell.volume("tiv") or 0.0,
                None,
            )


# Cells -----------------------------------------------------------------------------------------


def _cells(
    table: delimited.Table,
    *columns: str,
    rows: Iterable[tuple[int, list[str]]] | None = None,
    own: Own = MappingProxyType({}),
) -> Iterator["Cells"]:
    """Yield each row of a table that must have these columns; `own` are weapons not of ours."""
    at = dict(zip(columns, table.at(*columns), strict=True))
    known: dict[tuple, object] = {}
    for line, row in table.rows() if rows is None else rows:
        yield Cells(table, at, line, row, own, known)
