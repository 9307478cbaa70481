"""A fit outlives whatever fails after it, and says how to go on."""

import json
import signal

import pytest
import xarray as xr

from crossover.data.errors import InputError
from crossover.forecast import resume, runs, seal, steps, verify
from tests.trust import deeds, sound


def broken_off(root, error):
    """Begin a run whose fit is done, and whose forecast then fails halfway."""
    with runs.writing(deeds.run_folder(root)) as part:
        deeds.fitted(part, deeds.record())
        deeds.tables(part, "half", ("events.csv",))
        raise error


@pytest.mark.parametrize(
    "error", [ValueError("unknown glyph"), OSError(28, "No space left on device"), MemoryError()]
)
def test_what_fails_after_sampling_keeps_the_fit_and_says_how_to_go_on(tmp_path, error):
    with pytest.raises(InputError) as told:
        broken_off(tmp_path, error)
    run = deeds.run_folder(tmp_path)
    assert f"the fit is kept in {run}: go on with 'crossover resume {run}'" in str(told.value)
    assert "\n" not in str(told.value)
    assert seal.files(run, "run.json") == ["posterior.nc", "priors.toml", "scenarios.json"]
    verify._files(run, verify.record(run, "run.json"))


def test_ctrl_c_after_sampling_keeps_the_fit(tmp_path):
    with pytest.raises(KeyboardInterrupt, match="crossover resume"):
        broken_off(tmp_path, KeyboardInterrupt())
    assert deeds.look_run(tmp_path) == "fit"


def test_before_the_fit_is_done_nothing_is_kept(tmp_path):
    with pytest.raises(ValueError, match="no"), runs.writing(tmp_path / "new" / "run") as part:
        (part / "posterior.nc").write_bytes(b"half")
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_is_put_in_its_place_by_the_next_command_and_named(tmp_path, capsys):
    from tests.trust import faults

    code, _ = faults.forked(tmp_path, "none", faults.NEVER, killed_after_its_fit)
    assert code == -signal.SIGKILL
    assert runs.listing(tmp_path) == []
    found = runs.find(None, tmp_path)
    assert found == deeds.run_folder(tmp_path) and deeds.look_run(tmp_path) == "fit"
    assert "was broken off after its fit" in capsys.readouterr().err


def killed_after_its_fit(root):
    """Die as a process does that is killed between its fit and its forecast."""
    import os

    with runs.writing(deeds.run_folder(root)) as part:
        deeds.fitted(part, deeds.record())
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_run_left_before_its_fit_is_removed_and_named(tmp_path, capsys):
    part = runs.partial(deeds.run_folder(tmp_path))
    part.mkdir(parents=True)
    (part / "posterior.nc").write_bytes(b"half")
    deeds.only_fit(tmp_path / "other")
    runs.sweep(tmp_path / runs.RUNS)
    assert list((tmp_path / runs.RUNS).iterdir()) == []
    assert f"removed {part}" in capsys.readouterr().err


# Going on ----------------------------------------------------------------------------------------


@pytest.fixture
def fit_only(sound_run, tmp_path, monkeypatch):
    """Return a run with the fit of the sound one and no forecast, and what forecasts it again."""
    import shutil

    run = shutil.copytree(sound_run, tmp_path / "run")
    shutil.rmtree(run / runs.PAIRS)
    said = runs.read(run)
    for name in seal.files(run, "run.json"):
        if name not in ("posterior.nc", "priors.toml"):
            (run / name).unlink()
    said |= {"gate": {**said["gate"]["fit"], "fit": said["gate"]["fit"]}}
    seal.close(run, said, "run.json")

    def look_ahead(folder, tree, pair, new, run, scenarios=()):
        for path in sound_run.iterdir():
            if path.suffix in (".csv", ".nc") and path.name != "posterior.nc":
                shutil.copy(path, folder / path.name)
        made = runs.read(sound_run)
        new["gate"], new["hashes"] = made["gate"], made["hashes"]

    from crossover.forecast import claims, record

    monkeypatch.setattr(steps, "look_ahead", look_ahead)
    monkeypatch.setattr(claims, "judge", lambda asked, run: [])
    monkeypatch.setattr(claims, "write", lambda rows, path: path.write_text("claim\n"))
    monkeypatch.setattr(record, "hash_panel", lambda layers: "ab" * 32)
    with_origin(run)
    return run


def with_origin(run):
    """Say in the stored inputs which year is the last, as a fit does; seal that."""
    tree = xr.load_datatree(run / "posterior.nc", engine=sound.ENGINE)
    tree["constant_data"].attrs["origin"] = 2024
    tree.to_netcdf(run / "posterior.nc", engine=sound.ENGINE)
    sound.sealed(run)


def test_a_run_with_a_fit_alone_is_forecast_audited_and_sealed(fit_only, tmp_path):
    assert not verify.is_whole(fit_only)
    said = resume.resume(fit_only, (tmp_path,))
    assert said["gate"]["passed"] and verify.is_whole(fit_only)
    verify.hold_all(fit_only)
    assert resume.resume(fit_only, (tmp_path,)) is None


def test_a_run_of_the_format_before_is_checked_and_taken_on(fit_only, tmp_path):
    said = runs.read(fit_only)
    said.pop("seal")
    (fit_only / "run.json").write_text(json.dumps(said))
    (fit_only / "track_record.json").write_text('{"entries": 9}')
    with pytest.raises(InputError, match=r"has no seal, .* 'crossover resume "):
        verify.hold(fit_only)
    resume.resume(fit_only, (tmp_path,))
    verify.hold_all(fit_only)
    # What nothing vouches for is gone.
    assert not (fit_only / "track_record.json").exists()


@pytest.mark.parametrize("changed", ["posterior", "gate", "priors"])
def test_a_run_of_the_format_before_that_does_not_hold_is_refused(fit_only, tmp_path, changed):
    said = runs.read(fit_only)
    said.pop("seal")
    if changed == "gate":
        for check in said["gate"]["fit"]["checks"]:
            check["value"] += 0.5
    (fit_only / "run.json").write_text(json.dumps(said))
    if changed == "priors":
        (fit_only / "priors.toml").write_text("x = 1\n")
    if changed == "posterior":
        tree = xr.load_datatree(fit_only / "posterior.nc", engine=sound.ENGINE)
        data = tree["posterior"].to_dataset(inherit=False)
        tree["posterior"] = data.assign(rd_within=data["rd_within"] + 1.0)
        tree.to_netcdf(fit_only / "posterior.nc", engine=sound.ENGINE)
    with pytest.raises(InputError, match=f"{'run.json' if changed == 'gate' else changed}"):
        resume.resume(fit_only, (tmp_path,))


def test_another_panel_is_refused(fit_only, tmp_path, monkeypatch):
    from crossover.forecast import record

    monkeypatch.setattr(record, "hash_panel", lambda layers: "other")
    with pytest.raises(InputError, match="the panel is not the one that this run was fitted to"):
        resume.resume(fit_only, (tmp_path,))


def test_without_a_fit_there_is_nothing_to_go_on_with(tmp_path):
    (tmp_path / "run").mkdir()
    runs.write(tmp_path / "run" / "run.json", {"id": "x"})
    with pytest.raises(InputError, match="broken off before its fit"):
        resume.resume(tmp_path / "run", (tmp_path,))
