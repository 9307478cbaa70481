"""Compiled loops that are kept between processes: in the user's cache folder, apart by edition.

numba keeps what it made of a function as long as the file of that function is unchanged, although
what the function calls may stand in another file. So every edition of the sources has a folder of
its own, and no loop of an earlier one is ever run. All that is compiled takes `njit` from here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numba

from crossover.models.folders import user_cache

ROOT = Path(__file__).parents[1]
PACKAGES = ("data", "models", "forecast")
"""Packages with compiled loops, and with numbers that are compiled into them."""


def edition(root: Path = ROOT) -> str:
    """Return a name of the sources of these packages, as they stand now."""
    found = hashlib.sha256()
    for package in PACKAGES:
        for source in sorted((root / package).glob("*.py")):
            found.update(source.name.encode() + source.read_bytes())
    return found.hexdigest()[:16]


EDITION = edition()
# Where NUMBA_CACHE_DIR is given, there. Where no folder can be made, numba finds another place.
numba.config.CACHE_DIR = str(Path(numba.config.CACHE_DIR or user_cache() / "numba") / EDITION)
njit = numba.njit
