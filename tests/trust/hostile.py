"""Hostile and mistaken files, each made anew: sizes, bombs, damage, and what people really do.

`python -m tests.trust.hostile` offers each to its reader in a process of its own and prints counts.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from crossover.forecast import claims, scenarios
from crossover.models import priors
from tests.data import samples
from tests.trust.hostile_archives import ARCHIVES, CFB, MIB, WORKBOOKS, zipped
from tests.trust.readers import READERS
from tests.trust.watched import READ, REFUSED, watch


@dataclass(frozen=True)
class Case:
    """A file that no reader should come to grief over; `make` puts it into a folder."""

    name: str
    reader: str
    make: Callable[[Path], Path]

    @property
    def label(self) -> str:
        """Its reader and name."""
        return f"{self.reader}: {self.name}"


def put(name: str | bytes, content: bytes | str | Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        made = content() if callable(content) else content
        path = folder / os.fsdecode(name)
        path.write_bytes(made.encode("utf-8", "surrogatepass") if isinstance(made, str) else made)
        return path

    return make


# Things that are no files -----------------------------------------------------------------------


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.csv")
    return folder / "pipe.csv"


def device(folder: Path) -> Path:
    (folder / "endless.csv").symlink_to("/dev/zero")
    return folder / "endless.csv"


def directory(folder: Path) -> Path:
    (folder / "folder.csv").mkdir()
    return folder / "folder.csv"


def sparse(folder: Path) -> Path:
    path = folder / "huge.csv"
    with path.open("wb") as file:
        file.truncate(40 << 30)
    return path


def loop(folder: Path) -> Path:
    (folder / "loop.csv").symlink_to("loop.csv")
    return folder / "loop.csv"


NOT_FILES = {"a pipe": pipe, "a device": device, "a folder": directory, "forty GiB": sparse,
             "a link to itself": loop, "nothing": lambda folder: folder / "gone.csv",
             "a folder below a file": lambda folder: put("a", "x")(folder) / "b.csv",
             "a name too long": lambda folder: folder / ("n" * 3000),
             "a name with a zero": lambda folder: folder / "a\0b.csv"}  # fmt: skip


# Texts ------------------------------------------------------------------------------------------

LONG = "x" * 1_000_000
WEIRD = {
    "million": LONG, "digits": "9" * 5000, "31 Feb": "2025-02-31", "month 13": "2025-13",
    "year 0": "0000-00-00", "escape": "\x1b[31mred\x1b[0m", "rtl": "abc\u202edcba", "zero": "a\0b",
    "formula": "=cmd|'/c calc'!A1", "quote": '"', "newline": '"a\nb"', "exponent": "1e999999999",
    "under": "1_000", "arabic": "٣٤", "underscore": "_", "dots": ".." * 9, "star": "Nowhere*",
    "surrogate": "\ud800", "private": "\ue000", "9999": "9999-12-31", "31 February": "31 Feb 2025",
    "superscript": "²⁰²⁰", "separator": "\x1c2020",
}  # fmt: skip


def cells(text: str, said: str) -> Iterator[tuple[str, str]]:
    """Yield a table with one cell after another of its last line, and of its header, replaced."""
    lines = text.rstrip("\n").split("\n")
    for at in {len(lines) - 1, next((n for n, x in enumerate(lines) if x.count(",") > 2), 0)}:
        held = lines[at].split(",")
        for n in range(len(held)):
            changed = [*held[:n], said, *held[n + 1 :]]
            yield f"{at}.{n}", "\n".join([*lines[:at], ",".join(changed), *lines[at + 1 :]])


def unclosed(text: str) -> Iterator[tuple[str, str]]:
    lines = text.rstrip("\n").split("\n")
    at = len(lines) // 2 + 1
    for n in range(lines[at].count(",") + 1):
        held = lines[at].split(",")
        held[n] = '"' + held[n]
        yield str(n), "\n".join([*lines[:at], ",".join(held), *lines[at + 1 :]])


def many_names(which: int, text: str) -> Callable[[], bytes]:
    """Return the last line 30,000 times, each with a name in one column that nobody knows."""

    def make() -> bytes:
        lines = text.rstrip("\n").split("\n")
        held = lines[-1].split(",")
        more = (
            ",".join([f"{n}" if not k and len(held) > 9 else f"Nowhere number {n}"
                      if k == which else x for k, x in enumerate(held)])
            for n in range(30_000)
        )
        return "\n".join([*lines, *more]).encode()

    return make


def deep(start: str, end: str, n: int = 100_000) -> str:
    return start * n + end * n


API = json.loads(samples.API)[0]


def answer(**head: object) -> bytes:
    return json.dumps([API[0] | head, API[1]]).encode()


def row_of(**row: object) -> bytes:
    return json.dumps([API[0], [API[1][0] | row]]).encode()


TEXTS: dict[str, tuple[str, object]] = {
    "nothing": ("a.csv", b""), "blanks": ("a.csv", b" \n" * 99), "zeros": ("a.csv", bytes(MIB)),
    "a picture": ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9),
    "a picture named xlsx": ("a.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9),
    "an xls": ("a.xls", CFB), "an elf": ("a.csv", b"\x7fELF" + bytes(range(256)) * 9),
    "a sqlite": ("a.csv", b"SQLite format 3\0" + bytes(900)),
    "a parquet": ("a.csv", b"PAR1" + bytes(range(256)) * 9),
    "a tar": ("a.csv", b"a.csv" + bytes(252) + b"ustar\0" + bytes(900)),
    "a 7z": ("a.csv", b"7z\xbc\xaf\x27\x1c" + bytes(range(256)) * 9),
    "a bz2": ("a.csv", b"BZh91AY&SY" + bytes(range(256)) * 9),
    "an xz": ("a.csv", b"\xfd7zXZ\0" + bytes(range(256)) * 9),
    "utf-32": ("a.csv", samples.lines_official().encode("utf-32")),
    "latin": ("a.csv", "país,año\n1,2\n".encode("latin-1")),
    "one line": ("a.csv", lambda: b"x" * (60 * MIB)),
    "lines": ("a.csv", lambda: b"\n" * (60 * MIB) + b"x"),
    "header and lines": ("a.csv", lambda: samples.lines_official().encode() + b"\n" * (60 * MIB)),
    "quotes": ("a.csv", lambda: b'"' * (30 * MIB)),
    "commas": ("a.csv", lambda: b"," * (30 * MIB)),
    "header and commas": ("a.csv", lambda: samples.lines_official().encode() + b"," * (30 * MIB)),
    "header and short rows": ("a.csv", lambda: samples.lines_official().encode()
                              + b"a,b\n" * (5 * MIB)),
    "wide letters": ("a.csv", lambda: samples.lines_official().encode()
                     + "😀,".encode() * (6 * MIB)),
    "votes and rows": ("ideal_points_aug2021.csv", lambda: samples.VOTES.encode()
                       + samples.VOTES.splitlines()[-1].encode().join([b"\n"] * 1_000_000)),
    "years": ("a.csv", '"Country Code","Series Code"' + ',"2010"' * 9000 + "\nCHN,x\n"),
    "deep lists": ("a.json", deep("[", "]")), "deep heads": ("a.json", deep('[{"a":', "}]")),
    "open lists": ("a.json", "[" * 10_000_000),
    "many objects": ("a.json", lambda: b"[" + b'{"a":0},' * (12 * MIB) + b"0]"),
    "not a number": ("a.json", b"[NaN, Infinity]"),
    "pages": ("a.json", answer(pages=10**12)), "pages text": ("a.json", answer(pages="9" * 5000)),
    "pages -1": ("a.json", answer(pages=-1)), "page list": ("a.json", answer(page=[1])),
    "pages true": ("a.json", answer(pages=True)), "page other digits": ("a.json", answer(page="²")),
    "pages float": ("a.json", answer(pages=1.5)), "head date": ("a.json", answer(lastupdated=[1])),
    "long number": ("a.json", b'[{"page":' + b"9" * 5000 + b"}]"),
    "long refusal": ("a.json", json.dumps([{"message": [{"value": LONG}]}])),
    "deep refusal": ("a.json", '[{"message":' + deep("[", "]", 900) + "}]"),
    "utf-16 answer": ("a.json", samples.API.encode("utf-16")),
    "another series in one": ("a.json", row_of(indicator={"id": "SP.POP.TOTL", "value": "x"})),
    **{f"answer {key} {n}": ("a.json", row_of(**{key: value}))
       for key in ("indicator", "countryiso3code", "date", "value")
       for n, value in enumerate(([], {}, True, 10**400, "9" * 5000, LONG, "\x1b[2J", None, -1,
                                  {"id": []}, {"id": LONG, "value": LONG}))},
    "Feb in WDI": ("wdi.csv", samples.WDI_TIDY.replace("2022-", "2022-02-31", 1)),
    **{f"label {label}": ("wdi.csv", samples.WDI_TIDY.rstrip("\n").rsplit(",", 2)[0]
                          + f",{label},x\n")
       for label in ("2017-02-31", "2017-13", "0000-01", "2017-00", "9999-12")},
    "a day of long ago": ("wdi.csv", samples.WDI_TIDY.replace("2019-12-21", "0209-12-21")),
    **{f"month {label}": ("m.csv", samples.MILITARY_TIDY.replace("2022-04", label))
       for label in ("2022-13", "0000-04", "9999-04", "2022-02-31")},
    "many countries": ("a.csv", many_names(1, samples.lines_official())),
    "many weapons": ("a.csv", many_names(4, samples.lines_official())),
    "many lines": ("a.csv", many_names(99, samples.lines_official())),
    "many of Nowhere": ("yearly_lines_2026-06-16.csv", many_names(
        0, "supplier,recipient,year,n_delivered,tiv,description,designation\n"
        "Russia,China,2010,1,10,fighter aircraft,x")),
    "many codes": ("oecd_2022-03.csv", many_names(0, samples.OECD)),
    "many series": ("API.csv", many_names(3, samples.SITE)),
}  # fmt: skip
NAMES = {"not UTF-8": b"lines_\xff.csv", "escapes": b"a\x1b[31m.csv",
         "right to left": "a\u202egsc.csv".encode(), "newline": b"a\nb.csv"}  # fmt: skip


# TOML -------------------------------------------------------------------------------------------

VALUES: dict[str, object] = {
    "list": ["CHN"], "table": {"a": 1}, "nan": float("nan"), "inf": float("inf"), "big": 10**400,
    "true": True, "empty": "", "long": LONG, "escape": "\x1b[2J\u202e", "float": 1.5, "minus": -1,
    "lists": [[[]]], "whole": 2027, "word": "CHN", "date": tomllib.loads("a = 2025-01-01")["a"],
    "private": "\ue000", "years": [10**30, 10**31], "year list": [[2027], [2030]],
}  # fmt: skip
TOML_FILES = {"scenario": scenarios.FOLDER / "rapprochement.toml", "claim": claims.FILE,
              "prior": priors.FOLDER / "alignment.toml"}  # fmt: skip
HEADS = {"scenario": '[scenario]\ntitle = "t"\ndescription = "d"\n',
         "claim": "", "prior": ""}  # fmt: skip
TOML = {
    "dotted": "a" + ".a" * 100_000 + " = 1", "dotted head": "[a" + ".a" * 100_000 + "]",
    "dotted lines": ("a" + ".a" * 1000 + " = 1\n") * 100,
    "inline dotted": "x = {" + ", ".join(f"a{n}" + ".a" * 99 + " = 1" for n in range(900)) + "}",
    "lists": "a = " + deep("[", "]"), "open lists": "a = " + "[" * 200_000,
    "tables": "a = " + deep("{a=", "}"), "array heads": "[[a]]\n" * 50_000,
    "many keys": "\n".join(f"k{n} = 1" for n in range(100_000)),
    "digits": "a = " + "9" * 5000, "hex": "a = 0x" + "f" * 5000, "point": "a = 0." + "9" * 5000,
    "exponent": "a = 1e999999999", "31 Feb": "a = 2025-02-31", "time": "a = 25:61:00",
    "long key": "k" * 1_000_000 + " = 1", "quoted key": '"\\u001b[2J\\u202e" = 1',
    "open text": 'a = "' + "x" * 100_000, "open texts": 'a = """' * 30_000, "zero": "a = 1\0",
    "comments": "# " * 3_000_000, "not toml": "hello", "json": "{}", "empty": "",
    "utf-16": "a = 1".encode("utf-16"), "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "old office": CFB, "gzip": gzip.compress(b"a = 1"), "zip": zipped({"a": b"b"}),
    "a page": b"<!doctype html><title>404</title>", "bom": b"\xef\xbb\xbf" + b"a = 1",
    "sixty MiB": lambda: b"a = 1\n" + b"#\n" * (30 * MIB), "a list of claims": "claim = [1]",
    "path list": "path = [1]", "no tables": "scenario = 1", "empty table": "[claim]",
}  # fmt: skip


def leaves(table: object, at: tuple = ()) -> Iterator[tuple]:
    for key, value in table.items() if isinstance(table, dict) else ():
        yield (*at, key)
        yield from leaves(value, (*at, key))


def replaced(table: dict, at: tuple, value: object) -> dict:
    key, *rest = at
    return table | {key: replaced(table[key], tuple(rest), value) if rest else value}


def of_toml(reader: str) -> Iterator[Case]:
    for name, content in TOML.items():
        head = HEADS[reader] if isinstance(content, str) else ""
        full = head + content if isinstance(content, str) else content
        yield Case(name, reader, put(f"{name}.toml", full))
    content = tomllib.loads(TOML_FILES[reader].read_text("utf-8"))
    kinds: dict[tuple, tuple] = {}
    for at in leaves(content):
        kinds.setdefault((len(at), at[-1]), at)
    for at in kinds.values():
        for name, value in VALUES.items():
            changed = replaced(content, at, value)
            made = put("a.toml", lambda table=changed: tomli_w.dumps(table).encode())
            yield Case(f"{'.'.join(at)} {name}", reader, made)


def of_tables() -> Iterator[Case]:
    for file, held in samples.FILES.items():
        if isinstance(held, str) and not file.endswith(".json"):
            for name, said in WEIRD.items():
                for at, text in cells(held, said):
                    yield Case(f"{file} {at} {name}", "source", put(file, text))
            for at, text in unclosed(held):
                yield Case(f"{file} {at} unclosed", "source", put(file, text))


OURS = ",".join(("category", "description", "domain", "weapon_class", "note"))
MAPPINGS: dict[str, bytes | str | Callable[[], bytes]] = {
    "unclosed": f'{OURS}\nShips,"x,ships,x,\nShips,y,ships,y,\n',
    "zero": f"{OURS}\na\0,b,c,d,e\n", "escape": f"{OURS}\na,b,\x1b[2J,d,e\n",
    "million": f"{OURS}\na,{LONG},c,d,e\n", "long header": LONG + "\na",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "utf-16": OURS.encode("utf-16"),
    "empty": "", "gzip": gzip.compress(OURS.encode()),
    "rows": lambda: (OURS + "\n" + "a,b\n" * 9_000_000).encode(),
    "old office": CFB, "quotes": OURS + "\n" + '"' * 5_000_000,
}  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield every case."""
    for reader in ("source", "scenario", "prior", "claim", "mapping"):
        for name, make in NOT_FILES.items():
            yield Case(name, reader, make)
        for name, called in NAMES.items():
            yield Case(f"name: {name}", reader, put(called, "nothing known\n"))
    for name, called in NAMES.items():
        yield Case(f"lines, name: {name}", "source", put(called, samples.lines_official()))
    for name, content in WORKBOOKS.items():
        yield Case(name, "source", put("a.xlsx", content))
    for name, (file, content) in (ARCHIVES | TEXTS).items():
        yield Case(name, "source", put(file, content))
    yield from of_tables()
    for reader in TOML_FILES:
        yield from of_toml(reader)
    for name, content in MAPPINGS.items():
        yield Case(name, "mapping", put("own.csv", content))


def bad(case: Case, seconds: int = 10, mib: float = 1024.0) -> str:
    """Offer a case to its reader; return what is wrong with how that ends, empty if nothing is."""
    with tempfile.TemporaryDirectory(prefix="crossover-") as folder:
        path = case.make(Path(folder))
        found = watch(lambda: READERS[case.reader](path), seconds)
    if found.kind not in (READ, REFUSED):
        return f"{found.kind}: {found.said[-300:]}"
    if found.mib > mib:
        return f"takes {found.mib:.0f} MiB"
    lines = found.said.split("\n")
    return "" if all(map(str.isprintable, lines)) and max(map(len, lines)) < 1500 else found.said


def main() -> int:
    """Offer every case, or those of a name that is given; print which end badly, and the count."""
    count = failed = 0
    for case in cases():
        if sys.argv[1:] and case.name not in sys.argv[1:]:
            continue
        count += 1
        if said := bad(case):
            failed += 1
            print(f"{case.label}: {said}", flush=True)
    print(f"{count:,} cases, {failed} end in a traceback, a hang, over 1 GiB or a steered screen")
    return int(failed > 0 or not count)


if __name__ == "__main__":
    sys.exit(main())
