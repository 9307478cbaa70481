"""`import crossover`: what a person in Python finds of a run, and that importing it is light."""

import importlib.resources
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import crossover
from crossover.data.errors import InputError
from crossover.forecast import conventions, quantities
from tests.published import make_store

HEAVY = ("numpy", "pandas", "xarray", "scipy", "matplotlib", "pymc", "rich", "crossover.forecast")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store with two runs of invented numbers, the later one with a second pair."""
    return make_store(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def run(store):
    return crossover.open(store=store)


def test_importing_crossover_loads_nothing_heavy():
    program = f"import crossover, sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_every_public_name_is_there_and_no_other():
    for name in crossover.__all__:
        assert getattr(crossover, name).__doc__
        assert name in dir(crossover)
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        crossover.opne  # noqa: B018
    assert importlib.resources.files("crossover").joinpath("py.typed").is_file()


def test_a_run_is_found_as_the_latest_by_its_beginning_and_by_its_folder(store, monkeypatch):
    assert crossover.open("latest", store=store).id == "20260201-000000-bbbb"
    assert crossover.open("20260101", store=store).id == "20260101-000000-aaaa"
    assert crossover.open(store / "runs" / "20260101-000000-aaaa").id == "20260101-000000-aaaa"
    monkeypatch.setenv("CROSSOVER_STORE", str(store))
    assert list(crossover.runs().index) == ["20260101-000000-aaaa", "20260201-000000-bbbb"]
    with pytest.raises(InputError, match="several runs begin so"):
        crossover.open("2026")


def test_a_store_without_runs_lists_none(tmp_path):
    assert crossover.runs(store=tmp_path).empty


def test_events_are_the_table_of_the_run(run):
    pd.testing.assert_frame_equal(run.events, pd.read_csv(run.folder / "events.csv"))
    first = run.events.iloc[0]
    assert run.summary().loc[first["event"], first["year"]] == first["probability"]


def test_paths_are_the_draws_that_are_stored(run):
    with xr.open_dataset(run.folder / "forecast.nc", engine="h5netcdf") as held:
        futures = held.load()
    found = run.paths("deliveries").quantile([0.05, 0.5, 0.95])
    assert found.dims == ("quantile", "year") and found.attrs["units"] == "TIV million"
    stored = futures["deliveries"].sel(scenario="baseline", year_future=2030).values
    np.testing.assert_allclose(found.sel(year=2030), np.quantile(stored, [0.05, 0.5, 0.95]))
    known = float(futures["deliveries_observed"].sel(year=2010))
    assert found.sel(year=2010).values.tolist() == [known] * 3
    assert set(found["status"].values) == {"observed", "forecast"}
    gap = run.paths("gap").draws.sel(year=2035)
    np.testing.assert_allclose(
        gap, conventions.ahead(futures).sel(scenario="baseline", year_future=2035), rtol=1e-6
    )


def test_means_of_three_years_begin_on_record(run):
    yearly, means = (run.paths(name, "RUS").draws for name in ("exports", "exports_mean"))
    by_hand = yearly.sel(year=slice(2023, 2025)).mean("year")
    np.testing.assert_allclose(means.sel(year=2025), by_hand)


def test_every_quantity_that_is_listed_can_be_had(run):
    for name in run.quantities.index:
        by_domain = quantities.QUANTITIES[name].by_domain
        paths = run.paths(name, domain="engines" if by_domain else "")
        assert paths.draws.sizes["year"] > 20 and paths.units
        assert name in repr(paths) and "2050" in paths._repr_html_()


def test_another_pair_is_had_by_name_and_a_missing_one_says_how_to_make_it(run):
    assert run.pairs == [("RUS", "CHN"), ("FRA", "VNM")]
    other = run.pair("France", "vietnam")
    assert set(other.events["supplier"]) == {"FRA"}
    with pytest.raises(InputError, match=r"forecast --supplier FRA --recipient IND"):
        run.pair("FRA", "IND")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"name": "delivries"}, "did you mean 'deliveries'"),
        ({"name": "deliveries", "country": "FRA"}, "which holds RUS->CHN"),
        ({"name": "exports", "country": "Atlantis"}, "unknown country"),
        ({"name": "gap", "scenario": "plateau"}, "no such scenario .* it holds baseline"),
        ({"name": "domain_share", "domain": "enginse"}, "no such domain; known are aircraft"),
    ],
)
def test_a_mistake_is_told_with_what_is_known(run, asked, says):
    with pytest.raises(InputError, match=says):
        run.paths(**asked)


def test_a_table_that_is_not_there_is_told_with_those_that_are(run):
    with pytest.raises(InputError, match=r"no such table; there are .*events\.csv"):
        run.table("event.csv")


def test_a_run_shows_itself_in_a_notebook(run):
    assert repr(run) == "<Run 20260201-000000-bbbb: RUS->CHN, gate passed>"
    shown = run._repr_html_()
    assert "Russia to China" in shown and "<table" in shown and "-&gt;" in shown
    assert run.gate["passed"] and run.record["seed"]
