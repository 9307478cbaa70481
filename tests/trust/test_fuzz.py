"""Readers under damage refuse or read; and the fuzzer, which must notice what is neither."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.damage import damaged
from tests.trust import fuzz, targets

INPUTS = 40
"""A target in the fast lane; `python -m tests.trust.fuzz --inputs N` does as many as are asked."""


@pytest.mark.parametrize("name", targets.TARGETS)
def test_damage_is_read_or_refused(tmp_path, name):
    target = targets.TARGETS[name]

    @settings(max_examples=INPUTS, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(target.seeds).flatmap(damaged))
    def offered(content):
        try:
            target.offer(tmp_path, content)
        except Exception as error:
            if not targets.is_refusal(error):
                raise

    offered()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_target_begins_from_files_that_are_read(tmp_path, name):
    read = 0
    for content in targets.TARGETS[name].seeds:
        try:
            targets.TARGETS[name].offer(tmp_path, content)
            read += 1
        except Exception as error:
            assert targets.is_refusal(error), error
    assert read


def test_what_is_no_refusal_is_counted_and_kept(tmp_path, monkeypatch):
    def read(path, first):
        return {}["gone"] if first else int(path.read_text())

    monkeypatch.setitem(targets.TARGETS, "torn", targets.Target(("a",), (b"\0" + b"1",), read))
    fuzzed = fuzz.Fuzzed("torn", 3, tmp_path)
    for content in (b"\x001", b"\x011", b"\x012"):
        fuzzed(content)
    said = json.loads((tmp_path / "torn.json").read_text())
    assert (said["inputs"], said["read"], said["tracebacks"]) == (3, 1, 2)
    assert list(said["kinds"].values()) == [2] and "KeyError" in next(iter(said["kinds"]))
    assert (tmp_path / "torn-0.input").read_bytes() == b"\x011"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["hypothesis", "atheris"])
def test_thousands_of_inputs(tmp_path, way):
    if way == "atheris":
        pytest.importorskip("atheris")
    assert fuzz.main(["--inputs", "5000", "--way", way, "--folder", str(tmp_path)]) == 0
