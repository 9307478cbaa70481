"""Nothing is lost and nothing mixed, whatever fails at whichever write."""

import os
import random
import resource
import shutil
import signal
from collections import Counter

import numpy as np
import pytest
import xarray as xr

from crossover.data import examination
from crossover.forecast import draws
from tests.test_house import SOURCES
from tests.trust import deeds, faults, watched

SAMPLED = 40
"""Points of the fast lane; the slow lane takes all."""
LEAST = 200


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, small_panel):
    """Return a folder with each deed's store as it is before, and how often each writes."""
    base = tmp_path_factory.mktemp("before")
    deeds.research(base)
    known = (small_panel,)
    deeds.EXAMINED[:] = [examination.examine([base / "rd.json"], known)]
    writes = {}
    for name, deed in deeds.DEEDS.items():
        before = base / name
        before.mkdir()
        deed.prepare(before)
        trial = shutil.copytree(before, base / f"trial {name}")
        code, writes[name] = faults.forked(trial, "none", faults.NEVER, deed.act)
        assert code == faults.DONE and deed.look(trial) == deed.states[-1]
    return base, writes


def points(writes):
    """Return every deed, kind of fault, and write to strike at."""
    return [
        (name, kind, at)
        for name, count in writes.items() for kind in faults.KINDS for at in range(1, count + 1)
    ]  # fmt: skip


def strike(base, folder, name, kind, at):
    """Do a deed with a fault, and return how its process ended; what is left must be allowed."""
    deed = deeds.DEEDS[name]
    root = shutil.copytree(base / name, folder)
    code, _ = faults.forked(root, kind, at, deed.act)
    assert code != faults.TRACEBACK, "a traceback"
    if kind == "vanished":
        shutil.rmtree(root, ignore_errors=True)
        return code
    found = deed.look(root)
    assert found in deed.states, f"left: {found}"
    assert code != faults.DONE or found == deed.states[-1], f"done, and there is: {found}"
    shutil.rmtree(root)
    return code


def strike_all(base, folder, chosen):
    """Strike at points; return how many processes ended how."""
    ends = Counter()
    for name, kind, at in chosen:
        try:
            ends[strike(base, folder / "store", name, kind, at)] += 1
        except Exception as error:
            raise AssertionError(f"{name}, {kind} at write {at}: {error}") from error
    return ends


def test_some_faults_lose_and_mix_nothing(prepared, tmp_path, capsys):
    base, writes = prepared
    every = points(writes)
    assert len(every) >= LEAST
    chosen = random.Random(1).sample(every, SAMPLED)
    ends = strike_all(base, tmp_path, chosen)
    with capsys.disabled():
        print(f"\n{sum(ends.values())} of {len(every)} points struck: {dict(ends)}")


@pytest.mark.slow
def test_no_fault_at_any_write_loses_or_mixes_anything(prepared, tmp_path, capsys):
    base, writes = prepared
    every = points(writes)
    ends = strike_all(base, tmp_path, every)
    with capsys.disabled():
        print(f"\nwrites: {writes}\n{len(every)} points struck: {dict(ends)}")
    assert sum(ends.values()) == len(every) >= LEAST


def test_a_fit_that_was_sealed_survives_every_kill(prepared, tmp_path):
    base, writes = prepared
    deed = deeds.DEEDS["run"]
    kept = []
    for at in range(1, writes["run"] + 1, 3):
        root = shutil.copytree(base / "run", tmp_path / str(at))
        faults.forked(root, "power", at, deed.act)
        kept.append(deed.look(root))
    # Nothing, then the fit, then all: never less again.
    order = [deed.states.index(state) for state in kept]
    assert order == sorted(order) and {0, 1} <= set(order)


def test_a_fault_is_found_if_a_write_is_not_flushed(prepared, tmp_path, monkeypatch):
    """The harness sees what it is for: without flushes a power cut leaves a torn run."""
    from crossover.data import whole

    base, writes = prepared
    monkeypatch.setattr(whole, "flush_all", lambda folder: None)
    deed, seen = deeds.DEEDS["run"], set()
    for at in range(1, writes["run"] + 1):
        root = shutil.copytree(base / "run", tmp_path / str(at))
        faults.forked(root, "power", at, deed.act)
        try:
            seen.add(deed.look(root))
        except Exception as error:
            seen.add(type(error).__name__)
    assert "InputError" in seen


def test_two_processes_do_not_mix_what_they_make_of_one_run(prepared, tmp_path):
    base, _ = prepared
    root = shutil.copytree(base / "forecast of another pair again", tmp_path / "store")
    for _ in range(5):
        children = []
        for act in (deeds.pair, deeds.own, deeds.score):
            child = os.fork()
            if not child:
                code = 1
                try:
                    for _ in range(5):
                        act(root)
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert ends == [0, 0, 0]
        assert deeds.look_run(root) == "new"
        assert (deeds.run_folder(root) / "track_record.json").is_file()


def test_draws_for_which_there_is_no_room_are_refused(tmp_path):
    """In a way that commands turn into one line, as they do not what HDF5 itself makes of it."""
    found = xr.Dataset({"a": ("x", np.random.default_rng(1).random(10**6))})

    def write():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with pytest.raises(OSError, match="File too large") as error:
            draws.store(found, tmp_path / "a.nc")
        assert error.value.strerror

    assert watched.watch(write, 60).kind == watched.READ
    assert list(tmp_path.iterdir()) == []


def test_draws_are_written_in_one_place():
    assert [p.name for p in SOURCES if ".to_netcdf(" in p.read_text("utf-8")] == ["draws.py"]
