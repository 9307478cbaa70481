"""What events, claims, checks, quantities and verdicts are called: the rows of `catalogue.toml`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True)
class Row:
    """What one thing is called; a text may hold `{r}`, `{s}` and the other words of a pair."""

    title: str
    clause: str = ""
    """What holds in a year, or does not."""
    rule: str = ""
    """By which it is resolved or tested."""
    unit: str = ""
    sign: str = ""
    """How a value must stand to its threshold."""
    holds: tuple[str, ...] = ()
    """What belongs to a topic."""


def events() -> tuple[str, ...]:
    """Return the names of the events of a pair, in the order in which they are listed."""
    return tuple(load()["event"])


@functools.cache
def load() -> Mapping[str, Mapping[str, Row]]:
    """Return every row by its kind (event, claim, check, …) and its name there."""
    table = tomllib.loads(FILE.read_text("utf-8"))
    return {
        kind: {name: Row(**row) for name, row in rows.items()} for kind, rows in table.items()
    }
