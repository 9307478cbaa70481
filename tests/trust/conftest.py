"""The providers' real files, where they are at hand; and an invented run that holds."""

import pytest

from tests.data.conftest import raw

__all__ = ["raw"]


@pytest.fixture(autouse=True)
def runs_are_checked(invented_runs_hold, monkeypatch):
    """Have runs really checked."""
    from crossover.forecast import verify, verify_tables
    from tests.trust import sound

    for name, check in invented_runs_hold.items():
        monkeypatch.setattr(verify, name, check)
    monkeypatch.setattr(verify_tables, "from_fit", sound.from_fit)


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory):
    """Return a run of Russia and China that passed its gate, with a forecast of another pair."""
    from tests.trust import sound

    run = sound.make(tmp_path_factory.mktemp("sound") / "run")
    sound.add_pair(run)
    return run
