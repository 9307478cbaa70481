"""How registers restate orders: reporting delay and churn, on registers made up for the purpose."""

import pytest

from crossover.data.churn import Registers, churn, of_open, reporting_delay
from crossover.data.errors import InputError
from tests.data import registers

CHN_PAK, RUS_CHN = registers.CHN_PAK, registers.RUS_CHN
FILES = {
    "register_2020-10-11.csv": registers.tidy(
        (
            registers.deal(RUS_CHN, registers.JETS, 2018, 4, 1, "2019"),
            registers.deal(RUS_CHN, registers.TANKS, 2019, 100),  # will be dropped
            registers.deal(CHN_PAK, registers.DRONES, 2019, 5),  # number will be restated
        )
    ),
    "register_2023-03-10.csv": registers.tidy(
        (
            registers.deal(RUS_CHN, registers.JETS, 2018, 4, 4, "2019;2020"),
            registers.deal(CHN_PAK, registers.DRONES, 2019, 8),
            registers.deal(CHN_PAK, "JF-17/fighter aircraft", 2019, 6),  # had not been known
            registers.deal(CHN_PAK, "PL-5/short-range air-to-air missile", 2021, 50),
        )
    ),
    "register_2024-03-18.csv": registers.tidy(
        (
            registers.deal(RUS_CHN, registers.JETS, 2018, 4, 4, "2019;2020"),
            registers.deal(CHN_PAK, registers.DRONES, 2019, 8, 8, "2023"),
            registers.deal(CHN_PAK, "JF-17/fighter aircraft", 2019, 6, unit=20),
        )
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a panel of three registers, with data to 2019, 2021 and 2023."""
    return registers.panel(tmp_path_factory.mktemp("churn"), FILES)


def test_churn_tells_dropped_late_and_changed_orders_apart(built):
    found = {(row.later, row.order_year): row for row in churn(built)}
    step = found["2023-03-10", 2019]
    assert (step.age, step.listed) == (0, 2)
    assert (step.vanished, step.appeared, step.changed) == (1, 1, 1)
    assert (step.tiv_listed, step.tiv_vanished, step.tiv_appeared) == (1050.0, 1000.0, 60.0)
    assert (step.tiv_up, step.tiv_down) == (30.0, 0.0)


def test_deliveries_that_go_on_are_no_change(built):
    found = {(row.later, row.order_year): row for row in churn(built)}
    step = found["2023-03-10", 2018]
    assert (step.vanished, step.appeared, step.changed) == (0, 0, 0)


def test_an_order_put_to_a_later_year_is_redated_and_neither_dropped_nor_late(tmp_path):
    then = registers.deal(RUS_CHN, registers.JETS, 2019, 4)
    now = registers.deal(RUS_CHN, registers.JETS, 2021, 4)
    files = {
        "register_2020-10-11.csv": registers.tidy((then,)),
        "register_2024-03-18.csv": registers.tidy((now,)),
    }
    (step,) = churn(registers.panel(tmp_path, files))
    assert (step.order_year, step.listed, step.redated, step.tiv_redated) == (2019, 1, 1, 40.0)
    assert (step.vanished, step.appeared, step.changed) == (0, 0, 0)


def test_a_new_unit_value_moves_volume_without_a_change_of_terms(built):
    found = {(row.later, row.order_year): row for row in churn(built)}
    step = found["2024-03-18", 2019]
    assert (step.changed, step.tiv_up) == (0, 60.0)


def test_an_order_placed_after_the_earlier_register_is_not_late(built):
    assert [row for row in churn(built) if row.order_year == 2021 and row.appeared] == []


def test_the_reporting_delay_is_judged_by_the_newest_register(built):
    found = {(row.vintage, row.order_year): row for row in reporting_delay(built)}
    # Data to 2019 are judged by those to 2023; data to 2021 are not three years old yet.
    assert set(found) == {("2020-10-11", 2018), ("2020-10-11", 2019)}
    row = found["2020-10-11", 2019]
    assert (row.age, row.final, row.known) == (0, 2, 1)
    assert (row.tiv_final, row.tiv_known) == (200.0, 80.0)


def test_open_orders_are_gone_where_the_newest_register_lacks_them(built):
    cases = {(c.deal.domain, c.age): c.hit for c in of_open(Registers(built))}
    assert cases == {("aircraft", 1): False, ("land", 0): True, ("uncrewed", 0): False}


def test_a_panel_without_registers_cannot_be_measured(tmp_path):
    panel = registers.panel(tmp_path, {"lines.csv": registers.SMALL["lines.csv"]})
    with pytest.raises(InputError, match="holds no trade register"):
        churn(panel)


def test_on_the_shipped_registers_half_of_a_years_orders_are_known_when_it_ends():
    rows = reporting_delay()

    def known(age: int) -> float:
        held = [row for row in rows if row.age == age]
        return sum(row.known for row in held) / sum(row.final for row in held)

    assert 0.5 < known(0) < 0.6
    assert 0.65 < known(1) < 0.75
    assert known(5) > 0.94


def test_on_the_shipped_registers_few_listed_orders_vanish_within_a_year():
    step = [r for r in churn() if (r.earlier, r.later) == ("2024-03-18", "2025-03-13")]
    young = [row for row in step if row.age <= 2]
    assert 0.02 < sum(r.vanished for r in young) / sum(r.listed for r in young) < 0.05


def test_a_third_of_the_orders_of_2023_by_volume_were_put_to_another_year_within_a_year():
    """The volume that left 2023 in the sums by order year was mostly not dropped."""
    (step,) = [r for r in churn() if (r.earlier, r.order_year) == ("2024-03-18", 2023)]
    assert 0.3 < step.tiv_redated / step.tiv_listed < 0.35
    assert step.tiv_vanished / step.tiv_listed < 0.06
