"""Figures of the panel by series: what a reader asks of one, and how the answer is laid out."""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from crossover.data import vintages
from crossover.data.errors import InputError, fault
from crossover.data.look import (
    DELIVERIES,
    DESCRIPTIONS,
    FLOWS,
    IDEAL_POINT,
    ORDERS,
    TIV,
    UNIT_VALUES,
    Answer,
    Years,
    answer_of,
    check_series,
)
from crossover.data.look_pairs import (
    day_of,
    deliveries,
    descriptions,
    member,
    orders,
    place_of,
    require_release,
    unit_values,
    within,
)
from crossover.data.tables import WORLD, Panel, indicators, read


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
    code = member(country, (WORLD,)) if country else None
    if code:
        where["country"] = [code]
    rows = read("country_years", folder, where)
    require_release(rows, as_of, series)
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
        if within(r.year, span)
    ]
    title = f"{indicators()[series].label}, {place_of(code)}{day_of(as_of)}"
    header = ("country", "year", "value", "unit", "released", "assumed", "source")
    return answer_of(title, header, sorted(cells, key=lambda c: (c[0], c[1], c[4], c[6])))


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
    code = member(country) if country else None
    rows = read("votes", folder, {"country": [code]} if code else None)
    require_release(rows, as_of, series)
    limit = vintages.day(as_of)
    if every_vintage:
        known = [row for row in rows if row.vintage <= limit and not row.assumed]
    else:
        known = vintages.as_of_votes(rows, as_of)
    cells = [
        (r.country, r.year, r.ideal_point, r.vintage, r.assumed)
        for r in known
        if within(r.year, span)
    ]
    title = f"Ideal point in the UN General Assembly, {place_of(code)}{day_of(as_of)}"
    return answer_of(title, ("country", "year", "value", "released", "assumed"), sorted(cells))


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
    code = member(country, (WORLD,))
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
    cells = [cell for cell in known if cell[3] <= limit and within(cell[1], span)]
    if not every_vintage:
        newest: dict[int, tuple] = {}
        for cell in sorted(cells, key=lambda c: (c[3], c[4] == summed)):
            newest[cell[1]] = cell
        cells = list(newest.values())
    title = f"Total arms {series}, {place_of(code)}{day_of(as_of)}"
    header = ("country", "year", TIV, "released", "source")
    return answer_of(title, header, sorted(cells, key=lambda c: (c[1], c[3], c[4])))




























