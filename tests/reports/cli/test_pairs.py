"""The answer of a run, and every pair side by side."""

import csv
import io
import json
import shutil

import pytest

from crossover.data import countries, pair_totals
from crossover.data.tables import read
from crossover.data.vintages import as_of_transfers
from crossover.reports.cli import app, console


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def with_india(published):
    """Return the published run with a second pair in it, of the same numbers."""
    folder = published / "pairs" / "RUS-IND"
    folder.mkdir(parents=True)
    text = (published / "events.csv").read_text("utf-8")
    (folder / "events.csv").write_text(text.replace("0.5", "0.25"), "utf-8")
    (folder / "gate.json").write_text('{"passed": true, "checks": []}', "utf-8")
    return published


def test_the_answer_is_shown_with_its_course(command, published):
    done = command("show", published)
    assert done.code == console.DONE
    first, *lines = done.out.splitlines()
    assert first.startswith("Run ") and first.endswith("gate passed")
    assert any(line.startswith("Russia to China: probability") for line in lines)
    told = rows_of(command("show", published, "--csv").out)
    states = [
        row for row in told
        if (row["event"], row["domain"], row["kind"]) == ("capacity_crossover", "all", "state")
    ]  # fmt: skip
    (drawn,) = [line for line in lines[-12:] if line.startswith("capacity_crossover ")]
    _, start, course, end = drawn.split()
    assert len(course) == len(states)
    assert start == f"{float(states[0]['probability']):.2f}"
    assert end == f"{float(states[-1]['probability']):.2f}"
    assert len(json.loads(command("show", published, "--json").out)) == len(told)


def test_another_pair_is_shown_once_it_is_forecast(command, with_india):
    words = ("show", with_india, "--supplier", "RUS", "--recipient")
    assert "Russia to India" in command(*words, "IND").out
    missing = command(*words, "VNM")
    assert missing.code == console.BAD_INPUT
    assert "crossover forecast --run" in missing.err and "--recipient VNM" in missing.err


def test_every_pair_has_its_deliveries_and_forecast_ones_their_probabilities(command, with_india):
    done = command("pairs", with_india, "--csv")
    rows = {(row["supplier"], row["recipient"]): row for row in rows_of(done.out)}
    both = countries.suppliers() & countries.recipients()
    assert len(rows) == len(countries.suppliers()) * len(countries.recipients()) - len(both)
    with_numbers = {pair for pair, row in rows.items() if row["capacity_crossover 2030"]}
    assert with_numbers == {("RUS", "CHN"), ("RUS", "IND")}
    table = command("pairs", with_india).out.splitlines()[0]
    assert f"run {with_india.name}, 2 forecast" in table and "panel" in table


def test_totals_of_pairs_are_those_of_the_newest_release():
    last, totals = pair_totals.pair_totals()
    known = as_of_transfers(read("transfers"), read("vintages"), None)
    spell = [row for row in known if last - 5 < row.year <= last]
    sales = sum(row.tiv for row in spell if (row.supplier, row.recipient) == ("RUS", "IND"))
    imports = sum(row.tiv for row in spell if row.recipient == "IND")
    found = next(one for one in totals if (one.supplier, one.recipient) == ("RUS", "IND"))
    assert found.recent == pytest.approx(sales, abs=0.01) and sales > 0
    assert found.of_imports == pytest.approx(100 * sales / imports, abs=0.06)


def test_pairs_are_sorted_by_a_column_with_empty_cells_last(command, with_india):
    def column(name, by):
        told = command("pairs", with_india, "--csv", "--sort", by).out
        return [row[name] for row in rows_of(told)]

    names = column("supplier", "supp")
    assert names == sorted(names)
    shares = column("% of exports", "% of exports")
    assert shares == sorted(shares, key=lambda text: -float(text or -1))
    chances = column("independence 2030", "independence")
    assert chances[0] and chances[1] and not any(chances[2:])
    assert float(chances[0]) >= float(chances[1])
    wrong = command("pairs", with_india, "--sort", "exports")
    assert wrong.code == console.BAD_INPUT and "did you mean '% of exports'" in wrong.err


def test_without_a_run_the_panel_alone_is_shown_and_said_so(command, own_store):
    done = command("pairs")
    assert done.code == console.DONE and "no run yet" in done.out.splitlines()[0]
    assert command("show").code == console.BAD_INPUT


def test_a_torn_table_of_events_is_named(command, published, tmp_path):
    torn = shutil.copytree(published, tmp_path / "torn")
    (torn / "events.csv").write_text("event,probability\nx,half\n", "utf-8")
    done = command("show", torn)
    assert done.code == console.BAD_INPUT
    assert "events.csv, line 2: is no table of events" in done.err


def test_a_report_takes_templates_of_your_own(published, tmp_path, capsys):
    words = ["report", "--run", str(published), "--templates", str(tmp_path / "own")]
    assert app.main(words) == console.BAD_INPUT
    assert "no folder of templates" in capsys.readouterr().err
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "novel.typ.j2").write_text("x", "utf-8")
    assert app.main(words) == console.BAD_INPUT
    assert "novel.typ.j2" in capsys.readouterr().err
