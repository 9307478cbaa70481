"""Lists of the guide that the program makes of its own files: the priors, and the Python interface.

A page says where one stands, between `<!-- list: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import crossover
from crossover.reports.guide_cells import table_of
from crossover.reports.payload_parameters import FAMILIES

PRIORS = Path(__file__).parents[1] / "models" / "priors" / "default.toml"
PARTS = ("market", "delivery", "drivers")
LIST = re.compile(r"(<!-- list: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
ANSWERS = {"crossover.forecast.answer": "Answer", "crossover.forecast.league": "League"}
"""What methods return and nobody makes: module → class."""
SECTION = re.compile(r"^(Parameters|Returns|Raises)\n-+\n", re.MULTILINE)
ENTRY = re.compile(r"^(\S.*)\n((?:    .*\n?)+)", re.MULTILINE)


def filled(text: str) -> str:
    """Return a page with its lists as they are now."""
    return LIST.sub(lambda found: f"{found[1]}{LISTS[found[2]]()}\n{found[3]}", text)


# Priors -----------------------------------------------------------------------------------------


def _entries(kind: str) -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(PRIORS.read_text("utf-8"))[kind]


def _variables(part: str) -> str:
    rows = [
        (*_words(name, entry), _spread(entry), *_reason(entry))
        for name, entry in _entries("variable").items() if entry["part"] == part
    ]  # fmt: skip
    return table_of(("prior", "unit", "50 % (5 to 95 %)", "reason", "source"), rows)


def _constants() -> str:
    rows = [
        (*_words(name, entry), f"{entry['value']:g}", *_reason(entry))
        for name, entry in _entries("constant").items()
    ]
    return table_of(("constant", "unit", "value", "reason", "source"), rows)


def _words(name: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    return f"`{name}`: {entry['description']}", entry["unit"]


def _reason(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["reason"], entry["source"]


def _spread(entry: Mapping[str, Any]) -> str:
    """Write the median of a prior and its 90 % interval, on the scale of its unit."""
    low, middle, high = FAMILIES[entry["family"]](entry).ppf([0.05, 0.5, 0.95])
    return f"{middle:.2g} ({low:.2g} to {high:.2g})".replace("-", "−")


# The Python interface ---------------------------------------------------------------------------


def _api() -> str:
    """Return every public name of `crossover`, and what its methods return, from the docstrings."""
    public = {f"crossover.{name}": getattr(crossover, name) for name in crossover.__all__}
    public |= {
        name: getattr(__import__(module, fromlist=[name]), name) for module, name in ANSWERS.items()
    }
    functions = {name: one for name, one in public.items() if not inspect.isclass(one)}
    parts = [_callable(name, one, "##") for name, one in functions.items()]
    for name, kind in public.items():
        if name not in functions:
            above = [f"Also a `{base.__name__}`." for base in kind.__bases__ if base is not object]
            words = [f"## {name}", *above, _prose(inspect.getdoc(kind) or "")]
            parts += [*words, *_members(kind)]
    return "\n\n".join(parts)


def _members(kind: type) -> Iterator[str]:
    """Yield the public properties and methods that a class has of its own, in their order."""
    for name, member in vars(kind).items():
        function = getattr(member, "__func__", getattr(member, "func", member))
        if name.startswith("_") or not (inspect.isfunction(function) or _is_property(member)):
            continue
        full = f"{kind.__name__}.{name}"
        if not _is_property(member):
            yield _callable(full, function, "###")
            continue
        read = getattr(member, "fget", function)
        yield f"### {full}\n\n{_returned(read)}\n\n{_prose(inspect.getdoc(read) or '')}"


def _is_property(member: object) -> bool:
    return isinstance(member, property) or hasattr(member, "attrname")


def _callable(name: str, function: Callable[..., Any], head: str) -> str:
    """Return a heading, the signature, and the docstring of a function."""
    given, starred = [], False
    for at, one in enumerate(inspect.signature(function).parameters.values()):
        if not at and one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not starred:
            given.append("*")
            starred = True
        default = "" if one.default is one.empty else f" = {one.default!r}"
        given.append(f"{one.name}: {one.annotation}{default}")
    told = f"{name.rpartition('.')[2]}({', '.join(given)}) -> {_annotation(function)}"
    return f"{head} {name}\n\n```python\n{told}\n```\n\n{_prose(inspect.getdoc(function) or '')}"


def _returned(function: Callable[..., Any]) -> str:
    return f"Property, `{_annotation(function)}`."


def _annotation(function: Callable[..., Any]) -> str:
    return str(inspect.signature(function).return_annotation)


def _prose(text: str) -> str:
    """Return a docstring as Markdown: its sections in bold, their entries as a list."""
    head, *rest = SECTION.split(text)
    parts = [head.strip()]
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        entries = [
            f"- `{name}`: {' '.join(words.split())}" for name, words in ENTRY.findall(f"{body}\n")
        ]
        parts += [f"**{title}**", "\n".join(entries)]
    return "\n\n".join(parts)


LISTS: dict[str, Callable[[], str]] = {
    **{f"priors_{part}": lambda part=part: _variables(part) for part in PARTS},
    "priors_constants": _constants,
    "api": _api,
}
