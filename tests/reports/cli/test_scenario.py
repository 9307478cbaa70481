"""Scenarios through the terminal: checked, listed, forecast, kept."""

import json

import pandas as pd
import pytest

from crossover.forecast import runs, scenarios, steps, stored_run
from crossover.reports.cli import console

SOUND = """
[scenario]
title = "Own"
description = "A test."
[path.one]
variable = "rd_share"
country = "RUS"
years = [2030, 2035]
value = 2.0
reason = "A test."
source = "None."
"""


def test_a_scenario_file_is_checked_and_its_fault_named_in_one_line(command, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(SOUND, "utf-8")
    done = command("scenario", "check", own, "--origin", 2024)
    assert done.code == console.DONE and "rd_share" in done.out and "sound" in done.err
    own.write_text(SOUND.replace("RUS", "XYZ"), "utf-8")
    done = command("scenario", "check", own, "--origin", 2024)
    assert done.code == console.BAD_INPUT
    (line,) = done.err.strip().splitlines()
    assert "own.toml" in line and "path.one.country" in line and "'XYZ'" in line


def test_the_shipped_scenarios_are_listed_with_what_may_be_set(command):
    done = command("scenario", "list")
    for words in (*scenarios.SHIPPED, *scenarios.VARIABLES):
        assert words in done.out
    assert "trade" in done.err and "not identified" in done.err


def test_a_run_takes_the_scenarios_asked_for_and_a_forecast_keeps_them(
    command, stand_ins, tmp_path
):
    own = tmp_path / "own.toml"
    own.write_text(SOUND, "utf-8")
    words = ("--scenario", own, "--scenario", "chinese_plateau")
    assert command("run", "--out", tmp_path / "out", *words).code == console.DONE
    asked = ["baseline", "own", "chinese_plateau"]
    assert stand_ins.scenarios == asked
    assert list(runs.read(tmp_path / "out")["scenarios"]) == asked
    own.unlink()
    assert command("forecast", "--run", tmp_path / "out").code == console.DONE
    assert stand_ins.scenarios == asked
    command("forecast", "--run", tmp_path / "out", "--supplier", "RUS", "--recipient", "IND")
    assert stand_ins.scenarios == ["baseline"]


CHANGED = "not the draws on record"


def test_a_users_scenario_stands_beside_those_of_the_run_and_no_code_is_blamed(
    command, by_scenario, own_store, tmp_path
):
    command("run")
    (run,) = runs.listing(own_store)
    own = tmp_path / "us_deal.toml"
    own.write_text(SOUND, "utf-8")
    by_scenario["us_deal"] = 5.0
    done = command("forecast", "--scenario", own)
    assert done.code == console.DONE and CHANGED not in done.err
    names = [*scenarios.SHIPPED, "us_deal"]
    assert list(json.loads((run / stored_run.SCENARIOS_FILE).read_text("utf-8"))) == names
    assert list(runs.read(run)["scenarios"]) == names
    events = pd.read_csv(run / steps.EVENTS_FILE)
    assert list(events["scenario"].unique()) == names
    # What is there stays when the same is asked for without the file, and when it is asked again.
    own.write_text(SOUND.replace("2.0", "3.0"), "utf-8")
    for words in ((), ("--scenario", own)):
        done = command("forecast", *words)
        assert done.code == console.DONE and CHANGED not in done.err
        assert list(runs.read(run)["scenarios"]) == names
    assert "3.0" in json.loads((run / stored_run.SCENARIOS_FILE).read_text("utf-8"))["us_deal"]


@pytest.mark.parametrize("change", ["code", "package", "nothing"])
def test_other_draws_than_those_on_record_are_told_with_what_has_changed(
    command, by_scenario, own_store, tmp_path, monkeypatch, change
):
    from crossover.forecast import record

    command("run")
    by_scenario["baseline"] = 1.0
    if change == "code":
        monkeypatch.setattr(record, "hash_code", lambda root: "0" * 64)
    if change == "package":
        now = record.packages() | {"numpy": "9.9"}
        monkeypatch.setattr(record, "packages", lambda: now)
    own = tmp_path / "own.toml"
    own.write_text(SOUND, "utf-8")
    done = command("forecast", "--scenario", own)
    assert done.code == console.DONE and CHANGED in done.err
    said = {"code": "since: the code", "package": "9.9 now)", "nothing": "neither the code nor"}
    assert [name for name, words in said.items() if words in done.err] == [change]
    assert CHANGED not in command("forecast").err


def test_changed_code_is_not_told_where_it_draws_the_same(command, by_scenario, monkeypatch):
    from crossover.forecast import record

    command("run")
    monkeypatch.setattr(record, "hash_code", lambda root: "0" * 64)
    done = command("forecast")
    assert done.code == console.DONE and CHANGED not in done.err


def test_a_bad_scenario_stops_a_run_before_anything_is_sampled(command, stand_ins, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(SOUND.replace("2035", "2055"), "utf-8")
    done = command("run", "--out", tmp_path / "out", "--scenario", own)
    assert done.code == console.BAD_INPUT and "path.one.years" in done.err
    assert "fit" not in dict(stand_ins.calls) and not (tmp_path / "out").exists()
