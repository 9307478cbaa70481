"""A run's inputs and its posterior as they were stored: days, panels, draws read back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.data.errors import InputError, fault
from crossover.forecast import runs, verify

if TYPE_CHECKING:
    import xarray as xr


PARTNERSHIP, SCENARIOS_FILE = runs.PARTNERSHIP, "scenarios.json"
POSTERIOR, FORECAST, PRIOR_DRAWS = runs.POSTERIOR, runs.FORECAST, "prior.nc"

GATE_FILE, PRIORS_FILE = runs.GATE_FILE, runs.PRIORS_FILE

ENGINE = runs.ENGINE


def day(text: str | None) -> datetime.date | None:
    """Return the date of --as-of; raise InputError if it is none."""
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        rule = "must be a date, year-month-day, as in 2024-05-01"
        raise InputError(fault(rule, column="--as-of", value=text)) from None


def known_on(day: datetime.date | None, layers: Sequence[Path]) -> xr.Dataset:
    """Return the panel of what was known on a day, order books included."""
    from crossover.data import listings
    from crossover.data.panel import assemble

    return listings.attach(assemble(day, layers), listings.known(day, layers))


def stored(run: Path, file: str = POSTERIOR) -> xr.DataTree:
    """Return the posterior of a run, read whole; raise InputError if there is none."""
    import xarray as xr

    path = run / file
    if not path.is_file():
        raise InputError(fault("the run holds no posterior", file=path))
    verify.stored(path)
    try:
        with xr.open_datatree(path, engine=ENGINE) as tree:
            return tree.load()
    except (OSError, ValueError, KeyError):
        raise InputError(fault("cannot be read: half-written?", file=path)) from None
