"""What a user is told when an input cannot be used.

One exception type for every mistake that is the user's to mend: the command line prints its
message and exits 2, and nothing has been written by then. What a message quotes of an input is
short, and plain text whatever the input holds.
"""

import contextlib
import difflib
import reprlib
from collections.abc import Collection, Iterator
from contextvars import ContextVar

QUOTED = 80
"""Characters that a message has at most of a value it quotes."""
LONGEST_NAME = 300
LONGEST = 1000
"""Characters that a rule has at most: lists of what is allowed are long, nothing else is."""
WHITE = dict.fromkeys(map(ord, "\t\n\r\u00a0\u2009\u202f"))
FORMULA = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet takes for something to reckon or to run."""
MANY_BITS = 400
"""Bits from which a whole number is told by its size: it may be beyond what Python writes out."""
NOTED = 1000
"""Faults of rows that are noted of one file; the file is given up after them."""


class InputError(ValueError):
    """An input that cannot be used, with a message that names the fault and the rule."""


def plain(text: str) -> str:
    """Return a text as one line of letters that print: controls, direction marks and the like are
    shown as escapes, so that no file steers a terminal or hides what it says.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(text: str, most: int = QUOTED) -> str:
    """Return a text, its end cut off and marked where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def prints(text: str) -> bool:
    """Say whether a text has only letters that print, and spaces, tabs and ends of lines."""
    return text.translate(WHITE).isprintable()


def is_name(text: str) -> bool:
    """Say whether a text can stand for a thing: it prints, and no spreadsheet would run it."""
    return text.isprintable() and not text.startswith(FORMULA)


class _Quoting(reprlib.Repr):
    def repr_int(self, value: int, level: int) -> str:
        if value.bit_length() > MANY_BITS:
            return f"a whole number of {value.bit_length() * 1233 // 4096 + 1:,} digits"
        return repr(value)


_quoting = _Quoting(maxlevel=3, maxother=QUOTED)


def quoted(value: object) -> str:
    """Return a value as Python writes it, in at most about `QUOTED` characters."""
    if isinstance(value, str | bytes):
        return repr(value[:QUOTED]) + ("…" if len(value) > QUOTED else "")
    return short(_quoting.repr(value))


def hint(value: object, known: Collection[str], cutoff: float = 0.5) -> str:
    """Return what was meant by a name that is unknown: the nearest known one, else all of them."""
    text = value if isinstance(value, str) and len(value) <= QUOTED else ""
    near = difflib.get_close_matches(text, list(known), n=1, cutoff=cutoff)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"


def fault(
    rule: str,
    *,
    file: object = None,
    line: int | None = None,
    column: str | None = None,
    value: object = None,
) -> str:
    """Return one line that says where a fault stands, what was found and which rule it breaks."""
    where = [short(str(file), LONGEST_NAME)] if file is not None else []
    if line is not None:
        where.append(f"line {line}")
    if column is not None:
        where.append(f"column {quoted(column)}")
    place = ", ".join(where)
    found = f"{quoted(value)}: " if value is not None else ""
    said = f"{found}{short(rule, LONGEST)}"
    return plain(f"{place}: {said}" if place else said)


_refused: ContextVar[list[str] | None] = ContextVar("refused", default=None)


class _Row:
    """Of one row of a file: a fault in it is noted where somebody collects, and raised else."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> bool:
        noted = _refused.get()
        if noted is None or not isinstance(error, InputError) or len(noted) >= NOTED:
            return False
        noted.append(str(error))
        return len(noted) < NOTED


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
