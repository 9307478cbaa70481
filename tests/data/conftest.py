"""What the data tests share: the providers' own files where they are at hand, and the panel."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr

from crossover.data import sources
from crossover.data.errors import InputError

RAW = Path(os.environ.get("CROSSOVER_RAW") or Path(__file__).parents[3] / "shared" / "data")


@pytest.fixture(scope="session")
def raw() -> Path:
    """Return the folder of the providers' real files, or skip."""
    if not (RAW / "sipri").is_dir():
        pytest.skip("the providers' real files are not here; CROSSOVER_RAW says where they are")
    return RAW


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Return a function that writes a small file and gives its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def refused(put) -> Callable[[str, str | bytes], str]:
    """Return a function that offers a file to the importers and gives the message of refusal."""

    def offer(name: str, content: str | bytes) -> str:
        with pytest.raises(InputError) as error:
            sources.read_file(put(name, content))
        return str(error.value)

    return offer


@pytest.fixture(scope="session")
def panel(shipped) -> xr.Dataset:
    """Return the panel that ships, everything known."""
    return shipped
