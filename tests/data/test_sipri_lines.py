"""Delivery lines: exact years, summed to pairs and domains, nothing guessed."""

from collections import defaultdict

import pytest

from crossover.data import sources
from crossover.data.errors import InputError
from crossover.data.names import REST
from crossover.data.sources.files import Options
from crossover.data.tables import read
from tests.data import samples

RUSSIA_TO_CHINA = (
    "496 1239 734 153 1444 2205 2463 2509 2073 2893 3066 2444 1360 1443 1093 653 740 586 631 560 "
    "726 742 1210 1656 1075 547 467 498 327 30"
)


def parsed(path, table="transfers"):
    """Return the one batch of a table that a file gives."""
    _, batches = sources.read_file(path)
    (batch,) = [batch for batch in batches if batch.table == table]
    return batch


def cells(rows) -> dict:
    return {(r.supplier, r.recipient, r.year, r.domain): (r.tiv, r.n_lines) for r in rows}


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_official_export_is_read_with_either_separator(put, separator):
    batch = parsed(put("x.csv", samples.lines_official(separator=separator)))
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
    batch = parsed(put("x.csv", samples.lines_official(rows)))
    assert cells(batch.rows) == {("RUS", "CHN", 2019, "land"): (0.3, 2)}


def test_the_tidy_table_drops_years_that_were_not_over_at_its_release(put):
    batch = parsed(put("x.csv", samples.lines_tidy()))
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
        ("10,Yes,2019", "ten,Yes,2019", "'ten': must be a number"),
        ("10,Yes,2019", "-1,Yes,2019", "'-1': must not be below 0"),
        ("10,Yes,2019", "1.5,Yes,2019", "'1.5': must be a whole number"),
        ("New,3,3,30.25", "Used,3,3,30.25", "'Used': must be one of New, Second hand, Second"),
        ("New,3,3,30.25", "New,3,-3,30.25", "column 'TIV deal unit': '-3': TIV must not be below"),
        ("New,3,3,30.25", "New,3,dear,30.25", "'dear': TIV must be a number"),
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


@pytest.mark.parametrize(
    "column",
    ["TIV delivery values", "TIV deal unit", "Numbers delivered,", "Status", "Armament category"],
)
def test_a_missing_column_is_named(refused, column):
    text = samples.lines_official().replace(column, "X," if "," in column else "X")
    assert f"the column '{column.strip(',')}' is missing" in refused("x.csv", text)


UNITS = (
    "1,Russia,India,A,APC,Armoured vehicles,2018,No,2,No,2019,No,New,1,0.4,0.8,No",
    "2,Russia,China,B,armoured personnel carrier,Armoured vehicles,18,No,3,?,2019,No,New,1,.5,1,No",
    "3,Russia,China,C,APC,Armoured vehicles,2018,No,9,No,2019,No,Second hand,9,3.6,9,No",
    "4,Russia,Togo,D,tank,Armoured vehicles,2018,No,4,No,2019,No,New,3,3,12,No",
    "5,Russia,China,E,tank,Armoured vehicles,2018,No,,No,2019,No,New,2,2,2,No",
    "6,Russia,China,F,light tank,Armoured vehicles,2018,No,1,No,2019,No,New,,,2,No",
    "7,Russia,China,G,mortar,Artillery,2018,No,1,No,2019,No,New,0,0,0,No",
    "8,Belgium,China,H,tank,Armoured vehicles,2018,No,1,No,2019,No,New,7,7,7,No",
    "9,Russia,China,I,tank,Armoured vehicles,18,No,1,No,2020,No,Second hand but modernized,5,5,5,",
    "10,Russia,Togo,J,SAM system,Air defence systems,2018,No,1,No,2020,No,New,5,5.5,5,No",
)


def test_the_unit_value_is_the_highest_of_new_systems_to_anyone(put):
    batch = parsed(put("x.csv", samples.lines_official(UNITS)), "unit_values")
    assert (batch.series, batch.vintage, batch.official) == ("unit_values", "2022-03-15", True)
    # Two words for one class count together; second hand, unpriced and other suppliers not at all;
    # a number that is not known of one line is not known of the class.
    assert [tuple(row)[:6] for row in batch.rows] == [
        ("RUS", "armoured personnel carrier", "land", 2019, 0.5, 5),
        ("RUS", "surface-to-air missile system", "air_defence", 2020, 5.5, 1),
        ("RUS", "tank", "land", 2019, 3.0, None),
    ]
    assert {(row.vintage, row.assumed) for row in batch.rows} == {("2022-03-15", 0)}


def test_the_tidy_table_takes_the_value_of_a_new_unit(put):
    rows = [r.replace("New,20,20", "New,21,20") for r in samples.TIDY_ROWS]
    batch = parsed(put("x.csv", samples.lines_tidy(rows)), "unit_values")
    assert [(r.supplier, r.weapon_class, r.year, r.tiv_unit, r.n_units) for r in batch.rows] == [
        ("RUS", "fighter aircraft", 2019, 21.0, 2),
        ("RUS", "turbofan", 2019, 3.0, 10),
        ("USA", "tank", 2020, 7.0, 1),
    ]


def test_the_soviet_union_has_unit_values_of_its_own(put):
    row = "1,Soviet Union,India,A,tank,Armoured vehicles,1988,No,2,No,1989,No,New,1,1.5,3,No"
    path = put("x.csv", samples.lines_official([row]))
    assert [(r.supplier, r.tiv_unit) for r in parsed(path, "unit_values").rows] == [("SUN", 1.5)]
    # And 1989 lies before the window of the descriptions.
    assert {b.table for b in sources.read_file(path)[1]} == {"transfers", "unit_values"}


def test_descriptions_are_summed_over_the_world_with_the_newest_spelling_of_the_category(put):
    batch = parsed(put("x.csv", samples.lines_official(UNITS)), "descriptions")
    found = {(r.year, r.category, r.description): (r.tiv, r.n_lines) for r in batch.rows}
    assert found[2019, "Armoured vehicles", "tank"] == (21.0, 3)
    assert found[2019, "Armoured vehicles", "APC"] == (9.8, 2)
    assert found[2020, "Air-defence systems", "SAM system"] == (5.0, 1)


@pytest.mark.parametrize(
    ("weapon", "years", "china", "russia"),
    [
        ("frigate", range(2020, 2025), 335, 304),
        ("tank", range(2010, 2020), 4.5, 4.0),
        ("anti-ship missile", range(2020, 2025), 1.6, 1.0),
        ("long-range air-to-air missile", range(2020, 2025), 0.4, 0.4),
        ("air-search radar", range(2010, 2020), 12, 13),
        ("fighter aircraft", range(2010, 2020), 12.5, 20.65),
        ("submarine", range(2010, 2020), None, 260),
        ("submarine", range(1992, 2000), 50, 260),
        ("turbofan", range(2020, 2025), None, 3.25),
    ],
)
def test_the_real_frontier_is_that_of_the_design_paper(weapon, years, china, russia):
    rows = read("unit_values", None, {"vintage": ["2026-02-12"], "weapon_class": [weapon]})
    for supplier, expected in (("CHN", china), ("RUS", russia)):
        values = [r.tiv_unit for r in rows if r.supplier == supplier and r.year in years]
        assert max(values, default=None) == expected


def test_a_tidy_line_with_a_vintage_that_is_no_date_is_refused(refused):
    text = samples.lines_tidy().replace("2021-03-10,12", "spring,12")
    assert "line 3, column 'vintage': 'spring': must be a date" in refused("x.csv", text)


def test_an_export_that_ends_before_its_lines_is_refused(refused):
    assert "no delivery line of a complete year" in refused("x.csv", samples.lines_official(()))


@pytest.fixture(scope="module")
def newest(raw):
    path = raw / "sipri" / "official_export_deliveries_2026-02-12.csv"
    return parsed(path)


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
    path = raw / "sipri" / "delivery_lines_2026-02-12.csv.gz"
    tidy = parsed(path)
    assert (tidy.vintage, tidy.official) == (newest.vintage, False)
    assert tidy.rows == newest.rows
    official = path.with_name("official_export_deliveries_2026-02-12.csv")
    for table in ("unit_values", "descriptions"):
        assert parsed(path, table).rows == parsed(official, table).rows


@pytest.mark.parametrize(
    ("name", "first", "last", "china_2019"),
    [
        ("delivery_lines_2024-04-13.csv.gz", 1990, 2023, 1341),
        ("delivery_lines_2025-01-03.csv.gz", 2000, 2023, 1341),
        ("delivery_lines_1950-1989_2024-04-16.csv.gz", 1950, 1989, 0),
    ],
)
def test_the_real_tidy_tables_cover_their_years(raw, name, first, last, china_2019):
    batch = parsed(raw / "sipri" / name)
    years = {row.year for row in batch.rows}
    assert (min(years), max(years)) == (first, last)
    imports = sum(r.tiv for r in batch.rows if (r.recipient, r.year) == ("CHN", 2019))
    assert imports == pytest.approx(china_2019, abs=0.5)


def test_an_export_that_a_spreadsheet_saved_again_reads_the_same(put):
    exported = samples.lines_official()
    for n, separator in enumerate((";", "\t", ",")):
        saved = put(f"x{n}.csv", samples.saved_again(exported, separator))
        for table in ("transfers", "unit_values", "descriptions"):
            assert parsed(saved, table).rows == parsed(put("x.csv", exported), table).rows


def test_the_real_export_reads_the_same_without_its_preamble(raw, put, newest):
    name = "official_export_deliveries_2026-02-12.csv"
    text = (raw / "sipri" / name).read_text("cp1252")
    bare = put(name, "\ufeff" + text[text.index("SIPRI AT Database ID") :])
    with pytest.raises(InputError, match="say when it was published, with --released"):
        sources.read_file(bare)
    batches = sources.read_file(bare, Options("2026-02-12"))[1]
    assert next(b.rows for b in batches if b.table == "transfers") == newest.rows
