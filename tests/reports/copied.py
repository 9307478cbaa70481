"""The steps of a guide page, done in a copy of the package that is then run in a new process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "reports" / "guide"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`([\w/-]+\.(?:py|toml|csv))`")


class Block(NamedTuple):
    """A fenced block, its language, and the file that is named last before it."""

    file: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page of the guide."""
    text = (GUIDE / f"{page}.md").read_text("utf-8")
    found = []
    for block in BLOCK.finditer(text):
        named = FILE.findall(text[: block.start()])
        found.append(Block(named[-1] if named else "", block[1], block[2]))
    return found


def copy(folder: Path) -> Path:
    """Make a copy of the package, of links to its files, and return it."""
    package = folder / "crossover"
    unwanted = shutil.ignore_patterns("__pycache__", "guide")
    for room in ("data", "models", "forecast", "reports"):
        shutil.copytree(
            ROOT / room, package / room, copy_function=os.symlink, ignore=unwanted
        )
    for file in (ROOT / "reports" / "api").glob("*.py"):
        (package / file.name).symlink_to(file)
    return package


def follow(page: str, package: Path) -> None:
    """Do what a page says: apply its differences, begin or lengthen the files that it names."""
    for file, language, text in blocks(page):
        if not file:
            continue
        path = package / file
        if language == "diff":
            lines = text.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            after = "".join(line[1:] for line in lines if line[0] in " +")
            whole = path.read_text("utf-8")
            assert whole.count(before) == 1, (page, file, before)
            new = whole.replace(before, after)
        else:
            new = f"{path.read_text('utf-8')}\n{text}" if path.exists() else text
        path.unlink(missing_ok=True)
        path.write_text(new, "utf-8")


def run(package: Path, program: str, *words: object) -> str:
    """Run a program with the copy in the place of the package; return what it printed."""
    path = os.pathsep.join([str(package.parent), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": path}, cwd=package.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
