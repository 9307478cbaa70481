"""From registers to what models see: what a deal did, what came late, and nothing from later."""

import datetime

import numpy as np
import pytest
import xarray as xr

from crossover.data import books, listings, names
from crossover.data.errors import InputError
from crossover.models import order_book, priors
from crossover.models.order_book import COMPLETE, NEVER, RUNNING, UNNUMBERED, WAITING
from tests.data import registers

CODES = ("CHN", "RUS", "PAK", names.REST)
FIRST = 2010


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return registers.panel(tmp_path_factory.mktemp("order_book"))


def known(folder, *days):
    return [books.as_of(datetime.date.fromisoformat(day), folder) for day in days]


DAYS = ("2021-12-31", "2022-12-31", "2024-12-31")


def panel_of(found):
    empty = xr.Dataset(coords={names.SUPPLIER: list(CODES), names.RECIPIENT: list(CODES)})
    return listings.attach(empty, found)


@pytest.fixture(scope="module")
def three(built):
    return order_book.books(panel_of(known(built, *DAYS)))


def of_domain(rows, name):
    return rows[rows["domain"] == names.DOMAINS.index(name)]


def test_books_are_the_rows_that_a_panel_holds_with_their_years_of_delivery(three):
    assert [book.last_year for book in three] == [2020, 2021, 2023]
    (jets,) = of_domain(three[1].deals, "aircraft").query("recipient == 0").itertuples()
    assert (jets.supplier, jets.first, jets.last, jets.times) == (1, 2019, 2021, 3)
    assert (jets.ordered, jets.left, jets.delivered) == (40.0, 10.0, 30.0)
    in_year = [
        order_book.delivered_in(three[1].deals.loc[[jets.Index]], year)[0]
        for year in range(2018, 2023)
    ]
    assert in_year == [False, True, True, True, False]


def test_a_panel_without_books_holds_none(world):
    bare = world.panel.drop_dims([listings.LISTING, listings.BOOK])
    assert order_book.books(bare) == []


def test_an_open_deal_is_followed_until_the_next_register(three):
    rows = order_book.follow(three[0], three[1])
    jets = of_domain(rows[rows["recipient"] == 0], "aircraft")
    (jet,) = jets.itertuples()
    assert (jet.year, jet.state, jet.age, jet.since, jet.left, jet.any) == (
        2021, RUNNING, 2, 0, 20.0, True,
    )  # fmt: skip
    assert jet.tiv == 10.0
    tanks = of_domain(rows, "land")
    assert tanks["gone"].tolist() == [True]
    assert tanks["any"].tolist() == [False]


def test_deliveries_over_two_years_fall_in_the_years_that_the_register_lists(three):
    rows = order_book.follow(three[1], three[2])
    drones = of_domain(rows, "uncrewed").sort_values("year")
    # All came in 2022: the deal is over, and no year after it is a case.
    assert drones[["year", "state", "any", "tiv"]].values.tolist() == [[2022, WAITING, True, 80.0]]


def test_a_year_that_is_listed_while_nothing_more_has_come_is_none_of_a_delivery(three):
    later = three[1].deals.copy()
    jets = of_domain(later, "aircraft").query("recipient == 0").index
    later.loc[jets, "delivered"] = three[0].deals.loc[jets, "delivered"]
    rows = order_book.follow(three[0], three[1]._replace(deals=later)).loc[jets]
    assert rows[["year", "any", "tiv", "gone"]].values.tolist() == [[2021, False, 0.0, False]]


def test_a_delivery_between_two_registers_counts_for_the_year_after_it(world):
    earlier, later = order_book.books(world.panel)[:2]
    rows = order_book.follow(earlier, later)
    first, second = (rows[rows["year"] == year] for year in (2007, 2008))
    went_on = first[first["any"] & (first["tiv"] < first["left"])].index.intersection(second.index)
    one, two = first.loc[went_on], second.loc[went_on]
    assert len(went_on) > 5
    assert (two["times"] == one["times"] + 1).all()
    assert two["delivered"].values == pytest.approx((one["delivered"] + one["tiv"]).values)
    assert (two["since"] == 0).all()
    assert (rows["times"] > 0).equals(rows["delivered"] > 0)


def test_what_a_register_did_not_know_is_known_from_a_later_one(three):
    rows = order_book.known_before(three[0], three[2])
    assert dict(zip(rows["age"], rows["known"], strict=True)) == {2: True, 1: True, 0: False}
    assert not rows.loc[rows["age"] == 1, "begun"].any()


def test_orders_that_a_register_lists_are_counted_with_those_that_are_gone_later(three):
    counts = order_book.listed_counts(three[0], three[2])
    # Of 2020 the tanks, which are gone later, and not the jets, which came up later.
    assert counts[:, :3].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert counts[:, 3:].sum() == 0


def test_a_share_starts_from_the_prior_and_follows_cases():
    prior = np.stack([np.full(12, 0.5), np.full(12, 10.0)])
    counts = np.zeros((2, 12))
    counts[:, 0] = 2, 4
    share = order_book.listed_share(counts, prior)
    assert share[:2] == pytest.approx([7 / 14, 0.5])


def test_the_prior_of_what_is_missing_falls_with_the_age_of_orders():
    ratio, weight = order_book.listed_prior(priors.load())
    assert ratio[[0, 2]] == pytest.approx([0.7, 1.0 - 0.3 * np.exp(-1.2)])
    assert (weight == 30.0).all()


def test_periods_end_with_the_origin_and_two_before_the_window_are_remembered():
    found = order_book.periods(1992, 2018)
    assert found.tolist() == [1988, 1991, 1994, 1997, 2000, 2003, 2006, 2009, 2012, 2015, 2018]
    # A period that began before the window would be known in part.
    assert order_book.periods(1992, 2019)[order_book.REMEMBERED] == 1995


def test_orders_are_counted_by_pair_and_period_and_recent_ones_stand_for_less(three):
    share = np.linspace(0.7, 1.0, 12)
    ends = np.array([2017, 2020, 2023])
    placed, exposure = order_book.counts(three[2].deals, ends, (4, 4), share)
    inside = three[2].deals["order_year"].between(2015, 2023)
    assert placed.sum() == inside.sum()
    # Russia's jets of 2018 and its tanks of 2023; China's drones and jets.
    assert placed[1, 0].tolist() == [0.0, 1.0, 1.0]
    assert placed[0, 2].tolist() == [0.0, 2.0, 0.0]
    assert exposure[2] == pytest.approx(share[:3].sum())
    assert exposure[0] == pytest.approx(share[6:9].sum())


def test_what_may_still_deliver_stands_in_one_of_four_states(world):
    last = order_book.books(world.panel)[-1]
    found = order_book.states(last.deals, last.last_year)
    assert set(found["state"]) == {WAITING, RUNNING, UNNUMBERED, COMPLETE}
    waiting, running, unnumbered, complete = (found[found["state"] == s] for s in range(4))
    assert (waiting["delivered"] == 0).all() and (waiting["left"] > 0).all()
    assert (running["delivered"] > 0).all() and (running["left"] > 0).all()
    assert unnumbered["ordered"].isna().all() and (unnumbered["order_year"] >= 2000).all()
    # What is all delivered may go on for a year.
    assert (complete["left"] == 0).all() and (complete["last"] >= 2011).all()
    closed = last.deals[~last.deals.index.isin(found.index)]
    assert len(closed) and ((closed["left"] == 0) | closed["ordered"].isna()).all()


def test_waits_are_asked_of_settled_orders_until_their_first_delivery(world):
    last = order_book.books(world.panel)[-1]
    rows = order_book.waits(last.deals, 2012)
    settled = last.deals[last.deals["order_year"].between(1994, 2008) & (last.deals["ordered"] > 0)]
    assert (rows["age"] == 0).sum() == len(settled)
    first = settled[settled["first"] > 0]
    lag = (first["first"] - first["order_year"]).clip(upper=NEVER)
    assert rows["first"].sum() == (lag <= order_book.OLDEST_WAIT).sum()
    for age in (0, 3):
        at = rows[rows["age"] == age]
        assert at["first"].sum() == (lag == age).sum()


def test_units_left_are_in_proportion_and_never_fewer_than_one():
    found = order_book.units_left(
        np.array([10.0, 4.0, np.nan]), np.array([20.0, 1.0, 5.0]), np.array([40.0, 40.0, np.nan])
    )
    assert found == pytest.approx([5.0, 1.0, 1.0])


def prepared(panel, origin):
    return order_book.prepare(panel, FIRST, origin, priors.load())


def test_a_panel_without_the_book_of_its_origin_is_refused(built):
    panel = panel_of(known(built, *DAYS[:2]))
    assert prepared(panel, 2021).periods[-1] == 2021
    with pytest.raises(InputError, match=r"known to 2022, but .* the newest goes to 2021"):
        prepared(panel, 2022)
    with pytest.raises(InputError, match="there is none"):
        prepared(xr.Dataset(coords=panel.coords).drop_vars(listings.BOOK), 2021)


def test_nothing_after_the_last_book_changes_what_a_model_sees(built, monkeypatch):
    as_it_is = prepared(panel_of(known(built, *DAYS[:2])), 2021)
    real = books.read_once

    def later_gone(table, folder=None):
        day = "2022-12-31"
        rows = real(table, folder)
        if table == "registers":
            return [row for row in rows if row.released <= day]
        if table != "deals":
            return rows
        rows = [row for row in rows if row.valid_from <= day]
        return [row._replace(valid_to="" if row.valid_to > day else row.valid_to) for row in rows]

    monkeypatch.setattr(books, "read_once", later_gone)
    again = prepared(panel_of(known(built, *DAYS[:2])), 2021)
    for name, before in as_it_is._asdict().items():
        after = getattr(again, name)
        if hasattr(before, "equals"):
            assert before.equals(after), name
        else:
            assert np.array_equal(before, after), name
    monkeypatch.undo()
    full = prepared(panel_of(known(built, *DAYS)), 2023)
    assert not full.open.equals(as_it_is.open)


def test_futures_get_the_book_and_the_mix_of_domains(world):
    found = order_book.for_futures(world.orders)
    assert found["placed"].sum() == world.orders.placed.sum()
    assert found["domain_orders"].sum() == len(world.orders.sizes)
    assert found.sizes[order_book.OPEN_DEAL] == len(world.orders.open)
    assert found["open_number"].values.tolist() == world.orders.open.index.tolist()
    assert not set(found.data_vars) - set(world.inputs.data_vars)
