"""A rename is known as a rename: no figure is gone or new for the words of its name."""

import csv
import gzip
from collections import defaultdict

import pytest

from crossover.data import additions, domains, examination, kept, renames, revisions, tables
from crossover.data.build import build
from crossover.data.comparison import compare, replaced
from crossover.data.errors import InputError
from crossover.data.sources.files import Batch
from crossover.data.tables import read
from tests.data import samples

OLD_ROWS = (
    "21,Russia,China,S-1,SAM,Missiles,2018,No,9,No,2019,No,New,1,1,9,No",
    "22,Russia,China,S-2,SAM,Missiles,2018,No,3,No,2019,No,New,1,1,3,No",
    "23,Russia,India,M-1,MCM ship,Ships,2018,No,1,No,2019,No,New,5,5,5,No",
    "24,Russia,India,M-2,MCM ship,Ships,2018,No,1,No,2019,No,New,4,4,4,No",
    "25,Russia,India,T,tank,Armoured vehicles,2018,No,1,No,2019,No,New,2,2,2,No",
)
NEW_ROWS = (
    *(row.replace(",SAM,", ",surface-to-air missile,") for row in OLD_ROWS[:2]),
    OLD_ROWS[2].replace("MCM ship", "minehunter"),
    OLD_ROWS[3].replace("MCM ship", "minehunter/minesweeper"),
    OLD_ROWS[4],
)


def counts(examined):
    return {
        c.table: (c.new, c.unchanged, c.revised, c.gone, c.renamed) for c in examined.changes
    }


@pytest.fixture
def base(tmp_path):
    """Return a panel of the old words."""
    raw = tmp_path / "raw"
    raw.mkdir()
    old = samples.lines_official(OLD_ROWS, day="15 Mar 2022")
    (raw / "old.csv").write_text(old, encoding="utf-8")
    return build(raw, tmp_path / "built").folder


@pytest.fixture
def reworded(put):
    return put("new.csv", samples.lines_official(NEW_ROWS, day="13 Mar 2023"))


def test_other_words_for_the_same_weapons_change_no_figure(base, reworded):
    examined = examination.examine([reworded], base)
    assert counts(examined) == {
        "transfers": (0, 3, 0, 0, 0),
        "unit_values": (0, 3, 0, 0, 1),
        "descriptions": (0, 3, 0, 0, 2),
    }
    assert examined.alarms == []
    assert [str(rename) for rename in examined.renames] == [
        "split: 'MCM ship' is now two: 'minehunter', 'minehunter/minesweeper' (2 lines)",
        "renamed: 'SAM' is now 'surface-to-air missile' (2 lines)",
    ]


def test_figures_that_really_moved_are_still_revised_and_gone(base, put):
    rows = [
        NEW_ROWS[0].replace("1,1,9,No", "1,1,12,No"),
        *NEW_ROWS[1:4],
    ]
    path = put("new.csv", samples.lines_official(rows, "13 Mar 2023"))
    examined = examination.examine([path], base)
    descriptions = examined.compared[-1]
    assert counts(examined)["descriptions"] == (0, 1, 1, 1, 2)
    (revised,) = descriptions.revisions
    assert (revised.before, revised.now) == (12.0, 15.0)
    assert revised.about == (2019, "surface-to-air missile")
    assert descriptions.gone == (((2019, "tank"), 2.0),)


def test_a_panel_that_was_built_in_old_words_is_compared_by_class(base, reworded):
    """Unit values are kept by class; one of an older mapping has the class in the old words."""
    path = base / "unit_values.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(text.replace(",minehunter,", ",MCM ship,").encode()))
    assert ",MCM ship," in gzip.decompress(path.read_bytes()).decode()
    examined = examination.examine([reworded], base)
    assert counts(examined)["unit_values"] == (0, 3, 0, 0, 1)


def test_revisions_of_weapons_follow_them_through_other_words(base, reworded, tmp_path):
    store = tmp_path / "store"
    additions.add([reworded], store, base)
    layers = kept.layers(base, store)
    history = revisions.history("unit_values", supplier="Russia", folder=layers)
    moved = [row for row in history.rows if row[0] == f"RUS {renames.common('SAM')}"]
    assert [(row[1], row[2], row[3]) for row in history.rows if "tank" in row[0]] == [
        (2019, "2022-03-15", 2.0), (2019, "2023-03-13", 2.0)
    ]
    assert [(row[2], row[3], row[5]) for row in moved] == [
        ("2022-03-15", 1.0, None), ("2023-03-13", 1.0, 0.0)
    ]
    assert [(vintage, rename.old) for vintage, rename in revisions.renamed(layers)] == [
        ("2023-03-13", "MCM ship"), ("2023-03-13", "SAM")
    ]


def test_a_name_that_has_no_successor_is_gone_and_not_renamed():
    before = {"SAM": 5, "tank": 3, "armoured car": 2}
    found = renames.found(before, {"surface-to-air missile", "fire-support vehicle"})
    assert [(rename.old, rename.new) for rename in found] == [
        ("SAM", ("surface-to-air missile",)),
        ("armoured car", ("fire-support vehicle",)),
    ]


def test_two_spellings_of_one_class_are_no_split():
    (rename,) = renames.found(
        {"IFV turret": 1}, {"infantry fighting vehicle turret", "iinfantry fighting vehicle turret"}
    )
    assert not rename.split
    assert str(rename) == (
        "renamed: 'IFV turret' is now 'iinfantry fighting vehicle turret' or "
        "'infantry fighting vehicle turret' (1 line)"
    )


def test_every_name_of_the_list_is_known_and_stays_in_its_domain():
    known = domains.by_description()
    for old, new in renames.listed().items():
        assert {known[name] for name in new} == {known[old]}, old
        assert len({renames.common(name) for name in (old, *new)}) == 1, old


def test_a_damaged_list_is_named(tmp_path, monkeypatch):
    (tmp_path / renames.NAME).write_text("old,new\nMCM ship\n")
    monkeypatch.setattr(tables, "FACTS", tmp_path)
    renames.listed.cache_clear()
    try:
        with pytest.raises(InputError, match=r"renames\.csv, line 2: 'MCM ship': a row must"):
            renames.listed()
    finally:
        renames.listed.cache_clear()


# The real ones ----------------------------------------------------------------------------------


def test_the_renames_of_the_2026_release_are_those_of_the_registers(raw):
    """Each name that the register of 2025 has, that of 2026 words anew, and deliveries lost."""
    rows = renamed_orders(raw)
    found = {rename.old: rename for _, rename in revisions.renamed()}
    delivered = defaultdict(set)
    for row in read("descriptions"):
        delivered[row.description].add(row.vintage)
    newest = max(day for days in delivered.values() for day in days)
    gone = {name for name, days in delivered.items() if newest not in days}
    expected = {row["old"] for row in rows} & gone
    assert len(expected) > 30 and expected <= set(found)
    assert found["SAM"].new == ("surface-to-air missile",)
    assert set(found["armoured car"].new) == {
        "armoured reconnaissance vehicle", "armoured reconnaissance/fire-support vehicle",
        "fire-support vehicle",
    }
    assert set(found["MCM ship"].new) == {"minehunter", "minehunter/minesweeper"}


def test_no_rename_of_the_2026_release_moves_an_order_to_another_domain(raw):
    known = domains.by_description()
    for row in renamed_orders(raw):
        assert known[row["old"]] == known[row["new"]], row


def renamed_orders(raw):
    path = raw / "sipri" / "description_renames_2025_to_2026.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_between_the_releases_of_2025_and_2026_hardly_a_description_is_gone():
    """Of 191 descriptions 85 were reworded: by name, 1,362 figures would be gone."""
    rows = defaultdict(list)
    for row in read("descriptions"):
        rows[row.vintage].append(row)
    kept = [row for day in ("2024-04-13", "2025-01-03") for row in rows[day]]
    new = rows["2026-02-12"]
    batch = Batch("descriptions", "descriptions", "SIPRI", "2026-02-12", True, "f", new)
    found = compare(batch, new, replaced(batch, kept, read("vintages"))).change
    assert found.renamed > 1000 and found.gone < 40
