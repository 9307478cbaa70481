"""What is fuzzed: each reader, the files it begins from, and how bytes become a file for it."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crossover.data import tables
from crossover.data.errors import InputError, collecting
from crossover.data.sources.files import Options
from tests.data import samples

OPTIONS = (
    Options(),
    Options("2022-03-13"),
    Options("2022-04-15", "rd_share"),
    Options("2022-03-31", None, True),
)
SHEET = "xl/worksheets/sheet2.xml"
"""The first that is read of the military expenditure workbook."""


@dataclass(frozen=True)
class Target:
    """A reader that is fuzzed.

    Parameters
    ----------
    names : what the file may be called; of several the first byte of an input chooses.
    seeds : contents to begin from.
    read : what is done with the file; the first byte is given too.
    pack : what is done to the bytes before they are written.
    share : inputs that it gets, against those of others: less where reading takes long.
    """

    names: tuple[str, ...]
    seeds: tuple[bytes, ...]
    read: Callable[[Path, int], object]
    pack: Callable[[bytes], bytes] = bytes
    share: float = 1.0

    def offer(self, folder: Path, content: bytes) -> object:
        """Write an input as a file and have it read; raises what the reader raises."""
        first, rest = (content[0], content[1:]) if content else (0, b"")
        path = folder / self.names[first % len(self.names)]
        path.write_bytes(self.pack(rest))
        return self.read(path, first)


def within(content: bytes, member: str) -> bytes:
    """Return a member of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(member)


def replacing(member: str) -> Callable[[bytes], bytes]:
    """Return the function that puts bytes into a workbook, as that member, all checksums right."""
    with zipfile.ZipFile(io.BytesIO(samples.workbook())) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}

    def pack(content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, kept in (held | {member: content}).items():
                archive.writestr(name, kept)
        return out.getvalue()

    return pack


def source(path: Path, first: int) -> object:
    from tests.trust import readers

    return readers.source(path, OPTIONS[first // 32 % len(OPTIONS)])


def scenario(path: Path, first: int) -> object:
    from crossover.forecast import scenarios

    return scenarios.load(path, origin=2024, clip=bool(first & 1))


def prior(path: Path, first: int) -> object:
    from crossover.models import priors

    return priors.load(path, priors.FILES[first % len(priors.FILES)])


def claim(path: Path, _: int) -> object:
    from crossover.forecast import claims

    return claims.load(path)


def mapping(path: Path, _: int) -> object:
    from crossover.data import domains

    return domains.with_own(path)


def stored(path: Path, first: int) -> object:
    """Read a table of a panel as it stands in a store."""
    name = sorted(tables.TABLES)[first % len(tables.TABLES)]
    path.rename(path.with_name(f"{name}.csv.gz"))
    with collecting():
        return tables.read(name, path.parent)


def _folder(name: str) -> Path:
    return Path(__file__).parents[2] / name


def _texts() -> tuple[bytes, ...]:
    extra = (
        samples.register_of_all(), samples.TOTALS_BEFORE_2024, samples.TOTALS_OF_ONE,
        samples.DATABANK, samples.WDI_LONG, samples.OECD_SDMX,
        samples.saved_again(samples.lines_official()),
    )  # fmt: skip
    held = [text for text in samples.FILES.values() if isinstance(text, str)]
    partnership = (
        "atopid,cowid,cow4id,member,yrent,moent,yrexit,moexit,bilat,phase,termmode,termcaus,"
        "defense,offense,neutral,nonagg,consul\n1005,1,1,200,1815,11,1823,0,0,0,1,1,1,0,0,0,1\n",
        "ccode,year,milex,milper,irst,pec,tpop,upop,cinc\n2,1816,1,1,1,1,1,1,0.03\n",
        "stateabb,ccode,statenme,styear,endyear\nUSA,2,United States,1816,2016\n",
        "ccode,styear,stmonth,endyear\n2,1898,8,2016\n",
        "dispnum,ccode1,ccode2,year,cowmidonset,hostlev,fatality\n2,2,200,1902,1,2,0\n",
        "tssr_id,rivalry,ccode1,ccode2,start,end,x\n1,a - b,2,200,1816,1904,1\n",
        "ccode,year,euds,aeuds,polity2,v2x_polyarchy\n2,1816,1,1,9,0.3\n",
    )
    return tuple(text.encode() for text in (*held, *extra, *partnership))


def _toml(*places: str) -> tuple[bytes, ...]:
    found = []
    for place in places:
        at = _folder(place)
        found += [p.read_bytes() for p in (sorted(at.glob("*.toml")) if at.is_dir() else [at])]
    return tuple(found)


def _rows(name: str) -> bytes:
    header = ",".join(tables.TABLES[name]._fields)
    return bytes([sorted(tables.TABLES).index(name)]) + f"{header}\n".encode()


OWN = b"category,description,domain,weapon_class,note\nArmoured vehicles,new tank,land,new tank,x\n"
TABLE_NAMES = ("a.csv", "oecd_2022-03.csv", "ideal_points_aug2021.csv", "lines_2026-06-16.csv")
TARGETS: dict[str, Target] = {
    "tables": Target(
        TABLE_NAMES, tuple(bytes([n % 4]) + text for n, text in enumerate(_texts())), source),
    "answers": Target(("a.json",), (b"\0" + samples.API.encode(), b"\0" + json.dumps(
        samples.api_page([samples.api_row("CHN", 2020, 1.0)], 1, 2)).encode()), source),
    "sheets": Target(("a.xlsx",), (b"\0" + within(samples.workbook(), SHEET),), source,
                     replacing(SHEET), share=0.1),
    "directories": Target(("a.xlsx",), (b"\0" + within(samples.workbook(), "xl/workbook.xml"),),
                          source, replacing("xl/workbook.xml"), share=0.1),
    "archives": Target(("a.zip", "a.xlsx", "a.csv.gz"), (
        b"\0" + samples.databank_zip(), b"\1" + samples.workbook(),
        b"\2" + gzip.compress(samples.SITE.encode())), source, share=0.4),
    "scenarios": Target(("a.toml",), tuple(
        b"\0" + text for text in _toml("forecast/scenarios")), scenario),
    "priors": Target(("a.toml",), tuple(
        bytes([n]) + text[:4000] for n, text in enumerate(_toml("models/priors"))), prior,
        share=0.05),
    "claims": Target(("a.toml",), tuple(b"\0" + text for text in _toml("forecast/claims.toml")),
                     claim),
    "mappings": Target(("domains.csv",), (b"\0" + OWN,), mapping),
    "stored": Target(("a.csv.gz",), tuple(_rows(name) for name in tables.TABLES), stored,
                     gzip.compress),
}  # fmt: skip


def is_refusal(error: BaseException) -> bool:
    """Say whether an error is how a reader refuses, in short lines of letters that print."""
    lines = str(error).split("\n")
    return isinstance(error, InputError) and all(
        line.isprintable() and len(line) < 2000 for line in lines
    )
