"""More R&D: what it does, and which moves the year of even odds; on futures with known answers."""

import numpy as np
import pytest
import xarray as xr

from crossover.forecast import whatif
from crossover.forecast.effort_paths import accumulate
from crossover.reports.cli import app
from tests import small
from tests.synthetic import chosen_alone

PAIR = ("RUS", "CHN")
ORIGIN, LAST = 2010, 2030
YEARS = np.arange(ORIGIN + 1, LAST + 1)
DEPRECIATION, EFFECT, TIMES, SHARE = 0.15, 0.5, 1.10, 2.0
DRAWS = 401


def invented(start=-0.9495, rise=0.1, effect=EFFECT):
    """Return futures of a gap that rises evenly, with levers of 10 % for either country.

    Draw k is 0.001 (k - 200) above the middle one, so that odds are even where that one crosses.
    """
    spread = 0.001 * (np.arange(DRAWS) - DRAWS // 2)
    base = np.zeros((DRAWS, 2, len(YEARS)))
    base[:, 1] = start + rise * (YEARS - ORIGIN) + spread[:, None]
    gdp = np.full((DRAWS, 3, 2, len(YEARS)), 1000.0)
    share = np.full((DRAWS, 3, 2, len(YEARS)), SHARE)
    theta, stock = np.repeat(base[:, None], 3, axis=1), np.zeros((DRAWS, 3, 2, len(YEARS)))
    for world in range(3):
        for country in range(2):
            if world == 1 + country:
                share[:, world, country, :10] *= TIMES
            flow = share[:, world, country] / 100.0 * gdp[:, world, country]
            stocks = accumulate(np.full(DRAWS, 100.0), flow, DEPRECIATION)
            without = accumulate(np.full(DRAWS, 100.0), np.full_like(flow, 20.0), DEPRECIATION)
            stock[:, world, country] = stocks[:, 1:]
            theta[:, world, country] += effect * np.log(stocks[:, :-1] / without[:, :-1])
    dims = ("draw", "scenario", "country", "year_future")
    past = np.zeros((DRAWS, 2, 3))
    past[:, 1] = start + rise * np.arange(-2, 1) + spread[:, None]
    data = {name: (dims, values) for name, values in
            (("theta", theta), ("rd_stock", stock), ("gdp", gdp), ("rd_share", share))}  # fmt: skip
    flat = np.zeros((DRAWS, 3, len(YEARS)))
    data |= {name: (("draw", "scenario", "year_future"), flat + at + 1.0)
             for at, name in enumerate(("import_share", "ordered", "deliveries"))}  # fmt: skip
    return chosen_alone(xr.Dataset(
        data | {"theta_past": (("draw", "country", "year"), past)},
        coords={"scenario": ["baseline", "a", "b"], "country": list(PAIR), "year_future": YEARS,
                "year": np.arange(ORIGIN - 2, ORIGIN + 1)},
        attrs={"origin": ORIGIN, "supplier": PAIR[0], "recipient": PAIR[1]},
    ))  # fmt: skip


def shift(times, year, effect=EFFECT):
    """Return what a multiple of the spending adds to capacity in a year, by hand."""
    stock, without = 100.0, 100.0
    for _ in range(ORIGIN + 1, year):
        stock = (1 - DEPRECIATION) * stock + times * 20.0
        without = (1 - DEPRECIATION) * without + 20.0
    return effect * np.log(stock / without)


def test_what_more_rd_adds_to_capacity_is_what_its_stock_says():
    stock = whatif.Stock.of(invented(), 1, DEPRECIATION)
    np.testing.assert_allclose(stock.effect, EFFECT, rtol=1e-9)
    np.testing.assert_allclose(stock.start, 100.0, rtol=1e-9)
    for year in (2011, 2012, 2020, 2030):
        found = stock.capacity(1.7)[:, year - ORIGIN - 1]
        np.testing.assert_allclose(found, shift(1.7, year), rtol=1e-9, atol=1e-12)


def test_the_year_of_even_odds_is_the_first_after_which_they_stay_even():
    def years(*chances):
        return xr.DataArray(list(chances), {"year": np.arange(2000, 2000 + len(chances))}, ["year"])

    assert whatif.even_year(years(0.1, 0.6, 0.4, 0.5, 0.9)) == 2003
    assert whatif.even_year(years(0.6, 0.7)) == 2000
    assert whatif.even_year(years(0.6, 0.4)) is None


def test_rd_of_the_supplier_moves_the_year_of_even_odds_later_and_no_further():
    futures = invented()
    found = whatif.target(futures, 2, 90.0, DEPRECIATION)
    assert (found.country, found.even_year, found.wanted_year, found.past) == (
        "RUS", 2020, 2022, False
    )  # fmt: skip
    times = 1.0 + found.per_cent / 100.0
    assert shift(times, 2021) == pytest.approx(0.15, abs=0.002)
    assert found.share == pytest.approx(SHARE * times)
    assert "2022" in str(found)
    assert "Russia" in str(found)


def test_rd_of_the_recipient_moves_it_earlier():
    found = whatif.target(invented(), -2, 90.0, DEPRECIATION)
    assert (found.country, found.wanted_year) == ("CHN", 2018)
    assert shift(1.0 + found.per_cent / 100.0, 2018) == pytest.approx(0.15, abs=0.002)


@pytest.mark.parametrize(
    ("changed", "later", "highest", "words"),
    [
        ({}, -2, 2.1, "highest share on record"),
        ({"rise": 0.0}, -2, 90.0, "never even up to 2030"),
        ({"start": 1.0}, -2, 90.0, "cannot come earlier"),
        ({}, 15, 90.0, "lies outside the forecast"),
        ({"effect": -0.5}, -2, 90.0, "highest share on record"),
    ],
)
def test_what_cannot_be_reached_is_said_with_its_reason(changed, later, highest, words):
    found = whatif.target(invented(**changed), later, highest, DEPRECIATION)
    assert found.per_cent is None
    assert "Not reachable" in str(found)
    assert words in str(found)


def test_a_country_has_its_article():
    said = str(whatif.Target("USA", None, None, reason="odds are never even up to 2050"))
    assert said == "Not reachable by R&D of the United States: odds are never even up to 2050."


def test_odds_that_were_better_than_even_already_can_be_made_even_again():
    found = whatif.target(invented(start=0.1, rise=0.01), 10, 90.0, DEPRECIATION)
    assert (found.past, found.wanted_year, found.country) == (True, 2020, "RUS")
    assert shift(1.0 + found.per_cent / 100.0, 2020) == pytest.approx(0.2, abs=0.002)
    assert "even again in 2020" in str(found)


def test_effects_are_differences_of_means_with_intervals_where_a_draw_has_an_expectation():
    table = whatif.effects(invented()).set_index(["country", "year", "quantity"])
    row = table.loc[("CHN", 2020, "capacity")]
    assert row["change"] == pytest.approx(shift(TIMES, 2020))
    assert row["with_more"] - row["without"] == pytest.approx(row["change"])
    assert (row["q05"], row["q95"]) == pytest.approx((row["change"], row["change"]))
    ahead = table.loc[("CHN", 2020, "ahead")]
    spread = 0.001 * (np.arange(DRAWS) - DRAWS // 2)
    by_hand = [np.mean(0.0505 + spread + more > 0) for more in (0.0, shift(TIMES, 2020))]
    assert [ahead["without"], ahead["with_more"]] == pytest.approx(by_hand)
    assert np.isnan(table.loc[("RUS", 2030, "ordered"), "q05"])
    assert sorted({year for _, year, _ in table.index}) == [2015, 2020, 2030]


def test_a_simulated_lever_does_what_the_equation_of_the_stock_says(tree):
    futures = whatif.run(tree, PAIR, seed=3)
    depreciation = tree["constant_data"].attrs["rd_depreciation"]
    for at in range(2):
        stock = whatif.Stock.of(futures, at, depreciation)
        theta = futures["theta"].isel(country=at).values.astype(float)
        found = stock.capacity(TIMES)[:, :10]
        np.testing.assert_allclose(found, (theta[:, 1 + at] - theta[:, 0])[:, :10], atol=2e-5)
    assert int(futures["year_future"][0]) == small.ORIGIN + 1


@pytest.mark.parametrize(("option", "texts", "bounds"), [
    ("--rd", ("ten", "0", "-95", "nan"), "from -90 to 900, other than 0"),
    ("--target", ("1.5", "0", "26"), "from -25 to 25, other than 0"),
])  # fmt: skip
def test_the_command_line_names_a_lever_that_cannot_be(capsys, option, texts, bounds):
    for text in texts:
        assert app.main(["whatif", option, text]) == 2
        assert bounds in capsys.readouterr().err
