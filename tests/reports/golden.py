"""The text of reports, frozen; `python -m tests.reports.golden` freezes it after a wanted change.

One file a report: its text without running heads and feet, one sentence a line, and then what each
picture says to those who do not see it. White space and page breaks do not count.
"""

import copy
import io
import os
import re
from pathlib import Path

import pypdf
import pytest

FOLDER = Path(__file__).with_name("golden")
PAIRS = {"names": ("United States", "Netherlands"), "neighbours": ("India", "Pakistan")}
"""Pairs that the plain run is told of besides its own, supplier first: one with articles and a
final s in its names, one as plain as can be."""


def renamed(numbers, pair):
    """Return the payload told of two other countries."""
    numbers = copy.deepcopy(numbers)
    for role, name in zip(("supplier", "recipient"), PAIRS[pair], strict=True):
        numbers["pair"][role]["name"] = name
    return numbers


def text(content: bytes) -> str:
    """Return the text of a PDF, one sentence a line, with the alternatives of its pictures."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    found = " ".join(page.extract_text() for page in reader.pages)
    found = re.sub(r"\s+", " ", found.replace("\u00a0", " "))
    found = re.sub(r"Crossover run \S+, [^.]{0,40}? Page \d+ of \d+ ?", "", found)
    lines = [re.sub(r"(?<=[.?!:;]) (?=\S)", "\n", found).strip(), "", *alternatives(reader)]
    return "\n".join(lines) + "\n"


def alternatives(reader: pypdf.PdfReader) -> list[str]:
    """Return the alternative text of every picture of a tagged PDF, in its order."""
    found, left = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while left:
        node = left.pop().get_object()
        if isinstance(node, list):
            left.extend(reversed(node))
        elif isinstance(node, dict):
            if "/Alt" in node:
                found.append(f"[picture: {node['/Alt']}]")
            if "/K" in node:
                left.append(node["/K"])
    return found


def stored(name: str) -> str:
    """Return a frozen text."""
    return (FOLDER / f"{name}.txt").read_text("utf-8")


def main() -> None:
    """Write every frozen text."""
    os.environ["CROSSOVER_FREEZE"] = "1"
    raise SystemExit(pytest.main(["-n", "0", "-q", str(FOLDER.with_name("test_golden.py"))]))


if __name__ == "__main__":
    main()
