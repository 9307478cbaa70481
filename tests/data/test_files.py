"""A file that cannot be used ends in one message that names it and the fault."""

import gzip
import io
import zipfile

import pytest

from data import sources
from data.errors import InputError
from data.sources import files
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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_refused_with_what_to_do(refused, encoding):
    said = refused("lines.csv", samples.lines_official().encode(encoding))
    assert said == "lines.csv: wrong encoding: save it as UTF-8, not UTF-16"


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
        ("plain.csv", None),
    ],
)
def test_a_date_in_a_name_counts_from_the_end_of_its_month(name, date):
    assert files.date_in_name(name) == date


def test_a_sipri_export_without_its_date_is_refused(refused):
    text = samples.lines_official().replace("Data generated", "Made")
    assert "its vintage is unknown" in refused("export.csv", text)
