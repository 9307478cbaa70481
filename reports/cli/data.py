"""Commands on the panel: what is known, since when, and how it was compiled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from crossover.data.errors import InputError
from crossover.forecast import stored_run
from crossover.forecast.progress import progress, say
from crossover.reports.cli import console, options
from crossover.reports.cli.console import Shape

if TYPE_CHECKING:
    from crossover.data.look import Answer

OF_DELIVERIES = "of deliveries and orders"


def list_series(
    asked: options.OfPanel,
    shown: options.Shown,
    releases: Annotated[bool, Option("--releases", help="a row a release")] = False,
    series: Annotated[
        str | None, Option(metavar="SERIES", help="releases of this series only")
    ] = None,
    additions: Annotated[bool, Option("--additions", help="what was added to the store")] = False,
) -> int:
    """List the series of the panel, every release that was kept of them, or what was added."""
    from crossover.data import added, look

    shape = shown.shape
    if additions:
        found = added.added(asked.folder)
    elif releases or series:
        found = look.releases(series, asked.layers())
    else:
        found = look.listing(asked.layers())
    return _put(found, shape)


def show(
    asked: options.OfPanel,
    shown: options.Shown,
    series: Annotated[str, Argument(metavar="SERIES", help="a series of 'crossover data list'")],
    country: options.Country = None,
    supplier: Annotated[str | None, Option(metavar="COUNTRY", help=OF_DELIVERIES)] = None,
    recipient: Annotated[str | None, Option(metavar="COUNTRY", help=OF_DELIVERIES)] = None,
    domain: Annotated[str | None, Option(metavar="DOMAIN", help=OF_DELIVERIES)] = None,
    weapon: Annotated[
        str | None,
        Option(metavar="TEXT", help="of unit values and descriptions"),
    ] = None,
    years: Annotated[str | None, Option(metavar="SPAN", help="as in 2019 or 1995-2024")] = None,
    every_vintage: Annotated[
        bool, Option("--every-vintage", help="each release of a figure")
    ] = False,
    as_of: options.AsOf = None,
) -> int:
    """Show a series: an indicator, deliveries, orders, ideal points, imports, exports, the highest
    values per unit of new systems (unit_values), or the world's deliveries by description.
    """
    from crossover.data import look, look_up

    shape = shown.shape
    found = look_up.show(
        series,
        country=country,
        supplier=supplier,
        recipient=recipient,
        domain=domain,
        weapon=weapon,
        span=look.years(years) if years else None,
        as_of=stored_run.day(as_of),
        every_vintage=every_vintage,
        folder=asked.layers(),
    )
    return _put(found, shape)


def revisions(
    asked: options.OfPanel,
    shown: options.Shown,
    indicator: Annotated[
        str | None,
        Option(metavar="SERIES", help="a series of 'data list'"),
    ] = None,
    country: options.Country = None,
    supplier: Annotated[str | None, Option(metavar="COUNTRY", help="ISO3 code or name")] = None,
    recipient: Annotated[str | None, Option(metavar="COUNTRY", help="ISO3 code or name")] = None,
    year: Annotated[str | None, Option(metavar="SPAN", help="as in 2019 or 2015-2024")] = None,
) -> int:
    """Show a figure's history over all releases kept: of --indicator and --country, or of the
    deliveries from --supplier to --recipient. Without any of these, by how much the second, third
    and later release of a figure differ from the first, by source.
    """
    from crossover.data import look, revisions

    shape = shown.shape
    layers = asked.layers()
    side = supplier or recipient
    if not (country or side):
        if year:
            raise InputError("--year needs --country, or --supplier and --recipient")
        found = revisions.kth_releases(indicator, layers)
    else:
        if indicator is None and not side:
            raise InputError("--country needs --indicator")
        found = revisions.history(
            indicator or look.DELIVERIES,
            country=country,
            supplier=supplier,
            recipient=recipient,
            span=look.years(year, "--year") if year else None,
            folder=layers,
        )
    _put(found, shape)
    if indicator in (look.DESCRIPTIONS, look.UNIT_VALUES):
        for vintage, rename in revisions.renamed(layers):
            say(f"release of {vintage}: {rename}")
    return console.DONE


def check(
    asked: options.OfStore,
    shown: options.Shown,
    folder: Annotated[
        Path | None, Argument(metavar="DIR", help="a panel; the shipped one by default")
    ] = None,
) -> int:
    """Check a panel: every fault is named with its place and rule, and exit 2 if there is one.
    Without a folder, the shipped panel and what the store adds to it.
    """
    from crossover.data import check, kept

    shape = shown.shape
    faults = check.check(folder)
    if folder is None:
        faults += kept.damaged(asked.folder)
    name = folder or "the shipped panel"
    if faults or shape is not Shape.TABLE:
        console.put(check.HEADER, faults, shape)
    if faults:
        raise InputError(f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
    say(f"{name}: sound")
    return console.DONE


def build(
    shown: options.Shown,
    folder: Annotated[Path, Argument(metavar="DIR", help="folder of the providers' files")],
    out: Annotated[
        Path,
        Option(metavar="DIR", help="the panel; an older one there is replaced"),
    ] = Path("data/panel"),
    shipped: Annotated[
        bool, Option("--shipped", help="only the files of which the shipped panel is made")
    ] = False,
) -> int:
    """Compile a panel from a folder of files as the providers publish them, whole or not at all."""
    from crossover.data.build import build, shipped_files

    shape = shown.shape
    only = shipped_files() if shipped else None
    with progress("reading") as move:
        built = build(folder, out, move, only)
    for file, reason in built.left_out:
        say(f"left out: {file}: {reason}")
    console.put(("table", "rows"), list(built.rows.items()), shape, f"Built {built.folder}")
    say(f"{built.size / 1e6:.2f} MB")
    return console.DONE


def domains(
    asked: options.OfPanel,
    shown: options.Shown,
    domain: Annotated[
        str | None, Argument(metavar="DOMAIN", help="the weapons of one domain")
    ] = None,
    description: Annotated[
        str | None,
        Option(metavar="TEXT", help="text in SIPRI's description, as in torpedo"),
    ] = None,
    all_weapons: Annotated[bool, Option("--all", help="all weapons")] = False,
) -> int:
    """Show which weapon belongs to which technology domain, and what that moves against SIPRI's
    own categories. The mapping is the table data/domains.csv, yours to change: 'data domains'
    shows the change at once, and 'crossover data build DIR', with SIPRI's files in DIR, takes it
    into the panel's deliveries, orders and unit values ('crossover data check' finds a panel that
    was not built anew).
    """
    from crossover.data import moves

    shape = shown.shape
    layers = asked.layers()
    if domain is not None or description is not None or all_weapons:
        return _put(moves.weapons(domain, description, layers), shape)
    if shape is not Shape.TABLE:
        return _put(moves.long(layers), shape)
    for found in (moves.by_domain(layers), moves.by_category(layers)):
        _put(found, shape)
        console.show()
    say("weapon by weapon: crossover data domains DOMAIN, --description TEXT, or --all")
    return console.DONE


def _put(found: Answer, shape: Shape) -> int:
    console.put(found.header, found.rows, shape, found.title)
    return console.DONE
