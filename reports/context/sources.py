"""The series used, who published them, and what identifies the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossover.reports import catalogue
from crossover.reports.context.diagnostics import plain
from crossover.reports.phrases import sentence

VINTAGE_OF = {
    "rd_share": "country_years/rd_share",
    "gdp": "country_years/gdp_ppp_constant",
    "milex": "country_years/milex_constant",
    "population": "country_years/population",
    "researchers": "country_years/researchers",
    "tiv": "transfers/deliveries",
    "deliveries": "transfers/deliveries",
    "ordered_tiv": "orders/orders",
    "ideal_point": "votes/ideal_point",
}
"""Variable of the panel → the series whose newest release the panel records."""
ASSUMED_AS = {"deliveries": "tiv"}
"""Series that the panel counts under another name."""


@dataclass(frozen=True)
class Series:
    """A series: unit, source and release, and the share of its figures of assumed date."""

    title: str
    unit: str
    source: str
    assumed: float | str | None


@dataclass(frozen=True)
class Publisher:
    """Who published figures, and on what terms."""

    title: str
    text: str


@dataclass(frozen=True)
class Fact:
    """One line of a run’s identity."""

    title: str
    value: str
    kind: Literal["", "code"]


@dataclass(frozen=True)
class Sources:
    """Everything on where the figures and the run come from."""

    series: Sequence[Series]
    compiled: Sequence[str]
    """What explains ties and is compiled by hand."""
    publishers: Sequence[Publisher]
    record: Sequence[Fact]


def context(payload: Mapping[str, Any]) -> Sources:
    """Return what the report says of its sources."""
    ties, given = catalogue.load()["tie"], payload["sources"]["covariates"]
    return Sources(
        series=_series(payload["sources"]),
        compiled=[row.title for key, row in ties.items() if key in given],
        publishers=[_publisher(entry) for entry in payload["sources"]["providers"]],
        record=_record(payload["record"]),
    )


def _series(sources: Mapping[str, Any]) -> Sequence[Series]:
    vintages, assumed = sources["vintages"], sources["assumed"]
    found: dict[str, Series] = {}
    for entry in sources["variables"]:
        name, source = entry["name"].removesuffix("_observed"), entry["source"]
        key = VINTAGE_OF.get(name, name)
        if key in found:
            continue
        release = plain(vintages.get(key, ""))
        if release and release not in source:
            source += f", {release}"
        found[key] = Series(
            title=sentence(entry["long_name"]),
            unit="" if entry["units"] in ("", "1") else entry["units"],
            source=sentence(source.removeprefix("supplier_wars, ")),
            assumed=next(
                (assumed[key] for key in (name, ASSUMED_AS.get(name)) if key in assumed), None
            ),
        )
    return list(found.values())


def _publisher(entry: Any) -> Publisher:
    if not isinstance(entry, Mapping):
        return Publisher(plain(entry), "")
    name = _first(entry, ("title", "name", "provider"))
    cited = _first(entry, ("citation",))
    rest = [
        "" if cited in name else cited,
        _first(entry, ("path", "url")),
        _first(entry, ("terms", "licence", "license")),
        _first(entry, ("vintage", "version")),
    ]
    return Publisher(name, "".join(f"{t.rstrip('.')}. " for t in rest if t).strip())


def _first(entry: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((plain(entry[key]) for key in keys if entry.get(key)), "")


def _record(record: Sequence[Mapping[str, str]]) -> list[Fact]:
    titles = catalogue.load()["record"]
    groups: dict[str, dict[str, str]] = {}
    facts: list[Fact] = []
    for row in record:
        key, value = row["key"], row["value"]
        head, _, tail = key.partition(".")
        if tail:
            groups.setdefault(head, {})[tail] = value
        else:
            title = titles[key].title if key in titles else sentence(key.replace("_", " "))
            value = {"True": "yes", "False": "no"}.get(value, value)
            facts.append(Fact(title, value, "code" if key in ("id", "command") else ""))
    for head, items in groups.items():
        facts.extend(_group(head, items))
    return facts


def _group(head: str, items: Mapping[str, str]) -> list[Fact]:
    """Return the lines of what a record keeps under one head."""
    if head == "code":
        state = {"True": "with changes not committed", "False": "as committed"}
        parts = [
            f"version {items['version']}" if "version" in items else "",
            f"commit {items['commit']}" if "commit" in items else "",
            state.get(items.get("dirty", ""), ""),
        ]
        return [Fact("Code", ", ".join(filter(None, parts)), "")]
    if head == "hashes":
        return [Fact(f"Hash of {name}", value, "code") for name, value in items.items()]
    if head == "seconds":
        items = {name: _seconds(value) for name, value in items.items()}
    text = ", ".join(f"{name} {value}" for name, value in items.items())
    return [Fact(sentence(head.replace("_", " ")), text, "")]


def _seconds(text: str) -> str:
    try:
        return f"{float(text):.0f}"
    except ValueError:
        return text
