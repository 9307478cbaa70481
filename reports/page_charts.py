"""The charts of a web page, as Vega-Lite, each drawn from rows that the page hands over.

Colours are names of the style sheet's, so that a chart follows the reader's choice of light or
dark and prints in ink. Titles, units, keys and sources stand in the page around a chart, where
they wrap on a phone and a screen reader finds them. A chart knows two signals of the page:
`origin`, the last year of data, and `year`, the one that the reader has chosen.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt

from crossover.reports import domain_figures

ROWS = "rows"
"""Name of the rows in every chart; a column `series` says which panel a row is of."""
ROLES = ("recipient", "supplier", "gap")
KINDS = ("state", "first_passage", "lasting")
DASHES = ([1, 0], [6, 3], [2, 2])
STEPS = ("0", "1", "2", "3", "4", "5")
"""Shades of a probability or of an ordered class, light to dark."""
TICKS = (0, 10, 30, 100, 300, 1000, 3000, 10000, 30000)
PERCENT = (
    "datum.probability < 0.005 ? '<1 %' : datum.probability > 0.995 ? '>99 %' : "
    "format(100 * datum.probability, '.0f') + ' %'"
)
FULL, SMALL = 300, 150
"""Heights in pixels: of a chart alone, and of one panel of many."""


@dataclass(frozen=True)
class Column:
    """A column of the table beside a chart: its field, what it says, and how it is written.

    `form` is `year`, `probability`, `number`, `volume`, `signed` or `text`.
    """

    field: str
    label: str
    form: str


@dataclass(frozen=True)
class Chart:
    """How a kind of figure is drawn and tabled.

    `together`: all panels in one view, else a view each. `by_year`: the table shows the rows of
    the chosen year alone. `lines`: the field by which rows stand one under the other, if they do,
    each of `line` pixels.
    """

    columns: tuple[Column, ...]
    spec: Mapping[str, Any]
    together: bool = False
    by_year: bool = False
    lines: str | None = None
    line: int = 24


YEAR = Column("year", "Year", "year")
RECORDED = Column("value", "On record", "volume")
BANDS = (("q50", "Median"), ("q25", "50 % from"), ("q75", "50 % to"), ("q05", "90 % from"),
         ("q95", "90 % to"))  # fmt: skip
MEDIAN, GAP = (
    tuple(Column(name, label, form) for name, label in BANDS) for form in ("volume", "signed")
)


@functools.cache
def charts() -> dict[str, Chart]:
    """Return every kind of chart by name."""
    return {
        "gap": Chart((YEAR, *GAP), _gap(), together=True),
        "volume": Chart((YEAR, RECORDED, *MEDIAN), _fan("symlog"), together=True),
        "linear": Chart((YEAR, RECORDED, *MEDIAN), _fan("linear"), together=True),
        "probabilities": Chart(
            (
                YEAR, Column("state", "In the year", "probability"),
                Column("first_passage", "Once by then", "probability"),
                Column("lasting", "From then on", "probability"),
            ),
            _probabilities(),
        ),
        "ranges": Chart(
            (YEAR, Column("range", "TIV million", "text"),
             Column("probability", "Probability", "probability")),
            _ranges(), together=True, by_year=True,
        ),
        "orders": Chart((YEAR, RECORDED, *MEDIAN), _orders(), together=True),
        "domains": Chart(
            (YEAR, Column("probability", "Probability", "probability")),
            _domains(), together=True, by_year=True, lines="series",
        ),
        "scenarios": Chart(
            (YEAR, Column("scenario", "Scenario", "text"),
             Column("probability", "Probability", "probability")),
            _scenarios(), by_year=True, lines="scenario",
        ),
        "skill": Chart(
            (Column("horizon", "Years ahead", "text"), Column("skill", "Skill", "signed"),
             Column("skill_q05", "90 % from", "signed"), Column("skill_q95", "90 % to", "signed"),
             Column("against", "Best benchmark", "text"),
             Column("in_90", "Outturns inside 90 %", "probability")),
            _skill(), lines="horizon",
        ),
    }  # fmt: skip


# Pieces ------------------------------------------------------------------------------------------


def _finished(chart: alt.TopLevelMixin, height: int = FULL) -> dict[str, Any]:
    """Return the JSON of a chart: signals of the page, the look, and the width to be set."""
    signals = {"year": 0, "origin": 0, "floor": None, "above": "", "below": "", "label": "",
               "low": None, "high": None}  # fmt: skip
    made = chart.add_params(*(alt.param(name=name, value=v) for name, v in signals.items()))
    made = made.properties(
        width=320, height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )
    spec = made.configure(**_look()).to_dict()
    return {key: value for key, value in spec.items() if key != "$schema"}


def _look() -> dict[str, Any]:
    ink, grey, faint = "var(--ink)", "var(--grey)", "var(--faint)"
    return {
        "background": "transparent",
        "font": "system-ui, sans-serif",
        "padding": 2,
        "aria": False,
        "view": alt.ViewConfig(stroke=None),
        "axis": alt.AxisConfig(
            labelColor=grey, labelFontSize=12, gridColor=faint, domain=False, ticks=False,
            labelPadding=5, title=None, aria=False, labelLimit=150,
        ),
        "axisX": alt.AxisConfig(
            grid=False, domain=True, domainColor=grey, ticks=True, tickColor=grey, labelFlush=True,
            labelOverlap=True,
        ),
        "mark": alt.MarkConfig(aria=False),
        "text": alt.MarkConfig(fill=ink, fontSize=12),
    }  # fmt: skip


def _rows() -> alt.Chart:
    return alt.Chart(alt.NamedData(name=ROWS))


def _once(text: str | alt.ExprRef | None = None, **more: Any) -> alt.Chart:
    """Return a layer drawn once, whatever the rows."""
    one = alt.Chart(alt.InlineData(values=[{}]))
    return one.mark_rule(**more) if text is None else one.mark_text(text=text, **more)


def _years(**more: Any) -> alt.X:
    return alt.X(
        "year:Q", scale=alt.Scale(nice=False, zero=False),
        axis=alt.Axis(format="d", tickMinStep=1, tickCount=6), **more,
    )  # fmt: skip


def _colour() -> alt.Color:
    colours = [f"var(--{role})" for role in ROLES]
    scale = alt.Scale(domain=list(ROLES), range=colours)
    return alt.Color("role:N", scale=scale, legend=None)


def _shades(field: str = "step:N") -> alt.Color:
    """Shade ordered classes, or a probability by the steps of the report."""
    shades = [f"var(--step-{step})" for step in STEPS]
    ends = [end for end, _, _ in domain_figures.STEPS][:-1]
    by_class = alt.Scale(domain=list(STEPS), range=shades)
    by_end = alt.Scale(type="threshold", domain=ends, range=shades)
    return alt.Color(field, scale=by_class if field.endswith("N") else by_end, legend=None)


def _chosen(rows: alt.Chart) -> alt.Chart:
    """Mark the year that the reader has chosen."""
    once = rows.transform_filter("datum.year == year").transform_aggregate(groupby=["year"])
    return once.mark_rule(color="var(--ink)", strokeWidth=1.2).encode(x=_years())


def _origin(rows: alt.Chart) -> alt.Chart:
    """Mark where data end and the forecast begins."""
    once = rows.transform_filter("datum.year == origin").transform_aggregate(groupby=["year"])
    line = once.mark_rule(color="var(--grey)", strokeDash=[2, 3]).encode(x=_years())
    known = once.mark_text(text="data", align="right", dx=-5, baseline="top", fill="var(--grey)")
    ahead = once.mark_text(text="forecast", align="left", dx=5, baseline="top", fill="var(--grey)")
    return alt.layer(line, *(text.encode(x=_years(), y=alt.value(0)) for text in (known, ahead)))


def _hover(rows: alt.Chart, y: alt.Y) -> alt.Chart:
    """Show the points of the year next to the pointer; the page writes their values."""
    near = alt.selection_point(
        name="near", nearest=True, on="pointerover", clear="pointerout", empty=False,
        encodings=["x"],
    )  # fmt: skip
    dots = rows.mark_point(filled=True, size=60, tooltip=" ").encode(
        x=_years(), y=y, color=alt.value("var(--ink)"),
        opacity=alt.condition(near, alt.value(1), alt.value(0)),
    )  # fmt: skip
    return dots.add_params(near)


# Charts ------------------------------------------------------------------------------------------


def _bands(rows: alt.Chart, axis: dict[str, Any]) -> list[alt.Chart]:
    """Return the 90 % and the 50 % band and the median."""
    known = rows.transform_filter("isValid(datum.q50)")
    layers = [
        known.mark_area(opacity=opacity).encode(
            x=_years(), y=alt.Y(f"{low}:Q", **axis), y2=f"{high}:Q", color=_colour()
        )
        for low, high, opacity in (("q05", "q95", 0.2), ("q25", "q75", 0.38))
    ]
    line = known.mark_line(strokeWidth=2).encode(
        x=_years(), y=alt.Y("q50:Q", **axis), color=_colour()
    )
    return [*layers, line]


def _fan(scale: str) -> dict[str, Any]:
    """Draw what is on record and the fan of the forecast, one or two series."""
    ticks = {"values": list(TICKS)} if scale == "symlog" else {"tickCount": 5}
    how = alt.Scale(type="symlog", constant=10) if scale == "symlog" else alt.Scale(zero=True)
    axis = {"scale": how, "axis": alt.Axis(format="~s" if scale == "linear" else ",d", **ticks)}
    rows = _rows().transform_calculate(
        middle="isValid(datum.q50) ? datum.q50 : datum.value"
    )
    seen = rows.transform_filter("isValid(datum.value)")
    floor = rows.transform_filter("isValid(floor) && datum.year == origin")
    floor = floor.transform_calculate(bound="floor").transform_aggregate(groupby=["bound"])
    bound = alt.Y("bound:Q", **axis)
    layers = [
        floor.mark_rule(color="var(--accent)", strokeWidth=1.5, strokeDash=[5, 3]).encode(y=bound),
        *_bands(rows, axis),
        seen.mark_line(strokeWidth=1.2, opacity=0.7).encode(
            x=_years(), y=alt.Y("value:Q", **axis), color=_colour()
        ),
        seen.mark_point(size=18, filled=True, opacity=1).encode(
            x=_years(), y=alt.Y("value:Q", **axis), color=_colour()
        ),
        floor.mark_text(
            text=alt.expr("label"), align="left", baseline="bottom", dx=3, dy=-3
        ).encode(x=alt.value(0), y=bound),
        _origin(rows), _chosen(rows), _hover(rows, alt.Y("middle:Q", **axis)),
    ]  # fmt: skip
    return _finished(alt.layer(*layers))


def _gap() -> dict[str, Any]:
    """Draw the gap before and after the origin around its zero, and say who is ahead where."""
    axis = {"axis": alt.Axis(format="+~g", tickCount=6)}
    rows, zero = _rows(), alt.YDatum(0, type="quantitative", **axis)
    side = {"align": "left", "dx": 4, "fontWeight": "bold"}
    layers = [
        *_bands(rows, axis),
        _once(color="var(--ink)", strokeWidth=1.2).encode(y=zero),
        _once(alt.expr("above"), baseline="bottom", dy=-5, fill="var(--recipient)", **side)
        .encode(x=alt.value(0), y=zero),
        _once(alt.expr("below"), baseline="top", dy=5, fill="var(--supplier)", **side)
        .encode(x=alt.value(0), y=zero),
        _origin(rows), _chosen(rows), _hover(rows, alt.Y("q50:Q", **axis)),
    ]  # fmt: skip
    return _finished(alt.layer(*layers))


def _probability(field: str) -> alt.Y:
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)


def _probabilities() -> dict[str, Any]:
    """Draw the three kinds of answer to a question, by year."""
    colours = alt.Scale(domain=list(KINDS), range=[f"var(--{kind})" for kind in KINDS])
    dashes = alt.Scale(domain=list(KINDS), range=list(DASHES))
    rows = _rows().transform_fold(list(KINDS), as_=["kind", "p"])
    rows = rows.transform_filter("isValid(datum.p)")
    lines = rows.mark_line(strokeWidth=2).encode(
        x=_years(), y=_probability("p"), color=alt.Color("kind:N", scale=colours, legend=None),
        strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=None),
    )  # fmt: skip
    return _finished(alt.layer(lines, _chosen(rows), _hover(rows, _probability("p"))), SMALL)


def _ranges() -> dict[str, Any]:
    """Stack, for each year, the probability of each range of a volume."""
    rows = _rows()
    bars = rows.mark_bar(tooltip=" ", stroke="var(--paper)", strokeWidth=0.5).encode(
        x=alt.X("year:O", axis=alt.Axis(
            labelAngle=0, ticks=False, labelExpr="datum.value % 5 ? '' : datum.label"
        )),
        y=_probability("probability").stack("zero"), color=_shades(), order="step:O",
    )  # fmt: skip
    chosen = rows.transform_filter("datum.year == year").transform_aggregate(groupby=["year"])
    line = chosen.mark_rule(color="var(--ink)", strokeWidth=1.2).encode(x="year:O")
    return _finished(alt.layer(bars, line), 220)


def _orders() -> dict[str, Any]:
    """Draw the orders on record by period within the bands that the model gives them."""
    axis = {"axis": alt.Axis(tickMinStep=1, tickCount=5)}
    rows = _rows()
    points = rows.mark_point(size=50, filled=True, color="var(--ink)", opacity=1)
    points = points.encode(x=_years(), y=alt.Y("value:Q", **axis))
    layers = [*_bands(rows, axis), points, _hover(rows, alt.Y("value:Q", **axis))]
    return _finished(alt.layer(*layers), 220)


def _domains() -> dict[str, Any]:
    """Map the probability of being ahead by domain and year, in steps of shade."""
    rows = _rows().transform_calculate(start="datum.year - 0.52", end="datum.year + 0.52")
    names = alt.Y("series:N", sort=None, axis=alt.Axis(grid=False))
    years = alt.X(
        "start:Q", scale=alt.Scale(nice=False, zero=False),
        axis=alt.Axis(format="d", tickMinStep=1, tickCount=6),
    )  # fmt: skip
    cells = rows.mark_rect(tooltip=" ", strokeWidth=0).encode(
        x=years, x2="end:Q", y=names, color=_shades("probability:Q")
    )
    once = {
        name: rows.transform_filter(f"datum.year == {name}").transform_aggregate(groupby=["year"])
        for name in ("year", "origin")
    }
    line = once["year"].mark_rule(color="var(--ink)", strokeWidth=1.5).encode(x="year:Q")
    end = once["origin"].transform_calculate(end="datum.year + 0.5")
    dashes = end.mark_rule(color="var(--grey)", strokeDash=[3, 3]).encode(x="end:Q")
    return _finished(alt.layer(cells, dashes, line))


def _scenarios() -> dict[str, Any]:
    """Draw the probability of a statement under each scenario, in the chosen year."""
    rows = _rows().transform_filter("datum.year == year").transform_calculate(shown=PERCENT)
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.5, 1], grid=True)
    names = alt.Y("scenario:N", sort=None, axis=alt.Axis(labelLimit=140))
    base = rows.transform_filter("datum.scenario == label")
    layers = [
        base.mark_rule(color="var(--grey)", strokeDash=[3, 3]).encode(
            x=alt.X("probability:Q", scale=scale, axis=axis)
        ),
        rows.mark_point(filled=True, size=90, opacity=1, tooltip=" ").encode(
            x=alt.X("probability:Q", scale=scale, axis=axis), y=names,
            color=alt.value("var(--recipient)"),
        ),
    ]  # fmt: skip
    for align, which in (("left", "<="), ("right", ">")):  # Beside the dot where there is room.
        beside = rows.transform_filter(f"datum.probability {which} 0.7")
        layers.append(
            beside.mark_text(align=align, dx=9 if align == "left" else -9, fontSize=11).encode(
                x=alt.X("probability:Q", scale=scale, axis=axis), y=names, text="shown:N"
            )
        )
    return _finished(alt.layer(*layers))


def _skill() -> dict[str, Any]:
    """Draw skill with its interval against zero, a row for each span of horizons."""
    rows = _rows()
    axis = {
        "axis": alt.Axis(format="+.2~f", tickCount=4, grid=True),
        "scale": alt.Scale(domainMin=alt.expr("low"), domainMax=alt.expr("high")),
    }
    names = alt.Y("horizon:N", sort=None)
    zero = alt.XDatum(0, type="quantitative", **axis)
    layers = [
        _once(color="var(--ink)", strokeWidth=1).encode(x=zero),
        rows.mark_rule(strokeWidth=3, color="var(--recipient)", opacity=0.5).encode(
            x=alt.X("skill_q05:Q", **axis), x2="skill_q95:Q", y=names
        ),
        rows.mark_point(filled=True, size=90, opacity=1, tooltip=" ").encode(
            x=alt.X("skill:Q", **axis), y=names, color=alt.value("var(--recipient)")
        ),
    ]
    return _finished(alt.layer(*layers))
