"""A file that cannot be used ends in one message that names it and the fault."""

import gzip
import io
import zipfile

import pytest

from crossover.data import sources
from crossover.data.errors import InputError
from crossover.data.sources import files
from tests.data import samples


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read"):
        files.load(tmp_path / "gone.csv")


@pytest.mark.parametrize("content", [b"", b"  \n\n", gzip.compress(b"")])
def test_an_empty_file_is_refused(refused, content):
    assert refused("lines.csv", content) == "lines.csv: the file is empty"


def test_a_truncated_gzip_file_is_refused(refused):
    whole = gzip.compress(samples.lines_official().encode())
    assert "truncated or damaged" in refused("lines.csv.gz", whole[:-20])


def test_a_truncated_workbook_is_refused(refused):
    whole = samples.workbook()
    assert "truncated or damaged" in refused("milex.xlsx", whole[: len(whole) // 2])


def test_a_workbook_with_damaged_bytes_is_refused(refused):
    whole = bytearray(samples.workbook())
    for i in range(300, 360):
        whole[i] ^= 0xFF
    assert "milex.xlsx" in refused("milex.xlsx", bytes(whole))


@pytest.mark.parametrize("suffix", [".gz", ".xlsx", ".zip"])
def test_text_under_the_name_of_an_archive_is_refused(refused, suffix):
    assert f"is not a {suffix} file" in refused("data" + suffix, samples.OECD)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encodings_of_a_spreadsheet_are_read_as_if_it_had_not_been_there(put, encoding):
    as_exported = sources.read_file(put("lines.csv", samples.lines_official()))[1]
    saved = put("lines.csv", samples.lines_official().encode(encoding))
    assert sources.read_file(saved)[1] == as_exported


def test_half_a_character_of_utf_16_is_refused_with_what_to_do(refused):
    said = refused("lines.csv", samples.lines_official().encode("utf-16")[:-1])
    assert said == "lines.csv: wrong encoding: looks like UTF-16 and is none; save it as UTF-8"


@pytest.mark.parametrize(
    ("content", "what", "cure"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git-LFS", "git lfs pull"),
        (b"{\\rtf1\\ansi {Trade register}}", "RTF", "SIPRI offers the same table as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls", "save it as .xlsx or CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "picture (PNG)", "as CSV"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "picture (JPEG)", "as CSV"),
        (b"%PDF-1.7", "PDF", "as CSV"),
        (b"<?xml version='1.0'?><wb:error/>", "XML", "as CSV"),
        ("\ufeff\n <!DOCTYPE html><title>502 Bad Gateway</title>".encode(), "502", "fetch it"),
        ("<html><head></head>".encode("utf-16"), "a web page", "fetch it again"),
    ],
)
def test_what_holds_no_table_is_named_with_the_cure(refused, content, what, cure):
    said = refused("table.csv", content)
    assert said.startswith("table.csv") and what in said and cure in said
    assert "\n" not in said


def test_a_picture_under_the_name_of_a_workbook_is_named(refused):
    assert "is a picture (PNG)" in refused("table.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(99))


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a PowerPoint document"),
        ("content.xml", "an OpenDocument file"),
    ],
)
def test_other_documents_in_a_zip_are_named(refused, member, what):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "<x/>")
    assert f"is {what}" in refused("table.docx", out.getvalue())


def test_a_zip_with_a_password_is_refused(refused):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", samples.SITE)
    locked = bytearray(out.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    assert "is locked by a password: unpack it" in refused("a.zip", bytes(locked))


def test_a_way_of_packing_that_no_reader_has_is_refused_in_one_line(refused):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    packed = bytearray(out.getvalue())
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        packed[packed.index(mark) + at] = 99
    with pytest.raises(NotImplementedError), zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.read("a.csv")
    assert "is packed in a way that is not read here: unpack it" in refused("a.zip", bytes(packed))


def test_bytes_that_are_no_utf_8_are_named_with_their_line(refused):
    content = samples.OECD.encode() + b"CHN,2019,OECD_GDEXPRD_PC_GDP,2,\xff\n"
    assert "oecd_2022-03.csv, line 7: b'\\xff'" in refused("oecd_2022-03.csv", content)


def test_windows_1252_is_read_in_exports_of_sipri():
    text = samples.lines_official().replace("Su-27", "Güiraldes")
    assert "Güiraldes" in files.decode(text.encode("cp1252"), "export.csv")


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "<html></html>", "hello"])
def test_a_file_in_no_known_format_is_refused(refused, content):
    said = refused("thing.csv", content)
    assert "thing.csv, line 1" in said
    assert "no known format" in said


def test_a_table_of_the_partnership_is_known_and_passed_over(put):
    _, batches = sources.read_file(put("wars.csv", "warnum,ccode1,ccode2\n1,2,230\n"))
    assert batches is None


def test_a_zip_of_the_world_bank_is_opened_for_its_one_table(put):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("Metadata_Country_API.csv", "x")
        archive.writestr("API_GB.csv", samples.SITE)
    _, (batch,) = sources.read_file(put("API.zip", out.getvalue()))
    assert [row.value for row in batch.rows] == [2.2, 2.4]


def test_a_zip_without_one_data_table_is_refused(refused):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", samples.SITE)
        archive.writestr("b.csv", samples.SITE)
    assert "exactly one data table" in refused("API.zip", out.getvalue())


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("lines_2026-02-12.csv", "2026-02-12"),
        ("oecd_gerd_2023-05.csv", "2023-05-31"),
        ("ideal_dec2024.csv", "2024-12-31"),
        ("points_february_2024.csv", "2024-02-29"),
        ("cow_1816_2014.csv", None),
        ("points_2024-02-31.csv", "2024-02-29"),
        ("points_2024-13.csv", None),
        ("points_9999-12.csv", None),
        ("plain.csv", None),
    ],
)
def test_a_date_in_a_name_counts_from_the_end_of_its_month(name, date):
    assert files.date_in_name(name) == date


def test_a_sipri_export_without_its_date_is_refused(refused):
    text = samples.lines_official().replace("Data generated", "Made")
    assert "its vintage is unknown" in refused("export.csv", text)
