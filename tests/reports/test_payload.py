import json
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.data.names import CAPACITY_CROSSOVER
from crossover.forecast import waterfall
from crossover.reports import payload, payload_flows, payload_parameters, payload_sources, reading


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (None, "untested"),
        (0.0, "contradicted"),
        (0.05, "contradicted"),
        (0.0501, "open"),
        (0.9499, "open"),
        (0.95, "supported"),
        (1.0, "supported"),
    ],
)
def test_a_verdict_is_reached_at_the_stated_probabilities(probability, verdict):
    assert reading.verdict(probability) == verdict


def test_the_payload_is_plain_json_without_nan(payloads):
    for frozen in payloads.values():
        json.dumps(frozen, allow_nan=False)


def test_two_collections_of_one_run_are_equal(runs, plain):
    assert payload.collect(runs["plain"]) == plain


def test_probabilities_are_those_of_the_tables(runs, plain):
    table = pd.read_csv(runs["plain"] / "events.csv")
    for entry in plain["events"]:
        rows = table[(table["event"] == entry["event"]) & (table["domain"] == "all")]
        for kind, answers in entry["kinds"].items():
            own = rows[rows["kind"] == kind]
            # Frozen numbers keep six significant digits.
            np.testing.assert_allclose(answers["probability"], own["probability"], rtol=1e-5)
        assert entry["leads"] == "state"


def test_the_average_over_conventions_stands_apart_and_that_of_the_forecast_first(runs, plain):
    every = pd.read_csv(runs["plain"] / "levels.csv").set_index("alternative")
    table = every[every["year"] == every["year"].iloc[0]]
    found = plain["levels"]
    assert found["average"]["probability"] == pytest.approx(
        table.loc["average", "probability"], rel=1e-5
    )
    assert [row["alternative"] for row in found["rows"]] == list(table.index[1:])
    assert [row["headline"] for row in found["rows"]] == [True, False, False, False, False]
    assert found["lowest"] <= found["average"]["probability"] <= found["highest"]
    assert found["years"] == [2030, 2035]
    for row in (found["average"], *found["rows"]):
        then = every.loc[row["alternative"]].set_index("year")["probability"]
        assert row["later"] == pytest.approx(then[[2030, 2035]].tolist(), rel=1e-5)


def test_the_mass_of_a_timing_and_of_never_adds_up_to_one(payloads):
    for frozen in payloads.values():
        for entry in frozen["events"]:
            if entry["defined"]:
                # Each of 27 numbers is rounded to six digits.
                assert sum(entry["in_year"]) + entry["never"] == pytest.approx(1.0, abs=1e-4)


def test_events_without_rows_are_not_defined(payloads):
    defined = [entry["defined"] for entry in payloads["undefined"]["events"]]
    assert defined == [True, True, False, False, False, False]


def test_chains_are_compared_by_the_gap_where_both_are_suppliers(runs, payloads):
    chains = payloads["plain"]["chains"]
    with xr.open_datatree(runs["plain"] / "posterior.nc", engine="h5netcdf") as tree:
        level = tree["posterior"]["supplier_capacity"].sel(year=2024)
        gap = (level.sel(supplier="CHN") - level.sel(supplier="RUS")).median("draw").values
    assert chains["quantity"] == "gap"
    np.testing.assert_allclose([row["median"] for row in chains["rows"]], gap, rtol=1e-5)


def test_chains_are_compared_by_the_research_effect_otherwise(payloads):
    chains = payloads["undefined"]["chains"]
    assert chains["quantity"] == "rd_within"
    assert len(chains["rows"]) == 4
    assert all("density" not in row and "median" in row for row in chains["rows"])


def test_parameters_may_be_stored_as_one_vector(runs, tmp_path, plain):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    with xr.open_datatree(run / "posterior.nc", engine="h5netcdf") as stored:
        tree = stored.load().copy()
    posterior = tree["posterior"].to_dataset()
    names = [e["name"] for e in plain["parameters"] if e["name"] in posterior]
    vector = posterior[names].to_dataarray("parameter")
    tree["posterior"] = xr.DataTree(posterior.drop_vars(names).assign(parameters=vector))
    (run / "posterior.nc").unlink()
    tree.to_netcdf(run / "posterior.nc", engine="h5netcdf")
    assert payload.collect(run)["parameters"] == plain["parameters"]


def test_the_logit_normal_agrees_with_its_draws():
    rng = np.random.default_rng(3)
    prior = payload_parameters.LogitNormal(0.8, 0.7)
    draws = 1 / (1 + np.exp(-rng.normal(0.8, 0.7, 200_000)))
    # Twenty thousand draws and more put both within a percent.
    assert prior.std() == pytest.approx(draws.std(), rel=0.02)
    assert prior.ppf(0.9) == pytest.approx(np.quantile(draws, 0.9), rel=0.01)
    assert prior.sf(0.5) == pytest.approx((draws > 0.5).mean(), abs=0.005)
    assert (prior.sf(0.0), prior.support()) == (1.0, (0.0, 1.0))
    grid = np.linspace(1e-6, 1 - 1e-6, 20_001)
    assert np.trapezoid(prior.pdf(grid), grid) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", [*payload.RUN_FILES, *payload.PAIR_FILES])
def test_a_missing_file_is_named_in_one_line(runs, tmp_path, name):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    (run / name).unlink()
    with pytest.raises(InputError) as caught:
        payload.collect(run)
    message = str(caught.value)
    assert name in message
    assert "missing from the run folder" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["run.json", "priors.toml", "posterior.nc", "forecast.nc"])
def test_a_truncated_file_is_named_in_one_line(runs, tmp_path, name):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2 + 1])
    with pytest.raises(InputError, match=name):
        payload.collect(run)


def test_a_table_without_a_column_is_named(runs, tmp_path):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    pd.read_csv(run / "levels.csv").drop(columns="mc_error").to_csv(run / "levels.csv")
    with pytest.raises(InputError, match=r"levels\.csv.*mc_error"):
        payload.collect(run)


def test_an_event_without_timing_is_named(runs, tmp_path):
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    table = pd.read_csv(run / "timing.csv")
    table[table["event"] != CAPACITY_CROSSOVER].to_csv(run / "timing.csv", index=False)
    with pytest.raises(InputError, match=r"timing\.csv.*capacity_crossover"):
        payload.collect(run)


def lacking(name, runs, tmp_path):
    """Return a run whose forecast lacks a variable."""
    run = shutil.copytree(runs["plain"], tmp_path / "run")
    with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as stored:
        shorter = stored.load().drop_vars(name)
    (run / "forecast.nc").unlink()
    shorter.to_netcdf(run / "forecast.nc", engine="h5netcdf")
    return run


def test_a_stored_variable_that_is_missing_is_named(runs, tmp_path):
    with pytest.raises(InputError, match="import_share"):
        payload.collect(lacking("import_share", runs, tmp_path))


@pytest.mark.parametrize("read", [payload.collect, waterfall.forecast_of])
def test_a_forecast_of_an_edition_with_one_convention_is_refused_with_the_cure(
    read, runs, tmp_path
):
    run = lacking("convention_shift", runs, tmp_path)
    with pytest.raises(InputError, match=r"forecast\.nc.*'crossover forecast' makes it anew"):
        read(run)


def test_no_folder_and_an_unknown_pair_are_named(runs, tmp_path):
    with pytest.raises(InputError, match="no run folder"):
        payload.collect(tmp_path / "absent")
    with pytest.raises(InputError, match="RUS-IND has no forecast in this run"):
        payload.collect(runs["plain"], "RUS", "IND")
    with pytest.raises(InputError, match="both --supplier and --recipient"):
        payload.collect(runs["plain"], "RUS")


def test_the_pair_of_the_run_is_found_in_its_root(runs):
    assert payload.pair_folder(runs["plain"], "RUS", "CHN") == runs["plain"]


def test_periods_whose_orders_lie_inside_the_predicted_bands_are_counted(runs, plain):
    with xr.open_dataset(runs["plain"] / "forecast.nc", engine="h5netcdf") as stored:
        seen, drawn = stored["orders_observed"].values, stored["orders_past"].values
    within = {
        key: int(sum(
            np.quantile(drawn[:, at], low) <= value <= np.quantile(drawn[:, at], 1 - low)
            for at, value in enumerate(seen)
        ))
        for key, low in (("within_50", 0.25), ("within_90", 0.05))
    }
    assert plain["dependence"]["past_check"] == {"periods": 11, **within}


def test_causes_are_told_by_side_with_both_spells_and_every_cause(runs, payloads):
    found = payloads["plain"]["causes"]
    assert [(one["side"], one["country"]) for one in found] == [("ordered", "CHN"), ("won", "RUS")]
    table = pd.read_csv(runs["plain"] / "causes.csv")
    for one in found:
        mine = table[table["side"] == one["side"]]
        assert [row["cause"] for row in one["rows"]] == mine["cause"].tolist()
        assert [row["median"] for row in one["rows"]] == pytest.approx(
            mine["median"].tolist(), abs=1e-5
        )
        assert (one["from"], one["to"]) == ([2004, 2009], [2019, 2024])


@pytest.mark.parametrize(
    ("highest", "known", "expected"),
    [(2001.0, 1000.0, True), (2000.0, 1000.0, False), (11.0, 0.0, True), (9.0, 0.0, False)],
)
def test_a_band_that_would_flatten_the_record_asks_for_a_log_scale(highest, known, expected):
    assert payload_flows._tall({"q95": [1.0, highest]}, known) is expected


def test_what_a_record_leaves_empty_is_said_to_be_none():
    ledger = {"entries": 0, "head": ""}
    record = {"id": "a", "additions": [], "ledger": ledger, "gate": {"passed": True}}
    assert {row["key"]: row["value"] for row in payload_sources.record_of(record)} == {
        "id": "a", "additions": "none", "ledger.entries": "0", "ledger.head": "none",
    }  # fmt: skip
