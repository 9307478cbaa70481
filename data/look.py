"""Look something up in the panel: what there is, a series, a pair's deliveries, a revision.

Every answer is plain rows under a header, read without any heavy import, so that a command can
print it at once. What a user asks for is checked here, and an unknown name meets its nearest.
"""

import datetime
import difflib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from crossover.data import countries, domains, vintages
from crossover.data.errors import InputError, fault
from crossover.data.names import DOMAINS, REST
from crossover.data.tables import FACT_TABLES, SOVIET_UNION, WORLD, Panel, Vintage, indicators, read

DELIVERIES = "deliveries"
ORDERS = "orders"
IDEAL_POINT = "ideal_point"
UNIT_VALUES = "unit_values"
DESCRIPTIONS = "descriptions"
FLOWS = ("imports", "exports")
TIV = "TIV million"
TIV_UNIT = "TIV million per unit"
OTHER_UNITS = {
    DELIVERIES: TIV,
    ORDERS: TIV,
    IDEAL_POINT: "1",
    UNIT_VALUES: TIV_UNIT,
    DESCRIPTIONS: TIV,
} | dict.fromkeys(FLOWS, TIV)
"""Series that are no indicator of a country and year → unit."""

Years = tuple[int, int]


class Answer(NamedTuple):
    """Rows to print, with their header and a title that says what they are."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple]


def listing(folder: Panel = None) -> Answer:
    """List what the panel holds: a row a series, and one a table of our own.

    Returns
    -------
    Answer : table, series, unit, first and last year, number of releases kept, first and newest
        release, rows of kept releases, and rows whose date is assumed.
    """
    by_series: dict[tuple[str, str], list[Vintage]] = defaultdict(list)
    for row in read("vintages", folder):
        by_series[row.table, row.series].append(row)
    rows: list[tuple] = []
    for (table, series), held in sorted(by_series.items()):
        kept = [row for row in held if not row.assumed]
        days = sorted({row.vintage for row in kept})
        rows.append(
            (
                table,
                series,
                unit(series),
                min(row.first_year for row in kept),
                max(row.last_year for row in kept),
                len(days),
                days[0],
                days[-1],
                sum(row.rows for row in kept),
                sum(row.rows for row in held if row.assumed),
            )
        )
    for table in FACT_TABLES:
        rows.append((table, "", "", None, None, 0, "", "", len(read(table, folder)), 0))
    header = (
        "table",
        "series",
        "unit",
        "first year",
        "last year",
        "releases",
        "first release",
        "newest release",
        "rows",
        "rows of assumed date",
    )
    return Answer("What the panel holds", header, rows)


def releases(series: str | None = None, folder: Panel = None) -> Answer:
    """List every release that was kept: series, date, years, rows, file and how it is dated."""
    if series is not None:
        check_series(series)
    rows = [
        (row.table, row.series, row.vintage, row.first_year, row.last_year, row.rows, row.file,
         row.note)
        for row in read("vintages", folder)
        if not row.assumed and series in (None, row.series)
    ]
    header = ("table", "series", "released", "first year", "last year", "rows", "file", "note")
    return Answer("Releases kept", header, sorted(rows))


def added(store: Path) -> Answer:
    """List what was added to a store, oldest first: id, day, file, rows in it, rows added by all.

    Raises
    ------
    InputError : nothing was added yet, or an addition is damaged.
    """
    from crossover.data import additions

    rows = [
        (one.id, one.created, file["name"], file["rows"], one.added)
        for one in additions.listing(store)
        for file in one.files
    ]
    header = ("addition", "added", "file", "rows in the file", "rows added")
    return _answer(f"Additions in {store}", header, rows)


def unit(series: str) -> str:
    """Return a series' unit; the base year of constant prices depends on the release."""
    if series in OTHER_UNITS:
        return OTHER_UNITS[series]
    known = indicators().get(series)
    return known.unit.format(base="(base year)") if known else ""


def names_of_series() -> list[str]:
    """Return every series that `show` knows."""
    return [*indicators(), *OTHER_UNITS]


def check_series(series: str) -> str:
    """Return the name of a known series.

    Raises
    ------
    InputError : nobody knows it; the message names the nearest, and all of them.
    """
    return _known(series, names_of_series(), "indicator")


def check_domain(domain: str) -> str:
    """Return the name of a known domain; raise InputError, naming the nearest, otherwise."""
    return _known(domain, list(DOMAINS), "domain")


def _known(text: str, known: list[str], what: str) -> str:
    if text in known:
        return text
    near = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.4)
    hint = f"the nearest known is {near[0]!r}; " if near else ""
    rule = f"unknown {what}: {hint}must be one of {', '.join(known)}"
    raise InputError(fault(rule, value=text))


def years(text: str, option: str = "--years") -> Years:
    """Return (first, last) year of '2019', '1995-2024', '1995-' or '-2000'.

    Raises
    ------
    InputError : anything else, or a first year after the last.
    """
    found = re.fullmatch(r"(\d{4})?(-)?(\d{4})?", text.strip())
    if not found or not (found[1] or found[3]) or (found[1] and found[3] and not found[2]):
        rule = "must be a year or a span of years, as in 2019 or 1995-2024"
        raise InputError(fault(rule, column=option, value=text))
    first = int(found[1] or 0)
    last = int(found[3]) if found[3] else (9999 if found[2] else first)
    if first > last:
        raise InputError(fault("the first year comes after the last", column=option, value=text))
    return first, last


def show(
    series: str,
    *,
    country: str | None = None,
    supplier: str | None = None,
    recipient: str | None = None,
    domain: str | None = None,
    weapon: str | None = None,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Show one series: an indicator, deliveries, orders, ideal points, totals or unit values.

    Parameters
    ----------
    series : name as `listing` gives it.
    country : for country-year series, an ISO3 code or a name; all of the sample when None.
    supplier, recipient, domain : for deliveries and orders; supplier and domain for unit values.
    weapon : for unit values and descriptions, a text that the weapon's name holds, in any case.
    span : first and last year; all when None.
    as_of : last day whose releases count; None for all.
    every_vintage : each release of a figure instead of the newest known.
    folder : the panel's folder, or a base and additions to it; the shipped panel when None.

    Raises
    ------
    InputError : an unknown series, country or domain, one that the series has no use for, a date
        before its first release, or nothing found.
    """
    check_series(series)
    if series in (UNIT_VALUES, DESCRIPTIONS):
        _without(series, "--country", country)
        _without(series, "--recipient", recipient)
        chosen = {"domain": domain, "weapon": weapon, "span": span, "as_of": as_of}
        if series == UNIT_VALUES:
            return unit_values(supplier, every_vintage=every_vintage, folder=folder, **chosen)
        _without(series, "--supplier", supplier)
        return descriptions(every_vintage=every_vintage, folder=folder, **chosen)
    _without(series, "--weapon", weapon)
    if series in (DELIVERIES, ORDERS):
        _without(series, "--country", country)
        lookup = deliveries if series == DELIVERIES else orders
        return lookup(
            supplier,
            recipient,
            domain=domain,
            span=span,
            as_of=as_of,
            every_vintage=every_vintage,
            folder=folder,
        )
    for option, value in (
        ("--supplier", supplier),
        ("--recipient", recipient),
        ("--domain", domain),
    ):
        _without(series, option, value)
    lookup = totals if series in FLOWS else ideal_points if series == IDEAL_POINT else figures
    return lookup(
        series, country, span=span, as_of=as_of, every_vintage=every_vintage, folder=folder
    )


def _without(series: str, option: str, value: str | None) -> None:
    if value is not None:
        rule = f"{option} has no meaning for the series {series!r}"
        raise InputError(fault(rule, value=value))


def figures(
    series: str,
    country: str | None = None,
    *,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return figures of an indicator: country, year, value, unit, release, assumed, source.

    Each provider's newest known figure, or with `every_vintage` all its releases of it.
    """
    where: dict[str, Iterable[str]] = {"indicator": [series]}
    code = _member(country, (WORLD,)) if country else None
    if code:
        where["country"] = [code]
    rows = read("country_years", folder, where)
    _require_release(rows, as_of, series)
    if every_vintage:
        limit = vintages.day(as_of)
        known = [row for row in rows if row.vintage <= limit and not row.assumed]
    else:
        known = []
        for source in sorted({row.source for row in rows}):
            theirs = [row for row in rows if row.source == source]
            known += vintages.as_of_country_years(theirs, as_of)
    cells = [
        (r.country, r.year, r.value, r.unit, r.vintage, r.assumed, r.source)
        for r in known
        if _within(r.year, span)
    ]
    title = f"{indicators()[series].label}, {_where(code)}{_when(as_of)}"
    header = ("country", "year", "value", "unit", "released", "assumed", "source")
    return _answer(title, header, sorted(cells, key=lambda c: (c[0], c[1], c[4], c[6])))


def ideal_points(
    series: str = IDEAL_POINT,
    country: str | None = None,
    *,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return ideal points: country, year, value, release, assumed."""
    code = _member(country) if country else None
    rows = read("votes", folder, {"country": [code]} if code else None)
    _require_release(rows, as_of, series)
    limit = vintages.day(as_of)
    if every_vintage:
        known = [row for row in rows if row.vintage <= limit and not row.assumed]
    else:
        known = vintages.as_of_votes(rows, as_of)
    cells = [
        (r.country, r.year, r.ideal_point, r.vintage, r.assumed)
        for r in known
        if _within(r.year, span)
    ]
    title = f"Ideal point in the UN General Assembly, {_where(code)}{_when(as_of)}"
    return _answer(title, ("country", "year", "value", "released", "assumed"), sorted(cells))


def totals(
    series: str,
    country: str | None = None,
    *,
    span: Years | None = None,
    as_of: datetime.date | None = None,
    every_vintage: bool = False,
    folder: Panel = None,
) -> Answer:
    """Return a country's total arms imports or exports: as published, and summed from the lines.

    Rows are country, year, TIV million, release, source. The newest known release of each figure
    counts, or with `every_vintage` all of them. Assumed dates are left out.
    """
    if country is None:
        raise InputError(fault("needs a country: --country ISO3", value=series))
    code = _member(country, (WORLD,))
    limit = vintages.day(as_of)
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
    vintages.require_known(as_of, first, f"total of arms {series}")
    cells = [cell for cell in known if cell[3] <= limit and _within(cell[1], span)]
    if not every_vintage:
        newest: dict[int, tuple] = {}
        for cell in sorted(cells, key=lambda c: (c[3], c[4] == summed)):
            newest[cell[1]] = cell
        cells = list(newest.values())
    title = f"Total arms {series}, {_where(code)}{_when(as_of)}"
    header = ("country", "year", TIV, "released", "source")
    return _answer(title, header, sorted(cells, key=lambda c: (c[1], c[3], c[4])))


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
    _require_release(listed, as_of, DELIVERIES)
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
        (year, row.vintage, row.assumed): [0.0, 0] for year, row in covering if _within(year, span)
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
    return _answer(f"Deliveries of major arms, {title}{_when(as_of)}", header, sorted(cells))


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
    _require_release(listed, as_of, ORDERS)
    limit = vintages.day(as_of)
    if every_vintage:
        known = [row for row in rows if row.vintage <= limit]
    else:
        known = vintages.as_of_orders(rows, listed, as_of)
    newest: dict[int, str] = {}
    sums: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
    for row in known:
        if _within(row.order_year, span):
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
    return _answer(f"Orders of major arms, {title}{_when(as_of)}", header, sorted(cells))


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
        and _within(r.year, span)
        and _named(weapon, r.weapon_class)
    ]
    header = (
        "supplier", "class", "domain", "year", TIV_UNIT, "units", "released", "assumed"
    )  # fmt: skip
    who = where.get("supplier", ["all suppliers of the sample"])[0]
    what = "".join(f", {part}" for part in (domain, weapon) if part)
    title = f"Highest value per unit of new systems delivered, {who}{what}{_when(as_of)}"
    return _answer(title, header, sorted(cells, key=lambda c: (c[0], c[1], c[3], c[6])))


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
    _require_release(rows, as_of, DESCRIPTIONS)
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
        and _within(r.year, span)
        and _named(weapon, r.description)
    ]
    header = ("description", "domain", "category", "year", TIV, "lines", "released")
    what = "".join(f", {part}" for part in (domain, weapon) if part)
    title = f"Deliveries of the world by description{what}{_when(as_of)}"
    return _answer(title, header, sorted(cells, key=lambda c: (c[0], c[3], c[6], c[2])))


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
    _require_release(listed, as_of, series)
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


def _member(text: str, also: tuple[str, ...] = ()) -> str:
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


def _require_release(rows: Iterable, as_of: datetime.date | None, series: str) -> None:
    first = min((row.vintage for row in rows), default=None)
    if first is not None:
        vintages.require_known(as_of, first, f"figure of {series}")


def _within(year: int, span: Years | None) -> bool:
    return span is None or span[0] <= year <= span[1]


def _where(code: str | None) -> str:
    return code or "all countries of the sample"


def _when(as_of: datetime.date | None) -> str:
    return f", as known on {as_of.isoformat()}" if as_of else ""


def _answer(title: str, header: tuple[str, ...], rows: list[tuple]) -> Answer:
    if not rows:
        raise InputError(f"no figure found: {title}")
    return Answer(title, header, rows)
