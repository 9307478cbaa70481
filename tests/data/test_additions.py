"""Adding releases to a store: whole or not at all, whatever comes between."""

import datetime
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import types

import pytest

from crossover.data import additions, examination, kept, look_up
from crossover.data.build import build
from crossover.data.errors import InputError
from crossover.data.panel import assemble
from crossover.data.tables import TABLES, read
from tests.data import samples

TODAY = datetime.date(2024, 6, 1)
NEXT_ROWS = (
    *samples.LINES_ROWS[1:],
    samples.LINES_ROWS[0].replace("20,40,No", "20,50,No"),
    "17,Russia,China,S-400,SAM system,Air-defence systems,2020,No,1,No,2022,No,New,12,12,12,No",
)
NEXT = samples.lines_official(NEXT_ROWS, day="13 Mar 2023")


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def plain_add(files, store, panel, **options):
    return additions.add(files, store, panel, today=TODAY, wait=5.0, **options)


def state(store):
    """Return every file of a store's panel, locks apart, with its content."""
    base = store / kept.FOLDER
    return {
        str(path.relative_to(base)): path.read_bytes()
        for path in sorted(base.rglob("*"))
        if path.is_file() and path.name != kept.LOCK
    }


# What is new ------------------------------------------------------------------------------------


def test_a_new_release_is_previewed_added_and_seen_by_whoever_reads(small_panel, put, store):
    added = plain_add([put("new.csv", NEXT)], store, small_panel)
    change = next(c for c in added.examined.changes if c.table == "transfers")
    assert change[1:11] == ("transfers", "deliveries", "2023-03-13", 7, 0, 1, 5, 1, 0, 0)
    assert (change.median, change.largest, change.median_relative) == (10.0, 10.0, 0.25)
    assert change.where == "RUS CHN 2019 aircraft: 40 → 50"
    layered = kept.layers(small_panel, store)
    shown = look_up.show("deliveries", supplier="RUS", recipient="CHN", folder=layered)
    assert [row[:2] for row in shown.rows][-4:] == [
        (2019, 80.25), (2020, 20.5), (2021, 0.0), (2022, 12.0)
    ]
    years = {"year": map(str, (2019, 2022))}
    assert {row.year for row in read("transfers", layered, years)} == {2019, 2022}
    known = assemble(None, layered)["tiv"].sel(supplier="RUS", recipient="CHN")
    assert float(known.sel(year=2022)) == 12.0
    before = assemble(datetime.date(2023, 3, 12), layered)
    assert int(before["tiv"].notnull().any(["supplier", "recipient"]).values.sum()) == 3


def test_the_base_is_never_touched_and_no_store_means_no_additions(small_panel, put, store):
    content = {path.name: path.read_bytes() for path in small_panel.iterdir()}
    plain_add([put("new.csv", NEXT)], store, small_panel)
    assert content == {path.name: path.read_bytes() for path in small_panel.iterdir()}
    assert kept.layers(small_panel, None) == (small_panel,)
    assert kept.layers(small_panel, store / "nowhere") == (small_panel,)


def test_a_dry_run_says_the_same_and_writes_nothing(small_panel, put, store):
    path = put("new.csv", NEXT)
    dry = plain_add([path], store, small_panel, dry_run=True)
    assert dry.folder is None and not store.exists()
    assert plain_add([path], store, small_panel).examined == dry.examined


def test_the_same_file_twice_changes_nothing(small_panel, put, store):
    path = put("new.csv", NEXT)
    plain_add([path], store, small_panel)
    before = state(store)
    again = plain_add([path], store, small_panel)
    assert again.folder is None and state(store) == before
    assert all(change.rows == change.held > 0 for change in again.examined.changes)
    (said,) = additions.already(again.examined, store)
    assert said.startswith("new.csv was added on ")


@pytest.mark.parametrize("name", samples.FILES)
def test_a_file_that_the_base_has_brings_nothing_new(small_raw, small_panel, store, name):
    if name in ("lines_tidy.csv", "wdi_long.csv"):
        pytest.skip("its figures differ from the provider's own export of the same release")
    added = plain_add([small_raw / name], store, small_panel)
    assert added.folder is None
    assert all(change.rows == change.held for change in added.examined.changes)


def test_an_older_release_after_a_newer_one_is_put_where_it_belongs(small_panel, put, store):
    old = samples.api_page([samples.api_row("CHN", 2019, 2.0)], updated="2021-06-30")
    added = plain_add([put("old.json", json.dumps(old))], store, small_panel)
    (note,) = added.examined.notes
    assert "2021-06-30 is older than the newest known (2022-12-20) of rd_share" in note
    layered = kept.layers(small_panel, store)

    def known(day):
        where = {"country": "CHN", "span": (2019, 2019), "folder": layered}
        as_of = day and datetime.date.fromisoformat(day)
        return look_up.show("rd_share", **where, as_of=as_of).rows[-1][2]

    assert known("2021-07-01") == known("2021-12-15") == 2.0, "a later assumed date does not count"
    assert known(None) == known("2022-04-30") != 2.0


def test_another_unit_is_counted_as_restated_not_as_revised(small_panel, put, store):
    sheets = {
        name.replace("2020", "2021"): {k: v for k, v in rows.items()}
        for name, rows in samples.MILITARY_SHEETS.items()
    }
    book = samples.workbook(sheets, years=(2020, 2021, 2022))
    added = plain_add([put("milex.xlsx", book)], store, small_panel)
    counts = {c.series: (c.new, c.restated) for c in added.examined.changes}
    assert counts["milex_constant"][1] > 0


# What is refused --------------------------------------------------------------------------------


def test_of_a_file_with_one_bad_row_among_ten_thousand_nothing_is_added(small_panel, put, store):
    row = "{n},Russia,China,X,tank,Armoured vehicles,2017,No,1,No,2019,No,New,5,5,{tiv},No"
    rows = [row.format(n=n, tiv=5 if n != 7777 else "five") for n in range(1, 10_001)]
    path = put("many.csv", samples.lines_official(rows, day="13 Mar 2023"))
    with pytest.raises(examination.Refused) as error:
        plain_add([put("new.csv", NEXT), path], store, small_panel)
    line = samples.LINES_PREAMBLE.count("\n") + 1 + 7777
    assert error.value.refusals == [
        f"many.csv, line {line}, column 'TIV delivery values': 'five': TIV must be a number"
    ]
    assert state(store) == {} and kept.layers(small_panel, store) == (small_panel,)


def test_every_refused_row_of_every_file_is_named(small_panel, put, store):
    bad = [line.replace("Russia", "Rusia") for line in samples.LINES_ROWS[:2]]
    files = [put("a.csv", samples.lines_official(bad)), put("b.txt", "no such format")]
    with pytest.raises(examination.Refused) as error:
        plain_add(files, store, small_panel)
    assert error.value.refusals == [
        "a.csv, line 7, column 'Supplier': 'Rusia': unknown country; the nearest known is 'Russia' "
        "(names are in country_names.csv), on 2 rows, 60.5 TIV million",
        "b.txt, line 1: 'no such format': is in no known format (SIPRI, World Bank, OECD, UN "
        "votes, ATOP or COW): columns must have the names that the provider gives them",
    ]
    assert "(and 1 more); nothing was added" in str(error.value)


def test_overlapping_files_add_what_is_missing_and_refuse_what_differs(small_panel, put, store):
    rows = [samples.api_row("CHN", 2020, 2.41), samples.api_row("CHN", 2018, 2.15)]
    same = put("same.json", json.dumps(samples.api_page(rows)))
    added = plain_add([same], store, small_panel)
    (change,) = added.examined.changes
    assert (change.rows, change.held) == (2, 1)
    rows[1]["value"] = 2.16
    other = put("other.json", json.dumps(samples.api_page(rows)))
    before = state(store)
    with pytest.raises(examination.Refused) as error:
        plain_add([other], store, small_panel)
    assert (
        "other.json, column 'value': '2.16': another figure of rd_share of the same release "
        "(2022-12-20) is known for CHN 2018: value 2.15"
    ) in str(error.value)
    assert state(store) == before


def test_two_files_of_one_call_that_differ_are_refused_together(small_panel, put, store):
    other = NEXT.replace("20,50,No", "20,51,No")
    rule = "another figure of deliveries of the same release"
    with pytest.raises(examination.Refused, match=rule):
        plain_add([put("a.csv", NEXT), put("b.csv", other)], store, small_panel)
    assert state(store) == {}


def test_a_second_file_of_a_release_must_have_the_same_rows_of_a_year(small_panel, put, store):
    plain_add([put("new.csv", NEXT)], store, small_panel)
    more = samples.LINES_ROWS[0].replace("11,Russia,China", "31,France,India")
    text = samples.lines_official([*NEXT_ROWS, more], day="13 Mar 2023")
    with pytest.raises(examination.Refused, match="is known already without this figure"):
        plain_add([put("more.csv", text)], store, small_panel)
    text = samples.lines_official(NEXT_ROWS[:-1], day="13 Mar 2023")
    assert plain_add([put("less.csv", text)], store, small_panel).folder is None
    text = samples.lines_official(NEXT_ROWS[1:], day="13 Mar 2023")
    with pytest.raises(examination.Refused, match="lacks a figure that the release"):
        plain_add([put("less.csv", text)], store, small_panel)


def test_years_that_a_release_has_in_another_file_are_added_to_it(small_panel, put, store):
    text = samples.lines_official(NEXT_ROWS[:-1], day="13 Mar 2023")
    plain_add([put("to_2021.csv", text)], store, small_panel)
    added = plain_add([put("new.csv", NEXT)], store, small_panel)
    assert [row.year for row in added.examined.tables["transfers"]] == [2022]
    layered = kept.layers(small_panel, store)
    known = assemble(None, layered)["tiv"].sel(supplier="RUS", recipient="CHN")
    assert known.sel(year=[2019, 2022]).values.tolist() == [80.25, 12.0]


def test_a_release_of_the_future_is_refused(small_panel, put, store):
    page = samples.api_page([samples.api_row("CHN", 2020, 2.4)], updated="2024-07-03")
    with pytest.raises(examination.Refused, match="'2024-07-03': the release lies in the future"):
        plain_add([put("a.json", json.dumps(page))], store, small_panel)


def test_a_figure_released_before_its_year_is_refused(small_panel, put, store):
    page = samples.api_page([samples.api_row("CHN", 2023, 2.4)])
    with pytest.raises(examination.Refused, match=r"before its year has begun \(CHN 2023\)"):
        plain_add([put("a.json", json.dumps(page))], store, small_panel)


def test_a_file_that_is_not_there_is_named(small_panel, store, tmp_path):
    with pytest.raises(examination.Refused, match=r"gone\.csv: cannot be read"):
        plain_add([tmp_path / "gone.csv"], store, small_panel)


def test_deliveries_from_which_most_rows_have_been_cut_away_are_refused(small_panel, put, store):
    """A spreadsheet's filter leaves the words of the whole world above the rows of one pair."""
    text = samples.lines_official(samples.LINES_ROWS[1:2], day="13 Mar 2023")
    wide = [samples.LINES_ROWS[3].replace("13,Belgium,China", f"{n},France,{name}")
            .replace("2017,No,1,No,2019", "2017,No,1,No,2020")
            for n, name in enumerate(("India", "Pakistan", "Egypt"), start=51)]
    base = samples.lines_official([*samples.LINES_ROWS, *wide], day="16 Mar 2022")
    plain_add([put("base.csv", base)], store, small_panel)
    with pytest.raises(examination.Refused, match="lacks 4 of the figures known of the same years"):
        plain_add([put("cut.csv", text)], store, small_panel)


# Registers of a part of the world ----------------------------------------------------------------

PAIR = (samples.REGISTER_ROWS[0].replace(",20,80,60.5", ",20,90,60.5"),)
INDIA = ("India,Russia,2018,,4,,Su-27,fighter aircraft,3,,2019; 2020,New,,20,70,60.5",)


def orders_to(folder, recipient, as_of=None):
    shown = look_up.show("orders", recipient=recipient, folder=folder, as_of=as_of)
    return {row[0]: (row[1], row[4]) for row in shown.rows}


def test_orders_of_a_part_of_the_world_hide_no_other_pairs(small_panel, put, store):
    whole = put("whole.csv", samples.register_of_all((*samples.REGISTER_ROWS, *INDIA)))
    plain_add([whole], store, small_panel)
    part = put("part.csv", samples.register_of("from Russia to China", PAIR, day="1 Jun 2022"))
    added = plain_add([part], store, small_panel)
    (change,) = added.examined.changes
    # The engines of 2018 are gone from the pair; the sixteen orders of others are not.
    assert (change.new, change.revised, change.gone, change.where) == (
        0, 1, 1, "RUS CHN aircraft 2018: 230 → 90"
    )  # fmt: skip
    assert "used for the orders of its 1 pair in the sample" in added.examined.notes[0]
    layered = kept.layers(small_panel, store)
    assert orders_to(layered, "CHN") == {2018: (90.0, "2022-06-01")}
    assert orders_to(layered, "IND") == {1955: (144.0, "2022-03-14"), 2018: (70.0, "2022-03-14")}
    before = datetime.date(2022, 5, 31)
    assert orders_to(layered, "CHN", before) == {2018: (260.25, "2022-03-14")}
    found = assemble(None, layered)["ordered_tiv"].sel(supplier="RUS", year=2018)
    assert found.sel(recipient=["CHN", "IND", "PAK"]).values.tolist() == [90.0, 70.0, 0.0]


def test_a_part_of_a_register_that_is_known_whole_adds_nothing(small_panel, put, store):
    whole = put("whole.csv", samples.register_of_all((*samples.REGISTER_ROWS, *INDIA)))
    plain_add([whole], store, small_panel)
    text = samples.register_of("from Russia to China", PAIR, day="14 Mar 2022")
    added = plain_add([put("part.csv", text)], store, small_panel)
    assert added.folder is None
    assert "part.csv: the whole register of 2022-03-14 is known: a part of it adds nothing" in (
        added.examined.notes
    )


def test_parts_of_one_day_are_added_pair_by_pair(small_panel, put, store):
    china = samples.register_of("from Russia to China", PAIR, day="1 Jun 2022")
    india = samples.register_of("from Russia to India", INDIA, day="1 Jun 2022")
    plain_add([put("china.csv", china), put("india.csv", india)], store, small_panel)
    layered = kept.layers(small_panel, store)
    assert orders_to(layered, "CHN") == {2018: (90.0, "2022-06-01")}
    assert orders_to(layered, "IND") == {2018: (70.0, "2022-06-01")}
    more = samples.register_of("from Russia to India", (*INDIA, INDIA[0].replace("2018", "2017")),
                               day="1 Jun 2022")
    with pytest.raises(examination.Refused, match="the pair is taken whole from one file"):
        plain_add([put("more.csv", more)], store, small_panel)


# What can come between --------------------------------------------------------------------------

ADD = """
import datetime, os, signal, sys
from pathlib import Path
from crossover.data import additions
panel, store, file, at = sys.argv[1:]
count = 0
def dying(function):
    def call(*args, **options):
        global count
        count += 1
        if count == int(at):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **options)
    return call
os.fsync, os.open, os.mkdir = dying(os.fsync), dying(os.open), dying(os.mkdir)
os.rename = dying(os.rename)
Path.rename, Path.mkdir = dying(Path.rename), dying(Path.mkdir)
additions.add([Path(file)], Path(store), Path(panel), today=datetime.date(2024, 6, 1), say=print)
print(count)
"""


def child(panel, store, file, at=0, **options):
    words = [sys.executable, "-c", ADD, str(panel), str(store), str(file), str(at)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, **options)


def test_a_kill_between_any_two_writes_leaves_all_or_nothing(small_panel, put, store, tmp_path):
    """Killed with -9 before each system call that changes the disk, in turn."""
    path = put("new.csv", NEXT)
    plain_add([put("votes_aug2022.csv", samples.VOTES)], store, small_panel)
    before = state(store)
    whole = shutil.copytree(store, tmp_path / "whole")
    steps = int(child(small_panel, whole, path).communicate()[0].split()[-1])
    assert steps >= 8
    expected = {t: sorted(read(t, kept.layers(small_panel, whole))) for t in TABLES}
    seen = set()
    for at in range(1, steps + 1):
        one = shutil.copytree(store, tmp_path / f"killed_at_{at}")
        killed = child(small_panel, one, path, at)
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL
        layered = kept.layers(small_panel, one)
        assert before.items() <= state(one).items()
        seen.add(len(layered))
        if len(layered) == 3:
            assert {t: sorted(read(t, layered)) for t in TABLES} == expected
        plain_add([path], one, small_panel)
        layered = kept.layers(small_panel, one)
        assert len(layered) == 3
        assert {t: sorted(read(t, layered)) for t in TABLES} == expected
        assert list((one / "panel").glob(".*.part")) == []
    assert seen == {2, 3}


def test_the_next_call_says_what_a_broken_off_one_left_and_adds_it_whole(small_panel, put, store):
    path = put("new.csv", NEXT)
    for at in range(1, 20):
        child(small_panel, store, path, at).communicate()
        if list((store / "panel").glob(".*.part/*")):
            break
    told = []
    added = plain_add([path], store, small_panel, say=told.append)
    assert len(told) == 1 and "was broken off before it was whole" in told[0]
    assert added.folder is not None and len(kept.listing(store)) == 1


def test_two_processes_adding_at_once_double_nothing(small_panel, put, store):
    path, votes = put("new.csv", NEXT), put("votes_aug2022.csv", samples.VOTES)
    running = [child(small_panel, store, file) for file in (path, votes, path, votes)]
    for process in running:
        process.communicate()
        assert process.returncode == 0
    assert len(kept.listing(store)) == 2
    added = [row for a in kept.listing(store) for row in a.rows.items()]
    assert sorted(r for r in added if r[0] in ("transfers", "votes")) == [
        ("transfers", 7), ("votes", 2)
    ]


def test_a_writer_that_does_not_end_is_waited_for_and_then_named(
    small_panel, put, store, monkeypatch
):
    told, clock = [], itertools.count()
    with additions.locked(store):
        # A clock that moves on when it is looked at, and a sleep that takes no time.
        still = types.SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None)
        monkeypatch.setattr(additions, "time", still)
        with pytest.raises(InputError, match="another process is adding to this store"):
            additions.add(
                [put("new.csv", NEXT)], store, small_panel, today=TODAY, wait=9.0, say=told.append
            )
    assert len(told) == 1 and "waiting" in told[0]
    assert plain_add([put("new.csv", NEXT)], store, small_panel).folder is not None


def test_a_full_disk_leaves_nothing(small_panel, put, store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        plain_add([put("new.csv", NEXT)], store, small_panel)
    monkeypatch.undo()
    assert state(store) == {}


def test_a_damaged_addition_is_named_not_skipped(small_panel, put, store):
    added = plain_add([put("new.csv", NEXT)], store, small_panel).folder
    assert kept.damaged(store) == []
    (added / "transfers.csv.gz").write_bytes(b"")
    (broken,) = kept.damaged(store)
    assert "has changed since it was added" in broken.rule
    (added / "transfers.csv.gz").unlink()
    with pytest.raises(InputError, match=r"transfers\.csv\.gz: the addition is damaged"):
        kept.layers(small_panel, store)
    (added / kept.INDEX).write_text("{")
    with pytest.raises(InputError, match="its index cannot be read"):
        kept.layers(small_panel, store)


def test_additions_made_in_one_second_keep_their_order(small_panel, put, store):
    for n, value in enumerate((2.5, 2.6, 2.7)):
        page = samples.api_page([samples.api_row("CHN", 2020, value)], updated=f"2023-0{n + 1}-01")
        plain_add([put(f"{n}.json", json.dumps(page))], store, small_panel)
    names = [a.files[0]["name"] for a in kept.listing(store)]
    assert names == ["0.json", "1.json", "2.json"]


# The real ones ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_base_of_2024_and_all_later_files_make_the_shipped_panel(raw, tmp_path):
    """What a user has after two years of adding is what a fresh build would give."""
    early = tmp_path / "early"
    early.mkdir()
    for name in (
        "sipri/delivery_lines_2024-04-13.csv.gz",
        "sipri/delivery_lines_1950-1989_2024-04-16.csv.gz",
        "sipri/official_milex_2024-04.xlsx",
        "worldbank/oecd_gerd_2023-05.csv",
    ):
        (early / name.split("/")[1]).write_bytes((raw / name).read_bytes())
    base, store = build(early, tmp_path / "base").folder, tmp_path / "store"
    for name in (
        "sipri/official_export_deliveries_2026-02-12.csv",
        "sipri/official_milex_2025-04.xlsx",
        "sipri/official_export_trade_register_2025-03-13.csv",
        "worldbank/wdi_vintages_long.csv.gz",
        "sipri/delivery_lines_2025-01-03.csv.gz",
        "partnership/unga_idealpoints_jul2025.csv.gz",
        "sipri/yearly_lines_2026-06-16.csv.gz",
        "sipri/official_export_trade_register_2026-05-18.csv",
        "worldbank/official_download_GB.XPD.RSDV.GD.ZS_2026-07.csv",
    ):
        assert additions.add([raw / name], store, base).folder is not None
    ours, shipped = assemble(None, kept.layers(base, store)), assemble()
    for name in ("tiv_domain", "ordered_tiv", "rd_share", "gdp", "milex", "ideal_point"):
        assert ours[name].equals(shipped[name]), name


def test_ctrl_c_while_writing_leaves_nothing(small_panel, put, store, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(additions.whole, "flush", stop)
    with pytest.raises(KeyboardInterrupt):
        plain_add([put("new.csv", NEXT)], store, small_panel)
    assert [path.name for path in (store / "panel").iterdir()] == [kept.LOCK]
