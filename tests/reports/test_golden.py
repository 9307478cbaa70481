"""The text of six reports is as it was frozen; `python -m tests.reports.golden` freezes it anew."""

import os
import pickle

import pytest

from tests.reports import golden
from tests.synthetic import KINDS


@pytest.mark.parametrize("name", [*KINDS, *golden.PAIRS])
def test_the_text_of_a_report_is_the_frozen_one(_payloads, quick, name):
    kind = name if name in KINDS else "plain"
    numbers = pickle.loads(_payloads[kind])
    if name in golden.PAIRS:
        numbers = golden.renamed(numbers, name)
    found = golden.text(quick(numbers, kind))
    if os.environ.get("CROSSOVER_FREEZE"):
        (golden.FOLDER / f"{name}.txt").write_text(found, "utf-8")
    assert found.splitlines() == golden.stored(name).splitlines()
