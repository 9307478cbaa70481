"""What all tests share: one small world and one fit to it, no network, and nothing left to chance.

Most of the fast lane's time would be compiling, so it compiles lightly: numba's functions with
little optimisation, PyTensor's own not at all. A cache entry does not say how it was optimised; so
the tests have a cache of their own, and a user's stays as it is. Bytecode is kept beside it: where
a machine keeps none, every process would compile all that it imports, which takes it ten seconds.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

COMPILED = Path(__file__).parents[1] / ".pytest_cache" / "compiled"
BYTECODE = COMPILED / "bytecode"
FAST = "not slow"
WORKERS = 2
"""Processes of the fast lane, where there are as many cores."""
OF_ONE_FIT = (
    "tests/forecast/test_carry.py", "tests/forecast/test_domains.py",
    "tests/forecast/test_end_to_end.py", "tests/forecast/test_explain.py",
    "tests/forecast/test_update.py", "tests/models/test_market.py",
)  # fmt: skip
"""Files that rest on `mock_fit`, which takes seconds to make: done by one process, as the first."""
LONGEST = (
    "tests/reports/test_every_pair.py", "tests/reports/cli", "tests/reports", OF_ONE_FIT[0],
    "tests/trust/test_tampering.py", "tests/data/test_build.py", "tests/forecast/test_fit.py",
)  # fmt: skip
"""What takes longest, begun first. The reports share what is made of a few invented runs, and the
commands a posterior: each are done by one process, as every file is that is not named here."""


def whole(nodeid: str) -> str:
    """Return what a test is part of that one process does as a whole: its file, or one of these."""
    file = nodeid.partition("::")[0]
    file = OF_ONE_FIT[0] if file in OF_ONE_FIT else file
    return next((part for part in LONGEST if file.startswith(part)), file)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Share the fast lane out to processes; a single file, and the slow lane, are done by one."""
    alone = len(config.args) == 1 and ".py" in config.args[0]
    fast = config.option.markexpr == FAST and not alone
    return WORKERS if fast and (os.cpu_count() or 1) >= WORKERS else 0


def pytest_configure(config: pytest.Config) -> None:
    """Set what must stand before numba and PyTensor are imported; the slow lane has defaults."""
    import hypothesis

    # SciPy's transforms keep a thread; a fork that meets it as it begins waits for ever.
    os.environ.setdefault("DUCC0_NUM_THREADS", "1")
    hypothesis.settings.register_profile(
        "the same each time", derandomize=True, deadline=None, database=None
    )
    hypothesis.settings.load_profile("the same each time")
    if config.option.markexpr != FAST:
        return
    assert not {"numba", "pytensor"} & set(sys.modules), "a conftest imports the sampler"
    given = os.environ.get("PYTENSOR_FLAGS")
    flags = f"mode=FAST_COMPILE,cxx=,base_compiledir={COMPILED}"
    # Of two flags of one name the later counts.
    os.environ["PYTENSOR_FLAGS"] = f"{flags},{given}" if given else flags
    os.environ.setdefault("NUMBA_CACHE_DIR", str(COMPILED))
    os.environ.setdefault("NUMBA_OPT", "1")
    keep_bytecode()


def keep_bytecode() -> None:
    """Keep bytecode, of processes that a test starts too, where the machine would not."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(BYTECODE)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(BYTECODE)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out files as a whole; xdist's own groups are not heard by pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return whole(nodeid)

    return Scheduler(config, log)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: a gzip header holds the time, and processes must agree."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    order = {part: at for at, part in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(whole(item.nodeid), len(order)))


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuse every connection that leaves this machine."""
    real = socket.socket.connect

    def connect(self, address):
        inside = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        # A datagram socket is connected to learn an own address; nothing is sent.
        if not inside and self.type == socket.SOCK_STREAM:
            raise RuntimeError(f"a test tried to reach {address}")
        return real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(scope="session", autouse=True)
def invented_runs_hold():
    """Take invented runs, whose gates are invented too, for what they say; not in tests/trust.

    Yields what really checks a run, by name.
    """
    from crossover.forecast import verify

    real = {name: getattr(verify, name) for name in ("sealed", "hold", "hold_all", "stored")}
    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(verify, name, lambda *given: None)
        yield real


# The small world --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def world():
    """Return a simulated panel with its truth."""
    from tests import small

    return small.world(4)


@pytest.fixture(scope="session")
def tree(world):
    """Return prior draws in the shape of a fit: two chains of forty."""
    from tests import small

    return small.tree(world)


@pytest.fixture(scope="session")
def models(world):
    """Return the parts of the joint model of the small world, by name."""
    from crossover.forecast.fit import parts

    return parts(world.inputs, world.orders, world.priors)


@pytest.fixture(scope="session")
def mock_fit(world, models):
    """Return all that a fit with its domain layer holds, of draws that are always the same."""
    from crossover.forecast.fit import with_domains
    from tests import mock_fit

    return with_domains(mock_fit.joint(world, models), mock_fit.domain_layer(world))


@pytest.fixture(scope="session")
def fitted(world):
    """Return a real fit of the small world: too short to pass the gate, or to be near the truth."""
    from crossover.forecast.fit import fit, fit_domains, with_domains
    from tests import short_paths, small, small_domains

    steps = short_paths.STEPS | {"seed": small.SEED}
    with short_paths.in_place():
        tree = fit(world.panel, world.priors, **steps)
        layer = fit_domains(world.panel, world.inputs, small_domains.prior(), **steps)
    return with_domains(tree, layer)


# Panels -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def small_raw(tmp_path_factory):
    """Return a folder with one small file of every format."""
    from tests.data import samples

    folder = tmp_path_factory.mktemp("raw")
    samples.write_all(folder)
    return folder


@pytest.fixture(scope="session")
def small_panel(small_raw, tmp_path_factory):
    """Return the folder of a panel built from the small files."""
    from crossover.data.build import build

    return build(small_raw, tmp_path_factory.mktemp("built") / "panel").folder


@pytest.fixture(scope="session")
def shipped():
    """Return the panel that ships with its order books, everything known."""
    from crossover.data import listings
    from crossover.data.panel import assemble

    return listings.attach(assemble(), listings.known())


@pytest.fixture(scope="session")
def real(shipped):
    """Return what a fit of the shipped panel conditions on."""
    from crossover.models import priors
    from crossover.models.inputs import prepare

    return prepare(shipped, priors.load())
