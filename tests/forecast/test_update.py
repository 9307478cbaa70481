"""Moving a run on: by weights or by a fit, and what else of it is kept."""

import json
import sys
import types

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data.errors import InputError
from data.names import YEAR
from forecast import cli, reweight, runs, steps, update
from forecast.fit import storable
from models import alignment, partnership
from models.inputs import prepare
from tests import small, small_domains
from tests.forecast.test_carry import run_folder
from tests.forecast.test_reweight import revised


@pytest.fixture
def plan(world, tmp_path):
    """Return a function that makes a plan of a fit to a panel of the small world."""

    def make(panel):
        record = {
            "id": "new", "seed": 1, "draws": 200, "chains": 2, "tune": 600, "quick": False,
            "as_of": None, "hashes": {"panel": "p", "priors": "q"}, "seconds": {}, "warnings": [],
        }  # fmt: skip
        return steps.Plan(
            tmp_path / "new", ("RUS", "CHN"), world.priors, small_domains.prior(), "", panel,
            record, (partnership.load(), alignment.load()), (), (tmp_path,),
        )  # fmt: skip

    return make


@pytest.fixture
def calls(monkeypatch):
    """Replace what samples; return what it was asked for."""
    told = []

    def sample(part, made, start=None):
        told.append(("sample", start))

    def keep(part, made, tree, known=None):
        told.append(("keep", tree, known))
        return tree

    def sample_domains(made, tree):
        told.append(("domains", tree))
        return xr.DataTree.from_dict({"posterior": xr.Dataset({"x": 1.0})})

    monkeypatch.setattr(steps, "sample", sample)
    monkeypatch.setattr(steps, "keep", keep)
    monkeypatch.setattr(steps, "sample_domains", sample_domains)
    return told


def test_a_new_year_is_fitted_from_the_last_posterior_and_says_why(
    mock_fit, world, plan, calls, tmp_path, capsys
):
    before = world.panel.sel({YEAR: slice(None, small.ORIGIN - 1)})
    last = mock_fit.copy(deep=True)
    last["posterior"] = xr.DataTree(
        mock_fit["posterior"].to_dataset().sel({YEAR: slice(None, small.ORIGIN - 1)})
    )
    last["constant_data"] = xr.DataTree(storable(prepare(before, world.priors)))
    run = run_folder(tmp_path / "a", last)
    made = plan(world.panel)
    update.posterior(tmp_path, made, run)
    assert [call[0] for call in calls] == ["sample"]
    assert calls[0][1]["posterior"].sizes[YEAR] == world.inputs.sizes[YEAR] - 1
    said = made.record["update"]
    assert (said["from"], said["how"], said["start"]) == ("a", "refit", "warm")
    assert "a new year has a capacity" in said["reason"]
    assert "a full fit is needed" in capsys.readouterr().err


def test_a_revision_is_weighted_where_weights_can_be_trusted(
    mock_fit, world, plan, calls, tmp_path, monkeypatch
):
    monkeypatch.setattr(reweight, "ESS_MIN", 1.0)
    run = run_folder(tmp_path / "a", mock_fit)
    made = plan(revised(world.panel, 0.03))
    tree = update.posterior(tmp_path, made, run)
    said = made.record["update"]
    assert said["how"] == "reweighted" and said["khat"] <= reweight.KHAT_MAX
    assert said["least_ess"] > 1.0 and said["least_at"]
    # No figure of a domain moved; of partnerships the run has no fit.
    assert (said["domains"], said["partnership"]) == ("kept", "refit")
    assert [call[0] for call in calls] == ["keep"] and calls[0][2] is None
    assert tree["domains/posterior"].to_dataset().equals(mock_fit["domains/posterior"].to_dataset())
    assert update.same(
        tree["constant_data"].to_dataset(), storable(prepare(made.panel, world.priors))
    )


def test_the_domain_layer_is_fitted_anew_when_its_figures_moved(
    mock_fit, world, plan, calls, tmp_path, monkeypatch
):
    monkeypatch.setattr(reweight, "ESS_MIN", 1.0)
    panel = world.panel.copy(deep=True)
    panel["n_lines"] = panel["n_lines"] + (panel["n_lines"] > 0)
    made = plan(panel)
    update.posterior(tmp_path, made, run_folder(tmp_path / "a", mock_fit))
    assert made.record["update"]["how"] == "reweighted"
    assert made.record["update"]["domains"] == "refit"
    assert [call[0] for call in calls] == ["domains", "keep"]


def test_a_fit_that_was_asked_for_is_made(mock_fit, world, plan, calls, tmp_path):
    made = plan(world.panel)
    update.posterior(tmp_path, made, run_folder(tmp_path / "a", mock_fit), refit=True)
    assert made.record["update"]["reason"] == "a fit was asked for"
    assert calls[0][0] == "sample"


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
    (drawn / steps.POSTERIOR).unlink()
    with pytest.raises(InputError, match="holds no posterior"):
        update.starting_point(drawn)


def test_datasets_are_compared_by_their_arrays():
    one = xr.Dataset({"x": ("a", np.array([1.0, np.nan])), "flag": ("a", [True, False])})
    assert update.same(one, one.assign(flag=one["flag"].astype(np.int8)))
    assert not update.same(one, one + 1)
    assert not update.same(one, one.drop_vars("flag"))
    assert not update.same(one, one.assign_attrs(slope=1.0))


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
    assert cli.main(list(words)) == cli.BAD_INPUT
    assert "holds no run yet" in capsys.readouterr().err


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def flow(tree, world, plan, tmp_path, monkeypatch):
    """Replace all that computes; return the run to move, the plan, and what was done."""
    run, made, done = run_folder(tmp_path / "a", tree), plan(world.panel), []
    verdicts = {"passed": True}

    def posterior(part, made, run, *, refit=False):
        made.record["update"] = {"how": update.WEIGHTED, "reason": "k-hat 0.2"}
        done.append("posterior")

    def fitted_anew(part, made, run):
        made.record["update"]["how"] = update.FITTED
        verdicts["passed"] = True
        done.append("fitted")

    def look_ahead(part, tree, pair, said, run, scenarios):
        said["gate"] = {"passed": verdicts["passed"], "checks": []}
        row = {"event": "independence", "domain": "all", "scenario": "baseline"}
        happens = pd.DataFrame([row | {"year": y, "probability": 0.5} for y in (2012, 2030)])
        when = {"probability_within_horizon": 0.5, "median_year": np.nan, "q05": 1, "q95": 1}
        return happens, pd.DataFrame([row | when])

    monkeypatch.setattr(update, "posterior", posterior)
    monkeypatch.setattr(update, "fitted", fitted_anew)
    monkeypatch.setattr(update, "scenarios_of", lambda run, made: ())
    monkeypatch.setattr(steps, "plan", lambda **options: made)
    monkeypatch.setattr(steps, "look_ahead", look_ahead)
    monkeypatch.setattr(steps, "audit", lambda part, made: done.append("audit"))
    monkeypatch.setattr(cli, "_enter", lambda args, run: done.append("entered"))
    build = types.ModuleType("reports.build")
    build.build = lambda part: done.append("report")
    monkeypatch.setitem(sys.modules, "reports.build", build)
    return types.SimpleNamespace(run=run, made=made, done=done, verdicts=verdicts)


def test_an_update_is_a_run_of_its_own_that_is_judged_reported_and_entered(flow, capsys):
    assert cli.main(["update", "--run", str(flow.run)]) == cli.DONE
    assert flow.done == ["posterior", "audit", "report", "entered"]
    said = runs.read(flow.made.target)
    assert said["update"] == {"how": "reweighted", "reason": "k-hat 0.2"}
    assert runs.read(flow.run)["id"] == "a"
    seen = capsys.readouterr()
    assert "reweighted (k-hat 0.2)" in seen.err and "crossover explain" in seen.err


def test_weighted_draws_that_do_not_pass_the_gate_are_replaced_by_a_fit(flow, capsys):
    flow.verdicts["passed"] = False
    assert cli.main(["update", "--run", str(flow.run)]) == cli.DONE
    assert flow.done == ["posterior", "fitted", "audit", "report", "entered"]
    said = runs.read(flow.made.target)["update"]
    assert said == {"how": "refit", "reason": "the weighted draws did not pass the gate"}
    assert "a fit is needed" in capsys.readouterr().err


def test_nothing_is_made_where_nothing_is_new(flow, capsys):
    said = json.loads((flow.run / "run.json").read_text("utf-8"))
    said["hashes"] = dict(flow.made.record["hashes"])
    (flow.run / "run.json").write_text(json.dumps(said), "utf-8")
    assert cli.main(["update", "--run", str(flow.run)]) == cli.DONE
    assert flow.done == [] and not flow.made.target.exists()
    assert "nothing to update" in capsys.readouterr().err
