"""The numbers on where deliveries come from: past forecasts of them, suppliers, and orders.

What a run does not hold is None or empty, and the report leaves its figure out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossover.data import countries
from crossover.data.names import REST
from crossover.forecast import fans, shipped, sources
from crossover.reports.reading import read_table

FILE = shipped.PAIRS
FEWEST = 2
"""Periods that a picture of a flow needs."""
LEAST = 1.0
"""TIV million: of less in all the years shown there is no split to show."""
BACKTEST, EDITION = "backtest", "edition"


def collect(folder: Path, headline_year: int) -> dict[str, Any]:
    """Read where the deliveries of a pair come from.

    Parameters
    ----------
    folder
        Of the pair.
    headline_year
        The last year that is shown of orders.

    Returns
    -------
    dict
        `suppliers`: periods with `first`, `last`, `kind`, `tiv` a year and `rows` by supplier, or
        empty; `orders`: `year` and the expected TIV million of each part, or None.
    """
    return {"suppliers": _suppliers(folder / sources.SUPPLIERS_FILE),
            "orders": _orders(folder / sources.ORDERS_FILE, headline_year)}  # fmt: skip


def _suppliers(path: Path) -> list[dict[str, Any]]:
    columns = ("seller", "kind", "first", "last", "tiv", "share", "share_q05", "share_q95")
    if not path.is_file():
        return []
    found = []
    for (first, last, kind), rows in read_table(path, columns).groupby(["first", "last", "kind"]):
        rows = rows[rows["share"].notna()]
        if not len(rows):
            continue
        told = rows[["seller", "tiv", "share", "share_q05", "share_q95"]].to_dict("records")
        for row in told:
            row["name"] = None if row["seller"] == REST else countries.name_of(row["seller"])
        found.append(
            {"first": int(first), "last": int(last), "kind": kind, "tiv": float(rows["tiv"].sum()),
             "rows": told}
        )  # fmt: skip
    return found if len(found) >= FEWEST else []


def _orders(path: Path, last: int) -> dict[str, list] | None:
    if not path.is_file():
        return None
    table = read_table(path, ("part", "year", "expected"))
    wide = table[table["year"] <= last].pivot_table(
        index="year", columns="part", values="expected", sort=True
    )
    parts = {part: wide[part].tolist() for part in (sources.BOOK, sources.UNLISTED, sources.NEW)}
    if sum(map(sum, parts.values())) < LEAST:
        return None
    return {"year": [int(year) for year in wide.index], **parts}


def past(
    pair: tuple[str, str], origin: int, known: Mapping[str, list], record: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what was forecast of a pair's deliveries from earlier origins, beside what came.

    Parameters
    ----------
    pair
        ISO3 codes.
    origin
        Last year of data of the run: forecasts from it or later have no outturn yet.
    known
        The deliveries on record, `year` and `value`.
    record
        The track record that was put into the run, with the ledger's `forecasts`.

    Returns
    -------
    dict
        `forecasts`: of each origin and kind (`BACKTEST` or `EDITION`) the years that have an
        outturn and the quantiles in them; `cases` and `within_90`: how many there are in all, and
        how many outturns the 90 % intervals held.
    """
    came = dict(zip(known["year"], known["value"], strict=True))
    found: dict[tuple[int, str], dict[int, list[float]]] = {}
    for row in shipped.rows(FILE):
        if (row["supplier"], row["recipient"]) == pair:
            years = found.setdefault((int(row["origin"]), BACKTEST), {})
            years[int(row["year"])] = [float(row[name]) for name in fans.BANDS]
    for one in sorted(record.get("forecasts", ()), key=lambda one: one["created"]):
        if (one["supplier"], one["recipient"]) == pair:
            # Of several runs of one origin the last published counts.
            values = zip(*(one[name] for name in fans.BANDS), strict=True)
            of_year = dict(zip(one["year"], map(list, values), strict=True))
            found[int(one["origin"]), EDITION] = of_year
    forecasts, cases, within = [], 0, 0
    for (since, kind), of_year in sorted(found.items()):
        shown = {year: of_year[year] for year in sorted(of_year) if since < year and year in came}
        if since >= origin or not shown:
            continue
        cases += len(shown)
        within += sum(low <= came[year] <= high for year, (low, *_, high) in shown.items())
        columns = dict(zip(fans.BANDS, zip(*shown.values(), strict=True), strict=True))
        forecasts.append({"origin": since, "kind": kind, "year": list(shown), **columns})
    return {"forecasts": forecasts, "cases": cases, "within_90": within}
