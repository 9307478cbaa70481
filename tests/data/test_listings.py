"""Order books beside the panel: one row a deal and book, and nothing that a reader had not."""

import datetime

import numpy as np
import pytest
import xarray as xr

from crossover.data import books, listings, names
from crossover.data.deals import undelivered
from tests.data import registers

CODES = ("CHN", "RUS", names.REST)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return registers.panel(tmp_path_factory.mktemp("listings"))


def attached(found, suppliers=CODES):
    panel = xr.Dataset(coords={names.SUPPLIER: list(suppliers), names.RECIPIENT: list(CODES)})
    return listings.attach(panel, found)


def test_a_reader_has_one_book_a_data_year_and_none_from_later(built):
    found = listings.known(None, built)
    assert [book.last_year for book in found] == [2020, 2021, 2023]
    early = listings.known(datetime.date(2022, 12, 31), built)
    assert [book.last_year for book in early] == [2020, 2021]
    assert early[0].deals == found[0].deals
    assert listings.known(datetime.date(2000, 1, 1), built) == []


def test_each_book_has_its_rows_with_positions_of_the_panel(built):
    found = listings.known(None, built)
    panel = attached(found)
    assert panel[listings.BOOK].values.tolist() == [2020, 2021, 2023]
    assert panel["book_degraded"].values.tolist() == [0, 0, 0]
    for at, book in enumerate(found):
        mine = panel.isel({listings.LISTING: panel["listing_book"].values == at})
        assert mine["listing_deal"].values.tolist() == [deal.deal for deal in book.deals]
        assert mine["listing_left"].sum() == pytest.approx(sum(map(undelivered, book.deals)))
    # Pakistan is none of the recipients here: it counts with the rest of the world.
    of_china = panel.isel({listings.LISTING: panel["listing_supplier"].values == 0})
    assert set(of_china["listing_recipient"].values) == {2}


def test_what_was_ordered_of_a_deal_of_unknown_number_is_unknown(built):
    book = listings.known(None, built)[-1]
    (first, *rest) = book.deals
    unknown = first._replace(tiv_ordered=None, n_ordered=None)
    changed = books.Book((unknown, *rest), book.last_year, book.registers)
    panel = attached([changed])
    assert np.isnan(panel["listing_ordered"].values[0])
    assert np.isnan(panel["listing_units"].values[0])
    assert panel["listing_left"].values[0] == 0.0


def test_a_register_that_would_not_list_a_deal_is_not_asked(built):
    old, new = listings.known(None, built)[-2:]
    few = old.register._replace(suppliers="CHN")
    narrow = books.Book(old.deals, old.last_year, (few,))
    panel = attached([narrow, new])
    by_china = panel["listing_supplier"].values == 0
    assert set(panel["listing_covered"].values[by_china]) == {3}
    assert set(panel["listing_covered"].values[~by_china]) == {2}
    cut = attached([books.Book(old.deals, old.last_year, (few,), degraded=True), new])
    assert set(cut["listing_covered"].values) == {3}


def test_orders_before_the_first_year_and_after_the_books_own_are_left_out(built):
    book = listings.known(None, built)[-1]
    (first, *rest) = book.deals
    for year in (listings.FIRST_ORDER - 1, book.last_year + 1):
        moved = first._replace(order_year=year)
        panel = attached([books.Book((moved, *rest), book.last_year, book.registers)])
        assert first.deal not in panel["listing_deal"].values


def test_deals_of_the_soviet_union_are_russias(built):
    book = listings.known(None, built)[-1]
    (first, *_) = book.deals
    one = books.Book((first._replace(supplier="SUN"),), book.last_year, book.registers)
    assert attached([one])["listing_supplier"].values.tolist() == [1]
    without = attached([one], ("CHN", names.REST))
    assert without["listing_supplier"].values.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "years"),
    [("", []), ("2019", [2019]), ("2019-2021 2023", [2019, 2020, 2021, 2023]), ("1975", [1980])],
)
def test_years_of_delivery_are_kept_as_bits(text, years):
    bits = listings._bits(text)
    assert [1980 + k for k in range(64) if bits >> k & 1] == years


def test_without_a_book_a_panel_has_none():
    panel = attached([])
    assert panel.sizes[listings.LISTING] == panel.sizes[listings.BOOK] == 0
