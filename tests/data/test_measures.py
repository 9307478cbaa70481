"""Signals of a release beside what it replaces: zero where nothing is odd, and told in words."""

import math

import pytest

from crossover.data import views
from crossover.data.measures import measure
from crossover.data.records import CountryYear, Transfer
from crossover.data.signals import Known

SUPPLIERS = ("USA", "RUS", "FRA", "CHN", "DEU", "GBR")
RECIPIENTS = ("IND", "SAU", "CHN", "GBR", "DEU", "FRA", "USA")
CODES = ("CHN", "RUS", "USA", "FRA", "IND", "DEU")


def deliveries(years=range(2000, 2015), change=lambda s, r, y, x: (s, r, y, x)):
    rows = []
    for n, supplier in enumerate(SUPPLIERS):
        for m, recipient in enumerate(RECIPIENTS):
            for year in years:
                tiv = 900.0 / (n + 1) ** 2 / (m + 1) * (1 + 0.4 * math.sin(year * (n + 2) + m))
                s, r, y, x = change(supplier, recipient, year, tiv)
                rows.append(Transfer(s, r, y, "aircraft", x, 1, "d", 0))
    return rows


def shares(years=range(2000, 2015), change=lambda c, y, x: x):
    return [
        CountryYear(code, year, "rd_share",
                    change(code, year, (n + 1) * (1 + 0.02 * (year - 2000))), "%", "WDI", "d", 0)
        for n, code in enumerate(CODES) for year in years
    ]  # fmt: skip


def measured(table, before, now, **more):
    known = Known({view.name: view.cells for view in views.of(table, before)}, **more)
    found = {}
    for signal in measure(known, views.of(table, now)):
        assert "\n" not in signal.words
        if signal.name not in found or signal.value > found[signal.name].value:
            found[signal.name] = signal
    return found


QUIET = ("agreement", "year", "label", "ratio", "factor", "reading", "lost", "years", "gone",
         "late", "level", "ranks", "zeros", "ends")  # fmt: skip


@pytest.mark.parametrize(("table", "rows"), [("transfers", deliveries), ("country_years", shares)])
def test_the_same_again_gives_no_signal(table, rows):
    found = measured(table, rows(), rows())
    assert all(found[name].value == pytest.approx(0, abs=1e-9) for name in QUIET if name in found)


def test_exchanged_sides_fit_better_when_read_the_other_way():
    now = deliveries(change=lambda s, r, y, x: (r, s, y, x))
    found = measured("transfers", deliveries(), now)["reading"]
    assert found.value > math.log(2) and "the sides look exchanged" in found.words


def test_a_single_year_with_exchanged_sides_is_named():
    now = deliveries(change=lambda s, r, y, x: (r, s, y, x) if y == 2009 else (s, r, y, x))
    found = measured("transfers", deliveries(), now)["reading"]
    assert found.value > 0.5 and "of 2009 are those" in found.words


@pytest.mark.parametrize(("by", "words"), [(1, "a year too late"), (-1, "a year too early")])
def test_years_that_are_off_by_one_fit_better_a_year_away(by, words):
    now = deliveries(change=lambda s, r, y, x: (s, r, y + by, x))
    found = measured("transfers", deliveries(), now)["reading"]
    assert found.value > 1 and words in found.words


def test_years_in_reverse_order_are_told():
    now = shares(change=lambda c, y, x: (CODES.index(c) + 1) * (1 + 0.02 * (2014 - y)))
    found = measured("country_years", shares(), now)["reading"]
    assert found.value > 1 and "reverse order" in found.words


def test_an_older_release_under_a_new_date_is_told_with_its_day():
    revised = shares(change=lambda c, y, x: 1.02 * x)
    older = {view.name: view.cells for view in views.of("country_years", shares())}
    found = measured("country_years", revised, shares(), older={"2019-01-01": older})["reading"]
    assert found.value > 1 and "those of the release of 2019-01-01" in found.words


def test_a_supplier_and_years_that_are_missing_are_counted():
    now = [row for row in deliveries() if row.supplier != "FRA" and row.year not in (2005, 2014)]
    found = measured("transfers", deliveries(), now)
    assert found["lost"].words == "deliveries by supplier lack FRA: 13 years of it were known"
    assert "lack 2 years that were known: 2005, 2014" in found["years"].words
    assert found["gone"].value > 0 and "5 end earlier than before" in found["ends"].words


def test_an_extract_may_leave_out_what_it_likes_unless_the_unit_changes():
    now = [row for row in shares() if row.country != "IND"]
    assert "lost" not in measured("country_years", shares(), now, whole=False)
    assert measured("country_years", shares(), now, whole=False, rebased=True)["lost"].value > 0


def test_one_factor_of_a_country_is_told_and_a_new_base_year_is_not():
    now = shares(change=lambda c, y, x: x / 2 if c == "USA" else x)
    found = measured("country_years", shares(), now)["factor"]
    assert found.value == pytest.approx(math.log(2))
    assert found.words == "figures of USA are × 0.5 in all years"
    assert "factor" not in measured("country_years", shares(), now, rebased=True)


def test_two_countries_with_each_others_names_are_told():
    swap = {"CHN": "DEU", "DEU": "CHN"}
    rows = [row._replace(country=swap.get(row.country, row.country)) for row in shares()]
    found = measured("country_years", shares(), rows)["reading"]
    assert found.value > 5 and "look exchanged (100.0 % agree so" in found.words


def test_a_last_year_that_was_copied_is_told():
    now = shares(range(2000, 2016), lambda c, y, x: x if y < 2015 else x / 1.3 * 1.28)
    found = measured("country_years", shares(), now)["copied"]
    assert found.value == pytest.approx(1.0) and "of 2015 are those of 2014" in found.words


def test_a_release_that_shares_no_year_with_what_is_known_says_nothing():
    assert measured("transfers", deliveries(range(1960, 1970)), deliveries()) == {}
