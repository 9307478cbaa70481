"""The check of a panel: one planted fault, found at its place and named."""

import csv
import gzip
import io
import json
import shutil

import pytest

from crossover.data import domains
from crossover.data.check import HEADER, check
from crossover.data.errors import InputError
from crossover.data.package import NAME


@pytest.fixture
def planted(small_panel, tmp_path):
    """Return a function that changes the text of one table and checks the panel."""
    folder = shutil.copytree(small_panel, tmp_path / "panel")

    def plant(table, old, new):
        path = folder / f"{table}.csv.gz"
        text = gzip.decompress(path.read_bytes()).decode()
        assert old in text, (table, old)
        line = 1 + text[: text.index(old)].count("\n")
        path.write_bytes(gzip.compress(text.replace(old, new, 1).encode(), mtime=0))
        # Every change also breaks the hash in the description, which has a test of its own.
        return line, [found for found in check(folder) if found.file != NAME]

    return plant


def test_the_shipped_panel_has_no_fault():
    assert check() == []


def test_the_header_of_faults_names_file_line_column_value_and_rule():
    assert HEADER == ("file", "line", "column", "value", "rule")


GDP = "CHN,2018,gdp_ppp_constant,1600,constant 2017 international $"
SHARE = "CHN,2019,rd_share,2.2,% of GDP"


@pytest.mark.parametrize(
    ("table", "old", "new", "column", "value", "rule"),
    [
        ("country_years", SHARE, SHARE.replace("CHN", "QQQ"), "country", "QQQ", "unknown country"),
        ("country_years", SHARE, SHARE.replace("2019", "MMXIX"), "year", "MMXIX", "must be a year"),
        ("country_years", SHARE, SHARE.replace("2.2", "22"), "value", "22", "not be above 20"),
        ("country_years", SHARE, SHARE.replace("2.2", "-1"), "value", "-1", "not be below 0"),
        ("country_years", SHARE, SHARE.replace("2.2", "two"), "value", "two", "must be a number"),
        ("country_years", SHARE, SHARE.replace("2.2", "nan"), "value", "nan", "a finite number"),
        ("country_years", SHARE, SHARE.replace("rd_share", "rd"), "indicator", "rd", "must be one"),
        ("country_years", SHARE, SHARE.replace("% of GDP", "%"), "unit", "%", "must be % of GDP"),
        ("country_years", GDP, GDP.replace("2017", "old"), "unit", "constant old", "the unit of"),
        ("transfers", "engines,30.25", "motors,30.25", "domain", "motors", "must be one of air"),
        ("transfers", "engines,30.25", "engines,-30.25", "tiv", "-30.25", "not be below 0"),
        ("transfers", "30.25,1", "30.25,0", "n_lines", "0", "must not be below 1"),
        ("transfers", "30.25,1", "30.25,1.5", "n_lines", "1.5", "must be a whole number"),
        ("transfers", "2022-03-15,0", "spring,0", "vintage", "spring", "must be a date"),
        ("transfers", "2022-03-15,0", "1999-03-15,0", "vintage", "1999-03-15", "before its year"),
        ("transfers", "2022-03-15,0", "2022-03-15,2", "assumed", "2", "must be one of 0, 1"),
        ("unit_values", "turbofan,engines", "turbofan,sensors", "domain", "sensors", "has engines"),
        ("unit_values", "turbofan,engines", "turbofan,motors", "domain", "motors", "one of aircr"),
        ("unit_values", "turbofan,eng", "turbofun,eng", "weapon_class", "turbofun", "unknown cla"),
        ("unit_values", "2019,3,10", "2019,-3,10", "tiv_unit", "-3", "not be below 0"),
        ("unit_values", "2019,3,10", "2019,3,0", "n_units", "0", "not be below 1"),
        ("unit_values", "2019,3,10", "2019,3,few", "n_units", "few", "must be a whole number"),
        ("unit_values", "RUS,turbofan", "QQQ,turbofan", "supplier", "QQQ", "unknown country"),
        ("descriptions", "turbofan", "turbofun", "description", "turbofun", "unknown description"),
        ("descriptions", "30.25,1", "-30.25,1", "tiv", "-30.25", "not be below 0"),
        ("orders", "30.25,30.25", "30.25,99", "delivered_tiv", "99", "more delivered than ordered"),
        ("votes", "0.25", "25", "ideal_point", "25", "must not be above 10"),
        ("totals", "imports,75", "import,75", "flow", "import", "must be one of exports"),
        ("supplier_wars", "RUS,2022,", "RUS,2022,2014", "last_year", "2014", "before the first"),
        ("embargoes", "DEU,CHN,1989", "DEU,CHN,89", "first_year", "89", "must be a year"),
        ("embargoes", "DEU,CHN,1989", "DEU,CHN,²⁰²⁰", "first_year", "²⁰²⁰", "must be a year"),
        ("countries", "RUS,Russia,1,1,55.75", "RUS,Russia,1,1,155", "capital_lat", "155", "90"),
        ("vintages", "transfers,deliveries", "transfer,deliveries", "table", "transfer", "one of"),
    ],
)
def test_a_bad_value_is_found_at_its_line_and_column(planted, table, old, new, column, value, rule):
    line, faults = planted(table, old, new)
    (fault,) = [f for f in faults if f.column == column and f.file == f"{table}.csv.gz"]
    assert fault.line == line
    assert value in fault.value
    assert rule in fault.rule


def test_a_row_that_comes_twice_is_found_and_its_first_line_named(planted):
    old = "RUS,CHN,2019,engines,30.25,1,2022-03-15,0\n"
    line, faults = planted("transfers", old, old + old.replace("30.25", "31"))
    (fault,) = [f for f in faults if "already" in f.rule]
    assert (fault.line, fault.rule) == (
        line + 1,
        f"the same figure stands already in line {line}",
    )


def test_a_row_that_is_gone_is_missed_by_the_releases(planted):
    _, faults = planted("votes", "CHN,2019,-0.75,2021-08-31,0\n", "")
    (fault,) = faults
    assert fault.file == "vintages.csv.gz"
    assert fault.rule == "votes holds 1 rows of this release, vintages says 2"


def test_deliveries_that_do_not_add_up_to_the_providers_total_are_found(planted):
    _, faults = planted("transfers", "RUS,CHN,2019,engines,30.25,1,2022-03-15",
                        "RUS,CHN,2019,engines,35.25,1,2022-03-15")
    (fault,) = [f for f in faults if f.file == "totals.csv.gz"]
    assert (fault.file, fault.column, fault.value) == ("totals.csv.gz", "tiv", "75")
    assert fault.rule == "the deliveries of CHN in 2019 sum to 80.25 (imports)"


def test_a_total_within_rounding_of_its_sum_is_no_fault(planted):
    # 75.3 is told as 75, and sums by domain may differ by a tenth.
    _, faults = planted("transfers", "RUS,CHN,2019,engines,30.25,1,2022-03-15",
                        "RUS,CHN,2019,engines,30.3,1,2022-03-15")
    assert faults == []


def test_a_panel_not_built_anew_after_a_change_of_domains_is_found(small_panel, monkeypatch):
    changed = domains.weapons() | {"turbofan": domains.Weapon("aircraft", "turbofan")}
    monkeypatch.setattr(domains, "weapons", lambda: changed)
    domains.by_class.cache_clear()
    try:
        faults = check(small_panel)
    finally:
        domains.by_class.cache_clear()
    # Rows with a fault are not counted, so their releases have too few.
    files = ("transfers", "unit_values", "vintages")
    assert {f.file for f in faults} == {f"{table}.csv.gz" for table in files}
    by_sum = [f for f in faults if f.file == "transfers.csv.gz"]
    assert {f.value.split()[0] for f in by_sum} == {"aircraft", "engines"}
    assert all("build the panel anew" in f.rule for f in by_sum)


def test_a_row_of_the_wrong_width_is_found(planted):
    line, faults = planted("votes", "CHN,2019,-0.75,2021-08-31,0", "CHN,2019,-0.75,2021-08-31")
    assert (faults[0].line, faults[0].rule) == (line, "a row must have 5 fields, this one has 4")


def test_other_columns_are_found(planted):
    _, faults = planted("votes", "country,year", "state,year")
    assert (faults[0].file, faults[0].line) == ("votes.csv.gz", 1)
    assert faults[0].rule.startswith("the columns must be country, year")


def test_many_faults_are_all_told(planted):
    folder_line, faults = planted("transfers", "2022-03-15,0\n", "spring,7\n")
    assert {f.column for f in faults if f.line == folder_line} == {"vintage", "assumed"}


@pytest.mark.parametrize("content", [None, b"no gzip", gzip.compress(b"x" * 1000)[:-9]])
def test_a_table_that_is_missing_or_damaged_is_found(small_panel, tmp_path, content):
    folder = shutil.copytree(small_panel, tmp_path / "panel")
    (folder / "orders.csv.gz").unlink()
    if content is not None:
        (folder / "orders.csv.gz").write_bytes(content)
    found = [f for f in check(folder) if f.file == "orders.csv.gz"]
    assert len(found) == 1


def test_a_table_changed_after_the_build_no_longer_has_its_hash(small_panel, tmp_path):
    folder = shutil.copytree(small_panel, tmp_path / "panel")
    path = folder / "votes.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    text = "\n".join(",".join(row) for row in rows).replace("0.25", "0.26") + "\n"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    (fault,) = check(folder)
    assert (fault.file, fault.column) == (NAME, "votes: hash")


@pytest.mark.parametrize("content", [None, "not json", "{}"])
def test_a_description_that_is_missing_or_damaged_is_found(small_panel, tmp_path, content):
    folder = shutil.copytree(small_panel, tmp_path / "panel")
    (folder / NAME).unlink()
    if content is not None:
        (folder / NAME).write_text(content)
    (fault,) = check(folder)
    assert fault.file == NAME


def test_a_description_that_misses_a_table_is_found(small_panel, tmp_path):
    folder = shutil.copytree(small_panel, tmp_path / "panel")
    described = json.loads((folder / NAME).read_text(encoding="utf-8"))
    described["resources"] = [r for r in described["resources"] if r["name"] != "votes"]
    (folder / NAME).write_text(json.dumps(described))
    (fault,) = check(folder)
    assert (fault.value, fault.rule) == ("votes", "the table is not described")


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        check(tmp_path / "nowhere")
