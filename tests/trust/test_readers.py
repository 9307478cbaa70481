"""No command, and nothing in Python, reads a run that was changed; one line names the file."""

import shutil
from collections.abc import Iterator

import pandas as pd
import pytest

import crossover
from crossover.data.errors import InputError
from crossover.forecast import runs, seal, verify
from crossover.reports.cli import app, console
from crossover.reports.cli.groups import Entry
from tests.trust import sound
from tests.trust.tampering import PAIR, edit, flip, put, said

RUN = "20260101-000000-aaaa"
ASKED = "deliveries < 50 in 2028"
READERS = (
    "ask QUESTION", "causes", "check", "claims", "explain A A", "export --out OUT", "guide build",
    "league", "ledger enter", "page --out OUT", "pairs", "priors carry", "questions",
    "report --out OUT", "resume", "runs compare A A", "runs reproduce", "runs show",
    "score --run A", "sensitivity analogues", "sensitivity answer", "sensitivity levels", "show",
    "update", "whatif",
)  # fmt: skip
"""Commands that read a run."""
OF_A_PAIR = ("ask QUESTION", "causes", "claims", "export --out OUT", "page --out OUT", "questions",
             "report --out OUT", "sensitivity levels", "show", "whatif")  # fmt: skip
NO_RUN = (
    "backtest", "fit", "ledger check", "ledger list", "priors elicit", "run", "runs list",
    "scenario check", "scenario list", "sensitivity drivers", "sensitivity partnership",
)  # fmt: skip
"""Commands that read no run, or of its record alone what it is called and made of."""
MENDS = ("forecast",)
"""Makes anew what may have been changed, from a fit that is checked."""
CHANGES = {
    "causes.csv": edit("causes.csv", put("median", 2.0)),
    "domains.nc": flip("domains.nc"),
    "run.json: was": said("run.json", lambda found: found.update(seed=9)),
    "run.json: has no seal": said("run.json", lambda found: found.pop("seal")),
    "timing.csv: is gone": lambda run: (run / "timing.csv").unlink(),
}


@pytest.fixture
def run(sound_run, tmp_path):
    return shutil.copytree(sound_run, tmp_path / "store" / runs.RUNS / RUN)


@pytest.fixture
def call(run, tmp_path, capsys):
    """Return a function that calls a command on the run: exit code, output, errors."""
    given = {"QUESTION": ASKED, "A": RUN, "OUT": str(tmp_path / "out.html")}

    def act(line, *more):
        words = [given.get(word, word) for word in line.split()]
        code = app.main([*words, *more, "--store", str(tmp_path / "store")])
        return code, *capsys.readouterr()

    return act


def commands(entries=app.COMMANDS, before="") -> Iterator[str]:
    for name, entry in entries.items():
        if isinstance(entry, Entry):
            yield before + name
        else:
            yield from commands(entry.entries, f"{name} ")


def refused(done, named):
    code, out, told = done
    assert (code, out) == (console.BAD_INPUT, "")
    assert named in told.splitlines()[-1] and told.count("error: ") == 1


def test_every_command_is_known_to_read_runs_or_not():
    reading = {" ".join(w for w in line.split() if w.islower() and w[0] != "-") for line in READERS}
    others = {name for name in commands() if name.startswith("data ")} | {*NO_RUN, *MENDS}
    assert sorted(commands()) == sorted(reading | others) and not reading & others


@pytest.mark.parametrize("line", READERS)
def test_no_command_reads_a_run_that_was_changed(run, call, line):
    CHANGES["causes.csv"](run)
    refused(call(line), "causes.csv: was changed after it was made")


@pytest.mark.parametrize("named", CHANGES)
def test_whatever_was_changed_is_named(run, call, named):
    CHANGES[named](run)
    refused(call("show"), named)


@pytest.mark.parametrize("line", OF_A_PAIR)
def test_no_command_reads_a_pair_that_was_changed(run, call, line):
    of = ("--supplier", "FRA", "--recipient", "VNM")
    edit(f"{PAIR}/causes.csv", put("median", 2.0))(run)
    refused(call(line, *of), f"{PAIR}/causes.csv: was changed")
    if line == "causes":
        assert call(line)[0] == console.DONE


def test_pairs_side_by_side_are_read_from_no_pair_that_was_changed(run, call):
    assert call("pairs")[0] == console.DONE
    edit(f"{PAIR}/events.csv", put("probability", 0.9))(run)
    refused(call("pairs"), f"{PAIR}/events.csv: was changed")


def test_a_pair_without_its_seal_or_by_another_name_is_not_read(run, call):
    said(f"{PAIR}/gate.json", lambda found: found.pop("seal"))(run)
    refused(call("pairs"), f"{PAIR}/gate.json: has no seal")
    (run / PAIR).rename(run / "pairs" / "USA-UKR")
    refused(call("causes", "--supplier", "USA", "--recipient", "UKR"), "gate.json: has no seal")
    sound.sealed(run / "pairs" / "USA-UKR")
    refused(call("causes", "--supplier", "USA", "--recipient", "UKR"), "its record of FRA-VNM")


@pytest.mark.parametrize("line", ["show", "causes", "runs show", "questions", "sensitivity levels"])
def test_a_run_that_holds_is_read(run, call, line):
    code, out, _ = call(line)
    assert code == console.DONE and len(out) > 100


def test_python_reads_nothing_that_was_changed(run):
    held = crossover.open(run)
    pair = held.pair("FRA", "VNM")
    assert len(held.events) > 100 and len(pair.events) > 100
    for folder, one in ((run, held), (run / PAIR, pair)):
        for name, ask in (
            ("events.csv", lambda of: of.events), ("timing.csv", lambda of: of.timing),
            ("causes.csv", lambda of: of.table("causes.csv")),
            ("forecast.nc", lambda of: of.ask(ASKED)),
            ("forecast.nc", lambda of: of.paths("deliveries")),
        ):  # fmt: skip
            before = (folder / name).read_bytes()
            (folder / name).write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
            one.__dict__.pop("pair_draws", None)
            with pytest.raises(InputError, match=rf"{name}: was changed"):
                ask(one)
            (folder / name).write_bytes(before)
    assert held.ask(ASKED).probability >= 0.0
    edit(f"{PAIR}/causes.csv", put("median", 2.0))(run)
    with pytest.raises(InputError, match=r"causes\.csv: was changed"):
        held.pair("FRA", "VNM")
    CHANGES["causes.csv"](run)
    with pytest.raises(InputError, match=r"causes\.csv: was changed"):
        crossover.open(run)


def test_a_file_is_hashed_once_unless_it_is_touched(run, monkeypatch):
    verify.sealed(run)
    counted, real = [], seal.hashlib.file_digest

    def digest(file, kind):
        counted.append(file.name)
        return real(file, kind)

    monkeypatch.setattr(seal, "SETTLED", 0)
    monkeypatch.setattr(seal.hashlib, "file_digest", digest)
    verify.sealed(run)
    first = len(counted)
    verify.sealed(run)
    assert len(counted) == first >= len(runs.read(run)["seal"]["files"])
    pd.read_csv(run / "causes.csv").to_csv(run / "causes.csv", index=False)
    with pytest.raises(InputError, match=r"causes\.csv: was changed"):
        edit("causes.csv", put("median", 2.0))(run)
        verify.sealed(run)
    assert len(counted) == first + 1


def test_a_pair_that_was_changed_can_be_forecast_anew(run, call, monkeypatch):
    from crossover.forecast import stored_forecast

    edit(f"{PAIR}/causes.csv", put("median", 2.0))(run)
    asked = []

    def forecast(run, pair, scenarios):
        asked.append(pair)
        return pd.read_csv(run / PAIR / "events.csv"), None, {"passed": True}

    monkeypatch.setattr(stored_forecast, "forecast_stored", forecast)
    assert call("forecast", "--supplier", "FRA", "--recipient", "VNM")[0] == console.DONE
    assert asked == [("FRA", "VNM")]
