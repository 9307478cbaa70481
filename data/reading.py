"""Open a file from outside: a file and nothing else, whole, and no larger than is sensible.

What is no file (a pipe, a device, a folder) is refused before it is opened, what is too large
before it is held; pictures, documents and the like are told what they are. TOML is looked over
before it is parsed: a small text can be written so that a parser takes gigabytes for it.
"""

import csv
import gzip
import io
import itertools
import re
import stat
import tomllib
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from crossover.data.errors import InputError, fault, hint, plain, quoted, short

MIB = 1 << 20
LARGEST = 256 * MIB
"""Bytes that a file may have, and what is in it may have once it is decompressed."""
LARGEST_TEXT = 4 * MIB
"""Bytes that a file of settings may have: priors, scenarios, claims, a mapping."""
DEEPEST, LONGEST_KEY, LONGEST_NUMBER = 12, 12, 1000
"""Of a TOML file: brackets within one another, parts of a key, characters of a number."""
START = 4096
"""Bytes at the start of a file by which it is known what it is."""
MOST_LINES, LONGEST_LINE, MOST_IN_ROW = 1_000_000, 2_000_000, 1000
"""Lines that a text may have, characters of a line, and lines of a row with breaks in its cells."""
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
END = "\x1a"
"""Stands for the end of a text: within a field if a quotation mark is still open there."""
NO_FILE = {
    stat.S_ISDIR: "is a folder: name the file in it",
    stat.S_ISFIFO: "is a pipe: save what comes out of it as a file, and name that",
    stat.S_ISCHR: "is a device, and no file",
    stat.S_ISBLK: "is a device, and no file",
    stat.S_ISSOCK: "is a socket, and no file",
}
PASSWORD = "EncryptedPackage".encode("utf-16-le")
NO_DATA = {
    b"version https://git-lfs": "is a git-LFS pointer, which only stands for the data: fetch the "
    "file itself, by 'git lfs pull' or the 'Download' button of its page",
    b"{\\rtf": "is an RTF document: SIPRI offers the same table as CSV, choose that",
    b"\xd0\xcf\x11\xe0": "is a document of an old Office (.xls or .doc): open it and save it as "
    ".xlsx or CSV",
    b"\x89PNG": "is a picture (PNG): download the table behind it as CSV",
    b"\xff\xd8\xff": "is a picture (JPEG): download the table behind it as CSV",
    b"GIF8": "is a picture (GIF): download the table behind it as CSV",
    b"%PDF": "is a PDF document: download the table as CSV",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive: unpack it and name the file in it",
    b"Rar!\x1a\x07": "is a RAR archive: unpack it and name the file in it",
    b"BZh": "is compressed with bzip2: unpack it and name the file in it",
    b"\xfd7zXZ": "is compressed with xz: unpack it and name the file in it",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd: unpack it and name the file in it",
    b"PAR1": "is a Parquet file: save its table as CSV",
    b"SQLite format 3": "is an SQLite database: save its table as CSV",
    b"\x7fELF": "is a program",
    b"MZ\x90": "is a program",
}
"""How files begin that hold no table, and what to say of them."""


def content(path: Path, largest: int = LARGEST, name: object = None) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    path : the file.
    largest : bytes that it may have.
    name : what messages call it; its path when None.

    Raises
    ------
    InputError : it is no file, cannot be read, has a name that does not print, or is too large.
    """
    name = path if name is None else name
    if not path.name.isprintable():
        kind = "is not UTF-8" if "\udc80" <= max(path.name) <= "\udcff" else "does not print"
        raise InputError(fault(f"has a name that {kind}: rename the file", file=name))
    try:
        mode = path.stat().st_mode
        for is_kind, rule in NO_FILE.items():
            if is_kind(mode):
                raise InputError(fault(rule, file=name))
        with path.open("rb") as file:
            found = b"" if path.stat().st_size > largest else file.read(largest + 1)
            too_large = len(found) > largest or file.read(1)
    except OSError as error:
        raise InputError(fault(f"cannot be read: {error.strerror}", file=name)) from None
    if too_large:
        raise InputError(fault(_too_large(largest), file=name))
    return found


def _too_large(largest: int) -> str:
    return f"is too large: must have at most {largest // MIB} MiB"


def check_size(size: int, name: object, largest: int = LARGEST) -> None:
    """Raise InputError where what is in a file would be too large once it is decompressed."""
    if size > largest:
        rule = f"holds too much: must have at most {largest // MIB} MiB when it is unpacked"
        raise InputError(fault(rule, file=name))


def refuse_no_data(held: bytes, name: object) -> None:
    """Refuse what holds no table and no text of ours, with what it is and the cure."""
    start = held[:START].removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, rule in NO_DATA.items():
        if start.startswith(beginning):
            if PASSWORD in held:
                rule = "is locked by a password: open it and save it without one"
            raise InputError(fault(rule, file=name))
    word = start[:14].lower()
    if word.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        title = re.search(rb"<title[^>]*>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
        said = title[1].decode("utf-8", "replace").strip() if title else None
        rule = (
            "is in no known format but a web page, saved in place of the data: the download "
            "failed, fetch it again"
        )
        raise InputError(fault(rule, file=name, line=1, value=said))
    if word.startswith(b"<?xml"):
        raise InputError(fault("is XML: download the table as CSV", file=name))


def text(path: Path, name: object = None) -> str:
    """Return the text of a file of settings; raises as `content`, and where it is not UTF-8."""
    name = path if name is None else name
    held = content(path, LARGEST_TEXT, name)
    refuse_no_data(held, name)
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = held.count(b"\n", 0, error.start) + 1
        rule = "must be UTF-8 text: save it as that"
        raise InputError(fault(rule, file=name, line=line)) from None


def records(
    written: str, file: object, separator: str = ",", start: int = 0, line: int = 1
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of a text with separators, with the line that it ends on.

    Parameters
    ----------
    written, file : the text, and its file for messages.
    separator : what stands between two fields.
    start, line : where the first row begins in the text, and its line.

    Raises
    ------
    InputError : a quotation mark is opened and never closed, which hides all rows behind it, or a
        field is longer than any can be.
    """
    ends, row = 0, []

    def lines() -> Iterator[str]:
        for number, found in enumerate(LINE.finditer(written, start)):
            if found.end() - found.start() > LONGEST_LINE or number - ends > MOST_IN_ROW:
                raise csv.Error
            yield found[0]
        yield END

    reader = csv.reader(lines(), delimiter=separator)
    rule = "a quotation mark is opened here and not closed: close it, or take it out"
    try:
        for row in reader:
            if row and row[-1].endswith(END):
                break
            ends = reader.line_num
            yield line - 1 + ends, row
    except csv.Error:
        rule = (
            f"a field of more than {csv.field_size_limit():,} characters, or a row of more than "
            f"{MOST_IN_ROW} lines or {LONGEST_LINE:,} characters: is a quotation mark not closed?"
        )
        row = []
    if row != [END]:
        raise InputError(fault(rule, file=file, line=line + ends))


def check_lines(written: str, name: object) -> None:
    """Raise InputError where a text has more lines than `MOST_LINES`."""
    if max(written.count("\n"), written.count("\r")) > MOST_LINES:
        rule = f"is too long: must have at most {MOST_LINES:,} lines"
        raise InputError(fault(rule, file=name))


def gunzip(packed: bytes, name: object) -> bytes:
    """Return what a gzip file holds; raise InputError if it is damaged, or more than `LARGEST`."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            found = file.read(LARGEST + 1)
    except (EOFError, OSError, zlib.error) as error:
        rule = f"the gzip file is truncated or damaged ({type(error).__name__})"
        raise InputError(fault(rule, file=name)) from None
    check_size(len(found), name)
    return found


STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
"""Texts and comments of TOML, in which brackets and points mean nothing."""
NUMBER = re.compile(rf"(?<![\w.+-])[+-]?\d[\w.+-]{{{LONGEST_NUMBER},}}", re.ASCII)


def toml(written: str, file: object) -> dict[str, Any]:
    """Parse TOML that may be from anybody.

    Raises
    ------
    InputError : not valid TOML, or more brackets within one another, parts of a key or digits of a
        number than anybody needs.
    """
    bare = STRINGS.sub("_", written)
    steps = map({"[": 1, "{": 1, "]": -1, "}": -1}.get, re.findall(r"[][{}]", bare))
    if max(itertools.accumulate(steps), default=0) > DEEPEST:
        rule = f"not valid TOML here: more than {DEEPEST} brackets within one another"
        raise InputError(fault(rule, file=file))
    if max(part.count(".") for part in re.split(r"[][{}=,\n]", bare)) >= LONGEST_KEY:
        rule = f"not valid TOML here: a key of more than {LONGEST_KEY} parts"
        raise InputError(fault(rule, file=file))
    if found := NUMBER.search(bare):
        rule = f"not valid TOML here: a number of more than {LONGEST_NUMBER} characters"
        raise InputError(fault(rule, file=file, value=found[0]))
    try:
        return tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        raise InputError(fault(f"not valid TOML: {_short(error)}", file=file)) from None


def only(found: Iterable[str], allowed: Collection[str], rule: str, file: object, to: str) -> None:
    """Refuse a key that a table of settings must not have; `to` is what leads to it, as in `a.`."""
    for key in found:
        if key not in allowed:
            said = f"{rule}; {hint(key, allowed)}"
            raise InputError(fault(said, file=file, column=f"{to}{short(key)}", value=key))


def a_table(value: object, file: object, where: str) -> None:
    """Refuse what is no table of settings."""
    if not isinstance(value, dict):
        raise InputError(fault("expected a table", file=file, column=where, value=value))


def _short(error: Exception) -> str:
    said = str(error)
    return plain(said) if len(said) < 200 else quoted(said)
