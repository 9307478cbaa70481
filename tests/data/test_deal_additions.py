"""Registers and delivery lines that are added: the deals are those of all compiled at once."""

import datetime
import shutil
from collections import Counter

import pytest

from crossover.data import additions, books, examination, kept
from crossover.data.deals import OWN_NUMBERS, Before, compile_deals
from crossover.data.sources import sipri_deals
from crossover.data.sources.files import Options, load
from crossover.data.tables import RESTATED, read, read_once, write
from tests.data import registers
from tests.data.registers import CHN_PAK, DRONES, RUS_CHN, TANKS, deal

TODAY = datetime.date(2025, 6, 1)
OLD = {name: text for name, text in registers.SMALL.items() if name < "register_2023"}
OLD.pop("lines.csv")
SUKHOI, FIGHTER, ARMED = "Su-27SK/fighter aircraft", "JF-17/fighter aircraft", "CH-4B/armed drone"
DONE = (
    deal(RUS_CHN, SUKHOI, 2018, 4, 4, "2019;2020;2021;2022"),
    deal(CHN_PAK, ARMED, 2019, 8, 8, "2022"),
)
IN_2024 = registers.official(
    (
        *DONE,
        deal(CHN_PAK, FIGHTER, 2020, 6, 1, "2023", unit=12.5),
        deal(RUS_CHN, TANKS, 2023, 10, unit=0.5),
    ),
    day="18 Mar 2024",
)
IN_2025 = registers.official(
    (
        *DONE,
        deal(CHN_PAK, FIGHTER, 2020, 6, 3, "2023;2024", unit=12.5),
        deal(CHN_PAK, FIGHTER, 2024, 9, unit=12.5),
    ),
    day="10 Apr 2025",
)
YEARLY = (
    "supplier,recipient,year,n_delivered,tiv,description,designation\n"
    "China,Pakistan,2024,2,25,fighter aircraft,JF-17\n"
    "Russia,China,2022,1,10,fighter aircraft,Su-27SK\n"
)
NEW = {
    "register_of_2024.csv": IN_2024,
    "lines.csv": registers.SMALL["lines.csv"],
    "register_of_2025.csv": IN_2025,
    "yearly_lines_2025-05-01.csv": YEARLY,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Return a panel of two old registers."""
    return registers.panel(tmp_path_factory.mktemp("base"), OLD)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a panel of the old registers, the new ones, and all lines."""
    return registers.panel(tmp_path_factory.mktemp("whole"), OLD | NEW)


@pytest.fixture
def add(base, tmp_path):
    """Return a function that adds files of `NEW`, or others, to a store over the base."""

    def call(*names: str, panel=base, **options):
        folder = registers.write(tmp_path / "files", NEW | options.pop("files", {}))
        paths = [folder / name for name in names]
        return additions.add(paths, tmp_path / "store", panel, today=TODAY, wait=5.0, **options)

    return call


def layers(base, tmp_path):
    return kept.layers(base, tmp_path / "store")


def told(panel) -> Counter:
    """Return deals with all their forms and deliveries; numbers of our own do not count."""
    forms: dict[int, list] = {}
    for table in ("deals", "deal_deliveries"):
        for row in sorted(read(table, panel)):
            forms.setdefault(row.deal, []).append(row[1:])
    return Counter(
        (number if number < OWN_NUMBERS else None, *held) for number, held in forms.items()
    )


# The same as compiled at once -------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [True, False])
def test_registers_and_lines_that_are_added_give_the_deals_of_all_compiled_at_once(
    base, whole, add, tmp_path, at_once
):
    """Files of one call or of four; after the lines deals have SIPRI's numbers in both."""
    for names in [tuple(NEW)] if at_once else [(name,) for name in NEW]:
        add(*names)
    panel = layers(base, tmp_path)
    assert told(panel) == told(whole)
    assert {row.deal for row in read("deals", panel)} >= {11, 12, 15}
    for table in ("registers", "deal_marks"):
        assert Counter(r[1:] for r in read(table, panel)) == Counter(
            r[1:] for r in read(table, whole)
        )


def test_lines_before_their_register_can_be_added_again_after_it(base, whole, add, tmp_path):
    add("register_of_2024.csv", "lines.csv")
    early = add("yearly_lines_2025-05-01.csv")
    assert (
        "deals: yearly_lines_2025-05-01.csv reaches to 2024, and the newest register known to "
        "2023: add the register with data to 2024, and then these lines again, for what came of "
        "its deals"
    ) in early.examined.notes
    add("register_of_2025.csv")
    assert told(layers(base, tmp_path)) != told(whole)
    assert add("yearly_lines_2025-05-01.csv").folder is not None
    assert told(layers(base, tmp_path)) == told(whole)
    assert add("yearly_lines_2025-05-01.csv").folder is None


def test_books_of_every_year_are_those_of_all_compiled_at_once(base, whole, add, tmp_path):
    add(*NEW)
    panel = layers(base, tmp_path)
    real = [year for year in range(2018, 2026) if books.of_year(year, whole) is not None]
    assert real == [2020, 2021, 2023, 2024]
    for year in range(2018, 2026):
        one, other = books.of_year(year, panel), books.of_year(year, whole)
        assert (one is None) == (other is None)
        if one:
            assert one.registers == other.registers
            assert sorted(d[1:] for d in one.deals) == sorted(d[1:] for d in other.deals)


def test_a_deal_keeps_its_number_and_a_new_one_gets_the_next(base, add, tmp_path):
    before = {row.deal for row in read("deals", base)}
    add("register_of_2024.csv")
    after = {row.deal for row in read("deals", layers(base, tmp_path))}
    assert after - before == {max(before) + 1}
    assert before <= after


# What is said -----------------------------------------------------------------------------------


def test_a_dry_run_says_how_many_deals_are_new_changed_and_gone(add, base, tmp_path):
    examined = add("register_of_2025.csv", dry_run=True).examined
    assert (
        "deals: register_of_2025.csv: the register of 2025-04-10 has 1 new, 3 changed and 0 "
        "unchanged; 0 are gone"
    ) in examined.notes
    assert not (tmp_path / "store").exists()
    assert add("register_of_2024.csv").examined.notes != examined.notes
    second = add("register_of_2025.csv", dry_run=True).examined
    assert (
        "deals: register_of_2025.csv: the register of 2025-04-10 has 1 new, 1 changed and 2 "
        "unchanged; 1 are gone"
    ) in second.notes
    assert dict(second.restated) == {
        "deals": 4, "deal_deliveries": 0, "registers": 1, "deal_marks": 0
    }  # fmt: skip


def test_a_register_that_nobody_has_described_is_whole_and_public_from_its_day(
    add, base, tmp_path
):
    notes = add("register_of_2025.csv").examined.notes
    assert any(
        "register of 2025-04-10 is taken to be public from that day, to have data to 2024, and to "
        "have all suppliers and all orders from 1955 on" in note
        for note in notes
    )
    newest = max(read("registers", layers(base, tmp_path)))
    assert newest[:6] == ("2025-04-10", "2025-04-10", 0, 2024, "all", 1955)


def test_a_register_that_registers_csv_describes_is_public_from_the_day_it_says(
    add, base, tmp_path
):
    add("register_of_2024.csv")
    assert max(read("registers", layers(base, tmp_path)))[:3] == ("2024-03-18", "2024-03-15", 1)


def test_a_register_without_a_date_takes_the_day_that_the_user_says(add, base, tmp_path):
    text = IN_2025.replace("Data generated: 10 Apr 2025 10:02:49 AM\n", "")
    options = Options(released="2025-04-11")
    add("undated.csv", files={"undated.csv": text}, reading=options)
    newest = max(read("registers", layers(base, tmp_path)))
    assert (newest.vintage, newest.released) == ("2025-04-11", "2025-04-11")


def test_lines_say_of_which_years_they_tell_what_came(add):
    add("register_of_2024.csv")
    assert (
        "deals: the delivery lines of 2024-04-13 say what came of deals in 2019-2023: 6 deliveries "
        "by deal and year"
    ) in add("lines.csv").examined.notes


# What changes nothing ---------------------------------------------------------------------------


def test_the_same_register_again_changes_nothing(add, base, tmp_path):
    add("register_of_2024.csv", "lines.csv")
    again = add("register_of_2024.csv", "lines.csv")
    assert again.folder is None
    assert not any(table in again.examined.tables for table in RESTATED)


def test_a_register_older_than_the_newest_known_changes_no_deal(add, base, tmp_path):
    add("register_of_2025.csv")
    before = {table: read(table, layers(base, tmp_path)) for table in RESTATED}
    notes = add("register_of_2024.csv").examined.notes
    assert any(
        "the register of 2024-03-18 is older than the newest known (2025-04-10) and changes no "
        "deal" in note
        for note in notes
    )
    assert before == {table: read(table, layers(base, tmp_path)) for table in RESTATED}


def test_two_copies_of_a_register_count_once(add, base, tmp_path):
    add("register_of_2024.csv", "copy.csv", files={"copy.csv": IN_2024})
    jets = [row for row in read("deals", layers(base, tmp_path)) if row.order_year == 2018]
    assert [row.valid_from for row in sorted(jets)] == ["2021-03-10", "2022-03-15", "2024-03-18"]


def test_the_base_is_left_as_it_was(add, base):
    content = {path.name: path.read_bytes() for path in base.iterdir()}
    add(*NEW)
    assert content == {path.name: path.read_bytes() for path in base.iterdir()}


def test_a_later_edition_of_the_base_that_knows_more_goes_before_what_was_added(
    add, base, whole, tmp_path
):
    add("register_of_2024.csv")
    newer = (whole, *layers(base, tmp_path)[1:])
    assert all(read(table, newer) == read(table, whole) for table in RESTATED)


def test_a_register_from_which_most_deals_are_cut_away_is_refused(add, tmp_path):
    cut = registers.official((deal(RUS_CHN, DRONES, 2023, 3),), day="18 Mar 2024")
    with pytest.raises(examination.Refused, match="lacks 3 of the deals known and has 0"):
        add("cut.csv", files={"cut.csv": cut})
    assert kept.listing(tmp_path / "store") == []


def test_a_weapon_of_the_users_own_mapping_counts_in_deals(add, base, tmp_path):
    (tmp_path / "store").mkdir()
    own = "category,description,domain,weapon_class,note\nMissiles,ray gun,missiles,ray gun,\n"
    (tmp_path / "store" / "domains.csv").write_text(own, encoding="utf-8")
    text = registers.official(
        (deal(RUS_CHN, SUKHOI, 2018, 4, 3, "2019;2020;2021"), deal(CHN_PAK, ARMED, 2019, 8, 8),
         deal(CHN_PAK, "R-1/ray gun", 2023, 5)),
        day="18 Mar 2024",
    )  # fmt: skip
    add("own.csv", files={"own.csv": text})
    found = [row for row in read("deals", layers(base, tmp_path)) if row.order_year == 2023]
    assert [row.domain for row in found] == ["missiles"]


def test_additions_count_the_forms_that_were_not_known(add, tmp_path):
    add("register_of_2024.csv")
    (added,) = kept.listing(tmp_path / "store")
    # Four forms of 2024, and five before them that now end or say whether the deal is made there.
    assert (added.rows["deals"], added.rows["deal_marks"], added.rows["registers"]) == (9, 0, 1)


# Reading once -----------------------------------------------------------------------------------


def test_a_table_is_read_once_until_its_file_changes(base, tmp_path):
    panel = tmp_path / "panel"
    shutil.copytree(base, panel)
    first = read_once("deals", panel)
    assert read_once("deals", panel) is first
    write("deals", first[:1], panel)
    assert read_once("deals", panel) == first[:1]


def test_books_follow_what_is_added_in_the_same_process(add, base, tmp_path):
    assert books.as_of(None, layers(base, tmp_path)).register.vintage == "2022-03-15"
    add("register_of_2024.csv")
    assert books.as_of(None, layers(base, tmp_path)).register.vintage == "2024-03-18"


# The providers' own files -----------------------------------------------------------------------


def test_the_real_register_of_2026_gives_the_same_deals_added_or_compiled_at_once(raw):
    """Sellers of every size; deals that both have from before 2026 keep their numbers."""
    sellers = ("CHN", "FRA", "KOR", "ISR", "SUN")

    def batches(*names: str) -> list:
        found = []
        for name in names:
            for batch in sipri_deals.further(load(next(raw.rglob(name)))):
                rows = [row for row in batch.rows if row.supplier in sellers]
                found.append(batch._replace(rows=rows))
        return found

    old = batches(
        "official_export_trade_register_2025-03-13.csv", "official_export_deliveries_2026-02-12.csv"
    )
    new = batches("official_export_trade_register_2026-05-18.csv")
    at_once, first = compile_deals([*old, *new]), compile_deals(old)
    then = compile_deals(new, Before(*(first[table] for table in RESTATED)))
    numbers = {row.deal for row in first["deals"]}
    for table in ("deals", "deal_deliveries"):
        one, other = (Counter(tables[table]) for tables in (at_once, then))
        known = [Counter({r: n for r, n in x.items() if r.deal in numbers}) for x in (one, other)]
        assert known[0] == known[1]
        assert Counter(r[1:] for r in one.elements()) == Counter(r[1:] for r in other.elements())
