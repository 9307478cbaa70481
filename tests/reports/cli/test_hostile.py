"""Whole processes under hostile conditions: one line, the right exit code, never a traceback."""

import os
import subprocess
import sys

import pytest

CALL = [sys.executable, "-m", "crossover.reports.cli"]
LOOK_UP = [*CALL, "scenario", "list"]


def shell(command, **options):
    """Run a line of the shell in which $X stands for the program."""
    line = command.replace("$X", " ".join(CALL))
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, **options)


def test_a_closed_standard_output_is_named():
    done = shell("$X scenario list >&-")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "standard output is closed" in done.stderr


def test_what_is_said_to_a_closed_standard_error_stays_out_of_the_results():
    done = shell("$X scenario list 2>&-")
    assert done.returncode == 0 and "not identified" not in done.stdout
    assert shell("$X nonsense 2>&-").returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
def test_a_full_disk_is_named():
    done = shell("$X scenario list >/dev/full")
    assert done.returncode == 2 and "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "ignored" not in done.stderr


def test_a_reader_that_is_gone_ends_it_with_141():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(LOOK_UP, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.returncode == 141 and b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_that_lacks_a_character_shows_its_code(encoding, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        '[scenario]\ntitle = "\u4e2d\u2192"\ndescription = "x"\n[path.one]\nvariable = "rd_share"\n'
        'country = "RUS"\nyears = [2030, 2035]\nvalue = 2.0\nreason = "x"\nsource = "x"\n',
        "utf-8",
    )
    done = subprocess.run(
        [*CALL, "scenario", "check", str(file), "--origin", "2024"],
        capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0 and b"own: \\u4e2d\\u2192" in done.stdout
    assert b"Traceback" not in done.stderr


def test_a_current_folder_that_was_deleted_is_named(tmp_path):
    (tmp_path / "gone").mkdir()
    done = shell(f"cd {tmp_path}/gone && rmdir ../gone && $X runs list", env=os.environ)
    assert done.returncode == 2
    assert done.stderr == "crossover: error: the current folder was deleted: change to another\n"


def test_ctrl_c_while_the_program_is_imported_is_one_line():
    code = (
        "import os, signal, sys\n"
        "class Early:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Early())\n"
        "from crossover.reports.cli.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr == "crossover: stopped; nothing was kept\n"
