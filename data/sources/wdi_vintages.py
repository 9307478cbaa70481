"""World Development Indicators in the vintages that were kept, as one tidy table.

A label of a vintage is a date, a month, or a date ending in 'c': when a mirror stored the figures,
which may be long after their release. A mirror's copy that repeats an earlier vintage is left out:
it would pass old figures for new ones.
"""

import re

from crossover.data.errors import InputError, each_row, fault
from crossover.data.records import CountryYear, Total
from crossover.data.sources import fields, worldbank
from crossover.data.sources.files import Batch, Source, month_end
from crossover.data.sources.lookup import Names
from crossover.data.sources.rows import tidy

COLUMNS = ["country_iso3", "year", "indicator", "value", "vintage", "source"]
LABELS = {
    "unknown(~2016-17 content; AtiinA1)": (
        "2017-12-31",
        "undated copy; dated by the end of the span its content points to (data to 2014, between "
        "the releases of May 2016 and April 2018)",
    ),
    "~2020-21 (owid copy, commit 2024-02)": (
        "2021-12-31",
        "a republisher's copy; dated by the end of the span its content points to (data to 2019), "
        "not by when it was copied",
    ),
    "2025-04owid": (
        None,
        "left out: a republisher's copy of April 2025 with data to 2021 only, older in content "
        "than the World Bank's own release of that month, so its date says nothing",
    ),
}
"""Labels that are no dates: the date taken, or None, and why."""


def recognises(source: Source) -> bool:
    """Say whether a file is the tidy table of vintages, by its header."""
    return (source.text or "").startswith(",".join(COLUMNS))


def date(label: str, *, file: str, line: int) -> tuple[str | None, bool, str]:
    """Return a label's date, whether a mirror gave it, and a note.

    Raises
    ------
    InputError : the label is neither a date nor a month nor one of `LABELS`.
    """
    if label in LABELS:
        when, note = LABELS[label]
        return when, True, note
    found = re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?(c|owid)?", label)
    if not found:
        rule = "must be a date or a month, with 'c' or 'owid' behind it for a copy"
        raise InputError(fault(rule, file=file, line=line, column="vintage", value=label))
    if found[3]:
        when = fields.date(label[:10], file=file, line=line, column="vintage")
    elif "1900" <= found[1] <= "2100" and "01" <= found[2] <= "12":
        when = month_end(int(found[1]), int(found[2]))
    else:
        rule = "must be a month, as in 2025-04"
        raise InputError(fault(rule, file=file, line=line, column="vintage", value=label))
    note = {None: "", "c": "dated by when a mirror stored it", "owid": "a republisher's copy"}
    return when, found[4] is not None, note[found[4]]


def read(source: Source) -> list[Batch]:
    """Parse the table.

    Returns
    -------
    A batch of `country_years` for each indicator and vintage, and of `totals` (TIV in millions)
    for SIPRI's totals of arms transfers of older vintages.

    Raises
    ------
    InputError : an unknown country, indicator or vintage label, a value out of bounds.
    """
    labels: dict[str, tuple[str | None, bool, str]] = {}
    figures: dict[tuple[str, str], list[CountryYear]] = {}
    totals: dict[tuple[str, str], list[Total]] = {}
    names = Names(source.name, source.options)
    for line, row in tidy(source, len(COLUMNS)):
        with each_row:
            code, year, series, value, label, _ = row
            place = {"file": source.name, "line": line}
            if label not in labels:
                labels[label] = date(label, **place)
            when = labels[label][0]
            indicator = worldbank.find(series, **place)
            wanted = worldbank.country(code, names, line, "country_iso3")
            flow = worldbank.ARMS_TOTALS.get(series)
            if when is None or not wanted or (indicator is None and flow is None):
                continue
            number = fields.year(year, **place, column="year")
            if indicator is not None:
                found = worldbank.figure(
                    code, number, indicator, value, when, **place, column="value"
                )
                figures.setdefault((indicator.indicator, label), []).append(found)
            else:
                tiv = fields.number(value, **place, column="value", low=0, what="TIV") / 1e6
                origin = f"SIPRI, in {worldbank.SOURCE}"
                totals.setdefault((flow, label), []).append(
                    Total(code, number, flow, tiv, origin, when)
                )
    names.settle()
    kept = [
        Batch("totals", flow, "WDI", labels[label][0], False, source.name, rows, labels[label][2])
        for (flow, label), rows in sorted(totals.items())
    ]
    for name in sorted({name for name, _ in figures}):
        vintages = sorted(
            (labels[label], rows) for (series, label), rows in figures.items() if series == name
        )
        earlier: list[set] = []
        for (when, mirrored, note), rows in vintages:
            content = {(r.country, r.year, r.value) for r in rows}
            if mirrored and content in earlier:
                continue
            earlier.append(content)
            kept.append(Batch("country_years", name, "WDI", when, False, source.name, rows, note))
    return kept
