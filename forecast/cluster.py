"""Many fits at once: tasks sent to the workers of a Dask scheduler, ours or any other.

A task is a function and its arguments, its result comes back to the caller, who keeps it: workers
share nothing but the installed package. One task runs at a time in a process, with a compile
directory of its own. A worker that is lost loses only the task at hand, which another one takes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crossover.data.errors import InputError, fault
from crossover.forecast.progress import beating
from crossover.models.folders import user_cache

RETRIES = 2
"""How often a task that raised is tried again."""
LOSSES = 5
"""How many workers may be lost under one task before it is given up."""
PATIENCE = 30
"""Seconds to wait for a scheduler to answer."""
_ONE_AT_A_TIME = threading.Lock()


class Task(NamedTuple):
    """A name, a function that workers can import, and its arguments."""

    name: str
    call: Callable[..., Any]
    args: tuple


def run(
    tasks: Sequence[Task],
    finished: Callable[[str, Any], None],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, str]:
    """Run tasks, and hand over each result as it comes.

    Parameters
    ----------
    tasks : What to do; names differ.
    finished : Called with the name and the result of each task, in the order in which they end.
    workers : Processes of a cluster on this machine, where no scheduler is given.
    scheduler : Address of a running Dask scheduler, as in tcp://host:8786.
    say : Told of each end, with what is done, how long it took and how long the rest may take.

    Returns
    -------
    dict : Name → what went wrong, of tasks that failed in every attempt.

    Raises
    ------
    InputError : If the scheduler does not answer, or a task says that its input cannot be used.
    """
    from distributed import as_completed

    failed: dict[str, str] = {}
    start = time.monotonic()
    with client(workers, scheduler) as connected, beating(f"{len(tasks)} fits") as beat:
        sent = {
            connected.submit(
                alone, task.call, *task.args, key=f"{task.name}-{start}", pure=False,
                retries=RETRIES,
            ): task.name
            for task in tasks
        }  # fmt: skip
        for done, future in enumerate(as_completed(sent, connected.loop), start=1):
            name = sent.pop(future)
            error = future.exception() if future.status == "error" else None
            if isinstance(error, InputError):
                raise error
            if error is not None or future.status != "finished":
                failed[name] = f"{type(error).__name__}: {error}" if error else future.status
                said = f"failed: {failed[name]}"
            else:
                seconds, result = future.result()
                finished(name, result)
                said = f"{seconds:.0f} s"
            passed = time.monotonic() - start
            left = passed / done * (len(tasks) - done)
            if beat is not None:
                beat.move(done, len(tasks))
            say(f"{done}/{len(tasks)} {name}: {said}; about {left / 60:.0f} min left")
            future.release()
    return failed


def alone(call: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    """Do a task in a worker: by itself, compiling in a directory of its own."""
    with _ONE_AT_A_TIME:
        own_compile_directory(_worker_name())
        start = time.monotonic()
        result = call(*args)
        return time.monotonic() - start, result


def _worker_name() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().name)
    except ValueError:
        return "alone"


def own_compile_directory(name: str) -> Path:
    """Have PyTensor and numba compile into a directory that no other worker uses.

    It is kept between runs, by the worker's name, so that the next one starts warm. Without effect
    in a process that has imported PyTensor already.
    """
    folder = user_cache() / "compile" / re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    if "pytensor" not in sys.modules:
        flags = os.environ.get("PYTENSOR_FLAGS", "").split(",")
        flags = [flag for flag in flags if flag and not flag.startswith("base_compiledir=")]
        os.environ["PYTENSOR_FLAGS"] = ",".join([*flags, f"base_compiledir={folder / 'pytensor'}"])
        os.environ["NUMBA_CACHE_DIR"] = str(folder / "numba")
    return folder


@contextlib.contextmanager
def client(workers: int, scheduler: str | None) -> Iterator[Any]:
    """Connect to a scheduler, or start a cluster on this machine for as long as the block lasts.

    None is the default of this process: xarray would ask a default one for a lock at every write,
    and one that failed to connect stays the default.
    """
    import dask
    from distributed import Client, LocalCluster

    # A task carries the panel of its origin, which is large and goes to one worker.
    dask.config.set(
        {"distributed.scheduler.allowed-failures": LOSSES,
         "distributed.admin.large-graph-warning-threshold": "1GB"}
    )  # fmt: skip
    logging.getLogger("distributed").setLevel(logging.ERROR)
    if scheduler is None:
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address=":0", silence_logs=logging.ERROR, memory_limit=0,
            ) as cluster,
            Client(cluster, set_as_default=False) as connected,
        ):  # fmt: skip
            yield connected
        return
    try:
        connected = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        rule = f"no scheduler answers there ({type(error).__name__})"
        raise InputError(fault(rule, column="--scheduler", value=scheduler)) from None
    with connected:
        yield connected
