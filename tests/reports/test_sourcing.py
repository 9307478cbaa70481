"""Suppliers, orders and past forecasts of a pair: figures and sentences against the tables."""

import copy
import re

import numpy as np
import pandas as pd
import pytest

from crossover.data.names import REST
from crossover.forecast import fans, sources
from crossover.reports import figures, payload, source_figures, sourcing
from crossover.reports.context import sourcing as judged
from crossover.reports.numerals import chance
from tests.reports.conftest import said, section

PAIR = ("RUS", "CHN")


@pytest.fixture
def tables(runs):
    return [pd.read_csv(runs["plain"] / name)
            for name in (sources.SUPPLIERS_FILE, sources.ORDERS_FILE)]  # fmt: skip


def test_bands_are_the_shares_of_the_table_and_fill_each_period(plain, tables):
    table, found = tables[0], source_figures.bands(plain)
    assert next(iter(found)) == "RUS" and REST not in found
    for code, shares in found.items():
        if code != source_figures.OTHERS:
            assert shares == pytest.approx(table[table["seller"] == code]["share"].tolist())
    assert np.sum(list(found.values()), axis=0) == pytest.approx(1.0)
    rest = table[table["seller"] == REST]["share"].tolist()
    assert found[source_figures.OTHERS] == pytest.approx(rest, abs=1e-5)


def test_more_suppliers_than_have_a_band_are_drawn_as_others(plain, monkeypatch):
    monkeypatch.setattr(source_figures, "MOST", 2)
    found = source_figures.bands(plain)
    assert list(found) == ["RUS", "USA", source_figures.OTHERS]
    assert np.sum(list(found.values()), axis=0) == pytest.approx(1.0)


def test_bars_of_orders_stand_as_high_as_what_is_expected(plain, tables):
    drawn, late = plain["sourcing"]["orders"], plain["headline_year"]
    table = tables[1][tables[1]["year"] <= late]
    for part in source_figures.PARTS:
        own = table[table["part"] == part].sort_values("year")
        assert drawn[part] == pytest.approx(own["expected"].tolist())
        assert drawn["year"] == own["year"].tolist()
    total = np.sum([drawn[part] for part in source_figures.PARTS], axis=0)
    expected = [row["expected"] for row in plain["arrivals"] if row["year"] <= late]
    assert total == pytest.approx(expected, rel=1e-4)


def test_titles_and_sentences_say_what_the_tables_say(plain, tables):
    suppliers, orders = tables
    own = suppliers[suppliers["seller"] == "RUS"].sort_values("first").to_dict("records")
    title = said("main", "suppliers_title", plain)
    assert title == (
        f"Russia delivered {chance(own[1]['share'])} of China’s arms in 2015–2024; "
        f"{chance(own[2]['share'])} is expected in 2025–2034"
    )
    near = orders[orders["year"] <= 2029].groupby("part")["expected"].sum()
    book = near["book"] / near.sum()
    title = said("main", "orders_title", plain)
    assert title == f"Of the deliveries expected in 2025–2029, {chance(book)} are on the book today"
    text = section("main", plain)
    assert f"Such orders bring {chance(near['unlisted'] / near.sum())} of what is expected" in text
    low, high = own[2]["share_q05"], own[2]["share_q95"]
    assert f"has a 90 % interval of {chance(low)} to {chance(high)}." in text
    answer = said("questions", "from_whom", plain)
    assert f"expected to deliver {chance(own[2]['share'])} (90 % interval" in answer


def test_a_run_without_the_tables_leaves_the_figures_out(payloads, drawn):
    told = payloads["never"]
    assert told["sourcing"] == {"suppliers": [], "orders": None}
    assert not {"suppliers.svg", "order_book.svg", "hedgehog.svg"} & set(drawn["never"])
    assert judged.context(told).before is None
    text = section("main", told)
    assert "suppliers" not in text and "the book" not in text


def test_what_hardly_comes_has_no_picture(tmp_path):
    table = pd.DataFrame({"part": ["book", "unlisted", "new"], "year": 2027,
                          "expected": [0.3, 0.3, 0.3]})  # fmt: skip
    table.to_csv(tmp_path / sources.ORDERS_FILE, index=False)
    assert sourcing.collect(tmp_path, 2035)["orders"] is None
    table["expected"] = 0.5
    table.to_csv(tmp_path / sources.ORDERS_FILE, index=False)
    assert sourcing.collect(tmp_path, 2035)["orders"]["book"] == [0.5]


# Past forecasts --------------------------------------------------------------------------------


KNOWN = {"year": [2020, 2021, 2022, 2023, 2024], "value": [100.0, 50.0, 10.0, 0.0, 500.0]}


def fan(origin, low, high, ahead=6):
    years = range(origin + 1, origin + 1 + ahead)
    return [{"supplier": "RUS", "recipient": "CHN", "origin": origin, "year": year, "q05": low,
             "q25": low, "q50": (low + high) / 2, "q75": high, "q95": high}
            for year in years]  # fmt: skip


def edition(run, origin, created, value):
    columns = {name: [value, value] for name in fans.BANDS}
    return {"run": run, "created": created, "supplier": "RUS", "recipient": "CHN",
            "origin": origin, "year": [origin + 1, origin + 2], **columns}  # fmt: skip


@pytest.fixture
def backtest(tmp_path, monkeypatch):
    """Return a function that puts rows in the place of the shipped table."""

    def put(rows):
        pd.DataFrame(rows, columns=list(fans.COLUMNS)).to_csv(tmp_path / "pairs.csv", index=False)
        monkeypatch.setattr(sourcing, "FILE", tmp_path / "pairs.csv")

    return put


def test_past_forecasts_are_those_with_an_outturn_and_are_counted(backtest):
    other = [row | {"recipient": "IND"} for row in fan(2020, 0, 1)]
    backtest([*fan(2021, 0, 20), *fan(2020, 5, 60), *fan(2024, 0, 1), *other])
    found = sourcing.past(PAIR, 2024, KNOWN, {})
    assert [one["origin"] for one in found["forecasts"]] == [2020, 2021]
    assert [one["year"] for one in found["forecasts"]] == [[2021, 2022, 2023, 2024],
                                                          [2022, 2023, 2024]]  # fmt: skip
    # Of the first 50 and 10 are held, 0 and 500 are not; of the second 10 and 0 are.
    assert (found["cases"], found["within_90"]) == (7, 4)


def test_editions_stand_beside_a_backtest_and_the_last_of_an_origin_counts(backtest):
    backtest(fan(2021, 0, 20))
    held = [edition("b", 2022, "2024-06-02", 7.0), edition("a", 2022, "2024-06-01", 3.0),
            edition("now", 2024, "2026-01-01", 1.0)]  # fmt: skip
    found = sourcing.past(PAIR, 2024, KNOWN, {"forecasts": held})["forecasts"]
    assert [(one["origin"], one["kind"]) for one in found] == [
        (2021, sourcing.BACKTEST), (2022, sourcing.EDITION)
    ]  # fmt: skip
    assert list(found[1]["q50"]) == [7.0, 7.0] and found[1]["year"] == [2023, 2024]


def test_a_pair_with_past_forecasts_has_them_drawn_and_one_without_is_told_so(plain, backtest):
    assert not figures.has(plain, "hedgehog")
    known = plain["dependence"]["deliveries_observed"]
    backtest([*fan(2015, 0.0, 1e6), *fan(2018, 0.0, 1e6)])
    past = payload.freeze(sourcing.past(PAIR, plain["origin"], known, {}))
    told = copy.deepcopy(plain) | {"hedgehog": past}
    assert figures.has(told, "hedgehog")
    content = figures.ALL["hedgehog"](told)
    assert content == figures.ALL["hedgehog"](told)
    assert not re.search(rb"\b(nan|inf)\b", content, re.IGNORECASE)
    assert said("main", "hedgehog_title", told) == (
        "Of 12 past forecasts of a year’s deliveries, 12 held the outcome in their 90 % interval"
    )
    assert "published edition" not in section("main", told)


def test_a_forecast_from_a_year_without_a_figure_begins_with_its_first_year(plain, backtest):
    known = {"year": [2019, 2020, 2022], "value": [10.0, 20.0, 30.0]}
    backtest(fan(2021, 0.0, 50.0))
    told = plain | {"hedgehog": payload.freeze(sourcing.past(PAIR, 2024, known, {}))}
    told["dependence"]["deliveries_observed"] = known
    assert told["hedgehog"]["forecasts"][0]["year"] == [2022]
    assert b"<svg" in figures.ALL["hedgehog"](told)
