"""Rules that the tables of deals must keep together; each fault names its file and line."""

import pytest

from crossover.data.check import check
from crossover.data.tables import read, write
from tests.data import registers


@pytest.fixture
def built(tmp_path):
    """Return a panel of small registers, to be spoilt."""
    return registers.panel(tmp_path)


def faults(panel, table: str) -> list[str]:
    """Return the rules that a table breaks, without the description of the package."""
    return [fault.rule for fault in check(panel) if fault.file == f"{table}.csv.gz"]


def spoil(panel, table: str, change) -> None:
    write(table, change(read(table, panel)), panel)


def test_a_sound_panel_breaks_none(built):
    for table in ("deals", "deal_deliveries", "deal_marks", "registers"):
        assert faults(built, table) == []


def test_a_date_that_is_no_registers(built):
    spoil(built, "deals", lambda rows: [rows[0]._replace(valid_from="2020-01-01"), *rows[1:]])
    assert "must be the date of a register in registers" in faults(built, "deals")


def test_two_forms_of_a_deal_at_one_time(built):
    spoil(built, "deals", lambda rows: [row._replace(valid_to="") for row in rows])
    assert "the form of the deal before it stands until now" in faults(built, "deals")


def test_a_form_that_ends_before_it_begins(built):
    spoil(built, "deals", lambda rows: [r._replace(valid_to="2019-01-01") for r in rows])
    assert any("must come after valid_from" in rule for rule in faults(built, "deals"))


def test_a_delivery_of_no_deal(built):
    spoil(built, "deal_deliveries", lambda rows: [rows[0]._replace(deal=77), *rows[1:]])
    assert faults(built, "deal_deliveries") == ["has no row in deals"]


def test_a_deal_without_a_mark_and_a_mark_without_a_deal(built):
    spoil(built, "deal_marks", lambda rows: [rows[0]._replace(deal=77), *rows[1:]])
    assert faults(built, "deal_marks") == ["has no row in deals"]
    assert set(faults(built, "deals")) == {"has no row in deal_marks"}


def test_open_orders_that_do_not_sum_to_the_registers(built):
    spoil(built, "deals", lambda rows: [r for r in rows if r.domain != "uncrewed"])
    assert any("undelivered" in rule for rule in faults(built, "registers"))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("status", "stolen", "must be one of new, second_hand, modernized"),
        ("delivery_years", "2004-", "must be years and runs of years, as in 2004-2006 2009"),
        ("n_ordered", -1, "must not be below 0"),
    ],
)
def test_a_value_that_a_column_does_not_allow(built, column, value, said):
    spoil(built, "deals", lambda rows: [rows[0]._replace(**{column: value}), *rows[1:]])
    assert said in faults(built, "deals")
