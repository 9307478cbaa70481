"""Start and end of a process: nothing heavy is imported, and every end is clean."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crossover.forecast import runs, seal
from crossover.reports.cli import app, groups
from tests.published import make_store

ROOT = Path(__file__).parents[3]
HEAVY = ("numpy", "pandas", "xarray", "pymc", "matplotlib", "arviz", "rich", "httpx", "pydantic")


def test_starting_imports_nothing_heavy():
    code = (
        "from crossover.reports.cli import app; import sys; app.application(); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = make_store(tmp_path_factory.mktemp("listed"), draws=10)
    for run in (made / "runs").iterdir():
        shutil.rmtree(run / "pairs", ignore_errors=True)
        seal.close(run, runs.read(run), runs.RECORD)
    return made


@pytest.mark.parametrize(
    "words",
    ["--help", "data list", "data show --help", "runs list", "runs show", "show", "pairs",
     "questions", "scenario list", "data show rd_share --country CHN"],
)  # fmt: skip
def test_help_and_plain_listings_import_next_to_nothing(words, store):
    """Half a second is promised: 0.1 s is Python, and a module takes a millisecond or less."""
    code = (
        "import sys\nfrom crossover.reports.cli import app\n"
        "assert app.main() == 0\n"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "print(heavy, len(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split()], capture_output=True, text=True, check=True,
        env=os.environ | {"CROSSOVER_STORE": str(store)},
    )  # fmt: skip
    heavy, count = done.stderr.splitlines()[-1].rsplit(maxsplit=1)
    assert heavy == "[]" and int(count) < 300


def names(entries=app.COMMANDS, before=""):
    """Yield the commands, each as a user types it."""
    for name, entry in entries.items():
        if isinstance(entry, groups.Noun):
            yield from names(entry.entries, f"{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_has_help_and_stands_in_the_guide(command):
    page = (ROOT / "reports" / "guide" / "commands.md").read_text("utf-8")
    rows = [row for row in page.splitlines() if row.startswith("| `crossover ")]
    for words in names():
        found = command(*words.split(), "--help")
        assert found.code == 0 and f"crossover {words}" in found.out
        noun, _, verb = words.partition(" ")
        inside = [row for row in rows if f"`crossover {noun} " in row and f"`{verb}" in row]
        assert inside or any(row.startswith(f"| `crossover {words}") for row in rows), words


@pytest.mark.parametrize(
    ("line", "offered"),
    [("crossover ru", {"run", "runs"}), ("crossover data show --c", {"--country", "--csv"})],
)
def test_the_shell_is_offered_commands_and_options(line, offered):
    asked = {"_CROSSOVER_COMPLETE": "complete_bash", "COMP_WORDS": line}
    asked["COMP_CWORD"] = str(line.count(" "))
    words = [sys.executable, "-m", "crossover.reports.cli"]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | asked)
    assert done.returncode == 0 and set(done.stdout.split()) == offered


def test_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    code = "import sys; from crossover.reports.cli import app; sys.exit(app.main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "data", "domains"]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.stderr == b""


def test_the_end_of_a_process_asked_to_end_is_that_of_ctrl_c(tmp_path):
    code = (
        "import sys, os, signal\n"
        "from crossover.reports.cli import app, data\n"
        "data.domains = lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.exit(app.main(['data', 'domains']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (130, "crossover: stopped; nothing was kept")
