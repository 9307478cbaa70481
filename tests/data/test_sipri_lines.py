"""Delivery lines: exact years, summed to pairs and domains, nothing guessed."""

from collections import defaultdict

import pytest

from data import sources
from data.names import REST
from tests.data import samples

RUSSIA_TO_CHINA = (
    "496 1239 734 153 1444 2205 2463 2509 2073 2893 3066 2444 1360 1443 1093 653 740 586 631 560 "
    "726 742 1210 1656 1075 547 467 498 327 30"
)


def cells(rows) -> dict:
    return {(r.supplier, r.recipient, r.year, r.domain): (r.tiv, r.n_lines) for r in rows}


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_official_export_is_read_with_either_separator(put, separator):
    _, (batch,) = sources.read_file(put("x.csv", samples.lines_official(separator=separator)))
    assert (batch.vintage, batch.official) == ("2022-03-15", True)
    assert cells(batch.rows) == {
        ("RUS", "CHN", 2019, "aircraft"): (40.0, 1),
        ("RUS", "CHN", 2020, "aircraft"): (20.5, 1),
        ("RUS", "CHN", 2019, "engines"): (30.25, 1),
        (REST, "CHN", 2019, "land"): (5.0, 1),
        ("USA", REST, 2020, "land"): (7.0, 1),
        ("CHN", "PAK", 2021, "aircraft"): (9.0, 1),
    }


def test_lines_of_one_pair_year_and_domain_are_summed_and_counted(put):
    rows = ("1,Russia,China,A,tank,Armoured vehicles,2018,No,2,No,2019,No,New,1,1,0.1,No",
            "2,Russia,China,B,light tank,Armoured vehicles,2018,No,2,No,2019,No,New,1,1,0.2,No")
    _, (batch,) = sources.read_file(put("x.csv", samples.lines_official(rows)))
    assert cells(batch.rows) == {("RUS", "CHN", 2019, "land"): (0.3, 2)}


def test_the_tidy_table_drops_years_that_were_not_over_at_its_release(put):
    _, (batch,) = sources.read_file(put("x.csv", samples.lines_tidy()))
    assert (batch.vintage, batch.official) == ("2021-03-10", False)
    assert max(row.year for row in batch.rows) == 2020


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Russia,China,AL-31", "Rusia,China,AL-31", "'Rusia': unknown country; the nearest known"),
        ("turbofan", "turbofun", "'turbofun': unknown weapon description"),
        (",30.25,", ",-30.25,", "'-30.25': TIV must not be below 0"),
        (",30.25,", ",thirty,", "'thirty': TIV must be a number"),
        (",30.25,", ",nan,", "'nan': TIV must be a finite number"),
        ("10,Yes,2019", "10,Yes,MMXIX", "'MMXIX': must be a year of four digits"),
        ("10,Yes,2019", "10,Yes,19", "'19': must be a year of four digits"),
        (",30.25,No", ",30.25", "a row must have 17 fields, this one has 16"),
    ],
)
def test_a_bad_field_is_named_with_line_column_value_and_rule(refused, old, new, said):
    message = refused("x.csv", samples.lines_official().replace(old, new))
    assert message.startswith("x.csv, line 9")
    assert said in message


def test_a_deal_that_comes_twice_in_one_year_is_refused(refused):
    rows = (*samples.LINES_ROWS, samples.LINES_ROWS[0])
    message = refused("x.csv", samples.lines_official(rows))
    assert "line 13" in message
    assert "came already in line 7" in message


def test_a_missing_column_is_named(refused):
    text = samples.lines_official().replace("TIV delivery values", "TIV")
    assert "the column 'TIV delivery values' is missing" in refused("x.csv", text)


def test_a_tidy_line_with_a_vintage_that_is_no_date_is_refused(refused):
    text = samples.lines_tidy().replace("2021-03-10,12", "spring,12")
    assert "line 3, column 'vintage': 'spring': must be a date" in refused("x.csv", text)


def test_an_export_that_ends_before_its_lines_is_refused(refused):
    assert "no delivery line of a complete year" in refused("x.csv", samples.lines_official(()))


@pytest.fixture(scope="module")
def newest(raw):
    path = raw / "sipri" / "official_export_deliveries_2026-02-12.csv"
    return sources.read_file(path)[1][0]


def test_the_real_export_gives_russias_deliveries_to_china_by_year(newest):
    by_year: dict[int, float] = defaultdict(float)
    for row in newest.rows:
        if (row.supplier, row.recipient) == ("RUS", "CHN"):
            by_year[row.year] += row.tiv
    expected = [int(v) for v in RUSSIA_TO_CHINA.split()]
    found = [by_year[year] for year in range(1995, 2025)]
    # The list is in whole TIV millions.
    assert found == pytest.approx(expected, abs=0.5)


def test_the_real_export_and_its_tidied_copy_hold_the_same(raw, newest):
    _, (tidy,) = sources.read_file(raw / "sipri" / "delivery_lines_2026-02-12.csv.gz")
    assert (tidy.vintage, tidy.official) == (newest.vintage, False)
    assert tidy.rows == newest.rows


@pytest.mark.parametrize(
    ("name", "first", "last", "china_2019"),
    [
        ("delivery_lines_2024-04-13.csv.gz", 1990, 2023, 1341),
        ("delivery_lines_2025-01-03.csv.gz", 2000, 2023, 1341),
        ("delivery_lines_1950-1989_2024-04-16.csv.gz", 1950, 1989, 0),
    ],
)
def test_the_real_tidy_tables_cover_their_years(raw, name, first, last, china_2019):
    _, (batch,) = sources.read_file(raw / "sipri" / name)
    years = {row.year for row in batch.rows}
    assert (min(years), max(years)) == (first, last)
    imports = sum(r.tiv for r in batch.rows if (r.recipient, r.year) == ("CHN", 2019))
    assert imports == pytest.approx(china_2019, abs=0.5)
