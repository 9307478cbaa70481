"""The benchmark with the order book: what was on order, of the time, and what it is worth."""

import numpy as np
import pytest
import xarray as xr

from crossover.data import books
from crossover.data.names import RECIPIENT, REST, SUPPLIER, YEAR
from crossover.data.records import Deal, Register
from crossover.forecast import baselines, order_book, origins, real_time, skill

YEARS = np.arange(1992, 2021)
SELLERS, BUYERS = [*"ABCDEF", REST], [*"ABCDEFGHIJKL", REST]
KEPT_BOOKS = (2014, 2016, 2018, 2019, 2020)
HELD_BACK = 2
"""Years from an order to its delivery in the invented world."""


def register(vintage="2021-03-10", first_order_year=1980):
    return Register(
        vintage, vintage, 0, 2020, "all", first_order_year, 0, 1, 0.0, "register.csv", ""
    )


def deal(supplier="A", recipient="B", order_year=2018, ordered=50.0, delivered=20.0, number=1):
    return Deal(
        deal=number, valid_from="2021-03-10", valid_to="", supplier=supplier, recipient=recipient,
        domain="aircraft", order_year=order_year, order_year_uncertain=0, n_ordered=5,
        tiv_ordered=ordered, n_delivered=2, tiv_delivered=delivered, delivery_years="",
        status="new", local_production=None, units_borrowed=0,
    )  # fmt: skip


def book(*deals, year=2020, degraded=False, **of_register):
    return books.Book(deals, year, (register(**of_register),), degraded)


@pytest.fixture(scope="module")
def world():
    """Return a panel to 2020 in which every order of a pair is delivered two years later.

    Orders come and go without memory, so that the record of deliveries tells nothing.
    """
    rng = np.random.default_rng(4)
    size = (len(SELLERS), len(BUYERS), len(YEARS) + HELD_BACK)
    orders = np.exp(3.0 + 1.2 * rng.standard_normal(size)) * (rng.random(size) < 0.5)
    for k in range(6):
        orders[k, k] = 0.0
    tiv = np.zeros((len(SELLERS), len(BUYERS), len(YEARS)))
    tiv = orders[..., : len(YEARS)]
    panel = xr.Dataset(
        {
            "tiv": ((SUPPLIER, RECIPIENT, YEAR), tiv),
            "rd_share": (("country", YEAR), np.full((12, len(YEARS)), np.nan)),
            "ideal_point": (("country", YEAR), np.full((12, len(YEARS)), np.nan)),
        },
        coords={SUPPLIER: SELLERS, RECIPIENT: BUYERS, "country": BUYERS[:-1], YEAR: YEARS},
    )
    # Delivered in year t + 2 is what was ordered in t: it is on order at the ends of t and t + 1.
    on_order = np.zeros((len(KEPT_BOOKS), *orders.shape[:2], len(order_book.AGES) + 1))
    for k, year in enumerate(KEPT_BOOKS):
        on_order[k, ..., 0] = orders[..., year + 1 - YEARS[0] : year + 3 - YEARS[0]].sum(-1)
    panel = panel.assign_coords({order_book.BOOK: list(KEPT_BOOKS)})
    dims = (order_book.BOOK, SUPPLIER, RECIPIENT, order_book.AGE)
    panel[order_book.ON_ORDER] = (dims, on_order)
    panel[order_book.ON_ORDER].attrs["degraded"] = 0
    came = orders[..., len(YEARS) :]
    return panel, came


def test_a_tally_is_by_age_of_what_has_not_come():
    panel = xr.Dataset(coords={SUPPLIER: ["A", "RUS", REST], RECIPIENT: ["B", REST]})
    held = book(
        deal("A", "B", 2018), deal("A", "B", 2015, 90.0, 0.0), deal("SUN", "B", 2001, 7.0, 0.0),
        deal("SUN", "X", 2019, 5.0, 9.0), deal("Y", "Z", 2020, 4.0, 0.0),
        deal("A", "B", 1999, 1000.0, 0.0),
    )  # fmt: skip
    found = order_book.tally(held, panel)
    assert found[0, 0].tolist() == [30.0, 90.0, 0.0]
    assert found[1, 0].tolist() == [0.0, 0.0, 7.0]
    assert found[1, 1].sum() == 0.0 and found[2, 1].tolist() == [4.0, 0.0, 0.0]


def test_what_a_kept_register_does_not_cover_does_not_count():
    panel = xr.Dataset(coords={SUPPLIER: ["A", REST], RECIPIENT: ["B", REST]})
    old, new = deal(order_year=2009, number=1), deal(order_year=2012, number=2)
    assert order_book.tally(book(old, new, first_order_year=2010), panel).sum() == 30.0
    assert order_book.tally(book(old, new, first_order_year=2010, degraded=True), panel).sum() == 60


def test_at_an_origin_with_a_register_of_its_time_all_books_are_of_their_time():
    years = np.arange(2015, 2020)
    panel = xr.Dataset(coords={SUPPLIER: ["A", REST], RECIPIENT: ["B", REST], YEAR: years})
    held = {
        2017: book(deal(), degraded=True), 2018: book(deal()), 2019: book(deal()),
        2020: book(deal()),
    }  # fmt: skip
    real = order_book.seen(panel, held)
    assert real[order_book.BOOK].values.tolist() == [2018, 2019]
    assert order_book.name(real) == baselines.ORDER_BOOK
    other = order_book.seen(panel, held | {2019: book(deal(), degraded=True)})
    assert other[order_book.BOOK].values.tolist() == [2017, 2018, 2019]
    assert order_book.name(other) == skill.DEGRADED_BOOK


def test_books_of_the_shipped_panel_are_of_the_time_where_registers_were_kept(monkeypatch):
    monkeypatch.setattr(order_book, "FIRST_BOOK", 2016)
    held = order_book.read_books(2024)
    real = [year for year, one in held.items() if not one.degraded]
    assert real == [2018, 2019, 2021, 2022, 2023, 2024]
    for year in real:
        assert held[year].last_year == year
        assert held[year].register.released <= f"{year + 1}-06-30"
        assert all(one.valid_from <= held[year].register.vintage for one in held[year].deals)


def test_no_later_register_changes_a_book_of_the_time(monkeypatch):
    """Registers of after, and what they changed or dropped, are taken out of the tables."""
    panel = real_time.seen(2019)
    whole = {year: order_book.tally(books.of_year(year), panel) for year in (2018, 2019)}
    last = books.of_year(2019).register.vintage
    real = books.read_once

    def read(table, *where):
        for row in real(table, *where):
            if table == "registers" and row.vintage <= last:
                yield row
            elif table == "deals" and row.valid_from <= last:
                yield row._replace(valid_to=row.valid_to if row.valid_to <= last else "")

    monkeypatch.setattr(books, "read_once", lambda *words: list(read(*words)))
    assert books.of_year(2021) is None
    for year, amounts in whole.items():
        assert amounts.sum() > 0.0
        assert np.array_equal(order_book.tally(books.of_year(year), panel), amounts)


def test_a_book_that_decides_is_worth_more_than_the_record(world):
    panel, came = world
    past = origins.history(panel)
    names = origins.series(panel)
    with_book = order_book.forecast(panel, past, 2)
    without = baselines.forecast(baselines.RIDGE, past, 2)
    pairs = [(s, r) for s in range(len(SELLERS)) for r in range(len(BUYERS))]
    sums = {
        "dyads": {f"{SELLERS[s]}-{BUYERS[r]}": came[s, r] for s, r in pairs},
        "exports": dict(zip(SELLERS, came.sum(axis=1), strict=True)),
        "imports": dict(zip(BUYERS, came.sum(axis=0), strict=True)),
    }
    for target, sizes in sums.items():
        own = names["target"].values == target
        truth = np.log1p([sizes[unit][:2] for unit in names["unit"].values[own]])
        middle = len(skill.LEVELS) // 2
        missed = [abs(np.log1p(q[own][..., middle]) - truth).mean() for q in (with_book, without)]
        assert missed[0] < 0.95 * missed[1], target


def test_a_correction_is_learned_on_books_whose_outturn_had_come(world):
    panel, _ = world
    past = origins.history(panel)
    one = past.isel(series=past["target"].values == "dyads")
    amounts = order_book._of_series(panel, one)
    assert set(order_book._corrected(one, amounts, 1).came) == {2014, 2016, 2018, 2019}
    assert set(order_book._corrected(one, amounts, 3).came) == {2014, 2016}


def test_without_an_earlier_book_nothing_is_said(world):
    panel, _ = world
    first = panel.sel({order_book.BOOK: [2020]})
    assert np.isnan(order_book.forecast(first, origins.history(first), 2)).all()


def test_imports_are_the_sum_of_their_pairs_and_the_rest(world):
    panel, _ = world
    past = origins.history(panel)
    targets = past["target"].values
    pairs, imports = (past.isel(series=targets == t) for t in ("dyads", "imports"))
    made = order_book._corrected(pairs, order_book._of_series(panel, pairs), 1)
    found = order_book._summed(panel, imports, pairs, made, 1).said[2020]
    active = pairs["active"].values[:, -1]
    expected = np.expm1(made.quantiles(2020)).mean(axis=1)
    to_g = np.array([unit.endswith("-G") for unit in pairs["unit"].values[active]])
    rest = panel["tiv"].sel(supplier=REST, recipient="G").values[-3:].mean()
    at = list(imports["unit"].values).index("G")
    assert np.expm1(found[at]) == pytest.approx(expected[to_g].sum() + rest)
