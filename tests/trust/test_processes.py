"""No process that a command started outlives it, however the command ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

WORKING = """
import sys, time
from crossover.forecast import cluster
with cluster.client(1, None) as connected:
    future = connected.submit(__import__("os").getpid)
    print(future.result(), flush=True)
    time.sleep(600)
"""


def alive(pid):
    """Say whether a process is there, and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    """Return all processes below a process."""
    found = []
    for each in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{each}/stat") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(each), *children(int(each))]
    return found


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="no list of processes to look at")
def test_workers_end_when_their_parent_is_killed():
    main = subprocess.Popen([sys.executable, "-c", WORKING], stdout=subprocess.PIPE, text=True)
    worker = int(main.stdout.readline())
    below = children(main.pid)
    assert worker in below and alive(worker)
    main.send_signal(signal.SIGKILL)
    main.wait()
    end = time.monotonic() + 60
    while any(map(alive, below)) and time.monotonic() < end:
        time.sleep(0.2)
    assert not any(map(alive, below))
