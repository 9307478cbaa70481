"""Bad input: one line that names it, exit 2, nothing half-written."""

import os

import pytest

from crossover.data import whole
from crossover.forecast import runs
from crossover.reports.cli import console
from tests.reports.cli.conftest import tree


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
        ("run --priors no/such.toml", "cannot be read: No such file"),
        ("run --nonsense", "--nonsense: unknown option of 'crossover run'"),
        ("nonsense", "'nonsense': unknown command of 'crossover'"),
        ("run --sed 3", "--sed: unknown option of 'crossover run'; did you mean --seed?"),
        ("rnus list", "did you mean 'crossover runs'"),
        ("runs lsit", "'lsit': unknown command of 'crossover runs'; did you mean 'crossover runs "),
        ("levels", "did you mean 'crossover sensitivity levels'?"),
        ("run --priors --quick", "--priors: '--quick': is an option: a value must stand before it"),
        ("run --draws", "requires an argument"),
        ("data check one two", "unexpected extra argument"),
        ("whatif --target 0", "--target: '0': must be a whole number from -25 to 25, other than 0"),
        ("", "'crossover' needs a command: one of run, fit,"),
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
    assert done.code == console.BAD_INPUT
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
    assert done.code == console.BAD_INPUT
    assert message in done.err and "mine.toml" in done.err
    assert stand_ins.calls == [] and tree(tmp_path) == ["mine.toml"]


@pytest.mark.parametrize("kind", ["whole", "half", "file", "under a file", "unfinished"])
def test_an_output_that_cannot_be_used_stops_a_run_before_sampling(
    command, stand_ins, tmp_path, kind
):
    out = tmp_path / "out"
    if kind == "unfinished":
        runs.partial(out).mkdir()
        being_written = whole.lock_own(runs.partial(out))
    elif "file" in kind:
        out.write_text("mine")
    else:
        out.mkdir()
        (out / ("run.json" if kind == "whole" else "posterior.nc")).write_text("{}")
    before = tree(tmp_path)
    done = command("run", "--out", out / "deep" if kind == "under a file" else out)
    assert done.code == console.BAD_INPUT
    assert sum("error" in line for line in done.err.splitlines()) == 1
    assert "fit" not in dict(stand_ins.calls) and tree(tmp_path) == before
    if kind == "unfinished":
        os.close(being_written)


def test_a_run_without_or_with_a_torn_posterior_is_named(command, own_store):
    command("run")
    (run,) = runs.listing(own_store)
    (run / "posterior.nc").write_bytes((run / "posterior.nc").read_bytes()[:2000])
    done = command("forecast")
    assert done.code == console.BAD_INPUT and "posterior.nc: cannot be read" in done.err
    (run / "posterior.nc").unlink()
    done = command("forecast")
    assert done.code == console.BAD_INPUT and "the run holds no posterior" in done.err
