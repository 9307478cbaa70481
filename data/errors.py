"""What a user is told when an input cannot be used.

One exception type for every mistake that is the user's to mend: the command line prints its
message and exits 2, and nothing has been written by then.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar


class InputError(ValueError):
    """An input that cannot be used, with a message that names the fault and the rule."""


def fault(
    rule: str,
    *,
    file: object = None,
    line: int | None = None,
    column: str | None = None,
    value: object = None,
) -> str:
    """Return one line that says where a fault stands, what was found and which rule it breaks."""
    where = [str(file)] if file is not None else []
    if line is not None:
        where.append(f"line {line}")
    if column is not None:
        where.append(f"column {column!r}")
    place = ", ".join(where)
    found = f"{value!r}: " if value is not None else ""
    return f"{place}: {found}{rule}" if place else f"{found}{rule}"


_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)


class _Row:
    """Of one row of a file: a fault in it is noted where somebody collects, and raised else."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> bool:
        noted = _refused.get()
        if noted is None or not isinstance(error, InputError):
            return False
        noted.append(str(error))
        return True


each_row = _Row()
"""Around the parsing of each row of a file: `with each_row:`."""


@contextlib.contextmanager
def collecting() -> Iterator[list[str]]:
    """Collect the faults of rows instead of stopping at the first; yields the growing list."""
    noted: list[str] = []
    token = _refused.set(noted)
    try:
        yield noted
    finally:
        _refused.reset(token)
