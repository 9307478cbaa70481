"""The JSON that a newsroom links: `schema/v1`, whose shape never changes under that name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crossover.data import countries
from crossover.data.names import BANDS
from crossover.data.providers import PROVIDERS
from crossover.forecast import quantities, runs

if TYPE_CHECKING:
    from crossover.reports.export import Exported

VERSION = "crossover/forecast/v1"
SCHEMA = Path(__file__).with_name("schema") / "v1.json"
"""JSON Schema (draft 2020-12) of what is written, with a description of each field."""
DIGITS = 6


def schema() -> dict[str, Any]:
    """Return the JSON Schema of version 1."""
    return json.loads(SCHEMA.read_text("utf-8"))


def document(found: Exported) -> dict[str, Any]:
    """Return everything that is exported of a pair, as the schema has it."""
    record, pair = found.record, found.pair
    return {
        "schema": VERSION,
        "run": {
            "id": str(record.get("id", "")),
            "created": str(record.get("created", "")),
            "as_of": record.get("as_of"),
            "version": str((record.get("code") or {}).get("version") or ""),
            "commit": (record.get("code") or {}).get("commit"),
            "seed": record.get("seed"),
            "draws": int(pair.futures.sizes["draw"]),
            "publishable": bool((record.get("gate") or {}).get("passed"))
            and not record.get("quick"),
        },
        "supplier": _country(pair.supplier),
        "recipient": _country(pair.recipient),
        "origin": pair.origin,
        "horizon": pair.horizon,
        "scenarios": list(pair.scenarios),
        "quantities": _quantities(found.paths),
        "events": _events(found.probabilities),
        "sources": [{"title": p.title, "terms": p.terms, "address": p.path} for p in PROVIDERS],
    }


def write(found: Exported, path: Path) -> None:
    """Write the document, numbers to six digits."""
    text = json.dumps(runs.plain(document(found)), ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", "utf-8", newline="\n")


def _country(code: str) -> dict[str, str]:
    return {"code": code, "name": countries.name_of(code)}


def _quantities(paths: pd.DataFrame) -> list[dict[str, Any]]:
    keys = ["quantity", "of", "domain", "unit"]
    found = []
    for (name, of, domain, unit), rows in paths.groupby(keys, sort=False):
        series = [
            {"scenario": scenario, **_columns(part)}
            for scenario, part in rows[rows["scenario"] != ""].groupby("scenario", sort=False)
        ]
        past = rows[rows["scenario"] == ""]
        found.append(
            {
                "name": name, "of": of, "domain": domain or None, "unit": unit,
                "title": quantities.QUANTITIES[name].title,
                "past": _past(past) if len(past) else None, "forecasts": series,
            }
        )  # fmt: skip
    return found


def _past(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the years up to the origin: on record, or as the fit estimates them."""
    on_record = bool((rows["status"] == quantities.OBSERVED).all())
    if on_record:
        return {
            "status": quantities.OBSERVED, "year": rows["year"].tolist(),
            "value": _rounded(rows["observed"]),
        }  # fmt: skip
    return {"status": quantities.ESTIMATE, **_columns(rows)}


def _columns(rows: pd.DataFrame) -> dict[str, list[Any]]:
    names = ("mean", *BANDS)
    return {"year": rows["year"].tolist()} | {name: _rounded(rows[name]) for name in names}


def _events(table: pd.DataFrame) -> list[dict[str, Any]]:
    keys = ["event", "domain", "kind", "scenario"]
    return [
        dict(zip(keys, names, strict=True))
        | {"domain": names[1] if names[1] != "all" else None, "year": rows["year"].tolist()}
        | {name: _rounded(rows[name]) for name in ("probability", "mc_error")}
        for names, rows in table.groupby(keys, sort=False)
    ]


def _rounded(values: pd.Series[float]) -> list[float | None]:
    return [None if pd.isna(v) else float(f"{v:.{DIGITS}g}") for v in values]


def check(content: Mapping[str, Any]) -> list[str]:
    """Return what breaks the schema, with its place; needs the package jsonschema."""
    import jsonschema

    checker = jsonschema.Draft202012Validator(schema())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(content)]
