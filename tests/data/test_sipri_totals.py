"""The provider's tables of totals: a check on sums."""

from collections import defaultdict

import pytest

from crossover.data import sources
from tests.data import samples


def test_totals_are_read_and_blanks_are_no_figures(put):
    _, (batch,) = sources.read_file(put("x.csv", samples.totals()))
    assert batch.vintage == "2022-03-15"
    assert [(r.country, r.year, r.flow, r.tiv) for r in batch.rows] == [
        ("CHN", 2019, "imports", 75.0),
        ("CHN", 2020, "imports", 21.0),
        ("PAK", 2021, "imports", 9.0),
    ]


def test_the_column_of_the_whole_span_is_not_taken_for_a_year(put):
    text = samples.totals("exports", ("Russia,70,20,,90", "Total world,75,27,9,111"))
    _, (batch,) = sources.read_file(put("x.csv", text))
    assert sum(r.tiv for r in batch.rows if r.country == "WLD") == 111


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Chinna,75,21,,96", "'Chinna': unknown country; the nearest known is 'China'"),
        ("China,-75,21,,96", "column '2019': '-75': TIV must not be below 0"),
    ],
)
def test_a_bad_row_is_named(refused, row, said):
    message = refused("x.csv", samples.totals(rows=(row,)))
    assert message.startswith("x.csv, line 8")
    assert said in message


def test_a_table_without_its_header_is_refused(refused):
    text = samples.totals().replace("Recipient,2019", "Who,2019")
    assert "no header row" in refused("x.csv", text)


@pytest.mark.parametrize("flow", ["imports", "exports"])
def test_the_real_totals_equal_the_sums_of_the_real_lines(raw, flow):
    _, (totals,) = sources.read_file(
        raw / "sipri" / f"official_tiv_table_{flow}_2024-04-13.csv"
    )
    _, (lines, *_) = sources.read_file(raw / "sipri" / "delivery_lines_2024-04-13.csv.gz")
    side = "recipient" if flow == "imports" else "supplier"
    sums: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in lines.rows:
        sums[getattr(row, side), row.year].append(row.tiv)
    kept = {code for code, _ in sums}
    compared = [total for total in totals.rows if total.country in kept]
    assert len(compared) > 500
    for total in compared:
        # Totals are whole millions.
        found = sum(sums[total.country, total.year])
        assert found == pytest.approx(total.tiv, abs=0.5 + 1e-6), total


# As people have it --------------------------------------------------------------------------------


@pytest.mark.parametrize("saved", [str, samples.saved_again])
def test_a_table_of_before_2024_is_read_by_its_title(put, saved):
    _, (batch,) = sources.read_file(put("x.csv", saved(samples.TOTALS_BEFORE_2024)))
    assert (batch.vintage, batch.series) == ("2022-12-09", "exports")
    assert [(r.country, r.year, r.flow, r.tiv) for r in batch.rows] == [
        ("RUS", 2019, "exports", 75.0),
        ("RUS", 2020, "exports", 21.0),
        ("IND", 2019, "exports", 7.0),
        ("IND", 2020, "exports", 0.0),
        ("WLD", 2019, "exports", 82.0),
        ("WLD", 2020, "exports", 22.0),
    ]


def test_of_a_table_of_ones_partners_the_sums_alone_are_totals(put):
    _, (batch,) = sources.read_file(put("x.csv", samples.TOTALS_OF_ONE))
    assert [(r.country, r.year, r.flow, r.tiv) for r in batch.rows] == [
        ("CHN", 2019, "exports", 71.0), ("CHN", 2020, "exports", 298.0), ("CHN", 2021, "exports", 0)
    ]  # fmt: skip
    assert "its row of sums is read as China's total exports" in batch.remarks[0]


def test_the_importers_view_of_a_table_of_one_is_its_imports(put):
    text = samples.TOTALS_OF_ONE.replace("imports from China", "exports to India")
    _, (batch,) = sources.read_file(put("x.csv", text.replace("Recipient", "Exports by")))
    assert {(r.country, r.flow) for r in batch.rows} == {("IND", "imports")}


def test_the_title_of_a_table_of_before_2024_may_name_one_country(put):
    text = samples.TOTALS_BEFORE_2024.replace("from all", "from China")
    _, (batch,) = sources.read_file(put("x.csv", text))
    assert {(r.country, r.flow) for r in batch.rows} == {("CHN", "exports")}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Pakistan", "Africa", "'Africa': is no country: export the totals by country"),
        ("Pakistan", "Aircraft", "'Aircraft': is no country: export the totals by country"),
        ("from China", "from Togo", "is a table of Togo's partners, and Togo is outside"),
    ],
)
def test_a_table_that_cannot_be_a_total_is_refused_with_the_cure(refused, old, new, said):
    assert said in refused("x.csv", samples.TOTALS_OF_ONE.replace(old, new))


def test_a_table_of_ones_partners_without_its_sums_holds_no_total(refused):
    text = samples.TOTALS_BEFORE_2024.replace("from all", "from China").replace("Total,82,22,,", "")
    assert "holds no total of a country of the sample" in refused("x.csv", text)


def test_the_real_table_of_before_2024_is_read(raw):
    _, (batch,) = sources.read_file(raw / "as_downloaded" / "tiv_table_before_2024.csv")
    found = {(r.country, r.year): r.tiv for r in batch.rows}
    assert (batch.series, batch.vintage, batch.remarks) == ("exports", "2023-12-19", ())
    assert found["USA", 1990] == 10664 and found["RUS", 2023] == 1269
    # A blank is no delivery, a zero is less than half a million.
    assert ("RUS", 1990) not in found and found["IND", 1991] == 0


def test_the_real_table_of_chinas_exports_gives_its_totals_alone(raw):
    name = "official_tiv_table_china_exports_2026-07-14.csv"
    _, (batch,) = sources.read_file(raw / "sipri" / name)
    found = {(r.country, r.year, r.flow): r.tiv for r in batch.rows}
    assert found["CHN", 2025, "exports"] == 880 and found["CHN", 2024, "exports"] == 1294
    assert {key[0] for key in found} == {"CHN"} and len(found) == 26
