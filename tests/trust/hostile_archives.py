"""Archives and workbooks that are bombs, are damaged, or are something else than they say."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

from tests.data import samples

MIB = 1 << 20


def gzip_bomb() -> bytes:
    return gzip.compress(bytes(64 * MIB)) * 8


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def zip_bomb(
    name: str = "API_GB.csv", head: bytes = b"", blocks: int = 300, body: bytes = bytes(MIB)
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if name.startswith("xl/"):
            plain = zipfile.ZipFile(io.BytesIO(samples.workbook()))
            for member in plain.namelist():
                if member != name:
                    archive.writestr(member, plain.read(member))
        with archive.open(name, "w", force_zip64=True) as member:
            member.write(head)
            for _ in range(blocks):
                member.write(body)
    return out.getvalue()


def many_members() -> bytes:
    return zipped({f"{n}.txt": b"" for n in range(60_000)} | {"a.csv": samples.SITE.encode()})


def locked() -> bytes:
    content = bytearray(zipped({"a.csv": samples.SITE.encode()}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    return bytes(content)


def book(member: str, change: Callable[[bytes], bytes], content: bytes | None = None) -> bytes:
    """Return a workbook one member of which is changed, its checksum right."""
    held = zipfile.ZipFile(io.BytesIO(content or samples.workbook()))
    found = {name: held.read(name) for name in held.namelist()}
    found[member] = change(found.get(member, b""))
    return zipped(found)


SHEET = "xl/worksheets/sheet2.xml"
SPREAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = b"</sheetData></worksheet>"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a0 "ha">'
    + b"".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 12))
    + b"]>"
)
BLOWUP = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "' + b"x" * 100_000 + b'">]>'
CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def rows(*found: bytes) -> Callable[[bytes], bytes]:
    return lambda _: SPREAD + b"".join(found) + END


WORKBOOKS = {
    "laughs": book(SHEET, lambda _: LAUGHS + SPREAD + b"<row><c><v>&a11;</v></c></row>" + END),
    "blow-up": book(SHEET, lambda _: BLOWUP + SPREAD + b"<row><c><v>" + b"&a;" * 20_000
                    + b"</v></c></row>" + END),
    "laughs in strings": book("xl/sharedStrings.xml", lambda _: LAUGHS + b"<sst>&a11;</sst>"),
    "row 999999999": book(SHEET, rows(b'<row r="999999999"><c r="A999999999"><v>1</v></c></row>')),
    "row 1e9 twice": book(SHEET, rows(b'<row r="9"/><row r="2"/><row r="1048577"/>')),
    "row -5": book(SHEET, rows(b'<row r="-5"><c r="A-5"><v>1</v></c></row>')),
    "wide": book(SHEET, rows(*(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>'.encode()
                               for n in range(1, 40_000)))),
    "column ZZZZ": book(SHEET, rows(b'<row r="1"><c r="ZZZZ1"><v>1</v></c></row>')),
    "bad reference": book(SHEET, rows(b'<row r="x"><c r="??"><v>1</v></c></row>')),
    "bad number": book(SHEET, rows(b'<row r="1"><c r="A1"><v>one</v></c></row>')),
    "no shared string": book(SHEET, rows(b'<row r="1"><c r="A1" t="s"><v>99999</v></c></row>')),
    "bad shared string": book(SHEET, rows(b'<row r="1"><c r="A1" t="s"><v>x</v></c></row>')),
    "bad date": book(SHEET, rows(b'<row r="1"><c r="A1" t="d"><v>2025-02-31</v></c></row>')),
    "bad style": book(SHEET, rows(b'<row r="1"><c r="A1" s="99999"><v>1</v></c></row>')),
    "deep XML": book(SHEET, lambda _: SPREAD + b"<a>" * 200_000),
    "half a sheet": book(SHEET, lambda old: old[: len(old) // 2]),
    "no sheet": book(SHEET, lambda _: b""),
    "bytes in a sheet": book(SHEET, lambda old: old.replace(b"<v>", b"\xff\xfe<v>", 1)),
    "other root": book(SHEET, lambda _: b"<html/>"),
    "half a directory": book("xl/workbook.xml", lambda old: old[: len(old) // 2]),
    "no styles": book("xl/styles.xml", lambda _: b"<styleSheet"),
    "many sheets": book("xl/workbook.xml", lambda old: old.replace(
        b"</sheets>", b'<sheet name="x" sheetId="9" r:id="rId1"/>' * 5000 + b"</sheets>")),
    "a docx": zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}),
    "an empty zip": zipped({}),
    "an old workbook": CFB,
    "a workbook with a password": CFB + "EncryptedPackage".encode("utf-16-le") + bytes(60),
}
ARCHIVES = {
    "gzip bomb": ("a.csv.gz", gzip_bomb),
    "gzip of gzip": ("a.csv.gz", lambda: gzip.compress(gzip.compress(b"a,b\n"))),
    "half a gzip": ("a.csv.gz", lambda: gzip.compress(samples.SITE.encode())[:-9]),
    "gzip and rubbish": ("a.csv.gz", lambda: gzip.compress(samples.SITE.encode()) + b"rubbish"),
    "zip bomb": ("a.zip", zip_bomb),
    "xlsx bomb": ("a.xlsx", lambda: zip_bomb(SHEET, SPREAD, 99, b"<row></row>" * (MIB // 11))),
    "strings bomb": ("a.xlsx", lambda: zip_bomb(
        "xl/sharedStrings.xml", b"<sst>", 99, b"<si><t/></si>" * (MIB // 13))),
    "comment bomb": ("a.xlsx", lambda: zip_bomb(SHEET, SPREAD + b"<!--", 99)),
    "text bomb": ("a.xlsx", lambda: zip_bomb(
        SHEET, SPREAD + b"<row><c><v>", 99, b"9" * MIB)),
    "members": ("a.zip", many_members),
    "path": ("a.zip", lambda: zipped({"../../../etc/a.csv": samples.SITE.encode()})),
    "locked": ("a.zip", locked),
    "two tables": ("a.zip", lambda: zipped({"a.csv": b"x", "b.csv": b"y"})),
    "lzma": ("a.zip", lambda: zipped({"a.csv": samples.SITE.encode()}, zipfile.ZIP_LZMA)),
}
