"""What the mapping to technology domains moves, in SIPRI's own words and in volume.

The mapping is domains.csv; the volumes are the world's deliveries by description, of the newest
release of each year from 1992 on. Both are read as they stand, so a changed mapping shows at once;
the panel's deliveries and orders follow when it is built anew.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from crossover.data import domains, vintages
from crossover.data.domains import CATEGORIES
from crossover.data.errors import InputError, fault
from crossover.data.look import Answer, check_domain
from crossover.data.names import DOMAINS, FIRST_YEAR
from crossover.data.sources.sipri_yearly import categories
from crossover.data.tables import Panel, read

TIV = "TIV million"
ALL = "all"


class Volume(NamedTuple):
    """Deliveries of the world under one description: lines and TIV million."""

    lines: int
    tiv: float


NOTHING = Volume(0, 0.0)


def volumes(folder: Panel = None) -> tuple[dict[tuple[str, str], Volume], str]:
    """Return what was delivered under each description, and of which years and releases.

    Parameters
    ----------
    folder : the panel's folder, or a base and additions to it; the shipped panel when None.

    Returns
    -------
    (SIPRI's category, description) → lines and TIV million, summed over the years from 1992 on,
    each year whole from the newest release that covers it; and a text that says so.

    Raises
    ------
    InputError : the panel lacks a table, or holds no deliveries by description.
    """
    newest = vintages.transfer_vintages(
        (row for row in read("vintages", folder) if not row.assumed), None
    )
    rows = [
        row
        for row in read("descriptions", folder)
        if row.year >= FIRST_YEAR and row.year in newest and row.vintage == newest[row.year].vintage
    ]
    if not rows:
        raise InputError(fault("holds no deliveries by description", file="descriptions.csv.gz"))
    sums: dict[tuple[str, str], Volume] = {}
    for row in rows:
        key = (row.category, row.description)
        sums[key] = _add((sums.get(key, NOTHING), Volume(row.n_lines, row.tiv)))
    years = sorted({row.year for row in rows})
    releases = ", ".join(sorted({row.vintage for row in rows}, reverse=True))
    return sums, f"{years[0]}-{years[-1]}, SIPRI's releases of {releases}"


def by_domain(folder: Panel = None) -> Answer:
    """Return a row a domain: descriptions mapped to it, delivery lines, TIV million, share in %.

    The last row is the sum over all domains. Raises as `volumes`.
    """
    of = list(domains.by_description(folder).values())
    cells, when = _cells(folder)
    whole = _sum(cells)
    rows = [
        (domain, of.count(domain), held.lines, round(held.tiv), _percent(held.tiv, whole.tiv))
        for domain in DOMAINS
        if (held := _sum(cells, domain=domain))
    ]
    rows.append((ALL, len(of), whole.lines, round(whole.tiv), _percent(whole.tiv, whole.tiv)))
    title = f"Deliveries of the world by technology domain, {when}"
    return Answer(title, ("domain", "descriptions", "lines", TIV, "share, %"), rows)


def by_category(folder: Panel = None) -> Answer:
    """Return TIV million by SIPRI's category (a row each) and technology domain (a column each).

    Cells in which nothing was delivered are empty; categories stand by their volume. Raises as
    `volumes`.
    """
    cells, _ = _cells(folder)
    categories = sorted({c for c, _ in cells}, key=lambda c: -_sum(cells, category=c).tiv)
    rows = [
        (
            category,
            *(_whole(cells.get((category, domain), NOTHING)) for domain in DOMAINS),
            round(_sum(cells, category=category).tiv),
        )
        for category in categories
    ]
    columns = (_whole(_sum(cells, domain=domain)) for domain in DOMAINS)
    rows.append((ALL, *columns, round(_sum(cells).tiv)))
    title = f"{TIV} by SIPRI's category (rows) and technology domain (columns)"
    return Answer(title, ("SIPRI's category", *DOMAINS, ALL), rows)


def long(folder: Panel = None) -> Answer:
    """Return the same as rows: category, domain, lines, TIV million. Raises as `volumes`."""
    order = {domain: i for i, domain in enumerate(DOMAINS)}
    rows = [
        (category, domain, held.lines, round(held.tiv, 2))
        for (category, domain), held in sorted(
            _cells(folder)[0].items(), key=lambda cell: (cell[0][0], order[cell[0][1]])
        )
    ]
    title = "Deliveries of the world by SIPRI's category and technology domain"
    return Answer(title, ("category", "domain", "lines", TIV), rows)


def weapons(
    domain: str | None = None, description: str | None = None, folder: Panel = None
) -> Answer:
    """Return which weapon is of which domain, with its volume and why.

    Parameters
    ----------
    domain : one domain only.
    description : only weapons with this text, in any case, in their description or class.
    folder : the panel's folder, or a base and additions to it; the shipped panel when None.

    Returns
    -------
    Answer : domain, description, class, category, lines and TIV million from 1992 on, note; a row
        each of domains.csv, by domain and name.

    Raises
    ------
    InputError : an unknown domain, no weapon of that text, or as `volumes`.
    """
    if domain is not None:
        check_domain(domain)
    found, when = volumes(folder)
    own = domains.of(folder).own
    listed = [*(r for r in domains.table() if r["description"] not in own), *own.values()]
    text = (description or "").strip().lower()
    rows = []
    told: set[tuple[str, str]] = set()
    for row in listed:
        words = f"{row['description']}\n{row['weapon_class']}".lower()
        if domain not in (None, row["domain"]) or text not in words:
            continue
        # Two spellings of a category are one in the figures: they stand at the first.
        name = row["category"] or categories().get(row["description"], "")
        key = (CATEGORIES.get(name, name), row["description"])
        held = NOTHING if key in told else found.get(key, NOTHING)
        told.add(key)
        rows.append(
            (row["domain"], row["description"], row["weapon_class"], row["category"], held.lines,
             round(held.tiv, 2), row["note"])
        )  # fmt: skip
    if not rows:
        rule = f"no weapon of that description{f' in the domain {domain}' if domain else ''}"
        raise InputError(fault(rule, column="--description", value=description))
    order = {name: i for i, name in enumerate(DOMAINS)}
    rows.sort(key=lambda row: (order[row[0]], *row[1:]))
    title = f"Technology domains by SIPRI's description of the weapon; deliveries of {when}"
    header = ("domain", "description", "class", "category", "lines", TIV, "note")
    return Answer(title, header, rows)


def _cells(folder: Panel) -> tuple[dict[tuple[str, str], Volume], str]:
    """Return (category, domain) → volume, and of which years and releases."""
    known = domains.by_description(folder)
    found, when = volumes(folder)
    cells: dict[tuple[str, str], list[Volume]] = defaultdict(list)
    for (category, description), volume in found.items():
        cells[category, known[description]].append(volume)
    return {key: _add(held) for key, held in cells.items()}, when


def _sum(
    cells: dict[tuple[str, str], Volume], category: str | None = None, domain: str | None = None
) -> Volume:
    return _add(v for (c, d), v in cells.items() if category in (None, c) and domain in (None, d))


def _add(volumes: Iterable[Volume]) -> Volume:
    return Volume(*map(sum, zip(NOTHING, *volumes, strict=True)))


def _whole(held: Volume) -> int | None:
    return round(held.tiv) if held.lines else None


def _percent(part: float, whole: float) -> float:
    return round(100.0 * part / whole, 1) if whole else 0.0
