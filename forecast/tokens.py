"""The pieces of a question to `crossover ask`, and the refusal of one with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossover.data.errors import InputError

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d[\d,]*\.?\d*(?:[eE]-?\d+)?)|(?P<word>[^\W\d][\w'.]*)"
    r"|(?P<sign>->|<=|>=|[<>+\-*/()\[\]%\u2212\u2013]))"
)


def refusal(text: str, at: int, rule: str) -> InputError:
    """Return the error of a question that cannot be read or answered, with the place."""
    found = TOKEN.match(text, at)
    value = f" {found[0].strip()!r}" if found else " the end" if at >= len(text.rstrip()) else ""
    return InputError(f"question, character {at + 1}:{value}: {rule}")


@dataclass(frozen=True)
class Token:
    """A piece of the text: a number, word or sign, and where it begins."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """Split a question; the last token is the end.

    Raises
    ------
    InputError
        At the first sign that means nothing here.
    """
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            rule = f"{text[at]!r} means nothing here; signs are < <= > >= + - * / ( ) [ ] -> %"
            raise InputError(f"question, character {at + 1}: {rule}")
        kind = str(match.lastgroup)
        word = match[kind].replace("\u2212", "-").replace("\u2013", "-")
        found.append(Token(kind, word, match.start(kind)))
        at = match.end()
    return [*found, Token("end", "", len(text.rstrip()))]
