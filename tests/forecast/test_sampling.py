"""Compiling a model leaves nothing in the temporary folder."""

import tempfile
from pathlib import Path

import pymc as pm
import pytensor
import pytest

from crossover.forecast import sampling


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
