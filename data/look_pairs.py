"""Figures of pairs of countries and of weapons: deliveries, orders, unit values, descriptions."""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from crossover.data import countries, domains, vintages
from crossover.data.errors import InputError, fault
from crossover.data.look import (
    DELIVERIES,
    DESCRIPTIONS,
    ORDERS,
    TIV,
    TIV_UNIT,
    UNIT_VALUES,
    Answer,
    Years,
    answer_of,
    check_domain,
)
from crossover.data.names import REST
from crossover.data.records import Vintage
from crossover.data.tables import SOVIET_UNION, Panel, read


def deliveries(
    supplier: str | None,
    recipient: str | None,
    *,
    domain: str | None = None,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return deliveries by year: year, TIV million, lines, release, assumed.

    Of a pair, or of one side with everybody; a year that a known release covers and in which
    nothing was delivered has 0. With `every_vintage`, each kept release in turn.
    """
    where, title = _sides(supplier, recipient, domain)
    listed = [row for row in read("vintages", folder) if row.table == "transfers"]
    require_release(listed, as_of, DELIVERIES)
    if every_vintage:
        limit = vintages.day(as_of)
        covering = [
            (year, row)
            for row in listed
            if row.vintage <= limit and not row.assumed
            for year in range(row.first_year, row.last_year + 1)
        ]
    else:
        covering = list(vintages.transfer_vintages(listed, as_of).items())
    sums: dict[tuple, list[float]] = {
        (year, row.vintage, row.assumed): [0.0, 0] for year, row in covering if within(year, span)
    }
    for row in read("transfers", folder, where):
        held = sums.get((row.year, row.vintage, row.assumed))
        if held is not None:
            held[0] += row.tiv
            held[1] += row.n_lines
    cells = [
        (year, round(tiv, 2), lines, day, is_assumed)
        for (year, day, is_assumed), (tiv, lines) in sums.items()
    ]
    header = ("year", TIV, "lines", "released", "assumed")
    return answer_of(f"Deliveries of major arms, {title}{day_of(as_of)}", header, sorted(cells))


def orders(
    supplier: str | None,
    recipient: str | None,
    *,
    domain: str | None = None,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return orders by year of order: year, ordered and delivered TIV million, deals, release."""
    where, title = _sides(supplier, recipient, domain)
    rows = read("orders", folder, where)
    listed = [row for row in read("vintages", folder) if row.table == "orders"]
    require_release(listed, as_of, ORDERS)
    limit = vintages.day(as_of)
    if every_vintage:
        known = [row for row in rows if row.vintage <= limit]
    else:
        known = vintages.as_of_orders(rows, listed, as_of)
    newest: dict[int, str] = {}
    sums: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
    for row in known:
        if within(row.order_year, span):
            held = sums[row.order_year, row.vintage if every_vintage else ""]
            held[0] += row.ordered_tiv
            held[1] += row.delivered_tiv
            held[2] += row.n_deals
            newest[row.order_year] = max(row.vintage, newest.get(row.order_year, ""))
    cells = [
        (year, round(ordered, 2), round(delivered, 2), deals, day or newest[year])
        for (year, day), (ordered, delivered, deals) in sums.items()
    ]
    header = ("year of order", f"ordered, {TIV}", f"delivered, {TIV}", "deals", "released")
    return answer_of(f"Orders of major arms, {title}{day_of(as_of)}", header, sorted(cells))


def unit_values(
    supplier: str | None = None,
    *,
    domain: str | None = None,
    weapon: str | None = None,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return the highest value per unit of the new systems that a supplier delivered.

    Rows are supplier, class, domain, year, TIV million per unit, units, release, assumed: of the
    release that counts for the year's deliveries, or with `every_vintage` of each kept release.
    """
    where: dict[str, list[str]] = {}
    if supplier is not None:
        where["supplier"] = [_supplier(supplier)]
        if where["supplier"] == [REST]:
            rule = f"has no unit values: must be one of {', '.join(sorted(countries.suppliers()))}"
            raise InputError(fault(rule, column="--supplier", value=supplier))
    if domain is not None:
        where["domain"] = [check_domain(domain)]
    listed, chosen = _releases_of_deliveries(as_of, every_vintage, UNIT_VALUES, folder)
    cells = [
        (r.supplier, r.weapon_class, r.domain, r.year, r.tiv_unit, r.n_units, r.vintage, r.assumed)
        for r in read(UNIT_VALUES, folder, where | {"vintage": listed})
        if (r.year, r.vintage, r.assumed) in chosen
        and within(r.year, span)
        and _named(weapon, r.weapon_class)
    ]
    header = (
        "supplier", "class", "domain", "year", TIV_UNIT, "units", "released", "assumed"
    )  # fmt: skip
    who = where.get("supplier", ["all suppliers of the sample"])[0]
    what = "".join(f", {part}" for part in (domain, weapon) if part)
    title = f"Highest value per unit of new systems delivered, {who}{what}{day_of(as_of)}"
    return answer_of(title, header, sorted(cells, key=lambda c: (c[0], c[1], c[3], c[6])))


def descriptions(
    *,
    domain: str | None = None,
    weapon: str | None = None,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return the world's deliveries by description: year, category, TIV million, lines, release.

    The domain is that of domains.csv as it stands, or of the mapping that an addition came with.
    Of releases that were kept alone.
    """
    if domain is not None:
        check_domain(domain)
    mapped = domains.by_description(folder)
    rows = read(DESCRIPTIONS, folder)
    require_release(rows, as_of, DESCRIPTIONS)
    limit = vintages.day(as_of)
    newest: dict[int, str] = {}
    for row in rows:
        if row.vintage <= limit:
            newest[row.year] = max(row.vintage, newest.get(row.year, ""))
    cells = [
        (r.description, mapped.get(r.description), r.category, r.year, r.tiv, r.n_lines, r.vintage)
        for r in rows
        if r.vintage <= limit
        and (every_vintage or r.vintage == newest[r.year])
        and domain in (None, mapped.get(r.description))
        and within(r.year, span)
        and _named(weapon, r.description)
    ]
    header = ("description", "domain", "category", "year", TIV, "lines", "released")
    what = "".join(f", {part}" for part in (domain, weapon) if part)
    title = f"Deliveries of the world by description{what}{day_of(as_of)}"
    return answer_of(title, header, sorted(cells, key=lambda c: (c[0], c[3], c[6], c[2])))


def _named(weapon: str | None, name: str) -> bool:
    return weapon is None or weapon.strip().lower() in name.lower()


def _releases_of_deliveries(
    as_of: datetime.date | None, every_vintage: bool, series: str, folder: Panel
) -> tuple[set[str], set[tuple[int, str, int]]]:
    """Return the dates of the releases of deliveries that count, and (year, date, assumed).

    Unit values have releases of their own: lines by exact year have none.
    """
    table = UNIT_VALUES if series == UNIT_VALUES else "transfers"
    listed = [row for row in read("vintages", folder) if row.table == table]
    require_release(listed, as_of, series)
    limit = vintages.day(as_of)
    covering: Iterable[tuple[int, Vintage]] = (
        (
            (year, row)
            for row in listed
            if row.vintage <= limit and not row.assumed
            for year in range(row.first_year, row.last_year + 1)
        )
        if every_vintage
        else vintages.transfer_vintages(listed, as_of, table).items()
    )
    chosen = {(year, row.vintage, row.assumed) for year, row in covering}
    return {day for _, day, _ in chosen}, chosen


def member(text: str, also: tuple[str, ...] = ()) -> str:
    """Return the code of a country of the sample."""
    code = countries.find(text)
    if code not in countries.members() and code not in also:
        rule = f"is outside the sample: must be one of {', '.join(sorted(countries.members()))}"
        raise InputError(fault(rule, column="--country", value=text))
    return code


def _supplier(text: str) -> str:
    return _side("supplier", text, countries.suppliers())


def _side(side: str, text: str, kept: Iterable[str]) -> str:
    code = countries.find(text, option=f"--{side}")
    if code not in kept and code not in (REST, SOVIET_UNION):
        rule = (
            f"is no {side} of the sample, so it counts under {REST}: "
            f"must be one of {', '.join(sorted(kept))}, {REST}, {SOVIET_UNION}"
        )
        raise InputError(fault(rule, column=f"--{side}", value=text))
    return code


def _sides(
    supplier: str | None, recipient: str | None, domain: str | None
) -> tuple[dict[str, list[str]], str]:
    if supplier is None and recipient is None:
        raise InputError("needs a supplier or a recipient: --supplier ISO3 --recipient ISO3")
    where: dict[str, list[str]] = {}
    for side, text, kept in (
        ("supplier", supplier, countries.suppliers()),
        ("recipient", recipient, countries.recipients()),
    ):
        if text is None:
            continue
        code = _side(side, text, kept)
        where[side] = [code]
    if domain is not None:
        where["domain"] = [check_domain(domain)]
    pair = " to ".join(where.get(side, ["all"])[0] for side in ("supplier", "recipient"))
    return where, f"{pair}, {domain}" if domain else pair


def require_release(rows: Iterable, as_of: datetime.date | None, series: str) -> None:
    """Refuse a day on which no release of a series was out."""
    first = min((row.vintage for row in rows), default=None)
    if first is not None:
        vintages.require_known(as_of, first, f"figure of {series}")


def within(year: int, span: Years | None) -> bool:
    """Say whether a year is in a span."""
    return span is None or span[0] <= year <= span[1]


def place_of(code: str | None) -> str:
    """Name the country asked for, or all."""
    return code or "all countries of the sample"


def day_of(as_of: datetime.date | None) -> str:
    """Name the day as of which is asked."""
    return f", as known on {as_of.isoformat()}" if as_of else ""
