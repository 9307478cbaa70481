"""The ledger: entered once, never changed, whole or nothing, whoever else is writing."""

import itertools
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3

import numpy as np
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import FIRST_PASSAGE, QUANTITY, STATE
from crossover.forecast import ledger, ledger_file, runs
from tests.synthetic import make_run

QUESTIONS = 3 * (6 + 2 * 10 + 2) + 4
"""Of the invented run: three kinds of events, two by domain, two joint ones; quantities."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("ledger") / "run", draws=30)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def copy(run, tmp_path, **changes):
    """Return a copy of a run whose record says something else."""
    folder = shutil.copytree(run, tmp_path / "copy")
    said = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(said | changes))
    return folder


def test_every_question_of_a_run_is_entered_once(run, store):
    assert ledger.enter(store, run) == (QUESTIONS, 0, "")
    assert ledger.enter(store, run) == (0, QUESTIONS, "")
    found = ledger_file.entries(store)
    assert [e.seq for e in found] == list(range(1, QUESTIONS + 1))
    assert {(e.question, e.country) for e in found if e.kind == QUANTITY} == {
        ("deliveries", ""), ("imports", "CHN"), ("exports", "RUS"), ("exports", "CHN")
    }
    assert {e.run for e in found} == {"synthetic-0001"}
    assert {(e.supplier, e.recipient, e.origin, e.as_of) for e in found} == {
        ("RUS", "CHN", 2024, "2026-04-30")
    }
    assert ledger.verify(store) == []


def test_what_is_entered_is_what_the_run_said(run, store):
    ledger.enter(store, run)
    found = {(e.question, e.kind, e.country): e for e in ledger_file.entries(store)}
    with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as opened:
        futures = opened.load()
    entry = found["exports", QUANTITY, "CHN"]
    levels, values = entry.forecast["levels"], entry.forecast["quantiles"]["2030"]
    draws = futures["exports"].sel(supplier="CHN", year_future=2030).values.ravel()
    assert levels[19] == 0.5
    assert values == pytest.approx(np.quantile(draws, levels), rel=1e-5)
    event = found["capacity_crossover", FIRST_PASSAGE, ""].forecast
    state = found["capacity_crossover", STATE, ""].forecast
    for each in (event, state):
        assert set(map(int, each["probability"])) == set(range(2024, 2051))
    assert state["probability"]["2040"] < event["probability"]["2040"] and "timing" not in state
    assert event["timing"]["horizon"] == 2050
    assert entry.draws == futures.sizes["draw"]


def test_contested_orders_are_entered_with_their_markets(run, store, tmp_path):
    folder = copy(run, tmp_path)
    table = (folder / "events.csv").read_text().splitlines()
    own = [row.replace("capacity_crossover,", "contested_orders,") for row in table
           if row.startswith("capacity_crossover,")]  # fmt: skip
    (folder / "events.csv").write_text("\n".join([*table, *own]) + "\n")
    (folder / runs.MARKETS_FILE).write_text("market,name\nEGY,Egypt\nSAU,Saudi Arabia\n")
    ledger.enter(store, folder)
    found = [e for e in ledger_file.entries(store) if e.question == "contested_orders"]
    assert found and all(e.forecast["markets"] == ["EGY", "SAU"] for e in found)
    others = [e for e in ledger_file.entries(store) if e.question != "contested_orders"]
    assert all("markets" not in e.forecast for e in others)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"quick": True}, "quick run"), ({"gate": {"passed": False}}, "has not passed the gate"),
     ({"gate": None}, "has not passed the gate")],
)
def test_a_run_that_may_not_be_published_is_not_entered(run, store, tmp_path, changes, said):
    done = ledger.enter(store, copy(run, tmp_path, **changes))
    assert (done.new, done.held) == (0, 0) and said in done.refused
    assert ledger_file.entries(store) == [] and not store.exists()


def test_a_run_whose_numbers_have_changed_since_is_refused(run, store, tmp_path):
    ledger.enter(store, run)
    other = copy(run, tmp_path, as_of="2026-05-01")
    with pytest.raises(InputError, match=r"was entered with other numbers; .* make a new run"):
        ledger.enter(store, other)
    assert len(ledger_file.entries(store)) == QUESTIONS and ledger.verify(store) == []


def test_draws_that_are_not_on_record_are_refused(run, store, tmp_path):
    other = copy(run, tmp_path, hashes={"forecast": "00"})
    with pytest.raises(InputError, match="the draws are not those on the run's record"):
        ledger.enter(store, other)
    assert ledger_file.entries(store) == []


def test_other_pairs_are_entered_when_their_own_gate_passed(run, store, tmp_path):
    both = copy(run, tmp_path)
    for name, passed in (("FRA-VNM", True), ("RUS-IND", False)):
        folder = both / "pairs" / name
        kind = "undefined" if name == "FRA-VNM" else "plain"
        make_run(folder, kind, draws=10)
        (folder / "gate.json").write_text(json.dumps({"passed": passed}))
    ledger.enter(store, both)
    pairs = {(e.supplier, e.recipient) for e in ledger_file.entries(store)}
    assert pairs == {("RUS", "CHN"), ("FRA", "VNM")}


def connect(store):
    return sqlite3.connect(ledger_file.path(store))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET forecast = '{}' WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 7",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE seq = 1",
        "INSERT INTO entries SELECT 9, 'x', kind, question, country, domain, supplier, recipient,"
        " scenario, origin, as_of, vintages, forecast, draws, draws_hash, created, entered,"
        " previous, 'h' FROM entries WHERE seq = 1",
    ],
)
def test_the_file_itself_refuses_changes(run, store, statement):
    ledger.enter(store, run)
    before = ledger_file.entries(store)
    with connect(store) as connection, pytest.raises(sqlite3.DatabaseError):
        connection.execute(statement)
    assert ledger_file.entries(store) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE entries SET forecast = replace(forecast, '2030', '2031') WHERE seq = 2",
         "entry 2 (capacity_crossover of run synthetic-0001) was changed"),
        ("UPDATE entries SET draws = draws + 1 WHERE seq = 5", "entry 5"),
        ("DELETE FROM entries WHERE seq = 3", "should: entries are missing"),
    ],
)
def test_a_file_changed_by_force_shows_it(run, store, statement, said):
    ledger.enter(store, run)
    last = ledger_file.head(store)
    with connect(store) as connection:
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("DROP TRIGGER never_deleted")
        connection.execute(statement)
    assert any(said in each for each in ledger.verify(store))
    assert ledger_file.head(store) == last


def test_the_last_hash_shows_a_cut_end(run, store):
    ledger.enter(store, run)
    last = ledger_file.head(store)
    with connect(store) as connection:
        connection.execute("DROP TRIGGER never_deleted")
        connection.execute(f"DELETE FROM entries WHERE seq = {QUESTIONS}")
    assert ledger.verify(store) == [] and ledger_file.head(store) != last


def enter(store, run, at=0):
    """Enter a run; with `at`, killed as that entry of it is hashed."""
    real, count = ledger.digest, itertools.count(1)

    def dying(row):
        if next(count) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(row)

    ledger.digest = dying
    ledger.holding.hold_all = lambda *given: None
    ledger.enter(store, run)


@pytest.fixture(scope="module")
def child():
    """Return a function that starts a process which enters a run.

    Forked from a process that has imported what it takes, which is most of the work.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "h5netcdf", "pandas", "scipy.stats"])

    def start(*given):
        process = context.Process(target=enter, args=given)
        process.start()
        return process

    return start


@pytest.mark.parametrize("at", [1, 5, QUESTIONS])
def test_a_kill_while_entering_leaves_nothing_of_the_run(run, store, child, at):
    killed = child(store, run, at)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert ledger_file.entries(store) == []
    assert ledger.enter(store, run).new == QUESTIONS and ledger.verify(store) == []


def test_two_processes_entering_at_once_double_nothing(run, store, tmp_path, child):
    other = copy(run, tmp_path, id="synthetic-0002")
    running = [child(store, each) for each in (run, other, run, other)]
    for process in running:
        process.join()
        assert process.exitcode == 0
    assert len(ledger_file.entries(store)) == 2 * QUESTIONS and ledger.verify(store) == []


def test_a_ledger_that_another_holds_is_named(run, store, monkeypatch):
    ledger.enter(store, run)
    monkeypatch.setattr(ledger_file, "WAIT", 0.05)
    holder = sqlite3.connect(ledger_file.path(store), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(InputError, match="another process has been writing"):
        ledger.enter(store, run)
    holder.close()


@pytest.mark.parametrize("content", [b"no ledger" * 100, b"SQLite format 3\0" + b"\xa5" * 4000])
def test_a_file_that_is_no_ledger_is_named(run, store, content):
    store.mkdir()
    ledger_file.path(store).write_bytes(content)
    with pytest.raises(InputError, match=r"ledger\.sqlite: "):
        ledger_file.entries(store)
    with pytest.raises(InputError, match=r"ledger\.sqlite: "):
        ledger.enter(store, run)


def test_a_run_without_a_forecast_cannot_be_entered(run, store, tmp_path):
    other = copy(run, tmp_path)
    (other / "forecast.nc").unlink()
    with pytest.raises(InputError, match=r"forecast\.nc: the run holds no forecast"):
        ledger.enter(store, other)


def test_no_ledger_yet_is_an_empty_one(store):
    assert ledger_file.entries(store) == [] and ledger.verify(store) == []
    assert ledger_file.head(store) == ""


def test_what_rests_on_a_scenario_is_not_entered(run, store, tmp_path):
    folder = copy(run, tmp_path, id="with scenarios")
    for name in ("events.csv", "timing.csv"):
        lines = (folder / name).read_text().splitlines()
        other = [line.replace(",baseline,", ",peace,") for line in lines[1:]]
        (folder / name).write_text("\n".join([*lines, *other]) + "\n")
    assert ledger.enter(store, folder).new == QUESTIONS
    assert {e.scenario for e in ledger_file.entries(store)} == {"baseline"}


# What was entered before there were kinds ---------------------------------------------------------


def as_before(store):
    """Turn a ledger into one of the format before: first passages, as `event`, and quantities."""
    kept = [row for row in ledger_file.raw_rows(store) if row["kind"] in (FIRST_PASSAGE, QUANTITY)]
    ledger_file.path(store).unlink()
    allowed = f"'{ledger_file.EVENT}', '{QUANTITY}'"
    now = ledger_file.SCHEMA
    kinds = now[now.index("(kind IN (") : now.index("))", now.index("(kind IN (")) + 2]
    schema = now.replace(kinds, f"(kind IN ({allowed}))").replace("question, kind,", "question,")
    now, before = ledger_file.VERSION, ledger_file.BEFORE
    schema = schema.replace(f"user_version = {now}", f"user_version = {before}")
    previous = ""
    with connect(store) as connection:
        for statement in ledger_file._statements(schema):
            connection.execute(statement)
        for seq, row in enumerate(kept, start=1):
            kind = ledger_file.EVENT if row["kind"] == FIRST_PASSAGE else QUANTITY
            row |= {"seq": seq, "kind": kind, "previous": previous}
            row["hash"] = previous = ledger_file.digest(row)
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"INSERT INTO entries ({', '.join(row)}) VALUES ({marks})", list(row.values())
            )
    return len(kept)


def test_what_was_entered_before_there_were_kinds_is_of_first_passage(run, store):
    ledger.enter(store, run)
    held = {e.forecast["probability"]["2040"] for e in ledger_file.entries(store)
            if (e.question, e.kind) == ("independence", FIRST_PASSAGE)}  # fmt: skip
    count = as_before(store)
    found = ledger_file.entries(store)
    assert len(found) == count and ledger.verify(store) == []
    assert {e.kind for e in found} == {FIRST_PASSAGE, QUANTITY}
    now = {e.forecast["probability"]["2040"] for e in found if e.question == "independence"}
    assert now == held


def test_an_old_ledger_goes_on_with_its_entries_to_the_letter(run, store):
    ledger.enter(store, run)
    count = as_before(store)
    before, last = ledger_file.raw_rows(store), ledger_file.head(store)
    # States and lasting ones are new; first passages and quantities are there already.
    assert ledger.enter(store, run) == (QUESTIONS - count, count, "")
    after = ledger_file.raw_rows(store)
    assert after[:count] == before and after[count]["previous"] == last
    assert ledger.verify(store) == []
    with connect(store) as connection, pytest.raises(sqlite3.DatabaseError):
        connection.execute("DELETE FROM entries WHERE seq = 1")
