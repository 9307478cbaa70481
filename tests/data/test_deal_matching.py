"""Pairing of deals: what makes two rows one deal, and what does not."""

from types import SimpleNamespace

import pytest

from crossover.data.deal_matching import ACROSS_REGISTERS, family, first_word, letters, mark, pair
from crossover.data.domains import Weapon

JET = Weapon("aircraft", "fighter aircraft")


def row(**changes) -> SimpleNamespace:
    made = {
        "deal_id": None,
        "line": 1,
        "supplier": "RUS",
        "recipient": "CHN",
        "designation": "Su-27",
        "weapon": JET,
        "order_year": 2018,
        "n_ordered": 4,
        "n_delivered": 0,
        "delivery_years": (),
        "status": "new",
    }
    made |= changes
    weapon = made.pop("weapon")
    made["mark"] = mark(weapon.weapon_class, made.pop("designation"))
    return SimpleNamespace(**made, domain=weapon.domain)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_delivered": 2, "delivery_years": (2019,)},
        {"designation": "Su-27 Flanker"},
        {"designation": "Flanker"},
        {"n_ordered": 6},
        {"order_year": 2020},
        {"weapon": Weapon("aircraft", "fighter/ground-attack aircraft")},
        {"recipient": "PAK"},
        {"supplier": "UKR"},
        {"designation": "Su-30", "n_ordered": 4},
    ],
)
def test_a_deal_is_found_again_when_one_thing_of_it_is_restated(changes):
    assert pair([row()], [row(**changes)], ACROSS_REGISTERS) == [(0, 0)]


@pytest.mark.parametrize(
    "changes",
    [
        {"order_year": 2024},
        {"supplier": "UKR", "recipient": "PAK"},
        {"designation": "T-90", "weapon": Weapon("land", "tank")},
        {"designation": "MiG-29", "n_ordered": 12, "order_year": 2020},
    ],
)
def test_another_deal_is_not_taken_for_it(changes):
    assert pair([row()], [row(**changes)], ACROSS_REGISTERS) == []


def test_a_known_number_goes_before_all_else():
    olds = [row(deal_id=7), row(deal_id=8, designation="MiG-29")]
    news = [row(deal_id=8), row(deal_id=7, designation="MiG-29")]
    assert sorted(pair(olds, news, ACROSS_REGISTERS)) == [(0, 1), (1, 0)]


def test_of_two_like_deals_each_finds_the_nearer():
    olds = [row(n_ordered=4, line=1), row(n_ordered=100, line=2)]
    news = [row(n_ordered=96, line=1), row(n_ordered=5, line=2)]
    assert sorted(pair(olds, news, ACROSS_REGISTERS)) == [(0, 1), (1, 0)]


def test_each_row_is_paired_once():
    found = pair([row(), row(line=2)], [row()], ACROSS_REGISTERS)
    assert len(found) == 1


def test_parts_of_a_designation():
    assert letters("AH-64E Apache/Guardian") == "ah64eapacheguardian"
    assert first_word("AH-64E/Apache") == "ah64e"
    assert family("Leopard-2A8") == "leopard"
    assert family("9M14M") == ""
