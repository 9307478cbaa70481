"""The numbers of a report by technology domain: who is ahead, on what evidence, by what rule.

Part of the payload. Which of the argument's statements on domains is supported follows from one
rule, stated here and printed in the report, that asks more of a statement than the headline
convention alone: it must also be the likelier side under every other convention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from crossover.data.errors import InputError, fault
from crossover.data.names import (
    BANDS,
    BASELINE,
    COUNTRY,
    DOMAIN,
    DOMAIN_CROSSOVER,
    DOMAIN_CROSSOVER_SUSTAINED,
    DOMAIN_LAYER,
    DRAW,
    JUNIOR_EVERYWHERE,
    JUNIOR_IN_NAMED_DOMAINS,
    RECIPIENT,
    SCENARIO,
    SUPPLIER,
    YEAR,
    YEAR_FUTURE,
)
from crossover.forecast import conventions
from crossover.reports import domain_check
from crossover.reports.reading import (
    CONTRADICTED,
    SUPPORTED,
    Tables,
    at_year,
    fan,
    gap_over_conventions,
    present,
    read_netcdf,
    read_table,
)

PERIOD = "period"
FORECAST, AHEAD, LEVELS = "domains.nc", "domains_ahead.csv", "levels_domains.csv"
CHECK, UNIT_VALUES = "domain_check.csv", "unit_values.csv"
FILES = (FORECAST, AHEAD, LEVELS, CHECK, UNIT_VALUES)
UNITS = "unit_values"
"""The convention of levels_domains.csv that is no log-odds but log unit value."""
LIKELIER = 0.5
"""Probability that a statement must reach under every convention, to be supported."""
NAMED = (
    ("sensors", SUPPLIER),
    ("submarines", SUPPLIER),
    ("air_defence", SUPPLIER),
    ("engines", SUPPLIER),
    ("uncrewed", RECIPIENT),
)
"""What the argument says of single domains: in which it is ahead today."""
AHEAD_COLUMNS = ("scenario", "year", "domains", "probability")
LEVEL_COLUMNS = (
    "domain", "alternative", "description", "probability", "mc_error", "gap_median", "gap_q05",
    "gap_q95", "headline", "supplier_items", "recipient_items",
)  # fmt: skip
SLOPE_COLUMNS = ("slope", "median", "q05", "q95", "positive")


def check(paths: Mapping[str, Path], tree: xr.DataTree) -> None:
    """Raise InputError, with what to do, if a run holds no domains."""
    if DOMAIN_LAYER not in tree.children:
        rule = (
            f"the group {DOMAIN_LAYER!r} is missing: this run was fitted before domains were "
            "modelled; fit anew with 'crossover run'"
        )
        raise InputError(fault(rule, file=paths["posterior.nc"]))
    if "orders" not in tree[f"{DOMAIN_LAYER}/constant_data"].data_vars:
        rule = "its domains were fitted to deliveries, not orders; fit anew with 'crossover run'"
        raise InputError(fault(rule, file=paths["posterior.nc"]))
    for name in FILES:
        present(paths[name], ", which 'crossover forecast' on this run makes, for the same pair")


def collect(
    paths: Mapping[str, Path],
    tree: xr.DataTree,
    futures: xr.Dataset,
    pair: tuple[str, str],
    tables: Tables,
    milestones: Sequence[int],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Compute every number of the report that is by domain.

    Parameters
    ----------
    paths
        Of the files of `FILES`.
    tree
        With the group `domains`.
    futures
        The baseline of forecast.nc.
    pair
        ISO3 codes of supplier and recipient.
    tables
        Events of the pair, by domain and jointly.
    milestones
        Years that tables show, the origin first.
    names
        Of countries by code.

    Returns
    -------
    dict
        `rows`, one a domain, the surest lead of the recipient first; and what concerns all.
    """
    with read_netcdf(paths[FORECAST], xr.open_dataset) as stored:
        base = stored.sel({SCENARIO: BASELINE}).load()
    futures = conventions.draws_of(futures, base)
    record = _record(tree[f"{DOMAIN_LAYER}/constant_data"].to_dataset(), pair)
    levels = _levels(paths[LEVELS])
    rows = _rows(base, futures, pair, tables, levels["rows"], record["domains"])
    origin = tables.origin
    return {
        "draws": int(base.sizes[DRAW]),
        "rows": rows,
        "conventions": levels["conventions"],
        "count": _count(paths[AHEAD], milestones),
        "joint": [tables.entry(e) for e in (JUNIOR_EVERYWHERE, JUNIOR_IN_NAMED_DOMAINS)],
        "named": _named(rows, origin, milestones[-2] if len(milestones) > 2 else milestones[-1]),
        "periods": record["periods"],
        "agreement": _agreement(paths[UNIT_VALUES]),
        "check": domain_check.collect(paths[CHECK], names),
        "rules": {"likelier": LIKELIER},
    }


def _rows(
    base: xr.Dataset,
    futures: xr.Dataset,
    pair: tuple[str, str],
    tables: Tables,
    levels: Mapping[str, Any],
    record: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return what is known of each domain, the surest lead of the recipient first."""
    origin, rows = tables.origin, []
    for domain in (str(d) for d in base[DOMAIN].values):
        own = base.sel({DOMAIN: domain})
        past = conventions.past(futures, own["theta_domain_past"]).sel({YEAR: slice(None, origin)})
        ahead = conventions.ahead(futures, own["theta_domain"])
        row = {
            "domain": domain,
            **_capacity(own, pair, origin),
            **gap_over_conventions(past, ahead),
            "event": tables.entry(DOMAIN_CROSSOVER, domain),
            "sustained": tables.entry(DOMAIN_CROSSOVER_SUSTAINED, domain),
            "levels": levels.get(domain, []),
            "record": record[domain],
            "dependence": _dependence(own, origin),
        }
        rows.append(row | {"now": _now(row, origin)} | _spread(row["levels"]))
    rows.sort(key=lambda row: (-row["now"]["probability"], -row["now"]["gap"]["q50"]))
    return rows


# Capacity --------------------------------------------------------------------------------------


def _capacity(base: xr.Dataset, pair: tuple[str, str], origin: int) -> dict[str, Any]:
    past = base["theta_domain_past"].sel({YEAR: slice(None, origin)})
    future = base["theta_domain"]
    sides = [[array.sel({COUNTRY: code}) for code in pair] for array in (past, future)]
    return {
        "capacity": {
            role: {"past": fan(sides[0][at], YEAR), "future": fan(sides[1][at], YEAR_FUTURE)}
            for at, role in enumerate((SUPPLIER, RECIPIENT))
        },
    }


def _now(row: Mapping[str, Any], origin: int) -> dict[str, Any]:
    """Who is ahead at the origin: probability, its Monte Carlo error, and the gap."""
    at = row["ahead"]["year"].index(origin)
    event = row["event"]
    probability = float(row["ahead"]["probability"][at])
    error = None if not event["defined"] else at_year(event, origin, key="mc_error")
    past = row["gap"]["past"]
    here = past["year"].index(origin)
    return {
        "probability": probability,
        "mc_error": error,
        "gap": {key: past[key][here] for key in BANDS},
    }


def _count(path: Path, milestones: Sequence[int]) -> list[dict[str, Any]]:
    """In how many domains the recipient is ahead, at the milestones."""
    table = read_table(path, AHEAD_COLUMNS)
    table = table[table["scenario"] == BASELINE]
    result = []
    for year in milestones:
        rows = table[table["year"] == year].sort_values("domains")
        if rows.empty:
            raise InputError(fault("the year is missing", file=path, value=year))
        probability = rows["probability"].to_numpy(float)
        reached = np.cumsum(probability) + 1e-9
        number = rows["domains"].to_numpy(int)
        result.append(
            {
                "year": int(year),
                "domains": number,
                "probability": probability,
                **{k: int(number[np.argmax(reached >= q)]) for k, q in BANDS.items()},
            }
        )
    return result


# Conventions -----------------------------------------------------------------------------------


def _levels(path: Path) -> dict[str, Any]:
    table = read_table(path, LEVEL_COLUMNS)
    rows: dict[str, list[dict[str, Any]]] = {}
    words: dict[str, str] = {}
    table = table[table["alternative"] != conventions.AVERAGE]
    for row in table[list(LEVEL_COLUMNS)].to_dict("records"):
        words[row["alternative"]] = row.pop("description")
        rows.setdefault(row.pop("domain"), []).append(row)
    return {
        "rows": rows,
        "conventions": [
            {"alternative": name, "description": text} for name, text in words.items()
        ],
    }


def counted(row: Mapping[str, Any]) -> bool:
    """Whether a convention counts in a domain: unit values only where both sides have some."""
    if row["alternative"] != UNITS:
        return True
    return min(row["supplier_items"] or 0, row["recipient_items"] or 0) > 0


def _spread(levels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lowest and highest probability over the conventions that count."""
    inside = [row for row in levels if counted(row)]
    if not inside:
        return {"lowest": None, "highest": None}
    ends = {
        "lowest": min(inside, key=lambda row: row["probability"]),
        "highest": max(inside, key=lambda row: row["probability"]),
    }
    return {
        end: {key: row[key] for key in ("alternative", "probability")} for end, row in ends.items()
    }


def _agreement(path: Path) -> list[dict[str, Any]]:
    table = read_table(path, SLOPE_COLUMNS)
    return table[list(SLOPE_COLUMNS)].to_dict("records")


# What the register shows -----------------------------------------------------------------------


def _record(observed: xr.Dataset, pair: tuple[str, str]) -> dict[str, Any]:
    """Orders, their TIV and deliveries by period and domain, of the pair and of each side."""
    last_years = observed[PERIOD].values.astype(int)
    first_years = np.round(2 * observed["middle"].values - last_years).astype(int)
    suppliers, recipients = ([str(c) for c in observed[d].values] for d in (SUPPLIER, RECIPIENT))

    tables = {
        name: observed[name].transpose(SUPPLIER, RECIPIENT, DOMAIN, PERIOD).values.astype(float)
        for name in ("orders", "volume", "delivered")
    }

    def dyad(seller: str, buyer: str, domain: int) -> dict[str, Any] | None:
        """Figures by period, None where the sample has no such pair."""
        if seller not in suppliers or buyer not in recipients:
            return None
        at = suppliers.index(seller), recipients.index(buyer), domain
        return {name: values[at] for name, values in tables.items()}

    def sold(seller: str, domain: int) -> dict[str, Any] | None:
        if seller not in suppliers:
            return None
        at = suppliers.index(seller)
        return {name: values[at, :, domain].sum(axis=0) for name, values in tables.items()}

    result = {}
    for at, domain in enumerate(str(d) for d in observed[DOMAIN].values):
        result[domain] = {
            "forth": dyad(pair[0], pair[1], at),
            "back": dyad(pair[1], pair[0], at),
            "imports": tables["delivered"][:, recipients.index(pair[1]), at].sum(axis=0),
            SUPPLIER: sold(pair[0], at),
            RECIPIENT: sold(pair[1], at),
        }
    periods = [
        {"first": int(a), "last": int(b)} for a, b in zip(first_years, last_years, strict=True)
    ]
    return {"periods": periods, "domains": result}


def _dependence(base: xr.Dataset, origin: int) -> dict[str, Any]:
    def today(name: str) -> dict[str, float]:
        draws = base[f"{name}_past"].sel({YEAR: origin}).values.astype(float)
        return {key: float(np.quantile(draws, q)) for key, q in BANDS.items()}

    return {"share": today("supplier_share")}


# The argument ----------------------------------------------------------------------------------


def stands(headline: float, others: Sequence[float]) -> str:
    """Return what the draws say of a statement, over conventions.

    Supported: probability at least `SUPPORTED` under the headline and at least `LIKELIER` under
    every convention; contradicted: the same of its opposite; open otherwise.
    """
    if headline >= SUPPORTED and min(others, default=1.0) >= LIKELIER:
        return "supported"
    if headline <= CONTRADICTED and max(others, default=0.0) <= 1.0 - LIKELIER:
        return "contradicted"
    return "open"


def _named(rows: Sequence[Mapping[str, Any]], origin: int, late: int) -> list[dict[str, Any]]:
    """The statements on single domains, each with its verdict and what it rests on."""
    by_domain = {row["domain"]: row for row in rows}
    result = []
    for domain, side in NAMED:
        row = by_domain.get(domain)
        if row is None:
            continue

        def of_side(probability: float, side: str = side) -> float:
            return probability if side == RECIPIENT else 1.0 - probability

        here = row["now"]["probability"]
        others = [of_side(r["probability"]) for r in row["levels"] if counted(r)]
        event = row["event"]
        result.append(
            {
                "domain": domain,
                "side": side,
                "year": origin,
                "probability": of_side(here),
                "lowest": min(others, default=None),
                "highest": max(others, default=None),
                "conventions": len(others),
                "likelier": sum(p >= LIKELIER for p in others),
                "late": at_year(event, late) if event["defined"] else None,
                "verdict": stands(of_side(here), others),
            }
        )
    return result
