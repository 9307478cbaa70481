"""Figures of the panel by series: what a reader asks of one, and how the answer is laid out."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from crossover.data import countries, domains, vintages
from crossover.data.errors import InputError, fault
from crossover.data.look import (
    DELIVERIES,
    DESCRIPTIONS,
    FLOWS,
    IDEAL_POINT,
    ORDERS,
    TIV,
    TIV_UNIT,
    UNIT_VALUES,
    Answer,
    Query,
    answer_of,
    check_domain,
    check_series,
)
from crossover.data.names import REST
from crossover.data.tables import SOVIET_UNION, WORLD, indicators, read


def show(series: str, **asked: Any) -> Answer:
    """Show one series: an indicator, deliveries, orders, ideal points, totals or unit values.

    Parameters
    ----------
    series, asked : see `look.Query`.

    Raises
    ------
    InputError : an unknown series, country or domain, one that the series has no use for, a date
        before its first release, or nothing found.
    """
    check_series(series)
    lookup, options = {
        UNIT_VALUES: (unit_values, ("supplier", "domain", "weapon")),
        DESCRIPTIONS: (descriptions, ("domain", "weapon")),
        DELIVERIES: (deliveries, ("supplier", "recipient", "domain")),
        ORDERS: (orders, ("supplier", "recipient", "domain")),
        IDEAL_POINT: (ideal_points, ("country",)),
        **dict.fromkeys(FLOWS, (totals, ("country",))),
    }.get(series, (figures, ("country",)))
    query = Query(series, **asked)
    for option in ("weapon", "country", "recipient", "supplier", "domain"):
        if option not in options and (value := getattr(query, option)) is not None:
            rule = f"--{option} has no meaning for the series {series!r}"
            raise InputError(fault(rule, value=value))
    return lookup(query)


def _country(asked: Query, *also: str) -> tuple[str | None, str]:
    """Return the code of the country asked for, and how a title names it."""
    if not asked.country:
        return None, "all countries of the sample"
    code = countries.find(asked.country)
    if code not in (*countries.members(), *also):
        rule = f"is outside the sample: must be one of {', '.join(sorted(countries.members()))}"
        raise InputError(fault(rule, column="--country", value=asked.country))
    return code, code


def figures(asked: Query) -> Answer:
    """Return figures of an indicator: country, year, value, unit, release, assumed, source.

    Each provider's newest known figure, or with `every_vintage` all its releases of it.
    """
    where: dict[str, Iterable[str]] = {"indicator": [asked.series]}
    code, place = _country(asked, WORLD)
    if code:
        where["country"] = [code]
    rows = read("country_years", asked.folder, where)
    require_release(rows, asked)
    if asked.every_vintage:
        known = _kept(rows, asked)
    else:
        known = []
        for source in sorted({row.source for row in rows}):
            theirs = [row for row in rows if row.source == source]
            known += vintages.as_of_country_years(theirs, asked.as_of)
    cells = [
        (r.country, r.year, r.value, r.unit, r.vintage, r.assumed, r.source)
        for r in known
        if asked.has(r.year)
    ]
    title = f"{indicators()[asked.series].label}, {place}{asked.told}"
    header = ("country", "year", "value", "unit", "released", "assumed", "source")
    return answer_of(title, header, sorted(cells, key=lambda c: (c[0], c[1], c[4], c[6])))


def _kept(rows: Iterable, asked: Query) -> list:
    limit = vintages.day(asked.as_of)
    return [row for row in rows if row.vintage <= limit and not row.assumed]


def ideal_points(asked: Query) -> Answer:
    """Return ideal points: country, year, value, release, assumed."""
    code, place = _country(asked)
    rows = read("votes", asked.folder, {"country": [code]} if code else None)
    require_release(rows, asked)
    known = _kept(rows, asked) if asked.every_vintage else vintages.as_of_votes(rows, asked.as_of)
    cells = [
        (r.country, r.year, r.ideal_point, r.vintage, r.assumed) for r in known if asked.has(r.year)
    ]
    title = f"Ideal point in the UN General Assembly, {place}{asked.told}"
    return answer_of(title, ("country", "year", "value", "released", "assumed"), sorted(cells))


def totals(asked: Query) -> Answer:
    """Return a country's total arms imports or exports: as published, and summed from the lines.

    Rows are country, year, TIV million, release, source. The newest known release of each figure
    counts, or with `every_vintage` all of them. Assumed dates are left out.
    """
    series, folder = asked.series, asked.folder
    if asked.country is None:
        raise InputError(fault("needs a country: --country ISO3", value=series))
    code, place = _country(asked, WORLD)
    known = [
        (row.country, row.year, row.tiv, row.vintage, row.source)
        for row in read("totals", folder, {"country": [code], "flow": [series]})
    ]
    side = "recipient" if series == "imports" else "supplier"
    sums: dict[tuple[int, str], float] = defaultdict(float)
    for row in read("transfers", folder, {side: [code], "assumed": ["0"]}):
        sums[row.year, row.vintage] += row.tiv
    summed = "SIPRI delivery lines, summed"
    known += [(code, y, round(tiv, 2), day, summed) for (y, day), tiv in sums.items()]
    first = min((cell[3] for cell in known), default=vintages.LATEST)
    vintages.require_known(asked.as_of, first, f"total of arms {series}")
    limit = vintages.day(asked.as_of)
    cells = [cell for cell in known if cell[3] <= limit and asked.has(cell[1])]
    if not asked.every_vintage:
        cells.sort(key=lambda c: (c[3], c[4] == summed))
        cells = list({cell[1]: cell for cell in cells}.values())
    title = f"Total arms {series}, {place}{asked.told}"
    header = ("country", "year", TIV, "released", "source")
    return answer_of(title, header, sorted(cells, key=lambda c: (c[1], c[3], c[4])))


# Pairs and weapons ------------------------------------------------------------------------------


def deliveries(asked: Query) -> Answer:
    """Return deliveries by year: year, TIV million, lines, release, assumed.

    Of a pair, or of one side with everybody; a year that a known release covers and in which
    nothing was delivered has 0. With `every_vintage`, each kept release in turn.
    """
    where, pair = _sides(asked)
    sums = {key: [0.0, 0] for key in _covering("transfers", asked) if asked.has(key[0])}
    for row in read("transfers", asked.folder, where):
        held = sums.get((row.year, row.vintage, row.assumed))
        if held is not None:
            held[0] += row.tiv
            held[1] += row.n_lines
    cells = [
        (year, round(tiv, 2), lines, day, is_assumed)
        for (year, day, is_assumed), (tiv, lines) in sums.items()
    ]
    header = ("year", TIV, "lines", "released", "assumed")
    return answer_of(f"Deliveries of major arms, {pair}{asked.told}", header, sorted(cells))


def orders(asked: Query) -> Answer:
    """Return orders by year of order: year, ordered and delivered TIV million, deals, release."""
    where, pair = _sides(asked)
    rows = read("orders", asked.folder, where)
    listed = [row for row in read("vintages", asked.folder) if row.table == "orders"]
    require_release(listed, asked)
    limit = vintages.day(asked.as_of)
    if asked.every_vintage:
        known = [row for row in rows if row.vintage <= limit]
    else:
        known = vintages.as_of_orders(rows, listed, asked.as_of)
    newest: dict[int, str] = {}
    sums: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
    for row in known:
        if asked.has(row.order_year):
            held = sums[row.order_year, row.vintage if asked.every_vintage else ""]
            held[0] += row.ordered_tiv
            held[1] += row.delivered_tiv
            held[2] += row.n_deals
            newest[row.order_year] = max(row.vintage, newest.get(row.order_year, ""))
    cells = [
        (year, round(ordered, 2), round(delivered, 2), deals, day or newest[year])
        for (year, day), (ordered, delivered, deals) in sums.items()
    ]
    header = ("year of order", f"ordered, {TIV}", f"delivered, {TIV}", "deals", "released")
    return answer_of(f"Orders of major arms, {pair}{asked.told}", header, sorted(cells))


def unit_values(asked: Query) -> Answer:
    """Return the highest value per unit of the new systems that a supplier delivered.

    Rows are supplier, class, domain, year, TIV million per unit, units, release, assumed: of the
    release that counts for the year's deliveries, or with `every_vintage` of each kept release.
    """
    where: dict[str, list[str]] = {}
    if asked.supplier is not None:
        where["supplier"] = [_side("supplier", asked.supplier, countries.suppliers())]
        if where["supplier"] == [REST]:
            rule = f"has no unit values: must be one of {', '.join(sorted(countries.suppliers()))}"
            raise InputError(fault(rule, column="--supplier", value=asked.supplier))
    if asked.domain is not None:
        where["domain"] = [check_domain(asked.domain)]
    chosen = set(_covering(UNIT_VALUES, asked))
    listed = {day for _, day, _ in chosen}
    cells = [
        (r.supplier, r.weapon_class, r.domain, r.year, r.tiv_unit, r.n_units, r.vintage, r.assumed)
        for r in read(UNIT_VALUES, asked.folder, where | {"vintage": listed})
        if (r.year, r.vintage, r.assumed) in chosen
        and asked.has(r.year)
        and asked.names(r.weapon_class)
    ]
    header = (
        "supplier", "class", "domain", "year", TIV_UNIT, "units", "released", "assumed"
    )  # fmt: skip
    who = where.get("supplier", ["all suppliers of the sample"])[0]
    title = f"Highest value per unit of new systems delivered, {who}{asked.told}"
    return answer_of(title, header, sorted(cells, key=lambda c: (c[0], c[1], c[3], c[6])))


def descriptions(asked: Query) -> Answer:
    """Return the world's deliveries by description: year, category, TIV million, lines, release.

    The domain is that of domains.csv as it stands, or of the mapping that an addition came with.
    Of releases that were kept alone.
    """
    if asked.domain is not None:
        check_domain(asked.domain)
    mapped = domains.by_description(asked.folder)
    rows = read(asked.series, asked.folder)
    require_release(rows, asked)
    rows = [row for row in rows if row.vintage <= vintages.day(asked.as_of)]
    newest: dict[int, str] = {}
    for row in rows:
        newest[row.year] = max(row.vintage, newest.get(row.year, ""))
    cells = [
        (r.description, mapped.get(r.description), r.category, r.year, r.tiv, r.n_lines, r.vintage)
        for r in rows
        if (asked.every_vintage or r.vintage == newest[r.year])
        and asked.domain in (None, mapped.get(r.description))
        and asked.has(r.year)
        and asked.names(r.description)
    ]
    header = ("description", "domain", "category", "year", TIV, "lines", "released")
    title = f"Deliveries of the world by description{asked.told}"
    return answer_of(title, header, sorted(cells, key=lambda c: (c[0], c[3], c[6], c[2])))


def _covering(table: str, asked: Query) -> list[tuple[int, str, int]]:
    """Return year, date and whether that is assumed, of the releases that count of each year.

    Unit values have releases of their own: lines by exact year have none.
    """
    listed = [row for row in read("vintages", asked.folder) if row.table == table]
    require_release(listed, asked)
    if not asked.every_vintage:
        chosen = vintages.transfer_vintages(listed, asked.as_of, table)
        return [(year, row.vintage, row.assumed) for year, row in chosen.items()]
    return [
        (year, row.vintage, row.assumed)
        for row in listed
        if row.vintage <= vintages.day(asked.as_of) and not row.assumed
        for year in range(row.first_year, row.last_year + 1)
    ]


def _side(side: str, text: str, kept: Iterable[str]) -> str:
    code = countries.find(text, option=f"--{side}")
    if code not in kept and code not in (REST, SOVIET_UNION):
        rule = (
            f"is no {side} of the sample, so it counts under {REST}: "
            f"must be one of {', '.join(sorted(kept))}, {REST}, {SOVIET_UNION}"
        )
        raise InputError(fault(rule, column=f"--{side}", value=text))
    return code


def _sides(asked: Query) -> tuple[dict[str, list[str]], str]:
    if asked.supplier is None and asked.recipient is None:
        raise InputError("needs a supplier or a recipient: --supplier ISO3 --recipient ISO3")
    where: dict[str, list[str]] = {}
    if asked.supplier is not None:
        where["supplier"] = [_side("supplier", asked.supplier, countries.suppliers())]
    if asked.recipient is not None:
        where["recipient"] = [_side("recipient", asked.recipient, countries.recipients())]
    if asked.domain is not None:
        where["domain"] = [check_domain(asked.domain)]
    return where, " to ".join(where.get(side, ["all"])[0] for side in ("supplier", "recipient"))


def require_release(rows: Iterable, asked: Query) -> None:
    """Refuse a day on which no release of a series was out."""
    first = min((row.vintage for row in rows), default=None)
    if first is not None:
        vintages.require_known(asked.as_of, first, f"figure of {asked.series}")
