"""Commands that take new figures in: files as downloaded, and what the World Bank serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from crossover.data.errors import InputError
from crossover.forecast import runs
from crossover.forecast.progress import progress, say
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape

DryRun = Annotated[bool, Option("--dry-run", help="show only; write nothing")]
Accept = Annotated[
    str | None,
    Option(metavar="REASON", help="why a release that looks like a mistake is right; kept with it"),
]
PREVIEW = (
    "series", "released", "rows", "known", "new", "unchanged", "revised", "other unit", "renamed",
    "gone", "median", "largest", "median %", "largest %", "largest revision",
)  # fmt: skip
REFUSALS = 60
"""How many refused rows and names are listed; the rest is counted."""
RENAMES = 20
"""How many renamed names are listed; the rest is counted."""


@dataclass(frozen=True)
class Place:
    """Where figures are added, whether they are, and how that is shown."""

    asked: options.OfPanel
    dry_run: bool
    shape: Shape
    page: Path | None = None
    accept: str | None = None


def add(
    reading: options.Reading,
    asked: options.OfPanel,
    shown: options.Shown,
    files: Annotated[list[Path], Argument(metavar="FILE", help="as downloaded")],
    html: Annotated[
        Path | None,
        Option(metavar="FILE", help="with --dry-run: what would change, as a page"),
    ] = None,
    dry_run: DryRun = False,
    accept: Accept = None,
) -> int:
    """Add what is new in files as the providers publish them: recognised by content, checked whole,
    compared with what is known. The files are added together or not at all; an older release than
    the newest known is welcome. What looks like a mistake, beside all releases that were kept,
    stops with its findings unless --accept says why it is right.
    """
    from crossover.data import additions
    from crossover.data.sources import fields
    from crossover.data.sources.files import Options

    day = reading.released and fields.date(
        reading.released, file=None, line=None, column="--released"
    )
    how = Options(day, reading.indicator, reading.accept_unknown)
    place = Place(asked, dry_run, shown.shape, html, accept)
    with progress("reading") as move:
        return _take_in(
            place,
            lambda **given: additions.add(files, **given, progress=move, reading=how),
        )


def refresh(
    asked: options.OfPanel,
    shown: options.Shown,
    indicator: Annotated[
        list[str] | None,
        Option(metavar="SERIES", help="only this one; may be repeated"),
    ] = None,
    url: Annotated[
        str | None, Option(metavar="URL", help="another address of the interface")
    ] = None,
    timeout: Annotated[
        int, Option(min=1, max=600, metavar="SECONDS", help="how long to wait")
    ] = 30,
    dry_run: DryRun = False,
    accept: Accept = None,
) -> int:
    """Fetch the series that the World Bank serves, and add what is new: of all or of none."""
    from crossover.data.refresh import refresh

    more = {"base_url": url} if url else {}
    place = Place(asked, dry_run, shown.shape, accept=accept)
    with progress("fetching") as move:
        return _take_in(
            place,
            lambda **given: refresh(
                **given, **more, series=indicator, timeout=timeout, progress=move
            ),
        )


def _take_in(place: Place, act: Callable[..., Any]) -> int:
    """Add by a function, and show what is new, what was refused, and where it went."""
    from crossover.data import additions, examination

    place.asked.layers()
    store = place.asked.folder
    if place.page:
        _check_page(place)
    try:
        added = act(
            store=store, panel=place.asked.panel, dry_run=place.dry_run, say=say,
            accept=place.accept,
        )  # fmt: skip
    except examination.Refused as error:
        if len(error.refusals) > 1:
            _say_some([f"refused: {refusal}" for refusal in error.refusals], REFUSALS, "refused")
        raise
    _put_changes(added.examined, place.shape)
    if place.page:
        from crossover.reports import preview

        say(f"written: {runs.write(place.page, preview.render(added.examined))}")
    fresh = any(change.rows > change.held for change in added.examined.changes)
    if not fresh and not added.examined.restated:
        for sentence in additions.already(added.examined, store):
            say(sentence)
        say("nothing new: every figure is known already, nothing was added")
    elif place.dry_run:
        say("dry run: nothing was written")
    else:
        say(f"added: {added.folder}")
    return console.DONE


def _put_changes(examined: Any, shape: Shape) -> None:
    """Print what is new, a row a series, with alarms, renamed names and notes."""
    from crossover.data.comparison import Change

    for alarm in examined.alarms:
        say(f"alarm: {alarm}")
    fresh = [change for change in examined.changes if change.rows > change.held]
    if shape is not Shape.TABLE:
        console.put(Change._fields, examined.changes, shape)
    elif fresh:
        console.put(PREVIEW, [_previewed(change) for change in fresh], shape, "What is new")
    _say_some(
        [str(rename) for rename in examined.renames], RENAMES, "renamed", "; --html FILE lists all"
    )
    for note in examined.notes:
        say(note if note.startswith("warning: ") else f"note: {note}")


def _say_some(lines: list[str], most: int, what: str, more: str = "") -> None:
    for line in lines[:most]:
        say(line)
    if len(lines) > most:
        say(f"{what}: {len(lines) - most} more{more}")


def _check_page(place: Place) -> None:
    """Refuse a page that nothing is previewed in, or that would take the place of something."""
    from crossover.reports import preview

    if not place.dry_run:
        raise InputError("--html shows what would change: give --dry-run with it")
    preview.check_free(place.page)


def _previewed(change: Any) -> tuple:
    def percent(share: float | None) -> str:
        return "" if share is None else f"{100 * share:.1f}"

    def size(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    return (
        *(change.series, change.vintage, change.rows, change.held, change.new, change.unchanged),
        *(change.revised, change.restated, change.renamed, change.gone),
        *(size(change.median), size(change.largest)),
        *(percent(change.median_relative), percent(change.largest_relative), change.where),
    )
