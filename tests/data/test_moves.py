"""What the mapping to domains moves: the volumes add up, and a weapon is found by its name."""

import subprocess
import sys

import pytest

from crossover.data import domains, moves
from crossover.data.errors import InputError
from crossover.data.names import DOMAINS, FIRST_YEAR
from crossover.data.tables import read
from crossover.data.vintages import as_of_transfers


def test_the_volumes_are_those_of_the_deliveries_by_domain():
    deliveries = as_of_transfers(
        [row for row in read("transfers") if row.year >= FIRST_YEAR], read("vintages"), None
    )
    found = {row[0]: row for row in moves.by_domain().rows}
    assert list(found) == [*DOMAINS, "all"]
    for domain in DOMAINS:
        held = [row for row in deliveries if row.domain == domain]
        # Whole TIV millions.
        assert found[domain][3] == pytest.approx(sum(row.tiv for row in held), abs=0.51)
        assert found[domain][2] == sum(row.n_lines for row in held)
    assert found["all"][1] == len(domains.by_description())
    # Ten shares, each rounded to a tenth.
    assert sum(row[4] for row in found.values()) == pytest.approx(200.0, abs=0.5)


def test_categories_and_domains_add_up_to_each_other():
    found = moves.by_category()
    assert found.header == ("SIPRI's category", *DOMAINS, "all")
    *rows, total = found.rows
    by_domain = {row[0]: row[3] for row in moves.by_domain().rows}
    for i, domain in enumerate((*DOMAINS, "all"), start=1):
        assert total[i] == by_domain[domain]
        # Each cell is rounded.
        assert sum(row[i] or 0 for row in rows) == pytest.approx(total[i], abs=len(rows))
    assert [row[-1] for row in rows] == sorted((row[-1] for row in rows), reverse=True)
    cells = {row[0]: dict(zip(found.header, row, strict=True)) for row in rows}
    assert cells["Missiles"]["air_defence"] > 30_000
    assert cells["Missiles"]["submarines"] is None
    assert "Air defence systems" not in cells


def test_the_long_table_has_the_cells_that_are_not_empty(small_panel):
    assert moves.long(small_panel).rows == [
        ("Aircraft", "aircraft", 3, 69.5),
        ("Armoured vehicles", "land", 2, 12.0),
        ("Engines", "engines", 1, 30.25),
    ]


def test_a_weapon_is_found_by_a_part_of_its_description_or_class():
    found = moves.weapons(description="TORPEDO")
    assert {row[0] for row in found.rows} == {"naval"}
    assert "anti-submarine torpedo" in {row[1] for row in found.rows}
    by_class = moves.weapons(description="armoured personnel carrier")
    assert "APC" in {row[1] for row in by_class.rows}


def test_the_weapons_of_a_domain_are_listed_with_their_volume():
    engines, everything = moves.weapons("engines"), moves.weapons()
    assert {row[0] for row in engines.rows} == {"engines"}
    assert len(everything.rows) == len(domains.table())
    whole = {row[0]: row for row in moves.by_domain().rows}
    # Each row is rounded to a hundredth.
    assert sum(row[5] for row in everything.rows) == pytest.approx(whole["all"][3], abs=2.0)
    assert sum(row[4] for row in engines.rows) == whole["engines"][2]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"domain": "submarine"}, "'submarine': unknown domain: the nearest known is 'submarines'"),
        ({"description": "zeppelin"}, "--description': 'zeppelin': no weapon of that description"),
        (
            {"domain": "naval", "description": "turbofan"},
            "'turbofan': no weapon of that description in the domain naval",
        ),
    ],
)
def test_a_question_without_an_answer_says_why(given, said):
    with pytest.raises(InputError) as error:
        moves.weapons(**given)
    assert said in str(error.value)


def test_a_changed_mapping_shows_at_once(small_panel, monkeypatch):
    changed = domains.weapons() | {"turbofan": domains.Weapon("aircraft", "turbofan")}
    monkeypatch.setattr(domains, "weapons", lambda: changed)
    found = {row[0]: row[3] for row in moves.by_domain(small_panel).rows}
    assert (found["engines"], found["aircraft"]) == (0, 100)


def test_looking_at_domains_imports_nothing_heavy():
    code = (
        "import sys; from crossover.data import moves; moves.by_category(); "
        "print([m for m in ('numpy', 'pandas', 'xarray', 'openpyxl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
