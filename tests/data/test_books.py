"""Order books: what a reader of the newest register public on a day knew."""

import datetime

import pytest

from crossover.data import books
from crossover.data.errors import InputError
from tests.data import registers

DAY = datetime.date.fromisoformat


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a panel of three small registers, with data to 2020, 2021 and 2023."""
    return registers.panel(tmp_path_factory.mktemp("books"))


def held(book: books.Book) -> dict[tuple, tuple]:
    """Return (recipient, domain, order year) → (ordered, delivered)."""
    return {(d.recipient, d.domain, d.order_year): (d.n_ordered, d.n_delivered) for d in book.deals}


def test_a_book_is_the_register_of_its_day_and_nothing_later(built):
    book = books.as_of(DAY("2021-12-31"), built)
    assert (book.register.vintage, book.last_year, book.degraded) == ("2021-03-10", 2020, False)
    assert held(book) == {
        ("CHN", "aircraft", 2018): (4, 2),
        ("CHN", "land", 2020): (100, 0),
        ("PAK", "uncrewed", 2019): (5, 0),
    }


def test_a_dropped_order_is_gone_and_a_late_one_has_come_up(built):
    assert held(books.as_of(DAY("2022-03-15"), built)) == {
        ("CHN", "aircraft", 2018): (4, 3),
        ("PAK", "uncrewed", 2019): (8, 0),
        ("PAK", "aircraft", 2020): (6, 0),
    }


def test_a_register_counts_from_the_day_its_release_was_public(built):
    assert books.as_of(DAY("2024-03-14"), built).register.vintage == "2022-03-15"
    assert books.as_of(DAY("2024-03-15"), built).register.vintage == "2024-03-18"


def test_without_a_date_everything_is_known(built):
    assert books.as_of(None, built).register.vintage == "2024-03-18"


def test_before_the_first_register_there_is_no_book(built):
    with pytest.raises(InputError, match="there is no trade register released by that date"):
        books.as_of(DAY("2021-03-09"), built)


def test_the_book_of_a_year_is_that_read_in_the_year_after_or_none(built):
    assert books.of_year(2021, built).register.vintage == "2022-03-15"
    assert books.of_year(2022, built) is None
    assert books.of_year(2010, built) is None


def test_units_are_borrowed_only_while_the_register_in_use_has_none(tmp_path):
    row = registers.deal(registers.RUS_CHN, registers.JETS, 2018, 4)
    same = registers.deal(registers.RUS_CHN, registers.JETS, 2018, 4, borrowed=True)
    panel = registers.panel(
        tmp_path,
        {
            "register_2021-03-10.csv": registers.tidy((same,), borrowed=True),
            "register_2022-03-15.csv": registers.tidy((row,)),
        },
    )
    assert [d.units_borrowed for d in books.as_of(DAY("2021-06-01"), panel).deals] == [1]
    assert [d.units_borrowed for d in books.as_of(DAY("2022-06-01"), panel).deals] == [0]


def test_an_order_that_lost_the_value_of_its_units_can_have_that_of_before(tmp_path):
    then = registers.deal(registers.RUS_CHN, registers.JETS, 2018, 4, unit=25.0)
    now = registers.deal(registers.RUS_CHN, registers.JETS, 2018, 5, unit=0.0)
    never = registers.deal(registers.RUS_CHN, registers.TANKS, 2019, 9, unit=0.0)
    panel = registers.panel(
        tmp_path,
        {
            "register_2021-03-10.csv": registers.tidy((then, never)),
            "register_2022-03-15.csv": registers.tidy((now, never)),
        },
    )
    book = books.as_of(None, panel)
    assert [d.tiv_ordered for d in sorted(book.deals)] == [None, None]
    valued = {d.domain: d for d in books.with_earlier_units(book, panel).deals}
    assert (valued["aircraft"].tiv_ordered, valued["aircraft"].units_borrowed) == (125.0, 1)
    assert (valued["land"].tiv_ordered, valued["land"].units_borrowed) == (None, 0)


def test_the_shipped_panel_has_books_of_their_time_for_eight_years():
    real = [year for year in range(2010, 2026) if books.of_year(year) is not None]
    assert real == [2016, 2018, 2019, 2021, 2022, 2023, 2024, 2025]


@pytest.mark.parametrize("year", [2018, 2021, 2024])
def test_a_shipped_book_holds_no_order_and_no_delivery_after_its_year(year):
    from crossover.data.deals import years_of

    book = books.of_year(year)
    assert max(deal.order_year for deal in book.deals) == year
    assert max(max(years_of(d.delivery_years), default=0) for d in book.deals) == year
