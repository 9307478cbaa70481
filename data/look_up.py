"""Figures of the panel by series: what a reader asks of one, and how the answer is laid out."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from crossover.data import countries, vintages
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
    Query,
    answer_of,
    check_series,
)
from crossover.data.look_pairs import deliveries, descriptions, orders, require_release, unit_values
from crossover.data.tables import WORLD, indicators, read


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
