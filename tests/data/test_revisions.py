"""Histories of figures and the statistics of their revisions."""

import json

import pytest

from crossover.data import additions, kept, revisions
from crossover.data.errors import InputError
from tests.data import samples


def column(answer, name):
    return [row[answer.header.index(name)] for row in answer.rows]


def test_the_history_of_a_figure_has_every_kept_release_with_its_changes():
    found = revisions.history("rd_share", country="China", span=(2020, 2020))
    assert [round(value, 3) for value in column(found, "value")] == [
        2.401, 2.407, 2.407, 2.407, 2.407, 2.357, 2.357
    ]
    assert column(found, "released") == sorted(column(found, "released"))
    assert column(found, "since first")[0] is None
    assert column(found, "since first")[-1] == pytest.approx(2.35712 - 2.40093)
    assert column(found, "since first, share")[-1] == pytest.approx(2.35712 / 2.40093 - 1)
    assert column(found, "since the one before")[-2] == pytest.approx(2.35712 - 2.40666)


def test_chinas_imports_of_2019_went_from_887_to_1341_and_1571():
    found = revisions.history("imports", country="CHN", span=(2019, 2019))
    values = [round(value) for value in column(found, "value")]
    assert (values[0], values[1], values[-1]) == (887, 1341, 1571)


def test_deliveries_of_a_pair_have_a_history(small_panel):
    where = {"supplier": "RUS", "recipient": "CHN", "span": (2019, 2020)}
    found = revisions.history("deliveries", **where, folder=small_panel)
    assert [row[1:4] for row in found.rows] == [
        (2019, "2021-03-10", 68.25),
        (2019, "2022-03-15", 70.25),
        (2020, "2021-03-10", 0.0),
        (2020, "2022-03-15", 20.5),
    ]
    assert column(found, "since first, share") == [None, pytest.approx(2 / 68.25), None, None]


def test_figures_of_another_unit_are_not_compared(small_panel):
    found = revisions.history("gdp_ppp_constant", country="CHN", folder=small_panel)
    assert len({row[4] for row in found.rows}) == 2
    assert set(column(found, "since first")) == {None}


def test_what_was_added_is_in_the_history(small_panel, tmp_path, put):
    page = samples.api_page([samples.api_row("CHN", 2020, 2.5)], updated="2023-06-30")
    additions.add([put("a.json", json.dumps(page))], tmp_path / "store", small_panel)
    layers = kept.layers(small_panel, tmp_path / "store")
    found = revisions.history("rd_share", country="CHN", span=(2020, 2020), folder=layers)
    assert [row[2:4] for row in found.rows] == [
        ("2022-04-15", 2.4), ("2022-12-20", 2.41), ("2023-06-30", 2.5)
    ]


def test_statistics_are_by_source_series_and_release():
    found = revisions.kth_releases("rd_share")
    assert {row[0] for row in found.rows} == {"World Bank, World Development Indicators"}
    ks = column(found, "release")
    assert ks == list(range(2, max(ks) + 1))
    for row in found.rows:
        _, _, _, figures, share, median, low, high = row
        assert figures >= revisions.LEAST and 0 <= share <= 1 and low <= median <= high


def test_the_statistics_of_all_series_name_every_source_with_two_releases():
    sources = set(column(revisions.kth_releases(), "source"))
    assert {"SIPRI Arms Transfers Database", "SIPRI Military Expenditure Database"} <= sources


def test_a_known_set_of_revisions_gives_its_own_quantiles(small_panel, tmp_path, put):
    """Six figures of +10, 0, 0, 0, 0 and -20 %: the median is none, a third are revised."""
    codes = ("CHN", "RUS", "USA", "FRA", "IND", "DEU")
    store = tmp_path / "store"
    for day, values in (("2023-12-01", [2.0] * 6), ("2024-03-01", [2.2, 2, 2, 2, 2, 1.6])):
        pairs = zip(codes, values, strict=True)
        rows = [samples.api_row(c, 2021, float(v), "SP.POP.SCIE.RD.P6") for c, v in pairs]
        page = json.dumps(samples.api_page(rows, updated=day))
        additions.add([put(f"{day}.json", page)], store, small_panel)
    found = revisions.kth_releases("researchers", kept.layers(small_panel, store))
    assert [row[2:] for row in found.rows] == [(2, 6, 0.3333, 0.0, -0.15, 0.075)]


def test_a_figure_first_kept_years_after_it_came_out_is_left_out(small_panel):
    with pytest.raises(InputError, match="no figure of gdp_growth was kept in two releases"):
        revisions.kth_releases("gdp_growth", small_panel)


@pytest.mark.parametrize(("level", "value"), [(0.0, 1.0), (0.5, 2.5), (1.0, 4.0), (0.05, 1.15)])
def test_quantiles_interpolate(level, value):
    assert revisions.quantile([4.0, 1.0, 3.0, 2.0], level) == pytest.approx(value)
