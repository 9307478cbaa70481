"""Call something in a process of its own, so that what it takes in time and memory is known."""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from crossover.data.errors import InputError

READ, REFUSED, TRACEBACK, HANG, KILLED = "read", "refused", "traceback", "hang", "killed"
CEILING = 4 << 30
"""Bytes of address space of a child: more than it may take, less than the machine has."""


@dataclass(frozen=True)
class Outcome:
    """How a call ended, what it said, and what it took: seconds of a core, MiB more than before."""

    kind: str
    said: str
    seconds: float
    mib: float


def watch(call: Callable[[], object], seconds: int = 10) -> Outcome:
    """Return how a call ends in a forked process, killed when it takes more seconds of a core.

    One that waits for something is killed after four times as many, by the clock.
    """
    start = time.monotonic()
    into, out = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(into)
        _run(call, out, seconds)
    os.close(out)
    ready, _, _ = select.select([into], [], [], 4.0 * seconds)
    content = b""
    if not ready:
        os.kill(child, signal.SIGKILL)
    else:
        while piece := os.read(into, 65_536):
            content += piece
    os.close(into)
    _, status, used = os.wait4(child, 0)
    if not content:
        waited = not ready or os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return Outcome(HANG if waited else KILLED, "", time.monotonic() - start, 0.0)
    kind, said, mib = pickle.loads(content)
    return Outcome(kind, said, used.ru_utime + used.ru_stime, mib)


def _run(call: Callable[[], object], out: int, seconds: int) -> None:
    """Do the call, send how it ended and leave at once; never returns."""
    code = 1
    try:
        before = _peak()
        resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        try:
            found = call()
            kind, said = READ, str(found)[:200]
        except InputError as error:
            kind, said = REFUSED, str(error)
        except BaseException:
            kind, said = TRACEBACK, traceback.format_exc()[-3000:]
        os.write(out, pickle.dumps((kind, said[:20_000], _peak() - before)))
        code = 0
    finally:
        os._exit(code)


def _peak() -> float:
    """Return the most memory that this process has held, in MiB.

    A child begins at its parent's peak, so the counter is of growth only: reset where it can be.
    """
    with open("/proc/self/status", encoding="ascii") as lines:
        found = next(line for line in lines if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024
