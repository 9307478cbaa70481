"""Open what a provider exports: text in some encoding, compressed or not, or a zip around it.

Every way in which a file can be unusable before its content is even looked at ends here in one
message that names the file and the fault: also what is no data at all, as a web page that was
saved in place of a table.
"""

import contextlib
import datetime
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from crossover.data import reading
from crossover.data.errors import InputError, fault
from crossover.data.records import Vintage

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
ZIP_ENTRY = b"PK\x01\x02"
"""What each file has in a zip file's table of contents."""
MOST_MEMBERS = 10_000
LOCKED = 0x1
LARGEST_WORKBOOK = 40 * reading.MIB
"""Bytes that a workbook may have when it is unpacked: reading it takes twenty times as many."""
CONTENT_TYPES = "[Content_Types].xml"
PACKED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
    OverflowError,
)  # fmt: skip
"""What the readers of archives raise of damaged bytes."""
BYTE_ORDER = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
EVERYBODY = "All countries"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
PREAMBLE = 4096
"""Characters at the start of a file in which its own words on itself are looked for."""
GENERATED = r'^"?(?:Data |Information )?[Gg]enerated:\s*([^;,\t\n\r]*)'
DOCUMENTS = {
    "word/": "is a Word document: save its table as CSV",
    "ppt/": "is a PowerPoint document: download the table behind it as CSV",
    "content.xml": "is an OpenDocument file (.ods or .odt): save its table as CSV or .xlsx",
}
"""What a zip file has a member of that is no workbook, and what to say of it."""


class Options(NamedTuple):
    """What a user says of files beside them.

    Parameters
    ----------
    released : when they were published (year-month-day), for files that do not say it themselves.
    indicator : the series of a table that does not name it, by its code or our name.
    accept_unknown : count weapons that nobody knows under the default domain of their category.
    mapping : the user's own mapping of weapons to domains, which need not be there.
    """

    released: str | None = None
    indicator: str | None = None
    accept_unknown: bool = False
    mapping: Path | None = None


PLAIN = Options()


class Source(NamedTuple):
    """A file as found: its name, its bytes after decompression, its text, what is said of it.

    A workbook has no text.
    """

    name: str
    content: bytes
    text: str | None
    options: Options = PLAIN


class Batch(NamedTuple):
    """Rows of one table from one file: a series in one vintage.

    `remarks` are sentences for whoever adds the file; `mapping` has the rows of a mapping other
    than the shipped one that its figures rest on.
    """

    table: str
    series: str
    provider: str
    vintage: str
    official: bool
    file: str
    rows: list
    note: str = ""
    remarks: tuple[str, ...] = ()
    mapping: tuple[dict[str, str], ...] = ()

    def release(self, rows: list) -> Vintage:
        """Return the release that some of its rows are of."""
        years = [row.order_year if self.table == "orders" else row.year for row in rows]
        span, file = (min(years), max(years)), (self.file, self.note)
        return Vintage(self.table, self.series, self.vintage, *span, 0, len(rows), *file)


def load(path: Path, options: Options = PLAIN) -> Source:
    """Read a file, decompress it and decode it.

    Raises
    ------
    InputError : unreadable, empty, truncated or damaged, no data at all (a web page, a picture, a
        document), or in an encoding that is not understood.
    """
    name = path.name
    content = reading.content(path, name=name)
    packed = content.startswith(GZIP)
    if packed:
        content = reading.gunzip(content, name)
    if content.startswith(ZIP):
        inner = _unzip(name, content)
        if inner is None:
            return Source(name, content, None, options)
        content = inner
    elif not packed and content and path.suffix.lower() in (".gz", ".xlsx", ".zip"):
        reading.refuse_no_data(content, name)
        rule = f"is not a {path.suffix} file although its name says so"
        raise InputError(fault(rule, file=name))
    text = decode(content, name)
    reading.check_lines(text, name)
    return Source(name, content, text, options)


@contextlib.contextmanager
def damaged(
    name: str, what: str = "the file", of: tuple[type[Exception], ...] = PACKED
) -> Iterator[None]:
    """Turn the errors that a reader of archives or workbooks has of damaged bytes into a message.

    Parameters
    ----------
    name : the file.
    what : what is damaged.
    of : those errors; others are no fault of the file's and pass.
    """
    try:
        yield
    except InputError:
        raise
    except NotImplementedError:
        # What zipfile says of a way of packing that it does not know.
        rule = f"{what} is packed in a way that is not read here: unpack it, name the table in it"
        raise InputError(fault(rule, file=name)) from None
    except of as error:
        rule = f"{what} is truncated or damaged ({type(error).__name__}); fetch it again"
        raise InputError(fault(rule, file=name)) from None


def _unzip(name: str, content: bytes) -> bytes | None:
    """Return the one data table of a World Bank download; None for a workbook."""
    if content.count(ZIP_ENTRY) > MOST_MEMBERS:
        rule = f"the zip file must not hold more than {MOST_MEMBERS:,} files"
        raise InputError(fault(rule, file=name))
    with damaged(name), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if any(member.flag_bits & LOCKED for member in archive.infolist()):
            rule = "the zip file is locked by a password: unpack it and name the table in it"
            raise InputError(fault(rule, file=name))
        size = sum(member.file_size for member in archive.infolist())
        reading.check_size(size, name)
        members = archive.namelist()
        for start, rule in DOCUMENTS.items():
            if any(member.startswith(start) for member in members):
                raise InputError(fault(rule, file=name))
        if CONTENT_TYPES in members:
            reading.check_size(size, name, LARGEST_WORKBOOK)
            _check_workbook(archive, name)
            return None
        tables = [
            m
            for m in members
            if m.lower().endswith(".csv") and "metadata" not in PurePosixPath(m).name.lower()
        ]
        if len(tables) != 1:
            rule = "the zip file must hold exactly one data table (a .csv that is no Metadata)"
            raise InputError(fault(rule, file=name))
        return archive.read(tables[0])


def _check_workbook(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a workbook whose checksums are wrong, or whose XML defines words of its own."""
    for member in archive.infolist():
        with archive.open(member) as file:
            start = file.read(PREAMBLE)
            while file.read(reading.MIB):
                pass
        if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
            rule = "the workbook is damaged: its XML has a DTD, which no spreadsheet writes"
            raise InputError(fault(rule, file=name))


def decode(content: bytes, name: str) -> str:
    """Decode UTF-8 or UTF-16 (with or without a mark) or, for SIPRI's exports, Windows-1252.

    Raises
    ------
    InputError : the file is empty, no data at all, or in another encoding.
    """
    if not content.strip():
        raise InputError(fault("the file is empty", file=name))
    reading.refuse_no_data(content, name)
    wide = BYTE_ORDER.get(content[:2]) or _without_mark(content)
    if wide:
        try:
            text = content.decode(wide).removeprefix("\ufeff")
        except UnicodeDecodeError:
            rule = "wrong encoding: looks like UTF-16 and is none; save it as UTF-8"
            raise InputError(fault(rule, file=name)) from None
        reading.refuse_no_data(text.encode("utf-8", "replace"), name)
        return text
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = content[error.start : error.start + 1]
    if b"SIPRI" in content[:PREAMBLE]:
        try:
            return content.decode("cp1252")
        except UnicodeDecodeError:
            pass
    raise InputError(fault("wrong encoding: must be UTF-8", file=name, line=line, value=value))


def _without_mark(content: bytes) -> str | None:
    """Return which UTF-16 a text without a mark is in: every other byte of it is zero."""
    start = content[:PREAMBLE]
    if b"\x00" not in start:
        return None
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def date_in_name(name: str) -> str | None:
    """Return the date in a file's name (2023-05-31, 2023-05 or may2023), months as their last day.

    A release known only by its month counts from the month's last day, so that it is never taken
    for known too early; so does a day that the calendar does not have.
    """
    for found in re.finditer(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", name, re.ASCII):
        with contextlib.suppress(ValueError):
            return datetime.date.fromisoformat(found[0]).isoformat()
    if found := re.search(r"(?<!\d)([12]\d{3})-(0[1-9]|1[0-2])(?!\d)", name, re.ASCII):
        return month_end(int(found[1]), int(found[2]))
    months = "|".join(MONTHS)
    if found := re.search(rf"({months})[a-z]*[-_]?([12]\d{{3}})(?!\d)", name.lower(), re.ASCII):
        return month_end(int(found[2]), MONTHS.index(found[1]) + 1)
    return None


def named(source: Source, rule: str) -> str:
    """Return when a file was published: as its user says, else as its name does.

    Raises
    ------
    InputError : neither says it; `rule` is what the message asks for.
    """
    when = source.options.released or date_in_name(source.name)
    if when is None:
        raise InputError(fault(rule, file=source.name))
    return when


def month_end(year: int, month: int) -> str:
    """Return the last day of a month as ISO text."""
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return (following - datetime.timedelta(days=1)).isoformat()


def release(source: Source, own: str | None, lacking: str = "has no date of its own") -> str:
    """Return when a file was published: its own date, else what the user says.

    Raises
    ------
    InputError : neither is known; the message asks for the option.
    """
    if own or source.options.released:
        return own or source.options.released
    rule = f"{lacking}: say when it was published, with --released YEAR-MONTH-DAY"
    raise InputError(fault(rule, file=source.name))


def generated(source: Source) -> str:
    """Return the date of SIPRI's line `Data generated: 12 Feb 2026 …` as ISO text; see `release`.

    Its older tools wrote `Generated: 19 December 2023` and `Information generated: 06 March 2020`.
    """
    found = re.search(GENERATED, source.text[:PREAMBLE], re.MULTILINE)
    if not found:
        lacking = "has no line 'Data generated: day month year', so its vintage is unknown"
        return release(source, None, lacking)
    said = re.match(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})\b", found[1])
    try:
        month = MONTHS.index(said[2].lower()) + 1
        return datetime.date(int(said[3]), month, int(said[1])).isoformat()
    except (TypeError, ValueError):
        line = source.text.count("\n", 0, found.start()) + 1
        rule = "must be the day that the data were generated on, as in 12 Feb 2026"
        place = {"file": source.name, "line": line, "value": found[1].strip()}
        raise InputError(fault(rule, **place)) from None


class Scope(NamedTuple):
    """Of whom and when SIPRI's preamble says that an export is; None where it says nothing."""

    suppliers: str
    recipients: str
    first: int | None
    last: int | None
    line: int
    words: str

    @property
    def whole_world(self) -> bool:
        """Whether it is from all countries to all countries."""
        return (self.suppliers, self.recipients) == (EVERYBODY, EVERYBODY)


def scope(source: Source) -> Scope | None:
    """Return what SIPRI's preamble says: 'from China to All countries … '2000' to '2025'.'."""
    start = source.text[:PREAMBLE]
    found = re.search(r"from (.+?)\s+to (.+?)\s*[.;\n]", start)
    if not found:
        return None
    years = re.search(r"year range '(.*?)' to '(.*?)'", start)
    first, last = (
        int(said) if re.fullmatch(r"\d{4}", said, re.ASCII) else None
        for said in (years.groups() if years else ("", ""))
    )
    line = start.count("\n", 0, found.start()) + 1
    suppliers, recipients = found[1].strip(), found[2].strip()
    words = " ".join(found[0].strip(" .;\n").split())
    return Scope(suppliers, recipients, first, last, line, words)
