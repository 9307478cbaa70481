"""Run folders with invented numbers, made once and never changed, and their payloads."""

import pickle

import pytest

from reports import payload, skill
from tests.synthetic import KINDS, make_run


@pytest.fixture(scope="session", autouse=True)
def no_backtest_shipped(tmp_path_factory):
    """Leave out the backtest that may be shipped; tests that need one bring an invented one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skill, "FILE", tmp_path_factory.mktemp("none") / "backtest_summary.csv")
        yield


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {
        kind: make_run(
            root / kind, kind, draws=120, passed=kind != "never", quick=kind == "crossed"
        )
        for kind in KINDS
    }


@pytest.fixture(scope="session")
def _payloads(runs):
    return {kind: pickle.dumps(payload.collect(run)) for kind, run in runs.items()}


@pytest.fixture
def payloads(_payloads):
    return {kind: pickle.loads(frozen) for kind, frozen in _payloads.items()}


@pytest.fixture
def plain(_payloads):
    return pickle.loads(_payloads["plain"])
