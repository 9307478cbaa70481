"""Every reader of a file from outside, as a function of a path."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

from crossover.data import domains, examination, sources
from crossover.data.errors import InputError, collecting
from crossover.data.sources.files import PLAIN, Batch, Options
from crossover.data.tables import KEYS

FAR = "2100-01-01"


def source(path: Path, options: Options = PLAIN) -> str:
    """Offer a file to the importers as an addition does: all its faults, all its rows checked."""
    with collecting() as refused:
        try:
            found = sources.read_file(path, options)[1] or []
        except InputError as error:
            found, refused = [], [str(error)]
    for batch in found:
        assert isinstance(batch, Batch) and batch.rows
        if "vintage" in KEYS.get(batch.table, ()):
            datetime.date.fromisoformat(batch.vintage)
            refused += examination._checked(batch, FAR)
    if refused:
        assert all(len(said) < 2000 for said in refused), "a refusal is longer than a screen"
        raise InputError("\n".join(refused[:3]))
    return f"{sum(len(batch.rows) for batch in found)} rows"


def scenario(path: Path) -> str:
    from crossover.forecast import scenarios

    return f"{len(scenarios.load(path, origin=2024).paths)} paths"


def prior(path: Path) -> str:
    from crossover.models import priors

    return f"{sum(len(priors.load(path, file).variables) for file in priors.FILES)} variables"


def claim(path: Path) -> str:
    from crossover.forecast import claims

    return f"{len(claims.load(path))} claims"


def mapping(path: Path) -> str:
    return f"{len(domains.with_own(path).own)} weapons"


READERS: dict[str, Callable[[Path], str]] = {
    "source": source, "scenario": scenario, "prior": prior, "claim": claim, "mapping": mapping,
}  # fmt: skip
