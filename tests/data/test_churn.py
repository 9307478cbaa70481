"""How registers restate orders, on registers made up for the purpose."""

import pytest

from crossover.data.churn import Registers, of_open
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


def test_open_orders_are_gone_where_the_newest_register_lacks_them(built):
    cases = {(c.deal.domain, c.age): c.hit for c in of_open(Registers(built))}
    assert cases == {("aircraft", 1): False, ("land", 0): True, ("uncrewed", 0): False}


def test_a_panel_without_registers_cannot_be_measured(tmp_path):
    panel = registers.panel(tmp_path, {"lines.csv": registers.SMALL["lines.csv"]})
    with pytest.raises(InputError, match="holds no trade register"):
        Registers(panel)
