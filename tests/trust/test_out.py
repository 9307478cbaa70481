"""`--out` never overwrites what is not its own kind of file."""

import pandas as pd
import pytest

from crossover.data.errors import InputError
from crossover.forecast import event_tables, runs
from crossover.reports import build

MINE = {
    "posterior.nc": b"\x89HDF\r\n", "thesis.docx": b"PK\x03\x04", "notes.txt": b"my notes",
    "other.csv": b"country,year\n", "data.json": b'{"mine": 1}', "script.py": b"import os",
}  # fmt: skip
WRITERS = {
    "report": lambda path: build._write(path, b"%PDF-1.7"),
    "score": lambda path: runs.write(path, "run,question\na,b\n"),
    "table": lambda path: event_tables.to_csv(pd.DataFrame({"event": ["a"]}), path),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", MINE)
def test_another_kind_of_file_is_left_alone(tmp_path, writer, name):
    path = tmp_path / name
    path.write_bytes(MINE[name])
    with pytest.raises(InputError, match=f"{name}: is in the way: a file of another kind"):
        WRITERS[writer](path)
    assert path.read_bytes() == MINE[name] and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("writer", WRITERS)
def test_an_older_file_of_its_own_kind_is_replaced(tmp_path, writer):
    path = tmp_path / "out"
    WRITERS[writer](path)
    WRITERS[writer](path)
    path.write_bytes(b"")
    WRITERS[writer](path)
    assert path.stat().st_size


@pytest.mark.parametrize("writer", WRITERS)
def test_a_folder_is_left_alone(tmp_path, writer):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        WRITERS[writer](tmp_path / "out")


def test_a_report_is_not_begun_where_it_cannot_be_put(tmp_path):
    (tmp_path / "posterior.nc").write_bytes(b"\x89HDF")
    with pytest.raises(InputError, match="a file of another kind"):
        build.build(tmp_path / "no run", out=tmp_path / "posterior.nc")
