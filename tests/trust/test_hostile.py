"""Hostile and mistaken files: read, or refused in short lines of letters that print, in time."""

import subprocess
import sys

import pytest

from crossover.data.errors import InputError
from tests.trust import hostile
from tests.trust.hostile import Case
from tests.trust.readers import READERS

HEAVY = (
    "bomb", "forty GiB", "members", "many ", "header and", "wide", "one line", "lines", "quotes",
    "sixty MiB", "array heads", "rows", "commas", " long", "open ", "comments",
)  # fmt: skip
"""In the names of cases that are large, or take a good part of a second."""
WAITING = ("a pipe", "a device", "forty GiB", "gzip bomb", "xlsx bomb", "wide", "dotted",
           "many weapons")  # fmt: skip
"""Cases that a reader could hang at, or die of."""
EVERY = 23
"""One of so many cells is replaced in the fast lane."""


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {case.label: case for case in hostile.cases()}


def is_light(case: Case) -> bool:
    return not any(word in f"{case.name} " for word in (*HEAVY, *WAITING))


def is_cell(case: Case) -> bool:
    return "." in case.name.split(" ")[0] and " " in case.name


def test_every_light_case_is_read_or_refused(cases, tmp_path):
    light = [case for case in cases.values() if is_light(case)]
    cells = [case for case in light if is_cell(case)]
    failed = []
    for number, case in enumerate([c for c in light if not is_cell(c)] + cells[::EVERY]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = case.make(folder)
        try:
            READERS[case.reader](path)
        except InputError as error:
            lines = str(error).split("\n")
            if not all(line.isprintable() and len(line) < 1500 for line in lines):
                failed.append((case.label, str(error)[:200]))
        except Exception as error:
            failed.append((case.label, repr(error)[:200]))
    assert not failed


def ends_well(*names: str) -> None:
    """Have cases offered, all without names, by a process from which others can be forked."""
    command = [sys.executable, "-m", "tests.trust.hostile", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_nothing_waits_for_ever_and_nothing_takes_a_gibibyte():
    ends_well(*WAITING)


@pytest.mark.slow
def test_every_case_ends_well():
    ends_well()


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("source: export.csv 4 unclosed", "line 8: a quotation mark is opened here"),
        ("mapping: unclosed", "line 2: a quotation mark is opened here and not closed: close it"),
        ("source: half a sheet", "the workbook is truncated or damaged"),
        ("source: a docx", "is a Word document: save its table as CSV"),
        ("source: a workbook with a password", "is locked by a password: open it and save it"),
        ("source: an old workbook", "save it as .xlsx or CSV"),
        ("source: locked", "is locked by a password: unpack it"),
        ("source: laughs", "its XML has a DTD"),
        ("source: an xls", "is a document of an old Office"),
        ("source: a picture", "is a picture (PNG)"),
        ("scenario: picture", "is a picture (PNG)"),
        ("prior: old office", "is a document of an old Office"),
        ("claim: gzip", "must be UTF-8 text"),
        ("source: nothing", "the file is empty"),
        ("source: a folder", "is a folder: name the file in it"),
        ("scenario: a folder", "is a folder: name the file in it"),
        ("source: a pipe", "is a pipe: save what comes out of it"),
        ("prior: a device", "is a device, and no file"),
        ("source: forty GiB", "is too large: must have at most 256 MiB"),
        ("source: xlsx bomb", "holds too much: must have at most 40 MiB"),
        ("source: lines, name: not UTF-8", r"_\udcff.csv: has a name that is not UTF-8: rename"),
        ("source: lines, name: right to left", r"a\u202egsc.csv: has a name that does not print"),
        ("source: label 2017-02-31", "'2017-02-31': must be a date, year-month-day"),
        ("source: a day of long ago", "'0209-12-21': constant prices released before 2000-01-01"),
        ("source: label 2017-13", "'2017-13': must be a month"),
        ("claim: 31 Feb", "not valid TOML: Invalid date or datetime"),
        ("claim: claim.china_rd_above_two.country list", "['CHN']: unknown country"),
        ("scenario: digits", "a number of more than 1000 characters"),
        ("scenario: dotted", "a key of more than 12 parts"),
        ("prior: lists", "more than 12 brackets within one another"),
        ("source: pages", "whole numbers up to 1,000,000"),
        ("source: many weapons", "is the 201th unknown name: does the column hold names?"),
    ],
)
def test_a_mistake_is_told_with_its_cure(cases, tmp_path, label, said):
    path = cases[label].make(tmp_path)
    with pytest.raises(InputError) as error:
        READERS[cases[label].reader](path)
    assert said in str(error.value)
