"""Compiling leaves nothing in the temporary folder; fits are made at once and end together."""

import tempfile
import threading
from functools import partial
from pathlib import Path

import pymc as pm
import pytensor
import pytest

from crossover.data.errors import InputError
from crossover.forecast import progress, sampling


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Return an empty folder, the temporary one of this test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_what_pytensor_compiles_leaves_no_file_in_the_temporary_folder(temporary):
    with pytensor.config.change_flags(generated_src_dir=""):
        sampling.keep_sources()
        cache = Path(pytensor.config.generated_src_dir)
        with pm.Model() as model:
            pm.Normal("x", 0.0, 1.0, shape=3)
        density = model.compile_logp(mode="NUMBA")
        assert float(density({"x": [0.0, 0.0, 0.0]})) == pytest.approx(-2.756815599614018)
    assert list(cache.glob("*.py"))
    assert not list(temporary.iterdir())


def test_a_model_made_ready_has_pytensor_told_where_to_write():
    with pytensor.config.change_flags(generated_src_dir=""):
        with pm.Model() as model:
            pm.Normal("x", 0.0, 1.0)
        sampling.ready(model)
        assert pytensor.config.generated_src_dir


def test_sources_go_to_the_compilers_own_cache_unless_the_user_has_said_where(tmp_path):
    with pytensor.config.change_flags(generated_src_dir=""):
        sampling.keep_sources()
        found = Path(pytensor.config.generated_src_dir)
        assert found.parent == Path(pytensor.config.base_compiledir)
    with pytensor.config.change_flags(generated_src_dir=str(tmp_path)):
        sampling.keep_sources()
        assert pytensor.config.generated_src_dir == str(tmp_path)


def hold(until, seconds=20.0):
    """Wait for an event as a fit would that is told to end."""
    if not until.wait(seconds):
        raise AssertionError("nobody said that it should end")
    raise KeyboardInterrupt


def test_fits_are_made_at_once_and_their_shares_of_the_work_are_added_up():
    both, told = threading.Barrier(2, timeout=20.0), []

    def make(name):
        for _ in range(2):
            both.wait()
            progress.mover()(1, 2)
            both.wait()
        return name.upper()

    fits = {name: sampling.Fit(work, partial(make, name)) for name, work in
            {"a": (1.0, 2.0), "b": (3.0, 4.0)}.items()}  # fmt: skip
    found = sampling.side_by_side(fits, lambda done, total: told.append((done, total)))
    assert found == {"a": "A", "b": "B"}
    assert told[-1] == (5.0, 10.0) and {total for _, total in told} == {10.0}


def test_a_fault_of_one_fit_ends_those_beside_it_and_is_the_one_that_is_raised():
    def fail():
        raise InputError("no figures")

    fits = {
        "held": sampling.Fit((1.0,), lambda: hold(sampling._beside.get())),
        "failing": sampling.Fit((1.0,), fail),
    }
    with pytest.raises(InputError, match="no figures"):
        sampling.side_by_side(fits, None)


def test_a_sampler_ends_when_a_fit_beside_it_fails():
    with pm.Model() as model:
        pm.Normal("x", 0.0, 1.0)
    begun = threading.Event()

    def long():
        compiled = sampling.ready(model)
        begun.set()
        how = {"draws": 1_000_000, "tune": 200, "chains": 1, "target_accept": 0.8}
        sampling.sample(compiled, seed=1, **how)

    def fail():
        begun.wait()
        raise InputError("no figures")

    fits = {"long": sampling.Fit((1.0,), long), "failing": sampling.Fit((1.0,), fail)}
    with pytest.raises(InputError, match="no figures"):
        sampling.side_by_side(fits, None)
