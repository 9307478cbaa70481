"""What the ledger shows of being emptied, cut, exchanged or written anew, by the runs beside it."""

import contextlib
import json
import shutil
import sqlite3

import pytest

from crossover.data.errors import InputError
from crossover.data.names import FIRST_PASSAGE
from crossover.forecast import ledger, ledger_file, runs, scoring, seal
from tests.synthetic import make_run


@pytest.fixture(scope="module")
def entered(tmp_path_factory):
    """Return a store with two invented runs, both entered; whether they hold is not asked here."""
    from crossover.forecast import verify

    store = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "hold_all", lambda *given: None)
        for n in (1, 2):
            run = make_run(store / runs.RUNS / f"2026010{n}-000000-aaaa", draws=20)
            said = runs.read(run) | {"id": run.name, "supplier": "RUS", "recipient": "CHN"}
            seal.close(run, said, "run.json")
            ledger.enter(store, run)
    return store


@pytest.fixture
def store(entered, tmp_path):
    return shutil.copytree(entered, tmp_path / "store")


@contextlib.contextmanager
def by_force(store):
    """Give a connection to a ledger whose triggers are gone."""
    with contextlib.closing(sqlite3.connect(ledger_file.path(store))) as connection:
        for trigger in ("never_changed", "never_deleted", "only_appended"):
            connection.execute(f"DROP TRIGGER {trigger}")
        yield connection
        connection.commit()


def test_each_run_notes_where_the_ledger_stood(store):
    first, second = (runs.read(run)["ledger"] for run in runs.listing(store))
    assert first["entries"] == 88 and second == ledger_file.standing(store)
    assert ledger.verify(store) == []


def test_a_ledger_emptied_to_zero_bytes_is_said_to_be_so(store):
    ledger_file.path(store).write_bytes(b"")
    for ask in (ledger.verify, ledger_file.entries, ledger_file.standing):
        with pytest.raises(InputError, match=r"ledger\.sqlite: is empty, .* it was emptied"):
            ask(store)
    with pytest.raises(InputError, match="is empty"), ledger_file.writing(store):
        pass


def test_a_torn_ledger_is_said_to_be_damaged(store):
    content = ledger_file.path(store).read_bytes()
    ledger_file.path(store).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"ledger\.sqlite: "):
        ledger.verify(store)


def test_a_ledger_that_is_gone_is_missed_by_its_runs(store):
    ledger_file.path(store).unlink()
    faults = ledger.verify(store)
    assert len(faults) == 2 and "notes 88 entries of this ledger, which holds 0" in faults[0]


def test_a_cut_end_is_missed(store):
    with by_force(store) as connection:
        connection.execute("DELETE FROM entries WHERE seq > 100")
    assert any("its end was cut off" in each for each in ledger.verify(store))


def test_a_chain_written_anew_is_noticed(store):
    """Every entry is changed and every hash made to fit: the chain itself is sound."""
    rows = ledger_file.raw_rows(store)
    previous = ""
    with by_force(store) as connection:
        for row in rows:
            said = json.loads(row["forecast"])
            if row["kind"] == FIRST_PASSAGE:
                said["probability"] = dict.fromkeys(said["probability"], 0.99)
            row |= {"forecast": ledger_file.text_of(said), "previous": previous}
            row["hash"] = previous = ledger_file.digest(row)
            connection.execute(
                "UPDATE entries SET forecast = :forecast, previous = :previous, hash = :hash "
                "WHERE seq = :seq", row,
            )  # fmt: skip
    assert ledger._chain(ledger_file.raw_rows(store)) == []
    assert all("written anew" in each for each in ledger.verify(store))
    assert len(ledger.verify(store)) == 2


def test_another_database_is_no_ledger(store):
    ledger_file.path(store).unlink()
    with contextlib.closing(sqlite3.connect(ledger_file.path(store))) as connection:
        connection.execute("CREATE TABLE mine (x)")
        connection.commit()
    with pytest.raises(InputError, match="is a database, and no ledger"):
        ledger.verify(store)


def test_a_ledger_of_the_future_is_refused_by_name(store):
    with contextlib.closing(sqlite3.connect(ledger_file.path(store))) as connection:
        connection.execute("PRAGMA user_version = 9")
        connection.commit()
    with pytest.raises(InputError, match=r"format 9; .* use the version of crossover that wrote"):
        ledger_file.entries(store)


def test_an_impossible_entry_of_an_earlier_version_is_named_and_never_scored(store):
    with by_force(store) as connection:
        connection.execute(
            "UPDATE entries SET forecast = replace(forecast, '\"2030\":', '\"2030\":null,\"x\":') "
            "WHERE kind = 'first_passage'"
        )
    found = ledger.impossible(store)
    assert found and "never scored" in found[0]
    held = [entry for entry in ledger_file.entries(store) if entry.kind == FIRST_PASSAGE]
    assert held and not any(map(scoring._scored, held))
