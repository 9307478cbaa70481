"""From registers to what models see: what a deal did, what came late, and nothing from later."""

import datetime

import numpy as np
import pytest
import xarray as xr

from data import books, names
from models import order_book
from models.order_book import RUNNING, WAITING
from tests.data import registers

CODES = ("CHN", "RUS", "PAK", names.REST)
PRIOR = np.stack([np.full(12, 0.5), np.full(12, 10.0)])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return registers.panel(tmp_path_factory.mktemp("order_book"))


def book(day, folder):
    return books.as_of(datetime.date.fromisoformat(day), folder)


@pytest.fixture(scope="module")
def three(built):
    return [book(day, built) for day in ("2021-12-31", "2022-12-31", "2024-12-31")]


def empty_panel():
    return xr.Dataset(coords={names.SUPPLIER: list(CODES), names.RECIPIENT: list(CODES)})


def test_an_open_deal_is_followed_until_the_next_register(three):
    earlier, later = (order_book.table(b, CODES, CODES) for b in three[:2])
    rows = order_book.follow(three[0], three[1], earlier, later)
    jets = rows[(rows["recipient"] == 0) & (rows["domain"] == names.DOMAINS.index("aircraft"))]
    (jet,) = jets.itertuples()
    assert (jet.year, jet.state, jet.age, jet.since, jet.left, jet.any) == (
        2021, RUNNING, 2, 0, 20.0, True,
    )  # fmt: skip
    assert jet.tiv == 10.0
    tanks = rows[rows["domain"] == names.DOMAINS.index("land")]
    assert tanks["gone"].tolist() == [True]
    assert tanks["any"].tolist() == [False]


def test_deliveries_over_two_years_fall_in_the_years_that_the_register_lists(three):
    earlier, later = (order_book.table(b, CODES, CODES) for b in three[1:])
    rows = order_book.follow(three[1], three[2], earlier, later)
    drones = rows[rows["domain"] == names.DOMAINS.index("uncrewed")].sort_values("year")
    # All came in 2022: the deal is over, and no year after it is a case.
    assert drones[["year", "state", "any", "tiv"]].values.tolist() == [[2022, WAITING, True, 80.0]]


def test_what_a_register_did_not_know_is_known_from_a_later_one(three):
    earlier, later = (order_book.table(b, CODES, CODES) for b in (three[0], three[2]))
    rows = order_book.known_before(three[0], earlier, three[2], later)
    assert dict(zip(rows["age"], rows["known"], strict=True)) == {2: True, 1: True, 0: False}
    assert not rows.loc[rows["age"] == 1, "begun"].any()


def test_orders_that_a_register_lists_are_counted_with_those_that_are_gone_later(three):
    earlier, later = (order_book.table(b, CODES, CODES) for b in (three[0], three[2]))
    counts = order_book.listed_counts(three[0], earlier, three[2], later, 12)
    # Of 2020 the tanks, which are gone later, and not the jets, which came up later.
    assert counts[:, :3].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert counts[:, 3:].sum() == 0


def test_a_share_starts_from_the_prior_and_follows_cases():
    counts = np.zeros((2, 12))
    counts[:, 0] = 2, 4
    share = order_book.listed_share(counts, PRIOR)
    assert share[:2] == pytest.approx([7 / 14, 0.5])


def test_periods_end_with_the_origin_and_recent_ones_count_for_less():
    assert order_book.periods(2018)[-2:].tolist() == [2015, 2018]
    assert order_book.periods(2018)[0] - 2 >= names.FIRST_YEAR


def test_nothing_after_the_last_book_changes_what_a_model_sees(built, three, monkeypatch):
    known = [book(day, built) for day in ("2021-12-31", "2022-12-31")]
    as_it_is = order_book.prepare(known, empty_panel(), PRIOR)
    real = books.read

    def later_gone(table, folder=None):
        day = "2022-12-31"
        rows = real(table, folder)
        if table == "registers":
            return [row for row in rows if row.released <= day]
        if table != "deals":
            return rows
        rows = [row for row in rows if row.valid_from <= day]
        return [row._replace(valid_to="" if row.valid_to > day else row.valid_to) for row in rows]

    monkeypatch.setattr(books, "read", later_gone)
    again = order_book.prepare(
        [book(day, built) for day in ("2021-12-31", "2022-12-31")], empty_panel(), PRIOR
    )
    for name, before in as_it_is._asdict().items():
        after = getattr(again, name)
        if hasattr(before, "equals"):
            assert before.equals(after), name
        else:
            assert np.array_equal(before, after), name
    full = order_book.prepare(three, empty_panel(), PRIOR)
    assert not full.open.equals(as_it_is.open)
