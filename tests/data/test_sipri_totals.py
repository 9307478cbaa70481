"""The provider's tables of totals: a check on sums."""

from collections import defaultdict

import pytest

from data import sources
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
