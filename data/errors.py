"""What a user is told when an input cannot be used.

One exception type for every mistake that is the user's to mend: the command line prints its
message and exits 2, and nothing has been written by then.
"""


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
