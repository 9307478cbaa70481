"""What is printed: tables, CSV, JSON, and no more than a terminal should get."""

import csv
import io
import json

import pytest

from crossover.data.printable import printable
from crossover.reports.cli import chart, console
from crossover.reports.cli.console import Shape
from tests.synthetic import make_run

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://x\x1b\\link "
    "\u202egnp\u202c\u200f \x9b2J\x00end"
)


def test_a_table_is_aligned_numbers_to_the_right():
    text = console.table(("name", "value"), [("a", 1.5), ("long name", None), ("b", 12)])
    assert text.splitlines() == [
        "name       value",
        "---------  -----",
        "a            1.5",
        "long name",
        "b             12",
    ]
    assert console.table(("a",), []) == "a\n-"


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that makes standard output a terminal of some columns."""

    def of(columns, encoding="utf-8"):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(out, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(out, "fileno", lambda: 1, raising=False)
        monkeypatch.setattr(console.sys, "stdout", out)
        size = console.os.terminal_size((columns, 30))
        monkeypatch.setattr(console.os, "get_terminal_size", lambda number: size)
        return out

    return of


def printed(out):
    out.flush()
    return out.buffer.getvalue().decode(out.encoding).splitlines()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_on_a_narrow_terminal_sentences_are_broken_and_names_are_not(terminal, encoding):
    name, sentence = "20261127-171329-970b", "a sentence of some length " * 4
    out = terminal(60, encoding)
    console.put(("id", "n", "says"), [(name, 12, sentence)], Shape.TABLE)
    lines = printed(out)
    assert max(map(len, lines)) <= 60 and any(name in line for line in lines)
    words = " ".join(" ".join(line.replace("|", " ").split()) for line in lines)
    assert words.count("sentence") == 4


def test_where_breaking_would_not_help_a_table_stays_as_it_is(terminal):
    rows = [("x" * 50, "y" * 50, "some words")]
    out = terminal(60)
    console.put(("a", "b", "c"), rows, Shape.TABLE)
    assert printed(out) == console.table(("a", "b", "c"), rows).splitlines()
    wide = terminal(200)
    console.put(("a", "b", "c"), rows, Shape.TABLE)
    assert printed(wide) == console.table(("a", "b", "c"), rows).splitlines()


def test_what_would_steer_a_terminal_is_not_printed():
    assert printable(HOSTILE) == "red link gnp end"
    assert printable("tab\tand\nline, \u00e9 \u4e2d") == "tab\tand\nline, \u00e9 \u4e2d"
    assert printable("\x1b]0;never ended") == "" and printable("\x1b") == ""


@pytest.mark.parametrize("shape", list(Shape))
def test_every_shape_of_printing_is_clean(shape, capsys):
    console.put(("name",), [(HOSTILE,), ("two\nlines",)], shape, HOSTILE)
    seen = capsys.readouterr().out
    assert printable(seen) == seen and "red link gnp end" in seen
    if shape is Shape.TABLE:
        assert "two lines" in seen


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+cmd|x", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", " =1+1", "\t=1+1",
     "\uff1dcmd", "-1+HYPERLINK(A1)", "+A1", "\x1b[0m=1+1"],
)  # fmt: skip
def test_no_text_reaches_a_spreadsheet_as_a_formula(text):
    (row,) = csv.reader(io.StringIO(console.csv_text(("=h", "b"), [(text, 1)])).readlines()[1:])
    assert row[0].startswith("'") and row[1] == "1"
    assert console.csv_text(("=h",), []) == "'=h\n"


@pytest.mark.parametrize(
    "text", ["-", "-0.5", "+0.123", "-1.5 to +2", "-1e-05", "-inf", "plain", "", "+1.2 to -3 %",
     "+0.65 [0.35 to 0.92]; P = 1.000"]
)
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert console.csv_text(("a", "b"), [(text, -1.5)]) == f"a,b\n{text},-1.5\n"


def test_json_is_a_list_of_objects_with_numbers_as_numbers(capsys):
    console.put(("a", "b", "c"), [(1, 0.5, None), ("x", float("nan"), True)], Shape.JSON, "title")
    assert json.loads(capsys.readouterr().out) == [
        {"a": 1, "b": 0.5, "c": None}, {"a": "x", "b": None, "c": True}
    ]  # fmt: skip


def test_two_shapes_at_once_are_refused(command):
    done = command("scenario", "list", "--csv", "--json")
    assert done.code == console.BAD_INPUT and done.out == ""
    assert "--csv and --json exclude each other" in done.err


@pytest.mark.parametrize("words", ["scenario list", "data list", "data domains", "data revisions",
                                   "data show rd_share --country CHN", "pairs"])  # fmt: skip
def test_listings_say_the_same_in_json_as_in_csv(command, words):
    rows = list(csv.DictReader(io.StringIO(command(*words.split(), "--csv").out)))
    found = json.loads(command(*words.split(), "--json").out)
    assert len(found) == len(rows) > 0
    for one, row in zip(found, rows, strict=True):
        assert {name: console.cell(value) for name, value in one.items()} == row


def test_a_hostile_record_is_printed_clean(command, own_store):
    run = make_run(own_store / "runs" / "20260101-000000-aaaa", draws=20)
    said = json.loads((run / "run.json").read_text("utf-8"))
    said |= {"supplier": "RUS", "recipient": "CHN", "as_of": HOSTILE, "command": f"=x {HOSTILE}"}
    (run / "run.json").write_text(json.dumps(said), "utf-8")
    for words in ("runs list", "runs show", "runs show --csv", "runs list --json"):
        done = command(*words.split())
        assert done.code == 0 and "red link gnp" in done.out
        assert printable(done.out) == done.out and printable(done.err) == done.err
    assert "\ncommand,'=x red" in command("runs", "show", "--csv").out
    fault = command("data", "show", HOSTILE)
    assert fault.code == 2 and printable(fault.err) == fault.err


def test_a_chart_has_a_character_a_year_and_gaps_where_nothing_is_said(monkeypatch):
    monkeypatch.setattr(chart, "ascii_only", lambda: False)
    courses = {"a": {2024: 0.0, 2025: 0.49, 2026: 1.0}, "long": {2026: 0.5}, "none": {}}
    assert chart.lines(courses) == [
        "            2024",
        "a     0.00  ▁▄█  1.00",
        "long  -       ▅  0.50",
        "            (▁ is 0, █ is 1)",
    ]
    monkeypatch.setattr(chart, "ascii_only", lambda: True)
    assert chart.lines(courses)[1] == "a     0.00  049  1.00"
