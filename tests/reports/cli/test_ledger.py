"""Commands on the record of published forecasts."""

import json

import pytest

from crossover.reports.cli import console


def test_a_run_is_entered_listed_checked_and_scored(command, published, own_store):
    entered = command("ledger", "enter", str(published))
    assert entered.code == 0 and "88 questions" in entered.err
    assert "0 questions, 88 were there already" in command("ledger", "enter", str(published)).err
    listed = command("ledger", "list", "--csv")
    assert len(listed.out.splitlines()) == 89
    assert "sound; the last entry's hash is" in command("ledger", "check").err
    scored = command("score")
    assert scored.code == 0 and "Mean scores" in scored.out
    assert (own_store / "scores.csv").read_text().startswith("run,question,kind,country")
    assert not (published / "track_record.json").exists()
    asked = command("score", "--run", str(published))
    assert asked.code == 0 and f"crossover report --run {published}" in asked.err
    record = json.loads((published / "track_record.json").read_text())
    assert record["entries"] == 88 and record["newest"] == "2026-06-16"
    assert command("score", "--run", "no/such").code == console.BAD_INPUT


def test_a_run_that_failed_its_gate_is_not_entered_and_exits_3(command, published, own_store):
    said = json.loads((published / "run.json").read_text())
    said["gate"]["passed"] = False
    (published / "run.json").write_text(json.dumps(said))
    done = command("ledger", "enter", str(published))
    assert done.code == console.GATE_FAILED and "has not passed the gate" in done.err
    assert not own_store.exists()


def test_a_tampered_ledger_is_not_scored(command, published, own_store):
    import sqlite3

    command("ledger", "enter", str(published))
    with sqlite3.connect(own_store / "ledger.sqlite") as connection:
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("UPDATE entries SET draws = draws + 1 WHERE seq = 1")
    for words in ("ledger check", "score"):
        done = command(*words.split())
        assert done.code == console.BAD_INPUT and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("score", "holds no entry yet"),
        ("ledger list", "holds no entry yet"),
        ("ledger enter", "the store holds no run yet"),
        ("runs compare a b", "the store holds no run yet"),
        ("runs compare", "A is missing: crossover runs compare A B"),
    ],
)
def test_what_cannot_be_scored_or_compared_exits_2(command, words, message):
    done = command(*words.split())
    assert done.code == console.BAD_INPUT
    assert message in done.err.strip().splitlines()[-1]
