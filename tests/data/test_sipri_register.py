"""The trade register: orders by year of order, and what of them was delivered."""

import pytest

from data import sources
from tests.data import samples


def test_orders_are_summed_and_an_unknown_number_counts_as_what_was_delivered(put):
    _, (batch,) = sources.read_file(put("x.csv", samples.register()))
    found = {(r.domain, r.order_year): r[4:7] for r in batch.rows}
    assert found == {
        ("aircraft", 2018): (230.0, 60.5, 2),
        ("engines", 2018): (30.25, 30.25, 1),
    }
    assert batch.vintage == "2022-03-13"


def test_a_row_torn_by_a_line_break_in_a_comment_is_joined(put):
    torn = "China,Russia,2018,,4,,Su-27,fighter aircraft,3,,2019,New,first part\nsecond,20,80,60.5"
    _, (batch,) = sources.read_file(put("x.csv", samples.register((torn,))))
    assert [r[4:7] for r in batch.rows] == [(80.0, 60.5, 1)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",80,60.5", ",-80,60.5", "'-80': TIV must not be below 0"),
        ("Russia,2018,,4", "Russia,2018?,,4", "'2018?': must be a year"),
        ("China,Russia,2018,,4", "Cathay,Russia,2018,,4", "'Cathay': unknown country"),
        (",80,60.5", ",80", "a row must have 16 fields"),
    ],
)
def test_a_bad_field_is_named_with_its_line(refused, old, new, said):
    message = refused("x.csv", samples.register().replace(old, new))
    assert message.startswith("x.csv, line 6")
    assert said in message


@pytest.mark.parametrize(
    ("name", "vintage", "last"),
    [
        ("official_export_trade_register_2024-03-18.csv", "2024-03-18", 2023),
        ("official_export_trade_register_2025-03-13.csv", "2025-03-13", 2024),
    ],
)
def test_the_real_register_is_read_whole(raw, name, vintage, last):
    _, (batch,) = sources.read_file(raw / "sipri" / name)
    assert batch.vintage == vintage
    assert max(row.order_year for row in batch.rows) == last
    assert all(row.ordered_tiv >= row.delivered_tiv for row in batch.rows)


def test_deliveries_of_the_register_and_of_the_lines_agree_for_orders_since_2000(raw):
    _, (register,) = sources.read_file(
        raw / "sipri" / "official_export_trade_register_2024-03-18.csv"
    )
    _, (lines, *_) = sources.read_file(raw / "sipri" / "delivery_lines_2024-04-13.csv.gz")
    pair = ("RUS", "CHN")
    by_order = sum(
        r.delivered_tiv for r in register.rows if r[:2] == pair and r.order_year >= 1992
    )
    by_delivery = sum(r.tiv for r in lines.rows if r[:2] == pair and r.year >= 1992)
    # Orders before 1992 that arrived later are in the one and not in the other.
    assert by_order == pytest.approx(by_delivery, rel=0.05)
