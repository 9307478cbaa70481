"""World Bank figures: the site's download, the tidy table of vintages, OECD and votes beside."""

import pytest

from crossover.data import sources
from crossover.data.errors import InputError
from crossover.data.sources import wdi_vintages
from crossover.data.sources.files import Options
from tests.data import samples


def values(batch) -> dict:
    return {(row.country, row.year): row.value for row in batch.rows}


def test_the_site_download_is_read_for_the_sample(put):
    _, (batch,) = sources.read_file(put("API.csv", samples.SITE))
    assert (batch.series, batch.vintage, batch.official) == ("rd_share", "2022-04-15", True)
    assert values(batch) == {("CHN", 2019): 2.2, ("CHN", 2020): 2.4}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"2.2"', '"22"', "rd_share (GB.XPD.RSDV.GD.ZS) must not be above 20"),
        ('"2.2"', '"two"', "must be a number"),
        ('"CHN"', '"CHX"', "'CHX': unknown country"),
        ("GB.XPD.RSDV.GD.ZS", "GB.XPD", "'GB.XPD': unknown indicator"),
        ('"2022-04-15"', '"April"', "'April': must be a date"),
        ("Last Updated Date", "Date", "no 'Last Updated Date'"),
        ("Country Code", "Code", "no header row"),
    ],
)
def test_a_bad_site_download_is_named(refused, old, new, said):
    message = refused("API.csv", samples.SITE.replace(old, new))
    assert message.startswith("API.csv")
    assert said in message


def test_the_real_site_download_gives_chinas_effort(raw):
    name = "official_download_GB.XPD.RSDV.GD.ZS_2025-04.csv"
    _, (batch,) = sources.read_file(raw / "worldbank" / name)
    found = values(batch)
    # Figures as the data notes give them, to two or three decimals.
    assert found["CHN", 1996] == pytest.approx(0.56, abs=0.005)
    assert found["CHN", 2020] == pytest.approx(2.407, abs=0.0005)


def test_the_tidy_table_keeps_vintages_apart_and_names_base_years(put):
    _, batches = sources.read_file(put("wdi.csv", samples.WDI_TIDY))
    gdp = {
        (row.year, row.vintage): (row.value, row.unit)
        for batch in batches
        if batch.series == "gdp_ppp_constant"
        for row in batch.rows
    }
    assert gdp[2018, "2019-12-21"] == (1100.0, "constant 2011 international $")
    assert gdp[2018, "2022-07-31"] == (1600.0, "constant 2017 international $")


def test_a_mirrors_copy_of_an_earlier_release_is_left_out(put):
    _, batches = sources.read_file(put("wdi.csv", samples.WDI_TIDY))
    days = [batch.vintage for batch in batches if batch.series == "rd_share"]
    assert days == ["2020-06-30", "2022-04-15"]


def test_arms_totals_are_brought_to_millions(put):
    _, batches = sources.read_file(put("wdi.csv", samples.WDI_TIDY))
    (batch,) = [b for b in batches if b.table == "totals"]
    assert [(r.flow, r.tiv, r.vintage) for r in batch.rows] == [("imports", 74.0, "2020-12-31")]


@pytest.mark.parametrize(
    ("label", "date", "mirrored"),
    [
        ("2016-05-31", "2016-05-31", False),
        ("2020-12c", "2020-12-31", True),
        ("2025-04owid", None, True),
        ("unknown(~2016-17 content; AtiinA1)", "2017-12-31", True),
    ],
)
def test_a_label_is_dated_late_rather_than_early(label, date, mirrored):
    assert wdi_vintages.date(label, file="f", line=1)[:2] == (date, mirrored)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("CHN,2018,GB.XPD.RSDV.GD.ZS,2.1,2020-06", "CHN,2018,GB.XPD.RSDV.GD.ZS,21,2020-06", "20"),
        ("SP.POP.TOTL", "SP.POP", "unknown indicator"),
        ("CHN,2020,SP", "CHN,MMXX,SP", "must be a year"),
        ("CHN,2020,SP", "XXX,2020,SP", "unknown country"),
        ("2019-12-21c", "long ago", "must be a date or a month"),
        ("MPRT.KD,74000000", "MPRT.KD,-74000000", "TIV must not be below 0"),
    ],
)
def test_a_bad_row_of_the_tidy_table_is_named(refused, old, new, said):
    message = refused("wdi.csv", samples.WDI_TIDY.replace(old, new, 1))
    assert message.startswith("wdi.csv, line ")
    assert said in message


def test_the_real_tidy_table_holds_chinas_revisions_of_2020(raw):
    _, batches = sources.read_file(raw / "worldbank" / "wdi_vintages_long.csv.gz")
    found = [
        round(values(b)["CHN", 2020], 3)
        for b in batches
        if b.series == "rd_share" and ("CHN", 2020) in values(b)
    ]
    assert list(dict.fromkeys(found)) == [2.401, 2.407, 2.357]


def test_oecd_figures_are_read_and_groups_left_out(put):
    _, batches = sources.read_file(put("oecd_2022-03.csv", samples.OECD))
    found = {batch.series: values(batch) for batch in batches}
    assert found == {
        "rd_share": {("TWN", 2017): 3.2, ("CHN", 2017): 2.11, ("CHN", 2018): 2.14},
        "gerd_ppp_constant": {("CHN", 2017): 400000.5},
    }
    assert {batch.vintage for batch in batches} == {"2022-03-31"}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("oecd.csv", "TWN", "TWN", "needs its release in its name"),
        ("oecd_2022-03.csv", ",3.2,", ",32,", "rd_share must not be above 20"),
        ("oecd_2022-03.csv", "TWN", "TW", "unknown country"),
        ("oecd_2022-03.csv", "OECD_GDEXPRD_MLN_USD", "OECD_GERD", "unknown indicator"),
    ],
)
def test_a_bad_table_of_the_oecd_is_refused(refused, name, old, new, said):
    assert said in refused(name, samples.OECD.replace(old, new))


def test_the_real_table_of_the_oecd_reaches_taiwan(raw):
    _, batches = sources.read_file(raw / "worldbank" / "oecd_gerd_2023-05.csv")
    (share,) = [batch for batch in batches if batch.series == "rd_share"]
    assert values(share)["TWN", 2020] == pytest.approx(3.63, abs=0.005)


def test_ideal_points_are_read_since_1985_for_the_sample(put):
    _, (batch,) = sources.read_file(put("ideal_points_aug2021.csv", samples.VOTES))
    found = {(row.country, row.year): row.ideal_point for row in batch.rows}
    assert found == {("RUS", 2019): 0.25, ("CHN", 2019): -0.75}
    assert batch.vintage == "2021-08-31"


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("points.csv", "RUS", "RUS", "needs its release in its name"),
        ("points_aug2021.csv", "2019,0.25", "2019,25", "must not be above 10"),
        ("points_aug2021.csv", "2019,0.25", "late,0.25", "must be a year"),
    ],
)
def test_a_bad_table_of_ideal_points_is_refused(refused, name, old, new, said):
    assert said in refused(name, samples.VOTES.replace(old, new))


def test_the_real_ideal_points_reach_2024(raw):
    _, (batch,) = sources.read_file(raw / "partnership" / "unga_idealpoints_jul2025.csv.gz")
    found = {(row.country, row.year): row.ideal_point for row in batch.rows}
    assert found["CHN", 2024] == pytest.approx(-0.8535267)


# As people have it --------------------------------------------------------------------------------


DATABANK = {
    "extract.csv": samples.DATABANK,
    "extract.xlsx": samples.databank_workbook(),
    "extract.zip": samples.databank_zip(),
    "saved.csv": samples.saved_again(samples.DATABANK),
}


@pytest.mark.parametrize("name", DATABANK)
def test_an_extract_of_databank_is_read_and_what_is_not_used_counted(put, name):
    _, batches = sources.read_file(put(name, DATABANK[name]))
    assert {b.series: values(b) for b in batches} == {
        "population": {("CHN", 2018): 1.4e9, ("CHN", 2019): 1.41e9, ("CHN", 2020): 1.415e9},
        "rd_share": {("CHN", 2019): 2.2, ("CHN", 2020): 2.4},
    }
    assert {b.vintage for b in batches} == {"2022-04-15"}
    assert {b.remarks for b in batches} == {
        (f"{name}: 1 series that the panel does not use was skipped, 1 row (NY.GDP.DEFL.KD.ZG)",)
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("04/15/2022", "15/04/2022", "extract.csv, line 10, column 'Last Updated': '15/04/2022': "
         "must be a date, month/day/year"),
        ("Last Updated", "Refreshed", "has no 'Last Updated Date': say when it was published"),
        ("SP.POP.TOTL", "NY.GDP.DEFL.KD.ZG", "'GB': unknown indicator: must be one of"),
        ("2.4", "240", "line 4, column '2020': '240': rd_share (GB.XPD.RSDV.GD.ZS) must not be"),
        ("CHN", "CHX", "'CHX': unknown country, on 2 rows: must be an ISO3 code"),
    ],
)  # fmt: skip
def test_a_bad_extract_is_named(refused, old, new, said):
    text = samples.DATABANK.replace(old, new)
    if old == "SP.POP.TOTL":
        text = text.replace("GB.XPD.RSDV.GD.ZS", "GB").replace(new, "GB")
    assert said in refused("extract.csv", text)


def test_an_extract_of_nothing_that_is_used_is_refused(refused):
    text = samples.DATABANK.replace("SP.POP.TOTL", "NY.GDP.DEFL.KD.ZG")
    said = refused("extract.csv", text.replace("GB.XPD.RSDV.GD.ZS", "NY.GDP.DEFL.KD.ZG"))
    assert "'NY.GDP.DEFL.KD.ZG': is a series that the panel does not use: must be one of" in said


def test_a_long_table_is_read_with_its_series_and_date_from_the_user(put):
    for series in ("GB.XPD.RSDV.GD.ZS", "rd_share"):
        options = Options("2022-04-15", series)
        _, (batch,) = sources.read_file(put("long.csv", samples.WDI_LONG), options)
        assert (batch.series, batch.vintage) == ("rd_share", "2022-04-15")
        assert values(batch) == {("CHN", 2019): 2.2, ("CHN", 2020): 2.4}


def test_a_long_table_that_names_its_series_needs_the_date_alone(put):
    text = samples.WDI_LONG.replace("Year", "Series Code,Year").replace(",20", ",SP.POP.TOTL,20")
    _, (batch,) = sources.read_file(put("long.csv", text), Options("2022-04-15"))
    assert batch.series == "population" and len(batch.rows) == 2
    with pytest.raises(InputError, match="--indicator says rd_share, but the file names its own"):
        sources.read_file(put("long.csv", text), Options("2022-04-15", "rd_share"))


@pytest.mark.parametrize(
    ("released", "indicator", "said"),
    [
        (None, None, "with --indicator, as in GB.XPD.RSDV.GD.ZS, and when it was published, with"),
        ("2022-04-15", None, "does not name its series: say which, with --indicator"),
        (None, "rd_share", "has no date of its own: say when it was published, with --released"),
        ("2022-04-15", "GB", "'--indicator': 'GB': unknown indicator: must be one of GB"),
        ("2022-04-15", "SP.POP.SCIE.RD.P6", None),
    ],
)
def test_a_long_table_asks_for_what_is_missing_in_one_line(put, released, indicator, said):
    path = put("long.csv", samples.WDI_LONG)
    if said is None:
        assert sources.read_file(path, Options(released, indicator))[1]
        return
    with pytest.raises(InputError) as error:
        sources.read_file(path, Options(released, indicator))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_an_indicator_for_a_file_that_names_its_own_is_refused(put):
    path = put("extract.csv", samples.DATABANK)
    with pytest.raises(InputError, match="--indicator says rd_share, but the file names its own"):
        sources.read_file(path, Options(None, "rd_share"))


def test_the_oecds_own_export_is_read_for_gerd_in_percent_of_gdp(put, refused):
    assert "has no date of its own: say when" in refused("msti.csv", samples.OECD_SDMX)
    path = put("msti.csv", samples.OECD_SDMX)
    _, (batch,) = sources.read_file(path, Options("2022-03-31"))
    assert (batch.provider, batch.series, batch.vintage) == ("OECD", "rd_share", "2022-03-31")
    assert values(batch) == {("CHN", 2019): 2.23, ("TUR", 2019): 1.06}
    assert "msti.csv: 1 row that is no R&D in % of GDP was skipped" in batch.remarks[0]


def test_a_users_date_goes_before_one_in_a_name(put):
    path = put("oecd_2022-03.csv", samples.OECD)
    _, batches = sources.read_file(path, Options("2022-03-11"))
    assert {batch.vintage for batch in batches} == {"2022-03-11"}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "zip"])
def test_the_real_extracts_of_databank_are_read(raw, kind):
    _, batches = sources.read_file(raw / "as_downloaded" / f"databank_extract.{kind}")
    found = {batch.series: values(batch) for batch in batches}
    assert {batch.vintage for batch in batches} == {"2026-07-01"}
    assert found["population"]["RUS", 2025] == 143513328
    assert found["rd_share"]["CHN", 2023] == 2.57729 and ("CHN", 2024) not in found["rd_share"]
    assert "1 series that the panel does not use was skipped, 6 rows" in batches[0].remarks[0]


def test_the_real_long_table_is_read(raw):
    options = Options("2026-07-13", "GB.XPD.RSDV.GD.ZS")
    _, (batch,) = sources.read_file(raw / "as_downloaded" / "wdi_long.csv", options)
    assert len(batch.rows) == 28 and values(batch)["CHN", 1996] == 0.56014


def test_the_real_export_of_the_oecd_is_read(raw):
    path = raw / "as_downloaded" / "oecd_msti_sdmx.csv"
    _, (batch,) = sources.read_file(path, Options("2026-03-31"))
    assert values(batch)["TUR", 2023] == 1.42 and len(batch.rows) == 9


def test_ideal_points_that_a_spreadsheet_saved_again_read_the_same(put):
    name = "ideal_points_aug2021.csv"
    as_published = sources.read_file(put(name, samples.VOTES))[1]
    assert sources.read_file(put(name, samples.saved_again(samples.VOTES)))[1] == as_published


def test_ideal_points_without_their_column_are_in_no_known_format(refused):
    text = samples.VOTES.replace("idealpointfp", "idealpointfp;")
    assert "no known format" in refused("ideal_points_aug2021.csv", text)
