"""Moving a run on by a fit to what is known now."""

import json
import sys
import types

import numpy as np
import pandas as pd
import pytest

from crossover.data.errors import InputError
from crossover.forecast import plans, runs, steps, stored_run, update
from crossover.models import alignment, partnership
from crossover.reports.cli import app, common, console
from tests import small_domains
from tests.forecast.test_carry import run_folder


@pytest.fixture
def plan(world, tmp_path):
    """Return a function that makes a plan of a fit to a panel of the small world."""

    def make(panel):
        record = {
            "id": "new", "seed": 1, "draws": 200, "chains": 2, "tune": 600, "quick": False,
            "as_of": None, "hashes": {"panel": "p", "priors": "q"}, "seconds": {}, "warnings": [],
        }  # fmt: skip
        return plans.Plan(
            tmp_path / "new", ("RUS", "CHN"), world.priors, small_domains.prior(), "", panel,
            record, (partnership.load(), alignment.load()), (), (tmp_path,),
        )  # fmt: skip

    return make


def test_an_update_is_a_fit_to_what_is_known_now(mock_fit, world, plan, tmp_path, monkeypatch):
    sampled = []
    monkeypatch.setattr(steps, "sample", lambda part, made: sampled.append((part, made)))
    run, made = run_folder(tmp_path / "a", mock_fit), plan(world.panel)
    update.posterior(tmp_path, made, run)
    assert sampled == [(tmp_path, made)]
    said = made.record["update"]
    assert (said["from"], said["how"]) == ("a", "refit")
    assert said["reason"] == update.reason(run, made)


def test_an_update_says_what_has_changed(mock_fit, world, plan, tmp_path):
    run = run_folder(tmp_path / "a", mock_fit, hashes={"panel": "p", "priors": "other"})
    made = plan(world.panel)
    assert update.reason(run, made) == "changed since: priors"
    made.record["as_of"] = "2012-05-01"
    assert update.reason(run, made) == (
        "changed since: priors, the day up to which releases count"
    )
    made.record["hashes"]["panel"] = "new"
    assert update.reason(run, made).startswith("changed since: figures, priors")


def test_figures_and_priors_that_did_not_change_need_no_update(plan, world):
    made = plan(world.panel)
    said = {"hashes": {"panel": "p", "priors": "q"}, "as_of": None}
    assert update.unchanged(said, made)
    assert not update.unchanged(said | {"as_of": "2012-01-01"}, made)
    assert not update.unchanged({"hashes": {"panel": "other", "priors": "q"}}, made)


def test_a_run_without_a_posterior_is_no_starting_point(mock_fit, tmp_path):
    drawn = run_folder(tmp_path / "drawn", mock_fit, prior_only=True)
    with pytest.raises(InputError, match="no posterior to move on"):
        update.starting_point(drawn)
    (drawn / "run.json").write_text(json.dumps({"id": "x"}), "utf-8")
    (drawn / stored_run.POSTERIOR).unlink()
    with pytest.raises(InputError, match="holds no posterior"):
        update.starting_point(drawn)


@pytest.mark.parametrize(
    "words",
    [
        ("update", "--run", "nothing"),
        ("explain", "one", "two"),
        ("priors", "carry", "nothing"),
    ],
)
def test_a_store_without_runs_is_named(words, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(runs.VARIABLE, str(tmp_path / "store"))
    assert app.main(list(words)) == console.BAD_INPUT
    assert "holds no run yet" in capsys.readouterr().err


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def flow(tree, world, plan, tmp_path, monkeypatch):
    """Replace all that computes; return the run to move, the plan, and what was done."""
    run, made, done = run_folder(tmp_path / "a", tree), plan(world.panel), []

    def posterior(part, made, run):
        made.record["update"] = {"how": update.FITTED, "reason": "changed since: figures"}
        done.append("posterior")

    def look_ahead(part, tree, pair, said, run, scenarios):
        said["gate"] = {"passed": True, "checks": []}
        row = {"event": "independence", "domain": "all", "scenario": "baseline"}
        row["kind"] = "state"
        happens = pd.DataFrame([row | {"year": y, "probability": 0.5} for y in (2012, 2030)])
        when = {"probability_within_horizon": 0.5, "median_year": np.nan, "q05": 1, "q95": 1}
        return happens, pd.DataFrame([row | when])

    monkeypatch.setattr(update, "posterior", posterior)
    monkeypatch.setattr(update, "scenarios_of", lambda run, made: ())
    monkeypatch.setattr(plans, "plan", lambda **options: made)
    monkeypatch.setattr(steps, "look_ahead", look_ahead)
    monkeypatch.setattr(steps, "audit", lambda part, made: done.append("audit"))
    monkeypatch.setattr(common, "enter", lambda store, run: done.append("entered"))
    build = types.ModuleType("crossover.reports.build")
    build.build = lambda part: done.append("report")
    monkeypatch.setitem(sys.modules, "crossover.reports.build", build)
    return types.SimpleNamespace(run=run, made=made, done=done)


def test_an_update_is_a_run_of_its_own_that_is_judged_reported_and_entered(flow, capsys):
    assert app.main(["update", "--run", str(flow.run)]) == console.DONE
    assert flow.done == ["posterior", "audit", "report", "entered"]
    said = runs.read(flow.made.target)
    assert said["update"] == {"how": "refit", "reason": "changed since: figures"}
    assert runs.read(flow.run)["id"] == "a"
    seen = capsys.readouterr()
    assert "crossover explain" in seen.err


def test_nothing_is_made_where_nothing_is_new(flow, capsys):
    said = json.loads((flow.run / "run.json").read_text("utf-8"))
    said["hashes"] = dict(flow.made.record["hashes"])
    (flow.run / "run.json").write_text(json.dumps(said), "utf-8")
    assert app.main(["update", "--run", str(flow.run)]) == console.DONE
    assert flow.done == [] and not flow.made.target.exists()
    assert "nothing to update" in capsys.readouterr().err
