"""Reading a provider's files takes what the guide page says, and no more."""

import pytest

from tests.reports import copied

FILE = "office-2026-11-20.csv"
TEXT = (
    "country,year,gerd_percent\nRussia,2025,1.0625\nChina,2025,2.8125\nNauru,2025,0.1\nIndia,2025,\n"
)
PROGRAM = """
import contextlib, io, sys

from crossover.data import providers
from crossover.reports.cli import app
from tests.published import told

file, wrong = sys.argv[1:]
print(told("data", "add", file, "--dry-run"))
print(told("data", "add", file))
print(told("data", "show", "rd_share", "--country", "RUS"))
faults = io.StringIO()
with contextlib.redirect_stderr(faults):
    print("CODE", app.main(["data", "add", wrong, "--dry-run"]))
print(faults.getvalue(), providers.PROVIDERS[0].citation)
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Return what the program prints once the steps of the page are done."""
    folder = tmp_path_factory.mktemp("provider")
    package = copied.copy(folder)
    copied.follow("add_provider", package)
    file, wrong = folder / FILE, folder / f"wrong-{FILE}"
    file.write_text(TEXT, "utf-8")
    wrong.write_text(TEXT.replace("2.8125", "281.25"), "utf-8")
    return copied.run(package, PROGRAM, file, wrong)


def test_a_file_of_a_new_provider_is_previewed_added_and_shown(printed):
    assert "2026-11-20" in printed
    assert "1.0625" in printed


def test_a_row_that_breaks_a_rule_is_refused_with_its_place(printed):
    told = printed.partition("CODE ")[2]
    assert told.startswith("2")
    assert f"wrong-{FILE}, line 3, column 'gerd_percent': '281.25'" in told
    assert "Office (2026), R&D tables" in told
