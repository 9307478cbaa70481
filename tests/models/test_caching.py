"""What is compiled is kept apart by edition, in the user's own folder."""

import os
import subprocess
import sys
from pathlib import Path

import numba

from crossover.models import caching, interpreter, vector_math
from crossover.models.folders import user_cache

CODE = "from crossover.models import caching; print(caching.numba.config.CACHE_DIR)"


def test_an_edition_is_of_every_source_with_compiled_loops(tmp_path):
    for package in caching.PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "loops.py").write_text("one = 1\n")
    found = {caching.edition(tmp_path)}
    assert found == {caching.edition(tmp_path)}
    for package in caching.PACKAGES:
        (tmp_path / package / "loops.py").write_text("one = 2\n")
        found.add(caching.edition(tmp_path))
        (tmp_path / package / "more.py").write_text("one = 1\n")
        found.add(caching.edition(tmp_path))
    assert len(found) == 1 + 2 * len(caching.PACKAGES)


def test_what_is_compiled_stands_in_the_folder_of_this_edition():
    assert Path(numba.config.CACHE_DIR).name == caching.EDITION == caching.edition()
    for function in (vector_math.exact(lambda x: x), interpreter.run):
        assert caching.EDITION in function.stats.cache_path


def test_no_module_takes_the_compiler_from_elsewhere():
    for package in caching.PACKAGES:
        for source in (caching.ROOT / package).glob("*.py"):
            text = source.read_text("utf-8")
            if source.name != "caching.py":
                assert "numba.njit" not in text, source
                assert "from numba import njit" not in text, source


def test_without_a_word_of_the_user_the_cache_is_the_users(tmp_path):
    """In a process of its own, since a process has one cache."""
    told = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    found = subprocess.run(
        [sys.executable, "-c", CODE],
        env=told | {"XDG_CACHE_HOME": str(tmp_path)}, cwd=caching.ROOT, text=True, check=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    folder = tmp_path / "crossover" / "numba" / caching.EDITION
    assert Path(found.stdout.strip()) == folder
    assert user_cache().name == "crossover"
