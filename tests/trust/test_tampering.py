"""Nothing of a run that was changed is printed or entered; one line names the file."""

import json
import shutil

import pytest

from crossover.data.errors import InputError
from crossover.forecast import events, ledger, ledger_file, runs, verify, verify_tables
from tests.trust import sound
from tests.trust.tampering import EDITED, FORGED, PAIR


@pytest.fixture
def run(sound_run, tmp_path):
    return shutil.copytree(sound_run, tmp_path / "run")


def folder_of(run, tampering):
    """Return the folder whose forecast is asked for."""
    return (run / tampering.file).parent if "pairs" in tampering.file else run


def tampered(run, tampering):
    """Change a run, and return the folder that is to be printed."""
    tampering.act(run)
    if tampering.forged:
        sound.sealed(run)
    if tampering.file == "pairs/RUS-IND":
        return run / tampering.file
    return folder_of(run, tampering)


def test_a_run_that_holds_is_printed_and_entered(run, tmp_path):
    for folder in (run, run / PAIR):
        verify.hold(run, folder)
    done = ledger.enter(tmp_path / "store", run)
    assert done.new > 50 and not done.refused
    assert {e.supplier for e in ledger_file.entries(tmp_path / "store")} == {"RUS", "FRA"}
    assert runs.read(run)["ledger"] == ledger_file.standing(tmp_path / "store")
    verify.hold(run)


def test_an_event_that_came_later_makes_no_older_forecast_doubtful(sound_run, monkeypatch):
    """Only what a forecast has on record as known is asked of it; nothing on record: everything."""
    known = {"events": " ".join(events.EVENTS)}
    defined = {**events.DEFINITIONS, "later": events.DEFINITIONS["independence"]}
    monkeypatch.setattr(events, "DEFINITIONS", defined)
    monkeypatch.setattr(events, "EVENTS", tuple(defined))
    verify_tables.events_hold(sound_run, known)
    seed = runs.read(sound_run)["seed"]
    parts = verify_tables.every_table(sound_run, sound_run, seed, known)
    assert all("later" not in part for part in parts)
    for said in ({}, {"events": f"{known['events']} later"}):
        with pytest.raises(InputError, match=r"events\.csv.*lacks a row that follows"):
            verify_tables.events_hold(sound_run, said)


def test_there_are_at_least_33_kinds():
    names = [one.name for one in (*EDITED, *FORGED)]
    assert len(EDITED) >= 33 and len(set(names)) == len(names)


@pytest.mark.parametrize("tampering", EDITED + FORGED, ids=lambda one: one.name)
def test_what_was_changed_is_neither_printed_nor_entered(run, tmp_path, tampering):
    from crossover.reports import payload

    folder = tampered(run, tampering)
    pair = folder.name.split("-") if folder != run else (None, None)
    if not tampering.late:
        with pytest.raises(InputError) as printed:
            payload.collect(run, *pair)
        message = str(printed.value)
        assert tampering.file in message and "\n" not in message
    try:
        done = ledger.enter(tmp_path / "store", run)
    except InputError as error:
        assert tampering.file.rpartition("/")[2] in str(error) and "\n" not in str(error)
    else:
        # A pair whose verdict says nothing good is passed over, as a run is.
        assert done.refused or folder != run
        entered = {e.supplier for e in ledger_file.entries(tmp_path / "store")}
        assert folder == run or "FRA" not in entered
    assert folder != run or not ledger_file.path(tmp_path / "store").exists()


def test_a_pair_of_another_run_is_refused(run, tmp_path):
    other = shutil.copytree(run, tmp_path / "other")
    said = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(said | {"id": "another"}))
    sound.sealed(run)
    with pytest.raises(InputError, match=r"gate\.json: is of another run than another"):
        verify.hold(run, run / PAIR)
    verify.hold(other, other / PAIR)


def test_a_fit_that_was_changed_is_not_forecast_from(run):
    from crossover.forecast import stored_run

    stored_run.stored(run)
    with (run / "posterior.nc").open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    with pytest.raises(InputError, match=r"posterior\.nc: was changed after it was made"):
        stored_run.stored(run)


def test_what_this_process_made_is_not_computed_twice(run, monkeypatch):
    verify.made_here(runs.read(run))
    monkeypatch.setattr(verify, "every_table", None)
    verify.hold_all(run)
    # But it is hashed every time.
    (run / "causes.csv").write_text("side\n")
    with pytest.raises(InputError, match=r"causes\.csv: was changed"):
        verify.hold_all(run)
