"""One module a provider; a file is recognised by what it holds, never by its name."""

from pathlib import Path

from data.errors import InputError, fault
from data.sources import (
    atop,
    cow,
    oecd,
    regimes,
    sipri_deals,
    sipri_lines,
    sipri_milex,
    sipri_register,
    sipri_totals,
    sipri_yearly,
    tss,
    unga,
    wdi_vintages,
    worldbank_api,
    worldbank_csv,
)
from data.sources.files import Batch, Source, load

PROVIDERS = (
    sipri_lines,
    sipri_yearly,
    sipri_register,
    sipri_deals,
    sipri_totals,
    sipri_milex,
    worldbank_csv,
    wdi_vintages,
    worldbank_api,
    oecd,
    unga,
    atop,
    cow,
    tss,
    regimes,
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
    InputError : no importer recognises the file, or it breaks a rule of its format.
    """
    for provider in PROVIDERS:
        if provider.recognises(source):
            return provider.read(source)
    if (source.text or "").startswith(OTHER_TABLES):
        return None
    rule = "is in no known format (SIPRI, World Bank, OECD, UN votes, ATOP or COW)"
    start = (source.text or "").splitlines()[:1]
    raise InputError(fault(rule, file=source.name, line=1, value=start[0][:60] if start else None))


def read_file(path: Path) -> tuple[Source, list[Batch] | None]:
    """Load and parse one file."""
    source = load(path)
    return source, read(source)
