"""Open what a provider exports: text in some encoding, compressed or not, or a zip around it.

Every way in which a file can be unusable before its content is even looked at ends here in one
message that names the file and the fault.
"""

import datetime
import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError, fault

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
EVERYBODY = "All countries"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Source(NamedTuple):
    """A file as found: its name, its bytes after decompression, and its text if it has one."""

    name: str
    content: bytes
    text: str | None


class Batch(NamedTuple):
    """Rows of one table from one file: a series in one vintage."""

    table: str
    series: str
    provider: str
    vintage: str
    official: bool
    file: str
    rows: list
    note: str = ""


def load(path: Path) -> Source:
    """Read a file, decompress it and decode it.

    Raises
    ------
    InputError : unreadable, empty, truncated or damaged, or in an encoding that is not understood.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(fault(f"cannot be read: {error.strerror}", file=path.name)) from None
    if content.startswith(GZIP):
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            rule = "the gzip file is truncated or damaged; fetch it again"
            raise InputError(fault(rule, file=path.name)) from None
    elif content.startswith(ZIP):
        return _unzip(path.name, content)
    elif path.suffix.lower() in (".gz", ".xlsx", ".zip") and content:
        rule = f"is not a {path.suffix} file although its name says so"
        raise InputError(fault(rule, file=path.name))
    return Source(path.name, content, decode(content, path.name))


def _unzip(name: str, content: bytes) -> Source:
    """Return the one data table of a World Bank download, or a workbook unopened."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.namelist()
            if "[Content_Types].xml" in members:
                if archive.testzip() is not None:
                    raise zipfile.BadZipFile
                return Source(name, content, None)
            tables = [m for m in members if m.endswith(".csv") and not m.startswith("Metadata_")]
            if len(tables) != 1:
                rule = "the zip file must hold exactly one data table (a .csv that is no Metadata_)"
                raise InputError(fault(rule, file=name))
            inner = archive.read(tables[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError):
        rule = "the file is truncated or damaged; fetch it again"
        raise InputError(fault(rule, file=name)) from None
    return Source(name, inner, decode(inner, name))


def decode(content: bytes, name: str) -> str:
    """Decode UTF-8 (with or without a mark) or, for SIPRI's exports, Windows-1252.

    Raises
    ------
    InputError : the file is empty, or in another encoding.
    """
    if not content.strip():
        raise InputError(fault("the file is empty", file=name))
    if content.startswith(UTF16) or b"\x00" in content[:4096]:
        raise InputError(fault("wrong encoding: save it as UTF-8, not UTF-16", file=name))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = content[error.start : error.start + 1]
    if b"SIPRI" in content[:4096]:
        try:
            return content.decode("cp1252")
        except UnicodeDecodeError:
            pass
    raise InputError(fault("wrong encoding: must be UTF-8", file=name, line=line, value=value))


def date_in_name(name: str) -> str | None:
    """Return the date in a file's name (2023-05-31, 2023-05 or may2023), months as their last day.

    A release known only by its month counts from the month's last day, so that it is never taken
    for known too early.
    """
    if found := re.search(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)", name):
        return found[0]
    if found := re.search(r"(?<!\d)(\d{4})-(\d\d)(?!\d)", name):
        return month_end(int(found[1]), int(found[2]))
    if found := re.search(rf"({'|'.join(MONTHS)})[a-z]*[-_]?(\d{{4}})(?!\d)", name.lower()):
        return month_end(int(found[2]), MONTHS.index(found[1]) + 1)
    return None


def month_end(year: int, month: int) -> str:
    """Return the last day of a month as ISO text."""
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return (following - datetime.timedelta(days=1)).isoformat()


def generated(text: str, name: str) -> str:
    """Return the date of SIPRI's line `Data generated: 12 Feb 2026 …` as ISO text."""
    found = re.search(r"Data generated:\s*(\d{1,2}) ([A-Z][a-z]{2})[a-z]* (\d{4})", text[:4096])
    if not found or found[2].lower() not in MONTHS:
        rule = "has no line 'Data generated: day month year', so its vintage is unknown"
        raise InputError(fault(rule, file=name))
    month = MONTHS.index(found[2].lower()) + 1
    return datetime.date(int(found[3]), month, int(found[1])).isoformat()


def whole_world(text: str, name: str) -> None:
    """Refuse an export of some countries only: its release would hide everybody else's figures.

    SIPRI's preamble says of whom an export is: 'from All countries to All countries'.
    """
    found = re.search(r"from (.+?)\s+to (.+?)\s*[.;\n]", text[:4096])
    if found and (found[1].strip(), found[2].strip()) != (EVERYBODY, EVERYBODY):
        rule = (
            "must be an export from all countries to all countries: a year is taken whole from "
            "one release, so a part would stand for the whole"
        )
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(fault(rule, file=name, line=line, value=found[0].strip(" .;\n")))
