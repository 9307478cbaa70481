"""What new files would change, as one page that an editor reads before the figures are added.

The alarms stand first, then each series: what is new, revised, renamed and gone. The page needs
neither network nor script, reads on a phone and prints. The numbers come from `data.additions`,
the words from the template; the same files give the same bytes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import jinja2
from markupsafe import Markup

from crossover.data import alarms, countries, look
from crossover.data.alarms import Alarm
from crossover.data.comparison import Change, Comparison, Revision
from crossover.data.errors import InputError, fault
from crossover.data.examination import Examined
from crossover.data.history import LEAST, NEAR_YEAR, REVISED, Move, signed
from crossover.data.names import REST
from crossover.data.revisions import quantile
from crossover.data.tables import SOVIET_UNION, WORLD, indicators
from crossover.reports.numerals import number
from crossover.reports.phrases import count, date, sentence

TEMPLATES = Path(__file__).with_name("templates")
TEMPLATE = "preview.html.j2"
MARK = '<meta name="generator" content="crossover data add">'
"""What tells such a page from any other file."""
MARKED_WITHIN = 1024
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
EDGES = (-50.0, -20.0, -5.0, -1.0, 0.0, 1.0, 5.0, 20.0, 50.0)
"""Bounds of the bars of relative revisions, in percent; beyond the last there is one bar more."""
STEPS = 5
"""Bars on each side of zero where revisions are differences."""
SHOWN = 8
"""Rows of a list that are shown; the rest is counted."""
TITLES = {
    look.DELIVERIES: "Deliveries of major arms, by pair and domain",
    look.ORDERS: "Orders of major arms, by pair and domain",
    look.UNIT_VALUES: "Highest value per unit of new systems delivered",
    look.DESCRIPTIONS: "Deliveries of the world by description",
    look.IDEAL_POINT: "Ideal point in the UN General Assembly",
    "imports": "Total arms imports",
    "exports": "Total arms exports",
}
KINDS = {
    alarms.SIGN: "Changed sign",
    alarms.FACTOR: "Moved by a power of ten",
    alarms.BASE: "Base year",
    alarms.JUMP: "Jump",
    alarms.OTHERWISE: "Fits better when read otherwise",
    alarms.COVERAGE: "Something is missing, or came from nowhere",
    alarms.DISTANCE: "Farther from what was known than any release",
}
NAMES = {REST: "the rest of the world", SOVIET_UNION: "Soviet Union", WORLD: "World"}


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram: its bounds in words, how many figures, its height as a share."""

    label: str
    count: int
    height: float


@dataclass(frozen=True)
class Spread:
    """How the revisions of a series are distributed, in percent or in its unit."""

    unit: str
    quantiles: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]
    ticks: tuple[str, ...]
    from_zero: int


@dataclass(frozen=True)
class Section:
    """What one release of one series changes, ready to be set."""

    anchor: str
    title: str
    unit: str
    change: Change
    years: tuple[tuple[int, int], ...]
    spread: Spread | None
    largest: tuple[tuple[str, str, str, str], ...]
    gone: tuple[tuple[str, str], ...]
    alarms: int


@dataclass(frozen=True)
class Warned:
    """An alarm, ready to be set: what it says, and its worst cases as rows."""

    kind: str
    title: str
    words: str
    vintage: str
    rows: tuple[tuple[str, str, str, str, str], ...]
    more: int


def check_free(path: Path) -> None:
    """Raise InputError where a page cannot be written: no folder, or another file in the way."""
    if not path.parent.is_dir():
        raise InputError(fault("there is no such folder", column="--html", value=str(path.parent)))
    if not path.exists():
        return
    if path.is_dir():
        raise InputError(fault("is a folder: name a file", column="--html", value=str(path)))
    with path.open("rb") as file:
        ours = MARK.encode() in file.read(MARKED_WITHIN)
    if not ours:
        rule = "is there already and no page of this command: give another name"
        raise InputError(fault(rule, column="--html", value=str(path)))


def render(examined: Examined) -> str:
    """Return the page for what was examined, as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"date": date, "count": count, "sentence": sentence, "percent": _percent}
    fresh = [one for one in examined.compared if one.change.rows > one.change.held]
    return environment.get_template(TEMPLATE).render(
        files=[file["name"] for file in examined.files],
        rows=sum(one.change.rows - one.change.held for one in fresh),
        alarms=[_warned(alarm) for alarm in examined.alarms],
        renames=examined.renames,
        sections=[_section(n, one, examined.alarms) for n, one in enumerate(fresh, start=1)],
        notes=examined.notes,
        rule=alarms,
        near_year=NEAR_YEAR,
        least=LEAST,
        kinds=KINDS,
        limit=SHOWN,
        mark=Markup(MARK),
    )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


# Alarms -----------------------------------------------------------------------------------------


def _warned(alarm: Alarm) -> Warned:
    words, worst = alarm.words, alarm.moves[:SHOWN]
    if worst:
        first = worst[0]
        code = f"{first.label} {first.year}: "
        words = words.replace(code, f"{_about((*_label(first.label), first.year))}: ")
    rows = tuple(_case(move) for move in worst)
    return Warned(
        alarm.kind,
        title(alarm.series),
        words,
        alarm.vintage,
        rows,
        len(alarm.moves) - len(rows),
    )


def _case(move: Move) -> tuple[str, str, str, str, str]:
    against = "the release before" if move.kind == REVISED else "the year before"
    return (
        _about((*_label(move.label), move.year)),
        *alarms.shown(move.before, move.now),
        against,
        number(move.times, 1),
    )


def _label(text: str) -> tuple[str, ...]:
    """Return the parts of a label: a country, a pair, or a supplier and a weapon."""
    first, dash, second = text.partition("-")
    if dash and {first, second} <= set(_names()):
        return first, second
    code, space, weapon = text.partition(" ")
    return (code, weapon) if space and code in _names() else (text,)


@functools.cache
def _names() -> dict[str, str]:
    return {country.iso3: country.name for country in countries.sample()} | NAMES


def _about(parts: Sequence) -> str:
    """Write what a figure is about: who, or from whom to whom, what, and the year last."""
    words = [part for part in parts if isinstance(part, str)]
    years = [str(part) for part in parts if not isinstance(part, str)]
    who = [_names()[word] for word in words if word in _names()]
    what = [word.replace("_", " ") for word in words if word not in _names()]
    return ", ".join(([" to ".join(who)] if who else []) + what + years)


def title(series: str) -> str:
    """Return what a series is called."""
    return TITLES.get(series) or indicators()[series].label


# Series -----------------------------------------------------------------------------------------


def _section(n: int, compared: Comparison, found: Iterable[Alarm]) -> Section:
    change = compared.change
    largest = tuple(_revised(one) for one in compared.revisions[:SHOWN])
    gone = tuple((_about(about), *alarms.shown(value)) for about, value in compared.gone[:SHOWN])
    known_as = (change.series, *(look.FLOWS if change.series == look.DELIVERIES else ()))
    return Section(
        f"series-{n}",
        title(change.series),
        compared.unit or look.unit(change.series),
        change,
        compared.years,
        _spread(change.series, compared.revisions, compared.unit),
        largest,
        gone,
        sum(
            (alarm.file, alarm.vintage) == (change.file, change.vintage)
            for alarm in found
            if alarm.series in known_as
        ),
    )


def _revised(one: Revision) -> tuple[str, str, str, str]:
    share = "" if one.share is None else f"{_signed(100 * one.share)} %"
    return _about(one.about), *alarms.shown(one.before, one.now), share


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)


def _spread(series: str, revisions: Sequence[Revision], unit: str) -> Spread | None:
    """Return how revisions are distributed: as shares, or as differences where signs mix."""
    if not revisions:
        return None
    if signed(series):
        values = [one.now - one.before for one in revisions]
        step = _step(max(map(abs, values)) / STEPS)
        edges = tuple(step * n for n in range(-STEPS, STEPS + 1))
    else:
        values = [100 * one.share for one in revisions if one.share is not None]
        unit, edges = "%", EDGES
    quantiles = tuple((_percent(level), _signed(quantile(values, level))) for level in LEVELS)
    return Spread(
        unit,
        quantiles if values else (),
        _bars(values, edges),
        tuple(map(_edge, edges)),
        len(revisions) - len(values),
    )


def _step(size: float) -> float:
    """Return the next of 1, 2, 5, 10, … from a size up."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= size)


def _bars(values: Sequence[float], edges: Sequence[float]) -> tuple[Bar, ...]:
    bounds = (-math.inf, *edges, math.inf)
    counts = [sum(low < v <= high for v in values) for low, high in pairwise(bounds)]
    most = max(counts) or 1
    return tuple(
        Bar(_between(low, high), count, count / most)
        for (low, high), count in zip(pairwise(bounds), counts, strict=True)
    )


def _between(low: float, high: float) -> str:
    if math.isinf(low):
        return f"up to {_edge(high)}"
    return f"over {_edge(low)}" if math.isinf(high) else f"{_edge(low)} to {_edge(high)}"


def _edge(value: float) -> str:
    return f"{value:g}".replace("-", "−")
