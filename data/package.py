"""Describe a panel for others: a Frictionless data package with fields, units, sources, vintages.

The description is a function of the tables alone, so that a panel built twice has the same bytes.
"""

import hashlib
import json
from pathlib import Path

from crossover.data.names import DOMAINS, STATUSES
from crossover.data.providers import PROVIDERS
from crossover.data.tables import KEYS, TABLES, column_of, indicators

NAME = "datapackage.json"
PANEL_NAME = "crossover-panel"
KINDS = {
    str: "string",
    int: "integer",
    float: "number",
    int | None: "integer",
    float | None: "number",
}
CHOICES = {
    "domain": list(DOMAINS),
    "flow": ["exports", "imports"],
    "status": list(STATUSES),
}
FORBIDDEN_BELOW_ZERO = (
    "tiv", "tiv_unit", "ordered_tiv", "delivered_tiv", "n_units", "n_lines", "n_deals", "n_ordered",
    "n_delivered", "tiv_ordered", "tiv_delivered", "undelivered_tiv", "rows",
)  # fmt: skip


def fields(table: str) -> list[dict]:
    """Return the description of a table's columns: type, unit, constraints."""
    kind = TABLES[table]
    described = []
    for name, annotation in kind.__annotations__.items():
        column = column_of(table, name)
        dated = column.rule.startswith("date")
        field = {
            "name": name,
            "type": "date" if dated and column.rule != "dated" else KINDS[annotation],
            "description": column.description,
        }
        if column.unit:
            field["unit"] = column.unit
        limits: dict = {"required": True} if name in KEYS[table] and name != "unit" else {}
        if name in CHOICES:
            limits["enum"] = CHOICES[name]
        if name in FORBIDDEN_BELOW_ZERO:
            limits["minimum"] = 0
        if limits:
            field["constraints"] = limits
        described.append(field)
    return described


def written(folder: Path) -> set[str]:
    """Return the names of the files of a panel that a build wrote; none if it is no panel."""
    try:
        said = json.loads((folder / NAME).read_text("utf-8"))
        if said["name"] != PANEL_NAME:
            return set()
        return {NAME, *(resource["path"] for resource in said["resources"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def describe(folder: Path, tables: dict[str, list]) -> str:
    """Return the text of datapackage.json for the tables written in `folder`."""
    releases = [row for row in tables["vintages"] if not row.assumed]
    vintages: dict[str, set[str]] = {}
    for row in releases:
        vintages.setdefault(f"{row.table}/{row.series}", set()).add(row.vintage)
    content = {
        "profile": "tabular-data-package",
        "name": PANEL_NAME,
        "title": "Arms transfers and what drives them, with the vintage of every figure",
        "version": max((row.vintage for row in releases), default=""),
        "sources": [
            {
                "title": provider.title,
                "path": provider.path,
                "citation": provider.citation,
                "terms": provider.terms,
            }
            for provider in PROVIDERS
        ],
        "series": [
            {
                "indicator": row.indicator,
                "title": row.label,
                "unit": row.unit.format(base="(base year)"),
                "provider": row.provider,
                "code": row.code,
            }
            for row in indicators().values()
        ],
        "vintages": {series: sorted(days) for series, days in sorted(vintages.items())},
        "resources": [_resource(table, folder) for table in sorted(tables)],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _resource(table: str, folder: Path) -> dict:
    path = folder / f"{table}.csv.gz"
    content = path.read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": table,
        "title": column_of(table).description,
        "path": path.name,
        "format": "csv",
        "compression": "gz",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
        "schema": {
            "fields": fields(table),
            "primaryKey": list(KEYS[table]),
            "missingValues": [""],
        },
    }
