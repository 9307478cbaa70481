"""Registers and delivery lines deal by deal: what each column means, and how faults are named."""

import pytest

from crossover.data import sources
from crossover.data.examination import Refused, examine
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import load
from tests.data import registers, samples

UNDELIVERED = {
    "2014-09-25": (42072, 14799, 4850, 9192),
    "2017-03-09": (106870, 12336, 2768, 58960),
    "2018-01-03": (150352, 24132, 6031, 78516),
    "2018-11-22": (153388, 20449, 5652, 75961),
    "2020-03-06": (175844, 19666, 6823, 88749),
    "2020-08-19": (165649, 18153, 7196, 85354),
    "2020-10-11": (166949, 18153, 7196, 85564),
    "2023-03-10": (165211, 12979, 7549, 86429),
    "2023-04-12": (180281, 10378, 9984, 93822),
    "2024-03-18": (188625, 8165, 7945, 104346),
    "2025-03-13": (189395, 9678, 6915, 102715),
    "2025-10-07": (185764, 9678, 6915, 100530),
    "2026-05-18": (200099, 6757, 4695, 100678),
}
"""Register → TIV million ordered and not delivered, of all, Russia, China and the USA, as the
note beside the files has it."""


def deals(path) -> list:
    source = load(path)
    read = sipri_deals.read if sipri_deals.recognises(source) else sipri_deals.further
    (batch,) = read(source)
    return batch.rows


def test_a_tidy_register_is_read_deal_by_deal_with_borrowed_units_marked(put):
    path = put("register_2021-03-10.csv", registers.SMALL["register_2021-03-10.csv"])
    jets, tanks, drones = deals(path)
    assert (jets.supplier, jets.recipient, jets.order_year) == ("RUS", "CHN", 2018)
    assert (jets.n_ordered, jets.n_delivered, jets.delivery_years) == (4, 2, (2019, 2020))
    assert (jets.tiv_ordered, jets.tiv_delivered, jets.status) == (40.0, 20.0, "new")
    assert {row.borrowed for row in (jets, tanks, drones)} == {1}
    assert tanks.tiv_delivered == 0.0


def test_descriptions_of_old_are_understood_in_any_case(put):
    path = put("register_2021-03-10.csv", registers.SMALL["register_2021-03-10.csv"])
    jets, _, drones = deals(path)
    assert jets.weapon.weapon_class == "fighter aircraft"
    assert drones.weapon.domain == "uncrewed"


def test_a_number_ordered_that_is_not_known_gives_no_volume(put):
    row = registers.deal(registers.RUS_CHN, registers.JETS, 2018, "", 3, "2019")
    (found,) = deals(put("register_2022-03-15.csv", registers.tidy((row,))))
    assert (found.n_ordered, found.tiv_ordered, found.tiv_delivered) == (None, None, 30.0)


def test_a_unit_without_a_value_gives_no_volume_rather_than_none_ordered(put):
    row = registers.deal(registers.RUS_CHN, registers.JETS, 2018, 4, unit=0.0)
    (found,) = deals(put("register_2022-03-15.csv", registers.tidy((row,))))
    assert (found.n_ordered, found.tiv_ordered) == (4, None)


def test_the_providers_export_gives_the_same_deals_with_local_production(put):
    row = (
        "India,Russia,2018,?,4,,T-90,tank,3,,2019; 2020,New,Produced under licence in India,"
        "20,80,60.5"
    )
    (found,) = deals(put("register.csv", samples.register((row,))))
    assert (found.vintage, found.order_year_uncertain, found.local_production) == (
        "2022-03-13", 1, 1,
    )  # fmt: skip
    assert (found.tiv_ordered, found.tiv_delivered, found.borrowed) == (80.0, 60.5, 0)


@pytest.mark.parametrize(
    ("comment", "local"),
    [
        ("Produced under licence in India as Sarath", 1),
        ("$1 b deal; assembled from kits in Turkey", 1),
        ("Incl production of components in India", 1),
        ("For 4 Kamorta frigates produced in India", 0),
        ("AL-31FN version for J-10 combat aircraft produced in India", 0),
        ("From Canadian production line", 0),
        ("$3 b deal; delivery probably 2027", 0),
        ("", 0),
    ],
)
def test_comments_on_production_count_for_the_recipient_alone(comment, local):
    assert sipri_deals.made_there(comment, "India") == local


def test_delivery_lines_keep_their_deal_and_order_year(put):
    found = deals(put("x.csv", samples.lines_official()))
    assert [(row.deal_id, row.order_year, row.year, row.tiv) for row in found[:2]] == [
        (11, 2018, 2019, 40.0),
        (11, 2018, 2020, 20.5),
    ]
    tidy = deals(put("y.csv", samples.lines_tidy()))
    assert [row.local_production for row in tidy] == [0, 0, 0]  # 2021 was not over in March 2021


def test_lines_of_single_years_have_no_deal_and_the_soviet_union_apart(put):
    text = (
        "supplier,recipient,year,n_delivered,tiv,description,designation\n"
        "Russia,India,1990,3,36,fighter aircraft,MiG-29\n"
        "Russia,India,2025,3,36,fighter aircraft,MiG-29\n"
    )
    found = deals(put("yearly_lines_2026-06-16.csv", text))
    assert [(row.deal_id, row.supplier, row.year) for row in found] == [
        (None, "SUN", 1990),
        (None, "RUS", 2025),
    ]


def test_a_file_of_another_kind_has_no_deals(put):
    assert sipri_deals.further(load(put("x.csv", samples.totals()))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Russia,2018", "Ruritania,2018", "column 'supplier': 'Ruritania': unknown country"),
        (",2018,0,4", ",MMXVIII,0,4", "column 'order_year': 'MMXVIII': must be a year"),
        ("fighter aircraft", "flying saucer", "'flying saucer': unknown weapon description"),
        (",New,", ",Newish,", "column 'status': 'Newish': must be one of New"),
        (",0,4,0,", ",0,-4,0,", "column 'n_ordered': '-4': must not be below 0"),
        ("2019;2020", "2019;20", "column 'delivery_years': '20': must be a year"),
        (",40,20", ",40", "a row must have 15 fields, this one has 14"),
    ],
)
def test_a_bad_field_of_a_tidy_register_is_named_with_its_place(refused, old, new, said):
    row = registers.deal(registers.RUS_CHN, registers.JETS, 2018, 4, 2, "2019;2020")
    message = refused("register_2022-03-15.csv", registers.tidy((row.replace(old, new),)))
    assert message.startswith("register_2022-03-15.csv, line 2")
    assert said in message


def test_a_tidy_register_without_a_date_in_its_name_is_refused(refused):
    assert "the name must hold the date" in refused("register.csv", registers.tidy(()))


def test_a_tidy_register_without_a_column_or_a_row_is_refused(refused):
    assert "holds no deal" in refused("register_2022-03-15.csv", registers.tidy(()))
    text = registers.tidy(()).replace("designation", "name")
    assert "the column 'designation' is missing" in refused("register_2022-03-15.csv", text)


def test_a_tidy_register_is_no_addition_to_a_panel(put):
    path = put("register_2022-03-15.csv", registers.SMALL["register_2022-03-15.csv"])
    assert sources.read_file(path)[1][0].table == sipri_deals.REGISTER
    with pytest.raises(Refused, match="holds no figure that could be added"):
        examine([path])


@pytest.mark.parametrize("vintage", UNDELIVERED)
def test_the_real_registers_hold_the_open_orders_that_their_note_says(raw, vintage):
    found = deals(raw / "sipri" / "registers" / f"register_{vintage}.csv.gz")

    def open_orders(supplier: str | None = None) -> int:
        rows = (row for row in found if supplier in (None, row.supplier))
        return round(sum(max(0.0, (r.tiv_ordered or 0.0) - r.tiv_delivered) for r in rows))

    assert (open_orders(), *map(open_orders, ("RUS", "CHN", "USA"))) == UNDELIVERED[vintage]
