"""In which draws each published event holds, year by year, under each convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crossover.data.names import BASELINE, CONVENTION, DRAW, SCENARIO, YEAR

if TYPE_CHECKING:
    import xarray as xr


class Holds(NamedTuple):
    """In which years a statement holds: `years`, and `values` (chain, draw, convention, year).

    Bool; of one convention where the statement knows none.
    """

    years: np.ndarray
    values: np.ndarray

    def at(self, year: int) -> np.ndarray:
        """Return the share of conventions under which it holds in a year (chain, draw); 0 before
        its first year.
        """
        found = self.values[..., self.years == year].mean(axis=2)
        return found[..., 0] if found.size else np.zeros(self.values.shape[:2])


def states(answers: xr.Dataset) -> dict[str, Holds]:
    """Return event → in which years it holds in the baseline."""
    from crossover.forecast import events

    chains = int(answers.attrs["chains"])
    return {
        name: Holds(
            answers[YEAR].values,
            events.by_chain(_by_convention(values.sel({SCENARIO: BASELINE})), chains),
        )
        for name, _, values in events.one_by_one(answers)
    }


def _by_convention(values: xr.DataArray) -> np.ndarray:
    """Return whether an event is true (draw, convention, year), by one where it knows none."""
    if CONVENTION not in values.dims:
        values = values.expand_dims({CONVENTION: 1})
    return values.transpose(DRAW, CONVENTION, YEAR).values
