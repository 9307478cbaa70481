"""A run through the terminal: what it writes, what it says, and how it is stopped."""

import contextlib
import os
import signal
import time

import pytest
import xarray as xr

from crossover.data import errors
from crossover.forecast import runs, scenarios, steps, stored_run
from crossover.reports.cli import console
from tests.reports.cli.conftest import CHAINS, tree


def test_a_run_writes_everything_that_a_run_folder_holds(command, tmp_path):
    done = command("run", "--out", tmp_path / "out", "--seed", 7, "--as-of", "2025-06-30")
    assert done.code == console.DONE, done.err
    assert tree(tmp_path) == [
        *(
            f"out/{name}"
            for name in (
                "arrivals.csv", "arrivals_below.csv", "capacity_change.csv", "causes.csv",
                "claims.csv", "contested_markets.csv", "deliveries_by_order.csv",
                "domain_check.csv", "domains.nc", "domains_ahead.csv", "events.csv",
                "forecast.nc", "levels.csv", "levels_domains.csv", "posterior.nc", "priors.toml",
                "report.pdf", "run.json", "scenario_differences.csv", "scenarios.json",
                "suppliers.csv", "timing.csv", "unit_values.csv",
            )
        ),
        "store/ledger.sqlite",
    ]
    said = runs.read(tmp_path / "out")
    assert (said["seed"], said["as_of"], said["quick"]) == (7, "2025-06-30", False)
    assert (said["supplier"], said["recipient"]) == ("RUS", "CHN")
    assert said["command"].startswith("crossover run --out ")
    assert set(said["seconds"]) >= {"panel", "sample", "gate", "forecast", "levels"}
    assert set(said["hashes"]) == {
        "panel", "priors", "posterior", "posterior_domains", "forecast", "domains",
    }
    assert set(said["scenarios"]) == {"baseline", *scenarios.SHIPPED}
    assert any("no history of alliances" in words for words in said["warnings"])
    assert said["sampling"]["ess_bulk_min"] == 600.0
    assert said["gate"]["passed"] and len(said["gate"]["checks"]) == 2
    assert "capacity_crossover" in done.out and "happened by 2035" in done.out
    assert str(tmp_path / "out") in done.out and "gate passed" in done.err


def test_the_record_stands_before_sampling_starts(command, stand_ins, tmp_path):
    command("run", "--out", tmp_path / "out", "--draws", 50, "--chains", 2)
    (said,) = stand_ins.records
    assert said["seed"] == console.SEED and (said["draws"], said["chains"]) == (50, 2)
    assert said["id"] and said["created"].endswith("+00:00") and said["packages"]["numpy"]
    assert set(said["code"]) == {"version", "commit", "dirty", "hash"}
    assert set(said["hashes"]) == {"panel", "priors"} and "gate" not in said


def test_options_reach_the_sampler_and_one_seed_serves_all(command, stand_ins, tmp_path):
    command("run", "--recipient", "india", "--seed", 5, "--draws", 9)
    calls = dict(stand_ins.calls)
    assert {k: calls["fit"][k] for k in ("seed", "draws", "tune", "chains")} == {
        "seed": 5, "draws": 9, "tune": 20, "chains": CHAINS,
    }
    assert calls["futures"] == {"pair": ("RUS", "IND"), "seed": 5}


def test_hashes_are_those_of_the_stored_draws(command, tmp_path):
    from crossover.forecast import record

    command("run", "--out", tmp_path / "out")
    said = runs.read(tmp_path / "out")["hashes"]
    tree = stored_run.stored(tmp_path / "out")
    assert said["posterior"] == record.hash_draws(tree["posterior"].to_dataset())
    with xr.open_dataset(tmp_path / "out" / "forecast.nc", engine="h5netcdf") as futures:
        assert said["forecast"] == record.hash_draws(futures)


def test_a_failed_gate_keeps_the_run_and_exits_3(command, stand_ins, tmp_path):
    stand_ins.passed = False
    done = command("run", "--out", tmp_path / "out")
    assert done.code == console.GATE_FAILED
    assert "not publishable: ess_bulk 12.5 (threshold 400, home_bias)" in done.err
    assert (tmp_path / "out" / "report.pdf").read_bytes() == b"%PDF false"
    assert not runs.read(tmp_path / "out")["gate"]["passed"]


def test_a_quick_run_says_so_everywhere(command, stand_ins, tmp_path):
    stand_ins.passed = False
    done = command("run", "--quick", "--out", tmp_path / "out")
    assert done.code == console.GATE_FAILED
    assert done.out.startswith("QUICK RUN") and "QUICK RUN" in done.err
    assert "run without --quick" in done.err
    assert runs.read(tmp_path / "out")["quick"] is True
    assert dict(stand_ins.calls)["fit"]["draws"] == 8


def test_a_fit_can_be_forecast_and_reported_later(command, own_store):
    assert command("fit").code == console.DONE
    (run,) = runs.listing(own_store)
    assert tree(run) == ["posterior.nc", "priors.toml", "run.json", "scenarios.json"]
    assert command("forecast").code == console.DONE
    assert command("report").out.strip() == str(run / "report.pdf")
    said = runs.read(run)
    assert said["hashes"]["forecast"] and len(said["gate"]["checks"]) == 2


def test_prior_only_draws_from_the_priors_and_makes_no_run(command, own_store):
    done = command("fit", "--prior-only")
    assert done.code == console.DONE
    (folder,) = (own_store / runs.PRIORS).iterdir()
    assert tree(folder) == ["prior.nc", "prior.png", "prior.svg", "priors.toml", "run.json"]
    assert runs.read(folder)["prior_only"] is True
    assert runs.listing(own_store) == []


@pytest.mark.parametrize("words", [["run"], ["fit"], ["fit", "--prior-only"]])
def test_ctrl_c_exits_130_with_one_line_and_leaves_nothing(command, stand_ins, tmp_path, words):
    stand_ins.stop = KeyboardInterrupt()
    done = command(*words)
    assert done.code == console.STOPPED
    assert done.err.strip().splitlines()[-1] == "crossover: stopped; nothing was kept"
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_comes_through_where_a_library_swallows_it():
    def deaf():
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        # Nobody waits that long: the test ends by the interrupt, or not at all.
        time.sleep(3600)

    with pytest.raises(KeyboardInterrupt), steps.stoppable():
        deaf()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_ctrl_c_in_a_forecast_leaves_the_run_as_it_was(command, stand_ins, own_store):
    command("run")
    before = {path: path.read_bytes() for path in own_store.rglob("*") if path.is_file()}
    stand_ins.stop = KeyboardInterrupt()
    for words in (["forecast"], ["forecast", "--supplier", "RUS", "--recipient", "IND"]):
        assert command(*words).code == console.STOPPED
        assert {p: p.read_bytes() for p in own_store.rglob("*") if p.is_file()} == before
        assert not list(own_store.rglob("pairs"))


def test_a_fault_found_late_leaves_nothing_either(command, stand_ins, tmp_path):
    stand_ins.stop = errors.InputError("the panel holds nothing to fit")
    done = command("run", "--out", tmp_path / "out")
    assert (done.code, list(tmp_path.iterdir())) == (console.BAD_INPUT, [])
    assert "crossover: error: the panel holds nothing to fit" in done.err
