"""The military-expenditure workbook: a sheet a measure, blanks in many spellings."""

import copy

import pytest

from crossover.data import sources
from crossover.data.errors import InputError
from tests.data import samples


def by_series(batches) -> dict:
    return {
        (row.country, row.year, row.indicator): (row.value, row.unit)
        for batch in batches
        for row in batch.rows
    }


def test_the_workbook_is_read_with_its_base_year_and_the_world(put):
    _, batches = sources.read_file(put("m.xlsx", samples.workbook()))
    assert {batch.vintage for batch in batches} == {"2022-04-30"}
    found = by_series(batches)
    unit = "constant 2020 US$ million"
    assert found["CHN", 2021, "milex_constant"] == (220.0, unit)
    assert found["WLD", 2021, "milex_constant"] == (2100.0, unit)
    assert found["CHN", 2019, "milex_share_gdp"] == (pytest.approx(1.7), "% of GDP")


def test_blanks_are_no_figures(put):
    _, batches = sources.read_file(put("m.xlsx", samples.workbook()))
    assert [key for key in by_series(batches) if key[0] == "RUS"] == [
        ("RUS", 2021, "milex_constant"),
        ("RUS", 2021, "milex_current"),
        ("RUS", 2021, "milex_share_gdp"),
    ]


def test_a_region_whose_cells_are_all_blank_is_a_heading(put):
    sheets = copy.deepcopy(samples.MILITARY_SHEETS)
    sheets["Share of GDP"]["South Asia"] = (". .", ". .", None)
    _, batches = sources.read_file(put("m.xlsx", samples.workbook(sheets)))
    assert len(batches) == 3


def bad_workbook(sheet: str, country: str, values: tuple) -> bytes:
    sheets = copy.deepcopy(samples.MILITARY_SHEETS)
    sheets[sheet][country] = values
    return samples.workbook(sheets)


@pytest.mark.parametrize(
    ("country", "values", "said"),
    [
        ("Chyna", (1, 2, 3), "column 'Country': 'Chyna': unknown country"),
        ("India", (1, -2, 3), "column '2020': -2: military expenditure must not be below 0"),
        ("India", (1, 2, "lots"), "'lots': military expenditure must be a number"),
    ],
)
def test_a_bad_cell_is_named_with_sheet_line_and_column(refused, country, values, said):
    message = refused("m.xlsx", bad_workbook("Current US$", country, values))
    assert message.startswith("m.xlsx, sheet 'Current US$', line 6")
    assert said in message


def test_a_share_of_gdp_sheet_that_is_missing_is_named(refused):
    sheets = {k: v for k, v in samples.MILITARY_SHEETS.items() if k != "Share of GDP"}
    assert "Share of GDP" in refused("m.xlsx", samples.workbook(sheets))


def test_constant_prices_without_a_base_year_are_refused(refused):
    sheets = {k.replace(" (2020)", ""): v for k, v in samples.MILITARY_SHEETS.items()}
    assert "must name its base year" in refused("m.xlsx", samples.workbook(sheets))


def test_the_tidy_table_is_read_and_others_than_the_sample_are_left_out(put):
    _, batches = sources.read_file(put("m.csv", samples.MILITARY_TIDY))
    assert by_series(batches) == {
        ("CHN", 2018, "milex_constant"): (180.5, "constant 2018 US$ million"),
        ("CHN", 2018, "milex_share_gdp"): (pytest.approx(1.85), "% of GDP"),
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Togo", "Tgo", "'Tgo': unknown country"),
        ("CHN,2018,milex_share_gdp", "CHN,2018,milex_share", "unknown indicator: must be one of"),
        (",2020-04,Share", ",spring,Share", "'spring': must be a month"),
    ],
)
def test_a_bad_row_of_the_tidy_table_is_named(refused, old, new, said):
    message = refused("m.csv", samples.MILITARY_TIDY.replace(old, new))
    assert message.startswith("m.csv, line ")
    assert said in message


@pytest.mark.parametrize(
    ("name", "vintage", "base"),
    [
        ("official_milex_2020-04.xlsx", "2020-04-30", 2018),
        ("official_milex_2024-04.xlsx", "2024-04-30", 2022),
        ("official_milex_2025-04.xlsx", "2025-04-30", 2023),
    ],
)
def test_the_real_workbooks_equal_their_tidied_copy(raw, name, vintage, base):
    _, official = sources.read_file(raw / "sipri" / name)
    _, tidied = sources.read_file(raw / "sipri" / "milex_vintages_long.csv.gz")
    books, copies = (
        by_series(b for b in batches if b.vintage == vintage) for batches in (official, tidied)
    )
    assert len(copies) > 8000
    for key, (value, unit) in copies.items():
        assert books[key] == (pytest.approx(value, rel=1e-9), unit), key
    assert books["CHN", base, "milex_constant"][1] == f"constant {base} US$ million"
    assert books["WLD", base, "milex_constant"][0] > 1.5e6


def relabelled(base: int, years=(2019, 2020, 2021)) -> bytes:
    sheets = {k.replace("2020", str(base)): v for k, v in samples.MILITARY_SHEETS.items()}
    return samples.workbook(sheets, years)


def test_constant_prices_of_another_year_than_they_name_are_refused(refused):
    assert refused("m.xlsx", relabelled(2021)) == (
        "m.xlsx, column 'sheet': 'Constant (2021) US$': names 2021 as the base year, but its "
        "figures do not equal those at current prices in 2021; they do in 2020: the sheet's label "
        "is wrong, fetch the workbook from SIPRI"
    )


def test_constant_prices_of_no_year_are_refused(refused):
    sheets = copy.deepcopy(samples.MILITARY_SHEETS)
    sheets["Current US$"]["China"] = (190.0, 195.0, 230.0)
    sheets["Current US$"]["Russia"] = ("xxx", "...", 70.0)
    assert "they do in no year" in refused("m.xlsx", samples.workbook(sheets))


def test_a_base_year_that_the_sheets_do_not_have_cannot_be_checked(put):
    assert sources.read_file(put("m.xlsx", relabelled(2018)))[1]


def test_the_real_workbook_with_a_wrong_base_year_is_refused(raw):
    with pytest.raises(InputError, match=r"names 2023 as the base year.* they do in 2022"):
        sources.read_file(raw / "as_downloaded" / "milex_base_year_mislabelled.xlsx")
