"""Commands on a stored run: forecast again, another pair, listings, reports, comparison."""

import json

from crossover.forecast import runs
from crossover.forecast.events import EVENTS
from crossover.reports.cli import common, console
from tests.reports.cli.conftest import tree
from tests.reports.cli.test_additions import additions_of
from tests.synthetic import make_run


def test_the_own_pair_forecast_again_has_the_same_bytes(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.suffix != ".nc"}
    done = command("forecast", "--supplier", "Russia", "--recipient", "CHN")
    assert done.code == console.DONE
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.suffix != ".nc"} == before


def test_another_pair_stands_under_pairs_with_its_own_gate(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    before = (run / "run.json").read_bytes()
    words = ("--supplier", "RUS", "--recipient", "IND")
    done = command("forecast", *words)
    assert done.code == console.DONE and "Russia to India" in done.out
    assert tree(run / "pairs" / "RUS-IND") == [
        "arrivals.csv", "arrivals_below.csv", "capacity_change.csv", "causes.csv",
        "contested_markets.csv", "deliveries_by_order.csv", "domain_check.csv", "domains.nc",
        "domains_ahead.csv", "events.csv", "forecast.nc",
        "gate.json", "levels.csv", "levels_domains.csv", "scenario_differences.csv",
        "scenarios.json", "suppliers.csv", "timing.csv", "unit_values.csv",
    ]
    assert (run / "run.json").read_bytes() == before
    first = (run / "pairs" / "RUS-IND" / "events.csv").read_bytes()
    assert b"RUS,IND,baseline" in first
    command("forecast", *words)
    assert (run / "pairs" / "RUS-IND" / "events.csv").read_bytes() == first


def test_half_a_pair_is_refused(command, own_store):
    command("run")
    done = command("forecast", "--recipient", "IND")
    assert done.code == console.BAD_INPUT and "needs both --supplier and --recipient" in done.err


def test_a_forecast_prints_csv_alone_when_asked(command, own_store):
    command("run", "--quick")
    lines = command("forecast", "--csv").out.splitlines()
    assert lines[0] == (
        "statement,in 2024,in 2030,in 2035,happened by 2035,from 2035 on,in 2050"
    )
    assert len(lines) == 1 + len(EVENTS)


def test_runs_are_listed_and_shown(command, stand_ins, own_store):
    command("run", "--quick")
    stand_ins.passed = False
    command("run", "--seed", 3)
    listed = command("runs", "list")
    assert "RUS-CHN" in listed.out and "FAILED" in listed.out and "quick" in listed.out
    newest = max(runs.listing(own_store), key=lambda run: runs.read(run)["seed"] == 3)
    shown = command("runs", "show", newest.name)
    assert "gate FAILED, not publishable" in shown.out
    assert "hashes.posterior" in shown.out and "home_bias" in shown.out
    assert "gate.checks.1.value,12.5" in command("runs", "show", newest.name, "--csv").out


def test_levels_are_printed_and_made_where_absent(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    (run / "levels.csv").unlink()
    done = command("sensitivity", "levels")
    assert done.code == console.DONE
    for text in ("average *", "P in 2035", "P(capacity of China above Russia) in 2024"):
        assert text in done.out
    assert not (run / "levels.csv").exists()
    assert command("sensitivity", "levels", "--csv").out.startswith("alternative,description,")


def test_a_report_goes_where_it_is_told(command, own_store, tmp_path):
    command("run")
    done = command("report", "--out", tmp_path / "mine.pdf")
    assert done.out.strip() == str(tmp_path / "mine.pdf")
    assert (tmp_path / "mine.pdf").is_file()


def test_the_state_leads_the_summary_and_an_undefined_event_has_no_number():
    shared = {"event": "independence", "domain": "all", "scenario": "baseline"}
    chances = {"state": 0.4, "first_passage": 0.8, "lasting": 0.1}
    events = [
        {**shared, "kind": kind, "year": year, "probability": p}
        for kind, p in chances.items() for year in range(2024, 2051)
    ]  # fmt: skip
    header, rows = common.summary(events)
    found = {row[0]: row[1:] for row in rows}
    assert header[1:] == [
        "in 2024", "in 2030", "in 2035", "happened by 2035", "from 2035 on", "in 2050"
    ]  # fmt: skip
    assert found["independence"] == ["0.40", "0.40", "0.40", "0.80", "0.10", "0.40"]
    assert set(found["capacity_crossover"]) == {"-"}


def test_two_runs_are_compared(command, published, tmp_path):
    done = command("runs", "compare", str(published), str(published), "--csv")
    assert done.code == 0 and done.out.startswith("what,a,a_spread,b,b_spread")
    other = make_run(tmp_path / "other", draws=20)
    said = json.loads((other / "run.json").read_text()) | {"supplier": "RUS", "recipient": "IND"}
    (other / "run.json").write_text(json.dumps(said))
    done = command("runs", "compare", str(published), str(other))
    assert done.code == console.BAD_INPUT and "is of the pair RUS-IND" in done.err


def test_a_run_says_which_additions_it_rests_on(command, tmp_path, own_store):
    from tests.data import samples

    command("run", "--out", tmp_path / "before")
    page = samples.api_page([samples.api_row("CHN", 2024, 2.6)], updated="2026-05-30")
    (tmp_path / "rd.json").write_text(json.dumps(page))
    command("data", "add", str(tmp_path / "rd.json"))
    command("run", "--out", tmp_path / "after")
    before, after = (runs.read(tmp_path / name) for name in ("before", "after"))
    assert before["additions"] == []
    assert after["additions"] == [one.id for one in additions_of(own_store)] != []
    assert before["hashes"]["panel"] != after["hashes"]["panel"]
