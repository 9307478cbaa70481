"""The command line: exit codes, one clear line for each mistake, and nothing half-written.

What samples and simulates is replaced by invented numbers (tests/synthetic.py); everything from
the options to the run folder is real.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import crossover as rooms
from crossover.data import errors
from crossover.data.names import EVENTS
from crossover.forecast import cli, runs, scenarios, steps
from tests.synthetic import make_run

HEAVY = ("numpy", "pandas", "xarray", "pymc", "matplotlib", "arviz", "rich", "httpx")
DRAWS, CHAINS = 30, 4


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.VARIABLE, str(tmp_path / "store"))
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path / "store"
    for kind, handler in before.items():
        signal.signal(kind, handler)


@pytest.fixture(scope="module")
def invented(tmp_path_factory):
    """Return a posterior of two quantities, a forecast and a table of levels, all invented."""
    run = make_run(tmp_path_factory.mktemp("invented") / "run", draws=DRAWS, chains=CHAINS)
    whole = xr.load_datatree(run / "posterior.nc", engine="h5netcdf")
    few = whole["posterior"].to_dataset()[["supplier_capacity", "rd_within"]]
    return types.SimpleNamespace(
        posterior=xr.DataTree.from_dict(
            {
                "posterior": few,
                "sample_stats": whole["sample_stats"].to_dataset(),
                "constant_data": xr.Dataset(attrs={"origin": 2024}),
                "domains/posterior": whole["domains/posterior"].to_dataset(),
                "domains/constant_data": whole["domains/constant_data"].to_dataset(),
            }
        ),
        apart=xr.load_dataset(run / "domains.nc", engine="h5netcdf"),
        by_domain=pd.read_csv(run / "levels_domains.csv"),
        forecast=xr.load_dataset(run / "forecast.nc", engine="h5netcdf"),
        levels=pd.read_csv(run / "levels.csv"),
        causes=pd.read_csv(run / "causes.csv"),
    )


@pytest.fixture
def stand_ins(invented, monkeypatch):
    """Replace what is heavy; return the record of how it was called, and levers to pull."""
    told = types.SimpleNamespace(calls=[], passed=True, stop=None)

    def put(name, package=rooms.forecast, **content):
        module = types.ModuleType(f"{package.__name__}.{name}")
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(package, name, module, raising=False)

    def verdict(name):
        value = 600.0 if told.passed else 12.5
        check = {"name": name, "value": value, "threshold": 400.0, "where": "home_bias"}
        return {"passed": told.passed, "checks": [check | {"passed": told.passed}]}

    def fit(panel, priors, **options):
        told.calls.append(("fit", options))
        told.records = [json.loads(p.read_text()) for p in told.folder.glob("**/.*/run.json")]
        if told.stop:
            raise told.stop
        return invented.posterior

    def futures(tree, supplier, recipient, *, seed, horizon, scenarios=(), progress=None):
        told.calls.append(("futures", {"pair": (supplier, recipient), "seed": seed}))
        told.scenarios = [one.name for one in scenarios]
        if told.stop:
            raise told.stop
        return invented.forecast.assign_attrs(
            supplier=supplier, recipient=recipient, chains=CHAINS
        )

    put("fit", fit=fit, prior=lambda p, b, **o: fit(p, b, **o), DRAWS=40, TUNE=20, CHAINS=CHAINS,
        QUICK={"draws": 8, "tune": 5}, DOMAIN_DRAWS=40, DOMAIN_TUNE=5, DOMAINS="domains",
        fit_domains=lambda *given, **options: None, with_domains=lambda tree, layer: tree)
    put("simulate", futures=futures)
    put("levels", levels=lambda futures: invented.levels,
        by_domain=lambda tree, futures, apart, seed: invented.by_domain)
    put("domains",
        by_domain=lambda tree, futures, seed: invented.apart.assign_attrs(futures.attrs),
        predictive_check=lambda tree, recipients, seed: pd.DataFrame(),
        agreement=lambda tree, seed: ({}, None, None))
    put("coupling", fit=lambda *given, **options: None)
    put("gap_change", changes=lambda tree, futures: pd.DataFrame())
    put("decomposition", decompose=lambda tree, *pair: pd.DataFrame())
    put("claims", CLAIMS_FILE="claims.csv", load=lambda: {}, Run=lambda *given: None,
        judge=lambda claims, run: [], again=lambda *given: None,
        write=lambda rows, path: path.write_text("claim\n"))
    put(
        "gate",
        judge=lambda tree, events=None: verdict("ess_bulk"),
        judge_events=lambda events: verdict("ess_tail"),
        combine=lambda a, b: {
            "passed": a["passed"] and b["passed"], "checks": a["checks"] + b["checks"]
        },
    )

    from crossover.data import listings
    from crossover.forecast import events

    monkeypatch.setattr(events, "monte_carlo_error", lambda happened, chains: happened.std(0))
    nothing = xr.Dataset(coords={"scenario": ["baseline"], "year": np.arange(2024, 2051)})
    monkeypatch.setattr(
        events, "domain_answers", lambda futures, apart: nothing.assign_attrs(futures.attrs)
    )
    monkeypatch.setattr(events, "domains_ahead", lambda table: pd.DataFrame())
    panel = xr.Dataset(
        {"tiv": (("supplier", "recipient", "year"), np.ones((1, 1, 2)))},
        coords={"year": [2023, 2024]},
    )
    monkeypatch.setattr(listings, "known", lambda *given: [])
    monkeypatch.setattr(listings, "attach", lambda panel, books: panel)
    put("panel", rooms.data,
        assemble=lambda as_of, folder: told.calls.append(("panel", as_of)) or panel)
    monkeypatch.setattr(listings, "known", lambda as_of, folder: [])
    monkeypatch.setattr(listings, "attach", lambda panel, books: panel)
    put("decomposition", decompose=lambda tree, *pair: invented.causes)

    def build(run, supplier=None, recipient=None, out=None):
        assert (run / runs.RECORD).is_file() and (run / "events.csv").is_file()
        path = out or run / "report.pdf"
        path.write_bytes(b"%PDF " + json.dumps(runs.read(run)["gate"]["passed"]).encode())
        return path

    put("build", rooms.reports, build=build)

    def figure(tree, futures, out):
        out.write_text("figure")
        return out

    put("prior", rooms.reports, figure=figure)
    return told


@pytest.fixture
def command(stand_ins, tmp_path, capsys):
    """Return a function that runs a command in a folder: exit code, output, errors."""
    stand_ins.folder = tmp_path

    def call(*words):
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as error:
            code = error.code
        seen = capsys.readouterr()
        return types.SimpleNamespace(code=code, out=seen.out, err=seen.err)

    return call


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# Start -----------------------------------------------------------------------------------------


def test_starting_imports_nothing_heavy():
    code = (
        "import sys, crossover.forecast.cli as cli; cli.parser(); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [["--help"], ["data", "list"], ["data", "show", "--help"]])
def test_help_and_plain_data_commands_import_next_to_nothing(words):
    """Half a second is promised: 0.1 s is Python, and a module takes a millisecond or less."""
    code = (
        "import sys, crossover.forecast.cli as cli\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "print(heavy, len(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    heavy, count = done.stderr.rsplit(maxsplit=1)
    assert heavy == "[]" and int(count) < 300


def test_every_command_of_the_manual_is_there(command):
    for words in (
        "run", "fit", "forecast", "report", "runs list", "runs show", "sensitivity levels",
        "data list", "data show", "data check", "data build", "data domains", "data add",
        "data refresh", "data revisions", "runs compare", "score", "ledger list", "ledger check",
        "ledger enter", "scenario list", "scenario check", "claims", "sensitivity partnership",
        "sensitivity analogues", "sensitivity drivers",
    ):
        found = command(*words.split(), "--help")
        assert found.code == 0 and f"crossover {words}" in found.out


def test_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    code = "import sys; from crossover.forecast import cli; sys.exit(cli.main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "data", "domains"]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.stderr == b""


# A whole run -----------------------------------------------------------------------------------


def test_a_run_writes_everything_that_a_run_folder_holds(command, tmp_path):
    done = command("run", "--out", tmp_path / "out", "--seed", 7, "--as-of", "2025-06-30")
    assert done.code == cli.DONE, done.err
    assert tree(tmp_path) == [
        *(
            f"out/{name}"
            for name in (
                "arrivals.csv", "arrivals_below.csv", "capacity_change.csv", "causes.csv",
                "claims.csv", "contested_markets.csv", "domain_check.csv", "domains.nc",
                "domains_ahead.csv", "events.csv",
                "forecast.nc", "levels.csv", "levels_domains.csv", "posterior.nc", "priors.toml",
                "report.pdf", "run.json", "scenario_differences.csv", "scenarios.json",
                "timing.csv", "unit_values.csv",
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
    assert said["seed"] == cli.SEED and (said["draws"], said["chains"]) == (50, 2)
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
    tree = steps.stored(tmp_path / "out")
    assert said["posterior"] == record.hash_draws(tree["posterior"].to_dataset())
    with xr.open_dataset(tmp_path / "out" / "forecast.nc", engine="h5netcdf") as futures:
        assert said["forecast"] == record.hash_draws(futures)


def test_a_failed_gate_keeps_the_run_and_exits_3(command, stand_ins, tmp_path):
    stand_ins.passed = False
    done = command("run", "--out", tmp_path / "out")
    assert done.code == cli.GATE_FAILED
    assert "not publishable: ess_bulk 12.5 (threshold 400, home_bias)" in done.err
    assert (tmp_path / "out" / "report.pdf").read_bytes() == b"%PDF false"
    assert not runs.read(tmp_path / "out")["gate"]["passed"]


def test_a_quick_run_says_so_everywhere(command, stand_ins, tmp_path):
    stand_ins.passed = False
    done = command("run", "--quick", "--out", tmp_path / "out")
    assert done.code == cli.GATE_FAILED
    assert done.out.startswith("QUICK RUN") and "QUICK RUN" in done.err
    assert "run without --quick" in done.err
    assert runs.read(tmp_path / "out")["quick"] is True
    assert dict(stand_ins.calls)["fit"]["draws"] == 8


def test_a_fit_can_be_forecast_and_reported_later(command, own_store):
    assert command("fit").code == cli.DONE
    (run,) = runs.listing(own_store)
    assert tree(run) == ["posterior.nc", "priors.toml", "run.json", "scenarios.json"]
    assert command("forecast").code == cli.DONE
    assert command("report").out.strip() == str(run / "report.pdf")
    said = runs.read(run)
    assert said["hashes"]["forecast"] and len(said["gate"]["checks"]) == 2


def test_prior_only_draws_from_the_priors_and_makes_no_run(command, own_store):
    done = command("fit", "--prior-only")
    assert done.code == cli.DONE
    (folder,) = (own_store / runs.PRIORS).iterdir()
    assert tree(folder) == ["prior.nc", "prior.png", "prior.svg", "priors.toml", "run.json"]
    assert runs.read(folder)["prior_only"] is True
    assert runs.listing(own_store) == []


# Stopping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["run"], ["fit"], ["fit", "--prior-only"]])
def test_ctrl_c_exits_130_with_one_line_and_leaves_nothing(command, stand_ins, tmp_path, words):
    stand_ins.stop = KeyboardInterrupt()
    done = command(*words)
    assert done.code == cli.STOPPED
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
        assert command(*words).code == cli.STOPPED
        assert {p: p.read_bytes() for p in own_store.rglob("*") if p.is_file()} == before
        assert not list(own_store.rglob("pairs"))


def test_a_fault_found_late_leaves_nothing_either(command, stand_ins, tmp_path):
    stand_ins.stop = errors.InputError("the panel holds nothing to fit")
    done = command("run", "--out", tmp_path / "out")
    assert (done.code, list(tmp_path.iterdir())) == (cli.BAD_INPUT, [])
    assert "crossover: error: the panel holds nothing to fit" in done.err


# Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run --supplier RSU", "--supplier: 'RSU': unknown country; the nearest known is"),
        ("run --supplier VNM", "--supplier: 'VNM': is no supplier of the sample"),
        ("run --recipient RUS --supplier RUS", "RUS"),
        ("run --as-of yesterday", "--as-of: 'yesterday': must be a date"),
        ("run --draws many", "must be a whole number from 4"),
        ("run --draws 0", "must be a whole number from 4"),
        ("run --chains -1", "must be a whole number from 1"),
        ("run --seed 1.5", "must be a whole number from 0"),
        ("run --panel no/such", "--panel: 'no/such': there is no such folder"),
        ("run --priors no/such.toml", "the priors file cannot be read"),
        ("run --nonsense", "unrecognized arguments: --nonsense"),
        ("nonsense", "invalid choice: 'nonsense'"),
        ("", "the following arguments are required"),
        ("forecast", "the store holds no run yet, make one with 'crossover run'"),
        ("report", "the store holds no run yet"),
        ("runs list", "the store holds no run yet"),
        ("runs show", "the store holds no run yet"),
        ("sensitivity levels", "the store holds no run yet"),
        ("forecast --run no/such", "--run: 'no/such': there is no such run folder"),
        ("data show rd_shar", "the nearest known is 'rd_share'"),
        ("data show rd_share --country Chnia", "the nearest known is 'China'"),
        ("data show rd_share --years 99", "--years: '99': must be a year or a span"),
        ("data show deliveries --supplier RUS --domain tanks", "unknown domain"),
        ("data show rd_share --country CHN --as-of 1900-01-01", "released by that date"),
        ("data list --panel no/such", "--panel: 'no/such': there is no such folder"),
        ("data check no/such", "no/such: there is no such folder"),
        ("data build no/such", "no/such: there is no such folder"),
        ("data domains radars", "unknown domain"),
        ("data domains --description zeppelin", "--description: 'zeppelin': no weapon of that"),
        ("data domains --panel no/such", "--panel: 'no/such': there is no such folder"),
        ("data show unit_values --supplier ROW", "--supplier: 'ROW': has no unit values"),
        ("data show rd_share --weapon tank", "--weapon has no meaning for the series 'rd_share'"),
    ],
)
def test_bad_input_exits_2_with_one_line_that_names_it(command, tmp_path, words, message):
    done = command(*words.split())
    assert done.code == cli.BAD_INPUT
    last = done.err.strip().splitlines()[-1]
    assert message in last and "error: " in last and "Traceback" not in done.err
    assert done.out == "" and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[variable.rd_withn]\nmu = 1.0\n", "did you mean 'rd_within'?"),
        ("[variable.rd_within]\nsigma = -1.0\n", "must be greater than 0"),
        ("[variable.rd_within]\nmu = 'high'\n", "must be a number"),
        ("[variable.rd_within\n", "not valid TOML"),
    ],
)
def test_bad_priors_stop_a_run_before_anything_is_sampled(
    command, stand_ins, tmp_path, text, message
):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    done = command("run", "--priors", path)
    assert done.code == cli.BAD_INPUT
    assert message in done.err and "mine.toml" in done.err
    assert stand_ins.calls == [] and tree(tmp_path) == ["mine.toml"]


@pytest.mark.parametrize("kind", ["whole", "half", "file", "under a file", "unfinished"])
def test_an_output_that_cannot_be_used_stops_a_run_before_sampling(
    command, stand_ins, tmp_path, kind
):
    out = tmp_path / "out"
    if kind == "unfinished":
        runs.partial(out).mkdir()
    elif "file" in kind:
        out.write_text("mine")
    else:
        out.mkdir()
        (out / ("run.json" if kind == "whole" else "posterior.nc")).write_text("{}")
    before = tree(tmp_path)
    done = command("run", "--out", out / "deep" if kind == "under a file" else out)
    assert done.code == cli.BAD_INPUT
    assert sum("error" in line for line in done.err.splitlines()) == 1
    assert "fit" not in dict(stand_ins.calls) and tree(tmp_path) == before


def test_a_run_without_or_with_a_torn_posterior_is_named(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    (run / "posterior.nc").write_bytes((run / "posterior.nc").read_bytes()[:2000])
    done = command("forecast")
    assert done.code == cli.BAD_INPUT and "posterior.nc: cannot be read" in done.err
    (run / "posterior.nc").unlink()
    done = command("forecast")
    assert done.code == cli.BAD_INPUT and "the run holds no posterior" in done.err


# On a stored run -------------------------------------------------------------------------------


def test_the_own_pair_forecast_again_has_the_same_bytes(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.suffix != ".nc"}
    done = command("forecast", "--supplier", "Russia", "--recipient", "CHN")
    assert done.code == cli.DONE
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.suffix != ".nc"} == before


def test_another_pair_stands_under_pairs_with_its_own_gate(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    before = (run / "run.json").read_bytes()
    words = ("--supplier", "RUS", "--recipient", "IND")
    done = command("forecast", *words)
    assert done.code == cli.DONE and "Russia to India" in done.out
    assert tree(run / "pairs" / "RUS-IND") == [
        "arrivals.csv", "arrivals_below.csv", "capacity_change.csv", "causes.csv",
        "contested_markets.csv", "domain_check.csv", "domains.nc", "domains_ahead.csv",
        "events.csv", "forecast.nc",
        "gate.json", "levels.csv", "levels_domains.csv", "scenario_differences.csv",
        "scenarios.json", "timing.csv", "unit_values.csv",
    ]
    assert (run / "run.json").read_bytes() == before
    first = (run / "pairs" / "RUS-IND" / "events.csv").read_bytes()
    assert b"RUS,IND,baseline" in first
    command("forecast", *words)
    assert (run / "pairs" / "RUS-IND" / "events.csv").read_bytes() == first


def test_half_a_pair_is_refused(command, own_store):
    command("run")
    done = command("forecast", "--recipient", "IND")
    assert done.code == cli.BAD_INPUT and "needs both --supplier and --recipient" in done.err


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
    before = (run / "levels.csv").read_bytes()
    (run / "levels.csv").unlink()
    done = command("sensitivity", "levels")
    assert done.code == cli.DONE
    for text in ("average *", "P in 2035", "P(capacity of China above Russia) in 2024"):
        assert text in done.out
    assert (run / "levels.csv").read_bytes() == before
    assert command("sensitivity", "levels", "--csv").out.startswith("alternative,description,")


def test_a_report_goes_where_it_is_told(command, own_store, tmp_path):
    command("run")
    done = command("report", "--out", tmp_path / "mine.pdf")
    assert done.out.strip() == str(tmp_path / "mine.pdf")
    assert (tmp_path / "mine.pdf").is_file()


# Tables ----------------------------------------------------------------------------------------


def test_a_table_is_aligned_numbers_to_the_right():
    text = cli.table(("name", "value"), [("a", 1.5), ("long name", None), ("b", 12)])
    assert text.splitlines() == [
        "name       value",
        "---------  -----",
        "a            1.5",
        "long name",
        "b             12",
    ]
    assert cli.table(("a",), []) == "a\n-"


def test_the_state_leads_the_summary_and_an_undefined_event_has_no_number():
    shared = {"event": "independence", "domain": "all", "scenario": "baseline"}
    chances = {"state": 0.4, "first_passage": 0.8, "lasting": 0.1}
    events = pd.DataFrame(
        [{**shared, "kind": kind, "year": year, "probability": p}
         for kind, p in chances.items() for year in range(2024, 2051)]
    )  # fmt: skip
    header, rows = cli.summary(events)
    found = {row[0]: row[1:] for row in rows}
    assert header[1:] == [
        "in 2024", "in 2030", "in 2035", "happened by 2035", "from 2035 on", "in 2050"
    ]  # fmt: skip
    assert found["independence"] == ["0.40", "0.40", "0.40", "0.80", "0.10", "0.40"]
    assert set(found["capacity_crossover"]) == {"-"}


def test_data_commands_print_what_the_panel_holds(command):
    shown = command("data", "show", "deliveries", "--supplier", "RUS", "--recipient", "CHN",
                    "--years", "2024", "--csv")
    assert shown.code == cli.DONE and shown.out.startswith("year,TIV million,lines")
    assert command("data", "domains", "submarines").code == cli.DONE
    assert "rd_share" in command("data", "list").out
    assert "2026-02-12" in command("data", "list", "--series", "deliveries").out


def test_data_domains_shows_what_the_mapping_moves(command):
    shown = command("data", "domains")
    assert shown.code == cli.DONE
    assert "by technology domain, 1992-2025" in shown.out and "SIPRI's category" in shown.out
    long = command("data", "domains", "--csv").out.splitlines()
    assert long[0] == "category,domain,lines,TIV million"
    assert any(line.startswith("Missiles,air_defence,") for line in long)
    torpedoes = command("data", "domains", "--description", "torpedo", "--csv").out.splitlines()
    assert torpedoes[0].startswith("domain,description,class,category,lines,TIV million,note")
    assert all(line.startswith("naval,") for line in torpedoes[1:])
    assert len(command("data", "domains", "--all", "--csv").out.splitlines()) > 320
    assert "data/domains.csv" in command("data", "domains", "--help").out


def test_unit_values_are_shown_by_weapon(command):
    shown = command("data", "show", "unit_values", "--supplier", "CHN", "--weapon", "frigate",
                    "--years", "2023", "--csv")
    assert shown.out.splitlines()[-1] == "CHN,frigate,naval,2023,335,3,2026-02-12,0"
    assert "unit_values" in command("data", "list").out


def test_data_check_names_every_fault_and_exits_2(command, tmp_path, small_panel):
    shutil.copytree(small_panel, tmp_path / "panel")
    (tmp_path / "panel" / "embargoes.csv.gz").write_bytes(b"torn")
    done = command("data", "check", tmp_path / "panel")
    assert done.code == cli.BAD_INPUT
    assert "embargoes.csv.gz" in done.out and "fault" in done.err


def test_the_end_of_a_process_asked_to_end_is_that_of_ctrl_c(tmp_path):
    code = (
        "import sys, os, signal\n"
        "from crossover.forecast import cli\n"
        "cli.data_domains = lambda args: os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.exit(cli.main(['data', 'domains']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (130, "crossover: stopped; nothing was kept")




def test_files_are_previewed_added_and_then_known(command, tmp_path, own_store, small_panel):
    from tests.data import samples

    at = ("--panel", small_panel)
    page = samples.api_page([samples.api_row("CHN", 2024, 2.6)], updated="2026-05-30")
    file = tmp_path / "rd.json"
    file.write_text(json.dumps(page))
    dry = command("data", "add", str(file), "--dry-run", *at)
    assert dry.code == 0 and "rd_share" in dry.out and "nothing was written" in dry.err
    assert not (own_store / "panel").exists()
    done = command("data", "add", str(file), *at)
    assert done.code == 0 and "added: " in done.err
    again = command("data", "add", str(file), *at)
    assert again.code == 0 and again.out == ""
    assert "rd.json was added on" in again.err and "nothing new" in again.err
    shown = command("data", "show", "rd_share", "--country", "CHN", "--years", "2024", "--csv", *at)
    assert shown.out.splitlines()[-1].startswith("CHN,2024,2.6,% of GDP,2026-05-30,0")
    listed = command("data", "list", "--additions", "--csv")
    assert listed.out.splitlines()[1].endswith("rd.json,1,1")
    history = command("data", "revisions", "--indicator", "rd_share", "--country", "CHN",
                      "--year", "2024", "--csv", *at)
    assert history.code == 0 and "2026-05-30" in history.out
    assert command("data", "check").code == 0


def test_refused_rows_are_listed_and_the_rest_counted(command, tmp_path, own_store):
    from tests.data import samples

    bad = [samples.LINES_ROWS[0].replace("11,", f"{n},").replace("20,40", "20,?")
           for n in range(65)]
    file = tmp_path / "bad.csv"
    file.write_text(samples.lines_official(bad))
    done = command("data", "add", str(file))
    assert done.code == cli.BAD_INPUT
    *listed, more, last = done.err.strip().splitlines()
    assert len(listed) == 60 and more == "refused: 5 more"
    assert listed[0].startswith("refused: bad.csv, line 7, column 'TIV delivery values': '?'")
    assert last.startswith("crossover: error: bad.csv, line 7") and "(and 64 more)" in last
    assert additions_of(own_store) == []


def test_what_a_file_does_not_say_its_user_may(command, tmp_path, own_store):
    from tests.data import samples

    file = tmp_path / "long.csv"
    file.write_text(samples.WDI_LONG)
    asked = command("data", "add", str(file))
    assert asked.code == cli.BAD_INPUT and len(asked.err.strip().splitlines()) == 1
    assert "--indicator" in asked.err and "--released" in asked.err
    words = ("data", "add", str(file), "--indicator", "rd_share", "--released", "2021-04-15")
    dry = command(*words, "--dry-run")
    assert dry.code == 0 and "rd_share" in dry.out and not additions_of(own_store)
    bad = command(*words[:-1], "spring")
    assert bad.code == cli.BAD_INPUT
    assert "--released: 'spring': must be a date, year-month-day" in bad.err


def test_an_unknown_weapon_is_accepted_with_a_warning(command, tmp_path, own_store):
    from tests.data import samples

    file = tmp_path / "lines.csv"
    file.write_text(samples.lines_official(day="13 Mar 2022").replace("turbofan", "railgun"))
    refused = command("data", "add", str(file))
    assert refused.code == cli.BAD_INPUT and str(own_store / "domains.csv") in refused.err
    assert not (own_store / "panel").exists() or not additions_of(own_store)
    done = command("data", "add", str(file), "--accept-unknown")
    assert done.code == 0
    assert "warning: lines.csv, line 9: 'railgun' is unknown (1 row, 30.2 TIV million)" in done.err
    shown = command("data", "domains", "--description", "railgun", "--csv")
    assert shown.out.splitlines()[1].startswith("engines,railgun,railgun,Engines,")


def additions_of(store):
    from crossover.data import additions

    return additions.listing(store)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("data add no/such.csv", "such.csv: cannot be read"),
        ("data add", "the following arguments are required: FILE"),
        ("data add x.csv --panel no/such", "--panel: 'no/such': there is no such folder"),
        ("data refresh --indicator rd_shares", "unknown indicator"),
        ("data revisions --indicator rd_shar", "the nearest known is 'rd_share'"),
        ("data revisions --country CHN", "--country needs --indicator"),
        ("data revisions --year 2019", "--year needs --country"),
        ("data revisions --indicator rd_share --country CHN --year 19", "--year: '19': must be"),
        ("data list --additions", "no figure found: Additions in"),
    ],
)
def test_what_cannot_be_added_or_shown_exits_2(command, words, message):
    done = command(*words.split())
    assert done.code == cli.BAD_INPUT
    assert message in done.err.strip().splitlines()[-1] and "Traceback" not in done.err


@pytest.fixture
def published(tmp_path):
    """Return a run folder that may be published, with a pair on its record."""
    run = make_run(tmp_path / "published", draws=20)
    said = json.loads((run / "run.json").read_text()) | {"supplier": "RUS", "recipient": "CHN"}
    (run / "run.json").write_text(json.dumps(said))
    return run


def test_a_run_is_entered_listed_checked_and_scored(command, published, own_store):
    entered = command("ledger", "enter", str(published))
    assert entered.code == 0 and "87 questions" in entered.err
    assert "0 questions, 87 were there already" in command("ledger", "enter", str(published)).err
    listed = command("ledger", "list", "--csv")
    assert len(listed.out.splitlines()) == 88
    assert "sound; the last entry's hash is" in command("ledger", "check").err
    scored = command("score")
    assert scored.code == 0 and "Mean scores" in scored.out
    assert (own_store / "scores.csv").read_text().startswith("run,question,kind,country")
    assert not (published / "track_record.json").exists()
    asked = command("score", "--run", str(published))
    assert asked.code == 0 and f"crossover report --run {published}" in asked.err
    record = json.loads((published / "track_record.json").read_text())
    assert record["entries"] == 87 and record["newest"] == "2026-06-16"
    assert command("score", "--run", "no/such").code == cli.BAD_INPUT


def test_a_run_that_failed_its_gate_is_not_entered_and_exits_3(command, published, own_store):
    said = json.loads((published / "run.json").read_text())
    said["gate"]["passed"] = False
    (published / "run.json").write_text(json.dumps(said))
    done = command("ledger", "enter", str(published))
    assert done.code == cli.GATE_FAILED and "has not passed the gate" in done.err
    assert not own_store.exists()


def test_a_tampered_ledger_is_not_scored(command, published, own_store):
    import sqlite3

    command("ledger", "enter", str(published))
    with sqlite3.connect(own_store / "ledger.sqlite") as connection:
        connection.execute("DROP TRIGGER never_changed")
        connection.execute("UPDATE entries SET draws = draws + 1 WHERE seq = 1")
    for words in ("ledger check", "score"):
        done = command(*words.split())
        assert done.code == cli.BAD_INPUT and "Traceback" not in done.err


def test_two_runs_are_compared(command, published, tmp_path):
    done = command("runs", "compare", str(published), str(published), "--csv")
    assert done.code == 0 and done.out.startswith("what,a,a_spread,b,b_spread")
    other = make_run(tmp_path / "other", draws=20)
    said = json.loads((other / "run.json").read_text()) | {"supplier": "RUS", "recipient": "IND"}
    (other / "run.json").write_text(json.dumps(said))
    done = command("runs", "compare", str(published), str(other))
    assert done.code == cli.BAD_INPUT and "is of the pair RUS-IND" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("score", "holds no entry yet"),
        ("ledger list", "holds no entry yet"),
        ("ledger enter", "the store holds no run yet"),
        ("runs compare a b", "the store holds no run yet"),
        ("runs compare", "the following arguments are required: A, B"),
    ],
)
def test_what_cannot_be_scored_or_compared_exits_2(command, words, message):
    done = command(*words.split())
    assert done.code == cli.BAD_INPUT
    assert message in done.err.strip().splitlines()[-1]


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


def test_the_world_bank_is_asked_and_what_is_new_is_added(
    command, own_store, small_panel, monkeypatch
):
    import time

    from tests.data import samples
    from tests.data.test_world_bank_api import no_server, server

    page = samples.api_page([samples.api_row("CHN", 2024, 2.6)], updated="2026-05-30")
    with server(lambda query, n: (200, page, 0.0)) as (url, requests):
        words = ("data", "refresh", "--indicator", "rd_share", "--panel", small_panel, "--url")
        assert command(*words, url, "--dry-run").code == 0 and additions_of(own_store) == []
        done = command(*words, url)
    assert done.code == 0 and "rd_share" in done.out and "added: " in done.err
    assert len(additions_of(own_store)) == 1 and len(requests) == 2
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with no_server() as url:
        gone = command(*words, url)
    assert gone.code == cli.BAD_INPUT and "no connection" in gone.err
    assert sum(waits) >= 3.0


# Scenarios and claims --------------------------------------------------------------------------


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
    assert done.code == cli.DONE and "rd_share" in done.out and "sound" in done.err
    own.write_text(SOUND.replace("RUS", "XYZ"), "utf-8")
    done = command("scenario", "check", own, "--origin", 2024)
    assert done.code == cli.BAD_INPUT
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
    assert command("run", "--out", tmp_path / "out", *words).code == cli.DONE
    asked = ["baseline", "own", "chinese_plateau"]
    assert stand_ins.scenarios == asked
    assert list(runs.read(tmp_path / "out")["scenarios"]) == asked
    own.unlink()
    assert command("forecast", "--run", tmp_path / "out").code == cli.DONE
    assert stand_ins.scenarios == asked
    command("forecast", "--run", tmp_path / "out", "--supplier", "RUS", "--recipient", "IND")
    assert stand_ins.scenarios == ["baseline"]


@pytest.fixture
def by_scenario(stand_ins, invented, monkeypatch):
    """Let the invented futures hold every scenario asked for; return what is added to each."""
    from crossover.forecast import simulate

    moved = {}
    base = invented.forecast.sel(scenario="baseline", drop=True)

    def futures(tree, supplier, recipient, *, seed, horizon, scenarios=(), progress=None):
        names = [one.name for one in scenarios]
        worlds = [base.assign(deliveries=base["deliveries"] + moved.get(n, 0.0)) for n in names]
        whole = xr.concat(worlds, "scenario", data_vars=list(base.data_vars))
        past = [n for n in base.data_vars if "scenario" not in invented.forecast[n].dims]
        whole = whole.assign({n: base[n] for n in past}).assign_coords(scenario=names)
        return whole.assign_attrs(supplier=supplier, recipient=recipient, chains=CHAINS)

    monkeypatch.setattr(simulate, "futures", futures)
    return moved


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
    assert done.code == cli.DONE and CHANGED not in done.err
    names = [*scenarios.SHIPPED, "us_deal"]
    assert list(json.loads((run / steps.SCENARIOS_FILE).read_text("utf-8"))) == names
    assert list(runs.read(run)["scenarios"]) == names
    events = pd.read_csv(run / steps.EVENTS_FILE)
    assert list(events["scenario"].unique()) == names
    # What is there stays when the same is asked for without the file, and when it is asked again.
    own.write_text(SOUND.replace("2.0", "3.0"), "utf-8")
    for words in ((), ("--scenario", own)):
        done = command("forecast", *words)
        assert done.code == cli.DONE and CHANGED not in done.err
        assert list(runs.read(run)["scenarios"]) == names
    assert "3.0" in json.loads((run / steps.SCENARIOS_FILE).read_text("utf-8"))["us_deal"]


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
    assert done.code == cli.DONE and CHANGED in done.err
    said = {"code": "since: the code", "package": "9.9 now)", "nothing": "neither the code nor"}
    assert [name for name, words in said.items() if words in done.err] == [change]
    assert CHANGED not in command("forecast").err


def test_changed_code_is_not_told_where_it_draws_the_same(command, by_scenario, monkeypatch):
    from crossover.forecast import record

    command("run")
    monkeypatch.setattr(record, "hash_code", lambda root: "0" * 64)
    done = command("forecast")
    assert done.code == cli.DONE and CHANGED not in done.err


def test_a_bad_scenario_stops_a_run_before_anything_is_sampled(command, stand_ins, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(SOUND.replace("2035", "2055"), "utf-8")
    done = command("run", "--out", tmp_path / "out", "--scenario", own)
    assert done.code == cli.BAD_INPUT and "path.one.years" in done.err
    assert "fit" not in dict(stand_ins.calls) and not (tmp_path / "out").exists()


def test_what_would_change_is_written_as_a_page_and_nothing_else(command, tmp_path, own_store):
    from tests.data import samples

    file, page = tmp_path / "rd.json", tmp_path / "page.html"
    rows = [samples.api_row("CHN", 2023, 25.9 / 1.5), samples.api_row("CHN", 2024, 2.6)]
    file.write_text(json.dumps(samples.api_page(rows, updated="2026-07-20")))
    words = ("data", "add", file, "--html", page)
    refused = command(*words)
    assert refused.code == cli.BAD_INPUT and "give --dry-run with it" in refused.err
    done = command(*words, "--dry-run")
    assert done.code == 0 and f"written: {page}" in done.err
    assert "alarm: jump: rd_share, release of 2026-07-20: 1 revised figure" in done.err
    assert "CHN 2023" in done.err and "China, 2023" in page.read_text("utf-8")
    first = page.read_bytes()
    assert command(*words, "--dry-run").code == 0 and page.read_bytes() == first
    page.write_text("my own page")
    stopped = command(*words, "--dry-run")
    assert stopped.code == cli.BAD_INPUT and "no page of this command" in stopped.err
    assert page.read_text() == "my own page" and not own_store.exists()
    assert sorted(p.name for p in tmp_path.iterdir() if "html" in p.name) == ["page.html"]


def test_the_revisions_of_descriptions_say_what_was_renamed(command):
    found = command("data", "revisions", "--indicator", "descriptions")
    assert found.code == 0 and "descriptions" in found.out
    assert "renamed: 'SAM' is now 'surface-to-air missile'" in found.err
    assert "split: 'MCM ship' is now two: 'minehunter', 'minehunter/minesweeper'" in found.err
