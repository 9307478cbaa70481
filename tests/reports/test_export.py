"""Data out: every file says what the draws say, keeps its shape, and holds no formula."""

import csv
import hashlib
import json
import shutil

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.forecast import quantities
from crossover.reports import export, export_book, export_json, questions
from tests.published import IDS, make_store, told

LOCKED = "e6353c35ae908c5c"
FORMULA = "=SUM(A1)"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("export")) / "runs" / IDS[1]


@pytest.fixture(scope="module")
def out(run, tmp_path_factory):
    """Return a folder with everything, the draws too."""
    folder = tmp_path_factory.mktemp("out") / "made" / "here"
    files = export.export(run, folder, draws=True)
    assert sorted(folder.iterdir()) == files
    return folder


@pytest.fixture(scope="module")
def paths(out):
    return pd.read_csv(out / export.PATHS, keep_default_na=False, na_values={
        name: [""] for name in ("observed", "mean", "q05", "q25", "q50", "q75", "q95")
    })  # fmt: skip


def test_paths_are_quantiles_of_the_draws(run, paths):
    with xr.open_dataset(run / "forecast.nc", engine="h5netcdf") as opened:
        futures = opened.sel(scenario="baseline").load()
    drawn = futures["exports"].sel(supplier="RUS").transpose("draw", ...).values.astype(float)
    rows = paths[(paths["quantity"] == "exports") & (paths["of"] == "RUS")]
    ahead = rows[rows["status"] == "forecast"]
    assert ahead["year"].tolist() == list(range(2025, 2051))
    for name, level in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
        np.testing.assert_allclose(ahead[name], np.quantile(drawn, level, axis=0), rtol=1e-5)
    past = rows[rows["status"] == "observed"]
    known = futures["exports_observed"].sel(supplier="RUS").values
    np.testing.assert_allclose(past["observed"], known, rtol=1e-5)
    assert past["mean"].isna().all() and ahead["observed"].isna().all()
    assert set(past["scenario"]) == {""} and set(ahead["scenario"]) == {"baseline"}


def test_every_quantity_of_the_forecast_is_there(run, paths):
    pair = quantities.Pair(run, "RUS", "CHN", 4)
    held = {(q.name, "->".join(of), domain) for q, of, domain in quantities.every(pair)}
    assert {(r.quantity, r.of, r.domain) for r in paths.itertuples()} == held
    assert len({name for name, *_ in held}) == 15
    assert not paths.duplicated(["quantity", "of", "domain", "scenario", "year"]).any()


def test_parquet_holds_the_same_table(out, paths):
    held = pd.read_parquet(out / export.PARQUET)
    assert list(held.columns) == list(paths.columns) == list(export.PATH_COLUMNS)
    for name in held:
        if held[name].dtype == float:
            np.testing.assert_allclose(held[name], paths[name], rtol=1e-5)
        else:
            assert held[name].tolist() == paths[name].tolist()


def test_probabilities_are_those_that_are_published(run, out):
    published = pd.read_csv(run / "events.csv")
    held = pd.read_csv(out / export.PROBABILITIES)
    np.testing.assert_allclose(held["probability"], published["probability"], rtol=1e-5)


def test_the_hub_table_has_its_columns_rising_quantiles_and_sums_of_one(out, paths):
    table = pd.read_csv(out / export.HUB, dtype={"output_type_id": str})
    assert list(table.columns) == list(export.HUB_COLUMNS)
    assert set(table["origin"]) == {2024} and table["horizon"].min() == 1
    key = ["target", "horizon"]
    levels = table[table["output_type"] == "quantile"]
    levels = levels.assign(level=levels["output_type_id"].astype(float)).sort_values("level")
    assert (levels.groupby(key)["level"].count() == len(export.HUB_LEVELS)).all()
    assert levels.groupby(key)["value"].is_monotonic_increasing.all()
    one = levels[(levels["target"] == "exports RUS") & (levels["level"] == 0.05)]
    same = paths[(paths["quantity"] == "exports") & (paths["of"] == "RUS")]["q05"].dropna()
    np.testing.assert_allclose(one.sort_values("horizon")["value"], same, rtol=1e-5)
    answers = table[table["output_type"] == "pmf"].groupby(key)["value"].sum()
    np.testing.assert_allclose(answers, 1.0, rtol=1e-5)
    assert ("independence RUS->CHN state", 1) in answers.index
    assert ("domain_crossover RUS->CHN engines lasting", 26) in answers.index
    assert not table.duplicated([*key, "output_type", "output_type_id"]).any()


def test_the_json_is_as_its_schema_says_and_says_the_same(out, paths):
    held = json.loads((out / export.DOCUMENT).read_text("utf-8"))
    assert export_json.check(held) == []
    exports = next(q for q in held["quantities"] if (q["name"], q["of"]) == ("exports", "RUS"))
    same = paths[(paths["quantity"] == "exports") & (paths["of"] == "RUS")]
    assert exports["forecasts"][0]["q50"] == same["q50"].dropna().tolist()
    assert exports["past"]["value"] == same["observed"].dropna().tolist()
    assert held["run"]["publishable"] is True and held["origin"] == 2024
    assert {event["kind"] for event in held["events"]} == {"state", "first_passage", "lasting"}


def test_a_document_of_another_shape_is_told_with_the_place(out):
    held = json.loads((out / export.DOCUMENT).read_text("utf-8"))
    del held["run"]["seed"]
    held["events"][0]["probability"][0] = 1.5
    faults = export_json.check(held)
    assert len(faults) == 2 and any("$.events[0].probability[0]" in fault for fault in faults)


def test_the_schema_is_locked():
    """Others rely on it: a change of shape is a new version beside it, `schema/v2.json`."""
    held = json.dumps(export_json.schema(), sort_keys=True)
    assert hashlib.sha256(held.encode()).hexdigest()[:16] == LOCKED


def described(part):
    """Yield the names of fields without a description, of theirs or of what they refer to."""
    for name, field in part.get("properties", {}).items():
        known = {"description", "$ref", "const", "properties", "items"} & field.keys()
        if not known and name not in ("code", "name", "title", "terms", "address", "scenario"):
            yield name
        yield from described(field)
        yield from described(field.get("items", {}))


def test_every_field_of_the_schema_is_described():
    assert list(described(export_json.schema())) == ["domain"]


def test_the_first_sheet_can_be_read(run, out):
    book = openpyxl.load_workbook(out / export.BOOK)
    assert book.sheetnames == ["Read me", *(name for name, _ in export_book.SHEETS)]
    cells = [[c.value for c in row if c.value is not None] for row in book["Read me"].iter_rows()]
    assert cells[0] == ["Russia to China: forecast to 2050"]
    assert IDS[1] in cells[1][0] and "The gate passed." in cells[1][0]
    header = ["statement", "in 2024", "in 2030", "in 2035", "by 2035", "for good from 2035"]
    assert cells[3] == header
    told = {row[0]: row[1:] for row in cells[4:] if len(row) == len(header)}
    statement = questions.statement("independence", "RUS", "CHN")
    table = pd.read_csv(run / "events.csv").set_index(["event", "domain", "kind", "year"])
    said = table["probability"]["independence", "all", "state", 2030]
    assert told[statement[0].upper() + statement[1:]][1] == f"{said:.2f}"
    assert any(row[:1] == ["How to read it"] for row in cells)


def test_the_sheets_hold_the_tables(out, paths):
    sheet = openpyxl.load_workbook(out / export.BOOK)["Paths"]
    rows = list(sheet.iter_rows(values_only=True))
    assert list(rows[0]) == list(paths.columns) and len(rows) == len(paths) + 1
    at = paths.columns.get_loc("q50")
    known = np.array([row[at] for row in rows[1:] if row[at] is not None])
    np.testing.assert_allclose(known, paths["q50"].dropna(), rtol=1e-5)


def test_draws_are_those_of_the_quantiles(out, paths):
    drawn = pd.read_csv(out / export.DRAWS.format("exports"))
    assert drawn.groupby(["of", "scenario"])["draw"].nunique().tolist() == [200, 200]
    same = paths[(paths["quantity"] == "exports") & (paths["of"] == "CHN")]["q25"].dropna()
    of_china = drawn[drawn["of"] == "CHN"]
    years = [str(year) for year in range(2025, 2051)]
    np.testing.assert_allclose(of_china[years].quantile(0.25), same, rtol=1e-4)
    gap = pd.read_csv(out / export.DRAWS.format("gap"))
    assert set(gap["convention"]) == {"chosen"} and len(gap) == 200


def test_no_text_is_a_formula(run, tmp_path):
    hostile = tmp_path / "run"
    shutil.copytree(run, hostile)
    for name in ("forecast.nc", "domains.nc"):
        with xr.open_dataset(run / name, engine="h5netcdf") as opened:
            futures = opened.load()
        both = xr.concat(
            [futures, futures.assign_coords(scenario=[FORMULA])], "scenario", data_vars="minimal"
        )
        both.to_netcdf(hostile / name, engine="h5netcdf")
    export.export(hostile, tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / export.BOOK)
    held = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(cell.value == FORMULA for cell in held)
    assert not any(cell.data_type == "f" for cell in held)
    for name in (export.PATHS, export.PROBABILITIES, export.HUB):
        with (tmp_path / "out" / name).open(encoding="utf-8", newline="") as lines:
            texts = {value for row in csv.reader(lines) for value in row}
        assert not any(text.startswith(("=", "+", "@")) for text in texts)
    assert f"'{FORMULA}" in (tmp_path / "out" / export.PATHS).read_text("utf-8")


def test_a_pair_that_is_not_forecast_is_refused_and_nothing_is_written(run, tmp_path):
    with pytest.raises(InputError, match=r"forecast --supplier FRA --recipient IND"):
        export.export(run, tmp_path / "new", ("FRA", "IND"))
    assert not (tmp_path / "new").exists()


def test_the_command_writes_another_pair(run, tmp_path):
    words = [run, "--supplier", "France", "--recipient", "VNM", "--out", tmp_path / "x"]
    listed = told("export", *words).split()
    assert listed == sorted(str(file) for file in (tmp_path / "x").iterdir())
    held = json.loads((tmp_path / "x" / export.DOCUMENT).read_text("utf-8"))
    assert (held["supplier"]["code"], held["recipient"]["code"]) == ("FRA", "VNM")
    assert export_json.check(held) == []
