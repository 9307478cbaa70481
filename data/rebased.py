"""Military expenditure of a country that the newest release, in another base year, leaves out.

Constant prices of two base years must not stand in one series, so that a country of which only an
older release has figures would have none. Its figures are brought to the new base year b by its own
current prices: in b constant prices equal current ones, so each is multiplied by

    current_b / constant_b,

both as the older releases had them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

from crossover.data import vintages
from crossover.data.errors import InputError, fault
from crossover.data.records import CountryYear
from crossover.data.tables import WORLD, Panel, read

CONSTANT, CURRENT = "milex_constant", "milex_current"


def chained(
    rows: Iterable[CountryYear], unit: str, as_of: datetime.date | None, panel: Panel
) -> list[CountryYear]:
    """Return the figures of countries that have none in a unit, brought to it.

    Parameters
    ----------
    rows : military expenditure at constant prices in any unit, US$ million, known on the date.
    unit : the unit of the newest release, which names its base year.
    as_of : last day whose releases count; None for all.
    panel : where current prices are.

    Raises
    ------
    InputError : the figures cannot be brought to it, since one of the base year is not known.
    """
    rows = list(rows)
    left_out = {row.country for row in rows} - {row.country for row in rows if row.unit == unit}
    left_out.discard(WORLD)
    if not left_out:
        return []
    named = re.search(r"\d{4}", unit)
    if named is None:
        raise InputError(fault("names no base year", column="unit", value=unit))
    base = int(named[0])
    known = read("country_years", panel, {"indicator": [CURRENT], "country": left_out})
    prices = {row.country: row.value for row in vintages.as_of_country_years(known, as_of)
              if row.year == base}  # fmt: skip
    theirs = [row for row in rows if row.country in left_out]
    before = vintages.as_of_country_years(theirs, as_of)
    then = {row.country: row.value for row in before if row.year == base}
    for country in sorted(left_out):
        if not then.get(country) or country not in prices:
            rule = (
                f"{country} is missing from the newest release, in {unit}, and what older ones "
                f"have cannot be brought to it without their figures of {base}: add a release that "
                "has the country"
            )
            raise InputError(fault(rule, column=CONSTANT, value=country))
    return [
        row._replace(value=row.value * prices[row.country] / then[row.country], unit=unit)
        for row in before
    ]
