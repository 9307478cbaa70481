"""The run store: a run is there whole or not at all, and is found by what a user calls it."""

import datetime
import json

import numpy as np
import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.forecast import record, runs


def put_run(store, name, **said):
    folder = store / runs.RUNS / name
    folder.mkdir(parents=True)
    runs.write(folder / runs.RECORD, {"id": name, **said})
    return folder


def test_ids_sort_by_time_whatever_the_zone():
    early = datetime.datetime(2026, 4, 24, 23, 0, tzinfo=datetime.UTC)
    east = datetime.timezone(datetime.timedelta(hours=8))
    late = datetime.datetime(2026, 4, 25, 7, 30, tzinfo=east)
    assert runs.new_id(early, "ffff") == "20260424-230000-ffff"
    assert runs.new_id(early, "ffff") < runs.new_id(late, "0000") == "20260424-233000-0000"


def test_the_store_is_the_option_then_the_variable_then_a_folder_here(monkeypatch, tmp_path):
    monkeypatch.delenv(runs.VARIABLE, raising=False)
    assert str(runs.store()) == runs.STORE
    monkeypatch.setenv(runs.VARIABLE, str(tmp_path / "elsewhere"))
    assert runs.store() == tmp_path / "elsewhere"
    assert runs.store(tmp_path) == tmp_path


def test_a_run_appears_under_its_name_only_when_it_is_whole(tmp_path):
    target = tmp_path / "deep" / "run"
    with runs.writing(target) as part:
        (part / "a.csv").write_text("1")
        assert part == runs.partial(target) and not target.exists()
    assert [p.name for p in target.iterdir()] == ["a.csv"]
    assert [p.name for p in target.parent.iterdir()] == ["run"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_stops_a_run_leaves_nothing_not_even_the_folders_made_for_it(tmp_path, stop):
    with pytest.raises(stop), runs.writing(tmp_path / "new" / "store" / "run") as part:
        (part / "half.nc").write_bytes(b"half")
        raise stop
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_run_leaves_what_others_put_beside_it(tmp_path):
    with pytest.raises(KeyboardInterrupt), runs.writing(tmp_path / "new" / "run"):
        (tmp_path / "new" / "other").mkdir()
        raise KeyboardInterrupt
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["other"]


def test_an_empty_folder_may_become_the_run(tmp_path):
    target = tmp_path / "empty"
    target.mkdir()
    with runs.writing(target) as part:
        (part / "a").touch()
    assert (target / "a").is_file()


def test_a_run_is_never_overwritten(tmp_path):
    put_run(tmp_path, "whole")
    with pytest.raises(InputError, match="never overwritten"):
        runs.claim(tmp_path / runs.RUNS / "whole")


def test_a_half_written_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "posterior.nc").write_bytes(b"half")
    with pytest.raises(InputError, match=r"holds no run\.json, so no whole run"):
        runs.claim(tmp_path / "half")
    assert (tmp_path / "half" / "posterior.nc").read_bytes() == b"half"
    assert [p.name for p in tmp_path.iterdir()] == ["half"]


def test_two_runs_cannot_be_written_into_one_folder(tmp_path):
    with runs.writing(tmp_path / "run") as part:
        with pytest.raises(InputError, match=r"is still being written: .*\.run\.part"):
            runs.claim(tmp_path / "run")
        assert part.is_dir()


@pytest.mark.parametrize("place", ["file", "file/run", "file/deep/run"])
def test_a_file_in_the_way_is_named(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file"):
        runs.claim(tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path, monkeypatch):
    def refuse(self, *args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(runs.Path, "mkdir", refuse)
    with pytest.raises(InputError, match=r"run: the folder cannot be written \(Permission denied"):
        runs.claim(tmp_path / "run")


def test_the_newest_run_is_meant_when_none_is_named(tmp_path):
    put_run(tmp_path, "20260101-000000-ffff")
    newest = put_run(tmp_path, "20260102-000000-0000")
    (tmp_path / runs.RUNS / ".20260103-000000-0000.part").mkdir()
    (tmp_path / runs.RUNS / "20260104-000000-torn").mkdir()
    assert runs.find(None, tmp_path) == newest
    assert len(runs.listing(tmp_path)) == 2


def test_a_run_is_found_by_folder_id_and_unique_beginning(tmp_path):
    first = put_run(tmp_path, "20260101-000000-aaaa")
    second = put_run(tmp_path, "20260102-000000-bbbb")
    assert runs.find(str(first), tmp_path / "no-store") == first
    assert runs.find("20260102-000000-bbbb", tmp_path) == second
    assert runs.find("20260102", tmp_path) == second
    with pytest.raises(InputError, match="several runs begin so: 20260101-000000-aaaa, 20260102"):
        runs.find("2026", tmp_path)
    with pytest.raises(InputError, match="'2027': no such run; the newest are 20260101"):
        runs.find("2027", tmp_path)


def test_an_empty_store_and_a_folder_that_is_no_run_are_named(tmp_path):
    with pytest.raises(InputError, match="holds no run yet"):
        runs.find(None, tmp_path / "store")
    with pytest.raises(InputError, match="is no run folder"):
        runs.find(str(tmp_path), tmp_path)
    with pytest.raises(InputError, match="no such run folder"):
        runs.find(str(tmp_path / "nothing"), tmp_path)


@pytest.mark.parametrize("text", ['{"id": ', "", "[1]"])
def test_a_torn_record_is_named(tmp_path, text):
    (tmp_path / runs.RECORD).write_text(text)
    with pytest.raises(InputError, match=r"run\.json"):
        runs.read(tmp_path)


def test_a_record_holds_plain_json_and_no_number_that_json_has_not(tmp_path):
    said = {"ess": np.float64(3.5), "n": np.int64(2), "ok": np.bool_(True), "no": float("nan")}
    path = runs.write(tmp_path / runs.RECORD, {"gate": said, "list": [float("inf"), "ü"]})
    found = json.loads(path.read_text("utf-8"))
    assert found["gate"] == {"ess": 3.5, "n": 2, "ok": True, "no": None}
    assert found["list"] == [None, "ü"]
    assert [p.name for p in tmp_path.iterdir()] == [runs.RECORD]


def test_a_pair_stands_in_the_run_or_under_pairs(tmp_path):
    said = {"supplier": "RUS", "recipient": "CHN"}
    assert runs.pair_folder(tmp_path, said, ("RUS", "CHN")) == tmp_path
    assert runs.pair_folder(tmp_path, said, ("RUS", "IND")) == tmp_path / "pairs" / "RUS-IND"
    with pytest.raises(InputError, match="supplier"):
        runs.own_pair({})


def test_refreshing_replaces_all_files_at_the_end_or_none(tmp_path):
    folder = tmp_path / "pairs" / "RUS-IND"
    with pytest.raises(KeyboardInterrupt), runs.refreshing(folder) as part:
        (part / "events.csv").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    for text in ("one", "two"):
        with runs.refreshing(folder) as part:
            (part / "events.csv").write_text(text)
        assert [p.name for p in folder.iterdir()] == ["events.csv"]
        assert (folder / "events.csv").read_text() == text
    with pytest.raises(ValueError, match="no"), runs.refreshing(folder) as part:
        (part / "events.csv").write_text("half")
        raise ValueError("no")
    assert [p.read_text() for p in folder.iterdir()] == ["two"]


def draws():
    return xr.Dataset(
        {
            "theta": (("draw", "country"), np.arange(6, dtype=np.float32).reshape(3, 2)),
            "gone": (("draw",), np.array([True, False, True])),
        },
        coords={"draw": np.arange(3), "country": ["RUS", "CHN"]},
    )


def test_draws_have_one_hash_in_memory_and_read_back(tmp_path):
    draws().to_netcdf(tmp_path / "draws.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "draws.nc", engine="h5netcdf") as stored:
        assert record.hash_draws(stored) == record.hash_draws(draws())


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.assign(theta=d["theta"] + 1e-6),
        lambda d: d.assign(theta=d["theta"].astype(float)),
        lambda d: d.assign_coords(country=["RUS", "IND"]),
        lambda d: d.rename(theta="level"),
        lambda d: d.transpose("country", "draw"),
    ],
)
def test_whatever_changes_in_the_draws_changes_their_hash(change):
    assert record.hash_draws(change(draws())) != record.hash_draws(draws())


def test_a_folder_hash_follows_names_and_contents_and_no_hidden_file(tmp_path):
    (tmp_path / "a").write_text("1")
    first = record.hash_files(tmp_path)
    (tmp_path / ".hidden").write_text("x")
    assert record.hash_files(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    assert record.hash_files(tmp_path) != first


def test_code_outside_its_own_repository_has_no_commit(tmp_path):
    found = record.code(tmp_path)
    assert found["version"] and found["commit"] is None and found["dirty"] is None


def test_sampling_figures_are_the_least_of_the_gate():
    checks = [{"name": "ess_bulk", "value": 500.0}, {"name": "ess_tail", "value": 450.0}]
    found = record.sampling({"checks": checks}, 100.0)
    assert found == {"ess_bulk_min": 500.0, "ess_tail_min": 450.0, "ess_bulk_per_second": 5.0}
    assert record.sampling({}, None) == {}
