"""A report needs no sampler: of the forecast room it reads what is stored, nothing that fits."""

import ast
from pathlib import Path

import pytest

from crossover import reports

LIGHT = {
    "cause_names", "claim_rules", "claims", "conventions", "events", "fans", "gap_change",
    "influence", "league", "ledger", "ledger_file", "quantities", "runs", "scores", "scoring",
    "shipped", "sources", "states", "verify",
}  # fmt: skip
"""Modules of the forecast room that read what is stored, and the rules of events."""
MODULES = sorted(Path(reports.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_import_runs_against_the_flow_of_data(module):
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
        else:
            continue
        assert not {name.partition(".")[0] for name in names} & {
            "pymc", "pytensor", "arviz", "nutpie"
        }  # fmt: skip
        for name in names:
            own, room, *rest = [*name.split("."), "", ""]
            assert own != "crossover" or room != "models"
            if (own, room) == ("crossover", "forecast"):
                assert rest[0] in LIGHT
