"""Every promise of the guide names a test that exists."""

import re
from pathlib import Path

import pytest

from tests.trust.tampering import EDITED, FORGED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "reports" / "guide" / "trust.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_test_of_a_promise_exists(file, test):
    assert f"def {test}(" in (ROOT / file).read_text("utf-8")


def test_every_row_of_promises_names_one_and_the_counts_are_right():
    rows = PAGE.partition("## Faults")[0].splitlines()
    promises = [row for row in rows if row.startswith("| ")][1:]
    assert len(promises) == len(NAMED) >= 15
    kinds = re.search(r"(\d+) kinds of change, and (\d+) more where", PAGE)
    assert tuple(map(int, kinds.groups())) == (len(EDITED), len(FORGED))
