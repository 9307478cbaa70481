"""As-of rules: nothing released after a date passes, and no series is torn between units."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data import vintages
from crossover.data.build import assumed
from crossover.data.errors import InputError
from crossover.data.records import CountryYear, Order, Transfer, Vintage, Vote
from crossover.data.sources.files import Batch

USD = "constant {} US$"


def row(year, value, vintage, *, country="CHN", unit="%", is_assumed=0, source="A"):
    return CountryYear(country, year, "rd_share", value, unit, source, vintage, is_assumed)


def on(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def values(rows) -> dict:
    return {(r.country, r.year): r.value for r in rows}


REVISED = [row(2010, 1.0, "2012-01-01"), row(2010, 1.1, "2013-01-01"), row(2011, 2.0, "2013-01-01")]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2011-12-31", {}),
        ("2012-01-01", {("CHN", 2010): 1.0}),
        ("2012-12-31", {("CHN", 2010): 1.0}),
        ("2013-01-01", {("CHN", 2010): 1.1, ("CHN", 2011): 2.0}),
        (None, {("CHN", 2010): 1.1, ("CHN", 2011): 2.0}),
    ],
)
def test_the_newest_figure_known_on_the_day_counts(date, expected):
    found = vintages.as_of_country_years(REVISED, on(date) if date else None)
    assert values(found) == expected


def test_a_figure_that_the_newest_release_lacks_is_taken_from_the_one_before():
    rows = [row(2009, 0.9, "2012-01-01"), *REVISED]
    assert values(vintages.as_of_country_years(rows, None))["CHN", 2009] == 0.9


def test_figures_of_two_base_years_never_stand_in_one_series():
    rows = [
        row(2009, 100.0, "2012-01-01", unit=USD.format(2005)),
        row(2010, 110.0, "2012-01-01", unit=USD.format(2005)),
        row(2010, 150.0, "2014-01-01", unit=USD.format(2010)),
    ]
    assert values(vintages.as_of_country_years(rows, None)) == {("CHN", 2010): 150.0}
    assert len(vintages.as_of_country_years(rows, on("2013-01-01"))) == 2


def test_a_common_unit_leaves_out_a_country_that_does_not_have_it():
    rows = [
        row(2010, 1.0, "2012-01-01", country="VEN", unit=USD.format(2005)),
        row(2010, 2.0, "2014-01-01", unit=USD.format(2010)),
    ]
    units = vintages.common_units(rows, None)
    assert units == {"rd_share": USD.format(2010)}
    assert values(vintages.as_of_country_years(rows, None, units)) == {("CHN", 2010): 2.0}
    assert len(vintages.as_of_country_years(rows, None)) == 2


def test_of_two_base_years_released_on_one_day_the_later_counts():
    rows = [row(2010, 1.0, "2014-01-01", unit=USD.format(y)) for y in (2010, 2005)]
    assert vintages.newest_units(rows, None) == {("CHN", "rd_share"): USD.format(2010)}


def test_a_release_that_was_kept_goes_before_an_assumed_one_of_the_same_day():
    rows = [row(2010, 1.0, "2012-01-01", is_assumed=1), row(2010, 2.0, "2012-01-01")]
    assert values(vintages.as_of_country_years(rows, None)) == {("CHN", 2010): 2.0}
    assert values(vintages.as_of_country_years(rows[::-1], None)) == {("CHN", 2010): 2.0}


DAYS = st.dates(datetime.date(2010, 1, 1), datetime.date(2014, 12, 31))
ROWS = st.lists(
    st.builds(
        lambda year, value, day, unit, flag: row(
            year, float(value), day.isoformat(), unit=unit, is_assumed=flag
        ),
        st.integers(2005, 2009),
        st.integers(0, 9),
        DAYS,
        st.sampled_from(["a", "b"]),
        st.integers(0, 1),
    ),
    max_size=12,
)


@given(ROWS, DAYS)
def test_what_was_released_later_changes_nothing_of_what_was_known(rows, day):
    known = [r for r in rows if r.vintage <= day.isoformat()]
    assert vintages.as_of_country_years(rows, day) == vintages.as_of_country_years(known, day)


@given(ROWS, DAYS)
def test_every_country_year_has_one_figure_and_every_series_one_unit(rows, day):
    found = vintages.as_of_country_years(rows, day)
    assert len({(r.country, r.year) for r in found}) == len(found)
    assert len({r.unit for r in found}) <= 1


def release(vintage, first, last, is_assumed=0):
    return Vintage("transfers", "deliveries", vintage, first, last, is_assumed, 1, "f", "")


def delivery(year, vintage, tiv, is_assumed=0):
    return Transfer("RUS", "CHN", year, "aircraft", tiv, 1, vintage, is_assumed)


RELEASES = [release("2020-03-15", 2018, 2019), release("2021-03-15", 2019, 2020),
            release("2019-03-15", 2018, 2018, 1)]
DELIVERIES = [delivery(2018, "2019-03-15", 9.0, 1), delivery(2018, "2020-03-15", 9.0),
              delivery(2019, "2020-03-15", 5.0), delivery(2020, "2021-03-15", 7.0)]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2019-03-14", {}),
        ("2019-03-15", {2018: 9.0}),
        ("2020-03-15", {2018: 9.0, 2019: 5.0}),
        ("2021-03-15", {2018: 9.0, 2020: 7.0}),
    ],
)
def test_a_line_that_the_provider_deleted_is_gone_from_the_newer_release(date, expected):
    found = vintages.as_of_transfers(DELIVERIES, RELEASES, on(date))
    assert {r.year: r.tiv for r in found} == expected


def test_a_release_that_was_kept_covers_its_years_before_an_assumed_one():
    chosen = vintages.transfer_vintages(RELEASES, on("2020-06-01"))
    assert {year: r.assumed for year, r in chosen.items()} == {2018: 0, 2019: 0}


def test_the_newest_ideal_point_counts():
    rows = [Vote("CHN", 2010, -0.5, "2012-01-01", 0), Vote("CHN", 2010, -0.6, "2013-01-01", 0)]
    assert [r.ideal_point for r in vintages.as_of_votes(rows, on("2012-06-01"))] == [-0.5]
    assert [r.ideal_point for r in vintages.as_of_votes(rows, None)] == [-0.6]


def test_a_date_before_the_first_release_is_refused_with_the_first_date():
    with pytest.raises(InputError, match=r"'1992-01-01'.*the first is of 1993-03-15"):
        vintages.require_known(on("1992-01-01"), "1993-03-15", "figure")
    vintages.require_known(on("1993-03-15"), "1993-03-15", "figure")


def batch(vintage, rows) -> Batch:
    return Batch("country_years", "rd_share", "WDI", vintage, True, "f", rows)


def dated(batches, delay=(1, "12-01")) -> dict:
    """Return (year, assumed date) → value."""
    return {
        (r.year, when): r.value for _, when, rows in assumed(batches, delay) for r in rows
    }


def test_figures_before_the_first_kept_release_are_dated_by_the_usual_delay():
    rows = [row(year, float(year), "2010-06-30") for year in (2007, 2008, 2009)]
    assert dated([batch("2010-06-30", rows)]) == {
        (2007, "2008-12-01"): 2007.0,
        (2008, "2009-12-01"): 2008.0,
    }


def test_a_figure_that_a_kept_release_did_not_have_is_not_dated_before_it():
    old = [row(2007, 1.0, "2010-06-30")]
    new = [row(year, 2.0, "2013-06-30") for year in (2007, 2008, 2010, 2011)]
    found = dated([batch("2010-06-30", old), batch("2013-06-30", new)])
    # 2008 would usually have come out in 2009, but the release of 2010 did not have it.
    assert found == {
        (2007, "2008-12-01"): 1.0,
        (2010, "2011-12-01"): 2.0,
        (2011, "2012-12-01"): 2.0,
    }


def test_a_release_that_began_later_says_nothing_about_the_years_before_it():
    extract = [row(year, 1.0, "2010-06-30") for year in (2007, 2008)]
    whole = [row(year, 2.0, "2013-06-30") for year in (2005, 2006, 2007, 2009)]
    found = dated([batch("2010-06-30", extract), batch("2013-06-30", whole)])
    # 2009 would have come out in 2010-12, after the extract; 2005 and 2006 were out long before.
    assert found == {
        (2005, "2006-12-01"): 2.0,
        (2006, "2007-12-01"): 2.0,
        (2007, "2008-12-01"): 1.0,
        (2008, "2009-12-01"): 1.0,
        (2009, "2010-12-01"): 2.0,
    }


def test_the_first_assumed_release_in_a_new_unit_carries_the_years_before():
    old = [row(year, 1.0, "2010-06-30", unit="old") for year in (2007, 2008)]
    new = [row(year, 2.0, "2013-06-30", unit="new") for year in (2007, 2008, 2009, 2010, 2011)]
    found = dated([batch("2010-06-30", old), batch("2013-06-30", new)])
    assert {key for key, value in found.items() if value == 2.0} == {
        (2007, "2010-12-01"),
        (2008, "2010-12-01"),
        (2009, "2010-12-01"),
        (2010, "2011-12-01"),
        (2011, "2012-12-01"),
    }


def test_years_before_the_panel_begins_get_no_assumed_date():
    rows = [row(year, 1.0, "2010-06-30") for year in (1949, 1984, 1985)]
    assert list(dated([batch("2010-06-30", rows)])) == [(1985, "1986-12-01")]


def test_a_release_known_in_time_needs_no_assumption():
    rows = [row(2009, 1.0, "2010-06-30")]
    assert dated([batch("2010-06-30", rows)]) == {}


# Registers of a part of the world ---------------------------------------------------------------


def order(vintage, recipient, year, tiv, supplier="RUS"):
    return Order(supplier, recipient, "land", year, tiv, 0.0, 1, vintage)


def register(vintage, rows, note="whole"):
    years = [row.order_year for row in rows]
    return Vintage("orders", "orders", vintage, min(years), max(years), 0, len(rows), "f", note)


WHOLE = [order("2020-03-01", "CHN", y, 1.0) for y in (1990, 2000, 2010)]
WHOLE += [order("2020-03-01", "IND", 2010, 2.0)]
PARTLY = [order("2021-06-01", "CHN", y, 5.0) for y in (2000, 2011)]
LATER = [order("2022-03-01", "CHN", 2000, 7.0)]


def known(as_of, *registers):
    rows = [row for rows, _ in registers for row in rows]
    releases = [register(rows[0].vintage, rows, note) for rows, note in registers]
    day = on(as_of) if as_of else None
    found = vintages.as_of_orders(rows, releases, day)
    return {(row.recipient, row.order_year): row.ordered_tiv for row in found}


def test_a_part_of_a_register_replaces_its_own_pair_from_its_first_order_on():
    both = ((WHOLE, "whole"), (PARTLY, vintages.PART))
    # 2010 is gone: the part has the pair from 2000 on, and no order of that year.
    assert known(None, *both) == {
        ("CHN", 1990): 1.0, ("CHN", 2000): 5.0, ("CHN", 2011): 5.0, ("IND", 2010): 2.0
    }  # fmt: skip
    assert known("2021-05-31", *both) == known(None, (WHOLE, "whole"))


def test_a_later_whole_register_replaces_all_that_was_known():
    two = ((WHOLE, "whole"), (PARTLY, vintages.PART))
    assert known(None, *two, (LATER, "whole")) == {("CHN", 2000): 7.0}
    assert known("2022-02-28", *two, (LATER, "whole")) == known(None, *two)


def test_parts_alone_are_laid_over_each_other():
    assert known(None, (PARTLY, vintages.PART), (LATER, vintages.PART)) == {("CHN", 2000): 7.0}


def test_before_any_register_no_order_is_known():
    assert known("2019-12-31", (WHOLE, "whole")) == {}
