"""Tasks on a real scheduler and real workers, each a process of its own on this machine.

What is computed is a stand-in that costs nothing; that workers die is real.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import distributed
import pytest

from crossover.data.errors import InputError
from crossover.forecast import cluster

ROOT = Path(__file__).parents[2]
SLOW_MACHINE = 600
"""Seconds to wait for a process to come up before giving up: a hundred times what it takes."""
FOREVER = 3600.0


def square(x, folder, stuck=None):
    """Note that it was begun and by whom, and return x² and the process; `stuck` never returns."""
    (Path(folder) / f"{x}-{os.getpid()}-{time.monotonic_ns()}").touch()
    if os.getpid() == stuck:
        time.sleep(FOREVER)
    return x * x, os.getpid()


def together(x, folder):
    """Return the process, once two processes are at it."""
    (Path(folder) / f"{x}-{os.getpid()}-{time.monotonic_ns()}").touch()
    wait_until(lambda: len({pid for _, pid in begun(folder)}) == 2)
    return os.getpid()


def fail(kind):
    raise {"input": InputError, "other": RuntimeError}[kind]("a reason")


def begun(folder):
    """Return (x, process) of every attempt."""
    return [tuple(map(int, p.name.split("-")[:2])) for p in Path(folder).iterdir()]


@contextlib.contextmanager
def process(*words):
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-m", *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True, env=env,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        child.stderr.close()


def wait_for(child, pattern):
    """Return what a process says of a pattern, once it does."""
    for line in child.stderr:
        if found := re.search(pattern, line):
            return found[0]
    raise AssertionError("ended before it came up")


def wait_until(true):
    end = time.monotonic() + SLOW_MACHINE
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def scheduler():
    """Return the address of a scheduler that has a worker, it, and what starts another."""
    with contextlib.ExitStack() as stack:
        words = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        child = stack.enter_context(process(*words, "--no-dashboard"))
        address = wait_for(child, r"tcp://127\.0\.0\.1:\d+")

        def worker(name):
            child = stack.enter_context(
                process(
                    "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1",
                    "--no-dashboard", "--name", name,
                )
            )  # fmt: skip
            wait_for(child, "Registered to")
            return child

        yield address, worker("first"), worker


def test_a_worker_killed_at_work_loses_nothing_and_what_it_did_is_not_done_twice(
    scheduler, tmp_path
):
    address, first, worker = scheduler
    second = worker("second")
    of = (str(tmp_path), second.pid)
    tasks = [cluster.Task(f"task-{k}", square, (k, *of)) for k in range(12)]
    came, said = {}, []

    def finished(name, result):
        came[name] = result
        if len(came) == 3:
            # The other is at work on something as it dies.
            wait_until(lambda: second.pid in [pid for _, pid in begun(tmp_path)])
            os.kill(second.pid, signal.SIGKILL)

    failed = cluster.run(tasks, finished, scheduler=address, say=said.append)
    assert failed == {}
    assert {name: value for name, (value, _) in came.items()} == {
        f"task-{k}": k * k for k in range(12)
    }
    assert {pid for _, pid in came.values()} == {first.pid}
    # What the dead one had at hand is begun again, and nothing else.
    assert len(begun(tmp_path)) == 13
    assert len(said) == 12
    assert re.fullmatch(r"12/12 task-\d+: \d+ s; about 0 min left", said[-1])
    assert second.wait() == -signal.SIGKILL


def test_a_task_that_fails_every_time_is_named_and_the_rest_is_done(scheduler, tmp_path):
    address, *_ = scheduler
    tasks = [
        cluster.Task("bad", fail, ("other",)),
        cluster.Task("good", square, (3, str(tmp_path))),
    ]
    came = {}
    said = []
    failed = cluster.run(tasks, came.__setitem__, scheduler=address, say=said.append)
    assert failed == {"bad": "RuntimeError: a reason"}
    assert came["good"][0] == 9
    assert any("bad: failed" in line for line in said)


def test_input_that_cannot_be_used_stops_all_with_its_own_words(scheduler):
    address, *_ = scheduler
    tasks = [cluster.Task("bad", fail, ("input",))]
    with pytest.raises(InputError, match="a reason"):
        cluster.run(tasks, print, scheduler=address, say=lambda _: None)


def test_workers_of_our_own_are_processes_apart(tmp_path):
    tasks = [cluster.Task(f"t{k}", together, (k, str(tmp_path))) for k in range(4)]
    came = {}
    assert cluster.run(tasks, came.__setitem__, workers=2, say=lambda _: None) == {}
    by = set(came.values())
    assert len(by) == 2
    assert os.getpid() not in by


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://here"])
def test_a_scheduler_that_does_not_answer_is_named(address, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(InputError, match="--scheduler"):
        cluster.run([cluster.Task("t", fail, ("other",))], print, scheduler=address)
    with pytest.raises(ValueError, match="No global client found"):
        distributed.get_client()


def test_each_worker_compiles_in_a_directory_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PYTENSOR_FLAGS", "floatX=float64,base_compiledir=elsewhere")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    monkeypatch.delitem(sys.modules, "pytensor", raising=False)
    folders = {cluster.own_compile_directory(name) for name in ("0", "1", "tcp://h:1")}
    assert len(folders) == 3
    assert all(tmp_path in folder.parents for folder in folders)
    flags = os.environ["PYTENSOR_FLAGS"].split(",")
    assert flags[0] == "floatX=float64"
    assert len(flags) == 2
    assert os.environ["NUMBA_CACHE_DIR"].startswith(str(tmp_path))
