"""Which releases a user has added, and where they came from."""

from pathlib import Path

from crossover.data.look import Answer, answer_of


def added(store: Path) -> Answer:
    """List what was added to a store, oldest first: id, day, file, rows in it, rows added by all,
    and why it was added where it looked like a mistake.

    Raises
    ------
    InputError : nothing was added yet, or an addition is damaged.
    """
    from crossover.data import kept

    rows = [
        (one.id, one.created, file["name"], file["rows"], one.added, one.reason)
        for one in kept.listing(store)
        for file in one.files
    ]
    header = ("addition", "added", "file", "rows in the file", "rows added", "accepted because")
    return answer_of(f"Additions in {store}", header, rows)
