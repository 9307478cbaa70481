"""The house: files and functions of a size to be read, imports in one direction, no circle."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("data", "models", "forecast", "reports")
"""Each may import from those before it."""
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
MOST_LINES, MOST_OF_FUNCTION = 400, 60
ONE_PASS = {"models/domain_density.py:density"}
"""A loop that is compiled whole, whose parts share dozens of arrays."""


def name_of(path):
    """Return the dotted name of a source below `crossover`, a package by its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in SOURCES}


def imported(path):
    """Return the modules of this project that a source imports, at its top or in a function."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in for_types or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            own = name.removeprefix("crossover.")
            if own == name:
                continue
            found |= {own if own in NAMES else own.rpartition(".")[0]} & NAMES
    return found


IMPORTS = {name_of(path): imported(path) for path in SOURCES}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_and_its_functions_can_be_read(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            words = first.end_lineno - first.lineno + 1 if documented else 0
            length = node.end_lineno - node.lineno + 1 - words
            if f"{path.relative_to(ROOT).as_posix()}:{node.name}" not in ONE_PASS:
                assert length <= MOST_OF_FUNCTION, node.name


def test_no_import_runs_against_the_flow():
    for name, others in IMPORTS.items():
        own = ROOMS.index(name.partition(".")[0])
        assert {other for other in others if ROOMS.index(other.partition(".")[0]) > own} == set()


def test_no_module_imports_itself_by_way_of_others():
    done, path = set(), []

    def walk(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done:
            return
        path.append(name)
        for other in sorted(IMPORTS[name]):
            walk(other)
        path.pop()
        done.add(name)

    for name in sorted(IMPORTS):
        walk(name)


PATHS = {name_of(path): path for path in SOURCES}
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def stored(node):
    """Return the names that something is put into."""
    names = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name))
    return {inner.id for inner in names if isinstance(inner.ctx, ast.Store)}


@functools.cache
def bound(name):
    """Return the names that a module binds at its top, and the modules it holds."""
    found = {other.removeprefix(f"{name}.") for other in NAMES if other.startswith(f"{name}.")}
    waiting = list(ast.parse(PATHS[name].read_text("utf-8")).body) if name in PATHS else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        else:
            found |= stored(node)
            waiting += [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)]
    return found


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_taken_from_a_module_is_there(path):
    """Imports inside functions are only tried when the function is called: here all are looked at.

    Of a module taken whole, also each attribute, unless the name means something else in the file.
    """
    tree = ast.parse(path.read_text("utf-8"))
    modules = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("crossover."):
            continue
        name = node.module.removeprefix("crossover.")
        if f"reports.api.{name}" in NAMES:
            name = f"reports.api.{name}"
        for alias in node.names:
            assert alias.name in bound(name), f"{node.module} has no {alias.name}"
            if f"{name}.{alias.name}" in NAMES:
                modules.setdefault(alias.asname or alias.name, set()).add(f"{name}.{alias.name}")
    other = stored(tree) | {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of = modules.get(node.value.id, set())
            if of and node.value.id not in other:
                assert node.attr.startswith("__") or any(node.attr in bound(m) for m in of), (
                    f"{node.value.id} has no {node.attr}"
                )
