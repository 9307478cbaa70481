"""Runs and stores of earlier formats are opened, or refused by name with the way forward."""

import shutil
from pathlib import Path

import pytest

from crossover.data import kept
from crossover.data.errors import InputError
from crossover.forecast import ledger, ledger_file, runs, seal, verify
from crossover.reports import payload
from tests.trust import deeds

OLD = Path(__file__).with_name("old")


def test_a_run_of_format_1_is_refused_with_the_way_forward(tmp_path):
    run = shutil.copytree(OLD / "run-1", tmp_path / "run")
    assert seal.FORMAT == 2, "keep a small run of the format that is old now in tests/trust/old"
    for ask in (verify.hold, lambda run: ledger.enter(tmp_path / "store", run)):
        with pytest.raises(InputError, match=r"run\.json: has no seal, .* 'crossover resume "):
            ask(run)
    with pytest.raises(InputError, match=r"run\.json: has no seal|missing|not there|no such"):
        payload.collect(run)
    assert not ledger_file.path(tmp_path / "store").exists()
    # What it says of itself can still be read.
    assert runs.own_pair(runs.read(run)) == ("RUS", "CHN")


@pytest.mark.parametrize("version", [1, 2])
def test_a_ledger_of_either_format_is_read_and_goes_on(tmp_path, version):
    store = tmp_path / "store"
    deeds.publishable(store)
    shutil.copy(OLD / f"ledger-{version}.sqlite", ledger_file.path(store))
    before = ledger_file.raw_rows(store)
    assert len(before) == 5 and ledger.verify(store) == []
    deeds.enter(store)
    assert ledger_file.raw_rows(store)[:5] == before and ledger.verify(store) == []


def test_an_addition_of_format_1_is_read(tmp_path):
    store = tmp_path / "store"
    shutil.copytree(OLD / "additions", store / kept.FOLDER)
    (added,) = kept.listing(store)
    assert added.rows and kept.damaged(store) == []
    assert kept.layers(None, store)[1:] == (added.folder,)
