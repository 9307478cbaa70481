"""From a run folder to a web page: one file that holds everything and loads nothing.

The same numbers as the PDF, in Vega-Lite charts with a table beside each. What a reader needs
first is plain HTML and needs no script. A policy in the page forbids every connection and every
script or style but its own, named by their digests.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from crossover.data.errors import InputError, fault
from crossover.data.names import BASELINE
from crossover.reports import page_answer, page_charts, page_figures, payload, render
from crossover.reports.context import document
from crossover.reports.context import sources as published
from crossover.reports.page_answer import Said, Statement
from crossover.reports.page_charts import Chart
from crossover.reports.page_numbers import by_scenario
from crossover.reports.page_panels import Panel, Shown
from crossover.reports.page_words import environment, key
from crossover.reports.phrases import curly, date, sentence, terms
from crossover.reports.render import TEMPLATES

PAGE = "page.html"
MOST = 5_000_000
"""Bytes that a page may have."""
EARLY = 'document.documentElement.classList.add("js")'
READOUTS = ("gap", "deliveries", "exports")
SECTIONS = (
    ("ahead", "Who is ahead", ("gap", "events")),
    ("dependence", "Deliveries and orders", ("deliveries", "arrivals", "orders")),
    ("exports", "Exports", ("exports",)),
    ("domains", "Domains", ("domains",)),
    ("partnership", "Partnership", ("partnership",)),
    ("scenarios", "Scenarios", ("scenarios",)),
    ("record", "Track record", ("skill",)),
)


@dataclass(frozen=True)
class Scenario:
    """A pair under one scenario: what is said, and the figures by name."""

    name: str
    title: str
    description: str
    headline: str
    answer: tuple[Said, ...]
    statements: tuple[Statement, ...]
    figures: Mapping[str, Shown]


@dataclass(frozen=True)
class Pair:
    """Everything that a page says of a pair; `shared` are figures of every scenario."""

    code: str
    label: str
    subtitle: str
    run: str
    made: str
    banner: str | None
    cite: str
    origin: int
    horizon: int
    year: int
    trust: tuple[str, ...]
    untold: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    shared: Mapping[str, Shown]


@dataclass(frozen=True)
class Section:
    """A part of the page; `shown` is False where the opening pair has none of its figures."""

    id: str
    title: str
    figures: tuple[str, ...]
    shown: bool


def build(
    run: Path,
    supplier: str | None = None,
    recipient: str | None = None,
    out: Path | None = None,
) -> Path:
    """Make the web page of a run.

    Parameters
    ----------
    run
        A run folder.
    supplier, recipient
        ISO3 codes of a pair forecast in that run, whose page is made alone; both None for a page
        of every pair, opened at the run's own.
    out
        Where the page goes; None for page.html beside the pair's forecast.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If a file of the run is missing or unreadable, the pair was not forecast, the page would be
        larger than `MOST`, or it cannot be written.
    """
    run = Path(run)
    first = payload.pair_folder(run, supplier, recipient)
    out = Path(out) if out else first / PAGE
    if not out.parent.is_dir():
        raise InputError(fault("there is no such folder", column="--out", value=str(out.parent)))
    folders = [first]
    if supplier is None:
        folders += sorted(path for path in (run / "pairs").glob("*-*") if path.is_dir())
    numbers = [
        payload.collect(run, *(folder.name.split("-") if folder != run else (None, None)))
        for folder in folders
    ]
    text = rendered(
        [by_scenario(folder, held) for folder, held in zip(folders, numbers, strict=True)]
    )
    content = text.encode()
    if len(content) > MOST:
        rule = (
            f"the page of {len(folders)} pairs would have {len(content) / 1e6:.1f} MB, more than "
            f"the {MOST / 1e6:g} it may: make one of a pair, with --supplier and --recipient"
        )
        raise InputError(fault(rule, file=out))
    return write(out, content)


def rendered(every: Sequence[Mapping[str, Mapping[str, Any]]]) -> str:
    """Return the page of pairs as HTML, the first one opened, each as from `by_scenario`."""
    pairs = [pair_of(scenarios) for scenarios in every]
    numbers, first = every[0][BASELINE], pairs[0]
    start, charts = first.scenarios[0], page_charts.charts()
    style, script = (
        TEMPLATES.joinpath(name).read_text("utf-8") for name in ("page.css", "page.js")
    )
    held = {
        "pair": first.code, "scenario": start.name, "year": first.year,
        "charts": {name: asdict(chart) for name, chart in charts.items()},
        "opened": asdict(first),
        "pairs": [{"code": first.code}]
        + [{"code": pair.code, "packed": packed(pair)} for pair in pairs[1:]],
    }  # fmt: skip
    record = numbers["track_record"]
    page = environment(autoescape=True).get_template("page.html.j2")
    return page.render(
        pair=first, start=start, pairs=pairs, charts=charts, rows=_rows, cell=_cell,
        sections=_sections(pairs), readouts=READOUTS, key=key(),
        publishers=published.context(numbers).publishers,
        record=render.say("track_record", "text", numbers) if record["known"] else "",
        policy=policy([EARLY, library(), script], style),
        early=Markup(EARLY), style=Markup(style), script=Markup(script),
        library=Markup(library()), data=Markup(in_script(held)),
    )  # fmt: skip


def pair_of(scenarios: Mapping[str, Mapping[str, Any]]) -> Pair:
    """Return what a page says of a pair, from its numbers by scenario."""
    numbers = scenarios[BASELINE]
    w, code = terms(numbers), "-".join(side["code"] for side in numbers["pair"].values())
    heads = {head["name"]: head for head in numbers["partnership"]["scenarios"]["heads"]}
    titles = {name: head["title"] for name, head in heads.items()}
    frame = document.context(numbers)
    label = f"{sentence(w['s'])} to {w['r']}"
    return Pair(
        code, label, render.say("words", "subtitle", numbers), numbers["id"],
        date(numbers["created"]),
        render.say("words", "banner", numbers) if frame.warnings else None,
        f"Crossover, probabilistic forecast of military technology and arms dependence, {label}, "
        f"run {numbers['id']} of {date(numbers['created'])}, data released by "
        f"{date(frame.released)}.",
        numbers["origin"], numbers["horizon"], numbers["headline_year"],
        page_answer.trust(numbers), page_answer.untold(numbers),
        tuple(
            Scenario(
                name, titles.get(name, sentence(name.replace("_", " "))),
                curly(heads[name]["description"]) if name in heads else "",
                page_answer.headline(own), page_answer.answer(own), page_answer.statements(own),
                page_figures.figures(own),
            )
            for name, own in scenarios.items()
        ),
        page_figures.shared(scenarios, titles),
    )  # fmt: skip


def _sections(pairs: Sequence[Pair]) -> list[Section]:
    """Return the parts that some pair under some scenario has figures for."""
    held = [
        {*pair.shared, *(name for one in pair.scenarios for name in one.figures)} for pair in pairs
    ]
    every = set().union(*held)
    return [
        Section(key, title, tuple(name for name in names if name in every),
                bool(held[0] & {*names}))
        for key, title, names in SECTIONS
        if every & {*names}
    ]  # fmt: skip


def _rows(panel: Panel, chart: Chart, year: int) -> list[int]:
    """Return the places of the rows that a table shows."""
    size = len(next(iter(panel.data.values())))
    return [at for at in range(size) if not chart.by_year or panel.data["year"][at] == year]


def _cell(panel: Panel, name: str, at: int) -> Any:
    return panel.data[name][at] if name in panel.data else None


# What stands inside the file ---------------------------------------------------------------------


@functools.cache
def library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    import vl_convert

    return vl_convert.javascript_bundle()


def in_script(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def packed(pair: Pair) -> str:
    """Return a pair as JSON, deflated and in base 64: a page of many pairs stays small."""
    text = json.dumps(asdict(pair), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def policy(scripts: Sequence[str], style: str) -> str:
    """Return a policy that lets the browser connect to nothing and run only these texts."""

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(digest, scripts))}",
            f"style-src {digest(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def write(out: Path, content: bytes) -> Path:
    """Write a page whole; raise InputError if it cannot be written."""
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        raise InputError(fault(f"cannot write the page ({error.strerror})", file=out)) from None
    finally:
        partial.unlink(missing_ok=True)
    return out
