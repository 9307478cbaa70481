"""Faults at every write: a process is forked, and something goes wrong at its n-th write.

Every write of Python passes an audit hook: a file opened for writing, a folder made, a name that is
changed or removed; and every flush to the disk. At the chosen one the process is killed, the disk
is full or read-only from there on, the folder vanishes, or the power fails: then what was written
since the start and not flushed is lost, and the process is killed.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

KINDS = ("kill", "full", "readonly", "vanished", "power")
NAMES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "tempfile.mkdtemp"}
TAKES_ROOM = {"open", "os.mkdir", "os.link", "tempfile.mkdtemp", "fsync"}
DONE, REFUSED, TRACEBACK = 0, 2, 70
NEVER = 10**9


class Fault:
    """Counts the writes below a folder, and does its kind of harm at one of them."""

    def __init__(self, root: Path, kind: str, at: int):
        self.root, self.kind, self.at = str(root), kind, at
        self.count, self.busy = 0, False
        self.before = {path.stat().st_ino for path in root.rglob("*") if path.is_file()}
        self.flushed: set[int] = set()

    def audit(self, event: str, args: tuple) -> None:
        """Be told of whatever Python does."""
        if self.busy or not args:
            return
        if event == "open":
            writes = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not writes or not isinstance(args[0], str | os.PathLike):
                return
        elif event not in NAMES:
            return
        if os.fspath(args[0]).startswith(self.root):
            self.reach(event)

    def reach(self, event: str) -> None:
        """Count a write; do harm if it is the one."""
        self.count += 1
        if self.count < self.at:
            return
        if self.kind in ("full", "readonly"):
            if self.kind == "full" and event not in TAKES_ROOM:
                return
            code = errno.ENOSPC if self.kind == "full" else errno.EROFS
            raise OSError(code, os.strerror(code), self.root)
        if self.count > self.at:
            return
        self.busy = True
        if self.kind == "vanished":
            shutil.rmtree(self.root)
            self.busy = False
        else:
            if self.kind == "power":
                self.lose()
            os.kill(os.getpid(), signal.SIGKILL)

    def lose(self) -> None:
        """Empty every file that is new and was not flushed."""
        for path in Path(self.root).rglob("*"):
            if path.is_file() and path.stat().st_ino not in self.before | self.flushed:
                os.truncate(path, 0)

    def fsync(self, real: Callable[[int], None], handle: int) -> None:
        """Count a flush, and note what was flushed."""
        self.reach("fsync")
        real(handle)
        self.flushed.add(os.fstat(handle).st_ino)


def forked(root: Path, kind: str, at: int, act: Callable[[Path], None]) -> tuple[int, int]:
    """Do something in a process of its own, with a fault at its n-th write.

    Returns
    -------
    tuple of int
        How the process ended (`DONE`, `REFUSED` in one line, `TRACEBACK`, minus a signal), and how
        many writes there were.
    """
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        os.close(told)
        _child(root, kind, at, act, tell)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        count = int(pipe.read() or b"0")
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), count


def _child(root: Path, kind: str, at: int, act: Callable[[Path], None], tell: int) -> None:
    from crossover.data.errors import InputError

    code, fault = TRACEBACK, Fault(root, kind, at)
    try:
        real = os.fsync
        os.fsync = lambda handle: fault.fsync(real, handle)
        sys.addaudithook(fault.audit)
        act(root)
        code = DONE
    except InputError as error:
        code = REFUSED if "\n" not in str(error) else TRACEBACK
    except OSError as error:
        # The command line turns it into one line.
        code = REFUSED if error.strerror else TRACEBACK
    except BaseException:
        traceback.print_exc()
    fault.busy = True
    os.write(tell, str(fault.count).encode())
    os._exit(code)
