"""One module a provider; a file is recognised by what it holds, never by its name."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from crossover.data.errors import InputError, fault
from crossover.data.sources import (
    oecd,
    partnership,
    sipri_deals,
    sipri_lines,
    sipri_milex,
    sipri_register,
    sipri_totals,
    sipri_yearly,
    unga,
    wdi_vintages,
    worldbank_api,
    worldbank_csv,
    worldbank_long,
)
from crossover.data.sources.files import PLAIN, PREAMBLE, Batch, Options, Source, load
from crossover.data.sources.workbooks import Workbook
from crossover.data.tables import KEYS

PROVIDERS = (
    sipri_lines,
    sipri_yearly,
    sipri_register,
    sipri_deals,
    sipri_totals,
    sipri_milex,
    worldbank_csv,
    worldbank_long,
    wdi_vintages,
    worldbank_api,
    oecd,
    unga,
    partnership,
)
DOCUMENTS = frozenset({".md", ".txt", ".pdf", ".html"})
OTHER_TABLES = (
    "year,china_exports_to_russia_bn",
    "reporter_iso3,partner_iso3,year,",
    "ccode1,ccode2,year,n_alliances",
    "atopid,",
    "year,chn_cinc",
    "warnum,ccode1",
    "c1,c2,cross_year",
    "dyad,year,peacelevel",
    "year,CN_RU_n",
)
"""Beginnings of tables of trade and of derived tables of the partnership: no part of this panel."""


def read(source: Source) -> list[Batch] | None:
    """Parse a file with the importer that recognises it; None for files that are no part.

    Raises
    ------
    InputError : no importer recognises the file, it breaks a rule of its format, or it contradicts
        what the user says of it.
    """
    for found in _texts(source):
        for provider in PROVIDERS:
            if provider.recognises(found):
                batches = [batch for batch in provider.read(found) if batch.rows]
                _agrees(source, provider, batches)
                return batches
    if (source.text or "").startswith(OTHER_TABLES):
        return None
    if source.text is None:
        sipri_milex.refuse_workbook(source)
    rule = (
        "is in no known format (SIPRI, World Bank, OECD, UN votes, ATOP or COW): columns must have "
        "the names that the provider gives them"
    )
    start = source.text[: PREAMBLE].splitlines()[:1] if source.text else []
    raise InputError(fault(rule, file=source.name, line=1, value=start[0] if start else None))


def _texts(source: Source) -> Iterator[Source]:
    """Yield a file as the importers may know it: as it is, then sheet by sheet as a text."""
    yield source
    if source.text is None:
        book = Workbook(source)
        for sheet in book.sheets:
            yield source._replace(text=book.text(sheet))


def _agrees(source: Source, provider: ModuleType, batches: list[Batch]) -> None:
    """Refuse a file that says other than its user of when it was published or what it holds."""
    told = source.options.released
    own = {b.vintage for b in batches if "vintage" in KEYS.get(b.table, ())}
    if told and own - {told}:
        rule = (
            f"--released says {told}, but the file has its own date, {max(own)}: leave the option "
            "out"
        )
        raise InputError(fault(rule, file=source.name))
    if source.options.indicator and provider is not worldbank_long:
        rule = f"--indicator says {source.options.indicator}, but the file names its own series"
        raise InputError(fault(f"{rule}: leave the option out", file=source.name))


def read_file(path: Path, options: Options = PLAIN) -> tuple[Source, list[Batch] | None]:
    """Load and parse one file."""
    source = load(path, options)
    return source, read(source)
