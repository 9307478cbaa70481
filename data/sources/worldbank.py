"""What the World Bank's three formats share: indicator codes, country codes, base years, bounds."""

import functools
import re
from collections.abc import Mapping

from crossover.data import countries
from crossover.data.errors import InputError, fault
from crossover.data.records import CountryYear, Indicator
from crossover.data.sources import fields
from crossover.data.sources.files import Batch
from crossover.data.sources.lookup import Names
from crossover.data.tables import indicators

SOURCE = "World Bank, World Development Indicators"
ARMS_TOTALS = {"MS.MIL.XPRT.KD": "exports", "MS.MIL.MPRT.KD": "imports"}
"""SIPRI's totals of arms transfers as the World Bank republishes them, in single TIV."""
UNUSED = frozenset(
    {
        "BX.GSR.ROYL.CD",
        "IP.PAT.NRES",
        "MS.MIL.XPND.GD.ZS",
        "NY.GDP.DEFL.KD.ZG",
        "NY.GDP.MKTP.PP.CD",
        "NY.GDP.PCAP.PP.CD",
        "SP.POP.TECH.RD.P6",
        "TM.VAL.MRCH.CD.WT",
        "TX.VAL.MRCH.CD.WT",
        "TX.VAL.TECH.CD",
    }
)
"""Known series that no model uses; military spending comes from SIPRI itself."""
AGGREGATES = frozenset(
    [
        "AFE", "AFW", "ARB", "CEB", "CSS", "EAP", "EAR", "EAS", "ECA", "ECS", "EMU", "EUU",
        "FCS", "HIC", "HPC", "IBD", "IBT", "IDA", "IDB", "IDX", "INX", "LAC", "LCN", "LDC",
        "LIC", "LMC", "LMY", "LTE", "MEA", "MIC", "MNA", "NAC", "OED", "OSS", "PRE", "PSS",
        "PST", "SAS", "SSA", "SSF", "SST", "TEA", "TEC", "TLA", "TMN", "TSA", "TSS", "UMC",
        "WLD",
    ]
)
BASES = {
    "NY.GDP.MKTP.PP.KD": (
        ("2000-01-01", 2005),
        ("2014-05-01", 2011),
        ("2020-05-01", 2017),
        ("2024-05-01", 2021),
    ),
    "NY.GDP.MKTP.KD": (
        ("2000-01-01", 2000),
        ("2013-04-01", 2005),
        ("2016-07-01", 2010),
        ("2021-03-01", 2015),
    ),
}
"""Code → (first release, base year) of constant prices, as the World Bank changed them."""


@functools.cache
def _by_code() -> dict[str, Indicator]:
    return {row.code: row for row in indicators().values() if row.provider == "WDI"}


def used(code: str) -> Indicator | None:
    """Return the series that a code of the World Bank, or our name, stands for; None if unused."""
    named = indicators().get(code)
    return _by_code().get(named.code if named else code)


def choice() -> str:
    """Return which series there are to choose from, in words."""
    return f"must be one of {', '.join(sorted(_by_code()))}"


def find(code: str, *, file: object, line: int | None = None) -> Indicator | None:
    """Return what an indicator code stands for; None for known series that are not used.

    Raises
    ------
    InputError : the code is unknown.
    """
    known = _by_code()
    if code in known:
        return known[code]
    if code in UNUSED or code in ARMS_TOTALS:
        return None
    rule = f"unknown indicator: must be one of {', '.join(sorted([*known, *ARMS_TOTALS]))}"
    raise InputError(fault(rule, file=file, line=line, column="indicator", value=code))


def unit(indicator: Indicator, vintage: str, label: str = "", **place: object) -> str:
    """Return a series' unit in a vintage, with the base year of constant prices.

    The base year is read from the provider's own label of the series where there is one, else
    taken from the dates at which the World Bank changed it; InputError for one before them all.
    """
    if "{base}" not in indicator.unit:
        return indicator.unit
    found = re.search(r"constant (\d{4})", label)
    if found:
        return indicator.unit.format(base=found[1])
    changes = BASES[indicator.code]
    bases = [year for start, year in changes if start <= vintage]
    if not bases:
        rule = f"constant prices released before {changes[0][0]} have no base year that is known"
        raise InputError(fault(rule, **place | {"column": "vintage", "value": vintage}))
    return indicator.unit.format(base=bases[-1])


def country(code: str, names: Names, line: int | None, column: str) -> bool:
    """Say whether a code belongs to the sample; `names` notes one that nobody knows."""
    return code not in AGGREGATES and names.code(code, line, column) and (
        code in countries.members()
    )


def batches(
    found: Mapping[tuple[str, str], list[CountryYear]],
    file: str,
    note: str,
    remarks: tuple[str, ...] = (),
) -> list[Batch]:
    """Return a batch of `country_years` for each (indicator, vintage)."""
    return [
        Batch("country_years", name, "WDI", vintage, True, file, rows, note, remarks)
        for (name, vintage), rows in sorted(found.items())
    ]


def figure(
    code: str,
    year: int,
    indicator: Indicator,
    text: str,
    vintage: str,
    label: str = "",
    *,
    file: object,
    line: int | None,
    column: str,
) -> CountryYear:
    """Return one checked figure.

    Raises
    ------
    InputError : the value is no number or breaks the indicator's bounds.
    """
    value = fields.number(
        text,
        file=file,
        line=line,
        column=column,
        low=indicator.low,
        high=indicator.high,
        what=f"{indicator.indicator} ({indicator.code})",
    )
    series_unit = unit(indicator, vintage, label, file=file, line=line)
    return CountryYear(
        code, year, indicator.indicator, value, series_unit, SOURCE, vintage, 0
    )
