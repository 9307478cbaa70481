"""The figures that a question to `crossover ask` is on, found in a run and drawn.

Draws by technology domain are fewer than those of all domains together, and each belongs to one of
them: where a question is on a domain, its other figures are taken in those draws too.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crossover.data.errors import InputError
from crossover.data.names import BASELINE, CONVENTION, DRAW, YEAR
from crossover.forecast import quantities, question, runs
from crossover.forecast.quantities import PAIR
from crossover.forecast.question import IN, MEAN, Figure, Question

if TYPE_CHECKING:
    import xarray as xr

CAPACITY = "capacity"
NO_DOMAINS = "this run has no forecast by domain; 'crossover forecast' makes it"


@dataclass(frozen=True)
class Valued:
    """Draws of an expression, (draw, ..., year) or less, and its unit; None of a bare number."""

    values: xr.DataArray | float
    unit: str | None


class Held:
    """The forecasts of a run, as far as a question needs them."""

    def __init__(
        self, run: Path, said: Mapping[str, Any], pair: tuple[str, str], asked: Question
    ) -> None:
        self.run, self.said, self.pair, self.asked = run, said, pair, asked
        self.chains = int(said.get("chains", 1))
        self.own = self._stored(pair)
        self.origin = self.own.origin
        if asked.scenario not in self.own.scenarios:
            at = asked.text.rindex(asked.scenario)
            known = ", ".join(self.own.scenarios)
            raise self.refuse(at, f"no such scenario in this run, which holds {known}")
        self.span = self._years()

    def refuse(self, at: int, rule: str) -> InputError:
        """Return the error of a question that was read but cannot be answered."""
        return question.refusal(self.asked.text, at, rule)

    def _stored(self, pair: tuple[str, str]) -> quantities.Pair:
        return quantities.Pair(runs.pair_folder(self.run, self.said, pair), *pair, self.chains)

    @functools.cached_property
    def _holders(self) -> list[quantities.Pair | quantities.AllPairs]:
        """Return what the run holds of the scenario: single pairs, then all pairs at once."""
        every = quantities.AllPairs(self.run, self.chains)
        single = [one for one in self._all if self.asked.scenario in one.scenarios]
        stored = (self.run / quantities.ALL_PAIRS).is_file()
        return [*single, *([every] if stored and self.asked.scenario == BASELINE else [])]

    @functools.cached_property
    def _all(self) -> list[quantities.Pair]:
        """Return every pair that the run holds, that of the question first."""
        folders = (self.run / "pairs").glob(f"???-???/{quantities.FORECAST}")
        names = [path.parent.name.split("-") for path in sorted(folders)]
        pairs = dict.fromkeys([self.pair, runs.own_pair(self.said), *map(tuple, names)])
        held = [self.own if pair == self.pair else self._stored(pair) for pair in pairs]
        return [one for one in held if (one.folder / quantities.FORECAST).is_file()]

    def _years(self) -> list[int]:
        """Return the years that count."""
        when = self.asked.when
        fixed = [figure.year for figure in question.figures(self.asked) if figure.year]
        if when is None:
            return sorted(fixed)
        first = self.origin + 1 if when.first is None else when.first
        if first > when.last:
            rule = f"'up to' begins after the last data year, {self.origin}"
            raise self.refuse(self.asked.text.rindex(str(when.last)), rule)
        return list(range(first, when.last + 1))

    # Figures

    @functools.cached_property
    def kept(self) -> np.ndarray | None:
        """Which draws count: those by domain have their own; None where no domain is asked of."""
        asked = next((figure for figure in question.figures(self.asked) if figure.domain), None)
        if asked is None:
            return None
        domains = self._holder(asked).domains
        self.chains = int(domains.attrs["chains"])
        return domains["main_draw"].values

    def figure(self, figure: Figure, moved: str | None) -> Valued:
        """Return the draws of a figure in its year, or in all that count.

        `moved`: the domain (empty: all together) in which all capacities are moved by one.
        """
        whole = self._drawn(figure, self._holder(figure), moved)
        wanted = [figure.year] if figure.year else self.span
        known = whole[YEAR].values
        if missing := [year for year in wanted if year not in known]:
            rule = (
                f"{figure.drawn.name} is known from {known[0]} to {known[-1]}, not in "
                f"{missing[0]}"
            )
            raise self.refuse(figure.at, rule)
        values = whole.sel({YEAR: wanted}).reset_coords(drop=True)
        if bool(values.isnull().any()):
            rule = f"no {figure.drawn.name} of it is on record to go on from"
            raise self.refuse(figure.at, rule)
        when = self.asked.when
        if figure.year or (when is not None and when.how in (IN, MEAN)):
            values = values.mean(YEAR)
        return Valued(values, figure.quantity.unit)

    def _drawn(
        self, figure: Figure, holder: quantities.Pair | quantities.AllPairs, moved: str | None
    ) -> xr.DataArray:
        """Return the draws of a figure over all years, as many as the question counts."""
        if figure.domain and figure.quantity.of == PAIR and figure.drawn.of != PAIR:
            sides = (
                replace(figure, quantity=quantities.QUANTITIES[CAPACITY], of=(code,))
                for code in (holder.recipient, holder.supplier)
            )
            ours, theirs = (self._drawn(side, holder, moved) for side in sides)
            return ours - theirs
        scenario = self.asked.scenario
        whole = quantities.draws(
            holder, figure.drawn, figure.of, scenario=scenario, domain=figure.domain
        )
        if not figure.domain:
            whole = self._in_kept(whole)
        elif not np.array_equal(holder.domains["main_draw"].values, self.kept):
            raise self.refuse(figure.at, "its draws by domain are not those of the other pair")
        if figure.quantity.name != CAPACITY:
            return whole
        if whole.attrs["of"] == holder.recipient:
            whole = whole + self._in_kept(_added(holder, scenario))
        return whole + float(figure.domain == moved)

    def _in_kept(self, values: xr.DataArray) -> xr.DataArray:
        """Return the draws that count, numbered as those by domain are."""
        if self.kept is None:
            return values
        return values.isel({DRAW: self.kept}).assign_coords({DRAW: np.arange(len(self.kept))})

    def _holder(self, figure: Figure) -> quantities.Pair | quantities.AllPairs:
        """Return a pair's forecast that holds the figure; the capacities of one question share it.

        Raises InputError with what is known where none does.
        """
        able = [one for one in self._holders if one.held(figure.drawn)]
        if figure.domain and not able:
            raise self.refuse(figure.at, NO_DOMAINS)
        if not figure.of and able:
            return able[0]
        is_capacity = figure.quantity.name == CAPACITY
        together = {f.of for f in question.figures(self.asked) if f.quantity.name == CAPACITY}
        for one in able:
            whose = set(one.whose(figure.quantity))
            if (together - {()} if is_capacity else {figure.of}) <= whose:
                return one
        known = quantities.listed(able, figure.quantity)
        rule = f"this run holds {figure.quantity.name} of {known}"
        if len(figure.of) == 2:
            rule += f"; make it with 'crossover forecast --supplier {figure.of[0]} --recipient "
            rule += f"{figure.of[1]}'"
        elif not is_capacity:
            rule += "; 'crossover forecast --all' adds imports and exports of all"
        raise self.refuse(figure.at, rule)


def _added(holder: quantities.Pair, scenario: str) -> xr.DataArray:
    """Return what each convention adds to the gap (draw, convention, year): to the recipient's
    capacity, in all and in each domain.
    """
    gap = quantities.draws(holder, quantities.QUANTITIES["gap"], scenario=scenario)
    capacity = quantities.QUANTITIES[CAPACITY]
    own, other = (
        quantities.draws(holder, capacity, (code,), scenario=scenario)
        for code in (holder.recipient, holder.supplier)
    )
    return (gap + other - own).transpose(DRAW, CONVENTION, YEAR)
