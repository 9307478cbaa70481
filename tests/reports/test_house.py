"""The report room knows the data room and itself, so that a report needs no sampler."""

import ast
from pathlib import Path

import pytest

import reports

MODULES = sorted(Path(reports.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_import_runs_against_the_flow_of_data(module):
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            roots = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots = {(node.module or "").partition(".")[0]}
        else:
            continue
        assert not roots & {"models", "forecast", "pymc", "pytensor", "arviz", "nutpie"}
