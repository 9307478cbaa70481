"""Priors carried forward: a joint Normal with its correlations, and nothing counted twice."""

import json
import tomllib

import numpy as np
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import YEAR
from crossover.forecast import carry, fit, stored_run
from crossover.models import drivers, priors
from crossover.models.inputs import FROM_YEAR, prepare, with_orders
from crossover.reports.cli import app, console
from tests import small


def run_folder(folder, tree, *, passed=True, **more):
    """Write as much of a run of the small world as carrying and updating read."""
    folder.mkdir(parents=True)
    tree.to_netcdf(folder / stored_run.POSTERIOR, engine=stored_run.ENGINE)
    (folder / stored_run.PRIORS_FILE).write_text(priors.text(small.OVERLAY), "utf-8")
    said = {
        "id": folder.name, "created": "2013-05-01T00:00:00+00:00", "as_of": None,
        "supplier": "RUS", "recipient": "CHN", "seed": 1, "draws": 200, "chains": 2, "tune": 250,
        "quick": False, "hashes": {"posterior": "abc"}, "gate": {"passed": passed, "checks": []},
        "warnings": [], "code": {"commit": "c", "dirty": False},
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(said | more), "utf-8")
    return folder


@pytest.fixture(scope="module")
def carried(mock_fit, tmp_path_factory):
    """Return a run of the small world, and the priors file that carries it."""
    folder = tmp_path_factory.mktemp("carry")
    run = run_folder(folder / "run", mock_fit)
    path = folder / "carried.toml"
    path.write_text(carry.carry(run), "utf-8")
    return run, path


def test_the_file_says_where_it_is_from_and_what_is_in_it(carried):
    told = tomllib.loads(carried[1].read_text("utf-8"))["carried"]
    assert told["run"] == "run" and told["draws_hash"] == "abc" and told["as_of"] == "2013-05-01"
    assert told["last_year"] == small.ORIGIN
    assert told["included"] == [
        {"table": "transfers", "series": "deliveries", "vintage": "2013-03-01",
         "first_year": 1992, "last_year": small.ORIGIN}
    ]  # fmt: skip
    assert {"default", "domains"} <= set(told)


def test_what_is_read_back_is_the_posterior_with_its_correlations(carried, mock_fit, world):
    found = priors.load(carried[1])
    stated = carry.stated(mock_fit["posterior"].to_dataset(), world.priors)
    draws = stated.sel(parameter=priors.order(found)).values.reshape(400, -1)
    assert found.carried.names == tuple(priors.order(found))
    assert found.carried.mean == pytest.approx(draws.mean(axis=0), abs=1e-6)
    assert found.carried.covariance == pytest.approx(np.cov(draws, rowvar=False), abs=1e-6)
    # Single entries state the marginals, for whoever reads them.
    at = found.carried.names.index("walk_sd")
    assert found.variables["walk_sd"]["mu"] == pytest.approx(found.carried.mean[at])
    assert found.variables["walk_sd"]["sigma"] == pytest.approx(
        np.sqrt(found.carried.covariance[at, at])
    )


def test_it_can_be_written_into_a_run_and_read_from_there(carried, tmp_path):
    again = tmp_path / "priors.toml"
    again.write_text(priors.text(carried[1]), "utf-8")
    one, two = priors.load(carried[1]), priors.load(again)
    assert one.text == two.text
    assert np.array_equal(one.carried.covariance, two.carried.covariance)


@pytest.mark.parametrize("part", priors.PARTS)
def test_the_variables_of_a_part_are_the_joint_normal_of_theirs(carried, world, part):
    """Mean and covariance follow from what zero and one become on its scale."""
    whole = priors.load(carried[1])
    found = whole.part(part)
    panel = world.panel.assign_attrs({FROM_YEAR: "2003"})
    model = fit.parts(*with_orders(panel, whole), whole)[part]
    standard = model.rvs_to_values[model["standard"]]
    graph = model.replace_rvs_by_values([model["parameters"]])[0]
    turned = model.compile_fn(graph, inputs=[standard], mode="FAST_COMPILE", point_fn=False)
    count = len(found.carried.names)
    values = np.stack([turned(z) for z in [np.zeros(count), *np.eye(count)]])
    given = xr.Dataset(
        {"parameters": (("chain", "draw", "parameter"), values[None])},
        coords={"parameter": priors.order(found)},
    )
    middle, *moved = carry.stated(given, found).values[0]
    assert middle == pytest.approx(found.carried.mean)
    root = np.stack([one - middle for one in moved], axis=1)
    assert root @ root.T == pytest.approx(found.carried.covariance, abs=1e-9)
    # The block of the whole that belongs to the part.
    at = [whole.carried.names.index(name) for name in found.carried.names]
    assert np.array_equal(found.carried.covariance, whole.carried.covariance[np.ix_(at, at)])


def test_only_years_of_the_window_are_counted(world):
    panel = world.panel.assign_attrs({FROM_YEAR: "2003"})
    inputs = prepare(panel, world.priors)
    assert inputs[YEAR].values.tolist() == list(range(2003, small.ORIGIN + 1))
    few, all_ = (drivers.observations(of).sizes["change_at"] for of in (inputs, world.inputs))
    assert 0 < few < all_ / 2
    # Stocks are built from all years on record: what they say is an input, not counted.
    last = {"year": -1}
    assert inputs["log_rd_stock"].isel(year_effort=-1).values == pytest.approx(
        world.inputs["log_rd_stock"].isel(year_effort=-1).values, nan_ok=True
    )
    assert inputs["deliveries"].isel(last).equals(world.inputs["deliveries"].isel(last))


def test_observations_are_never_counted_twice(carried, world):
    found, file = priors.load(carried[1]), carried[1]
    with pytest.raises(InputError, match=r"holds the observations up to 2012 already .*2013"):
        carry.windowed(world.panel, found, None, file)
    with pytest.raises(InputError, match=r"--from-year.*2010 to 2012 would be counted twice"):
        carry.windowed(world.panel, found, 2010, file)
    with pytest.raises(InputError, match=r"too few years with deliveries \(0"):
        carry.windowed(world.panel, found, 2013, file)
    assert carry.windowed(world.panel, world.priors, None) is world.panel
    assert carry.windowed(world.panel, world.priors, 2003).attrs[FROM_YEAR] == "2003"


def test_a_run_that_may_not_be_published_is_not_carried(mock_fit, tmp_path):
    run = run_folder(tmp_path / "failed", mock_fit, passed=False)
    with pytest.raises(InputError, match="did not pass its gate"):
        carry.carry(run)
    drawn = run_folder(tmp_path / "drawn", mock_fit, prior_only=True)
    with pytest.raises(InputError, match="nothing to carry"):
        carry.carry(drawn)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("last_year = 2012", 'last_year = "2012"'), "must be a year"),
        (('run = "run"', "run = 3"), "must be text"),
        (('"lognormal"', '"normal"'), "another family"),
        (('names = [\n    "', 'names = [\n    "x'), "must name every variable"),
        (("[carried.default]", "[carried.defaults]"), "did you mean 'default'"),
    ],
)
def test_a_broken_table_is_named(carried, tmp_path, change, words):
    text = carried[1].read_text("utf-8")
    head, table = text.split("[carried]")
    assert change[0] in table
    path = tmp_path / "broken.toml"
    path.write_text(head + "[carried]" + table.replace(*change, 1), "utf-8")
    with pytest.raises(InputError, match=words):
        priors.load(path)


def test_a_covariance_that_is_none_is_refused(carried, tmp_path):
    import tomli_w

    told = tomllib.loads(carried[1].read_text("utf-8"))
    told["carried"]["default"]["covariance"][0][0] = -1.0
    path = tmp_path / "broken.toml"
    path.write_text(tomli_w.dumps(told), "utf-8")
    with pytest.raises(InputError, match="joint Normal"):
        priors.load(path)


def test_the_stored_prior_density_is_the_marginal_one(carried, mock_fit):
    found = priors.load(carried[1])
    density = fit.log_prior(mock_fit["posterior"].to_dataset(), found)
    value = mock_fit["posterior"]["parameters"].sel(parameter="memory").values.astype(float)
    entry = found.variables["memory"]
    expected = -0.5 * ((value - entry["mu"]) / entry["sigma"]) ** 2
    expected -= np.log(entry["sigma"]) + 0.5 * np.log(2 * np.pi)
    assert density["memory"].values == pytest.approx(expected, abs=1e-4)


def test_the_command_writes_the_file_once(carried, tmp_path, capsys):
    out = tmp_path / "new" / "carried.toml"
    words = ["priors", "carry", str(carried[0]), "--out", str(out)]
    assert app.main(words) == console.DONE
    assert out.read_text("utf-8") == carried[1].read_text("utf-8")
    assert "--from-year 2013" in capsys.readouterr().err
    assert app.main(words) == console.BAD_INPUT
    assert "is there already" in capsys.readouterr().err
