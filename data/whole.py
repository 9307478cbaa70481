"""Files and folders that are there whole or not at all, whoever is killed and whenever power fails.

What is written stands under a hidden name first, is flushed to the disk, and takes its place by one
rename; the folder that holds it is flushed after that. Whoever writes holds a lock on the hidden
file or folder, which the system releases when the writer dies: a hidden name without a lock is what
a dead process left.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from crossover.data.errors import InputError, fault

PART = ".part"
"""How hidden names end of what is being written."""


def take_lock(handle: int) -> bool:
    """Try for the lock on an open file or folder; the system gives it back when it is closed."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file or folder, waiting for it; none where the system locks no folder."""
    if os.name == "nt":
        yield
        return
    import fcntl

    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_left(path: Path) -> bool:
    """Say whether nobody is writing a hidden file or folder any more: its writer is dead."""
    if os.name == "nt":
        return False
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return take_lock(handle)
    finally:
        os.close(handle)


def lock_own(path: Path) -> int:
    """Return a handle that holds the lock on a hidden folder just made; close it at the end.

    Raises
    ------
    FileNotFoundError
        If another process took the folder for a dead one's before it was locked, and removed it.
    """
    if os.name == "nt":
        return os.open(os.devnull, os.O_RDONLY)
    handle = os.open(path, os.O_RDONLY)
    try:
        if not take_lock(handle) or os.stat(path).st_ino != os.fstat(handle).st_ino:
            raise FileNotFoundError(2, "was removed by another process", str(path))
    except BaseException:
        os.close(handle)
        raise
    return handle


def write(path: Path, content: bytes, begins: bytes | None = None) -> Path:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Where; a file there is replaced.
    content : All of it.
    begins : How a file that is there has to begin, so that nothing but an older one of the same
        kind is replaced; whatever it holds when None.

    Raises
    ------
    InputError : If another kind of file, or a folder, is in the way.
    OSError : If it cannot be written; nothing is left then.
    """
    if begins is not None:
        check_kind(path, begins)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(3)}{PART}")
    try:
        with part.open("xb") as file:
            take_lock(file.fileno())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        flush(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return path


def check_kind(path: Path, begins: bytes) -> None:
    """Raise InputError if a file stands there that is not empty and does not begin so."""
    if path.is_dir():
        raise InputError(fault("is a folder: give the name of a file", file=path))
    if not path.exists():
        return
    with path.open("rb") as file:
        held = file.read(len(begins))
    if held and held != begins:
        rule = "is in the way: a file of another kind, which is never overwritten; give another"
        raise InputError(fault(rule, file=path))


def flush(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_all(folder: Path) -> None:
    """Flush all files below a folder, and the folders, to the disk."""
    for top, _, files in os.walk(folder):
        for name in files:
            with open(Path(top, name), "rb+") as file:
                os.fsync(file.fileno())
        flush(Path(top))
